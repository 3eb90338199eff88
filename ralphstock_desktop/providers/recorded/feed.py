"""Playing recordings as a feed of quotes, at the speed they were made, faster, or as fast as possible.

Frames go through the very decoder of the live stream (:mod:`ralphstock_desktop.providers.kiwoom.frames`). The market's time is
that of the recording: :class:`RecordedClock` says it to whoever needs the market's clock. Pauses of more than a minute in the
recording (a night, a lost connection) are cut to a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path

from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.instants import day_of
from engine.model.live import ConnectionState, TradeTick
from ralphstock_desktop.live_ports import ConditionFormula, ConnectionChange, FeedSink, SourceMonitor, Subscription
from ralphstock_desktop.providers.kiwoom.frames import FrameCounts, FrameDecoder, UnreadableFrame
from ralphstock_desktop.providers.recorded.format import Frame, ReadCounts, read_recording

__all__ = ["RecordedClock", "RecordedFeed"]

_SOURCE = "recorded"
_READ_AT_ONCE = 2_000
_SLICE_NS = 6_000_000
_LONGEST_PAUSE_NS = 60_000_000_000
_CUT_PAUSE_NS = 1_000_000_000
_LONGEST_SLEEP_S = 0.25
_FASTEST = 600.0


@dataclass
class RecordedClock:
    """Market time of the recording that plays; implements :class:`ralphstock_desktop.live_ports.MarketClock`."""

    machine_ns: Callable[[], int]
    _market_ns: int = 0
    _anchor_ns: int = 0
    _speed: float = 0.0

    def now_ns(self) -> int:
        """Instant in the recording; between frames it goes on at the speed of playing."""
        return self._market_ns + round((self.machine_ns() - self._anchor_ns) * self._speed)

    @property
    def speed(self) -> float:
        """Market seconds per second; 0 while nothing plays or the speed is unbounded."""
        return self._speed

    def set(self, market_ns: int, speed: float) -> None:
        """Go to an instant and run from there."""
        self._market_ns, self._anchor_ns, self._speed = market_ns, self.machine_ns(), speed


class _TradeWatch:
    """Hands facts on and notes which symbols trade: what the recording covers."""

    def __init__(self, sink: FeedSink) -> None:
        self._sink = sink
        self.tickers: set[str] = set()
        self.on_book, self.on_best, self.on_expected = sink.on_book, sink.on_best, sink.on_expected
        self.on_index, self.on_breadth, self.on_phase = sink.on_index, sink.on_breadth, sink.on_phase
        self.on_vi, self.on_program, self.on_condition = sink.on_vi, sink.on_program, sink.on_condition
        self.on_connection, self.on_covered = sink.on_connection, sink.on_covered

    def on_trade(self, tick: TradeTick) -> None:
        """Note the symbol; of a new one say that it is covered before its first trade."""
        if tick.ticker not in self.tickers:
            self.tickers.add(tick.ticker)
            self._sink.on_covered(frozenset(self.tickers))
        self._sink.on_trade(tick)


class RecordedFeed:
    """Implements :class:`ralphstock_desktop.live_ports.QuoteFeed` from files; event loop only, files are read on a thread.

    Parameters
    ----------
    paths : sequence of Path
        Recordings, played one after the other.
    sink : FeedSink
        Takes the facts.
    monitor : SourceMonitor
        Hears of lines that cannot be read.
    machine_ns : callable
        This machine's clock, UTC nanoseconds.
    speed : float or None
        1 to 600; None for as fast as possible.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        sink: FeedSink,
        monitor: SourceMonitor,
        machine_ns: Callable[[], int],
        *,
        speed: float | None = 1.0,
    ) -> None:
        self._paths, self._sink, self._monitor, self._machine_ns = tuple(paths), sink, monitor, machine_ns
        self._speed: float | None = None
        self.clock = RecordedClock(machine_ns)
        self._again = asyncio.Event()
        self._changed = asyncio.Event()
        self._decoder: FrameDecoder | None = None
        self._watch = _TradeWatch(sink)
        self.played = 0
        self.set_speed(speed)

    def set_speed(self, speed: float | None) -> None:
        """Change the speed while playing.

        Raises
        ------
        ValidationFailed
            If it is not between 1 and 600, nor None.
        """
        if speed is not None and not 1.0 <= speed <= _FASTEST:
            raise ValidationFailed(f"A recording plays at 1 to 600 times its speed, not {speed}.", key="error.validation")
        self._speed = speed
        self._changed.set()

    @property
    def counts(self) -> FrameCounts | None:
        """What was decoded and refused; None before the first frame."""
        return self._decoder.counts if self._decoder is not None else None

    # -- QuoteFeed ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Play to the end, then wait for :meth:`reconnect`, which plays from the start again; until cancelled.

        Returns only when a recording cannot be read; the sink is told the reason with the state REFUSED.
        """
        while True:
            self._again.clear()
            self._tell(ConnectionState.CONNECTING)
            try:
                await self._play()
            except (DataUnavailable, ValidationFailed) as error:
                self._end(ConnectionState.REFUSED, error)
                return
            except asyncio.CancelledError:
                self._end(ConnectionState.STOPPED)
                raise
            self._end(ConnectionState.STOPPED)
            await self._again.wait()

    def want(self, subscriptions: Sequence[Subscription], indices: Sequence[str]) -> None:
        """Nothing to do: a recording holds what was registered when it was made, and all of it is played."""
        del subscriptions, indices

    def reconnect(self) -> None:
        """Play from the start again, once it is over."""
        self._again.set()

    @property
    def capacity(self) -> int:
        """How many symbols the recording has shown trades of so far."""
        return len(self._watch.tickers)

    async def fetch_conditions(self) -> list[ConditionFormula]:
        """Not offered."""
        raise self._no_conditions()

    async def run_condition(self, sequence: str, *, live: bool) -> list[str]:
        """Not offered."""
        del sequence, live
        raise self._no_conditions()

    async def stop_condition(self, sequence: str) -> None:
        """Not offered."""
        del sequence
        raise self._no_conditions()

    def _no_conditions(self) -> DataUnavailable:
        return DataUnavailable("A recording has no condition searches.", key="error.recorded.conditions")

    # -- playing -----------------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        counts = ReadCounts()
        day = day_of(self._machine_ns())
        frames = chain.from_iterable(_read(path, day, counts) for path in self._paths)
        last_ns: int | None = None
        busy_since_ns = self._machine_ns()
        while batch := await asyncio.to_thread(_next_frames, frames):
            for frame in batch:
                if last_ns is None:
                    self._begin(frame)
                    last_ns = frame.at_ns
                if await self._wait_for(frame.at_ns, last_ns):
                    busy_since_ns = self._machine_ns()
                last_ns = max(last_ns, frame.at_ns)
                self._feed(frame)
                if self._machine_ns() - busy_since_ns > _SLICE_NS:
                    await asyncio.sleep(0)
                    busy_since_ns = self._machine_ns()
            self._monitor.beat(_SOURCE)
        if counts.skipped:
            self._monitor.note(_SOURCE, "health.note.recorded_line", counts.skipped)

    def _begin(self, frame: Frame) -> None:
        market_ns = frame.at_ns or self._machine_ns()
        self._watch = _TradeWatch(self._sink)
        self._decoder = FrameDecoder(self._watch, self._monitor, _SOURCE, market_ns)
        self.played = 0
        self.clock.set(market_ns, self._speed or 0.0)
        self._tell(ConnectionState.LIVE)

    async def _wait_for(self, at_ns: int, last_ns: int) -> bool:
        """Wait until a frame's time has come; True if the loop was given free for it."""
        waited = False
        if at_ns - last_ns > _LONGEST_PAUSE_NS:
            self.clock.set(at_ns - _CUT_PAUSE_NS, self._speed or 0.0)
        while self._speed is not None:
            if self.clock.speed != self._speed:
                self.clock.set(self.clock.now_ns() if self.clock.speed else last_ns, self._speed)
            left_s = (at_ns - self.clock.now_ns()) / 1e9 / self._speed
            if left_s <= 0:
                return waited
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, _LONGEST_SLEEP_S)):  # wait_for can swallow a cancel
                    await self._changed.wait()
            waited = True
        self.clock.set(max(at_ns, last_ns), 0.0)
        return waited

    def _feed(self, frame: Frame) -> None:
        assert self._decoder is not None
        self._decoder.set_clock(self.clock.now_ns())
        try:
            self._decoder.feed(frame.raw, self._machine_ns())
        except UnreadableFrame:
            return  # counted and told by the decoder
        while self._decoder.has_backlog:
            self._decoder.drain()
        self.played += 1

    def _tell(self, state: ConnectionState, error: RalphStockError | None = None) -> None:
        self._sink.on_connection(ConnectionChange(state, self._machine_ns(), error=error))

    def _end(self, state: ConnectionState, error: RalphStockError | None = None) -> None:
        self.clock.set(self.clock.now_ns(), 0.0)
        self._sink.on_covered(frozenset())
        self._tell(state, error)


def _read(path: Path, day: date, counts: ReadCounts) -> Iterator[Frame]:
    own = ReadCounts()
    try:
        yield from read_recording(path, day, own)
    finally:
        counts.skipped += own.skipped


def _next_frames(frames: Iterator[Frame]) -> list[Frame]:
    return list(islice(frames, _READ_AT_ONCE))
