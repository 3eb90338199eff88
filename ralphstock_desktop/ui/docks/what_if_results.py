"""What moved thresholds do: counts with differences, who enters and leaves, and the record out of sample (design.md §11)."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.model.performance import RecordRow
from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import WhatIfState
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.what_if import WhatIfViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["CountLine", "NameLine", "RecordLine", "WhatIfResults", "count_lines", "record_line"]

_COUNTS_TALL, _ROW, _HEAD = 54, 20, 22
_NAMES_SHOWN = 8
_GRADES = ("S", "A", "B")
_TOTAL_POINTS = 12
"""Points of the closing bet in all (domain.md §3.2)."""


@dataclass(frozen=True, slots=True)
class CountLine:
    """One counter: what it counts, how many now, and the difference to the stored rules."""

    label: str
    number: str
    difference: str
    changed: bool


@dataclass(frozen=True, slots=True)
class NameLine:
    """A symbol that enters or leaves."""

    ticker: str
    name: str
    grade: str
    score: str
    enters: bool


@dataclass(frozen=True, slots=True)
class RecordLine:
    """Record of one rule set: cases, mean and interval, or why it cannot be judged."""

    label: str
    n: str
    mean: str
    interval: str
    judged: bool
    amount: float


def count_lines(look: Appearance, result: WhatIfState) -> tuple[CountLine, ...]:
    """Return the counters: all, then S, A, B."""
    lines = []
    for name in ("all", *_GRADES):
        after, before = result.counts_after.get(name, 0), result.counts_before.get(name, 0)
        label = look.tr(f"what_if.counter.all.{result.strategy}") if name == "all" else look.tr(f"what_if.counter.{name}")
        difference = fmt.signed(after - before, 0) if after != before else look.tr("what_if.counter.same")
        lines.append(CountLine(label, fmt.number(after), difference, after != before))
    return tuple(lines)


def record_line(look: Appearance, key: str, row: RecordRow | None, *, daily: bool) -> RecordLine:
    """Return a record in words; ``daily``: the strategy cannot be followed on daily bars at all."""
    label = look.tr(f"what_if.record.{key}")
    if row is None:
        words = "" if daily else look.tr("what_if.record.counting")
        return RecordLine(label, fmt.MISSING, fmt.MISSING, words, False, float("nan"))
    mean = row.mean_net_pct
    if not row.enough or mean.value is None:
        why = look.tr("what_if.record.few", n=fmt.number(row.n)) if row.n else look.tr("what_if.record.none")
        return RecordLine(label, fmt.number(row.n), look.tr("what_if.record.unknown"), why, False, float("nan"))
    low = fmt.percent(mean.low) if mean.low is not None else fmt.MISSING
    high = fmt.percent(mean.high) if mean.high is not None else fmt.MISSING
    return RecordLine(label, fmt.number(row.n), fmt.percent(mean.value), f"{low} – {high}", True, mean.value)


class WhatIfResults(QWidget):
    """Painted list; names can be walked with the arrows and chosen with a click or Enter."""

    height_changed = Signal()

    def __init__(self, view_model: WhatIfViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self.counts: tuple[CountLine, ...] = ()
        self.names: tuple[NameLine, ...] = ()
        self.records: tuple[RecordLine, ...] = ()
        self.tries = ""
        self._place = -1
        self._tops: list[tuple[int, int]] = []
        """Top and index of every name on screen."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view_model.results_changed.connect(self._fill)
        view_model.selection_changed.connect(self.update)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        self._canvas.reset()
        self._fill()

    def _fill(self) -> None:
        """Take the words of the newest result."""
        look, result = self._look, self._vm.result
        self.setAccessibleName(look.tr("what_if.access.results"))
        if result is None:
            self.counts, self.names, self.records, self.tries = (), (), (), ""
        else:
            daily = result.strategy == "DAY_TRADE"
            self.counts = count_lines(look, result)
            self.names = (*self._name_lines(result.entering, True), *self._name_lines(result.leaving, False))
            rows = [record_line(look, "before", result.record_before, daily=daily)]
            if result.active:
                rows.append(record_line(look, "after", result.record_after, daily=daily))
            self.records = tuple(rows) if not daily else ()
            self.tries = look.tr("what_if.tries", count=result.tries) if result.tries else ""
        self._place = min(self._place, len(self.names) - 1)
        self.setAccessibleDescription(self.sentence())
        tall = self._layout(None)
        if tall != self.height():
            self.setFixedHeight(tall)
            self.height_changed.emit()
        self.update()

    def _name_lines(self, items: tuple[tuple[str, int, float], ...], enters: bool) -> tuple[NameLine, ...]:
        closing = self._vm.strategy == "CLOSING_BET"
        return tuple(
            NameLine(
                ticker,
                self._vm.name_of(ticker),
                Grade(grade).name if grade else fmt.MISSING,
                f"{fmt.points(score)}/{_TOTAL_POINTS}" if closing else fmt.score(score),
                enters,
            )
            for ticker, grade, score in items[:_NAMES_SHOWN]
        )

    def sentence(self) -> str:
        """Everything that is painted, as one text."""
        parts = [f"{line.label} {line.number} {line.difference}" for line in self.counts]
        for enters in (True, False):
            names = ", ".join(line.name for line in self.names if line.enters is enters)
            parts.append(f"{self._head(enters)} {names}".strip())
        parts += [f"{line.label} {line.n} {line.mean} {line.interval}" for line in self.records]
        return ". ".join(part for part in (*parts, self.tries) if part)

    def _head(self, enters: bool) -> str:
        result = self._vm.result
        if result is None:
            return ""
        key = "entering" if enters else "leaving"
        count = len(result.entering if enters else result.leaving)
        return self._look.tr(f"what_if.{key}", count=count) if count else self._look.tr(f"what_if.{key}.none")

    # -- names ----------------------------------------------------------------------------------------------------------

    def name_rect(self, index: int) -> QRect:
        """Where a name is painted."""
        for top, place in self._tops:
            if place == index:
                return QRect(0, top, self.width(), self._look.px(_ROW))
        return QRect()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the symbol under the pointer."""
        for top, place in self._tops:
            if top <= event.position().y() < top + self._look.px(_ROW):
                self._walk_to(place)
                self._vm.select(self.names[place].ticker)
                return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk the names, Enter chooses."""
        key = event.key()
        if key in {Qt.Key.Key_Up, Qt.Key.Key_Down} and self.names:
            step = 1 if key == Qt.Key.Key_Down else -1
            self._walk_to(min(max(self._place + step, 0), len(self.names) - 1))
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and 0 <= self._place < len(self.names):
            self._vm.select(self.names[self._place].ticker)
        else:
            super().keyPressEvent(event)

    def _walk_to(self, place: int) -> None:
        self._place = place
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the arrows are."""
        super().focusInEvent(event)
        self._walk_to(max(self._place, 0 if self.names else -1))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(300), self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
            self._layout(self._canvas)
        finally:
            painter.end()

    def _layout(self, canvas: Canvas | None) -> int:
        """Paint everything, or (without a canvas) only measure; return the height."""
        px, result = self._look.px, self._vm.result
        if result is None:
            return px(8)
        left, width = px(12), self.width() - px(24)
        if canvas is not None:
            canvas.fill(0, 0, self.width(), 1, "line-hair")
            self._paint_counts(canvas, left, px(6), width)
        top = px(_COUNTS_TALL + 6)
        tops: list[tuple[int, int]] = []
        for enters in (True, False):
            top = self._side(canvas, enters, top, left, width, tops)
        if canvas is not None:
            words = (
                self._look.tr("what_if.moved", count=fmt.number(result.moved))
                if result.moved
                else self._look.tr("what_if.moved.none")
            )
            canvas.text(left, top, width, px(_ROW), words, "text-secondary" if result.moved else "text-muted", size="caption")
        self._tops = tops
        top += px(_HEAD)
        if result.strategy == "DAY_TRADE":
            if canvas is not None:
                canvas.text(
                    left, top, width, px(_ROW), self._look.tr("what_if.record.daily"), "text-muted", size="caption", elide=True
                )
            top += px(_ROW)
        else:
            top = self._paint_records(canvas, top, left, width)
        if self.tries:
            if canvas is not None:
                canvas.text(left, top, width, px(_ROW), self.tries, "warning", size="caption", elide=True)
            top += px(_ROW)
        return top + px(4)

    def _paint_counts(self, canvas: Canvas, left: int, top: int, width: int) -> None:
        px = self._look.px
        column = width / max(1, len(self.counts))
        for place, line in enumerate(self.counts):
            x, token = left + place * column, "warning" if line.changed else "text"
            canvas.text(x, top, column, px(16), line.label, "text-muted", size="caption", elide=True)
            used = canvas.text(x, top + px(18), column, px(26), line.number, token, size="hero", bold=True)
            # On the baseline of the large number.
            room = column - used - px(8)
            token = "warning" if line.changed else "text-muted"
            canvas.text(x + used + px(6), top + px(22), room, px(26), line.difference, token, bold=line.changed)

    def _side(self, canvas: Canvas | None, enters: bool, top: int, left: int, width: int, tops: list[tuple[int, int]]) -> int:
        px, result = self._look.px, self._vm.result
        assert result is not None
        count = len(result.entering if enters else result.leaving)
        indent = px(64)
        if canvas is not None:
            token = "text" if count else "text-muted"
            canvas.text(left, top, width, px(_ROW), self._head(enters), token, size="caption", bold=count > 0)
        lines = [(place, line) for place, line in enumerate(self.names) if line.enters is enters]
        for place, line in lines:
            if canvas is not None:
                self._paint_name(canvas, place, line, top, left + indent, width - indent)
            tops.append((top, place))
            top += px(_ROW)
        if count > len(lines) > 0:
            if canvas is not None:
                words = self._look.tr("what_if.names.more", count=fmt.number(count - len(lines)))
                canvas.text(left + indent, top, width - indent, px(_ROW), words, "text-muted", size="caption")
            top += px(_ROW)
        return top if lines else top + px(_ROW)

    def _paint_name(self, canvas: Canvas, place: int, line: NameLine, top: int, left: int, width: int) -> None:
        px = self._look.px
        if line.ticker == self._vm.selected_ticker:
            canvas.fill(left - px(6), top, width + px(6), px(_ROW), "selection")
            canvas.fill(left - px(6), top, 2, px(_ROW), "accent")
        if self.hasFocus() and place == self._place:
            canvas.pen("focus")
            canvas.painter.setBrush(Qt.BrushStyle.NoBrush)
            canvas.painter.drawRect(left - px(6), top, width + px(5), px(_ROW) - 1)
        token = f"grade-{line.grade.lower()}" if line.grade in {"S", "A", "B", "C"} else "text-muted"
        canvas.text(left, top, px(14), px(_ROW), line.grade, token, bold=True)
        used = canvas.width(line.score, "caption")
        canvas.text(left + width - used, top, used, px(_ROW), line.score, "text-secondary", size="caption")
        canvas.text(left + px(18), top, width - px(24) - used, px(_ROW), line.name, "text", bold=True, elide=True)

    def _paint_records(self, canvas: Canvas | None, top: int, left: int, width: int) -> int:
        px, look = self._look.px, self._look
        tall, row = px(_HEAD), px(_ROW)
        if canvas is not None:
            canvas.fill(left, top - px(3), width, 1, "line-hair")
            canvas.text(left, top, width, tall, look.tr("what_if.record.title"), "text", bold=True, elide=True)
        top += tall
        n_right, mean_right = left + px(118), left + px(178)
        if canvas is not None:
            for right, name in ((n_right, "n"), (mean_right, "mean"), (left + width, "interval")):
                words = look.tr(f"what_if.record.column.{name}")
                canvas.text(right - px(100), top, px(100), px(14), words, "text-muted", size="micro", align="right")
        top += px(15)
        for line in self.records:
            if canvas is not None:
                if not line.judged:
                    icon = look.pixmap("unknown", "unknown", 12, self.devicePixelRatioF())
                    canvas.painter.drawPixmap(left, top + (row - px(12)) // 2, icon)
                canvas.text(left + px(16), top, px(66), row, line.label, "text", bold=True, elide=True)
                canvas.text(n_right - px(60), top, px(60), row, line.n, "text", align="right")
                token = look.direction_token(line.amount) if line.judged else "unknown"
                canvas.text(mean_right - px(60), top, px(60), row, line.mean, token, align="right", bold=line.judged)
                room = left + width - mean_right - px(6)
                token = "text-secondary" if line.judged else "unknown"
                canvas.text(mean_right + px(6), top, room, row, line.interval, token, size="caption", align="right", elide=True)
            top += row
        return top + px(2)
