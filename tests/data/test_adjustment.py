"""Base prices, running factors and validity (domain.md §1.8, §1.9): cases worked by hand, and properties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.features.adjustment import Adjustment, adjust
from engine.features.validity import has_trades, valid_bars
from engine.model.errors import ValidationFailed

NAN = np.nan


def one(
    close: list[float],
    *,
    absent: tuple[int, ...] = (),
    halted: tuple[int, ...] = (),
    diff: dict[int, float] | None = None,
    actions: dict[int, float] | list[tuple[int, float]] | None = None,
) -> Adjustment:
    """Adjust one symbol; ``absent`` days have no row, ``halted`` days no trade."""
    size = len(close)
    present, traded, stated = np.ones((1, size), dtype=bool), np.ones((1, size), dtype=bool), np.full((1, size), NAN)
    present[0, list(absent)] = False
    traded[0, list(halted)] = False
    for day, value in (diff or {}).items():
        stated[0, day] = value
    items = list(actions.items()) if isinstance(actions, dict) else list(actions or [])
    return adjust(
        np.array([close], dtype=np.int64),
        present,
        traded,
        stated,
        np.zeros(len(items), dtype=np.int64),
        np.array([day for day, _ in items], dtype=np.int64),
        np.array([factor for _, factor in items], dtype=np.float64),
    )


def check(result: Adjustment, base: list[float], factor: list[float]) -> None:
    np.testing.assert_allclose(result.base_krw[0], base, rtol=1e-12)
    np.testing.assert_allclose(result.factor[0], factor, rtol=1e-12)


def test_without_actions_the_base_is_the_previous_close() -> None:
    check(one([100, 110, 105]), [NAN, 100, 110], [1, 1, 1])


def test_the_first_row_has_a_base_only_from_the_exchange() -> None:
    check(one([15_000, 16_000], diff={0: 5_000}), [10_000, 15_000], [1, 1])


def test_a_split_five_to_one() -> None:
    check(one([100_000, 21_000, 20_500], actions={1: 0.2}), [NAN, 20_000, 21_000], [1, 0.2, 0.2])


def test_the_exchanges_word_wins_over_the_record_of_the_same_day() -> None:
    # 008600, 2026-03-20: base 2,720 after 263; the record says 10.339564
    check(one([263, 2_790], diff={1: 70}, actions={1: 10.339564}), [NAN, 2_720], [1, 2_720 / 263])


def test_a_base_that_differs_is_an_action_even_without_a_record() -> None:
    check(one([8_650, 3_325], diff={1: -1_425}), [NAN, 4_750], [1, 4_750 / 8_650])


def test_two_actions_on_one_day_multiply() -> None:
    check(one([1_000, 100], actions=[(1, 0.5), (1, 0.2)]), [NAN, 100], [1, 0.1])


def test_an_action_on_a_day_without_a_row_counts_at_the_next_row() -> None:
    check(one([1_000, 0, 510], absent=(1,), actions={1: 0.5}), [NAN, NAN, 500], [1, 1, 0.5])


def test_an_action_dated_in_a_halt_whose_jump_shows_at_the_resumption_counts_once() -> None:
    # the halted rows still show the old price; the exchange's base at the resumption repeats the same action
    check(
        one([1_000, 1_000, 1_000, 5_200], halted=(1, 2), actions={1: 5.0}, diff={3: 200}),
        [NAN, 5_000, 5_000, 5_000],
        [1, 5, 5, 5],
    )
    check(one([1_000, 1_000, 1_000, 5_200], halted=(1, 2), actions={1: 5.0}), [NAN, 5_000, 5_000, 5_000], [1, 5, 5, 5])


def test_a_price_that_moves_in_a_halt_and_an_action_at_the_resumption_are_one_event() -> None:
    # 009410: last trade 2,310; the halted rows jump to 4,620 (x 2.0); record at the resumption x 2.034632 (base 4,700)
    result = one([2_310, 2_310, 4_620, 4_620, 4_435], halted=(1, 2, 3), actions={4: 2.034632})
    check(result, [NAN, 2_310, 4_620, 4_620, 2_310 * 2.034632], [1, 1, 2, 2, 2.034632])


def test_quotes_without_trades_move_the_last_price_and_are_no_action() -> None:
    # 001067 (thin preferred stock): 61,300, then 61,200 by quotes alone, then a trade at 61,000
    check(one([61_300, 61_200, 61_000], halted=(1,), diff={1: -100, 2: -200}), [NAN, 61_300, 61_200], [1, 1, 1])
    check(one([61_300, 61_200, 61_000], halted=(1,)), [NAN, 61_300, 61_200], [1, 1, 1])


def test_a_base_rounded_to_the_tick_is_no_action() -> None:
    # 0004Y0: close 2,022, base of the next day 2,025 on the tick of 5 won
    check(one([2_022, 2_030], diff={1: 5}), [NAN, 2_025], [1, 1])
    # 006800: 69,500 and 69,200 are three ticks of 100 won apart
    check(one([69_500, 70_900], diff={1: 1_700}), [NAN, 69_200], [1, 69_200 / 69_500])


def test_without_the_exchanges_word_only_a_move_beyond_the_limit_is_a_reset() -> None:
    check(one([1_000, 1_300, 1_310], halted=(1,)), [NAN, 1_000, 1_300], [1, 1, 1])
    check(one([1_000, 1_301, 1_310], halted=(1,)), [NAN, 1_301, 1_301], [1, 1.301, 1.301])


def test_an_action_in_a_hole_of_the_record_counts_though_the_base_is_told_later() -> None:
    result = one([1_000, 0, 1_000, 205], absent=(1,), halted=(2,), actions={1: 0.2}, diff={3: 5})
    check(result, [NAN, NAN, 200, 200], [1, 1, 0.2, 0.2])


def test_a_price_that_moves_in_a_halt_is_a_new_base_by_itself() -> None:
    # 101140: 467 becomes 9,340 without a trade, then the exchange sets 11,700 for the resumption
    check(one([467, 9_340, 9_500], halted=(1,)), [NAN, 9_340, 9_340], [1, 20, 20])
    check(one([467, 9_340, 10_250], halted=(1,), diff={2: -1_450}), [NAN, 9_340, 11_700], [1, 20, 11_700 / 467])


def test_days_missing_from_the_record_are_no_corporate_action() -> None:
    # the exchange's base is told, but the price moved on the missing days: no factor comes from it
    check(one([1_000, 0, 1_500], absent=(1,), diff={2: 50}), [NAN, NAN, 1_450], [1, 1, 1])
    check(one([1_000, 0, 310], absent=(1,), diff={2: 10}, actions={2: 0.2}), [NAN, NAN, 300], [1, 1, 0.2])
    check(one([1_000, 0, 1_500, 1_500], absent=(1,), halted=(2,)), [NAN, NAN, 1_000, 1_500], [1, 1, 1, 1])


def test_an_action_before_the_first_row_or_after_the_last_day_is_nothing() -> None:
    check(one([0, 100, 101], absent=(0,), actions={0: 0.5, 3: 0.5}), [NAN, NAN, 100], [1, 1, 1])


def test_factors_are_carried_over_absent_days_and_start_at_one() -> None:
    check(one([1_000, 500, 0, 490], absent=(2,), actions={1: 0.5}), [NAN, 500, NAN, 500], [1, 0.5, 0.5, 0.5])


def test_a_listing_that_begins_halted() -> None:
    check(one([700, 1_400, 1_410], halted=(0, 1)), [NAN, 1_400, 1_400], [1, 2, 2])


def test_a_wrong_factor_or_shape_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="above 0"):
        one([1, 2], actions={1: 0.0})
    with pytest.raises(ValidationFailed, match="one shape"):
        adjust(
            np.ones((1, 2)), np.ones((1, 3), bool), np.ones((1, 2), bool), np.ones((1, 2)), *[np.empty(0, int)] * 2, np.empty(0)
        )


def test_an_action_of_tomorrow_does_not_touch_the_last_digit_of_today() -> None:
    closes, halted = [1, 1, 1, 1, 1, 1, 25, 3, 1, 1], (0, 1, 7, 8)
    without, later = one(closes, halted=halted), one(closes, halted=halted, actions={9: 3.0})
    np.testing.assert_array_equal(without.base_krw[:, :9], later.base_krw[:, :9])


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    size = draw(st.integers(3, 25))
    return {
        "close": draw(st.lists(st.integers(1, 100_000), min_size=size, max_size=size)),
        "absent": tuple(draw(st.sets(st.integers(0, size - 1), max_size=size // 2))),
        "halted": tuple(draw(st.sets(st.integers(0, size - 1), max_size=size // 2))),
        "diff": draw(st.dictionaries(st.integers(0, size - 1), st.integers(-500, 500), max_size=4)),
        "actions": draw(st.dictionaries(st.integers(0, size - 1), st.floats(0.01, 50), max_size=4)),
    }


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_nothing_later_changes_what_was_known(history: dict[str, Any], data: st.DataObject) -> None:
    size = len(history["close"])
    cut = data.draw(st.integers(1, size - 1))
    later = dict(history)
    later["close"] = history["close"][:cut] + [data.draw(st.integers(1, 100_000)) for _ in range(size - cut)]
    later["actions"] = {d: f for d, f in history["actions"].items() if d < cut} | {cut: 3.0}
    later["halted"] = tuple(day for day in history["halted"] if day < cut)
    before, after = one(**history), one(**later)
    np.testing.assert_array_equal(before.base_krw[:, :cut], after.base_krw[:, :cut])
    np.testing.assert_array_equal(before.factor[:, :cut], after.factor[:, :cut])


@settings(max_examples=100, deadline=None)
@given(histories(), histories())
def test_symbols_do_not_touch_each_other(left: dict[str, Any], right: dict[str, Any]) -> None:
    size = min(len(left["close"]), len(right["close"]))

    def cut(history: dict[str, Any]) -> dict[str, Any]:
        return {
            "close": history["close"][:size],
            "absent": tuple(day for day in history["absent"] if day < size),
            "halted": tuple(day for day in history["halted"] if day < size),
            "diff": {day: value for day, value in history["diff"].items() if day < size},
            "actions": {day: value for day, value in history["actions"].items() if day < size},
        }

    both = [cut(left), cut(right)]
    grids = []
    for history in both:
        present, traded, stated = np.ones(size, bool), np.ones(size, bool), np.full(size, NAN)
        present[list(history["absent"])] = False
        traded[list(history["halted"])] = False
        for day, value in history["diff"].items():
            stated[day] = value
        grids.append((np.array(history["close"]), present, traded, stated))
    listed = [(row, day, factor) for row, history in enumerate(both) for day, factor in history["actions"].items()]
    together = adjust(
        *(np.stack(columns) for columns in zip(*grids, strict=True)),
        np.array([item[0] for item in listed], dtype=np.int64),
        np.array([item[1] for item in listed], dtype=np.int64),
        np.array([item[2] for item in listed], dtype=np.float64),
    )
    for row, history in enumerate(both):
        alone = one(**history)
        np.testing.assert_array_equal(together.base_krw[row], alone.base_krw[0])
        np.testing.assert_array_equal(together.factor[row], alone.factor[0])


@pytest.mark.parametrize(
    ("bar", "valid"),
    [
        ((100, 110, 90, 105, 1), True),
        ((100, 100, 100, 100, 1), True),
        ((0, 0, 0, 105, 0), False),  # halted
        ((100, 110, 90, 105, 0), False),  # no volume
        ((100, 104, 90, 105, 1), False),  # high below close
        ((100, 110, 101, 105, 1), False),  # low above open
        ((-100, 110, -100, 105, 1), False),
        ((NAN, 110, 90, 105, 1), False),
        ((100, np.inf, 90, 105, 1), False),
        ((1_000_000, 1_000_000, 1_000_000, 1_000_001, 1), True),  # within the relative slack of 1e-6
        ((1_000_000, 1_000_000, 1_000_000, 1_000_002, 1), False),
    ],
)
def test_valid_bars(bar: tuple[float, ...], valid: bool) -> None:
    columns = [np.array([value], dtype=np.float64) for value in bar]
    assert valid_bars(*columns).tolist() == [valid]


def test_a_day_with_after_hours_volume_only_made_no_price() -> None:
    zero, volume = np.array([0]), np.array([1_015])
    assert has_trades(zero, zero, zero, volume).tolist() == [False]


@pytest.mark.real_data
def test_recorded_prices_times_factors_equal_the_vendors_adjusted_series(recorded_data: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet as pq

    vendor = pq.read_table(recorded_data / "prices/daily_adjusted_2019_2025.parquet", columns=["ticker", "date", "close"])
    wanted = sorted(set(vendor["ticker"].to_pylist()))
    raw = pq.read_table(recorded_data / "prices/daily_raw.parquet", filters=[("ticker", "in", wanted)])
    tickers = np.unique(np.array(raw["ticker"].to_pylist()))
    days = np.unique(raw["date"].to_numpy().astype("datetime64[D]"))
    row = np.searchsorted(tickers, np.array(raw["ticker"].to_pylist()))
    column = np.searchsorted(days, raw["date"].to_numpy().astype("datetime64[D]"))

    def grid(name: str) -> Any:
        values = np.zeros((len(tickers), len(days)), dtype=np.int64)
        values[row, column] = raw[name].to_numpy()
        return values

    present = np.zeros((len(tickers), len(days)), dtype=bool)
    present[row, column] = True
    close = grid("close")
    types = pyarrow.csv.ConvertOptions(column_types={"ticker": pyarrow.string()})
    recorded = pyarrow.csv.read_csv(recorded_data / "prices/corporate_actions.csv", convert_options=types)
    place = {ticker: number for number, ticker in enumerate(tickers.tolist())}
    result = adjust(
        close,
        present,
        has_trades(grid("open"), grid("high"), grid("low"), grid("volume")),
        np.full(close.shape, NAN),
        np.array([place.get(ticker, -1) for ticker in recorded["ticker"].to_pylist()]),
        np.searchsorted(days, recorded["ex_date"].to_numpy().astype("datetime64[D]")),
        recorded["price_factor"].to_numpy(),
    )
    vendor_days = vendor["date"].to_numpy().astype("datetime64[D]")
    inside = np.isin(np.array(vendor["ticker"].to_pylist()), tickers) & (vendor_days >= days[0])
    vendor_row = np.searchsorted(tickers, np.array(vendor["ticker"].to_pylist())[inside])
    vendor_column = np.searchsorted(days, vendor_days[inside])
    scale_day = np.searchsorted(days, np.datetime64("2026-04-24"), side="right") - 1
    adjusted = close[vendor_row, vendor_column] * (
        result.factor[vendor_row, scale_day] / result.factor[vendor_row, vendor_column]
    )
    error = np.abs(adjusted / vendor["close"].to_numpy()[inside] - 1)
    assert len(error) > 90_000
    assert float(error.max()) < 0.005
