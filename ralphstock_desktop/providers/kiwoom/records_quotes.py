# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of masters and quotes: lists of stocks, sectors and brokers, quotes, executions, order books.

One record per row or flat answer; units are in the names, ``measured`` fields are won or shares as the request asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

__all__ = [
    "AfterHoursBook",
    "Broker",
    "Execution",
    "OrderBook",
    "SectorCode",
    "StockInfo",
    "StockListing",
    "TopBrokers",
    "WatchQuote",
]


@dataclass(frozen=True, slots=True)
class StockListing:
    """One listed issue of the master (ka10099), or of one code (ka10100)."""

    ticker: str = w.symbol("code", required=True)
    venue: FeedVenue = w.venue("code")
    name: str = w.text("name")
    listed_shares: int = w.shares("listCount")
    audit: str = w.text("auditInfo")
    listed_on: date | None = w.day("regDay")
    base_krw: int = w.price("lastPrice")
    state: str = w.text("state")
    market_code: str = w.text("marketCode")
    market_name: str = w.text("marketName")
    sector: str = w.text("upName")
    size_class: str = w.text("upSizeName")
    order_warning: str = w.text("orderWarning")
    company_class: str = w.text("companyClassName")
    nxt: str = w.text("nxtEnable")
    kind: str = w.text("kind")
    """``A`` stock, ``Q`` ETN family; not in the official table."""


@dataclass(frozen=True, slots=True)
class SectorCode:
    """One sector or index code."""

    market_code: str = w.text("marketCode")
    code: str = w.sector("code", required=True)
    name: str = w.text("name")
    group: str = w.text("group")


@dataclass(frozen=True, slots=True)
class Broker:
    """One member firm; names keep their inner blanks."""

    code: str = w.text("code", required=True)
    name: str = w.text("name")
    kind_flag: str = w.text("gb")


@dataclass(frozen=True, slots=True)
class StockInfo:
    """Basic facts of one stock. Limits are of the day, prices of the second."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    settles_month: str = w.text("setl_mm")
    par_krw: int = w.krw("fav")
    capital_krw: int = w.net_krw("cap", w.HUNDRED_MILLION)
    listed_shares: int = w.shares("flo_stk", w.THOUSAND)
    credit_pct: float = w.pct("crd_rt")
    year_high_krw: int = w.price("oyr_hgst")
    year_low_krw: int = w.price("oyr_lwst")
    market_cap_krw: int = w.krw("mac", w.HUNDRED_MILLION)
    market_cap_weight_pct: float = w.pct("mac_wght")
    foreign_limit_used_pct: float = w.pct("for_exh_rt")
    substitute_krw: int = w.price("repl_pric")
    per: float = w.decimal("per")
    eps_krw: int = w.net_krw("eps")
    roe_pct: float = w.pct("roe")
    pbr: float = w.decimal("pbr")
    ev: float = w.decimal("ev")
    bps_krw: int = w.net_krw("bps")
    sales_krw: int = w.net_krw("sale_amt", w.HUNDRED_MILLION)
    operating_profit_krw: int = w.net_krw("bus_pro", w.HUNDRED_MILLION)
    net_income_krw: int = w.net_krw("cup_nga", w.HUNDRED_MILLION)
    high_250d_krw: int = w.price("250hgst")
    low_250d_krw: int = w.price("250lwst")
    high_krw: int = w.price("high_pric")
    open_krw: int = w.price("open_pric")
    low_krw: int = w.price("low_pric")
    upper_limit_krw: int = w.price("upl_pric")
    lower_limit_krw: int = w.price("lst_pric")
    base_krw: int = w.price("base_pric")
    expected_krw: int = w.price("exp_cntr_pric")
    expected_shares: int = w.shares("exp_cntr_qty")
    high_250d_on: date | None = w.day("250hgst_pric_dt")
    from_high_250d_pct: float = w.pct("250hgst_pric_pre_rt")
    low_250d_on: date | None = w.day("250lwst_pric_dt")
    from_low_250d_pct: float = w.pct("250lwst_pric_pre_rt")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    volume_change_pct: float = w.pct("trde_pre")
    par_unit: str = w.text("fav_unit")
    free_float_shares: int = w.shares("dstr_stk", w.THOUSAND)
    free_float_pct: float = w.pct("dstr_rt")


@dataclass(frozen=True, slots=True)
class WatchQuote:
    """State of one stock of a watch list. ``last_krw`` follows the after-market; ELW columns are zero for stocks."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    last_krw: int = w.price("cur_prc", required=True)
    base_krw: int = w.price("base_pric")
    change_krw: int = w.change("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    value_krw: int = w.krw("trde_prica", w.MILLION)
    last_trade_shares: int = w.net_shares("cntr_qty")
    strength_pct: float = w.pct("cntr_str")
    volume_change_pct: float = w.pct("pred_trde_qty_pre")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    upper_limit_krw: int = w.price("upl_pric")
    lower_limit_krw: int = w.price("lst_pric")
    open_krw: int = w.price("open_pric")
    high_krw: int = w.price("high_pric")
    low_krw: int = w.price("low_pric")
    close_krw: int = w.price("close_pric")
    at_s: int = w.clock("cntr_tm")
    expected_krw: int = w.price("exp_cntr_pric")
    expected_shares: int = w.shares("exp_cntr_qty")
    capital_krw: int = w.net_krw("cap", w.HUNDRED_MILLION)
    par_krw: int = w.krw("fav")
    market_cap_krw: int = w.krw("mac", w.HUNDRED_MILLION)
    listed_shares: int = w.shares("stkcnt", w.THOUSAND)
    book_at_s: int = w.clock("bid_tm")
    day: date = w.day("dt", required=True)
    ask_shares: int = w.shares("pri_sel_req")
    bid_shares: int = w.shares("pri_buy_req")
    ask_orders: str = w.text("pri_sel_cnt")
    bid_orders: str = w.text("pri_buy_cnt")
    total_ask_shares: int = w.shares("tot_sel_req")
    total_bid_shares: int = w.shares("tot_buy_req")
    total_ask_orders: str = w.text("tot_sel_cnt")
    total_bid_orders: str = w.text("tot_buy_cnt")
    elw_parity_pct: float = w.pct("prty")
    elw_gearing_pct: float = w.pct("gear")
    elw_break_even_pct: float = w.pct("pl_qutr")
    elw_capital_support_pct: float = w.pct("cap_support")
    elw_strike_krw: int = w.price("elwexec_pric")
    elw_conversion_pct: float = w.pct("cnvt_rt")
    elw_expires_on: date | None = w.day("elwexpr_dt")
    open_interest: str = w.text("cntr_engg")
    open_interest_change: str = w.text("cntr_pred_pre")
    theory: float = w.decimal("theory_pric")
    implied_volatility: float = w.decimal("innr_vltl")
    delta: float = w.decimal("delta")
    gamma: float = w.decimal("gam")
    theta: float = w.decimal("theta")
    vega: float = w.decimal("vega")
    rho: float = w.decimal("law")
    asks_krw: tuple[int, ...] = w.prices("sel_1th_bid", "sel_2th_bid", "sel_3th_bid", "sel_4th_bid", "sel_5th_bid")
    bids_krw: tuple[int, ...] = w.prices("buy_1th_bid", "buy_2th_bid", "buy_3th_bid", "buy_4th_bid", "buy_5th_bid")


@dataclass(frozen=True, slots=True)
class TopBrokers:
    """Five selling and five buying brokers of a stock today."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("flu_smbol")
    base_krw: int = w.price("base_pric")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    seller_names: tuple[str, ...] = w.texts(
        "sel_trde_ori_nm_1", "sel_trde_ori_nm_2", "sel_trde_ori_nm_3", "sel_trde_ori_nm_4", "sel_trde_ori_nm_5"
    )
    seller_codes: tuple[str, ...] = w.texts(
        "sel_trde_ori_1", "sel_trde_ori_2", "sel_trde_ori_3", "sel_trde_ori_4", "sel_trde_ori_5"
    )
    seller_shares: tuple[int, ...] = w.shares_each(
        "sel_trde_qty_1", "sel_trde_qty_2", "sel_trde_qty_3", "sel_trde_qty_4", "sel_trde_qty_5", signed=True
    )
    buyer_names: tuple[str, ...] = w.texts(
        "buy_trde_ori_nm_1", "buy_trde_ori_nm_2", "buy_trde_ori_nm_3", "buy_trde_ori_nm_4", "buy_trde_ori_nm_5"
    )
    buyer_codes: tuple[str, ...] = w.texts(
        "buy_trde_ori_1", "buy_trde_ori_2", "buy_trde_ori_3", "buy_trde_ori_4", "buy_trde_ori_5"
    )
    buyer_shares: tuple[int, ...] = w.shares_each(
        "buy_trde_qty_1", "buy_trde_qty_2", "buy_trde_qty_3", "buy_trde_qty_4", "buy_trde_qty_5", signed=True
    )


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade with the running totals after it; ``quantity_shares`` below 0 is seller-initiated."""

    at_s: int = w.clock("tm", required=True)
    close_krw: int = w.price("cur_prc", required=True)
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("pre_rt")
    ask_krw: int = w.price("pri_sel_bid_unit")
    bid_krw: int = w.price("pri_buy_bid_unit")
    quantity_shares: int = w.net_shares("cntr_trde_qty")
    direction: Direction = w.direction("sign")
    volume_shares: int = w.shares("acc_trde_qty")
    value_krw: int = w.krw("acc_trde_prica")
    strength_pct: float = w.pct("cntr_str")
    venue: FeedVenue | None = w.venue_text("stex_tp")


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Order book, best first, ten levels a side."""

    at_s: int = w.clock("bid_req_base_tm")
    total_ask_step_shares: int = w.net_shares("tot_sel_req_jub_pre")
    total_ask_shares: int = w.shares("tot_sel_req")
    total_bid_shares: int = w.shares("tot_buy_req")
    total_bid_step_shares: int = w.net_shares("tot_buy_req_jub_pre")
    after_ask_step_shares: int = w.net_shares("ovt_sel_req_pre")
    after_ask_shares: int = w.shares("ovt_sel_req")
    after_bid_shares: int = w.shares("ovt_buy_req")
    after_bid_step_shares: int = w.net_shares("ovt_buy_req_pre")
    ask_krw: tuple[int, ...] = w.prices(
        "sel_fpr_bid",
        "sel_2th_pre_bid",
        "sel_3th_pre_bid",
        "sel_4th_pre_bid",
        "sel_5th_pre_bid",
        "sel_6th_pre_bid",
        "sel_7th_pre_bid",
        "sel_8th_pre_bid",
        "sel_9th_pre_bid",
        "sel_10th_pre_bid",
    )
    ask_shares: tuple[int, ...] = w.shares_each(
        "sel_fpr_req",
        "sel_2th_pre_req",
        "sel_3th_pre_req",
        "sel_4th_pre_req",
        "sel_5th_pre_req",
        "sel_6th_pre_req",
        "sel_7th_pre_req",
        "sel_8th_pre_req",
        "sel_9th_pre_req",
        "sel_10th_pre_req",
    )
    ask_step_shares: tuple[int, ...] = w.shares_each(
        "sel_1th_pre_req_pre",
        "sel_2th_pre_req_pre",
        "sel_3th_pre_req_pre",
        "sel_4th_pre_req_pre",
        "sel_5th_pre_req_pre",
        "sel_6th_pre_req_pre",
        "sel_7th_pre_req_pre",
        "sel_8th_pre_req_pre",
        "sel_9th_pre_req_pre",
        "sel_10th_pre_req_pre",
        signed=True,
    )
    bid_krw: tuple[int, ...] = w.prices(
        "buy_fpr_bid",
        "buy_2th_pre_bid",
        "buy_3th_pre_bid",
        "buy_4th_pre_bid",
        "buy_5th_pre_bid",
        "buy_6th_pre_bid",
        "buy_7th_pre_bid",
        "buy_8th_pre_bid",
        "buy_9th_pre_bid",
        "buy_10th_pre_bid",
    )
    bid_shares: tuple[int, ...] = w.shares_each(
        "buy_fpr_req",
        "buy_2th_pre_req",
        "buy_3th_pre_req",
        "buy_4th_pre_req",
        "buy_5th_pre_req",
        "buy_6th_pre_req",
        "buy_7th_pre_req",
        "buy_8th_pre_req",
        "buy_9th_pre_req",
        "buy_10th_pre_req",
    )
    bid_step_shares: tuple[int, ...] = w.shares_each(
        "buy_1th_pre_req_pre",
        "buy_2th_pre_req_pre",
        "buy_3th_pre_req_pre",
        "buy_4th_pre_req_pre",
        "buy_5th_pre_req_pre",
        "buy_6th_pre_req_pre",
        "buy_7th_pre_req_pre",
        "buy_8th_pre_req_pre",
        "buy_9th_pre_req_pre",
        "buy_10th_pre_req_pre",
        signed=True,
    )


@dataclass(frozen=True, slots=True)
class AfterHoursBook:
    """Book of the single-price phase, five levels; the vendor deleted it on 2026-09-12."""

    at_s: int = w.clock("bid_req_base_tm")
    total_ask_shares: int = w.shares("ovt_sigpric_sel_bid_tot_req")
    total_bid_shares: int = w.shares("ovt_sigpric_buy_bid_tot_req")
    regular_ask_step_shares: int = w.net_shares("sel_bid_tot_req_jub_pre")
    regular_ask_shares: int = w.shares("sel_bid_tot_req")
    regular_bid_shares: int = w.shares("buy_bid_tot_req")
    regular_bid_step_shares: int = w.net_shares("buy_bid_tot_req_jub_pre")
    close_price_ask_step_shares: int = w.net_shares("ovt_sel_bid_tot_req_jub_pre")
    close_price_ask_shares: int = w.shares("ovt_sel_bid_tot_req")
    close_price_bid_shares: int = w.shares("ovt_buy_bid_tot_req")
    close_price_bid_step_shares: int = w.net_shares("ovt_buy_bid_tot_req_jub_pre")
    price_krw: int = w.price("ovt_sigpric_cur_prc")
    direction: Direction = w.direction("ovt_sigpric_pred_pre_sig")
    change_krw: int = w.change("ovt_sigpric_pred_pre")
    change_pct: float = w.pct("ovt_sigpric_flu_rt")
    volume_shares: int = w.shares("ovt_sigpric_acc_trde_qty")
    ask_krw: tuple[int, ...] = w.prices(
        "ovt_sigpric_sel_bid_1",
        "ovt_sigpric_sel_bid_2",
        "ovt_sigpric_sel_bid_3",
        "ovt_sigpric_sel_bid_4",
        "ovt_sigpric_sel_bid_5",
    )
    ask_shares: tuple[int, ...] = w.shares_each(
        "ovt_sigpric_sel_bid_qty_1",
        "ovt_sigpric_sel_bid_qty_2",
        "ovt_sigpric_sel_bid_qty_3",
        "ovt_sigpric_sel_bid_qty_4",
        "ovt_sigpric_sel_bid_qty_5",
    )
    ask_step_shares: tuple[int, ...] = w.shares_each(
        "ovt_sigpric_sel_bid_jub_pre_1",
        "ovt_sigpric_sel_bid_jub_pre_2",
        "ovt_sigpric_sel_bid_jub_pre_3",
        "ovt_sigpric_sel_bid_jub_pre_4",
        "ovt_sigpric_sel_bid_jub_pre_5",
        signed=True,
    )
    bid_krw: tuple[int, ...] = w.prices(
        "ovt_sigpric_buy_bid_1",
        "ovt_sigpric_buy_bid_2",
        "ovt_sigpric_buy_bid_3",
        "ovt_sigpric_buy_bid_4",
        "ovt_sigpric_buy_bid_5",
    )
    bid_shares: tuple[int, ...] = w.shares_each(
        "ovt_sigpric_buy_bid_qty_1",
        "ovt_sigpric_buy_bid_qty_2",
        "ovt_sigpric_buy_bid_qty_3",
        "ovt_sigpric_buy_bid_qty_4",
        "ovt_sigpric_buy_bid_qty_5",
    )
    bid_step_shares: tuple[int, ...] = w.shares_each(
        "ovt_sigpric_buy_bid_jub_pre_1",
        "ovt_sigpric_buy_bid_jub_pre_2",
        "ovt_sigpric_buy_bid_jub_pre_3",
        "ovt_sigpric_buy_bid_jub_pre_4",
        "ovt_sigpric_buy_bid_jub_pre_5",
        signed=True,
    )
