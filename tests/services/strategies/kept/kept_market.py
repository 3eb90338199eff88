"""A small market of hand-written bars with a repository of its own, for the services that keep strategies' results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from engine.model.instants import AsOf, kst_ns
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import MinuteBatch, ScanRecord, StoredSignal

FIRST = date(2026, 3, 2)
"""A Monday; the days of the market are the weekdays from here on (2 March is a holiday to nobody in here)."""
Bar = tuple[int, int, int, int]


def day(index: int) -> date:
    """Trading day by index."""
    return FIRST + timedelta(days=index // 5 * 7 + index % 5)


def market(bars: dict[str, Sequence[Bar]], *, factors: dict[str, Sequence[float]] | None = None) -> MarketPanel:
    """A panel of raw bars (open, high, low, close), one list a symbol, all equally long."""
    tickers = sorted(bars)
    count = len(bars[tickers[0]])
    shape = (len(tickers), count)
    arrays: dict[str, Any] = {
        name: np.full(shape, np.nan if kind == "<f8" else 0, dtype=kind) for name, kind in ARRAY_FIELDS.items()
    }
    for row, ticker in enumerate(tickers):
        for column, name in enumerate(("open_krw", "high_krw", "low_krw", "close_krw")):
            arrays[name][row] = [bar[column] for bar in bars[ticker]]
        if factors and ticker in factors:
            arrays["factor"][row] = factors[ticker]
        else:
            arrays["factor"][row] = 1.0
    arrays["volume_shares"][...] = 1_000
    arrays["value_krw"][...] = 5e10
    for name in ("present", "valid"):
        arrays[name][...] = True
    missing = np.full(len(tickers), np.datetime64("NaT"), dtype="datetime64[D]")
    names = np.array([f"종목{ticker[:5].lstrip('0') or '0'}" for ticker in tickers])
    return MarketPanel(
        days=np.array([day(index) for index in range(count)], dtype="datetime64[D]"),
        tickers=np.array(tickers),
        names=names,
        names_en=np.array([f"Stock {ticker}" for ticker in tickers]),
        sectors=names,
        market=np.ones(len(tickers), dtype=np.uint8),
        security_type=np.ones(len(tickers), dtype=np.uint8),
        listed_on=missing,
        delisted_on=missing,
        simulated=True,
        version=f"{len(tickers)}x{count}",
        **arrays,
    )


def flat(count: int, price: int = 10_000) -> list[Bar]:
    """Bars that hardly move."""
    return [(price, price + 50, price - 50, price)] * count


def stored(
    ticker: str, index: int = 0, *, strategy: str = "VCP", phase: str = "PENDING", state: str = "BREAKOUT", **values: Any
) -> StoredSignal:
    """A signal of a day: entry 10,000, stop 9,500, target 11,000, pivot 9,900, ten shares, unless said otherwise."""
    given = {
        "grade": "A", "score": 70.0, "score_pct": 70.0, "coverage": 100.0, "entry": 10_000, "stop": 9_500, "target": 11_000,
        "qty": 10,
    }  # fmt: skip
    if strategy == "VCP":
        given |= {"pivot": 9_900.0, "state": state}
    return StoredSignal(strategy, ticker, day(index), DEFAULT_RULES.ruleset_id, given | values, "OPEN", phase)


def run_of(
    strategy: str = "VCP", index: int = 0, *, mode: str = "MANUAL", as_of: AsOf | None = None, state: Any = "COMPLETE"
) -> ScanRecord:
    """A run of a day, by default as of its end."""
    moment = as_of or AsOf.end_of(day(index))
    return ScanRecord(
        strategy, mode, day(index), moment, DEFAULT_RULES.ruleset_id, "test", 1, 1, 0, 0, moment.instant_ns,
        moment.instant_ns, state,
    )  # fmt: skip


def minute_bars(ticker: str, on: date, bars: Sequence[tuple[int, int, int, int, int, int]]) -> MinuteBatch:
    """Rows of (hour, minute, open, high, low, close)."""
    columns = [np.array(column, dtype=np.int64) for column in zip(*(bar[2:] for bar in bars), strict=True)]
    return MinuteBatch(
        np.full(len(bars), ticker), np.array([kst_ns(on, bar[0], bar[1]) for bar in bars], dtype=np.int64), *columns,
        np.full(len(bars), 100), np.full(len(bars), 1_000_000), "test",
    )  # fmt: skip


@dataclass
class Clock:
    """The market's clock."""

    ns: int

    def __call__(self) -> int:
        return self.ns


@dataclass
class Settings:
    """Settings as services read them."""

    values: dict[str, Any] = field(
        default_factory=lambda: {
            "notices_vcp": True, "notices_closing": True, "notices_day": True, "notices_gate": True, "notices_near": False,
            "notices_quiet_from": 20, "notices_quiet_until": 7,
        }
    )  # fmt: skip

    def get(self, key: str) -> Any:
        return self.values[key]
