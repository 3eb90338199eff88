"""A running market moved by hand, real notices over real repositories, and starts of the watch service over them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.model.errors import StorageError
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.assistant_ports import AssistantStore
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import DatasetKind, MarketPicture, ScanPicture
from ralphstock_desktop.services.live_contracts import LiveScan
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.watching import WatchService
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord
from tests.services.strategies.kept.kept_market import Clock, Settings, day, flat, market
from tests.ui.live.fake_live import FakeLive

LAST = 9
"""Index of the last stored day; the running one is the next."""


class Desk:
    """The market on screen, and the repositories of both markets."""

    def __init__(self, folder: Path, clock: Clock, workers: Workers) -> None:
        self.clock, self.workers, self.folder = clock, workers, folder
        self.panel: MarketPanel = market({"000010": flat(10), "000020": flat(10, 50_000), "000030": flat(10, 2_000)})
        self.live: FakeLive | None = FakeLive(self.panel, day(LAST + 1))
        self.market: Channel[MarketPicture] = Channel("market")
        self.scans: Channel[ScanPicture] = Channel("scans")
        self.notices: Channel[str] = Channel("notices")
        self.kind: DatasetKind = "real"
        self.databases: dict[str, Database] = {}
        for kind in ("real", "simulated"):
            self.databases[kind] = open_database(folder / f"{kind}.db")
        self.told: list[NoticeRecord] = []
        self.starts: list[WatchService] = []
        self.broken = False
        self.strategies: Any = None
        self.book: NoticeService

    def store(self, kind: str = "real") -> SqlAssistantStore:
        return SqlAssistantStore(self.databases[kind], self.clock)

    async def open_notices(self, kind: str = "real") -> None:
        """What the program does on its way to a market."""
        self.book = NoticeService(self.workers, Settings(), self.clock)  # type: ignore[arg-type]
        self.book.fresh.subscribe(self.told.append)
        self.strategies = SimpleNamespace(notices=self.book)
        await self.book.open(SqlStrategyStore(self.databases[kind], self.clock))

    def look(self, *, latest: bool = True, kind: DatasetKind = "real") -> None:
        """Look at the newest data of a market, or at a day before."""
        self.kind = kind
        as_of = AsOf.end_of(day(LAST if latest else LAST - 3))
        self.market.publish(MarketPicture(self.panel, kind, as_of, is_latest=latest))

    async def start(self, **changes: Any) -> WatchService:
        """One start of the program, looking at the present."""
        for earlier in self.starts:
            await earlier.close()
        if self.market.last is None:
            self.look()
        await self.open_notices(self.kind)

        async def open_store(kind: str) -> AssistantStore:
            if self.broken:
                raise StorageError("The disk is gone.", key="error.storage.read")
            return self.store(kind)

        async def post(records: tuple[NoticeRecord, ...]) -> tuple[NoticeRecord, ...]:
            return await self.book.post(records)

        given: dict[str, Any] = {"open_store": open_store, "post": post, "now_ns": self.clock, **changes}
        made = WatchService(self, self.workers, **given)  # type: ignore[arg-type]
        self.starts.append(made)
        made.start()
        made.follow_live()
        await made.idle()
        return made

    async def trade(self, ticker: str, price: int, **columns: Any) -> None:
        """A quote, and everything that follows from it."""
        assert self.live is not None
        self.live.move({ticker: price}, at_ns=self.clock.ns, **columns)
        await self.starts[-1].idle()

    def picture(self, scores: dict[str, float], as_of: AsOf, *, what_if: bool = False) -> ScanPicture:
        """A scan with these totals and nothing else."""
        totals = np.array([scores.get(str(ticker), np.nan) for ticker in self.panel.tickers])
        scan: Any = SimpleNamespace(total_score=totals, as_of=as_of)
        return ScanPicture(scan, self.panel, DEFAULT_RULES, 0.1, 3, 3, 0, what_if=what_if)

    async def scan(self, scores: dict[str, float], *, as_of: AsOf | None = None, what_if: bool = False) -> None:
        """An official scan of the day looked at, or of another."""
        looked_at = self.market.last
        assert looked_at is not None
        self.scans.publish(self.picture(scores, as_of or looked_at.as_of, what_if=what_if))
        await self.starts[-1].idle()

    async def score_now(self, scores: dict[str, float]) -> None:
        """A provisional scan of the running day."""
        assert self.live is not None
        found = self.picture(scores, AsOf(self.clock.ns))
        self.live.scans.publish(LiveScan(found, np.arange(3, dtype=np.intp), self.clock.ns, 0.1))
        await self.starts[-1].idle()

    async def close(self) -> None:
        """End of the program."""
        for start in self.starts:
            await start.close()
        if self.strategies is not None:
            await self.book.close()
        for database in self.databases.values():
            assert database.checked_out() == 0
            database.close()

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """Ticker, key and value of what was told, in order."""
        return [(each.ticker, each.key, str(each.fields["value"])) for each in self.told]
