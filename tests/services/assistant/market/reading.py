"""A workstation over the recorded market, set to an instant, and questions asked of it without understanding or model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from engine.model.instants import AsOf
from engine.model.news import NewsItem
from ralphstock_desktop.assistant_ports import AssistantStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.reading import read_answer
from ralphstock_desktop.services.assistant_contracts import (
    Block,
    Chart,
    Fact,
    Heading,
    Items,
    Paragraph,
    Question,
    Quote,
    Screen,
    Span,
    Table,
)
from ralphstock_desktop.wording.texts import Texts
from tests.acceptance.desk import Desk as WholeDesk
from tests.acceptance.recorded import World

__all__ = ["Reader", "lines_of", "table_rows", "words_of"]

_SPANS = re.compile(r"\d")


class WordStore:
    """The text search of the repository, as plain words over the items of a world."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def search_news(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        words, found = text.casefold().split(), []
        for item in self._reader.whole.dataset.store.world.news:
            seen = item.known_at_ns if item.known_at_ns is not None else item.collected_ns
            if seen is None or seen > as_of_ns or (item.published_ns or seen) < first_ns:
                continue
            hits = sum(word in item.title.casefold() for word in words)
            if hits:
                found.append((item, hits / len(words)))
        found.sort(key=lambda pair: (-pair[1], -(pair[0].published_ns or 0), pair[0].id))
        return tuple(found[:limit])


class Reader:
    """Asks questions of a desk over one world."""

    def __init__(self, world: World, database: Database) -> None:
        self.whole = WholeDesk(world, database)
        self.store: Any = WordStore(self)
        workstation: Any = self.whole.workstation
        self.desk = Desk(workstation, self.whole.workers, self._store, lambda: self.whole.now_ns)

    def _store(self) -> AssistantStore:
        found: AssistantStore = self.store
        return found

    async def open(self, as_of: AsOf | None = None) -> None:
        await self.whole.workstation.start("real")
        await self.whole.settled()
        if as_of is not None:
            await self.at(as_of)

    async def at(self, as_of: AsOf) -> None:
        self.whole.workstation.set_as_of(as_of)
        await self.whole.settled()

    async def ask(self, kind: Any, language: Any = "ko", **rest: Any) -> AnswerDraft:
        question = Question(rest.pop("text", ""), language, kind, **rest)
        return await read_answer(self.desk, question, Screen("", (), self.desk.as_of), Texts(language))

    async def close(self) -> None:
        await self.whole.strategies.close()
        await self.whole.workstation.close()
        self.whole.workers.close()
        self.whole.window.deleteLater()


def _runs(blocks: list[Block]) -> Iterator[tuple[Span, ...]]:
    for block in blocks:
        if isinstance(block, Paragraph | Heading | Quote):
            yield block.spans
        elif isinstance(block, Items):
            yield from block.items
        elif isinstance(block, Table):
            yield from block.head
            for row in block.rows:
                yield from row


def lines_of(draft: AnswerDraft) -> list[str]:
    """Every run of text of an answer, and what its charts say."""
    runs = ["".join(span.text for span in run) for run in _runs(draft.blocks)]
    return runs + [block.spoken for block in draft.blocks if isinstance(block, Chart)]


def words_of(draft: AnswerDraft) -> str:
    """The whole answer as one text."""
    return "\n".join(lines_of(draft))


def unlinked_digits(draft: AnswerDraft) -> list[str]:
    """Spans with a digit that are no fact."""
    return [span.text for run in _runs(draft.blocks) for span in run if not span.fact and _SPANS.search(span.text)]


def table_rows(draft: AnswerDraft, number: int = 0) -> list[list[Fact | str]]:
    """The rows of a table as facts where a cell is one fact, else as text."""
    facts = {fact.id: fact for fact in draft.book.facts}
    table = [block for block in draft.blocks if isinstance(block, Table)][number]
    return [
        [facts[cell[0].fact] if len(cell) == 1 and cell[0].fact else "".join(span.text for span in cell) for cell in row]
        for row in table.rows
    ]
