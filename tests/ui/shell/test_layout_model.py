"""The logical layout: text round trip, damage of every kind, and where rectangles go on other screens."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from ralphstock_desktop.ui.dock_registry import DOCKS
from ralphstock_desktop.ui.layout.defaults import WORKSPACES, default_layout
from ralphstock_desktop.ui.layout.model import (
    Floating,
    Layout,
    LayoutUnreadable,
    Split,
    Tabs,
    WindowPlace,
    dump_layout,
    panels_of,
    parse_layout,
    without,
)
from ralphstock_desktop.ui.layout.screens import Box, ScreenBox, choose_screen, place_box, remember

KNOWN = tuple(spec.id for spec in DOCKS)
PLACE = WindowPlace("HDMI-2", (1920, 0, 2560, 1440), 0.1, 0.2, 0.5, 0.5)
LAYOUT = Layout(
    root=Split(
        "h",
        (
            Split("v", (Tabs(("signals",), "signals"), Tabs(("symbols", "ledger"), "ledger")), (0.6, 0.4)),
            Tabs(("chart",), "chart"),
        ),
        (0.45, 0.55),
    ),
    floating=(Floating("evidence", PLACE),),
    panels={"signals": {"link": 2, "version": 1}},
    window=WindowPlace("eDP-1", (0, 0, 1920, 1080), 0, 0, 1, 1, maximized=True),
    qt_state="AAAA",
    signature="s",
)


def test_round_trip() -> None:
    assert parse_layout(dump_layout(LAYOUT), KNOWN) == LAYOUT


def test_text_is_readable_and_versioned() -> None:
    raw = json.loads(dump_layout(LAYOUT))
    assert raw["version"] == 1
    assert raw["format"] == "ralphstock-layout"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "42",
        '"x"',
        "{}",
        '{"format":"ralphstock-layout"}',
        '{"format":"other","version":1}',
        "\x00\xff",
        "[" * 5000,
    ],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(LayoutUnreadable):
        parse_layout(text, KNOWN)


def test_every_truncation_is_refused_or_whole() -> None:
    text = dump_layout(LAYOUT)
    for length in range(0, len(text) - 1, 7):
        with pytest.raises(LayoutUnreadable):
            parse_layout(text[:length], KNOWN)


def test_newer_version_says_so() -> None:
    raw = json.loads(dump_layout(LAYOUT)) | {"version": 7}
    with pytest.raises(LayoutUnreadable) as caught:
        parse_layout(json.dumps(raw), KNOWN)
    assert caught.value.key == "error.layout.newer"
    assert caught.value.fields["found"] == 7


def test_too_long_a_text_is_not_read() -> None:
    with pytest.raises(LayoutUnreadable):
        parse_layout(" " * 2_000_000, KNOWN)


def test_unknown_and_doubled_panels_are_dropped() -> None:
    raw = json.loads(dump_layout(LAYOUT))
    raw["tree"]["children"][1]["tabs"] = ["chart", "scanner", "signals", "chart", 5]
    raw["floating"].append({**raw["floating"][0], "panel": "chart"})
    layout = parse_layout(json.dumps(raw), KNOWN)
    found = list(panels_of(layout.root)) + [item.panel for item in layout.floating]
    assert sorted(found) == sorted(set(found))
    assert "scanner" not in found


@pytest.mark.parametrize("value", [None, "x", [1], [0, 0], [-1, 2], [1e300, 1], [True, 1], ["a", "b"], [float("inf"), 1]])
def test_bad_fractions_become_equal_or_positive(value: Any) -> None:
    raw = json.loads(dump_layout(LAYOUT))
    raw["tree"]["fractions"] = value
    root = parse_layout(json.dumps(raw), KNOWN).root
    assert isinstance(root, Split)
    assert sum(root.fractions) == pytest.approx(1)
    assert min(root.fractions) >= 0.02


def test_a_random_change_never_raises_anything_else() -> None:
    """2,000 damaged texts: each is read, or refused with LayoutUnreadable."""
    generator = random.Random(11)
    text = dump_layout(LAYOUT)
    for _ in range(2_000):
        letters = list(text)
        for _ in range(generator.randint(1, 6)):
            letters[generator.randrange(len(letters))] = generator.choice('{}[]",:0123456789truefalsn -')
        try:
            layout = parse_layout("".join(letters), KNOWN)
        except LayoutUnreadable:
            continue
        assert set(panels_of(layout.root)) <= set(KNOWN)


def test_without_gives_the_share_to_the_others() -> None:
    left = without(LAYOUT.root, {"signals"})
    assert isinstance(left, Split)
    assert left.children[0] == Tabs(("symbols", "ledger"), "ledger")
    assert without(LAYOUT.root, set(KNOWN)) is None


@pytest.mark.parametrize("width", [1280, 1439, 1440, 1920, 2560, 3840])
@pytest.mark.parametrize("zoom", [0.9, 1.0, 1.5, 2.0])
def test_default_layouts_hold_every_panel_and_a_usable_evidence(width: int, zoom: float) -> None:
    layout = default_layout(width, lambda size: round(size * zoom))
    research = list(panels_of(layout.root))
    assert len(research) == len(set(research))
    shown = {
        name
        for workspace in WORKSPACES
        for name in panels_of(default_layout(width, lambda size: round(size * zoom), workspace).root)
    }
    assert shown == set(KNOWN), "every panel has its place in some workspace"
    root = layout.root
    assert isinstance(root, Split)
    assert sum(root.fractions) == pytest.approx(1)
    columns = 2 if width < 900 * zoom else 4 if width >= 2400 * zoom else 3
    assert len(root.children) == columns, "three columns need 900 px at 100 %, four 2,400"
    if width >= 1440 * zoom:
        assert root.fractions[2] * width >= 290 * zoom


# -- screens -----------------------------------------------------------------------------------------------------------------

LAPTOP = ScreenBox("eDP-1", Box(0, 27, 1920, 1053))
BIG = ScreenBox("HDMI-2", Box(1920, 0, 2560, 1440))
LEFT = ScreenBox("DP-3", Box(-1280, 0, 1280, 1024))
ABOVE = ScreenBox("DP-4", Box(0, -2160, 3840, 2160))
SMALL = ScreenBox("eDP-1", Box(0, 0, 1280, 800))
SCALED = ScreenBox("HDMI-2", Box(1280, 0, 1707, 960))
TINY = ScreenBox("VNC", Box(0, 0, 640, 420))
ARRANGEMENTS = [
    [LAPTOP], [BIG], [LEFT], [ABOVE], [SMALL], [SCALED], [TINY], [LAPTOP, BIG], [BIG, LAPTOP], [LAPTOP, LEFT], [LEFT, LAPTOP, BIG],
    [LAPTOP, ABOVE], [SMALL, SCALED], [TINY, BIG],
]  # fmt: skip
RECTANGLES = [
    Box(100, 100, 800, 600), Box(1920, 0, 2560, 1440), Box(4000, 1200, 700, 500), Box(-1200, 10, 1100, 900), Box(1500, 500, 900, 700),
    Box(20_000, 20_000, 400, 300), Box(0, -2000, 3000, 1800), Box(10, 10, 5, 5),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(itertools.product(ARRANGEMENTS, ARRANGEMENTS)))
def test_every_rectangle_stays_wholly_visible(before: list[ScreenBox], after: list[ScreenBox]) -> None:
    """196 screen changes times 8 rectangles."""
    for rectangle in RECTANGLES:
        placed = place_box(remember(rectangle, before), after)
        assert any(screen.area.contains(placed) for screen in after), (rectangle, placed)


def test_same_screens_give_the_same_rectangle() -> None:
    for rectangle in RECTANGLES[:5]:
        for screens in ([LAPTOP, BIG, LEFT],):
            kept = place_box(remember(rectangle, screens), screens)
            if any(screen.area.contains(rectangle) for screen in screens):
                assert kept == rectangle


def test_a_lost_screen_is_replaced_by_the_nearest_and_comes_back() -> None:
    place = remember(Box(-1200, 100, 600, 500), [LEFT, LAPTOP, BIG])
    assert choose_screen(place, [LAPTOP, BIG]).name == "eDP-1"
    assert place_box(place, [LEFT, LAPTOP, BIG]) == Box(-1200, 100, 600, 500)


def test_identical_monitors_are_told_apart_by_place() -> None:
    one, two = ScreenBox("Dell", Box(0, 0, 1920, 1080)), ScreenBox("Dell", Box(1920, 0, 1920, 1080))
    place = remember(Box(2000, 100, 500, 400), [one, two])
    assert choose_screen(place, [one, two]) is two


def test_no_screen_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no screen"):
        place_box(PLACE, [])
