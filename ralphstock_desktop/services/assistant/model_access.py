"""Whether a language model may be asked, which one, and what it has cost today."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from engine.model.errors import ProviderError, RalphStockError, RateLimited, ValidationFailed
from engine.model.instants import kst_datetime, kst_ns
from ralphstock_desktop.assistant_ports import AssistantStore, LanguageModel
from ralphstock_desktop.services.assistant.pricing import Prices
from ralphstock_desktop.services.assistant_contracts import AssistantState
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import SettingsStore
from ralphstock_desktop.services.workers import Workers

__all__ = ["KeyBox", "ModelAccess", "OpenModel"]

OpenModel = Callable[[str, str, str, str], Coroutine[Any, Any, LanguageModel]]
"""(provider, model, key, base address or empty) → model. Raises ProviderError (``error.model.missing``)."""

Mode = Literal["off", "no_key", "ready", "busy", "waiting", "missing"]
_LONGEST_KEY = 512


@dataclass(frozen=True)
class KeyBox:
    """Where the model's key is kept. The functions may block; they run on a worker."""

    read: Callable[[], str]
    """The key, empty if there is none."""
    write: Callable[[str], None]
    """Keep a key; empty forgets it."""


class ModelAccess:
    """Opens the model of the settings when it is first asked, and counts what it is asked.

    Parameters
    ----------
    is_busy : callable
        Whether a question is being answered now.
    """

    def __init__(
        self,
        settings: SettingsStore,
        workers: Workers,
        now_ns: Callable[[], int],
        *,
        open_model: OpenModel,
        keys: KeyBox,
        is_busy: Callable[[], bool],
    ) -> None:
        self.state: Channel[AssistantState] = Channel("assistant_state")
        self._settings, self._workers, self._now_ns = settings, workers, now_ns
        self._open_model, self._keys, self._is_busy = open_model, keys, is_busy
        self._model: LanguageModel | None = None
        self._model_of: tuple[str, str, str, str] | None = None
        self._has_key = False
        self._missing = False
        self._retry_at_ns: int | None = None
        self._tokens = (0, 0)
        self._opening, self._counting = asyncio.Lock(), asyncio.Lock()
        self._counted: list[AssistantStore] = []
        self._day: date | None = None

    # -- may it be asked ----------------------------------------------------------------------------------------------------

    def _mode(self) -> Mode:
        if not self._settings.get("assistant_outside"):
            return "off"
        if not self._has_key:
            return "no_key"
        if self._missing:
            return "missing"
        if self._retry_at_ns is not None and self._now_ns() < self._retry_at_ns:
            return "waiting"
        return "busy" if self._is_busy() else "ready"

    def why_not(self) -> str:
        """Text key that says why no model is asked; empty where one is."""
        mode = self._mode()
        if mode in ("off", "no_key", "missing", "waiting"):
            return f"assistant.note.{mode}"
        self._turn_day()
        budget = self._number("assistant_budget")
        return "" if not budget or sum(self._tokens) < budget else "assistant.note.budget"  # 0: no limit

    def publish(self) -> None:
        """Tell the window how things stand."""
        self._turn_day()
        self.state.publish(
            AssistantState(
                mode=self._mode(),
                provider=self._text("provider"),
                model=self._text("model"),
                reason_key=self.why_not(),
                retry_at_ns=self._retry_at_ns,
                tokens_today=sum(self._tokens),
                tokens_budget=self._number("assistant_budget"),
                cost_today_usd=self.prices().cost(*self._tokens),
            )
        )

    def settings_changed(self, key: str) -> None:
        """React to a setting of the assistant."""
        if key in ("assistant_provider", "assistant_model", "assistant_url"):
            self._missing, self._retry_at_ns = False, None
        self.publish()

    def _text(self, part: str) -> str:
        return str(self._settings.get(f"assistant_{part}"))

    def _number(self, key: str) -> int:
        return int(cast(int, self._settings.get(key)))

    def prices(self) -> Prices:
        """Prices the user has set, per million tokens."""
        cents = [self._number(f"assistant_price_{side}") for side in ("in", "out")]
        return Prices(*(value / 100 if value else None for value in cents))

    # -- what it costs ------------------------------------------------------------------------------------------------------

    def _turn_day(self) -> None:
        today = kst_datetime(self._now_ns()).date()
        if today != self._day:
            self._tokens, self._day = (0, 0), today

    def add_tokens(self, input_tokens: int, output_tokens: int) -> None:
        """Count what an answer used."""
        self._turn_day()
        self._tokens = (self._tokens[0] + input_tokens, self._tokens[1] + output_tokens)

    async def count_today(self, store: AssistantStore) -> None:
        """Add what was used today in a market, as it is stored; each market once, for what is asked now is counted."""
        async with self._counting:
            await self._count(store)
        self.publish()

    async def keep_tokens(self, store: AssistantStore, input_tokens: int, output_tokens: int) -> None:
        """Keep in a market's repository what a question beside the conversations used; it is counted already.

        Raises StorageError where it cannot be kept.
        """
        self._turn_day()
        assert self._day is not None
        async with self._counting:
            await self._count(store)  # before, or it would be read again as something of an earlier run
            await self._workers.read(store.add_tokens_beside, self._day, input_tokens, output_tokens)

    async def _count(self, store: AssistantStore) -> None:
        self._turn_day()
        if any(counted is store for counted in self._counted):
            return
        self._counted.append(store)
        today = kst_datetime(self._now_ns()).date()
        midnight = kst_ns(today, 0)
        spent = list(await self._workers.read(store.tokens_beside, today))
        for session in await self._workers.read(store.sessions):
            if session.last_ns >= midnight:
                for message in await self._workers.read(store.messages, session.id):
                    usage = message.context.get("usage") or {}
                    if message.created_ns >= midnight:
                        spent[0] += int(usage.get("input_tokens", 0))
                        spent[1] += int(usage.get("output_tokens", 0))
        self._tokens = (self._tokens[0] + spent[0], self._tokens[1] + spent[1])

    # -- the model ----------------------------------------------------------------------------------------------------------

    async def look_for_key(self) -> None:
        """Find out whether there is a key."""
        self._has_key = bool(await self._workers.read(self._keys.read))
        self.publish()

    async def open(self) -> LanguageModel:
        """The model of the settings, made when it is first asked. Raises ProviderError, ValidationFailed."""
        async with self._opening:  # who asks meanwhile gets the same one
            key = await self._workers.read(self._keys.read)
            wanted = (self._text("provider"), self._text("model"), key, self._text("url"))
            if self._model is None or self._model_of != wanted:
                await self.close()
                try:
                    self._model = await self._open_model(*wanted)
                except RalphStockError as error:
                    self.note_failure(error)
                    raise
                self._model_of = wanted
            return self._model

    async def close(self) -> None:
        """Give the connection back."""
        if self._model is not None:
            model, self._model, self._model_of = self._model, None, None
            await model.close()

    async def set_key(self, key: str) -> None:
        """Keep the key in the system's key store and check it; empty removes it. Raises ProviderError, ValidationFailed."""
        clean = key.strip()
        if len(clean) > _LONGEST_KEY or not clean.isascii() or not clean.isprintable() or " " in clean:
            raise ValidationFailed(
                "A key has no spaces and no letters beyond ASCII; this text does.", key="error.chat.key_form"
            )
        await self._workers.read(self._keys.write, clean)
        await self.close()
        self._has_key, self._retry_at_ns = bool(clean), None
        self.publish()
        if clean:
            await self.check()

    async def check(self) -> None:
        """Ask the model for as little as possible. Raises ProviderError with the exact reason."""
        model = await self.open()
        try:
            await model.check()
        except ProviderError as error:
            self.note_failure(error)
            raise
        self._missing, self._retry_at_ns = False, None
        self.publish()

    def note_failure(self, error: RalphStockError) -> None:
        """Remember what a failure means for the next question."""
        if error.key == "error.model.missing":
            self._missing = True
        elif isinstance(error, RateLimited):
            self._retry_at_ns = self._now_ns() + max(error.retry_after_ms, 1_000) * 1_000_000
        self.publish()
