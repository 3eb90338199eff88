"""The one writer thread: work is queued, each piece runs in its own unit of work, its future completes after the commit.

A completed future is an acknowledgement: what it stored is in the database. Services await one with ``asyncio.wrap_future``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from engine.model.errors import StorageError
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.unit_of_work import SqlUnitOfWork

__all__ = ["WriterThread"]

T = TypeVar("T")


class WriterThread:
    """Runs writes one after another on its own thread; may be used from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ralphstock-writer")
        self._closed = False

    def submit(self, work: Callable[[SqlUnitOfWork], T], *, durable: bool = False) -> Future[T]:
        """Queue a piece of work.

        Parameters
        ----------
        work : callable
            Gets the unit of work; an exception rolls everything back and arrives in the future.
        durable : bool
            The commit must survive a power cut (signals, alerts, journal).

        Raises
        ------
        StorageError
            If the writer was closed.
        """
        if self._closed:
            raise StorageError("The writer has been closed; nothing more can be stored.", key="error.storage.closed")
        return self._pool.submit(self._run, work, durable)

    def _run(self, work: Callable[[SqlUnitOfWork], T], durable: bool) -> T:
        with self._database.unit_of_work(durable=durable) as unit:
            return work(unit)

    def close(self, *, drop_queued: bool = False) -> None:
        """Finish the queue (or drop what has not begun) and end the thread."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=drop_queued)

    def __enter__(self) -> WriterThread:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(drop_queued=error is not None)
