"""What one list says about a stock, every other list and the order book says too."""

from __future__ import annotations

import copy
import dataclasses
import time
from datetime import date
from typing import Any

import httpx
import numpy as np
import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.daily import traded_values
from ralphstock_desktop.providers.kiwoom_sim.executions import strength_pct
from ralphstock_desktop.providers.kiwoom_sim.market import build_market
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import Day
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import COLUMNS, INSTITUTIONS
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer

from .conftest import DAY, NO_LIMITS, Client, DemoHistory, Serve, busy_row, code_of

TODAY = DAY.strftime("%Y%m%d")


def number(text: str) -> float:
    """A change or flow: one or two minus signs."""
    digits = text.strip().lstrip("+-")
    return -float(digits) if text.strip().startswith("-") else float(digits)


async def first(client: Client, api_id: str, **body: str) -> dict[str, str]:
    """The newest line of a list."""
    found = await client.ask(api_id, **body)
    rows: list[dict[str, str]] = next(value for value in found.values() if isinstance(value, list))
    return rows[0]


async def test_daily_prices_tell_holdings_loans_and_programmes_as_their_own_lists_do(serve: Serve) -> None:
    async with serve(14, 30) as client:
        code = code_of(client.market, busy_row(client.market))
        held = {row["dt"]: row["wght"] for row in (await client.ask("ka10008", stk_cd=code))["stk_frgnr"]}
        loans = (await client.ask("ka10013", stk_cd=code, dt=TODAY, qry_tp="1"))["crd_trde_trend"]
        for kind, unit in (("0", "qty"), ("1", "amt")):
            rows = (await client.ask("ka10086", stk_cd=code, qry_dt=TODAY, indc_tp=kind))["daly_stkpc"]
            programmes = {
                row["dt"]: row[f"prm_netprps_{unit}"]
                for row in (await client.ask("ka90013", stk_cd=code, amt_qty_tp="1", date=""))["stk_daly_prm_trde_trnsn"]
            }
            assert len({row["for_rt"] for row in rows}) > 1, "a holding that never moves tells nothing"
            for row in rows:
                assert row["for_rt"] == row["for_poss"] == row["for_wght"] == held[row["date"]]
                assert row["prm"] == programmes[row["date"]]
        lent = {row["dt"]: row["remn_rt"] for row in loans if row["remn_rt"]}
        assert lent and all(f"+{row['crd_remn_rt']}" == lent[row["date"]] for row in rows if row["date"] in lent)
        assert all(abs(number(row["shr_rt"])) <= 100.0 for row in loans if row["shr_rt"]), "no more is lent than traded"


async def test_trade_strength_is_one_number(serve: Serve) -> None:
    async with serve(13, 5) as client:
        code = code_of(client.market, busy_row(client.market))
        wanted = (await first(client, "ka10095", stk_cd=code))["cntr_str"]
        assert 0.0 < float(wanted) < 500.0
        for api_id, more in (
            ("ka10003", {}),
            ("ka10046", {}),
            ("ka10047", {}),
            ("ka10084", {"tdy_pred": "1", "tic_min": "0"}),
            ("ka10084", {"tdy_pred": "1", "tic_min": "1"}),
        ):
            assert (await first(client, api_id, stk_cd=code, **more))["cntr_str"] == wanted, api_id
        assert (await client.ask("ka10006", stk_cd=code))["cntr_str"] == wanted
    assert [strength_pct(*pair) for pair in ((3, 2), (0, 0), (1, 0), (0, 4), (60, 10))] == [150.0, 0.0, 500.0, 0.0, 500.0]


@pytest.mark.parametrize(("hour", "minute"), [(10, 0), (15, 10), (17, 45)])
async def test_nothing_trades_after_hours_before_they_begin(serve: Serve, hour: int, minute: int) -> None:
    body = {"mrkt_tp": "000", "sort_tp": "1", "mang_stk_incls": "0", "crd_tp": "0", "trde_qty_tp": "0", "pric_tp": "0"}
    body |= {"trde_prica_tp": "0", "mrkt_open_tp": "0", "stex_tp": "1"}
    async with serve(hour, minute) as client:
        ranked = (await client.ask("ka10030", **body))["tdy_trde_qty_upper"]
        for row in ranked:
            parts = [int(row[f"{part}_trde_qty"]) for part in ("bf_mkrt", "opmr", "af_mkrt")]
            assert sum(parts) == int(row["trde_qty"])
            assert hour >= 16 or parts[2] == 0
        code = ranked[0]["stk_cd"]
        detail = await first(client, "ka10015", stk_cd=code, strt_dt=TODAY)
        minutes = (await client.ask("ka10080", stk_cd=code, tic_scope="1", upd_stkpc_tp="0"))["stk_min_pole_chart_qry"]
        late = sum(int(row["trde_qty"]) for row in minutes if TODAY + "153100" <= row["cntr_tm"] <= TODAY + "240000")
    assert int(detail["af_mkrt_trde_qty"]) == int(ranked[0]["af_mkrt_trde_qty"]) == late
    assert (late > 0) == (hour >= 16)


async def test_the_last_auctions_match_stays_until_the_next_one(serve: Serve) -> None:
    async with serve(11, 17) as client:
        code = code_of(client.market, busy_row(client.market))
        opened = (await client.ask("ka10001", stk_cd=code))["open_pric"]
        lists = [await client.ask("ka10001", stk_cd=code), await first(client, "ka10095", stk_cd=code)]
        lists.append(await client.ask("ka10007", stk_cd=code))
        assert {found["exp_cntr_pric"] for found in lists} == {opened}
        assert len({found["exp_cntr_qty"] for found in lists}) == 1 and int(lists[0]["exp_cntr_qty"]) > 0
    async with serve(15, 25) as client:
        live = await client.ask("ka10001", stk_cd=code)
    async with serve(15, 36) as client:
        closed = await client.ask("ka10001", stk_cd=code)
        last = (await client.ask("ka10080", stk_cd=code, tic_scope="1", upd_stkpc_tp="0"))["stk_min_pole_chart_qry"][0]
    assert live["exp_cntr_qty"] != lists[0]["exp_cntr_qty"] and int(live["exp_cntr_qty"]) > 0
    assert last["cntr_tm"] == TODAY + "153000"
    assert closed["exp_cntr_pric"] == last["open_pric"] and int(closed["exp_cntr_qty"]) <= int(last["trde_qty"])


def _sizes(book: dict[str, Any], side: str) -> list[int]:
    return [int(book[f"{side}_fpr_req"]), *(int(book[f"{side}_{level}th_pre_req"]) for level in range(2, 11))]


async def test_a_book_holds_what_its_venues_take_at_that_hour(serve: Serve) -> None:
    """08:20 NXT alone; 11:00 both; 15:25 KRX's closing auction alone; 15:45 NXT alone; 20:30 nobody."""
    for hour, minute, krx, nxt in ((8, 20, 0, 1), (11, 0, 1, 1), (15, 25, 1, 0), (15, 45, 0, 1), (20, 30, 0, 0)):
        async with serve(hour, minute) as client:
            code = code_of(client.market, busy_row(client.market))
            books = [await client.ask("ka10004", stk_cd=f"{code}{suffix}") for suffix in ("", "_NX", "_AL")]
            watch = await first(client, "ka10095", stk_cd=f"{code}_NX")
            table = await client.ask("ka10007", stk_cd=f"{code}_NX")
        for side in ("sel", "buy"):
            own, there, both = (_sizes(book, side) for book in books)
            assert (sum(own) > 0, sum(there) > 0) == (bool(krx), bool(nxt)), (hour, minute, side)
            assert both == [a + b for a, b in zip(own, there, strict=True)]
            prices = [books[1][f"{side}_fpr_bid"], watch[f"{side}_1th_bid"], watch[f"{side}_bid"], table[f"{side}_1bid"]]
            assert len(set(prices)) == 1 and (prices[0] != "0") == bool(nxt)
            assert [int(table[f"{side}_{level}bid_req"]) for level in range(1, 11)] == there


async def test_changes_of_a_book_are_the_same_in_both_lists_and_add_up(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        book, table = await client.ask("ka10004", stk_cd=code), await client.ask("ka10007", stk_cd=code)
    for side in ("sel", "buy"):
        changes = [int(book[f"{side}_{level}th_pre_req_pre"]) for level in range(1, 11)]
        assert any(changes) and changes == [int(table[f"{side}_{level}bid_jub_pre"]) for level in range(1, 11)]
        assert int(book[f"tot_{side}_req_jub_pre"]) == sum(changes)


async def test_the_other_venues_last_trade_and_yesterday_are_its_own(serve: Serve) -> None:
    async with serve(13, 5) as client:
        code = code_of(client.market, busy_row(client.market))
        krx, nxt, both = [await first(client, "ka10095", stk_cd=f"{code}{suffix}") for suffix in ("", "_NX", "_AL")]
        assert int(both["trde_qty"]) == int(krx["trde_qty"]) + int(nxt["trde_qty"])
        assert 0 < abs(int(nxt["cntr_qty"])) < abs(int(krx["cntr_qty"])) and both["cntr_qty"] == nxt["cntr_qty"]
        ratios = [number(found["pred_trde_qty_pre"]) for found in (krx, nxt, both)]
        assert ratios == pytest.approx([ratios[0]] * 3, abs=0.02), "a venue is compared with what it did yesterday"
        rows = (await client.ask("ka10086", stk_cd=f"{code}_NX", qry_dt=TODAY, indc_tp="0"))["daly_stkpc"]
        assert all(row["date"] >= "20250304" for row in rows)


async def test_units_and_sums_of_the_thirteen_columns(serve: Serve) -> None:
    async with serve(18, 30) as client:
        code = code_of(client.market, busy_row(client.market))
        body = {"dt": TODAY, "stk_cd": code, "trde_tp": "0"}
        single, thousand, amount = [
            (await client.ask("ka10059", amt_qty_tp=kind, unit_tp=unit, **body))["stk_invsr_orgn"]
            for kind, unit in (("2", "1"), ("2", "1000"), ("1", "1"))
        ]
    for rows in (single, thousand, amount):
        for row in rows:
            net = {name: int(row[name]) for name in COLUMNS}
            assert net["orgn"] == sum(net[name] for name in INSTITUTIONS)
            assert net["ind_invsr"] + net["frgnr_invsr"] + net["orgn"] + net["etc_corp"] + net["natfor"] == 0
    for exact, rounded in zip(single, thousand, strict=True):
        for name in COLUMNS:
            assert abs(int(exact[name]) / 1_000 - int(rounded[name])) < 1.5, name


def test_a_close_at_its_limit_has_the_limits_direction() -> None:
    def day(close: int) -> str:
        return Day(date(2026, 1, 15), None, 1_000, 1_300, 700, close, 1_000, 10, 1e4, 1_300, 700).sign

    assert [day(close) for close in (1_300, 1_299, 1_000, 701, 700)] == ["1", "2", "3", "5", "4"]


async def test_every_list_tells_todays_direction_alike(serve: Serve) -> None:
    async with serve(15, 40) as client:
        row = busy_row(client.market)
        quote = Quote(client.market.quote(row), client.market.static, row, "1")
        assert [quote.sign_at(price) for price in (quote.raw.upper_limit, quote.base, quote.raw.lower_limit)] == ["1", "3", "4"]
        code = code_of(client.market, row)
        told = [
            (await first(client, "ka10081", stk_cd=code, base_dt=TODAY, upd_stkpc_tp="1"))["pred_pre_sig"],
            (await first(client, "ka10080", stk_cd=code, tic_scope="1", upd_stkpc_tp="1"))["pred_pre_sig"],
            (await first(client, "ka10079", stk_cd=code, tic_scope="1", upd_stkpc_tp="1"))["pred_pre_sig"],
            (await first(client, "ka10003", stk_cd=code))["sign"],
            (await first(client, "ka10046", stk_cd=code))["pred_pre_sig"],
            (await first(client, "ka10015", stk_cd=code, strt_dt=TODAY))["pred_pre_sig"],
            (await first(client, "ka90013", stk_cd=code, amt_qty_tp="1", date=""))["pre_sig"],
        ]
    assert set(told) == {quote.sign}


class _Bars:
    """Two symbols, three days: recorded, not recorded, not traded."""

    volume_shares = np.array([[100, 50, 0], [10, 20, 30]])
    open_krw = np.array([[1_000, 1_000, 0], [50, 50, 50]])
    high_krw = np.array([[1_100, 1_200, 0], [50, 50, 50]])
    low_krw = np.array([[900, 900, 0], [50, 50, 50]])
    close_krw = np.array([[1_000, 1_100, 1_100], [50, 50, 50]])
    value_krw = np.array([[99_000.0, np.nan, np.nan], [np.nan, 999.0, np.nan]])


def test_a_value_that_was_not_recorded_is_the_volume_at_the_mean_price() -> None:
    bars: Any = _Bars()
    assert traded_values(bars, slice(None), slice(None)).tolist() == [[99_000.0, 52_500.0, 0.0], [500.0, 999.0, 1_500.0]]
    assert float(traded_values(bars, 0, 1)) == 52_500.0
    assert traded_values(bars, slice(None), 1).tolist() == [52_500.0, 999.0]


async def test_days_without_a_recorded_value_have_amounts_all_the_same(demo: DemoHistory) -> None:
    """Amounts of programmes and of sectors were once 0 on such days, beside quantities that were not."""
    history = copy.copy(demo)
    history.panel = dataclasses.replace(demo.panel, value_krw=np.full(demo.panel.value_krw.shape, np.nan))
    clock = SimClock(kst_ns(DAY, 14, 30), time.monotonic_ns, paused=True)
    server = SimServer(build_market(history, DAY, 3, clock), limits=NO_LIMITS)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.base_url) as http:
            body = {"grant_type": "client_credentials", "appkey": "key", "secretkey": "secret"}
            client = Client(http, server, (await http.post("/oauth2/token", json=body)).json()["token"])
            code = code_of(client.market, busy_row(client.market))
            stock = (await client.ask("ka90013", stk_cd=code, amt_qty_tp="1", date=""))["stk_daly_prm_trde_trnsn"]
            whole = (await client.ask("ka90010", date=TODAY, amt_qty_tp="1", mrkt_tp="P00101", min_tic_tp="0", stex_tp="1"))[
                "prm_trde_trnsn"
            ]
            sector = (await client.ask("ka20006", inds_cd="002", base_dt=TODAY))["inds_dt_pole_qry"]
            price = int((await first(client, "ka10081", stk_cd=code, base_dt=TODAY, upd_stkpc_tp="0"))["cur_prc"])
    finally:
        await server.stop()
    assert all(int(row["prm_buy_amt"]) > 0 for row in stock if int(row["prm_buy_qty"]) * price > 20_000_000)
    assert len(whole) == 100 and all(int(row["all_buy"]) > 0 and int(row["all_sel"]) > 0 for row in whole)
    assert all(int(row["trde_prica"]) > 0 for row in sector if int(row["trde_qty"]) > 0)
