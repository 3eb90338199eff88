"""A running market under the hand of a test: a real quote board over the last day's bars, a clock, index levels, a phase."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import kst_ns
from engine.model.live import ConnectionState, IndexTick, QuoteSource
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live.board import make_board
from ralphstock_desktop.services.live.status import phase_of
from ralphstock_desktop.services.live_contracts import FeedStatus, IndexBoard, LiveScan, QuoteBoard, QuoteFrame
from tests.services.strategy.small_market import D, calendar, made
from tests.services.strategy.world import World

__all__ = ["FakeLive"]


class FakeLive:
    """See :class:`ralphstock_desktop.services.live_contracts.LiveMarket`: what strategies use of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.frames: Channel[QuoteFrame] = Channel("frames")
        self.indices: Channel[IndexBoard] = Channel("indices")
        self.status: Channel[FeedStatus] = Channel("status")
        self.scans: Channel[LiveScan] = Channel("scans")
        self.board: QuoteBoard | None = make_board(world.panel, D)
        self.levels = {"001": _level("KOSPI"), "101": _level("KOSDAQ"), "USDKRW": _level("USDKRW")}
        self._number = 0

    def move(self, hour: int, minute: int, second: int = 0, *, way: float = 1.0, day: date = D) -> None:
        """Set the clock. Volume comes evenly over the day; ``way`` is how far a price has gone from open to close."""
        self.world.set_clock(day, hour, minute, second)
        now_ns = kst_ns(day, hour, minute, second)
        opened, close = DEFAULT_SESSIONS.open_ns(day), DEFAULT_SESSIONS.close_ns(day)
        share = min(max((now_ns - opened) / (close - opened), 0.001), 1.0)
        self.fill(share, way, now_ns)
        self.tell(now_ns)

    def move_clock_only(self, hour: int, minute: int, day: date = D) -> None:
        """Set the clock; no value of the day has come."""
        self.world.set_clock(day, hour, minute)
        self.tell(kst_ns(day, hour, minute))

    def fill(self, share: float, way: float, now_ns: int) -> None:
        """Write the last day's bars, as far as they have come, on the board."""
        board, market = self.board, made()
        assert board is not None
        bars, day = market.bars, len(market.spec.days) - 1
        rows = np.array([np.flatnonzero(market.universe.ticker == ticker)[0] for ticker in board.tickers])
        traded = bars.traded[rows, day]
        here, there = np.flatnonzero(traded), rows[traded]
        start, end = bars.open_krw[there, day], bars.close_krw[there, day]
        price = np.rint(start + (end - start) * way).astype(np.int64)
        board.price_krw[here], board.open_krw[here] = price, start
        board.high_krw[here], board.low_krw[here] = np.maximum(start, price), np.minimum(start, price)
        board.base_krw[here] = bars.base_krw[there, day]
        board.volume_shares[here] = np.maximum((bars.volume_shares[there, day] * share).astype(np.int64), 1)
        board.value_krw[here] = np.maximum((bars.value_krw[there, day] * share).astype(np.int64), 1)
        board.at_ns[here] = now_ns
        board.source[here] = QuoteSource.STREAM

    def tell(self, now_ns: int) -> None:
        """Publish clock, levels and a frame."""
        phase, left = phase_of(now_ns, calendar(), DEFAULT_SESSIONS)
        self.status.publish(
            FeedStatus(
                host="simulator",
                connection=ConnectionState.LIVE,
                shown=QuoteSource.STREAM,
                age_s=0.0,
                is_stale=False,
                phase=phase,
                phase_left_s=left,
                market_ns=now_ns,
                speed=1.0,
                messages_per_s=1.0,
                lag_ms=0.0,
                streamed=1,
                polled=0,
                open_gaps=0,
                filled_gaps=0,
            )
        )
        ticks = {
            code: IndexTick(code, now_ns, level, 0.0, 0.0, level, level, level, 1, 1, now_ns)
            for code, level in self.levels.items()
        }
        self.indices.publish(IndexBoard(ticks, {}))
        self._number += 1
        self.frames.publish(QuoteFrame(np.arange(1), np.zeros(1, dtype=np.int8), now_ns, self._number))

    async def beaten(self) -> None:
        """Wait until a beat has taken what was told last, and what it began is done."""
        part = self.world.strategies._live
        for _ in range(2):
            while part._touched:
                await asyncio.sleep(0.002)
            await asyncio.sleep(0.02)
            while self.beating:
                await asyncio.sleep(0.002)
        await self.world.settled()

    beating = False

    def watch(self, monkeypatch: Any) -> None:
        """Know when a beat runs."""
        part = self.world.strategies._live
        original = part._beat

        async def beat() -> None:
            self.beating = True
            try:
                await original()
            finally:
                self.beating = False

        monkeypatch.setattr(part, "_beat", beat)


def _level(code: str) -> float:
    """Level of the last stored day: no change today."""
    indices = made().indices
    rows = (indices.code == code) & (indices.day < np.datetime64(D))
    return float(indices.close[rows][-1])
