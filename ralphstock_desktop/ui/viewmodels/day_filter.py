"""The words of the filter line over the day-trading scan: those of every table, and the day's own numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ralphstock_desktop.ui.models.filter_language import FieldWords, Vocabulary, fold
from ralphstock_desktop.ui.viewmodels.filter_words import scan_vocabulary
from ralphstock_desktop.wording.texts import LANGUAGES, Texts

__all__ = ["OWN_FIELDS", "day_vocabulary"]

_SHARED = frozenset(
    (
        "price", "change", "volume", "value", "mean_value", "total", "coverage", "entry", "stop", "target", "grade", "market",
        "name", "code", "sector",
    )
)  # fmt: skip
OWN_FIELDS = ("rv", "raw", "box", "drawdown", "net_5d", "projected", "sector_rank")


@lru_cache(maxsize=1)
def day_vocabulary() -> Vocabulary:
    """Fields, keywords and units of the day-trading table."""
    base = scan_vocabulary()
    catalogues = tuple(Texts(language) for language in LANGUAGES)

    def words(key: str) -> tuple[str, ...]:
        parts = [part for texts in catalogues for part in texts(key).split(",")]
        return tuple(dict.fromkeys(fold(part) for part in parts if part.strip()))

    own = [FieldWords(field_id, "number", words(f"table.field.{field_id}")) for field_id in OWN_FIELDS]
    shared = [field for field in base.fields if field.id in _SHARED]
    return replace(base, fields=(*own, *shared))
