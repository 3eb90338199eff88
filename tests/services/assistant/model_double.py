"""A language model whose events a test writes; it keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import ModelEvent, ModelRequest, Stopped, TextArrived, UsageTold

__all__ = ["ScriptedModel", "says"]

Script = Sequence[ModelEvent | ProviderError | float]


def says(text: str, pieces: int = 4) -> list[ModelEvent]:
    """Events of a model that says a text in pieces."""
    step = max(1, -(-len(text) // pieces))
    parts: list[ModelEvent] = [TextArrived(text[at : at + step]) for at in range(0, len(text), step)]
    return [*parts, UsageTold(100, 20), Stopped("stop")]


class ScriptedModel:
    """See :class:`ralphstock_desktop.assistant_ports.LanguageModel`. A number in a script waits that many seconds."""

    provider, model = "scripted", "scripted-1"

    def __init__(self) -> None:
        self.script: Script | Callable[[ModelRequest], Script] = says("")
        self.scripts: list[Script] = []
        """Scripts of the next requests, before ``script``."""
        self.requests: list[ModelRequest] = []
        self.closed = 0
        self.cancelled = 0

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        self.requests.append(request)
        script = self.scripts.pop(0) if self.scripts else self.script
        try:
            for step in script(request) if callable(script) else script:
                if isinstance(step, ProviderError):
                    raise step
                if isinstance(step, int | float):
                    await asyncio.sleep(step)
                else:
                    yield step
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def check(self) -> None:
        return

    async def close(self) -> None:
        self.closed += 1
