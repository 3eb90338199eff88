"""One answer from its first wait to its end: limits of time, order of events, and a connection that is gone when nobody reads.

The libraries differ only in how the next piece is fetched (:class:`Source`). Runs on the event loop. Nothing awaits while an
answer is given up: an abandoned stream closes its connection even where the loop does not finalise generators.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import ModelEvent, ModelRequest
from ralphstock_desktop.providers.gemini.errors import Failures
from ralphstock_desktop.providers.gemini.translate import AnswerReader

__all__ = ["Source", "converted", "drive"]

T = TypeVar("T")

_GRACE_S: Final = 1.0
"""The answer is complete, but the reply has not ended: how long its end is waited for, so that the connection can be kept."""


class Source(Protocol):
    """Pieces of one answer."""

    async def fetch_next(self) -> Mapping[str, Any] | None:
        """Return the next piece in the API's JSON form; None at the end."""
        ...

    def failure(self, error: Exception) -> ProviderError:
        """Say what an exception of the library means."""
        ...

    def abort(self) -> None:
        """Close the connection at once, without waiting; nothing if all has been read."""
        ...


async def converted(work: Awaitable[T], failure: Callable[[Exception], ProviderError]) -> T | ProviderError:
    """Await a library's work; return what it gave, or the error that stands for its exception.

    Returned and not raised: within a handler the library's exception would be chained to ours, and it holds the request with
    the key in its headers. For the same reason our own errors that came through the library lose their way through it.
    """
    try:
        return await work
    except ProviderError as error:
        error.__context__ = error.__cause__ = None
        return error.with_traceback(None)
    except Exception as error:
        if isinstance(error, AssertionError):
            raise  # a bug of ours
        return failure(error)


async def drive(source: Source, request: ModelRequest, failures: Failures) -> AsyncGenerator[ModelEvent]:
    """Read an answer to its end. Raises ProviderError; the last event is Stopped."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + request.total_timeout_s
    reader = AnswerReader(failures)
    try:
        while True:
            left_s = max(end_s - loop.time(), 0.0)
            is_last = left_s <= request.first_token_timeout_s
            wait_s = min(left_s, request.first_token_timeout_s, _GRACE_S if reader.stopped else left_s)
            piece: Mapping[str, Any] | ProviderError | None
            try:
                async with asyncio.timeout(wait_s):
                    piece = await converted(source.fetch_next(), source.failure)
            except TimeoutError:
                piece = (
                    failures.timeout("total", request.total_timeout_s)
                    if is_last
                    else failures.timeout("silence", request.first_token_timeout_s)
                )
            if isinstance(piece, ProviderError) and reader.stopped is None:
                raise piece
            if piece is None or isinstance(piece, ProviderError):
                break
            for event in reader.read(piece):
                yield event
        if reader.stopped is None:
            raise failures.cut("it ended without saying so")
        yield reader.stopped
    finally:
        source.abort()
