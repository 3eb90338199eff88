"""The recorder as a whole: whatever the stream loses, the store ends with the truth or with nothing."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from gap_day import BASE, CLOSE, DAY, MIN, OPEN, Run, S, Store, at, make_trades, tick, true_minutes, unavailable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.errors import StorageError
from engine.model.live import FeedVenue, TradeTick
from ralphstock_desktop.services.live.backfill import DayProof

A, B = "005930", "000660"


def trades_of(ticker: str, seed: int, count: int = 120, span_s: int = 23_000) -> list[TradeTick]:
    chance = Random(seed)
    moves = [
        (chance.choice((0, 0, 1, 2 * span_s // count)), chance.choice((1, 7, 40, -300, -2)), BASE + chance.randint(-300, 300))
        for _ in range(count)
    ]
    return make_trades(ticker, moves)


async def play(run: Run, faults: Random, rates: dict[str, float]) -> None:
    """Deliver the truth through a bad line."""
    pending: list[tuple[int, TradeTick]] = []
    merged = sorted((t for trades in run.source.truth.values() for t in trades), key=lambda t: (t.at_ns, t.volume_shares))
    tickers = tuple(run.source.truth)
    lost_until = -1
    first = int(len(merged) * rates.get("start", 0.0))
    if not first:
        run.cover(*tickers)
    for number, trade in enumerate(merged):
        if number < first:
            continue
        if number == first and first:
            run.clock.to(trade.at_ns)
            run.cover(*tickers)
        if lost_until < 0 and faults.random() < rates["disconnect"]:
            run.lose()
            lost_until = number + faults.randint(0, 6)
            pending.clear()
        if 0 <= lost_until < number:
            lost_until = -1
            run.clock.to(trade.at_ns)
            run.cover(*tickers)
        if lost_until >= 0:
            continue
        for when, held in list(pending):
            if when <= number:
                run.deliver(held)
                pending.remove((when, held))
        chance = faults.random()
        if chance < rates["drop"]:
            continue
        if chance < rates["drop"] + rates["late"]:
            pending.append((number + faults.randint(1, 5), trade))
            continue
        run.deliver(trade)
        if faults.random() < rates["double"]:
            run.deliver(trade)
        if faults.random() < rates["work"]:
            await run.work(2)
        if faults.random() < rates["work"]:
            await run.recorder._write_once()
            assert not run.wrong_rows()
    if lost_until >= 0:
        run.cover(*tickers)


RATES = st.fixed_dictionaries(
    {
        "drop": st.sampled_from([0.0, 0.05, 0.3]),
        "late": st.sampled_from([0.0, 0.1]),
        "double": st.sampled_from([0.0, 0.3]),
        "disconnect": st.sampled_from([0.0, 0.02, 0.15]),
        "work": st.sampled_from([0.0, 0.2]),
        "start": st.sampled_from([0.0, 0.4]),
    }
)
GENTLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@GENTLE
@given(rates=RATES, seed=st.integers(0, 2**32))
def test_any_faulty_stream_ends_with_the_truth(rates: dict[str, float], seed: int) -> None:
    async def scenario() -> None:
        run = Run({A: trades_of(A, seed), B: trades_of(B, seed + 1, count=25)})
        await play(run, Random(seed), rates)
        await run.finish()
        assert run.recorder.ledger.report().open == 0
        assert not run.wrong_rows()
        assert not run.missing_rows()
        assert run.recorder.proof() == DayProof(2, 2, ())
        report = run.recorder.ledger.report()
        assert report.found == report.filled

    asyncio.run(scenario())


def _scaled(bars: dict[int, Any]) -> dict[int, Any]:
    return {start: (*bar[:4], bar[4] * 1_000, bar[5]) for start, bar in bars.items()}


def _some_missing(bars: dict[int, Any]) -> dict[int, Any]:
    return {start: bar for start, bar in bars.items() if (start - OPEN) // MIN % 3}


def _one_more(bars: dict[int, Any]) -> dict[int, Any]:
    return {start: (*bar[:4], bar[4] + 1, bar[5]) for start, bar in bars.items()}


def _too_high(bars: dict[int, Any]) -> dict[int, Any]:
    return {start: (bar[0], 11_000, *bar[2:]) for start, bar in bars.items()}


def _another_day(bars: dict[int, Any]) -> dict[int, Any]:
    return {start - 1440 * MIN: bar for start, bar in bars.items()}


LIES = [_scaled, _some_missing, _one_more, _too_high, _another_day, lambda bars: {}, lambda bars: None]
NAMES = ["scaled", "some missing", "one more", "too high", "another day", "empty", "unavailable"]


@pytest.mark.parametrize("lie", LIES, ids=NAMES)
async def test_a_source_that_does_not_tell_the_truth_fills_nothing(lie: Any) -> None:
    trades = make_trades(A, [(30, 10, BASE + number % 7 * 10) for number in range(60)])
    run = Run({A: trades})
    run.source.lie = lie
    run.cover(A)
    for trade in trades[:20]:
        run.deliver(trade)
    run.lose()
    run.clock.to(trades[40].at_ns)
    run.cover(A)
    for trade in trades[40:]:
        run.deliver(trade)
    await run.finish()
    (gap,) = run.recorder.ledger.gaps_of(A)
    assert gap.state == "failed"
    assert gap.missing_shares == 200
    assert run.recorder.failure_of(A)
    assert run.recorder.has_gap(A)
    assert not run.wrong_rows()
    touched = {start for _, start in run.missing_rows()}
    assert touched == {m * MIN + OPEN for m in range(10, 21)}, "exactly the minutes of the gap are not stored"
    assert run.monitor.notes["health.note.backfill_failed"] >= 1
    assert not run.recorder.proof().is_proven


@GENTLE
@given(rates=RATES, seed=st.integers(0, 2**32), lie=st.sampled_from(LIES))
def test_whatever_the_source_says_nothing_wrong_is_stored(rates: dict[str, float], seed: int, lie: Any) -> None:
    async def scenario() -> None:
        run = Run({A: trades_of(A, seed, count=80)})
        run.source.lie = lie
        await play(run, Random(seed), rates)
        await run.finish(rounds=8)
        assert not run.wrong_rows()
        unproven = {start for _, start in run.missing_rows()}
        marked = {bar.time_ns for bar in run.recorder.minutes_of(A) if bar.has_gap}
        spans = run.recorder.minutes.spans(A, run.recorder.ledger.tracks[A])
        hidden = {m for m in unproven if not any(a <= (m - OPEN) // MIN <= b for a, b in spans)}
        assert not hidden, "a minute is missing without a gap that says so"
        assert marked <= unproven

    asyncio.run(scenario())


async def test_a_source_that_lags_is_asked_again() -> None:
    trades = make_trades(A, [(30, 10, BASE) for _ in range(40)])
    run = Run({A: trades})
    run.source.lag_ns = 5 * MIN
    run.cover(A)
    for trade in trades[:10]:
        run.deliver(trade)
    for trade in trades[12:16]:
        run.deliver(trade)
    await run.work()
    (gap,) = run.recorder.ledger.gaps_of(A)
    assert gap.state == "open"
    assert run.recorder.failure_of(A) == "volume"
    asked = len(run.source.asked)
    await run.work()
    assert len(run.source.asked) == asked, "it waits before it asks again"
    for trade in trades[16:]:
        run.deliver(trade)
    await run.work()
    assert not run.recorder.has_gap(A)


async def test_failures_of_the_source_are_waited_out() -> None:
    trades = make_trades(A, [(30, 10, BASE) for _ in range(40)])
    run = Run({A: trades})
    run.cover(A)
    for trade in (*trades[:10], *trades[12:20]):
        run.deliver(trade)
    run.source.failures = [unavailable(), unavailable()]
    await run.work(8)
    assert run.source.asked == [A]
    run.clock.machine_ns += 1 * S
    await run.work(8)
    assert run.source.asked == [A, A]
    run.clock.machine_ns += 1 * S
    await run.work(8)
    assert run.source.asked == [A, A], "the second wait is longer"
    run.clock.machine_ns += 1 * S
    await run.work(8)
    assert not run.recorder.has_gap(A)


async def test_an_unexpected_error_of_the_source_surfaces() -> None:
    trades = make_trades(A, [(30, 10, BASE) for _ in range(40)])
    run = Run({A: trades})
    run.cover(A)
    for trade in (*trades[:10], *trades[12:20]):
        run.deliver(trade)
    run.source.failures = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await run.work(8)


async def test_visible_symbols_are_filled_first() -> None:
    truth = {ticker: make_trades(ticker, [(30, 10, BASE) for _ in range(20)]) for ticker in ("000010", "000020", "000030")}
    run = Run(truth)
    run.recorder.filler.rules = type(run.recorder.filler.rules)(concurrency=1, look_every_s=0.0)
    run.cover(*truth)
    for number in (*range(5), *range(8, 20)):
        for ticker in truth:
            run.deliver(truth[ticker][number])
    run.seen = ["000030"]
    await run.work(12)
    assert run.source.asked == ["000030", "000010", "000020"]


async def test_a_loss_of_the_last_trade_of_a_quiet_symbol_is_found() -> None:
    trades = make_trades(A, [(30, 10, BASE) for _ in range(10)])
    run = Run({A: trades})
    run.cover(A)
    for trade in trades[:-1]:
        run.deliver(trade)
    await run.work()
    assert not run.recorder.has_gap(A), "nothing can be known yet"
    run.clock.to(at(20))
    await run.work(10)
    await asyncio.sleep(0.01)
    await run.work(10)
    (gap,) = run.recorder.ledger.report().gaps
    assert (gap.missing_shares, gap.state, gap.reason) == (10, "filled", "skipped")
    await run.recorder.flush()
    assert not run.missing_rows()
    assert not run.wrong_rows()


async def test_after_a_restart_the_store_is_read_back_and_the_rest_is_filled() -> None:
    trades = trades_of(A, 5)
    store = Store()
    before = Run({A: trades}, store=store)
    before.cover(A)
    for trade in trades[:50]:
        before.deliver(trade)
    await before.recorder.flush()
    kept = dict(store.rows)
    assert kept

    after = Run({A: trades}, store=store, start_ns=trades[69].at_ns + S)
    after.cover(A)
    (gap,) = after.recorder.ledger.gaps_of(A)
    assert gap.reason == "start"
    await after.recorder._restore_some()
    (gap,) = after.recorder.ledger.gaps_of(A)
    assert gap.reason == "restart"
    assert {bar.time_ns for bar in after.recorder.minutes_of(A)} == {start for _, start in kept}
    for trade in trades[70:]:
        after.deliver(trade)
    await after.finish()
    assert not after.recorder.has_gap(A)
    assert not after.missing_rows()
    assert not after.wrong_rows()
    assert all(store.rows[key] == bar for key, bar in kept.items()), "exact values are kept"


async def test_a_store_that_fails_loses_nothing() -> None:
    trades = trades_of(A, 9)
    run = Run({A: trades})
    run.cover(A)
    run.store.failures = 3
    for number, trade in enumerate(trades):
        run.deliver(trade)
        if number % 40 == 39:
            with pytest.raises(StorageError):
                await run.recorder._write_once()
    await run.finish()
    assert not run.missing_rows()
    assert not run.wrong_rows()


async def test_flush_says_so_when_the_store_stays_away() -> None:
    trades = trades_of(A, 9)
    run = Run({A: trades})
    run.cover(A)
    for trade in trades:
        run.deliver(trade)
    run.store.failures = 5
    with pytest.raises(StorageError):
        await run.recorder.flush()
    await run.recorder.flush()
    assert run.store.rows
    assert not run.wrong_rows()


async def test_the_day_before_is_still_written_after_the_day_changed() -> None:
    trades = trades_of(A, 3)
    run = Run({A: trades})
    run.cover(A)
    for trade in trades:
        run.deliver(trade)
    run.recorder.start_day(DAY.replace(day=6), OPEN + 2 * 1440 * MIN)
    await run.recorder.flush()
    over = trades[-1].at_ns - trades[-1].at_ns % MIN
    assert {start for _, start in run.missing_rows()} <= {over}
    assert not run.wrong_rows()


async def test_trades_of_other_venues_are_left_alone() -> None:
    run = Run({A: []})
    run.cover(A)
    run.clock.to(at(1))
    assert run.recorder.take(tick(A, at(1), BASE, 10, 500)._replace(venue=int(FeedVenue.NXT)))
    assert not run.recorder.has_gap(A)
    assert run.recorder.minutes_of(A) == ()


async def test_take_says_what_may_be_shown() -> None:
    run = Run({A: []})
    run.cover(A)
    run.clock.to(at(1))
    first, second, third = (tick(A, at(0, s), BASE, 10, 10 * s) for s in (1, 2, 3))
    assert run.recorder.take(first)
    assert run.recorder.take(third)
    assert not run.recorder.take(second), "newer values are known"
    assert not run.recorder.take(third), "a duplicate"
    (bar,) = run.recorder.minutes_of(A)
    assert bar.volume_shares == 30


async def test_the_day_bar_is_the_feeds_own() -> None:
    trades = trades_of(A, 11)
    run = Run({A: trades})
    run.cover(A)
    for trade in trades:
        run.deliver(trade)
    bar = run.recorder.day_of(A)
    assert bar is not None
    last = trades[-1]
    assert (bar.open, bar.high, bar.low, bar.close) == (last.open_krw, last.high_krw, last.low_krw, last.price_krw)
    assert bar.volume_shares == last.volume_shares
    assert bar.value_krw == sum(abs(t.quantity_shares) * t.price_krw for t in trades)
    assert run.recorder.day_of(B) is None


async def test_after_hours_the_bars_alone_close_the_day() -> None:
    trades = trades_of(A, 13)
    run = Run({A: trades})
    run.cover(A)
    for trade in trades:
        run.deliver(trade)
    run.lose()
    run.source.quote_lie = lambda volume: volume + 777
    run.clock.to(CLOSE + 3_600 * S)
    for _ in range(4):
        await run.work(8)
        run.clock.to(run.clock.market_ns + 5 * S)
    assert not run.recorder.has_gap(A)
    await run.recorder.flush()
    assert not run.missing_rows()


async def test_run_works_by_itself_and_tells() -> None:
    trades = make_trades(A, [(30, 10, BASE) for _ in range(40)])
    run = Run({A: trades})
    reports = []
    run.recorder.gaps.subscribe(reports.append)
    run.recorder._write_every_s = 0.05
    task = asyncio.create_task(run.recorder.run())
    run.cover(A)
    for trade in (*trades[:10], *trades[12:]):
        run.deliver(trade)
    async with asyncio.timeout(10):
        while not reports or reports[-1].open or len(run.store.rows) < 10:
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reports[-1].filled == 1
    assert run.monitor.beats
    assert not run.wrong_rows()
    assert true_minutes(trades).keys() >= {start for _, start in run.store.rows}


async def test_a_trade_with_a_wrong_time_that_left_no_hole_is_corrected_after_the_close() -> None:
    trades = make_trades(A, [(120, 10, BASE + number * 10) for number in range(30)])
    run = Run({A: trades})
    run.cover(A)
    for number, trade in enumerate(trades):
        run.clock.to(trade.at_ns + 100 * S)  # so late that its time looks possible
        wrong = trade._replace(at_ns=trade.at_ns + 60 * S, received_ns=trade.at_ns + 60 * S)
        run.recorder.take(wrong if number == 10 else trade)
    assert not run.recorder.has_gap(A)
    run.clock.to(at(100))
    assert not run.recorder.take(trades[-1]._replace(at_ns=at(200), volume_shares=310)), "this one is noticed"
    await run.finish()
    assert run.recorder.proof().is_proven
    stored = {start: bar[:5] for (_, start), bar in run.store.rows.items()}
    for start, bar in true_minutes(trades).items():
        assert stored[start] == bar[:5]
