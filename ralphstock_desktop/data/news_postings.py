"""Where a token stands, asked of the database once: later only what was added since is asked for.

A common word stands in tens of thousands of headlines, and the same common words (a large company, ``실적``) are asked for
again and again. An item's number in the index is never used twice, so what was read stays true until the index is made anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from ralphstock_desktop.data.text_search import Postings, Token

__all__ = ["PostingCache"]

Numbers = npt.NDArray[np.int64]

# one text instead of a row for each item, which takes a third of the time
_FIND = {
    "sqlite": text(
        "SELECT group_concat(rowid) FROM news_search_words WHERE news_search_words MATCH :query AND rowid >= :first"
    ),
    "postgresql": text(
        "SELECT string_agg(CAST(doc AS text), ',') FROM news_search_words"
        " WHERE words @@ CAST(:query AS tsquery) AND doc >= :first"
    ),
}
_KEPT_NUMBERS = 2_000_000
"""Numbers kept in all, 16 MB; the words not asked for longest go first."""


@dataclass(frozen=True, eq=False)
class _Kept:
    numbers: Numbers
    """Ascending."""
    upto: int
    """Numbers from here on have not been looked at."""


class PostingCache:
    """Postings of one index as it grows. May be used from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made = ""
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._count = 0

    def postings(self, connection: Connection, token: Token, *, made: str, size: int) -> Postings:
        """Return where a token stands among the first ``size`` numbers of the index called ``made``.

        ``size`` is how many numbers the snapshot of ``connection`` holds: what it cannot see is not taken for read.
        """
        title, body = (self._numbers(connection, mark, token, made, size) for mark in ("t", "b"))
        return Postings(title, body)

    def _numbers(self, connection: Connection, mark: str, token: Token, made: str, size: int) -> Numbers:
        sign = "*" if token.starts else ""
        key = f"{mark}{token.text}{sign}"
        with self._guard:
            kept = self._kept.get(key) if self._made == made else None
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is None:
            kept = _Kept(np.empty(0, dtype=np.int64), 0)
        if kept.upto < size:
            added = _read(connection, f"{mark}{token.text}", token.starts, kept.upto)
            kept = _Kept(np.concatenate((kept.numbers, added)), size)
            self._keep(key, kept, made)
        return kept.numbers[: int(np.searchsorted(kept.numbers, size))]

    def _keep(self, key: str, kept: _Kept, made: str) -> None:
        with self._guard:
            if self._made != made:
                self._made, self._count = made, 0
                self._kept.clear()
            before = self._kept.pop(key, None)
            if before is not None and before.upto > kept.upto:
                kept = before  # another thread read further meanwhile
            self._kept[key] = kept
            self._count += len(kept.numbers) - (len(before.numbers) if before is not None else 0)
            while self._count > _KEPT_NUMBERS and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._count -= len(oldest.numbers)


def _read(connection: Connection, word: str, starts: bool, first: int) -> Numbers:
    if connection.dialect.name == "sqlite":
        query = f'"{word}" *' if starts else f'"{word}"'
    else:
        query = f"'{word}':*" if starts else f"'{word}'"
    listed = connection.execute(_FIND[connection.dialect.name], {"query": query, "first": first}).scalar()
    if not listed:
        return np.empty(0, dtype=np.int64)
    return np.sort(np.fromstring(listed, dtype=np.int64, sep=","))
