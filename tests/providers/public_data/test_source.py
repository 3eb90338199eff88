"""The public source: units, days that are not final, failures that are not empty, turns and pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytest_asyncio

from engine.model.errors import DataUnavailable, ProtocolChanged, ProviderError, RalphStockError
from engine.model.instants import kst_ns
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.live import MISSING
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.ports import MISSING_INT
from ralphstock_desktop.providers.public_data.source import PublicDataSource
from tests.providers.public_data import frames
from tests.providers.public_data.frames import Served

TODAY, SINCE = date(2026, 11, 24), date(2026, 11, 20)
BACK = Priority.BACKGROUND


class Monitor:
    def __init__(self) -> None:
        self.errors: list[RalphStockError] = []
        self.successes = 0
        self.notes: dict[str, int] = {}
        self.longest = 0

    def succeeded(self, source: str, latency_ms: float) -> None:
        self.successes += 1

    def failed(self, source: str, error: RalphStockError) -> None:
        self.errors.append(error)

    def queued(self, source: str, waiting: int, eta_s: float) -> None:
        self.longest = max(self.longest, waiting)

    def note(self, source: str, key: str, count: int = 1, **fields: object) -> None:
        self.notes[key] = self.notes.get(key, 0) + count


class Bench:
    def __init__(self) -> None:
        self.served, self.monitor = Served(), Monitor()
        self.now_ns = kst_ns(TODAY, 21)
        self.slept: list[float] = []
        self.source = PublicDataSource(
            lambda: self.now_ns,
            self.monitor,
            libraries=self.served,
            sleep=self._sleep,  # type: ignore[arg-type]
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.source.close()
    made.source._thread.shutdown(wait=True)


async def test_raw_bars_are_won_and_shares_in_order(bench: Bench) -> None:
    bench.served.answers["raw_bars"] = frames.bars().iloc[::-1]
    batch = await bench.source.fetch_daily("005930", SINCE, BACK)
    assert batch.day.astype(str).tolist() == ["2026-11-20", "2026-11-23", "2026-11-24"]
    assert batch.close_krw.tolist() == [70_000, 70_100, 70_200] and batch.close_krw.dtype == np.int64
    assert batch.value_krw.tolist() == [70_000_000, 1001 * 70_100, 1002 * 70_200]  # won, as KRX publishes it
    assert (batch.prev_diff_krw == MISSING_INT).all() and batch.source == "public-data"


@pytest.mark.parametrize(("hour", "minute", "days"), [(15, 39, 2), (15, 40, 3)])
async def test_todays_bar_is_left_out_until_it_is_official(bench: Bench, hour: int, minute: int, days: int) -> None:
    bench.now_ns = kst_ns(TODAY, hour, minute)
    assert len((await bench.source.fetch_daily("005930", SINCE, BACK)).day) == days
    adjusted = await bench.source.fetch_adjusted("005930", SINCE, BACK)
    assert len(adjusted.day) == days
    assert len((await bench.source.fetch_index_days("001", SINCE, BACK)).day) == days
    if days == 3:  # Naver's close of today moves with the after-market; KRX's does not
        assert adjusted.close_krw[-1] == 70_200 and adjusted.close_krw[0] == 69_990


async def test_flows_have_won_and_shares_and_wait_for_confirmation(bench: Bench) -> None:
    by_name = {batch.investor: batch for batch in await bench.source.fetch_flows("005930", SINCE, BACK)}
    shares = {name: [10 * k + day for day in range(3)] for k, name in enumerate(frames.DETAIL)}
    assert by_name["individual"].net_shares.tolist() == shares["개인"]
    assert by_name["foreign"].net_shares.tolist() == [
        a + b for a, b in zip(shares["외국인"], shares["기타외국인"], strict=True)
    ]
    institutions = [sum(shares[name][day] for name in frames.DETAIL[:7]) for day in range(3)]
    assert by_name["institution"].net_shares.tolist() == institutions
    assert by_name["institution"].net_krw.tolist() == [1000 * count for count in institutions]
    assert by_name["pension"].net_shares.tolist() == shares["연기금"]
    assert not any(batch.provisional or batch.estimated for batch in by_name.values())
    bench.now_ns = kst_ns(TODAY, 20, 9)
    assert all(len(batch.day) == 2 for batch in await bench.source.fetch_flows("005930", SINCE, BACK))


async def test_a_day_only_one_of_the_two_lists_has_lacks_the_other(bench: Bench) -> None:
    bench.served.answers["flows_shares"] = frames.flows(frames.DAYS[:2])
    foreign = next(b for b in await bench.source.fetch_flows("005930", SINCE, BACK) if b.investor == "foreign")
    assert foreign.net_shares[2] == MISSING_INT and foreign.net_krw[2] != MISSING_INT


async def test_indices_rates_and_market_flows(bench: Bench) -> None:
    index = await bench.source.fetch_index_days("101", SINCE, BACK)
    assert set(index.code) == {"KOSDAQ"} and bench.served.asked[-1][1][0] == "2001"
    assert index.close.tolist() == [2500.5, 2501.5, 2502.5] and index.value_krw[0] == 1e13
    fx = await bench.source.fetch_fx_days(SINCE, BACK)
    assert fx.day.astype(str).tolist() == ["2026-11-20"]  # one day has no close, today still moves
    market = await bench.source.fetch_market_flows("KOSPI", SINCE, BACK)
    assert set(market.market) == {"KOSPI"} and len(market.net_krw) == 3 * 10 and market.instant_ns is None
    with pytest.raises(DataUnavailable) as caught:
        await bench.source.fetch_index_days("999", SINCE, BACK)
    assert caught.value.key == "error.source.not_offered"


async def test_the_listing(bench: Bench) -> None:
    listed = await bench.source.fetch_listing(BACK)
    by_ticker = {symbol.ticker: symbol for symbol in listed.symbols}
    assert set(by_ticker) == {"005930", "005935", "105560", "0126Z0", "460940"} and listed.as_of == TODAY
    assert by_ticker["005930"].type is SecurityType.COMMON and by_ticker["005930"].shares_out == 5_919_637_922
    assert by_ticker["005930"].listed_on == date(1975, 6, 11) and by_ticker["005935"].listed_on is None
    assert by_ticker["005935"].type is SecurityType.PREFERRED and by_ticker["105560"].type is SecurityType.COMMON
    assert by_ticker["460940"].type is SecurityType.SPAC and by_ticker["460940"].market is Market.KOSDAQ
    assert by_ticker["0126Z0"].sector is None and by_ticker["105560"].sector == "기타 금융업"
    flags = {(d.ticker, d.flag): d.start for d in listed.designations}
    assert flags == {
        ("005935", DesignationFlag.ADMIN): date(2026, 3, 2),
        ("032620", DesignationFlag.CAUTION_ISSUE): TODAY,
    }
    assert bench.monitor.notes == {"health.note.public_code": 1}


async def test_quotes_of_the_day(bench: Bench) -> None:
    quotes = {q.ticker: q for q in await bench.source.fetch_quotes(["900110", "005930", "777777"], Priority.VISIBLE)}
    assert set(quotes) == {"005930", "900110"}
    assert quotes["005930"].price_krw == 50_000 and quotes["005930"].base_krw == MISSING
    assert quotes["900110"].open_krw == MISSING and quotes["900110"].price_krw == 50_200


@pytest.mark.parametrize("empty", ["raw_bars", "adjusted_bars", "index_bars", "exchange_rate"])
async def test_nothing_is_said_and_never_an_empty_batch(bench: Bench, empty: str) -> None:
    bench.served.answers[empty] = {"exchange_rate": Served().exchange_rate(SINCE), "index_bars": frames.index_bars()}.get(
        empty, frames.bars()
    ).iloc[:0]
    calls: dict[str, Any] = {
        "raw_bars": lambda: bench.source.fetch_daily("005930", SINCE, BACK),
        "adjusted_bars": lambda: bench.source.fetch_adjusted("005930", SINCE, BACK),
        "index_bars": lambda: bench.source.fetch_index_days("001", SINCE, BACK),
        "exchange_rate": lambda: bench.source.fetch_fx_days(SINCE, BACK),
    }
    with pytest.raises(DataUnavailable):
        await calls[empty]()


@pytest.mark.parametrize(
    "frame",
    [
        frames.bars().drop(columns=["종가"]),
        frames.bars().astype({"종가": object}).replace({70_100: "많음"}),
        frames.bars().assign(거래량=[1.5, 2.0, 3.0]),
        frames.bars().set_axis(["a", "b", "c"]),
        frames.bars().set_axis(pd.DatetimeIndex(["2026-11-20", None, "2026-11-24"])),
        pd.DataFrame({"x": [1]}),
    ],
)
async def test_a_changed_shape_is_a_protocol_change(bench: Bench, frame: pd.DataFrame) -> None:
    bench.served.answers["raw_bars"] = frame
    with pytest.raises(ProtocolChanged) as caught:
        await bench.source.fetch_daily("005930", SINCE, BACK)
    assert caught.value.key == "error.public_data.shape"


async def test_a_failure_reaches_the_monitor(bench: Bench) -> None:
    bench.served.answers["raw_bars"] = ProviderError("x", provider="pykrx", retryable=True)
    with pytest.raises(ProviderError):
        await bench.source.fetch_daily("005930", SINCE, BACK)
    assert len(bench.monitor.errors) == 1
    del bench.served.answers["raw_bars"]
    await bench.source.fetch_daily("005930", SINCE, BACK)  # the turn was given back
    assert bench.monitor.successes == 1


async def test_requests_are_a_second_apart_and_the_urgent_goes_first(bench: Bench) -> None:
    waiting = [asyncio.create_task(bench.source.fetch_daily(f"00000{n}", SINCE, BACK)) for n in range(4)]
    await asyncio.sleep(0)
    urgent = asyncio.create_task(bench.source.fetch_daily("999999", SINCE, Priority.INTERACTIVE))
    gone = asyncio.create_task(bench.source.fetch_daily("888888", SINCE, Priority.INTERACTIVE))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(*waiting, urgent, gone, return_exceptions=True)
    order = [arguments[0] for _, arguments in bench.served.asked]
    assert order == ["000000", "999999", "000001", "000002", "000003"]
    assert len(bench.slept) == 5 and all(0.9 < wait <= 1.0 for wait in bench.slept[1:])


async def test_what_is_live_is_not_offered(bench: Bench) -> None:
    for call in (
        bench.source.fetch_book("005930", BACK),
        bench.source.fetch_trades("005930", 1, BACK),
        bench.source.fetch_minutes("005930", 0, BACK),
        bench.source.fetch_indices(["001"], BACK),
        bench.source.fetch_vi(BACK),
    ):
        with pytest.raises(DataUnavailable) as caught:
            await call
        assert caught.value.key == "error.source.not_offered"
