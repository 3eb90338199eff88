"""Contrasts of design.md §2 recomputed from the tokens, and the style sheet made from them."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

import resources
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.stylesheet import ApplicationStyle, build_palette, build_sheet

TOKENS = json.loads(resources.read_text("theme", "tokens.json"))
THEMES = ("dark", "light")
MAIN_TEXT = ("text", "selection-text")
TEXT = (
    "text-secondary", "text-muted", "link", "flat", "accent", "warning", "danger", "success", "stale", "unknown", "simulated",
    "replay", "grade-s", "grade-a", "grade-b", "grade-c", "gate-green", "gate-yellow", "gate-red", "gate-unknown", "axis-text",
)  # fmt: skip
MARKS = (
    "line-control", "accent-fill", "focus", "crosshair", "ma-5", "ma-20", "ma-50", "ma-150", "ma-200", "vcp-base", "vcp-leg",
    "vcp-pivot", "plan-entry", "plan-stop", "plan-target", "evidence", "dry-up", "gap-hatch",
    *(f"category-{n}" for n in range(1, 9)), *(f"link-{n}" for n in range(1, 7)),
)  # fmt: skip
PAIRS = (
    ("text-on-fill", "accent-fill"), ("text-on-fill", "warning"), ("text-on-fill", "danger"), ("text-on-fill", "replay"),
    ("text-on-fill", "simulated"), ("text-on-fill", "plan-entry"), ("text-on-fill", "plan-stop"), ("text-on-fill", "plan-target"),
    ("gold-on", "gold-fill"), ("accent", "accent-tint"), ("warning", "warning-tint"), ("danger", "danger-tint"),
    ("success", "success-tint"), ("simulated", "simulated-tint"), ("replay", "replay-tint"), ("text", "simulated-tint"),
    ("text", "replay-tint"),
)  # fmt: skip


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2.1."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.1."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_knows_its_ends() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_every_ground(theme: str) -> None:
    colors = TOKENS["themes"][theme]["colors"]
    weak = [
        (token, ground, round(contrast(colors[token], colors[ground]), 2))
        for token, ground in itertools.product(TEXT, ("bg-panel", "bg-header", "bg-raised"))
        if contrast(colors[token], colors[ground]) < 4.5 and not (ground == "bg-raised" and token in {"axis-text"})
    ]
    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_main_text_is_readable_on_popups_and_selection(theme: str) -> None:
    colors = TOKENS["themes"][theme]["colors"]
    for token, ground in itertools.product(MAIN_TEXT, ("selection", "bg-popup", "bg-hover", "bg-panel")):
        assert contrast(colors[token], colors[ground]) >= 4.5, (token, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_marks_are_seen(theme: str) -> None:
    colors = TOKENS["themes"][theme]["colors"]
    weak = [
        (token, ground)
        for token, ground in itertools.product(MARKS, ("bg-panel", "bg-header"))
        if contrast(colors[token], colors[ground]) < 3
    ]
    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_text_on_its_own_ground(theme: str) -> None:
    colors = TOKENS["themes"][theme]["colors"]
    assert not [pair for pair in PAIRS if contrast(colors[pair[0]], colors[pair[1]]) < 4.5]


@pytest.mark.parametrize(("theme", "direction"), list(itertools.product(THEMES, ("kr", "us", "cb"))))
def test_direction_sets(theme: str, direction: str) -> None:
    tokens = TOKENS["themes"][theme]
    chosen, colors = tokens["direction"][direction], tokens["colors"]
    for ground in ("bg-panel", "bg-header", "bg-raised"):
        assert contrast(chosen["gain"], colors[ground]) >= 4.5
        assert contrast(chosen["loss"], colors[ground]) >= 4.5
    for token in ("gain-fill", "loss-fill"):
        assert contrast(chosen[token], colors["bg-panel"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_sheet_has_no_open_token_and_scales(qapp: QApplication, theme: str) -> None:
    look = Appearance(theme=theme, zoom_pct=200)
    sheet = build_sheet(look, {"icon-chevron": "/c.png", "icon-check": "/k.png"})
    assert "@" not in sheet
    assert look.hex("accent-fill") in sheet
    assert "border: 1px solid" in sheet, "a hairline stays a hairline at 200 %"
    assert re.search(r"min-height: 48px", sheet)
    assert "font-family" not in sheet
    look.deleteLater()


def test_palette_roles(qapp: QApplication) -> None:
    look = Appearance(theme="light")
    palette = build_palette(look)
    assert palette.color(QPalette.ColorRole.Base).name() == look.hex("bg-panel").lower()
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    assert disabled.name() == look.hex("text-disabled").lower()
    look.deleteLater()


def test_style_follows_the_appearance(qapp: QApplication, tmp_path: Path) -> None:
    look = Appearance()
    style = ApplicationStyle(qapp, look, tmp_path)
    before = qapp.styleSheet()
    look.choose(theme="light", zoom_pct=150)
    assert qapp.styleSheet() != before
    assert qapp.font().pixelSize() == 18
    assert {file.name for file in tmp_path.iterdir()} >= {"check-dark-100.png", "check-light-150.png"}
    del style
    look.deleteLater()


def test_qts_own_dialogs_speak_the_chosen_language(qapp: QApplication, tmp_path: Path) -> None:
    look = Appearance(language="ko")
    style = ApplicationStyle(qapp, look, tmp_path)  # kept: it follows the look as long as it lives
    assert qapp.translate("QPlatformTheme", "Cancel") == "취소"
    look.choose(language="en")
    assert qapp.translate("QPlatformTheme", "Cancel") == "Cancel"
    del style
