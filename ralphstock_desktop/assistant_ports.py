"""The seams of the assistant: a language model, what is kept of conversations, text search, watch lists and alerts.

``data`` and ``providers`` implement these protocols, ``services`` use them, ``app`` plugs one into the other. Store methods
block and run on worker threads; coroutines run on the event loop. Instants are UTC nanoseconds.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from engine.model.news import NewsItem
from ralphstock_desktop.ports import NewsBatch

__all__ = [
    "AlertRule",
    "AssistantStore",
    "CallWanted",
    "ChatMessage",
    "ChatSession",
    "Embedder",
    "LanguageModel",
    "ModelEvent",
    "ModelMessage",
    "ModelRequest",
    "NewsBatch",
    "Stopped",
    "TextArrived",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "UsageTold",
    "WatchEntry",
]

# -- a language model -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool the model may ask for. ``parameters`` is a JSON schema (type, properties, required, enum, description, items)."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model's wish to use a tool. ``arguments`` are as the model wrote them: never trusted, always validated."""

    id: str
    name: str
    arguments: dict[str, Any]
    token: str = ""
    """What the provider wants to be given back with the call (base64); empty where it wants nothing."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered, or why it was refused (``content`` holds ``error``)."""

    call: ToolCall
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One turn of the conversation as the model is told it, oldest first."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    """Of an ``assistant`` turn that asked for tools."""
    results: tuple[ToolResult, ...] = ()
    """Of a ``tool`` turn."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything a model is asked with; exactly this leaves the machine."""

    instruction: str
    messages: tuple[ModelMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float = 0.0
    max_output_tokens: int = 2_048
    first_token_timeout_s: float = 20.0
    """Longest silence before the first event, and between two events."""
    total_timeout_s: float = 90.0


@dataclass(frozen=True, slots=True)
class TextArrived:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class CallWanted:
    """The model wants a tool; the stream ends soon after and is asked again with the result."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class UsageTold:
    """Tokens of the whole request so far; the last one told counts."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Stopped:
    """The end of an answer. ``length``: the output limit; ``blocked``: refused for safety (``detail`` names the category)."""

    reason: Literal["stop", "length", "blocked", "other"]
    detail: str = ""


ModelEvent = TextArrived | CallWanted | UsageTold | Stopped


class LanguageModel(Protocol):
    """A language model. Another provider is another adapter of this, nothing else.

    Errors are :class:`~engine.model.errors.ProviderError` (and its kinds) with these keys: ``error.model.key`` (AuthExpired:
    key missing, wrong or without rights), ``error.model.quota`` (RateLimited, ``retry_after_ms`` where told),
    ``error.model.timeout``, ``error.model.network``, ``error.model.server`` (5xx), ``error.model.cut`` (the stream broke off),
    ``error.model.malformed`` (ProtocolChanged), ``error.model.request`` (400), ``error.model.unknown`` (no such model),
    ``error.model.missing`` (the library is not installed). ``retryable`` says whether asking again may help. A cancelled task
    closes the connection at once.
    """

    provider: str
    """``google-genai``, ``google-generativeai`` …"""
    model: str

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """Ask; events come as they arrive, the last one is :class:`Stopped`. Raises ProviderError; never ends silently."""
        ...

    async def check(self) -> None:
        """Find out whether key, network and model name work. Raises ProviderError."""
        ...

    async def close(self) -> None: ...


class Embedder(Protocol):
    """Turns texts into vectors on this machine. Optional: without one, text search is by words alone."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Any:
        """Unit vectors, float32 array of shape (texts, dimensions)."""
        ...


# -- conversations ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChatSession:
    """One conversation, without its messages."""

    id: str
    """Random UUID as text."""
    title: str
    created_ns: int
    last_ns: int
    messages: int
    summary: str = ""
    """What stands for the older messages where a model is asked."""
    summary_until: int = 0
    """Number of the last message the summary covers."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message. ``n`` counts from 1."""

    n: int
    role: Literal["user", "assistant", "system"]
    content: str
    """Plain text (Markdown) as copied and exported."""
    created_ns: int
    context: dict[str, Any] = field(default_factory=dict)
    """The answer as shown, by ``services/assistant/keeping``; of a question what it was asked about."""
    context_hash: str = ""
    grounded: bool | None = None


# -- watch lists and alerts -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """A symbol of a watch list."""

    list_name: str
    ticker: str
    position: int
    note: str
    added_ns: int


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What the user wants to be told once: ``quantity op value``.

    Units: price won, change_pct percent, volume shares, score points (VCP total).
    """

    id: int
    ticker: str
    quantity: Literal["price", "change_pct", "volume", "score"]
    op: Literal[">=", "<="]
    value: float
    note: str
    active: bool
    created_ns: int
    fired_ns: int | None = None


class AssistantStore(Protocol):
    """What the assistant reads from and keeps in the repository of one market. Every write is one durable transaction."""

    # conversations
    def sessions(self, text: str = "", limit: int = 200) -> tuple[ChatSession, ...]:
        """Newest first; with ``text`` those whose title or any message holds all its words."""
        ...

    def messages(self, session_id: str) -> tuple[ChatMessage, ...]:
        """Oldest first. Raises DataUnavailable (``error.chat.unknown_session``)."""
        ...

    def create_session(self, session: ChatSession) -> None: ...
    def append(self, session_id: str, messages: Sequence[ChatMessage]) -> None:
        """Add messages and move the session's last activity. Raises DataUnavailable for an unknown session."""
        ...

    def replace_from(self, session_id: str, n: int, messages: Sequence[ChatMessage]) -> None:
        """Drop message ``n`` and all after it, then append (an edited or repeated question)."""
        ...

    def rename_session(self, session_id: str, title: str) -> None: ...
    def set_summary(self, session_id: str, summary: str, until: int) -> None: ...
    def delete_session(self, session_id: str) -> None:
        """Delete with all messages, for good: nothing of the text stays in the file. Raises DataUnavailable (unknown)."""
        ...

    def delete_sessions(self, before_ns: int | None = None) -> int:
        """Delete all sessions, or those last used before an instant; return how many."""
        ...

    # text search over stored news
    def prepare_search(self) -> int:
        """Make the search index, or bring it up to date; return how many items were taken in. Long the first time."""
        ...

    def search_news(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        """Items known at the instant that match the words (any of them; more and rarer words rank higher, ties by newer first),
        with a relevance in (0, 1]. Hangul is matched inside words (``실적`` finds ``실적발표``)."""
        ...

    # watch lists and alerts
    def watch_lists(self) -> tuple[WatchEntry, ...]:
        """All lists in order of list name and position."""
        ...

    def set_watch_list(self, list_name: str, entries: Sequence[WatchEntry]) -> None:
        """Write one list as a whole; empty deletes it."""
        ...

    def alert_rules(self) -> tuple[AlertRule, ...]:
        """Newest first."""
        ...

    def add_alert(self, rule: AlertRule) -> AlertRule:
        """Store (id 0) and return it with its id."""
        ...

    def set_alert(self, rule: AlertRule) -> None: ...
    def delete_alert(self, rule_id: int) -> None: ...

    # tokens
    def tokens_beside(self, day: date) -> tuple[int, int]:
        """Input and output tokens that questions beside the conversations (about news) used on a Korean day."""
        ...

    def add_tokens_beside(self, day: date, input_tokens: int, output_tokens: int) -> None: ...
