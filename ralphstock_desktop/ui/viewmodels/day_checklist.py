"""View-model of the day-trading checklist (screen 0822): whose seven items are shown, which row is in focus, what is copied."""

from __future__ import annotations

from engine.model.evidence import Evidence
from engine.model.performance import RecordRow
from ralphstock_desktop.services.contracts import (
    Empty,
    EvidenceFocus,
    MarketPicture,
    PanelState,
    Ready,
    Stale,
    Workstation,
)
from ralphstock_desktop.services.live_contracts import FeedStatus
from ralphstock_desktop.services.strategy_contracts import (
    DayTradeExplanation,
    DayTradePicture,
    NearMiss,
    RecordTable,
    Strategies,
)
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.day_distance import distance_text
from ralphstock_desktop.ui.viewmodels.day_lines import ChecklistHead, ChecklistWriter
from ralphstock_desktop.ui.viewmodels.evidence import EvidenceViewModel
from ralphstock_desktop.ui.viewmodels.evidence_lines import ItemLine
from ralphstock_desktop.ui.viewmodels.live_state import provisional_badge, running_day_state

__all__ = ["DayChecklistViewModel"]


class DayChecklistViewModel(EvidenceViewModel):
    """Explains the selected symbol's checklist; focus, pin and copy are those of the evidence panel."""

    def __init__(self, workstation: Workstation, appearance: Appearance) -> None:
        self.found: DayTradeExplanation | None = None
        self.checklist_head: ChecklistHead | None = None
        self.day: DayTradePicture | None = None
        self._records: RecordTable | None = None
        self._near: NearMiss | None = None
        self._feed: FeedStatus | None = None
        self._last_said: Stale | Empty | None = None
        self._words = ChecklistWriter(appearance)
        super().__init__(workstation, appearance)

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it."""
        return self._workstation.strategies

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        # Pictures were missed meanwhile, so what changed against the one before says nothing about the one explained here.
        self.day = None
        work, strategies = self._workstation, self.strategies
        self._subscriptions = [
            work.market.subscribe(self._on_market),
            work.selection.subscribe(self._on_selection),
            work.focus.subscribe(self._on_focus),
        ]
        if strategies is None:
            self._on_state(Empty("daytrade.empty.none"))
            return
        self._subscriptions += [
            strategies.records.subscribe(self._on_records),
            strategies.day_trades.subscribe(self._on_day),
            strategies.day_state.subscribe(self._on_state),
        ]
        live = work.live
        if live is not None:
            self._subscriptions.append(live.status.subscribe(self._on_feed))

    def _on_feed(self, status: FeedStatus) -> None:
        self._feed = status
        said = self._said_of_quotes()
        if said != self._last_said:
            self._last_said = said
            self.state_changed.emit()

    def _said_of_quotes(self) -> Stale | Empty | None:
        """What the panel says while the quotes of the running day are not of now."""
        day = self.day
        return running_day_state(self._feed, day.scan.now_ns) if day is not None and day.source == "live" else None

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        self.state_changed.emit()

    def _on_records(self, table: RecordTable) -> None:
        self._records = table
        self._rewrite()

    def _on_focus(self, focus: EvidenceFocus) -> None:
        """Another panel may clear or move the focus; a row of another score is none of ours, and lets ours go."""
        if focus.evidence is None or self.evidence(focus.evidence.item) is not None:
            super()._on_focus(focus)
        elif self.focused_item:
            self.focused_item, self.pinned = "", False
            self.focus_changed.emit()

    def _on_day(self, picture: DayTradePicture) -> None:
        before, self.day = self.day, picture
        if before is picture or not self.ticker:
            return
        found = self.found
        runs_on = found is not None and found.ticker == self.ticker and before is not None and picture.changed is not None
        if not runs_on:
            self._later.start()
            return
        assert found is not None and picture.changed is not None
        if not bool((picture.changed == found.row).any()):
            return
        if self._live_pause.isActive():
            self._live_waits = True
        else:
            self._live_pause.start()
            self.refresh_live()

    def _explain(self) -> None:
        strategies = self.strategies
        self.found, self._near = None, None
        if strategies is not None and self.ticker:
            self.found = strategies.explain_day_trade(self.ticker)
        if self.found is not None and strategies is not None:
            misses = strategies.near_misses("DAY_TRADE")
            self._near = next((near for near in misses if near.ticker == self.ticker), None)
        self._explained_live = self.found is not None

    def _rewrite(self) -> None:
        found = self.found
        if found is None:
            self.checklist_head, self.lines = None, ()
        else:
            self.checklist_head = self._words.head(found)
            self.lines = self._words.lines(found, self._near, self._records)
        self.changed.emit()

    # -- what the rows ask ----------------------------------------------------------------------------------------------

    def is_forming(self, evidence: Evidence) -> bool:
        """Whether an item rests on provisional values (never on mere live quotes: those are what the checklist is of)."""
        return any(not source.final and source.dataset == "flow" for source in evidence.sources)

    @property
    def has_gap(self) -> bool:
        """Never: what is missing of a day makes its items unknown."""
        return False

    def distance(self, evidence: Evidence) -> str:
        """How far the item is from its next rung."""
        found = self.found
        return distance_text(evidence, found.picture, found.row, self._appearance) if found is not None else ""

    @property
    def record(self) -> RecordRow | None:
        """Record of the grade shown, None where there is none."""
        found, table = self.found, self._records
        grade = int(found.picture.scan.grade[found.row]) if found is not None else 0
        return table.of("DAY_TRADE", grade) if table is not None and grade else None

    def copied_sentence(self) -> str:
        """The focused row as one sentence; empty if none is in focus."""
        head = self.checklist_head
        for line in self.lines:
            if head is not None and isinstance(line, ItemLine) and line.evidence.item == self.focused_item:
                words = line.words
                return self._appearance.tr(
                    "daytrade.copied",
                    name=head.name,
                    ticker=head.ticker,
                    item=words.label,
                    value=words.value,
                    threshold=words.threshold,
                    points=words.points,
                    words=words.words,
                    source=f"{words.source} · {line.evidence.rule}",
                )
        return ""

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        state = self._scan_state
        if not isinstance(state, Ready | Stale):
            return state
        if not self.ticker:
            return Empty("daytrade.empty.choose")
        if self.found is None and not self._later.isActive():
            return Empty("daytrade.empty.absent", {"ticker": self.ticker}, "open_ledger")
        return (self._said_of_quotes() or state) if isinstance(state, Ready) and self.found is not None else state

    def badge(self) -> BadgeLook | None:
        """While the day runs: of which minute the values are; else the as-of badge says it."""
        day = self.day
        if day is None or day.source != "live" or not isinstance(self._scan_state, Ready) or self.found is None:
            return None
        simulated = self._market is not None and self._market.kind == "simulated"
        return provisional_badge(self._appearance, day.scan.now_ns, simulated=simulated)
