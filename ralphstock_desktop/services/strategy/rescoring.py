"""Scores the whole market under moved thresholds, measuring again only what a moved threshold changes. On worker threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar, cast

from engine.asof.view import KnownDays
from engine.features.closing_measures import measure_closing
from engine.features.day_measures import measure_prior
from engine.model.closing import ClosingBetScan
from engine.model.daytrade import DayTradeScan
from engine.model.instants import AsOf
from engine.model.scan import VcpScan
from engine.scoring.vcp import measure_day, score
from engine.thresholds import Rules
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.strategy.evaluate import Evaluation, score_closing_basis, score_day_basis
from ralphstock_desktop.services.strategy.sliders import MEASURED
from ralphstock_desktop.services.strategy_contracts import StrategyName

__all__ = ["Rescoring"]

Scan = VcpScan | ClosingBetScan | DayTradeScan
M = TypeVar("M")


class Rescoring:
    """Keeps the newest measures of each strategy, so that a drag measures at most once."""

    def __init__(self) -> None:
        self._kept: dict[StrategyName, tuple[object, object]] = {}

    def score(
        self,
        strategy: StrategyName,
        base: ScanPicture | None,
        evaluation: Evaluation | None,
        rules: Rules,
        changes: Mapping[str, float],
    ) -> tuple[Scan, float] | None:
        """Score a strategy; return the scan and the seconds it took, None where there is nothing to score yet.

        Parameters
        ----------
        base, evaluation
            What is on screen under the standard rules: the VCP scan, and everything else.
        rules, changes
            The moved rules, and which thresholds they move to where.
        """
        begin = time.perf_counter()
        measured = tuple(sorted((name, value) for name, value in changes.items() if name in MEASURED))
        scan: Scan
        if strategy == "VCP":
            if base is None:
                return None
            scan = self._vcp(base, rules, measured)
        elif evaluation is None:
            return None
        elif strategy == "CLOSING_BET":
            scan = self._closing(evaluation, rules, measured)
        else:
            scan = self._day(evaluation, rules, measured)
        return scan, time.perf_counter() - begin

    def _measures(self, strategy: StrategyName, key: object, measure: Callable[[], M]) -> M:
        """Kept by all that decides them: a scan of another day may have begun while these were measured."""
        kept = self._kept.get(strategy)
        if kept is None or kept[0] != key:
            kept = self._kept[strategy] = (key, measure())
        return cast(M, kept[1])

    def _vcp(self, base: ScanPicture, rules: Rules, measured: tuple[tuple[str, float], ...]) -> VcpScan:
        scan, panel = base.scan, base.panel
        known = KnownDays(scan.day_index, scan.flow_day_index)
        key = (panel.version, known.bar, known.flow, base.rules.ruleset_id, measured)
        measures = self._measures("VCP", key, lambda: measure_day(panel, known, rules if measured else base.rules))
        return score(panel, AsOf(scan.as_of.instant_ns), known, measures, rules)

    def _closing(self, evaluation: Evaluation, rules: Rules, measured: tuple[tuple[str, float], ...]) -> ClosingBetScan:
        basis = evaluation.closing_basis
        if measured:
            # The key holds the basis itself: another one with the same address could not be told from it.
            measures = self._measures(
                "CLOSING_BET",
                (_Same(basis), measured),
                lambda: measure_closing(basis.panel, basis.day, basis.flow_day, rules),
            )
            basis = replace(basis, measures=measures)
        return score_closing_basis(basis, rules)

    def _day(self, evaluation: Evaluation, rules: Rules, measured: tuple[tuple[str, float], ...]) -> DayTradeScan:
        basis = evaluation.day_basis
        if measured:
            prior = basis.prior
            measures = self._measures(
                "DAY_TRADE",
                (_Same(prior), measured),
                lambda: measure_prior(basis.panel, prior.prior_day, prior.flow_day, rules),
            )
            basis = replace(basis, prior=measures)
        return score_day_basis(basis, rules)


class _Same:
    """Equal to the same object only."""

    def __init__(self, what: object) -> None:
        self._what = what

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._what is other._what

    def __hash__(self) -> int:
        return id(self._what)
