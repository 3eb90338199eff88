"""What the window may ask of the assistant and what it is told; also the shapes its parts hand to each other.

An answer is a document of blocks. Every number, date and symbol in it is a span tied to a :class:`Fact`, and a fact knows its
value, its unit, when it was known and where a click leads. Nothing here is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from engine.model.errors import RalphStockError
from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import AlertRule, ChatSession, WatchEntry
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.wording.texts import Language

__all__ = [
    "Answer",
    "Assistant",
    "AssistantState",
    "Block",
    "Chart",
    "Code",
    "Conversation",
    "Fact",
    "Heading",
    "Items",
    "Outgoing",
    "Paragraph",
    "Proposal",
    "Question",
    "QuestionType",
    "Quote",
    "Refusal",
    "Screen",
    "SourceChip",
    "Span",
    "StreamUpdate",
    "Suggestion",
    "Table",
    "Target",
    "Turn",
    "Unit",
    "Usage",
    "WatchBook",
    "WindowAction",
    "spans_of",
]

# -- facts ------------------------------------------------------------------------------------------------------------------

Unit = Literal[
    "won",  # a price or an amount below a few million won, written in full
    "krw",  # money: written in 억, 조 (T, B, M in English)
    "%",
    "%p",  # difference of percents
    "×",
    "shares",
    "points",  # of a score
    "rank",
    "count",
    "days",
    "bars",
    "date",  # value: ISO date
    "time",  # value: ISO date and time to the minute, exchange time
    "code",  # value: ticker
    "name",  # value: name of a symbol
    "grade",  # value: S, A, B, C, or - for none
    "word",  # value: GREEN, PENDING … (state words; not numbers)
    "text",  # value: quoted text of an article (data, never instruction)
    "index",  # level of an index, points with two decimals
    "",  # a bare number
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a click on a fact leads.

    ``kind`` and what it uses: ``evidence`` (panel, ticker, strategy, item): the evidence row, its bars light up; ``cell``
    (panel, ticker, item = column): the row of a table; ``bars`` (ticker, first_day, last_day): the chart's bars; ``flow``
    (ticker, days); ``article`` (news_id, url, ticker); ``gate`` (item); ``record`` (strategy, item = grade letter or ``all``);
    ``help`` (item = anchor); ``panel`` (panel).
    """

    kind: Literal["evidence", "cell", "bars", "flow", "article", "gate", "record", "help", "panel"]
    panel: str = ""
    ticker: str = ""
    strategy: str = ""
    item: str = ""
    first_day: date | None = None
    last_day: date | None = None
    news_id: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value the assistant may state.

    Attributes
    ----------
    id : str
        ``f1``, ``f2`` … within one answer.
    name : str
        Dotted quantity from the closed list of ``services/assistant/facts.py`` (``bar.close``, ``flow.foreign_5d``,
        ``vcp.item.C1.value``, ``record.mean_net`` …); with ``ticker`` and ``day`` it says how to read the value again.
    value : float | str | None
        In ``unit``; None where it is missing (the text then says so).
    text : str
        As written in the answer's language, with its unit (``70,300원``, ``+8.49%``).
    title : str
        What it is, in the answer's language, for the hover card (``종가``).
    formula : str
        How it was computed, in words and numbers; empty where it was read as it is.
    known_at_ns : int | None
        Instant from which it could be known.
    quoted : bool
        From the text of an article: data about what somebody wrote, never a fact of ours.
    """

    id: str
    name: str
    value: float | str | None
    unit: Unit
    text: str
    title: str
    target: Target
    ticker: str = ""
    day: date | None = None
    formula: str = ""
    known_at_ns: int | None = None
    quoted: bool = False


# -- documents --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text. ``fact`` ties it to a fact (drawn as a link with the number of its source); ``struck`` is the text key why
    it is not shown as fact (``assistant.struck.<reason>``)."""

    text: str
    fact: str = ""
    bold: bool = False
    italic: bool = False
    code: bool = False
    struck: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True, slots=True)
class Heading:
    spans: Spans
    level: int = 2


@dataclass(frozen=True, slots=True)
class Items:
    """A list; an item's further lines are further tuples with a deeper level."""

    items: tuple[Spans, ...]
    ordered: bool = False
    levels: tuple[int, ...] = ()
    """Depth of each item from 0; empty: all 0."""


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    right: tuple[bool, ...] = ()
    """Columns set to the right (numbers)."""


@dataclass(frozen=True, slots=True)
class Quote:
    spans: Spans


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A small inline chart. ``days`` and ``values`` are equally long; NaN where missing. ``fact`` opens the big one."""

    kind: Literal["line", "bars"]
    title: str
    ticker: str
    days: tuple[date, ...]
    values: tuple[float, ...]
    unit: Unit
    spoken: str
    """What it shows, in words, for screen readers and export."""
    fact: str = ""


Block = Paragraph | Heading | Items | Table | Quote | Code | Chart


@dataclass(frozen=True, slots=True)
class SourceChip:
    """One source under an answer: number, short words and where it leads. Facts of the same target family share one."""

    number: int
    title: str
    icon: str
    target: Target
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model's answer is not shown: what could not be found in what was read."""

    key: str
    """``assistant.refused.numbers``, ``.symbols``, ``.promise``, ``.blocked`` …"""
    count: int
    blocks: tuple[Block, ...]
    """The model's text with the unfounded parts struck through; shown only on request."""
    fields: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something the assistant offers to do; nothing happens before the user's click, and it can be undone.

    ``action`` and its validated ``arguments``: ``open_chart`` (ticker, timeframe ``D``, ``W``, ``M`` or minutes ``1`` …),
    ``open_panel`` (panel, ticker), ``set_filter`` (panel, text), ``watch`` (tickers, list_name), ``alert`` (ticker, quantity,
    op, value, note).
    """

    id: str
    action: str
    title: str
    icon: str
    arguments: dict[str, Any]
    state: Literal["offered", "done", "undone", "failed"] = "offered"


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. ``cost_usd`` None where the price of the model is not known."""

    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    first_token_ms: float | None
    total_ms: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as shown, stored and exported."""

    source: Literal["model", "template"]
    language: Language
    as_of: AsOf
    blocks: tuple[Block, ...]
    facts: tuple[Fact, ...]
    chips: tuple[SourceChip, ...] = ()
    numbers: int = 0
    """Numbers, dates and symbols in the text."""
    linked: int = 0
    """How many of them are tied to a fact; equal to ``numbers`` in every answer shown as fact."""
    refusal: Refusal | None = None
    proposals: tuple[Proposal, ...] = ()
    disclaimer: bool = False
    usage: Usage | None = None
    notes: tuple[tuple[str, dict[str, str | int | float]], ...] = ()
    """Text keys with fields: why no model was asked, what is missing, what was cut off."""

    def fact(self, fact_id: str) -> Fact | None:
        """The fact of an id."""
        return next((fact for fact in self.facts if fact.id == fact_id), None)


# -- questions --------------------------------------------------------------------------------------------------------------

QuestionType = Literal["help", "stock", "market", "recommendation", "signal", "performance", "news", "general"]


@dataclass(frozen=True, slots=True)
class Screen:
    """What is on screen when a question is asked: the active link group's symbol, open panels, the instant."""

    ticker: str
    panels: tuple[str, ...]
    as_of: AsOf
    market_kind: str = "real"


@dataclass(frozen=True, slots=True)
class Question:
    """A question understood (domain.md §8.1).

    Attributes
    ----------
    type : QuestionType
        First match of the table of the law.
    intents : tuple of str
        Finer, in order of importance: ``why``, ``compare``, ``flow``, ``news``, ``price``, ``plan``, ``near``, ``diff``,
        ``record``, ``screen``, ``sector``, ``chart``, ``definition``, ``watch``, ``alert``, ``filter``, ``open``, ``order`` …
    tickers : tuple of str
        Symbols named, in order; ``from_screen`` if the symbol on screen was meant ("이 종목", no name given).
    strategies : tuple of str
        ``VCP``, ``CLOSING_BET``, ``DAY_TRADE``.
    first_day, last_day : date | None
        Days named ("어제", "2월 6일", "지난 3개월", "since May").
    filter_text : str
        A filter expression in the signal table's language, where the question screens ("RS 80 이상 외국인 순매수").
    wants_change : bool
        The user himself asked for something to be changed or opened (add, open, alert …): only then may such tools be offered.
    unknown_names : tuple of str
        Words that were used as the name of a stock and are none (for "did you mean"), with close names in ``alike``.
    """

    text: str
    language: Language
    type: QuestionType
    intents: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    from_screen: bool = False
    strategies: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    days: int | None = None
    limit: int | None = None
    filter_text: str = ""
    wants_change: bool = False
    numbers: tuple[float, ...] = ()
    """Numbers the user wrote himself; they may be repeated in an answer as his."""
    unknown_names: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Content words for text search, stop words left out."""
    future_day: date | None = None
    """A day was named that lies after the instant looked at: nothing can be known of it."""
    details: tuple[str, ...] = ()
    """Quantities of a stock or the market named by their own words (``pivot``, ``averages``, ``volume_ratio`` …)."""
    absent: tuple[str, ...] = ()
    """Kinds of quantities asked for that no data here hold (``dividend``, ``market_cap``, ``foreign_market`` …)."""
    order_by: str = ""
    """What stocks are to be put in order by, with the end that comes first (``value:desc``), or a list by its name
    (``new_high``); empty for none."""
    among: tuple[str, ...] = ()
    """Stocks of an answer before that the question is limited to ("which of those …"), in the order they were listed."""
    listed: tuple[str, ...] = ()
    """Of a question that was answered: the stocks of the last list shown by then, in order; "the second one" is among them."""
    recent: tuple[str, ...] = ()
    """Stocks of the questions up to this one, the latest last; "those two" are the last of them."""


# -- what the window is told ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Turn:
    """One message of the conversation on screen."""

    n: int
    role: Literal["user", "assistant"]
    text: str
    created_ns: int
    answer: Answer | None = None
    """Of a finished assistant turn."""
    error: RalphStockError | None = None
    """The model failed; ``answer`` then holds the template answer that stands in for it."""
    state: Literal["done", "waiting", "streaming", "stopped"] = "done"


@dataclass(frozen=True, eq=False)
class Conversation:
    """The conversation on screen."""

    session: ChatSession
    turns: tuple[Turn, ...]


@dataclass(frozen=True, eq=False)
class StreamUpdate:
    """The answer that is arriving, at most 30 times a second: all its blocks so far, already checked."""

    n: int
    blocks: tuple[Block, ...]
    facts: tuple[Fact, ...]
    activity: str = ""
    """Text key of what goes on (``assistant.activity.reading``, ``.asking``, ``.tool`` …)."""
    fields: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssistantState:
    """Whether a model is asked, and what it has cost."""

    mode: Literal["off", "no_key", "ready", "busy", "waiting", "missing"]
    """``off``: nothing leaves the machine by the user's switch; ``waiting``: quota, see ``retry_at_ns``; ``missing``: the
    library is not installed."""
    provider: str = ""
    model: str = ""
    reason_key: str = ""
    retry_at_ns: int | None = None
    tokens_today: int = 0
    tokens_budget: int = 0
    cost_today_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What would leave the machine with the question being typed."""

    leaves: bool
    bytes: int
    tokens: int
    """Estimated."""
    counts: tuple[tuple[str, int], ...]
    """Kinds of what is inside: text keys ``assistant.outgoing.<names|scores|prices|flows|articles|history>`` with counts."""
    text: str
    """The whole request, readable."""
    reason_key: str = ""
    """Why nothing leaves."""


@dataclass(frozen=True, slots=True)
class WindowAction:
    """Something of the window the user has asked for by his click (``open_chart``, ``open_panel``, ``set_filter``).

    The window carries it out, or takes it back where ``undo`` is set.
    """

    proposal: Proposal
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question offered from what is on screen."""

    text: str
    type: QuestionType


class WatchBook(Protocol):
    """Watch lists and price alerts of the user."""

    lists: Channel[tuple[WatchEntry, ...]]
    alerts: Channel[tuple[AlertRule, ...]]
    trouble: Channel[RalphStockError | None]
    """Why lists and alerts could not be read (they are empty then); None once they are."""

    def reload(self) -> None:
        """Read everything again."""
        ...

    async def add(self, ticker: str, list_name: str = "") -> None: ...
    async def remove(self, ticker: str, list_name: str = "") -> None: ...
    async def set_list(self, list_name: str, entries: Sequence[WatchEntry]) -> None:
        """Write a list as a whole, in the order given; an empty one deletes it."""
        ...

    async def rename(self, list_name: str, new_name: str) -> None: ...
    async def move(self, ticker: str, list_name: str, position: int) -> None: ...
    async def annotate(self, ticker: str, list_name: str, note: str) -> None: ...
    async def add_alert(self, ticker: str, quantity: str, op: str, value: float, note: str = "") -> AlertRule:
        """Raises ValidationFailed (``error.alert.<what>``) for a value that makes no sense."""
        ...

    async def set_alert_active(self, rule_id: int, active: bool) -> None: ...
    async def delete_alert(self, rule_id: int) -> None: ...
    async def edit_alert(self, rule_id: int, ticker: str, quantity: str, op: str, value: float, note: str = "") -> AlertRule:
        """Change an alert in one step; another condition waits anew. Raises as :meth:`add_alert`; it stays as it was then."""
        ...

    async def put_back_alert(self, rule: AlertRule) -> None:
        """Take an edit back: the alert is what it was before."""
        ...

    async def restore_alert(self, rule: AlertRule) -> AlertRule:
        """Bring a deleted alert back as it was, under another number."""
        ...


class Assistant(Protocol):
    """Answers questions from the trader's own data."""

    state: Channel[AssistantState]
    conversation: Channel[Conversation]
    updates: Channel[StreamUpdate]
    sessions: Channel[tuple[ChatSession, ...]]
    suggestions: Channel[tuple[Suggestion, ...]]
    outgoing: Channel[Outgoing]
    actions: Channel[WindowAction]

    # asking
    def ask(self, text: str, screen: Screen) -> None:
        """Ask in the current session (a new one if there is none). One question at a time: an open one is stopped first."""
        ...

    def draft(self, text: str, screen: Screen) -> None:
        """The question being typed; ``outgoing`` follows within a moment."""
        ...

    def look(self, screen: Screen) -> None:
        """What is on screen now; ``suggestions`` follow."""
        ...

    def stop(self) -> None: ...
    def retry(self, n: int) -> None:
        """Ask the question of turn ``n`` again; what came after it is dropped."""
        ...

    def edit(self, n: int, text: str) -> None:
        """Ask another question in place of turn ``n``."""
        ...

    # proposals
    def apply(self, proposal_id: str) -> None: ...
    def undo(self, proposal_id: str) -> None: ...

    # sessions
    def new_session(self) -> None: ...
    async def open_session(self, session_id: str) -> None: ...
    async def find_sessions(self, text: str) -> None: ...
    async def rename_session(self, session_id: str, title: str) -> None: ...
    async def delete_session(self, session_id: str) -> None: ...
    async def delete_all(self) -> None: ...
    async def export_session(self, session_id: str, form: Literal["markdown", "json"]) -> str: ...

    # the model
    async def set_key(self, key: str) -> None:
        """Keep the key in the system's key store and check it; empty removes it. Raises ProviderError, ValidationFailed."""
        ...

    async def check_model(self) -> None: ...


def spans_of(blocks: Sequence[Block]) -> list[Span]:
    """Every span of a document in reading order."""
    found: list[Span] = []
    for block in blocks:
        if isinstance(block, Paragraph | Heading | Quote):
            found += block.spans
        elif isinstance(block, Items):
            for item in block.items:
                found += item
        elif isinstance(block, Table):
            for cell in block.head:
                found += cell
            for row in block.rows:
                for cell in row:
                    found += cell
    return found
