"""What the repositories of one unit of work share: the connection, the moment, source numbers and the list of changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from sqlalchemy import Connection, insert, select, update

from engine.model.errors import ValidationFailed
from engine.model.instants import day_of
from ralphstock_desktop.data.bulk import BulkResult
from ralphstock_desktop.data.schema.market import DATA_CHANGE, DATA_VERSION, SOURCE

__all__ = ["PANEL_DATASETS", "WriteContext"]

PANEL_DATASETS = frozenset({"stock", "designation", "daily_price", "corporate_action", "flow", "calendar_day"})
"""Data sets the panel is built from."""

_LISTED_TICKERS = 200
_EPOCH = date(1970, 1, 1)


class WriteContext:
    """Belongs to one transaction on one thread."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.connection = connection
        self.now_ns = clock()
        self._sources: dict[str, int] = {}
        self._changed: set[str] = set()
        self._days: list[tuple[str, date, date, list[str]]] = []

    @property
    def today(self) -> date:
        """The Korean date of this transaction."""
        return day_of(self.now_ns)

    def source_id(self, name: str) -> int:
        """Number of a source, made on first use."""
        if not name:
            raise ValidationFailed("A batch must name its source.", key="error.storage.source")
        found = self._sources.get(name)
        if found is None:
            query = select(SOURCE.c.id).where(SOURCE.c.name == name)
            found = self.connection.execute(query).scalar()
            if found is None:
                found = self.connection.execute(insert(SOURCE).values(name=name).returning(SOURCE.c.id)).scalar_one()
            self._sources[name] = int(found)
        return int(found)

    def changed(self, dataset: str) -> None:
        """Note that a data set changed."""
        self._changed.add(dataset)

    def changed_rows(self, dataset: str, result: BulkResult) -> None:
        """Note what a bulk upsert changed."""
        if result.count.inserted or result.count.updated:
            self._changed.add(dataset)
            if result.first_day is not None and result.last_day is not None:
                first, last = (_EPOCH + timedelta(days=day) for day in (result.first_day, result.last_day))
                self._days.append((dataset, first, last, sorted(result.tickers)))

    def finish(self) -> None:
        """Bump the counters if anything changed; the last step before the commit."""
        if not self._changed:
            return
        self._bump("market")
        if "news" in self._changed:
            self._bump("news")
        if self._changed & PANEL_DATASETS:
            version = self._bump("panel")
            self._log_days(version, (entry for entry in self._days if entry[0] in PANEL_DATASETS))

    def _bump(self, scope: str) -> int:
        table = DATA_VERSION
        self.connection.execute(update(table).where(table.c.scope == scope).values(version=table.c.version + 1))
        return int(self.connection.execute(select(table.c.version).where(table.c.scope == scope)).scalar_one())

    def _log_days(self, version: int, entries: Iterable[tuple[str, date, date, list[str]]]) -> None:
        rows = [
            {
                "version": version,
                "n": number,
                "dataset": dataset,
                "first_day": first,
                "last_day": last,
                "ticker_count": len(tickers),
                "tickers": tickers if len(tickers) <= _LISTED_TICKERS else None,
            }
            for number, (dataset, first, last, tickers) in enumerate(entries)
        ]
        if rows:
            self.connection.execute(insert(DATA_CHANGE), rows)
