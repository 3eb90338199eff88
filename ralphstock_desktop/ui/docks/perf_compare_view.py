"""Two or three stored backtests side by side: curves over each other, figures with their differences (screen 0871)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QSizePolicy, QTableView, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.docks.ledger_models import Cell, Column, RowsModel, prepare_table
from ralphstock_desktop.ui.docks.perf_equity_view import month_marks
from ralphstock_desktop.ui.viewmodels.backtest_runs import LETTERS, Comparison
from ralphstock_desktop.ui.viewmodels.perf_shapes import axis_steps, step_decimals
from ralphstock_desktop.wording import format as fmt

__all__ = ["CompareView"]

_TOKENS = ("accent", "category-1", "category-3")
_DASHES: tuple[list[float], ...] = ([], [6.0, 3.0], [2.0, 2.5])
"""Curves differ by their stroke as well as by colour."""
_SCALE, _AXIS, _LEGEND = 56, 18, 18
_SIDE = 860


class CurvesView(QWidget):
    """Gains on the start capital in percent, each from its own first day, on one time axis."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._found: Comparison | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setAccessibleName(self._look.tr("backtest_panel.access.curves"))
        self._tell()
        self.update()

    def show_comparison(self, found: Comparison | None) -> None:
        """Show the curves of a comparison."""
        self._found = found
        self._tell()
        self.update()

    def _tell(self) -> None:
        found = self._found
        parts = []
        for letter, report in zip(LETTERS, found.reports if found is not None else (), strict=False):
            total = fmt.MISSING if report.cumulative_pct is None else fmt.percent(report.cumulative_pct)
            parts.append(f"{letter} {report.name} {total}")
        self.setAccessibleDescription(", ".join(parts))

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(420), self._look.px(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(200), self._look.px(100))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, found = self._canvas, self._look.px, self._found
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        known = [curve for curve in found.curves if len(curve[0])] if found is not None else []
        if found is None or not known:
            return
        days = np.unique(np.concatenate([one for one, _ in known]))
        low = min(0.0, *(float(np.min(gain)) for _, gain in known))
        high = max(0.0, *(float(np.max(gain)) for _, gain in known))
        span = (high - low) or 1.0
        low, high = low - 0.05 * span, high + 0.05 * span
        top, bottom = px(_LEGEND), self.height() - px(_AXIS)
        width = max(1, self.width() - px(_SCALE) - px(8))

        def x_of(at: float) -> float:
            return px(8) + (at + 0.5) * width / len(days)

        def y_of(value: float) -> float:
            return top + (high - value) / (high - low) * (bottom - top)

        steps = axis_steps(low, high, max(2, (bottom - top) // px(30)))
        for step in steps:
            canvas.fill(px(8), y_of(step), width, 1, "chart-grid")
            left = self.width() - px(_SCALE - 4)
            text = fmt.percent(step, step_decimals(steps))
            canvas.text(left, round(y_of(step)) - px(8), px(_SCALE - 8), px(16), text, "axis-text", size="micro")
        canvas.fill(px(8), y_of(0.0), width, 1, "line-strong")
        for at, text, is_year in month_marks(days, width // px(34)):
            x = round(x_of(at))
            canvas.fill(x, top, 1, bottom - top, "line-hair" if is_year else "chart-grid")
            wide = canvas.width(text, "micro", is_year)
            canvas.text(max(px(2), x - wide / 2), bottom, wide, px(_AXIS), text, "axis-text", size="micro", bold=is_year)
        for number, (own, gain) in enumerate(found.curves):
            if len(own):
                places = np.searchsorted(days, own)
                points = [QPointF(x_of(int(at)), y_of(float(value))) for at, value in zip(places, gain, strict=True)]
                self._stroke(number, QPolygonF(points))
        self._paint_legend(found)

    def _pen(self, number: int) -> QPen:
        pen = QPen(self._look.color(_TOKENS[number]), 1.6 * self._look.zoom_pct / 100)
        if _DASHES[number]:
            pen.setDashPattern(_DASHES[number])
        return pen

    def _stroke(self, number: int, line: QPolygonF) -> None:
        painter = self._canvas.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen(number))
        painter.drawPolyline(line)
        painter.restore()

    def _paint_legend(self, found: Comparison) -> None:
        canvas, px = self._canvas, self._look.px
        x = px(8)
        room = max(px(60), (self.width() - px(16)) // len(found.reports))
        for number, report in enumerate(found.reports):
            painter = canvas.painter
            painter.save()
            painter.setPen(self._pen(number))
            painter.drawLine(x, px(9), x + px(20), px(9))
            painter.restore()
            text = f"{LETTERS[number]} {report.name}"
            canvas.text(x + px(25), 0, room - px(32), px(_LEGEND), text, "text-secondary", size="caption", elide=True)
            x += room


class CompareView(QWidget):
    """Warnings, curves and the table of figures."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._found: Comparison | None = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.curves = CurvesView(appearance, self)
        self.model = RowsModel(appearance, self._columns(2), self)
        self.table = QTableView()
        self.table.setModel(self.model)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.words)
        self._pair = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._pair.setSpacing(0)
        self._pair.addWidget(self.curves, 1)
        self._pair.addWidget(self.table, 1)
        column.addLayout(self._pair, 1)
        self.setFocusProxy(self.table)
        appearance.changed.connect(self.apply)
        self.apply()

    def _columns(self, runs: int) -> tuple[Column, ...]:
        values = [Column(f"backtest_panel.compare.{letter.lower()}", 80, number=True) for letter in LETTERS[:runs]]
        gaps = [Column(f"backtest_panel.compare.{letter.lower()}_gap", 80, number=True) for letter in LETTERS[1:runs]]
        return (Column("backtest_panel.compare.figure", 108), *values, *gaps)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Curves and figures stand side by side where there is room for both."""
        super().resizeEvent(event)
        side = self.width() >= self._look.px(_SIDE)
        self._pair.setDirection(QBoxLayout.Direction.LeftToRight if side else QBoxLayout.Direction.TopToBottom)

    def showEvent(self, event: QShowEvent) -> None:
        """Take fonts again: Qt drops those of children when an unshown widget gets its parent."""
        super().showEvent(event)
        self._fit()

    def show_comparison(self, found: Comparison | None) -> None:
        """Show a comparison; None says how to get one."""
        self._found = found
        self.curves.show_comparison(found)
        columns = self._columns(len(found.reports) if found is not None else 2)
        if columns != tuple(self.model.columns):
            self.model = RowsModel(self._look, columns, self)
            self.table.setModel(self.model)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        self._fit()
        look, found = self._look, self._found
        self.table.setAccessibleName(look.tr("backtest_panel.access.compare"))
        self.model.retranslate()
        self.table.setVisible(found is not None)
        self.curves.setVisible(found is not None)
        if found is None:
            self.words.setText(look.tr("backtest_panel.compare.none"))
            self.model.show_rows([])
            return
        names = [f"{letter}: {report.name}" for letter, report in zip(LETTERS, found.reports, strict=False)]
        self.words.setText(" · ".join([*names, *(f"⚠ {text}" for text in found.warnings)]))
        self.model.show_rows(
            [
                [
                    Cell(row.label, "text-secondary"),
                    *(Cell(text, bold=at == 0) for at, text in enumerate(row.values)),
                    *(Cell(text, token) for text, token in row.differences),
                ]
                for row in found.rows
            ]
        )

    def _fit(self) -> None:
        look = self._look
        prepare_table(self.table, look, self.model.columns)
        self.words.setFont(look.font("caption"))
        colour_label(self.words, look, "text-secondary")
        self.words.setContentsMargins(look.px(8), look.px(4), look.px(8), look.px(4))
