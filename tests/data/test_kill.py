"""Killing a writing process at random moments: what was acknowledged is there, nothing is half-written, the next open repairs.

``RALPHSTOCK_KILLS`` sets the number of kills per job (default 6).
"""

from __future__ import annotations

import os
import random
import signal as signals
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.panel_store import PanelStore
from ralphstock_desktop.data.schema.market import DAILY_PRICE
from ralphstock_desktop.data.schema.records import SCAN_RUN, SIGNAL, SIGNAL_REVISION
from tests.data.writer_process import SIGNALS, TICKERS

KILLS = int(os.environ.get("RALPHSTOCK_KILLS", "6"))
ROOT = Path(__file__).resolve().parents[2]


def killed(job: str, place: str, start: int, chance: random.Random) -> list[int]:
    """Start a writer, kill it after a random number of acknowledgements and a random pause; return what it acknowledged."""
    wanted, pause = chance.randint(0, 6), chance.random() * 0.05
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.data.writer_process", job, place, str(start)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None and process.stderr is not None
    seen: list[str] = []
    for _ in range(wanted + 1):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        seen.append(line)
    try:
        process.wait(timeout=pause)  # the pause puts the kill anywhere inside the next transaction
    except subprocess.TimeoutExpired:
        process.send_signal(signals.SIGKILL)
    seen += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == -signals.SIGKILL
    return [int(line.split()[1]) for line in seen if line.endswith("\n")]


def sound(database: Database) -> None:
    assert database.opened.set_aside is None
    if database.location.is_sqlite:
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with database.unit_of_work() as unit:
        unit.put_setting("still", "writable")


@pytest.mark.slow
def test_killed_imports_lose_nothing_and_leave_no_half_day(ready_place: str, tmp_path: Path) -> None:
    chance, start, acknowledged = random.Random(20261124), 0, set[int]()
    for _ in range(KILLS):
        acknowledged |= set(killed("import", ready_place, start, chance))
        with open_database(ready_place) as database:
            sound(database)
            with database.read() as connection:
                query = select(DAILY_PRICE.c.date, func.count()).group_by(DAILY_PRICE.c.date)
                stored = {
                    (np.datetime64(day) - np.datetime64("2000-01-01")).astype(int): n for day, n in connection.execute(query)
                }
        assert set(stored.values()) == {TICKERS}
        assert acknowledged <= set(stored)
        assert set(stored) == set(range(len(stored)))  # no day is skipped
        start = len(stored)
    panel = PanelStore(ready_place, tmp_path / "panel").load()
    assert panel.shape == (TICKERS, start)
    assert panel.valid.all()


@pytest.mark.slow
def test_killed_scans_lose_nothing_and_leave_no_half_scan(ready_place: str) -> None:
    chance, start, acknowledged = random.Random(11), 0, set[int]()
    for _ in range(KILLS):
        acknowledged |= set(killed("scan", ready_place, start, chance))
        with open_database(ready_place) as database:
            sound(database)
            with database.read() as connection:
                runs = connection.execute(select(SCAN_RUN.c.started_at).order_by(SCAN_RUN.c.id)).scalars().all()
                rows = connection.execute(select(SIGNAL.c.score, SIGNAL.c.run_id)).all()
                revisions = connection.execute(select(func.count()).select_from(SIGNAL_REVISION)).scalar_one()
        assert list(runs) == list(range(len(runs)))
        assert acknowledged <= set(runs)
        # all signals show the last stored run, and each earlier run left one revision per signal
        assert len(rows) == SIGNALS
        assert {row.score for row in rows} == {float((len(runs) - 1) % 100)}
        assert revisions == SIGNALS * (len(runs) - 1)
        start = len(runs)


def test_two_processes_writing_at_once_leave_one_row_per_key(ready_place: str) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.data.writer_process", "same", ready_place, str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in (1, 2)
    ]
    for writer in writers:
        told, problems = writer.communicate(timeout=120)
        assert told == "done\n", problems
    with open_database(ready_place) as database, database.read() as connection:
        prices = connection.execute(select(DAILY_PRICE.c.close)).scalars().all()
        assert len(prices) == 20
        assert len(set(prices)) == 1  # each transaction wrote all of its rows or none
        assert prices[0] in {1_009, 2_009}
        assert connection.execute(select(func.count()).select_from(SIGNAL)).scalar_one() == 20
        assert connection.execute(select(func.count()).select_from(SCAN_RUN)).scalar_one() == 20
