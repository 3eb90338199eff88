"""View-model of the chart and of the flow chart: which symbol's bars, which pattern, which evidence. No widgets.

Day, week and month bars come at once, in the same turn of the event loop as the selection. Minute bars are read by a task; an
answer that was overtaken by another request is dropped, so no symbol is ever shown with another one's bars.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.calendar.limits import is_lower_limit, is_upper_limit
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.chart import ChartSeries, Timeframe, VcpOverlay
from engine.model.errors import DataUnavailable, RalphStockError, UserCancelled
from engine.model.evidence import Evidence
from engine.model.scan import ITEMS
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import (
    Empty,
    EvidenceFocus,
    Explanation,
    Failed,
    Loading,
    MarketPicture,
    PanelState,
    Ready,
    ScanPicture,
    SymbolContext,
    Workstation,
)
from ralphstock_desktop.ui.charts.scene import LimitMarks, PatternSummary
from ralphstock_desktop.ui.dock_registry import Spawn
from ralphstock_desktop.ui.viewmodels.chart_live import LiveBars

__all__ = ["ChartViewModel", "DayNumbers", "FlowViewModel"]

_C1 = ITEMS.index("C1")


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """The newest day of the symbol in won, whatever bars are on screen; NaN where missing."""

    close: float = math.nan
    change: float = math.nan
    change_pct: float = math.nan
    value: float = math.nan
    value_estimated: bool = False


class ChartViewModel(QObject):
    """See the module text.

    Parameters
    ----------
    workstation : Workstation
        The program.
    spawn : callable
        Starts a named task on the event loop.
    origin : str
        Identity of the panel; also the part of its text keys (``empty.<origin>.none``).

    Signals
    -------
    series_changed
        :attr:`series` is another one (or None).
    pattern_changed
        :attr:`overlay` and :attr:`summary` are other ones.
    focus_changed
        :attr:`evidence` is another one.
    state_changed
        :attr:`state`, the symbol, the time frame or the prices changed.
    """

    series_changed = Signal()
    pattern_changed = Signal()
    focus_changed = Signal()
    state_changed = Signal()

    def __init__(self, workstation: Workstation, spawn: Spawn, origin: str) -> None:
        super().__init__()
        self._workstation, self._spawn, self.origin = workstation, spawn, origin
        self.ticker = ""
        self.wanted = Timeframe.DAY
        self.timeframe = Timeframe.DAY
        self.adjusted = True
        self.series: ChartSeries | None = None
        self.overlay: VcpOverlay | None = None
        self.summary = PatternSummary()
        self.evidence: Evidence | None = None
        self.day_numbers = DayNumbers()
        self.live_bars = LiveBars(workstation, origin)
        self._stored: ChartSeries | None = None
        self.live_bars.rebuilt.connect(self._on_rebuilt)
        self.state: PanelState = Empty(f"empty.{origin}.none")
        self._request = 0
        self._market: MarketPicture | None = None
        self._subscriptions: list[Subscription] = []

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once, the market first."""
        if self._subscriptions:
            return
        work = self._workstation
        self._subscriptions = [
            work.market.subscribe(self._on_market),
            work.selection.subscribe(self._on_selection),
            work.scans.subscribe(self._on_scan),
            work.focus.subscribe(self._on_focus),
        ]
        self.live_bars.activate()
        if self.series is not None:
            self._on_rebuilt()  # the market went on while the panel was hidden

    def deactivate(self) -> None:
        """Stop listening and drop what is still being read; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._request += 1
        self.live_bars.deactivate()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_market(self, picture: MarketPicture) -> None:
        if picture is not self._market:
            self._market = picture
            if self.ticker:
                self._load()

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self.ticker:
            self.ticker = context.ticker
            self._load()

    def _on_scan(self, _picture: ScanPicture) -> None:
        self._take_pattern()

    def _on_focus(self, focus: EvidenceFocus) -> None:
        evidence = focus.evidence if focus.ticker == self.ticker else None
        if evidence != self.evidence:
            self.evidence = evidence
            self.focus_changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def choose_timeframe(self, timeframe: Timeframe) -> None:
        """Show other bars. The wish is kept: a symbol without minutes shows days until one with minutes comes."""
        if timeframe != self.wanted or timeframe != self.timeframe:
            self.wanted = timeframe
            self._load()

    def choose_adjusted(self, adjusted: bool) -> None:
        """Show adjusted prices or prices as traded."""
        if adjusted != self.adjusted:
            self.adjusted = adjusted
            self._load()

    def dismiss_evidence(self) -> None:
        """Clear the evidence in focus everywhere."""
        self._workstation.focus_evidence(self.ticker, None)

    def retry(self) -> None:
        """Read the bars again."""
        self._load()

    @property
    def has_minutes(self) -> bool:
        """Whether there are minute bars of the symbol."""
        return bool(self.ticker) and (self._workstation.has_minutes(self.ticker) or self.live_bars.has_minutes)

    # -- loading --------------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Fetch the bars of the symbol and time frame in force."""
        self._request += 1
        if not self.ticker or self._market is None:
            return
        wanted = self.wanted
        self.live_bars.follow(self.ticker, wanted, self._market)
        self.timeframe = wanted if not wanted.is_intraday or self.has_minutes else Timeframe.DAY
        self.live_bars.follow(self.ticker, self.timeframe, self._market)
        if self.timeframe.is_intraday:
            self._begin_minutes()
            return
        try:
            series = self._workstation.day_series(self.ticker, self.timeframe, adjusted=self.adjusted)
        except DataUnavailable:
            self._show(None, Empty(f"empty.{self.origin}.no_bars", {"ticker": self.ticker}, "open_ledger"))
        except RalphStockError as error:
            self._show(None, Failed(error))
        else:
            self._show(series, self._ready_state(series))

    def _read_day_numbers(self, series: ChartSeries | None) -> DayNumbers:
        is_day = series is not None and series.timeframe is Timeframe.DAY and series.adjusted
        try:
            days = series if is_day else self._workstation.day_series(self.ticker, Timeframe.DAY, adjusted=True)
        except RalphStockError:
            return DayNumbers()  # loading the bars themselves meets the same error and tells it
        assert days is not None
        close, base = float(days.close[-1]), float(days.base[-1])
        if math.isnan(base) and len(days) > 1:
            base = float(days.close[-2])
        change_pct = (close / base - 1) * 100 if base > 0 else math.nan
        return DayNumbers(close, close - base, change_pct, float(days.value_krw[-1]), bool(days.value_estimated[-1]))

    def numbers_now(self) -> DayNumbers:
        """The running day's price, change and value; the newest stored day's where nothing runs."""
        quote = self.live_bars.quote()
        if quote is None:
            return self.day_numbers
        return DayNumbers(quote.price, quote.price - quote.base, quote.change_pct, quote.value)

    def _ready_state(self, series: ChartSeries) -> PanelState:
        assert self._market is not None
        del series
        return Ready(self._market.as_of)

    def _begin_minutes(self) -> None:
        keeps = self.series is not None and self.series.ticker == self.ticker and self.series.timeframe == self.timeframe
        loading = Loading(Progress("progress.chart_minutes", 0, 0), can_cancel=False)
        self._show(self._stored if keeps else None, loading)
        self._spawn(self._load_minutes(self._request, self.ticker, self.timeframe), f"{self.origin} minutes {self.ticker}")

    async def _load_minutes(self, request: int, ticker: str, timeframe: Timeframe) -> None:
        series: ChartSeries | None = None
        state: PanelState
        try:
            series = await self._workstation.load_series(ticker, timeframe, adjusted=self.adjusted)
        except UserCancelled:
            return
        except DataUnavailable:
            state = Empty(f"empty.{self.origin}.no_minutes", {"ticker": ticker}, "chart_days")
            if request == self._request and self.live_bars.has_minutes:
                series = self._names_only(ticker)
            if series is not None and self._market is not None:
                state = Ready(self._market.as_of)
        except RalphStockError as error:
            state = Failed(error)
        else:
            assert self._market is not None
            state = Ready(self._market.as_of)
        if request == self._request:
            self._show(series, state)

    def _names_only(self, ticker: str) -> ChartSeries | None:
        """A series of the symbol that today's minutes can be joined to where no older ones are stored."""
        try:
            return self._workstation.day_series(ticker, Timeframe.DAY, adjusted=False)
        except RalphStockError:
            return None  # without any bar there is no name and no market to show

    def _on_rebuilt(self) -> None:
        """More or corrected bars of the running day: the same series again, nothing else moves."""
        if self._stored is not None:
            self.series = self.live_bars.merge(self._stored)
            self.series_changed.emit()
            self.state_changed.emit()

    def _show(self, series: ChartSeries | None, state: PanelState) -> None:
        self._stored, self.state = series, state
        self.series = series = self.live_bars.merge(series)
        self.day_numbers = self._read_day_numbers(series)
        self.series_changed.emit()
        self._take_pattern()
        if self.evidence is not None and series is None:
            self.evidence = None
            self.focus_changed.emit()
        self.state_changed.emit()

    # -- pattern --------------------------------------------------------------------------------------------------------

    def _take_pattern(self) -> None:
        """Take the pattern of the scan on screen if it belongs to the instant of the bars on screen."""
        overlay, summary = None, PatternSummary()
        found = self._explanation()
        if found is not None and found.overlay is not None and self._fits(found.overlay):
            overlay = found.overlay
            scan, row = found.scan, found.row
            summary = PatternSummary(float(scan.item_value[row, _C1]), float(scan.dist_pct[row]))
        focus = self._workstation.focus.last
        evidence = focus.evidence if focus is not None and focus.ticker == self.ticker and found is not None else None
        self.overlay, self.summary = overlay, summary
        self.pattern_changed.emit()
        if evidence != self.evidence:
            self.evidence = evidence
            self.focus_changed.emit()

    def _explanation(self) -> Explanation | None:
        scans, market = self._workstation.scans.last, self._market
        if self.series is None or scans is None or market is None:
            return None
        if scans.panel is not market.panel or scans.scan.as_of != market.as_of:
            return None
        return self._workstation.explain(self.ticker)

    def _fits(self, overlay: VcpOverlay) -> bool:
        """Whether the pattern's prices are on the scale of the bars: raw prices differ where a split lies inside it."""
        series = self.series
        if series is None:
            return False
        if series.adjusted or series.timeframe.is_intraday:
            return True
        same = self._workstation.day_series(self.ticker, series.timeframe, adjusted=True)
        since = np.datetime64(min([overlay.base_first_day, *(leg.first_day for leg in overlay.legs)]), "D")
        count = len(same)
        if count > len(series):
            return False
        inside = series.time[:count].astype("datetime64[D]") >= since
        # Behind the stored bars there may be one of the running day; it belongs to no pattern yet.
        return bool(np.array_equal(same.close[inside], series.close[:count][inside]))

    # -- marks ----------------------------------------------------------------------------------------------------------

    def limit_marks(self) -> LimitMarks | None:
        """Bars of the day series that closed at their price limit, judged on prices as traded; None for other bars."""
        series = self.series
        if series is None or series.timeframe is not Timeframe.DAY:
            return None
        raw = self._workstation.day_series(self.ticker, Timeframe.DAY, adjusted=False)
        forming = len(series) - len(raw)
        if forming not in (0, 1):
            return None
        days = raw.time.astype("datetime64[D]")
        try:
            upper, _ = is_upper_limit(raw.close, raw.base, raw.market, days)
            lower, _ = is_lower_limit(raw.close, raw.base, raw.market, days)
        except RalphStockError:
            return None  # the market is unknown on a day when the rules differed: no mark is better than a wrong one
        more = np.zeros(forming, dtype=np.bool_)  # a bar that is still forming has not closed at a limit
        return LimitMarks(np.concatenate((upper, more)), np.concatenate((lower, more)))

    def flow_known(self) -> int | None:
        """Instant from which the newest confirmed flows on screen were known (UTC ns); None without flows."""
        series = self.series
        if series is None or series.timeframe.is_intraday:
            return None
        known = np.flatnonzero(~(np.isnan(series.foreign_krw) & np.isnan(series.institution_krw)))
        if not len(known):
            return None
        return DEFAULT_SESSIONS.confirmed_flow_ns(series.time[known[-1]].astype("datetime64[D]").item())


class FlowViewModel(ChartViewModel):
    """The same symbol and bars for the flow panel: never minutes, and empty where no flows are recorded."""

    def choose_timeframe(self, timeframe: Timeframe) -> None:
        """Follow the main chart's days, weeks or months."""
        if not timeframe.is_intraday:
            super().choose_timeframe(timeframe)

    def _ready_state(self, series: ChartSeries) -> PanelState:
        if np.isnan(series.foreign_krw).all() and np.isnan(series.institution_krw).all():
            return Empty("empty.flow.no_flows", {"ticker": series.ticker}, "open_ledger")
        return super()._ready_state(series)
