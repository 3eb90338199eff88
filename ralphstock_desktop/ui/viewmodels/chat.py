"""View-model of the chat panel (screen 0990): the conversation, what is asked about, and what would leave the machine.

It holds no widgets and computes nothing: questions go down to the assistant, its facts come up. What was dropped from the
context stays dropped until the user takes it back or looks at something else. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.errors import RalphStockError, UserCancelled
from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import ChatSession
from ralphstock_desktop.services.assistant_contracts import (
    Assistant,
    AssistantState,
    Conversation,
    Fact,
    Outgoing,
    Screen,
    SourceChip,
    StreamUpdate,
    Suggestion,
    Turn,
)
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import MarketPicture, SymbolContext, Workstation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import ChatLink
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.ui.dock_registry import Spawn, dock_spec
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.chat_words import ChatWords
from ralphstock_desktop.wording import format as fmt

__all__ = ["MOST_CHARACTERS", "ChatViewModel", "ContextPart"]

MOST_CHARACTERS = 4_000
"""Longest question."""
_DRAFT_MS, _LOOK_MS = 300, 150
_OPEN_STATES = ("waiting", "streaming")
_NOT_CONTEXT = frozenset(("chat", "health", "ledger"))
"""Panels that say nothing about the market."""


@dataclass(frozen=True, slots=True)
class ContextPart:
    """One chip of what a question is asked about: ``symbol``, ``panels``, ``instant`` or ``restore``."""

    name: str
    text: str
    spoken: str
    removable: bool = False


class ChatViewModel(QObject):
    """Everything the chat panel shows and asks for.

    Signals
    -------
    conversation_changed, state_changed, sessions_changed, suggestions_changed, outgoing_changed, context_changed
        The property of that name is another one.
    update_arrived(StreamUpdate)
        More of the answer that is arriving.
    problem_changed
        :attr:`problem` is another one.
    """

    conversation_changed = Signal()
    update_arrived = Signal(object)
    state_changed = Signal()
    sessions_changed = Signal()
    suggestions_changed = Signal()
    outgoing_changed = Signal()
    context_changed = Signal()
    problem_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance, spawn: Spawn, link: ChatLink) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn, self._link = workstation, appearance, spawn, link
        self.words = ChatWords(appearance)
        self.problem: RalphStockError | None = None
        """The last request that failed, until it is put away."""
        self.draft = ""
        self._ticker = ""
        self._panels: tuple[str, ...] = ()
        self._dropped_ticker = ""
        self._dropped_panels = False
        self._looked: Screen | None = None
        self._update: StreamUpdate | None = None
        self._subscriptions: list[Subscription] = []
        self._draft_timer = self._timer(_DRAFT_MS, self._tell_draft)
        self._look_timer = self._timer(_LOOK_MS, self._tell_look)
        appearance.changed.connect(self._on_look)

    def _timer(self, milliseconds: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer

    # -- life -----------------------------------------------------------------------------------------------------------

    @property
    def assistant(self) -> Assistant | None:
        """The assistant; None where the program runs without it."""
        return self._workstation.assistant

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        assistant = self.assistant
        if self._subscriptions or assistant is None:
            return
        work = self._workstation
        self._subscriptions = [
            work.market.subscribe(self._on_market),
            work.scans.subscribe(self._on_scored, replay=False),
            work.selection.subscribe(self._on_selection),
            self._link.shown.subscribe(self._on_shown),
            assistant.state.subscribe(self._on_state),
            assistant.conversation.subscribe(self._on_conversation),
            assistant.updates.subscribe(self._on_update),
            assistant.sessions.subscribe(self._on_sessions),
            assistant.suggestions.subscribe(self._on_suggestions),
            assistant.outgoing.subscribe(self._on_outgoing),
        ]
        if work.strategies is not None:
            self._subscriptions.append(work.strategies.gate.subscribe(self._on_scored, replay=False))
        self._look_timer.start()
        if self.draft:
            self._draft_timer.start()

    def deactivate(self) -> None:
        """Stop listening. A running answer goes on; it is all there when the panel is shown again."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._draft_timer.stop()
        self._look_timer.stop()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_market(self, _picture: MarketPicture) -> None:
        self._context_moved()

    def _on_scored(self, _picture: object) -> None:
        """Grades or gate of the instant are there now: what is suggested may name them."""
        self._looked = None
        self._look_timer.start()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self._ticker:
            self._ticker = context.ticker
            self._dropped_ticker = ""
            self._context_moved()

    def _on_shown(self, panels: tuple[str, ...]) -> None:
        panels = tuple(name for name in panels if name not in _NOT_CONTEXT)
        if panels != self._panels:
            self._panels = panels
            self._context_moved()

    def _on_state(self, _state: AssistantState) -> None:
        self.state_changed.emit()

    def _on_conversation(self, _conversation: Conversation) -> None:
        self.conversation_changed.emit()

    def _on_update(self, update: StreamUpdate) -> None:
        open_turn = self.open_turn
        if open_turn is not None and open_turn.n == update.n:  # the last one of an answer that has ended is told again too
            self._update = update
            self.update_arrived.emit(update)

    def _on_sessions(self, _sessions: tuple[ChatSession, ...]) -> None:
        self.sessions_changed.emit()

    def _on_suggestions(self, _found: tuple[Suggestion, ...]) -> None:
        self.suggestions_changed.emit()

    def _on_outgoing(self, _outgoing: Outgoing) -> None:
        self.outgoing_changed.emit()

    def _on_look(self) -> None:
        self.context_changed.emit()
        self.state_changed.emit()
        self.outgoing_changed.emit()

    @property
    def state(self) -> AssistantState | None:
        """Whether a model is asked; None before the assistant has said."""
        return self.assistant.state.last if self.assistant is not None else None

    @property
    def conversation(self) -> Conversation | None:
        """The conversation on screen."""
        return self.assistant.conversation.last if self.assistant is not None else None

    @property
    def sessions(self) -> tuple[ChatSession, ...]:
        """Conversations as listed, newest first."""
        found = self.assistant.sessions.last if self.assistant is not None else None
        return found or ()

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Questions offered from what is on screen; none while an answer arrives."""
        found = self.assistant.suggestions.last if self.assistant is not None else None
        return (found or ()) if self.open_turn is None else ()

    @property
    def outgoing(self) -> Outgoing | None:
        """What would leave the machine."""
        return self.assistant.outgoing.last if self.assistant is not None else None

    def turn(self, n: int) -> Turn | None:
        """A message by number."""
        turns = self.conversation.turns if self.conversation is not None else ()
        return next((turn for turn in turns if turn.n == n), None)

    @property
    def open_turn(self) -> Turn | None:
        """The answer that is waited for or arriving."""
        turns = self.conversation.turns if self.conversation is not None else ()
        return turns[-1] if turns and turns[-1].state in _OPEN_STATES else None

    @property
    def is_answering(self) -> bool:
        """Whether an answer is waited for or arriving."""
        return self.open_turn is not None

    def fact(self, n: int, fact_id: str) -> Fact | None:
        """A fact of a finished answer, of its refused form's stand-in, or of the one that is arriving."""
        turn = self.turn(n)
        if turn is not None and turn.answer is not None:
            return turn.answer.fact(fact_id)
        update = self._update
        if update is not None and update.n == n:
            return next((fact for fact in update.facts if fact.id == fact_id), None)
        return None

    def chip(self, n: int, number: int) -> SourceChip | None:
        """A source of an answer."""
        turn = self.turn(n)
        chips = turn.answer.chips if turn is not None and turn.answer is not None else ()
        return next((chip for chip in chips if chip.number == number), None)

    def question_of(self, n: int) -> Turn | None:
        """The question of a turn: itself, or the one its answer belongs to."""
        turns = self.conversation.turns if self.conversation is not None else ()
        asked = [turn for turn in turns if turn.n <= n and turn.role == "user"]
        return asked[-1] if asked else None

    def asked(self) -> list[str]:
        """Questions of the conversation, newest first, each once: what Up recalls."""
        turns = self.conversation.turns if self.conversation is not None else ()
        return list(dict.fromkeys(turn.text for turn in reversed(turns) if turn.role == "user"))

    # -- context --------------------------------------------------------------------------------------------------------

    def screen(self) -> Screen | None:
        """What a question is asked about; None before a market is open."""
        picture = self._workstation.market.last
        if picture is None:
            return None
        ticker = "" if self._ticker == self._dropped_ticker else self._ticker
        panels = () if self._dropped_panels else self._panels
        return Screen(ticker, panels, picture.as_of, picture.kind)

    def context(self) -> tuple[ContextPart, ...]:
        """Chips of the context, in order; the instant cannot be dropped, for nothing later may be read."""
        screen, tr = self.screen(), self._look.tr
        if screen is None:
            return ()
        parts: list[ContextPart] = []
        if screen.ticker:
            name = self.name_of(screen.ticker)
            parts.append(ContextPart("symbol", name, tr("chat.context.symbol.access", name=name), removable=True))
        numbers = [spec.screen for name in screen.panels if (spec := dock_spec(name)) is not None]
        if numbers:
            shown = " · ".join(numbers[:4]) + (" …" if len(numbers) > 4 else "")
            spoken = tr("chat.context.panels.access", panels=", ".join(numbers))
            parts.append(ContextPart("panels", tr("chat.context.panels", panels=shown), spoken, removable=True))
        when = self._instant(screen.as_of)
        parts.append(ContextPart("instant", when, tr("chat.context.instant.access", when=when)))
        if (self._dropped_ticker and self._dropped_ticker == self._ticker) or (self._dropped_panels and self._panels):
            parts.append(ContextPart("restore", tr("chat.context.restore"), tr("chat.context.restore.access")))
        return tuple(parts)

    def _instant(self, as_of: AsOf) -> str:
        picture = self._workstation.market.last
        index = picture.panel.day_index(as_of.day) if picture is not None else -1
        if picture is not None and index >= 0:
            # "As of now" on old data is the last day they have: nothing claims a later instant.
            as_of = min(as_of, AsOf.end_of(picture.panel.days[index].item()))
        return fmt.as_of_long(as_of, self._look.language)

    def name_of(self, ticker: str) -> str:
        """Name of a symbol in the chosen language, its code where there is none."""
        picture = self._workstation.market.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return ticker
        names = (str(picture.panel.names[row]), str(picture.panel.names_en[row]))
        return (names[1] or names[0] if self._look.language == "en" else names[0]) or ticker

    def drop(self, name: str) -> None:
        """Leave a part of the context out of the next questions, or take all parts back."""
        if name == "symbol":
            self._dropped_ticker = self._ticker
        elif name == "panels":
            self._dropped_panels = True
        elif name == "restore":
            self._dropped_ticker, self._dropped_panels = "", False
        self._context_moved()

    def _context_moved(self) -> None:
        self.context_changed.emit()
        self._look_timer.start()
        if self.draft.strip():
            self._draft_timer.start()

    def _tell_look(self) -> None:
        screen = self.screen()
        if self.assistant is not None and screen is not None and screen != self._looked:
            self._looked = screen
            self.assistant.look(screen)

    # -- asking ---------------------------------------------------------------------------------------------------------

    def type(self, text: str) -> None:
        """The question being typed; what would leave follows after a pause."""
        if text != self.draft:
            self.draft = text
            self._draft_timer.start()

    def _tell_draft(self) -> None:
        screen = self.screen()
        if self.assistant is not None and screen is not None:
            self.assistant.draft(self.draft, screen)

    def refresh_draft(self) -> None:
        """Ask again what would leave: a setting about it has changed."""
        self._draft_timer.start()

    @property
    def can_ask(self) -> bool:
        """Whether a question can be asked: there is a market, and an assistant that has begun its work."""
        return self.state is not None and self.screen() is not None

    def ask(self, text: str) -> bool:
        """Ask; False where nothing can be asked."""
        screen, words = self.screen(), text.strip()
        if self.assistant is None or screen is None or not self.can_ask or not words or len(words) > MOST_CHARACTERS:
            return False
        self.draft = ""
        self.forget_problem()
        self.assistant.ask(words, screen)
        self._draft_timer.start()  # what was said to leave has left
        return True

    def edit(self, n: int, text: str) -> bool:
        """Ask another question in place of one; False for an empty one."""
        words = text.strip()
        if self.assistant is None or not words or len(words) > MOST_CHARACTERS:
            return False
        self._draft_timer.stop()
        self.assistant.edit(n, words)
        return True

    def retry(self, n: int) -> None:
        """Ask the question of a turn again."""
        question = self.question_of(n)
        if self.assistant is not None and question is not None:
            self.assistant.retry(question.n)

    def stop(self) -> None:
        """Stop the answer that is arriving."""
        if self.assistant is not None and self.is_answering:
            self.assistant.stop()

    def apply(self, proposal_id: str) -> None:
        """Do what was offered: the user's own click."""
        if self.assistant is not None:
            self.assistant.apply(proposal_id)

    def undo(self, proposal_id: str) -> None:
        """Take back what was done."""
        if self.assistant is not None:
            self.assistant.undo(proposal_id)

    # -- sessions -------------------------------------------------------------------------------------------------------

    def new_session(self) -> None:
        """Begin another conversation."""
        if self.assistant is not None:
            self.assistant.new_session()

    def find_sessions(self, text: str) -> None:
        """List the conversations that hold the words; all for an empty text."""
        assistant = self.assistant
        if assistant is not None:
            self._run(assistant.find_sessions(text.strip()), "find conversations")

    def open_session(self, session_id: str) -> None:
        """Continue a conversation."""
        assistant = self.assistant
        if assistant is not None:
            self._run(assistant.open_session(session_id), "open a conversation")

    def rename_session(self, session_id: str, title: str) -> None:
        """Give a conversation another title; an empty one changes nothing."""
        assistant = self.assistant
        if assistant is not None and title.strip():
            self._run(assistant.rename_session(session_id, title.strip()), "rename a conversation")

    def delete_session(self, session_id: str) -> None:
        """Delete a conversation for good."""
        assistant = self.assistant
        if assistant is not None:
            self._run(assistant.delete_session(session_id), "delete a conversation")

    def delete_all(self) -> None:
        """Delete all conversations for good."""
        assistant = self.assistant
        if assistant is not None:
            self._run(assistant.delete_all(), "delete all conversations")

    def export_session(self, session_id: str, form: str, done: Callable[[str], None]) -> None:
        """Hand a conversation as ``markdown`` or ``json`` text to ``done``."""
        assistant = self.assistant
        if assistant is None:
            return

        async def export() -> None:
            done(await assistant.export_session(session_id, "json" if form == "json" else "markdown"))

        self._run(export(), "export a conversation")

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except UserCancelled:
            return
        except RalphStockError as error:
            self.problem = error
            self.problem_changed.emit()

    def forget_problem(self) -> None:
        """The user has read it."""
        if self.problem is not None:
            self.problem = None
            self.problem_changed.emit()

    def problem_sentence(self) -> str:
        """The last failure with its code, empty for none."""
        if self.problem is None:
            return ""
        return f"{error_sentence(self._look, self.problem)} ({error_code(self.problem)})"

    # -- words ----------------------------------------------------------------------------------------------------------

    def title(self) -> str:
        """Title of the conversation on screen."""
        found = self.conversation
        return found.session.title if found is not None and found.session.title else self._look.tr("chat.session.new")

    def count(self) -> str:
        """Number of its messages, empty for none."""
        turns = len(self.conversation.turns) if self.conversation is not None else 0
        return self._look.tr("chat.session.count", count=fmt.number(turns)) if turns else ""

    def badge(self) -> BadgeLook | None:
        """Chip of the header: who answers."""
        return self.words.badge(self.state)

    def reason(self) -> str:
        """Who answers and why, as one line below the input."""
        return self.words.reason(self.state)

    def cost(self) -> str:
        """Tokens and money of the day; empty where nothing was used."""
        return self.words.cost(self.state)

    def outgoing_line(self) -> tuple[str, str]:
        """What leaves, as two parts: how much, and of what kinds."""
        return self.words.outgoing_line(self.outgoing, self.state)
