"""Static embeddings (a vector for each token, averaged) through the optional library ``model2vec``.

The library can fetch models by name from a hub. This adapter never lets it: only a folder that exists and holds a whole model
is handed over, so a name or a wrong path is refused here before the library sees it. May be used from any thread.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.errors import DataUnavailable, ProviderError

__all__ = ["StaticEmbedder", "open_embedder"]

_PROVIDER = "model2vec"
_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_LONGEST = 2_000
"""Characters of a text that count; a headline is shorter."""


class StaticEmbedder:
    """See :class:`~ralphstock_desktop.assistant_ports.Embedder`. A text without a known token has the zero vector.

    Attributes
    ----------
    name : str
        Folder name and a seal of the model's files: vectors of another model are never taken for this one's.
    dimensions : int
        Length of a vector.
    """

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self.name = name
        self.dimensions = int(model.dim)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors, float32 array of shape (texts, dimensions).

        Raises
        ------
        ProviderError
            ``error.embedding.failed``.
        """
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        try:
            # no processes of its own: this runs on one of the program's workers
            found = self._model.encode([text[:_LONGEST] for text in texts], use_multiprocessing=False)
        except Exception as error:  # whatever a foreign model's files make the library raise
            raise ProviderError(
                f"The embedding model failed on a text ({type(error).__name__}).",
                provider=_PROVIDER,
                retryable=False,
                key="error.embedding.failed",
            ) from error
        vectors = np.nan_to_num(np.asarray(found, dtype=np.float32), posinf=0.0, neginf=0.0)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(length > 0.0, length, 1.0), dtype=np.float32)


def open_embedder(folder: Path) -> StaticEmbedder:
    """Load a model from a folder. Reads files only; no request is made. Takes up to a second, so call it on a worker.

    Raises
    ------
    DataUnavailable
        ``error.embedding.folder``: no such folder, or a file of the model is missing.
    ProviderError
        ``error.embedding.missing`` (library not installed) or ``error.embedding.failed`` (files cannot be read).
    """
    place = folder.absolute()
    missing = [name for name in _FILES if not (place / name).is_file()]
    if missing:
        raise DataUnavailable(
            f"The folder '{place.name}' holds no embedding model: {', '.join(missing)} is missing.",
            key="error.embedding.folder",
            folder=place.name,
            files=", ".join(missing),
        )
    try:
        library = importlib.import_module("model2vec")
        # its progress bars are never shown, yet each would start a thread that watches them
        importlib.import_module("tqdm").tqdm.monitor_interval = 0
    except ImportError as error:
        raise ProviderError(
            "The library for local embeddings is not installed; install the 'embeddings' extra.",
            provider=_PROVIDER,
            retryable=False,
            key="error.embedding.missing",
        ) from error
    try:
        return StaticEmbedder(library.StaticModel.from_pretrained(place), _name(place))
    except Exception as error:  # the library's parsers raise their own kinds, also for a damaged file
        raise ProviderError(
            f"The embedding model in '{place.name}' could not be read ({type(error).__name__}).",
            provider=_PROVIDER,
            retryable=False,
            key="error.embedding.failed",
        ) from error


def _name(folder: Path) -> str:
    seal = hashlib.sha256()
    for name in _FILES:
        with (folder / name).open("rb") as file:
            seal.update(hashlib.file_digest(file, "sha256").digest())
    return f"{folder.name}-{seal.hexdigest()[:12]}"
