"""Why a grade changed (screen 0814): what is compared, the rows in words, and the sum that proves them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.errors import DataUnavailable, RalphStockError
from engine.model.instants import AsOf
from engine.model.scan import Grade
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import (
    Empty,
    Failed,
    Loading,
    MarketPicture,
    PanelState,
    Ready,
    SymbolContext,
    Workstation,
)
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, GradeChange, GradeDiff, Strategies, StrategyName
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.near_words import amount_text, item_label
from ralphstock_desktop.wording import format as fmt

__all__ = ["SINCES", "DiffHead", "DiffRow", "DiffTotal", "DiffViewModel", "Since", "diff_rows", "diff_total"]

Since = Literal["day", "open", "pick"]
SINCES: tuple[Since, ...] = ("day", "open", "pick")
ROUNDING = "rounding"
_SAME = 0.005
"""Scores are kept to two decimals: a smaller difference is none."""
_DAY_PAUSE_MS = 5_000
"""A running day compares again at most this often."""
_OPEN_HOUR = 9
Spawn = Callable[[Coroutine[Any, Any, None], str], object]


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One item in words, with its step of the waterfall in points of the total score."""

    item: str
    label: str
    before: str
    after: str
    points_before: str
    points_after: str
    effect: str
    amount: float
    when: str
    start: float
    """Where the waterfall stands before this item."""


@dataclass(frozen=True, slots=True)
class DiffHead:
    """Grades and scores at both instants."""

    grade_before: int
    grade_after: int
    score_before: str
    score_after: str
    change: str


@dataclass(frozen=True, slots=True)
class DiffTotal:
    """The sum of the effects and whether it is the difference of the scores."""

    effect: str
    remark: str
    proven: bool
    amount: float


def _signed(value: float) -> str:
    return fmt.signed(value, 2)


def diff_rows(diff: GradeDiff, look: Appearance) -> tuple[DiffRow, ...]:
    """The changed items as rows, in the order of the comparison."""
    rows, stands = [], diff.score_before or 0.0
    for change in diff.changes:
        rows.append(_row(diff, change, stands, look))
        stands += change.effect
    return tuple(rows)


def _row(diff: GradeDiff, change: GradeChange, start: float, look: Appearance) -> DiffRow:
    def amount(value: float | None) -> str:
        return fmt.MISSING if value is None else amount_text(look, value, change.unit, change.item)

    is_rest = change.item == ROUNDING
    label = look.tr("diff.item.rounding") if is_rest else item_label(look, diff.strategy, change.item)
    return DiffRow(
        item=change.item,
        label=label,
        before="" if is_rest else amount(change.before),
        after="" if is_rest else amount(change.after),
        points_before="" if is_rest else fmt.points(change.points_before),
        points_after="" if is_rest else fmt.points(change.points_after),
        effect=_signed(change.effect),
        amount=change.effect,
        when=fmt.clock(change.at_ns, seconds=False) if change.at_ns is not None else "",
        start=start,
    )


def diff_head(diff: GradeDiff) -> DiffHead:
    """Both ends of the comparison."""
    before, after = diff.score_before, diff.score_after
    words = [fmt.MISSING if score is None else fmt.number(score, 2) for score in (before, after)]
    change = fmt.MISSING if before is None or after is None else _signed(after - before)
    return DiffHead(diff.grade_before, diff.grade_after, words[0], words[1], change)


def diff_total(diff: GradeDiff, look: Appearance) -> DiffTotal:
    """Add the effects up and compare with the scores."""
    total = sum(change.effect for change in diff.changes)
    if diff.score_before is None or diff.score_after is None:
        return DiffTotal(_signed(total), look.tr("diff.sum.open"), False, total)
    difference = total - (diff.score_after - diff.score_before)
    if abs(difference) < _SAME:
        return DiffTotal(_signed(total), look.tr("diff.sum.equal"), True, total)
    return DiffTotal(_signed(total), look.tr("diff.sum.wrong", difference=_signed(difference)), False, total)


class DiffViewModel(QObject):
    """Compares the selected symbol's grade at two instants.

    Signals
    -------
    changed
        Another comparison, other words.
    focus_changed
        Another row is in focus.
    state_changed
        :attr:`panel_state` changed.
    """

    changed = Signal()
    focus_changed = Signal()
    state_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance, spawn: Spawn) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn = workstation, appearance, spawn
        self.strategy: StrategyName = "VCP"
        self.since: Since = "day"
        self.picked: AsOf | None = None
        self.ticker = ""
        self.focused = -1
        self.diff: GradeDiff | None = None
        self.rows: tuple[DiffRow, ...] = ()
        self.head: DiffHead | None = None
        self.total: DiffTotal | None = None
        self._panel_state: PanelState | None = None
        self._market: MarketPicture | None = None
        self._now_ns: int | None = None
        self._asked = 0
        self._subscriptions: list[Subscription] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.compare)
        self._day_pause = QTimer(self)
        self._day_pause.setSingleShot(True)
        self._day_pause.setInterval(_DAY_PAUSE_MS)
        appearance.changed.connect(self._write)

    @property
    def strategies(self) -> Strategies | None:
        """Everything beside VCP; None where the program runs without it."""
        return self._workstation.strategies

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        work, strategies = self._workstation, self.strategies
        self._subscriptions = [
            work.market.subscribe(self._on_market),
            work.selection.subscribe(self._on_selection),
        ]
        if strategies is not None:
            self._subscriptions += [
                work.scans.subscribe(lambda _picture: self._on_scan("VCP")),
                strategies.closing.subscribe(lambda _picture: self._on_scan("CLOSING_BET")),
                strategies.day_trades.subscribe(lambda picture: self._on_day(picture.scan.now_ns)),
            ]
        self._later.start()

    def deactivate(self) -> None:
        """Stop listening; an answer that comes later is dropped."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._later.stop()
        self._asked += 1

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        self._now_ns = None

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self.ticker:
            self.ticker = context.ticker
            self._later.start()

    def _on_scan(self, strategy: StrategyName) -> None:
        if strategy == self.strategy:
            self._later.start()

    def _on_day(self, now_ns: int) -> None:
        self._now_ns = now_ns
        if self.strategy == "DAY_TRADE" and not self._day_pause.isActive():
            self._day_pause.start()
            self._later.start()

    # -- what the user chooses ------------------------------------------------------------------------------------------

    def choose_strategy(self, strategy: str) -> None:
        """Compare another strategy's grade."""
        found = next((name for name in STRATEGIES if name == strategy), None)
        if found is not None and found != self.strategy:
            self.strategy = found
            self._later.start()

    def choose_since(self, since: str) -> None:
        """Compare with another beginning."""
        found = next((name for name in SINCES if name == since), None)
        if found is not None and found != self.since:
            self.since = found
            self._later.start()

    def pick(self, as_of: AsOf) -> None:
        """Compare with an instant of the user's choice."""
        self.since, self.picked = "pick", as_of
        self._later.start()

    def today(self) -> AsOf | None:
        """The instant looked at."""
        if self._now_ns is not None:
            return AsOf(self._now_ns)
        return self._market.as_of if self._market is not None else None

    def begin(self) -> AsOf | None:
        """Instant compared with; None: since the trading day before."""
        now = self.today()
        if self.since == "open" and now is not None:
            return AsOf.at(now.day, _OPEN_HOUR)
        return self.picked if self.since == "pick" else None

    # -- comparing ------------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Ask for the comparison now; an answer overtaken by a newer question is dropped."""
        self._later.stop()
        strategies = self.strategies
        if strategies is None:
            self._set(Empty("diff.empty.off"), None)
        elif not self.ticker:
            self._set(Empty("diff.empty.choose"), None)
        else:
            self._asked += 1
            if self.diff is None or self.diff.ticker != self.ticker or self.diff.strategy != self.strategy:
                self._set(Loading(Progress("diff.loading", 0, 0), can_cancel=False), None)
            self._spawn(self._load(self._asked, strategies, self.begin()), "grade_diff")

    async def _load(self, asked: int, strategies: Strategies, since: AsOf | None) -> None:
        ticker, strategy = self.ticker, self.strategy
        state: PanelState
        found: GradeDiff | None = None
        try:
            found = await strategies.grade_diff(strategy, ticker, since)
            state = Ready(found.to_as_of)
        except DataUnavailable:
            when = fmt.as_of_short(since) if since is not None else self._look.tr("diff.since.day")
            state = Empty("diff.empty.unavailable", {"ticker": ticker, "since": when})
        except RalphStockError as error:
            state = Failed(error)
        if asked == self._asked and self._subscriptions:
            self._set(state, found)

    def _set(self, state: PanelState, found: GradeDiff | None) -> None:
        before = self.rows[self.focused].item if 0 <= self.focused < len(self.rows) else ""
        self._panel_state, self.diff = state, found
        self._write()
        items = [row.item for row in self.rows]
        self.focused = items.index(before) if before in items else -1
        self.state_changed.emit()

    def _write(self) -> None:
        diff = self.diff
        if diff is None:
            self.rows, self.head, self.total = (), None, None
        else:
            self.rows, self.head, self.total = diff_rows(diff, self._look), diff_head(diff), diff_total(diff, self._look)
        self.changed.emit()

    # -- words ----------------------------------------------------------------------------------------------------------

    def name(self) -> str:
        """Name of the symbol compared."""
        if self._market is None:
            return self.ticker
        panel = self._market.panel
        row = panel.row_of(self.ticker)
        if row is None:
            return self.ticker
        english = str(panel.names_en[row]) if self._look.language == "en" else ""
        return english or str(panel.names[row]) or self.ticker

    def row_sentence(self, row: DiffRow) -> str:
        """A row for screen readers."""
        return self._look.tr(
            "diff.access.row",
            item=row.label,
            before=row.before or fmt.MISSING,
            after=row.after or fmt.MISSING,
            points_before=row.points_before or fmt.MISSING,
            points_after=row.points_after or fmt.MISSING,
            effect=row.effect,
        )

    def head_sentence(self) -> str:
        """The head for screen readers; empty without a comparison."""
        head = self.head
        if head is None:
            return ""
        letters = [Grade(grade).name if grade else fmt.MISSING for grade in (head.grade_before, head.grade_after)]
        return self._look.tr(
            "diff.access.head",
            name=self.name(),
            before=letters[0],
            after=letters[1],
            score_before=head.score_before,
            score_after=head.score_after,
            change=head.change,
        )

    def copied(self) -> str:
        """The focused row, or the whole comparison where none is in focus, as text."""
        if not self.rows and self.head is None:
            return ""
        shown = [self.rows[self.focused]] if 0 <= self.focused < len(self.rows) else list(self.rows)
        lines = [f"{self.head_sentence()} · {self.ticker}"]
        return "\n".join([*lines, *(self.row_sentence(row) for row in shown)])

    # -- focus ----------------------------------------------------------------------------------------------------------

    def focus(self, position: int) -> None:
        """Focus a row, or none with -1."""
        position = position if 0 <= position < len(self.rows) else -1
        if position != self.focused:
            self.focused = position
            self.focus_changed.emit()

    def step(self, rows: int) -> None:
        """Walk down or up; from nothing the first (or last) row is taken."""
        if not self.rows:
            return
        if self.focused < 0:
            self.focus(0 if rows > 0 else len(self.rows) - 1)
        else:
            self.focus(min(max(self.focused + rows, 0), len(self.rows) - 1))

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        return self._panel_state
