"""Walk-forward: rules are chosen on one stretch of days and judged on the next, so no judged trade was ever chosen on.

1. Windows of ``train_days`` followed by ``test_days``, moved forward by ``test_days``.
2. In training only trades count that were signalled *and ended* inside the training days, repeats left out; the rule set with
   the best mean net return among those with enough of them is chosen, the first given one if none has enough.
3. The chosen rule set's signals of the test days are the result. Their trades may end after the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from engine.model.errors import ValidationFailed
from engine.model.performance import SignalSet, TradeSet, WalkForward, WalkWindow
from engine.performance.life import first_signals, joined_trades
from engine.performance.metrics import MIN_FOR_PERCENT
from engine.performance.signals import join_signals
from engine.thresholds import Rules

__all__ = ["TEST_DAYS", "TRAIN_DAYS", "walk_forward", "windows"]

TRAIN_DAYS, TEST_DAYS = 250, 60
"""Trading days a rule set is chosen on, and judged on."""

Bools = npt.NDArray[np.bool_]


def windows(
    first_day: int, last_day: int, train_days: int = TRAIN_DAYS, test_days: int = TEST_DAYS
) -> Iterator[tuple[int, int, int, int]]:
    """Yield (first and last training day, first and last test day) as panel days; the last test window may be shorter."""
    test_first = first_day + train_days
    while test_first <= last_day:
        yield test_first - train_days, test_first - 1, test_first, min(test_first + test_days - 1, last_day)
        test_first += test_days


def walk_forward(
    candidates: Mapping[str, tuple[SignalSet, TradeSet]],
    first_day: int,
    last_day: int,
    rules: Rules,
    tries: int,
    *,
    train_days: int = TRAIN_DAYS,
    test_days: int = TEST_DAYS,
) -> WalkForward:
    """Choose and judge over a period.

    Parameters
    ----------
    candidates : mapping
        Signals over the whole period and their trades by rule-set id, the standing rules first. With one there is nothing to
        choose and the result is its test windows.
    first_day, last_day : int
        Panel days of the period.
    rules : Rules
        ``life.few_trades`` says how many training trades a choice needs.
    tries : int
        Rule sets tried on these data so far, these included.

    Returns
    -------
    WalkForward
        Signals and trades of all test windows, ascending by day. No window where the period is too short.

    Raises
    ------
    ValidationFailed
        Without a candidate.
    """
    if not candidates:
        raise ValidationFailed("A walk-forward needs at least one rule set.", key="error.backtest_candidates")
    new = {name: first_signals(signals, trades) for name, (signals, trades) in candidates.items()}
    steps, signals_out, trades_out = [], [], []
    for train_first, train_last, test_first, test_last in windows(first_day, last_day, train_days, test_days):
        chosen, train_mean = _choose(candidates, new, train_first, train_last, rules.life.few_trades)
        signals, trades = candidates[chosen]
        tested = new[chosen] & (signals.day >= test_first) & (signals.day <= test_last)
        net = trades.net_pct[tested & trades.closed]
        steps.append(
            WalkWindow(
                train_first=train_first,
                train_last=train_last,
                test_first=test_first,
                test_last=test_last,
                chosen=chosen,
                train_mean_pct=train_mean,
                test_mean_pct=float(net.mean()) if len(net) >= MIN_FOR_PERCENT else None,
                test_n=len(net),
            )
        )
        signals_out.append(signals.where(tested))
        trades_out.append(trades.where(tested))
    if not steps:
        signals, trades = next(iter(candidates.values()))
        nothing = np.zeros(len(signals), dtype=bool)
        signals_out, trades_out = [signals.where(nothing)], [trades.where(nothing)]
    used = {step.chosen for step in steps}
    ruleset = used.pop() if len(used) == 1 else "walk-forward"
    return WalkForward(
        windows=tuple(steps), signals=join_signals(signals_out, ruleset), trades=joined_trades(trades_out), tries=tries
    )


def _choose(
    candidates: Mapping[str, tuple[SignalSet, TradeSet]],
    new: Mapping[str, Bools],
    train_first: int,
    train_last: int,
    needed: int,
) -> tuple[str, float | None]:
    """Best rule set in training and its mean net return; the first one, with its mean if it has any, where none has enough."""
    best: tuple[str, float] | None = None
    means: dict[str, float | None] = {}
    for name, (signals, trades) in candidates.items():
        inside = new[name] & trades.closed & (signals.day >= train_first) & (trades.exit_day <= train_last)
        net = trades.net_pct[inside]
        means[name] = float(net.mean()) if len(net) >= MIN_FOR_PERCENT else None
        if len(net) >= needed and (best is None or net.mean() > best[1]):
            best = (name, float(net.mean()))
    if best is not None:
        return best
    first = next(iter(candidates))
    return first, means[first]
