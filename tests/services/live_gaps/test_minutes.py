"""Minute bars from trades in any order, and what an answered bar may replace."""

from __future__ import annotations

import math

import numpy as np
from gap_day import CLOSE, DAY, MIN, OPEN, S, at, batch_of, make_trades, tick, true_minutes
from hypothesis import given, settings
from hypothesis import strategies as st

from ralphstock_desktop.services.live.minutes import DayMinutes
from ralphstock_desktop.services.live.tracks import Track

A = "005930"


def day() -> DayMinutes:
    return DayMinutes(DAY, OPEN, CLOSE + 600 * S)


def bars_of(minutes: DayMinutes) -> dict[int, tuple[float, ...]]:
    return {
        bar.time_ns: (bar.open, bar.high, bar.low, bar.close, bar.volume_shares, bar.value_krw)
        for bar in minutes.forming_bars(A, None)
    }


def test_a_bar_worked_by_hand() -> None:
    minutes = day()
    for trade in (
        tick(A, at(2, 1), 10_000, 10, 10),
        tick(A, at(2, 1), 10_050, -5, 15),
        tick(A, at(2, 40), 11_000, 0, 15),  # a price without a trade
        tick(A, at(2, 59), 9_990, 1, 16),
        tick(A, at(3, 0), 10_020, 4, 20),
    ):
        minutes.add(trade)
    first, second = minutes.forming_bars(A, None)
    assert (first.time_ns, first.open, first.high, first.low, first.close, first.volume_shares) == (
        at(2), 10_000, 10_050, 9_990, 9_990, 16,
    )  # fmt: skip
    assert first.value_krw == 10 * 10_000 + 5 * 10_050 + 9_990
    assert (second.time_ns, second.open, second.volume_shares, second.value_krw) == (at(3), 10_020, 4, 40_080)


def test_a_late_trade_does_not_become_the_close() -> None:
    minutes = day()
    for trade in (
        tick(A, at(2, 1), 10_000, 10, 10),
        tick(A, at(2, 40), 10_100, 10, 40),
        tick(A, at(2, 20), 9_000, 20, 30),  # late, inside the forming minute
        tick(A, at(5, 0), 10_100, 5, 60),
        tick(A, at(2, 50), 10_010, 15, 55),  # late, the last of a minute that has passed
        tick(A, at(2, 0), 10_200, 0, 0),  # no trade
    ):
        minutes.add(trade)
    assert bars_of(minutes)[at(2)][:5] == (10_000, 10_100, 9_000, 10_010, 55)


def test_the_closing_auction_is_the_bar_of_1530() -> None:
    minutes = day()
    minutes.add(tick(A, at(380, -1), 10_000, 10, 10))
    minutes.add(tick(A, CLOSE + 12 * S, 10_050, 1_000_000, 1_000_010))
    assert list(bars_of(minutes)) == [at(379), CLOSE]


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 900), st.integers(9_500, 10_500)), min_size=1, max_size=60),
    order=st.randoms(use_true_random=False),
)
def test_any_order_of_arrival_gives_the_same_bars(moves: list[tuple[int, int, int]], order: object) -> None:
    trades = make_trades(A, moves)
    shuffled = list(trades)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    minutes = day()
    for trade in shuffled:
        minutes.add(trade)
    assert bars_of(minutes) == true_minutes(trades)


def test_only_complete_minutes_are_taken_and_only_once() -> None:
    minutes, track = day(), Track(OPEN)
    for trade in make_trades(A, [(5, 10, 10_000), (60, 20, 10_000), (60, 5, 10_100)]):
        minutes.add(trade)
        track.at_ns, track.top = trade.at_ns, trade.volume_shares
    ready = minutes.take_ready({A: track}, "test", 100)
    assert ready is not None
    assert ready.batch.minute_ns.tolist() == [at(0), at(1)], "the third is still forming"
    assert minutes.take_ready({A: track}, "test", 100) is None
    minutes.put_back(ready)
    again = minutes.take_ready({A: track}, "test", 100)
    assert again is not None
    assert again.batch.minute_ns.tolist() == [at(0), at(1)]
    track.at_ns = at(3)
    minutes.touch([A])
    last = minutes.take_ready({A: track}, "test", 100)
    assert last is not None
    assert last.batch.minute_ns.tolist() == [at(2)]


def test_filled_minutes_have_a_value_only_where_it_follows() -> None:
    minutes = day()
    minutes.add(tick(A, at(0, 1), 10_000, 10, 10))
    bars = minutes.bars_of(
        batch_of(
            A,
            {
                at(0): (10_000, 10_000, 10_000, 10_000, 10, 0),
                at(1): (10_000, 10_000, 10_000, 10_000, 7, 0),
                at(2): (1, 3, 1, 2, 4, 0),
            },
        )
    )
    assert bars is not None
    minutes.fill(A, 0, 2, bars)
    values = [bar[5] for bar in bars_of(minutes).values()]
    assert values[:2] == [100_000, 70_000]
    assert math.isnan(values[2]), "missing is not zero"


def test_impossible_answers_are_no_bars() -> None:
    minutes = day()
    good = (10_000, 10_100, 9_900, 10_000, 5, 0)
    assert minutes.bars_of(batch_of(A, {at(1): good})) is not None
    assert minutes.bars_of(batch_of(A, {at(1, 1): good})) is None
    assert minutes.bars_of(batch_of(A, {at(1): (10_000, 9_000, 9_900, 10_000, 5, 0)})) is None
    assert minutes.bars_of(batch_of(A, {at(1): (10_000, 10_100, 9_900, 10_000, -5, 0)})) is None
    assert minutes.bars_of(batch_of(A, {at(1): (0, 0, 0, 0, 5, 0)})) is None
    other_day = minutes.bars_of(batch_of(A, {at(1) - 1440 * MIN: good}))
    assert other_day is not None
    assert not other_day["volume"].any()
    twice = batch_of(A, {at(1): good, at(2): good})
    twice.minute_ns[:] = at(1)
    assert minutes.bars_of(twice) is None


def test_a_new_trade_after_a_fill_does_not_bring_the_old_minute_back() -> None:
    minutes = day()
    minutes.add(tick(A, at(1, 1), 10_000, 10, 30))
    bars = minutes.bars_of(batch_of(A, {at(1): (9_900, 10_000, 9_900, 10_000, 30, 0)}))
    assert bars is not None
    minutes.fill(A, 0, 1, bars)
    minutes.add(tick(A, at(4), 10_000, 5, 35))
    assert bars_of(minutes)[at(1)][:5] == (9_900, 10_000, 9_900, 10_000, 30)
    assert np.isnan(bars_of(minutes)[at(1)][5])
