"""Symbol list (screen 0130): the whole market of the as-of day, eligible or not, scored or not."""

from __future__ import annotations

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.table_panel import TablePanel
from ralphstock_desktop.ui.models.array_table import SortKey
from ralphstock_desktop.ui.viewmodels.scan_columns import symbol_columns
from ralphstock_desktop.ui.viewmodels.symbols import SymbolsViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["SymbolList"]


class SymbolList(TablePanel):
    """Rows are all symbols of the panel, the most traded first."""

    def __init__(self, context: DockContext) -> None:
        self.symbols = SymbolsViewModel(context.workstation, context.appearance, context.market_filter, "symbols")
        super().__init__(
            context,
            panel_id="symbols",
            screen="0130",
            view_model=self.symbols,
            columns=symbol_columns(context.appearance),
            sort=(SortKey("value", True),),
            access_key="table.access.symbols",
        )

    def subtitle_text(self, counts: dict[str, int], shown: int) -> str:
        """``2,017종목``."""
        count = counts[self.symbols.chip]
        if shown != count:
            return self.appearance.tr("table.subtitle.symbols_filtered", shown=fmt.number(shown), count=fmt.number(count))
        return self.appearance.tr("table.subtitle.symbols", count=fmt.number(count))

    def nothing_found(self) -> tuple[str, str]:
        """Words where chip and condition leave nothing."""
        count = self.symbols.counts()[self.symbols.chip]
        return (
            self.appearance.tr("empty.symbols.filter"),
            self.appearance.tr("empty.symbols.filter.detail", count=fmt.number(count)),
        )
