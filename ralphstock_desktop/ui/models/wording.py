"""Fills the sentences of ``engine.explain`` with numbers written the way of the screens (design.md §5)."""

from __future__ import annotations

from collections.abc import Callable

from engine.explain.sentences import FieldKind, Sentence
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["sentence_text", "written"]

_WRITE: dict[FieldKind, Callable[[float, Language], str]] = {
    "price": lambda value, _language: fmt.price(value),
    "money": lambda value, language: fmt.money(value, language, plus=True),
    "amount": lambda value, language: fmt.money(value, language),
    "shares": fmt.shares,
    "percent": lambda value, _language: fmt.percent(value, 1, plus=False),
    "signed_percent": lambda value, _language: fmt.percent(value, 1),
    "ratio": lambda value, _language: fmt.number(value, 2),
    "whole": lambda value, _language: fmt.number(value),
}


def written(value: float | int | str, kind: FieldKind, language: Language) -> str:
    """Write one field of a sentence."""
    return value if isinstance(value, str) else _WRITE[kind](float(value), language)


def sentence_text(sentence: Sentence, appearance: Appearance) -> str:
    """The sentence in the chosen language with its numbers."""
    fields = {field.name: written(field.value, field.kind, appearance.language) for field in sentence.fields}
    return appearance.tr(sentence.key, **fields)
