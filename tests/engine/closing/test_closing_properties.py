"""Properties of the closing bet that hold for every market (domain.md §§0.2, 0.3, 7.7-3; §11 no. 8 d), and its history."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest
from closing_cases import NewsOf, gate_reading, news_points, same_news
from hypothesis import given, settings
from hypothesis import strategies as st
from test_closing_twin import lively, random_news

from engine.features import closing_measures
from engine.features.closing_measures import ClosingMeasures, measure_closing, same_windows, supply_window
from engine.model.closing import CLOSING_COMPONENTS, Cap, ClosingBetScan, ClosingRun, SignalPhase
from engine.model.errors import ValidationFailed
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.news import NewsPoints
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.performance import SignalKind, SignalSet
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_bet import scan_closing_bet, score_closing
from engine.scoring.closing_history import closing_days, closing_signals
from engine.thresholds import DEFAULT_RULES

LENGTH, SYMBOLS = 300, 60
LAST = LENGTH - 1
VOLUME, SUPPLY = CLOSING_COMPONENTS.index("volume"), CLOSING_COMPONENTS.index("supply")


@pytest.fixture(scope="module")
def panel() -> MarketPanel:
    """60 lively symbols with halts, splits, holes and short histories over 300 days."""
    return lively(7, SYMBOLS, date(2026, 6, 30))[1]


@pytest.fixture(scope="module")
def news() -> NewsPoints:
    return news_points(random_news(random.Random(7), SYMBOLS))


def scan_at(panel: MarketPanel, news: NewsPoints, i: int, run: ClosingRun = ClosingRun.CONFIRMED) -> ClosingBetScan:
    """The scan at 20:30 of day i, when the flows of the day are known but used in FLOW_FINAL only."""
    on = panel.days[i].astype(datetime)
    return scan_closing_bet(panel, AsOf.at(on, 20, 30), run, news, gate_reading(GateStatus.GREEN), DEFAULT_RULES)


def assert_bit_equal(one: ClosingBetScan | ClosingMeasures, other: ClosingBetScan | ClosingMeasures) -> None:
    for spec in dataclasses.fields(one):
        mine, theirs = getattr(one, spec.name), getattr(other, spec.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype, spec.name
            assert mine.tobytes() == theirs.tobytes(), f"{spec.name} differs"


def copies(panel: MarketPanel) -> dict[str, np.ndarray]:
    return {name: getattr(panel, name).copy() for name in ARRAY_FIELDS}


# ---------------------------------------------------------------------------------------------------- no look-ahead


@settings(max_examples=20, deadline=None, derandomize=True)
@given(i=st.integers(0, LENGTH - 2), seed=st.integers(0, 99), run=st.sampled_from(list(ClosingRun)))
def test_the_future_changes_nothing(panel: MarketPanel, news: NewsPoints, i: int, seed: int, run: ClosingRun) -> None:
    """Every array is replaced by noise after day i, base prices and designations included."""
    rng = np.random.default_rng(seed)
    arrays = copies(panel)
    for name, array in arrays.items():
        after = array[:, i + 1 :]
        if array.dtype == np.bool_:
            after[...] = rng.random(after.shape) < 0.5
        elif name == "designation":
            after[...] = rng.integers(0, 512, after.shape)
        elif array.dtype.kind == "i":
            after[...] = rng.integers(1, 1_000_000, after.shape)
        else:
            after[...] = rng.normal(1e9, 1e9, after.shape)
            after[rng.random(after.shape) < 0.2] = np.nan
    assert_bit_equal(scan_at(panel, news, i, run), scan_at(replace(panel, **arrays), news, i, run))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(i=st.integers(0, LAST))
def test_truncation(panel: MarketPanel, news: NewsPoints, i: int) -> None:
    """§7.7-3: data cut at t give what the full data give at t."""
    assert_bit_equal(scan_at(panel, news, i), scan_at(panel.truncated(i + 1), news, i))


def test_flows_of_the_day_change_nothing_but_flow_final(panel: MarketPanel, news: NewsPoints) -> None:
    arrays = copies(panel)
    for name in ("foreign_krw", "institution_krw"):
        arrays[name][:, -1] = 1e15
    changed = replace(panel, **arrays)
    assert_bit_equal(scan_at(panel, news, LAST), scan_at(changed, news, LAST))
    final, final_changed = (scan_at(p, news, LAST, ClosingRun.FLOW_FINAL) for p in (panel, changed))
    assert not np.array_equal(final.points[:, SUPPLY], final_changed.points[:, SUPPLY])
    others = [c for c in range(len(CLOSING_COMPONENTS)) if c != SUPPLY]
    assert np.array_equal(final.points[:, others], scan_at(panel, news, LAST).points[:, others])


# ---------------------------------------------------------------------------------------------------- monotony


@settings(max_examples=20, deadline=None, derandomize=True)
@given(i=st.integers(21, LAST), factor=st.floats(1.0, 50.0))
def test_more_value_never_lowers_its_points(panel: MarketPanel, news: NewsPoints, i: int, factor: float) -> None:
    arrays = copies(panel)
    arrays["value_krw"] *= factor
    less, more = scan_at(panel, news, i), scan_at(replace(panel, **arrays), news, i)
    assert (more.points[:, VOLUME] >= less.points[:, VOLUME]).all()
    known = np.isfinite(less.total)
    assert (more.total[known] >= less.total[known]).all()


def test_points_rise_with_value_over_the_whole_ladder(panel: MarketPanel, news: NewsPoints) -> None:
    """One symbol's value from 0 to 2조 in small steps: points 0, 1, 2, 3 in this order and never back."""
    row = int(np.flatnonzero(scan_at(panel, news, LAST).candidate)[0])
    seen = []
    for value in np.arange(0, 2e12, 2e10):
        arrays = {"value_krw": panel.value_krw.copy()}
        arrays["value_krw"][row, -1] = value
        seen.append(float(measured_points(replace(panel, **arrays), news)[row, VOLUME]))
    assert seen == sorted(seen) and set(seen) == {0, 1, 2, 3}


def measured_points(panel: MarketPanel, news: NewsPoints) -> np.ndarray:
    return scan_at(panel, news, LAST).points


# ---------------------------------------------------------------------------------------------------- missing never helps


@settings(max_examples=20, deadline=None, derandomize=True)
@given(i=st.integers(5, LAST), seed=st.integers(0, 999))
def test_a_missing_flow_record_never_improves_status_or_coverage(
    panel: MarketPanel, news: NewsPoints, i: int, seed: int
) -> None:
    """Records of random symbols and days are taken away; with all of them gone supply earns nothing."""
    rng = np.random.default_rng(seed)
    gone = rng.random(panel.shape) < 0.5
    arrays = copies(panel)
    arrays["foreign_krw"][gone] = np.nan
    full, less = scan_at(panel, news, i), scan_at(replace(panel, **arrays), news, i)
    assert (less.status[:, SUPPLY] <= full.status[:, SUPPLY]).all()
    assert (less.coverage <= full.coverage + 1e-9).all()
    missing = less.status[:, SUPPLY] == ScoreStatus.MISSING
    assert (less.points[missing, SUPPLY] == 0).all()
    arrays["institution_krw"][...] = np.nan
    none = scan_at(replace(panel, **arrays), news, i)
    known = np.isfinite(full.total)
    assert (none.points[:, SUPPLY] == 0).all() and np.isnan(none.foreign_5d_krw).all()
    assert (none.total[known] <= full.total[known]).all()
    assert (none.grade <= full.grade).all() and (none.phase <= full.phase).all()


def test_missing_news_never_help(panel: MarketPanel) -> None:
    some, none = (scan_at(panel, same_news(SYMBOLS, NewsOf(points)), LAST) for points in (2.0, None))
    known = np.isfinite(some.total)
    assert (none.total[known] == some.total[known] - 2).all()
    assert (none.grade <= some.grade).all() and (none.grade <= Grade.B).all()
    assert ((none.caps[known] & int(Cap.NEWS_ZERO)) != 0).all()
    np.testing.assert_allclose(none.coverage[known], some.coverage[known] - 25)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(keep=st.integers(1, LENGTH))
def test_a_shorter_history_earns_nothing_where_bars_are_missing(panel: MarketPanel, news: NewsPoints, keep: int) -> None:
    arrays = copies(panel)
    arrays["valid"][:, : LENGTH - keep] = False
    arrays["present"][:, : LENGTH - keep] = False
    full, less = scan_at(panel, news, LAST), scan_at(replace(panel, **arrays), news, LAST)
    assert (less.coverage <= full.coverage + 1e-9).all()
    chart, period = CLOSING_COMPONENTS.index("chart"), CLOSING_COMPONENTS.index("period")
    assert (less.points[less.n_bars < 61, chart] == 0).all() and (less.points[less.n_bars < 21, period] == 0).all()
    assert (less.phase[less.n_bars < 20] == SignalPhase.NONE).all()


def test_unknown_base_prices_make_no_signal(panel: MarketPanel, news: NewsPoints) -> None:
    arrays = {"base_krw": np.full(panel.shape, np.nan)}
    scan = scan_at(replace(panel, **arrays), news, LAST)
    assert not scan.candidate.any() and not scan.phase.any() and np.isnan(scan.entry_krw).all()


# ---------------------------------------------------------------------------------------------------- symmetry, determinism


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_order_of_symbols_does_not_matter(panel: MarketPanel, news: NewsPoints, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(SYMBOLS)
    axes = ("tickers", "names", "names_en", "sectors", "market", "security_type", "listed_on", "delisted_on")
    shuffled = replace(panel, **{name: getattr(panel, name)[order] for name in (*ARRAY_FIELDS, *axes)})
    parts = {f.name: getattr(news, f.name) for f in dataclasses.fields(news)}
    mixed = NewsPoints(**{k: v[order] if isinstance(v, np.ndarray) else v for k, v in parts.items()})
    mine, theirs = scan_at(panel, news, LAST), scan_at(shuffled, mixed, LAST)
    for spec in dataclasses.fields(mine):
        array = getattr(mine, spec.name)
        if isinstance(array, np.ndarray) and spec.name != "order":
            assert array[order].tobytes() == getattr(theirs, spec.name).tobytes(), spec.name
    assert [panel.tickers[r] for r in mine.order] == [shuffled.tickers[r] for r in theirs.order]


def test_the_same_question_has_the_same_answer_and_changes_nothing(panel: MarketPanel, news: NewsPoints) -> None:
    before = copies(panel)
    assert_bit_equal(scan_at(panel, news, 280), scan_at(panel, news, 280))
    for name, array in before.items():
        assert array.tobytes() == getattr(panel, name).tobytes(), name


def test_scoring_again_leaves_measures_and_news_alone(panel: MarketPanel, news: NewsPoints) -> None:
    """A slider scores the same measures many times."""
    measures = measure_closing(panel, LAST, LAST - 1, DEFAULT_RULES)
    kept = measure_closing(panel, LAST, LAST - 1, DEFAULT_RULES)
    points = news.points.copy()
    at = AsOf.at(panel.days[-1].astype(datetime), 15, 40)
    stricter = DEFAULT_RULES.replace({"jongga.near_high": 1.0, "jongga.b_points": 2, "jongga.stop_pct": 10})
    ask = (panel, at, ClosingRun.CONFIRMED, LAST, LAST - 1, measures, news, None)
    first = score_closing(*ask, DEFAULT_RULES)
    other = score_closing(*ask, stricter)
    assert_bit_equal(first, score_closing(*ask, DEFAULT_RULES))
    assert_bit_equal(measures, kept)
    assert points.tobytes() == news.points.tobytes()
    assert not np.array_equal(first.grade, other.grade)


# ---------------------------------------------------------------------------------------------------- windows


@pytest.mark.parametrize(
    "changes",
    [
        {"jongga.high_window_bars": 120},
        {"jongga.breakout_bars": 120, "jongga.high_window_bars": 60},
        {"jongga.period_bars": 60, "jongga.period_recent_bars": 2},
        {"jongga.supply_days": 20},
    ],
)
def test_both_ways_of_reading_windows_agree(
    panel: MarketPanel, changes: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the lengths: plain slices, the near and the far search give what counting every bar from the first gives."""
    rules = DEFAULT_RULES.replace(changes)
    assert not same_windows(rules, DEFAULT_RULES)
    for day in (0, 5, 70, 200, LAST):
        usual = measure_closing(panel, day, day - 1, rules)
        with monkeypatch.context() as patch:
            patch.setattr(closing_measures, "_USUAL_HOLES", LENGTH)
            patch.setattr(closing_measures, "_CHUNK", 1)
            slow = measure_closing(panel, day, day - 1, rules)
        assert_bit_equal(usual, slow)


def test_what_lies_before_the_windows_changes_nothing(panel: MarketPanel) -> None:
    """As in the forming panel, which keeps the last 252 bars of a symbol: all but the number of bars stays to the last bit."""
    full = measure_closing(panel, LAST, LAST - 1, DEFAULT_RULES)
    arrays = copies(panel)
    for row in range(SYMBOLS):
        bars = np.flatnonzero(panel.valid[row])
        arrays["valid"][row, : bars[-252] if len(bars) >= 252 else 0] = False
    start = int(np.argmax(arrays["valid"].any(axis=0)))
    assert 0 < start < LENGTH - 252, "the cut leaves days out and some symbols holes"
    cut = replace(panel, days=panel.days[start:], **{name: array[:, start:] for name, array in arrays.items()})
    less = measure_closing(cut, LAST - start, LAST - 1 - start, DEFAULT_RULES)
    assert (less.n_bars[full.n_bars >= 252] == 252).all() and (full.n_bars > 252).any()
    assert_bit_equal(replace(less, n_bars=full.n_bars), full)


def test_windows_follow_the_lengths_only(panel: MarketPanel) -> None:
    moved = DEFAULT_RULES.replace({"jongga.near_high": 0.8, "jongga.min_bars": 60, "jongga.supply_min_days": 5})
    assert same_windows(moved, DEFAULT_RULES)
    assert_bit_equal(measure_closing(panel, LAST, LAST - 1, moved), measure_closing(panel, LAST, LAST - 1, DEFAULT_RULES))


def test_window_of_flows_by_name(panel: MarketPanel) -> None:
    for row in range(0, SYMBOLS, 7):
        window = supply_window(panel, row, LAST, LAST - 1, 5)
        assert len(window) <= 5 and (window <= LAST - 1).all() and panel.valid[row, window].all()
    assert len(supply_window(panel, 0, LAST, -1, 5)) == 0


# ---------------------------------------------------------------------------------------------------- history


def test_history_equals_the_scans_of_its_days(panel: MarketPanel, news: NewsPoints) -> None:
    """Any order of days; each is what the day's CONFIRMED run alone says, news and gate of that day included."""
    days = [LAST, 0, 150, 298, 61]
    gates = np.array([3, 1, 2, 0, 3], dtype=np.uint8)
    per_day = {day: news_points(random_news(random.Random(day), SYMBOLS)) for day in days}
    told: list[tuple[int, int]] = []
    history = closing_days(panel, days, DEFAULT_RULES, per_day.__getitem__, gates, lambda *step: told.append(step))
    assert told == [(k, 5) for k in range(1, 6)]
    for position, day in enumerate(days):
        at = AsOf.at(panel.days[day].astype(datetime), 15, 40)
        gate = gate_reading(GateStatus(int(gates[position])))
        alone = scan_closing_bet(panel, at, ClosingRun.CONFIRMED, per_day[day], gate, DEFAULT_RULES)
        for name in (
            "total",
            "grade",
            "phase",
            "rejected",
            "caps",
            "candidate",
            "value_krw",
            "entry_krw",
            "stop_krw",
            "target_krw",
        ):
            assert getattr(history, name)[:, position].tobytes() == getattr(alone, name).tobytes(), name


def test_signals_of_a_history(panel: MarketPanel) -> None:
    """Ascending by day and row; scores, plans and the day's traded value are the history's; WATCH only when asked for."""
    days = [LAST, LAST - 1, LAST - 2]
    history = closing_days(
        panel, days, DEFAULT_RULES, lambda _day: same_news(SYMBOLS), np.array([GateStatus.YELLOW] * 3, dtype=np.uint8)
    )
    signals, pending = closing_signals(history), closing_signals(history, pending_only=True)
    assert len(signals) > len(pending) > 0
    check_order(signals)
    scattered = np.random.default_rng(1).integers(0, 3, history.phase.shape, dtype=np.uint8)
    several = closing_signals(replace(history, phase=scattered))
    assert len(set(several.day.tolist())) == 3 and len(several) == np.count_nonzero(scattered)
    check_order(several)
    keys = list(zip(signals.day.tolist(), signals.row.tolist(), strict=True))
    assert set(signals.kind.tolist()) == {int(SignalKind.CLOSING_BET)}
    assert (signals.grade >= Grade.B).all() and (pending.grade >= Grade.A).all()
    assert (signals.stop < signals.entry).all() and (signals.entry < signals.target).all()
    assert np.isnan(signals.pivot).all() and set(signals.gate.tolist()) == {int(GateStatus.YELLOW)}
    for k, (day, row) in enumerate(keys):
        position = days.index(day)
        assert signals.score[k] == history.total[row, position]
        assert signals.mean_value_krw[k] == history.value_krw[row, position]
        assert signals.entry[k] == panel.close_krw[row, day]
    assert (history.phase >= SignalPhase.WATCH).sum() == len(signals)


def check_order(signals: SignalSet) -> None:
    keys = list(zip(signals.day.tolist(), signals.row.tolist(), strict=True))
    assert keys == sorted(keys) and len(set(keys)) == len(keys)


def test_history_without_a_gate_keeps_everything_at_watch(panel: MarketPanel) -> None:
    history = closing_days(panel, [LAST], DEFAULT_RULES, lambda _day: same_news(SYMBOLS), None)
    assert len(closing_signals(history)) > 0
    assert len(closing_signals(history, pending_only=True)) == 0
    assert history.gate.tolist() == [GateStatus.UNKNOWN]
    empty = closing_days(panel, [], DEFAULT_RULES, lambda _day: same_news(SYMBOLS), None)
    assert len(closing_signals(empty)) == 0 and empty.total.shape == (SYMBOLS, 0)
    with pytest.raises(ValidationFailed):
        closing_days(panel, [LAST], DEFAULT_RULES, lambda _day: same_news(SYMBOLS), np.zeros(2, dtype=np.uint8))
