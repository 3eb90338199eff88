"""View-model of the day-trading scanner (screen 0821): the newest picture as rows, what changed in it, which rows show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QTimer

from engine.model.daytrade import EntryBan
from engine.model.evidence import EvidenceGroup
from engine.model.scan import Grade
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Empty, MarketPicture, PanelState, Ready, Stale, Workstation
from ralphstock_desktop.services.live_contracts import FeedStatus
from ralphstock_desktop.services.strategy_contracts import DayTradePicture, NearMiss, Strategies
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.filter_language import FilterError, parse_filter
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.day_filter import day_vocabulary
from ralphstock_desktop.ui.viewmodels.day_rows import DayRows
from ralphstock_desktop.ui.viewmodels.live_state import provisional_badge, running_day_state
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel

__all__ = ["DayScannerViewModel"]

_STEPS_PAUSE_MS = 1_000
"""What is missing to the next grade is read at most this often: nobody reads a sentence faster."""
_GRADES = {"s": Grade.S, "a": Grade.A, "b": Grade.B}
Rows = npt.NDArray[np.intp]


class DayScannerViewModel(ScanTableViewModel):
    """Rows are the panel's symbols; shown are those the scan ranks."""

    chips = ("all", "s", "a", "b", "no_vi")

    def __init__(self, workstation: Workstation, appearance: Appearance, market_filter: Channel[int], origin: str) -> None:
        super().__init__(workstation, appearance, market_filter, origin)
        self.day_rows: DayRows | None = None
        self.day: DayTradePicture | None = None
        self.without_vi = False
        """Leave out symbols in a volatility interruption, whatever else is chosen."""
        self.wants_provisional = False
        self._rejoined = True
        self._simulated = False
        self._last_said: Stale | Empty | None = None
        self._steps_timer = QTimer(self)
        self._steps_timer.setSingleShot(True)
        self._steps_timer.setInterval(_STEPS_PAUSE_MS)
        self._steps_timer.timeout.connect(self.read_steps)

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it."""
        return self._workstation.strategies

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        self._rejoined = True
        strategies = self.strategies
        self._subscriptions = [
            self._market_filter.subscribe(self.set_market),
            self._workstation.market.subscribe(self._on_day_market),
            self._workstation.selection.subscribe(self._on_selection),
        ]
        if strategies is None:
            self._on_state(Empty("daytrade.empty.none"))
            return
        self._subscriptions += [
            strategies.day_trades.subscribe(self._on_day),
            strategies.day_state.subscribe(self._on_state),
        ]
        live = self.live
        if live is not None:
            self._subscriptions.append(live.status.subscribe(self._on_day_feed))

    def _on_day_feed(self, status: FeedStatus) -> None:
        """No scan follows while no quote comes: that its quotes are old is heard from the feed itself."""
        self._status = status
        said = self._said_of_quotes()
        if said != self._last_said:
            self._last_said = said
            self.state_changed.emit()

    def deactivate(self) -> None:
        """Stop listening; a hidden panel costs nothing."""
        super().deactivate()
        self._steps_timer.stop()

    def _on_day_market(self, picture: MarketPicture) -> None:
        self._simulated = picture.kind == "simulated"
        self.state_changed.emit()

    # -- pictures -------------------------------------------------------------------------------------------------------

    def _on_day(self, picture: DayTradePicture) -> None:
        before, rows, rejoined = self.day, self.day_rows, self._rejoined
        self.day, self._rejoined = picture, False
        if before is picture:
            return
        same = rows is not None and np.array_equal(rows.panel.tickers, picture.panel.tickers)
        if before is None or rows is None or not same or rejoined or picture.changed is None:
            self._show_whole(picture, keep=same and before is not None and before.rules == picture.rules)
        else:
            self._show_changed(rows, before, picture, picture.changed)
        if before is not None and picture.quotes.now_ns < before.quotes.now_ns:
            self.read_steps()  # the clock was set back: what was missing later is of the future now
        elif not self._steps_timer.isActive():
            self._steps_timer.start()

    def _show_whole(self, picture: DayTradePicture, *, keep: bool) -> None:
        steps = self.day_rows.steps if self.day_rows is not None and keep else {}
        self.day_rows = DayRows(picture, self._appearance.language)
        self.day_rows.steps = steps
        self.rows = self.day_rows
        self.rows_changed.emit(keep)
        self.state_changed.emit()
        if not keep:
            self.read_steps()

    def _show_changed(self, rows: DayRows, before: DayTradePicture, picture: DayTradePicture, changed: Rows) -> None:
        rows.use_picture(picture)
        if changed.size:
            with np.errstate(invalid="ignore"):
                moved = np.sign(picture.scan.price[changed] - before.scan.price[changed])
            signs = np.nan_to_num(moved).astype(np.int8)
            self.scores_changed.emit(changed)
            self.quotes_changed.emit(changed, signs)
        self.state_changed.emit()

    def read_steps(self) -> None:
        """Ask what every symbol lacks to its next grade; only rows whose sentence changed are told."""
        rows, strategies = self.day_rows, self.strategies
        if rows is None or strategies is None:
            return
        steps: dict[str, NearMiss] = {}
        for near in strategies.near_misses("DAY_TRADE"):
            steps.setdefault(near.ticker, near)  # nearest first
        tickers = [ticker for ticker in rows.steps.keys() | steps.keys() if rows.steps.get(ticker) != steps.get(ticker)]
        rows.steps = steps
        rows.forget("step")
        found = [position for position in map(rows.position, tickers) if position is not None]
        if found:
            self.scores_changed.emit(np.array(sorted(found), dtype=np.intp))

    # -- what is shown --------------------------------------------------------------------------------------------------

    def chip_mask(self, chip: str) -> npt.NDArray[np.bool_]:
        """Ranked symbols: all, of one grade, or those without a volatility interruption."""
        assert self.day_rows is not None
        scan, listed = self.day_rows.picture.scan, self.day_rows.listed
        if chip in _GRADES:
            listed = listed & (scan.grade == _GRADES[chip])
        if chip == "no_vi" or self.without_vi:
            listed = listed & ((scan.bans & int(EntryBan.VI)) == 0)
        return np.asarray(listed)

    def toggle_vi(self) -> None:
        """Leave out, or show again, what is in a volatility interruption."""
        self.without_vi = not self.without_vi
        self.mask_changed.emit()
        self.state_changed.emit()

    def set_filter(self, text: str) -> None:
        """Apply a filter line in the words of the day. One that cannot be understood changes only the error."""
        self.filter_text = text
        before = self.filter_error
        try:
            predicate = parse_filter(text, day_vocabulary()) if text.strip() else None
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

    @property
    def has_selection(self) -> bool:
        """Whether a symbol of this market was chosen anywhere."""
        context = self._workstation.selection.last
        return context is not None and (self.day is None or self.day.panel.row_of(context.ticker) is not None)

    # -- state ----------------------------------------------------------------------------------------------------------

    def _empty_state(self) -> PanelState | None:
        rows = self.day_rows
        if rows is None or rows.picture.scan.order.size:
            return None
        return Empty("daytrade.empty.nobody")

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if isinstance(self._scan_state, Ready | Stale) and self.day is None:
            return None
        state = super().panel_state
        return (self._said_of_quotes() or state) if isinstance(state, Ready) else state

    def _said_of_quotes(self) -> Stale | Empty | None:
        """What the panel says while the quotes of the running day are not of now."""
        day = self.day
        return running_day_state(self._status, day.scan.now_ns) if day is not None and day.source == "live" else None

    @property
    def is_stale(self) -> bool:
        """Whether the service calls the whole scan old, or the feed its quotes."""
        return isinstance(self._scan_state, Stale) or isinstance(self._said_of_quotes(), Stale)

    def badge(self) -> BadgeLook | None:
        """While the day runs: of which minute the values are; else the as-of badge says it."""
        day = self.day
        if day is None or day.source != "live" or not isinstance(self._scan_state, Ready):
            return None
        return provisional_badge(self._appearance, day.scan.now_ns, simulated=self._simulated)

    def evidence_group(self, ticker: str, group: str) -> EvidenceGroup | None:
        """Evidence group of a symbol's checklist, for the source and known-at of a cell."""
        strategies = self.strategies
        found = strategies.explain_day_trade(ticker) if strategies is not None else None
        if found is None:
            return None
        return next((item for item in found.groups if not group or item.group == group), None)
