"""Fills gaps by asking: quotes say whether anything is missing, minute bars say what, and volume proves it.

1. A symbol whose line is growing although its trades are pushed again is asked for its accumulated volume, many symbols in one
   request: unchanged closes the gap as empty, more makes it a hole with two ends.
2. A hole is filled from one-minute bars once its last minute is over and the volume at its end is known; see
   :mod:`ralphstock_desktop.services.live.proof`. An answer that does not fit changes nothing and is asked for again later.
3. Quiet symbols are asked from time to time, so that a last trade that was lost does not stay unnoticed.
4. When trading is over every symbol is asked once more; the day is proven when nothing is missing anywhere. This machine's
   clock does not decide that alone: some trade of the closing auction must have been seen, by the stream or in an answer, or
   time enough passed that a clock some minutes ahead does not matter. Some minutes later all are asked again, because an
   interruption can put off the closing auction of one. If trades came with wrong times, all minutes are compared, because one
   that was a minute off leaves no hole.

Symbols the user sees go first. Waits grow after every failure. After some answers that do not fit a gap has failed, until the
day's end; a source that is away for a while fails nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from engine.model.errors import ProviderError, RalphStockError
from engine.model.instants import day_of
from engine.model.live import MISSING, FeedVenue
from ralphstock_desktop.live_ports import MarketSource, Priority, SourceMonitor
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.services.live.gaps import VolumeLedger
from ralphstock_desktop.services.live.minutes import MINUTE_NS, DayMinutes, Rows
from ralphstock_desktop.services.live.proof import HoleGroup, Judgement, groups_of, judge, volume_before_open
from ralphstock_desktop.services.live.tracks import Track

__all__ = ["SERVICE", "BackFiller", "BackfillRules", "DayProof"]

SERVICE = "recorder"
"""Name of this service towards the monitor."""

_S = 1_000_000_000
_QUIET_MARKET_NS = 120 * _S
_PUT_OFF_NS = 120 * _S
"""A volatility interruption puts a closing auction off by so much."""
_AHEAD_NS = 300 * _S
"""By how much this machine's clock may be ahead where nothing shows that the closing auction was held."""
_PROBES = 20
"""Most traded symbols that are asked whether it was."""


@dataclass(frozen=True, slots=True)
class BackfillRules:
    """How hard gaps are worked at. Seconds are this machine's unless they say market."""

    concurrency: int = 4
    quote_chunk: int = 100
    look_every_s: float = 0.25
    settle_s: float = 1.5
    """A symbol pushed again is given this long to show itself by a trade before it is asked for."""
    asked_again_s: float = 5.0
    """Time between two questions about the volume of one symbol."""
    quiet_s: float = 300.0
    """Market seconds after which a symbol without trades is checked."""
    margin_s: float = 10.0
    """Market seconds by which the market's clock may be wrong."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    tries: int = 8


@dataclass(frozen=True, slots=True)
class DayProof:
    """How much of the day is proven."""

    symbols: int
    proven: int
    open_symbols: tuple[str, ...]
    """Some of those that are not."""

    @property
    def is_proven(self) -> bool:
        """Whether the minutes of every symbol add up to its confirmed last volume."""
        return self.symbols > 0 and self.symbols == self.proven


class _Attempt:
    __slots__ = ("failed", "next_ns", "refused", "serial", "tries")

    def __init__(self, serial: int) -> None:
        self.serial = serial
        self.tries = 0
        """Failures in a row, for the wait."""
        self.refused = 0
        """Answers that did not fit, and errors that will not go away by waiting."""
        self.next_ns = 0
        self.failed = ""


class BackFiller:
    """Works at the gaps of a ledger until it is cancelled. One event loop.

    Parameters
    ----------
    source : MarketSource
        Asked for quotes and minutes with priority GAP.
    ledger, minutes : VolumeLedger, callable
        What is known; ``minutes`` gives the present day's.
    order : callable
        Symbols the user sees, most wanted first.
    now_ns, machine_ns : callable
        The market's clock and this machine's.
    monitor : SourceMonitor
        Hears of answers that were refused and of gaps that failed.
    """

    def __init__(
        self,
        source: MarketSource,
        ledger: VolumeLedger,
        minutes: Callable[[], DayMinutes],
        order: Callable[[], Sequence[str]],
        now_ns: Callable[[], int],
        machine_ns: Callable[[], int],
        monitor: SourceMonitor,
        rules: BackfillRules,
    ) -> None:
        self._source, self._ledger, self._minutes, self._order = source, ledger, minutes, order
        self._now_ns, self._machine_ns, self._monitor, self.rules = now_ns, machine_ns, monitor, rules
        self._attempts: dict[str, _Attempt] = {}
        self._asked_ns: dict[str, int] = {}
        self._late_volumes: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._quotes: asyncio.Task[None] | None = None
        self._quote_tries = 0
        self._quote_next_ns = 0
        self._day_end = False
        self._close_ns = 0
        self._close_seen_ns: int | None = None
        """When, by the market's clock, a trade of the closing auction was first known of."""
        self._ask_again_ns: int | None = None
        """When the last volumes are to be confirmed."""
        self.over_ns = 0
        """Market instant from which the day's last volume may be known."""
        self.requests = 0

    def start_day(self, close_ns: int) -> None:
        """Forget all attempts; answers on their way are of the day before and are not used.

        Parameters
        ----------
        close_ns : int
            Match of the closing auction (UTC ns).
        """
        self._close_ns, self._close_seen_ns, self._ask_again_ns = close_ns, None, None
        self.over_ns = close_ns + MINUTE_NS + int(self.rules.margin_s * _S)
        self._attempts.clear()
        self._asked_ns.clear()
        self._late_volumes.clear()
        self._day_end = False
        self._quote_tries, self._quote_next_ns = 0, 0
        self.cancel()

    def cancel(self) -> None:
        """Stop what is asked for now."""
        for task in (*self._tasks.values(), *([self._quotes] if self._quotes else ())):
            task.cancel()

    def failure_of(self, ticker: str) -> str:
        """Why the gaps of a symbol could not be filled so far: a judgement or an error's key; empty if nothing failed."""
        attempt = self._attempts.get(ticker)
        return attempt.failed if attempt is not None else ""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being asked for."""
        return not self._tasks and self._quotes is None

    async def run(self) -> None:
        """Look for work several times a second and do it, until cancelled."""
        try:
            while True:
                self.look()
                await self._rest()
        finally:
            left = [*self._tasks.values(), *([self._quotes] if self._quotes else ())]
            self.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _rest(self) -> None:
        """Wait for the next look; an unexpected failure of a task surfaces here."""
        running = [*self._tasks.values(), *([self._quotes] if self._quotes else ())]
        if running:
            await asyncio.wait(running, timeout=self.rules.look_every_s, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(self.rules.look_every_s)
        for ticker, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[ticker]
                _surface(task)
        if self._quotes is not None and self._quotes.done():
            done, self._quotes = self._quotes, None
            _surface(done)

    def look(self) -> None:
        """Start what is due and fits."""
        ledger, now = self._ledger, self._surely_ns()
        if self._close_seen_ns is None and now >= self._close_ns - _AHEAD_NS and ledger.newest_ns() >= self._close_ns > 0:
            self._close_seen_ns = now
        if self.over_ns and not self._day_end and now >= self.over_ns:
            self._day_end = True
            self._attempts.clear()
            ledger.reopen()
            if ledger.refused["time"]:
                ledger.doubt_all(self._close_ns)
        if self._is_settled(now):
            if self._ask_again_ns is None:
                self._ask_again_ns = now + _PUT_OFF_NS
            elif now >= self._ask_again_ns:
                self._ask_again_ns = 1 << 62
                ledger.doubt_ends()
        machine = self._machine_ns()
        if self._quotes is None and machine >= self._quote_next_ns:
            chunk = self._quote_chunk(machine)
            if chunk:
                self._quotes = asyncio.create_task(self._ask_quotes(chunk), name="gap quotes")
        free = self.rules.concurrency - len(self._tasks)
        if free <= 0 or not ledger.wounded:
            return
        for ticker in self._ordered(ledger.wounded):
            if ticker not in self._tasks and self._is_fillable(ticker, ledger.wounded[ticker], machine):
                self._tasks[ticker] = asyncio.create_task(self._fill(ticker), name=f"gap {ticker}")
                free -= 1
                if not free:
                    return

    def _ordered(self, wanted: dict[str, Track]) -> Iterable[str]:
        seen = [ticker for ticker in self._order() if ticker in wanted]
        first = frozenset(seen)
        yield from seen
        yield from [ticker for ticker in wanted if ticker not in first]

    def _is_fillable(self, ticker: str, track: Track, machine: int) -> bool:
        attempt = self._attempts.get(ticker)
        if attempt is not None:
            if attempt.serial != track.serial:
                # Another hole came up since: whatever was found out about the last ones may not hold for it.
                attempt.serial, attempt.refused = track.serial, 0
            if machine < attempt.next_ns or attempt.refused >= self.rules.tries:
                return False
        if not track.holes:
            return self._day_end and track.growing and self._surely_ns() >= self._ledger.end_ns
        # Only the oldest run is looked at: this is asked for every symbol several times a second.
        _, last = self._minutes().spans(ticker, track)[0]
        over_ns = self._ledger.open_ns + (last + 1) * MINUTE_NS
        return track.at_ns >= over_ns or self._surely_ns() >= self._ledger.end_ns

    # -- volumes --------------------------------------------------------------------------------------------------------

    def _quote_chunk(self, machine: int) -> list[str]:
        """Symbols whose volume must be asked for now, most urgent first."""
        rules, now = self.rules, self._surely_ns()
        again = machine - int(rules.asked_again_s * _S)
        tracks = self._ledger.tracks
        if self._is_settled(now):
            open_tracks = {ticker: track for ticker, track in tracks.items() if not track.final}
        else:
            settled = machine - int(rules.settle_s * _S)
            open_tracks = {
                ticker: track
                for ticker, track in tracks.items()
                if track.covered_ns is not None and track.covered_ns <= settled and self._is_unsure(track, now)
            }
            if self._day_end and self._close_seen_ns is None:
                most_traded = nlargest(_PROBES, tracks, key=lambda ticker: tracks[ticker].top)
                open_tracks |= {ticker: tracks[ticker] for ticker in most_traded}
        chosen: list[str] = []
        for ticker in self._ordered(open_tracks):
            if self._asked_ns.get(ticker, again) <= again:
                chosen.append(ticker)
                if len(chosen) == rules.quote_chunk:
                    break
        return chosen

    def _surely_ns(self) -> int:
        """The market's clock, less what it is ahead of the trades."""
        return self._now_ns() - self._ledger.clock.ahead_ns

    def _is_settled(self, now: int) -> bool:
        """Whether an answer asked for now holds a day's last volume."""
        seen = self._close_seen_ns
        is_seen = seen is not None and now >= seen + self.over_ns - self._close_ns
        return self._day_end and (is_seen or now >= self.over_ns + _AHEAD_NS)

    def _is_unsure(self, track: Track, now: int) -> bool:
        rules = self.rules
        if track.growing:
            return True
        known_to = now - int(rules.margin_s * _S)
        if track.holes:
            # The last minute of the last hole is over, but nothing has told the volume at its end yet.
            end = track.holes[-1].end_ns
            minute_end = end - (end - self._ledger.open_ns) % MINUTE_NS + MINUTE_NS
            if track.at_ns < minute_end <= known_to:
                return True
        return track.at_ns < known_to - int(rules.quiet_s * _S)

    async def _ask_quotes(self, tickers: list[str]) -> None:
        ledger, asked_ns, machine = self._ledger, self._surely_ns(), self._machine_ns()
        day, is_final = ledger.day, self._is_settled(asked_ns)
        known_ns = asked_ns - int(self.rules.margin_s * _S)
        if not is_final:
            # The newest trade of the market bounds a clock that is ahead, unless the market is quiet; the first one of the
            # day shows that there is a market.
            newest = ledger.newest()
            known_ns = min(known_ns, max(newest.at_ns, asked_ns - _QUIET_MARKET_NS) if newest else ledger.open_ns)
        covered = {ticker: ledger.tracks[ticker].covered_ns for ticker in tickers}
        self.requests += 1
        try:
            quotes = await self._source.fetch_quotes(tickers, Priority.GAP)
        except RalphStockError as error:
            self._quote_tries += 1
            self._quote_next_ns = self._machine_ns() + self._wait_ns(self._quote_tries, error)
            return
        self._quote_tries = 0
        if ledger.day != day:
            return
        for ticker in tickers:
            self._asked_ns[ticker] = machine
        if self._close_seen_ns is None and any(quote.at_ns >= self._close_ns for quote in quotes):
            self._close_seen_ns = asked_ns
        for quote in quotes:
            track = ledger.tracks.get(quote.ticker)
            # A quote asked for before a loss says nothing about the time after it.
            if track is None or quote.volume_shares == MISSING or covered.get(quote.ticker) != track.covered_ns:
                continue
            if quote.venue != FeedVenue.KRX or (not is_final and track.covered_ns is None):
                continue
            volume = quote.volume_shares
            if quote.at_ns != MISSING and day_of(quote.at_ns) < day:
                volume = 0  # the state of a former day: the stock has not traded today
            else:
                track.range = (volume, quote.low_krw, quote.high_krw)
            if volume > track.top and not track.growing and not is_final:
                asyncio.get_running_loop().call_later(self.rules.settle_s, self._doubt, quote.ticker, volume, quote.at_ns, day)
                continue
            if is_final and asked_ns >= ledger.end_ns and volume > track.top:
                # It holds after-hours trades too, unless the regular minutes add up to the same.
                self._late_volumes[quote.ticker] = volume
                ledger.suspect(quote.ticker)
                continue
            ledger.observe(quote.ticker, volume, quote.at_ns, known_ns, final=is_final)
        self._minutes().touch(tickers)

    def _doubt(self, ticker: str, volume: int, traded_ns: int, day: object) -> None:
        """A quote was ahead of the stream: trades on their way have come by now, so what is still missing was lost."""
        track = self._ledger.tracks.get(ticker)
        if self._ledger.day == day and track is not None and not track.growing and track.top < volume:
            self._ledger.observe(ticker, volume, traded_ns, track.at_ns)

    # -- minutes --------------------------------------------------------------------------------------------------------

    async def _fill(self, ticker: str) -> None:
        ledger, minutes = self._ledger, self._minutes()
        track = ledger.tracks[ticker]
        attempt = self._attempts.setdefault(ticker, _Attempt(track.serial))
        start_ns = min((hole.start_ns for hole in track.holes), default=ledger.open_ns)
        since_ns = minutes.open_ns + minutes.minute_of(start_ns) * MINUTE_NS
        if self._day_end and not track.holes:
            since_ns = minutes.open_ns
        ledger.set_state(ticker, "filling")
        self.requests += 1
        try:
            answer = await self._source.fetch_minutes(ticker, since_ns, Priority.GAP)
        except RalphStockError as error:
            if minutes is self._minutes():
                self._failed(ticker, attempt, error.key, error)
            return
        if minutes is not self._minutes():
            return
        bars = minutes.bars_of(answer)
        judged: set[Judgement] = set()
        if bars is None:
            self._failed(ticker, attempt, "shape", None)
            return
        for group in groups_of(track, minutes, ticker):
            if group.first < minutes.minute_of(since_ns):
                continue
            judgement = judge(group, track, minutes, ticker, bars, self._surely_ns())
            if judgement == "volume" and not group.first and minutes.adds_up(answer, 0):
                judgement = self._judge_opening(group, track, minutes, ticker, bars)
            judged.add(judgement)
            if judgement == "proven":
                minutes.fill(ticker, group.first, group.last, bars)
                ledger.close_holes(ticker, group.holes)
        if not track.holes and track.growing and self._day_end and since_ns == minutes.open_ns:
            judged.add(self._close_end(ticker, track, int(bars["volume"].sum()), answer))
        wrong = judged - {"proven", "early"}
        if wrong:
            self._failed(ticker, attempt, min(wrong), None)
        elif track.holes or track.growing:
            ledger.set_state(ticker, "open")
            attempt.tries = attempt.refused = 0
            attempt.next_ns = self._machine_ns() + int(self.rules.first_wait_s * _S)
        else:
            self._attempts.pop(ticker, None)

    def _judge_opening(self, group: HoleGroup, track: Track, minutes: DayMinutes, ticker: str, bars: Rows) -> Judgement:
        """Volume before the open may be known to nobody, or be counted to the first minute: see which of the two fits."""
        known, track.base = track.base, 0
        before = volume_before_open(group, track, minutes, ticker, bars)
        if before and not known:
            self._ledger.set_base(ticker, before)
        judgement = judge(group, track, minutes, ticker, bars, self._surely_ns())
        if known and judgement != "proven":
            track.base = known
        return judgement

    def _close_end(self, ticker: str, track: Track, volume: int, answer: MinuteBatch) -> Judgement:
        """After hours a quote may hold more than the regular volume.

        The bars must agree with the line, or with the quote, or lie between and add up to the accumulated volume they tell.
        """
        told, late = volume + track.base, self._late_volumes.get(ticker)
        if told == late or (late is not None and track.top < told < late and self._minutes().adds_up(answer, track.base)):
            self._ledger.observe(ticker, told, MISSING, self._surely_ns(), final=True)
            return "early"
        if told != track.top:
            return "volume"
        self._ledger.close_growing(ticker)
        return "proven"

    def _failed(self, ticker: str, attempt: _Attempt, why: str, error: RalphStockError | None) -> None:
        attempt.tries += 1
        attempt.refused += not (isinstance(error, ProviderError) and error.retryable)
        attempt.failed = why
        attempt.next_ns = self._machine_ns() + self._wait_ns(attempt.tries, error)
        if error is None:
            self._monitor.note(SERVICE, "health.note.backfill_refused", 1, why=why)
        if attempt.refused >= self.rules.tries:
            self._ledger.set_state(ticker, "failed")
            self._monitor.note(SERVICE, "health.note.backfill_failed", 1, why=why)
        else:
            self._ledger.set_state(ticker, "open")

    def _wait_ns(self, tries: int, error: RalphStockError | None) -> int:
        wait_s = min(self.rules.first_wait_s * 2.0 ** (tries - 1), self.rules.longest_wait_s)
        if isinstance(error, ProviderError):
            wait_s = max(wait_s, error.retry_after_ms / 1_000)
        return int(wait_s * _S)

    # -- the day --------------------------------------------------------------------------------------------------------

    def proof(self) -> DayProof:
        """How many symbols have minutes that add up to their confirmed last volume."""
        minutes = self._minutes()
        unproven = [
            ticker
            for ticker, track in self._ledger.tracks.items()
            if not track.final
            or track.holes
            or track.growing
            or int(minutes.rows_of(ticker)["seen"].sum()) != track.top - track.base
        ]
        total = len(self._ledger.tracks)
        return DayProof(total, total - len(unproven), tuple(unproven[:100]))


def _surface(task: asyncio.Task[None]) -> None:
    """Raise what a task did not expect; a cancelled one is fine."""
    if not task.cancelled():
        task.result()
