"""Entries of the panels' context menus that watch a symbol: put it on a list, set an alert on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.watch_names import DEFAULT_LIST
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.dialogs.alert_desk import alert_desk, stock_name
from ralphstock_desktop.ui.dialogs.alert_rule import AlertRuleDialog
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dock_registry import DockContext

__all__ = ["WatchMenus"]


class WatchMenus:
    """Adds the entries to the menu of a place that is about a symbol.

    Parameters
    ----------
    say : callable
        Shows a sentence in the window; asked again when the language changes.
    window : QWidget
        Parent of the editor.
    """

    def __init__(self, context: DockContext, say: Callable[[Callable[[], str]], None], window: QWidget) -> None:
        self._work, self._look, self._spawn = context.workstation, context.appearance, context.spawn
        self._say, self._window = say, window
        self.editor: AlertRuleDialog | None = None

    def add_entries(self, subject: AskSubject, menu: QMenu) -> None:
        """Add "put on a list" (a list of the lists where there are several) and "new alert" for the symbol of a place."""
        book, look, ticker = self._work.watch, self._look, subject.ticker
        if book is None or not ticker:
            return
        entries = book.lists.last or ()
        on = {entry.list_name for entry in entries if entry.ticker == ticker}
        names = [DEFAULT_LIST, *sorted({entry.list_name for entry in entries} - {DEFAULT_LIST})]
        if menu.actions():
            menu.addSeparator()
        star = look.icon("star", "accent")
        if len(names) == 1:
            action = menu.addAction(star, look.tr("watch.menu.add"))
            action.setEnabled(DEFAULT_LIST not in on)
            action.triggered.connect(partial(self._on_add, ticker, DEFAULT_LIST))
        else:
            lists = menu.addMenu(star, look.tr("watch.menu.add_to"))
            for name in names:
                shown = self._shown(look, name).replace("&", "&&")
                action = lists.addAction(look.tr("watch.menu.is_on_it", list=shown) if name in on else shown)
                action.setEnabled(name not in on)
                action.triggered.connect(partial(self._on_add, ticker, name))
        alert = menu.addAction(look.icon("bell", "accent"), look.tr("watch.menu.alert"))
        alert.triggered.connect(partial(self._on_alert, ticker))

    @staticmethod
    def _shown(look: Appearance, name: str) -> str:
        return look.tr("watch.list.first") if name == DEFAULT_LIST else name

    def _on_add(self, ticker: str, list_name: str, _checked: bool = False) -> None:
        self._spawn(self._add(ticker, list_name), "watch list")

    async def _add(self, ticker: str, list_name: str) -> None:
        look, book = self._look, self._work.watch
        if book is None:
            return
        try:
            await book.add(ticker, list_name)
        except RalphStockError as error:
            failure = error
            self._say(lambda: error_sentence(look, failure))
            return
        self._say(lambda: look.tr("watch.menu.added", name=stock_name(self._work, look, ticker)))

    def _on_alert(self, ticker: str, _checked: bool = False) -> None:
        if self.editor is not None:
            self.editor.close()
        desk = alert_desk(self._work, self._look, self._spawn)
        self.editor = AlertRuleDialog(self._look, desk, ticker, self._window)
        self.editor.destroyed.connect(self._forget)
        self.editor.open()

    def _forget(self) -> None:
        self.editor = None
