"""What-if: move a threshold, and the whole market is scored, ranked and counted again before the finger has left the slider.

What was measured (averages, swings, highs) is kept; only what a threshold decides is computed anew. Measuring runs again
only where a moved threshold changes what is measured (a window's length, the zigzag). Stored signals never change: pictures
made here carry ``what_if``, and the standard ones come back with :meth:`WhatIfService.reset`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from engine.model.closing import ClosingBetScan
from engine.model.daytrade import DayTradeScan
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.panel import MarketPanel
from engine.model.performance import RecordRow
from engine.model.scan import VcpScan
from engine.thresholds import Rules, Spec, iter_specs
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.strategy.evaluate import Evaluation
from ralphstock_desktop.services.strategy.quantities import histogram_of
from ralphstock_desktop.services.strategy.rescoring import Rescoring
from ralphstock_desktop.services.strategy.sliders import SECTIONS, slider_names
from ralphstock_desktop.services.strategy.standing import Standing, counts, moved, only_in, standing_of
from ralphstock_desktop.services.strategy_contracts import (
    STRATEGIES,
    ClosingPicture,
    DayTradePicture,
    StrategyName,
    Threshold,
    WhatIfState,
)
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import RuleProfile, StrategyStore

__all__ = ["WhatIfService", "slider_names"]

_log = logging.getLogger(__name__)

_RECORD_AFTER_S = 0.7
"""The record is counted again once the slider has rested."""
_ONE_MOVE_S = 0.7
"""Moves of one threshold that follow each other faster are one drag, and one step of undo."""
_STEPS_KEPT = 200

Scan = VcpScan | ClosingBetScan | DayTradeScan
RecordOf = Callable[[StrategyName, Rules], Coroutine[Any, Any, RecordRow | None]]


class WhatIfService:
    """See :class:`ralphstock_desktop.services.strategy_contracts.WhatIf`.

    Parameters
    ----------
    evaluation : callable
        The evaluation on screen (standard rules); None before there is one.
    publish_closing, publish_day : callables
        Show a picture made here.
    restore : callable
        Show the standard pictures again.
    record_of : callable
        The out-of-sample record of all grades of a strategy under rules; slow, on a worker.
    store : callable
        Where profiles and tries are kept; None before a market is open.
    record_after_s : float
        How long a slider rests before the record is counted.
    timer : callable
        Seconds of this machine, to tell one drag from two moves.
    """

    def __init__(
        self,
        workstation: WorkstationService,
        workers: Workers,
        *,
        evaluation: Callable[[], Evaluation | None],
        publish_closing: Callable[[ClosingPicture], None],
        publish_day: Callable[[DayTradePicture], None],
        restore: Callable[[], None],
        record_of: RecordOf,
        store: Callable[[], StrategyStore | None],
        now_ns: Callable[[], int],
        record_after_s: float = _RECORD_AFTER_S,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state: Channel[WhatIfState] = Channel("what_if")
        self._workstation, self._workers = workstation, workers
        self._evaluation = evaluation
        self._publish_closing, self._publish_day, self._restore = publish_closing, publish_day, restore
        self._record_of, self._store, self._now_ns = record_of, store, now_ns
        self._record_after_s, self._timer = record_after_s, timer
        self._strategy: StrategyName = "VCP"
        self._changes: dict[str, float] = {}
        self._history: list[tuple[dict[str, float], str]] = []
        """Changes and profile before each step."""
        self._last_move: tuple[str, float] = ("", 0.0)
        self._profile = ""
        self._tries: dict[StrategyName, set[str]] = {}
        self._known_tries: dict[StrategyName, int] = {}
        self._profiles: tuple[RuleProfile, ...] = ()
        self._profiles_of: StrategyStore | None = None
        self._scorer = Rescoring()
        self._vcp_base: ScanPicture | None = None
        self._base_rules: Rules | None = None
        self._standard: dict[str, tuple[float, Spec]] = {}
        self._base = 0
        """Counts the instants followed: what was scored for an earlier one is dropped."""
        self._others: tuple[StrategyName, ...] = ()
        """Strategies beside the chosen one whose moved thresholds are to be scored at a new instant."""
        self._tasks = TaskSet()
        self._reader: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[RecordRow | None] | None = None
        self._histograms: tuple[tuple[int, int], dict[str, tuple[float, ...] | None]] = ((0, 0), {})
        self._wanted = 0
        self._worker: asyncio.Task[None] | None = None
        self._record_task: asyncio.Task[None] | None = None
        self._records: tuple[RecordRow | None, RecordRow | None] = (None, None)

    # -- what can be moved ----------------------------------------------------------------------------------------------

    def choose(self, strategy: StrategyName) -> None:
        """Look at another strategy's thresholds; what was moved of it stays moved."""
        if strategy != self._strategy:
            self._strategy = strategy
            self._records = (None, None)
            self._last_move = ("", 0.0)
        if self._profiles_of is not self._store() and (self._reader is None or self._reader.done()):
            self._reader = self._tasks.spawn(self.refresh_profiles(), "what-if profiles")
        self._start()

    def thresholds(self, strategy: StrategyName) -> tuple[Threshold, ...]:
        """Return every slider with its default, limits and, where it is one number, the market's distribution of it."""
        base = self._base_values()
        return tuple(
            Threshold(name, float(self._changes.get(name, base[name][0])), *base[name], self._histogram(name, base[name][1]))
            for name in slider_names(strategy)
        )

    def _base_values(self) -> dict[str, tuple[float, Spec]]:
        """Value and limits of every threshold under the standard rules; read once, since a drag asks for them all the time."""
        rules = self._workstation.rules
        if self._base_rules is not rules:
            self._base_rules = rules
            self._standard = {name: (float(value), spec) for name, value, spec in iter_specs(rules)}
        return self._standard

    def _histogram(self, name: str, spec: Spec) -> tuple[float, ...] | None:
        """The market's distribution under the standard rules; counted once per standard scan."""
        evaluation = self._evaluation()
        scan = self._vcp_base.scan if self._vcp_base is not None else None
        key = (id(scan), id(evaluation))
        if self._histograms[0] != key:
            self._histograms = (key, {})
        kept = self._histograms[1]
        if name not in kept:
            kept[name] = histogram_of(name, spec, scan, evaluation)
        return kept[name]

    @property
    def rules(self) -> Rules:
        """The moved rules."""
        return self._workstation.rules.replace(dict(self._changes))

    @property
    def active(self) -> bool:
        """Whether anything is moved."""
        return bool(self._changes)

    def follow_evaluation(self) -> None:
        """Count anew: closing bet and checklist of another instant are on screen. Moved thresholds are scored on their own."""
        if not self.active and self.state.last is not None:
            self._publish(self._standing(), self._standing(), 0.0)

    def follow_standard(self, picture: ScanPicture) -> None:
        """Take note of a new standard scan; while thresholds are moved, the market is scored under them at once."""
        before, self._vcp_base = self._vcp_base, picture
        self._base += 1
        if before is None or before.panel is not picture.panel or before.scan.day_index != picture.scan.day_index:
            self._records = (None, None)
        if not self.active:
            if self.state.last is not None:
                self._publish(self._standing(), self._standing(), 0.0)
            return
        # Nobody else shows the instant: strategies without a moved threshold are shown by the standard rules.
        touched, evaluation = self._moved_strategies(), self._evaluation()
        if evaluation is not None and "CLOSING_BET" not in touched:
            self._publish_closing(evaluation.closing)
        if evaluation is not None and "DAY_TRADE" not in touched:
            self._publish_day(evaluation.day)
        self._others = tuple(strategy for strategy in touched if strategy != self._strategy)
        self._start()

    def _moved_strategies(self) -> tuple[StrategyName, ...]:
        """Strategies of which a threshold is moved."""
        sections = {name.split(".")[0] for name in self._changes}
        return tuple(strategy for strategy in STRATEGIES if sections & set(SECTIONS[strategy]))

    # -- moving ---------------------------------------------------------------------------------------------------------

    def move(self, name: str, value: float) -> None:
        """Set one threshold.

        Raises
        ------
        ValidationFailed
            If there is no such threshold, or the value is not allowed.
        """
        self._workstation.rules.replace({**self._changes, name: value})  # refuses what is not allowed
        changes = {**self._changes, name: value}
        if abs(self._base_values()[name][0] - value) < 1e-12:
            del changes[name]
        moment = self._timer()
        if changes != self._changes:
            same_drag = self._last_move[0] == name and moment - self._last_move[1] < _ONE_MOVE_S
            self._take(changes, "", remember=not same_drag)
        self._last_move = (name, moment)

    def undo(self) -> None:
        """Take back the last move; a whole drag is one."""
        if self._history:
            changes, profile = self._history.pop()
            self._take(changes, profile, remember=False)
            self._last_move = ("", 0.0)

    def reset(self) -> None:
        """Back to the standard rules."""
        if self._changes:
            self._take({}, "", remember=True)
        self._last_move = ("", 0.0)

    def _take(self, changes: dict[str, float], profile: str, *, remember: bool) -> None:
        """Move to other thresholds; the step before can be taken back."""
        if remember:
            self._history.append((self._changes, self._profile))
            del self._history[:-_STEPS_KEPT]
        self._changes, self._profile = changes, profile
        self._records = (self._records[0], None)
        if self.active:
            self._start()
        else:
            self._show_standard()
            self._rest()

    # -- profiles -------------------------------------------------------------------------------------------------------

    def profiles(self) -> tuple[RuleProfile, ...]:
        """Named rule sets, as last read."""
        return self._profiles

    async def refresh_profiles(self) -> None:
        """Read the named rule sets of this market."""
        store = self._store()
        if store is not None:
            self._profiles = await self._workers.read(store.profiles)
            self._profiles_of = store

    async def save_as(self, name: str) -> None:
        """Keep the moved rules under a name.

        Raises
        ------
        ValidationFailed
            If the name is empty or nothing is moved.
        """
        title = name.strip()
        if not title or not self._changes:
            raise ValidationFailed(
                "A profile needs a name and at least one moved threshold.", key="error.profile_empty", name=title
            )
        store = self._need_store()
        profile = RuleProfile(title, dict(self._changes), self.rules.ruleset_id, self._now_ns())
        await self._workers.job(store.save_profile, profile)
        self._profile = title
        await self.refresh_profiles()
        self._tell_profile()

    async def load(self, name: str) -> None:
        """Move the thresholds to those of a profile.

        Raises
        ------
        DataUnavailable
            If there is no such profile.
        ValidationFailed
            If its thresholds are not allowed any more.
        """
        await self.refresh_profiles()
        profile = next((item for item in self._profiles if item.name == name), None)
        if profile is None:
            raise DataUnavailable(f"There is no profile named '{name}'.", key="error.profile_unknown", name=name)
        changes = {key: float(value) for key, value in profile.changes.items()}
        self._workstation.rules.replace(dict(changes))
        self._take(changes, name, remember=True)
        self._last_move = ("", 0.0)

    async def delete(self, name: str) -> None:
        """Forget a profile."""
        await self._workers.job(self._need_store().delete_profile, name)
        if self._profile == name:
            self._profile = ""
        await self.refresh_profiles()
        self._tell_profile()

    def _tell_profile(self) -> None:
        if self.state.last is not None:
            self.state.publish(replace(self.state.last, profile=self._profile))

    def _need_store(self) -> StrategyStore:
        store = self._store()
        if store is None:
            raise DataUnavailable("No market is open.", key="error.connect.not_connected")
        return store

    async def close(self) -> None:
        """Drop what is running."""
        if self._counting is not None:
            self._counting.cancel()
        await self._tasks.cancel()
        if self._counting is not None:
            await asyncio.wait({self._counting})

    # -- computing ------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Compute for the newest wish; wishes that came meanwhile are answered together."""
        self._wanted += 1
        if self._worker is None or self._worker.done():
            self._worker = self._tasks.spawn(self._work(), "what-if")

    async def _work(self) -> None:
        done = 0
        while done != self._wanted:
            done = self._wanted
            if not self.active:
                self._show_standard()
                continue
            strategy, rules, base = self._strategy, self.rules, self._base
            before = self._standing()
            found = await self._score(strategy, rules)
            # Overtaken by a further move of the same drag is shown all the same: a drag faster than the scoring must not
            # leave the screen standing. Of another strategy or instant, or of rules that were left, nothing is shown.
            if found is not None and self.active and (strategy, base) == (self._strategy, self._base):
                scan, seconds = found
                self._show(scan, rules, seconds)
                self._publish(before, standing_of(scan), seconds, rules)
            if done == self._wanted:
                await self._work_on_others()
        self._rest()

    async def _score(
        self, strategy: StrategyName, rules: Rules
    ) -> tuple[VcpScan | ClosingBetScan | DayTradeScan, float] | None:
        """Score the market of the moment under rules."""
        return await self._workers.compute(
            self._scorer.score, strategy, self._vcp_base, self._evaluation(), rules, dict(self._changes)
        )

    async def _work_on_others(self) -> None:
        """Score the other strategies of which thresholds are moved, at the new instant."""
        others, self._others = self._others, ()
        base = self._base
        for strategy in others:
            rules = self.rules
            found = await self._score(strategy, rules)
            if found is not None and self.active and base == self._base:
                self._show(found[0], rules, found[1])

    def _show_standard(self) -> None:
        self._others = ()
        self._restore()
        standing = self._standing()
        self._publish(standing, standing, 0.0)

    def _rest(self) -> None:
        """The slider rests unless another move comes: count the record then."""
        if self._record_task is not None:
            self._record_task.cancel()
        self._record_task = self._tasks.spawn(self._count_record(), "what-if record")

    def _show(self, scan: Scan, rules: Rules, seconds: float) -> None:
        evaluation = self._evaluation()
        if isinstance(scan, VcpScan):
            self._workstation.show_what_if(scan, rules, seconds)
        elif evaluation is not None and isinstance(scan, ClosingBetScan):
            self._publish_closing(
                replace(evaluation.closing, scan=scan, rules=rules, seconds=seconds, differences=(), what_if=True)
            )
        elif evaluation is not None and isinstance(scan, DayTradeScan):
            self._publish_day(replace(evaluation.day, scan=scan, rules=rules, seconds=seconds, changed=None, what_if=True))

    def _standing(self) -> Standing | None:
        """The standing under the standard rules."""
        if self._strategy == "VCP":
            return standing_of(self._vcp_base.scan) if self._vcp_base is not None else None
        evaluation = self._evaluation()
        if evaluation is None:
            return None
        return standing_of(evaluation.closing.scan if self._strategy == "CLOSING_BET" else evaluation.day.scan)

    def _panel(self) -> MarketPanel | None:
        return self._vcp_base.panel if self._vcp_base is not None else None

    def _publish(self, before: Standing | None, after: Standing | None, seconds: float, rules: Rules | None = None) -> None:
        panel = self._panel()
        if before is None or after is None or panel is None:
            return
        values = self.thresholds(self._strategy)
        self.state.publish(
            WhatIfState(
                active=self.active,
                strategy=self._strategy,
                rules=rules or self.rules,
                base_rules=self._workstation.rules,
                profile=self._profile,
                changed=tuple(item for item in values if item.name in self._changes),
                counts_before=counts(before),
                counts_after=counts(after),
                entering=only_in(after, before, panel),
                leaving=only_in(before, after, panel),
                moved=moved(before, after),
                seconds=seconds,
                record_before=self._records[0],
                record_after=self._records[1],
                tries=self._tries_of(self._strategy),
                can_undo=bool(self._history),
            )
        )

    # -- record ---------------------------------------------------------------------------------------------------------

    async def _count_record(self) -> None:
        """Count the record again when the slider has rested, and remember that these rules were tried.

        Only a rested slider is a try: what a drag passes over has shown no record, so nothing could be picked by it.
        """
        await asyncio.sleep(self._record_after_s)
        strategy, rules, base = self._strategy, self.rules, self._base
        if self.active:
            tried = self._tries.setdefault(strategy, set())
            tried.add(rules.ruleset_id)
            store = self._store()
            if store is not None:
                self._known_tries[strategy] = await self._workers.job(store.remember_tries, strategy, sorted(tried))
        before = self._records[0] or await self._record(strategy, self._workstation.rules)
        after = await self._record(strategy, rules) if self.active else None
        if (strategy, rules.ruleset_id, base) != (self._strategy, self.rules.ruleset_id, self._base):
            return
        self._records = (before, after)
        last = self.state.last
        if last is not None:
            self.state.publish(replace(last, record_before=before, record_after=after, tries=self._tries_of(strategy)))

    async def _record(self, strategy: StrategyName, rules: Rules) -> RecordRow | None:
        """Count one record; the next begins when it has ended, also where nobody waits for it any more.

        A thread cannot be stopped: two forgotten counts would take both threads, and the next drag would stand still.
        """
        while self._counting is not None and not self._counting.done():
            await asyncio.wait({self._counting})
        self._counting = asyncio.get_running_loop().create_task(self._record_of(strategy, rules), name="what-if count")
        return await asyncio.shield(self._counting)

    def _tries_of(self, strategy: StrategyName) -> int:
        return max(self._known_tries.get(strategy, 0), len(self._tries.get(strategy, ())))
