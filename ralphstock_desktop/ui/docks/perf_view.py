"""Content of the performance panel: head above, notes below, charts and tables between, side by side where there is room."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.model.panel import FloatArray
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import Segmented
from ralphstock_desktop.ui.docks.perf_calendar_view import CalendarView
from ralphstock_desktop.ui.docks.perf_equity_view import EquityView
from ralphstock_desktop.ui.docks.perf_head import PerfHead, PerfNotes
from ralphstock_desktop.ui.docks.perf_spread_view import SpreadView
from ralphstock_desktop.ui.docks.perf_tables import GroupsPage, StudyPage, WalkPage
from ralphstock_desktop.ui.viewmodels.perf_report import PerfReport

__all__ = ["PAGES", "PerfContent"]

CHARTS, TABLES = ("equity", "spread", "calendar"), ("groups", "study", "walk")
PAGES = (*CHARTS, *TABLES)
_WIDE, _TALL = 1000, 380
"""From this width on charts stand beside tables; from this height of the middle on, all charts are shown at once."""
_BAR = 30
_NOTES_SHARE = 0.25
"""Most of the height that notes take."""
_LEAST_MIDDLE = 150
"""Height charts and tables keep before figures are left out above them; the first figures are the telling ones."""


class PerfContent(QWidget):
    """Head, middle and notes.

    Signals
    -------
    page_changed
        Another part of the middle was chosen.
    """

    page_changed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.page, self.table_page = "equity", "groups"
        self.head = PerfHead(appearance, self)
        self.notes = PerfNotes(appearance, self)
        self.equity = EquityView(appearance, self)
        self.spread = SpreadView(appearance, self)
        self.calendar = CalendarView(appearance, self)
        self.groups = GroupsPage(appearance, self)
        self.study = StudyPage(appearance, self)
        self.walk = WalkPage(appearance, self)
        self._parts: dict[str, QWidget] = {
            "equity": self.equity,
            "spread": self.spread,
            "calendar": self.calendar,
            "groups": self.groups,
            "study": self.study,
            "walk": self.walk,
        }
        self._bars: dict[str, QWidget] = {}
        self.all_pages = self._bar("all", PAGES)
        self.chart_pages = self._bar("charts", CHARTS)
        self.table_pages = self._bar("tables", TABLES)
        appearance.changed.connect(self._place)
        self.setFocusProxy(self.equity)

    def _bar(self, name: str, pages: tuple[str, ...]) -> Segmented:
        bar = QWidget(self)
        chosen = Segmented(self._look, [(page, f"performance.page.{page}") for page in pages], bar)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(chosen, 1)
        chosen.chosen.connect(self.show_page)
        chosen.set_value(pages[0])
        self._bars[name] = bar
        return chosen

    # -- what is shown --------------------------------------------------------------------------------------------------

    def show_report(self, report: PerfReport | None, few_trades: int) -> None:
        """Show a report; None leaves everything empty."""
        tr = self._look.tr
        self.walk.set_few(few_trades)
        self.head.show_report(report, few_trades)
        self.notes.show_report(report)
        for page in (self.groups, self.study, self.walk):
            page.show_report(report)
        of_signals = report is not None and report.origin == "signals"
        untraded = report is not None and not report.traded
        no_curve = tr(
            "performance.equity.signals"
            if of_signals
            else "performance.equity.untraded"
            if untraded
            else "performance.equity.none"
        )
        self.equity.show_curve(report.curve if report is not None else None, no_curve)
        if report is not None:
            self.spread.show_returns(report.net_pct, report.mean_pct, tr("performance.spread.none"))
        self.calendar.show_report(report, tr("performance.calendar.none"))
        self._place()

    def show_index(self, index_pct: FloatArray | None, note: str) -> None:
        """Lay KOSPI beside the curve."""
        self.equity.show_index(index_pct, note)

    def show_page(self, page: str) -> None:
        """Bring a part to the front; an unknown one changes nothing."""
        if page not in PAGES:
            return
        if page in TABLES:
            self.table_page = page
            self.table_pages.set_value(page)
        else:
            self.chart_pages.set_value(page)
        changed = page != self.page
        self.page = page
        self.all_pages.set_value(page)
        self._place()
        if changed:
            self.page_changed.emit()

    @property
    def is_wide(self) -> bool:
        """Whether charts stand beside tables."""
        return self.width() >= self._look.px(_WIDE)

    # -- geometry -------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(760), self._look.px(560))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(300), self._look.px(240))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._look.color("bg-panel"))
        finally:
            painter.end()

    def _place(self) -> None:
        px, width, height = self._look.px, self.width(), self.height()
        foot = self.notes.tall(width, max(px(1), round(height * _NOTES_SHARE)))
        top = self.head.tall(width, max(px(1), height - foot - px(_LEAST_MIDDLE)))
        room = max(px(120), height - top - foot)
        self.head.setGeometry(0, 0, width, top)
        self.notes.setGeometry(0, top + room, width, foot)
        self.notes.setVisible(foot > 0)
        wide = self.is_wide
        every = wide and room >= px(_TALL)
        bar = px(_BAR)
        for name, shown in (("all", not wide), ("charts", wide and not every), ("tables", wide)):
            self._bars[name].setVisible(shown)
        shown_parts = {self.page}
        if not wide:
            self._bars["all"].setGeometry(px(8), top + px(4), width - px(16), bar - px(4))
            self._parts[self.page].setGeometry(0, top + bar + px(4), width, room - bar - px(4))
        else:
            left = round(width * 0.52)
            right = width - left - px(1)
            self._bars["tables"].setGeometry(left + px(8), top + px(4), right - px(16), bar - px(4))
            self._parts[self.table_page].setGeometry(left + px(1), top + bar + px(4), right, room - bar - px(4))
            shown_parts = {self.table_page}
            if every:
                upper = round(room * 0.54)
                self.equity.setGeometry(0, top, left, upper)
                half = round(left * 0.44)
                self.spread.setGeometry(0, top + upper, half, room - upper)
                self.calendar.setGeometry(half, top + upper, left - half, room - upper)
                shown_parts |= set(CHARTS)
            else:
                chart = self.chart_pages.value() or CHARTS[0]
                self._bars["charts"].setGeometry(px(8), top + px(4), left - px(16), bar - px(4))
                self._parts[chart].setGeometry(0, top + bar + px(4), left, room - bar - px(4))
                shown_parts.add(chart)
        for name, part in self._parts.items():
            part.setVisible(name in shown_parts)
        self.setFocusProxy(self.equity if self.equity.isVisibleTo(self) else self._parts[self.page])
