"""Rows of the grade-change panel, painted: item, value, points, effect, waterfall, time, and the sum that proves them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import paint_grade_chip
from ralphstock_desktop.ui.models.columns import Align
from ralphstock_desktop.ui.viewmodels.diff_rows import DiffRow, DiffViewModel

__all__ = ["DiffView"]

_HEAD, _NAMES, _ROW = 56, 22, 26
_WIDTHS = {"value": 150, "points": 72, "effect": 62, "bar": 110, "when": 48}
_ITEM_LEAST = 92
_FORMS: tuple[tuple[str, ...], ...] = (
    ("value", "points", "effect", "bar", "when"),
    ("value", "points", "effect", "bar"),
    ("points", "effect", "bar"),
    ("points", "effect"),
)
"""Columns from the widest form to the narrowest; what is left out of the value stands in the focused row."""
_ALIGN: dict[str, Align] = {"value": "right", "points": "right", "effect": "right", "bar": "left", "when": "right"}


class DiffView(QAbstractScrollArea):
    """Arrows walk, C copies, Esc lets go."""

    def __init__(self, view_model: DiffViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self._hover = -1
        self.columns: tuple[str, ...] = _FORMS[0]
        """Columns shown beside the item."""
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        view_model.changed.connect(self._on_changed)
        view_model.focus_changed.connect(self._on_focus)
        appearance.changed.connect(self._on_appearance)

    # -- geometry -------------------------------------------------------------------------------------------------------

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._layout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._layout()

    def _least(self, form: tuple[str, ...]) -> int:
        return self._look.px(12 + _ITEM_LEAST + sum(_WIDTHS[name] for name in form) + 8)

    def _layout(self) -> None:
        width = self.viewport().width()
        has_time = any(row.when for row in self._vm.rows)
        forms = _FORMS if has_time else _FORMS[1:]
        self.columns = next((form for form in forms if self._least(form) <= width), forms[-1])
        bar, px = self.verticalScrollBar(), self._look.px
        rest = self.viewport().height() - px(_HEAD + _NAMES)
        bar.setRange(0, max(0, self._content_tall() - rest))
        bar.setPageStep(max(1, rest))
        bar.setSingleStep(px(_ROW))
        self.viewport().update()

    def _content_tall(self) -> int:
        return sum(self._row_tall(position) for position in range(len(self._vm.rows))) + self._look.px(_ROW + 6)

    def _row_tall(self, position: int) -> int:
        opened = position == self._vm.focused and "value" not in self.columns
        return self._look.px(_ROW + (18 if opened else 0))

    def _top_of(self, position: int) -> int:
        above = sum(self._row_tall(row) for row in range(position))
        return self._look.px(_HEAD + _NAMES) + above - self.verticalScrollBar().value()

    def row_rect(self, position: int) -> QRect:
        """Viewport rectangle of a row."""
        return QRect(0, self._top_of(position), self.viewport().width(), self._row_tall(position))

    def row_at(self, y: int) -> int:
        """Row under a viewport position, -1 if none."""
        if y < self._look.px(_HEAD + _NAMES):
            return -1
        return next((row for row in range(len(self._vm.rows)) if self.row_rect(row).contains(1, y)), -1)

    def _places(self) -> dict[str, tuple[int, int]]:
        px, width = self._look.px, self.viewport().width()
        spare = max(0, width - self._least(self.columns))
        bar_extra = spare // 2 if "bar" in self.columns else 0
        item = px(_ITEM_LEAST) + spare - bar_extra
        placed, left = {"item": (px(12), item)}, px(12) + item
        for name in self.columns:
            wide = px(_WIDTHS[name]) + (bar_extra if name == "bar" else 0)
            placed[name] = (left, wide)
            left += wide
        return placed

    # -- changes --------------------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        self._layout()
        self._tell_screen_reader()

    def _on_focus(self) -> None:
        self._layout()
        if self._vm.focused >= 0:
            rect, bar, top = self.row_rect(self._vm.focused), self.verticalScrollBar(), self._look.px(_HEAD + _NAMES)
            if rect.top() < top:
                bar.setValue(bar.value() + rect.top() - top)
            elif rect.bottom() > self.viewport().height():
                bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + 1)
        self._tell_screen_reader()

    def _tell_screen_reader(self) -> None:
        vm = self._vm
        words = vm.row_sentence(vm.rows[vm.focused]) if 0 <= vm.focused < len(vm.rows) else vm.head_sentence()
        self.setAccessibleDescription(words)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        self.viewport().update()

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: 8,
            Qt.Key.Key_PageUp: -8,
            Qt.Key.Key_Home: -1_000,
            Qt.Key.Key_End: 1_000,
        }
        if key in steps:
            self._vm.step(steps[Qt.Key(key)])
        elif key == Qt.Key.Key_C or event.matches(QKeySequence.StandardKey.Copy):
            text = self._vm.copied()
            if text:
                QGuiApplication.clipboard().setText(text)
        elif key == Qt.Key.Key_Escape and self._vm.focused >= 0:
            self._vm.focus(-1)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._vm.focus(self.row_at(round(event.position().y())))
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            self._set_hover(self.row_at(round(event.position().y())))
        elif event.type() == QEvent.Type.Leave:
            self._set_hover(-1)
        return super().viewportEvent(event)

    def _set_hover(self, row: int) -> None:
        if row != self._hover:
            self._hover = row
            self.viewport().update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px = self._canvas, self._look.px
        width, height = self.viewport().width(), self.viewport().height()
        canvas.fill(0, 0, width, height, "bg-panel")
        if self._vm.head is None:
            return
        places = self._places()
        scale = self._scale()
        for position, row in enumerate(self._vm.rows):
            rect = self.row_rect(position)
            if rect.bottom() > 0 and rect.top() < height:
                self._paint_row(row, position, rect, places, scale)
        bottom = self._top_of(len(self._vm.rows))
        if not self._vm.rows:
            text = self._look.tr("diff.nothing")
            canvas.text(px(12), bottom, width - px(24), px(_ROW), text, "text-muted", elide=True)
        else:
            self._paint_total(bottom, places, scale)
        self._paint_head()
        self._paint_names(places)

    def _paint_head(self) -> None:
        canvas, px, head, width = self._canvas, self._look.px, self._vm.head, self.viewport().width()
        assert head is not None
        canvas.fill(0, 0, width, px(_HEAD), "bg-panel")
        side, top = px(30), px(12)
        paint_grade_chip(canvas, px(12), top, side, head.grade_before, size="hero")
        canvas.text(px(42), top, px(32), side, "→", "text-muted", align="center", size="value")
        paint_grade_chip(canvas, px(74), top, side, head.grade_after, size="hero")
        left = px(120)
        used = canvas.text(left, top, width, side, head.score_before, "text-secondary", size="value")
        left += round(used) + px(8)
        left += round(canvas.text(left, top, width, side, "→", "text-muted", size="value")) + px(8)
        left += round(canvas.text(left, top, width, side, head.score_after, "text", size="value", bold=True)) + px(14)
        room = width - left - px(12)
        if canvas.width(head.change, "title", True) <= room:
            canvas.text(left, top, room, side, head.change, "text-secondary", size="title", bold=True)

    def _paint_names(self, places: dict[str, tuple[int, int]]) -> None:
        canvas, px, tr = self._canvas, self._look.px, self._look.tr
        top, tall, width = px(_HEAD), px(_NAMES), self.viewport().width()
        canvas.fill(0, top, width, tall, "bg-header")
        canvas.text(places["item"][0], top, places["item"][1], tall, tr("diff.col.item"), "text-muted", size="micro")
        for name in self.columns:
            if name != "bar":
                x, room = places[name]
                text = tr(f"diff.col.{name}")
                canvas.text(x, top, room - px(6), tall, text, "text-muted", align=_ALIGN[name], size="micro")
        canvas.fill(0, top + tall - 1, width, 1, "line-hair")

    def _scale(self) -> tuple[float, float]:
        """Lowest and highest score the waterfall passes."""
        stands = [value for row in self._vm.rows for value in (row.start, row.start + row.amount)]
        low, high = min(stands, default=0.0), max(stands, default=1.0)
        room = max((high - low) * 0.08, 0.5)
        return low - room, high + room

    def _paint_row(
        self, row: DiffRow, position: int, rect: QRect, places: dict[str, tuple[int, int]], scale: tuple[float, float]
    ) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        focused, tall, top = position == self._vm.focused, px(_ROW), rect.top()
        if focused:
            canvas.fill(0, top, width, rect.height(), "selection")
            canvas.fill(0, top, px(2), rect.height(), "accent")
        elif position == self._hover:
            canvas.fill(0, top, width, rect.height(), "bg-hover")
        canvas.fill(0, rect.bottom(), width, 1, "chart-grid" if self._look.theme == "dark" else "line-hair")
        text = "selection-text" if focused else "text"
        x, room = places["item"]
        canvas.text(x, top, room - px(6), tall, row.label, text, elide=True)
        value = f"{row.before} → {row.after}" if row.after else ""
        points = f"{row.points_before} → {row.points_after}" if row.points_after else ""
        cells = {
            "value": (value, "text-secondary", False),
            "points": (points, "text-secondary", False),
            "effect": (row.effect, text, True),
            "when": (row.when, "text-muted", False),
        }
        for name in self.columns:
            x, room = places[name]
            if name == "bar":
                self._paint_bar(row.start, row.amount, x, room, top, tall, scale, link=not focused)
            else:
                words, token, bold = cells[name]
                room -= px(6)
                if canvas.width(words, "body", bold) > room:
                    canvas.text(x, top, room, tall, words, token, align="right", size="caption", bold=bold, elide=True)
                else:
                    canvas.text(x, top, room, tall, words, token, align="right", bold=bold)
        if focused and "value" not in self.columns and value:
            line = " · ".join(part for part in (value, row.when) if part)
            canvas.text(
                places["item"][0], top + tall - px(4), width, px(18), line, "text-secondary", size="caption", elide=True
            )

    def _paint_bar(
        self, start: float, amount: float, x: int, room: int, top: int, tall: int, scale: tuple[float, float], *, link: bool
    ) -> None:
        """One step of the waterfall: where it began, how far it went, and a line down to where the next begins."""
        canvas, px = self._canvas, self._look.px
        left, wide = x + px(8), room - px(14)
        low, high = scale

        def at(score: float) -> int:
            return left + round(wide * (score - low) / (high - low))

        begin, end = at(start), at(start + amount)
        bar = px(10)
        y = top + (tall - bar) // 2
        if link:
            canvas.fill(end, y + bar, 1, tall - bar, "line-control")
        token = "accent-fill" if amount > 0 else "warning" if amount < 0 else "line-control"
        canvas.fill(min(begin, end), y, max(1, abs(end - begin)), bar, token)

    def _paint_total(self, top: int, places: dict[str, tuple[int, int]], scale: tuple[float, float]) -> None:
        canvas, px, total, width = self._canvas, self._look.px, self._vm.total, self.viewport().width()
        assert total is not None
        tall = px(_ROW + 4)
        canvas.fill(0, top, width, tall, "bg-header")
        canvas.fill(0, top, width, 1, "line-strong")
        x, room = places["item"]
        label = self._look.tr("diff.total")
        used = round(canvas.text(x, top, room, tall, label, "text", bold=True))
        effect_x, effect_room = places["effect"]
        canvas.text(effect_x, top, effect_room - px(6), tall, total.effect, "text", align="right", bold=True)
        icon, token = ("check", "success") if total.proven else ("unknown", "warning")
        left = x + used + px(10)
        canvas.painter.drawPixmap(left, top + (tall - px(14)) // 2, self._look.pixmap(icon, token, 14, canvas.ratio))
        left += px(18)
        end = effect_x + effect_room - px(12) - round(canvas.width(total.effect, "body", True))
        token = "text-secondary" if total.proven else "warning"
        canvas.text(left, top, max(0, end - left), tall, total.remark, token, size="caption", elide=True)
        if "bar" in self.columns and self._vm.rows:
            bar_x, bar_room = places["bar"]
            self._paint_bar(self._vm.rows[0].start, total.amount, bar_x, bar_room, top, px(_ROW), scale, link=False)
