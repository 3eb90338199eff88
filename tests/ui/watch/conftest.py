"""The panel of watch lists, opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.watch.desk import WatchDesk, drive


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[WatchDesk]:
    """A list of four symbols: 삼성물산, LS ELECTRIC, 삼성전자, 현대차2우B."""
    made = WatchDesk(qtbot, tmp_path)
    for row in (1, 5, 0, 7):
        drive(made.work.watch.add(str(made.work.panel.tickers[row])))
    made.settle()
    yield made
    made.close()
