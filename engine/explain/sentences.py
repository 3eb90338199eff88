"""Evidence in words: which sentence tells one item's calculation, and the numbers it names.

Pure: an :class:`~engine.model.evidence.Evidence` goes in, a text key and typed fields come out. Nothing is recomputed; the
numbers are the evidence's own ``inputs`` and ``value``. Formatting (억, 만 주, ₩) and the language belong to the window, the
chat and the export, which all fill the same sentence.

Text keys: ``evidence.item.<ITEM>`` (short label), ``evidence.calc.<ITEM>`` with variants ``.<state>`` for the pivot, and the
evidence's own ``reason`` where nothing could be judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from engine.model.evidence import Evidence

__all__ = ["FieldKind", "Sentence", "SentenceField", "calculation", "item_key"]

FieldKind = Literal["price", "money", "amount", "shares", "percent", "signed_percent", "ratio", "whole", "text"]
"""How a number is written: price in won, won with sign, won, shares, percentage points, with sign, multiple, whole, as is."""


@dataclass(frozen=True, slots=True)
class SentenceField:
    """One named number (or word) of a sentence; NaN is missing."""

    name: str
    value: float | int | str
    kind: FieldKind


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text key and the fields its text names."""

    key: str
    fields: tuple[SentenceField, ...] = ()


_FIELDS: dict[str, tuple[tuple[str, FieldKind], ...]] = {
    "T1": (("close", "price"), ("ma150", "price"), ("ma200", "price")),
    "T2": (("ma150", "price"), ("ma200", "price")),
    "T3": (("ma200", "price"), ("ma200_before", "price")),
    "T4": (("ma50", "price"), ("ma150", "price"), ("ma200", "price")),
    "T5": (("close", "price"), ("ma50", "price")),
    "T6": (("close", "price"), ("low", "price"), ("multiple", "ratio")),
    "T7": (("close", "price"), ("high", "price"), ("fraction", "ratio")),
    "T8": (("rs", "whole"), ("rs_raw_pct", "signed_percent")),
    "B1": (("count", "whole"),),
    "B2": (("depths", "text"),),
    "B3": (("first_depth_pct", "percent"),),
    "B4": (("base_bars", "whole"),),
    "C1": (("v5", "shares"), ("v50", "shares")),
    "C2": (("last_leg_mean", "shares"), ("first_leg_mean", "shares")),
    "C3": (("lowest", "shares"), ("v50", "shares")),
    "D1": (("max_close", "price"), ("min_close", "price"), ("mean_close", "price")),
    "D2": (("last_depth_pct", "percent"),),
    "E1": (("close", "price"), ("pivot", "price")),
    "F1": (("rs", "whole"), ("rs_raw_pct", "signed_percent")),
    "SM1": (("net", "money"), ("turnover", "amount")),
    "SM2": (("net", "money"), ("turnover", "amount")),
    "SM3": (("days", "whole"), ("present", "whole")),
    "SM4": (("foreign", "money"), ("institution", "money")),
}
"""Inputs each item's sentence names, and how they are written."""

_RESULT: dict[str, FieldKind] = {
    "T3": "signed_percent",
    "T6": "signed_percent",
    "T7": "signed_percent",
    "B2": "ratio",
    "C1": "ratio",
    "C2": "ratio",
    "C3": "ratio",
    "D1": "percent",
    "SM1": "signed_percent",
    "SM2": "signed_percent",
}
"""Items whose sentence ends with the measured value itself (field ``value``)."""

_PIVOT_FIELDS: dict[str, tuple[tuple[str, FieldKind], ...]] = {
    "breakout": (("close", "price"), ("pivot", "price"), ("vol_ratio", "ratio")),
    "breakout_unconfirmed": (("close", "price"), ("pivot", "price"), ("vol_ratio", "ratio")),
    "extended": (("close", "price"), ("pivot", "price")),
    "failed": (("close", "price"), ("last_low", "price")),
    "no_base": (),
}
"""States of the pivot whose deciding condition is another one than the distance, and what their sentence names."""


def item_key(evidence: Evidence) -> str:
    """Text key of the short label of an item; the pivot item is named after what decided it (§2.8)."""
    if evidence.item == "E1":
        state = str(dict(evidence.inputs).get("state", ""))
        variant = {
            "BREAKOUT": ".volume",
            "BREAKOUT_UNCONFIRMED": ".volume",
            "EXTENDED": ".extension",
            "FAILED": ".low",
            "NO_BASE": ".legs",
        }
        return f"evidence.item.E1{variant.get(state, '')}"
    return f"evidence.item.{evidence.item}"


def calculation(evidence: Evidence) -> Sentence:
    """Return the calculation of one item in words.

    Returns
    -------
    Sentence
        ``evidence.calc.<ITEM>`` with its numbers; the evidence's ``reason`` (or ``evidence.reason.missing``) without
        fields where the value is missing or an input is.
    """
    inputs = dict(evidence.inputs)
    if evidence.item == "E1" and str(inputs.get("state", "")).lower() in _PIVOT_FIELDS:
        return _pivot_sentence(inputs)
    if evidence.value is None:
        return Sentence(evidence.reason or "evidence.reason.missing")
    in_shares = inputs.get("unit") == "shares"
    fields: list[SentenceField] = []
    for name, kind in _FIELDS[evidence.item]:
        value = inputs.get(name)
        if value is None or _is_missing(value):
            return Sentence(evidence.reason or "evidence.reason.missing")
        fields.append(SentenceField(name, value, "shares" if kind in ("money", "amount") and in_shares else kind))
    if evidence.item == "E1":
        fields.append(SentenceField("value", abs(float(evidence.value)), "percent"))
    elif evidence.item in _RESULT:
        fields.append(SentenceField("value", evidence.value, _RESULT[evidence.item]))
    return Sentence(f"evidence.calc.{evidence.item}", tuple(fields))


def _pivot_sentence(inputs: dict[str, float | int | str]) -> Sentence:
    """The pivot's sentence where volume, extension, the last low or the missing base decided (domain.md §2.8)."""
    state = str(inputs["state"]).lower()
    fields = [SentenceField(name, inputs.get(name, math.nan), kind) for name, kind in _PIVOT_FIELDS[state]]
    if state != "no_base" and state != "failed":
        distance = inputs.get("dist_pct", math.nan)
        fields.append(SentenceField("value", abs(float(distance)), "percent"))
    return Sentence(f"evidence.calc.E1.{state}", tuple(fields))


def _is_missing(value: float | int | str) -> bool:
    return isinstance(value, float) and math.isnan(value)
