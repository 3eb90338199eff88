"""Tools a language model may ask for: typed, limited, and only within what the user himself asked.

Every argument is validated, and must stem from the user's words, from the screen, or from facts of our own. What stands only in
an article, or was made up, is refused: text that somebody published can never steer what is read or offered. Tools that change
something only put an offer under the answer; it is carried out by the user's click.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.model.errors import RalphStockError, ValidationFailed
from ralphstock_desktop.assistant_ports import ToolCall, ToolResult, ToolSpec
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.folding import fold
from ralphstock_desktop.services.assistant.intents import BY_TYPE
from ralphstock_desktop.services.assistant.question_text import QUOTED
from ralphstock_desktop.services.assistant.reading import read_into
from ralphstock_desktop.services.assistant.tool_licence import is_own_name, is_worded, numbers_in
from ralphstock_desktop.services.assistant_contracts import Fact, Proposal, Question
from ralphstock_desktop.services.filters.language import FilterError, parse_filter
from ralphstock_desktop.services.filters.scan_words import scan_vocabulary

__all__ = ["MOST_CALLS", "TOOLS", "ToolDesk"]

MOST_CALLS = 8
"""Tool calls for one question; more are refused."""
_MOST_FACTS = 80
_STRATEGIES = ("VCP", "CLOSING_BET", "DAY_TRADE")
_QUANTITIES = ("price", "change_pct", "volume", "score")
_FRAMES = ("D", "W", "M", "1", "3", "5", "10", "15", "30", "60")
_TICKER = re.compile(r"[0-9][0-9A-Z]{5}")
_UNIT_OF = {"price": "won", "change_pct": "%", "volume": "shares", "score": "points"}
"""Unit of the facts an alert's value may come from, by its quantity."""


def _schema(required: Sequence[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _text(description: str, most: int) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": most}


_TICKER_FIELD = _text("six-character KRX code", 6)
_STRATEGY_FIELD = {"type": "string", "enum": list(_STRATEGIES), "description": "strategy"}

TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec(
        "find_symbols",
        "Find symbols by a name, code or initials the user wrote.",
        _schema(["query"], query=_text("as the user wrote it", 40)),
    ),
    ToolSpec(
        "get_score",
        "Score of a symbol with its evidence: items, thresholds, what is missing.",
        _schema(["ticker"], ticker=_TICKER_FIELD, strategy=_STRATEGY_FIELD),
    ),
    ToolSpec(
        "get_flows", "Net buying of foreigners, institutions and pension funds.", _schema(["ticker"], ticker=_TICKER_FIELD)
    ),
    ToolSpec("get_news", "News clusters of a symbol with what they scored.", _schema(["ticker"], ticker=_TICKER_FIELD)),
    ToolSpec(
        "compare",
        "The same quantities of two to four symbols.",
        _schema(["tickers"], tickers={"type": "array", "items": {"type": "string"}, "description": "two to four codes"}),
    ),
    ToolSpec(
        "screen",
        "Symbols of the market that meet a condition in the language of the signal table.",
        _schema(["condition"], condition=_text("such as: RS >= 80 AND flow5 > 0", 200)),
    ),
    ToolSpec(
        "strategy_record",
        "Out-of-sample record of a strategy by grade, after costs.",
        _schema([], strategy=_STRATEGY_FIELD),
    ),
    ToolSpec("market_state", "Market Gate with components, indices, sectors.", _schema([])),
    ToolSpec("open_signals", "Open signals of a strategy.", _schema([], strategy=_STRATEGY_FIELD)),
    ToolSpec("recommendations", "The list of the recommendation service, unchanged.", _schema([])),
    ToolSpec(
        "offer_chart",
        "Offer to open a chart. Nothing happens before the user's click.",
        _schema(["ticker"], ticker=_TICKER_FIELD, timeframe={"type": "string", "enum": list(_FRAMES)}),
    ),
    ToolSpec(
        "offer_filter",
        "Offer to set the filter of the signal table.",
        _schema(["condition"], condition=_text("in the language of the signal table", 200)),
    ),
    ToolSpec(
        "offer_watch",
        "Offer to add symbols to the watch list.",
        _schema(["tickers"], tickers={"type": "array", "items": {"type": "string"}}),
    ),
    ToolSpec(
        "offer_alert",
        "Offer an alert: a quantity of a symbol reaching a value the user named or a fact holds.",
        _schema(
            ["ticker", "quantity", "op", "value"],
            ticker=_TICKER_FIELD,
            quantity={"type": "string", "enum": list(_QUANTITIES)},
            op={"type": "string", "enum": [">=", "<="]},
            value={"type": "number"},
        ),
    ),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}


@dataclass
class ToolDesk:
    """Carries out a model's tool calls for one question.

    Attributes
    ----------
    asked : str
        Everything the user wrote in this conversation that is part of the request.
    refused : list of (tool, text key)
        Calls that were not carried out, and why.
    """

    desk: Desk
    draft: AnswerDraft
    asked: str
    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    found: set[str] = field(default_factory=set)
    """Symbols found for words the user wrote, and those of lists he asked for."""

    async def run(self, call: ToolCall) -> ToolResult:
        """Validate and carry out one call; a refusal is an answer to the model, too, and is counted."""
        try:
            if len(self.done) + len(self.refused) >= MOST_CALLS:
                raise _refusal("too_many")
            tool = _BY_NAME.get(call.name)
            if tool is None:
                raise _refusal("unknown")
            arguments = _checked(tool, call.arguments)
            content = await _RUNNERS[call.name](self, arguments)
        except ValidationFailed as error:
            self.refused.append((call.name, error.key))
            return ToolResult(call, {"error": str(error)})
        except RalphStockError as error:
            self.done.append(call.name)
            return ToolResult(call, {"error": str(error)})
        self.done.append(call.name)
        return ToolResult(call, content)

    # -- where arguments may come from ------------------------------------------------------------------------------------

    @property
    def question(self) -> Question:
        """The question being answered."""
        return self.draft.question

    def licensed_tickers(self) -> set[str]:
        """Symbols of the question (that on screen where it was meant), found for its words, or in lists it asks for.

        Where the question names none, those of what was read for it; never one that only stands in quoted text.
        """
        found = self.found | set(self.question.tickers)
        if self.question.tickers:
            return found
        return found | {fact.ticker for fact in self.draft.book.facts if fact.ticker and not fact.quoted}

    def _ticker(self, value: str) -> str:
        ticker = value.strip().upper()
        if not _TICKER.fullmatch(ticker) or self.desk.picture().panel.row_of(ticker) is None:
            raise _refusal("no_symbol")
        if ticker not in self.licensed_tickers():
            raise _refusal("not_asked")
        return ticker

    def _tickers(self, values: list[str], least: int, most: int) -> tuple[str, ...]:
        tickers = tuple(dict.fromkeys(self._ticker(value) for value in values))
        if not least <= len(tickers) <= most:
            raise _refusal("count")
        return tickers

    def _condition(self, text: str) -> str:
        if "screen" not in self.question.intents and "filter" not in self.question.intents:
            raise _refusal("not_asked")
        condition = text.strip()
        try:
            parse_filter(condition, scan_vocabulary())
        except FilterError:
            raise _refusal("arguments") from None
        own = f"{self.question.filter_text} {self.asked}"
        if not (numbers_in(condition) <= numbers_in(own) | set(self.question.numbers) and is_worded(condition, own)):
            raise _refusal("not_asked")
        return condition

    def _wanted(self, *intents: str) -> None:
        """Only what the user himself asked for is offered: an alert is no licence for a watch list."""
        if not self.question.wants_change or not set(intents) & set(self.question.intents):
            raise _refusal("not_asked")

    def _asked_of(self, *types: str) -> None:
        """Whether the user's own words are about one of these things; what he quotes is not his."""
        if self.question.type in types or ("performance" in types and "record" in self.question.intents):
            return
        own = QUOTED.sub(" ", fold(self.question.text).text)
        if not any(name in types and pattern.search(own) for name, pattern in BY_TYPE):
            raise _refusal("not_asked")

    async def _read(self, question: Question) -> dict[str, Any]:
        facts = await read_into(self.desk, self.draft, question)
        return {"facts": [told(fact) for fact in facts[:_MOST_FACTS] if not fact.quoted]}

    async def _of_stock(self, ticker: str, *intents: str, strategy: str = "") -> dict[str, Any]:
        strategies = (strategy,) if strategy else ()
        asked = replace(self.question, type="stock", tickers=(self._ticker(ticker),), intents=intents, strategies=strategies)
        return await self._read(asked)

    # -- reading ------------------------------------------------------------------------------------------------------------

    async def find_symbols(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if not is_own_name(arguments["query"], self.asked):
            raise _refusal("not_asked")
        hits = self.desk.workstation.search(arguments["query"], 8)
        self.found |= {hit.ticker for hit in hits}
        return {"symbols": [{"ticker": hit.ticker, "name": hit.name, "name_en": hit.name_en} for hit in hits]}

    async def get_score(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_stock(arguments["ticker"], "why", strategy=arguments.get("strategy", ""))

    async def get_flows(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_stock(arguments["ticker"], "flow")

    async def get_news(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_stock(arguments["ticker"], "news")

    async def compare(self, arguments: dict[str, Any]) -> dict[str, Any]:
        tickers = self._tickers(arguments["tickers"], 2, 4)
        return await self._read(replace(self.question, type="stock", tickers=tickers, intents=("compare",)))

    async def screen(self, arguments: dict[str, Any]) -> dict[str, Any]:
        condition = self._condition(arguments["condition"])
        return await self._list(replace(self.question, type="signal", intents=("screen",), filter_text=condition))

    async def _list(self, question: Question) -> dict[str, Any]:
        """Read a list; what stands in it may be asked about."""
        facts = await read_into(self.desk, self.draft, question)
        self.found |= {fact.ticker for fact in facts if fact.ticker and not fact.quoted}
        return {"facts": [told(fact) for fact in facts[:_MOST_FACTS] if not fact.quoted]}

    async def _of_type(self, name: Any, arguments: dict[str, Any], *types: str) -> dict[str, Any]:
        self._asked_of(name, *types)
        strategy = arguments.get("strategy", "")
        chosen = (strategy,) if strategy else self.question.strategies
        return await self._list(replace(self.question, type=name, tickers=(), intents=(), strategies=chosen))

    async def strategy_record(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_type("performance", arguments, "recommendation")

    async def market_state(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_type("market", arguments, "recommendation")

    async def open_signals(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_type("signal", arguments, "recommendation")

    async def recommendations(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._of_type("recommendation", arguments)

    # -- offers -------------------------------------------------------------------------------------------------------------

    def _offer(self, action: str, icon: str, arguments: dict[str, Any], **fields: str) -> dict[str, Any]:
        number = len(self.draft.proposals) + 1
        title = self.draft.book.texts(f"assistant.offer.{action}", **fields)
        same = [each for each in self.draft.proposals if each.action == action and each.arguments == arguments]
        if not same:
            self.draft.proposals.append(Proposal(f"p{number}", action, title, icon, arguments))
        return {"offered": title}

    def _name(self, ticker: str) -> str:
        panel = self.desk.picture().panel
        row = panel.row_of(ticker)
        assert row is not None
        english = str(panel.names_en[row]) if self.draft.book.language == "en" else ""
        return english or str(panel.names[row])

    async def offer_chart(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._wanted("chart", "open")
        ticker = self._ticker(arguments["ticker"])
        wanted = {"ticker": ticker, "timeframe": arguments.get("timeframe", "D")}
        return self._offer("open_chart", "candles", wanted, name=self._name(ticker))

    async def offer_filter(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._wanted("filter")
        condition = self._condition(arguments["condition"])
        return self._offer("set_filter", "filter", {"panel": "signals", "text": condition}, condition=condition)

    async def offer_watch(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._wanted("watch")
        tickers = self._tickers(arguments["tickers"], 1, 20)
        names = ", ".join(self._name(ticker) for ticker in tickers)
        return self._offer("watch", "star", {"tickers": list(tickers), "list_name": ""}, names=names)

    async def offer_alert(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._wanted("alert")
        ticker = self._ticker(arguments["ticker"])
        value = float(arguments["value"])
        unit = _UNIT_OF[arguments["quantity"]]
        ours = {
            float(fact.value) for fact in self.draft.book.facts
            if isinstance(fact.value, int | float) and not fact.quoted and fact.ticker == ticker and fact.unit == unit
        }  # fmt: skip
        if value not in ours and value not in self.question.numbers:
            raise _refusal("not_asked")
        wanted = {"ticker": ticker, "quantity": arguments["quantity"], "op": arguments["op"], "value": value, "note": ""}
        understood = [each for each in self.draft.proposals if each.action == "alert"]
        if understood and all(any(each.arguments[name] != wanted[name] for name in _RULE) for each in understood):
            raise _refusal("not_asked")  # the user's own words gave another rule already
        shown = f"{value:,.10g}"
        return self._offer("alert", "bell", wanted, name=self._name(ticker), op=arguments["op"], value=shown)


_RUNNERS: dict[str, Callable[[ToolDesk, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    tool.name: getattr(ToolDesk, tool.name) for tool in TOOLS
}


def told(fact: Fact) -> dict[str, Any]:
    """A fact as a model is told it."""
    row: dict[str, Any] = {"id": fact.id, "what": fact.title, "value": fact.text}
    if fact.ticker:
        row["ticker"] = fact.ticker
    if fact.day is not None and fact.unit != "date":
        row["day"] = fact.day.isoformat()
    return row


def _refusal(reason: str) -> ValidationFailed:
    return ValidationFailed(f"Refused: {_REASONS[reason]}.", key=f"assistant.tool.{reason}")


_REASONS = {
    "too_many": "too many tool calls for one question",
    "unknown": "there is no such tool",
    "arguments": "the arguments do not fit the tool's schema",
    "no_symbol": "there is no such symbol",
    "not_asked": "the user did not ask for this",
    "count": "too few or too many symbols",
}


_RULE = ("ticker", "quantity", "op", "value")


def _checked(tool: ToolSpec, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments if they fit the tool's schema exactly.

    Raises
    ------
    ValidationFailed
        For an unknown, missing or wrongly typed argument.
    """
    properties = tool.parameters["properties"]
    if not isinstance(arguments, dict) or set(arguments) - set(properties) or set(tool.parameters["required"]) - set(arguments):
        raise _refusal("arguments")
    for name, value in arguments.items():
        if not _fits(properties[name], value):
            raise _refusal("arguments")
    return arguments


def _fits(schema: dict[str, Any], value: Any) -> bool:
    kind = schema["type"]
    if kind == "string":
        short = isinstance(value, str) and 0 < len(value) <= schema.get("maxLength", 200) and value.isprintable()
        return short and ("enum" not in schema or value in schema["enum"])
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return isinstance(value, list) and 0 < len(value) <= 20 and all(_fits({"type": "string"}, item) for item in value)
