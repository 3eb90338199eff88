"""The fields of a scan without a window are those of the table's rows."""

from __future__ import annotations

import numpy as np
import pytest

from ralphstock_desktop.services.filters.language import parse_filter
from ralphstock_desktop.services.filters.scan_rows import ScanFields
from ralphstock_desktop.services.filters.scan_words import NUMBER_FIELDS, scan_vocabulary
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from tests.ui.tables.local_market import local_panel, scan_picture


def test_every_field_is_that_of_the_table() -> None:
    picture = scan_picture(local_panel())
    mine, table = ScanFields(picture.panel, picture.scan), ScanRows(picture.panel, picture.scan, "ko")
    for field in (*NUMBER_FIELDS, "grade", "state", "market"):
        assert np.array_equal(mine.filter_keys(field), table.filter_keys(field), equal_nan=True), field
    for field in ("name", "code", "sector"):
        assert mine.filter_texts(field) == table.filter_texts(field)


@pytest.mark.parametrize("text", ["RS >= 70", "ㅅㅅㅈㅈ", "삼성 또는 시장 = 코스닥", "등급 >= A 그리고 총점 < 90", "수급 없음"])
def test_a_condition_finds_the_same_rows(text: str) -> None:
    picture = scan_picture(local_panel())
    predicate = parse_filter(text, scan_vocabulary())
    mine = predicate(ScanFields(picture.panel, picture.scan))
    assert np.array_equal(mine, predicate(ScanRows(picture.panel, picture.scan, "en")))
