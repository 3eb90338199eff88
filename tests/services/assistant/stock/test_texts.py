"""The words of answers about stocks: no digit of their own, both languages alike, every quantity named."""

from __future__ import annotations

import re
import string

import pytest

from ralphstock_desktop.services.assistant.answers.stock_quantities import NAMES
from ralphstock_desktop.wording.texts import LANGUAGES, Language, Texts

AREA = "assistant_stock."


def _own(language: Language) -> dict[str, str]:
    texts = Texts(language)
    return {key: texts(key) for key in sorted(texts.keys()) if key.startswith(AREA)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_holds_a_digit(language: Language) -> None:
    """A number in an answer is a fact: none may stand in the words around it."""
    assert {key: text for key, text in _own(language).items() if re.search(r"\d", text)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_taken_from_other_areas_hold_no_digit_either(language: Language) -> None:
    texts = Texts(language)
    taken = [
        key for key in sorted(texts.keys()) if key.startswith(("table.state.", "table.flag.", "table.market.", "gate.status."))
    ]
    assert taken
    assert {key: texts(key) for key in taken if re.search(r"\d", texts(key))} == {}


def test_both_languages_hold_the_same_keys_and_fields() -> None:
    korean, english = _own("ko"), _own("en")
    assert korean.keys() == english.keys()

    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [key for key in korean if fields(korean[key]) != fields(english[key])] == []
    assert [key for key in korean if not korean[key].strip() or not english[key].strip()] == []


def test_no_particle_follows_a_field() -> None:
    particle = re.compile(r"\}[’”\"')]*(을|를|은|는|이|가|과|와|으로|로)(?![가-힣])")
    assert [key for key, text in _own("ko").items() if particle.search(text)] == []


def test_no_exclamation_and_no_promise() -> None:
    for language in LANGUAGES:
        joined = " ".join(_own(language).values()).lower()
        assert not re.search(r"!|무조건|보장|확실히|guarantee|certain to|should buy|사세요|파세요", joined)


def test_every_quantity_has_a_title() -> None:
    """Items are titled by their label; everything else by its name."""
    items = ("vcp.item.", "vcp.group.", "closing.item.", "closing.component.", "day.item.")
    missing = [name for name in NAMES if not name.startswith(items) and f"{AREA}title.{name}" not in Texts("ko")]
    assert missing == []


def test_every_item_has_a_label() -> None:
    texts = Texts("ko")
    for name in NAMES:
        parts = name.split(".")
        if len(parts) == 4 and parts[1] == "item" and f"{AREA}item.{parts[0]}.{parts[2]}" not in texts:
            raise AssertionError(name)
