"""The day-trading scan as table rows: a thin, lazy reading of a picture. Nothing is scored here.

Row numbers are the panel's rows. Every array is float64 with NaN for missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from engine.model.daytrade import EntryBan
from engine.model.panel import FloatArray
from engine.model.scan import VcpScan
from ralphstock_desktop.services.strategy_contracts import DayTradePicture, NearMiss
from ralphstock_desktop.ui.viewmodels.live_rows import TodayMark
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from ralphstock_desktop.wording.texts import Language

__all__ = ["BAN_ORDER", "DayRows", "bans_of"]

BAN_ORDER = (
    EntryBan.VI, EntryBan.NEAR_UPPER_LIMIT, EntryBan.STALE, EntryBan.NO_QUOTE, EntryBan.INELIGIBLE,
    EntryBan.GATE, EntryBan.TOO_EARLY, EntryBan.TOO_LATE, EntryBan.PHASE,
)  # fmt: skip
"""Bans of one symbol before those of the whole market: the cell has room for the first ones."""


def bans_of(mask: int) -> list[EntryBan]:
    """The bans of a mask, the symbol's own before the market's."""
    return [ban for ban in BAN_ORDER if mask & int(ban)]


_NO_SCAN = cast(VcpScan, None)


class DayRows(ScanRows):
    """Rows of the day-trading scanner.

    Identity, names and search are those of every table over a panel; no VCP scan stands behind these rows, and what the
    base class derives from one is not offered as a column or a filter field.

    Parameters
    ----------
    picture : DayTradePicture
        Scan and quotes.
    language : str
        Language whose names sort the name column.
    """

    def __init__(self, picture: DayTradePicture, language: Language) -> None:
        super().__init__(picture.panel, _NO_SCAN, language)
        self.picture = picture
        self.steps: Mapping[str, NearMiss] = {}
        """What is missing to the next grade, by ticker."""

    def use_picture(self, picture: DayTradePicture) -> None:
        """Read another picture of the same symbols."""
        self.panel, self.picture = picture.panel, picture
        self._keys.clear()
        self.__dict__.pop("order_keys", None)

    def is_provisional(self, row: int) -> bool:  # noqa: ARG002  # the base class asks by row
        """Never: a day-trading score is of its instant and claims no more."""
        return False

    def has_gap(self, row: int) -> bool:  # noqa: ARG002
        """Never: what is missing of a day makes its items unknown."""
        return False

    @property
    def listed(self) -> npt.NDArray[np.bool_]:
        """Eligible symbols with a price, where the scan ranks them."""
        found = np.zeros(self.size, dtype=np.bool_)
        found[self.picture.scan.order] = True
        return found

    @cached_property
    def order_keys(self) -> FloatArray:
        """Higher is earlier in the scan's own order (score, then projected value, then code); NaN where not ranked."""
        order = self.picture.scan.order
        keys = np.full(self.size, np.nan)
        keys[order] = np.arange(len(order), 0, -1)
        return keys

    def states(self, row: int) -> tuple[int, ...]:
        """Verdicts of the seven items, values of ``ItemState``."""
        return tuple(self.picture.scan.state[row].tolist())

    def bans(self, row: int) -> list[EntryBan]:
        """Why no new position may be opened now, the symbol's own reasons first."""
        return bans_of(int(self.picture.scan.bans[row]))

    def step(self, row: int) -> NearMiss | None:
        """What is missing to the next grade; None where nothing single is."""
        return self.steps.get(self.tickers[row])

    def today(self, row: int) -> TodayMark | None:
        """The day so far as a picture; None where nothing traded."""
        quotes = self.picture.quotes
        price = float(self.picture.scan.price[row])
        open_, high, low = (float(column[row]) for column in (quotes.open, quotes.high, quotes.low))
        if any(value != value for value in (price, open_, high, low)):
            return None
        return TodayMark(open_, high, low, price, "flat", "")

    def _field(self, field_id: str) -> FloatArray:
        scan, quotes = self.picture.scan, self.picture.quotes
        own: dict[str, Callable[[], npt.NDArray[Any]]] = {
            "price": lambda: scan.price,
            "change": lambda: scan.change_pct,
            "today": self._day_place,
            "volume": lambda: quotes.volume_shares,
            "value": lambda: quotes.value_krw,
            "projected": lambda: scan.projected_value_krw,
            "mean_value": lambda: scan.mean_value_krw,
            "rv": lambda: scan.relative_volume,
            "total": lambda: scan.score,
            "raw": lambda: scan.raw,
            "coverage": lambda: scan.coverage,
            "box": lambda: scan.box_width_pct,
            "net_5d": lambda: scan.net_5d_krw,
            "drawdown": lambda: scan.drawdown_pct,
            "sector_rank": lambda: np.where(scan.sector_rank > 0, scan.sector_rank, np.nan),
            "entry": lambda: scan.entry_krw,
            "stop": lambda: scan.stop_krw,
            "target": lambda: scan.target_krw,
            "bans": lambda: np.where(scan.bans > 0, scan.bans, np.nan),
            "grade": lambda: np.where(scan.grade > 0, scan.grade, np.nan),
            "market": lambda: np.where(self.panel.market > 0, self.panel.market, np.nan),
            "step": self._step_distance,
        }
        return np.asarray(own[field_id](), dtype=np.float64)

    def _day_place(self) -> FloatArray:
        quotes = self.picture.quotes
        with np.errstate(invalid="ignore", divide="ignore"):
            place = 100.0 * (self.picture.scan.price - quotes.low) / (quotes.high - quotes.low)
        return np.where(quotes.high > quotes.low, place, np.nan)

    def _step_distance(self) -> FloatArray:
        shares = np.full(self.size, np.nan)
        for ticker, near in self.steps.items():
            row = self.position(ticker)
            if row is not None:
                shares[row] = near.gap_share
        return shares
