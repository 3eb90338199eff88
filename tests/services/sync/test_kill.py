"""A synchronisation killed at random moments: what is marked done is there, nothing is half-written, the next run ends it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from tests.services.sync.market import NAME
from tests.services.sync.sync_process import TODAY, market

ROOT = Path(__file__).resolve().parents[3]
SYMBOLS = 60
KILLS = int(os.environ.get("RALPHSTOCK_KILLS", "4"))


def run(place: Path, kill_after: int | None) -> list[str]:
    """Run; kill after so many requests. Returns what it asked for."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.sync.sync_process", str(place), str(SYMBOLS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None and process.stderr is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if kill_after is not None and len(lines) >= kill_after:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.read()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    code = process.wait()
    assert code == (0 if kill_after is None else -signal.SIGKILL), errors
    return lines


def marks(database: Database, step: str) -> set[str]:
    job = SqlJobStore(database).load(f"sync/{NAME}/{step}")
    return set(job.detail["done"]) if job is not None else set()


def check_marks(place: Path) -> tuple[int, int]:
    """What is marked done is stored whole; what is stored but not marked is whole too. Returns how many of both."""
    source = market(SYMBOLS)
    with open_database(place) as database:
        assert database.opened.set_aside is None
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        store = SqlSyncStore(database)
        done = marks(database, "daily")
        spans = store.stored_spans("daily_price")
        assert done == set(spans)  # rows and marks are one transaction
        for ticker in spans:
            stored, truth = store.daily_since(ticker, date(2000, 1, 1)), source.truth(ticker)
            wanted = truth.day >= np.datetime64("2025-11-17")
            assert (stored.day == truth.day[wanted]).all() and (stored.close_krw == truth.close_krw[wanted]).all()
        assert marks(database, "adjusted") == set(store.stored_spans("adjusted_price"))
        flows = store.stored_spans("flow")
        assert marks(database, "flows") == set(flows) and {span.last for span in flows.values()} <= {TODAY}
        return len(done), len(flows)


def test_killed_synchronisations_lose_nothing_and_go_on(tmp_path: Path) -> None:
    place, chance = tmp_path / "market.db", random.Random(20261124)
    asked: list[str] = []
    seen = (0, 0)
    for _ in range(KILLS):
        asked += run(place, chance.randint(20, 70))
        now = check_marks(place)
        assert now >= seen
        seen = now
    assert seen[0] > 0
    last = run(place, None)
    assert last[-1] == "end done"
    assert check_marks(place) == (SYMBOLS, SYMBOLS)
    repeated = sum(asked.count(line) + last.count(line) - 1 for line in set(asked) if line.startswith(("daily", "flows")))
    assert repeated <= KILLS * 2 * (7 + 7 + 3)  # a batch being written, one being made and the requests under way, in each lane
    with open_database(place) as database:
        job = SqlJobStore(database).load(f"sync/{NAME}/daily")
        actions = [SqlSyncStore(database).actions_of(t) for t in list(market(SYMBOLS).splits)]
    assert job is not None and job.state == "done" and job.detail["complete"] == TODAY.isoformat()
    assert all(batch.price_factor.tolist() == pytest.approx([0.5], rel=1e-3) for batch in actions)
