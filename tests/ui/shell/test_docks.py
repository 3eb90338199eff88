"""Docking: default layouts, round trip through the saved text, damaged texts, maximise, close, reopen, float, reset."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt

from ralphstock_desktop.ui.dock_registry import DOCKS
from ralphstock_desktop.ui.layout.defaults import default_layout
from ralphstock_desktop.ui.layout.dock_area import current_screens
from ralphstock_desktop.ui.layout.dock_tree import Leaf, capture_tree, cut_boxes
from ralphstock_desktop.ui.layout.model import Split, Tabs, WindowPlace, dump_layout, panels_of, parse_layout
from tests.ui.shell.conftest import Opened

Open = Callable[..., Opened]
IDS = tuple(spec.id for spec in DOCKS)
RESEARCH = set(panels_of(default_layout(1600, round).root))
"""Panels of the workspace a window opens with."""


def boxes(opened: Opened) -> dict[str, QRect]:
    area = opened.window.area
    return {name: dock.geometry() for name, dock in area.docks.items() if name in area.shown()}


def same(one: dict[str, QRect], other: dict[str, QRect], tolerance: int = 6) -> bool:
    return one.keys() == other.keys() and all(
        abs(a - b) <= tolerance for name in one for a, b in zip(one[name].getRect(), other[name].getRect(), strict=True)
    )


def test_declarations_are_unique_and_complete(look: Any) -> None:
    assert len({spec.id for spec in DOCKS}) == len({spec.screen for spec in DOCKS}) == len(DOCKS)
    for spec in DOCKS:
        assert look.has_text(spec.title_key)
        assert not look.pixmap(spec.icon).isNull()


def test_cutting_finds_nested_trees() -> None:
    a, b, c, d = (
        Leaf(Tabs((n,), n), QRect(*r)) for n, r in (("a", (0, 0, 400, 300)), ("b", (0, 303, 400, 297)), ("c", (403, 0, 397, 600)), ("d", (803, 0, 197, 600)))
    )  # fmt: skip
    tree = cut_boxes([c, a, d, b])
    assert isinstance(tree, Split)
    assert tree.orientation == "h"
    assert isinstance(tree.children[0], Split)
    assert tree.children[0].orientation == "v"
    assert list(panels_of(tree)) == ["a", "b", "c", "d"]
    assert cut_boxes([a]) == Tabs(("a",), "a")


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900), (1920, 1080), (2560, 1440)])
def test_default_layout(open_window: Open, size: tuple[int, int]) -> None:
    opened = open_window(size=size)
    shown = boxes(opened)
    market = {"book", "trades"} if size[0] >= 2400 else set()
    assert set(shown) == {"signals", "symbols", "chart", "evidence"} | market
    assert shown["signals"].bottom() < shown["symbols"].top()
    assert shown["signals"].right() < shown["chart"].left()
    assert shown["chart"].right() < shown["evidence"].left()
    assert 280 <= shown["evidence"].width() <= 420
    tree = capture_tree(opened.window, opened.window.area.docks)
    assert set(panels_of(tree)) == RESEARCH, "the others are tabs"


def test_round_trip_through_qt_and_through_the_tree(open_window: Open, qtbot: Any) -> None:
    first = open_window(size=(1700, 950))
    area = first.window.area
    area.open_panel("flow")
    first.window.resizeDocks([area.docks["evidence"]], [360], Qt.Orientation.Horizontal)
    area.docks["symbols"].close()
    area.make_panel("signals")._on_link(3)
    qtbot.waitUntil(lambda: bool(first.saved))
    # The off-screen display is smaller than the window, so the window's own place is left out here (see test_layout_model).
    raw = json.loads(dump_layout(area.capture())) | {"window": None}
    before = boxes(first)
    assert "symbols" not in before
    by_qt = open_window((json.dumps(raw),), size=(1700, 950))
    qtbot.waitUntil(lambda: same(before, boxes(by_qt)))
    by_tree = open_window((json.dumps(raw | {"signature": "another screen"}),), size=(1700, 950))
    qtbot.waitUntil(lambda: same(before, boxes(by_tree), tolerance=12))
    assert by_tree.window.area.make_panel("signals").link_group == 3
    assert not by_tree.window.notice.isVisible()


def test_changes_are_saved_without_closing(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    qtbot.waitUntil(lambda: bool(opened.saved))
    opened.saved.clear()
    opened.window.area.docks["evidence"].close()
    qtbot.waitUntil(lambda: bool(opened.saved))
    assert "evidence" not in set(panels_of(parse_layout(opened.saved[-1], IDS).root))


@pytest.mark.parametrize("text", ["", "{broken", '{"format":"ralphstock-layout","version":1,"tree":{"tabs":[]}}'])
def test_damaged_text_gives_default_and_a_notice(open_window: Open, text: str) -> None:
    opened = open_window((text,))
    assert {"signals", "chart", "evidence"} <= set(boxes(opened))
    assert opened.window.notice.isVisible()
    assert "기본 배치" in opened.window.notice._sentence


def test_the_one_before_the_damaged_is_used(open_window: Open) -> None:
    good = dump_layout(replace(parse_layout(default_text(open_window), IDS), root=Tabs(("chart",), "chart")))
    opened = open_window(("damaged", good))
    assert set(boxes(opened)) == {"chart"}
    assert opened.window.notice.isVisible()


def default_text(open_window: Open) -> str:
    return dump_layout(open_window().window.area.capture())


def test_newer_text_is_left_alone(open_window: Open) -> None:
    newer = json.dumps(json.loads(default_text(open_window)) | {"version": 9})
    opened = open_window((newer,))
    assert "9" in opened.window.notice._sentence


def test_damaged_qt_bytes_fall_back_to_the_tree(open_window: Open, qtbot: Any) -> None:
    raw = json.loads(default_text(open_window))
    for state in ("AAAA", "!!!!", raw["qt"][:40], ""):
        opened = open_window((json.dumps(raw | {"qt": state}),))
        assert set(boxes(opened)) == {"signals", "symbols", "chart", "evidence"}


def test_maximise_and_back(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    before, area = boxes(opened), opened.window.area
    frame = area.docks["chart"].frame
    frame.header.double_clicked.emit()
    qtbot.waitUntil(lambda: set(boxes(opened)) == {"chart"})
    assert area.maximized == "chart"
    qtbot.waitUntil(lambda: boxes(opened)["chart"].width() > 1500)
    text = dump_layout(area.capture())
    assert set(panels_of(parse_layout(text, IDS).root)) == RESEARCH, "a maximised panel is not what is remembered"
    frame.header.double_clicked.emit()
    qtbot.waitUntil(lambda: same(before, boxes(opened)))


def test_close_and_reopen_in_reverse_order(open_window: Open) -> None:
    opened = open_window()
    area = opened.window.area
    area.docks["evidence"].close()
    area.docks["signals"].close()
    assert area.reopen_panel() == "signals"
    assert area.reopen_panel() == "evidence"
    assert area.reopen_panel() == ""
    assert {"signals", "evidence"} <= set(boxes(opened))


def test_float_is_remembered_relative_to_its_screen(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    area = opened.window.area
    area.toggle_float("evidence")
    area.docks["evidence"].setGeometry(40, 50, 420, 500)
    layout = parse_layout(dump_layout(area.capture()), IDS)
    place = layout.floating[0].place
    assert layout.floating[0].panel == "evidence"
    assert 0 <= place.x < 1
    assert 0 < place.height <= 1
    again = open_window((dump_layout(layout),))
    assert again.window.area.docks["evidence"].isFloating()
    area.toggle_float("evidence")
    assert not area.docks["evidence"].isFloating()


def test_float_on_a_lost_screen_is_visible_and_keeps_its_home(open_window: Open) -> None:
    raw = json.loads(default_text(open_window))
    home = {"panel": "evidence", "screen": "GONE-1", "screen_box": [5000, 0, 2560, 1440], "box": [0.5, 0.5, 0.2, 0.4]}
    raw["tree"] = {"tabs": ["chart"], "current": "chart"}
    raw["floating"] = [home]
    raw["signature"] = ""
    opened = open_window((json.dumps(raw),))
    dock = opened.window.area.docks["evidence"]
    area = current_screens()[0].area
    box = dock.geometry()
    assert dock.isFloating()
    assert area.x <= box.x()
    assert box.right() < area.x + area.width
    kept = opened.window.area.capture().floating[0]
    assert kept.place == WindowPlace("GONE-1", (5000, 0, 2560, 1440), 0.5, 0.5, 0.2, 0.4), "it waits for its screen"
    dock.setGeometry(10, 10, 400, 300)
    assert opened.window.area.capture().floating[0].place.screen != "GONE-1", "moved by the user: a new home"


def test_reset_and_undo(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    area = opened.window.area
    area.docks["symbols"].close()
    area.docks["evidence"].close()
    changed = set(panels_of(area.capture().root))
    opened.window.actions_book.trigger("reset_layout")
    assert {"symbols", "evidence"} <= set(boxes(opened))
    opened.window.actions_book.trigger("undo_layout")
    assert set(panels_of(area.capture().root)) == changed == RESEARCH - {"symbols", "evidence"}


def test_panels_are_made_once_and_only_when_seen(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    area = opened.window.area
    assert not area.docks["flow"].made
    frame = area.open_panel("flow")
    assert area.docks["flow"].made
    assert area.make_panel("flow") is frame


def test_tabbed_panels_leave_their_title_to_the_tab(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    qtbot.waitUntil(lambda: opened.window.area.docks["chart"].frame.header.tabbed)
    assert not opened.window.area.docks["signals"].frame.header.tabbed
    docks = opened.window.area.docks
    assert docks["chart"].windowTitle() == docks["chart"].frame.title, "among many tabs the number is in the header alone"


def test_workspaces_keep_their_own_arrangement(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    window, area = opened.window, opened.window.area
    area.docks["symbols"].close()
    left = set(panels_of(area.capture().root))
    window.actions_book.trigger("workspace_closing")
    assert window.bar.workspace.current == "closing"
    qtbot.waitUntil(lambda: {"closing", "chart", "closing_card"} <= set(boxes(opened)))
    assert "signals" not in boxes(opened)
    again = parse_layout(dump_layout(area.capture()), IDS)
    assert again.workspace == "closing" and set(again.others) == {"research"}
    window.bar.workspace.tabs["research"].click()
    assert set(panels_of(area.capture().root)) == left
    assert area.workspace == "research" and set(area.capture().others) == {"closing"}


def test_a_maximised_panel_leaves_no_panels_of_another_workspace_behind(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    window, area = opened.window, opened.window.area
    for name in ("closing", "research"):
        window.open_workspace(name)
        qtbot.waitUntil(lambda: not area._settle.isActive(), timeout=5_000)
    before = set(boxes(opened))
    area.toggle_maximum("chart")
    area.leave_maximum()
    qtbot.waitUntil(lambda: not area._settle.isActive(), timeout=5_000)
    assert set(boxes(opened)) == before


def test_a_panel_of_another_workspace_opens_beside_its_like(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    window, area = opened.window, opened.window.area
    for name in ("closing", "research"):
        window.open_workspace(name)
        qtbot.waitUntil(lambda: not area._settle.isActive(), timeout=5_000)
    area.toggle_maximum("chart")
    area.leave_maximum()
    area.open_panel("closing")
    tabs = window.tabifiedDockWidgets(area.docks["closing"])
    assert area.docks["signals"] in tabs, "both stand at the left"


def test_a_damaged_workspace_gets_its_default(open_window: Open) -> None:
    opened = open_window()
    area = opened.window.area
    area.restore(replace(area.capture(), others={"day": "{broken", "unknown": "x"}), with_window=False)
    opened.window.open_workspace("day")
    assert {"day_scanner", "day_checklist"} <= set(panels_of(area.capture().root))


def test_f6_walks_through_the_visible_panels(open_window: Open, qtbot: Any) -> None:
    opened = open_window()
    window = opened.window
    window.activateWindow()
    visited = []
    for _ in range(4):
        window.actions_book.trigger("next_panel")
        visited.append(window._active.panel_id if window._active else "")
    assert set(visited) == {"signals", "symbols", "chart", "evidence"}
    window.actions_book.trigger("previous_panel")
    assert window._active.panel_id == visited[-2]
    assert sum(frame.is_active for frame in window.area.frames()) == 1


def test_leafing_through_the_workspaces_leaves_their_sizes_alone(open_window: Open, qtbot: Any) -> None:
    opened = open_window(size=(1600, 900))
    window, area = opened.window, opened.window.area
    kept = {}
    for name in ("closing", "day", "morning", "research"):
        window.open_workspace(name)
        qtbot.waitUntil(lambda: not area._settle.isActive(), timeout=5_000)
        kept[name] = boxes(opened)
    for _ in range(3):
        for name in kept:
            window.open_workspace(name)  # faster than anything can be laid out
    for name, before in kept.items():
        window.open_workspace(name)
        qtbot.waitUntil(lambda: not area._settle.isActive(), timeout=5_000)
        assert same(before, boxes(opened)), name
