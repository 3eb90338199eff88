"""When the card over a linked value is shown: a moment after the pointer came to it, at once where the keyboard did."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from ralphstock_desktop.services.assistant_contracts import Fact
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.body_view import BodyView
from ralphstock_desktop.ui.chat.fact_card import FactCard
from ralphstock_desktop.ui.chat.turn_view import TurnView

__all__ = ["CardKeeper"]

_WAIT_MS = 250


class CardKeeper(QObject):
    """Owns the card of a conversation."""

    def __init__(self, look: Appearance, view: QWidget) -> None:
        super().__init__(view)
        self._owner = view
        self.card = FactCard(look, view)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show)
        self._wanted: tuple[TurnView, Fact, QRect] | None = None

    def hover(self, view: TurnView | None, fact: Fact | None, place: QRect) -> None:
        """The pointer or the keyboard is at a value of a message (global rectangle), or at none."""
        if view is None or fact is None:
            self.hide()
            return
        self._wanted = (view, fact, place)
        self._timer.start(0 if self._by_keyboard(view, fact) is not None else _WAIT_MS)

    def hide(self) -> None:
        """Take the card away and forget what was pointed at."""
        self._timer.stop()
        self._wanted = None
        self.card.hide()

    @staticmethod
    def _by_keyboard(view: TurnView, fact: Fact) -> BodyView | None:
        focus = QApplication.focusWidget()
        if isinstance(focus, BodyView) and view.isAncestorOf(focus) and focus.focused_fact() == fact.id:
            return focus
        return None

    def _show(self) -> None:
        if self._wanted is None or not self._owner.isVisible():
            return
        view, fact, place = self._wanted
        body = self._by_keyboard(view, fact)
        if body is not None:
            # The conversation has scrolled to it since: ask where it is now.
            rect = body.hovered_rect()
            place = QRect(body.mapToGlobal(rect.topLeft()), rect.size())
        self.card.show_fact(fact, place)
