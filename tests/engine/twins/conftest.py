"""The recorded market with base prices, sectors, names, market series and headlines, read once for all twins."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import RecordedMarket
from worlds import World, recorded_world


@pytest.fixture(scope="session")
def world(recorded_market: RecordedMarket, recorded_data: Path) -> World:
    """Use together with the ``real_data`` marker."""
    return recorded_world(recorded_market, recorded_data)
