"""Rankings: really sorted, really filtered, with flags as contradictory as the vendor's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.model.instruments import Market, SecurityType

from .conftest import Client, Serve

RATE = {"mrkt_tp": "000", "sort_tp": "1", "trde_qty_cnd": "0000", "stk_cnd": "0", "crd_cnd": "0", "updown_incls": "1", "pric_cnd": "0",
        "trde_prica_cnd": "0", "stex_tp": "1"}  # fmt: skip
VOLUME = {"mrkt_tp": "000", "sort_tp": "1", "mang_stk_incls": "0", "crd_tp": "0", "trde_qty_tp": "0", "pric_tp": "0", "trde_prica_tp": "0",
          "mrkt_open_tp": "0", "stex_tp": "1"}  # fmt: skip


async def _all(client: Client, api_id: str, key: str, **body: str) -> list[dict[str, str]]:
    return [row for page in await client.walk(api_id, key, **body) for row in page]


def _rows(client: Client, lines: list[dict[str, str]]) -> Any:
    found = [client.market.row_of(line["stk_cd"].removesuffix("_AL")) for line in lines]
    assert None not in found
    return np.array(found, dtype=np.int64)


@pytest.mark.parametrize(
    ("sort", "field", "sign"), [("1", "flu_rt", 1), ("2", "pred_pre", 1), ("3", "flu_rt", -1), ("4", "pred_pre", -1)]
)
async def test_change_rate_is_sorted(serve: Serve, sort: str, field: str, sign: int) -> None:
    async with serve() as client:
        lines = await _all(client, "ka10027", "pred_pre_flu_rt_upper", **(RATE | {"sort_tp": sort}))
    values = [sign * float(line[field]) for line in lines]
    assert len(values) > 100 and values == sorted(values, reverse=True) and values[-1] >= 0


async def test_change_rate_filters(serve: Serve) -> None:
    async with serve() as client:
        panel, facts = client.market.panel, client.server.rest.facts
        everything = _rows(client, await _all(client, "ka10027", "pred_pre_flu_rt_upper", **RATE))

        async def rows(**change: str) -> Any:
            found = _rows(client, await _all(client, "ka10027", "pred_pre_flu_rt_upper", **(RATE | change)))
            assert 0 < len(found) < len(everything), change
            return found

        assert (panel.market[await rows(mrkt_tp="101")] == Market.KOSDAQ).all()
        assert (panel.security_type[await rows(stk_cnd="3")] != SecurityType.PREFERRED).all()
        assert (panel.security_type[await rows(stk_cnd="14")] != SecurityType.ETF).all()
        assert (facts.margin_pct[await rows(stk_cnd="6")] == 100).all()
        assert (facts.margin_pct[await rows(stk_cnd="9")] == 20).all()
        assert (facts.margin_pct[await rows(crd_cnd="9")] < 100).all()
        assert facts.on_nxt[await rows(stex_tp="2")].all()
        price = np.array([client.market.quote(int(row)).price for row in await rows(pric_cnd="3")])
        assert ((price >= 2_000) & (price < 5_000)).all()
        volume = np.array([client.market.quote(int(row)).volume for row in await rows(trde_qty_cnd="0050")])
        assert (volume >= 50_000).all()
        value = np.array([client.market.quote(int(row)).value_krw for row in await rows(trde_prica_cnd="100")])
        assert (value >= 1_000_000_000).all()


async def test_volume_and_value(serve: Serve) -> None:
    async with serve() as client:
        volume = await _all(client, "ka10030", "tdy_trde_qty_upper", **VOLUME)
        value = await _all(client, "ka10030", "tdy_trde_qty_upper", **(VOLUME | {"sort_tp": "3"}))
        ranked = await _all(client, "ka10032", "trde_prica_upper", mrkt_tp="000", mang_stk_incls="1", stex_tp="1")
        combined = (await client.ask("ka10032", mrkt_tp="000", mang_stk_incls="1", stex_tp="3"))["trde_prica_upper"]
    shares = [int(line["trde_qty"]) for line in volume]
    assert shares == sorted(shares, reverse=True)
    for line in volume[:20]:
        assert int(line["opmr_trde_qty"]) + int(line["af_mkrt_trde_qty"]) + int(line["bf_mkrt_trde_qty"]) == int(
            line["trde_qty"]
        )
    assert [line["stk_cd"] for line in value] == [line["stk_cd"] for line in ranked]
    assert [line["now_rank"] for line in ranked] == [str(n) for n in range(1, len(ranked) + 1)]
    assert int(combined[0]["trde_prica"]) >= int(ranked[0]["trde_prica"])


async def test_administrative_issues_are_counted_the_other_way_round(serve: Serve) -> None:
    from engine.model.instruments import DesignationFlag

    async with serve() as client:
        flags = client.server.rest.facts.designation
        with_them = _rows(client, await _all(client, "ka10030", "tdy_trde_qty_upper", **VOLUME))
        without = _rows(client, await _all(client, "ka10030", "tdy_trde_qty_upper", **(VOLUME | {"mang_stk_incls": "1"})))
        other = {"mrkt_tp": "000", "stex_tp": "1"}
        kept = _rows(client, await _all(client, "ka10032", "trde_prica_upper", **other, mang_stk_incls="1"))
        left = _rows(client, await _all(client, "ka10032", "trde_prica_upper", **other, mang_stk_incls="0"))
    admin = (flags & int(DesignationFlag.ADMIN)) != 0
    assert admin[with_them].any() and not admin[without].any()
    assert admin[kept].any() and not admin[left].any()


async def test_new_highs_are_new_highs(serve: Serve) -> None:
    body = {"mrkt_tp": "000", "ntl_tp": "1", "high_low_close_tp": "1", "stk_cnd": "0", "trde_qty_tp": "00000", "crd_cnd": "0", "updown_incls": "1",
            "dt": "20", "stex_tp": "1"}  # fmt: skip
    async with serve() as client:
        market, facts = client.market, client.server.rest.facts
        lines = (await client.ask("ka10016", **body))["ntl_pric"]
        lows = (await client.ask("ka10016", **(body | {"ntl_tp": "2"})))["ntl_pric"]
        found = set(_rows(client, lines).tolist())
        wanted = set()
        for row in range(len(market.panel.tickers)):
            quote = market.quote(row)
            past = facts.past(row)
            if not market.is_listed(row) or quote.volume <= 0 or not facts.of_market("000")[row] or len(past) < 20:
                continue
            window = past.days >= market.panel.days[facts.past_count - 20]
            scale = facts.today_factor(row) / past.factor[window]
            # A halted day has no high of its own.
            highs = np.where(past.volume[window] > 0, past.high[window] * scale, 0.0)
            if quote.high > highs.max(initial=0.0):
                wanted.add(row)
    young = {row for row in found - wanted if len(facts.past(row)) < 20}
    assert found - young == wanted and len(found) > 3
    assert not found & set(_rows(client, lows).tolist())
    assert all(line["high_pric"].isdigit() and (line["cur_prc"][0] in "+-" or line["pred_pre"] == "0") for line in lines)


async def test_expected_matches_are_live_in_auctions_and_the_last_ones_after_them(serve: Serve) -> None:
    body = {
        "mrkt_tp": "000",
        "sort_tp": "1",
        "trde_qty_cnd": "0",
        "stk_cnd": "0",
        "crd_cnd": "0",
        "pric_cnd": "0",
        "stex_tp": "1",
    }
    async with serve(8, 40) as client:
        early = (await client.ask("ka10029", **body))["exp_cntr_flu_rt_upper"]
    async with serve(8, 58) as client:
        before = (await client.ask("ka10029", **body))["exp_cntr_flu_rt_upper"]
        falling = (await client.ask("ka10029", **(body | {"sort_tp": "4"})))["exp_cntr_flu_rt_upper"]
    async with serve(11, 0) as client:
        after = (await client.ask("ka10029", **body))["exp_cntr_flu_rt_upper"]
        opened = (await client.ask("ka10001", stk_cd=after[0]["stk_cd"]))["open_pric"]
    assert early == [] and before and float(before[0]["flu_rt"]) > 0 and float(falling[0]["flu_rt"]) < 0
    assert after[0]["exp_cntr_pric"] == opened and after != before


async def test_themes_and_their_stocks(serve: Serve) -> None:
    async with serve() as client:
        groups = (await client.ask("ka90001", qry_tp="0", date_tp="10", flu_pl_amt_tp="3", stex_tp="1"))["thema_grp"]
        one = await client.ask("ka90002", thema_grp_cd=groups[0]["thema_grp_cd"], date_tp="10", stex_tp="1")
        holder = (
            await client.ask(
                "ka90001", qry_tp="2", stk_cd=one["thema_comp_stk"][0]["stk_cd"], date_tp="10", flu_pl_amt_tp="1", stex_tp="1"
            )
        )["thema_grp"]
    rates = [float(group["flu_rt"]) for group in groups]
    assert rates == sorted(rates, reverse=True) and len(one["thema_comp_stk"]) == int(groups[0]["stk_num"])
    assert one["flu_rt"] == groups[0]["flu_rt"] and one["dt_prft_rt"] == groups[0]["dt_prft_rt"]
    assert [group["thema_grp_cd"] for group in holder] == [groups[0]["thema_grp_cd"]]


async def test_buyers_and_sellers_are_numbered_both_ways(serve: Serve) -> None:
    async with serve(18, 30) as client:
        buyers = (await client.ask("ka10065", trde_tp="1", mrkt_tp="000", orgn_tp="9000"))["opmr_invsr_trde_upper"]
        range_ = {"strt_dt": "20261116", "end_dt": "20261123", "mrkt_tp": "001", "invsr_tp": "9000", "stex_tp": "1"}
        net_buy = (await client.ask("ka10058", trde_tp="2", **range_))["invsr_daly_trde_stk"]
        net_sell = (await client.ask("ka10058", trde_tp="1", **range_))["invsr_daly_trde_stk"]
        foreign = (await client.ask("ka10034", mrkt_tp="000", trde_tp="2", dt="5", stex_tp="1"))["for_dt_trde_upper"]
    for line in buyers:
        assert int(line["sel_qty"]) <= 0 < int(line["netslmt"]) == int(line["sel_qty"]) + int(line["buy_qty"])
    assert net_buy[0]["netslmt_qty"].startswith("+") and net_sell[0]["netslmt_qty"].startswith("--")
    for line in net_buy[:20]:  # the amount is in ten thousand won
        assert abs(int(line["netslmt_amt"]) - int(line["netslmt_qty"]) * int(line["prsm_avg_pric"]) / 10_000) <= 1
    shares = [int(line["netprps_qty"]) for line in foreign]
    assert shares == sorted(shares, reverse=True) and [line["rank"] for line in foreign[:3]] == ["1", "2", "3"]


async def test_a_jump_is_measured_from_the_price_of_that_minute(serve: Serve) -> None:
    """14:50:23 against thirty minutes before: the last minute that was over at 14:20:23 is that of 14:19."""
    body = {"mrkt_tp": "000", "flu_tp": "1", "tm_tp": "1", "tm": "30", "trde_qty_tp": "00000", "stk_cnd": "0", "crd_cnd": "0"}
    async with serve(14, 50) as client:
        rows = (await client.ask("ka10019", **body, pric_cnd="0", updown_incls="1", stex_tp="1"))["pric_jmpflu"][:5]
        for row in rows:
            chart = await client.ask("ka10080", stk_cd=row["stk_cd"], tic_scope="1", upd_stkpc_tp="0")
            then = next(bar for bar in chart["stk_min_pole_chart_qry"] if bar["cntr_tm"][8:] <= "141900")
            assert row["base_pric"] == then["cur_prc"].lstrip("+-")
    assert rows


async def test_every_index_of_the_document_has_a_family_and_levels(serve: Serve) -> None:
    families = {"0": ("001", "002", "003"), "1": ("101", "150", "302"), "2": ("201",), "4": ("401",), "7": ("701",)}
    async with serve() as client:
        for market, codes in families.items():
            listed = {row["code"] for row in (await client.ask("ka10101", mrkt_tp=market))["list"]}
            assert set(codes) < listed, "a published client takes a list of one index for none"
            for code in codes:
                now = await client.ask("ka20001", mrkt_tp={"4": "0", "7": "0"}.get(market, market), inds_cd=code)
                days = (await client.ask("ka20006", inds_cd=code, base_dt="20261123"))["inds_dt_pole_qry"]
                assert round(float(now["cur_prc"].lstrip("+-")) * 100) == int(days[0]["cur_prc"]) and len(days) > 100
                assert int(now["trde_frmatn_stk_num"]) > 20
        kosdaq = {row["stk_cd"] for row in (await client.ask("ka20003", inds_cd="101"))["all_inds_idex"]}
        body = {"dt": "5", "mrkt_tp": "001", "netslmt_tp": "2", "stk_inds_tp": "1", "amt_qty_tp": "0", "stex_tp": "1"}
        bought = {row["stk_cd"] for row in (await client.ask("ka10131", **body))["orgn_frgnr_cont_trde_prst"]}
    assert {"101", "150", "302"} <= kosdaq and not kosdaq & {"001", "201", "401", "701"}
    assert bought and all(code[0] == "0" for code in bought), "sectors of the asked market alone"
