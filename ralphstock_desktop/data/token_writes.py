"""Tokens that questions beside the conversations used (what a conversation used stands with its answers). One day is kept."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from ralphstock_desktop.data.schema.records import SETTING
from ralphstock_desktop.data.table_upserts import upsert_rows
from ralphstock_desktop.data.write_context import WriteContext

__all__ = ["add_tokens", "tokens_of"]

_KEY = "assistant_tokens_beside"


def tokens_of(connection: Connection, day: date) -> tuple[int, int]:
    """Input and output tokens of a Korean day; zeros where none were used, or where another day is kept."""
    value = connection.execute(select(SETTING.c.value).where(SETTING.c.key == _KEY)).scalar()
    if not isinstance(value, dict) or value.get("day") != day.isoformat():
        return 0, 0
    return int(value["input_tokens"]), int(value["output_tokens"])


def add_tokens(context: WriteContext, day: date, input_tokens: int, output_tokens: int) -> None:
    """Add what a question used; the count of another day ends."""
    before = tokens_of(context.connection, day)
    value = {
        "day": day.isoformat(),
        "input_tokens": before[0] + max(input_tokens, 0),
        "output_tokens": before[1] + max(output_tokens, 0),
    }
    upsert_rows(context.connection, SETTING, [{"key": _KEY, "value": value, "updated_at": context.now_ns}])
