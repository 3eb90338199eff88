"""A price between two frames reaches an alert, by the real quote hub; a price from before the alert, or from long ago, never does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import ralphstock_desktop.services.watching as watching
from engine.model.errors import StorageError
from engine.model.live import MISSING, QuoteSnapshot
from ralphstock_desktop.services.live.board import make_board
from ralphstock_desktop.services.live.hub import LiveHub
from ralphstock_desktop.services.watching import WatchService
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.wording.texts import Language, Texts
from tests.services.strategies.kept.kept_market import day
from tests.services.watching.watch_desk import LAST, Desk
from tests.ui.live.fake_live import FakeLive, trade

SECOND = 1_000_000_000
UP = ("000010", "notice.price.price_up_touched", "10,500")


class HubLive(FakeLive):
    """A running market whose quotes are those of a real hub."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.panel, day(LAST + 1))
        self.hub = LiveHub(lambda: self.machine_ns, desk.clock)
        self.machine_ns = 1
        self.hub.use_board(make_board(desk.panel, day(LAST + 1)))
        self.frames, self.the_board = self.hub.frames, self.hub.board


class Ticks:
    """Trades of one symbol and the frames between them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.live = HubLive(desk)
        desk.live = self.live
        self.volume = 0
        self.high, self.low = 0, 10**9

    async def start(self, **changes: Any) -> WatchService:
        watch = await self.desk.start(**changes)
        await self.frame(10_000)
        return watch

    async def frame(self, *prices: int, ticker: str = "000010", at_ns: int | None = None) -> None:
        """Trades that arrive between two frames, then the second of these."""
        for price in prices:
            self.volume += 10
            self.live.hub.on_trade(
                trade(ticker, price, 10, self.volume, at_ns=self.desk.clock.ns if at_ns is None else at_ns, base=10_000)
            )
        self.live.hub.frame()
        await self.desk.starts[-1].idle()

    async def answer(self, price: int, high: int, low: int) -> None:
        """An answer of the polling, then a frame."""
        self.volume += 10
        state = QuoteSnapshot(
            "000010", 0, MISSING, price, 10_000, 10_000, high, low, self.volume, MISSING, 100.0, price + 10, price,
            MISSING, MISSING, MISSING, 0,
        )  # fmt: skip
        self.live.hub.take_snapshots([state])
        await self.frame()

    def passes(self, seconds: float) -> None:
        self.desk.clock.ns += int(seconds * SECOND)
        self.live.machine_ns += int(seconds * SECOND)


@pytest.fixture
def ticks(desk: Desk) -> Ticks:
    return Ticks(desk)


@pytest.mark.parametrize(
    ("quantity", "op", "value", "prices", "key", "touched"),
    [
        ("price", ">=", 10_500, (10_100, 10_520, 10_510, 10_100), "price_up", "10,520"),
        ("price", "<=", 9_500, (9_900, 9_490, 9_900), "price_down", "9,490"),
        ("change_pct", ">=", 5, (10_500, 10_100), "change_pct_up", "5"),
        ("change_pct", "<=", -5, (9_480, 10_100), "change_pct_down", "\N{MINUS SIGN}5.2"),
    ],
)
async def test_what_touched_the_level_between_two_frames_is_told_with_the_price_that_did(
    ticks: Ticks, quantity: str, op: str, value: float, prices: tuple[int, ...], key: str, touched: str
) -> None:
    watch = await ticks.start()
    await watch.add_alert("000010", quantity, op, value)
    ticks.passes(1)
    await ticks.frame(*prices)
    (told,) = ticks.desk.told
    assert (told.key, told.fields["touched"]) == (f"notice.price.{key}_touched", touched)
    languages: tuple[Language, ...] = ("ko", "en")
    assert all(touched in Texts(language)(told.key, **told.fields) for language in languages)
    assert not ticks.desk.store().alert_rules()[0].active
    await ticks.frame(*prices)
    assert len(ticks.desk.told) == 1


async def test_what_stays_there_is_told_as_ever(ticks: Ticks) -> None:
    watch = await ticks.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(1)
    await ticks.frame(10_100, 10_600)
    assert ticks.desk.texts == [("000010", "notice.price.price_up", "10,500")]


async def test_a_price_below_the_level_tells_nothing(ticks: Ticks) -> None:
    watch = await ticks.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.add_alert("000010", "price", "<=", 9_500)
    ticks.passes(1)
    await ticks.frame(10_490, 9_510, 10_000)
    await ticks.frame(10_520, 10_000, ticker="000020")
    assert ticks.desk.texts == []


async def test_a_price_from_before_the_alert_does_not_fire_it(ticks: Ticks) -> None:
    """Neither one that waits for its frame, nor one with an earlier time, nor the day's high so far."""
    watch = await ticks.start()
    await ticks.frame(10_600, 10_000)
    ticks.live.hub.on_trade(trade("000010", 10_600, 10, ticks.volume + 1, at_ns=ticks.desk.clock.ns))
    ticks.passes(0.5)
    await watch.add_alert("000010", "price", ">=", 10_500)
    await ticks.frame(10_000)
    ticks.passes(5)
    await ticks.frame(10_600, 10_000, at_ns=ticks.desk.clock.ns - 6 * SECOND)
    assert ticks.desk.texts == []
    await ticks.frame(10_600, 10_000)
    assert ticks.desk.texts == [UP]


async def test_one_that_was_changed_off_or_back_waits_from_then_on(ticks: Ticks) -> None:
    watch = await ticks.start()
    rule = await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(60)
    touched = ticks.desk.clock.ns
    ticks.passes(60)
    for change in (
        watch.edit_alert(rule.id, "000010", "price", ">=", 10_510),
        watch.put_back_alert(rule),
        watch.set_alert_active(rule.id, False),
        watch.set_alert_active(rule.id, True),
    ):
        await change
        await ticks.frame(10_600, 10_000, at_ns=touched)
        assert ticks.desk.texts == []
    await ticks.frame(10_600, 10_000)
    assert ticks.desk.texts == [UP]


async def test_a_restart_and_another_market_begin_anew(ticks: Ticks) -> None:
    watch = await ticks.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(60)
    before = ticks.desk.clock.ns
    ticks.passes(60)
    await ticks.desk.start()
    await ticks.frame(10_600, 10_000, at_ns=before)
    assert ticks.desk.texts == []
    await ticks.frame(10_600, 10_000)
    assert ticks.desk.texts == [UP]


async def test_the_past_is_silent_and_what_was_touched_meanwhile_is_not_told_after_it(ticks: Ticks) -> None:
    watch = await ticks.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(60)
    ticks.desk.look(latest=False)
    await ticks.frame(10_600, 10_000)
    ticks.live.hub.on_trade(trade("000010", 10_600, 10, ticks.volume + 1, at_ns=ticks.desk.clock.ns))
    ticks.passes(1)
    ticks.desk.look()
    await ticks.frame(10_000)
    assert ticks.desk.texts == [] and watch.alerts.last is not None and watch.alerts.last[0].active
    await ticks.frame(10_600, 10_000)
    assert ticks.desk.texts == [UP]


async def test_a_replayed_day_that_is_set_back_behaves_the_same(ticks: Ticks) -> None:
    """The simulator's clock jumps back to before the alert was set: its day begins anew, and so does the waiting."""
    watch = await ticks.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.desk.clock.ns -= 3_600 * SECOND
    ticks.live.hub.use_board(make_board(ticks.desk.panel, day(LAST + 1)), anew=True)
    ticks.live.the_board = ticks.live.hub.board
    await ticks.frame(10_100)
    await ticks.frame(10_600, 10_100)
    ticks.passes(1)
    await ticks.frame(10_600, 10_100)
    assert ticks.desk.texts == [UP]


async def test_a_touched_level_whose_notice_could_not_be_stored_is_told_later(
    ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_RETRY_S", 0.01)
    failing = [True]

    async def post(records: tuple[NoticeRecord, ...]) -> tuple[NoticeRecord, ...]:
        if failing[0]:
            failing[0] = False
            raise StorageError("full", key="error.storage.full")
        return await ticks.desk.book.post(records)

    watch = await ticks.start(post=post)
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(1)
    await ticks.frame(10_600, 10_000)
    assert ticks.desk.texts == []
    while watch._retries:
        await asyncio.sleep(0.01)
    await watch.idle()
    assert ticks.desk.texts == [UP] and ticks.desk.told[0].fields["touched"] == "10,600"


# -- symbols that are polled ------------------------------------------------------------------------------------------------


async def test_between_two_answers_the_days_extremes_tell(ticks: Ticks) -> None:
    """The high rises from 10,200 to 10,550; the low of 9,400 is an old one and fires nothing."""
    watch = await ticks.desk.start()
    await ticks.answer(10_000, 10_200, 9_400)
    ticks.passes(3)
    await watch.add_alert("000010", "price", ">=", 10_500)
    await watch.add_alert("000010", "price", "<=", 9_500)
    await ticks.answer(10_000, 10_200, 9_400)
    assert ticks.desk.texts == []
    ticks.passes(8)
    await ticks.answer(10_000, 10_210, 9_400)
    ticks.passes(3)
    await ticks.answer(10_100, 10_550, 9_400)
    assert ticks.desk.texts == [UP] and ticks.desk.told[0].fields["touched"] == "10,550"


async def test_a_first_answer_and_one_after_an_outage_tell_nothing_of_old_prices(ticks: Ticks) -> None:
    watch = await ticks.desk.start()
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(60)
    await ticks.answer(10_000, 10_600, 9_900)
    assert ticks.desk.texts == [], "the high is of some time today"
    ticks.passes(300)
    await ticks.answer(10_000, 10_700, 9_900)
    assert ticks.desk.texts == [], "reached while nobody looked"
    ticks.passes(3)
    await ticks.answer(10_000, 10_710, 9_900)
    assert ticks.desk.texts == [UP]


async def test_an_answer_may_be_of_before_the_alert_although_it_came_after_it(ticks: Ticks) -> None:
    watch = await ticks.desk.start()
    await ticks.answer(10_000, 10_000, 9_900)
    ticks.passes(10)
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(1)
    await ticks.answer(10_000, 10_000, 9_900)  # asked for before the alert was set, perhaps
    ticks.passes(3)
    await ticks.answer(10_000, 10_600, 9_900)
    assert ticks.desk.texts == []


async def test_an_extreme_from_before_the_alert_is_not_told_by_the_answer_after_it(ticks: Ticks) -> None:
    watch = await ticks.desk.start()
    await ticks.answer(10_000, 10_000, 9_900)
    ticks.passes(2)
    await watch.add_alert("000010", "price", ">=", 10_500)
    ticks.passes(1)
    await ticks.answer(10_000, 10_600, 9_900)
    assert ticks.desk.texts == []
