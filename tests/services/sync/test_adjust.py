"""Corporate actions read out of adjusted prices: splits, rights issues, rounding, and series that do not belong together."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.errors import DataUnavailable
from ralphstock_desktop.ports import MISSING_INT, ActionBatch, AdjustedBatch, DailyBatch
from ralphstock_desktop.services.sync_adjust import agrees_with_raw, derive_actions, factor_segments, known_exactly, same_series

DAYS = np.arange(np.datetime64("2026-01-05"), np.datetime64("2026-07-01"), dtype="datetime64[D]")
DAYS = DAYS[np.is_busday(DAYS)]
NONE = ActionBatch(np.empty(0, str), np.empty(0, "datetime64[D]"), np.empty(0), np.empty(0, str), "x")


def raw_bars(
    seed: int, factors: dict[int, float], level: int = 30_000, told: bool = False, halted: tuple[int, ...] = ()
) -> DailyBatch:
    """A walk whose price is multiplied by a factor on some days."""
    draw = np.random.default_rng(seed)
    n = len(DAYS)
    close = np.empty(n)
    price = float(level)
    diff = np.full(n, MISSING_INT)
    for day in range(n):
        price *= factors.get(day, 1.0)
        base = round(price)
        price *= 1 + draw.normal(0, 0.02)
        close[day] = max(round(price), 5)
        if told:
            diff[day] = close[day] - base
    spread = np.maximum(1, (close * 0.01).astype(int))
    o, h, lo = close - spread // 2, close + spread, close - spread
    volume = np.full(n, 1000)
    for day in halted:
        o[day] = h[day] = lo[day] = volume[day] = 0
        close[day] = close[day - 1]
    ints = [x.astype(np.int64) for x in (o, h, lo, close)]
    return DailyBatch(np.full(n, "000010"), DAYS, *ints, volume, volume, diff.astype(np.int64), "x")


def vendor(raw: DailyBatch, factors: dict[int, float], cut=np.round) -> AdjustedBatch:  # type: ignore[no-untyped-def]
    factor = np.ones(len(DAYS))
    for day, value in factors.items():
        factor[:day] *= value
    columns = [cut(x * factor) for x in (raw.open_krw, raw.high_krw, raw.low_krw, raw.close_krw)]
    return AdjustedBatch(raw.ticker, raw.day, *columns, raw.volume_shares / factor, date(2026, 7, 1), "x")


@pytest.mark.parametrize("cut", [np.round, np.floor])
def test_two_actions_are_found_on_their_days(cut) -> None:  # type: ignore[no-untyped-def]
    factors = {40: 0.2, 90: 0.8731}
    raw = raw_bars(1, factors)
    found = derive_actions("000010", raw, vendor(raw, factors, cut), "x")
    assert found.ex_day.tolist() == [DAYS[40].astype(date), DAYS[90].astype(date)]
    assert found.price_factor == pytest.approx([0.2, 0.8731], rel=2e-4)
    assert found.price_factor[0] == 0.2 and found.confidence.tolist() == ["derived", "derived"]


def test_the_exchanges_base_price_gives_the_exact_factor() -> None:
    factors = {60: 0.9321}
    raw = raw_bars(2, factors, told=True)
    found = derive_actions("000010", raw, vendor(raw, factors), "x")
    base = raw.close_krw[60] - raw.prev_diff_krw[60]
    assert found.confidence.tolist() == ["exact"] and found.price_factor[0] == base / raw.close_krw[59]


def test_no_action_where_nothing_happened_even_for_a_penny_stock() -> None:
    raw = raw_bars(3, {}, level=120)
    assert not len(derive_actions("000010", raw, vendor(raw, {}), "x").ex_day)


def test_a_split_after_a_halt_is_dated_on_the_first_traded_day() -> None:
    raw = raw_bars(4, {50: 0.1}, level=90_000, halted=(47, 48, 49))
    found = derive_actions("000010", raw, vendor(raw, {50: 0.1}), "x")
    assert found.ex_day.tolist() == [DAYS[50].astype(date)] and found.price_factor.tolist() == [0.1]


def test_series_that_do_not_belong_together_are_refused() -> None:
    raw = raw_bars(5, {})
    wrong = vendor(raw, {len(DAYS): 1000.0})
    with pytest.raises(DataUnavailable) as caught:
        derive_actions("000010", raw, wrong, "x")
    assert caught.value.key == "error.sync.adjusted_mismatch"


def test_agreement_needs_the_action_to_be_known() -> None:
    factors = {70: 0.5}
    raw = raw_bars(6, factors)
    adjusted = vendor(raw, factors)
    assert not agrees_with_raw(raw, NONE, adjusted)
    known = ActionBatch(np.array(["000010"]), DAYS[70:71], np.array([0.5]), np.array(["exact"]), "x")
    assert agrees_with_raw(raw, known, adjusted)
    told = raw_bars(6, factors, told=True)
    assert agrees_with_raw(told, NONE, vendor(told, factors))  # the exchange's base price says it too
    assert known_exactly(known, known) == [True] and known_exactly(NONE, known) == [False]


def test_a_re_adjusted_series_is_another_series() -> None:
    raw = raw_bars(7, {})
    before, after = vendor(raw, {}), vendor(raw, {len(DAYS) - 1: 0.97})
    assert same_series(before, before) and not same_series(before, after)


def test_empty_series_say_nothing() -> None:
    raw = raw_bars(8, {})
    empty = AdjustedBatch(
        *(
            getattr(vendor(raw, {}), f)[:0]
            for f in ("ticker", "day", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares")
        ),
        None,
        "x",
    )
    assert factor_segments(raw, empty) == [] and agrees_with_raw(raw, NONE, empty)
    assert not len(derive_actions("000010", raw, empty, "x").ex_day)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    day=st.integers(5, len(DAYS) - 5),
    factor=st.one_of(st.sampled_from([0.1, 0.2, 0.5, 2.0, 5.0]), st.floats(0.5, 0.97)),
    level=st.integers(5_000, 500_000),
)
def test_any_single_action_is_found_with_its_day_and_size(seed: int, day: int, factor: float, level: int) -> None:
    raw = raw_bars(seed, {day: factor}, level=level)
    adjusted = vendor(raw, {day: factor})
    found = derive_actions("000010", raw, adjusted, "x")
    assert found.ex_day.tolist() == [DAYS[day].astype(date)]
    assert found.price_factor[0] == pytest.approx(factor, rel=5e-3)
    assert agrees_with_raw(raw, found, adjusted)
