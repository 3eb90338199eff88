"""Puts the daily synchroniser of the user's own data together: broker or public data, news feeds, repository."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.calendar.trading_days import TradingCalendar
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.live_ports import MarketSource, NewsSource, SourceMonitor
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture, SettingsStore
from ralphstock_desktop.services.live.links import LiveLink
from ralphstock_desktop.services.live_contracts import SyncState
from ralphstock_desktop.services.workers import Workers

if TYPE_CHECKING:
    from ralphstock_desktop.services.sync import Synchroniser
    from ralphstock_desktop.services.sync_world import Spawn

__all__ = ["sync_maker"]


class _Finish:
    """Tells when a synchronisation that was seen running has ended."""

    def __init__(self, on_finished: Callable[[], object]) -> None:
        self._on_finished = on_finished
        self._was_running = False

    def hear(self, state: SyncState) -> None:
        running = state.state in ("planning", "running", "stopping")
        if self._was_running and not running:
            self._on_finished()
        self._was_running = running


def sync_maker(
    settings: SettingsStore,
    workers: Workers,
    monitor: SourceMonitor,
    spawn: Spawn,
    *,
    open_real: Callable[[], Awaitable[object]],
    market: Channel[MarketPicture],
    calendar: Callable[[], TradingCalendar],
    visible: Callable[[], Sequence[str]],
    on_new_data: Callable[[], Awaitable[None]],
) -> Callable[[LiveLink | None], Awaitable[Synchroniser | None]]:
    """Return how the synchroniser of the user's own data is made.

    Parameters
    ----------
    open_real : callable
        Opens the user's repository.
    market : Channel
        The market looked at, for the names that news mention.
    visible : callable
        Tickers on screen, most wanted first.
    on_new_data : callable
        Shows what was stored, after a run.

    Notes
    -----
    A broker's link keeps the repository up to date. A server of the user's own choice does not: it may replay any day. Without
    a link public data do, if the settings say so.
    """

    def names() -> Mapping[str, str]:
        picture = market.last
        if picture is None:
            return {}
        return {str(name): str(ticker) for name, ticker in zip(picture.panel.names, picture.panel.tickers, strict=True) if name}

    def news() -> NewsSource | None:
        addresses = str(settings.get("news_feeds")).split()
        if not addresses:
            return None
        from ralphstock_desktop.providers.public_data.news import FeedNews

        return FeedNews(addresses, time.time_ns, monitor, names)

    async def make(link: LiveLink | None) -> Synchroniser | None:
        from ralphstock_desktop.data.job_store import SqlJobStore
        from ralphstock_desktop.data.sync_store import SqlSyncStore
        from ralphstock_desktop.services.sync import Synchroniser
        from ralphstock_desktop.services.sync_plan import SyncRates
        from ralphstock_desktop.services.sync_world import SyncWorld

        source: MarketSource
        rates: SyncRates | None = None
        if link is not None and link.host in ("real", "mock"):
            source = link.source
        elif link is None and settings.get("daily_source") == "public":
            from ralphstock_desktop.providers.public_data.source import PublicDataSource

            source = PublicDataSource(time.time_ns, monitor)
            rates = SyncRates(per_kind_per_s=1, total_per_s=1, listing_per_s=1, close_requests=0)
        else:
            return None
        dataset = await open_real()
        if not isinstance(dataset, RealDataset) or dataset.simulated:
            return None
        database = await workers.read(lambda: dataset.database)
        world = SyncWorld(
            store=SqlSyncStore(database),
            jobs=SqlJobStore(database),
            calendar=await workers.read(calendar),
            sessions=DEFAULT_SESSIONS,
            order=visible,
            workers=workers,
            now_ns=time.time_ns if link is None else link.clock.now_ns,
            monitor=monitor,
            spawn=spawn,
        )
        sync = Synchroniser(source, world, news=news(), rates=rates)

        async def take() -> None:
            await on_new_data()

        finish = _Finish(lambda: spawn(take(), "show new data"))
        sync.state.subscribe(lambda state: finish.hear(state), replay=False)
        return sync

    return make
