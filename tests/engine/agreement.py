"""What a scan says differently from the twin."""

from __future__ import annotations

import math

import twin

from engine.model.scan import ITEMS, Grade, Ineligible, ScanFlag, ScoreStatus, VcpScan, VcpState

RELATIVE = 1e-9
COMPARED_FLAGS = ("SM_MISSING", "SM_PARTIAL", "LOW_RR", "WARNING", "DANGER", "OVERHEAT", "FLOW_SHARES")


def same(ours: float, theirs: float | None) -> bool:
    """Equal to 1e-9 relative; missing only equals missing."""
    if theirs is None:
        return math.isnan(ours)
    return math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=1e-9)


def differences(result: VcpScan, k: int, expected: twin.Result) -> list[str]:
    """What the scan says differently from the twin about one symbol."""
    found: list[str] = []

    def check(name: str, ours: object, theirs: object, equal: bool) -> None:
        if not equal:
            found.append(f"{name}: scan {ours!r}, twin {theirs!r}")

    def number(name: str, theirs: float | None) -> None:
        ours = float(getattr(result, name)[k])
        check(name, ours, theirs, same(ours, theirs))

    def code(name: str, ours: str | None, theirs: str) -> None:
        check(name, ours, theirs, ours == theirs)

    code("state", VcpState(int(result.state[k])).name, expected.state)
    code("status", ScoreStatus(int(result.status[k])).name, expected.status)
    code("grade", Grade(int(result.grade[k])).name, expected.grade)
    code("smartmoney_status", ScoreStatus(int(result.smartmoney_status[k])).name, expected.smartmoney_status)
    for name in ("n_bars", "coverage", "vcp_score", "smartmoney_score", "total_score", "rs"):
        number(name, getattr(expected, name))
    for name in ("pattern", "trend_gate", "structure_gate"):
        code(name, str(bool(getattr(result, name)[k])), str(getattr(expected, name)))
    reasons = {flag.name for flag in Ineligible if flag and flag & int(result.ineligible[k])}
    check("ineligible", reasons, expected.ineligible, reasons == expected.ineligible)
    flags = {name for name in COMPARED_FLAGS if ScanFlag[name] & int(result.flags[k])}
    check("flags", flags, expected.flags, flags == expected.flags)
    for column, item in enumerate(ITEMS):
        ours = float(result.item_points[k, column])
        check(item, ours, expected.points[item], same(ours, expected.points[item]))
    for name, theirs in expected.measures.items():
        number(name, theirs)
    for j, leg in enumerate(expected.legs):
        check(f"leg_high[{j}]", result.leg_high[k, j], leg.high, same(float(result.leg_high[k, j]), leg.high))
        check(f"leg_low[{j}]", result.leg_low[k, j], leg.low, same(float(result.leg_low[k, j]), leg.low))
        check(f"leg_start[{j}]", result.leg_start[k, j], leg.start, int(result.leg_start[k, j]) == leg.start)
        check(f"leg_end[{j}]", result.leg_end[k, j], leg.end, int(result.leg_end[k, j]) == leg.end)
    number("entry_krw", expected.entry)
    number("stop_krw", expected.stop)
    number("target_krw", expected.target)
    number("reward_risk", expected.reward_risk)
    return found
