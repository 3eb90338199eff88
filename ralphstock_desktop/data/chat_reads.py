"""Reading conversations inside a snapshot the caller holds."""

from __future__ import annotations

import unicodedata

from sqlalchemy import Connection, func, select

from engine.model.errors import DataUnavailable
from ralphstock_desktop.assistant_ports import ChatMessage, ChatSession
from ralphstock_desktop.data.readers import driver_tuples
from ralphstock_desktop.data.schema.records import CHAT_MESSAGE, CHAT_SESSION

__all__ = ["messages", "sessions", "unknown_session"]

_IN_CHUNK = 500


def unknown_session(session_id: str) -> DataUnavailable:
    """Build the error of a conversation that is not stored (any more)."""
    return DataUnavailable(f"There is no conversation {session_id}.", key="error.chat.unknown_session", id=session_id)


def sessions(connection: Connection, text: str, limit: int) -> tuple[ChatSession, ...]:
    """Conversations, last used first.

    Parameters
    ----------
    text : str
        Words that must all occur in the title, or all in one message. Composed form, without regard to case, inside words too;
        an empty text names no condition.
    limit : int
        Largest number returned.
    """
    table = CHAT_SESSION.c
    order = (table.last_activity.desc(), table.created_at.desc(), table.id)
    words = _folded(text).split()
    query = select(CHAT_SESSION).order_by(*order)
    if words:
        found = _holding(connection, words)
        rows = [row for row in connection.execute(query) if row.id in found][: max(limit, 0)]
    else:
        rows = list(connection.execute(query.limit(max(limit, 0))))
    counts = _counts(connection, [row.id for row in rows])
    return tuple(
        ChatSession(
            id=row.id,
            title=row.title or "",
            created_ns=row.created_at,
            last_ns=row.last_activity,
            messages=counts.get(row.id, 0),
            summary=row.summary or "",
            summary_until=row.summary_until or 0,
        )
        for row in rows
    )


def messages(connection: Connection, session_id: str) -> tuple[ChatMessage, ...]:
    """Messages of a conversation, oldest first.

    Raises
    ------
    DataUnavailable
        ``error.chat.unknown_session``.
    """
    if connection.execute(select(CHAT_SESSION.c.id).where(CHAT_SESSION.c.id == session_id)).first() is None:
        raise unknown_session(session_id)
    query = select(CHAT_MESSAGE).where(CHAT_MESSAGE.c.session_id == session_id).order_by(CHAT_MESSAGE.c.n)
    return tuple(
        ChatMessage(
            n=row.n,
            role=row.role,
            content=row.content,
            created_ns=row.created_at,
            context=dict(row.context or {}),
            context_hash=row.context_hash or "",
            grounded=None if row.grounded is None else bool(row.grounded),
        )
        for row in connection.execute(query)
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _holding(connection: Connection, words: list[str]) -> set[str]:
    """Sessions with a text that holds all words.

    Compared here and not in SQL: the databases differ in what they take for the same letter in another case.
    """
    texts = (
        select(CHAT_SESSION.c.id, CHAT_SESSION.c.title).where(CHAT_SESSION.c.title.is_not(None)),
        select(CHAT_MESSAGE.c.session_id, CHAT_MESSAGE.c.content),
    )
    found: set[str] = set()
    for query in texts:
        for session_id, text in driver_tuples(connection, query):
            if session_id not in found:
                folded = _folded(text)
                if all(word in folded for word in words):
                    found.add(session_id)
    return found


def _counts(connection: Connection, ids: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    column = CHAT_MESSAGE.c.session_id
    for start in range(0, len(ids), _IN_CHUNK):
        query = select(column, func.count()).where(column.in_(ids[start : start + _IN_CHUNK])).group_by(column)
        counts |= {session_id: int(count) for session_id, count in connection.execute(query)}
    return counts
