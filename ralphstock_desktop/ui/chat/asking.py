"""Asking about what is on screen: the context menus of tables, evidence, news and the gate get entries that write a question.

A view takes part by having ``ask_subject(place)``: what is at a place of its viewport, or (None) what the keyboard is at. Views
with a menu of their own take part by calling :meth:`AskMenus.add_entries` through a hook. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject, AskWish, ChatLink

__all__ = ["AskMenus", "Askable", "MenuHook", "questions"]


@runtime_checkable
class Askable(Protocol):
    """A view whose places are about something."""

    def ask_subject(self, place: QPoint | None) -> AskSubject | None: ...


@runtime_checkable
class MenuHook(Protocol):
    """A view with a menu of its own, to which more can be added: given what its place is about, and the menu."""

    more_entries: Callable[[AskSubject, QMenu], None] | None


def questions(subject: AskSubject, look: Appearance) -> list[str]:
    """Questions about a subject, the most obvious one first."""
    tr, name = look.tr, subject.name or subject.ticker
    if subject.kind == "gate":
        first = [tr("chat.ask.gate_item", label=subject.label)] if subject.label else []
        return [*first, tr("chat.ask.gate"), tr("chat.ask.best")]
    if subject.kind == "article" and subject.label:
        title = subject.label if len(subject.label) <= 80 else f"{subject.label[:79]}…"
        key = "chat.ask.article" if name else "chat.ask.article_market"
        first = [tr(key, name=name, title=title) if name else tr(key, title=title)]
    elif subject.kind == "item" and subject.label:
        first = [tr("chat.ask.item", name=name, label=subject.label)]
    elif subject.grade:
        first = [tr("chat.ask.why_grade", name=name, grade=subject.grade)]
    else:
        first = [tr("chat.ask.why", name=name)]
    if not name:
        return first
    return first + [tr(f"chat.ask.{kind}", name=name) for kind in ("plan", "flow", "news", "near")]


def _subject_of(widget: object) -> Callable[[QPoint | None], AskSubject | None] | None:
    """How a widget tells what its places are about; None if it takes no part."""
    return widget.ask_subject if isinstance(widget, Askable) else None


class AskMenus(QObject):
    """Puts the entries into the menus of all panels of a window.

    Parameters
    ----------
    appearance : Appearance
        Words.
    link : ChatLink
        Where the questions go.
    """

    def __init__(self, appearance: Appearance, link: ChatLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look, self._link = appearance, link
        self.others: list[Callable[[AskSubject, QMenu], None]] = []
        """More entries about the same place, before the questions."""

    def attach(self, frame: QWidget) -> None:
        """Take part in the menus of a panel that has just been made."""
        for widget in (frame, *frame.findChildren(QWidget)):
            if isinstance(widget, MenuHook):
                widget.more_entries = self.add_entries
            elif _subject_of(widget) is not None and widget.contextMenuPolicy() != Qt.ContextMenuPolicy.CustomContextMenu:
                widget.installEventFilter(self)
                if isinstance(widget, QAbstractScrollArea):
                    widget.viewport().installEventFilter(self)

    def add_entries(self, subject: AskSubject, menu: QMenu) -> None:
        """Add what can be asked about a subject: one entry that writes the question, and a list that asks at once."""
        look, found = self._look, questions(subject, self._look)
        for add in self.others:
            add(subject, menu)
        if menu.actions():
            menu.addSeparator()
        key = "chat.ask.symbol" if subject.ticker else "chat.ask.about"
        write = menu.addAction(look.icon("chat", "accent"), look.tr(key))
        write.triggered.connect(lambda _on=False: self._link.ask.publish(AskWish(found[0])))
        now = menu.addMenu(look.tr("chat.ask.now"))
        for question in found:
            # An ampersand in a name is no mnemonic.
            entry = now.addAction(question.replace("&", "&&"))
            entry.triggered.connect(lambda _on=False, text=question: self._link.ask.publish(AskWish(text, send=True)))

    def menu_for(self, view: QWidget, subject: AskSubject) -> QMenu:
        """The menu of a view that has none of its own; deletes itself when it closes."""
        menu = QMenu(view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.add_entries(subject, menu)
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the menu where the pointer or the keyboard asks for it."""
        if event.type() != QEvent.Type.ContextMenu or not isinstance(event, QContextMenuEvent):
            return super().eventFilter(watched, event)
        found = next((each for each in (watched, watched.parent()) if each is not None and _subject_of(each) is not None), None)
        read = _subject_of(found) if found is not None else None
        view = found if isinstance(found, QWidget) else None
        if view is None or read is None:
            return super().eventFilter(watched, event)
        by_keys = event.reason() == QContextMenuEvent.Reason.Keyboard
        place = event.pos()
        if watched is view and isinstance(view, QAbstractScrollArea):
            place = view.viewport().mapFrom(view, place)
        subject = read(None if by_keys else place)
        if subject is None:
            return super().eventFilter(watched, event)
        self.menu_for(view, subject).popup(event.globalPos())
        event.accept()
        return True
