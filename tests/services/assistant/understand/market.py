"""A market of names only: all that understanding reads of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from engine.model.instants import AsOf
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from ralphstock_desktop.services.assistant_contracts import Screen

__all__ = ["SMALL", "panel_of", "recorded_panel", "screen_at", "small_panel", "weekdays"]

SMALL = {
    "000270": "기아", "000660": "SK하이닉스", "001680": "대상", "003550": "LG", "005380": "현대차", "005389": "현대차3우B",
    "005930": "삼성전자", "005935": "삼성전자우", "006400": "삼성SDI", "010950": "S-Oil", "010120": "LS ELECTRIC", "011790": "SKC",
    "030200": "KT", "033780": "KT&G", "034730": "SK", "035420": "NAVER", "035720": "카카오", "042700": "한미반도체",
    "047770": "코데즈컴바인", "051910": "LG화학", "086520": "에코프로", "160550": "NEW", "185750": "종근당", "207940": "삼성바이오로직스",
    "247540": "에코프로비엠", "298040": "효성중공업", "323410": "카카오뱅크", "383220": "F&F", "0126Z0": "삼성에피스홀딩스",
    "126700": "하이비젼시스템", "012450": "한화에어로스페이스", "005490": "POSCO홀딩스", "001060": "전방", "049070": "인탑스",
}  # fmt: skip
"""Real names with their codes."""


def panel_of(names: dict[str, str], days: np.ndarray) -> MarketPanel:
    """Build a panel without prices."""
    tickers = sorted(names)
    count = len(tickers)
    arrays = {name: np.zeros((count, 0), dtype=kind) for name, kind in ARRAY_FIELDS.items()}
    return MarketPanel(
        days=days,
        tickers=np.array(tickers),
        names=np.array([names[ticker] for ticker in tickers]),
        names_en=np.full(count, ""),
        sectors=np.full(count, ""),
        market=np.ones(count, dtype=np.uint8),
        security_type=np.ones(count, dtype=np.uint8),
        listed_on=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
        delisted_on=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
        simulated=False,
        version="names",
        **arrays,
    )


def weekdays(first: str, last: str, closed: Sequence[str] = ()) -> np.ndarray:
    """Weekdays of a span without the days named."""
    days = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    return days[~np.isin(days, np.array(list(closed), dtype="datetime64[D]"))]


def small_panel() -> MarketPanel:
    """A few real names; trading days of 2024-01 to 2026-06 with New Year's holidays of 2026-02-16 to 18."""
    closed = (
        "2025-01-01",
        "2025-05-01",
        "2025-05-05",
        "2025-05-06",
        "2025-12-25",
        "2025-12-31",
        "2026-01-01",
        "2026-02-16",
        "2026-02-17",
        "2026-02-18",
    )
    return panel_of(SMALL, weekdays("2024-01-02", "2026-06-30", closed))


def recorded_panel(folder: Path) -> MarketPanel:
    """Every name of the recorded market, and its trading days."""
    import pandas as pd

    samsung = pd.read_parquet(folder / "prices" / "daily_raw.parquet", columns=["date"], filters=[("ticker", "==", "005930")])
    priced = pd.read_parquet(folder / "prices" / "daily_raw.parquet", columns=["ticker"])["ticker"].unique().tolist()
    seen = pd.read_parquet(folder / "market_days" / "market_days.parquet", columns=["ticker", "date", "name"])
    names = dict(seen.sort_values("date").drop_duplicates("ticker", keep="last")[["ticker", "name"]].itertuples(index=False))
    common = pd.read_csv(folder / "listings" / "common_stocks_20260821.csv.gz", dtype=str).set_index("ticker")["name"].to_dict()
    held = {*priced, *names}
    master = {ticker: common.get(ticker, names.get(ticker, ticker)) for ticker in held}
    return panel_of(master, np.sort(samsung["date"].to_numpy(dtype="datetime64[D]")))


def screen_at(day: date, ticker: str = "298040", hour: int = 18, minute: int = 30) -> Screen:
    """A screen with a symbol at an instant."""
    return Screen(ticker, ("chart", "signals"), AsOf.at(day, hour, minute))
