"""View-model of the closing-bet table (screen 0831): which rows, which run, which state. No widgets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.closing import ClosingRun
from engine.model.evidence import EvidenceGroup
from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Empty, MarketPicture, PanelState, Ready, Stale, Workstation
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, RecordTable, Strategies
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.filter_language import FilterError, parse_filter
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.closing_rows import ClosingRows
from ralphstock_desktop.ui.viewmodels.closing_words import RUN_TIMES, closing_vocabulary
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel

__all__ = ["CANDIDATES", "EVERY", "SIGNALS", "ClosingTableViewModel"]

Mask = npt.NDArray[np.bool_]
SIGNALS, CANDIDATES, EVERY = "closing_signals", "closing_candidates", "closing_every"


class ClosingTableViewModel(ScanTableViewModel):
    """Rows are the panel's symbols; the chip decides between signals, candidates and everything.

    Candidates lost at confirmation stay in every list, marked as cancelled.
    """

    chips = (SIGNALS, CANDIDATES, EVERY)

    def __init__(self, workstation: Workstation, appearance: Appearance, market_filter: Channel[int]) -> None:
        super().__init__(workstation, appearance, market_filter, "closing")
        self.chip = CANDIDATES
        self.shown: ClosingPicture | None = None
        self.records: RecordTable | None = None
        self._state: PanelState | None = None

    @property
    def strategies(self) -> Strategies | None:
        """The strategies, if the program runs with them."""
        return self._workstation.strategies

    @property
    def closing_rows(self) -> ClosingRows | None:
        """The rows with what only the closing bet has."""
        return self.rows if isinstance(self.rows, ClosingRows) else None

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        work, strategies, live = self._workstation, self.strategies, self.live
        self._subscriptions = [
            self._market_filter.subscribe(self.set_market),
            work.market.subscribe(self._on_market),
        ]
        if strategies is not None:
            self._subscriptions += [
                strategies.records.subscribe(self._on_records),
                strategies.closing.subscribe(self._on_closing),
                strategies.closing_state.subscribe(self._on_closing_state),
            ]
        self._subscriptions.append(work.selection.subscribe(self._on_selection))
        if live is not None:
            self._subscriptions += [
                live.status.subscribe(self._on_feed),
                live.frames.subscribe(self._on_frame, replay=False),
            ]
            self._attach_quotes(again=True)
        self.state_changed.emit()

    def _on_market(self, picture: MarketPicture) -> None:
        self._looked_at = picture
        self._attach_quotes()
        self.state_changed.emit()

    def _on_closing(self, picture: ClosingPicture) -> None:
        before = self.shown
        if before is picture:
            return
        same = (
            before is not None
            and before.scan.as_of.day == picture.scan.as_of.day
            and np.array_equal(before.panel.tickers, picture.panel.tickers)
        )
        self.shown = picture
        rows = ClosingRows(picture, self._appearance.language)
        rows.records = self.records
        self.rows = rows
        self._attach_quotes(silent=True)
        self.rows_changed.emit(same)
        self.state_changed.emit()

    def _on_closing_state(self, state: PanelState) -> None:
        self._state = state
        self.state_changed.emit()

    def _on_records(self, table: RecordTable) -> None:
        self.records = table
        rows = self.closing_rows
        if rows is not None:
            rows.records = table
            self.values_changed.emit()

    # -- runs -----------------------------------------------------------------------------------------------------------

    @property
    def run(self) -> ClosingRun | None:
        """The run on screen."""
        return self.shown.scan.run if self.shown is not None else None

    def can_run(self, run: ClosingRun) -> bool:
        """Whether the instant looked at has reached a run."""
        looked_at = self._looked_at
        if self.strategies is None or looked_at is None:
            return False
        return kst_datetime(looked_at.as_of.instant_ns).time() >= RUN_TIMES[run]

    def start(self, run: ClosingRun | None = None) -> None:
        """Scan again; None takes the run that fits the clock."""
        if self.strategies is not None:
            self.strategies.start_closing(run)

    # -- what is shown --------------------------------------------------------------------------------------------------

    def _rows_of(self, chip: str) -> Mask:
        rows = self.closing_rows
        assert rows is not None
        if chip == EVERY:
            return np.ones(rows.size, dtype=np.bool_)
        return rows.signals if chip == SIGNALS else rows.closing.candidate

    def chip_mask(self, chip: str) -> Mask:
        """Rows of a chip, cancelled candidates included."""
        rows = self.closing_rows
        assert rows is not None
        return np.asarray(self._rows_of(chip) | rows.cancelled)

    def counts(self) -> dict[str, int]:
        """Rows behind each chip without the cancelled ones (market filter applied, condition not)."""
        if self.rows is None:
            return dict.fromkeys(self.chips, 0)
        market = self._market_mask()
        return {chip: int(np.count_nonzero(self._rows_of(chip) & market)) for chip in self.chips}

    @property
    def cancelled_count(self) -> int:
        """Candidates lost at confirmation."""
        rows = self.closing_rows
        return int(rows.cancelled.sum()) if rows is not None else 0

    @property
    def has_selection(self) -> bool:
        """Whether a symbol of this market was chosen anywhere."""
        context = self._workstation.selection.last
        return context is not None and (self.shown is None or self.shown.panel.row_of(context.ticker) is not None)

    def set_filter(self, text: str) -> None:
        """Apply a filter line over the fields of the closing bet."""
        self.filter_text = text
        before, self.filter_error = self.filter_error, None
        try:
            predicate = parse_filter(text, closing_vocabulary()) if text.strip() else None
        except FilterError as error:
            self.filter_error = error
            self.filter_error_changed.emit()
            return
        if before is not None:
            self.filter_error_changed.emit()
        if predicate is not self._predicate:
            self._predicate = predicate
            self.mask_changed.emit()
            self.state_changed.emit()

    def badge(self) -> BadgeLook | None:
        """What-if rows and rows of a forming bar say so; None where the as-of badge says it."""
        shown, tr = self.shown, self._appearance.tr
        if shown is None or not isinstance(self.panel_state, Ready):
            return None
        if shown.what_if:
            return BadgeLook("slider", tr("closing.badge.what_if"), "warning", "warning-tint")
        return None

    @property
    def is_stale(self) -> bool:
        """Whether values are older than they should be."""
        feed = self._status is not None and self._status.is_stale and self.rows is not None and self.rows.live is not None
        return isinstance(self._state, Stale) or feed

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if self.strategies is None:
            return Empty("empty.closing.off")
        shown, state = self.shown, self._state
        if not isinstance(state, Ready | Stale):
            return state
        if shown is None:
            return Empty("empty.closing.waiting")
        if isinstance(state, Ready) and shown.forming and state.final:
            return Ready(AsOf(shown.scan.as_of.instant_ns), final=False)
        return state

    def evidence_group(self, ticker: str, group: str) -> EvidenceGroup | None:
        """Evidence of one component of a symbol, for the source and known-at of a cell."""
        found = self.strategies.explain_closing(ticker) if self.strategies is not None else None
        return next((item for item in found.groups if item.group == group), None) if found is not None else None
