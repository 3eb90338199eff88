"""The words of the filter language, read from both text catalogues, so that either language may be typed."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from engine.model.instruments import Market
from engine.model.scan import Grade, VcpState
from ralphstock_desktop.services.filters.language import FieldWords, Vocabulary, fold
from ralphstock_desktop.wording.texts import LANGUAGES, Texts

__all__ = ["NUMBER_FIELDS", "scan_vocabulary"]

NUMBER_FIELDS = (
    "price", "change", "volume", "value", "mean_value", "range_52w", "total", "vcp", "smartmoney", "rs", "t_count",
    "mean_ratio", "first_depth", "last_depth", "pivot", "distance", "dry_up", "vol_ratio", "flow_5d", "foreign_5d",
    "institution_5d", "entry", "stop", "target", "reward_risk", "coverage", "base_bars", "strength",
)  # fmt: skip
_MULTIPLIERS = {
    "thousand": 1e3,
    "ten_thousand": 1e4,
    "million": 1e6,
    "ten_million": 1e7,
    "hundred_million": 1e8,
    "billion": 1e9,
    "ten_billion": 1e10,
    "hundred_billion": 1e11,
    "trillion": 1e12,
}


@lru_cache(maxsize=1)
def scan_vocabulary() -> Vocabulary:
    """Fields, keywords and units of tables over a scan."""
    catalogues = tuple(Texts(language) for language in LANGUAGES)

    def words(key: str) -> tuple[str, ...]:
        texts = [part for texts in catalogues for part in texts(key).split(",")]
        return tuple(dict.fromkeys(fold(text) for text in texts if text.strip()))

    def field_of(field_id: str, kind: Literal["number", "choice", "text"], **rest: object) -> FieldWords:
        return FieldWords(field_id, kind, words(f"table.field.{field_id}"), **rest)  # type: ignore[arg-type]

    states = {word: float(state) for state in VcpState for word in words(f"table.state_words.{state.name.lower()}")}
    grades = {grade.name.lower(): float(grade) for grade in Grade if grade is not Grade.NONE}
    markets = {
        word: float(market) for market in Market if market for word in words(f"table.market_words.{market.name.lower()}")
    }
    fields = [field_of(field_id, "number") for field_id in NUMBER_FIELDS]
    fields.append(field_of("grade", "choice", choices=grades, ordered=True))
    fields.append(field_of("state", "choice", choices=states))
    fields.append(field_of("market", "choice", choices=markets))
    fields += [field_of(field_id, "text") for field_id in ("name", "code", "sector")]
    multipliers = {word: factor for name, factor in _MULTIPLIERS.items() for word in words(f"table.unit.{name}")}
    return Vocabulary(
        fields=tuple(fields),
        all_of=frozenset(words("table.word.and")),
        any_of=frozenset(words("table.word.or")),
        none_of=frozenset(words("table.word.not")),
        has=frozenset(words("table.word.has")),
        missing=frozenset(words("table.word.missing")),
        multipliers=multipliers,
        plain_units=frozenset(words("table.unit.plain")),
    )
