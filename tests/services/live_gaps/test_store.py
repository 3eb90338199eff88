"""The recorder on a real SQLite repository: written on a worker, read back after a kill, corrected by upserts."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from gap_day import BASE, Run, S, make_trades, true_minutes

from engine.model.live import MISSING
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.readers import minute_rows
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.services.live.recorder import WorkerStore

A = "005930"


def read_of(database: Database) -> Any:
    def read(ticker: str, since_ns: int) -> MinuteBatch | None:
        with database.read() as connection:
            rows, source = minute_rows(connection, ticker, since_ns, since_ns + 86_400 * S)
        if not len(rows):
            return None
        value = np.where(np.isnan(rows.value_krw), MISSING, np.nan_to_num(rows.value_krw)).astype(np.int64)
        prices = (column.astype(np.int64) for column in (rows.open, rows.high, rows.low, rows.close, rows.volume_shares))
        return MinuteBatch(np.full(len(rows), ticker), rows.start_ns, *prices, value, source)

    return read


async def test_a_day_on_a_real_repository_with_a_kill_in_the_middle(tmp_path: Path) -> None:
    trades = make_trades(A, [(20, 10 + number % 5, BASE + number % 9 * 10) for number in range(90)])
    with ThreadPoolExecutor(1) as pool, open_database(tmp_path / "market.sqlite") as database:

        async def on_worker(work: Any) -> Any:
            return await asyncio.get_running_loop().run_in_executor(pool, work)

        store = WorkerStore(database.unit_of_work, read_of(database), on_worker)
        before = Run({A: trades}, store=store)  # type: ignore[arg-type]
        before.cover(A)
        for trade in (*trades[:10], *trades[13:40]):
            before.deliver(trade)
        await before.recorder.flush()  # then killed: the hole was not filled

        after = Run({A: trades}, store=store, start_ns=trades[60].at_ns)  # type: ignore[arg-type]
        after.cover(A)
        for trade in trades[60:]:
            after.deliver(trade)
        await after.finish()
        assert not after.recorder.has_gap(A)
        assert after.recorder.proof().is_proven
        batch = read_of(database)(A, trades[0].at_ns - trades[0].at_ns % (60 * S))
    true = true_minutes(trades)
    assert batch.minute_ns.tolist() == sorted(true)
    for number, start in enumerate(batch.minute_ns.tolist()):
        columns = (batch.open_krw, batch.high_krw, batch.low_krw, batch.close_krw, batch.volume_shares, batch.value_krw)
        found = tuple(int(column[number]) for column in columns)
        assert found[:5] == true[start][:5]
        assert found[5] in (true[start][5], MISSING)
    assert (batch.value_krw != MISSING).sum() > 10, "values of streamed minutes are exact"
