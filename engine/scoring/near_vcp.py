"""Near misses of VCP (domain.md §2).

A VCP grade means something only where a pattern is detected, so two kinds of symbols are looked at: detected patterns one step
short of a better grade, and symbols one gate short of detection, whose grade counts as none until the step opens that gate and
leaves grade B or better. What the as-of bar can still do is its close (T1, T5, T6, T7, and the distance to the pivot) and, for
a breakout without volume, its volume. Structure, dry-up, tightness and flows are of earlier bars; the averages of T2-T4 and the
ranks of T8 and F1 hang on more than this bar.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import upper_limits
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import ITEMS, Grade, ScoreStatus, VcpScan, VcpState
from engine.scoring.grades import grades_of
from engine.scoring.ladders import falling_points
from engine.scoring.near_steps import NearStep, above, at_or_above, nearest, price_steps
from engine.scoring.rounding import EPS, at_least, at_most, more_than, round2
from engine.thresholds import Rules

__all__ = ["vcp_near_misses"]

_COL = {item: index for index, item in enumerate(ITEMS)}
_VCP_COLUMNS = [_COL[item] for item in ITEMS if not item.startswith("SM")]
_TREND = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8")
Bools = npt.NDArray[np.bool_]
Grades = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


def vcp_near_misses(scan: VcpScan, panel: MarketPanel, rules: Rules, *, every: bool = False) -> list[NearStep]:
    """Symbols one step of one item short of the next better grade (see the module), nearest first.

    Parameters
    ----------
    every : bool
        All steps of a symbol that would do; by default the nearest one of each symbol.
    """
    near = _Near(scan, panel, rules)
    return nearest((*near.prices(), *near.volumes()), every=every)


class _Near:
    """The scan's columns, and what a symbol would be worth at another close or volume."""

    def __init__(self, scan: VcpScan, panel: MarketPanel, rules: Rules) -> None:
        self.scan, self.panel, self.rules = scan, panel, rules
        self.on: date = panel.days[scan.day_index].astype("datetime64[D]").item()
        self.upper = upper_limits(np.array(panel.base_krw[:, scan.day_index]), panel.market, self.on)
        self.grade: Grades = np.where(scan.pattern, scan.grade, Grade.NONE).astype(np.uint8)
        self.open = (scan.ineligible == 0) & ~np.isnan(scan.vcp_score) & scan.structure_gate & (self.grade < Grade.S)

    def _grade_at(self, rows: Rows, close: FloatArray, volume_ratio: FloatArray, only: str | None) -> Grades:
        """Grade of the as-of bar with another close and volume; one item moves where it is named. NONE where not detected.

        Ranks stay where they are: a higher close of one stock can only improve its own.
        """
        scan, vcp = self.scan, self.rules.vcp
        points = scan.item_points[rows].copy()
        passed = {item: points[:, _COL[item]] > 0 for item in _TREND}
        passed["T8"] = at_least(scan.rs[rows], vcp.rs_min)
        moved = close - scan.close[rows]
        ma50, ma150, ma200 = (
            average[rows] + moved / length for average, length in ((scan.ma50, 50), (scan.ma150, 150), (scan.ma200, 200))
        )
        enough = scan.n_bars[rows] >= 200
        now: dict[str, Bools] = {
            "T1": more_than(close, ma150) & more_than(close, ma200),
            "T2": more_than(ma150, ma200),
            "T3": more_than(ma200, scan.ma200_before[rows]),
            "T4": more_than(ma50, ma150) & more_than(ma50, ma200),
            "T5": more_than(close, ma50),
            "T6": enough & at_least(close, vcp.low_multiple * scan.low_250[rows]),
            "T7": enough & at_least(close, vcp.high_fraction * np.fmax(scan.high_250[rows], close)),
        }
        for item, holds in now.items():
            if only in (None, item):
                passed[item] = holds
                points[:, _COL[item]] = holds * vcp.trend_points
        state = scan.state[rows]
        if only in (None, "E1"):
            state, points[:, _COL["E1"]] = self._pivot(rows, close, volume_ratio)
        score = round2(points[:, _VCP_COLUMNS].sum(axis=1))
        flow = np.where(scan.smartmoney_status[rows] != ScoreStatus.MISSING, scan.smartmoney_score[rows], 0.0)
        total = round2(vcp.vcp_weight * score + (1.0 - vcp.vcp_weight) * flow)
        gate = np.logical_and.reduce([passed[item] for item in _TREND])
        detected = gate & np.isin(state, (VcpState.NEAR_PIVOT, VcpState.BREAKOUT)) & at_least(score, vcp.detect_score)
        grade = grades_of(total, self.rules.grade)
        grade[~detected] = Grade.NONE
        return grade

    def _pivot(self, rows: Rows, close: FloatArray, ratio: FloatArray) -> tuple[npt.NDArray[np.uint8], FloatArray]:
        """State and points of §2.8 at another close and volume; rows have a base of two legs or more."""
        vcp, pivot = self.rules.vcp, self.scan.pivot[rows]
        dist = 100.0 * (pivot - close) / pivot
        over = more_than(close, pivot)
        cases = [
            more_than(self.scan.last_low[rows], close),
            over & more_than(-dist, vcp.max_extension_pct),
            over & at_least(ratio, vcp.breakout_volume),
            over,
            at_most(dist, vcp.near_pivot_pct[-1].threshold),
        ]
        names = (
            VcpState.FAILED,
            VcpState.EXTENDED,
            VcpState.BREAKOUT,
            VcpState.BREAKOUT_UNCONFIRMED,
            VcpState.NEAR_PIVOT,
        )
        state = np.select(cases, [np.uint8(name) for name in names], np.uint8(VcpState.FORMING)).astype(np.uint8)
        earned = np.select(
            cases,
            [
                np.zeros(len(rows)),
                np.zeros(len(rows)),
                np.full(len(rows), vcp.breakout_points),
                np.full(len(rows), vcp.unconfirmed_points),
                falling_points(dist, vcp.near_pivot_pct),
            ],
            falling_points(dist, vcp.forming_pct),
        )
        return state, earned

    def _lifts(self, item: str, close: FloatArray, ratio: FloatArray, where: Bools) -> tuple[Rows, Grades]:
        """Rows whose grade rises at a close and volume, by the named item alone and with all others; and the grade reached."""
        rows = np.flatnonzero(self.open & where)
        alone = self._grade_at(rows, close[rows], ratio[rows], item)
        whole = self._grade_at(rows, close[rows], ratio[rows], None)
        reached = np.minimum(alone, whole)
        better = (reached > self.grade[rows]) & (reached >= Grade.B)
        return rows[better], reached[better]

    def prices(self) -> list[NearStep]:
        """Close to reach."""
        scan, vcp, market, on = self.scan, self.rules.vcp, self.panel.market, self.on
        close = scan.close

        def over_average(average: FloatArray, length: int) -> FloatArray:
            # C > (S + C)/k, solved for C: the average moves with the close.
            return np.asarray((length * average - close) / (length - 1), dtype=np.float64)

        trend: tuple[tuple[str, FloatArray], ...] = (
            ("T1", above(np.fmax(over_average(scan.ma150, 150), over_average(scan.ma200, 200)), market, on)),
            ("T5", above(over_average(scan.ma50, 50), market, on)),
            ("T6", at_or_above(vcp.low_multiple * scan.low_250, market, on)),
            ("T7", at_or_above(vcp.high_fraction * scan.high_250, market, on)),
        )
        steps: list[NearStep] = []
        for item, need in trend:
            steps += self._priced(item, need)
        # The next better step on the way up to the pivot: the last low of a failed base, then the rungs by distance.
        rungs = (*vcp.forming_pct[::-1], *vcp.near_pivot_pct[::-1])
        need = np.full(len(close), np.nan)
        for rung in reversed(rungs):
            price = at_or_above((1.0 - rung.threshold / 100.0) * scan.pivot, market, on)
            further = more_than(price, close) & (rung.points > scan.item_points[:, _COL["E1"]])
            need[further] = price[further]
        failed = scan.state == VcpState.FAILED
        need[failed] = at_or_above(scan.last_low[failed], market[failed], on)
        return steps + self._priced("E1", need)

    def _priced(self, item: str, need: FloatArray) -> list[NearStep]:
        scan = self.scan
        possible = more_than(need, scan.close) & (need <= self.upper + EPS)
        rows, reached = self._lifts(item, need, scan.vol_ratio, possible)
        return price_steps(item, rows, scan.close[rows], need[rows], self.grade[rows], reached, "near.close")

    def volumes(self) -> list[NearStep]:
        """Volume that confirms a breakout."""
        scan, panel, vcp = self.scan, self.panel, self.rules.vcp
        volume = panel.volume_shares[:, scan.day_index].astype(np.float64)
        need = np.ceil(vcp.breakout_volume * volume / scan.vol_ratio - 1e-6)
        ratio = scan.vol_ratio * need / volume
        waiting = (scan.state == VcpState.BREAKOUT_UNCONFIRMED) & more_than(need, volume)
        rows, reached = self._lifts("E1", scan.close, ratio, waiting)
        steps = []
        for row, after in zip(rows.tolist(), reached.tolist(), strict=True):
            now, target = float(volume[row]), float(need[row])
            gap, before = target - now, int(self.grade[row])
            fields = (("shares", f"{gap:,.0f}"), ("total", f"{target:,.0f}"))
            steps.append(
                NearStep(row, "E1", before, after, "volume", now, target, "shares", gap, gap / target, "near.volume", fields)
            )
        return steps
