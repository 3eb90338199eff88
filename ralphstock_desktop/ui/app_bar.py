"""The 40-px bar at the top: mark, workspace, search, as-of control, market filter, scan, look, language, help, clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QDate, QLocale, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QTextCharFormat
from PySide6.QtWidgets import (
    QAbstractButton,
    QCalendarWidget,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.model.instruments import Market
from ralphstock_desktop.ui import format as fmt
from ralphstock_desktop.ui.actions import ActionBook
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.palette_search import SearchField
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.ui.viewmodels.shell import ShellViewModel

__all__ = ["AppBar", "AsOfControl", "Clock", "Logo"]


class Logo(QWidget):
    """The mark: three bars that contract and a dot, from accent and gain; with the name beside it where there is room."""

    def __init__(self, appearance: Appearance, *, scale: float = 1.0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._scale = appearance, scale
        self.with_name = True
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("RalphStock")
        appearance.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Mark and, if wanted, name."""
        look = self._appearance
        width = look.px(22 * self._scale)
        if self.with_name:
            font = look.font("value" if self._scale < 1.5 else "hero", bold=True)
            width += look.px(8) + QFontMetrics(font).horizontalAdvance("RalphStock")
        return QSize(width, look.px(24 * self._scale))

    def minimumSizeHint(self) -> QSize:
        """Same as wanted: the mark is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bars, dot and name."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            unit = look.px(4 * self._scale)
            middle = self.height() // 2
            for index, (height, token) in enumerate(((16, "accent"), (11, "accent"), (7, "accent"), (3, "gain"))):
                tall = look.px(height * self._scale)
                painter.fillRect(round(index * unit * 1.45), middle - tall // 2, unit - 1, tall, look.color(token))
            if self.with_name:
                font = look.font("value" if self._scale < 1.5 else "hero", bold=True)
                painter.setFont(font)
                painter.setPen(look.color("text"))
                painter.drawText(look.px(22 * self._scale + 8), look.baseline(0, self.height(), font), "RalphStock")
        finally:
            painter.end()


class _WorkspaceTab(QAbstractButton):
    """The tab of the open workspace with the 2-px accent under it."""

    def __init__(self, appearance: Appearance, text_key: str) -> None:
        super().__init__()
        self._appearance, self._key = appearance, text_key
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        self.setText(self._appearance.tr(self._key))
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Word and padding."""
        look = self._appearance
        width = QFontMetrics(look.font("title", bold=True)).horizontalAdvance(self.text())
        return QSize(width + look.px(20), look.space("app_bar"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the chosen tab."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            plate = self.rect().adjusted(0, look.px(7), 0, -look.px(6))
            painter.fillRect(plate, look.color("bg-raised"))
            painter.fillRect(look.px(8), self.height() - 2, self.width() - look.px(16), 2, look.color("accent"))
            font = look.font("title", bold=True)
            painter.setFont(font)
            painter.setPen(look.color("focus" if self.hasFocus() else "text"))
            painter.drawText(look.px(10), look.baseline(0, self.height(), font), self.text())
        finally:
            painter.end()


class Clock(QWidget):
    """Korean time: the machine's now, or the instant looked at in the replay colour."""

    def __init__(self, appearance: Appearance, now_ns: Callable[[], int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._now_ns = appearance, now_ns
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.timeout.connect(self.update)
        self._timer.start()
        appearance.changed.connect(self.updateGeometry)

    def text(self) -> str:
        """The time shown."""
        return fmt.clock(self._now_ns())

    def sizeHint(self) -> QSize:
        """Room for ``KST 00:00:00``."""
        look = self._appearance
        width = QFontMetrics(look.font("title", bold=True)).horizontalAdvance("00:00:00")
        return QSize(width + QFontMetrics(look.font("caption")).horizontalAdvance("KST") + look.px(14), look.px(24))

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw zone and time."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            small, bold = look.font("caption"), look.font("title", bold=True)
            painter.setFont(small)
            painter.setPen(look.color("text-muted"))
            painter.drawText(0, look.baseline(0, self.height(), small), "KST")
            painter.setFont(bold)
            painter.setPen(look.color("text"))
            left = QFontMetrics(small).horizontalAdvance("KST") + look.px(8)
            painter.drawText(left, look.baseline(0, self.height(), bold), self.text())
        finally:
            painter.end()


class _CalendarPopup(QFrame):
    """A calendar in which only trading days of the data can be chosen."""

    picked = Signal(object)

    def __init__(self, appearance: Appearance, shell: ShellViewModel, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._appearance, self._shell = appearance, shell
        self.calendar = QCalendarWidget(self)
        self.calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        self.calendar.setGridVisible(False)
        self.calendar.currentPageChanged.connect(self._mark_closed_days)
        self.calendar.clicked.connect(self._on_pick)
        self.calendar.activated.connect(self._on_pick)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.calendar)

    def open_at(self, corner: QPoint, day: date) -> None:
        """Show the month of ``day`` under the control."""
        look, days = self._appearance, self._shell.days
        if not len(days):
            return
        first, last = days[0].astype("datetime64[D]").item(), days[-1].astype("datetime64[D]").item()
        self.calendar.setLocale(_locale(look.language))
        self.calendar.setDateRange(QDate(first.year, first.month, first.day), QDate(last.year, last.month, last.day))
        self.calendar.setSelectedDate(QDate(day.year, day.month, day.day))
        weekend = QTextCharFormat()
        weekend.setForeground(look.color("text-disabled"))
        for weekday in (Qt.DayOfWeek.Saturday, Qt.DayOfWeek.Sunday):
            self.calendar.setWeekdayTextFormat(weekday, weekend)
        self._mark_closed_days(day.year, day.month)
        self.calendar.setFont(look.font("body"))
        self.resize(look.px(280), look.px(220))
        self.move(corner)
        self.show()
        self.calendar.setFocus()

    def _mark_closed_days(self, year: int, month: int) -> None:
        """Grey out the days of a month that are not trading days."""
        grey, plain = QTextCharFormat(), QTextCharFormat()
        grey.setForeground(self._appearance.color("text-disabled"))
        grey.setFontStrikeOut(True)
        first = QDate(year, month, 1)
        for offset in range(first.daysInMonth()):
            shown = first.addDays(offset)
            is_open = self._shell.is_trading_day(date(shown.year(), shown.month(), shown.day()))
            self.calendar.setDateTextFormat(shown, plain if is_open else grey)

    def _on_pick(self, shown: QDate) -> None:
        day = date(shown.year(), shown.month(), shown.day())
        if self._shell.is_trading_day(day):
            self.hide()
            self.picked.emit(day)


def _locale(language: str) -> QLocale:
    return QLocale(QLocale.Language.Korean if language == "ko" else QLocale.Language.English)


class AsOfControl(QWidget):
    """Previous day, day with weekday, next day, phase of the day, and the way back to the newest data."""

    def __init__(
        self, appearance: Appearance, shell: ShellViewModel, actions: ActionBook, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._appearance, self._shell = appearance, shell
        self.previous, self.day, self.next = QPushButton("◀"), QPushButton(), QPushButton("▶")
        self.phase = QComboBox()
        self.latest = QPushButton()
        for button in (self.previous, self.day, self.next, self.latest):
            button.setObjectName("small")
        self.day.setProperty("strong", True)  # by the sheet: a font set here would be lost when the sheet is polished again
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.calendar = _CalendarPopup(appearance, shell, self)
        self.calendar.picked.connect(self._on_picked)
        self.previous.clicked.connect(actions["previous_day"].trigger)
        self.next.clicked.connect(actions["next_day"].trigger)
        self.latest.clicked.connect(actions["latest"].trigger)
        self.day.clicked.connect(self._open_calendar)
        self.phase.activated.connect(self._on_phase)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.previous, self.day, self.next, self.phase, self.latest):
            self._row.addWidget(widget)
        self.narrow = False
        self._keys = {"previous": actions.key_text("previous_day"), "next": actions.key_text("next_day")}
        appearance.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the day and phase looked at."""
        look, shell = self._appearance, self._shell
        self._row.setSpacing(look.px(2))
        day = shell.day
        text = look.tr("shell.asof.none") if day is None else fmt.day_long(day, look.language)
        self.day.setText(text)
        self.day.setEnabled(day is not None)
        self.day.setToolTip(look.tr("shell.asof.pick"))
        self.day.setAccessibleName(look.tr("shell.asof.name", day=text))
        for button, step, name in ((self.previous, -1, "previous"), (self.next, 1, "next")):
            button.setFixedWidth(look.px(26))
            button.setFont(look.font("caption"))
            button.setEnabled(shell.can_step(step))
            words = look.tr(f"shell.action.{name}_day")
            button.setToolTip(f"{words} ({self._keys[name]})")
            button.setAccessibleName(words)
        self._fill_phases(day)
        self.latest.setText(look.tr("shell.asof.latest"))
        self.latest.setToolTip(look.tr("shell.action.latest"))
        self.latest.setVisible(shell.past)
        for widget in (self.day, self.latest):
            widget.setProperty("past", shell.past)
            widget.style().polish(widget)

    def _fill_phases(self, day: date | None) -> None:
        look, phase = self._appearance, self._shell.phase
        self.phase.clear()
        self.phase.setEnabled(day is not None)
        self.phase.setAccessibleName(look.tr("shell.asof.phase"))
        self.phase.setToolTip(look.tr("shell.asof.phase"))
        self.phase.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        if day is None:
            return
        for name, instant in self._shell.workstation.day_phases(day):
            # The end of a past day is not "the latest": it is that whole day.
            word = "whole" if name == "all" and self._shell.can_step(1) else name
            key = f"shell.phase.{word}.short" if self.narrow else f"shell.phase.{word}"
            self.phase.addItem(look.tr(key, time=fmt.clock(instant.instant_ns, seconds=False)), name)
        self.phase.setCurrentIndex(self.phase.findData(phase) if phase else -1)

    def _open_calendar(self) -> None:
        day = self._shell.day
        if day is not None:
            self.calendar.open_at(self.day.mapToGlobal(QPoint(0, self.day.height() + 2)), day)

    def _on_picked(self, day: object) -> None:
        if isinstance(day, date):
            self._shell.go_to(day)

    def _on_phase(self, index: int) -> None:
        name = self.phase.itemData(index)
        if isinstance(name, str):
            self._shell.choose_phase(name)


class AppBar(QWidget):
    """The whole bar. Below 1,440 px the name, the clock's date and long phase words give way first."""

    market_chosen = Signal(int)

    def __init__(
        self,
        appearance: Appearance,
        shell: ShellViewModel,
        actions: ActionBook,
        now_ns: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._appearance, self._shell, self._actions = appearance, shell, actions
        self.logo = Logo(appearance)
        self.workspace = _WorkspaceTab(appearance, "shell.workspace.research")
        self.search = SearchField(appearance)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.as_of = AsOfControl(appearance, shell, actions)
        self.market = QComboBox()
        self.market.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.market.activated.connect(lambda index: self.market_chosen.emit(int(self.market.itemData(index))))
        self.scan = QPushButton()
        self.scan.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.scan.clicked.connect(self._on_scan)
        self._scanning = False
        self.language = QPushButton()
        self.language.setObjectName("small")
        self.language.clicked.connect(actions["toggle_language"].trigger)
        self.theme = IconButton(appearance, "moon", "shell.action.toggle_theme")
        self.theme.clicked.connect(actions["toggle_theme"].trigger)
        self.settings = IconButton(appearance, "gear", "shell.action.settings")
        self.settings.clicked.connect(actions["settings"].trigger)
        self.panels = IconButton(appearance, "plus", "shell.bar.panels")
        self.help = IconButton(appearance, "unknown", "shell.action.help")
        self.help.clicked.connect(actions["help"].trigger)
        self.clock = Clock(appearance, now_ns)
        self._row = QHBoxLayout(self)
        left: tuple[QWidget, ...] = (self.logo, self.workspace, self.panels)
        right: tuple[QWidget, ...] = (self.as_of, self.market, self.scan, self.language, self.theme, self.settings)
        for widget in left:
            self._row.addWidget(widget)
        self._row.addStretch(1)
        self._row.addWidget(self.search, 100)
        self._row.addStretch(1)
        for widget in (*right, self.help, self.clock):
            self._row.addWidget(widget)
        appearance.changed.connect(self.refresh)
        self.refresh()

    @property
    def market_value(self) -> int:
        """Chosen market: 0 all, else a :class:`Market` value."""
        return int(self.market.currentData() or 0)

    def set_scanning(self, share: float | None, *, running: bool) -> None:
        """Show the scan on its button: the share done, and that pressing it stops the work."""
        self._scanning = running
        look = self._appearance
        if running:
            percent = "" if share is None else f" {share * 100:.0f}%"
            self.scan.setText(look.tr("shell.bar.stop") + percent)
            self.scan.setToolTip(look.tr("shell.bar.stop_tip"))
        else:
            self.scan.setText(look.tr("shell.bar.scan"))
            self.scan.setToolTip(f"{look.tr('shell.action.scan')} ({self._actions.key_text('scan')})")

    def refresh(self) -> None:
        """Take words and sizes from the appearance and the as-of state from the view-model."""
        look = self._appearance
        self.setFixedHeight(look.space("app_bar"))
        self._row.setContentsMargins(look.px(10), 0, look.px(10), 0)
        self._row.setSpacing(look.px(6))
        chosen = self.market_value
        self.market.clear()
        self.market.setAccessibleName(look.tr("shell.bar.market"))
        self.market.setToolTip(look.tr("shell.bar.market"))
        for value, key in ((0, "all"), (int(Market.KOSPI), "kospi"), (int(Market.KOSDAQ), "kosdaq")):
            self.market.addItem(look.tr(f"shell.market.{key}"), value)
        self.market.setCurrentIndex(max(0, self.market.findData(chosen)))
        self.market.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.language.setText("EN" if look.language == "ko" else "한")
        self.language.setFixedWidth(look.px(32))
        self.language.setToolTip(look.tr("shell.action.toggle_language"))
        self.language.setAccessibleName(look.tr("shell.action.toggle_language"))
        self.theme.set_look("sun" if look.theme == "dark" else "moon", "shell.action.toggle_theme")
        self.set_scanning(None, running=self._scanning)
        self.search.setMinimumWidth(look.px(120))
        self.search.setMaximumWidth(look.px(460))
        self._fit()

    def resizeEvent(self, event: object) -> None:
        """Choose long or short words for the width."""
        del event
        self._fit()

    def _fit(self) -> None:
        narrow = self.width() < self._appearance.px(1440)
        if self.logo.with_name == narrow or self.as_of.narrow != narrow:
            self.logo.with_name = not narrow
            self.logo.updateGeometry()
            self.logo.update()
            self.as_of.narrow = narrow
            self.as_of.refresh()
        self.clock.setVisible(self.width() >= self._appearance.px(1200))

    def _on_scan(self) -> None:
        self._actions["cancel" if self._scanning else "scan"].trigger()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground with the hairline below."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-panel"))
            painter.fillRect(0, self.height() - 1, self.width(), 1, self._appearance.color("line-hair"))
        finally:
            painter.end()
