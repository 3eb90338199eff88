"""Gemini behind :class:`~ralphstock_desktop.assistant_ports.LanguageModel`, over either of Google's libraries.

Importing this package costs nothing; the library is imported when a model is opened, which takes half a second and belongs off
the event loop's thread (:func:`open_model_soon` sees to that).
"""

from __future__ import annotations

import asyncio
from typing import Final

from engine.model.errors import ValidationFailed
from ralphstock_desktop.assistant_ports import LanguageModel

__all__ = ["PROVIDERS", "open_model", "open_model_soon"]

PROVIDERS: Final = ("google-genai", "google-generativeai")
"""Names :func:`open_model` knows; the second is an optional extra and at its end of life."""


def open_model(provider: str, model: str, key: str, base_url: str | None = None) -> LanguageModel:
    """Open a model. Imports the provider's library; no request is made.

    Parameters
    ----------
    provider : str
        One of :data:`PROVIDERS`.
    model : str
        Such as ``gemini-2.5-flash``.
    key : str
        API key. Sent in the ``x-goog-api-key`` header and nowhere else.
    base_url : str, optional
        Another endpoint (https, or http on this machine); the vendor's if None or empty.

    Raises
    ------
    ProviderError
        ``error.model.missing`` (library not installed), ``error.model.key`` or ``error.model.unknown`` (cannot be one).
    ValidationFailed
        ``error.model.provider`` or ``error.model.address``.
    """
    from ralphstock_desktop.providers.gemini.access import Access, quieten

    if provider not in PROVIDERS:
        raise ValidationFailed(
            f"There is no language model provider {provider!r}; known are {', '.join(PROVIDERS)}",
            key="error.model.provider",
            value=provider,
            allowed=", ".join(PROVIDERS),
        )
    access = Access(model, key, base_url or None)
    quieten()
    if provider == "google-generativeai":
        from ralphstock_desktop.providers.gemini.legacy import GenerativeAiModel

        return GenerativeAiModel(access)
    from ralphstock_desktop.providers.gemini.genai import GoogleGenAiModel

    return GoogleGenAiModel(access)


async def open_model_soon(provider: str, model: str, key: str, base_url: str | None = None) -> LanguageModel:
    """Open a model on a worker thread. As :func:`open_model`."""
    return await asyncio.to_thread(open_model, provider, model, key, base_url)
