"""Phase, age and rate as the status line says them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase
from engine.model.instants import kst_ns
from engine.model.live import QuoteSource
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.services.live.status import MessageRate, newest_age_s, phase_of, polled_count
from tests.services.live.test_hub import make

DAY = date(2026, 11, 24)
"""A Tuesday after 2026-09-14: trading until 20:00."""


@pytest.mark.parametrize(
    ("hour", "minute", "phase", "left_s"),
    [
        (7, 0, Phase.CLOSED, 3_600.0),
        (8, 10, Phase.PRE_MARKET, 2_400.0),
        (8, 40, Phase.PRE_OPEN_AUCTION, 1_200.0),
        (10, 42, Phase.REGULAR, 16_680.0),
        (15, 25, Phase.CLOSING_AUCTION, 300.0),
        (15, 35, Phase.ORDER_ENTRY, 300.0),
        (17, 0, Phase.AFTER_MARKET, 10_800.0),
        (20, 30, Phase.CLOSED, None),
    ],
)
def test_the_phase_and_how_long_it_lasts(hour: int, minute: int, phase: Phase, left_s: float | None, tmp_path: Path) -> None:
    calendar = load_calendar(tmp_path / "calendar.json").trading
    assert phase_of(kst_ns(DAY, hour, minute), calendar, DEFAULT_SESSIONS) == (phase, left_s)


def test_a_closed_day_has_no_phase(tmp_path: Path) -> None:
    calendar = load_calendar(tmp_path / "calendar.json").trading
    assert phase_of(kst_ns(date(2026, 11, 22), 10), calendar, DEFAULT_SESSIONS) == (Phase.CLOSED, None)
    assert phase_of(kst_ns(DAY, 10), None, DEFAULT_SESSIONS) == (Phase.CLOSED, None)


def test_stored_values_have_no_age_and_the_newest_live_one_counts() -> None:
    _hub, board, _frames = make()
    board.at_ns[:] = 5_000_000_000
    board.source[:] = QuoteSource.STORED
    assert newest_age_s(board, 9_000_000_000) is None
    board.source[:2] = QuoteSource.POLLED
    board.at_ns[1] = 8_000_000_000
    assert newest_age_s(board, 9_000_000_000) == 1.0
    assert polled_count(board) == 2
    assert newest_age_s(None, 1) is None
    board.source[:] = QuoteSource.POLLED
    board.at_ns[:] = 8_000_000_000
    board.source[0], board.at_ns[0] = QuoteSource.STREAM, 3_000_000_000
    assert newest_age_s(board, 9_000_000_000, QuoteSource.STREAM) == 6.0, "polling makes no silent stream young"
    assert newest_age_s(board, 9_000_000_000, QuoteSource.POLLED) == 1.0


def test_the_rate_is_taken_over_half_a_second_at_least() -> None:
    rate = MessageRate(10.0)
    assert rate.take(10.2, 500) == 0.0
    assert rate.take(11.0, 4_000) == 4_000.0
    assert rate.take(11.1, 9_000) == 4_000.0
