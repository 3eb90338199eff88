"""What the window may ask of the program and what it is told: the one seam between ``ui`` and ``services``.

Commands go down (methods of :class:`Workstation`), facts come up (its channels). Everything here is plain data and may be
used without a window. All methods are called on the event-loop thread; coroutines do their heavy work elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from engine.model.chart import ChartSeries, Timeframe, VcpOverlay
from engine.model.errors import RalphStockError
from engine.model.evidence import Evidence, EvidenceGroup
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from engine.thresholds import Rules
from ralphstock_desktop.ports import (
    IMPORT_FIELDS,
    ColumnGuess,
    FileIssue,
    FilePreview,
    ImportReport,
    Ledger,
    Progress,
    SymbolCoverage,
)
from ralphstock_desktop.services.channels import Channel

if TYPE_CHECKING:
    from ralphstock_desktop.services.assistant_contracts import Assistant, WatchBook
    from ralphstock_desktop.services.live_contracts import LiveMarket
    from ralphstock_desktop.services.strategy_contracts import Strategies

__all__ = [
    "IMPORT_FIELDS",
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
    "SettingChange",
    "SettingKind",
    "SettingSpec",
    "SettingValue",
    "SettingsStore",
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
    what_if: bool = False
    """Made under moved thresholds: nothing of it is stored."""


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


# -- settings -----------------------------------------------------------------------------------------------------------

SettingValue = str | int | bool
SettingKind = Literal["choice", "integer", "switch", "text"]


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One typed setting. The settings page, search, reset, validation and storage all derive from this."""

    key: str
    """Stored name; also the text keys ``settings.<key>.title`` and ``settings.<key>.help``."""
    page: str
    """Page of the settings window (``look``, ``general``, ``data``); text key ``settings.page.<page>``."""
    kind: SettingKind
    default: SettingValue
    choices: tuple[str, ...] = ()
    """Allowed values of a ``choice``; shown as ``settings.<key>.<choice>``."""
    minimum: int = 0
    """Of an ``integer``; of a ``text`` the fewest characters."""
    maximum: int = 0
    step: int = 1
    unit: str = ""
    since: str = "0.1"
    needs_restart: bool = False


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting got another value."""

    key: str
    value: SettingValue


class SettingsStore(Protocol):
    """Typed settings, kept as readable text and written atomically. Unknown keys raise KeyError (a bug)."""

    changed: Channel[SettingChange]

    def get(self, key: str) -> SettingValue:
        """Current value, or the default of its declaration where none (or an invalid one) is stored."""
        ...

    def set(self, key: str, value: SettingValue) -> None:
        """Validate, store and publish. Raises ValidationFailed (``error.setting``) for a value outside the declaration."""
        ...

    def reset(self, key: str) -> None:
        """Go back to the default and publish."""
        ...

    def is_default(self, key: str) -> bool:
        """Whether the current value is the default."""
        ...


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
    notices: Channel[str]
    """Text keys of what the user must be told (``notice.<name>``)."""

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

    def day_phases(self, day: date) -> tuple[tuple[str, AsOf], ...]:
        """Named instants of a day, ascending: ``close`` (official bar), ``flows`` (confirmed flows), ``all`` (its end)."""
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
    def live(self) -> LiveMarket | None:
        """The running market; None where the program runs without one (pictures, tests)."""
        ...

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it (tests of single parts)."""
        ...

    @property
    def assistant(self) -> Assistant | None:
        """Answers questions from what is on the desk; None where the program runs without it."""
        ...

    @property
    def watch(self) -> WatchBook | None:
        """Watch lists and price alerts; None where the program runs without them."""
        ...

    @property
    def data_folder(self) -> Path: ...
    @property
    def last_trading_day(self) -> date | None: ...
