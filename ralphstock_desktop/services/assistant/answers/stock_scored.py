"""Parts of a score asked for by name: a group, a component, single items, or all of them with their points.

A part is written ``<strategy>.<part>``: ``VCP.A`` is the trend template, ``VCP.T8`` one of its conditions,
``CLOSING_BET.candle`` a component, ``DAY_TRADE.box`` an item of the checklist, and ``VCP.*`` every group with its points.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.closing import CLOSING_COMPONENTS
from engine.model.evidence import Evidence, ItemState
from engine.model.scan import ITEM_GROUP, ITEMS
from ralphstock_desktop.services.assistant.answers.stock_closing import read_closing, read_day, write_closing, write_day
from ralphstock_desktop.services.assistant.answers.stock_items import item_label, read_item, write_item
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol, day_at
from ralphstock_desktop.services.assistant.answers.stock_vcp import VcpFacts, arithmetic, read_vcp, vcp_sentence
from ralphstock_desktop.services.assistant_contracts import Spans
from ralphstock_desktop.services.strategy_contracts import StrategyName

__all__ = ["write_scored"]

_ALL = "*"
_WHOLE = frozenset("ABCDEF") | {"SM"}


def write_scored(s: Symbol, parts: Sequence[str]) -> None:
    """Write the parts named, each with its value, threshold and points; a score that is not there is said to be missing."""
    for part in parts:
        strategy, _, name = part.partition(".")
        if strategy == "VCP":
            vcp = read_vcp(s)
            if vcp is None:
                _waiting(s, "VCP")
            elif name == _ALL:
                _all_groups(s, vcp)
            else:
                _vcp_part(s, vcp, name)
        elif strategy == "CLOSING_BET":
            _closing_part(s, name)
        else:
            _day_part(s, name)


def _waiting(s: Symbol, strategy: StrategyName) -> None:
    s.paragraph(s.say("score.waiting", strategy=s.t(f"strategy.{strategy}")))


def _group(s: Symbol, vcp: VcpFacts, group: str, items: Sequence[Evidence]) -> Spans:
    """``추세 템플릿 18점 / 25점``, and how many of its conditions hold where they are counted."""
    scan = vcp.explanation.scan
    day, known = day_at(s.panel.days, scan.day_index), vcp.known_at_ns
    points, most = sum(item.points for item in items), sum(item.max_points for item in items)
    label = s.t(f"group.vcp.{group}")
    target = s.evidence(items[0].item)
    judged = any(item.state is not ItemState.UNKNOWN for item in items)
    earned = s.fact(
        f"vcp.group.{group}", points if judged else None, "points", target, day=day, known_at_ns=known,
        title=s.t("title.item.points").format(item=label), formula=" + ".join(f"{item.item} {item.points:g}" for item in items),
    )  # fmt: skip
    out_of = s.fact(f"vcp.group.{group}.max", most, "points", target, title=s.t("title.item.max").format(item=label))
    if not judged:
        return s.say("closing.component.unknown", item=label, most=out_of)
    return s.say("closing.component", item=label, points=earned, most=out_of)


def _all_groups(s: Symbol, vcp: VcpFacts) -> None:
    if vcp.total.value is None:
        s.paragraph(vcp_sentence(s, vcp))
        return
    s.paragraph(vcp_sentence(s, vcp), arithmetic(s, vcp))
    s.items(*(_group(s, vcp, group.group, group.items) for group in vcp.explanation.groups if group.group in _WHOLE))


def _vcp_part(s: Symbol, vcp: VcpFacts, name: str) -> None:
    evidence = [item for group in vcp.explanation.groups for item in group.items]
    group = name if name in _WHOLE else ITEM_GROUP[ITEMS.index(name)]
    of_group = [item for item in evidence if item.group == group]
    if vcp.total.value is None or not of_group:
        s.paragraph(vcp_sentence(s, vcp))
        return
    if name in _WHOLE:
        sentences = [_group(s, vcp, group, of_group)]
        if group == "A":
            sentences.append(_counted(s, of_group))
        s.paragraph(*(s.say("scored.said", what=sentence) for sentence in sentences[:1]), *sentences[1:])
        s.items(*(write_item(s, read_item(s, "VCP", item)) for item in of_group))
        return
    item = next(each for each in of_group if each.item == name)
    s.paragraph(_verdict(s, "VCP", item))
    s.items(write_item(s, read_item(s, "VCP", item)))


def _counted(s: Symbol, items: Sequence[Evidence]) -> Spans:
    """How many of the conditions hold."""
    held = float(sum(item.state is ItemState.PASSED for item in items))
    target = s.evidence(items[0].item)
    passed = s.fact("vcp.trend.passed", held, "", target, decimals=0)
    count = s.fact("vcp.trend.count", float(len(items)), "", target, decimals=0)
    return s.say("scored.counted", passed=passed, count=count)


def _verdict(s: Symbol, strategy: StrategyName, item: Evidence) -> Spans:
    """Whether one condition holds, before its numbers."""
    return s.say(f"scored.{item.state.name.lower()}", item=item_label(s, strategy, item.item, item))


def _closing_part(s: Symbol, name: str) -> None:
    closing = read_closing(s)
    if closing is None:
        _waiting(s, "CLOSING_BET")
        return
    if name == _ALL or closing.total.value is None:
        write_closing(s, closing)
        return
    column = CLOSING_COMPONENTS.index(name)
    label, points, most, judged = closing.components[column]
    said = s.say("closing.component" if judged else "closing.component.unknown", item=label, points=points, most=most)
    s.paragraph(s.say("scored.closing", what=said, day=closing.day, run=closing.run))
    s.items(*(write_item(s, read_item(s, "CLOSING_BET", item)) for item in closing.explanation.groups[column].items))


def _day_part(s: Symbol, name: str) -> None:
    day = read_day(s)
    if day is None:
        _waiting(s, "DAY_TRADE")
        return
    evidence = [item for group in day.explanation.groups for item in group.items]
    item = next((each for each in evidence if each.item == name), None)
    if name == _ALL or item is None:
        write_day(s, day)
        return
    s.paragraph(s.say("scored.day", time=day.time), _verdict(s, "DAY_TRADE", item))
    s.items(write_item(s, read_item(s, "DAY_TRADE", item)))
