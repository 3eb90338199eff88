"""Panel with one table over a scan: chips, filter line, table, column chooser, cell detail. Screens 0811 and 0130.

The two panels differ in columns, chips and words only; they subclass :class:`TablePanel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from engine.model.evidence import EvidenceGroup
from engine.model.instants import AsOf
from engine.model.live import QuoteSource
from ralphstock_desktop.ui.delegates.column_chooser import ColumnChooser
from ralphstock_desktop.ui.delegates.controls import CellDetail, ProblemLine
from ralphstock_desktop.ui.delegates.filter_bar import FilterBar
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.live_table import LiveTableFollower
from ralphstock_desktop.ui.models.array_table import ArrayTableModel, SortKey
from ralphstock_desktop.ui.models.columns import ColumnSpec
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.live_rows import LIVE_COLUMNS, LiveRows
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["ExportRequest", "TablePanel"]

_NARROW_WINDOW = 1440
_SCROLL_BAR = 12
_PROBLEM_DELAY_MS = 700
"""A condition is not corrected while it is being typed; Enter or a pause of this length asks for the verdict."""
_STATE_VERSION = 1
_SCORED = frozenset(("grade", "total", "vcp", "rs", "state", "distance", "vol_ratio", "t_count", "pivot"))
"""Columns whose value may rest on a bar that is still forming."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A text the user wants as a file; a service asks where and writes it."""

    file_name: str
    text: str
    encoding: str = "utf-8-sig"


class TablePanel(PanelFrame):
    """Frame, filter bar and table, wired to a view-model.

    Signals
    -------
    export_requested(ExportRequest)
        The user wants the shown rows as a file.
    chart_requested(str)
        Enter or double click: the chart of a ticker should come to the front.
    """

    export_requested = Signal(object)
    chart_requested = Signal(str)

    chip_help: dict[str, str] = {}

    def __init__(
        self,
        context: DockContext,
        *,
        panel_id: str,
        screen: str,
        view_model: ScanTableViewModel,
        columns: Sequence[ColumnSpec[Any]],
        sort: Sequence[SortKey],
        access_key: str,
    ) -> None:
        super().__init__(context.appearance, panel_id=panel_id, title_key=f"shell.dock.{panel_id}", screen=screen, role="both")
        self.view_model = view_model
        self._access_key = access_key
        self.model = ArrayTableModel(columns, context.appearance, sort=sort)
        self.view = ArrayTableView(self.model, context.appearance)
        self.bar = FilterBar(context.appearance, view_model.chips)
        self.problem = ProblemLine(context.appearance)
        self._problem_timer = QTimer(self)
        self._problem_timer.setSingleShot(True)
        self._problem_timer.setInterval(_PROBLEM_DELAY_MS)
        self._problem_timer.timeout.connect(self._show_problem)
        self.follower = LiveTableFollower(self.model, self.view, view_model)
        self.detail = CellDetail(context.appearance, self.view)
        self.chooser = ColumnChooser(context.appearance, columns, self)
        self._narrow = False
        self._detail_cell = (-1, -1)
        self._sets: dict[str, dict[str, Any]] = {}
        self._watched_window: QWidget | None = None
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for widget in (self.bar, self.problem, self.view):
            box.addWidget(widget)
        content.setFocusProxy(self.view)
        self.set_content(content)
        self._connect()
        self._show_columns()
        self.apply_appearance()

    def _connect(self) -> None:
        vm, view = self.view_model, self.view
        self.bar.chip_chosen.connect(self._on_chip)
        self.bar.text_edited.connect(self._on_filter)
        self.bar.editing_changed.connect(view.set_editing)
        self.bar.columns_requested.connect(self.open_chooser)
        self.bar.apply_requested.connect(self.model.apply_moves)
        vm.rows_changed.connect(self._on_rows)
        vm.mask_changed.connect(self._on_mask)
        vm.state_changed.connect(self._on_state)
        vm.filter_error_changed.connect(self._on_filter_error)
        self.bar.committed.connect(self._show_problem)
        vm.symbol_changed.connect(self._on_symbol)
        self.follower.ordered.connect(self._show_counts)
        view.row_chosen.connect(vm.select)
        view.row_opened.connect(self._on_opened)
        view.detail_requested.connect(self._on_detail)
        view.layout_edited.connect(self._on_layout_edited)
        view.head.menu_requested.connect(self._open_head_menu)
        self.model.held_changed.connect(self._show_held)
        self.model.order_changed.connect(self._on_order)
        self.model.sort_changed.connect(self.panel_state_changed)
        self.chooser.columns_chosen.connect(self._on_columns)
        self.chooser.reset_requested.connect(self.reset_columns)
        self.action_requested.connect(self._on_action)
        self._provisional_action = self.add_menu_action("live.menu.provisional", self._on_provisional, checkable=True)
        self._provisional_action.setChecked(vm.wants_provisional)
        self._provisional_action.setVisible(vm.live is not None)
        self.add_menu_action("table.menu.columns", self.open_chooser)
        self.add_menu_action("table.menu.copy", view.copy_selection)
        self.add_menu_action("table.menu.export", self.request_export)
        for keys, slot in ((QKeySequence("F5"), self.model.apply_moves), (QKeySequence.StandardKey.Find, self.focus_filter)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)
        self.appearance.changed.connect(self.apply_appearance)

    # -- appearance and window ------------------------------------------------------------------------------------------

    def apply_appearance(self) -> None:
        """Re-label what is not painted by the table itself."""
        look = self.appearance
        self.view.setAccessibleName(look.tr(self._access_key))
        self._show_problem()
        self._show_counts()
        self._show_held()
        self._watch_width()

    def came_into_sight(self) -> None:
        super().came_into_sight()
        self.view_model.activate()
        self.follower.start()
        window = self.window()
        if window is not self._watched_window:
            if self._watched_window is not None:
                self._watched_window.removeEventFilter(self)
            window.installEventFilter(self)
            self._watched_window = window
        self._watch_width()

    def went_out_of_sight(self) -> None:
        super().went_out_of_sight()
        self.detail.hide()
        self.follower.stop()
        self.view_model.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.follower.want_later()
        self._watch_width()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._watched_window and event.type() == QEvent.Type.Resize:
            self._watch_width()
        return super().eventFilter(watched, event)

    def _watch_width(self) -> None:
        """Below 1,440 px (at 100 % zoom) the small column set is shown, unless the panel itself has room for all columns."""
        px = self.appearance.px
        narrow = self.isVisible() and self.window().width() < px(_NARROW_WINDOW)
        if narrow:
            narrow = self.width() < px(sum(spec.width for spec in self.model.columns if spec.full) + _SCROLL_BAR)
        if narrow != self._narrow:
            self._narrow = narrow
            self._show_columns()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_rows(self, same_instant: bool) -> None:
        self.view.drop_pictures()
        self.model.set_source(self.view_model.rows, self.view_model.mask(), keep_order=same_instant)
        self._choose_first()

    def _choose_first(self) -> None:
        """Mark the linked symbol; where none was chosen yet, the first row is. A fresh list begins with its best rows."""
        if self.view_model.has_selection:
            self.view.show_ticker(self.view_model.selected_ticker, scroll=False)

    def _on_mask(self) -> None:
        self.model.set_mask(self.view_model.mask())
        self._show_nothing_found()

    def _on_order(self) -> None:
        ticker = self.view_model.selected_ticker
        if ticker and ticker != self.view.chosen_ticker():
            self.view.show_ticker(ticker, scroll=False)
        self._show_counts()
        self._show_nothing_found()

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        self.view.stale = self.view_model.is_stale
        if state is not None:
            self.set_state(state)
        self.set_live_badge(self.view_model.badge())
        if not self.follower.is_waiting:
            self._show_counts()  # else rows and counts change together, in a moment
        self.view.viewport().update()

    def _on_provisional(self) -> None:
        self.view_model.choose_provisional(self._provisional_action.isChecked())
        self.panel_state_changed.emit()

    def _on_symbol(self, ticker: str) -> None:
        self.view.show_ticker(ticker)

    def _on_opened(self, ticker: str) -> None:
        self.view_model.select(ticker)
        self.chart_requested.emit(ticker)

    def _on_chip(self, chip: str) -> None:
        self.view_model.choose_chip(chip)
        self._show_counts()
        self.panel_state_changed.emit()

    def _on_filter(self, text: str) -> None:
        if text != self.view_model.filter_text:
            self.view_model.set_filter(text)
            self.panel_state_changed.emit()

    def _on_action(self, action: str) -> None:
        if action == "clear_filter":
            self.set_filter_text("")
        elif action == "watch":
            self._on_chip("watch")

    def set_filter_text(self, text: str) -> None:
        """Write and apply a condition (header menu, saved layout, other panels)."""
        self.bar.field.setText(text)
        self._on_filter(text)

    def set_market_filter(self, market: int) -> None:
        """Follow the market filter of the app bar."""
        self.view_model.set_market(market)

    def focus_filter(self) -> None:
        """Put the cursor into the filter line."""
        self.bar.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.field.selectAll()

    # -- what is said around the table ----------------------------------------------------------------------------------

    def subtitle_text(self, counts: dict[str, int], shown: int) -> str:
        """Muted text behind the screen number."""
        raise NotImplementedError

    def nothing_found(self) -> tuple[str, str]:
        """Head and detail where the condition leaves nothing."""
        raise NotImplementedError

    def _show_counts(self) -> None:
        counts = self.view_model.counts()
        self.bar.label(counts, self.view_model.chip, self.chip_help)
        if self.view_model.rows is not None:
            self.set_subtitle(self.subtitle_text(counts, self.model.rowCount()))

    def _on_filter_error(self) -> None:
        if self.view_model.filter_error is None or not self.bar.field.hasFocus():
            self._show_problem()
        else:
            self._problem_timer.start()

    def _show_problem(self) -> None:
        self._problem_timer.stop()
        sentence = self.view_model.filter_sentence()
        self.problem.set_text(sentence)
        error = self.view_model.filter_error
        self.bar.field.setAccessibleDescription(sentence)
        if error is not None and not self.bar.field.hasFocus():
            self.bar.field.setCursorPosition(error.position)

    def _show_held(self) -> None:
        self.bar.held.set_count(self.model.waiting_moves)

    def _show_nothing_found(self) -> None:
        nothing = self.view_model.rows is not None and self.model.rowCount() == 0
        self.view.set_message(self.nothing_found() if nothing else None)

    # -- columns --------------------------------------------------------------------------------------------------------

    @property
    def column_set(self) -> str:
        """``full`` or ``small``."""
        return "small" if self._narrow else "full"

    def _default_columns(self) -> list[str]:
        return [spec.id for spec in self.model.columns if (spec.small if self._narrow else spec.full)]

    def _show_columns(self) -> None:
        saved = self._sets.get(self.column_set, {})
        known = [column for column in saved.get("columns", []) if self.model.column_at(column) is not None]
        widths = {
            column: width for column, width in saved.get("widths", {}).items() if self.model.column_at(column) is not None
        }
        small = {spec.id: spec.small_width for spec in self.model.columns if spec.small_width} if self._narrow else {}
        self.view.show_columns(known or self._default_columns(), widths, small)

    def _on_layout_edited(self) -> None:
        self._sets[self.column_set] = {"columns": self.view.shown_columns(), "widths": self.view.column_widths()}
        self.panel_state_changed.emit()

    def _on_columns(self, columns: list[str]) -> None:
        self.view.show_columns(columns)
        self._on_layout_edited()

    def reset_columns(self) -> None:
        """Back to the first columns, order and widths of the current set."""
        self._sets.pop(self.column_set, None)
        self._show_columns()
        self.chooser.fill(self.view.shown_columns(), self.appearance.tr(f"table.columns.set_{self.column_set}"))
        self.panel_state_changed.emit()

    def open_chooser(self) -> None:
        """Open the column chooser under its button."""
        self.chooser.fill(self.view.shown_columns(), self.appearance.tr(f"table.columns.set_{self.column_set}"))
        button = self.bar.columns
        self.chooser.open_at(button.mapToGlobal(QPoint(button.width(), button.height() + 2)))

    # -- header menu ----------------------------------------------------------------------------------------------------

    def _open_head_menu(self, section: int, place: QPoint) -> None:
        menu = self.head_menu(section)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def head_menu(self, section: int) -> QMenu:
        """Menu of one column: order, quick conditions from the current row, hide, choose."""
        menu, tr = QMenu(self), self.appearance.tr
        spec = self.model.columns[section] if section >= 0 else None
        if spec is not None and spec.kind not in ("rank", "picture"):
            for key, descending in (("table.menu.sort_desc", True), ("table.menu.sort_asc", False)):
                menu.addAction(tr(key)).triggered.connect(
                    lambda _on=False, down=descending: self.model.set_sort((SortKey(spec.id, down),))
                )
            menu.addSeparator()
            for label, condition in self.quick_conditions(spec, section):
                menu.addAction(label).triggered.connect(lambda _on=False, text=condition: self._add_condition(text))
            menu.addSeparator()
        if spec is not None and spec.painter != "name":
            menu.addAction(tr("table.menu.hide")).triggered.connect(lambda _on=False: self._hide_column(spec.id))
        menu.addAction(tr("table.menu.columns")).triggered.connect(lambda _on=False: self.open_chooser())
        return menu

    def quick_conditions(self, spec: ColumnSpec[Any], section: int) -> list[tuple[str, str]]:
        """(label, condition) pairs for a column, from the value of the current row."""
        tr = self.appearance.tr
        field = tr(f"table.field.{spec.id}").split(",")[0] if self.appearance.has_text(f"table.field.{spec.id}") else ""
        row = self.view.currentIndex().row()
        if not field:
            return []
        found: list[tuple[str, str]] = []
        if row >= 0:
            source_row = self.model.source_row(row)
            shown, raw = self.model.cell_text(source_row, section), self.model.raw_text(source_row, section)
            if raw and spec.kind == "number" and spec.id != "depths":
                found.append((tr("table.menu.at_least", value=shown), f"{field} >= {raw}"))
                found.append((tr("table.menu.at_most", value=shown), f"{field} <= {raw}"))
            elif raw and spec.kind in ("choice", "text"):
                found.append((tr("table.menu.equals", value=shown), f'{field} = "{raw}"'))
        found.append((tr("table.menu.known"), f"{field} {tr('table.word.has').split(',')[0]}"))
        found.append((tr("table.menu.write"), f"{field} >= " if spec.kind == "number" else f"{field} = "))
        return found

    def _add_condition(self, condition: str) -> None:
        joined = self.appearance.tr("table.word.and").split(",")[0]
        before = self.bar.field.text().strip()
        text = f"{before} {joined} {condition}" if before else condition
        self.set_filter_text(text)
        self.bar.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _hide_column(self, column_id: str) -> None:
        self._on_columns([column for column in self.view.shown_columns() if column != column_id])

    # -- cell detail, copy, export --------------------------------------------------------------------------------------

    def _on_detail(self, row: int, column: int, cell: QRect) -> None:
        asked_again = self.detail.isVisible() and (row, column) == self._detail_cell
        if row < 0 or self.view_model.rows is None or asked_again:
            # Space again closes what Space opened.
            self.detail.hide()
            return
        self._detail_cell = (row, column)
        self.detail.show_lines(*self.detail_lines(row, column), cell)

    def detail_lines(self, row: int, column: int) -> tuple[str, str, str, str]:
        """Head, meaning with formula, source with known-at, and a remark (provisional, estimated, other unit)."""
        look, spec = self.appearance, self.model.columns[column]
        rows = self.view_model.rows
        assert rows is not None
        source_row = self.model.source_row(row)
        text = fmt.number(row + 1) if spec.kind == "rank" else self.model.cell_text(source_row, column)
        if text == fmt.MISSING:
            text = look.tr("table.access.missing")
        name = rows.name(source_row, look.language)
        head = f"{name} · {look.tr('table.detail.value_line', title=look.tr(spec.title_key), value=text)}".rstrip()
        of_today = spec.id in LIVE_COLUMNS and rows.is_live(source_row)
        group = self.view_model.evidence_group(rows.tickers[source_row], spec.group) if spec.group and not of_today else None
        remark = [*self._source_remarks(group), *self._remarks(spec.id, source_row)]
        return head, look.tr(spec.detail_key), self._source_line(group), " · ".join(remark)

    def _source_line(self, group: EvidenceGroup | None) -> str:
        if group is None:
            return ""
        names = dict.fromkeys(
            f"{source.source} {self.appearance.tr(f'evidence.source.{source.dataset}')}".strip()
            for item in group.items
            for source in item.sources
        )
        if group.known_at_ns is None:
            return self.appearance.tr("table.detail.unknown")
        known = fmt.as_of_short(AsOf(group.known_at_ns))
        return self.appearance.tr("table.detail.known", known=known, source=" + ".join(names))

    def _source_remarks(self, group: EvidenceGroup | None) -> list[str]:
        if group is None:
            return []
        sources = [source for item in group.items for source in item.sources]
        provisional = any(not source.final for source in sources)
        return [self.appearance.tr("table.detail.provisional")] if provisional else []

    def _remarks(self, column_id: str, row: int) -> list[str]:
        rows = self.view_model.rows
        assert rows is not None
        look, scan = self.appearance, rows.scan
        if column_id in LIVE_COLUMNS and rows.live is not None:
            return self._live_remarks(rows.live, row)
        if column_id in _SCORED and rows.is_provisional(row):
            gap = [look.tr("live.gap.flag")] if rows.has_gap(row) else []
            return [look.tr("live.provisional.value"), *gap]
        if column_id == "value" and rows.is_estimated(row):
            return [look.tr("table.detail.estimated")]
        if column_id in ("foreign_5d", "institution_5d"):
            shares = (scan.foreign_5d_shares if column_id == "foreign_5d" else scan.institution_5d_shares)[row]
            if shares == shares:
                return [look.tr("table.detail.shares", value=fmt.shares(float(shares), look.language, plus=True))]
        return []

    def _live_remarks(self, live: LiveRows, row: int) -> list[str]:
        """Where a live value comes from and when it was made."""
        look, at = self.appearance, live.at_ns(row)
        source = QuoteSource(int(live.source[row]))
        if source is QuoteSource.NONE or at is None:
            return [look.tr("live.source.none")]
        time = fmt.as_of_short(AsOf(at)) if source is QuoteSource.STORED else fmt.clock(at)
        return [look.tr(f"live.source.{source.name.lower()}", time=time)]

    def request_export(self) -> None:
        """Ask a service to write the shown rows and columns as CSV."""
        text = self.view.rows_as_text(self.model.order.tolist(), ",")
        rows = self.view_model.rows
        day = rows.scan.as_of.day.isoformat() if rows is not None else ""
        self.export_requested.emit(ExportRequest(f"{self.panel_id}_{day}.csv", text))

    # -- where links of the chat lead -------------------------------------------------------------------------------------

    def land_on_cell(self, ticker: str, column: str, _strategy: str = "") -> bool:
        """Choose a row and frame a cell of it; a condition or chip that hides it is taken back. False without such a row."""
        rows = self.view_model.rows
        if rows is None or ticker not in rows.tickers:
            return False
        self.view_model.select(ticker)
        if self.model.row_of_ticker(ticker) is None and self.view_model.filter_text:
            self.set_filter_text("")
        for chip in self.view_model.chips:
            if self.model.row_of_ticker(ticker) is not None:
                break
            self._on_chip(chip)
        return self.view.mark_cell(ticker, column)

    # -- saved state ----------------------------------------------------------------------------------------------------

    def panel_state(self) -> dict[str, object]:
        """Columns of both sets, order of rows, chip and condition."""
        table = {
            "version": _STATE_VERSION,
            "sets": {name: dict(saved) for name, saved in self._sets.items()},
            "sort": [[key.column, key.descending] for key in self.model.sort_keys],
            "chip": self.view_model.chip,
            "filter": self.view_model.filter_text,
            "provisional": self.view_model.wants_provisional,
        }
        return {**super().panel_state(), "table": table}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back columns, order, chip and condition; anything damaged is left at its first value."""
        super().restore_panel_state(state)
        table = state.get("table")
        if not isinstance(table, dict) or table.get("version") != _STATE_VERSION:
            return
        sets = table.get("sets")
        if isinstance(sets, dict):
            self._sets = {name: _clean_set(saved) for name, saved in sets.items() if name in ("full", "small")}
            self._show_columns()
        sort = table.get("sort")
        if isinstance(sort, list):
            keys = [SortKey(str(item[0]), bool(item[1])) for item in sort if isinstance(item, list | tuple) and len(item) == 2]
            if keys:
                self.model.set_sort(keys)
        provisional = table.get("provisional")
        if isinstance(provisional, bool):
            self._provisional_action.setChecked(provisional)
            self.view_model.choose_provisional(provisional)
        chip, text = table.get("chip"), table.get("filter")
        if isinstance(chip, str):
            self.view_model.choose_chip(chip)
        if isinstance(text, str):
            self.set_filter_text(text)


def _clean_set(saved: object) -> dict[str, Any]:
    """Keep what looks like a saved column set."""
    if not isinstance(saved, dict):
        return {}
    columns, widths = saved.get("columns"), saved.get("widths")
    return {
        "columns": [str(column) for column in columns] if isinstance(columns, list) else [],
        "widths": {str(key): int(value) for key, value in widths.items() if isinstance(value, int) and 10 <= value <= 2000}
        if isinstance(widths, dict)
        else {},
    }
