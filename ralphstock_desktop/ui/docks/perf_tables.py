"""Tables of the performance panel: grades and gates, exits, event study, walk-forward windows (screen 0870)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHBoxLayout, QLabel, QTableView, QVBoxLayout, QWidget

from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.docks.ledger_models import Cell, Column, RowsModel, prepare_table
from ralphstock_desktop.ui.viewmodels.perf_report import GroupRow, PerfReport
from ralphstock_desktop.ui.viewmodels.perf_words import (
    group_name,
    interval_text,
    mean_text,
    reason_name,
    study_cells,
    study_group_name,
)
from ralphstock_desktop.wording import format as fmt

__all__ = ["GroupsPage", "StudyPage", "WalkPage", "direction_cell"]

_GROUPS = (
    Column("performance.col.group", 98),
    Column("performance.col.n", 38, number=True),
    Column("performance.col.judged", 74),
    Column("performance.col.mean", 66, number=True),
    Column("performance.col.interval", 114, number=True),
    Column("performance.col.base", 60, number=True),
    Column("performance.col.excess", 62, number=True),
    Column("performance.col.excess_interval", 114, number=True),
    Column("performance.col.win_rate", 58, number=True),
    Column("performance.col.beyond", 70, number=True),
    Column("performance.col.beyond_interval", 114, number=True),
)
_EXITS = (
    Column("performance.col.reason", 116),
    Column("performance.col.n", 44, number=True),
    Column("performance.col.share", 76, number=True),
    Column("performance.col.mean", 80, number=True),
)
_STUDY = (
    Column("performance.col.bars", 62),
    Column("performance.col.n", 50, number=True),
    Column("performance.col.beyond_mean", 78, number=True),
    Column("performance.col.interval", 124, number=True),
    Column("performance.col.median", 78, number=True),
    Column("performance.col.hit", 62, number=True),
    Column("performance.col.error", 78, number=True),
)
_WALK = (
    Column("performance.col.train", 152),
    Column("performance.col.test", 152),
    Column("performance.col.chosen", 108),
    Column("performance.col.train_mean", 72, number=True),
    Column("performance.col.test_mean", 72, number=True),
    Column("performance.col.n", 50, number=True),
)


def direction_cell(look: Appearance, value: float | None, *, bold: bool = False) -> Cell:
    """A signed percentage in its direction's colour; an em dash where missing."""
    token = "text-muted" if value is None else look.direction_token(value)
    return Cell(mean_text(value), token, bold=bold)


class _Page(QWidget):
    """A line of words above, tables below; takes fonts again when shown, since Qt drops them with a new parent."""

    def __init__(self, appearance: Appearance, tables: Sequence[tuple[QTableView, RowsModel]], parent: QWidget | None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._tables = list(tables)
        self.line = QLabel()
        self.line.setWordWrap(True)
        self._report: PerfReport | None = None
        appearance.changed.connect(self.apply)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def show_report(self, report: PerfReport | None) -> None:
        """Show a report's tables."""
        self._report = report
        self._fill()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        self._fit()
        self._fill()

    def _fit(self) -> None:
        look = self._look
        self.line.setFont(look.font("caption"))
        colour_label(self.line, look, "text-secondary")
        for table, model in self._tables:
            prepare_table(table, look, model.columns)
            model.retranslate()

    def _fill(self) -> None:
        raise NotImplementedError


class GroupsPage(_Page):
    """Grades and gates with interval, base rate and what the signals did beyond the index; below them the exits."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        self.groups, self.exits = RowsModel(appearance, _GROUPS), RowsModel(appearance, _EXITS)
        self.group_table, self.exit_table = QTableView(), QTableView()
        self.group_table.setModel(self.groups)
        self.exit_table.setModel(self.exits)
        super().__init__(appearance, [(self.group_table, self.groups), (self.exit_table, self.exits)], parent)
        self.groups.setParent(self)
        self.exits.setParent(self)
        self.exit_head = QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.line)
        column.addWidget(self.group_table, 4)
        column.addWidget(self.exit_head)
        column.addWidget(self.exit_table, 1)
        # Rows below a table's last one are room for the next table.
        self.group_table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.apply()

    def _fit(self) -> None:
        super()._fit()
        look = self._look
        self.exit_head.setFont(look.font("caption", bold=True))
        colour_label(self.exit_head, look, "text-secondary")
        self.exit_table.setMinimumHeight(look.px(96))
        for label in (self.line, self.exit_head):
            label.setContentsMargins(look.px(8), look.px(4), look.px(8), look.px(4))

    def _fill(self) -> None:
        look, report = self._look, self._report
        self.group_table.setAccessibleName(look.tr("performance.access.groups"))
        self.exit_table.setAccessibleName(look.tr("performance.access.exits"))
        self.exit_head.setText(look.tr("performance.exits"))
        rows = report.groups if report is not None else ()
        self.groups.show_rows([self._group(row) for row in rows])
        rest = self._look.space("header_table") + self._look.px(14)
        self.group_table.setMaximumHeight(rest + max(1, len(rows)) * self._look.row_px)
        exits = report.exits if report is not None else ()
        self.exits.show_rows(
            [
                [
                    Cell(reason_name(look, row.reason)),
                    Cell(fmt.number(row.n)),
                    Cell(fmt.percent(row.share_pct, 0, plus=False), "text-secondary"),
                    direction_cell(look, row.mean_pct),
                ]
                for row in exits
            ]
        )
        if report is None:
            self.line.setText("")
        elif not rows:
            self.line.setText(look.tr("performance.groups.not_kept"))
        else:
            key = "performance.groups.signals" if report.origin == "signals" else "performance.groups.line"
            self.line.setText(look.tr(key, bars=report.case_bars))

    def choose_group(self, group: str) -> bool:
        """Choose the row of a grade letter or of ``all``; False if there is no such row."""
        rows = self._report.groups if self._report is not None else ()
        for number, row in enumerate(rows):
            if row.kind == "all" if group == "all" else row.kind == "grade" and Grade(row.value).name == group:
                self.group_table.selectRow(number)
                self.group_table.scrollTo(self.groups.index(number, 0))
                return True
        return False

    def _group(self, row: GroupRow) -> list[Cell]:
        look = self._look
        judged = "unknown" if row.n < 2 else "few" if row.few else ""
        word = look.tr(f"performance.{judged}") if judged else look.tr("performance.enough")
        token = {"unknown": "unknown", "few": "warning"}.get(judged, "text-secondary")
        tip = look.tr("performance.groups.gate_base") if row.kind == "gate" else ""
        return [
            Cell(group_name(look, row), bold=row.kind == "all"),
            Cell(fmt.number(row.n)),
            Cell(word, token),
            direction_cell(look, row.mean_pct.value, bold=True),
            Cell(interval_text(row.mean_pct), "text-secondary"),
            Cell(mean_text(row.base_pct), "text-muted" if row.base_pct is None else look.direction_token(row.base_pct), tip),
            direction_cell(look, row.excess_pct.value),
            Cell(interval_text(row.excess_pct), "text-secondary"),
            Cell(
                fmt.MISSING if row.win_rate.value is None else fmt.percent(row.win_rate.value, 1, plus=False),
                "text-muted" if row.win_rate.value is None else "text",
                interval_text(row.win_rate, decimals=1, plus=False),
            ),
            direction_cell(look, row.beyond_pct.value),
            Cell(interval_text(row.beyond_pct), "text-secondary", look.tr("performance.groups.cases", count=row.beyond_n)),
        ]


class StudyPage(_Page):
    """What followed the signals beyond their index, for a group and a starting point."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        self.model = RowsModel(appearance, _STUDY)
        self.table = QTableView()
        self.table.setModel(self.model)
        super().__init__(appearance, [(self.table, self.model)], parent)
        self.model.setParent(self)
        self.group = QComboBox()
        self.start = Segmented(appearance, [("entry", "performance.study.entry"), ("next_open", "performance.study.next_open")])
        self.start.set_value("entry")
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.group)
        self._bar.addWidget(self.start)
        self._bar.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addWidget(self.line)
        column.addWidget(self.table, 1)
        self.group.currentIndexChanged.connect(lambda _at: self._fill_rows())
        self.start.chosen.connect(lambda _value: self._fill_rows())
        self.apply()

    def _fit(self) -> None:
        super()._fit()
        px = self._look.px
        self._bar.setContentsMargins(px(8), px(4), px(8), px(2))
        self._bar.setSpacing(px(8))
        self.group.setFont(self._look.font("body"))
        self.group.setMinimumWidth(px(130))
        self.line.setContentsMargins(px(8), px(2), px(8), px(4))

    def _fill(self) -> None:
        look, report = self._look, self._report
        self.table.setAccessibleName(look.tr("performance.access.study"))
        self.group.setAccessibleName(look.tr("performance.study.group"))
        chosen = self.group.currentData()
        self.group.blockSignals(True)
        self.group.clear()
        for name in dict.fromkeys(row.group for row in report.study) if report is not None else ():
            self.group.addItem(study_group_name(look, name), name)
        self.group.setCurrentIndex(max(0, self.group.findData(chosen)))
        self.group.blockSignals(False)
        self._fill_rows()

    def _fill_rows(self) -> None:
        look, report = self._look, self._report
        group, start = self.group.currentData(), self.start.value()
        rows = [row for row in report.study if row.group == group and row.start == start] if report is not None else []
        cells = []
        for row in rows:
            texts = study_cells(look, row)
            mean = row.mean_pct.value
            tokens = ["text", "text", "text-muted" if mean is None else look.direction_token(mean), "text-secondary"]
            tokens.append("text-muted" if row.median_pct is None else look.direction_token(row.median_pct))
            tokens += ["text", "text-secondary"]
            cells.append([Cell(text, token, bold=at == 2) for at, (text, token) in enumerate(zip(texts, tokens, strict=True))])
        self.model.show_rows(cells)
        key = "performance.study.line" if rows else "performance.study.none"
        self.line.setText(look.tr(key) if report is not None else "")


class WalkPage(_Page):
    """Windows of the walk-forward: chosen on one stretch of days, judged on the next."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        self.model = RowsModel(appearance, _WALK)
        self.table = QTableView()
        self.table.setModel(self.model)
        super().__init__(appearance, [(self.table, self.model)], parent)
        self.model.setParent(self)
        self._few = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.line)
        column.addWidget(self.table, 1)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.apply()

    def set_few(self, few_trades: int) -> None:
        """From how many trades on the whole can be judged."""
        self._few = few_trades

    def _fit(self) -> None:
        super()._fit()
        px = self._look.px
        self.line.setContentsMargins(px(8), px(4), px(8), px(4))

    def _fill(self) -> None:
        look, report = self._look, self._report
        self.table.setAccessibleName(look.tr("performance.access.walk"))
        windows = report.windows if report is not None else ()
        rows = []
        for row in windows:
            spans = [f"{span[0]} ~ {span[1]}" if span is not None else fmt.MISSING for span in (row.train, row.test)]
            rows.append(
                [
                    Cell(spans[0], "text-secondary"),
                    Cell(spans[1]),
                    Cell(row.chosen, "text-secondary", row.chosen),
                    direction_cell(look, row.train_mean_pct),
                    direction_cell(look, row.test_mean_pct, bold=True),
                    Cell(fmt.number(row.test_n)),
                ]
            )
        self.model.show_rows(rows)
        self.line.setText(self._words(report))

    def _words(self, report: PerfReport | None) -> str:
        look = self._look
        if report is None:
            return ""
        if not report.walked:
            return look.tr("performance.walk.not_asked")
        if not report.windows:
            return look.tr("performance.walk.too_short")
        if report.walk_n < 2:
            return look.tr("performance.walk.unknown", count=report.walk_n)
        words = look.tr("performance.walk.count", count=report.walk_n, windows=len(report.windows))
        if report.walk_mean_pct is not None:
            words = look.tr(
                "performance.walk.line",
                mean=fmt.percent(report.walk_mean_pct),
                count=report.walk_n,
                windows=len(report.windows),
            )
        return f"{words} · {look.tr('performance.few')}" if report.walk_n < self._few else words
