"""Turning columns of a file into the columns of a batch: tickers, days, instants, whole won, texts.

Text columns are reduced to their distinct values first, so a Python-level rule (a ticker's alphabet, a date's format) runs
once per distinct value and not once per row. Nothing here decides what happens to a row that cannot be read; it returns masks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.errors import ValidationFailed
from engine.model.instruments import normalize_ticker
from ralphstock_desktop.ports import MISSING_INT

__all__ = [
    "MISSING_INT",
    "Bools",
    "Ints",
    "Whole",
    "day_from_text",
    "days",
    "instants",
    "real",
    "texts",
    "tickers",
    "times_of_day",
    "whole",
]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]
Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]

Column = Any
"""A pyarrow array of any type; what the type checker knows of pyarrow's kernels is too narrow to help here."""

_DAY = re.compile(r"(\d{4})(?:[-/.]\s?|\s?년\s?)(\d{1,2})(?:[-/.]\s?|\s?월\s?)(\d{1,2})(?:\.|일)?(?:[T ].*)?\Z")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+)?(?:[T ].*)?\Z")
_SHORT_DAY = re.compile(r"(\d{2})[-/.](\d{2})[-/.](\d{2})\Z")
_CLOCK = re.compile(r"(?:.*?[T ])?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\Z")
_COMPACT_CLOCK = re.compile(r"(?:\d{8})?(\d{2})(\d{2})(\d{2})?\Z")
_INTEGER = r"^[+-]?\d{1,18}$"
_DECIMAL = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_SECOND_NS = 1_000_000_000
_KST_NS = 9 * 3_600 * _SECOND_NS


def _compute() -> Any:
    """pyarrow's kernels, untyped for the same reason as :data:`Column`."""
    import pyarrow.compute

    return pyarrow.compute


def _distinct(column: Column) -> tuple[npt.NDArray[np.int32], list[str | None]]:
    """Return (index into the distinct values per row, distinct values as stripped text); null is index -1."""
    import pyarrow as pa

    pc = _compute()

    if isinstance(column, pa.DictionaryArray):
        encoded = column
    else:
        kind = column.type
        if pa.types.is_floating(kind):
            numbers = column.to_numpy(zero_copy_only=False)
            with np.errstate(invalid="ignore"):
                is_whole = np.isfinite(numbers) & (np.abs(numbers) < 1e15) & (numbers == np.floor(numbers))
            if is_whole[np.isfinite(numbers)].all():
                column = pa.array(np.where(is_whole, numbers, 0).astype(np.int64), mask=~is_whole)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            column = pc.cast(column, pa.string())
        encoded = pc.dictionary_encode(column)
    codes = _codes(encoded)
    values = encoded.dictionary.to_pylist()
    distinct = [
        (v.decode("utf-8", errors="replace") if isinstance(v, bytes) else str(v)).strip() if v is not None else None
        for v in values
    ]
    return codes, distinct


def _codes(column: Column) -> npt.NDArray[np.int32]:
    return np.asarray(column.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)


def _spread(codes: npt.NDArray[np.int32], table: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
    """Look each row's code up; rows with code -1 get ``missing``."""
    padded = np.append(table, np.asarray([missing], dtype=table.dtype))
    return padded[codes]


def tickers(column: Column) -> tuple[Strings, Ints]:
    """Return normalised tickers (``<U6``, empty where unreadable) and their base-36 number (-1 where unreadable)."""
    codes, distinct = _distinct(column)
    names, numbers = [], []
    for text in distinct:
        try:
            name = normalize_ticker(text or "")
        except ValidationFailed:
            name = ""
        names.append(name)
        numbers.append(int(name, 36) if name else -1)
    return _spread(codes, np.array(names, dtype="<U6"), ""), _spread(codes, np.array(numbers, dtype=np.int64), -1)


def day_from_text(text: str) -> date | None:
    """Read a day as 20260504, 2026-05-04, 2026/05/04, 2026.05.04, 26/05/04 or 2026년 5월 4일; None if it is none of these."""
    match = _DAY.match(text) or _COMPACT_DAY.match(text)
    year_base = 0
    if match is None:
        match, year_base = _SHORT_DAY.match(text), 2000
    if match is None:
        return None
    try:
        return date(int(match[1]) + year_base, int(match[2]), int(match[3]))
    except ValueError:
        return None


def days(column: Column) -> Days:
    """Return datetime64[D]; NaT where unreadable. Instants with a zone are read in Korean time."""
    import pyarrow as pa

    pc = _compute()

    kind = column.type
    if pa.types.is_timestamp(kind):
        return instants(column)[1]
    if pa.types.is_date(kind):
        values = pc.cast(column, pa.date32())
        ordinals = pc.cast(values, pa.int32()).fill_null(np.iinfo(np.int32).min).to_numpy(zero_copy_only=False)
        result: Days = ordinals.astype(np.int64).astype("datetime64[D]")
        result[ordinals == np.iinfo(np.int32).min] = np.datetime64("NaT")
        return result
    codes, distinct = _distinct(column)
    table = np.array([day_from_text(text or "") for text in distinct], dtype="datetime64[D]")
    return np.asarray(_spread(codes, table, np.datetime64("NaT")), dtype="datetime64[D]")


def _clock_from_text(text: str) -> int:
    match = _CLOCK.match(text) or _COMPACT_CLOCK.match(text)
    if match is None and text.isdigit() and len(text) in (3, 5):  # 901 or 90100 after a spreadsheet ate the zero
        match = _COMPACT_CLOCK.match(text.zfill(len(text) + 1))
    if match is None:
        return -1
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    return hour * 3_600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else -1


def times_of_day(column: Column) -> Ints:
    """Return seconds since midnight from 09:01, 09:01:00, 0901 or 090100; -1 where unreadable."""
    import pyarrow as pa

    pc = _compute()

    if pa.types.is_time(column.type):
        return np.asarray(
            pc.cast(pc.cast(column, pa.time64("ns")), pa.int64()).fill_null(-_SECOND_NS).to_numpy(zero_copy_only=False)
            // _SECOND_NS
        )
    codes, distinct = _distinct(column)
    return np.asarray(_spread(codes, np.array([_clock_from_text(t or "") for t in distinct], dtype=np.int64), -1))


def instants(column: Column) -> tuple[Ints, Days]:
    """Return (UTC nanoseconds, Korean day) of wall-clock times; MISSING_INT and NaT where unreadable.

    Times without a zone are Korean wall-clock times.
    """
    import pyarrow as pa

    pc = _compute()

    kind = column.type
    if pa.types.is_timestamp(kind):
        unit_ns = {"s": _SECOND_NS, "ms": 1_000_000, "us": 1_000, "ns": 1}[kind.unit]
        raw = pc.cast(column, pa.int64()).fill_null(MISSING_INT).to_numpy(zero_copy_only=False)
        known = (raw != MISSING_INT) & (np.abs(raw // max(_SECOND_NS // unit_ns, 1)) < 2**33)
        utc = np.where(known, np.where(known, raw, 0) * unit_ns - (0 if kind.tz else _KST_NS), MISSING_INT)
    else:
        codes, distinct = _distinct(column)
        table = []
        for text in distinct:
            day, second = day_from_text(text or ""), _clock_from_text(text or "")
            known_text = day is not None and second >= 0
            ordinal = (day - date(1970, 1, 1)).days if day is not None else 0
            table.append((ordinal * 86_400 + second) * _SECOND_NS - _KST_NS if known_text else MISSING_INT)
        utc = np.asarray(_spread(codes, np.array(table, dtype=np.int64), MISSING_INT))
        known = utc != MISSING_INT
    local_day = (np.where(known, utc, 0) + _KST_NS) // (86_400 * _SECOND_NS)
    result = local_day.astype("datetime64[D]")
    result[~known] = np.datetime64("NaT")
    return utc.astype(np.int64), result


class Whole:
    """Whole numbers of one column: ``values`` (MISSING_INT where missing), and masks of what could not be taken."""

    __slots__ = ("fractional", "unreadable", "values")

    def __init__(self, values: Ints, unreadable: Bools, fractional: Bools) -> None:
        self.values, self.unreadable, self.fractional = values, unreadable, fractional

    @property
    def missing(self) -> Bools:
        """Where there is no value."""
        return np.asarray(self.values == MISSING_INT)


def whole(column: Column, scale: int = 1) -> Whole:
    """Return a column as int64 times ``scale``.

    Texts may have thousands commas, a sign and blanks. A fraction that remains after scaling is marked, not rounded away;
    infinities and numbers beyond 64 bits are unreadable.
    """
    import pyarrow as pa

    pc = _compute()

    size = len(column)
    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        # Only the distinct values are converted, so one huge value repeated a million times stays one value.
        once, codes = whole(column.dictionary, scale), _codes(column)
        return Whole(
            _spread(codes, once.values, MISSING_INT),
            _spread(codes, once.unreadable, False),
            _spread(codes, once.fractional, False),
        )
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _whole_from_text(column, scale)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        if pa.types.is_uint64(kind):
            return _whole_from_float(pc.cast(column, pa.float64(), safe=False), scale)
        raw = pc.cast(column, pa.int64()).fill_null(MISSING_INT).to_numpy(zero_copy_only=False).astype(np.int64)
        missing = raw == MISSING_INT
        too_big = ~missing & (np.abs(np.where(missing, 0, raw)) > 9 * 10**18 // scale)
        values = np.where(missing | too_big, MISSING_INT, np.where(missing | too_big, 0, raw) * scale)
        return Whole(values, too_big, np.zeros(size, dtype=np.bool_))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _whole_from_float(pc.cast(column, pa.float64(), safe=False), scale)
    if pa.types.is_null(kind):
        return Whole(np.full(size, MISSING_INT), np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_))
    return Whole(np.full(size, MISSING_INT), np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_))


def _whole_from_float(column: Column, scale: int) -> Whole:
    numbers = column.fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
    missing = np.isnan(numbers)
    scaled = numbers * scale
    unreadable = ~missing & ~(np.abs(scaled) < 9e18)
    usable = ~missing & ~unreadable
    safe = np.where(usable, scaled, 0.0)
    rounded = np.rint(safe)
    # One part in 10^9 is far below a won at any price and above the noise of a float product.
    fractional = usable & (np.abs(safe - rounded) > 1e-9 * np.maximum(np.abs(safe), 1e3))
    return Whole(np.where(usable & ~fractional, rounded.astype(np.int64), MISSING_INT), unreadable, fractional)


def _clean_numbers(column: Column) -> Column:
    pc = _compute()

    text = pc.utf8_trim_whitespace(column)
    text = pc.replace_substring(text, ",", "")
    text = pc.replace_substring(text, "−", "-")
    return pc.if_else(pc.equal(text, ""), None, text)


def _whole_from_text(column: Column, scale: int) -> Whole:
    import pyarrow as pa

    pc = _compute()

    text = _clean_numbers(column)
    given = text.is_valid().to_numpy(zero_copy_only=False)
    is_integer = pc.match_substring_regex(text, _INTEGER).fill_null(False)
    integer_text = pc.utf8_ltrim(pc.if_else(is_integer, text, None), "+")
    result = whole(pc.cast(integer_text, pa.int64()), scale)
    integer_mask = is_integer.to_numpy(zero_copy_only=False)
    rest = given & ~integer_mask
    if not rest.any():
        return result
    is_decimal = pc.and_(pc.match_substring_regex(text, _DECIMAL).fill_null(False), pc.invert(is_integer))
    decimals = _whole_from_float(pc.cast(pc.utf8_ltrim(pc.if_else(is_decimal, text, None), "+"), pa.float64()), scale)
    decimal_mask = is_decimal.to_numpy(zero_copy_only=False)
    return Whole(
        np.where(decimal_mask, decimals.values, result.values),
        result.unreadable | decimals.unreadable | (rest & ~decimal_mask),
        decimals.fractional,
    )


def real(column: Column) -> tuple[Floats, Bools]:
    """Return a column as float64 (NaN where missing) and where it is not a finite number."""
    import pyarrow as pa

    pc = _compute()

    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        once, unreadable = real(column.dictionary)
        codes = _codes(column)
        return _spread(codes, once, np.nan), _spread(codes, unreadable, False)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = _clean_numbers(column)
        good = pc.match_substring_regex(text, _DECIMAL).fill_null(False)
        numbers = pc.cast(pc.utf8_ltrim(pc.if_else(good, text, None), "+"), pa.float64())
        bad = text.is_valid().to_numpy(zero_copy_only=False) & ~good.to_numpy(zero_copy_only=False)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        numbers, bad = pc.cast(column, pa.float64(), safe=False), np.zeros(len(column), dtype=np.bool_)
    else:
        return np.full(len(column), np.nan), np.ones(len(column), dtype=np.bool_)
    values = numbers.fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values), bad | infinite


def texts(column: Column, limit: int) -> tuple[Strings, Bools]:
    """Return a column as text (empty where missing), inner line breaks as blanks, and where it was cut to ``limit``."""
    codes, distinct = _distinct(column)
    cleaned = [" ".join(text.split()) if text else "" for text in distinct]
    cut = np.array([len(text) > limit for text in cleaned] or [False], dtype=np.bool_)
    table = np.array([text[:limit] for text in cleaned] or [""], dtype=np.str_)
    return _spread(codes, table, ""), _spread(codes, cut, False)


def map_texts(column: Column, rule: Callable[[str], str]) -> Strings:
    """Apply a rule to each distinct text of a column; missing texts are given to it as the empty string."""
    codes, distinct = _distinct(column)
    table = np.array([rule(text or "") for text in distinct] or [""], dtype=np.str_)
    return np.asarray(_spread(codes, table, rule("")), dtype=np.str_)
