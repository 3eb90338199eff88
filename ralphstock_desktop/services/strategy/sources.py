"""What strategies are computed from at an instant: series, news, minute bars, the bar that is forming; loaded once, reused.

One :class:`Sources` belongs to one market (real or simulated). Loading runs on worker threads; results are kept by day, so that
a clock that is played forward reads the repository once a day and not once a minute.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.asof.view import KnownDays, known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.features.volume_curve import Curve, own_curve
from engine.model.instants import AsOf, kst_ns
from engine.model.instruments import Market
from engine.model.market_series import MarketSeries
from engine.model.news import NewsItem
from engine.model.panel import MarketPanel
from engine.news.market import NewsIndex
from engine.thresholds import Rules
from ralphstock_desktop.ports import MinuteBatch
from ralphstock_desktop.strategy_ports import StrategyStore

__all__ = ["Instant", "Sources", "day_at"]

_NEWS_BACK = timedelta(days=14)
"""Longer than an item may be old (168 h) and a cluster may reach back (72 h)."""


def day_at(panel: MarketPanel, index: int) -> date:
    """Calendar day of a panel index."""
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


@dataclass(frozen=True, eq=False)
class Instant:
    """What was known of one market at an instant.

    Attributes
    ----------
    known : KnownDays
        Last panel days whose official bar and confirmed flows were known.
    session_day : date | None
        The trading day that is going on at the instant (open, official bar not there yet); None outside.
    minutes : tuple of MinuteBatch
        One-minute bars of ``session_day``, whole; what has not ended by the instant is left out by whoever reads them.
    news : NewsIndex
        Items of the last two weeks, later ones included; scoring leaves out what was not known.
    collected : bool
        Whether a news collector worked shortly before.
    """

    panel: MarketPanel
    as_of: AsOf
    known: KnownDays
    session_day: date | None
    series: MarketSeries
    minutes: tuple[MinuteBatch, ...]
    items: tuple[NewsItem, ...]
    """Items behind ``news``, ascending."""
    news: NewsIndex
    collected: bool
    curves: dict[int, Curve]
    """The user's own volume curve by market, where there is enough minute data."""
    collected_at_close: bool | None = None
    """Whether a collector worked shortly before the last known official bar; None: as ``collected``."""


class Sources:
    """Loads and keeps what strategies read from one market's repository. Methods run on worker threads."""

    def __init__(self, store: StrategyStore) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._stale = False
        self._series: tuple[str, MarketSeries] | None = None
        self._news: tuple[tuple[str, date, date, str], tuple[tuple[NewsItem, ...], NewsIndex]] | None = None
        self._minutes: tuple[date, tuple[MinuteBatch, ...]] | None = None
        self._minute_days: frozenset[date] | None = None
        self._minutes_of = ""
        self._curves: tuple[tuple[date, str], dict[int, Curve]] | None = None

    def forget(self) -> None:
        """Read everything anew at the next look: the repository has changed. Never waits for a read that is going on."""
        self._stale = True

    def at(self, panel: MarketPanel, as_of: AsOf, rules: Rules) -> Instant:
        """Load what was known at an instant."""
        with self._lock:
            self._drop_stale()
            self._look_for_minutes(panel)
            session_day = self.session_day(panel, as_of)
            known = known_days(panel, as_of)
            bar_day = day_at(panel, known.bar) if known.bar >= 0 else None
            items, news = self._load_news(panel, min(as_of.day, bar_day) if bar_day is not None else as_of.day, as_of.day)
            at_close = None
            if bar_day is not None:
                at_close = self.store.news_collected(DEFAULT_SESSIONS.official_bar_ns(bar_day))
            return Instant(
                panel=panel,
                as_of=as_of,
                known=known,
                session_day=session_day,
                series=self._load_series(panel),
                minutes=self._load_minutes(session_day),
                items=items,
                news=news,
                collected=self.store.news_collected(as_of.instant_ns),
                curves=self._load_curves(as_of.day, rules),
                collected_at_close=at_close,
            )

    def series(self, panel: MarketPanel) -> MarketSeries:
        """Indices, exchange rate and market flows."""
        with self._lock:
            self._drop_stale()
            return self._load_series(panel)

    @property
    def minute_days(self) -> frozenset[date]:
        """Days with minute bars, as far as they were looked up: never waits for the repository."""
        return self._minute_days or frozenset()

    def session_day(self, panel: MarketPanel, as_of: AsOf) -> date | None:
        """The panel's trading day that is going on at an instant."""
        index = panel.day_index(as_of.day)
        if index < 0 or day_at(panel, index) != as_of.day:
            return None
        is_on = DEFAULT_SESSIONS.open_ns(as_of.day) <= as_of.instant_ns < DEFAULT_SESSIONS.official_bar_ns(as_of.day)
        return as_of.day if is_on else None

    # -- loading, under the lock ----------------------------------------------------------------------------------------

    def _drop_stale(self) -> None:
        if self._stale:
            self._stale = False  # before anything is read: what is forgotten meanwhile is read again the next time
            self._series = self._news = self._minutes = self._minute_days = self._curves = None

    def _load_series(self, panel: MarketPanel) -> MarketSeries:
        if self._series is None or self._series[0] != panel.version:
            self._series = (panel.version, self.store.market_series())
        return self._series[1]

    def _look_for_minutes(self, panel: MarketPanel) -> None:
        """See which days have minute bars; where that or the daily data changed, what was read of them is read anew."""
        found = (panel.version, frozenset(self.store.minute_days()))
        if found != (self._minutes_of, self._minute_days):
            self._minutes_of, self._minute_days = found
            self._minutes = self._curves = None

    def _load_minutes(self, day: date | None) -> tuple[MinuteBatch, ...]:
        if day is None or day not in self.minute_days:
            return ()
        if self._minutes is None or self._minutes[0] != day:
            self._minutes = (day, self.store.minutes_of_day(day))
        return self._minutes[1]

    def _load_news(self, panel: MarketPanel, first_day: date, day: date) -> tuple[tuple[NewsItem, ...], NewsIndex]:
        """Items that may count on any day from ``first_day`` to ``day``: over long holidays the two are far apart."""
        key = (panel.version, first_day, day, self.store.news_version())
        if self._news is None or self._news[0] != key:
            first = kst_ns(first_day - _NEWS_BACK, 0)
            items = self.store.news(first, kst_ns(day + timedelta(days=1), 0))
            self._news = (key, (items, NewsIndex(items, panel.tickers.tolist(), panel.names.tolist())))
        return self._news[1]

    def _load_curves(self, day: date, rules: Rules) -> dict[int, Curve]:
        key = (day, rules.ruleset_id)
        if self._curves is None or self._curves[0] != key:
            curves = {}
            for market in (int(Market.KOSPI), int(Market.KOSDAQ)):
                rows = self._curve_days(market, day, rules)
                curve = own_curve(rows, rules) if rows is not None else None
                if curve is not None:
                    curves[market] = curve
            self._curves = (key, curves)
        return self._curves[1]

    def _curve_days(self, market: int, day: date, rules: Rules) -> npt.NDArray[np.float64] | None:
        earlier = sum(1 for other in self.minute_days if other < day)
        if earlier < rules.daytrading.curve_days:
            return None
        return self.store.volume_curve_days(market, day, rules.daytrading.curve_days)
