"""A repository and worker threads for the services that keep strategies' results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.instants import kst_ns
from engine.performance import acceleration
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.workers import Workers
from tests.services.strategies.kept.kept_market import Clock, Settings, day


@pytest.fixture
def plain_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow signals with the plain loops, whatever ran before in this process."""
    monkeypatch.setattr(acceleration, "_compiled", {})


@pytest.fixture
def clock() -> Clock:
    return Clock(kst_ns(day(0), 16))


@pytest.fixture(scope="session")
def empty_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the empty schema; copying it is faster than migrating."""
    path = tmp_path_factory.mktemp("kept") / "market.db"
    open_database(path).close()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_market: Path) -> Iterator[Database]:
    shutil.copy(empty_market, tmp_path / "market.db")
    with open_database(tmp_path / "market.db") as opened:
        yield opened
        assert opened.checked_out() == 0


@pytest.fixture
def store(database: Database, clock: Clock) -> SqlStrategyStore:
    return SqlStrategyStore(database, clock)


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()
