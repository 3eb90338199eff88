# ruff: noqa: RUF009 - the declarations are what the fields of a record are made of
"""Records of the account requests the workstation reads, in short: only the columns it uses.

Numbers are padded with zeros to 12 or 15 characters, codes carry the market letter.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.live import FeedVenue
from ralphstock_desktop.providers.kiwoom import records_wire as w

__all__ = ["Account", "AccountValue", "Deposit", "Evaluation", "Execution", "Holding", "HoldingValue", "OpenOrder"]


@dataclass(frozen=True, slots=True)
class Account:
    """Account number."""

    account: str = w.text("acctNo", required=True)

    def __repr__(self) -> str:
        return "Account(…)"


@dataclass(frozen=True, slots=True)
class Deposit:
    """Cash of the account."""

    cash_krw: int = w.net_krw("entr", required=True)
    orderable_krw: int = w.net_krw("ord_alow_amt")
    withdrawable_krw: int = w.net_krw("pymn_alow_amt")
    next_day_krw: int = w.net_krw("d1_entra")
    settled_krw: int = w.net_krw("d2_entra")


@dataclass(frozen=True, slots=True)
class AccountValue:
    """Value of all holdings (kt00018)."""

    cost_krw: int = w.net_krw("tot_pur_amt")
    value_krw: int = w.net_krw("tot_evlt_amt")
    profit_krw: int = w.net_krw("tot_evlt_pl")
    profit_pct: float = w.pct("tot_prft_rt")
    assets_krw: int = w.net_krw("prsm_dpst_aset_amt")


@dataclass(frozen=True, slots=True)
class Holding:
    """One holding (kt00018)."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    held_shares: int = w.shares("rmnd_qty", required=True)
    sellable_shares: int = w.shares("trde_able_qty")
    average_krw: int = w.price("pur_pric")
    close_krw: int = w.price("cur_prc", required=True)
    previous_close_krw: int = w.price("pred_close_pric")
    cost_krw: int = w.net_krw("pur_amt")
    value_krw: int = w.net_krw("evlt_amt")
    profit_krw: int = w.net_krw("evltv_prft")
    profit_pct: float = w.pct("prft_rt")
    share_pct: float = w.pct("poss_rt")
    tax_krw: int = w.net_krw("tax")
    fees_krw: int = w.net_krw("sum_cmsn")
    credit_type: str = w.text("crd_tp")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Value of the account (kt00004)."""

    cash_krw: int = w.net_krw("entr")
    settled_krw: int = w.net_krw("d2_entra")
    value_krw: int = w.net_krw("aset_evlt_amt")
    cost_krw: int = w.net_krw("tot_pur_amt")
    assets_krw: int = w.net_krw("prsm_dpst_aset_amt")


@dataclass(frozen=True, slots=True)
class HoldingValue:
    """One holding (kt00004)."""

    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    held_shares: int = w.shares("rmnd_qty", required=True)
    average_krw: int = w.price("avg_prc")
    close_krw: int = w.price("cur_prc", required=True)
    value_krw: int = w.net_krw("evlt_amt")
    profit_krw: int = w.net_krw("pl_amt")
    profit_pct: float = w.pct("pl_rt")
    cost_krw: int = w.net_krw("pur_amt")


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """One order that is not filled (ka10075)."""

    order: str = w.text("ord_no", required=True)
    original_order: str = w.text("orig_ord_no")
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    state: str = w.text("ord_stt")
    side: str = w.text("io_tp_nm")
    type: str = w.text("trde_tp")
    ordered_shares: int = w.shares("ord_qty", required=True)
    ordered_krw: int = w.price("ord_pric")
    open_shares: int = w.shares("oso_qty")
    filled_shares: int = w.shares("cntr_qty")
    filled_krw: int = w.price("cntr_pric")
    at_s: int = w.clock("tm")
    close_krw: int = w.price("cur_prc")


@dataclass(frozen=True, slots=True)
class Execution:
    """One order with what was filled (ka10076)."""

    order: str = w.text("ord_no", required=True)
    original_order: str = w.text("orig_ord_no")
    ticker: str = w.symbol("stk_cd", required=True)
    venue: FeedVenue = w.venue("stk_cd")
    name: str = w.text("stk_nm")
    state: str = w.text("ord_stt")
    side: str = w.text("io_tp_nm")
    type: str = w.text("trde_tp")
    ordered_shares: int = w.shares("ord_qty", required=True)
    ordered_krw: int = w.price("ord_pric")
    open_shares: int = w.shares("oso_qty")
    filled_shares: int = w.shares("cntr_qty")
    filled_krw: int = w.price("cntr_pric")
    fee_krw: int = w.net_krw("tdy_trde_cmsn")
    tax_krw: int = w.net_krw("tdy_trde_tax")
    at_s: int = w.clock("ord_tm")
