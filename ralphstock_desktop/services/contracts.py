"""What the window may ask of the program and what it is told: the one seam between ``ui`` and ``services``.

Commands go down (methods of :class:`Workstation`), facts come up (its channels). Everything here is plain data and may be
used without a window. All methods are called on the event-loop thread; coroutines do their heavy work elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

from engine.model.chart import ChartSeries, Timeframe, VcpOverlay
from engine.model.errors import RalphStockError
from engine.model.evidence import Evidence, EvidenceGroup
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from engine.thresholds import Rules
from ralphstock_desktop.ports import Ledger, Progress, SymbolCoverage
from ralphstock_desktop.services.channels import Channel

__all__ = [
    "ColumnGuess",
    "DatasetKind",
    "Empty",
    "EvidenceFocus",
    "Explanation",
    "Failed",
    "FileIssue",
    "FilePreview",
    "ImportReport",
    "Loading",
    "MarketPicture",
    "Offline",
    "PanelState",
    "Ready",
    "ScanPicture",
    "Stale",
    "SymbolContext",
    "SymbolHit",
    "Workstation",
]

DatasetKind = Literal["real", "simulated"]


# -- the six states of a panel ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loading:
    """Work is going on; over existing data only a thin progress line is shown."""

    progress: Progress
    can_cancel: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """Data are there; the badge says as of when."""

    as_of: AsOf
    final: bool = True


@dataclass(frozen=True, slots=True)
class Stale:
    """Data are there but older than they should be."""

    age_s: float
    reason_key: str
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing to show, with the reason and the next step."""

    reason_key: str
    """Text key ``empty.<panel>.<reason>``; a second line ``<key>.detail`` is shown if it exists."""
    fields: dict[str, str | int | float] = field(default_factory=dict)
    action: str = ""
    """Name of an action offered as the next step (``import``, ``open_ledger``, ``previous_day``, ``clear_filter`` …)."""


@dataclass(frozen=True, slots=True)
class Offline:
    """The source cannot be reached; stored values still work."""

    since_ns: int
    next_try_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong; the sentence comes from the error's key."""

    error: RalphStockError
    can_retry: bool = True


PanelState = Loading | Ready | Stale | Empty | Offline | Failed


# -- facts --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class MarketPicture:
    """The market data in use and the instant it is looked at."""

    panel: MarketPanel
    kind: DatasetKind
    as_of: AsOf
    is_latest: bool
    """False while an earlier instant than the newest data is looked at."""


@dataclass(frozen=True, eq=False)
class ScanPicture:
    """A finished scan with the panel and the rules it was made from."""

    scan: VcpScan
    panel: MarketPanel
    rules: Rules
    seconds: float
    universe: int
    """Eligible symbols."""
    scored: int
    detected: int


@dataclass(frozen=True, slots=True)
class SymbolContext:
    """What a link group looks at. A panel ignores contexts whose ``origin`` is itself."""

    ticker: str
    origin: str = ""
    timeframe: Timeframe = Timeframe.DAY


@dataclass(frozen=True, slots=True)
class EvidenceFocus:
    """The evidence row in focus: its bars light up on the chart. ``evidence`` None clears."""

    ticker: str
    evidence: Evidence | None
    pinned: bool = False


@dataclass(frozen=True, eq=False)
class Explanation:
    """Everything known about one symbol's score at the as-of instant."""

    ticker: str
    row: int
    scan: VcpScan
    rules: Rules
    groups: tuple[EvidenceGroup, ...]
    overlay: VcpOverlay | None
    signals: tuple[tuple[str, dict[str, str | int | float]], ...] = ()
    """Reasons as text keys with fields (``reason.<name>``), for Korean and English sentences."""


@dataclass(frozen=True, slots=True)
class SymbolHit:
    """One answer of the symbol search."""

    ticker: str
    name: str
    name_en: str
    market: int
    matched: tuple[tuple[int, int], ...] = ()
    """Spans of ``name`` (or of the ticker if none) that matched, as (start, end)."""


# -- import -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """One column of a file and the field it was taken for (empty: not used)."""

    column: str
    field: str
    sample: tuple[str, ...] = ()
    confident: bool = True


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What a file looks like before it is imported."""

    path: Path
    dataset: str
    """Recognised data set (``daily_price``, ``flow`` …); empty if the user must choose."""
    encoding: str
    rows: int | None
    columns: tuple[ColumnGuess, ...]
    problem: RalphStockError | None = None


@dataclass(frozen=True, slots=True)
class FileIssue:
    """Rows of one file that were not taken (or taken with a remark), by reason, with the first few places."""

    path: Path
    reason_key: str
    """``import.reason.<name>``"""
    rows: int
    examples: tuple[str, ...] = ()
    """``row 12: 005930 2026-05-04`` and the like; row numbers count from 1 without the header."""
    rejected: bool = True


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    files: int
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    seconds: float
    issues: tuple[FileIssue, ...]
    failed: tuple[tuple[Path, RalphStockError], ...]
    skipped: tuple[tuple[Path, str], ...]
    """Files that were recognised but hold nothing to import, with the reason key."""
    per_dataset: tuple[tuple[str, int, int, int, int], ...] = ()
    """(data set, inserted, updated, unchanged, rejected)"""
    cancelled: bool = False


# -- commands -----------------------------------------------------------------------------------------------------------


class Workstation(Protocol):
    """The program as the window sees it."""

    market: Channel[MarketPicture]
    scans: Channel[ScanPicture]
    scan_state: Channel[PanelState]
    """State of the signal table and of everything that depends on the scan."""
    selection: Channel[SymbolContext]
    focus: Channel[EvidenceFocus]
    job: Channel[Progress | None]
    """Progress of the running long job for the status bar; None when there is none."""

    @property
    def rules(self) -> Rules: ...

    # as-of and scan
    def set_as_of(self, as_of: AsOf) -> None:
        """Look at another instant: publishes ``market`` and starts a scan."""
        ...

    def set_as_of_latest(self) -> None: ...
    def step_day(self, days: int) -> None:
        """Move the as-of day by trading days; stops at the ends."""
        ...

    def start_scan(self) -> None: ...
    def cancel_job(self) -> None: ...

    # one symbol
    def select(self, ticker: str, origin: str) -> None: ...
    def focus_evidence(self, ticker: str, evidence: Evidence | None, *, pinned: bool = False) -> None: ...
    def explain(self, ticker: str) -> Explanation | None:
        """Evidence and overlay of one symbol from the current scan; None if the panel does not hold it."""
        ...

    async def load_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        """Bars up to the as-of instant. Raises DataUnavailable where there are none (minutes most often)."""
        ...

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        """Day, week or month bars at once from the panel (a few hundred microseconds)."""
        ...

    def has_minutes(self, ticker: str) -> bool: ...
    def search(self, text: str, limit: int = 20) -> list[SymbolHit]:
        """Find by code, Korean or English name, or 초성; best first. Never raises on odd input."""
        ...

    # data
    async def preview_files(self, paths: Sequence[Path]) -> list[FilePreview]: ...
    async def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]] | None = None
    ) -> ImportReport:
        """Import files or folders. ``mappings`` gives (data set, {field: column}) for files the user mapped by hand."""
        ...

    async def load_ledger(self) -> Ledger: ...
    async def load_symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]: ...
    async def switch_dataset(self, kind: DatasetKind) -> None:
        """Change between the user's real data and the simulated market (generated on first use)."""
        ...

    @property
    def data_folder(self) -> Path: ...
    @property
    def last_trading_day(self) -> date | None: ...
