"""Converters of bars: daily (raw, adjusted), minutes, indices, corporate actions (domain.md §§1.8-1.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ralphstock_desktop.data.importing import columns as read
from ralphstock_desktop.data.importing.columns import MISSING_INT
from ralphstock_desktop.data.importing.convert import Context, Converter, Counts
from ralphstock_desktop.data.importing.rows import Chunk, RowFilter, combine_keys
from ralphstock_desktop.ports import ActionBatch, AdjustedBatch, DailyBatch, IndexBatch, MinuteBatch, UnitOfWork

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ActionConverter", "AdjustedConverter", "DailyConverter", "IndexConverter", "MinuteConverter"]

PRICES = ("open_krw", "high_krw", "low_krw", "close_krw")
_DAY_OFFSET = 1 << 20
"""Added to day ordinals so that keys of days before 1970 stay positive."""
_MINUTE_NS = 60_000_000_000


def read_tickers(context: Context, batch: pa.RecordBatch, rows: RowFilter) -> tuple[Any, Any]:
    """Read the ticker column (or constant), reject what is unreadable, and label the rows by it."""
    names, numbers = read.tickers(context.column(batch, "ticker"))
    raw = context.column(batch, "ticker")
    rows.label = lambda position: str(raw[position].as_py())[:20]
    rows.reject("unreadable_ticker", numbers < 0)
    return names, numbers


def _label(names: Any, days: Any, raw_days: Any) -> Any:
    def words(position: int) -> str:
        day = str(days[position])
        return f"{names[position]} {day if day != 'NaT' else str(raw_days[position].as_py())[:20]}"

    return words


class DailyConverter(Converter):
    """Raw daily bars, with what else the file says on the same row: value, 전일대비, flows, master and section."""

    store_dataset = "daily_price"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context, limits = self.context, rows.limits
        names, numbers = read_tickers(context, batch, rows)
        days = read.days(context.column(batch, "day"))
        rows.label = _label(names, days, context.column(batch, "day"))
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=context.clock.sessions.official_bar_ns)
        out: dict[str, Any] = {"ticker": names, "day": days}
        for name in PRICES:
            number = context.whole(batch, name)
            rows.reject_whole("price", number, limit=limits.max_price_krw)
            out[name] = number.values
        volume = context.whole(batch, "volume_shares")
        rows.reject_whole("volume", volume, limit=limits.max_shares)
        value = context.whole(batch, "value_krw")
        rows.reject_whole("value", value, limit=limits.max_value_krw)
        out["volume_shares"], out["value_krw"] = volume.values, value.values
        out["prev_diff_krw"] = self._prev_diff(batch, rows)
        close = out["close_krw"]
        rows.reject("no_close", (close == MISSING_INT) | (close == 0))
        self._remarks(out, rows)
        self._extras(batch, rows, out)
        ordinals = days.astype(np.int64) + _DAY_OFFSET
        return rows.chunk(out, combine_keys(numbers, np.where(rows.ok, ordinals, 0)))

    def _prev_diff(self, batch: pa.RecordBatch, rows: RowFilter) -> Any:
        number = self.context.whole(batch, "prev_diff_krw")
        # A change given as a ratio or with an arrow is not the exchange's difference in won; the bar itself is good.
        odd = (
            number.unreadable
            | number.fractional
            | (np.abs(np.where(number.missing, 0, number.values)) > rows.limits.max_price_krw)
        )
        rows.remark("prev_diff_ignored", odd)
        return np.where(odd, MISSING_INT, number.values)

    def _remarks(self, out: dict[str, Any], rows: RowFilter) -> None:
        o, h, low, c = (out[name] for name in PRICES)
        halted = (o == 0) & (h == 0) & (low == 0)
        rows.remark("halted", halted)
        known = (o > 0) & (h > 0) & (low > 0)
        rows.remark("incomplete", ~halted & ~known)
        rows.remark("inconsistent", known & ((h < np.maximum(o, c)) | (low > np.minimum(o, c)) | (h < low)))

    def _extras(self, batch: pa.RecordBatch, rows: RowFilter, out: dict[str, Any]) -> None:
        layout = self.context.layout
        for name in layout.flow_fields:
            number = self.context.whole(batch, name)
            limit = rows.limits.max_value_krw if layout.flow_quantity == "money" else rows.limits.max_shares
            rows.reject_whole("flow", number, limit=limit, may_be_negative=True)
            out[name] = number.values
        for name in ("name", "market", "dept"):
            if name in layout.columns:
                out[name] = read.texts(self.context.column(batch, name), 60)[0]
        if "shares_out" in layout.columns:
            number = self.context.whole(batch, "shares_out")
            out["shares_out"] = np.where(number.unreadable | number.fractional, MISSING_INT, number.values)

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store bars, flows, masters and sections of the rows."""
        context, data = self.context, chunk.columns
        prices: dict[str, Any] = {name: data[name] for name in (*PRICES, "volume_shares")}
        given = context.shared.given_elsewhere(chunk.key, context.path) if context.is_snapshot else None
        if given is not None and given.any():
            # A plain file of daily bars in the same import is the better source of what both give.
            prices = {name: np.where(given, MISSING_INT, values) for name, values in prices.items()}
            context.issues.add("kept_from_daily_file", chunk.row[given], rejected=False)
        counts = Counts()
        counts.add(
            "daily_price",
            uow.upsert_daily(
                DailyBatch(
                    ticker=data["ticker"],
                    day=data["day"],
                    value_krw=data["value_krw"],
                    prev_diff_krw=data["prev_diff_krw"],
                    source=context.source,
                    **prices,
                )
            ),
        )
        if context.layout.flow_fields:
            context.store_flows(uow, chunk, counts)
        return counts


class AdjustedConverter(Converter):
    """A vendor's back-adjusted daily bars."""

    store_dataset = "adjusted_price"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context, limits = self.context, rows.limits
        names, numbers = read_tickers(context, batch, rows)
        days = read.days(context.column(batch, "day"))
        rows.label = _label(names, days, context.column(batch, "day"))
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=context.clock.sessions.official_bar_ns)
        out: dict[str, Any] = {"ticker": names, "day": days}
        for name in (*PRICES, "volume_shares"):
            what, limit = ("volume", limits.max_shares) if name == "volume_shares" else ("price", limits.max_price_krw)
            values, unreadable = context.real(batch, name)
            rows.reject(f"unreadable_{what}", unreadable)
            rows.reject(f"negative_{what}", values < 0)
            rows.reject(f"absurd_{what}", values > limit)
            out[name] = values
        rows.reject("no_close", ~(out["close_krw"] > 0))
        o, h, low, c = (out[name] for name in PRICES)
        rows.remark("halted", (o == 0) & (h == 0) & (low == 0))
        slack = 1.0 + 1e-6
        known = (o > 0) & (h > 0) & (low > 0)
        rows.remark("inconsistent", known & ((h * slack < np.maximum(o, c)) | (low > np.minimum(o, c) * slack)))
        ordinals = days.astype(np.int64) + _DAY_OFFSET
        return rows.chunk(out, combine_keys(numbers, np.where(rows.ok, ordinals, 0)))

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows beside the raw ones."""
        return Counts.of(
            "adjusted_price", uow.upsert_adjusted(AdjustedBatch(factor_on=None, source=self.context.source, **chunk.columns))
        )


class MinuteConverter(Converter):
    """One-minute bars; a value that is cumulative within the day is turned into each minute's own."""

    store_dataset = "minute_price"

    @property
    def must_be_whole(self) -> bool:
        """Differences of a cumulative column need all rows of a day at once."""
        return "cum_value_krw" in self.context.layout.columns

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context, limits = self.context, rows.limits
        names, numbers = read_tickers(context, batch, rows)
        if "instant" in context.layout.columns:
            raw = context.column(batch, "instant")
            instants, days = read.instants(raw)
        else:
            raw = context.column(batch, "day")
            days, seconds = read.days(raw), read.times_of_day(context.column(batch, "time"))
            readable = ~np.isnat(days) & (seconds >= 0)
            midnight = np.where(readable, days.astype(np.int64), 0) * 86_400 - 9 * 3_600
            instants = np.where(readable, (midnight + seconds) * 1_000_000_000, MISSING_INT)
        rows.label = _label(names, days, raw)
        rows.reject("unreadable_time", instants == MISSING_INT)
        rows.reject("future", instants > context.clock.now_ns)
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=None)
        minutes = np.where(rows.ok, instants // _MINUTE_NS, 0)
        out: dict[str, Any] = {"ticker": names, "minute_ns": minutes * _MINUTE_NS, "day": days}
        for name in PRICES:
            number = context.whole(batch, name)
            rows.reject_whole("price", number, limit=limits.max_price_krw)
            rows.reject("no_price", (number.values == MISSING_INT) | (number.values == 0))
            out[name] = number.values
        volume = context.whole(batch, "volume_shares")
        rows.reject_whole("volume", volume, limit=limits.max_shares)
        out["volume_shares"] = volume.values
        name = "cum_value_krw" if self.must_be_whole else "value_krw"
        value = context.whole(batch, name)
        rows.reject_whole("value", value, limit=limits.max_value_krw)
        out["value_krw"] = value.values
        return rows.chunk(out, combine_keys(numbers, minutes))

    def finish(self, chunk: Chunk) -> Chunk:
        """Turn the cumulative value into each minute's own; a value that falls within a day makes it missing there."""
        if not self.must_be_whole or len(chunk) == 0:
            return chunk
        data = chunk.columns
        same_day = np.zeros(len(chunk), dtype=np.bool_)
        same_day[1:] = (data["ticker"][1:] == data["ticker"][:-1]) & (data["day"][1:] == data["day"][:-1])
        total = data["value_krw"]
        before = np.where(same_day, np.roll(total, 1), 0)
        unknown = (total == MISSING_INT) | (before == MISSING_INT)
        own = np.where(unknown, 0, total) - np.where(unknown, 0, before)
        falls = ~unknown & (own < 0)
        if falls.any():
            self.context.issues.add("cumulative_falls", chunk.row[falls], rejected=False)
        return Chunk({**data, "value_krw": np.where(unknown | falls, MISSING_INT, own)}, chunk.key, chunk.row)

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows."""
        data = {name: values for name, values in chunk.columns.items() if name != "day"}
        return Counts.of("minute_price", uow.upsert_minutes(MinuteBatch(source=self.context.source, **data)))


class IndexConverter(Converter):
    """Index levels and exchange rates by day. Foreign and currency series trade on days KRX is closed."""

    store_dataset = "index_price"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context = self.context
        texts, cut = read.texts(context.column(batch, "ticker"), 24)
        codes = np.char.upper(texts)
        days = read.days(context.column(batch, "day"))
        rows.label = _label(codes, days, context.column(batch, "day"))
        rows.reject("unreadable_ticker", (codes == "") | cut)
        rows.reject_days(days, context.clock, trading_days_only=False, known_at=None)
        out: dict[str, Any] = {"code": codes, "day": days}
        for field, name in (("open_krw", "open"), ("high_krw", "high"), ("low_krw", "low"), ("close_krw", "close")):
            values, unreadable = context.real(batch, field)
            rows.reject("unreadable_price", unreadable)
            rows.reject("negative_price", values < 0)
            rows.reject("absurd_price", values > rows.limits.max_price_krw)
            out[name] = values
        rows.reject("no_close", ~(out["close"] > 0))
        for field, name in (("volume_shares", "volume"), ("value_krw", "value_krw")):
            values, unreadable = context.real(batch, field)
            rows.reject("unreadable_volume", unreadable)
            rows.reject("negative_volume", values < 0)
            out[name] = values * context.layout.scales.get(field, 1)
        with np.errstate(invalid="ignore"):
            outside = (out["high"] < np.maximum(out["open"], out["close"])) | (
                out["low"] > np.minimum(out["open"], out["close"])
            )
        rows.remark("inconsistent", outside)
        ordinals = days.astype(np.int64) + _DAY_OFFSET
        return rows.chunk(out, combine_keys(context.numbers_of(codes), np.where(rows.ok, ordinals, 0)))

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows."""
        return Counts.of("index_price", uow.upsert_index(IndexBatch(source=self.context.source, **chunk.columns)))


class ActionConverter(Converter):
    """Corporate actions, one per ticker and day; of several rows of one day the last wins, as everywhere."""

    store_dataset = "corporate_action"

    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch."""
        context = self.context
        names, numbers = read_tickers(context, batch, rows)
        days = read.days(context.column(batch, "ex_day"))
        rows.label = _label(names, days, context.column(batch, "ex_day"))
        rows.reject_days(days, context.clock, trading_days_only=True, known_at=None)
        factor, unreadable = context.real(batch, "price_factor")
        rows.reject("unreadable_factor", unreadable | np.isnan(factor))
        rows.reject("absurd_factor", ~((factor > 1e-6) & (factor < 1e6)))
        confidence = (
            read.texts(context.column(batch, "confidence"), 40)[0]
            if "confidence" in context.layout.columns
            else np.full(len(names), "", dtype="<U1")
        )
        out = {"ticker": names, "ex_day": days, "price_factor": factor, "confidence": confidence}
        ordinals = days.astype(np.int64) + _DAY_OFFSET
        return rows.chunk(out, combine_keys(numbers, np.where(rows.ok, ordinals, 0)))

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the rows."""
        return Counts.of("corporate_action", uow.upsert_actions(ActionBatch(source=self.context.source, **chunk.columns)))
