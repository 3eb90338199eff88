"""The small parts: quotes from a board, forming bars, stored records, grade differences, marks, distributions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.model.closing import ClosingRun
from engine.model.instants import AsOf, kst_ns
from engine.model.live import MISSING, QuoteSource
from engine.threshold_spec import Spec
from engine.thresholds import DEFAULT_RULES, iter_specs
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.services.live.board import make_board
from ralphstock_desktop.services.strategy.evaluate import run_at
from ralphstock_desktop.services.strategy.forming import panel_with_quotes, quotes_from_board
from ralphstock_desktop.services.strategy.keeping import _differences
from ralphstock_desktop.services.strategy.marks import day_marks
from ralphstock_desktop.services.strategy.quantities import BINS, histogram_of
from ralphstock_desktop.services.strategy.stored import closing_record, day_record, rank_rows
from ralphstock_desktop.services.strategy_contracts import RunDifference
from tests.perf.market import synthetic_panel
from tests.services.strategy.small_market import BEFORE, D
from tests.services.strategy.world import World

PANEL = synthetic_panel(30, 80)
DAY = PANEL.days[-1].item()


def test_the_run_that_fits_the_clock() -> None:
    """domain.md §3.1: PREVIEW 15:00, PRE_CLOSE from 15:10; outside a session the confirmed list."""
    clock = {(14, 59): "CONFIRMED", (15, 0): "PREVIEW", (15, 9): "PREVIEW", (15, 10): "PRE_CLOSE", (15, 39): "PRE_CLOSE"}
    for (hour, minute), run in clock.items():
        assert run_at(kst_ns(DAY, hour, minute), in_session=True) is ClosingRun(run)
        assert run_at(kst_ns(DAY, hour, minute), in_session=False) is ClosingRun.CONFIRMED


def test_quotes_of_a_board_are_copies_and_only_of_today() -> None:
    board = make_board(PANEL, DAY)
    board.price_krw[3], board.open_krw[3], board.high_krw[3], board.low_krw[3] = 1_000, 990, 1_010, 980
    board.volume_shares[3], board.value_krw[3], board.at_ns[3], board.source[3] = 5, 5_000, 7, QuoteSource.POLLED
    board.value_krw[4], board.source[4] = MISSING, QuoteSource.STREAM
    board.vi[3] = True
    quotes = quotes_from_board(board, PANEL, 9)
    assert quotes is not None and quotes.now_ns == 9
    assert np.flatnonzero(np.isfinite(quotes.price)).tolist() == [3, 4], "stored values are yesterday's"
    assert (quotes.price[3], quotes.open[3], quotes.value_krw[3], quotes.at_ns[3]) == (1_000, 990, 5_000, 7)
    assert np.isnan(quotes.value_krw[4]), "missing stays missing"
    assert quotes.at_ns[5] == 0 and np.isfinite(quotes.base[5])
    board.price_krw[3], board.vi[3] = 2_000, False
    assert quotes.price[3] == 1_000 and quotes.vi[3]


def test_a_board_in_another_order_gives_no_quotes() -> None:
    other = replace(PANEL, tickers=PANEL.tickers[::-1].copy())
    assert quotes_from_board(make_board(PANEL, DAY), other, 1) is None
    assert quotes_from_board(make_board(PANEL, DAY), synthetic_panel(29, 80), 1) is None


def test_the_forming_bar_takes_nothing_of_the_panels_own_day() -> None:
    board = make_board(PANEL, DAY)
    board.source[:] = QuoteSource.STREAM
    board.volume_shares[7] = 0
    quotes = quotes_from_board(board, PANEL, kst_ns(DAY, 15, 12))
    assert quotes is not None
    formed, last = panel_with_quotes(PANEL, DAY, quotes)
    assert formed.days[last] == PANEL.days[-1] and formed.version != PANEL.version
    traded = np.delete(np.arange(30), 7)
    np.testing.assert_array_equal(formed.close_krw[traded, last], board.price_krw[traded])
    assert formed.valid[traded, last].all() and not formed.valid[7, last]
    assert np.isnan(formed.foreign_krw[:, last]).all(), "flows of the day are not known"
    np.testing.assert_array_equal(formed.close_krw[:, :-1], PANEL.close_krw[:, -len(formed.days) : -1])
    assert formed.close_krw is not PANEL.close_krw and not np.shares_memory(formed.close_krw, PANEL.close_krw)


def test_differences_of_the_runs_say_grades_before_and_after() -> None:
    before, after = {"A": "S 10", "B": "A 8", "C": "B 6"}, {"B": "A 8", "C": "A 8", "D": "B 7"}
    assert _differences(before, after) == (
        RunDifference("A", "cancelled", "S 10", ""),
        RunDifference("D", "new", "", "B 7"),
        RunDifference("C", "changed", "B 6", "A 8"),
    )


async def test_stored_records_hold_what_the_scan_says(market: Folders) -> None:
    async with World(market) as world:
        closing, day, shown = world.strategies.closing.last, world.strategies.day_trades.last, world.workstation.scans.last
        assert closing is not None and day is not None and shown is not None
        run, signals = closing_record(closing, 1, 2, 1e8)
        scan = closing.scan
        assert (run.strategy, run.mode, run.signal_date, run.state) == ("CLOSING_BET", "CONFIRMED", BEFORE, "COMPLETE")
        assert (run.started_ns, run.finished_ns, run.universe_n) == (1, 2, int(scan.candidate.sum()))
        for signal in signals:
            row = closing.panel.row_of(signal.ticker)
            assert row is not None
            values = signal.values
            parts = [values[f"{name}_score"] for name in ("news", "volume", "chart", "candle", "period", "supply")]
            assert sum(parts) == values["score"] == scan.total[row]
            assert values["score_pct"] == pytest.approx(100 * values["score"] / 12, abs=0.005)
            assert values["entry"] == closing.panel.close_krw[row, -1] and values["qty"] > 0
        rows = [int(row) for row in day.scan.order[:2]]
        run, signals = day_record(day, rows, 1, 2, 1e8, day.rules)
        assert (run.state, run.mode) == ("PARTIAL", "LIVE"), "it supersedes nothing"
        assert [signal.ticker for signal in signals] == [str(day.panel.tickers[row]) for row in rows]
        names = ("volume_spike", "momentum", "box", "ma5", "institution", "oversold", "sector")
        assert sum(signals[0].values[f"{name}_points"] for name in names) == signals[0].values["total_score"]
        ranks = rank_rows(shown.scan, shown.panel.tickers)
        assert all(raw is not None and np.isfinite(raw) for _, raw, _, _ in ranks)
        assert len({pool for *_, pool in ranks}) == 1


@pytest.mark.parametrize("strategy", ["VCP", "CLOSING_BET", "DAY_TRADE"])
async def test_effects_of_a_grade_difference_add_up(market: Folders, strategy: str) -> None:
    async with World(market) as world:
        found = world.strategies
        if strategy == "VCP":
            shown = world.workstation.scans.last
            assert shown is not None
            row, now = int(np.flatnonzero(shown.scan.pattern)[0]), shown.scan.total_score
        elif strategy == "CLOSING_BET":
            assert found.closing.last is not None
            row, now = int(found.closing.last.scan.order[0]), found.closing.last.scan.total
        else:
            assert found.day_trades.last is not None
            row, now = int(found.day_trades.last.scan.order[0]), found.day_trades.last.scan.score
        ticker = str(world.panel.tickers[row])
        diff = await found.grade_diff(strategy, ticker)  # type: ignore[arg-type]
        assert diff.from_as_of == AsOf.end_of(BEFORE.replace(day=19)) and diff.to_as_of.day == BEFORE
        assert diff.score_after == now[row] and diff.score_before is not None
        if strategy != "DAY_TRADE":
            assert diff.changes
        assert sum(change.effect for change in diff.changes) == pytest.approx(diff.score_after - diff.score_before, abs=1e-9)


async def test_marks_of_the_day_line_end_with_the_clock(market: Folders) -> None:
    async with World(market) as world:
        evaluation, signals = world.strategies.evaluation, world.strategies.journal.signals.last
        assert evaluation is not None and signals
        until = kst_ns(BEFORE, 15, 12)
        marks = day_marks(BEFORE, until, evaluation, signals)
        assert marks and all(mark.at_ns <= until for mark in marks)
        assert [mark.at_ns for mark in marks] == sorted(mark.at_ns for mark in marks)
        assert {mark.kind for mark in marks} == {"news", "phase"}, "signals are found with the official bar"
        whole = day_marks(BEFORE, kst_ns(BEFORE, 18), evaluation, signals)
        assert [dict(mark.fields)["count"] for mark in whole if mark.kind == "signal"] == [len(signals)]
        assert day_marks(D, kst_ns(D, 8), evaluation, signals) == ()


async def test_distributions_count_the_market_inside_the_sliders_range(market: Folders) -> None:
    async with World(market) as world:
        vcp, evaluation = world.workstation.scans.last, world.strategies.evaluation
        assert vcp is not None and evaluation is not None
        spec = Spec("", 0.0, 100.0, 1.0, "")
        counted = histogram_of("vcp.rs_min", spec, vcp.scan, evaluation)
        assert counted is not None and len(counted) == BINS
        known = vcp.scan.rs[np.isfinite(vcp.scan.rs)]
        assert sum(counted) == len(known)
        half = histogram_of("vcp.rs_min", Spec("", 0.0, 50.0, 1.0, ""), vcp.scan, evaluation)
        assert half is not None and sum(half) == int((known <= 50).sum())
        assert histogram_of("vcp.rs_min", spec, None, evaluation) is None
        assert histogram_of("no.such_threshold", spec, vcp.scan, evaluation) is None
        found = [histogram_of(name, item, vcp.scan, evaluation) for name, _, item in iter_specs(DEFAULT_RULES)]
        assert sum(counts is not None for counts in found) > 40
