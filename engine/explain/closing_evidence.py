"""Evidence of one symbol's closing bet, read off the arrays of a scan (domain.md §3.2).

Ten items in six groups: N1 · V1 · H1 H2 · K1 K2 K3 · P1 P2 · S1. Nothing is measured again: values and points come from the
scan's own columns. What is added is where each number came from.

How points are carried: N1, V1, H1, H2 and S1 carry their own. Candle and period are all-or-nothing, so their one point stands
on the *group*; K1-K3 and P1-P2 carry 0 of 0 points and tell by their state which test holds. The points of the groups always
add up to the total of the scan.

The words of an item are in :mod:`engine.explain.closing_sentences`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.features.closing_measures import supply_window
from engine.model.closing import CLOSING_COMPONENTS, ClosingBetScan
from engine.model.evidence import BarSpan, Evidence, EvidenceGroup, ItemState, LevelLine, Pane, SourceRef
from engine.model.news import StockNews
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import ScoreStatus
from engine.scoring.closing_bet import component_maxima
from engine.scoring.rounding import EPS, at_least, at_most, more_than
from engine.thresholds import Ladder, Rules

__all__ = ["CLOSING_ITEMS", "explain_closing"]

CLOSING_ITEMS: dict[str, tuple[str, ...]] = {
    "news": ("N1",),
    "volume": ("V1",),
    "chart": ("H1", "H2"),
    "candle": ("K1", "K2", "K3"),
    "period": ("P1", "P2"),
    "supply": ("S1",),
}
"""Items of each component, in order."""
_ALL_OR_NOTHING = ("candle", "period")
_LEVEL = "closing_evidence.level"
_REASON = "closing_evidence.reason"
Inputs = tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """What every item of one symbol needs: the scan's row, its valid bars, and when bars became known."""

    panel: MarketPanel
    scan: ClosingBetScan
    row: int
    rules: Rules
    days: npt.NDArray[np.int64]
    """Day ordinals of the panel."""
    bars: npt.NDArray[np.int64]
    """Panel days of the valid bars up to t."""
    sessions: SessionTable

    def number(self, name: str) -> float:
        """One value of the scan."""
        return float(getattr(self.scan, name)[self.row])

    def day(self, back: int) -> int:
        """Day ordinal of the bar ``back`` bars before t; the oldest where there are fewer."""
        return int(self.days[self.bars[max(len(self.bars) - 1 - back, 0)]])

    def span(self, first_back: int, last_back: int, pane: Pane = "price", role: str = "window") -> BarSpan:
        """Span between two bars counted back from t."""
        return BarSpan(self.day(first_back), self.day(last_back), pane, role)

    def known_at(self, back: int) -> int:
        """When the bar ``back`` bars before t was official, or the instant looked at while it still forms."""
        on = self.panel.days[self.bars[-1 - back]].astype("datetime64[D]").item()
        return min(self.sessions.official_bar_ns(on), self.scan.as_of.instant_ns)

    @property
    def is_final(self) -> bool:
        """Whether the bar of t is the official one."""
        on = self.panel.days[self.bars[-1]].astype("datetime64[D]").item()
        return self.sessions.official_bar_ns(on) <= self.scan.as_of.instant_ns

    def prices(self, *, estimated: bool = False) -> tuple[SourceRef, ...]:
        """Source of prices and volumes."""
        return (SourceRef("daily_price", "KRX", final=self.is_final, estimated=estimated),)


def explain_closing(
    panel: MarketPanel,
    scan: ClosingBetScan,
    row: int,
    rules: Rules,
    news: StockNews,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> tuple[EvidenceGroup, ...]:
    """Return the evidence of every item of one symbol, in the order of the components.

    Parameters
    ----------
    scan : ClosingBetScan
        Scan of ``panel`` under ``rules``.
    row : int
        Row of the symbol in the panel.
    news : StockNews
        The symbol's news at the scan's instant, for what N1 was made of; its points are the scan's.

    Returns
    -------
    tuple of EvidenceGroup
        Groups ``news`` … ``supply``. Items that could not be judged are UNKNOWN with the reason, without value and spans.
    """
    days = panel.days.astype("datetime64[D]").astype(np.int64)
    bars = np.flatnonzero(panel.valid[row, : scan.day_index + 1])
    at = _Row(panel, scan, row, rules, days, bars, sessions)
    maxima = component_maxima(rules)
    has_bar = math.isfinite(float(scan.total[row]))
    groups = []
    for column, component in enumerate(CLOSING_COMPONENTS):
        judged = has_bar and scan.status[row, column] != ScoreStatus.MISSING
        reason = f"{_REASON}.{'not_tradable' if not has_bar else _MISSING[component]}"
        if judged and component == "news":
            items: tuple[Evidence, ...] = (_news(at, news),)
        elif judged:
            items = _MAKERS[component](at)
        else:
            items = tuple(_unknown(item, component, reason, at) for item in CLOSING_ITEMS[component])
        known = [item.known_at_ns for item in items if item.known_at_ns is not None]
        points = float(scan.points[row, column])
        groups.append(EvidenceGroup(component, points, float(maxima[column]), max(known, default=None), items))
    return tuple(groups)


_MISSING = {
    "news": "news_missing",
    "volume": "value_missing",
    "chart": "chart_bars",
    "candle": "not_tradable",
    "period": "period_bars",
    "supply": "flow_missing",
}
"""Why a component is missing."""

_RULE = {"news": "§6.5", "volume": "§3.2", "chart": "§3.2", "candle": "§3.2", "period": "§3.2", "supply": "§3.2"}


def _unknown(item: str, component: str, reason: str, at: _Row) -> Evidence:
    maximum = 0.0 if component in _ALL_OR_NOTHING else _item_maximum(item, at.rules)
    return Evidence(
        item=item,
        group=component,
        value=None,
        unit="",
        op="",
        threshold=None,
        margin=None,
        points=0.0,
        max_points=maximum,
        state=ItemState.UNKNOWN,
        rule=_RULE[component],
        reason=reason,
    )


def _item_maximum(item: str, rules: Rules) -> float:
    jongga = rules.jongga
    if item in ("H1", "H2"):
        return jongga.near_high_points if item == "H1" else jongga.breakout_points
    component = {"N1": "news", "V1": "volume", "S1": "supply"}[item]
    return float(component_maxima(rules)[CLOSING_COMPONENTS.index(component)])


def _state(points: float, maximum: float) -> ItemState:
    if points >= maximum - EPS:
        return ItemState.PASSED
    return ItemState.PARTIAL if points > 0.0 else ItemState.FAILED


def _is(test: Callable[[FloatArray, float], npt.NDArray[np.bool_]], value: float, limit: float) -> bool:
    """One comparison with the scorer's tolerance."""
    return bool(test(np.asarray(value, dtype=np.float64), limit))


def _test(passed: bool) -> ItemState:
    return ItemState.PASSED if passed else ItemState.FAILED


def _next_rung(value: float, ladder: Ladder) -> float:
    """Threshold of the next rung of a rising ladder; the best one's where all are reached."""
    return next((rung.threshold for rung in reversed(ladder) if value < rung.threshold - EPS), ladder[0].threshold)


# -- news ---------------------------------------------------------------------------------------------------------------


def _news(at: _Row, news: StockNews) -> Evidence:
    """Net effect of the scored clusters; its next rung, or the largest effect where that alone is missing (§6.5)."""
    rules = at.rules.news
    net, peak = at.number("news_net"), at.number("news_peak")
    points = float(at.scan.points[at.row, CLOSING_COMPONENTS.index("news")])
    needs = (rules.net_some, rules.net_good, rules.net_full)
    need = next((limit for limit in needs if net < limit - EPS), rules.net_full)
    margin = net - need
    if net >= rules.net_full - EPS and peak < rules.peak_full - EPS:
        margin = peak - rules.peak_full
    known = [item.known_at_ns for cluster in news.clusters for item in cluster.members]
    sources = dict.fromkeys(cluster.representative.source for cluster in news.clusters)
    inputs: list[tuple[str, float | int | str]] = [
        ("net", net),
        ("peak", peak),
        ("peak_need", rules.peak_full),
        ("clusters", len(news.clusters)),
        ("veto", int(news.veto)),
        ("points", points),
    ]
    if news.verdict is not None and news.points is not None:
        inputs += [("rule_points", news.points), ("model_points", news.verdict.final)]
    inputs += [(f"effect_{number}", cluster.effect) for number, cluster in enumerate(news.clusters, start=1)]
    return Evidence(
        item="N1",
        group="news",
        value=net,
        unit="points",
        op=">=",
        threshold=need,
        margin=margin,
        points=points,
        max_points=_item_maximum("N1", at.rules),
        state=_state(points, _item_maximum("N1", at.rules)),
        rule=_RULE["news"],
        sources=tuple(SourceRef("news", source) for source in sources) or (SourceRef("news", ""),),
        # Nothing found is known since it was looked for.
        known_at_ns=max((moment for moment in known if moment is not None), default=at.scan.as_of.instant_ns),
        inputs=tuple(inputs),
    )


# -- volume -------------------------------------------------------------------------------------------------------------


def _volume(at: _Row) -> tuple[Evidence, ...]:
    ladder = at.rules.jongga.value_krw
    value = at.number("value_krw")
    points = float(at.scan.points[at.row, CLOSING_COMPONENTS.index("volume")])
    estimated = bool(at.scan.value_estimated[at.row])
    need = _next_rung(value, ladder)
    volume = int(at.panel.volume_shares[at.row, at.scan.day_index])
    inputs: Inputs = (("value", value), ("estimated", int(estimated)), ("volume", volume))
    if estimated:
        inputs += tuple((name, at.number(name)) for name in ("open", "high", "low", "close"))
        inputs += (("typical", (at.number("open") + at.number("high") + at.number("low") + at.number("close")) / 4.0),)
    return (
        Evidence(
            item="V1",
            group="volume",
            value=value,
            unit="won",
            op=">=",
            threshold=need,
            margin=value - need,
            points=points,
            max_points=_item_maximum("V1", at.rules),
            state=_state(points, _item_maximum("V1", at.rules)),
            rule=_RULE["volume"],
            spans=(at.span(0, 0, "volume", "bar"),),
            sources=at.prices(estimated=estimated),
            known_at_ns=at.known_at(0),
            inputs=inputs,
        ),
    )


# -- chart --------------------------------------------------------------------------------------------------------------


def _chart(at: _Row) -> tuple[Evidence, ...]:
    jongga = at.rules.jongga
    close, high, before = at.number("close"), at.number("high_250"), at.number("high_60")
    length = min(len(at.bars), jongga.high_window_bars)
    year, sixty = at.span(length - 1, 0), at.span(jongga.breakout_bars, 1)
    now = at.span(0, 0, role="bar")
    near, above = _is(at_least, close, jongga.near_high * high), _is(more_than, close, before)
    level = jongga.near_high * high
    common = Evidence(
        item="H1",
        group="chart",
        value=at.number("near_high"),
        unit="×",
        op=">=",
        threshold=jongga.near_high,
        margin=at.number("near_high") - jongga.near_high,
        points=jongga.near_high_points if near else 0.0,
        max_points=jongga.near_high_points,
        state=_test(near),
        rule=_RULE["chart"],
        spans=(year, now),
        levels=(LevelLine(level, year.first_day, year.last_day, "price", f"{_LEVEL}.near_high"),),
        sources=at.prices(),
        known_at_ns=at.known_at(0),
        inputs=(("close", close), ("high", high), ("fraction", jongga.near_high), ("bars", length)),
    )
    breakout = replace(
        common,
        item="H2",
        value=close,
        unit="won",
        op=">",
        threshold=before,
        margin=100.0 * (close / before - 1.0),
        margin_unit="%",
        points=jongga.breakout_points if above else 0.0,
        max_points=jongga.breakout_points,
        state=_test(above),
        spans=(sixty, now),
        levels=(LevelLine(before, sixty.first_day, now.last_day, "price", f"{_LEVEL}.breakout"),),
        inputs=(("close", close), ("high", before), ("bars", jongga.breakout_bars)),
    )
    return common, breakout


# -- candle -------------------------------------------------------------------------------------------------------------


def _candle(at: _Row) -> tuple[Evidence, ...]:
    jongga = at.rules.jongga
    open_, high, low, close = (at.number(name) for name in ("open", "high", "low", "close"))
    body, position, share = at.number("body_pct"), at.number("close_position"), at.number("body_share")
    now = at.span(0, 0, role="bar")
    flat = high <= low

    def item(name: str, value: float, unit: str, need: float, passed: bool, level: float, inputs: Inputs) -> Evidence:
        known = not math.isnan(value)
        return Evidence(
            item=name,
            group="candle",
            value=value if known else None,
            unit=unit,
            op=">=",
            threshold=need,
            margin=value - need if known else None,
            points=0.0,
            max_points=0.0,
            state=_test(passed),
            rule=_RULE["candle"],
            reason="" if known else f"{_REASON}.no_range",
            spans=(now,),
            levels=()
            if flat and name != "K1"
            else (LevelLine(level, now.first_day, now.last_day, "price", f"{_LEVEL}.{name}"),),
            sources=at.prices(),
            known_at_ns=at.known_at(0),
            inputs=inputs,
        )

    need_body, need_position, need_share = jongga.candle_body_pct, jongga.candle_close_position, jongga.candle_body_share
    ohlc: Inputs = (("open", open_), ("high", high), ("low", low), ("close", close))
    rises = _is(more_than, close, open_) and _is(at_least, body, need_body)
    return (
        item("K1", body, "%", need_body, rises, open_ * (1.0 + need_body / 100.0), (ohlc[0], ohlc[3])),
        item(
            "K2",
            position,
            "×",
            need_position,
            _is(at_least, position, need_position),
            low + need_position * (high - low),
            ohlc[1:],
        ),
        item("K3", share, "×", need_share, _is(at_least, share, need_share), open_ + need_share * (high - low), ohlc),
    )


# -- period -------------------------------------------------------------------------------------------------------------


def _period(at: _Row) -> tuple[Evidence, ...]:
    jongga = at.rules.jongga
    window, recent_window = at.span(jongga.period_bars, 1), at.span(jongga.period_recent_bars, 1, "volume")
    every_window = at.span(jongga.period_bars, 1, "volume", "reference")
    top, bottom = _closes(at, jongga.period_bars)
    width = at.number("period_range_pct")
    recent, every = at.number("period_volume_recent"), at.number("period_volume")
    line = LevelLine(
        bottom * (1.0 + jongga.period_range_pct / 100.0), window.first_day, window.last_day, "price", f"{_LEVEL}.P1"
    )
    spread = Evidence(
        item="P1",
        group="period",
        value=width,
        unit="%",
        op="<=",
        threshold=jongga.period_range_pct,
        margin=width - jongga.period_range_pct,
        points=0.0,
        max_points=0.0,
        state=_test(_is(at_most, width, jongga.period_range_pct)),
        rule=_RULE["period"],
        spans=(window,),
        levels=(line,),
        sources=(SourceRef("daily_price", "KRX"),),
        known_at_ns=at.known_at(1),
        inputs=(("max_close", top), ("min_close", bottom), ("bars", jongga.period_bars)),
    )
    quiet = replace(
        spread,
        item="P2",
        value=recent / every,
        unit="×",
        threshold=1.0,
        margin=recent / every - 1.0,
        state=_test(_is(at_most, recent, every)),
        spans=(recent_window, every_window),
        levels=(LevelLine(every, every_window.first_day, every_window.last_day, "volume", f"{_LEVEL}.P2"),),
        inputs=(
            ("recent", recent),
            ("mean", every),
            ("recent_bars", jongga.period_recent_bars),
            ("bars", jongga.period_bars),
        ),
    )
    return spread, quiet


def _closes(at: _Row, length: int) -> tuple[float, float]:
    """Highest and lowest close of the ``length`` bars before t, in the price scale of t."""
    bars, row = at.bars[-1 - length : -1], at.row
    scale = at.panel.factor[row, at.scan.day_index] / at.panel.factor[row, bars]
    closes = at.panel.close_krw[row, bars] * scale
    return float(closes.max()), float(closes.min())


# -- supply -------------------------------------------------------------------------------------------------------------


def _supply(at: _Row) -> tuple[Evidence, ...]:
    """Net buying of both; the next rung after a positive sum is that the weaker of the two bought as well."""
    jongga = at.rules.jongga
    foreign, institution = at.number("foreign_5d_krw"), at.number("institution_5d_krw")
    points = float(at.scan.points[at.row, CLOSING_COMPONENTS.index("supply")])
    net = foreign + institution
    window = supply_window(at.panel, at.row, at.scan.day_index, at.scan.flow_day_index, jongga.supply_days)
    on = at.panel.days[window[-1]].astype("datetime64[D]").item()
    return (
        Evidence(
            item="S1",
            group="supply",
            value=net,
            unit="won",
            op=">",
            threshold=0.0,
            margin=min(foreign, institution) if net > EPS else net,
            margin_unit="won",
            points=points,
            max_points=_item_maximum("S1", at.rules),
            state=_state(points, _item_maximum("S1", at.rules)),
            rule=_RULE["supply"],
            spans=(BarSpan(int(at.days[window[0]]), int(at.days[window[-1]]), "flow", "window"),),
            sources=(SourceRef("flow", ""),),
            known_at_ns=at.sessions.confirmed_flow_ns(on),
            inputs=(("foreign", foreign), ("institution", institution), ("days", int(at.scan.flow_days[at.row]))),
        ),
    )


_MAKERS: dict[str, Callable[[_Row], tuple[Evidence, ...]]] = {
    "volume": _volume,
    "chart": _chart,
    "candle": _candle,
    "period": _period,
    "supply": _supply,
}
