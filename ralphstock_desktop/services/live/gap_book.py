"""The gaps of one day, symbol by symbol: which are open, how many were found and filled, and the report of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from ralphstock_desktop.services.live.tracks import Hole, Track, gaps_of
from ralphstock_desktop.services.live_contracts import Gap, GapReport, GapState

__all__ = ["GapBook"]

_RECENT = 100
_LISTED = 1_000


class GapBook:
    """Holds the tracks of all symbols and counts their gaps.

    Parameters
    ----------
    now_ns : callable
        The market's clock.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.tracks: dict[str, Track] = {}
        self.wounded: dict[str, Track] = {}
        """Symbols with a hole or a growing end, in the order they were found."""
        self.version = 0
        """Changes with every gap that opens, changes or closes."""
        self.found = self.filled = 0
        self._recent: deque[Gap] = deque(maxlen=_RECENT)

    def forget(self) -> None:
        """Begin anew."""
        self.tracks.clear()
        self.wounded.clear()
        self._recent.clear()
        self.found = self.filled = 0
        self.version += 1

    def has_gap(self, ticker: str) -> bool:
        """Whether something of the symbol's day is missing or may be missing."""
        return ticker in self.wounded

    def gaps_of(self, ticker: str) -> tuple[Gap, ...]:
        """Open gaps of a symbol, oldest first."""
        track = self.wounded.get(ticker)
        return tuple(gaps_of(ticker, track)) if track is not None else ()

    def report(self, first: Iterable[str] = ()) -> GapReport:
        """The day's counts, the gaps filled last, and open gaps: those of ``first``, then the oldest, up to some thousands."""
        is_open = sum(len(track.holes) + track.growing for track in self.wounded.values())
        gaps: list[Gap] = []
        for ticker in dict.fromkeys((*(t for t in first if t in self.wounded), *self.wounded)):
            gaps.extend(gaps_of(ticker, self.wounded[ticker]))
            if len(gaps) >= _LISTED:
                break
        return GapReport(self.found, self.filled, is_open, (*self._recent, *gaps))

    def close_holes(self, ticker: str, holes: Iterable[Hole]) -> None:
        """The volume of these holes is accounted for."""
        track = self.tracks[ticker]
        done = frozenset(map(id, holes))
        closed = [hole for hole in track.holes if id(hole) in done]
        track.holes = [hole for hole in track.holes if id(hole) not in done]
        track.serial += 1
        for hole in closed:
            self._filled(ticker, hole)
        self._settle(ticker, track)

    def set_state(self, ticker: str, state: GapState) -> None:
        """Mark the open gaps of a symbol as being filled, open again, or failed."""
        track = self.tracks.get(ticker)
        if track is None:
            return
        for hole in track.holes:
            hole.state = state
        track.tail_state = state
        self.version += 1

    def set_restarted(self, ticker: str) -> None:
        """Say that the gap at the beginning is there because this program was away."""
        track = self.tracks[ticker]
        if track.growing and track.reason == "start":
            track.reason = "restart"
        for hole in track.holes:
            if hole.reason == "start":
                hole.reason = "restart"
        self.version += 1

    # -- for the ledger -------------------------------------------------------------------------------------------------

    def _open(self, track: Track, hole: Hole, *, known: bool = False) -> None:
        place = len(track.holes)
        while place and track.holes[place - 1].low >= hole.high:
            place -= 1
        track.holes.insert(place, hole)
        track.serial += 1
        if not known:
            self.found += 1
        self.version += 1

    def _stop_growing(self, ticker: str, track: Track, at: int) -> None:
        track.growing = False
        self.filled += 1
        self.version += 1
        self._recent.append(
            Gap(ticker, track.at_ns, max(at, track.at_ns), 0, "filled", track.found_ns, self._now_ns(), track.reason)
        )

    def _filled(self, ticker: str, hole: Hole) -> None:
        self.filled += 1
        self.version += 1
        missing = hole.high - hole.low
        self._recent.append(
            Gap(ticker, hole.start_ns, hole.end_ns, missing, "filled", hole.found_ns, self._now_ns(), hole.reason)
        )

    def _settle(self, ticker: str, track: Track) -> None:
        if track.growing or track.holes:
            self.wounded[ticker] = track
        else:
            self.wounded.pop(ticker, None)
