"""The search index of the headlines: a picture derived from the record, beside it in the same database.

The record never waits for the index, and a search never waits for a writer. Triggers on ``news`` note which rows were added,
corrected or deleted, in the transaction that did it. A search reads a few such rows itself, beside the index; the index catches
up with them when it is told to or when they have become many. An index that is missing, of another form or without its triggers
is made anew by noting every row. Tokens are our own (:mod:`~ralphstock_desktop.data.text_search`); SQLite keeps them in an FTS5
table without content, PostgreSQL as ``tsvector`` under a GIN index, and neither ranks: both only tell where a token stands.

An item is indexed under a number of the index's own. A corrected item gets a new number and its old one dies, because FTS5
forgets a row only if it is told all its words; when too many are dead, the index is made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from engine.model.news import NewsItem
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.news_index_tables import DOC, DUE, STATE, finish_tables, make_tables, parts_in_place
from ralphstock_desktop.data.news_postings import PostingCache
from ralphstock_desktop.data.readers import driver_tuples
from ralphstock_desktop.data.schema.market import NEWS, NEWS_STOCK
from ralphstock_desktop.data.text_search import (
    FORM,
    NEVER,
    NewsColumns,
    Postings,
    Token,
    item_words,
    known_ns,
    moment_ns,
    query_tokens,
    rank,
)

__all__ = ["NewsIndex", "NewsView"]

_CHUNK = 2_000
"""Items of one transaction while catching up: no other writer waits longer than for these."""

_LATE_MOST = 200
"""A search reads so many items beside the index (5 ms); with more it has them indexed first."""

_MERGE_AFTER = 5_000
_DEAD_SHARE = 0.25
_DEAD_LEAST = 1_000

_ADD = {
    "sqlite": text("INSERT INTO news_search_words (rowid, words) VALUES (:doc, :words)"),
    "postgresql": text(
        "INSERT INTO news_search_words (doc, words) VALUES (:doc, array_to_tsvector(string_to_array(:words, ' ')))"
    ),
}
_FORGET = text("DELETE FROM news_search_words WHERE doc IN :docs").bindparams(bindparam("docs", expanding=True))


@dataclass(frozen=True, eq=False)
class _Picture:
    """The items' columns as of one state of the index."""

    made: str
    seq: int
    columns: NewsColumns


@dataclass(frozen=True, eq=False)
class NewsView:
    """What one snapshot holds: the index and, behind its last number, items it has not caught up with.

    Attributes
    ----------
    columns : NewsColumns
        Of both.
    made : str
        Which making of the index this is.
    size : int
        Numbers the index itself holds.
    late : tuple of frozenset of str
        Words of each item behind them.
    """

    columns: NewsColumns
    made: str
    size: int
    late: tuple[frozenset[str], ...] = ()


_EMPTY: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)


class NewsIndex:
    """Finds stored news by words. May be used from any thread; makes and follows its index by itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._picture: _Picture | None = None
        self._postings = PostingCache()

    # -- searching -----------------------------------------------------------------------------------------------------

    def search(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        """See :meth:`ralphstock_desktop.assistant_ports.AssistantStore.search_news`.

        Raises
        ------
        StorageError
            If the index could not be brought up to date or read; never an empty result instead.
        """
        if not query_tokens(text) or limit < 1:
            return ()
        self.catch_up(unless_fewer=_LATE_MOST)
        with self._database.read() as connection:
            view = self.view(connection)
            best = self.ranked(connection, view, text, as_of_ns=as_of_ns, limit=limit, ticker=ticker, first_ns=first_ns)
            return self.items(connection, view, best)

    def ranked(
        self,
        connection: Connection,
        view: NewsView,
        text: str,
        *,
        as_of_ns: int,
        limit: int,
        ticker: str | None,
        first_ns: int,
    ) -> list[tuple[int, float]]:
        """Numbers and relevance of the best items of a snapshot; see :func:`rank`."""
        postings = (self._postings_of(connection, view, token) for token in query_tokens(text))
        only = self.ids_of(connection, ticker) if ticker is not None else None
        return rank(view.columns, postings, as_of_ns=as_of_ns, limit=limit, first_ns=first_ns, only_ids=only)

    def items(
        self, connection: Connection, view: NewsView, best: Sequence[tuple[int, float]]
    ) -> tuple[tuple[NewsItem, float], ...]:
        """The items of numbers, in the order given."""
        chosen = [(int(view.columns.ids[number]), relevance) for number, relevance in best]
        items = _items(connection, [key for key, _ in chosen])
        return tuple((items[key], relevance) for key, relevance in chosen if key in items)

    def _postings_of(self, connection: Connection, view: NewsView, token: Token) -> Postings:
        stored = self._postings.postings(connection, token, made=view.made, size=view.size)
        if not view.late:
            return stored
        title, body = (_places_of_late(view, mark, token) for mark in ("t", "b"))
        return Postings(np.concatenate((stored.title, title)), np.concatenate((stored.body, body)))

    @staticmethod
    def ids_of(connection: Connection, ticker: str) -> npt.NDArray[np.int64]:
        """Ids of the items about a symbol."""
        rows = driver_tuples(connection, select(NEWS_STOCK.c.news_id).where(NEWS_STOCK.c.ticker == ticker))
        return np.array([row[0] for row in rows], dtype=np.int64)

    def view(self, connection: Connection) -> NewsView:
        """What this snapshot holds; the index must be in place.

        Another thread may have brought the columns further than this snapshot sees; what is beyond it is not asked for.
        """
        made, seq, size = connection.execute(select(STATE.c.made, STATE.c.seq, STATE.c.next_doc)).one()
        with self._guard:
            picture = self._picture
        if picture is None or picture.made != made or picture.seq < seq:
            if picture is None or picture.made != made:
                picture = _Picture(made, -1, NewsColumns(_EMPTY, _EMPTY, _EMPTY))
            wanted = select(DOC.c.doc, DOC.c.news_id, DOC.c.known_at, DOC.c.moment).where(DOC.c.seq > picture.seq)
            picture = _Picture(made, int(seq), _extended(picture.columns, driver_tuples(connection, wanted)))
            with self._guard:
                if self._picture is None or self._picture.made != made or self._picture.seq < picture.seq:
                    self._picture = picture
        due = list(connection.execute(select(DUE.c.news_id)).scalars())
        held = picture.columns
        columns = NewsColumns(held.ids[:size], held.known_ns[:size], held.moment_ns[:size])
        view = NewsView(columns, made, int(size))
        return _with_late(view, due, _rows(connection, due)) if due else view

    # -- following the record ------------------------------------------------------------------------------------------

    def prepare(self) -> int:
        """Catch up and read what every search needs, so that the first one is as fast as the others."""
        count = self.catch_up()
        with self._database.read() as connection:
            self.view(connection)
        return count

    def catch_up(self, unless_fewer: int = 1) -> int:
        """Bring the index up to the record; return how many items it had to look at. Cheap where nothing changed.

        Parameters
        ----------
        unless_fewer : int
            Leave it as it is where fewer items are due, so that nothing is written and no writer waited for.
        """
        with self._database.read() as connection:
            is_made = parts_in_place(connection) and _is_current(connection)
            due = len(connection.execute(select(DUE.c.news_id).limit(unless_fewer)).all()) if is_made else 0
        if is_made and due < unless_fewer:
            return 0
        if not is_made:
            self._make()
        done = 0
        while count := self._take():
            done += count
        if not is_made or done >= _MERGE_AFTER:
            with self._database.unit_of_work(durable=True) as unit:
                finish_tables(unit.records.connection)
        return done

    def _make(self) -> None:
        with self._database.unit_of_work(durable=True) as unit:
            connection = unit.records.connection
            if not (parts_in_place(connection) and _is_current(connection)):  # another thread may have been first
                make_tables(connection, FORM, unit.records.now_ns)

    def _take(self) -> int:
        with self._database.unit_of_work(durable=True) as unit:
            connection = unit.records.connection
            ids = list(connection.execute(select(DUE.c.news_id).order_by(DUE.c.news_id).limit(_CHUNK)).scalars())
            if ids:
                _index(connection, ids)
                connection.execute(delete(DUE).where(DUE.c.news_id.in_(ids)))
        return len(ids)


def _is_current(connection: Connection) -> bool:
    state = connection.execute(select(STATE.c.form, STATE.c.next_doc, STATE.c.dead)).first()
    if state is None or state.form != FORM:
        return False
    return bool(state.dead < max(_DEAD_LEAST, _DEAD_SHARE * state.next_doc))


def _index(connection: Connection, ids: list[int]) -> None:
    dialect = connection.dialect.name
    state = connection.execute(select(STATE.c.seq, STATE.c.next_doc)).one()
    seq, next_doc = int(state.seq) + 1, int(state.next_doc)
    alive = (DOC.c.news_id.in_(ids), DOC.c.known_at.is_not(None))
    dying = list(connection.execute(select(DOC.c.doc).where(*alive)).scalars())
    if dying:
        connection.execute(update(DOC).where(DOC.c.doc.in_(dying)).values(known_at=None, seq=seq))
        if dialect == "postgresql":
            connection.execute(_FORGET, {"docs": dying})
    docs: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for key, title, body, published, collected in _rows(connection, ids):
        known = known_ns(published, collected)
        if known is None:
            continue
        doc = next_doc + len(docs)
        listed = item_words(title, body or "")
        docs.append({"doc": doc, "news_id": key, "known_at": known, "moment": moment_ns(published, collected), "seq": seq})
        words.append({"doc": doc, "words": " ".join(listed)})
    if docs:
        connection.execute(insert(DOC), docs)
        connection.execute(_ADD[dialect], words)
    connection.execute(update(STATE).values(seq=seq, next_doc=next_doc + len(docs), dead=STATE.c.dead + len(dying)))


def _rows(connection: Connection, ids: list[int]) -> list[Sequence[Any]]:
    columns = (NEWS.c.id, NEWS.c.title, NEWS.c.body, NEWS.c.published_at, NEWS.c.collected_at)
    return driver_tuples(connection, select(*columns).where(NEWS.c.id.in_(ids)))


def _with_late(view: NewsView, due: list[int], rows: Sequence[Sequence[Any]]) -> NewsView:
    """The view with items that are due: what the index holds of them is out of date, what the record says stands behind it."""
    ids, known, moment = view.columns.ids, view.columns.known_ns, view.columns.moment_ns
    known = np.where(np.isin(ids, due), NEVER, known)
    late = [(key, known_ns(published, collected), published, collected) for key, _, _, published, collected in rows]
    columns = NewsColumns(
        ids=np.concatenate((ids, np.array([key for key, *_ in late], dtype=np.int64))),
        known_ns=np.concatenate((known, np.array([NEVER if at is None else at for _, at, *_ in late], dtype=np.int64))),
        moment_ns=np.concatenate((moment, np.array([moment_ns(*times) for _, _, *times in late], dtype=np.int64))),
    )
    words = tuple(frozenset(item_words(title, body or "")) for _, title, body, *_ in rows)
    return NewsView(columns, view.made, view.size, words)


def _places_of_late(view: NewsView, mark: str, token: Token) -> npt.NDArray[np.int64]:
    word = f"{mark}{token.text}"
    places = [
        view.size + place
        for place, words in enumerate(view.late)
        if (any(held.startswith(word) for held in words) if token.starts else word in words)
    ]
    return np.array(places, dtype=np.int64)


def _extended(columns: NewsColumns, rows: Sequence[Sequence[Any]]) -> NewsColumns:
    """Columns with rows written over them; numbers nobody has are never known."""
    if not rows:
        return columns
    docs = np.array([row[0] for row in rows], dtype=np.int64)
    size = max(len(columns.ids), int(docs.max()) + 1)
    grown = []
    for place, (before, missing) in enumerate(((columns.ids, 0), (columns.known_ns, NEVER), (columns.moment_ns, 0)), start=1):
        column = np.full(size, missing, dtype=np.int64)
        column[: len(before)] = before
        column[docs] = [missing if row[place] is None else row[place] for row in rows]
        grown.append(column)
    return NewsColumns(*grown)


def _items(connection: Connection, ids: list[int]) -> dict[int, NewsItem]:
    tickers: dict[int, list[str]] = {}
    pairs = select(NEWS_STOCK.c.news_id, NEWS_STOCK.c.ticker).where(NEWS_STOCK.c.news_id.in_(ids))
    for news_id, ticker in driver_tuples(connection, pairs):
        tickers.setdefault(news_id, []).append(ticker)
    return {
        row.id: NewsItem(
            id=row.id,
            tickers=tuple(sorted(tickers.get(row.id, ()))),
            title=row.title,
            url=row.canonical_url,
            source=row.press or "",
            published_ns=row.published_at,
            collected_ns=row.collected_at,
            body=row.body or "",
            kind=row.kind,
        )
        for row in connection.execute(select(NEWS).where(NEWS.c.id.in_(ids)))
    }
