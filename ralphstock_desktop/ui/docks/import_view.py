"""The steps of an import as pages: choose, check and map, run, report. All work is started through callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.model.errors import RalphStockError
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import IMPORT_FIELDS, ImportReport
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import WordButton, colour_label
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.docks.ledger_models import Cell, Column, RowsModel, prepare_table
from ralphstock_desktop.ui.docks.ledger_view import dataset_name
from ralphstock_desktop.ui.panel_states import progress_texts
from ralphstock_desktop.ui.viewmodels.imports import MONEY_UNITS, FileChoice, ImportViewModel, report_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["ImportView"]

_FILE_COLUMNS = (
    Column("ledger.column.use", 36),
    Column("ledger.column.file", 170),
    Column("ledger.column.dataset", 96),
    Column("ledger.column.encoding", 62),
    Column("ledger.column.rows", 76, number=True),
    Column("ledger.column.problem", 0),
)
_REPORT_COLUMNS = (
    Column("ledger.column.kind", 60),
    Column("ledger.column.file", 150),
    Column("ledger.column.rows", 70, number=True),
    Column("ledger.column.reason", 0),
    Column("ledger.column.examples", 230),
)


def _text(appearance: Appearance, key: str) -> str:
    """The words of a key that another part writes; the bare name where they are missing, never nothing."""
    return appearance.tr(key) if appearance.has_text(key) else key.rsplit(".", 1)[-1]


class ImportView(QWidget):
    """The import pages.

    Signals
    -------
    paths_chosen(list)
        Files or folders to look at.
    start_wanted, cancel_wanted, closed
        Run the import; stop it; go back to the ledger.
    """

    paths_chosen = Signal(list)
    start_wanted = Signal()
    cancel_wanted = Signal()
    closed = Signal()

    def __init__(self, appearance: Appearance, model: ImportViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._model = appearance, model
        self._progress: Progress | None = None
        self._error: RalphStockError | None = None
        self._pages = QStackedWidget()
        self.choose_page, self.check_page = _ChoosePage(appearance), _CheckPage(appearance, model)
        self.run_page, self.report_page = _RunPage(appearance), _ReportPage(appearance)
        for page in (self.choose_page, self.check_page, self.run_page, self.report_page):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)
        self.choose_page.files.clicked.connect(lambda: self._ask(folder=False))
        self.choose_page.folder.clicked.connect(lambda: self._ask(folder=True))
        self.choose_page.back.clicked.connect(self.closed)
        self.check_page.back.clicked.connect(self.show_choose)
        self.check_page.start.clicked.connect(self.start_wanted)
        self.run_page.stop.clicked.connect(self.cancel_wanted)
        self.report_page.more.clicked.connect(self.show_choose)
        self.report_page.done.clicked.connect(self.closed)

    @property
    def step(self) -> str:
        """``choose``, ``check``, ``run`` or ``report``."""
        return ("choose", "check", "run", "report")[self._pages.currentIndex()]

    def show_choose(self, error: RalphStockError | None = None) -> None:
        """The first page, with what went wrong before if something did."""
        self.choose_page.show_error(error if isinstance(error, RalphStockError) else None)
        self._pages.setCurrentWidget(self.choose_page)

    def show_check(self) -> None:
        """The files as they were recognised."""
        self.check_page.show_files()
        self._pages.setCurrentWidget(self.check_page)

    def show_run(self) -> None:
        """Progress."""
        self.run_page.show_progress(None)
        self._pages.setCurrentWidget(self.run_page)

    def set_progress(self, progress: Progress | None) -> None:
        """Show where the import is."""
        if self.step == "run":
            self.run_page.show_progress(progress)

    def show_report(self, report: ImportReport) -> None:
        """What was done."""
        self.report_page.show_report(report)
        self._pages.setCurrentWidget(self.report_page)

    def _ask(self, *, folder: bool) -> None:
        """Open the system's file dialog beside the window; it does not block."""
        key = "ledger.choose_folder" if folder else "ledger.choose_files"
        dialog = QFileDialog(self, self._appearance.tr(key))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFiles)
        if not folder:
            dialog.setNameFilters(
                [f"{self._appearance.tr('ledger.data_files')} (*.csv *.parquet *.txt *.tsv *.gz *.zip)", "* (*)"]
            )
        dialog.filesSelected.connect(lambda names: self.paths_chosen.emit([Path(name) for name in names]))
        dialog.open()


class _Page(QWidget):
    """A page with live words."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self._foot = QHBoxLayout()
        appearance.changed.connect(self.apply)

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._appearance
        self._foot.setContentsMargins(look.px(8), look.px(6), look.px(8), look.px(6))
        self._foot.setSpacing(look.px(8))


class _ChoosePage(_Page):
    """Drop files here, or choose them."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__(appearance)
        self.head, self.kinds, self.error = QLabel(), QLabel(), QLabel()
        for label in (self.head, self.kinds, self.error):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
        self.error.hide()
        self._shown: RalphStockError | None = None
        self.files, self.folder, self.back = QPushButton(), QPushButton(), QPushButton()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.files, self.folder):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._foot.addStretch(1)
        self._foot.addWidget(self.back)
        self._column = QVBoxLayout(self)
        self._column.addStretch(2)
        for widget in (self.head, self.kinds, self.error):
            self._column.addWidget(widget)
        self._column.addLayout(buttons)
        self._column.addStretch(3)
        self._column.addLayout(self._foot)
        self.apply()

    def show_error(self, error: RalphStockError | None) -> None:
        """Say why the last choice led nowhere."""
        self._shown = error
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        super().apply()
        look = self._appearance
        self.head.setText(look.tr("ledger.drop"))
        self.head.setFont(look.font("value", bold=True))
        self.kinds.setText(look.tr("ledger.kinds"))
        self.kinds.setFont(look.font("body"))
        self.error.setFont(look.font("body"))
        self.error.setText(error_sentence(look, self._shown) if self._shown is not None else "")
        self.error.setVisible(self._shown is not None)
        colour_label(self.kinds, look, "text-secondary")
        colour_label(self.error, look, "danger")
        self.files.setText(look.tr("ledger.choose_files"))
        self.folder.setText(look.tr("ledger.choose_folder"))
        self.back.setText(look.tr("ledger.back_to_ledger"))
        self._column.setSpacing(look.px(8))


class _CheckPage(_Page):
    """Files with what was recognised; below, the columns of the chosen file."""

    def __init__(self, appearance: Appearance, model: ImportViewModel) -> None:
        super().__init__(appearance)
        self._model = model
        self._choice: FileChoice | None = None
        self.rows = RowsModel(appearance, _FILE_COLUMNS, self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.clicked.connect(self._on_click)
        self.table.selectionModel().currentRowChanged.connect(lambda now, _before: self._choose(now.row()))
        self.back, self.start, self.hint = QPushButton(), WordButton(), QLabel()
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.start.setDefault(True)
        self.dataset = QComboBox()
        self.dataset.activated.connect(self._on_dataset)
        self.dataset_head = QLabel()
        self._map = QWidget()
        self._grid = QGridLayout(self._map)
        self.fields: dict[str, QComboBox] = {}
        self.unit: QComboBox | None = None
        scroll = QScrollArea()
        scroll.setWidget(self._map)
        scroll.setWidgetResizable(True)
        top = QHBoxLayout()
        top.addWidget(self.dataset_head)
        top.addWidget(self.dataset)
        top.addStretch(1)
        self._top = top
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(scroll, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.table)
        splitter.addWidget(lower)
        self._foot.addWidget(self.back)
        self._foot.addWidget(self.hint, 1)
        self._foot.addWidget(self.start)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(splitter, 1)
        whole.addLayout(self._foot)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        super().apply()
        look = self._appearance
        self._top.setContentsMargins(look.px(8), look.px(6), look.px(8), 0)
        self.back.setText(look.tr("ledger.back"))
        self.start.setText(look.tr("ledger.start"))
        self.dataset_head.setText(look.tr("ledger.column.dataset"))
        self.hint.setFont(look.font("caption"))
        prepare_table(self.table, look, _FILE_COLUMNS)
        self.table.setAccessibleName(look.tr("ledger.files"))
        self.rows.retranslate()
        self.show_files()

    def show_files(self) -> None:
        """Fill the table, keep the chosen file, and show its columns."""
        files = self._model.files
        if not files:
            return
        chosen = files.index(self._choice) if self._choice in files else 0
        open_ones = self._model.open_questions()
        if self._choice not in files and open_ones:
            chosen = files.index(open_ones[0])
        self.rows.show_rows([self._row(choice) for choice in files])
        selection = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(self.rows.index(chosen, 0), selection)
        self._choose(chosen)

    def _row(self, choice: FileChoice) -> list[Cell]:
        look, preview = self._appearance, choice.preview
        problem, token = look.tr("ledger.recognised"), "success"
        if not choice.included:
            problem, token = look.tr("ledger.left_out"), "text-muted"
            if preview.problem is not None:
                problem = f"{problem} · {error_sentence(look, preview.problem)}"
        elif choice.missing():
            names = ", ".join(_text(look, f"ledger.field.{name}") for name in choice.missing())
            problem, token = look.tr("ledger.fields_missing", fields=names), "warning"
        elif not choice.ready and preview.problem is not None:
            problem, token = error_sentence(look, preview.problem), "danger"
        elif choice.by_hand:
            problem, token = look.tr("ledger.mapped"), "accent"
        dataset = dataset_name(look, choice.dataset) if choice.dataset else look.tr("ledger.unknown_dataset")
        return [
            Cell("✓" if choice.included else fmt.MISSING, "accent" if choice.included else "text-muted"),
            Cell(preview.path.name, tip=str(preview.path), bold=True),
            Cell(dataset, "text" if choice.dataset else "warning"),
            Cell(preview.encoding or fmt.MISSING, "text-secondary"),
            Cell(f"{preview.rows:,}" if preview.rows is not None else fmt.MISSING),
            Cell(problem, token, problem),
        ]

    def _choose(self, row: int) -> None:
        files = self._model.files
        if 0 <= row < len(files):
            self._choice = files[row]
            self._show_columns()

    def _show_columns(self) -> None:
        """Lay out one line per field of the data set: name, column, sample values."""
        choice, look = self._choice, self._appearance
        if choice is None:
            return
        self._fill_datasets(choice)
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.fields.clear()
        self.unit = None
        needed, further = IMPORT_FIELDS.get(choice.dataset, ((), ()))
        samples = {guess.column: guess.sample for guess in choice.preview.columns}
        names = [*needed, *(name for name in further if name in choice.columns or len(further) <= 12)]
        for line, name in enumerate(names):
            self._add_line(line, name, choice, samples, is_needed=name in needed)
        self._grid.setColumnStretch(2, 1)
        self._grid.setRowStretch(len(names) + 1, 1)
        self._grid.setContentsMargins(look.px(8), look.px(4), look.px(8), look.px(8))
        self._grid.setVerticalSpacing(look.px(4))
        self._grid.setHorizontalSpacing(look.px(10))
        self._show_hint()

    def _add_line(
        self, line: int, name: str, choice: FileChoice, samples: dict[str, tuple[str, ...]], *, is_needed: bool
    ) -> None:
        look = self._appearance
        label = QLabel(_text(look, f"ledger.field.{name}") + (" *" if is_needed else ""))
        label.setFont(look.font("body", bold=is_needed))
        box = QComboBox()
        box.addItem(look.tr("ledger.no_column"), "")
        for guess in choice.preview.columns:
            box.addItem(guess.column, guess.column)
        column = choice.columns.get(name, "")
        if column.startswith("="):
            box.addItem(column.removeprefix("="), column)
        box.setCurrentIndex(max(0, box.findData(column)))
        box.setMinimumWidth(look.px(150))
        box.setAccessibleName(label.text())
        box.activated.connect(lambda _at, field=name, source=box: self._on_column(field, str(source.currentData())))
        sample = QLabel(" · ".join(samples.get(column, ())[:4]))
        sample.setFont(look.font("caption"))
        sample.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        colour_label(sample, look, "text-muted")
        self._grid.addWidget(label, line, 0)
        self._grid.addWidget(box, line, 1)
        self._grid.addWidget(sample, line, 2)
        self.fields[name] = box
        if name == "value_krw" and column:
            self.unit = QComboBox()
            for unit in MONEY_UNITS:
                self.unit.addItem(look.tr(f"ledger.unit.{MONEY_UNITS.index(unit)}"), unit)
            self.unit.setCurrentIndex(max(0, self.unit.findData(choice.value_unit)))
            self.unit.setAccessibleName(look.tr("ledger.unit"))
            self.unit.setToolTip(look.tr("ledger.unit"))
            unit_box = self.unit
            self.unit.activated.connect(lambda _at: self._on_unit(str(unit_box.currentData())))
            self._grid.addWidget(self.unit, line, 3)

    def _fill_datasets(self, choice: FileChoice) -> None:
        look = self._appearance
        self.dataset.clear()
        if not choice.dataset:
            self.dataset.addItem(look.tr("ledger.choose_dataset"), "")
        for name in IMPORT_FIELDS:
            self.dataset.addItem(dataset_name(look, name), name)
        self.dataset.setCurrentIndex(max(0, self.dataset.findData(choice.dataset)))
        self.dataset.setAccessibleName(look.tr("ledger.column.dataset"))

    def _show_hint(self) -> None:
        look = self._appearance
        waiting = len(self._model.open_questions())
        self.start.setEnabled(self._model.can_start)
        included = [choice for choice in self._model.files if choice.included]
        text = look.tr("ledger.ready", files=len(included))
        if waiting:
            text = look.tr("ledger.waiting", files=waiting)
        self.hint.setText(text)
        colour_label(self.hint, look, "warning" if waiting else "text-muted")

    def _refresh_row(self) -> None:
        """Show the decision in the table without moving the selection."""
        self.show_files()

    def _on_click(self, index: object) -> None:
        row, column = index.row(), index.column()  # type: ignore[attr-defined]  # Qt gives a QModelIndex
        if column == 0:
            choice = self._model.files[row]
            choice.included = not choice.included
            self._refresh_row()

    def _on_dataset(self, at: int) -> None:
        name = str(self.dataset.itemData(at))
        if self._choice is not None and name:
            self._model.choose_dataset(self._choice, name)
            self._refresh_row()

    def _on_column(self, name: str, column: str) -> None:
        if self._choice is not None:
            self._model.choose_column(self._choice, name, column)
            self._refresh_row()

    def _on_unit(self, unit: str) -> None:
        if self._choice is not None:
            self._model.choose_value_unit(self._choice, unit)
            self._refresh_row()


class _RunPage(_Page):
    """What is being done, how far, and the stop button."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__(appearance)
        self._progress: Progress | None = None
        self.what, self.left, self.bar, self.stop = QLabel(), QLabel(), QProgressBar(), QPushButton()
        self.bar.setTextVisible(False)
        self._column = QVBoxLayout(self)
        self._column.addStretch(1)
        for widget in (self.what, self.bar, self.left):
            self._column.addWidget(widget)
        self._foot.addWidget(self.stop)
        self._foot.addStretch(1)
        self._column.addLayout(self._foot)
        self._column.addStretch(2)
        self.apply()

    def show_progress(self, progress: Progress | None) -> None:
        """Show one step; None shows that the work begins."""
        self._progress = progress
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        super().apply()
        look = self._appearance
        what, left = progress_texts(look, self._progress or Progress("progress.read", 0, 0))
        total = self._progress.total if self._progress else 0
        # Rows may exceed what a C int holds; the bar only needs a share.
        self.bar.setRange(0, 1000 if total else 0)
        if total and self._progress:
            self.bar.setValue(min(1000, round(1000 * self._progress.done / total)))
        self.what.setText(what)
        self.what.setFont(look.font("value", bold=True))
        self.left.setText(left)
        self.left.setFont(look.font("body"))
        colour_label(self.left, look, "text-muted")
        self.stop.setText(look.tr("shell.state.stop"))
        self._column.setContentsMargins(*(look.px(24),) * 4)


class _ReportPage(_Page):
    """Counts, then every reason with file and example rows, then files that failed."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__(appearance)
        self._report: ImportReport | None = None
        self.head, self.counts = QLabel(), QLabel()
        self.counts.setWordWrap(True)
        self.rows = RowsModel(appearance, _REPORT_COLUMNS, self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.copy, self.more, self.done = QPushButton(), QPushButton(), WordButton()
        self.done.setDefault(True)
        self.copy.clicked.connect(self._on_copy)
        self._foot.addWidget(self.copy)
        self._foot.addStretch(1)
        self._foot.addWidget(self.more)
        self._foot.addWidget(self.done)
        self._top = QVBoxLayout()
        self._top.addWidget(self.head)
        self._top.addWidget(self.counts)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._top)
        whole.addWidget(self.table, 1)
        whole.addLayout(self._foot)
        self.apply()

    def show_report(self, report: ImportReport) -> None:
        """Show what an import did."""
        self._report = report
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        super().apply()
        look, report = self._appearance, self._report
        self._top.setContentsMargins(look.px(12), look.px(8), look.px(12), look.px(8))
        self.head.setFont(look.font("value", bold=True))
        self.counts.setFont(look.font("body"))
        colour_label(self.counts, look, "text-secondary")
        self.copy.setText(look.tr("errors.copy"))
        self.more.setText(look.tr("ledger.more_files"))
        self.done.setText(look.tr("ledger.back_to_ledger"))
        prepare_table(self.table, look, _REPORT_COLUMNS)
        self.table.setAccessibleName(look.tr("errors.report"))
        self.rows.retranslate()
        if report is None:
            return
        key = (
            "ledger.report.cancelled" if report.cancelled else "ledger.report.failed" if report.failed else "ledger.report.done"
        )
        self.head.setText(look.tr(key))
        speed = report.rows_read / report.seconds if report.seconds > 0 else 0.0
        numbers = {
            name: f"{getattr(report, name):,}"
            for name in ("files", "rows_read", "inserted", "updated", "unchanged", "rejected")
        }
        self.counts.setText(
            look.tr("ledger.report.counts", time=fmt.duration(report.seconds, look.language), speed=f"{speed:,.0f}", **numbers)
        )
        self.rows.show_rows(self._lines(report))

    def _lines(self, report: ImportReport) -> Sequence[Sequence[Cell]]:
        look = self._appearance
        lines: list[list[Cell]] = []
        for path, error in report.failed:
            sentence = error_sentence(look, error)
            kind = Cell(look.tr("ledger.kind.failed"), "danger", bold=True)
            lines.append([kind, _file(path), Cell(fmt.MISSING), Cell(sentence, tip=sentence), Cell("")])
        for issue in sorted(report.issues, key=lambda issue: (not issue.rejected, -issue.rows)):
            reason = _text(look, issue.reason_key)
            examples = " · ".join(issue.examples)
            word, token = ("rejected", "warning") if issue.rejected else ("remark", "text-secondary")
            kind = Cell(look.tr(f"ledger.kind.{word}"), token, bold=issue.rejected)
            tip = "\n".join(issue.examples)
            lines.append(
                [kind, _file(issue.path), Cell(f"{issue.rows:,}"), Cell(reason, tip=reason), Cell(examples, "text-muted", tip)]
            )
        for path, reason_key in report.skipped:
            reason = _text(look, reason_key)
            kind = Cell(look.tr("ledger.kind.skipped"), "text-muted")
            lines.append([kind, _file(path), Cell(fmt.MISSING), Cell(reason, tip=reason), Cell("")])
        return lines

    def _on_copy(self) -> None:
        if self._report is not None:
            QGuiApplication.clipboard().setText(report_text(self._report))
            self.copy.setText(self._appearance.tr("errors.copied"))


def _file(path: Path) -> Cell:
    return Cell(path.name, tip=str(path))
