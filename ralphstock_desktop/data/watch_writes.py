"""Watch lists and price alerts of the user: one list is written whole, an alert by its number.

Values are validated here, at the border of the repository: whatever wrote them, a row that makes no sense is never stored.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instruments import normalize_ticker
from ralphstock_desktop.assistant_ports import AlertRule, WatchEntry
from ralphstock_desktop.data.chat_writes import clean_text
from ralphstock_desktop.data.schema.records import PRICE_ALERT, WATCHLIST
from ralphstock_desktop.data.write_context import WriteContext

__all__ = ["add_alert", "alert_rules", "delete_alert", "set_alert", "set_watch_list", "watch_lists"]

_NAME_LENGTH = 80
_NOTE_LENGTH = 2_000
_LIST_LENGTH = 5_000
_OPERATORS = frozenset({">=", "<="})
_RANGE = {
    "price": (1.0, 1e9),
    "change_pct": (-100.0, 1_000.0),
    "volume": (1.0, 1e12),
    "score": (0.0, 100.0),
}
"""Smallest and largest value of each quantity: won, percent, shares, points."""


# -- watch lists ----------------------------------------------------------------------------------------------------------


def watch_lists(connection: Connection) -> tuple[WatchEntry, ...]:
    """All lists in order of list name and position."""
    rows = connection.execute(select(WATCHLIST)).all()
    # sorted here: the databases order Korean names differently
    ordered = sorted(rows, key=lambda row: (row.list_name, row.position, row.ticker))
    return tuple(WatchEntry(row.list_name, row.ticker, row.position, row.note or "", row.added_at) for row in ordered)


def set_watch_list(context: WriteContext, list_name: str, entries: Sequence[WatchEntry]) -> None:
    """Write one list as a whole; an empty one is deleted.

    Raises
    ------
    ValidationFailed
        If the name is blank or too long, an entry belongs to another list, or a symbol occurs twice or is no short code.
    """
    name = _name(list_name)
    rows: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if unicodedata.normalize("NFC", entry.list_name) != name:
            raise _refused("entry", f"'{entry.list_name}' is not the list '{name}'.")
        ticker = normalize_ticker(entry.ticker)
        if ticker in rows:
            raise _refused("ticker", f"{ticker} stands twice in the list '{name}'.")
        if entry.position < 0:
            raise _refused("position", f"The position of {ticker} must not be negative.")
        rows[ticker] = {
            "list_name": name,
            "ticker": ticker,
            "position": entry.position,
            "note": _note(entry.note, "error.watch.stored") or None,
            "added_at": entry.added_ns,
        }
    if len(rows) > _LIST_LENGTH:
        raise _refused("entries", f"A list holds at most {_LIST_LENGTH} symbols.")
    context.connection.execute(delete(WATCHLIST).where(WATCHLIST.c.list_name == name))
    if rows:
        context.connection.execute(insert(WATCHLIST), list(rows.values()))


def _name(text: str) -> str:
    name = unicodedata.normalize("NFC", text)
    if not name.strip() or name != name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise _refused("list_name", f"A list needs a name of 1 to {_NAME_LENGTH} characters without spaces around it.")
    return name


def _refused(field: str, sentence: str) -> ValidationFailed:
    return ValidationFailed(sentence, key="error.watch.stored", field=field)


def _note(text: str, key: str) -> str:
    note = clean_text(text)
    if len(note) > _NOTE_LENGTH:
        raise ValidationFailed(f"A note holds at most {_NOTE_LENGTH} characters.", key=key, field="note")
    return note


# -- alerts ---------------------------------------------------------------------------------------------------------------


def alert_rules(connection: Connection) -> tuple[AlertRule, ...]:
    """All alerts, newest first."""
    query = select(PRICE_ALERT).order_by(PRICE_ALERT.c.created_at.desc(), PRICE_ALERT.c.id.desc())
    return tuple(
        AlertRule(
            id=row.id,
            ticker=row.ticker,
            quantity=row.quantity,
            op=row.op,
            value=row.value,
            note=row.note or "",
            active=bool(row.active),
            created_ns=row.created_at,
            fired_ns=row.fired_at,
        )
        for row in connection.execute(query)
    )


def add_alert(context: WriteContext, rule: AlertRule) -> AlertRule:
    """Store a new alert (its number is 0) and return it as stored.

    Raises
    ------
    ValidationFailed
        If it has a number already, or a value makes no sense.
    """
    if rule.id != 0:
        raise ValidationFailed(f"Alert {rule.id} is stored already.", key="error.alert.stored", field="id")
    values = _alert_values(rule)
    given = context.connection.execute(insert(PRICE_ALERT).values(**values).returning(PRICE_ALERT.c.id)).scalar_one()
    return replace(rule, id=int(given), ticker=values["ticker"], note=values["note"] or "")


def set_alert(context: WriteContext, rule: AlertRule) -> None:
    """Overwrite an alert.

    Raises
    ------
    DataUnavailable
        ``error.alert.unknown``.
    ValidationFailed
        If a value makes no sense.
    """
    values = _alert_values(rule)
    done = context.connection.execute(update(PRICE_ALERT).where(PRICE_ALERT.c.id == rule.id).values(**values))
    if done.rowcount != 1:
        raise _unknown_alert(rule.id)


def delete_alert(context: WriteContext, rule_id: int) -> None:
    """Remove an alert.

    Raises
    ------
    DataUnavailable
        ``error.alert.unknown``.
    """
    if context.connection.execute(delete(PRICE_ALERT).where(PRICE_ALERT.c.id == rule_id)).rowcount != 1:
        raise _unknown_alert(rule_id)


def _unknown_alert(rule_id: int) -> DataUnavailable:
    return DataUnavailable(f"There is no alert {rule_id}.", key="error.alert.unknown", id=rule_id)


def _alert_values(rule: AlertRule) -> dict[str, Any]:
    if rule.quantity not in _RANGE:
        raise ValidationFailed(f"'{rule.quantity}' cannot be watched.", key="error.alert.stored", field="quantity")
    if rule.op not in _OPERATORS:
        raise ValidationFailed(f"'{rule.op}' is no comparison of an alert.", key="error.alert.stored", field="op")
    low, high = _RANGE[rule.quantity]
    if not math.isfinite(rule.value) or not low <= rule.value <= high:
        raise ValidationFailed(
            f"{rule.value} is no value of {rule.quantity}: {low:g} to {high:g} is expected.",
            key="error.alert.stored",
            field="value",
        )
    return {
        "ticker": normalize_ticker(rule.ticker),
        "quantity": rule.quantity,
        "op": rule.op,
        "value": float(rule.value),
        "note": _note(rule.note, "error.alert.stored") or None,
        "active": rule.active,
        "created_at": rule.created_ns,
        "fired_at": rule.fired_ns,
    }
