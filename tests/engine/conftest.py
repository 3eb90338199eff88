"""Fixtures of the engine tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import RecordedMarket, load_recorded

from engine.features import acceleration


@pytest.fixture(scope="session")
def recorded_market(recorded_data: Path) -> RecordedMarket:
    """The recorded market on symbols x days, read once; use together with the ``real_data`` marker."""
    return load_recorded(recorded_data)


@pytest.fixture(autouse=True)
def plain_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the scan with its plain loops, whatever ran before in this process."""
    monkeypatch.setattr(acceleration, "_compiled", None)


@pytest.fixture
def compiled_loops(plain_loops: None) -> None:
    """Run the scan with its compiled loops in this test only."""
    if not acceleration.accelerate():
        pytest.skip("no compiler package on this machine")
