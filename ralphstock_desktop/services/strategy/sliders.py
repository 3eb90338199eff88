"""Which thresholds a strategy has, which of them tell most, and which change what is measured."""

from __future__ import annotations

from functools import cache

from engine.thresholds import Rules, iter_specs
from ralphstock_desktop.services.strategy_contracts import StrategyName

__all__ = ["MEASURED", "SECTIONS", "slider_names"]

SECTIONS: dict[StrategyName, tuple[str, ...]] = {
    "VCP": ("vcp", "universe", "smartmoney", "grade"),
    "CLOSING_BET": ("jongga",),
    "DAY_TRADE": ("daytrading", "grade"),
}
_TELLING: dict[StrategyName, tuple[str, ...]] = {
    "VCP": (
        "vcp.rs_min", "vcp.gate_last_depth_pct", "vcp.gate_last_to_first", "vcp.first_depth_max_pct", "vcp.near_pivot_pct.1",
        "vcp.breakout_volume", "vcp.dry_ratio.0", "vcp.detect_score", "universe.min_mean_value_krw", "grade.a_score",
    ),
    "CLOSING_BET": (
        "jongga.min_value_krw", "jongga.candle_body_pct", "jongga.near_high", "jongga.period_range_pct",
        "jongga.max_change_pct", "jongga.min_change_pct", "jongga.candle_close_position", "jongga.overheat_change_pct",
    ),
    "DAY_TRADE": (
        "daytrading.spike_full", "daytrading.spike_part", "daytrading.box_width_pct", "daytrading.momentum_full",
        "daytrading.flow_full_krw", "daytrading.flow_full_pct", "daytrading.oversold_full_pct", "daytrading.sector_full_pct",
        "daytrading.min_mean_value_krw",
    ),
}  # fmt: skip
MEASURED = frozenset(
    {
        "vcp.min_theta_pct", "vcp.base_window_bars", "vcp.right_gap_bars", "vcp.high_slack", "vcp.tight_min_pct",
        "vcp.tight_bars", "vcp.merge_ratio", "universe.mean_value_bars", "smartmoney.window_days",
        "jongga.high_window_bars", "jongga.breakout_bars", "jongga.period_bars", "jongga.period_recent_bars",
        "jongga.supply_days", "daytrading.volume_bars", "daytrading.range_bars", "daytrading.ma_bars", "daytrading.flow_days",
        "daytrading.sector_bars", "daytrading.mean_value_bars", "daytrading.min_mean_value_krw", "daytrading.min_close_krw",
        "daytrading.min_bars",
    }
)  # fmt: skip
"""Thresholds that change what is measured, not only what it is worth."""


@cache
def slider_names(strategy: StrategyName) -> tuple[str, ...]:
    """Names of every threshold of a strategy that can be moved, the most telling ones first."""
    first = _TELLING[strategy]
    known = [name for name, _, spec in iter_specs(Rules()) if name.split(".")[0] in SECTIONS[strategy] and spec.low < spec.high]
    return tuple(name for name in first if name in known) + tuple(name for name in known if name not in first)
