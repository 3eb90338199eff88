"""The way of the keyboard through the messages: links, sources and buttons in reading order, made as it comes to them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QWidget

from ralphstock_desktop.ui.chat.body_view import BodyView
from ralphstock_desktop.ui.chat.turn_slots import Slot, Slots
from ralphstock_desktop.ui.chat.turn_view import TurnView

__all__ = ["TurnWalk"]


class TurnWalk:
    """Moves the focus from stop to stop.

    Parameters
    ----------
    reveal : callable
        Make a message and bring it into sight.
    keep_in_sight : callable
        Scroll as little as possible so that a rectangle of a message is seen.
    """

    def __init__(self, slots: Slots, reveal: Callable[[Slot], None], keep_in_sight: Callable[[TurnView, QRect], None]) -> None:
        self._slots, self._reveal, self._keep_in_sight = slots, reveal, keep_in_sight

    def holder(self) -> int:
        """Index of the message that has the keyboard, or -1."""
        focus = QApplication.focusWidget()
        for number, slot in enumerate(self._slots.all):
            if slot.view is not None and focus is not None and (focus is slot.view or slot.view.isAncestorOf(focus)):
                return number
        return -1

    def step(self, *, forward: bool) -> bool:
        """Go on from the stop that has the keyboard; False at the end of the conversation."""
        number, focus = self.holder(), QApplication.focusWidget()
        view = self._slots.all[number].view
        stops = view.focusables() if view is not None else []
        at = next((position for position, stop in enumerate(stops) if stop is focus), -1) + (1 if forward else -1)
        if view is not None and 0 <= at < len(stops):
            self._give(view, stops[at], forward=forward)
            return True
        return self.step_into(number + (1 if forward else -1), forward=forward)

    def step_into(self, number: int, *, forward: bool) -> bool:
        """Enter the first message from ``number`` on that has a stop."""
        while 0 <= number < len(self._slots.all):
            slot = self._slots.all[number]
            if slot.view is None:
                self._reveal(slot)
            stops = slot.view.focusables() if slot.view is not None else []
            if slot.view is not None and stops:
                self._give(slot.view, stops[0 if forward else -1], forward=forward)
                return True
            number += 1 if forward else -1
        return False

    def _give(self, view: TurnView, stop: QWidget, *, forward: bool) -> None:
        if isinstance(stop, BodyView):
            stop.enter_by_keyboard(forward)
        else:
            stop.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        # A body keeps its focused link in sight itself.
        if not (isinstance(stop, BodyView) and stop.content.links):
            self._keep_in_sight(view, QRect(stop.mapTo(view, QPoint(0, 0)), stop.size()))
