"""The time-machine bar over a machine that records what it is asked, and publishes what it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.services.strategy_contracts import TimeMachineState, TimeMark
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.time_bar import TimeMachineBar

__all__ = ["DAY", "FakeMachine", "TimeDesk", "at", "past"]

DAY = date(2026, 1, 28)


def at(hour: int, minute: int = 0) -> int:
    """An instant of the day."""
    return kst_ns(DAY, hour, minute)


def past(hour: int = 12, minute: int = 0, **changes: Any) -> TimeMachineState:
    """The clock at a time of the day, with four events of which the last is later than noon."""
    marks = (
        TimeMark(at(9, 40), "news", "time.mark.news", (("title", "역대 최대 수주"),)),
        TimeMark(at(9, 41), "news", "time.mark.news", (("title", "목표가 상향"),)),
        TimeMark(at(11), "signal", "time.mark.signals", (("count", 3),)),
        TimeMark(at(15, 10), "phase", "time.mark.pre_close"),
    )
    given = TimeMachineState(True, at(hour, minute), DAY, at(9), at(15, 40), False, 60.0, True, marks)
    return replace(given, **changes)


class FakeMachine:
    """Keeps the contract of ``TimeMachine``."""

    speeds = (1.0, 10.0, 60.0, 300.0, 600.0)

    def __init__(self) -> None:
        self.state: Channel[TimeMachineState] = Channel("time_machine")
        self.calls: list[tuple[Any, ...]] = []

    def enter(self, as_of: AsOf) -> None:
        self.calls.append(("enter", as_of))

    def leave(self) -> None:
        self.calls.append(("leave",))
        self.state.publish(replace(past(), active=False, marks=()))

    def play(self) -> None:
        self.calls.append(("play",))
        assert self.state.last is not None
        self.state.publish(replace(self.state.last, playing=True))

    def pause(self) -> None:
        self.calls.append(("pause",))
        assert self.state.last is not None
        self.state.publish(replace(self.state.last, playing=False))

    def set_speed(self, speed: float) -> None:
        self.calls.append(("speed", speed))
        assert self.state.last is not None
        self.state.publish(replace(self.state.last, speed=speed))

    def jump(self, instant_ns: int) -> None:
        self.calls.append(("jump", instant_ns))

    def step(self, minutes: int) -> None:
        self.calls.append(("step", minutes))

    def step_day(self, days: int) -> None:
        self.calls.append(("step_day", days))


class TimeDesk:
    """The bar at the top of a window."""

    def __init__(
        self, qtbot: QtBot | None, *, look: Appearance | None = None, width: int = 1_280, with_strategies: bool = True
    ) -> None:
        self.look = look or Appearance()
        self.machine = FakeMachine()
        strategies = SimpleNamespace(time_machine=self.machine) if with_strategies else None
        self.bar = TimeMachineBar(self.look, cast(Workstation, SimpleNamespace(strategies=strategies)))
        self.window = QWidget()
        column = QVBoxLayout(self.window)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.bar)
        column.addStretch(1)
        self.window.resize(width, 120)
        if qtbot is not None:
            qtbot.addWidget(self.window)
        self.window.show()
        QApplication.processEvents()

    def show(self, state: TimeMachineState | None = None) -> None:
        """Set the clock."""
        self.machine.state.publish(state or past())
        QApplication.processEvents()
