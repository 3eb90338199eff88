"""How the tests ask, and what they look at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import LanguageModel, ModelEvent, ModelMessage, ModelRequest, TextArrived

KEY = "AIzaSyCANARY-0123456789-abcdefghijklmnop"
HELLO = ModelRequest(
    "Answer from the data only.", (ModelMessage("user", "삼성전자 등급은?"),), first_token_timeout_s=30.0, total_timeout_s=60.0
)


def hello(**changes: Any) -> ModelRequest:
    """The usual request with changes."""
    return replace(HELLO, **changes)


async def heard(
    model: LanguageModel, request: ModelRequest = HELLO, on_event: Callable[[ModelEvent], None] = lambda event: None
) -> list[ModelEvent]:
    """Every event of an answer."""
    out: list[ModelEvent] = []
    async with aclosing(model.stream(request)) as events:  # type: ignore[type-var]
        async for event in events:
            on_event(event)
            out.append(event)
    return out


async def failed(model: LanguageModel, request: ModelRequest = HELLO) -> tuple[ProviderError, list[ModelEvent]]:
    """The error an answer ends with, and the events before it."""
    out: list[ModelEvent] = []
    try:
        await heard(model, request, out.append)
    except ProviderError as error:
        return error, out
    raise AssertionError(f"no error came, but {out}")


def text_of(events: list[ModelEvent]) -> str:
    """The texts of an answer together."""
    return "".join(event.text for event in events if isinstance(event, TextArrived))
