"""The same scan for many days: which patterns were detected on each, with grade, state and score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.instants import AsOf
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import VcpScan
from engine.scoring.vcp import scan
from engine.thresholds import Rules

__all__ = ["DetectedPlans", "ScanHistory", "scan_days"]


@dataclass(frozen=True, eq=False)
class DetectedPlans:
    """Order plans of every detected pattern, arrays of one length, by day scanned and symbol row. Prices in won of that day."""

    position: npt.NDArray[np.int64]
    """Column of the history (index into its ``day_index``)."""
    row: npt.NDArray[np.int64]
    entry: FloatArray
    stop: FloatArray
    target: FloatArray
    pivot: FloatArray
    mean_value_krw: FloatArray

    @classmethod
    def joined(cls, parts: Sequence[DetectedPlans]) -> DetectedPlans:
        """Plans of several days, in the order given."""
        names = ("position", "row", "entry", "stop", "target", "pivot", "mean_value_krw")
        integers = {"position", "row"}
        empty = {name: np.empty(0, dtype=np.int64 if name in integers else np.float64) for name in names}
        return cls(**{name: np.concatenate([empty[name], *(getattr(part, name) for part in parts)]) for name in names})


def _plans_of(position: int, result: VcpScan) -> DetectedPlans:
    rows = np.flatnonzero(result.pattern)
    return DetectedPlans(
        position=np.full(len(rows), position, dtype=np.int64),
        row=rows.astype(np.int64),
        entry=result.entry_krw[rows],
        stop=result.stop_krw[rows],
        target=result.target_krw[rows],
        pivot=result.pivot[rows],
        mean_value_krw=result.mean_value_krw[rows],
    )


@dataclass(frozen=True, eq=False)
class ScanHistory:
    """Results of many days; every array has shape (symbols, days scanned), NaN or 0 where a symbol was not scored."""

    day_index: npt.NDArray[np.int64]
    pattern: npt.NDArray[np.bool_]
    state: npt.NDArray[np.uint8]
    grade: npt.NDArray[np.uint8]
    vcp_score: npt.NDArray[np.float32]
    smartmoney_score: npt.NDArray[np.float32]
    total_score: FloatArray
    eligible: npt.NDArray[np.bool_]
    plans: DetectedPlans
    """Entry, stop, target and pivot of the detected patterns alone: one day in a thousand has one."""


def scan_days(
    panel: MarketPanel,
    day_indices: Sequence[int],
    rules: Rules,
    on_day: Callable[[int, int], None] | None = None,
    run: Callable[..., Iterable[VcpScan]] = map,
) -> ScanHistory:
    """Scan the panel as of the end of each given day.

    Parameters
    ----------
    day_indices : sequence of int
        Panel days, any order.
    on_day : callable, optional
        Called with (days done, days in all); may raise to stop.
    run : callable
        ``map`` or an executor's ``map``: days do not depend on each other and the loops release the interpreter lock.

    Notes
    -----
    Each day is scanned exactly as :func:`engine.scoring.vcp.scan` does alone, so nothing of a later day can reach it.
    """
    symbols, days = len(panel.tickers), len(day_indices)
    shape = (days, symbols)
    pattern, eligible = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    state, grade = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    vcp, flow = np.full(shape, np.nan, dtype=np.float32), np.full(shape, np.nan, dtype=np.float32)
    total = np.full(shape, np.nan)
    plans = []

    def scan_day(day: int) -> VcpScan:
        return scan(panel, AsOf.end_of(panel.days[day].astype("datetime64[D]").item()), rules)

    for position, result in enumerate(run(scan_day, day_indices)):
        pattern[position], eligible[position] = result.pattern, result.ineligible == 0
        state[position], grade[position] = result.state, result.grade
        vcp[position], flow[position] = result.vcp_score, result.smartmoney_score
        total[position] = result.total_score
        plans.append(_plans_of(position, result))
        if on_day is not None:
            on_day(position + 1, days)
    return ScanHistory(
        day_index=np.asarray(day_indices, dtype=np.int64),
        pattern=pattern.T,
        state=state.T,
        grade=grade.T,
        vcp_score=vcp.T,
        smartmoney_score=flow.T,
        total_score=total.T,
        eligible=eligible.T,
        plans=DetectedPlans.joined(plans),
    )
