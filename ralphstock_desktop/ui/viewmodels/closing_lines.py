"""The words of the closing-bet card: head, sentences that scored, filters, record. No widgets, no state.

The six components are written by :mod:`~ralphstock_desktop.ui.viewmodels.closing_components`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.closing import Cap, SignalPhase
from engine.model.instants import AsOf
from engine.model.instruments import Market
from engine.model.news import NewsCluster, StockNews
from engine.model.performance import RecordRow
from engine.model.scan import Grade, ScoreStatus
from engine.thresholds import Rules
from ralphstock_desktop.services.strategy_contracts import ClosingExplanation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.closing_components import ComponentLine, ComponentWriter, round_money
from ralphstock_desktop.ui.viewmodels.closing_words import cap_text, exit_clock, record_words
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "CardHead",
    "CardWriter",
    "FilterChip",
    "NewsLine",
    "PlanCell",
    "RecordLine",
    "clean_hits",
    "weight_text",
]


@dataclass(frozen=True, slots=True)
class PlanCell:
    """One cell of the plan."""

    label: str
    value: str
    remark: str
    token: str


@dataclass(frozen=True, slots=True)
class CardHead:
    """What the head shows."""

    name: str
    ident: str
    grade: int
    dashed: bool
    total: str
    most: str
    verdict: str
    place: str
    caps: tuple[str, ...]
    plan: tuple[PlanCell, ...]
    rejected: bool


@dataclass(frozen=True, slots=True)
class NewsLine:
    """One cluster with where its scored words stand in the title."""

    id: str
    title: str
    hits: tuple[tuple[int, int], ...]
    effect: str
    line: str
    url: str
    counts: bool
    """False: no effect, grey."""
    severe: bool


@dataclass(frozen=True, slots=True)
class FilterChip:
    """One mandatory filter."""

    code: str
    passed: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class RecordLine:
    """Record of the grade."""

    label: str
    text: str
    enough: bool


class CardWriter:
    """Writes an explanation in the chosen language."""

    def __init__(self, appearance: Appearance) -> None:
        self._look = appearance
        self._components = ComponentWriter(appearance)

    def components(self, found: ClosingExplanation) -> tuple[ComponentLine, ...]:
        """The six rows."""
        return self._components.lines(found)

    # -- head -----------------------------------------------------------------------------------------------------------

    def head(self, found: ClosingExplanation) -> CardHead:
        """What the head shows."""
        tr, scan, row, panel = self._look.tr, found.picture.scan, found.row, found.picture.panel
        english = str(panel.names_en[row]) if self._look.language == "en" else ""
        market = Market(int(panel.market[row]))
        grade, total = int(scan.grade[row]), float(scan.total[row])
        rejected = bool(scan.rejected[row])
        verdict = "rejected" if rejected else Grade(grade).name.lower()
        order = scan.order.tolist()
        place = tr("closing.card.place", place=order.index(row) + 1, count=len(order)) if row in order else ""
        if scan.phase[row] == SignalPhase.WATCH:
            place = f"{place} · {tr('closing.card.watch')}".lstrip(" ·")
        ident = tr(
            "evidence.ident",
            code=found.ticker,
            market=tr(f"table.market.{market.name.lower()}") if market else fmt.MISSING,
            rules=scan.ruleset,
        )
        caps = tuple(cap_text(self._look, cap.name.lower()) for cap in Cap if cap and cap.name and scan.caps[row] & cap)
        return CardHead(
            name=english or str(panel.names[row]) or found.ticker,
            ident=ident,
            grade=grade,
            dashed=bool(scan.raw_grade[row] > grade > Grade.NONE) or rejected,
            total=fmt.points(total),
            most=tr("closing.card.of", most=fmt.points(found.picture.rules.jongga.max_points)),
            verdict=tr(f"closing.card.verdict.{verdict}"),
            place=place,
            caps=caps,
            plan=self._plan(found),
            rejected=rejected,
        )

    def _plan(self, found: ClosingExplanation) -> tuple[PlanCell, ...]:
        tr, scan, row, rules = self._look.tr, found.picture.scan, found.row, found.picture.rules.jongga
        entry, stop, target = (float(values[row]) for values in (scan.entry_krw, scan.stop_krw, scan.target_krw))
        if math.isnan(entry):
            amount, leave = "", fmt.MISSING
        else:
            amount = fmt.shares(float(found.qty), self._look.language) if found.qty else tr("closing.card.qty_none")
            leave = tr("closing.card.exit_value", time=exit_clock(found.picture.rules))
        down, up = (fmt.percent(sign * value, 0) for sign, value in ((-1, rules.stop_pct), (1, rules.target_pct)))
        return (
            PlanCell(tr("closing.card.entry"), fmt.price(entry), amount, "plan-entry"),
            PlanCell(tr("closing.card.stop", distance=down), fmt.price(stop), "", "plan-stop"),
            PlanCell(tr("closing.card.target", distance=up), fmt.price(target), "", "plan-target"),
            PlanCell(tr("closing.card.exit"), leave, "", "line-strong"),
        )

    # -- news -----------------------------------------------------------------------------------------------------------

    def news_title(self, news: StockNews, rules: Rules) -> tuple[str, str]:
        """Head of the sentences: title and how they were judged."""
        tr = self._look.tr
        by = tr("closing.card.news.rule")
        if news.verdict is not None:
            by = tr("closing.card.news.model", model=news.verdict.model)
        days = fmt.number(rules.news.max_age_h / 24)
        return tr("closing.card.news"), tr("closing.card.news.count", count=len(news.clusters), days=days, by=by)

    def news_lines(self, news: StockNews) -> tuple[NewsLine, ...]:
        """Every cluster; those without effect stay, grey."""
        return tuple(self._news_line(f"news:{number}", cluster) for number, cluster in enumerate(news.clusters))

    def news_note(self, news: StockNews) -> str:
        """What stands in place of or under the sentences; empty for nothing."""
        tr = self._look.tr
        if news.status is ScoreStatus.MISSING:
            return tr("closing.card.news.missing")
        if not news.clusters:
            return tr("closing.card.news.none")
        return tr("closing.card.news.unscored", count=len(news.unscored)) if news.unscored else ""

    def _news_line(self, identity: str, cluster: NewsCluster) -> NewsLine:
        article = cluster.representative
        when = fmt.as_of_short(AsOf(article.published_ns)) if article.published_ns is not None else ""
        source = article.source or self._look.tr("news_panel.unknown_source")
        weights = {
            "source": weight_text(cluster.source_weight),
            "time": weight_text(cluster.time_weight),
            "relevance": weight_text(cluster.relevance),
        }
        weight = self._look.tr(
            "closing.card.weight_points",
            points=fmt.signed(cluster.points, 0 if cluster.points == round(cluster.points) else 1),
            weight=f"{cluster.weight:.2f}",
            **weights,
        )
        return NewsLine(
            id=identity,
            title=article.title,
            hits=clean_hits(article.title, cluster),
            effect=fmt.signed(cluster.effect, 2),
            line=f"{source} {when} · {weight}",
            url=article.url,
            counts=cluster.effect != 0,
            severe=cluster.is_veto,
        )

    # -- filters and record ---------------------------------------------------------------------------------------------

    def filters(self, found: ClosingExplanation) -> tuple[FilterChip, ...]:
        """Mandatory filters, failed and unknown ones first."""
        chips = [self._filter(found, code, passed) for code, passed, _ in found.filters]
        return tuple(sorted(chips, key=lambda chip: {False: 0, None: 1, True: 2}[chip.passed]))

    def _filter(self, found: ClosingExplanation, code: str, passed: bool | None) -> FilterChip:
        tr, name = self._look.tr, code.lower()
        jongga = found.picture.rules.jongga
        fields: dict[str, str] = {
            "price": fmt.price(jongga.min_close_krw),
            "value": round_money(fmt.money(jongga.min_value_krw, self._look.language)),
            "low": f"{jongga.min_change_pct:g}",
            "high": f"{jongga.max_change_pct:g}",
            "bars": fmt.number(jongga.min_bars),
        }
        key = f"closing.filter.{name}"
        title = tr(key, **fields) if self._look.has_text(key) else code
        if passed is None:
            return FilterChip(code, None, f"{title} · {tr('closing.filter.unknown')}")
        if passed:
            return FilterChip(code, True, title)
        reason = self._failure(found, name) if self._look.has_text(f"{key}.failed") else ""
        return FilterChip(code, False, f"{title} — {reason}" if reason else title)

    def _failure(self, found: ClosingExplanation, name: str) -> str:
        """Why a filter failed, from the scan's own numbers."""
        tr, scan, row = self._look.tr, found.picture.scan, found.row
        price = scan.upper_limit if name == "limit_up" else scan.close
        fields: dict[str, str] = {
            "price": fmt.price(float(price[row])),
            "value": fmt.money(float(scan.value_krw[row]), self._look.language),
            "change": fmt.percent(float(scan.change_pct[row])),
            "bars": fmt.number(float(scan.n_bars[row])),
            "gate": tr(f"closing.gate.{scan.gate.name.lower()}"),
        }
        return tr(f"closing.filter.{name}.failed", **fields)

    def record(self, found: ClosingExplanation, record: RecordRow | None) -> RecordLine:
        """Record of the grade out of sample, or why it cannot be judged."""
        grade = int(found.picture.scan.grade[found.row])
        label = "closing.card.record" if grade else "closing.card.record_none"
        words = self._look.tr(label, grade=Grade(grade).name) if grade else self._look.tr(label)
        return RecordLine(words, record_words(self._look, record), record is not None and record.enough)


def clean_hits(title: str, cluster: NewsCluster) -> tuple[tuple[int, int], ...]:
    """Spans of the scored words inside the title, ascending and apart from each other."""
    found: list[tuple[int, int]] = []
    for hit in sorted(cluster.hits, key=lambda each: (each.start, -each.end)):
        start, end = max(hit.start, found[-1][1] if found else 0), min(hit.end, len(title))
        if start < end:
            found.append((start, end))
    return tuple(found)


def weight_text(weight: float) -> str:
    """A weight with one decimal, two where it needs them."""
    text = f"{weight:.2f}"
    return text.removesuffix("0")
