"""The layouts a new user gets, for wide, small and very small windows (design.md §4: 1,440 px is the border)."""

from __future__ import annotations

from collections.abc import Callable

from ralphstock_desktop.ui.layout.model import Layout, Node, Split, Tabs

__all__ = ["FOUR_COLUMNS_FROM", "SMALL_BELOW", "TWO_COLUMNS_BELOW", "WORKSPACES", "default_layout"]

WORKSPACES: tuple[str, ...] = ("prepare", "day", "closing", "research")
"""Workspaces by the hour of the day: before the open, day trading, closing bet, research."""

SMALL_BELOW = 1440
"""Width at 100 % zoom below which the small layout is used."""
TWO_COLUMNS_BELOW = 900
"""Width at 100 % zoom below which the evidence is a tab beside the chart: three columns would not fit."""

FOUR_COLUMNS_FROM = 2400
"""Width at 100 % zoom from which order book and trades have a column of their own."""


def default_layout(width: int, px: Callable[[float], int], workspace: str = "research") -> Layout:
    """Return the default layout of a workspace for a window ``width`` px wide.

    Parameters
    ----------
    width : int
        Width of the window in device-independent pixels.
    px : callable
        Turns sizes at 100 % into sizes at the chosen zoom.
    workspace : str
        One of ``WORKSPACES``; any other name gets the one for research.
    """
    columns = _COLUMNS.get(workspace, _research)(width, px)
    total = sum(share for _, share in columns)
    if len(columns) == 1:
        return Layout(root=columns[0][0], workspace=workspace)
    root = Split("h", tuple(node for node, _ in columns), tuple(share / total for _, share in columns))
    return Layout(root=root, workspace=workspace)


Columns = list[tuple[Node, float]]


def _tabs(*names: str) -> Tabs:
    return Tabs(names, names[0])


def _over(upper: Node, lower: Node, share: float) -> Split:
    return Split("v", (upper, lower), (share, 1.0 - share))


def _research(width: int, px: Callable[[float], int]) -> Columns:
    """Table, chart, evidence.

    The evidence panel has a fixed range of useful widths (300-392 px); the table and the chart share the rest. Order book and
    trades are tabs behind the evidence, because each of the three needs the height; in a small window they are behind the
    chart, since six tabs would not fit over the evidence. They stand on their own where there is width for a column more.
    """
    if width < px(TWO_COLUMNS_BELOW):
        # Such a window is not high either: one table with its rows says more than two that show only their heads.
        tables = _tabs("signals", "symbols", "near", "ledger", "health")
        rest = _tabs("chart", "flow", "evidence", "diff", "book", "trades", "news", "performance", "backtest", "what_if")
        return [(tables, 0.42), (rest, 0.58)]
    small = width < px(SMALL_BELOW)
    right = px(304 if small else 392) / max(1, width)
    left = 0.37 if small else 0.41
    centre = max(0.25, 1.0 - left - right)
    wide = width >= px(FOUR_COLUMNS_FROM)
    market = px(396) / max(1, width) if wide else 0.0
    market_tabs = () if wide else ("book", "trades")
    behind_chart, behind_evidence = (market_tabs, ()) if small else ((), market_tabs)
    columns: Columns = [
        (_over(_tabs("signals"), _tabs("symbols", "near", "ledger", "health"), 0.62 if small else 0.56), left),
        (_tabs("chart", "flow", *behind_chart, "performance", "backtest"), centre - market),
        (_tabs("evidence", "diff", "news", "what_if", *behind_evidence), right),
    ]
    if wide:
        columns.append((_over(_tabs("book"), _tabs("trades"), 0.55), market))
    return columns


def _prepare(width: int, px: Callable[[float], int]) -> Columns:
    """Before the open: gate and news of the night, yesterday's signals, what is near."""
    if width < px(TWO_COLUMNS_BELOW):
        rest = _tabs("news", "chat", "chart", "evidence", "recommend", "watch", "journal")
        return [(_tabs("gate", "signals", "near"), 0.45), (rest, 0.55)]
    return [
        (_over(_tabs("gate"), _tabs("recommend", "watch", "journal"), 0.56), 0.34),
        (_over(_tabs("signals", "near"), _tabs("chart"), 0.42), 0.38),
        (_over(_tabs("news", "chat"), _tabs("evidence", "alerts"), 0.5), 0.28),
    ]


def _day(width: int, px: Callable[[float], int]) -> Columns:
    """Day trading: scanner with alerts, chart with checklist, order book with trades."""
    if width < px(TWO_COLUMNS_BELOW):
        return [(_tabs("day_scanner", "alerts"), 0.45), (_tabs("day_checklist", "chart", "book", "trades"), 0.55)]
    scanner = _over(_tabs("day_scanner"), _tabs("alerts", "near"), 0.76)
    if width < px(SMALL_BELOW):
        return [(scanner, 0.485), (_over(_tabs("chart", "book", "trades"), _tabs("day_checklist"), 0.5), 0.515)]
    return [
        (scanner, 0.43),
        (_over(_tabs("chart"), _tabs("day_checklist"), 0.58), 0.36),
        (_over(_tabs("book"), _tabs("trades"), 0.55), 0.21),
    ]


def _closing(width: int, px: Callable[[float], int]) -> Columns:
    """Closing bet: candidates with chart, card, what-if."""
    if width < px(TWO_COLUMNS_BELOW):
        return [(_tabs("closing", "chart"), 0.45), (_tabs("closing_card", "what_if", "news"), 0.55)]
    left = _over(_tabs("closing"), _tabs("chart"), 0.5)
    if width < px(SMALL_BELOW):
        return [(left, 0.52), (_tabs("closing_card", "what_if", "news"), 0.48)]
    return [(left, 0.45), (_tabs("closing_card", "news"), 0.35), (_tabs("what_if", "alerts"), 0.2)]


_COLUMNS: dict[str, Callable[[int, Callable[[float], int]], Columns]] = {
    "prepare": _prepare,
    "day": _day,
    "closing": _closing,
    "research": _research,
}
