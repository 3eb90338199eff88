"""Gap proof: accumulated volume shows what the stream did not deliver.

A trade of ``q`` shares after which ``v`` shares were traded that day covers ``(v - q, v]``. These intervals of a symbol
must join from the opening to the newest volume. Whatever is not joined is a *hole* (its trades were not received) and, after
the connection was lost, the end of the line is *growing*: nobody knows yet whether something is missing there. Nothing here
requests or stores anything; all calls come from one thread.

1. In order: the trade starts where the last one ended and is not older. One look-up and a few comparisons.
2. Ahead: it starts later, so a hole opens between the two.
3. Late: it lies in a hole, so the hole shrinks, splits or closes.
4. Known: it lies where everything is covered, a duplicate. Newer than everything known it means that volume went back.
5. Impossible: volume and value do not fit, the price is out of range, the time lies ahead of the market, intervals overlap.
   Such a trade is refused and counted; if it was real, its volume is missing and shows as a hole.
6. A price without a trade (quantity 0): it has no time of its own and moves nothing. Where it tells more volume than is
   known, the end of the line is growing until a trade or an answer tells what was missed.
7. Several refused trades that join each other are a rival truth (the source began anew, or one bad trade was believed): the
   line is taken back to where both can join, and everything in between is a hole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from operator import attrgetter

from engine.model.live import MISSING, TradeTick
from ralphstock_desktop.services.live.gap_book import GapBook
from ralphstock_desktop.services.live.tracks import JUMP_NS, UNITS, Hole, Track, is_consistent, is_near
from ralphstock_desktop.services.live.trade_clock import STEP_NS, TradeClock

__all__ = ["DROPPED", "LATE", "NEW", "VolumeLedger"]

DROPPED = 0
"""Nothing new: a duplicate, or refused."""
LATE = 1
"""Recorded, but something newer is known."""
NEW = 2
"""Recorded and the newest of its symbol."""

_RIVALS = 4
"""Refused trades that join each other before they are believed."""
_time_of = attrgetter("at_ns")
_CONTRADICTIONS = 2
_CONTRADICTED_AFTER_NS = 120_000_000_000
_DAY_NS = 86_400_000_000_000
_SURELY_BEFORE_NS = 600_000_000_000
"""What this machine's clock holds for so long before the open was before it, also where that clock is some minutes off."""


class VolumeLedger(GapBook):
    """Keeps the covered volume of every symbol of one day and one venue.

    Parameters
    ----------
    now_ns, machine_ns : callable
        The market's clock and this machine's.
    ahead_ns : int
        How far a trade's time may lie ahead of the market's clock before it is refused. Where all trades lie ahead, the clock
        is behind and the difference is learned.
    """

    def __init__(self, now_ns: Callable[[], int], machine_ns: Callable[[], int], *, ahead_ns: int = 5_000_000_000) -> None:
        super().__init__(now_ns)
        self._machine_ns = machine_ns
        self.clock = TradeClock(now_ns, machine_ns, self.newest, ahead_ns)
        self.day = date.min
        self.open_ns = self.end_ns = 0
        self._limit_ns = 0
        self.covered: frozenset[str] = frozenset()
        self.covered_changed_ns = 0
        self.refused: Counter[str] = Counter()
        """Trades refused today: ``time``, ``day``, ``units``, ``price``, ``volume``, ``backwards``, ``unplaced``."""
        self.on_rewound: Callable[[str], None] | None = None
        """Told when a symbol's line began anew from nothing, so that its minutes must be forgotten."""

    def start_day(self, day: date, open_ns: int, end_ns: int) -> None:
        """Forget everything and begin a day whose trades from ``open_ns`` to before ``end_ns`` are kept."""
        self.day, self.open_ns, self.end_ns = day, open_ns, end_ns
        self._limit_ns = 0
        self.clock.reset()
        self.forget()
        self.refused.clear()
        covered, self.covered = self.covered, frozenset()
        self.cover(covered)

    # -- trades ---------------------------------------------------------------------------------------------------------

    def take(self, tick: TradeTick) -> int:
        """Check a trade against the covered volume; return NEW, LATE or DROPPED."""
        ticker, _, at, price, quantity, volume, _, _, _, high, low = tick[:11]
        track = self.tracks.get(ticker)
        if (
            track is not None
            and quantity
            and volume - (quantity if quantity > 0 else -quantity) == track.top
            and track.at_ns <= at < self._limit_ns
            and at - track.at_ns < JUMP_NS
            and not track.growing
            and low <= price <= high
            and price < track.price * 2
            and track.price < price * 2
        ):
            track.top = volume
            track.at_ns = at
            track.price = price
            track.last = tick
            return NEW
        return self._examine(tick)

    def _examine(self, tick: TradeTick) -> int:
        at, volume = tick.at_ns, tick.volume_shares
        if MISSING in (at, volume, tick.price_krw):
            return self._refuse("unplaced")
        quantity = 0 if tick.quantity_shares == MISSING else abs(tick.quantity_shares)
        low = volume - quantity
        if not self.open_ns - _DAY_NS // 2 <= at < self.open_ns + _DAY_NS // 2:
            return self._refuse("day")
        if at >= self.end_ns:
            return DROPPED
        if not quantity:
            return self._told(tick)
        if at >= self._limit_ns:
            limit = min(self.end_ns, self.clock.limit_ns(tick))
            if at >= limit:
                self.clock.note_early(at)
                return self._refuse("time")
            # This one is the newest now, so the next may not be much later without being looked at again.
            self._limit_ns = min(limit, at + STEP_NS)
        self.clock.note_lag(at)
        if low < 0:
            return self._refuse("volume")
        track = self.tracks.get(tick.ticker) or self._begin(tick.ticker)
        if at < self.open_ns:
            return self._before_open(track, tick)
        if not is_consistent(tick):
            return self._refuse("units")
        if not is_near(tick.price_krw, track.price):
            return self._rival(track, tick, low, "price")
        if low >= track.top:
            return self._ahead(track, tick, low)
        if volume > track.top:
            return self._rival(track, tick, low, "volume")
        return self._behind(track, tick, low)

    def _told(self, tick: TradeTick) -> int:
        """A price without a trade. Its time is only this machine's, so it says nothing of when; its volume shows a loss."""
        track = self.tracks.get(tick.ticker) or self._begin(tick.ticker)
        volume = tick.volume_shares
        if tick.at_ns < self.open_ns - _SURELY_BEFORE_NS:
            return self._before_open(track, tick)
        if not is_consistent(tick):
            return self._refuse("units")
        if not is_near(tick.price_krw, track.price):
            return self._refuse("price")
        if track.top and volume > UNITS * track.top:
            return self._refuse("units")
        if volume < track.top:
            return DROPPED
        if volume > track.top and track.covered_ns is not None:
            self.suspect(tick.ticker)
        return NEW

    def _before_open(self, track: Track, tick: TradeTick) -> int:
        if track.last is not None or tick.volume_shares < track.top or track.holes:
            return DROPPED
        track.top = track.base = tick.volume_shares
        track.price = tick.price_krw
        return NEW

    def _ahead(self, track: Track, tick: TradeTick, low: int) -> int:
        at, volume = tick.at_ns, tick.volume_shares
        if at < track.at_ns:
            return self._gone_back(track, tick, low)
        is_covered = track.covered_ns is not None
        if low > track.top:
            if track.top and volume > UNITS * max(track.top, _sided(tick)):
                return self._rival(track, tick, low, "units")
            if track.growing and is_covered:
                self._open(track, Hole(track.top, low, track.at_ns, at, track.found_ns, track.reason), known=True)
                track.growing = False
            else:
                reason = track.reason if track.growing else "skipped"
                self._open(track, Hole(track.top, low, track.at_ns, at, self._now_ns(), reason))
        elif track.growing and is_covered:
            self._stop_growing(tick.ticker, track, at)
        track.advance(at)
        track.top, track.price, track.last = volume, tick.price_krw, tick
        track.rival_count = track.contradicted = 0
        self._settle(tick.ticker, track)
        return NEW

    def _gone_back(self, track: Track, tick: TradeTick, low: int) -> int:
        """A trade that joins, or comes later by volume, is older than what is known: one of the two times is wrong.

        It is not believed; what was believed since the last certain time is doubtful, so a loose hole spans it all.
        """
        if low == track.top < tick.volume_shares and not track.growing:
            start = track.doubtful_since(tick.at_ns, self.open_ns)
            last = track.holes[-1] if track.holes else None
            if last is not None and last.loose and last.high == low:
                last.high, last.start_ns = tick.volume_shares, min(last.start_ns, start)
                track.serial += 1
            else:
                hole = Hole(low, tick.volume_shares, start, track.at_ns, self._now_ns(), "skipped", loose=True)
                self._open(track, hole)
            track.top = tick.volume_shares
            self._settle(tick.ticker, track)
        return self._refuse("time")

    def newest(self) -> TradeTick | None:
        """The newest trade of all symbols; None before the first."""
        accepted = (track.last for track in self.tracks.values() if track.last is not None)
        return max(accepted, key=_time_of, default=None)

    def newest_ns(self) -> int:
        """Time of the newest trade of all symbols; the open before the first."""
        newest = self.newest()
        return self.open_ns if newest is None else newest.at_ns

    def _behind(self, track: Track, tick: TradeTick, low: int) -> int:
        at, volume = tick.at_ns, tick.volume_shares
        for number, hole in enumerate(track.holes):
            if hole.high <= low or volume <= hole.low:
                continue
            if volume == low or hole.loose:
                return DROPPED
            if not hole.low <= low or not volume <= hole.high or not hole.start_ns <= at <= hole.end_ns:
                return self._rival(track, tick, low, "volume" if hole.start_ns <= at <= hole.end_ns else "time")
            self._fill_part(tick.ticker, track, number, low, volume, at)
            return LATE
        return self._rival(track, tick, low, "backwards") if at > track.at_ns else DROPPED

    def _fill_part(self, ticker: str, track: Track, number: int, low: int, high: int, at: int) -> None:
        hole = track.holes[number]
        before = Hole(hole.low, low, hole.start_ns, at, hole.found_ns, hole.reason, loose=hole.loose)
        after = Hole(high, hole.high, at, hole.end_ns, hole.found_ns, hole.reason, loose=hole.loose)
        rest = [part for part in (before, after) if part.high > part.low]
        track.holes[number : number + 1] = rest
        track.serial += 1
        self.version += 1
        if not rest:
            self._filled(ticker, hole)
            self._settle(ticker, track)
        else:
            self.found += len(rest) - 1

    def _refuse(self, why: str) -> int:
        self.refused[why] += 1
        return DROPPED

    def _rival(self, track: Track, tick: TradeTick, low: int, why: str) -> int:
        """Refuse a trade, unless it is the last of several that join each other and contradict what is known."""
        self.refused[why] += 1
        if track.rival_count and track.rival_top == tick.volume_shares:
            return DROPPED
        if track.rival_count and track.rival_top == low and tick.volume_shares > low:
            track.rival_count += 1
        else:
            track.rival_count, track.rival_low = 1, low
        track.rival_top = tick.volume_shares
        if track.rival_count >= _RIVALS and tick.at_ns >= track.at_ns:
            self._take_back(track, tick)
        return DROPPED

    def _take_back(self, track: Track, tick: TradeTick) -> None:
        """Believe the rivals: cut the line where they can join it and leave a hole up to the newest of them."""
        bottom, start, kept = track.base, self.open_ns, []
        if track.rival_low >= track.top:
            bottom, start, kept = track.top, track.at_ns, track.holes
        else:
            for hole in track.holes:
                if hole.low <= track.rival_low:
                    bottom, start = hole.low, hole.start_ns
                    kept = [other for other in track.holes if other.high <= hole.low]
            if not kept and bottom == track.base and self.on_rewound is not None:
                self.on_rewound(tick.ticker)
        self.found -= len(track.holes) - len(kept)
        track.holes = kept
        is_proven_end = track.growing and track.covered_ns is not None
        top = tick.volume_shares
        self._open(track, Hole(bottom, top, start, tick.at_ns, self._now_ns(), "restart", loose=True), known=is_proven_end)
        track.growing = track.growing and not is_proven_end
        track.top, track.price, track.last = top, tick.price_krw, tick
        track.at_ns = tick.at_ns
        track.rival_count = 0
        self.wounded[tick.ticker] = track

    # -- connection and coverage ----------------------------------------------------------------------------------------

    def lose(self) -> None:
        """The connection is gone: from now on trades of every covered symbol may be missing."""
        if not self.covered:
            return
        for ticker in self.covered:
            self._grow(ticker, self.tracks[ticker], "disconnect")
        self.covered = frozenset()
        self.covered_changed_ns = self._machine_ns()

    def cover(self, tickers: frozenset[str]) -> None:
        """Trades of exactly these symbols are pushed from now on; an empty set is a loss."""
        if not tickers:
            self.lose()
            return
        machine, now = self._machine_ns(), self._now_ns()
        for ticker in tickers - self.covered:
            track = self.tracks.get(ticker) or self._begin(ticker, now)
            if track.released and now < self.end_ns:
                track.released = False
                self._grow(ticker, track, track.reason or "start")
            track.covered_ns = machine
        for ticker in self.covered - tickers:
            self._release(ticker, self.tracks[ticker])
        self.covered = tickers
        self.covered_changed_ns = machine

    def release_unwanted(self, after_ns: int) -> None:
        """Let go of symbols that were not registered again although the connection stands since ``after_ns``."""
        if not self.covered or self._machine_ns() - self.covered_changed_ns < after_ns:
            return
        for ticker, track in list(self.wounded.items()):
            if track.growing and track.covered_ns is None and not track.released and ticker not in self.covered:
                self._release(ticker, track)

    def reopen(self) -> None:
        """At the day's end: look again at what was let go and at what failed."""
        for ticker, track in self.tracks.items():
            if track.released and not track.final:
                track.released = False
                self._grow(ticker, track, track.reason or "start")
            for hole in track.holes:
                hole.state = "open"
        self.version += 1

    def set_base(self, ticker: str, volume: int) -> None:
        """So much was traded before the official open: it is in no minute, and the first hole begins after it."""
        track = self.tracks[ticker]
        track.base = track.holes[0].low = volume
        track.serial += 1
        self.version += 1

    def doubt_ends(self) -> None:
        """Trades may have come since the day's last volumes were told: they are to be told once more."""
        for track in self.tracks.values():
            track.final = False

    def doubt_all(self, last_ns: int) -> None:
        """Trade times were wrong today, and some may have been believed: all minutes up to an instant must be confirmed."""
        for ticker, track in self.tracks.items():
            if track.top > track.base:
                hole = Hole(track.top, track.top, self.open_ns, last_ns, self._now_ns(), "skipped", loose=True)
                self._open(track, hole)
                self._settle(ticker, track)

    def _begin(self, ticker: str, now: int | None = None) -> Track:
        track = self.tracks[ticker] = Track(self.open_ns)
        moment = self._now_ns() if now is None else now
        if moment >= self.end_ns:
            track.released = True
        elif moment > self.open_ns:
            self._grow(ticker, track, "start")
        return track

    def _grow(self, ticker: str, track: Track, reason: str) -> None:
        track.covered_ns = None
        if not track.growing and not track.final:
            self._begin_growing(ticker, track, reason)

    def suspect(self, ticker: str) -> None:
        """Somebody knows of more volume than was received: the end of the line is open until a trade or an answer tells."""
        track = self.tracks[ticker]
        if not track.growing and not track.final:
            self._begin_growing(ticker, track, "skipped")

    def _begin_growing(self, ticker: str, track: Track, reason: str) -> None:
        track.growing, track.reason, track.found_ns, track.tail_state = True, reason, self._now_ns(), "open"
        self.wounded[ticker] = track
        self.found += 1
        self.version += 1

    def _release(self, ticker: str, track: Track) -> None:
        track.covered_ns = None
        track.released = True
        if track.growing:
            track.growing = False
            self.found -= 1
            self.version += 1
        self._settle(ticker, track)

    # -- what others prove ----------------------------------------------------------------------------------------------

    def observe(self, ticker: str, volume: int, traded_ns: int, known_ns: int, *, final: bool = False) -> bool:
        """Take an accumulated volume that somebody told.

        Parameters
        ----------
        volume : int
            Accumulated volume, shares.
        traded_ns : int
            Time of the last trade it holds; MISSING if not told.
        known_ns : int
            Market instant at which the answer was certainly not made yet.
        final : bool
            Trading is over, so it is the day's last volume and nothing can be missed any more.

        Returns
        -------
        bool
            True if it agrees with or extends what is known; False if it lies behind (an old or wrong answer).
        """
        track = self.tracks.get(ticker)
        if track is None or volume == MISSING:
            return False
        if track.top and volume > UNITS * track.top and not track.odd_volume <= volume <= 2 * track.odd_volume:
            # In other units, or really so much: the next quote will tell.
            track.odd_volume = volume
            return False
        if volume < track.top:
            self._contradict(ticker, track, volume, known_ns)
            return False
        track.contradicted = 0
        proves_end = final or track.covered_ns is not None
        if volume > track.top:
            last_ns = self._now_ns() if traded_ns == MISSING else traded_ns
            end, start = max(track.at_ns, min(last_ns, self.end_ns - 1)), track.at_ns
            if last_ns < start:
                # It was traded when nothing more was believed to have been: that was told by a clock that is ahead.
                start = min(start, self.open_ns if track.last is None else track.last.at_ns)
            if track.growing and proves_end:
                self._open(track, Hole(track.top, volume, start, end, track.found_ns, track.reason), known=True)
                track.growing = False
            else:
                reason = track.reason if track.growing else "skipped"
                self._open(track, Hole(track.top, volume, start, end, self._now_ns(), reason))
            track.top = volume
            track.advance(end)
        elif track.growing and proves_end:
            self._stop_growing(ticker, track, known_ns)
        if proves_end:
            track.advance(known_ns)
        if final and not track.growing:
            track.final = True
        self._settle(ticker, track)
        return True

    def _contradict(self, ticker: str, track: Track, volume: int, known_ns: int) -> None:
        """Quotes keep telling less volume than is believed: what was believed beyond a hole was wrong."""
        if known_ns < track.at_ns + _CONTRADICTED_AFTER_NS:
            return
        track.contradicted += 1
        hole = next((hole for hole in track.holes if hole.low <= volume < hole.high), None)
        if track.contradicted < _CONTRADICTIONS or hole is None:
            return
        before = [other for other in track.holes if other.high <= hole.low]
        self.found -= len(track.holes) - len(before)
        track.holes = before
        start, end = hole.start_ns, track.at_ns
        # The minutes of what was wrong must be asked for again, also where nothing is missing: a hole without shares.
        self._open(track, Hole(hole.low, volume, start, end, self._now_ns(), "restart", loose=True))
        track.top, track.last, track.rival_count, track.contradicted = volume, None, 0, 0
        self._settle(ticker, track)

    def close_growing(self, ticker: str) -> None:
        """Nothing is missing at the end of the line, and trading is over."""
        track = self.tracks[ticker]
        if track.growing:
            self._stop_growing(ticker, track, self.end_ns)
        track.at_ns = max(track.at_ns, self.end_ns)
        track.final = True
        self._settle(ticker, track)


def _sided(tick: TradeTick) -> int:
    """Shares traded outside auctions; 0 where not told."""
    return 0 if MISSING in (tick.buy_shares, tick.sell_shares) else tick.buy_shares + tick.sell_shares
