"""Answers as plain data, so that a conversation opened next month shows what it showed when it was written.

The form is versioned; a record this program cannot read becomes an answer of its plain text, never an error and never a guess.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any, cast

from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant_contracts import (
    Answer,
    Block,
    Chart,
    Code,
    Fact,
    Heading,
    Items,
    Paragraph,
    Proposal,
    Quote,
    Refusal,
    SourceChip,
    Span,
    Table,
    Target,
    Usage,
)

__all__ = ["VERSION", "context_hash", "pack", "unpack"]

VERSION = 1


def pack(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON-ready data."""
    packed: dict[str, Any] = {
        "version": VERSION,
        "source": answer.source,
        "language": answer.language,
        "as_of_ns": answer.as_of.instant_ns,
        "blocks": [_pack_block(block) for block in answer.blocks],
        "facts": [_plain(asdict(fact)) for fact in answer.facts],
        "chips": [_plain(asdict(chip)) for chip in answer.chips],
        "numbers": answer.numbers,
        "linked": answer.linked,
        "proposals": [_plain(asdict(proposal)) for proposal in answer.proposals],
        "disclaimer": answer.disclaimer,
        "notes": [[key, dict(fields)] for key, fields in answer.notes],
    }
    if answer.usage is not None:
        packed["usage"] = asdict(answer.usage)
    if answer.refusal is not None:
        refusal = answer.refusal
        packed["refusal"] = {
            "key": refusal.key,
            "count": refusal.count,
            "blocks": [_pack_block(block) for block in refusal.blocks],
            "fields": dict(refusal.fields),
        }
    return packed


def unpack(packed: dict[str, Any], content: str) -> Answer | None:
    """Return the answer of stored data; None where the data are none of ours.

    Parameters
    ----------
    content : str
        Plain text of the message, shown where the form is of a later version.
    """
    if not packed or "as_of_ns" not in packed:
        return None
    as_of = AsOf(int(packed["as_of_ns"]))
    language = "en" if packed.get("language") == "en" else "ko"
    try:
        if packed["version"] > VERSION:
            raise ValueError("written by a later version")
        refusal = packed.get("refusal")
        return Answer(
            source="model" if packed["source"] == "model" else "template",
            language=cast(Any, language),
            as_of=as_of,
            blocks=tuple(_unpack_block(block) for block in packed["blocks"]),
            facts=tuple(_fact(fact) for fact in packed["facts"]),
            chips=tuple(_chip(chip) for chip in packed["chips"]),
            numbers=int(packed["numbers"]),
            linked=int(packed["linked"]),
            refusal=None
            if refusal is None
            else Refusal(
                refusal["key"],
                int(refusal["count"]),
                tuple(_unpack_block(block) for block in refusal["blocks"]),
                dict(refusal["fields"]),
            ),
            proposals=tuple(Proposal(**proposal) for proposal in packed["proposals"]),
            disclaimer=bool(packed["disclaimer"]),
            usage=Usage(**packed["usage"]) if "usage" in packed else None,
            notes=tuple((key, dict(fields)) for key, fields in packed["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return Answer("template", cast(Any, language), as_of, (Paragraph((Span(content),)),), ())


def context_hash(facts: tuple[Fact, ...]) -> str:
    """SHA-256 of what an answer was made from: names, symbols, days and values of its facts."""
    rows = sorted([fact.name, fact.ticker, str(fact.day or ""), repr(fact.value), fact.unit] for fact in facts)
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode("utf-8")).hexdigest()


# -- blocks -----------------------------------------------------------------------------------------------------------------


def _pack_spans(spans: tuple[Span, ...]) -> list[Any]:
    packed: list[Any] = []
    for span in spans:
        marks = {name: value for name, value in asdict(span).items() if value and name != "text"}
        packed.append([span.text, marks] if marks else span.text)
    return packed


def _unpack_spans(packed: list[Any]) -> tuple[Span, ...]:
    return tuple(Span(item) if isinstance(item, str) else Span(item[0], **item[1]) for item in packed)


def _pack_block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "spans": _pack_spans(block.spans)}
    if isinstance(block, Heading):
        return {"kind": "heading", "spans": _pack_spans(block.spans), "level": block.level}
    if isinstance(block, Quote):
        return {"kind": "quote", "spans": _pack_spans(block.spans)}
    if isinstance(block, Items):
        items = [_pack_spans(item) for item in block.items]
        return {"kind": "items", "items": items, "ordered": block.ordered, "levels": list(block.levels)}
    if isinstance(block, Table):
        return {
            "kind": "table",
            "head": [_pack_spans(cell) for cell in block.head],
            "rows": [[_pack_spans(cell) for cell in row] for row in block.rows],
            "right": list(block.right),
        }
    if isinstance(block, Code):
        return {"kind": "code", "text": block.text}
    values = [None if value != value else value for value in block.values]  # JSON has no NaN
    return {
        "kind": "chart",
        "chart": block.kind,
        "title": block.title,
        "ticker": block.ticker,
        "days": [day.isoformat() for day in block.days],
        "values": values,
        "unit": block.unit,
        "spoken": block.spoken,
        "fact": block.fact,
    }


def _unpack_chart(packed: dict[str, Any]) -> Chart:
    return Chart(
        packed["chart"],
        packed["title"],
        packed["ticker"],
        tuple(date.fromisoformat(day) for day in packed["days"]),
        tuple(float("nan") if value is None else float(value) for value in packed["values"]),
        packed["unit"],
        packed["spoken"],
        packed["fact"],
    )


def _unpack_table(packed: dict[str, Any]) -> Table:
    return Table(
        tuple(_unpack_spans(cell) for cell in packed["head"]),
        tuple(tuple(_unpack_spans(cell) for cell in row) for row in packed["rows"]),
        tuple(packed["right"]),
    )


def _unpack_items(packed: dict[str, Any]) -> Items:
    return Items(tuple(_unpack_spans(item) for item in packed["items"]), packed["ordered"], tuple(packed["levels"]))


_READERS: dict[str, Callable[[dict[str, Any]], Block]] = {
    "paragraph": lambda packed: Paragraph(_unpack_spans(packed["spans"])),
    "heading": lambda packed: Heading(_unpack_spans(packed["spans"]), packed["level"]),
    "quote": lambda packed: Quote(_unpack_spans(packed["spans"])),
    "items": _unpack_items,
    "table": _unpack_table,
    "code": lambda packed: Code(packed["text"]),
    "chart": _unpack_chart,
}


def _unpack_block(packed: dict[str, Any]) -> Block:
    return _READERS[packed["kind"]](packed)


# -- facts ------------------------------------------------------------------------------------------------------------------


def _plain(values: Any) -> Any:
    """Days become text; empty values are left out."""
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items() if value not in ("", None) or key == "value"}
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    return values.isoformat() if isinstance(values, date) else values


def _target(packed: dict[str, Any]) -> Target:
    given: dict[str, Any] = dict(packed)
    for name in ("first_day", "last_day"):
        if name in given:
            given[name] = date.fromisoformat(given[name])
    return Target(**given)


def _fact(packed: dict[str, Any]) -> Fact:
    given = {"unit": "", "text": "", "title": "", **packed, "target": _target(packed["target"])}
    if "day" in packed:
        given["day"] = date.fromisoformat(packed["day"])
    return Fact(**given)


def _chip(packed: dict[str, Any]) -> SourceChip:
    return SourceChip(
        packed["number"], packed.get("title", ""), packed.get("icon", ""), _target(packed["target"]), tuple(packed["facts"])
    )
