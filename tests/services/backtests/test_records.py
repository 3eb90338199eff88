"""The record beside each grade: as of any instant, without a second scan, without the future."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.model.errors import UserCancelled
from engine.model.instants import AsOf
from engine.model.panel import ARRAY_FIELDS
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services import backtest_records
from ralphstock_desktop.services.backtest_records import RecordBook, current_records
from tests.services.backtests.memory import DAYS, PANEL, series_of

SERIES = series_of(PANEL)
THEN = AsOf.end_of(PANEL.days[380].item())
NOW = AsOf.end_of(PANEL.days[-1].item())


@pytest.fixture(scope="module")
def book() -> RecordBook:
    made = RecordBook()
    made.table(PANEL, SERIES, None, DEFAULT_RULES, NOW)
    return made


def test_rows_of_both_strategies(book: RecordBook) -> None:
    table = book.table(PANEL, SERIES, None, DEFAULT_RULES, NOW, tries=4)
    assert [(row.strategy, row.grade) for row in table.rows] == [
        (s, g) for s in ("VCP", "CLOSING_BET") for g in (0, 4, 3, 2, 1)
    ]
    everything = table.of("VCP", 0)
    assert everything is not None
    assert everything.n == sum(row.n for row in table.rows if row.strategy == "VCP" and row.grade)
    assert everything.n > 30
    assert everything.enough
    assert everything.tries == 4
    assert (everything.base_pct is None) == (everything.excess_pct.value is None)
    assert {key for key, _ in table.notes} >= {"record.note.survivorship", "record.note.close_proxy", "record.note.no_news"}


def test_another_instant_needs_no_other_scan(book: RecordBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_records, "scan_part", lambda *_: pytest.fail("scanned again"))
    then, now = (book.table(PANEL, SERIES, None, DEFAULT_RULES, at).of("VCP", 0) for at in (THEN, NOW))
    assert then is not None
    assert now is not None
    assert 0 < then.n < now.n
    assert then.last_day <= str(PANEL.days[380])


def test_the_record_of_an_instant_knows_nothing_later(book: RecordBook) -> None:
    """Every bar after day 380 replaced by noise, scanned anew: not a digit of the record as of day 380 moves."""
    rng = np.random.default_rng(5)
    arrays = {name: getattr(PANEL, name).copy() for name in ARRAY_FIELDS}
    for name in ("open_krw", "high_krw", "low_krw", "close_krw"):
        arrays[name][:, 381:] = rng.integers(1_000, 90_000, (len(PANEL.tickers), DAYS - 381))
    arrays["volume_shares"][:, 381:] = rng.integers(1, 10**7, (len(PANEL.tickers), DAYS - 381))
    noisy = dataclasses.replace(PANEL, version="noise", **arrays)
    assert (
        current_records(noisy, SERIES, None, DEFAULT_RULES, THEN).rows
        == book.table(PANEL, SERIES, None, DEFAULT_RULES, THEN).rows
    )


def test_stopping_keeps_nothing_half_done() -> None:
    def stop(done: int, count: int) -> None:
        raise UserCancelled("stop")

    fresh = RecordBook()
    with pytest.raises(UserCancelled):
        fresh.table(PANEL, SERIES, None, DEFAULT_RULES, NOW, strategies=("VCP",), on_part=stop)
    assert fresh._scans == {}


def test_before_the_first_bar_there_is_an_empty_record(book: RecordBook) -> None:
    table = book.table(PANEL, SERIES, None, DEFAULT_RULES, AsOf.at(PANEL.days[0].item(), 10))
    assert [row.n for row in table.rows] == [0] * 10
    assert all(row.mean_net_pct.value is None and not row.enough for row in table.rows)
