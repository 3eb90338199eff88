# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of indices, sectors, themes and volatility interruptions.

One record per row or flat answer; units are in the names, ``measured`` fields are won or shares as the request asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

__all__ = [
    "IndexBar",
    "IndexChartHead",
    "IndexDay",
    "IndexMinuteBar",
    "IndexPoint",
    "IndexSnapshot",
    "IndexTickBar",
    "SectorIndex",
    "SectorStock",
    "Theme",
    "ThemeHead",
    "ThemeStock",
    "ViRow",
]


@dataclass(frozen=True, slots=True)
class IndexSnapshot:
    """An index now, with issues by direction and the 52-week range."""

    level: float = w.level("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change: float = w.points("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty", w.THOUSAND)
    value_krw: int = w.krw("trde_prica", w.MILLION)
    traded_issues: int = w.count("trde_frmatn_stk_num")
    traded_pct: float = w.pct("trde_frmatn_rt")
    open: float = w.level("open_pric")
    high: float = w.level("high_pric")
    low: float = w.level("low_pric")
    upper_limit_issues: int = w.count("upl")
    up_issues: int = w.count("rising")
    unchanged_issues: int = w.count("stdns")
    down_issues: int = w.count("fall")
    lower_limit_issues: int = w.count("lst")
    high_52w: float = w.level("52wk_hgst_pric")
    high_52w_on: date | None = w.day("52wk_hgst_pric_dt")
    from_high_52w_pct: float = w.pct("52wk_hgst_pric_pre_rt")
    low_52w: float = w.level("52wk_lwst_pric")
    low_52w_on: date | None = w.day("52wk_lwst_pric_dt")
    from_low_52w_pct: float = w.pct("52wk_lwst_pric_pre_rt")


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """An index at some time of the day."""

    at_s: int = w.clock("tm_n")
    level: float = w.level("cur_prc_n", required=True)
    direction: Direction = w.direction("pred_pre_sig_n")
    change: float = w.points("pred_pre_n")
    change_pct: float = w.pct("flu_rt_n")
    slot_volume_shares: int = w.shares("trde_qty_n", w.THOUSAND)
    volume_shares: int = w.shares("acc_trde_qty_n", w.THOUSAND)
    venue: FeedVenue | None = w.venue_text("stex_tp")


@dataclass(frozen=True, slots=True)
class SectorStock:
    """Stock of a sector."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("now_trde_qty")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    open_krw: int = w.price("open_pric")
    high_krw: int = w.price("high_pric")
    low_krw: int = w.price("low_pric")


@dataclass(frozen=True, slots=True)
class SectorIndex:
    """A sector index with issues by direction."""

    code: str = w.sector("stk_cd", required=True)
    name: str = w.text("stk_nm")
    level: float = w.level("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change: float = w.points("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty", w.THOUSAND)
    weight_pct: float = w.pct("wght")
    value_krw: int = w.krw("trde_prica", w.MILLION)
    upper_limit_issues: int = w.count("upl")
    up_issues: int = w.count("rising")
    unchanged_issues: int = w.count("stdns")
    down_issues: int = w.count("fall")
    lower_limit_issues: int = w.count("lst")
    listed_issues: int = w.count("flo_stk_num")


@dataclass(frozen=True, slots=True)
class IndexDay:
    """An index at the end of a day."""

    day: date = w.day("dt_n", required=True)
    level: float = w.level("cur_prc_n", required=True)
    direction: Direction = w.direction("pred_pre_sig_n")
    change: float = w.points("pred_pre_n")
    change_pct: float = w.pct("flu_rt_n")
    volume_shares: int = w.shares("acc_trde_qty_n", w.THOUSAND)


@dataclass(frozen=True, slots=True)
class IndexChartHead:
    """Which index a chart is of."""

    code: str = w.sector("inds_cd", required=True)


@dataclass(frozen=True, slots=True)
class IndexTickBar:
    """Bar of some index ticks; closing ticks may have no time."""

    level: float = w.level100("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", w.THOUSAND, required=True)
    at_ns: int = w.stamp("cntr_tm")
    open: float = w.level100("open_pric", required=True)
    high: float = w.level100("high_pric", required=True)
    low: float = w.level100("low_pric", required=True)
    change: float = w.points100("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")


@dataclass(frozen=True, slots=True)
class IndexMinuteBar:
    """Bar of some minutes; ``at_ns`` is its start."""

    level: float = w.level100("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", w.THOUSAND, required=True)
    at_ns: int = w.stamp("cntr_tm")
    open: float = w.level100("open_pric", required=True)
    high: float = w.level100("high_pric", required=True)
    low: float = w.level100("low_pric", required=True)
    day_volume_shares: int = w.shares("acc_trde_qty", w.THOUSAND)
    change: float = w.points100("pred_pre")
    direction: Direction = w.direction("pred_pre_sig")


@dataclass(frozen=True, slots=True)
class IndexBar:
    """Daily, weekly, monthly or yearly bar of an index."""

    level: float = w.level100("cur_prc", required=True)
    volume_shares: int = w.shares("trde_qty", w.THOUSAND, required=True)
    day: date = w.day("dt", required=True)
    open: float = w.level100("open_pric", required=True)
    high: float = w.level100("high_pric", required=True)
    low: float = w.level100("low_pric", required=True)
    value_krw: int = w.krw("trde_prica", w.MILLION, required=True)


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme of stocks."""

    theme: str = w.text("thema_grp_cd", required=True)
    name: str = w.text("thema_nm")
    issues: int = w.count("stk_num")
    direction: Direction = w.direction("flu_sig")
    change_pct: float = w.pct("flu_rt")
    up_issues: int = w.count("rising_stk_num")
    down_issues: int = w.count("fall_stk_num")
    period_return_pct: float = w.pct("dt_prft_rt")
    main_stocks: str = w.text("main_stk")


@dataclass(frozen=True, slots=True)
class ThemeHead:
    """A theme as a whole."""

    change_pct: float = w.pct("flu_rt")
    period_return_pct: float = w.pct("dt_prft_rt")


@dataclass(frozen=True, slots=True)
class ThemeStock:
    """Stock of a theme."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("flu_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("acc_trde_qty")
    ask_krw: int = w.price("sel_bid")
    ask_shares: int = w.shares("sel_req")
    bid_krw: int = w.price("buy_bid")
    bid_shares: int = w.shares("buy_req")
    period_return_pct: float = w.pct("dt_prft_rt_n")


@dataclass(frozen=True, slots=True)
class ViRow:
    """A volatility interruption; a base price of 0 does not apply."""

    ticker: str = w.symbol("stk_cd", required=True)
    code_venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    volume_shares: int = w.shares("acc_trde_qty")
    trigger_krw: int = w.price("motn_pric", required=True)
    dynamic_deviation_pct: float = w.pct("dynm_dispty_rt")
    triggered_at_s: int = w.clock("trde_cntr_proc_time", required=True)
    released_at_s: int = w.clock("virelis_time")
    kind: str = w.text("viaplc_tp")
    dynamic_base_krw: int = w.price("dynm_stdpc")
    static_base_krw: int = w.price("static_stdpc")
    static_deviation_pct: float = w.pct("static_dispty_rt")
    from_open_pct: float = w.pct("open_pric_pre_flu_rt")
    count_today: int = w.count("vimotn_cnt")
    venue: FeedVenue | None = w.venue_text("stex_tp")
