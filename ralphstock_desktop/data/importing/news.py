"""Converter of headlines and report titles (domain.md §§0.2, 6.2).

A headline without an address gets a stable one made of its day, publisher and title, so that importing it again finds it. A
date without a time is the day of collection: it counts as collected at the end of that day, and its publication is missing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import numpy as np

from ralphstock_desktop.data.importing import columns as read
from ralphstock_desktop.data.importing.columns import MISSING_INT
from ralphstock_desktop.data.importing.convert import Context, Converter, Counts
from ralphstock_desktop.data.importing.rows import Chunk, RowFilter
from ralphstock_desktop.ports import NewsBatch, UnitOfWork

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NewsConverter", "canonical_url", "headline_key"]

_TRACKING = ("utm_", "fbclid", "gclid", "igshid", "mc_cid", "mc_eid", "ref_src")
_DAY_END_NS = 86_399 * 1_000_000_000
_KST_NS = 9 * 3_600 * 1_000_000_000
_DAY_NS = 86_400 * 1_000_000_000


def canonical_url(url: str) -> str:
    """Return an address in its canonical form (domain.md App. C §6.2): lower-case scheme and host, no fragment, no tracking
    parameters, no trailing slash, the remaining parameters sorted."""
    parts = urlsplit(url.strip())
    query = sorted((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.casefold().startswith(_TRACKING))
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), urlencode(query), ""))


def headline_key(day: str, press: str, title: str, kind: str) -> str:
    """Return a stable address for a headline without one. The ticker is no part of it: one headline may concern several."""
    digest = hashlib.sha256("\x1f".join((day, press, title, kind)).encode()).hexdigest()
    return f"headline:{digest[:32]}"


class NewsConverter(Converter):
    """Headlines, one row per headline and ticker; market news have no ticker."""

    store_dataset = "news"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._keys: dict[tuple[str, str], int] = {}

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context, layout, limits = self.context, self.context.layout, rows.limits
        title, cut = read.texts(context.column(batch, "title"), limits.max_text)
        days, published = self._times(batch)
        rows.label = lambda position: f"{days[position]} {title[position][:40]}"
        rows.reject("no_title", title == "")
        rows.reject_days(days, context.clock, trading_days_only=False, known_at=None)
        rows.reject("future", (published != MISSING_INT) & (published > context.clock.now_ns))
        if layout.has("ticker"):
            raw = context.column(batch, "ticker")
            ticker, numbers = read.tickers(raw)
            given = raw.is_valid().to_numpy(zero_copy_only=False)
            rows.reject("unreadable_ticker", given & (numbers < 0))
        else:
            ticker = np.full(len(title), "", dtype="<U6")
        rows.remark("title_cut", cut)
        press_field = "press" if layout.has("press") else "news_source" if layout.has("news_source") else ""
        press = self._text(batch, press_field, 60)
        kind = self._kinds(batch, len(title))
        end_of_day = np.where(np.isnat(days), 0, days.astype(np.int64)) * _DAY_NS - _KST_NS + _DAY_END_NS
        collected = np.where(published != MISSING_INT, published, np.minimum(end_of_day, context.clock.now_ns))
        url = self._urls(batch, days, press, title, kind)
        out: dict[str, Any] = {
            "url": url,
            "title": title,
            "press": press,
            "published_ns": published,
            "collected_ns": collected,
            "ticker": ticker,
            "kind": kind,
        }
        keys = [self._keys.setdefault(pair, len(self._keys)) for pair in zip(url.tolist(), ticker.tolist(), strict=True)]
        return rows.chunk(out, np.array(keys, dtype=np.int64))

    def _text(self, batch: pa.RecordBatch, name: str, limit: int) -> Any:
        if not name or not self.context.layout.has(name):
            return np.full(batch.num_rows, "", dtype="<U1")
        return read.texts(self.context.column(batch, name), limit)[0]

    def _times(self, batch: pa.RecordBatch) -> tuple[Any, Any]:
        context, layout = self.context, self.context.layout
        field = "instant" if "instant" in layout.columns else "day"
        raw = context.column(batch, field)
        days = read.days(raw)
        if "date" in str(raw.type) and "timestamp" not in str(raw.type):
            return days, np.full(len(days), MISSING_INT)
        if "time" in layout.columns:
            seconds = read.times_of_day(context.column(batch, "time"))
            known = ~np.isnat(days) & (seconds >= 0)
            start = np.where(known, days.astype(np.int64), 0) * _DAY_NS - _KST_NS
            return days, np.where(known, start + seconds * 1_000_000_000, MISSING_INT)
        return days, read.instants(raw)[0]

    def _kinds(self, batch: pa.RecordBatch, size: int) -> Any:
        layout = self.context.layout
        if layout.has("kind"):
            text = self._text(batch, "kind", 10)
            return np.where((text == "report") | (text == "리포트"), "report", "news")
        is_report = layout.has("sentiment") or "report" in self.context.path.name.casefold()
        return np.full(size, "report" if is_report else "news")

    def _urls(self, batch: pa.RecordBatch, days: Any, press: Any, title: Any, kind: Any) -> Any:
        given = self._text(batch, "url", 2_000)
        rows = zip(given.tolist(), days.astype(str).tolist(), press.tolist(), title.tolist(), kind.tolist(), strict=True)
        return np.array([canonical_url(u) if u else headline_key(d, p, t, k) for u, d, p, t, k in rows] or [""], dtype=np.str_)[
            : len(given)
        ]

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows."""
        return Counts.of("news", uow.upsert_news(NewsBatch(source=self.context.source, **chunk.columns)))
