"""Near misses as table rows, and the view-model of the near-miss panel (screen 0813)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.instants import AsOf
from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, PanelState, Ready, ScanPicture, Stale, SymbolContext, Workstation
from ralphstock_desktop.services.strategy_contracts import (
    STRATEGIES,
    ClosingPicture,
    DayTradePicture,
    NearMiss,
    Strategies,
    StrategyName,
)
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.scan_rows import MARKET_LETTER
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["NearRows", "NearSource", "NearViewModel"]

_PAUSE_MS = 1_000
"""A running day changes the list at most this often."""


@dataclass(frozen=True, eq=False)
class NearSource:
    """What a strategy's list is read from."""

    panel: MarketPanel
    price: FloatArray
    change_pct: FloatArray
    score: FloatArray
    as_of: AsOf


class NearRows:
    """A ``RowSource`` of near misses, nearest first."""

    def __init__(self, misses: Sequence[NearMiss], source: NearSource) -> None:
        self.misses = tuple(misses)
        self.source = source
        self.tickers = [near.ticker for near in self.misses]
        self._at: dict[str, int] = {}
        for position, ticker in enumerate(self.tickers):
            self._at.setdefault(ticker, position)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.misses)

    def name(self, row: int, language: Language) -> str:
        """Korean name, or the official English one where it is known."""
        panel, at = self.source.panel, self.misses[row].row
        english = str(panel.names_en[at]) if language == "en" else ""
        return english or str(panel.names[at]) or self.tickers[row]

    def position(self, ticker: str) -> int | None:
        """First row of a ticker, None if it is not here."""
        return self._at.get(ticker)

    def price(self, row: int) -> float:
        """Price the list was made with."""
        return float(self.source.price[self.misses[row].row])

    def change(self, row: int) -> float:
        """Its change in percent."""
        return float(self.source.change_pct[self.misses[row].row])

    def letter(self, row: int) -> str:
        """``P`` for KOSPI, ``Q`` for KOSDAQ."""
        return MARKET_LETTER[Market(int(self.source.panel.market[self.misses[row].row]))]

    def each(self, value: Any) -> FloatArray:
        """Float keys from a function of the row."""
        return np.array([float(value(row)) for row in range(self.size)], dtype=np.float64)


class NearViewModel(QObject):
    """Which strategy's near misses are shown, and in which state the panel is.

    Signals
    -------
    rows_changed
        Another list.
    state_changed
        :attr:`panel_state` changed.
    symbol_changed(str)
        Another panel chose a symbol.
    """

    rows_changed = Signal()
    state_changed = Signal()
    symbol_changed = Signal(str)

    def __init__(self, workstation: Workstation, appearance: Appearance, origin: str) -> None:
        super().__init__()
        self._workstation = workstation
        self._look = appearance
        self.origin = origin
        self.strategy: StrategyName = "VCP"
        self.rows: NearRows | None = None
        self._scan_picture: ScanPicture | None = None
        self._closing: ClosingPicture | None = None
        self._day: DayTradePicture | None = None
        self._states: dict[str, PanelState] = {}
        self._subscriptions: list[Subscription] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause_over)
        self._waits = False
        self._read_at: AsOf | None = None

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it."""
        return self._workstation.strategies

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        work, strategies = self._workstation, self.strategies
        self._subscriptions = [work.selection.subscribe(self._on_selection)]
        if strategies is None:
            self.state_changed.emit()
            return
        self._subscriptions += [
            work.scan_state.subscribe(lambda state: self._on_state("VCP", state)),
            strategies.closing_state.subscribe(lambda state: self._on_state("CLOSING_BET", state)),
            strategies.day_state.subscribe(lambda state: self._on_state("DAY_TRADE", state)),
            work.scans.subscribe(self._on_scan),
            strategies.closing.subscribe(self._on_closing),
            strategies.day_trades.subscribe(self._on_day),
        ]

    def deactivate(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._pause.stop()
        self._waits = False

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_selection(self, context: SymbolContext) -> None:
        if context.origin != self.origin:
            self.symbol_changed.emit(context.ticker)

    def _on_state(self, strategy: str, state: PanelState) -> None:
        self._states[strategy] = state
        if strategy == self.strategy:
            self.state_changed.emit()

    def _on_scan(self, picture: ScanPicture) -> None:
        self._scan_picture = picture
        self._reload_for("VCP")

    def _on_closing(self, picture: ClosingPicture) -> None:
        self._closing = picture
        self._reload_for("CLOSING_BET")

    def _on_day(self, picture: DayTradePicture) -> None:
        self._day = picture
        self._reload_for("DAY_TRADE")

    def _reload_for(self, strategy: StrategyName) -> None:
        """Read the list of the chosen strategy, at most once a pause."""
        if strategy != self.strategy:
            return
        source = self.source()
        if source is not None and self._read_at is not None and source.as_of < self._read_at:
            self.reload()  # the clock was set back: nothing of later may stay
        elif self._pause.isActive():
            self._waits = True
        else:
            self._pause.start()
            self.reload()

    def _on_pause_over(self) -> None:
        if self._waits:
            self._waits = False
            self._pause.start()
            self.reload()

    def choose(self, strategy: str) -> None:
        """Show another strategy's near misses."""
        found = next((name for name in STRATEGIES if name == strategy), None)
        if found is not None and found != self.strategy:
            self.strategy = found
            self.reload()

    def source(self) -> NearSource | None:
        """What the chosen strategy's list is read from; None before its first scan."""
        if self.strategy == "VCP" and self._scan_picture is not None:
            scan, panel = self._scan_picture.scan, self._scan_picture.panel
            return NearSource(panel, scan.close, scan.change_pct, scan.total_score, scan.as_of)
        if self.strategy == "CLOSING_BET" and self._closing is not None:
            closing, panel = self._closing.scan, self._closing.panel
            return NearSource(panel, closing.close, closing.change_pct, closing.total, closing.as_of)
        if self.strategy == "DAY_TRADE" and self._day is not None:
            day = self._day.scan
            return NearSource(self._day.panel, day.price, day.change_pct, day.score, AsOf(day.now_ns))
        return None

    def reload(self) -> None:
        """Read the list now."""
        source, strategies = self.source(), self.strategies
        self._read_at = source.as_of if source is not None else None
        if source is None or strategies is None:
            self.rows = None
        else:
            self.rows = NearRows(strategies.near_misses(self.strategy), source)
        self.rows_changed.emit()
        self.state_changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def select(self, ticker: str) -> None:
        """Choose a symbol for the linked panels."""
        self._workstation.select(ticker, self.origin)

    @property
    def selected_ticker(self) -> str:
        """Symbol the linked panels look at; empty if none was chosen."""
        context = self._workstation.selection.last
        return context.ticker if context is not None else ""

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def is_stale(self) -> bool:
        """Whether the strategy's scan is older than it should be."""
        return isinstance(self._states.get(self.strategy), Stale)

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if self.strategies is None:
            return Empty("near_panel.empty.off")
        state = self._states.get(self.strategy)
        if state is None:
            return Empty("near_panel.empty.waiting", {"strategy": self._look.tr(f"near_panel.strategy.{self.strategy}")})
        if isinstance(state, Ready | Stale) and self.rows is not None and self.rows.size == 0:
            return self._nothing()
        return state

    def _nothing(self) -> Empty:
        """Nothing is a single item short: what was searched, and who comes nearest to a grade."""
        source = self.source()
        assert source is not None
        fields: dict[str, str | int | float] = {
            "strategy": self._look.tr(f"near_panel.strategy.{self.strategy}"),
            "day": fmt.as_of_short(source.as_of),
        }
        scored = ~np.isnan(source.score)
        if not scored.any():
            return Empty("near_panel.empty.nothing", fields)
        best = int(np.argmax(np.where(scored, source.score, -np.inf)))
        english = str(source.panel.names_en[best]) if self._look.language == "en" else ""
        fields |= {
            "count": fmt.number(int(scored.sum())),
            "name": english or str(source.panel.names[best]) or str(source.panel.tickers[best]),
            "score": fmt.score(float(source.score[best])),
        }
        return Empty("near_panel.empty.none", fields)
