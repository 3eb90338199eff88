"""Whether a table of an answer fits a width, and its narrow form: one record below the other, its values in a run."""

from __future__ import annotations

from PySide6.QtGui import QFontMetricsF

from ralphstock_desktop.services.assistant_contracts import Span, Spans, Table
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.written import spans_text

__all__ = ["fits", "size_for", "stacked"]

_PADDING = 13
_HARD_SPACE, _GAP = "\u00a0", "\u2003"
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


def _keys(table: Table) -> int:
    """How many first columns name a record: a second one where the first is a rank, or alone stands for several."""
    firsts = [spans_text(row[0]) if row else "" for row in table.rows]
    is_rank = bool(table.right) and table.right[0]
    return 2 if len(table.head) > 2 and (is_rank or len(set(firsts)) < len(firsts)) else 1


def stacked(table: Table) -> list[tuple[Spans, Spans]]:
    """The narrow form of a table: for every record the cells that name it, and the others in a run, each after its column's
    head. Empty cells are left out; a head and its value stay on one line where they can."""
    records: list[tuple[Spans, Spans]] = []
    keys = _keys(table)
    for record in table.rows:
        name: Spans = record[0] if record else ()
        for cell in record[1:keys]:
            name = (*name, Span(" · "), *cell)
        run: Spans = ()
        for column, cell in enumerate(record[keys:], start=keys):
            if not spans_text(cell).strip():
                continue
            head = spans_text(table.head[column]) if column < len(table.head) else ""
            label = f"{head} ".replace(" ", _HARD_SPACE) if head else ""
            run = (*run, Span(f"{_GAP}{label}" if run else label), *cell)
        records.append((name, run))
    return records
