"""View-model of the time-machine bar: the clock, the day line and its events, in words and shares of the line."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from engine.model.instants import kst_datetime
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.services.strategy_contracts import TimeMachine, TimeMachineState, TimeMark
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt

__all__ = ["Tick", "TimeMachineViewModel", "mark_text"]

_MINUTE_NS = 60_000_000_000
_HOUR_NS = 60 * _MINUTE_NS
_LONGEST_TITLE = 70


@dataclass(frozen=True, slots=True)
class Tick:
    """A full hour on the day line."""

    share: float
    text: str


def mark_text(look: Appearance, mark: TimeMark) -> str:
    """Return time and sentence of an event."""
    fields = dict(mark.fields)
    title = fields.get("title")
    if isinstance(title, str) and len(title) > _LONGEST_TITLE:
        fields["title"] = f"{title[: _LONGEST_TITLE - 1]}…"
    words = look.tr(mark.key, **fields) if look.has_text(mark.key) else mark.key
    clock = fmt.clock(mark.at_ns, seconds=False)
    return words if words.startswith(clock) else f"{clock} {words}"


class TimeMachineViewModel(QObject):
    """Follows the one clock of the workstation.

    Signals
    -------
    changed
        Clock, day, speed, events: anything.
    active_changed(bool)
        The past is looked at, or no longer.
    """

    changed = Signal()
    active_changed = Signal(bool)

    def __init__(self, workstation: Workstation, appearance: Appearance) -> None:
        super().__init__()
        self._look = appearance
        strategies = workstation.strategies
        self.machine: TimeMachine | None = strategies.time_machine if strategies is not None else None
        self.state: TimeMachineState | None = None
        self._subscription: Subscription | None = None
        if self.machine is not None:
            self._subscription = self.machine.state.subscribe(self._on_state)

    def close(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def _on_state(self, state: TimeMachineState) -> None:
        before, self.state = self.active, state
        self.changed.emit()
        if state.active != before:
            self.active_changed.emit(state.active)

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Whether the past is looked at."""
        return self.state is not None and self.state.active

    def clock(self) -> str:
        """The clock: ``2026-01-28 (수) 15:42``."""
        if self.state is None:
            return ""
        moment = kst_datetime(self.state.now_ns)
        return f"{fmt.day_long(moment.date(), self._look.language)} {moment:%H:%M}"

    def share_of(self, instant_ns: int) -> float:
        """Where an instant lies on the day line, 0 … 1; before the open 0, after the end 1."""
        state = self.state
        if state is None or state.last_ns <= state.first_ns:
            return 0.0
        return min(max((instant_ns - state.first_ns) / (state.last_ns - state.first_ns), 0.0), 1.0)

    def instant_at(self, share: float) -> int:
        """The whole minute at a place of the day line."""
        state = self.state
        if state is None:
            return 0
        instant = state.first_ns + round(min(max(share, 0.0), 1.0) * (state.last_ns - state.first_ns))
        return min(max(round(instant / _MINUTE_NS) * _MINUTE_NS, state.first_ns), state.last_ns)

    def ticks(self) -> tuple[Tick, ...]:
        """Full hours of the line."""
        state = self.state
        if state is None:
            return ()
        first = -(-state.first_ns // _HOUR_NS) * _HOUR_NS
        return tuple(
            Tick(self.share_of(instant), fmt.clock(instant, seconds=False))
            for instant in range(first, state.last_ns + 1, _HOUR_NS)
        )

    def marks(self) -> tuple[tuple[float, TimeMark], ...]:
        """Events with their place; none later than the clock, whoever may have sent one."""
        state = self.state
        if state is None:
            return ()
        return tuple((self.share_of(mark.at_ns), mark) for mark in state.marks if mark.at_ns <= state.now_ns)

    # -- what the user does ---------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play or pause."""
        if self.machine is not None and self.state is not None:
            if self.state.playing:
                self.machine.pause()
            else:
                self.machine.play()

    def step(self, minutes: int) -> None:
        """Move by minutes."""
        if self.machine is not None:
            self.machine.step(minutes)

    def step_day(self, days: int) -> None:
        """Move by trading days."""
        if self.machine is not None:
            self.machine.step_day(days)

    def jump(self, instant_ns: int) -> None:
        """Set the clock."""
        if self.machine is not None:
            self.machine.jump(instant_ns)

    def to_open(self) -> None:
        """Set the clock to the beginning of the line."""
        if self.state is not None:
            self.jump(self.state.first_ns)

    def to_close(self) -> None:
        """Set the clock to the end of the line."""
        if self.state is not None:
            self.jump(self.state.last_ns)

    def set_speed(self, speed: float) -> None:
        """Market seconds per second."""
        if self.machine is not None:
            self.machine.set_speed(speed)

    def leave(self) -> None:
        """Back to now."""
        if self.machine is not None:
            self.machine.leave()
