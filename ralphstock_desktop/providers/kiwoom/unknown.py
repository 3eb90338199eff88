"""What the broker sent that we do not know, kept for diagnosis instead of being dropped in silence.

One entry per request kind and field, with a sample value and a count, bounded; every find is told to the health registry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from engine.model.errors import RalphStockError
from ralphstock_desktop.live_ports import SourceMonitor

__all__ = ["FieldNote", "FieldRegister"]

NoteKind = Literal["unknown_field", "missing_field", "refused_row"]

_MOST: Final = 512
_LONGEST_NAME: Final = 40
_LONGEST_SAMPLE: Final = 24
_SECRET_NAME: Final = re.compile(r"acct|acnt|account|token|key|secret|auth|passw|user|cust|phone|mail", re.IGNORECASE)
_SECRET_VALUE: Final = re.compile(r"[A-Za-z0-9+/=_-]{20,}|\d{8,}-?\d*")


@dataclass(frozen=True, slots=True)
class FieldNote:
    """What was found about one field, how often, and the first value of it (blank where none may be kept)."""

    kind: NoteKind
    api_id: str
    field: str
    sample: str
    count: int


def _printable(text: str, longest: int) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: longest + 1])
    return shown if len(shown) <= longest else shown[:longest] + "…"


def sample_of(field: str, value: object, *, is_private: bool) -> str:
    """Return a short form of a value fit for reports; empty where it might be a secret or account data."""
    if is_private or _SECRET_NAME.search(field):
        return ""
    if isinstance(value, list | dict):
        return f"{type(value).__name__} of {len(value)}"
    text = value if isinstance(value, str) else repr(value)[:_LONGEST_NAME]
    return "" if _SECRET_VALUE.search(text[: 4 * _LONGEST_SAMPLE]) else _printable(text, _LONGEST_SAMPLE)


class FieldRegister:
    """Remembers unknown and vanished fields and refused rows.

    Parameters
    ----------
    monitor : SourceMonitor or None
        Told about every find as ``health.note.kiwoom_<kind>``.
    source : str
        Name for the monitor.
    most : int
        Entries kept; further ones are only counted.
    """

    def __init__(self, monitor: SourceMonitor | None = None, source: str = "kiwoom", most: int = _MOST) -> None:
        self._monitor = monitor
        self._source = source
        self._most = most
        self._notes: dict[tuple[NoteKind, str, str], FieldNote] = {}
        self.uncounted = 0
        """Finds beyond the bound."""

    def unknown(self, api_id: str, field: str, value: object, count: int = 1, *, is_private: bool = False) -> None:
        """Keep a field the record does not have."""
        self._keep("unknown_field", api_id, field, sample_of(field, value, is_private=is_private), count)

    def missing(self, api_id: str, field: str, count: int = 1) -> None:
        """Keep a field that should be there and is not, in rows that can do without."""
        self._keep("missing_field", api_id, field, "", count)

    def refused(self, api_id: str, error: RalphStockError, count: int = 1, *, is_private: bool = False) -> None:
        """Keep a row that was not believed."""
        field = str(error.fields.get("field", ""))
        sample = sample_of(field, str(error.fields.get("value", "")), is_private=is_private)
        self._keep("refused_row", api_id, field, sample, count)

    def report(self) -> tuple[FieldNote, ...]:
        """Return everything kept, by request and field."""
        return tuple(sorted(self._notes.values(), key=lambda note: (note.api_id, note.kind, note.field)))

    def _keep(self, kind: NoteKind, api_id: str, field: str, sample: str, count: int) -> None:
        name = _printable(field, _LONGEST_NAME)
        key = (kind, api_id, name)
        known = self._notes.get(key)
        if known is not None:
            self._notes[key] = FieldNote(kind, api_id, name, known.sample or sample, known.count + count)
        elif len(self._notes) < self._most:
            self._notes[key] = FieldNote(kind, api_id, name, sample, count)
        else:
            self.uncounted += count
            return
        if self._monitor is not None:
            self._monitor.note(
                self._source, f"health.note.kiwoom_{kind}", count, api_id=api_id, field=name, sample=self._notes[key].sample
            )
