"""Fixtures of the import tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from memory_store import MemoryStore

from engine.model.instants import kst_ns
from ralphstock_desktop.data.importing import ImportLimits, import_files
from ralphstock_desktop.ports import ImportReport
from ralphstock_desktop.providers.calendar_xkrx import KrxCalendar, load_calendar

NOW = kst_ns(date(2026, 11, 24), 15, 0)
"""A Tuesday afternoon, 40 minutes before the day's bar is official."""


@pytest.fixture(scope="session")
def krx() -> KrxCalendar:
    return load_calendar()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def run(store: MemoryStore, krx: KrxCalendar) -> Callable[..., ImportReport]:
    """Import paths into the memory store."""

    def call(*paths: Path, **options: Any) -> ImportReport:
        limits = options.pop("limits", ImportLimits())
        now = options.pop("now_ns", NOW)
        return import_files(
            list(paths), store.unit_of_work, now_ns=now, calendar=krx.trading, sessions=krx.sessions, limits=limits, **options
        )

    return call


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Folder of the recorded market data."""
    folder = Path(os.environ.get("RALPHSTOCK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    if not folder.exists():
        pytest.skip(f"recorded market data are not at {folder}")
    return folder
