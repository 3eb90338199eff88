"""Upserts of whole column batches: read what is stored for the batch's keys, compare as arrays, write only what differs.

1. The batch is sorted by key; of rows with one key the later one counts.
2. Stored rows of the same keys are read in slices as driver tuples and lined up with the batch.
3. A *merge* rule decides what each row becomes; by default a missing value or 0 never replaces a known one.
4. Rows that do not exist are inserted, rows that differ are updated, all others are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Table, literal, select

from ralphstock_desktop.data.columns import Array, Field, Kind, array_of, days_from_ordinals, from_driver, to_driver
from ralphstock_desktop.data.storage_errors import to_storage_error
from ralphstock_desktop.ports import MISSING_INT, UpsertCount

__all__ = [
    "BulkResult",
    "BulkTable",
    "Columns",
    "Merge",
    "batch_columns",
    "differs",
    "is_missing",
    "keep_known",
    "replaces",
    "upsert_columns",
]

Columns = dict[str, Array]
Merge = Callable[[Columns, Columns, Columns], Columns]
"""(keys, stored, given) of rows that exist -> what they become. Columns of equal length."""

_SLICE_ROWS = 120_000
_WRITE_ROWS = 20_000
_COPY_FROM = 4_000
_FEW_DAYS = 60
_FEW_TEXTS = 50


@dataclass(frozen=True)
class BulkTable:
    """How one table takes batches. The first key is text, the second a day or instant, further keys are text."""

    table: Table
    keys: tuple[Field, ...]
    values: tuple[Field, ...]
    stamps: tuple[str, ...] = ("source_id", "received_at")
    """Columns set to one value per batch wherever a row is written."""
    has_day_index: bool = False


@dataclass
class BulkResult:
    """What an upsert changed. ``old`` and ``new`` hold the updated rows before and after."""

    count: UpsertCount = field(default_factory=UpsertCount)
    first_day: int | None = None
    last_day: int | None = None
    tickers: set[str] = field(default_factory=set)
    updates: list[tuple[Columns, Columns]] = field(default_factory=list)


def keep_known(_keys: Columns, stored: Columns, given: Columns) -> Columns:
    """Default merge: a missing value or 0 never replaces a known one (domain.md §10.2-5)."""
    return {name: np.where(replaces(column, stored[name]), column, stored[name]) for name, column in given.items()}


def is_missing(column: Array) -> npt.NDArray[np.bool_]:
    """Where a column in comparing form holds no value."""
    if column.dtype.kind == "U":
        return np.asarray(column == "")
    return np.asarray(np.isnan(column) if column.dtype.kind == "f" else column == MISSING_INT)


def replaces(given: Array, stored: Array) -> npt.NDArray[np.bool_]:
    """Where a given value may take the place of a stored one."""
    if given.dtype.kind == "U":
        return np.asarray(given != "")
    if given.dtype.kind == "f":
        return np.asarray(~np.isnan(given) & ((given != 0) | np.isnan(stored)))
    return np.asarray((given != MISSING_INT) & ((given != 0) | (stored == MISSING_INT)))


def differs(left: Array, right: Array) -> npt.NDArray[np.bool_]:
    """Where two columns differ; missing equals missing."""
    if left.dtype.kind == "f":
        return np.asarray((left != right) & ~(np.isnan(left) & np.isnan(right)))
    return np.asarray(left != right)


def upsert_columns(
    connection: Connection,
    target: BulkTable,
    batch: Columns,
    stamps: dict[str, Any],
    *,
    merge: Merge = keep_known,
    finish: Callable[[Columns], Columns] | None = None,
    keep_updates: bool = False,
) -> BulkResult:
    """Bring a batch into a table.

    Parameters
    ----------
    batch : dict of arrays
        Every key and value column, equally long, in the form of :func:`columns.array_of`.
    stamps : dict
        Values of ``target.stamps``.
    merge : callable
        What a stored row becomes.
    finish : callable, optional
        Adds derived columns to the rows about to be written.
    keep_updates : bool
        Return the rows before and after each update, for revisions.
    """
    result = BulkResult()
    batch = _sorted_unique(target, batch)
    total = len(batch[target.keys[0].name])
    if not total:
        return result
    empty = connection.execute(select(literal(1)).select_from(target.table).limit(1)).first() is None
    for start, stop in _slices(batch[target.keys[0].name]):
        part = {name: column[start:stop] for name, column in batch.items()}
        stored, where = ({}, np.empty(0, dtype=np.int64)) if empty else _read_stored(connection, target, part)
        _write_part(connection, target, part, stored, where, stamps, merge, finish, result, keep_updates=keep_updates)
    return result


def _sorted_unique(target: BulkTable, batch: Columns) -> Columns:
    keys = [batch[item.name] for item in target.keys]
    if len(keys[0]) < 2 or _is_ascending(keys):
        return batch
    order = np.lexsort(tuple(reversed(keys)))  # stable: later rows of one key stay later
    ordered = [key[order] for key in keys]
    last_of_key = np.ones(len(order), dtype=np.bool_)
    last_of_key[:-1] = np.logical_or.reduce([key[1:] != key[:-1] for key in ordered])
    chosen = order[last_of_key]
    return {name: column[chosen] for name, column in batch.items()}


def _is_ascending(keys: Sequence[Array]) -> bool:
    """Whether rows are strictly ascending by key, so that sorting a million texts can be left out."""
    later = np.zeros(len(keys[0]) - 1, dtype=np.bool_)
    tied = np.ones(len(keys[0]) - 1, dtype=np.bool_)
    for key in keys:
        later |= tied & (key[1:] > key[:-1])
        tied &= key[1:] == key[:-1]
    return bool(later.all())


def _slices(first_key: Array) -> Iterator[tuple[int, int]]:
    """Cut sorted rows where the first key changes, near every _SLICE_ROWS rows."""
    total = len(first_key)
    start = 0
    while start < total:
        stop = min(start + _SLICE_ROWS, total)
        if stop < total:
            stop = max(int(np.searchsorted(first_key, first_key[stop - 1], side="right")), stop)
        yield start, stop
        start = stop


def _read_stored(connection: Connection, target: BulkTable, part: Columns) -> tuple[Columns, npt.NDArray[np.int64]]:
    """Return stored rows of the part's keys and, for each, its position in the part."""
    fields = target.keys + target.values
    rows = _fetch(connection, target, part)
    if not rows:
        return {}, np.empty(0, dtype=np.int64)
    days: dict[Any, int] = {}
    columns = zip(fields, zip(*rows, strict=True), strict=True)
    stored = {item.name: from_driver(column, item.kind, days) for item, column in columns}
    where = _positions(target, part, stored)
    known = where >= 0
    return {name: column[known] for name, column in stored.items()}, where[known]


def _fetch(connection: Connection, target: BulkTable, part: Columns) -> list[Any]:
    table = target.table
    first, second = target.keys[0], target.keys[1]
    query = select(*[table.c[item.name] for item in target.keys + target.values])
    constant = [
        table.c[item.name] == str(part[item.name][0])
        for item in target.keys[2:]
        if (part[item.name] == part[item.name][0]).all()
    ]
    query = query.where(*constant)
    firsts = part[first.name]
    low, high = str(firsts[0]), str(firsts[-1])
    seconds = np.unique(part[second.name])
    many = low != high
    if target.has_day_index and many and len(seconds) <= _FEW_DAYS:
        rows: list[Any] = []
        for day in days_from_ordinals(seconds).tolist():
            rows += _tuples(connection, query.where(table.c[second.name] == day))
        return rows
    bounds: list[Any] = days_from_ordinals(seconds[[0, -1]]).tolist() if second.kind is Kind.DAY else seconds[[0, -1]].tolist()
    column = table.c[first.name]
    texts = np.unique(firsts)
    # a list where it is short: a range would follow the server's collation, which orders punctuation its own way
    query = query.where(column.in_(texts.tolist()) if len(texts) <= _FEW_TEXTS else column.between(low, high))
    return _tuples(connection, query.where(table.c[second.name].between(*bounds)))


def _tuples(connection: Connection, query: Any) -> list[Any]:
    result = connection.execute(query)
    try:
        return list(result.cursor.fetchall()) if result.cursor is not None else []
    finally:
        result.close()


def _positions(target: BulkTable, part: Columns, stored: Columns) -> npt.NDArray[np.int64]:
    """Position in the part of each stored row, -1 where the part does not hold its key."""
    wanted, found = _numbers(target, part, stored)
    order = np.argsort(wanted, kind="stable")
    place = np.searchsorted(wanted, found, sorter=order)
    candidate = order[np.minimum(place, len(order) - 1)]
    return np.where(wanted[candidate] == found, candidate, -1)


def _numbers(target: BulkTable, part: Columns, stored: Columns) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give every key of the part and of the stored rows one integer; keys the part does not hold get -1."""
    base = int(part[target.keys[1].name].min())
    span = int(part[target.keys[1].name].max()) - base + 1
    wanted = part[target.keys[1].name] - base
    found = stored[target.keys[1].name] - base
    known = (found >= 0) & (found < span)
    for item in (target.keys[0], *target.keys[2:]):
        texts = np.unique(part[item.name])
        numbers = {text: number for number, text in enumerate(texts.tolist())}
        found_number = np.array([numbers.get(text, -1) for text in stored[item.name].tolist()], dtype=np.int64)
        known &= found_number >= 0
        wanted = wanted + np.searchsorted(texts, part[item.name]) * span
        found = found + found_number * span
        span *= len(texts)
    return wanted, np.where(known, found, -1)


def _write_part(
    connection: Connection,
    target: BulkTable,
    part: Columns,
    stored: Columns,
    where: npt.NDArray[np.int64],
    stamps: dict[str, Any],
    merge: Merge,
    finish: Callable[[Columns], Columns] | None,
    result: BulkResult,
    *,
    keep_updates: bool,
) -> None:
    size = len(part[target.keys[0].name])
    is_new = np.ones(size, dtype=np.bool_)
    is_new[where] = False
    names = [item.name for item in target.values]
    changed_at = np.empty(0, dtype=np.int64)
    becoming: Columns = {}
    if len(where):
        given = {name: part[name][where] for name in names}
        before = {name: stored[name] for name in names}
        existing = {item.name: part[item.name][where] for item in target.keys}
        merged = merge(existing, before, given)
        changed = np.logical_or.reduce([differs(merged[name], before[name]) for name in names])
        changed_at = where[changed]
        becoming = {name: merged[name][changed] for name in names}
        if keep_updates and len(changed_at):
            keys = {item.name: part[item.name][changed_at] for item in target.keys}
            result.updates.append((keys | {name: before[name][changed] for name in names}, keys | becoming))
    written = is_new.copy()
    written[changed_at] = True
    result.count = result.count + UpsertCount(int(is_new.sum()), len(changed_at), size - int(is_new.sum()) - len(changed_at))
    if not written.any():
        return
    rows = {name: column[written] for name, column in part.items()}
    if len(changed_at):
        position = np.searchsorted(np.flatnonzero(written), changed_at)
        for name in names:
            if rows[name].dtype.kind == "U":
                width = max(rows[name].dtype.itemsize, becoming[name].dtype.itemsize) // 4
                rows[name] = rows[name].astype(f"<U{max(width, 1)}")
            rows[name][position] = becoming[name]
    _note_days(target, rows, result)
    insert_rows(connection, target, finish(rows) if finish else rows, stamps)


def _note_days(target: BulkTable, rows: Columns, result: BulkResult) -> None:
    if target.keys[1].kind is not Kind.DAY:
        return
    days = rows[target.keys[1].name]
    low, high = int(days.min()), int(days.max())
    result.first_day = low if result.first_day is None else min(low, result.first_day)
    result.last_day = high if result.last_day is None else max(high, result.last_day)
    result.tickers.update(np.unique(rows[target.keys[0].name]).tolist())


def insert_rows(connection: Connection, target: BulkTable, rows: Columns, stamps: dict[str, Any]) -> None:
    """Write rows by key; a row that another writer put there meanwhile is overwritten, never doubled."""
    kinds = {item.name: item.kind for item in target.keys + target.values}
    names = list(rows)
    fixed = [stamps[name] for name in target.stamps]
    columns = names + list(target.stamps)
    size = len(next(iter(rows.values())))
    for start in range(0, size, _SLICE_ROWS):
        lists = [to_driver(rows[name][start : start + _SLICE_ROWS], kinds.get(name, _kind_of(rows[name]))) for name in names]
        stream = zip(*lists, *([value] * min(_SLICE_ROWS, size - start) for value in fixed), strict=True)
        if connection.dialect.name == "postgresql" and size >= _COPY_FROM:
            _copy_rows(connection, target, columns, stream)
        else:
            _execute_rows(connection, target, columns, stream)


def _kind_of(column: Array) -> Kind:
    return {"f": Kind.REAL, "U": Kind.TEXT, "b": Kind.FLAG}.get(column.dtype.kind, Kind.INT)


def _conflict(target: BulkTable, columns: Sequence[str]) -> str:
    keys = [item.name for item in target.keys]
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    return f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"


def _execute_rows(connection: Connection, target: BulkTable, columns: Sequence[str], stream: Iterator[Any]) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    sql = " ".join(
        [
            "INSERT INTO",
            target.table.name,
            f"({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})",
            _conflict(target, columns),
        ]
    )
    while rows := list(islice(stream, _WRITE_ROWS)):
        connection.exec_driver_sql(sql, rows)


def _copy_rows(connection: Connection, target: BulkTable, columns: Sequence[str], stream: Iterator[Any]) -> None:
    """PostgreSQL's bulk way: COPY into a temporary table, then one INSERT … SELECT."""
    listed = ", ".join(columns)
    name = target.table.name
    staging = f"staging_{name}"
    connection.exec_driver_sql(
        " ".join(["CREATE TEMPORARY TABLE IF NOT EXISTS", staging, f"(LIKE {name} INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"])
    )
    driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error
    cursor: Any = connection.connection.cursor()
    try:
        with cursor, cursor.copy(" ".join(["COPY", staging, f"({listed}) FROM STDIN"])) as copy:
            for row in stream:
                copy.write_row(row)
    except driver_error as error:
        raise to_storage_error(error, connection.engine.url.database or "") from error
    connection.exec_driver_sql(
        " ".join(["INSERT INTO", name, f"({listed})", "SELECT", listed, "FROM", staging, _conflict(target, columns)])
    )
    connection.exec_driver_sql(" ".join(["TRUNCATE", staging]))


def batch_columns(target: BulkTable, **columns: Array) -> Columns:
    """Bring batch columns into the comparing form, in the order of the table."""
    return {item.name: array_of(columns[item.name], item.kind) for item in target.keys + target.values}
