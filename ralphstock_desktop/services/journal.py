"""The life of stored signals and the paper journal: what was taken, at which price, and what it earned after costs.

Implements ``Journal``. Lives on the event-loop thread; the repository is asked on a worker, one call at a time. What the user
did belongs to now: while the past is looked at, the journal shows what was known then and takes nothing down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import day_of
from engine.model.panel import MarketPanel
from engine.model.performance import ExitReason
from engine.performance.costs import net_return_pct, sell_tax_pct, settlement_days
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.minute_life import cost_model, known
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import SignalRecord, StrategyStore, TradeRecord

__all__ = ["MAX_NOTE", "JournalService", "closed_by_hand"]

MAX_NOTE = 500
"""Longest note, in characters."""
_MAX_KRW = 2**31 - 1
_MAX_SHARES = 10**12


def closed_by_hand(
    trade: TradeRecord,
    price_krw: int,
    now_ns: int,
    panel: MarketPanel,
    ticker: str,
    rules: Rules,
    calendar: TradingCalendar | None = None,
) -> TradeRecord:
    """Return a held trade sold at a price the user names, with its returns after costs (domain.md §§7.3, 7.4).

    Where a corporate action lies between, the entry is compared in the price scale of the sale. Returns are None where the
    panel does not hold the symbol: then neither its market nor its tax is known.
    """
    sold = replace(trade, exit_ns=now_ns, exit_krw=price_krw, exit_reason=ExitReason.MANUAL.name, cost_model=cost_model(rules))
    row = panel.row_of(ticker)
    if row is None:
        return sold
    first, last = (panel.day_index(np.datetime64(day_of(moment), "D")) for moment in (trade.entry_ns, now_ns))
    factor = 1.0
    if 0 <= first < last and panel.factor[row, first] > 0 and panel.factor[row, last] > 0:
        factor = float(panel.factor[row, last] / panel.factor[row, first])
    entry = trade.entry_krw * factor
    day = np.array([np.datetime64(day_of(now_ns), "D")])
    tax = float(sell_tax_pct(int(panel.market[row]), settlement_days(day, calendar), rules, int(panel.security_type[row]))[0])
    held = panel.valid[row, max(first, 0) + 1 : last + 1] if last > first else panel.valid[row, :0]
    return replace(
        sold,
        gross_pct=known(100.0 * (price_krw / entry - 1.0)),
        net_pct=known(float(net_return_pct(entry, price_krw, tax, rules))),
        tax_pct=known(tax),
        holding_bars=int(np.count_nonzero(held)),
    )


class JournalService:
    """See :class:`ralphstock_desktop.services.strategy_contracts.Journal`.

    Parameters
    ----------
    now_ns : callable
        The market's clock in UTC nanoseconds.
    rules : callable
        The standing rules, for the costs.
    calendar : TradingCalendar, optional
        For the settlement day of a sale.
    """

    def __init__(
        self,
        workers: Workers,
        now_ns: Callable[[], int],
        rules: Callable[[], Rules] = lambda: DEFAULT_RULES,
        calendar: TradingCalendar | None = None,
    ) -> None:
        self.signals: Channel[tuple[SignalRecord, ...]] = Channel("stored signals")
        self._workers, self._now_ns, self._rules, self._calendar = workers, now_ns, rules, calendar
        self._store: StrategyStore | None = None
        self._panel: MarketPanel | None = None
        self._known_at_ns: int | None = None
        self._turn = asyncio.Lock()

    async def show(self, store: StrategyStore, panel: MarketPanel, known_at_ns: int | None = None) -> None:
        """Read and publish the signals of a market as known at an instant; None is the present.

        Raises
        ------
        StorageError
            If the repository cannot be read.
        """
        async with self._turn:
            self._store, self._panel, self._known_at_ns = store, panel, known_at_ns
            await self._load(store)

    async def _load(self, store: StrategyStore) -> None:
        moment = self._known_at_ns
        records = await self._workers.read(lambda: store.signals(known_at_ns=moment))
        if store is self._store and moment == self._known_at_ns:
            self.signals.publish(records)

    def of(self, ticker: str) -> tuple[SignalRecord, ...]:
        """Stored signals of one symbol, newest first."""
        return tuple(record for record in self.signals.last or () if record.signal.ticker == ticker)

    async def load_superseded(self) -> tuple[SignalRecord, ...]:
        """Signals a later run no longer found, as known at the instant.

        Raises
        ------
        StorageError
            If the repository cannot be read.
        """
        store, moment = self._store, self._known_at_ns
        if store is None:
            return ()
        found = await self._workers.read(lambda: store.signals(with_superseded=True, known_at_ns=moment))
        return tuple(record for record in found if record.signal.superseded)

    # -- what the user did -----------------------------------------------------------------------------------------------

    async def take(self, signal_id: int, price_krw: int, qty: int, note: str) -> None:
        """Write down that a signal was taken, at a price and for a number of shares.

        Raises
        ------
        ValidationFailed
            If the price, the number or the note cannot be, the signal has ended or was taken already, or the past is looked at.
        DataUnavailable
            If there is no such signal.
        """
        _check_price(price_krw)
        if not 1 <= qty <= _MAX_SHARES:
            raise ValidationFailed(f"{qty} shares cannot be bought.", key="error.journal.qty", value=qty)
        async with self._turn:
            store, record = await self._ready(signal_id, note)
            if record.signal.status != "OPEN":
                raise ValidationFailed("The signal has ended.", key="error.journal.ended", ticker=record.signal.ticker)
            if record.taken:
                raise ValidationFailed("The signal was taken already.", key="error.journal.taken", ticker=record.signal.ticker)
            trade = TradeRecord(signal_id, self._now_ns(), price_krw, qty, cost_model=cost_model(self._rules()))
            await self._write(store, signal_id, True, note, trade)

    async def close(self, signal_id: int, price_krw: int, note: str) -> None:
        """Write down that a taken signal was sold, with what it earned after costs; the signal is closed (MANUAL).

        Raises
        ------
        ValidationFailed
            If the price or the note cannot be, nothing is held, or the past is looked at.
        DataUnavailable
            If there is no such signal.
        """
        _check_price(price_krw)
        async with self._turn:
            store, record = await self._ready(signal_id, note)
            panel = self._panel
            if not record.taken or record.trade is None or record.trade.exit_ns is not None or panel is None:
                raise ValidationFailed(
                    "Nothing of the signal is held.", key="error.journal.not_held", ticker=record.signal.ticker
                )
            sold = closed_by_hand(
                record.trade, price_krw, self._now_ns(), panel, record.signal.ticker, self._rules(), self._calendar
            )
            await self._write(store, signal_id, True, note or record.note, sold)

    async def annotate(self, signal_id: int, note: str) -> None:
        """Write a note to a signal, taken or not; an empty one removes it.

        Raises
        ------
        ValidationFailed
            If the note is too long, or the past is looked at.
        DataUnavailable
            If there is no such signal.
        """
        async with self._turn:
            store, record = await self._ready(signal_id, note)
            await self._write(store, signal_id, record.taken, note, record.trade if record.taken else None)

    async def take_back(self, signal_id: int) -> None:
        """Undo that a signal was taken; the rules' view of it comes back, the note stays."""
        async with self._turn:
            store, record = await self._ready(signal_id, "")
            if record.taken:
                await self._write(store, signal_id, False, record.note, None)

    async def _ready(self, signal_id: int, note: str) -> tuple[StrategyStore, SignalRecord]:
        """The repository and the signal as it stands there now, after the checks every entry needs."""
        store = self._store
        if len(note) > MAX_NOTE:
            raise ValidationFailed(f"A note has at most {MAX_NOTE} characters.", key="error.journal.note", most=MAX_NOTE)
        if self._known_at_ns is not None:
            raise ValidationFailed("The journal is kept in the present only.", key="error.journal.past")
        if store is not None:
            ticker = next((r.signal.ticker for r in self.signals.last or () if r.signal.id == signal_id), None)
            records = await self._workers.read(lambda: store.signals(ticker=ticker, with_superseded=True))
            for record in records:
                if record.signal.id == signal_id:
                    return store, record
        raise DataUnavailable(f"There is no signal {signal_id}.", key="error.storage.no_signal", id=signal_id)

    async def _write(self, store: StrategyStore, signal_id: int, taken: bool, note: str, trade: TradeRecord | None) -> None:
        await self._workers.read(store.set_taken, signal_id, taken, note, trade)
        await self._load(store)


def _check_price(price_krw: int) -> None:
    if not 1 <= price_krw <= _MAX_KRW:
        raise ValidationFailed(f"{price_krw} won is no price.", key="error.journal.price", value=price_krw)
