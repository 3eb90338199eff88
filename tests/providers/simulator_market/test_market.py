"""The replayed market: exact totals, the same whatever the speed and the order of questions, books and auctions in order."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.calendar.ticks import is_on_tick
from engine.model.instants import kst_ns
from ralphstock_desktop.ports import IndexBatch, MinuteBatch
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimExecution, SimMarketPort
from ralphstock_desktop.providers.kiwoom_sim.market import MarketOptions, PanelHistory, SimMarket, build_market
from ralphstock_desktop.providers.simulated.market import build_panel
from ralphstock_desktop.providers.simulated.spec import SimulationSpec

from .small_market import AT_LIMIT, DAY, FUND, GONE, HALTED, ONE_SHARE, SURGE, THIN, Machine, small_market, small_panel

MINUTE = 60_000_000_000
NEXT_DAY = date(2026, 11, 23)


def at(hour: int, minute: int = 0, second: int = 0, day: date = DAY) -> int:
    return kst_ns(day, hour, minute, second)


@pytest.fixture(scope="module")
def panel():
    return small_panel()


def test_it_keeps_the_contract(panel) -> None:
    market: SimMarketPort = small_market(panel=panel)
    assert market.source == "daily"


def test_the_day_of_the_panel_comes_out_exactly(panel) -> None:
    market = small_market(panel=panel)
    final, last = market.final_day(), len(panel.days) - 1
    traded = panel.valid[:, last]
    for name, column in (("open", "open_krw"), ("high", "high_krw"), ("low", "low_krw"), ("close", "close_krw")):
        assert (final[name][traded] == getattr(panel, column)[traded, last]).all(), name
    assert (final["volume"][traded] == panel.volume_shares[traded, last]).all()
    assert (final["volume"][~traded] == 0).all()
    # A value the path can reach is met; the few others miss it by less than half a per cent.
    error = np.abs(final["value_krw"][traded] / panel.value_krw[traded, last] - 1)
    assert (error < 0.005).all() and (error == 0).mean() > 0.5


def everything(market: SimMarket, steps: list[int]) -> list[SimExecution]:
    found: list[SimExecution] = []
    for instant in steps:
        market.clock.jump(instant)
        found += market.advance()
    return found


def test_trades_are_the_same_however_often_it_is_asked(panel) -> None:
    end = at(20, 1)
    whole = everything(small_market(panel=panel), [end])
    random = np.random.default_rng(3)
    cuts = sorted(random.integers(at(8), end, 300).tolist())
    assert everything(small_market(panel=panel), [*cuts, end]) == whole
    machine = Machine()
    running = small_market(panel=panel, machine=machine, speed=600.0, paused=False)
    found: list[SimExecution] = []
    while running.clock.now_ns() < end:
        machine.pass_s(float(random.uniform(0.05, 4.0)))
        found += running.advance()
    assert [trade for trade in found if trade.at_ns <= end] == whole
    assert [trade.at_ns for trade in whole] == sorted(trade.at_ns for trade in whole)


def test_volume_is_conserved_and_a_jump_keeps_the_totals(panel) -> None:
    market = small_market(panel=panel)
    whole = everything(market, [at(15, 31)])
    by_row: dict[int, list[SimExecution]] = {}
    for trade in whole:
        by_row.setdefault(trade.row, []).append(trade)
    final = market.final_day()
    for row, trades in by_row.items():
        assert sum(abs(trade.quantity) for trade in trades) == final["volume"][row]
        assert trades[-1].volume == final["volume"][row]
        assert trades[-1].value_krw == final["value_krw"][row]
    jumped = small_market(panel=panel)
    jumped.clock.jump(at(13, 17, 41))
    for row, trades in by_row.items():
        before = [trade for trade in trades if trade.at_ns <= at(13, 17, 41)]
        assert jumped.quote(row).last == (before[-1] if before else None)
    jumped.clock.jump(at(9, 30))
    jumped.advance()
    jumped.clock.jump(at(9, 10))
    assert list(jumped.advance()) == []
    row = next(iter(by_row))
    assert jumped.quote(row).at_ns <= at(9, 10)


def test_a_jump_back_gives_nothing_and_goes_on_from_there(panel) -> None:
    market = small_market(panel=panel)
    everything(market, [at(11)])
    market.clock.jump(at(10))
    assert list(market.advance()) == []
    market.clock.jump(at(10, 5))
    again = list(market.advance())
    fresh = [trade for trade in everything(small_market(panel=panel), [at(10, 5)]) if trade.at_ns > at(10)]
    assert again == fresh


def test_seeds_differ_and_symbols_do_not_depend_on_each_other(panel) -> None:
    first, other = small_market(panel=panel), small_market(panel=panel, seed=12)
    row = SURGE
    assert not np.array_equal(first.final_minutes(row).close, other.final_minutes(row).close)
    again = small_market(panel=panel)
    for mine, theirs in zip(first.final_minutes(row), again.final_minutes(row), strict=True):
        assert np.array_equal(mine, theirs)


def test_halted_gone_and_thin_symbols(panel) -> None:
    market = small_market(panel=panel, hour=15, minute=31)
    assert market.quote(HALTED).halted and market.quote(HALTED).volume == 0
    assert market.quote(HALTED).price == market.quote(HALTED).base > 0
    assert not any(market.book(HALTED).ask_price)
    assert not market.is_listed(GONE) and market.quote(GONE).last is None
    assert market.is_listed(HALTED)
    assert len(market.final_minutes(ONE_SHARE).volume) == 1
    assert market.final_minutes(THIN).volume.size < 10


def test_forming_minute_agrees_with_the_trades(panel) -> None:
    market = small_market(panel=panel)
    row = SURGE
    for second in range(0, 60, 7):
        market.clock.jump(at(10, 42, second))
        bars, quote = market.minutes(row), market.quote(row)
        assert bars.volume_after[-1] == quote.volume == bars.volume.sum()
        assert bars.close[-1] == quote.price
        assert bars.value_krw.sum() == quote.value_krw
        assert max(bars.high) == quote.high and min(bars.low) == quote.low
        trades = market.executions(row, 10_000)
        assert len(trades) == len(set(trades)) and trades[0] == quote.last
        inside = [trade for trade in trades if trade.at_ns >= at(10, 42)]
        assert sum(abs(trade.quantity) for trade in inside) == (bars.volume[-1] if inside else 0)
    market.clock.jump(at(15, 31))
    for mine, truth in zip(market.minutes(row), market.final_minutes(row), strict=True):
        assert np.array_equal(mine, truth[: len(mine)])


def test_auctions_open_and_close_the_day(panel) -> None:
    market = small_market(panel=panel)
    row = SURGE
    trades = [trade for trade in everything(market, [at(15, 32)]) if trade.row == row]
    assert at(9) <= trades[0].at_ns <= at(9, 0, 5)
    assert abs(trades[0].quantity) > 0.004 * market.final_day()["volume"][row]
    assert (trades[0].buy_shares, trades[0].sell_shares) == (0, 0)
    assert at(15, 30) <= trades[-1].at_ns <= at(15, 30, 30)
    assert not [trade for trade in trades if at(15, 20) <= trade.at_ns < at(15, 30)]
    assert market.final_minutes(row).start_ns.tolist().count(at(15, 30)) == 1
    seen = set()
    for minute in range(20, 30):
        market.clock.jump(at(15, minute, 30))
        quote = market.quote(row)
        assert quote.expected_price and quote.expected_quantity > 0
        assert market.book(row).expected_price == quote.expected_price
        seen.add((quote.expected_price, quote.expected_quantity))
    assert len(seen) > 5
    market.clock.jump(at(12))
    assert (market.quote(row).expected_price, market.book(row).expected_quantity) == (0, 0)
    market.clock.jump(at(8, 55))
    assert market.quote(row).expected_price > 0
    assert market.quote(row).last is None


def test_books_are_in_order(panel) -> None:
    market = small_market(panel=panel)
    for instant in (at(9, 0, 30), at(10, 11, 12), at(14, 59, 59), at(15, 25)):
        market.clock.jump(instant)
        for row in range(panel.shape[0]):
            quote, book = market.quote(row), market.book(row)
            asks = [price for price in book.ask_price if price]
            bids = [price for price in book.bid_price if price]
            if not market.is_listed(row) or quote.halted:
                assert not asks and not bids
                continue
            assert asks == sorted(asks) and bids == sorted(bids, reverse=True)
            assert all((size > 0) == (price > 0) for price, size in zip(book.ask_price, book.ask_size, strict=True))
            prices = np.array([*asks, *bids], dtype=np.int64)
            assert is_on_tick(prices, int(panel.market[row]), DAY, int(panel.security_type[row])).all()
            assert (prices <= quote.upper_limit).all() and (prices >= quote.lower_limit).all()
            if asks and bids:
                assert bids[0] < asks[0]
            assert (quote.ask, quote.bid) == (asks[0] if asks else 0, bids[0] if bids else 0)
            if quote.last is not None and not quote.expected_price:
                assert quote.price == (quote.ask if quote.last.quantity >= 0 else quote.bid)
            assert market.book(row) == book


def test_nobody_sells_at_the_upper_limit(panel) -> None:
    market = small_market(panel=panel, hour=16, minute=5, options=MarketOptions(after_market=False))
    market.clock.jump(at(15, 30, 29))
    quote = market.quote(AT_LIMIT)
    if quote.last is not None and quote.price == quote.upper_limit and quote.last.quantity < 0:
        assert quote.ask == 0
    assert max(market.book(AT_LIMIT).ask_price) <= quote.upper_limit


def test_the_official_bar_stays_while_the_after_market_drifts(panel) -> None:
    market = small_market(panel=panel)
    before = market.final_day()
    market.clock.jump(at(15, 45))
    assert market.quote(SURGE).price == before["close"][SURGE]
    market.clock.jump(at(19, 59))
    moved = [row for row in range(panel.shape[0]) if market.quote(row).price != before["close"][row] > 0]
    assert len(moved) > 5
    quote = market.quote(SURGE)
    assert (quote.open, quote.high, quote.low) == tuple(int(before[name][SURGE]) for name in ("open", "high", "low"))
    assert quote.volume > before["volume"][SURGE]
    assert market.quote(FUND).at_ns < at(15, 31)
    assert np.array_equal(market.final_day()["close"], before["close"])
    quiet = small_market(panel=panel, hour=19, options=MarketOptions(after_market=False))
    assert quiet.quote(SURGE).price == before["close"][SURGE]


def test_a_day_after_the_panel_is_drawn_within_limits(panel) -> None:
    market = small_market(panel=panel, day=NEXT_DAY, seed=4)
    assert market.source == "generated"
    final = market.final_day()
    traded = final["volume"] > 0
    assert traded.sum() > 30 and not traded[HALTED] and not traded[GONE]
    assert (final["high"][traded] <= market.facts.upper[traded]).all()
    assert (final["low"][traded] >= market.facts.lower[traded]).all()
    assert (market.facts.base[traded] == panel.close_krw[traded, -1]).all()
    for name in ("open", "high", "low", "close"):
        kinds = panel.security_type[traded]
        assert is_on_tick(final[name][traded], panel.market[traded], NEXT_DAY, kinds).all()
    assert np.array_equal(small_market(panel=panel, day=NEXT_DAY, seed=4).final_day()["close"], final["close"])
    assert not np.array_equal(small_market(panel=panel, day=NEXT_DAY, seed=5).final_day()["close"], final["close"])


def test_recorded_minutes_are_served_unchanged_beside_drawn_ones(panel) -> None:
    ticker, row = str(panel.tickers[SURGE]), SURGE
    start = np.array([at(9), at(9, 1), at(9, 7), at(15, 30)])
    column = lambda *values: np.array(values, dtype=np.int64)  # noqa: E731
    batch = MinuteBatch(
        np.full(4, ticker), start, column(1000, 1010, 1005, 1020), column(1015, 1010, 1030, 1020),
        column(995, 1005, 1005, 1020), column(1010, 1005, 1030, 1020), column(700, 2, 300, 500),
        column(705_000, 2_015, 305_000, 510_000), "recorded",
    )  # fmt: skip
    clock = SimClock(at(8), Machine(), 60.0, True)
    market = build_market(PanelHistory(panel, {(ticker, DAY): batch}), DAY, 11, clock, MarketOptions(after_market=False))
    assert market.source == "minutes"
    bars = market.final_minutes(row)
    for mine, theirs in (
        (bars.start_ns, batch.minute_ns), (bars.open, batch.open_krw), (bars.high, batch.high_krw), (bars.low, batch.low_krw),
        (bars.close, batch.close_krw), (bars.volume, batch.volume_shares), (bars.value_krw, batch.value_krw),
    ):  # fmt: skip
        assert mine.tolist() == theirs.tolist()
    assert market.final_day()["close"][row] == 1020
    others = small_market(panel=panel, options=MarketOptions(after_market=False)).final_minutes(THIN)
    assert np.array_equal(market.final_minutes(THIN).close, others.close)
    clock.jump(at(15, 31))
    trades = market.executions(row, 1_000)
    assert sum(abs(trade.quantity) for trade in trades) == 1_502
    assert {trade.price for trade in trades} >= {1000, 1015, 995, 1030, 1020}


def test_earlier_days_are_the_same_at_every_call_and_add_up(panel) -> None:
    market = small_market(panel=panel)
    day = panel.days[-6].astype(date)
    bars = market.minutes(SURGE, day)
    assert bars.volume.sum() == panel.volume_shares[SURGE, -6] and bars.close[-1] == panel.close_krw[SURGE, -6]
    other = small_market(panel=panel).minutes(SURGE, day)
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(bars, other, strict=True))
    replayed = small_market(panel=panel, day=day, options=MarketOptions(after_market=False)).final_minutes(SURGE)
    assert np.array_equal(replayed.close, bars.close)
    assert market.minutes(SURGE, date(2020, 1, 2)).volume.size == 0


def test_interruptions_follow_the_prices(panel) -> None:
    market = small_market(panel=panel, hour=16)
    events = [event for event in market.vis() if event.row == SURGE and event.static]
    assert events, "a stock that rises by a fifth must be interrupted"
    event = events[0]
    assert event.up and event.price >= 1.1 * event.base
    assert 120 <= (event.released_ns - event.triggered_ns) / 1e9 <= 150
    trades = [trade for trade in market.executions(SURGE, 100_000) if trade.at_ns == event.triggered_ns]
    assert [trade.price for trade in trades] == [event.price]
    bars = market.final_minutes(SURGE)
    minute = event.triggered_ns // MINUTE
    assert not np.isin(bars.start_ns // MINUTE, [minute + 1, minute + 2]).any()
    market.clock.jump(event.triggered_ns + 1)
    assert next(found for found in market.vis() if found.triggered_ns == event.triggered_ns).released_ns == 0
    market.clock.jump(event.triggered_ns - 1)
    assert event.triggered_ns not in [found.triggered_ns for found in market.vis()]


def test_indices_follow_their_constituents(panel) -> None:
    levels = IndexBatch(
        np.array(["KOSPI", "KOSPI"]), panel.days[-2:], *(np.array([2_900.0, 2_950.5]) for _ in range(4)),
        np.full(2, np.nan), np.full(2, np.nan), "recorded",
    )  # fmt: skip
    clock = SimClock(at(16), Machine(), 60.0, True)
    market = build_market(PanelHistory(panel, levels={"KOSPI": levels}), DAY, 11, clock)
    index = market.index("001")
    assert index is not None and index.previous == 2_900.0 and index.level == 2_950.5
    assert index.low <= min(index.open, index.level) and index.high >= max(index.open, index.level)
    starts, bars = market.index_minutes("001")
    assert len(starts) == 381 and starts[0] == at(9) and starts[-1] == at(15, 30)
    assert (bars[:, 1] >= bars[:, [0, 3]].max(axis=1)).all() and (bars[:, 2] <= bars[:, [0, 3]].min(axis=1)).all()
    assert bars[:, 1].max() == index.high and bars[:, 2].min() == index.low
    assert np.array_equal(bars[1:, 0], bars[:-1, 3])
    clock.jump(at(11, 0, 30))
    half = market.index("001")
    assert half is not None and half.volume_thousand < index.volume_thousand
    assert market.index("999") is None
    codes = dict(market.index_codes())
    assert codes["001"] == "종합(KOSPI)" and codes["101"] == "종합(KOSDAQ)" and "201" in codes
    counts = market.breadth("001")
    assert (
        counts.up + counts.down + counts.unchanged + counts.upper_limit + counts.lower_limit == counts.traded <= counts.listed
    )
    members = market.index_members("001")
    assert all(panel.market[row] == 1 for row in members)


def test_flows_come_at_their_hours_and_sum_to_zero(panel) -> None:
    market = small_market(panel=panel)
    market.clock.jump(at(9, 20))
    assert market.flow(0).foreign == (0, 0)
    seen = set()
    for hour, minute in ((9, 31), (10, 1), (11, 31), (13, 21), (14, 31), (16, 0)):
        market.clock.jump(at(hour, minute))
        flow = market.flow(0)
        assert not flow.final
        assert flow.individual[0] + flow.foreign[0] + flow.institution[0] + flow.other_corp[0] == 0
        seen.add(flow.foreign)
    assert len(seen) == 6
    market.clock.jump(at(18, 30))
    assert not market.flow(0).final
    market.clock.jump(at(20, 10))
    flow = market.flow(0)
    assert flow.final and flow.foreign[0] == panel.foreign_krw[0, -1] and flow.institution[0] == panel.institution_krw[0, -1]
    assert flow.foreign[1] == panel.foreign_shares[0, -1]
    assert flow.individual[0] + flow.foreign[0] + flow.institution[0] + flow.other_corp[0] == 0
    assert flow.individual[1] + flow.foreign[1] + flow.institution[1] + flow.other_corp[1] == 0


def test_programme_trading_only_grows(panel) -> None:
    market = small_market(panel=panel)
    before = market.program(SURGE)
    for minute in range(0, 60, 6):
        market.clock.jump(at(10, minute))
        now = market.program(SURGE)
        assert now.buy_shares >= before.buy_shares and now.sell_krw >= before.sell_krw
        before = now
    assert before.buy_shares > 0


def test_the_board_is_what_the_quotes_are(panel) -> None:
    market = small_market(panel=panel)
    for instant in (at(8, 30), at(9, 0, 3), at(10, 20, 31), at(15, 30, 12), at(18)):
        market.clock.jump(instant)
        board = market.board()
        for row in range(panel.shape[0]):
            quote = market.quote(row)
            assert (board.price[row], board.volume[row], board.value_krw[row]) == (quote.price, quote.volume, quote.value_krw)
            assert (board.open[row], board.high[row], board.low[row]) == (quote.open, quote.high, quote.low)


def test_density_changes_the_trades_but_not_the_minutes(panel) -> None:
    usual = small_market(panel=panel)
    dense = small_market(panel=panel, options=MarketOptions(density=4.0))
    assert dense.cells.trades.sum() > 2 * usual.cells.trades.sum()
    assert np.array_equal(dense.cells.volume, usual.cells.volume)
    assert np.array_equal(dense.cells.close, usual.cells.close)


def test_leaders_of_a_drawn_day_rise_on_heavy_turnover_and_close_near_their_high() -> None:
    days = np.busday_offset(np.datetime64("2025-01-02"), np.arange(340))
    market = build_panel(SimulationSpec(days, symbols=700))
    day = date.fromisoformat(str(np.busday_offset(days[-1], 1)))
    clock = SimClock(kst_ns(day, 16), lambda: 0)
    quiet = build_market(PanelHistory(market), day, 3, clock).final_day()
    lively = build_market(PanelHistory(market), day, 3, clock, MarketOptions(leaders=5))
    final = lively.final_day()
    differs = np.flatnonzero(final["close"] != quiet["close"])
    assert len(differs) == 5, "nobody else's day is another one"
    change = final["close"][differs] / lively.facts.base[differs] - 1
    assert (change >= 0.055).all() and (change <= 0.175).all()
    assert (final["value_krw"][differs] >= 1e11).all()
    assert (final["close"][differs] >= 0.99 * final["high"][differs]).all()
