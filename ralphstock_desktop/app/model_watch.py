"""A language model as an outside source on the health panel: latency, error rate, last success, limits, remarks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import perf_counter

from engine.model.errors import ProviderError, RateLimited
from ralphstock_desktop.assistant_ports import LanguageModel, ModelEvent, ModelRequest, Stopped
from ralphstock_desktop.live_ports import SourceMonitor

__all__ = ["WatchedModel"]


class WatchedModel:
    """A language model whose requests the health registry hears of; everything else is the model's.

    The latency of an answer is that of its first event: how long the whole takes is a matter of its length. A request the user
    stopped says nothing about the source and is not counted.

    Parameters
    ----------
    monitor : callable
        Gives the registry; None where nobody looks (a picture of the window without a running market).
    """

    def __init__(self, model: LanguageModel, monitor: Callable[[], SourceMonitor | None]) -> None:
        self._model, self._monitor = model, monitor
        self.provider, self.model = model.provider, model.model

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """See :meth:`LanguageModel.stream`."""
        begin, latency_ms = perf_counter(), 0.0
        try:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    latency_ms = latency_ms or (perf_counter() - begin) * 1e3
                    if isinstance(event, Stopped):
                        self._answered(event, latency_ms)
                    yield event
        except ProviderError as error:
            self._failed(error)
            raise

    async def check(self) -> None:
        """See :meth:`LanguageModel.check`."""
        begin = perf_counter()
        try:
            await self._model.check()
        except ProviderError as error:
            self._failed(error)
            raise
        self._answered(Stopped("stop"), (perf_counter() - begin) * 1e3)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()

    def _answered(self, end: Stopped, latency_ms: float) -> None:
        if (monitor := self._monitor()) is not None:
            monitor.succeeded(self.provider, latency_ms)
            if end.reason == "blocked":
                monitor.note(self.provider, "health.note.model_blocked")

    def _failed(self, error: ProviderError) -> None:
        if (monitor := self._monitor()) is not None:
            monitor.failed(self.provider, error)
            if isinstance(error, RateLimited):
                monitor.limited(self.provider, error.retry_after_ms / 1e3)
