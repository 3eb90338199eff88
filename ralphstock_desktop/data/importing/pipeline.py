"""Preview and import of files (runs on a working thread; knows no window and no database, only the ports).

1. Every file is opened and recognised; what cannot be read is noted and left.
2. Files that say something about issues are checked first, so that masters of all files can be merged.
3. Each file is checked whole (every row converted, every reason counted), then stored in one transaction: a file that fails
   or is cancelled leaves the database as it was before that file.

Files are stored in a fixed order: masters, plain daily bars, market-day tables, then the rest by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, RalphStockError, UserCancelled, ValidationFailed
from engine.model.instants import day_of
from ralphstock_desktop.data.importing import masters as master_rows
from ralphstock_desktop.data.importing.convert import Context, Converter, Counts, SharedKnowledge
from ralphstock_desktop.data.importing.flows import FlowConverter, MarketFlowConverter, MinuteMarketFlowConverter
from ralphstock_desktop.data.importing.issues import Issues
from ralphstock_desktop.data.importing.limits import DEFAULT_LIMITS, ImportLimits
from ralphstock_desktop.data.importing.masters import MasterConverter, Masters
from ralphstock_desktop.data.importing.news import NewsConverter
from ralphstock_desktop.data.importing.prices import (
    ActionConverter,
    AdjustedConverter,
    DailyConverter,
    IndexConverter,
    MinuteConverter,
)
from ralphstock_desktop.data.importing.recognise import Layout, recognise
from ralphstock_desktop.data.importing.rows import Chunk, Clock, RowFilter, last_of_each_key
from ralphstock_desktop.data.importing.sources import DataFile, SkippedFile, find_files, open_file, refuse
from ralphstock_desktop.ports import (
    ColumnGuess,
    FileIssue,
    FilePreview,
    ImportRecord,
    ImportReport,
    OnProgress,
    Progress,
    UnitOfWork,
    UpsertCount,
)

__all__ = ["Mappings", "import_files", "preview"]

Mappings = Mapping[Path, tuple[str, Mapping[str, str]]]

_CONVERTERS: dict[str, type[Converter]] = {
    "daily_price": DailyConverter,
    "adjusted_price": AdjustedConverter,
    "corporate_action": ActionConverter,
    "flow": FlowConverter,
    "market_flow": MarketFlowConverter,
    "market_flow_minute": MinuteMarketFlowConverter,
    "index_price": IndexConverter,
    "minute_price": MinuteConverter,
    "listing": MasterConverter,
    "delisted": MasterConverter,
    "news": NewsConverter,
}
_ORDER = ("listing", "delisted", "daily_price", "snapshot")
_TEXT_ROWS = 5_000
"""Rows of texts converted at a time: text columns are as wide as their longest value."""


# -- preview --------------------------------------------------------------------------------------------------------------


def preview(paths: Sequence[Path], *, limits: ImportLimits = DEFAULT_LIMITS) -> list[FilePreview]:
    """Say what each file looks like, without storing anything.

    Parameters
    ----------
    paths : sequence of Path
        Files or folders.

    Returns
    -------
    list of FilePreview
        One per file; ``problem`` says why a file could not be imported as it is. A file that holds nothing to import has a
        ``DataUnavailable`` whose key is the reason.
    """
    found, failed = find_files(paths, limits)
    previews = [_preview_one(path, limits) for path in found]
    previews.extend(FilePreview(path, "", "", None, (), error) for path, error in failed)
    return previews


def _preview_one(path: Path, limits: ImportLimits) -> FilePreview:
    try:
        file = open_file(path, limits)
        sample = _sample(file)
        layout = recognise(file, sample)
    except SkippedFile as skipped:
        return FilePreview(path, "", "", None, (), DataUnavailable(f"{path.name} holds nothing to import.", key=skipped.reason))
    except RalphStockError as error:
        return FilePreview(path, "", "", None, (), error)
    used = {column: name for name, column in layout.columns.items()}
    guesses = tuple(
        ColumnGuess(
            header.column,
            used.get(header.column, ""),
            sample.get(header.column, ()),
            confident=used.get(header.column, "") not in layout.uncertain,
        )
        for header in layout.headers
    )
    return FilePreview(path, layout.dataset, file.encoding, file.rows, guesses, layout.open_question)


def _sample(file: DataFile, rows: int = 5) -> dict[str, tuple[str, ...]]:
    """First values of every plain column as text."""
    plain = file.plain_columns
    for batch in file.batches(plain):
        head = batch.slice(0, rows)
        return {
            name: tuple("" if value is None else str(value)[:60] for value in head.column(i).to_pylist())
            for i, name in enumerate(plain)
        }
    return {}


# -- one file -------------------------------------------------------------------------------------------------------------


@dataclass
class _Job:
    """One file on its way."""

    path: Path
    file: DataFile
    layout: Layout
    converter: Converter
    issues: Issues
    limits: ImportLimits
    rows_read: int = 0
    chunks: list[Chunk] | None = None
    keys: list[Any] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Data set, with market-day tables told from plain daily bars."""
        return "snapshot" if self.converter.context.is_snapshot else self.layout.dataset

    def read(self, issues: Issues, on_rows: Callable[[int], None]) -> Iterator[Chunk]:
        """Convert the file batch by batch."""
        import pyarrow as pa

        converter = self.converter
        kept, converter.context.issues = converter.context.issues, issues
        first = 1
        step = _TEXT_ROWS if self.layout.dataset in ("news", "listing", "delisted") else self.limits.batch_rows
        try:
            for whole_batch in self.file.batches(self.layout.needed_columns()):
                for start in range(0, whole_batch.num_rows, step):
                    batch = whole_batch.slice(start, step)
                    rows = RowFilter(batch.num_rows, first, issues, self.limits)
                    chunk = converter.convert(batch, rows)
                    first += batch.num_rows
                    on_rows(first - 1)
                    yield chunk
        except pa.ArrowException as error:
            what = str(error).split("\n", 1)[0][:200]
            raise refuse(
                self.path, "convert", f"row {first:,} or a later one cannot be converted ({what}).", row=first, what=what
            ) from error
        finally:
            converter.context.issues = kept

    def check(self, on_rows: Callable[[int], None]) -> None:
        """Convert every row once: count the reasons, collect the keys, keep the rows where they are few enough."""
        chunks: list[Chunk] = []
        rows = width = 0
        for chunk in self.read(self.issues, self._counting(on_rows)):
            self.keys.append(chunk.key)
            rows += len(chunk)
            width = max(width, 16 + sum(values.dtype.itemsize for values in chunk.columns.values()))
            if rows * width <= self.limits.max_cached_bytes:
                chunks.append(chunk)
            else:
                chunks.clear()
        if self.rows_read == 0:
            raise refuse(self.path, "no_rows", "it has a header and no rows.")
        fits = rows * width <= self.limits.max_cached_bytes
        if not fits and self.converter.must_be_whole:
            raise refuse(
                self.path,
                "too_many_cumulative",
                f"its {rows:,} rows with a cumulative value are more than can be read at once; split it by month.",
                rows=rows,
            )
        self.chunks = chunks if fits else None

    def _counting(self, on_rows: Callable[[int], None]) -> Callable[[int], None]:
        def count(rows: int) -> None:
            self.rows_read = rows
            on_rows(rows)

        return count

    def final_rows(self, on_rows: Callable[[int], None]) -> Iterator[Chunk]:
        """Yield what is stored: each key once, the last row of it, in key order within each piece."""
        keys = np.concatenate(self.keys) if self.keys else np.empty(0, dtype=np.int64)
        is_ordered = bool((keys[1:] > keys[:-1]).all())
        if is_ordered and self.chunks is not None and not self.converter.must_be_whole:
            done = 0
            for chunk in self.chunks:
                yield chunk
                done += len(chunk)
                on_rows(done)
            return
        chosen, earlier = last_of_each_key(keys)
        self.keys = [keys[chosen]]
        if self.chunks is None:
            yield from self._second_reading(keys, earlier, on_rows)
            return
        if not self.chunks:
            return
        joined = Chunk.join(self.chunks)
        self.chunks = None
        self._note_duplicates(joined.row[earlier])
        if self.converter.must_be_whole:
            joined, chosen = self.converter.finish(joined.take(chosen)), np.arange(len(chosen))
        for start in range(0, len(chosen), self.limits.batch_rows):
            yield joined.take(chosen[start : start + self.limits.batch_rows])
            on_rows(min(start + self.limits.batch_rows, len(chosen)))

    def _note_duplicates(self, rows: Any) -> None:
        self.issues.add("duplicate", rows, rejected=False)

    def _second_reading(self, keys: Any, earlier: Any, on_rows: Callable[[int], None]) -> Iterator[Chunk]:
        keep = np.ones(len(keys), dtype=np.bool_)
        keep[earlier] = False
        position = 0
        for chunk in self.read(Issues(self.path), on_rows):
            mask = keep[position : position + len(chunk)]
            position += len(chunk)
            self._note_duplicates(chunk.row[~mask])
            kept = chunk.take(mask)
            yield kept.take(np.argsort(kept.key, kind="stable"))


# -- import ---------------------------------------------------------------------------------------------------------------


@dataclass
class _Meter:
    """Progress over all files by bytes: checking counts half of a file, storing the other half."""

    total: int
    on_progress: OnProgress | None
    started: float
    done_before: int = 0

    def tick(self, stage: str, path: Path, size: int, half: int, share: float) -> None:
        """Report; ``half`` is 0 while checking, 1 while storing."""
        if self.on_progress is None:
            return
        done = self.done_before + int(size * (half + min(share, 1.0)))
        elapsed = time.perf_counter() - self.started
        left = elapsed * (self.total - done) / done if done and elapsed > 1.0 else None
        self.on_progress(Progress(f"import.progress.{stage}", done, self.total, path.name, left))


class _DaySpan:
    """The days a file of daily bars speaks about; the calendar of that span is stored beside the bars."""

    def __init__(self) -> None:
        self._ends: list[Any] = []

    def note(self, chunk: Chunk) -> None:
        """Widen the span."""
        if "day" in chunk.columns and len(chunk):
            self._ends += [chunk.columns["day"].min(), chunk.columns["day"].max()]

    def store_calendar(self, uow: UnitOfWork, calendar: TradingCalendar) -> None:
        """Store which days of the span the exchange opened."""
        if self._ends:
            days = np.arange(min(self._ends), max(self._ends) + np.timedelta64(1, "D"))
            uow.upsert_calendar(days, calendar.are_trading_days(days), source="calendar:XKRX")


class _Import:
    """One run."""

    def __init__(
        self,
        uow_factory: Callable[[], AbstractContextManager[UnitOfWork]],
        mappings: Mappings,
        on_progress: OnProgress | None,
        clock: Clock,
        limits: ImportLimits,
    ) -> None:
        self.uow_factory, self.mappings, self.clock, self.limits = uow_factory, mappings, clock, limits
        self.shared = SharedKnowledge()
        self.masters = Masters(clock.calendar)
        self.failed: list[tuple[Path, RalphStockError]] = []
        self.skipped: list[tuple[Path, str]] = []
        self.issues: list[FileIssue] = []
        self.fingerprints: list[tuple[Path, str]] = []
        self.counts = Counts()
        self.rejected: dict[str, int] = {}
        self.rows_read = self.files = 0
        self.started = time.perf_counter()
        self.meter = _Meter(0, on_progress, self.started)

    def run(self, paths: Sequence[Path]) -> ImportReport:
        """Import and report."""
        cancelled = False
        try:
            found = self._find(paths)
            self.meter.total = 2 * sum(path.stat().st_size for path in found)
            jobs = [job for path in found if (job := self._open(path)) is not None]
            jobs.sort(key=lambda job: (_ORDER.index(job.kind) if job.kind in _ORDER else len(_ORDER), str(job.path)))
            about_issues = [job for job in jobs if job.kind in ("listing", "delisted", "snapshot")]
            ready = {id(job) for job in about_issues if self._check(job) and self._collect(job)}
            for job in jobs:
                if id(job) in ready or (job not in about_issues and self._check(job)):
                    self._store(job)
        except UserCancelled:
            cancelled = True
        return self._report(cancelled)

    def _find(self, paths: Sequence[Path]) -> list[Path]:
        try:
            found, failed = find_files(paths, self.limits)
        except ValidationFailed as error:
            self.failed.append((paths[0], error))
            return []
        self.failed.extend(failed)
        return found

    def _open(self, path: Path) -> _Job | None:
        self.meter.tick("read", path, 0, 0, 0.0)
        try:
            file = open_file(path, self.limits)
            layout = recognise(file, _sample(file), self.mappings.get(path))
            if layout.open_question is not None:
                raise layout.open_question
        except SkippedFile as skipped:
            self._leave(path)
            self.skipped.append((path, skipped.reason))
            return None
        except UserCancelled:
            raise
        except RalphStockError as error:
            self._leave(path)
            self.failed.append((path, error))
            return None
        issues = Issues(path)
        context = Context(path, layout, issues, self.clock, f"file:{path.name}", self.shared)
        converter = _CONVERTERS[layout.dataset](context)
        if isinstance(converter, MasterConverter):
            converter.masters = self.masters
        return _Job(path, file, layout, converter, issues, self.limits)

    def _leave(self, path: Path) -> None:
        self.meter.done_before += 2 * path.stat().st_size

    def _fail(self, job: _Job, error: RalphStockError) -> None:
        job.chunks, job.keys = None, []
        self._leave(job.path)
        self.failed.append((job.path, error))

    def _check(self, job: _Job) -> bool:
        size, rows = job.path.stat().st_size, max(job.file.rows or 1, 1)
        try:
            job.check(lambda done: self.meter.tick("check", job.path, size, 0, done / rows))
        except UserCancelled:
            raise
        except RalphStockError as error:
            self._fail(job, error)
            return False
        return True

    def _collect(self, job: _Job) -> bool:
        for chunk in job.chunks if job.chunks is not None else job.read(Issues(job.path), lambda _rows: None):
            if isinstance(job.converter, MasterConverter):
                job.converter.collect(self.masters, chunk)
            else:
                master_rows.collect_from_days(self.masters, chunk)
        return True

    def _store(self, job: _Job) -> None:
        size, rows = job.path.stat().st_size, max(job.rows_read, 1)
        counts, started_ns = Counts(), time.time_ns()
        days = _DaySpan()
        try:
            with self.uow_factory() as uow:
                for chunk in job.final_rows(lambda done: self.meter.tick("store", job.path, size, 1, done / rows)):
                    if job.kind == "snapshot":
                        tickers = np.unique(chunk.columns["ticker"]).tolist()
                        counts.merge(master_rows.store_masters(uow, self.masters, tickers, job.converter.context.source))
                    counts.merge(job.converter.store(uow, chunk))
                    days.note(chunk)
                if job.layout.dataset == "daily_price":
                    days.store_calendar(uow, self.clock.calendar)
                uow.record_import(self._record(job, counts, started_ns))
                self.meter.tick("store", job.path, size, 1, 1.0)
        except UserCancelled:
            raise
        except RalphStockError as error:
            self._fail(job, error)
            return
        if job.kind == "daily_price":
            self.shared.note_daily(job.path, np.unique(np.concatenate(job.keys)))
        self._leave(job.path)
        self.counts.merge(counts)
        self.issues.extend(job.issues.report())
        self.fingerprints.append((job.path, job.file.sha256))
        self.files += 1
        self.rows_read += job.rows_read
        dataset = job.converter.store_dataset
        self.rejected[dataset] = self.rejected.get(dataset, 0) + job.issues.rejected
        job.chunks, job.keys = None, []

    def _record(self, job: _Job, counts: Counts, started_ns: int) -> ImportRecord:
        return ImportRecord(
            file=job.path.name,
            sha256=job.file.sha256,
            dataset=job.layout.dataset,
            rows_read=job.rows_read,
            count=sum(counts.by_dataset.values(), UpsertCount()),
            rejected=job.issues.rejected,
            started_ns=started_ns,
            finished_ns=time.time_ns(),
            issues=tuple((issue.reason_key, issue.rows) for issue in job.issues.report()),
        )

    def _report(self, cancelled: bool) -> ImportReport:
        by = self.counts.by_dataset
        per_dataset = []
        for name in sorted(by.keys() | {name for name, rows in self.rejected.items() if rows}):
            count = by.get(name, UpsertCount())
            per_dataset.append((name, count.inserted, count.updated, count.unchanged, self.rejected.get(name, 0)))
        return ImportReport(
            files=self.files,
            rows_read=self.rows_read,
            inserted=sum(row[1] for row in per_dataset),
            updated=sum(row[2] for row in per_dataset),
            unchanged=sum(row[3] for row in per_dataset),
            rejected=sum(row[4] for row in per_dataset),
            seconds=time.perf_counter() - self.started,
            issues=tuple(self.issues),
            failed=tuple(self.failed),
            skipped=tuple(self.skipped),
            per_dataset=tuple(per_dataset),
            cancelled=cancelled,
            fingerprints=tuple(self.fingerprints),
        )


def import_files(
    paths: Sequence[Path],
    uow_factory: Callable[[], AbstractContextManager[UnitOfWork]],
    mappings: Mappings | None = None,
    on_progress: OnProgress | None = None,
    *,
    now_ns: int,
    calendar: TradingCalendar,
    sessions: SessionTable = DEFAULT_SESSIONS,
    limits: ImportLimits = DEFAULT_LIMITS,
) -> ImportReport:
    """Import files or whole folders.

    Parameters
    ----------
    paths : sequence of Path
        Files or folders; folders are searched through.
    uow_factory : callable
        Opens one transaction; used once per file, on the calling thread.
    mappings : {path: (data set, {field: column})}, optional
        The user's choice for files that are not recognised. A column ``=text`` is a constant; ``value_unit``,
        ``volume_unit`` and ``flow_unit`` name units.
    on_progress : callable, optional
        Called at least once per 200,000 rows. ``UserCancelled`` raised from it ends the import: the file being stored is
        rolled back, files before it stay.
    now_ns : int
        The instant of the import, UTC ns. Rows of later days, and of today before they are official, are rejected.
    calendar, sessions
        Trading days and the instants from which a day's facts are official (domain.md §§0.2, 1.5).

    Returns
    -------
    ImportReport
        Never raises for a bad file: it is listed in ``failed`` with its error, and the database is as before it.
    """
    clock = Clock(now_ns, day_of(now_ns), calendar, sessions)
    return _Import(uow_factory, mappings or {}, on_progress, clock, limits).run(paths)
