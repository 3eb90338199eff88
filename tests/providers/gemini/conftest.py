"""A running server, and models of both libraries opened on it; the optional one is skipped where it is absent."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio

from ralphstock_desktop.assistant_ports import LanguageModel
from ralphstock_desktop.providers.gemini import PROVIDERS, open_model_soon

from .asking import KEY
from .server import MODEL, GeminiServer

_MODULES = {"google-genai": "google.genai", "google-generativeai": "google.ai.generativelanguage_v1beta"}


def is_installed(provider: str) -> bool:
    """Whether a provider's library is there; nothing is imported but its parents."""
    try:
        return importlib.util.find_spec(_MODULES[provider]) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Each of the two libraries."""
    if not is_installed(request.param):
        pytest.skip(f"the library {request.param} is not installed")
    return str(request.param)


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    """A running server."""
    with GeminiServer() as running:
        yield running


Opener = Callable[..., Awaitable[LanguageModel]]


@pytest_asyncio.fixture
async def opener(server: GeminiServer) -> AsyncIterator[Opener]:
    """Opens models on the server and closes them at the end."""
    opened: list[LanguageModel] = []

    async def open_(provider: str, url: str | None = None) -> LanguageModel:
        opened.append(await open_model_soon(provider, MODEL, KEY, url or server.url))
        return opened[-1]

    yield open_
    for model in opened:
        await model.close()


@pytest_asyncio.fixture
async def model(provider: str, opener: Opener) -> LanguageModel:
    """A model of each library."""
    return await opener(provider)
