"""The conversation on screen and the stored ones: what is kept when, under which number, and in which words it is exported."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.instants import kst_datetime
from ralphstock_desktop.assistant_ports import AssistantStore, ChatMessage, ChatSession
from ralphstock_desktop.services.assistant.keeping import context_hash, pack, unpack
from ralphstock_desktop.services.assistant_contracts import Answer, Conversation, Proposal, Screen, Turn
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import SettingsStore
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.wording.texts import Language, Texts

if TYPE_CHECKING:
    from ralphstock_desktop.services.assistant.asking import Finished

__all__ = ["EXCHANGES", "HISTORY", "ConversationBook"]

HISTORY = 6
"""Messages of the conversation a model is given (domain.md §8.2)."""

EXCHANGES = 5
"""Questions a follow-up may lean on."""

_TITLE = 40
_PATIENCE_S = 0.8
_OPENS_WITHIN_S = 10.0
_LONGEST_TITLE = 120
_NOTHING = ChatSession("", "", 0, 0, 0)
_log = logging.getLogger(__name__)


class ConversationBook:
    """Messages and turns of the open conversation, in step with the repository. Turn ``n`` is message ``n``.

    Parameters
    ----------
    store : callable
        The repository's side of the market on screen. Raises DataUnavailable before there is one.
    words : callable
        Texts of a language.
    spawn : callable
        Runs a named, supervised task.

    Writes reach the repository in the order they were made. A busy repository is waited for a moment; then the conversation
    goes on and the write follows. One that fails then is told beside the answer, and made up for with the next question.
    """

    def __init__(
        self,
        workers: Workers,
        settings: SettingsStore,
        now_ns: Callable[[], int],
        *,
        store: Callable[[], AssistantStore],
        words: Callable[[Language], Texts],
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
    ) -> None:
        self.conversation: Channel[Conversation] = Channel("conversation")
        self.sessions: Channel[tuple[ChatSession, ...]] = Channel("chat_sessions")
        self._workers, self._settings, self._now_ns, self._store, self._words = workers, settings, now_ns, store, words
        self._session: ChatSession | None = None
        self._messages: list[ChatMessage] = []
        self._turns: list[Turn] = []
        self._searched = ""
        self._turn = asyncio.Lock()
        self._spawn = spawn
        self._has_unsaved = False
        self._writing: set[asyncio.Task[None]] = set()

    async def _write(self, work: Callable[..., object], *arguments: object, patience_s: float | None = _PATIENCE_S) -> None:
        """Write in order; None waits to the end, so that what is said to be done is done."""
        session, failed, late = self._session, list[RalphStockError](), False

        async def write() -> None:
            async with self._turn:
                try:
                    await self._workers.read(work, *arguments)
                except RalphStockError as error:
                    failed.append(error)
                    if late and session is not None and self.is_open(session.id):
                        self._tell_unsaved(error)

        task = self._spawn(write(), "conversation kept")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=patience_s)
        late = True
        if failed:
            raise failed[0]

    def _tell_unsaved(self, error: RalphStockError) -> None:
        _log.warning("a conversation could not be stored: %s", error)
        self._has_unsaved = True
        if self._turns and self._turns[-1].state == "done":
            self._turns = [*self._turns[:-1], replace(self._turns[-1], error=error)]
            self._show()

    async def settled(self, seconds: float) -> None:
        """Wait until everything is stored, at most so long."""
        if self._writing:
            await asyncio.wait(set(self._writing), timeout=seconds)

    # -- reading ------------------------------------------------------------------------------------------------------------

    @property
    def summary(self) -> str:
        """What stands for the messages a model is no longer given."""
        return self._session.summary if self._session is not None else ""

    @property
    def next_number(self) -> int:
        """Number of the next message."""
        return len(self._messages) + 1

    def history(self, before: int | None = None) -> tuple[ChatMessage, ...]:
        """The last messages (before a number), oldest first, as many as a model is given."""
        earlier = self._messages if before is None else self._messages[: before - 1]
        return tuple(earlier[-HISTORY:])

    def question(self, n: int) -> ChatMessage | None:
        """The question that turn ``n`` is, or answers."""
        return next((m for m in reversed(self._messages) if m.role == "user" and m.n <= n), None)

    def exchanges(self, before: int | None = None) -> tuple[tuple[ChatMessage, Answer | None], ...]:
        """The last questions (before a number), oldest first, each with its answer as kept; None where there was none."""
        end = len(self._messages) + 1 if before is None else before
        asked = [message for message in self._messages if message.role == "user" and message.n < end][-EXCHANGES:]
        answers = {turn.n - 1: turn.answer for turn in self._turns if turn.role == "assistant"}
        return tuple((message, answers.get(message.n)) for message in asked)

    @property
    def is_begun(self) -> bool:
        """Whether there is a conversation on screen."""
        return bool(self._turns)

    def is_open(self, session_id: str) -> bool:
        """Whether a conversation is the one on screen."""
        return self._session is not None and self._session.id == session_id

    def _show(self) -> None:
        session = replace(self._session, messages=len(self._turns)) if self._session is not None else _NOTHING
        self.conversation.publish(Conversation(session, tuple(self._turns)))

    # -- asking and answering -----------------------------------------------------------------------------------------------

    async def keep_question(self, text: str, screen: Screen, n: int) -> int:
        """Store a question at a number (what stood there and after it is dropped) and show it as being answered.

        Returns
        -------
        int
            Number of the question: 1 in a new conversation.
        """
        store, now = self._store(), self._now_ns()
        before = self._turns
        is_new = self._session is None or not self._session.id
        session = ChatSession(str(uuid.uuid4()), _title(text), now, now, 0) if is_new else self._session
        assert session is not None
        n, turns = (1, []) if is_new else (n, before[: n - 1])
        waiting = Turn(n + 1, "assistant", "", now, state="waiting")
        self._session, self._turns = session, [*turns, Turn(n, "user", text, now), waiting]
        self._show()  # at once: a busy repository must not look like a question that was not heard
        about = {"ticker": screen.ticker, "panels": list(screen.panels), "asked_at_ns": screen.as_of.instant_ns}
        message = ChatMessage(n, "user", text, now, about)
        try:
            if self._has_unsaved and not is_new:
                await self._write(_save_all, store, session, tuple(self._messages[: n - 1]))
                self._has_unsaved = False
            if is_new:
                await self._write(store.create_session, session)
                self._settings.set("assistant_session", session.id)
            await self._write(store.replace_from, session.id, n, (message,))
        except RalphStockError:
            self._session, self._turns = (None, []) if is_new else (session, before)
            raise
        self._messages = [*([] if is_new else self._messages[: n - 1]), message]
        return n

    async def keep_answer(self, n: int, finished: Finished) -> None:
        """Show and store a finished answer."""
        message = self._message_of(n, finished.answer)
        self._put(message, Turn(n, "assistant", message.content, message.created_ns, finished.answer, finished.error))
        assert self._session is not None
        await self._write(self._store().append, self._session.id, (message,))
        await self._summarise()
        await self.list_sessions()

    async def keep_stopped(self, n: int, answer: Answer | None) -> None:
        """Show and store what there is of an answer the user stopped."""
        if answer is None or self._session is None:
            self.show_failure(n, None)
            return
        message = self._message_of(n, answer)
        self._put(message, Turn(n, "assistant", message.content, message.created_ns, answer, state="stopped"))
        await self._write(self._store().append, self._session.id, (message,))

    def show_unsaved(self, text: str, error: RalphStockError) -> None:
        """Show a question that could not even be stored, and why."""
        n, now = self.next_number, self._now_ns()
        self._session = self._session or replace(_NOTHING, title=_title(text))
        self._turns = [*self._turns[: n - 1], Turn(n, "user", text, now), Turn(n + 1, "assistant", "", now, error=error)]
        self._show()

    def show_failure(self, n: int, error: RalphStockError | None) -> None:
        """Show that there is no answer: why, or that the user stopped it. Nothing of it is stored; the question is."""
        state: Literal["done", "stopped"] = "done" if error is not None else "stopped"
        self._turns = [*self._turns[: n - 1], Turn(n, "assistant", "", self._now_ns(), error=error, state=state)]
        self._show()

    def _put(self, message: ChatMessage, turn: Turn) -> None:
        self._turns = [*self._turns[: turn.n - 1], turn]
        self._messages = [*self._messages[: turn.n - 1], message]
        self._show()

    def _message_of(self, n: int, answer: Answer) -> ChatMessage:
        from ralphstock_desktop.services.assistant.markdown import to_markdown

        text = to_markdown(answer.blocks)
        if answer.disclaimer:
            text = f"{text}\n\n{self._words(answer.language)('assistant.disclaimer')}"
        grounded = answer.linked == answer.numbers
        return ChatMessage(n, "assistant", text, self._now_ns(), pack(answer), context_hash(answer.facts), grounded)

    async def _summarise(self) -> None:
        session = self._session
        until = len(self._messages) - HISTORY
        if session is None or until <= session.summary_until:
            return
        from ralphstock_desktop.services.assistant.prompt import summarise

        summary = summarise(self._messages[session.summary_until : until], session.summary)
        self._session = replace(session, summary=summary, summary_until=until)
        await self._write(self._store().set_summary, session.id, summary, until)

    # -- offers -------------------------------------------------------------------------------------------------------------

    def proposal(self, proposal_id: str) -> tuple[int, Proposal | None]:
        """The newest offer of an id: ``p1``, or ``<turn>:p1`` of one turn; with the turn's number."""
        wanted_turn, _, name = proposal_id.rpartition(":")
        for turn in reversed(self._turns):
            if turn.answer is not None and (not wanted_turn or turn.n == int(wanted_turn)):
                found = next((each for each in turn.answer.proposals if each.id in (name, proposal_id)), None)
                if found is not None:
                    return turn.n, found
        return 0, None

    async def change_proposal(self, n: int, changed: Proposal) -> None:
        """Show and store that an offer was carried out or taken back."""
        turn = self._turns[n - 1]
        assert turn.answer is not None and self._session is not None
        proposals = tuple(changed if each.id == changed.id else each for each in turn.answer.proposals)
        answer = replace(turn.answer, proposals=proposals)
        self._turns[n - 1] = replace(turn, answer=answer)
        self._messages[n - 1] = replace(self._messages[n - 1], context=pack(answer))
        self._show()
        await self._write(self._store().replace_from, self._session.id, n, tuple(self._messages[n - 1 :]))

    # -- sessions -----------------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Show an empty conversation; it is stored with its first question."""
        self._has_unsaved = False
        self._session, self._messages, self._turns = None, [], []
        self._show()

    async def list_sessions(self, text: str | None = None) -> None:
        """Tell the stored conversations, those that hold some words where a search is on."""
        if text is not None:
            self._searched = text.strip()
        self.sessions.publish(await self._workers.read(self._store().sessions, self._searched))

    async def _find(self, session_id: str) -> ChatSession:
        stored = await self._workers.read(self._store().sessions)
        found = next((each for each in stored if each.id == session_id), None)
        if found is None:
            raise DataUnavailable(f"There is no conversation {session_id}.", key="error.chat.unknown_session")
        return found

    async def open(self, session_id: str) -> None:
        """Show a stored conversation. Raises DataUnavailable for an unknown one."""
        await self.settled(_OPENS_WITHIN_S)
        messages = await self._workers.read(self._store().messages, session_id)
        self._session, self._messages = await self._find(session_id), list(messages)
        self._turns = [_turn(message) for message in messages]
        if self._turns and self._turns[-1].role == "user":  # the program ended before there was an answer
            last = self._turns[-1]
            self._turns.append(Turn(last.n + 1, "assistant", "", last.created_ns, state="stopped"))
        self._settings.set("assistant_session", session_id)
        self._show()

    async def rename(self, session_id: str, title: str) -> None:
        """Give a conversation another title. Raises ValidationFailed for an empty one."""
        clean = title.strip()[:_LONGEST_TITLE]
        if not clean:
            raise ValidationFailed("A title has at least one letter.", key="error.chat.title")
        await self._write(self._store().rename_session, session_id, clean, patience_s=None)
        if self._session is not None and self._session.id == session_id:
            self._session = replace(self._session, title=clean)
            self._show()
        await self.list_sessions()

    async def delete(self, session_id: str | None) -> None:
        """Delete a conversation, or all, for good. Raises DataUnavailable for an unknown one."""
        store = self._store()
        if session_id is None:
            await self._write(store.delete_sessions, patience_s=None)
        else:
            await self._write(store.delete_session, session_id, patience_s=None)
        if session_id is None or self.is_open(session_id):
            self._settings.set("assistant_session", "")
            self.clear()
        await self.list_sessions()

    async def export(self, session_id: str, form: Literal["markdown", "json"], language: Language) -> str:
        """Write a conversation as text. Raises DataUnavailable for an unknown one."""
        messages = await self._workers.read(self._store().messages, session_id)
        title = (await self._find(session_id)).title
        if form == "json":
            rows = [_exported(message) for message in messages]
            return json.dumps({"title": title, "messages": rows}, ensure_ascii=False, indent=2)
        words = self._words(language)
        parts = [f"# {title}"]
        for message in messages:
            at = f"{kst_datetime(message.created_ns):%Y-%m-%d %H:%M}"
            parts.append(f"## {words(f'assistant.role.{message.role}')} · {at}\n\n{message.content}")
        return "\n\n".join(parts) + "\n"


def _save_all(store: AssistantStore, session: ChatSession, messages: tuple[ChatMessage, ...]) -> None:
    """Store a conversation of which something may be missing."""
    if all(each.id != session.id for each in store.sessions()):
        store.create_session(session)
    store.replace_from(session.id, 1, messages)


def _exported(message: ChatMessage) -> dict[str, Any]:
    row: dict[str, Any] = {"n": message.n, "role": message.role, "content": message.content, "created_ns": message.created_ns}
    if message.role == "assistant":
        row |= {"grounded": message.grounded, "context_hash": message.context_hash}
    return row | ({"context": message.context} if message.context else {})


def _title(text: str) -> str:
    first = text.split("\n")[0].strip()
    return first if len(first) <= _TITLE else f"{first[: _TITLE - 1]}…"


def _turn(message: ChatMessage) -> Turn:
    role: Literal["user", "assistant"] = "user" if message.role == "user" else "assistant"
    answer = unpack(message.context, message.content) if role == "assistant" else None
    return Turn(message.n, role, message.content, message.created_ns, answer)
