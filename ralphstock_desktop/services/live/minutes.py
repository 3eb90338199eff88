"""One-minute bars of one day, made from accepted trades and corrected by answered bars. Arrays per symbol, nothing per trade.

Inside a minute trades are ordered by accumulated volume, not by arrival: a late trade never becomes the close if a later one of
that minute is there. A minute is *complete* once the line of covered volume has left it without a hole touching it; only
complete minutes are stored. Values are prices times quantities in won, exact; answered bars carry none, so a filled minute has
a value only where it follows from its prices. The closing auction at 15:30 is the bar of 15:30, as the source has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.live import MISSING, TradeTick
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.services.live.tracks import Track
from ralphstock_desktop.services.live_contracts import FormingBar

__all__ = ["MINUTE_NS", "DayMinutes", "Rows", "SymbolMinutes"]

MINUTE_NS = 60_000_000_000
Rows = npt.NDArray[Any]

_ROW = np.dtype(
    [
        ("open", np.int32),
        ("high", np.int32),
        ("low", np.int32),
        ("close", np.int32),
        ("state", np.uint8),
        ("volume", np.int64),
        ("value", np.int64),
        ("seen", np.int64),
        ("first", np.int64),
        ("last", np.int64),
    ],
    align=True,
)
EMPTY, SEEN, FILLED, STORED = range(4)
"""Nothing; from trades; from an answer proven by volume; read back from the store, not proven in this run."""


class SymbolMinutes:
    """Minutes of one symbol: an array over the day and the newest minute beside it, in plain numbers."""

    __slots__ = (
        "close",
        "end_ns",
        "first",
        "high",
        "index",
        "last",
        "low",
        "open",
        "rows",
        "start_ns",
        "unwritten",
        "value",
        "volume",
    )

    def __init__(self, minutes: int) -> None:
        self.rows: Rows = np.zeros(minutes, dtype=_ROW)
        self.index = -1
        """Newest minute with a trade."""
        self.start_ns = self.end_ns = 0
        self.open = self.high = self.low = self.close = 0
        self.volume = self.value = 0
        self.first = self.last = 0
        """Accumulated volume before the first and after the last trade of the minute in order of volume."""
        self.unwritten: set[int] = set()

    def settle(self) -> None:
        """Write the newest minute into the array, if it is still being made."""
        if self.end_ns:
            self.rows[self.index] = (
                self.open, self.high, self.low, self.close, SEEN, self.volume, self.value, self.volume, self.first, self.last
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadyRows:
    """Complete minutes on their way to the store."""

    batch: MinuteBatch
    keys: tuple[tuple[str, tuple[int, ...]], ...]


class DayMinutes:
    """Minutes of all symbols of one day.

    Parameters
    ----------
    day : date
        Trading day.
    open_ns, end_ns : int
        Trades from the official open to before the end belong to it (UTC ns).
    """

    def __init__(self, day: date, open_ns: int, end_ns: int) -> None:
        self.day, self.open_ns, self.end_ns = day, open_ns, end_ns
        self.count = max(-(-(end_ns - open_ns) // MINUTE_NS), 1)
        self.symbols: dict[str, SymbolMinutes] = {}
        self._touched: set[str] = set()
        self._spans: dict[str, tuple[int, list[tuple[int, int]]]] = {}

    # -- trades ---------------------------------------------------------------------------------------------------------

    def add(self, tick: TradeTick) -> None:
        """Add an accepted trade, in any order."""
        ticker, _, at, price, quantity, volume = tick[:6]
        if quantity <= 0:
            if not quantity:
                return  # a price without a trade is part of no bar
            quantity = -quantity
        symbol = self.symbols.get(ticker)
        if symbol is not None and symbol.start_ns <= at < symbol.end_ns:
            low = volume - quantity
            if price > symbol.high:
                symbol.high = price
            elif price < symbol.low:
                symbol.low = price
            if volume > symbol.last:
                symbol.close, symbol.last = price, volume
            if low < symbol.first:
                symbol.open, symbol.first = price, low
            symbol.volume += quantity
            symbol.value += price * quantity
            return
        if self.open_ns <= at < self.end_ns:
            self._add_elsewhere(symbol or self._begin(ticker), ticker, at, price, quantity, volume)

    def _begin(self, ticker: str) -> SymbolMinutes:
        symbol = self.symbols[ticker] = SymbolMinutes(self.count)
        return symbol

    def _add_elsewhere(self, symbol: SymbolMinutes, ticker: str, at: int, price: int, quantity: int, volume: int) -> None:
        index = (at - self.open_ns) // MINUTE_NS
        if index > symbol.index:
            if symbol.end_ns:
                symbol.settle()
                symbol.unwritten.add(symbol.index)
                self._touched.add(ticker)
            symbol.index = index
            symbol.start_ns = self.open_ns + index * MINUTE_NS
            symbol.end_ns = symbol.start_ns + MINUTE_NS
            symbol.open = symbol.high = symbol.low = symbol.close = price
            symbol.volume, symbol.value = quantity, price * quantity
            symbol.first, symbol.last = volume - quantity, volume
            symbol.rows[index]["state"] = SEEN
            return
        row = symbol.rows[index]
        low = volume - quantity
        if row["state"] != SEEN:
            symbol.rows[index] = (price, price, price, price, SEEN, quantity, price * quantity, quantity, low, volume)
        else:
            o, h, l_, c, _, total, value, _, first, last = row.item()
            symbol.rows[index] = (
                price if low < first else o, max(h, price), min(l_, price), price if volume > last else c, SEEN,
                total + quantity, value + price * quantity, total + quantity, min(first, low), max(last, volume),
            )  # fmt: skip
        symbol.unwritten.add(index)
        self._touched.add(ticker)

    def forget(self, ticker: str) -> None:
        """Drop the minutes of a symbol whose day began anew."""
        self.symbols.pop(ticker, None)
        self._spans.pop(ticker, None)
        self._touched.discard(ticker)

    # -- bars from elsewhere --------------------------------------------------------------------------------------------

    def rows_of(self, ticker: str) -> Rows:
        """Rows of a symbol, the newest minute included; all empty where there was no trade. Written in place."""
        symbol = self.symbols.get(ticker) or self._begin(ticker)
        symbol.settle()
        return symbol.rows

    def restore(self, ticker: str, bars: Rows) -> None:
        """Show stored bars where no trade was seen yet; they are not proven and count nothing."""
        rows = self.rows_of(ticker)
        chosen = (rows["state"] == EMPTY) & (bars["volume"] > 0)
        rows[chosen] = bars[chosen]
        rows["state"][chosen] = STORED
        rows["seen"][chosen] = 0

    def fill(self, ticker: str, first: int, last: int, bars: Rows) -> None:
        """Replace the minutes ``first`` to ``last`` by answered bars that were proven.

        The value of a minute is kept where its bar did not change, follows from the price where it had one price only, and is
        missing otherwise.
        """
        symbol = self.symbols.get(ticker) or self._begin(ticker)
        symbol.settle()
        part, given = symbol.rows[first : last + 1], bars[first : last + 1].copy()
        same = part["state"] != EMPTY
        for name in ("open", "high", "low", "close", "volume"):
            same &= part[name] == given[name]
        single = (given["high"] == given["low"]) & (given["volume"] > 0)
        worth = np.where(single, given["high"].astype(np.int64) * given["volume"], given["value"])
        given["value"] = np.where(same, part["value"], worth)
        given["state"] = np.where(given["volume"] > 0, FILLED, EMPTY)
        given["seen"] = given["volume"]
        # Accumulated volumes at the edges of a filled minute are not needed any more: no trade can be missing inside it.
        given["first"] = given["last"] = 0
        changed = np.flatnonzero((given["volume"] > 0) & ~(same & (part["state"] == STORED)))
        symbol.rows[first : last + 1] = given
        symbol.unwritten.update((changed + first).tolist())
        if first <= symbol.index <= last:
            self._leave_newest(symbol)
        self._touched.add(ticker)

    def _leave_newest(self, symbol: SymbolMinutes) -> None:
        """The newest minute is over: from now on its row is what counts."""
        symbol.start_ns = symbol.end_ns = 0

    def bars_of(self, batch: MinuteBatch) -> Rows | None:
        """Lay answered bars out over the day.

        Returns
        -------
        structured array or None
            One row a minute with volume 0 where there is no bar; None if the answer is impossible: a start that is no minute,
            a minute twice, prices that do not fit each other, or a volume below 0. Bars of other days or outside the trading
            hours are left out.
        """
        bars = np.zeros(self.count, dtype=_ROW)
        offset = np.asarray(batch.minute_ns, dtype=np.int64) - self.open_ns
        inside = (offset >= 0) & (offset < self.count * MINUTE_NS)
        index = offset[inside] // MINUTE_NS
        if np.any(offset[inside] % MINUTE_NS) or len(np.unique(index)) != len(index):
            return None
        columns = (batch.open_krw, batch.high_krw, batch.low_krw, batch.close_krw, batch.volume_shares, batch.value_krw)
        o, h, low, c, volume, value = (np.asarray(column)[inside] for column in columns)
        fits = (low > 0) & (low <= np.minimum(o, c)) & (h >= np.maximum(o, c)) & (h < 2**31) & (volume >= 0)
        if not fits.all():
            return None
        for name, column in (("open", o), ("high", h), ("low", low), ("close", c), ("volume", volume), ("value", value)):
            bars[name][index] = column
        return bars

    def adds_up(self, batch: MinuteBatch, base: int) -> bool:
        """Whether today's bars of an answer tell the day's accumulated volume, and are all there is of it.

        Parameters
        ----------
        batch : MinuteBatch
            Answered bars, ascending.
        base : int
            Volume before the official open; it is in no bar.
        """
        if batch.day_volume_shares is None:
            return False
        offset = np.asarray(batch.minute_ns, dtype=np.int64) - self.open_ns
        inside = (offset >= 0) & (offset < self.count * MINUTE_NS)
        told = np.asarray(batch.day_volume_shares, dtype=np.int64)[inside]
        return bool(len(told)) and bool((told == base + np.cumsum(np.asarray(batch.volume_shares)[inside])).all())

    # -- to the store ---------------------------------------------------------------------------------------------------

    def spans(self, ticker: str, track: Track) -> list[tuple[int, int]]:
        """Runs of minutes that holes touch, (first, last), ascending; holes that share a minute are in one run."""
        known = self._spans.get(ticker)
        if known is not None and known[0] == track.serial:
            return known[1]
        merged: list[tuple[int, int]] = []
        for first, last in sorted((self.minute_of(hole.start_ns), self.minute_of(hole.end_ns)) for hole in track.holes):
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        self._spans[ticker] = (track.serial, merged)
        return merged

    def minute_of(self, at_ns: int) -> int:
        """Minute of the day an instant belongs to, kept inside the trading hours."""
        return int(min(max((at_ns - self.open_ns) // MINUTE_NS, 0), self.count - 1))

    def touch(self, tickers: Iterable[str]) -> None:
        """Look at these symbols again for complete minutes."""
        self._touched.update(tickers)

    def take_ready(self, tracks: dict[str, Track], source: str, limit: int) -> ReadyRows | None:
        """Take complete minutes that are not stored yet, about ``limit`` at most; None if there are none."""
        parts: list[Rows] = []
        tickers: list[str] = []
        keys: list[tuple[str, tuple[int, ...]]] = []
        total = 0
        for ticker in sorted(self._touched):
            if total >= limit:
                break
            self._touched.discard(ticker)
            symbol, track = self.symbols.get(ticker), tracks.get(ticker)
            if symbol is None or track is None:
                continue
            ready = self._ready_of(ticker, symbol, track)
            if ready:
                parts.append(symbol.rows[list(ready)])
                tickers.extend([ticker] * len(ready))
                keys.append((ticker, ready))
                symbol.unwritten.difference_update(ready)
                total += len(ready)
        return ReadyRows(self._batch(tickers, keys, np.concatenate(parts), source), tuple(keys)) if parts else None

    def _ready_of(self, ticker: str, symbol: SymbolMinutes, track: Track) -> tuple[int, ...]:
        symbol.settle()
        over = (track.at_ns - self.open_ns) // MINUTE_NS
        if symbol.end_ns and symbol.index < over:
            symbol.unwritten.add(symbol.index)
            self._leave_newest(symbol)
        if not symbol.unwritten:
            return ()
        is_free = np.ones(self.count, dtype=np.bool_)
        is_free[max(over, 0) :] = False
        for first, last in self.spans(ticker, track):
            is_free[first : last + 1] = False
        is_free &= symbol.rows["volume"] > 0
        return tuple(sorted(i for i in symbol.unwritten if is_free[i]))

    def _batch(self, tickers: list[str], keys: Sequence[tuple[str, tuple[int, ...]]], rows: Rows, source: str) -> MinuteBatch:
        index = np.array([i for _, indices in keys for i in indices], dtype=np.int64)
        wide = {name: rows[name].astype(np.int64) for name in ("open", "high", "low", "close", "volume", "value")}
        return MinuteBatch(
            ticker=np.array(tickers),
            minute_ns=self.open_ns + index * MINUTE_NS,
            open_krw=wide["open"],
            high_krw=wide["high"],
            low_krw=wide["low"],
            close_krw=wide["close"],
            volume_shares=wide["volume"],
            value_krw=wide["value"],
            source=source,
        )

    def put_back(self, ready: ReadyRows) -> None:
        """Minutes could not be stored: they are unwritten again."""
        for ticker, indices in ready.keys:
            symbol = self.symbols.get(ticker)
            if symbol is not None:
                symbol.unwritten.update(indices)
                self._touched.add(ticker)

    # -- looking --------------------------------------------------------------------------------------------------------

    def forming_bars(self, ticker: str, track: Track | None) -> tuple[FormingBar, ...]:
        """Minutes of a symbol so far, oldest first; those touched by a gap are marked."""
        symbol = self.symbols.get(ticker)
        if symbol is None:
            return ()
        symbol.settle()
        spans = list(self.spans(ticker, track)) if track is not None else []
        if track is not None and track.growing:
            spans.append((self.minute_of(track.at_ns), self.count))
        return tuple(self._forming(symbol.rows, spans))

    def _forming(self, rows: Rows, spans: list[tuple[int, int]]) -> Iterator[FormingBar]:
        for index in np.flatnonzero(rows["volume"] > 0).tolist():
            o, h, low, c, _, volume, value, _, _, _ = rows[index].item()
            yield FormingBar(
                self.open_ns + index * MINUTE_NS,
                float(o),
                float(h),
                float(low),
                float(c),
                float(volume),
                float("nan") if value == MISSING else float(value),
                any(first <= index <= last for first, last in spans),
            )
