# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of stock charts and daily tables.

One record per row or flat answer; units are in the names, ``measured`` fields are won or shares as the request asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

__all__ = [
    "ChartHead",
    "DayBar",
    "DayDetail",
    "DayPrice",
    "MinuteBar",
    "PeriodBar",
    "TickBar",
    "TickChartHead",
    "YearBar",
]


@dataclass(frozen=True, slots=True)
class TickChartHead:
    """Which stock, and how many ticks the open bar holds."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    ticks_in_last: int = w.count("last_tic_cnt")


@dataclass(frozen=True, slots=True)
class TickBar:
    """Bar of some ticks; the sign of the change comes from the direction."""

    close_krw: int = w.price("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", required=True)
    at_ns: int = w.stamp("cntr_tm", required=True)
    open_krw: int = w.price("open_pric", required=True)
    high_krw: int = w.price("high_pric", required=True)
    low_krw: int = w.price("low_pric", required=True)
    change_krw: int = w.change("pred_pre", sign_from="pred_pre_sig")
    direction: Direction = w.direction("pred_pre_sig")


@dataclass(frozen=True, slots=True)
class ChartHead:
    """Which stock a chart is of."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")


@dataclass(frozen=True, slots=True)
class MinuteBar:
    """Bar of some minutes; ``at_ns`` is its start."""

    close_krw: int = w.price("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", required=True)
    at_ns: int = w.stamp("cntr_tm", required=True)
    open_krw: int = w.price("open_pric", required=True)
    high_krw: int = w.price("high_pric", required=True)
    low_krw: int = w.price("low_pric", required=True)
    change_krw: int = w.change("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")
    day_volume_shares: int = w.shares("acc_trde_qty")
    """Accumulated volume of the day; not in the official table."""


@dataclass(frozen=True, slots=True)
class DayBar:
    """Daily bar. On a halted day the volume is 0 and all four prices are the previous close."""

    close_krw: int = w.price("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", required=True)
    value_krw: int = w.krw("trde_prica", w.MILLION, required=True)
    day: date = w.day("dt", required=True)
    open_krw: int = w.price("open_pric", required=True)
    high_krw: int = w.price("high_pric", required=True)
    low_krw: int = w.price("low_pric", required=True)
    change_krw: int = w.change("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")
    turnover_pct: float = w.pct("trde_tern_rt")


@dataclass(frozen=True, slots=True)
class PeriodBar:
    """Weekly or monthly bar; ``day`` is the first trading day of the period. The value comes in won here."""

    close_krw: int = w.price("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", required=True)
    value_krw: int = w.krw("trde_prica", required=True)
    day: date = w.day("dt", required=True)
    open_krw: int = w.price("open_pric", required=True)
    high_krw: int = w.price("high_pric", required=True)
    low_krw: int = w.price("low_pric", required=True)
    change_krw: int = w.change("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")
    turnover_pct: float = w.pct("trde_tern_rt")


@dataclass(frozen=True, slots=True)
class YearBar:
    """Yearly bar; ``day`` is the first trading day of the year. The value comes in won here."""

    close_krw: int = w.price("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", required=True)
    value_krw: int = w.krw("trde_prica", required=True)
    day: date = w.day("dt", required=True)
    open_krw: int = w.price("open_pric", required=True)
    high_krw: int = w.price("high_pric", required=True)
    low_krw: int = w.price("low_pric", required=True)


@dataclass(frozen=True, slots=True)
class DayPrice:
    """Day with investor columns; foreign ones are shares whatever was asked."""

    day: date = w.day("date", required=True)
    open_krw: int = w.price("open_pric", required=True)
    high_krw: int = w.price("high_pric", required=True)
    low_krw: int = w.price("low_pric", required=True)
    close_krw: int = w.price("close_pric", required=True)
    change_krw: int = w.change("pred_rt")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    value_krw: int = w.krw("amt_mn", w.MILLION)
    credit_pct: float = w.pct("crd_rt")
    individual: int = w.measured("ind", w.MILLION)
    institution: int = w.measured("orgn", w.MILLION)
    foreign_shares: int = w.net_shares("for_qty")
    foreign_brokers: int = w.measured("frgn", w.MILLION)
    program: int = w.measured("prm", w.MILLION)
    foreign_pct: float = w.pct("for_rt")
    foreign_holding_pct: float = w.pct("for_poss")
    foreign_weight_pct: float = w.pct("for_wght")
    foreign_net_shares: int = w.net_shares("for_netprps")
    institution_net: int = w.measured("orgn_netprps", w.MILLION)
    individual_net: int = w.measured("ind_netprps", w.MILLION)
    credit_balance_pct: float = w.pct("crd_remn_rt")


@dataclass(frozen=True, slots=True)
class DayDetail:
    """Day split into pre-market, regular and after-hours trading."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("close_pric", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    value_krw: int = w.krw("trde_prica", w.MILLION)
    pre_market_shares: int = w.shares("bf_mkrt_trde_qty")
    pre_market_volume_pct: float = w.pct("bf_mkrt_trde_wght")
    regular_shares: int = w.shares("opmr_trde_qty")
    regular_volume_pct: float = w.pct("opmr_trde_wght")
    after_market_shares: int = w.shares("af_mkrt_trde_qty")
    after_market_volume_pct: float = w.pct("af_mkrt_trde_wght")
    total_3_shares: int = w.shares("tot_3")
    period_volume_shares: int = w.shares("prid_trde_qty")
    strength_pct: float = w.pct("cntr_str")
    foreign_holding_pct: float = w.pct("for_poss")
    foreign_weight_pct: float = w.pct("for_wght")
    foreign_shares: int = w.net_shares("for_netprps")
    institution_shares: int = w.net_shares("orgn_netprps")
    individual_shares: int = w.net_shares("ind_netprps")
    foreign_brokers_shares: int = w.net_shares("frgn")
    credit_balance_pct: float = w.pct("crd_remn_rt")
    program_shares: int = w.net_shares("prm")
    pre_market_krw: int = w.krw("bf_mkrt_trde_prica", w.MILLION)
    pre_market_value_pct: float = w.pct("bf_mkrt_trde_prica_wght")
    regular_krw: int = w.krw("opmr_trde_prica", w.MILLION)
    regular_value_pct: float = w.pct("opmr_trde_prica_wght")
    after_market_krw: int = w.krw("af_mkrt_trde_prica", w.MILLION)
    after_market_value_pct: float = w.pct("af_mkrt_trde_prica_wght")
