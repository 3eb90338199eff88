"""News of the charted symbol as flags over its bars: only what was known at the instant looked at. No widgets."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.model.chart import ChartSeries
from engine.model.instants import AsOf
from engine.model.news import NewsItem, StockNews
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.services.strategy_contracts import NewsPicture, Strategies
from ralphstock_desktop.ui.charts.forming import kst_seconds
from ralphstock_desktop.ui.charts.paint_news import bar_at
from ralphstock_desktop.ui.charts.scene import NewsFlag
from ralphstock_desktop.wording import format as fmt

__all__ = ["ChartNews", "flags_of"]

_TITLES = 8
"""Titles listed at most; the flag's number says how many there are."""


def flags_of(news: StockNews | None, series: ChartSeries | None, as_of: AsOf | None) -> tuple[NewsFlag, ...]:
    """Flags of one symbol's news over a series, by bar.

    A cluster stands once, at the first publication of its story; items that are too old to be scored stand on their own.
    Nothing known later than ``as_of`` and nothing without a publication time is shown.
    """
    if news is None or series is None or as_of is None or news.ticker != series.ticker:
        return ()
    stories: list[tuple[NewsItem, bool]] = [(cluster.representative, cluster.is_veto) for cluster in news.clusters]
    stories += [(item, False) for item in news.unscored]
    by_bar: dict[int, list[tuple[int, NewsItem, bool]]] = {}
    for item, severe in stories:
        known = item.known_at_ns
        if item.published_ns is None or known is None or known > as_of.instant_ns:
            continue
        bar = bar_at(series, kst_seconds(item.published_ns))
        if bar is not None:
            by_bar.setdefault(bar, []).append((item.published_ns, item, severe))
    flags = []
    for bar, found in sorted(by_bar.items()):
        found.sort(key=lambda each: each[0])
        titles = tuple(_title(item) for _, item, _ in found[:_TITLES])
        flags.append(NewsFlag(bar, len(found), titles, any(severe for _, _, severe in found)))
    return tuple(flags)


def _title(item: NewsItem) -> str:
    assert item.published_ns is not None
    source = f"{item.source} " if item.source else ""
    return f"{fmt.as_of_short(AsOf(item.published_ns))} {source}· {item.title}"


class ChartNews(QObject):
    """Listens to the news for one chart.

    Signals
    -------
    changed
        The flags may be other ones.
    """

    changed = Signal()

    def __init__(self, workstation: Workstation) -> None:
        super().__init__()
        self._workstation = workstation
        self._subscription: Subscription | None = None

    @property
    def strategies(self) -> Strategies | None:
        """The strategies; None where a chart stands without them."""
        return getattr(self._workstation, "strategies", None)

    def activate(self) -> None:
        """Begin to listen."""
        strategies = self.strategies
        if self._subscription is None and strategies is not None:
            self._subscription = strategies.news.subscribe(self._on_news)

    def deactivate(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def _on_news(self, _picture: NewsPicture) -> None:
        self.changed.emit()

    def flags(self, series: ChartSeries | None) -> tuple[NewsFlag, ...]:
        """Flags over a series at the instant looked at."""
        strategies, market = self.strategies, self._workstation.market.last
        if strategies is None or series is None or market is None:
            return ()
        return flags_of(strategies.news_of(series.ticker), series, market.as_of)
