"""Damaged frames: no exception but the counted refusals, and no wrong value in the sink.

What is handed over is compared field by field with the undamaged fact: where the texts a value comes from are untouched, the
value must be the same; where they are touched, it must be possible. ``RALPHSTOCK_MUTATIONS`` sets how many frames.
"""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from engine.model.instants import kst_ns
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom.frames import FrameDecoder, UnreadableFrame
from tests.providers.mutations import damage_bytes, mutants, mutations_wanted

from . import DAY, TRADE, entry, frame
from .broker import Recorder
from .frame_mutations import mutated
from .test_golden_facts import VI, book_values

MUTATIONS = mutations_wanted(6_000)
NOW_NS = kst_ns(DAY, 14, 31)

INDEX = {"20": "110430", "10": "-1762.61", "11": "-189.51", "12": "-9.71", "15": "2800", "13": "725277", "14": "60711859",
         "16": "-1949.04", "17": "+1961.28", "18": "-1756.13", "25": "5", "26": "-1482363"}  # fmt: skip
BREADTH = {"20": "110710", "252": "46", "251": "1", "253": "166", "255": "204", "254": "16", "10": "-1757.42", "11": "-194.70"}
PROGRAM = {"20": "102759", "10": "-1365000", "202": "8127", "204": "11253", "206": "5651", "208": "7870", "210": "-2476",
           "212": "-3383"}  # fmt: skip

SOURCES: list[tuple[str, dict[str, Any], dict[str, tuple[str, ...]]]] = [
    ("trade", entry("0B", "005930", TRADE), {
        "ticker": ("item",), "venue": ("item", "9081"), "at_ns": ("20",), "price_krw": ("10",), "quantity_shares": ("15",),
        "volume_shares": ("13",), "value_krw": ("14",), "change_krw": ("11",), "open_krw": ("16",), "high_krw": ("17",),
        "low_krw": ("18",), "ask_krw": ("27", "28"), "bid_krw": ("27", "28"), "strength_pct": ("228", "1030", "1031", "13"),
        "buy_shares": ("228", "1030", "1031", "13"), "sell_shares": ("228", "1030", "1031", "13"),
    }),
    ("book", entry("0D", "000660_AL", book_values()), {
        "ticker": ("item",), "venue": ("item",), "at_ns": ("21",),
        "ask_krw": tuple(map(str, range(41, 51))), "ask_shares": tuple(map(str, range(61, 71))),
        "bid_krw": tuple(map(str, range(51, 61))), "bid_shares": tuple(map(str, range(71, 81))),
        "total_ask_shares": ("121",), "total_bid_shares": ("125",), "expected_krw": ("21", "23", "291"),
        "expected_shares": ("21", "23", "24", "291", "292"),
    }),
    ("best", entry("0C", "005930", {"27": "-20800", "28": "-20700"}),
     {"ticker": ("item",), "venue": ("item",), "ask_krw": ("27",), "bid_krw": ("28",)}),
    ("expected", entry("0H", "005930", {"20": "085512", "10": "+60500", "11": "+200", "12": "+0.33", "15": "-7805"}),
     {"ticker": ("item",), "venue": ("item",), "at_ns": ("20",), "price_krw": ("10",), "shares": ("10", "15")}),
    ("index", entry("0J", "001", INDEX), {
        "code": ("item",), "at_ns": ("20",), "level": ("10",), "change": ("11",), "change_pct": ("12",), "open": ("16",),
        "high": ("17",), "low": ("18",), "volume_shares": ("13",), "value_krw": ("14",),
    }),
    ("breadth", entry("0U", "001", BREADTH), {
        "code": ("item",), "at_ns": ("20",), "upper_limit": ("251",), "up": ("252",), "unchanged": ("253",), "down": ("255",),
        "lower_limit": ("254",),
    }),
    ("phase", entry("0s", "", {"215": "3", "20": "090000", "214": "000000"}),
     {"code": ("215",), "at_ns": ("20",), "left_s": ("214",)}),
    ("program", entry("0w", "005930", PROGRAM), {
        "ticker": ("item",), "venue": ("item",), "at_ns": ("20",), "buy_shares": ("206",), "sell_shares": ("202",),
        "net_shares": ("202", "206"), "buy_krw": ("208",), "sell_krw": ("204",), "net_krw": ("212",),
    }),
    ("vi", entry("1h", "005930", {**VI, "1224": "111703"}), {
        "ticker": ("item", "9001"), "kind": ("9068",), "up": ("9069",), "price_krw": ("1221",),
        "base_krw": ("9068", "1236", "1237"), "triggered_ns": ("1223",), "released_ns": ("1224",), "count_today": ("1490",),
    }),
    ("condition", entry("02", "005930", {"841": "4", "9001": "005930", "843": "I", "20": "152028"}),
     {"sequence": ("841",), "ticker": ("9001",), "entered": ("843",), "at_ns": ("20",)}),
]  # fmt: skip
"""Name at the sink, the entry, and which texts each value of the fact comes from."""

SIGNED = {"change_krw", "net_krw", "quantity_shares", "net_shares"}
KIND_OF = {source["type"]: kind for kind, source, _ in SOURCES}


def texts_of(source: Any) -> dict[str, Any]:
    """The texts of an entry by FID, and its head."""
    values = source.get("values")
    return {**(values if isinstance(values, dict) else {}), "item": source.get("item", "")}


def blank(value: Any) -> Any:
    """What is missing in two spellings is missing."""
    return "" if value is None else value


def assert_possible(fact: Any) -> None:
    """No value that cannot be."""
    for name, value in fact._asdict().items():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, bool | str):
                continue
            assert -(2**63) <= part < 2**63 if isinstance(part, int) else not math.isinf(part), (name, part)
            if part == MISSING or part != part:
                continue
            if name.endswith("_ns") and name != "received_ns":
                assert kst_ns(DAY, 0) <= part < kst_ns(DAY, 23, 59, 59) + 1_000_000_000, (name, part)
            elif name.endswith(("_krw", "shares")) and name not in SIGNED:
                assert part >= 0, (name, part)
    if type(fact).__name__ == "TradeTick":
        assert fact.price_krw > 0
        assert fact.change_krw == MISSING or fact.price_krw - fact.change_krw > 0
        assert fact.high_krw == MISSING or fact.low_krw <= fact.high_krw
        assert abs(fact.quantity_shares) <= fact.volume_shares or fact.volume_shares == MISSING


def same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    recorder = Recorder()
    FrameDecoder(recorder, recorder, "stream", NOW_NS).feed(frame(*(source for _, source, _ in SOURCES)), 5)
    facts = dict(recorder.facts)
    assert set(facts) == {kind for kind, _, _ in SOURCES}
    return facts


def test_damaged_frames(whole: dict[str, Any]) -> None:
    chance = random.Random(20260720)
    used = refused = unreadable = touched = 0
    for number in range(MUTATIONS):
        recorder = Recorder()
        if number % 500 == 0:
            decoder = FrameDecoder(recorder, recorder, "stream", NOW_NS)
        point(decoder, recorder)
        before = sum(decoder.counts.refused.values()) + sum(decoder.counts.unknown.values())
        sources = chance.sample(SOURCES, chance.choice((1, 1, 1, 2, 4)))
        raw, is_bytes = mutated(chance, [source for _, source, _ in sources])
        try:
            decoder.feed(raw, 5)
        except UnreadableFrame:
            unreadable += 1
            assert not recorder.facts
            continue
        used += len(recorder.facts)
        refused += sum(decoder.counts.refused.values()) + sum(decoder.counts.unknown.values()) - before
        for _, fact in recorder.facts:
            assert_possible(fact)
        if is_bytes:
            continue
        touched += compare(json.loads(raw)["data"], recorder, whole)
    assert unreadable > MUTATIONS / 50
    assert used > MUTATIONS / 2, "not everything is refused"
    assert refused > MUTATIONS / 10
    assert touched > MUTATIONS / 10


def point(decoder: FrameDecoder, recorder: Recorder) -> None:
    """Let a decoder, which is dear to make, fill another recorder."""
    decoder._sink = decoder._monitor = recorder
    decoder._on_condition = recorder.on_condition
    decoder._vis.clear()


def compare(damaged: list[Any], recorder: Recorder, whole: dict[str, Any]) -> int:
    """Compare the facts of the entries that became one with the undamaged ones; returns how many fields were compared."""
    compared = 0
    origins = {kind: (texts_of(source), fields) for kind, source, fields in SOURCES}
    told = list(recorder.facts)
    for source in damaged:
        kind = KIND_OF.get(source.get("type", "")) if isinstance(source, dict) and isinstance(source.get("type"), str) else None
        if kind is None:
            continue
        texts = texts_of(source)
        original, fields = origins[kind]
        mine = [fact for name, fact in told if name == kind]
        alike = sum(isinstance(other, dict) and other.get("type") == source["type"] for other in damaged)
        if len(mine) != 1 or alike != 1:
            continue  # refused, or two of a kind after damage to a type
        for name, fids in fields.items():
            if all(blank(texts.get(fid)) == blank(original.get(fid)) for fid in fids):
                value, expected = getattr(mine[0], name), getattr(whole[kind], name)
                assert same(value, expected), (kind, name, value, expected, texts)
                compared += 1
    return compared


def test_frames_damaged_like_any_document(whole: dict[str, Any]) -> None:
    documents = [{"trnm": "REAL", "data": [source]} for _, source, _ in SOURCES]
    compared = used = 0
    for number, (_, seed, mutant) in enumerate(mutants(documents, MUTATIONS // 2, 7)):
        recorder = Recorder()
        if number % 500 == 0:
            decoder = FrameDecoder(recorder, recorder, "stream", NOW_NS)
        point(decoder, recorder)
        raw = json.dumps(mutant.document, ensure_ascii=False).encode("utf-8", "surrogatepass")
        for content in (raw, damage_bytes(raw, random.Random(seed))):
            try:
                decoder.feed(content, 5)
            except UnreadableFrame:
                continue
            finally:
                for _, fact in recorder.facts:
                    assert_possible(fact)
            if content is raw and isinstance(mutant.document, dict) and isinstance(mutant.document.get("data"), list):
                used += len(recorder.facts)
                compared += compare(mutant.document["data"], recorder, whole)
                recorder.facts.clear()
    assert used > MUTATIONS / 20
    assert compared > MUTATIONS / 10


def test_a_frame_cut_anywhere_is_never_half_used() -> None:
    recorder = Recorder()
    decoder = FrameDecoder(recorder, recorder, "stream", NOW_NS)
    raw = frame(entry("0B", "005930", TRADE))
    for length in range(len(raw)):
        with pytest.raises(UnreadableFrame):
            decoder.feed(raw[:length], 5)
    assert not recorder.facts
    assert decoder.counts.unreadable == len(raw)
