"""The quote hub: takes every fact of the feed and gives the window at most thirty frames a second.

A tick costs one look-up and one store here; arrays are written once a frame with the newest value of each changed symbol. Facts
that must not be lost (trades for gap proof and minute bars) go to the recorder before anything is conflated.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import day_of
from engine.model.live import (
    MISSING,
    BestQuotes,
    BookTick,
    BreadthTick,
    ConditionHit,
    ExpectedMatch,
    FeedVenue,
    IndexTick,
    PhaseNotice,
    ProgramTick,
    QuoteSnapshot,
    QuoteSource,
    TradeTick,
    ViEvent,
)
from ralphstock_desktop.live_ports import ConnectionChange
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live.board import apply_best, apply_snapshots, apply_trades, is_of_today
from ralphstock_desktop.services.live_contracts import IndexBoard, PriceSpan, QuoteBoard, QuoteFrame, TradeRun

__all__ = ["LiveHub", "TradeKeeper"]

_TAPE_TRADES = 5_000
_PATH_POINTS = 400
_PATH_STEP_NS = 60_000_000_000
_LOOKS_APART_NS = 30_000_000_000
"""Between answers further apart (a source that failed, a lost connection) a price may be an old one: nobody is told of it."""
_ANSWER_TAKES_NS = 5_000_000_000
"""An answer may be so much older than its delivery."""
_NEVER = 2**63 - 1
"""No day yet: nothing counts as after hours."""


class TradeKeeper(Protocol):
    """Decides whether a trade is new (gap proof) and keeps it for the record."""

    def take(self, tick: TradeTick) -> bool: ...
    def on_connection(self, change: ConnectionChange) -> None: ...
    def on_covered(self, tickers: frozenset[str]) -> None: ...


class LiveHub:
    """See :class:`ralphstock_desktop.live_ports.FeedSink`.

    Parameters
    ----------
    machine_ns, market_ns : callable
        This machine's clock and the market's.
    """

    def __init__(self, machine_ns: Callable[[], int], market_ns: Callable[[], int]) -> None:
        self.frames: Channel[QuoteFrame] = Channel("quote frames")
        self.books: Channel[BookTick] = Channel("order books")
        self.trades: Channel[TradeRun] = Channel("trades")
        self.indices: Channel[IndexBoard] = Channel("indices")
        self.programs: Channel[ProgramTick] = Channel("programme trading")
        self.vis: Channel[ViEvent] = Channel("volatility interruptions")
        self.conditions: Channel[ConditionHit] = Channel("condition hits")
        self.connection: Channel[ConnectionChange] = Channel("connection")
        self.board: QuoteBoard | None = None
        self.keeper: TradeKeeper | None = None
        self.covered: frozenset[str] = frozenset()
        self.unconfirmed: set[str] = set()
        """Pushed symbols whose state is not known since the push began; it is silent until the next trade."""
        self.messages = 0
        self.duplicates = 0
        self.last_received_ns = 0
        self.last_trade_ns = 0
        """When a trade was last received, this machine's clock."""
        self.lag_ms: float | None = None
        self._machine_ns, self._market_ns = machine_ns, market_ns
        self._rows: dict[str, int] = {}
        self._pending: dict[str, TradeTick] = {}
        self._spans: dict[str, list[int]] = {}
        """Lowest and highest price of pending symbols that traded at several, and the time of the first of these trades."""
        self._polled_spans: dict[int, PriceSpan] = {}
        self._looked: dict[int, tuple[int, int]] = {}
        """By row: when it was last asked for, by this machine's clock and by the market's."""
        self._best: dict[str, BestQuotes] = {}
        self._pending_books: dict[str, BookTick] = {}
        self._books: dict[str, BookTick] = {}
        self._tapes: dict[str, deque[TradeTick]] = {}
        self._runs: dict[str, list[TradeTick]] = {}
        self._ticks: dict[str, IndexTick] = {}
        self._paths: dict[str, list[tuple[int, float]]] = {}
        self._last_vis: dict[str, ViEvent] = {}
        self._indices_changed = False
        self._streamed: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._dirty: dict[int, int] = {}
        self._frame = 0
        self._close_ns = _NEVER
        self._after_hours_ns = _NEVER
        """Trades later than this belong to the after-market; the official bar of the day is known by then."""

    # -- set-up ---------------------------------------------------------------------------------------------------------

    def use_board(self, board: QuoteBoard, *, anew: bool = False) -> None:
        """Write to another board from now on.

        Books, tapes and index paths are dropped with a new day, or with ``anew`` when the day is begun again.
        """
        if anew:
            self.unconfirmed = set(self.covered)
        if anew or self.board is None or self.board.day != board.day:
            for kept in (self._pending, self._spans, self._books, self._pending_books):
                kept.clear()
            for of_day in (self._tapes, self._runs, self._ticks, self._paths, self._last_vis):
                of_day.clear()
        self.board = board
        self._looked.clear()
        self._polled_spans.clear()
        self._after_hours_ns = DEFAULT_SESSIONS.official_bar_ns(board.day)
        self._close_ns = DEFAULT_SESSIONS.close_ns(board.day)
        self._rows = {str(ticker): row for row, ticker in enumerate(board.tickers)}
        self._dirty.clear()
        self._mark_streamed()

    def watch_tapes(self, tickers: frozenset[str]) -> None:
        """Keep the single trades of these symbols from now on; others are dropped."""
        for ticker in self._tapes.keys() - tickers:
            del self._tapes[ticker]
        for ticker in tickers - self._tapes.keys():
            self._tapes[ticker] = deque(maxlen=_TAPE_TRADES)

    def fill_tape(self, ticker: str, trades: list[TradeTick]) -> None:
        """Put trades that were asked for before those that were pushed."""
        tape = self._tapes.get(ticker)
        if tape is None:
            return
        first = min((tick.volume_shares for tick in tape), default=None)
        older = [tick for tick in trades if first is None or tick.volume_shares < first]
        merged = sorted({tick.volume_shares: tick for tick in (*older, *tape)}.values(), key=lambda tick: tick.volume_shares)
        self._tapes[ticker] = deque(merged, maxlen=_TAPE_TRADES)
        self.trades.publish(TradeRun(ticker, ()))

    def book_of(self, ticker: str) -> BookTick | None:
        """Last book received."""
        return self._books.get(ticker)

    def tape_of(self, ticker: str) -> tuple[TradeTick, ...]:
        """Trades kept, oldest first."""
        return tuple(self._tapes.get(ticker, ()))

    # -- facts ----------------------------------------------------------------------------------------------------------

    def on_trade(self, tick: TradeTick) -> None:
        """Take a trade: to the recorder first, then as the newest value of its symbol."""
        self.messages += 1
        self.last_received_ns = self.last_trade_ns = tick.received_ns
        if tick.venue != FeedVenue.KRX:
            return
        if self.board is not None and tick.ticker not in self._rows and tick.ticker not in self.covered:
            return  # nobody asked for it
        keeper = self.keeper
        if keeper is not None and not keeper.take(tick):
            if tick.at_ns > self._after_hours_ns and tick.ticker in self._tapes and tick.quantity_shares:
                # After the regular session the day's bar stands; the trades themselves are still shown.
                self._runs.setdefault(tick.ticker, []).append(tick)
            else:
                self.duplicates += 1
            return
        ticker = tick.ticker
        before = self._pending.get(ticker)
        if before is None or tick.volume_shares >= before.volume_shares:
            self._pending[ticker] = tick
        if before is not None and before.price_krw != tick.price_krw:
            self._widen(before, tick)
        if ticker in self._tapes and tick.quantity_shares:
            self._runs.setdefault(ticker, []).append(tick)

    def _widen(self, before: TradeTick, tick: TradeTick) -> None:
        price, span = tick.price_krw, self._spans.get(tick.ticker)
        if span is None:
            low, high = (before.price_krw, price) if price > before.price_krw else (price, before.price_krw)
            self._spans[tick.ticker] = [low, high, min(before.at_ns, tick.at_ns)]
            return
        if price < span[0]:
            span[0] = price
        elif price > span[1]:
            span[1] = price
        if tick.at_ns < span[2]:
            span[2] = tick.at_ns

    def on_book(self, book: BookTick) -> None:
        """Take an order book."""
        self._count(book.received_ns)
        if book.venue == FeedVenue.KRX:
            self._pending_books[book.ticker] = book

    def on_best(self, best: BestQuotes) -> None:
        """Take best quotes."""
        self._count(best.received_ns)
        if best.venue == FeedVenue.KRX:
            self._best[best.ticker] = best

    def on_expected(self, match: ExpectedMatch) -> None:
        """Take an expected match; it is shown through the order book, which carries it too."""
        self._count(match.received_ns)

    def on_index(self, tick: IndexTick) -> None:
        """Take an index level."""
        self._count(tick.received_ns)
        self.take_index(tick)

    def take_index(self, tick: IndexTick) -> None:
        """Take an index level that was pushed or asked for; an older one than known is left out."""
        known = self._ticks.get(tick.code)
        if known is not None and MISSING != tick.at_ns < known.at_ns:
            return
        self._ticks[tick.code] = tick
        path = self._paths.setdefault(tick.code, [])
        step = tick.at_ns // _PATH_STEP_NS
        if path and path[-1][0] == step:
            path[-1] = (step, tick.level)
        else:
            path.append((step, tick.level))
            del path[:-_PATH_POINTS]
        self._indices_changed = True

    def on_breadth(self, tick: BreadthTick) -> None:
        """Count it; breadth has no panel of its own yet."""
        self._count(tick.received_ns)

    def on_phase(self, notice: PhaseNotice) -> None:
        """Count it: the phase shown comes from the dated session table and the market's clock; no notice can be missed."""
        self._count(notice.received_ns)

    def on_vi(self, event: ViEvent) -> None:
        """Mark the symbol while an interruption is on."""
        self._count(event.received_ns)
        if self._mark_vi(event):
            self.vis.publish(event)

    def take_vis(self, events: list[ViEvent]) -> None:
        """Take the day's interruptions that were asked for: what began or ended while nothing was pushed."""
        if self.board is not None:
            for event in events:
                if day_of(event.triggered_ns) == self.board.day:
                    self._mark_vi(event)

    def _mark_vi(self, event: ViEvent) -> bool:
        """Mark a symbol; return whether the event says anything new. One that is older, or began what has ended, does not."""
        known = self._last_vis.get(event.ticker)
        if known is not None:
            is_older = event.triggered_ns < known.triggered_ns
            if is_older or (event.triggered_ns == known.triggered_ns and event.released_ns <= known.released_ns):
                return False
        self._last_vis[event.ticker] = event
        row = self._rows.get(event.ticker)
        if self.board is not None and row is not None:
            self.board.vi[row] = event.released_ns == MISSING
            self._dirty.setdefault(row, 0)
        return True

    def overdue_vis(self, before_ns: int) -> bool:
        """Whether an interruption that began before an instant is still shown: its end may not have been received."""
        return any(event.released_ns == MISSING and event.triggered_ns < before_ns for event in self._last_vis.values())

    def on_program(self, tick: ProgramTick) -> None:
        """Pass on programme trading."""
        self._count(tick.received_ns)
        self.programs.publish(tick)

    def on_condition(self, hit: ConditionHit) -> None:
        """Pass on a condition hit."""
        self.conditions.publish(hit)

    def on_connection(self, change: ConnectionChange) -> None:
        """Tell the recorder first, then everybody."""
        if self.keeper is not None:
            self.keeper.on_connection(change)
        self.connection.publish(change)

    def on_covered(self, tickers: frozenset[str]) -> None:
        """Remember what is pushed; what is new among it waits for its first state."""
        self.unconfirmed = (self.unconfirmed & tickers) | (tickers - self.covered)
        self.covered = tickers
        self._mark_streamed()
        if self.keeper is not None:
            self.keeper.on_covered(tickers)

    def take_snapshots(self, snapshots: list[QuoteSnapshot]) -> None:
        """Write polled states; of streamed symbols only what is newer than anything pushed."""
        board = self.board
        if board is None:
            return
        self.unconfirmed.difference_update(state.ticker for state in snapshots)
        known = [
            (self._rows[state.ticker], state)
            for state in snapshots
            if state.ticker in self._rows and state.venue == FeedVenue.KRX
        ]
        if self._market_ns() >= self._after_hours_ns:
            # Prices of the after-market belong to no bar of the day: what is known of its close stands.
            known = [(row, state) for row, state in known if not self._is_closed(row)]
        if not known:
            return
        rows = np.array([row for row, _ in known], dtype=np.intp)
        of_today = is_of_today(board, rows)
        highs, lows = board.high_krw[rows], board.low_krw[rows]  # copies
        changed, signs = apply_snapshots(board, rows, [state for _, state in known], self._market_ns(), self._streamed)
        self._look(
            board,
            rows,
            of_today & (highs != MISSING) & (board.high_krw[rows] > highs),
            of_today & (lows != MISSING) & (board.low_krw[rows] < lows),
        )
        for row, sign in zip(changed.tolist(), signs.tolist(), strict=True):
            self._dirty[row] = sign

    def _look(
        self, board: QuoteBoard, rows: npt.NDArray[np.intp], higher: npt.NDArray[np.bool_], lower: npt.NDArray[np.bool_]
    ) -> None:
        """A new extreme of the day was traded since the answer before; told where that one is recent enough."""
        machine, market = self._machine_ns(), self._market_ns()
        for row, is_higher, is_lower in zip(rows.tolist(), higher.tolist(), lower.tolist(), strict=True):
            before = self._looked.get(row)
            self._looked[row] = machine, market
            if (is_higher or is_lower) and before is not None and machine - before[0] <= _LOOKS_APART_NS:
                price = int(board.price_krw[row])  # the other extreme may be an old one
                self._polled_spans[row] = PriceSpan(
                    low_krw=int(board.low_krw[row]) if is_lower else price,
                    high_krw=int(board.high_krw[row]) if is_higher else price,
                    since_ns=before[1] - _ANSWER_TAKES_NS,
                )

    def _is_closed(self, row: int) -> bool:
        """Whether the values of a row are from the closing auction or later."""
        board = self.board
        assert board is not None
        return bool(board.source[row] >= QuoteSource.POLLED and board.at_ns[row] >= self._close_ns)

    def mark_gaps(self, tickers: frozenset[str]) -> None:
        """Set which symbols have an open gap."""
        board = self.board
        if board is None:
            return
        now = np.zeros(len(board.tickers), dtype=np.bool_)
        rows = [self._rows[ticker] for ticker in tickers if ticker in self._rows]
        now[rows] = True
        for row in np.flatnonzero(now != board.gap).tolist():
            self._dirty.setdefault(row, 0)
        board.gap[:] = now

    def _count(self, received_ns: int) -> None:
        self.messages += 1
        self.last_received_ns = received_ns

    def _mark_streamed(self) -> None:
        if self.board is None:
            return
        self._streamed = np.zeros(len(self.board.tickers), dtype=np.bool_)
        self._streamed[[self._rows[ticker] for ticker in self.covered if ticker in self._rows]] = True

    # -- frames ---------------------------------------------------------------------------------------------------------

    def frame(self) -> bool:
        """Write what is pending into the board and publish it; return whether there was anything."""
        board = self.board
        if board is None:
            return False
        did = self._frame_quotes(board)
        if self._pending_books:
            books, self._pending_books = self._pending_books, {}
            self._books.update(books)
            for book in books.values():
                self.books.publish(book)
            did = True
        if self._runs:
            runs, self._runs = self._runs, {}
            for ticker, trades in runs.items():
                tape = self._tapes.get(ticker)
                if tape is not None:
                    tape.extend(trades)
                    self.trades.publish(TradeRun(ticker, tuple(trades)))
            did = True
        if self._indices_changed:
            self._indices_changed = False
            self.indices.publish(
                IndexBoard(dict(self._ticks), {code: tuple(level for _, level in path) for code, path in self._paths.items()})
            )
            did = True
        return did

    def _frame_quotes(self, board: QuoteBoard) -> bool:
        rows_of, spans = self._rows, self._polled_spans
        if spans:
            self._polled_spans = {}
        if self._spans:
            seen, self._spans = self._spans, {}
            spans = spans | {rows_of[ticker]: PriceSpan(*span) for ticker, span in seen.items() if ticker in rows_of}
        if self._best:
            best, self._best = self._best, {}
            apply_best(board, ((rows_of[ticker], value) for ticker, value in best.items() if ticker in rows_of))
            for ticker in best:
                if ticker in rows_of:
                    self._dirty.setdefault(rows_of[ticker], 0)
        if self._pending:
            pending, self._pending = self._pending, {}
            self.unconfirmed.difference_update(pending)  # a trade carries the whole state
            ticks = [tick for ticker, tick in pending.items() if ticker in rows_of]
            if ticks:
                rows = np.array([rows_of[tick.ticker] for tick in ticks], dtype=np.intp)
                signs = apply_trades(board, rows, ticks)
                self._dirty.update(zip(rows.tolist(), signs.tolist(), strict=True))
                now = self._machine_ns()
                lags = [(now - tick.received_ns) / 1e6 for tick in ticks[:200]]
                self.lag_ms = statistics.median(lags)
        if not self._dirty:
            return False
        dirty, self._dirty = self._dirty, {}
        self._frame += 1
        self.frames.publish(
            QuoteFrame(
                rows=np.fromiter(dirty.keys(), dtype=np.intp, count=len(dirty)),
                signs=np.fromiter(dirty.values(), dtype=np.int8, count=len(dirty)),
                at_ns=self._market_ns(),
                number=self._frame,
                spans=spans,
            )
        )
        return True
