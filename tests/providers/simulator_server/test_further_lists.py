"""Lists beyond the documented ones: what their figures must agree with."""

from __future__ import annotations

import itertools

import pytest

from .conftest import Serve, busy_row, code_of


def whole(text: str) -> int:
    """A signed figure of the flow lists."""
    digits = int(text.lstrip("+-"))
    return -digits if text.startswith("-") else digits


async def test_lending_balances_move_by_what_was_lent_and_given_back(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        pages = await client.walk("ka20068", "dbrt_trde_trnsn", pages=3, stk_cd=code, all_tp="0")
        rows = [row for page in pages for row in page]
        assert len({row["dt"] for row in rows}) == len(rows) > 200
        for row in rows:
            assert int(row["dbrt_trde_irds"]) == int(row["dbrt_trde_cntrcnt"]) - int(row["dbrt_trde_rpy"])
            assert int(row["dbrt_trde_cntrcnt"]) >= 0
        top = await client.ask("ka10069", strt_dt="20261123", mrkt_tp="001")
        lent = [int(row["dbrt_trde_cntrcnt"]) for row in top["dbrt_trde_upper_10stk"]]
        assert lent == sorted(lent, reverse=True)
        assert len(lent) == 10
        assert int(top["dbrt_trde_cntrcnt_sum"]) == sum(lent)
        market = (await client.ask("ka10068", all_tp="1"))["dbrt_trde_trnsn"]
        one = next(row for row in rows if row["dt"] == market[0]["dt"])
        assert int(market[0]["rmnd"]) > int(one["rmnd"])


async def test_brokers_tell_one_story(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        five = await client.ask("ka10002", stk_cd=code)
        main = await client.ask("ka10040", stk_cd=code)
        for place in range(1, 6):
            for word in ("sel", "buy"):
                assert main[f"{word}_trde_ori_cd_{place}"] == five[f"{word}_trde_ori_{place}"]
                assert main[f"{word}_trde_ori_qty_{place}"] == five[f"{word}_trde_qty_{place}"]
        between = {"stk_cd": code, "strt_dt": "20261102", "end_dt": "20261120", "dt": ""}
        ranked = (await client.ask("ka10038", **between, qry_tp="2"))["stk_sec_rank"]
        assert [whole(row["acc_netprps_qty"]) for row in ranked] == sorted(
            (whole(row["acc_netprps_qty"]) for row in ranked), reverse=True
        )
        codes = {row["name"]: row["code"] for row in (await client.ask("ka10102"))["list"]}
        best = ranked[0]
        days = (await client.ask("ka10078", mmcm_cd=codes[best["mmcm_nm"]], **between))["sec_stk_trde_trend"]
        assert sum(whole(row["netprps_qty"]) for row in days) == whole(best["acc_netprps_qty"])
        unknown = (
            await client.raw("ka10052", {"mmcm_cd": "777", "mrkt_tp": "0", "qty_tp": "0", "pric_tp": "0", "stex_tp": "1"})
        ).json()
        assert "[1517:" in unknown["return_msg"]
        foreign = await client.ask("ka10052", mmcm_cd="888", mrkt_tp="0", qty_tp="0", pric_tp="0", stex_tp="1")
        assert {row["trde_ori_nm"] for row in foreign["trde_ori_mont_trde_qty"]} == {"외국계"}


async def test_trades_of_two_days_add_up(serve: Serve) -> None:
    async with serve() as client:
        row = busy_row(client.market)
        code = code_of(client.market, row)
        for wanted in ("1", "2"):
            pages = await client.walk("ka10084", "tdy_pred_cntr", stk_cd=code, tdy_pred=wanted, tic_min="1")
            rows = [line for page in pages for line in page][::-1]
            running = 0
            for line in rows:
                running += abs(whole(line["cntr_trde_qty"]))
                assert int(line["acc_trde_qty"]) == running
        assert running == int(
            client.market.history.panel.volume_shares[row, client.market.history.panel.day_index(client.market.day) - 1]
        )
        ticks = [line for page in await client.walk("ka10055", "tdy_pred_cntr_qty", stk_cd=code, tdy_pred="1") for line in page]
        assert int(ticks[0]["acc_trde_qty"]) == client.market.quote(row).volume
        assert sum(abs(whole(line["cntr_qty"])) for line in ticks) == client.market.quote(row).volume


async def test_both_sides_bought(serve: Serve) -> None:
    async with serve(15, 58) as client:
        body = {"strt_dt": "20261116", "end_dt": "20261120", "mrkt_tp": "000", "unit_tp": "1", "stex_tp": "1", "sort_cnd": "2"}
        bought = (await client.ask("ka10062", trde_tp="1", **body))["eql_nettrde_rank"]
        sold = (await client.ask("ka10062", trde_tp="2", **body))["eql_nettrde_rank"]
        for rows, sign in ((bought, 1), (sold, -1)):
            assert rows
            for row in rows:
                own, foreign = whole(row["orgn_nettrde_qty"]), whole(row["for_nettrde_qty"])
                assert own * sign >= 0
                assert foreign * sign >= 0
                assert whole(row["nettrde_qty"]) == own + foreign
        one = bought[0]
        flows = {
            "stk_cd": one["stk_cd"],
            "strt_dt": "20261116",
            "end_dt": "20261120",
            "amt_qty_tp": "2",
            "trde_tp": "0",
            "unit_tp": "1",
        }
        total = (await client.ask("ka10061", **flows))["stk_invsr_orgn_tot"][0]
        assert whole(total["orgn"]) == whole(one["orgn_nettrde_qty"])
        assert whole(total["frgnr_invsr"]) == whole(one["for_nettrde_qty"])


@pytest.mark.parametrize(("low", "high"), [("1", "2"), ("3", "4"), ("5", "6")])
async def test_ratios_from_below_and_above(serve: Serve, low: str, high: str) -> None:
    async with serve() as client:
        rising = [float(row["per"]) for row in (await client.ask("ka10026", pertp=low, stex_tp="1"))["high_low_per"]]
        falling = [float(row["per"]) for row in (await client.ask("ka10026", pertp=high, stex_tp="1"))["high_low_per"]]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert rising[0] < falling[0]


async def test_funds_by_day_page_and_keep_their_premium_small(serve: Serve) -> None:
    async with serve() as client:
        everything = (
            await client.ask("ka40004", txon_type="0", navpre="0", mngmcomp="0000", txon_yn="0", trace_idex="0", stex_tp="1")
        )["etfall_mrpr"]
        fund = everything[0]["stk_cd"]
        pages = await client.walk("ka40003", "etfdaly_trnsn", stk_cd=fund)
        rows = [row for page in pages for row in page]
        assert [row["cntr_dt"] for row in rows] == sorted({row["cntr_dt"] for row in rows}, reverse=True)
        assert len(pages) > 1
        assert all(abs(abs(int(row["cur_prc"])) / abs(float(row["nav"])) - 1) < 0.003 for row in rows)
        for new, old in itertools.pairwise(rows):
            change = abs(float(new["nav"])) - abs(float(old["nav"]))
            assert abs(change) < 0.01 or new["nav"][0] == ("+" if change > 0 else "-"), "its sign tells the direction"


async def test_books_that_grew(serve: Serve) -> None:
    async with serve() as client:
        body = {
            "mrkt_tp": "001",
            "trde_tp": "1",
            "sort_tp": "1",
            "tm_tp": "5",
            "trde_qty_tp": "1",
            "stk_cnd": "0",
            "stex_tp": "1",
        }
        grown = (await client.ask("ka10021", **body))["bid_req_sdnin"]
        sizes = [int(row["sdnin_qty"]) for row in grown]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] > 0
        assert all(int(row["now"]) - int(row["int"]) == int(row["sdnin_qty"]) for row in grown)
        row = client.market.row_of(grown[0]["stk_cd"])
        assert row is not None
        assert int(grown[0]["now"]) == sum(client.market.book(row).bid_size)


async def test_margin_loans_of_one_stock(serve: Serve) -> None:
    body = {"crd_stk_grde_tp": "%", "mrkt_deal_tp": "%"}
    async with serve() as client:
        every = (await client.ask("kt20016", **body))["crd_loan_pos_stk"]
        wanted = every[7]["stk_cd"]
        for asked in (wanted, wanted.removeprefix("A")):
            assert (await client.ask("kt20016", **body, stk_cd=asked))["crd_loan_pos_stk"] == [every[7]]


async def test_watch_lists_of_the_account(serve: Serve) -> None:
    async with serve() as client:
        groups = await client.ask("ka01300")
        assert groups["rtcd"] == "S" and {group["name"] for group in groups["nofi"]} == {"코스피 대형주", "코스닥 대형주"}
        for group, market in zip(groups["nofi"], ("0", "10"), strict=True):
            stocks = [row["cod2"] for row in (await client.ask("ka01301", arn_grp_id=group["gcod"]))["nofj"]]
            listed = {row["code"] for row in (await client.ask("ka10099", mrkt_tp=market))["list"]}
            assert len(stocks) == 10 and set(stocks) <= listed
            worth = [int((await client.ask("ka10001", stk_cd=code))["mac"]) for code in (stocks[0], stocks[-1])]
            assert worth[0] > worth[1]
        none = await client.ask("ka01301", arn_grp_id="99")
    assert none["rtcd"] == "F" and none["nofj"] == []


async def test_net_assets_change_from_one_trading_day_to_the_next(serve: Serve) -> None:
    """Also over a weekend: the day before is the trading day before."""
    async with serve(15, 40) as client:
        fund = next(row["code"] for row in (await client.ask("ka10099", mrkt_tp="8"))["list"])
        rows = (await client.ask("ka40009", stk_cd=fund))["etfnavarray"]
        held = (await client.ask("ka10008", stk_cd=fund))["stk_frgnr"]
    assert len(rows) == 100
    for new, old in itertools.pairwise(rows):
        assert float(new["nav"]) - float(new["navpred_pre"]) == pytest.approx(float(old["nav"]), abs=0.011)
    assert [row["for_rmnd_qty"] for row in rows] == [row["poss_stkcnt"] for row in held[: len(rows)]]
