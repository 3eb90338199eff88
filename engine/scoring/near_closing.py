"""Near misses of the closing bet (domain.md §3)."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.closing import CLOSING_COMPONENTS, ClosingBetScan, Rejection
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_bet import grade12
from engine.scoring.ladders import rising_points
from engine.scoring.near_steps import NearStep, above, at_or_above, nearest, price_steps, say_million
from engine.scoring.rounding import EPS, at_least, at_most, more_than
from engine.thresholds import Rules

__all__ = ["closing_near_misses", "panel_after"]

_COL = {item: index for index, item in enumerate(CLOSING_COMPONENTS)}
_MOVABLE = int(Rejection.PRICE_LT_1000 | Rejection.TRADING_VALUE_LT_100B | Rejection.CHANGE_OUT_OF_RANGE)
"""Filters the as-of bar can still pass."""
Bools = npt.NDArray[np.bool_]
Grades = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


def closing_near_misses(scan: ClosingBetScan, panel: MarketPanel, rules: Rules, *, every: bool = False) -> list[NearStep]:
    """Symbols one step of one item short of the next better grade, nearest first.

    Considered are symbols that pass every filter, and those that fail one of price, traded value and change, whose grade
    counts as none until they pass. News, period and flows cannot be made by trading on the as-of bar and are left out. Caps
    hold: without news nothing gets above B.

    Parameters
    ----------
    every : bool
        All steps of a symbol that would do; by default the nearest one of each symbol.
    """
    near = _Near(scan, panel, rules)
    return nearest((*near.values(), *near.prices()), every=every)


def panel_after(panel: MarketPanel, day: int, step: NearStep) -> MarketPanel:
    """A panel in which what a step names has happened on the bar of ``day``: for checking it by scanning again.

    A price becomes the close (and the high, where it is above), a volume or value that of the day. Changed arrays are copies.
    """
    changed: dict[str, Any] = {}
    if step.move == "price":
        close, high = panel.close_krw.copy(), panel.high_krw.copy()
        close[step.row, day] = int(step.need)
        high[step.row, day] = max(int(high[step.row, day]), int(step.need))
        changed = {"close_krw": close, "high_krw": high}
    elif step.move == "volume":
        volume = panel.volume_shares.copy()
        volume[step.row, day] = int(step.need)
        changed = {"volume_shares": volume}
    elif step.move == "value":
        value = panel.value_krw.copy()
        value[step.row, day] = step.need
        changed = {"value_krw": value}
    return dataclasses.replace(panel, version=f"{panel.version}+step", **changed)


class _Near:
    """The scan's columns, and what the bar would be worth at another close or value."""

    def __init__(self, scan: ClosingBetScan, panel: MarketPanel, rules: Rules) -> None:
        self.scan, self.panel, self.rules = scan, panel, rules
        self.on: date = panel.days[scan.day_index].astype("datetime64[D]").item()
        others = (scan.rejected & np.uint16(0xFFFF ^ _MOVABLE)) != 0
        movable = scan.rejected & np.uint16(_MOVABLE)
        one_or_none = (movable & (movable - np.uint16(1))) == 0
        self.open = ~np.isnan(scan.total) & ~others & one_or_none & (scan.grade < Grade.S)
        self.grade: Grades = np.where(scan.rejected == 0, scan.grade, Grade.NONE).astype(np.uint8)

    def _grade_at(self, rows: Rows, close: FloatArray, value: FloatArray, only: str | None) -> Grades:
        """Grade of the bar with another close and value; only one component moves where it is named. NONE where rejected."""
        scan, jongga = self.scan, self.rules.jongga
        points = scan.points[rows].copy()
        if only in (None, "volume"):
            points[:, _COL["volume"]] = rising_points(value, jongga.value_krw)
        if only in (None, "chart"):
            known = scan.status[rows, _COL["chart"]] != ScoreStatus.MISSING
            year = np.fmax(scan.high_250[rows], close)
            near = at_least(close, jongga.near_high * year) * jongga.near_high_points
            points[:, _COL["chart"]] = known * (near + more_than(close, scan.high_60[rows]) * jongga.breakout_points)
        if only in (None, "candle"):
            points[:, _COL["candle"]] = self._candle(rows, close) * jongga.candle_points
        change = 100.0 * (close / scan.base[rows] - 1.0)
        passes = (
            at_least(close, jongga.min_close_krw)
            & at_least(value, jongga.min_value_krw)
            & at_least(change, jongga.min_change_pct)
            & at_most(change, jongga.max_change_pct)
            & ~at_least(close, scan.upper_limit[rows])
        )
        grade = grade12(points.sum(axis=1), self.rules)
        no_news = ~more_than(points[:, _COL["news"]], 0.0)
        grade[no_news] = np.minimum(grade[no_news], np.uint8(Grade.B))
        hot = more_than(change, jongga.overheat_change_pct)
        grade[hot] = np.minimum(grade[hot], np.uint8(Grade.A))
        grade[~passes] = Grade.NONE
        return grade

    def _candle(self, rows: Rows, close: FloatArray) -> Bools:
        scan, jongga = self.scan, self.rules.jongga
        opened, low, high = scan.open[rows], scan.low[rows], np.fmax(scan.high[rows], close)
        spread = np.where(high > low, high - low, np.nan)
        return np.asarray(
            more_than(close, opened)
            & at_least(100.0 * (close - opened) / opened, jongga.candle_body_pct)
            & at_least((close - low) / spread, jongga.candle_close_position)
            & at_least((close - opened) / spread, jongga.candle_body_share)
        )

    def _lifts(self, item: str, close: FloatArray, value: FloatArray, where: Bools) -> tuple[Rows, Grades]:
        """Rows whose grade rises at a close and value, by the named item alone and with all others; and the grade reached."""
        rows = np.flatnonzero(self.open & where)
        alone = self._grade_at(rows, close[rows], value[rows], item)
        whole = self._grade_at(rows, close[rows], value[rows], None)
        reached = np.minimum(alone, whole)
        better = (reached > self.grade[rows]) & (reached >= Grade.B)
        return rows[better], reached[better]

    def values(self) -> list[NearStep]:
        """Traded value to reach: the next rung of the ladder, or the least value."""
        scan, jongga = self.scan, self.rules.jongga
        need = np.full(len(scan.total), np.nan)
        limits = sorted({*(rung.threshold for rung in jongga.value_krw), jongga.min_value_krw}, reverse=True)
        for limit in limits:
            need[~at_least(scan.value_krw, limit)] = limit
        rows, reached = self._lifts("volume", scan.close, need, ~np.isnan(need) & ~np.isnan(scan.value_krw))
        steps = []
        for row, after in zip(rows.tolist(), reached.tolist(), strict=True):
            now, target = float(scan.value_krw[row]), float(need[row])
            gap, before = target - now, int(self.grade[row])
            fields = (("million", say_million(gap)), ("total", say_million(target)))
            steps.append(
                NearStep(row, "volume", before, after, "value", now, target, "won", gap, gap / target, "near.value", fields)
            )
        return steps

    def prices(self) -> list[NearStep]:
        """Close to reach."""
        scan, jongga, market = self.scan, self.rules.jongga, self.panel.market
        year = at_or_above(jongga.near_high * scan.high_250, market, self.on)
        sixty = above(scan.high_60, market, self.on)
        # Of the two conditions of the chart the nearer one not yet met is the next step.
        chart = np.fmin(*(np.where(more_than(level, scan.close), level, np.nan) for level in (year, sixty)))
        targets: tuple[tuple[str, FloatArray], ...] = (
            ("chart", chart),
            ("candle", self._candle_close()),
            ("change", at_or_above((1.0 + jongga.min_change_pct / 100.0) * scan.base, market, self.on)),
            ("price", np.full(len(scan.total), jongga.min_close_krw)),
        )
        steps: list[NearStep] = []
        for item, need in targets:
            possible = more_than(need, scan.close) & (need <= scan.upper_limit + EPS)
            rows, reached = self._lifts(item, need, scan.value_krw, possible)
            steps += price_steps(item, rows, scan.close[rows], need[rows], self.grade[rows], reached, "near.close")
        return steps

    def _candle_close(self) -> FloatArray:
        """Lowest close that makes the candle; where it lies above the high so far, the high goes with it."""
        scan, jongga, market = self.scan, self.rules.jongga, self.panel.market
        spread = scan.high - scan.low
        inside = np.fmax(
            np.fmax(above(scan.open, market, self.on), (1.0 + jongga.candle_body_pct / 100.0) * scan.open),
            np.fmax(scan.low + jongga.candle_close_position * spread, scan.open + jongga.candle_body_share * spread),
        )
        # Above the high the position is 1 and (C - O)/(C - L) >= b gives C >= (O - b·L)/(1 - b).
        share = min(jongga.candle_body_share, 1.0 - EPS)
        beyond = np.fmax(
            np.fmax(scan.high, (1.0 + jongga.candle_body_pct / 100.0) * scan.open),
            (scan.open - share * scan.low) / (1.0 - share),
        )
        beyond = np.fmax(beyond, above(scan.open, market, self.on))
        return at_or_above(np.where(inside <= scan.high + EPS, inside, beyond), market, self.on)
