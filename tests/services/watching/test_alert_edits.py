"""Alerts that are changed: in one step, told anew, never twice, and back again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

import ralphstock_desktop.services.watching as watching
from engine.model.errors import DataUnavailable, StorageError, ValidationFailed
from ralphstock_desktop.assistant_ports import AlertRule, AssistantStore
from ralphstock_desktop.strategy_ports import NoticeRecord
from tests.services.watching.watch_desk import Desk

MINUTE = 60_000_000_000


async def refused(work: Any) -> ValidationFailed:
    with pytest.raises(ValidationFailed) as caught:
        await work
    return caught.value


async def test_a_changed_condition_is_stored_in_one_write_and_waits_from_then_on(desk: Desk) -> None:
    writes: list[AlertRule] = []

    async def counting(kind: str) -> AssistantStore:
        store = desk.store(kind)
        write = store.set_alert

        def set_alert(rule: AlertRule) -> None:
            writes.append(rule)
            write(rule)

        store.set_alert = set_alert  # type: ignore[method-assign]
        return store

    watch = await desk.start(open_store=counting)
    rule = await watch.add_alert("000010", "price", ">=", 10_500, "돌파")
    desk.clock.ns += MINUTE
    changed = await watch.edit_alert(rule.id, "000020", "change_pct", "<=", -3, " 급락 ")
    assert changed == AlertRule(rule.id, "000020", "change_pct", "<=", -3.0, "급락", True, desk.clock.ns)
    assert writes == [changed] and desk.store().alert_rules() == watch.alerts.last == (changed,)
    assert desk.live is not None and desk.live.wanted("alert_rules") == ("000020",)
    await desk.trade("000010", 10_500)
    assert desk.texts == [], "the condition before is forgotten"
    await desk.trade("000020", 48_000)
    assert desk.texts == [("000020", "notice.price.change_pct_down", "\N{MINUS SIGN}3")]


async def test_a_told_alert_that_is_changed_is_told_again_and_the_first_notice_stays(desk: Desk) -> None:
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    await watch.edit_alert(rule.id, "000010", "price", ">=", 10_600)  # in the same tick of the clock
    (kept,) = desk.store().alert_rules()
    assert (kept.active, kept.fired_ns) == (True, None)
    await desk.trade("000010", 10_600)
    assert [text[2] for text in desk.texts] == ["10,500", "10,600"]
    stored = desk.book.notices.last
    assert stored is not None and len({record.dedup for record in stored}) == 2


async def test_another_note_changes_nothing_else(desk: Desk) -> None:
    watch = await desk.start()
    waiting = await watch.add_alert("000020", "price", ">=", 50_500)
    told = await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    desk.clock.ns += MINUTE
    kept = next(rule for rule in watch.alerts.last or () if rule.id == told.id)
    assert await watch.edit_alert(told.id, "000010", "price", ">=", 10_500, "메모") == replace(kept, note="메모")
    assert await watch.edit_alert(waiting.id, "000020", "price", ">=", 50_500, "x") == replace(waiting, note="x")
    assert await watch.edit_alert(waiting.id, "000020", "price", ">=", 50_500, "x") == replace(waiting, note="x")
    assert [rule.note for rule in desk.store().alert_rules()] == ["메모", "x"]
    await desk.trade("000010", 10_700)
    assert len(desk.texts) == 1


@pytest.mark.parametrize(
    ("ticker", "quantity", "op", "value", "key"),
    [
        ("000010", "price", ">=", 10_505, "error.alert.tick"),
        ("000010", "price", ">=", 0, "error.alert.value"),
        ("000010", "score", ">=", 101, "error.alert.value"),
        ("000010", "rsi", ">=", 70, "error.alert.kind"),
        ("999990", "price", ">=", 10_600, "error.watch.symbol"),
        ("000010", "price", "<=", 10_400, "error.alert.reached"),
    ],
)
async def test_what_is_refused_leaves_the_alert_as_it_was(
    desk: Desk, ticker: str, quantity: str, op: str, value: float, key: str
) -> None:
    watch = await desk.start()
    await desk.trade("000010", 10_300)
    rule = await watch.add_alert("000010", "price", ">=", 10_500, "돌파")
    assert (await refused(watch.edit_alert(rule.id, ticker, quantity, op, value))).key == key
    assert desk.store().alert_rules() == (rule,)
    await desk.trade("000010", 10_500)
    assert len(desk.texts) == 1


async def test_unknown_too_many_and_a_broken_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = await desk.start()
    with pytest.raises(DataUnavailable) as caught:
        await watch.edit_alert(99, "000010", "price", ">=", 10_500)
    assert caught.value.key == "error.alert.unknown"
    off = await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.set_alert_active(off.id, False)
    on = await watch.add_alert("000010", "price", ">=", 10_600)
    monkeypatch.setattr(watching, "_MOST_ALERTS", 1)
    assert (await refused(watch.edit_alert(off.id, "000010", "price", ">=", 10_700))).key == "error.alert.full"
    changed = await watch.edit_alert(on.id, "000010", "price", ">=", 10_700)

    def fails(_rule: AlertRule) -> None:
        raise StorageError("full", key="error.storage.full")

    monkeypatch.setattr(watch._store, "set_alert", fails)
    with pytest.raises(StorageError):
        await watch.edit_alert(on.id, "000010", "price", ">=", 10_800)
    assert changed in (watch.alerts.last or ()), "what is shown is what is stored"


async def test_the_way_back(desk: Desk) -> None:
    """To told, to off and to waiting; what is told before the way back is not told after it."""
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500, "돌파")
    await desk.trade("000010", 10_500)
    (told,) = desk.store().alert_rules()
    desk.clock.ns += MINUTE
    await watch.edit_alert(rule.id, "000010", "price", ">=", 10_900)
    await watch.put_back_alert(told)
    assert desk.store().alert_rules() == (told,)
    await desk.trade("000010", 10_950)
    assert len(desk.texts) == 1
    waiting = await watch.add_alert("000020", "price", ">=", 51_000)
    await watch.edit_alert(waiting.id, "000020", "price", ">=", 52_000)
    await watch.put_back_alert(waiting)
    await desk.trade("000020", 51_000)
    assert [text[2] for text in desk.texts] == ["10,500", "51,000"]
    await watch.delete_alert(told.id)
    with pytest.raises(DataUnavailable):
        await watch.put_back_alert(told)


async def test_a_quote_that_came_before_the_change_is_not_told_after_it(desk: Desk) -> None:
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    assert desk.live is not None
    changing = asyncio.create_task(watch.edit_alert(rule.id, "000010", "price", ">=", 10_900))
    await asyncio.sleep(0)
    desk.live.move({"000010": 10_500})
    await changing
    await watch.idle()
    assert desk.texts == [] and desk.store().alert_rules()[0].active
    await desk.trade("000010", 10_900)
    assert [text[2] for text in desk.texts] == ["10,900"]


async def test_a_changed_alert_does_not_wait_for_another_try_of_the_one_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its notice could not be stored; the changed alert is told at once all the same."""
    failing = [True]

    async def post(records: tuple[NoticeRecord, ...]) -> tuple[NoticeRecord, ...]:
        if failing[0]:
            raise StorageError("full", key="error.storage.full")
        return await desk.book.post(records)

    watch = await desk.start(post=post)
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    failing[0] = False
    await watch.edit_alert(rule.id, "000010", "price", ">=", 10_600)
    await desk.trade("000010", 10_600)
    assert [text[2] for text in desk.texts] == ["10,600"]
