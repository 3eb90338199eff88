"""Watch lists are written whole, alerts by number; what makes no sense is refused before it is stored."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from engine.model.errors import DataUnavailable, ValidationFailed
from ralphstock_desktop.assistant_ports import AlertRule, WatchEntry
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from tests.data.assistant.conftest import NOON, Clock


def entry(ticker: str, position: int = 0, note: str = "", added: int = NOON, *, name: str = "관심") -> WatchEntry:
    return WatchEntry(name, ticker, position, note, added)


def test_a_list_is_written_whole(assistant: SqlAssistantStore, clock: Clock) -> None:
    assistant.set_watch_list("관심", [entry("005930", 1, "반도체"), entry("000660", 0, added=0), entry("0126Z0", 2)])
    assistant.set_watch_list("ㄱ 단타", [entry("A035720", name="ㄱ 단타")])
    stored = assistant.watch_lists()
    assert [(item.list_name, item.ticker, item.position, item.note) for item in stored] == [
        ("ㄱ 단타", "035720", 0, ""),
        ("관심", "000660", 0, ""),
        ("관심", "005930", 1, "반도체"),
        ("관심", "0126Z0", 2, ""),
    ]
    assert [item.added_ns for item in stored] == [NOON, clock.ns, NOON, NOON]
    assistant.set_watch_list("관심", [entry("005930", 0)])
    assert [item.ticker for item in assistant.watch_lists()] == ["035720", "005930"]
    assistant.set_watch_list(unicodedata.normalize("NFD", "관심"), [])
    assert [item.ticker for item in assistant.watch_lists()] == ["035720"]


NO_LISTS: list[tuple[str, list[WatchEntry]]] = [
    ("", []),
    (" 관심", []),
    ("관\n심", []),
    ("가" * 81, []),
    ("관심", [entry("005930"), entry("A005930", 1)]),
    ("관심", [entry("삼성전자")]),
    ("관심", [entry("005930", -1)]),
    ("관심", [entry("005930", note="가" * 2_001)]),
    ("관심", [entry("005930", name="다른 것")]),
]


def test_a_list_that_makes_no_sense_is_refused(assistant: SqlAssistantStore) -> None:
    assistant.set_watch_list("관심", [entry("000660")])
    for name, entries in NO_LISTS:
        with pytest.raises(ValidationFailed):
            assistant.set_watch_list(name, entries)
    assert [item.ticker for item in assistant.watch_lists()] == ["000660"]


def rule(**fields: Any) -> AlertRule:
    base = AlertRule(0, "005930", "price", ">=", 90_000.0, "돌파", True, NOON)
    return replace(base, **fields)


def test_alerts_live_by_number(assistant: SqlAssistantStore, clock: Clock) -> None:
    first = assistant.add_alert(rule())
    second = assistant.add_alert(rule(ticker="A000660", quantity="change_pct", op="<=", value=-3.5, note="", created_ns=0))
    assert first.id > 0 and second.id > first.id
    assert (second.ticker, second.created_ns) == ("000660", clock.ns)
    assert assistant.alert_rules() == (second, first)
    fired = replace(first, active=False, fired_ns=NOON + 1)
    assistant.set_alert(fired)
    assert assistant.alert_rules() == (second, fired)
    assistant.delete_alert(second.id)
    assert assistant.alert_rules() == (fired,)


NO_ALERTS: list[dict[str, Any]] = [
    {"value": float("nan")},
    {"value": float("inf")},
    {"value": 0.0},
    {"value": -5.0},
    {"quantity": "volume", "value": 0.0},
    {"quantity": "score", "value": 100.5},
    {"quantity": "change_pct", "value": -101.0},
    {"quantity": "per"},
    {"op": "=="},
    {"ticker": "삼성"},
    {"note": "가" * 2_001},
    {"id": 7},
]


def test_an_alert_that_makes_no_sense_is_refused(assistant: SqlAssistantStore) -> None:
    for fields in NO_ALERTS:
        with pytest.raises(ValidationFailed):
            assistant.add_alert(rule(**fields))
    assert assistant.alert_rules() == ()


def test_zero_is_a_value(assistant: SqlAssistantStore) -> None:
    assistant.add_alert(rule(quantity="score", op="<=", value=0.0))
    assistant.add_alert(rule(quantity="change_pct", value=0.0))
    assert [item.value for item in assistant.alert_rules()] == [0.0, 0.0]


def test_an_unknown_alert_is_an_error(assistant: SqlAssistantStore) -> None:
    for call in (lambda: assistant.set_alert(rule(id=5)), lambda: assistant.delete_alert(5)):
        with pytest.raises(DataUnavailable) as raised:
            call()
        assert raised.value.key == "error.alert.unknown"
