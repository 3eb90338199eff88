"""Chart answers as columns: the same as records, page by page, fast."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.model.errors import ProtocolChanged
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom import parse_columns
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE
from ralphstock_desktop.providers.kiwoom.parse import parse
from ralphstock_desktop.providers.kiwoom.parse_columns import columns_of, joined_columns
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister

from .bodies import readable
from .test_mutations import CHARTS
from .test_parse import DAILY, TODAY, answer, day_row


@pytest.mark.real_data
def test_columns_equal_records_on_every_chart_body(recorded_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def by_row(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("read row by row: the fast way must take every real body")

    checked = 0
    for api_id, body in readable(recorded_data):
        if api_id not in CHARTS:
            continue
        tr = CATALOGUE[api_id]
        records = parse(tr, body, today=TODAY).rows
        with monkeypatch.context() as patch:
            patch.setattr(parse_columns, "parse", by_row)
            columns = columns_of(tr, [body], today=TODAY)
        assert len(columns) == len(records)
        for name, column in columns.arrays.items():
            assert np.array_equal(
                column, np.array([getattr(row, name) for row in records], dtype=column.dtype), equal_nan=True
            ), name
        checked += 1
    assert checked == len(CHARTS) + 1, "every chart example and the recorded one"


ODD_BUT_PLAIN = [
    {"cur_prc": " 71300"},
    {"pred_pre": "--800", "pred_pre_sig": "5"},
    {"trde_tern_rt": ""},
    {"pred_pre": "", "pred_pre_sig": ""},
]


@pytest.mark.parametrize("change", ODD_BUT_PLAIN)
def test_usual_oddities_stay_on_the_fast_way(change: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    body = answer(day_row("20261120", **change), day_row("20261119"))
    records = parse(DAILY, body, today=TODAY).rows
    monkeypatch.setattr(parse_columns, "parse", None)
    columns = columns_of(DAILY, [body], today=TODAY)
    for name, column in columns.arrays.items():
        assert np.array_equal(column, np.array([getattr(row, name) for row in records], dtype=column.dtype), equal_nan=True), (
            name
        )


@pytest.mark.parametrize(
    "change",
    [{"cur_prc": "71,300"}, {"cur_prc": "7_1300"}, {"cur_prc": "７１３００"}, {"cur_prc": 71300}, {"trde_tern_rt": "1e1"}, {"trde_tern_rt": "nan"}],
)  # fmt: skip
def test_what_is_not_plain_is_read_row_by_row(change: dict[str, Any]) -> None:
    body = answer(day_row("20261120", **change), *[day_row(f"202610{day}") for day in range(31, 10, -1)])
    columns = columns_of(DAILY, [body], today=TODAY)
    reply = parse(DAILY, body, today=TODAY)
    assert len(columns) == len(reply.rows) and len(columns.refused) == len(reply.refused)


def test_unknown_fields_are_told_on_the_fast_way_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_columns, "parse", None)
    register = FieldRegister()
    columns_of(
        DAILY, [answer(day_row("20261120", neu="1"), day_row("20261119", neu="2"), oben="x")], today=TODAY, register=register
    )
    assert [(note.field, note.count) for note in register.report()] == [("neu", 2), ("oben", 1)]


def test_pages_read_one_by_one_are_joined() -> None:
    pages = [answer(day_row("20261120"), day_row("20261119")), answer(day_row("20261119"), day_row("20261118"))]
    joined = joined_columns(DAILY, [columns_of(DAILY, [page], today=TODAY) for page in pages])
    assert joined["day"].tolist() == [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]
    assert joined["close_krw"].dtype == np.int64


@pytest.mark.parametrize(
    ("second", "key"),
    [(answer(day_row("20261119", 71_350)), "error.kiwoom.conflict"), (answer(day_row("20261123")), "error.kiwoom.order")],
)
def test_pages_that_contradict_each_other_are_refused(second: dict[str, Any], key: str) -> None:
    pages = [answer(day_row("20261120"), day_row("20261119")), second]
    with pytest.raises(ProtocolChanged) as raised:
        joined_columns(DAILY, [columns_of(DAILY, [page], today=TODAY) for page in pages])
    assert raised.value.key == key


def test_no_data_gives_no_rows_and_a_column_may_be_absent() -> None:
    assert len(columns_of(DAILY, [answer()], today=TODAY)) == 0
    minute = {"cur_prc": "-78800", "trde_qty": "7913", "cntr_tm": "20250917132000", "open_pric": "-78850", "high_pric": "-78900",
              "low_pric": "-78800", "pred_pre": "-600", "pred_pre_sig": "5"}  # fmt: skip
    body = {"stk_cd": "005930", "stk_min_pole_chart_qry": [minute], "return_code": "0"}
    columns = columns_of(CATALOGUE["ka10080"], [body], today=TODAY)
    assert columns["day_volume_shares"].tolist() == [MISSING] and columns["close_krw"].tolist() == [78_800]
