"""Link groups: panels of one group look at the same symbol, panels of another group at theirs.

Every panel is given the workstation through a :class:`LinkedWorkstation`, whose ``selection`` and ``focus`` are those of the
panel's group. Group 1 is the workstation's own selection, which the search box and the command line move too; groups 2 to 6
live here; a panel without group (0) keeps its symbol. GUI thread only.
"""

from __future__ import annotations

from typing import Any, cast

from engine.model.evidence import Evidence
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import EvidenceFocus, SymbolContext, Workstation

__all__ = ["LinkHub", "LinkedWorkstation", "as_workstation"]

_MAIN = 1


class LinkedWorkstation:
    """The workstation as one panel sees it: everything is shared but the chosen symbol and the evidence in focus."""

    def __init__(self, hub: LinkHub, workstation: Workstation, name: str) -> None:
        self._hub = hub
        self._workstation = workstation
        self.group = _MAIN
        self.selection: Channel[SymbolContext] = Channel(f"selection of {name}")
        self.focus: Channel[EvidenceFocus] = Channel(f"focus of {name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workstation, name)

    def select(self, ticker: str, origin: str) -> None:
        """Make a symbol the one this panel's group looks at."""
        self._hub.select(self, ticker, origin)

    def focus_evidence(self, ticker: str, evidence: Evidence | None, *, pinned: bool = False) -> None:
        """Light up one evidence row's bars in this panel's group; None clears."""
        self._hub.focus_evidence(self, EvidenceFocus(ticker, evidence, pinned))

    def set_group(self, group: int) -> None:
        """Join another group (0 for none) and look at its symbol, if it has one."""
        if group != self.group:
            self.group = group
            self._hub.joined(self)

    def take_selection(self, context: SymbolContext) -> None:
        """Look at a symbol; the same one again says nothing."""
        if self.selection.last is None or self.selection.last.ticker != context.ticker:
            self.selection.publish(context)

    def take_focus(self, focus: EvidenceFocus) -> None:
        """Show an evidence row; the same one again says nothing."""
        if focus != self.focus.last:
            self.focus.publish(focus)


class LinkHub:
    """Carries selections and focus between the panels of each group."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._views: dict[str, LinkedWorkstation] = {}
        self._selections: dict[int, SymbolContext] = {}
        self._subscriptions = (
            workstation.selection.subscribe(self._on_selection),
            workstation.focus.subscribe(self._on_focus),
        )

    def view(self, name: str) -> LinkedWorkstation:
        """Make the workstation as the panel ``name`` sees it, in group 1 at first."""
        view = LinkedWorkstation(self, self._workstation, name)
        self._views[name] = view
        self.joined(view)
        return view

    def joined(self, view: LinkedWorkstation) -> None:
        """Show a panel the symbol of the group it has just joined."""
        context = self._selections.get(view.group)
        if view.group and context is not None:
            view.take_selection(context)

    def select(self, view: LinkedWorkstation, ticker: str, origin: str) -> None:
        """Carry a panel's choice to its group."""
        if view.group == _MAIN:
            self._workstation.select(ticker, origin)
            return
        context = SymbolContext(ticker, origin)
        if view.group:
            self._selections[view.group] = context
        for other in self._group_of(view):
            other.take_selection(context)

    def focus_evidence(self, view: LinkedWorkstation, focus: EvidenceFocus) -> None:
        """Carry a panel's evidence row to its group."""
        if view.group == _MAIN:
            self._workstation.focus_evidence(focus.ticker, focus.evidence, pinned=focus.pinned)
            return
        for other in self._group_of(view):
            other.take_focus(focus)

    def _group_of(self, view: LinkedWorkstation) -> list[LinkedWorkstation]:
        return [other for other in self._views.values() if other.group == view.group] if view.group else [view]

    def _on_selection(self, context: SymbolContext) -> None:
        self._selections[_MAIN] = context
        for view in self._views.values():
            if view.group == _MAIN:
                view.take_selection(context)

    def _on_focus(self, focus: EvidenceFocus) -> None:
        for view in self._views.values():
            if view.group == _MAIN:
                view.take_focus(focus)


def as_workstation(view: LinkedWorkstation) -> Workstation:
    """The view as the protocol it keeps by delegation."""
    return cast("Workstation", view)
