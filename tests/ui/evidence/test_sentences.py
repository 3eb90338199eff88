"""Sentences of the evidence: every item in every state has one, in both languages, with the evidence's own numbers."""

from __future__ import annotations

import string

import numpy as np
import pytest

from engine.explain.reasons import signal_reasons
from engine.explain.sentences import _FIELDS, _PIVOT_FIELDS, calculation, item_key
from engine.explain.vcp_evidence import explain_vcp
from engine.model.evidence import Evidence, ItemState
from engine.model.scan import GROUPS, ITEMS, Ineligible, ScanFlag, VcpState
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.wording import sentence_text
from ralphstock_desktop.wording.texts import LANGUAGES, Texts
from tests.ui.tables.local_market import local_panel, scan_picture


def all_evidence() -> list[Evidence]:
    picture = scan_picture(local_panel())
    return [
        item
        for row in range(0, len(picture.panel.tickers), 2)
        for group in explain_vcp(picture.panel, picture.scan, row, DEFAULT_RULES)
        for item in group.items
    ]


def test_every_item_has_fields() -> None:
    assert set(_FIELDS) == set(ITEMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_real_evidence_of_many_symbols_reads_as_a_sentence(qapp: object, language: str) -> None:
    look = Appearance(language=language)  # type: ignore[arg-type]
    seen: set[str] = set()
    for evidence in all_evidence():
        sentence = calculation(evidence)
        text = sentence_text(sentence, look)
        assert text and "{" not in text and "nan" not in text and "—" not in text.replace(" — ", ""), (evidence.item, text)
        assert look.tr(item_key(evidence))
        seen.add(sentence.key)
    assert {f"evidence.calc.{item}" for item in ITEMS if item != "E1"} <= seen
    assert any(key.startswith("evidence.calc.E1") for key in seen)


def test_the_sentence_says_the_measured_value_itself() -> None:
    for evidence in all_evidence():
        sentence = calculation(evidence)
        fields = {field.name: field.value for field in sentence.fields}
        if evidence.value is not None and evidence.item in ("C1", "C2", "C3", "D1", "B2", "SM1"):
            assert fields["value"] == evidence.value
        inputs = dict(evidence.inputs)
        for name in fields.keys() & inputs.keys():
            assert fields[name] == inputs[name]


def test_an_unknown_item_gives_its_reason() -> None:
    unknown = [evidence for evidence in all_evidence() if evidence.state is ItemState.UNKNOWN]
    assert unknown
    for evidence in unknown:
        assert calculation(evidence).key == evidence.reason and calculation(evidence).fields == ()


def test_share_flows_are_written_in_shares() -> None:
    evidence = Evidence(
        "SM1", "SM", 3.0, "%", ">=", 5.0, -2.0, 24, 40, ItemState.PARTIAL, "§2.10",
        inputs=(("net", 30_000.0), ("turnover", 1_000_000.0), ("unit", "shares"), ("pct", 3.0)),
    )  # fmt: skip
    kinds = {field.name: field.kind for field in calculation(evidence).fields}
    assert kinds["net"] == kinds["turnover"] == "shares"


@pytest.mark.parametrize("state", list(_PIVOT_FIELDS))
def test_the_pivot_sentence_tells_what_decided(state: str) -> None:
    inputs = (
        ("close", 100.0), ("pivot", 98.0), ("dist_pct", -2.0), ("state", state.upper()),
        ("vol_ratio", 1.2), ("last_low", 101.0),
    )  # fmt: skip
    evidence = Evidence("E1", "E", 1.2, "×", ">=", 1.4, -0.2, 4, 10, ItemState.PARTIAL, "§2.8", inputs=inputs)
    sentence = calculation(evidence)
    assert sentence.key == f"evidence.calc.E1.{state}"
    for language in LANGUAGES:
        text = Texts(language)(sentence.key)
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= {field.name for field in sentence.fields}


def test_the_catalogue_has_every_code_of_the_scan() -> None:
    for language in LANGUAGES:
        texts = Texts(language)
        for item in ITEMS:
            assert f"evidence.item.{item}" in texts and f"evidence.calc.{item}" in texts
        for group in GROUPS:
            assert f"evidence.group.{group}" in texts
        for state in VcpState:
            assert f"table.state.{state.name.lower()}" in texts
        for prefix, kind in (("table.flag", ScanFlag), ("table.ineligible", Ineligible)):
            for bit in kind:
                assert not bit or f"{prefix}.{str(bit.name).lower()}" in texts


def test_reasons_of_real_results_are_in_the_catalogue() -> None:
    picture = scan_picture(local_panel())
    keys: set[str] = set()
    for row in np.flatnonzero(~np.isnan(picture.scan.vcp_score)):
        for key, fields in signal_reasons(picture.scan, int(row)):
            keys.add(key)
            for language in LANGUAGES:
                assert "{" not in Texts(language)(key, **fields) if fields else key in Texts(language)
    assert {"reason.contractions", "reason.trend", "reason.strength"} <= keys
    for state in VcpState:
        if state not in (VcpState.NOT_TRADABLE, VcpState.INSUFFICIENT_HISTORY):
            assert f"reason.state.{state.name.lower()}" in Texts("ko")
