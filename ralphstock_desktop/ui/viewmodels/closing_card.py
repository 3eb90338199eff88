"""View-model of the closing-bet card (screen 0832): whose closing bet is shown, which row is in focus. No widgets."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.instants import AsOf
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, EvidenceFocus, PanelState, Ready, Stale, SymbolContext, Workstation
from ralphstock_desktop.services.strategy_contracts import (
    ClosingExplanation,
    ClosingPicture,
    NewsPicture,
    RecordTable,
    Strategies,
)
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.closing_components import ComponentLine
from ralphstock_desktop.ui.viewmodels.closing_lines import (
    CardHead,
    CardWriter,
    FilterChip,
    NewsLine,
    RecordLine,
)

__all__ = ["ClosingCardViewModel"]


class ClosingCardViewModel(QObject):
    """Explains the closing bet of the selected symbol.

    Signals
    -------
    changed
        Another explanation or other words.
    focus_changed
        Another row is in focus, pinned or none.
    state_changed
        :attr:`panel_state` changed.
    """

    changed = Signal()
    focus_changed = Signal()
    state_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance) -> None:
        super().__init__()
        self._workstation, self._appearance = workstation, appearance
        self._writer = CardWriter(appearance)
        self.ticker = ""
        self.explanation: ClosingExplanation | None = None
        self.head: CardHead | None = None
        self.components: tuple[ComponentLine, ...] = ()
        self.news: tuple[NewsLine, ...] = ()
        self.news_title = ("", "")
        self.news_note = ""
        self.filters: tuple[FilterChip, ...] = ()
        self.record: RecordLine | None = None
        self.focused = ""
        """Component or news line in focus; empty for none."""
        self.pinned = False
        self._records: RecordTable | None = None
        self._state: PanelState | None = None
        self._subscriptions: list[Subscription] = []
        # Explaining waits for the end of this turn, so the chart of a newly chosen row is never kept waiting.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.explain_now)
        appearance.changed.connect(self._rewrite)

    @property
    def strategies(self) -> Strategies | None:
        """The strategies, if the program runs with them."""
        return self._workstation.strategies

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        work, strategies = self._workstation, self.strategies
        if strategies is not None:
            self._subscriptions = [
                strategies.records.subscribe(self._on_records),
                strategies.closing.subscribe(self._on_closing),
                strategies.closing_state.subscribe(self._on_state),
                strategies.news.subscribe(self._on_news, replay=False),
            ]
        self._subscriptions += [work.selection.subscribe(self._on_selection), work.focus.subscribe(self._on_focus)]
        self.state_changed.emit()

    def deactivate(self) -> None:
        """Stop listening; a hidden card costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._later.stop()

    def _on_closing(self, _picture: ClosingPicture) -> None:
        self._later.start()

    def _on_news(self, _picture: NewsPicture) -> None:
        self._later.start()

    def _on_records(self, table: RecordTable) -> None:
        self._records = table
        self._rewrite()

    def _on_state(self, state: PanelState) -> None:
        self._state = state
        self.state_changed.emit()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self.ticker:
            self.ticker = context.ticker
            self._later.start()

    def _on_focus(self, focus: EvidenceFocus) -> None:
        """Another panel (the chart's Esc, the evidence panel) may clear or take the focus."""
        line = self.component(self.focused)
        if line is None:
            return
        if focus.ticker != self.ticker or focus.evidence != line.evidence:
            self.focused, self.pinned = "", False
            self.focus_changed.emit()

    def explain_now(self) -> None:
        """Read the explanation of the selected symbol."""
        self._later.stop()
        strategies = self.strategies
        self.explanation = strategies.explain_closing(self.ticker) if strategies is not None and self.ticker else None
        self._rewrite()
        self._carry_focus()
        self.state_changed.emit()

    def _carry_focus(self) -> None:
        """A pinned component stays lit on the next symbol; anything else is let go."""
        if not self.focused:
            return
        line = self.component(self.focused) if self.pinned else None
        evidence = line.evidence if line is not None else None
        if evidence is None:
            was_component = not self.focused.startswith("news:")
            self.focused, self.pinned = "", False
            if was_component:
                self._workstation.focus_evidence(self.ticker, None)
        else:
            self._workstation.focus_evidence(self.ticker, evidence, pinned=True)
        self.focus_changed.emit()

    # -- focus ----------------------------------------------------------------------------------------------------------

    def component(self, identity: str) -> ComponentLine | None:
        """Component by name."""
        return next((line for line in self.components if line.id == identity), None)

    def news_line(self, identity: str) -> NewsLine | None:
        """Cluster by identity."""
        return next((line for line in self.news if line.id == identity), None)

    def stops(self) -> list[str]:
        """What the arrow keys walk over: components, then sentences."""
        return [line.id for line in self.components] + [line.id for line in self.news]

    def focus(self, identity: str) -> None:
        """Focus a row; a component's bars light up on the chart."""
        if identity == self.focused or identity not in self.stops():
            return
        before = self.component(self.focused)
        # The news of the focus arrives on the channel too: it must find the new row already in focus.
        self.focused, self.pinned = identity, False
        line = self.component(identity)
        if line is not None:
            self._workstation.focus_evidence(self.ticker, line.evidence)
        elif before is not None:
            self._workstation.focus_evidence(self.ticker, None)
        self.focus_changed.emit()

    def step(self, rows: int) -> None:
        """Walk down or up; from nothing the first (or last) row is taken."""
        stops = self.stops()
        if not stops:
            return
        here = stops.index(self.focused) if self.focused in stops else (-1 if rows > 0 else len(stops))
        self.focus(stops[min(max(here + rows, 0), len(stops) - 1)])

    def toggle_pin(self) -> None:
        """Keep the focused component lit while other symbols are chosen, or stop that."""
        line = self.component(self.focused)
        if line is not None and line.evidence is not None:
            self.pinned = not self.pinned
            self._workstation.focus_evidence(self.ticker, line.evidence, pinned=self.pinned)
            self.focus_changed.emit()

    def land_on(self, ticker: str, item: str) -> bool:
        """Go to a symbol's component (or sentence) and keep it lit: where a link leads. False if there is no such row yet."""
        if ticker and ticker != self.ticker:
            self._workstation.select(ticker, "chat")
        if self._later.isActive():
            self.explain_now()
        if (ticker and ticker != self.ticker) or (item and item not in self.stops()) or self.explanation is None:
            return False
        if item:
            self.focus(item)
            if not self.pinned:
                self.toggle_pin()
        return True

    def clear_focus(self) -> None:
        """Let go: the chart goes dark again."""
        if self.focused:
            was_component = self.component(self.focused) is not None
            self.focused, self.pinned = "", False
            if was_component:
                self._workstation.focus_evidence(self.ticker, None)
            self.focus_changed.emit()

    def copied_sentence(self) -> str:
        """The focused row as one sentence; empty if none is in focus."""
        name = self.head.name if self.head is not None else self.ticker
        line, story = self.component(self.focused), self.news_line(self.focused)
        if line is not None:
            return self._appearance.tr(
                "closing.card.copied",
                name=name,
                ticker=self.ticker,
                item=line.label,
                points=f"{line.points}/{line.most}",
                value=line.value,
                next=" ".join(part for part in (line.rung, line.margin) if part),
                known=line.known,
            )
        return f"{name} {self.ticker} · {story.title} · {story.effect} · {story.line}" if story is not None else ""

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        if self.strategies is None:
            return Empty("empty.closing.off")
        if not isinstance(self._state, Ready | Stale):
            return self._state
        if not self.ticker:
            return Empty("empty.closing_card.none")
        if self.explanation is None:
            return (
                self._state if self._later.isActive() else Empty("empty.closing_card.absent", {"ticker": self.ticker}, "import")
            )
        picture = self.explanation.picture
        if isinstance(self._state, Ready) and picture.forming and self._state.final:
            return Ready(AsOf(picture.scan.as_of.instant_ns), final=False)
        return self._state

    def badge(self) -> BadgeLook | None:
        """What-if cards say so; None where the as-of badge says it."""
        if self.explanation is not None and self.explanation.picture.what_if:
            return BadgeLook("slider", self._appearance.tr("closing.badge.what_if"), "warning", "warning-tint")
        return None

    # -- words ----------------------------------------------------------------------------------------------------------

    def _rewrite(self) -> None:
        found, writer = self.explanation, self._writer
        if found is None:
            self.head, self.record = None, None
            self.components, self.news, self.filters = (), (), ()
            self.news_title, self.news_note = ("", ""), ""
        else:
            grade = int(found.picture.scan.grade[found.row])
            record = self._records.of("CLOSING_BET", grade) if self._records is not None and grade else None
            self.head = writer.head(found)
            self.components = writer.components(found)
            self.news = writer.news_lines(found.news)
            self.news_title = writer.news_title(found.news, found.picture.rules)
            self.news_note = writer.news_note(found.news)
            self.filters = writer.filters(found)
            self.record = writer.record(found, record)
        self.changed.emit()
