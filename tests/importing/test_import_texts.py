"""Every reason and refusal of the import has its words in both languages."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from ralphstock_desktop.data import importing
from ralphstock_desktop.wording.texts import LANGUAGES, Language, Texts

FOLDER = Path(importing.__file__).parent
WHOLE_NAMES = ("price", "volume", "value", "flow", "shares_out", "par_krw")


def calls(*names: str) -> Iterator[ast.Call]:
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in names:
                    yield node


def refusals() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for call in calls("refuse"):
        key = ast.literal_eval(call.args[1])
        fields = {keyword.arg for keyword in call.keywords if keyword.arg} | {"file", "message"}
        found[key] = found.get(key, fields) & fields
    return found


def reasons() -> set[str]:
    found = set()
    for call in calls("reject", "remark", "add"):
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and re.fullmatch(r"[a-z_]+", first.value):
            found.add(first.value)
    stored_in = {"daily_price", "flow", "market_flow", "symbol", "designation"}  # Counts.add names a data set
    found |= {f"{kind}_{name}" for kind in ("unreadable", "fractional", "absurd") for name in WHOLE_NAMES}
    found |= {f"negative_{name}" for name in WHOLE_NAMES if name != "flow"}
    return found - stored_in - {"ticker", "day"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: Language) -> None:
    texts = Texts(language)
    missing = sorted(reason for reason in reasons() if f"import.reason.{reason}" not in texts)
    assert missing == []
    assert len(reasons()) > 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_words_and_gives_their_fields(language: Language) -> None:
    texts = Texts(language)
    assert len(refusals()) > 25
    for key, given in refusals().items():
        text = texts(f"error.import.{key}")
        wanted = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert wanted <= given, (key, wanted - given)


@pytest.mark.parametrize("language", LANGUAGES)
def test_skips_and_stages_have_words(language: Language) -> None:
    texts = Texts(language)
    source = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.py"))
    for key in set(re.findall(r"import\.skipped\.[a-z_]+", source)):
        assert key in texts
    for stage in ("read", "check", "store"):
        assert f"import.progress.{stage}" in texts
    for stage in ("generate", "store"):
        assert f"simulated.progress.{stage}" in texts
