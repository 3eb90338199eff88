"""Runs work on the workers of a Dask cluster (:class:`ralphstock_desktop.strategy_ports.Executor`).

``distributed`` is an optional extra and imported only when a cluster is asked for. What all inputs share (a market panel bound
to the work) is scattered to every worker once. Dask runs the inputs of a dead worker again by itself; if the scattered copy
died with the last worker that had it, it is scattered again and what is missing is run again.
"""

from __future__ import annotations

import importlib
import importlib.util
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from engine.model.errors import ProviderError

__all__ = ["DaskExecutor"]

T = TypeVar("T")
R = TypeVar("R")

_CONNECT_S = 10
_PORT = 8786
"""Where schedulers listen unless told otherwise."""
_ROUNDS = 3
"""Times the shared copy may be lost before the cluster is given up."""


class DaskExecutor:
    """Workers of a cluster.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    ProviderError
        If the optional extra is not installed (``error.dask_missing``) or the scheduler does not answer
        (``error.dask_unreachable``).
    """

    name = "dask"

    def __init__(self, address: str) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise ProviderError(
                "Dask is not installed; install the extra 'dask'.",
                provider=self.name,
                retryable=False,
                key="error.dask_missing",
            )
        try:
            place = urlsplit(address)
            # asked first: a client that cannot connect leaves the thread it has started
            socket.create_connection((place.hostname or "", place.port or _PORT), _CONNECT_S).close()
            self._dask: Any = importlib.import_module("distributed")
            self._client: Any = self._dask.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ProviderError(
                f"The Dask scheduler at {address} does not answer.",
                provider=self.name,
                retryable=True,
                key="error.dask_unreachable",
                address=address,
            ) from error

    def map(
        self,
        work: Callable[[T], R],
        inputs: Sequence[T],
        *,
        on_done: Callable[[int, int], None] | None = None,
    ) -> Iterator[R]:
        """Yield ``work(input)`` in the order of the inputs; see :meth:`LocalExecutor.map`."""
        results: dict[int, Any] = {}
        given = 0
        for _ in range(_ROUNDS):
            for place, value in self._round(work, inputs, [k for k in range(len(inputs)) if k not in results and k >= given]):
                results[place] = value
                if on_done is not None:
                    on_done(given + len(results), len(inputs))
                while given in results:
                    yield results.pop(given)
                    given += 1
            if given == len(inputs):
                return
        raise ProviderError(
            "The Dask cluster lost its workers again and again.", provider=self.name, retryable=True, key="error.dask_lost"
        )

    def _round(self, work: Callable[[Any], Any], inputs: Sequence[Any], places: list[int]) -> Iterator[tuple[int, Any]]:
        """Run some inputs; what the cluster lost is missing at the end."""
        if not places:
            return
        shared = self._client.scatter(work, broadcast=True, hash=False)
        futures = {self._client.submit(_call, shared, inputs[k], pure=False): k for k in places}
        try:
            for future in self._dask.as_completed(list(futures), loop=self._client.loop):
                if future.status == "finished":
                    yield futures[future], future.result()
                elif future.status == "error" and not isinstance(future.exception(), self._dask.KilledWorker):
                    raise future.exception()
        finally:
            self._client.cancel(list(futures))

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        self._client.close()


def _call(work: Callable[[Any], Any], value: Any) -> Any:
    return work(value)
