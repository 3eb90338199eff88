# ruff: noqa: RUF009 - the declarations are what the fields of a request are made of
"""Rankings and scanners (protocol 9.5). Filters keep the broker's own codes, listed with each field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import records_rankings as r
from ralphstock_desktop.providers.kiwoom.catalogue_quotes import StockRequest

__all__ = [
    "KA00198",
    "KA10016",
    "KA10017",
    "KA10019",
    "KA10023",
    "KA10027",
    "KA10029",
    "KA10030",
    "KA10032",
    "KA10046",
    "ChangeRankRequest",
    "ExpectedRankRequest",
    "LimitIssuesRequest",
    "NewHighLowRequest",
    "PriceJumpRequest",
    "ValueRankRequest",
    "ViewRankRequest",
    "VolumeRankRequest",
    "VolumeSurgeRequest",
]

Market = Literal["all", "KOSPI", "KOSDAQ"]

_STKINFO: Final = "/api/dostk/stkinfo"
_RKINFO: Final = "/api/dostk/rkinfo"
_MARKETS: Final = {"all": "000", "KOSPI": "001", "KOSDAQ": "101"}
_STOCKS: Final = "0 1 3 4 5 6 7 8 9 11 12 13 14 15 16"
"""0 all, 1 no administrative issues, 3 no preferred, 4 neither, 5/6 without/only 100 % margin, 7/8/9 only 40/30/20 % margin,
11 no liquidation trading, 12/13 only 50/60 % margin, 14 no ETF, 15 no SPAC, 16 no ETF and ETN."""
_FEW_STOCKS: Final = "0 1 3 5 6 7 8"
_CREDIT: Final = "0 1 2 3 4 7 9"
"""0 all, 1-4 margin-loan group A-D, 7 group E, 9 all margin-loan."""
_VOLUMES_4: Final = "0000 0010 0050 0100 0150 0200 0300 0500 1000"
_VOLUMES_5: Final = "00000 00010 00050 00100 00150 00200 00300 00500 01000"
"""Thousand shares, padded: four digits in ka10027, five in ka10016, ka10017, ka10019."""
_PRICES: Final = "0 1 2 3 4 5 8 10"
_INCLUDED: Final = {True: "1", False: "0"}


@dataclass(frozen=True, slots=True)
class ChangeRankRequest(c.Request):
    """Ranking by change against the previous close."""

    sort: Literal["rise %", "rise", "fall %", "fall", "unchanged"] = c.choice(
        "sort_tp", {"rise %": "1", "rise": "2", "fall %": "3", "fall": "4", "unchanged": "5"}
    )
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    volume: str = c.choices("trde_qty_cnd", _VOLUMES_4, "0000")
    stocks: str = c.choices("stk_cnd", _STOCKS, "0")
    credit: str = c.choices("crd_cnd", _CREDIT, "0")
    with_limits: bool = c.choice("updown_incls", _INCLUDED, True)
    price: str = c.choices("pric_cnd", _PRICES, "0")
    value: str = c.choices("trde_prica_cnd", "0 3 5 10 30 50 100 300 500 1000 3000 5000", "0")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class VolumeRankRequest(c.Request):
    """Ranking by volume today. Administrative issues: 0 includes them here, 1 excludes."""

    sort: Literal["volume", "turnover", "value"] = c.choice("sort_tp", {"volume": "1", "turnover": "2", "value": "3"}, "volume")
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    stocks: str = c.choices("mang_stk_incls", "0 1 3 4 5 6 7 8 9 11 12 13 14 15 16", "0")
    credit: str = c.choices("crd_tp", "0 1 2 3 4 8 9", "0")
    volume: str = c.choices("trde_qty_tp", "0 5 10 50 100 200 300 500 1000", "0")
    price: str = c.choices("pric_tp", "0 1 2 3 4 5 6 7 8 9 10", "0")
    value: str = c.choices("trde_prica_tp", "0 1 3 4 10 30 50 100 300 500 1000 3000 5000", "0")
    phase: Literal["all", "regular", "pre-market", "after-hours"] = c.choice(
        "mrkt_open_tp", {"all": "0", "regular": "1", "pre-market": "2", "after-hours": "3"}, "all"
    )
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ValueRankRequest(c.Request):
    """Ranking by traded value. Administrative issues: 1 includes them here, 0 excludes."""

    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    with_administrative: bool = c.choice("mang_stk_incls", _INCLUDED, False)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class VolumeSurgeRequest(c.Request):
    """Stocks whose volume jumped against some minutes ago or yesterday."""

    sort: Literal["surge", "surge %", "drop", "drop %"] = c.choice(
        "sort_tp", {"surge": "1", "surge %": "2", "drop": "3", "drop %": "4"}, "surge"
    )
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    minutes: int | None = c.whole("tm", 1, 999, None)
    volume: str = c.choices("trde_qty_tp", "5 10 50 100 200 300 500 1000", "5")
    stocks: str = c.choices("stk_cnd", _STOCKS + " 17 18 20", "0")
    price: str = c.choices("pric_tp", "0 2 5 6 8 9", "0")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def codes(self) -> dict[str, str]:
        return {"tm_tp": "2" if self.minutes is None else "1"}


@dataclass(frozen=True, slots=True)
class ExpectedRankRequest(c.Request):
    """Ranking by expected match; unchanged and falls are numbered otherwise than in the ranking by change."""

    sort: str = c.choice(
        "sort_tp",
        {
            "rise %": "1",
            "rise": "2",
            "unchanged": "3",
            "fall %": "4",
            "fall": "5",
            "quantity": "6",
            "upper limit": "7",
            "lower limit": "8",
        },
    )
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    volume: str = c.choices("trde_qty_cnd", "0 1 3 5 10 50 100", "0")
    stocks: str = c.choices("stk_cnd", _STOCKS, "0")
    credit: str = c.choices("crd_cnd", "0 1 2 3 4 5 7 8 9", "0")
    price: str = c.choices("pric_cnd", _PRICES, "0")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class PriceJumpRequest(c.Request):
    """Stocks whose price jumped against some minutes or days ago."""

    way: Literal["jump", "plunge"] = c.choice("flu_tp", {"jump": "1", "plunge": "2"})
    span: Literal["minutes", "days"] = c.choice("tm_tp", {"minutes": "1", "days": "2"})
    length: int = c.whole("tm", 1, 999)
    market: Literal["all", "KOSPI", "KOSDAQ", "KOSPI200"] = c.choice("mrkt_tp", {**_MARKETS, "KOSPI200": "201"}, "all")
    volume: str = c.choices("trde_qty_tp", _VOLUMES_5, "00000")
    stocks: str = c.choices("stk_cnd", _FEW_STOCKS, "0")
    credit: str = c.choices("crd_cnd", _CREDIT, "0")
    price: str = c.choices("pric_cnd", "0 1 2 3 4 5 8", "0")
    with_limits: bool = c.choice("updown_incls", _INCLUDED, True)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class NewHighLowRequest(c.Request):
    """Stocks at a new high or low of some days."""

    way: Literal["high", "low"] = c.choice("ntl_tp", {"high": "1", "low": "2"})
    by: Literal["high and low", "close"] = c.choice("high_low_close_tp", {"high and low": "1", "close": "2"}, "high and low")
    days: int = c.whole("dt", 1, 250, 250)
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    volume: str = c.choices("trde_qty_tp", _VOLUMES_5, "00000")
    stocks: str = c.choices("stk_cnd", _FEW_STOCKS, "0")
    credit: str = c.choices("crd_cnd", _CREDIT, "0")
    with_limits: bool = c.choice("updown_incls", _INCLUDED, True)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class LimitIssuesRequest(c.Request):
    """Stocks at a limit, up, flat or down."""

    state: str = c.choice(
        "updown_tp",
        {
            "upper limit": "1",
            "up": "2",
            "flat": "3",
            "lower limit": "4",
            "down": "5",
            "upper limit yesterday": "6",
            "lower limit yesterday": "7",
        },
    )
    sort: Literal["code", "times", "rate"] = c.choice("sort_tp", {"code": "1", "times": "2", "rate": "3"}, "rate")
    market: Market = c.choice("mrkt_tp", _MARKETS, "all")
    stocks: str = c.choices("stk_cnd", "0 1 3 4 5 6 7 8 9 10", "0")
    volume: str = c.choices("trde_qty_tp", _VOLUMES_5, "00000")
    credit: str = c.choices("crd_cnd", _CREDIT, "0")
    price: str = c.choices("trde_gold_tp", "0 1 2 3 4 5 8", "0")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ViewRankRequest(c.Request):
    """Stocks the broker's customers look up."""

    span: Literal["1 min", "10 min", "1 h", "today", "30 s"] = c.choice(
        "qry_tp", {"1 min": "1", "10 min": "2", "1 h": "3", "today": "4", "30 s": "5"}, "1 min"
    )


KA10027: Final[c.Tr[ChangeRankRequest, None, r.ChangeRank]] = c.Tr(
    "ka10027",
    "전일대비등락률상위요청",
    _RKINFO,
    ChangeRankRequest,
    "pred_pre_flu_rt_upper",
    None,
    r.ChangeRank,
    unique=("ticker",),
    paged=True,
)
KA10030: Final[c.Tr[VolumeRankRequest, None, r.VolumeRank]] = c.Tr(
    "ka10030",
    "당일거래량상위요청",
    _RKINFO,
    VolumeRankRequest,
    "tdy_trde_qty_upper",
    None,
    r.VolumeRank,
    unique=("ticker",),
    paged=True,
    notes=("The official example ends with returnCode and returnMsg; live answers do not",),
)
KA10032: Final[c.Tr[ValueRankRequest, None, r.ValueRank]] = c.Tr(
    "ka10032",
    "거래대금상위요청",
    _RKINFO,
    ValueRankRequest,
    "trde_prica_upper",
    None,
    r.ValueRank,
    unique=("ticker",),
    paged=True,
    notes=("mang_stk_incls is inverted against ka10030",),
)
KA10023: Final[c.Tr[VolumeSurgeRequest, None, r.VolumeSurge]] = c.Tr(
    "ka10023",
    "거래량급증요청",
    _RKINFO,
    VolumeSurgeRequest,
    "trde_qty_sdnin",
    None,
    r.VolumeSurge,
    unique=("ticker",),
)
KA10029: Final[c.Tr[ExpectedRankRequest, None, r.ExpectedRank]] = c.Tr(
    "ka10029",
    "예상체결등락률상위요청",
    _RKINFO,
    ExpectedRankRequest,
    "exp_cntr_flu_rt_upper",
    None,
    r.ExpectedRank,
    unique=("ticker",),
    notes=("sort_tp is numbered otherwise than in ka10027",),
)
KA10019: Final[c.Tr[PriceJumpRequest, None, r.PriceJump]] = c.Tr(
    "ka10019",
    "가격급등락요청",
    _STKINFO,
    PriceJumpRequest,
    "pric_jmpflu",
    None,
    r.PriceJump,
    unique=("ticker",),
    page_rows=200,
    paged=True,
    notes=("The official request example sends four digits as trde_qty_tp",),
)
KA10016: Final[c.Tr[NewHighLowRequest, None, r.NewHighLow]] = c.Tr(
    "ka10016", "신고저가요청", _STKINFO, NewHighLowRequest, "ntl_pric", None, r.NewHighLow, unique=("ticker",)
)
KA10017: Final[c.Tr[LimitIssuesRequest, None, r.LimitIssue]] = c.Tr(
    "ka10017", "상하한가요청", _STKINFO, LimitIssuesRequest, "updown_pric", None, r.LimitIssue, unique=("ticker",)
)
KA00198: Final[c.Tr[ViewRankRequest, None, r.ViewRank]] = c.Tr(
    "ka00198",
    "실시간종목조회순위",
    _STKINFO,
    ViewRankRequest,
    "item_inq_rank",
    None,
    r.ViewRank,
    unique=("rank",),
)
KA10046: Final[c.Tr[StockRequest, None, r.StrengthPoint]] = c.Tr(
    "ka10046",
    "체결강도추이시간별요청",
    "/api/dostk/mrkcond",
    StockRequest,
    "cntr_str_tm",
    None,
    r.StrengthPoint,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_s",
    paged=True,
    notes=("trde_qty is signed by side",),
)
