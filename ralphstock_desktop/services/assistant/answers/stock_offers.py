"""What may be offered about a symbol when the user asked for it: open a chart, watch, alert. Nothing happens before a click."""

from __future__ import annotations

import re
from typing import Any

from ralphstock_desktop.services.assistant.answers.stock_prices import read_bar, read_quote
from ralphstock_desktop.services.assistant.answers.stock_symbol import Symbol
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import Proposal, Question, Target

__all__ = ["offer_alert", "offer_chart", "offer_panel", "offer_removal", "offer_watch", "takes_back"]

_TAKEN_BACK = phrase("taken_back")
_BELOW = re.compile(
    r"이하|아래|미만|내려|내리|떨어|하락|빠지|빠질|밀리|밑|깨지|깨면|무너|하회|이탈"
    r"|below|under|at most|drop|fall|(?<![a-z])los[et]|(?<![a-z])dips?|down|<"
)
_VOLUME = re.compile(r"거래량|volume")
_CHANGE = re.compile(r"등락|%|퍼센트|\d\s?(?:프로|퍼)|percent|change")
_SCORE = re.compile(r"점수|점\b|score|points")
_FRAMES = ((re.compile(r"주봉|weekly|week"), "W"), (re.compile(r"월봉|monthly|month"), "M"), (re.compile(r"분봉|minute"), "1"))
_PANELS = (
    (re.compile(r"수급|flow"), "flow"),
    (re.compile(r"호가|order book"), "book"),
    (re.compile(r"뉴스|news"), "news"),
    (re.compile(r"근거|evidence"), "evidence"),
)


def _offer(s: Symbol, action: str, title: str, icon: str, arguments: dict[str, Any]) -> None:
    offers = s.draft.proposals
    if not any(each.action == action and each.arguments == arguments for each in offers):
        offers.append(Proposal(f"p{len(offers) + 1}", action, title, icon, arguments))


def offer_chart(s: Symbol) -> None:
    """Open the chart of the symbol in the time frame the user named."""
    text = s.draft.question.text.lower()
    frame = next((frame for pattern, frame in _FRAMES if pattern.search(text)), "D")
    if frame == "1" and not s.desk.workstation.has_minutes(s.ticker):
        s.paragraph(s.say("offer.no_minutes"))
        frame = "D"
    title = s.t("offer.chart").format(name=s.name_fact.text)
    _offer(s, "open_chart", title, "candles", {"ticker": s.ticker, "timeframe": frame})


def offer_panel(s: Symbol) -> None:
    """Open the panel the user named for the symbol; the chart where none is named."""
    text = s.draft.question.text.lower()
    panel = next((panel for pattern, panel in _PANELS if pattern.search(text)), "")
    if not panel:
        offer_chart(s)
        return
    icons = {"flow": "flow", "book": "ladder", "news": "news", "evidence": "evidence"}
    title = s.t("offer.panel").format(name=s.name_fact.text, panel=s.t(f"panel.{panel}"))
    _offer(s, "open_panel", title, icons[panel], {"panel": panel, "ticker": s.ticker})


def offer_watch(symbols: list[Symbol]) -> None:
    """Put the symbols on the watch list."""
    first = symbols[0]
    names = ", ".join(s.name_fact.text for s in symbols)
    tickers = [s.ticker for s in symbols]
    first.paragraph(first.say("offer.watch.said"))
    _offer(first, "watch", first.t("offer.watch").format(name=names), "star", {"tickers": tickers, "list_name": ""})


def offer_alert(s: Symbol) -> None:
    """Set an alert at the value the user wrote; without a value he is asked for one."""
    question = s.draft.question
    text = question.text.lower()
    if not question.numbers:
        s.paragraph(s.say("offer.alert.no_value"))
        return
    value = float(question.numbers[0])
    quantity = next(
        (name for name, pattern in (("volume", _VOLUME), ("change_pct", _CHANGE), ("score", _SCORE)) if pattern.search(text)),
        "price",
    )
    op = "<=" if _BELOW.search(text) else ">="
    if quantity == "change_pct" and op == "<=" and value > 0:
        value = -value  # a fall of five percent is a change of minus five
    if quantity == "price" and not _BELOW.search(text) and not re.search(r"이상|위|넘|오르|above|over|reach|>", text):
        quote = read_quote(s)
        now = (
            quote.price.value
            if quote is not None
            else (read_bar(s, s.last_bar).close.value if s.last_bar is not None else None)
        )
        op = "<=" if isinstance(now, float) and value < now else ">="
    units: dict[str, Any] = {"price": "won", "change_pct": "%", "volume": "shares", "score": "points"}
    target = Target("panel", panel="chart", ticker=s.ticker, item=quantity)
    fact = s.fact("alert.value", value, units[quantity], target)
    s.paragraph(
        s.say(
            f"offer.alert.said.{'at_most' if op == '<=' else 'at_least'}",
            name=s.name_fact,
            quantity=s.t(f"quantity.{quantity}"),
            value=fact,
        )
    )
    title = s.t(f"offer.alert.{'at_most' if op == '<=' else 'at_least'}").format(
        name=s.name_fact.text, quantity=s.t(f"quantity.{quantity}"), value=fact.text
    )
    arguments = {"ticker": s.ticker, "quantity": quantity, "op": op, "value": value, "note": ""}
    _offer(s, "alert", title, "bell", arguments)


def takes_back(question: Question) -> bool:
    """Whether an alert or an entry of a watch list is to be removed: that is done in their panels."""
    return bool({"watch", "alert"} & set(question.intents)) and _TAKEN_BACK.search(question.text.casefold()) is not None


def offer_removal(s: Symbol) -> None:
    """Say where alerts and watch lists are removed, and offer to open the panel."""
    s.paragraph(s.say("offer.taken_back"))
    panel = "watch" if "watch" in s.draft.question.intents else "alerts"
    title = s.texts("assistant_market.open.panel", panel=s.texts(f"shell.dock.{panel}"))
    _offer(s, "open_panel", title, "table", {"panel": panel, "ticker": ""})
