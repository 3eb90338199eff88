"""Alerts: told once and never of the past, over restarts and kills; what is refused when one is set."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import ralphstock_desktop.services.watching as watching
from engine.model.errors import DataUnavailable, StorageError, ValidationFailed
from engine.model.instants import AsOf
from engine.model.live import QuoteSource
from ralphstock_desktop.assistant_ports import AlertRule, AssistantStore
from ralphstock_desktop.strategy_ports import NoticeRecord
from tests.services.strategies.kept.kept_market import day
from tests.services.watching.watch_desk import LAST, Desk

MINUTE = 60_000_000_000
PRICE_UP = ("000010", "notice.price.price_up", "10,500")


async def refused(work: Any) -> ValidationFailed:
    with pytest.raises(ValidationFailed) as caught:
        await work
    return caught.value


# -- telling ----------------------------------------------------------------------------------------------------------------


async def test_an_alert_is_told_once_and_then_rests(desk: Desk) -> None:
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500, " 돌파 ")
    assert (rule.active, rule.note, rule.created_ns) == (True, "돌파", desk.clock.ns)
    await desk.trade("000010", 10_490)
    assert desk.texts == []
    desk.clock.ns += MINUTE
    await desk.trade("000010", 10_500)
    await desk.trade("000010", 10_600)
    await desk.trade("000010", 10_400)
    await desk.trade("000010", 10_700)
    assert desk.texts == [PRICE_UP]
    assert desk.told[0].fields == {"name": "종목1", "name_en": "Stock 000010", "value": "10,500", "note": "돌파"}
    (kept,) = desk.store().alert_rules()
    assert (kept.active, kept.fired_ns) == (False, desk.clock.ns)
    assert watch.alerts.last == (kept,)


@pytest.mark.parametrize(
    ("quantity", "op", "value", "columns", "key"),
    [
        ("price", "<=", 9_000, {}, "price_down"),
        ("change_pct", "<=", -10, {}, "change_pct_down"),
        ("volume", ">=", 500_000, {"volume_shares": 500_000}, "volume_up"),
    ],
)
async def test_each_quantity(desk: Desk, quantity: str, op: str, value: float, columns: dict[str, int], key: str) -> None:
    """From 10,000 to 9,000 won is exactly -10 %; in floating point (0.9 - 1) x 100 is a hair above it."""
    watch = await desk.start()
    await watch.add_alert("000010", quantity, op, value)
    await desk.trade("000010", 9_000, **columns)
    assert [text[1] for text in desk.texts] == [f"notice.price.{key}"]


async def test_the_feed_is_asked_for_symbols_that_no_table_shows(desk: Desk) -> None:
    watch = await desk.start()
    assert desk.live is not None
    await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.add_alert("000020", "score", ">=", 80)
    assert sorted(desk.live.wanted("alert_rules")) == ["000010", "000020"]
    await desk.trade("000010", 10_500)
    assert desk.live.wanted("alert_rules") == ("000020",)
    desk.look(kind="simulated")
    await watch.idle()
    assert desk.live.wanted("alert_rules") == ()


async def test_a_value_of_an_earlier_day_reaches_nothing(desk: Desk) -> None:
    """The board begins with the last close; that is no quote of today."""
    watch = await desk.start()
    assert desk.live is not None and desk.live.board is not None
    await watch.add_alert("000010", "price", ">=", 9_000)
    row = desk.live.board.row_of("000010")
    desk.live.frames.publish(desk.live.move({"000020": 50_100}))
    assert row is not None and desk.live.board.source[row] == QuoteSource.STORED
    await watch.idle()
    assert desk.texts == []


async def test_many_alerts_of_one_quote_are_each_told_once(desk: Desk) -> None:
    watch = await desk.start()
    for value in (10_100, 10_200):
        await watch.add_alert("000010", "price", ">=", value)
    assert desk.live is not None
    for price in (10_300, 10_310, 10_320):
        desk.live.move({"000010": price})  # frames come faster than the first can be stored
    await watch.idle()
    assert sorted(text[2] for text in desk.texts) == ["10,100", "10,200"]
    assert not any(rule.active for rule in desk.store().alert_rules())


async def test_scores_of_official_and_provisional_scans(desk: Desk) -> None:
    watch = await desk.start()
    await desk.scan({"000010": 60.0, "000020": 60.0})
    await watch.add_alert("000010", "score", ">=", 80)
    await watch.add_alert("000020", "score", ">=", 65)
    await desk.score_now({"000010": 79.99, "000020": 65.0})
    assert [text[0] for text in desk.texts] == ["000020"]
    await desk.scan({"000010": 95.0}, what_if=True)
    assert len(desk.texts) == 1, "moved thresholds score nothing for real"
    await desk.scan({"000010": 80.0})
    assert [text[:2] for text in desk.texts[1:]] == [("000010", "notice.price.score_up")]


async def test_a_symbol_without_a_score_reaches_nothing_from_below(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add_alert("000010", "score", "<=", 50)
    await desk.scan({"000020": 10.0})
    assert desk.texts == []


# -- the past ---------------------------------------------------------------------------------------------------------------


async def test_nothing_is_told_while_the_past_is_looked_at(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.add_alert("000010", "score", ">=", 80)
    desk.look(latest=False)
    await desk.trade("000010", 10_600)
    await desk.scan({"000010": 90.0})
    assert desk.texts == [] and all(rule.active for rule in desk.store().alert_rules())
    desk.look()
    await desk.trade("000010", 10_610)
    assert desk.texts == [PRICE_UP]


async def test_a_scan_of_the_past_that_ends_in_the_present_tells_nothing(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add_alert("000010", "score", ">=", 80)
    await desk.scan({"000010": 90.0}, as_of=AsOf.end_of(day(LAST - 3)))
    assert desk.texts == []


async def test_a_quote_of_the_present_is_not_told_after_the_step_into_the_past(desk: Desk) -> None:
    """Both in one turn of the loop: the alert waits on."""
    watch = await desk.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    assert desk.live is not None
    desk.live.move({"000010": 10_500})
    desk.look(latest=False)
    await watch.idle()
    assert desk.texts == [] and desk.store().alert_rules()[0].active


# -- restarts, kills, failures -----------------------------------------------------------------------------------------------


async def test_a_told_alert_is_not_told_after_a_restart(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    await desk.start()
    await desk.trade("000010", 10_600)
    assert desk.texts == [PRICE_UP]


async def test_a_kill_between_notice_and_mark_tells_it_no_second_time(desk: Desk) -> None:
    stores: list[Any] = []

    async def dying(kind: str) -> AssistantStore:
        store = desk.store(kind)

        def die(_rule: AlertRule) -> None:
            raise StorageError("killed")

        store.set_alert = die  # type: ignore[method-assign,assignment]
        stores.append(store)
        return store

    watch = await desk.start(open_store=dying)
    await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    assert desk.texts == [PRICE_UP] and desk.store().alert_rules()[0].active
    again = await desk.start()
    assert again.alerts.last is not None and again.alerts.last[0].active
    await desk.trade("000010", 10_600)
    assert desk.texts == [PRICE_UP], "told before"
    assert not desk.store().alert_rules()[0].active, "and marked now"


async def test_a_notice_that_cannot_be_stored_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_RETRY_S", 0.05)
    tries: list[int] = []

    async def post(records: tuple[NoticeRecord, ...]) -> tuple[NoticeRecord, ...]:
        tries.append(1)
        if len(tries) == 1:
            raise StorageError("full", key="error.storage.full")
        return await desk.book.post(records)

    said: list[str] = []
    desk.notices.subscribe(said.append)
    watch = await desk.start(post=post)
    await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    await desk.trade("000010", 10_510)
    assert (len(tries), said) == (1, ["error.storage.full"]) and desk.texts == []
    await asyncio.sleep(0.1)
    await watch.idle()
    assert desk.texts == [PRICE_UP] and not desk.store().alert_rules()[0].active


async def test_an_alert_is_not_marked_while_notices_tell_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices may look at the past a moment longer than the market: a reached alert is told then, not lost."""
    monkeypatch.setattr(watching, "_RETRY_S", 0.05)
    watch = await desk.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.book.look_at(desk.clock.ns)
    await desk.trade("000010", 10_500)
    assert desk.texts == [] and desk.store().alert_rules()[0].active
    await desk.book.look_at(None)
    await asyncio.sleep(0.1)
    await watch.idle()
    assert desk.texts == [PRICE_UP] and not desk.store().alert_rules()[0].active


async def test_alerts_of_one_market_do_not_fire_in_the_other(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    assert desk.live is not None
    desk.live.move({"000010": 10_500})
    desk.look(kind="simulated")  # before the alert could be told
    desk.live.move({"000010": 10_510})
    await watch.idle()
    assert desk.texts == [] and not watch.alerts.last and desk.store("simulated").alert_rules() == ()
    assert desk.store("real").alert_rules()[0].active
    await watch.add_alert("000020", "price", ">=", 50_500)
    desk.look(kind="real")
    await watch.idle()
    assert [rule.ticker for rule in watch.alerts.last or ()] == ["000010"]


async def test_a_deleted_alert_is_not_told_any_more(desk: Desk) -> None:
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    assert desk.live is not None
    gone = asyncio.create_task(watch.delete_alert(rule.id))
    await asyncio.sleep(0)
    desk.live.move({"000010": 10_500})  # while it is being deleted
    await gone
    await watch.idle()
    assert desk.texts == [] and desk.store().alert_rules() == ()


# -- again, off, back ---------------------------------------------------------------------------------------------------------


async def test_an_alert_set_again_is_told_again(desk: Desk) -> None:
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    await desk.trade("000010", 10_500)
    assert (await refused(watch.set_alert_active(rule.id, True))).key == "error.alert.reached"
    await desk.trade("000010", 10_300)
    desk.clock.ns += MINUTE
    await watch.set_alert_active(rule.id, True)
    (kept,) = desk.store().alert_rules()
    assert (kept.active, kept.fired_ns, kept.created_ns) == (True, None, desk.clock.ns)
    await desk.trade("000010", 10_500)
    assert desk.texts == [PRICE_UP, PRICE_UP]


async def test_one_that_is_off_is_silent(desk: Desk) -> None:
    watch = await desk.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.set_alert_active(rule.id, False)
    await desk.trade("000010", 10_600)
    assert desk.texts == []
    with pytest.raises(DataUnavailable) as caught:
        await watch.set_alert_active(99, True)
    assert caught.value.key == "error.alert.unknown"
    await watch.delete_alert(rule.id)
    back = await watch.restore_alert(rule)
    assert (back.ticker, back.value, back.active) == ("000010", 10_500, True) and back.id > 0


# -- what is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "op", "value", "key"),
    [
        ("price", ">=", 10_505, "error.alert.tick"),
        ("price", ">=", 10_500.5, "error.alert.tick"),
        ("price", ">=", 0, "error.alert.value"),
        ("price", ">=", float("nan"), "error.alert.value"),
        ("change_pct", "<=", -100.01, "error.alert.value"),
        ("score", ">=", 100.5, "error.alert.value"),
        ("volume", ">=", 0.5, "error.alert.value"),
        ("rsi", ">=", 70, "error.alert.kind"),
        ("price", "==", 10_500, "error.alert.kind"),
    ],
)
async def test_values_that_make_no_sense(desk: Desk, quantity: str, op: str, value: float, key: str) -> None:
    """At 10,000 won the tick is 10 won (from 2023 on)."""
    watch = await desk.start()
    assert (await refused(watch.add_alert("000010", quantity, op, value))).key == key
    assert desk.store().alert_rules() == ()


async def test_the_words_of_a_refusal_are_written_as_numbers_are(desk: Desk) -> None:
    watch = await desk.start()
    error = await refused(watch.add_alert("000010", "volume", ">=", 0.5))
    assert (error.fields["low"], error.fields["high"]) == ("1", "1,000,000,000,000")


async def test_what_is_reached_already(desk: Desk) -> None:
    watch = await desk.start()
    await desk.trade("000010", 10_500)
    error = await refused(watch.add_alert("000010", "price", ">=", 10_400))
    assert (error.key, error.fields["now"]) == ("error.alert.reached", "10,500")
    await watch.add_alert("000010", "price", "<=", 10_400)
    await desk.scan({"000010": 70.0})
    assert (await refused(watch.add_alert("000010", "score", ">=", 70))).key == "error.alert.reached"
    await desk.score_now({"000010": 82.0})
    assert (await refused(watch.add_alert("000010", "score", ">=", 80))).fields["now"] == "82"


async def test_the_past_says_nothing_about_what_is_reached(desk: Desk) -> None:
    watch = await desk.start()
    desk.look(latest=False)
    await desk.scan({"000010": 90.0})
    rule = await watch.add_alert("000010", "score", ">=", 80)
    assert rule.active


async def test_unknown_symbols_and_too_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = await desk.start()
    error = await refused(watch.add_alert("999990", "price", ">=", 100))
    assert (error.key, error.fields["ticker"]) == ("error.watch.symbol", "999990")
    monkeypatch.setattr(watching, "_MOST_ALERTS", 2)
    first = await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.add_alert("000010", "price", ">=", 10_600)
    assert (await refused(watch.add_alert("000010", "price", ">=", 10_700))).key == "error.alert.full"
    await watch.set_alert_active(first.id, False)
    await watch.add_alert("000010", "price", ">=", 10_700)
    assert (await refused(watch.set_alert_active(first.id, True))).key == "error.alert.full"
