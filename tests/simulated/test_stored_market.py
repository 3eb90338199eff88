"""The demo market in a real database: the panel that comes back is the panel that was drawn first."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from engine.model.panel import ARRAY_FIELDS
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.panel_store import PanelStore
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.simulated import market as simulated
from ralphstock_desktop.providers.simulated.market import SimulationSpec


def test_the_stored_panel_is_the_drawn_one(tmp_path: Path) -> None:
    calendar = load_calendar().trading
    spec = SimulationSpec.ending_before(date(2026, 11, 24), calendar, day_count=330, seed=11, symbols=640)
    drawn = simulated.build_panel(spec)
    place = tmp_path / "simulated.db"
    with open_database(place) as database:
        first = simulated.store_market(spec, database.unit_of_work)
        second = simulated.store_market(spec, database.unit_of_work)
        stored = PanelStore(place, tmp_path / "panel", simulated=True, database=lambda: database).load()
        assert first.inserted > 200_000
        assert (second.inserted, second.updated) == (0, 0)
        for name in ("days", "tickers", "names", "names_en", "sectors", "market", "security_type", "listed_on", "delisted_on"):
            np.testing.assert_array_equal(getattr(stored, name), getattr(drawn, name), err_msg=name)
        for name in ARRAY_FIELDS:
            np.testing.assert_array_equal(getattr(stored, name), getattr(drawn, name), err_msg=name)
        assert stored.simulated
