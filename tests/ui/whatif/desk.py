"""The what-if panel in a window over a service that answers at once: real rules, real channels, results set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.thresholds import DEFAULT_RULES, Rules, iter_specs
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import PanelState, Ready
from ralphstock_desktop.services.strategy.what_if import slider_names
from ralphstock_desktop.services.strategy_contracts import DayTradePicture, StrategyName, Threshold, WhatIfState
from ralphstock_desktop.strategy_ports import RuleProfile
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.threshold_slider import ThresholdSlider
from ralphstock_desktop.ui.docks.what_if import WhatIfPanel
from tests.ui.closing.desk import ClosingWorkstation, closing_picture
from tests.ui.tables.local_market import context_for

__all__ = ["FakeWhatIf", "WhatIfDesk"]

COUNTS = {"S": 0, "A": 3, "B": 9, "C": 24, "all": 36}


class FakeWhatIf:
    """Keeps the contract of ``WhatIf``; every move is answered at once with counts that depend on how many are moved."""

    def __init__(self) -> None:
        self.state: Channel[WhatIfState] = Channel("what_if")
        self.strategy: StrategyName = "VCP"
        self.changes: dict[str, float] = {}
        self.moves: list[tuple[str, float]] = []
        self.calls: list[tuple[str, ...]] = []
        self.kept: dict[str, RuleProfile] = {}
        self.profile = ""
        self.result: dict[str, Any] = {}
        """Fields of the state that replace the usual ones while anything is moved."""

    @property
    def rules(self) -> Rules:
        return DEFAULT_RULES.replace(dict(self.changes))

    def choose(self, strategy: StrategyName) -> None:
        self.strategy = strategy
        self.publish()

    def thresholds(self, strategy: StrategyName) -> tuple[Threshold, ...]:
        now = {name: (float(value), spec) for name, value, spec in iter_specs(self.rules)}
        base = {name: float(value) for name, value, _ in iter_specs(DEFAULT_RULES)}
        bars = tuple(float(place % 7) for place in range(48))
        return tuple(
            Threshold(name, now[name][0], base[name], now[name][1], bars if "value" in name else None)
            for name in slider_names(strategy)
        )

    def move(self, name: str, value: float) -> None:
        self.rules.replace({**self.changes, name: value})
        self.moves.append((name, value))
        self.changes[name] = value
        if value == {key: float(number) for key, number, _ in iter_specs(DEFAULT_RULES)}[name]:
            del self.changes[name]
        self.publish()

    def undo(self) -> None:
        self.calls.append(("undo",))
        self.changes.pop(next(reversed(self.changes)))
        self.publish()

    def reset(self) -> None:
        self.calls.append(("reset",))
        self.changes = {}
        self.publish()

    def profiles(self) -> tuple[RuleProfile, ...]:
        return tuple(self.kept.values())

    async def save_as(self, name: str) -> None:
        if name == "refused":
            raise ValidationFailed("no", key="error.profile_empty", name=name)
        self.kept[name] = RuleProfile(name, dict(self.changes), "x", 1)
        self.profile = name
        self.publish()

    async def load(self, name: str) -> None:
        if name not in self.kept:
            raise DataUnavailable("none", key="error.profile_unknown", name=name)
        self.changes = dict(self.kept[name].changes)
        self.profile = name
        self.publish()

    async def delete(self, name: str) -> None:
        self.kept.pop(name)
        self.publish()

    def publish(self) -> None:
        """Answer."""
        active = bool(self.changes)
        after = {**COUNTS, "B": COUNTS["B"] + 1, "all": COUNTS["all"] + 8} if active else COUNTS
        values = self.thresholds(self.strategy)
        state = WhatIfState(
            active=active,
            strategy=self.strategy,
            rules=self.rules,
            base_rules=DEFAULT_RULES,
            profile=self.profile if active else "",
            changed=tuple(item for item in values if item.name in self.changes),
            counts_before=COUNTS,
            counts_after=after,
            entering=(),
            leaving=(),
            moved=0,
            seconds=0.0012 if active else 0.0,
            record_before=None,
            record_after=None,
            tries=0,
            can_undo=active,
        )
        self.state.publish(replace(state, **(self.result if active else {})))


def run_coroutine(work: Coroutine[Any, Any, None], name: str) -> None:
    """Run a supervised task to its end at once."""
    del name
    asyncio.run(work)


class WhatIfDesk:
    """The panel over the closing-bet market."""

    def __init__(
        self,
        qtbot: QtBot | None,
        size: tuple[int, int] = (343, 720),
        *,
        look: Appearance | None = None,
        with_strategies: bool = True,
        opened: bool = True,
    ) -> None:
        self.look = look or Appearance()
        self.work = ClosingWorkstation(with_strategies=with_strategies)
        self.what_if = FakeWhatIf()
        fake: Any = self.work.fake
        fake.what_if = self.what_if
        fake.day_trades = Channel[DayTradePicture]("day")
        fake.day_state = Channel[PanelState]("day_state")
        if opened:
            self.work.open()
            as_of = closing_picture().scan.as_of
            fake.day_state.publish(Ready(as_of))
            self.work.scan_state.publish(Ready(as_of))
        self.panel = WhatIfPanel(replace(context_for(self.work, self.look), spawn=run_coroutine))
        self.window = QWidget()
        self.window.resize(*size)
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, *size)
        if qtbot is not None:
            qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        QApplication.processEvents()

    @property
    def view(self) -> Any:
        return self.panel.view

    def slider(self, name: str) -> ThresholdSlider:
        found: ThresholdSlider = self.panel.view.sliders[name]
        return found
