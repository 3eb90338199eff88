"""Chart answers as columns: whole pages at once instead of row by row.

What is plain (nearly everything) is read with array operations in about a millisecond per 900 rows; as soon as one value is out
of the ordinary, the answer is read row by row like any other. Both ways give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.model.errors import ProtocolChanged
from engine.model.instants import kst_ns
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom.catalogue_base import Order, Request, Tr, measure_of
from ralphstock_desktop.providers.kiwoom.errors import is_no_data
from ralphstock_desktop.providers.kiwoom.parse import check_code, is_blank_row, note_fields, parse, read_head, refuse_disorder
from ralphstock_desktop.providers.kiwoom.records_checks import EXCHANGE_OPENED, FACTOR, LEAST_AVERAGE_KRW, MOST_AVERAGE_KRW
from ralphstock_desktop.providers.kiwoom.records_layout import (
    MOST_LEVEL,
    MOST_PCT,
    RANGES,
    Layout,
    layout_of,
    refusal,
    signed_as,
)
from ralphstock_desktop.providers.kiwoom.records_wire import MILLION, Kind, Measure, Wire
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister

__all__ = ["Columns", "columns_of", "joined_columns"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_INTEGER_SIGNS: Final = str.maketrans("", "", "0123456789+-")
_DECIMAL_SIGNS: Final = str.maketrans("", "", "0123456789+-.")
_NOT_IN_COLUMNS: Final = frozenset({Kind.DIRECTION})
_DAY_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, eq=False)
class Columns:
    """An answer as equally long columns by our field names, ascending; missing as in records.

    Attributes
    ----------
    arrays : dict of arrays
        int64 for whole numbers and instants, float64 for rates and levels, datetime64[D] for days.
    refused : tuple of ProtocolChanged
        Why rows were left out.
    """

    api_id: str
    arrays: dict[str, Array]
    refused: tuple[ProtocolChanged, ...]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def where(self, mask: Bools) -> Columns:
        """Return the rows of a mask."""
        return Columns(self.api_id, {name: column[mask] for name, column in self.arrays.items()}, self.refused)


class _Unusual(Exception):
    """Something needs reading row by row."""


def columns_of(
    tr: Tr[Any, Any, Any],
    bodies: Sequence[Mapping[str, object]],
    request: Request | None = None,
    *,
    today: date | None = None,
    register: FieldRegister | None = None,
) -> Columns:
    """Read a chart answer. Parameters and errors as :func:`~ralphstock_desktop.providers.kiwoom.parse.parse`."""
    assert tr.row is not None
    layout = layout_of(tr.row, measure_of(request))
    register = register or FieldRegister()
    try:
        return _fast(tr, layout, bodies, request, today, register)
    except _Unusual:
        reply = parse(tr, bodies, request, today=today, register=register)
    arrays = {
        name: _array_of(declared, [getattr(record, name) for record in reply.rows])
        for name, declared, _ in layout.columns
        if declared.kind not in _NOT_IN_COLUMNS
    }
    return Columns(tr.api_id, arrays, reply.refused)


def _array_of(declared: Wire, values: list[Any]) -> Array:
    if declared.kind is Kind.DAY:
        return np.array(values, dtype="datetime64[D]")
    is_float = declared.kind in (Kind.PCT, Kind.LEVEL, Kind.POINTS, Kind.DECIMAL)
    return np.array(values, dtype=np.float64 if is_float else np.int64)


def joined_columns(tr: Tr[Any, Any, Any], parts: Sequence[Columns]) -> Columns:
    """Put pages together that were read one by one, newest page first.

    A row that is the same on two pages is kept once: new rows push others over to the next page while pages are asked for.

    Raises
    ------
    ProtocolChanged
        If the pages are not in order, or contradict each other.
    """
    filled = [part for part in parts if len(part)] or list(parts[:1])
    if len(filled) == 1:
        return filled[0]
    if tr.order is Order.NEWEST_FIRST and tr.unique:
        filled = _without_overlap(tr, filled)
    ordered = filled[::-1] if tr.order is Order.NEWEST_FIRST else filled
    arrays = {name: np.concatenate([part[name] for part in ordered]) for name in filled[0].arrays}
    refused = tuple(error for part in parts for error in part.refused)
    keys = arrays[tr.ordered_by].astype(np.int64)
    known = keys != MISSING
    steps = np.diff(keys[known])
    if (steps < 0).any():
        raise refuse_disorder(tr, int(np.argmax(steps < 0)), arrays[tr.ordered_by][known][int(np.argmax(steps < 0))])
    if not tr.unique or (steps > 0).all():
        return Columns(tr.api_id, arrays, refused)
    again = np.concatenate(([False], np.diff(keys) == 0)) & known
    same = np.ones(len(again), dtype=np.bool_)
    for column in arrays.values():
        equal = column[1:] == column[:-1]
        if column.dtype.kind == "f":
            equal |= np.isnan(column[1:]) & np.isnan(column[:-1])
        same[1:] &= equal
    if (again & ~same).any():
        position = int(np.argmax(again & ~same))
        raise _conflict(tr, position, arrays[tr.ordered_by][position])
    return Columns(tr.api_id, arrays, refused).where(~again)


def _conflict(tr: Tr[Any, Any, Any], position: int, key: object) -> ProtocolChanged:
    return refusal(
        f"{tr.api_id} gives two different rows for {key}",
        "error.kiwoom.conflict",
        retryable=True,
        api_id=tr.api_id,
        row=position,
        field=tr.ordered_by,
        value=str(key),
    )


def _without_overlap(tr: Tr[Any, Any, Any], pages: Sequence[Columns]) -> list[Columns]:
    """Take off what a page, newest page first, has in common with newer ones; what else is out of order is left for later."""
    kept = [pages[0]]
    for page in pages[1:]:
        oldest = next((part[tr.ordered_by][0] for part in reversed(kept) if len(part)), None)
        is_common = np.zeros(len(page), dtype=np.bool_) if oldest is None else page[tr.ordered_by] >= oldest
        for position in np.flatnonzero(is_common).tolist():
            key = page[tr.ordered_by][position]
            twin = next(((part, at) for part in reversed(kept) for at in np.flatnonzero(part[tr.ordered_by] == key)), None)
            if twin is None:
                raise refuse_disorder(tr, position, key)
            if not all(_equals(page[name][position], twin[0][name][twin[1]]) for name in page.arrays):
                raise _conflict(tr, position, key)
        kept.append(page.where(~is_common))
    return kept


def _equals(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def _fast(
    tr: Tr[Any, Any, Any],
    layout: Layout,
    bodies: Sequence[Mapping[str, object]],
    request: Request | None,
    today: date | None,
    register: FieldRegister,
) -> Columns:
    rows = [row for body in bodies for row in _plain_rows(tr, layout, body)]
    if not rows or any(row.keys() != rows[0].keys() for row in rows):
        raise _Unusual
    arrays = {
        name: _column_of(declared, rows, tr.sometimes)
        for name, declared, _ in layout.columns
        if declared.kind not in _NOT_IN_COLUMNS or _is_text(declared, rows)
    }
    if tr.order is Order.NEWEST_FIRST:
        arrays = {name: np.ascontiguousarray(column[::-1]) for name, column in arrays.items()}
    adjusted = bool(getattr(request, "adjusted", False))
    if not (_is_ordered(tr, arrays) and _is_believable(arrays, today, adjusted)):
        raise _Unusual
    # Only now: reading row by row would tell the register the same once more.
    for body in bodies:
        if tr.head is not None:
            read_head(tr, body, today, Measure.WON, register)
    note_fields(tr, rows[:1] if rows[0].keys() == layout.names else rows, register)
    return Columns(tr.api_id, arrays, ())


def _plain_rows(tr: Tr[Any, Any, Any], layout: Layout, body: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """Return the rows of a body whose shape holds no surprise but further fields."""
    rows = body.get(tr.list_key)
    check_code(tr, body)
    if not isinstance(rows, list) or not rows or is_no_data(body, tr.api_id):
        raise _Unusual
    if not all(type(row) is dict for row in rows) or layout.names - rows[0].keys() - tr.sometimes or is_blank_row(rows[0]):
        raise _Unusual
    return rows


def _is_text(declared: Wire, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Raise unless a field that gives no column holds text, which is all that is asked of it; always false."""
    if not all(type(row.get(declared.names[0])) is str for row in rows):
        raise _Unusual
    return False


def _column_of(declared: Wire, rows: Sequence[Mapping[str, Any]], sometimes: frozenset[str]) -> Array:
    name = declared.names[0]
    if name in sometimes and name not in rows[0]:
        return np.full(len(rows), MISSING, dtype=np.int64)
    texts = [row[name] for row in rows]
    try:
        joined = "".join(texts)
    except TypeError as error:
        raise _Unusual from error
    column = _read_column(declared, texts, joined)
    if not declared.sign_from:
        return column
    codes = [row.get(declared.sign_from) for row in rows]
    return np.array(
        [size if size == MISSING else signed_as(size, code) for size, code in zip(column.tolist(), codes, strict=True)]
    )


def _read_column(declared: Wire, texts: list[str], joined: str) -> Array:
    if declared.kind in (Kind.DAY, Kind.STAMP):
        return _read_times(texts, joined, 8 if declared.kind is Kind.DAY else 14)
    texts, joined, blank = _tidied(declared, texts, joined)
    is_hundredfold = declared.kind not in RANGES and declared.scale != 1
    is_decimal = declared.kind in (Kind.PCT, Kind.LEVEL, Kind.POINTS, Kind.DECIMAL) and not is_hundredfold
    # Only plain signs pass: int() and float() also take underscores, foreign digits, exponents and words.
    if joined.translate(_DECIMAL_SIGNS if is_decimal else _INTEGER_SIGNS):
        raise _Unusual
    try:
        if is_decimal:
            return _bounded_floats(declared, np.array(list(map(float, texts))), blank)
        numbers = np.array(list(map(int, texts)), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise _Unusual from error
    if is_hundredfold:
        return _bounded_floats(declared, numbers / round(1 / declared.scale), blank)
    return _bounded_integers(declared, numbers, blank)


def _tidied(declared: Wire, texts: list[str], joined: str) -> tuple[list[str], str, Bools | None]:
    """Take out the usual oddities: blanks in place of a sign, two minus signs, nothing at all where nothing is needed."""
    if " " in joined:
        texts = [text.strip(" ") for text in texts]
    if "--" in joined:
        texts = [text[1:] if text.startswith("--") else text for text in texts]
    blank = None
    if "" in texts:
        if declared.is_required:
            raise _Unusual
        blank = np.array([text == "" for text in texts])
        texts = [text or "0" for text in texts]
    return texts, "".join(texts), blank


def _bounded_floats(declared: Wire, numbers: npt.NDArray[np.float64], blank: Bools | None) -> npt.NDArray[np.float64]:
    most = MOST_LEVEL if declared.kind in (Kind.LEVEL, Kind.POINTS) else MOST_PCT
    if not (np.abs(numbers) <= most).all():
        raise _Unusual
    # A zero has no sign.
    numbers = np.abs(numbers) if declared.kind is Kind.LEVEL else numbers + 0.0
    return numbers if blank is None else np.where(blank, np.nan, numbers)


def _bounded_integers(declared: Wire, numbers: Ints, blank: Bools | None) -> Ints:
    if declared.kind not in RANGES or declared.kind is Kind.MEASURED:
        raise _Unusual
    most, may_be_negative = RANGES[declared.kind]
    sizes = np.abs(numbers)
    scale = int(declared.scale)
    is_negative = not may_be_negative and bool((numbers < 0).any())
    if is_negative or sizes.max() > most // scale or sizes.min() < 0:
        raise _Unusual
    found = (sizes if declared.kind is Kind.PRICE else numbers) * scale
    return found if blank is None else np.where(blank, MISSING, found)


def _read_times(texts: list[str], joined: str, length: int) -> Array:
    if not (joined.isascii() and joined.isdigit()) or min(map(len, texts)) != length or max(map(len, texts)) != length:
        raise _Unusual
    numbers = np.array(list(map(int, texts)), dtype=np.int64)
    ymd = numbers if length == 8 else numbers // 1_000_000
    year, month, in_month = ymd // 10_000, ymd // 100 % 100, ymd % 100
    if year.min() < 1 or month.min() < 1 or month.max() > 12 or in_month.min() < 1:
        raise _Unusual
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days: Array = months.astype("datetime64[D]") + (in_month - 1)
    if (days.astype("datetime64[M]") != months).any():
        raise _Unusual
    if length == 8:
        return days
    hour, minute, second = numbers // 10_000 % 100, numbers // 100 % 100, numbers % 100
    if hour.max() > 23 or minute.max() > 59 or second.max() > 59:
        raise _Unusual
    seconds = days.astype(np.int64) * 86_400 + hour * 3_600 + minute * 60 + second - 9 * 3_600
    return seconds * 1_000_000_000


def _is_ordered(tr: Tr[Any, Any, Any], arrays: dict[str, Array]) -> bool:
    if tr.order is Order.RANKED:
        return not tr.unique
    keys = arrays[tr.ordered_by].astype(np.int64)
    steps = np.diff(keys)
    return bool((steps > 0).all() if tr.unique else (steps >= 0).all())


def _is_believable(arrays: dict[str, Array], today: date | None, adjusted: bool) -> bool:
    """The checks of :mod:`.records_checks` on whole columns; a doubt is left to them."""
    if today is not None and not _dates_fit(arrays, today):
        return False
    is_stock = "close_krw" in arrays
    suffix = "_krw" if is_stock else ""
    opened, high, low = (arrays[f"{name}{suffix}"] for name in ("open", "high", "low"))
    close = arrays["close_krw" if is_stock else "level"]
    slack = (1 if adjusted else 0) if is_stock else 0.005
    # Days without a trade may have no prices but the last; whether these are such days is seen row by row.
    ordered = (
        (low > 0) & (low <= np.minimum(opened, close) + slack) & (high >= np.maximum(opened, close) - slack) & (low <= high)
    )
    idle = (opened == 0) & (high == 0) & (low == 0) & (close > 0)
    if is_stock:
        idle &= arrays["volume_shares"] == 0
    if not (ordered & (close > 0) | idle).all():
        return False
    if adjusted or "value_krw" not in arrays:
        return True
    volume, value = arrays["volume_shares"].astype(np.float64), arrays["value_krw"]
    if not is_stock:
        fits = (value >= volume * LEAST_AVERAGE_KRW * 1.01) & (value <= volume * MOST_AVERAGE_KRW * 0.99)
        return bool((fits | (volume == 0)).all())
    floor = np.where(low > 0, np.minimum(low, close), close).astype(np.float64)
    ceiling = np.maximum(high, close).astype(np.float64)
    # One per cent inside the bounds: whatever rounding could decide is decided on whole numbers, row by row.
    fits = (value >= volume * floor / FACTOR * 1.01 - MILLION) & (value <= volume * ceiling * FACTOR * 0.99 + MILLION)
    return bool(fits.all())


def _dates_fit(arrays: dict[str, Array], today: date) -> bool:
    if "day" in arrays:
        days = arrays["day"]
        return bool(days.min() >= np.datetime64(EXCHANGE_OPENED) and days.max() <= np.datetime64(today))
    at_ns = arrays["at_ns"]
    return bool(at_ns.min() >= kst_ns(EXCHANGE_OPENED, 0) and at_ns.max() < kst_ns(today, 0) + _DAY_NS)
