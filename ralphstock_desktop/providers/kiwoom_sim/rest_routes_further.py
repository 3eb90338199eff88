"""Further api-ids of domestic stocks that clients know: where each is served, by what, and what it needs."""

from __future__ import annotations

from ralphstock_desktop.providers.kiwoom_sim import (
    rest_brokers,
    rest_foreign,
    rest_funds,
    rest_lending,
    rest_order_books,
    rest_statements,
    rest_two_days,
)
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Route

__all__ = ["FURTHER_ROUTES"]

_VENUES = {"stex_tp": ("1", "2", "3")}
_ALL = {"mrkt_tp": ("000", "001", "101"), **_VENUES}
_CODE = ("stk_cd",)


def _stkinfo() -> dict[str, Route]:
    b, k, d = rest_brokers, rest_order_books, rest_two_days
    path = "stkinfo"
    return {
        "ka10013": Route(path, rest_lending.loans_by_day, ("stk_cd", "dt", "qry_tp")),
        "ka10018": Route(
            path,
            k.near_extremes,
            ("high_low_tp", "alacc_rt", "mrkt_tp", "trde_qty_tp", "stk_cnd", "crd_cnd", "stex_tp"),
            choices=_ALL,
            board=True,
        ),
        "ka10024": Route(path, k.volume_record, ("mrkt_tp", "cycle_tp", "trde_qty_tp", "stex_tp"), choices=_ALL, board=True),
        "ka10025": Route(
            path,
            k.price_zones,
            ("mrkt_tp", "prps_cnctr_rt", "cur_prc_entry", "prpscnt", "cycle_tp", "stex_tp"),
            choices=_ALL,
            board=True,
        ),
        "ka10026": Route(path, k.by_ratio, ("pertp", "stex_tp"), choices=_VENUES, board=True),
        "ka10043": Route(
            path, b.broker_days, ("stk_cd", "strt_dt", "end_dt", "qry_dt_tp", "pot_tp", "dt", "sort_base", "mmcm_cd", "stex_tp")
        ),
        "ka10052": Route(path, b.instant_trades, ("mmcm_cd", "mrkt_tp", "qty_tp", "pric_tp", "stex_tp"), board=True),
        "ka10055": Route(path, d.volumes_of_day, ("stk_cd", "tdy_pred"), worker=True),
        "ka10084": Route(
            path, d.trades_of_day, ("stk_cd", "tdy_pred", "tic_min"), choices={"tic_min": ("0", "1")}, worker=True
        ),
        "kt20016": Route(path, rest_lending.loan_stocks, ("mrkt_deal_tp",), board=True),
        "kt20017": Route(path, rest_lending.loan_answer, _CODE),
    }


def _mrkcond() -> dict[str, Route]:
    path = "mrkcond"
    return {
        "ka10011": Route(path, rest_statements.empty_list("newstk_recvrht_mrpr"), ("newstk_recvrht_tp",)),
        "ka10044": Route(
            path,
            rest_foreign.institution_by_days,
            ("strt_dt", "end_dt", "trde_tp", "mrkt_tp", "stex_tp"),
            choices=_ALL,
            board=True,
            flows=True,
        ),
        "ka10047": Route(path, rest_two_days.strength_by_day, _CODE),
        "ka10078": Route(path, rest_brokers.broker_trend, ("mmcm_cd", "stk_cd", "strt_dt", "end_dt")),
    }


def _rkinfo() -> dict[str, Route]:
    b, f, k = rest_brokers, rest_foreign, rest_order_books
    path = "rkinfo"
    tail = ("trde_qty_tp", "stk_cnd", "stex_tp")
    return {
        "ka10020": Route(
            path,
            k.book_totals,
            ("mrkt_tp", "sort_tp", "trde_qty_tp", "stk_cnd", "crd_cnd", "stex_tp"),
            choices=_ALL,
            board=True,
        ),
        "ka10021": Route(path, k.book_surge, ("mrkt_tp", "trde_tp", "sort_tp", "tm_tp", *tail), choices=_ALL, board=True),
        "ka10022": Route(path, k.side_surge, ("mrkt_tp", "rt_tp", "tm_tp", *tail), choices=_ALL, board=True),
        "ka10031": Route(
            path, k.volume_yesterday, ("mrkt_tp", "qry_tp", "rank_strt", "rank_end", "stex_tp"), choices=_ALL, board=True
        ),
        "ka10033": Route(
            path,
            k.credit_ratio,
            ("mrkt_tp", "trde_qty_tp", "stk_cnd", "updown_incls", "crd_cnd", "stex_tp"),
            choices=_ALL,
            board=True,
        ),
        "ka10035": Route(
            path, f.three_days, ("mrkt_tp", "trde_tp", "base_dt_tp", "stex_tp"), choices=_ALL, board=True, flows=True
        ),
        "ka10036": Route(path, f.limit_growth, ("mrkt_tp", "dt", "stex_tp"), choices=_ALL, board=True, flows=True),
        "ka10037": Route(
            path, f.foreign_desks, ("mrkt_tp", "dt", "trde_tp", "sort_tp", "stex_tp"), choices=_ALL, board=True, flows=True
        ),
        "ka10038": Route(path, b.stock_brokers, ("stk_cd", "qry_tp")),
        "ka10039": Route(
            path,
            b.broker_stocks,
            ("mmcm_cd", "trde_qty_tp", "trde_tp", "dt", "stex_tp"),
            choices=_VENUES,
            board=True,
            worker=True,
        ),
        "ka10040": Route(path, b.main_brokers, _CODE),
        "ka10042": Route(path, b.net_buyers, ("stk_cd", "qry_dt_tp", "pot_tp", "sort_base")),
        "ka10053": Route(path, b.left_the_top, _CODE),
        "ka10062": Route(
            path,
            f.same_side,
            ("strt_dt", "mrkt_tp", "trde_tp", "sort_cnd", "unit_tp", "stex_tp"),
            choices=_ALL,
            board=True,
            flows=True,
        ),
    }


def _lending_and_funds() -> dict[str, Route]:
    g, n = rest_lending, rest_funds
    lists = ("txon_type", "navpre", "mngmcomp", "txon_yn", "trace_idex", "stex_tp")
    market = {"mrkt_tp": ("000", "001", "101")}
    return {
        "ka10010": Route("sect", rest_two_days.market_programme, flows=True),
        "ka10068": Route("slb", g.lending_of_market, ("all_tp",), worker=True),
        "ka10069": Route("slb", g.lending_top, ("strt_dt", "mrkt_tp"), choices=market, board=True),
        "ka20068": Route("slb", g.lending_of_stock, _CODE),
        "ka90012": Route("slb", g.lending_of_day, ("dt", "mrkt_tp"), choices=market, board=True),
        "ka40001": Route("etf", n.fund_return, ("stk_cd", "etfobjt_idex_cd", "dt"), blank=("etfobjt_idex_cd",)),
        "ka40002": Route("etf", n.fund_info, _CODE),
        "ka40003": Route("etf", n.fund_by_day, _CODE),
        "ka40004": Route("etf", n.funds, lists, choices=_VENUES, board=True),
        "ka40006": Route("etf", n.fund_by_time, _CODE),
        "ka40007": Route("etf", n.fund_trades, _CODE),
        "ka40008": Route("etf", n.fund_days_of_investors, _CODE),
        "ka40009": Route("etf", n.fund_net_assets, _CODE),
        "ka40010": Route("etf", n.fund_foreign_by_day, _CODE),
    }


def _acnt() -> dict[str, Route]:
    s = rest_statements
    path, days = "acnt", ("strt_dt", "end_dt")
    lists = {
        "ka10072": ("strt_dt",),
        "ka10073": days,
        "ka10085": ("stex_tp",),
        "ka10088": ("ord_no",),
        "kt00007": ("qry_tp", "stk_bond_tp", "sell_tp", "dmst_stex_tp"),
    }
    return {
        **{api_id: Route(path, s.empty_list(s.EMPTY_LISTS[api_id]), needs) for api_id, needs in lists.items()},
        "ka01300": Route("watchlist", s.watch_groups),
        "ka01301": Route("watchlist", s.watch_stocks, ("arn_grp_id",)),
        "ka01690": Route(path, s.balance_day, ("qry_dt",)),
        "ka10074": Route(path, s.realised, days),
        "ka10077": Route(path, s.realised, _CODE),
        "ka10170": Route(path, s.trades_journal, ("ottks_tp", "ch_crd_tp")),
        "kt00002": Route(path, s.deposits_by_day, ("start_dt", "end_dt")),
        "kt00003": Route(path, s.wealth, ("qry_tp",)),
        "kt00005": Route(path, s.executed_balance, ("dmst_stex_tp",)),
        "kt00008": Route(path, s.settlement),
        "kt00009": Route(path, s.orders_of_day, ("stk_bond_tp", "mrkt_tp", "sell_tp", "qry_tp", "dmst_stex_tp")),
        "kt00010": Route(path, s.amounts_orderable, ("stk_cd", "trde_tp", "uv")),
        "kt00011": Route(path, s.margin_orderable, _CODE),
        "kt00012": Route(path, s.loan_orderable, _CODE),
        "kt00013": Route(path, s.collateral),
        "kt00015": Route(path, s.trades_journal, ("strt_dt", "end_dt", "tp", "gds_tp", "dmst_stex_tp")),
        "kt00016": Route(path, s.returns_between, ("fr_dt", "to_dt")),
        "kt00017": Route(path, s.statement_today),
    }


FURTHER_ROUTES: dict[str, Route] = {**_stkinfo(), **_mrkcond(), **_rkinfo(), **_lending_and_funds(), **_acnt()}
"""Every api-id of this module."""
