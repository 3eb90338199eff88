"""Frames of the libraries' shapes, and a call layer that serves them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

DETAIL = ("금융투자", "보험", "투신", "사모", "은행", "기타금융", "연기금", "기타법인", "개인", "외국인", "기타외국인", "전체")
DAYS = pd.DatetimeIndex(["2026-11-20", "2026-11-23", "2026-11-24"], name="날짜")


def bars(days: pd.DatetimeIndex = DAYS, level: int = 70_000, *, value: bool = True) -> pd.DataFrame:
    n = len(days)
    close = level + 100 * np.arange(n)
    columns: dict[str, Any] = {
        "시가": close - 50,
        "고가": close + 200,
        "저가": close - 300,
        "종가": close,
        "거래량": 1000 + np.arange(n),
    }
    if value:
        columns["거래대금"] = (1000 + np.arange(n)) * close
    columns["등락률"] = np.full(n, 0.14, dtype=np.float32)
    return pd.DataFrame(columns, index=days)


def flows(days: pd.DatetimeIndex = DAYS, unit: int = 1) -> pd.DataFrame:
    return pd.DataFrame({name: unit * (np.arange(len(days)) + 10 * k) for k, name in enumerate(DETAIL)}, index=days)


def index_bars(days: pd.DatetimeIndex = DAYS) -> pd.DataFrame:
    level = 2500.5 + np.arange(len(days))
    return pd.DataFrame(
        {
            "시가": level,
            "고가": level + 5,
            "저가": level - 5,
            "종가": level,
            "거래량": 10**9,
            "거래대금": 10**13,
            "상장시가총액": 2 * 10**15,
        },
        index=days,
    )


def listing() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Code": ["005930", "005935", "105560", "0126Z0", "460940", "12"],
            "Name": ["삼성전자", "삼성전자우", "KB금융", "삼성에피스홀딩스", "하나30호스팩", "잘못된코드IOU"],
            "Market": ["KOSPI", "KOSPI", "KOSPI", "KOSPI", "KOSDAQ GLOBAL", "KOSDAQ"],
            "Sector": ["통신 및 방송 장비 제조업", np.nan, "기타 금융업", np.nan, np.nan, np.nan],
            "ListingDate": pd.to_datetime(["1975-06-11", None, "2008-10-10", "2025-11-24", "2023-12-01", None]),
        }
    ).replace({"12": "BADCODE"})


def capital() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Code": ["005930", "005935", "105560", "0126Z0", "460940", "032620"],
            "Dept": [np.nan, np.nan, np.nan, np.nan, "SPAC(소속부없음)", "투자주의환기종목(소속부없음)"],
            "Stocks": [5_919_637_922, 815_974_664, 380_000_000, 31_000_000, 5_000_000, 1_000_000],
        }
    )


def administrative() -> pd.DataFrame:
    return pd.DataFrame(
        {"Symbol": ["005935"], "Name": ["삼성전자우"], "DesignationDate": pd.to_datetime(["2026-03-02"]), "Reason": ["예"]}
    )


class Served:
    """Serves frames; implements PublicLibraries."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}

    def _answer(self, name: str, default: pd.DataFrame, *arguments: Any) -> pd.DataFrame:
        self.calls[name] += 1
        self.asked.append((name, arguments))
        answer = self.answers.get(name, default)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def raw_bars(self, ticker: str, first: date, last: date) -> pd.DataFrame:
        frame = bars()
        return self._answer(
            "raw_bars", frame[(frame.index >= pd.Timestamp(first)) & (frame.index <= pd.Timestamp(last))], ticker, first, last
        )

    def adjusted_bars(self, ticker: str, first: date, last: date) -> pd.DataFrame:
        return self._answer("adjusted_bars", bars(level=69_990, value=False), ticker, first, last)

    def flows(self, ticker: str, first: date, last: date, *, shares: bool) -> pd.DataFrame:
        return self._answer("flows_shares" if shares else "flows_won", flows(unit=1 if shares else 1000), ticker, first, last)

    def index_bars(self, code: str, first: date, last: date) -> pd.DataFrame:
        return self._answer("index_bars", index_bars(), code, first, last)

    def day_quotes(self, day: date) -> pd.DataFrame:
        frame = bars(level=50_000).drop(columns=[])
        frame.index = pd.Index(["005930", "000660", "900110"], name="티커")
        frame.loc["900110", ["시가", "고가", "저가"]] = 0
        return self._answer("day_quotes", frame, day)

    def exchange_rate(self, first: date) -> pd.DataFrame:
        days = pd.DatetimeIndex(["2026-11-20", "2026-11-23", "2026-11-24"])
        columns = {"Open": [1400.0, 1401, 1402], "High": [1405.0] * 3, "Low": [1395.0] * 3, "Close": [1403.0, np.nan, 1404.0]}
        return self._answer("exchange_rate", pd.DataFrame(columns, index=days), first)

    def listing(self) -> pd.DataFrame:
        return self._answer("listing", listing())

    def capital(self) -> pd.DataFrame:
        return self._answer("capital", capital())

    def administrative(self) -> pd.DataFrame:
        return self._answer("administrative", administrative())
