"""Toasts: what the trader is told right now, bottom right of the window's monitor, without taking the keyboard.

* At most three; a fourth closes the oldest one that nobody is looking at. Notices of one kind and strategy that come while
  one of them is shown are told by that toast, with their number.
* A toast stays eight seconds, and as long as the pointer or the keyboard is in it. It never moves once it stands.
* Its place keeps off the selected rows and the row under the pointer where the screen leaves room for that.
* ``Alt+N`` puts the keyboard into the newest one: Enter opens the chart, Tab walks, Esc closes and gives the keyboard back.
* Nothing is shown while an earlier moment of the market is looked at.

GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import MarketPicture, Workstation
from ralphstock_desktop.services.strategy_contracts import NoticeBook
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.toast import KEYS, Toast
from ralphstock_desktop.ui.toast_place import free_place, rows_to_keep_clear
from ralphstock_desktop.ui.viewmodels.alert_rows import MUTE_MINUTES

__all__ = ["MOST", "SHOWN_MS", "ToastDeck"]

MOST = 3
"""Toasts at the same time."""
SHOWN_MS = 8_000
_EDGE, _GAP = 12, 8


class ToastDeck(QObject):
    """Shows fresh notices. See the module text.

    Parameters
    ----------
    window : QWidget
        The main window: its monitor, its rows, its life.
    shown_ms : int
        How long a toast stays.
    keep_clear : callable
        Global rectangles a toast should not cover.

    Signals
    -------
    chart_wanted(str)
        Open the chart of a ticker.
    evidence_wanted(str, str)
        Show what proves a notice: ticker and strategy; for the gate the ticker is empty and the strategy ``gate``.
    list_wanted
        Open the alert list.
    """

    chart_wanted = Signal(str)
    evidence_wanted = Signal(str, str)
    list_wanted = Signal()

    def __init__(
        self,
        appearance: Appearance,
        window: QWidget,
        *,
        shown_ms: int = SHOWN_MS,
        keep_clear: Callable[[QWidget], list[QRect]] = rows_to_keep_clear,
    ) -> None:
        super().__init__(window)
        self._look, self._window, self._shown_ms, self._keep_clear = appearance, window, shown_ms, keep_clear
        self.reduced_motion = False
        self.toasts: list[Toast] = []
        """Shown now, oldest first."""
        self._past = False
        self._book: NoticeBook | None = None
        self._subscriptions: list[Subscription] = []
        self._before: QWidget | None = None
        self.shortcut = QShortcut(QKeySequence(KEYS), window)
        self.shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self.shortcut.activated.connect(self.focus_newest)
        window.installEventFilter(self)

    # -- facts ----------------------------------------------------------------------------------------------------------

    def follow(self, workstation: Workstation) -> None:
        """Listen to a workstation; does nothing where it runs without strategies."""
        self.stop()
        strategies = workstation.strategies
        if strategies is None:
            return
        self._book = strategies.notices
        self._subscriptions = [
            workstation.market.subscribe(self._on_market),
            self._book.fresh.subscribe(self.show_notice, replay=False),
        ]

    def stop(self) -> None:
        """Stop listening and close everything."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._book = None
        self.close_all()

    def _on_market(self, picture: MarketPicture) -> None:
        self._past = not picture.is_latest
        if self._past:
            self.close_all()

    def show_notice(self, record: NoticeRecord) -> None:
        """Tell a notice now, unless an earlier moment is looked at or the window cannot be seen."""
        if self._past or not self._window.isVisible() or self._window.isMinimized():
            return
        same = next((toast for toast in self.toasts if _group(toast.record) == _group(record)), None)
        if same is not None:
            same.join(record)
            return
        while len(self.toasts) >= MOST:
            (next((toast for toast in self.toasts if not toast.is_looked_at), self.toasts[0])).close()
        toast = Toast(self._look, record, self._shown_ms, self._window)
        toast.chart_wanted.connect(lambda: self._on_chart(toast))
        toast.evidence_wanted.connect(lambda: self._on_evidence(toast))
        toast.list_wanted.connect(lambda: self._on_list(toast))
        toast.mute_wanted.connect(lambda: self._on_mute(toast))
        toast.left.connect(self._give_back)
        toast.stolen.connect(self._window.activateWindow)
        toast.gone.connect(lambda: self._on_gone(toast))
        screen = self._window.screen() or QGuiApplication.primaryScreen()
        px = self._look.px
        place = free_place(
            toast.size(),
            screen.availableGeometry(),
            [QRect(other.place, other.size()) for other in self.toasts],
            self._keep_clear(self._window),
            edge=px(_EDGE),
            gap=px(_GAP),
        )
        self.toasts.append(toast)
        toast.stand_at(place, still=self.reduced_motion)

    # -- the user's hand ------------------------------------------------------------------------------------------------

    def focus_newest(self) -> None:
        """Put the keyboard into the newest toast; Esc gives it back."""
        if self.toasts:
            self._before = QApplication.focusWidget()
            self.toasts[-1].take_keyboard()

    def close_all(self) -> None:
        """Close every toast."""
        for toast in list(self.toasts):
            toast.close()

    def _on_chart(self, toast: Toast) -> None:
        record = toast.record
        self._read(record)
        toast.close()
        self._raise()
        self.chart_wanted.emit(record.ticker)

    def _on_evidence(self, toast: Toast) -> None:
        record = toast.record
        self._read(record)
        toast.close()
        self._raise()
        self.evidence_wanted.emit(record.ticker, "gate" if record.kind == "gate" else record.strategy)

    def _on_list(self, toast: Toast) -> None:
        toast.close()
        self._raise()
        self.list_wanted.emit()

    def _on_mute(self, toast: Toast) -> None:
        if self._book is not None:
            # A toast that speaks for several symbols mutes the kind.
            ticker = toast.record.ticker if toast.count == 1 else ""
            self._book.mute(toast.record.kind, ticker, MUTE_MINUTES)
        toast.close()
        if self._before is not None:
            self._give_back()

    def _read(self, record: NoticeRecord) -> None:
        if self._book is not None and record.id:
            self._book.mark_read([record.id])

    def _raise(self) -> None:
        self._window.raise_()
        self._window.activateWindow()

    def _give_back(self) -> None:
        """The keyboard goes where it was."""
        self._window.activateWindow()
        if self._before is not None:
            with suppress(RuntimeError):  # that widget was deleted meanwhile: the window chooses
                self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None

    def _on_gone(self, toast: Toast) -> None:
        if toast in self.toasts:
            self.toasts.remove(toast)
        toast.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go with the window when it closes, hides or is minimised."""
        if watched is self._window:
            folded = event.type() == QEvent.Type.WindowStateChange and self._window.isMinimized()
            if folded or event.type() in (QEvent.Type.Close, QEvent.Type.Hide):
                self.close_all()
        return super().eventFilter(watched, event)


def _group(record: NoticeRecord) -> tuple[str, str]:
    """What one toast speaks for: a kind of one strategy."""
    return record.kind, record.strategy
