# ruff: noqa: RUF009 - the declarations are what the fields of a request are made of
"""Masters and quotes: lists of stocks, sectors and brokers, quotes, executions, order books (protocol 9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import records_quotes as r

__all__ = [
    "KA10001",
    "KA10002",
    "KA10003",
    "KA10004",
    "KA10087",
    "KA10095",
    "KA10099",
    "KA10100",
    "KA10101",
    "KA10102",
    "BrokersRequest",
    "MasterRequest",
    "PlainStockRequest",
    "SectorsRequest",
    "StockRequest",
    "WatchRequest",
]

ListedMarket = Literal[
    "KOSPI",
    "KOSDAQ",
    "ETF",
    "ETN",
    "loss limited ETN",
    "volatility ETN",
    "K-OTC",
    "KONEX",
    "ELW",
    "REIT",
    "infrastructure fund",
    "mutual fund",
    "warrant",
    "warrant certificate",
    "high yield fund",
    "gold",
]


@dataclass(frozen=True, slots=True)
class MasterRequest(c.Request):
    """Everything listed on a market; KOSPI includes its ETFs, ETNs and REITs."""

    market: ListedMarket = c.choice(
        "mrkt_tp",
        {
            "KOSPI": "0",
            "KOSDAQ": "10",
            "ETF": "8",
            "ETN": "60",
            "loss limited ETN": "70",
            "volatility ETN": "90",
            "K-OTC": "30",
            "KONEX": "50",
            "ELW": "3",
            "REIT": "6",
            "infrastructure fund": "2",
            "mutual fund": "4",
            "warrant": "5",
            "warrant certificate": "7",
            "high yield fund": "9",
            "gold": "80",
        },
    )


@dataclass(frozen=True, slots=True)
class PlainStockRequest(c.Request):
    """One stock by its bare code."""

    ticker: str = c.ticker("stk_cd", plain=True)


@dataclass(frozen=True, slots=True)
class StockRequest(c.Request):
    """One stock; a suffix asks for another venue."""

    ticker: str = c.ticker("stk_cd")


@dataclass(frozen=True, slots=True)
class SectorsRequest(c.Request):
    """Sector and index codes of a market."""

    market: Literal["KOSPI", "KOSDAQ", "KOSPI200", "KOSPI100", "KRX100"] = c.choice(
        "mrkt_tp", {"KOSPI": "0", "KOSDAQ": "1", "KOSPI200": "2", "KOSPI100": "4", "KRX100": "7"}
    )


@dataclass(frozen=True, slots=True)
class BrokersRequest(c.Request):
    """All member firms; takes nothing."""


@dataclass(frozen=True, slots=True)
class WatchRequest(c.Request):
    """Up to fifty stocks at once; the broker tells no bound, three were seen to work."""

    tickers: tuple[str, ...] = c.tickers("stk_cd", 50)


_STKINFO: Final = "/api/dostk/stkinfo"
_MRKCOND: Final = "/api/dostk/mrkcond"

KA10099: Final[c.Tr[MasterRequest, None, r.StockListing]] = c.Tr(
    "ka10099",
    "종목정보 리스트",
    _STKINFO,
    MasterRequest,
    "list",
    None,
    r.StockListing,
    unique=("ticker",),
    sometimes=frozenset({"kind"}),
    notes=(
        "The market is the request's: KOSPI answers with ETFs (marketCode 8), ETNs (60, 70, 90) and REITs (6) as well",
        "The official example shows KOSDAQ rows for mrkt_tp 0 and one code for all rows",
        "kind (A, Q) is not in the official table",
        "One call every two seconds was found safe",
    ),
)
KA10100: Final[c.Tr[PlainStockRequest, r.StockListing, None]] = c.Tr(
    "ka10100", "종목정보 조회", _STKINFO, PlainStockRequest, head=r.StockListing, sometimes=frozenset({"kind"})
)
KA10101: Final[c.Tr[SectorsRequest, None, r.SectorCode]] = c.Tr(
    "ka10101", "업종코드 리스트", _STKINFO, SectorsRequest, "list", None, r.SectorCode, unique=("code",)
)
KA10102: Final[c.Tr[BrokersRequest, None, r.Broker]] = c.Tr(
    "ka10102", "회원사 리스트", _STKINFO, BrokersRequest, "list", None, r.Broker, unique=("code",)
)
KA10001: Final[c.Tr[StockRequest, r.StockInfo, None]] = c.Tr(
    "ka10001",
    "주식기본정보요청",
    _STKINFO,
    StockRequest,
    head=r.StockInfo,
    notes=(
        "The values of the official example are shifted against their keys: a date under upl_pric, a rate under lst_pric",
        "flo_stk and dstr_stk are thousand shares, though labelled 천원 and 1주",
        "exp_cntr_pric is live after hours and stays at the last auction otherwise",
    ),
)
KA10095: Final[c.Tr[WatchRequest, None, r.WatchQuote]] = c.Tr(
    "ka10095",
    "관심종목정보요청",
    _STKINFO,
    WatchRequest,
    "atn_stk_infr",
    None,
    r.WatchQuote,
    unique=("ticker", "venue"),
    notes=(
        "stkcnt is thousand shares, though labelled 1주",
        "cur_prc and close_pric follow the after-market: neither is the official close of today",
        "exp_cntr_pric outside auctions is that of the last auction",
        "Order counts are blank or nonsense",
    ),
)
KA10002: Final[c.Tr[StockRequest, r.TopBrokers, None]] = c.Tr(
    "ka10002", "주식거래원요청", _STKINFO, StockRequest, head=r.TopBrokers
)
KA10003: Final[c.Tr[StockRequest, None, r.Execution]] = c.Tr(
    "ka10003",
    "체결정보요청",
    _STKINFO,
    StockRequest,
    "cntr_infr",
    None,
    r.Execution,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_s",
    unique=("at_s", "volume_shares", "venue"),
    page_rows=30,
    paged=True,
    notes=("acc_trde_prica is won here", "Buys may have no sign", "pri_sel_bid_unit and pri_buy_bid_unit are best ask and bid"),
)
KA10004: Final[c.Tr[StockRequest, r.OrderBook, None]] = c.Tr(
    "ka10004",
    "주식호가요청",
    _MRKCOND,
    StockRequest,
    head=r.OrderBook,
    notes=("bid_req_base_tm is a time, though labelled YYYYMMDD", "The first level is named fpr, there is no sel_1th_pre_bid"),
)
KA10087: Final[c.Tr[PlainStockRequest, r.AfterHoursBook, None]] = c.Tr(
    "ka10087",
    "시간외단일가요청",
    _MRKCOND,
    PlainStockRequest,
    head=r.AfterHoursBook,
    retired_on=date(2026, 9, 12),
    notes=("Deleted by the vendor on 2026-09-12; answers 1505 since",),
)
