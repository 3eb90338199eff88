"""Day-trading checklist (screen 0822): seven items of the selected stock with value, threshold, margin and source."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ralphstock_desktop.services.contracts import Stale
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.checklist_head import ChecklistHeadView
from ralphstock_desktop.ui.docks.checklist_view import ChecklistView
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.day_checklist import DayChecklistViewModel

__all__ = ["DayChecklist"]

_NARROWEST = 260


class DayChecklist(PanelFrame):
    """Follows the selected symbol and lights up a row's bars on the chart."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="day_checklist",
            title_key="shell.dock.day_checklist",
            screen="0822",
            skeleton="list",
            role="follower",
        )
        self._workstation = context.workstation
        self.view_model = DayChecklistViewModel(context.workstation, context.appearance)
        self.head = ChecklistHeadView(self.view_model, context.appearance)
        self.view = ChecklistView(self.view_model, context.appearance)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.head)
        box.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        self.view_model.state_changed.connect(self._on_state)
        self.retry_requested.connect(self._on_retry)
        context.appearance.changed.connect(self._label)
        self._label()

    def _label(self) -> None:
        self.view.setAccessibleName(self.appearance.tr("daytrade.access.checklist"))
        self.setMinimumWidth(self.appearance.px(_NARROWEST))

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state is not None:
            self.set_state(state)
        self.set_live_badge(self.view_model.badge())
        head = self.view_model.checklist_head
        self.set_subtitle(f"{head.name} {head.ticker}" if head is not None else "")

    def _on_retry(self) -> None:
        """Old quotes: the feed has to come back; else the day is worked out again."""
        live = self._workstation.live
        if live is not None and isinstance(self.state, Stale):
            live.reconnect()
        else:
            self._workstation.start_scan()

    def land_on_item(self, ticker: str, item: str) -> bool:
        """Go to a symbol's row and keep it lit; False if there is no such row yet."""
        return self.view_model.land_on(ticker, item)

    def came_into_sight(self) -> None:
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        super().went_out_of_sight()
        self.view_model.deactivate()
