"""Arithmetic that must hold inside real answers and examples: it shows that units, signs and columns are read right."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE
from ralphstock_desktop.providers.kiwoom.parse import parse
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

from .bodies import example, readable, recorded

pytestmark = pytest.mark.real_data
TODAY = date(2026, 11, 24)
MILLION = 1_000_000


def of_example(folder: Path, api_id: str):
    return parse(CATALOGUE[api_id], example(folder, api_id), today=TODAY)


def of_recorded(folder: Path, api_id: str):
    return parse(CATALOGUE[api_id], dict(recorded(folder))[api_id], today=TODAY)


def test_minutes_of_a_day_add_up_to_the_accumulated_volume(recorded_data: Path) -> None:
    rows = of_recorded(recorded_data, "ka10080").rows
    checked = 0
    for before, after in pairwise(rows):
        if (after.at_ns - before.at_ns) < 12 * 3_600 * 10**9:
            assert after.day_volume_shares - before.day_volume_shares == after.volume_shares
            checked += 1
    assert checked > 880


def test_price_less_change_is_the_same_previous_close_all_day(recorded_data: Path) -> None:
    rows = of_recorded(recorded_data, "ka10080").rows
    days = np.array([(row.at_ns + 9 * 3_600 * 10**9) // (86_400 * 10**9) for row in rows])
    last_close = None
    for day in np.unique(days):
        mine = [row for row, own in zip(rows, days, strict=True) if own == day]
        bases = {row.close_krw - row.change_krw for row in mine}
        assert len(bases) == 1
        if last_close is not None:
            assert bases == {last_close}, "the base is the close of the day before"
        last_close = mine[-1].close_krw


def test_executions_run_on_in_volume_and_value(recorded_data: Path) -> None:
    rows = of_recorded(recorded_data, "ka10003").rows
    assert all(row.close_krw - row.change_krw == 34_150 for row in rows)
    for before, after in pairwise(rows):
        assert after.volume_shares - before.volume_shares == abs(after.quantity_shares)
        assert after.value_krw - before.value_krw == abs(after.quantity_shares) * after.close_krw


def test_basic_information_fits_itself(recorded_data: Path) -> None:
    info = of_recorded(recorded_data, "ka10001").head
    assert info.close_krw - info.change_krw == info.base_krw
    assert info.change_pct == pytest.approx(100 * info.change_krw / info.base_krw, abs=0.005)
    assert info.market_cap_krw == pytest.approx(info.close_krw * info.listed_shares, rel=1e-3), "억원, 천주"
    assert info.capital_krw == pytest.approx(info.par_krw * info.listed_shares, rel=1e-3), "억원, 천주"
    assert info.free_float_pct == pytest.approx(100 * info.free_float_shares / info.listed_shares, abs=0.05)
    assert info.per == pytest.approx(info.close_krw / info.eps_krw, rel=1e-3)
    assert info.pbr == pytest.approx(info.close_krw / info.bps_krw, abs=0.005)
    assert info.upper_limit_krw <= info.base_krw * 1.3
    assert info.lower_limit_krw >= info.base_krw * 0.7
    assert info.from_high_250d_pct == pytest.approx(100 * (info.close_krw / info.high_250d_krw - 1), abs=0.01)
    assert info.from_low_250d_pct == pytest.approx(100 * (info.close_krw / info.low_250d_krw - 1), abs=0.01)


def test_change_and_direction_agree_wherever_both_are_told(recorded_data: Path) -> None:
    """Over all readable bodies: the sign of the change is that of the direction code."""
    checked = 0
    for api_id, body in readable(recorded_data):
        reply = parse(CATALOGUE[api_id], body, today=TODAY)
        for record in (*reply.rows, *([reply.head] if reply.head is not None else [])):
            direction = getattr(record, "direction", Direction.UNKNOWN)
            change = getattr(record, "change_krw", getattr(record, "change", None))
            if direction is Direction.UNKNOWN or change is None or change == MISSING:
                continue
            expected = {1: 1, 2: 1, 3: 0, 4: -1, 5: -1}[int(direction)]
            assert np.sign(change) == expected, (api_id, record)
            checked += 1
    assert checked > 950


def test_change_per_cent_is_the_change_over_the_previous_close(recorded_data: Path) -> None:
    """Shows the hundredfold rates too (ka10059, ka10051)."""
    checked = set()
    for api_id, body in readable(recorded_data):
        reply = parse(CATALOGUE[api_id], body, today=TODAY)
        for record in (*reply.rows, *([reply.head] if reply.head is not None else [])):
            price = next((getattr(record, name) for name in PRICE_NAMES if hasattr(record, name)), None)
            change = getattr(record, "change_krw", getattr(record, "change", None))
            rate = getattr(record, "change_pct", None)
            if price is None or change is None or rate is None or api_id in OWN_RATE or change == MISSING or price == change:
                continue
            assert rate == pytest.approx(100 * change / (price - change), abs=0.0101), (api_id, record)
            checked.add(api_id)
    assert {"ka10059", "ka10051", "ka20001", "ka20003", "ka10027", "ka10095"} <= checked
    assert len(checked) >= 25


PRICE_NAMES = ("last_krw", "close_krw", "expected_krw", "level", "price_krw")
OWN_RATE = {
    "ka10058": "pre_rt is the change against the average price there",
    "ka00198": "no change in won",
}
"""Requests whose rate is not the change against the previous close."""


def test_investors_of_a_day_add_up(recorded_data: Path) -> None:
    for row in of_example(recorded_data, "ka10059").rows:
        everybody = row.individual + row.foreign + row.institution + row.other_corp + row.resident_foreign
        assert abs(everybody) <= 5 * MILLION, "each of five is rounded to a million"
        parts = (row.securities, row.insurance, row.investment_trust, row.other_finance, row.bank, row.pension)
        assert abs(sum(parts) + row.private_fund + row.state - row.institution) <= 8 * MILLION


def test_investors_of_the_chart_and_the_range_add_up(recorded_data: Path) -> None:
    for api_id in ("ka10060", "ka10061"):
        for row in of_example(recorded_data, api_id).rows:
            everybody = row.individual + row.foreign + row.institution + row.other_corp + row.resident_foreign
            assert abs(everybody) <= 5 * MILLION, api_id
            parts = (row.securities, row.insurance, row.investment_trust, row.other_finance, row.bank, row.pension)
            assert abs(sum(parts) + row.private_fund + row.state - row.institution) <= 8 * MILLION, api_id


def test_investor_ranking_nets_are_sale_plus_purchase(recorded_data: Path) -> None:
    rows = of_example(recorded_data, "ka10065").rows
    assert rows and all(abs(row.buy + row.sell - row.net) <= 1 * MILLION for row in rows), "each rounded on its own"
    for row in of_example(recorded_data, "ka10063").rows:
        assert row.buy_shares + row.sell_shares == row.net_shares
        assert row.net_shares - row.previous_net_shares == row.net_step_shares


def test_amounts_of_an_investors_stocks_are_ten_thousand_won(recorded_data: Path) -> None:
    rows = of_example(recorded_data, "ka10058").rows
    assert rows
    for row in rows:
        assert row.net_krw == pytest.approx(row.net_shares * row.average_krw, rel=0.03), "only 만원 fits"
        assert row.close_krw - row.average_krw == row.from_average_krw


def test_market_flows_of_all_sectors(recorded_data: Path) -> None:
    rows = of_example(recorded_data, "ka10051").rows
    for row in rows:
        everybody = row.individual + row.foreign + row.institution + row.other_corp + row.resident_foreign
        assert abs(everybody) <= 0.05 * max(abs(row.foreign), abs(row.institution), 100_000_000 * 100)
    assert rows[0].code == "001" and abs(rows[0].foreign) == max(abs(row.foreign) for row in rows)


def test_short_sales_average_and_running_sum(recorded_data: Path) -> None:
    rows = of_example(recorded_data, "ka10014").rows
    for row in rows:
        assert row.short_krw / row.short_shares == pytest.approx(row.short_average_krw, abs=1), "천원"
        assert row.short_pct == pytest.approx(100 * row.short_shares / row.volume_shares, abs=0.01)
    for before, after in pairwise(rows):
        assert after.short_sum_shares - before.short_sum_shares == after.short_shares


def test_programme_nets_and_steps(recorded_data: Path) -> None:
    for api_id in ("ka90005", "ka90010"):
        for row in of_example(recorded_data, api_id).rows:
            assert row.all_sell_krw == row.arbitrage_sell_krw + row.other_sell_krw
            assert row.all_buy_krw == row.arbitrage_buy_krw + row.other_buy_krw
            assert abs(row.all_buy_krw - row.all_sell_krw - row.all_net_krw) <= 2 * MILLION, "each rounded on its own"
    rows = of_example(recorded_data, "ka90008").rows
    for row in rows:
        assert row.buy_krw - row.sell_krw == row.net_krw
        assert row.buy_shares - row.sell_shares == row.net_shares
    for before, after in pairwise(rows):
        assert after.net_krw - before.net_krw == after.net_step_krw
        assert after.net_shares - before.net_shares == after.net_step_shares


def test_traded_value_lies_between_low_and_high(recorded_data: Path) -> None:
    """Shows that charts differ in the unit of the value: 백만원 a day, 원 a week, a month and a year."""
    for api_id in ("ka10081", "ka10082", "ka10083", "ka10094", "ka10086"):
        for row in of_example(recorded_data, api_id).rows:
            assert row.low_krw * 0.99 <= row.value_krw / row.volume_shares <= row.high_krw * 1.01, (api_id, row)


def test_consecutive_daily_bars_change_by_the_change(recorded_data: Path) -> None:
    for api_id in ("ka10081", "ka10082", "ka10083"):
        rows = of_example(recorded_data, api_id).rows
        for before, after in pairwise(rows):
            assert after.close_krw - before.close_krw == after.change_krw, api_id


def test_issues_of_an_index_by_direction(recorded_data: Path) -> None:
    for row in of_example(recorded_data, "ka20003").rows:
        assert row.up_issues + row.unchanged_issues + row.down_issues <= row.listed_issues
    snapshot = of_example(recorded_data, "ka20001").head
    counted = snapshot.up_issues + snapshot.unchanged_issues + snapshot.down_issues
    assert counted == snapshot.traded_issues
    points = of_example(recorded_data, "ka20001").rows
    assert points[-1].volume_shares == snapshot.volume_shares
    for before, after in pairwise(points):
        assert after.volume_shares - before.volume_shares == after.slot_volume_shares


def test_foreign_holding_uses_its_limit(recorded_data: Path) -> None:
    for row in of_example(recorded_data, "ka10008").rows:
        assert row.held_shares + row.acquirable_shares == row.limit_shares
        assert row.limit_used_pct == pytest.approx(100 * row.held_shares / row.limit_shares, abs=0.01)


def test_account_values(recorded_data: Path) -> None:
    for row in of_example(recorded_data, "kt00018").rows:
        assert row.cost_krw == row.held_shares * row.average_krw or row.cost_krw == pytest.approx(
            row.held_shares * row.average_krw, rel=1e-4
        )
        assert row.value_krw == row.held_shares * row.close_krw
        assert row.profit_pct == pytest.approx(100 * row.profit_krw / row.cost_krw, abs=0.01)


def test_volatility_interruptions_deviate_from_their_base(recorded_data: Path) -> None:
    for row in of_example(recorded_data, "ka10054").rows:
        base = row.dynamic_base_krw or row.static_base_krw
        deviation = row.dynamic_deviation_pct or row.static_deviation_pct
        assert deviation == pytest.approx(100 * (row.trigger_krw / base - 1), abs=0.01)
