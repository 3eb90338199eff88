"""The running market for one chart: forming bar, today's minutes, gaps, time until the bar ends. No widgets."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QTimer, Signal

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase
from engine.model.chart import ChartSeries, Timeframe
from engine.model.live import QuoteSource
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import MarketPicture, Workstation
from ralphstock_desktop.services.live_contracts import FeedStatus, Gap, GapReport, LiveMarket, QuoteFrame
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.forming import (
    FormingDay,
    kst_seconds,
    last_minutes,
    seconds_left,
    with_day,
    with_minutes,
)
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.live_state import feed_badge
from ralphstock_desktop.ui.viewmodels.quotes import Quote, read_quote

__all__ = ["LiveBars"]

_MINUTE_PAUSE_MS = 100
"""Joining today's minutes takes longer than a day bar, and a minute bar need not move thirty times a second."""
_FILLED_SHOWN = 20
"""Newest filled gaps that keep their mark; open ones are all shown."""


class LiveBars(QObject):
    """Follows one symbol on one time frame.

    Signals
    -------
    rebuilt
        The series has more bars or corrected ones: :meth:`merge` should be asked again.
    last_changed(LastBar)
        Only the newest bar moved.
    numbers_changed
        Price, change or value of the day moved (:meth:`quote`).
    gaps_changed
        :meth:`gaps` are others.
    countdown_changed
        :attr:`countdown_s` is another one.
    feed_changed
        :attr:`status` (and with it :attr:`is_stale`) changed.
    """

    rebuilt = Signal()
    last_changed = Signal(object)
    numbers_changed = Signal()
    gaps_changed = Signal()
    countdown_changed = Signal()
    feed_changed = Signal()

    def __init__(self, workstation: Workstation, origin: str) -> None:
        super().__init__()
        self._workstation, self._origin = workstation, origin
        self.ticker = ""
        self.timeframe = Timeframe.DAY
        self.countdown_s: int | None = None
        """Seconds until the newest bar ends; None while nothing forms."""
        self.is_stale = False
        self._latest = False
        self._simulated = False
        self._day: FormingDay | None = None
        self._tried = False
        """The stored bars were joined with the running day (and may have refused it)."""
        self._last_start: int | None = None
        self.status: FeedStatus | None = None
        self._now_ns: int | None = None
        self._gaps: tuple[Gap, ...] = ()
        self._wanted: tuple[str, ...] = ()
        self._subscriptions: list[Subscription] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_MINUTE_PAUSE_MS)
        self._later.timeout.connect(self._update_minutes)

    @property
    def live(self) -> LiveMarket | None:
        """The running market; None without one and while the past is looked at."""
        return self._workstation.live if self._latest else None

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen."""
        live = self._workstation.live
        if live is not None and not self._subscriptions:
            self._subscriptions = [
                live.status.subscribe(self._on_status),
                live.gaps.subscribe(self._on_gaps),
                live.frames.subscribe(self._on_frame, replay=False),
            ]
            self._want()

    def deactivate(self) -> None:
        """Stop listening and give the symbol back."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._later.stop()
        self._want()

    def follow(self, ticker: str, timeframe: Timeframe, market: MarketPicture | None) -> None:
        """Follow another symbol, other bars or another instant."""
        latest = market is not None and market.is_latest
        self._simulated = market is not None and market.kind == "simulated"
        if (ticker, latest) != (self.ticker, self._latest):
            self.ticker, self._latest = ticker, latest
            report = self.live.gaps.last if self.live is not None else None
            self._gaps = report.of(ticker) if report is not None else ()
            self._want()
        self.timeframe = timeframe
        self._day, self._tried, self._last_start = None, False, None

    def _want(self) -> None:
        live = self._workstation.live
        wanted = (self.ticker,) if self._subscriptions and self.ticker and self._latest else ()
        if live is not None and wanted != self._wanted and self._origin == "chart":
            self._wanted = wanted
            live.want(self._origin, wanted)

    def badge(self, look: Appearance) -> BadgeLook | None:
        """Where the newest bar comes from; None without a feed."""
        return feed_badge(look, self.status, simulated=self._simulated) if self.live is not None else None

    # -- bars -----------------------------------------------------------------------------------------------------------

    @property
    def has_minutes(self) -> bool:
        """Whether minutes of today are known."""
        live = self.live
        return live is not None and bool(self.ticker) and bool(live.minutes_today(self.ticker))

    def quote(self) -> Quote | None:
        """Values of the running day; None where only stored ones are known."""
        live = self.live
        board = live.board if live is not None else None
        quote = read_quote(board, self.ticker) if board is not None and self.ticker else None
        return quote if quote is not None and quote.source >= QuoteSource.POLLED else None

    def merge(self, stored: ChartSeries | None) -> ChartSeries | None:
        """Stored bars with the running day behind them; unchanged where there is nothing to add."""
        merged = self._merged(stored)
        if self._now_ns is not None:
            self._tell_countdown(self._now_ns)
        return merged

    def _merged(self, stored: ChartSeries | None) -> ChartSeries | None:
        live = self.live
        self._day, self._last_start = None, None
        if live is None or stored is None:
            return stored
        self._tried = True
        quote = self.quote()
        base = quote.base if quote is not None else math.nan
        if self.timeframe.is_intraday:
            bars = live.minutes_today(self.ticker)
            if not bars:
                return stored
            newest = last_minutes(bars, self.timeframe)
            self._last_start = newest[0] if newest is not None else None
            return with_minutes(stored, bars, self.timeframe, base)
        bar = live.forming_day(self.ticker)
        self._day = with_day(stored, bar, base) if bar is not None else None
        if bar is None:
            self._tried = False
        return stored if self._day is None else self._day.series

    @property
    def is_forming(self) -> bool:
        """Whether the newest bar is still being made."""
        return self._day is not None or self._last_start is not None

    def _on_frame(self, frame: QuoteFrame) -> None:
        live = self.live
        board = live.board if live is not None else None
        self._tell_countdown(frame.at_ns)
        row = board.row_of(self.ticker) if board is not None and self.ticker else None
        if row is None or not bool((frame.rows == row).any()):
            return
        self.numbers_changed.emit()
        if self.timeframe.is_intraday:
            if not self._later.isActive():
                self._later.start()
        else:
            self._update_day()

    def _update_day(self) -> None:
        live = self.live
        bar = live.forming_day(self.ticker) if live is not None else None
        if bar is None:
            if self._day is not None:
                self.rebuilt.emit()  # the day is begun anew: what was drawn of it has not happened yet
            return
        if self._day is not None:
            self.last_changed.emit(self._day.last(bar))
        elif not self._tried:
            self.rebuilt.emit()

    def _update_minutes(self) -> None:
        live = self.live
        if live is None or not self.timeframe.is_intraday:
            return
        newest = last_minutes(live.minutes_today(self.ticker), self.timeframe)
        if newest is None:
            if self._last_start is not None:
                self.rebuilt.emit()
            return
        if newest[0] == self._last_start:
            self.last_changed.emit(newest[1])
        else:
            self.rebuilt.emit()

    # -- gaps -----------------------------------------------------------------------------------------------------------

    def _on_gaps(self, report: GapReport) -> None:
        found = report.of(self.ticker)
        if found == self._gaps:
            return
        self._gaps = found
        if self.timeframe.is_intraday and self._tried:
            self.rebuilt.emit()  # bars may have been filled in
        self.gaps_changed.emit()

    def gaps(self) -> tuple[Gap, ...]:
        """Gaps to mark: every open one and the newest filled ones, oldest first. None while the past is looked at.

        What was traded before the program listened is no interruption once it is there: nothing of it is marked any more.
        """
        if self.live is None:
            return ()
        filled = [gap for gap in self._gaps if gap.state == "filled" and gap.reason != "start"][-_FILLED_SHOWN:]
        return tuple(gap for gap in self._gaps if gap.state != "filled" or gap in filled)

    # -- clock and feed -------------------------------------------------------------------------------------------------

    def _on_status(self, status: FeedStatus) -> None:
        self.status = status
        self._tell_countdown(status.market_ns)
        self.is_stale = status.is_stale
        self.feed_changed.emit()

    def _tell_countdown(self, now_ns: int) -> None:
        self._now_ns = now_ns
        left = self._seconds_left(now_ns)
        if left != self.countdown_s:
            self.countdown_s = left
            self.countdown_changed.emit()

    def _seconds_left(self, now_ns: int) -> int | None:
        status = self.status
        if status is None or status.phase is not Phase.REGULAR or not self.is_forming:
            return None
        if self.timeframe.is_intraday:
            return seconds_left(now_ns, self.timeframe)
        live = self.live
        board = live.board if live is not None else None
        if board is None or self.timeframe is not Timeframe.DAY:
            return None
        left = kst_seconds(DEFAULT_SESSIONS.close_ns(board.day)) - kst_seconds(now_ns)
        return left if left > 0 else None
