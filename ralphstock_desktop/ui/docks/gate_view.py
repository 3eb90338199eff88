"""Head of the gate panel, and the content that shows its three parts side by side where there is room (screen 0801)."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from engine.model.gate import GateStatus
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.dialogs.controls import Segmented
from ralphstock_desktop.ui.docks.evidence import EvidenceView
from ralphstock_desktop.ui.docks.gate_history_view import HistoryView
from ralphstock_desktop.ui.docks.gate_sectors_view import SectorTable
from ralphstock_desktop.ui.gate_strip import paint_lamp
from ralphstock_desktop.ui.viewmodels.gate import GateViewModel

__all__ = ["PAGES", "GateContent", "GateHeadView"]

PAGES = ("reading", "history", "sectors")
_TALL = 62
_WIDE = 820
"""From this width on all three parts stand side by side."""


class GateHeadView(QWidget):
    """Lamp, score and word; coverage and instant, what it does to new orders, and why."""

    def __init__(self, view_model: GateViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        view_model.changed.connect(self._changed)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setFixedHeight(self._look.px(_TALL))
        self._changed()

    def _changed(self) -> None:
        self.setAccessibleName(self._look.tr("gate.title"))
        self.setAccessibleDescription(self.sentence())
        self.update()

    def sentence(self) -> str:
        """Everything the head says, as one text."""
        head = self._vm.gate_head
        return "" if head is None else f"{head.score} {head.word}. {head.effect}. {head.note}. {head.coverage} · {head.when}"

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(300), self._look.px(_TALL))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, head = self._canvas, self._look.px, self._vm.gate_head
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        canvas.fill(0, self.height() - 1, self.width(), 1, "line-hair")
        paint_lamp(canvas, px(10), px(8), px(20), px(44), head.status if head is not None else GateStatus.UNKNOWN)
        if head is None:
            return
        left, right = px(40), self.width() - px(10)
        used = canvas.text(left, px(6), right - left, px(26), head.score, head.token, size="display", bold=True)
        left += round(used) + px(8)
        used = canvas.text(left, px(9), right - left, px(24), head.word, head.token, size="value", bold=True)
        left += round(used) + px(12)
        facts = f"{head.coverage} · {head.when}"
        if right - left > px(60):
            canvas.text(left, px(6), right - left, px(22), facts, "text-muted", align="right", size="caption", elide=True)
        left = px(40)
        used = round(canvas.text(left, px(37), right - left, px(18), head.effect, "text", bold=True, elide=True))
        left += used + px(10)
        if right - left > px(60):
            canvas.text(left, px(37), right - left, px(18), head.note, "text-secondary", size="caption", elide=True)


class GateContent(QWidget):
    """Head above; rows, history and sectors below: all three in a wide panel, one of them by choice in a narrow one.

    Signals
    -------
    page_changed
        Another part was chosen.
    history_visible(bool)
        Whether the history can be seen.
    """

    page_changed = Signal()
    history_visible = Signal(bool)

    def __init__(self, view_model: GateViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._page = PAGES[0]
        self.head = GateHeadView(view_model, appearance, self)
        self._bar = QWidget(self)
        self.pages = Segmented(appearance, [(page, f"gate.page.{page}") for page in PAGES], self._bar)
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.pages, 1)
        self.rows = EvidenceView(view_model, appearance, self)
        self.history = HistoryView(appearance, self)
        self.sectors = SectorTable(appearance, self)
        self.pages.chosen.connect(self.show_page)
        self.pages.set_value(self._page)
        appearance.changed.connect(self._place)
        self.setFocusProxy(self.rows)

    @property
    def page(self) -> str:
        """The part in front of a narrow panel."""
        return self._page

    @property
    def is_wide(self) -> bool:
        """Whether all parts are shown."""
        return self.width() >= self._look.px(_WIDE)

    @property
    def shows_history(self) -> bool:
        """Whether the history can be seen while the panel is."""
        return self.is_wide or self._page == "history"

    def show_page(self, page: str) -> None:
        """Bring a part to the front; an unknown one changes nothing."""
        if page not in PAGES:
            return
        changed = page != self._page
        self._page = page
        self.pages.set_value(page)
        self._place()
        if changed:
            self.page_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        px, width, height = self._look.px, self.width(), self.height()
        top = self.head.height()
        self.head.setGeometry(0, 0, width, top)
        parts = dict(zip(PAGES, (self.rows, self.history, self.sectors), strict=True))
        wide = self.is_wide
        self._bar.setVisible(not wide)
        if wide:
            left = max(px(392), round(width * 0.42))
            self.rows.setGeometry(0, top, left, height - top)
            upper = round((height - top) * 0.5)
            self.history.setGeometry(left + px(1), top, width - left - px(1), upper)
            self.sectors.setGeometry(left + px(1), top + upper, width - left - px(1), height - top - upper)
        else:
            tall = px(30)
            self._bar.setGeometry(px(8), top + px(5), width - 2 * px(8), tall - px(4))
            for part in parts.values():
                part.setGeometry(0, top + tall + px(4), width, max(px(40), height - top - tall - px(4)))
        for page, part in parts.items():
            part.setVisible(wide or page == self._page)
        self.rows.set_wide(self.rows.width() >= px(350))
        self.setFocusProxy(self.rows if wide else parts[self._page])
        self.history_visible.emit(self.shows_history)
