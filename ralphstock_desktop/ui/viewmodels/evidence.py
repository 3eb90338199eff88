"""View-model of the evidence panel (screen 0812): whose score is explained, which row is in focus, and what is copied."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.evidence import Evidence
from engine.model.instants import AsOf
from engine.model.scan import ScanFlag
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import (
    Empty,
    EvidenceFocus,
    Explanation,
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    Stale,
    SymbolContext,
    Workstation,
)
from ralphstock_desktop.services.live_contracts import FeedStatus, LiveScan
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.evidence_lines import (
    EvidenceHead,
    EvidenceWriter,
    GroupLine,
    ItemLine,
    Line,
    NoteLine,
    PlanCell,
    RecordLine,
)
from ralphstock_desktop.ui.viewmodels.live_scores import explain_live, may_replace
from ralphstock_desktop.ui.viewmodels.live_state import provisional_badge

__all__ = ["EvidenceHead", "EvidenceViewModel", "GroupLine", "ItemLine", "NoteLine", "PlanCell", "RecordLine"]

_LIVE_PAUSE_MS = 1_000


class EvidenceViewModel(QObject):
    """Explains the selected symbol.

    Signals
    -------
    changed
        Another explanation, other words.
    focus_changed
        Another row is in focus, pinned or none.
    state_changed
        :attr:`panel_state` changed.
    values_changed(dict)
        Items whose value moved with the forming bar, with the direction (-1, 0, 1); emitted after ``changed``.
    """

    values_changed = Signal(object)
    changed = Signal()
    focus_changed = Signal()
    state_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance) -> None:
        super().__init__()
        self._workstation = workstation
        self._appearance = appearance
        self._writer = EvidenceWriter(appearance)
        self.explanation: Explanation | None = None
        self.picture: ScanPicture | None = None
        self.ticker = ""
        self.focused_item = ""
        self.pinned = False
        self.lines: tuple[Line, ...] = ()
        self.head: EvidenceHead | None = None
        self._scan_state: PanelState | None = None
        self._subscriptions: list[Subscription] = []
        self.wants_provisional = True
        """Explain the score of the forming bar while there is one."""
        self._live_scan: LiveScan | None = None
        self._explained_live = False
        self._market: MarketPicture | None = None
        self._status: FeedStatus | None = None
        # The forming bar moves many times a second; nobody reads a row faster than once.
        self._live_pause = QTimer(self)
        self._live_pause.setSingleShot(True)
        self._live_pause.setInterval(_LIVE_PAUSE_MS)
        self._live_pause.timeout.connect(self._on_pause_over)
        self._live_waits = False
        # Explaining waits for the end of this turn, so the chart of a newly chosen row is never kept waiting.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.explain_now)
        appearance.changed.connect(self._rewrite)

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            self._workstation.scans.subscribe(self._on_scan),
            self._workstation.scan_state.subscribe(self._on_state),
            self._workstation.selection.subscribe(self._on_selection),
            self._workstation.focus.subscribe(self._on_focus),
        ]
        live = self._workstation.live
        if live is not None:
            self._subscriptions += [live.status.subscribe(self._on_feed), live.scans.subscribe(self._on_live_scan)]

    def deactivate(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._later.stop()
        self._live_pause.stop()
        self._live_waits = False

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        if self._explained_live or self._live_scan is not None:
            self._later.start()

    def _on_feed(self, status: FeedStatus) -> None:
        self._status = status

    # -- the forming bar --------------------------------------------------------------------------------------------------

    @property
    def has_live(self) -> bool:
        """Whether there is a running market that could give provisional scores."""
        return self._workstation.live is not None

    def _provisional(self) -> LiveScan | None:
        """The provisional scan that is explained, None where the official one is."""
        wanted = self.wants_provisional and may_replace(self._live_scan, self.picture, self._market)
        return self._live_scan if wanted else None

    def choose_provisional(self, wanted: bool) -> None:
        """Explain the score of the forming bar, or that of the last official day."""
        if wanted != self.wants_provisional:
            self.wants_provisional = wanted
            self._later.start()

    @property
    def is_provisional(self) -> bool:
        """Whether what is explained is a bar that is still forming."""
        return self._explained_live

    def is_forming(self, evidence: Evidence) -> bool:
        """Whether an item was measured on the forming bar."""
        return self._explained_live and any(not source.final for source in evidence.sources)

    @property
    def has_gap(self) -> bool:
        """Whether the score explained is touched by a gap in the feed."""
        found = self.explanation
        return found is not None and self._explained_live and bool(found.scan.flags[found.row] & int(ScanFlag.FEED_GAP))

    def badge(self) -> BadgeLook | None:
        """Badge of a provisional score; None where the as-of badge says it."""
        live = self._provisional()
        if live is None or not self._explained_live:
            return None
        simulated = (self._market is not None and self._market.kind == "simulated") or (
            self._status is not None and self._status.host == "simulator"
        )
        return provisional_badge(self._appearance, live.at_ns, simulated=simulated)

    def _on_live_scan(self, scan: LiveScan) -> None:
        self._live_scan = scan
        if self._provisional() is None or not self.ticker:
            return
        row = scan.picture.panel.row_of(self.ticker)
        if self._explained_live and (row is None or not bool((scan.rows == row).any())):
            return
        if self._live_pause.isActive():
            self._live_waits = True
        else:
            self._live_pause.start()
            self.refresh_live()

    def _on_pause_over(self) -> None:
        if self._live_waits:
            self._live_waits = False
            self._live_pause.start()
            self.refresh_live()

    def refresh_live(self) -> None:
        """Explain the same symbol again on the newest forming bar: focus, pin and place on screen stay."""
        if self._later.isActive():
            return  # another symbol is about to be explained
        before = {line.evidence.item: line.evidence for line in self.lines if isinstance(line, ItemLine)}
        was_live = self._explained_live
        self._explain()
        self._rewrite()
        if self.focused_item:
            evidence = self.evidence(self.focused_item)
            if evidence != before.get(self.focused_item):
                self._workstation.focus_evidence(self.ticker, evidence, pinned=self.pinned)
        if was_live:
            moved = self._moved(before)
            if moved:
                self.values_changed.emit(moved)
        self.state_changed.emit()

    def _moved(self, before: dict[str, Evidence]) -> dict[str, int]:
        """Items whose shown value or points differ from before, with the direction of the value."""
        found = {}
        for line in self.lines:
            old = before.get(line.evidence.item) if isinstance(line, ItemLine) else None
            if old is None or not isinstance(line, ItemLine):
                continue
            new = line.evidence
            if (new.value, new.points) != (old.value, old.points):
                rise = (new.value or 0.0) - (old.value or 0.0)
                found[new.item] = 1 if rise > 0 else -1 if rise < 0 else 0
        return found

    def _on_scan(self, picture: ScanPicture) -> None:
        self.picture = picture
        self._later.start()

    def _on_state(self, state: PanelState) -> None:
        self._scan_state = state
        self.state_changed.emit()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self.ticker:
            self.ticker = context.ticker
            self._later.start()

    def _on_focus(self, focus: EvidenceFocus) -> None:
        """Another panel (the chart's Esc) may clear or move the focus; an item of another strategy is none of these rows."""
        if focus.evidence is not None and self.evidence(focus.evidence.item) is None:
            self.focused_item, self.pinned = "", False
            self.focus_changed.emit()
            return
        item = focus.evidence.item if focus.evidence is not None else ""
        if focus.ticker == self.ticker and (item, focus.pinned) != (self.focused_item, self.pinned):
            self.focused_item, self.pinned = item, focus.pinned
            self.focus_changed.emit()

    def explain_now(self) -> None:
        """Read the explanation of the selected symbol."""
        self._later.stop()
        self._explain()
        self._rewrite()
        self._carry_focus()
        self.state_changed.emit()

    def _explain(self) -> None:
        live = self._provisional()
        found = explain_live(live, self.ticker) if live is not None and self.ticker else None
        self._explained_live = found is not None
        if found is None and self.ticker:
            found = self._workstation.explain(self.ticker)
        self.explanation = found

    def _carry_focus(self) -> None:
        """A pinned row stays in focus on the next symbol; an unpinned one is let go."""
        if not self.focused_item:
            return
        evidence = self.evidence(self.focused_item) if self.pinned else None
        if evidence is None:
            self.focused_item, self.pinned = "", False
        self._workstation.focus_evidence(self.ticker, evidence, pinned=self.pinned)
        self.focus_changed.emit()

    # -- focus ----------------------------------------------------------------------------------------------------------

    def items(self) -> list[str]:
        """Identifiers of the rows that can take the focus, in order."""
        return [line.evidence.item for line in self.lines if isinstance(line, ItemLine)]

    def evidence(self, item: str) -> Evidence | None:
        """Evidence of an item, None if there is none."""
        found = (line.evidence for line in self.lines if isinstance(line, ItemLine) and line.evidence.item == item)
        return next(found, None)

    def focus(self, item: str) -> None:
        """Focus a row: it opens and its bars light up on the chart."""
        evidence = self.evidence(item)
        if evidence is None or item == self.focused_item:
            return
        self.focused_item, self.pinned = item, False
        self._workstation.focus_evidence(self.ticker, evidence)
        self.focus_changed.emit()

    def step(self, rows: int) -> None:
        """Walk down or up; from nothing the first (or last) row is taken."""
        items = self.items()
        if not items:
            return
        here = items.index(self.focused_item) if self.focused_item in items else -1 if rows > 0 else len(items)
        self.focus(items[min(max(here + rows, 0), len(items) - 1)])

    def toggle_pin(self) -> None:
        """Keep the focused row lit while other symbols are chosen, or stop that."""
        evidence = self.evidence(self.focused_item)
        if evidence is None:
            return
        self.pinned = not self.pinned
        self._workstation.focus_evidence(self.ticker, evidence, pinned=self.pinned)
        self.focus_changed.emit()

    def _row_of(self, item: str) -> str | None:
        """The item itself, or the first row of the group of that name."""
        if not item or self.evidence(item) is not None:
            return item or None
        rows = (line.evidence for line in self.lines if isinstance(line, ItemLine))
        return next((evidence.item for evidence in rows if evidence.group == item), None)

    def land_on(self, ticker: str, item: str) -> bool:
        """Go to a symbol's row (or the first of a group) and keep it lit: where a link leads.

        Without an item the whole score is the place. False if there is no such row yet.
        """
        if ticker and ticker != self.ticker:
            self._workstation.select(ticker, "chat")
        if self._later.isActive():
            self.explain_now()
        row = self._row_of(item)
        if (ticker and ticker != self.ticker) or (row is None and (item or not self.lines)):
            return False
        if row is None:
            return True  # the whole score was meant
        self.focus(row)
        if not self.pinned:
            self.toggle_pin()
        return True

    def clear_focus(self) -> None:
        """Let go: the chart goes dark again."""
        if self.focused_item:
            self.focused_item, self.pinned = "", False
            self._workstation.focus_evidence(self.ticker, None)
            self.focus_changed.emit()

    def copied_sentence(self) -> str:
        """The focused row as one sentence; empty if none is in focus."""
        for line in self.lines:
            if isinstance(line, ItemLine) and line.evidence.item == self.focused_item:
                words = line.words
                name = self.head.name if self.head is not None else self.ticker
                sentence = self._appearance.tr(
                    "evidence.copied",
                    item=words.label,
                    value=words.value,
                    threshold=words.threshold,
                    points=words.points,
                    words=words.words,
                    source=words.source,
                )
                return f"{name} {self.ticker} · {sentence}"
        return ""

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if not isinstance(self._scan_state, Ready | Stale):
            return self._scan_state
        if not self.ticker:
            return Empty("empty.evidence.none")
        if self.explanation is None and not self._later.isActive():
            return Empty("empty.evidence.absent", {"ticker": self.ticker}, "import")
        live = self._provisional()
        if live is not None and self._explained_live and isinstance(self._scan_state, Ready):
            return Ready(AsOf(live.at_ns), final=False)
        return self._scan_state

    # -- words ----------------------------------------------------------------------------------------------------------

    def _rewrite(self) -> None:
        explanation, picture = self.explanation, self.picture
        if explanation is None or picture is None:
            self.head, self.lines = None, ()
        else:
            panel = self._live_scan.picture.panel if self._explained_live and self._live_scan is not None else picture.panel
            self.head = self._writer.head(explanation, panel)
            self.lines = self._writer.lines(explanation)
        self.changed.emit()
