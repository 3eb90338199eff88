"""From a number in an answer to its place: the panel comes to the front and the very row, cell, bar or article is lit.

1. The panel of the target is opened, or raised if it is open.
2. The panel is asked to land there. A panel that has only just come into sight may still be reading: it is asked again a few
   times within a second.
3. How it ended is told on the link; an address outside the program is never opened from here.

Panels take part by having a ``land_…`` method. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject, QTimer

from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import ChatLink, Landing

__all__ = ["CHAT_ORIGIN", "Navigator", "PanelHost"]

CHAT_ORIGIN = "chat"
_TRIES, _PAUSE_MS = 12, 80
_EVIDENCE_PANELS = {"": "evidence", "VCP": "evidence", "CLOSING_BET": "closing_card", "DAY_TRADE": "day_checklist"}
_TABLES = {"": "signals", "VCP": "signals", "CLOSING_BET": "closing", "DAY_TRADE": "day_scanner"}


class PanelHost(Protocol):
    """What opens panels."""

    @property
    def docks(self) -> Mapping[str, object]: ...
    def open_panel(self, name: str) -> object: ...


@runtime_checkable
class LandsOnItem(Protocol):
    """Evidence, closing card, checklist, gate: a row of a score."""

    def land_on_item(self, ticker: str, item: str) -> bool: ...


@runtime_checkable
class LandsOnCell(Protocol):
    """A table: a row, and a cell of it."""

    def land_on_cell(self, ticker: str, column: str, strategy: str = ..., /) -> bool: ...


@runtime_checkable
class LandsOnDays(Protocol):
    """A chart: a run of bars."""

    def land_on_days(self, ticker: str, first: date | None, last: date | None) -> bool: ...


@runtime_checkable
class LandsOnArticle(Protocol):
    """The news: an article."""

    def land_on_article(self, news_id: int, url: str, ticker: str) -> bool: ...


@runtime_checkable
class LandsOnRecord(Protocol):
    """The performance: a row of the record."""

    def land_on_record(self, strategy: str, item: str) -> bool: ...


class Navigator(QObject):
    """Listens to the places the chat wants to go to.

    Parameters
    ----------
    host : PanelHost
        Opens panels.
    link : ChatLink
        Where places are asked for and landings told.
    select : callable
        Makes a symbol the one looked at, for panels that cannot land by themselves.
    open_help : callable
        Opens the help at an anchor; False where there is no such page.
    """

    def __init__(
        self,
        host: PanelHost,
        appearance: Appearance,
        link: ChatLink,
        select: Callable[[str, str], None],
        open_help: Callable[[str], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._host, self._look, self._link, self._select, self._open_help = host, appearance, link, select, open_help
        self._target: Target | None = None
        self._panel: object = None
        self._tries = 0
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_PAUSE_MS)
        self._again.timeout.connect(self._try)
        self._subscription = link.go.subscribe(self.go, replay=False)

    def close(self) -> None:
        """Stop listening."""
        self._again.stop()
        self._subscription.close()

    def panel_of(self, target: Target) -> str:
        """Name of the panel a target lies in; empty where there is none."""
        if target.kind == "evidence":
            return target.panel or _EVIDENCE_PANELS.get(target.strategy, "evidence")
        if target.kind == "cell":
            return target.panel or _TABLES.get(target.strategy, "signals")
        fixed = {"bars": "chart", "flow": "flow", "article": "news", "gate": "gate", "record": "performance"}
        return fixed.get(target.kind, target.panel)

    def go(self, target: Target) -> None:
        """Go to a place; a journey that is still under way is given up."""
        self._again.stop()
        self._target = target
        if target.kind == "help":
            found = self._open_help(target.item)
            self._tell(Landing(target, found, "" if found else "chat.go.no_help"))
            return
        name = self.panel_of(target)
        if name not in self._host.docks:
            self._tell(Landing(target, found=False, note_key="chat.go.no_panel"))
            return
        self._panel = self._host.open_panel(name)
        self._tries = 0
        self._try()

    def _try(self) -> None:
        target = self._target
        if target is None:
            return
        if self._land(target):
            self._target = None
            self._tell(Landing(target, found=True))
            return
        self._tries += 1
        if self._tries < _TRIES:
            self._again.start()
            return
        self._target = None
        if target.kind == "record" and self._land_beside(target):
            self._tell(Landing(target, found=True))
        elif target.kind == "article" and target.url:
            self._tell(Landing(target, found=False, url=target.url))
        else:
            self._tell(Landing(target, found=False, note_key=f"chat.go.not_found.{target.kind}"))

    def _land_beside(self, target: Target) -> bool:
        """The record of a grade stands beside the score it belongs to as well, if such a score is on screen."""
        name = _EVIDENCE_PANELS.get(target.strategy, "")
        if name not in self._host.docks:
            return False
        shown = self._host.open_panel(name)
        return isinstance(shown, LandsOnRecord) and shown.land_on_record(target.strategy, target.item)

    def _land(self, target: Target) -> bool:
        panel = self._panel
        if target.kind in ("evidence", "gate") and isinstance(panel, LandsOnItem):
            return panel.land_on_item(target.ticker, target.item)
        if target.kind == "cell" and isinstance(panel, LandsOnCell):
            return panel.land_on_cell(target.ticker, target.item, target.strategy)
        if target.kind in ("bars", "flow") and isinstance(panel, LandsOnDays):
            return panel.land_on_days(target.ticker, target.first_day, target.last_day or target.first_day)
        if target.kind == "article" and isinstance(panel, LandsOnArticle):
            return panel.land_on_article(target.news_id, target.url, target.ticker)
        if target.kind == "record" and isinstance(panel, LandsOnRecord):
            return panel.land_on_record(target.strategy, target.item)
        if target.ticker:
            self._select(target.ticker, CHAT_ORIGIN)
        return True  # the panel itself was the place

    def _tell(self, landing: Landing) -> None:
        self._link.landed.publish(landing)
