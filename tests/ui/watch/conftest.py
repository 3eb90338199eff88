"""The panel of watch lists, opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ralphstock_desktop.data.database import open_database
from tests.ui.watch.desk import WatchDesk, drive


@pytest.fixture(scope="session")
def empty_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the empty schema; copying it is faster than migrating."""
    path = tmp_path_factory.mktemp("watch") / "market.db"
    open_database(path).close()
    return path


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path, empty_market: Path) -> Iterator[WatchDesk]:
    """A list of four symbols: 삼성물산, LS ELECTRIC, 삼성전자, 현대차2우B."""
    shutil.copy(empty_market, tmp_path / "market.db")
    made = WatchDesk(qtbot, tmp_path)
    for row in (1, 5, 0, 7):
        drive(made.work.watch.add(str(made.work.panel.tickers[row])))
    made.settle()
    yield made
    made.close()
