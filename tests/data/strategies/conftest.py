"""A strategy store over each database, with a clock the tests move."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from tests.data.builders import DAY


@dataclass
class Clock:
    """The market's clock."""

    ns: int = kst_ns(DAY, 16)

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def strategies(database: Database, clock: Clock) -> SqlStrategyStore:
    return SqlStrategyStore(database, clock)


@pytest.fixture
def bars(database: Database) -> SqlBarStore:
    return SqlBarStore(database)
