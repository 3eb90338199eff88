"""A generated market survives a program that is closed before it was stored."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import SimulatedDataset
from ralphstock_desktop.app.simulation import history_of


def test_a_market_closed_before_it_was_stored_is_there_at_the_next_start(tmp_path: Path) -> None:
    folders = Folders.of_user(tmp_path)
    folders.make()
    place = folders.data / "simulated" / "market.sqlite3"
    first = SimulatedDataset(place, folders, time.time_ns)
    assert first.quick_panel() is None
    panel = first.load_panel(lambda _progress: None)
    first.close()
    second = SimulatedDataset(place, folders, time.time_ns)
    kept = second.quick_panel()
    assert kept is not None
    assert not second.is_stored
    np.testing.assert_array_equal(kept.close_krw, panel.close_krw)
    second.close()


def test_the_first_demo_day_goes_on_from_the_generated_index_levels(tmp_path: Path) -> None:
    folders = Folders.of_user(tmp_path)
    folders.make()
    dataset = SimulatedDataset(folders.data / "simulated" / "market.sqlite3", folders, time.time_ns)
    panel = dataset.load_panel(lambda _progress: None)
    assert not dataset.is_stored
    series = dataset.strategies().market_series()
    history = history_of(dataset, panel)
    for name, levels in (("KOSPI", series.kospi), ("KOSDAQ", series.kosdaq)):
        batch = history.index_days(name)
        assert batch is not None and levels is not None
        assert batch.close[-1] == levels.close[-1]
    dataset.close()
