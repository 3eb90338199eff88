"""What is known of one symbol's day in accumulated volume: the covered line, its holes, and what a trade must fulfil."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model.live import MISSING, TradeTick
from ralphstock_desktop.services.live_contracts import Gap, GapState

__all__ = ["JUMP_NS", "UNITS", "Hole", "Track", "gaps_of", "is_consistent", "is_near"]

JUMP_NS = 30_000_000_000
"""Steps in a symbol's time from which they are remembered."""
UNITS = 100
"""Volume that grows by this factor at once is in other units, until it is confirmed."""
_JUMPS_KEPT = 8
_ROUNDING_KRW = 1_000_000
"""The feed rounds the accumulated value to a million won."""


class Hole:
    """Volume of a symbol that was traded but not received."""

    __slots__ = ("end_ns", "found_ns", "high", "loose", "low", "reason", "start_ns", "state")

    def __init__(self, low: int, high: int, start_ns: int, end_ns: int, found_ns: int, reason: str, *, loose: bool = False):
        self.low, self.high = low, high
        self.start_ns, self.end_ns = start_ns, end_ns
        self.found_ns, self.reason = found_ns, reason
        self.state: GapState = "open"
        self.loose = loose
        """Trades seen between start and end cannot be trusted: only sums count when it is filled."""


class Track:
    """What is known of one symbol today. ``holes`` are sorted by volume and do not touch."""

    __slots__ = (
        "at_ns",
        "base",
        "contradicted",
        "covered_ns",
        "final",
        "found_ns",
        "growing",
        "holes",
        "jumps",
        "last",
        "odd_volume",
        "price",
        "range",
        "reason",
        "released",
        "rival_count",
        "rival_low",
        "rival_top",
        "serial",
        "tail_state",
        "top",
    )

    def __init__(self, at_ns: int) -> None:
        self.top = 0
        """Newest accumulated volume."""
        self.at_ns = at_ns
        """Until when the volume is known to be ``top`` (time of that trade or of a later check); the open at first."""
        self.base = 0
        """Volume before the official open; it belongs to no minute."""
        self.price = 0
        self.last: TradeTick | None = None
        """Newest trade accepted."""
        self.range: tuple[int, int, int] | None = None
        """Accumulated volume, day's low and day's high that a quote told."""
        self.holes: list[Hole] = []
        self.growing = False
        self.reason = ""
        self.found_ns = 0
        self.tail_state: GapState = "open"
        self.covered_ns: int | None = None
        """Machine time since when its trades are pushed; None while they are not."""
        self.released = False
        """Deliberately not pushed any more."""
        self.final = False
        """The day's last volume is confirmed."""
        self.serial = 0
        """Counts the holes opened."""
        self.rival_top = self.rival_low = -1
        self.rival_count = 0
        self.contradicted = 0
        """Quotes in a row that tell less volume than is believed."""
        self.odd_volume = 0
        """A quote's volume that was too large to be believed at once."""
        self.jumps: tuple[tuple[int, int], ...] = ()
        """The last long steps in time, (from, to)."""

    def advance(self, at_ns: int) -> None:
        """The volume is known until an instant."""
        if at_ns - self.at_ns >= JUMP_NS:
            self.jumps = (*self.jumps[1 - _JUMPS_KEPT :], (self.at_ns, at_ns))
        self.at_ns = max(self.at_ns, at_ns)

    def doubtful_since(self, at_ns: int, open_ns: int) -> int:
        """Instant from which times are doubtful after one went back to ``at_ns``: the last one that surely was not ahead."""
        crossing = [start for start, end in self.jumps if start <= at_ns < end]
        if crossing:
            return max(crossing[0], open_ns)
        is_forgotten = len(self.jumps) == _JUMPS_KEPT and self.jumps[0][0] > at_ns
        return open_ns if is_forgotten else max(at_ns - JUMP_NS, open_ns)

    def range_at(self, volume: int) -> tuple[int, int] | None:
        """Day's low and high known when at least ``volume`` shares were traded; None if not known."""
        known = self.range if self.range is not None and self.range[0] >= volume else None
        last = self.last
        if last is not None and last.volume_shares >= volume:
            known = (last.volume_shares, last.low_krw, last.high_krw)
        return None if known is None or MISSING in known or known[1] <= 0 else known[1:]


def is_near(price_krw: int, last_krw: int) -> bool:
    """Whether a price can follow another on one day; limits of 30 % never let it double or halve. 0: there was none yet."""
    return not last_krw or (price_krw < last_krw * 2 and last_krw < price_krw * 2)


def is_consistent(tick: TradeTick) -> bool:
    """Whether a trade's own numbers fit each other; wrong units do not survive this."""
    price, low, high = tick.price_krw, tick.low_krw, tick.high_krw
    if price <= 0 or (MISSING not in (low, high) and not low <= price <= high):
        return False
    if MISSING in (low, high, tick.value_krw) or low <= 0:
        return True
    # The average price of the day lies near the day's range; block deals may be outside of it, wrong units are far from it.
    least = low * tick.volume_shares // 2 - _ROUNDING_KRW
    most = high * tick.volume_shares * 2 + _ROUNDING_KRW
    return least <= tick.value_krw <= most


def gaps_of(ticker: str, track: Track) -> Iterator[Gap]:
    """Open gaps of a symbol, oldest first."""
    for hole in track.holes:
        missing = hole.high - hole.low
        yield Gap(ticker, hole.start_ns, hole.end_ns, missing, hole.state, hole.found_ns, None, hole.reason)
    if track.growing:
        yield Gap(ticker, track.at_ns, None, None, track.tail_state, track.found_ns, None, track.reason)
