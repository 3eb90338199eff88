"""Work for executors: importable, so that spawned processes find it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from engine.model.errors import DataUnavailable


def squared(value: int) -> int:
    return value * value


def scaled(factor: int, value: int) -> int:
    return factor * value


def slow_last_first(value: int) -> int:
    """Later inputs are done sooner."""
    time.sleep(0.05 if value == 0 else 0.0)
    return value


def dies_once(folder: str, value: int) -> int:
    """The first process that gets input 3 is killed in the middle of it, as by the system's memory watcher."""
    mark = Path(folder) / "died"
    if value == 3 and not mark.exists():
        mark.write_text(str(os.getpid()))
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    with (Path(folder) / f"done-{value}").open("a") as file:
        file.write("x")
    return value * 10


def always_dies(value: int) -> int:
    if value == 1:
        os._exit(9)
    return value


def unknown_day(value: int) -> int:
    if value == 2:
        raise DataUnavailable("Day 2 is not there.", key="error.no_bars", ticker="005930")
    return value


def broken(value: int) -> int:
    raise ZeroDivisionError(f"a bug at {value}")


def waits(value: int) -> int:
    time.sleep(0.2 if value else 0.0)
    return value


def slow(value: int) -> int:
    time.sleep(0.1)
    return value * 10
