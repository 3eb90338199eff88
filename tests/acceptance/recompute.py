"""Each item of evidence computed again from nothing but the bars it lights up, its levels and its inputs (domain.md §§2-6).

Written from the rule book, item by item, without the program's measures: plain lists of the bars inside a span. The chart's
own prices are used: adjusted into the scale of the day looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.evidence import BarSpan, Evidence
from engine.model.market_series import MarketSeries
from engine.model.panel import MarketPanel

__all__ = ["Chart", "IndexChart", "recompute"]

Value = float | None


@dataclass(frozen=True, repr=False)
class Chart:
    """The valid bars of one symbol in the price scale of a day; ``today`` may be a bar that is not stored yet."""

    panel: MarketPanel
    row: int
    scale_day: int
    """Panel day whose price scale is used."""

    def bars(self, span: BarSpan) -> npt.NDArray[np.int64]:
        days = self.panel.days.astype("datetime64[D]").astype(np.int64)
        inside = (days >= span.first_day) & (days <= span.last_day) & self.panel.valid[self.row]
        return np.flatnonzero(inside)

    def column(self, span: BarSpan, name: str) -> list[float]:
        """Values of a column on the bars of a span, oldest first."""
        bars, row, panel = self.bars(span), self.row, self.panel
        raw = getattr(panel, name)[row, bars].astype(np.float64)
        factor = panel.factor[row, self.scale_day] / panel.factor[row, bars]
        if name in ("open_krw", "high_krw", "low_krw", "close_krw"):
            raw = raw * factor
        elif name in ("volume_shares", "foreign_shares", "institution_shares"):
            raw = raw / factor
        return [float(value) for value in raw]

    def value(self, span: BarSpan) -> list[float]:
        """Traded value; volume times the mean of O, H, L and C where none was published (§3.2)."""
        bars, row, panel = self.bars(span), self.row, self.panel
        found = []
        for day in bars.tolist():
            published = float(panel.value_krw[row, day])
            ohlc = [float(getattr(panel, name)[row, day]) for name in ("open_krw", "high_krw", "low_krw", "close_krw")]
            found.append(float(panel.volume_shares[row, day]) * sum(ohlc) / 4 if math.isnan(published) else published)
        return found


@dataclass(frozen=True, repr=False)
class IndexChart:
    """Market-wide series behind the gate's items."""

    series: MarketSeries

    def closes(self, name: str, span: BarSpan) -> list[float]:
        one = {"kospi": self.series.kospi, "kosdaq": self.series.kosdaq, "fx": self.series.usd_krw}[name]
        assert one is not None
        days = one.days.astype("datetime64[D]").astype(np.int64)
        inside = (days >= span.first_day) & (days <= span.last_day) & np.isfinite(one.close) & (one.close > 0)
        return [float(value) for value in one.close[inside]]

    def flows(self, span: BarSpan) -> list[float]:
        flows = self.series.kospi_foreign
        assert flows is not None
        days = flows.days.astype("datetime64[D]").astype(np.int64)
        return [float(value) for value in flows.net_krw[(days >= span.first_day) & (days <= span.last_day)]]


def _over(price: float, level: float) -> float:
    """How far a price is above a level, in percent."""
    return 100.0 * (price / level - 1.0)


def _one(values: list[float]) -> float:
    assert len(values) == 1, f"a single bar is expected, not {len(values)}"
    return values[0]


def _spans(e: Evidence, role: str, pane: str | None = None) -> list[BarSpan]:
    return [span for span in e.spans if span.role == role and (pane is None or span.pane == pane)]


def _inputs(e: Evidence) -> dict[str, Any]:
    return dict(e.inputs)


# -- VCP --------------------------------------------------------------------------------------------------------------------


def _close(chart: Chart, e: Evidence) -> float:
    return _one(chart.column(_spans(e, "bar", "price")[-1], "close_krw"))


def _mean(chart: Chart, span: BarSpan, length: int) -> float:
    closes = chart.column(span, "close_krw")
    assert len(closes) == length, f"{len(closes)} bars are lit up where {length} are averaged"
    return fmean(closes)


def _t1(chart: Chart, e: Evidence) -> Value:
    window, reference = _spans(e, "window")[0], _spans(e, "reference")[0]
    return _over(_close(chart, e), max(_mean(chart, window, 200), _mean(chart, reference, 150)))


def _t2(chart: Chart, e: Evidence) -> Value:
    return _over(_mean(chart, _spans(e, "window")[0], 150), _mean(chart, _spans(e, "reference")[0], 200))


def _t3(chart: Chart, e: Evidence) -> Value:
    return _over(_mean(chart, _spans(e, "window")[0], 200), _mean(chart, _spans(e, "reference")[0], 200))


def _t4(chart: Chart, e: Evidence) -> Value:
    first, second = _spans(e, "reference")
    return _over(_mean(chart, _spans(e, "window")[0], 50), max(_mean(chart, first, 150), _mean(chart, second, 200)))


def _t5(chart: Chart, e: Evidence) -> Value:
    return _over(_close(chart, e), _mean(chart, _spans(e, "window")[0], 50))


def _t6(chart: Chart, e: Evidence) -> Value:
    return _over(_close(chart, e), min(chart.column(_spans(e, "window")[0], "low_krw")))


def _t7(chart: Chart, e: Evidence) -> Value:
    return _over(_close(chart, e), max(chart.column(_spans(e, "window")[0], "high_krw")))


def _strength(chart: Chart, e: Evidence) -> Value:
    """RS of §2.4: the raw strength from the five lit bars, its rank from the counts of the pool."""
    c250, c189, c126, c63, c0 = (_one(chart.column(span, "close_krw")) for span in e.spans)
    raw = 40 * (c0 / c63 - 1) + 20 * (c0 / c126 - 1) + 20 * (c0 / c189 - 1) + 20 * (c0 / c250 - 1)
    inputs = _inputs(e)
    assert math.isclose(raw, inputs["rs_raw_pct"], rel_tol=1e-9, abs_tol=1e-9), (raw, inputs["rs_raw_pct"])
    p = (inputs["pool_below"] + 0.5 * (inputs["pool_equal"] - 1)) / (inputs["pool"] - 1)
    return 1 + math.floor(98 * p + 0.5 + 1e-9)


def _top_and_bottom(chart: Chart, span: BarSpan, high: float | None = None, low: float | None = None) -> tuple[float, float]:
    """Top and bottom of a contraction: prices of its bars. The bar of the top takes no part in the bottom (§2.5).

    What the evidence names must be prices that were traded on lit bars, and no lit bar may have gone beyond the top.
    """
    highs, lows = chart.column(span, "high_krw"), chart.column(span, "low_krw")
    for named, traded in ((high, highs), (low, lows)):
        assert named is None or any(math.isclose(named, price, rel_tol=1e-12) for price in traded), (named, traded)
    if high is None or low is None:
        return max(highs), min(lows[1:])
    assert low >= min(lows) * (1 - 1e-12)
    return high, low


def _depth(chart: Chart, e: Evidence, span: BarSpan, leg: int) -> float:
    inputs = _inputs(e)
    high, low = _top_and_bottom(chart, span, inputs[f"high_{leg}"], inputs[f"low_{leg}"])
    return 100 * (high - low) / high


def _edge_leg(chart: Chart, e: Evidence) -> float:
    """Depth of the one leg the item lights up."""
    number = next(name for name, _ in e.inputs if name.startswith("high_")).removeprefix("high_")
    return _depth(chart, e, e.spans[0], int(number))


def _legs(e: Evidence) -> list[BarSpan]:
    return [span for span in e.spans if span.role == "window" and span.pane == "price"]


def _b2(chart: Chart, e: Evidence) -> Value:
    depths = [_depth(chart, e, span, number) for number, span in enumerate(_legs(e), start=1)]
    return fmean([b / a for a, b in pairwise(depths)]) if len(depths) > 1 else None


def _c2(chart: Chart, e: Evidence) -> Value:
    if not e.spans:
        return None
    last, first = _spans(e, "window")[0], _spans(e, "reference")[0]
    return fmean(chart.column(last, "volume_shares")) / fmean(chart.column(first, "volume_shares"))


def _ratio(recent: Callable[[list[float]], float], bars: int) -> Callable[[Chart, Evidence], Value]:
    def value(chart: Chart, e: Evidence) -> Value:
        window, fifty = (chart.column(_spans(e, role)[0], "volume_shares") for role in ("window", "reference"))
        assert len(window) == min(bars, len(window)) and len(fifty) <= 50
        level = e.levels[0].value
        assert math.isclose(level, fmean(fifty), rel_tol=1e-9), "the drawn average is not that of the lit bars"
        return recent(window) / fmean(fifty)

    return value


def _d1(chart: Chart, e: Evidence) -> Value:
    closes = chart.column(_spans(e, "window")[0], "close_krw")
    assert len(closes) == 5
    return 100 * (max(closes) - min(closes)) / fmean(closes)


def _e1(chart: Chart, e: Evidence) -> Value:
    """§2.8: what decided the state. The pivot is the top of the last leg, its low the last low."""
    inputs = _inputs(e)
    state, legs = inputs["state"], _legs(e)
    if state == "NO_BASE":
        return float(len(legs))
    close, last = _close(chart, e), legs[-1]
    pivot, low = _top_and_bottom(chart, last, inputs["pivot"], inputs["last_low"])
    dist = 100 * (pivot - close) / pivot
    if state == "FAILED":
        assert close < low
        return close
    if state == "EXTENDED":
        return -dist
    if state.startswith("BREAKOUT"):
        assert close > pivot
        now = _one(chart.column(_spans(e, "bar", "volume")[0], "volume_shares"))
        before = chart.column(_spans(e, "reference", "volume")[0], "volume_shares")
        assert len(before) <= 50
        return now / fmean(before)
    return dist


def _window_flows(chart: Chart, e: Evidence) -> tuple[list[float], list[float], list[float]]:
    """F, I and D of the days of the window on which all three are there (§2.10, Appendix C)."""
    unit = "shares" if _inputs(e).get("unit") == "shares" else "krw"
    span = e.spans[0]
    foreign, institution = chart.column(span, f"foreign_{unit}"), chart.column(span, f"institution_{unit}")
    turnover = chart.column(span, "volume_shares") if unit == "shares" else chart.value(span)
    days = [(f, i, d) for f, i, d in zip(foreign, institution, turnover, strict=True) if not any(map(math.isnan, (f, i, d)))]
    return [f for f, _, _ in days], [i for _, i, _ in days], [d for _, _, d in days]


def _sm1(chart: Chart, e: Evidence) -> Value:
    foreign, _, turnover = _window_flows(chart, e)
    return 100 * sum(foreign) / sum(turnover)


def _sm2(chart: Chart, e: Evidence) -> Value:
    _, institution, turnover = _window_flows(chart, e)
    return 100 * sum(institution) / sum(turnover)


def _sm3(chart: Chart, e: Evidence) -> Value:
    foreign, institution, _ = _window_flows(chart, e)
    assert len(foreign) == _inputs(e)["present"]
    return float(sum(f + i > 0 for f, i in zip(foreign, institution, strict=True)))


def _sm4(chart: Chart, e: Evidence) -> Value:
    foreign, institution, _ = _window_flows(chart, e)
    return float(sum(foreign) > 0 and sum(institution) > 0)


# -- closing bet ------------------------------------------------------------------------------------------------------------


def _k(part: str) -> Callable[[Chart, Evidence], Value]:
    def value(chart: Chart, e: Evidence) -> Value:
        o, h, low, c = (_one(chart.column(e.spans[0], name)) for name in ("open_krw", "high_krw", "low_krw", "close_krw"))
        if part == "body":
            return 100 * (c - o) / o
        if h == low:
            return None
        return (c - low) / (h - low) if part == "position" else (c - o) / (h - low)

    return value


def _h1(chart: Chart, e: Evidence) -> Value:
    highs = chart.column(_spans(e, "window")[0], "high_krw")
    assert len(highs) == _inputs(e)["bars"]
    return _close(chart, e) / max(highs)


def _h2(chart: Chart, e: Evidence) -> Value:
    highs = chart.column(_spans(e, "window")[0], "high_krw")
    assert len(highs) == 60 and math.isclose(max(highs), e.threshold or math.nan, rel_tol=1e-12)
    return _close(chart, e)


def _v1(chart: Chart, e: Evidence) -> Value:
    return _one(chart.value(e.spans[0]))


def _p1(chart: Chart, e: Evidence) -> Value:
    closes = chart.column(e.spans[0], "close_krw")
    assert len(closes) == 20
    return 100 * (max(closes) - min(closes)) / min(closes)


def _p2(chart: Chart, e: Evidence) -> Value:
    recent, every = (chart.column(span, "volume_shares") for span in e.spans)
    assert (len(recent), len(every)) == (5, 20)
    return fmean(recent) / fmean(every)


def _s1(chart: Chart, e: Evidence) -> Value:
    foreign, institution = (chart.column(e.spans[0], name) for name in ("foreign_krw", "institution_krw"))
    days = [(f, i) for f, i in zip(foreign, institution, strict=True) if not math.isnan(f + i)]
    assert len(days) == _inputs(e)["days"]
    return sum(f for f, _ in days) + sum(i for _, i in days)


def _n1(_chart: Chart, e: Evidence) -> Value:
    """§6.5: the net effect is the sum of the clusters' effects, each points times weight."""
    effects = [float(value) for name, value in e.inputs if name.startswith("effect_")]
    assert len(effects) == _inputs(e)["clusters"]
    return sum(effects)


# -- day trading ------------------------------------------------------------------------------------------------------------


def _prior(e: Evidence, pane: str = "price") -> BarSpan:
    """The window of prior bars: the first span that is not the trading day itself."""
    return next(span for span in e.spans if span.pane == pane and span.role in ("window", "reference"))


def _spike(chart: Chart, e: Evidence) -> Value:
    inputs, before = _inputs(e), chart.column(_prior(e, "volume"), "volume_shares")
    assert len(before) == 20
    return inputs["volume"] / inputs["phi"] / fmean(before)


def _range(chart: Chart, e: Evidence) -> tuple[float, float]:
    highs, lows = chart.column(_prior(e), "high_krw"), chart.column(_prior(e), "low_krw")
    assert len(highs) == 20
    return max(highs), min(lows)


def _momentum(chart: Chart, e: Evidence) -> Value:
    """P against the nearest of H20, 1.02 and 1.01 times the last high (§4.1-2): how far above it."""
    high, _ = _range(chart, e)
    last = _one(chart.column(e.spans[1], "high_krw"))
    assert any(math.isclose(e.threshold or 0, level, rel_tol=1e-12) for level in (high, 1.02 * last, 1.01 * last))
    return _inputs(e)["price"]


def _box(chart: Chart, e: Evidence) -> Value:
    high, low = _range(chart, e)
    if e.unit == "%":
        return 100 * (high - low) / low
    assert any(math.isclose(e.threshold or 0, level, rel_tol=1e-12) for level in (high, low + 0.9 * (high - low)))
    return _inputs(e)["price"]


def _ma5(chart: Chart, e: Evidence) -> Value:
    price, closes = _inputs(e)["price"], chart.column(_prior(e), "close_krw")
    assert len(closes) == 4
    average = (price + sum(closes)) / 5
    assert any(math.isclose(e.threshold or 0, level, rel_tol=1e-9) for level in (average, 0.99 * average))
    return price


def _institution(chart: Chart, e: Evidence) -> Value:
    """N = foreign + institutions over the days of t-5 … t-1 with both records, and what was turned over on them."""
    span = e.spans[0]
    foreign, institution, value = chart.column(span, "foreign_krw"), chart.column(span, "institution_krw"), chart.value(span)
    assert len(foreign) == 5
    days = [(f, i, v) for f, i, v in zip(foreign, institution, value, strict=True) if not math.isnan(f + i)]
    days = days[: _inputs(e)["days"]]  # days whose flows were not confirmed yet are the last ones
    net = sum(f + i for f, i, _ in days)
    assert math.isclose(sum(i for _, i, _ in days), _inputs(e)["institution"], rel_tol=1e-9, abs_tol=1e-3)
    return 100 * net / sum(v for _, _, v in days) if e.unit == "%" else net


def _oversold(chart: Chart, e: Evidence) -> Value:
    inputs = _inputs(e)
    high, _ = _range(chart, e)
    close = _one(chart.column(e.spans[1], "close_krw"))
    drawdown, change = 100 * (1 - close / high), 100 * (inputs["price"] / inputs["base"] - 1)
    by_change = e.threshold == 0.0 or (e.op == ">=" and drawdown >= 15 - 1e-9)
    return change if by_change else drawdown


def _sector(chart: Chart, e: Evidence) -> Value:
    inputs = _inputs(e)
    own = 100 * (inputs["price"] / _one(chart.column(e.spans[0], "close_krw")) - 1)
    assert math.isclose(own, inputs["own_pct"], rel_tol=1e-9, abs_tol=1e-9), (own, inputs)
    return own if e.op == ">=" else 100 * inputs["rank"] / inputs["count"]


# -- gate -------------------------------------------------------------------------------------------------------------------


def _gate(chart: IndexChart, e: Evidence) -> Value:
    inputs = _inputs(e)
    name, _, test = e.item.partition(".")
    if test:
        lengths = {"above_short": (1, 20), "short_above_mid": (20, 60), "above_long": (1, 200), "short_rising": (20, 20)}[test]
        closes = chart.closes(name, e.spans[0])
        value, level = fmean(closes[-lengths[0] :]), fmean(closes[-lengths[1] :])
        if test == "short_rising":
            before = chart.closes(name, e.spans[1])
            assert len(before) == 20
            level = fmean(before)
        assert len(closes) >= max(lengths) and math.isclose(level, e.threshold or math.nan, rel_tol=1e-12)
        return value
    if name == "breadth":
        return 100 * inputs["above"] / inputs["known"]
    if name == "foreign":
        flows = chart.flows(e.spans[0])
        assert len(flows) == 5
        return sum(flows)
    if name == "shock":
        return min(float(inputs[index]) for index in ("kospi", "kosdaq"))
    closes = chart.closes("fx", e.spans[0])
    assert len(closes) == 20
    return _over(closes[-1], fmean(closes))


ITEMS: dict[str, Callable[[Chart, Evidence], Value]] = {
    "T1": _t1, "T2": _t2, "T3": _t3, "T4": _t4, "T5": _t5, "T6": _t6, "T7": _t7, "T8": _strength, "F1": _strength,
    "B1": lambda _chart, e: float(len(_legs(e))), "B2": _b2, "B3": _edge_leg,
    "B4": lambda chart, e: float(len(chart.bars(e.spans[0])) - 1),
    "C1": _ratio(fmean, 5), "C2": _c2, "C3": _ratio(min, 10), "D1": _d1, "D2": _edge_leg,
    "E1": _e1, "SM1": _sm1, "SM2": _sm2, "SM3": _sm3, "SM4": _sm4,
    "N1": _n1, "V1": _v1, "H1": _h1, "H2": _h2, "K1": _k("body"), "K2": _k("position"), "K3": _k("share"), "P1": _p1,
    "P2": _p2, "S1": _s1,
    "spike": _spike, "momentum": _momentum, "box": _box, "ma5": _ma5, "institution": _institution, "oversold": _oversold,
    "sector": _sector,
}  # fmt: skip
"""Items of stocks by name."""


def recompute(chart: Chart | IndexChart, e: Evidence) -> Value:
    """The value of an item (its margin in percent where two prices are compared: T1, T2, T4, T5)."""
    return _gate(chart, e) if isinstance(chart, IndexChart) else ITEMS[e.item](chart, e)
