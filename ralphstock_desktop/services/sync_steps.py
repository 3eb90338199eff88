"""Fetching one item of a step and saying what is to be written. Nothing is written here: see :mod:`.sync_run`.

Rows after the step's target are dropped, so that a bar whose official close is not known, or flows that are still provisional,
never enter the record as final. A row of the target day that is not there yet makes the item *late*: what came is stored, the
item is asked for again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, TypeVar, cast

import numpy as np

from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable
from engine.model.instruments import Designation, DesignationFlag
from ralphstock_desktop.live_ports import JobState, Listing, MarketSource, NewsSource, Priority, SyncStore, SyncUnit
from ralphstock_desktop.ports import MISSING_INT, ActionBatch, AdjustedBatch, DailyBatch, UpsertCount
from ralphstock_desktop.services.sync_adjust import agrees_with_raw, derive_actions, known_exactly, same_series
from ralphstock_desktop.services.sync_plan import StepName, SyncItem, SyncSettings, SyncTargets
from ralphstock_desktop.services.workers import Workers

__all__ = ["Corrections", "Fetched", "StepFetcher", "reconciled"]

Write = Callable[[SyncUnit], UpsertCount]
B = TypeVar("B", bound=Any)
_KEPT_CORRECTIONS = 500
_LEAD_DAYS = 20
"""Calendar days read before an overlap, so that the row before its first day is among them."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one item brought."""

    item: SyncItem
    write: Write
    state: Literal["complete", "late", "dormant"] = "complete"
    newest: date | None = None
    actions: int = 0
    compares: bool = False
    """The batch repeats stored bars, so an updated row is a correction."""


@dataclass
class Corrections:
    """Adjusted histories that were replaced, newest last: what was found, when, and what it replaced."""

    key: str
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, unit: SyncUnit, entry: dict[str, Any]) -> None:
        """Keep an entry in the transaction of the rows it speaks of."""
        self.entries = [*self.entries, entry][-_KEPT_CORRECTIONS:]
        unit.put_job(JobState(self.key, "done", {"entries": self.entries}))


@dataclass
class StepFetcher:
    """Fetches items for one run."""

    source: MarketSource
    news: NewsSource | None
    store: SyncStore
    workers: Workers
    calendar: TradingCalendar
    settings: SyncSettings
    targets: SyncTargets
    history_begin: date
    corrections: Corrections
    now_ns: Callable[[], int]

    async def fetch(self, step: StepName, item: SyncItem) -> Fetched:
        """Fetch one item.

        Raises
        ------
        RalphStockError
            What the source says; DataUnavailable where it has nothing.
        """
        fetch = {
            StepName.MASTER: self._master,
            StepName.INDEX: self._index,
            StepName.FX: self._fx,
            StepName.MARKET_FLOWS: self._market_flows,
            StepName.NEWS: self._news,
            StepName.DAILY: self._daily,
            StepName.ADJUSTED: self._adjusted,
            StepName.FLOWS: self._flows,
        }[step]
        return await fetch(item)

    async def _master(self, item: SyncItem) -> Fetched:
        listing = await self.source.fetch_listing(Priority.BACKGROUND)
        if not listing.symbols:
            raise DataUnavailable(
                f"{self.source.name} answered with an empty listing.",
                key="error.sync.nothing_listed",
                provider=self.source.name,
            )
        stored = await self.workers.read(self.store.open_designations)

        def write(unit: SyncUnit) -> UpsertCount:
            count = unit.upsert_symbols(
                listing.symbols, source=self.source.name, complete=listing.complete, as_of=listing.as_of
            )
            return count + unit.upsert_designations(reconciled(stored, listing), source=self.source.name)

        return Fetched(item, write)

    async def _index(self, item: SyncItem) -> Fetched:
        batch = _up_to(await self.source.fetch_index_days(item.key, item.since, Priority.BACKGROUND), self.targets.bars)
        return self._dated(item, lambda unit: unit.upsert_index(batch), batch.day, self.targets.bars)

    async def _fx(self, item: SyncItem) -> Fetched:
        batch = _up_to(await self.source.fetch_fx_days(item.since, Priority.BACKGROUND), self.targets.bars)
        # currencies have holidays of their own: a missing day is no sign of being late
        return Fetched(item, lambda unit: unit.upsert_index(batch), newest=_newest(batch.day))

    async def _market_flows(self, item: SyncItem) -> Fetched:
        market = cast(Literal["KOSPI", "KOSDAQ"], item.key.split(" ", 1)[0])
        batch = await self.source.fetch_market_flows(market, item.since, Priority.BACKGROUND)
        return Fetched(item, lambda unit: unit.upsert_market_flows(batch), newest=item.since)

    async def _news(self, item: SyncItem) -> Fetched:
        fetch = self.news.fetch_news if self.news is not None else self.source.fetch_news
        batch = await fetch(item.since, Priority.BACKGROUND)
        return Fetched(item, lambda unit: unit.upsert_news(batch))

    async def _daily(self, item: SyncItem) -> Fetched:
        batch = _up_to(await self.source.fetch_daily(item.key, item.since, Priority.BACKGROUND), self.targets.bars)
        fetched = self._dated(item, lambda unit: unit.upsert_daily(batch), batch.day, self.targets.bars)
        return dataclasses.replace(fetched, compares=not item.whole)

    async def _flows(self, item: SyncItem) -> Fetched:
        batches = await self.source.fetch_flows(item.key, item.since, Priority.BACKGROUND)
        kept = [_up_to(batch, self.targets.flows) for batch in batches]
        final = [batch.day for batch in kept if not batch.provisional]
        days = np.concatenate(final) if final else np.empty(0, dtype="datetime64[D]")

        def write(unit: SyncUnit) -> UpsertCount:
            return sum((unit.upsert_flows(batch) for batch in kept), UpsertCount())

        return self._dated(item, write, days, self.targets.flows)

    def _dated(self, item: SyncItem, write: Write, days: Any, target: date) -> Fetched:
        newest = _newest(days)
        if newest is None:
            raise DataUnavailable(
                f"{self.source.name} has no rows of {item.key} since {item.since}.",
                key="error.sync.day_missing",
                ticker=item.key,
                day=target.isoformat(),
            )
        if newest >= target:
            return Fetched(item, write, newest=newest)
        behind = self.calendar.count(newest, target) - 1 if newest >= self.calendar.first else self.settings.dormant_days
        state: Literal["late", "dormant"] = "dormant" if behind >= self.settings.dormant_days else "late"
        return Fetched(item, write, state, newest)

    # -- adjusted prices ---------------------------------------------------------------------------------------------

    async def _adjusted(self, item: SyncItem) -> Fetched:
        ticker, target = item.key, self.targets.bars
        begin = min(self.history_begin, item.begins or self.history_begin)
        given = await self._fetch_adjusted(ticker, begin if item.whole else item.since)
        replaces = None
        if not item.whole:
            raw, actions, stored = await self.workers.read(self._stored_rows, ticker, item.since)
            self._need_raw(raw, ticker)
            given = _with_last_bar(given, raw, target)
            if same_series(stored, given) and agrees_with_raw(raw, actions, given):
                last = _newest(stored.day)
                new = given if last is None else _rows(given, given.day > np.datetime64(last, "D"))
                return self._dated(item, lambda unit: unit.upsert_adjusted(new), given.day, target)
            given = await self._fetch_adjusted(ticker, begin)
            replaces = stored.factor_on
        raw, actions, _ = await self.workers.read(self._stored_rows, ticker, begin)
        self._need_raw(raw, ticker)
        given = _with_last_bar(given, raw, target)
        found = derive_actions(ticker, raw, given, self.source.name)
        is_new = ~np.array(known_exactly(actions, found), dtype=np.bool_)
        new_actions = ActionBatch(
            found.ticker[is_new], found.ex_day[is_new], found.price_factor[is_new], found.confidence[is_new], found.source
        )

        def write(unit: SyncUnit) -> UpsertCount:
            count = unit.upsert_adjusted(given)
            if len(new_actions.ex_day):
                unit.upsert_actions(new_actions)
            if replaces is not None:
                self.corrections.add(unit, self._correction(new_actions, ticker, len(given.day), replaces))
            return count

        fetched = self._dated(item, write, given.day, target)
        return dataclasses.replace(fetched, actions=len(new_actions.ex_day) if replaces is not None else 0)

    def _correction(self, actions: ActionBatch, ticker: str, rows: int, replaces: date) -> dict[str, Any]:
        return {
            "ticker": ticker,
            "found_ns": self.now_ns(),
            "rows": rows,
            "replaces_factor_on": replaces.isoformat(),
            "factor_on": self.targets.bars.isoformat(),
            "actions": [
                [day.isoformat(), factor, word]
                for day, factor, word in zip(
                    actions.ex_day.tolist(), actions.price_factor.tolist(), actions.confidence.tolist(), strict=True
                )
            ],
        }

    async def _fetch_adjusted(self, ticker: str, since: date) -> AdjustedBatch:
        batch = _up_to(await self.source.fetch_adjusted(ticker, since, Priority.BACKGROUND), self.targets.bars)
        return dataclasses.replace(batch, factor_on=self.targets.bars)

    def _stored_rows(self, ticker: str, since: date) -> tuple[DailyBatch, ActionBatch, AdjustedBatch]:
        raw = self.store.daily_since(ticker, since - timedelta(days=_LEAD_DAYS))
        return raw, self.store.actions_of(ticker), self.store.adjusted_since(ticker, since)

    def _need_raw(self, raw: DailyBatch, ticker: str) -> None:
        if not len(raw.day):
            raise DataUnavailable(
                f"The raw bars of {ticker} are not stored yet; adjusted prices cannot be checked without them.",
                key="error.sync.no_raw",
                ticker=ticker,
            )


def reconciled(stored: Iterable[Designation], listing: Listing) -> list[Designation]:
    """Return what a new listing says about designations: those that began, and those that ended the day before.

    A listing tells what holds now, not since when. A designation that is already open keeps its first day. One that is gone
    is ended only if its kind occurs in the listing at all, because a source that does not know a kind never lists it, and
    only by a complete listing.
    """
    open_now: dict[tuple[str, DesignationFlag], date] = {(d.ticker, d.flag): d.start for d in stored}
    listed: dict[tuple[str, DesignationFlag], date] = {}
    for designation in listing.designations:
        for flag in DesignationFlag(designation.flag):
            listed[(designation.ticker, flag)] = designation.start
    kinds = {flag for _, flag in listed}
    began = [Designation(ticker, flag, start) for (ticker, flag), start in listed.items() if (ticker, flag) not in open_now]
    ended = [
        Designation(ticker, flag, start, max(start, listing.as_of - timedelta(days=1)))
        for (ticker, flag), start in open_now.items()
        if (ticker, flag) not in listed and flag in kinds and listing.complete
    ]
    return began + ended


def _with_last_bar(given: AdjustedBatch, raw: DailyBatch, target: date) -> AdjustedBatch:
    """Add the target day's raw bar where the source leaves it out: a series adjusted as of a day equals the raw one there.

    Sources leave today out because their own close of today may still move; the raw bar stored is the official one.
    """
    day = np.datetime64(target, "D")
    at = np.flatnonzero(raw.day == day)
    if not len(at) or (given.day == day).any():
        return given

    def joined(column: Any, more: Any) -> Any:
        return np.concatenate([column, np.where(more == MISSING_INT, np.nan, more.astype(np.float64))])

    return AdjustedBatch(
        np.concatenate([given.ticker, raw.ticker[at]]),
        np.concatenate([given.day, raw.day[at]]),
        joined(given.open_krw, raw.open_krw[at]),
        joined(given.high_krw, raw.high_krw[at]),
        joined(given.low_krw, raw.low_krw[at]),
        joined(given.close_krw, raw.close_krw[at]),
        joined(given.volume_shares, raw.volume_shares[at]),
        given.factor_on,
        given.source,
    )


def _newest(days: Any) -> date | None:
    return cast(date, days.max().astype(object)) if len(days) else None


def _up_to(batch: B, target: date) -> B:
    """Rows of a batch up to a day."""
    keep = batch.day <= np.datetime64(target, "D")
    return batch if keep.all() else _rows(batch, keep)


def _rows(batch: B, keep: Any) -> B:
    columns: Sequence[Any] = [item for item in dataclasses.fields(batch) if isinstance(getattr(batch, item.name), np.ndarray)]
    return dataclasses.replace(batch, **{item.name: getattr(batch, item.name)[keep] for item in columns})
