"""Properties of the scan that hold for every market (domain.md §§0.2, 0.3, 7.7-3; §11 no. 8 d)."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time
from typing import Any

import numpy as np
import pytest
from builders import histories, panel_of, random_market
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.instants import AsOf
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.scan import VcpScan
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES

LENGTH = 300


@pytest.fixture(scope="module")
def panel() -> MarketPanel:
    """80 random symbols with halts, splits, holes and short histories over 300 days."""
    return panel_of(histories(random_market(7, symbols=80, length=LENGTH)))


def scan_at(panel: MarketPanel, i: int, clock: time = time(20, 30)) -> VcpScan:
    day = panel.days[i].astype(datetime)
    return scan(panel, AsOf.at(day, clock.hour, clock.minute), DEFAULT_RULES)


def arrays_of(result: VcpScan) -> dict[str, np.ndarray]:
    return {
        spec.name: getattr(result, spec.name)
        for spec in dataclasses.fields(VcpScan)
        if isinstance(getattr(result, spec.name), np.ndarray)
    }


def assert_bit_equal(one: VcpScan, other: VcpScan) -> None:
    mine, theirs = arrays_of(one), arrays_of(other)
    for name in mine:
        assert mine[name].dtype == theirs[name].dtype, name
        assert mine[name].tobytes() == theirs[name].tobytes(), f"{name} differs"


def with_arrays(panel: MarketPanel, arrays: dict[str, np.ndarray], version: str = "changed") -> MarketPanel:
    changes: dict[str, Any] = dict(arrays)
    return dataclasses.replace(panel, version=version, **changes)


def copies(panel: MarketPanel) -> dict[str, np.ndarray]:
    return {name: getattr(panel, name).copy() for name in ARRAY_FIELDS}


# ---------------------------------------------------------------------------------------------------- no look-ahead


@settings(max_examples=15, deadline=None, derandomize=True)
@given(i=st.integers(0, LENGTH - 2), seed=st.integers(0, 99))
def test_the_future_changes_nothing(panel: MarketPanel, i: int, seed: int) -> None:
    """Everything after day i is replaced by noise - prices, volumes, values, flows, factors, designations, validity."""
    rng = np.random.default_rng(seed)
    arrays = copies(panel)
    for name, array in arrays.items():
        after = array[:, i + 1 :]
        if array.dtype == np.bool_:
            after[...] = rng.random(after.shape) < 0.5
        elif name == "designation":
            after[...] = rng.integers(0, 512, after.shape)
        elif array.dtype.kind == "i":
            after[...] = rng.integers(1, 1_000_000, after.shape)
        else:
            after[...] = rng.normal(1e9, 1e9, after.shape)
            after[rng.random(after.shape) < 0.2] = np.nan
    assert_bit_equal(scan_at(panel, i), scan_at(with_arrays(panel, arrays), i))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(i=st.integers(0, LENGTH - 1), clock=st.sampled_from([time(15, 40), time(18, 10), time(20, 30)]))
def test_truncation(panel: MarketPanel, i: int, clock: time) -> None:
    """§7.7-3: data cut at t give what the full data give at t."""
    assert_bit_equal(scan_at(panel, i, clock), scan_at(panel.truncated(i + 1), i, clock))


def test_flows_of_the_day_change_nothing_before_their_instant(panel: MarketPanel) -> None:
    """At 15:40 the flows of t are not known, whatever the panel holds of them; at 20:30 they count."""
    arrays = copies(panel)
    for name in ("foreign_krw", "institution_krw", "foreign_shares", "institution_shares"):
        arrays[name][:, -1] = 1e12
    changed = with_arrays(panel, arrays)
    assert_bit_equal(scan_at(panel, LENGTH - 1, time(15, 40)), scan_at(changed, LENGTH - 1, time(15, 40)))
    evening, evening_changed = scan_at(panel, LENGTH - 1), scan_at(changed, LENGTH - 1)
    assert not np.array_equal(evening.smartmoney_score, evening_changed.smartmoney_score, equal_nan=True)


def test_a_bar_of_the_day_changes_nothing_before_the_close(panel: MarketPanel) -> None:
    arrays = copies(panel)
    arrays["close_krw"][:, -1] += 7
    arrays["high_krw"][:, -1] += 7
    changed = with_arrays(panel, arrays)
    assert_bit_equal(scan_at(panel, LENGTH - 1, time(15, 39)), scan_at(changed, LENGTH - 1, time(15, 39)))
    assert not np.array_equal(scan_at(panel, LENGTH - 1).close, scan_at(changed, LENGTH - 1).close, equal_nan=True)


def test_days_after_the_instant_are_not_looked_at(panel: MarketPanel) -> None:
    """The same instant over a panel that ends there and over one that goes on: day and flow indices are the same."""
    assert scan_at(panel, 250).day_index == scan_at(panel.truncated(251), 250).day_index == 250


# ---------------------------------------------------------------------------------------------------- symmetry


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), i=st.integers(200, LENGTH - 1))
def test_order_of_symbols_does_not_matter(panel: MarketPanel, seed: int, i: int) -> None:
    order = np.random.default_rng(seed).permutation(len(panel.tickers))
    shuffled = dataclasses.replace(
        panel,
        **{name: getattr(panel, name)[order] for name in ARRAY_FIELDS},
        **{
            name: getattr(panel, name)[order]
            for name in ("tickers", "names", "names_en", "sectors", "market", "security_type", "listed_on", "delisted_on")
        },
        version="shuffled",
    )
    mine, theirs = arrays_of(scan_at(panel, i)), arrays_of(scan_at(shuffled, i))
    for name in mine:
        assert mine[name][order].tobytes() == theirs[name].tobytes(), name


@pytest.mark.parametrize("scale", [10, 100])
def test_a_dearer_copy_has_the_same_pattern(panel: MarketPanel, scale: int) -> None:
    """Prices x 10 with volumes as they were and values x 10: every measure in per cent, every count and every item of price
    shape stays. (Ticks and the floor of 1,000 won do not scale; symbols that the floor or the value rule moves are left out.)
    """
    arrays = copies(panel)
    for name in ("open_krw", "high_krw", "low_krw", "close_krw"):
        arrays[name] = np.minimum(arrays[name].astype(np.int64) * scale, 2_000_000_000).astype(np.int32)
    fits = (panel.high_krw.max(axis=1).astype(np.int64) * scale) < 2_000_000_000
    arrays["value_krw"] = arrays["value_krw"] * scale
    plain, dear = scan_at(panel, LENGTH - 1), scan_at(with_arrays(panel, arrays), LENGTH - 1)
    assert fits.sum() > 40
    for name in ("t_count", "base_start", "base_bars", "leg_start", "leg_end", "state", "structure_gate", "n_bars"):
        assert np.array_equal(getattr(plain, name)[fits], getattr(dear, name)[fits]), name
    for name in ("theta_pct", "contraction_ratio", "dist_pct", "vol_ratio", "dry_ratio", "rs_raw"):
        np.testing.assert_allclose(getattr(plain, name)[fits], getattr(dear, name)[fits], rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(dear.pivot[fits], plain.pivot[fits] * scale, rtol=1e-9)
    shape_items = [*range(7), *range(8, 18)]  # all of A but T8, all of B, C, D, E
    assert np.array_equal(plain.item_points[fits][:, shape_items], dear.item_points[fits][:, shape_items])


@pytest.mark.parametrize("clock", [time(15, 40), time(20, 30)])
def test_the_same_question_has_the_same_answer(panel: MarketPanel, clock: time) -> None:
    assert_bit_equal(scan_at(panel, 280, clock), scan_at(panel, 280, clock))
    fresh = panel_of(histories(random_market(7, symbols=80, length=LENGTH)))
    assert_bit_equal(scan_at(panel, 280, clock), scan_at(fresh, 280, clock))


def test_the_scan_changes_nothing_in_the_panel(panel: MarketPanel) -> None:
    before = copies(panel)
    scan_at(panel, LENGTH - 1)
    for name, array in before.items():
        assert array.tobytes() == getattr(panel, name).tobytes(), name


# ---------------------------------------------------------------------------------------------------- missing never helps


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), i=st.integers(100, LENGTH - 1))
def test_missing_flows_never_help(panel: MarketPanel, seed: int, i: int) -> None:
    """Removing all flow records of random symbols: their VCP stays, their SmartMoney is null, total = 0.7 VCP, never more."""
    rng = np.random.default_rng(seed)
    gone = rng.random(len(panel.tickers)) < 0.5
    arrays = copies(panel)
    for name in ("foreign_krw", "institution_krw", "foreign_shares", "institution_shares"):
        arrays[name][gone] = np.nan
    full, less = scan_at(panel, i), scan_at(with_arrays(panel, arrays), i)
    assert full.vcp_score.tobytes() == less.vcp_score.tobytes()
    assert np.isnan(less.smartmoney_score[gone]).all()
    known = ~np.isnan(full.total_score)
    assert (less.total_score[known] <= full.total_score[known] + 1e-9).all()
    assert (less.coverage <= full.coverage + 1e-9).all()
    assert np.array_equal(full.total_score[~gone], less.total_score[~gone], equal_nan=True)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(keep=st.integers(1, LENGTH), i=st.integers(100, LENGTH - 1))
def test_a_shorter_history_never_adds_an_item_that_needs_bars(panel: MarketPanel, keep: int, i: int) -> None:
    """Cutting the oldest bars away: an average or a rank that no longer exists earns nothing, and coverage does not rise.

    (The measured value of a window that starts later may move either way; what is missing may not earn.)
    """
    arrays = copies(panel)
    start = max(0, i + 1 - keep)
    arrays["valid"][:, :start] = False
    arrays["present"][:, :start] = False
    less = scan_at(with_arrays(panel, arrays), i)
    full = scan_at(panel, i)
    assert (less.n_bars <= full.n_bars).all()
    assert (less.coverage <= full.coverage + 1e-9).all()
    assert (less.item_points[np.isnan(less.ma200)][:, [0, 1, 2, 3, 5, 6]] == 0).all()
    assert (less.item_points[less.n_bars < 222][:, 2] == 0).all()
    assert np.isnan(less.rs[less.n_bars < 127]).all()
    assert (less.item_points[np.isnan(less.rs)][:, [7, 18]] == 0).all()
    assert np.isnan(less.vcp_score[less.n_bars < 60]).all()
    assert not less.pattern[less.n_bars < 222].any()


def test_no_flow_day_is_better_than_a_missing_one(panel: MarketPanel) -> None:
    """Points of persistence never rise when one of the five records is removed, and the status never improves."""
    full = scan_at(panel, LENGTH - 1)
    for day in range(1, 6):
        arrays = copies(panel)
        for name in ("foreign_krw", "institution_krw", "foreign_shares", "institution_shares"):
            arrays[name][:, -day] = np.nan
        less = scan_at(with_arrays(panel, arrays), LENGTH - 1)
        assert (less.smartmoney_status <= full.smartmoney_status).all()
        same_unit = less.flow_in_shares == full.flow_in_shares
        assert (less.item_points[same_unit, 21] <= full.item_points[same_unit, 21]).all()


def test_nothing_known_of_a_symbol_scores_nothing(panel: MarketPanel) -> None:
    """A symbol without any row: no score, no coverage, no grade - never a neutral number."""
    arrays = copies(panel)
    for array in arrays.values():
        if array.dtype.kind == "f":
            array[3] = np.nan
        else:
            array[3] = 0
    arrays["factor"][3] = 1.0
    result = scan_at(with_arrays(panel, arrays), LENGTH - 1)
    for name in ("vcp_score", "smartmoney_score", "total_score", "rs", "pivot", "entry_krw"):
        assert np.isnan(getattr(result, name)[3]), name
    assert (result.coverage[3], result.grade[3], result.n_bars[3]) == (0, 0, 0)
    assert not result.item_points[3].any()
