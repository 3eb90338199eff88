"""View-model of the news panel (screen 0850): clusters of one stock, or every item of the market. No widgets.

MISSING (no collector ran) and "no news" are two different things and are said apart. Items without a publication time are
listed apart: they are never scored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.model.hangul import initials, is_initials
from engine.model.instants import AsOf, day_of
from engine.model.news import NewsCluster, NewsItem, StockNews
from engine.model.panel import MarketPanel
from engine.model.scan import ScoreStatus
from engine.thresholds import Rules
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, PanelState, Stale, SymbolContext, Workstation
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, NewsPicture, Strategies
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.forming import kst_seconds
from ralphstock_desktop.ui.charts.link import ChartLink, CrosshairAt
from ralphstock_desktop.ui.charts.paint_news import NEWS_JUMP
from ralphstock_desktop.ui.viewmodels.closing_lines import clean_hits, weight_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["NEWS_ORIGIN", "NewsHead", "NewsRow", "NewsViewModel"]

NEWS_ORIGIN = NEWS_JUMP
"""Origin of selections and of the crosshair that jumps to the bar of an article."""
_NEWS_MAX = 3
_MOST = 1_000
"""Items of the market listed at most; the search looks through all."""
Mode = Literal["symbol", "market"]


@dataclass(frozen=True, slots=True)
class NewsHead:
    """Line above the list of one stock: its points, or that they are not known."""

    points: str
    sums: str
    veto: bool
    missing: bool
    verdict: str
    """What a language model said, and what came of it; empty without one."""


@dataclass(frozen=True, slots=True)
class NewsRow:
    """One line of the list: a heading, a cluster, one of its versions, or an item."""

    id: str
    kind: Literal["group", "cluster", "version", "item"]
    title: str
    hits: tuple[tuple[int, int], ...] = ()
    line: str = ""
    effect: str = ""
    counts: bool = False
    severe: bool = False
    versions: int = 1
    url: str = ""
    ticker: str = ""
    published_ns: int | None = None
    stocks: str = ""
    """Names of the stocks an item of the whole market is about."""


class NewsViewModel(QObject):
    """Follows the linked symbol, or shows the whole market.

    Signals
    -------
    changed
        Rows, head or message are other ones.
    state_changed
        :attr:`panel_state` changed.
    """

    changed = Signal()
    state_changed = Signal()

    def __init__(self, workstation: Workstation, appearance: Appearance, chart_link: ChartLink) -> None:
        super().__init__()
        self._workstation, self._appearance, self._link = workstation, appearance, chart_link
        self.mode: Mode = "symbol"
        self.ticker = ""
        self.words = ""
        self.picture: NewsPicture | None = None
        self.stock: StockNews | None = None
        self.head: NewsHead | None = None
        self.rows: tuple[NewsRow, ...] = ()
        self.total = 0
        """Clusters (one stock) or items (market) before the search."""
        self.message: tuple[str, str] | None = None
        """What is said where there are no rows."""
        self.opened: set[str] = set()
        """Clusters whose versions are listed."""
        self.chosen = ""
        self._state: PanelState | None = None
        self._subscriptions: list[Subscription] = []
        appearance.changed.connect(self.rewrite)

    @property
    def strategies(self) -> Strategies | None:
        """The strategies, if the program runs with them."""
        return self._workstation.strategies

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        strategies = self.strategies
        self._subscriptions = [self._workstation.selection.subscribe(self._on_selection)]
        if strategies is not None:
            self._subscriptions += [
                strategies.news.subscribe(self._on_news),
                strategies.news_state.subscribe(self._on_state),
                strategies.closing.subscribe(self._on_closing, replay=False),
            ]
        self.state_changed.emit()

    def deactivate(self) -> None:
        """Stop listening; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def _on_selection(self, context: SymbolContext) -> None:
        if context.ticker != self.ticker:
            self.ticker = context.ticker
            if self.mode == "symbol":
                self.opened.clear()
                self.chosen = ""
                self._read_stock()

    def _on_news(self, picture: NewsPicture) -> None:
        self.picture = picture
        self._read_stock()

    def _on_closing(self, _picture: ClosingPicture) -> None:
        """A language model's answer comes with another closing bet."""
        self._read_stock()

    def _on_state(self, state: PanelState) -> None:
        self._state = state
        self.state_changed.emit()

    def _read_stock(self) -> None:
        strategies = self.strategies
        self.stock = strategies.news_of(self.ticker) if strategies is not None and self.ticker else None
        self.rewrite()
        self.state_changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def choose_mode(self, mode: str) -> None:
        """Show one stock's news or the whole market's."""
        if mode in ("symbol", "market") and mode != self.mode:
            self.mode = "market" if mode == "market" else "symbol"
            self.chosen = ""
            self._read_stock()

    def search(self, words: str) -> None:
        """List only what holds the words."""
        if words.strip() != self.words:
            self.words = words.strip()
            self.rewrite()

    def toggle(self, identity: str) -> None:
        """List the versions of a cluster, or not."""
        self.opened ^= {identity}
        self.rewrite()

    def choose(self, identity: str) -> None:
        """Choose a row: its stock is selected and the chart goes to its bar."""
        row = self.row(identity)
        if row is None or row.kind == "group":
            return
        self.chosen = identity
        if self.mode == "market" and row.ticker and row.ticker != self.ticker:
            self._workstation.select(row.ticker, NEWS_ORIGIN)
        if row.published_ns is not None:
            self._link.crosshair.publish(CrosshairAt(NEWS_ORIGIN, kst_seconds(row.published_ns)))
        self.changed.emit()

    def step(self, rows: int) -> None:
        """Walk down or up over what can be chosen."""
        stops = [row.id for row in self.rows if row.kind != "group"]
        if stops:
            # From nothing, a step down begins before the first row and a step up behind the last.
            here = stops.index(self.chosen) if self.chosen in stops else (-1 if rows > 0 else len(stops))
            at = here + rows
            self.choose(stops[min(max(at, 0), len(stops) - 1)])

    def find(self, news_id: int, url: str) -> str:
        """Identity of the row of an article, its cluster opened where it is one of several versions; empty if not listed."""
        if self.mode == "symbol" and self.stock is not None:
            for number, cluster in enumerate(self.stock.clusters):
                version = next((item for item in cluster.members if _is_article(item, news_id, url)), None)
                if version is not None and f"c{number}" in {row.id for row in self.rows}:
                    if version.id == cluster.representative.id:
                        return f"c{number}"
                    if f"c{number}" not in self.opened:
                        self.toggle(f"c{number}")
                    return f"c{number}:{version.id}"
        wanted = f"i{news_id}"
        return next((row.id for row in self.rows if row.id == wanted or (url and row.url == url)), "")

    def row(self, identity: str) -> NewsRow | None:
        """A row by identity."""
        return next((row for row in self.rows if row.id == identity), None)

    # -- state ----------------------------------------------------------------------------------------------------------

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        return Empty("empty.news.off") if self.strategies is None else self._state

    @property
    def is_stale(self) -> bool:
        """Whether the news are older than they should be."""
        return isinstance(self._state, Stale)

    def name(self, ticker: str) -> str:
        """Name of a symbol; its code where none is known."""
        panel = self.picture.panel if self.picture is not None else None
        return _name(panel, ticker, english=self._appearance.language == "en")

    # -- rows -----------------------------------------------------------------------------------------------------------

    def rewrite(self) -> None:
        """Write the rows again."""
        self.head, self.message, rows = None, None, []
        if self.picture is not None:
            rows = self._stock_rows() if self.mode == "symbol" else self._market_rows(self.picture)
        self.rows = tuple(rows)
        if not rows and self.message is None and self.picture is not None:
            self.message = self._no_rows()
        self.changed.emit()

    def _no_rows(self) -> tuple[str, str]:
        tr = self._appearance.tr
        if self.total and self.words:
            return tr("news_panel.none.found"), tr("news_panel.none.found.detail", count=fmt.number(self.total))
        if self.mode == "market":
            return tr("news_panel.none.market"), tr("news_panel.none.market.detail")
        days = fmt.number(self._rules.news.max_age_h / 24)
        return tr("news_panel.none.symbol"), tr("news_panel.none.symbol.detail", days=days)

    @property
    def _rules(self) -> Rules:
        return self._workstation.rules

    def _stock_rows(self) -> list[NewsRow]:
        tr, stock = self._appearance.tr, self.stock
        self.total = 0
        if not self.ticker:
            self.message = (tr("news_panel.none.choose"), tr("news_panel.none.choose.detail"))
            return []
        if stock is None or stock.status is ScoreStatus.MISSING:
            self.head = NewsHead(tr("news_panel.points.missing"), "", False, True, "")
            self.message = (tr("news_panel.missing"), tr("news_panel.missing.detail"))
            return []
        self.head = self._head(stock)
        self.total = len(stock.clusters) + len(stock.unscored)
        rows: list[NewsRow] = []
        for number, cluster in enumerate(stock.clusters):
            if self._matches(cluster.members):
                rows += self._cluster_rows(f"c{number}", cluster)
        timeless = [item for item in stock.unscored if item.published_ns is None]
        old = [item for item in stock.unscored if item.published_ns is not None]
        for key, items in (("unknown_time", timeless), ("old", old)):
            kept = [item for item in items if self._matches((item,))]
            if kept:
                rows.append(NewsRow(f"g:{key}", "group", tr(f"news_panel.group.{key}")))
                rows += [self._item_row(item, dated=True) for item in kept]
        return rows

    def _head(self, stock: StockNews) -> NewsHead:
        tr, verdict = self._appearance.tr, stock.verdict
        points = fmt.points(stock.points) if stock.points is not None else fmt.MISSING
        said = ""
        if verdict is not None:
            said = tr(
                "news_panel.verdict",
                model=verdict.model,
                score=verdict.score,
                final=fmt.points(verdict.final),
                reason=verdict.reason,
            )
        sums = tr("news_panel.net", net=fmt.signed(stock.net, 2), peak=fmt.signed(stock.peak, 2))
        return NewsHead(tr("news_panel.points", points=points, most=_NEWS_MAX), sums, stock.veto, False, said)

    def _cluster_rows(self, identity: str, cluster: NewsCluster) -> list[NewsRow]:
        first = cluster.representative
        weights = {
            "source": weight_text(cluster.source_weight),
            "time": weight_text(cluster.time_weight),
            "relevance": weight_text(cluster.relevance),
        }
        whole = cluster.points == round(cluster.points)
        weight = self._appearance.tr(
            "news_panel.weight", points=fmt.signed(cluster.points, 0 if whole else 1), weight=f"{cluster.weight:.2f}", **weights
        )
        head = NewsRow(
            id=identity,
            kind="cluster",
            title=first.title,
            hits=clean_hits(first.title, cluster),
            line=f"{self._stamp(first, dated=True)} · {weight}",
            effect=fmt.signed(cluster.effect, 2),
            counts=cluster.effect != 0,
            severe=cluster.is_veto,
            versions=len(cluster.members),
            url=first.url,
            ticker=self.ticker,
            published_ns=first.published_ns,
        )
        if identity not in self.opened:
            return [head]
        others = [item for item in cluster.members if item.id != first.id]
        return [
            head,
            *(
                NewsRow(
                    id=f"{identity}:{item.id}",
                    kind="version",
                    title=item.title,
                    line=self._stamp(item, dated=True),
                    url=item.url,
                    ticker=self.ticker,
                    published_ns=item.published_ns,
                )
                for item in others
            ),
        ]

    def _market_rows(self, picture: NewsPicture) -> list[NewsRow]:
        tr = self._appearance.tr
        self.total = len(picture.items)
        if not picture.collected:
            self.message = (tr("news_panel.missing"), tr("news_panel.missing.detail"))
            return []
        rows: list[NewsRow] = []
        day = None
        found = [item for item in picture.items if item.published_ns is not None and self._matches((item,))]
        for item in found[:_MOST]:
            assert item.published_ns is not None
            its_day = day_of(item.published_ns)
            if its_day != day:
                day = its_day
                title = tr("news_panel.group.day", day=fmt.day_long(day, self._appearance.language))
                rows.append(NewsRow(f"g:{day.isoformat()}", "group", title))
            rows.append(self._item_row(item, dated=False))
        if len(found) > _MOST:
            rows.append(NewsRow("g:more", "group", tr("news_panel.more", count=fmt.number(len(found) - _MOST))))
        timeless = [item for item in picture.items if item.published_ns is None and self._matches((item,))]
        if timeless:
            rows.append(NewsRow("g:unknown_time", "group", tr("news_panel.group.unknown_time")))
            rows += [self._item_row(item, dated=True) for item in timeless[:_MOST]]
        return rows

    def _item_row(self, item: NewsItem, *, dated: bool) -> NewsRow:
        market = self.mode == "market"
        return NewsRow(
            id=f"i{item.id}",
            kind="item",
            title=item.title,
            line=self._stamp(item, dated=dated),
            url=item.url,
            ticker=item.tickers[0] if item.tickers else "",
            published_ns=item.published_ns,
            stocks=", ".join(self.name(ticker) for ticker in item.tickers) if market else "",
        )

    def _stamp(self, item: NewsItem, *, dated: bool) -> str:
        """``뉴스1 01-28 15:12``; without a publication time the time of collection, said as such."""
        tr = self._appearance.tr
        source = item.source or tr("news_panel.unknown_source")
        if item.published_ns is None:
            if item.collected_ns is None:
                return f"{source} · {tr('news_panel.no_time')}"
            return f"{source} · {tr('news_panel.collected', time=fmt.as_of_short(AsOf(item.collected_ns)))}"
        when = fmt.as_of_short(AsOf(item.published_ns)) if dated else fmt.clock(item.published_ns, seconds=False)
        return f"{source} {when}"

    def _matches(self, items: Iterable[NewsItem]) -> bool:
        """Whether any of the items holds the words of the search: title, source, stock name, 초성 or code."""
        if not self.words:
            return True
        needle = self.words.casefold().replace(" ", "")
        for item in items:
            names = [self.name(ticker) for ticker in item.tickers]
            if is_initials(needle):
                if any(needle in initials(name).replace(" ", "") for name in names):
                    return True
                continue
            text = " ".join((item.title, item.source, *names, *item.tickers)).casefold().replace(" ", "")
            if needle in text:
                return True
        return False


def _is_article(item: NewsItem, news_id: int, url: str) -> bool:
    return (news_id > 0 and item.id == news_id) or bool(url and item.url == url)


def _name(panel: MarketPanel | None, ticker: str, *, english: bool) -> str:
    row = panel.row_of(ticker) if panel is not None else None
    if panel is None or row is None:
        return ticker
    return (str(panel.names_en[row]) if english else "") or str(panel.names[row]) or ticker
