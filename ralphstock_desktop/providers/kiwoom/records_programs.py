# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of programme trading.

One record per row or flat answer; units are in the names, ``measured`` fields are won or shares as the request asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

__all__ = [
    "ArbitrageBalance",
    "ProgramDay",
    "ProgramStock",
    "ProgramStockTotals",
    "ProgramTime",
    "ProgramTop",
    "ProgramTrend",
    "StockProgramDay",
    "StockProgramTime",
]


@dataclass(frozen=True, slots=True)
class ProgramTop:
    """Stock of the programme net ranking."""

    rank: int = w.count("rank", required=True)
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("flu_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("acc_trde_qty")
    sell_krw: int = w.krw("prm_sell_amt", w.MILLION)
    buy_krw: int = w.krw("prm_buy_amt", w.MILLION)
    net_krw: int = w.net_krw("prm_netprps_amt", w.MILLION)


@dataclass(frozen=True, slots=True)
class ProgramStockTotals:
    """Sums over the market."""

    buy_shares: int = w.shares("tot_1", w.THOUSAND)
    buy_krw: int = w.krw("tot_2", w.MILLION)
    sell_shares: int = w.shares("tot_3", w.THOUSAND)
    sell_krw: int = w.krw("tot_4", w.MILLION)
    net_krw: int = w.net_krw("tot_5", w.MILLION)
    unused: str = w.text("tot_6")


@dataclass(frozen=True, slots=True)
class ProgramStock:
    """Programme trading of one stock on one day."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("flu_sig")
    change_krw: int = w.change("pred_pre")
    buy_shares: int = w.shares("buy_cntr_qty", w.THOUSAND)
    buy_krw: int = w.krw("buy_cntr_amt", w.MILLION)
    sell_shares: int = w.shares("sel_cntr_qty", w.THOUSAND)
    sell_krw: int = w.krw("sel_cntr_amt", w.MILLION)
    net_krw: int = w.net_krw("netprps_prica", w.MILLION)
    of_all_trading_pct: float = w.pct("all_trde_rt")


@dataclass(frozen=True, slots=True)
class ProgramTime:
    """Programme trading of the market up to some time of the day."""

    at_s: int = w.clock("cntr_tm", required=True)
    arbitrage_sell_krw: int = w.krw("dfrt_trde_sel", w.MILLION)
    arbitrage_buy_krw: int = w.krw("dfrt_trde_buy", w.MILLION)
    arbitrage_net_krw: int = w.net_krw("dfrt_trde_netprps", w.MILLION)
    other_sell_krw: int = w.krw("ndiffpro_trde_sel", w.MILLION)
    other_buy_krw: int = w.krw("ndiffpro_trde_buy", w.MILLION)
    other_net_krw: int = w.net_krw("ndiffpro_trde_netprps", w.MILLION)
    arbitrage_sell_shares: int = w.shares("dfrt_trde_sell_qty", w.THOUSAND)
    arbitrage_buy_shares: int = w.shares("dfrt_trde_buy_qty", w.THOUSAND)
    arbitrage_net_shares: int = w.net_shares("dfrt_trde_netprps_qty", w.THOUSAND)
    other_sell_shares: int = w.shares("ndiffpro_trde_sell_qty", w.THOUSAND)
    other_buy_shares: int = w.shares("ndiffpro_trde_buy_qty", w.THOUSAND)
    other_net_shares: int = w.net_shares("ndiffpro_trde_netprps_qty", w.THOUSAND)
    all_sell_krw: int = w.krw("all_sel", w.MILLION)
    all_buy_krw: int = w.krw("all_buy", w.MILLION)
    all_net_krw: int = w.net_krw("all_netprps", w.MILLION)
    kospi200: float = w.level100("kospi200")
    basis: float = w.points("basis")


@dataclass(frozen=True, slots=True)
class ArbitrageBalance:
    """Arbitrage balance of one day."""

    day: date = w.day("dt", required=True)
    long_balance_shares: int = w.shares("buy_dfrt_trde_qty", w.THOUSAND)
    long_balance_krw: int = w.krw("buy_dfrt_trde_amt", w.MILLION)
    long_step_krw: int = w.net_krw("buy_dfrt_trde_irds_amt", w.MILLION)
    short_balance_shares: int = w.shares("sel_dfrt_trde_qty", w.THOUSAND)
    short_balance_krw: int = w.krw("sel_dfrt_trde_amt", w.MILLION)
    short_step_krw: int = w.net_krw("sel_dfrt_trde_irds_amt", w.MILLION)


@dataclass(frozen=True, slots=True)
class ProgramTrend:
    """Programme net buying of one day and cumulated."""

    day: date = w.day("dt", required=True)
    kospi200: float = w.level("kospi200")
    basis: float = w.points("basis")
    arbitrage: int = w.measured("dfrt_trde_tdy", w.MILLION, w.THOUSAND)
    arbitrage_sum: int = w.measured("dfrt_trde_acc", w.MILLION, w.THOUSAND)
    other: int = w.measured("ndiffpro_trde_tdy", w.MILLION, w.THOUSAND)
    other_sum: int = w.measured("ndiffpro_trde_acc", w.MILLION, w.THOUSAND)
    all: int = w.measured("all_tdy", w.MILLION, w.THOUSAND)
    all_sum: int = w.measured("all_acc", w.MILLION, w.THOUSAND)


@dataclass(frozen=True, slots=True)
class StockProgramTime:
    """Programme trading of one stock up to some time; ``_step`` is the change since the row before."""

    at_s: int = w.clock("tm", required=True)
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    sell_krw: int = w.krw("prm_sell_amt", w.MILLION)
    buy_krw: int = w.krw("prm_buy_amt", w.MILLION)
    net_krw: int = w.net_krw("prm_netprps_amt", w.MILLION)
    net_step_krw: int = w.net_krw("prm_netprps_amt_irds", w.MILLION)
    sell_shares: int = w.shares("prm_sell_qty")
    buy_shares: int = w.shares("prm_buy_qty")
    net_shares: int = w.net_shares("prm_netprps_qty")
    net_step_shares: int = w.net_shares("prm_netprps_qty_irds")
    base_at: str = w.text("base_pric_tm")
    loan_repayments: str = w.text("dbrt_trde_rpy_sum")
    balance_receipts: str = w.text("remn_rcvord_sum")
    venue: FeedVenue | None = w.venue_text("stex_tp")


@dataclass(frozen=True, slots=True)
class ProgramDay:
    """Programme trading of the market on one day."""

    at_ns: int = w.stamp("cntr_tm", required=True)
    arbitrage_sell_krw: int = w.krw("dfrt_trde_sel", w.MILLION)
    arbitrage_buy_krw: int = w.krw("dfrt_trde_buy", w.MILLION)
    arbitrage_net_krw: int = w.net_krw("dfrt_trde_netprps", w.MILLION)
    other_sell_krw: int = w.krw("ndiffpro_trde_sel", w.MILLION)
    other_buy_krw: int = w.krw("ndiffpro_trde_buy", w.MILLION)
    other_net_krw: int = w.net_krw("ndiffpro_trde_netprps", w.MILLION)
    arbitrage_sell_shares: int = w.shares("dfrt_trde_sell_qty", w.THOUSAND)
    arbitrage_buy_shares: int = w.shares("dfrt_trde_buy_qty", w.THOUSAND)
    arbitrage_net_shares: int = w.net_shares("dfrt_trde_netprps_qty", w.THOUSAND)
    other_sell_shares: int = w.shares("ndiffpro_trde_sell_qty", w.THOUSAND)
    other_buy_shares: int = w.shares("ndiffpro_trde_buy_qty", w.THOUSAND)
    other_net_shares: int = w.net_shares("ndiffpro_trde_netprps_qty", w.THOUSAND)
    all_sell_krw: int = w.krw("all_sel", w.MILLION)
    all_buy_krw: int = w.krw("all_buy", w.MILLION)
    all_net_krw: int = w.net_krw("all_netprps", w.MILLION)
    kospi200: float = w.level("kospi200")
    basis: float = w.points("basis")


@dataclass(frozen=True, slots=True)
class StockProgramDay:
    """Programme trading of one stock on one day; idle days have a price of 0."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    sell_krw: int = w.krw("prm_sell_amt", w.MILLION)
    buy_krw: int = w.krw("prm_buy_amt", w.MILLION)
    net_krw: int = w.net_krw("prm_netprps_amt", w.MILLION)
    net_step_krw: int = w.net_krw("prm_netprps_amt_irds", w.MILLION)
    sell_shares: int = w.shares("prm_sell_qty")
    buy_shares: int = w.shares("prm_buy_qty")
    net_shares: int = w.net_shares("prm_netprps_qty")
    net_step_shares: int = w.net_shares("prm_netprps_qty_irds")
    base_at: str = w.text("base_pric_tm")
    loan_repayments: str = w.text("dbrt_trde_rpy_sum")
    balance_receipts: str = w.text("remn_rcvord_sum")
    venue: FeedVenue | None = w.venue_text("stex_tp")
