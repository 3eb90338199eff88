"""Recorded minutes of real stocks are replayed as they were: bar by bar, trade by trade, beside drawn ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.market import PanelHistory, SimMarket, build_market

from .small_market import Machine, small_panel

RECORDED_DAY = date(2025, 9, 3)


@pytest.fixture(scope="module")
def minutes(recorded_data: Path) -> pd.DataFrame:
    frame = pd.read_parquet(recorded_data / "minute" / "minute1_20250901_05.parquet")
    return frame[frame["ts"].dt.date == RECORDED_DAY]


def batch_of(frame: pd.DataFrame) -> MinuteBatch:
    start = frame["ts"].dt.tz_localize("Asia/Seoul").astype("datetime64[ns, Asia/Seoul]").astype("int64").to_numpy()
    value = np.diff(frame["cum_value"].to_numpy(np.int64), prepend=0)
    columns = [frame[name].to_numpy(np.int64) for name in ("open", "high", "low", "close", "volume")]
    return MinuteBatch(frame["ticker"].to_numpy(str), start, *columns, value, "recorded")


@pytest.fixture(scope="module")
def recorded(minutes: pd.DataFrame) -> dict[tuple[str, date], MinuteBatch]:
    chosen = sorted(minutes["ticker"].unique())[:20]
    return {(ticker, RECORDED_DAY): batch_of(minutes[minutes["ticker"] == ticker]) for ticker in chosen}


@pytest.fixture(scope="module")
def build(recorded: dict[tuple[str, date], MinuteBatch]) -> Callable[[], SimMarket]:
    panel = small_panel(last=RECORDED_DAY)
    tickers = panel.tickers.copy()
    tickers[20:40] = [ticker for ticker, _ in recorded]
    panel = dataclasses.replace(panel, tickers=tickers)

    def make() -> SimMarket:
        clock = SimClock(kst_ns(RECORDED_DAY, 8), Machine(), 60.0, True)
        return build_market(PanelHistory(panel, recorded), RECORDED_DAY, 3, clock)

    return make


@pytest.mark.real_data
def test_recorded_minutes_come_out_unchanged(
    build: Callable[[], SimMarket], recorded: dict[tuple[str, date], MinuteBatch]
) -> None:
    market = build()
    assert market.source == "minutes"
    for (ticker, _), batch in recorded.items():
        row = market.row_of(ticker)
        assert row is not None
        bars = market.final_minutes(row)
        assert bars.start_ns.tolist() == batch.minute_ns.tolist()
        for mine, theirs in (
            (bars.open, batch.open_krw), (bars.high, batch.high_krw), (bars.low, batch.low_krw),
            (bars.close, batch.close_krw), (bars.volume, batch.volume_shares), (bars.value_krw, batch.value_krw),
        ):  # fmt: skip
            assert mine.tolist() == theirs.tolist(), ticker


@pytest.mark.real_data
def test_the_trades_of_recorded_minutes_rebuild_them(
    build: Callable[[], SimMarket], recorded: dict[tuple[str, date], MinuteBatch]
) -> None:
    market = build()
    market.clock.jump(kst_ns(RECORDED_DAY, 16))
    for ticker, _ in list(recorded)[:6]:
        row = market.row_of(ticker)
        assert row is not None
        trades = pd.DataFrame(market.executions(row, 1_000_000)[::-1])
        trades["minute"] = trades["at_ns"] // 60_000_000_000
        bars = trades.groupby("minute").agg(
            open=("price", "first"), high=("price", "max"), low=("price", "min"), close=("price", "last"),
            volume=("quantity", lambda sizes: sizes.abs().sum()), value=("value_krw", "last"),
        )  # fmt: skip
        truth = market.final_minutes(row)
        assert bars.index.tolist() == (truth.start_ns // 60_000_000_000).tolist()
        for name in ("open", "high", "low", "close", "volume"):
            assert bars[name].tolist() == getattr(truth, name).tolist(), (ticker, name)
        assert bars["value"].tolist() == np.cumsum(truth.value_krw).tolist()
