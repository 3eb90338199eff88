"""Provisional scores on the forming bar, re-measured only where the price moved.

A *forming panel* is the market panel's last days with one more day at its end, written from the quote board. The measuring
loops run over the changed symbols only; ranks, points and grades of the whole market are array operations of a few
milliseconds. The work runs on a worker; the window never waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.asof.view import KnownDays, known_days
from engine.features.vcp_kernel import BUFFER_BARS
from engine.features.vcp_measures import VcpMeasures, measure
from engine.model.instants import AsOf
from engine.model.live import MISSING
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.scan import ScanFlag, VcpScan
from engine.scoring.vcp import score
from engine.thresholds import Rules
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.live.board import is_of_today
from ralphstock_desktop.services.live_contracts import LiveScan, QuoteBoard

__all__ = ["FormingScanner", "forming_panel"]

Rows = npt.NDArray[np.intp]
_NEEDED_BARS = BUFFER_BARS
"""Valid bars the measuring loops read at most."""
_COPIED = ("days", *ARRAY_FIELDS)


def forming_panel(panel: MarketPanel, day: date) -> tuple[MarketPanel, npt.NDArray[np.int64]]:
    """Return the end of ``panel`` with ``day`` appended as an empty, writable day, and the valid bars of each symbol before it.

    A symbol that has not traded on ``day`` yet shows its last bar: the new day carries its close and base price, not valid.
    The cut begins early enough that every listed symbol keeps the last valid bars the loops read, so scores equal those of the
    whole panel. Days of the panel from ``day`` on are left out.
    """
    end = panel.day_index(day)
    if end >= 0 and panel.days[end] == np.datetime64(day, "D"):
        end -= 1
    valid = panel.valid[:, : end + 1]
    bars = np.count_nonzero(valid, axis=1).astype(np.int64)
    gone = panel.delisted_on <= np.datetime64(day, "D")  # NaT compares false
    start = _cut(valid[~gone])
    # What is gone from the market may begin before the cut; it has the bars that are left.
    bars[gone] = np.count_nonzero(valid[gone, start:], axis=1)
    arrays: dict[str, Any] = {}
    for name, dtype in ARRAY_FIELDS.items():
        source = getattr(panel, name)[:, start : end + 1]
        array = np.empty((source.shape[0], source.shape[1] + 1), dtype=np.dtype(dtype))
        array[:, :-1] = source
        array[:, -1] = np.nan if array.dtype.kind == "f" else 0
        arrays[name] = array
    for name in ("factor", "designation", "close_krw", "base_krw"):
        arrays[name][:, -1] = getattr(panel, name)[:, end]
    days = np.concatenate((panel.days[start : end + 1], [np.datetime64(day, "D")])).astype("datetime64[D]")
    rest: dict[str, Any] = {item.name: getattr(panel, item.name) for item in fields(panel) if item.name not in _COPIED}
    rest["version"] = f"{panel.version}+{day.isoformat()}"
    return MarketPanel(days=days, **rest, **arrays), bars


def _cut(valid: npt.NDArray[np.bool_]) -> int:
    """First day from which every symbol still has its last needed bars."""
    symbols, days = valid.shape
    if days <= _NEEDED_BARS:
        return 0
    from_end = np.cumsum(valid[:, ::-1], axis=1, dtype=np.int32)
    reached = from_end >= _NEEDED_BARS
    total = from_end[:, -1]
    back = np.where(reached.any(axis=1), np.argmax(reached, axis=1) + 1, 0)
    # A symbol with fewer bars needs all it has: from its first valid day on.
    first = np.argmax(valid, axis=1)
    back = np.where((total > 0) & (total < _NEEDED_BARS), days - first, back)
    return days - int(back.max(initial=0)) if symbols else 0


class FormingScanner:
    """Keeps the provisional scan of one trading day up to date.

    Parameters
    ----------
    panel : MarketPanel
        Official bars.
    day : date
        The forming day; not in the future of the clock.
    rules : Rules
        Thresholds to score by.
    timer : callable
        Seconds, for the duration that is reported.
    """

    def __init__(self, panel: MarketPanel, day: date, rules: Rules, timer: Callable[[], float] = time.perf_counter) -> None:
        self.panel, self._bars = forming_panel(panel, day)
        self.day = day
        self._rules = rules
        self._timer = timer
        self._measures: VcpMeasures | None = None
        self._last: VcpScan | None = None
        self._due: set[int] = set()
        self._was_over = False

    def touch(self, rows: Rows) -> None:
        """Note symbols whose quote changed."""
        self._due.update(rows.tolist())

    @property
    def has_work(self) -> bool:
        """Whether anything changed since the last scan."""
        return bool(self._due) or self._last is None

    def write(self, board: QuoteBoard) -> Rows:
        """Copy the forming bars of changed symbols from the board; return their rows. On the loop's thread, a millisecond."""
        rows = np.fromiter(self._due, dtype=np.intp, count=len(self._due))
        self._due.clear()
        rows = rows[is_of_today(board, rows) & (board.volume_shares[rows] > 0) & (board.open_krw[rows] > 0)]
        panel = self.panel
        for name, values in (
            ("open_krw", board.open_krw),
            ("high_krw", board.high_krw),
            ("low_krw", board.low_krw),
            ("close_krw", board.price_krw),
            ("volume_shares", board.volume_shares),
        ):
            getattr(panel, name)[rows, -1] = values[rows]
        for target, values in ((panel.value_krw, board.value_krw), (panel.base_krw, board.base_krw)):
            target[rows, -1] = np.where(values[rows] == MISSING, np.nan, values[rows].astype(np.float64))
        panel.present[rows, -1] = True
        panel.valid[rows, -1] = True
        return rows

    def scan(self, rows: Rows, as_of: AsOf, gaps: npt.NDArray[np.bool_]) -> LiveScan:
        """Measure the given symbols anew and score the market. On a worker; one call at a time.

        Parameters
        ----------
        rows : intp array
            Symbols whose forming bar changed (as :meth:`write` returned them).
        as_of : AsOf
            The market's clock.
        gaps : bool array, shape (symbols,)
            Symbols with an open gap in what was received.
        """
        begin = self._timer()
        panel = self.panel
        last_day = len(panel.days) - 1
        known = known_days(panel, as_of)
        traded = panel.valid[:, -1]
        bars = self._bars + traded
        # What has not traded yet keeps its last score; from the official bar on it did not trade on this day.
        is_over = known.bar == last_day
        everyone = self._measures is None or is_over != self._was_over
        self._was_over = is_over
        lanes = np.arange(len(panel.tickers), dtype=np.int64) if everyone else rows.astype(np.int64)
        if len(lanes):
            part = measure(
                panel,
                lanes,
                np.where(traded[lanes] | is_over, last_day, last_day - 1).astype(np.int64),
                np.full(len(lanes), known.flow, dtype=np.int64),
                bars[lanes],
                self._rules,
            )
            self._measures = part if self._measures is None else _merged(self._measures, part, lanes, bars)
        assert self._measures is not None
        result = score(panel, as_of, KnownDays(last_day, known.flow), self._measures, self._rules)
        flags = result.flags.copy()
        flags[traded] |= np.uint16(ScanFlag.FORMING)
        flags[traded & gaps] |= np.uint16(ScanFlag.FEED_GAP)
        result = replace(result, flags=flags)
        changed = np.arange(len(flags)) if self._last is None else _changed(self._last, result)
        self._last = result
        seconds = self._timer() - begin
        picture = ScanPicture(
            scan=result,
            panel=panel,
            rules=self._rules,
            seconds=seconds,
            universe=int(np.count_nonzero(result.ineligible == 0)),
            scored=int(np.count_nonzero(~np.isnan(result.vcp_score))),
            detected=int(result.pattern.sum()),
        )
        return LiveScan(picture, changed.astype(np.intp), as_of.instant_ns, seconds)


def _merged(whole: VcpMeasures, part: VcpMeasures, lanes: npt.NDArray[np.int64], bars: npt.NDArray[np.int64]) -> VcpMeasures:
    """Return the measures of the market with some lanes replaced; the old object is left alone for whoever still reads it."""
    arrays = {}
    for item in fields(VcpMeasures):
        if item.name == "bars":
            continue
        array = getattr(whole, item.name).copy()
        array[lanes] = getattr(part, item.name)
        arrays[item.name] = array
    return VcpMeasures(bars=bars, **arrays)


def _changed(before: VcpScan, now: VcpScan) -> Rows:
    """Symbols whose state, grade, scores, distance or flags differ."""
    different = np.zeros(len(now.state), dtype=np.bool_)
    for name in ("state", "grade", "flags", "pattern"):
        different |= getattr(before, name) != getattr(now, name)
    for name in ("vcp_score", "total_score", "dist_pct", "close", "vol_ratio", "rs"):
        old, new = getattr(before, name), getattr(now, name)
        different |= ~((old == new) | (np.isnan(old) & np.isnan(new)))
    return np.flatnonzero(different)
