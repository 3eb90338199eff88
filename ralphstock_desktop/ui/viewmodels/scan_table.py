"""View-model of the tables over a scan: which rows, which filter, which state. No widgets; testable without a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from engine.model.evidence import EvidenceGroup
from engine.model.instruments import Market
from ralphstock_desktop.services.channels import Channel, Subscription
from ralphstock_desktop.services.contracts import (
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    Stale,
    SymbolContext,
    Workstation,
)
from ralphstock_desktop.services.live_contracts import FeedStatus, LiveMarket, LiveScan, QuoteFrame
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.filter_language import FilterError, Predicate, parse_filter
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.filter_words import scan_vocabulary
from ralphstock_desktop.ui.viewmodels.live_rows import LiveRows
from ralphstock_desktop.ui.viewmodels.live_scores import explain_live, may_replace
from ralphstock_desktop.ui.viewmodels.live_state import provisional_badge, trades_now
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows

__all__ = ["ScanTableViewModel"]

Mask = npt.NDArray[np.bool_]


class ScanTableViewModel(QObject):
    """Common part of the signal table and the symbol list.

    Signals
    -------
    rows_changed(bool)
        Another scan; True where only values of the same instant changed, so a held order may stay.
    mask_changed
        Chip, condition or market filter changed what is shown.
    state_changed
        :attr:`panel_state` or the counts changed.
    filter_error_changed
        :attr:`filter_error` changed.
    quotes_changed(rows, signs)
        Live values of these rows (source rows) changed; the direction of each price.
    scores_changed(rows)
        Provisional scores of these rows changed.
    values_changed
        Any live value may look different (another board, stale, the panel was shown again).
    symbol_changed(str)
        Another panel chose a symbol.
    """

    rows_changed = Signal(bool)
    mask_changed = Signal()
    state_changed = Signal()
    filter_error_changed = Signal()
    symbol_changed = Signal(str)
    quotes_changed = Signal(object, object)
    scores_changed = Signal(object)
    values_changed = Signal()

    chips: tuple[str, ...] = ("every",)

    def __init__(self, workstation: Workstation, appearance: Appearance, market_filter: Channel[int], origin: str) -> None:
        super().__init__()
        self._workstation = workstation
        self._appearance = appearance
        self._market_filter = market_filter
        self.origin = origin
        self.rows: ScanRows | None = None
        self.picture: ScanPicture | None = None
        self.chip = self.chips[0]
        self.filter_text = ""
        self.filter_error: FilterError | None = None
        self._predicate: Predicate | None = None
        self._market = 0
        self._scan_state: PanelState | None = None
        self._subscriptions: list[Subscription] = []
        self.wants_provisional = True
        """Show scores of the forming bar while there are any."""
        self._official: ScanPicture | None = None
        self._live_scan: LiveScan | None = None
        self._looked_at: MarketPicture | None = None
        self._status: FeedStatus | None = None
        self._wanted: tuple[str, ...] = ()
        appearance.changed.connect(self._on_appearance)

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        channels = self._workstation
        self._subscriptions = [
            self._market_filter.subscribe(self.set_market),
            channels.market.subscribe(self._on_market),
            channels.scans.subscribe(self._on_scan),
            channels.scan_state.subscribe(self._on_state),
            channels.selection.subscribe(self._on_selection),
        ]
        live = self.live
        if live is not None:
            self._subscriptions += [
                live.status.subscribe(self._on_feed),
                live.scans.subscribe(self._on_live_scan),
                live.frames.subscribe(self._on_frame, replay=False),
            ]
            self._attach_quotes(again=True)

    def deactivate(self) -> None:
        """Stop listening; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self.want(())

    def _on_market(self, picture: MarketPicture) -> None:
        self._looked_at = picture
        self._attach_quotes()
        if self.picture is not None:
            self._choose_scan()

    def _on_scan(self, picture: ScanPicture) -> None:
        self._official = picture
        self._choose_scan()

    def _choose_scan(self) -> None:
        """Show the official scan, or the provisional one where it may stand in for it."""
        official = self._official
        if official is None:
            return
        live = self._provisional()
        self._show_scan(official if live is None else live.picture, official if live is not None else None)

    def _provisional(self) -> LiveScan | None:
        """The provisional scan on screen, None where the official one is."""
        wanted = self.wants_provisional and may_replace(self._live_scan, self._official, self._looked_at)
        return self._live_scan if wanted else None

    def _show_scan(self, picture: ScanPicture, official: ScanPicture | None) -> None:
        before = self.picture
        if before is picture:
            return
        same_instant = (
            before is not None
            and (before.scan.as_of == picture.scan.as_of or official is not None)
            and np.array_equal(before.panel.tickers, picture.panel.tickers)
        )
        self.picture = picture
        self.rows = ScanRows(picture.panel, picture.scan, self._appearance.language)
        self.rows.confirmed = official.scan if official is not None else None
        self._attach_quotes(silent=True)
        self.rows_changed.emit(same_instant)
        self.state_changed.emit()

    # -- the running market -----------------------------------------------------------------------------------------------

    @property
    def live(self) -> LiveMarket | None:
        """The running market, if there is one."""
        return self._workstation.live

    def _attach_quotes(self, *, again: bool = False, silent: bool = False) -> None:
        """Lay the board over the rows, or take it away where the past is looked at."""
        rows, live, looked_at = self.rows, self.live, self._looked_at
        if rows is None:
            return
        board = live.board if live is not None and (looked_at is None or looked_at.is_latest) else None
        before = rows.live
        if board is None:
            if before is None:
                return
            rows.use_live(None)
        elif again or before is None or before.board is not board:
            quotes = LiveRows(board, rows.panel)
            quotes.session = trades_now(self._status)
            rows.use_live(quotes)
        else:
            return
        if not silent:
            self.values_changed.emit()

    def _on_frame(self, frame: QuoteFrame) -> None:
        rows, live = self.rows, self.live
        if rows is None or live is None:
            return
        if rows.live is None or rows.live.board is not live.board:
            self._attach_quotes()
            return
        changed, here = rows.live.rows_of(frame.rows)
        if changed.size:
            rows.take_live(changed)
            self.quotes_changed.emit(changed, frame.signs[here])

    def _on_feed(self, status: FeedStatus) -> None:
        before, self._status = self._status, status
        rows = self.rows
        session = trades_now(status)
        if rows is not None and rows.live is not None and rows.live.session != session:
            rows.live.session = session
            self.values_changed.emit()
        if before is None or before.is_stale != status.is_stale or before.host != status.host:
            self.state_changed.emit()

    def _on_live_scan(self, scan: LiveScan) -> None:
        self._live_scan = scan
        rows = self.rows
        if self._provisional() is None:
            return
        if rows is None or not rows.provisional or len(scan.picture.panel.tickers) != rows.size:
            self._choose_scan()
            return
        self.picture = scan.picture
        rows.use_scan(scan.picture.panel, scan.picture.scan)
        if scan.rows.size:
            self.scores_changed.emit(scan.rows)
        self.state_changed.emit()

    def choose_provisional(self, wanted: bool) -> None:
        """Show scores of the forming bar, or those of the last official day."""
        if wanted != self.wants_provisional:
            self.wants_provisional = wanted
            self._choose_scan()

    @property
    def is_provisional(self) -> bool:
        """Whether the scores on screen are those of a forming bar."""
        return self.rows is not None and self.rows.provisional

    def want(self, tickers: Sequence[str]) -> None:
        """Tell the feed which symbols are in sight, from the top down."""
        live, wanted = self.live, tuple(tickers)
        if live is not None and wanted != self._wanted:
            self._wanted = wanted
            live.want(self.origin, wanted)

    def badge(self) -> BadgeLook | None:
        """Badge of provisional scores; None where the as-of badge says it."""
        live = self._provisional()
        if live is None or not self.is_provisional:
            return None
        looked_at, status = self._looked_at, self._status
        simulated = (looked_at is not None and looked_at.kind == "simulated") or (
            status is not None and status.host == "simulator"
        )
        return provisional_badge(self._appearance, live.at_ns, simulated=simulated)

    def _on_state(self, state: PanelState) -> None:
        self._scan_state = state
        self.state_changed.emit()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.origin != self.origin:
            self.symbol_changed.emit(context.ticker)

    def _on_appearance(self) -> None:
        if self.rows is not None:
            self.rows.language = self._appearance.language
        self.state_changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def select(self, ticker: str) -> None:
        """Choose a symbol for the linked panels, in this turn of the event loop."""
        self._workstation.select(ticker, self.origin)

    @property
    def has_selection(self) -> bool:
        """Whether a symbol of this market was chosen anywhere; one of the other market does not count."""
        context = self._workstation.selection.last
        return context is not None and (self.picture is None or self.picture.panel.row_of(context.ticker) is not None)

    @property
    def selected_ticker(self) -> str:
        """Symbol the linked panels look at; empty if none was chosen."""
        context = self._workstation.selection.last
        return context.ticker if context is not None else ""

    def choose_chip(self, chip: str) -> None:
        """Show another part of the rows."""
        if chip in self.chips and chip != self.chip:
            self.chip = chip
            self.mask_changed.emit()
            self.state_changed.emit()

    def set_market(self, market: int) -> None:
        """Follow the market filter of the app bar: 0 all, else a ``Market`` value."""
        if market != self._market:
            self._market = market
            self.mask_changed.emit()
            self.state_changed.emit()

    def set_filter(self, text: str) -> None:
        """Apply a filter line. One that cannot be understood changes nothing but :attr:`filter_error`."""
        self.filter_text = text
        before = self.filter_error
        try:
            predicate = parse_filter(text, scan_vocabulary()) if text.strip() else None
        except FilterError as error:
            self.filter_error = error
            self.filter_error_changed.emit()
            return
        self.filter_error = None
        if before is not None:
            self.filter_error_changed.emit()
        if predicate is not self._predicate:
            self._predicate = predicate
            self.mask_changed.emit()
            self.state_changed.emit()

    def filter_sentence(self) -> str:
        """What is wrong with the filter line, in the chosen language; empty if nothing is."""
        error = self.filter_error
        if error is None:
            return ""
        fields = dict(error.fields)
        column = str(fields.get("column", ""))
        if column == "state":
            fields["known"] = self._choices(
                "table.state.", ("breakout", "near_pivot", "forming", "extended", "failed", "no_base")
            )
        elif column == "market":
            fields["known"] = self._choices("table.market.", ("kospi", "kosdaq", "konex"))
        return self._appearance.tr(error.key, **fields)

    def _choices(self, prefix: str, names: tuple[str, ...]) -> str:
        return ", ".join(self._appearance.tr(prefix + name) for name in names)

    # -- what is shown --------------------------------------------------------------------------------------------------

    def chip_mask(self, chip: str) -> Mask:
        """Rows of a chip before the condition. Panels define it."""
        assert self.rows is not None
        return np.full(self.rows.size, chip == "every", dtype=np.bool_)

    def _market_mask(self) -> Mask:
        assert self.rows is not None
        if self._market == 0:
            return np.ones(self.rows.size, dtype=np.bool_)
        return np.asarray(self.rows.panel.market == Market(self._market))

    def mask(self) -> Mask | None:
        """Rows to show: chip, market and condition together; None before the first scan."""
        if self.rows is None:
            return None
        shown = self.chip_mask(self.chip) & self._market_mask()
        return shown & self._predicate(self.rows) if self._predicate is not None else shown

    def counts(self) -> dict[str, int]:
        """Rows behind each chip (market filter applied, condition not)."""
        if self.rows is None:
            return dict.fromkeys(self.chips, 0)
        market = self._market_mask()
        return {chip: int(np.count_nonzero(self.chip_mask(chip) & market)) for chip in self.chips}

    @property
    def is_filtered(self) -> bool:
        """Whether a condition is applied."""
        return self._predicate is not None

    @property
    def is_stale(self) -> bool:
        """Whether values are older than they should be."""
        feed = self._status is not None and self._status.is_stale and self.rows is not None and self.rows.live is not None
        return isinstance(self._scan_state, Stale) or feed

    @property
    def scan_state(self) -> PanelState | None:
        """State of the scan as the service says it."""
        return self._scan_state

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if isinstance(self._scan_state, Ready | Stale) or self._scan_state is None:
            return self._empty_state() or self._scan_state
        return self._scan_state

    def _empty_state(self) -> PanelState | None:
        """Why nothing can be shown although the scan is ready; None if there is something."""
        return None

    def evidence_group(self, ticker: str, group: str) -> EvidenceGroup | None:
        """Evidence group of a symbol, for the source and known-at of a cell."""
        live = self._provisional()
        explanation = self._workstation.explain(ticker) if live is None else explain_live(live, ticker)
        if explanation is None:
            return None
        return next((item for item in explanation.groups if item.group == group), None)
