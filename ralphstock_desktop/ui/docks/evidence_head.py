"""Head of the evidence panel: grade, name, total with its bar, and the order plan (design.md §9)."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import paint_grade_chip
from ralphstock_desktop.ui.viewmodels.evidence import EvidenceViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["HeadView"]


class HeadView(QWidget):
    """Grade, name, total, formula, total bar and the order plan in four cells."""

    def __init__(self, view_model: EvidenceViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm = view_model
        self._look = appearance
        self._canvas = Canvas(appearance)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view_model.changed.connect(self._on_changed)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(300), self._look.px(116))

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def _on_changed(self) -> None:
        head = self._vm.head
        if head is not None:
            plan = ", ".join(f"{cell.label} {cell.distance} {cell.value}" for cell in head.plan)
            self.setAccessibleName(f"{head.name}, {fmt.score(head.total)}, {head.formula}, {plan}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, head = self._canvas, self._look.px, self._vm.head
        width = self.width()
        canvas.fill(0, 0, width, self.height(), "bg-panel")
        if head is None:
            return
        pad, side = px(12), px(32)
        paint_grade_chip(canvas, pad, px(10), side, head.grade, size="hero")
        left = pad + side + px(10)
        total = fmt.score(head.total)
        total_width = canvas.width(total, "hero", True)
        token = "text-muted" if math.isnan(head.total) else "warning" if self._vm.is_provisional else "text"
        canvas.text(width - pad - total_width, px(7), total_width, px(24), total, token, align="right", size="hero", bold=True)
        name_room = width - pad - total_width - px(8) - left
        if self._vm.has_gap:
            name_room -= px(20)
            icon = self._look.pixmap("hatch", "gap-hatch", 14, canvas.ratio)
            canvas.painter.drawPixmap(round(width - pad - total_width - px(20)), px(12), icon)
        canvas.text(left, px(7), name_room, px(22), head.name, "text", size="value", bold=True, elide=True)
        formula_room = canvas.width(head.formula, "caption")
        if canvas.width(head.ident.split(" · ")[0], "caption") + formula_room + px(10) > width - pad - left:
            formula_room = -px(10)  # the code of the symbol is never cut; the formula is the first to go
        else:
            canvas.text(left, px(29), width - pad - left, px(16), head.formula, "text-muted", align="right", size="caption")
        ident_room = width - pad - left - formula_room - px(10)
        ident = head.ident
        if canvas.width(ident, "caption") > ident_room:
            # Whole parts go from the end (rules, then market) before anything is cut.
            parts = ident.split(" · ")
            while len(parts) > 1 and canvas.width(" · ".join(parts), "caption") > ident_room:
                parts.pop()
            ident = " · ".join(parts)
        canvas.text(left, px(29), max(0, ident_room), px(16), ident, "text-muted", size="caption", elide=True)
        self._paint_total(pad, px(50), width - 2 * pad, head.total, head.ticks)
        canvas.fill(0, px(76), width, 1, "line-hair")
        self._paint_plan(pad, px(77), width - 2 * pad)
        canvas.fill(0, self.height() - 1, width, 1, "line-hair")

    def _paint_total(self, x: int, y: int, width: int, total: float, ticks: tuple[tuple[str, float], ...]) -> None:
        canvas, px = self._canvas, self._look.px
        painter = canvas.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        radius = px(2)
        painter.setBrush(self._look.color("bg-raised"))
        painter.drawRoundedRect(QRectF(x, y, width, px(6)), radius, radius)
        if not math.isnan(total):
            painter.setBrush(self._look.color("accent-fill"))
            painter.drawRoundedRect(QRectF(x, y, max(0.0, width * min(total, 100.0) / 100), px(6)), radius, radius)
        painter.restore()
        for letter, score in ticks:
            at = round(x + width * score / 100)
            canvas.fill(at, y - px(2), 1, px(10), "text-secondary")
            canvas.text(at - px(10), y + px(8), px(20), px(13), letter, "text-muted", align="center", size="micro")

    def _paint_plan(self, x: int, y: int, width: int) -> None:
        canvas, px, head = self._canvas, self._look.px, self._vm.head
        assert head is not None
        if not head.plan:
            canvas.text(
                x, y, width, self.height() - y, self._look.tr("evidence.plan.none"), "text-muted", size="caption", elide=True
            )
            return
        share = width / len(head.plan)
        for position, cell in enumerate(head.plan):
            left = round(x + position * share)
            canvas.fill(left, y + px(5), px(2), px(28), cell.token)
            room = round(share) - px(9)
            label = f"{cell.label} {cell.distance}".rstrip()
            if canvas.width(label, "micro") > room:
                label = cell.label
            canvas.text(left + px(7), y + px(3), room, px(15), label, "text-muted", size="micro", elide=True)
            canvas.text(left + px(7), y + px(18), room, px(17), cell.value, "text", size="title", bold=True)
