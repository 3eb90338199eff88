"""Days named in questions, by hand on the calendar of early 2026 (holidays 2026-01-01 and 02-16 to 02-18)."""

from __future__ import annotations

from datetime import date

import pytest

from ralphstock_desktop.services.assistant.dates import find_days
from ralphstock_desktop.services.assistant.folding import fold
from tests.services.assistant.understand.market import small_panel

DAYS = small_panel().days
WED = date(2026, 1, 28)


def _found(text: str, as_of: date = WED) -> tuple[str | None, str | None, int | None]:
    span = find_days(fold(text).text, DAYS, as_of)
    return (span.first.isoformat() if span.first else None, span.last.isoformat() if span.last else None, span.days)


@pytest.mark.parametrize(
    ("text", "first", "last", "days"),
    [
        ("어제 종가", "2026-01-27", "2026-01-27", None),
        ("그저께", "2026-01-26", "2026-01-26", None),
        ("전일 종가", "2026-01-27", "2026-01-27", None),
        ("yesterday", "2026-01-27", "2026-01-27", None),
        ("the day before yesterday", "2026-01-26", "2026-01-26", None),
        ("오늘 어때", None, None, None),
        ("today", None, None, None),
        ("어제랑 오늘 비교", "2026-01-27", "2026-01-28", None),
        ("어제보다 뭐가", "2026-01-27", "2026-01-28", None),
        ("지난주 수급", "2026-01-19", "2026-01-23", None),
        ("지난 주", "2026-01-19", "2026-01-23", None),
        ("last week", "2026-01-19", "2026-01-23", None),
        ("이번 주", "2026-01-26", "2026-01-28", None),
        ("지난달", "2025-12-01", "2025-12-30", None),
        ("last month", "2025-12-01", "2025-12-30", None),
        ("이번 달", "2026-01-02", "2026-01-28", None),
        ("올해", "2026-01-02", "2026-01-28", None),
        ("작년", "2025-01-02", "2025-12-30", None),
        ("ytd", "2026-01-02", "2026-01-28", None),
        ("2월 6일", "2025-02-06", "2025-02-06", None),
        ("1월 20일 종가", "2026-01-20", "2026-01-20", None),
        ("2026-01-20", "2026-01-20", "2026-01-20", None),
        ("2026.1.20", "2026-01-20", "2026-01-20", None),
        ("20260120", "2026-01-20", "2026-01-20", None),
        ("1/20 종가", "2026-01-20", "2026-01-20", None),
        ("2025년 12월 24일", "2025-12-24", "2025-12-24", None),
        ("25년 12월 24일", "2025-12-24", "2025-12-24", None),
        ("jan 20", "2026-01-20", "2026-01-20", None),
        ("january 20th, 2026", "2026-01-20", "2026-01-20", None),
        ("20 january 2026", "2026-01-20", "2026-01-20", None),
        ("2026-01-25 종가", "2026-01-23", "2026-01-23", None),
        ("1월 15일부터 1월 20일까지", "2026-01-15", "2026-01-20", None),
        ("2026-01-05 ~ 2026-01-09", "2026-01-05", "2026-01-09", None),
        ("from 2026-01-05 to 2026-01-09", "2026-01-05", "2026-01-09", None),
        ("1월 15일부터", "2026-01-15", "2026-01-28", None),
        ("since january 15", "2026-01-15", "2026-01-28", None),
        ("12월 수급", "2025-12-01", "2025-12-30", None),
        ("12월부터", "2025-12-01", "2026-01-28", None),
        ("since december", "2025-12-01", "2026-01-28", None),
        ("in december", "2025-12-01", "2025-12-30", None),
        ("closing bets in 2025", "2025-01-02", "2025-12-30", None),
        ("1월 20일이랑 오늘 비교", "2026-01-20", "2026-01-28", None),
        ("2025년 주가", "2025-01-02", "2025-12-30", None),
        ("최근 5일", "2026-01-22", "2026-01-28", 5),
        ("5일간 수급", "2026-01-22", "2026-01-28", 5),
        ("최근 3거래일", "2026-01-26", "2026-01-28", 3),
        ("past 10 days", "2026-01-15", "2026-01-28", 10),
        ("5 day flow", "2026-01-22", "2026-01-28", 5),
        ("사흘 연속", "2026-01-26", "2026-01-28", 3),
        ("3개월", "2025-10-29", "2026-01-28", None),
        ("석 달 동안", "2025-10-29", "2026-01-28", None),
        ("최근 한달", "2025-12-29", "2026-01-28", None),
        ("past three months", "2025-10-29", "2026-01-28", None),
        ("2주간", "2026-01-15", "2026-01-28", None),
        ("일주일 동안", "2026-01-22", "2026-01-28", None),
        ("1년", "2025-01-29", "2026-01-28", None),
        ("3일 전 종가", "2026-01-23", "2026-01-23", None),
        ("two weeks ago", "2026-01-14", "2026-01-14", None),
        ("27일 종가", "2026-01-27", "2026-01-27", None),
        ("30일 종가", "2025-12-30", "2025-12-30", None),
        ("월요일 종가", "2026-01-26", "2026-01-26", None),
        ("금요일", "2026-01-23", "2026-01-23", None),
        ("on friday", "2026-01-23", "2026-01-23", None),
        ("지난주 화요일", "2026-01-20", "2026-01-20", None),
        ("20일선 위", None, None, None),
        ("52주 신고가", None, None, None),
        ("52 week high", None, None, None),
        ("10주 매수", None, None, None),
        ("a broker to pretend", None, None, None),
        ("13월 45일", None, None, None),
        ("2026-02-30", None, None, None),
    ],
)  # fmt: skip
def test_days(text: str, first: str | None, last: str | None, days: int | None) -> None:
    assert _found(text) == (first, last, days)


@pytest.mark.parametrize(
    ("text", "as_of", "first"),
    [
        ("어제 종가", date(2026, 2, 9), "2026-02-06"),  # Monday before the open: the day looked at is the 9th
        ("어제 종가", date(2026, 2, 8), "2026-02-06"),  # Sunday: the last day that traded
        ("어제 종가", date(2026, 2, 17), "2026-02-13"),  # New Year's holidays
        ("어제 종가", date(2026, 2, 19), "2026-02-13"),
        ("최근 3일", date(2026, 2, 19), "2026-02-12"),
        ("지난주", date(2026, 2, 23), "2026-02-19"),
        ("2월 6일", date(2026, 2, 6), "2026-02-06"),
    ],
)
def test_around_days_without_trading(text: str, as_of: date, first: str) -> None:
    assert _found(text, as_of)[0] == first


@pytest.mark.parametrize(
    ("text", "future"),
    [
        ("내일 오를까", "2026-01-29"),
        ("next week", "2026-01-29"),
        ("2026-12-01 종가", "2026-12-01"),
        ("어제", None),
        ("배당내일", "2026-01-29"),
    ],
)
def test_days_after_the_as_of_are_only_said_to_be_so(text: str, future: str | None) -> None:
    span = find_days(fold(text).text, DAYS, WED)
    assert (span.future.isoformat() if span.future else None) == future
    assert span.first is None or span.first <= WED


def test_never_after_the_as_of_on_any_day() -> None:
    texts = (
        "최근 5일",
        "지난주",
        "이번 달",
        "3개월",
        "2월 6일",
        "2026-01-25",
        "월요일",
        "5월부터",
        "since may",
        "올해",
        "12월",
    )
    for number in range(0, 900, 7):
        as_of = date.fromordinal(date(2024, 1, 2).toordinal() + number)
        for text in texts:
            span = find_days(fold(text).text, DAYS, as_of)
            for day in (span.first, span.last):
                assert day is None or day <= as_of or day == DAYS[0].astype(date), (text, as_of)
            if span.first is not None and span.last is not None:
                assert span.first <= span.last
