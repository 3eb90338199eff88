"""Repositories, worker threads and a desk for the watch service."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.services.workers import Workers
from tests.services.strategies.kept.kept_market import Clock, day
from tests.services.watching.watch_desk import LAST, Desk


@pytest.fixture(scope="session")
def empty_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the empty schema; copying it is faster than migrating."""
    path = tmp_path_factory.mktemp("watching") / "market.db"
    open_database(path).close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock(kst_ns(day(LAST + 1), 10, 30))


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


@pytest.fixture
async def desk(tmp_path: Path, empty_market: Path, clock: Clock, workers: Workers) -> AsyncIterator[Desk]:
    for kind in ("real", "simulated"):
        shutil.copy(empty_market, tmp_path / f"{kind}.db")
    made = Desk(tmp_path, clock, workers)
    yield made
    await made.close()
