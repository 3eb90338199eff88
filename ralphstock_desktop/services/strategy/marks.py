"""Events on the time machine's day line: news, signals and phases up to the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import day_of, kst_ns
from ralphstock_desktop.services.strategy.evaluate import Evaluation
from ralphstock_desktop.services.strategy_contracts import TimeMark
from ralphstock_desktop.strategy_ports import SignalRecord

__all__ = ["day_marks"]

_MOST = 60


def day_marks(day: date, until_ns: int, evaluation: Evaluation | None, signals: Sequence[SignalRecord]) -> tuple[TimeMark, ...]:
    """Return the marks of a day, ascending. Only what was known by ``until_ns``."""
    marks: list[TimeMark] = []
    if evaluation is not None:
        for item in evaluation.news.items[:400]:
            moment = item.known_at_ns
            if moment is not None and day_of(moment) == day and moment <= until_ns:
                marks.append(TimeMark(moment, "news", "time.mark.news", (("title", item.title),)))
    official = DEFAULT_SESSIONS.official_bar_ns(day)
    found = [record for record in signals if record.signal.signal_date == day]
    if found and official <= until_ns:
        marks.append(TimeMark(official, "signal", "time.mark.signals", (("count", len(found)),)))
    for minute, name in ((0, "preview"), (10, "pre_close"), (20, "auction")):
        moment = kst_ns(day, 15, minute)
        if moment <= until_ns:
            marks.append(TimeMark(moment, "phase", f"time.mark.{name}"))
    return tuple(sorted(marks, key=lambda mark: mark.at_ns)[-_MOST:])
