"""A small repository in memory that keeps the upsert rules of domain.md §10.2: by key, nothing known overwritten by nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np

from engine.model.instruments import Designation, Market, Symbol
from ralphstock_desktop.ports import MISSING_INT, ImportRecord, UpsertCount

Row = dict[str, Any]


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and np.isnan(value):
        return None
    return None if value == MISSING_INT else value


class MemoryStore:
    """Tables by data set: ``{key: {column: value}}``."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, Row]] = {}
        self.transactions = 0
        self.imports: list[ImportRecord] = []
        self.fail_after: int | None = None
        """Raise after this many upserts, to try roll-back."""
        self.error: Exception | None = None

    @contextmanager
    def unit_of_work(self) -> Iterator[MemoryUnit]:
        unit = MemoryUnit(self, {name: dict(rows) for name, rows in self.tables.items()})
        yield unit
        self.tables = unit.tables
        self.transactions += 1

    def rows(self, dataset: str) -> dict[Any, Row]:
        return self.tables.get(dataset, {})


class MemoryUnit:
    def __init__(self, store: MemoryStore, tables: dict[str, dict[Any, Row]]) -> None:
        self.store, self.tables = store, tables

    def _upsert(self, dataset: str, keys: Sequence[Any], rows: Sequence[Row]) -> UpsertCount:
        if self.store.fail_after is not None:
            self.store.fail_after -= 1
            if self.store.fail_after < 0 and self.store.error is not None:
                raise self.store.error
        assert len(set(keys)) == len(keys), f"one batch of {dataset} holds a key twice"
        table = self.tables.setdefault(dataset, {})
        inserted = updated = unchanged = 0
        for key, row in zip(keys, rows, strict=True):
            old = table.get(key)
            if old is None:
                table[key] = dict(row)
                inserted += 1
                continue
            new = {**old, **{name: value for name, value in row.items() if value is not None}}
            updated, unchanged = updated + (new != old), unchanged + (new == old)
            table[key] = new
        return UpsertCount(inserted, updated, unchanged)

    def _batch(self, dataset: str, batch: Any, key_names: tuple[str, ...]) -> UpsertCount:
        fields = [f.name for f in dataclasses.fields(batch) if isinstance(getattr(batch, f.name), np.ndarray)]
        lengths = {len(getattr(batch, name)) for name in fields}
        assert len(lengths) == 1, f"columns of {dataset} differ in length"
        columns = {name: [_plain(value) for value in getattr(batch, name)] for name in fields}
        for name, values in columns.items():
            kind = getattr(batch, name).dtype.kind
            assert kind in "iUMfb", f"{dataset}.{name} is of kind {kind}"
            if kind == "i":
                assert all(value is None or isinstance(value, int) for value in values)
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        constants = {name: getattr(batch, name) for name in ("investor",) if isinstance(getattr(batch, name, None), str)}
        keys = [tuple(row[name] if name in row else constants[name] for name in key_names) for row in rows]
        return self._upsert(dataset, keys, rows)

    def upsert_symbols(
        self, symbols: Sequence[Symbol], *, source: str, complete: bool, as_of: date | None = None
    ) -> UpsertCount:
        assert not complete
        assert all(symbol.name for symbol in symbols)
        rows = []
        for symbol in symbols:
            row = dataclasses.asdict(symbol)
            row["market"] = None if symbol.market is Market.UNKNOWN else symbol.market
            rows.append(row)
        return self._upsert("symbol", [symbol.ticker for symbol in symbols], rows)

    def upsert_designations(self, designations: Sequence[Designation], *, source: str) -> UpsertCount:
        return self._upsert(
            "designation", [(d.ticker, d.flag, d.start) for d in designations], [{"end": d.end} for d in designations]
        )

    def upsert_daily(self, batch: Any) -> UpsertCount:
        return self._batch("daily_price", batch, ("ticker", "day"))

    def upsert_adjusted(self, batch: Any) -> UpsertCount:
        return self._batch("adjusted_price", batch, ("ticker", "day"))

    def upsert_actions(self, batch: Any) -> UpsertCount:
        return self._batch("corporate_action", batch, ("ticker", "ex_day"))

    def upsert_flows(self, batch: Any) -> UpsertCount:
        return self._batch("flow", batch, ("ticker", "day", "investor"))

    def upsert_market_flows(self, batch: Any) -> UpsertCount:
        if batch.instant_ns is None:
            return self._batch("market_flow", batch, ("market", "day", "investor"))
        return self._batch("market_flow_minute", batch, ("market", "instant_ns", "investor"))

    def upsert_index(self, batch: Any) -> UpsertCount:
        return self._batch("index_price", batch, ("code", "day"))

    def upsert_minutes(self, batch: Any) -> UpsertCount:
        return self._batch("minute_price", batch, ("ticker", "minute_ns"))

    def upsert_calendar(self, days: Any, is_open: Any, *, source: str) -> UpsertCount:
        return self._upsert("calendar", [str(day) for day in days], [{"is_open": bool(flag)} for flag in is_open])

    def record_import(self, record: ImportRecord) -> None:
        self.store.imports.append(record)

    def upsert_news(self, batch: Any) -> UpsertCount:
        return self._batch("news", batch, ("url", "ticker"))
