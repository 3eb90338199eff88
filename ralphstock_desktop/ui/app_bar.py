"""The 40-px bar at the top: mark, workspace, search, as-of control, market filter, scan, look, language, help, clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QDate, QEvent, QLocale, QObject, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QFontMetrics, QPainter, QPaintEvent, QTextCharFormat
from PySide6.QtWidgets import (
    QAbstractButton,
    QCalendarWidget,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.model.instruments import Market
from ralphstock_desktop.ui.actions import ActionBook
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.layout.defaults import WORKSPACES
from ralphstock_desktop.ui.palette_search import SearchField
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.ui.viewmodels.shell import ShellViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["AppBar", "AsOfControl", "BellButton", "Clock", "Logo"]

_LAST_STEP = 9
"""Number of things that give way in a narrow bar."""


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
        return QSize(self.wanted_width(with_name=self.with_name), self._appearance.px(24 * self._scale))

    def wanted_width(self, *, with_name: bool) -> int:
        """Width with or without the name."""
        look = self._appearance
        width = look.px(22 * self._scale)
        if with_name:
            font = look.font("value" if self._scale < 1.5 else "hero", bold=True)
            width += look.px(8) + QFontMetrics(font).horizontalAdvance("RalphStock")
        return width

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
    """The tab of one workspace; the open one stands on a plate with the 2-px accent under it."""

    def __init__(self, appearance: Appearance, name: str) -> None:
        super().__init__()
        self._appearance, self.name = appearance, name
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        self.setText(self._appearance.tr(f"shell.workspace.{self.name}"))
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Word and padding."""
        look = self._appearance
        width = QFontMetrics(look.font("title", bold=True)).horizontalAdvance(self.text())
        return QSize(width + look.px(20), look.space("app_bar"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the word, and plate and accent of the open one."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            if self.isChecked():
                plate = self.rect().adjusted(0, look.px(7), 0, -look.px(6))
                painter.fillRect(plate, look.color("bg-raised"))
                painter.fillRect(look.px(8), self.height() - 2, self.width() - look.px(16), 2, look.color("accent"))
            font = look.font("title", bold=self.isChecked())
            painter.setFont(font)
            painter.setPen(look.color("focus" if self.hasFocus() else "text" if self.isChecked() else "text-secondary"))
            painter.drawText(look.px(10), look.baseline(0, self.height(), font), self.text())
        finally:
            painter.end()


class WorkspaceTabs(QWidget):
    """The workspaces side by side; where there is no room only the open one, with the others in its menu.

    Signals
    -------
    chosen : str
        Another workspace is wanted.
    """

    chosen = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.current = "research"
        self.folded = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.tabs = {name: _WorkspaceTab(appearance, name) for name in WORKSPACES}
        for name, tab in self.tabs.items():
            tab.clicked.connect(lambda _checked=False, name=name: self._on_clicked(name))
            row.addWidget(tab)
        self._show()

    def set_current(self, name: str) -> None:
        """Mark the open workspace."""
        self.current = name
        self._show()

    def set_folded(self, *, folded: bool) -> None:
        """Show only the open one."""
        if folded != self.folded:
            self.folded = folded
            self._show()

    def wanted_width(self, *, folded: bool) -> int:
        """Width of all tabs, or of the open one."""
        return sum(tab.sizeHint().width() for name, tab in self.tabs.items() if not folded or name == self.current)

    def _show(self) -> None:
        for name, tab in self.tabs.items():
            tab.setChecked(name == self.current)
            tab.setVisible(not self.folded or name == self.current)
        self.updateGeometry()

    def _on_clicked(self, name: str) -> None:
        self._show()  # a click must not uncheck the open one
        if name != self.current:
            self.chosen.emit(name)
        elif self.folded:
            self._offer()

    def _offer(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in WORKSPACES:
            action = menu.addAction(self._appearance.tr(f"shell.workspace.{name}"))
            action.setCheckable(True)
            action.setChecked(name == self.current)
            action.triggered.connect(lambda _checked=False, name=name: self.chosen.emit(name))
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))


class Clock(QWidget):
    """Korean time: the market's now, or the instant looked at in the replay colour."""

    def __init__(
        self,
        appearance: Appearance,
        now_ns: Callable[[], int],
        past_ns: Callable[[], int | None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._appearance, self._now_ns, self._past_ns = appearance, now_ns, past_ns
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.timeout.connect(self.update)
        self._timer.start()
        appearance.changed.connect(self.updateGeometry)

    def text(self) -> str:
        """The time shown."""
        past = self._past_ns()
        return fmt.clock(self._now_ns() if past is None else past)

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
            painter.setPen(look.color("text" if self._past_ns() is None else "replay"))
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


def _width_of(widget: QWidget) -> int:
    """Width that cuts nothing of a control."""
    return max(widget.minimumWidth(), min(widget.sizeHint().width(), widget.maximumWidth()))


def _locale(language: str) -> QLocale:
    return QLocale(QLocale.Language.Korean if language == "ko" else QLocale.Language.English)


class AsOfControl(QWidget):
    """Previous day, day with weekday, next day, phase of the day, and the way back to the newest data.

    Signals
    -------
    refreshed
        Words, and with them the width, may have changed.
    """

    refreshed = Signal()

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
        self.show_phase = self.show_latest = True
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
        self.phase.setVisible(self.show_phase)
        self.latest.setVisible(shell.past and self.show_latest)
        for widget in (self.day, self.latest):
            widget.setProperty("past", shell.past)
            widget.style().polish(widget)
        self.refreshed.emit()

    def give_way(self, *, narrow: bool, phase: bool, latest: bool) -> None:
        """Choose short words, and whether phase and the way back have a place in the bar."""
        self.show_phase, self.show_latest = phase, latest
        self.phase.setVisible(phase)
        self.latest.setVisible(latest and self._shell.past)
        if narrow != self.narrow:
            self.narrow = narrow
            self._fill_phases(self._shell.day)

    @property
    def parts(self) -> tuple[QWidget, ...]:
        """All controls from left to right."""
        return (self.previous, self.day, self.next, self.phase, self.latest)

    def wanted_width(self, *, phase: bool, latest: bool) -> int:
        """Width that cuts nothing, with or without the phase and the way back."""
        gone: set[QWidget] = {self.phase} if not phase else set()
        gone |= {self.latest} if not latest or not self._shell.past else set()
        shown = [widget for widget in self.parts if widget not in gone]
        return sum(_width_of(widget) for widget in shown) + self._row.spacing() * (len(shown) - 1)

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
        # An instant between the named ones is written as it is.
        picture = self._shell.picture
        self.phase.setPlaceholderText(fmt.clock(picture.as_of.instant_ns, seconds=False) if picture is not None else "")
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


class BellButton(IconButton):
    """The bell with the number of unread alerts at its corner; it takes no more room than a bell without one."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        self.unread = 0
        super().__init__(appearance, "bell", "alerts.bell", parent=parent)

    def set_unread(self, count: int) -> None:
        """Show how many alerts are unread; 0 shows the bell alone."""
        if count != self.unread:
            self.unread = count
            self._apply()
            self.update()

    @property
    def badge_text(self) -> str:
        """``3``, ``99+``, empty for none."""
        return "" if self.unread <= 0 else str(self.unread) if self.unread < 100 else "99+"

    def _apply(self) -> None:
        super()._apply()
        if self.unread > 0:
            words = self._appearance.tr("alerts.bell.unread", count=fmt.number(self.unread))
            self.setToolTip(words)
            self.setAccessibleName(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bell, and the number on a gold pill at its upper right."""
        super().paintEvent(event)
        text = self.badge_text
        if not text:
            return
        look = self._appearance
        painter = QPainter(self)
        try:
            font = look.font("micro", bold=True)
            tall = look.px(13)
            wide = min(self.width(), max(tall, QFontMetrics(font).horizontalAdvance(text) + look.px(6)))
            left = self.width() - wide
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("gold-fill"))
            painter.drawRoundedRect(left, 0, wide, tall, tall / 2, tall / 2)
            painter.setFont(font)
            painter.setPen(look.color("gold-on"))
            painter.drawText(
                left + (wide - QFontMetrics(font).horizontalAdvance(text)) // 2, look.baseline(0, tall, font), text
            )
        finally:
            painter.end()


class AppBar(QWidget):
    """The whole bar. What does not fit gives way in a fixed order and is then in the menu at the end of the bar.

    Signals
    -------
    market_chosen(int)
        0 all, else a :class:`Market` value.
    search_wanted
        The search button that stands for the field was pressed.

    Notes
    -----
    Order: name beside the mark and long phase words, long search field, clock, market and all workspace tabs but the open
    one, phase, search field (a button remains), bell, look, language and settings, the way back, the workspace tab.
    """

    market_chosen = Signal(int)
    search_wanted = Signal()

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
        self.workspace = WorkspaceTabs(appearance)
        self.search = SearchField(appearance)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.installEventFilter(self)
        self.search_button = IconButton(appearance, "search", "shell.search.name")
        self.search_button.clicked.connect(self.search_wanted)
        self.as_of = AsOfControl(appearance, shell, actions)
        self.market = QComboBox()
        self.market.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.market.activated.connect(lambda index: self.market_chosen.emit(int(self.market.itemData(index))))
        self.scan = QPushButton()
        self.scan.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.scan.clicked.connect(self._on_scan)
        self._scanning = False
        self.bell = BellButton(appearance)
        self.bell.clicked.connect(actions["open_alerts"].trigger)
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
        self.clock = Clock(appearance, now_ns, self._past_ns)
        self.more = IconButton(appearance, "more", "shell.bar.more")
        self._more_menu = QMenu(self)
        self._more_menu.aboutToShow.connect(self._fill_more)
        self.more.setMenu(self._more_menu)
        self._step, self._searching, self._fitting = 0, False, False
        self._fitted: tuple[int, ...] = ()
        self._row = QHBoxLayout(self)
        left: tuple[QWidget, ...] = (self.logo, self.workspace, self.panels)
        right: tuple[QWidget, ...] = (self.as_of, self.market, self.scan, self.bell, self.language, self.theme, self.settings)
        for widget in left:
            self._row.addWidget(widget)
        self._row.addStretch(1)
        self._row.addWidget(self.search, 100)
        self._row.addWidget(self.search_button)
        self._row.addStretch(1)
        self._right = (*right, self.help, self.clock, self.more)
        for widget in self._right:
            self._row.addWidget(widget)
        self.as_of.refreshed.connect(self._fit)
        appearance.changed.connect(self.refresh)
        self.refresh()

    @property
    def market_value(self) -> int:
        """Chosen market: 0 all, else a :class:`Market` value."""
        return int(self.market.currentData() or 0)

    def _past_ns(self) -> int | None:
        """The earlier instant that is looked at; None for the present."""
        picture = self._shell.picture
        return picture.as_of.instant_ns if picture is not None and self._shell.past else None

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
        self._fit()

    def set_unread(self, count: int) -> None:
        """Show how many alerts are unread."""
        self.bell.set_unread(count)

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
        self.search.setMaximumWidth(look.px(460))
        self._fit()

    def resizeEvent(self, event: object) -> None:
        """Choose long or short words for the width."""
        del event
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit again when a part has become wider or narrower: the sheet of a new zoom is polished after its signal."""
        if event.type() == QEvent.Type.LayoutRequest and self._sizes() != self._fitted:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """Take back one thing after the other until the bar is no wider than the window."""
        if self._fitting:
            return
        self._fitting = True
        try:
            step = next((n for n in range(_LAST_STEP) if self._wanted(n) <= self.width()), _LAST_STEP)
            self._give_way(step)
            self._fitted = self._sizes()
        finally:
            self._fitting = False

    def _parts(self) -> list[QWidget]:
        return [self.logo, self.workspace, self.panels, self.search, self.search_button, *self._right]

    def _shown(self, step: int) -> list[QWidget]:
        """What remains after ``step`` things have given way (order in the class text)."""
        folded = step >= 6
        # While something is typed into a field that has no place of its own, it takes that of the day and the scan.
        typing = folded and self._searching
        gone: set[QWidget] = {self.search if folded and not typing else self.search_button}
        if typing:
            gone |= {self.as_of, self.scan}
        if step >= 3 or self.width() < self._appearance.px(1200):
            gone.add(self.clock)
        if step >= 4:
            gone.add(self.market)
        else:
            gone.add(self.more)
        if step >= 7:
            gone |= {self.bell, self.language, self.theme, self.settings, self.help}
        if step >= 9:
            gone.add(self.workspace)
        return [widget for widget in self._parts() if widget not in gone]

    def _give_way(self, step: int) -> None:
        """Show what remains after ``step`` things have given way."""
        look, self._step = self._appearance, step
        narrow = step > 0 or self.width() < look.px(1440)
        if self.logo.with_name == narrow:
            self.logo.with_name = not narrow
            self.logo.updateGeometry()
            self.logo.update()
        self.as_of.give_way(narrow=narrow, phase=step < 5, latest=step < 8)
        self.search.setMinimumWidth(self._search_width(step))
        self.workspace.set_folded(folded=step >= 4)
        shown = self._shown(step)
        for widget in self._parts():
            if widget.isHidden() == (widget in shown):
                widget.setVisible(widget in shown)

    def _search_width(self, step: int) -> int:
        return self._appearance.px(200 if step < 2 else 120)

    def _wanted(self, step: int) -> int:
        """Width of all that is shown at a step, with gaps and edges."""
        margins, shown = self._row.contentsMargins(), self._shown(step)
        total = margins.left() + margins.right()
        for widget in shown:
            if widget is self.search:
                total += self._search_width(step)
            elif widget is self.as_of:
                total += self.as_of.wanted_width(phase=step < 5, latest=step < 8)
            elif widget is self.logo:
                total += self.logo.wanted_width(with_name=step == 0 and self.width() >= self._appearance.px(1440))
            elif widget is self.workspace:
                total += self.workspace.wanted_width(folded=step >= 4)
            else:
                total += _width_of(widget)
        return total + self._row.spacing() * (len(shown) + 1)

    def _sizes(self) -> tuple[int, ...]:
        """Widths on which the choice of parts rests."""
        own = (self.as_of, self.workspace)
        sizes = tuple(_width_of(widget) for widget in (*self._parts(), *self.as_of.parts) if widget not in own)
        return (*sizes, self.workspace.wanted_width(folded=False), self.workspace.wanted_width(folded=True))

    def open_search(self) -> None:
        """Bring the search field on screen where only its button has a place."""
        if self.search.isHidden():
            self._searching = True
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Put the search field away again when the keyboard leaves it."""
        if watched is self.search and self._searching and event.type() == QEvent.Type.FocusOut:
            self._searching = False
            QTimer.singleShot(0, self, self._fit)
        return super().eventFilter(watched, event)

    def _fill_more(self) -> None:
        """List what has no place in the bar."""
        look, menu, step = self._appearance, self._more_menu, self._step
        menu.clear()
        if step >= 4:
            self._add_choice(menu, "shell.bar.market", self.market, self._on_market_action)
        if step >= 5 and self.as_of.phase.count():
            self._add_choice(menu, "shell.asof.phase", self.as_of.phase, self.as_of.phase.activated.emit)
        menu.addSeparator()
        names = ["latest"] if step >= 8 and self._shell.past else []
        names += ["open_alerts", "toggle_language", "toggle_theme", "settings", "help"] if step >= 7 else []
        for name in names:
            menu.addAction(self._actions[name])
        menu.setAccessibleName(look.tr("shell.bar.more"))

    def _add_choice(self, menu: QMenu, title_key: str, combo: QComboBox, choose: Callable[[int], None]) -> None:
        """Offer the entries of a hidden combo box as a submenu."""
        part = menu.addMenu(self._appearance.tr(title_key))
        group = QActionGroup(part)
        for index in range(combo.count()):
            action = part.addAction(combo.itemText(index))
            action.setCheckable(True)
            action.setChecked(index == combo.currentIndex())
            action.triggered.connect(lambda _on=False, chosen=index: choose(chosen))
            group.addAction(action)

    def _on_market_action(self, index: int) -> None:
        self.market.setCurrentIndex(index)
        self.market.activated.emit(index)

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
