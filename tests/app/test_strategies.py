"""The strategies put together: the demo market before and after it is stored, orders of the kept scan, executors."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from engine.calendar.trading_days import TradingCalendar
from engine.model.gate import GateReading, GateStatus
from engine.model.instants import AsOf, kst_ns
from engine.model.scan import Grade, VcpScan
from engine.news.market import NewsIndex
from engine.scoring.gate import gate_history, read_gate
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.app.early_store import SimulatedStrategyStore
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import SimulatedDataset
from ralphstock_desktop.app.records import vcp_order
from ralphstock_desktop.app.strategies import _executor, open_strategies
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.simulated import market as simulated
from ralphstock_desktop.providers.simulated.market import SimulationSpec
from ralphstock_desktop.services.strategy_contracts import BacktestPlan
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from tests.ui.shell.doubles import MemorySettings

LAST = date(2026, 11, 23)
NOW_NS = kst_ns(date(2026, 11, 24), 8)


def _nothing(progress: Progress) -> None:
    del progress


def _small(calendar: TradingCalendar) -> SimulationSpec:
    return SimulationSpec.ending_before(date(2026, 11, 24), calendar, day_count=330, seed=12, symbols=640)


class Demo(SimulatedDataset):
    """The demo market, small."""

    def _spec(self) -> SimulationSpec:
        return _small(self._calendar().trading)


@pytest.fixture(scope="module")
def before_and_after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, Any]]:
    """What the store gives before the market is stored, the same store afterwards, and the data set."""
    folders = Folders.of_user(tmp_path_factory.mktemp("demo"))
    folders.make()
    dataset = Demo(folders.data / "simulated" / "market.sqlite3", folders, lambda: NOW_NS)
    panel = dataset.load_panel(_nothing)
    assert not dataset.is_stored
    store = dataset.strategies()
    assert isinstance(store, SimulatedStrategyStore)
    first = kst_ns(date(2026, 10, 1), 0)
    early = {
        "series": store.market_series(),
        "news": store.news(first, NOW_NS),
        "one": store.news(first, NOW_NS, ticker=str(panel.tickers[0])),
        "window": store.news(kst_ns(LAST, 0), kst_ns(LAST, 12)),
        "version": store.news_version(),
        "collected": store.news_collected(NOW_NS),
        "panel": panel,
    }
    assert store.signals() == () and store.minute_days() == ()
    held = weakref.ref(simulated.generate(_small(load_calendar().trading)))
    dataset.settle(_nothing)
    gc.collect()
    early["held"] = held()
    late = {
        "series": store.market_series(),
        "news": store.news(first, NOW_NS),
        "one": store.news(first, NOW_NS, ticker=str(panel.tickers[0])),
        "window": store.news(kst_ns(LAST, 0), kst_ns(LAST, 12)),
        "version": store.news_version(),
        "collected": store.news_collected(NOW_NS),
        "panel": dataset.load_panel(_nothing),
    }
    yield early, late, dataset
    dataset.close()


def test_the_series_before_the_market_is_stored_are_those_after(before_and_after: tuple[Any, Any, Any]) -> None:
    early, late, _ = before_and_after
    for name in ("kospi", "kosdaq", "usd_krw"):
        one, other = getattr(early["series"], name), getattr(late["series"], name)
        assert one.code == other.code
        for column in ("days", "open", "high", "low", "close"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column), err_msg=f"{name}.{column}")
    one, other = early["series"].kospi_foreign, late["series"].kospi_foreign
    np.testing.assert_array_equal(one.days, other.days)
    np.testing.assert_array_equal(one.net_krw, other.net_krw)
    assert early["series"].version != late["series"].version, "so that nothing made from the one passes for the other"
    assert early["version"] != late["version"] and early["collected"] and late["collected"]


@pytest.mark.parametrize("which", ["news", "one", "window"])
def test_the_news_before_the_market_is_stored_are_those_after(before_and_after: tuple[Any, Any, Any], which: str) -> None:
    def facts(items: Any) -> list[tuple[Any, ...]]:
        return sorted(
            (item.url, item.title, tuple(sorted(item.tickers)), item.source, item.published_ns, item.collected_ns, item.kind)
            for item in items
        )

    early, late, _ = before_and_after
    assert facts(early[which]) == facts(late[which])
    assert len(early[which]) > 0 or which == "one"
    moments = [item.published_ns for item in early[which]]
    assert moments == sorted(moments)
    assert len({item.id for item in early[which]}) == len(early[which])


def test_the_first_screen_scores_like_the_later_ones(before_and_after: tuple[Any, Any, Any]) -> None:
    early, late, _ = before_and_after
    panel = late["panel"]
    as_of = AsOf.end_of(LAST)
    one, other = (read_gate(panel, side["series"], as_of, DEFAULT_RULES) for side in (early, late))
    assert (one.score, one.status, one.components) == (other.score, other.status, other.components)
    points = [
        NewsIndex(side["news"], panel.tickers.tolist(), panel.names.tolist()).score(
            as_of.instant_ns, DEFAULT_RULES, collected=True
        )[0]
        for side in (early, late)
    ]
    np.testing.assert_array_equal(points[0].points, points[1].points)
    np.testing.assert_array_equal(points[0].net, points[1].net)


def test_the_generated_market_is_given_back_once_it_is_stored(before_and_after: tuple[Any, Any, Any]) -> None:
    early, _, dataset = before_and_after
    assert early["held"] is None, "hundreds of megabytes would stay for the whole day"
    assert dataset.is_stored and isinstance(dataset.strategies(), SimulatedStrategyStore)


# -- what a detected pattern's order is ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scanned(before_and_after: tuple[Any, Any, Any]) -> tuple[VcpScan, GateReading]:
    _, late, _ = before_and_after
    found = scan(late["panel"], AsOf.end_of(LAST), DEFAULT_RULES)
    return found, read_gate(late["panel"], late["series"], AsOf.end_of(LAST), DEFAULT_RULES)


def _with(reading: GateReading, status: GateStatus) -> GateReading:
    from dataclasses import replace

    return replace(reading, status=status)


@pytest.mark.parametrize(
    ("status", "lowest"),
    [
        (GateStatus.GREEN, Grade.B),
        (GateStatus.YELLOW, Grade.A),
        (GateStatus.RED, None),
        (GateStatus.UNKNOWN, None),
        (None, None),
    ],
)
def test_phase_and_quantity_follow_the_gate(
    scanned: tuple[VcpScan, GateReading], status: GateStatus | None, lowest: Grade | None
) -> None:
    """domain.md §5.3: minimum grade B in GREEN, A in YELLOW (half size), none in RED, UNKNOWN or without a gate."""
    result, reading = scanned
    gate = _with(reading, status) if status is not None else None
    rows = np.flatnonzero(result.pattern)
    assert {Grade(int(result.grade[row])) for row in rows} >= {Grade.S, Grade.A, Grade.B}
    for row in rows.tolist():
        phase, qty = vcp_order(result, row, gate, 100_000_000.0)
        grade = Grade(int(result.grade[row]))
        if lowest is None or grade < lowest:
            assert (phase, qty) == ("WATCH", 0)
        else:
            assert phase == "PENDING" and qty > 0
            whole = vcp_order(result, row, _with(reading, GateStatus.GREEN), 100_000_000.0)[1]
            if status is GateStatus.YELLOW:
                assert qty <= whole
                risk = 0.005 * 1e8 * {Grade.S: 1.5, Grade.A: 1.0}[grade] * 0.5
                assert qty <= risk / float(result.entry_krw[row] - result.stop_krw[row]) + 1e-9


def test_without_an_account_value_an_order_has_no_quantity(scanned: tuple[VcpScan, GateReading]) -> None:
    result, reading = scanned
    row = int(np.flatnonzero(result.pattern)[0])
    assert vcp_order(result, row, _with(reading, GateStatus.GREEN), 0.0) == ("PENDING", 0)


def test_the_demo_markets_gate_opens_and_closes(before_and_after: tuple[Any, Any, Any]) -> None:
    _, late, _ = before_and_after
    history = gate_history(late["panel"], late["series"], DEFAULT_RULES)
    assert len({int(status) for status in history.status}) >= 2


# -- the composition ----------------------------------------------------------------------------------------------------


async def test_what_is_put_together_is_one_service_of_the_workstation(tmp_path: Path) -> None:
    workers = Workers()
    workstation = WorkstationService(cast(Any, {}), workers, lambda: NOW_NS, tmp_path, warm=False)
    service = open_strategies(workstation, MemorySettings(), workers, lambda: NOW_NS, lambda: NOW_NS, tmp_path)
    assert workstation.strategies is service and workstation.keep_signals is not None
    assert workstation.on_settled == service.data_changed
    assert service.store is None and service.evaluation is None, "no repository is opened before the first scan"
    assert service.explain_closing("005930") is None and service.explain_day_trade("005930") is None
    assert service.news_of("005930") is None and service.near_misses("VCP") == ()
    assert not list(tmp_path.iterdir())
    await service.close()
    await workstation.close()
    workers.close()


def test_the_executor_is_the_one_the_plan_asks_for() -> None:
    plan = BacktestPlan("test", "VCP", LAST, LAST, {})
    executor = _executor(plan)
    try:
        assert type(executor).__name__ == "LocalExecutor"
    finally:
        executor.close()
