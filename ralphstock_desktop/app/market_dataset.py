"""The two markets the workstation can look at, put together from repository, panel store, importer and simulator.

Making a data set is cheap: the database library is loaded and the database opened when something first asks for more than
the mapped panel, so that the first signals need neither.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.instants import AsOf, day_of
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from engine.scoring.rounding import at_least
from engine.thresholds import VcpThresholds
from ralphstock_desktop import __version__
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.records import signal_values, vcp_order
from ralphstock_desktop.data.location import DatabaseLocation
from ralphstock_desktop.data.panel_store import PanelStore
from ralphstock_desktop.ports import (
    Dataset,
    FilePreview,
    ImportReport,
    IndexBatch,
    Ledger,
    MinuteBatch,
    OnProgress,
    ScanRecord,
    StoredSignal,
    SymbolCoverage,
    UnitOfWork,
)
from ralphstock_desktop.services.contracts import DatasetKind

if TYPE_CHECKING:
    from engine.model.gate import GateReading
    from ralphstock_desktop.assistant_ports import AssistantStore, Embedder
    from ralphstock_desktop.data.assistant_store import SqlAssistantStore
    from ralphstock_desktop.data.bar_store import SqlBarStore
    from ralphstock_desktop.data.database import Database
    from ralphstock_desktop.providers.calendar_xkrx import KrxCalendar
    from ralphstock_desktop.providers.simulated.market import SimulatedMarket
    from ralphstock_desktop.providers.simulated.spec import SimulationSpec
    from ralphstock_desktop.strategy_ports import StrategyStore

__all__ = ["RealDataset", "SimulatedDataset", "dataset_makers", "display_of", "has_real_data"]

_STRATEGY = "VCP"
_log = logging.getLogger(__name__)


def dataset_makers(
    folders: Folders, database: str | None, now_ns: Callable[[], int]
) -> dict[DatasetKind, Callable[[], Dataset]]:
    """Return how to make each market's data set.

    Parameters
    ----------
    database : str | None
        Path or URL of the real market's repository; None for the SQLite file in the data folder.
    now_ns : callable
        The clock, in UTC nanoseconds.
    """
    return {
        "real": lambda: RealDataset(_real_place(folders, database), folders, now_ns),
        "simulated": lambda: SimulatedDataset(folders.data / "simulated" / "market.sqlite3", folders, now_ns),
    }


def display_of(folders: Folders, database: str | None) -> str:
    """Where the real market is kept, for the reader; without password."""
    return DatabaseLocation.parse(_real_place(folders, database)).display


def has_real_data(folders: Folders, database: str | None) -> bool:
    """Whether the real market holds anything to look at; asks the files only, so that a start need not open the database.

    A database on a server is taken to hold data: who names one wants to see it.
    """
    path = DatabaseLocation.parse(_real_place(folders, database)).path
    if path is None:
        return True
    if not path.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2.0)) as connection:
            return connection.execute("SELECT 1 FROM daily_price LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return True  # whatever is wrong with it is told when it is opened


def _real_place(folders: Folders, database: str | None) -> str | Path:
    return database if database is not None else folders.data / "real" / "market.sqlite3"


class RealDataset:
    """The user's own data. See :class:`ralphstock_desktop.ports.Dataset`."""

    simulated = False

    def __init__(self, place: str | Path, folders: Folders, now_ns: Callable[[], int]) -> None:
        self._location = DatabaseLocation.parse(place)
        self._folders = folders
        self._now_ns = now_ns
        self._opening = threading.Lock()
        self._database: Database | None = None
        self._assistant: SqlAssistantStore | None = None
        self.embeddings: Path | None = None
        """Folder of an embedding model the user chose; taken when the assistant's store is opened."""
        self.embeddings_problem: RalphStockError | None = None
        """Why that model is not used."""
        self._panels = PanelStore(
            self._location, self._panel_folder(), simulated=self.simulated, database=lambda: self.database
        )

    def _panel_folder(self) -> Path:
        return self._folders.cache / "panels" / ("simulated" if self.simulated else "real")

    @property
    def database(self) -> Database:
        """The open repository; opened on first use, on whatever worker asks first."""
        with self._opening:
            if self._database is None:
                from ralphstock_desktop.data.database import open_database

                self._database = open_database(self._location)
            return self._database

    @property
    def _store(self) -> SqlBarStore:
        from ralphstock_desktop.data.bar_store import SqlBarStore

        return SqlBarStore(self.database, simulated=self.simulated)

    def quick_panel(self) -> MarketPanel | None:
        """Map the panel if it is there and current."""
        return self._panels.stored()

    def load_panel(self, on_progress: OnProgress) -> MarketPanel:
        """Map, update or build the panel."""
        return self._panels.load(on_progress)

    def settle(self, on_progress: OnProgress) -> None:
        """Nothing waits: real data are stored before they are shown."""
        del on_progress

    def notices(self) -> tuple[str, ...]:
        """What the user must know about the store."""
        opened = self._database.opened if self._database is not None else None
        return ("notice.database_set_aside",) if opened is not None and opened.set_aside is not None else ()

    def minute_series(self, ticker: str, timeframe: Timeframe, as_of: AsOf) -> ChartSeries:
        """Return minute bars up to an instant."""
        return self._store.minute_series(ticker, timeframe, as_of)

    def minute_tickers(self) -> frozenset[str]:
        """Symbols with any minute bar."""
        return self._store.minute_tickers()

    def minutes_between(self, ticker: str, first_ns: int, last_ns: int) -> MinuteBatch | None:
        """One-minute bars as stored that start in an interval; None if there are none."""
        return self._store.minutes_between(ticker, first_ns, last_ns)

    def index_days(self, code: str) -> IndexBatch | None:
        """Daily levels of an index or exchange rate by our name; None if nothing is stored."""
        return self._store.index_days(code)

    def unit_of_work(self, *, durable: bool = False) -> AbstractContextManager[UnitOfWork]:
        """One transaction of the repository."""
        return self.database.unit_of_work(durable=durable)

    def preview(self, paths: Sequence[Path]) -> list[FilePreview]:
        """Look at files."""
        from ralphstock_desktop.data.importing import preview

        return preview(paths)

    def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]], on_progress: OnProgress
    ) -> ImportReport:
        """Import files, one transaction each."""
        from ralphstock_desktop.data.importing import import_files

        calendar = self._calendar()
        return import_files(
            paths,
            self.database.unit_of_work,
            mappings,
            on_progress,
            now_ns=self._now_ns(),
            calendar=calendar.trading,
            sessions=calendar.sessions,
        )

    def _calendar(self) -> KrxCalendar:
        from ralphstock_desktop.providers.calendar_xkrx import load_calendar

        return load_calendar(self._folders.config / "calendar.json")

    def ledger(self) -> Ledger:
        """Return what is stored."""
        return self._store.ledger()

    def symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        """Return what is stored of one symbol."""
        return self._store.symbol_coverage(ticker)

    def recall_scan(self, panel: MarketPanel, as_of: AsOf, ruleset: str) -> VcpScan | None:
        """Return the scan kept by the last run, if it is of exactly this panel, instant and rule set."""
        from ralphstock_desktop.app.scan_cache import recall_scan

        return recall_scan(self._scan_file, panel, as_of, ruleset)

    def keep_scan(self, scan: VcpScan) -> None:
        """Keep the newest scan for the next start."""
        from ralphstock_desktop.app.scan_cache import keep_scan

        keep_scan(scan, self._scan_file)

    @property
    def _scan_file(self) -> Path:
        return self._panel_folder().with_suffix(".scan.npz")

    def store_scan(
        self, scan: VcpScan, panel: MarketPanel, started_ns: int, gate: GateReading | None = None, equity_krw: float = 0.0
    ) -> None:
        """Write a finished scan and the signals of its detected patterns.

        A new order is PENDING where the gate allows its grade, else WATCH with no quantity (domain.md §5.3). A pattern whose
        coverage is too low to be open (§0.3) is shown but not stored.
        """
        signal_date: date = panel.days[scan.day_index].astype("datetime64[D]").item()
        scored = int(np.count_nonzero(~np.isnan(scan.vcp_score)))
        run = ScanRecord(
            strategy=_STRATEGY,
            mode="MANUAL",
            signal_date=signal_date,
            as_of=scan.as_of,
            ruleset=scan.ruleset,
            code_version=__version__,
            universe_n=int(np.count_nonzero(scan.ineligible == 0)),
            scored_n=scored,
            missing_n=len(panel.tickers) - scored,
            error_n=0,
            started_ns=started_ns,
            finished_ns=self._now_ns(),
            state="COMPLETE",
        )
        signals = []
        for row in np.flatnonzero(scan.pattern & at_least(scan.coverage, VcpThresholds().open_coverage)):
            phase, qty = vcp_order(scan, int(row), gate, equity_krw)
            signals.append(
                StoredSignal(
                    strategy=_STRATEGY,
                    ticker=str(panel.tickers[row]),
                    signal_date=signal_date,
                    ruleset=scan.ruleset,
                    values={**signal_values(panel, scan, int(row)), "qty": qty},
                    status="OPEN",
                    phase=phase,
                )
            )
        with self.database.unit_of_work(durable=True) as unit:
            unit.store_scan(run, signals)

    def strategies(self) -> StrategyStore:
        """What strategies read and keep in this market's repository."""
        from ralphstock_desktop.data.strategy_store import SqlStrategyStore

        return SqlStrategyStore(self.database, self._now_ns)

    def assistant(self) -> AssistantStore:
        """What the assistant reads from and keeps in this market's repository; one store, for it remembers its search index."""
        database = self.database
        with self._opening:
            if self._assistant is None or self._assistant.database is not database:
                self._assistant = self._assistant_store(database)
            return self._assistant

    def _assistant_store(self, database: Database) -> SqlAssistantStore:
        from ralphstock_desktop.data.assistant_store import SqlAssistantStore

        return SqlAssistantStore(database, self._now_ns, self._embedder(), self._panel_folder().with_suffix(".vectors"))

    def _embedder(self) -> Embedder | None:
        self.embeddings_problem = None
        if self.embeddings is None:
            return None
        from ralphstock_desktop.providers.embedding import open_embedder

        try:
            return open_embedder(self.embeddings)
        except RalphStockError as error:
            _log.warning("news are found by words alone: %s", error)
            self.embeddings_problem = error
            return None

    def close(self) -> None:
        """Give back the connections."""
        with self._opening:
            self._assistant = None
            if self._database is not None:
                self._database.close()
                self._database = None


class SimulatedDataset(RealDataset):
    """The demo market: generated when it is first looked at, kept in a database of its own.

    The first screen is drawn from the generated arrays at once. Soon after they are kept as a draft beside the panel until the
    database is filled, so that a start right after the first one need not generate them again.
    """

    simulated = True
    _generated: SimulationSpec | None = None
    _unkept: MarketPanel | None = None
    """A generated panel that is not on disk yet: the first screen comes before it."""
    _early: SimulatedMarket | None = None
    """The generated market, for who reads series and news of it; given back once it is stored."""

    @property
    def is_stored(self) -> bool:
        """Whether the generated market is in its database already."""
        return self._generated is None and self._location.path is not None and self._location.path.exists()

    def strategies(self) -> StrategyStore:
        """Until a generated market is stored, its series and news come from memory."""
        from ralphstock_desktop.app.early_store import SimulatedStrategyStore

        spec = self._generated
        if spec is None:
            return SimulatedStrategyStore(self.database, self._now_ns, lambda: None)
        from ralphstock_desktop.providers.simulated.market import generate

        self._early = generate(spec)
        if self._generated is not spec:
            self._early = None  # it was stored meanwhile
        return SimulatedStrategyStore(self.database, self._now_ns, lambda: self._early)

    def _assistant_store(self, database: Database) -> SqlAssistantStore:
        from ralphstock_desktop.app.early_assistant import SimulatedAssistantStore

        return SimulatedAssistantStore(database, self._now_ns, self.generated)

    def generated(self) -> SimulatedMarket | None:
        """Return the generated market while it waits to be stored, else None; blocks if it has to be made again."""
        from ralphstock_desktop.providers.simulated.market import generate

        spec = self._generated
        return None if spec is None else generate(spec)

    def quick_panel(self) -> MarketPanel | None:
        """Map the stored market, or the draft of a market that is not stored yet."""
        return super().quick_panel() or self._draft()

    def load_panel(self, on_progress: OnProgress) -> MarketPanel:
        """Map the stored market, or generate one that ends on the last trading day."""
        try:
            return super().load_panel(on_progress)
        except DataUnavailable:
            from ralphstock_desktop.providers.simulated.market import build_panel

            self._generated = self._spec()
            self._unkept = build_panel(self._generated, on_progress)
            return self._unkept

    def settle(self, on_progress: OnProgress) -> None:
        """Store a generated market, in one transaction, and the panel made from it."""
        if self._generated is None:
            return
        if self._unkept is not None:
            self._keep_draft(self._unkept, self._generated)
            self._unkept = None
        from ralphstock_desktop.providers.simulated.market import forget_generated, store_market

        store_market(self._generated, self.database.unit_of_work, on_progress)
        self._generated = self._early = None
        forget_generated()
        super().load_panel(on_progress)
        shutil.rmtree(self._draft_folder, ignore_errors=True)

    def close(self) -> None:
        """Keep a market that nothing has kept yet, then give back the connections."""
        if self._unkept is not None and self._generated is not None:
            self._keep_draft(self._unkept, self._generated)
            self._unkept = None
        super().close()

    @property
    def _draft_folder(self) -> Path:
        return self._folders.cache / "panels" / "simulated-draft"

    def _draft(self) -> MarketPanel | None:
        from ralphstock_desktop.data.panel_files import PanelDamaged, open_current
        from ralphstock_desktop.providers.simulated.spec import SimulationSpec

        try:
            draft = open_current(self._draft_folder)
        except PanelDamaged:
            return None
        panel = draft.panel()
        spec = SimulationSpec(np.array(panel.days))
        if draft.database_id != spec.identity:
            return None  # another version of the program made it
        self._generated = spec
        return panel

    def _keep_draft(self, panel: MarketPanel, spec: SimulationSpec) -> None:
        from ralphstock_desktop.data.panel_files import write_generation

        arrays = {
            item.name: getattr(panel, item.name)
            for item in dataclasses.fields(panel)
            if item.name not in {"simulated", "version"}
        }
        arrays["prev_diff_krw"] = np.full(panel.shape, np.nan)  # asked for only when days are added, never to a draft
        try:
            last_day = int(panel.days[-1].astype("datetime64[D]").astype(np.int64))
            write_generation(self._draft_folder, arrays, database_id=spec.identity, panel_version=last_day, simulated=True)
        except OSError as error:
            _log.warning("the generated market was not kept for the next start: %s", error)

    def _spec(self) -> SimulationSpec:
        from ralphstock_desktop.providers.simulated.spec import SimulationSpec

        return SimulationSpec.ending_before(day_of(self._now_ns()), self._calendar().trading)

    def import_files(
        self, paths: Sequence[Path], mappings: dict[Path, tuple[str, dict[str, str]]], on_progress: OnProgress
    ) -> ImportReport:
        """Refuse: real data never enter the simulated market."""
        del paths, mappings, on_progress
        raise DataUnavailable(
            "Files are imported into your own market, never into the simulated one.", key="error.simulated_import"
        )
