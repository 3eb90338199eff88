"""Market Gate panel (screen 0801): the reading with its six components, its history, and the sectors."""

from __future__ import annotations

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.gate_view import PAGES, GateContent
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.gate import GateViewModel
from ralphstock_desktop.ui.viewmodels.gate_series import history_line

__all__ = ["GatePanel"]


class GatePanel(PanelFrame):
    """Follows the gate of the instant looked at."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="gate",
            title_key="shell.dock.gate",
            screen="0801",
            skeleton="list",
            role="follower",
        )
        self._workstation = context.workstation
        self.view_model = GateViewModel(context.workstation, context.appearance, context.spawn)
        self.view = GateContent(self.view_model, context.appearance)
        self.set_content(self.view)
        vm = self.view_model
        vm.changed.connect(self._on_changed)
        vm.focus_changed.connect(self._on_focus)
        vm.state_changed.connect(self._on_state)
        vm.history_changed.connect(self._show_history)
        self.view.page_changed.connect(self.panel_state_changed)
        self.view.history_visible.connect(self._want_history)
        self.retry_requested.connect(vm.retry)
        context.appearance.changed.connect(self._label)
        self._label()
        if context.workstation.strategies is None:
            self._on_state()

    def _label(self) -> None:
        self.setMinimumWidth(self.appearance.px(220))
        self.view.rows.setAccessibleName(self.appearance.tr("gate.page.reading"))
        self._say()

    def _on_changed(self) -> None:
        self.view.sectors.rows.show_sectors(self.view_model.sectors)
        self._say()

    def _say(self) -> None:
        head = self.view_model.gate_head
        text = "" if head is None else self.appearance.tr("gate.subtitle", word=head.word, score=head.score)
        self.set_subtitle(text)

    def _on_focus(self) -> None:
        self.view.history.show_spans(self.view_model.spans)

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state is not None:
            self.set_state(state)
        self.set_live_badge(self.view_model.badge())

    def _want_history(self, visible: bool) -> None:
        self.view_model.show_history(visible and self.in_sight)

    def _show_history(self) -> None:
        vm, gate = self.view_model, self._workstation.rules.gate
        line = None
        if vm.history is not None and vm.history_panel is not None and not vm.history_note:
            line = history_line(vm.history, vm.history_panel)
        self.view.history.show_line(line, vm.history_note, (gate.yellow_score, gate.green_score))

    def land_on_item(self, _ticker: str, item: str) -> bool:
        """Go to a component (``kospi`` …), a row of one, the ``history`` or a sector (``sector:<name>``).

        Without an item the reading itself is the place. False if there is no such row yet.
        """
        kind, _, name = item.partition(":")
        if item == "history":
            self.view.show_page("history")
            return self.view_model.gate_head is not None
        if kind == "sector" and name:
            self.view.show_page("sectors")
            return self.view.sectors.choose(name)
        self.view.show_page("reading")
        return self.view_model.land_on("", item)

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()
        self._want_history(self.view.shows_history)

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()
        self.view_model.show_history(False)

    def panel_state(self) -> dict[str, object]:
        """The part in front and the order of the sectors."""
        column, descending = self.view.sectors.rows.order
        return {**super().panel_state(), "page": self.view.page, "sort": [column, descending]}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present values."""
        super().restore_panel_state(state)
        page, order = state.get("page"), state.get("sort")
        if isinstance(page, str) and page in PAGES:
            self.view.show_page(page)
        if isinstance(order, list) and len(order) == 2 and isinstance(order[0], int) and isinstance(order[1], bool):
            self.view.sectors.set_order(order[0], descending=order[1])
