"""Fixtures of the engine tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import RecordedMarket, load_recorded

from engine.features import acceleration


@pytest.fixture(scope="session")
def recorded_market(recorded_data: Path) -> RecordedMarket:
    """The recorded market on symbols x days, read once; use together with the ``real_data`` marker."""
    return load_recorded(recorded_data)


@pytest.fixture
def compiled_loops() -> Iterator[None]:
    """Run the scan with its compiled loops; afterwards the plain ones are in use again, as in all other tests."""
    before = dict(vars(acceleration))
    if not acceleration.accelerate():
        pytest.skip("no compiler package on this machine")
    yield
    for name, value in before.items():
        setattr(acceleration, name, value)
    assert not acceleration.is_accelerated()
