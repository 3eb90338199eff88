"""Notices in the repository: stored once by their unique key, whoever tells the fact and however often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from ralphstock_desktop.data.schema.records import NOTICE
from ralphstock_desktop.data.table_upserts import insert_new
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.strategy_ports import NoticeRecord

__all__ = ["add_notices", "mark_notices", "notices"]

_IDS_PER_QUERY = 500


def add_notices(context: WriteContext, now_ns: int, records: Sequence[NoticeRecord]) -> tuple[NoticeRecord, ...]:
    """Store notices; return those whose key was not there yet, with their ids."""
    new = []
    for record in records:
        created_ns = record.created_ns or now_ns
        row = {
            "dedup": record.dedup,
            "at": record.at_ns,
            "created_at": created_ns,
            "kind": record.kind,
            "strategy": record.strategy,
            "ticker": record.ticker,
            "text_key": record.key,
            "fields": dict(record.fields),
            "shown": record.shown,
            "opened": record.read,
        }
        given = insert_new(context.connection, NOTICE, row, unique=("dedup",), give="id")
        if given is not None:
            new.append(replace(record, id=int(given), created_ns=created_ns))
    return tuple(new)


def mark_notices(context: WriteContext, ids: Sequence[int], *, shown: bool | None, read: bool | None) -> None:
    """Note that notices were shown or read."""
    given = {"shown": shown, "opened": read}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not values:
        return
    for start in range(0, len(ids), _IDS_PER_QUERY):
        chosen = list(ids[start : start + _IDS_PER_QUERY])
        context.connection.execute(update(NOTICE).where(NOTICE.c.id.in_(chosen)).values(**values))


def notices(connection: Connection, limit: int, known_at_ns: int | None) -> tuple[NoticeRecord, ...]:
    """Notices of facts up to an instant, newest fact first."""
    query = select(NOTICE)
    if known_at_ns is not None:
        query = query.where(NOTICE.c.at <= known_at_ns)
    return tuple(
        NoticeRecord(
            id=row.id,
            dedup=row.dedup,
            at_ns=row.at,
            created_ns=row.created_at,
            kind=row.kind,
            strategy=row.strategy,
            ticker=row.ticker,
            key=row.text_key,
            fields=dict(row.fields),
            shown=bool(row.shown),
            read=bool(row.opened),
        )
        for row in connection.execute(query.order_by(NOTICE.c.at.desc(), NOTICE.c.id.desc()).limit(limit))
    )
