"""φ, the own volume curve, and quotes from bars and minutes (domain.md §§0.2, 4.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest
from checklist_market import TODAY, Stock, panel_of, score

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.features.volume_curve import DAY_MINUTES, own_curve, phi
from engine.model.errors import ValidationFailed
from engine.model.instants import kst_ns
from engine.scoring.day_trade import quotes_from_bars, quotes_from_minutes
from engine.thresholds import DEFAULT_RULES


def at(hour: int, minute: int, second: int = 0, day: date = TODAY) -> float:
    return phi(kst_ns(day, hour, minute, second), day, DEFAULT_SESSIONS, DEFAULT_RULES)


@pytest.mark.parametrize(
    ("hour", "minute", "share"),
    [(9, 0, 0.0), (9, 15, 0.08), (9, 30, 0.16), (12, 0, 0.525), (15, 10, 0.91), (15, 20, 0.935), (15, 30, 1.0), (20, 0, 1.0)],
)
def test_phi_of_the_table(hour: int, minute: int, share: float) -> None:
    assert at(hour, minute) == pytest.approx(share)


def test_phi_before_the_open_is_missing() -> None:
    assert math.isnan(at(8, 59, 59))
    assert math.isnan(at(9, 59, 59, date(2026, 1, 2)))


def test_phi_moves_with_the_open() -> None:
    # first trading day: 10:00-15:30; exam day: 10:00-16:30
    assert at(10, 30, day=date(2026, 1, 2)) == pytest.approx(0.16)
    assert at(15, 30, day=date(2026, 1, 2)) == 1.0
    assert at(15, 30, day=date(2026, 11, 19)) == pytest.approx(0.815)
    assert at(16, 30, day=date(2026, 11, 19)) == 1.0


def straight(days: int) -> np.ndarray:
    """Every minute trades the same."""
    return np.tile(np.arange(DAY_MINUTES) / (DAY_MINUTES - 1), (days, 1))


def test_own_curve_is_the_mean_of_twenty_days() -> None:
    rows = straight(20)
    curve = own_curve(rows, DEFAULT_RULES)
    assert curve is not None
    # at 09:01 one minute of 390 has passed, at 12:00 180 have
    assert phi(kst_ns(TODAY, 9, 1), TODAY, DEFAULT_SESSIONS, DEFAULT_RULES, curve) == pytest.approx(1 / 390)
    assert phi(kst_ns(TODAY, 12, 0), TODAY, DEFAULT_SESSIONS, DEFAULT_RULES, curve) == pytest.approx(180 / 390)
    assert (np.diff(curve.share) >= 0).all()
    assert score(Stock(volume=2 * 100_000 * 60 / 390 + 1), at="10:00", curve=curve).points("spike") == 15


def test_own_curve_falls_back_to_the_table() -> None:
    assert own_curve(straight(19), DEFAULT_RULES) is None
    broken = straight(20)
    broken[3, 100] = 0.9  # falls afterwards: no cumulative share
    assert own_curve(broken, DEFAULT_RULES) is None
    hole = straight(20)
    hole[3, 100] = math.nan
    assert own_curve(hole, DEFAULT_RULES) is None
    short = straight(20)
    short[3] *= 0.9  # a day whose minutes stop before the close
    assert own_curve(short, DEFAULT_RULES) is None
    shifted = straight(20)
    shifted[3, 0] = 0.03  # begins after the open: the shares of the minutes' ends
    assert own_curve(shifted, DEFAULT_RULES) is None
    with pytest.raises(ValidationFailed):
        own_curve(straight(20)[:, :-1], DEFAULT_RULES)


@dataclass(frozen=True)
class Batch:
    ticker: np.ndarray
    minute_ns: np.ndarray
    open_krw: np.ndarray
    high_krw: np.ndarray
    low_krw: np.ndarray
    close_krw: np.ndarray
    volume_shares: np.ndarray
    value_krw: np.ndarray


MISSING = np.iinfo(np.int64).min


def minutes(rows: list[tuple[str, int, int, int, int, int, int, int, int]]) -> Batch:
    """(ticker, hour, minute, O, H, L, C, V, value)"""
    columns = list(zip(*rows, strict=True))
    ns = [kst_ns(TODAY, h, m) for h, m in zip(columns[1], columns[2], strict=True)]
    return Batch(np.array(columns[0]), np.array(ns), *(np.array(column, dtype=np.int64) for column in columns[3:]))


def test_only_bars_that_have_ended_count() -> None:
    batch = minutes(
        [
            ("000010", 9, 0, 100, 110, 95, 105, 10, 1_000),
            ("000010", 9, 1, 105, 120, 104, 118, 20, 2_200),
            ("000010", 9, 2, 118, 119, 90, 92, 30, 3_000),
        ]
    )
    tickers, base = np.array(["000010", "000020"]), np.array([100.0, 50.0])
    quotes = quotes_from_minutes(tickers, [batch], base, kst_ns(TODAY, 9, 2, 59))
    assert (quotes.open[0], quotes.high[0], quotes.low[0], quotes.price[0]) == (100, 120, 95, 118)
    assert (quotes.volume_shares[0], quotes.value_krw[0]) == (30, 3_200)
    assert quotes.at_ns.tolist() == [kst_ns(TODAY, 9, 2), 0]
    assert math.isnan(quotes.price[1])
    later = quotes_from_minutes(tickers, [batch], base, kst_ns(TODAY, 9, 3))
    assert (later.low[0], later.price[0], later.volume_shares[0]) == (90, 92, 60)
    assert math.isnan(quotes_from_minutes(tickers, [batch], base, kst_ns(TODAY, 9, 0, 59)).price[0])


def test_minutes_of_many_symbols_in_any_order_and_outside_the_session() -> None:
    batch = minutes(
        [
            ("000020", 9, 1, 51, 52, 51, 52, 5, MISSING),
            ("000010", 16, 5, 999, 999, 999, 999, 9, 9),  # after-market: never the day's price
            ("000010", 9, 1, 105, 106, 105, 106, 2, 212),
            ("000020", 9, 0, 50, 50, 49, 49, 4, 200),
            ("000010", 9, 0, 100, 101, 100, 101, 1, 100),
            ("000010", 15, 30, 107, 107, 107, 107, 3, 321),
            ("999990", 9, 0, 1, 1, 1, 1, 1, 1),
            ("000010", 9, 2, 107, 107, 107, 107, 0, 0),  # no trade: no bar
        ]
    )
    quotes = quotes_from_minutes(np.array(["000010", "000020"]), [batch], np.array([100.0, 50.0]), kst_ns(TODAY, 17, 0))
    assert (quotes.open[0], quotes.price[0], quotes.volume_shares[0], quotes.value_krw[0]) == (100, 107, 6, 633)
    # a missing value is volume x (51 + 52 + 51 + 52)/4 = 257.5
    assert (quotes.price[1], quotes.volume_shares[1], quotes.value_krw[1]) == (52, 9, 457.5)


def test_a_missing_volume_is_not_zero() -> None:
    batch = minutes([("000010", 9, 0, 100, 101, 100, 101, 1, 100), ("000010", 9, 1, 101, 102, 101, 102, MISSING, 100)])
    quotes = quotes_from_minutes(np.array(["000010"]), [batch], np.array([100.0]), kst_ns(TODAY, 9, 5))
    assert quotes.price[0] == 102
    assert math.isnan(quotes.volume_shares[0])


def test_official_bars_are_final_and_never_stale() -> None:
    panel = panel_of([Stock(), Stock()])
    panel.valid[1, -1] = False
    day = panel.days[-1].astype("datetime64[D]").item()
    quotes = quotes_from_bars(panel, len(panel.days) - 1, kst_ns(day, 23, 0))
    assert quotes.final
    assert (quotes.price[0], quotes.high[0], quotes.volume_shares[0], quotes.value_krw[0]) == (9_500, 10_000, 100_000, 5e9)
    assert math.isnan(quotes.price[1])
