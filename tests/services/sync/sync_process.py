"""Runs a synchronisation of the plain market in a process of its own, so that it can be killed.

``python -m tests.services.sync.sync_process DATABASE SYMBOLS`` prints a line per item asked for.
"""

# ruff: noqa: T201 - it talks through its output
from __future__ import annotations

import asyncio
import sys
from datetime import date

from engine.calendar.sessions import SessionTable
from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from ralphstock_desktop.services.sync import Synchroniser
from ralphstock_desktop.services.sync_plan import SyncSettings
from ralphstock_desktop.services.sync_world import SyncWorld
from ralphstock_desktop.services.workers import Workers
from tests.services.sync.bench import Monitor
from tests.services.sync.market import CALENDAR, PlainSource, tickers

TODAY = date(2026, 11, 24)
SETTINGS = SyncSettings(history_years=1, flow_history_days=60, batch_items=7, parallel=3)


def market(symbols: int) -> PlainSource:
    source = PlainSource(tickers(symbols), TODAY, first=date(2025, 6, 2))
    for number, ticker in enumerate(source.symbols):
        if number % 9 == 0:
            source.splits[ticker] = (date(2026, 5, 4), 0.5)
    return source


async def run(place: str, symbols: int) -> None:
    workers, tasks = Workers(), []
    source = market(symbols)

    def tell(step: str, key: str) -> object:
        print(step, key, flush=True)
        return asyncio.sleep(0.001)

    source.before = tell
    with open_database(place) as database:
        world = SyncWorld(
            SqlSyncStore(database),
            SqlJobStore(database),
            CALENDAR,
            SessionTable(),
            tuple,
            workers,
            lambda: kst_ns(TODAY, 21),
            Monitor(),
            lambda work, name: tasks.append(asyncio.get_running_loop().create_task(work, name=name)),
        )
        sync = Synchroniser(source, world, settings=SETTINGS)
        sync.start()
        await asyncio.gather(*tasks)
        assert sync.state.last is not None
        print("end", sync.state.last.state, flush=True)
    workers.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
