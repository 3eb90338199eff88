"""Whether a table of an answer fits a width, and its narrow form: one record below the other, two columns."""

from __future__ import annotations

from PySide6.QtGui import QFontMetricsF

from ralphstock_desktop.services.assistant_contracts import Span, Spans, Table
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.written import spans_text

__all__ = ["fits", "size_for", "stacked"]

_PADDING = 13
_WORD_MOST = 72
"""A column of several words may be squeezed to this (px at 100 %) before the table changes its form."""


def size_for(table: Table, room: int, look: Appearance) -> FontSize | None:
    """The largest letters with which the table can stand in ``room`` pixels; None where even small ones need more."""
    sizes: tuple[FontSize, ...] = ("body", "caption")
    return next((size for size in sizes if fits(table, room, look, size)), None)


def fits(table: Table, room: int, look: Appearance, size: FontSize = "body") -> bool:
    """Whether the table can stand in ``room`` pixels with its numbers and the names of stocks unbroken."""
    columns = max((len(row) for row in (table.head, *table.rows)), default=0)
    if columns <= 2:
        return True
    body, bold = QFontMetricsF(look.font(size)), QFontMetricsF(look.font(size, bold=True))
    used = 0.0
    for column in range(columns):
        to_right = column < len(table.right) and table.right[column]
        wide = least = 0.0
        for row in (table.head, *table.rows):
            spans = row[column] if column < len(row) else ()
            metrics = bold if any(span.fact or span.bold for span in spans) else body
            # The raised number of a source takes a digit's room.
            raised = look.px(8) if any(span.fact for span in spans) else 0
            wide = max(wide, metrics.horizontalAdvance(spans_text(spans)) + raised)
            words = spans_text(spans).split()
            least = max(least, max((metrics.horizontalAdvance(word) for word in words), default=0.0) + raised)
        used += (wide if to_right else min(wide, max(least, look.px(_WORD_MOST)))) + look.px(_PADDING)
    return used <= room


def stacked(table: Table) -> tuple[list[tuple[Spans, ...]], tuple[bool, ...], frozenset[int]]:
    """The narrow form of a table.

    Returns
    -------
    rows : list
        For every record a row with its first cell, then a row of column head and value for each other cell.
    right : tuple of bool
        Values stand at the right.
    heads : frozenset of int
        Rows that hold a record's first cell alone.
    """
    rows: list[tuple[Spans, ...]] = []
    heads: set[int] = set()
    for record in table.rows:
        heads.add(len(rows))
        rows.append((record[0] if record else (),))
        for column, cell in enumerate(record[1:], start=1):
            head = table.head[column] if column < len(table.head) else (Span(""),)
            rows.append((head, cell))
    return rows, (False, any(table.right)), frozenset(heads)
