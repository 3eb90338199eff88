"""Evidence of one symbol's day-trading checklist, read off the arrays of a scan (domain.md §4.1).

Values, points, states and reasons are the scan's own; what is added is where each number came from: the prior bars, the level
it was compared with, the inputs of the calculation and the instant it was known. Each of the seven items is a group of its own.

Texts: ``day_evidence.item.<item>``, ``day_evidence.calc.<item>`` with the inputs named here, ``day_evidence.reason.<reason>``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.features.day_measures import PriorMeasures
from engine.model.daytrade import DAY_ITEMS, DayQuotes, DayTradeScan, ItemReason
from engine.model.evidence import BarSpan, Evidence, EvidenceGroup, ItemState, LevelLine, Pane, SourceRef
from engine.model.instants import day_of
from engine.model.panel import MarketPanel
from engine.thresholds import Rules

__all__ = ["explain_day_trade"]

_COL = {item: index for index, item in enumerate(DAY_ITEMS)}
_EPOCH = date(1970, 1, 1)
_EPS = 1e-9
Inputs = tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one item adds to the scan's columns."""

    unit: str
    op: str
    value: float
    threshold: float
    inputs: Inputs
    spans: tuple[BarSpan, ...] = ()
    levels: tuple[LevelLine, ...] = ()
    margin: float | None = None
    margin_unit: str = ""


class _Windows:
    """The symbol's valid bars up to t-1, and the trading day, as day ordinals."""

    def __init__(self, panel: MarketPanel, scan: DayTradeScan, row: int) -> None:
        self.panel_days = panel.days.astype("datetime64[D]").astype(np.int64)
        self.index = np.flatnonzero(panel.valid[row, : scan.prior_day_index + 1])
        self.today = (day_of(scan.now_ns) - _EPOCH).days

    def first(self, bars: int) -> int:
        """Ordinal of the bar ``bars`` bars before the trading day; the oldest where there are fewer."""
        return int(self.panel_days[self.index[max(len(self.index) - bars, 0)]])

    def window(self, bars: int, pane: Pane = "price", role: str = "window") -> tuple[BarSpan, ...]:
        """The last ``bars`` prior bars; empty without any."""
        if not len(self.index):
            return ()
        return (BarSpan(self.first(bars), int(self.panel_days[self.index[-1]]), pane, role),)

    def one(self, back: int) -> tuple[BarSpan, ...]:
        """The single bar ``back`` bars before the trading day (1 = t-1)."""
        if len(self.index) < back:
            return ()
        return (BarSpan(self.first(back), self.first(back), "price", "bar"),)

    def now(self, pane: Pane = "price") -> tuple[BarSpan, ...]:
        """The trading day itself."""
        return (BarSpan(self.today, self.today, pane, "bar"),)

    def level(self, value: float, bars: int, label: str, pane: Pane = "price") -> tuple[LevelLine, ...]:
        """A level over the last ``bars`` prior bars up to the trading day; empty where it is missing."""
        if math.isnan(value) or not len(self.index):
            return ()
        return (LevelLine(value, self.first(bars), self.today, pane, f"day_evidence.level.{label}"),)


def explain_day_trade(
    panel: MarketPanel,
    scan: DayTradeScan,
    prior: PriorMeasures,
    quotes: DayQuotes,
    row: int,
    rules: Rules,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> tuple[EvidenceGroup, ...]:
    """Return the evidence of the seven items of one symbol, one group an item, in the order of the checklist.

    Parameters
    ----------
    scan, prior, quotes
        A scan of ``panel`` under ``rules`` with the measures and quotes it was made from.
    row : int
        Row of the symbol in the panel.

    Returns
    -------
    tuple of EvidenceGroup
        Seven groups; an item that could not be judged is UNKNOWN with its reason and what is known of it. ``known_at_ns`` is
        the instant of the quotes where the price or volume of the day takes part (the official instant of final bars), else
        the instant the flows were confirmed.
    """
    windows = _Windows(panel, scan, row)
    now = sessions.official_bar_ns(day_of(quotes.now_ns)) if quotes.final else quotes.now_ns
    flow_at = _flow_known_at(panel, prior, row, windows, rules, sessions)
    measured = {
        "spike": _spike(scan, quotes, row, windows, rules),
        "momentum": _momentum(scan, row, windows, rules),
        "box": _box(scan, row, windows, rules),
        "ma5": _average(scan, row, windows, rules),
        "institution": _institution(scan, prior, row, windows, rules),
        "oversold": _oversold(scan, quotes, row, windows, rules),
        "sector": _sector(panel, scan, row, windows, rules),
    }
    bars = SourceRef("daily_price", "KRX")
    price_sources = (bars,) if quotes.final else (SourceRef("quotes", "", final=False), bars)
    groups = []
    for item in DAY_ITEMS:
        is_flow = item == "institution"
        sources = (SourceRef("flow", ""), bars) if is_flow else price_sources
        evidence = _evidence(scan, row, item, measured[item], flow_at if is_flow else now, sources, rules)
        groups.append(EvidenceGroup(item, evidence.points, evidence.max_points, evidence.known_at_ns, (evidence,)))
    return tuple(groups)


def _evidence(
    scan: DayTradeScan,
    row: int,
    item: str,
    measured: _Measured,
    known_at: int | None,
    sources: tuple[SourceRef, ...],
    rules: Rules,
) -> Evidence:
    column = _COL[item]
    state = ItemState(int(scan.state[row, column]))
    reason = ItemReason(int(scan.reason[row, column]))
    unknown = state is ItemState.UNKNOWN or math.isnan(measured.value)
    value = None if unknown else measured.value
    threshold = None if math.isnan(measured.threshold) else measured.threshold
    margin = None
    if value is not None and threshold is not None:
        margin = measured.margin if measured.margin is not None else value - threshold
    return Evidence(
        item=item,
        group=item,
        value=value,
        unit=measured.unit,
        op=measured.op,
        threshold=threshold,
        margin=margin,
        points=float(scan.points[row, column]),
        max_points=rules.daytrading.full_points,
        state=state,
        rule=f"§4.1-{column + 1}",
        margin_unit=measured.margin_unit if margin is not None else "",
        reason="" if reason is ItemReason.NONE else f"day_evidence.reason.{reason.name.lower()}",
        spans=measured.spans,
        levels=measured.levels,
        sources=sources,
        known_at_ns=None if unknown else known_at,
        inputs=measured.inputs,
    )


def _at(scan: DayTradeScan, name: str, row: int) -> float:
    return float(getattr(scan, name)[row])


def _next(value: float, part: float, full: float) -> float:
    """The step of two that would earn more: the lower one below it, else the upper one."""
    return part if value < part - _EPS else full


def _over(value: float, level: float) -> float:
    """How far a price is above a level, in percent."""
    return 100.0 * (value / level - 1.0) if level > 0 else math.nan


def _spike(scan: DayTradeScan, quotes: DayQuotes, row: int, windows: _Windows, rules: Rules) -> _Measured:
    day = rules.daytrading
    relative, mean = _at(scan, "relative_volume", row), _at(scan, "mean_volume", row)
    threshold = _next(relative, day.spike_part, day.spike_full)
    inputs: Inputs = (("volume", float(quotes.volume_shares[row])), ("phi", scan.phi), ("mean_volume", mean))
    spans = (*windows.window(day.volume_bars, "volume", "reference"), *windows.now("volume"))
    levels = windows.level(threshold * mean * scan.phi, day.volume_bars, "spike", "volume")
    return _Measured("×", ">=", relative, threshold, inputs, spans, levels)


def _momentum(scan: DayTradeScan, row: int, windows: _Windows, rules: Rules) -> _Measured:
    """The nearest price that would earn more: one of H20, 1.02 and 1.01 x the last high."""
    day, price = rules.daytrading, _at(scan, "price", row)
    high, last = _at(scan, "high_20", row), _at(scan, "prior_high", row)
    full, part = day.momentum_full * last, day.momentum_part * last
    # Whichever full step is nearer; below both full and part, the lower of them.
    by_high = high <= full
    nearest, op = (high, ">") if by_high else (full, ">=")
    earned = float(scan.points[row, _COL["momentum"]])
    if earned <= 0 and part < nearest:
        nearest, op = part, ">="
    label = "high_20" if op == ">" else "prior_high"
    inputs: Inputs = (("price", price), ("high_20", high), ("prior_high", last))
    spans = (*windows.window(day.range_bars), *windows.one(1), *windows.now())
    levels = windows.level(nearest, day.range_bars, label)
    return _Measured("won", op, price, nearest, inputs, spans, levels, _over(price, nearest), "%")


def _box(scan: DayTradeScan, row: int, windows: _Windows, rules: Rules) -> _Measured:
    """The width where it is no box, else the price against the next level of the box."""
    day, price = rules.daytrading, _at(scan, "price", row)
    high, low, width = _at(scan, "high_20", row), _at(scan, "low_20", row), _at(scan, "box_width_pct", row)
    inputs: Inputs = (("price", price), ("high_20", high), ("low_20", low), ("width_pct", width))
    spans = (*windows.window(day.range_bars), *windows.now())
    box = (*windows.level(high, day.range_bars, "high_20"), *windows.level(low, day.range_bars, "low_20"))
    if scan.reason[row, _COL["box"]] == ItemReason.NOT_A_BOX:
        return _Measured("%", "<=", width, day.box_width_pct, inputs, spans, box)
    near = low + day.box_part * (high - low)
    threshold, op = (near, ">=") if price < near - _EPS else (high, ">")
    edge = windows.level(near, day.range_bars, "box_part") if op == ">=" else ()
    return _Measured("won", op, price, threshold, inputs, spans, (*box, *edge), _over(price, threshold), "%")


def _average(scan: DayTradeScan, row: int, windows: _Windows, rules: Rules) -> _Measured:
    day, price, ma5 = rules.daytrading, _at(scan, "price", row), _at(scan, "ma5", row)
    part = day.ma_part * ma5
    threshold, op = (part, ">=") if price < part - _EPS else (ma5, ">")
    inputs: Inputs = (("price", price), ("ma5", ma5), ("sum_close", ma5 * day.ma_bars - price), ("bars", day.ma_bars))
    spans = (*windows.window(day.ma_bars - 1), *windows.now())
    levels = windows.level(ma5, day.ma_bars - 1, "ma5")
    return _Measured("won", op, price, threshold, inputs, spans, levels, _over(price, threshold), "%")


def _institution(scan: DayTradeScan, prior: PriorMeasures, row: int, windows: _Windows, rules: Rules) -> _Measured:
    """Net buying in won, or as a share of turnover where that is what earns the points or is nearer to the next step."""
    day = rules.daytrading
    net, share = _at(scan, "net_5d_krw", row), _at(scan, "net_share_pct", row)
    by_won, by_share = _next(net, day.flow_part_krw, day.flow_full_krw), _next(share, day.flow_part_pct, day.flow_full_pct)
    inputs: Inputs = (
        ("net", net),
        ("institution", _at(scan, "institution_5d_krw", row)),
        ("turnover", float(prior.turnover_5d_krw[row])),
        ("share_pct", share),
        ("days", int(scan.flow_days[row])),
    )
    spans = windows.window(day.flow_days, "flow")
    if not math.isnan(share) and share / by_share > net / by_won:
        return _Measured("%", ">=", share, by_share, inputs, spans)
    return _Measured("won", ">=", net, by_won, inputs, spans)


def _oversold(scan: DayTradeScan, quotes: DayQuotes, row: int, windows: _Windows, rules: Rules) -> _Measured:
    """The drawdown until it is deep enough for the next step, then the day's change."""
    day = rules.daytrading
    drawdown, change = _at(scan, "drawdown_pct", row), _at(scan, "change_pct", row)
    close, high = _at(scan, "prior_close", row), _at(scan, "high_20", row)
    inputs: Inputs = (
        ("prior_close", close),
        ("high_20", high),
        ("drawdown_pct", drawdown),
        ("price", _at(scan, "price", row)),
        ("base", float(quotes.base[row])),
        ("change_pct", change),
    )
    spans = (*windows.window(day.range_bars), *windows.one(1), *windows.now())
    levels = windows.level(high, day.range_bars, "high_20")
    if drawdown >= day.oversold_full_pct - _EPS:
        op, threshold = (">", 0.0) if change <= _EPS else (">=", day.rebound_full_pct)
        return _Measured("%", op, change, threshold, inputs, spans, levels)
    if drawdown >= day.oversold_part_pct - _EPS and change <= _EPS:
        return _Measured("%", ">", change, 0.0, inputs, spans, levels)
    threshold = _next(drawdown, day.oversold_part_pct, day.oversold_full_pct)
    return _Measured("%", ">=", drawdown, threshold, inputs, spans, levels)


def _sector(panel: MarketPanel, scan: DayTradeScan, row: int, windows: _Windows, rules: Rules) -> _Measured:
    """The sector's percentile; the own return against the median where that keeps the points at 8."""
    day = rules.daytrading
    percentile, rank = float(scan.values[row, _COL["sector"]]), int(scan.sector_rank[row])
    own, median = _at(scan, "return_5d_pct", row), _at(scan, "sector_median_pct", row)
    inputs: Inputs = (
        ("sector", str(panel.sectors[row])),
        ("price", _at(scan, "price", row)),
        ("rank", rank),
        ("count", int(scan.sector_count)),
        ("median_pct", median),
        ("own_pct", own),
    )
    spans = (*windows.one(day.sector_bars), *windows.now())
    if scan.reason[row, _COL["sector"]] == ItemReason.BELOW_MEDIAN:
        return _Measured("%", ">=", own, median, inputs, spans)
    threshold = day.sector_part_pct if percentile > day.sector_part_pct + _EPS else day.sector_full_pct
    return _Measured("%", "<=", percentile, threshold, inputs, spans)


def _flow_known_at(
    panel: MarketPanel,
    prior: PriorMeasures,
    row: int,
    windows: _Windows,
    rules: Rules,
    sessions: SessionTable,
) -> int | None:
    """When the last day of the flow window that counted was confirmed; None where none counted."""
    days = windows.index[-rules.daytrading.flow_days :]
    known = days[
        (days <= prior.flow_day) & ~np.isnan(panel.foreign_krw[row, days]) & ~np.isnan(panel.institution_krw[row, days])
    ]
    if not len(known):
        return None
    last: date = panel.days[known[-1]].astype("datetime64[D]").item()
    return sessions.confirmed_flow_ns(last)
