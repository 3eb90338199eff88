"""Puts the running market together: key store, broker's client or built-in simulator, recorder, live service.

The only place that knows which vendor stands behind :class:`~ralphstock_desktop.services.live.links.LinkFactory`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.live import MISSING, IndexTick
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.app.sync import sync_maker
from ralphstock_desktop.live_ports import Credentials, Diagnosis, FeedSink, KeyStore, MarketClock, SourceMonitor
from ralphstock_desktop.ports import Dataset, MinuteBatch
from ralphstock_desktop.services.contracts import MarketPicture, SettingsStore
from ralphstock_desktop.services.live.links import LiveLink
from ralphstock_desktop.services.live.recorder import FeedRecorder, MinuteStore, WorkerStore
from ralphstock_desktop.services.live.service import LiveService
from ralphstock_desktop.services.live_contracts import ConnectionPlan
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService

if TYPE_CHECKING:
    from ralphstock_desktop.app.simulation import BuiltInSimulation
    from ralphstock_desktop.providers.kiwoom.tokens import TokenOwners

__all__ = ["KiwoomLinks", "MachineClock", "open_live", "recorder_maker", "stored_indices"]

_HOSTS: Final = {"real": "https://api.kiwoom.com", "mock": "https://mockapi.kiwoom.com"}
_DEMO_KEY: Final = Credentials("demo", "demo")
"""The simulator takes any key."""
_CLOCK_SLACK_S: Final = 3.0
_MOST_OFF_S: Final = 86_400.0
"""A server whose clock is further off says nothing of the time."""
_INDICES: Final = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI200", "USDKRW": "USDKRW"}

KeyPlace = Literal["real", "mock", "custom"]


class MachineClock:
    """The clock of a real market: this machine's, set right by what the server's answers say where they clearly differ.

    Parameters
    ----------
    on_corrected : callable
        Told by how many seconds this machine's clock is behind (negative: ahead), when that changed.
    machine_ns : callable
        This machine's clock, UTC nanoseconds.
    """

    speed = 1.0

    def __init__(
        self, on_corrected: Callable[[float], None] = lambda _: None, machine_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._on_corrected, self._machine_ns = on_corrected, machine_ns
        self._offset_s: Callable[[], float | None] = lambda: None
        self._used_s = 0.0

    def follow(self, offset_s: Callable[[], float | None]) -> None:
        """Take the server's clock minus this machine's from here; None while it is not known."""
        self._offset_s = offset_s

    def now_ns(self) -> int:
        """The market's time."""
        offset_s = self._offset_s()
        if offset_s is not None and abs(offset_s - self._used_s) > _CLOCK_SLACK_S and abs(offset_s) <= _MOST_OFF_S:
            # Below the slack it is the network's delay and the whole seconds of the answers, not the clock.
            self._used_s = offset_s if abs(offset_s) > _CLOCK_SLACK_S else 0.0
            self._on_corrected(self._used_s)
        return self._machine_ns() + round(self._used_s * 1e9)


class KiwoomLinks:
    """See :class:`ralphstock_desktop.services.live.links.LinkFactory`.

    Parameters
    ----------
    settings : SettingsStore
        Keeps which host was used last; never a secret.
    market : callable
        The market looked at, for the built-in simulator.
    dataset : callable
        The data set of the simulated market.
    calendar : callable
        Gives the trading calendar; called on a worker.
    on_problem : callable
        Told, on the simulator's thread, of an error that ended it.
    open_keys : callable
        Opens the key store; called when a key is first needed, since it may ask the system.
    """

    def __init__(
        self,
        settings: SettingsStore,
        workers: Workers,
        *,
        market: Callable[[], MarketPicture | None],
        dataset: Callable[[], Dataset | None],
        calendar: Callable[[], TradingCalendar],
        on_problem: Callable[[RalphStockError], None],
        open_keys: Callable[[], KeyStore],
    ) -> None:
        self._settings, self._workers, self._open_keys = settings, workers, open_keys
        self._market, self._dataset, self._read_calendar, self._on_problem = market, dataset, calendar, on_problem
        self._calendar: TradingCalendar | None = None
        self._keys: KeyStore | None = None
        self._owners: TokenOwners | None = None
        self._live_address: tuple[str, str] | None = None
        """Address and key of the link in use: a test of the same one must not displace it."""

    # -- what was used last ---------------------------------------------------------------------------------------------

    def remembered(self) -> ConnectionPlan | None:
        """Return the last choice; None if there was none."""
        host = self._settings.get("live_host")
        if host == "none":
            return None
        return ConnectionPlan(_place(str(host)), base_url=str(self._settings.get("live_url")))

    def remember(self, plan: ConnectionPlan | None) -> None:
        """Keep the choice; the secret goes to the key store."""
        self._settings.set("live_host", "none" if plan is None else plan.host)
        self._settings.set("live_url", "" if plan is None else plan.base_url)
        if plan is not None and plan.credentials is not None and plan.host != "simulator":
            self._key_store().save(plan.host, plan.credentials)

    def _key_store(self) -> KeyStore:
        if self._keys is None:
            self._keys = self._open_keys()
        return self._keys

    # -- making ---------------------------------------------------------------------------------------------------------

    async def make(self, plan: ConnectionPlan, sink: FeedSink, monitor: SourceMonitor) -> LiveLink:
        """Prepare a source."""
        if self._calendar is None:
            self._calendar = await self._workers.read(self._read_calendar)
        if plan.host == "simulator":
            simulation = await self._simulation(self._calendar)
            return self._link(plan, simulation.base_url, _DEMO_KEY, sink, monitor, simulation.clock, simulation)
        base_url = self._address(plan)
        credentials = await self._credentials(plan)
        return self._link(plan, base_url, credentials, sink, monitor, None, None)

    async def _simulation(self, calendar: TradingCalendar) -> BuiltInSimulation:
        from ralphstock_desktop.app.simulation import BuiltInSimulation, history_of, next_trading_day

        picture = self._market()
        if picture is None:
            raise DataUnavailable("There is no market to replay yet.", key="error.simulator.empty")
        panel = picture.panel
        simulation = BuiltInSimulation(panel, next_trading_day(panel, calendar), self._on_problem)
        await self._workers.compute(lambda: simulation.start(history_of(self._dataset(), panel)))
        return simulation

    async def test(self, plan: ConnectionPlan) -> Diagnosis:
        """Try a connection; the stream step is left out for the login that is in use."""
        from ralphstock_desktop.providers.kiwoom.diagnosis import diagnose

        base_url = self._address(plan)
        credentials = await self._credentials(plan)
        in_use = (base_url, credentials.app_key) == self._live_address
        return await diagnose(
            base_url,
            credentials,
            now_ns=time.time_ns,
            tokens=self._token_owners().owner(base_url, credentials) if in_use else None,
            with_stream=not in_use,
        )

    def _link(
        self,
        plan: ConnectionPlan,
        base_url: str,
        credentials: Credentials,
        sink: FeedSink,
        monitor: SourceMonitor,
        simulated: MarketClock | None,
        simulation: BuiltInSimulation | None,
    ) -> LiveLink:
        from ralphstock_desktop.providers.kiwoom.limits import LimitPlan
        from ralphstock_desktop.providers.kiwoom.rest import SOURCE, open_rest
        from ralphstock_desktop.providers.kiwoom.source import KiwoomSource
        from ralphstock_desktop.providers.kiwoom.stream import KiwoomStream
        from ralphstock_desktop.providers.kiwoom.transport import stream_url

        owner = self._token_owners().owner(base_url, credentials)
        rest = open_rest(base_url, owner, monitor, now_ns=time.time_ns, limits=LimitPlan.for_host(plan.host))
        clock = simulated
        if clock is None:
            clock = real = MachineClock(
                lambda seconds: monitor.note(SOURCE, "health.note.kiwoom_clock", seconds=round(seconds))
            )
            real.follow(lambda: rest.steady_clock_offset_s)
        source = KiwoomSource(rest, clock.now_ns, calendar=self._calendar, monitor=monitor)
        stream = KiwoomStream(stream_url(base_url), owner, sink, monitor, market_ns=clock.now_ns, machine_ns=time.time_ns)
        self._live_address = (base_url, credentials.app_key)

        async def close() -> None:
            self._live_address = None
            await source.close()
            if simulation is not None:
                await self._workers.compute(simulation.stop)

        refresh = simulation.refresh if simulation is not None else (lambda: None)
        jumps = (lambda: simulation.clock.jumps) if simulation is not None else (lambda: 0)
        return LiveLink(plan.host, stream, source, clock, simulation, close, refresh, jumps)

    def _address(self, plan: ConnectionPlan) -> str:
        if plan.host == "custom":
            if not plan.base_url:
                raise ValidationFailed(
                    "The address of the server is missing; http://127.0.0.1:8700 and the like are expected.",
                    key="error.connect.no_address",
                )
            return plan.base_url
        if plan.host not in _HOSTS:
            raise ValidationFailed(f"'{plan.host}' is no host of the broker.", key="error.connect.no_address")
        return _HOSTS[plan.host]

    async def _credentials(self, plan: ConnectionPlan) -> Credentials:
        if plan.credentials is not None:
            return plan.credentials
        found = await self._workers.read(lambda: self._key_store().load(_place(plan.host)))
        if found is None:
            raise DataUnavailable(
                "No key is stored for this host; enter it in the connect dialog or set the environment variables.",
                key="error.connect.no_key",
                host=plan.host,
            )
        return found

    def _token_owners(self) -> TokenOwners:
        if self._owners is None:
            from ralphstock_desktop.providers.kiwoom.tokens import TokenOwners

            self._owners = TokenOwners(time.time_ns)
        return self._owners


def _place(host: str) -> KeyPlace:
    return "real" if host == "real" else "mock" if host == "mock" else "custom"


def recorder_maker(
    dataset: Callable[[], RealDataset], workers: Workers, monitor: SourceMonitor, machine_ns: Callable[[], int]
) -> Callable[[LiveLink, Callable[[], Sequence[str]]], FeedRecorder]:
    """Return how a recorder is made for a link: broker and built-in simulator write into their own market's repository.

    A server of the user's own choice may replay any day; what it sends is kept in memory only and never enters the user's data.
    """

    def make(link: LiveLink, order: Callable[[], Sequence[str]]) -> FeedRecorder:
        now_ns = link.clock.now_ns
        if link.host == "custom":
            store: MinuteStore = MemoryOnly()
        else:
            held = dataset()
            store = WorkerStore(
                held.unit_of_work, lambda ticker, since_ns: held.minutes_between(ticker, since_ns, now_ns()), workers.job
            )
        return FeedRecorder(link.source, store, order, now_ns, machine_ns, monitor)

    return make


class MemoryOnly:
    """A minute store that keeps nothing."""

    async def write(self, batch: MinuteBatch) -> None:
        """Forget."""

    async def stored(self, ticker: str, since_ns: int) -> MinuteBatch | None:
        """Know nothing."""
        del ticker, since_ns
        return None


def stored_indices(dataset: Callable[[], RealDataset], market: Callable[[], MarketPicture | None]) -> list[IndexTick]:
    """Read the last stored levels of the strip's indices and USD/KRW; what is not stored is left out."""
    picture = market()
    if picture is None:
        return []
    found = []
    for code, name in _INDICES.items():
        batch = dataset().index_days(name)
        if batch is None or len(batch.day) < 2:
            continue
        level, before = float(batch.close[-1]), float(batch.close[-2])
        day = batch.day[-1].astype("datetime64[D]").item()
        found.append(
            IndexTick(
                code=code,
                at_ns=DEFAULT_SESSIONS.official_bar_ns(day),
                level=level,
                change=level - before,
                change_pct=100.0 * (level / before - 1.0),
                open=float(batch.open[-1]),
                high=float(batch.high[-1]),
                low=float(batch.low[-1]),
                volume_shares=MISSING,
                value_krw=MISSING,
                received_ns=0,
            )
        )
    return found


def open_live(
    workstation: WorkstationService,
    settings: SettingsStore,
    workers: Workers,
    folders: Folders,
    spawn: Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]],
    on_problem: Callable[[RalphStockError], None],
) -> LiveService:
    """Put the live service of a window together.

    Parameters
    ----------
    spawn : callable
        Runs a named, supervised task.
    on_problem : callable
        Told, on another thread, of an error that ended the built-in simulator.
    """

    def dataset() -> RealDataset:
        held = workstation.dataset
        if not isinstance(held, RealDataset):
            raise DataUnavailable("No market is open.", key="error.connect.not_connected")
        return held

    def calendar() -> TradingCalendar:
        from ralphstock_desktop.providers.calendar_xkrx import load_calendar

        return load_calendar(folders.config / "calendar.json").trading

    def open_keys() -> KeyStore:
        from ralphstock_desktop.providers.keystore import open_key_store

        return open_key_store()

    links = KiwoomLinks(
        settings,
        workers,
        market=lambda: workstation.market.last,
        dataset=lambda: workstation.dataset,
        calendar=calendar,
        on_problem=on_problem,
        open_keys=open_keys,
    )
    service = LiveService(
        workstation.market,
        workstation.scans,
        links,
        lambda link, order: make_recorder(link, order),
        workers,
        calendar,
        time.time_ns,
        time.monotonic,
        lambda: workstation.rules,
        spawn,
        lambda: stored_indices(dataset, lambda: workstation.market.last),
        lambda link: make_sync(link),
    )
    make_recorder = recorder_maker(dataset, workers, service.registry, time.time_ns)
    make_sync = sync_maker(
        settings,
        workers,
        service.registry,
        spawn,
        open_real=lambda: workstation.open_dataset("real"),
        market=workstation.market,
        calendar=calendar,
        visible=service.visible_tickers,
        on_new_data=lambda: workstation.take_new_data("real"),
    )
    return service
