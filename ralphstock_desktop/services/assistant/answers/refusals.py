"""What the assistant does not do: short, kind, and with what is possible instead."""

from __future__ import annotations

from ralphstock_desktop.services.assistant.answers.market_parts import Writer
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk

__all__ = ["REFUSALS", "answer_refusal", "refusal_of"]

REFUSALS: dict[str, tuple[str, ...]] = {
    "key": ("key", "secret", "password"),
    "prompt": ("prompt", "instruction", "override", "injection"),
    "others": ("private", "others", "personal", "account"),
    "order": ("order",),
    "promise": ("promise", "guarantee", "certain"),
    "forecast": ("forecast", "predict"),
    "account": ("outside",),
    "no_data": ("no_data",),
}
"""Kinds of refusal with the intents that mean them, gravest first."""

_WORDS: dict[str, tuple[str, ...]] = {
    "key": tuple(
        "비밀번호|비번|패스워드|토큰|api 키|api키|앱 키|앱키|시크릿|인증키|password|api key|secret key|token".split("|")
    ),
    "prompt": tuple("프롬프트 지시 명령 규칙 시스템 관리자 prompt instruction rules system hidden developer".split()),
    "others": ("다른 사람", "남의", "타인", "someone else", "other people", "other user", "another user"),
    "promise": ("무조건", "반드시 오", "확실히", "100%", "guarantee", "definitely", "sure win"),
}
"""What tells kinds apart that share an intent."""
_OFFERS: dict[str, str] = {
    "order": "journal",
    "forecast": "performance",
    "promise": "performance",
}


def refusal_of(intents: tuple[str, ...], text: str) -> str:
    """Which kind of refusal a question gets; ``no_data`` where nothing tells more."""
    folded = text.casefold()
    for kind, words in _WORDS.items():
        if any(word in folded for word in words) and (
            kind == "promise" or {"private", "override", *REFUSALS[kind]} & set(intents)
        ):
            return kind
    return next((kind for kind, names in REFUSALS.items() if set(names) & set(intents)), "no_data")


async def answer_refusal(desk: Desk, draft: AnswerDraft) -> None:
    """Say no in one sentence and what is possible in another; nothing is read."""
    writer = Writer(desk, draft)
    kind = refusal_of(draft.question.intents, draft.question.text)
    writer.say(f"refusal.{kind}")
    writer.say(f"refusal.{kind}.instead")
    panel = _OFFERS.get(kind)
    if panel is not None:
        writer.propose("open_panel", f"do.{panel}", "journal" if panel == "journal" else "trend", panel=panel, ticker="")
