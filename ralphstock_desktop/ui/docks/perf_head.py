"""Head of the performance panel: what is shown, what may be said of it, and the figures with their intervals (screen 0870)."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.perf_report import PerfReport
from ralphstock_desktop.ui.viewmodels.perf_words import (
    Figure,
    Verdict,
    figures,
    note_lines,
    period_text,
    report_sentence,
    strategy_name,
    verdict,
)

__all__ = ["PerfHead", "PerfNotes"]

_TITLE, _LINE, _TILE = 24, 17, 54
_TILE_WIDTH, _TILE_MOST = 120, 168
_PAD = 10


class PerfHead(QWidget):
    """Painted: title, verdict, and as many columns of figures as there is room for. Nothing is cut but the title."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._report: PerfReport | None = None
        self._few = 0
        self.figures: tuple[Figure, ...] = ()
        self.verdict: Verdict | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        appearance.changed.connect(self._on_appearance)

    def show_report(self, report: PerfReport | None, few_trades: int) -> None:
        """Show a report; ``few_trades`` is the rule's limit of 표본 부족."""
        self._report, self._few = report, few_trades
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        look, report = self._look, self._report
        self.setAccessibleName(look.tr("performance.access.head"))
        if report is None:
            self.figures, self.verdict = (), None
            self.setAccessibleDescription("")
        else:
            self.figures = figures(look, report, self._few)
            self.verdict = verdict(look, report, self._few)
            self.setAccessibleDescription(report_sentence(look, report, self._few))
        self.updateGeometry()
        self.update()

    # -- geometry -------------------------------------------------------------------------------------------------------

    def _columns(self, width: int) -> int:
        px = self._look.px
        return max(1, min(len(self.figures), (width - px(_PAD)) // px(_TILE_WIDTH)))

    def _sentence(self, width: int) -> list[str]:
        if self.verdict is None:
            return []
        px = self._look.px
        used = self._canvas.width(self.verdict.head, "body", True) + px(_PAD + 22 + 10)
        return self._canvas.wrapped(self.verdict.sentence, max(px(80), width - used - px(_PAD)))

    def tall(self, width: int, most: int = 0) -> int:
        """Height that shows everything at a width, in pixels; not over ``most``, by whole rows of figures, if that is given."""
        px = self._look.px
        rows = -(-len(self.figures) // self._columns(width))
        words = px(_TITLE) + px(_LINE) * max(1, len(self._sentence(width))) + px(6)
        if most:
            rows = min(rows, max(1, (most - words - px(4)) // px(_TILE)))
        return words + rows * px(_TILE) + px(4)

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(600), self.tall(max(self.width(), self._look.px(300))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
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
        canvas, px, width = self._canvas, self._look.px, self.width()
        canvas.fill(0, 0, width, self.height(), "bg-panel")
        canvas.fill(0, self.height() - 1, width, 1, "line-hair")
        report, found = self._report, self.verdict
        if report is None or found is None:
            return
        left = px(_PAD)
        words = [report.name or self._look.tr("performance.source.signals"), strategy_name(self._look, report.strategy)]
        title = " · ".join(words)
        used = canvas.text(left, 0, width - 2 * left, px(_TITLE), title, "text", size="title", bold=True, elide=True)
        rest = [period_text(report), report.ruleset, report.label]
        text = " · ".join(word for word in rest if word)
        room = width - 2 * left - used - px(10)
        if room > px(60):
            canvas.text(left + used + px(10), 0, room, px(_TITLE), text, "text-muted", size="caption", elide=True)
        self._paint_verdict(found, px(_TITLE))
        top = px(_TITLE) + px(_LINE) * max(1, len(self._sentence(width))) + px(6)
        columns = self._columns(width)
        tile = min(px(_TILE_MOST), (width - px(_PAD)) // columns)
        for at, figure in enumerate(self.figures[: columns * max(1, (self.height() - top) // px(_TILE))]):
            self._paint_figure(figure, left + (at % columns) * tile, top + (at // columns) * px(_TILE), tile - px(8))
        if self.hasFocus():
            canvas.fill(0, 0, px(2), self.height(), "focus")

    def _paint_verdict(self, found: Verdict, top: int) -> None:
        canvas, px, left = self._canvas, self._look.px, self._look.px(_PAD)
        icon = self._look.pixmap(found.icon, found.token, 14, self.devicePixelRatioF())
        canvas.painter.drawPixmap(left, top + px(1), icon)
        x = left + px(20)
        used = canvas.text(x, top, self.width(), px(_LINE), found.head, found.token, bold=True)
        for at, line in enumerate(self._sentence(self.width())):
            y = top + at * px(_LINE)
            canvas.text(x + used + px(10), y, self.width(), px(_LINE), line, "text-secondary", size="caption")

    def _paint_figure(self, figure: Figure, left: int, top: int, width: int) -> None:
        canvas, px = self._canvas, self._look.px
        canvas.text(left, top, width, px(14), figure.label, "text-muted", size="micro", elide=True)
        size: FontSize = "value" if figure.judged else "body"
        canvas.text(left, top + px(13), width, px(19), figure.value, figure.token, size=size, bold=True, elide=True)
        canvas.text(left, top + px(31), width, px(13), figure.note, "text-muted", size="micro", elide=True)


class PerfNotes(QWidget):
    """What must be known to read the numbers; always visible, each note on its own line.

    What has no room in a low panel is counted on the last line and in the tooltip.
    """

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._report: PerfReport | None = None
        self.lines: tuple[str, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        appearance.changed.connect(self._on_appearance)

    def show_report(self, report: PerfReport | None) -> None:
        """Show the notes of a report."""
        self._report = report
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.lines = note_lines(self._look, self._report) if self._report is not None else ()
        self.setAccessibleName(self._look.tr("performance.access.notes"))
        self.setAccessibleDescription(" ".join(self.lines))
        self.updateGeometry()
        self.update()

    def _wrapped(self, width: int) -> list[tuple[bool, str]]:
        """Lines with whether each begins a note."""
        px = self._look.px
        room = max(px(80), width - px(_PAD + 18 + _PAD))
        return [(at == 0, text) for note in self.lines for at, text in enumerate(self._canvas.wrapped(note, room))]

    def _shown(self) -> list[tuple[bool, str]]:
        """Lines that have room; the last one counts those that have none."""
        lines, px = self._wrapped(self.width()), self._look.px
        places = max(1, (self.height() - px(8)) // px(15))
        if len(lines) <= places:
            return lines
        left_out = len(lines) - places + 1
        return [*lines[: places - 1], (False, self._look.tr("performance.notes.more", count=left_out))]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What has no room is in the tooltip."""
        super().resizeEvent(event)
        self.setToolTip("\n".join(self.lines) if self._shown() != self._wrapped(self.width()) else "")

    def tall(self, width: int, most: int = 0) -> int:
        """Height that shows every note at a width, in pixels; not over ``most``, by whole lines, if that is given."""
        px, count = self._look.px, len(self._wrapped(width))
        if most:
            count = min(count, max(2, (most - px(8)) // px(15)))
        return px(15) * count + px(8) if count else 0

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            canvas, px = self._canvas, self._look.px
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(0, 0, self.width(), self.height(), "bg-header")
            canvas.fill(0, 0, self.width(), 1, "line-hair")
            icon = self._look.pixmap("warning", "warning", 12, self.devicePixelRatioF())
            for at, (begins, text) in enumerate(self._shown()):
                top = px(4) + at * px(15)
                if begins:
                    painter.drawPixmap(px(_PAD), top + px(1), icon)
                canvas.text(px(_PAD + 18), top, self.width(), px(15), text, "text-secondary", size="caption")
        finally:
            painter.end()
