"""The hub: nothing newest is lost, nothing old wins, frames carry only what changed."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import kst_ns
from engine.model.live import MISSING, BestQuotes, BookTick, IndexTick, QuoteSnapshot, QuoteSource, TradeTick, ViEvent
from ralphstock_desktop.live_ports import ConnectionChange
from ralphstock_desktop.services.live.board import is_of_today
from ralphstock_desktop.services.live.hub import LiveHub
from ralphstock_desktop.services.live_contracts import QuoteBoard, QuoteFrame

TICKERS = np.array(["000020", "005930", "0001A0", "373220"])


def make(tickers: np.ndarray = TICKERS) -> tuple[LiveHub, QuoteBoard, list[QuoteFrame]]:
    tickers = np.sort(tickers)
    count = len(tickers)
    ints = {
        name: np.full(count, MISSING, dtype=np.int64)
        for name in ("price_krw base_krw open_krw high_krw low_krw volume_shares value_krw ask_krw bid_krw at_ns").split()
    }
    board = QuoteBoard(
        tickers=tickers,
        day=date(2026, 5, 4),
        **ints,
        strength_pct=np.full(count, np.nan),
        change_pct=np.full(count, np.nan),
        source=np.zeros(count, dtype=np.uint8),
        vi=np.zeros(count, dtype=bool),
        gap=np.zeros(count, dtype=bool),
    )
    hub = LiveHub(lambda: 2_000_000, lambda: 77)
    hub.use_board(board)
    frames: list[QuoteFrame] = []
    hub.frames.subscribe(frames.append, replay=False)
    return hub, board, frames


def trade(
    ticker: str, price: int, volume: int, quantity: int = 1, change: int = 100, at_ns: int = 1, **other: int
) -> TradeTick:
    values = {
        "ticker": ticker,
        "venue": 0,
        "at_ns": at_ns,
        "price_krw": price,
        "quantity_shares": quantity,
        "volume_shares": volume,
        "value_krw": price * volume,
        "change_krw": change,
        "open_krw": 69_000,
        "high_krw": 72_000,
        "low_krw": 68_000,
        "ask_krw": price + 100,
        "bid_krw": price,
        "strength_pct": 120.5,
        "buy_shares": volume,
        "sell_shares": 0,
        "received_ns": 1_000_000,
        **other,
    }
    return TradeTick(**values)


def test_a_frame_carries_the_newest_value_of_each_changed_symbol() -> None:
    hub, board, frames = make()
    hub.on_trade(trade("005930", 70_000, 100))
    hub.on_trade(trade("005930", 70_500, 130))
    hub.on_trade(trade("373220", 330_000, 9, change=-3000))
    assert hub.frame()
    assert sorted(frames[0].rows.tolist()) == sorted([board.row_of("005930"), board.row_of("373220")])
    row = board.row_of("005930")
    assert (board.price_krw[row], board.volume_shares[row], board.base_krw[row]) == (70_500, 130, 70_400)
    assert board.change_pct[row] == pytest.approx(100 * (70_500 / 70_400 - 1))
    assert board.source[row] == QuoteSource.STREAM
    assert board.base_krw[board.row_of("373220")] == 333_000
    assert not hub.frame(), "an idle frame says nothing"
    hub.on_trade(trade("005930", 70_400, 131))
    hub.frame()
    assert frames[1].rows.tolist() == [row]
    assert frames[1].signs.tolist() == [-1]


@given(
    st.lists(st.tuples(st.sampled_from(["005930", "000020"]), st.integers(1, 400)), min_size=1, max_size=60), st.integers(1, 7)
)
def test_whatever_the_order_the_greatest_accumulated_volume_is_shown_at_the_end(
    arrivals: list[tuple[str, int]], every: int
) -> None:
    hub, board, _ = make()
    best: dict[str, int] = {}
    for number, (ticker, volume) in enumerate(arrivals):
        # A tick that is older than one already on the board is what the keeper refuses; inside a frame the hub sorts it out.
        if volume >= best.get(ticker, 0) or number % every:
            hub.on_trade(trade(ticker, 50_000 + volume, volume))
            best[ticker] = max(best.get(ticker, 0), volume)
    hub.frame()
    for ticker, volume in best.items():
        assert board.volume_shares[board.row_of(ticker)] == volume
        assert board.price_krw[board.row_of(ticker)] == 50_000 + volume


def test_what_the_keeper_refuses_reaches_neither_board_nor_tape() -> None:
    class Keeper:
        def take(self, tick: TradeTick) -> bool:
            return tick.volume_shares != 130

        def on_connection(self, change: ConnectionChange) -> None: ...
        def on_covered(self, tickers: frozenset[str]) -> None: ...

    hub, board, _ = make()
    hub.keeper = Keeper()
    hub.watch_tapes(frozenset({"005930"}))
    hub.on_trade(trade("005930", 70_000, 100))
    hub.on_trade(trade("005930", 70_500, 130))
    hub.frame()
    assert board.price_krw[board.row_of("005930")] == 70_000
    assert [tick.volume_shares for tick in hub.tape_of("005930")] == [100]
    assert hub.duplicates == 1


def test_after_hours_trades_are_shown_on_the_tape_and_leave_the_days_bar_alone() -> None:
    class Keeper:
        def take(self, tick: TradeTick) -> bool:
            return tick.at_ns < after

        def on_connection(self, change: ConnectionChange) -> None: ...
        def on_covered(self, tickers: frozenset[str]) -> None: ...

    hub, board, _ = make()
    after = DEFAULT_SESSIONS.official_bar_ns(board.day) + 1
    hub.keeper = Keeper()
    hub.watch_tapes(frozenset({"005930"}))
    hub.on_trade(trade("005930", 70_000, 100))
    hub.on_trade(trade("005930", 71_000, 120, at_ns=after))
    hub.frame()
    assert board.price_krw[board.row_of("005930")] == 70_000
    assert [tick.price_krw for tick in hub.tape_of("005930")] == [70_000, 71_000]
    assert hub.duplicates == 0


def test_a_missing_value_never_replaces_a_known_one_of_today_but_does_replace_yesterdays() -> None:
    hub, board, _ = make()
    row = board.row_of("005930")
    board.open_krw[row] = 11_111  # stored, of the day before
    board.source[row] = QuoteSource.STORED
    hub.on_trade(trade("005930", 70_000, 100, open_krw=MISSING))
    hub.frame()
    assert board.open_krw[row] == MISSING
    hub.on_trade(trade("005930", 70_000, 101, open_krw=69_900))
    hub.frame()
    hub.on_trade(trade("005930", 70_000, 102, open_krw=MISSING))
    hub.frame()
    assert board.open_krw[row] == 69_900


def snapshot(ticker: str, price: int, volume: int, at_ns: int = MISSING) -> QuoteSnapshot:
    return QuoteSnapshot(ticker, 0, at_ns, price, 70_000, 69_000, 72_000, 68_000, volume, 1, 99.0, price, price, 1, 1, 1, 5)


def test_the_after_market_moves_no_close_of_the_day() -> None:
    """Range and volume stay those of the regular session; a later price beside them would make an impossible bar."""
    clock = [kst_ns(date(2026, 5, 4), 15, 31)]
    _, board, _ = make()
    hub = LiveHub(lambda: 2_000_000, lambda: clock[0])
    hub.use_board(board)
    row, other = board.row_of("000020"), board.row_of("005930")
    hub.take_snapshots([snapshot("000020", 69_500, 1_000)])
    clock[0] = kst_ns(date(2026, 5, 4), 18, 0)
    hub.take_snapshots([snapshot("000020", 67_000, 1_100), snapshot("005930", 71_000, 500)])
    assert (board.price_krw[row], board.volume_shares[row]) == (69_500, 1_000)
    assert board.price_krw[other] == 71_000, "of a symbol nothing was known of today the last answer is better than none"


def test_polling_never_turns_a_streamed_or_a_newer_value_back() -> None:
    hub, board, _frames = make()
    hub.on_covered(frozenset({"005930"}))
    hub.on_trade(trade("005930", 70_500, 130))
    hub.frame()
    hub.take_snapshots([snapshot("005930", 70_000, 90), snapshot("000020", 5_000, 10), snapshot("999999", 1, 1)])
    hub.frame()
    assert board.price_krw[board.row_of("005930")] == 70_500
    row = board.row_of("000020")
    assert (board.price_krw[row], board.source[row], board.at_ns[row]) == (5_000, QuoteSource.POLLED, 77)
    hub.on_covered(frozenset())
    hub.take_snapshots([snapshot("005930", 70_000, 90)])
    assert board.price_krw[board.row_of("005930")] == 70_500, "an answer with less volume is older"
    hub.take_snapshots([snapshot("005930", 70_900, 131, at_ns=5)])
    assert board.price_krw[board.row_of("005930")] == 70_900
    assert board.source[board.row_of("005930")] == QuoteSource.POLLED


def test_the_state_of_a_former_day_is_shown_but_holds_back_nothing_of_today() -> None:
    hub, board, frames = make()
    row = board.row_of("000020")
    assert row is not None
    rows = np.array([row])
    before, today = kst_ns(date(2026, 4, 30), 15, 30), kst_ns(date(2026, 5, 4), 9, 0, 5)
    hub.take_snapshots([snapshot("000020", 5_000, 9_000_000, at_ns=before)])
    assert (board.price_krw[row], board.source[row]) == (5_000, QuoteSource.POLLED)
    assert not is_of_today(board, rows)[0], "no bar of today can be made of it"
    hub.take_snapshots([snapshot("000020", 5_100, 10, at_ns=today)._replace(high_krw=5_100, value_krw=MISSING)])
    assert (board.price_krw[row], board.volume_shares[row], board.high_krw[row]) == (5_100, 10, 5_100)
    assert board.value_krw[row] == MISSING, "a value of the day before is none of today"
    assert is_of_today(board, rows)[0]
    hub.frame()
    assert not frames[-1].spans, "the first price of a day is no new extreme"
    hub.take_snapshots([snapshot("000020", 5_000, 9, at_ns=today)])
    assert board.price_krw[row] == 5_100, "of one day, less volume is older"


def test_a_trade_replaces_everything_of_a_former_day() -> None:
    hub, board, _ = make()
    row = board.row_of("000020")
    hub.take_snapshots([snapshot("000020", 5_000, 9_000_000, at_ns=kst_ns(date(2026, 4, 30), 15, 30))])
    hub.on_trade(trade("000020", 5_100, 10, at_ns=kst_ns(date(2026, 5, 4), 9, 0, 5), value_krw=MISSING))
    hub.frame()
    assert (board.volume_shares[row], board.value_krw[row], board.source[row]) == (10, MISSING, QuoteSource.STREAM)


def test_trades_and_quotes_nobody_asked_for_are_left_alone() -> None:
    hub, board, _ = make()
    taken: list[str] = []

    class Keeper:
        def take(self, tick: TradeTick) -> bool:
            taken.append(tick.ticker)
            return True

        def on_connection(self, change: ConnectionChange) -> None: ...
        def on_covered(self, tickers: frozenset[str]) -> None: ...

    hub.keeper = Keeper()
    hub.on_trade(trade("999999", 1_000, 5))
    hub.on_trade(trade("005930", 70_000, 5))
    assert taken == ["005930"]
    hub.keeper = None
    hub.on_covered(frozenset({"069500"}))  # looked at, though it is no stock of the market's panel
    hub.keeper = Keeper()
    hub.on_trade(trade("069500", 30_000, 5))
    assert taken == ["005930", "069500"]
    hub.take_snapshots([snapshot("000020", 5_000, 10)._replace(venue=2)])
    assert board.source[board.row_of("000020")] == QuoteSource.NONE


def test_a_pushed_symbol_without_a_trade_takes_its_first_state_from_polling() -> None:
    hub, board, _frames = make()
    hub.on_covered(frozenset({"005930", "000020"}))
    hub.on_trade(trade("005930", 70_500, 130))
    hub.frame()
    assert hub.unconfirmed == {"000020"}, "a trade carries the whole state; silence does not"
    hub.take_snapshots([snapshot("000020", 5_000, 10)])
    row = board.row_of("000020")
    assert (board.price_krw[row], board.source[row]) == (5_000, QuoteSource.POLLED)
    assert hub.unconfirmed == set()
    hub.on_covered(frozenset({"000020"}))
    hub.on_covered(frozenset({"005930", "000020"}))
    assert hub.unconfirmed == {"005930"}, "what was not pushed for a while must be asked for again"
    hub.take_snapshots([snapshot("005930", 70_900, 131)])
    assert board.price_krw[board.row_of("005930")] == 70_900, "more volume proves it newer than the last trade pushed"
    assert hub.unconfirmed == set()


def test_other_venues_never_touch_the_krx_board() -> None:
    hub, board, _ = make()
    hub.on_trade(trade("005930", 70_500, 130, venue=1))
    hub.on_best(BestQuotes("005930", 2, 1, 1, 1))
    assert not hub.frame()
    assert board.price_krw[board.row_of("005930")] == MISSING


def test_books_indices_and_interruptions() -> None:
    hub, board, frames = make()
    books: list[BookTick] = []
    hub.books.subscribe(books.append, replay=False)
    levels = (1,) * 10
    for size in (5, 6):
        hub.on_book(BookTick("005930", 0, 1, levels, levels, levels, levels, size, 1, MISSING, MISSING, 1))
    hub.on_index(IndexTick("001", 60_000_000_000, 2875.8, 1.0, 0.1, 1, 1, 1, 1, 1, 1))
    hub.on_index(IndexTick("001", 59_000_000_000, 1.0, 1.0, 0.1, 1, 1, 1, 1, 1, 1))
    hub.on_vi(ViEvent("000020", 1, True, 100, 90, 1, MISSING, 1, 1))
    hub.frame()
    assert [book.total_ask_shares for book in books] == [6], "one book a frame, the newest"
    assert hub.indices.last is not None
    assert hub.indices.last.ticks["001"].level == 2875.8
    assert board.vi[board.row_of("000020")]
    hub.on_vi(ViEvent("000020", 1, True, 100, 90, 1, 2, 1, 1))
    hub.frame()
    assert not board.vi[board.row_of("000020")]
    assert frames[-1].rows.tolist() == [board.row_of("000020")]


def test_an_interruption_whose_end_was_not_pushed_ends_by_asking() -> None:
    hub, board, _ = make()
    row = board.row_of("000020")
    began, ended = kst_ns(date(2026, 5, 4), 10), kst_ns(date(2026, 5, 4), 10, 2, 20)
    event = ViEvent("000020", 1, True, 100, 90, began, MISSING, 1, 1)
    told: list[ViEvent] = []
    hub.vis.subscribe(told.append, replay=False)
    hub.on_vi(event)
    assert board.vi[row]
    assert not hub.overdue_vis(began) and hub.overdue_vis(began + 1)
    hub.take_vis([event, event._replace(released_ns=ended), ViEvent("005930", 1, True, 100, 90, began + 5, MISSING, 1, 1)])
    assert not board.vi[row] and board.vi[board.row_of("005930")], "and one that began meanwhile is shown"
    assert told == [event], "what was asked for is no news"
    hub.on_vi(event)  # late, or twice
    assert not board.vi[row] and told == [event]
    hub.on_vi(event._replace(triggered_ns=ended, count_today=2))
    assert board.vi[row]
    hub.take_vis([ViEvent("000020", 1, True, 100, 90, kst_ns(date(2026, 4, 30), 10), ended, 1, 1)])
    assert board.vi[row], "another day's says nothing"


def test_asked_trades_stand_before_pushed_ones_without_doubles() -> None:
    hub, _board, _ = make()
    hub.watch_tapes(frozenset({"005930"}))
    hub.on_trade(trade("005930", 70_000, 100))
    hub.frame()
    hub.fill_tape("005930", [trade("005930", 69_900, 90), trade("005930", 69_950, 95), trade("005930", 70_000, 100)])
    assert [tick.volume_shares for tick in hub.tape_of("005930")] == [90, 95, 100]
    hub.watch_tapes(frozenset())
    assert hub.tape_of("005930") == ()


def test_open_gaps_are_marked_and_cleared() -> None:
    hub, board, frames = make()
    hub.mark_gaps(frozenset({"005930", "unknown"}))
    hub.frame()
    assert board.gap[board.row_of("005930")]
    hub.mark_gaps(frozenset())
    hub.frame()
    assert not board.gap.any()
    assert [frame.rows.tolist() for frame in frames] == [[board.row_of("005930")]] * 2
