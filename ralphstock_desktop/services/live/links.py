"""What the live service is put together from: a source ready to use, its recorder, its synchroniser, and who makes them.

The composition root knows the vendors, the service does not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ralphstock_desktop.live_ports import Diagnosis, FeedSink, MarketClock, MarketSource, QuoteFeed, SourceMonitor
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live.hub import TradeKeeper
from ralphstock_desktop.services.live_contracts import (
    ConnectionPlan,
    FormingBar,
    GapReport,
    Host,
    SimulationControl,
    SyncControl,
)

__all__ = ["LinkFactory", "LiveLink", "MakeRecorder", "MakeSync", "Recorder", "Synchronises"]


@dataclass(frozen=True, eq=False)
class LiveLink:
    """One configured source: its stream, its requests, its clock."""

    host: Host
    feed: QuoteFeed
    source: MarketSource
    clock: MarketClock
    simulation: SimulationControl | None
    close: Callable[[], Awaitable[None]]
    """Ends requests and whatever was started for it (such as the built-in simulator)."""
    refresh: Callable[[], None] = lambda: None
    """Called once a second, for what the source tells of itself."""
    jumps: Callable[[], int] = lambda: 0
    """How often the market's clock was set to another instant: what was known of the day then says nothing any more."""


class LinkFactory(Protocol):
    """Makes live sources from what the user chose."""

    async def make(self, plan: ConnectionPlan, sink: FeedSink, monitor: SourceMonitor) -> LiveLink:
        """Prepare a source; no login happens yet.

        Raises
        ------
        RalphStockError
            If it cannot be used at all (no key, no data to simulate).
        """
        ...

    async def test(self, plan: ConnectionPlan) -> Diagnosis:
        """Try a connection step by step."""
        ...

    def remembered(self) -> ConnectionPlan | None:
        """Return what was used last; None if nothing was or it cannot be used without asking."""
        ...

    def remember(self, plan: ConnectionPlan | None) -> None:
        """Keep the choice for the next start; secrets go to the key store. None forgets it."""
        ...


class Recorder(TradeKeeper, Protocol):
    """Keeps what was received, proves that nothing is missing, back-fills what is."""

    gaps: Channel[GapReport]

    def start_day(self, day: date, open_ns: int, close_ns: int | None = None) -> None: ...
    async def run(self) -> None: ...
    async def flush(self) -> None: ...
    def minutes_of(self, ticker: str) -> tuple[FormingBar, ...]: ...
    def has_gap(self, ticker: str) -> bool: ...


class Synchronises(SyncControl, Protocol):
    """A synchroniser with its schedule."""

    async def run(self) -> None: ...


MakeSync = Callable[[LiveLink | None], Awaitable[Synchronises | None]]
"""Makes what keeps the user's repository up to date from a link, or without one; None where nothing can."""

MakeRecorder = Callable[[LiveLink, Callable[[], Sequence[str]]], Recorder]
"""Makes a recorder for a link; the callable gives the order in which gaps are filled (what is on screen first)."""
