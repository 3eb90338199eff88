"""A panel in a window over a planted market whose next day is running: real scans, real provisional scans, fake feed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.asof.view import known_days
from engine.features.series import day_series
from engine.model.chart import ChartSeries, Timeframe
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf, kst_ns
from engine.model.panel import MarketPanel
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.contracts import MarketPicture
from ralphstock_desktop.services.live.scan import FormingScanner
from ralphstock_desktop.services.live_contracts import FormingBar, LiveScan
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from tests.ui.live.fake_live import FakeLive, status
from tests.ui.tables.local_market import LocalWorkstation, context_for, local_panel, scan_picture

__all__ = ["LiveDesk", "LiveWorkstation", "next_day"]


def next_day(panel: MarketPanel) -> date:
    """The weekday after the panel's last day."""
    day: date = np.busday_offset(panel.days[-1], 1, roll="forward").astype("datetime64[D]").item()
    return day


class LiveWorkstation(LocalWorkstation):
    """The planted market with its bars, and a running day behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.panel = local_panel()
        self.day = next_day(self.panel)
        self.feed = FakeLive(self.panel, self.day)
        self.live = self.feed
        self.minutes: dict[str, ChartSeries] = {}
        self.scanner = FormingScanner(self.panel, self.day, DEFAULT_RULES)

    def now(self, hour: int = 10, minute: int = 42, second: int = 31) -> int:
        """An instant of the running day."""
        return kst_ns(self.day, hour, minute, second)

    def open(self, *, kind: str = "real") -> None:
        """Look at the newest data, scanned, with a feed that works."""
        last: date = self.panel.days[-1].astype("datetime64[D]").item()
        as_of = AsOf.end_of(last)
        self.feed.status.publish(status(market_ns=self.now()))
        self.market.publish(MarketPicture(self.panel, "simulated" if kind == "simulated" else "real", as_of, is_latest=True))
        self.show(scan_picture(self.panel, as_of))

    def look_back(self) -> None:
        """Look at an earlier instant."""
        picture = self.market.last
        assert picture is not None
        self.market.publish(MarketPicture(picture.panel, picture.kind, picture.as_of, is_latest=False))

    def trade(self, prices: dict[str, int], *, volume: int = 400_000, at_ns: int = 0) -> None:
        """Trade symbols of the running day: board, forming day and frame."""
        at = at_ns or self.now()
        frame = self.feed.move(prices, at_ns=at, publish=False, volume_shares=volume, strength_pct=118.0)
        board = self.feed.the_board
        assert board is not None
        for ticker in prices:
            row = board.row_of(ticker)
            assert row is not None
            board.value_krw[row] = int(board.price_krw[row]) * volume
            self.feed.days_now[ticker] = FormingBar(
                kst_ns(self.day, 0), *(float(column[row]) for column in (board.open_krw, board.high_krw, board.low_krw, board.price_krw)),
                float(volume), float(board.value_krw[row]),
            )  # fmt: skip
        self.feed.frames.publish(frame)

    def score(self, *tickers: str, gaps: tuple[str, ...] = (), minute: int = 43) -> LiveScan:
        """Score the forming bars of symbols for real and publish the result."""
        board = self.feed.the_board
        assert board is not None
        rows = [row for row in map(board.row_of, tickers) if row is not None]
        self.scanner.touch(np.array(rows, dtype=np.intp))
        written = self.scanner.write(board)
        holes = np.isin(board.tickers, gaps)
        found = self.scanner.scan(written, AsOf(self.now(10, minute)), holes)
        self.feed.scans.publish(found)
        return found

    def day_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        picture = self.market.last
        row = self.panel.row_of(ticker)
        if picture is None or row is None:
            raise DataUnavailable(f"no bars of {ticker}", key="error.no_bars", ticker=ticker)
        known = known_days(self.panel, picture.as_of)
        return day_series(self.panel, row, known.bar, timeframe, adjusted=adjusted, flow_day_index=known.flow)

    async def load_series(self, ticker: str, timeframe: Timeframe, *, adjusted: bool) -> ChartSeries:
        if ticker not in self.minutes:
            raise DataUnavailable(f"no minutes of {ticker}", key="error.storage.no_minutes", ticker=ticker)
        return self.minutes[ticker]

    def has_minutes(self, ticker: str) -> bool:
        return ticker in self.minutes


class LiveDesk:
    """One panel in a window."""

    def __init__(
        self,
        qtbot: QtBot | None,
        make: Callable[[DockContext], PanelFrame],
        size: tuple[int, int] = (400, 560),
        *,
        look: Appearance | None = None,
        window: int = 0,
        opened: bool = True,
    ) -> None:
        self.look = look or Appearance()
        self.work = LiveWorkstation()
        self.feed = self.work.feed
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
