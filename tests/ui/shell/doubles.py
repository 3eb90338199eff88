"""A small Workstation that keeps its contract over a made-up panel, and an in-memory settings store."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable
from engine.model.evidence import Evidence
from engine.model.instants import AsOf
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.ports import CoverageGap, DatasetCoverage, Ledger, Progress, SymbolCoverage
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import (
    DatasetKind,
    EvidenceFocus,
    Explanation,
    FilePreview,
    ImportReport,
    Loading,
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    SettingChange,
    SettingValue,
    SymbolContext,
    SymbolHit,
)
from ralphstock_desktop.services.live_contracts import LiveMarket
from ralphstock_desktop.services.settings_spec import check_setting, setting
from ralphstock_desktop.services.strategy_contracts import Strategies

NAMES = {
    "000660": ("SK하이닉스", "SK hynix", 1),
    "005930": ("삼성전자", "Samsung Electronics", 1),
    "006800": ("미래에셋증권", "Mirae Asset Sec.", 1),
    "042700": ("한미반도체", "Hanmi Semiconductor", 1),
    "085620": ("미래에셋생명", "Mirae Asset Life", 1),
    "247540": ("에코프로비엠", "EcoPro BM", 2),
}
FIRST, LAST = date(2026, 1, 2), date(2026, 5, 4)


def make_panel(*, simulated: bool = False) -> MarketPanel:
    """Six symbols on the weekdays of four months (1 May is closed), with flows."""
    days = np.arange("2026-01-02", "2026-05-05", dtype="datetime64[D]")
    days = days[np.is_busday(days, holidays=np.array(["2026-05-01"], dtype="datetime64[D]"))]
    shape = (len(NAMES), len(days))
    generator = np.random.default_rng(7)
    close = (70_000 * np.exp(np.cumsum(generator.normal(0, 0.02, shape), axis=1))).astype("<i4")
    arrays: dict[str, Any] = {name: np.zeros(shape, dtype) for name, dtype in ARRAY_FIELDS.items()}
    arrays |= {
        "open_krw": close,
        "high_krw": close + 700,
        "low_krw": close - 700,
        "close_krw": close,
        "volume_shares": np.full(shape, 100_000),
        "value_krw": close * 1e5,
        "base_krw": np.concatenate([close[:, :1], close[:, :-1]], axis=1).astype(float),
        "factor": np.ones(shape),
        "present": np.ones(shape, bool),
        "valid": np.ones(shape, bool),
    }
    tickers = np.array(list(NAMES))
    return MarketPanel(
        days=days,
        tickers=tickers,
        names=np.array([NAMES[t][0] for t in tickers]),
        names_en=np.array([NAMES[t][1] for t in tickers]),
        sectors=np.array([""] * len(tickers)),
        market=np.array([NAMES[t][2] for t in tickers], dtype=np.uint8),
        security_type=np.ones(len(tickers), dtype=np.uint8),
        listed_on=np.full(len(tickers), np.datetime64("NaT", "D")),
        delisted_on=np.full(len(tickers), np.datetime64("NaT", "D")),
        simulated=simulated,
        version="double",
        **arrays,
    )


def make_ledger() -> Ledger:
    """Two data sets, one with a gap."""
    gap = CoverageGap(date(2026, 3, 2), date(2026, 3, 6), 5)
    return Ledger(
        datasets=(
            DatasetCoverage(
                "daily_price", "krx", 1_380_000, 2_017, date(2022, 1, 3), LAST, 1_060, (), 1_777_900_000_000_000_000
            ),
            DatasetCoverage("flow", "krx", 960_000, 2_010, date(2023, 5, 2), LAST, 730, (gap,), 1_777_900_000_000_000_000),
        ),
        taken_at_ns=1_777_900_000_000_000_000,
        database="SQLite /home/user/market.sqlite",
        bytes_on_disk=412_000_000,
    )


@dataclass
class WorkstationDouble:
    """Publishes what it is told; records commands."""

    kind: DatasetKind = "real"
    folder: Path = Path("/home/user/RalphStock")
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    previews: list[FilePreview] = field(default_factory=list)
    report: ImportReport | None = None

    def __post_init__(self) -> None:
        self.market: Channel[MarketPicture] = Channel("market")
        self.scans: Channel[ScanPicture] = Channel("scans")
        self.scan_state: Channel[PanelState] = Channel("scan_state")
        self.selection: Channel[SymbolContext] = Channel("selection")
        self.focus: Channel[EvidenceFocus] = Channel("focus")
        self.job: Channel[Progress | None] = Channel("job")
        self.notices: Channel[str] = Channel("notices")
        self.panel = make_panel(simulated=self.kind == "simulated")
        self.live: LiveMarket | None = None
        self.strategies: Strategies | None = None

    @property
    def rules(self) -> Rules:
        return DEFAULT_RULES

    @property
    def data_folder(self) -> Path:
        return self.folder

    @property
    def last_trading_day(self) -> date | None:
        return self.panel.days[-1].item() if self.market.last else None

    def open(self) -> None:
        """Show the newest data."""
        self.set_as_of_latest()

    def set_as_of(self, as_of: AsOf) -> None:
        self.calls.append(("set_as_of", as_of))
        self.market.publish(MarketPicture(self.panel, self.kind, as_of, is_latest=False))
        self.scan_state.publish(Ready(as_of))

    def set_as_of_latest(self) -> None:
        self.calls.append(("latest",))
        as_of = AsOf.end_of(self.panel.days[-1].item())
        self.market.publish(MarketPicture(self.panel, self.kind, as_of, is_latest=True))
        self.scan_state.publish(Ready(as_of))

    def step_day(self, days: int) -> None:
        picture = self.market.last
        assert picture is not None
        at = min(max(self.panel.day_index(picture.as_of.day) + days, 0), len(self.panel.days) - 1)
        if at == len(self.panel.days) - 1:
            self.set_as_of_latest()
        else:
            self.set_as_of(AsOf.end_of(self.panel.days[at].item()))

    def day_phases(self, day: date) -> tuple[tuple[str, AsOf], ...]:
        return (
            ("close", AsOf(DEFAULT_SESSIONS.official_bar_ns(day))),
            ("flows", AsOf(DEFAULT_SESSIONS.confirmed_flow_ns(day))),
            ("all", AsOf.end_of(day)),
        )

    def start_scan(self) -> None:
        self.calls.append(("scan",))
        self.scan_state.publish(Loading(Progress("progress.scan", 500, 1000)))

    def cancel_job(self) -> None:
        self.calls.append(("cancel",))
        picture = self.market.last
        if picture is not None:
            self.scan_state.publish(Ready(picture.as_of))

    def select(self, ticker: str, origin: str) -> None:
        self.calls.append(("select", ticker, origin))
        self.selection.publish(SymbolContext(ticker, origin))

    def focus_evidence(self, ticker: str, evidence: Evidence | None, *, pinned: bool = False) -> None:
        self.focus.publish(EvidenceFocus(ticker, evidence, pinned))

    def explain(self, ticker: str) -> Explanation | None:
        return None

    async def load_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        raise DataUnavailable("no bars", key="error.no_bars", ticker=ticker)

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        raise DataUnavailable("no bars", key="error.no_bars", ticker=ticker)

    def has_minutes(self, ticker: str) -> bool:
        return False

    def search(self, text: str, limit: int = 20) -> list[SymbolHit]:
        from engine.model.hangul import matches_name

        found = []
        for ticker, (name, english, market) in NAMES.items():
            if ticker.startswith(text) or text.casefold() in english.casefold() or matches_name(text, name):
                found.append(SymbolHit(ticker, name, english, market, ((0, min(len(text), len(name))),)))
        return found[:limit]

    async def preview_files(self, paths: Sequence[Path]) -> list[FilePreview]:
        self.calls.append(("preview", tuple(paths)))
        return self.previews

    async def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]] | None = None
    ) -> ImportReport:
        self.calls.append(("import", tuple(paths), mappings))
        assert self.report is not None
        return self.report

    async def load_ledger(self) -> Ledger:
        return make_ledger()

    async def load_symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        return (SymbolCoverage(ticker, "daily_price", "krx", 1_000, FIRST, LAST, 3, None),)

    async def switch_dataset(self, kind: DatasetKind) -> None:
        self.calls.append(("switch", kind))
        self.kind = kind
        self.panel = make_panel(simulated=kind == "simulated")
        self.set_as_of_latest()


class MemorySettings:
    """A SettingsStore without a file."""

    def __init__(self, **values: SettingValue) -> None:
        self.changed: Channel[SettingChange] = Channel("settings")
        self.values: dict[str, SettingValue] = dict(values)

    def get(self, key: str) -> SettingValue:
        return self.values.get(key, setting(key).default)

    def set(self, key: str, value: SettingValue) -> None:
        self.values[key] = check_setting(setting(key), value)
        self.changed.publish(SettingChange(key, value))

    def reset(self, key: str) -> None:
        self.values.pop(key, None)
        self.changed.publish(SettingChange(key, setting(key).default))

    def is_default(self, key: str) -> bool:
        return self.get(key) == setting(key).default


def run_now(work: Coroutine[Any, Any, None], name: str) -> None:
    """Run a coroutine that never really waits, to its end, at once."""
    try:
        while True:
            work.send(None)
    except StopIteration:
        return
