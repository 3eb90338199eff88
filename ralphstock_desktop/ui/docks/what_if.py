"""What-if panel (screen 0840): move a threshold and see at once what the whole market would be (design.md §11)."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QDialog

from ralphstock_desktop.services.contracts import Ready
from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.what_if_dialogs import DeleteProfileDialog, ProfileNameDialog
from ralphstock_desktop.ui.docks.what_if_view import WhatIfContent
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.what_if import WhatIfViewModel

__all__ = ["WhatIfPanel"]


class WhatIfPanel(PanelFrame):
    """Sliders of one strategy; choosing a name that enters or leaves moves the linked panels."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="what_if",
            title_key="shell.dock.what_if",
            screen="0840",
            skeleton="list",
            role="source",
        )
        self.view_model = vm = WhatIfViewModel(context.workstation, context.appearance, context.spawn, "what_if")
        self.view = WhatIfContent(vm, context.appearance)
        self.dialog: QDialog | None = None
        self.set_content(self.view)
        vm.state_changed.connect(self._on_state)
        vm.results_changed.connect(self._on_results)
        self.view.strategy.chosen.connect(self._on_strategy)
        self.view.save_wanted.connect(self.ask_name)
        self.view.more_changed.connect(self.panel_state_changed)
        menu = self.view.profiles.menu()
        assert menu is not None
        menu.aboutToShow.connect(self._fill_profiles)
        self.add_menu_action("what_if.button.reset", vm.reset)
        self.add_menu_action("what_if.button.save", self.ask_name)
        context.appearance.changed.connect(self._on_results)
        self._on_state()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state is not None and state != self.state:
            self.set_state(state)
        self._on_results()

    def _on_results(self) -> None:
        vm, tr = self.view_model, self.appearance.tr
        result = vm.result
        subtitle = ""
        if result is not None and result.profile:
            subtitle = tr("what_if.subtitle.profile", name=result.profile)
        elif vm.active:
            subtitle = tr("what_if.subtitle.changed", count=vm.moved_count)
        self.set_subtitle(subtitle)
        shows = vm.active and isinstance(vm.panel_state, Ready)
        self.set_live_badge(BadgeLook("slider", tr("what_if.badge"), "warning", "warning-tint") if shows else None)

    def _on_strategy(self, strategy: str) -> None:
        self.view_model.choose(strategy)
        self.panel_state_changed.emit()

    # -- profiles -------------------------------------------------------------------------------------------------------

    def ask_name(self) -> None:
        """Ask for the name of a profile, without blocking."""
        result = self.view_model.result
        if not self.view_model.active or result is None:
            return
        taken = [profile.name for profile in self.view_model.profiles]
        dialog = ProfileNameDialog(self.appearance, self.view_model.moved_count, taken, result.profile, self)
        dialog.named.connect(self.view_model.save_as)
        self._open(dialog)

    def ask_delete(self, name: str) -> None:
        """Ask before a profile is forgotten."""
        dialog = DeleteProfileDialog(self.appearance, name, self)
        dialog.confirmed.connect(self.view_model.delete)
        self._open(dialog)

    def _open(self, dialog: QDialog) -> None:
        self.dialog = dialog
        dialog.finished.connect(self._forget_dialog)
        dialog.open()

    def _forget_dialog(self, _result: int) -> None:
        self.dialog = None

    def _fill_profiles(self) -> None:
        """List the profiles with a tick on the loaded one; below, the ones that may be deleted."""
        menu, vm, tr = self.view.profiles.menu(), self.view_model, self.appearance.tr
        assert menu is not None
        menu.clear()
        profiles = vm.profiles
        if not profiles:
            menu.addAction(tr("what_if.menu.none")).setEnabled(False)
            return
        loaded = vm.result.profile if vm.result is not None else ""
        for profile in profiles:
            action = menu.addAction(profile.name)
            action.setCheckable(True)
            action.setChecked(profile.name == loaded)
            action.triggered.connect(partial(self._on_load, profile.name))
        menu.addSeparator()
        below = menu.addMenu(tr("what_if.menu.delete"))
        for profile in profiles:
            below.addAction(profile.name).triggered.connect(partial(self._on_delete, profile.name))

    def _on_load(self, name: str, _checked: bool = False) -> None:
        self.view_model.load(name)

    def _on_delete(self, name: str, _checked: bool = False) -> None:
        self.ask_delete(name)

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening; what is moved stays moved."""
        super().went_out_of_sight()
        self.view_model.deactivate()

    def panel_state(self) -> dict[str, object]:
        """Strategy, and whether all thresholds are shown."""
        return {**super().panel_state(), "strategy": self.view_model.strategy, "more": self.view.shows_more}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        strategy, more = state.get("strategy"), state.get("more")
        if strategy in STRATEGIES:
            self.view_model.choose(str(strategy))
            self.view.strategy.set_value(self.view_model.strategy)
        if isinstance(more, bool):
            self.view.show_more(more)
