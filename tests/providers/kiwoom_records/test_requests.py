"""Typed requests: bodies as the broker wants them, and what must not be sent."""

from __future__ import annotations

from datetime import date

import pytest

from engine.model.errors import ValidationFailed
from ralphstock_desktop.providers.kiwoom import catalogue_flow_requests as flows
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE, by_path, fields_of, tr_of
from ralphstock_desktop.providers.kiwoom.catalogue_accounts import OpenOrdersRequest
from ralphstock_desktop.providers.kiwoom.catalogue_charts import DayChartRequest, MinuteChartRequest
from ralphstock_desktop.providers.kiwoom.catalogue_programs import ProgramMarketRequest
from ralphstock_desktop.providers.kiwoom.catalogue_quotes import MasterRequest, PlainStockRequest, StockRequest, WatchRequest
from ralphstock_desktop.providers.kiwoom.catalogue_rankings import (
    ChangeRankRequest,
    ExpectedRankRequest,
    NewHighLowRequest,
    ValueRankRequest,
    VolumeRankRequest,
    VolumeSurgeRequest,
)
from ralphstock_desktop.providers.kiwoom.catalogue_sectors import IndexRequest, ThemesRequest, ViRequest
from ralphstock_desktop.providers.kiwoom.records_wire import Kind, Measure

DAY = date(2026, 11, 23)
START = date(2026, 11, 2)

GOOD = [
    ("ka10099", MasterRequest("KOSDAQ"), {"mrkt_tp": "10"}),
    ("ka10095", WatchRequest(("005930", "035420_NX")), {"stk_cd": "005930|035420_NX"}),
    ("ka10080", MinuteChartRequest("0001A0", 5), {"stk_cd": "0001A0", "tic_scope": "5", "upd_stkpc_tp": "0"}),
    ("ka10081", DayChartRequest("005930", DAY, adjusted=True), {"stk_cd": "005930", "base_dt": "20261123", "upd_stkpc_tp": "1"}),
    ("ka10059", flows.InvestorDayRequest(DAY, "005930", Measure.SHARES),
     {"dt": "20261123", "stk_cd": "005930", "amt_qty_tp": "2", "trde_tp": "0", "unit_tp": "1"}),
    ("ka10051", flows.SectorFlowRequest("KOSDAQ", base_day=DAY),
     {"mrkt_tp": "1", "amt_qty_tp": "0", "base_dt": "20261123", "stex_tp": "1"}),
    ("ka10131", flows.RunRankRequest("KOSPI", 5),
     {"mrkt_tp": "001", "dt": "5", "strt_dt": "", "end_dt": "", "netslmt_tp": "2", "stk_inds_tp": "0", "amt_qty_tp": "0", "stex_tp": "1"}),
    ("ka90005", ProgramMarketRequest(DAY, "KOSDAQ", venue="combined"),
     {"date": "20261123", "amt_qty_tp": "1", "mrkt_tp": "P101_AL02", "min_tic_tp": "1", "stex_tp": "3"}),
    ("ka20001", IndexRequest("KOSDAQ", "101"), {"mrkt_tp": "1", "inds_cd": "101"}),
    ("ka90001", ThemesRequest(name="반도체"),
     {"flu_pl_amt_tp": "1", "date_tp": "10", "stk_cd": "", "thema_nm": "반도체", "qry_tp": "1", "stex_tp": "1"}),
    ("ka10075", OpenOrdersRequest("005930"), {"stk_cd": "005930", "trde_tp": "0", "stex_tp": "0", "all_stk_tp": "1"}),
]  # fmt: skip


@pytest.mark.parametrize(("api_id", "request_", "body"), GOOD, ids=[case[0] for case in GOOD])
def test_bodies(api_id: str, request_: object, body: dict[str, str]) -> None:
    assert CATALOGUE[api_id].body(request_) == body


def test_the_same_word_has_the_code_of_each_request() -> None:
    """Inverted and inconsistent flags of the broker."""

    def code(api_id: str, request_: object, field: str) -> str:
        return CATALOGUE[api_id].body(request_)[field]

    assert code("ka10027", ChangeRankRequest("fall %"), "sort_tp") == "3"
    assert code("ka10029", ExpectedRankRequest("fall %"), "sort_tp") == "4"
    assert code("ka10029", ExpectedRankRequest("unchanged"), "sort_tp") == "3"
    assert code("ka10065", flows.InvestorTopRequest("buy", "foreign"), "trde_tp") == "1"
    assert code("ka10058", flows.InvestorStocksRequest(START, DAY, "buy", "KOSPI", "foreign"), "trde_tp") == "2"
    assert code("ka10034", flows.ForeignRankRequest("sell"), "trde_tp") == "1"
    assert code("ka10032", ValueRankRequest(with_administrative=False), "mang_stk_incls") == "0"
    assert code("ka10030", VolumeRankRequest(stocks="1"), "mang_stk_incls") == "1"
    assert code("ka10027", ChangeRankRequest("rise"), "trde_qty_cnd") == "0000"
    assert code("ka10016", NewHighLowRequest("high"), "trde_qty_tp") == "00000"
    assert code("ka10023", VolumeSurgeRequest(minutes=5), "tm_tp") == "1"
    assert code("ka10023", VolumeSurgeRequest(), "tm_tp") == "2"
    assert code("ka10054", ViRequest(), "motn_drc") == "0", "required, though older texts leave it out"


BAD = [
    ("ka10099", MasterRequest("NASDAQ"), "market", "KOSPI, KOSDAQ"),
    ("ka10100", PlainStockRequest("005930_NX"), "ticker", "six characters"),
    ("ka10001", StockRequest("5930"), "ticker", "six characters"),
    ("ka10001", StockRequest("005930_XX"), "ticker", "_NX or _AL"),
    ("ka10001", StockRequest(5930), "ticker", "six characters"),
    ("ka10001", StockRequest(""), "ticker", "six characters"),
    ("ka10095", WatchRequest(()), "tickers", "1 to 50"),
    ("ka10095", WatchRequest(tuple(f"{n:06d}" for n in range(51))), "tickers", "1 to 50"),
    ("ka10095", WatchRequest(("005930", "005930")), "tickers", "different"),
    ("ka10095", WatchRequest("005930"), "tickers", "1 to 50"),
    ("ka10080", MinuteChartRequest("005930", 2), "minutes", "1, 3, 5"),
    ("ka10081", DayChartRequest("005930", None), "base_day", "a date"),
    ("ka10081", DayChartRequest("005930", "20261123"), "base_day", "a date"),
    ("ka10059", flows.InvestorDayRequest(DAY, "005930", "won"), "measure", "WON, SHARES"),
    ("ka10131", flows.RunRankRequest("KONEX"), "market", "KOSPI, KOSDAQ"),
    ("ka10131", flows.RunRankRequest("KOSPI", 0), "days", "start and end"),
    ("ka10131", flows.RunRankRequest("KOSPI", 5, START, DAY), "days", "0 exactly when"),
    ("ka10014", flows.ShortSaleRequest("005930", DAY, START), "start", "not after"),
    ("ka10016", NewHighLowRequest("high", days=251), "days", "1 to 250"),
    ("ka10016", NewHighLowRequest("high", days=True), "days", "1 to 250"),
    ("ka20001", IndexRequest("KOSDAQ", "KQ11"), "code", "three digits"),
    ("ka90001", ThemesRequest(ticker="005930", name="반도체"), "name", "blank"),
    ("ka10081", StockRequest("005930"), "request", "DayChartRequest"),
]


@pytest.mark.parametrize(
    ("api_id", "request_", "field", "right"), BAD, ids=[f"{case[0]}-{case[2]}-{n}" for n, case in enumerate(BAD)]
)
def test_what_must_not_be_sent_names_field_value_and_what_is_right(
    api_id: str, request_: object, field: str, right: str
) -> None:
    with pytest.raises(ValidationFailed) as raised:
        CATALOGUE[api_id].body(request_)
    fields = raised.value.fields
    assert raised.value.key == "error.kiwoom.request_field"
    assert fields["api_id"] == api_id and fields["field"] == field and right in str(fields["right"]) and fields["value"]


def test_catalogue_knows_every_request_of_the_protocol_and_no_order() -> None:
    assert len(CATALOGUE) == 71
    assert not [api_id for api_id in CATALOGUE if api_id.startswith(("kt1", "kt5"))]
    assert all(entry.path.startswith("/api/dostk/") for entry in CATALOGUE.values())
    assert {entry.api_id for entry in by_path("/api/dostk/thme")} == {"ka90001", "ka90002"}
    assert CATALOGUE["ka10087"].retired_on == date(2026, 9, 12)
    with pytest.raises(ValidationFailed):
        tr_of("t0424")


def test_catalogue_tells_the_kind_of_every_field() -> None:
    kinds = fields_of("ka10081")
    assert kinds["stk_dt_pole_chart_qry"]["cur_prc"] is Kind.PRICE
    assert kinds["stk_dt_pole_chart_qry"]["trde_prica"] is Kind.KRW
    assert kinds[""]["stk_cd"] is Kind.SYMBOL
    assert list(fields_of("ka10001")) == [""]
    assert all(fields_of(api_id) for api_id in CATALOGUE)
