"""The search index of the headlines: a picture derived from the record, beside it in the same database.

The record never waits for the index, and a search never waits for a writer. Triggers on ``news`` note which rows were added,
corrected or deleted, in the transaction that did it. A search reads a few such rows itself, beside the index; the index catches
up with them when it is told to or when they have become many. An index that is missing, of another form or without its triggers
is made anew by noting every row. Tokens are our own (:mod:`~ralphstock_desktop.data.text_search`); how each database keeps them
is :mod:`~ralphstock_desktop.data.news_words`, and neither ranks: both only tell where a token stands.

An item is indexed under a number of the index's own. A corrected item gets a new number and its old one dies, because an index
of words forgets a row only if it is told all its words; when too many are dead, the index is made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, insert, select, true, update

from engine.model.news import NewsItem
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.news_columns import NO_COLUMNS, extended
from ralphstock_desktop.data.news_index_tables import (
    DOC,
    DUE,
    STATE,
    finish_tables,
    fold_tail,
    is_finished,
    make_tables,
    parts_in_place,
    stored_form,
)
from ralphstock_desktop.data.news_postings import PostingCache
from ralphstock_desktop.data.news_words import add_words, copy_rows
from ralphstock_desktop.data.readers import NEWS_ITEM_COLUMNS, driver_tuples, news_item
from ralphstock_desktop.data.schema.market import NEWS, NEWS_STOCK
from ralphstock_desktop.data.storage_errors import storage_error
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

_FOLD_EVERY = 2_048
"""So many items at most wait in the tail of the words."""

_SNAPSHOT_TRIES = 4


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


@dataclass(frozen=True, slots=True)
class _State:
    """The one row of the state table."""

    made: str
    seq: int
    next_doc: int
    dead: int

    @property
    def is_worn(self) -> bool:
        """Whether so many numbers are dead that the index should be made anew."""
        return self.dead >= max(_DEAD_LEAST, _DEAD_SHARE * self.next_doc)


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
        with self.snapshot(_LATE_MOST) as (connection, view):
            best = self.ranked(connection, view, text, as_of_ns=as_of_ns, limit=limit, ticker=ticker, first_ns=first_ns)
            return self.items(connection, view, best)

    @contextmanager
    def snapshot(self, unless_fewer: int) -> Iterator[tuple[Connection, NewsView]]:
        """A snapshot of the database and what it holds; where ``unless_fewer`` items are due they are indexed first."""
        for attempt in range(_SNAPSHOT_TRIES):
            with self._database.read() as connection:
                # writers may be faster than we are: then what is due is read beside the index, however much it is
                most = unless_fewer if attempt < _SNAPSHOT_TRIES - 1 else None
                state, due = _state(connection, most)
                if state is not None and (most is None or len(due) < most):
                    yield connection, self._view(connection, state, due)
                    return
            self.catch_up(unless_fewer)
        raise storage_error("locked", self._database.location.display)  # made anew again and again by somebody else

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
        postings = self._postings_of(connection, view, query_tokens(text))
        only = self.ids_of(connection, ticker) if ticker is not None else None
        return rank(view.columns, postings, as_of_ns=as_of_ns, limit=limit, first_ns=first_ns, only_ids=only)

    def items(
        self, connection: Connection, view: NewsView, best: Sequence[tuple[int, float]]
    ) -> tuple[tuple[NewsItem, float], ...]:
        """The items of numbers, in the order given."""
        chosen = [(int(view.columns.ids[number]), relevance) for number, relevance in best]
        items = _items(connection, [key for key, _ in chosen])
        return tuple((items[key], relevance) for key, relevance in chosen if key in items)

    def _postings_of(self, connection: Connection, view: NewsView, tokens: Sequence[Token]) -> list[Postings]:
        stored = self._postings.postings(connection, tokens, made=view.made, size=view.size)
        if not view.late:
            return stored
        return [
            Postings(
                np.concatenate((held.title, _places_of_late(view, "t", token))),
                np.concatenate((held.body, _places_of_late(view, "b", token))),
            )
            for held, token in zip(stored, tokens, strict=True)
        ]

    @staticmethod
    def ids_of(connection: Connection, ticker: str) -> npt.NDArray[np.int64]:
        """Ids of the items about a symbol."""
        rows = driver_tuples(connection, select(NEWS_STOCK.c.news_id).where(NEWS_STOCK.c.ticker == ticker))
        return np.array([row[0] for row in rows], dtype=np.int64)

    def _view(self, connection: Connection, state: _State, due: list[int]) -> NewsView:
        """What this snapshot holds.

        Another thread may have brought the columns further than this snapshot sees; what is beyond it is not asked for.
        """
        made, seq, size = state.made, state.seq, state.next_doc
        with self._guard:
            picture = self._picture
        if picture is None or picture.made != made or picture.seq < seq:
            if picture is None or picture.made != made:
                picture = _Picture(made, -1, NO_COLUMNS)
            picture = _Picture(made, seq, extended(picture.columns, connection, picture.seq))
            with self._guard:
                if self._picture is None or self._picture.made != made or self._picture.seq < picture.seq:
                    self._picture = picture
        held = picture.columns
        columns = NewsColumns(held.ids[:size], held.known_ns[:size], held.moment_ns[:size])
        view = NewsView(columns, made, size)
        return _with_late(view, due, _rows(connection, due)) if due else view

    # -- following the record ------------------------------------------------------------------------------------------

    def prepare(self) -> int:
        """Catch up and read what every search needs, so that the first one is as fast as the others."""
        count = self.catch_up()
        with self.snapshot(_LATE_MOST):
            return count

    def catch_up(self, unless_fewer: int = 1) -> int:
        """Bring the index up to the record; return how many items it had to look at. Cheap where nothing changed.

        Parameters
        ----------
        unless_fewer : int
            Leave it as it is where fewer items are due, so that nothing is written and no writer waited for.
        """
        with self._database.read() as connection:
            state, due = _state(connection, unless_fewer)
            is_made = state is not None and not state.is_worn
            is_ready = is_made and is_finished(connection)
        if is_ready and len(due) < unless_fewer:
            return 0
        if not is_made:
            self._make()
        done = 0
        while count := self._take(is_ready):
            done += count
        if not is_ready or done >= _MERGE_AFTER:
            with self._database.unit_of_work(durable=True) as unit:
                fold_tail(unit.records.connection)
            with self._database.unit_of_work(durable=True) as unit:  # its own: else what was folded gets into the indexes
                finish_tables(unit.records.connection)
        return done

    def _make(self) -> None:
        with self._database.unit_of_work(durable=True) as unit:
            connection = unit.records.connection
            state, _ = _state(connection, 0)
            if state is None or state.is_worn:  # else another thread was first
                make_tables(connection, FORM, unit.records.now_ns)

    def _take(self, is_ready: bool) -> int:
        with self._database.unit_of_work(durable=True) as unit:
            connection = unit.records.connection
            ids = list(connection.execute(select(DUE.c.news_id).order_by(DUE.c.news_id).limit(_CHUNK)).scalars())
            if ids:
                before, after = _index(connection, ids)
                connection.execute(delete(DUE).where(DUE.c.news_id.in_(ids)))
                if is_ready and before // _FOLD_EVERY < after // _FOLD_EVERY:
                    fold_tail(connection)
        return len(ids)


def _state(connection: Connection, most: int | None) -> tuple[_State | None, list[int]]:
    """The state of an index of our form with all its parts, None where there is none; at most so many items due."""
    if not parts_in_place(connection):
        return None, []
    due = select(DUE.c.news_id.label("due")).limit(most).subquery()
    rows = connection.execute(select(STATE, due.c.due).select_from(STATE.outerjoin(due, true()))).all()
    if not rows or rows[0].form != stored_form(connection, FORM):
        return None, []
    state = _State(rows[0].made, rows[0].seq, rows[0].next_doc, rows[0].dead)
    return state, [row.due for row in rows if row.due is not None]


def _index(connection: Connection, ids: list[int]) -> tuple[int, int]:
    """Index items as the record has them; return the first number that was free before and after."""
    state = connection.execute(select(STATE.c.seq, STATE.c.next_doc)).one()
    seq, next_doc = int(state.seq) + 1, int(state.next_doc)
    alive = (DOC.c.news_id.in_(ids), DOC.c.known_at.is_not(None))
    dying = connection.execute(update(DOC).where(*alive).values(known_at=None, seq=seq)).rowcount
    docs: list[dict[str, Any]] = []
    texts: list[tuple[int, str, str]] = []
    for key, title, body, published, collected in _rows(connection, ids):
        known = known_ns(published, collected)
        if known is None:
            continue
        doc = next_doc + len(docs)
        docs.append({"doc": doc, "news_id": key, "known_at": known, "moment": moment_ns(published, collected), "seq": seq})
        texts.append((doc, title, body or ""))
    if docs:
        _add_docs(connection, docs)
        add_words(connection, ((doc, item_words(title, body)) for doc, title, body in texts))
    free = next_doc + len(docs)
    connection.execute(update(STATE).values(seq=seq, next_doc=free, dead=STATE.c.dead + dying))
    return next_doc, free


def _add_docs(connection: Connection, docs: list[dict[str, Any]]) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(insert(DOC), docs)
        return
    lines = ("\t".join(map(str, row.values())) + "\n" for row in docs)
    copy_rows(connection, f"COPY {DOC.name} ({', '.join(docs[0])}) FROM STDIN", lines)


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


def _items(connection: Connection, ids: list[int]) -> dict[int, NewsItem]:
    with_symbols = NEWS.outerjoin(NEWS_STOCK, NEWS_STOCK.c.news_id == NEWS.c.id)
    wanted = select(*NEWS_ITEM_COLUMNS, NEWS_STOCK.c.ticker).select_from(with_symbols)
    rows = driver_tuples(connection, wanted.where(NEWS.c.id.in_(ids)))
    tickers: dict[int, list[str]] = {}
    for row in rows:
        tickers.setdefault(row[0], []).extend(row[-1:] if row[-1] is not None else ())
    return {row[0]: news_item(row, tickers[row[0]]) for row in rows}
