"""Tax by settlement day and net returns (domain.md §§7.3, 7.4)."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from engine.calendar.trading_days import TradingCalendar
from engine.model.instruments import Market, SecurityType
from engine.performance.costs import net_return_pct, sell_tax_pct, settlement_days, tax_by_day
from engine.thresholds import DEFAULT_RULES

K, Q, X = Market.KOSPI, Market.KOSDAQ, Market.KONEX


@pytest.mark.parametrize(
    ("settled", "kospi", "kosdaq", "konex"),
    [
        ("2019-06-02", 0.30, 0.30, 0.30),
        ("2019-06-03", 0.25, 0.25, 0.10),
        ("2020-12-31", 0.25, 0.25, 0.10),
        ("2021-01-01", 0.23, 0.23, 0.10),
        ("2023-01-01", 0.20, 0.20, 0.10),
        ("2024-01-01", 0.18, 0.18, 0.10),
        ("2024-12-31", 0.18, 0.18, 0.10),
        ("2025-01-01", 0.15, 0.15, 0.10),
        ("2025-12-31", 0.15, 0.15, 0.10),
        ("2026-01-01", 0.20, 0.20, 0.10),
    ],
)
def test_the_table(settled: str, kospi: float, kosdaq: float, konex: float) -> None:
    day = date.fromisoformat(settled)
    assert [float(sell_tax_pct(market, day, DEFAULT_RULES)) for market in (K, Q, X)] == [kospi, kosdaq, konex]


def test_unknown_markets_have_no_tax_and_etfs_pay_none() -> None:
    day = date(2025, 3, 3)
    assert math.isnan(float(sell_tax_pct(Market.UNKNOWN, day, DEFAULT_RULES)))
    assert float(sell_tax_pct(K, day, DEFAULT_RULES, SecurityType.ETF)) == 0.0


DAYS = np.array(
    ["2024-12-26", "2024-12-27", "2024-12-30", "2025-01-02", "2025-01-03", "2025-12-26", "2025-12-29", "2025-12-30"],
    dtype="datetime64[D]",
)  # fmt: skip


def test_a_sale_before_the_new_year_pays_the_new_rate() -> None:
    """2024-12-27 settles on 2025-01-02 (31 December and New Year are closed); 2024-12-26 on 2024-12-30."""
    taxes = tax_by_day(DAYS[:5], DEFAULT_RULES)[K]
    assert taxes.tolist() == [0.18, 0.15, 0.15, 0.15, 0.15]


def test_beyond_the_data_the_year_end_is_known() -> None:
    """The data end on 2025-12-30: 12-29 settles on 2026-01-02, 12-30 on 2026-01-05; both pay 0.20 %."""
    settled = settlement_days(DAYS[5:])
    assert settled.astype(str).tolist() == ["2025-12-30", "2026-01-02", "2026-01-05"]
    assert tax_by_day(DAYS[5:], DEFAULT_RULES)[Q].tolist() == [0.15, 0.20, 0.20]


@pytest.mark.parametrize(
    ("last", "settles"),
    [
        (
            "2022-12-28",
            "2023-01-02",
        ),  # 2022-12-31 is a Saturday: Friday the 30th is the year-end holiday; 29 is the 1st day after
        ("2023-12-28", "2024-01-03"),  # closing holiday on Friday the 29th
    ],
)
def test_the_year_end_holiday_moves_before_a_weekend(last: str, settles: str) -> None:
    assert str(settlement_days(np.array([last], dtype="datetime64[D]"))[-1]) == settles


def test_a_calendar_knows_better_than_weekdays() -> None:
    """2025-05-02 (Friday): 5 and 6 May are holidays, so T+2 is 8 May; by weekdays it would be 6 May."""
    calendar = TradingCalendar(np.array(["2025-05-02", "2025-05-07", "2025-05-08", "2025-05-09"], dtype="datetime64[D]"))
    last = np.array(["2025-05-02"], dtype="datetime64[D]")
    assert settlement_days(last, calendar).astype(str).tolist() == ["2025-05-08"]
    assert settlement_days(last).astype(str).tolist() == ["2025-05-06"]


def test_net_return() -> None:
    """10,000 -> 10,000 with 0.15 % tax: 10,000 x 0.99735 / (10,000 x 1.00115) - 1 = -0.37956... %."""
    assert float(net_return_pct(10_000, 10_000, 0.15, DEFAULT_RULES)) == pytest.approx(-0.379563, abs=1e-6)
    assert math.isnan(float(net_return_pct(10_000, math.nan, 0.15, DEFAULT_RULES)))


def test_costs_come_from_the_rules() -> None:
    free = DEFAULT_RULES.replace({"cost.commission_pct": 0.0, "cost.slippage_pct": 0.0})
    assert float(net_return_pct(100, 110, 0.0, free)) == pytest.approx(10.0)
