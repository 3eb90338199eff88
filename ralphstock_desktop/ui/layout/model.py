"""The logical layout as plain data, and its versioned JSON text. No Qt here.

A layout is a tree of splits whose leaves are groups of tabs, plus floating panels placed relative to their screen. It says
nothing in pixels, so it survives another screen, another scale and another text size. Reading validates everything: what is
unknown or doubled is dropped, what cannot be understood raises :class:`LayoutUnreadable`, and the caller uses the default.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.model.errors import ValidationFailed

__all__ = [
    "FORMAT",
    "VERSION",
    "Floating",
    "Layout",
    "LayoutUnreadable",
    "Node",
    "Split",
    "Tabs",
    "WindowPlace",
    "dump_layout",
    "panels_of",
    "parse_layout",
    "without",
]

FORMAT = "ralphstock-layout"
VERSION = 1
_MAX_TEXT = 1_000_000
_MAX_DEPTH = 24


class LayoutUnreadable(ValidationFailed):
    """A saved layout is damaged or from a newer version; ``key`` says which."""

    default_key = "error.layout.damaged"


@dataclass(frozen=True, slots=True)
class Tabs:
    """A leaf: one or more panels in the same place."""

    panels: tuple[str, ...]
    current: str


@dataclass(frozen=True, slots=True)
class Split:
    """Children side by side (``h``) or one above the other (``v``) with their shares of the extent (sum 1)."""

    orientation: Literal["h", "v"]
    children: tuple[Node, ...]
    fractions: tuple[float, ...]


Node = Tabs | Split


@dataclass(frozen=True, slots=True)
class WindowPlace:
    """A top-level rectangle as fractions of its screen's available area."""

    screen: str
    """Name of the screen."""
    screen_box: tuple[int, int, int, int]
    """Where that screen was (x, y, width, height), to find the nearest one when it is gone."""
    x: float
    y: float
    width: float
    height: float
    maximized: bool = False


@dataclass(frozen=True, slots=True)
class Floating:
    """A panel in a window of its own."""

    panel: str
    place: WindowPlace


@dataclass(frozen=True)
class Layout:
    """Everything that is remembered about the window."""

    root: Node | None
    floating: tuple[Floating, ...] = ()
    panels: dict[str, dict[str, object]] = field(default_factory=dict)
    """``PanelState`` of each panel, with its version under ``"version"``."""
    window: WindowPlace | None = None
    qt_state: str = ""
    """Qt's own byte state as base64; used only where ``signature`` still holds."""
    signature: str = ""
    """Identity of screens, scale, zoom and panel set at the time of saving."""
    workspace: str = "research"
    others: dict[str, str] = field(default_factory=dict)
    """Layout texts of the workspaces that are not on screen, by name."""


def panels_of(node: Node | None) -> Iterator[str]:
    """Yield the panels of a tree in order."""
    if isinstance(node, Tabs):
        yield from node.panels
    elif isinstance(node, Split):
        for child in node.children:
            yield from panels_of(child)


def without(node: Node | None, gone: set[str]) -> Node | None:
    """Return the tree without some panels; empty leaves vanish and their share goes to the others."""
    if node is None:
        return None
    if isinstance(node, Tabs):
        kept = tuple(panel for panel in node.panels if panel not in gone)
        if not kept:
            return None
        return Tabs(kept, node.current if node.current in kept else kept[0])
    pairs = [(without(child, gone), share) for child, share in zip(node.children, node.fractions, strict=True)]
    left = [(child, share) for child, share in pairs if child is not None]
    if not left:
        return None
    if len(left) == 1:
        return left[0][0]
    total = sum(share for _, share in left)
    return Split(node.orientation, tuple(child for child, _ in left), tuple(share / total for _, share in left))


# -- writing -------------------------------------------------------------------------------------------------------------


def _node_to_json(node: Node | None) -> Any:
    if node is None:
        return None
    if isinstance(node, Tabs):
        return {"tabs": list(node.panels), "current": node.current}
    return {
        "split": node.orientation,
        "children": [_node_to_json(child) for child in node.children],
        "fractions": [round(share, 5) for share in node.fractions],
    }


def _place_to_json(place: WindowPlace) -> dict[str, Any]:
    return {
        "screen": place.screen,
        "screen_box": list(place.screen_box),
        "box": [round(value, 5) for value in (place.x, place.y, place.width, place.height)],
        "maximized": place.maximized,
    }


def dump_layout(layout: Layout) -> str:
    """Return the JSON text of a layout."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "workspace": layout.workspace,
            "others": layout.others,
            "window": _place_to_json(layout.window) if layout.window else None,
            "tree": _node_to_json(layout.root),
            "floating": [{"panel": item.panel, **_place_to_json(item.place)} for item in layout.floating],
            "panels": layout.panels,
            "signature": layout.signature,
            "qt": layout.qt_state,
        },
        ensure_ascii=False,
        indent=1,
    )


# -- reading -------------------------------------------------------------------------------------------------------------


def parse_layout(text: str, known: Sequence[str]) -> Layout:
    """Read a layout text.

    Parameters
    ----------
    text : str
        What :func:`dump_layout` wrote, or anything at all.
    known : sequence of str
        Panels that exist. Others are dropped: a panel of a later version must not break the rest.

    Raises
    ------
    LayoutUnreadable
        ``error.layout.newer`` if a newer program wrote it, ``error.layout.damaged`` if it cannot be understood or holds
        no known panel at all.
    """
    if len(text) > _MAX_TEXT:
        raise LayoutUnreadable(f"the saved layout is {len(text)} characters long; it was not read.")
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LayoutUnreadable(f"the saved layout is not readable: {error}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise LayoutUnreadable("the saved layout does not carry this program's mark.")
    version = raw.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise LayoutUnreadable(f"the saved layout has no valid version (found {version!r}).")
    if version > VERSION:
        raise LayoutUnreadable(
            f"the saved layout has version {version}, this program reads up to {VERSION}.",
            key="error.layout.newer",
            found=version,
            known=VERSION,
        )
    seen: set[str] = set()
    root = _read_node(raw.get("tree"), set(known), seen, 0)
    floating = _read_floating(raw.get("floating"), set(known), seen)
    if root is None and not floating:
        raise LayoutUnreadable("the saved layout shows no panel that this program has.")
    states = raw.get("panels")
    panels = {
        str(name): {str(key): value for key, value in state.items()}
        for name, state in (states.items() if isinstance(states, dict) else ())
        if name in known and isinstance(state, dict)
    }
    window = raw.get("window")
    return Layout(
        root=root,
        floating=floating,
        panels=panels,
        window=_read_place(window) if isinstance(window, dict) else None,
        qt_state=_text(raw.get("qt")),
        signature=_text(raw.get("signature")),
        workspace=_text(raw.get("workspace")) or "research",
        others=_read_others(raw.get("others")),
    )


def _read_others(value: object) -> dict[str, str]:
    """Texts of the other workspaces; what is no text is dropped, each is read (and refused) when it is opened."""
    return {str(name): text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _numbers(value: object, count: int) -> list[float] | None:
    """Return ``count`` finite numbers or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    for item in value:
        if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item) or abs(item) > 1e6:
            return None
    return [float(item) for item in value]


def _read_node(raw: object, known: set[str], seen: set[str], depth: int) -> Node | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or depth > _MAX_DEPTH:
        raise LayoutUnreadable("the saved layout's tree is damaged.")
    if "tabs" in raw:
        tabs = raw["tabs"]
        if not isinstance(tabs, list):
            raise LayoutUnreadable("the saved layout's tree is damaged: tabs are not a list.")
        kept: list[str] = []
        for panel in tabs:
            if isinstance(panel, str) and panel in known and panel not in seen:
                seen.add(panel)
                kept.append(panel)
        current = raw.get("current")
        return Tabs(tuple(kept), current if isinstance(current, str) and current in kept else kept[0]) if kept else None
    children, orientation = raw.get("children"), raw.get("split")
    if not isinstance(children, list) or orientation not in {"h", "v"}:
        raise LayoutUnreadable("the saved layout's tree is damaged: a split without children or direction.")
    shares = _numbers(raw.get("fractions"), len(children)) or [1.0] * len(children)
    if any(share <= 0 for share in shares):
        shares = [1.0] * len(children)
    pairs = [(_read_node(child, known, seen, depth + 1), share) for child, share in zip(children, shares, strict=True)]
    left = [(node, share) for node, share in pairs if node is not None]
    if not left:
        return None
    if len(left) == 1:
        return left[0][0]
    total = sum(share for _, share in left)
    # A sliver nobody can grab is as good as lost: every child keeps at least 3 %.
    shares = [max(0.03, share / total) for _, share in left]
    total = sum(shares)
    return Split("h" if orientation == "h" else "v", tuple(node for node, _ in left), tuple(share / total for share in shares))


def _read_place(raw: dict[Any, Any]) -> WindowPlace | None:
    box, screen_box = _numbers(raw.get("box"), 4), _numbers(raw.get("screen_box"), 4)
    if box is None or screen_box is None or box[2] <= 0 or box[3] <= 0:
        return None
    x, y, width, height = (round(value) for value in screen_box)
    return WindowPlace(
        screen=_text(raw.get("screen")),
        screen_box=(x, y, width, height),
        x=box[0],
        y=box[1],
        width=box[2],
        height=box[3],
        maximized=raw.get("maximized") is True,
    )


def _read_floating(raw: object, known: set[str], seen: set[str]) -> tuple[Floating, ...]:
    found: list[Floating] = []
    for item in raw if isinstance(raw, list) else ():
        if not isinstance(item, dict):
            continue
        panel, place = item.get("panel"), _read_place(item)
        if isinstance(panel, str) and panel in known and panel not in seen and place is not None:
            seen.add(panel)
            found.append(Floating(panel, place))
    return tuple(found)
