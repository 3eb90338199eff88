"""A small market evaluated for real, a workstation over it, and the real what-if service: only the repository is in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from engine.asof.view import known_days
from engine.model.instants import AsOf
from engine.model.market_series import MarketSeries
from engine.model.panel import MarketPanel
from engine.model.performance import Interval, RecordRow
from engine.model.scan import VcpScan
from engine.news.market import NewsIndex
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.ports import Dataset, Progress
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.strategy.evaluate import Evaluation, evaluate
from ralphstock_desktop.services.strategy.sources import Instant
from ralphstock_desktop.services.strategy.what_if import WhatIfService
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture, StrategyName
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import RuleProfile, StrategyStore
from tests.ui.tables.local_market import local_panel

__all__ = ["MemoryDataset", "MemoryStore", "WhatIfBench", "instant", "market"]


@cache
def market() -> MarketPanel:
    """The planted market; its last day has risers with a thousand times the money, so that the closing bet has candidates."""
    panel = local_panel()
    arrays = {name: getattr(panel, name).copy() for name in ("open_krw", "high_krw", "low_krw", "close_krw", "value_krw")}
    for place, row in enumerate(range(30, 70)):
        base = float(panel.base_krw[row, -1])
        open_, close = round(base * 1.01), round(base * (1.03 + 0.006 * (place * 7 % 40)))
        arrays["open_krw"][row, -1], arrays["close_krw"][row, -1] = open_, close
        arrays["high_krw"][row, -1], arrays["low_krw"][row, -1] = round(close * 1.005), round(base)
        arrays["value_krw"][row, -1] = 4e10 * (1 + place)
    return replace(panel, version="small what-if market", simulated=False, **arrays)


def instant(as_of: AsOf | None = None) -> Instant:
    """Everything known at an instant, by default the end of the last day; no news collector ever worked."""
    panel = market()
    moment = as_of or AsOf.end_of(panel.days[-1].astype("datetime64[D]").item())
    index = NewsIndex((), panel.tickers.tolist(), panel.names.tolist())
    series = MarketSeries(None, None, None, None, "none")
    return Instant(panel, moment, known_days(panel, moment), None, series, (), (), index, False, {})


class MemoryStore:
    """Profiles and tries in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, RuleProfile] = {}
        self.tried: dict[str, set[str]] = {}

    def profiles(self) -> tuple[RuleProfile, ...]:
        return tuple(self.kept.values())

    def save_profile(self, profile: RuleProfile) -> None:
        self.kept[profile.name] = profile

    def delete_profile(self, name: str) -> None:
        self.kept.pop(name, None)

    def remember_tries(self, strategy: str, rulesets: Sequence[str]) -> int:
        self.tried.setdefault(strategy, set()).update(rulesets)
        return len(self.tried[strategy])


class MemoryDataset:
    """One panel; nothing is kept."""

    def __init__(self, panel: MarketPanel) -> None:
        self.panel = panel

    def quick_panel(self) -> MarketPanel:
        return self.panel

    def load_panel(self, on_progress: Callable[[Progress], None]) -> MarketPanel:
        del on_progress
        return self.panel

    def settle(self, on_progress: Callable[[Progress], None]) -> None:
        del on_progress

    def notices(self) -> tuple[str, ...]:
        return ()

    def minute_tickers(self) -> frozenset[str]:
        return frozenset()

    def recall_scan(self, panel: MarketPanel, as_of: AsOf, ruleset: str) -> VcpScan | None:
        del panel, as_of, ruleset

    def keep_scan(self, scan: VcpScan) -> None:
        del scan

    def store_scan(self, scan: VcpScan, panel: MarketPanel, started_ns: int) -> None:
        del scan, panel, started_ns

    def close(self) -> None:
        pass


def record(n: int = 48, mean: float | None = 1.9) -> RecordRow:
    """A record of all grades."""
    interval = Interval(mean, mean - 2, mean + 2) if mean is not None else Interval(None)
    return RecordRow(
        "VCP", 0, n, interval, Interval(55.0), 0.1, Interval(None), 1, "2025-01-02", "2025-12-30", mean is not None
    )


class WhatIfBench:
    """The service with everything it is given, and what it showed."""

    def __init__(self, workers: Workers, *, record_after_s: float = 0.01) -> None:
        self.workers = workers
        self.seconds = 0.0
        self.work = WorkstationService(
            cast(Any, {"real": lambda: cast(Dataset, MemoryDataset(market()))}),
            workers,
            lambda: instant().as_of.instant_ns,
            Path("data"),
            warm=False,
        )
        self.store = MemoryStore()
        self.evaluation: Evaluation = evaluate(instant(), DEFAULT_RULES)
        self.closing: Channel[ClosingPicture] = Channel("closing")
        self.day: Channel[DayTradePicture] = Channel("day")
        self.counted: list[tuple[str, str]] = []
        self.counting = 0
        self.most_counting = 0
        self.service = WhatIfService(
            self.work,
            workers,
            evaluation=lambda: self.evaluation,
            publish_closing=self.closing.publish,
            publish_day=self.day.publish,
            restore=self._restore,
            record_of=self.record_of,
            store=lambda: cast(StrategyStore, self.store),
            now_ns=lambda: 1,
            record_after_s=record_after_s,
            timer=lambda: self.seconds,
        )
        self.work.scans.subscribe(self._on_scan)

    def _on_scan(self, picture: Any) -> None:
        if not picture.what_if:
            self.service.follow_standard(picture)

    def _restore(self) -> None:
        if self.work.scans.last is not None and self.work.scans.last.what_if:
            self.work.show_standard()
        self.closing.publish(self.evaluation.closing)
        self.day.publish(self.evaluation.day)

    async def record_of(self, strategy: StrategyName, rules: Rules) -> RecordRow:
        self.counting += 1
        self.most_counting = max(self.most_counting, self.counting)
        await self.workers.job(lambda: None)
        self.counted.append((strategy, rules.ruleset_id))
        self.counting -= 1
        return record(mean=1.9 if rules.ruleset_id == DEFAULT_RULES.ruleset_id else 2.5)

    async def open(self) -> None:
        """Scan the market."""
        await self.work.start("real")
        await self.work.idle()

    async def move(self, name: str, value: float) -> None:
        """Move and wait for the pictures. A second passes before: a move of its own, not part of a drag."""
        self.seconds += 10
        self.service.move(name, value)
        await self.scored()

    async def scored(self) -> None:
        """Wait until nothing is being scored."""
        task = self.service._worker
        if task is not None:
            await task

    async def close(self) -> None:
        """End the service and the workstation."""
        await self.service.close()
        await self.work.close()
