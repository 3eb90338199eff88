"""The reasons of a VCP result as text keys with their numbers (the ``signals`` of domain.md §2.11's output record)."""

from __future__ import annotations

import math

from engine.model.scan import ITEMS, VcpScan, VcpState

__all__ = ["Reason", "signal_reasons"]

Reason = tuple[str, dict[str, str | int | float]]
"""Text key ``reason.<name>`` and the fields its sentence names."""

_COL = {item: index for index, item in enumerate(ITEMS)}


def signal_reasons(scan: VcpScan, row: int) -> tuple[Reason, ...]:
    """Return the sentences that describe one symbol's result, most telling first; empty where it was not scored."""
    if math.isnan(float(scan.vcp_score[row])):
        return ()
    reasons: list[Reason] = []
    state = VcpState(int(scan.state[row]))
    dist = float(scan.dist_pct[row])
    if state is not VcpState.NO_BASE:
        reasons.append(
            (f"reason.state.{state.name.lower()}", {"dist": round(abs(dist), 2), "volume": _two(scan.vol_ratio[row])})
        )
        depths = scan.depths_pct(row)
        reasons.append(
            (
                "reason.contractions",
                {"count": len(depths), "depths": "→".join(f"{d:.0f}" for d in depths), "bars": int(scan.base_bars[row])},
            )
        )
    else:
        reasons.append(("reason.state.no_base", {"count": int(scan.t_count[row])}))
    trend = sum(1 for item in ITEMS[:8] if scan.item_points[row, _COL[item]] > 0)
    reasons.append(("reason.trend", {"passed": trend}))
    if scan.item_points[row, _COL["C1"]] > 0:
        reasons.append(("reason.dry_up", {"ratio": _two(scan.dry_ratio[row])}))
    if not math.isnan(float(scan.rs[row])):
        reasons.append(("reason.strength", {"rs": int(scan.rs[row])}))
    if scan.item_points[row, _COL["SM4"]] > 0:
        reasons.append(("reason.double_buy", {}))
    return tuple(reasons)


def _two(value: float) -> float:
    return round(float(value), 2)
