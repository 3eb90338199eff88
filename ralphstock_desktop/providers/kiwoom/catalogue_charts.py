# ruff: noqa: RUF009 - the declarations are what the fields of a request are made of
"""Stock charts and daily tables (protocol 9.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import records_charts as r
from ralphstock_desktop.providers.kiwoom.records_wire import Measure

__all__ = [
    "KA10015",
    "KA10079",
    "KA10080",
    "KA10081",
    "KA10082",
    "KA10083",
    "KA10086",
    "KA10094",
    "DayChartRequest",
    "DayDetailRequest",
    "DayPriceRequest",
    "MinuteChartRequest",
    "TickChartRequest",
]

_CHART: Final = "/api/dostk/chart"
_ADJUSTED: Final = {True: "1", False: "0"}


@dataclass(frozen=True, slots=True)
class TickChartRequest(c.Request):
    """Bars of some ticks."""

    ticker: str = c.ticker("stk_cd")
    ticks: int = c.choice("tic_scope", {n: str(n) for n in (1, 3, 5, 10, 30)}, 1)
    adjusted: bool = c.choice("upd_stkpc_tp", _ADJUSTED, False)


@dataclass(frozen=True, slots=True)
class MinuteChartRequest(c.Request):
    """Bars of some minutes, back from a day."""

    ticker: str = c.ticker("stk_cd")
    minutes: int = c.choice("tic_scope", {n: str(n) for n in (1, 3, 5, 10, 15, 30, 45, 60)}, 1)
    adjusted: bool = c.choice("upd_stkpc_tp", _ADJUSTED, False)
    base_day: date | None = c.on_day("base_dt", None, omitted=True)


@dataclass(frozen=True, slots=True)
class DayChartRequest(c.Request):
    """Daily, weekly, monthly or yearly bars, back from a day.

    Adjusted prices are adjusted up to ``base_day`` only: use a current one for a consistent series.
    """

    ticker: str = c.ticker("stk_cd")
    base_day: date = c.on_day("base_dt")
    adjusted: bool = c.choice("upd_stkpc_tp", _ADJUSTED, False)


@dataclass(frozen=True, slots=True)
class DayPriceRequest(c.Request):
    """Days with investor columns, back from a day."""

    ticker: str = c.ticker("stk_cd")
    base_day: date = c.on_day("qry_dt")
    measure: Measure = c.choice("indc_tp", {Measure.SHARES: "0", Measure.WON: "1"}, Measure.SHARES)


@dataclass(frozen=True, slots=True)
class DayDetailRequest(c.Request):
    """Days split by phase, back from a day."""

    ticker: str = c.ticker("stk_cd")
    base_day: date = c.on_day("strt_dt")


KA10079: Final[c.Tr[TickChartRequest, r.TickChartHead, r.TickBar]] = c.Tr(
    "ka10079",
    "주식틱차트조회요청",
    _CHART,
    TickChartRequest,
    "stk_tic_chart_qry",
    r.TickChartHead,
    r.TickBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_ns",
    page_rows=900,
    paged=True,
    notes=("pred_pre of the official example has no sign beside direction 5: take the sign from pred_pre_sig",),
)
KA10080: Final[c.Tr[MinuteChartRequest, r.ChartHead, r.MinuteBar]] = c.Tr(
    "ka10080",
    "주식분봉차트조회요청",
    _CHART,
    MinuteChartRequest,
    "stk_min_pole_chart_qry",
    r.ChartHead,
    r.MinuteBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="at_ns",
    unique=("at_ns",),
    page_rows=900,
    paged=True,
    sometimes=frozenset({"acc_trde_qty"}),
    notes=(
        "Prices carry the direction as a sign, unlike the daily chart",
        "The oldest day of a page is cut in the middle",
        "Before the rolling year: one row whose fields are all blank",
        "Minutes without trades have no row; acc_trde_qty is not in the official table",
    ),
)
KA10081: Final[c.Tr[DayChartRequest, r.ChartHead, r.DayBar]] = c.Tr(
    "ka10081",
    "주식일봉차트조회요청",
    _CHART,
    DayChartRequest,
    "stk_dt_pole_chart_qry",
    r.ChartHead,
    r.DayBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=(
        "trde_prica is 백만원, won in the weekly, monthly and yearly charts",
        "Today's row moves with the after-market: its close is not the official one",
        "Halted days have volume 0 and the previous close in all prices",
    ),
)
KA10082: Final[c.Tr[DayChartRequest, r.ChartHead, r.PeriodBar]] = c.Tr(
    "ka10082",
    "주식주봉차트조회요청",
    _CHART,
    DayChartRequest,
    "stk_stk_pole_chart_qry",
    r.ChartHead,
    r.PeriodBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=("The list is really called stk_stk_pole_chart_qry", "trde_prica is won"),
)
KA10083: Final[c.Tr[DayChartRequest, r.ChartHead, r.PeriodBar]] = c.Tr(
    "ka10083",
    "주식월봉차트조회요청",
    _CHART,
    DayChartRequest,
    "stk_mth_pole_chart_qry",
    r.ChartHead,
    r.PeriodBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=("trde_prica is won",),
)
KA10094: Final[c.Tr[DayChartRequest, r.ChartHead, r.YearBar]] = c.Tr(
    "ka10094",
    "주식년봉차트조회요청",
    _CHART,
    DayChartRequest,
    "stk_yr_pole_chart_qry",
    r.ChartHead,
    r.YearBar,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=600,
    paged=True,
    notes=("trde_prica is won",),
)
KA10086: Final[c.Tr[DayPriceRequest, None, r.DayPrice]] = c.Tr(
    "ka10086",
    "일별주가요청",
    "/api/dostk/mrkcond",
    DayPriceRequest,
    "daly_stkpc",
    None,
    r.DayPrice,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
    notes=(
        "pred_rt is a change in won, not a rate",
        "Foreign columns are shares whatever was asked",
        "Negatives have two minus signs",
    ),
)
KA10015: Final[c.Tr[DayDetailRequest, None, r.DayDetail]] = c.Tr(
    "ka10015",
    "일별거래상세요청",
    "/api/dostk/stkinfo",
    DayDetailRequest,
    "daly_trde_dtl",
    None,
    r.DayDetail,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
)
