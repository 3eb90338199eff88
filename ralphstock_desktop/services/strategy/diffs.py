"""What changed a grade between two instants, for each strategy; the listed effects add up to the change of the score."""

from __future__ import annotations

import numpy as np

from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.scoring.grade_diff import ItemChange, closing_items, day_trade_items, diff_items, vcp_items
from engine.scoring.vcp import scan as scan_vcp
from engine.thresholds import Rules
from ralphstock_desktop.services.strategy.evaluate import Evaluation
from ralphstock_desktop.services.strategy_contracts import DayTradePicture, GradeChange, GradeDiff, StrategyName

__all__ = ["closing_diff", "day_diff", "vcp_diff"]


def vcp_diff(panel: MarketPanel, ticker: str, row: int, earlier: AsOf, now: AsOf, rules: Rules) -> GradeDiff:
    """Compare the VCP scores of two instants. Scans both; runs on a worker."""
    before, after = scan_vcp(panel, earlier, rules), scan_vcp(panel, now, rules)
    grades, scores = (before.grade[row], after.grade[row]), (before.total_score[row], after.total_score[row])
    return _diff(
        "VCP", ticker, (earlier, now), grades, scores, diff_items(vcp_items(before, row, rules), vcp_items(after, row, rules))
    )


def closing_diff(ticker: str, row: int, before: Evaluation, after: Evaluation) -> GradeDiff:
    """Compare the closing bets of two instants."""
    one, two = before.closing.scan, after.closing.scan
    grades, scores = (one.grade[row], two.grade[row]), (one.total[row], two.total[row])
    return _diff(
        "CLOSING_BET",
        ticker,
        (one.as_of, two.as_of),
        grades,
        scores,
        diff_items(closing_items(one, row), closing_items(two, row)),
    )


def day_diff(
    ticker: str, row: int, before: DayTradePicture, after: DayTradePicture, earlier: AsOf, now: AsOf, rules: Rules
) -> GradeDiff:
    """Compare the checklists of two instants."""
    one, two = before.scan, after.scan
    grades, scores = (one.grade[row], two.grade[row]), (one.score[row], two.score[row])
    return _diff(
        "DAY_TRADE",
        ticker,
        (earlier, now),
        grades,
        scores,
        diff_items(day_trade_items(one, row, rules), day_trade_items(two, row, rules)),
    )


def _diff(
    strategy: StrategyName,
    ticker: str,
    instants: tuple[AsOf, AsOf],
    grades: tuple[int, int],
    scores: tuple[float, float],
    items: tuple[ItemChange, ...],
) -> GradeDiff:
    return GradeDiff(
        strategy=strategy,
        ticker=ticker,
        from_as_of=instants[0],
        to_as_of=instants[1],
        grade_before=int(grades[0]),
        grade_after=int(grades[1]),
        score_before=_known(scores[0]),
        score_after=_known(scores[1]),
        changes=tuple(
            GradeChange(
                item=item.item,
                before=item.value_before,
                after=item.value_after,
                unit=item.unit,
                points_before=item.points_before,
                points_after=item.points_after,
                effect=item.effect,
                at_ns=None,
            )
            for item in items
        ),
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
