"""The running market put together as the program does it: built-in simulator, real client over loopback, live service."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import RalphStockError
from engine.model.instants import kst_ns
from engine.model.live import ConnectionState, QuoteSource
from engine.model.panel import MarketPanel
from engine.model.scan import ScanFlag
from ralphstock_desktop.app.live import KiwoomLinks, MemoryOnly
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.app.simulate import DatasetHistory
from ralphstock_desktop.app.simulation import _RATES
from ralphstock_desktop.live_ports import Credentials, DiagnosisStep, FeedPart
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.keystore import MemoryKeyStore
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
from ralphstock_desktop.services.live.recorder import FeedRecorder
from ralphstock_desktop.services.live.service import LiveService, LiveSettings
from ralphstock_desktop.services.live_contracts import ConnectionPlan, FeedStatus, LiveScan
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.wording.texts import Texts
from tests.providers.simulator_market.small_market import small_panel

CANARY = "canary-secret-5f1d"


def ordered_panel() -> MarketPanel:
    """The small market with its symbols in ascending order, as every panel has them."""
    panel = small_panel()
    order = np.argsort(panel.tickers)
    symbols = len(order)
    arrays = {
        item.name: value[order]
        for item in dataclasses.fields(panel)
        if isinstance(value := getattr(panel, item.name), np.ndarray) and item.name != "days" and len(value) == symbols
    }
    return dataclasses.replace(panel, **arrays)


class PanelDataset:
    """A data set of one panel in memory."""

    def __init__(self, panel: MarketPanel) -> None:
        self._panel = panel

    def quick_panel(self) -> MarketPanel:
        return self._panel

    def notices(self) -> tuple[str, ...]:
        return ()

    def minute_tickers(self) -> frozenset[str]:
        return frozenset()

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments, **_named: None


class World:
    """One program without a window."""

    def __init__(self, folder: Path, panel: MarketPanel, kind: str = "simulated") -> None:
        self.workers = Workers()
        self.problems: list[BaseException] = []
        self.settings = JsonSettings(folder / "settings.json", None)
        self.keys = MemoryKeyStore()
        self.tasks: list[asyncio.Task[Any]] = []
        self.workstation = WorkstationService(
            {kind: lambda: PanelDataset(panel)},
            self.workers,
            time.time_ns,
            folder,
            warm=False,  # type: ignore[dict-item]
        )

        def calendar() -> TradingCalendar:
            return load_calendar(folder / "calendar.json").trading

        self.links = KiwoomLinks(
            self.settings,
            self.workers,
            market=lambda: self.workstation.market.last,
            dataset=lambda: self.workstation.dataset,
            calendar=calendar,
            on_problem=self.problems.append,
            open_keys=lambda: self.keys,
        )
        self.live = LiveService(
            self.workstation.market,
            self.workstation.scans,
            self.links,
            lambda link, order: FeedRecorder(
                link.source, MemoryOnly(), order, link.clock.now_ns, time.time_ns, self.live.registry
            ),
            self.workers,
            calendar,
            time.time_ns,
            time.monotonic,
            lambda: self.workstation.rules,
            self.spawn,
            settings=LiveSettings(scan_s=0.2, status_s=0.2, demand_s=0.05),
        )
        self.workstation.live = self.live
        self.kind = kind

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._on_done)
        self.tasks.append(task)
        return task

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.problems.append(error)

    async def open(self) -> None:
        await self.workstation.start(self.kind)  # type: ignore[arg-type]
        await self.live.start()

    async def close(self) -> None:
        await self.live.close()
        await self.workstation.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.workers.close()

    async def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain; status {self.live.status.last}, problems {self.problems}"
            await asyncio.sleep(0.02)

    @property
    def status(self) -> FeedStatus:
        status = self.live.status.last
        assert status is not None
        return status


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path, ordered_panel())
    await world.open()
    try:
        yield world
    finally:
        await world.close()
    unexpected = [problem for problem in world.problems if not isinstance(problem, RalphStockError)]
    assert not unexpected, unexpected


@pytest.mark.asyncio
async def test_the_demo_market_goes_live_through_the_client_and_scores_follow(world: World) -> None:
    live = world.live
    scans: list[LiveScan] = []
    live.scans.subscribe(scans.append, replay=False)
    await world.until(lambda: world.live.status.last is not None and world.status.connection is ConnectionState.LIVE)
    live.want("table", [str(ticker) for ticker in live.board.tickers[:10]])  # type: ignore[union-attr]
    live.want("book", [str(live.board.tickers[0])], frozenset({FeedPart.TRADES, FeedPart.BOOK}))  # type: ignore[union-attr]
    simulation = live.simulation
    assert simulation is not None
    simulation.set_speed(60.0)
    await world.until(lambda: world.status.shown is QuoteSource.STREAM and (live.board.source == 3).sum() > 20)  # type: ignore[union-attr]
    board, ticker = live.board, str(live.board.tickers[0])  # type: ignore[union-attr]
    assert board is not None
    volume = board.volume_shares[0]
    await world.until(lambda: board.volume_shares[0] > volume)
    await world.until(lambda: live.book_of(ticker) is not None and len(live.tape_of(ticker)) > 5)
    await world.until(lambda: len(scans) > 2 and scans[-1].picture.scan.flags.astype(bool).any())
    last = scans[-1].picture
    # The panel is written on between two scans: a symbol that trades for the first time is flagged by the next one.
    traded = np.flatnonzero(last.panel.valid[:, -1])
    assert len(traded) > 20
    await world.until(lambda: bool((scans[-1].picture.scan.flags[traded] & ScanFlag.FORMING).all()))
    assert last.panel.close_krw[0, -1] <= board.high_krw[0]
    bar = live.forming_day(ticker)
    assert bar is not None
    assert bar.low <= bar.close <= bar.high
    await world.until(lambda: len(live.minutes_today(ticker)) > 25)  # back-filled from the open
    book = live.book_of(ticker)
    assert book is not None
    assert 0 < book.bid_krw[0] < book.ask_krw[0]
    # The gap before the registration is found, filled and proven.
    await world.until(lambda: live.gaps.last is not None and live.gaps.last.filled > 0, 40)


@pytest.mark.asyncio
async def test_a_lost_stream_falls_back_to_polling_and_comes_back(world: World) -> None:
    live = world.live
    await world.until(lambda: live.status.last is not None and world.status.shown is QuoteSource.STREAM)
    states: list[ConnectionState] = []
    shown: list[QuoteSource] = []
    live.status.subscribe(lambda status: (states.append(status.connection), shown.append(status.shown)))
    simulation = live.simulation
    assert simulation is not None
    simulation.set_speed(60.0)  # faults strike per frame
    simulation.set_fault("cut", True)
    await world.until(lambda: ConnectionState.WAITING in states)
    simulation.set_fault("cut", False)
    await world.until(lambda: world.status.connection is ConnectionState.LIVE and world.status.shown is QuoteSource.STREAM)
    assert QuoteSource.POLLED in shown
    report = live.health.last
    assert report is not None
    assert {service.name for service in report.services} >= {"kiwoom", "kiwoom_stream", "quote polling", "frames"}


@pytest.mark.asyncio
async def test_a_jump_of_the_clock_begins_the_day_anew(world: World) -> None:
    live = world.live
    await world.until(lambda: live.status.last is not None and world.status.shown is QuoteSource.STREAM)
    simulation = live.simulation
    assert simulation is not None
    simulation.set_speed(60.0)
    day = live.board.day  # type: ignore[union-attr]
    late, early = kst_ns(day, 15, 0), kst_ns(day, 9, 10)
    simulation.jump(late)
    await world.until(lambda: (live.board.at_ns[live.board.source >= 2] >= late - 60_000_000_000).sum() > 20)  # type: ignore[union-attr]
    volume = live.board.volume_shares.copy()  # type: ignore[union-attr]
    simulation.jump(early)
    await world.until(lambda: (live.board.source >= 2).sum() > 20 and (live.board.volume_shares < volume).sum() > 20)  # type: ignore[union-attr]
    board = live.board
    assert board is not None
    seen = board.source >= QuoteSource.POLLED
    assert (board.at_ns[seen] < late - 3_600_000_000_000).all(), "nothing of the later hour is left"
    await world.until(lambda: live.gaps.last is not None and live.gaps.last.filled > 25, 60)


@pytest.mark.asyncio
async def test_another_login_displaces_and_only_the_user_returns(world: World) -> None:
    live = world.live
    await world.until(lambda: live.status.last is not None and world.status.connection is ConnectionState.LIVE)
    simulation = live.simulation
    assert simulation is not None
    simulation.set_speed(60.0)
    simulation.set_fault("duplicate_login", True)
    await world.until(lambda: world.status.connection is ConnectionState.DISPLACED, 60)
    simulation.set_fault("duplicate_login", False)
    await asyncio.sleep(1.5)
    assert world.status.connection is ConnectionState.DISPLACED, "no fight with the other program"
    live.reconnect()
    await world.until(lambda: world.status.connection is ConnectionState.LIVE)


@pytest.mark.asyncio
async def test_a_broker_belongs_to_the_users_own_data(tmp_path: Path, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A server of the user's choice feeds the real market, says exactly what is wrong, and keeps no secret anywhere."""
    caplog.set_level(logging.DEBUG)
    await world.until(lambda: world.live.simulation is not None)
    address = world.live.simulation.base_url  # type: ignore[union-attr]
    with pytest.raises(RalphStockError) as refused:
        await world.live.connect(ConnectionPlan("custom", address, Credentials("app", CANARY)))
    assert refused.value.key == "error.connect.other_market"
    folder = tmp_path / "own"
    folder.mkdir()
    own = World(folder, dataclasses.replace(ordered_panel(), simulated=False), kind="real")
    await own.open()
    try:
        await own.until(lambda: own.live.status.last is not None)
        assert own.status.host is None
        assert own.status.shown is QuoteSource.STORED
        wrong = await own.live.test(ConnectionPlan("custom", address, Credentials("wrong-key", CANARY)))
        assert wrong.failed is DiagnosisStep.TOKEN
        assert wrong.error is not None
        assert wrong.error.key == "error.connect.wrong_key"
        plan = ConnectionPlan("custom", address, Credentials("app", CANARY))
        assert (await own.live.test(plan)).failed is None
        await own.live.connect(plan)
        await own.until(lambda: own.status.connection is ConnectionState.LIVE)
        assert own.links.remembered() == ConnectionPlan("custom", address)
        assert (await own.live.test(plan)).failed is None
        assert own.status.connection is ConnectionState.LIVE, "testing the link in use does not displace it"
        await own.live.disconnect()
        await own.until(lambda: own.status.host is None)
    finally:
        await own.close()
    texts = [caplog.text, *(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())]
    assert not [text for text in texts if CANARY in text]


def test_every_fault_of_the_simulator_has_a_switch_with_words_and_a_rate() -> None:
    for language in ("ko", "en"):
        texts = Texts(language)
        assert [fault for fault in Fault if f"simulation.fault.{fault.value}" not in texts] == []
    assert set(_RATES) == set(Fault) - {Fault.RESTART}, "a restart happens once"


def test_an_unfinished_recording_of_the_replayed_day_is_not_replayed() -> None:
    panel = ordered_panel()
    ticker = str(panel.tickers[0])
    last = panel.days[-1].astype("datetime64[D]").item()
    asked: list[str] = []

    class Database:
        @contextlib.contextmanager
        def read(self) -> Iterator[None]:
            asked.append("read")
            raise LookupError
            yield

    history = object.__new__(DatasetHistory)
    history.panel, history._with_minutes = panel, frozenset({ticker})
    history._database = Database()  # type: ignore[assignment]  # only whether it is asked matters
    assert history.minutes(ticker, last + timedelta(days=1)) is None, "the window was closed in the middle of that day"
    assert asked == []
    with pytest.raises(LookupError):
        history.minutes(ticker, last)
    assert asked == ["read"]
