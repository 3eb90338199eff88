"""The text catalogue: same keys and fields in both languages, and every key used in code exists."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import pytest

import resources
from engine.model.instants import AsOf
from ralphstock_desktop.ui.actions import ACTIONS
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Texts
from tests.source_trees import parsed

ROOT = Path(__file__).resolve().parents[3]
KO, EN = Texts("ko"), Texts("en")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_same_keys_and_fields() -> None:
    assert KO.keys() == EN.keys()
    different = [key for key in sorted(KO.keys()) if fields(KO(key)) != fields(EN(key))]
    assert not different


def test_no_key_is_written_twice() -> None:
    for language in ("ko", "en"):
        seen: dict[str, str] = {}
        for file in sorted(resources.path("texts", language).glob("*.json")):
            for key in json.loads(file.read_text(encoding="utf-8")):
                assert key not in seen, f"{key} is in {seen.get(key)} and {file.name}"
                seen[key] = file.name


def test_korean_is_korean_and_english_has_no_hangul() -> None:
    hangul = re.compile("[가-힣]")
    # These name the other language, or the Korean words that the filter line takes.
    named = {"settings.language.ko", "shell.action.toggle_language"}
    wrong = [
        key for key in sorted(EN.keys()) if hangul.search(EN(key)) and key not in named and not key.startswith("table.filter.")
    ]
    assert not wrong
    loud = re.compile("!(?!=)")
    assert not [key for key in sorted(KO.keys()) if loud.search(KO(key)) or loud.search(EN(key))]


def test_no_particle_after_a_field() -> None:
    """A particle depends on the last sound of a value nobody knows here: wording avoids it."""
    particle = re.compile(r"\}[’”\"']?(을|를|은|는|이|가|과|와|으로|로)(?![가-힣])")
    areas = {"shell", "errors", "error", "settings", "ledger", "empty", "progress"}
    wrong = [key for key in sorted(KO.keys()) if key.split(".")[0] in areas and particle.search(KO(key))]
    assert not wrong


def used_keys() -> tuple[set[str], set[str]]:
    """Literal keys given to ``tr`` (and to parameters that end in ``_key``), and the fixed beginnings of computed ones."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for file in (ROOT / "ralphstock_desktop").rglob("*.py"):
        for node in ast.walk(parsed(file)):
            values: list[ast.expr] = []
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in {"tr", "has_text"} and node.args:
                    values.append(node.args[0])
                values.extend(word.value for word in node.keywords if word.arg and word.arg.endswith("_key"))
            for value in values:
                for part in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                        whole.add(part.value)
                    elif isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant):
                        beginnings.add(str(part.values[0].value))
    return whole, beginnings


def test_every_key_in_code_has_a_text() -> None:
    whole, beginnings = used_keys()
    assert len(whole) > 100, "the search itself works"
    missing = sorted(key for key in whole if key not in KO)
    assert not missing
    known = KO.keys()
    unknown = sorted(start for start in beginnings if not any(key.startswith(start) for key in known))
    assert not unknown


def test_every_action_has_a_text() -> None:
    for action in ACTIONS:
        assert f"shell.action.{action.id}" in KO


@pytest.mark.parametrize(
    ("seconds", "ko", "en"),
    [
        (0.3, "0.3초", "0.3 s"),
        (9.96, "10.0초", "10.0 s"),
        (10, "10초", "10 s"),
        (59.4, "59초", "59 s"),
        (60, "1분", "1 min"),
        (252, "4분 12초", "4 min 12 s"),
        (3600, "1시간", "1 h"),
        (93_784, "1일 2시간", "1 d 2 h"),
        (float("nan"), "—", "—"),
    ],
)
def test_durations(seconds: float, ko: str, en: str) -> None:
    assert fmt.duration(seconds, "ko") == ko
    assert fmt.duration(seconds, "en") == en


def test_ages_sizes_and_instants() -> None:
    from datetime import date

    assert fmt.age(252, "ko") == "4분 12초 전"
    assert fmt.age(252, "ko", short=True) == "4분 전"
    assert fmt.age(252, "en", short=True) == "4 min ago"
    assert fmt.duration(3, "ko", whole=True) == "3초"
    assert fmt.duration(0.2, "en", whole=True) == "0 s"
    assert [fmt.bytes_size(v) for v in (0, 1023, 1024, 38 * 1024**2, 1.4 * 1024**3)] == [
        "0 B",
        "1,023 B",
        "1 KB",
        "38 MB",
        "1.4 GB",
    ]
    day = date(2026, 5, 4)
    assert fmt.as_of_short(AsOf.at(day, 15, 40)) == "05-04 15:40"
    assert fmt.as_of_short(AsOf.end_of(day)) == "05-04"
    assert fmt.as_of_long(AsOf.at(day, 15, 40), "ko") == "2026-05-04 (월) 15:40"
    assert fmt.as_of_long(AsOf.end_of(day), "en") == "2026-05-04 Mon"
