"""Damaged bodies: no exception but our own, and nothing wrong comes out.

``RALPHSTOCK_MUTATIONS=200000`` tries so many instead of the ordinary number.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.model.errors import ProtocolChanged, RalphStockError
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE
from ralphstock_desktop.providers.kiwoom.catalogue_base import Tr
from ralphstock_desktop.providers.kiwoom.errors import decode_body
from ralphstock_desktop.providers.kiwoom.parse import Reply, parse
from ralphstock_desktop.providers.kiwoom.parse_columns import Columns, columns_of
from ralphstock_desktop.providers.kiwoom.records_layout import layout_of
from ralphstock_desktop.providers.kiwoom.records_wire import Kind
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister
from tests.providers.mutations import damage_bytes, mutants, mutations_wanted

from .bodies import readable

pytestmark = pytest.mark.real_data
TODAY = date(2026, 11, 24)
TAG = "row_tag"
ORDINARY = 3_000
MOST_ROWS = 30
"""Rows kept of a body: damage to one of 900 rows shows no more than to one of 30, and takes thirty times as long."""
CHARTS = frozenset(
    {"ka10079", "ka10080", "ka10081", "ka10082", "ka10083", "ka10094", "ka20004", "ka20006", "ka20007", "ka20008", "ka20019"}
)


def tagged(api_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a copy whose rows say which they are, in a field nobody knows."""
    copied = copy.deepcopy(body)
    for index, row in enumerate(copied.get(CATALOGUE[api_id].list_key, [])[:MOST_ROWS]):
        row[TAG] = f"row {index}"
    if CATALOGUE[api_id].list_key:
        copied[CATALOGUE[api_id].list_key] = copied[CATALOGUE[api_id].list_key][:MOST_ROWS]
    return copied


def same(one: Any, other: Any) -> bool:
    return one == other or (isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other))


def assert_untouched_fields_equal(record: Any, row: dict[str, Any], sound: Any, sound_row: dict[str, Any]) -> None:
    for name, declared, _ in layout_of(type(record)).columns:
        wires = (*declared.names, *([declared.sign_from] if declared.sign_from else []))
        if all(same(row.get(wire), sound_row.get(wire)) and type(row.get(wire)) is type(sound_row.get(wire)) for wire in wires):
            assert same(getattr(record, name), getattr(sound, name)), name


def assert_plausible(record: Any) -> None:
    """What must hold of anything that comes out, written down once more and simpler than in the product."""
    for name, declared, _ in layout_of(type(record)).columns:
        values = getattr(record, name)
        for value in values if declared.is_series else (values,):
            if isinstance(value, bool):
                pytest.fail(f"{name} is {value}")
            if isinstance(value, int):
                assert value == MISSING or abs(value) <= (2 * 10**18 if declared.kind is Kind.STAMP else 10**18), (name, value)
                if declared.kind in (Kind.PRICE, Kind.SHARES, Kind.KRW, Kind.COUNT):
                    assert value == MISSING or value >= 0, (name, value)
                if declared.kind is Kind.CLOCK:
                    assert value == MISSING or 0 <= value < 86_400
            elif isinstance(value, float):
                assert not math.isinf(value), name
            elif declared.is_required:
                assert value not in (None, ""), name
            if isinstance(value, date) and name == "day":
                assert date(1956, 3, 3) <= value <= TODAY
    is_bar = type(record).__name__ in {"TickBar", "MinuteBar", "DayBar", "PeriodBar", "YearBar", "DayPrice"}
    if is_bar and record.volume_shares > 0:
        assert 0 < record.low_krw <= min(record.open_krw, record.close_krw)
        assert max(record.open_krw, record.close_krw) <= record.high_krw


def assert_nothing_wrong(
    tr: Tr[Any, Any, Any], body: Any, reply: Reply[Any, Any], sound_body: Any, sound: dict[str, Any]
) -> None:
    rows = body.get(tr.list_key) if tr.list_key else []
    for position, record in zip(reply.positions, reply.rows, strict=True):
        assert_plausible(record)
        row = rows[position]
        tag = row.get(TAG)
        if isinstance(tag, str) and tag in sound:
            sound_row = next(own for own in sound_body[tr.list_key] if own[TAG] == tag)
            assert_untouched_fields_equal(record, row, sound[tag], sound_row)
    if reply.head is not None:
        assert_plausible(reply.head)
        assert_untouched_fields_equal(reply.head, body, sound["head"], sound_body)


def as_columns_agree(tr: Tr[Any, Any, Any], body: Any, reply: Reply[Any, Any] | None) -> None:
    """Columns give what records give, or refuse what they refuse."""
    try:
        columns: Columns | None = columns_of(tr, [body], today=TODAY)
    except RalphStockError:
        columns = None
    assert (columns is None) == (reply is None)
    if columns is None or reply is None:
        return
    for name, column in columns.arrays.items():
        values = [getattr(record, name) for record in reply.rows]
        expected = np.array(values, dtype=column.dtype)
        assert np.array_equal(column, expected, equal_nan=column.dtype.kind == "f"), name


def test_damaged_bodies_give_our_errors_or_nothing_wrong(recorded_data: Path) -> None:
    sound_bodies = [(api_id, tagged(api_id, body)) for api_id, body in readable(recorded_data)]
    sound: list[dict[str, Any]] = []
    for api_id, body in sound_bodies:
        reply = parse(CATALOGUE[api_id], body, today=TODAY)
        rows = body.get(CATALOGUE[api_id].list_key, [])
        found = {rows[position][TAG]: record for position, record in zip(reply.positions, reply.rows, strict=True)}
        sound.append({**found, "head": reply.head})
    outcomes: Counter[str] = Counter()
    register = FieldRegister()
    count = mutations_wanted(ORDINARY)
    for index, seed, mutant in mutants([body for _, body in sound_bodies], count, seed=20261124):
        api_id, sound_body = sound_bodies[index]
        tr = CATALOGUE[api_id]
        reply = None
        try:
            reply = parse(tr, mutant.document, today=TODAY, register=register)
        except RalphStockError as error:
            assert error.key.startswith("error."), error
            outcomes["refused"] += 1
        except Exception as error:  # what must never happen; said with all that is needed to repeat it
            pytest.fail(f"{api_id} seed {seed} {mutant.kinds}: {type(error).__name__} {error}")
        if reply is not None:
            outcomes["read"] += 1
            outcomes["rows refused"] += len(reply.refused)
            try:
                assert_nothing_wrong(tr, mutant.document, reply, sound_body, sound[index])
            except AssertionError as error:
                pytest.fail(f"{api_id} seed {seed} {mutant.kinds} {mutant.touched}: wrong value {error}")
        if api_id in CHARTS:
            try:
                as_columns_agree(tr, mutant.document, reply)
            except AssertionError as error:
                pytest.fail(f"{api_id} seed {seed} {mutant.kinds}: columns differ from records: {error}")
    assert outcomes["read"] > count * 0.2, outcomes
    assert outcomes["refused"] > count * 0.2, outcomes
    assert any(note.kind == "unknown_field" and note.field == "new_field" for note in register.report())


def test_damaged_bytes_give_our_errors_or_a_body(recorded_data: Path) -> None:
    rng = random.Random(7)
    contents = [(api_id, msgspec.json.encode(tagged(api_id, body))) for api_id, body in readable(recorded_data)]
    outcomes: Counter[str] = Counter()
    for number in range(mutations_wanted(1_000)):
        api_id, content = contents[number % len(contents)]
        decoded = decode_body(200, damage_bytes(content, rng), api_id)
        if isinstance(decoded, RalphStockError):
            outcomes[decoded.key] += 1
            continue
        try:
            reply = parse(CATALOGUE[api_id], decoded, today=TODAY)
        except RalphStockError as error:
            outcomes[error.key] += 1
            continue
        outcomes["read"] += 1
        for record in reply.rows:
            assert_plausible(record)
    assert outcomes["read"] > 0 and outcomes["error.kiwoom.half_body"] > 0


@pytest.mark.parametrize("factor", [10**3, 10**6])
@pytest.mark.parametrize("api_id", ["ka10081", "ka10082", "ka10083", "ka10094", "ka10095", "ka10059", "ka10003", "ka10032"])
def test_amounts_in_a_wrong_unit_are_refused_with_the_reason(recorded_data: Path, api_id: str, factor: int) -> None:
    body = copy.deepcopy(dict(readable(recorded_data))[api_id])
    wire = "acc_trde_prica" if api_id in ("ka10059", "ka10003") else "trde_prica"
    for row in body[CATALOGUE[api_id].list_key]:
        row[wire] = str(int(row[wire]) * factor)
    with pytest.raises(ProtocolChanged) as raised:
        parse(CATALOGUE[api_id], body, today=TODAY)
    assert raised.value.key == "error.kiwoom.rows"
    # Beyond the largest amount there is, or beyond 64 bits, the text itself is refused.
    assert raised.value.fields["cause"] in {"error.kiwoom.implausible", "error.kiwoom.value"}
    assert raised.value.fields["field"] in {"value_krw", wire}
    assert raised.value.retryable


def test_the_same_seed_does_the_same_damage() -> None:
    document = {"list": [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], "return_code": 0}
    once = [mutant.document for _, _, mutant in mutants([document], 50, seed=3)]
    again = [mutant.document for _, _, mutant in mutants([document], 50, seed=3)]
    assert repr(once) == repr(again)
    assert document == {"list": [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], "return_code": 0}
    assert dataclasses.is_dataclass(next(mutants([document], 1, seed=3))[2])
