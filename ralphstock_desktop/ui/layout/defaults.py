"""The layouts a new user gets, for wide, small and very small windows (design.md §4: 1,440 px is the border)."""

from __future__ import annotations

from collections.abc import Callable

from ralphstock_desktop.ui.layout.model import Layout, Node, Split, Tabs

__all__ = ["FOUR_COLUMNS_FROM", "SMALL_BELOW", "TWO_COLUMNS_BELOW", "default_layout"]

SMALL_BELOW = 1440
"""Width at 100 % zoom below which the small layout is used."""
TWO_COLUMNS_BELOW = 900
"""Width at 100 % zoom below which the evidence is a tab beside the chart: three columns would not fit."""

FOUR_COLUMNS_FROM = 2400
"""Width at 100 % zoom from which order book and trades have a column of their own."""


def default_layout(width: int, px: Callable[[float], int]) -> Layout:
    """Return the default layout for a window ``width`` px wide.

    Parameters
    ----------
    width : int
        Width of the window in device-independent pixels.
    px : callable
        Turns sizes at 100 % into sizes at the chosen zoom.

    Notes
    -----
    The evidence panel has a fixed range of useful widths (300-392 px); the table and the chart share the rest. Order book and
    trades are tabs behind the evidence, because each of the three needs the height; they stand on their own where the window
    is wide enough for a column more.
    """
    if width < px(TWO_COLUMNS_BELOW):
        # Such a window is not high either: one table with its rows says more than two that show only their heads.
        tables = Tabs(("signals", "symbols", "ledger", "health"), "signals")
        return Layout(root=Split("h", (tables, Tabs(("chart", "flow", "evidence", "book", "trades"), "chart")), (0.42, 0.58)))
    small = width < px(SMALL_BELOW)
    right = px(304 if small else 392) / max(1, width)
    left = 0.37 if small else 0.41
    centre = max(0.25, 1.0 - left - right)
    wide = width >= px(FOUR_COLUMNS_FROM)
    market = px(396) / max(1, width) if wide else 0.0
    centre -= market
    total = left + centre + right + market
    left_column = Split(
        "v",
        (Tabs(("signals",), "signals"), Tabs(("symbols", "ledger", "health"), "symbols")),
        (0.62, 0.38) if small else (0.56, 0.44),
    )
    behind = () if wide else ("book", "trades")
    columns: list[tuple[Node, float]] = [
        (left_column, left),
        (Tabs(("chart", "flow"), "chart"), centre),
        (Tabs(("evidence", *behind), "evidence"), right),
    ]
    if wide:
        columns.append((Split("v", (Tabs(("book",), "book"), Tabs(("trades",), "trades")), (0.55, 0.45)), market))
    root = Split("h", tuple(node for node, _ in columns), tuple(share / total for _, share in columns))
    return Layout(root=root)
