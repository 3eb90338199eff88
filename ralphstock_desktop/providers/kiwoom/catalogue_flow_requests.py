# ruff: noqa: RUF009 - the declarations are what the fields of a request are made of
"""Requests for investor flows, foreign holdings and short selling (protocol 9.3).

The same words have other codes from request to request (buying is 1 here and 2 there, amounts 0 or 1): hence names, not codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom.records_wire import Measure

__all__ = [
    "AfterCloseRequest",
    "ForeignRankRequest",
    "InstitutionTrendRequest",
    "IntradayInvestorRequest",
    "InvestorCurveRequest",
    "InvestorDayRequest",
    "InvestorStocksRequest",
    "InvestorSumRequest",
    "InvestorTopRequest",
    "RunRankRequest",
    "SectorFlowRequest",
    "ShortSaleRequest",
    "TopListsRequest",
]

Market = Literal["all", "KOSPI", "KOSDAQ"]
Side = Literal["net", "buy", "sell"]
Unit = Literal["shares", "thousand shares"]

_MARKETS: Final = {"all": "000", "KOSPI": "001", "KOSDAQ": "101"}
_SIDES: Final = {"net": "0", "buy": "1", "sell": "2"}
_MEASURES: Final = {Measure.WON: "1", Measure.SHARES: "2"}
_UNITS: Final = {"shares": "1", "thousand shares": "1000"}
_INVESTORS: Final = {
    "foreign": "9000",
    "institution": "9999",
    "securities": "1000",
    "investment trust": "3000",
    "other finance": "5000",
    "bank": "4000",
    "insurance": "2000",
    "pension": "6000",
    "state": "7000",
    "other corporation": "7100",
}


def _in_order(api_id: str, start: date, end: date) -> None:
    if start > end:
        raise c.wrong_request(api_id, "start", start.isoformat(), f"not after {end.isoformat()}")


@dataclass(frozen=True, slots=True)
class InvestorDayRequest(c.Request):
    """A hundred days a page, back from a day; ``unit`` applies to quantities only."""

    base_day: date = c.on_day("dt")
    ticker: str = c.ticker("stk_cd")
    measure: Measure = c.choice("amt_qty_tp", _MEASURES)
    side: Side = c.choice("trde_tp", _SIDES, "net")
    unit: Unit = c.choice("unit_tp", _UNITS, "shares")


@dataclass(frozen=True, slots=True)
class InvestorSumRequest(c.Request):
    """Net buying summed over a range of days."""

    ticker: str = c.ticker("stk_cd")
    start: date = c.on_day("strt_dt")
    end: date = c.on_day("end_dt")
    measure: Measure = c.choice("amt_qty_tp", _MEASURES)
    side: Literal["net"] = c.choice("trde_tp", {"net": "0"}, "net")
    unit: Unit = c.choice("unit_tp", _UNITS, "shares")

    def check(self, api_id: str) -> None:
        _in_order(api_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class InstitutionTrendRequest(c.Request):
    """Institutions and foreigners over a range of days."""

    ticker: str = c.ticker("stk_cd")
    start: date = c.on_day("strt_dt")
    end: date = c.on_day("end_dt")
    institution_side: Literal["buy", "sell"] = c.choice("orgn_prsm_unp_tp", {"buy": "1", "sell": "2"}, "buy")
    foreign_side: Literal["buy", "sell"] = c.choice("for_prsm_unp_tp", {"buy": "1", "sell": "2"}, "buy")

    def check(self, api_id: str) -> None:
        _in_order(api_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class RunRankRequest(c.Request):
    """Consecutive net trading. An unknown market silently answers with KOSPI, so only two are accepted."""

    market: Literal["KOSPI", "KOSDAQ"] = c.choice("mrkt_tp", {"KOSPI": "001", "KOSDAQ": "101"})
    days: int = c.choice("dt", {n: str(n) for n in (0, 1, 3, 5, 10, 20, 120)}, 1)
    start: date | None = c.on_day("strt_dt", None)
    end: date | None = c.on_day("end_dt", None)
    side: Literal["buy", "sell"] = c.choice("netslmt_tp", {"buy": "2", "sell": "1"}, "buy")
    of: Literal["stocks", "sectors"] = c.choice("stk_inds_tp", {"stocks": "0", "sectors": "1"}, "stocks")
    ranked_by: Measure = c.choice("amt_qty_tp", {Measure.WON: "0", Measure.SHARES: "1"}, Measure.WON)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def check(self, api_id: str) -> None:
        if (self.days == 0) != (self.start is not None and self.end is not None):
            raise c.wrong_request(api_id, "days", self.days, "0 exactly when start and end are given")
        if self.start is not None and self.end is not None:
            _in_order(api_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class IntradayInvestorRequest(c.Request):
    """Intraday trading of one kind of investor."""

    investor: str = c.choice(
        "invsr",
        {
            "foreign": "6",
            "institution": "7",
            "investment trust": "1",
            "insurance": "0",
            "bank": "2",
            "pension": "3",
            "state": "4",
            "other corporation": "5",
        },
    )
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    all_foreign_brokers: bool = c.choice("frgn_all", {True: "1", False: "0"}, False)
    bought_by_both: bool = c.choice("smtm_netprps_tp", {True: "1", False: "0"}, False)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def codes(self) -> dict[str, str]:
        return {"amt_qty_tp": "1"}


@dataclass(frozen=True, slots=True)
class InvestorCurveRequest(c.Request):
    """Cumulated trading of one stock through the day."""

    ticker: str = c.ticker("stk_cd")
    measure: Measure = c.choice("amt_qty_tp", _MEASURES)
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    side: Side = c.choice("trde_tp", _SIDES, "net")


@dataclass(frozen=True, slots=True)
class InvestorTopRequest(c.Request):
    """Intraday ranking; here 1 is net buying."""

    side: Literal["buy", "sell"] = c.choice("trde_tp", {"buy": "1", "sell": "2"})
    investor: str = c.choice("orgn_tp", {**_INVESTORS, "foreign brokers": "9100"})
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    measure: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.SHARES)


@dataclass(frozen=True, slots=True)
class AfterCloseRequest(c.Request):
    """The whole market after the close."""

    measure: Measure = c.choice("amt_qty_tp", _MEASURES)
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    side: Side = c.choice("trde_tp", _SIDES, "net")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class SectorFlowRequest(c.Request):
    """Market-wide flows of one day; here 0 is amounts."""

    market: Literal["KOSPI", "KOSDAQ"] = c.choice("mrkt_tp", {"KOSPI": "0", "KOSDAQ": "1"})
    measure: Measure = c.choice("amt_qty_tp", {Measure.WON: "0", Measure.SHARES: "1"}, Measure.WON)
    base_day: date | None = c.on_day("base_dt", None, omitted=True)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class InvestorStocksRequest(c.Request):
    """Stocks one kind of investor traded; here 1 is net selling."""

    start: date = c.on_day("strt_dt")
    end: date = c.on_day("end_dt")
    side: Literal["buy", "sell"] = c.choice("trde_tp", {"buy": "2", "sell": "1"})
    market: Literal["KOSPI", "KOSDAQ"] = c.choice("mrkt_tp", {"KOSPI": "001", "KOSDAQ": "101"})
    investor: str = c.choice("invsr_tp", {**_INVESTORS, "individual": "8000", "private fund": "3100"})
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def check(self, api_id: str) -> None:
        _in_order(api_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class TopListsRequest(c.Request):
    """What foreigners and institutions bought and sold most; amounts in 천만원, quantities in 천주."""

    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    ranked_by: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.WON)
    base_day: date | None = c.on_day("date", None)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def codes(self) -> dict[str, str]:
        return {"qry_dt_tp": "0" if self.base_day is None else "1"}


@dataclass(frozen=True, slots=True)
class ForeignRankRequest(c.Request):
    """Foreign net ranking over some days; here 1 is net selling."""

    side: Literal["buy", "sell", "net"] = c.choice("trde_tp", {"sell": "1", "buy": "2", "net": "3"})
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    days: int = c.choice("dt", {n: str(n) for n in (0, 1, 5, 10, 20, 60)}, 0)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ShortSaleRequest(c.Request):
    """Short selling over a range of days."""

    ticker: str = c.ticker("stk_cd")
    start: date = c.on_day("strt_dt")
    end: date = c.on_day("end_dt")
    span: Literal["from start", "range"] = c.choice("tm_tp", {"from start": "0", "range": "1"}, "range")

    def check(self, api_id: str) -> None:
        _in_order(api_id, self.start, self.end)
