"""The measured quantity behind a threshold, as a distribution over the market: what a slider shows above its groove."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.model.closing import ClosingBetScan
from engine.model.daytrade import DAY_ITEMS, DayTradeScan
from engine.model.scan import ITEMS, VcpScan
from engine.threshold_spec import Spec
from ralphstock_desktop.services.strategy.evaluate import Evaluation

__all__ = ["BINS", "histogram_of"]

BINS = 48
Floats = npt.NDArray[np.float64]


def _item(name: str) -> Callable[[VcpScan], Floats]:
    column = ITEMS.index(name)
    return lambda scan: scan.item_value[:, column]


def _day_item(name: str) -> Callable[[DayTradeScan], Floats]:
    column = DAY_ITEMS.index(name)
    return lambda scan: scan.values[:, column]


_VCP: dict[str, Callable[[VcpScan], Floats]] = {
    "vcp.rs_min": lambda scan: scan.rs,
    "vcp.rs_ladder": lambda scan: scan.rs,
    "vcp.mean_ratio": _item("B2"),
    "vcp.first_depth_low_pct": _item("B3"),
    "vcp.first_depth_full_pct": _item("B3"),
    "vcp.first_depth_max_pct": _item("B3"),
    "vcp.base_short_bars": _item("B4"),
    "vcp.base_full_bars": _item("B4"),
    "vcp.base_long_bars": _item("B4"),
    "vcp.gate_last_depth_pct": _item("D2"),
    "vcp.last_depth_pct": _item("D2"),
    "vcp.gate_last_to_first": lambda scan: scan.contraction_ratio,
    "vcp.dry_ratio": _item("C1"),
    "vcp.leg_volume_full": _item("C2"),
    "vcp.quiet_day_ratio": _item("C3"),
    "vcp.close_range_pct": _item("D1"),
    "vcp.near_pivot_pct": lambda scan: scan.dist_pct,
    "vcp.forming_pct": lambda scan: scan.dist_pct,
    "vcp.breakout_volume": lambda scan: scan.vol_ratio,
    "vcp.detect_score": lambda scan: scan.vcp_score,
    "universe.min_mean_value_krw": lambda scan: scan.mean_value_krw,
    "universe.min_close_krw": lambda scan: scan.close,
    "grade.s_score": lambda scan: scan.total_score,
    "grade.a_score": lambda scan: scan.total_score,
    "grade.b_score": lambda scan: scan.total_score,
}
_CLOSING: dict[str, Callable[[ClosingBetScan], Floats]] = {
    "jongga.min_value_krw": lambda scan: scan.value_krw,
    "jongga.value_krw": lambda scan: scan.value_krw,
    "jongga.min_close_krw": lambda scan: scan.close,
    "jongga.min_change_pct": lambda scan: scan.change_pct,
    "jongga.max_change_pct": lambda scan: scan.change_pct,
    "jongga.overheat_change_pct": lambda scan: scan.change_pct,
    "jongga.near_high": lambda scan: scan.near_high,
    "jongga.candle_body_pct": lambda scan: scan.body_pct,
    "jongga.candle_close_position": lambda scan: scan.close_position,
    "jongga.candle_body_share": lambda scan: scan.body_share,
    "jongga.period_range_pct": lambda scan: scan.period_range_pct,
    "jongga.s_points": lambda scan: scan.total,
    "jongga.a_points": lambda scan: scan.total,
    "jongga.b_points": lambda scan: scan.total,
}
_DAY: dict[str, Callable[[DayTradeScan], Floats]] = {
    "daytrading.spike_full": lambda scan: scan.relative_volume,
    "daytrading.spike_part": lambda scan: scan.relative_volume,
    "daytrading.momentum_full": lambda scan: scan.price / scan.prior_high,
    "daytrading.momentum_part": lambda scan: scan.price / scan.prior_high,
    "daytrading.box_width_pct": lambda scan: scan.box_width_pct,
    "daytrading.ma_part": lambda scan: scan.price / scan.ma5,
    "daytrading.flow_full_krw": lambda scan: scan.net_5d_krw,
    "daytrading.flow_part_krw": lambda scan: scan.net_5d_krw,
    "daytrading.flow_full_pct": lambda scan: scan.net_share_pct,
    "daytrading.flow_part_pct": lambda scan: scan.net_share_pct,
    "daytrading.oversold_full_pct": lambda scan: scan.drawdown_pct,
    "daytrading.oversold_part_pct": lambda scan: scan.drawdown_pct,
    "daytrading.rebound_full_pct": lambda scan: scan.change_pct,
    "daytrading.sector_full_pct": _day_item("sector"),
    "daytrading.sector_part_pct": _day_item("sector"),
    "daytrading.min_mean_value_krw": lambda scan: scan.mean_value_krw,
}


def histogram_of(name: str, spec: Spec, vcp: VcpScan | None, evaluation: Evaluation | None) -> tuple[float, ...] | None:
    """Return how many symbols lie in each of ``BINS`` equal bins of the slider's range; None where it is no single number.

    Values outside the range are left out. The scan under the standard rules is counted, so the picture stands still while the
    slider moves.
    """
    stem = name if not name.rsplit(".", 1)[-1].isdigit() else name.rsplit(".", 1)[0]
    values: Floats | None = None
    with np.errstate(invalid="ignore", divide="ignore"):
        if stem in _VCP and vcp is not None:
            values = _VCP[stem](vcp)
        elif stem in _CLOSING and evaluation is not None:
            values = _CLOSING[stem](evaluation.closing.scan)
        elif stem in _DAY and evaluation is not None:
            values = _DAY[stem](evaluation.day.scan)
    if values is None:
        return None
    known = values[np.isfinite(values)]
    counts, _ = np.histogram(known, bins=BINS, range=(spec.low, spec.high))
    return tuple(float(count) for count in counts)
