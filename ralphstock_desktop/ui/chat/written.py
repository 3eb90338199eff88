"""Blocks of an answer as text: plain for reading aloud, Markdown for the clipboard. No Qt here.

Model text is only ever text. :func:`clean` takes out what could change how a line *looks* without changing what it says:
direction overrides, control characters and the marks Qt's documents use for their own structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ralphstock_desktop.services.assistant_contracts import (
    Block,
    Chart,
    Code,
    Heading,
    Items,
    Paragraph,
    Quote,
    Span,
    Spans,
    Table,
)

__all__ = ["clean", "item_marks", "markdown_of", "markdown_of_block", "plain_of", "plain_of_block", "spans_text"]

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufdd0\ufdd1\ufeff\ufffc]"
)
_LINES = re.compile("\r\n|[\r\n\u2028\u2029]")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~])")


def clean(text: str) -> str:
    """Take unseen characters out; line ends become ``\\n``."""
    return _UNSEEN.sub("", _LINES.sub("\n", text))


def spans_text(spans: Spans) -> str:
    """The words of a run, on one line."""
    return clean("".join(span.text for span in spans)).replace("\n", " ")


def item_marks(items: Items) -> list[tuple[int, str]]:
    """Depth and mark of every item: ``·`` or its number among those of the same depth."""
    marks: list[tuple[int, str]] = []
    counts: dict[int, int] = {}
    for position in range(len(items.items)):
        level = items.levels[position] if position < len(items.levels) else 0
        counts = {depth: count for depth, count in counts.items() if depth <= level}
        counts[level] = counts.get(level, 0) + 1
        marks.append((level, f"{counts[level]}." if items.ordered else "·"))
    return marks


# -- plain ------------------------------------------------------------------------------------------------------------------


def plain_of_block(block: Block) -> str:
    """One block as it is read aloud; a chart is its spoken sentence, a table one line a row."""
    if isinstance(block, Paragraph | Heading | Quote):
        return clean("".join(span.text for span in block.spans))
    if isinstance(block, Items):
        rows = zip(item_marks(block), block.items, strict=True)
        return "\n".join(f"{'  ' * level}{mark} {spans_text(item)}" for (level, mark), item in rows)
    if isinstance(block, Table):
        return "\n".join("\t".join(spans_text(cell) for cell in row) for row in (block.head, *block.rows))
    if isinstance(block, Chart):
        return clean(f"{block.title}: {block.spoken}" if block.title else block.spoken)
    return clean(block.text)


def plain_of(blocks: Iterable[Block]) -> str:
    """A document as plain text."""
    return "\n".join(plain_of_block(block) for block in blocks)


# -- Markdown ---------------------------------------------------------------------------------------------------------------


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _marked(span: Span) -> str:
    text = clean(span.text)
    if span.code:
        return f"`{text.replace('`', chr(39))}`"
    text = _escaped(text)
    bare = text.strip()
    if not bare:
        return text
    around = ("~~" if span.struck else "") + ("**" if span.bold else "") + ("*" if span.italic else "")
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{around}{bare}{around[::-1]}{after}"


def _run(spans: Spans, line_end: str = " ") -> str:
    return "".join(_marked(span) for span in spans).replace("\n", line_end)


def _table(table: Table) -> str:
    columns = max((len(row) for row in (table.head, *table.rows)), default=0)
    rows = [[_run(cell) for cell in row] + [""] * (columns - len(row)) for row in (table.head, *table.rows)]
    rule = ["---:" if column < len(table.right) and table.right[column] else "---" for column in range(columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def markdown_of_block(block: Block) -> str:
    """One block as Markdown."""
    if isinstance(block, Paragraph):
        return _run(block.spans, "  \n")
    if isinstance(block, Heading):
        return f"{'#' * max(1, min(block.level, 6))} {_run(block.spans)}"
    if isinstance(block, Quote):
        return "> " + _run(block.spans, "\n> ")
    if isinstance(block, Items):
        rows = zip(item_marks(block), block.items, strict=True)
        return "\n".join(f"{'   ' * level}{mark if block.ordered else '-'} {_run(item)}" for (level, mark), item in rows)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Code):
        fence = "```"
        while fence in block.text:
            fence += "`"
        return f"{fence}\n{clean(block.text)}\n{fence}"
    return f"*{_escaped(plain_of_block(block))}*"


def markdown_of(blocks: Sequence[Block]) -> str:
    """A document as Markdown."""
    return "\n\n".join(markdown_of_block(block) for block in blocks)
