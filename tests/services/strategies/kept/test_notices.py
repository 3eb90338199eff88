"""Notices: stored first, shown once, never about the past; on a real repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.errors import StorageError
from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.notices import NoticeService, grouped, is_quiet
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord
from tests.services.strategies.kept.kept_market import Clock, Settings, day

HOUR = 3_600_000_000_000


def fact(
    name: str, at_ns: int, *, kind: str = "signal", strategy: str = "VCP", ticker: str = "000010", **fields: str
) -> NoticeRecord:
    given = {"name": f"이름{name}", "name_en": f"Name{name}"} | fields
    return NoticeRecord(0, f"{kind}:{strategy}:{name}", at_ns, 0, kind, strategy, ticker, f"notice.{kind}.x", dict(given))


class Desk:
    """One start of the program."""

    def __init__(self, workers: Workers, settings: Settings, clock: Clock) -> None:
        self.book = NoticeService(workers, settings, clock)  # type: ignore[arg-type]
        self.shown: list[NoticeRecord] = []
        self.book.fresh.subscribe(self.shown.append)

    @property
    def keys(self) -> list[str]:
        return [record.dedup for record in self.shown]

    @property
    def listed(self) -> list[str]:
        return [record.dedup for record in self.book.notices.last or ()]


@pytest.fixture
def desk(workers: Workers, settings: Settings, clock: Clock) -> Desk:
    return Desk(workers, settings, clock)


@pytest.fixture
def second(workers: Workers, settings: Settings, clock: Clock) -> Desk:
    return Desk(workers, settings, clock)


async def test_a_fact_is_stored_then_shown_once(desk: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    await desk.book.open(store)
    new = await desk.book.post([fact("a", clock.ns), fact("a", clock.ns)])
    assert [record.dedup for record in new] == ["signal:VCP:a"]
    assert desk.keys == ["signal:VCP:a"]
    assert desk.book.unread.last == 1
    assert await desk.book.post([fact("a", clock.ns)]) == ()
    assert desk.keys == ["signal:VCP:a"]
    (kept,) = store.notices()
    assert kept.shown and not kept.read
    assert desk.book.notices.last == (kept,)


async def test_nothing_is_told_from_the_future_of_a_replayed_day(desk: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    """The machine's evening is ahead of the market's clock: the fact is of now, and later ones come above it."""
    await desk.book.open(store)
    await desk.book.post([fact("evening", clock.ns + 9 * HOUR)])
    clock.ns += HOUR // 2
    await desk.book.post([fact("later", clock.ns)])
    assert desk.listed == ["signal:VCP:later", "signal:VCP:evening"]
    assert [record.at_ns for record in store.notices()] == [clock.ns, clock.ns - HOUR // 2]


async def test_a_restart_shows_what_was_stored_but_not_shown(
    desk: Desk, second: Desk, store: SqlStrategyStore, clock: Clock
) -> None:
    """The program was killed after storing: of three facts one was shown, one is fresh, one is older than an hour."""
    told, fresh, old = store.add_notices(
        [fact("told", clock.ns), fact("fresh", clock.ns - HOUR), fact("old", clock.ns - HOUR - 1)]
    )
    store.mark_notices([told.id], shown=True)
    await desk.book.open(store)
    assert desk.keys == [fresh.dedup]
    assert desk.listed == [told.dedup, fresh.dedup, old.dedup]
    assert desk.book.unread.last == 3
    await second.book.open(store)  # and the start after that
    assert second.keys == []
    assert [record.shown for record in store.notices()] == [True, True, False]


async def test_nothing_is_shown_that_could_not_be_stored(
    desk: Desk, store: SqlStrategyStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.book.open(store)

    def broken(notices: object) -> object:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(store, "add_notices", broken)
    with pytest.raises(StorageError):
        await desk.book.post([fact("a", clock.ns)])
    assert desk.keys == [] and desk.listed == []


async def test_no_notice_while_the_past_is_looked_at(desk: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    store.add_notices([fact("early", clock.ns - 5 * HOUR), fact("late", clock.ns)])
    past = clock.ns - HOUR
    await desk.book.open(store, past)
    assert (desk.keys, desk.listed, desk.book.unread.last) == ([], ["signal:VCP:early"], 1)
    assert await desk.book.post([fact("then", past)]) == ()
    assert len(store.notices()) == 2
    await desk.book.look_at(None)
    assert desk.listed == ["signal:VCP:late", "signal:VCP:early"]
    assert len(await desk.book.post([fact("now", clock.ns)])) == 1


async def test_before_a_market_is_open_nothing_is_told(desk: Desk, clock: Clock) -> None:
    assert await desk.book.post([fact("a", clock.ns)]) == ()
    desk.book.mark_read()
    assert desk.keys == []


async def test_another_market_speaks_for_itself(desk: Desk, store: SqlStrategyStore, clock: Clock, other: Database) -> None:
    await desk.book.open(store)
    await desk.book.post([fact("a", clock.ns)])
    await desk.book.open(SqlStrategyStore(other, clock))
    assert (desk.listed, desk.book.unread.last) == ([], 0)
    await desk.book.post([fact("a", clock.ns)])
    assert desk.keys == ["signal:VCP:a", "signal:VCP:a"]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path / "other.db") as opened:
        yield opened


# -- quiet hours, switches, muting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "begin", "end", "quiet"),
    [
        (19, 20, 7, False), (20, 20, 7, True), (23, 20, 7, True), (6, 20, 7, True), (7, 20, 7, False),
        (12, 12, 13, True), (13, 12, 13, False), (11, 12, 13, False), (3, 8, 8, False),
    ],
)  # fmt: skip
def test_quiet_hours_reach_over_midnight(hour: int, begin: int, end: int, quiet: bool) -> None:
    assert is_quiet(kst_ns(day(0), hour), begin, end) is quiet


async def test_in_quiet_hours_facts_are_listed_but_not_shown(desk: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    clock.ns = kst_ns(day(0), 21)
    await desk.book.open(store)
    await desk.book.post([fact("a", clock.ns)])
    assert (desk.keys, desk.listed, desk.book.unread.last) == ([], ["signal:VCP:a"], 1)


@pytest.mark.parametrize(
    ("switch", "kind", "strategy"),
    [
        ("notices_vcp", "grade", "VCP"),
        ("notices_closing", "signal", "CLOSING_BET"),
        ("notices_day", "life", "DAY_TRADE"),
        ("notices_gate", "gate", ""),
        ("notices_near", "near", "VCP"),
    ],
)
async def test_what_is_switched_off_is_not_told(
    desk: Desk, store: SqlStrategyStore, clock: Clock, settings: Settings, switch: str, kind: str, strategy: str
) -> None:
    await desk.book.open(store)
    settings.values[switch] = False
    assert await desk.book.post([fact("a", clock.ns, kind=kind, strategy=strategy)]) == ()
    assert store.notices() == ()
    settings.values[switch] = True
    assert len(await desk.book.post([fact("a", clock.ns, kind=kind, strategy=strategy)])) == 1


async def test_a_muted_symbol_is_silent_for_its_minutes(desk: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    await desk.book.open(store)
    desk.book.mute("signal", "000010", 10)
    await desk.book.post([fact("a", clock.ns), fact("b", clock.ns, ticker="000020")])
    assert desk.keys == ["signal:VCP:b"]
    assert sorted(desk.listed) == ["signal:VCP:a", "signal:VCP:b"]
    await desk.book.post([fact("other", clock.ns, kind="grade")])
    clock.ns += 10 * 60_000_000_000
    await desk.book.post([fact("c", clock.ns)])
    desk.book.mute("signal", "", 5)  # the whole kind
    await desk.book.post([fact("d", clock.ns, ticker="000030")])
    desk.book.mute("signal", "", 0)
    await desk.book.post([fact("e", clock.ns, ticker="000030")])
    assert desk.keys == ["signal:VCP:b", "grade:VCP:other", "signal:VCP:c", "signal:VCP:e"]


# -- bursts ----------------------------------------------------------------------------------------------------------------


async def test_many_facts_of_one_kind_are_shown_as_one(desk: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    await desk.book.open(store)
    burst = [fact(name, clock.ns) for name in "abcd"]
    await desk.book.post([*burst, fact("x", clock.ns, kind="grade"), fact("y", clock.ns, kind="grade")])
    together, *single = desk.shown
    assert (together.id, together.key, together.ticker) == (0, "notice.group.signal.vcp", "")
    assert together.fields == {"count": 4, "names": "이름a, 이름b, 이름c", "names_en": "Namea, Nameb, Namec"}
    assert [record.dedup for record in single] == ["grade:VCP:x", "grade:VCP:y"]
    assert len(store.notices()) == 6 and all(record.shown for record in store.notices())


def test_the_gate_is_grouped_without_a_strategy() -> None:
    records = [fact(name, 1, kind="gate", strategy="") for name in "abc"]
    assert [record.key for record in grouped(records)] == ["notice.group.gate"]


# -- the reader ------------------------------------------------------------------------------------------------------------


async def test_reading_is_remembered(desk: Desk, second: Desk, store: SqlStrategyStore, clock: Clock) -> None:
    await desk.book.open(store)
    await desk.book.post([fact("a", clock.ns), fact("b", clock.ns)])
    ids = {record.dedup: record.id for record in desk.book.notices.last or ()}
    desk.book.mark_read([ids["signal:VCP:a"]])
    assert desk.book.unread.last == 1
    await desk.book.open(store)  # read again before the mark may have reached the repository
    assert desk.book.unread.last == 1
    await desk.book.close()
    await second.book.open(store)
    assert second.book.unread.last == 1
    second.book.mark_read()
    await second.book.close()
    assert [record.read for record in store.notices()] == [True, True]
