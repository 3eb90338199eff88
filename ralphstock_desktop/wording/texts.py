"""The text catalogue: every word the user reads, by key, in Korean and English.

Texts live in ``resources/texts/<language>/<area>.json`` as flat ``{"area.key": "text with {named} fields"}``. Korean and
English hold the same keys and fields; a test proves it. A plural or a particle is avoided by wording, not by code.
"""

from __future__ import annotations

import json
from typing import Literal

import resources

__all__ = ["LANGUAGES", "Language", "Texts"]

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")


class Texts:
    """One language of the catalogue."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._texts: dict[str, str] = {}
        for file in sorted(resources.path("texts", language).glob("*.json")):
            self._texts.update(json.loads(file.read_text(encoding="utf-8")))

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def __call__(self, key: str, /, **fields: object) -> str:
        """Return the text of ``key`` with its fields filled in.

        Raises
        ------
        KeyError
            If the key or one of its fields is missing: a bug that the catalogue test catches.
        """
        text = self._texts[key]
        return text.format(**fields) if fields else text

    def keys(self) -> frozenset[str]:
        """All keys of this language."""
        return frozenset(self._texts)
