"""The one clock of the workstation while the past is looked at: set it back, step it, play it forward.

The clock moves on this machine's time at the chosen speed; the workstation is told each whole minute (minute bars end there),
so everything on screen is of one instant. What is shown can only be what was known then: every panel asks by the same as-of.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
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
    now_ns : callable
        The present: a clock set to it or later is the present. None: the last instant is not known and any may be set.
    settled : callable
        Waits until everything of the instant shown is on screen; playing does not go on before.
    """

    speeds: tuple[float, ...] = SPEEDS

    def __init__(
        self,
        workstation: WorkstationService,
        *,
        marks: Callable[[date, int], tuple[TimeMark, ...]],
        has_minutes: Callable[[date], bool],
        timer: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] | None = None,
        settled: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.state: Channel[TimeMachineState] = Channel("time_machine")
        self._workstation = workstation
        self._marks, self._has_minutes, self._timer = marks, has_minutes, timer
        self._present_ns = now_ns
        self._settled = settled or workstation.idle_scan
        self._now_ns = 0
        self._position = 0.0
        """Where the playing clock is; set anew by whoever else moves the clock."""
        self._played_ns = 0
        """The instant the player itself asked for last."""
        self._speed = 60.0
        self._player: asyncio.Task[None] | None = None
        self._subscription = workstation.market.subscribe(self._on_market)

    # -- commands -------------------------------------------------------------------------------------------------------

    def enter(self, as_of: AsOf) -> None:
        """Look at an earlier instant; one that is not earlier than now is now."""
        self.jump(as_of.instant_ns)

    def leave(self) -> None:
        """Back to now."""
        self.pause()
        self._workstation.set_as_of_latest()

    def play(self) -> None:
        """Let the clock run; does nothing while the present is looked at."""
        if self._player is None and self.state.last is not None and self.state.last.active:
            self._position = float(self._now_ns)
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
        """Set the clock to an instant of any day. The present cannot be overtaken: from it on this is :meth:`leave`."""
        if self._present_ns is not None and instant_ns >= self._present_ns():
            self.leave()
            return
        self._workstation.set_as_of(AsOf(instant_ns))

    def step(self, minutes: int) -> None:
        """Move by whole minutes; from the ends of a day's line to the next or the previous trading day's."""
        panel = self._panel
        index = panel.day_index(AsOf(self._now_ns).day) if panel is not None else -1
        if panel is None or index < 0:
            return
        target = self._now_ns - self._now_ns % _MINUTE_NS + minutes * _MINUTE_NS
        first, last = self._span(day_at(panel, index))
        if minutes > 0 and target > last:
            self.step_day(1)
        elif minutes < 0 and target < first:
            self.step_day(-1)
        else:
            self.jump(min(max(target, first), last))

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
        if self._now_ns != self._played_ns:
            self._position = float(self._now_ns)  # set by hand while playing: play on from there
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
        try:
            before = self._timer()
            while True:
                await asyncio.sleep(_BEAT_S)
                moment = self._timer()
                self._position += (moment - before) * self._speed * 1e9
                before = moment
                if not self._to_a_session():
                    self._player = None
                    self._workstation.set_as_of_latest()
                    return
                if await self._show_minute():
                    # A slow machine plays slower, it never skips a bar.
                    before = self._timer()
        finally:
            if self._player is asyncio.current_task():
                self._player = None
                self._publish()

    def _to_a_session(self) -> bool:
        """Put the playing clock onto the line of a trading day; False at the end of the data."""
        panel = self._panel
        if panel is None:
            return False
        day = AsOf(int(self._position)).day
        first, last = self._span(day)
        index = panel.day_index(day)
        trading = index >= 0 and day_at(panel, index) == day
        if trading and self._position < first:
            self._position = float(first)
        elif not trading or self._position > last + _MINUTE_NS:
            if index + 1 >= len(panel.days):
                return False
            self._position = float(DEFAULT_SESSIONS.open_ns(day_at(panel, index + 1)))
        return self._present_ns is None or self._position < self._present_ns()

    async def _show_minute(self) -> bool:
        """Tell the workstation the minute that has ended, unless it is on screen; wait until everything of it is."""
        panel, position = self._panel, int(self._position)
        shown = position - position % _MINUTE_NS
        if panel is None or shown == self._now_ns - self._now_ns % _MINUTE_NS or known_days(panel, AsOf(shown)).bar < 0:
            return False
        self._played_ns = shown
        self._workstation.set_as_of(AsOf(shown))
        await self._settled()
        return True
