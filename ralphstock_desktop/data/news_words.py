"""The words of the index as each database keeps them: SQLite in an FTS5 table, PostgreSQL as packed numbers of each word.

PostgreSQL's own full-text index tells which *rows* hold a word, and then reads every one of them: 15,000 rows for a common
word. So there each word has rows of its own with the numbers of many items in one value (four bytes each, ascending). What is
new goes to a small tail, one row for each word of a batch; now and then the tail is folded into the words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, TextClause, text

from ralphstock_desktop.data.storage_errors import to_storage_error

__all__ = ["Asked", "add_words", "copy_rows", "find_words"]

Numbers = npt.NDArray[np.int64]

_PACKED = np.dtype("<u4")
_BEHIND_ALL = "\U0010ffff"
_NOWHERE: Numbers = np.empty(0, dtype=np.int64)

_SQLITE_ADD = text("INSERT INTO news_search_words (rowid, words) VALUES (:doc, :words)")
# one text instead of a row for each item, which takes a fifth of the time; FTS5 has them in this order
_SQLITE_FIND = text("""
SELECT group_concat(rowid)
FROM (SELECT rowid FROM news_search_words WHERE news_search_words MATCH :query AND rowid >= :first ORDER BY rowid)
""")

_TABLES = ("news_search_words", "news_search_tail")
_POSTGRES_ASKED = """
WITH asked AS (
  SELECT * FROM unnest(CAST(:words AS text[]), CAST(:firsts AS bigint[]), CAST(:places AS bigint[]))
  AS given (word, first, place)
)
"""
# OFFSET 0: each word is looked up in the index. A planner that takes the tail for empty would rather read it all
_POSTGRES_WHOLE = (
    "SELECT place, docs FROM asked CROSS JOIN LATERAL"
    " (SELECT docs FROM {table} WHERE word = asked.word AND last >= asked.first OFFSET 0) AS stored"
)
# a statement of its own for each: the planner must know the span, or it takes it for a large part of the table
_POSTGRES_STARTS = (
    "SELECT {place}, docs FROM {table} WHERE word >= :word{place} AND word < :behind{place} AND last >= :first{place}"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A marked word that is asked for among the numbers from ``first`` on; ``starts``: all words that begin with it."""

    word: str
    starts: bool
    first: int


def add_words(connection: Connection, items: Iterable[tuple[int, list[str]]]) -> None:
    """Store the marked words of items, numbers ascending and larger than all stored ones."""
    if connection.dialect.name == "sqlite":
        connection.execute(_SQLITE_ADD, [{"doc": doc, "words": " ".join(words)} for doc, words in items])
        return
    packed: defaultdict[str, bytearray] = defaultdict(bytearray)
    last: dict[str, int] = {}
    for doc, words in items:
        number = doc.to_bytes(_PACKED.itemsize, "little")
        for word in words:
            packed[word] += number
            last[word] = doc
    # a bytea is written \\x…; no word holds a sign that COPY would take for something else
    copy_rows(
        connection,
        "COPY news_search_tail (word, last, docs) FROM STDIN",
        (f"{word}\t{last[word]}\t\\\\x{numbers.hex()}\n" for word, numbers in packed.items()),
    )


def copy_rows(connection: Connection, statement: str, lines: Iterable[str]) -> None:
    """PostgreSQL's fast way in: rows as tab-separated lines."""
    driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error
    cursor: Any = connection.connection.cursor()
    try:
        with cursor, cursor.copy(statement) as copy:
            copy.write("".join(lines))
    except driver_error as error:
        raise to_storage_error(error, connection.engine.url.database or "") from error


def find_words(connection: Connection, asked: Sequence[Asked]) -> list[Numbers]:
    """Return the numbers of the items with each word, each number once and ascending."""
    if connection.dialect.name == "sqlite":
        return [_find_sqlite(connection, one) for one in asked]
    parts: list[list[bytes]] = [[] for _ in asked]
    for place, docs in connection.execute(*_postgres_query(asked)):
        parts[place].append(docs)
    return [_unpacked(held, one) for held, one in zip(parts, asked, strict=True)]


def _postgres_query(asked: Sequence[Asked]) -> tuple[TextClause, dict[str, Any]]:
    """One statement for everything: each more would be a way to the server and back."""
    whole = [place for place, one in enumerate(asked) if not one.starts]
    values: dict[str, Any] = {
        "words": [asked[place].word for place in whole],
        "firsts": [asked[place].first for place in whole],
        "places": whole,
    }
    selects = [_POSTGRES_WHOLE.format(table=table) for table in _TABLES]
    for place, one in enumerate(asked):
        if one.starts:
            selects += [_POSTGRES_STARTS.format(table=table, place=place) for table in _TABLES]
            values |= {f"word{place}": one.word, f"behind{place}": one.word + _BEHIND_ALL, f"first{place}": one.first}
    return text(_POSTGRES_ASKED + " UNION ALL ".join(selects)), values


def _find_sqlite(connection: Connection, one: Asked) -> Numbers:
    query = f'"{one.word}" *' if one.starts else f'"{one.word}"'
    listed = connection.execute(_SQLITE_FIND, {"query": query, "first": one.first}).scalar()
    return np.fromstring(listed, dtype=np.int64, sep=",") if listed else _NOWHERE


def _unpacked(parts: list[bytes], one: Asked) -> Numbers:
    if not parts:
        return _NOWHERE
    numbers = np.frombuffer(b"".join(parts), dtype=_PACKED).astype(np.int64)
    if not one.starts and len(parts) == 1:
        return numbers[int(np.searchsorted(numbers, one.first)) :]
    # faster than to sort; an item may hold several words that begin so
    held = np.zeros(max(0, int(numbers.max()) + 1 - one.first), dtype=np.bool_)
    held[numbers[numbers >= one.first] - one.first] = True
    return np.flatnonzero(held) + one.first
