"""Aggregates, intervals, walk-forward and record, worked by hand (domain.md §§7.5-7.7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from lives import B, C, N, market, signal, together

from engine.model.errors import ValidationFailed
from engine.model.performance import TRADE_FIELDS, ExitReason, SignalSet, TradeSet
from engine.model.scan import Grade
from engine.performance import acceleration
from engine.performance.bootstrap import DateBootstrap, clustered_error
from engine.performance.life import follow
from engine.performance.metrics import metrics
from engine.performance.record import Universe, closing_universe, countable, records
from engine.performance.walk_forward import walk_forward, windows
from engine.thresholds import DEFAULT_RULES


def made(
    net: Sequence[float], days: Sequence[int] | None = None, rows: Sequence[int] | None = None
) -> tuple[SignalSet, TradeSet]:
    """Closed trades with given net returns, bought the day after the signal and sold the day after that."""
    count = len(net)
    days = days if days is not None else range(count)
    rows = rows if rows is not None else range(count)
    signals = together(*(signal(N, day=day, row=row) for day, row in zip(days, rows, strict=True)))
    values = np.array(net, dtype=np.float64)
    columns = {name: np.zeros(count) for name in TRADE_FIELDS}
    columns |= {"net_pct": values, "gross_pct": values + 0.4, "risk_multiple": values / 8.0, "factor": np.ones(count)}
    columns["entry_day"] = signals.day + 1
    columns["exit_day"] = signals.day + 2
    columns["reason"] = np.where(values > 0, ExitReason.TARGET, ExitReason.STOP).astype(np.uint8)
    columns["holding_bars"] = np.arange(1, count + 1)
    return signals, TradeSet(**columns)


def test_metrics_by_hand() -> None:
    """+10, +5, 0, -3, -4: two wins of five (zero is no win) = 40 %; gains 15, losses 7: 15/7; mean 8/5 = 1.6; median 0;
    payoff (15/2)/(7/2) = 15/7; expectancy 1.6/8 = 0.2 R; bars (1+2+3+4+5)/5 = 3."""
    found = metrics(*made([10, 5, 0, -3, -4]), DEFAULT_RULES)
    assert (found.signals, found.filled, found.closed, found.wins) == (5, 5, 5, 2)
    assert found.win_rate.value == 40.0
    assert found.profit_factor == pytest.approx(15 / 7)
    assert found.payoff == pytest.approx(15 / 7)
    assert found.mean_net_pct.value == pytest.approx(1.6)
    assert (found.median_net_pct, found.best_pct, found.worst_pct) == (0.0, 10.0, -4.0)
    assert found.mean_gross_pct == pytest.approx(2.0)
    assert found.expectancy_r.value == pytest.approx(0.2)
    assert found.mean_holding_bars == 3.0
    assert dict(found.by_reason) == {"STOP": 3, "TARGET": 2}
    assert found.few


def test_no_losses_have_no_profit_factor() -> None:
    found = metrics(*made([1, 2, 3]), DEFAULT_RULES)
    assert (found.profit_factor, found.has_losses, found.payoff, found.win_rate.value) == (None, False, None, 100.0)


def test_only_losses() -> None:
    found = metrics(*made([-1, -2]), DEFAULT_RULES)
    assert (found.profit_factor, found.has_losses, found.payoff, found.win_rate.value) == (0.0, True, None, 0.0)


def test_one_trade_shows_no_percentage() -> None:
    found = metrics(*made([7]), DEFAULT_RULES)
    assert found.closed == 1
    shown = (
        found.win_rate.value,
        found.mean_net_pct.value,
        found.median_net_pct,
        found.mean_gross_pct,
        found.best_pct,
        found.worst_pct,
    )
    assert shown == (None,) * 6


def test_no_trade_at_all() -> None:
    signals, trades = made([1])
    none = np.zeros(1, dtype=bool)
    found = metrics(signals.where(none), trades.where(none), DEFAULT_RULES)
    assert (found.closed, found.profit_factor, found.has_losses, found.mean_holding_bars, found.few) == (
        0,
        None,
        False,
        None,
        True,
    )


def test_thirty_trades_are_enough() -> None:
    assert metrics(*made([1] * 29), DEFAULT_RULES).few
    assert not metrics(*made([1] * 30), DEFAULT_RULES).few


# ------------------------------------------------------------------------------------------------- intervals


def test_intervals_draw_whole_dates() -> None:
    """Two dates, +1 x 3 and -1 x 3: a draw has the mean +1, 0 or -1, so the 95 % interval is -1 … +1. Drawing single trades
    would make it narrower (its standard error is 0.41)."""
    draws = DateBootstrap(np.array([4, 4, 4, 9, 9, 9]), DEFAULT_RULES)
    found = draws.mean(np.array([1.0, 1, 1, -1, -1, -1]))
    assert (found.value, found.low, found.high) == (0.0, -1.0, 1.0)


def test_intervals_are_the_same_every_time_and_close_to_theory() -> None:
    """400 single dates of a standard normal: the interval is about mean ± 1.96/20."""
    values = np.random.default_rng(3).normal(size=400)
    days = np.arange(400)
    one, other = (DateBootstrap(days, DEFAULT_RULES).mean(values) for _ in range(2))
    assert one == other
    assert one.low is not None
    assert one.high is not None
    assert one.high - one.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_one_date_has_no_interval() -> None:
    found = DateBootstrap(np.array([5, 5, 5]), DEFAULT_RULES).mean(np.array([1.0, 2, 3]))
    assert (found.value, found.low, found.high) == (2.0, None, None)


def test_missing_values_do_not_count() -> None:
    found = DateBootstrap(np.array([1, 2, 3]), DEFAULT_RULES).mean(np.array([1.0, math.nan, 3.0]))
    assert found.value == 2.0
    assert DateBootstrap(np.array([1, 2]), DEFAULT_RULES).mean(np.array([1.0, math.nan])).value is None


def test_clustered_error_by_hand() -> None:
    """Dates (1, 3), (5, 7): mean 4; date sums of deviations -4 and +4: sqrt(2/1 x (16 + 16))/4 = sqrt(64)/4 = 2."""
    assert clustered_error(np.array([1.0, 3, 5, 7]), np.array([1, 1, 2, 2])) == pytest.approx(2.0)
    assert clustered_error(np.array([1.0, 3]), np.array([1, 1])) is None


# ------------------------------------------------------------------------------------------------- walk-forward


def test_windows_roll_by_the_test_days() -> None:
    assert list(windows(0, 420)) == [(0, 249, 250, 309), (60, 309, 310, 369), (120, 369, 370, 420)]
    assert list(windows(100, 349)) == []


def test_walk_forward_takes_the_better_rules_of_the_training_days() -> None:
    """30 trades each in days 0-99. In training (0-49) "good" earns 2, "base" 1; in the test days "good" loses 5. The result is
    what a trader would have had: the loss."""
    few = DEFAULT_RULES.replace({"life.few_trades": 5})
    days = list(range(0, 100, 2))
    base = made([1.0] * 50, days)
    good = made([2.0 if day < 50 else -5.0 for day in days], days)
    found = walk_forward({"base": base, "good": good}, 0, 99, few, 2, train_days=50, test_days=50)
    assert [(w.chosen, w.train_mean_pct, w.test_mean_pct, w.test_n) for w in found.windows] == [("good", 2.0, -5.0, 25)]
    assert found.trades.net_pct.tolist() == [-5.0] * 25
    assert (found.signals.ruleset, found.tries) == ("good", 2)


def test_walk_forward_never_trains_on_a_trade_that_ended_later() -> None:
    """A trade signalled on day 48 ends on day 50, after the training: were it counted, "late" would have enough trades (5)."""
    few = DEFAULT_RULES.replace({"life.few_trades": 5})
    base = made([1.0] * 6, [0, 5, 10, 15, 20, 60])
    late = made([9.0] * 6, [0, 5, 10, 15, 48, 60])
    found = walk_forward({"base": base, "late": late}, 0, 99, few, 2, train_days=50, test_days=50)
    assert found.windows[0].chosen == "base"


def test_walk_forward_with_one_rule_set_is_its_test_windows() -> None:
    found = walk_forward({"2026.1": made([1.0] * 100)}, 0, 99, DEFAULT_RULES, 1, train_days=40, test_days=30)
    assert [(w.test_first, w.test_last) for w in found.windows] == [(40, 69), (70, 99)]
    assert len(found.signals) == 60


def test_walk_forward_of_a_short_period_is_empty() -> None:
    found = walk_forward({"2026.1": made([1.0] * 10)}, 0, 9, DEFAULT_RULES, 1)
    assert (found.windows, len(found.signals)) == ((), 0)
    with pytest.raises(ValidationFailed):
        walk_forward({}, 0, 9, DEFAULT_RULES, 1)


# ------------------------------------------------------------------------------------------------- record

FLAT = (10_000, 10_000, 10_000, 10_000)


def _two_stocks() -> tuple:
    """005930: bought at the open of day 1 at 10,000 (breakout), +10 % target on day 2. 005940 falls to its stop of 9,200 on day 3.
    22 more bars, so that every holding time is over."""
    up = [FLAT, (10_000, 10_100, 9_900, 10_000), (10_500, 11_100, 10_400, 11_000), *[(11_000, 11_000, 11_000, 11_000)] * 22]
    down = [FLAT, (10_000, 10_100, 9_900, 10_000), (9_900, 9_950, 9_800, 9_850), *[(9_800, 9_850, 9_100, 9_150)] * 22]
    panel = market({"005930": up, "005940": down})
    signals = signal(B, grade=Grade.A)
    return panel, signals, follow(panel, signals, DEFAULT_RULES)


def test_record_with_its_base_rate() -> None:
    """Signal +9.582480 % net; base = mean of it and of the other: 9,200 x 0.99735/10,011.5 - 1 = -8.349199 %: 0.616641 %."""
    if not acceleration.accelerate():
        pytest.skip("no compiler package on this machine")
    panel, signals, trades = _two_stocks()
    double = (together(signals, signals), TradeSet(**{n: np.concatenate([getattr(trades, n)] * 2) for n in TRADE_FIELDS}))
    universe = Universe(np.array([0]), np.ones((2, 1), dtype=bool))
    rows = records(panel, signals, trades, DEFAULT_RULES, 3, universe)
    assert [row.grade for row in rows] == [0, Grade.S, Grade.A, Grade.B, Grade.C]
    assert [row.n for row in rows] == [1, 0, 1, 0, 0]
    assert rows[0].mean_net_pct.value is None  # one trade: no percentage
    assert (rows[0].tries, rows[0].enough, rows[0].label, rows[0].first_day) == (3, False, "", str(panel.days[0]))
    assert records(panel, *double, DEFAULT_RULES, 3, universe)[0].n == 1  # a repeat counts once
    from engine.performance.record import base_net_pct

    assert base_net_pct(panel, signals, trades, universe, DEFAULT_RULES)[0] == pytest.approx(0.616641, abs=1e-5)


def test_without_a_compiler_there_is_no_base_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceleration, "accelerate", lambda: False)
    panel, signals, trades = _two_stocks()
    row = records(panel, signals, trades, DEFAULT_RULES, 1, Universe(np.array([0]), np.ones((2, 1), dtype=bool)))[0]
    assert (row.n, row.base_pct, row.excess_pct.value) == (1, None, None)


def test_a_trade_counts_when_its_holding_time_is_over() -> None:
    """Bought on day 1, sold on day 2: it counts from day 21 on (20 bars after the entry bar), not before."""
    panel, signals, _ = _two_stocks()
    counted = [
        bool(countable(panel, signals, follow(panel, signals, DEFAULT_RULES, last), DEFAULT_RULES, last)[0])
        for last in (2, 20, 21)
    ]
    assert counted == [False, False, True]


def test_closing_bets_are_labelled() -> None:
    panel, _, _ = _two_stocks()
    bet = signal(C, entry=10_000, stop=9_700, target=10_500)
    trades = follow(panel, bet, DEFAULT_RULES)
    rows = records(panel, bet, trades, DEFAULT_RULES, 1, closing_universe(panel, bet.day, DEFAULT_RULES))
    assert {(row.strategy, row.label) for row in rows} == {("CLOSING_BET", "CLOSE_PROXY")}
    assert (rows[0].n, rows[0].base_pct) == (1, None)  # nobody traded 1,000억


def test_closing_universe_by_hand() -> None:
    """20 bars at 10,000 and 11,000,000 shares (1,100억) are enough; 19 are not, nor 9,000,000 shares, nor 900 won, nor a halt."""
    rows = {
        "000010": [FLAT] * 20,
        "000020": [FLAT] * 19,
        "000030": [FLAT] * 20,
        "000040": [(900, 900, 900, 900)] * 20,
        "000050": [*[FLAT] * 19, None],
    }
    panel = market(rows)
    volume = panel.volume_shares
    volume[:, -1] = [11_000_000, 11_000_000, 9_000_000, 200_000_000, 0]
    assert closing_universe(panel, np.array([19]), DEFAULT_RULES).members[:, 0].tolist() == [True, False, False, False, False]
