"""The frame of panels over the stream of one symbol: states, badge, subtitle, listening only while shown."""

from __future__ import annotations

from engine.model.instants import AsOf
from ralphstock_desktop.services.contracts import Offline, Ready
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.live_symbol import LiveSymbolViewModel

__all__ = ["LiveSymbolPanel"]


class LiveSymbolPanel(PanelFrame):
    """Frame of a panel whose view-model follows one symbol of the feed."""

    def __init__(self, context: DockContext, view_model: LiveSymbolViewModel, *, panel_id: str, screen: str) -> None:
        super().__init__(
            context.appearance,
            panel_id=panel_id,
            title_key=f"shell.dock.{panel_id}",
            screen=screen,
            skeleton="list",
            role="follower",
        )
        self._feed = view_model
        view_model.state_changed.connect(self._on_state)
        view_model.symbol_changed.connect(self._on_symbol)
        self.retry_requested.connect(self._on_retry)
        context.appearance.changed.connect(self._on_words)

    def _on_state(self) -> None:
        feed, state = self._feed, self._feed.panel_state
        badge = feed.badge(self.appearance)
        if isinstance(state, Offline) and feed.data_ns is not None and not isinstance(self.state, Ready | Offline):
            self.set_state(Ready(AsOf(feed.data_ns)))  # what is known stays on screen under the strip
        if state != self.state:
            self.set_state(state)
        self.set_live_badge(badge if isinstance(state, Ready) else _only_simulated(badge))

    def _on_symbol(self) -> None:
        self.set_subtitle(self._feed.name(self.appearance))
        self._on_state()

    def _on_words(self) -> None:
        self._on_symbol()

    def _on_retry(self) -> None:
        live = self._feed.live
        if live is not None:
            live.reconnect()

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self._feed.activate()
        self._on_symbol()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self._feed.deactivate()


def _only_simulated(badge: BadgeLook | None) -> BadgeLook | None:
    """Made-up data stay marked in every state; where real data come from is said only while they are there."""
    return badge if badge is not None and badge.token == "simulated" else None
