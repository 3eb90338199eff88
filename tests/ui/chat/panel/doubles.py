"""An assistant that keeps its contract without a model, and a plain stand-in for the view of the conversation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from engine.model.errors import DataUnavailable, ProviderError, RalphStockError
from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import ChatSession
from ralphstock_desktop.services.assistant_contracts import (
    Answer,
    AssistantState,
    Conversation,
    Fact,
    Outgoing,
    Paragraph,
    Screen,
    SourceChip,
    Span,
    StreamUpdate,
    Suggestion,
    Target,
    Turn,
)
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.ui.appearance import Appearance
from tests.ui.shell.doubles import WorkstationDouble

NOW = 1_777_900_000_000_000_000
EVIDENCE = Target("evidence", "evidence", "006800", "VCP", "C1")


def make_answer(as_of: AsOf, *targets: Target) -> Answer:
    """An answer with one fact and one source per target."""
    facts = tuple(
        Fact(f"f{n}", "vcp.item.C1.value", 0.49, "×", "0.49배", "거래량", target, target.ticker)
        for n, target in enumerate(targets, 1)
    )
    spans = tuple(Span(fact.text, fact=fact.id) for fact in facts)
    chips = tuple(SourceChip(n, "근거 0812", "evidence", fact.target, (fact.id,)) for n, fact in enumerate(facts, 1))
    return Answer("template", "ko", as_of, (Paragraph(spans),), facts, chips, len(facts), len(facts))


class AssistantDouble:
    """Records what it is asked; :meth:`begin`, :meth:`arrive` and :meth:`finish` play an answer."""

    def __init__(self) -> None:
        self.state: Channel[AssistantState] = Channel("assistant state")
        self.conversation: Channel[Conversation] = Channel("conversation")
        self.updates: Channel[StreamUpdate] = Channel("updates")
        self.sessions: Channel[tuple[ChatSession, ...]] = Channel("sessions")
        self.suggestions: Channel[tuple[Suggestion, ...]] = Channel("suggestions")
        self.outgoing: Channel[Outgoing] = Channel("outgoing")
        self.calls: list[tuple[Any, ...]] = []
        self.keys: list[str] = []
        self.failure: RalphStockError | None = None
        self.stored: dict[str, Conversation] = {}
        self.state.publish(AssistantState("ready", "google-genai", "gemini-test", tokens_today=1_200, tokens_budget=300_000))
        self._open(ChatSession("s1", "첫 대화", NOW, NOW, 0), ())
        self._list()

    # -- asking

    @property
    def now(self) -> Conversation:
        assert self.conversation.last is not None
        return self.conversation.last

    def _open(self, session: ChatSession, turns: tuple[Turn, ...]) -> None:
        found = Conversation(replace(session, messages=len(turns)), turns)
        self.stored[session.id] = found
        self.conversation.publish(found)

    def _list(self, text: str = "") -> None:
        found = [
            kept.session
            for kept in self.stored.values()
            if text in kept.session.title or any(text in turn.text for turn in kept.turns)
        ]
        self.sessions.publish(tuple(sorted(found, key=lambda session: -session.last_ns)))

    def ask(self, text: str, screen: Screen) -> None:
        self.calls.append(("ask", text, screen))
        self._begin(text, self.now.turns)

    def _begin(self, text: str, before: tuple[Turn, ...]) -> None:
        n = len(before) + 1
        question = Turn(n, "user", text, NOW)
        self._open(self.now.session, (*before, question, Turn(n + 1, "assistant", "", NOW, state="waiting")))
        self._list()

    def arrive(self, *facts: Fact) -> None:
        """More of the open answer."""
        turn = self.now.turns[-1]
        self._open(self.now.session, (*self.now.turns[:-1], replace(turn, state="streaming")))
        spans = tuple(Span(fact.text, fact=fact.id) for fact in facts)
        self.updates.publish(StreamUpdate(turn.n, (Paragraph(spans),), facts))

    def finish(self, *targets: Target, state: Literal["done", "stopped"] = "done") -> None:
        """The open answer ends."""
        turn, answer = self.now.turns[-1], make_answer(AsOf.end_of(date(2026, 5, 4)), *targets)
        done = replace(turn, text="거래량이 0.49배입니다.", answer=answer, state=state)
        self._open(self.now.session, (*self.now.turns[:-1], done))
        self._list()

    def draft(self, text: str, screen: Screen) -> None:
        self.calls.append(("draft", text, screen))
        counts = (("assistant.outgoing.names", 1), ("assistant.outgoing.scores", 23), ("assistant.outgoing.articles", 0))
        self.outgoing.publish(Outgoing(bool(text), len(text.encode()) + 1_200, 400, counts, f"지시\n\n질문: {text}"))

    def look(self, screen: Screen) -> None:
        self.calls.append(("look", screen))
        name = screen.ticker or "시장"
        self.suggestions.publish((Suggestion(f"{name} 왜?", "stock"), Suggestion("지금 시장은?", "market")))

    def stop(self) -> None:
        self.calls.append(("stop",))
        self.finish(state="stopped")

    def retry(self, n: int) -> None:
        self.calls.append(("retry", n))
        turn = self.now.turns[n - 1]
        assert turn.role == "user"
        self._begin(turn.text, self.now.turns[: n - 1])

    def edit(self, n: int, text: str) -> None:
        self.calls.append(("edit", n, text))
        assert self.now.turns[n - 1].role == "user"
        self._begin(text, self.now.turns[: n - 1])

    def apply(self, proposal_id: str) -> None:
        self.calls.append(("apply", proposal_id))

    def undo(self, proposal_id: str) -> None:
        self.calls.append(("undo", proposal_id))

    # -- sessions

    def new_session(self) -> None:
        self.calls.append(("new",))
        number = len(self.stored) + 1
        self._open(ChatSession(f"s{number}", "", NOW + number, NOW + number, 0), ())
        self._list()

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def open_session(self, session_id: str) -> None:
        self.calls.append(("open", session_id))
        self._fail()
        if session_id not in self.stored:
            raise DataUnavailable("unknown session", key="error.chat.unknown_session")
        self.conversation.publish(self.stored[session_id])

    async def find_sessions(self, text: str) -> None:
        self.calls.append(("find", text))
        self._list(text)

    async def rename_session(self, session_id: str, title: str) -> None:
        self.calls.append(("rename", session_id, title))
        self._fail()
        kept = self.stored[session_id]
        self.stored[session_id] = replace(kept, session=replace(kept.session, title=title))
        if self.now.session.id == session_id:
            self.conversation.publish(self.stored[session_id])
        self._list()

    async def delete_session(self, session_id: str) -> None:
        self.calls.append(("delete", session_id))
        self._fail()
        del self.stored[session_id]
        if self.now.session.id == session_id:
            self.new_session()
        self._list()

    async def delete_all(self) -> None:
        self.calls.append(("delete_all",))
        self.stored.clear()
        self.new_session()

    async def export_session(self, session_id: str, form: Literal["markdown", "json"]) -> str:
        self.calls.append(("export", session_id, form))
        title = self.stored[session_id].session.title
        return json.dumps({"title": title}, ensure_ascii=False) if form == "json" else f"# {title}\n"

    # -- the model

    async def set_key(self, key: str) -> None:
        self.keys.append(key)
        self._fail()
        self.state.publish(AssistantState("ready" if key else "no_key", "google-genai", "gemini-test"))

    async def check_model(self) -> None:
        self.calls.append(("check",))
        self._fail()


def refused_key() -> ProviderError:
    """What a wrong key gives."""
    return ProviderError("API key not valid", provider="google-genai", code="401", key="error.model.key", retryable=False)


class ChatWorkstation(WorkstationDouble):
    """The window's double with an assistant."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.assistant: AssistantDouble | None = AssistantDouble()
        self.watch = None


class PlainConversation(QWidget):
    """Keeps what it is shown."""

    fact_clicked = Signal(int, str)
    chip_clicked = Signal(int, int)
    proposal_clicked = Signal(str)
    proposal_undo = Signal(str)
    retry_wanted = Signal(int)
    edit_wanted = Signal(int)
    copy_wanted = Signal(int)
    stop_wanted = Signal()
    link_hovered = Signal(int, str)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from PySide6.QtCore import Qt

        self.look = appearance
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("conversation")
        self.shown: list[Conversation | None] = []
        self.updates: list[StreamUpdate] = []
        self.ended = 0

    def show_conversation(self, conversation: Conversation | None) -> None:
        self.shown.append(conversation)

    def show_update(self, update: StreamUpdate) -> None:
        self.updates.append(update)

    def scroll_to_end(self) -> None:
        self.ended += 1
