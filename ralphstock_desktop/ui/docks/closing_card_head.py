"""Head of the closing-bet card: grade, points of twelve, verdict, caps and the plan (design.md §10)."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.docks.closing_paint import paint_big_grade
from ralphstock_desktop.ui.viewmodels.closing_card import ClosingCardViewModel
from ralphstock_desktop.ui.viewmodels.closing_lines import CardHead, PlanCell

__all__ = ["CardHeadView"]

_WIDE = 500
_GRADE = 44


class CardHeadView(QWidget):
    """Painted; the plan stands beside the score, below it where the card is narrow."""

    def __init__(self, view_model: ClosingCardViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view_model.changed.connect(self._on_changed)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    @property
    def is_wide(self) -> bool:
        """Whether the plan has room beside the score."""
        return self.width() >= self._look.px(_WIDE)

    def sizeHint(self) -> QSize:
        """Height of one or two rows and of the caps."""
        head = self._vm.head
        caps = 28 if head is not None and head.caps else 0
        return QSize(self._look.px(300), self._look.px((72 if self.is_wide else 118) + caps))

    def _fit(self) -> None:
        height = self.sizeHint().height()
        if height != self.height():
            self.setFixedHeight(height)
        self.update()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._fit()

    def _on_changed(self) -> None:
        head = self._vm.head
        if head is not None:
            plan = ", ".join(f"{cell.label} {cell.value} {cell.remark}".rstrip() for cell in head.plan)
            parts = (head.name, f"{head.total} {head.most}", head.verdict, head.place, *head.caps, plan)
            self.setAccessibleName(", ".join(part for part in parts if part))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row or two."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, head, width = self._canvas, self._look.px, self._vm.head, self.width()
        canvas.fill(0, 0, width, self.height(), "bg-panel")
        if head is None:
            return
        pad, side = px(12), px(_GRADE)
        paint_big_grade(canvas, pad, px(12), side, head.grade, dashed=head.dashed)
        left = pad + side + px(12)
        used = round(canvas.text(left, px(10), width, px(30), head.total, "text", size="display", bold=True))
        canvas.text(left + used + px(5), px(17), width, px(22), head.most, "text-muted", size="title")
        word = f"{head.verdict} · {head.place}" if head.place else head.verdict
        token = "danger" if head.rejected else "text-secondary"
        if self.is_wide:
            score = max(px(112), round(max(canvas.width(word, "caption"), used + px(40))))
            canvas.text(left, px(43), score, px(16), word, token, size="caption", elide=True)
            start = left + score + px(14)
            self._paint_plan(head.plan, start, px(12), width - pad - start, px(48))
        else:
            canvas.text(left, px(43), width - left - pad, px(16), word, token, size="caption", elide=True)
            canvas.fill(0, px(68), width, 1, "line-hair")
            self._paint_plan(head.plan, pad, px(71), width - 2 * pad, px(44))
        self._paint_caps(head)
        canvas.fill(0, self.height() - 1, width, 1, "line-hair")

    def _paint_caps(self, head: CardHead) -> None:
        canvas, px = self._canvas, self._look.px
        top, left = self.height() - px(27), px(12)
        for cap in head.caps:
            canvas.text_chip(0, top, px(22), cap, edge="warning", ink="warning", left=left)
            left += round(canvas.width(cap, "caption", True)) + px(18)

    def _paint_plan(self, plan: tuple[PlanCell, ...], x: int, y: int, width: int, tall: int) -> None:
        canvas, px = self._canvas, self._look.px
        needs = [
            max(canvas.width(cell.label, "micro"), canvas.width(cell.value, "title", True), canvas.width(cell.remark, "micro"))
            for cell in plan
        ]
        spare = max(0.0, width - sum(needs) - px(12) * len(plan)) / max(len(plan), 1)
        left = float(x)
        for cell, need in zip(plan, needs, strict=True):
            room = round(need + spare)
            if left + px(8) + need > x + width + px(2):
                return  # a price is never cut: the last cells go
            canvas.fill(left, y + px(1), px(2), tall - px(8), cell.token)
            canvas.text(left + px(8), y, room, px(14), cell.label, "text-muted", size="micro")
            canvas.text(left + px(8), y + px(14), room, px(18), cell.value, "text", size="title", bold=True)
            if cell.remark:
                canvas.text(left + px(8), y + px(31), room, px(13), cell.remark, "text-secondary", size="micro")
            left += room + px(12)
