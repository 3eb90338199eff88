"""A workstation for chart tests: real panel, scan, series and evidence; minutes are answered by hand."""

from __future__ import annotations

import asyncio
from datetime import date

from engine.asof.view import known_days
from engine.explain.overlay import vcp_overlay
from engine.explain.vcp_evidence import explain_vcp
from engine.features.series import day_series
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable
from engine.model.evidence import Evidence
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import (
    EvidenceFocus,
    Explanation,
    MarketPicture,
    PanelState,
    ScanPicture,
    SymbolContext,
)
from ralphstock_desktop.services.live_contracts import LiveMarket
from ralphstock_desktop.services.strategy_contracts import Strategies

__all__ = ["ChartWorkstation"]


class ChartWorkstation:
    """The part of the contract a chart uses."""

    def __init__(self, panel: MarketPanel) -> None:
        self.panel = panel
        self.market: Channel[MarketPicture] = Channel("market")
        self.scans: Channel[ScanPicture] = Channel("scans")
        self.scan_state: Channel[PanelState] = Channel("scan_state")
        self.selection: Channel[SymbolContext] = Channel("selection")
        self.focus: Channel[EvidenceFocus] = Channel("focus")
        self.minutes: dict[str, asyncio.Future[ChartSeries]] = {}
        self.failing: Exception | None = None
        self.live: LiveMarket | None = None
        self.strategies: Strategies | None = None

    def look_at(self, day: date, *, scanned: bool = True) -> None:
        """Look at the end of a day, and scan it."""
        as_of = AsOf.end_of(day)
        self.market.publish(MarketPicture(self.panel, "real", as_of, is_latest=False))
        if scanned:
            self.scan()

    def scan(self) -> None:
        """Publish the scan of the instant looked at."""
        picture = self.market.last
        assert picture is not None
        found = scan(picture.panel, picture.as_of, DEFAULT_RULES)
        self.scans.publish(ScanPicture(found, picture.panel, DEFAULT_RULES, 0.0, 1, 1, int(found.pattern.sum())))

    def select(self, ticker: str, origin: str) -> None:
        self.selection.publish(SymbolContext(ticker, origin))

    def focus_evidence(self, ticker: str, evidence: Evidence | None, *, pinned: bool = False) -> None:
        self.focus.publish(EvidenceFocus(ticker, evidence, pinned))

    def explain(self, ticker: str) -> Explanation | None:
        picture = self.scans.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return None
        given = (picture.panel, picture.scan, row, picture.rules)
        return Explanation(ticker, row, picture.scan, picture.rules, explain_vcp(*given), vcp_overlay(*given))

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        if self.failing is not None:
            raise self.failing
        picture = self.market.last
        assert picture is not None
        row = picture.panel.row_of(ticker)
        if row is None:
            raise DataUnavailable(f"no bars of {ticker}", key="error.no_bars", ticker=ticker)
        known = known_days(picture.panel, picture.as_of)
        return day_series(picture.panel, row, known.bar, timeframe, adjusted=adjusted, flow_day_index=known.flow)

    async def load_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        return await self.minutes[ticker]

    def has_minutes(self, ticker: str) -> bool:
        return ticker in self.minutes
