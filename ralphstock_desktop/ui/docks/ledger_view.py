"""The ledger itself: data sets with coverage, rows per month as a plot, and what the chosen symbol has."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.model.instants import kst_datetime
from ralphstock_desktop.ports import DatasetCoverage, SymbolCoverage
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.docks.ledger_models import Cell, Column, CoverageDelegate, RowsModel, prepare_table
from ralphstock_desktop.ui.viewmodels.ledger import CoverageBar, LedgerViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["LedgerView", "dataset_name"]

_DATASET_COLUMNS = (
    Column("ledger.column.dataset", 96),
    Column("ledger.column.rows", 78, number=True),
    Column("ledger.column.symbols", 62, number=True),
    Column("ledger.column.first", 78),
    Column("ledger.column.last", 78),
    Column("ledger.column.coverage", 120),
    Column("ledger.column.gaps", 64, number=True),
    Column("ledger.column.received", 84),
    Column("ledger.column.source", 0),
)
_COVERAGE_COLUMN = 5
_SYMBOL_COLUMNS = (
    Column("ledger.column.dataset", 96),
    Column("ledger.column.rows", 70, number=True),
    Column("ledger.column.first", 78),
    Column("ledger.column.last", 78),
    Column("ledger.column.missing_days", 64, number=True),
    Column("ledger.column.source", 0),
)


def dataset_name(appearance: Appearance, dataset: str) -> str:
    """Return the words for a data set; its own name where there are none yet."""
    key = f"ledger.dataset.{dataset}"
    return appearance.tr(key) if appearance.has_text(key) else dataset


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else fmt.MISSING


class LedgerView(QWidget):
    """Head line, data sets, and below them the plot or the symbol's rows.

    Signals
    -------
    import_wanted
        The button of the head line.
    refresh_wanted
        The ledger should be read again.
    """

    import_wanted = Signal()
    refresh_wanted = Signal()

    def __init__(self, appearance: Appearance, model: LedgerViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._model = appearance, model
        self.place = QLabel()
        self.place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.refresh, self.add = QPushButton(), QPushButton()
        self.refresh.clicked.connect(self.refresh_wanted)
        self.add.clicked.connect(self.import_wanted)
        self.datasets = RowsModel(appearance, _DATASET_COLUMNS, self)
        self.table = QTableView()
        self.table.setModel(self.datasets)
        self.table.setItemDelegateForColumn(_COVERAGE_COLUMN, CoverageDelegate(appearance, self))
        self.symbols = RowsModel(appearance, _SYMBOL_COLUMNS, self)
        self.symbol_table = QTableView()
        self.symbol_table.setModel(self.symbols)
        self.symbol_head = QLabel()
        self.which = Segmented(appearance, [("months", "ledger.months"), ("symbol", "ledger.symbol")])
        self.which.set_value("months")
        self.which.chosen.connect(self._on_which)
        self.plot = _MonthPlot(appearance)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.plot)
        self._pages.addWidget(self.symbol_table)
        self._assemble()
        appearance.changed.connect(self.apply)
        self.apply()

    def _assemble(self) -> None:
        self._head = QHBoxLayout()
        self._head.addWidget(self.place, 1)
        self._head.addWidget(self.refresh)
        self._head.addWidget(self.add)
        self._middle = QHBoxLayout()
        self._middle.addWidget(self.which)
        self._middle.addWidget(self.symbol_head, 1)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._middle)
        column.addWidget(self._pages, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(lower)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setChildrenCollapsible(True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._head)
        whole.addWidget(self.splitter, 1)

    def showEvent(self, event: QShowEvent) -> None:
        """Take fonts and colours again: Qt drops those of a splitter's children when an unshown view gets its parent."""
        super().showEvent(event)
        self.apply()

    # -- filling ----------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Take words, sizes and data again."""
        look = self._appearance
        self.refresh.setText(look.tr("ledger.refresh"))
        self.add.setText(look.tr("ledger.import"))
        for line in (self._head, self._middle):
            line.setContentsMargins(look.px(8), look.px(4), look.px(8), look.px(4))
            line.setSpacing(look.px(8))
        for label in (self.place, self.symbol_head):
            label.setFont(look.font("caption"))
            colour_label(label, look, "text-muted")
        self.which.setFixedWidth(look.px(260))
        for table, columns in ((self.table, _DATASET_COLUMNS), (self.symbol_table, _SYMBOL_COLUMNS)):
            prepare_table(table, look, columns)
        self.datasets.retranslate()
        self.symbols.retranslate()
        self.table.setAccessibleName(look.tr("ledger.datasets"))
        self.symbol_table.setAccessibleName(look.tr("ledger.symbol"))
        self.show_ledger()
        self.show_symbol()

    def show_ledger(self) -> None:
        """Fill head line, data sets and plot from the view-model."""
        ledger, look = self._model.ledger, self._appearance
        if ledger is None:
            return
        words = [ledger.database]
        if ledger.bytes_on_disk is not None:
            words.append(fmt.bytes_size(ledger.bytes_on_disk))
        words.extend(look.tr(note) if look.has_text(note) else note for note in ledger.notes)
        text = " · ".join(word for word in words if word)
        self.place.setText(text)
        self.place.setToolTip(text)
        rows = [self._dataset_row(item, bar) for item, bar in zip(ledger.datasets, self._model.bars(), strict=True)]
        self.datasets.show_rows(rows)
        self.plot.show_curves(self._model)

    def show_symbol(self) -> None:
        """Fill the symbol's rows."""
        look, symbol = self._appearance, self._model.symbol
        self.symbol_head.setText(symbol or look.tr("ledger.no_symbol"))
        self.symbols.show_rows([self._symbol_row(item) for item in self._model.symbol_rows])

    def _dataset_row(self, item: DatasetCoverage, bar: CoverageBar | None) -> list[Cell]:
        look = self._appearance
        gap_days = sum(gap.days for gap in item.gaps)
        runs = [look.tr("ledger.gap", first=_day(gap.first_day), last=_day(gap.last_day), days=gap.days) for gap in item.gaps]
        more = [look.tr("ledger.more", count=len(runs) - 12)] if len(runs) > 12 else []
        tip = "\n".join([*runs[:12], *more])
        words = look.tr("ledger.coverage_words", first=_day(item.first_day), last=_day(item.last_day), gaps=gap_days)
        return [
            Cell(dataset_name(look, item.dataset), bold=True),
            Cell(f"{item.rows:,}"),
            Cell(f"{item.symbols:,}" if item.symbols else fmt.MISSING),
            Cell(_day(item.first_day)),
            Cell(_day(item.last_day)),
            Cell("", tip=words, bar=bar),
            Cell(
                look.tr("ledger.days", days=f"{gap_days:,}") if gap_days else fmt.MISSING,
                "warning" if gap_days else "text-muted",
                tip,
            ),
            self._received(item.received_at_ns),
            Cell(item.source, "text-secondary", item.source),
        ]

    def _symbol_row(self, item: SymbolCoverage) -> list[Cell]:
        look = self._appearance
        return [
            Cell(dataset_name(look, item.dataset), bold=True),
            Cell(f"{item.rows:,}"),
            Cell(_day(item.first_day)),
            Cell(_day(item.last_day)),
            Cell(f"{item.missing_days:,}", "warning" if item.missing_days else "text-muted"),
            Cell(item.source, "text-secondary"),
        ]

    def _received(self, received_at_ns: int | None) -> Cell:
        ledger, look = self._model.ledger, self._appearance
        if received_at_ns is None or ledger is None:
            return Cell(fmt.MISSING, "text-muted")
        seconds = max(0.0, (ledger.taken_at_ns - received_at_ns) / 1e9)
        return Cell(
            fmt.age(seconds, look.language, short=True), "text-secondary", f"{kst_datetime(received_at_ns):%Y-%m-%d %H:%M:%S}"
        )

    def _on_which(self, value: str) -> None:
        self._pages.setCurrentWidget(self.plot if value == "months" else self.symbol_table)


class _MonthPlot(QWidget):
    """Rows per month by data set on a logarithmic axis. The plotting library is loaded when the plot is first seen."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._model: LedgerViewModel | None = None
        self._plot: Any = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.empty = QLabel()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._column.addWidget(self.empty)
        appearance.changed.connect(self._redraw)

    def show_curves(self, model: LedgerViewModel) -> None:
        """Draw the curves of a view-model, now or when the plot is first seen."""
        self._model = model
        if self.isVisible():
            self._redraw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what waits."""
        super().showEvent(event)
        self._redraw()

    def _make(self) -> None:
        import pyqtgraph

        class MonthAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # the library has no types
            """Months since 1970 as year and month."""

            def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
                del scale
                whole = [round(value) for value in values]
                if spacing >= 12:
                    return [f"{1970 + value // 12}" for value in whole]
                return [f"{1970 + value // 12}-{value % 12 + 1:02d}" for value in whole]

            def tickSpacing(self, least: float, most: float, size: float) -> list[tuple[float, float]]:
                span, room = max(1.0, most - least), max(1.0, size / 70)
                step = next((months for months in (1, 3, 6, 12, 24, 60, 120) if span / months <= room), 240)
                return [(step, 0)]

        class RowsAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # the library has no types
            """Powers of ten as plain numbers."""

            def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
                del scale, spacing
                # The values are exponents. Decades and their 2 and 5 are enough, unless the axis spans less than about one.
                is_short = self.range[1] - self.range[0] < 1.2
                shown = []
                for value in values:
                    lead = 10 ** (value - math.floor(value + 1e-9))
                    is_round = min(abs(lead - step) for step in (1.0, 2.0, 5.0)) < 1e-3
                    shown.append(f"{10**value:,.0f}" if is_round or is_short else "")
                return shown

        axes = {"bottom": MonthAxis("bottom"), "left": RowsAxis("left")}
        self._plot = pyqtgraph.PlotWidget(axisItems=axes)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setLogMode(x=False, y=True)
        self._plot.setMouseEnabled(x=True, y=False)
        self._column.addWidget(self._plot)

    def _redraw(self) -> None:
        look, model = self._appearance, self._model
        self.empty.setText(look.tr("ledger.months_none"))
        self.empty.setFont(look.font("body"))
        colour_label(self.empty, look, "text-muted")
        if model is None or not self.isVisible():
            return
        curves = model.curves()
        self.empty.setVisible(not curves)
        if not curves:
            if self._plot is not None:
                self._plot.hide()
            return
        if self._plot is None:
            self._make()
        plot = self._plot
        plot.show()
        plot.clear()
        plot.setBackground(look.color("bg-panel"))
        for name in ("bottom", "left"):
            axis = plot.getAxis(name)
            axis.setPen(look.color("line-strong"))
            axis.setTextPen(look.color("axis-text"))
            axis.setStyle(tickFont=look.font("caption"))
        legend = plot.plotItem.legend or plot.addLegend(offset=(-8, 4))
        legend.clear()
        legend.setLabelTextColor(look.color("text-secondary"))
        legend.setLabelTextSize(f"{look.px(11)}px")
        words = []
        for at, curve in enumerate(curves):
            color = look.color(f"category-{at % 8 + 1}")
            name = dataset_name(look, curve.dataset)
            rows = curve.rows.copy()
            rows[rows <= 0] = math.nan
            plot.plot(
                curve.months.astype(float), rows, pen={"color": color, "width": 1}, symbol="o", symbolSize=look.px(4),
                symbolBrush=color, symbolPen=None, name=name, connect="finite",
            )  # fmt: skip
            words.append(look.tr("ledger.months_words", name=name, months=len(rows), last=f"{curve.rows[-1]:,.0f}"))
        self.setAccessibleName(" · ".join(words))
