"""Any language model as the scorer of news (:class:`~ralphstock_desktop.strategy_ports.NewsModel`, domain.md §6.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final, cast

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import LanguageModel, ModelMessage, ModelRequest, Stopped, TextArrived, UsageTold
from ralphstock_desktop.strategy_ports import ModelAnswer

__all__ = ["GeminiNewsModel"]

_FENCE: Final = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)
_MOST_TOKENS: Final = 2_048
"""The answer has a hundred or two; models that think first spend the rest."""


class GeminiNewsModel:
    """Asks a language model one question at temperature 0, without tools.

    Parameters
    ----------
    language_model : LanguageModel
        Not closed here.
    on_usage : callable, optional
        Told the input and output tokens of every question, also of one whose answer was refused or broke off.
    """

    def __init__(self, language_model: LanguageModel, on_usage: Callable[[int, int], None] | None = None) -> None:
        self._language_model, self._on_usage = language_model, on_usage
        self.model = language_model.model

    async def ask(self, instruction: str, content: str, *, timeout_s: float) -> ModelAnswer:
        """Return the model's text, without a code fence around it.

        Raises
        ------
        ProviderError
            As :meth:`LanguageModel.stream`; ``error.model.blocked`` where the model refused, ``error.model.cut`` where it
            reached its limit before the end.
        """
        request = ModelRequest(
            instruction,
            (ModelMessage("user", content),),
            temperature=0.0,
            max_output_tokens=_MOST_TOKENS,
            first_token_timeout_s=timeout_s,
            total_timeout_s=timeout_s,
        )
        text, usage, end = "", UsageTold(0, 0), Stopped("other")
        try:
            async with aclosing(cast("Any", self._language_model.stream(request))) as events:
                async for event in events:
                    if isinstance(event, TextArrived):
                        text += event.text
                    elif isinstance(event, UsageTold):
                        usage = event
                    elif isinstance(event, Stopped):
                        end = event
        finally:
            if self._on_usage is not None:
                self._on_usage(usage.input_tokens, usage.output_tokens)
        if end.reason == "blocked":
            raise self._failure("error.model.blocked", f"The model refused for safety: {end.detail}", end.detail)
        if end.reason == "length":
            raise self._failure("error.model.cut", "The model reached its output limit before the end", "length")
        fenced = _FENCE.fullmatch(text)
        return ModelAnswer(fenced.group(1) if fenced else text, self.model, usage.input_tokens, usage.output_tokens)

    def _failure(self, key: str, message: str, detail: str) -> ProviderError:
        return ProviderError(
            message,
            provider=self._language_model.provider,
            retryable=False,
            key=key,
            model=self.model,
            detail=detail,
            reason=detail,
        )
