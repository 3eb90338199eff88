"""Lets a table follow the running market: changed cells a frame, order once a second, and what is in sight told to the feed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.models.array_table import ArrayTableModel
from ralphstock_desktop.ui.viewmodels.live_rows import LIVE_COLUMNS
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel

__all__ = ["LiveTableFollower"]

Rows = npt.NDArray[np.intp]
_ORDER_MS = 1_000
"""Prices order a table again at most this often."""
_WANT_MS = 200
"""Scrolling tells the feed what is in sight when it has come to rest for so long."""
_FLASHING = ("price", "change")


class LiveTableFollower(QObject):
    """Carries live values from a view-model into the model and view of its table.

    Signals
    -------
    ordered
        Filter and order were worked out again.
    """

    ordered = Signal()

    def __init__(self, model: ArrayTableModel, view: ArrayTableView, view_model: ScanTableViewModel) -> None:
        super().__init__(view)
        self._model, self._view, self._vm = model, view, view_model
        self._active = False
        shown = [column for column in LIVE_COLUMNS if model.column_at(column) is not None]
        self._flashing = [column for column in shown if column in _FLASHING]
        self._quiet = [column for column in shown if column not in _FLASHING]
        self._scored = [spec.id for spec in model.columns if spec.id not in LIVE_COLUMNS]
        self._order_timer, self._want_timer = QTimer(self), QTimer(self)
        for timer, pause, slot in (
            (self._order_timer, _ORDER_MS, self.order_now),
            (self._want_timer, _WANT_MS, self._tell_wanted),
        ):
            timer.setSingleShot(True)
            timer.setInterval(pause)
            timer.timeout.connect(slot)
        view_model.quotes_changed.connect(self._on_quotes)
        view_model.scores_changed.connect(self._on_scores)
        view_model.values_changed.connect(self._on_values)
        view.verticalScrollBar().valueChanged.connect(self.want_later)
        model.order_changed.connect(self.want_later)

    def start(self) -> None:
        """The table can be seen: tell the feed what is in sight."""
        self._active = True
        self.want_later()

    def stop(self) -> None:
        """Do nothing any more until the table is seen again."""
        self._active = False
        self._order_timer.stop()
        self._want_timer.stop()

    # -- values ---------------------------------------------------------------------------------------------------------

    def _on_quotes(self, rows: Rows, signs: npt.NDArray[np.int8]) -> None:
        """Mark what changed: cells in sight are painted and flash, the others are worked out when they come into sight."""
        visible = self._tell(rows, self._flashing + self._quiet)
        if visible.any():
            self._model.mark_changed(rows[visible], self._flashing, signs[visible])
            self._model.mark_changed(rows[visible], self._quiet, flash=False)
            self._model.flush()
        self._order_later()

    def _on_scores(self, rows: Rows) -> None:
        """Provisional scores moved: only those rows are worked out again."""
        visible = self._tell(rows, self._scored)
        self._view.drop_pictures_of(set(rows.tolist()))
        if visible.any():
            self._model.mark_changed(rows[visible], self._scored, flash=False)
            self._model.flush()
        self._order_later()

    def _tell(self, rows: Rows, columns: list[str]) -> npt.NDArray[np.bool_]:
        """Forget cells that nobody sees now; return which of the rows are in sight."""
        model = self._model
        seen = np.zeros(model.source.size if model.source is not None else 0, dtype=np.bool_)
        seen[model.order[self._view.rows_in_sight()]] = True
        in_sight = seen[rows]
        model.invalidate(rows[~in_sight], columns)
        return in_sight

    def _on_values(self) -> None:
        self._model.values_changed()
        self._order_later()

    @property
    def is_waiting(self) -> bool:
        """Whether filter and order are about to be worked out again."""
        return self._order_timer.isActive()

    # -- order ----------------------------------------------------------------------------------------------------------

    def _order_later(self) -> None:
        if not self._order_timer.isActive():
            self._order_timer.start()

    def order_now(self) -> None:
        """Filter and order by the values of now; a held table only counts what would move."""
        self._order_timer.stop()
        if self._vm.rows is not None and self._model.source is self._vm.rows:
            self._model.refresh(self._vm.mask())
            self.ordered.emit()

    # -- what is in sight -------------------------------------------------------------------------------------------------

    def want_later(self) -> None:
        """Tell the feed soon what is in sight."""
        if self._active and self._vm.live is not None:
            self._want_timer.start()

    def _tell_wanted(self) -> None:
        rows = self._vm.rows
        if rows is not None and self._active:
            seen = self._model.order[self._view.rows_in_sight()].tolist()
            self._vm.want([rows.tickers[row] for row in seen])
