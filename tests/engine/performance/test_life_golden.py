"""The life of a signal worked by hand (domain.md §§7.1, 7.2). Day 0 is the signal's day; R = reason, d = day of the exit.

Unless a case says otherwise: entry 10,000, stop 9,200, target 11,000, pivot 9,990 (chase limit 1.05 x 9,990 = 10,489.5).
"""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from lives import B, Bar, C, D, N, flat, live, market, signal, together

from engine.model.performance import ExitReason as R
from engine.performance.life import MorningBars, first_signals, follow
from engine.thresholds import DEFAULT_RULES

SIGNAL_BAR: Bar = (9_800, 9_850, 9_750, 9_800)
QUIET: Bar = (9_900, 9_950, 9_850, 9_900)
"""Below the entry, above the stop."""
FILL: Bar = (9_900, 10_100, 9_850, 10_050)
"""Opens under the entry and passes it: filled at 10,000 inside the bar."""
HELD: Bar = (10_050, 10_200, 9_900, 10_100)


CASES: list[tuple[str, list[Bar], int, float, int, float, R, int]] = [
    # name, bars after the signal's day, entry day, entry price, exit day, exit price, reason, bars held
    ("filled inside, target inside", [FILL, (10_500, 11_050, 10_400, 10_900)], 1, 10_000, 2, 11_000, R.TARGET, 1),
    ("filled inside, stop inside", [FILL, (9_800, 9_900, 9_150, 9_300)], 1, 10_000, 2, 9_200, R.STOP, 1),
    ("low touches the stop exactly", [FILL, (9_800, 9_900, 9_200, 9_300)], 1, 10_000, 2, 9_200, R.STOP, 1),
    ("high touches the target exactly", [FILL, (10_500, 11_000, 10_400, 10_900)], 1, 10_000, 2, 11_000, R.TARGET, 1),
    ("both on one bar: the worse", [FILL, (10_000, 11_200, 9_100, 10_500)], 1, 10_000, 2, 9_200, R.STOP, 1),
    ("gap under the stop", [FILL, (9_000, 9_100, 8_900, 9_050)], 1, 10_000, 2, 9_000, R.STOP_GAP, 1),
    ("opens at the stop", [FILL, (9_200, 9_300, 9_100, 9_250)], 1, 10_000, 2, 9_200, R.STOP_GAP, 1),
    ("gap over the target", [FILL, (11_300, 11_400, 11_200, 11_250)], 1, 10_000, 2, 11_300, R.TARGET_GAP, 1),
    ("opens at the target", [FILL, (11_000, 11_400, 10_900, 11_250)], 1, 10_000, 2, 11_000, R.TARGET_GAP, 1),
    ("gap over the target, then low at the stop", [FILL, (11_300, 11_400, 9_000, 9_100)], 1, 10_000, 2, 11_300, R.TARGET_GAP, 1),
    ("filled at the open", [(10_200, 10_300, 10_000, 10_250), (10_500, 11_050, 10_400, 10_900)], 1, 10_200, 2, 11_000, R.TARGET, 1),
    ("opens at the entry exactly", [(10_000, 10_300, 9_900, 10_250), (10_500, 11_050, 10_400, 10_900)], 1, 10_000, 2, 11_000, R.TARGET, 1),
    ("high touches the entry exactly", [(9_900, 10_000, 9_850, 9_950), (10_500, 11_050, 10_400, 10_900)], 1, 10_000, 2, 11_000, R.TARGET, 1),
    # the entry bar
    ("entry bar: opened over the entry, low at the stop", [(10_100, 10_200, 9_200, 10_150), HELD], 1, 10_100, 1, 9_200, R.STOP, 0),
    ("entry bar: filled inside, closes under the stop", [(9_900, 10_050, 9_100, 9_150), HELD], 1, 10_000, 1, 9_200, R.STOP, 0),
    ("entry bar: filled inside, low under the stop, closes above: held", [(9_900, 10_050, 9_100, 9_900), (10_500, 11_050, 10_400, 10_900)], 1, 10_000, 2, 11_000, R.TARGET, 1),
    ("entry bar: a target on it is never credited", [(9_900, 11_500, 9_850, 10_000), (9_000, 9_100, 8_900, 9_000)], 1, 10_000, 2, 9_000, R.STOP_GAP, 1),
    # waiting
    ("filled on the tenth bar", [*[QUIET] * 9, FILL, (10_500, 11_050, 10_400, 10_900)], 10, 10_000, 11, 11_000, R.TARGET, 1),
    ("too far over the pivot (10,490 > 10,489.5), filled the next day", [(10_490, 10_600, 10_400, 10_500), FILL, (9_000, 9_000, 9_000, 9_000)], 2, 10_000, 3, 9_000, R.STOP_GAP, 1),
    ("just near enough (10,489)", [(10_489, 10_600, 10_400, 10_500), (9_000, 9_000, 9_000, 9_000)], 1, 10_489, 2, 9_000, R.STOP_GAP, 1),
    ("a halted day is no bar of the ten", [*[QUIET] * 5, None, None, *[QUIET] * 4, FILL, (9_000, 9_000, 9_000, 9_000)], 12, 10_000, 13, 9_000, R.STOP_GAP, 1),
    # holding
    ("time: close of the 20th bar after the entry bar", [FILL, *[HELD] * 19, (10_050, 10_200, 9_900, 10_150)], 1, 10_000, 21, 10_150, R.TIME, 20),
    ("a halted day is no held bar", [FILL, *[HELD] * 10, None, None, None, *[HELD] * 9, (10_050, 10_200, 9_900, 10_160)], 1, 10_000, 24, 10_160, R.TIME, 20),
    ("the 20th bar meets the stop: the stop", [FILL, *[HELD] * 19, (10_050, 10_200, 9_100, 10_150)], 1, 10_000, 21, 9_200, R.STOP, 20),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bars", "entry_day", "entry", "exit_day", "price", "reason", "held"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_near_pivot(bars: list[Bar], entry_day: int, entry: float, exit_day: int, price: float, reason: R, held: int) -> None:
    found = live(market([SIGNAL_BAR, *bars]), signal(N))
    assert (found.entry_day, found.entry_price, found.exit_day, found.exit_price) == (entry_day, entry, exit_day, price)
    assert (R(found.reason), found.holding_bars) == (reason, held)


def test_near_pivot_expires_on_the_tenth_bar() -> None:
    found = live(market([SIGNAL_BAR, *[QUIET] * 10, FILL]), signal(N))
    assert (found.entry_day, R(found.reason), found.exit_day) == (-1, R.EXPIRED, 10)
    assert math.isnan(found.entry_price)
    assert math.isnan(found.net_pct)


def test_an_order_that_still_waits_has_no_end() -> None:
    found = live(market([SIGNAL_BAR, *[QUIET] * 9]), signal(N))
    assert (found.entry_day, found.exit_day, R(found.reason)) == (-1, -1, R.NONE)


def test_a_position_that_is_still_held_has_no_end() -> None:
    found = live(market([SIGNAL_BAR, FILL, HELD]), signal(N))
    assert (found.entry_day, found.exit_day, R(found.reason), found.holding_bars) == (1, -1, R.NONE, 1)
    assert found.entry_price == 10_000
    assert math.isnan(found.net_pct)


# ------------------------------------------------------------------------------------------------- breakout


def test_breakout_is_bought_at_the_next_open() -> None:
    found = live(market([SIGNAL_BAR, (10_300, 10_400, 10_250, 10_350), (11_100, 11_200, 11_000, 11_100)]), signal(B))
    assert (found.entry_day, found.entry_price, found.exit_price, R(found.reason)) == (1, 10_300, 11_100, R.TARGET_GAP)


def test_breakout_next_open_after_a_halt() -> None:
    found = live(market([SIGNAL_BAR, None, None, (10_300, 10_400, 10_250, 10_350), HELD]), signal(B))
    assert (found.entry_day, found.entry_price) == (3, 10_300)


def test_breakout_too_far_away_expires_at_once() -> None:
    """10,490 > 1.05 x 9,990 = 10,489.5; the next day would have been near enough, but only the next open counts."""
    found = live(market([SIGNAL_BAR, (10_490, 10_500, 10_000, 10_100), HELD]), signal(B))
    assert (found.entry_day, R(found.reason), found.exit_day) == (-1, R.EXPIRED, 1)


def test_breakout_entry_bar_hits_the_stop() -> None:
    found = live(market([SIGNAL_BAR, (10_300, 10_400, 9_150, 9_900), HELD]), signal(B))
    assert (found.exit_day, found.exit_price, R(found.reason)) == (1, 9_200, R.STOP)


def test_breakout_opening_under_its_stop_is_sold_where_it_was_bought() -> None:
    """Bought at 9,000 under the stop of 9,200: the stop never pays more than the open."""
    found = live(market([SIGNAL_BAR, (9_000, 9_400, 8_900, 9_300), HELD]), signal(B))
    assert (found.entry_price, found.exit_price, R(found.reason)) == (9_000, 9_000, R.STOP)
    assert found.net_pct < 0


# ------------------------------------------------------------------------------------------------- limits, halts, delisting


def test_locked_at_the_lower_limit_nothing_is_sold() -> None:
    """Base 10,000: lower limit 7,000. Day 2 is locked there (H = L), day 3 opens at 6,500 and is sold."""
    bars = [SIGNAL_BAR, FILL, (7_000, 7_000, 7_000, 7_000), (6_500, 6_600, 6_400, 6_500)]
    found = live(market(bars, base={2: 10_000, 3: 7_000}), signal(N))
    assert (found.exit_day, found.exit_price, R(found.reason), found.holding_bars) == (3, 6_500, R.STOP_GAP, 2)


def test_one_price_that_is_not_the_limit_is_a_fill() -> None:
    found = live(market([SIGNAL_BAR, FILL, (7_010, 7_010, 7_010, 7_010)], base={2: 10_000}), signal(N))
    assert (found.exit_price, R(found.reason)) == (7_010, R.STOP_GAP)


def test_without_a_base_price_the_limit_is_not_tested() -> None:
    found = live(market([SIGNAL_BAR, FILL, (7_000, 7_000, 7_000, 7_000)]), signal(N))
    assert (found.exit_price, R(found.reason)) == (7_000, R.STOP_GAP)


def test_locked_at_the_upper_limit_nothing_is_bought() -> None:
    """Base 7,700: width 2,310 -> 2,310 (tick 10), upper 10,010 -> 10,010 (tick 10). H = L = 10,010: no fill; filled the day after."""
    bars = [SIGNAL_BAR, (10_010, 10_010, 10_010, 10_010), FILL, HELD]
    assert live(market(bars, base={1: 7_700}), signal(N)).entry_day == 2
    assert live(market(bars), signal(N)).entry_day == 1
    assert R(live(market(bars, base={1: 7_700}), signal(B)).reason) is R.EXPIRED


def test_the_holding_limit_on_a_locked_bar_ends_on_the_next_that_trades() -> None:
    bars = [SIGNAL_BAR, FILL, *[HELD] * 19, (7_070, 7_070, 7_070, 7_070), (9_500, 9_600, 9_400, 9_450)]
    found = live(market(bars, base={21: 10_100}), signal(N))
    assert (found.exit_day, found.exit_price, R(found.reason), found.holding_bars) == (22, 9_450, R.TIME, 21)


def test_delisted_while_held_is_worth_its_last_price() -> None:
    """Days end on Monday 2025-06-30; delisted on the Friday before (day 4): last traded price 9,700 of day 3."""
    bars = [SIGNAL_BAR, FILL, HELD, (9_800, 9_900, 9_600, 9_700), None, None]
    found = live(market(bars, delisted=date(2025, 6, 27)), signal(N))
    assert (found.exit_day, found.exit_price, R(found.reason), found.holding_bars) == (4, 9_700, R.DELISTED, 2)
    assert live(market(bars, delisted=date(2025, 6, 27)), signal(N), last_day=3).exit_day == -1


def test_delisted_while_waiting_expires() -> None:
    found = live(market([SIGNAL_BAR, QUIET, None, None], delisted=date(2025, 6, 30)), signal(N))
    assert (found.entry_day, found.exit_day, R(found.reason)) == (-1, 3, R.EXPIRED)


def test_a_long_halt_without_a_delisting_stays_open() -> None:
    assert live(market([SIGNAL_BAR, FILL, *[None] * 40]), signal(N)).exit_day == -1


# ------------------------------------------------------------------------------------------------- corporate actions


def test_a_split_while_held_scales_entry_stop_and_target() -> None:
    """5:1 on day 3: entry 10,000 -> 2,000, stop 9,200 -> 1,840, target 11,000 -> 2,200. Sold at 2,200: +10 % gross."""
    bars = [SIGNAL_BAR, FILL, HELD, (2_020, 2_050, 1_990, 2_030), (2_100, 2_210, 2_090, 2_150)]
    found = live(market(bars, factors={3: 0.2}), signal(N))
    assert (found.exit_day, R(found.reason), found.factor) == (4, R.TARGET, 0.2)
    assert found.entry_price == pytest.approx(2_000)
    assert found.exit_price == pytest.approx(2_200)
    assert found.gross_pct == pytest.approx(10.0)


def test_a_split_while_waiting_scales_the_order() -> None:
    """2:1 on day 2: the buy stop of 10,000 stands at 5,000, the chase limit at 5,244.75."""
    bars = [SIGNAL_BAR, QUIET, (4_950, 5_050, 4_900, 5_000), (5_400, 5_520, 5_300, 5_500)]
    found = live(market(bars, factors={2: 0.5}), signal(N))
    assert (found.entry_day, found.exit_day, R(found.reason)) == (2, 3, R.TARGET)
    assert (found.entry_price, found.exit_price) == (pytest.approx(5_000), pytest.approx(5_500))


def test_a_reverse_split_while_held() -> None:
    """1:10 on day 2 (factor 10): stop 9,200 -> 92,000. Open 91,000 is under it."""
    found = live(market([SIGNAL_BAR, FILL, (91_000, 92_000, 90_000, 91_500)], factors={2: 10.0}), signal(N))
    assert (found.exit_price, R(found.reason), found.entry_price) == (91_000, R.STOP_GAP, pytest.approx(100_000))


# ------------------------------------------------------------------------------------------------- closing bet

CLOSING = signal(C, entry=10_000, stop=9_700, target=10_500)


@pytest.mark.parametrize(
    ("opening", "reason"),
    [
        (10_300, R.GAP_UP),  # +3.0 %, the limit itself
        (10_299, R.TIME_10AM),
        (9_801, R.TIME_10AM),
        (9_800, R.GAP_DOWN),  # -2.0 %, the limit itself
        (9_000, R.GAP_DOWN),
        (11_000, R.GAP_UP),
    ],
)
def test_closing_bet_is_sold_at_the_next_open(opening: int, reason: R) -> None:
    found = live(market([(9_500, 10_050, 9_450, 10_000), (opening, 11_500, 8_000, 9_000)]), CLOSING)
    assert (found.entry_day, found.entry_price, found.exit_day, found.exit_price) == (0, 10_000, 1, opening)
    assert (R(found.reason), found.holding_bars) == (reason, 1)


def test_closing_bet_waits_for_a_bar_that_can_be_sold() -> None:
    """Halted on day 1, locked at the lower limit on day 2 (base 10,000: 7,000), sold at the open of day 3."""
    bars = [(9_500, 10_050, 9_450, 10_000), None, (7_000, 7_000, 7_000, 7_000), (6_000, 6_100, 5_900, 6_000)]
    found = live(market(bars, base={2: 10_000}), CLOSING)
    assert (found.exit_day, found.exit_price, R(found.reason), found.holding_bars) == (3, 6_000, R.GAP_DOWN, 2)


def test_closing_bet_over_a_split() -> None:
    """2:1 overnight: 10,000 -> 5,000; open 5,150 is +3 %."""
    found = live(market([(9_500, 10_050, 9_450, 10_000), (5_150, 5_200, 5_100, 5_150)], factors={1: 0.5}), CLOSING)
    assert (R(found.reason), found.exit_price) == (R.GAP_UP, 5_150)
    assert found.gross_pct == pytest.approx(3.0)


def _morning(*bars: tuple[int, int, int, int, int]) -> MorningBars:
    columns = np.array(bars, dtype=np.float64).T
    same = np.zeros(len(bars), dtype=np.int64)
    return MorningBars(same, same + 1, columns[0].astype(np.int64), *columns[1:])


@pytest.mark.parametrize(
    ("opening", "minutes", "price", "reason"),
    [
        (10_300, [(540, 10_300, 10_600, 10_300, 10_600)], 10_300, R.GAP_UP),  # the gap rule comes first
        (10_100, [(540, 10_100, 10_200, 10_050, 10_150), (541, 10_150, 10_500, 10_100, 10_400)], 10_500, R.TARGET),
        (10_100, [(540, 10_100, 10_200, 9_690, 9_800), (541, 9_800, 10_600, 9_700, 10_400)], 9_700, R.STOP),
        (10_100, [(540, 10_100, 10_200, 10_050, 10_150), (545, 9_600, 9_650, 9_600, 9_600)], 9_600, R.STOP_GAP),
        (10_100, [(540, 10_100, 10_200, 10_050, 10_150), (545, 10_550, 10_550, 10_500, 10_500)], 10_550, R.TARGET_GAP),
        (10_100, [(540, 10_100, 10_200, 10_050, 10_150), (600, 10_210, 10_900, 9_000, 9_000)], 10_210, R.TIME_10AM),
        (10_100, [(540, 10_100, 10_200, 10_050, 10_150), (599, 10_150, 10_190, 10_100, 10_180)], 10_180, R.TIME_10AM),
    ],
)
def test_closing_bet_by_minutes(opening: int, minutes: list[tuple[int, int, int, int, int]], price: int, reason: R) -> None:
    panel = market([(9_500, 10_050, 9_450, 10_000), (opening, 11_500, 8_000, 9_000)])
    found = follow(panel, CLOSING, DEFAULT_RULES, mornings=_morning(*minutes))
    assert (found.exit_price[0], R(int(found.reason[0]))) == (price, reason)


def test_day_trades_are_not_followed_on_daily_bars() -> None:
    found = live(market([SIGNAL_BAR, FILL, HELD]), signal(D))
    assert (found.entry_day, found.exit_day, R(found.reason)) == (-1, -1, R.NONE)


# ------------------------------------------------------------------------------------------------- returns and repeats


def test_returns_of_a_trade() -> None:
    """Bought 10,000, sold 11,000 in June 2025 (0.15 % tax): costs of one side 0.115 %.

    11,000 x (1 - 0.265/100) = 10,970.85; 10,000 x 1.00115 = 10,011.5; 10,970.85/10,011.5 - 1 = 9.58247... %.
    Planned loss 8 %: 9.58247/8 = 1.19781 R.
    """
    found = live(market([SIGNAL_BAR, FILL, (10_500, 11_050, 10_400, 10_900)]), signal(N))
    assert found.tax_pct == 0.15
    assert found.gross_pct == pytest.approx(10.0)
    assert found.net_pct == pytest.approx(9.5824801, abs=1e-6)
    assert found.risk_multiple == pytest.approx(1.197810, abs=1e-6)


def test_a_signal_after_the_last_day_is_not_touched() -> None:
    found = live(market([SIGNAL_BAR, FILL, HELD]), signal(N, day=2), last_day=1)
    assert (found.entry_day, found.exit_day, R(found.reason)) == (-1, -1, R.NONE)


def test_repeats_of_a_signal_count_once() -> None:
    """Signalled on days 0, 1, 2; the first is filled on day 2 and stopped on day 4. Day 4 is new again, so is another stock."""
    bars = [SIGNAL_BAR, QUIET, FILL, HELD, (9_000, 9_000, 9_000, 9_000), QUIET, QUIET]
    panel = market({"005930": bars, "005940": bars})
    signals = together(*(signal(N, day=day) for day in (0, 1, 2, 4)), signal(N, day=1, row=1), signal(C, day=1))
    trades = follow(panel, signals, DEFAULT_RULES)
    assert trades.exit_day.tolist()[:3] == [4, 4, 4]  # day 2's repeat is filled on day 3: opens above its entry
    assert first_signals(signals, trades).tolist() == [True, False, False, True, True, True]


def test_lock_and_entry_use_only_flat_bars() -> None:
    assert live(market([SIGNAL_BAR, *flat(3, 9_900)]), signal(N)).entry_day == -1
