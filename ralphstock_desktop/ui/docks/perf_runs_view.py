"""The list of stored backtests with what can be done with them; deleting asks in place (screen 0871)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.docks.ledger_models import Cell, Column, RowsModel, prepare_table
from ralphstock_desktop.ui.viewmodels.backtest_runs import MOST_COMPARED, RunLine

__all__ = ["RunsView"]

_COLUMNS = (
    Column("backtest_panel.col.name", 170),
    Column("backtest_panel.col.created", 116),
    Column("backtest_panel.col.strategy", 84),
    Column("backtest_panel.col.period", 168),
    Column("backtest_panel.col.ruleset", 70),
    Column("backtest_panel.col.n", 74, number=True),
    Column("backtest_panel.col.win_rate", 62, number=True),
    Column("backtest_panel.col.total", 78, number=True),
    Column("backtest_panel.col.drawdown", 70, number=True),
    Column("backtest_panel.col.sharpe", 56, number=True),
    Column("backtest_panel.col.profit_factor", 56, number=True),
    Column("backtest_panel.col.tries", 50, number=True),
)


class _Table(QTableView):
    """Enter opens, Delete asks to delete."""

    opened = Signal()
    delete_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)


class RunsView(QWidget):
    """Rows are stored runs, newest first; several can be marked for a comparison.

    Signals
    -------
    open_wanted(int), delete_wanted(int), export_wanted(int)
        Of a run; deleting only after the user has confirmed.
    compare_wanted(list)
        Ids of the marked runs in the order of the list.
    """

    open_wanted = Signal(int)
    delete_wanted = Signal(int)
    export_wanted = Signal(int)
    compare_wanted = Signal(object)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._lines: list[RunLine] | None = None
        self._asked: int | None = None
        """Run whose deletion waits for a yes."""
        self.head = QLabel()
        self.open, self.compare, self.export, self.delete = (QPushButton() for _ in range(4))
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.yes, self.no = QPushButton(), QPushButton()
        self.model = RowsModel(appearance, _COLUMNS, self)
        self.table = _Table()
        self.table.setModel(self.model)
        self.empty = QLabel()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._assemble()
        self._connect()
        appearance.changed.connect(self.apply)
        self.apply()

    def _assemble(self) -> None:
        self._row = QHBoxLayout()
        self._row.addWidget(self.head, 1)
        for button in (self.open, self.compare, self.export, self.delete):
            self._row.addWidget(button)
        self.ask = QWidget()
        self._ask_row = QHBoxLayout(self.ask)
        self._ask_row.addWidget(self.question, 1)
        self._ask_row.addWidget(self.yes)
        self._ask_row.addWidget(self.no)
        self.ask.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._row)
        column.addWidget(self.ask)
        column.addWidget(self.table, 1)
        column.addWidget(self.empty, 1)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self.open.clicked.connect(self._on_open)
        self.table.opened.connect(self._on_open)
        self.table.doubleClicked.connect(lambda _index: self._on_open())
        self.table.delete_wanted.connect(self._on_delete)
        self.compare.clicked.connect(lambda: self.compare_wanted.emit(self.marked()))
        self.export.clicked.connect(self._on_export)
        self.delete.clicked.connect(self._on_delete)
        self.yes.clicked.connect(self._on_yes)
        self.no.clicked.connect(self._close_question)
        self.table.selectionModel().selectionChanged.connect(lambda _on, _off: self._on_selection())

    def showEvent(self, event: QShowEvent) -> None:
        """Take fonts again: Qt drops those of children when an unshown widget gets its parent."""
        super().showEvent(event)
        self._fit()

    # -- words ----------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        self._fit()
        look = self._look
        for button, key in ((self.open, "open"), (self.compare, "compare"), (self.export, "export"), (self.delete, "delete")):
            button.setText(look.tr(f"backtest_panel.{key}"))
        self.compare.setToolTip(look.tr("backtest_panel.compare_help", most=MOST_COMPARED))
        self.yes.setText(look.tr("backtest_panel.delete_yes"))
        self.no.setText(look.tr("backtest_panel.delete_no"))
        self.table.setAccessibleName(look.tr("backtest_panel.access.runs"))
        self.model.retranslate()
        self._say()

    def _fit(self) -> None:
        look, px = self._look, self._look.px
        prepare_table(self.table, look, _COLUMNS)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        for row in (self._row, self._ask_row):
            row.setContentsMargins(px(8), px(4), px(8), px(4))
            row.setSpacing(px(6))
        self.head.setFont(look.font("body", bold=True))
        self.question.setFont(look.font("body", bold=True))
        colour_label(self.question, look, "danger")
        self.empty.setFont(look.font("body"))
        colour_label(self.empty, look, "text-muted")
        for button in (self.open, self.compare, self.export, self.delete, self.yes, self.no):
            button.setFont(look.font("caption"))

    def _say(self) -> None:
        look, lines = self._look, self._lines
        count = look.tr("backtest_panel.runs_count", count=len(lines)) if lines else look.tr("backtest_panel.runs")
        self.head.setText(count)
        self.empty.setText(look.tr("backtest_panel.runs_none" if lines is not None else "backtest_panel.runs_unread"))
        self.empty.setVisible(not lines)
        self.table.setVisible(bool(lines))
        self._on_selection()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def show_lines(self, lines: Sequence[RunLine] | None) -> None:
        """Show the stored runs; None where they were not read yet. Marked runs stay marked."""
        marked = set(self.marked())
        current = self.current()
        self._lines = list(lines) if lines is not None else None
        self.model.show_rows(
            [
                [Cell(text, token, line.tip if at == 5 else text) for at, (text, token) in enumerate(line.cells)]
                for line in lines or ()
            ]
        )
        for row, line in enumerate(self._lines or ()):
            if line.run_id in marked:
                flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
                self.table.selectionModel().select(self.model.index(row, 0), flags)
            if line.run_id == current:
                self.table.selectionModel().setCurrentIndex(
                    self.model.index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate
                )
        if self._asked is not None and self._asked not in {line.run_id for line in self._lines or ()}:
            self._close_question()
        self._say()

    def marked(self) -> list[int]:
        """Ids of the marked runs in the order of the list."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self._lines[row].run_id for row in rows] if self._lines else []

    def current(self) -> int | None:
        """The run the cursor is on while it is marked."""
        marked = self.marked()
        row = self.table.currentIndex().row()
        if self._lines and 0 <= row < len(self._lines) and self._lines[row].run_id in marked:
            return self._lines[row].run_id
        return marked[0] if marked else None

    def select_runs(self, run_ids: Sequence[int]) -> None:
        """Mark runs as if the user had."""
        self.table.clearSelection()
        for row, line in enumerate(self._lines or ()):
            if line.run_id in run_ids:
                flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
                self.table.selectionModel().select(self.model.index(row, 0), flags)

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_selection(self) -> None:
        count = len(self.marked())
        for button in (self.open, self.export, self.delete):
            button.setEnabled(count == 1)
        self.compare.setEnabled(2 <= count <= MOST_COMPARED)

    def _on_open(self) -> None:
        run_id = self.current()
        if run_id is not None:
            self.open_wanted.emit(run_id)

    def _on_export(self) -> None:
        run_id = self.current()
        if run_id is not None:
            self.export_wanted.emit(run_id)

    def _on_delete(self) -> None:
        run_id = self.current()
        line = next((one for one in self._lines or () if one.run_id == run_id), None)
        if line is None:
            return
        self._asked = line.run_id
        self.question.setText(self._look.tr("backtest_panel.delete_ask", name=line.cells[0][0], created=line.cells[1][0]))
        self.ask.show()
        self.no.setFocus()

    def _on_yes(self) -> None:
        run_id = self._asked
        self._close_question()
        if run_id is not None:
            self.delete_wanted.emit(run_id)

    def _close_question(self) -> None:
        self._asked = None
        self.ask.hide()
        self.table.setFocus()
