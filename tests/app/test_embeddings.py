"""The folder of a local embedding model: used where it holds a model, told where it does not, and words are enough either way."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.model.instants import AsOf
from ralphstock_desktop.app.assistant import open_assistant
from ralphstock_desktop.data.hybrid_search import HybridNewsSearch
from tests.services.strategy.small_market import BEFORE, Template
from tests.services.strategy.world import World

WORDS = ("수주", "공급계약", "배당")


class _Model:
    """A library's model of three words, two of which mean the same."""

    dim = 2

    def encode(self, texts: list[str], **_: Any) -> Any:
        near = [[sum(text.count(word) for word in WORDS[:2]), text.count(WORDS[2])] for text in texts]
        return np.array(near, dtype=np.float32)

    @classmethod
    def from_pretrained(cls, _place: Path) -> _Model:
        return cls()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("market") / "stored")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The optional library in a version of our own."""
    module, progress = ModuleType("model2vec"), ModuleType("tqdm")
    module.StaticModel = _Model  # type: ignore[attr-defined]
    progress.tqdm = type("tqdm", (), {"monitor_interval": 10})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "model2vec", module)
    monkeypatch.setitem(sys.modules, "tqdm", progress)
    yield


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "모델"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


@pytest_asyncio.fixture
async def world(stored: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)
    monkeypatch.setattr("ralphstock_desktop.providers.keystore.find_backend", lambda: None)
    async with World(stored.copy_to(tmp_path / "real"), now=AsOf.at(BEFORE, 20, 30)) as found:
        yield found
        assert not found.problems


async def _started(world: World) -> Any:
    assistant, watch = open_assistant(
        world.workstation, world.settings, world.workers, world.strategies.notices, world.clock, world.clock
    )
    assistant.start()
    await assistant.idle()
    await watch.close()
    return assistant


async def test_news_are_found_by_meaning_too(world: World, library: None, model_folder: Path) -> None:
    world.settings.set("assistant_embeddings", str(model_folder))
    assistant = await _started(world)
    store = world.real.assistant()
    assert isinstance(store._news, HybridNewsSearch)
    found = store.search_news("공급계약", as_of_ns=world.clock(), limit=50)
    assert found and all(item.collected_ns is None or item.collected_ns <= world.clock() for item, _ in found)
    assert list((world.folders.cache / "panels" / "real.vectors").glob("*.f32")), "vectors are kept beside the panel"
    assert not [text for text in world.texts if text.startswith("notice.embeddings")]
    await assistant.close()


@pytest.mark.parametrize(("kind", "notice"), [("nowhere", "folder"), ("empty", "folder"), ("no library", "missing")])
async def test_what_cannot_be_used_is_told_and_words_are_searched(
    world: World, tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, notice: str
) -> None:
    monkeypatch.setitem(sys.modules, "model2vec", None)
    (tmp_path / "empty").mkdir()
    place = {"nowhere": tmp_path / "nowhere", "empty": tmp_path / "empty", "no library": model_folder}[kind]
    world.settings.set("assistant_embeddings", str(place))
    assistant = await _started(world)
    assert f"notice.embeddings.{notice}" in world.texts
    store = world.real.assistant()
    assert not isinstance(store._news, HybridNewsSearch)
    title = store.search_news("수주 공급계약 실적 배당", as_of_ns=world.clock(), limit=3)
    assert title
    await assistant.close()


async def test_without_a_folder_nothing_is_said(world: World) -> None:
    assistant = await _started(world)
    assert not [text for text in world.texts if "embeddings" in text]
    assert not isinstance(world.real.assistant()._news, HybridNewsSearch)
    await assistant.close()
