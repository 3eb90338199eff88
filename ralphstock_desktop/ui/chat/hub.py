"""What the window does for the chat: opens its panel, leads to the places of an answer, tells what is on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.asking import Askable, questions
from ralphstock_desktop.ui.chat.link import AskSubject, AskWish, ChatLink
from ralphstock_desktop.ui.chat.navigation import Navigator
from ralphstock_desktop.ui.layout.dock_area import DockArea

if TYPE_CHECKING:
    from ralphstock_desktop.ui.dialogs.help_page import HelpPage

__all__ = ["ChatHub"]

_SETTLE_MS = 120


@runtime_checkable
class _TakesQuestions(Protocol):
    """The chat panel."""

    def take_question(self, wish: AskWish) -> None: ...


class ChatHub(QObject):
    """Made once per window.

    Parameters
    ----------
    area : DockArea
        Opens panels and knows which can be seen.
    link : ChatLink
        What panels and chat tell each other.
    window : QWidget
        Parent of the help page.
    """

    def __init__(
        self, area: DockArea, workstation: Workstation, appearance: Appearance, link: ChatLink, window: QWidget
    ) -> None:
        super().__init__(window)
        self._area, self._workstation, self._look, self._link, self._window = area, workstation, appearance, link, window
        self._help: HelpPage | None = None
        self.navigator = Navigator(area, appearance, link, workstation.select, self.open_help, self)
        # Tabs and workspaces change several panels at a time: what is on screen is told once they have settled.
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._tell_shown)
        area.changed.connect(self._settle.start)
        self._subscription = link.ask.subscribe(self._on_ask, replay=False)

    def close(self) -> None:
        """Stop listening."""
        self._settle.stop()
        self._subscription.close()
        self.navigator.close()
        if self._help is not None:
            self._help.close()

    def open(self) -> None:
        """Bring the chat to the front."""
        if "chat" in self._area.docks:
            self._area.open_panel("chat")
            self._tell_shown()

    def open_help(self, anchor: str) -> bool:
        """Open the help at an anchor; False where there is no such page."""
        from ralphstock_desktop.ui.dialogs.help_page import HelpPage  # the pages are read when one is wanted first

        if self._help is None:
            self._help = HelpPage(self._look, lambda: self._workstation.rules, self._window)
        return self._help.open_at(anchor)

    def _on_ask(self, wish: AskWish) -> None:
        if "chat" not in self._area.docks:
            return
        self._tell_shown()  # before the panel covers another one: the question is about what was seen
        frame = self._area.open_panel("chat")
        if isinstance(frame, _TakesQuestions):
            frame.take_question(wish)

    def ask_about_focus(self) -> None:
        """Write a question about what has the keyboard; about the symbol looked at where that is nothing in particular."""
        widget: QObject | None = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, Askable):
            widget = widget.parent()
        subject = widget.ask_subject(None) if isinstance(widget, Askable) else None
        if subject is None:
            subject = self._selected()
        if subject is None:
            self.open()
        else:
            self._link.ask.publish(AskWish(questions(subject, self._look)[0]))

    def _selected(self) -> AskSubject | None:
        context, picture = self._workstation.selection.last, self._workstation.market.last
        if context is None or picture is None:
            return None
        row = picture.panel.row_of(context.ticker)
        if row is None:
            return None
        names = (str(picture.panel.names[row]), str(picture.panel.names_en[row]))
        name = names[1] or names[0] if self._look.language == "en" else names[0]
        return AskSubject("symbol", context.ticker, name or context.ticker)

    def _tell_shown(self) -> None:
        shown = tuple(self._area.shown())
        if shown != self._link.shown.last:
            self._link.shown.publish(shown)
