"""The document of one message: blocks written into a QTextDocument with cursor and formats, never as HTML.

An answer that grows is written again only from the first block that differs; finished blocks keep their layout. The document
also knows where each fact stands, so that a position on screen leads to a fact and back. Charts and the raised numbers of
sources are inline objects: the text itself holds neither, so reading aloud and copying give the sentence alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QPainter,
    QPyTextObject,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextTableCellFormat,
    QTextTableFormat,
)

from ralphstock_desktop.services.assistant_contracts import (
    Block,
    Chart,
    Code,
    Fact,
    Heading,
    Items,
    Paragraph,
    Quote,
    Span,
    Spans,
    Table,
    spans_of,
)
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.inline_chart import chart_height, paint_chart
from ralphstock_desktop.ui.chat.styles import FormatBook
from ralphstock_desktop.ui.chat.table_shape import size_for, stacked
from ralphstock_desktop.ui.chat.written import clean, item_marks

__all__ = ["Link", "MessageDocument", "readable"]

_OBJECT = int(QTextFormat.ObjectTypes.UserObject) + 1
_WHAT = int(QTextFormat.Property.UserProperty) + 1
_JOINER, _HARD_SPACE, _OBJECT_MARK = "\u2060", "\u00a0", "\ufffc"
_TEXT: FontSize = "title"
_UNIT = re.compile(r"(?<=[0-9])(?=[가-힣%×])|(?<=[+\u2212])(?=.)|(?<=₩)(?=[0-9])")
"""Between a number and its unit, where a line could break."""


def readable(text: str) -> str:
    """Document text as words: without joiners and object marks, with usual spaces and line ends."""
    text = text.replace(_JOINER, "").replace(_OBJECT_MARK, "").replace(_HARD_SPACE, " ")
    return text.replace("\u2028", "\n").replace("\u2029", "\n")


@dataclass(frozen=True, slots=True)
class Link:
    """A run of characters tied to a fact, from ``start`` up to ``end``; the raised number belongs to it."""

    start: int
    end: int
    fact: str


@dataclass(slots=True)
class _Part:
    """Where a block of the answer stands: ``start`` lies before the paragraph sign that begins it."""

    block: Block
    start: int
    end: int
    links: int
    """Links before it."""
    unknown: frozenset[str]
    """Facts it names that were not known when it was written."""


class _Inline(QPyTextObject):
    """Draws charts and raised source numbers inside a document."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.look = look
        self.things: list[Chart | int] = []
        self.ink = "text-muted"

    def intrinsicSize(self, doc: QTextDocument, _position: int, form: QTextFormat) -> QSizeF:
        """A chart is as wide as the text, a number as wide as its digits."""
        thing = self.things[int(form.property(_WHAT))]
        if isinstance(thing, Chart):
            return QSizeF(max(40.0, doc.textWidth() - 2 * doc.documentMargin()), chart_height(self.look))
        metrics = QFontMetricsF(self.look.font("micro"))
        return QSizeF(metrics.horizontalAdvance(str(thing)) + self.look.px(2), metrics.capHeight() + self.look.px(5))

    def drawObject(
        self, painter: QPainter, rect: QRectF | QRect, _doc: QTextDocument, _position: int, form: QTextFormat
    ) -> None:
        """Draw it into its place."""
        thing = self.things[int(form.property(_WHAT))]
        if isinstance(thing, Chart):
            paint_chart(painter, QRectF(rect), thing, self.look)
            return
        font = self.look.font("micro")
        painter.setFont(font)
        painter.setPen(self.look.color(self.ink))
        painter.drawText(QPointF(rect.x() + 1, rect.y() + QFontMetricsF(font).capHeight()), str(thing))


class MessageDocument:
    """Writes blocks into a document and keeps what stands where.

    Parameters
    ----------
    document : QTextDocument
        Of the widget that shows it; emptied.
    """

    def __init__(self, document: QTextDocument, look: Appearance) -> None:
        self.document, self.look = document, look
        document.setUndoRedoEnabled(False)
        self._inline = _Inline(look)
        document.documentLayout().registerHandler(_OBJECT, self._inline)
        self._parts: list[_Part] = []
        self.links: list[Link] = []
        self._ends: list[int] = []
        self._facts: frozenset[str] = frozenset()
        self._numbers: Mapping[str, int] = {}
        self._width = 0
        self._fitted: dict[int, FontSize | None] = {}
        self.book = FormatBook(look)
        self.size: FontSize = _TEXT
        self.written = 0
        """Blocks written so far, for measuring that finished ones are kept."""
        self.changed_from = 0
        """First character that the last :meth:`show` wrote anew."""

    # -- writing --------------------------------------------------------------------------------------------------------

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is shown."""
        return tuple(part.block for part in self._parts)

    def restyle(self, *, ink: str = "text", quiet: bool = False) -> None:
        """Take colours and sizes anew from the appearance; everything is written again with the next blocks."""
        self.book = FormatBook(self.look, ink=ink)
        self.size = "body" if quiet else _TEXT
        self.document.setDefaultFont(self.look.font(self.size))
        self.document.setDocumentMargin(self.look.px(3))
        self._clear()

    def set_width(self, width: int) -> None:
        """Tell the width in pixels. A table that no longer fits, or fits again, is written anew."""
        if width == self._width:
            return
        self._width = width
        if any(
            isinstance(part.block, Table) and size_for(part.block, self._room(), self.look) != self._fitted.get(id(part.block))
            for part in self._parts
        ):
            blocks = self.blocks
            self._clear()
            self._write(blocks)

    def show(self, blocks: tuple[Block, ...], facts: tuple[Fact, ...], numbers: Mapping[str, int]) -> bool:
        """Show blocks; what is already there in the same form stays untouched.

        Parameters
        ----------
        numbers : mapping
            Number of the source by fact id; a fact without one gets no raised number.

        Returns
        -------
        bool
            Whether anything was written.
        """
        known = frozenset(fact.id for fact in facts)
        if dict(numbers) != dict(self._numbers) or not self._facts <= known:
            self._clear()
        self._facts, self._numbers = known, numbers
        same = 0
        # A fact that has become known since makes its words a link.
        for part, block in zip(self._parts, blocks, strict=False):
            if (part.block is not block and part.block != block) or part.unknown & known:
                break
            same += 1
        if same == len(self._parts) == len(blocks):
            return False
        self.changed_from = self._parts[same].start if same < len(self._parts) else self.document.characterCount() - 1
        self._cut(same)
        self._write(blocks[same:])
        return True

    def _clear(self) -> None:
        self._parts, self.links, self._ends = [], [], []
        self._inline.things = []
        self._fitted = {}
        self.document.clear()

    def _cut(self, kept: int) -> None:
        """Take out the blocks after the first ``kept``."""
        if kept >= len(self._parts):
            return
        part = self._parts[kept]
        if part.start == 0:  # what stays holds no letter, and its paragraph has the form of what came after it
            empty = self.blocks[:kept]
            self._clear()
            self._write(empty)
            return
        del self.links[part.links :]
        del self._ends[part.links :]
        del self._parts[kept:]
        cursor = QTextCursor(self.document)
        form = self.document.findBlock(part.start).blockFormat()
        cursor.beginEditBlock()
        cursor.setPosition(part.start)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if self._after_table(cursor.block()):  # the empty paragraph every table ends with
            cursor.setBlockFormat(QTextBlockFormat())
            cursor.setBlockCharFormat(QTextCharFormat())
        else:
            cursor.setBlockFormat(form)
        cursor.endEditBlock()

    def _write(self, blocks: tuple[Block, ...]) -> None:
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        for block in blocks:
            cursor.movePosition(QTextCursor.MoveOperation.End)
            start, before = cursor.position(), len(self.links)
            self._write_block(cursor, block)
            cursor.movePosition(QTextCursor.MoveOperation.End)
            named = {span.fact for span in spans_of((block,)) if span.fact}
            self._parts.append(_Part(block, start, cursor.position(), before, frozenset(named - self._facts)))
            self.written += 1
        cursor.endEditBlock()

    def _write_block(self, cursor: QTextCursor, block: Block) -> None:
        book, first = self.book, not self._parts
        gap = 0 if first else 4
        if isinstance(block, Paragraph):
            self._begin(cursor, book.block(above=gap))
            self._spans(cursor, block.spans, self.size)
        elif isinstance(block, Heading):
            self._begin(cursor, book.block(line=24, above=0 if first else 8))
            self._spans(cursor, block.spans, "value" if block.level < 3 else "title", bold=True)
        elif isinstance(block, Quote):
            self._begin(cursor, book.block(above=gap, left=12))
            self._spans(cursor, block.spans, self.size, ink="text-secondary")
        elif isinstance(block, Code):
            lines = clean(block.text).split("\n")
            for number, line in enumerate(lines):
                above, below = (gap + 4 if number == 0 else 0), (4 if number == len(lines) - 1 else 0)
                self._begin(cursor, book.block(line=19, above=above, below=below, left=8))
                cursor.insertText(line.replace(" ", _HARD_SPACE), book.char(Span(line), "body", linked=False))
        elif isinstance(block, Items):
            self._items(cursor, block, gap)
        elif isinstance(block, Table):
            self._table(cursor, block, gap)
        else:
            self._begin(cursor, book.block(line=0, above=6, below=2))
            start = cursor.position()
            self._object(cursor, block)
            if block.fact in self._facts:
                self._link(start, cursor.position(), block.fact)

    def _begin(self, cursor: QTextCursor, form: object) -> None:
        """Begin a paragraph; an empty last one (of a new document, or after a table) is used."""
        if cursor.block().length() > 1 or (self._parts and not self._after_table(cursor.block())):
            cursor.insertBlock()
        cursor.setBlockFormat(form)  # type: ignore[arg-type]
        cursor.setBlockCharFormat(QTextCharFormat())

    def _after_table(self, block: QTextBlock) -> bool:
        last = self._parts[-1]
        # A table without cells wrote nothing, so no paragraph follows it.
        return isinstance(last.block, Table) and last.end > last.start and last.end == block.position()

    def _items(self, cursor: QTextCursor, block: Items, gap: int) -> None:
        for number, ((level, mark), spans) in enumerate(zip(item_marks(block), block.items, strict=True)):
            hang = 20 if block.ordered else 12
            self._begin(cursor, self.book.block(above=gap if number == 0 else 1, left=level * 16, hang=hang))
            cursor.insertText(f"{mark}\t", self.book.char(Span(mark), self.size, linked=False, ink="text-secondary"))
            self._spans(cursor, spans, self.size)

    def _spans(self, cursor: QTextCursor, spans: Spans, size: FontSize, *, bold: bool = False, ink: str = "") -> None:
        for span in spans:
            linked = span.fact in self._facts
            text = clean(span.text).replace("\n", "\u2028")
            form = self.book.char(span, size, linked=linked, bold=bold, ink=ink)
            if not linked:
                cursor.insertText(text, form)
                continue
            start = cursor.position()
            # A value stays on one line with its unit and the number of its source.
            if len(text) <= 24:
                text = _UNIT.sub(_JOINER, text.replace(" ", _HARD_SPACE))
            cursor.insertText(text, form)
            number = self._numbers.get(span.fact)
            if number is not None:
                cursor.insertText(_JOINER, form)
                self._object(cursor, number)
                cursor.insertText(_JOINER, self.book.char(Span(""), size, linked=False))
            self._link(start, cursor.position(), span.fact)

    def _object(self, cursor: QTextCursor, thing: Chart | int) -> None:
        form = QTextCharFormat()
        form.setObjectType(_OBJECT)
        form.setProperty(_WHAT, len(self._inline.things))
        self._inline.things.append(thing)
        cursor.insertText(_OBJECT_MARK, form)

    def _link(self, start: int, end: int, fact: str) -> None:
        self.links.append(Link(start, end, fact))
        self._ends.append(end)

    # -- tables ---------------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        return self._width - 2 * round(self.document.documentMargin())

    def _table(self, cursor: QTextCursor, table: Table, gap: int) -> None:
        letters = size_for(table, self._room(), self.look)
        self._fitted[id(table)], whole = letters, letters is not None
        rows = [table.head, *table.rows] if whole else [(cell,) for record in stacked(table) for cell in record]
        columns = max((len(row) for row in rows), default=0)
        if not columns:
            return
        self._begin(cursor, self.book.block(line=0, above=gap))
        form = QTextTableFormat()
        form.setBorder(0)
        form.setCellSpacing(0)
        form.setCellPadding(0)
        form.setBorderCollapse(True)
        form.setTopMargin(self.look.px(4))
        form.setBottomMargin(self.look.px(4))
        form.setHeaderRowCount(1 if whole else 0)
        grid = cursor.insertTable(len(rows), columns, form)
        for number, row in enumerate(rows):
            # Of a record below the other, the first row names it and the second holds its values.
            head = number == 0 if whole else number % 2 == 0
            for column, spans in enumerate(row):
                cell = grid.cellAt(number, column)
                cell.setFormat(self._cell(head=head and whole, last=number == len(rows) - 1 or (head and not whole)))
                place = cell.firstCursorPosition()
                to_right = whole and column < len(table.right) and table.right[column]
                paragraph = self.book.block(line=19, keep=to_right)
                if to_right:
                    paragraph.setAlignment(Qt.AlignmentFlag.AlignRight)
                place.setBlockFormat(paragraph)
                quiet = head and whole
                self._spans(place, spans, "caption" if quiet else letters or "body", bold=head and not whole,
                            ink="text-muted" if quiet else "" if whole or head else "text-secondary")  # fmt: skip

    def _cell(self, *, head: bool, last: bool) -> QTextTableCellFormat:
        px, form = self.look.px, QTextTableCellFormat()
        form.setLeftPadding(px(6))
        form.setRightPadding(px(7))
        form.setTopPadding(px(2))
        form.setBottomPadding(px(2))
        if not last:
            form.setBottomBorder(1)
            form.setBottomBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
            form.setBottomBorderBrush(self.look.color("line-strong" if head else "line-hair"))
        return form

    # -- looking up -----------------------------------------------------------------------------------------------------

    def link_at(self, position: int) -> int:
        """Index of the link over a character, or -1."""
        index = bisect_right(self._ends, position)
        return index if index < len(self.links) and self.links[index].start <= position else -1

    def parts_in(self, start: int, end: int) -> list[tuple[Block, bool, int, int]]:
        """Blocks touched by a range: the block, whether wholly inside, and the touched characters."""
        found = []
        for part in self._parts:
            begin = part.start if part.start == 0 else part.start + 1
            first, last = max(begin, start), min(part.end, end)
            if first < last or (first == last and begin == part.end):
                found.append((part.block, start <= begin and part.end <= end, first, last))
        return found

    def grounds(self) -> list[tuple[bool, int, int]]:
        """Quotes (True) and code (False) with a character of their first and last line, for what is painted behind them."""
        return [
            (isinstance(part.block, Quote), part.start + (part.start > 0), part.end)
            for part in self._parts
            if isinstance(part.block, Quote | Code)
        ]
