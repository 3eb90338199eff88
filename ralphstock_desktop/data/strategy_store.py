"""What strategies keep in the repository of one market; implements :class:`ralphstock_desktop.strategy_ports.StrategyStore`.

Reads may run on any thread and see one unchanging picture each. Every write is one durable transaction of its own: it is either
kept completely, also against a power cut, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from engine.model.gate import GateReading, SectorState
from engine.model.market_series import MarketSeries
from engine.model.news import NewsItem, StockNews
from ralphstock_desktop.data import backtest_store, notice_writes, signal_history, strategy_reads, strategy_writes
from ralphstock_desktop.data.database import Database, read_version
from ralphstock_desktop.data.schema.records import SETTING
from ralphstock_desktop.ports import MinuteBatch, NewsBatch, ScanRecord, StoredSignal
from ralphstock_desktop.strategy_ports import (
    BacktestSummary,
    NoticeRecord,
    RuleProfile,
    RunRecord,
    SignalRecord,
    StoredBacktest,
    TradeRecord,
)

__all__ = ["SqlStrategyStore"]


class SqlStrategyStore:
    """Read and write side of strategies over one repository.

    Parameters
    ----------
    database : Database
        The open repository; owned by the caller.
    now_ns : callable
        The clock of this market in UTC nanoseconds.
    """

    def __init__(self, database: Database, now_ns: Callable[[], int]) -> None:
        self.database = database
        self._now_ns = now_ns

    # -- reading -----------------------------------------------------------------------------------------------------------

    def market_series(self) -> MarketSeries:
        """Indices, exchange rate and market flows of all stored days."""
        with self.database.read() as connection:
            return strategy_reads.market_series(connection)

    def news_version(self) -> str:
        """Changes when any headline was stored or corrected."""
        with self.database.read() as connection:
            return strategy_reads.news_version(connection)

    def news(self, first_ns: int, last_ns: int, ticker: str | None = None) -> tuple[NewsItem, ...]:
        """Items published (or, without a publication time, collected) in an interval, ascending."""
        with self.database.read() as connection:
            return strategy_reads.news_items(connection, first_ns, last_ns, ticker)

    def news_collected(self, as_of_ns: int) -> bool:
        """Whether a collector worked within the 24 hours before an instant."""
        with self.database.read() as connection:
            return strategy_reads.news_collected(connection, as_of_ns)

    def minutes_of_day(self, day: date) -> tuple[MinuteBatch, ...]:
        """One-minute bars of every symbol on a Korean day, one batch per symbol, ascending; empty if there are none."""
        with self.database.read() as connection:
            return strategy_reads.minutes_of_day(connection, day)

    def minute_days(self) -> tuple[date, ...]:
        """Days with any minute bar, ascending; looked for again only after market data changed."""
        with self.database.read() as connection:
            version = read_version(connection).market
            return self.database.remembered("minute_days", version, lambda: strategy_reads.minute_days(connection))

    def volume_curve_days(self, market: int, before: date, days: int) -> npt.NDArray[np.float64] | None:
        """Cumulative share of the day's volume by 09:00 + k minutes (391 columns) of up to ``days`` earlier whole days."""
        stored = self.minute_days()
        with self.database.read() as connection:
            return strategy_reads.volume_curve_days(connection, market, before, days, stored)

    # -- signals -----------------------------------------------------------------------------------------------------------

    def store_scan(self, run: ScanRecord, signals: Sequence[StoredSignal]) -> int:
        """Write a run and its signals in one transaction (domain.md §10.2); return the run's id."""
        with self.database.unit_of_work(durable=True) as unit:
            return unit.store_scan(run, signals).run_id

    def runs(self, strategy: str, signal_date: date) -> tuple[RunRecord, ...]:
        """Runs of a strategy for a day, newest first."""
        with self.database.read() as connection:
            return signal_history.runs(connection, strategy, signal_date)

    def signals(
        self,
        *,
        strategy: str | None = None,
        ticker: str | None = None,
        status: str | None = None,
        first: date | None = None,
        last: date | None = None,
        with_superseded: bool = False,
        known_at_ns: int | None = None,
    ) -> tuple[SignalRecord, ...]:
        """Stored signals with their trades, newest first, as they were known at an instant."""
        with self.database.read() as connection:
            return signal_history.signal_records(
                connection,
                strategy=strategy,
                ticker=ticker,
                status=status,
                first=first,
                last=last,
                with_superseded=with_superseded,
                known_at_ns=known_at_ns,
            )

    def set_life(
        self,
        signal_id: int,
        status: str,
        phase: str,
        trade: TradeRecord | None,
        reason: str,
        *,
        ended_ns: int | None = None,
    ) -> None:
        """Move a signal on in its life and write the rules' trade, in one transaction; see :func:`strategy_writes.set_life`."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.set_life(unit.records, self._now_ns(), signal_id, status, phase, trade, reason, ended_ns)

    def set_taken(self, signal_id: int, taken: bool, note: str, trade: TradeRecord | None) -> None:
        """Write the paper journal's entry of a signal (or take it back); see :func:`strategy_writes.set_taken`."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.set_taken(unit.records, self._now_ns(), signal_id, taken, note, trade)

    # -- gate, sectors, ranks, news --------------------------------------------------------------------------------------

    def store_gate(self, reading: GateReading, sectors: Sequence[SectorState], day: date) -> None:
        """Keep the gate of a day with its sectors."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.store_gate(unit.records, reading, sectors, day)

    def store_sector_returns(self, rows: Sequence[tuple[str, date, float | None, float | None, int]]) -> None:
        """Keep sector returns: (sector, day, r1, r5, members)."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.store_sector_returns(unit.records, rows)

    def store_ranks(self, day: date, ruleset: str, rows: Sequence[tuple[str, float | None, int | None, int]]) -> None:
        """Keep the RS ranks of a day: (ticker, raw, rs, n)."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.store_ranks(unit.records, day, ruleset, rows)

    def store_news_scores(self, day: date, ruleset: str, scores: Sequence[StockNews]) -> None:
        """Keep what the news of a day were worth."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.store_news_scores(unit.records, day, ruleset, scores)

    def store_news(self, batch: NewsBatch) -> int:
        """Store collected items and remember that their source was asked, also in vain; return how many were new."""
        with self.database.unit_of_work(durable=True) as unit:
            new = unit.upsert_news(batch).inserted if len(batch.url) else 0
            strategy_writes.mark_collected(unit.records, batch.source, self._now_ns())
            return new

    # -- backtests and profiles --------------------------------------------------------------------------------------------

    def store_backtest(self, backtest: StoredBacktest) -> int:
        """Write a backtest with its curve and trades; return its id."""
        with self.database.unit_of_work(durable=True) as unit:
            return backtest_store.store_backtest(unit.records, self._now_ns(), backtest)

    def backtests(self, config_name: str | None = None) -> tuple[BacktestSummary, ...]:
        """Summaries, newest first."""
        with self.database.read() as connection:
            return backtest_store.backtests(connection, config_name)

    def backtest(self, run_id: int) -> StoredBacktest:
        """One backtest; raises DataUnavailable if it is not stored."""
        with self.database.read() as connection:
            return backtest_store.backtest(connection, run_id)

    def delete_backtest(self, run_id: int) -> None:
        """Remove a backtest; raises DataUnavailable if it is not stored."""
        with self.database.unit_of_work(durable=True) as unit:
            backtest_store.delete_backtest(unit.records, run_id)

    def profiles(self) -> tuple[RuleProfile, ...]:
        """Named rule sets by name."""
        prefix = strategy_writes.PROFILE_KEY
        query = select(SETTING.c.key, SETTING.c.value).where(SETTING.c.key.startswith(prefix, autoescape=True))
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        found = (strategy_writes.profile_of(row.value, row.key.removeprefix(prefix)) for row in rows)
        return tuple(sorted(found, key=lambda profile: profile.name))

    def save_profile(self, profile: RuleProfile) -> None:
        """Write a profile under its name; raises ValidationFailed for a name that cannot be shown."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.save_profile(unit.records, self._now_ns(), profile)

    def delete_profile(self, name: str) -> None:
        """Remove a profile; raises DataUnavailable if there is none."""
        with self.database.unit_of_work(durable=True) as unit:
            strategy_writes.delete_profile(unit.records, name)

    # -- notices and tries -------------------------------------------------------------------------------------------------

    def add_notices(self, notices: Sequence[NoticeRecord]) -> tuple[NoticeRecord, ...]:
        """Store notices; return those that were new (by ``dedup``), with their ids."""
        if not notices:
            return ()
        with self.database.unit_of_work(durable=True) as unit:
            return notice_writes.add_notices(unit.records, self._now_ns(), notices)

    def notices(self, limit: int = 500, known_at_ns: int | None = None) -> tuple[NoticeRecord, ...]:
        """Notices of facts up to an instant, newest first."""
        with self.database.read() as connection:
            return notice_writes.notices(connection, limit, known_at_ns)

    def mark_notices(self, ids: Sequence[int], *, shown: bool | None = None, read: bool | None = None) -> None:
        """Note that notices were shown or read."""
        if not ids:
            return
        with self.database.unit_of_work(durable=True) as unit:
            notice_writes.mark_notices(unit.records, ids, shown=shown, read=read)

    def remember_tries(self, strategy: str, rulesets: Sequence[str]) -> int:
        """Count rule sets tried on these data for a strategy; return how many different ones there are."""
        with self.database.unit_of_work(durable=True) as unit:
            return strategy_writes.remember_tries(unit.records, self._now_ns(), strategy, rulesets)
