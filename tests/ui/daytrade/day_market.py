"""A small running day over a seeded market: quotes, a checklist computed plainly from them, and the strategies' seam over it.

The panels under test compute nothing, so the scan here only has to be consistent in itself; it is not the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.daytrade import DayQuotes, DayTradeScan, EntryBan, ItemReason
from engine.model.errors import RalphStockError
from engine.model.evidence import BarSpan, Evidence, EvidenceGroup, ItemState, SourceRef
from engine.model.gate import GateReading, GateStatus, IndexState
from engine.model.instants import AsOf, kst_ns
from engine.model.panel import FloatArray, MarketPanel
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import PanelState, Ready
from ralphstock_desktop.services.strategy_contracts import (
    ClosingPicture,
    DayTradeExplanation,
    DayTradePicture,
    GatePicture,
    GradeDiff,
    NearMiss,
    NewsPicture,
    RecordTable,
)
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.perf.market import synthetic_panel
from tests.ui.tables.local_market import LocalWorkstation

__all__ = ["DayDesk", "FakeStrategies", "at", "day_panel", "day_picture", "moved"]

SYMBOLS, DAYS = 60, 40
DAY = date(2026, 7, 1)
"""The weekday after the panel's last day (2026-06-30)."""
NAMES = (
    "엔젤로보틱스", "두산로보틱스", "효성중공업", "유진로봇", "코리아써키트", "한화시스템", "한화갤러리아", "한화",
    "레인보우로보틱스", "한화오션", "휴림로봇", "기아", "현대무벡스", "LS ELECTRIC", "뉴로메카", "경창산업", "대한유화", "OCI",
    "미래에셋증권우B", "금호석유화학",
)  # fmt: skip
SECTORS = ("로봇", "방산", "화학", "전기 장비", "증권", "자동차")
PHI = 0.362


def at(hour: int = 10, minute: int = 42, second: int = 31) -> int:
    """An instant of the running day."""
    return kst_ns(DAY, hour, minute, second)


@cache
def day_panel(symbols: int = SYMBOLS) -> MarketPanel:
    """Symbols over 40 days, with names and six sectors."""
    panel = synthetic_panel(symbols, DAYS, seed=5)
    names = panel.names.astype("U20").copy()
    names[: min(symbols, len(NAMES))] = NAMES[:symbols]
    names_en = np.full(symbols, "", dtype="U30")
    names_en[1] = "Doosan Robotics"
    sectors = np.array([SECTORS[row % len(SECTORS)] for row in range(symbols)])
    return replace(panel, names=names, names_en=names_en, sectors=sectors)


def _quotes(panel: MarketPanel, now_ns: int, seed: int) -> DayQuotes:
    random = np.random.default_rng(seed)
    size = len(panel.tickers)
    base = panel.close_krw[:, -1].astype(np.float64)
    price = np.rint(base * (1 + random.normal(0.02, 0.05, size)).clip(0.72, 1.28))
    open_ = np.rint(base * (1 + random.normal(0.0, 0.01, size)))
    volume = np.rint(panel.volume_shares[:, -20:].mean(axis=1) * random.lognormal(-0.5, 0.8, size))
    volume[5] = 3.0 * PHI * panel.volume_shares[5, -20:].mean()  # a spike, before it may be judged
    vi = np.zeros(size, dtype=np.bool_)
    vi[3] = True
    last = np.full(size, now_ns, dtype=np.int64)
    last[4] = now_ns - 252 * 1_000_000_000
    price[7], last[7] = np.nan, 0
    return DayQuotes(
        now_ns, price, base, open_, np.fmax(open_, price) * 1.01, np.fmin(open_, price) * 0.99, volume, price * volume, last, vi,
        np.full(size, 100.0),
    )  # fmt: skip


def day_scan(panel: MarketPanel, quotes: DayQuotes, gate: GateStatus) -> DayTradeScan:
    """Seven items by plain array operations; a few rows show every reason code."""
    price, size = quotes.price, len(panel.tickers)
    high, low = panel.high_krw[:, -20:].max(axis=1).astype(float), panel.low_krw[:, -20:].min(axis=1).astype(float)
    prior_high, prior_close = panel.high_krw[:, -1].astype(float), panel.close_krw[:, -1].astype(float)
    mean_volume = panel.volume_shares[:, -20:].mean(axis=1)
    rv = quotes.volume_shares / PHI / mean_volume
    ma5 = (price + panel.close_krw[:, -4:].sum(axis=1)) / 5
    bought = panel.institution_krw[:, -5:].sum(axis=1)
    net = bought + panel.foreign_krw[:, -5:].sum(axis=1)
    share = 100 * net / panel.value_krw[:, -5:].sum(axis=1)
    drawdown = 100 * (1 - prior_close / high)
    change = 100 * (price / quotes.base - 1)
    width = 100 * (high - low) / low
    own = 100 * (price / panel.close_krw[:, -5] - 1)
    sectors = np.array([list(SECTORS).index(str(sector)) for sector in panel.sectors])
    medians = np.array([np.nanmedian(own[sectors == number]) for number in range(len(SECTORS))])
    rank = (np.argsort(np.argsort(-medians)) + 1)[sectors]
    percentile = 100.0 * rank / len(SECTORS)
    values = np.stack(
        [rv, 100 * (price / high - 1), 100 * (price / high - 1), 100 * (price / ma5 - 1), net, drawdown, percentile], axis=1
    )
    full = np.stack(
        [rv >= 2, price > high, (width <= 20) & (price > high), price > ma5, net >= 1e10,
         (drawdown >= 15) & (change >= 2), percentile <= 20], axis=1,
    )  # fmt: skip
    part = np.stack(
        [rv >= 1.5, price >= 1.01 * prior_high, (width <= 20) & (price >= low + 0.9 * (high - low)), price >= 0.99 * ma5,
         net >= 5e9, (drawdown >= 10) & (change > 0), percentile <= 40], axis=1,
    )  # fmt: skip
    points = np.where(full, 15.0, np.where(part, 8.0, 0.0))
    reason = np.zeros(points.shape, dtype=np.uint8)
    reason[:, 2][width > 20] = ItemReason.NOT_A_BOX
    below = full[:, 6] & (own < medians[sectors])
    points[below, 6], reason[below, 6] = 8.0, ItemReason.BELOW_MEDIAN
    state = np.where(points == 15, ItemState.PASSED, np.where(points == 8, ItemState.PARTIAL, ItemState.FAILED)).astype(
        np.uint8
    )
    for row, item, why in ((2, 4, ItemReason.MISSING), (5, 0, ItemReason.TOO_EARLY), (8, 6, ItemReason.MISSING)):
        points[row, item], state[row, item], reason[row, item] = 0.0, ItemState.UNKNOWN, why
        values[row, item] = np.nan
    no_price = np.isnan(price)
    points[no_price], state[no_price] = 0.0, ItemState.UNKNOWN
    raw = np.where(no_price, np.nan, points.sum(axis=1))
    score = np.floor(100 * raw / 105 * 100 + 0.5) / 100
    grade = np.select([score >= 80, score >= 65, score >= 50, score >= 0], [4, 3, 2, 1], 0).astype(np.uint8)
    bans = np.zeros(size, dtype=np.uint16)
    bans[quotes.vi] |= int(EntryBan.VI)
    bans[quotes.now_ns - quotes.at_ns > 60_000_000_000] |= int(EntryBan.STALE)
    bans[no_price] |= int(EntryBan.NO_QUOTE)
    bans[6] |= int(EntryBan.NEAR_UPPER_LIMIT)
    if gate in (GateStatus.RED, GateStatus.UNKNOWN):
        bans |= int(EntryBan.GATE)
    projected = quotes.value_krw / PHI
    ranked = np.flatnonzero(~no_price)
    order = ranked[np.lexsort((ranked, -projected[ranked], -score[ranked]))]
    return DayTradeScan(
        now_ns=quotes.now_ns, ruleset=DEFAULT_RULES.ruleset_id, panel_version=panel.version, gate=gate,
        prior_day_index=len(panel.days) - 1, flow_day_index=len(panel.days) - 1, phi=PHI, values=values, points=points,
        state=state, reason=reason, raw=raw, score=score, grade=grade, coverage=np.full(size, 100.0),
        eligible=np.ones(size, dtype=np.bool_), bans=bans, projected_value_krw=projected, order=order, price=price,
        change_pct=change, relative_volume=rv, high_20=high, low_20=low, prior_high=prior_high, prior_close=prior_close,
        mean_volume=mean_volume, box_width_pct=width, ma5=ma5, net_5d_krw=net, institution_5d_krw=bought, net_share_pct=share,
        flow_days=np.full(size, 5, dtype=np.int32), drawdown_pct=drawdown, return_5d_pct=own,
        sector_rank=rank.astype(np.int32), sector_count=len(SECTORS), sector_median_pct=medians[sectors],
        mean_value_krw=panel.value_krw[:, -20:].mean(axis=1), upper_limit=np.floor(quotes.base * 1.3), entry_krw=price,
        stop_krw=np.floor(price * 0.97), target_krw=np.floor(price * 1.05),
    )  # fmt: skip


def _gate(status: GateStatus, now_ns: int) -> GateReading:
    index = IndexState("001", 4_700.0, 0.6)
    return GateReading(AsOf(now_ns), DAYS - 1, "2026.1", status, 66.0, 100.0, (), 0.6, index, index, index, 10, 5)


def day_picture(
    panel: MarketPanel | None = None, now_ns: int = 0, *, seed: int = 3, gate: GateStatus = GateStatus.YELLOW, **rest: Any
) -> DayTradePicture:
    """A scan of the running day."""
    panel, now_ns = panel or day_panel(), now_ns or at()
    quotes = _quotes(panel, now_ns, seed)
    given: dict[str, Any] = {"source": "live", **rest}
    return DayTradePicture(day_scan(panel, quotes, gate), quotes, panel, DEFAULT_RULES, _gate(gate, now_ns), 0.01, **given)


def moved(picture: DayTradePicture, rows: list[int] | np.ndarray, factor: float = 1.01) -> DayTradePicture:
    """The next picture: some rows trade at another price, a second later."""
    changed = np.asarray(rows, dtype=np.intp)
    price, last = picture.quotes.price.copy(), picture.quotes.at_ns.copy()
    now_ns = picture.scan.now_ns + 1_000_000_000
    price[changed] = np.rint(price[changed] * factor)
    last[changed] = now_ns
    quotes = replace(
        picture.quotes, now_ns=now_ns, price=price, high=np.fmax(picture.quotes.high, price), at_ns=last,
        low=np.fmin(picture.quotes.low, price), value_krw=price * picture.quotes.volume_shares,
    )  # fmt: skip
    return replace(picture, scan=day_scan(picture.panel, quotes, picture.scan.gate), quotes=quotes, changed=changed)


def evidence_of(picture: DayTradePicture, row: int) -> tuple[EvidenceGroup, ...]:
    """Seven evidences in one group, from the scan's arrays."""
    scan, day = picture.scan, int(picture.panel.days[-1].astype("datetime64[D]").astype(int))
    live, flow = at(), kst_ns(date(2026, 6, 30), 18, 10)
    close = kst_ns(date(2026, 6, 30), 15, 40)
    price = float(scan.price[row])
    shape: tuple[tuple[str, float, str, str, float, str, int], ...] = (
        ("spike", float(scan.relative_volume[row]), "×", ">=", 2.0, "", live),
        ("momentum", price, "won", ">", float(scan.high_20[row]), "%", live),
        ("box", float(scan.box_width_pct[row]), "%", "<=", 20.0, "", live),
        ("ma5", price, "won", ">", float(scan.ma5[row]), "%", live),
        ("institution", float(scan.net_5d_krw[row]), "won", ">=", 1e10, "", flow),
        ("oversold", float(scan.drawdown_pct[row]), "%", ">=", 15.0, "", close),
        ("sector", float(scan.values[row, 6]), "%", "<=", 20.0, "", close),
    )
    items = []
    for place, (item, value, unit, op, need, margin_unit, known) in enumerate(shape):
        state = ItemState(int(scan.state[row, place]))
        missing = state is ItemState.UNKNOWN
        margin = 100 * (value / need - 1) if margin_unit == "%" else value - need
        items.append(
            Evidence(
                item, "DAY", None if missing else value, unit, op, need, None if missing else margin,
                float(scan.points[row, place]), 15.0, state, f"§4.1-{place + 1}", margin_unit=margin_unit,
                spans=(BarSpan(day - 20, day),), sources=(SourceRef("daily_price", "KRX"),),
                known_at_ns=None if missing else known,
            )
        )  # fmt: skip
    return (EvidenceGroup("DAY", float(scan.points[row].sum()), 105.0, live, tuple(items)),)


class FakeStrategies:
    """The part of the strategies' seam these panels use, with real channels."""

    def __init__(self) -> None:
        self.gate: Channel[GatePicture] = Channel("gate")
        self.gate_state: Channel[PanelState] = Channel("gate_state")
        self.closing: Channel[ClosingPicture] = Channel("closing")
        self.closing_state: Channel[PanelState] = Channel("closing_state")
        self.day_trades: Channel[DayTradePicture] = Channel("day_trades")
        self.day_state: Channel[PanelState] = Channel("day_state")
        self.news: Channel[NewsPicture] = Channel("news")
        self.news_state: Channel[PanelState] = Channel("news_state")
        self.records: Channel[RecordTable] = Channel("records")
        self.near: dict[str, tuple[NearMiss, ...]] = {}
        self.near_calls = 0
        self.diffs: dict[tuple[str, str], GradeDiff | RalphStockError] = {}
        """By (strategy, ticker): what a comparison gives."""
        self.diff_calls: list[tuple[str, str, AsOf | None]] = []
        self.qty = 44

    def show(self, picture: DayTradePicture) -> None:
        """Publish a picture the way the service does."""
        self.day_trades.publish(picture)
        self.day_state.publish(Ready(AsOf(picture.scan.now_ns), final=picture.source == "daily"))

    def explain_day_trade(self, ticker: str) -> DayTradeExplanation | None:
        picture = self.day_trades.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if picture is None or row is None:
            return None
        return DayTradeExplanation(ticker, row, picture, evidence_of(picture, row), self.qty)

    def near_misses(self, strategy: str) -> tuple[NearMiss, ...]:
        self.near_calls += 1
        return self.near.get(strategy, ())

    async def grade_diff(self, strategy: str, ticker: str, since: AsOf | None = None) -> GradeDiff:
        self.diff_calls.append((strategy, ticker, since))
        found = self.diffs[(strategy, ticker)]
        if isinstance(found, RalphStockError):
            raise found
        return found


class DayWorkstation(LocalWorkstation):
    """The workstation with strategies beside VCP, or without."""

    def __init__(self, strategies: FakeStrategies | None) -> None:
        super().__init__()
        self.strategies = strategies


Spawned = tuple[Coroutine[Any, Any, None], str]


class DayDesk:
    """One panel in a window. Tasks the panel starts wait in :attr:`tasks` until the test runs them."""

    def __init__(
        self,
        qtbot: QtBot | None,
        make: Callable[[DockContext], PanelFrame],
        size: tuple[int, int] = (850, 700),
        *,
        look: Appearance | None = None,
        window: int = 1_500,
        picture: DayTradePicture | None = None,
        running: bool = True,
    ) -> None:
        self.look = look or Appearance()
        self.strategies = FakeStrategies()
        self.work = DayWorkstation(self.strategies if running else None)
        self.tasks: list[Spawned] = []
        self.context = DockContext(
            self.work,  # type: ignore[arg-type]  # the part of the workstation these panels use
            self.look,
            lambda coroutine, name: self.tasks.append((coroutine, name)),
            Channel("market_filter"),
        )
        if picture is not None:
            self.strategies.show(picture)
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

    def run_tasks(self) -> None:
        """Run what the panel started, to its end (these tasks wait for nothing outside)."""
        while self.tasks:
            coroutine, _ = self.tasks.pop(0)
            try:
                coroutine.send(None)
            except StopIteration:
                continue
        QApplication.processEvents()

    def close(self) -> None:
        """Close the window and drop tasks that never ran."""
        for coroutine, _ in self.tasks:
            coroutine.close()
        self.window.close()


def near_steps(picture: DayTradePicture) -> tuple[NearMiss, ...]:
    """A break of the 20-day high that is missing, for every ranked symbol below it."""
    found = []
    for row in picture.scan.order.tolist():
        price, need = float(picture.scan.price[row]), float(picture.scan.high_20[row]) + 100
        if price >= need or picture.scan.grade[row] == 4:
            continue
        found.append(
            NearMiss(
                "DAY_TRADE", row, str(picture.panel.tickers[row]), "momentum", int(picture.scan.grade[row]),
                int(picture.scan.grade[row]) + 1, price, need, "won", need - price, (need - price) / need, "near.none_such",
                (("price", need),),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda near: near.gap_share))


def floats(values: FloatArray) -> list[float]:
    """For comparisons in tests."""
    return [float(value) for value in values]
