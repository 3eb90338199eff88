"""Runs work in processes of this machine; a killed one loses nothing (:class:`ralphstock_desktop.strategy_ports.Executor`).

The work (with everything bound to it, such as a market panel) is written to a file once; each process reads it when it starts
and then receives inputs one at a time over its own pipe. So the parent always knows which input a dead process had, gives it
to another one, and starts a new process in its place. Processes are *spawned*: nothing of the window's threads is copied.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from engine.model.errors import ProviderError, RalphStockError

__all__ = ["MAX_TRIES", "LocalExecutor"]

T = TypeVar("T")
R = TypeVar("R")

MAX_TRIES = 3
"""Processes one input may take down before the work itself is blamed."""
_STOP_S = 5.0


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: int = -1


class LocalExecutor:
    """Processes of this machine.

    Parameters
    ----------
    workers : int, optional
        Processes at most; by default one a processor core, one core left to the window.
    """

    name = "local"

    def __init__(self, workers: int | None = None) -> None:
        self._limit = workers or max(1, (os.cpu_count() or 2) - 1)
        self._running: list[_Worker] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids now at work."""
        return tuple(worker.process.pid for worker in self._running if worker.process.pid is not None)

    def map(
        self,
        work: Callable[[T], R],
        inputs: Sequence[T],
        *,
        on_done: Callable[[int, int], None] | None = None,
    ) -> Iterator[R]:
        """Yield ``work(input)`` in the order of the inputs.

        Parameters
        ----------
        work : callable
            Must be picklable: an importable function, or a partial of one with what all inputs share.
        on_done : callable, optional
            Called with (done, all) on the caller's thread; may raise ``UserCancelled``, which ends the processes at once.

        Raises
        ------
        ProviderError
            If one input took down ``MAX_TRIES`` processes.
        Exception
            Whatever ``work`` raised.
        """
        if not inputs:
            return
        handle, name = tempfile.mkstemp(prefix="work-", suffix=".pickle")
        shared = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                pickle.dump(work, file, protocol=pickle.HIGHEST_PROTOCOL)
            yield from self._run(shared, inputs, on_done)
        finally:
            self.close()
            with contextlib.suppress(OSError):
                shared.unlink()

    def _run(self, shared: Path, inputs: Sequence[Any], on_done: Callable[[int, int], None] | None) -> Iterator[Any]:
        waiting = list(range(len(inputs)))[::-1]
        tries = [0] * len(inputs)
        results: dict[int, Any] = {}
        finished = given = 0
        while given < len(inputs):
            open_tasks = len(waiting) + sum(worker.task >= 0 for worker in self._running)
            while len(self._running) < min(self._limit, open_tasks):
                self._running.append(_start(shared))
            for worker in self._running:
                if worker.task < 0 and waiting:
                    self._give(worker, waiting, inputs)
            for worker in self._ready():
                task, answer = worker.task, _receive(worker)
                if answer is None:
                    self._drop(worker)
                    if task >= 0:
                        tries[task] += 1
                        if tries[task] >= MAX_TRIES:
                            raise ProviderError(
                                f"Input {task} took down {MAX_TRIES} processes.",
                                provider=self.name,
                                retryable=False,
                                key="error.backtest_worker",
                                tries=MAX_TRIES,
                            )
                        waiting.append(task)
                    continue
                done, value = answer
                if not done:
                    raise value
                worker.task = -1
                results[task] = value
                finished += 1
                if on_done is not None:
                    on_done(finished, len(inputs))
            while given in results:
                yield results.pop(given)
                given += 1

    def _give(self, worker: _Worker, waiting: list[int], inputs: Sequence[Any]) -> None:
        task = waiting.pop()
        try:
            worker.pipe.send(inputs[task])
        except OSError:
            waiting.append(task)  # it died before it was given anything; its end is noticed in _ready
        else:
            worker.task = task

    def _ready(self) -> list[_Worker]:
        """Workers that answered or ended; waits for one."""
        events = wait([*(worker.pipe for worker in self._running), *(worker.process.sentinel for worker in self._running)])
        return [worker for worker in self._running if worker.pipe in events or worker.process.sentinel in events]

    def _drop(self, worker: _Worker) -> None:
        self._running.remove(worker)
        _end(worker)

    def close(self) -> None:
        """End the processes; nothing runs afterwards. Safe to call twice."""
        for worker in self._running:
            worker.process.terminate()
        while self._running:
            _end(self._running.pop())


def _start(shared: Path) -> _Worker:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(str(shared), theirs), name="ralphstock-compute", daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, mine)


def _receive(worker: _Worker) -> tuple[bool, Any] | None:
    """The worker's answer, or None where it has ended without one."""
    try:
        if not worker.pipe.poll():
            return None
        answer: tuple[bool, Any] = worker.pipe.recv()
    except (EOFError, OSError):
        return None
    return answer


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.join(_STOP_S)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.process.close()


def _serve(shared: str, pipe: Connection) -> None:
    """In the process: read the work, then answer inputs until the pipe closes."""
    with Path(shared).open("rb") as file:
        work = pickle.load(file)  # noqa: S301 - written by the parent process a moment ago
    while True:
        try:
            value = pipe.recv()
        except EOFError:
            return
        try:
            answer = (True, work(value))
        except RalphStockError as error:
            answer = (False, error)
        except BaseException as error:
            pipe.send((False, error))
            raise
        pipe.send(answer)
