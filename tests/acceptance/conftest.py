"""The recorded market as a world, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.recorded import World, load_world, part_of


@pytest.fixture(scope="session")
def recorded_world(recorded_data: Path) -> World:
    """The whole recorded market; use together with the ``real_data`` marker."""
    return load_world(recorded_data)


@pytest.fixture(scope="session")
def small_world(recorded_world: World) -> World:
    """The symbols with minute bars and news, and the most traded ones, over the last 520 days."""
    return part_of(recorded_world, 300, 520)
