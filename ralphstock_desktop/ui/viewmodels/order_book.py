"""View-model of the order book (screen 0101): levels with what changed in them, the day's numbers, notices. No widgets."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from engine.calendar.ticks import tick_size
from engine.model.errors import RalphStockError
from engine.model.live import MISSING, BookTick, TradeTick, ViEvent, ViKind
from ralphstock_desktop.live_ports import FeedPart
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.services.live_contracts import LiveMarket, QuoteFrame, TradeRun
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.live_symbol import LiveSymbolViewModel
from ralphstock_desktop.ui.viewmodels.quotes import Quote
from ralphstock_desktop.wording import format as fmt

__all__ = ["LEVELS", "BookFact", "BookNotice", "Level", "OrderBookViewModel"]

LEVELS = 10
TRADES_SHOWN = 10
_CHANGE_SHOWN_NS = 1_500_000_000
"""How long the change of a level stays beside it, counted in the arrival times of the books."""


@dataclass(frozen=True, slots=True)
class Level:
    """One price of the book; ``price`` 0 is an empty level."""

    price: int
    shares: int
    change: int
    """Shares more or less than in the book before; 0 where nothing changed lately or nothing can be said."""
    change_pct: float
    """Distance of the price from the base price, percent; NaN without base."""
    is_last: bool


@dataclass(frozen=True, slots=True)
class BookFact:
    """A line of the day's numbers: what, the text, its colour token."""

    key: str
    text: str
    token: str


@dataclass(frozen=True, slots=True)
class BookNotice:
    """A line above the book: an auction's expected match, a volatility interruption, a gap, or that no order stands in it."""

    kind: str
    """``expected``, ``vi``, ``gap`` or ``empty``."""
    text: str
    token: str


class _Changes:
    """Change of the size at each price between our own snapshots. The feed's own differences are not used: a snapshot that
    was not received would be missing in them."""

    def __init__(self) -> None:
        self._before: dict[int, int] | None = None
        self._found: dict[int, tuple[int, int]] = {}

    def clear(self) -> None:
        """Forget everything: the next snapshot has nothing to be compared with."""
        self._before = None
        self._found = {}

    def take(self, prices: tuple[int, ...], shares: tuple[int, ...], at_ns: int) -> None:
        """Compare a snapshot of one side with the one before."""
        now = {price: size for price, size in zip(prices, shares, strict=True) if price > 0}
        before = self._before
        if before:
            low, high = min(before), max(before)
            for price, size in now.items():
                # Beyond the ten levels we held nothing is known; inside them a price that was not listed held nothing.
                if not low <= price <= high:
                    continue
                difference = size - before.get(price, 0)
                if difference:
                    self._found[price] = (difference, at_ns)
        self._before = now
        self._found = {
            price: (change, since)
            for price, (change, since) in self._found.items()
            if price in now and at_ns - since <= _CHANGE_SHOWN_NS
        }

    def at(self, price: int) -> int:
        """Change at a price; 0 where there is none to show."""
        return self._found.get(price, (0, 0))[0]


class OrderBookViewModel(LiveSymbolViewModel):
    """Ten levels a side of the selected symbol."""

    parts = frozenset({FeedPart.BOOK, FeedPart.TRADES, FeedPart.EXPECTED})

    def __init__(self, workstation: Workstation, origin: str = "book") -> None:
        super().__init__(workstation, origin)
        self.book: BookTick | None = None
        self.trades: deque[TradeTick] = deque(maxlen=TRADES_SHOWN)
        """Last trades, oldest first."""
        self._vi: ViEvent | None = None
        self._asks, self._bids = _Changes(), _Changes()
        self._read: Quote | None = None
        """The symbol's line of the board as last read; None when it has to be read again."""

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _listen(self, live: LiveMarket) -> list[Subscription]:
        return [
            live.books.subscribe(self._on_book, replay=False),
            live.trades.subscribe(self._on_trades, replay=False),
            live.frames.subscribe(self._on_frame, replay=False),
            live.vis.subscribe(self._on_vi),
        ]

    def _take_symbol(self) -> None:
        live = self.live
        self._asks.clear()
        self._bids.clear()
        self.trades.clear()
        self.book = self._read = None
        if self._vi is not None and self._vi.ticker != self.ticker:
            self._vi = None
        if live is not None and self.ticker and not self.is_past:
            self._take_tape(live)
            book = live.book_of(self.ticker)
            if book is not None:
                self._take(book)
        self.changed.emit()

    def _take_tape(self, live: LiveMarket) -> None:
        self.trades.clear()
        self._add_trades(live.tape_of(self.ticker))

    def _add_trades(self, ticks: Sequence[TradeTick]) -> None:
        self.trades.extend([tick for tick in ticks[-4 * TRADES_SHOWN :] if tick.quantity_shares])

    def _take(self, book: BookTick) -> None:
        self.book = book
        self._asks.take(book.ask_krw, book.ask_shares, book.received_ns)
        self._bids.take(book.bid_krw, book.bid_shares, book.received_ns)

    def _on_book(self, book: BookTick) -> None:
        if book.ticker != self.ticker or self.is_past:
            return
        is_first = self.book is None
        if self.is_stale:
            # Between the two something was not received: their difference is not one change.
            self._asks.clear()
            self._bids.clear()
        self._take(book)
        if is_first:
            self.state_changed.emit()
        self.changed.emit()

    def _on_trades(self, run: TradeRun) -> None:
        if run.ticker != self.ticker or self.is_past:
            return
        live = self.live
        if run.trades:
            self._add_trades(run.trades)
        elif live is not None:
            self._take_tape(live)  # the tape was put together anew: trades that were missed have come
        self.changed.emit()

    def _on_frame(self, frame: QuoteFrame) -> None:
        live = self.live
        board = live.board if live is not None else None
        row = board.row_of(self.ticker) if board is not None and self.ticker else None
        if row is not None and bool((frame.rows == row).any()):
            self._read = None
            self.changed.emit()

    def quote(self) -> Quote | None:
        """Latest values of the symbol, read off the board once a frame."""
        if self._read is None:
            self._read = super().quote()
        return self._read

    def _on_vi(self, event: ViEvent) -> None:
        if event.ticker == self.ticker:
            self._vi, self._read = event, None
            self.changed.emit()

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def data_ns(self) -> int | None:
        """Exchange time of the book."""
        return self.book.at_ns if self.book is not None else None

    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """(asks, bids), best first, always ten."""
        book, quote = self.book, self.quote()
        base = quote.base if quote is not None else math.nan
        last = quote.price if quote is not None else math.nan

        def side(prices: tuple[int, ...], sizes: tuple[int, ...], changes: _Changes) -> tuple[Level, ...]:
            found = []
            for price, size in list(zip(prices, sizes, strict=True))[:LEVELS]:
                pct = (price / base - 1.0) * 100.0 if base > 0 and price > 0 else math.nan
                found.append(Level(price, size, changes.at(price), pct, price > 0 and price == last))
            empty = Level(0, 0, 0, math.nan, False)
            return tuple(found + [empty] * (LEVELS - len(found)))

        if book is None:
            return side((), (), self._asks), side((), (), self._bids)
        return side(book.ask_krw, book.ask_shares, self._asks), side(book.bid_krw, book.bid_shares, self._bids)

    def facts(self, look: Appearance) -> tuple[BookFact, ...]:
        """The day's numbers in the order of the screen; 체결강도 last."""
        quote = self.quote()
        if quote is None:
            return ()

        def against_base(price: float) -> str:
            token = look.direction_token(price - quote.base)
            return "text-muted" if token == "unknown" else token

        facts = [
            BookFact("upper", fmt.price(quote.upper), "gain" if quote.upper == quote.upper else "text-muted"),
            BookFact("lower", fmt.price(quote.lower), "loss" if quote.lower == quote.lower else "text-muted"),
            BookFact("base", fmt.price(quote.base), "text"),
            BookFact("open", fmt.price(quote.open), against_base(quote.open)),
            BookFact("high", fmt.price(quote.high), against_base(quote.high)),
            BookFact("low", fmt.price(quote.low), against_base(quote.low)),
            BookFact("vwap", fmt.price(quote.vwap), "vcp-pivot" if quote.vwap == quote.vwap else "text-muted"),
            BookFact("tick", self._tick(quote.price), "text"),
        ]
        token = look.direction_token(quote.strength - 100.0)
        facts.append(BookFact("strength", fmt.number(quote.strength, 1), "text-muted" if token == "unknown" else token))
        return tuple(facts)

    def _tick(self, price: float) -> str:
        live, code = self.live, self.market_code
        board = live.board if live is not None else None
        if board is None or code is None or not price > 0:
            return fmt.MISSING
        try:
            return fmt.number(float(tick_size(int(price), code[0], board.day, code[1])))
        except RalphStockError:
            return fmt.MISSING  # the rules of an unknown market cannot say

    @property
    def is_empty(self) -> bool:
        """Whether a book came in which no order stands."""
        book = self.book
        return book is not None and not any(book.ask_krw) and not any(book.bid_krw)

    @property
    def strength(self) -> float:
        """체결강도 in percent; NaN where it is not known."""
        quote = self.quote()
        return quote.strength if quote is not None else math.nan

    def notices(self, look: Appearance) -> tuple[BookNotice, ...]:
        """Lines above the book: expected match, volatility interruption, open gap, an empty book."""
        found, book, quote = [], self.book, self.quote()
        if book is not None and book.expected_krw not in (MISSING, 0):
            base = quote.base if quote is not None else math.nan
            change = fmt.percent((book.expected_krw / base - 1.0) * 100.0) if base > 0 else fmt.MISSING
            shares = fmt.number(float(book.expected_shares)) if book.expected_shares != MISSING else fmt.MISSING
            text = look.tr("live.book.expected", price=fmt.price(book.expected_krw), change=change, shares=shares)
            found.append(BookNotice("expected", text, "warning"))
        if quote is not None and quote.vi:
            found.append(BookNotice("vi", self._vi_words(look), "warning"))
        gaps = self.open_gaps
        if gaps:
            since = fmt.clock(gaps[0].start_ns, seconds=False)
            until = gaps[-1].end_ns
            end = fmt.clock(until, seconds=False) if until is not None else look.tr("live.gap.now")
            text = look.tr("live.gap.line", start=since, end=end, state=look.tr(f"live.gap.{gaps[-1].state}"))
            found.append(BookNotice("gap", text, "text-secondary"))
        if self.is_empty:
            phase = self.status.phase if self.status is not None else None
            words = [look.tr("live.book.empty"), *([look.tr(f"feed.phase.{phase.value}")] if phase is not None else [])]
            found.append(BookNotice("empty", " · ".join(words), "text-secondary"))
        return tuple(found)

    def _vi_words(self, look: Appearance) -> str:
        event = self._vi
        if event is None:
            return look.tr("live.book.vi")
        kind = look.tr(f"live.vi.{ViKind(event.kind).name.lower()}")
        return look.tr(
            "live.book.vi_at", kind=kind, time=fmt.clock(event.triggered_ns), price=fmt.price(float(event.price_krw))
        )

    def as_text(self, look: Appearance) -> str:
        """The book as tab-separated text, asks from the highest price down, then bids."""
        asks, bids = self.levels()
        tr = look.tr
        rows = [
            f"{self.name(look)}\t{fmt.clock(self.book.at_ns) if self.book is not None else ''}",
            "\t".join((tr("live.book.col.ask"), tr("live.book.col.price"), tr("live.book.col.bid"))),
        ]
        rows += [f"{level.shares}\t{level.price}\t" for level in reversed(asks) if level.price]
        rows += [f"\t{level.price}\t{level.shares}" for level in bids if level.price]
        if self.book is not None:
            rows.append(f"{self.book.total_ask_shares}\t\t{self.book.total_bid_shares}")
        return "\n".join(rows)
