"""What a scan draws over a chart: base, contractions, zigzag, pivot, dry-up bars and the order plan (domain.md §§2.5-2.11)."""

from __future__ import annotations

import math

import numpy as np

from engine.features.vcp_measures import I, measure
from engine.model.chart import LegBox, OrderPlan, VcpOverlay
from engine.model.panel import MarketPanel
from engine.model.scan import ITEMS, VcpScan, VcpState
from engine.thresholds import Rules

__all__ = ["vcp_overlay"]

_C1 = ITEMS.index("C1")


def vcp_overlay(panel: MarketPanel, scan: VcpScan, row: int, rules: Rules) -> VcpOverlay | None:
    """Return the overlay of one symbol; None where there is no structure (too short a history, as-of bar not tradable).

    The raw zigzag is walked again by the same code as in the scan, because a scan of the whole market keeps legs only.
    """
    if scan.base_start[row] < 0:
        return None
    days = panel.days.astype("datetime64[D]").astype(np.int64)
    bars = np.flatnonzero(panel.valid[row, : scan.day_index + 1])
    lane = np.array([row], dtype=np.int64)
    walked = measure(
        panel,
        lane,
        np.array([scan.day_index], dtype=np.int64),
        np.array([scan.flow_day_index], dtype=np.int64),
        np.array([len(bars)], dtype=np.int64),
        rules,
        with_swings=True,
    )
    swings = int(walked.integer(I.SWINGS)[0])
    depths = scan.depths_pct(row)
    legs = tuple(
        LegBox(
            first_day=int(days[scan.leg_start[row, k]]),
            last_day=int(days[scan.leg_end[row, k]]),
            high=float(scan.leg_high[row, k]),
            low=float(scan.leg_low[row, k]),
            depth_pct=float(depth),
            is_last=k == len(depths) - 1,
        )
        for k, depth in enumerate(depths)
    )
    pivot = float(scan.pivot[row])
    has_plan = bool(scan.pattern[row])
    dry = days[bars[-6:-1]] if scan.item_points[row, _C1] > 0 else ()
    return VcpOverlay(
        base_first_day=int(days[scan.base_start[row]]),
        base_last_day=int(days[bars[-2]]),
        base_bars=int(scan.base_bars[row]),
        theta_pct=float(scan.theta_pct[row]),
        legs=legs,
        swings=tuple((int(days[walked.swing_day[0, k]]), float(walked.swing_price[0, k])) for k in range(swings)),
        pivot=None if math.isnan(pivot) else pivot,
        pivot_from_day=legs[-1].first_day if legs else None,
        dry_up_days=tuple(int(day) for day in dry),
        breakout_day=int(days[scan.day_index]) if scan.state[row] == VcpState.BREAKOUT else None,
        plan=OrderPlan(
            entry=int(scan.entry_krw[row]),
            stop=int(scan.stop_krw[row]),
            target=int(scan.target_krw[row]),
            reward_risk=float(scan.reward_risk[row]),
        )
        if has_plan
        else None,
    )
