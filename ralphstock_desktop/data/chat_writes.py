"""Writing conversations inside one durable unit of work.

What is deleted or replaced is overwritten in the file (SQLite's secure delete), not only marked as free. The write-ahead log,
where earlier versions of a page wait, is folded by :mod:`ralphstock_desktop.data.erasing` after the commit of a deletion.
"""

from __future__ import annotations

import json
import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.model.errors import ValidationFailed
from ralphstock_desktop.assistant_ports import ChatMessage, ChatSession
from ralphstock_desktop.data.chat_reads import unknown_session
from ralphstock_desktop.data.erasing import erase, overwriting
from ralphstock_desktop.data.schema.records import CHAT_MESSAGE, CHAT_SESSION
from ralphstock_desktop.data.write_context import WriteContext

__all__ = [
    "append",
    "clean_text",
    "create_session",
    "delete_session",
    "delete_sessions",
    "rename_session",
    "replace_from",
    "set_summary",
]

_ROLES = frozenset({"user", "assistant", "system"})


def clean_text(text: str) -> str:
    """Return a text both databases can hold: composed form, without NUL and without halves of surrogate pairs."""
    return unicodedata.normalize("NFC", text.replace("\0", "")).encode("utf-8", "replace").decode("utf-8")


def create_session(context: WriteContext, session: ChatSession) -> None:
    """Store a new, empty conversation.

    Raises
    ------
    ValidationFailed
        If its identifier is no UUID.
    """
    try:
        uuid.UUID(session.id)
    except ValueError as error:
        raise ValidationFailed(
            f"'{session.id}' cannot name a conversation: a UUID is expected.", key="error.chat.stored", field="id"
        ) from error
    context.connection.execute(
        insert(CHAT_SESSION).values(
            id=session.id,
            title=clean_text(session.title),
            summary=clean_text(session.summary) or None,
            summary_until=session.summary_until,
            created_at=session.created_ns,
            last_activity=session.last_ns,
        )
    )


def append(context: WriteContext, session_id: str, messages: Sequence[ChatMessage]) -> None:
    """Add messages behind the last one and move the session's last activity to the newest of them.

    Raises
    ------
    DataUnavailable
        ``error.chat.unknown_session``.
    ValidationFailed
        If the numbers do not follow the stored ones, or a context is not plain data.
    """
    connection = context.connection
    last_activity = _last_activity(context, session_id)
    stored = connection.execute(select(func.max(CHAT_MESSAGE.c.n)).where(CHAT_MESSAGE.c.session_id == session_id)).scalar()
    first = int(stored or 0) + 1
    rows = [_row(session_id, first + place, message) for place, message in enumerate(messages)]
    if not rows:
        return
    with overwriting(connection):
        connection.execute(insert(CHAT_MESSAGE), rows)
        newest = max(last_activity, *(message.created_ns for message in messages))
        connection.execute(update(CHAT_SESSION).where(CHAT_SESSION.c.id == session_id).values(last_activity=newest))


def replace_from(context: WriteContext, session_id: str, n: int, messages: Sequence[ChatMessage]) -> None:
    """Drop message ``n`` and all after it, then append. A summary that covers a dropped message is dropped with it.

    Raises
    ------
    DataUnavailable
        ``error.chat.unknown_session``.
    ValidationFailed
        If ``n`` is not the number of a message or of the next one.
    """
    connection = context.connection
    _last_activity(context, session_id)
    table = CHAT_MESSAGE.c
    stored = int(connection.execute(select(func.max(table.n)).where(table.session_id == session_id)).scalar() or 0)
    if not 1 <= n <= stored + 1:
        raise ValidationFailed(
            f"Message {n} cannot be replaced: the conversation has {stored}.", key="error.chat.stored", field="n"
        )
    with overwriting(connection):
        connection.execute(delete(CHAT_MESSAGE).where(table.session_id == session_id, table.n >= n))
        outdated = (CHAT_SESSION.c.id == session_id) & (CHAT_SESSION.c.summary_until >= n)
        connection.execute(update(CHAT_SESSION).where(outdated).values(summary=None, summary_until=0))
    append(context, session_id, messages)


def rename_session(context: WriteContext, session_id: str, title: str) -> None:
    """Give a conversation another title.

    Raises
    ------
    DataUnavailable
        ``error.chat.unknown_session``.
    ValidationFailed
        If the title is blank.
    """
    cleaned = clean_text(" ".join(title.split()))
    if not cleaned:
        raise ValidationFailed("The title of a conversation must not be blank.", key="error.chat.title")
    _change(context, session_id, title=cleaned)


def set_summary(context: WriteContext, session_id: str, summary: str, until: int) -> None:
    """Keep what stands for the messages up to number ``until``.

    Raises
    ------
    DataUnavailable
        ``error.chat.unknown_session``.
    """
    _change(context, session_id, summary=clean_text(summary) or None, summary_until=max(until, 0))


def delete_session(context: WriteContext, session_id: str) -> None:
    """Delete a conversation with its messages.

    Raises
    ------
    DataUnavailable
        ``error.chat.unknown_session``.
    """
    _last_activity(context, session_id)
    _delete(context, [session_id])


def delete_sessions(context: WriteContext, before_ns: int | None) -> int:
    """Delete all conversations, or those last used before an instant; return how many."""
    query = select(CHAT_SESSION.c.id)
    if before_ns is not None:
        query = query.where(CHAT_SESSION.c.last_activity < before_ns)
    ids = list(context.connection.execute(query).scalars())
    if ids:
        _delete(context, ids)
    return len(ids)


def _delete(context: WriteContext, ids: list[str]) -> None:
    gone = ((CHAT_MESSAGE, CHAT_MESSAGE.c.session_id.in_(ids)), (CHAT_SESSION, CHAT_SESSION.c.id.in_(ids)))
    erase(context.connection, gone)


def _last_activity(context: WriteContext, session_id: str) -> int:
    found = context.connection.execute(select(CHAT_SESSION.c.last_activity).where(CHAT_SESSION.c.id == session_id)).scalar()
    if found is None:
        raise unknown_session(session_id)
    return int(found)


def _change(context: WriteContext, session_id: str, **values: Any) -> None:
    with overwriting(context.connection):
        done = context.connection.execute(update(CHAT_SESSION).where(CHAT_SESSION.c.id == session_id).values(**values))
    if done.rowcount != 1:
        raise unknown_session(session_id)


def _row(session_id: str, n: int, message: ChatMessage) -> dict[str, Any]:
    if message.n not in (0, n):
        raise ValidationFailed(
            f"Message {message.n} does not follow the stored ones: {n} is expected.", key="error.chat.stored", field="n"
        )
    if message.role not in _ROLES:
        raise ValidationFailed(f"'{message.role}' is not the role of a message.", key="error.chat.stored", field="role")
    try:
        json.dumps(message.context, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValidationFailed(
            "The context of a message must be plain data without NaN.", key="error.chat.stored", field="context"
        ) from error
    return {
        "session_id": session_id,
        "n": n,
        "role": message.role,
        "content": clean_text(message.content),
        "context": message.context,
        "context_hash": message.context_hash or None,
        "grounded": message.grounded,
        "created_at": message.created_ns,
    }
