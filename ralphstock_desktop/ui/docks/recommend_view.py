"""The painted list of recommendations: four lines a row, nothing that decides is ever elided."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.cells import paint_grade_chip
from ralphstock_desktop.ui.docks.painted_list import PaintedList
from ralphstock_desktop.ui.viewmodels.recommend_rows import PlanPart, RecommendRow, RecommendViewModel

__all__ = ["RecommendListView"]

_HEAD, _LINE, _PAD = 26, 18, 6
_LEFT = 38
"""Left edge of the lines under the head: rank and a gap."""


class RecommendListView(PaintedList):
    """Rows of the recommendations.

    Signals
    -------
    opened(str)
        Enter or double click on a row: its ticker.
    """

    opened = Signal(str)

    def __init__(self, view_model: RecommendViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self._vm = view_model
        view_model.changed.connect(self.rows_changed)

    # -- hooks ----------------------------------------------------------------------------------------------------------

    def identities(self) -> Sequence[str]:
        return [row.ticker for row in self._vm.rows]

    def row_height(self, number: int) -> int:
        row, px = self._vm.rows[number], self.look.px
        lines = len(self._plan_lines(row)) + len(self._reason_lines(row)) + len(self._foot_lines(row))
        lines += self._chips_below(row)
        return px(_PAD) + px(_HEAD) + lines * px(_LINE) + px(_PAD)

    def chosen(self) -> str:
        return self._vm.chosen

    def choose(self, identity: str) -> None:
        self._vm.choose(identity)

    def open_row(self, identity: str) -> None:
        self._vm.choose(identity)
        self.opened.emit(identity)

    def ask_subject(self, place: QPoint | None) -> AskSubject | None:
        """What the row at a viewport position (None: the chosen row) is about."""
        identity = self.identity_at(place) if place is not None else self.chosen()
        row = next((row for row in self._vm.rows if row.ticker == identity), None)
        return None if row is None else AskSubject("symbol", row.ticker, row.name, Grade(row.grade).name)

    def spoken(self, identity: str) -> str:
        row = next((row for row in self._vm.rows if row.ticker == identity), None)
        return self.as_text(row) if row is not None else ""

    def as_text(self, row: RecommendRow) -> str:
        """A row in one line, for the clipboard and the screen reader."""
        letter = self.look.tr("recommend_panel.access.grade", grade=Grade(row.grade).name)
        plan = " · ".join(" ".join(part for part in (cell.word, cell.value, cell.rest) if part) for cell in row.plan)
        score = self.look.tr("recommend_panel.access.score", score=row.score, scale=row.scale)
        parts = (
            f"{row.rank}. {row.name} {row.ticker}", letter, " + ".join(row.strategies), score, plan, row.reasons, row.signal,
            row.record,
        )  # fmt: skip
        return ", ".join(part for part in parts if part)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the chosen row; everything else walks."""
        row = next((row for row in self._vm.rows if row.ticker == self._vm.chosen), None)
        if row is not None and (event.key() == Qt.Key.Key_C or event.matches(QKeySequence.StandardKey.Copy)):
            QGuiApplication.clipboard().setText(self.as_text(row))
            return
        super().keyPressEvent(event)

    # -- lines ----------------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        return self.viewport().width() - self.look.px(_LEFT + 10)

    def _cell_width(self, cell: PlanPart) -> int:
        canvas, px = self.canvas, self.look.px
        wide = canvas.width(cell.word, "caption") + canvas.width(cell.value, "body", True)
        rest = canvas.width(cell.rest, "caption") + px(4) if cell.rest else 0
        return math.ceil(wide + rest) + px(4 + 12 + (6 if cell.token else 0))

    def _chips(self, row: RecommendRow) -> list[tuple[str, int]]:
        """Strategies with the widths of their chips."""
        return [(word, math.ceil(self.canvas.width(word, "caption", True)) + self.look.px(12)) for word in row.strategies]

    def _head_right(self, row: RecommendRow) -> int:
        """Where the scores at the right of the head begin."""
        scores = self.canvas.width(row.scale, "caption") + self.canvas.width(row.score, "value", True)
        return self.viewport().width() - math.ceil(scores) - self.look.px(28)

    def _chips_below(self, row: RecommendRow) -> bool:
        """Whether the strategies take a line of their own: the name comes first."""
        px = self.look.px
        name = min(math.ceil(self.canvas.width(row.name, "title", True)), px(110))
        needed = sum(wide + px(4) for _, wide in self._chips(row))
        return px(_LEFT + 18 + 8) + name + px(8) + needed > self._head_right(row)

    def _plan_lines(self, row: RecommendRow) -> list[list[PlanPart]]:
        """The plan in as many lines as it takes: no value is cut."""
        lines: list[list[PlanPart]] = [[]]
        used = 0
        for cell in row.plan:
            wide = self._cell_width(cell)
            if lines[-1] and used + wide > self._room():
                lines.append([])
                used = 0
            lines[-1].append(cell)
            used += wide
        return lines

    def _reason_lines(self, row: RecommendRow) -> list[str]:
        return self.canvas.wrapped(row.reasons, self._room(), "body") if row.reasons else []

    def _foot_lines(self, row: RecommendRow) -> list[str]:
        return self.canvas.wrapped(f"{row.signal} · {row.record}", self._room(), "caption")

    # -- painting -------------------------------------------------------------------------------------------------------

    def paint_row(self, number: int, top: int, tall: int) -> None:
        row, canvas, px = self._vm.rows[number], self.canvas, self.look.px
        ink = self.paint_ground(row.ticker, top, tall)
        y = top + px(_PAD)
        self._paint_head(row, y, ink)
        y += px(_HEAD)
        if self._chips_below(row):
            self._paint_chips(self._chips(row), px(_LEFT), y - px(2), px(_LINE))
            y += px(_LINE)
        for line in self._plan_lines(row):
            left = px(_LEFT)
            for cell in line:
                self._paint_cell(cell, left, y)
                left += self._cell_width(cell)
            y += px(_LINE)
        for text in self._reason_lines(row):
            canvas.text(px(_LEFT), y, self._room(), px(_LINE), text, "text-secondary")
            y += px(_LINE)
        for text in self._foot_lines(row):
            canvas.text(px(_LEFT), y, self._room(), px(_LINE), text, "text-muted", size="caption")
            y += px(_LINE)

    def _paint_head(self, row: RecommendRow, top: int, ink: str) -> None:
        """Rank, grade, name, strategies; at the right the comparable score and the strategy's own."""
        canvas, px, width = self.canvas, self.look.px, self.viewport().width()
        tall = px(_HEAD - 4)
        canvas.text(px(4), top, px(24), tall, row.rank, "text-muted", align="right", size="caption")
        edge = width - px(10)
        wide = round(canvas.width(row.scale, "caption"))
        canvas.text(edge - wide, top, wide, tall, row.scale, "text-muted", size="caption")
        edge -= wide + px(8)
        wide = round(canvas.width(row.score, "value", True))
        canvas.text(edge - wide, top, wide, tall, row.score, ink, size="value", bold=True)
        side, left, right = px(18), px(_LEFT), self._head_right(row)
        paint_grade_chip(canvas, left, top + (tall - side) // 2, side, row.grade)
        left += side + px(8)
        chips = [] if self._chips_below(row) else self._chips(row)
        needed = sum(wide + px(4) for _, wide in chips)
        name_room = min(math.ceil(canvas.width(row.name, "title", True)) + 1, max(px(40), right - left - needed - px(8)))
        self.text_or_tip(row.ticker, (left, top, name_room, tall), row.name, ink, size="title", bold=True)
        left += name_room + px(8)
        code = math.ceil(canvas.width(row.ticker, "caption")) + px(8)
        if right - left - needed >= code:
            canvas.text(left, top, code, tall, row.ticker, "text-muted", size="caption")
            left += code
        self._paint_chips(chips, left, top, tall)

    def _paint_chips(self, chips: list[tuple[str, int]], left: int, top: int, tall: int) -> None:
        for word, wide in chips:
            self.canvas.text_chip(0, top, tall, word, edge="line-strong", ink="text-secondary", left=left)
            left += wide + self.look.px(4)

    def _paint_cell(self, cell: PlanPart, left: int, top: int) -> None:
        canvas, px = self.canvas, self.look.px
        if cell.token:
            canvas.fill(left, top + px(3), 2, px(_LINE - 6), cell.token)
            left += px(6)
        left += round(canvas.text(left, top, px(90), px(_LINE), cell.word, "text-muted", size="caption")) + px(4)
        left += round(canvas.text(left, top, px(120), px(_LINE), cell.value, "text", bold=True)) + px(4)
        if cell.rest:
            canvas.text(left, top, px(90), px(_LINE), cell.rest, "text-secondary", size="caption")
