"""Day-trading scanner (screen 0821): the eligible stocks of the running day, best checklist first (design.md §7, §10)."""

from __future__ import annotations

import math

from engine.model.daytrade import DAY_ITEMS, DAY_MAX_RAW, ItemReason
from engine.model.evidence import ItemState
from engine.model.instants import AsOf, day_of
from ralphstock_desktop.services.contracts import Stale
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.table_panel import ExportRequest, TablePanel
from ralphstock_desktop.ui.models.array_table import SortKey
from ralphstock_desktop.ui.viewmodels.day_columns import day_columns
from ralphstock_desktop.ui.viewmodels.day_scanner import DayScannerViewModel
from ralphstock_desktop.ui.viewmodels.near_words import near_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["DayScanner"]


class DayScanner(TablePanel):
    """Rows are stocks; choosing one moves every linked panel."""

    chip_help = {"no_vi": "daytrade.chip.no_vi.help"}

    def __init__(self, context: DockContext) -> None:
        self._day_workstation = context.workstation
        self.scanner = DayScannerViewModel(context.workstation, context.appearance, context.market_filter, "day_scanner")
        super().__init__(
            context,
            panel_id="day_scanner",
            screen="0821",
            view_model=self.scanner,
            columns=day_columns(context.appearance),
            sort=(SortKey("total", True),),
            access_key="daytrade.access.scanner",
        )
        # The checklist of an instant is what it is: there is no official score beside it to choose.
        self._provisional_action.setVisible(False)
        self.retry_requested.connect(self._on_retry)

    def _on_retry(self) -> None:
        """Old quotes: the feed has to come back; else the day is worked out again."""
        live = self._day_workstation.live
        if live is not None and isinstance(self.state, Stale):
            live.reconnect()
        else:
            self._day_workstation.start_scan()

    def apply_appearance(self) -> None:
        """Re-label what is not painted by the table itself."""
        super().apply_appearance()
        self.bar.field.setPlaceholderText(self.appearance.tr("daytrade.filter.hint"))

    # -- chips ----------------------------------------------------------------------------------------------------------

    def _on_chip(self, chip: str) -> None:
        if chip == "no_vi":
            self.scanner.toggle_vi()
            self._show_counts()
            self.panel_state_changed.emit()
        else:
            super()._on_chip(chip)

    def _show_counts(self) -> None:
        super()._show_counts()
        for chip in self.bar.chips:
            if chip.chip_id == "no_vi":
                chip.setChecked(self.scanner.without_vi)

    # -- words ----------------------------------------------------------------------------------------------------------

    def subtitle_text(self, counts: dict[str, int], shown: int) -> str:
        """``53종목 · 분봉 · 10:42:00``."""
        tr, day = self.appearance.tr, self.scanner.day
        count = counts["all"]
        head = (
            tr("daytrade.subtitle.count", count=fmt.number(count))
            if shown == count
            else tr("daytrade.subtitle.filtered", shown=fmt.number(shown), count=fmt.number(count))
        )
        if day is None:
            return head
        parts = [head, tr(f"daytrade.source.{day.source}"), fmt.clock(day.scan.now_ns)]
        if day.what_if:
            parts.append(tr("daytrade.what_if"))
        return " · ".join(parts)

    def nothing_found(self) -> tuple[str, str]:
        """Words where chip and condition leave nothing."""
        count = self.scanner.counts()[self.scanner.chip]
        detail = self.appearance.tr("empty.signals.filter.detail", count=fmt.number(count)) if count else ""
        return self.appearance.tr("daytrade.empty.filter"), detail

    def _choose_first(self) -> None:
        if self.scanner.has_selection:
            super()._choose_first()
        elif self.model.rowCount():
            ticker = self.model.ticker(0)
            self.view.show_ticker(ticker)
            self.scanner.select(ticker)

    # -- cell detail ----------------------------------------------------------------------------------------------------

    def detail_lines(self, row: int, column: int) -> tuple[str, str, str, str]:
        """Head, meaning, source with its time, and what else is to be known of the cell."""
        look, spec, rows = self.appearance, self.model.columns[column], self.scanner.day_rows
        assert rows is not None
        source_row = self.model.source_row(row)
        name = rows.name(source_row, look.language)
        if spec.id == "items":
            head, meaning = f"{name} · {look.tr(spec.title_key)}", self._item_words(source_row)
        else:
            text = fmt.number(row + 1) if spec.kind == "rank" else self.model.cell_text(source_row, column)
            text = look.tr("table.access.missing") if text == fmt.MISSING and spec.id not in ("bans", "step") else text
            head = f"{name} · {look.tr('table.detail.value_line', title=look.tr(spec.title_key), value=text)}".rstrip()
            meaning = look.tr(spec.detail_key)
        return head, meaning, self._quote_line(source_row), self._remark(spec.id, source_row)

    def _item_words(self, row: int) -> str:
        rows, tr = self.scanner.day_rows, self.appearance.tr
        assert rows is not None
        scan, words = rows.picture.scan, []
        for place, item in enumerate(DAY_ITEMS):
            state, reason = ItemState(int(scan.state[row, place])), ItemReason(int(scan.reason[row, place]))
            points = tr("evidence.state.unknown") if state is ItemState.UNKNOWN else fmt.points(float(scan.points[row, place]))
            if reason is not ItemReason.NONE:
                points = f"{points} ({tr(f'daytrade.reason.{reason.name.lower()}')})"
            words.append(f"{tr(f'daytrade.item.{item}')} {points}")
        return " · ".join(words)

    def _quote_line(self, row: int) -> str:
        rows, tr = self.scanner.day_rows, self.appearance.tr
        assert rows is not None
        at = int(rows.picture.quotes.at_ns[row])
        if not at:
            return tr("daytrade.quote.none")
        return tr(f"daytrade.quote.{rows.picture.source}", time=fmt.clock(at))

    def _remark(self, column_id: str, row: int) -> str:
        rows, tr = self.scanner.day_rows, self.appearance.tr
        assert rows is not None
        scan, near = rows.picture.scan, rows.step(row)
        if column_id == "step" and near is not None:
            return near_sentence(self.appearance, near)
        if column_id == "total" and not math.isnan(float(scan.raw[row])):
            return tr("daytrade.remark.raw", raw=fmt.points(float(scan.raw[row])), most=fmt.points(DAY_MAX_RAW))
        if column_id == "rv" and not math.isnan(scan.phi):
            key = "daytrade.remark.phi_own" if rows.picture.own_curve else "daytrade.remark.phi"
            return tr(key, phi=fmt.number(scan.phi, 3))
        if column_id == "net_5d" and scan.flow_day_index >= 0:
            day = rows.panel.days[scan.flow_day_index].astype("datetime64[D]").item()
            return tr("daytrade.remark.flow_day", day=fmt.as_of_short(AsOf.end_of(day)))
        return ""

    # -- export and saved state -----------------------------------------------------------------------------------------

    def request_export(self) -> None:
        """Ask a service to write the shown rows and columns as CSV."""
        day = self.scanner.day
        stamp = day_of(day.scan.now_ns).isoformat() if day is not None else ""
        text = self.view.rows_as_text(self.model.order.tolist(), ",")
        self.export_requested.emit(ExportRequest(f"day_scanner_{stamp}.csv", text))

    def panel_state(self) -> dict[str, object]:
        """Columns, order, chip, condition, and whether interrupted symbols are left out."""
        return {**super().panel_state(), "without_vi": self.scanner.without_vi}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        without = state.get("without_vi")
        if isinstance(without, bool) and without != self.scanner.without_vi:
            self.scanner.toggle_vi()
            self._show_counts()
