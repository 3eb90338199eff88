"""The six rows of the closing-bet card in words: points, value, rule ladder, next rung with margin, known-at. Pure.

Values come from the arrays of the scan, next rung and margin from the evidence: nothing is computed again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.explain.closing_sentences import closing_item_key, closing_sentence
from engine.model.closing import CLOSING_COMPONENTS, CLOSING_MAX, ClosingBetScan
from engine.model.evidence import Evidence, EvidenceGroup, ItemState
from engine.model.instants import AsOf
from engine.model.news import StockNews
from engine.model.scan import ScoreStatus
from engine.thresholds import Rules
from ralphstock_desktop.services.strategy_contracts import ClosingExplanation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.wording import sentence_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["ComponentLine", "ComponentWriter", "component_items", "round_money"]

_OP = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_NO_NUMBERS = frozenset(("flag", "points", "score", "count", "days", "bars"))


@dataclass(frozen=True, slots=True)
class ComponentLine:
    """One component."""

    id: str
    label: str
    state: ItemState
    earned: int
    most: int
    points: str
    value: str
    ladder: str
    rung: str
    """Next rung, or the last one where all points are earned."""
    margin: str
    known: str
    provisional: bool
    evidence: Evidence | None
    """What lights up on the chart."""
    sentences: tuple[str, ...] = ()
    """The calculation of every item in words."""


def component_items(groups: tuple[EvidenceGroup, ...]) -> dict[str, tuple[Evidence, ...]]:
    """Evidence by component, whether each component is a group of its own or all are items of one."""
    found: dict[str, list[Evidence]] = {name: [] for name in CLOSING_COMPONENTS}
    for group in groups:
        for item in group.items:
            for name in (group.group, item.group, item.item, item.item.split("_")[0].split(".")[0]):
                if name.lower() in found:
                    found[name.lower()].append(item)
                    break
    return {name: tuple(items) for name, items in found.items()}


def _telling(items: tuple[Evidence, ...]) -> Evidence | None:
    """The item that decides the row: the first that did not pass, else the last one."""
    return next((item for item in items if item.state is not ItemState.PASSED), items[-1] if items else None)


def _lit(items: tuple[Evidence, ...]) -> Evidence | None:
    """What lights up: the deciding item, with the spans of the others where they lie in another pane."""
    chosen = _telling(items)
    if chosen is None:
        return None
    panes = {span.pane for span in chosen.spans}
    rest = [item for item in items if item is not chosen and panes.isdisjoint(span.pane for span in item.spans)]
    return replace(
        chosen,
        spans=(*chosen.spans, *(span for item in rest for span in item.spans)),
        levels=(*chosen.levels, *(level for item in rest for level in item.levels)),
    )


class ComponentWriter:
    """Writes the components of an explanation in the chosen language."""

    def __init__(self, appearance: Appearance) -> None:
        self._look = appearance

    def lines(self, found: ClosingExplanation) -> tuple[ComponentLine, ...]:
        """The six rows."""
        scan, row = found.picture.scan, found.row
        items = component_items(found.groups)
        return tuple(
            self._component(found, name, float(scan.points[row, column]), int(scan.status[row, column]), items[name])
            for column, name in enumerate(CLOSING_COMPONENTS)
        )

    def _component(
        self, found: ClosingExplanation, name: str, points: float, status: int, items: tuple[Evidence, ...]
    ) -> ComponentLine:
        tr, most = self._look.tr, CLOSING_MAX[CLOSING_COMPONENTS.index(name)]
        missing = status == ScoreStatus.MISSING or math.isnan(points)
        if missing:
            state = ItemState.UNKNOWN
        elif points >= most:
            state = ItemState.PASSED
        else:
            state = ItemState.PARTIAL if points > 0 else ItemState.FAILED
        telling = _telling(items)
        known, provisional = self._known(items)
        value = self._value(found, name, missing=missing)
        if status == ScoreStatus.PARTIAL:
            value = f"{value} · {tr('closing.card.partial')}"
        rung = self._rung(name, telling) if telling is not None else ""
        key = "closing.card.last" if state is ItemState.PASSED else "closing.card.next"
        margin = self._margin(name, telling) if telling is not None and not missing else ""
        return ComponentLine(
            id=name,
            label=tr(f"closing.component.{name}"),
            state=state,
            earned=0 if missing else math.floor(points + 1e-9),
            most=int(most),
            points=fmt.MISSING if missing else fmt.points(points),
            value=value,
            ladder=self._ladder(name, found.picture.rules),
            rung=tr(key, rung=rung) if rung else "",
            margin=tr("closing.card.margin", margin=margin) if margin else "",
            known=known,
            provisional=provisional,
            evidence=_lit(items),
            sentences=tuple(self._sentence(item) for item in items),
        )

    def _sentence(self, item: Evidence) -> str:
        """The calculation of one item; only its value where no sentence is written for it."""
        key = closing_item_key(item)
        label = self._look.tr(key) if self._look.has_text(key) else ""
        try:
            words = sentence_text(closing_sentence(item), self._look)
        except KeyError:
            return ""  # an item that has no sentence: the row itself says what there is
        return f"{label}: {words}" if label else words

    def _known(self, items: tuple[Evidence, ...]) -> tuple[str, bool]:
        instants = [item.known_at_ns for item in items if item.known_at_ns is not None]
        if not instants:
            return "", False
        final = all(source.final for item in items for source in item.sources)
        when = fmt.as_of_short(AsOf(max(instants)))
        return self._look.tr("closing.card.final" if final else "closing.card.provisional", when=when), not final

    def _amount(self, name: str, item: Evidence, value: float, *, plus: bool = False) -> str:
        """A number of an item in its unit; money where a component measures money."""
        unit, language = item.unit, self._look.language
        if name == "chart" and unit in ("×", "ratio"):
            # A share of the high reads better in percent, as the ladder says it.
            return f"{fmt.signed(100 * value, 1)}{self._look.tr('closing.card.pp')}" if plus else f"{100 * value:g}%"
        if name == "candle" and unit in ("×", "ratio"):
            return fmt.signed(value, 2) if plus else fmt.number(value, 2)
        if unit == "won":
            if name in ("volume", "supply"):
                return fmt.money(value, language, plus=plus)
            return fmt.signed(value, 0) if plus else fmt.price(value)
        if unit == "%":
            text = fmt.percent(value, 1 if plus else 2, plus=plus)
            return text.replace(".00%", "%").replace(".0%", "%") if not plus else text
        if unit in ("×", "ratio"):
            return f"{fmt.signed(value, 2) if plus else fmt.number(value, 2)}×"
        whole = value == round(value)
        decimals = 0 if whole and unit in _NO_NUMBERS else 2
        return fmt.signed(value, decimals) if plus else fmt.number(value, decimals)

    def _rung(self, name: str, item: Evidence) -> str:
        tr = self._look.tr
        if name == "supply":
            # Its rungs are conditions on two sums, not one number.
            both = item.points > 0 or item.state is not ItemState.FAILED
            return tr("closing.card.need.both" if both else "closing.card.need.sum")
        if item.threshold is None or not item.op or item.op == "flag":
            return ""
        need = f"{_OP.get(item.op, item.op)} {round_money(self._amount(name, item, item.threshold))}"
        key = f"closing.card.item.{item.item}"
        return f"{tr(key)} {need}" if self._look.has_text(key) else need

    def _margin(self, name: str, item: Evidence) -> str:
        margin = item.margin
        if margin is None:
            return ""
        if item.unit == "%" and item.margin_unit in ("", "%"):
            return f"{fmt.signed(margin, 1)}{self._look.tr('closing.card.pp')}"
        if item.margin_unit == "%":
            return fmt.percent(margin, 2)
        return self._amount(name, item, margin, plus=True)

    def _ladder(self, name: str, rules: Rules) -> str:
        tr, jongga, news = self._look.tr, rules.jongga, rules.news
        if name == "news":
            rungs = {"full": news.net_full, "peak": news.peak_full, "good": news.net_good, "some": news.net_some}
            return tr("closing.card.ladder.news", **{key: f"{value:.1f}" for key, value in rungs.items()})
        if name == "volume":
            steps = sorted(step.threshold for step in jongga.value_krw)
            return " · ".join(round_money(fmt.money(step, self._look.language)) for step in steps)
        if name == "chart":
            near = fmt.percent(100 * jongga.near_high, 0, plus=False)
            return tr("closing.card.ladder.chart", near=near, bars=jongga.breakout_bars)
        if name == "candle":
            return tr(
                "closing.card.ladder.candle",
                body=f"{jongga.candle_body_pct:g}%",
                position=f"{jongga.candle_close_position:.2f}",
                share=f"{jongga.candle_body_share:.2f}",
            )
        if name == "period":
            return tr("closing.card.ladder.period", range=f"{jongga.period_range_pct:g}%")
        both, total = fmt.points(jongga.supply_both_points), fmt.points(jongga.supply_sum_points)
        return tr("closing.card.ladder.supply", both=both, sum=total)

    def _value(self, found: ClosingExplanation, name: str, *, missing: bool) -> str:
        tr, scan, row, language = self._look.tr, found.picture.scan, found.row, self._look.language
        if missing:
            return tr("closing.card.no_collector" if name == "news" else "closing.card.missing")
        if name == "news":
            return self._news_value(found.news, scan, row)
        if name == "volume":
            amount = fmt.money(float(scan.value_krw[row]), language)
            return f"≈{amount}" if scan.value_estimated[row] else amount
        bars = found.picture.rules.jongga
        if name == "chart":
            high, high60, close = (float(values[row]) for values in (scan.high_250, scan.high_60, scan.close))
            key = "closing.card.value.chart_break" if close > high60 + 1e-9 else "closing.card.value.chart"
            fields = {"high": fmt.price(high), "bars": bars.breakout_bars}
            return tr(key, **fields) if close > high60 + 1e-9 else tr(key, high60=fmt.price(high60), **fields)
        if name == "candle":
            return tr(
                "closing.card.value.candle",
                body=fmt.percent(float(scan.body_pct[row]), 1),
                position=fmt.number(float(scan.close_position[row]), 2),
                share=fmt.number(float(scan.body_share[row]), 2),
            )
        if name == "period":
            recent, usual = float(scan.period_volume_recent[row]), float(scan.period_volume[row])
            volume = fmt.ratio(recent / usual) if usual > 0 else fmt.MISSING
            width = fmt.percent(float(scan.period_range_pct[row]), 1, plus=False)
            return tr("closing.card.value.period", bars=bars.period_bars, range=width, volume=volume)
        foreign, institution = (float(values[row]) for values in (scan.foreign_5d_krw, scan.institution_5d_krw))
        return tr(
            "closing.card.value.supply",
            foreign=fmt.money(foreign, language, plus=True),
            institution=fmt.money(institution, language, plus=True),
        )

    def _news_value(self, news: StockNews, scan: ClosingBetScan, row: int) -> str:
        tr, net = self._look.tr, float(scan.news_net[row])
        if news.veto:
            return tr("closing.card.value.news_veto", net=fmt.signed(net, 2))
        if not news.clusters:
            return tr("closing.card.value.news_none")
        scored = sum(1 for cluster in news.clusters if cluster.effect != 0)
        return tr("closing.card.value.news", count=scored, net=fmt.number(net, 2))


def round_money(text: str) -> str:
    """Whole thresholds without decimals: ``1조``, ``₩1T``."""
    return text.replace(".00조", "조").replace(".00T", "T").replace(".0B", "B")
