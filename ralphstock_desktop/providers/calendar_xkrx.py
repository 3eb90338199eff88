"""The KRX trading calendar: a stored holiday table, a dated override file, and exchange_calendars beyond the table.

The table ``resources/calendar/krx_holidays.json`` was written once from exchange_calendars' XKRX by :func:`library_holidays`
and checked against the recorded index days of 2015-01 to 2026-08; loading it takes about a millisecond, while the library
needs two seconds and pandas. ``krx_overrides.json`` carries what the library does not know, each day with its reason; an
operator's file of the same shape is read after it. Outside the table's span the library is asked, lazily.
"""

from __future__ import annotations

import dataclasses
import json
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import resources
from engine.calendar.sessions import DEFAULT_SESSIONS, Phase, PhaseRule, SessionTable, Venue
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, ValidationFailed

__all__ = ["KrxCalendar", "Override", "library_holidays", "load_calendar"]

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Override:
    """One dated correction: ``kind`` is ``closed``, ``open``, ``late_open`` or ``exam``."""

    day: date
    kind: str
    reason: str


@dataclass(frozen=True, eq=False)
class KrxCalendar:
    """Trading days, sessions and the corrections they contain."""

    trading: TradingCalendar
    sessions: SessionTable
    overrides: tuple[Override, ...]


def _weekdays(first: date, last: date) -> Days:
    days = np.arange(np.datetime64(first), np.datetime64(last) + np.timedelta64(1, "D"), dtype="datetime64[D]")
    return days[np.is_busday(days)]


def library_holidays(first: date, last: date) -> Days:
    """Return the weekdays from ``first`` to ``last`` on which exchange_calendars' XKRX is closed.

    Raises
    ------
    DataUnavailable
        If the library does not know the span.
    """
    import exchange_calendars  # heavy: pandas; needed only outside the stored table

    try:
        with warnings.catch_warnings():
            # The library still calls what pandas 3.1 calls deprecated; nothing we could change.
            warnings.simplefilter("ignore", DeprecationWarning)
            calendar = exchange_calendars.get_calendar("XKRX", start=first.isoformat(), end=last.isoformat())
    except (ValueError, exchange_calendars.errors.CalendarError) as error:
        raise DataUnavailable(
            f"No trading calendar is known from {first} to {last}.",
            key="error.calendar_span",
            day=first.isoformat(),
            first=first.isoformat(),
            last=last.isoformat(),
        ) from error
    sessions = np.asarray(calendar.sessions.to_numpy(), dtype="datetime64[D]")
    return np.setdiff1d(_weekdays(first, last), sessions)


def load_calendar(operator_file: Path | None = None, *, first: date | None = None, last: date | None = None) -> KrxCalendar:
    """Load the calendar.

    Parameters
    ----------
    operator_file : Path, optional
        A further override file; not read where it does not exist.
    first, last : date, optional
        Span that is needed at least; the stored table's span by default. Beyond it the library is asked.

    Raises
    ------
    ValidationFailed
        If an override file cannot be read; the sentence names the file and what is wrong.
    DataUnavailable
        If a span is asked for that neither the table nor the library knows.
    """
    table = json.loads(resources.read_text("calendar", "krx_holidays.json"))
    table_first, table_last = date.fromisoformat(table["first"]), date.fromisoformat(table["last"])
    closed = [np.array(table["closed"], dtype="datetime64[D]")]
    span_first, span_last = min(first or table_first, table_first), max(last or table_last, table_last)
    if span_first < table_first:
        closed.append(library_holidays(span_first, table_first - timedelta(days=1)))
    if span_last > table_last:
        closed.append(library_holidays(table_last + timedelta(days=1), span_last))
    days = np.setdiff1d(_weekdays(span_first, span_last), np.concatenate(closed))

    sources = [resources.path("calendar", "krx_overrides.json")]
    if operator_file is not None and operator_file.exists():
        sources.append(operator_file)
    overrides: list[Override] = []
    phases: list[PhaseRule] = []
    for path in sources:
        more, more_phases = _read_overrides(path)
        overrides.extend(more)
        phases.extend(more_phases)
    return _apply(days, span_first, span_last, overrides, phases)


def _apply(days: Days, first: date, last: date, overrides: list[Override], phases: list[PhaseRule]) -> KrxCalendar:
    def of(kind: str) -> Days:
        return np.array([o.day for o in overrides if o.kind == kind and first <= o.day <= last], dtype="datetime64[D]")

    days = np.union1d(np.setdiff1d(days, of("closed")), of("open"))
    trading = TradingCalendar(days, first, last)
    years = days.astype("datetime64[Y]")
    is_first = np.concatenate([[first.month == 1 and first.day == 1], years[1:] != years[:-1]])
    late = frozenset(days[is_first].astype(object).tolist()) | {o.day for o in overrides if o.kind == "late_open"}
    exams = DEFAULT_SESSIONS.exam_days | {o.day for o in overrides if o.kind == "exam"}
    sessions = dataclasses.replace(
        DEFAULT_SESSIONS, phases=(*DEFAULT_SESSIONS.phases, *phases), exam_days=exams, late_open_days=late
    )
    return KrxCalendar(trading, sessions, tuple(overrides))


def _bad_file(path: Path, what: str) -> ValidationFailed:
    return ValidationFailed(
        f"The calendar override file {path.name} cannot be used: {what}", key="error.calendar_file", file=path.name, what=what
    )


def _read_overrides(path: Path) -> tuple[list[Override], list[PhaseRule]]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _bad_file(path, f"it is not readable as UTF-8 JSON ({error}).") from error
    if not isinstance(content, dict):
        raise _bad_file(path, "its top level must be an object with the lists closed, open, late_open, exam and phases.")
    overrides = []
    for kind in ("closed", "open", "late_open", "exam"):
        for entry in content.get(kind, []):
            try:
                overrides.append(Override(date.fromisoformat(entry["day"]), kind, str(entry["reason"])))
            except (KeyError, TypeError, ValueError) as error:
                raise _bad_file(
                    path, f"an entry of '{kind}' needs a day (YYYY-MM-DD) and a reason; {entry!r} has not."
                ) from error
    phases = []
    for entry in content.get("phases", []):
        try:
            phases.append(_phase(entry))
        except (KeyError, TypeError, ValueError) as error:
            raise _bad_file(
                path, f"a phase needs venue, phase, start and end (HH:MM) and since (YYYY-MM-DD); {entry!r} has not."
            ) from error
    return overrides, phases


def _phase(entry: dict[str, Any]) -> PhaseRule:
    def minute(text: str) -> int:
        hour, _, rest = text.partition(":")
        value = int(hour) * 60 + int(rest)
        if not 0 <= value <= 24 * 60:
            raise ValueError(text)
        return value

    until = entry.get("until")
    return PhaseRule(
        venue=Venue(entry["venue"]),
        phase=Phase(entry["phase"]),
        start_minute=minute(entry["start"]),
        end_minute=minute(entry["end"]),
        since=date.fromisoformat(entry["since"]),
        until=date.fromisoformat(until) if until else date.max,
        late_open=None if entry.get("late_open") == "none" else (0, 0),
        exam=None if entry.get("exam") == "none" else (60, 60),
        stocks_only=bool(entry.get("stocks_only", False)),
        note=str(entry.get("note", "")),
    )
