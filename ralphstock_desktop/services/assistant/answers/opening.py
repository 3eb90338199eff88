"""Opening a panel that was named: an offer and nothing else."""

from __future__ import annotations

from ralphstock_desktop.services.assistant.answers.market_parts import Writer
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.triggers import named, phrase
from ralphstock_desktop.services.assistant_contracts import Proposal, Question

__all__ = ["answer_opening", "panel_named"]

_PANELS = named("panels")
_OWN_JOURNAL = phrase("own_journal")
_OWN_ALERTS = phrase("own_alerts")
_OWN_LIST = phrase("own_list")
"""Asks to see a list of the user's own, which is no evidence and stays in its panel."""


def panel_named(question: Question) -> str:
    """The panel a user asks to be opened; empty where he asks for none of its own, or for more than that."""
    if question.tickers or question.unknown_names:
        return ""
    if _OWN_LIST.search(question.text.casefold()) and not {"definition", "alert"} & set(question.intents):
        return "watch"
    if _OWN_JOURNAL.search(question.text.casefold()) and "definition" not in question.intents:
        return "journal"
    if _OWN_ALERTS.search(question.text.casefold()) and "definition" not in question.intents:
        return "alerts"
    if not question.wants_change or "open" not in question.intents:
        return ""
    text = question.text.casefold()
    found = [(match.start(), name) for name, pattern in _PANELS if (match := pattern.search(text)) is not None]
    return min(found)[1] if found else ""


async def answer_opening(desk: Desk, draft: AnswerDraft) -> None:
    """Offer to open the panel; nothing happens before the click."""
    writer, panel = Writer(desk, draft), panel_named(draft.question)
    title = writer.texts(f"shell.dock.{panel}")
    writer.say("open.said", panel=title)
    number = len(draft.proposals) + 1
    words = writer.texts(writer.key("open.panel"), panel=title)
    draft.proposals.append(Proposal(f"p{number}", "open_panel", words, "table", {"panel": panel, "ticker": ""}))
