"""The control of the instant everything is shown for: day, calendar, phase of the day, and the way back."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QDate, QLocale, QPoint, Qt, Signal
from PySide6.QtGui import QTextCharFormat
from PySide6.QtWidgets import (
    QCalendarWidget,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ralphstock_desktop.ui.actions import ActionBook
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.shell import ShellViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["AsOfControl", "width_of"]


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


def width_of(widget: QWidget) -> int:
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
        return sum(width_of(widget) for widget in shown) + self._row.spacing() * (len(shown) - 1)

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
