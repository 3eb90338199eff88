"""Background tasks of a service: named, kept while they run, and never failing in silence. One event loop, its thread only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from engine.model.errors import UserCancelled

__all__ = ["TaskSet"]

_log = logging.getLogger(__name__)


def _report_failure(task: asyncio.Task[Any]) -> None:
    """Log what a finished task failed of and hand it to the loop's handler; being cancelled is no failure."""
    if task.cancelled() or (error := task.exception()) is None or isinstance(error, UserCancelled):
        return
    _log.error("the task '%s' failed", task.get_name(), exc_info=error)
    task.get_loop().call_exception_handler(
        {"message": f"the task '{task.get_name()}' failed", "exception": error, "task": task}
    )


class TaskSet:
    """The tasks a service has running."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __bool__(self) -> bool:
        """Whether anything runs."""
        return bool(self.running)

    @property
    def running(self) -> list[asyncio.Task[Any]]:
        """The tasks that have not ended."""
        return [task for task in self._running if not task.done()]

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run in the background; what it fails of is reported under its name."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    async def idle(self) -> None:
        """Wait until nothing runs any more, what is started meanwhile included."""
        while running := self.running:
            await asyncio.gather(*running, return_exceptions=True)

    async def cancel(self) -> None:
        """Cancel everything and wait for its end."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        _report_failure(task)
