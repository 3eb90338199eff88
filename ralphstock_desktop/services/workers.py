"""The program's worker threads and the one way to use them from the event loop.

Threads: 2 for numbers (NumPy and compiled loops release the lock), 1 for slow ones, 2 readers, 1 for long jobs (imports,
rebuilding the panel). Writing to the repository has its own thread inside ``data``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["Workers"]

T = TypeVar("T")


class Workers:
    """Thread pools with awaitable calls. Exceptions travel to the awaiting coroutine."""

    def __init__(self) -> None:
        self._cpu = ThreadPoolExecutor(2, thread_name_prefix="cpu")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="slow")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="reader")
        self._jobs = ThreadPoolExecutor(1, thread_name_prefix="job")

    async def compute(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run number crunching that releases the interpreter lock."""
        return await asyncio.get_running_loop().run_in_executor(self._cpu, work, *arguments)

    async def compute_slowly(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run number crunching that takes many seconds, one at a time: what the user waits for is never behind it."""
        return await asyncio.get_running_loop().run_in_executor(self._slow, work, *arguments)

    async def read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run a read of the repository."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work, *arguments)

    async def job(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run a long job; jobs run one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._jobs, work, *arguments)

    def close(self) -> None:
        """Refuse new work, drop what has not begun and wait for what has."""
        for pool in (self._cpu, self._slow, self._readers, self._jobs):
            pool.shutdown(wait=True, cancel_futures=True)
