"""View-model of the journal (screen 0872): which stored signals are listed and what the user writes down. No widgets."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.model.errors import RalphStockError
from engine.model.panel import MarketPanel
from engine.thresholds import Rules
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, MarketPicture, PanelState, Ready, SymbolContext, Workstation
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, Journal
from ralphstock_desktop.strategy_ports import SignalRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.journal_rows import JournalRows, JournalSummary, price_step, summarise
from ralphstock_desktop.wording import format as fmt

__all__ = ["ALL", "JOURNAL_ORIGIN", "STATUSES", "JournalViewModel"]

JOURNAL_ORIGIN = "journal"
ALL = "all"
STATUSES: tuple[str, ...] = ("open", "closed", "taken")
Mode = Literal["all", "symbol"]


@runtime_checkable
class _TakesBack(Protocol):
    """A journal in which a purchase can be undone."""

    async def take_back(self, signal_id: int) -> None: ...


@runtime_checkable
class _ListsSuperseded(Protocol):
    """A journal that can also list signals which a later run no longer found."""

    async def load_superseded(self) -> tuple[SignalRecord, ...]: ...


class JournalViewModel(QObject):
    """Which stored signals are listed, and what the user writes down about them.

    Signals
    -------
    changed
        Another list.
    state_changed
        :attr:`panel_state` changed.
    symbol_changed(str)
        Another panel chose a symbol.
    failed(object)
        Superseded signals could not be read.
    """

    changed = Signal()
    state_changed = Signal()
    symbol_changed = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        workstation: Workstation,
        appearance: Appearance,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn = workstation, appearance, spawn
        self.mode: Mode = "all"
        self.strategy = ALL
        self.status = ALL
        self.with_superseded = False
        self.ticker = ""
        self.rows: JournalRows | None = None
        self._records: tuple[SignalRecord, ...] | None = None
        self._superseded: tuple[SignalRecord, ...] = ()
        self._asked = 0
        self._market: MarketPicture | None = None
        self._state: PanelState | None = None
        self._subscriptions: list[Subscription] = []

    @property
    def journal(self) -> Journal | None:
        """The journal, if the program runs with one."""
        strategies = self._workstation.strategies
        return strategies.journal if strategies is not None else None

    @property
    def rules(self) -> Rules:
        """The standing rules."""
        return self._workstation.rules

    @property
    def panel(self) -> MarketPanel | None:
        """The market in use."""
        return self._market.panel if self._market is not None else None

    @property
    def is_past(self) -> bool:
        """Whether an earlier instant is looked at: nothing is written down then."""
        return self._market is not None and not self._market.is_latest

    @property
    def can_take_back(self) -> bool:
        """Whether a purchase can be undone."""
        return self._undoing() is not None

    @property
    def can_list_superseded(self) -> bool:
        """Whether superseded signals can be listed."""
        return self._superseding() is not None

    def _undoing(self) -> _TakesBack | None:
        journal: Any = self.journal
        return journal if isinstance(journal, _TakesBack) else None

    def _superseding(self) -> _ListsSuperseded | None:
        journal: Any = self.journal
        return journal if isinstance(journal, _ListsSuperseded) else None

    @property
    def is_filtered(self) -> bool:
        """Whether strategy or status narrow the list."""
        return self.strategy != ALL or self.status != ALL

    @property
    def panel_state(self) -> PanelState:
        """State of the panel."""
        if self.journal is None:
            return Empty("journal_panel.empty.off")
        if self._records is None or self._market is None:
            return Empty("journal_panel.empty.waiting")
        if not self._records and not self._superseded:
            return Empty("journal_panel.empty.past" if self.is_past else "journal_panel.empty.none")
        return Ready(self._market.as_of)

    @property
    def message(self) -> tuple[str, str] | None:
        """What is said where the list is empty although there are signals."""
        if self.rows is None or self.rows.size:
            return None
        tr = self._look.tr
        if self.mode == "symbol" and not self.ticker:
            return tr("journal_panel.none.choose"), tr("journal_panel.none.choose.detail")
        count = fmt.number(len(self._records or ()))
        if self.is_filtered:
            return tr("journal_panel.none.found"), tr("journal_panel.none.found.detail", count=count)
        return tr("journal_panel.none.symbol"), tr("journal_panel.none.found.detail", count=count)

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        work, journal = self._workstation, self.journal
        self._subscriptions = [work.market.subscribe(self._on_market), work.selection.subscribe(self._on_selection)]
        if journal is not None:
            self._subscriptions.append(journal.signals.subscribe(self._on_signals))
        self._tell_state()

    def deactivate(self) -> None:
        """Stop listening; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        self._arrange()

    def _on_signals(self, records: tuple[SignalRecord, ...]) -> None:
        self._records = records
        self._arrange()
        self._load_superseded()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self.ticker:
            self.ticker = context.ticker
            if self.mode == "symbol":
                self._arrange()
        if context.origin != JOURNAL_ORIGIN:
            self.symbol_changed.emit(context.ticker)

    # -- what is listed -------------------------------------------------------------------------------------------------

    def choose_mode(self, mode: str) -> None:
        """List every signal, or those of the linked symbol."""
        if mode in ("all", "symbol") and mode != self.mode:
            self.mode = "symbol" if mode == "symbol" else "all"
            self._arrange()

    def filter_strategy(self, strategy: str) -> None:
        """List one strategy, or all."""
        if strategy in (ALL, *STRATEGIES) and strategy != self.strategy:
            self.strategy = strategy
            self._arrange()

    def filter_status(self, status: str) -> None:
        """List open signals, closed ones, those the user took, or all."""
        if status in (ALL, *STATUSES) and status != self.status:
            self.status = status
            self._arrange()

    def show_superseded(self, wanted: bool) -> None:
        """List signals that a later run no longer found, too."""
        if wanted != self.with_superseded:
            self.with_superseded = wanted
            self._superseded = ()
            self._load_superseded()
            self._arrange()

    def _load_superseded(self) -> None:
        journal = self._superseding()
        if self.with_superseded and journal is not None:
            self._asked += 1
            self._spawn(self._read_superseded(journal, self._asked), "superseded signals")

    async def _read_superseded(self, journal: _ListsSuperseded, number: int) -> None:
        try:
            records = await journal.load_superseded()
        except RalphStockError as error:
            self.failed.emit(error)
            return
        if number == self._asked and self.with_superseded:
            self._superseded = tuple(record for record in records if record.signal.superseded)
            self._arrange()

    def _arrange(self) -> None:
        known = {record.signal.id for record in self._records or ()}
        extra = [record for record in self._superseded if self.with_superseded and record.signal.id not in known]
        records = [record for record in (*(self._records or ()), *extra) if self._fits(record)]
        records.sort(key=lambda record: record.signal.signal_date, reverse=True)
        self.rows = JournalRows(records, self.panel)
        self.changed.emit()
        self._tell_state()

    def _fits(self, record: SignalRecord) -> bool:
        signal = record.signal
        if self.mode == "symbol" and signal.ticker != self.ticker:
            return False
        if self.strategy not in (ALL, signal.strategy):
            return False
        if self.status == "taken":
            return record.taken
        return self.status == ALL or signal.status.lower() == self.status

    def _tell_state(self) -> None:
        if self.panel_state != self._state:
            self._state = self.panel_state
            self.state_changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def select(self, ticker: str) -> None:
        """Select a symbol in the linked panels."""
        self._workstation.select(ticker, JOURNAL_ORIGIN)

    def summary(self) -> JournalSummary:
        """What the listed signals came to."""
        return summarise(self.rows.records if self.rows is not None else (), self.rules.life.few_trades)

    def may_take(self, record: SignalRecord | None) -> bool:
        """Whether the purchase of a signal can be written down."""
        return record is not None and not self.is_past and record.signal.status == "OPEN" and not record.taken

    def may_close(self, record: SignalRecord | None) -> bool:
        """Whether something is held that can be sold."""
        held = record is not None and record.taken and record.trade is not None and record.trade.exit_ns is None
        return held and not self.is_past

    def may_note(self, record: SignalRecord | None) -> bool:
        """Whether a note can be written."""
        return record is not None and not self.is_past

    def may_take_back(self, record: SignalRecord | None) -> bool:
        """Whether a purchase can be undone."""
        return record is not None and record.taken and self.can_take_back and not self.is_past

    async def take(self, record: SignalRecord, price_krw: int, qty: int, note: str) -> None:
        """Write down a purchase. Raises what the journal raises."""
        journal = self.journal
        if journal is not None:
            await journal.take(record.signal.id or 0, price_krw, qty, note)

    async def close(self, record: SignalRecord, price_krw: int, note: str) -> None:
        """Write down a sale. Raises what the journal raises."""
        journal = self.journal
        if journal is not None:
            await journal.close(record.signal.id or 0, price_krw, note)

    async def annotate(self, record: SignalRecord, note: str) -> None:
        """Write a note. Raises what the journal raises."""
        journal = self.journal
        if journal is not None:
            await journal.annotate(record.signal.id or 0, note)

    async def take_back(self, record: SignalRecord) -> None:
        """Undo a purchase. Raises what the journal raises."""
        journal = self._undoing()
        if journal is not None:
            await journal.take_back(record.signal.id or 0)

    def price_moves(self, ticker: str) -> tuple[Callable[[int, int], int], Callable[[int], int]]:
        """How a price of a stock steps and snaps today."""
        day = self._market.as_of.day if self._market is not None else None
        return price_step(self.panel if day is not None else None, ticker, day)

    def last_close(self, ticker: str) -> int | None:
        """Newest close of a stock at the instant looked at, None where there is none."""
        panel = self.panel
        row = panel.row_of(ticker) if panel is not None else None
        if panel is None or row is None or self._market is None:
            return None
        last = panel.day_index(self._market.as_of.day)
        known = np.flatnonzero(panel.valid[row, : last + 1])
        return int(panel.close_krw[row, known[-1]]) if known.size else None
