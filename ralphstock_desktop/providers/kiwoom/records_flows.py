# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of investor flows, foreign holdings and short selling.

One record per row or flat answer; units are in the names, ``measured`` fields are won or shares as the request asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w
from ralphstock_desktop.providers.kiwoom.records_wire import Direction

__all__ = [
    "AfterCloseInvestor",
    "ForeignHolding",
    "ForeignInstitutionTop",
    "ForeignRank",
    "InstitutionDay",
    "InstitutionTrend",
    "InstitutionTrendHead",
    "IntradayInvestor",
    "InvestorChartDay",
    "InvestorCurvePoint",
    "InvestorDay",
    "InvestorStock",
    "InvestorSum",
    "InvestorTop",
    "RunRank",
    "SectorFlow",
    "ShortSale",
]


@dataclass(frozen=True, slots=True)
class InvestorDay:
    """Flow of one day by investor; the institutions together are the sum of the eight from securities to state."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct100("flu_rt")
    volume_shares: int = w.shares("acc_trde_qty")
    value_krw: int = w.krw("acc_trde_prica", w.MILLION)
    individual: int = w.measured("ind_invsr", w.MILLION, required=True)
    foreign: int = w.measured("frgnr_invsr", w.MILLION, required=True)
    institution: int = w.measured("orgn", w.MILLION, required=True)
    securities: int = w.measured("fnnc_invt", w.MILLION)
    insurance: int = w.measured("insrnc", w.MILLION)
    investment_trust: int = w.measured("invtrt", w.MILLION)
    other_finance: int = w.measured("etc_fnnc", w.MILLION)
    bank: int = w.measured("bank", w.MILLION)
    pension: int = w.measured("penfnd_etc", w.MILLION)
    private_fund: int = w.measured("samo_fund", w.MILLION)
    state: int = w.measured("natn", w.MILLION)
    other_corp: int = w.measured("etc_corp", w.MILLION)
    resident_foreign: int = w.measured("natfor", w.MILLION)


@dataclass(frozen=True, slots=True)
class InvestorChartDay:
    """The same as a chart; what is called value there is the volume."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("cur_prc", required=True)
    change_krw: int = w.change("pred_pre")
    volume_shares: int = w.shares("acc_trde_prica")
    individual: int = w.measured("ind_invsr", w.MILLION)
    foreign: int = w.measured("frgnr_invsr", w.MILLION)
    institution: int = w.measured("orgn", w.MILLION)
    securities: int = w.measured("fnnc_invt", w.MILLION)
    insurance: int = w.measured("insrnc", w.MILLION)
    investment_trust: int = w.measured("invtrt", w.MILLION)
    other_finance: int = w.measured("etc_fnnc", w.MILLION)
    bank: int = w.measured("bank", w.MILLION)
    pension: int = w.measured("penfnd_etc", w.MILLION)
    private_fund: int = w.measured("samo_fund", w.MILLION)
    state: int = w.measured("natn", w.MILLION)
    other_corp: int = w.measured("etc_corp", w.MILLION)
    resident_foreign: int = w.measured("natfor", w.MILLION)


@dataclass(frozen=True, slots=True)
class InvestorSum:
    """Net buying over a range of days by investor."""

    individual: int = w.measured("ind_invsr", w.MILLION)
    foreign: int = w.measured("frgnr_invsr", w.MILLION)
    institution: int = w.measured("orgn", w.MILLION)
    securities: int = w.measured("fnnc_invt", w.MILLION)
    insurance: int = w.measured("insrnc", w.MILLION)
    investment_trust: int = w.measured("invtrt", w.MILLION)
    other_finance: int = w.measured("etc_fnnc", w.MILLION)
    bank: int = w.measured("bank", w.MILLION)
    pension: int = w.measured("penfnd_etc", w.MILLION)
    private_fund: int = w.measured("samo_fund", w.MILLION)
    state: int = w.measured("natn", w.MILLION)
    other_corp: int = w.measured("etc_corp", w.MILLION)
    resident_foreign: int = w.measured("natfor", w.MILLION)


@dataclass(frozen=True, slots=True)
class ForeignHolding:
    """Foreign holding of one day."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("close_pric", required=True)
    change_krw: int = w.change("pred_pre")
    volume_shares: int = w.shares("trde_qty")
    change_shares: int = w.net_shares("chg_qty")
    held_shares: int = w.shares("poss_stkcnt")
    weight_pct: float = w.pct("wght")
    acquirable_shares: int = w.shares("gain_pos_stkcnt")
    limit_shares: int = w.shares("frgnr_limit")
    limit_change_shares: int = w.net_shares("frgnr_limit_irds")
    limit_used_pct: float = w.pct("limit_exh_rt")


@dataclass(frozen=True, slots=True)
class InstitutionDay:
    """Institutions and foreigners of the last day (ka10009, optional)."""

    day: date = w.day("date", required=True)
    close_krw: int = w.price("close_pric", required=True)
    change_krw: int = w.change("pre")
    institution_sum_shares: int = w.net_shares("orgn_dt_acc")
    institution_shares: int = w.net_shares("orgn_daly_nettrde")
    foreign_shares: int = w.net_shares("frgnr_daly_nettrde")
    foreign_pct: float = w.pct("frgnr_qota_rt")


@dataclass(frozen=True, slots=True)
class InstitutionTrendHead:
    """Estimated average prices over the range."""

    institution_average_krw: int = w.price("orgn_prsm_avg_pric")
    foreign_average_krw: int = w.price("for_prsm_avg_pric")


@dataclass(frozen=True, slots=True)
class InstitutionTrend:
    """Institutions and foreigners of one day, and summed over the range."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("close_pric", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    institution_sum_shares: int = w.net_shares("orgn_dt_acc")
    institution_shares: int = w.net_shares("orgn_daly_nettrde_qty")
    foreign_sum_shares: int = w.net_shares("for_dt_acc")
    foreign_shares: int = w.net_shares("for_daly_nettrde_qty")
    limit_used_pct: float = w.pct("limit_exh_rt")


@dataclass(frozen=True, slots=True)
class RunRank:
    """Stock of the ranking by consecutive days of net buying; days below 0 are days of net selling."""

    rank: int = w.count("rank", required=True)
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    period_change_pct: float = w.pct("prid_stkpc_flu_rt")
    institution_krw: int = w.net_krw("orgn_nettrde_amt", w.MILLION)
    institution_shares: int = w.net_shares("orgn_nettrde_qty")
    institution_run_days: int = w.number("orgn_cont_netprps_dys")
    institution_run_shares: int = w.net_shares("orgn_cont_netprps_qty")
    institution_run_krw: int = w.net_krw("orgn_cont_netprps_amt", w.MILLION)
    foreign_shares: int = w.net_shares("frgnr_nettrde_qty")
    foreign_krw: int = w.net_krw("frgnr_nettrde_amt", w.MILLION)
    foreign_run_days: int = w.number("frgnr_cont_netprps_dys")
    foreign_run_shares: int = w.net_shares("frgnr_cont_netprps_qty")
    foreign_run_krw: int = w.net_krw("frgnr_cont_netprps_amt", w.MILLION)
    both_shares: int = w.net_shares("nettrde_qty")
    both_krw: int = w.net_krw("nettrde_amt", w.MILLION)
    both_run_days: int = w.number("tot_cont_netprps_dys")
    both_run_shares: int = w.net_shares("tot_cont_nettrde_qty")
    both_run_krw: int = w.net_krw("tot_cont_netprps_amt", w.MILLION)


@dataclass(frozen=True, slots=True)
class IntradayInvestor:
    """Intraday trading of one investor in one stock; amounts are not always there."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("acc_trde_qty")
    net_krw: int = w.net_krw("netprps_amt", w.MILLION)
    previous_net_krw: int = w.net_krw("prev_netprps_amt", w.MILLION)
    buy_krw: int = w.net_krw("buy_amt", w.MILLION)
    net_step_krw: int = w.net_krw("netprps_amt_irds", w.MILLION)
    buy_step_krw: int = w.net_krw("buy_amt_irds", w.MILLION)
    sell_krw: int = w.net_krw("sell_amt", w.MILLION)
    sell_step_krw: int = w.net_krw("sell_amt_irds", w.MILLION)
    net_shares: int = w.net_shares("netprps_qty")
    previous_net_shares: int = w.net_shares("prev_pot_netprps_qty")
    net_step_shares: int = w.net_shares("netprps_irds")
    buy_shares: int = w.net_shares("buy_qty")
    buy_step_shares: int = w.net_shares("buy_qty_irds")
    sell_shares: int = w.net_shares("sell_qty")
    sell_step_shares: int = w.net_shares("sell_qty_irds")


@dataclass(frozen=True, slots=True)
class InvestorCurvePoint:
    """Cumulated trading of the day by investor at some time."""

    at_s: int = w.clock("tm", required=True)
    foreign: int = w.measured("frgnr_invsr", w.MILLION)
    institution: int = w.measured("orgn", w.MILLION)
    investment_trust: int = w.measured("invtrt", w.MILLION)
    insurance: int = w.measured("insrnc", w.MILLION)
    bank: int = w.measured("bank", w.MILLION)
    pension: int = w.measured("penfnd_etc", w.MILLION)
    other_corp: int = w.measured("etc_corp", w.MILLION)
    state: int = w.measured("natn", w.MILLION)


@dataclass(frozen=True, slots=True)
class InvestorTop:
    """Stock of an intraday investor ranking; sales are negative."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    sell: int = w.measured("sel_qty", w.MILLION)
    buy: int = w.measured("buy_qty")
    net: int = w.measured("netslmt", w.MILLION)


@dataclass(frozen=True, slots=True)
class AfterCloseInvestor:
    """Trading of one stock by investor after the close."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    individual: int = w.measured("ind_invsr", w.MILLION)
    foreign: int = w.measured("frgnr_invsr", w.MILLION)
    institution: int = w.measured("orgn", w.MILLION)
    securities: int = w.measured("fnnc_invt", w.MILLION)
    insurance: int = w.measured("insrnc", w.MILLION)
    investment_trust: int = w.measured("invtrt", w.MILLION)
    other_finance: int = w.measured("etc_fnnc", w.MILLION)
    bank: int = w.measured("bank", w.MILLION)
    pension: int = w.measured("penfnd_etc", w.MILLION)
    private_fund: int = w.measured("samo_fund", w.MILLION)
    state: int = w.measured("natn", w.MILLION)
    other_corp: int = w.measured("etc_corp", w.MILLION)


@dataclass(frozen=True, slots=True)
class SectorFlow:
    """Net buying in one sector by investor; the first row is the whole market."""

    code: str = w.sector("inds_cd", required=True)
    name: str = w.text("inds_nm")
    level: float = w.level100("cur_prc", required=True)
    direction: Direction = w.direction("pre_smbol")
    change: float = w.points100("pred_pre")
    change_pct: float = w.pct100("flu_rt")
    volume_shares: int = w.shares("trde_qty", w.THOUSAND)
    securities: int = w.measured("sc_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    insurance: int = w.measured("insrnc_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    investment_trust: int = w.measured("invtrt_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    bank: int = w.measured("bank_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    other_finance: int = w.measured("jnsinkm_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    pension: int = w.measured("endw_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    other_corp: int = w.measured("etc_corp_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    individual: int = w.measured("ind_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    foreign: int = w.measured("frgnr_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    resident_foreign: int = w.measured("native_trmt_frgnr_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    state: int = w.measured("natn_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    private_fund: int = w.measured("samo_fund_netprps", w.HUNDRED_MILLION, w.THOUSAND)
    institution: int = w.measured("orgn_netprps", w.HUNDRED_MILLION, w.THOUSAND)


@dataclass(frozen=True, slots=True)
class InvestorStock:
    """Stock that one kind of investor traded in a range of days."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    net_shares: int = w.net_shares("netslmt_qty")
    net_krw: int = w.net_krw("netslmt_amt", w.TEN_THOUSAND)
    average_krw: int = w.price("prsm_avg_pric")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pre_sig")
    change_krw: int = w.change("pred_pre")
    from_average_krw: int = w.change("avg_pric_pre")
    change_pct: float = w.pct("pre_rt")
    range_volume_shares: int = w.shares("dt_trde_qty")


@dataclass(frozen=True, slots=True)
class ForeignInstitutionTop:
    """Four unrelated stocks of the same rank: foreign sold and bought, institutions sold and bought."""

    foreign_sell_ticker: str = w.symbol("for_netslmt_stk_cd")
    foreign_sell_name: str = w.text("for_netslmt_stk_nm")
    foreign_sell_krw: int = w.net_krw("for_netslmt_amt", w.TEN_MILLION)
    foreign_sell_shares: int = w.net_shares("for_netslmt_qty", w.THOUSAND)
    foreign_buy_ticker: str = w.symbol("for_netprps_stk_cd")
    foreign_buy_name: str = w.text("for_netprps_stk_nm")
    foreign_buy_krw: int = w.net_krw("for_netprps_amt", w.TEN_MILLION)
    foreign_buy_shares: int = w.net_shares("for_netprps_qty", w.THOUSAND)
    institution_sell_ticker: str = w.symbol("orgn_netslmt_stk_cd")
    institution_sell_name: str = w.text("orgn_netslmt_stk_nm")
    institution_sell_krw: int = w.net_krw("orgn_netslmt_amt", w.TEN_MILLION)
    institution_sell_shares: int = w.net_shares("orgn_netslmt_qty", w.THOUSAND)
    institution_buy_ticker: str = w.symbol("orgn_netprps_stk_cd")
    institution_buy_name: str = w.text("orgn_netprps_stk_nm")
    institution_buy_krw: int = w.net_krw("orgn_netprps_amt", w.TEN_MILLION)
    institution_buy_shares: int = w.net_shares("orgn_netprps_qty", w.THOUSAND)
    pipe: str = w.text("pipe1")


@dataclass(frozen=True, slots=True)
class ForeignRank:
    """Stock of the foreign net ranking."""

    rank: int = w.count("rank", required=True)
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    close_krw: int = w.price("cur_prc", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    ask_krw: int = w.price("sel_bid")
    bid_krw: int = w.price("buy_bid")
    volume_shares: int = w.shares("trde_qty")
    net_shares: int = w.net_shares("netprps_qty")
    acquirable_shares: int = w.shares("gain_pos_stkcnt")


@dataclass(frozen=True, slots=True)
class ShortSale:
    """Short selling of one day; ``short_sum_shares`` runs over the range asked for."""

    day: date = w.day("dt", required=True)
    close_krw: int = w.price("close_pric", required=True)
    direction: Direction = w.direction("pred_pre_sig")
    change_krw: int = w.change("pred_pre")
    change_pct: float = w.pct("flu_rt")
    volume_shares: int = w.shares("trde_qty")
    short_shares: int = w.shares("shrts_qty")
    short_sum_shares: int = w.shares("ovr_shrts_qty")
    short_pct: float = w.pct("trde_wght")
    short_krw: int = w.krw("shrts_trde_prica", w.THOUSAND)
    short_average_krw: int = w.price("shrts_avg_pric")
