"""Rows of the day-trading checklist, painted: shape, item, live value, bullet, threshold, margin, points, source."""

from __future__ import annotations

from engine.model.evidence import ItemState
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.docks.evidence import EvidenceView
from ralphstock_desktop.ui.viewmodels.day_checklist import DayChecklistViewModel
from ralphstock_desktop.ui.viewmodels.day_words import is_of_an_earlier_day, is_of_today, is_old_quote
from ralphstock_desktop.ui.viewmodels.evidence import GroupLine, ItemLine, NoteLine, RecordLine

__all__ = ["ChecklistView"]

_ROW = 36
_LINE = 16
_SOURCE_LEAST = 168
_ITEM_LEAST = 84
_WIDTHS = {"value": 82, "bullet": 62, "threshold": 74, "margin": 62, "points": 46}
_HEADS = ("item", "value", "threshold", "margin", "points")
_LABEL = 88
"""Label of the lines below the rows."""


class ChecklistView(EvidenceView):
    """Arrows walk, Enter pins, C copies, Esc clears, as in the evidence panel; only geometry and paint are its own."""

    def __init__(self, view_model: DayChecklistViewModel, appearance: Appearance) -> None:
        self._day = view_model
        self.with_source = True
        """Whether calculation and known-at have their column; else both are in the focused row."""
        super().__init__(view_model, appearance)

    # -- geometry -------------------------------------------------------------------------------------------------------

    def _choose_columns(self) -> None:
        """Drop the source column first, then threshold and bullet, then the margin."""
        forms = ((True, True, True), (False, True, True), (False, False, True), (False, False, False))
        for self.with_source, self.wide, self.with_margin in forms:
            if self._fixed_width() <= self.viewport().width():
                return

    def _fixed_width(self) -> int:
        px = self._look.px
        total = 30 + _ITEM_LEAST + 8 + sum(_WIDTHS[name] for name in self._shown()) + (_SOURCE_LEAST if self.with_source else 0)
        return px(total)

    def _shown(self) -> tuple[str, ...]:
        names = ["value"]
        if self.wide:
            names += ["bullet", "threshold"]
        if self.with_margin:
            names.append("margin")
        return (*names, "points")

    def _columns(self) -> dict[str, tuple[int, int]]:
        """x and width of the columns: item and source share what the others leave, the source getting more."""
        px, width = self._look.px, self.viewport().width()
        spare = width - self._fixed_width()
        extra = max(0, spare)
        # The source gets the first of it: a calculation with prices of seven digits is wider than its least width.
        item = px(_ITEM_LEAST) + (min(px(56), max(0, extra - px(40)) // 3) if self.with_source else extra)
        placed = {"item": (px(30), item)}
        left = px(30) + item
        for name in self._shown():
            placed[name] = (left, px(_WIDTHS[name]))
            left += px(_WIDTHS[name])
        if self.with_source:
            placed["source"] = (left + px(14), max(0, width - left - px(14) - px(8)))
        return placed

    def _height(self, line: object) -> int:
        px = self._look.px
        if isinstance(line, ItemLine):
            row = px(_ROW)
            if line.evidence.item != self._day.focused_item:
                return row
            return row + px(_LINE) * self._detail_lines(line) + px(4)
        if isinstance(line, GroupLine):
            return px(22)
        if isinstance(line, NoteLine):
            return px(28) + px(_LINE) * (len(self._wrap(line.text, self._note_room(line))) - 1)
        return px(28)

    def _note_room(self, line: NoteLine) -> int:
        return self.viewport().width() - self._look.px(20) - (self._look.px(_LABEL) if line.label else 0)

    def _detail_lines(self, line: ItemLine) -> int:
        """Lines of the focused row below its values: rule, calculation and source where they have no column; distance."""
        words = len(self._wrap(line.words.words, self._detail_room())) if self._opens_words(line) else 0
        return 1 + self._rule_lines(line) + words + (0 if self.with_source else 1)

    def _opens_words(self, line: ItemLine) -> bool:
        """Whether the calculation is written out below the row: it has no column, or is cut there."""
        room = self._columns()["source"][1] if self.with_source else 0
        return self._canvas.width(line.words.words, "micro") > room

    # -- painting -------------------------------------------------------------------------------------------------------

    def _paint_head(self, columns: dict[str, tuple[int, int]], tall: int) -> None:
        canvas, tr, px = self._canvas, self._look.tr, self._look.px
        canvas.fill(0, 0, self.viewport().width(), tall, "bg-header")
        for name in _HEADS:
            if name in columns:
                x, width = columns[name]
                right = name in ("value", "margin", "points")
                canvas.text(
                    x,
                    0,
                    width,
                    tall,
                    tr(f"evidence.col.{name}"),
                    "text-muted",
                    align="right" if right else "left",
                    size="micro",
                )
        if "source" in columns:
            x, width = columns["source"]
            canvas.text(x, 0, width, tall, tr("daytrade.col.source"), "text-muted", size="micro", elide=True)
        canvas.fill(0, tall - px(1), self.viewport().width(), 1, "line-hair")

    def _paint_item(self, line: ItemLine, position: int, top: int, tall: int, columns: dict[str, tuple[int, int]]) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        evidence, words = line.evidence, line.words
        state, row = evidence.state, px(_ROW)
        focused = evidence.item == self._day.focused_item
        if focused:
            canvas.fill(0, top, width, tall, "selection")
            canvas.fill(0, top, px(2), tall, "evidence")
        elif position == self._hover:
            canvas.fill(0, top, width, tall, "bg-hover")
        canvas.fill(0, top + tall - 1, width, 1, "chart-grid" if self._look.theme == "dark" else "line-hair")
        self._paint_shape(state, px(10), top + (row - px(13)) // 2, px(13))
        text = "selection-text" if focused else "text"
        x, room = columns["item"]
        canvas.text(x, top, room, row, words.label, text, bold=True, elide=True)
        self._paint_flash(evidence.item, columns["value"], top, row)
        x, room = columns["value"]
        missing = state is ItemState.UNKNOWN or evidence.value is None
        is_word = words.value and not any(char.isdigit() for char in words.value)
        token = "unknown" if missing else self._word_token(state) if is_word else self._value_token(line, text)
        canvas.text(x, top, room, row, words.value, token, align="right", bold=not missing)
        if self.wide:
            bullet_x, bullet_room = columns["bullet"]
            self._paint_bullet(line, (bullet_x + px(10), bullet_room), top, row)
            x, room = columns["threshold"]
            canvas.text(x, top, room, row, words.threshold, "text-secondary", size="caption", elide=True)
        if self.with_margin:
            x, room = columns["margin"]
            canvas.text(x, top, room, row, words.margin, self._margin_token(state), align="right", size="caption", elide=True)
        x, room = columns["points"]
        canvas.text(x, top, room, row, words.points, text, align="right", bold=True)
        if self.with_source:
            self._paint_source(line, columns["source"], top, row)
        if focused:
            self._paint_detail(line, top + row - px(2))

    def _word_token(self, state: ItemState) -> str:
        return {ItemState.FAILED: "danger", ItemState.PARTIAL: "warning"}.get(state, "text")

    def _value_token(self, line: ItemLine, text: str) -> str:
        found = self._day.found
        assert found is not None
        if self._day.is_forming(line.evidence):
            return "warning"
        old = is_old_quote(found.picture, found.row) and is_of_today(line.evidence, found.picture)
        return "stale" if old else text

    def _source_token(self, line: ItemLine) -> str:
        """Provisional in yellow; of an earlier day, or of a quote that is too old, in the colour of stale values."""
        found, evidence = self._day.found, line.evidence
        assert found is not None
        if evidence.known_at_ns is None:
            return "unknown"
        if self._day.is_forming(evidence):
            return "warning"
        old = is_old_quote(found.picture, found.row) and is_of_today(evidence, found.picture)
        return "stale" if old or is_of_an_earlier_day(evidence, found.picture) else "text-muted"

    def _paint_source(self, line: ItemLine, column: tuple[int, int], top: int, row: int) -> None:
        canvas, px = self._canvas, self._look.px
        x, room = column
        step = px(_LINE)
        first = top + (row - 2 * step) // 2
        size: FontSize = "caption" if canvas.width(line.words.words, "caption") <= room else "micro"
        canvas.text(x, first, room, step, line.words.words, "text-secondary", size=size, elide=True)
        canvas.text(x, first + step, room, step, line.words.source, self._source_token(line), size="caption", elide=True)

    def _paint_detail(self, line: ItemLine, top: int) -> None:
        canvas, px, tr = self._canvas, self._look.px, self._look.tr
        left, room, step = px(30), self._detail_room(), px(_LINE)
        evidence = line.evidence
        if not self.wide:
            rule = f"{tr('evidence.col.threshold')} {line.words.threshold}"
            used = round(canvas.text(left, top, room, step, rule, "text-secondary", size="caption"))
            self._paint_bullet(line, (left + used + px(4), px(44)), top, step)
            if not self.with_margin:
                margin = f"{tr('evidence.col.margin')} {line.words.margin}"
                x = left + used + px(58)
                if self._rule_lines(line) > 1:
                    x, top = left, top + step
                canvas.text(x, top, left + room - x, step, margin, self._margin_token(evidence.state), size="caption")
            top += step
        if self._opens_words(line):
            for text in self._wrap(line.words.words, room):
                canvas.text(left, top, room, step, text, "text-secondary", size="caption", elide=True)
                top += step
        if not self.with_source:
            canvas.text(left, top, room, step, line.words.source, self._source_token(line), size="caption", elide=True)
            top += step
        lit = tr("evidence.pinned" if self._day.pinned else "evidence.lit") if evidence.spans else ""
        label = tr("daytrade.distance.label")
        used = round(canvas.text(left, top, room, step, label, "text-muted", size="caption"))
        distance = self._day.distance(evidence)
        x = left + used + px(6)
        token = "text-secondary" if evidence.state is ItemState.PASSED else "warning"
        used = round(canvas.text(x, top, left + room - x, step, distance, token, size="caption", bold=True, elide=True))
        tail = " · ".join(part for part in (evidence.rule, lit) if part)
        x += min(used, left + room - x) + px(10)
        if x < left + room:
            canvas.text(x, top, left + room - x, step, tail, "text-muted", size="caption", elide=True)

    def _paint_note(self, line: NoteLine, top: int) -> None:
        canvas, px = self._canvas, self._look.px
        left, room = px(10), self._note_room(line)
        canvas.text(left, top, px(_LABEL) - px(4), px(28), line.label, "text-muted", size="caption", elide=True)
        left += px(_LABEL) if line.label else 0
        for text in self._wrap(line.text, room):
            bold = line.token == "warning"
            canvas.text(left, top, room, px(28), text, line.token, size="caption", bold=bold, elide=True)
            top += px(_LINE)

    def _paint_record(self, line: RecordLine, top: int, tall: int, columns: dict[str, tuple[int, int]]) -> None:
        record = self._day.record
        if record is None or not record.enough:
            super()._paint_record(line, top, tall, columns)
            return
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        x, room = columns["item"]
        canvas.text(x, top, room, tall, line.label, "text-secondary", elide=True)
        x, room = columns["value"]
        canvas.text(x, top, room, tall, line.value, "text", align="right", bold=True)
        left = x + room + px(10)
        canvas.text(
            left, top, width - px(10) - left, tall, line.remark, "text-muted", align="right", size="caption", elide=True
        )
