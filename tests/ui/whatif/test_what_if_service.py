"""The real what-if service over a small market: moved thresholds give what a fresh scan gives, and everything can be taken back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.model.closing import ClosingBetScan, SignalPhase
from engine.model.daytrade import DayTradeScan
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import AsOf
from engine.model.scan import Grade, VcpScan
from engine.scoring.vcp import scan as scan_vcp
from engine.thresholds import DEFAULT_RULES, Rules, iter_specs
from ralphstock_desktop.services.strategy.evaluate import evaluate
from ralphstock_desktop.services.strategy.what_if import slider_names
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, StrategyName
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import RuleProfile
from ralphstock_desktop.ui.viewmodels.what_if_words import on_step
from tests.ui.whatif.small_market import WhatIfBench, instant, market

SPECS = {name: (float(value), spec) for name, value, spec in iter_specs(DEFAULT_RULES)}


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[WhatIfBench]:
    workers = Workers()
    made = WhatIfBench(workers)
    await made.open()
    yield made
    await made.close()
    workers.close()


def fresh(strategy: StrategyName, rules: Rules, as_of: AsOf | None = None) -> VcpScan | ClosingBetScan | DayTradeScan:
    """Scan from the beginning: measured and scored under the rules."""
    moment = instant(as_of)
    if strategy == "VCP":
        return scan_vcp(market(), moment.as_of, rules)
    found = evaluate(moment, rules)
    return found.closing.scan if strategy == "CLOSING_BET" else found.day.scan


def shown(bench: WhatIfBench, strategy: StrategyName) -> Any:
    """The scan on screen."""
    pictures: dict[str, Any] = {"VCP": bench.work.scans.last, "CLOSING_BET": bench.closing.last, "DAY_TRADE": bench.day.last}
    return pictures[strategy]


def differences(one: Any, other: Any) -> list[str]:
    """Names of arrays that differ (missing equals missing)."""
    return [
        name
        for name, value in vars(one).items()
        if isinstance(value, np.ndarray) and not np.array_equal(value, getattr(other, name), equal_nan=value.dtype.kind == "f")
    ]


def one_step(name: str) -> float:
    """The value one step up, or down from the upper limit; the other way where the neighbouring rung is in the way."""
    value, spec = SPECS[name]
    for candidate in (value + spec.step, value - spec.step):
        moved = on_step(spec, candidate)
        try:
            DEFAULT_RULES.replace({name: moved})
        except ValidationFailed:
            continue
        if moved != value:
            return moved
    raise AssertionError(f"{name} cannot be moved at all")


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_every_slider_gives_what_a_fresh_scan_gives(bench: WhatIfBench, strategy: StrategyName) -> None:
    """Also proves which thresholds need measuring again: a forgotten one would keep the old measures."""
    bench.service.choose(strategy)
    await bench.scored()
    wrong: dict[str, list[str]] = {}
    for name in slider_names(strategy):
        await bench.move(name, one_step(name))
        picture = shown(bench, strategy)
        assert picture.what_if, name
        rules = DEFAULT_RULES.replace({name: one_step(name)})
        assert picture.rules == rules
        found = differences(fresh(strategy, rules), picture.scan)
        if found:
            wrong[name] = found
        bench.service.reset()
    assert not wrong


async def test_counts_names_and_moves_are_those_of_fresh_scans(bench: WhatIfBench) -> None:
    bench.service.choose("CLOSING_BET")
    await bench.scored()
    await bench.move("jongga.min_value_krw", 4e10)
    await bench.move("jongga.candle_body_pct", 0.5)
    state = bench.service.state.last
    assert state is not None and state.active
    rules = DEFAULT_RULES.replace({"jongga.min_value_krw": 4e10, "jongga.candle_body_pct": 0.5})
    before, after = fresh("CLOSING_BET", DEFAULT_RULES), fresh("CLOSING_BET", rules)
    for counts, scan in ((state.counts_before, before), (state.counts_after, after)):
        assert isinstance(scan, ClosingBetScan)
        assert counts["all"] == len(scan.order)
        for grade in (Grade.S, Grade.A, Grade.B, Grade.C):
            assert counts[grade.name] == int(np.count_nonzero(scan.grade[scan.order] == grade))
    # Less money and a smaller body let more in: the test says nothing unless something changed.
    assert state.counts_after["all"] > state.counts_before["all"] > 0
    signals = [
        {str(market().tickers[row]) for row in scan.order if scan.phase[row] != SignalPhase.NONE}
        for scan in (before, after)
        if isinstance(scan, ClosingBetScan)
    ]
    assert {ticker for ticker, _, _ in state.entering} == signals[1] - signals[0]
    assert {ticker for ticker, _, _ in state.leaving} == signals[0] - signals[1]
    assert isinstance(before, ClosingBetScan) and isinstance(after, ClosingBetScan)
    ranks = [{row: place for place, row in enumerate(scan.order.tolist())} for scan in (before, after)]
    assert state.moved == sum(ranks[0][row] != ranks[1][row] for row in ranks[0].keys() & ranks[1].keys())
    assert state.seconds > 0
    assert [item.name for item in state.changed] == ["jongga.min_value_krw", "jongga.candle_body_pct"]


async def test_undo_takes_back_one_drag_and_reset_everything(bench: WhatIfBench) -> None:
    service = bench.service
    service.choose("CLOSING_BET")
    await bench.move("jongga.min_value_krw", 7e10)
    bench.seconds += 10
    for step in range(20):  # one drag: many moves of one threshold, shortly after each other
        bench.seconds += 0.02
        service.move("jongga.near_high", round(0.94 - 0.01 * step, 2))
    await bench.scored()
    assert service.rules.jongga.near_high == 0.75
    service.undo()
    await bench.scored()
    assert service.rules.jongga.near_high == 0.95
    assert service.rules.jongga.min_value_krw == 7e10
    service.undo()
    await bench.scored()
    state = bench.service.state.last
    assert state is not None and not state.active and not state.can_undo
    picture = bench.closing.last
    assert picture is bench.evaluation.closing
    await bench.move("jongga.min_value_krw", 7e10)
    service.reset()
    assert bench.closing.last is bench.evaluation.closing
    assert bench.service.state.last is not None and bench.service.state.last.can_undo
    service.undo()  # a reset can be taken back too
    await bench.scored()
    assert service.rules.jongga.min_value_krw == 7e10


async def test_moving_back_to_the_default_is_the_standard_again(bench: WhatIfBench) -> None:
    bench.service.choose("VCP")
    await bench.move("vcp.rs_min", 60)
    assert bench.work.scans.last is not None and bench.work.scans.last.what_if
    await bench.move("vcp.rs_min", 70)
    assert not bench.service.active
    assert bench.work.scans.last is not None and not bench.work.scans.last.what_if


async def test_a_window_that_was_moved_is_measured_once_and_not_with_every_further_move(bench: WhatIfBench) -> None:
    service = bench.service
    service.choose("CLOSING_BET")
    await bench.move("jongga.period_bars", 25)
    kept = service._scorer._kept["CLOSING_BET"]
    await bench.move("jongga.min_value_krw", 5e10)
    assert service._scorer._kept["CLOSING_BET"] is kept
    rules = DEFAULT_RULES.replace({"jongga.period_bars": 25, "jongga.min_value_krw": 5e10})
    assert not differences(fresh("CLOSING_BET", rules), shown(bench, "CLOSING_BET").scan)
    await bench.move("jongga.period_bars", 30)
    assert service._scorer._kept["CLOSING_BET"] is not kept


async def test_a_drag_faster_than_the_scoring_still_shows_pictures(bench: WhatIfBench) -> None:
    service = bench.service
    service.choose("CLOSING_BET")
    await bench.scored()
    seen: list[str] = []
    subscription = bench.closing.subscribe(lambda picture: seen.append(picture.rules.ruleset_id), replay=False)
    plain = service._scorer.score

    def slow(*arguments: Any) -> Any:
        found = plain(*arguments)
        time.sleep(0.05)
        return found

    service._scorer.score = slow  # type: ignore[method-assign]
    for step in range(40):  # a move each 5 ms, ten times as fast as the scoring
        service.move("jongga.min_value_krw", 9e10 - 1e9 * step)
        await asyncio.sleep(0.005)
    during = len(seen)
    await bench.scored()
    subscription.close()
    assert during >= 2
    assert seen[-1] == service.rules.ruleset_id


async def test_what_was_scored_for_another_instant_or_left_rules_is_dropped(bench: WhatIfBench) -> None:
    service = bench.service
    service.choose("CLOSING_BET")
    await bench.scored()
    service.move("jongga.min_value_krw", 4e10)
    service.reset()
    await bench.scored()
    assert bench.closing.last is bench.evaluation.closing
    # The clock goes back a day while the market of the day after is being scored.
    earlier = AsOf.end_of(market().days[-2].astype("datetime64[D]").item())
    bench.seconds += 10
    service.move("jongga.min_value_krw", 4e10)
    await asyncio.sleep(0)
    bench.evaluation = evaluate(instant(earlier), DEFAULT_RULES)
    bench.work.set_as_of(earlier)
    await bench.work.idle()
    await bench.scored()
    picture = bench.closing.last
    assert picture is not None and picture.what_if
    assert picture.scan.as_of == earlier


async def test_at_a_new_instant_every_strategy_is_of_that_instant(bench: WhatIfBench) -> None:
    """Moved VCP thresholds must not leave the closing bet at the instant before."""
    await bench.move("vcp.rs_min", 60)
    await bench.move("daytrading.spike_full", 3.0)
    earlier = AsOf.end_of(market().days[-2].astype("datetime64[D]").item())
    bench.evaluation = evaluate(instant(earlier), DEFAULT_RULES)
    bench.work.set_as_of(earlier)
    await bench.work.idle()
    await bench.scored()
    closing, day, vcp = bench.closing.last, bench.day.last, bench.work.scans.last
    assert closing is not None and closing.scan.as_of == earlier and not closing.what_if
    assert day is not None and day.what_if and AsOf(day.scan.now_ns).day == earlier.day
    assert vcp is not None and vcp.what_if and vcp.scan.as_of == earlier
    rules = DEFAULT_RULES.replace({"vcp.rs_min": 60, "daytrading.spike_full": 3.0})
    assert not differences(fresh("VCP", rules, earlier), vcp.scan)


async def test_only_a_rested_slider_is_a_try_and_strategies_are_counted_apart(bench: WhatIfBench) -> None:
    service = bench.service
    service.choose("CLOSING_BET")
    rest_s, service._record_after_s = service._record_after_s, 60.0  # no slow machine may turn a step into a rest
    for step in range(10):
        if step == 9:
            service._record_after_s = rest_s
        service.move("jongga.min_value_krw", 9e10 - 1e9 * step)
        await bench.scored()
    await settled(bench)
    state = service.state.last
    assert state is not None and state.tries == 1
    assert state.record_before is not None and state.record_before.mean_net_pct.value == 1.9
    assert state.record_after is not None and state.record_after.mean_net_pct.value == 2.5
    await bench.move("jongga.min_value_krw", 5e10)
    assert service.state.last is not None and service.state.last.record_after is None  # of other rules until counted
    await settled(bench)
    assert service.state.last.tries == 2
    assert set(bench.store.tried) == {"CLOSING_BET"}
    service.choose("VCP")
    await bench.scored()
    await settled(bench)
    assert service.state.last.tries == 1
    assert len(bench.store.tried["CLOSING_BET"]) == 2
    assert bench.most_counting == 1


async def settled(bench: WhatIfBench) -> None:
    """Wait until the record is counted."""
    task = bench.service._record_task
    assert task is not None
    await task


async def test_records_never_count_beside_each_other(bench: WhatIfBench) -> None:
    release = asyncio.Event()
    running: list[str] = []

    async def slow(strategy: StrategyName, rules: Rules) -> None:
        running.append(rules.ruleset_id)
        assert len(running) == 1
        await release.wait()
        running.pop()

    bench.service._record_of = slow  # type: ignore[assignment]
    for value in (60, 61, 62):
        await bench.move("vcp.rs_min", value)
        await asyncio.sleep(0.03)  # long enough for a record to begin, which the next move forgets
    assert len(running) == 1
    release.set()
    await settled(bench)
    assert not running


async def test_profiles_are_kept_loaded_and_forgotten(bench: WhatIfBench) -> None:
    service = bench.service
    with pytest.raises(ValidationFailed):
        await service.save_as("nothing moved")
    await bench.move("jongga.min_value_krw", 7e10)
    await service.save_as("  lively ")
    assert service.state.last is not None and service.state.last.profile == "lively"
    assert bench.store.kept["lively"].changes == {"jongga.min_value_krw": 7e10}
    await bench.move("jongga.min_value_krw", 6e10)
    assert service.state.last.profile == ""
    service.undo()
    await bench.scored()
    assert service.state.last.profile == "lively"
    service.reset()
    await service.load("lively")
    await bench.scored()
    assert service.rules.jongga.min_value_krw == 7e10
    assert service.state.last.profile == "lively"
    bench.store.kept["odd"] = RuleProfile("odd", {"jongga.min_value_krw": 1}, "x", 1)
    with pytest.raises(ValidationFailed):
        await service.load("odd")
    assert service.rules.jongga.min_value_krw == 7e10
    await service.delete("lively")
    assert service.state.last.profile == ""
    with pytest.raises(DataUnavailable):
        await service.load("lively")


async def test_profiles_of_before_are_known_once_a_strategy_is_chosen(bench: WhatIfBench) -> None:
    bench.store.kept["old"] = RuleProfile("old", {"vcp.rs_min": 80.0}, "x", 1)
    bench.service.choose("VCP")
    await bench.scored()
    reader = bench.service._reader
    assert reader is not None
    await reader
    assert [profile.name for profile in bench.service.profiles()] == ["old"]


async def test_refused_values_change_nothing(bench: WhatIfBench) -> None:
    for name, value in (("vcp.rs_min", 500.0), ("vcp.nonsense", 1.0), ("vcp.dry_ratio.0", 0.9)):
        with pytest.raises(ValidationFailed):
            bench.service.move(name, value)
    assert not bench.service.active


def test_sliders_can_be_moved_and_the_telling_ones_come_first() -> None:
    for strategy in STRATEGIES:
        names = slider_names(strategy)
        assert len(names) == len(set(names))
        assert all(SPECS[name][1].low < SPECS[name][1].high for name in names)
    assert slider_names("CLOSING_BET")[0] == "jongga.min_value_krw"
