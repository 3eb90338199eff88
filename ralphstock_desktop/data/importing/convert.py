"""What the converters of all data sets share: the context of a file, access to its columns, and counting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.data.importing import columns as read
from ralphstock_desktop.data.importing.columns import MISSING_INT, Ints, Whole
from ralphstock_desktop.data.importing.issues import Issues
from ralphstock_desktop.data.importing.recognise import Layout
from ralphstock_desktop.data.importing.rows import Chunk, Clock, RowFilter, missing
from ralphstock_desktop.ports import FlowBatch, UnitOfWork, UpsertCount

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Context", "Converter", "Counts", "SharedKnowledge"]


@dataclass
class Counts:
    """Upserts by data set."""

    by_dataset: dict[str, UpsertCount] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: str, count: UpsertCount) -> Counts:
        """Counts of one data set."""
        return cls({dataset: count})

    def add(self, dataset: str, count: UpsertCount) -> None:
        """Add a count."""
        self.by_dataset[dataset] = self.by_dataset.get(dataset, UpsertCount()) + count

    def merge(self, other: Counts) -> None:
        """Add all counts of another."""
        for dataset, count in other.by_dataset.items():
            self.add(dataset, count)


class SharedKnowledge:
    """What one import knows across its files: which daily bars the plain price files gave."""

    def __init__(self) -> None:
        self._daily_keys: list[tuple[Path, Ints]] = []

    def note_daily(self, path: Path, keys: Ints) -> None:
        """Remember the sorted, distinct keys a plain file of daily bars gave."""
        self._daily_keys.append((path, keys))

    def given_elsewhere(self, keys: Ints, path: Path) -> npt.NDArray[np.bool_]:
        """Whether another file gave each key."""
        result = np.zeros(len(keys), dtype=np.bool_)
        for other, known in self._daily_keys:
            if other == path or len(known) == 0:
                continue
            position = np.searchsorted(known, keys)
            result |= known[np.minimum(position, len(known) - 1)] == keys
        return result


@dataclass
class Context:
    """One file being imported."""

    path: Path
    layout: Layout
    issues: Issues
    clock: Clock
    source: str
    shared: SharedKnowledge
    _codes: dict[str, int] = field(default_factory=dict)

    @property
    def is_snapshot(self) -> bool:
        """A whole-market day table (with names and markets) rather than a plain file of bars."""
        return self.layout.dataset == "daily_price" and self.layout.has("name", "market")

    def column(self, batch: pa.RecordBatch, name: str) -> Any:
        """Column of a field; a constant is repeated."""
        import pyarrow as pa

        if name in self.layout.columns:
            return batch.column(batch.schema.get_field_index(self.layout.columns[name]))
        if name in self.layout.constants:
            indices: Any = pa.array(np.zeros(batch.num_rows, dtype=np.int32))
            return pa.DictionaryArray.from_arrays(indices, pa.array([self.layout.constants[name]]))
        raise KeyError(name)

    def whole(self, batch: pa.RecordBatch, name: str) -> Whole:
        """Whole numbers of a field in its stored unit; all missing where the file has no such column."""
        if not self.layout.has(name):
            none = np.zeros(batch.num_rows, dtype=np.bool_)
            return Whole(missing(batch.num_rows), none, none)
        return read.whole(self.column(batch, name), self.layout.scales.get(name, 1))

    def real(self, batch: pa.RecordBatch, name: str) -> tuple[read.Floats, read.Bools]:
        """Real numbers of a field; all NaN where the file has no such column."""
        if not self.layout.has(name):
            return np.full(batch.num_rows, np.nan), np.zeros(batch.num_rows, dtype=np.bool_)
        return read.real(self.column(batch, name))

    def numbers_of(self, texts: npt.NDArray[np.str_]) -> Ints:
        """A number per distinct text, the same for the whole file."""
        distinct, inverse = np.unique(texts, return_inverse=True)
        numbers = [self._codes.setdefault(str(text), len(self._codes)) for text in distinct]
        return np.asarray(np.array(numbers, dtype=np.int64)[inverse])

    def store_flows(self, uow: UnitOfWork, chunk: Chunk, counts: Counts) -> None:
        """Store the flow columns of a chunk, one batch per investor; rows without a value are left out."""
        in_money = self.layout.flow_quantity == "money"
        for investor in self.layout.flow_fields:
            values = chunk.columns[investor]
            given = values != MISSING_INT
            if not given.any():
                continue
            amount, none = values[given], missing(int(given.sum()))
            batch = FlowBatch(
                ticker=chunk.columns["ticker"][given],
                day=chunk.columns["day"][given],
                investor=investor,
                net_shares=none if in_money else amount,
                net_krw=amount if in_money else none,
                estimated=False,
                provisional=False,
                source=self.source,
            )
            counts.add("flow", uow.upsert_flows(batch))


class Converter(ABC):
    """Reads batches of one file and stores their rows."""

    store_dataset: str = ""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def must_be_whole(self) -> bool:
        """Whether :meth:`finish` needs all rows of the file at once."""
        return False

    @abstractmethod
    def convert(self, batch: pa.RecordBatch, rows: RowFilter) -> Chunk:
        """Check and convert one batch; rejected rows are noted in ``rows``."""

    def finish(self, chunk: Chunk) -> Chunk:
        """Last step over rows in key order, each key once."""
        return chunk

    @abstractmethod
    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store rows (in key order, each key once)."""
