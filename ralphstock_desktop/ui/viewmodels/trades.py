"""View-model of time and sales (screen 0120): the tape of one symbol, its size filter, and the hold while it is read.

The tape is one list, oldest first. Newest-first is only a way of counting: row 0 is its end. Holding freezes that end, so
nothing is copied and nothing moves while new trades come in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import Signal

from engine.model.live import MISSING, QuoteSource, TradeTick
from ralphstock_desktop.live_ports import FeedPart
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, Loading, PanelState, Workstation
from ralphstock_desktop.services.live_contracts import LiveMarket, TradeRun
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.live_symbol import LiveSymbolViewModel
from ralphstock_desktop.ui.viewmodels.quotes import Quote
from ralphstock_desktop.wording import format as fmt

__all__ = ["BIG_KRW", "SIZE_CHIPS", "TradeRow", "TradesViewModel"]

BIG_KRW = 100_000_000
"""A trade of at least this value is emphasised; it is also the length of a full bar."""
SIZE_CHIPS: dict[str, int] = {"every": 0, "10m": 10_000_000, "50m": 50_000_000, "100m": 100_000_000}
"""Least value in won of the trades each chip shows."""
_KEPT = 20_000
_SPARE = 4_000
"""Trades beyond those kept before the oldest are dropped, so that dropping is rare."""


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One trade as it is drawn."""

    tick: TradeTick
    change_pct: float
    share: float
    """Value of the trade by that of a big one, 0 … 1."""
    is_big: bool
    broken: bool
    """The accumulated volume does not continue from the trade before it: something in between was not received."""


class TradesViewModel(LiveSymbolViewModel):
    """Tape of the selected symbol.

    Signals
    -------
    filter_changed
        Another part of the tape is shown.
    held_changed
        The hold began or ended, or more trades wait.
    """

    filter_changed = Signal()
    held_changed = Signal()

    parts = frozenset({FeedPart.TRADES, FeedPart.BOOK})

    def __init__(self, workstation: Workstation, origin: str = "trades") -> None:
        super().__init__(workstation, origin)
        self.chip = "every"
        self.least_shares = 0
        self._tape: list[TradeTick] = []
        self._shown: list[int] = []
        """Positions in the tape of the trades that pass the filter, oldest first."""
        self._held_at: int | None = None

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _listen(self, live: LiveMarket) -> list[Subscription]:
        return [live.trades.subscribe(self._on_trades, replay=False)]

    def _take_symbol(self) -> None:
        live = self.live
        self._tape, self._shown, self._held_at = [], [], None
        if live is not None and self.ticker and not self.is_past:
            self._append(live.tape_of(self.ticker))
        self.held_changed.emit()
        self.filter_changed.emit()

    def _on_trades(self, run: TradeRun) -> None:
        if run.ticker != self.ticker or self.is_past:
            return
        was_empty = not self._tape
        if run.trades:
            self._append(run.trades)
        else:
            self._reload()  # trades before those we hold were asked for and have come
        if was_empty and self._tape:
            self.state_changed.emit()
        if self._held_at is not None:
            self.held_changed.emit()
        self.changed.emit()

    def _reload(self) -> None:
        live = self.live
        held = self.held_count
        self._tape, self._shown = [], []
        if live is not None:
            self._append(live.tape_of(self.ticker))
        if self._held_at is not None:
            self._held_at = max(0, len(self._shown) - held)

    def _append(self, ticks: Iterable[TradeTick]) -> None:
        for tick in ticks:
            if not tick.quantity_shares:
                continue  # a quote-driven price is no trade
            if self._passes(tick):
                self._shown.append(len(self._tape))
            self._tape.append(tick)
        if len(self._tape) > _KEPT + _SPARE and self._held_at is None:
            self._tape = self._tape[-_KEPT:]
            self._refilter()

    def _has_not_traded(self, quote: Quote) -> bool:
        """Whether the symbol was asked for today and has no trade of today: none yet, or the answer is of a former day."""
        live = self.live
        board = live.board if live is not None else None
        row = board.row_of(self.ticker) if board is not None else None
        return board is not None and row is not None and board.source[row] >= QuoteSource.POLLED and not quote.volume > 0

    # -- filter ---------------------------------------------------------------------------------------------------------

    def _passes(self, tick: TradeTick) -> bool:
        size = abs(tick.quantity_shares)
        return size >= self.least_shares and size * tick.price_krw >= SIZE_CHIPS[self.chip]

    def _refilter(self) -> None:
        self._shown = [place for place, tick in enumerate(self._tape) if self._passes(tick)]

    def set_filter(self, chip: str | None = None, least_shares: int | None = None) -> None:
        """Show trades of at least a value (a chip) and a number of shares only."""
        chip = self.chip if chip is None or chip not in SIZE_CHIPS else chip
        least = self.least_shares if least_shares is None else max(0, least_shares)
        if (chip, least) != (self.chip, self.least_shares):
            self.chip, self.least_shares = chip, least
            self._refilter()
            if self._held_at is not None:
                self._held_at = len(self._shown)
            self.held_changed.emit()
            self.filter_changed.emit()

    # -- hold -----------------------------------------------------------------------------------------------------------

    @property
    def is_held(self) -> bool:
        """Whether the rows stand still."""
        return self._held_at is not None

    @property
    def held_count(self) -> int:
        """Trades that came in since the rows stand still."""
        return len(self._shown) - self._held_at if self._held_at is not None else 0

    def set_held(self, held: bool) -> None:
        """Let the rows stand still while they are read, or go on with everything that came meanwhile."""
        if held == self.is_held:
            return
        self._held_at = len(self._shown) if held else None
        self.held_changed.emit()
        self.changed.emit()

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Rows shown."""
        return self._held_at if self._held_at is not None else len(self._shown)

    @property
    def total(self) -> int:
        """Trades held, shown or not."""
        return len(self._tape)

    @property
    def data_ns(self) -> int | None:
        """Exchange time of the newest trade."""
        return self._tape[-1].at_ns if self._tape else None

    @property
    def panel_state(self) -> PanelState:
        """State of the frame; a symbol that is known not to have traded today waits for no answer."""
        state = super().panel_state
        if isinstance(state, Loading):
            quote = self.quote()
            if quote is not None and self._has_not_traded(quote):
                return Empty("empty.live.no_trades")
        return state

    def row(self, number: int) -> TradeRow:
        """A row, newest first."""
        place = self._shown[self.size - 1 - number]
        tick = self._tape[place]
        base = tick.price_krw - tick.change_krw if tick.change_krw != MISSING else 0
        value = abs(tick.quantity_shares) * tick.price_krw
        return TradeRow(
            tick=tick,
            change_pct=(tick.price_krw / base - 1.0) * 100.0 if base > 0 else float("nan"),
            share=min(1.0, value / BIG_KRW),
            is_big=value >= BIG_KRW,
            broken=self._is_broken(place),
        )

    def _is_broken(self, place: int) -> bool:
        """Whether shares are missing between a trade and the one before it on the tape (not: before it on screen)."""
        if place == 0:
            return False
        tick, before = self._tape[place], self._tape[place - 1]
        if MISSING in (tick.volume_shares, before.volume_shares) or tick.venue != before.venue:
            return False
        return tick.volume_shares - abs(tick.quantity_shares) > before.volume_shares

    def as_text(self, look: Appearance, rows: Iterable[int], separator: str) -> str:
        """Rows with their heads for the clipboard or a file: plain numbers, sold quantities below zero."""
        heads = ("time", "price", "change", "quantity", "volume")
        lines = [separator.join(look.tr(f"live.trades.col.{name}") for name in heads)]
        for number in rows:
            row = self.row(number)
            tick = row.tick
            change = "" if row.change_pct != row.change_pct else f"{row.change_pct:.2f}"
            volume = "" if tick.volume_shares == MISSING else str(tick.volume_shares)
            fields = (fmt.clock(tick.at_ns), str(tick.price_krw), change, str(tick.quantity_shares), volume)
            lines.append(separator.join(fields))
        return "\n".join(lines) + "\n"
