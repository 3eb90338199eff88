"""Account requests that only read (protocol 9.8, in short). The workstation sends no orders: none of theirs is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import records_accounts as r

__all__ = [
    "KA00001",
    "KA10075",
    "KA10076",
    "KT00001",
    "KT00004",
    "KT00018",
    "AccountRequest",
    "DepositRequest",
    "EvaluationRequest",
    "ExecutionsRequest",
    "HoldingsRequest",
    "OpenOrdersRequest",
]

_ACNT: Final = "/api/dostk/acnt"
_VENUES: Final = {"combined": "0", "KRX": "1", "NXT": "2"}


@dataclass(frozen=True, slots=True)
class AccountRequest(c.Request):
    """Account number of the key; takes nothing."""


@dataclass(frozen=True, slots=True)
class DepositRequest(c.Request):
    """Cash."""

    kind: Literal["estimated", "normal"] = c.choice("qry_tp", {"estimated": "3", "normal": "2"}, "normal")


@dataclass(frozen=True, slots=True)
class HoldingsRequest(c.Request):
    """Holdings with their value."""

    kind: Literal["summed", "separate"] = c.choice("qry_tp", {"summed": "1", "separate": "2"}, "summed")
    venue: Literal["KRX", "NXT"] = c.choice("dmst_stex_tp", {"KRX": "KRX", "NXT": "NXT"}, "KRX")


@dataclass(frozen=True, slots=True)
class EvaluationRequest(c.Request):
    """Value of the account."""

    with_delisted: bool = c.choice("qry_tp", {True: "0", False: "1"}, True)
    venue: Literal["KRX", "NXT"] = c.choice("dmst_stex_tp", {"KRX": "KRX", "NXT": "NXT"}, "KRX")


@dataclass(frozen=True, slots=True)
class OpenOrdersRequest(c.Request):
    """Orders that are not filled, of all stocks or one."""

    ticker: str = c.ticker("stk_cd", plain=True, default="")
    side: Literal["all", "sell", "buy"] = c.choice("trde_tp", {"all": "0", "sell": "1", "buy": "2"}, "all")
    venue: Literal["combined", "KRX", "NXT"] = c.choice("stex_tp", _VENUES, "combined")

    def codes(self) -> dict[str, str]:
        return {"all_stk_tp": "1" if self.ticker else "0"}


@dataclass(frozen=True, slots=True)
class ExecutionsRequest(c.Request):
    """What was filled today, of all stocks or one."""

    ticker: str = c.ticker("stk_cd", plain=True, default="")
    side: Literal["all", "sell", "buy"] = c.choice("sell_tp", {"all": "0", "sell": "1", "buy": "2"}, "all")
    order: str = c.pattern("ord_no", c.ORDER_NUMBER, "an order number of seven digits", "")
    venue: Literal["combined", "KRX", "NXT"] = c.choice("stex_tp", _VENUES, "combined")

    def codes(self) -> dict[str, str]:
        return {"qry_tp": "1" if self.ticker else "0"}


KA00001: Final[c.Tr[AccountRequest, r.Account, None]] = c.Tr(
    "ka00001", "계좌번호조회", _ACNT, AccountRequest, head=r.Account, is_short=True, is_private=True
)
KT00001: Final[c.Tr[DepositRequest, r.Deposit, None]] = c.Tr(
    "kt00001", "예수금상세현황요청", _ACNT, DepositRequest, head=r.Deposit, is_short=True, is_private=True
)
KT00018: Final[c.Tr[HoldingsRequest, r.AccountValue, r.Holding]] = c.Tr(
    "kt00018",
    "계좌평가잔고내역요청",
    _ACNT,
    HoldingsRequest,
    "acnt_evlt_remn_indv_tot",
    r.AccountValue,
    r.Holding,
    paged=True,
    is_short=True,
    is_private=True,
)
KT00004: Final[c.Tr[EvaluationRequest, r.Evaluation, r.HoldingValue]] = c.Tr(
    "kt00004",
    "계좌평가현황요청",
    _ACNT,
    EvaluationRequest,
    "stk_acnt_evlt_prst",
    r.Evaluation,
    r.HoldingValue,
    paged=True,
    is_short=True,
    is_private=True,
)
KA10075: Final[c.Tr[OpenOrdersRequest, None, r.OpenOrder]] = c.Tr(
    "ka10075", "미체결요청", _ACNT, OpenOrdersRequest, "oso", None, r.OpenOrder, paged=True, is_short=True, is_private=True
)
KA10076: Final[c.Tr[ExecutionsRequest, None, r.Execution]] = c.Tr(
    "ka10076", "체결요청", _ACNT, ExecutionsRequest, "cntr", None, r.Execution, paged=True, is_short=True, is_private=True
)
