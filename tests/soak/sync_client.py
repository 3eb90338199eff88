"""The synchroniser over the real client in a process of its own, so that it can be killed.

``python -m tests.soak.sync_client URL DATABASE NOW_NS TICKERS`` prints JSON lines: the plan, each request made by hand with its
wait, and the end. ``NOW_NS`` is the market's clock; ``TICKERS`` (with commas) are what the listing is cut to.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import sys
import time
from typing import Any

from engine.calendar.sessions import DEFAULT_SESSIONS
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from ralphstock_desktop.live_ports import Credentials, Listing, Priority
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.kiwoom.rest import open_rest
from ralphstock_desktop.providers.kiwoom.source import KiwoomSource
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.services.sync import Synchroniser
from ralphstock_desktop.services.sync_plan import SyncSettings
from ralphstock_desktop.services.sync_world import SyncWorld
from ralphstock_desktop.services.workers import Workers
from tests.services.sync.bench import Monitor

SETTINGS = SyncSettings(history_years=1, flow_history_days=90, market_flow_days=2, batch_items=10, batch_s=1.0)


class _Short(KiwoomSource):
    """The real source with a listing cut to chosen stocks."""

    tickers: frozenset[str] = frozenset()

    async def fetch_listing(self, priority: Priority) -> Listing:
        listing = await super().fetch_listing(priority)
        return dataclasses.replace(listing, symbols=tuple(s for s in listing.symbols if s.ticker in self.tickers))


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


async def by_hand(source: KiwoomSource, tickers: list[str]) -> None:
    """A user who looks at charts and books meanwhile."""
    chance = random.Random(5)
    while True:
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        ticker, kind = chance.choice(tickers), chance.choice(["book", "chart"])
        started = time.monotonic()
        if kind == "book":
            await source.fetch_book(ticker, Priority.INTERACTIVE)
        else:
            await source.fetch_adjusted(ticker, source._today(), Priority.INTERACTIVE)
        tell(kind=kind, took_s=round(time.monotonic() - started, 4))


async def run(url: str, place: str, now_ns: int, tickers: str) -> None:
    workers, monitor, tasks = Workers(), Monitor(), list[asyncio.Task[None]]()
    calendar = load_calendar()
    rest = open_rest(url, TokenOwner(Credentials("sync-key", "sync-secret"), now_ns=time.time_ns), monitor, now_ns=time.time_ns)
    source = _Short(rest, lambda: now_ns, calendar=calendar.trading, monitor=monitor)
    source.tickers = frozenset(tickers.split(","))
    with open_database(place) as database:
        world = SyncWorld(
            SqlSyncStore(database),
            SqlJobStore(database),
            calendar.trading,
            DEFAULT_SESSIONS,
            tuple,
            workers,
            lambda: now_ns,
            monitor,
            lambda work, name: tasks.append(asyncio.get_running_loop().create_task(work, name=name)),
        )
        sync = Synchroniser(source, world, settings=SETTINGS)
        plan = await sync.plan()
        tell(requests=plan.requests, eta_s=round(plan.eta_s, 1), steps={s.name: [s.done, s.total] for s in plan.steps})
        listed = await workers.read(SqlSyncStore(database).listed_tickers)
        hand = asyncio.create_task(by_hand(source, [symbol.ticker for symbol in listed] or ["005930"])) if listed else None
        started = time.monotonic()
        sync.start()
        await asyncio.gather(*tasks)
        state = sync.state.last
        assert state is not None
        tell(
            end=state.state,
            seconds=round(time.monotonic() - started, 1),
            error=state.error.key if state.error else None,
            steps={s.name: [s.state, s.done, s.total, s.failed, s.error.key if s.error else None] for s in state.steps},
            limited=len(monitor.limits),
            notes=monitor.notes,
        )
        if hand is not None:
            hand.cancel()
            await asyncio.gather(hand, return_exceptions=True)
    await source.close()
    workers.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
