"""Pages: their sizes, newest first, no overlap and no hole, keys bound to the body, the same walk while the market runs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.model.instants import kst_ns

from .conftest import DAY, Serve, busy_row, code_of


async def test_daily_bars_to_the_first_day(serve: Serve) -> None:
    async with serve() as client:
        panel, row = client.market.panel, busy_row(client.market)
        pages = await client.walk(
            "ka10081", "stk_dt_pole_chart_qry", stk_cd=code_of(client.market, row), base_dt="20261123", upd_stkpc_tp="0"
        )
    assert [len(page) for page in pages[:-1]] == [600] * (len(pages) - 1) and len(pages) == 2
    rows = [line for page in pages for line in page]
    days = [str(day).replace("-", "") for day in panel.days[panel.present[row]]][::-1]
    assert [line["dt"] for line in rows] == days
    index = panel.day_index(np.datetime64("2026-11-20"))
    assert rows[1]["cur_prc"] == str(panel.close_krw[row, index]) and rows[1]["trde_qty"] == str(
        panel.volume_shares[row, index]
    )


async def test_adjustment_reaches_only_up_to_the_asked_day(serve: Serve) -> None:
    async with serve() as client:
        panel, facts = client.market.panel, client.server.rest.facts
        factor = np.asarray(panel.factor)
        changed = np.argwhere((factor[:, 1:] != factor[:, :-1]) & panel.valid[:, 1:] & panel.valid[:, :-1])
        row, place = next(
            (int(r), int(c) + 1) for r, c in changed if client.market.is_listed(int(r)) and 20 < c < panel.shape[1] - 20
        )
        code = code_of(client.market, row)
        before, after = (str(panel.days[at]).replace("-", "") for at in (place - 1, place))

        async def close_before(base_dt: str, adjusted: str) -> int:
            rows = (await client.ask("ka10081", stk_cd=code, base_dt=base_dt, upd_stkpc_tp=adjusted))["stk_dt_pole_chart_qry"]
            return int(next(line for line in rows if line["dt"] == before)["cur_prc"])

        raw = int(panel.close_krw[row, place - 1])
        assert await close_before(after, "0") == raw
        assert await close_before(before, "1") == raw
        assert await close_before(after, "1") == round(raw * float(factor[row, place] / factor[row, place - 1]))
        assert await close_before("20261123", "1") == round(raw * facts.today_factor(row) / float(factor[row, place - 1]))


@pytest.mark.parametrize(("scope", "full"), [("1", 3), ("5", 3), ("60", 1)])
async def test_minutes_page_through_days(serve: Serve, scope: str, full: int) -> None:
    async with serve() as client:
        market, row = client.market, busy_row(client.market)
        pages = await client.walk(
            "ka10080", "stk_min_pole_chart_qry", 4, stk_cd=code_of(market, row), tic_scope=scope, upd_stkpc_tp="0"
        )
        assert all(len(page) == 900 for page in pages[:full]) and len(pages) > full
        rows = [line for page in pages for line in page]
        stamps = [line["cntr_tm"] for line in rows]
        assert stamps == sorted(set(stamps), reverse=True)
        friday = [line for line in rows if line["cntr_tm"].startswith("20261120")]
        truth = market.minutes(row, market.panel.days[-2].astype("datetime64[D]").astype(type(DAY)))
        if scope == "1":
            assert len(friday) == len(truth.start_ns) and friday[0]["cntr_tm"].endswith("153000")
        assert sum(int(line["trde_qty"]) for line in friday) == int(truth.volume.sum()) == int(friday[0]["acc_trde_qty"])
        assert max(int(line["high_pric"].lstrip("+-")) for line in friday) == int(truth.high.max())


async def test_closing_auction_bars(serve: Serve) -> None:
    async with serve(15, 45) as client:
        code = code_of(client.market, busy_row(client.market))
        for scope, first, absent in (("10", "153000", "152000"), ("15", "153000", "152000"), ("45", "150000", "154500")):
            rows = (await client.ask("ka10080", stk_cd=code, tic_scope=scope, upd_stkpc_tp="1"))["stk_min_pole_chart_qry"]
            times = [line["cntr_tm"][8:] for line in rows if line["cntr_tm"].startswith("20261123")]
            assert first in times and absent not in times and times[-1] == "090000", scope


async def test_base_dt_rules(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        sunday = (await client.ask("ka10080", stk_cd=code, tic_scope="1", upd_stkpc_tp="1", base_dt="20261122"))[
            "stk_min_pole_chart_qry"
        ]
        assert sunday[0]["cntr_tm"].startswith("20261120")
        answer = await client.raw("ka10080", {"stk_cd": code, "tic_scope": "1", "upd_stkpc_tp": "1", "base_dt": "20250102"})
        rows = answer.json()["stk_min_pole_chart_qry"]
        assert (
            len(rows) == 1
            and set(rows[0].values()) == {""}
            and answer.headers["cont-yn"] == "N"
            and answer.json()["return_code"] == 0
        )
        week = (await client.ask("ka10081", stk_cd=code, base_dt="20261122", upd_stkpc_tp="1"))["stk_dt_pole_chart_qry"]
        assert week[0]["dt"] == "20261120"
        later = (await client.ask("ka10081", stk_cd=code, base_dt="20991231", upd_stkpc_tp="1"))["stk_dt_pole_chart_qry"]
        assert later[0]["dt"] == "20261123"


async def test_no_future_before_the_open(serve: Serve) -> None:
    async with serve(8, 30) as client:
        code = code_of(client.market, busy_row(client.market))
        assert (await client.ask("ka10081", stk_cd=code, base_dt="20261123", upd_stkpc_tp="1"))["stk_dt_pole_chart_qry"][0][
            "dt"
        ] == "20261120"
        assert (await client.ask("ka10080", stk_cd=code, tic_scope="1", upd_stkpc_tp="1"))["stk_min_pole_chart_qry"][0][
            "cntr_tm"
        ][:8] == "20261120"
        assert (await client.ask("ka10003", stk_cd=code))["cntr_infr"] == []


async def test_a_day_in_the_middle_of_the_panel_hides_what_follows(serve: Serve) -> None:
    from datetime import date

    async with serve(20, 0, day=date(2026, 6, 1)) as client:
        code = code_of(client.market, busy_row(client.market))
        body = {"stk_cd": code, "base_dt": "20261123", "upd_stkpc_tp": "1"}
        assert (await client.ask("ka10081", **body))["stk_dt_pole_chart_qry"][0]["dt"] == "20260601"
        flows = await client.ask("ka10059", dt="20261123", stk_cd=code, amt_qty_tp="1", trde_tp="0", unit_tp="1")
        assert all(line["dt"] <= "20260601" for line in flows["stk_invsr_orgn"])
        assert (await client.ask("ka20006", inds_cd="001", base_dt="20261123"))["inds_dt_pole_qry"][0]["dt"] == "20260601"


async def test_trades_walk_while_the_market_goes_on(serve: Serve) -> None:
    async with serve() as client:
        market, row = client.market, busy_row(client.market)
        clock = market.sim_clock
        begin = market.quote(row).volume
        minutes = iter(range(18, 60))
        pages = await client.walk(
            "ka10003", "cntr_infr", 12, between=lambda: clock.jump(kst_ns(DAY, 11, next(minutes))), stk_cd=code_of(market, row)
        )
    rows = [line for page in pages for line in page]
    assert len(rows) == 360 and int(rows[0]["acc_trde_qty"]) == begin
    for new, old in itertools.pairwise(rows):
        assert int(new["acc_trde_qty"]) - int(old["acc_trde_qty"]) == abs(int(new["cntr_trde_qty"]))


@pytest.mark.parametrize(
    ("api_id", "key", "name", "body"),
    [
        ("ka10030", "tdy_trde_qty_upper", "stk_cd", {"mrkt_tp": "000", "sort_tp": "1", "mang_stk_incls": "0", "crd_tp": "0", "trde_qty_tp": "0",
         "pric_tp": "0", "trde_prica_tp": "0", "mrkt_open_tp": "0", "stex_tp": "1"}),
        ("ka10032", "trde_prica_upper", "stk_cd", {"mrkt_tp": "000", "mang_stk_incls": "1", "stex_tp": "1"}),
        ("ka10066", "opaf_invsr_trde", "stk_cd", {"mrkt_tp": "000", "amt_qty_tp": "1", "trde_tp": "0", "stex_tp": "1"}),
        ("ka20002", "inds_stkpc", "stk_cd", {"mrkt_tp": "0", "inds_cd": "001", "stex_tp": "1"}),
    ],
)  # fmt: skip
async def test_ranking_pages_do_not_overlap_while_prices_move(
    serve: Serve, api_id: str, key: str, name: str, body: dict[str, str]
) -> None:
    async with serve() as client:
        clock = client.market.sim_clock
        minutes = iter(range(20, 60))
        pages = await client.walk(api_id, key, between=lambda: clock.jump(kst_ns(DAY, 13, next(minutes))), **body)
    codes = [line[name] for page in pages for line in page]
    assert len(pages) > 1 and len(codes) == len(set(codes)) and all(len(page) == 100 for page in pages[:-1])


@pytest.mark.parametrize(
    ("api_id", "key", "size", "day"),
    [("ka10059", "stk_invsr_orgn", 100, "dt"), ("ka10086", "daly_stkpc", 100, "date"), ("ka90013", "stk_daly_prm_trde_trnsn", 100, "dt"),
     ("ka10008", "stk_frgnr", 100, "dt"), ("ka20006", "inds_dt_pole_qry", 600, "dt")],
)  # fmt: skip
async def test_day_lists_go_on_without_hole(serve: Serve, api_id: str, key: str, size: int, day: str) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        body = {"dt": "20261123", "qry_dt": "20261123", "stk_cd": code, "amt_qty_tp": "1", "trde_tp": "0", "unit_tp": "1", "indc_tp": "0",
                "inds_cd": "001", "base_dt": "20261123"}  # fmt: skip
        pages = await client.walk(api_id, key, 3, **body)
    days = [line[day] for page in pages for line in page]
    assert len(pages[0]) == size and days == sorted(set(days), reverse=True) and len(pages) > 1


async def test_keys_belong_to_one_body(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        body = {"stk_cd": code, "base_dt": "20261123", "upd_stkpc_tp": "1"}
        first = await client.raw("ka10081", body)
        key = first.headers["next-key"]
        same = await client.raw("ka10081", dict(reversed(body.items())), cont_yn="Y", next_key=key)
        assert (
            same.json()["return_code"] == 0
            and same.json()["stk_dt_pole_chart_qry"][0]["dt"] < first.json()["stk_dt_pole_chart_qry"][-1]["dt"]
        )
        assert (await client.raw("ka10081", body, cont_yn="Y", next_key=key)).content == same.content
        for other, sent in ((dict(body, upd_stkpc_tp="0"), key), (body, key[:-1] + "x"), (body, "nonsense")):
            answer = (await client.raw("ka10081", other, cont_yn="Y", next_key=sent)).json()
            if sent == key[:-1] + "x":
                continue
            assert answer["return_code"] == 2 and "[1517:" in answer["return_msg"]
        for headers in (
            {"cont_yn": "N", "next_key": key},
            {"cont_yn": "Y", "next_key": "0"},
            {"cont_yn": "Y", "next_key": ""},
            {"cont_yn": "N", "next_key": ""},
        ):
            assert (await client.raw("ka10081", body, **headers)).content == first.content


async def test_ticks(serve: Serve) -> None:
    async with serve(10, 0) as client:
        market, row = client.market, busy_row(client.market)
        body = {"stk_cd": code_of(market, row), "upd_stkpc_tp": "1"}
        single = [line for page in await client.walk("ka10079", "stk_tic_chart_qry", **body, tic_scope="1") for line in page]
        tens = (await client.ask("ka10079", **body, tic_scope="10"))["stk_tic_chart_qry"]
        last = (await client.raw("ka10079", body | {"tic_scope": "10"})).json()["last_tic_cnt"]
    trades = market.executions(row, 10**6)
    today = [line for line in single if line["cntr_tm"].startswith("20261123")]
    assert len(today) == len(trades) and today[0]["trde_qty"] == str(abs(trades[0].quantity))
    assert sum(int(line["trde_qty"]) for line in today) == market.quote(row).volume
    assert last == ("" if len(trades) % 10 == 0 else str(len(trades) % 10))
    assert int(tens[1]["trde_qty"]) > 0 and tens[0]["cur_prc"] == today[0]["cur_prc"]
