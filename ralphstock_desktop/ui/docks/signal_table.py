"""Signal table (screen 0811): the detected VCP patterns of the as-of day, best first, and the watch list."""

from __future__ import annotations

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.table_panel import TablePanel
from ralphstock_desktop.ui.models.array_table import SortKey
from ralphstock_desktop.ui.viewmodels.scan_columns import signal_columns
from ralphstock_desktop.ui.viewmodels.signals import SignalsViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["SignalTable"]


class SignalTable(TablePanel):
    """Rows are signals; choosing one moves every linked panel."""

    chip_help = {"watch": "table.chip.watch.help"}

    def __init__(self, context: DockContext) -> None:
        self.signals = SignalsViewModel(context.workstation, context.appearance, context.market_filter, "signals")
        super().__init__(
            context,
            panel_id="signals",
            screen="0811",
            view_model=self.signals,
            columns=signal_columns(context.appearance),
            sort=(SortKey("total", True),),
            access_key="table.access.signals",
        )

    def subtitle_text(self, counts: dict[str, int], shown: int) -> str:
        """``18건 · 대상 1,027종목``."""
        picture = self.signals.picture
        universe = fmt.number(picture.universe) if picture is not None else fmt.MISSING
        count = counts[self.signals.chip]
        if shown != count:
            return self.appearance.tr(
                "table.subtitle.filtered", shown=fmt.number(shown), count=fmt.number(count), universe=universe
            )
        return self.appearance.tr("table.subtitle.signals", count=fmt.number(count), universe=universe)

    def nothing_found(self) -> tuple[str, str]:
        """Words where chip and condition leave nothing."""
        count = self.signals.counts()[self.signals.chip]
        head = self.appearance.tr("empty.signals.filter")
        return head, self.appearance.tr("empty.signals.filter.detail", count=fmt.number(count)) if count else ""

    def _choose_first(self) -> None:
        if self.signals.has_selection:
            super()._choose_first()
        elif self.model.rowCount():
            ticker = self.model.ticker(0)
            self.view.show_ticker(ticker)
            self.signals.select(ticker)
        elif self.signals.nearest_ticker:
            self.signals.select(self.signals.nearest_ticker)
