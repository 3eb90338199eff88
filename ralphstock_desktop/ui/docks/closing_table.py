"""Closing-bet table (screen 0831): candidates of a run in the scan's order, with what held their grade back."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.model.closing import CLOSING_COMPONENTS, ClosingRun
from engine.model.instants import AsOf
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import Segmented
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.table_panel import TablePanel
from ralphstock_desktop.ui.models.array_table import SortKey
from ralphstock_desktop.ui.viewmodels.closing_columns import closing_columns
from ralphstock_desktop.ui.viewmodels.closing_rows import ClosingRows
from ralphstock_desktop.ui.viewmodels.closing_table import CANDIDATES, EVERY, SIGNALS, ClosingTableViewModel
from ralphstock_desktop.ui.viewmodels.closing_words import RUN_TIMES, record_words, run_name, run_title
from ralphstock_desktop.ui.viewmodels.live_rows import LIVE_COLUMNS
from ralphstock_desktop.wording import format as fmt

__all__ = ["ClosingTable", "RunBar"]


class RunBar(QWidget):
    """The day's four runs side by side and a button that runs again."""

    def __init__(self, view_model: ClosingTableViewModel, appearance: Appearance) -> None:
        super().__init__()
        self._vm, self._look = view_model, appearance
        self.label = QLabel()
        self.runs = Segmented(self._look, [(run.value, run.value) for run in ClosingRun])
        self.again = QPushButton()
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.label)
        self._row.addWidget(self.runs)
        self._row.addWidget(self.again)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.runs.chosen.connect(self._on_chosen)
        self.again.clicked.connect(lambda: view_model.start(view_model.run))
        view_model.state_changed.connect(self.show_run)
        self._look.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look, px = self._look, self._look.px
        self._row.setContentsMargins(px(8), px(4), px(6), px(1))
        self._row.setSpacing(px(6))
        self.label.setText(look.tr("closing.run.label"))
        self.label.setFont(look.font("caption"))
        self.again.setText(look.tr("closing.run.again"))
        self.again.setFont(look.font("caption"))
        self.again.setToolTip(look.tr("closing.run.again.help"))
        for run in ClosingRun:
            button = self.runs.buttons[run.value]
            button.setFont(look.font("caption"))
            button.setAccessibleName(run_title(look, run))
        self.show_run()

    def show_run(self) -> None:
        """Mark the run on screen; runs that the instant looked at has not reached cannot be chosen."""
        run = self._vm.run
        self.runs.set_value(run.value if run is not None else "")
        for each in ClosingRun:
            button, reached = self.runs.buttons[each.value], self._vm.can_run(each)
            button.setEnabled(reached)
            key = f"closing.run.{each.value.lower()}.help" if reached else "closing.run.later"
            button.setToolTip(self._look.tr(key))
        self.again.setEnabled(self._vm.strategies is not None)
        self._fit()

    def _fit(self) -> None:
        """Drop the label, then the button, then the words before the times, where there is no room for them."""
        self._write_runs(short=False)
        if self.runs.sizeHint().width() + self._look.px(14) > self.width():
            self._write_runs(short=True)
        px, room = self._look.px, self.width() - self.runs.sizeHint().width() - self._look.px(14)
        for widget in (self.again, self.label):
            wide = widget.sizeHint().width() + px(6)
            fits = room >= wide
            widget.setVisible(fits)
            room -= wide if fits else 0

    def _write_runs(self, *, short: bool) -> None:
        for run in ClosingRun:
            words = f"{RUN_TIMES[run]:%H:%M}" if short else run_name(self._look, run)
            button = self.runs.buttons[run.value]
            if button.text() != words:
                button.setText(words)

    def resizeEvent(self, event: object) -> None:
        """Choose again what fits."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _on_chosen(self, value: str) -> None:
        self._vm.start(ClosingRun(value))
        self.show_run()  # the run on screen stays marked until the new one is there


class ClosingTable(TablePanel):
    """Rows are candidates; choosing one moves every linked panel."""

    chip_help = {
        SIGNALS: "table.chip.closing_signals.help",
        CANDIDATES: "table.chip.closing_candidates.help",
        EVERY: "table.chip.closing_every.help",
    }

    def __init__(self, context: DockContext) -> None:
        self.closing = ClosingTableViewModel(context.workstation, context.appearance, context.market_filter)
        super().__init__(
            context,
            panel_id="closing",
            screen="0831",
            view_model=self.closing,
            columns=closing_columns(context.appearance),
            sort=(SortKey("total", True),),
            access_key="closing.access.table",
        )
        self._provisional_action.setVisible(False)
        self.run_bar = RunBar(self.closing, context.appearance)
        content = self.content()
        layout = content.layout() if content is not None else None
        if isinstance(layout, QVBoxLayout):
            layout.insertWidget(0, self.run_bar)
        self.retry_requested.connect(lambda: self.closing.start(self.closing.run))
        self.cancel_requested.connect(context.workstation.cancel_job)
        state = self.closing.panel_state
        if state is not None:
            self.set_state(state)

    def apply_appearance(self) -> None:
        """Take words from the appearance; the filter line names fields of this table."""
        super().apply_appearance()
        self.bar.field.setPlaceholderText(self.appearance.tr("closing.filter_hint"))

    # -- words around the table -------------------------------------------------------------------------------------------

    def subtitle_text(self, counts: dict[str, int], shown: int) -> str:
        """``36건 · 확정 실행 15:40 · 탈락 2``."""
        tr, vm = self.appearance.tr, self.closing
        parts = [tr("closing.subtitle.count", count=fmt.number(counts[vm.chip]))]
        if vm.is_filtered:
            parts = [tr("closing.subtitle.filtered", shown=fmt.number(shown), count=fmt.number(counts[vm.chip]))]
        if vm.run is not None:
            parts.append(run_title(self.appearance, vm.run))
        if vm.cancelled_count:
            parts.append(tr("closing.subtitle.cancelled", count=fmt.number(vm.cancelled_count)))
        return " · ".join(parts)

    def nothing_found(self) -> tuple[str, str]:
        """Why the table is empty: the condition, or a day without candidates."""
        tr, vm = self.appearance.tr, self.closing
        counts = vm.counts()
        if vm.is_filtered and counts[vm.chip]:
            return tr("closing.none.filter"), tr("closing.none.filter.detail", count=fmt.number(counts[vm.chip]))
        detail = tr("closing.none.detail", candidates=fmt.number(counts[CANDIDATES]), every=fmt.number(counts[EVERY]))
        return tr("closing.none.signals" if vm.chip == SIGNALS else "closing.none.candidates"), detail

    def _choose_first(self) -> None:
        if self.closing.has_selection:
            super()._choose_first()
        elif self.model.rowCount():
            ticker = self.model.ticker(0)
            self.view.show_ticker(ticker)
            self.closing.select(ticker)

    # -- cell detail --------------------------------------------------------------------------------------------------------

    def detail_lines(self, row: int, column: int) -> tuple[str, str, str, str]:
        """Head, meaning, source with known-at, and a remark."""
        look, spec, rows = self.appearance, self.model.columns[column], self.closing.closing_rows
        assert rows is not None
        source_row = self.model.source_row(row)
        text = fmt.number(row + 1) if spec.kind == "rank" else self.model.cell_text(source_row, column)
        if text in (fmt.MISSING, ""):
            text = look.tr("table.access.missing")
        name = rows.name(source_row, look.language)
        head = f"{name} · {look.tr('table.detail.value_line', title=look.tr(spec.title_key), value=text)}".rstrip()
        meaning = look.tr(spec.detail_key)
        if spec.id == "record":
            meaning = f"{meaning} {record_words(look, rows.record(source_row))}"
        source = self._known_at(rows, source_row, spec.group) if spec.group else ""
        remarks = self._closing_remarks(rows, source_row, spec.id)
        return head, meaning, source, " · ".join(remarks)

    def _known_at(self, rows: ClosingRows, row: int, group: str) -> str:
        evidence = self.closing.evidence_group(rows.tickers[row], group)
        if evidence is None:
            return ""
        if evidence.known_at_ns is None:
            return self.appearance.tr("table.detail.unknown")
        sources = dict.fromkeys(source.source for item in evidence.items for source in item.sources if source.source)
        known = fmt.as_of_short(AsOf(evidence.known_at_ns))
        return self.appearance.tr("closing.detail.known", known=known, source=" + ".join(sources)).rstrip(" ·")

    def _closing_remarks(self, rows: ClosingRows, row: int, column_id: str) -> list[str]:
        tr = self.appearance.tr
        if column_id in LIVE_COLUMNS and rows.live is not None:
            return self._live_remarks(rows.live, row)
        found = []
        if column_id == "value" and rows.is_estimated(row):
            found.append(tr("table.detail.estimated"))
        if column_id == "grade" and rows.capped(row):
            found += [tr(f"closing.cap.{cap}") for cap in rows.cap_names(row)]
        if column_id == "blocks":
            blocks = rows.blocks(row)
            words = [
                f"{tr(f'closing.component.{name}')} {earned if known else '?'}/{most}"
                for name, (earned, most, known) in zip(CLOSING_COMPONENTS, blocks, strict=True)
            ]
            found.append(" · ".join(words))
        if rows.picture.forming and column_id in ("grade", "total", "blocks"):
            found.append(tr("table.detail.provisional"))
        return found
