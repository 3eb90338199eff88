"""Nothing of later reaches an answer: with another future it is the same, word for word and fact for fact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from engine.model.instants import AsOf, kst_datetime
from tests.acceptance.futures import changed_future
from tests.acceptance.recorded import World
from tests.services.assistant.stock.room import Room, words_of

pytestmark = pytest.mark.real_data

INSTANTS = (
    AsOf.at(date(2026, 1, 5), 10, 7, 30),  # minutes of a running session
    AsOf.at(date(2026, 1, 14), 15, 12),  # the closing auction is near
    AsOf.at(date(2026, 1, 28), 15, 39, 59),
    AsOf.at(date(2026, 1, 28), 15, 40),
    AsOf.at(date(2026, 1, 28), 18, 9, 59),
    AsOf.at(date(2026, 1, 28), 18, 10),
    AsOf.at(date(2026, 1, 31), 12, 0),  # a Saturday
)
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"intents": ("why",)},
    {"intents": ("why",), "strategies": ("CLOSING_BET",)},
    {"intents": ("why",), "strategies": ("DAY_TRADE",)},
    {"intents": ("flow",)},
    {"intents": ("news",)},
    {"intents": ("near",)},
    {"intents": ("plan",)},
    {"intents": ("price",), "first_day": date(2026, 1, 2), "last_day": date(2026, 2, 20)},
    {"intents": ("price",), "first_day": date(2026, 2, 10), "last_day": date(2026, 2, 10)},
)
TICKERS = ("005930", "001470", "0004V0", "059120")


async def _said(room: Room, ticker: str, about: dict[str, Any], language: Any) -> list[Any]:
    draft = await room.ask(ticker, language=language, **about)
    facts = [(f.id, f.name, f.value, f.text, f.title, f.formula, f.day, f.target, f.known_at_ns) for f in draft.book.facts]
    return [*words_of(draft.blocks), facts, draft.notes, draft.articles, draft.proposals]


async def test_another_future_changes_no_word(cut: World, make_room: Callable[[World], Awaitable[Room]]) -> None:
    truth, other = await make_room(cut), await make_room(cut)
    found: list[str] = []
    with_minutes = next(iter(cut.minutes[date(2026, 1, 5)])).ticker[0]
    for number, as_of in enumerate(INSTANTS):
        await other.change(changed_future(cut, as_of, seed=number))
        await truth.look_at(as_of)
        await other.look_at(as_of)
        for ticker in (*TICKERS, str(with_minutes)):
            for about in QUESTIONS:
                language = ("ko", "en")[number % 2]
                one, two = await _said(truth, ticker, about, language), await _said(other, ticker, about, language)
                if one != two:
                    differs = next((a, b) for a, b in zip(one, two, strict=False) if a != b)
                    found.append(f"{kst_datetime(as_of.instant_ns)} {ticker} {about}: {differs}"[:600])
        both = await truth.ask(*TICKERS[:2], intents=("compare",)), await other.ask(*TICKERS[:2], intents=("compare",))
        if words_of(both[0].blocks) != words_of(both[1].blocks):
            found.append(f"{kst_datetime(as_of.instant_ns)} compare")
    assert not found, "\n".join(found)
    # The other market really is another one a week later.
    later = AsOf.at(date(2026, 2, 12), 18, 30)
    await truth.look_at(later)
    await other.look_at(later)
    assert await _said(truth, "005930", {}, "ko") != await _said(other, "005930", {}, "ko")


async def test_every_fact_was_known(cut: World, make_room: Callable[[World], Awaitable[Room]]) -> None:
    room = await make_room(cut)
    for as_of in INSTANTS:
        await room.look_at(as_of)
        for ticker in TICKERS:
            for about in QUESTIONS:
                draft = await room.ask(ticker, **about)
                late = [f for f in draft.book.facts if f.known_at_ns is not None and f.known_at_ns > as_of.instant_ns]
                assert not late, (as_of, ticker, late[:3])
