"""The one clock of the workstation while the past is looked at: set it back, step it, play it forward.

The clock moves on this machine's time at the chosen speed; the workstation is told each whole minute (minute bars end there),
so everything on screen is of one instant. What is shown can only be what was known then: every panel asks by the same as-of.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import date

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.services.strategy.sources import day_at
from ralphstock_desktop.services.strategy_contracts import TimeMachineState, TimeMark
from ralphstock_desktop.services.workstation import WorkstationService

__all__ = ["TimeMachineService"]

_MINUTE_NS = 60_000_000_000
_BEAT_S = 0.1
SPEEDS = (1.0, 10.0, 60.0, 300.0, 600.0)


class TimeMachineService:
    """See :class:`ralphstock_desktop.services.strategy_contracts.TimeMachine`.

    Parameters
    ----------
    marks : callable
        Events of a day up to an instant: (day, instant_ns) to marks.
    has_minutes : callable
        Whether any minute bars of a day are stored.
    timer : callable
        Seconds of this machine, for playing.
    """

    speeds: tuple[float, ...] = SPEEDS

    def __init__(
        self,
        workstation: WorkstationService,
        *,
        marks: Callable[[date, int], tuple[TimeMark, ...]],
        has_minutes: Callable[[date], bool],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state: Channel[TimeMachineState] = Channel("time_machine")
        self._workstation = workstation
        self._marks, self._has_minutes, self._timer = marks, has_minutes, timer
        self._now_ns = 0
        self._speed = 60.0
        self._player: asyncio.Task[None] | None = None
        self._subscription = workstation.market.subscribe(self._on_market)

    # -- commands -------------------------------------------------------------------------------------------------------

    def enter(self, as_of: AsOf) -> None:
        """Look at an earlier instant; one that is not earlier than now is now."""
        self._workstation.set_as_of(as_of)

    def leave(self) -> None:
        """Back to now."""
        self.pause()
        self._workstation.set_as_of_latest()

    def play(self) -> None:
        """Let the clock run; does nothing while the present is looked at."""
        if self._player is None and self.state.last is not None and self.state.last.active:
            self._player = asyncio.get_running_loop().create_task(self._play(), name="time machine")
            self._publish()

    def pause(self) -> None:
        """Stop the clock where it is."""
        if self._player is not None:
            self._player.cancel()
            self._player = None
            self._publish()

    def set_speed(self, speed: float) -> None:
        """Market seconds per second."""
        self._speed = min(max(float(speed), SPEEDS[0]), SPEEDS[-1])
        self._publish()

    def jump(self, instant_ns: int) -> None:
        """Set the clock to an instant of any day."""
        self._now_ns = instant_ns
        self._workstation.set_as_of(AsOf(instant_ns))

    def step(self, minutes: int) -> None:
        """Move by whole minutes; before the open and after the day's end by trading days."""
        panel = self._panel
        if panel is None:
            return
        floor = self._now_ns - self._now_ns % _MINUTE_NS
        target = floor + minutes * _MINUTE_NS
        first, last = self._span(AsOf(self._now_ns).day)
        if target < first or target > last:
            self.step_day(1 if minutes > 0 else -1)
        else:
            self.jump(target)

    def step_day(self, days: int) -> None:
        """Move by trading days: forward to the open, back to the close."""
        panel = self._panel
        if panel is None:
            return
        index = panel.day_index(AsOf(self._now_ns).day) + days
        if index >= len(panel.days):
            self.leave()
            return
        day = day_at(panel, max(index, 0))
        first, last = self._span(day)
        self.jump(first if days > 0 else last)

    async def close(self) -> None:
        """Stop playing and listening."""
        self._subscription.close()
        if self._player is not None:
            self._player.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._player
            self._player = None

    def refresh(self) -> None:
        """Publish again: what the marks are made from has changed."""
        if self.state.last is not None and self.state.last.active:
            self._publish()

    # -- inside ---------------------------------------------------------------------------------------------------------

    @property
    def _panel(self) -> MarketPanel | None:
        picture = self._workstation.market.last
        return picture.panel if picture is not None else None

    @staticmethod
    def _span(day: date) -> tuple[int, int]:
        """Start and end of a day's line: the open, and the official bar."""
        return DEFAULT_SESSIONS.open_ns(day), DEFAULT_SESSIONS.official_bar_ns(day)

    def _on_market(self, picture: MarketPicture) -> None:
        if picture.is_latest and self._player is not None:
            self._player.cancel()
            self._player = None
        self._now_ns = picture.as_of.instant_ns
        self._publish()

    def _publish(self) -> None:
        picture = self._workstation.market.last
        if picture is None:
            return
        # A line of the day the clock is on; on a day without trading that of the last one before.
        index = picture.panel.day_index(AsOf(self._now_ns).day)
        day = day_at(picture.panel, max(index, 0))
        first, last = self._span(day)
        active = not picture.is_latest
        self.state.publish(
            TimeMachineState(
                active=active,
                now_ns=self._now_ns,
                day=day,
                first_ns=first,
                last_ns=max(last, min(self._now_ns, DEFAULT_SESSIONS.confirmed_flow_ns(day))),
                playing=self._player is not None,
                speed=self._speed,
                has_minutes=self._has_minutes(day),
                marks=self._marks(day, self._now_ns) if active else (),
            )
        )

    async def _play(self) -> None:
        """Move the clock by what has passed; over the end of a day to the next open, at the end of the data back to now."""
        position = float(self._now_ns)
        before = self._timer()
        while True:
            await asyncio.sleep(_BEAT_S)
            moment = self._timer()
            position += (moment - before) * self._speed * 1e9
            before = moment
            panel = self._panel
            if panel is None:
                return
            day = AsOf(int(position)).day
            first, last = self._span(day)
            index = panel.day_index(day)
            trading = index >= 0 and day_at(panel, index) == day
            if trading and position < first:
                position = float(first)
            elif not trading or position > last + _MINUTE_NS:
                if index + 1 >= len(panel.days):
                    self._player = None
                    self._workstation.set_as_of_latest()
                    return
                position = float(DEFAULT_SESSIONS.open_ns(day_at(panel, index + 1)))
            shown = int(position) - int(position) % _MINUTE_NS
            if shown != self._now_ns - self._now_ns % _MINUTE_NS:
                position_known = known_days(panel, AsOf(shown))
                if position_known.bar < 0:
                    continue
                self._workstation.set_as_of(AsOf(shown))
                # The next step waits for this one to be on screen: a slow machine plays slower, it never skips a bar.
                await self._workstation.idle_scan()
                before = self._timer()
