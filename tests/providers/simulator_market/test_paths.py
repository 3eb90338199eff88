"""Paths through a day: open, high, low, close and volume are hit exactly, prices lie on ticks, trades add up to the minutes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar.ticks import is_on_tick
from engine.model.instruments import Market, SecurityType
from ralphstock_desktop.providers.kiwoom_sim.cells import make_cells
from ralphstock_desktop.providers.kiwoom_sim.executions import TradeMaker
from ralphstock_desktop.providers.kiwoom_sim.paths import DayTargets, draw_minutes, regular_session
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours
from ralphstock_desktop.providers.kiwoom_sim.ticks import Ladders

DAY = date(2026, 11, 20)
HOURS = DayHours.of(DAY)
SESSION = regular_session(HOURS)
LADDERS = Ladders(np.array([1], dtype=np.uint8), np.array([1], dtype=np.uint8), DAY)


@st.composite
def days(draw: st.DrawFn) -> tuple[int, int, int, int, int, float]:
    """A possible day: four prices on the ladder in order, a volume that can touch them, a value."""
    low_step = draw(st.integers(1, 12_000))
    steps = [low_step + draw(st.integers(0, 300)) for _ in range(3)]
    ladder = LADDERS.of(0)
    low, high = ladder.price(low_step), ladder.price(max(steps))
    opened, close = ladder.price(steps[0]), ladder.price(steps[1])
    need = 1 + int(opened != close or high != low) + int(high > max(opened, close)) + int(low < min(opened, close))
    volume = draw(st.one_of(st.integers(need, 60), st.integers(60, 10**9)))
    value = draw(st.one_of(st.just(float("nan")), st.floats(low, high).map(lambda price: float(round(price * volume)))))
    return opened, high, low, close, volume, value


def one(values: tuple[int, int, int, int, int, float]) -> DayTargets:
    arrays = [np.array([value], dtype=np.int64) for value in values[:5]]
    return DayTargets(np.zeros(1, dtype=np.int64), *arrays, np.array([values[5]]))


@settings(max_examples=150, deadline=None)
@given(days(), st.integers(0, 2**40), st.integers(0, 2**30))
def test_a_path_hits_its_day_exactly_and_its_trades_hit_the_minutes(
    values: tuple[int, int, int, int, int, float], key: int, seed: int
) -> None:
    opened, high, low, close, volume, _ = values
    keys = np.array([key], dtype=np.int64)
    columns = draw_minutes(one(values), SESSION, LADDERS, keys, DAY.toordinal(), seed)
    assert (columns.open[0], columns.high.max(), columns.low.min(), columns.close[-1]) == (opened, high, low, close)
    assert columns.volume.sum() == volume and (columns.volume > 0).all()
    assert (np.diff(columns.minute) > 0).all()
    assert (columns.low <= np.minimum(columns.open, columns.close)).all()
    assert (columns.high >= np.maximum(columns.open, columns.close)).all()
    for prices in (columns.open, columns.high, columns.low, columns.close):
        assert is_on_tick(prices, 1, DAY, 1).all()
    assert (columns.value_krw >= columns.low * columns.volume).all()
    assert (columns.value_krw <= columns.high * columns.volume).all()
    closing = columns.minute == HOURS.close_minute
    assert (columns.high[closing] == columns.low[closing]).all()

    cells = make_cells(columns, 1, HOURS, keys, seed, 1.0)
    trades = TradeMaker(cells, LADDERS, HOURS, keys, seed).make(np.arange(len(columns.row), dtype=np.int64))
    starts = trades.first[:-1]
    assert (np.add.reduceat(np.abs(trades.quantity), starts) == columns.volume).all()
    assert (trades.price[starts] == columns.open).all()
    assert (trades.price[trades.first[1:] - 1] == columns.close).all()
    assert (np.maximum.reduceat(trades.price, starts) == columns.high).all()
    assert (np.minimum.reduceat(trades.price, starts) == columns.low).all()
    assert is_on_tick(trades.price, 1, DAY, 1).all()
    assert (trades.quantity != 0).all()
    assert (np.diff(trades.at_ns) > 0).all()
    assert (np.diff(trades.volume) == np.abs(trades.quantity[1:])).all()
    assert trades.volume[-1] == volume and trades.value_krw[-1] == columns.value_krw.sum()
    assert (np.diff(trades.value_krw) >= 0).all()
    assert (trades.high[-1], trades.low[-1], trades.open[-1]) == (high, low, opened)
    minute = (trades.at_ns - HOURS.midnight_ns) // 60_000_000_000
    assert (minute == np.repeat(columns.minute, np.diff(trades.first))).all()


@settings(max_examples=40, deadline=None)
@given(days(), st.integers(0, 2**30))
def test_sides_of_the_trades_add_up(values: tuple[int, int, int, int, int, float], seed: int) -> None:
    keys = np.array([77], dtype=np.int64)
    columns = draw_minutes(one(values), SESSION, LADDERS, keys, DAY.toordinal(), seed)
    cells = make_cells(columns, 1, HOURS, keys, seed, 1.0)
    trades = TradeMaker(cells, LADDERS, HOURS, keys, seed).make(np.arange(len(columns.row), dtype=np.int64))
    bought = np.where(trades.sided & (trades.quantity > 0), trades.quantity, 0)
    sold = np.where(trades.sided & (trades.quantity < 0), -trades.quantity, 0)
    assert (trades.buy_shares == np.cumsum(bought)).all()
    assert (trades.sell_shares == np.cumsum(sold)).all()
    assert (trades.buy_trades == np.cumsum(bought > 0)).all()
    assert (trades.sell_trades == np.cumsum(sold > 0)).all()


def test_the_volume_curve_comes_out_over_many_stocks() -> None:
    """domain.md §4.2: 16 % in the first half hour, 93.5 % by 15:20, the rest in the closing auction."""
    count = 600
    price = np.full(count, 20_000, dtype=np.int64)
    targets = DayTargets(
        np.arange(count, dtype=np.int64), price, price + 500, price - 500, price + 100,
        np.full(count, 2_000_000, dtype=np.int64), np.full(count, np.nan),
    )  # fmt: skip
    ones = np.ones(count, dtype=np.uint8)
    columns = draw_minutes(targets, SESSION, Ladders(ones, ones, DAY), np.arange(count), DAY.toordinal(), 3)
    total = columns.volume.sum()
    share = {minute: columns.volume[columns.minute < 540 + minute].sum() / total for minute in (30, 120, 240, 380)}
    assert share[30] == pytest.approx(0.16, abs=0.01)
    assert share[120] == pytest.approx(0.41, abs=0.01)
    assert share[240] == pytest.approx(0.62, abs=0.01)
    assert share[380] == pytest.approx(0.935, abs=0.01)
    assert not ((columns.minute >= 920) & (columns.minute < 930)).any()


def test_a_known_value_is_met() -> None:
    targets = one((20_000, 21_000, 19_500, 20_500, 1_500_000, 1_500_000 * 20_150.0))
    columns = draw_minutes(targets, SESSION, LADDERS, np.array([5]), DAY.toordinal(), 9)
    assert columns.value_krw.sum() == 1_500_000 * 20_150


def test_illiquid_stocks_have_silent_minutes() -> None:
    columns = draw_minutes(one((5_000, 5_100, 4_950, 5_050, 900, float("nan"))), SESSION, LADDERS, np.array([5]), 1, 9)
    assert 1 <= len(columns.row) < 60
    busy = draw_minutes(one((50_000, 51_000, 49_500, 50_500, 9_000_000, float("nan"))), SESSION, LADDERS, np.array([5]), 1, 9)
    assert len(busy.row) == len(SESSION.minutes)


@pytest.mark.parametrize("kind", [SecurityType.COMMON, SecurityType.ETF, SecurityType.ELW])
def test_a_ladder_is_one_step_a_tick(kind: SecurityType) -> None:
    ladder = Ladders(np.array([int(Market.KOSPI)], dtype=np.uint8), np.array([int(kind)], dtype=np.uint8), DAY).of(0)
    steps = np.arange(1, 9_000)
    prices = ladder.prices(steps)
    assert (np.diff(prices) > 0).all()
    assert is_on_tick(prices, int(Market.KOSPI), DAY, int(kind)).all()
    assert (ladder.steps(prices) == steps).all()
    for step in (1, 1_999, 2_000, 2_001, 5_000, 8_999):
        assert ladder.price(step) == ladder.prices(np.array([step]))[0]
        assert ladder.step(ladder.price(step)) == step


def test_hours_move_on_special_days() -> None:
    exam, first = DayHours.of(date(2026, 11, 19)), DayHours.of(date(2026, 1, 2))
    assert (exam.open_minute, exam.auction_minute, exam.close_minute) == (600, 980, 990)
    assert (first.open_minute, first.auction_minute, first.close_minute) == (600, 920, 930)
    assert len(regular_session(first).minutes) == 321
    assert regular_session(first).shares.sum() == pytest.approx(1.0)
    assert DayHours.of(date(2026, 9, 11)).after_minutes is None
    assert DayHours.of(date(2026, 9, 14)).after_minutes == (960, 1_200)
