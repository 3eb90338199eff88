"""The index's columns of every item: read from the database in one piece, and kept as it grows.

A row for each of 100,000 items would cost the time of three searches to hand over, so each column comes as one value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from ralphstock_desktop.data.text_search import NEVER, NewsColumns

__all__ = ["NO_COLUMNS", "extended"]

Numbers = npt.NDArray[np.int64]

_NOTHING: Numbers = np.empty(0, dtype=np.int64)
NO_COLUMNS = NewsColumns(_NOTHING, _NOTHING, _NOTHING)
"""Of an index without items."""

_READ = {
    "sqlite": text("""
SELECT group_concat(doc), group_concat(news_id), group_concat(coalesce(known_at, :never)), group_concat(moment)
FROM news_search_doc WHERE seq > :seq
"""),
    "postgresql": text("""
SELECT
  string_agg(int8send(doc), CAST('' AS bytea)),
  string_agg(int8send(news_id), CAST('' AS bytea)),
  string_agg(int8send(coalesce(known_at, :never)), CAST('' AS bytea)),
  string_agg(int8send(moment), CAST('' AS bytea))
FROM news_search_doc WHERE seq > :seq
"""),
}
_SENT = np.dtype(">i8")


def extended(columns: NewsColumns, connection: Connection, seq: int) -> NewsColumns:
    """Columns with what the index wrote after its change ``seq`` written over them; numbers nobody has are never known."""
    row = connection.execute(_READ[connection.dialect.name], {"seq": seq, "never": NEVER}).one()
    if row[0] is None:
        return columns
    docs, *written = (_numbers(value) for value in row)
    size = max(len(columns.ids), int(docs.max()) + 1)
    held = ((columns.ids, 0), (columns.known_ns, NEVER), (columns.moment_ns, 0))
    grown = []
    for (before, missing), values in zip(held, written, strict=True):
        column = np.full(size, missing, dtype=np.int64)
        column[: len(before)] = before
        column[docs] = values
        grown.append(column)
    return NewsColumns(*grown)


def _numbers(value: str | bytes) -> Numbers:
    if isinstance(value, str):
        return np.fromstring(value, dtype=np.int64, sep=",")
    return np.frombuffer(value, dtype=_SENT).astype(np.int64)
