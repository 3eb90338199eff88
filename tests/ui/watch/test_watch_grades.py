"""Grades of the other strategies stand beside a price only where they are of its day and of nothing later."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.model.instants import AsOf, kst_ns
from engine.model.scan import Grade
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.ui.viewmodels.watch_grades import other_grade
from tests.ui.tables.local_market import local_panel

DAY = date(2026, 6, 30)
TICKER = str(local_panel().tickers[2])


def strategies(hour: int, *, day: date = DAY, what_if: bool = False, simulated: bool = False) -> Any:
    """A closing bet and a checklist of one instant: S and B."""
    panel: Any = SimpleNamespace(row_of=local_panel().row_of, simulated=simulated)
    grades = [np.full(len(local_panel().tickers), int(grade), dtype=np.uint8) for grade in (Grade.S, Grade.B)]
    closing = SimpleNamespace(grade=grades[0], as_of=AsOf.at(day, hour))
    day_trade = SimpleNamespace(grade=grades[1], now_ns=kst_ns(day, hour))
    return SimpleNamespace(
        closing=SimpleNamespace(last=SimpleNamespace(scan=closing, panel=panel, what_if=what_if)),
        day_trades=SimpleNamespace(last=SimpleNamespace(scan=day_trade, panel=panel, what_if=what_if)),
    )


def looked_at(hour: int, *, day: date = DAY, latest: bool = False) -> MarketPicture:
    return MarketPicture(local_panel(), "real", AsOf.at(day, hour), is_latest=latest)


@pytest.mark.parametrize(
    ("made", "looking", "known"),
    [
        (strategies(14), looked_at(15), True),
        (strategies(15), looked_at(15), True),
        (strategies(16), looked_at(15), False),  # made later than the instant looked at
        (strategies(15, day=date(2026, 6, 29)), looked_at(15), False),  # of the day before
        (strategies(10, day=date(2026, 7, 1)), looked_at(23, latest=True), True),  # the running day
        (strategies(15, day=date(2026, 6, 29)), looked_at(23, latest=True), False),
        (strategies(14, what_if=True), looked_at(15), False),
        (strategies(14, simulated=True), looked_at(15), False),  # of the other market
        (None, looked_at(15), False),
    ],
)
def test_of_this_day_and_of_nothing_later(made: Any, looking: MarketPicture, known: bool) -> None:
    assert other_grade(made, "CLOSING_BET", TICKER, looking) == (int(Grade.S) if known else 0)
    assert other_grade(made, "DAY_TRADE", TICKER, looking) == (int(Grade.B) if known else 0)


def test_a_symbol_without_a_row_and_before_the_first_result() -> None:
    assert other_grade(strategies(14), "CLOSING_BET", "999990", looked_at(15)) == 0
    empty: Any = SimpleNamespace(closing=SimpleNamespace(last=None), day_trades=SimpleNamespace(last=None))
    assert other_grade(empty, "CLOSING_BET", TICKER, looked_at(15)) == 0
