# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of rankings and scanners.

One record per row or flat answer; units are in the names, ``measured`` fields are won or shares as the request asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

__all__ = [
    "ChangeRank",
    "ExpectedRank",
    "LimitIssue",
    "NewHighLow",
    "PriceJump",
    "StrengthPoint",
    "ValueRank",
    "ViewRank",
    "VolumeRank",
    "VolumeSurge",
]


@dataclass(frozen=True, slots=True)
class ChangeRank:
    """Stock of the ranking by change."""

    stock_class: str = w.text("stk_cls")
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    ask_shares: int = w.shares("sel_req")
    bid_shares: int = w.shares("buy_req")
    volume_shares: int = w.shares("now_trde_qty")
    strength_pct: float = w.pct("cntr_str")
    times: int = w.count("cnt")


@dataclass(frozen=True, slots=True)
class VolumeRank:
    """Stock of the ranking by volume today."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    volume_change_pct: float = w.pct("pred_rt")
    turnover_pct: float = w.pct("trde_tern_rt")
    value_krw: int = w.krw("trde_amt", w.MILLION)
    regular_shares: int = w.shares("opmr_trde_qty")
    regular_volume_change_pct: float = w.pct("opmr_pred_rt")
    regular_turnover_pct: float = w.pct("opmr_trde_rt")
    regular_krw: int = w.krw("opmr_trde_amt", w.MILLION)
    after_market_shares: int = w.shares("af_mkrt_trde_qty")
    after_market_volume_change_pct: float = w.pct("af_mkrt_pred_rt")
    after_market_turnover_pct: float = w.pct("af_mkrt_trde_rt")
    after_market_krw: int = w.krw("af_mkrt_trde_amt", w.MILLION)
    pre_market_shares: int = w.shares("bf_mkrt_trde_qty")
    pre_market_volume_change_pct: float = w.pct("bf_mkrt_pred_rt")
    pre_market_turnover_pct: float = w.pct("bf_mkrt_trde_rt")
    pre_market_krw: int = w.krw("bf_mkrt_trde_amt", w.MILLION)


@dataclass(frozen=True, slots=True)
class ValueRank:
    """Stock of the ranking by traded value."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    rank: int = w.count("now_rank")
    rank_yesterday: int = w.count("pred_rank")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    volume_shares: int = w.shares("now_trde_qty")
    volume_yesterday_shares: int = w.shares("pred_trde_qty")
    value_krw: int = w.krw("trde_prica", w.MILLION)


@dataclass(frozen=True, slots=True)
class VolumeSurge:
    """Stock whose volume jumped."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    compared_volume_shares: int = w.shares("prev_trde_qty")
    volume_shares: int = w.shares("now_trde_qty")
    surge_shares: int = w.net_shares("sdnin_qty")
    surge_pct: float = w.pct("sdnin_rt")


@dataclass(frozen=True, slots=True)
class ExpectedRank:
    """Stock of the ranking by expected match in an auction."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    expected_krw: int = w.price("exp_cntr_pric")
    base_krw: int = w.price("base_pric")
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    expected_shares: int = w.shares("exp_cntr_qty")
    ask_shares: int = w.shares("sel_req")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    bid_shares: int = w.shares("buy_req")


@dataclass(frozen=True, slots=True)
class PriceJump:
    """Stock whose price jumped; ``base_krw`` is the price some minutes or days ago."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    stock_class: str = w.text("stk_cls")
    name: str = w.text("stk_nm")
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    base_krw: int = w.price("base_pric")
    close_krw: int = w.price("cur_prc", required=True)
    from_base_krw: int = w.change("base_pre")
    volume_shares: int = w.shares("trde_qty")
    jump_pct: float = w.pct("jmp_rt")


@dataclass(frozen=True, slots=True)
class NewHighLow:
    """Stock at a new high or low."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    volume_change_pct: float = w.pct("pred_trde_qty_pre_rt")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    high_krw: int = w.price("high_pric")
    low_krw: int = w.price("low_pric")


@dataclass(frozen=True, slots=True)
class LimitIssue:
    """Stock at a price limit."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    status: str = w.text("stk_infr")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    volume_yesterday_shares: int = w.shares("pred_trde_qty")
    ask_shares: int = w.shares("sel_req")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    bid_shares: int = w.shares("buy_req")
    times: int = w.count("cnt")


@dataclass(frozen=True, slots=True)
class ViewRank:
    """Stock looked up most by the broker's customers."""

    name: str = w.text("stk_nm")
    rank: int = w.count("bigd_rank", required=True)
    rank_change: int = w.number("rank_chg")
    rank_change_sign: str = w.text("rank_chg_sign")
    close_krw: int = w.price("past_curr_prc")
    direction: Direction = w.direction("base_comp_sign")
    change_pct: float = w.pct("base_comp_chgr")
    previous_direction: Direction = w.direction("prev_base_sign")
    previous_change_pct: float = w.pct("prev_base_chgr")
    day: date = w.day("dt", required=True)
    at_s: int = w.clock("tm", required=True)
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")


@dataclass(frozen=True, slots=True)
class StrengthPoint:
    """Trade strength at some time; ``quantity_shares`` is signed by side."""

    at_s: int = w.clock("cntr_tm", required=True)
    close_krw: int = w.price("cur_prc", required=True)
    change_krw: int = w.change("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")
    change_pct: float = w.pct("flu_rt")
    quantity_shares: int = w.net_shares("trde_qty")
    value_krw: int = w.krw("acc_trde_prica", w.MILLION)
    volume_shares: int = w.shares("acc_trde_qty")
    strength_pct: float = w.pct("cntr_str")
    strength_5min_pct: float = w.pct("cntr_str_5min")
    strength_20min_pct: float = w.pct("cntr_str_20min")
    strength_60min_pct: float = w.pct("cntr_str_60min")
    venue: FeedVenue | None = w.venue_text("stex_tp")
