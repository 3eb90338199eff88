"""A local embedding model: only from a folder, never from a network, and told plainly where it cannot be used."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.model.errors import DataUnavailable, ProviderError
from ralphstock_desktop.providers.embedding import open_embedder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("model2vec") is None, reason="the optional library model2vec is not installed"
)
WORDS = ["[UNK]", "배당", "주주환원", "반도체", "메모리", "금"]
VECTORS = [[0, 0, 0, 0], [3, 0, 0, 0], [3, 1, 0, 0], [0, 0, 2, 0], [0, 0, 2, 1], [0, 0, 0, 0]]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection is a failure."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A model of five words in the library's own form."""
    from safetensors.numpy import save_file

    folder = tmp_path / "tiny-model"
    folder.mkdir()
    save_file({"embeddings": np.array(VECTORS, dtype=np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps({"model_type": "model2vec", "hidden_dim": 4, "normalize": False}), encoding="utf-8"
    )
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: n for n, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    return folder


@needs_library
def test_near_words_are_near(model_folder: Path, no_network: None) -> None:
    embedder = open_embedder(model_folder)
    vectors = embedder.embed(["배당", "주주환원", "반도체 메모리", "", "모르는말", "금"])
    assert embedder.dimensions == 4 and vectors.shape == (6, 4) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 0, 0], atol=1e-6)
    assert vectors[0] @ vectors[1] == pytest.approx(3 / np.sqrt(10))
    assert vectors[0] @ vectors[2] == pytest.approx(0)
    assert embedder.embed([]).shape == (0, 4)


@needs_library
def test_the_name_follows_the_files(model_folder: Path, tmp_path: Path, no_network: None) -> None:
    name = open_embedder(model_folder).name
    assert name.startswith("tiny-model-")
    moved = tmp_path / "elsewhere" / "tiny-model"
    shutil.copytree(model_folder, moved)
    assert open_embedder(moved).name == name
    (moved / "config.json").write_text(json.dumps({"normalize": True}), encoding="utf-8")
    assert open_embedder(moved).name != name


@needs_library
def test_a_damaged_model_is_told(model_folder: Path, no_network: None) -> None:
    (model_folder / "model.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(ProviderError) as raised:
        open_embedder(model_folder)
    assert raised.value.key == "error.embedding.failed"


@pytest.mark.parametrize("missing", ["", "config.json", "model.safetensors", "tokenizer.json"])
def test_a_name_or_a_folder_without_a_model_never_reaches_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, "model2vec", None)  # importing it would be an ImportError, told by another key
    monkeypatch.chdir(tmp_path)
    folder = Path("someone") / "model"  # looks like a name on a hub
    if missing:
        folder.mkdir(parents=True)
        for name in {"config.json", "model.safetensors", "tokenizer.json"} - {missing}:
            (folder / name).write_text("{}", encoding="utf-8")
    with pytest.raises(DataUnavailable) as raised:
        open_embedder(folder)
    assert raised.value.key == "error.embedding.folder"
    assert (missing or "tokenizer.json") in str(raised.value.fields["files"])
    assert str(tmp_path) not in str(raised.value) and os.sep + "someone" not in str(raised.value)


def test_without_the_library_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model2vec", None)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ProviderError) as raised:
        open_embedder(tmp_path)
    assert raised.value.key == "error.embedding.missing"
