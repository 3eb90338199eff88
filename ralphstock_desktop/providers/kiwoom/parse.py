"""From the bodies of an answer to records: read, doubted, put in ascending order, freed of repeats.

A row that cannot be read or cannot be true is refused, counted and told to the register; the others stand. An answer of which
more than a twentieth is refused is refused as a whole. "No data" is an empty answer: an empty list, code 20, or one row whose
fields are all blank.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar

from engine.model.errors import ProtocolChanged, RalphStockError
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom.catalogue_base import Order, Request, Tr, measure_of
from ralphstock_desktop.providers.kiwoom.errors import error_of, is_no_data
from ralphstock_desktop.providers.kiwoom.records_checks import doubt_of
from ralphstock_desktop.providers.kiwoom.records_layout import layout_of, refusal
from ralphstock_desktop.providers.kiwoom.records_wire import Measure
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister

__all__ = [
    "ENVELOPE",
    "TOLERATED",
    "Reply",
    "check_code",
    "is_blank_row",
    "note_fields",
    "parse",
    "read_head",
    "refuse_disorder",
]

ENVELOPE: Final = frozenset({"return_code", "return_msg", "returnCode", "returnMsg"})
"""Fields of every body; the last two come in one official example."""
TOLERATED: Final = 0.05
"""Share of an answer's rows that may be refused before the answer is."""
_CODE: Final = re.compile(r" *-?[0-9]{1,9} *")
_FEW: Final = 10
"""Distinct unknown fields of a row that are told one by one; more are one entry."""

H = TypeVar("H")
R = TypeVar("R")
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reply(Generic[H, R]):
    """An answer, complete or page by page, as records.

    Attributes
    ----------
    head : record or None
        The fields beside the list, of the newest page.
    rows : tuple of records
        Ascending, unless the answer is a ranking.
    positions : tuple of int
        Where each row stood among all rows received.
    refused : tuple of ProtocolChanged
        Why rows were left out.
    """

    api_id: str
    head: H | None
    rows: tuple[R, ...]
    positions: tuple[int, ...]
    refused: tuple[ProtocolChanged, ...]
    measure: Measure


@dataclass(slots=True)
class _Read:
    """A row on its way: where it stood, on which page, and what it says."""

    position: int
    page: int
    record: Any


def is_blank_row(row: object) -> bool:
    """Whether all fields of a row are blank: the broker's other way to say that there is nothing."""
    return isinstance(row, Mapping) and all(
        value is None or (isinstance(value, str) and not value.strip()) for value in row.values()
    )


def parse(
    tr: Tr[Any, H, R],
    bodies: Body | Sequence[Body],
    request: Request | None = None,
    *,
    today: date | None = None,
    register: FieldRegister | None = None,
) -> Reply[H, R]:
    """Read an answer.

    Parameters
    ----------
    tr : Tr
        Its entry in the catalogue.
    bodies : mapping or sequence of mappings
        Decoded bodies, newest page first.
    request : Request, optional
        What was asked: decides what investor columns are counted in, and whether prices are adjusted.
    today : date, optional
        Day of the market's clock; later dates are refused.
    register : FieldRegister, optional
        Hears of unknown and vanished fields and of refused rows.

    Raises
    ------
    ProtocolChanged
        If the answer has not the agreed shape or order, a flat answer cannot be read, or too many rows are refused.
    ProviderError
        If a body is a refusal of the broker.
    """
    pages = [bodies] if isinstance(bodies, Mapping) else list(bodies)
    register = register or FieldRegister()
    measure = measure_of(request)
    adjusted = bool(getattr(request, "adjusted", False))
    for body in pages:
        check_code(tr, body)
    found = [(page, body) for page, body in enumerate(pages) if not is_no_data(body, tr.api_id)]
    head = read_head(tr, found[0][1], today, measure, register) if found and tr.head is not None else None
    if tr.row is None:
        return Reply(tr.api_id, head, (), (), (), measure)
    read: list[_Read] = []
    refused: list[ProtocolChanged] = []
    position = 0
    for page, body in found:
        rows = _rows_of(tr, body)
        note_fields(tr, rows, register)
        for row in rows:
            if not is_blank_row(row):
                try:
                    record = _read_row(tr, row, position, today, measure, adjusted)
                    read.append(_Read(position, page, record))
                except ProtocolChanged as error:
                    refused.append(error)
            elif len(rows) > 1:
                refused.append(_row_error(tr, position, "a row of blanks among others", "error.kiwoom.missing", "", ""))
            position += 1
    kept = _without_repeats(tr, read, refused)
    for reason in refused:
        register.refused(tr.api_id, reason, is_private=tr.is_private)
    _check_share(tr, len(kept), refused)
    kept = _ascending(tr, kept)
    return Reply(
        tr.api_id, head, tuple(item.record for item in kept), tuple(item.position for item in kept), tuple(refused), measure
    )


def check_code(tr: Tr[Any, Any, Any], body: Body) -> None:
    """Raise what the code of a body says, if it says no success."""
    if not isinstance(body, Mapping):
        raise refusal(f"The answer to {tr.api_id} is no JSON object", "error.kiwoom.shape", api_id=tr.api_id, status=200)
    code = body.get("return_code", body.get("returnCode"))
    if isinstance(code, str) and not _CODE.fullmatch(code):
        raise refusal(f"The answer to {tr.api_id} has no return_code", "error.kiwoom.shape", api_id=tr.api_id, status=200)
    error = error_of(200, body, tr.api_id)
    if error is not None:
        raise error


def _rows_of(tr: Tr[Any, Any, Any], body: Body) -> list[Any]:
    rows = body.get(tr.list_key)
    if not isinstance(rows, list):
        raise refusal(
            f"The answer to {tr.api_id} holds no list {tr.list_key}", "error.kiwoom.list", api_id=tr.api_id, field=tr.list_key
        )
    return rows


def _row_error(tr: Tr[Any, Any, Any], position: int, message: str, key: str, field: str, value: object) -> ProtocolChanged:
    shown = value if isinstance(value, str) else repr(value)
    if tr.is_private:
        shown = ""
    return refusal(
        f"{tr.api_id}, row {position}: {message}", key, api_id=tr.api_id, row=position, field=field, value=shown[:60]
    )


def _read_row(
    tr: Tr[Any, Any, Any],
    row: object,
    position: int,
    today: date | None,
    measure: Measure,
    adjusted: bool,
    *,
    head: bool = False,
) -> Any:
    record_type = tr.head if head else tr.row
    assert record_type is not None
    if not isinstance(row, Mapping):
        raise _row_error(tr, position, "not an object", "error.kiwoom.value", "", row)
    try:
        record = layout_of(record_type, measure).read(row)
    except ProtocolChanged as error:
        field, value = str(error.fields.get("field", "")), str(error.fields.get("value", ""))
        message = f"field {field}" if tr.is_private else str(error)
        raise _row_error(tr, position, message, error.key, field, value) from error
    doubt = doubt_of(record, today=today, measure=measure, adjusted=adjusted, is_private=tr.is_private)
    if doubt is not None:
        message = f"{doubt.field} is {doubt.value}, but should be {doubt.right}"
        raise _row_error(tr, position, message, "error.kiwoom.implausible", doubt.field, doubt.value)
    return record


def read_head(tr: Tr[Any, H, Any], body: Body, today: date | None, measure: Measure, register: FieldRegister) -> H:
    """Read the fields beside the list, or a flat answer; tells the register what is unknown or gone."""
    assert tr.head is not None
    names = layout_of(tr.head).names
    if not tr.is_short:
        for name in body.keys() - names - ENVELOPE - {tr.list_key}:
            register.unknown(tr.api_id, name, body[name], is_private=tr.is_private)
        for name in names - body.keys() - tr.sometimes:
            register.missing(tr.api_id, name)
    try:
        record: H = _read_row(tr, body, 0, today, measure, adjusted=False, head=True)
    except ProtocolChanged as error:
        register.refused(tr.api_id, error, is_private=tr.is_private)
        raise
    return record


def note_fields(tr: Tr[Any, Any, Any], rows: Sequence[object], register: FieldRegister) -> None:
    """Tell the register which fields of the rows are unknown, and which are gone."""
    assert tr.row is not None
    if tr.is_short:
        return
    names = layout_of(tr.row).names
    unknown: dict[str, tuple[object, int]] = {}
    missing: dict[str, int] = {}
    for row in rows:
        if not isinstance(row, Mapping) or row.keys() == names:
            continue
        for name in row.keys() - names:
            sample, count = unknown.get(name, (row[name], 0))
            unknown[name] = (sample, count + 1)
        for name in names - row.keys() - tr.sometimes:
            missing[name] = missing.get(name, 0) + 1
    for name, (sample, count) in sorted(unknown.items())[:_FEW]:
        register.unknown(tr.api_id, name, sample, count, is_private=tr.is_private)
    if len(unknown) > _FEW:
        register.unknown(tr.api_id, "…", "", len(unknown) - _FEW)
    for name, count in sorted(missing.items()):
        register.missing(tr.api_id, name, count)


def _without_repeats(tr: Tr[Any, Any, Any], read: list[_Read], refused: list[ProtocolChanged]) -> list[_Read]:
    """Drop rows that were on an earlier page already; of an ordered list refuse rows that contradict each other."""
    if not tr.unique:
        return read
    first: dict[tuple[Any, ...], _Read] = {}
    contradicted: set[tuple[Any, ...]] = set()
    kept: list[_Read] = []
    for item in read:
        key = tuple(getattr(item.record, name) for name in tr.unique)
        earlier = first.get(key)
        if earlier is None or any(part == MISSING for part in key):
            first[key] = item
            kept.append(item)
        elif tr.order is Order.RANKED:
            # Ranks move while pages are asked for; within one page equal keys are the broker's business.
            if earlier.page == item.page:
                kept.append(item)
        elif _differ(earlier.record, item.record):
            contradicted.add(key)
            refused.append(
                _row_error(
                    tr, item.position, f"contradicts row {earlier.position}", "error.kiwoom.conflict", tr.unique[0], key[0]
                )
            )
    if not contradicted:
        return kept
    return [item for item in kept if tuple(getattr(item.record, name) for name in tr.unique) not in contradicted]


def _differ(one: Any, other: Any) -> bool:
    # NaN is not equal to itself; the text forms of two records with the same values are.
    return one != other and repr(one) != repr(other)


def _check_share(tr: Tr[Any, Any, Any], kept: int, refused: Sequence[RalphStockError]) -> None:
    if refused and (not kept or len(refused) > TOLERATED * (kept + len(refused))):
        worst = refused[0]
        raise refusal(
            f"{len(refused)} of {kept + len(refused)} rows of the answer to {tr.api_id} cannot be right; the first: {worst}",
            "error.kiwoom.rows",
            # A garbled answer may be right the next time; a changed protocol stays wrong and costs one more request.
            retryable=True,
            api_id=tr.api_id,
            refused=len(refused),
            rows=kept + len(refused),
            cause=worst.key,
            row=worst.fields.get("row", 0),
            field=worst.fields.get("field", ""),
            value=worst.fields.get("value", ""),
        )


def _ascending(tr: Tr[Any, Any, Any], kept: list[_Read]) -> list[_Read]:
    """Turn a newest-first list round; raise if the rows are not in the agreed order."""
    if tr.order is Order.RANKED or not kept:
        return kept
    turned = kept[::-1] if tr.order is Order.NEWEST_FIRST else kept
    last: Any = None
    for item in turned:
        key = getattr(item.record, tr.ordered_by)
        if key == MISSING:
            continue
        if last is not None and key < last:
            raise refuse_disorder(tr, item.position, key)
        last = key
    return turned


def refuse_disorder(tr: Tr[Any, Any, Any], position: int, key: object) -> ProtocolChanged:
    """Build the error of rows that are not in the agreed order."""
    return refusal(
        f"The rows of {tr.api_id} are not {tr.order.name.lower().replace('_', ' ')} at row {position}",
        "error.kiwoom.order",
        retryable=True,
        api_id=tr.api_id,
        row=position,
        field=tr.ordered_by,
        value=str(key),
    )
