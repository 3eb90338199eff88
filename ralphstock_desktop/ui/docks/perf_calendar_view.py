"""Net returns by month and year, or by day of one year, as a heat map with signed numbers (screen 0870)."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.perf_report import PerfReport
from ralphstock_desktop.ui.viewmodels.perf_shapes import Calendar, CalendarCell, calendar_of, days_of_year
from ralphstock_desktop.wording import format as fmt

__all__ = ["CalendarView"]

_HEAD, _ROW_HEAD, _MOST_ROW = 20, 44, 30
_MONTHS, _DAYS = 12, 31
_PALE, _DEEP = 0.10, 0.62
"""Opacity of the smallest and the largest change."""


class CalendarView(QWidget):
    """Painted. Enter or a click on a year opens its days; Escape or a click on the head goes back to the years."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._report: PerfReport | None = None
        self._calendar: Calendar | None = None
        self._note = ""
        self.year: int | None = None
        """The year whose days are shown; None while months are."""
        self._days: dict[date, CalendarCell] = {}
        self._at: tuple[int, int] | None = None
        """Row and column under the pointer."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setAccessibleName(self._look.tr("performance.page.calendar"))
        self._tell()
        self.update()

    def show_report(self, report: PerfReport | None, note: str) -> None:
        """Show a report's calendar, or say why there is none."""
        self._report, self._note = report, note
        self._calendar = calendar_of(report) if report is not None else None
        self.show_year(None)

    def show_year(self, year: int | None) -> None:
        """Show the days of a year; None: the months of all years."""
        known = self._calendar is not None and self._report is not None and year in self._calendar.years
        self.year = year if known else None
        self._days = days_of_year(self._report, year) if known and self._report is not None and year is not None else {}
        self._at = None
        self._tell()
        self.update()

    # -- what stands where ------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """Years, or the months of a year."""
        return _MONTHS if self.year is not None else len(self._calendar.years) if self._calendar is not None else 0

    @property
    def columns(self) -> int:
        """Days, or months and the year's total."""
        return _DAYS if self.year is not None else _MONTHS + 1

    def cell(self, row: int, column: int) -> CalendarCell | None:
        """The cell of a place; None where nothing was traded or the day does not exist."""
        calendar = self._calendar
        if calendar is None or not (0 <= row < self.rows and 0 <= column < self.columns):
            return None
        if self.year is not None:
            try:
                return self._days.get(date(self.year, row + 1, column + 1))
            except ValueError:
                return None
        year = calendar.years[row]
        return calendar.totals.get(year) if column == _MONTHS else calendar.months.get((year, column + 1))

    def _cell_name(self, row: int, column: int) -> str:
        assert self._calendar is not None
        if self.year is not None:
            return f"{self.year}-{row + 1:02d}-{column + 1:02d}"
        year = self._calendar.years[row]
        return str(year) if column == _MONTHS else f"{year}-{column + 1:02d}"

    def readout(self) -> str:
        """The cell under the pointer, or what the map shows."""
        calendar, tr = self._calendar, self._look.tr
        if calendar is None:
            return self._note
        found = self.cell(*self._at) if self._at is not None else None
        if self._at is not None and found is not None and found.value is None:
            return tr("performance.calendar.idle", when=self._cell_name(*self._at))
        if self._at is not None and found is not None and found.value is not None:
            key = "performance.calendar.account" if calendar.of_account else "performance.calendar.trades"
            return tr(key, when=self._cell_name(*self._at), value=fmt.percent(found.value), count=found.n)
        if self.year is not None:
            return tr("performance.calendar.days", year=self.year)
        return tr("performance.calendar.months" if calendar.of_account else "performance.calendar.months_trades")

    def _tell(self) -> None:
        calendar = self._calendar
        if calendar is None:
            self.setAccessibleDescription(self._note)
            return
        years = [f"{year} {fmt.percent(cell.value or 0.0)}" for year, cell in calendar.totals.items() if cell.value is not None]
        self.setAccessibleDescription(f"{self.readout()}. {', '.join(years)}")

    # -- geometry and input -----------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(420), self._look.px(150))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(200), self._look.px(90))

    def _head_px(self) -> int:
        return self._look.px(_HEAD) + self._look.px(16)

    def box(self, row: int, column: int) -> QRect:
        """Rectangle of a cell."""
        px = self._look.px
        left, top = px(_ROW_HEAD), self._head_px()
        width = (self.width() - left - px(6)) / self.columns
        tall = min(px(_MOST_ROW), (self.height() - top - px(4)) / max(1, self.rows))
        x, y = round(left + column * width), round(top + row * tall)
        return QRect(x, y, round(left + (column + 1) * width) - x - 1, round(top + (row + 1) * tall) - y - 1)

    def _place(self, x: float, y: float) -> tuple[int, int] | None:
        for row in range(self.rows):
            for column in range(self.columns):
                if self.box(row, column).contains(int(x), int(y)):
                    return row, column
        return None

    def _set_at(self, at: tuple[int, int] | None) -> None:
        if at != self._at:
            self._at = at
            self._tell()
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_at(self._place(event.position().x(), event.position().y()))

    def leaveEvent(self, event: object) -> None:
        """Let the cell go."""
        del event
        self._set_at(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self.year is not None:
            self.show_year(None)
            return
        row = next((row for row in range(self.rows) if self._in_row(row, event.position().y())), None)
        if row is not None and self._calendar is not None:
            self.show_year(self._calendar.years[row])

    def _in_row(self, row: int, y: float) -> bool:
        box = self.box(row, 0)
        return box.top() <= y <= box.bottom() + 1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        if key in steps and self.rows:
            down, right = steps[key]
            row, column = self._at if self._at is not None else (-down if down > 0 else 0, -right if right > 0 else 0)
            self._set_at((min(max(row + down, 0), self.rows - 1), min(max(column + right, 0), self.columns - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.year is None and self._calendar is not None and self.rows:
            self.show_year(self._calendar.years[self._at[0] if self._at is not None else self.rows - 1])
        elif key == Qt.Key.Key_Escape and (self.year is not None or self._at is not None):
            self.show_year(None)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px = self._canvas, self._look.px
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        if self._calendar is None or not self.rows:
            canvas.text(px(8), 0, self.width() - px(16), self.height(), self._note, "text-muted", align="center", elide=True)
            return
        canvas.text(px(8), 0, self.width() - px(12), px(_HEAD), self.readout(), "text-secondary", size="caption", elide=True)
        for column in range(self.columns):
            box = self.box(0, column)
            text = self._look.tr("performance.calendar.year") if self.year is None and column == _MONTHS else str(column + 1)
            canvas.text(
                box.left(), px(_HEAD), box.width(), px(16), text, "text-muted", align="center", size="micro", elide=True
            )
        cells = [self.cell(row, column) for row in range(self.rows) for column in range(min(self.columns, _DAYS))]
        whole = self.year is None
        sizes = [
            abs(found.value)
            for at, found in enumerate(cells)
            if found is not None and found.value is not None and not (whole and at % self.columns == _MONTHS)
        ]
        largest = max(sizes, default=1.0) or 1.0
        for row in range(self.rows):
            box = self.box(row, 0)
            name = str(self._calendar.years[row]) if whole else str(row + 1)
            canvas.text(px(4), box.top(), px(_ROW_HEAD - 10), box.height(), name, "text-muted", align="right", size="micro")
            for column in range(self.columns):
                self._paint_cell(row, column, largest, whole)
        if self.hasFocus():
            canvas.fill(0, 0, px(2), self.height(), "focus")

    def _paint_cell(self, row: int, column: int, largest: float, whole: bool) -> None:
        canvas, box, found = self._canvas, self.box(row, column), self.cell(row, column)
        if found is None or found.value is None:
            canvas.fill(box.left(), box.top(), box.width(), box.height(), "bg-header")
        else:
            total = whole and column == _MONTHS
            token = self._look.direction_token(found.value)
            if token != "flat" and not total:
                share = min(1.0, abs(found.value) / largest)
                color = self._look.color(f"{token}-fill", round(_PALE + (_DEEP - _PALE) * share, 2))
                canvas.fill(box.left(), box.top(), box.width(), box.height(), "bg-panel")
                canvas.fill_color(box.left(), box.top(), box.width(), box.height(), color)
            else:
                canvas.fill(box.left(), box.top(), box.width(), box.height(), "bg-raised")
            ink = token if total else "text"
            canvas.text(
                box.left(), box.top(), box.width(), box.height(), self._cell_text(found.value, box.width()), ink,
                align="center", size="micro", bold=total,
            )  # fmt: skip
        if (row, column) == self._at:
            canvas.pen("focus")
            canvas.painter.drawRect(box.adjusted(0, 0, -1, -1))

    def _cell_text(self, value: float, room: int) -> str:
        """One decimal, else whole percent, else the sign alone: whatever fits whole."""
        for text in (fmt.signed(value, 1), fmt.signed(value, 0)):
            if self._canvas.width(text, "micro") <= room - 2:
                return text if text.strip("0.,") else "0"
        return "+" if value > 0 else "\u2212" if value < 0 else "0"
