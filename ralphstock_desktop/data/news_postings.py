"""Where a token stands, asked of the database once: later only what was added since is asked for.

A common word stands in tens of thousands of headlines, and the same common words (a large company, ``실적``) are asked for
again and again. An item's number in the index is never used twice, so what was read stays true until the index is made anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from ralphstock_desktop.data.news_words import Asked, find_words
from ralphstock_desktop.data.text_search import Postings, Token

__all__ = ["PostingCache"]

Numbers = npt.NDArray[np.int64]
_Key = tuple[str, bool]

_KEPT_NUMBERS = 2_000_000
"""Numbers kept in all, 16 MB; the words not asked for longest go first."""


@dataclass(frozen=True, eq=False)
class _Kept:
    numbers: Numbers
    """Ascending."""
    upto: int
    """Numbers from here on have not been looked at."""


_UNREAD = _Kept(np.empty(0, dtype=np.int64), 0)


class PostingCache:
    """Postings of one index as it grows. May be used from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made = ""
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._count = 0

    def postings(self, connection: Connection, tokens: Sequence[Token], *, made: str, size: int) -> list[Postings]:
        """Return where each token stands among the first ``size`` numbers of the index called ``made``.

        ``size`` is how many numbers the snapshot of ``connection`` holds: what it cannot see is not taken for read.
        """
        keys = [(f"{mark}{token.text}", token.starts) for token in tokens for mark in ("t", "b")]
        held = self._held(keys, made)
        behind = [key for key, kept in held.items() if kept.upto < size]
        found = find_words(connection, [Asked(*key, held[key].upto) for key in behind]) if behind else []
        for key, added in zip(behind, found, strict=True):
            before = held[key].numbers
            held[key] = _Kept(np.concatenate((before, added)) if len(before) else added, size)
            self._keep(key, held[key], made)
        seen = [held[key].numbers[: int(np.searchsorted(held[key].numbers, size))] for key in keys]
        return [Postings(title, body) for title, body in zip(seen[::2], seen[1::2], strict=True)]

    def _held(self, keys: Sequence[_Key], made: str) -> dict[_Key, _Kept]:
        with self._guard:
            if self._made != made:
                return dict.fromkeys(keys, _UNREAD)
            for key in keys:
                if key in self._kept:
                    self._kept.move_to_end(key)
            return {key: self._kept.get(key, _UNREAD) for key in keys}

    def _keep(self, key: _Key, kept: _Kept, made: str) -> None:
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
