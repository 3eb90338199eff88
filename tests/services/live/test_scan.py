"""Provisional scores: equal to the official ones once the forming bar equals the official bar, whatever order it grew in."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.features.vcp_kernel import BUFFER_BARS
from engine.model.instants import AsOf
from engine.model.live import MISSING, QuoteSource
from engine.model.panel import MarketPanel
from engine.model.scan import Ineligible, ScanFlag, VcpScan
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.simulated.market import build_panel
from ralphstock_desktop.providers.simulated.spec import SimulationSpec
from ralphstock_desktop.services.live.board import make_board
from ralphstock_desktop.services.live.scan import FormingScanner, forming_panel
from ralphstock_desktop.services.live_contracts import QuoteBoard

_DAY_INDEXED = {"day_index", "flow_day_index", "base_start", "leg_start", "leg_end", "panel_version", "as_of", "flags"}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> MarketPanel:
    from datetime import date

    calendar = load_calendar(tmp_path_factory.mktemp("calendar") / "calendar.json")
    return build_panel(SimulationSpec.ending_before(date(2026, 5, 4), calendar.trading), lambda progress: None)


def _day(panel: MarketPanel) -> object:
    return panel.days[-1].astype("datetime64[D]").item()


def _write_official(board: QuoteBoard, panel: MarketPanel, rows: np.ndarray, share: float = 1.0) -> None:
    traded = panel.valid[rows, -1]
    chosen = rows[traded]
    for name, column in (
        ("price_krw", "close_krw"),
        ("open_krw", "open_krw"),
        ("high_krw", "high_krw"),
        ("low_krw", "low_krw"),
        ("volume_shares", "volume_shares"),
    ):
        getattr(board, name)[chosen] = getattr(panel, column)[chosen, -1]
    if share < 1.0:
        board.volume_shares[chosen] = np.maximum(board.volume_shares[chosen] * share, 1)
        board.price_krw[chosen] = board.open_krw[chosen]
    for name, column in (("value_krw", "value_krw"), ("base_krw", "base_krw")):
        values = getattr(panel, column)[chosen, -1]
        getattr(board, name)[chosen] = np.where(np.isnan(values), MISSING, np.nan_to_num(values)).astype(np.int64)
    board.source[chosen] = QuoteSource.STREAM


def _assert_equal(live: VcpScan, official: VcpScan, rows: np.ndarray) -> None:
    for item in fields(VcpScan):
        if item.name in _DAY_INDEXED or not isinstance(getattr(official, item.name), np.ndarray):
            continue
        np.testing.assert_array_equal(
            getattr(live, item.name)[rows], getattr(official, item.name)[rows], err_msg=f"column {item.name}"
        )


def test_a_finished_forming_bar_scores_like_the_official_bar(panel: MarketPanel) -> None:
    day = _day(panel)
    scanner = FormingScanner(panel, day, DEFAULT_RULES)
    board = make_board(panel, day)
    rng = np.random.default_rng(7)
    everyone = np.arange(len(panel.tickers))
    as_of = AsOf(DEFAULT_SESSIONS.official_bar_ns(day))
    no_gaps = np.zeros(len(everyone), dtype=bool)
    # the bar grows in three uneven steps, the last of which completes it
    for chosen, share in ((rng.choice(everyone, 900, replace=False), 0.3), (everyone[::2], 0.7), (everyone, 1.0)):
        _write_official(board, panel, chosen, share)
        scanner.touch(chosen)
        rows = scanner.write(board)
        live = scanner.scan(rows, as_of, no_gaps)
    official = scan(panel, as_of, DEFAULT_RULES)
    same = np.flatnonzero(panel.designation[:, -1] == panel.designation[:, -2])  # a designation of the day is not in a quote
    factor = panel.factor[:, -1] == panel.factor[:, -2]
    listed = ~(panel.delisted_on <= panel.days[-1])
    rows = same[factor[same] & listed[same]]
    assert len(rows) > 0.95 * len(everyone)
    _assert_equal(live.picture.scan, official, rows)
    assert official.pattern.sum() > 0
    traded = panel.valid[:, -1]
    assert (live.picture.scan.flags[traded] & ScanFlag.FORMING).all()
    assert not (live.picture.scan.flags[~traded] & ScanFlag.FORMING).any()


def test_only_changed_rows_are_reported_and_gaps_are_flagged(panel: MarketPanel) -> None:
    day = _day(panel)
    scanner = FormingScanner(panel, day, DEFAULT_RULES)
    board = make_board(panel, day)
    everyone = np.arange(len(panel.tickers))
    as_of = AsOf(DEFAULT_SESSIONS.official_bar_ns(day))
    no_gaps = np.zeros(len(everyone), dtype=bool)
    _write_official(board, panel, everyone)
    scanner.touch(everyone)
    scanner.scan(scanner.write(board), as_of, no_gaps)
    row = int(np.flatnonzero(panel.valid[:, -1])[10])
    board.price_krw[row] += 10 * (panel.close_krw[row, -1] // 1000 + 1)
    board.high_krw[row] = max(board.high_krw[row], board.price_krw[row])
    scanner.touch(np.array([row]))
    gaps = no_gaps.copy()
    gaps[row] = True
    again = scanner.scan(scanner.write(board), as_of, gaps)
    assert row in again.rows
    assert again.picture.scan.flags[row] & ScanFlag.FEED_GAP
    assert again.picture.scan.close[row] == board.price_krw[row]
    moved = again.picture.scan.close != scan(panel, as_of, DEFAULT_RULES).close
    moved &= panel.valid[:, -1]
    assert np.flatnonzero(moved).tolist() == [row]


def test_values_that_are_stored_or_of_a_former_day_never_make_a_forming_bar(panel: MarketPanel) -> None:
    day = _day(panel)
    scanner = FormingScanner(panel, day, DEFAULT_RULES)
    board = make_board(panel, day)
    scanner.touch(np.arange(len(panel.tickers)))
    assert len(scanner.write(board)) == 0
    # An answer before the day's first trade is the state of the day before.
    board.source[:] = QuoteSource.POLLED
    scanner.touch(np.arange(len(panel.tickers)))
    assert len(scanner.write(board)) == 0
    assert not scanner.panel.valid[:, -1].any()


def test_a_symbol_without_a_trade_keeps_its_last_score_until_the_day_is_over(panel: MarketPanel) -> None:
    day = _day(panel)
    before = panel.truncated(len(panel.days) - 1)
    official = scan(before, AsOf(DEFAULT_SESSIONS.official_bar_ns(day) - 1), DEFAULT_RULES)
    scanner = FormingScanner(before, day, DEFAULT_RULES)
    board = make_board(before, day)
    first = np.arange(0, len(panel.tickers), 2)
    quiet = np.setdiff1d(np.flatnonzero(panel.valid[:, -1]), first)
    _write_official(board, panel, first)
    scanner.touch(first)
    no_gaps = np.zeros(len(panel.tickers), dtype=bool)
    rows = scanner.write(board)
    live = scanner.scan(rows, AsOf(DEFAULT_SESSIONS.open_ns(day) + 60_000_000_000), no_gaps).picture.scan
    for name in ("state", "close", "dist_pct", "pivot", "v50", "t_count", "change_pct", "vol_ratio", "smartmoney_score"):
        np.testing.assert_array_equal(getattr(live, name)[quiet], getattr(official, name)[quiet], err_msg=name)
    assert (live.ineligible[quiet] == official.ineligible[quiet]).all()
    ranked = np.isfinite(official.rs[quiet])
    np.testing.assert_array_equal(np.isfinite(live.rs[quiet]), ranked, err_msg="the pool of ranks is the whole market")
    assert ranked.any()
    over = scanner.scan(rows[:0], AsOf(DEFAULT_SESSIONS.official_bar_ns(day)), no_gaps).picture.scan
    assert (over.ineligible[quiet] & Ineligible.NOT_TRADABLE).all()


def test_the_cut_keeps_what_the_rules_look_back_on(panel: MarketPanel) -> None:
    cut, bars = forming_panel(panel, _day(panel))
    assert len(cut.days) <= len(panel.days)
    before = np.count_nonzero(panel.valid[:, :-1], axis=1)
    listed = ~(panel.delisted_on <= panel.days[-1])
    kept = np.count_nonzero(cut.valid, axis=1)
    np.testing.assert_array_equal(bars[listed], before[listed])
    np.testing.assert_array_equal(bars[~listed], kept[~listed])
    np.testing.assert_array_equal(np.minimum(kept, BUFFER_BARS)[listed], np.minimum(before, BUFFER_BARS)[listed])
    assert (np.minimum(bars, BUFFER_BARS) <= kept).all(), "the loops would read before the first day"
