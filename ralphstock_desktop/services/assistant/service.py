"""The assistant of the workstation; implements :class:`~ralphstock_desktop.services.assistant_contracts.Assistant`.

A question is stored before it is answered and an answer when it is finished, so that a conversation survives whatever happens
to the program. One question runs at a time. What a question is read from is the instant on screen; the answer carries it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, cast

from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import AssistantStore, LanguageModel
from ralphstock_desktop.services.assistant.conversation_book import ConversationBook
from ralphstock_desktop.services.assistant.model_access import KeyBox, ModelAccess, OpenModel
from ralphstock_desktop.services.assistant_contracts import (
    Block,
    Fact,
    Outgoing,
    Question,
    Screen,
    StreamUpdate,
    Suggestion,
    WatchBook,
    WindowAction,
)
from ralphstock_desktop.services.channels import Channel, Subscription
from ralphstock_desktop.services.contracts import Empty, Failed, MarketPicture, SettingChange, SettingsStore, Workstation
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.wording.texts import Language, Texts

if TYPE_CHECKING:
    from ralphstock_desktop.services.assistant.asking import Asking, Finished
    from ralphstock_desktop.services.assistant.desk import Desk
    from ralphstock_desktop.services.assistant.following import FollowUps
    from ralphstock_desktop.services.assistant.names import NameBook

__all__ = ["AssistantService"]

_MOST_QUESTION = 4_000
_DRAFT_S = 0.3
_OPENS_WITHIN_S = 60.0
_STORES_WITHIN_S = 5.0
_LOOKS_EVERY_S = 0.05
_DAY_NS = 86_400_000_000_000
_WINDOW_ACTIONS = frozenset({"open_chart", "open_panel", "set_filter"})
_log = logging.getLogger(__name__)


class AssistantService:
    """See :class:`~ralphstock_desktop.services.assistant_contracts.Assistant`.

    Parameters
    ----------
    open_store : callable
        Opens the repository's side of a market (``real`` or ``simulated``).
    open_model : callable
        Makes the adapter of a language model.
    keys : KeyBox
        The key of the model.
    watch : WatchBook
        Carries out offered watch-list entries and alerts.
    market_ns : callable, optional
        The clock of the market on screen, for the age of quotes; this machine's by default.
    """

    def __init__(
        self,
        workstation: Workstation,
        workers: Workers,
        settings: SettingsStore,
        now_ns: Callable[[], int],
        *,
        open_store: Callable[[str], Coroutine[Any, Any, AssistantStore]],
        open_model: OpenModel,
        keys: KeyBox,
        watch: WatchBook,
        market_ns: Callable[[], int] | None = None,
    ) -> None:
        self.updates: Channel[StreamUpdate] = Channel("assistant_updates")
        self.suggestions: Channel[tuple[Suggestion, ...]] = Channel("suggestions")
        self.outgoing: Channel[Outgoing] = Channel("outgoing")
        self.actions: Channel[WindowAction] = Channel("assistant_actions")
        self._workstation, self._workers, self._settings, self._now_ns = workstation, workers, settings, now_ns
        self._open_store, self._watch = open_store, watch
        self._market_ns = market_ns or now_ns
        self._access = ModelAccess(
            settings, workers, now_ns, open_model=open_model, keys=keys, is_busy=lambda: self._is_answering
        )
        self._tasks = TaskSet()
        self._book = ConversationBook(
            workers,
            settings,
            now_ns,
            store=self._store_now,
            words=self._words,
            spawn=self._tasks.spawn,
        )
        self.state = self._access.state
        self.conversation, self.sessions = self._book.conversation, self._book.sessions
        self._stores: dict[str, AssistantStore] = {}
        self._texts: dict[Language, Texts] = {}
        self._understanding: tuple[object, NameBook, FollowUps] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._drafting: asyncio.Task[None] | None = None
        self._changing: asyncio.Task[None] | None = None
        self._kind = self._coming = ""
        self._subscriptions: list[Subscription] = []

    # -- life ---------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow market and settings; the last conversation is opened when a market is there."""
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            self._settings.changed.subscribe(self._on_setting, replay=False),
        ]
        self._access.publish()
        self._tasks.spawn(self._access.look_for_key(), "assistant key")

    async def close(self) -> None:
        """Stop answering; what was stored stays."""
        for subscription in self._subscriptions:
            subscription.close()
        await self._stop_answering()
        await self._book.settled(_STORES_WITHIN_S)
        await self._tasks.cancel()
        await self._access.close()

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        await self._tasks.idle()

    def _on_market(self, picture: MarketPicture) -> None:
        if picture.kind != self._coming:
            self._coming = picture.kind
            self._changing = self._tasks.spawn(self._change_market(picture.kind, self._changing), "assistant market")

    async def _change_market(self, kind: str, earlier: asyncio.Task[None] | None) -> None:
        """Another market has conversations of its own. What is being answered is kept with the market it was asked in."""
        if earlier is not None and not earlier.done():
            await asyncio.wait({earlier})
        if self._kind:  # a question from before the first market waits for it
            await self._stop_answering()
        self._kind = kind
        self._book.clear()
        await self._workers.read(_load_parts)
        if kind not in self._stores:
            self._stores[kind] = await self._open_store(kind)
        self._tasks.spawn(self._look_into(kind, self._stores[kind]), "assistant sessions")

    async def _look_into(self, kind: str, store: AssistantStore) -> None:
        """Forget what is too old, open the last conversation where none was begun meanwhile, and make the rest ready."""
        before = self._now_ns() - int(cast(int, self._settings.get("assistant_retention_days"))) * _DAY_NS
        if any(session.last_ns < before for session in await self._workers.read(store.sessions)):
            await self._workers.read(store.delete_sessions, before)
        await self._access.count_today(store)
        if kind != self._kind:
            return
        await self._book.list_sessions()
        last = str(self._settings.get("assistant_session"))
        is_stored = any(session.id == last for session in self.sessions.last or ())
        if is_stored and not self._is_answering and not self._book.is_begun:
            await self._book.open(last)
        await self._prepare(store)

    async def _prepare(self, store: AssistantStore) -> None:
        """Make what a first question would wait for: the search index, and the model's library."""
        await self._workers.job(store.prepare_search)
        if not self._access.why_not():
            try:
                await self._access.open()
            except RalphStockError as error:
                _log.info("the language model cannot be opened: %s", error)

    async def _wait_for_store(self) -> None:
        """A question asked while the market is still being opened waits for it."""
        end = monotonic() + _OPENS_WITHIN_S
        while self._changing is None and monotonic() < end:
            if isinstance(self._workstation.scan_state.last, Empty | Failed):
                return  # there is none to wait for
            await asyncio.sleep(_LOOKS_EVERY_S)
        if self._changing is not None and not self._changing.done():
            await asyncio.wait({self._changing}, timeout=_OPENS_WITHIN_S)

    def _store_now(self) -> AssistantStore:
        store = self._stores.get(self._kind)
        if store is None:
            raise DataUnavailable("No market is open yet.", key="error.chat.no_market")
        return store

    def _words(self, language: Language) -> Texts:
        if language not in self._texts:
            self._texts[language] = Texts(language)
        return self._texts[language]

    def _language(self) -> Language:
        return "en" if self._settings.get("language") == "en" else "ko"

    # -- the model ----------------------------------------------------------------------------------------------------------

    def _on_setting(self, change: SettingChange) -> None:
        if change.key.startswith("assistant_") and change.key != "assistant_session":
            self._access.settings_changed(change.key)

    async def keep_tokens(self, kind: str, input_tokens: int, output_tokens: int) -> None:
        """Keep with a market what another service's question about it used: the day's budget knows it after a restart."""
        await self._wait_for_store()
        store = self._stores.get(kind)
        if store is None or not input_tokens + output_tokens:
            return
        try:
            await self._access.keep_tokens(store, input_tokens, output_tokens)
        except RalphStockError as error:  # the running program knows it all the same
            _log.warning("used tokens could not be stored: %s", error)

    @property
    def access(self) -> ModelAccess:
        """The model, whether it may be asked, and what it costs: for other services that ask it."""
        return self._access

    async def set_key(self, key: str) -> None:
        """Keep the key in the system's key store and check it; empty removes it. Raises ProviderError, ValidationFailed."""
        await self._access.set_key(key)

    async def check_model(self) -> None:
        """Ask the model for as little as possible. Raises ProviderError with the exact reason."""
        await self._access.check()

    # -- asking -------------------------------------------------------------------------------------------------------------

    def ask(self, text: str, screen: Screen) -> None:
        """Ask in the current session, or in a new one."""
        self._begin(text, screen, None)

    def retry(self, n: int) -> None:
        """Ask the question of a turn again; what came after it is dropped."""
        asked = self._book.question(n)
        if asked is not None:
            self._begin(asked.content, self._screen_of(asked.context), asked.n)

    def edit(self, n: int, text: str) -> None:
        """Ask another question in place of a turn."""
        asked = self._book.question(n)
        if asked is not None and asked.n == n:
            self._begin(text, self._screen_of(asked.context), n)

    def _screen_of(self, about: dict[str, Any]) -> Screen:
        """What was on screen when a question was asked, at the instant looked at now."""
        picture = self._workstation.market.last
        as_of = picture.as_of if picture is not None else AsOf(self._now_ns())
        return Screen(str(about.get("ticker", "")), tuple(about.get("panels", ())), as_of, self._kind or "real")

    def _begin(self, text: str, screen: Screen, n: int | None) -> None:
        clean = text.strip()[:_MOST_QUESTION]
        if clean:
            self._answering = self._tasks.spawn(self._answer(clean, screen, n, self._answering), "assistant answer")

    def stop(self) -> None:
        """Stop the answer that is arriving; what is checked of it stays."""
        if self._answering is not None:
            self._answering.cancel()

    @property
    def _is_answering(self) -> bool:
        return self._answering is not None and not self._answering.done()

    async def _stop_answering(self) -> None:
        if self._answering is not None and not self._answering.done():
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)

    async def _answer(self, text: str, screen: Screen, n: int | None, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        asking: Asking | None = None
        is_finished = False
        try:
            await self._wait_for_store()
            n = await self._book.keep_question(text, screen, n or self._book.next_number)
        except RalphStockError as error:
            _log.warning("a question could not be stored: %s", error)
            self._book.show_unsaved(text, error)
            return
        self._access.publish()
        try:
            picture = self._workstation.market.last
            if picture is None:
                raise DataUnavailable("No market is open yet.", key="error.chat.no_market")
            names, understanding = self._understand(picture)
            question = understanding.understand(
                text, screen=screen, today=screen.as_of.day, previous=self._before(understanding, screen, n)
            )
            asking = self._asking(question, names, n + 1)
            finished = await self._run(asking, question, screen, n)
            is_finished = True
            await asyncio.shield(self._book.keep_answer(n + 1, finished))
        except asyncio.CancelledError:
            if not is_finished:
                await asyncio.shield(self._book.keep_stopped(n + 1, asking.stopped() if asking is not None else None))
            raise
        except RalphStockError as error:
            _log.warning("a question could not be answered: %s", error)
            self._book.show_failure(n + 1, error)
        finally:
            asyncio.get_running_loop().call_soon(self._access.publish)  # when this task is done, nothing is being answered

    def _before(self, understanding: FollowUps, screen: Screen, n: int) -> Question | None:
        """The question before number ``n`` as it is to be understood at the instant looked at now.

        The last questions are understood anew from what is kept of them: so a conversation goes on after the program was ended,
        a question asked again leans on what stood before it, and "today" of an earlier question is the day looked at now.
        """
        from ralphstock_desktop.services.assistant.listing import listed_after

        before: Question | None = None
        for message, answer in self._book.exchanges(n):
            then = replace(self._screen_of(message.context), as_of=screen.as_of)
            before = understanding.understand(message.content, screen=then, today=screen.as_of.day, previous=before)
            before = replace(before, listed=listed_after(before, answer))
        return before

    def _understand(self, picture: MarketPicture) -> tuple[NameBook, FollowUps]:
        from ralphstock_desktop.services.assistant.following import FollowUps
        from ralphstock_desktop.services.assistant.names import NameBook

        if self._understanding is None or self._understanding[0] is not picture.panel.tickers:
            names = NameBook(picture.panel)
            self._understanding = (picture.panel.tickers, names, FollowUps(names, picture.panel.days))
        return self._understanding[1], self._understanding[2]

    def _desk(self) -> Desk:
        from ralphstock_desktop.services.assistant.desk import Desk

        return Desk(self._workstation, self._workers, self._store_now, self._market_ns)

    def _asking(self, question: Question, names: NameBook, n: int) -> Asking:
        from ralphstock_desktop.services.assistant.asking import Asking

        def on_update(
            blocks: tuple[Block, ...], facts: tuple[Fact, ...], activity: str, fields: dict[str, str | int | float]
        ) -> None:
            self.updates.publish(StreamUpdate(n, blocks, facts, activity, fields))

        return Asking(self._desk(), self._words(question.language), names, self._access.prices(), on_update)

    async def _run(self, asking: Asking, question: Question, screen: Screen, n: int) -> Finished:
        why_not = self._access.why_not()
        model: LanguageModel | None = None
        failure: RalphStockError | None = None
        if not why_not:
            try:
                model = await self._access.open()
            except RalphStockError as error:
                failure = error
        finished = await asking.run(
            question,
            screen,
            model=model,
            why_not=why_not,
            history=self._book.history(n),
            summary=self._book.summary,
            with_articles=bool(self._settings.get("assistant_news_text")),
        )
        if finished.error is not None:
            self._access.note_failure(finished.error)
        if (usage := finished.answer.usage) is not None:
            self._access.add_tokens(usage.input_tokens, usage.output_tokens)
        return replace(finished, error=failure) if failure is not None else finished

    # -- while typing -------------------------------------------------------------------------------------------------------

    def draft(self, text: str, screen: Screen) -> None:
        """The question being typed; what would leave the machine with it is shown within a moment."""
        if self._drafting is not None:
            self._drafting.cancel()
        self._drafting = self._tasks.spawn(self._preview(text.strip()[:_MOST_QUESTION], screen), "assistant preview")

    async def _preview(self, text: str, screen: Screen) -> None:
        from ralphstock_desktop.services.assistant.prompt import make_request, outgoing_of
        from ralphstock_desktop.services.assistant.reading import read_answer
        from ralphstock_desktop.services.assistant.tools import TOOLS

        why_not = self._access.why_not()
        if why_not or not text:
            self.outgoing.publish(Outgoing(False, 0, 0, (), "", why_not or "assistant.note.empty"))
            return
        await asyncio.sleep(_DRAFT_S)
        picture = self._workstation.market.last
        if picture is None:
            return
        _, understanding = self._understand(picture)
        previous = self._before(understanding, screen, self._book.next_number)
        question = understanding.understand(text, screen=screen, today=screen.as_of.day, previous=previous)
        try:
            read = await read_answer(self._desk(), question, screen, self._words(question.language))
        except RalphStockError as error:
            _log.info("no preview of what would leave: %s", error)
            self.outgoing.publish(Outgoing(False, 0, 0, (), "", error.key))
            return
        with_articles = bool(self._settings.get("assistant_news_text"))
        told = make_request(read, self._book.history(), self._book.summary, tools=TOOLS, with_articles=with_articles)
        self.outgoing.publish(outgoing_of(told))

    def look(self, screen: Screen) -> None:
        """What is on screen now; questions that fit it follow."""
        from ralphstock_desktop.services.assistant.suggest import suggestions_of

        self.suggestions.publish(suggestions_of(self._workstation, screen, self._words(self._language())))

    # -- offers -------------------------------------------------------------------------------------------------------------

    def apply(self, proposal_id: str) -> None:
        """Carry out what was offered."""
        self._tasks.spawn(self._carry_out(proposal_id, undo=False), "assistant offer")

    def undo(self, proposal_id: str) -> None:
        """Take back what was carried out."""
        self._tasks.spawn(self._carry_out(proposal_id, undo=True), "assistant undo")

    async def _carry_out(self, proposal_id: str, *, undo: bool) -> None:
        n, proposal = self._book.proposal(proposal_id)
        if proposal is None or (proposal.state == "done") != undo:
            return
        state: Literal["done", "undone", "failed"] = "undone" if undo else "done"
        arguments = proposal.arguments
        try:
            if proposal.action in _WINDOW_ACTIONS:
                self.actions.publish(WindowAction(proposal, undo))
            elif proposal.action == "watch":
                for ticker in arguments["tickers"]:
                    await (self._watch.remove if undo else self._watch.add)(ticker, arguments["list_name"])
            elif proposal.action == "alert" and undo:
                await self._watch.delete_alert(int(arguments["rule_id"]))
            elif proposal.action == "alert":
                rule = await self._watch.add_alert(
                    arguments["ticker"], arguments["quantity"], arguments["op"], arguments["value"], arguments.get("note", "")
                )
                arguments = {**arguments, "rule_id": rule.id}
        except RalphStockError as error:
            _log.warning("an offer could not be carried out: %s", error)
            self._workstation.notices.publish(error.key)
            state = "failed"
        await self._book.change_proposal(n, replace(proposal, state=state, arguments=arguments))

    # -- sessions -----------------------------------------------------------------------------------------------------------

    def new_session(self) -> None:
        """Begin another conversation; it is stored with its first question."""
        self._tasks.spawn(self._new_session(), "assistant session")

    async def _new_session(self) -> None:
        await self._stop_answering()
        self._settings.set("assistant_session", "")
        self._book.clear()

    async def open_session(self, session_id: str) -> None:
        """Show a stored conversation and go on with it. Raises DataUnavailable for an unknown one."""
        await self._stop_answering()
        await self._book.open(session_id)

    async def find_sessions(self, text: str) -> None:
        """List the conversations that hold some words; empty lists all."""
        await self._book.list_sessions(text)

    async def rename_session(self, session_id: str, title: str) -> None:
        """Give a conversation another title. Raises ValidationFailed."""
        await self._book.rename(session_id, title)

    async def delete_session(self, session_id: str) -> None:
        """Delete a conversation for good. Raises DataUnavailable for an unknown one."""
        if self._book.is_open(session_id):
            await self._stop_answering()
        await self._book.delete(session_id)

    async def delete_all(self) -> None:
        """Delete every conversation for good."""
        await self._stop_answering()
        await self._book.delete(None)

    async def export_session(self, session_id: str, form: Literal["markdown", "json"]) -> str:
        """Write a conversation as text. Raises DataUnavailable for an unknown one."""
        return await self._book.export(session_id, form, self._language())


def _load_parts() -> None:
    """Import what a first question needs, off the event loop's thread; the window is painted without it."""
    import ralphstock_desktop.services.assistant.asking
    import ralphstock_desktop.services.assistant.following
    import ralphstock_desktop.services.assistant.suggest  # noqa: F401
