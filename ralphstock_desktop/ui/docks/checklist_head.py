"""Head of the day-trading checklist: grade, points, plan in five cells, and what forbids an entry now (design.md §10)."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import paint_grade_chip
from ralphstock_desktop.ui.viewmodels.day_checklist import DayChecklistViewModel
from ralphstock_desktop.ui.viewmodels.evidence_lines import PlanCell

__all__ = ["ChecklistHeadView"]

_WIDE = 690
"""From this width on the plan stands beside the points, below it under them."""
_NARROW = 430
"""Below this width quantity and exit stand under the prices: a price is never cut."""
_POINTS_TALL, _PLAN_TALL, _BANS_TALL = 58, 42, 26
_POINTS_WIDE = 212


class ChecklistHeadView(QWidget):
    """Painted in one piece; the places are fixed, so that live values move nothing."""

    def __init__(self, view_model: DayChecklistViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm = view_model
        self._look = appearance
        self._canvas = Canvas(appearance)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view_model.changed.connect(self._on_changed)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    @property
    def is_wide(self) -> bool:
        """Whether plan and points share a line."""
        return self.width() >= self._look.px(_WIDE)

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(300), self._look.px(_POINTS_TALL + _BANS_TALL) + self._plan_tall())

    def _plan_tall(self) -> int:
        """Height the plan takes below the points."""
        if self.is_wide:
            return 0
        return self._look.px(_PLAN_TALL) * (2 if self.width() < self._look.px(_NARROW) else 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self.sizeHint().height())

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def _on_changed(self) -> None:
        head, tr = self._vm.checklist_head, self._look.tr
        if head is not None:
            plan = ", ".join(f"{cell.label} {cell.distance} {cell.value}" for cell in head.plan)
            bans = ", ".join(chip.text for chip in head.bans) or tr("daytrade.bans.none")
            self.setAccessibleName(
                tr(
                    "daytrade.access.head",
                    name=head.name,
                    grade=Grade(head.grade).name if head.grade else "—",
                    raw=f"{head.raw} / {head.most}, {head.formula}",
                    plan=f"{plan}, {bans}",
                )
            )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, head, width = self._canvas, self._look.px, self._vm.checklist_head, self.width()
        canvas.fill(0, 0, width, self.height(), "bg-panel")
        if head is None:
            return
        pad, side = px(12), px(34)
        paint_grade_chip(canvas, pad, px(12), side, head.grade, size="hero")
        left = pad + side + px(10)
        used = canvas.text(left, px(8), px(60), px(24), head.raw, "text", size="hero", bold=True)
        canvas.text(left + round(used) + px(6), px(10), px(60), px(24), f"/ {head.most}", "text-muted", size="body")
        room = (px(_POINTS_WIDE) if self.is_wide else width) - left - px(8)
        parts = head.formula.split(" · ")
        while len(parts) > 1 and canvas.width(" · ".join(parts), "caption") > room:
            parts.pop()  # whole parts go from the end (rules, then signal) before anything is cut
        canvas.text(left, px(33), room, px(16), " · ".join(parts), "text-muted", size="caption", elide=True)
        if self.is_wide:
            self._paint_plan(px(_POINTS_WIDE), px(9), width - px(_POINTS_WIDE) - px(8))
            top = px(_POINTS_TALL)
        else:
            self._paint_plan(pad, px(_POINTS_TALL), width - 2 * pad)
            top = px(_POINTS_TALL) + self._plan_tall()
        self._paint_bans(pad, top - px(2), width - 2 * pad)
        canvas.fill(0, self.height() - 1, width, 1, "line-hair")

    def _paint_plan(self, x: int, y: int, width: int) -> None:
        canvas, px, head = self._canvas, self._look.px, self._vm.checklist_head
        assert head is not None
        if not head.plan:
            text = self._look.tr("daytrade.plan.none")
            canvas.text(x, y, width, px(38), text, "text-muted", size="caption", elide=True)
            return
        # Quantity says most and gets half as much again; the exit is a clock time.
        lines = [list(zip(head.plan, (1.0, 1.0, 1.0, 1.45, 0.75), strict=True))]
        if self.width() < px(_NARROW):
            lines = [lines[0][:3], lines[0][3:]]
        for line in lines:
            step, left = width / sum(share for _, share in line), float(x)
            for cell, share in line:
                self._paint_cell(cell, round(left), y, round(step * share) - px(11))
                left += step * share
            y += px(_PLAN_TALL)

    def _paint_cell(self, cell: PlanCell, at: int, y: int, room: int) -> None:
        canvas, px = self._canvas, self._look.px
        canvas.fill(at, y + px(2), px(2), px(34), cell.token)
        label = f"{cell.label} {cell.distance}".rstrip()
        if canvas.width(label, "caption") > room:
            label = cell.label
        if canvas.width(label, "caption") > room:
            label = label.split(" (")[0]
        canvas.text(at + px(8), y, room, px(18), label, "text-muted", size="caption", elide=True)
        value = cell.value
        if canvas.width(value, "title", True) > room:
            value = value.split(" · ")[0]  # shares are never cut; the amount of money goes first
        canvas.text(at + px(8), y + px(18), room, px(20), value, "text", size="title", bold=True)

    def _paint_bans(self, x: int, y: int, width: int) -> None:
        canvas, px, head, tr = self._canvas, self._look.px, self._vm.checklist_head, self._look.tr
        assert head is not None
        tall = px(_BANS_TALL - 2)
        label = tr("daytrade.col.bans")
        used = canvas.text(x, y, width, tall, label, "text-muted", size="caption")
        left, right = x + round(used) + px(8), x + width
        if not head.bans:
            canvas.text(left, y, right - left, tall, tr("daytrade.bans.none"), "text-secondary", size="caption", elide=True)
            return
        for position, chip in enumerate(head.bans):
            wide = canvas.width(chip.text, "caption", True) + 2 * px(6)
            if left + wide > right and position:
                canvas.text(left, y, right - left, tall, f"+{len(head.bans) - position}", "text-muted", size="caption")
                return
            canvas.text_chip(0, y, tall, chip.text, edge=chip.token, ink=chip.token, left=left)
            left += round(wide) + px(4)
