"""Small batches for the storage tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from engine.model.instants import AsOf
from engine.model.instruments import Market, SecurityType, Symbol
from ralphstock_desktop.ports import (
    MISSING_INT,
    ActionBatch,
    DailyBatch,
    FlowBatch,
    IndexBatch,
    MinuteBatch,
    NewsBatch,
    ScanRecord,
    StoredSignal,
)

DAY = date(2026, 3, 2)


def days_of(values: Sequence[Any]) -> Any:
    return np.array(values, dtype="datetime64[D]")


def ints(values: Sequence[int | None]) -> Any:
    return np.array([MISSING_INT if value is None else value for value in values], dtype=np.int64)


def daily(rows: Sequence[tuple[Any, ...]], source: str = "test") -> DailyBatch:
    """Rows of (ticker, day, open, high, low, close, volume[, value[, prev_diff]])."""
    full = [tuple(row) + (None,) * (9 - len(row)) for row in rows]
    columns = list(zip(*full, strict=True))
    return DailyBatch(
        ticker=np.array(columns[0]),
        day=days_of(columns[1]),
        open_krw=ints(columns[2]),
        high_krw=ints(columns[3]),
        low_krw=ints(columns[4]),
        close_krw=ints(columns[5]),
        volume_shares=ints(columns[6]),
        value_krw=ints(columns[7]),
        prev_diff_krw=ints(columns[8]),
        source=source,
    )


def market(tickers: int, first: str, days: int, *, source: str = "test", seed: int = 7) -> DailyBatch:
    """A block of plain bars: every ticker on every weekday from ``first`` on."""
    rng = np.random.default_rng(seed)
    calendar = np.busday_offset(np.datetime64(first), np.arange(days), roll="forward")
    names = np.array([f"{n:05d}0" for n in range(1, tickers + 1)])
    size = tickers * days
    close = rng.integers(5_000, 50_000, size)
    return DailyBatch(
        ticker=np.repeat(names, days),
        day=np.tile(calendar, tickers),
        open_krw=close - 50,
        high_krw=close + 100,
        low_krw=close - 100,
        close_krw=close,
        volume_shares=rng.integers(1_000, 1_000_000, size),
        value_krw=np.full(size, MISSING_INT),
        prev_diff_krw=np.full(size, MISSING_INT),
        source=source,
    )


def flows(
    rows: Sequence[tuple[Any, ...]], investor: str = "foreign", *, estimated: bool = False, provisional: bool = False
) -> FlowBatch:
    """Rows of (ticker, day, net_shares, net_krw)."""
    columns = list(zip(*rows, strict=True))
    return FlowBatch(
        ticker=np.array(columns[0]),
        day=days_of(columns[1]),
        investor=investor,
        net_shares=ints(columns[2]),
        net_krw=ints(columns[3]),
        estimated=estimated,
        provisional=provisional,
        source="test",
    )


def actions(rows: Sequence[tuple[Any, ...]]) -> ActionBatch:
    """Rows of (ticker, ex day, factor, confidence)."""
    columns = list(zip(*rows, strict=True))
    return ActionBatch(
        ticker=np.array(columns[0]),
        ex_day=days_of(columns[1]),
        price_factor=np.array(columns[2], dtype=np.float64),
        confidence=np.array(columns[3]),
        source="test",
    )


def minutes(ticker: str, rows: Sequence[tuple[int, int, int, int, int, int]]) -> MinuteBatch:
    """Rows of (start in UTC ns, open, high, low, close, volume); value is close × volume."""
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    return MinuteBatch(
        ticker=np.full(len(rows), ticker),
        minute_ns=columns[0],
        open_krw=columns[1],
        high_krw=columns[2],
        low_krw=columns[3],
        close_krw=columns[4],
        volume_shares=columns[5],
        value_krw=columns[4] * columns[5],
        source="minutes",
    )


def levels(code: str, rows: Sequence[tuple[Any, float]]) -> IndexBatch:
    """Rows of (day, close)."""
    close = np.array([row[1] for row in rows], dtype=np.float64)
    missing = np.full(len(rows), np.nan)
    return IndexBatch(
        code=np.full(len(rows), code),
        day=days_of([row[0] for row in rows]),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=missing,
        value_krw=missing,
        source="levels",
    )


def news(rows: Sequence[tuple[str, str, str, int | None]]) -> NewsBatch:
    """Rows of (url, title, ticker, published ns)."""
    columns = list(zip(*rows, strict=True))
    size = len(rows)
    return NewsBatch(
        url=np.array(columns[0]),
        title=np.array(columns[1]),
        press=np.full(size, "연합"),
        published_ns=ints(columns[3]),
        collected_ns=np.full(size, MISSING_INT),
        ticker=np.array(columns[2]),
        kind=np.full(size, "news"),
        source="news",
    )


def many_news(count: int) -> NewsBatch:
    """Headlines a minute apart from the epoch on, of 2,000 symbols in turn."""
    moments = np.arange(count, dtype=np.int64) * 60_000_000_000
    return NewsBatch(
        url=np.array([f"https://a.kr/{n}" for n in range(count)]),
        title=np.array([f"제목 {n}" for n in range(count)]),
        press=np.full(count, "연합뉴스"),
        published_ns=moments,
        collected_ns=moments,
        ticker=np.array([f"{n % 2000:05d}0" for n in range(count)]),
        kind=np.full(count, "news"),
        source="many",
    )


def symbol(ticker: str, name: str, **fields: Any) -> Symbol:
    return Symbol(ticker, name, **({"market": Market.KOSPI, "type": SecurityType.COMMON} | fields))


def run(state: Any = "COMPLETE", *, day: date = DAY, strategy: str = "VCP", started: int = 1) -> ScanRecord:
    return ScanRecord(
        strategy=strategy,
        mode="MANUAL",
        signal_date=day,
        as_of=AsOf.end_of(day),
        ruleset="2026.1",
        code_version="test",
        universe_n=10,
        scored_n=9,
        missing_n=1,
        error_n=0,
        started_ns=started,
        finished_ns=started + 1,
        state=state,
    )


def signal(ticker: str, score: float = 81.5, *, day: date = DAY, strategy: str = "VCP", **fields: Any) -> StoredSignal:
    values = {"score": score, "coverage": 100.0, "grade": "S", "depths": [12.5, 6.0, 3.0], "pivot": 12_300.0} | fields
    return StoredSignal(strategy=strategy, ticker=ticker, signal_date=day, ruleset="2026.1", values=values)
