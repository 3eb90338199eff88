"""Evidence of the closing bet: recomputing from the highlighted bars and the inputs alone gives the value (style.md §19)."""

from __future__ import annotations

import json
import math
import string
from collections.abc import Callable

import numpy as np
import pytest
from builders import RecordedMarket
from closing_cases import EOK, JO, STOCK, NewsOf, Scored, gate_reading, news_points, score_one, strong
from test_closing_twin import recorded_panel

import resources
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.explain.closing_evidence import CLOSING_ITEMS, explain_closing
from engine.explain.closing_sentences import closing_item_key, closing_sentence
from engine.features.series import day_series
from engine.model.chart import ChartSeries, Timeframe
from engine.model.closing import CLOSING_COMPONENTS, ClosingRun
from engine.model.evidence import BarSpan, Evidence, EvidenceGroup, ItemState
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.news import ModelVerdict, NewsCluster, NewsItem, StockNews
from engine.model.scan import ScoreStatus
from engine.scoring.closing_bet import scan_closing_bet
from engine.thresholds import DEFAULT_RULES

KO, EN = (
    json.loads((resources.path("texts", language) / "closing_evidence.json").read_text(encoding="utf-8"))
    for language in ("ko", "en")
)


def cluster(effect: float, published: AsOf, source: str = "연합뉴스", collected: AsOf | None = None) -> NewsCluster:
    item = NewsItem(
        1,
        (STOCK,),
        "대규모 수주",
        "https://a/1",
        source,
        published.instant_ns,
        None if collected is None else collected.instant_ns,
    )
    return NewsCluster(item, (item,), 3.0, 0.9, 1.0, 1.0, effect / 3.0, effect, False, ())


def stock_news(
    points: float | None = 3.0, *clusters: NewsCluster, veto: bool = False, verdict: ModelVerdict | None = None
) -> StockNews:
    return StockNews(
        STOCK,
        ScoreStatus.MISSING if points is None else ScoreStatus.OK,
        points,
        sum(c.effect for c in clusters),
        max((c.effect for c in clusters), default=0.0),
        veto,
        clusters,
        verdict=verdict,
    )


def explain(s: Scored, news: StockNews | None = None) -> tuple[EvidenceGroup, ...]:
    return explain_closing(s.panel, s.scan, s.row(), s.rules, news or stock_news())


def items_of(groups: tuple[EvidenceGroup, ...]) -> dict[str, Evidence]:
    return {item.item: item for group in groups for item in group.items}


# ---------------------------------------------------------------------------------------------------- recomputation


class Lit:
    """The bars a span lights up, as the chart of the symbol shows them: nothing else of the symbol is seen here."""

    def __init__(self, series: ChartSeries) -> None:
        self.days = series.time.astype("datetime64[D]").astype(np.int64)
        self.series = series

    def __call__(self, span: BarSpan, column: str) -> np.ndarray:
        chosen = (self.days >= span.first_day) & (self.days <= span.last_day)
        return np.asarray(getattr(self.series, column))[chosen]


def only(values: np.ndarray) -> float:
    assert len(values) == 1, "one bar is lit"
    return float(values[0])


def near_high(lit: Lit, e: Evidence, i: dict[str, float]) -> float:
    window, now = e.spans
    assert len(lit(window, "high")) == i["bars"]
    return only(lit(now, "close")) / lit(window, "high").max()


def breakout(lit: Lit, e: Evidence, i: dict[str, float]) -> float:
    window, now = e.spans
    assert len(lit(window, "high")) == i["bars"]
    assert lit(window, "high").max() == pytest.approx(e.threshold)
    assert window.last_day < now.first_day
    return only(lit(now, "close"))


def candle(lit: Lit, e: Evidence, i: dict[str, float]) -> float | None:
    o, h, low, c = (only(lit(e.spans[0], name)) for name in ("open", "high", "low", "close"))
    if e.item == "K1":
        return 100 * (c - o) / o
    if h == low:
        return None
    return (c - low) / (h - low) if e.item == "K2" else (c - o) / (h - low)


def rest_range(lit: Lit, e: Evidence, i: dict[str, float]) -> float:
    closes = lit(e.spans[0], "close")
    assert len(closes) == i["bars"]
    return 100 * (closes.max() - closes.min()) / closes.min()


def rest_volume(lit: Lit, e: Evidence, i: dict[str, float]) -> float:
    recent, every = (lit(span, "volume_shares") for span in e.spans)
    assert (len(recent), len(every)) == (i["recent_bars"], i["bars"])
    return float(recent.mean() / every.mean())


def net_buying(lit: Lit, e: Evidence, i: dict[str, float]) -> float:
    foreign, institution = lit(e.spans[0], "foreign_krw"), lit(e.spans[0], "institution_krw")
    assert len(foreign) <= 5
    complete = np.isfinite(foreign) & np.isfinite(institution)
    assert complete.sum() == i["days"]
    return float(foreign[complete].sum() + institution[complete].sum())


def traded_value(lit: Lit, e: Evidence, i: dict[str, float]) -> float:
    if not i["estimated"]:
        return only(lit(e.spans[0], "value_krw"))
    o, h, low, c, v = (only(lit(e.spans[0], name)) for name in ("open", "high", "low", "close", "volume_shares"))
    return v * (o + h + low + c) / 4


RECOMPUTE: dict[str, Callable[[Lit, Evidence, dict[str, float]], float | None]] = {
    "V1": traded_value, "H1": near_high, "H2": breakout, "K1": candle, "K2": candle, "K3": candle, "P1": rest_range,
    "P2": rest_volume, "S1": net_buying,
}  # fmt: skip


def from_inputs(e: Evidence) -> float:
    """The value from the named inputs alone."""
    i = {name: float(value) for name, value in e.inputs}
    return {
        "N1": lambda: sum(value for name, value in i.items() if name.startswith("effect_")),
        "V1": lambda: i["volume"] * (i["open"] + i["high"] + i["low"] + i["close"]) / 4 if i["estimated"] else i["value"],
        "H1": lambda: i["close"] / i["high"],
        "H2": lambda: i["close"],
        "K1": lambda: 100 * (i["close"] - i["open"]) / i["open"],
        "K2": lambda: (i["close"] - i["low"]) / (i["high"] - i["low"]),
        "K3": lambda: (i["close"] - i["open"]) / (i["high"] - i["low"]),
        "P1": lambda: 100 * (i["max_close"] - i["min_close"]) / i["min_close"],
        "P2": lambda: i["recent"] / i["mean"],
        "S1": lambda: i["foreign"] + i["institution"],
    }[e.item]()


@pytest.mark.real_data
def test_recorded_symbol_days_recompute(recorded_market: RecordedMarket) -> None:
    """400 symbol-days of the recorded market, the liquid ones among them: values, states, points, levels, instants."""
    panel = recorded_panel(recorded_market)
    rng = np.random.default_rng(3)
    seen: dict[str, set[ItemState]] = {}
    count = 0
    for day in rng.choice(np.arange(30, len(panel.days)), 20, replace=False):
        on = panel.days[day].item()
        at = AsOf.at(on, 15, 40)
        news = news_points([NewsOf(2.0)] * len(panel.tickers))
        scan = scan_closing_bet(panel, at, ClosingRun.CONFIRMED, news, gate_reading(GateStatus.GREEN), DEFAULT_RULES)
        rows = {*rng.choice(len(panel.tickers), 12).tolist(), *scan.order[:8].tolist()}
        for row in rows:
            groups = explain_closing(panel, scan, row, DEFAULT_RULES, stock_news(2.0, cluster(2.0, at)))
            assert [g.group for g in groups] == list(CLOSING_COMPONENTS)
            assert [g.points for g in groups] == scan.points[row].tolist()
            if math.isnan(scan.total[row]):
                assert all(i.state is ItemState.UNKNOWN for i in items_of(groups).values())
                continue
            assert sum(g.points for g in groups) == scan.total[row]
            lit = Lit(day_series(panel, row, int(day), Timeframe.DAY, adjusted=True, flow_day_index=scan.flow_day_index))
            for group in groups:
                check_group(group, lit, at, seen)
            count += 1
    assert count > 250
    for item, states in seen.items():
        if item != "N1":
            assert len(states) >= 2, f"{item} was only ever {states}"
    assert ItemState.UNKNOWN in seen["S1"] and ItemState.UNKNOWN in seen["H1"]


def check_group(group: EvidenceGroup, lit: Lit, at: AsOf, seen: dict[str, set[ItemState]]) -> None:
    column = CLOSING_COMPONENTS.index(group.group)
    assert tuple(item.item for item in group.items) == CLOSING_ITEMS[group.group]
    own = sum(item.points for item in group.items)
    all_or_nothing = group.group in ("candle", "period")
    assert own == (0 if all_or_nothing else group.points)
    if all_or_nothing and group.items[0].state is not ItemState.UNKNOWN:
        assert (group.points == 1) == all(item.state is ItemState.PASSED for item in group.items)
    assert group.max_points == (3, 3, 2, 1, 1, 2)[column]
    for e in group.items:
        seen.setdefault(e.item, set()).add(e.state)
        if e.state is ItemState.UNKNOWN:
            assert (e.value, e.points, e.spans, e.known_at_ns) == (None, 0, (), None)
            assert e.reason in KO
            continue
        assert e.known_at_ns is not None and e.known_at_ns <= at.instant_ns, "nothing was known later than the instant"
        inputs = {name: value for name, value in e.inputs if not isinstance(value, str)}
        if e.item in RECOMPUTE:
            again = RECOMPUTE[e.item](lit, e, inputs)
            assert (e.value is None) == (again is None), e.item
            if again is not None:
                assert again == pytest.approx(e.value, rel=1e-9, abs=1e-9), e.item
        if e.value is not None:
            assert from_inputs(e) == pytest.approx(e.value, rel=1e-9, abs=1e-9), e.item
            check_state(e)
        for level in e.levels:
            assert level.label_key in KO
            check_level(e, level.value, inputs)


def check_state(e: Evidence) -> None:
    """State and margin follow from value and threshold."""
    assert e.threshold is not None and e.margin is not None and e.value is not None
    if e.item == "H2":
        assert e.margin == pytest.approx(100 * (e.value / e.threshold - 1))
    elif e.item not in ("S1", "N1"):
        assert e.margin == pytest.approx(e.value - e.threshold)
    if e.item in ("H1", "H2", "K2", "K3", "P1", "P2"):
        fits = {">=": e.value >= e.threshold - 1e-9, ">": e.value > e.threshold + 1e-9, "<=": e.value <= e.threshold + 1e-9}
        assert (e.state is ItemState.PASSED) == fits[e.op], e


def check_level(e: Evidence, level: float, i: dict[str, float]) -> None:
    """The dashed line is where the measured price (or mean) would just pass."""
    expected = {
        "H1": lambda: 0.95 * i["high"],
        "H2": lambda: i["high"],
        "K1": lambda: i["open"] * 1.03,
        "K2": lambda: i["low"] + 0.75 * (i["high"] - i["low"]),
        "K3": lambda: i["open"] + 0.5 * (i["high"] - i["low"]),
        "P1": lambda: i["min_close"] * 1.15,
        "P2": lambda: i["mean"],
    }[e.item]()
    assert level == pytest.approx(expected)


# ---------------------------------------------------------------------------------------------------- by hand


def test_spans_by_hand() -> None:
    """260 bars: 250 with t, 60 and 20 before t, 5 before t; flows of the five days before t."""
    s = score_one(strong())
    ordinals = s.panel.days.astype("datetime64[D]").astype(np.int64)
    items = items_of(explain(s))

    def back(bars: int) -> int:
        return int(ordinals[-1 - bars])

    now = BarSpan(back(0), back(0), "price", "bar")
    assert items["V1"].spans == (BarSpan(back(0), back(0), "volume", "bar"),)
    assert items["H1"].spans == (BarSpan(back(249), back(0)), now)
    assert items["H2"].spans == (BarSpan(back(60), back(1)), now)
    assert items["K1"].spans == items["K2"].spans == items["K3"].spans == (now,)
    assert items["P1"].spans == (BarSpan(back(20), back(1)),)
    assert items["P2"].spans == (BarSpan(back(5), back(1), "volume"), BarSpan(back(20), back(1), "volume", "reference"))
    assert items["S1"].spans == (BarSpan(back(5), back(1), "flow"),)
    day, before = (s.panel.days[-1 - k].item() for k in (0, 1))
    official = DEFAULT_SESSIONS.official_bar_ns
    assert items["H1"].known_at_ns == official(day) == AsOf.at(day, 15, 40).instant_ns
    assert items["P1"].known_at_ns == items["P2"].known_at_ns == official(before)
    assert items["S1"].known_at_ns == DEFAULT_SESSIONS.confirmed_flow_ns(before)
    assert {i.state for i in items.values()} == {ItemState.PASSED}
    assert all(source.final and not source.estimated for i in items.values() for source in i.sources)


def test_a_short_history_lights_up_what_there_is() -> None:
    s = score_one(strong(100))
    ordinals = s.panel.days.astype("datetime64[D]").astype(np.int64)
    high = items_of(explain(s))["H1"]
    assert (high.spans[0].first_day, dict(high.inputs)["bars"]) == (int(ordinals[0]), 100)


@pytest.mark.parametrize(
    ("value", "rung", "points", "state"),
    [
        (1.2 * JO, 1 * JO, 3, ItemState.PASSED),  # all reached: the best rung
        (7_000 * EOK, 1 * JO, 2, ItemState.PARTIAL),
        (1_000 * EOK, 5_000 * EOK, 1, ItemState.PARTIAL),
        (999 * EOK, 1_000 * EOK, 0, ItemState.FAILED),
    ],
)
def test_next_rung_of_the_value(value: float, rung: float, points: float, state: ItemState) -> None:
    e = items_of(explain(score_one(strong(value=value))))["V1"]
    assert (e.value, e.threshold, e.margin, e.points, e.state) == (value, rung, value - rung, points, state)


def test_an_estimated_value_says_so() -> None:
    e = items_of(explain(score_one(strong(value=None))))["V1"]
    assert e.sources[0].estimated
    assert dict(e.inputs)["typical"] == 10_457.5
    assert closing_sentence(e).key == "closing_evidence.calc.V1.estimated"


@pytest.mark.parametrize(
    ("foreign", "institution", "margin", "points"),
    [
        (5, 3, 3, 2),  # all reached: the weaker of the two is 3 over
        (9, -4, -4, 1),  # the weaker side lacks 4
        (9, 0, 0, 1),
        (3, -9, -6, 0),  # the sum lacks 6
        (4, -4, 0, 0),
    ],
)
def test_next_rung_of_the_flows(foreign: float, institution: float, margin: float, points: float) -> None:
    series = strong(flows=False).flows([foreign, 0, 0, 0, 0], [institution, 0, 0, 0, 0], back=1)
    e = items_of(explain(score_one(series)))["S1"]
    assert (e.value, e.margin, e.points, e.op, e.threshold) == (foreign + institution, margin, points, ">", 0)


@pytest.mark.parametrize(
    ("effects", "points", "rung", "margin", "state"),
    [
        ((), 0, 0.5, -0.5, ItemState.FAILED),
        ((0.9,), 1, 1.5, -0.6, ItemState.PARTIAL),
        ((1.8, -0.1), 2, 3.0, -1.3, ItemState.PARTIAL),
        ((1.8, 1.3), 2, 3.0, -0.2, ItemState.PARTIAL),  # net 3.1, but no single effect of 2: 1.8 - 2.0
        ((2.7, 1.0), 3, 3.0, 0.7, ItemState.PASSED),
    ],
)
def test_next_rung_of_the_news(effects: tuple[float, ...], points: float, rung: float, margin: float, state: ItemState) -> None:
    s = score_one(strong(), news=NewsOf(points))
    s.scan.news_net[0], s.scan.news_peak[0] = sum(effects), max(effects, default=0.0)
    at = AsOf.at(s.panel.days[-1].item(), 9, 30)
    e = items_of(explain(s, stock_news(points, *(cluster(x, at) for x in effects))))["N1"]
    assert (e.value, e.threshold, e.points, e.state) == (pytest.approx(sum(effects)), rung, points, state)
    assert e.margin == pytest.approx(margin)
    assert from_inputs(e) == pytest.approx(e.value)
    assert e.known_at_ns == (at.instant_ns if effects else s.scan.as_of.instant_ns)
    assert closing_sentence(e).key == ("closing_evidence.calc.N1" if effects else "closing_evidence.calc.N1.none")


def test_news_collected_late_are_known_late() -> None:
    """Published 09:30, collected 11:00: known from 11:00. A veto and a model's score have sentences of their own."""
    s = score_one(strong(), news=NewsOf(2))
    day = s.panel.days[-1].item()
    late = cluster(1.8, AsOf.at(day, 9, 30), "DART", AsOf.at(day, 11, 0))
    e = items_of(explain(s, stock_news(2.0, late)))["N1"]
    assert e.known_at_ns == AsOf.at(day, 11, 0).instant_ns
    assert [source.source for source in e.sources] == ["DART"]
    verdict = ModelVerdict(3, "positive", 0.9, "contract", ("1",), False, "", "m", "p", 3.0)
    told = closing_sentence(items_of(explain(s, stock_news(2.0, late, verdict=verdict)))["N1"])
    assert (told.key, {f.name for f in told.fields}) == (
        "closing_evidence.calc.N1.model", {"clusters", "net", "rule_points", "model_points"},
    )  # fmt: skip
    vetoed = score_one(strong(), news=NewsOf(0, veto=True))
    e = items_of(explain(vetoed, stock_news(0.0, late, veto=True)))["N1"]
    assert (closing_sentence(e).key, e.state) == ("closing_evidence.calc.N1.veto", ItemState.FAILED)


def test_what_is_missing_says_why() -> None:
    groups = explain(score_one(strong(20, flows=False), news=NewsOf(None)), stock_news(None))
    reasons = {g.group: {i.reason for i in g.items} for g in groups}
    assert reasons == {
        "news": {"closing_evidence.reason.news_missing"},
        "volume": {""},
        "chart": {"closing_evidence.reason.chart_bars"},
        "candle": {""},
        "period": {"closing_evidence.reason.period_bars"},
        "supply": {"closing_evidence.reason.flow_missing"},
    }
    assert [g.known_at_ns is None for g in groups] == [True, False, True, False, True, True]
    assert [(i.max_points, i.points) for g in groups for i in g.items] == [
        (3, 0), (3, 3), (1, 0), (1, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (2, 0),
    ]  # fmt: skip
    halted = items_of(explain(score_one(strong().halt())))
    assert {i.reason for i in halted.values()} == {"closing_evidence.reason.not_tradable"}


def test_a_bar_of_one_price_has_no_position() -> None:
    """H = L: zero points, but a judged zero: failed, without value, with the reason."""
    items = items_of(explain(score_one(strong(o=10_500, h=10_500, low=10_500, c=10_500))))
    for name in ("K2", "K3"):
        e = items[name]
        assert (e.value, e.margin, e.state, e.levels) == (None, None, ItemState.FAILED, ())
        assert closing_sentence(e).key == "closing_evidence.reason.no_range"
    assert items["K1"].value == 0


def test_a_forming_bar_is_provisional() -> None:
    """At 15:15 the bar is known since 15:15 and not final; what lies before it is final."""
    panel = score_one(strong()).panel
    at = AsOf.at(panel.days[-1].item(), 15, 15)
    news = news_points([NewsOf(3)])
    scan = scan_closing_bet(panel, at, ClosingRun.PRE_CLOSE, news, None, DEFAULT_RULES, day=len(panel.days) - 1)
    items = items_of(explain_closing(panel, scan, 0, DEFAULT_RULES, stock_news()))
    assert items["H1"].known_at_ns == items["V1"].known_at_ns == at.instant_ns
    assert not items["H1"].sources[0].final
    assert items["P1"].sources[0].final and items["S1"].sources[0].final
    assert all(i.known_at_ns is not None and i.known_at_ns <= at.instant_ns for i in items.values())


def test_thresholds_are_those_of_the_rules() -> None:
    rules = DEFAULT_RULES.replace({"jongga.near_high": 0.9, "jongga.candle_body_pct": 10.0, "jongga.period_range_pct": 8.0})
    items = items_of(explain(score_one(strong(), rules=rules)))
    assert (items["H1"].threshold, items["K1"].threshold, items["P1"].threshold) == (0.9, 10.0, 8.0)
    assert (items["K1"].state, items["H1"].levels[0].value) == (ItemState.FAILED, pytest.approx(0.9 * 10_950))


# ---------------------------------------------------------------------------------------------------- words


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_has_its_text() -> None:
    """Key and fields of every sentence an item can give are in both catalogues, and its label."""
    full = score_one(strong())
    at = full.scan.as_of
    verdict = ModelVerdict(3, "positive", 0.9, "contract", ("1",), False, "", "m", "p", 3.0)
    some = stock_news(3.0, cluster(3.0, at))
    for s, news in (
        (full, some),
        (full, stock_news(0.0)),
        (full, stock_news(3.0, cluster(3.0, at), verdict=verdict)),
        (full, stock_news(0.0, cluster(-3.0, at), veto=True)),
        (score_one(strong(value=None)), some),
        (score_one(strong(o=10_500, h=10_500, low=10_500, c=10_500)), some),
        (score_one(strong(20, flows=False), news=NewsOf(None)), stock_news(None)),
    ):
        for e in items_of(explain(s, news)).values():
            sentence = closing_sentence(e)
            for texts in (KO, EN):
                assert fields_of(texts[sentence.key]) == {f.name for f in sentence.fields}, sentence.key
                assert closing_item_key(e) in texts
    assert KO.keys() == EN.keys()


def test_sentence_fields_carry_the_numbers() -> None:
    sentence = closing_sentence(items_of(explain(score_one(strong())))["H2"])
    assert {f.name: f.value for f in sentence.fields} == {
        "close": 10_900, "high": 10_000, "bars": 60, "value": pytest.approx(9.0),
    }  # fmt: skip
