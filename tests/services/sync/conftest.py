"""A fresh repository with a synchroniser's surroundings for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.services.workers import Workers
from tests.services.sync.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    workers = Workers()
    with open_database(tmp_path / "market.db") as database:
        yield Bench(database, workers)
        workers.close()
