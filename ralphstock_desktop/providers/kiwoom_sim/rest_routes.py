"""Which api-id is served where, by what, and what it needs: the table of the vendor's paths."""

from __future__ import annotations

from collections.abc import Callable

from ralphstock_desktop.providers.kiwoom_sim import (
    rest_accounts,
    rest_charts,
    rest_consecutive,
    rest_daily,
    rest_flows,
    rest_further,
    rest_index_charts,
    rest_indices,
    rest_market_flows,
    rest_master,
    rest_program,
    rest_program_stocks,
    rest_quotes,
    rest_rankings,
    rest_scanners,
    rest_themes,
    rest_ticks,
    rest_trades,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_absent import ABSENT_ROUTES
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Route
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply
from ralphstock_desktop.providers.kiwoom_sim.rest_routes_further import FURTHER_ROUTES

__all__ = ["PATHS", "ROUTES", "SINGLE_PRICE_API"]

SINGLE_PRICE_API = "ka10087"
"""Deleted by the vendor on 2026-09-12 with the single-price market; served only on request."""

_VENUES = {"stex_tp": ("1", "2", "3")}
_ADJUSTED = {"upd_stkpc_tp": ("0", "1")}
_TICKS = ("1", "3", "5", "10", "30")
_MINUTES = ("1", "3", "5", "10", "15", "30", "45", "60")
_MARKETS = {"mrkt_tp": ("000", "001", "101")}
_FLOW = {"amt_qty_tp": ("1", "2"), "trde_tp": ("0", "1", "2"), "unit_tp": ("1", "1000")}
_PROGRAM = {"amt_qty_tp": ("1", "2"), **_VENUES}
_STATES = ("1", "2", "3", "4", "5", "6", "7", "8", "10", "30", "50", "60", "70", "80", "90", "0", "9")
_FAMILY = {"mrkt_tp": ("0", "1", "2")}


def _period(unit: str, key: str) -> Callable[[Call], Reply]:
    return lambda call: rest_index_charts.index_period(call, unit, key)


def _stkinfo() -> dict[str, Route]:
    m, q, f, mf, r = rest_master, rest_quotes, rest_flows, rest_market_flows, rest_rankings
    path = "stkinfo"
    ranking = ("trde_qty_tp", "stk_cnd", "crd_cnd")
    return {
        "ka10001": Route(path, q.basic_info, ("stk_cd",)),
        "ka10002": Route(path, q.brokers, ("stk_cd",)),
        "ka10003": Route(path, rest_trades.executions, ("stk_cd",)),
        "ka10015": Route(path, rest_daily.trading_detail, ("stk_cd", "strt_dt")),
        "ka10016": Route(
            path,
            rest_scanners.new_extremes,
            ("mrkt_tp", "ntl_tp", "high_low_close_tp", "stk_cnd", "trde_qty_tp", "crd_cnd", "updown_incls", "dt", "stex_tp"),
            choices={**_MARKETS, **_VENUES, "high_low_close_tp": ("1", "2"), "updown_incls": ("0", "1")},
            board=True,
        ),
        "ka10017": Route(
            path,
            rest_scanners.limit_issues,
            ("mrkt_tp", "updown_tp", "sort_tp", "stk_cnd", "trde_qty_tp", "crd_cnd", "trde_gold_tp", "stex_tp"),
            choices={**_MARKETS, **_VENUES},
            board=True,
        ),
        "ka10019": Route(
            path,
            rest_scanners.price_jumps,
            ("mrkt_tp", "flu_tp", "tm_tp", "tm", *ranking, "pric_cnd", "updown_incls", "stex_tp"),
            choices={"mrkt_tp": ("000", "001", "101", "201"), "tm_tp": ("1", "2"), "updown_incls": ("0", "1"), **_VENUES},
            board=True,
        ),
        "ka10028": Route(
            path,
            rest_further.change_from_open,
            (
                "sort_tp",
                "trde_qty_cnd",
                "mrkt_tp",
                "updown_incls",
                "stk_cnd",
                "crd_cnd",
                "trde_prica_cnd",
                "flu_cnd",
                "stex_tp",
            ),
            choices={**_MARKETS, **_VENUES},
            board=True,
        ),
        "ka10054": Route(
            path,
            rest_themes.interruptions,
            (
                "mrkt_tp",
                "bf_mkrt_tp",
                "motn_tp",
                "skip_stk",
                "trde_qty_tp",
                "trde_prica_tp",
                "motn_drc",
                "stex_tp",
            ),
            choices={**_MARKETS, **_VENUES, "motn_drc": ("0", "1", "2"), "motn_tp": ("0", "1", "2", "3")},
        ),
        "ka10058": Route(
            path,
            mf.stocks_of_investor,
            ("strt_dt", "end_dt", "trde_tp", "mrkt_tp", "invsr_tp", "stex_tp"),
            choices={"trde_tp": ("1", "2"), "mrkt_tp": ("001", "101"), **_VENUES},
            board=True,
            flows=True,
        ),
        "ka10059": Route(path, f.flows_by_day, ("dt", "stk_cd", "amt_qty_tp", "trde_tp", "unit_tp"), choices=_FLOW),
        "ka10061": Route(
            path,
            f.flow_sum,
            ("stk_cd", "strt_dt", "end_dt", "amt_qty_tp", "trde_tp", "unit_tp"),
            choices={**_FLOW, "trde_tp": ("0",)},
        ),
        "ka10095": Route(path, q.multi_quote, ("stk_cd",), any_code=True),
        "ka10099": Route(path, m.stock_list, ("mrkt_tp",), choices={"mrkt_tp": _STATES}, worker=True),
        "ka10100": Route(path, m.master_of_one, ("stk_cd",), plain_code=True),
        "ka10101": Route(path, rest_indices.index_codes, ("mrkt_tp",)),
        "ka10102": Route(path, m.broker_codes),
        "ka00198": Route(path, r.most_viewed, ("qry_tp",), board=True),
        "ka90003": Route(
            path,
            rest_program_stocks.program_top,
            ("trde_upper_tp", "amt_qty_tp", "mrkt_tp", "stex_tp"),
            choices={**_PROGRAM, "trde_upper_tp": ("1", "2")},
            board=True,
            flows=True,
        ),
        "ka90004": Route(
            path, rest_program_stocks.stocks_on_day, ("dt", "mrkt_tp", "stex_tp"), choices=_VENUES, board=True, flows=True
        ),
    }


def _mrkcond() -> dict[str, Route]:
    f, mf, p, q = rest_flows, rest_market_flows, rest_program, rest_quotes
    path = "mrkcond"
    market_program = ("date", "amt_qty_tp", "mrkt_tp", "min_tic_tp", "stex_tp")
    return {
        "ka10004": Route(path, q.order_book, ("stk_cd",)),
        "ka10005": Route(path, rest_further.daily_prices, ("stk_cd",)),
        "ka10006": Route(path, rest_further.prices_now, ("stk_cd",)),
        "ka10007": Route(path, rest_further.price_table, ("stk_cd",)),
        "ka10045": Route(
            path,
            f.institution_and_foreign,
            ("stk_cd", "strt_dt", "end_dt", "orgn_prsm_unp_tp", "for_prsm_unp_tp"),
            choices={"orgn_prsm_unp_tp": ("1", "2"), "for_prsm_unp_tp": ("1", "2")},
        ),
        "ka10046": Route(path, rest_trades.strength_by_time, ("stk_cd",)),
        "ka10063": Route(
            path,
            mf.intraday_investor,
            ("mrkt_tp", "amt_qty_tp", "invsr", "frgn_all", "smtm_netprps_tp", "stex_tp"),
            choices={**_MARKETS, **_VENUES, "amt_qty_tp": ("1", "2")},
            board=True,
            flows=True,
        ),
        "ka10066": Route(
            path,
            mf.after_close,
            ("mrkt_tp", "amt_qty_tp", "trde_tp", "stex_tp"),
            choices={**_MARKETS, **_VENUES, "amt_qty_tp": ("1", "2"), "trde_tp": ("0", "1", "2")},
            board=True,
            flows=True,
        ),
        "ka10086": Route(
            path, rest_daily.price_with_investors, ("stk_cd", "qry_dt", "indc_tp"), choices={"indc_tp": ("0", "1")}
        ),
        SINGLE_PRICE_API: Route(path, q.single_price_book, ("stk_cd",), plain_code=True),
        "ka90005": Route(path, p.market_by_time, market_program, choices=_PROGRAM, flows=True, worker=True),
        "ka90006": Route(path, p.arbitrage_balance, ("date", "stex_tp"), choices=_VENUES),
        "ka90007": Route(
            path, p.cumulative_trend, ("date", "amt_qty_tp", "mrkt_tp", "stex_tp"), choices=_PROGRAM, flows=True, worker=True
        ),
        "ka90008": Route(
            path, rest_program_stocks.stock_by_time, ("amt_qty_tp", "stk_cd", "date"), choices={"amt_qty_tp": ("1", "2")}
        ),
        "ka90010": Route(path, p.market_by_day, market_program, choices=_PROGRAM, flows=True, worker=True),
        "ka90013": Route(path, rest_program_stocks.stock_by_day, ("stk_cd",), choices={"amt_qty_tp": ("1", "2")}),
    }


def _chart() -> dict[str, Route]:
    c, f, i = rest_charts, rest_flows, rest_index_charts
    path = "chart"
    days, index_days = ("stk_cd", "base_dt", "upd_stkpc_tp"), ("inds_cd", "base_dt")
    return {
        "ka10060": Route(path, f.flow_chart, ("dt", "stk_cd", "amt_qty_tp", "trde_tp", "unit_tp"), choices=_FLOW),
        "ka10064": Route(
            path,
            f.intraday_curve,
            ("mrkt_tp", "amt_qty_tp", "trde_tp", "stk_cd"),
            choices={**_MARKETS, "amt_qty_tp": ("1", "2"), "trde_tp": ("0", "1", "2")},
        ),
        "ka10079": Route(
            path,
            rest_ticks.tick_chart,
            ("stk_cd", "tic_scope", "upd_stkpc_tp"),
            choices={"tic_scope": _TICKS, **_ADJUSTED},
            worker=True,
        ),
        "ka10080": Route(
            path,
            c.minute_chart,
            ("stk_cd", "tic_scope", "upd_stkpc_tp"),
            choices={"tic_scope": _MINUTES, **_ADJUSTED},
            worker=True,
        ),
        "ka10081": Route(path, c.daily_chart, days, choices=_ADJUSTED, worker=True),
        "ka10082": Route(path, c.weekly_chart, days, choices=_ADJUSTED, worker=True),
        "ka10083": Route(path, c.monthly_chart, days, choices=_ADJUSTED, worker=True),
        "ka10094": Route(path, c.yearly_chart, days, choices=_ADJUSTED, worker=True),
        "ka20004": Route(path, i.index_ticks, ("inds_cd", "tic_scope"), choices={"tic_scope": _TICKS}),
        "ka20005": Route(path, i.index_minutes, ("inds_cd", "tic_scope"), choices={"tic_scope": _MINUTES}),
        "ka20006": Route(path, i.index_daily, index_days),
        "ka20007": Route(path, _period("W", "inds_stk_pole_qry"), index_days),
        "ka20008": Route(path, _period("M", "inds_mth_pole_qry"), index_days),
        "ka20019": Route(path, _period("Y", "inds_yr_pole_qry"), index_days),
    }


def _rkinfo() -> dict[str, Route]:
    mf, r = rest_market_flows, rest_rankings
    path = "rkinfo"
    return {
        "ka10023": Route(
            path,
            r.volume_surge,
            ("mrkt_tp", "sort_tp", "tm_tp", "trde_qty_tp", "stk_cnd", "pric_tp", "stex_tp"),
            choices={**_MARKETS, **_VENUES, "tm_tp": ("1", "2")},
            board=True,
        ),
        "ka10027": Route(
            path,
            r.change_rate,
            (
                "mrkt_tp",
                "sort_tp",
                "trde_qty_cnd",
                "stk_cnd",
                "crd_cnd",
                "updown_incls",
                "pric_cnd",
                "trde_prica_cnd",
                "stex_tp",
            ),
            choices={**_MARKETS, **_VENUES, "updown_incls": ("0", "1")},
            board=True,
        ),
        "ka10029": Route(
            path,
            rest_scanners.expected_match,
            ("mrkt_tp", "sort_tp", "trde_qty_cnd", "stk_cnd", "crd_cnd", "pric_cnd", "stex_tp"),
            choices={**_MARKETS, **_VENUES},
            board=True,
        ),
        "ka10030": Route(
            path,
            r.volume_today,
            (
                "mrkt_tp",
                "sort_tp",
                "mang_stk_incls",
                "crd_tp",
                "trde_qty_tp",
                "pric_tp",
                "trde_prica_tp",
                "mrkt_open_tp",
                "stex_tp",
            ),
            choices={**_MARKETS, **_VENUES},
            board=True,
        ),
        "ka10032": Route(
            path,
            r.traded_value,
            ("mrkt_tp", "mang_stk_incls", "stex_tp"),
            choices={**_MARKETS, **_VENUES, "mang_stk_incls": ("0", "1")},
            board=True,
        ),
        "ka10034": Route(
            path,
            mf.foreign_over_days,
            ("mrkt_tp", "trde_tp", "dt", "stex_tp"),
            choices={**_MARKETS, **_VENUES, "trde_tp": ("1", "2", "3")},
            board=True,
            flows=True,
        ),
        "ka10065": Route(
            path,
            mf.intraday_top,
            ("trde_tp", "mrkt_tp", "orgn_tp"),
            choices={**_MARKETS, "trde_tp": ("1", "2")},
            board=True,
            flows=True,
        ),
        "ka90009": Route(
            path,
            mf.foreign_institution_top,
            ("mrkt_tp", "amt_qty_tp", "qry_dt_tp", "stex_tp"),
            choices={**_MARKETS, **_PROGRAM, "qry_dt_tp": ("0", "1")},
            board=True,
            flows=True,
        ),
    }


def _others() -> dict[str, Route]:
    i, a = rest_indices, rest_accounts
    order = ("dmst_stex_tp", "stk_cd", "ord_qty", "trde_tp")
    return {
        "ka10051": Route(
            "sect",
            i.sector_flows,
            ("mrkt_tp", "amt_qty_tp", "stex_tp"),
            choices={"amt_qty_tp": ("0", "1"), **_VENUES},
            flows=True,
        ),
        "ka20001": Route("sect", i.index_now, ("mrkt_tp", "inds_cd"), choices=_FAMILY),
        "ka20002": Route(
            "sect", i.sector_stocks, ("mrkt_tp", "inds_cd", "stex_tp"), choices={**_FAMILY, **_VENUES}, board=True
        ),
        "ka20003": Route("sect", i.all_sectors, ("inds_cd",)),
        "ka20009": Route("sect", i.index_now_daily, ("mrkt_tp", "inds_cd"), choices=_FAMILY),
        "ka10008": Route("frgnistt", rest_flows.foreign_holding, ("stk_cd",)),
        "ka10009": Route("frgnistt", rest_flows.institution_of_stock, ("stk_cd",)),
        "ka10131": Route(
            "frgnistt",
            rest_consecutive.consecutive,
            ("dt", "mrkt_tp", "netslmt_tp", "stk_inds_tp", "amt_qty_tp", "stex_tp"),
            choices={"netslmt_tp": ("1", "2"), "stk_inds_tp": ("0", "1"), "amt_qty_tp": ("0", "1"), **_VENUES},
            board=True,
            flows=True,
        ),
        "ka90001": Route(
            "thme", rest_themes.theme_groups, ("qry_tp", "date_tp", "flu_pl_amt_tp", "stex_tp"), choices=_VENUES, board=True
        ),
        "ka90002": Route("thme", rest_themes.theme_stocks, ("thema_grp_cd", "stex_tp"), choices=_VENUES, board=True),
        "ka10014": Route("shsa", rest_daily.short_selling, ("stk_cd", "strt_dt", "end_dt"), choices={"tm_tp": ("0", "1")}),
        "ka00001": Route("acnt", a.account_number),
        "kt00001": Route("acnt", a.deposit, ("qry_tp",), choices={"qry_tp": ("2", "3")}),
        "kt00004": Route("acnt", a.evaluation, ("qry_tp", "dmst_stex_tp"), choices={"qry_tp": ("0", "1")}),
        "kt00018": Route("acnt", a.holdings, ("qry_tp", "dmst_stex_tp"), choices={"qry_tp": ("1", "2")}),
        "ka10075": Route("acnt", a.open_orders, ("all_stk_tp", "trde_tp", "stex_tp")),
        "ka10076": Route("acnt", a.executed_orders, ("qry_tp", "sell_tp", "stex_tp")),
        "kt10000": Route("ordr", a.refuse_order, order, any_code=True),
        "kt10001": Route("ordr", a.refuse_order, order, any_code=True),
        "kt10002": Route(
            "ordr", a.refuse_order, ("dmst_stex_tp", "orig_ord_no", "stk_cd", "mdfy_qty", "mdfy_uv"), any_code=True
        ),
        "kt10003": Route("ordr", a.refuse_order, ("dmst_stex_tp", "orig_ord_no", "stk_cd", "cncl_qty"), any_code=True),
    }


ROUTES: dict[str, Route] = {**_stkinfo(), **_mrkcond(), **_chart(), **_rkinfo(), **_others(), **FURTHER_ROUTES, **ABSENT_ROUTES}
"""Every api-id the simulator serves over HTTP."""

PATHS = frozenset(route.path for route in ROUTES.values())
"""Addresses below ``/api/dostk/``."""
