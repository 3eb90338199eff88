"""Collects news into the user's own market while it is on screen: feeds, DART, a folder of files, as the settings say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.model.errors import RalphStockError
from ralphstock_desktop.app.stored_key import stored_key
from ralphstock_desktop.assistant_ports import LanguageModel
from ralphstock_desktop.live_ports import SourceMonitor
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.services.assistant.service import AssistantService
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import MarketPicture, SettingChange, SettingsStore
from ralphstock_desktop.services.news.collecting import CollectingService
from ralphstock_desktop.services.news.verdicts import NewsVerdicts
from ralphstock_desktop.services.strategy.core import StrategyService
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import ModelAnswer, NewsCollector

__all__ = ["NewsWiring", "dart_key"]

_KEYS = frozenset({"news_feeds", "news_folder", "news_dart"})
_VARIABLE = "RALPHSTOCK_DART_KEY"
_ENTRY = "OpenDART"


def dart_key() -> str | None:
    """The user's OpenDART key: from the system's key store (entry ``OpenDART``), else from the environment. May block."""
    return stored_key(_ENTRY, _VARIABLE) or None


class _AssistantsModel:
    """The assistant's language model as the scorer of news, within the same key, switch and budget."""

    def __init__(self, assistant: AssistantService, settings: SettingsStore) -> None:
        self._assistant, self._settings = assistant, settings

    @property
    def model(self) -> str:
        """The model of the settings."""
        return str(self._settings.get("assistant_model"))

    @model.setter
    def model(self, name: str) -> None:
        raise AttributeError(f"the model is chosen in the settings, not here: {name}")

    async def ask(self, instruction: str, content: str, *, timeout_s: float) -> ModelAnswer:
        """See :class:`~ralphstock_desktop.strategy_ports.NewsModel`. What it used is counted however it ends."""
        from ralphstock_desktop.providers.gemini.news_model import GeminiNewsModel

        access, used = self._assistant.access, [0, 0]

        def count(input_tokens: int, output_tokens: int) -> None:
            access.add_tokens(input_tokens, output_tokens)
            used[:] = input_tokens, output_tokens

        model: LanguageModel = await access.open()
        try:
            return await GeminiNewsModel(model, count).ask(instruction, content, timeout_s=timeout_s)
        except RalphStockError as error:
            access.note_failure(error)
            raise
        finally:
            access.publish()
            await self._assistant.keep_tokens("real", *used)  # no other market is asked about


class NewsWiring:
    """Starts and changes the collectors with market and settings; shows what was stored.

    Parameters
    ----------
    monitor : SourceMonitor
        The health registry: each host is shown on the health panel.
    """

    def __init__(
        self,
        workstation: WorkstationService,
        strategies: StrategyService,
        settings: SettingsStore,
        workers: Workers,
        monitor: SourceMonitor,
        spawn: Any,
    ) -> None:
        self._workstation, self._strategies, self._settings = workstation, strategies, settings
        self._workers, self._monitor, self._spawn = workers, monitor, spawn
        self._client: Any = None
        self.service = CollectingService((), self._store, time.time_ns)
        self._on = self._closed = False
        self._turn = asyncio.Lock()
        self._known_names: Mapping[str, str] = {}
        self._subscriptions: tuple[Subscription, ...] = ()
        self.verdicts = self._make_verdicts()

    def _make_verdicts(self) -> NewsVerdicts | None:
        """What asks the assistant's model about news; None where there is no assistant."""
        assistant = self._workstation.assistant
        if not isinstance(assistant, AssistantService):
            return None
        model, access = _AssistantsModel(assistant, self._settings), assistant.access
        return NewsVerdicts(self._strategies, self._settings, model, lambda: not access.why_not(), self._spawn)

    def start(self) -> None:
        """Follow market and settings from now on."""
        self._subscriptions = (
            self._workstation.market.subscribe(self._on_market),
            self._settings.changed.subscribe(self._on_setting, replay=False),
            self.service.stored.subscribe(self._on_stored, replay=False),
        )
        if self.verdicts is not None:
            self.verdicts.start()
            assistant = self._workstation.assistant
            assert assistant is not None
            self._subscriptions += (assistant.state.subscribe(self.verdicts.look, replay=False),)

    async def close(self) -> None:
        """Stop collecting and give the connections back."""
        for subscription in self._subscriptions:
            subscription.close()
        self._closed = True
        if self.verdicts is not None:
            await self.verdicts.close()
        async with self._turn:
            await self.service.stop()
            if self._client is not None:
                await self._client.close()

    def _on_market(self, picture: MarketPicture) -> None:
        on = picture.kind == "real"
        if on != self._on:
            self._on = on
            self._spawn(self._apply(), "news collectors")

    def _on_setting(self, change: SettingChange) -> None:
        if change.key in _KEYS and self._on:
            self._spawn(self._apply(), "news collectors")

    def _on_stored(self, count: int) -> None:
        if count and self._on:
            self._strategies.data_changed()

    async def _apply(self) -> None:
        async with self._turn:  # one change after the other: the last one holds
            await self.service.stop()
            if self._on and not self._closed:
                await self.service.use(self._collectors())
                self.service.start()

    def _collectors(self) -> tuple[NewsCollector, ...]:
        feeds = str(self._settings.get("news_feeds")).split()
        folder = str(self._settings.get("news_folder")).strip()
        with_dart = self._settings.get("news_dart") is True
        if not (feeds or folder or with_dart):
            return ()
        from ralphstock_desktop.providers.news.dart import DartFeedCollector, DartListCollector
        from ralphstock_desktop.providers.news.feeds import FeedSetting, NameBook, feed_collectors
        from ralphstock_desktop.providers.news.folder import FolderCollector
        from ralphstock_desktop.providers.news.polite import PoliteClient

        if self._client is None:
            self._client = PoliteClient(self._monitor)
        book = NameBook(self._names)
        made: list[NewsCollector] = []
        try:
            made += feed_collectors([FeedSetting(url) for url in feeds], self._client, book, time.time_ns)
        except RalphStockError:
            self._workstation.notices.publish("notice.news_feed_address")
        if folder:
            made.append(FolderCollector(Path(folder).expanduser(), book, time.time_ns, run=self._workers.read))
        if with_dart:
            times: dict[str, int] = {}
            made.append(DartFeedCollector(self._client, book, time.time_ns, times=times))
            made.append(DartListCollector(self._dart_key, self._client, time.time_ns, times=times))
        return tuple(made)

    async def _dart_key(self) -> str | None:
        return await self._workers.read(dart_key)

    def _names(self) -> Mapping[str, str]:
        picture = self._workstation.market.last
        if picture is not None and picture.kind == "real":  # never the names of the made-up market
            panel = picture.panel
            pairs = zip(panel.names, panel.tickers, strict=True)
            self._known_names = {str(name): str(ticker) for name, ticker in pairs if name}
        return self._known_names

    async def _store(self, batch: NewsBatch) -> int:
        sources = await self._strategies.sources("real")
        new = await self._workers.job(sources.store.store_news, batch)
        evaluation, picture = self._strategies.evaluation, self._workstation.market.last
        is_first = evaluation is not None and not evaluation.news.collected
        if not new and is_first and self._on and picture is not None and picture.is_latest:
            self._strategies.data_changed()  # that somebody looked and found nothing is news as well (domain.md §6.1)
        return new
