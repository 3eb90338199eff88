"""Backtests from plan to stored result: the as-of rule, stopping, searching, keeping, exporting."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta

import numpy as np
import pytest
import pytest_asyncio

from engine.model.errors import StorageError, ValidationFailed
from engine.model.instants import AsOf
from engine.model.performance import SIGNAL_FIELDS, TRADE_FIELDS
from engine.performance.life import first_signals, follow
from engine.performance.signals import gate_by_day, vcp_signals
from engine.scoring.gate import gate_history
from engine.scoring.history import scan_days
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.backtests import BacktestService
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, Ready
from ralphstock_desktop.services.strategy_contracts import BacktestPlan, BacktestResult
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import Executor
from tests.services.backtests.memory import DAYS, FIRST, LAST, PANEL, InPlace, MemoryStore, plan, series_of

RULES = DEFAULT_RULES


class Desk:
    """A service with everything around it."""

    def __init__(self, workers: Workers) -> None:
        self.as_of = AsOf.end_of(LAST)
        self.store: MemoryStore | None = MemoryStore()
        self.executors: list[InPlace] = []
        self.service = BacktestService(
            workers,
            picture=lambda: MarketPicture(PANEL, "real", self.as_of, True),
            rules=lambda: RULES,
            store=lambda: self.store,  # type: ignore[arg-type, return-value]
            executor=self._executor,
            now_ns=lambda: 123,
            code_version="9.9",
        )
        self.states: list[object] = []
        self.told: list[Progress | None] = []
        self.service.state.subscribe(self.states.append)
        self.service.progress.subscribe(self.told.append)

    def _executor(self, _plan: BacktestPlan) -> Executor:
        self.executors.append(InPlace())
        return self.executors[-1]

    async def run(self, **changes: object) -> BacktestResult:
        self.service.run(plan(**changes))
        await self.service.idle()
        result = self.service.results.last
        assert result is not None, self.states
        return result


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    workers = Workers()
    made = Desk(workers)
    yield made
    await made.service.close()
    workers.close()


async def test_a_run_is_the_engine_over_the_period(desk: Desk) -> None:
    """Signals equal those of a plain scan of each day, lives those of the engine; metrics count each setup once."""
    result = await desk.run()
    days = range(255, DAYS)
    gate = gate_by_day(PANEL, gate_history(PANEL, series_of(PANEL), RULES))
    expected = vcp_signals(PANEL, scan_days(PANEL, days, RULES), RULES, gate)
    assert len(expected) > 50
    for name in SIGNAL_FIELDS:
        assert getattr(result.signals, name).tobytes() == getattr(expected, name).tobytes(), name
    trades = follow(PANEL, expected, RULES)
    for name in TRADE_FIELDS:
        assert getattr(result.trades, name).tobytes() == getattr(trades, name).tobytes(), name
    new = first_signals(expected, trades)
    assert result.metrics.signals == int(new.sum())
    assert result.metrics.closed == int((new & trades.closed).sum())
    assert sum(metrics.closed for _, metrics in result.by_grade) == result.metrics.closed
    assert sum(metrics.closed for _, metrics in result.by_gate) == result.metrics.closed
    assert result.equity.day_index.tolist() == list(days)
    assert result.equity.kospi_pct == pytest.approx(100 * (1.001 ** (DAYS - 256) - 1))
    assert {row.group for row in result.study} >= {"all"}
    assert result.record[0].strategy == "VCP"
    assert (result.walk, result.tries, result.ruleset, result.stored_id) == (None, 1, "2026.1", 1)


async def test_states_and_progress(desk: Desk) -> None:
    await desk.run()
    assert isinstance(desk.states[0], Loading)
    assert desk.states[-1] == Ready(AsOf.at(LAST, 15, 40))
    told = [progress for progress in desk.told if progress is not None]
    scanned = [progress.done for progress in told if progress.stage == "progress.backtest"]
    assert scanned == sorted(scanned)
    assert scanned[-1] == told[0].total == DAYS - 255
    assert desk.told[-1] is None


async def test_nothing_after_the_instant_is_read(desk: Desk) -> None:
    """Looked at on day 350 before the close, the period ends on day 349, whatever the plan says."""
    desk.as_of = AsOf.at(PANEL.days[350].item(), 10)
    result = await desk.run()
    assert int(result.equity.day_index[-1]) == 349
    assert int(result.signals.day.max()) <= 349
    assert int(result.trades.exit_day.max()) <= 349
    stored = desk.store.kept[1]
    assert stored.summary.data_cutoff_ns == AsOf.at(PANEL.days[349].item(), 15, 40).instant_ns


async def test_an_earlier_end_gives_the_same_trades_until_then(desk: Desk) -> None:
    whole = await desk.run()
    until = PANEL.days[380].item()
    part = await desk.run(last=until)
    count = len(part.signals)
    ended = part.trades.exit_day >= 0
    assert ended.sum() > 20
    for name in TRADE_FIELDS:
        assert getattr(part.trades, name)[ended].tobytes() == getattr(whole.trades, name)[:count][ended].tobytes(), name


async def test_a_period_without_days_is_empty(desk: Desk) -> None:
    desk.service.run(plan(first=LAST + timedelta(days=30), last=LAST + timedelta(days=60)))
    await desk.service.idle()
    state = desk.states[-1]
    assert isinstance(state, Empty)
    assert state.reason_key == "empty.backtest.no_days"
    assert desk.store.kept == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"first": LAST, "last": FIRST},
        {"start_krw": 0.0},
        {"start_krw": float("nan")},
        {"start_krw": float("inf")},
        {"changes": {"vcp.no_such": 1}},
        {"changes": {"vcp.rs_min": 1_000}},
        {"search": (("vcp.rs_min", tuple(float(k) for k in range(1, 31))), ("vcp.detect_score", tuple(float(k) for k in range(20))))},
    ],
)  # fmt: skip
async def test_a_plan_that_cannot_be_run_is_refused_at_once(desk: Desk, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationFailed):
        desk.service.run(plan(**changes))


async def test_an_error_of_the_program_ends_the_waiting(desk: Desk) -> None:
    desk.store.fails = ZeroDivisionError("a bug")  # type: ignore[assignment]
    desk.service.run(plan())
    await desk.service.idle()
    assert isinstance(desk.states[-1], Failed)
    assert desk.told[-1] is None


async def test_without_a_market_the_state_says_so(desk: Desk) -> None:
    desk.store = None
    desk.service.run(plan())
    assert isinstance(desk.states[-1], Empty)


async def test_a_failing_store_is_told_and_kept_apart(desk: Desk) -> None:
    desk.store.fails = StorageError("broken")
    desk.service.run(plan())
    await desk.service.idle()
    assert isinstance(desk.states[-1], Failed)
    assert desk.told[-1] is None


async def test_stopping_keeps_nothing(desk: Desk) -> None:
    def stop(progress: Progress | None) -> None:
        if progress is not None and progress.done > 0:
            desk.service.cancel()

    subscription = desk.service.progress.subscribe(stop)
    desk.service.run(plan())
    await desk.service.idle()
    subscription.close()
    state = desk.states[-1]
    assert isinstance(state, Empty)
    assert state.reason_key == "empty.backtest.cancelled"
    assert desk.store.kept == {}
    assert desk.service.results.last is None


async def test_a_newer_run_takes_over(desk: Desk) -> None:
    desk.service.run(plan(name="old"))
    await asyncio.sleep(0)
    desk.service.run(plan(name="new", last=PANEL.days[300].item()))
    await desk.service.idle()
    assert [test.summary.config_name for test in desk.store.kept.values()] == ["new"]
    assert desk.service.results.last is not None
    assert desk.service.results.last.plan.name == "new"
    assert isinstance(desk.states[-1], Ready)


SEARCH = (("vcp.rs_min", (60.0, 70.0)), ("vcp.detect_score", (50.0, 60.0)))


async def test_a_search_counts_its_tries_and_judges_out_of_sample(desk: Desk) -> None:
    """2 x 2 combinations, one of them the standing rules: four rule sets. The first training ends on panel day 249."""
    result = await desk.run(first=PANEL.days[0].item(), walk_forward=True, search=SEARCH)
    assert result.tries == 4
    assert len(desk.store.tried["VCP"]) == 4
    assert result.walk is not None
    assert [(w.test_first, w.test_last) for w in result.walk.windows] == [(250, 309), (310, 369), (370, 419)]
    assert (result.walk.signals.day >= 250).all()
    assert {w.chosen for w in result.walk.windows} <= desk.store.tried["VCP"]
    assert desk.executors[0].closed
    again = await desk.run(first=PANEL.days[0].item(), walk_forward=True)
    assert again.tries == 4  # the standing rules had been tried
    assert {w.chosen for w in again.walk.windows} == {"2026.1"}
    assert len(desk.executors) == 1  # one rule set needs no executor


async def test_many_rule_sets_at_once_are_each_rule_set_alone(desk: Desk) -> None:
    """The walk-forward's signals under a chosen rule set equal a run with those thresholds moved by hand."""
    search = (("vcp.rs_min", (50.0,)), ("vcp.min_theta_pct", (4.0,)))
    result = await desk.run(first=PANEL.days[0].item(), search=search)
    moved = await desk.run(first=PANEL.days[0].item(), changes={"vcp.rs_min": 50.0, "vcp.min_theta_pct": 4.0})
    window = next((w for w in result.walk.windows if w.chosen == moved.ruleset), None)
    assert window is not None, "the moved rules were never chosen; the case proves nothing"
    inside = (result.walk.signals.day >= window.test_first) & (result.walk.signals.day <= window.test_last)
    new = first_signals(moved.signals, moved.trades)
    alone = new & (moved.signals.day >= window.test_first) & (moved.signals.day <= window.test_last)
    assert result.walk.signals.row[inside].tolist() == moved.signals.row[alone].tolist()
    assert result.walk.trades.net_pct[inside].tobytes() == moved.trades.net_pct[alone].tobytes()


async def test_what_is_kept_can_be_opened_and_deleted(desk: Desk) -> None:
    result = await desk.run(changes={"cost.slippage_pct": 0.2})
    assert [summary.id for summary in desk.service.stored.last or ()] == [1]
    stored = await desk.service.open(1)
    summary = stored.summary
    assert (summary.config_name, summary.seed, summary.created_ns) == ("test", RULES.life.seed, 123)
    assert summary.ruleset == result.ruleset != "2026.1"
    assert summary.config["changes"] == {"cost.slippage_pct": 0.2}
    assert summary.config["code_version"] == "9.9"
    assert summary.total_trades == result.metrics.closed == summary.winning + summary.losing
    assert stored.equity_days[0] == str(PANEL.days[255])
    assert len(stored.equity_krw) == DAYS - 255
    assert len(stored.trades["ticker"]) == int((result.trades.entry_day >= 0).sum())
    assert set(stored.trades["cost_model"]) == {"0.015+0.2"}
    still_open = [
        price for price, reason in zip(stored.trades["exit_krw"], stored.trades["exit_reason"], strict=True) if not reason
    ]
    assert still_open == [None] * len(still_open)
    await desk.service.delete(1)
    assert desk.service.stored.last == ()


async def test_export_is_one_line_a_signal(desk: Desk) -> None:
    result = await desk.run()
    names = PANEL.names.astype("U20").copy()
    names[int(result.signals.row[0])] = "=HYPERLINK(1)"
    text = desk.service.export(dataclasses.replace(result, panel=dataclasses.replace(PANEL, names=names)))
    assert text.startswith("\ufeffticker,name,strategy")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == len(result.signals)
    first = rows[0]
    assert first["name"] == "'=HYPERLINK(1)"
    assert float(first["entry_krw"]) == result.signals.entry[0]
    expired = next(row for row in rows if row["exit_reason"] == "EXPIRED")
    assert (expired["fill_krw"], expired["net_pct"], expired["holding_bars"]) == ("", "", "")
    closed = np.flatnonzero(result.trades.closed)[0]
    assert float(rows[closed]["net_pct"]) == pytest.approx(result.trades.net_pct[closed], rel=1e-8)


async def test_notes_tell_what_is_missing(desk: Desk) -> None:
    notes = dict((await desk.run()).notes)
    assert notes["record.note.survivorship"]["symbols"] == 60
    assert notes["record.note.repeats"]["count"] > 0
    bets = dict((await desk.run(strategy="CLOSING_BET")).notes)
    assert bets["record.note.no_news"] == {"days": DAYS - 255, "all": DAYS - 255}
    assert "record.note.close_proxy" in bets
    day_trades = await desk.run(strategy="DAY_TRADE")
    assert "record.note.day_proxy" in dict(day_trades.notes)
    assert len(day_trades.signals) > 0
    assert day_trades.metrics.closed == 0  # no exits without minute bars


async def test_every_note_has_a_text(desk: Desk) -> None:
    import json
    from pathlib import Path

    texts = {}
    for file in (Path(__file__).parents[3] / "resources" / "texts" / "ko").glob("*.json"):
        texts |= json.loads(file.read_text(encoding="utf-8"))
    results = [await desk.run(strategy=name, walk_forward=True) for name in ("VCP", "CLOSING_BET", "DAY_TRADE")]
    results.append(await desk.run(first=PANEL.days[400].item(), walk_forward=True))
    for result in results:
        for key, fields in result.notes:
            assert texts[key].format(**fields)
    assert date.fromisoformat(str(dict(results[0].notes)["record.note.survivorship"]["first"])) == FIRST
