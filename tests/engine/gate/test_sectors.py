"""Sectors: medians of their members, words and scores of §5.4, ranks of §4.1 item 7."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from gate_market import DAY, panel_of

from engine.model.gate import SectorState
from engine.model.instruments import DesignationFlag
from engine.model.panel import MarketPanel
from engine.scoring.sectors import returns_over, sector_returns, sector_states
from engine.thresholds import DEFAULT_RULES


def market(sectors: dict[str, Sequence[float]]) -> MarketPanel:
    """Members flat at 10,000 until the last day's change in percent, so r1 equals the five-day return."""
    changes = [change for members in sectors.values() for change in members]
    close = np.full((len(changes), 60), 10_000)
    close[:, -1] = [round(10_000 * (1 + change / 100)) for change in changes]
    panel = panel_of(close)
    panel.sectors[:] = [name for name, members in sectors.items() for _ in members]
    return panel


def by_name(panel: MarketPanel, quotes: np.ndarray | None = None) -> dict[str, SectorState]:
    return {state.name: state for state in sector_states(panel, panel.shape[1] - 1, DEFAULT_RULES, quotes)}


def test_a_sector_is_the_median_of_its_members() -> None:
    # odd: 1, 2, 30 → 2; even: 1, 2, 3, 20 → 2.5
    found = by_name(market({"반도체": [30, 1, 2], "은행": [1, 20, 2, 3]}))
    assert (found["반도체"].members, found["반도체"].change_pct) == (3, pytest.approx(2.0))
    assert (found["은행"].members, found["은행"].return_5d_pct) == (4, pytest.approx(2.5))


@pytest.mark.parametrize(
    ("change", "signal", "score"),
    [
        (1.01, "bullish", 60.1),
        (1.0, "neutral", 60),
        (0.0, "neutral", 50),
        (-1.0, "neutral", 40),
        (-1.01, "bearish", 39.9),
        (5.0, "bullish", 100),
        (5.5, "bullish", 100),
        (-5.0, "bearish", 0),
        (-9.0, "bearish", 0),
    ],
)
def test_signal_and_score(change: float, signal: str, score: float) -> None:
    state = by_name(market({"화학": [change]}))["화학"]
    assert (state.signal, state.score) == (signal, pytest.approx(score))


def test_members_are_the_stocks_eligible_for_day_trading() -> None:
    panel = market({"화학": [1, 2, 3, 9, 9], "": [50]})
    panel.designation[3, -1] = DesignationFlag.WARNING
    panel.value_krw[4, :] = 29e8  # below 30억 a day
    found = by_name(panel)
    assert list(found) == ["화학"]  # no sector, no row
    assert (found["화학"].members, found["화학"].change_pct) == (3, pytest.approx(2.0))


def test_unknown_base_price_is_no_change() -> None:
    panel = market({"화학": [1], "은행": [2]})
    panel.base_krw[0, -1] = math.nan
    found = by_name(panel)
    assert (found["화학"].change_pct, found["화학"].signal, found["화학"].score) == (None, "unknown", None)
    assert list(found) == ["은행", "화학"]  # unknown last
    assert found["화학"].return_5d_pct == pytest.approx(1.0)


def test_ranks_need_five_members_and_five_sectors() -> None:
    sectors = {"A": [1] * 5, "B": [5] * 5, "C": [3] * 5, "D": [3] * 5, "E": [-2] * 5, "small": [99] * 4}
    found = by_name(market(sectors))
    assert {name: state.rank for name, state in found.items()} == {"B": 1, "C": 2, "D": 2, "A": 4, "E": 5, "small": None}
    del sectors["E"]
    assert all(state.rank is None for state in by_name(market(sectors)).values())


def test_five_day_return_is_over_five_valid_bars_and_adjusted() -> None:
    close = np.array([[100, 200, 300, 400, 500, 600, 700], [100, 200, 300, 400, 500, 600, 700], [70, 70, 70, 70, 70, 70, 70]])
    panel = panel_of(close * 100)
    panel.valid[1, 3] = False  # one halted day: the window reaches a day further back
    panel.factor[2, 4:] = 0.5  # a split: 7,000 before is 3,500 now
    found = returns_over(panel, 6, 5)
    assert found.tolist() == pytest.approx([100 * (700 / 200 - 1), 100 * (700 / 100 - 1), 100.0])
    panel.valid[1, 2] = False  # only four bars before are left
    panel.valid[0, 6] = False  # no bar today
    assert np.isnan(returns_over(panel, 6, 5)[:2]).all()
    assert np.isnan(returns_over(panel, 4, 5)).all()


def test_quotes_replace_the_day() -> None:
    # Closes 100 … 700 (hundreds); today +10 %: five-day return 770/300 - 1, for today is the fifth bar after 300.
    panel = panel_of(np.array([[100, 200, 300, 400, 500, 600, 700]]) * 100)
    found = returns_over(panel, 6, 5, np.array([10.0]))
    assert found.tolist() == pytest.approx([100 * (770 / 300 - 1)])
    flat = market({"화학": [0, 0, 0]})
    state = by_name(flat, np.array([4.0, 2.0, math.nan]))["화학"]
    assert (state.change_pct, state.return_5d_pct, state.members) == (pytest.approx(3.0), pytest.approx(3.0), 3)


def test_rows_of_the_sector_return_table() -> None:
    rows = sector_returns(market({"화학": [2], "은행": [1]}), 59)
    assert rows == (
        ("은행", DAY, pytest.approx(1.0), pytest.approx(1.0), 1),
        ("화학", DAY, pytest.approx(2.0), pytest.approx(2.0), 1),
    )


def test_later_days_are_not_read() -> None:
    panel = market({name: [1.5] * 5 for name in "ABCDE"})
    before = sector_states(panel, 40)
    for name in ("close_krw", "base_krw", "factor", "value_krw"):
        getattr(panel, name)[:, 41:] *= 2
    panel.valid[:, 41:] = False
    assert sector_states(panel, 40) == before
    assert isinstance(sector_returns(panel, 40)[0][1], date)
