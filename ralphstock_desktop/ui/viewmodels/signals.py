"""View-model of the signal table (screen 0811): detected patterns, by grade, breaks, and the watch list."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.scan import Grade, VcpState
from ralphstock_desktop.services.contracts import Empty, PanelState
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["SignalsViewModel"]

_GRADES = {"s": Grade.S, "a": Grade.A, "b": Grade.B}


class SignalsViewModel(ScanTableViewModel):
    """Rows are the panel's symbols; the chip decides which are signals. Detected patterns by default."""

    chips = ("all", "s", "a", "b", "breakout_count", "watch")

    def chip_mask(self, chip: str) -> npt.NDArray[np.bool_]:
        """Detected patterns (all, of one grade, breaking out), or scored ones that were not detected."""
        assert self.rows is not None
        scan = self.rows.scan
        if chip == "watch":
            return self.rows.watched
        if chip in _GRADES:
            return np.asarray(scan.pattern & (scan.grade == _GRADES[chip]))
        if chip == "breakout_count":
            return np.asarray(scan.pattern & (scan.state == VcpState.BREAKOUT))
        return scan.pattern

    def _empty_state(self) -> PanelState | None:
        if self.rows is None or self.picture is None or self.chip == "watch" or self.rows.scan.pattern.any():
            return None
        if not self.rows.scored.any():
            return Empty("empty.signals.unscored", {"universe": self.picture.universe}, "import")
        best = self._nearest()
        fields: dict[str, str | int | float] = {
            "scored": fmt.number(self.picture.scored),
            "nearest": self.rows.name(best, self.rows.language),
            "total": fmt.score(float(self.rows.scan.total_score[best])),
        }
        return Empty("empty.signals.none", fields, "watch")

    def _nearest(self) -> int:
        """Row of the watched symbol with the best total."""
        assert self.rows is not None
        return int(np.argmax(np.where(self.rows.watched, self.rows.scan.total_score, -1.0)))

    @property
    def nearest_ticker(self) -> str:
        """The symbol that comes nearest to a signal; empty where nothing was scored."""
        return self.rows.tickers[self._nearest()] if self.rows is not None and self.rows.scored.any() else ""
