"""A model's Markdown as a document of blocks, and back.

Only structure is taken over: paragraphs, headings, lists, tables, quotes, code, bold and italic. HTML, images and links become
their plain words; an answer's links come from its facts alone. Text is NFC without control and bidirectional characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ralphstock_desktop.services.assistant.grounding_letters import clean
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

__all__ = ["MOST_LETTERS", "parse_markdown", "to_markdown", "to_plain"]

MOST_LETTERS = 20_000
"""Longest text read; what follows is cut off."""

_PARSER = (
    MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": 20})
    .enable(["table", "strikethrough"])
    .disable(["reference", "html_block", "html_inline", "code", "lheading"])
)
_TAGS = (
    "a|abbr|article|b|big|blockquote|body|br|button|center|code|del|details|div|em|embed|font|form|h[1-6]|head|hr|html|i|iframe|img|"
    "input|ins|kbd|label|li|link|mark|meta|object|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|summary|sup|"
    "svg|table|tbody|td|th|thead|title|tr|tt|u|ul|var|video|audio|math|wbr"
)
_TAG = re.compile(rf"<!--.*?-->|</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE | re.DOTALL)
_LONG_MARKER = re.compile(r"^(\s*(?:>\s*)*)(\d{3,})([.)])(?=\s)", re.MULTILINE)
_DOUBLE_MARKER = re.compile(r"^(\s*(?:>\s*)*\d{1,2})([.)])(?=\s+\d+[.)]\s)", re.MULTILINE)
_EDGE = "\ufe19"
"""A punctuation nobody writes; set around emphasis so that "**8.5%**로" is bold, which the letter of the standard denies to
scripts without spaces. It never leaves this module."""
_EMPHASIS = re.compile(r"(?<![*\\])(\*{1,3})(?![*\s])([^*\n]+?)(?<![\s\\*])\1(?!\*)")


def parse_markdown(text: str) -> tuple[Block, ...]:
    """Read Markdown. Empty text gives no blocks; nothing raises."""
    source = clean(text, MOST_LETTERS).replace(_EDGE, "")
    if not source.strip():
        return ()
    # "2026. 2. 6." at the start of a line is a date, not three nested lists that would swallow it.
    source = _DOUBLE_MARKER.sub(r"\1\\\2", _LONG_MARKER.sub(r"\1\2\\\3", source))
    source = _EMPHASIS.sub(rf"{_EDGE}\1\2\1{_EDGE}", source)
    return tuple(_Reader(_PARSER.parse(source)).blocks())


class _Reader:
    """Walks the parser's flat tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        while self._at < len(self._tokens):
            found += self._block()
        return found

    def _block(self) -> list[Block]:
        token = self._tokens[self._at]
        self._at += 1
        kind = token.type
        if kind == "inline":
            spans = _spans(token)
            return [Paragraph(spans)] if spans else []
        if kind == "heading_open":
            spans = _spans(self._tokens[self._at])
            self._at += 2
            return [Heading(spans, int(token.tag[1]))] if spans else []
        if kind in {"bullet_list_open", "ordered_list_open"}:
            return self._list(token)
        if kind == "table_open":
            return [self._table()]
        if kind == "blockquote_open":
            return self._quote()
        if kind in {"fence", "code_block"}:
            text = _TAG.sub("", token.content.replace(_EDGE, "")).rstrip("\n")
            return [Code(text)] if text.strip() else []
        return []

    def _until(self, closing: str, level: int) -> list[Block]:
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.type == closing and token.level == level:
                self._at += 1
                break
            found += self._block()
        return found

    def _quote(self) -> list[Block]:
        inner = self._until("blockquote_close", self._tokens[self._at - 1].level)
        found: list[Block] = []
        for block in inner:
            found.append(Quote(block.spans) if isinstance(block, Paragraph | Heading) else block)
        return found

    def _list(self, opening: Token) -> list[Block]:
        ordered = opening.type == "ordered_list_open"
        start = int(opening.attrGet("start") or 1) if ordered else 1
        items: list[Spans] = []
        levels: list[int] = []
        others: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.level == opening.level and token.type.endswith("_list_close"):
                break
            if token.type == "list_item_open":
                self._item(self._until("list_item_close", token.level), items, levels, others)
        if not items:
            return others
        if start != 1:  # a list interrupted and taken up again keeps the numbers it was written with
            shown = [
                (Span(f"{start + sum(1 for deep in levels[:n] if deep == 0)}. "), *item) if level == 0 else (Span("– "), *item)
                for n, (item, level) in enumerate(zip(items, levels, strict=True))
            ]  # fmt: skip
            return [*(Paragraph(_merged(spans)) for spans in shown), *others]
        depth = tuple(levels) if any(levels) else ()
        return [Items(tuple(items), ordered, depth), *others]

    @staticmethod
    def _item(blocks: list[Block], items: list[Spans], levels: list[int], others: list[Block]) -> None:
        first = True
        for block in blocks:
            if isinstance(block, Paragraph | Heading | Quote):
                items.append(block.spans)
                levels.append(0 if first else 1)
            elif isinstance(block, Items):
                if first:
                    items.append(())
                    levels.append(0)
                items += block.items
                levels += [level + 1 for level in (block.levels or (0,) * len(block.items))]
            else:
                others.append(block)
                continue
            first = False

    def _table(self) -> Table:
        rows: list[tuple[Spans, ...]] = []
        row: list[Spans] = []
        right: list[bool] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                row = []
            elif token.type == "tr_close":
                rows.append(tuple(row))
            elif token.type in {"th_open", "td_open"}:
                row.append(_spans(self._tokens[self._at]))
                if token.type == "th_open":
                    right.append("right" in str(token.attrGet("style") or ""))
        head = rows[0] if rows else ()
        return Table(head, tuple(rows[1:]), tuple(right) if any(right) else ())


def _spans(inline: Token) -> Spans:
    """The runs of an inline token; markup that is not taken over leaves its words."""
    found: list[Span] = []
    bold = italic = 0
    for child in inline.children or ():
        kind = child.type
        if kind == "strong_open":
            bold += 1
        elif kind == "strong_close":
            bold -= 1
        elif kind == "em_open":
            italic += 1
        elif kind == "em_close":
            italic -= 1
        elif kind in {"softbreak", "hardbreak"}:
            found.append(Span("\n", bold=bold > 0, italic=italic > 0))
        elif kind == "code_inline":
            found.append(Span(child.content, bold=bold > 0, italic=italic > 0, code=True))
        elif child.content:  # text; an image's description
            found.append(Span(child.content, bold=bold > 0, italic=italic > 0))
    return _merged([replace(span, text=_without_tags(span.text)) for span in _merged(found)])


def _without_tags(text: str) -> str:
    # What entities decode to may be characters that were cleaned away before.
    shown = clean(text, MOST_LETTERS).replace(_EDGE, "")
    while "<" in shown and (less := _TAG.sub("", shown)) != shown:
        shown = less
    return shown


def _merged(spans: Sequence[Span]) -> Spans:
    """Neighbours of one look as one span, without space at the edges."""
    found: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if found and replace(found[-1], text="") == replace(span, text=""):
            found[-1] = replace(span, text=found[-1].text + span.text)
        else:
            found.append(span)
    while found and not found[0].text.lstrip():
        found.pop(0)
    while found and not found[-1].text.rstrip():
        found.pop()
    if found:
        found[0] = replace(found[0], text=found[0].text.lstrip())
        found[-1] = replace(found[-1], text=found[-1].text.rstrip())
    return tuple(found)


# -- writing ---------------------------------------------------------------------------------------------------------------

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")
_LINE_START = re.compile(r"(?m)^(\s*)([#+\-=>]|\d{1,9}[.)](?=\s|$))")


def to_markdown(blocks: Sequence[Block], *, struck: bool = True) -> str:
    """Write blocks as Markdown that reads back as the same blocks (facts and colours are not part of it).

    Parameters
    ----------
    struck : bool
        Whether what is struck is marked with ``~~``.
    """
    return "\n\n".join(filter(None, (_faithful(block, struck=struck) for block in blocks)))


def _faithful(block: Block, *, struck: bool) -> str:
    """The block with its emphasis, or without where Markdown cannot say it (marks inside of marks)."""
    text = _block_text(block, struck=struck)
    if isinstance(block, Code | Chart) or parse_markdown(text) == (_looks(block, emphasis=True),):
        return text
    return _block_text(_looks(block, emphasis=False), struck=struck)


def _looks(block: Block, *, emphasis: bool) -> Block:
    """The block without facts and reasons; without ``emphasis`` also without bold and italic."""

    def bare(spans: Spans) -> Spans:
        if emphasis:
            return _merged([replace(span, fact="", struck="") for span in spans])
        return _merged([replace(span, bold=False, italic=False) for span in spans])

    if isinstance(block, Paragraph | Heading | Quote):
        return replace(block, spans=bare(block.spans))
    if isinstance(block, Items):
        return replace(block, items=tuple(map(bare, block.items)))
    if isinstance(block, Table):
        return replace(block, head=tuple(map(bare, block.head)), rows=tuple(tuple(map(bare, row)) for row in block.rows))
    return block


def _block_text(block: Block, *, struck: bool) -> str:
    if isinstance(block, Paragraph):
        return _line_start(_inline(block.spans, struck=struck))
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_inline(block.spans, struck=struck)}".replace("\n", " ")
    if isinstance(block, Quote):
        return "> " + _line_start(_inline(block.spans, struck=struck)).replace("\n", "\n> ")
    if isinstance(block, Items):
        return _items_text(block, struck=struck)
    if isinstance(block, Table):
        return _table_text(block, struck=struck)
    if isinstance(block, Code):
        fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", block.text)), default=0) + 1)
        return f"{fence}\n{block.text}\n{fence}"
    return _line_start(_escaped(block.spoken))


def _items_text(block: Items, *, struck: bool) -> str:
    lines = []
    number = 0
    for index, item in enumerate(block.items):
        level = block.levels[index] if block.levels else 0
        number += level == 0
        marker = f"{number}." if block.ordered and level == 0 else "-"
        indent = "    " * level
        text = _line_start(_inline(item, struck=struck)).replace("\n", "\n" + indent + "    ")
        lines.append(f"{indent}{marker} {text}")
    return "\n".join(lines)


def _table_text(block: Table, *, struck: bool) -> str:
    def row(cells: Sequence[Spans]) -> str:
        return "| " + " | ".join(_inline(cell, struck=struck, cell=True).replace("\n", " ") for cell in cells) + " |"

    right = block.right or (False,) * len(block.head)
    return "\n".join([row(block.head), "|" + "|".join("---:" if r else "---" for r in right) + "|", *map(row, block.rows)])


def _inline(spans: Spans, *, struck: bool, cell: bool = False) -> str:
    """Spans as Markdown; neighbours of one weight share their marks."""
    same = [replace(span, fact="", struck="x" if span.struck and struck else "") for span in spans]
    parts = []
    for (bold, italic, crossed), run in groupby(_merged(same), key=lambda span: (span.bold, span.italic, span.struck)):
        text = "".join(_written(span, cell=cell) for span in run)
        core = text.strip()
        lead, _, trail = text.partition(core) if core else (text, "", "")
        mark = ("**" if bold else "") + ("*" if italic else "")
        if core and (mark or crossed):
            wave = "~~" if crossed else ""
            text = f"{lead}{wave}{mark}{core}{mark[::-1]}{wave}{trail}"
        parts.append(text)
    return "".join(parts)


def _written(span: Span, *, cell: bool) -> str:
    if not span.code:
        return _escaped(span.text)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", span.text)), default=0) + 1)
    pad = " " if span.text[:1] in {"`", " "} or span.text[-1:] in {"`", " "} else ""
    text = f"{fence}{pad}{span.text}{pad}{fence}"
    return text.replace("|", "\\|") if cell else text


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _line_start(text: str) -> str:
    """Escape what would begin another kind of block at the start of a line."""

    def escape(match: re.Match[str]) -> str:
        mark = match.group(2)
        return f"{match.group(1)}{mark[:-1]}\\{mark[-1]}"

    return _LINE_START.sub(escape, text)


def to_plain(blocks: Sequence[Block]) -> str:
    """The words alone: list marks and columns as plain text, one blank line between blocks."""
    return "\n\n".join(filter(None, map(_plain_block, blocks)))


def _words(spans: Spans) -> str:
    return "".join(span.text for span in spans)


def _plain_block(block: Block) -> str:
    if isinstance(block, Paragraph | Heading | Quote):
        return _words(block.spans)
    if isinstance(block, Items):
        lines, number = [], 0
        for index, item in enumerate(block.items):
            level = block.levels[index] if block.levels else 0
            number += level == 0
            lines.append("  " * level + (f"{number}. " if block.ordered and level == 0 else "• ") + _words(item))
        return "\n".join(lines)
    if isinstance(block, Table):
        return "\n".join("\t".join(map(_words, row)) for row in (block.head, *block.rows))
    if isinstance(block, Chart):
        return block.spoken
    return block.text
