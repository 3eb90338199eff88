"""A repository in memory for the simulator: a panel, and what else is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import IndexBatch, MinuteBatch

__all__ = ["PanelHistory"]


@dataclass(frozen=True, eq=False)
class PanelHistory:
    """Implements ``SimHistory`` over arrays that are already there.

    ``recorded`` maps (ticker, day) to one-minute bars, ``levels`` our index names to daily levels, ``shares_out`` tickers to
    listed shares.
    """

    panel: MarketPanel
    recorded: Mapping[tuple[str, date], MinuteBatch] = field(default_factory=dict)
    levels: Mapping[str, IndexBatch] = field(default_factory=dict)
    shares_out: Mapping[str, int] = field(default_factory=dict)

    def minutes(self, ticker: str, day: date) -> MinuteBatch | None:
        """Recorded one-minute bars of a day; None if there are none."""
        return self.recorded.get((ticker, day))

    def index_days(self, code: str) -> IndexBatch | None:
        """Recorded daily levels by our name; None if there are none."""
        return self.levels.get(code)
