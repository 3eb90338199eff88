"""Between the logical tree and Qt's dock widgets: reading the tree off the screen and building it again.

Qt keeps no readable tree, but docked panels always tile their area by straight cuts. So the tree is read from geometry: the
area is cut wherever a line crosses no panel, alternating directions, until single tab groups are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

from ralphstock_desktop.ui.layout.model import Node, Split, Tabs

__all__ = ["Leaf", "build_tree", "capture_tree", "cut_boxes", "raise_current", "size_tree"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One tab group and where it stands."""

    tabs: Tabs
    box: QRect


def capture_tree(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> Node | None:
    """Return the tree of the docked, open panels of a window; None if there is none."""
    names = {dock: name for name, dock in docks.items()}
    leaves: list[Leaf] = []
    done: set[str] = set()
    for name, dock in docks.items():
        if name in done or dock.isHidden() or dock.isFloating():
            continue
        # Qt still counts a floating panel among the tabs it came from.
        partners = [other for other in window.tabifiedDockWidgets(dock) if not other.isHidden() and not other.isFloating()]
        group = [names[other] for other in partners if other in names]
        members = tuple([n for n in docks if n == name or n in group])
        done.update(members)
        current = next((n for n in members if not docks[n].visibleRegion().isEmpty()), members[0])
        leaves.append(Leaf(Tabs(members, current), _with_tab_bar(window, docks[current].geometry(), len(members))))
    return cut_boxes(leaves) if leaves else None


def _with_tab_bar(window: QMainWindow, box: QRect, members: int) -> QRect:
    """Return a group's tile with its tab bar: sizes are set for both together, so they must be taken for both together."""
    if members > 1:
        for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            edge = bar.geometry()
            if (
                bar.isVisible()
                and edge.left() <= box.right()
                and box.left() <= edge.right()
                and 0 <= box.top() - edge.bottom() <= 4
            ):
                return box.united(edge.intersected(QRect(box.left(), edge.top(), box.width(), edge.height())))
    return box


def cut_boxes(leaves: Sequence[Leaf]) -> Node:
    """Return the tree of tiles cut by straight lines; overlapping tiles (never seen) become one tab group."""
    if len(leaves) == 1:
        return leaves[0].tabs
    for orientation in ("h", "v"):
        parts = _cut(leaves, horizontal=orientation == "h")
        if len(parts) > 1:
            extents = [_extent(part, horizontal=orientation == "h") for part in parts]
            total = sum(extents) or 1
            return Split(
                "h" if orientation == "h" else "v",
                tuple(cut_boxes(part) for part in parts),
                tuple(extent / total for extent in extents),
            )
    names = tuple(name for leaf in leaves for name in leaf.tabs.panels)
    return Tabs(names, leaves[0].tabs.current)


def _span(leaf: Leaf, *, horizontal: bool) -> tuple[int, int]:
    box = leaf.box
    return (box.left(), box.right()) if horizontal else (box.top(), box.bottom())


def _cut(leaves: Sequence[Leaf], *, horizontal: bool) -> list[list[Leaf]]:
    """Group leaves into runs whose spans do not overlap."""
    ordered = sorted(leaves, key=lambda leaf: _span(leaf, horizontal=horizontal))
    parts: list[list[Leaf]] = []
    end = 0
    for leaf in ordered:
        start, stop = _span(leaf, horizontal=horizontal)
        if not parts or start > end:
            parts.append([leaf])
            end = stop
        else:
            parts[-1].append(leaf)
            end = max(end, stop)
    return parts


def _extent(leaves: Sequence[Leaf], *, horizontal: bool) -> int:
    spans = [_span(leaf, horizontal=horizontal) for leaf in leaves]
    return max(stop for _, stop in spans) - min(start for start, _ in spans) + 1


def _first(node: Node) -> str:
    return node.panels[0] if isinstance(node, Tabs) else _first(node.children[0])


def build_tree(window: QMainWindow, docks: Mapping[str, QDockWidget], root: Node | None) -> None:
    """Dock the panels of a tree into the window's left area in its structure. All docks must be removed before.

    Sizes follow in :func:`size_tree`, once the window has been laid out.
    """
    if root is None:
        return
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks[_first(root)])
    _build(window, docks, root)
    raise_current(docks, root)


def raise_current(docks: Mapping[str, QDockWidget], root: Node | None) -> None:
    """Bring the chosen tab of every group to the front. Qt forgets it for a window that was not shown yet: call it again."""
    for node in _leaves(root) if root is not None else ():
        docks[node.current].raise_()


def _build(window: QMainWindow, docks: Mapping[str, QDockWidget], node: Node) -> None:
    """Fill the place that the first panel of ``node`` already holds."""
    first = docks[_first(node)]
    if isinstance(node, Tabs):
        first.show()
        for name in node.panels[1:]:
            window.tabifyDockWidget(first, docks[name])
            docks[name].show()
        return
    # All children are split off before any of them is split further: each still holds its whole place then.
    orientation = Qt.Orientation.Horizontal if node.orientation == "h" else Qt.Orientation.Vertical
    for before, after in zip(node.children, node.children[1:], strict=False):
        window.splitDockWidget(docks[_first(before)], docks[_first(after)], orientation)
    for child in node.children:
        _build(window, docks, child)


def _leaves(node: Node) -> list[Tabs]:
    if isinstance(node, Tabs):
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]


def size_tree(window: QMainWindow, docks: Mapping[str, QDockWidget], root: Node | None, box: QRect) -> None:
    """Give every part its share of ``box`` (the dock area), outermost split first."""
    if not isinstance(root, Split):
        return
    horizontal = root.orientation == "h"
    extent = box.width() if horizontal else box.height()
    firsts = [docks[_current(child)] for child in root.children]
    sizes = [max(1, round(share * extent)) for share in root.fractions]
    window.resizeDocks(firsts, sizes, Qt.Orientation.Horizontal if horizontal else Qt.Orientation.Vertical)
    for child, size in zip(root.children, sizes, strict=True):
        inner = QRect(0, 0, size, box.height()) if horizontal else QRect(0, 0, box.width(), size)
        size_tree(window, docks, child, inner)


def _current(node: Node) -> str:
    return node.current if isinstance(node, Tabs) else _current(node.children[0])
