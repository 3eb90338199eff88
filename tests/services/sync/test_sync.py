"""The synchroniser on a real repository: whole history, increments, order, failures, stop, corrections."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from sqlalchemy import select

from engine.model.errors import AuthExpired, DataUnavailable, ProviderError, ValidationFailed
from engine.model.instants import AsOf
from engine.model.instruments import Designation
from ralphstock_desktop.data import readers
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.schema.market import DESIGNATION
from ralphstock_desktop.live_ports import Listing, Priority
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.services.sync import Synchroniser
from ralphstock_desktop.services.sync_plan import StepName, SyncSettings
from tests.services.sync.bench import Bench
from tests.services.sync.market import HALT, NAME, PlainSource, broken, limited, tickers

TODAY = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 23)
SMALL = SyncSettings(history_years=0, flow_history_days=5, market_flow_days=2)


def steps(sync: Synchroniser) -> dict[str, str]:
    assert sync.state.last is not None
    return {step.name: step.state for step in sync.state.last.steps}


def same_bars(bench: Bench, source: PlainSource, ticker: str, until: date) -> None:
    stored, truth = bench.store.daily_since(ticker, date(2000, 1, 1)), source.truth(ticker)
    wanted = (truth.day <= np.datetime64(until)) & (truth.day >= stored.day[0])
    for name in ("day", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares", "value_krw"):
        assert (getattr(stored, name) == getattr(truth, name)[wanted]).all(), name
    assert len(stored.day) == wanted.sum()


async def test_an_empty_repository_gets_everything(bench: Bench) -> None:
    source = PlainSource(tickers(12), TODAY)
    sync = bench.synchroniser(source)
    plan = await sync.plan()
    state = await bench.finish(sync)
    assert state.state == "done" and state.error is None, state
    assert steps(sync) == dict.fromkeys(("master", "index", "fx", "market_flows", "daily", "adjusted", "flows"), "done") | {
        "news": "unavailable"
    }
    news = next(step for step in state.steps if step.name == "news")
    assert news.error is not None and news.error.key == "error.sync.no_news"
    for ticker in source.symbols:
        same_bars(bench, source, ticker, TODAY)
    spans = bench.store.stored_spans("daily_price")
    assert spans[source.symbols[0]].first <= date(2023, 11, 24)  # three years
    assert {span.last for span in bench.store.stored_spans("flow").values()} == {TODAY}
    assert set(bench.store.stored_spans("index_price")) == {"KOSPI", "KOSDAQ", "KOSPI200"}
    assert set(bench.store.stored_spans("market_flow")) == {"KOSPI", "KOSDAQ"}
    assert await sync.complete_through(StepName.DAILY) == TODAY
    # 2 pages raw + 2 adjusted + 3 pages of flows in won and shares
    per_symbol = sum(step.total for step in plan.steps if step.name in {"daily", "adjusted", "flows"}) / 12
    assert per_symbol == 3 and plan.requests >= 12 * (2 + 2 + 6)


async def test_a_second_run_asks_for_nothing_and_the_next_day_only_for_what_is_missing(bench: Bench) -> None:
    source = PlainSource(tickers(5), YESTERDAY)
    bench.at(YESTERDAY, 21)
    await bench.finish(bench.synchroniser(source))
    source.calls.clear()
    again = bench.synchroniser(source)
    assert (await again.plan()).requests == 1  # the news, which come all day
    await bench.finish(again)
    assert set(source.calls) == {("news", "news")}
    source.today = TODAY
    bench.at(TODAY, 21)
    source.order.clear()
    state = await bench.finish(bench.synchroniser(source))
    assert state.state == "done"
    daily = [(key, since) for step, key, since in source.order if step == "daily"]
    assert sorted(daily) == [(ticker, YESTERDAY) for ticker in source.symbols]  # yesterday's bar once more, to compare
    for ticker in source.symbols:
        same_bars(bench, source, ticker, TODAY)


async def test_yesterdays_bar_is_compared_and_a_correction_leaves_a_revision(bench: Bench) -> None:
    source = PlainSource(tickers(2), YESTERDAY)
    bench.at(YESTERDAY, 21)
    await bench.finish(bench.synchroniser(source))
    ticker = source.symbols[0]
    before = int(bench.store.daily_since(ticker, YESTERDAY).close_krw[0])
    source.today, source.corrections[(ticker, YESTERDAY)] = TODAY, before + 20
    bench.at(TODAY, 21)
    await bench.finish(bench.synchroniser(source))
    same_bars(bench, source, ticker, TODAY)
    with bench.database.read() as connection:
        revisions = readers.price_revisions(connection, ticker)
        others = readers.price_revisions(connection, source.symbols[1])
    assert [(r.day, r.old["close"], r.new["close"]) for r in revisions] == [(YESTERDAY, before, before + 20)]
    assert not others
    assert bench.monitor.notes["health.note.sync_corrected"] == 1


async def test_before_the_official_bar_today_is_not_stored(bench: Bench) -> None:
    source = PlainSource(tickers(3), TODAY)  # the source already shows today's forming bar
    bench.at(TODAY, 15, 39)
    state = await bench.finish(bench.synchroniser(source))
    assert state.state == "done"
    assert {span.last for span in bench.store.stored_spans("daily_price").values()} == {YESTERDAY}
    assert {span.last for span in bench.store.stored_spans("flow").values()} == {YESTERDAY}
    bench.at(TODAY, 15, 40)
    await bench.finish(bench.synchroniser(source))
    assert {span.last for span in bench.store.stored_spans("daily_price").values()} == {TODAY}
    assert {span.last for span in bench.store.stored_spans("flow").values()} == {YESTERDAY}  # confirmed at 20:10
    bench.at(TODAY, 20, 10)
    await bench.finish(bench.synchroniser(source))
    assert {span.last for span in bench.store.stored_spans("flow").values()} == {TODAY}


async def test_a_day_that_is_not_out_yet_is_asked_for_again_and_never_looks_complete(bench: Bench) -> None:
    source = PlainSource(tickers(4), TODAY)
    late, dormant = source.symbols[1], source.symbols[2]
    source.lacking = {late: YESTERDAY, dormant: date(2026, 9, 1)}
    sync = bench.synchroniser(source)
    state = await bench.finish(sync)
    daily = next(step for step in state.steps if step.name == "daily")
    assert state.state == "failed" and state.error is not None and state.error.key == "error.sync.incomplete"
    assert (daily.state, daily.failed, daily.done) == ("failed", 1, 3)
    assert daily.error is not None and daily.error.key == "error.sync.day_missing"
    assert source.calls[("daily", late)] == 2 and source.calls[("daily", dormant)] == 1
    assert await sync.complete_through(StepName.DAILY) is None
    assert bench.store.stored_spans("daily_price")[late].last == YESTERDAY  # what came is stored
    source.lacking.clear()
    source.calls.clear()
    state = await bench.finish(sync)
    assert state.state == "done"
    assert [key for step, key in source.calls if step == "daily"] == [late]
    assert await sync.complete_through(StepName.DAILY) == TODAY


async def test_failures_are_retried_at_the_end_and_reported(bench: Bench) -> None:
    source = PlainSource(tickers(6), TODAY)
    once, always = source.symbols[0], source.symbols[3]
    source.failing = {("daily", once): [broken()], ("daily", always): [broken(), broken()]}
    sync = bench.synchroniser(source)
    state = await bench.finish(sync)
    daily = next(step for step in state.steps if step.name == "daily")
    assert (daily.done, daily.failed, daily.state) == (5, 1, "failed")
    assert state.error is not None and state.error.fields["failed"] == 2  # its adjusted prices cannot be checked either
    assert source.calls[("daily", once)] == source.calls[("daily", always)] == 2
    assert bench.store.stored_spans("daily_price").keys() == set(source.symbols) - {always}
    assert (await bench.finish(sync)).state == "done"
    for ticker in source.symbols:
        same_bars(bench, source, ticker, TODAY)


async def test_limits_are_waited_for_without_a_failure(bench: Bench) -> None:
    source = PlainSource(tickers(2), TODAY)
    source.failing = {("daily", source.symbols[0]): [limited(), limited()]}
    state = await bench.finish(bench.synchroniser(source))
    assert state.state == "done" and bench.monitor.limits == [1.0, 2.0]


async def test_a_dead_source_ends_the_run_with_its_error_instead_of_counting_everything(bench: Bench) -> None:
    source = PlainSource(tickers(60), TODAY, first=date(2026, 8, 3))
    for ticker in source.symbols:
        for step in ("daily", "adjusted", "flows"):
            source.failing[(step, ticker)] = [broken()] * 5
    state = await bench.finish(bench.synchroniser(source))
    assert state.state == "failed" and isinstance(state.error, ProviderError)
    assert sum(count for (step, _), count in source.calls.items() if step == "daily") <= 40
    assert sum(bench.slept) >= 100  # it was given time
    assert not bench.store.stored_spans("daily_price")
    source.failing.clear()
    assert (await bench.finish(bench.synchroniser(source))).state == "done"


async def test_a_refused_key_ends_the_run_at_once(bench: Bench) -> None:
    source = PlainSource(tickers(9), TODAY)
    for ticker in source.symbols:
        source.failing[("daily", ticker)] = [AuthExpired("no", provider=NAME, retryable=False)]
    state = await bench.finish(bench.synchroniser(source))
    assert state.state == "failed" and isinstance(state.error, AuthExpired)
    assert sum(count for (step, _), count in source.calls.items() if step == "daily") <= 3


async def test_what_is_on_screen_goes_first_through_all_its_steps(bench: Bench) -> None:
    source = PlainSource(tickers(40), TODAY)
    bench.wanted = [source.symbols[30], source.symbols[20]]
    state = await bench.finish(bench.synchroniser(source, settings=SyncSettings(parallel=1)))
    assert state.state == "done"
    bars = [(step, key) for step, key, _ in source.order if step in ("daily", "adjusted")]
    first, second = bench.wanted
    assert bars[:4] == [("daily", first), ("daily", second), ("adjusted", first), ("adjusted", second)]
    assert [key for step, key, _ in source.order if step == "flows"][:2] == [first, second]


async def test_a_symbol_that_comes_on_screen_meanwhile_is_next(bench: Bench) -> None:
    source = PlainSource(tickers(40), TODAY)

    def look(step: str, key: str) -> None:
        if step == "daily" and key == source.symbols[4]:
            bench.wanted = [source.symbols[33]]

    source.before = look
    await bench.finish(bench.synchroniser(source, settings=SyncSettings(parallel=1)))
    daily = [key for step, key, _ in source.order if step == "daily"]
    assert daily[5] == source.symbols[33] and sorted(daily) == source.symbols


async def test_stop_keeps_what_came_and_the_next_start_goes_on(bench: Bench) -> None:
    source = PlainSource(tickers(30), TODAY)
    sync = bench.synchroniser(source)

    def stop(step: str, key: str) -> None:
        if step == "daily" and key == source.symbols[9]:
            sync.stop()
            assert sync.state.last is not None and sync.state.last.state == "stopping"

    source.before = stop
    state = await bench.finish(sync)
    assert state.state == "idle"
    stored = bench.store.stored_spans("daily_price")
    asked = {key for step, key in source.calls if step == "daily"}
    assert set(stored) == asked and 10 <= len(asked) <= 12
    assert await sync.complete_through(StepName.DAILY) is None
    source.before = None
    source.calls.clear()
    assert (await bench.finish(sync)).state == "done"
    assert {key for step, key in source.calls if step == "daily"} == set(source.symbols) - asked
    for ticker in source.symbols:
        same_bars(bench, source, ticker, TODAY)


@pytest.mark.parametrize("tells_base", [True, False])
async def test_a_split_re_adjusts_the_history_and_is_recorded(bench: Bench, tells_base: bool) -> None:
    source = PlainSource(tickers(3), YESTERDAY, tells_base=tells_base)
    ticker, quiet = source.symbols[0], source.symbols[1]
    bench.at(YESTERDAY, 21)
    await bench.finish(bench.synchroniser(source))
    assert not len(bench.store.actions_of(ticker).ex_day)
    source.today, source.splits[ticker] = TODAY, (TODAY, 0.2)
    bench.at(TODAY, 21)
    source.order.clear()
    state = await bench.finish(bench.synchroniser(source))
    assert state.state == "done", state.error
    actions = bench.store.actions_of(ticker)
    assert actions.ex_day.tolist() == [TODAY] and actions.source == NAME
    assert actions.price_factor[0] == pytest.approx(0.2, rel=1e-4)
    assert actions.confidence.tolist() == ["exact" if tells_base else "derived"]
    stored = bench.store.adjusted_since(ticker, date(2000, 1, 1))
    raw = bench.store.daily_since(ticker, date(2000, 1, 1))
    before = raw.day < np.datetime64(TODAY)
    assert (stored.close_krw[before] == np.round(raw.close_krw[before] * 0.2)).all()
    assert stored.factor_on == TODAY
    assert sum(1 for step, key, _ in source.order if step == "adjusted" and key == ticker) == 2
    assert sum(1 for step, key, _ in source.order if step == "adjusted" and key == quiet) == 1
    job = SqlJobStore(bench.database).load(f"sync/{NAME}/corrections")
    assert job is not None and [entry["ticker"] for entry in job.detail["entries"]] == [ticker]
    assert bench.monitor.notes["health.note.sync_action"] == 1


async def test_adjusted_prices_that_do_not_belong_to_the_raw_ones_are_refused(bench: Bench) -> None:
    source = PlainSource(tickers(2), TODAY)
    ticker = source.symbols[0]
    honest = source.fetch_adjusted

    async def wrong_units(name: str, since: date, priority: object) -> object:
        from dataclasses import replace

        batch = await honest(name, since, priority)  # type: ignore[arg-type]
        if name != ticker:
            return batch
        return replace(batch, **{f"{f}_krw": getattr(batch, f"{f}_krw") * 1000 for f in ("open", "high", "low", "close")})

    source.fetch_adjusted = wrong_units  # type: ignore[method-assign,assignment]
    state = await bench.finish(bench.synchroniser(source))
    adjusted = next(step for step in state.steps if step.name == "adjusted")
    assert adjusted.failed == 1 and adjusted.error is not None and adjusted.error.key == "error.sync.adjusted_mismatch"
    assert ticker not in bench.store.stored_spans("adjusted_price")


async def test_designations_keep_their_first_day_and_end_when_they_leave_the_listing(bench: Bench) -> None:
    one, two = tickers(2)
    source = PlainSource([one, two], YESTERDAY)
    source.designations = (Designation(one, HALT, YESTERDAY), Designation(two, HALT, YESTERDAY))
    bench.at(YESTERDAY, 21)
    await bench.finish(bench.synchroniser(source))
    source.today, source.designations = TODAY, (Designation(two, HALT, TODAY),)
    bench.at(TODAY, 21)
    await bench.finish(bench.synchroniser(source))
    with bench.database.read() as connection:
        rows = [
            (r.ticker, r.from_day, r.to_day) for r in connection.execute(select(DESIGNATION).order_by(DESIGNATION.c.ticker))
        ]
    assert rows == [(one, YESTERDAY, YESTERDAY), (two, YESTERDAY, None)]


async def test_a_listing_that_is_not_complete_delists_nobody_and_ends_no_designation(bench: Bench) -> None:
    one, two, three = tickers(3)
    source = PlainSource([one, two, three], YESTERDAY)
    source.designations = (Designation(one, HALT, YESTERDAY), Designation(two, HALT, YESTERDAY))
    bench.at(YESTERDAY, 21)
    await bench.finish(bench.synchroniser(source))
    whole = source.fetch_listing

    async def without_the_first(priority: Priority) -> Listing:
        listing = await whole(priority)
        return replace(listing, symbols=listing.symbols[1:], complete=False)

    source.fetch_listing = without_the_first  # type: ignore[method-assign]
    source.today, source.designations = TODAY, (Designation(two, HALT, TODAY),)
    bench.at(TODAY, 21)
    await bench.finish(bench.synchroniser(source))
    assert {symbol.ticker for symbol in bench.store.listed_tickers()} == {one, two, three}
    assert {(item.ticker, item.start) for item in bench.store.open_designations()} == {(one, YESTERDAY), (two, YESTERDAY)}


async def test_a_kind_of_data_that_is_not_offered_is_said_and_hurts_nothing_else(bench: Bench) -> None:
    source = PlainSource(tickers(3), TODAY, with_fx=False)
    sync = bench.synchroniser(source)
    state = await bench.finish(sync)
    fx = next(step for step in state.steps if step.name == "fx")
    assert state.state == "done" and fx.state == "unavailable"
    assert fx.error is not None and fx.error.key == "error.source.not_offered"


async def test_a_running_synchronisation_is_not_started_twice(bench: Bench) -> None:
    source = PlainSource(tickers(3), TODAY)
    sync = bench.synchroniser(source)
    sync.start()
    sync.start()
    assert len(bench.tasks) == 1
    await asyncio.gather(*bench.tasks)
    assert source.calls[("master", "listing")] == 1


async def test_when_not_one_symbol_has_it_the_source_has_not_and_no_day_is_marked(bench: Bench) -> None:
    source = PlainSource(tickers(45), TODAY, first=date(2026, 9, 1))
    source.failing = {("flows", ticker): [DataUnavailable("nothing")] * 9 for ticker in source.symbols}
    sync = bench.synchroniser(source, settings=SMALL)
    state = await bench.finish(sync)
    flows = next(step for step in state.steps if step.name == "flows")
    assert (state.state, flows.state, flows.failed) == ("done", "unavailable", 0) and flows.error is not None
    assert (
        await sync.complete_through(StepName.FLOWS) is None
        and sum(c for (s, _), c in source.calls.items() if s == "flows") < 45
    )


async def test_an_empty_answer_for_a_listed_stock_is_asked_for_twice_and_then_a_failure(bench: Bench) -> None:
    source = PlainSource(tickers(6), TODAY, first=date(2026, 9, 1))
    hiccup, empty = source.symbols[1], source.symbols[2]
    source.failing = {("daily", hiccup): [DataUnavailable("empty page")], ("daily", empty): [DataUnavailable("empty page")] * 2}
    sync = bench.synchroniser(source, settings=SMALL)
    state = await bench.finish(sync)
    daily = next(step for step in state.steps if step.name == "daily")
    assert (daily.failed, daily.done, state.state) == (1, 5, "failed")
    assert await sync.complete_through(StepName.DAILY) is None
    assert (await bench.finish(sync)).state == "done"


async def test_one_bad_batch_does_not_keep_the_others_out(bench: Bench) -> None:
    source = PlainSource(tickers(6), TODAY, first=date(2026, 9, 1))
    bad = source.symbols[3]
    source.corrections[(bad, date(2026, 11, 20))] = -5  # no price
    sync = bench.synchroniser(source, settings=SMALL)
    state = await bench.finish(sync)
    daily = next(step for step in state.steps if step.name == "daily")
    assert (daily.failed, daily.done) == (1, 5) and isinstance(daily.error, ValidationFailed)
    assert set(bench.store.stored_spans("daily_price")) == set(source.symbols) - {bad}


async def test_headlines_come_from_their_own_source(bench: Bench) -> None:
    class Feed:
        name = "feed"
        since: date | None = None

        async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
            self.since = since
            text = np.array(["https://n.example/1"])
            ns = np.array([bench.now_ns])
            return NewsBatch(
                text, np.array(["제목"]), np.array(["신문"]), ns, ns, np.array(["100000"]), np.array(["news"]), "feed"
            )

        async def close(self) -> None: ...

    feed = Feed()
    state = await bench.finish(bench.synchroniser(PlainSource(tickers(2), TODAY), news=feed, settings=SMALL))
    assert next(step for step in state.steps if step.name == "news").state == "done"
    assert feed.since == date(2026, 11, 17)
    with bench.database.read() as connection:
        assert [h.title for h in readers.news_of(connection, "100000", AsOf(bench.now_ns))] == ["제목"]


async def test_the_source_is_changed_between_runs_only(bench: Bench) -> None:
    source, other = PlainSource(tickers(2), TODAY), PlainSource(tickers(2), TODAY, name="other")
    sync = bench.synchroniser(source, settings=SMALL)
    sync.start()
    with pytest.raises(ValidationFailed) as caught:
        sync.use(other)
    assert caught.value.key == "error.sync.running"
    await asyncio.gather(*bench.tasks)
    bench.tasks.clear()
    sync.use(other)
    assert sync.state.last is not None and sync.state.last.source == "other"
    await bench.finish(sync)
    assert other.calls[("master", "listing")] == 1  # its marks are its own
