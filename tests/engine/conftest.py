"""Fixtures of the engine tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import RecordedMarket, load_recorded


@pytest.fixture(scope="session")
def recorded_market(recorded_data: Path) -> RecordedMarket:
    """The recorded market on symbols x days, read once; use together with the ``real_data`` marker."""
    return load_recorded(recorded_data)
