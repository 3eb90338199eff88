"""Clocks that are minutes off, late closing auctions and after-hours volume: the day is never called whole when it is not."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from gap_day import CLOSE, OPEN, Clock, Run, S, TradeTick, at, make_trades, tick

from engine.model.live import MISSING, FeedVenue, QuoteSnapshot
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.services.live.backfill import DayProof
from ralphstock_desktop.services.live.gaps import NEW

A, B = "005930", "000660"
TICKERS = (A, B)
STEP = 20 * S


def moves_of(chance: Random, count: int = 420, longest: int = 100) -> list[tuple[int, int, int]]:
    moves, price = [], 10_000
    for _ in range(count):
        price = min(max(price + chance.choice([-10, 0, 10]), 9_000), 11_000)
        moves.append((chance.randint(0, longest), chance.choice([-1, 1]) * chance.randint(1, 50), price))
    return moves


def with_auction(trades: list[TradeTick], at_ns: int = CLOSE + 10 * S) -> list[TradeTick]:
    """Trades until the closing auction begins, and its match."""
    before = [trade for trade in trades if trade.at_ns < CLOSE - 600 * S]
    last = before[-1]
    match = last._replace(at_ns=at_ns, received_ns=at_ns, quantity_shares=500, volume_shares=last.volume_shares + 500)
    return [*before, match]


class Skewed:
    """A run whose clock differs from the market's by some seconds; the source answers by the market's."""

    def __init__(self, skew_s: int, auction_ns: int = CLOSE + 10 * S, symbols: int = 2) -> None:
        chance = Random(skew_s)
        tickers = (*TICKERS, *(f"{number:06d}" for number in range(100, 98 + symbols)))
        self.truth = {ticker: with_auction(make_trades(ticker, moves_of(chance)), auction_ns) for ticker in tickers}
        self.run = Run(self.truth)
        self.market = Clock()
        self.run.source.clock = self.market
        self.skew_ns = skew_s * S

    def to(self, market_ns: int) -> None:
        self.market.to(market_ns)
        self.run.clock.to(self.market.now() + self.skew_ns)

    async def live(self, lose_ns: int, back_ns: int, until_ns: int = CLOSE + 1_500 * S) -> None:
        """Live through the day with one interruption."""
        self.to(OPEN - 500 * S)
        self.run.cover(*self.truth)
        is_connected, next_ns = True, OPEN
        trades = sorted((trade for part in self.truth.values() for trade in part), key=lambda trade: trade.at_ns)
        moments = sorted([*(trade.at_ns for trade in trades), *range(next_ns, until_ns, STEP), lose_ns, back_ns])
        waiting = iter(trades)
        trade = next(waiting, None)
        for moment in moments:
            self.to(moment)
            if is_connected and lose_ns <= moment < back_ns:
                self.run.lose()
                is_connected = False
            elif not is_connected and moment >= back_ns:
                self.run.cover(*self.truth)
                is_connected = True
            while trade is not None and trade.at_ns <= moment:
                if is_connected:
                    self.run.recorder.take(trade._replace(received_ns=self.run.clock.machine()))
                trade = next(waiting, None)
            if moment >= next_ns:
                next_ns = moment + STEP
                await self.run.work(2)
        await self.run.recorder.flush()

    def assert_whole(self) -> None:
        assert self.run.wrong_rows() == []
        assert self.run.missing_rows() == []
        assert self.run.recorder.ledger.report().open == 0
        assert self.run.recorder.proof() == DayProof(len(self.truth), len(self.truth), ())


@pytest.mark.parametrize("skew_s", [0, 60, 300, -60, -300])
@pytest.mark.parametrize(("lose_s", "back_s"), [(-300, -100), (-5, 60), (-250, 400), (5, 30)])
async def test_a_loss_about_the_close_is_filled_whatever_this_machines_clock_says(
    skew_s: int, lose_s: int, back_s: int
) -> None:
    day = Skewed(skew_s)
    await day.live(CLOSE + lose_s * S, CLOSE + back_s * S)
    day.assert_whole()


async def test_a_clock_that_is_ahead_refuses_few_trades() -> None:
    day = Skewed(300)
    await day.live(CLOSE + 2_000 * S, CLOSE + 2_001 * S)
    day.assert_whole()
    assert day.run.recorder.ledger.refused["time"] < 40
    assert 280 * S < day.run.recorder.ledger.clock.ahead_ns <= 300 * S


async def test_a_closing_auction_that_an_interruption_put_off_is_waited_for() -> None:
    day = Skewed(0, symbols=3)
    day.truth[A] = with_auction(day.truth[A][:-1], CLOSE + 148 * S)  # two minutes and up to thirty seconds
    day.run.source.truth = day.truth
    await day.live(CLOSE + 60 * S, CLOSE + 200 * S)
    day.assert_whole()


async def test_before_the_closing_auction_was_seen_no_volume_is_the_days_last() -> None:
    run = Run({A: [tick(A, at(0, 7), 10_000, 100, 100)]})
    run.cover(A)
    run.deliver(run.source.truth[A][0])
    run.lose()
    run.clock.to(CLOSE + 200 * S)
    await run.work()
    assert not run.recorder.proof().is_proven
    assert run.recorder.ledger.has_gap(A)
    run.source.truth[A].append(tick(A, CLOSE + 10 * S, 10_000, 50, 150))  # the source was late too
    run.clock.to(CLOSE + 210 * S)
    await run.work()
    run.clock.to(CLOSE + 420 * S)
    await run.work()
    run.clock.to(CLOSE + 600 * S)
    await run.work()
    await run.recorder.flush()
    assert run.recorder.proof().is_proven
    assert not run.missing_rows()


async def test_without_any_closing_auction_the_day_ends_some_minutes_later() -> None:
    run = Run({A: [tick(A, at(0, 7), 10_000, 100, 100)]})
    run.cover(A)
    run.deliver(run.source.truth[A][0])
    run.clock.to(CLOSE + 365 * S)
    await run.work()
    assert not run.recorder.proof().is_proven
    run.clock.to(CLOSE + 375 * S)
    await run.work()
    assert run.recorder.proof().is_proven


def after_hours_day() -> Run:
    """Two symbols with an auction and a trade in the after-market."""
    trades = [(at(0, 7), 100, 100), (CLOSE + 10 * S, 50, 150), (CLOSE + 601 * S, 7, 157)]
    return Run({ticker: [tick(ticker, at_ns, 10_000, *rest) for at_ns, *rest in trades] for ticker in TICKERS})


async def to_the_evening(run: Run) -> None:
    """The source was away until the after-hours trades: no answer tells the regular volume any more."""
    run.clock.to(CLOSE + 700 * S)
    for _ in range(12):
        await run.work()
        run.clock.to(run.clock.now() + 20 * S)
    await run.recorder.flush()


async def test_after_hours_volume_does_not_leave_a_whole_day_unproven() -> None:
    run = after_hours_day()
    run.cover(A, B)
    for ticker in TICKERS:
        for trade in run.source.truth[ticker][:2]:
            assert run.deliver(trade)
    await to_the_evening(run)
    assert run.recorder.proof() == DayProof(2, 2, ())
    assert run.recorder.ledger.report().open == 0


@pytest.mark.parametrize("is_lost_unseen", [True, False])
async def test_a_lost_auction_is_filled_in_the_evening_by_what_the_bars_say_of_the_day(is_lost_unseen: bool) -> None:
    run = after_hours_day()
    run.source.tells_day_volume = True
    run.cover(A, B)
    run.deliver(run.source.truth[B][0])
    for trade in run.source.truth[A][: 1 if is_lost_unseen else 2]:
        run.deliver(trade)
    if not is_lost_unseen:
        run.lose()
    run.clock.to(CLOSE + 650 * S)
    run.cover(A, B)
    await to_the_evening(run)
    assert run.recorder.proof() == DayProof(2, 2, ())
    assert {key for key in run.missing_rows() if key[1] <= CLOSE} == set()
    assert run.wrong_rows() == []


async def test_started_again_in_the_evening_the_day_is_filled_and_proven() -> None:
    first = after_hours_day()
    first.cover(A, B)
    for ticker in TICKERS:
        first.deliver(first.source.truth[ticker][0])
    first.clock.to(at(5))
    await first.recorder._write_once()  # and killed
    run = Run(first.source.truth, store=first.store, start_ns=CLOSE + 1_800 * S)
    run.source.tells_day_volume = True
    run.cover(A, B)
    await to_the_evening(run)
    assert run.recorder.proof() == DayProof(2, 2, ())
    assert {key for key in run.missing_rows() if key[1] <= CLOSE} == set()


async def test_bars_that_do_not_add_up_to_what_they_say_fill_nothing_in_the_evening() -> None:
    run = after_hours_day()
    run.source.tells_day_volume = True
    run.source.lie = lambda bars: {start: bar for number, (start, bar) in enumerate(bars.items()) if number}
    run.clock.to(at(200))
    run.cover(A)
    await to_the_evening(run)
    assert run.recorder.ledger.has_gap(A)
    assert not run.recorder.proof().is_proven
    assert run.wrong_rows() == []


def with_volume_before(trades: list[TradeTick], shares: int) -> list[TradeTick]:
    """The same trades where shares changed hands before the open, which the running volume holds and no bar does."""
    return [trade._replace(volume_shares=trade.volume_shares + shares, value_krw=MISSING) for trade in trades]


@pytest.mark.parametrize("start_ns", [OPEN - 60 * S, at(100, 30)])
async def test_volume_before_the_open_is_no_gap_for_ever(start_ns: int) -> None:
    """The program was started after the pre-open session, or in mid-day: nobody told what was traded before the open."""
    trades = with_volume_before(with_auction(make_trades(A, moves_of(Random(3)))), 700)
    run = Run({A: trades}, start_ns=start_ns)
    run.source.tells_day_volume = True
    run.cover(A)
    for number, trade in enumerate(trades):
        if trade.at_ns > start_ns:
            run.deliver(trade)
            if number % 5 == 0:
                await run.work(2)
    assert run.recorder.ledger.tracks[A].base == 700
    assert not run.recorder.ledger.has_gap(A)
    await run.finish()
    assert run.recorder.proof() == DayProof(1, 1, ())
    assert not run.missing_rows() and not run.wrong_rows()


async def test_a_chart_that_counts_volume_before_the_open_to_the_first_minute_fills_it_too() -> None:
    trades = with_volume_before(
        make_trades(A, [(5, 100, 10_000), (10, 30, 10_010), (60, 20, 10_000), (60, 10, 10_010), (60, 10, 10_000)]), 700
    )
    run = Run({A: trades})
    run.source.tells_day_volume = True

    def counted(bars: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
        return {start: (*bar[:4], bar[4] + 700 * (start == OPEN), bar[5]) for start, bar in bars.items()}

    honest = run.source.fetch_minutes

    async def fetch_minutes(ticker: str, since_ns: int, priority: Priority) -> MinuteBatch:
        batch = await honest(ticker, since_ns, priority)
        return replace(batch, day_volume_shares=np.cumsum(batch.volume_shares))

    run.source.lie, run.source.fetch_minutes = counted, fetch_minutes  # type: ignore[method-assign,assignment]
    run.cover(A)
    run.deliver(tick(A, at(-25), 10_000, 700, 700))
    for trade in (trades[0], *trades[2:]):  # one of the first minute is lost
        run.deliver(trade)
        await run.work(2)
    await run.finish()
    assert run.recorder.proof().is_proven
    assert run.store.rows[(A, OPEN)][4] == 830


@pytest.mark.parametrize("tells", [True, False])
async def test_trades_that_a_late_chart_lacks_are_not_taken_for_volume_before_the_open(tells: bool) -> None:
    trades = make_trades(A, [(5, 100, 10_000), (50, 30, 10_010), (30, 20, 10_000), (40, 10, 10_010), (200, 10, 10_000)])
    run = Run({A: trades})
    run.source.tells_day_volume = tells
    run.cover(A)
    run.source.lag_ns = 120 * S
    for trade in trades[1:]:  # the first is lost
        run.deliver(trade)
        await run.work(2)
    assert run.recorder.ledger.tracks[A].base == 0
    run.source.lag_ns = 0
    await run.finish()
    assert run.recorder.ledger.tracks[A].base == 0
    assert run.recorder.proof().is_proven and not run.missing_rows() and not run.wrong_rows()


async def test_the_volume_of_a_former_day_or_another_venue_is_none_of_today() -> None:
    run = Run({A: [], B: []})
    run.clock.to(at(30))

    async def fetch_quotes(tickers: list[str], priority: object) -> list[QuoteSnapshot]:
        venues = {A: FeedVenue.KRX, B: FeedVenue.COMBINED}
        traded_ns = {A: at(-1_000), B: at(20)}
        rest = (10_000, 9_000, 5_000_000, MISSING, 1.0, *[MISSING] * 6)
        return [QuoteSnapshot(ticker, venues[ticker], traded_ns[ticker], *[MISSING] * 3, *rest) for ticker in tickers]

    run.source.fetch_quotes = fetch_quotes  # type: ignore[method-assign,assignment]
    run.cover(A, B)
    await run.work()
    assert run.recorder.ledger.tracks[A].top == 0
    assert not run.recorder.ledger.has_gap(A), "it has not traded today: nothing is missing"
    assert run.recorder.ledger.tracks[B].top == 0
    assert run.recorder.ledger.has_gap(B), "an answer of two exchanges together says nothing of one"


def test_a_lag_is_learned_only_when_all_agree_and_forgotten_at_once() -> None:
    day = Skewed(120)
    ledger = day.run.recorder.ledger
    day.run.cover(A)
    volume = 0
    for second in range(0, 1_200, 40):  # far apart, so that each is looked at
        day.to(at(10, second))
        volume += 10
        assert ledger.take(tick(A, at(10, second), 10_000, 10, volume)) == NEW
    assert ledger.clock.ahead_ns == 120 * S
    day.skew_ns = 0
    day.to(at(10, 1_400))
    assert ledger.take(tick(A, at(10, 1_400), 10_000, 10, volume + 10)) == NEW
    assert ledger.clock.ahead_ns == 0
