"""News found by words and by meaning together; only where the user put an embedding model on this machine.

1. Every headline of the search index has a vector, computed once and kept in a folder beside the panel: a plain float32 file
   in the order of the index's numbers. The file belongs to one making of the index and one model and only grows: new headlines
   are appended. It is a picture: deleting it loses nothing.
2. A question is answered by two rankings of the items known at the instant, each cut to its best: that of the words and that of
   nearness of meaning (cosine, not under :data:`LEAST_COSINE`).
3. They are joined by reciprocal rank: an item's relevance is the sum of 1 / (60 + place) over the rankings that hold it, as a
   share of the largest possible. Places depend on known items only, so later items change nothing.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from engine.model.news import NewsItem
from ralphstock_desktop.assistant_ports import Embedder
from ralphstock_desktop.data.news_index import NewsIndex, NewsView
from ralphstock_desktop.data.readers import driver_tuples
from ralphstock_desktop.data.schema.market import NEWS
from ralphstock_desktop.data.storage_errors import converted
from ralphstock_desktop.data.text_search import NewsColumns

__all__ = ["LEAST_COSINE", "HybridNewsSearch", "VectorFile", "fuse"]

LEAST_COSINE = 0.35
"""Items less near than this to the question are not found by meaning: something is always nearest."""

_BEST = 200
"""Places of each ranking that take part."""

_DAMPING = 60
_CHUNK = 4_096
_FLOAT = np.dtype(np.float32)
_PREFIX = "news-vectors-"
_log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]


def fuse(rankings: list[list[int]], columns: NewsColumns, limit: int) -> list[tuple[int, float]]:
    """Join rankings of item numbers by reciprocal rank; equal ones newer first, then by smaller id."""
    shares: dict[int, float] = {}
    for ranking in rankings:
        for place, number in enumerate(ranking, start=1):
            shares[number] = shares.get(number, 0.0) + 1.0 / (_DAMPING + place)
    largest = len(rankings) / (_DAMPING + 1)

    def order(number: int) -> tuple[float, int, int]:
        return -shares[number], -int(columns.moment_ns[number]), int(columns.ids[number])

    return [(number, min(1.0, shares[number] / largest)) for number in sorted(shares, key=order)[:limit]]


class VectorFile:
    """Vectors of one making of the index by one model on disk, row by row in the order of the index's numbers.

    Readers map the file, so it is never cut: a row that was not written whole is written over.

    Parameters
    ----------
    folder : Path
        The program's own cache folder; made when missing.
    """

    def __init__(self, folder: Path, embedder: Embedder, made: str) -> None:
        self._width = embedder.dimensions
        self._row_bytes = _FLOAT.itemsize * self._width
        seal = hashlib.sha256(f"1|{made}|{embedder.name}|{self._width}".encode()).hexdigest()
        self.path = folder / f"{_PREFIX}{seal[:20]}.f32"

    def rows(self) -> int:
        """How many whole rows there are."""
        return self.path.stat().st_size // self._row_bytes if self.path.exists() else 0

    def append(self, first: int, vectors: Vectors) -> None:
        """Write rows behind the first ``first`` ones."""
        if first == 0:
            self._begin()
        with self.path.open("r+b") as file:
            file.seek(first * self._row_bytes)
            file.write(np.ascontiguousarray(vectors, dtype=_FLOAT).tobytes())

    def read(self, rows: int) -> Vectors:
        """The first rows, mapped."""
        if rows == 0:
            return np.zeros((0, self._width), dtype=_FLOAT)
        return np.memmap(self.path, dtype=_FLOAT, mode="r", shape=(rows, self._width))

    def _begin(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for other in self.path.parent.glob(f"{_PREFIX}*.f32"):
            if other != self.path:
                try:
                    other.unlink()
                except OSError as error:  # still mapped by a reader on Windows; it goes the next time
                    _log.info("old vectors could not be removed yet: %s", error)
        self.path.touch()


class HybridNewsSearch:
    """Words and meaning over one repository. May be used from any thread.

    Parameters
    ----------
    words : NewsIndex
        The search index of the same repository.
    embedder : Embedder
        A model on this machine.
    folder : Path
        Where vectors are kept; one folder for each repository.
    """

    def __init__(self, words: NewsIndex, embedder: Embedder, folder: Path) -> None:
        self._words = words
        self._embedder = embedder
        self._folder = folder
        self._growing = threading.Lock()
        self._mapped: tuple[Path, Vectors] | None = None
        """The mapping of the last search: its pages are at hand, a new one would have to look for each again."""

    def search(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        """See :meth:`ralphstock_desktop.assistant_ports.AssistantStore.search_news`; the relevance is that of joined places.

        Raises
        ------
        StorageError
            If index or vectors could not be brought up to date or read.
        ProviderError
            If the model failed.
        """
        if not text.strip() or limit < 1:
            return ()
        with self._words.snapshot(1) as (connection, view):
            vectors = self._vectors(connection, view)
            most = max(_BEST, limit)
            by_words = self._words.ranked(
                connection, view, text, as_of_ns=as_of_ns, limit=most, ticker=ticker, first_ns=first_ns
            )
            columns = view.columns
            wanted = (columns.known_ns <= as_of_ns) & (columns.moment_ns >= first_ns)
            if ticker is not None:
                wanted &= np.isin(columns.ids, self._words.ids_of(connection, ticker))
            by_meaning = self._nearest(text, vectors, wanted[: view.size], columns, most)
            best = fuse([[number for number, _ in by_words], by_meaning], columns, limit)
            return self._words.items(connection, view, best)

    def _nearest(
        self, text: str, vectors: Vectors, wanted: npt.NDArray[np.bool_], columns: NewsColumns, limit: int
    ) -> list[int]:
        question = np.asarray(self._embedder.embed([text]), dtype=_FLOAT)[0]
        cosine = np.where(wanted, vectors @ question, -1.0) if len(vectors) else np.empty(0)
        found = np.flatnonzero(cosine >= LEAST_COSINE)
        order = np.lexsort((columns.ids[found], -columns.moment_ns[found], -cosine[found]))[:limit]
        return [int(number) for number in found[order]]

    def prepare(self) -> int:
        """Compute the vectors that are missing ahead of the first question; return how many."""
        self._words.catch_up()
        with self._words.snapshot(1) as (connection, view):
            with converted(str(self._folder), files=True):
                before = VectorFile(self._folder, self._embedder, view.made).rows()
            self._vectors(connection, view)
        return view.size - min(before, view.size)

    def _vectors(self, connection: Connection, view: NewsView) -> Vectors:
        file, size = VectorFile(self._folder, self._embedder, view.made), view.size
        with self._growing, converted(str(self._folder), files=True):
            rows = file.rows()
            while rows < size:
                numbers = np.arange(rows, min(rows + _CHUNK, size))
                file.append(rows, self._embedded(connection, view.columns.ids[numbers]))
                rows = int(numbers[-1]) + 1
            if self._mapped is None or self._mapped[0] != file.path or len(self._mapped[1]) < size:
                self._mapped = (file.path, file.read(size))
            return self._mapped[1][:size]

    def _embedded(self, connection: Connection, ids: npt.NDArray[np.int64]) -> Vectors:
        wanted = [int(key) for key in ids]
        rows = driver_tuples(connection, select(NEWS.c.id, NEWS.c.title).where(NEWS.c.id.in_(wanted)))
        titles = {int(key): str(title) for key, title in rows}
        # a number whose item was replaced or deleted is never known; its row only keeps the place
        return np.asarray(self._embedder.embed([titles.get(key, "") for key in wanted]), dtype=_FLOAT)
