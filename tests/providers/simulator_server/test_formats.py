"""The vendor's lexical forms, units and signs, checked against the market behind the server."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_investors import INSTITUTIONS

from .conftest import Serve, busy_row, code_of

SIGNED = re.compile(r"[+-]?\d+\Z")
PLAIN = re.compile(r"\d+\Z")
DOUBLE = re.compile(r"(0|\+[1-9]\d*|--[1-9]\d*)\Z")


def whole(text: str) -> int:
    """Value of a number with one or two minus signs."""
    return -int(text.lstrip("-")) if text.startswith("-") else int(text)


def test_lexical_forms() -> None:
    assert (w.price(78_800, 79_000), w.price(79_000, 79_000), w.price(80_000, 79_000), w.price(0, 79_000)) == (
        "-78800",
        "79000",
        "+80000",
        "0",
    )
    assert (w.double_minus(-28_837), w.double_minus(64_891), w.double_minus(0)) == ("--28837", "+64891", "0")
    assert (w.signed(-800), w.signed(800), w.signed(0), w.signed(float("nan"))) == ("-800", "+800", "0", "")
    assert (w.rate(1.131), w.rate(-0.004), w.rate(-29.99)) == ("+1.13", "0.00", "-29.99")
    assert (w.hundredfold(2875.81), w.hundredfold(-0.4)) == ("287581", "-40")
    assert (w.padded(70_500, 8), w.padded(5_919_637_922, 16), w.padded(-196_888, 15)) == (
        "00070500",
        "0000005919637922",
        "-00000000196888",
    )
    assert (w.level(2394.49, 2672.96), w.level(100.0, 100.0)) == ("-2394.49", "100.00")
    assert (w.direction(1, at_upper=True), w.direction(1), w.direction(0), w.direction(-1, at_lower=True), w.direction(-1)) == (
        "1",
        "2",
        "3",
        "4",
        "5",
    )
    assert w.read_day("20260230") is None and w.read_day("2026053") is None
    assert w.stamp(1_795_483_363_185_741_960) == "20261124102243"


async def test_quotes_are_signed_daily_bars_are_not(serve: Serve) -> None:
    async with serve() as client:
        market = client.market
        row = busy_row(market)
        code, quote = code_of(market, row), market.quote(row)
        watch = (await client.ask("ka10095", stk_cd=code))["atn_stk_infr"][0]
        day = (await client.ask("ka10081", stk_cd=code, base_dt="20261123", upd_stkpc_tp="1"))["stk_dt_pole_chart_qry"]
        minute = (await client.ask("ka10080", stk_cd=code, tic_scope="1", upd_stkpc_tp="1"))["stk_min_pole_chart_qry"]
        week = (await client.ask("ka10082", stk_cd=code, base_dt="20261123", upd_stkpc_tp="1"))["stk_stk_pole_chart_qry"]
        trade = (await client.ask("ka10003", stk_cd=code))["cntr_infr"][0]
    assert watch["cur_prc"] == w.price(quote.price, quote.base)
    assert watch["trde_prica"] == str(quote.value_krw // 1_000_000)
    assert watch["base_pric"] == str(quote.base)
    today = day[0]
    assert today["dt"] == "20261123" and today["cur_prc"] == str(quote.price) and PLAIN.match(today["open_pric"])
    assert today["pred_pre"] == w.signed(quote.price - quote.base)
    assert today["trde_prica"] == watch["trde_prica"]
    assert minute[0]["cur_prc"].lstrip("+-") == today["cur_prc"] and minute[0]["acc_trde_qty"] == str(quote.volume)
    assert any(row["cur_prc"][0] in "+-" for row in minute)
    assert all(int(new["cntr_tm"]) > int(old["cntr_tm"]) for new, old in itertools.pairwise(minute))
    # The week that begins with today holds today alone; its value is in won.
    assert week[0]["dt"] == "20261123" and week[0]["trde_prica"] == str(quote.value_krw)
    assert week[1]["dt"] == "20261116" and week[1]["trde_qty"] == str(sum(int(row["trde_qty"]) for row in day[1:6]))
    assert int(trade["acc_trde_prica"]) == quote.value_krw and trade["acc_trde_qty"] == str(quote.volume)


async def test_the_day_is_the_sum_of_its_minutes(serve: Serve) -> None:
    async with serve(20, 30) as client:
        market = client.market
        row = busy_row(market)
        code = code_of(market, row)
        for suffix in ("", "_NX", "_AL"):
            day = (await client.ask("ka10081", stk_cd=code + suffix, base_dt="20261123", upd_stkpc_tp="0"))[
                "stk_dt_pole_chart_qry"
            ][0]
            minutes = (
                await client.walk("ka10080", "stk_min_pole_chart_qry", 1, stk_cd=code + suffix, tic_scope="1", upd_stkpc_tp="0")
            )[0]
            today = [row for row in minutes if row["cntr_tm"].startswith("20261123")]
            assert sum(int(row["trde_qty"]) for row in today) == int(day["trde_qty"]) == int(today[0]["acc_trde_qty"])
        volumes = {
            suffix: int((await client.ask("ka10095", stk_cd=code + suffix))["atn_stk_infr"][0]["trde_qty"])
            for suffix in ("", "_NX", "_AL")
        }
    assert volumes["_AL"] == volumes[""] + volumes["_NX"] and volumes["_NX"] > 0


@pytest.mark.parametrize(
    ("api_id", "key", "form"), [("ka10059", "stk_invsr_orgn", SIGNED), ("ka10061", "stk_invsr_orgn_tot", DOUBLE)]
)
@pytest.mark.parametrize(("measure", "unit"), [("1", "1000"), ("2", "1"), ("2", "1000")])
async def test_investors_add_up(serve: Serve, api_id: str, key: str, form: re.Pattern[str], measure: str, unit: str) -> None:
    async with serve(18, 30) as client:
        code = code_of(client.market, busy_row(client.market))
        rows = (
            await client.ask(
                api_id,
                dt="20261123",
                strt_dt="20261026",
                end_dt="20261123",
                stk_cd=code,
                amt_qty_tp=measure,
                trde_tp="0",
                unit_tp=unit,
            )
        )[key]
    assert rows
    for row in rows:
        values = {
            name: whole(text) for name, text in row.items() if form.match(text) and name not in ("dt", "cur_prc", "pre_sig")
        }
        assert sum(values[name] for name in INSTITUTIONS) == values["orgn"]
        assert values["ind_invsr"] + values["frgnr_invsr"] + values["orgn"] + values["etc_corp"] + values["natfor"] == 0


async def test_flow_of_a_day_is_the_repositorys(serve: Serve) -> None:
    async with serve() as client:
        market = client.market
        row, panel = busy_row(market), market.panel
        code = code_of(market, row)
        amounts = (await client.ask("ka10059", dt="20261123", stk_cd=code, amt_qty_tp="1", trde_tp="0", unit_tp="1000"))[
            "stk_invsr_orgn"
        ]
        shares = (await client.ask("ka10059", dt="20261123", stk_cd=code, amt_qty_tp="2", trde_tp="0", unit_tp="1"))[
            "stk_invsr_orgn"
        ]
        body = {"dt": "20261120", "stk_cd": code, "amt_qty_tp": "1", "unit_tp": "1"}
        bought = (await client.ask("ka10059", **body, trde_tp="1"))["stk_invsr_orgn"][0]
        sold = (await client.ask("ka10059", **body, trde_tp="2"))["stk_invsr_orgn"][0]
    index = panel.day_index(np.datetime64("2026-11-20"))
    friday = next(line for line in amounts if line["dt"] == "20261120")
    assert friday["frgnr_invsr"] == str(round(panel.foreign_krw[row, index] / 1e6))
    assert next(line for line in shares if line["dt"] == "20261120")["orgn"] == str(round(panel.institution_shares[row, index]))
    assert int(bought["penfnd_etc"]) - int(sold["penfnd_etc"]) == int(friday["penfnd_etc"])
    close, base = int(panel.close_krw[row, index]), float(panel.base_krw[row, index])
    assert friday["flu_rt"] == w.signed(round(100 * (close / base - 1) * 100))  # a hundredfold


async def test_a_day_without_flow_record_has_no_row(serve: Serve) -> None:
    async with serve() as client:
        market = client.market
        panel = market.panel
        holes = np.argwhere(
            np.isnan(panel.foreign_krw[:, -60:-1]) & panel.valid[:, -60:-1] & ~np.isnan(panel.foreign_krw[:, -1:])
        )
        row, offset = next((int(r), int(c)) for r, c in holes if market.is_listed(int(r)))
        day = str(panel.days[len(panel.days) - 60 + offset]).replace("-", "")
        rows = (
            await client.ask("ka10059", dt="20261123", stk_cd=code_of(market, row), amt_qty_tp="1", trde_tp="0", unit_tp="1")
        )["stk_invsr_orgn"]
    assert rows and day not in {line["dt"] for line in rows}


async def test_indices_a_hundredfold_only_in_charts(serve: Serve) -> None:
    async with serve() as client:
        index = client.market.index("001")
        assert index is not None
        now = await client.ask("ka20001", mrkt_tp="0", inds_cd="001")
        day = (await client.ask("ka20006", inds_cd="001", base_dt="20261123"))["inds_dt_pole_qry"]
        minute = (await client.ask("ka20005", inds_cd="101", tic_scope="1"))["inds_min_pole_qry"]
        daily = (await client.ask("ka20009", mrkt_tp="0", inds_cd="001"))["inds_cur_prc_daly_rept"]
        flows = (await client.ask("ka10051", mrkt_tp="0", amt_qty_tp="0", stex_tp="3"))["inds_netprps"]
        every = (await client.ask("ka20003", inds_cd="101"))["all_inds_idex"]
    assert now["cur_prc"] == w.level(index.level, index.previous)
    assert day[0]["cur_prc"] == str(round(index.level * 100)) and day[0]["dt"] == "20261123"
    assert float(daily[1]["cur_prc_n"].lstrip("+-")) == int(day[1]["cur_prc"]) / 100
    assert PLAIN.match(minute[0]["cur_prc"]) and minute[0]["cntr_tm"].startswith("2026112311")
    assert flows[0]["inds_cd"] == "001_AL" and re.match(r"[+-]?\d{5,}\Z", flows[0]["cur_prc"])
    parts = ("sc", "insrnc", "invtrt", "bank", "jnsinkm", "endw", "natn", "samo_fund")
    for line in flows:
        nets = {
            name: int(line[f"{name}_netprps"]) for name in (*parts, "orgn", "ind", "frgnr", "etc_corp", "native_trmt_frgnr")
        }
        assert sum(nets[name] for name in parts) == nets["orgn"]
        assert nets["ind"] + nets["frgnr"] + nets["orgn"] + nets["etc_corp"] + nets["native_trmt_frgnr"] == 0
        assert line["frgnr_netprps"][0] in "+-"
    assert every[0]["stk_cd"] == "101" and int(every[0]["rising"]) + int(every[0]["fall"]) > 0


async def test_master_list(serve: Serve) -> None:
    async with serve() as client:
        market, facts = client.market, client.server.rest.facts
        kospi = (await client.ask("ka10099", mrkt_tp="0"))["list"]
        kosdaq = (await client.ask("ka10099", mrkt_tp="10"))["list"]
        funds = (await client.ask("ka10099", mrkt_tp="8"))["list"]
        one = await client.ask("ka10100", stk_cd=kospi[0]["code"])
    assert {row["marketCode"] for row in kosdaq} == {"10"} and "8" in {row["marketCode"] for row in kospi}
    assert {row["code"] for row in funds} < {row["code"] for row in kospi}
    row = market.row_of(kospi[0]["code"])
    assert row is not None
    assert kospi[0]["listCount"] == f"{market.listed_shares(row):016d}" and len(kospi[0]["lastPrice"]) == 8
    assert int(kospi[0]["lastPrice"]) == int(facts.last_close[row])
    assert {name: one[name] for name in kospi[0] if name != "kind"} == {
        name: text for name, text in kospi[0].items() if name != "kind"
    }
    listed = sum(market.is_listed(row) for row in range(len(market.panel.tickers)))
    assert len(kospi) + len(kosdaq) + len(await _konex(serve)) == listed


async def _konex(serve: Serve) -> list[dict[str, str]]:
    async with serve() as client:
        rows: list[dict[str, str]] = (await client.ask("ka10099", mrkt_tp="50"))["list"]
        return rows


async def test_order_book_names(serve: Serve) -> None:
    async with serve() as client:
        market = client.market
        row = busy_row(market)
        code, book, base = code_of(market, row), market.book(row), market.quote(row).base
        krx = await client.ask("ka10004", stk_cd=code)
        both = await client.ask("ka10004", stk_cd=f"{code}_AL")
    assert krx["sel_fpr_bid"] == w.price(book.ask_price[0], base) and krx["buy_fpr_req"] == str(book.bid_size[0])
    assert krx["sel_10th_pre_bid"] == w.price(book.ask_price[9], base) and "sel_1th_pre_bid" not in krx
    assert krx["tot_sel_req"] == str(sum(book.ask_size)) and krx["bid_req_base_tm"] == "111723"
    assert int(both["tot_buy_req"]) > int(krx["tot_buy_req"])


async def test_program_trading(serve: Serve) -> None:
    async with serve() as client:
        market = client.market
        row = busy_row(market)
        code, program = code_of(market, row), market.program(row)
        timed = (await client.ask("ka90008", amt_qty_tp="1", stk_cd=code, date="20261123"))["stk_tm_prm_trde_trnsn"][0]
        daily = (await client.ask("ka90013", stk_cd=code))["stk_daly_prm_trde_trnsn"]
        top = (await client.ask("ka90003", trde_upper_tp="2", amt_qty_tp="1", mrkt_tp="P00101", stex_tp="1"))[
            "prm_netprps_upper_50"
        ]
        market_day = (
            await client.ask("ka90010", date="20261123", amt_qty_tp="1", mrkt_tp="P10102", min_tic_tp="1", stex_tp="1")
        )["prm_trde_trnsn"]
        market_time = (
            await client.ask("ka90005", date="20261123", amt_qty_tp="1", mrkt_tp="P001_AL01", min_tic_tp="1", stex_tp="3")
        )["prm_trde_trnsn"]
    assert int(timed["prm_buy_qty"]) == program.buy_shares and timed["prm_sell_amt"] == str(program.sell_krw // 1_000_000)
    assert (
        DOUBLE.match(timed["prm_netprps_qty"]) and whole(timed["prm_netprps_qty"]) == program.buy_shares - program.sell_shares
    )
    assert daily[0]["dt"] == "20261123" and DOUBLE.match(daily[1]["prm_netprps_amt_irds"])
    nets = [int(line["prm_netprps_amt"]) for line in top]
    assert len(top) == 50 and nets == sorted(nets, reverse=True) and nets[-1] >= 0
    assert market_day[0]["cntr_tm"] == "20261123000000" and "." in market_day[0]["kospi200"]
    assert re.match(r"[+-]?\d{5}\Z", market_time[0]["kospi200"])
    for line in (*market_day[:5], *market_time[:5]):
        assert int(line["all_buy"]) - int(line["all_sel"]) == int(line["all_netprps"])
        assert int(line["dfrt_trde_netprps"]) + int(line["ndiffpro_trde_netprps"]) == int(line["all_netprps"])


async def test_vi_events_are_newest_first(serve: Serve) -> None:
    body = {
        "mrkt_tp": "000", "bf_mkrt_tp": "0", "stk_cd": "", "motn_tp": "0", "skip_stk": "000000000", "trde_qty_tp": "0", "min_trde_qty": "",
        "max_trde_qty": "", "trde_prica_tp": "0", "min_trde_prica": "", "max_trde_prica": "", "motn_drc": "0", "stex_tp": "1",
    }  # fmt: skip
    async with serve(15, 31) as client:
        events = client.market.vis()
        rows = (await client.ask("ka10054", **body))["motn_stk"]
        up = (await client.ask("ka10054", **{**body, "motn_drc": "1"}))["motn_stk"]
        none = (await client.ask("ka10054", **{**body, "skip_stk": "111111111"}))["motn_stk"]
    assert len(rows) == min(len(events), 100) > 0
    assert [row["trde_cntr_proc_time"] for row in rows] == sorted((row["trde_cntr_proc_time"] for row in rows), reverse=True)
    assert len(up) == min(sum(event.up for event in events), 100)
    assert len(none) < len(rows)
    assert all((row["static_stdpc"] == "0") != (row["dynm_stdpc"] == "0") for row in rows)


async def test_signs_of_the_further_lists_are_those_of_the_vendors_examples(serve: Serve) -> None:
    """Brokers: net quantities without plus; ka10043: plain closes and ``--1100``; ka10052: a change without plus."""
    broker = {"mmcm_cd": "050", "stk_cd": ""}
    async with serve(14, 50) as client:
        code = code_of(client.market, busy_row(client.market))
        broker["stk_cd"] = code
        days = {"strt_dt": "20260801", "end_dt": "20261123"}
        more = {"qry_dt_tp": "1", "pot_tp": "0", "dt": "5", "sort_base": "2", "stex_tp": "1"}
        prices = (await client.ask("ka10043", **broker, **days, **more))["trde_ori_prps_anly"]
        trend = (await client.ask("ka10078", **broker, **days))["sec_stk_trde_trend"]
        ticks = (await client.ask("ka10079", stk_cd=code, tic_scope="1", upd_stkpc_tp="1"))["stk_tic_chart_qry"]
        daily = (await client.ask("ka10005", stk_cd=code))["stk_ddwkmm"]
        held = {row["dt"]: row["wght"] for row in (await client.ask("ka10008", stk_cd=code))["stk_frgnr"]}
        instant = (await client.ask("ka10052", mmcm_cd="888", mrkt_tp="0", qty_tp="0", pric_tp="0", stex_tp="1"))[
            "trde_ori_mont_trde_qty"
        ]
    assert all(re.fullmatch(r"\d+", row["close_pric"]) for row in prices)
    assert {row["pred_pre"][:2] for row in prices if row["pre_sig"] in "45"} == {"--"}
    assert all(row["pred_pre"][0] == "+" for row in prices if row["pre_sig"] in "12")
    assert all(re.fullmatch(r"-?\d+", row["netprps_qty"]) for row in (*prices, *trend))
    assert any(row["netprps_qty"].startswith("-") for row in trend)
    names = ("cur_prc", "open_pric", "high_pric", "low_pric")
    assert all(re.fullmatch(r"\d+", row[name]) for row in ticks for name in names)
    assert {row["pred_pre"][0] for row in ticks if row["pred_pre_sig"] in "12"} == {"+"}
    assert all(row["for_poss"] == row["for_wght"] == held[row["date"]] for row in daily)
    assert instant and all(re.fullmatch(r"-?\d+", row["pred_pre"]) for row in instant)
