# ruff: noqa: RUF009 - the declarations are what the fields of a request are made of
"""Programme trading (protocol 9.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import records_programs as r
from ralphstock_desktop.providers.kiwoom.records_wire import Measure

__all__ = [
    "KA90003",
    "KA90004",
    "KA90005",
    "KA90006",
    "KA90007",
    "KA90008",
    "KA90010",
    "KA90013",
    "ArbitrageBalanceRequest",
    "ProgramMarketRequest",
    "ProgramStocksRequest",
    "ProgramTopRequest",
    "ProgramTrendRequest",
    "StockProgramDayRequest",
    "StockProgramTimeRequest",
]

Market = Literal["KOSPI", "KOSDAQ"]

_STKINFO: Final = "/api/dostk/stkinfo"
_MRKCOND: Final = "/api/dostk/mrkcond"
_MEASURES: Final = {Measure.WON: "1", Measure.SHARES: "2"}
_MARKETS: Final = {"KOSPI": "P00101", "KOSDAQ": "P10102"}
_BY_VENUE: Final = {
    ("KOSPI", "KRX"): "P00101",
    ("KOSPI", "NXT"): "P001_NX01",
    ("KOSPI", "combined"): "P001_AL01",
    ("KOSDAQ", "KRX"): "P10102",
    ("KOSDAQ", "NXT"): "P101_NX02",
    ("KOSDAQ", "combined"): "P101_AL02",
}
"""The official text has P001_AL02 for KOSDAQ combined, a slip."""


@dataclass(frozen=True, slots=True)
class ProgramTopRequest(c.Request):
    """Ranking of programme net trading; here 1 is net selling."""

    side: Literal["buy", "sell"] = c.choice("trde_upper_tp", {"sell": "1", "buy": "2"})
    market: Market = c.choice("mrkt_tp", _MARKETS)
    ranked_by: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.WON)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ProgramStocksRequest(c.Request):
    """All stocks of a market on a day."""

    day: date = c.on_day("dt")
    market: Market = c.choice("mrkt_tp", _MARKETS)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ProgramMarketRequest(c.Request):
    """A market by time of a day, or by day; the market's code depends on the venue."""

    day: date = c.on_day("date")
    market: Market = c.choice("mrkt_tp", _MARKETS)
    ranked_by: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.WON)
    step: Literal["tick", "minute"] = c.choice("min_tic_tp", {"tick": "0", "minute": "1"}, "minute")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def codes(self) -> dict[str, str]:
        return {"mrkt_tp": _BY_VENUE[self.market, self.venue]}


@dataclass(frozen=True, slots=True)
class ArbitrageBalanceRequest(c.Request):
    """Arbitrage balances back from a day."""

    day: date = c.on_day("date")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ProgramTrendRequest(c.Request):
    """Days of a market, back from a day, about a year."""

    day: date = c.on_day("date")
    market: Market = c.choice("mrkt_tp", {"KOSPI": "0", "KOSDAQ": "1"})
    measure: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.WON)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class StockProgramTimeRequest(c.Request):
    """One stock through a day."""

    ticker: str = c.ticker("stk_cd")
    day: date = c.on_day("date")
    ranked_by: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.WON)


@dataclass(frozen=True, slots=True)
class StockProgramDayRequest(c.Request):
    """One stock by day, back from a day."""

    ticker: str = c.ticker("stk_cd")
    day: date | None = c.on_day("date", None)
    ranked_by: Measure = c.choice("amt_qty_tp", _MEASURES, Measure.WON)


KA90003: Final[c.Tr[ProgramTopRequest, None, r.ProgramTop]] = c.Tr(
    "ka90003",
    "프로그램순매수상위50요청",
    _STKINFO,
    ProgramTopRequest,
    "prm_netprps_upper_50",
    None,
    r.ProgramTop,
    unique=("ticker",),
    page_rows=50,
    notes=("The official example is that of ka90005",),
)
KA90004: Final[c.Tr[ProgramStocksRequest, r.ProgramStockTotals, r.ProgramStock]] = c.Tr(
    "ka90004",
    "종목별프로그램매매현황요청",
    _STKINFO,
    ProgramStocksRequest,
    "stk_prm_trde_prst",
    r.ProgramStockTotals,
    r.ProgramStock,
    unique=("ticker",),
    paged=True,
    notes=("Quantities are 천주",),
)
KA90005: Final[c.Tr[ProgramMarketRequest, None, r.ProgramTime]] = c.Tr(
    "ka90005",
    "프로그램매매추이요청 시간대별",
    _MRKCOND,
    ProgramMarketRequest,
    "prm_trde_trnsn",
    None,
    r.ProgramTime,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_s",
    page_rows=100,
    paged=True,
    notes=("kospi200 is a hundredfold without a point here, decimal in ka90007 and ka90010",),
)
KA90006: Final[c.Tr[ArbitrageBalanceRequest, None, r.ArbitrageBalance]] = c.Tr(
    "ka90006",
    "프로그램매매차익잔고추이요청",
    _MRKCOND,
    ArbitrageBalanceRequest,
    "prm_trde_dfrt_remn_trnsn",
    None,
    r.ArbitrageBalance,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
)
KA90007: Final[c.Tr[ProgramTrendRequest, None, r.ProgramTrend]] = c.Tr(
    "ka90007",
    "프로그램매매누적추이요청",
    _MRKCOND,
    ProgramTrendRequest,
    "prm_trde_acc_trnsn",
    None,
    r.ProgramTrend,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
    notes=("kospi200 is 0.00 while today is not settled",),
)
KA90008: Final[c.Tr[StockProgramTimeRequest, None, r.StockProgramTime]] = c.Tr(
    "ka90008",
    "종목시간별프로그램매매추이요청",
    _MRKCOND,
    StockProgramTimeRequest,
    "stk_tm_prm_trde_trnsn",
    None,
    r.StockProgramTime,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_s",
    paged=True,
    notes=("Net fields have two minus signs",),
)
KA90010: Final[c.Tr[ProgramMarketRequest, None, r.ProgramDay]] = c.Tr(
    "ka90010",
    "프로그램매매추이요청 일자별",
    _MRKCOND,
    ProgramMarketRequest,
    "prm_trde_trnsn",
    None,
    r.ProgramDay,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_ns",
    unique=("at_ns",),
    page_rows=100,
    paged=True,
)
KA90013: Final[c.Tr[StockProgramDayRequest, None, r.StockProgramDay]] = c.Tr(
    "ka90013",
    "종목일별프로그램매매추이요청",
    _MRKCOND,
    StockProgramDayRequest,
    "stk_daly_prm_trde_trnsn",
    None,
    r.StockProgramDay,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
    notes=("Idle days have direction 0 and a price of 0", "Negatives have two minus signs"),
)
