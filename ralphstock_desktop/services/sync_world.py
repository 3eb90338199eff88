"""What the synchroniser lives in: repository, clocks, calendar, threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from engine.calendar.sessions import SessionTable
from engine.calendar.trading_days import TradingCalendar
from ralphstock_desktop.live_ports import JobStore, SourceMonitor, SyncStore
from ralphstock_desktop.services.workers import Workers

__all__ = ["SyncWorld"]

Spawn = Callable[[Coroutine[Any, Any, None], str], object]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SyncWorld:
    """What the synchroniser lives in.

    Attributes
    ----------
    store, jobs
        The repository and its progress marks; used on workers only.
    calendar, sessions
        Trading days and the hours at which facts become official.
    order : callable
        Tickers on screen or watched, most wanted first; asked again for every item.
    workers
        Threads for reading and writing.
    now_ns : callable
        The market's clock, UTC nanoseconds.
    monitor
        Hears of progress, corrections and limits.
    spawn : callable
        Starts a supervised task.
    sleep : callable
        Waits some seconds of this machine's time.
    machine_ns : callable
        This machine's clock, for durations; the market's may run at another speed.
    """

    store: SyncStore
    jobs: JobStore
    calendar: TradingCalendar
    sessions: SessionTable
    order: Callable[[], Sequence[str]]
    workers: Workers
    now_ns: Callable[[], int]
    monitor: SourceMonitor
    spawn: Spawn
    sleep: Sleep = asyncio.sleep
    machine_ns: Callable[[], int] = time.monotonic_ns
