"""What panels over the stream of one symbol have in common: which symbol, which state, when they listen. No widgets."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ralphstock_desktop.live_ports import FeedPart
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, MarketPicture, Offline, PanelState, Stale, SymbolContext, Workstation
from ralphstock_desktop.services.live_contracts import FeedStatus, Gap, GapReport, LiveMarket
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.live_state import feed_badge, feed_state
from ralphstock_desktop.ui.viewmodels.quotes import Quote, read_quote

__all__ = ["LiveSymbolViewModel"]


class LiveSymbolViewModel(QObject):
    """Follows the symbol of its link group while it is shown, and tells the feed what it needs.

    Signals
    -------
    changed
        What is drawn changed.
    symbol_changed
        Another symbol, or another name of it.
    state_changed
        :attr:`panel_state` or :meth:`badge` changed.
    """

    changed = Signal()
    symbol_changed = Signal()
    state_changed = Signal()

    parts: frozenset[FeedPart] = frozenset({FeedPart.TRADES})

    def __init__(self, workstation: Workstation, origin: str) -> None:
        super().__init__()
        self._workstation = workstation
        self.origin = origin
        self.ticker = ""
        self.status: FeedStatus | None = None
        self.gaps: tuple[Gap, ...] = ()
        """Gaps of the symbol today, oldest first."""
        self._market: MarketPicture | None = None
        self._subscriptions: list[Subscription] = []
        self._wanted: tuple[str, ...] = ()

    @property
    def live(self) -> LiveMarket | None:
        """The running market, if there is one."""
        return self._workstation.live

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        work = self._workstation
        self._subscriptions = [work.market.subscribe(self._on_market), work.selection.subscribe(self._on_selection)]
        live = self.live
        if live is not None:
            self._subscriptions += [live.status.subscribe(self._on_status), live.gaps.subscribe(self._on_gaps)]
            self._subscriptions += self._listen(live)
        self._want()
        self._take_symbol()
        self.state_changed.emit()

    def deactivate(self) -> None:
        """Stop listening and give the symbol back; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._want()

    @property
    def is_listening(self) -> bool:
        """Whether the panel is shown and follows the feed."""
        return bool(self._subscriptions)

    def _listen(self, live: LiveMarket) -> list[Subscription]:
        """Subscribe what the panel draws. Panels define it."""
        raise NotImplementedError

    def _take_symbol(self) -> None:
        """Begin with the symbol: take what is known of it. Panels define it."""
        raise NotImplementedError

    @property
    def data_ns(self) -> int | None:
        """Exchange time of what is drawn; None where there is nothing. Panels define it."""
        raise NotImplementedError

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        if self._subscriptions:
            self._want()
            self._take_symbol()
            self.symbol_changed.emit()
            self.state_changed.emit()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker == self.ticker:
            return
        self.ticker = context.ticker
        self.gaps = ()
        live = self.live
        if live is not None and live.gaps.last is not None:
            self.gaps = live.gaps.last.of(self.ticker)
        if self._subscriptions:
            self._want()
            self._take_symbol()
            self.state_changed.emit()
        self.symbol_changed.emit()

    def _on_status(self, status: FeedStatus) -> None:
        self.status = status
        self.state_changed.emit()

    def _on_gaps(self, report: GapReport) -> None:
        found = report.of(self.ticker)
        if found != self.gaps:
            self.gaps = found
            self.changed.emit()

    def _want(self) -> None:
        """Tell the feed what this panel shows now."""
        live = self.live
        shows = bool(self._subscriptions) and bool(self.ticker) and not self.is_past
        wanted = (self.ticker,) if shows else ()
        if live is not None and wanted != self._wanted:
            self._wanted = wanted
            live.want(self.origin, wanted, self.parts)

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def is_past(self) -> bool:
        """Whether an earlier instant is looked at: nothing of the running market may be shown then."""
        return self._market is not None and not self._market.is_latest

    @property
    def open_gaps(self) -> tuple[Gap, ...]:
        """Gaps that are not filled yet."""
        return tuple(gap for gap in self.gaps if gap.state != "filled")

    def name(self, look: Appearance) -> str:
        """Name of the symbol with its code; empty where none is chosen."""
        panel = self._market.panel if self._market is not None else None
        row = panel.row_of(self.ticker) if panel is not None else None
        if panel is None or row is None:
            return self.ticker
        english = str(panel.names_en[row]) if look.language == "en" else ""
        return f"{english or panel.names[row]} {self.ticker}".strip()

    def quote(self) -> Quote | None:
        """Latest values of the symbol; None where the board does not hold it."""
        live = self.live
        board = live.board if live is not None else None
        if board is None or not self.ticker:
            return None
        return read_quote(board, self.ticker, self._market.panel if self._market is not None else None)

    @property
    def market_code(self) -> tuple[int, int] | None:
        """Market and security type of the symbol; None where they are not known."""
        panel = self._market.panel if self._market is not None else None
        row = panel.row_of(self.ticker) if panel is not None else None
        return (int(panel.market[row]), int(panel.security_type[row])) if panel is not None and row is not None else None

    @property
    def panel_state(self) -> PanelState:
        """State the panel's frame shows."""
        if self.is_past:
            return Empty("empty.live.past", {}, "latest")
        if self.live is not None and not self.ticker:
            return Empty("empty.live.symbol")
        return feed_state(self.status if self.live is not None else None, self.data_ns)

    @property
    def is_stale(self) -> bool:
        """Whether direction colours must give way: old values, or a lost feed."""
        return isinstance(self.panel_state, Stale | Offline)

    def badge(self, look: Appearance) -> BadgeLook | None:
        """Where the values come from."""
        simulated = self._market is not None and self._market.kind == "simulated"
        return feed_badge(look, self.status, simulated=simulated) if self.live is not None else None
