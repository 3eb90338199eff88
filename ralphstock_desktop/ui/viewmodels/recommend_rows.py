"""View-model of the recommendations (screen 0860): asked for, shown as rows, or why there are none. No widgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.model.errors import RalphStockError
from engine.model.performance import RecordRow
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
from ralphstock_desktop.services.strategy_contracts import Recommendation, Recommendations, Strategies
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "CHOICES",
    "DEFAULT_LIMIT",
    "MOST",
    "RECOMMEND_ORIGIN",
    "PlanPart",
    "RecommendRow",
    "RecommendViewModel",
    "record_line",
]

Choice = Literal["vcp", "jongga", "both"]
RECOMMEND_ORIGIN = "recommend"
"""Origin of selections."""
CHOICES: tuple[Choice, ...] = ("vcp", "jongga", "both")
DEFAULT_LIMIT, MOST = 5, 20
_PAUSE_MS = 150
"""Scan, gate and records of one instant come one after the other: they are asked about once."""
_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class PlanPart:
    """One value of the plan: its word, its value, its distance, and the token of its mark."""

    word: str
    value: str
    rest: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class RecommendRow:
    """One recommendation as it is read."""

    ticker: str
    rank: str
    grade: int
    name: str
    strategies: tuple[str, ...]
    score: str
    scale: str
    plan: tuple[PlanPart, ...]
    reasons: str
    signal: str
    record: str
    judged: bool
    """The record has enough cases."""


def _percent(value: float | None) -> str:
    return fmt.percent(value if value is not None else math.nan)


def record_line(look: Appearance, record: RecordRow | None) -> tuple[str, bool]:
    """Record of the grade and whether it can be judged: ``n = 180 · 평균 +0.42% (95% +0.02% … +0.82%)`` or 판단 불가."""
    if record is None or record.n == 0:
        return look.tr("recommend_panel.record.none"), False
    mean = record.mean_net_pct
    if not record.enough or mean.value is None:
        return look.tr("recommend_panel.record.few", n=fmt.number(record.n)), False
    text = look.tr(
        "recommend_panel.record.line",
        n=fmt.number(record.n),
        mean=_percent(mean.value),
        low=_percent(mean.low),
        high=_percent(mean.high),
        base=_percent(record.base_pct),
    )
    return text, True


class RecommendViewModel(QObject):
    """Which recommendations are asked for, and what came.

    Signals
    -------
    changed
        Rows or the chosen row changed.
    state_changed
        :attr:`panel_state` changed.
    """

    changed = Signal()
    state_changed = Signal()

    def __init__(
        self,
        workstation: Workstation,
        appearance: Appearance,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        super().__init__()
        self._workstation, self._look, self._spawn = workstation, appearance, spawn
        self.choice: Choice = "both"
        self.limit = DEFAULT_LIMIT
        self.rows: tuple[RecommendRow, ...] = ()
        self.chosen = ""
        self.found: Recommendations | None = None
        self._error: RalphStockError | None = None
        self._asked = 0
        """Number of the newest question: older answers are dropped."""
        self._waits = False
        self._subscriptions: list[Subscription] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.ask)
        appearance.changed.connect(self.rewrite)

    @property
    def strategies(self) -> Strategies | None:
        """The strategies, if the program runs with them."""
        return self._workstation.strategies

    @property
    def panel_state(self) -> PanelState:
        """State of the panel. A failure is a failure, never an empty list."""
        if self.strategies is None:
            return Empty("recommend_panel.empty.off")
        if self._error is not None:
            return Failed(self._error)
        if self._waits or self.found is None:
            if self._workstation.market.last is None and not self._waits:
                return Empty("recommend_panel.empty.waiting")
            return Loading(Progress("recommend_panel.loading", 0, 0), can_cancel=False)
        if self.found.items:
            return Ready(self.found.as_of)
        return self._empty(self.found)

    def _empty(self, found: Recommendations) -> Empty:
        """Why there are none, with what was looked at."""
        name = (found.reason or "NO_SIGNALS").lower()
        gate = found.gate
        fields: dict[str, str | int | float] = {
            "when": fmt.as_of_long(found.as_of, self._look.language),
            "choice": self._look.tr(f"recommend_panel.choice.{self.choice}"),
            "score": fmt.points(gate.score) if gate is not None and gate.score is not None else fmt.MISSING,
            "coverage": fmt.percent(gate.coverage, 0, plus=False) if gate is not None else fmt.MISSING,
        }
        action = {"gate_red": "gate", "gate_unknown": "gate", "stale_data": "scan"}.get(name, "")
        return Empty(f"recommend_panel.empty.{name}", fields, action)

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen, and ask."""
        if self._subscriptions:
            return
        work, strategies = self._workstation, self.strategies
        self._subscriptions = [work.selection.subscribe(self._on_selection)]
        if strategies is not None:
            self._subscriptions += [
                work.market.subscribe(self._on_market, replay=False),
                work.scans.subscribe(self._on_fact, replay=False),
                strategies.gate.subscribe(self._on_fact, replay=False),
                strategies.closing.subscribe(self._on_fact, replay=False),
                strategies.records.subscribe(self._on_fact, replay=False),
            ]
            if work.market.last is not None:
                self.ask()
        self.state_changed.emit()

    def deactivate(self) -> None:
        """Stop listening; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._pause.stop()

    def _on_market(self, _picture: MarketPicture) -> None:
        """Another instant: what was found for the one before is not shown for this one."""
        self.found, self._error = None, None
        self.rows = ()
        self._waits = True
        self._asked += 1
        self._pause.start()
        self.changed.emit()
        self.state_changed.emit()

    def _on_fact(self, _fact: object) -> None:
        self._pause.start()

    def _on_selection(self, context: SymbolContext) -> None:
        chosen = context.ticker if any(row.ticker == context.ticker for row in self.rows) else ""
        if chosen != self.chosen:
            self.chosen = chosen
            self.changed.emit()

    # -- asking ---------------------------------------------------------------------------------------------------------

    def choose_strategy(self, choice: str) -> None:
        """Ask for VCP, closing bets or both."""
        wanted = next((name for name in CHOICES if name == choice), None)
        if wanted is not None and wanted != self.choice:
            self.choice = wanted
            self.ask()

    def choose_limit(self, limit: int) -> None:
        """Ask for a list of another length, 1-20."""
        limit = min(max(limit, 1), MOST)
        if limit != self.limit:
            self.limit = limit
            self.ask()

    def ask(self) -> None:
        """Ask anew; the rows stay until the answer is there."""
        self._pause.stop()
        strategies = self.strategies
        if strategies is None or not self._subscriptions:
            return
        self._asked += 1
        self._waits = True
        self.state_changed.emit()
        self._spawn(self._answer(strategies, self._asked), "recommendations")

    async def _answer(self, strategies: Strategies, number: int) -> None:
        found: Recommendations | None = None
        problem: RalphStockError | None = None
        try:
            found = await strategies.recommend(self.choice, self.limit)
        except RalphStockError as error:
            problem = error
        except Exception as error:
            # A bug: the program's handler shows its report, and the panel says that this failed.
            self._take(number, None, RalphStockError(str(error)))
            raise
        self._take(number, found, problem)

    def _take(self, number: int, found: Recommendations | None, problem: RalphStockError | None) -> None:
        if number != self._asked:
            return  # another question was asked meanwhile: its answer counts
        self._waits = False
        self.found, self._error = found, problem
        self.rewrite()
        self.state_changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def choose(self, ticker: str) -> None:
        """Choose a row; its symbol is selected in the linked panels."""
        if any(row.ticker == ticker for row in self.rows):
            self.chosen = ticker
            self._workstation.select(ticker, RECOMMEND_ORIGIN)
            self.changed.emit()

    # -- rows -----------------------------------------------------------------------------------------------------------

    def rewrite(self) -> None:
        """Write the rows in the chosen language."""
        items = self.found.items if self.found is not None else ()
        self.rows = tuple(self._row(rank, item) for rank, item in enumerate(items, 1))
        selected = self._workstation.selection.last
        here = {row.ticker for row in self.rows}
        self.chosen = selected.ticker if selected is not None and selected.ticker in here else ""
        self.changed.emit()

    def _name(self, item: Recommendation) -> str:
        """Official English name where the language asks for it and the panel knows it."""
        market = self._workstation.market.last
        if self._look.language == "en" and market is not None:
            row = market.panel.row_of(item.ticker)
            if row is not None and str(market.panel.names_en[row]):
                return str(market.panel.names_en[row])
        return item.name or item.ticker

    def _row(self, rank: int, item: Recommendation) -> RecommendRow:
        look = self._look
        own_scale = item.score_scale
        text, judged = record_line(look, item.record)
        day: date = item.signal_date
        reasons = [look.tr(key, **fields) for key, fields in item.reasons if look.has_text(key)]
        return RecommendRow(
            ticker=item.ticker,
            rank=fmt.number(rank),
            grade=item.grade,
            name=self._name(item),
            strategies=tuple(look.tr(f"recommend_panel.strategy.{name}") for name in item.strategies),
            score=fmt.score(item.score),
            scale=own_scale,
            plan=self._plan(item),
            reasons=" · ".join(reasons),
            signal=look.tr("recommend_panel.signal", day=fmt.day_long(day, look.language)),
            record=look.tr("recommend_panel.record", grade=Grade(item.grade).name, record=text),
            judged=judged,
        )

    def _plan(self, item: Recommendation) -> tuple[PlanPart, ...]:
        look, entry = self._look, item.entry_krw

        def away(price: float) -> str:
            return fmt.percent(_PERCENT * (price / entry - 1.0), 1) if entry > 0 else fmt.MISSING

        qty = fmt.shares(item.qty, look.language) if item.qty > 0 else look.tr("recommend_panel.no_qty")
        return (
            PlanPart(look.tr("recommend_panel.entry"), fmt.price(entry), "", "plan-entry"),
            PlanPart(look.tr("recommend_panel.stop"), fmt.price(item.stop_krw), away(item.stop_krw), "plan-stop"),
            PlanPart(look.tr("recommend_panel.target"), fmt.price(item.target_krw), away(item.target_krw), "plan-target"),
            PlanPart(look.tr("recommend_panel.qty"), qty, ""),
            PlanPart(look.tr("recommend_panel.weight"), fmt.percent(item.weight_pct, 0, plus=False), ""),
        )
