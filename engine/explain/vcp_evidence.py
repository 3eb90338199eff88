"""Evidence of one symbol's VCP and SmartMoney score, read off the arrays of a scan (domain.md §§2.3-2.10).

Nothing is computed again: values, points and states are the scan's own columns at one row. What is added is where each
number came from: the bars it was measured on, the level it was compared with, its source and the instant it was known at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.model.evidence import BarSpan, Evidence, EvidenceGroup, ItemState, LevelLine, Pane, SourceRef
from engine.model.panel import MarketPanel
from engine.model.scan import GROUPS, ITEM_GROUP, ITEMS, ScanFlag, VcpScan, VcpState
from engine.scoring.rounding import EPS
from engine.scoring.vcp import item_maxima
from engine.thresholds import Ladder, Rules

__all__ = ["explain_vcp"]

_COL = {item: index for index, item in enumerate(ITEMS)}
Inputs = tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one item adds to the scan's columns."""

    unit: str
    op: str
    value: float
    threshold: float
    rule: str
    inputs: Inputs
    spans: tuple[BarSpan, ...] = ()
    levels: tuple[LevelLine, ...] = ()
    high: float | None = None
    margin: float | None = None
    margin_unit: str = ""


class _Bars:
    """The symbol's valid bars up to the as-of day, addressed backwards from ``t`` (0) and from ``s`` (1)."""

    def __init__(self, panel: MarketPanel, row: int, day: int) -> None:
        self.days: npt.NDArray[np.int64] = panel.days.astype("datetime64[D]").astype(np.int64)
        self.index = np.flatnonzero(panel.valid[row, : day + 1])

    def day(self, back: int) -> int:
        """Day ordinal of the bar ``back`` bars before the last valid one; the oldest where there are fewer."""
        return int(self.days[self.index[max(len(self.index) - 1 - back, 0)]])

    def span(self, first_back: int, last_back: int, pane: Pane = "price", role: str = "window") -> BarSpan:
        """Span from ``first_back`` to ``last_back`` bars before the last valid one."""
        return BarSpan(self.day(first_back), self.day(last_back), pane, role)

    def after(self, panel_day: int) -> int:
        """Day ordinal of the first valid bar after a panel day."""
        position = int(np.searchsorted(self.index, panel_day, side="right"))
        return int(self.days[self.index[min(position, len(self.index) - 1)]])

    def ordinal(self, panel_day: int) -> int:
        """Day ordinal of a panel day."""
        return int(self.days[panel_day])


def explain_vcp(
    panel: MarketPanel, scan: VcpScan, row: int, rules: Rules, sessions: SessionTable = DEFAULT_SESSIONS
) -> tuple[EvidenceGroup, ...]:
    """Return the evidence of every item of one symbol, in the order and groups of the score.

    Parameters
    ----------
    scan : VcpScan
        Scan of ``panel`` under ``rules``.
    row : int
        Row of the symbol in the panel.

    Returns
    -------
    tuple of EvidenceGroup
        Groups A … F and SM with their subtotals. Items of a symbol that could not be scored are UNKNOWN with the reason.
    """
    bars = _Bars(panel, row, scan.day_index)
    maxima = item_maxima(rules)
    scored = not math.isnan(float(scan.vcp_score[row]))
    measured: dict[str, _Measured] = {}
    if scored:
        measured |= _trend(scan, row, bars, rules)
        measured |= _structure(scan, row, bars, rules)
        measured |= _volume(scan, row, bars, rules)
        measured["E1"] = _pivot(scan, row, bars, rules)
        measured["F1"] = _strength(scan, row, bars, rules)
    flow_window = _flow_window(panel, scan, row, rules.smartmoney.window_days)
    if scan.flow_turnover[row] > 0:
        measured |= _flows(scan, row, bars, rules, flow_window)

    known_t = sessions.official_bar_ns(panel.days[scan.day_index].astype("datetime64[D]").item())
    known_s = known_t
    if len(bars.index) >= 2:
        known_s = sessions.official_bar_ns(panel.days[bars.index[-2]].astype("datetime64[D]").item())
    known_flow = (
        sessions.confirmed_flow_ns(panel.days[flow_window[-1]].astype("datetime64[D]").item()) if len(flow_window) else None
    )
    estimated = bool(scan.flags[row] & int(ScanFlag.VALUE_ESTIMATED))
    groups = []
    for group in GROUPS:
        items = []
        known_at = known_flow if group == "SM" else known_s if group in "BCD" else known_t
        for item, item_group in zip(ITEMS, ITEM_GROUP, strict=True):
            if item_group == group:
                source = (
                    SourceRef("flow", "", estimated=estimated and not bool(scan.flow_in_shares[row]))
                    if group == "SM"
                    else SourceRef("daily_price", "KRX")
                )
                items.append(_evidence(scan, row, item, group, measured.get(item), float(maxima[_COL[item]]), known_at, source))
        maximum = sum(e.max_points for e in items)
        groups.append(EvidenceGroup(group, float(scan.group_points[row, GROUPS.index(group)]), maximum, known_at, tuple(items)))
    return tuple(groups)


def _evidence(
    scan: VcpScan,
    row: int,
    item: str,
    group: str,
    measured: _Measured | None,
    maximum: float,
    known_at: int | None,
    source: SourceRef,
) -> Evidence:
    column = _COL[item]
    state = ItemState(int(scan.item_state[row, column]))
    points = float(scan.item_points[row, column])
    reason = _unknown_reason(scan, row, item) if state is ItemState.UNKNOWN else ""
    if measured is None or state is ItemState.UNKNOWN:
        return Evidence(
            item=item,
            group=group,
            value=None,
            unit=measured.unit if measured else "",
            op=measured.op if measured else "",
            threshold=_known(measured.threshold) if measured else None,
            margin=None,
            points=points,
            max_points=maximum,
            state=state,
            rule=measured.rule if measured else "",
            reason=reason,
            sources=(source,),
        )
    value = _known(measured.value)
    margin = measured.margin
    if margin is None and value is not None and _known(measured.threshold) is not None:
        margin = _distance(value, measured.threshold, measured.high)
    return Evidence(
        item=item,
        group=group,
        value=value,
        unit=measured.unit,
        op=measured.op,
        threshold=_known(measured.threshold),
        margin=margin if value is not None else None,
        points=points,
        max_points=maximum,
        state=state,
        rule=measured.rule,
        threshold_high=measured.high,
        margin_unit=measured.margin_unit,
        reason="evidence.reason.too_few_legs" if value is None else "",
        spans=measured.spans,
        levels=measured.levels,
        sources=(source,),
        known_at_ns=known_at,
        inputs=measured.inputs,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _distance(value: float, low: float, high: float | None) -> float:
    """Signed distance to a threshold, or to the nearer end of a range (0 inside)."""
    if high is None:
        return value - low
    return value - high if value > high else value - low if value < low else 0.0


def _unknown_reason(scan: VcpScan, row: int, item: str) -> str:
    state = scan.state[row]
    if item.startswith("SM"):
        return "evidence.reason.flow_missing"
    if state == VcpState.NOT_TRADABLE:
        return "evidence.reason.not_tradable"
    if state == VcpState.INSUFFICIENT_HISTORY:
        return "evidence.reason.too_few_bars"
    if item in {"T8", "F1"}:
        return "evidence.reason.no_rank"
    return "evidence.reason.average_missing"


def _next_rung(value: float, ladder: Ladder, *, rising: bool) -> float:
    """Threshold of the next rung that would give more points; the best rung's where all are reached."""
    for rung in reversed(ladder):
        if (value < rung.threshold - 1e-9) if rising else (value > rung.threshold + 1e-9):
            return rung.threshold
    return ladder[0].threshold


# -- A: trend template --------------------------------------------------------------------------------------------------


def _trend(scan: VcpScan, row: int, bars: _Bars, rules: Rules) -> dict[str, _Measured]:
    close, ma50, ma150 = float(scan.close[row]), float(scan.ma50[row]), float(scan.ma150[row])
    ma200, before = float(scan.ma200[row]), float(scan.ma200_before[row])
    low, high = float(scan.low_250[row]), float(scan.high_250[row])
    values = scan.item_value[row]
    now = bars.span(0, 0, role="bar")
    w50, w150, w200 = bars.span(49, 0), bars.span(149, 0), bars.span(199, 0)
    year = bars.span(249, 0)
    upper = max(ma150, ma200) if not (math.isnan(ma150) or math.isnan(ma200)) else math.nan

    def against(item: str, value: float, level: float, inputs: Inputs, spans: tuple[BarSpan, ...]) -> _Measured:
        rule = f"§2.3 {item}"
        margin = float(values[_COL[item]])
        return _Measured("won", ">", value, level, rule, inputs, spans, margin=margin, margin_unit="%")

    t6, t7 = 100.0 * (rules.vcp.low_multiple - 1.0), 100.0 * (rules.vcp.high_fraction - 1.0)
    first, last = year.first_day, year.last_day
    return {
        "T1": against(
            "T1", close, upper, (("close", close), ("ma150", ma150), ("ma200", ma200)), (w200, _as_reference(w150), now)
        ),
        "T2": against("T2", ma150, ma200, (("ma150", ma150), ("ma200", ma200)), (w150, _as_reference(w200))),
        "T3": _Measured(
            "%",
            ">",
            float(values[_COL["T3"]]),
            0.0,
            "§2.3 T3",
            (("ma200", ma200), ("ma200_before", before)),
            (w200, bars.span(221, 22, role="reference")),
        ),
        "T4": against(
            "T4",
            ma50,
            upper,
            (("ma50", ma50), ("ma150", ma150), ("ma200", ma200)),
            (w50, _as_reference(w150), _as_reference(w200)),
        ),
        "T5": against("T5", close, ma50, (("close", close), ("ma50", ma50)), (w50, now)),
        "T6": _Measured(
            "%",
            ">=",
            float(values[_COL["T6"]]),
            t6,
            "§2.3 T6",
            (("close", close), ("low", low), ("multiple", rules.vcp.low_multiple)),
            (year, now),
            (LevelLine(low * rules.vcp.low_multiple, first, last, "price", "evidence.level.low_multiple"),),
        ),
        "T7": _Measured(
            "%",
            ">=",
            float(values[_COL["T7"]]),
            t7,
            "§2.3 T7",
            (("close", close), ("high", high), ("fraction", rules.vcp.high_fraction)),
            (year, now),
            (LevelLine(high * rules.vcp.high_fraction, first, last, "price", "evidence.level.high_fraction"),),
        ),
        "T8": _Measured(
            "RS",
            ">=",
            float(scan.rs[row]),
            rules.vcp.rs_min,
            "§2.3 T8",
            _rank_inputs(scan, row),
            _strength_bars(bars),
        ),
    }


def _as_reference(span: BarSpan) -> BarSpan:
    return BarSpan(span.first_day, span.last_day, span.pane, "reference")


def _whole(value: float) -> float | int:
    return value if math.isnan(value) else int(value)


def _strength_bars(bars: _Bars) -> tuple[BarSpan, ...]:
    return tuple(bars.span(back, back, role="bar") for back in (250, 189, 126, 63, 0))


def _rank_inputs(scan: VcpScan, row: int) -> Inputs:
    """The rank with what it was made from: the raw strength, and how many of the pool are below it, equal to it, and in all.

    The symbol itself counts as equal, and as one of the pool also where it is only ranked as if it were in it (§2.4).
    """
    own = float(scan.rs_raw[row])
    is_member = (scan.ineligible == 0) & ~np.isnan(scan.vcp_score)
    pool = scan.rs_raw[is_member & ~np.isnan(scan.rs_raw)]
    added = 0 if is_member[row] else 1
    return (
        ("rs", _whole(scan.rs[row])),
        ("rs_raw_pct", own),
        ("pool_below", int(np.count_nonzero(pool < own - EPS))),
        ("pool_equal", int(np.count_nonzero(np.abs(pool - own) <= EPS)) + added),
        ("pool", len(pool) + added),
    )


def _strength(scan: VcpScan, row: int, bars: _Bars, rules: Rules) -> _Measured:
    rs = float(scan.rs[row])
    return _Measured(
        "RS",
        ">=",
        rs,
        _next_rung(rs, rules.vcp.rs_ladder, rising=True),
        "§2.4 F",
        _rank_inputs(scan, row),
        _strength_bars(bars),
    )


# -- B and D2: structure ------------------------------------------------------------------------------------------------


def _leg_spans(scan: VcpScan, row: int, bars: _Bars) -> tuple[BarSpan, ...]:
    count = min(int(scan.t_count[row]), scan.leg_start.shape[1])
    return tuple(
        BarSpan(bars.ordinal(int(scan.leg_start[row, k])), bars.ordinal(int(scan.leg_end[row, k])), "price", "window")
        for k in range(count)
    )


def _leg_inputs(scan: VcpScan, row: int, legs: range) -> Inputs:
    """Top and bottom of contractions, numbered from 1: the bar of the top may itself have traded below the bottom (§2.5)."""
    return tuple(
        (f"{name}_{leg + 1}", float(levels[row, leg]))
        for leg in legs
        for name, levels in (("high", scan.leg_high), ("low", scan.leg_low))
    )


def _structure(scan: VcpScan, row: int, bars: _Bars, rules: Rules) -> dict[str, _Measured]:
    vcp = rules.vcp
    legs = _leg_spans(scan, row, bars)
    count = int(scan.t_count[row])
    values = scan.item_value[row]
    depths = "→".join(f"{depth:.1f}" for depth in scan.depths_pct(row))
    best = max(points for _, points in vcp.count_points)
    full = [float(n) for n, points in vcp.count_points if points == best]
    mean_ratio, first_depth, last_depth = (float(values[_COL[item]]) for item in ("B2", "B3", "D2"))
    length = float(scan.base_bars[row])
    base = (BarSpan(bars.ordinal(int(scan.base_start[row])), bars.day(1), "price", "window"),)
    return {
        "B1": _Measured("count", "between", float(count), min(full), "§2.6", (("count", count),), legs, high=max(full)),
        "B2": _Measured(
            "×",
            "<=",
            mean_ratio,
            _next_rung(mean_ratio, vcp.mean_ratio, rising=False),
            "§2.6",
            (("mean_ratio", mean_ratio), ("depths", depths), *_leg_inputs(scan, row, range(len(legs)))),
            legs,
        ),
        "B3": _Measured(
            "%",
            "between",
            first_depth,
            vcp.first_depth_low_pct,
            "§2.6",
            (("first_depth_pct", first_depth), *_leg_inputs(scan, row, range(len(legs))[:1])),
            legs[:1],
            high=vcp.first_depth_full_pct if first_depth <= vcp.first_depth_max_pct else vcp.first_depth_max_pct,
        ),
        "B4": _Measured(
            "bars",
            "between",
            length,
            float(vcp.base_full_bars),
            "§2.6",
            (("base_bars", int(length)),),
            base,
            high=float(vcp.base_long_bars),
        ),
        "D2": _Measured(
            "%",
            "<=",
            last_depth,
            _next_rung(last_depth, vcp.last_depth_pct, rising=False),
            "§2.7 D2",
            (("last_depth_pct", last_depth), *_leg_inputs(scan, row, range(len(legs))[-1:])),
            legs[-1:],
        ),
    }


# -- C and D1: volume and closes ----------------------------------------------------------------------------------------


def _volume(scan: VcpScan, row: int, bars: _Bars, rules: Rules) -> dict[str, _Measured]:
    vcp = rules.vcp
    values = scan.item_value[row]
    v5, v50, quiet = float(scan.v5[row]), float(scan.v50[row]), float(scan.v_lowest[row])
    last_mean, first_mean = float(scan.v_last_leg[row]), float(scan.v_first_leg[row])
    recent, fifty = bars.span(5, 1, "volume"), bars.span(55, 6, "volume", "reference")
    average = LevelLine(v50, fifty.first_day, fifty.last_day, "volume", "evidence.level.v50")
    dry, legs_ratio, quiet_ratio, span_pct = (float(values[_COL[item]]) for item in ("C1", "C2", "C3", "D1"))
    leg_spans: tuple[BarSpan, ...] = ()
    count = int(scan.t_count[row])
    if count >= 2:
        leg_spans = (
            BarSpan(bars.after(int(scan.leg_start[row, count - 1])), bars.day(1), "volume", "window"),
            BarSpan(bars.after(int(scan.leg_start[row, 0])), bars.ordinal(int(scan.leg_end[row, 0])), "volume", "reference"),
        )
    leg_rung = vcp.leg_volume_full if legs_ratio < 1.0 else 1.0
    max_close, min_close, mean_close = float(scan.max_close_5[row]), float(scan.min_close_5[row]), float(scan.mean_close_5[row])
    return {
        "C1": _Measured(
            "×",
            "<=",
            dry,
            _next_rung(dry, vcp.dry_ratio, rising=False),
            "§2.7 C1",
            (("v5", v5), ("v50", v50)),
            (recent, fifty),
            (average,),
        ),
        "C2": _Measured(
            "×",
            "<=" if leg_rung < 1.0 else "<",
            legs_ratio,
            leg_rung,
            "§2.7 C2",
            (("last_leg_mean", last_mean), ("first_leg_mean", first_mean)),
            leg_spans,
        ),
        "C3": _Measured(
            "×",
            "<=",
            quiet_ratio,
            vcp.quiet_day_ratio,
            "§2.7 C3",
            (("lowest", quiet), ("v50", v50)),
            (bars.span(10, 1, "volume"), fifty),
            (average,),
        ),
        "D1": _Measured(
            "%",
            "<=",
            span_pct,
            _next_rung(span_pct, vcp.close_range_pct, rising=False),
            "§2.7 D1",
            (("max_close", max_close), ("min_close", min_close), ("mean_close", mean_close)),
            (bars.span(5, 1),),
        ),
    }


# -- E: pivot -----------------------------------------------------------------------------------------------------------


def _pivot(scan: VcpScan, row: int, bars: _Bars, rules: Rules) -> _Measured:
    """The condition that decides the state is the one shown: distance, volume, extension or the last low (§2.8)."""
    vcp = rules.vcp
    state = VcpState(int(scan.state[row]))
    close, pivot, dist = float(scan.close[row]), float(scan.pivot[row]), float(scan.dist_pct[row])
    volume = float(scan.vol_ratio[row])
    inputs: Inputs = (
        ("close", close),
        ("pivot", pivot),
        ("dist_pct", dist),
        ("state", state.name),
        ("vol_ratio", volume),
        ("last_low", float(scan.last_low[row])),
    )
    now = bars.span(0, 0, role="bar")
    rule = "§2.8"
    count = int(scan.t_count[row])
    if count == 0:
        return _Measured("count", ">=", 0.0, 2.0, rule, inputs, (now,))
    legs = _leg_spans(scan, row, bars)
    last = legs[-1]
    level = LevelLine(pivot, last.first_day, bars.day(0), "price", "evidence.level.pivot")
    if state is VcpState.NO_BASE:
        return _Measured("count", ">=", float(count), 2.0, rule, inputs, (last, now), (level,))
    if state is VcpState.FAILED:
        low = float(scan.last_low[row])
        margin = 100.0 * (close / low - 1.0)
        low_line = LevelLine(low, last.first_day, bars.day(0), "price", "evidence.level.last_low")
        return _Measured("won", ">=", close, low, rule, inputs, (last, now), (low_line,), margin=margin, margin_unit="%")
    if state is VcpState.EXTENDED:
        return _Measured("%", "<=", -dist, vcp.max_extension_pct, rule, inputs, (last, now), (level,))
    if state in {VcpState.BREAKOUT, VcpState.BREAKOUT_UNCONFIRMED}:
        spans = (bars.span(0, 0, "volume", "bar"), bars.span(50, 1, "volume", "reference"), last, now)
        return _Measured("×", ">=", volume, vcp.breakout_volume, rule, inputs, spans, (level,))
    ladder = (*vcp.near_pivot_pct, *vcp.forming_pct)
    return _Measured("%", "<=", dist, _next_rung(dist, ladder, rising=False), rule, inputs, (last, now), (level,))


# -- SM: flows ----------------------------------------------------------------------------------------------------------


def _flow_window(panel: MarketPanel, scan: VcpScan, row: int, window: int) -> npt.NDArray[np.int64]:
    """Panel days of the flow window, oldest first."""
    last = min(scan.day_index, scan.flow_day_index)
    if last < 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(panel.valid[row, : last + 1])[-window:]


def _flows(scan: VcpScan, row: int, bars: _Bars, rules: Rules, window: npt.NDArray[np.int64]) -> dict[str, _Measured]:
    span = (BarSpan(bars.ordinal(int(window[0])), bars.ordinal(int(window[-1])), "flow", "window"),)
    unit = "shares" if scan.flow_in_shares[row] else "won"
    values = scan.item_value[row]
    foreign, institution = float(scan.flow_foreign[row]), float(scan.flow_institution[row])
    turnover = float(scan.flow_turnover[row])
    flow = rules.smartmoney

    def intensity(item: str, net: float, ladder: Ladder) -> _Measured:
        pct = float(values[_COL[item]])
        op, rung = (">=", _next_rung(pct, ladder, rising=True)) if net > 0 else (">", 0.0)
        inputs: Inputs = (("net", net), ("turnover", turnover), ("unit", unit), ("pct", pct))
        return _Measured("%", op, pct, rung, "§2.10", inputs, span)

    days = float(values[_COL["SM3"]])
    return {
        "SM1": intensity("SM1", foreign, flow.foreign_pct),
        "SM2": intensity("SM2", institution, flow.institution_pct),
        "SM3": _Measured(
            "days",
            ">=",
            days,
            _next_rung(days, flow.persistence, rising=True),
            "§2.10",
            (("days", _whole(days)), ("present", int(scan.flow_days[row]))),
            span,
        ),
        "SM4": _Measured(
            "flag",
            "flag",
            float(values[_COL["SM4"]]),
            1.0,
            "§2.10",
            (("foreign", foreign), ("institution", institution), ("unit", unit)),
            span,
        ),
    }
