"""Which performance report the panels of a window look at: chosen in the list of backtests, shown in the performance panel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ralphstock_desktop.strategy_ports import StoredBacktest
from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["RunShelf"]

_NAME = "run-shelf"


class RunShelf(QObject):
    """One per window; lives as long as the window's appearance.

    Signals
    -------
    opened(StoredBacktest)
        The user opened a stored run.
    dropped(int)
        A stored run was deleted.
    """

    opened = Signal(object)
    dropped = Signal(int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName(_NAME)
        self.run: StoredBacktest | None = None

    @classmethod
    def of(cls, appearance: Appearance) -> RunShelf:
        """The shelf of the window."""
        found = appearance.findChild(QObject, _NAME)
        return found if isinstance(found, cls) else cls(appearance)

    def show_run(self, run: StoredBacktest) -> None:
        """Put a stored run in front."""
        self.run = run
        self.opened.emit(run)

    def clear(self) -> None:
        """Forget everything: the stored runs of another market have numbers of their own."""
        self.run = None

    def drop(self, run_id: int) -> None:
        """Forget a run that was deleted."""
        if self.run is not None and self.run.summary.id == run_id:
            self.run = None
        self.dropped.emit(run_id)
