"""A running market for panel tests: real channels and real arrays, moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from engine.calendar.sessions import Phase
from engine.model.instants import kst_ns
from engine.model.live import (
    MISSING,
    BookTick,
    ConditionHit,
    ConnectionState,
    IndexTick,
    ProgramTick,
    QuoteSource,
    TradeTick,
    ViEvent,
)
from engine.model.panel import MarketPanel
from ralphstock_desktop.live_ports import Diagnosis, FeedPart
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live_contracts import (
    ConnectionPlan,
    FeedStatus,
    FormingBar,
    Gap,
    GapReport,
    HealthReport,
    IndexBoard,
    LiveScan,
    QuoteBoard,
    QuoteFrame,
    SimulationControl,
    SyncControl,
    TradeRun,
)

__all__ = ["NOW_NS", "TODAY", "FakeLive", "book_of", "make_board", "status", "trade"]

TODAY = date(2026, 5, 6)
NOW_NS = kst_ns(TODAY, 10, 42, 31)


def make_board(panel: MarketPanel, day: date = TODAY) -> QuoteBoard:
    """Every symbol at its last close, nothing traded today."""
    count = len(panel.tickers)
    base = panel.close_krw[:, -1].astype(np.int64)

    def ints(values: Any = MISSING) -> Any:
        return np.full(count, values, dtype=np.int64)

    return QuoteBoard(
        tickers=panel.tickers,
        day=day,
        price_krw=base.copy(),
        base_krw=base.copy(),
        open_krw=base.copy(),
        high_krw=base.copy(),
        low_krw=base.copy(),
        volume_shares=panel.volume_shares[:, -1].astype(np.int64).copy(),
        value_krw=ints(),
        ask_krw=ints(),
        bid_krw=ints(),
        strength_pct=np.full(count, np.nan),
        change_pct=np.zeros(count),
        at_ns=ints(),
        source=np.full(count, int(QuoteSource.STORED), dtype=np.uint8),
        vi=np.zeros(count, dtype=np.bool_),
        gap=np.zeros(count, dtype=np.bool_),
    )


def status(**changes: Any) -> FeedStatus:
    """A stream that works."""
    good = FeedStatus(
        host="real",
        connection=ConnectionState.LIVE,
        shown=QuoteSource.STREAM,
        age_s=0.3,
        is_stale=False,
        phase=Phase.REGULAR,
        phase_left_s=17_249.0,
        market_ns=NOW_NS,
        speed=1.0,
        messages_per_s=412.0,
        lag_ms=38.0,
        streamed=6,
        polled=0,
        open_gaps=0,
        filled_gaps=0,
        since_ns=NOW_NS - 60_000_000_000,
    )
    return replace(good, **changes)


def trade(
    ticker: str, price: int, quantity: int, volume: int, *, at_ns: int = NOW_NS, base: int = 0, **changes: Any
) -> TradeTick:
    """One trade; ``quantity`` is signed."""
    tick = TradeTick(
        ticker, 0, at_ns, price, quantity, volume, price * volume, price - base if base else MISSING,
        price, price, price, price + 100, price - 100, 100.0, volume // 2, volume // 2, at_ns,
    )  # fmt: skip
    return tick._replace(**changes)


def book_of(ticker: str, best_ask: int, tick: int = 100, *, sizes: Sequence[int] = (), **changes: Any) -> BookTick:
    """A full book around the best ask."""
    asks = tuple(best_ask + number * tick for number in range(10))
    bids = tuple(best_ask - (number + 1) * tick for number in range(10))
    ask_shares = tuple(sizes[:10]) or tuple(900 + 97 * number for number in range(10))
    bid_shares = tuple(sizes[10:]) or tuple(700 + 83 * number for number in range(10))
    book = BookTick(
        ticker, 0, NOW_NS, asks, ask_shares, bids, bid_shares, sum(ask_shares), sum(bid_shares), MISSING, MISSING, NOW_NS
    )
    return book._replace(**changes)


@dataclass
class FakeLive:
    """Everything a panel asks of a running market. ``wants`` holds what each owner wants now."""

    panel: MarketPanel
    day: date = TODAY
    wants: dict[str, tuple[tuple[str, ...], frozenset[FeedPart]]] = field(default_factory=dict)
    books_now: dict[str, BookTick] = field(default_factory=dict)
    tapes: dict[str, list[TradeTick]] = field(default_factory=dict)
    days_now: dict[str, FormingBar] = field(default_factory=dict)
    minutes_now: dict[str, list[FormingBar]] = field(default_factory=dict)
    reconnects: int = 0

    def __post_init__(self) -> None:
        self.frames: Channel[QuoteFrame] = Channel("frames")
        self.books: Channel[BookTick] = Channel("books")
        self.trades: Channel[TradeRun] = Channel("trades")
        self.indices: Channel[IndexBoard] = Channel("indices")
        self.programs: Channel[ProgramTick] = Channel("programs")
        self.vis: Channel[ViEvent] = Channel("vis")
        self.conditions: Channel[ConditionHit] = Channel("conditions")
        self.status: Channel[FeedStatus] = Channel("status")
        self.gaps: Channel[GapReport] = Channel("gaps")
        self.health: Channel[HealthReport] = Channel("health")
        self.scans: Channel[LiveScan] = Channel("scans")
        self.the_board: QuoteBoard | None = make_board(self.panel, self.day)
        self._frame = 0

    # -- the contract ---------------------------------------------------------------------------------------------------

    @property
    def board(self) -> QuoteBoard | None:
        return self.the_board

    @property
    def simulation(self) -> SimulationControl | None:
        return None

    @property
    def sync(self) -> SyncControl | None:
        return None

    def want(self, owner: str, tickers: Sequence[str], parts: frozenset[FeedPart] = frozenset({FeedPart.TRADES})) -> None:
        self.wants[owner] = (tuple(tickers), parts)

    def book_of(self, ticker: str) -> BookTick | None:
        return self.books_now.get(ticker)

    def tape_of(self, ticker: str) -> tuple[TradeTick, ...]:
        return tuple(self.tapes.get(ticker, ()))

    def forming_day(self, ticker: str) -> FormingBar | None:
        return self.days_now.get(ticker)

    def minutes_today(self, ticker: str) -> tuple[FormingBar, ...]:
        return tuple(self.minutes_now.get(ticker, ()))

    async def test(self, plan: ConnectionPlan) -> Diagnosis:
        raise NotImplementedError

    async def connect(self, plan: ConnectionPlan) -> None:
        raise NotImplementedError

    async def disconnect(self) -> None:
        raise NotImplementedError

    def reconnect(self) -> None:
        self.reconnects += 1

    # -- moving it ------------------------------------------------------------------------------------------------------

    def wanted(self, owner: str) -> tuple[str, ...]:
        """Tickers an owner wants now."""
        return self.wants.get(owner, ((), frozenset()))[0]

    def move(self, prices: dict[str, int], *, at_ns: int = NOW_NS, publish: bool = True, **columns: Any) -> QuoteFrame:
        """Trade some symbols at new prices and publish the frame; further columns are written for all of them."""
        board = self.the_board
        assert board is not None
        found = [board.row_of(ticker) for ticker in prices]
        rows = np.array([row for row in found if row is not None], dtype=np.intp)
        new = np.array(list(prices.values()), dtype=np.int64)
        signs = np.sign(new - board.price_krw[rows]).astype(np.int8)
        board.price_krw[rows] = new
        fresh = board.at_ns[rows] == MISSING
        for column, join in ((board.high_krw, np.maximum), (board.low_krw, np.minimum)):
            column[rows] = np.where(fresh, new, join(column[rows], new))
        board.open_krw[rows] = np.where(fresh, new, board.open_krw[rows])
        board.change_pct[rows] = (new / board.base_krw[rows] - 1) * 100
        board.at_ns[rows] = at_ns
        board.source[rows] = QuoteSource.STREAM
        for name, value in columns.items():
            getattr(board, name)[rows] = value
        self._frame += 1
        frame = QuoteFrame(rows, signs, at_ns, self._frame)
        if publish:
            self.frames.publish(frame)
        return frame

    def push_book(self, book: BookTick) -> None:
        """A book arrives."""
        self.books_now[book.ticker] = book
        self.books.publish(book)

    def push_trades(self, *ticks: TradeTick) -> None:
        """Trades of one symbol arrive."""
        self.tapes.setdefault(ticks[0].ticker, []).extend(ticks)
        self.trades.publish(TradeRun(ticks[0].ticker, ticks))

    def push_gaps(self, *gaps: Gap) -> None:
        """The gaps of the day are these."""
        done = sum(gap.state == "filled" for gap in gaps)
        self.gaps.publish(GapReport(len(gaps), done, len(gaps) - done, gaps))

    def push_indices(self, basis: float | None = None, **levels: tuple[float, float]) -> None:
        """Levels and changes by code (``k001`` …, ``USDKRW``)."""
        ticks, paths = {}, {}
        for name, (level, change) in levels.items():
            code = name.removeprefix("k")
            pct = change / (level - change) * 100
            ticks[code] = IndexTick(code, NOW_NS, level, change, pct, level, level, level, 0, 0, NOW_NS)
            steps = np.linspace(0, 1, 40)
            paths[code] = tuple(float(v) for v in level - change + change * steps + np.sin(steps * 14) * abs(change) * 0.3)
        self.indices.publish(IndexBoard(ticks, paths, basis))
