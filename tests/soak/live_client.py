"""The real client with the real recorder and a real SQLite store, put together as the program does, with raised caps."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from engine.model.instants import day_of
from engine.model.live import ConnectionState
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.readers import minute_rows
from ralphstock_desktop.live_ports import ConnectionChange, Credentials, Subscription
from ralphstock_desktop.ports import MISSING_INT, DailyBatch, MinuteBatch
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, LimitRule
from ralphstock_desktop.providers.kiwoom.registrations import RegistrationLimits
from ralphstock_desktop.providers.kiwoom.rest import open_rest
from ralphstock_desktop.providers.kiwoom.source import KiwoomSource
from ralphstock_desktop.providers.kiwoom.stream import KiwoomStream, StreamLimits
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.providers.kiwoom.transport import stream_url
from ralphstock_desktop.services.live.backfill import BackfillRules
from ralphstock_desktop.services.live.hub import LiveHub
from ralphstock_desktop.services.live.recorder import FeedRecorder, WorkerStore
from tests.soak.sim_process import SimProcess

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


class CountingMonitor:
    """A health monitor that only counts."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def succeeded(self, source: str, latency_ms: float) -> None:
        self.counts[f"{source} answered"] += 1

    def failed(self, source: str, error: Any) -> None:
        self.counts[f"{source} failed {error.key}"] += 1

    def queued(self, source: str, waiting: int, eta_s: float) -> None: ...
    def limited(self, source: str, retry_after_s: float) -> None:
        self.counts[f"{source} limited"] += 1

    def opened(self, source: str, closes_in_s: float | None) -> None:
        self.counts[f"{source} breaker {'opened' if closes_in_s else 'closed'}"] += 1

    def beat(self, service: str) -> None: ...
    def note(self, source: str, key: str, count: int = 1, **fields: Any) -> None:
        self.counts[f"{key} {fields.get('why', '')}".strip()] += count


class ErrorLog(logging.Handler):
    """Collects what was logged as an error: nothing may be."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


class LiveClient:
    """Everything on the client's side. Make it inside the event loop that runs it."""

    def __init__(self, sim: SimProcess, folder: Path, rules: BackfillRules) -> None:
        self.sim = sim
        self.monitor = CountingMonitor()
        self.errors: list[str] = []
        self.log = ErrorLog()
        logging.getLogger().addHandler(self.log)
        self.disconnects = 0
        self.is_live = False
        self.time_in: Counter[str] = Counter()
        """Seconds per connection state."""
        self.reasons: Counter[str] = Counter()
        self._state, self._state_since = "idle", time.monotonic()
        self.database = open_database(folder / "soak.sqlite")
        self.store = SqlBarStore(self.database)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="ThreadPoolExecutor-writer")
        tokens = TokenOwner(Credentials("soak-key", "soak-secret"), now_ns=time.time_ns)
        self._tokens = tokens
        wide = LimitRule(2_000.0, 2_000)
        limits = LimitPlan(each=wide, overall=wide, special={}, groups={"oauth2": LimitRule(50.0, 50)})
        self.rest = open_rest(sim.base_url, tokens, self.monitor, now_ns=time.time_ns, limits=limits)
        self.source = KiwoomSource(self.rest, sim.market_ns, monitor=self.monitor)
        self.hub = LiveHub(time.time_ns, sim.market_ns)
        self.recorder = FeedRecorder(
            self.source,
            WorkerStore(self.store.unit_of_work, self._read, self._on_worker),
            lambda: sim.tickers[:50],
            sim.market_ns,
            time.monotonic_ns,
            self.monitor,
            source_name="kiwoom",
            rules=rules,
            write_every_s=1.0,
        )
        self.hub.keeper = self.recorder
        self._subscription = self.hub.connection.subscribe(self._on_connection)
        registrations = RegistrationLimits(
            items_per_group=6_000, items_per_connection=6_000, items_per_frame=3_000, frame_gap_s=0.0
        )
        self.stream = KiwoomStream(
            stream_url(sim.base_url),
            tokens,
            self.hub,
            self.monitor,
            market_ns=sim.market_ns,
            machine_ns=time.time_ns,
            limits=StreamLimits(
                registrations=registrations, idle_s=3.0, first_wait_s=0.01, longest_wait_s=0.03, login_s=3.0, open_s=3.0
            ),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def _on_worker(self, work: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def _read(self, ticker: str, since_ns: int) -> MinuteBatch | None:
        with self.database.read() as connection:
            rows, source = minute_rows(connection, ticker, since_ns, since_ns + DAY_NS)
        if not len(rows):
            return None
        value = np.where(np.isnan(rows.value_krw), MISSING_INT, np.nan_to_num(rows.value_krw)).astype(np.int64)
        columns = (rows.open, rows.high, rows.low, rows.close, rows.volume_shares)
        return MinuteBatch(np.full(len(rows), ticker), rows.start_ns, *(c.astype(np.int64) for c in columns), value, source)

    def _on_connection(self, change: ConnectionChange) -> None:
        live = change.state is ConnectionState.LIVE
        now = time.monotonic()
        self.time_in[self._state] += now - self._state_since  # type: ignore[assignment]
        self._state, self._state_since = change.state.value, now
        if change.error is not None:
            self.reasons[f"{change.state.value} {change.error.key} {change.error.fields.get('reason', '')}"] += 1
        if self.is_live and not live:
            self.disconnects += 1
        self.is_live = live

    async def start(self) -> None:
        """Begin the day: the recorder first, then the stream."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.errors.append(str(context.get("exception") or context["message"])))
        self.recorder.start_day(day_of(self.sim.open_ns), self.sim.open_ns, self.sim.close_ns)
        self.stream.want([Subscription(ticker) for ticker in self.sim.tickers], ["001", "101", "201"])
        for work, name in ((self._run_stream, "stream"), (self.recorder.run, "recorder"), (self._frames, "frames")):
            task = loop.create_task(work(), name=name)
            task.add_done_callback(self._on_done)
            self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.errors.append(f"{task.get_name()}: {error!r}")

    async def _run_stream(self) -> None:
        while True:
            # After a displacement or a refusal the user would press the button.
            await self.stream.run()
            self._tokens.reset()
            await asyncio.sleep(0.2)

    async def _frames(self) -> None:
        while True:
            self.hub.frame()
            await asyncio.sleep(1 / 30)

    async def stop(self) -> None:
        """End everything, storing what is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError):
            await self.recorder.flush()
        await self.source.close()

    def store_days(self) -> int:
        """Store the day bars of all symbols; returns how many."""
        ledger, recorder = self.recorder.ledger, self.recorder
        bars = {
            ticker: bar for ticker in ledger.tracks if (bar := recorder.day_of(ticker)) is not None and not np.isnan(bar.open)
        }
        columns = [[bar.open, bar.high, bar.low, bar.close, bar.volume_shares] for bar in bars.values()]
        numbers = np.array(columns, dtype=np.float64).reshape(-1, 5).astype(np.int64)
        missing = np.full(len(bars), MISSING_INT)
        day = np.datetime64(ledger.day)
        with self.store.unit_of_work() as unit:
            unit.upsert_daily(
                DailyBatch(
                    np.array(list(bars)),
                    np.full(len(bars), day),
                    *(numbers[:, i] for i in range(5)),
                    missing,
                    missing,
                    "kiwoom",
                )
            )
        return len(bars)

    def close(self) -> None:
        """Close the store."""
        logging.getLogger().removeHandler(self.log)
        self._writer.shutdown()
        self.database.close()
