"""The recorded market with base prices and sectors, for the checklist."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from builders import RecordedMarket

from engine.features.adjustment import adjust
from engine.model.panel import MarketPanel


@pytest.fixture(scope="session")
def recorded_panel(recorded_market: RecordedMarket, recorded_data: Path) -> MarketPanel:
    """Recorded panel; bases are the close before times the day's factor, sectors those of the listing."""
    import pandas as pd

    panel = recorded_market.panel()
    traded = panel.present & (panel.volume_shares > 0)
    none = np.zeros(0, dtype=np.int64)
    unknown = np.full(panel.shape, np.nan)
    adjusted = adjust(panel.close_krw, panel.present, traded, unknown, none, none, np.zeros(0))
    base = adjusted.base_krw * recorded_market.step_factor
    listing = pd.read_csv(recorded_data / "listings" / "krx_listing_20260320.csv.gz", dtype={"ticker": str})
    sector_of = dict(zip(listing["ticker"], listing["sector_large"].fillna(""), strict=True))
    sectors = np.array([str(sector_of.get(str(ticker), "")) for ticker in panel.tickers])
    return dataclasses.replace(panel, base_krw=base, sectors=sectors)
