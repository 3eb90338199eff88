"""The seams of the program: column batches that cross them and the protocols both sides keep.

``data`` and ``providers`` implement these protocols, ``services`` use them, ``app`` plugs one into the other. Nothing here
does any work.

A *batch* is a set of equally long columns (NumPy arrays), one row a record. Units are in the names. Missing integers are
the array's ``MISSING_INT``, missing floats NaN, missing text the empty string, missing days NaT: a missing value is never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import RalphStockError
from engine.model.gate import GateReading
from engine.model.instants import AsOf
from engine.model.instruments import Designation, Symbol
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan

if TYPE_CHECKING:
    from ralphstock_desktop.assistant_ports import AssistantStore
    from ralphstock_desktop.strategy_ports import StrategyStore

__all__ = [
    "FLOW_INVESTORS",
    "IMPORT_FIELDS",
    "MISSING_INT",
    "ActionBatch",
    "AdjustedBatch",
    "BarStore",
    "ColumnGuess",
    "CoverageGap",
    "DailyBatch",
    "Dataset",
    "DatasetCoverage",
    "FileIssue",
    "FilePreview",
    "FlowBatch",
    "ImportReport",
    "IndexBatch",
    "Ledger",
    "MarketFlowBatch",
    "MinuteBatch",
    "NewsBatch",
    "OnProgress",
    "PanelSource",
    "Progress",
    "ScanRecord",
    "StoredSignal",
    "SymbolCoverage",
    "UnitOfWork",
    "UpsertCount",
]

MISSING_INT = np.iinfo(np.int64).min
"""Marks a missing integer in a batch column; stored as NULL."""

FLOW_INVESTORS: tuple[str, ...] = (
    "individual",
    "foreign",
    "institution",
    "pension",
    "securities",
    "insurance",
    "investment_trust",
    "bank",
    "other_finance",
    "other_corp",
)
"""Investor groups whose net buying can be imported, as named in :class:`FlowBatch`."""

IMPORT_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "daily_price": (
        ("ticker", "day", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares"),
        ("value_krw", "prev_diff_krw", "name", "market", "dept", "shares_out", *FLOW_INVESTORS),
    ),
    "adjusted_price": (("ticker", "day", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares"), ()),
    "corporate_action": (("ticker", "ex_day", "price_factor"), ("confidence",)),
    "flow": (("ticker", "day"), FLOW_INVESTORS),
    "market_flow": (("day", "market"), FLOW_INVESTORS),
    "market_flow_minute": (("instant", "market", "investor", "net"), ()),
    "index_price": (("ticker", "day", "close_krw"), ("open_krw", "high_krw", "low_krw", "volume_shares", "value_krw")),
    "minute_price": (
        ("ticker", "instant", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares"),
        ("day", "time", "value_krw", "cum_value_krw"),
    ),
    "listing": (
        ("ticker", "name"),
        (
            "market",
            "dept",
            "isin",
            "name_en",
            "sector",
            "industry",
            "listed_on",
            "shares_out",
            "par_krw",
            "security_group",
            "stock_kind",
            "kind",
        ),
    ),
    "delisted": (("ticker", "name", "delisted_on"), ("market", "listed_on", "security_group", "stock_kind", "kind", "reason")),
    "news": (("day", "title"), ("ticker", "instant", "time", "press", "news_source", "url", "kind", "sentiment")),
}
"""What can be imported: data set to (needed fields, further fields), for recognition and for the mapping step."""

Strings = npt.NDArray[np.str_]
Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a long job, as shown to the user."""

    stage: str
    """Text key of what is being done (``progress.read``, ``progress.store``, ``progress.panel`` …)."""
    done: int
    total: int
    """0 where the size is not known."""
    detail: str = ""
    """File name, symbol or day; not translated."""
    seconds_left: float | None = None


OnProgress = Callable[[Progress], None]
"""Called from the working thread; must return quickly. It may raise ``UserCancelled`` to stop the job."""


@dataclass(frozen=True, slots=True)
class UpsertCount:
    """What an upsert did, row by row."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: UpsertCount) -> UpsertCount:
        return UpsertCount(self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged)


@dataclass(frozen=True, eq=False)
class DailyBatch:
    """Raw daily bars of the KRX regular session. Halted days: O = H = L = 0, V = 0 and the last price in C."""

    ticker: Strings
    day: Days
    open_krw: Ints
    high_krw: Ints
    low_krw: Ints
    close_krw: Ints
    volume_shares: Ints
    value_krw: Ints
    prev_diff_krw: Ints
    """The exchange's 전일대비 against the base price; MISSING_INT where not given."""
    source: str
    venue: str = "KRX"


@dataclass(frozen=True, eq=False)
class AdjustedBatch:
    """A vendor's back-adjusted daily bars; kept beside the raw ones, never mixed with them."""

    ticker: Strings
    day: Days
    open_krw: Floats
    high_krw: Floats
    low_krw: Floats
    close_krw: Floats
    volume_shares: Floats
    factor_on: date | None
    source: str


@dataclass(frozen=True, eq=False)
class ActionBatch:
    """Corporate actions: raw prices before ``ex_day`` times ``price_factor`` compare with later ones."""

    ticker: Strings
    ex_day: Days
    price_factor: Floats
    confidence: Strings
    source: str


@dataclass(frozen=True, eq=False)
class FlowBatch:
    """Net buying per symbol, day and investor (``foreign``, ``institution``, ``pension``, ``individual`` …)."""

    ticker: Strings
    day: Days
    investor: str
    net_shares: Ints
    net_krw: Ints
    estimated: bool
    provisional: bool
    source: str


@dataclass(frozen=True, eq=False)
class MarketFlowBatch:
    """Net buying of a whole market by investor. ``instant_ns`` is given for intraday rows, else None."""

    market: Strings
    day: Days
    investor: Strings
    net_krw: Ints
    instant_ns: Ints | None
    source: str


@dataclass(frozen=True, eq=False)
class IndexBatch:
    """Index levels or exchange rates per day. ``code`` such as ``KOSPI``, ``KOSDAQ``, ``USDKRW``."""

    code: Strings
    day: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    value_krw: Floats
    source: str


@dataclass(frozen=True, eq=False)
class MinuteBatch:
    """One-minute bars. ``minute_ns`` is the UTC instant of the bar's start; value is that minute's own, not cumulative."""

    ticker: Strings
    minute_ns: Ints
    open_krw: Ints
    high_krw: Ints
    low_krw: Ints
    close_krw: Ints
    volume_shares: Ints
    value_krw: Ints
    source: str
    day_volume_shares: Ints | None = None
    """Accumulated volume of the day after each bar, MISSING_INT where not told; None from a source that never tells."""


@dataclass(frozen=True, eq=False)
class NewsBatch:
    """Headlines. ``published_ns`` is MISSING_INT where only a day of collection is known."""

    url: Strings
    title: Strings
    press: Strings
    published_ns: Ints
    collected_ns: Ints
    ticker: Strings
    """One ticker per row, empty for market news; the same url may occur with several tickers."""
    kind: Strings
    """``news``, ``report`` or ``disclosure``."""
    source: str


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One imported file, as the ledger remembers it."""

    file: str
    """Name for the reader (no machine path is needed)."""
    sha256: str
    dataset: str
    rows_read: int
    count: UpsertCount
    rejected: int
    started_ns: int
    finished_ns: int
    issues: tuple[tuple[str, int], ...] = ()
    """(reason key, rows)"""


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One run of a scanner (domain.md §10.1 scan_run)."""

    strategy: str
    """``VCP``, ``CLOSING_BET`` …"""
    mode: str
    """``MANUAL``, ``SCHEDULED``, ``PREVIEW``, ``CONFIRMED`` …"""
    signal_date: date
    as_of: AsOf
    ruleset: str
    code_version: str
    universe_n: int
    scored_n: int
    missing_n: int
    error_n: int
    started_ns: int
    finished_ns: int
    state: Literal["COMPLETE", "PARTIAL", "FAILED"]
    """Only a COMPLETE run supersedes signals it no longer finds."""


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal as the repository keeps it (domain.md §10.1). ``values`` are score fields by column name."""

    strategy: str
    ticker: str
    signal_date: date
    ruleset: str
    values: dict[str, Any]
    status: str = "OPEN"
    phase: str = "WATCH"
    superseded: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """A run of trading days without rows inside a data set's span, both ends included."""

    first_day: date
    last_day: date
    days: int


@dataclass(frozen=True, slots=True)
class DatasetCoverage:
    """What one data set holds: for the ledger."""

    dataset: str
    source: str
    rows: int
    symbols: int
    first_day: date | None
    last_day: date | None
    days: int
    gaps: tuple[CoverageGap, ...]
    received_at_ns: int | None
    months: tuple[tuple[str, int], ...] = ()
    """Rows per month, (``2026-05``, rows), ascending, months without rows left out; empty where not counted."""


@dataclass(frozen=True, slots=True)
class SymbolCoverage:
    """What one symbol has in each data set."""

    ticker: str
    dataset: str
    source: str
    rows: int
    first_day: date | None
    last_day: date | None
    missing_days: int
    received_at_ns: int | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """Coverage, gaps, source and age of everything stored."""

    datasets: tuple[DatasetCoverage, ...]
    taken_at_ns: int
    database: str = ""
    """Kind and place for the reader (``SQLite`` and the file, or ``PostgreSQL`` and the host without password)."""
    bytes_on_disk: int | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)


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
    fingerprints: tuple[tuple[Path, str], ...] = ()
    """SHA-256 of each file that was read whole."""


class UnitOfWork(Protocol):
    """One transaction: commit when its ``with`` block ends, roll back and re-raise on error. Writer thread only.

    Upserts follow domain.md §10.2: by key, a changed value leaves a revision, a missing value or 0 never replaces a known
    one. Batches need not be sorted; of two rows with one key the later one counts.
    """

    def upsert_symbols(
        self, symbols: Sequence[Symbol], *, source: str, complete: bool, as_of: date | None = None
    ) -> UpsertCount:
        """Refresh the master. ``as_of`` is the day the listing speaks of, None if it does not say.

        A listing older than what is stored (or without a day, where a dated one is stored) only fills what is missing.
        ``complete=True`` with a newer ``as_of`` sets ``delisted_on`` of stored symbols of the same markets and types that
        the listing no longer holds.
        """
        ...

    def upsert_designations(self, designations: Sequence[Designation], *, source: str) -> UpsertCount: ...
    def upsert_daily(self, batch: DailyBatch) -> UpsertCount: ...
    def upsert_adjusted(self, batch: AdjustedBatch) -> UpsertCount: ...
    def upsert_actions(self, batch: ActionBatch) -> UpsertCount: ...
    def upsert_flows(self, batch: FlowBatch) -> UpsertCount: ...
    def upsert_market_flows(self, batch: MarketFlowBatch) -> UpsertCount: ...
    def upsert_index(self, batch: IndexBatch) -> UpsertCount: ...
    def upsert_minutes(self, batch: MinuteBatch) -> UpsertCount: ...
    def upsert_news(self, batch: NewsBatch) -> UpsertCount: ...
    def upsert_calendar(self, days: Days, is_open: Bools, *, source: str) -> UpsertCount:
        """Store which days the exchange opened."""
        ...

    def record_import(self, record: ImportRecord) -> None:
        """Remember an imported file; in the same transaction as its rows."""
        ...


class BarStore(Protocol):
    """Read and write side of the market repository. Reads may run on any reader thread."""

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]: ...
    def minute_series(self, ticker: str, timeframe: Timeframe, as_of: AsOf) -> ChartSeries: ...
    def ledger(self) -> Ledger: ...
    def symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]: ...


class PanelSource(Protocol):
    """Where the columnar panel comes from: mapped from disk, updated or rebuilt from the repository when needed."""

    def load(self, on_progress: OnProgress | None = None) -> MarketPanel: ...
    def path(self) -> Path: ...


class Dataset(Protocol):
    """One market the workstation can look at: the user's real data or the simulated market, each with its own store.

    All methods block and may run on worker threads; ``quick_panel`` is fast enough for the event loop.
    """

    def quick_panel(self) -> MarketPanel | None:
        """Map the panel if one is there and matches the store; None if it must be built."""
        ...

    def load_panel(self, on_progress: OnProgress) -> MarketPanel:
        """Map, update or build the panel. Raises DataUnavailable where the store holds no daily bars."""
        ...

    def settle(self, on_progress: OnProgress) -> None:
        """Do what can wait until the panel is on screen, such as storing a generated market."""
        ...

    def notices(self) -> tuple[str, ...]:
        """Text keys of what the user must know about the store (such as a damaged file set aside)."""
        ...

    def minute_series(self, ticker: str, timeframe: Timeframe, as_of: AsOf) -> ChartSeries: ...
    def minute_tickers(self) -> frozenset[str]: ...
    def unit_of_work(self, *, durable: bool = False) -> AbstractContextManager[UnitOfWork]:
        """One transaction of the repository; ``durable`` waits for the disk."""
        ...

    def preview(self, paths: Sequence[Path]) -> list[FilePreview]: ...
    def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]], on_progress: OnProgress
    ) -> ImportReport: ...
    def ledger(self) -> Ledger: ...
    def symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]: ...
    def recall_scan(self, panel: MarketPanel, as_of: AsOf, ruleset: str) -> VcpScan | None:
        """Return the kept scan of exactly this panel, instant and rule set, if there is one."""
        ...

    def keep_scan(self, scan: VcpScan) -> None:
        """Keep the newest scan for ``recall_scan`` at the next start; a failure is logged only."""
        ...

    def store_scan(
        self, scan: VcpScan, panel: MarketPanel, started_ns: int, gate: GateReading | None = None, equity_krw: float = 0.0
    ) -> None:
        """Write a finished scan and its signals in one transaction (domain.md §10.2).

        Phase and quantity of new orders follow the gate (§5.3); without one its status is UNKNOWN: WATCH and no quantity.
        """
        ...

    def strategies(self) -> StrategyStore:
        """What strategies read and keep in this market's repository."""
        ...

    def assistant(self) -> AssistantStore:
        """What the assistant reads from and keeps in this market's repository."""
        ...

    def close(self) -> None: ...
