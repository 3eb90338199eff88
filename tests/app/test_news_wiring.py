"""Collecting news as the settings say: from a local feed into the user's own market, and only while that is on screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio
from aiohttp import web

from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.app.news import NewsWiring
from ralphstock_desktop.providers.news import polite
from tests.providers.news.loopback import Clock, Heard, Server, rss, xml
from tests.services.strategy.small_market import BEFORE, Template
from tests.services.strategy.world import World


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("market") / "stored")


@pytest.fixture(autouse=True)
def _no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    found = Server(Clock())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


class Desk:
    """A program with its news wiring."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heard = Heard()
        self.wiring = NewsWiring(world.workstation, world.strategies, world.settings, world.workers, self.heard, world.spawn)

    @property
    def names(self) -> set[str]:
        """Collectors that run."""
        return set(self.wiring.service._tasks)

    async def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < end, f"waited in vain; {self.wiring.service.states.last} {self.heard.failures}"
            await asyncio.sleep(0.01)

    async def applied(self) -> None:
        """Wait until changes of market and settings have been taken."""
        while any(task.get_name() == "news collectors" for task in asyncio.all_tasks()):
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def desk(stored: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    real, demo = stored.copy_to(tmp_path / "real"), stored.copy_to(tmp_path / "demo")
    async with World(real, other=demo, now=AsOf.at(BEFORE, 20, 30)) as world:
        clock, client = Clock(), polite.PoliteClient
        monkeypatch.setattr("ralphstock_desktop.app.news.time", SimpleNamespace(time_ns=world.clock))
        monkeypatch.setattr(
            polite, "PoliteClient", lambda monitor: client(monitor, monotonic=clock.monotonic, sleep=clock.sleep)
        )
        found = Desk(world)
        found.wiring.start()
        yield found
        await found.wiring.close()
        await found.applied()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("news")]


def _feed(server: Server, *titles: str, minute: int = 0) -> str:
    when = kst_datetime(AsOf.at(BEFORE, 20, minute).instant_ns).strftime("%a, %d %b %Y %H:%M:%S +0900")
    entries = [(title, f"https://n.example/{number}", when) for number, title in enumerate(titles)]
    return server.put("/feed", xml(rss(*entries)))


async def test_without_any_source_nothing_is_collected(desk: Desk) -> None:
    await desk.applied()
    assert desk.names == set() and not desk.wiring.service.is_running


async def test_a_feed_is_stored_and_the_news_on_screen_change(desk: Desk, server: Server) -> None:
    """The program was started at 20:30; what is published at 20:31 is on screen without anybody scanning."""
    world = desk.world
    news = world.strategies.news.last
    assert news is not None and news.as_of == AsOf.at(BEFORE, 20, 30)
    panel = world.panel
    row = int(world.strategies.closing.last.scan.order[0])  # type: ignore[union-attr]
    name, ticker = str(panel.names[row]), str(panel.tickers[row])
    world.set_clock(BEFORE, 20, 32)
    world.settings.set("news_feeds", _feed(server, f"{name}, 대규모 수주 공시", minute=31))
    await desk.until(lambda: world.rows("SELECT 1 FROM news WHERE canonical_url = 'https://n.example/0'"))
    await desk.until(lambda: world.strategies.news.last is not news)
    await world.settled()
    after = world.strategies.news.last
    assert after is not None and after.items[0].title == f"{name}, 대규모 수주 공시" and after.items[0].tickers == (ticker,)
    assert after.as_of == AsOf.at(BEFORE, 20, 32), "the present has gone on"
    scored = world.strategies.news_of(ticker)
    assert scored is not None and after.items[0].title in {cluster.representative.title for cluster in scored.clusters}
    assert world.workstation.scans.last is not None and world.workstation.scans.last.scan.as_of == AsOf.at(BEFORE, 20, 30)
    assert _shown_together(world)
    assert desk.heard.succeeded_by


def _shown_together(world: World) -> bool:
    found = world.strategies
    assert found.gate.last is not None and found.closing.last is not None and found.news.last is not None
    return found.gate.last.reading.as_of == found.closing.last.scan.as_of == found.news.last.as_of


async def test_what_is_collected_while_the_past_is_looked_at_is_not_shown_there(desk: Desk, server: Server) -> None:
    world = desk.world
    await world.look_at(BEFORE, 11)
    before = world.strategies.news.last
    assert before is not None
    world.set_clock(BEFORE, 20, 32)
    world.settings.set("news_feeds", _feed(server, "새 소식", minute=31))
    await desk.until(lambda: world.rows("SELECT 1 FROM news WHERE canonical_url = 'https://n.example/0'"))
    await desk.until(lambda: world.strategies.news.last is not before)
    await world.settled()
    after = world.strategies.news.last
    assert after is not None and after.as_of == before.as_of
    assert [item.url for item in after.items] == [item.url for item in before.items]


async def test_the_made_up_market_collects_nothing_and_lends_no_names(desk: Desk, server: Server) -> None:
    world = desk.world
    world.settings.set("news_feeds", _feed(server, "새 소식"))
    await desk.applied()
    assert len(desk.names) == 1
    mine = desk.wiring._names()
    assert len(mine) == len(world.panel.tickers)
    await world.workstation.switch_dataset("simulated")
    await desk.applied()
    assert desk.names == set()
    kept = desk.wiring._known_names
    assert desk.wiring._names() is kept and kept == mine, "the last names of the user's own market"
    world.settings.set("news_feeds", "")
    await desk.applied()
    assert desk.names == set(), "settings alone start nothing there"
    world.settings.set("news_feeds", server.base + "/feed")
    await world.workstation.switch_dataset("real")
    await desk.applied()
    assert len(desk.names) == 1


async def test_a_market_that_is_changed_twice_at_once_ends_with_the_last_one(desk: Desk, server: Server) -> None:
    """The collectors of the first change must not start after the second one has stopped them."""
    world = desk.world
    world.settings.set("news_feeds", _feed(server, "새 소식"))
    await desk.applied()
    picture = world.workstation.market.last
    assert picture is not None
    other = replace(picture, kind="simulated")
    for pictures in ((other, picture, other), (picture, other), (picture, other, picture, other)):
        for fact in pictures:
            desk.wiring._on_market(fact)
        await desk.applied()
        assert desk.names == set()
    desk.wiring._on_market(picture)
    await desk.applied()
    assert len(desk.names) == 1


async def test_settings_change_the_sources(desk: Desk, server: Server, tmp_path: Path) -> None:
    world = desk.world
    folder = tmp_path / "files"
    folder.mkdir()
    world.settings.set("news_folder", str(folder))
    await desk.applied()
    first = desk.names
    assert len(first) == 1
    world.settings.set("news_feeds", f"{_feed(server, '새 소식')} {server.base}/other")
    await desk.applied()
    assert len(desk.names) == 3 and first < desk.names
    world.settings.set("news_folder", "")
    world.settings.set("news_feeds", "")
    await desk.applied()
    assert desk.names == set()


async def test_an_address_that_is_none_is_told_and_the_others_go_on(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    desk.world.settings.set("news_folder", str(folder))
    desk.world.settings.set("news_feeds", "file:///etc/passwd")
    await desk.applied()
    assert "notice.news_feed_address" in desk.world.texts
    assert len(desk.names) == 1


async def test_that_somebody_looked_and_found_nothing_is_shown(
    stored: Template, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a collector the news are missing; with one that finds none there are none (domain.md §6.1)."""
    later = AsOf.at(BEFORE.replace(day=22), 12)
    async with World(stored.copy_to(tmp_path / "real"), now=later) as world:
        client = polite.PoliteClient
        clock = Clock()
        monkeypatch.setattr("ralphstock_desktop.app.news.time", SimpleNamespace(time_ns=world.clock))
        monkeypatch.setattr(
            polite, "PoliteClient", lambda monitor: client(monitor, monotonic=clock.monotonic, sleep=clock.sleep)
        )
        desk = Desk(world)
        desk.wiring.start()
        assert world.strategies.news.last is not None and not world.strategies.news.last.collected
        world.settings.set("news_feeds", server.put("/feed", xml(rss())))
        await desk.until(lambda: world.strategies.news.last.collected)  # type: ignore[union-attr]
        await world.settled()
        state = desk.wiring.service.states.last
        assert state and state[0].items == 0 and not state[0].error_key
        await desk.wiring.close()


async def test_closing_ends_what_a_change_had_just_begun(desk: Desk, server: Server) -> None:
    desk.world.settings.set("news_feeds", _feed(server, "새 소식"))
    await desk.wiring.close()
    await desk.applied()
    assert desk.names == set()
