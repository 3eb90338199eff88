"""What would have to happen for a better grade, and what changed a grade since an earlier instant."""

from __future__ import annotations

from dataclasses import replace

from engine.model.instants import kst_datetime
from ralphstock_desktop.services.assistant.answers.stock_ahead import steps_of
from ralphstock_desktop.services.assistant.answers.stock_items import amount, item_label
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol
from ralphstock_desktop.services.assistant_contracts import Fact, Spans, Target, Unit
from ralphstock_desktop.services.strategy_contracts import GradeChange, GradeDiff, NearMiss, StrategyName

__all__ = ["near_sentences", "write_diff", "write_near"]

_MOST_CHANGES = 8
_NEAR_KEYS = frozenset(("close", "price", "sector_median", "sector_rank", "spike", "value", "volume"))
_UNITS: dict[str, Unit] = {"won": "won", "shares": "shares", "%": "%", "points": "points", "×": "×"}


def _picture(s: Symbol, strategy: StrategyName) -> object | None:
    return {"VCP": s.pictures.scan, "CLOSING_BET": s.pictures.closing, "DAY_TRADE": s.pictures.day}[strategy]


def near_sentences(s: Symbol, strategies: tuple[StrategyName, ...]) -> list[Spans]:
    """What would have to happen for the next grade, of each strategy that has such a step; prices in won, volume in shares."""
    found = []
    for strategy in strategies:
        picture = _picture(s, strategy)
        if picture is not None and s.pictures.strategies is not None:
            steps = steps_of(s.pictures.strategies, strategy, picture)
            found += [_near(s, near) for near in steps if near.ticker == s.ticker]
    return found


def _near(s: Symbol, near: NearMiss) -> Spans:
    target = Target("cell", panel="near", ticker=s.ticker, strategy=near.strategy, item=near.item)
    what = near.key.rsplit(".", 1)[-1]
    unit: Unit = "krw" if near.unit == "won" and what == "value" else _UNITS.get(near.unit, "")
    label = item_label(s, near.strategy, near.item)
    s.fact("near.item", near.item, "word", target, text=label)
    parts: dict[str, Fact | str] = {
        "strategy": s.t(f"strategy.{near.strategy}"),
        "item": label,
        "value": s.fact("near.value", near.value, unit, target, plus=False),
        "need": s.fact("near.need", near.need, unit, target, plus=False),
        "gap": s.fact("near.gap", near.gap, "%p" if unit == "%" else unit, target, plus=True),
        "percent": s.fact(
            "near.gap_pct", 100.0 * near.gap / near.value if near.value else None, "%", target, formula=s.t("formula.near")
        ),
        "grade": s.grade("near.grade", near.next_grade, target),
    }
    return s.say(f"near.{what}" if what in _NEAR_KEYS else "near.other", **parts)


def write_near(s: Symbol, strategies: tuple[StrategyName, ...]) -> None:
    """One line a step; that no single step would do, where there is none."""
    lines = near_sentences(s, strategies)
    if lines:
        s.items(*lines)
    else:
        s.paragraph(s.say("near.none"))


# -- what changed -----------------------------------------------------------------------------------------------------------


def write_diff(s: Symbol, strategy: StrategyName) -> None:
    """Grade and score then and now, and the effect of every item that changed. Effects add up to the difference."""
    diff = s.diffs.get(strategy)
    if diff is None:
        s.paragraph(s.say("diff.unavailable"))
        return
    target = Target("panel", panel="diff", ticker=s.ticker, strategy=strategy)
    moment = kst_datetime(diff.from_as_of.instant_ns)
    begin = s.fact("diff.from", moment.strftime("%Y-%m-%dT%H:%M"), "time", target, day=moment.date())
    before, after = (
        s.grade(name, grade, target)
        for name, grade in (("diff.grade_before", diff.grade_before), ("diff.grade_after", diff.grade_after))
    )
    old, new = (
        s.fact(name, score, "points", target, decimals=2)
        for name, score in (("diff.score_before", diff.score_before), ("diff.score_after", diff.score_after))
    )
    name = s.t(f"strategy.{strategy}")
    parts: dict[str, Fact | str] = {"strategy": name, "since": begin, "before": before, "after": after, "old": old, "new": new}
    if diff.score_before is None or diff.score_after is None:
        s.paragraph(s.say("diff.one_sided", **parts))
    else:
        gap = diff.score_after - diff.score_before
        change = s.fact("diff.change", gap, "points", target, decimals=2, plus=True, formula=f"{new.text} \u2212 {old.text}")
        s.paragraph(s.say("diff.head" if diff.changes else "diff.same", change=change, **parts))
    s.items(*(_change(s, strategy, change) for change in diff.changes[:_MOST_CHANGES]))
    if len(diff.changes) > _MOST_CHANGES:
        s.paragraph(_rest(s, diff, target))


def _change(s: Symbol, strategy: StrategyName, change: GradeChange) -> Spans:
    label = item_label(s, strategy, change.item) if change.item != "rounding" else s.t("item.rounding")
    item = Target("evidence", panel="diff", ticker=s.ticker, strategy=strategy, item=change.item)
    effect = s.fact("diff.effect", change.effect, "points", item, title=s.t("title.diff.effect"), decimals=2, plus=True)
    if change.before is None or change.after is None:
        return s.say("diff.item.short", item=label, effect=effect)
    alike = change.unit in ("%", "×") and round(change.before, 2) == round(change.after, 2)
    before, after = (
        _valued(s, name, value, change, strategy, fine=alike)
        for name, value in (("diff.before", change.before), ("diff.after", change.after))
    )
    return s.say("diff.item", item=label, before=before, after=after, effect=effect)


def _valued(s: Symbol, name: str, value: float, change: GradeChange, strategy: StrategyName, *, fine: bool) -> Fact:
    """A value then or now, in the unit of its item; ``fine`` where both would be written alike."""
    return amount(s, name, value, change.unit, strategy, change.item, title=s.t(f"title.{name}"), fine=fine)


def _rest(s: Symbol, diff: GradeDiff, target: Target) -> Spans:
    rest = sum(change.effect for change in diff.changes[_MOST_CHANGES:])
    named = replace(target, item="rest")
    return s.say("diff.rest", effect=s.fact("diff.effect", rest, "points", named, decimals=2, plus=True))
