"""The small market, stored once; every test gets a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.features import acceleration as scan_acceleration
from engine.performance import acceleration as life_acceleration
from ralphstock_desktop.app.folders import Folders
from tests.services.strategy.small_market import Template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("market") / "stored")


@pytest.fixture(scope="package", autouse=True)
def _compiled() -> Iterator[None]:
    """The compiled loops, as the program uses them."""
    before = scan_acceleration._compiled
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    yield
    scan_acceleration._compiled = before


@pytest.fixture
def market(template: Template, tmp_path: Path) -> Folders:
    return template.copy_to(tmp_path / "market")


@pytest.fixture
def make_market(template: Template, tmp_path: Path) -> Callable[[str], Folders]:
    return lambda name: template.copy_to(tmp_path / name)


@pytest.fixture(autouse=True)
def _no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting the record beside the grades takes seconds; it has a test of its own."""
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)
