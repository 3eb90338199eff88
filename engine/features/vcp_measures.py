"""Runs the measuring loops over lanes of a panel: many symbols at one day, or one symbol at many days.

Shapes: a *lane* is one (symbol, day). Every array of :class:`VcpMeasures` has lanes as its first axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.features import acceleration
from engine.features.vcp_kernel import FLOATS, INTS, F, I
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import MAX_LEGS, MAX_SWINGS
from engine.thresholds import Rules

__all__ = ["F", "I", "VcpMeasures", "measure"]


@dataclass(frozen=True, eq=False)
class VcpMeasures:
    """Raw measures of lanes; columns are named by :class:`~engine.features.vcp_kernel.F` and ``I``."""

    floats: FloatArray
    ints: npt.NDArray[np.int32]
    leg_start: npt.NDArray[np.int32]
    leg_end: npt.NDArray[np.int32]
    leg_high: FloatArray
    leg_low: FloatArray
    swing_day: npt.NDArray[np.int32]
    swing_price: FloatArray
    bars: npt.NDArray[np.int64]

    def number(self, column: int) -> FloatArray:
        """One float column, shape (lanes,)."""
        return self.floats[:, column]

    def integer(self, column: int) -> npt.NDArray[np.int32]:
        """One integer column, shape (lanes,)."""
        return self.ints[:, column]


def measure(
    panel: MarketPanel,
    rows: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    flow_days: npt.NDArray[np.int64],
    bars: npt.NDArray[np.int64],
    rules: Rules,
    *,
    with_swings: bool = False,
) -> VcpMeasures:
    """Measure lanes of a panel.

    Parameters
    ----------
    rows, days, flow_days, bars : int64 arrays, shape (lanes,)
        Symbol rows, as-of days, last days with known confirmed flows (-1 for none) and the number of valid bars up to the
        as-of day.
    with_swings : bool
        Also keep the raw turning points (for drawing one symbol).
    """
    lanes = len(rows)
    vcp = rules.vcp
    structure = np.array(
        [
            vcp.min_theta_pct,
            vcp.base_window_bars,
            vcp.right_gap_bars,
            vcp.high_slack,
            vcp.tight_min_pct,
            vcp.tight_bars,
            vcp.merge_ratio,
        ],
        dtype=np.float64,
    )
    floats = np.full((lanes, FLOATS), np.nan)
    ints = np.full((lanes, INTS), -1, dtype=np.int32)
    leg_days = np.full((2, lanes, MAX_LEGS), -1, dtype=np.int32)
    leg_prices = np.full((2, lanes, MAX_LEGS), np.nan)
    swings = MAX_SWINGS if with_swings else 0
    swing_day = np.full((lanes, swings), -1, dtype=np.int32)
    swing_price = np.full((lanes, swings), np.nan)
    acceleration.measure_lanes(
        np.ascontiguousarray(rows, dtype=np.int64),
        np.ascontiguousarray(days, dtype=np.int64),
        np.ascontiguousarray(flow_days, dtype=np.int64),
        np.ascontiguousarray(bars, dtype=np.int64),
        *(
            _plain(array)
            for array in (
                panel.open_krw,
                panel.high_krw,
                panel.low_krw,
                panel.close_krw,
                panel.volume_shares,
                panel.value_krw,
                panel.factor,
                panel.valid,
                panel.foreign_krw,
                panel.institution_krw,
                panel.foreign_shares,
                panel.institution_shares,
            )
        ),
        structure,
        rules.universe.mean_value_bars,
        rules.smartmoney.window_days,
        floats,
        ints,
        leg_days[0],
        leg_days[1],
        leg_prices[0],
        leg_prices[1],
        swing_day,
        swing_price,
    )
    return VcpMeasures(
        floats=floats,
        ints=ints,
        leg_start=leg_days[0],
        leg_end=leg_days[1],
        leg_high=leg_prices[0],
        leg_low=leg_prices[1],
        swing_day=swing_day,
        swing_price=swing_price,
        bars=bars,
    )


def _plain(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return a read-only contiguous view without the memory-map type, so that one compiled form serves every panel."""
    plain = np.ascontiguousarray(array).view(np.ndarray)
    plain.flags.writeable = False
    return plain
