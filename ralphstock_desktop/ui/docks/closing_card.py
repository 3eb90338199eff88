"""Closing-bet card (screen 0832): what one stock's closing bet is made of, and what it was worth before."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.closing_card_head import CardHeadView
from ralphstock_desktop.ui.docks.closing_card_view import CardBodyView
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.closing_card import ClosingCardViewModel
from ralphstock_desktop.ui.viewmodels.closing_words import run_title

__all__ = ["ClosingCard"]

_NARROWEST = 240


class ClosingCard(PanelFrame):
    """Follows the selected symbol and lights up its evidence on the chart."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="closing_card",
            title_key="shell.dock.closing_card",
            screen="0832",
            skeleton="list",
            role="follower",
        )
        self.view_model = ClosingCardViewModel(context.workstation, context.appearance)
        self.head = CardHeadView(self.view_model, context.appearance)
        self.view = CardBodyView(self.view_model, context.appearance)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.head)
        box.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        vm = self.view_model
        vm.state_changed.connect(self._on_state)
        vm.changed.connect(self._say)
        strategies = vm.strategies
        if strategies is not None:
            self.retry_requested.connect(lambda: strategies.start_closing())
        self.cancel_requested.connect(context.workstation.cancel_job)
        context.appearance.changed.connect(self._label)
        self._label()
        self._on_state()

    def _label(self) -> None:
        self.view.setAccessibleName(self.appearance.tr("closing.access.card"))
        self.setMinimumWidth(self.appearance.px(_NARROWEST))
        self._say()

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state is not None:
            self.set_state(state)
        self.set_live_badge(self.view_model.badge())
        self._say()

    def _say(self) -> None:
        """``효성중공업 298040 · 확정 실행 15:40``."""
        vm = self.view_model
        if vm.head is None or vm.explanation is None:
            self.set_subtitle("")
            return
        run = run_title(self.appearance, vm.explanation.picture.scan.run)
        self.set_subtitle(f"{vm.head.name} {vm.ticker} · {run}")

    def land_on_item(self, ticker: str, item: str) -> bool:
        """Go to a symbol's row and keep it lit; False if there is no such row yet."""
        return self.view_model.land_on(ticker, item)

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()
