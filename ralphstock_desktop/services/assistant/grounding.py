"""Ties every number, date, time and symbol of an answer to a fact that was read, or strikes it (domain.md §8.4-1).

1. A block's spans are joined, so that markup cannot split a number.
2. Names are found, then numbers; each number gets its sentence, its symbol and the direction words beside it.
3. A number is tied to a fact of its value (rounded to the digits shown), a compatible unit, the right sign and the right
   symbol; of several the one whose title stands nearest. A number of a title ("5일 순매수") is tied to the fact of that title.
4. What only a headline says is tied to it inside quotation marks, or where the headline stands verbatim and is called one.
5. Everything else is struck with its reason; nothing is left as plain text but list markers and the disclaimer.
6. A claim without a number ("순매도 중입니다", "the price fell") is struck where the facts read say otherwise or nothing; one
   that holds stays plain text and is not counted.

Pure; one instance belongs to one thread. Checked blocks are remembered, so a growing answer costs only what is new.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ralphstock_desktop.services.assistant.grounding_claims import ClaimChecker
from ralphstock_desktop.services.assistant.grounding_facts import FactIndex
from ralphstock_desktop.services.assistant.grounding_grades import graded, grades_in
from ralphstock_desktop.services.assistant.grounding_letters import PlainText, plain_text
from ralphstock_desktop.services.assistant.grounding_marks import Mark, at_lines, split_spans
from ralphstock_desktop.services.assistant.grounding_match import Matcher
from ralphstock_desktop.services.assistant.grounding_scene import NameFinder, NameHit, Scene, quotations
from ralphstock_desktop.services.assistant.numbers import Token, find_tokens
from ralphstock_desktop.services.assistant_contracts import (
    Block,
    Code,
    Fact,
    Heading,
    Items,
    Paragraph,
    Quote,
    Span,
    Spans,
    Table,
)
from ralphstock_desktop.wording.texts import Language

__all__ = ["REASONS", "Grounded", "Grounding", "NameFinder", "NameHit"]

REASONS = tuple(
    "claim claim_unread computed date link number other_quantity other_symbol quoted rounding sign symbol time unclear unit "
    "user".split()
)
"""Why something is struck; the text key is ``assistant.struck.<reason>``."""

_MARKER = re.compile(r"\s*(?:[1-9]|1\d|20)[.)](?=\s)")
_CIRCLED = re.compile(r"\s*[\u2460-\u2473\u2474-\u249b](?=\s)")
_MAY_BE_URL = re.compile(r"\.[a-z]|[a-z]:\S|:/|www\.", re.IGNORECASE)
_URL = re.compile(
    r"[a-z][a-z0-9+.-]{1,15}://[^\s<>\"')]+|\b(?:javascript|data|vbscript|mailto|file):[^\s<>\"')]+|\bwww\.[^\s<>\"')]+"
    r"|\b[\w.-]+\.(?:com|net|org|kr|io|me|ly|gg|xyz|ai|co|app|dev|info|biz|ru|cn|jp|uk|site|online|shop|top|click|link|example"
    r"|test)(?:[/?][^\s<>\"')]*|(?![a-z0-9]))|(?<![\w.])[a-z][\w-]*(?:\.[a-z][\w-]*)+/[^\s<>\"')]*",
    re.IGNORECASE,
)
_MARKS = re.compile("[\"'\u201c\u2018「『《«\u2039]")
_NEWS = re.compile(r"뉴스|기사|제목|보도|헤드라인|공시|news|headline|article|report|title", re.IGNORECASE)
_HEADER_UNIT = re.compile(
    r"[(（\[]\s*(%p?|억원|조원|만원|백만원|원|억|조|주|만주|점|배|위|일|건|won|KRW|₩|shares|pts|points|x|×)\s*[)）\]]"
)
_STATES = re.compile(r"(?<![A-Za-z])(?:GREEN|YELLOW|RED)(?![A-Za-z])")
"""States of the gate, which no answer may claim that did not read them."""
_MOST_KEPT = 2_000


@dataclass(frozen=True)
class Grounded:
    """A checked document.

    Attributes
    ----------
    blocks : tuple of Block
        Every number, date, time, symbol is a span with ``fact`` or ``struck``; so is every claim that does not hold.
    numbers, linked, struck : int
        All found, those tied to a fact, those not; ``numbers == linked + struck``. A struck claim counts as one found.
    by_reason : dict of str to int
        Struck ones by reason (``REASONS``).
    """

    blocks: tuple[Block, ...]
    numbers: int = 0
    linked: int = 0
    struck: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a run of text is read in: the subject so far, the subject of its row, its column's head, what introduces it."""

    carried: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    head: str = ""
    news: bool = False


@dataclass(frozen=True, slots=True)
class _Checked:
    block: Block
    linked: int
    reasons: tuple[str, ...]
    spoken_of: tuple[str, ...]


class Grounding:
    """Checks the text of a language model against the facts it was given.

    Parameters
    ----------
    facts : sequence of Fact
        Everything that was read for the question, in order of importance.
    names : NameFinder
        Finds names of symbols in running text.
    own_numbers : sequence of float
        Numbers the user wrote. They stay unstruck (and unlinked) only in a clause that says they are his and does not agree
        with them ("질문하신 99점은 자료에 없습니다").
    disclaimer : str
        The fixed note, exempt where it stands word for word.
    language : Language
        Of the facts' texts.
    """

    def __init__(
        self,
        facts: Sequence[Fact],
        names: NameFinder,
        *,
        own_numbers: Sequence[float] = (),
        disclaimer: str = "",
        language: Language = "ko",
    ) -> None:
        self._names = names
        self._disclaimer = disclaimer.strip()
        self._index = FactIndex(facts, language)
        self._matcher = Matcher(self._index, own_numbers)
        self._claims = ClaimChecker(self._index)
        self._grades = tuple(
            fact for fact in facts if not fact.quoted and (fact.unit == "grade" or fact.target.kind == "record")
        )
        words = " ".join(f"{fact.value} {fact.text} {fact.title} {fact.formula}" for fact in facts if not fact.quoted)
        self._states = frozenset(_STATES.findall(words))
        self._reads_grades = any(fact.unit == "grade" and fact.ticker for fact in self._grades)
        self._kept: dict[tuple[Block, tuple[str, ...], bool], _Checked] = {}

    def check(self, blocks: Sequence[Block]) -> Grounded:
        """Check a document. Spans that are tied already and read as their fact does stay so; charts pass as they are."""
        checked: list[Block] = []
        linked, reasons = 0, Counter[str]()
        carried: tuple[str, ...] = ()
        news = False
        for block in blocks:
            key = (block, carried, news)
            result = self._kept.get(key)
            if result is None:
                if len(self._kept) > _MOST_KEPT:
                    self._kept.clear()
                result = self._kept[key] = self._block(block, carried, news=news)
            checked.append(result.block)
            linked += result.linked
            reasons.update(result.reasons)
            carried = result.spoken_of
            news = self._introduces(block, news=news)
        struck = reasons.total()
        return Grounded(tuple(checked), linked + struck, linked, struck, dict(sorted(reasons.items())))

    @staticmethod
    def _introduces(block: Block, *, news: bool) -> bool:
        """Whether what follows is presented as news: after a heading or an introduction that calls it so."""
        if isinstance(block, Heading):
            return _NEWS.search("".join(span.text for span in block.spans)) is not None
        if isinstance(block, Paragraph):
            text = "".join(span.text for span in block.spans).rstrip()
            return text.endswith((":", "：")) and _NEWS.search(text) is not None
        return news and isinstance(block, Quote)

    def names_in(self, text: str) -> list[tuple[int, int]]:
        """Where names of symbols stand in a text."""
        plain = plain_text(text)
        return [plain.original(hit.start, hit.end) for hit in self._names.find(plain.text)]

    # -- blocks ------------------------------------------------------------------------------------------------------------

    def _block(self, block: Block, carried: tuple[str, ...], *, news: bool) -> _Checked:
        run = _Run(self, carried)
        context = _Context(carried, news=news)
        if isinstance(block, Paragraph | Heading):
            return run.done(replace(block, spans=run.spans(block.spans, context)))
        if isinstance(block, Quote):
            return run.done(replace(block, spans=run.spans(block.spans, replace(context, news=True))))
        if isinstance(block, Items):
            return run.done(replace(block, items=run.items(block, context)))
        if isinstance(block, Table):
            return run.done(run.table(block, context))
        if isinstance(block, Code):
            spans = run.spans((Span(block.text, code=True),), context)
            plain = len(spans) == 1 and not spans[0].fact and not spans[0].struck
            return run.done(block if plain else Paragraph(spans))
        return run.done(block)

    # -- one run of text ------------------------------------------------------------------------------------------------------

    def marks(self, flat: str, tied: Sequence[Mark], context: _Context) -> tuple[list[Mark], tuple[str, ...]]:
        """What to tie and what to strike in a text, and whom it is about afterwards."""
        plain = plain_text(flat)
        text = plain.text
        taken = bytearray(len(text) + 1)  # 1: exempt or found already, 2: tied before
        for first, last in self._exempt(text, flat, plain):
            taken[first:last] = b"\x01" * (last - first)
        for mark in tied:
            first, last = plain.starts(mark.start), plain.starts(mark.end)
            taken[first:last] = b"\x02" * (last - first)
        marks = list(tied)

        def take(start: int, end: int, fact: str, reason: str) -> None:
            taken[start:end] = b"\x01" * (end - start)
            marks.append(Mark(*plain.original(start, end), fact, reason))

        for match in _URL.finditer(text) if _MAY_BE_URL.search(text) is not None else ():
            if not any(taken[match.start() : match.end()]):
                fact = self._index.urls.get(match.group().rstrip(".,"))
                take(match.start(), match.end(), fact.id if fact else "", "" if fact else "link")
        quotes = [(plain.starts(first), plain.starts(last)) for first, last in quotations(flat)] if _MARKS.search(flat) else []
        hits: list[NameHit] = []
        for hit in self._names.find(text):
            known = self._index.about.get(hit.ticker)
            if known is None and not hit.certain:
                continue
            covered = taken[hit.start : hit.end]
            if any(covered):
                same_word = bool(hits) and (hits[-1].start, hits[-1].end) == (hit.start, hit.end)  # one word for two stocks
                if known is not None and (2 in covered or same_word):
                    hits.append(hit)  # tied already, and still who the sentence is about
                continue
            fact = known[0] if known else self._matcher.headline(text, hit.start, hit.end, quotes, news=context.news)
            hits.append(hit)
            take(hit.start, hit.end, fact.id if fact else "", "" if fact else "symbol")
        scene = Scene(text, sorted(hits, key=lambda hit: hit.start), context.carried, context.fixed, quotes)
        tokens = [token for token in find_tokens(text) if not any(taken[token.start : token.end])]
        if context.head:
            tokens = [_with_head(token, context.head) for token in tokens]
        for number, token in enumerate(tokens):
            before = tokens[number - 1].end if number else 0
            after = tokens[number + 1].start if number + 1 < len(tokens) else len(text)
            found = self._matcher.match(token, scene, before, after, head=context.head, news=context.news, tokens=tokens)
            if found is not None:
                marks.append(Mark(*plain.original(token.start, token.end), *found))
        for match in _STATES.finditer(text) if "RE" in text or "YELLOW" in text else ():
            if not any(taken[match.start() : match.end()]) and match.group() not in self._states:
                take(*match.span(), "", "unclear")
        for start, end, letter in grades_in(text, context.head) if self._reads_grades else ():
            if any(taken[start:end]) or any(first < start and end < last for first, last in quotes):
                continue
            held = graded(self._grades, letter, scene.subject(start, end, 0).tickers)
            take(start, end, held.id if held else "", "" if held else "unclear")
        if context.head and (why := self._claims.cell(text, context.head, scene)):
            take(0, len(text), "", why)
        for start, end, why in self._claims.struck(text, scene):
            first, last = plain.original(start, end)
            if any(taken[start:end]) or any(mark.start < last and first < mark.end for mark in marks):
                continue
            called_news = context.news or _NEWS.search(scene.sentence(start)) is not None
            if self._matcher.headline(text, start, end, quotes, news=called_news) is None:
                take(start, end, "", why)
        marks.sort(key=lambda mark: mark.start)
        return marks, scene.spoken_of

    def _exempt(self, text: str, flat: str, plain: PlainText) -> list[tuple[int, int]]:
        places = at_lines(_MARKER, text)
        places += [(plain.starts(start), plain.starts(end)) for start, end in at_lines(_CIRCLED, flat)]
        if self._disclaimer:
            at = text.find(self._disclaimer)
            if at >= 0:
                places.append((at, at + len(self._disclaimer)))
        return places

    def fact(self, fact_id: str) -> Fact | None:
        """The fact of an id."""
        return self._index.by_id.get(fact_id)


class _Run:
    """One block being checked: counts, and the subject as it moves on."""

    def __init__(self, grounding: Grounding, carried: tuple[str, ...]) -> None:
        self._grounding = grounding
        self._linked = 0
        self._reasons: list[str] = []
        self._spoken_of = carried

    def done(self, block: Block) -> _Checked:
        return _Checked(block, self._linked, tuple(self._reasons), self._spoken_of)

    def spans(self, spans: Spans, context: _Context) -> Spans:
        flat = "".join(span.text for span in spans)
        tied: list[Mark] = []
        place = 0
        for span in spans:
            fact = self._grounding.fact(span.fact) if span.fact else None
            if fact is not None and fact.text == span.text:
                tied.append(Mark(place, place + len(span.text), fact.id))
            place += len(span.text)
        marks, self._spoken_of = self._grounding.marks(flat, tied, context)
        for mark in marks:
            if mark.fact:
                self._linked += 1
            else:
                self._reasons.append(mark.reason)
        return split_spans(spans, marks)

    def items(self, block: Items, context: _Context) -> tuple[Spans, ...]:
        subjects: dict[int, tuple[str, ...]] = {-1: context.carried}
        found: list[Spans] = []
        named: list[str] = []
        for number, item in enumerate(block.items):
            level = block.levels[number] if block.levels else 0
            above = next((subjects[depth] for depth in range(level - 1, -2, -1) if depth in subjects), context.carried)
            before = subjects.get(level, above) if level == 0 else above
            found.append(self.spans(item, replace(context, carried=before)))
            subjects[level] = self._spoken_of
            for deeper in [depth for depth in subjects if depth > level]:
                del subjects[deeper]
            if self._spoken_of != before:
                named += self._spoken_of
        if named:
            self._spoken_of = tuple(dict.fromkeys(named))
        return tuple(found)

    def table(self, block: Table, context: _Context) -> Table:
        heads: list[str] = []
        columns: list[tuple[str, ...]] = []
        named: list[str] = []
        head: list[Spans] = []
        for cell in block.head:
            head.append(self.spans(cell, replace(context, carried=())))
            heads.append("".join(span.text for span in cell))
            columns.append(self._spoken_of)
            named += self._spoken_of
        rows: list[tuple[Spans, ...]] = []
        for row in block.rows:
            cells: list[Spans] = []
            subject: tuple[str, ...] = ()
            words = ""
            for number, cell in enumerate(row):
                column = columns[number] if number < len(columns) else ()
                title = f"{words}\u241f{heads[number] if number < len(heads) else ''}"
                fixed = subject or column
                cells.append(self.spans(cell, _Context(context.carried, fixed, title, context.news)))
                if number == 0:
                    words = "".join(span.text for span in cell)
                    names = self._row_subject(words)
                    subject = names
                    named += names
            rows.append(tuple(cells))
        self._spoken_of = tuple(dict.fromkeys(named)) or context.carried
        return replace(block, head=tuple(head), rows=tuple(rows))

    def _row_subject(self, words: str) -> tuple[str, ...]:
        return self._grounding.marks(words, (), _Context())[1]


def _with_head(token: Token, head: str) -> Token:
    """A bare number of a table takes the unit its column's head names."""
    if not head or token.unit or token.kind != "number" or token.value is None:
        return token
    match = _HEADER_UNIT.search(head)
    if match is None:
        return token
    read = next((t for t in find_tokens(f"1{match.group(1)}") if t.value is not None), None)
    if read is None or read.value is None:
        return token
    return replace(token, unit=read.unit, value=token.value * read.value, step=token.step * read.value)
