"""A closing bet over a small synthetic market: real channels, real model objects, numbers set by hand.

The first twelve symbols are candidates of the day with chosen points; what the panels must show follows from
``POINTS`` and ``CHANGES`` below by counting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.explain.closing_evidence import explain_closing
from engine.features.series import day_series
from engine.model.chart import ChartSeries, Timeframe
from engine.model.closing import Cap, ClosingBetScan, ClosingRun, Rejection, SignalPhase
from engine.model.errors import DataUnavailable
from engine.model.evidence import ItemState
from engine.model.gate import GateComponent, GateReading, GateStatus, IndexState
from engine.model.instants import AsOf, kst_ns
from engine.model.instruments import Market
from engine.model.news import NewsCluster, NewsItem, NewsPoints, StockNews, TermClass, TermHit
from engine.model.panel import MarketPanel
from engine.model.performance import Interval, RecordRow
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_bet import closing_filters
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import MarketPicture, PanelState, Ready
from ralphstock_desktop.services.strategy_contracts import (
    ClosingExplanation,
    ClosingPicture,
    NewsPicture,
    RecordTable,
    RunDifference,
)
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.perf.market import synthetic_panel
from tests.ui.tables.local_market import LocalWorkstation, context_for

__all__ = ["ClosingDesk", "ClosingWorkstation", "FakeStrategies", "closing_panel", "closing_picture", "cluster", "item"]

SYMBOLS, DAYS = 60, 130
NAMES = ("SK하이닉스", "에코프로", "효성중공업", "태성", "에코프로비엠", "원익IPS", "메지온", "HPSP", "LS ELECTRIC", "SK스퀘어",
         "하나마이크론", "동진쎄미켐", "현대차2우B")  # fmt: skip
POINTS = (
    (2, 3, 2, 0, 0, 2), (0, 3, 2, 1, 0, 2), (3, 1, 2, 1, 0, 1), (3, 1, 2, 1, 0, 2), (0, 2, 2, 1, 0, 2), (2, 1, 2, 0, 1, 1),
    (3, 1, 2, 0, 0, 1), (0, 1, 2, 1, 0, 2), (1, 1, 2, 0, 1, 1), (0, 1, 2, 1, 0, 2), (1, 1, 1, 1, 0, 1), (0, 1, 2, 0, 0, 2),
)  # fmt: skip
"""Points of the candidates; the flows of the fifth are missing, so the totals are 9 8 8 9 5 7 7 6 6 6 5 5."""
CHANGES = (5.13, 21.82, 5.49, 26.69, 7.26, 14.22, 9.55, 17.18, 6.52, 6.55, 8.37, 11.12)
VALUES = (5.58e12, 2.69e12, 1.854e11, 1.757e11, 6.416e11, 1.489e11, 1.04e11, 3.185e11, 2.695e11, 2.657e11, 2.033e11, 1.047e11)


@cache
def closing_panel() -> MarketPanel:
    """60 symbols over 130 days, two thirds KOSPI; the first ones carry names."""
    panel = synthetic_panel(SYMBOLS, DAYS, seed=5)
    names = panel.names.astype("U20").copy()
    names[: len(NAMES)] = NAMES
    names_en = np.full(SYMBOLS, "", dtype="U30")
    names_en[0] = "SK hynix"
    market = np.where(np.arange(SYMBOLS) % 3 == 1, int(Market.KOSDAQ), int(Market.KOSPI)).astype(np.uint8)
    sectors = np.where(np.arange(SYMBOLS) % 2 == 0, "반도체", "전기 전자").astype("U20")
    return replace(panel, names=names, names_en=names_en, market=market, sectors=sectors)


def last_day() -> date:
    """Day of the scan."""
    day: date = closing_panel().days[-1].astype("datetime64[D]").item()
    return day


def _grades(totals: np.ndarray) -> np.ndarray:
    found = np.full(len(totals), int(Grade.C), dtype=np.uint8)
    for grade, need in ((Grade.B, 6), (Grade.A, 8), (Grade.S, 10)):
        found[totals >= need] = grade
    return found


def closing_scan(run: ClosingRun = ClosingRun.CONFIRMED, **changes: Any) -> ClosingBetScan:
    """A scan with the points above; the other symbols miss the filter on traded value."""
    panel = closing_panel()
    rows, day = SYMBOLS, DAYS - 1
    points = np.zeros((rows, 6))
    points[: len(POINTS)] = POINTS
    status = np.full((rows, 6), int(ScoreStatus.OK), dtype=np.uint8)
    status[4, 5] = ScoreStatus.MISSING  # flows of the fifth candidate are not there
    points[4, 5] = 0
    total = points.sum(axis=1)
    raw = _grades(total)
    caps = np.zeros(rows, dtype=np.uint8)
    caps[points[:, 0] == 0] |= int(Cap.NEWS_ZERO)
    change = np.full(rows, 1.0)
    change[: len(CHANGES)] = CHANGES
    caps[change > 20] |= int(Cap.OVERHEAT)
    grade = raw.copy()
    grade[(caps & int(Cap.OVERHEAT)) > 0] = np.minimum(grade[(caps & int(Cap.OVERHEAT)) > 0], int(Grade.A))
    grade[(caps & int(Cap.NEWS_ZERO)) > 0] = np.minimum(grade[(caps & int(Cap.NEWS_ZERO)) > 0], int(Grade.B))
    candidate = np.zeros(rows, dtype=np.bool_)
    candidate[: len(POINTS)] = True
    rejected = np.zeros(rows, dtype=np.uint16)
    rejected[len(POINTS) :] = int(Rejection.TRADING_VALUE_LT_100B) | int(Rejection.CHANGE_OUT_OF_RANGE)
    value = np.full(rows, 5e9)
    value[: len(VALUES)] = VALUES
    phase = np.where((rejected == 0) & (grade >= Grade.B), int(SignalPhase.PENDING), 0).astype(np.uint8)
    order = np.lexsort((np.arange(len(POINTS)), -value[: len(POINTS)], -total[: len(POINTS)])).astype(np.intp)
    close = panel.close_krw[:, day].astype(np.float64)
    base = np.rint(close / (1 + change / 100))
    given: dict[str, Any] = {
        "as_of": AsOf.at(last_day(), 15, 42),
        "run": run,
        "day_index": day,
        "flow_day_index": day - 1,
        "ruleset": "2026.1",
        "panel_version": panel.version,
        "gate": GateStatus.GREEN,
        "points": points,
        "status": status,
        "rejected": rejected,
        "caps": caps,
        "total": total,
        "score_pct": total / 12 * 100,
        "raw_grade": raw,
        "grade": grade,
        "coverage": np.where(status[:, 5] == ScoreStatus.MISSING, 100 * 10 / 12, 100.0),
        "candidate": candidate,
        "phase": phase,
        "order": order,
        "n_bars": np.full(rows, DAYS, dtype=np.int32),
        "open": close * 0.97,
        "high": close * 1.01,
        "low": close * 0.96,
        "close": close,
        "base": base,
        "upper_limit": np.rint(base * 1.3),
        "change_pct": change,
        "value_krw": value,
        "value_estimated": np.zeros(rows, dtype=np.bool_),
        "high_250": close * 1.01,
        "high_60": close * 0.99,
        "near_high": np.full(rows, 0.99),
        "body_pct": np.full(rows, 3.09),
        "close_position": np.full(rows, 0.8),
        "body_share": np.full(rows, 0.6),
        "period_range_pct": np.full(rows, 34.0),
        "period_volume_recent": np.full(rows, 900_000.0),
        "period_volume": np.full(rows, 1_000_000.0),
        "foreign_5d_krw": np.where(status[:, 5] == ScoreStatus.MISSING, np.nan, -1.29e10),
        "institution_5d_krw": np.where(status[:, 5] == ScoreStatus.MISSING, np.nan, 3.27e10),
        "flow_days": np.full(rows, 5, dtype=np.int32),
        "entry_krw": close,
        "stop_krw": np.floor(close * 0.97),
        "target_krw": np.floor(close * 1.05),
        "news_net": np.where(points[:, 0] > 0, points[:, 0] * 1.35, 0.0),
        "news_peak": np.where(points[:, 0] > 0, 2.7, 0.0),
    }
    return ClosingBetScan(**{**given, **changes})


def gate_reading(status: GateStatus = GateStatus.GREEN) -> GateReading:
    """A gate of one status."""
    nothing = IndexState("", None, None)
    components = tuple(GateComponent(name, None, "%", 0.0, 10.0, ItemState.UNKNOWN) for name in ("kospi", "kosdaq"))
    return GateReading(
        AsOf.at(last_day(), 15, 42), DAYS - 1, "2026.1", status, 80.0, 100.0, components, None, nothing, nothing, nothing, 0, 0
    )


def news_points(scan: ClosingBetScan) -> NewsPoints:
    """News component of every symbol, as the scan counts it."""
    zero = np.zeros(SYMBOLS, dtype=np.bool_)
    return NewsPoints(
        scan.points[:, 0], scan.status[:, 0], scan.news_net, scan.news_peak, zero, np.zeros(SYMBOLS, dtype=np.int32), "2026.1"
    )


def closing_picture(run: ClosingRun = ClosingRun.CONFIRMED, **changes: Any) -> ClosingPicture:
    """A picture of a run; ``scan`` changes fields of the scan, everything else those of the picture."""
    scan = closing_scan(run, **changes.pop("scan", {}))
    given: dict[str, Any] = {
        "scan": scan,
        "panel": closing_panel(),
        "rules": DEFAULT_RULES,
        "news": news_points(scan),
        "gate": gate_reading(),
        "seconds": 0.01,
    }
    return ClosingPicture(**{**given, **changes})


def lost(row: int, before: str = "B 6") -> RunDifference:
    """A candidate of the closing auction that fell out at confirmation."""
    return RunDifference(str(closing_panel().tickers[row]), "cancelled", before, "")


# -- news -----------------------------------------------------------------------------------------------------------------


def item(number: int, title: str, **changes: Any) -> NewsItem:
    """An article of today 15:12 unless told otherwise."""
    at = kst_ns(last_day(), 15, 12)
    given: dict[str, Any] = {
        "id": number,
        "tickers": (str(closing_panel().tickers[2]),),
        "title": title,
        "url": f"https://news.example/{number}",
        "source": "뉴스1",
        "published_ns": at,
        "collected_ns": at + 60_000_000_000,
    }
    return NewsItem(**{**given, **changes})


def cluster(article: NewsItem, points: float, *words: str, **changes: Any) -> NewsCluster:
    """A cluster of one article with the places of its scored words; weight 0.9."""
    hits = tuple(
        TermHit(word, TermClass.DECISIVE, article.title.index(word), article.title.index(word) + len(word)) for word in words
    )
    given: dict[str, Any] = {
        "representative": article,
        "members": (article,),
        "points": points,
        "source_weight": 0.9,
        "time_weight": 1.0,
        "relevance": 1.0,
        "weight": 0.9,
        "effect": points * 0.9,
        "is_veto": False,
        "hits": hits,
    }
    return NewsCluster(**{**given, **changes})


def stock_news(ticker: str) -> StockNews:
    """Two clusters that scored, one that did not, and one item without a time."""
    first = item(1, "'K-전력기기' 역대 최대 실적 릴레이…효성중공업, 250만원 돌파 [핫종목]")
    second = item(2, "\"반도체 안 부럽네\" K-전력기기 3사, 나란히 '사상 최대 실적'", published_ns=kst_ns(last_day(), 13, 40))
    third = item(
        3,
        "코스피 불장에 황제주 '활활'…효성중 랠리에 한화에어로 재등극",
        source="이데일리",
        published_ns=kst_ns(last_day(), 11, 5),
    )
    copy = item(5, "K-전력기기 역대 최대 실적 릴레이, 효성중공업 250만원", source="뉴시스", url="https://other.example/5")
    timeless = item(4, "효성중공업 공장 증설 검토", published_ns=None, url="javascript:alert(1)", source="")
    clusters = (
        cluster(first, 3.0, "역대 최대", members=(first, copy)),
        cluster(second, 3.0, "사상 최대", relevance=0.5, weight=0.45, effect=1.35),
        cluster(third, 0.0, relevance=0.5, weight=0.45, effect=0.0),
    )
    return StockNews(ticker, ScoreStatus.OK, 3.0, 4.05, 2.7, False, clusters, (timeless,))


class FakeStrategies:
    """The part of the strategies these panels use."""

    def __init__(self) -> None:
        self.closing: Channel[ClosingPicture] = Channel("closing")
        self.closing_state: Channel[PanelState] = Channel("closing_state")
        self.news: Channel[NewsPicture] = Channel("news")
        self.news_state: Channel[PanelState] = Channel("news_state")
        self.records: Channel[RecordTable] = Channel("records")
        self.started: list[ClosingRun | None] = []
        self.qty = 12
        self.stories: dict[str, StockNews] = {}
        """News of a symbol in place of the usual ones."""
        self.failed: dict[str, bool | None] = {}
        """Filters that are not passed, by code."""

    def start_closing(self, run: ClosingRun | None = None) -> None:
        self.started.append(run)

    def news_of(self, ticker: str) -> StockNews | None:
        return self.stories.get(ticker, stock_news(ticker))

    def explain_closing(self, ticker: str) -> ClosingExplanation | None:
        picture = self.closing.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return None
        news = self.stories.get(ticker, stock_news(ticker))
        filters = tuple(
            (code, self.failed.get(code, passed), fields)
            for code, passed, fields in closing_filters(picture.scan, picture.panel, row, picture.rules)
        )
        groups = explain_closing(picture.panel, picture.scan, row, picture.rules, news)
        return ClosingExplanation(ticker, row, picture, groups, news, filters, self.qty)


def record(grade: Grade, n: int, mean: float | None) -> RecordRow:
    """Record of a grade; few cases where the mean is None."""
    interval = Interval(mean, mean - 0.4, mean + 0.4) if mean is not None else Interval(None)
    return RecordRow(
        "CLOSING_BET",
        int(grade),
        n,
        interval,
        Interval(None),
        0.1,
        Interval(None),
        1,
        "2024-01-02",
        "2026-01-27",
        mean is not None,
    )


class ClosingWorkstation(LocalWorkstation):
    """The synthetic market with strategies over it."""

    def __init__(self, *, with_strategies: bool = True) -> None:
        super().__init__()
        self.panel = closing_panel()
        self.fake = FakeStrategies()
        self.strategies: Any = self.fake if with_strategies else None

    def open(self, picture: ClosingPicture | None = None) -> None:
        """Look at the day of the scan and show it, with its news and records."""
        shown = picture or closing_picture()
        as_of = shown.scan.as_of
        self.market.publish(MarketPicture(self.panel, "real", as_of, is_latest=False))
        rows = (record(Grade.A, 41, None), record(Grade.B, 180, 0.42))
        self.fake.records.publish(RecordTable(rows, as_of, "2026.1", ()))
        self.fake.closing.publish(shown)
        self.fake.closing_state.publish(Ready(as_of))
        self.show_news()

    def show_news(self, *, collected: bool = True, items: tuple[NewsItem, ...] | None = None) -> None:
        """Publish the news of the whole market."""
        as_of = AsOf.at(last_day(), 15, 42)
        found = stock_news(self.ticker(2))
        usual = [member for group in found.clusters for member in group.members] + list(found.unscored)
        given = tuple(usual) if items is None else items
        picture = NewsPicture(as_of, given, news_points(closing_scan()) if collected else None, collected, self.panel)
        self.fake.news.publish(picture)
        self.fake.news_state.publish(Ready(as_of))

    def ticker(self, row: int) -> str:
        """Ticker of a row."""
        return str(self.panel.tickers[row])

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        row = self.panel.row_of(ticker)
        if row is None:
            raise DataUnavailable(f"no bars of {ticker}", key="error.no_bars", ticker=ticker)
        return day_series(self.panel, row, DAYS - 1, timeframe, adjusted=adjusted, flow_day_index=DAYS - 2)


class ClosingDesk:
    """One panel in a window over a closing bet."""

    def __init__(
        self,
        qtbot: QtBot | None,
        make: Callable[[DockContext], PanelFrame],
        size: tuple[int, int] = (760, 420),
        *,
        look: Appearance | None = None,
        window: int = 0,
        opened: bool = True,
        with_strategies: bool = True,
    ) -> None:
        self.look = look or Appearance()
        self.work = ClosingWorkstation(with_strategies=with_strategies)
        self.fake = self.work.fake
        self.context = context_for(self.work, self.look)
        if opened:
            self.work.open()
        self.panel = make(self.context)
        self.window = QWidget()
        self.window.resize(max(window, size[0]), size[1])
        self.panel.setParent(self.window)
        self.panel.setGeometry(0, 0, *size)
        if qtbot is not None:
            qtbot.addWidget(self.window)
        self.window.show()
        self.panel.show()
        QApplication.processEvents()
