"""The stream against the built-in market simulator: nothing refused on a good day, everything survived on a bad one."""

from __future__ import annotations

import time

from engine.model.live import ConnectionState
from ralphstock_desktop.live_ports import FeedPart, Subscription
from ralphstock_desktop.providers.kiwoom.stream import KiwoomStream
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from tests.providers.simulator_market.loopback import Running, running_stream
from tests.providers.simulator_market.small_market import small_market

from .broker import QUICK, Recorder, Tokens, kept_running

ALL = frozenset(FeedPart)


def stream_at(run: Running, recorder: Recorder) -> KiwoomStream:
    stream = KiwoomStream(
        run.url, Tokens("token-key"), recorder, recorder,
        market_ns=run.market.clock.now_ns, machine_ns=time.time_ns, limits=QUICK,
    )  # fmt: skip
    tickers = [str(ticker) for ticker in run.market.panel.tickers]
    stream.want([Subscription(ticker, ALL) for ticker in tickers], ["001", "101", "201"])
    return stream


def opening(speed: float) -> SimMarket:
    return small_market(hour=8, minute=50, machine=time.monotonic_ns, speed=speed, paused=False)


async def test_a_good_opening_has_no_refusals() -> None:
    recorder = Recorder()
    async with (
        running_stream(opening(600.0), machine_ns=time.monotonic_ns) as run,
        kept_running(stream_at(run, recorder)) as stream,
    ):
        await recorder.until(lambda: all(len(recorder.of(kind)) > 5 for kind in ("trade", "book", "expected", "index")))
        await recorder.until(lambda: recorder.covered and len(recorder.covered[-1]) == 40)
        assert not stream.counts.refused
        assert not stream.counts.unknown
        assert not stream.counts.unreadable
        assert recorder.states.count(ConnectionState.LIVE) == 1


async def test_faults_are_survived_and_counted() -> None:
    recorder = Recorder()
    async with running_stream(opening(300.0), machine_ns=time.monotonic_ns) as run:
        for fault in (Fault.CUT, Fault.HALF_FRAME, Fault.DUPLICATE, Fault.REORDER):
            run.faults.set(fault, 0.03)
        async with kept_running(stream_at(run, recorder)) as stream:
            await recorder.until(lambda: recorder.states.count(ConnectionState.LIVE) >= 4 and stream.counts.unreadable)
            assert len(recorder.of("trade")) + len(recorder.of("expected")) > 20
            losses = [change for change in recorder.changes if change.state is ConnectionState.WAITING]
            assert all(loss.silent_since_ns is not None for loss in losses)
            assert stream.state is not ConnectionState.REFUSED
