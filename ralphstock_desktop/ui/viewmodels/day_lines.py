"""The words of the day-trading checklist: head with plan and bans, seven rows, next step, record. No widgets, no state."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.daytrade import DAY_ITEMS, DAY_MAX_RAW
from engine.model.performance import RecordRow
from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import DayTradeExplanation, NearMiss, RecordTable
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.day_cells import ChipMark
from ralphstock_desktop.ui.viewmodels.day_columns import BAN_TOKEN
from ralphstock_desktop.ui.viewmodels.day_rows import bans_of
from ralphstock_desktop.ui.viewmodels.day_words import ban_word, minute_text, signal_type, write_day_item
from ralphstock_desktop.ui.viewmodels.evidence_lines import GroupLine, ItemLine, Line, NoteLine, PlanCell, RecordLine
from ralphstock_desktop.ui.viewmodels.near_words import near_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["ChecklistHead", "ChecklistWriter"]

_TEN_THOUSAND = 1e4


@dataclass(frozen=True, slots=True)
class ChecklistHead:
    """What the head shows."""

    grade: int
    name: str
    ticker: str
    raw: str
    most: str
    formula: str
    plan: tuple[PlanCell, ...]
    """Entry, stop, target, quantity, time exit; empty without a price."""
    bans: tuple[ChipMark, ...]


class ChecklistWriter:
    """Writes an explanation in the chosen language."""

    def __init__(self, appearance: Appearance) -> None:
        self._look = appearance

    def head(self, found: DayTradeExplanation) -> ChecklistHead:
        """Grade, points, plan and bans."""
        tr, picture, row = self._look.tr, found.picture, found.row
        scan, panel, rules = picture.scan, picture.panel, picture.rules.daytrading
        english = str(panel.names_en[row]) if self._look.language == "en" else ""
        grade, score, raw = int(scan.grade[row]), float(scan.score[row]), float(scan.raw[row])
        formula = (
            tr("daytrade.formula.none", rules=scan.ruleset)
            if math.isnan(score)
            else tr(
                "daytrade.formula",
                score=fmt.score(score),
                type=tr(f"daytrade.signal.{signal_type(grade)}"),
                rules=scan.ruleset,
            )
        )
        chips = tuple(
            ChipMark(
                ban_word(self._look, ban, rules.entry_from_minute, rules.entry_until_minute), BAN_TOKEN.get(ban, "text-muted")
            )
            for ban in bans_of(int(scan.bans[row]))
        )
        return ChecklistHead(
            grade=grade,
            name=english or str(panel.names[row]) or found.ticker,
            ticker=found.ticker,
            raw=fmt.points(raw),
            most=fmt.points(DAY_MAX_RAW),
            formula=formula,
            plan=self._plan(found),
            bans=chips,
        )

    def _plan(self, found: DayTradeExplanation) -> tuple[PlanCell, ...]:
        tr, scan, row, rules = self._look.tr, found.picture.scan, found.row, found.picture.rules
        entry, stop, target = (float(values[row]) for values in (scan.entry_krw, scan.stop_krw, scan.target_krw))
        if math.isnan(entry) or not entry > 0:
            return ()
        down, up = (fmt.percent(100.0 * (price / entry - 1.0), 1) for price in (stop, target))
        factor = scan.gate.size_factor(rules.gate.yellow_size)
        risk = fmt.percent(rules.daytrading.risk_pct, 2, plus=False)
        shares = fmt.shares(found.qty, self._look.language)
        quantity = tr("daytrade.plan.qty_value", shares=shares, money=self._won(found.qty * entry)) if found.qty else shares
        return (
            PlanCell(tr("daytrade.plan.entry"), "", fmt.price(entry), "plan-entry"),
            PlanCell(tr("daytrade.plan.stop"), down, fmt.price(stop), "plan-stop"),
            PlanCell(tr("daytrade.plan.target"), up, fmt.price(target), "plan-target"),
            PlanCell(
                tr("daytrade.plan.qty"), tr("daytrade.plan.qty_how", risk=risk, factor=f"{factor:g}"), quantity, "line-strong"
            ),
            PlanCell(tr("daytrade.exit"), "", minute_text(rules.daytrading.exit_minute), "line-strong"),
        )

    def _won(self, amount: float) -> str:
        """An order is smaller than what ``fmt.money`` is made for: ten thousands of won."""
        if self._look.language != "ko" or amount >= 1e8:
            return fmt.money(amount, self._look.language)
        return f"{fmt.number(amount / _TEN_THOUSAND)}만"

    def lines(self, found: DayTradeExplanation, near: NearMiss | None, records: RecordTable | None) -> tuple[Line, ...]:
        """Seven rows, the next step, and the record of the grade."""
        by_item = {item.item: item for group in found.groups for item in group.items}
        ordered = [by_item.pop(item) for item in DAY_ITEMS if item in by_item] + list(by_item.values())
        lines: list[Line] = [ItemLine(item, write_day_item(item, found.picture, found.row, self._look), "") for item in ordered]
        step = near_sentence(self._look, near) if near is not None else fmt.MISSING
        label = self._look.tr("daytrade.col.step")
        lines.append(NoteLine(label, step, "warning" if near is not None else "text-muted"))
        grade = int(found.picture.scan.grade[found.row])
        tr = self._look.tr
        title = tr("daytrade.record.title", grade=Grade(grade).name) if grade else tr("daytrade.record.title_none")
        lines.append(GroupLine(title, "", ""))
        lines.append(self._record(records.of("DAY_TRADE", grade) if records is not None and grade else None))
        return tuple(lines)

    def _record(self, row: RecordRow | None) -> RecordLine:
        tr = self._look.tr
        label, unknown = tr("daytrade.record.item"), tr("evidence.value.unknown")
        if row is None:
            return RecordLine(label, unknown, tr("daytrade.record.none"))
        mean, low, high = row.mean_net_pct.value, row.mean_net_pct.low, row.mean_net_pct.high
        if not row.enough or mean is None:
            return RecordLine(label, unknown, tr("daytrade.record.few", n=fmt.number(row.n)))
        words = [fmt.MISSING if number is None else fmt.percent(number, 2) for number in (low, high, row.base_pct)]
        remark = tr("daytrade.record.value", n=fmt.number(row.n), low=words[0], high=words[1], base=words[2])
        return RecordLine(label, fmt.percent(mean, 2), remark)
