"""View-model of the gate panel (screen 0801): the reading, its rows, which one is in focus, the history and the sectors.

Focus and walking are those of the evidence panel, but a row of the gate belongs to no symbol: nothing is lit on the stock
chart, its window is shaded in the history of the panel itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal

from engine.model.errors import RalphStockError
from engine.model.evidence import BarSpan, Evidence
from engine.model.gate import GateHistory, GateReading, GateStatus, SectorState
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.contracts import Empty, MarketPicture, PanelState, Ready, Stale, Workstation
from ralphstock_desktop.services.strategy_contracts import GatePicture, Strategies
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dock_registry import Spawn
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.evidence import EvidenceViewModel
from ralphstock_desktop.ui.viewmodels.evidence_lines import ItemLine
from ralphstock_desktop.ui.viewmodels.gate_words import (
    STATUS_TOKEN,
    effect_text,
    evidence_lines,
    reading_instant,
    score_text,
    status_word,
    verdict_note,
)
from ralphstock_desktop.ui.viewmodels.live_state import provisional_badge
from ralphstock_desktop.wording import format as fmt

__all__ = ["GateHead", "GateViewModel"]


@dataclass(frozen=True, slots=True)
class GateHead:
    """What stands above the rows."""

    status: GateStatus
    score: str
    word: str
    token: str
    coverage: str
    when: str
    effect: str
    note: str


class GateViewModel(EvidenceViewModel):
    """Shows the gate picture of the strategies.

    Signals
    -------
    history_changed
        The history, or that it is being read or could not be.
    """

    history_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance, spawn: Spawn) -> None:
        self.gate: GatePicture | None = None
        self.gate_head: GateHead | None = None
        self.history: GateHistory | None = None
        self.history_panel: MarketPanel | None = None
        self.history_note = ""
        """Why there is no history to see; empty where there is one."""
        self._spawn = spawn
        self._history_wanted = False
        self._history_of: tuple[str, str, int] | None = None
        """Panel version, rule set and last day the history was asked for."""
        super().__init__(workstation, appearance)

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it."""
        return self._workstation.strategies

    @property
    def reading(self) -> GateReading | None:
        """The reading on screen."""
        return self.gate.reading if self.gate is not None else None

    @property
    def sectors(self) -> tuple[SectorState, ...]:
        """Sectors of the reading's day."""
        return self.gate.sectors if self.gate is not None else ()

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        strategies = self.strategies
        self._subscriptions = [self._workstation.market.subscribe(self._on_market)]
        if strategies is None:
            self._on_state(Empty("gate.empty.none"))
            return
        self._subscriptions += [
            strategies.gate.subscribe(self._on_gate),
            strategies.gate_state.subscribe(self._on_state),
        ]

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        self.state_changed.emit()

    def _on_gate(self, picture: GatePicture) -> None:
        self.gate = picture
        if self.focused_item and not any(item.item == self.focused_item for group in picture.groups for item in group.items):
            self.focused_item = ""
            self.focus_changed.emit()
        self._rewrite()
        self._want_history()
        self.state_changed.emit()

    def retry(self) -> None:
        """Ask for everything again: the gate is read with the scan of the instant looked at."""
        self._history_of = None
        self._workstation.start_scan()

    # -- history --------------------------------------------------------------------------------------------------------

    def show_history(self, wanted: bool) -> None:
        """Say whether the history can be seen; it is read only then."""
        self._history_wanted = wanted
        self._want_history()

    def _want_history(self) -> None:
        picture = self.gate
        if not self._history_wanted or picture is None or self.strategies is None:
            return
        key = (picture.panel.version, picture.reading.ruleset, picture.reading.day_index)
        if key != self._history_of:
            self._history_of = key
            if self.history is None:
                self.history_note = self._appearance.tr("gate.history.loading")
                self.history_changed.emit()
            self._spawn(self._load_history(key), "read the gate history")

    async def _load_history(self, key: tuple[str, str, int]) -> None:
        strategies, picture = self.strategies, self.gate
        assert strategies is not None and picture is not None
        try:
            found = await strategies.load_gate_history()
        except RalphStockError as error:
            if key == self._history_of:
                reason = error_sentence(self._appearance, error)
                self.history, self.history_note = None, self._appearance.tr("gate.history.failed", reason=reason)
                self.history_changed.emit()
            return
        if key != self._history_of:
            return  # overtaken by a newer picture
        self.history, self.history_panel = found, picture.panel
        self.history_note = "" if len(found.day_index) else self._appearance.tr("gate.history.empty")
        self.history_changed.emit()

    # -- rows -----------------------------------------------------------------------------------------------------------

    def _rewrite(self) -> None:
        picture, look = self.gate, self._appearance
        if picture is None:
            self.gate_head, self.lines = None, ()
            self.changed.emit()
            return
        reading, rules = picture.reading, self._workstation.rules
        status = reading.status
        self.gate_head = GateHead(
            status=status,
            score=score_text(reading.score),
            word=status_word(look, status),
            token=STATUS_TOKEN[status],
            coverage=look.tr("gate.coverage", coverage=fmt.percent(reading.coverage, 0, plus=False)),
            when=fmt.as_of_short(reading_instant(picture)),
            effect=effect_text(look, status, rules),
            note=verdict_note(look, reading, rules.gate),
        )
        self.lines = evidence_lines(look, reading, picture.groups, rules.gate)
        self.changed.emit()

    def is_forming(self, evidence: Evidence) -> bool:
        """Whether an item rests on live levels."""
        return any(not source.final for source in evidence.sources)

    @property
    def spans(self) -> tuple[BarSpan, ...]:
        """Days the focused row was computed from."""
        evidence = self.evidence(self.focused_item)
        return evidence.spans if evidence is not None else ()

    # -- focus: of the panel alone ----------------------------------------------------------------------------------------

    def focus(self, item: str) -> None:
        """Focus a row: it opens and its days are shaded in the history."""
        if self.evidence(item) is not None and item != self.focused_item:
            self.focused_item = item
            self.focus_changed.emit()

    def toggle_pin(self) -> None:
        """Nothing to pin: the gate is the same for every symbol."""

    def clear_focus(self) -> None:
        """Let go of the row."""
        if self.focused_item:
            self.focused_item = ""
            self.focus_changed.emit()

    def copied_sentence(self) -> str:
        """The focused row as one sentence; empty if none is in focus."""
        for line in self.lines:
            if isinstance(line, ItemLine) and line.evidence.item == self.focused_item:
                words = line.words
                sentence = self._appearance.tr(
                    "gate.copied",
                    item=words.label,
                    value=words.value,
                    threshold=words.threshold,
                    points=words.points,
                    words=words.words,
                    source=words.source,
                )
                return f"{self._appearance.tr('gate.title')} · {sentence}"
        return ""

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        return self._scan_state

    def badge(self) -> BadgeLook | None:
        """Badge of a reading with live levels; None where the as-of badge says it."""
        picture = self.gate
        if picture is None or not picture.live or not isinstance(self._scan_state, Ready | Stale):
            return None
        simulated = picture.panel.simulated
        return provisional_badge(self._appearance, picture.reading.as_of.instant_ns, simulated=simulated)

    def as_of(self) -> AsOf | None:
        """Instant of the reading."""
        return self.gate.reading.as_of if self.gate is not None else None
