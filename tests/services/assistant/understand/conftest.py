"""Names and an understanding over a few real names, and over the whole recorded master."""

from __future__ import annotations

from pathlib import Path

import pytest

from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant.understand import Understanding
from tests.services.assistant.understand.market import recorded_panel, small_panel


@pytest.fixture(scope="session")
def small_names() -> NameBook:
    return NameBook(small_panel())


@pytest.fixture(scope="session")
def small(small_names: NameBook) -> Understanding:
    return Understanding(small_names, small_panel().days)


@pytest.fixture(scope="session")
def master_names(recorded_data: Path) -> NameBook:
    return NameBook(recorded_panel(recorded_data))


@pytest.fixture(scope="session")
def master(recorded_data: Path, master_names: NameBook) -> Understanding:
    return Understanding(master_names, recorded_panel(recorded_data).days)
