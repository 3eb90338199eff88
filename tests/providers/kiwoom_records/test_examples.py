"""Every official example and every recorded body: read, or refused for a listed reason."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from engine.model.errors import ProtocolChanged
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE
from ralphstock_desktop.providers.kiwoom.parse import parse
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister

from .bodies import REFUSED_EXAMPLES, examples, read_json, reason_not_served, recorded

pytestmark = pytest.mark.real_data
TODAY = date(2026, 11, 24)


def fate(api_id: str, body: object) -> tuple[str, str]:
    """Return what becomes of an example (``parsed``, ``refused``, ``not served``, ``unlisted``) and why."""
    reason = reason_not_served(api_id)
    if api_id not in CATALOGUE:
        not_json = " (and the example is no JSON)" if isinstance(body, dict) and "_unparsed" in body else ""
        return ("not served", reason + not_json) if reason else ("unlisted", "")
    try:
        reply = parse(CATALOGUE[api_id], body, today=TODAY)
    except ProtocolChanged as error:
        key, why = REFUSED_EXAMPLES.get(api_id, ("", ""))
        return ("refused", why) if error.key == key else ("unlisted", f"{error.key}: {error}")
    rows = 0 if not CATALOGUE[api_id].list_key else len(body[CATALOGUE[api_id].list_key])
    if api_id in REFUSED_EXAMPLES or reply.refused or len(reply.rows) != rows:
        return "unlisted", f"{len(reply.rows)} of {rows} rows, {reply.refused}"
    return "parsed", ""


def test_every_official_example_is_read_or_refused_for_a_listed_reason(recorded_data: Path) -> None:
    fates = {api_id: fate(api_id, body) for api_id, body in examples(recorded_data)}
    assert len(fates) == len(examples(recorded_data)) == 206
    unlisted = {api_id: why for api_id, (what, why) in fates.items() if what == "unlisted"}
    assert not unlisted
    counts = Counter(what for what, _ in fates.values())
    assert dict(counts) == {"parsed": 67, "refused": 3, "not served": 136}
    assert {api_id for api_id, (what, _) in fates.items() if what == "refused"} == set(REFUSED_EXAMPLES)


def test_no_known_request_is_without_example_but_the_account_number(recorded_data: Path) -> None:
    assert set(CATALOGUE) - {api_id for api_id, _ in examples(recorded_data)} == {"ka00001"}


def test_every_recorded_body_is_read_without_anything_unknown(recorded_data: Path) -> None:
    register = FieldRegister()
    rows = {}
    for api_id, body in recorded(recorded_data):
        reply = parse(CATALOGUE[api_id], body, today=TODAY, register=register)
        assert not reply.refused
        rows[api_id] = len(reply.rows)
    assert rows == {"ka10001": 0, "ka10003": 30, "ka10080": 900}
    assert register.report() == ()


def test_examples_hold_no_field_the_records_do_not_know(recorded_data: Path) -> None:
    register = FieldRegister()
    for api_id, body in examples(recorded_data):
        if api_id in CATALOGUE and api_id not in REFUSED_EXAMPLES:
            parse(CATALOGUE[api_id], body, today=TODAY, register=register)
    assert register.report() == ()


def test_paths_and_names_are_the_official_ones(recorded_data: Path) -> None:
    official = {api["api_id"]: api for api in read_json(recorded_data / "kiwoom" / "official_examples.json.gz")["apis"]}
    for api_id, entry in CATALOGUE.items():
        if api_id != "ka00001":
            assert (entry.path, entry.title) == (official[api_id]["url"], official[api_id]["name"]), api_id


def test_requests_send_exactly_the_official_fields(recorded_data: Path) -> None:
    """Field names of each typed request against the official request table."""
    import dataclasses

    official = {api["api_id"]: api for api in read_json(recorded_data / "kiwoom" / "official_examples.json.gz")["apis"]}
    differences = {}
    for api_id, entry in CATALOGUE.items():
        if api_id == "ka00001":
            continue
        wanted = {field["element"].strip() for field in official[api_id]["request_fields"] if field["in"] == "Body"} - {""}
        declared = {item.metadata["param"].wire for item in dataclasses.fields(entry.request)}
        declared |= CODES_BY_REQUEST.get(api_id, set())
        if declared != wanted:
            differences[api_id] = (sorted(declared - wanted), sorted(wanted - declared))
    assert differences == LATER_THAN_THE_TABLE


CODES_BY_REQUEST = {
    "ka10023": {"tm_tp"},
    "ka10054": {"trde_qty_tp", "min_trde_qty", "max_trde_qty", "trde_prica_tp", "min_trde_prica", "max_trde_prica"},
    "ka10063": {"amt_qty_tp"},
    "ka10075": {"all_stk_tp"},
    "ka10076": {"qry_tp"},
    "ka90001": {"qry_tp"},
    "ka90009": {"qry_dt_tp"},
}
"""Fields a request derives from others instead of asking for them."""

LATER_THAN_THE_TABLE: dict[str, tuple[list[str], list[str]]] = {
    "ka10065": (["amt_qty_tp"], []),
    "ka10080": (["base_dt"], []),
    "ka20005": (["base_dt"], []),
}
"""Fields of the protocol document that this edition of the official table has not (or the reverse)."""
