"""What performance reports hold and say: shapes worked by hand, few and no trades, stored runs, stored signals."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.performance import Interval, RecordRow
from engine.performance.life import first_signals
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.strategy_contracts import RecordTable
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.perf_report import (
    Curve,
    PerfReport,
    case_bars,
    counted_signals,
    exit_rows,
    report_of_result,
)
from ralphstock_desktop.ui.viewmodels.perf_shapes import (
    CalendarCell,
    axis_steps,
    beside_curve,
    calendar_of,
    days_of_year,
    return_bins,
    step_decimals,
)
from ralphstock_desktop.ui.viewmodels.perf_stored import report_of_signals, report_of_stored, stored_csv
from ralphstock_desktop.ui.viewmodels.perf_words import figures, note_lines, report_sentence, verdict
from tests.services.backtests.memory import LAST
from tests.ui.performance.desk import backtest, cut, real_result, signal_record

FEW = DEFAULT_RULES.life.few_trades
HOLD = DEFAULT_RULES.life.hold_bars


@pytest.fixture
def look(qapp: object) -> Appearance:
    del qapp
    return Appearance()


def curve(values: list[float], first: str = "2025-12-30") -> Curve:
    days = np.datetime64(first, "D") + np.arange(len(values))
    return Curve(days, np.array(values), 100.0)


def report(values: list[float] | None = None, net: list[float] | None = None, sold: list[str] | None = None) -> PerfReport:
    """A report with a hand-made curve and returns."""
    return replace(
        report_of_result(cut(30), HOLD),
        curve=curve(values) if values is not None else None,
        net_pct=np.array(net or [], dtype=np.float64),
        net_days=np.array(sold or [], dtype="datetime64[D]"),
    )


# ---------------------------------------------------------------------------------------------------- shapes


def test_drawdown_counts_the_start_as_the_first_peak() -> None:
    # 95 against the start of 100: -5 %; 110 is a new peak; 99 against 110: -10 %
    found = curve([95.0, 110.0, 99.0])
    assert found.drawdown_pct.tolist() == pytest.approx([-5.0, 0.0, -10.0])
    assert found.return_pct.tolist() == pytest.approx([-5.0, 10.0, -1.0])


def test_bins_have_an_edge_at_zero() -> None:
    # -3.2 … 4.9 is 8.1 wide: 0.5 % bins make 16.2 of at most 40. Zero is no loss: it belongs to the bin that begins at 0.
    found = return_bins(np.array([-3.2, -0.1, 0.0, 0.4, 4.9, np.nan]))
    assert found is not None and found.step == 0.5
    assert (found.edges[0], found.edges[-1]) == (-3.5, 5.0)
    counts = dict(zip(found.edges[:-1].tolist(), found.counts.tolist(), strict=True))
    assert (counts[-3.5], counts[-0.5], counts[0.0], counts[4.5], int(found.counts.sum())) == (1, 1, 2, 1, 5)
    # 55 % wide: 1 % bins would be 55, 2 % bins are 27.5
    wide = return_bins(np.array([-15.0, 40.0]))
    assert wide is not None and wide.step == 2.0
    assert return_bins(np.array([np.nan])) is None
    single = return_bins(np.array([3.0]))
    assert single is not None and (single.edges[0], int(single.counts.sum())) == (0.0, 1)


@pytest.mark.parametrize("extreme", [25.0, 500.0, 4_000.0])
def test_bins_stay_few(extreme: float) -> None:
    found = return_bins(np.array([-extreme, 0.0, extreme]))
    assert found is not None and len(found.counts) <= 42 and int(found.counts.sum()) == 3


def test_calendar_of_the_account() -> None:
    # 2025-12-30 102, 12-31 104.04 (+2 % a day); 2026-01-01 104.04, 01-02 93.636 (-10 %)
    found = calendar_of(report([102.0, 104.04, 104.04, 93.636], [1.0, -9.0], ["2025-12-31", "2026-01-02"]))
    assert found is not None and found.of_account and found.years == (2025, 2026)
    december, january = found.months[(2025, 12)], found.months[(2026, 1)]
    assert december.value == pytest.approx(4.04) and december.n == 1  # against the start capital of 100
    assert january.value == pytest.approx(-10.0) and january.n == 1
    assert found.totals[2026].value == pytest.approx(-10.0)
    assert (2026, 2) not in found.months


def test_an_account_that_held_nothing_is_not_zero() -> None:
    found = calendar_of(report([100.0, 100.0, 100.0, 101.0]))
    assert found is not None
    assert found.months[(2025, 12)] == CalendarCell(None, 0)
    assert found.months[(2026, 1)].value == pytest.approx(1.0)
    days = days_of_year(report([100.0, 100.0, 100.0, 101.0]), 2026)
    assert days[date(2026, 1, 1)].value is None and days[date(2026, 1, 2)].value == pytest.approx(1.0)


def test_calendar_of_trades_alone() -> None:
    made = report(None, [2.0, -1.0, 5.0], ["2024-03-04", "2024-03-04", "2026-01-02"])
    found = calendar_of(made)
    assert found is not None and not found.of_account
    assert found.years == (2024, 2025, 2026)  # a year without a sale keeps its row
    assert found.months[(2024, 3)] == CalendarCell(0.5, 2)
    assert days_of_year(made, 2024) == {date(2024, 3, 4): CalendarCell(0.5, 2)}
    assert calendar_of(report(None)) is None


def test_the_index_beside_a_curve() -> None:
    days = np.datetime64("2026-01-01", "D") + np.arange(4)
    # 200 on the first day; the second is unknown and takes the first; 220 = +10 %, 190 = -5 %
    found = beside_curve(days, days, np.array([200.0, np.nan, 220.0, 190.0]))
    assert found is not None and found.tolist() == pytest.approx([0.0, 0.0, 10.0, -5.0])
    # the level of the last day is not known yet: nothing may be drawn there, least of all the day before's
    until = beside_curve(days, days[:3], np.array([200.0, 210.0, 220.0]))
    assert until is not None and until[2] == pytest.approx(10.0) and np.isnan(until[3])
    assert beside_curve(days, days[1:], np.array([220.0, 190.0, 180.0])) is None, "no level on the first day"
    assert beside_curve(days, days, np.full(4, np.nan)) is None


def test_axis_steps() -> None:
    assert axis_steps(-8.0, 3.0, 6) == [-8.0, -6.0, -4.0, -2.0, 0.0, 2.0]
    assert axis_steps(5.0, 5.0, 6) == [5.0]
    assert step_decimals([0.0, 2.5]) == 1 and step_decimals([0.0, 25.0]) == 0


def test_exits_are_sorted_and_shared() -> None:
    rows = exit_rows(["STOP", "EXPIRED", "STOP", "TARGET"], np.array([-5.0, np.nan, -7.0, 9.0]))
    assert [(row.reason, row.n, row.share_pct, row.mean_pct) for row in rows] == [
        ("STOP", 2, 50.0, -6.0),
        ("EXPIRED", 1, 25.0, None),
        ("TARGET", 1, 25.0, None),  # one trade is no mean
    ]


# ---------------------------------------------------------------------------------------------------- a run


@pytest.mark.parametrize("strategy", ["VCP", "DAY_TRADE"])
def test_counted_signals_are_those_of_the_engine(strategy: Any) -> None:
    result = real_result(strategy)
    expected = first_signals(result.signals, result.trades)
    assert 0 < int(expected.sum()) < len(expected), "without a repeat the case proves nothing"
    assert counted_signals(result.signals, result.trades).tolist() == expected.tolist()


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(0, 30), st.integers(-1, 40)), max_size=25))
def test_counted_signals_of_any_mixture(cases: list[tuple[int, int, int, int]]) -> None:
    whole = real_result()
    count = len(cases)
    kind, row, day, held = (np.array([case[place] for case in cases], dtype=np.int64) for place in range(4))
    take = np.arange(len(whole.signals)) < count
    score = np.arange(count)[::-1] % 3 * 10.0
    signals = replace(whole.signals.where(take), kind=kind.astype(np.uint8), row=row, day=day, score=score)
    trades = replace(whole.trades.where(take), exit_day=np.where(held < 0, -1, day + held))
    assert counted_signals(signals, trades).tolist() == first_signals(signals, trades).tolist()


def test_a_report_adds_up_with_its_metrics() -> None:
    result = real_result()
    made = report_of_result(result, HOLD)
    assert len(made.net_pct) == made.closed == result.metrics.closed == made.groups[0].n
    assert float(made.net_pct.mean()) == pytest.approx(result.metrics.mean_net_pct.value)
    assert {row.reason: row.n for row in made.exits} == dict(result.metrics.by_reason)
    assert sum(row.n for row in made.groups if row.kind == "grade") == made.closed
    assert sum(row.n for row in made.groups if row.kind == "gate") == made.closed
    assert made.base_pct == result.record[0].base_pct and made.excess_pct == result.record[0].excess_pct
    assert made.curve is not None
    assert made.curve.return_pct[-1] == pytest.approx(result.equity.cumulative_pct)
    assert -float(made.curve.drawdown_pct.min()) == pytest.approx(result.equity.max_drawdown_pct)
    case = next(row for row in result.study if (row.group, row.start, row.bars) == ("all", "entry", 20))
    assert made.groups[0].beyond_pct == case.mean_pct and made.case_bars == 20


def test_a_closing_bet_is_compared_after_one_bar() -> None:
    result = real_result("CLOSING_BET")
    assert case_bars("CLOSING_BET", result.study, HOLD) == 1
    assert case_bars("VCP", result.study, 15) == 10  # the longest studied time within the holding limit
    made = report_of_result(result, HOLD)
    assert made.label == "CLOSE_PROXY"


def test_notes_begin_with_the_proxy(look: Appearance) -> None:
    lines = note_lines(look, report_of_result(real_result("CLOSING_BET"), HOLD))
    assert "CLOSE_PROXY" in lines[0] and any("상장폐지" in line for line in lines)
    assert any("뉴스 자료가 없습니다" in line for line in lines)


# ---------------------------------------------------------------------------------------------------- few and none


def words(look: Appearance, made: PerfReport) -> dict[str, str]:
    return {figure.key: figure.value for figure in figures(look, made, FEW)}


def test_no_trade_is_not_judged_and_never_zero(look: Appearance) -> None:
    made = report_of_result(cut(0), HOLD)
    shown = words(look, made)
    unknown = {"win_rate", "mean", "base", "excess", "profit_factor", "payoff", "expectancy", "total", "drawdown", "sharpe"}
    assert {key for key, value in shown.items() if value == "판단 불가"} == unknown
    assert shown["n"] == "0"
    found = verdict(look, made, FEW)
    assert (found.head, found.token) == ("판단 불가", "unknown") and "끝난 거래가 없습니다" in found.sentence
    assert made.curve is None and calendar_of(made) is None and return_bins(made.net_pct) is None
    assert "0.00%" not in report_sentence(look, made, FEW)


def test_one_trade_shows_no_percentage(look: Appearance) -> None:
    made = report_of_result(cut(1), HOLD)
    shown = words(look, made)
    assert shown["n"] == "1"
    assert all(shown[key] == "판단 불가" for key in ("win_rate", "mean", "expectancy", "excess"))
    assert "1건" in verdict(look, made, FEW).sentence


@pytest.mark.parametrize(("count", "few"), [(29, True), (30, False)])
def test_thirty_trades_are_the_limit(look: Appearance, count: int, few: bool) -> None:
    made = report_of_result(cut(count), HOLD)
    assert made.few is few
    shown = words(look, made)
    assert shown["mean"].endswith("%") and shown["win_rate"].endswith("%")
    found = verdict(look, made, FEW)
    assert (found.head == "표본 부족") is few
    if few:
        assert f"n = {count}" in found.sentence and f"{FEW}건부터" in found.sentence


def test_without_losses_the_profit_factor_is_infinite(look: Appearance) -> None:
    made = report_of_result(cut(12, gains_only=True), HOLD)
    shown = {figure.key: figure for figure in figures(look, made, FEW)}
    assert shown["profit_factor"].value == "∞" and shown["profit_factor"].note == "손실 없음"
    assert shown["payoff"].value == "판단 불가" and shown["payoff"].note == "손실 없음"
    assert shown["win_rate"].value == "100.0%"


@pytest.mark.parametrize(
    ("excess", "tries", "head", "token"),
    [
        (Interval(1.2, 0.3, 2.1), 1, "기준보다 높음", "text"),
        (Interval(1.2, 0.3, 2.1), 12, "기준보다 높음", "warning"),
        (Interval(-1.2, -2.1, -0.3), 1, "기준보다 낮음", "text"),
        (Interval(1.2, -0.3, 2.1), 1, "판단 불가", "unknown"),
        (Interval(1.2, 0.0, 2.1), 1, "판단 불가", "unknown"),  # a bound at zero holds zero
        (Interval(1.2), 1, "판단 불가", "unknown"),
        (Interval(None), 1, "판단 불가", "unknown"),
    ],
)
def test_the_verdict_compares_with_the_base(look: Appearance, excess: Interval, tries: int, head: str, token: str) -> None:
    base = report_of_result(real_result(), HOLD)
    assert base.record is not None
    made = replace(base, record=replace(base.record, excess_pct=excess), tries=tries)
    found = verdict(look, made, FEW)
    assert (found.head, found.token) == (head, token)
    assert ("12벌" in found.sentence) is (tries == 12)


def test_direction_has_sign_and_token(look: Appearance) -> None:
    shown = {figure.key: figure for figure in figures(look, report_of_result(real_result(), HOLD), FEW)}
    assert shown["mean"].value.startswith("−") and shown["mean"].token == "loss"
    assert shown["kospi"].value.startswith("+") and shown["kospi"].token == "gain"
    assert shown["win_rate"].token == shown["drawdown"].token == "text"
    assert shown["drawdown"].value[0].isdigit()  # a positive number


# ---------------------------------------------------------------------------------------------------- stored runs


def same_figures(one: PerfReport, other: PerfReport, look: Appearance) -> bool:
    return figures(look, one, FEW) == figures(look, other, FEW)


def test_a_stored_run_reopens_as_it_was(look: Appearance) -> None:
    result = real_result(walk=True)
    run, kept = report_of_result(result, HOLD), report_of_stored(backtest(result, 7), HOLD, FEW)
    assert same_figures(run, kept, look) and kept.groups == run.groups and kept.study == run.study
    assert kept.windows == run.windows and len(run.windows) > 1 and run.windows[0].train is not None
    assert sorted(kept.net_pct) == pytest.approx(sorted(run.net_pct))
    assert {(row.reason, row.n) for row in kept.exits} == {(row.reason, row.n) for row in run.exits}
    assert kept.curve is not None and run.curve is not None
    assert kept.curve.days.tolist() == run.curve.days.tolist()
    assert note_lines(look, kept) == note_lines(look, run)
    assert (kept.first, kept.last, kept.run_id) == (run.first, run.last, 7)


def test_a_run_without_report_says_what_it_does_not_have(look: Appearance) -> None:
    result = real_result()
    kept = report_of_stored(backtest(result, 3, with_report=False), HOLD, FEW)
    shown = words(look, kept)
    assert (shown["mean"], shown["excess"], shown["base"]) == ("판단 불가", "판단 불가", "판단 불가")
    assert shown["n"] == "75" and shown["profit_factor"] == f"{result.metrics.profit_factor:.2f}×"
    assert "payoff" not in shown and kept.groups == () and kept.with_repeats
    lines = note_lines(look, kept)
    assert any("되풀이된 신호" in line for line in lines) and any("다시 돌리면" in line for line in lines)
    assert verdict(look, kept, FEW).head == "판단 불가"


@pytest.mark.parametrize("damage", [{"metrics": {}}, {"metrics": {"signals": 1}, "study": 4}, "text", 7, {}])
def test_a_damaged_report_is_an_absent_one(damage: Any) -> None:
    stored = backtest(real_result(), 3, with_report=False)
    config = {**stored.summary.config, "report": damage, "windows": [{"odd": 1}], "notes": [1, ["record.note.open"]]}
    kept = report_of_stored(replace(stored, summary=replace(stored.summary, config=config)), HOLD, FEW)
    assert kept.metrics is None and kept.windows == () and kept.notes == ()


def test_a_stored_run_that_bought_nothing(look: Appearance) -> None:
    kept = report_of_stored(backtest(cut(0), 4), HOLD, FEW)
    assert kept.curve is None or not kept.traded
    assert words(look, kept)["n"] == "0"


def test_stored_trades_as_csv() -> None:
    stored = backtest(real_result(), 3)
    trades = {**stored.trades, "ticker": ["=cmd()", *stored.trades["ticker"][1:]]}
    text = stored_csv(replace(stored, trades=trades))
    assert text.startswith("\ufeffticker,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == len(stored.trades["ticker"]) and rows[0]["ticker"] == "'=cmd()"
    open_one = stored.trades["exit_krw"].index(None)
    assert rows[open_one]["exit_krw"] == "" and rows[open_one]["taken"] in {"0", "1"}
    assert float(rows[1]["entry_krw"]) == pytest.approx(stored.trades["entry_krw"][1], rel=1e-9)


# ---------------------------------------------------------------------------------------------------- stored signals


def test_stored_signals_by_grade(look: Appearance) -> None:
    """A: +4, −2 (mean +1); B: +1 alone; one still open; one superseded that must not count."""
    day = LAST - timedelta(days=10)
    records = [
        signal_record("000020", "A", 4.0),
        signal_record("000030", "A", -2.0, day, "STOP"),
        signal_record("000040", "B", 1.0, day),
        signal_record("000050", "S", None),
    ]
    gone = signal_record("000060", "A", 50.0)
    records.append(replace(gone, signal=replace(gone.signal, superseded=True)))
    row = RecordRow("VCP", 0, 400, Interval(0.5, 0.1, 0.9), Interval(50.0), 0.2, Interval(0.3, -0.1, 0.7), 3, "", "", True)
    table = RecordTable((row,), None, "2026.1", (("record.note.open", {"count": 3}),))  # type: ignore[arg-type]
    made = report_of_signals(records, table, "VCP", FEW)
    assert (made.signals, made.closed, made.tries, made.base_pct) == (4, 3, 3, 0.2)
    assert made.mean_pct == Interval(1.0) and made.win_rate.value == pytest.approx(200 / 3)
    assert [(group.kind, group.value, group.n, group.mean_pct.value) for group in made.groups] == [
        ("all", 0, 3, 1.0),
        ("grade", 3, 2, 1.0),
        ("grade", 2, 1, None),
    ]
    assert {(one.reason, one.n) for one in made.exits} == {("TARGET", 2), ("STOP", 1)}
    assert made.profit_factor == pytest.approx(2.5) and made.few
    assert verdict(look, made, FEW).head == "표본 부족"
    shown = words(look, made)
    assert "total" not in shown and "sharpe" not in shown  # stored signals have no account
    assert report_of_signals(records, None, "CLOSING_BET", FEW).signals == 0
