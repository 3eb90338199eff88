"""Desktop notifications while the window is not the active one, through the system's tray.

Without a tray nothing is made and nothing happens: the alert list and the toasts remain. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import MarketPicture, SettingsStore, Workstation
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.alert_rows import kind_word, notice_body, notice_name

__all__ = ["DesktopNotices", "Tray"]

_SHOWN_MS = 8_000
_SETTING = "notices_desktop"


class Tray(Protocol):
    """The part of ``QSystemTrayIcon`` that is used."""

    messageClicked: SignalInstance
    activated: SignalInstance

    def showMessage(self, title: str, text: str, icon: Any, msecs: int) -> None: ...
    def show(self) -> None: ...
    def hide(self) -> None: ...
    def setToolTip(self, text: str) -> None: ...


class DesktopNotices(QObject):
    """See the module text.

    Parameters
    ----------
    window : QWidget
        The main window.
    settings : SettingsStore
        ``notices_desktop`` switches everything here.
    make_tray : callable, optional
        Makes the icon; None where the system has no tray. By default the system's.

    Signals
    -------
    opened(str)
        A notification was clicked: the ticker, empty where the notice is about no stock. The window is in front by then.
    """

    opened = Signal(str)

    def __init__(
        self,
        appearance: Appearance,
        window: QWidget,
        settings: SettingsStore,
        *,
        make_tray: Callable[[], Tray | None] | None = None,
    ) -> None:
        super().__init__(window)
        self._look, self._window, self._settings = appearance, window, settings
        self._make_tray = make_tray or self._system_tray
        self._tray: Tray | None = None
        self._past = False
        self._told: NoticeRecord | None = None
        self._subscriptions: list[Subscription] = []

    def follow(self, workstation: Workstation) -> None:
        """Listen to a workstation; does nothing where it runs without strategies."""
        self.stop()
        strategies = workstation.strategies
        if strategies is not None:
            self._subscriptions = [
                workstation.market.subscribe(self._on_market),
                strategies.notices.fresh.subscribe(self.show_notice, replay=False),
            ]

    def stop(self) -> None:
        """Stop listening and take the icon away."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        if self._tray is not None:
            self._tray.hide()
            self._tray = None

    def show_notice(self, record: NoticeRecord) -> None:
        """Tell a notice through the system, if the window is not active and the setting is on."""
        if self._past or self._window.isActiveWindow() or self._settings.get(_SETTING) is not True:
            return
        tray = self._tray or self._begin()
        if tray is None:
            return
        self._told = record
        look = self._look
        title = look.tr("alerts.toast.title", kind=kind_word(look, record), name=notice_name(look, record))
        tray.showMessage(title, notice_body(look, record), self._look.icon("bell", "accent"), _SHOWN_MS)

    def _on_market(self, picture: MarketPicture) -> None:
        self._past = not picture.is_latest

    def _begin(self) -> Tray | None:
        """Make the icon when there is something to tell for the first time."""
        tray = self._make_tray()
        if tray is not None:
            tray.setToolTip(self._look.tr("alerts.tray.tip"))
            tray.messageClicked.connect(self._on_clicked)
            tray.activated.connect(self._on_activated)
            tray.show()
            self._tray = tray
        return tray

    def _system_tray(self) -> Tray | None:
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return None
        return QSystemTrayIcon(self._look.icon("bell", "accent"), self)

    def _on_clicked(self) -> None:
        record, self._told = self._told, None
        self._raise()
        self.opened.emit(record.ticker if record is not None else "")

    def _on_activated(self, _reason: object) -> None:
        self._raise()

    def _raise(self) -> None:
        """Bring the window to the front, out of the task bar if it is there."""
        state = self._window.windowState()
        self._window.setWindowState((state & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()
