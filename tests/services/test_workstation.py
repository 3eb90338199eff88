"""The program behind the window: opening, scanning, as-of, explaining, importing, cancelling."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable, StorageError
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import FilePreview, ImportReport, Ledger, Progress, SymbolCoverage
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Ready
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from tests.perf.market import synthetic_panel

PANEL = synthetic_panel(40, 300)
LAST = PANEL.days[-1].item()
NOW = AsOf.at(date(2026, 7, 1), 9).instant_ns


class MemoryDataset:
    """A data set held in memory: a real panel, no files."""

    def __init__(self, panel: MarketPanel | None) -> None:
        self.panel = panel
        self.stored: list[VcpScan] = []
        self.fails: Exception | None = None
        self.gate: threading.Event | None = None
        self.closed = False
        self.kept: VcpScan | None = None

    def quick_panel(self) -> MarketPanel | None:
        if self.fails:
            raise self.fails
        return self.panel if self.gate is None else None

    def load_panel(self, on_progress: Callable[[Progress], None]) -> MarketPanel:
        if self.gate is not None:
            for step in range(1_000):
                on_progress(Progress("progress.panel", step, 1_000))
                if self.gate.wait(0.005):
                    break
        if self.panel is None:
            raise DataUnavailable("no bars", key="error.no_bars", ticker="")
        return self.panel

    def settle(self, on_progress: Callable[[Progress], None]) -> None:
        on_progress(Progress("progress.store", 1, 1))

    def notices(self) -> tuple[str, ...]:
        return ("notice.database_set_aside",)

    def minute_series(self, ticker: str, timeframe: Timeframe, as_of: AsOf) -> ChartSeries:
        raise DataUnavailable(f"no minutes of {ticker}", key="error.no_minutes", ticker=ticker)

    def minute_tickers(self) -> frozenset[str]:
        return frozenset({"000020"})

    def preview(self, paths: Sequence[Path]) -> list[FilePreview]:
        return []

    def import_files(self, paths: Sequence[Path], mappings: Any, on_progress: Callable[[Progress], None]) -> ImportReport:
        self.panel = PANEL
        return ImportReport(1, 10, 10, 0, 0, 0, 0.1, (), (), ())

    def ledger(self) -> Ledger:
        return Ledger((), 0)

    def symbol_coverage(self, ticker: str) -> tuple[SymbolCoverage, ...]:
        return ()

    def recall_scan(self, panel: MarketPanel, as_of: AsOf, ruleset: str) -> VcpScan | None:
        return self.kept

    def keep_scan(self, scan: VcpScan) -> None:
        self.kept = scan

    def store_scan(self, scan: VcpScan, panel: MarketPanel, started_ns: int) -> None:
        if self.fails:
            raise self.fails
        self.stored.append(scan)

    def close(self) -> None:
        self.closed = True


@pytest_asyncio.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers()
    yield pool
    pool.close()


def _service(workers: Workers, dataset: MemoryDataset) -> WorkstationService:
    return WorkstationService(
        {"real": lambda: dataset, "simulated": lambda: dataset}, workers, lambda: NOW, Path("data"), warm=False
    )


async def _settled(service: WorkstationService) -> None:
    while isinstance(service.scan_state.last, Loading):
        await asyncio.sleep(0.005)
    await service.idle()


async def test_opening_scans_and_stores_the_newest_day(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    service = _service(workers, dataset)
    await service.start("real")
    await _settled(service)
    assert isinstance(service.scan_state.last, Ready)
    picture = service.scans.last
    assert picture is not None and picture.scan.day_index == len(PANEL.days) - 1
    assert picture.scored == 40 and picture.universe == int((picture.scan.ineligible == 0).sum())
    assert [scan.day_index for scan in dataset.stored] == [len(PANEL.days) - 1]
    assert service.notices.last == "notice.database_set_aside"
    assert service.has_minutes("000020") and not service.has_minutes("000030")
    await service.close()
    assert dataset.closed


async def test_a_past_day_is_scanned_with_its_own_knowledge_and_not_stored(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    service = _service(workers, dataset)
    await service.start("real")
    await _settled(service)
    service.step_day(-5)
    await _settled(service)
    assert service.scans.last is not None and service.scans.last.scan.day_index == len(PANEL.days) - 6
    assert service.market.last is not None and not service.market.last.is_latest
    series = service.day_series("000020", Timeframe.DAY, adjusted=True)
    assert series.time[-1] == PANEL.days[-6]
    assert len(dataset.stored) == 1
    service.set_as_of_latest()
    await _settled(service)
    assert service.market.last.is_latest and service.scans.last.scan.day_index == len(PANEL.days) - 1
    await service.close()


async def test_before_15_40_the_day_before_is_looked_at(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    await service.start("real")
    service.set_as_of(AsOf.at(LAST, 15, 39))
    await _settled(service)
    assert service.scans.last is not None and service.scans.last.scan.day_index == len(PANEL.days) - 2
    await service.close()


async def test_stepping_stops_at_both_ends(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    await service.start("real")
    service.step_day(-10_000)
    await _settled(service)
    assert service.scans.last is not None and service.scans.last.scan.day_index == 0
    service.step_day(+10_000)
    await _settled(service)
    assert service.scans.last.scan.day_index == len(PANEL.days) - 1
    await service.close()


async def test_an_instant_before_all_data_is_empty_with_the_reason(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    await service.start("real")
    service.set_as_of(AsOf.at(date(2001, 1, 2), 16))
    await _settled(service)
    state = service.scan_state.last
    assert isinstance(state, Empty) and state.fields["day"] == "2001-01-02"
    await service.close()


async def test_no_data_is_empty_and_offers_the_import_which_fills_the_screen(workers: Workers) -> None:
    dataset = MemoryDataset(None)
    service = _service(workers, dataset)
    await service.start("real")
    state = service.scan_state.last
    assert isinstance(state, Empty) and state.action == "import"
    report = await service.import_files([Path("bars.csv")])
    await _settled(service)
    assert report.inserted == 10 and isinstance(service.scan_state.last, Ready)
    await service.close()


async def test_a_broken_store_is_a_failure_not_an_empty_list(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    dataset.fails = StorageError("the disk is full", key="error.storage")
    service = _service(workers, dataset)
    await service.start("real")
    state = service.scan_state.last
    assert isinstance(state, Failed) and "disk" in str(state.error)
    await service.close()


async def test_a_scan_that_cannot_be_stored_stays_on_screen_and_says_so(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    service = _service(workers, dataset)
    await service.start("real")
    await _settled(service)
    dataset.fails = StorageError("the disk is full", key="error.storage")
    service.start_scan()
    await _settled(service)
    assert isinstance(service.scan_state.last, Ready)
    assert service.notices.last == "notice.scan_not_stored"
    dataset.fails = None
    await service.close()


async def test_a_long_job_can_be_cancelled_between_its_steps(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    dataset.gate = threading.Event()
    service = _service(workers, dataset)
    opening = asyncio.ensure_future(service.start("real"))
    while not isinstance(service.job.last, Progress):
        await asyncio.sleep(0.005)
    service.cancel_job()
    await opening
    state = service.scan_state.last
    assert isinstance(state, Empty) and state.action == "retry"
    await service.close()


async def test_what_was_stopped_while_opening_is_opened_again_on_retry(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    dataset.gate = threading.Event()
    service = _service(workers, dataset)
    opening = asyncio.ensure_future(service.start("real"))
    while not isinstance(service.job.last, Progress):
        await asyncio.sleep(0.005)
    service.cancel_job()
    await opening
    dataset.gate.set()
    service.start_scan()
    await service.idle()
    assert isinstance(service.scan_state.last, Ready)
    await service.close()


@pytest.mark.parametrize(("fails", "told"), [(False, "notice.nothing_stored.real"), (True, None)])
async def test_a_market_that_cannot_be_opened_leaves_the_one_on_screen_whole(
    workers: Workers, fails: bool, told: str | None
) -> None:
    shown, other = MemoryDataset(PANEL), MemoryDataset(None)
    makers = {"simulated": lambda: shown, "real": lambda: other}
    service = WorkstationService(makers, workers, lambda: NOW, Path("data"), warm=False)
    await service.start("simulated")
    await _settled(service)
    before = service.market.last
    if fails:
        other.fails = StorageError("broken", key="error.storage", reason="broken")
        with pytest.raises(StorageError):
            await service.switch_dataset("real")
    else:
        await service.switch_dataset("real")
        assert service.notices.last == told
    assert isinstance(service.scan_state.last, Ready) and service.market.last is before
    service.start_scan()
    await _settled(service)
    assert len(shown.stored) == 2 and not other.stored, "a scan is kept with the market it is of"
    await service.close()


async def test_an_overtaken_scan_is_never_shown(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    await service.start("real")
    await _settled(service)
    shown: list[int] = []
    service.scans.subscribe(lambda picture: shown.append(picture.scan.day_index), replay=False)
    service.step_day(-1)
    service.step_day(-1)
    service.step_day(-1)
    await _settled(service)
    assert shown == [len(PANEL.days) - 4]
    await service.close()


async def test_explaining_adds_up_and_is_kept_until_the_next_scan(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    await service.start("real")
    await _settled(service)
    explanation = service.explain("000020")
    assert explanation is not None and explanation is service.explain("000020")
    points = sum(group.points for group in explanation.groups if group.group != "SM")
    assert points == pytest.approx(float(explanation.scan.vcp_score[explanation.row]))
    assert all(len(group.items) for group in explanation.groups)
    assert service.explain("999999") is None
    service.start_scan()
    await _settled(service)
    assert service.explain("000020") is not explanation
    await service.close()


async def test_unknown_symbols_and_missing_minutes_are_errors(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    await service.start("real")
    await _settled(service)
    with pytest.raises(DataUnavailable, match="999999"):
        service.day_series("999999", Timeframe.DAY, adjusted=True)
    with pytest.raises(DataUnavailable, match="000020"):
        await service.load_series("000020", Timeframe.MIN_1, adjusted=True)
    await service.close()


async def test_selecting_the_same_symbol_again_says_nothing(workers: Workers) -> None:
    service = _service(workers, MemoryDataset(PANEL))
    heard: list[str] = []
    service.selection.subscribe(lambda context: heard.append(context.ticker))
    service.select("000020", "signals")
    service.select("000020", "signals")
    service.select("000030", "symbols")
    assert heard == ["000020", "000030"]
    await service.close()


async def test_a_kept_scan_is_shown_at_once_and_not_made_again(workers: Workers) -> None:
    dataset = MemoryDataset(PANEL)
    dataset.kept = kept = scan(PANEL, AsOf(NOW), DEFAULT_RULES)
    service = _service(workers, dataset)
    await service.start("real")
    await service.idle()
    assert service.scans.last is not None and service.scans.last.scan is kept
    assert dataset.stored == []
    service.start_scan()
    await _settled(service)
    assert service.scans.last.scan is not kept and service.scans.last.scan is dataset.kept and len(dataset.stored) == 1
    await service.close()


async def test_a_day_that_came_in_part_is_told(workers: Workers) -> None:
    present = PANEL.present.copy()
    present[5:, -1] = False
    partial = dataclasses.replace(PANEL, present=present, valid=PANEL.valid & present)
    service = _service(workers, MemoryDataset(partial))
    await service.start("real")
    await _settled(service)
    assert service.notices.last == "notice.partial_day"
    service.step_day(-1)
    heard: list[str] = []
    service.notices.subscribe(heard.append, replay=False)
    await _settled(service)
    assert heard == []
    await service.close()
