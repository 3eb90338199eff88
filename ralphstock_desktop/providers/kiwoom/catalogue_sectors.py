# ruff: noqa: RUF009 - the declarations are what the fields of a request are made of
"""Indices, sectors, themes and volatility interruptions (protocol 9.6 and 9.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import records_sectors as r

__all__ = [
    "KA10054",
    "KA20001",
    "KA20002",
    "KA20003",
    "KA20004",
    "KA20005",
    "KA20006",
    "KA20007",
    "KA20008",
    "KA20009",
    "KA20019",
    "KA90001",
    "KA90002",
    "IndexChartRequest",
    "IndexMinutesRequest",
    "IndexRequest",
    "IndexTicksRequest",
    "SectorIndicesRequest",
    "SectorStocksRequest",
    "ThemeStocksRequest",
    "ThemesRequest",
    "ViRequest",
]

_SECT: Final = "/api/dostk/sect"
_CHART: Final = "/api/dostk/chart"
_MARKETS: Final = {"KOSPI": "0", "KOSDAQ": "1", "KOSPI200": "2"}
_CODE: Final = "an index code of three digits: 001 KOSPI, 101 KOSDAQ, 201 KOSPI200"


@dataclass(frozen=True, slots=True)
class IndexRequest(c.Request):
    """An index now."""

    market: Literal["KOSPI", "KOSDAQ", "KOSPI200"] = c.choice("mrkt_tp", _MARKETS)
    code: str = c.pattern("inds_cd", c.INDEX_CODE, _CODE)


@dataclass(frozen=True, slots=True)
class SectorStocksRequest(c.Request):
    """Stocks of a sector."""

    market: Literal["KOSPI", "KOSDAQ", "KOSPI200"] = c.choice("mrkt_tp", _MARKETS)
    code: str = c.pattern("inds_cd", c.INDEX_CODE, _CODE)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class SectorIndicesRequest(c.Request):
    """All sector indices of a market."""

    market: Literal["KOSPI", "KOSDAQ"] = c.choice("inds_cd", {"KOSPI": "001", "KOSDAQ": "101"})


@dataclass(frozen=True, slots=True)
class IndexTicksRequest(c.Request):
    """Bars of some index ticks."""

    code: str = c.pattern("inds_cd", c.INDEX_CODE, _CODE)
    ticks: int = c.choice("tic_scope", {n: str(n) for n in (1, 3, 5, 10, 30)}, 1)


@dataclass(frozen=True, slots=True)
class IndexMinutesRequest(c.Request):
    """Bars of some minutes of an index."""

    code: str = c.pattern("inds_cd", c.INDEX_CODE, _CODE)
    minutes: int = c.choice("tic_scope", {n: str(n) for n in (1, 3, 5, 10, 15, 30, 45, 60)}, 1)
    base_day: date | None = c.on_day("base_dt", None, omitted=True)


@dataclass(frozen=True, slots=True)
class IndexChartRequest(c.Request):
    """Daily, weekly, monthly or yearly bars of an index, back from a day."""

    code: str = c.pattern("inds_cd", c.INDEX_CODE, _CODE)
    base_day: date = c.on_day("base_dt")


@dataclass(frozen=True, slots=True)
class ThemesRequest(c.Request):
    """Themes; by name or by stock where one of them is given."""

    sort: Literal["best return", "worst return", "best change", "worst change"] = c.choice(
        "flu_pl_amt_tp", {"best return": "1", "worst return": "2", "best change": "3", "worst change": "4"}, "best return"
    )
    days: int = c.whole("date_tp", 1, 99, 10)
    ticker: str = c.ticker("stk_cd", default="")
    name: str = c.pattern("thema_nm", c.ANY_NAME, "a name of at most 40 characters", "")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def check(self, api_id: str) -> None:
        if self.ticker and self.name:
            raise c.wrong_request(api_id, "name", self.name, "blank when a stock is given")

    def codes(self) -> dict[str, str]:
        return {"qry_tp": "2" if self.ticker else "1" if self.name else "0"}


@dataclass(frozen=True, slots=True)
class ThemeStocksRequest(c.Request):
    """Stocks of a theme."""

    theme: str = c.pattern("thema_grp_cd", c.INDEX_CODE, "a theme code of three digits")
    days: int | None = c.whole("date_tp", 1, 99, None)
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")


@dataclass(frozen=True, slots=True)
class ViRequest(c.Request):
    """Volatility interruptions of today; ``motn_drc`` is required though older texts leave it out."""

    market: Literal["all", "KOSPI", "KOSDAQ"] = c.choice("mrkt_tp", {"all": "000", "KOSPI": "001", "KOSDAQ": "101"}, "all")
    phase: Literal["all", "regular", "after-hours"] = c.choice(
        "bf_mkrt_tp", {"all": "0", "regular": "1", "after-hours": "2"}, "all"
    )
    ticker: str = c.ticker("stk_cd", default="")
    kind: Literal["all", "static", "dynamic", "both"] = c.choice(
        "motn_tp", {"all": "0", "static": "1", "dynamic": "2", "both": "3"}, "all"
    )
    way: Literal["all", "up", "down"] = c.choice("motn_drc", {"all": "0", "up": "1", "down": "2"}, "all")
    skip: str = c.pattern("skip_stk", c.SKIP_FLAGS, "nine characters 0 or 1", "000000000")
    venue: c.VenueName = c.choice("stex_tp", c.VENUES, "KRX")

    def codes(self) -> dict[str, str]:
        unused = {"trde_qty_tp": "0", "min_trde_qty": "0", "max_trde_qty": "0"}
        return {**unused, "trde_prica_tp": "0", "min_trde_prica": "0", "max_trde_prica": "0"}


_INDEX_NOTE: Final = "Levels are a hundredfold without a point; quantities are 천주, though labelled 1주"

KA20001: Final[c.Tr[IndexRequest, r.IndexSnapshot, r.IndexPoint]] = c.Tr(
    "ka20001",
    "업종현재가요청",
    _SECT,
    IndexRequest,
    "inds_cur_prc_tm",
    r.IndexSnapshot,
    r.IndexPoint,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_s",
    page_rows=20,
    paged=True,
    sometimes=frozenset({"stex_tp"}),
    notes=("Levels are decimals whose sign is the direction", "Rows have stex_tp, which is not in the table"),
)
KA20002: Final[c.Tr[SectorStocksRequest, None, r.SectorStock]] = c.Tr(
    "ka20002",
    "업종별주가요청",
    _SECT,
    SectorStocksRequest,
    "inds_stkpc",
    None,
    r.SectorStock,
    unique=("ticker",),
    paged=True,
)
KA20003: Final[c.Tr[SectorIndicesRequest, None, r.SectorIndex]] = c.Tr(
    "ka20003",
    "전업종지수요청",
    _SECT,
    SectorIndicesRequest,
    "all_inds_idex",
    None,
    r.SectorIndex,
    unique=("code",),
    notes=("wght may be blank", "Codes come without _AL here"),
)
KA20009: Final[c.Tr[IndexRequest, r.IndexSnapshot, r.IndexDay]] = c.Tr(
    "ka20009",
    "업종현재가일별요청",
    _SECT,
    IndexRequest,
    "inds_cur_prc_daly_rept",
    r.IndexSnapshot,
    r.IndexDay,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
)
KA20004: Final[c.Tr[IndexTicksRequest, r.IndexChartHead, r.IndexTickBar]] = c.Tr(
    "ka20004",
    "업종틱차트조회요청",
    _CHART,
    IndexTicksRequest,
    "inds_tic_chart_qry",
    r.IndexChartHead,
    r.IndexTickBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_ns",
    page_rows=900,
    paged=True,
    notes=(_INDEX_NOTE, "pred_pre_sig of the official example is 43", "cntr_tm may end in 888888 or 999999 at the close"),
)
KA20005: Final[c.Tr[IndexMinutesRequest, r.IndexChartHead, r.IndexMinuteBar]] = c.Tr(
    "ka20005",
    "업종분봉조회요청",
    _CHART,
    IndexMinutesRequest,
    "inds_min_pole_qry",
    r.IndexChartHead,
    r.IndexMinuteBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_ns",
    unique=("at_ns",),
    page_rows=900,
    paged=True,
    notes=(_INDEX_NOTE, "The official example is that of ka20006"),
)
KA20006: Final[c.Tr[IndexChartRequest, r.IndexChartHead, r.IndexBar]] = c.Tr(
    "ka20006",
    "업종일봉조회요청",
    _CHART,
    IndexChartRequest,
    "inds_dt_pole_qry",
    r.IndexChartHead,
    r.IndexBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=(_INDEX_NOTE,),
)
KA20007: Final[c.Tr[IndexChartRequest, r.IndexChartHead, r.IndexBar]] = c.Tr(
    "ka20007",
    "업종주봉조회요청",
    _CHART,
    IndexChartRequest,
    "inds_stk_pole_qry",
    r.IndexChartHead,
    r.IndexBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=(_INDEX_NOTE,),
)
KA20008: Final[c.Tr[IndexChartRequest, r.IndexChartHead, r.IndexBar]] = c.Tr(
    "ka20008",
    "업종월봉조회요청",
    _CHART,
    IndexChartRequest,
    "inds_mth_pole_qry",
    r.IndexChartHead,
    r.IndexBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=(_INDEX_NOTE,),
)
KA20019: Final[c.Tr[IndexChartRequest, r.IndexChartHead, r.IndexBar]] = c.Tr(
    "ka20019",
    "업종년봉조회요청",
    _CHART,
    IndexChartRequest,
    "inds_yr_pole_qry",
    r.IndexChartHead,
    r.IndexBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=(_INDEX_NOTE,),
)
KA90001: Final[c.Tr[ThemesRequest, None, r.Theme]] = c.Tr(
    "ka90001", "테마그룹별요청", "/api/dostk/thme", ThemesRequest, "thema_grp", None, r.Theme, unique=("theme",), paged=True
)
KA90002: Final[c.Tr[ThemeStocksRequest, r.ThemeHead, r.ThemeStock]] = c.Tr(
    "ka90002",
    "테마구성종목요청",
    "/api/dostk/thme",
    ThemeStocksRequest,
    "thema_comp_stk",
    r.ThemeHead,
    r.ThemeStock,
    unique=("ticker",),
)
KA10054: Final[c.Tr[ViRequest, None, r.ViRow]] = c.Tr(
    "ka10054",
    "변동성완화장치발동종목요청",
    "/api/dostk/stkinfo",
    ViRequest,
    "motn_stk",
    None,
    r.ViRow,
    unique=("ticker", "triggered_at_s", "count_today"),
    paged=True,
    notes=("motn_pric is the trade that triggered, not the threshold", "The base that does not apply is 0"),
)
