"""Watch lists over a real repository: order, notes, names, limits, other markets, a repository that cannot be read."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest

import ralphstock_desktop.services.watch_names as watch_names
from engine.model.errors import DataUnavailable, ValidationFailed
from ralphstock_desktop.assistant_ports import WatchEntry
from ralphstock_desktop.services.watching import WatchService
from tests.services.watching.watch_desk import Desk


def shown(watch: WatchService, name: str = "관심종목") -> list[str]:
    return [entry.ticker for entry in watch.lists.last or () if entry.list_name == name]


async def key_of(work: Any) -> str:
    with pytest.raises(ValidationFailed) as caught:
        await work
    return caught.value.key


async def test_add_move_annotate_remove_and_after_a_restart(desk: Desk) -> None:
    watch = await desk.start()
    for ticker in ("000010", "000020", "000030", "000020"):
        await watch.add(ticker)
    assert shown(watch) == ["000010", "000020", "000030"]
    await watch.move("000030", "", 0)
    await watch.move("000010", "", 99)
    await watch.annotate("000020", "", "  메모  ")
    assert shown(watch) == ["000030", "000020", "000010"]
    again = await desk.start()
    assert shown(again) == ["000030", "000020", "000010"]
    entries = again.lists.last or ()
    assert [(entry.position, entry.note, entry.added_ns) for entry in entries] == [
        (0, "", desk.clock.ns), (1, "메모", desk.clock.ns), (2, "", desk.clock.ns),
    ]  # fmt: skip
    await again.remove("000020")
    await again.remove("000020")
    assert [entry.position for entry in again.lists.last or ()] == [0, 1]


async def test_a_list_is_written_as_a_whole_and_an_empty_one_is_gone(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add("000010", "A")
    before = watch.lists.last or ()
    await watch.set_list("A", ())
    assert watch.lists.last == ()
    await watch.set_list("A", [replace(before[0], note="x"), WatchEntry("A", "000030", 7, "", 1)])
    assert [(entry.ticker, entry.position, entry.note) for entry in desk.store().watch_lists()] == [
        ("000010", 0, "x"), ("000030", 1, ""),
    ]  # fmt: skip


async def test_names(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add("000010", " 반도체 ")
    await watch.add("000020", unicodedata.normalize("NFD", "반도체"))
    assert shown(watch, "반도체") == ["000010", "000020"], "however the name was typed, it is the same list"
    await watch.add("000030", "x" * 39 + " y")
    assert shown(watch, "x" * 39) == ["000030"]
    await watch.rename("반도체", "칩\n1")
    assert shown(watch, "칩 1") == ["000010", "000020"] and shown(watch, "반도체") == []
    assert await key_of(watch.rename("칩 1", "x" * 39)) == "error.watch.name"
    assert await key_of(watch.rename("칩 1", "  ")) == "error.watch.name"
    await watch.rename("칩 1", "칩 1")
    assert shown(watch, "칩 1") == ["000010", "000020"]


async def test_limits_and_unknown_symbols(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = await desk.start()
    assert await key_of(watch.add("999990")) == "error.watch.symbol"
    monkeypatch.setattr(watch_names, "_MOST_ENTRIES", 2)
    monkeypatch.setattr(watch_names, "_MOST_LISTS", 1)
    await watch.add("000010")
    await watch.add("000020")
    assert await key_of(watch.add("000030")) == "error.watch.full"
    assert await key_of(watch.add("000030", "B")) == "error.watch.full"


async def test_a_delisted_symbol_stays_until_the_user_takes_it_off(desk: Desk) -> None:
    desk.store().set_watch_list("관심종목", [WatchEntry("관심종목", "999990", 0, "", 1)])
    watch = await desk.start()
    await watch.add("000010")
    assert shown(watch) == ["999990", "000010"]
    await watch.remove("999990")
    assert shown(watch) == ["000010"]


async def test_each_market_has_its_own(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add("000010")
    desk.look(kind="simulated")
    await watch.idle()
    assert watch.lists.last == ()
    await watch.add("000020")
    desk.look(kind="real")
    desk.look(kind="simulated")
    desk.look(kind="real")
    await watch.idle()
    assert shown(watch) == ["000010"] and shown(await desk.start()) == ["000010"]
    assert [entry.ticker for entry in desk.store("simulated").watch_lists()] == ["000020"]


async def test_what_cannot_be_read_is_a_failure_and_can_be_read_again(desk: Desk) -> None:
    watch = await desk.start()
    await watch.add("000010")
    desk.broken = True
    again = await desk.start()
    assert again.trouble.last is not None and again.trouble.last.key == "error.storage.read"
    with pytest.raises(DataUnavailable):
        await again.add("000020")
    desk.broken = False
    again.reload()
    await again.idle()
    assert shown(again) == ["000010"]
    assert again.trouble.last is None
