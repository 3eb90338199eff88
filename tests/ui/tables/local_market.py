"""A small seeded market with planted patterns, scanned by the real scanner, and a workstation over it for panel tests.

Nothing here stands in for a calculation: scores, evidence and overlays come from ``engine``; channels are the real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from engine.explain.overlay import vcp_overlay
from engine.explain.reasons import signal_reasons
from engine.explain.vcp_evidence import explain_vcp
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable
from engine.model.evidence import Evidence
from engine.model.instants import AsOf
from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.ports import Ledger, Progress, SymbolCoverage
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import (
    DatasetKind,
    EvidenceFocus,
    Explanation,
    FilePreview,
    ImportReport,
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    SymbolContext,
    SymbolHit,
)
from ralphstock_desktop.services.live_contracts import LiveMarket
from ralphstock_desktop.services.strategy_contracts import Strategies
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from tests.perf.market import synthetic_panel

__all__ = ["LocalWorkstation", "context_for", "local_panel", "scan_picture"]

SYMBOLS, DAYS = 120, 330
PLANTED = 8
NAMES = ("삼성전자", "삼성물산", "미래에셋증권", "토모큐브", "KT&G", "LS ELECTRIC", "한미반도체", "현대차2우B")


def _planted(rise: float, depths: Sequence[float], breakout: bool) -> tuple[FloatArray, FloatArray]:
    """Closes and volumes of an advance, a base with shrinking contractions and drying volume, and the last bar."""
    base_bars = 12 * len(depths) + 5
    climb = np.linspace(0.0, 1.0, DAYS - base_bars)
    closes = list(10_000.0 * np.exp(np.log(rise) * climb))
    top = closes[-1]
    volumes = [900_000.0] * len(closes)
    for number, depth in enumerate(depths):
        low = top * (1 - depth)
        closes += list(np.linspace(top, low, 7)[1:]) + list(np.linspace(low, top * 0.995, 7)[1:])
        volumes += [800_000.0 * 0.55**number] * 12
    closes += [top * 0.985, top * 0.985, top * 0.983, top * 0.984]
    volumes += [150_000.0] * 4
    closes.append(top * (1.012 if breakout else 0.985))
    volumes.append(2_500_000.0 if breakout else 160_000.0)
    return np.rint(np.array(closes)), np.array(volumes)


@cache
def local_panel() -> MarketPanel:
    """120 symbols over 330 days; the first eight carry a pattern of growing quality, every second one breaks out."""
    panel = synthetic_panel(SYMBOLS, DAYS, seed=11)
    arrays = {
        name: getattr(panel, name).copy()
        for name in ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares", "value_krw", "base_krw")
    }
    flows = {name: getattr(panel, name).copy() for name in ("foreign_krw", "institution_krw")}
    for row in range(PLANTED):
        depths = [0.20, 0.11, 0.06, 0.035][: 2 + row % 3] if row < 6 else [0.18, 0.085]
        closes, volumes = _planted(3.0 + 0.4 * row, depths, breakout=row % 2 == 1)
        arrays["close_krw"][row] = closes
        arrays["open_krw"][row] = np.rint(closes * 0.999)
        arrays["high_krw"][row] = np.rint(closes * 1.004)
        arrays["low_krw"][row] = np.rint(closes * 0.995)
        arrays["volume_shares"][row] = volumes.astype(np.int64)
        arrays["value_krw"][row] = closes * volumes
        arrays["base_krw"][row, 1:] = closes[:-1]
        flows["foreign_krw"][row] = closes * volumes * (0.12 - 0.02 * row)
        flows["institution_krw"][row] = closes * volumes * (0.06 - 0.02 * row)
    flows["foreign_krw"][20:24] = np.nan
    flows["institution_krw"][20:24] = np.nan
    names = panel.names.astype("U20").copy()
    names[: len(NAMES)] = NAMES
    names_en = np.full(SYMBOLS, "", dtype="U30")
    names_en[0] = "Samsung Electronics"
    market = np.where(np.arange(SYMBOLS) % 3 == 0, int(Market.KOSDAQ), int(Market.KOSPI)).astype(np.uint8)
    sectors = np.where(np.arange(SYMBOLS) % 2 == 0, "반도체", "전기 전자").astype("U20")
    return replace(panel, names=names, names_en=names_en, market=market, sectors=sectors, **arrays, **flows)


def scan_picture(panel: MarketPanel, as_of: AsOf | None = None) -> ScanPicture:
    """Scan a panel for real."""
    last: date = panel.days[-1].astype("datetime64[D]").item()
    result = scan(panel, as_of or AsOf.end_of(last), DEFAULT_RULES)
    scored = int(np.count_nonzero(~np.isnan(result.vcp_score)))
    universe = int(np.count_nonzero(result.ineligible == 0))
    return ScanPicture(result, panel, DEFAULT_RULES, 0.01, universe, scored, int(result.pattern.sum()))


class LocalWorkstation:
    """The part of the workstation that tables and evidence use, over one panel held in memory."""

    def __init__(self) -> None:
        self.market: Channel[MarketPicture] = Channel("market")
        self.scans: Channel[ScanPicture] = Channel("scans")
        self.scan_state: Channel[PanelState] = Channel("scan_state")
        self.selection: Channel[SymbolContext] = Channel("selection")
        self.focus: Channel[EvidenceFocus] = Channel("focus")
        self.job: Channel[Progress | None] = Channel("job")
        self.data_folder = Path()
        self.last_trading_day: date | None = None
        self.live: LiveMarket | None = None
        self.strategies: Strategies | None = None
        self.commands: list[str] = []
        """Commands that only other parts of the program carry out, in order."""

    @property
    def rules(self) -> Rules:
        return DEFAULT_RULES

    def show(self, picture: ScanPicture) -> None:
        """Publish a scan the way the scan service does."""
        self.scans.publish(picture)
        self.scan_state.publish(Ready(picture.scan.as_of))

    def select(self, ticker: str, origin: str) -> None:
        self.selection.publish(SymbolContext(ticker, origin))

    def focus_evidence(self, ticker: str, evidence: Evidence | None, *, pinned: bool = False) -> None:
        self.focus.publish(EvidenceFocus(ticker, evidence, pinned))

    def explain(self, ticker: str) -> Explanation | None:
        picture = self.scans.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return None
        panel, result, rules = picture.panel, picture.scan, picture.rules
        return Explanation(
            ticker,
            row,
            result,
            rules,
            explain_vcp(panel, result, row, rules),
            vcp_overlay(panel, result, row, rules),
            signal_reasons(result, row),
        )

    def set_as_of(self, as_of: AsOf) -> None:
        self.commands.append("set_as_of")

    def set_as_of_latest(self) -> None:
        self.commands.append("set_as_of_latest")

    def step_day(self, days: int) -> None:
        self.commands.append("step_day")

    def start_scan(self) -> None:
        self.commands.append("start_scan")

    def cancel_job(self) -> None:
        self.commands.append("cancel_job")

    async def load_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        raise DataUnavailable(f"{ticker} has no bars here")

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        raise DataUnavailable(f"{ticker} has no bars here")

    def has_minutes(self, ticker: str) -> bool:
        return False

    def search(self, text: str, limit: int = 20) -> list[SymbolHit]:
        return []

    async def preview_files(self, paths: Sequence[Path]) -> list[FilePreview]:
        raise DataUnavailable("no files here")

    async def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]] | None = None
    ) -> ImportReport:
        raise DataUnavailable("no files here")

    async def load_ledger(self) -> Ledger:
        raise DataUnavailable("no ledger here")

    async def load_symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        return ()

    async def switch_dataset(self, kind: DatasetKind) -> None:
        self.commands.append("switch_dataset")


def context_for(workstation: LocalWorkstation, appearance: Appearance) -> DockContext:
    """What a panel's factory gets."""
    return DockContext(workstation, appearance, lambda coroutine, _name: coroutine.close(), Channel("market_filter"))
