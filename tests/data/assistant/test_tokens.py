"""Tokens of questions beside the conversations: added up for one Korean day, gone with the next."""

from __future__ import annotations

from datetime import timedelta

from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from tests.data.builders import DAY


def test_they_add_up_within_a_day_and_another_day_begins_anew(assistant: SqlAssistantStore) -> None:
    assert assistant.tokens_beside(DAY) == (0, 0)
    assistant.add_tokens_beside(DAY, 300, 60)
    assistant.add_tokens_beside(DAY, 200, 0)
    assert assistant.tokens_beside(DAY) == (500, 60)
    later = DAY + timedelta(days=1)
    assert assistant.tokens_beside(later) == (0, 0)
    assistant.add_tokens_beside(later, 10, 1)
    assert (assistant.tokens_beside(later), assistant.tokens_beside(DAY)) == ((10, 1), (0, 0))


def test_nothing_is_ever_taken_away(assistant: SqlAssistantStore) -> None:
    assistant.add_tokens_beside(DAY, 10, 1)
    assistant.add_tokens_beside(DAY, -5, -5)
    assert assistant.tokens_beside(DAY) == (10, 1)
