"""Reading answers: no data in four forms, order, repeats, refused rows, unknown and vanished fields."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.model.errors import AuthExpired, ProtocolChanged, RalphStockError, RateLimited
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE
from ralphstock_desktop.providers.kiwoom.catalogue_charts import DayChartRequest
from ralphstock_desktop.providers.kiwoom.parse import parse
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister

TODAY = date(2026, 11, 24)
DAILY = CATALOGUE["ka10081"]
KEY = "stk_dt_pole_chart_qry"


def day_row(day: str, close: int = 71_300, **other: Any) -> dict[str, Any]:
    row = {"cur_prc": str(close), "trde_qty": "1000", "trde_prica": str(close * 1_000 // 1_000_000), "dt": day, "open_pric": str(close),
           "high_pric": str(close + 100), "low_pric": str(close - 100), "pred_pre": "+800", "pred_pre_sig": "2", "trde_tern_rt": "+0.20"}  # fmt: skip
    return {**row, **other}


def answer(*rows: Any, code: Any = 0, **head: Any) -> dict[str, Any]:
    return {"stk_cd": "005930", KEY: list(rows), "return_code": code, "return_msg": "정상", **head}


def days_of(reply: Any) -> list[int]:
    return [row.day.day for row in reply.rows]


def texts(language: str) -> dict[str, str]:
    folder = Path(__file__).resolve().parents[3] / "resources" / "texts" / language
    return {key: text for file in folder.glob("kiwoom*.json") for key, text in json.loads(file.read_text("utf-8")).items()}


class Notes:
    """A monitor that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, int, dict[str, Any]]] = []

    def note(self, source: str, key: str, count: int = 1, **fields: Any) -> None:
        self.told.append((source, key, count, fields))


@pytest.mark.parametrize(
    "body",
    [
        answer(),
        {"return_code": 20, "return_msg": "해당조회내역이 없습니다."},
        {"return_code": "20", "return_msg": "모의투자 해당조회내역이 없습니다."},
        answer(dict.fromkeys(day_row("20261120"), "")),
        answer(dict.fromkeys(day_row("20261120"), " ")),
    ],
    ids=["empty list", "code 20", "code 20 as text", "row of blanks", "row of spaces"],
)
def test_no_data_in_all_its_forms(body: dict[str, Any]) -> None:
    reply = parse(DAILY, body, today=TODAY)
    assert reply.rows == () and reply.refused == ()


def test_newest_first_comes_out_ascending() -> None:
    reply = parse(DAILY, answer(day_row("20261120"), day_row("20261119"), day_row("20261118")), today=TODAY)
    assert days_of(reply) == [18, 19, 20] and reply.positions == (2, 1, 0)


def test_pages_are_joined_and_repeats_dropped() -> None:
    pages = [answer(day_row("20261120"), day_row("20261119")), answer(day_row("20261119"), day_row("20261118"))]
    assert days_of(parse(DAILY, pages, today=TODAY)) == [18, 19, 20]


@pytest.mark.parametrize(
    "rows",
    [
        [day_row("20261118"), day_row("20261119"), day_row("20261120")],
        [day_row("20261120"), day_row("20261118"), day_row("20261119")],
    ],
    ids=["ascending", "shuffled"],
)
def test_another_order_is_refused_as_a_whole(rows: list[Any]) -> None:
    with pytest.raises(ProtocolChanged) as raised:
        parse(DAILY, answer(*rows), today=TODAY)
    assert raised.value.key == "error.kiwoom.order" and raised.value.retryable
    assert "ka10081" in texts("ko")[raised.value.key].format(**raised.value.fields)


def test_rows_that_contradict_each_other_are_both_refused() -> None:
    rows = [day_row(f"202611{day}") for day in range(20, 9, -1)] + [day_row(f"202610{day}") for day in range(30, 10, -1)]
    reply = parse(DAILY, answer(*rows[:3], {**rows[2], "cur_prc": "71350"}, *rows[3:]), today=TODAY)
    assert len(reply.refused) == 1 and reply.refused[0].key == "error.kiwoom.conflict"
    assert date(2026, 11, 18) not in [row.day for row in reply.rows] and len(reply.rows) == len(rows) - 1


BAD_ROWS = [
    ({"cur_prc": ""}, "error.kiwoom.missing", "cur_prc"),
    ({"cur_prc": "칠만"}, "error.kiwoom.value", "cur_prc"),
    ({"cur_prc": "71300.5"}, "error.kiwoom.value", "cur_prc"),
    ({"cur_prc": 71300.5}, "error.kiwoom.value", "cur_prc"),
    ({"cur_prc": True}, "error.kiwoom.value", "cur_prc"),
    ({"cur_prc": ["71300"]}, "error.kiwoom.value", "cur_prc"),
    ({"trde_qty": "-1000"}, "error.kiwoom.implausible", "trde_qty"),
    ({"cur_prc": "713000000"}, "error.kiwoom.implausible", "cur_prc"),
    ({"cur_prc": "0"}, "error.kiwoom.implausible", "close_krw"),
    ({"low_pric": "71400"}, "error.kiwoom.implausible", "high_krw"),
    ({"high_pric": "71200"}, "error.kiwoom.implausible", "high_krw"),
    ({"open_pric": "0"}, "error.kiwoom.implausible", "high_krw"),
    ({"trde_prica": "71300000"}, "error.kiwoom.implausible", "value_krw"),
    ({"dt": "20261125"}, "error.kiwoom.implausible", "day"),
    ({"dt": "19560302"}, "error.kiwoom.implausible", "day"),
    ({"dt": "20261332"}, "error.kiwoom.value", "dt"),
    ({"dt": ""}, "error.kiwoom.missing", "dt"),
    ({"pred_pre": "+8o0"}, "error.kiwoom.value", "pred_pre"),
]


@pytest.mark.parametrize(
    ("change", "key", "field"), BAD_ROWS, ids=[f"{next(iter(case[0]))}={next(iter(case[0].values()))}" for case in BAD_ROWS]
)
def test_a_bad_row_is_refused_and_the_others_stand(change: dict[str, Any], key: str, field: str) -> None:
    rows = [day_row(f"202610{day}") for day in range(31, 10, -1)]
    monitor = Notes()
    # The bad one is the first: the newest day of all, so that no order breaks.
    bad = {**day_row("20261120"), **change}
    reply = parse(DAILY, answer(bad, *rows), today=TODAY, register=FieldRegister(monitor))
    assert len(reply.rows) == len(rows)
    (error,) = reply.refused
    assert (error.key, error.fields["field"], error.fields["row"], error.fields["api_id"]) == (key, field, 0, "ka10081")
    assert monitor.told[0][1] == "health.note.kiwoom_refused_row" and monitor.told[0][3]["field"] == field
    for language in ("ko", "en"):
        assert field in texts(language)[error.key].format(**error.fields)
        _, note_key, _, note_fields = monitor.told[0]
        assert "ka10081" in texts(language)[note_key].format(**note_fields)


def test_a_missing_field_refuses_the_row_and_is_named() -> None:
    row = day_row("20261120")
    del row["trde_prica"]
    with pytest.raises(ProtocolChanged) as raised:
        parse(DAILY, answer(row), today=TODAY)
    assert raised.value.key == "error.kiwoom.rows"
    assert raised.value.fields["cause"] == "error.kiwoom.missing" and raised.value.fields["field"] == "trde_prica"


def test_more_than_a_twentieth_refused_refuses_the_answer() -> None:
    rows = [day_row(f"202610{day}") for day in range(31, 12, -1)]
    bad = day_row("20261120", cur_prc="")
    assert len(parse(DAILY, answer(bad, *rows), today=TODAY).rows) == 19, "one of twenty"
    with pytest.raises(ProtocolChanged, match="rows of the answer") as raised:
        parse(DAILY, answer(bad, *rows[:18]), today=TODAY)
    assert "19" in texts("ko")[raised.value.key].format(**raised.value.fields)


def test_halted_and_adjusted_bars_are_believed() -> None:
    halted = day_row("20261120", 71_300, trde_qty="0", trde_prica="0", open_pric="0", high_pric="0", low_pric="0")
    flat = day_row("20261119", 71_300, trde_qty="0", trde_prica="0", open_pric="71300", high_pric="71300", low_pric="71300")
    assert len(parse(DAILY, answer(halted, flat), today=TODAY).rows) == 2
    rounded = day_row("20261120", 1_426, high_pric="1425", low_pric="1425", trde_prica="71")
    request = DayChartRequest("005930", TODAY, adjusted=True)
    assert len(parse(DAILY, answer(rounded), request, today=TODAY).rows) == 1
    with pytest.raises(ProtocolChanged):
        parse(DAILY, answer(rounded), today=TODAY)


@pytest.mark.parametrize(
    ("body", "kind", "key"),
    [
        ({"return_code": 3, "return_msg": "인증에 실패했습니다[8005:Token이 유효하지 않습니다]"}, AuthExpired, "error.kiwoom.token"),
        ({"return_code": 5, "return_msg": "[1700:허용된 API 요청 개수를 초과하였습니다]"}, RateLimited, "error.kiwoom.limit_api"),
        ({"return_code": 0}, ProtocolChanged, "error.kiwoom.list"),
        ({"return_code": 0, KEY: {}}, ProtocolChanged, "error.kiwoom.list"),
        ({"return_code": 0, KEY: None}, ProtocolChanged, "error.kiwoom.list"),
        ({KEY: []}, ProtocolChanged, "error.kiwoom.shape"),
        ({"return_code": "---0", KEY: []}, ProtocolChanged, "error.kiwoom.shape"),
        ({"return_code": -0.0, KEY: []}, ProtocolChanged, "error.kiwoom.shape"),
    ],
)  # fmt: skip
def test_refusals_and_other_shapes(body: dict[str, Any], kind: type[RalphStockError], key: str) -> None:
    body.setdefault("stk_cd", "005930")
    with pytest.raises(kind) as raised:
        parse(DAILY, body, today=TODAY)
    assert raised.value.key == key


@pytest.mark.parametrize("row", [None, 5, "row", [], [["cur_prc", "71300"]]])
def test_what_is_no_row_is_refused(row: Any) -> None:
    rows = [day_row(f"202610{day}") for day in range(31, 10, -1)]
    reply = parse(DAILY, answer(row, *rows), today=TODAY)
    assert len(reply.rows) == len(rows) and len(reply.refused) == 1


def test_unknown_and_vanished_fields_are_told_and_kept() -> None:
    monitor = Notes()
    register = FieldRegister(monitor, "kiwoom")
    rows = [day_row("20261120", neu="5"), day_row("20261119", neu="6")]
    for row in rows:
        del row["trde_tern_rt"]
    reply = parse(DAILY, answer(*rows, extra_head="x"), today=TODAY, register=register)
    assert len(reply.rows) == 2
    found = {(note.kind, note.field): (note.sample, note.count) for note in register.report()}
    assert found == {
        ("unknown_field", "neu"): ("5", 2),
        ("unknown_field", "extra_head"): ("x", 1),
        ("missing_field", "trde_tern_rt"): ("", 2),
    }
    assert {told[1] for told in monitor.told} == {"health.note.kiwoom_unknown_field", "health.note.kiwoom_missing_field"}
    assert all(told[0] == "kiwoom" and told[3]["api_id"] == "ka10081" for told in monitor.told)


def test_the_register_is_bounded_and_keeps_no_secret() -> None:
    register = FieldRegister(most=3)
    register.unknown("ka10001", "appkey", "PSabcdefghijklmnop")
    register.unknown("ka10001", "note", "h3KkAbCdEfGhIjKlMnOpQrStUvWx")
    register.unknown("ka10001", "number", "1234567890")
    register.unknown("ka10001", "more", "5")
    register.unknown("ka10001", "note", "5", count=4)
    assert [(note.field, note.sample, note.count) for note in register.report()] == [
        ("appkey", "", 1),
        ("note", "5", 5),
        ("number", "", 1),
    ]
    assert register.uncounted == 1
    private = FieldRegister()
    private.unknown("kt00018", "brch_nm", "키움은행", is_private=True)
    assert private.report()[0].sample == ""


def test_account_answers_show_no_value_in_errors_and_no_unknown_fields() -> None:
    register = FieldRegister()
    body = {"tot_pur_amt": "000000017598258", "geheim": "9876543210", "return_code": 0,
            "acnt_evlt_remn_indv_tot": [{"stk_cd": "A005930", "rmnd_qty": "12x4567", "cur_prc": "000000059000"}]}  # fmt: skip
    with pytest.raises(ProtocolChanged) as raised:
        parse(CATALOGUE["kt00018"], body, register=register)
    assert "12x4567" not in str(raised.value) and "12x4567" not in str(raised.value.fields)
    assert raised.value.fields["field"] == "rmnd_qty"
    assert all(note.sample == "" for note in register.report()) and "geheim" not in [note.field for note in register.report()]


def test_ranked_rows_of_an_earlier_page_are_dropped_and_order_is_kept() -> None:
    tr = CATALOGUE["ka10032"]
    row = {"stk_cd": "005930", "now_rank": "1", "pred_rank": "1", "stk_nm": "삼성전자", "cur_prc": "-152000", "pred_pre_sig": "5",
           "pred_pre": "-100", "flu_rt": "-0.07", "sel_bid": "0", "buy_bid": "0", "now_trde_qty": "10", "pred_trde_qty": "9",
           "trde_prica": "1"}  # fmt: skip
    pages = [
        {"trde_prica_upper": [row, {**row, "stk_cd": "000660_AL", "now_rank": "2"}], "return_code": 0},
        {"trde_prica_upper": [{**row, "stk_cd": "000660_AL", "now_rank": "3"}, {**row, "stk_cd": "035420"}], "return_code": 0},
    ]
    assert [record.ticker for record in parse(tr, pages).rows] == ["005930", "000660", "035420"]
