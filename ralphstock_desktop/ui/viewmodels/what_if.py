"""View-model of the what-if panel (screen 0840): sliders of one strategy, and what the moved ones do to the market."""

from __future__ import annotations

import dataclasses
from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, MarketPicture, PanelState, Ready, ScanPicture, Stale, Workstation
from ralphstock_desktop.services.strategy_contracts import (
    STRATEGIES,
    ClosingPicture,
    DayTradePicture,
    StrategyName,
    Threshold,
    WhatIfState,
)
from ralphstock_desktop.strategy_ports import RuleProfile
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dock_registry import Spawn

__all__ = ["TELLING", "WhatIfViewModel"]

TELLING: dict[str, int] = {"VCP": 8, "CLOSING_BET": 6, "DAY_TRADE": 7}
"""How many thresholds, of those named first, are shown without asking for more."""
_RELOAD_MS = 300
"""Distributions of the market are read again at most this often."""


class WhatIfViewModel(QObject):
    """Listens while the panel is in sight.

    Signals
    -------
    sliders_changed
        Other thresholds, limits or distributions.
    values_changed
        Thresholds were moved (by a slider, an undo, a profile).
    results_changed
        What the moved thresholds do.
    state_changed
        State of the panel.
    problem_changed
        What went wrong with a profile, or nothing any more.
    selection_changed(str)
        Another symbol was chosen elsewhere.
    """

    sliders_changed = Signal()
    values_changed = Signal()
    results_changed = Signal()
    state_changed = Signal()
    problem_changed = Signal()
    selection_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance, spawn: Spawn, origin: str) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn, self.origin = workstation, appearance, spawn, origin
        self.strategies = workstation.strategies
        self.strategy: StrategyName = "CLOSING_BET"
        self.thresholds: tuple[Threshold, ...] = ()
        self.result: WhatIfState | None = None
        """Of the chosen strategy; None until it was counted."""
        self.moved_count = 0
        """How many thresholds are moved, of all strategies together."""
        self.problem = ""
        self.dragging = False
        """While a slider is held its picture of the market stands still."""
        self._values: dict[str, float] = {}
        self._states: dict[str, PanelState] = {}
        self._subscriptions: list[Subscription] = []
        self._reload_timer = QTimer(self)
        self._reload_timer.setSingleShot(True)
        self._reload_timer.setInterval(_RELOAD_MS)
        self._reload_timer.timeout.connect(self._reload)

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen."""
        strategies, work = self.strategies, self._workstation
        if self._subscriptions or strategies is None:
            self.state_changed.emit()
            return
        self._subscriptions = [
            work.scan_state.subscribe(lambda state: self._on_state("VCP", state)),
            strategies.closing_state.subscribe(lambda state: self._on_state("CLOSING_BET", state)),
            strategies.day_state.subscribe(lambda state: self._on_state("DAY_TRADE", state)),
            strategies.what_if.state.subscribe(self._on_result),
            work.scans.subscribe(self._on_picture, replay=False),
            strategies.closing.subscribe(self._on_picture, replay=False),
            strategies.day_trades.subscribe(self._on_picture, replay=False),
            work.selection.subscribe(self._on_selection),
        ]
        self._reload()
        strategies.what_if.choose(self.strategy)

    def deactivate(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._reload_timer.stop()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_state(self, strategy: str, state: PanelState) -> None:
        self._states[strategy] = state
        if strategy == self.strategy:
            self.state_changed.emit()

    def _on_selection(self, _context: object) -> None:
        self.selection_changed.emit()

    def _on_picture(self, picture: ScanPicture | ClosingPicture | DayTradePicture) -> None:
        """The market under the standard rules is another one: so are the distributions, a little later."""
        if not picture.what_if and not self._reload_timer.isActive():
            self._reload_timer.start()

    def _on_result(self, result: WhatIfState) -> None:
        if result.strategy != self.strategy:
            return
        self.result = result
        self.moved_count = _moved_count(result)
        self._take_values(result)
        self.values_changed.emit()
        self.results_changed.emit()

    def _take_values(self, result: WhatIfState) -> None:
        self._values = {item.name: item.default for item in self.thresholds}
        self._values.update({item.name: item.value for item in result.changed})

    def _reload(self) -> None:
        if self.strategies is None:
            return
        if self.dragging:
            self._reload_timer.start()
            return
        self.thresholds = self.strategies.what_if.thresholds(self.strategy)
        self._values = {item.name: item.value for item in self.thresholds}
        self.sliders_changed.emit()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def value(self, name: str) -> float:
        """Where a threshold stands."""
        return self._values[name]

    @property
    def active(self) -> bool:
        """Whether anything is moved, of any strategy."""
        last = self.strategies.what_if.state.last if self.strategies is not None else None
        return last is not None and last.active

    @property
    def market(self) -> MarketPicture | None:
        """The market on screen."""
        return self._workstation.market.last

    def name_of(self, ticker: str) -> str:
        """Name of a symbol in the chosen language."""
        picture = self.market
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return ticker
        english = str(picture.panel.names_en[row]) if self._look.language == "en" else ""
        return english or str(picture.panel.names[row]) or ticker

    @property
    def selected_ticker(self) -> str:
        """Symbol the linked panels look at; empty if none was chosen."""
        context = self._workstation.selection.last
        return context.ticker if context is not None else ""

    @property
    def is_stale(self) -> bool:
        """Whether the strategy's scan is older than it should be."""
        return isinstance(self._states.get(self.strategy), Stale)

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if self.strategies is None:
            return Empty("what_if.empty.off")
        state = self._states.get(self.strategy)
        if state is None or (isinstance(state, Ready) and self.market is None):
            return Empty("what_if.empty.waiting")
        return state

    # -- what the user does ---------------------------------------------------------------------------------------------

    def choose(self, strategy: str) -> None:
        """Look at another strategy's thresholds; what was moved stays moved."""
        found = next((name for name in STRATEGIES if name == strategy), None)
        if found is None or found == self.strategy:
            return
        self.strategy, self.result = found, None
        if self._subscriptions and self.strategies is not None:
            self._reload()
            self.results_changed.emit()
            self.strategies.what_if.choose(found)
        self.state_changed.emit()

    def move(self, name: str, value: float) -> str:
        """Move a threshold; return why it cannot stand there, else nothing."""
        if self.strategies is None:
            return ""
        self._say("")
        try:
            self.strategies.what_if.move(name, value)
        except RalphStockError as error:
            if error.key == "error.threshold_order":
                return self._look.tr("what_if.problem.order")
            return error_sentence(self._look, error)
        self._values[name] = value
        return ""

    def undo(self) -> None:
        """Take back the last move."""
        if self.strategies is not None:
            self._say("")
            self.strategies.what_if.undo()

    def reset(self) -> None:
        """Back to the standard rules."""
        if self.strategies is not None:
            self._say("")
            self.strategies.what_if.reset()

    def select(self, ticker: str) -> None:
        """Choose a symbol for the linked panels."""
        self._workstation.select(ticker, self.origin)

    # -- profiles -------------------------------------------------------------------------------------------------------

    @property
    def profiles(self) -> tuple[RuleProfile, ...]:
        """Named rule sets."""
        return self.strategies.what_if.profiles() if self.strategies is not None else ()

    def save_as(self, name: str) -> None:
        """Keep the moved thresholds under a name."""
        if self.strategies is not None:
            self._spawn(self._told(self.strategies.what_if.save_as(name)), "save profile")

    def load(self, name: str) -> None:
        """Move the thresholds to those of a profile."""
        if self.strategies is not None:
            self._spawn(self._told(self.strategies.what_if.load(name)), "load profile")

    def delete(self, name: str) -> None:
        """Forget a profile."""
        if self.strategies is not None:
            self._spawn(self._told(self.strategies.what_if.delete(name)), "delete profile")

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, and say in the panel what an expected error stopped."""
        self._say("")
        try:
            await work
        except RalphStockError as error:
            self._say(error_sentence(self._look, error))

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self.problem_changed.emit()


def _moved_count(result: WhatIfState) -> int:
    """Count what differs. Sections nobody moved are the same objects, which keeps this out of a drag's way."""
    count = 0
    for section in dataclasses.fields(result.rules):
        moved, base = getattr(result.rules, section.name), getattr(result.base_rules, section.name)
        if moved is base:
            continue
        for item in dataclasses.fields(moved):
            one, other = getattr(moved, item.name), getattr(base, item.name)
            pairs = zip(one, other, strict=True) if isinstance(one, tuple) else ((one, other),)
            count += sum(left != right for left, right in pairs)
    return count
