"""A live source, ready to use, and who makes it: the composition root knows the vendors, the service does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from ralphstock_desktop.live_ports import Diagnosis, FeedSink, MarketClock, MarketSource, QuoteFeed, SourceMonitor
from ralphstock_desktop.services.live_contracts import ConnectionPlan, Host, SimulationControl

__all__ = ["LinkFactory", "LiveLink"]


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
