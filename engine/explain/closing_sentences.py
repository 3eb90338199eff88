"""Closing-bet evidence in words: text keys and the numbers their sentences name.

As :mod:`engine.explain.sentences` for VCP: nothing is recomputed, the numbers are the evidence's own ``inputs`` and ``value``,
and formatting belongs to whoever shows them. Keys: ``closing_evidence.item.<item>`` (short label),
``closing_evidence.calc.<item>`` with variants for an estimated value, a veto and a model's score.
"""

from __future__ import annotations

from engine.explain.sentences import FieldKind, Sentence, SentenceField
from engine.model.evidence import Evidence

__all__ = ["closing_item_key", "closing_sentence"]

Kinds = tuple[tuple[str, FieldKind], ...]

_FIELDS: dict[str, Kinds] = {
    "N1": (("clusters", "whole"), ("net", "ratio"), ("peak", "ratio")),
    "N1.model": (("clusters", "whole"), ("net", "ratio"), ("rule_points", "whole"), ("model_points", "whole")),
    "N1.none": (),
    "N1.veto": (("clusters", "whole"), ("net", "ratio")),
    "V1": (("value", "amount"),),
    "V1.estimated": (("volume", "shares"), ("typical", "price"), ("value", "amount")),
    "H1": (("close", "price"), ("high", "price"), ("bars", "whole")),
    "H2": (("close", "price"), ("high", "price"), ("bars", "whole")),
    "K1": (("open", "price"), ("close", "price")),
    "K2": (("low", "price"), ("high", "price"), ("close", "price")),
    "K3": (("open", "price"), ("close", "price"), ("low", "price"), ("high", "price")),
    "P1": (("bars", "whole"), ("min_close", "price"), ("max_close", "price")),
    "P2": (("recent_bars", "whole"), ("recent", "shares"), ("bars", "whole"), ("mean", "shares")),
    "S1": (("days", "whole"), ("foreign", "money"), ("institution", "money")),
}
"""Inputs each sentence names, and how they are written."""

_RESULT: dict[str, FieldKind] = {
    "H1": "ratio",
    "K1": "signed_percent",
    "K2": "ratio",
    "K3": "ratio",
    "P1": "percent",
    "P2": "ratio",
    "S1": "money",
}
"""Items whose sentence ends with the measured value itself (field ``value``)."""


def closing_item_key(evidence: Evidence) -> str:
    """Text key of the short label of an item."""
    return f"closing_evidence.item.{evidence.item}"


def closing_sentence(evidence: Evidence) -> Sentence:
    """Return the calculation of one item in words.

    Returns
    -------
    Sentence
        ``closing_evidence.calc.<item>`` with its numbers; the evidence's ``reason`` without fields where the value is missing.
    """
    if evidence.value is None:
        return Sentence(evidence.reason or "closing_evidence.reason.missing")
    inputs = dict(evidence.inputs)
    name = evidence.item + _variant(evidence.item, inputs)
    fields = [SentenceField(field, inputs[field], kind) for field, kind in _FIELDS[name]]
    if evidence.item in _RESULT:
        fields.append(SentenceField("value", evidence.value, _RESULT[evidence.item]))
    elif evidence.item == "H2" and evidence.margin is not None:
        fields.append(SentenceField("value", evidence.margin, "signed_percent"))
    return Sentence(f"closing_evidence.calc.{name}", tuple(fields))


def _variant(item: str, inputs: dict[str, float | int | str]) -> str:
    if item == "V1":
        return ".estimated" if inputs["estimated"] else ""
    if item == "N1":
        if inputs["veto"]:
            return ".veto"
        if "model_points" in inputs:
            return ".model"
        return "" if inputs["clusters"] else ".none"
    return ""
