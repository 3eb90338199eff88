"""Headlines to a column batch: one row per headline and stock, plausible times only."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ralphstock_desktop.ports import MISSING_INT, NewsBatch

__all__ = ["Found", "batch_of", "plausible_ns"]

_CLOCKS_APART_NS = 600 * 1_000_000_000
"""How far a publisher's clock may run ahead of ours."""
_LONGEST_TITLE, _LONGEST_URL = 500, 2_000
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Found:
    """One headline with the stocks it is about (none: market news)."""

    url: str
    title: str
    press: str
    published_ns: int
    """MISSING_INT where it is unknown."""
    tickers: tuple[str, ...]
    kind: str = "news"


def plausible_ns(published_ns: int, now_ns: int) -> int:
    """Return a publication time; MISSING_INT if it lies in the future, where a mistake would keep the news fresh too long."""
    return published_ns if published_ns <= now_ns + _CLOCKS_APART_NS else MISSING_INT


def batch_of(found: Iterable[Found], now_ns: int, since_ns: int, source: str) -> NewsBatch:
    """Put headlines into columns.

    Headlines published before ``since_ns`` are left out; those without a time stay. All were collected at ``now_ns``.
    """
    rows: dict[tuple[str, str], tuple[Found, int]] = {}
    for headline in (replace(headline, title=_printable(headline.title)) for headline in found):
        published_ns = plausible_ns(headline.published_ns, now_ns)
        if published_ns != MISSING_INT and published_ns < since_ns:
            continue
        if not headline.title or not headline.url or len(headline.url) > _LONGEST_URL:
            continue
        for ticker in headline.tickers or ("",):
            rows.setdefault((headline.url, ticker), (headline, published_ns))
    kept = list(rows.values())
    return NewsBatch(
        url=_strings(headline.url for headline, _ in kept),
        title=_strings(headline.title for headline, _ in kept),
        press=_strings(headline.press for headline, _ in kept),
        published_ns=np.array([published_ns for _, published_ns in kept], dtype=np.int64),
        collected_ns=np.full(len(kept), now_ns, dtype=np.int64),
        ticker=_strings(ticker for _, ticker in rows),
        kind=_strings(headline.kind for headline, _ in kept),
        source=source,
    )


def _printable(title: str) -> str:
    """Return a title without control characters, marks that turn the direction of writing, and halves of characters."""
    return "".join(
        " " if char.isspace() else char
        for char in title[:_LONGEST_TITLE]
        if char.isspace() or (char not in _TURNING and unicodedata.category(char) not in ("Cc", "Cs"))
    )


def _strings(values: Iterable[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    chosen: Sequence[str] = list(values)
    return np.array(chosen, dtype=np.str_)
