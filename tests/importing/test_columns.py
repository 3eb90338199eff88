"""Reading single columns: tickers, days, clock times, whole numbers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.data.importing import columns as read
from ralphstock_desktop.ports import MISSING_INT


def test_tickers_keep_letters_and_zeros() -> None:
    names, numbers = read.tickers(pa.array(["5930", "A005930", "0126Z0", "00088K", "005930_NX", "12345O", None, "삼성전자"]))
    assert names.tolist() == ["005930", "005930", "0126Z0", "00088K", "005930", "", "", ""]
    assert (numbers >= 0).tolist() == [True] * 5 + [False] * 3
    assert len(set(numbers[[0, 1, 4]].tolist())) == 1


def test_tickers_from_numbers() -> None:
    assert read.tickers(pa.array([5930, 660]))[0].tolist() == ["005930", "000660"]
    assert read.tickers(pa.array([5930.0, None, 660.0]))[0].tolist() == ["005930", "", "000660"]


@pytest.mark.parametrize(
    "text",
    [
        "20260504", "2026-05-04", "2026/05/04", "2026.05.04", "2026.5.4", "2026. 5. 4.", "26/05/04", "2026년 5월 4일",
        "2026-05-04 00:00:00", "2026-05-04T09:00", "20260504.0",
    ],
)  # fmt: skip
def test_day_formats(text: str) -> None:
    assert read.day_from_text(text) == date(2026, 5, 4)


@pytest.mark.parametrize("text", ["", "2026-13-01", "20260230", "May 4", "4/5/2026", "123", "2026"])
def test_not_a_day(text: str) -> None:
    assert read.day_from_text(text) is None


def test_days_of_every_column_type() -> None:
    want = np.array(["2026-05-04", "NaT"], dtype="datetime64[D]")
    for column in (
        pa.array([date(2026, 5, 4), None]),
        pa.array(["20260504", None]),
        pa.array([20260504, None]),
        pa.array([20260504.0, None]),
        pa.array([np.datetime64("2026-05-04T09:00", "ms"), None]),
        pa.array(["2026-05-04", "x"]).dictionary_encode(),
    ):
        np.testing.assert_array_equal(read.days(column), want)


def test_an_instant_with_a_zone_is_read_in_korean_time() -> None:
    column = pa.array([1_777_852_800], pa.timestamp("s", tz="UTC"))  # 2026-05-04 00:00 UTC
    instants, days = read.instants(column)
    assert instants.tolist() == [kst_ns(date(2026, 5, 4), 9)]
    assert days.astype(str).tolist() == ["2026-05-04"]
    late = pa.array([1_777_852_800 - 3_600 * 10], pa.timestamp("s", tz="UTC"))
    assert read.instants(late)[1].astype(str).tolist() == ["2026-05-03"]


def test_clock_times() -> None:
    column = pa.array(["09:01", "9:01:30", "0901", "090130", "901", "90130", "25:00", "0960", "", None])
    assert read.times_of_day(column).tolist() == [32460, 32490, 32460, 32490, 32460, 32490, -1, -1, -1, -1]


def test_whole_numbers_from_text() -> None:
    number = read.whole(pa.array(["1,234,567", "+12", "-5", " 7 ", "", None, "1.5", "2.0", "x", "1e3", "−3", "9" * 25]))
    assert number.values.tolist() == [
        1_234_567, 12, -5, 7, MISSING_INT, MISSING_INT, MISSING_INT, 2, MISSING_INT, 1_000, -3, MISSING_INT,
    ]  # fmt: skip
    assert np.flatnonzero(number.fractional).tolist() == [6]
    assert np.flatnonzero(number.unreadable).tolist() == [8, 11]


def test_whole_numbers_are_exact_beyond_the_precision_of_floats() -> None:
    big = 2**59 + 1
    assert read.whole(pa.array([str(big)])).values.tolist() == [big]
    assert read.whole(pa.array([big])).values.tolist() == [big]


def test_scaling() -> None:
    number = read.whole(pa.array(["1.5", "0.000000001", "3"]), 100_000_000)
    assert number.values.tolist() == [150_000_000, MISSING_INT, 300_000_000]
    assert number.fractional.tolist() == [False, True, False]
    too_big = read.whole(pa.array([9 * 10**17]), 1_000)
    assert too_big.unreadable.tolist() == [True]


def test_floats_with_holes() -> None:
    number = read.whole(pa.array([1.0, float("nan"), float("inf"), None, 2.5]))
    assert number.values.tolist() == [1, MISSING_INT, MISSING_INT, MISSING_INT, MISSING_INT]
    assert number.unreadable.tolist() == [False, False, True, False, False]
    assert number.fractional.tolist() == [False, False, False, False, True]


def test_a_type_that_is_no_number() -> None:
    assert read.whole(pa.array([date(2026, 5, 4)])).unreadable.tolist() == [True]
    assert read.real(pa.array([date(2026, 5, 4)]))[1].tolist() == [True]


def test_texts_are_one_line_and_bounded() -> None:
    values, cut = read.texts(pa.array(["가\n나", None, "x" * 30]), 10)
    assert values.tolist() == ["가 나", "", "x" * 10]
    assert cut.tolist() == [False, False, True]
