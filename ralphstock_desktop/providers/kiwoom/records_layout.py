"""Reading rows by the declarations of a record: the only place where the broker's units become ours.

What cannot be the declared value raises :class:`~engine.model.errors.ProtocolChanged`; a wrong number is worse than none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from engine.model.errors import ProtocolChanged
from engine.model.live import MISSING, FeedVenue
from ralphstock_desktop.providers.kiwoom import wire
from ralphstock_desktop.providers.kiwoom.records_wire import THOUSAND, Direction, Kind, Measure, Wire

__all__ = ["MOST_LEVEL", "MOST_PCT", "RANGES", "Layout", "layout_of", "reader_of", "refusal", "signed_as"]

MOST_PRICE_KRW: Final = 100_000_000
"""A share never cost a tenth of it; more is another unit."""
MOST_SHARES: Final = 100_000_000_000_000
MOST_KRW: Final = 10**18
MOST_COUNT: Final = 1_000_000_000
MOST_PCT: Final = 1e8
MOST_LEVEL: Final = 1e6


def refusal(message: str, key: str, *, retryable: bool = False, **fields: str | float) -> ProtocolChanged:
    """Build the error for something in an answer that is not as agreed."""
    return ProtocolChanged(message, provider=wire.PROVIDER, retryable=retryable, retry_after_ms=0, code="", key=key, **fields)


def _implausible(value: object, field: str, wanted: str) -> ProtocolChanged:
    shown = repr(value)[:40]
    return refusal(
        f"Field {field} holds {shown}, which is not {wanted}",
        "error.kiwoom.implausible",
        field=field,
        value=shown,
        right=wanted,
    )


Read = Callable[[object, str], Any]

RANGES: Final[dict[Kind, tuple[int, bool]]] = {
    Kind.PRICE: (MOST_PRICE_KRW, True),
    Kind.CHANGE: (MOST_PRICE_KRW, True),
    Kind.KRW: (MOST_KRW, False),
    Kind.NET_KRW: (MOST_KRW, True),
    Kind.SHARES: (MOST_SHARES, False),
    Kind.NET_SHARES: (MOST_SHARES, True),
    Kind.MEASURED: (MOST_KRW, True),
    Kind.COUNT: (MOST_COUNT, False),
    Kind.NUMBER: (MOST_COUNT, True),
}
"""Kind of whole number to largest size and whether it may be negative."""


def _integer_reader(kind: Kind, scale: int) -> Read:
    most, may_be_negative = RANGES[kind]
    is_price = kind is Kind.PRICE

    def read(value: object, field: str) -> int:
        found = wire.signed(value, field)
        if found == MISSING:
            return MISSING
        if is_price:
            found = abs(found)
        found *= scale
        if found < 0 and not may_be_negative:
            raise _implausible(value, field, "a number of at least 0")
        if abs(found) > most:
            raise _implausible(value, field, f"at most {most}")
        return found

    return read


def _float_reader(kind: Kind, scale: float) -> Read:
    is_level = kind is Kind.LEVEL
    most = MOST_LEVEL if kind in (Kind.LEVEL, Kind.POINTS) else MOST_PCT

    def read(value: object, field: str) -> float:
        if scale == 1:
            found = wire.decimal(value, field)
        else:
            whole = wire.signed(value, field)
            # Dividing by 100 gives the double nearest to the two-digit decimal; multiplying by 0.01 does not.
            found = float("nan") if whole == MISSING else whole / round(1 / scale)
        if abs(found) > most:
            raise _implausible(value, field, f"at most {most:g}")
        return abs(found) if is_level else found

    return read


def _read_text(value: object, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refusal(
            f"Field {field} holds {value!r:.40}, which is not text", "error.kiwoom.value", field=field, value=repr(value)[:40]
        )
    return value.strip(" ")


def _read_symbol(value: object, field: str) -> str:
    if _read_text(value, field) == "":
        return ""
    code, _ = wire.ticker(value, field)
    if len(code) == 3:
        raise _implausible(value, field, "a stock code")
    return code


def _read_sector(value: object, field: str) -> str:
    if _read_text(value, field) == "":
        return ""
    code, _ = wire.ticker(value, field)
    if len(code) != 3:
        raise _implausible(value, field, "a sector code of three digits")
    return code


def _read_venue(value: object, field: str) -> FeedVenue:
    return FeedVenue.KRX if _read_text(value, field) == "" else wire.ticker(value, field)[1]


_VENUE_WORDS: Final = {"KRX": FeedVenue.KRX, "NXT": FeedVenue.NXT, "통합": FeedVenue.COMBINED, "SOR": FeedVenue.COMBINED}


def _read_venue_text(value: object, field: str) -> FeedVenue | None:
    word = _read_text(value, field)
    if word == "":
        return None
    if word not in _VENUE_WORDS:
        raise _implausible(value, field, "KRX, NXT or 통합")
    return _VENUE_WORDS[word]


def _read_direction(value: object, field: str) -> Direction:
    word = _read_text(value, field)
    # The official index example carries 43: a code without meaning is no reason to refuse a good price.
    return Direction(int(word)) if word in {"0", "1", "2", "3", "4", "5"} else Direction.UNKNOWN


_NOON: Final = date(2000, 1, 1)
_MIDNIGHT_NS: Final = wire.clock_ns(_NOON, "000000")


def _read_clock(value: object, field: str) -> int:
    found = wire.clock_ns(_NOON, value, field)
    return MISSING if found == MISSING else (found - _MIDNIGHT_NS) // 1_000_000_000


_READERS: Final[dict[Kind, Read]] = {
    Kind.DAY: wire.day,
    Kind.CLOCK: _read_clock,
    Kind.STAMP: wire.stamp_ns,
    Kind.TEXT: _read_text,
    Kind.SYMBOL: _read_symbol,
    Kind.SECTOR: _read_sector,
    Kind.VENUE: _read_venue,
    Kind.VENUE_TEXT: _read_venue_text,
    Kind.DIRECTION: _read_direction,
}


def reader_of(declared: Wire, measure: Measure) -> Read:
    """Return the function that reads one text of a declared field."""
    if declared.kind is Kind.MEASURED:
        scale = declared.scale if measure is Measure.WON else declared.share_scale
        return _integer_reader(declared.kind, THOUSAND if measure is Measure.THOUSAND_SHARES else int(scale))
    if declared.kind in RANGES:
        return _integer_reader(declared.kind, int(declared.scale))
    if declared.kind in (Kind.PCT, Kind.LEVEL, Kind.POINTS, Kind.DECIMAL):
        return _float_reader(declared.kind, declared.scale)
    return _READERS[declared.kind]


def signed_as(size: int, code: object) -> int:
    """Give a change the sign of a direction code; without a known code it keeps its own."""
    if code in ("4", "5"):
        return -abs(size)
    return abs(size) if code in ("1", "2") else size


def _is_blank(value: object) -> bool:
    return value == MISSING or value is None or value == "" or value != value


@dataclasses.dataclass(frozen=True)
class Layout:
    """A record type compiled for reading: its fields in order and the wire names it knows."""

    record: type[Any]
    columns: tuple[tuple[str, Wire, Read], ...]
    """(our name, declaration, function that reads one text)"""
    names: frozenset[str]

    def read(self, row: Mapping[str, object]) -> Any:
        """Read one row into a record.

        Raises
        ------
        ProtocolChanged
            If a required value is absent or blank, or a value is not of its kind; the fields name ``field`` and ``value``.
        """
        values = []
        get = row.get
        for _, declared, read in self.columns:
            if declared.is_series:
                values.append(tuple(read(get(name), name) for name in declared.names))
                continue
            name = declared.names[0]
            found = read(get(name), name)
            if declared.is_required and _is_blank(found):
                raise refusal(
                    f"Field {name} is {'blank' if name in row else 'not there'}, but it is needed",
                    "error.kiwoom.missing",
                    field=name,
                    value=repr(get(name))[:40],
                )
            if declared.sign_from and found != MISSING:
                found = signed_as(found, get(declared.sign_from))
            values.append(found)
        return self.record(*values)

    def declaration(self, name: str) -> Wire:
        """Return the declaration of one of our names. Raises KeyError if there is none."""
        for ours, declared, _ in self.columns:
            if ours == name:
                return declared
        raise KeyError(name)


_LAYOUTS: Final[dict[tuple[Any, Measure], Layout]] = {}


def layout_of(record: type[Any], measure: Measure = Measure.WON) -> Layout:
    """Compile a record type; once for each."""
    known = _LAYOUTS.get((record, measure))
    if known is not None:
        return known
    columns = tuple(
        (item.name, item.metadata["wire"], reader_of(item.metadata["wire"], measure)) for item in dataclasses.fields(record)
    )
    layout = Layout(record, columns, frozenset(name for _, declared, _ in columns for name in declared.names))
    return _LAYOUTS.setdefault((record, measure), layout)
