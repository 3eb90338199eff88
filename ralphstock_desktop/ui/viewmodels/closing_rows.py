"""The closing bet of the whole market as table rows: a thin reading of one :class:`ClosingPicture`.

Row numbers are the panel's rows. Names, live quotes, text search and the traded day come from
:class:`~ralphstock_desktop.ui.viewmodels.scan_rows.ScanRows`; scores, plan and filters are the closing scan's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from engine.model.closing import CLOSING_COMPONENTS, CLOSING_MAX, Cap, ClosingBetScan, Rejection, SignalPhase
from engine.model.panel import FloatArray
from engine.model.performance import RecordRow
from engine.model.scan import Grade, ScoreStatus, VcpScan
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, RecordTable, RunDifference
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from ralphstock_desktop.wording.texts import Language

__all__ = ["COMPONENT_FIELDS", "ClosingRows"]

COMPONENT_FIELDS: tuple[str, ...] = tuple(f"points_{name}" for name in CLOSING_COMPONENTS)
"""Filter fields of the components' points, in the order of the scan's columns."""
_ORDER_STEP = 1e-3
"""Less than any difference of two totals, which are whole points."""
_NEVER_FULL = 1.0 - 1e-9


class ClosingRows(ScanRows):
    """Rows of the closing-bet table.

    Parameters
    ----------
    picture : ClosingPicture
        Scan, panel and differences to the run before.
    language : str
        Language whose names sort the name column.
    """

    def __init__(self, picture: ClosingPicture, language: Language) -> None:
        self.picture = picture
        self.closing: ClosingBetScan = picture.scan
        self.records: RecordTable | None = None
        # Of its scan ScanRows reads only the fields that both kinds of scan have, in what is not overridden here.
        super().__init__(picture.panel, cast(VcpScan, picture.scan), language)

    # -- what belongs to this scan --------------------------------------------------------------------------------------

    def is_provisional(self, row: int) -> bool:
        """Whether a row's score rests on a bar that is still forming: all do, or none."""
        del row
        return self.picture.forming

    def has_gap(self, row: int) -> bool:
        """Gaps in the feed are told by the chart; a closing scan does not mark them."""
        del row
        return False

    @cached_property
    def stored_close(self) -> FloatArray:
        """Close (or last price) of the as-of bar in raw won."""
        return self.closing.close

    @cached_property
    def stored_value(self) -> FloatArray:
        """Traded value of the as-of bar in won."""
        return self.closing.value_krw

    @cached_property
    def value_estimated(self) -> npt.NDArray[np.bool_]:
        """Where the traded value is an estimate."""
        return self.closing.value_estimated

    @cached_property
    def differences(self) -> dict[int, RunDifference]:
        """What confirmation changed, by row."""
        placed = ((self.panel.row_of(change.ticker), change) for change in self.picture.differences)
        return {row: change for row, change in placed if row is not None}

    @cached_property
    def cancelled(self) -> npt.NDArray[np.bool_]:
        """Candidates of the closing auction that were lost at confirmation."""
        lost = np.zeros(self.size, dtype=np.bool_)
        lost[[row for row, change in self.differences.items() if change.change == "cancelled"]] = True
        return lost

    @cached_property
    def signals(self) -> npt.NDArray[np.bool_]:
        """Where there is a signal (not rejected, grade B or better)."""
        return np.asarray(self.closing.phase != SignalPhase.NONE)

    @cached_property
    def place(self) -> FloatArray:
        """Place of each candidate in the scan's order, first is 1; NaN for the others."""
        place = np.full(self.size, np.nan)
        place[self.closing.order] = np.arange(1, len(self.closing.order) + 1)
        return place

    @cached_property
    def order_keys(self) -> FloatArray:
        """Totals that also carry the scan's own order of equal totals, so that one key sorts as domain.md §3.4 says."""
        rank = np.where(np.isnan(self.place), self.size + 1.0, self.place)
        return np.asarray(self.closing.total + _ORDER_STEP * (1.0 - rank / (self.size + 2.0)))

    def blocks(self, row: int) -> tuple[tuple[int, int, bool], ...]:
        """(earned, possible, known) of the six components; halves never count as a full block."""
        found = []
        for column, most in enumerate(CLOSING_MAX):
            known = self.closing.status[row, column] != ScoreStatus.MISSING
            points = float(self.closing.points[row, column])
            found.append((int(points + 1.0 - _NEVER_FULL) if known and points == points else 0, int(most), known))
        return tuple(found)

    def capped(self, row: int) -> bool:
        """Whether a cap lowered the grade."""
        return bool(self.closing.raw_grade[row] > self.closing.grade[row] > Grade.NONE)

    def cap_names(self, row: int) -> list[str]:
        """Caps whose condition holds, as text keys' last parts."""
        return [cap.name.lower() for cap in Cap if cap and cap.name and self.closing.caps[row] & cap]

    def rejections(self, row: int) -> list[str]:
        """Mandatory filters a row fails, as text keys' last parts."""
        return [bit.name.lower() for bit in Rejection if bit and bit.name and self.closing.rejected[row] & bit]

    def record(self, row: int) -> RecordRow | None:
        """Out-of-sample record of the row's grade; None where there is none."""
        grade = int(self.closing.grade[row])
        return self.records.of("CLOSING_BET", grade) if self.records is not None and grade else None

    # -- filter ---------------------------------------------------------------------------------------------------------

    def _field(self, field_id: str) -> FloatArray:
        scan = self.closing
        if field_id in COMPONENT_FIELDS:
            column = COMPONENT_FIELDS.index(field_id)
            known = scan.status[:, column] != ScoreStatus.MISSING
            return np.where(known, scan.points[:, column], np.nan)
        own: dict[str, Callable[[], npt.NDArray[Any]]] = {
            "total": lambda: scan.total,
            "coverage": lambda: scan.coverage,
            "entry": lambda: scan.entry_krw,
            "stop": lambda: scan.stop_krw,
            "target": lambda: scan.target_krw,
            "near_high": lambda: 100.0 * scan.near_high,
            "body": lambda: scan.body_pct,
            "news_net": lambda: scan.news_net,
            "caps": lambda: np.where(scan.caps > 0, scan.caps, np.nan),
            "rejected": lambda: np.where(scan.rejected > 0, scan.rejected, np.nan),
            "grade": lambda: np.where(scan.grade > 0, scan.grade, np.nan),
            "foreign_5d": lambda: scan.foreign_5d_krw,
            "institution_5d": lambda: scan.institution_5d_krw,
        }
        return np.asarray(own[field_id](), dtype=np.float64) if field_id in own else super()._field(field_id)
