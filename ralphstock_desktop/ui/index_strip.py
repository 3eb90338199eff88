"""The line under the app bar: KOSPI, KOSDAQ, KOSPI200, futures basis and USD/KRW with today's path (design.md §11)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.model.live import IndexTick
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import MarketPicture, Workstation
from ralphstock_desktop.services.live_contracts import FeedStatus, IndexBoard
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.wording import format as fmt

__all__ = ["IndexEntry", "IndexStrip"]

_CODES = ("001", "101", "201", "basis", "USDKRW")
_IMPORTANCE = ("001", "101", "USDKRW", "201", "basis")
_SPARK_PX = 60
_LOOKS = ((True, True), (True, False), (False, False))
"""(sparkline, change in points) from the widest look to the narrowest; then entries go, the least important first."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One index as it is drawn."""

    code: str
    label: str
    level: str
    points: str
    change: str
    token: str
    path: tuple[float, ...]
    """The day's levels behind the close of the day before, so that a small move does not look large."""

    @property
    def words(self) -> str:
        """Label, level and change as one text."""
        return " ".join(part for part in (self.label, self.level, self.points, self.change) if part)


class IndexStrip(QWidget):
    """Follows the feed's indices while it is visible; hidden without a feed and while the past is looked at."""

    def __init__(self, appearance: Appearance, workstation: Workstation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._workstation = appearance, workstation
        self._canvas = Canvas(appearance)
        self._board: IndexBoard | None = None
        self._stale = False
        self._subscriptions: list[Subscription] = []
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()
        self.setVisible(workstation.live is not None)
        self._market = workstation.market.subscribe(self._on_market)

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setFixedHeight(self._look.px(26))
        self._say()
        self.update()

    # -- life -----------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to listen."""
        super().showEvent(event)
        live = self._workstation.live
        if live is not None and not self._subscriptions:
            self._subscriptions = [live.indices.subscribe(self._on_indices), live.status.subscribe(self._on_status)]

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop listening."""
        super().hideEvent(event)
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def close_feed(self) -> None:
        """End every subscription, the one that decides about visibility too."""
        self.hide()
        self._market.close()

    @property
    def is_listening(self) -> bool:
        """Whether the strip follows the feed."""
        return bool(self._subscriptions)

    def _on_market(self, picture: MarketPicture) -> None:
        wanted = self._workstation.live is not None and picture.is_latest
        if wanted == self.isHidden():
            self.setVisible(wanted)

    def _on_indices(self, board: IndexBoard) -> None:
        self._board = board
        self._say()
        self.update()

    def _on_status(self, status: FeedStatus) -> None:
        if status.is_stale != self._stale:
            self._stale = status.is_stale
            self.update()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def entries(self) -> tuple[IndexEntry, ...]:
        """Indices in the order of the screen; a level that is not known yet is an em dash."""
        board, tr = self._board, self._look.tr
        found = []
        for code in _CODES:
            label = tr(f"live.index.{code.lower()}")
            if code == "basis":
                if board is not None and board.basis is not None:
                    token = self._look.direction_token(board.basis)
                    found.append(IndexEntry(code, label, fmt.signed(board.basis), "", "", token, ()))
                continue
            tick = board.ticks.get(code) if board is not None else None
            if tick is None and code not in ("001", "101"):
                continue
            path = board.paths.get(code, ()) if board is not None else ()
            if tick is not None and path and not math.isnan(tick.change):
                path = (tick.level - tick.change, *path)
            found.append(self._entry(code, label, tick, path))
        return tuple(found)

    def _entry(self, code: str, label: str, tick: IndexTick | None, path: tuple[float, ...]) -> IndexEntry:
        if tick is None:
            return IndexEntry(code, label, fmt.MISSING, "", "", "text-muted", path)
        token = self._look.direction_token(tick.change)
        mark = "▲" if tick.change > 0 else "▼" if tick.change < 0 else ""
        points = "" if math.isnan(tick.change) else f"{mark}{fmt.number(abs(tick.change), 2)}"
        if token == "unknown":
            token = "text"
        change = fmt.percent(tick.change_pct) if not math.isnan(tick.change_pct) else ""
        return IndexEntry(code, label, fmt.number(tick.level, 2), points, change, token, path)

    def fitting(self) -> tuple[tuple[IndexEntry, ...], bool, bool]:
        """(entries, with sparkline, with points) that fit into the width."""
        entries = self.entries()
        for spark, points in _LOOKS:
            if sum(self._width(entry, spark, points) for entry in entries) <= self.width():
                return entries, spark, points
        for code in reversed(_IMPORTANCE):
            entries = tuple(entry for entry in entries if entry.code != code) if len(entries) > 1 else entries
            if sum(self._width(entry, False, False) for entry in entries) <= self.width():
                break
        return entries, False, False

    def _parts(self, entry: IndexEntry, points: bool) -> list[tuple[str, str, bool]]:
        """(text, token, bold) of an entry. The triangle goes with the percent where the points have no room."""
        change = entry.change
        if not points and entry.points[:1] in ("▲", "▼"):
            change = f"{entry.points[0]}{entry.change}"
        token = "stale" if self._stale and entry.token in ("gain", "loss") else entry.token
        parts = [(entry.label, "text-secondary", False), (entry.level, token, True)]
        if points and entry.points:
            parts.append((entry.points, token, False))
        return parts + ([(change, token, False)] if change else [])

    def _width(self, entry: IndexEntry, spark: bool, points: bool) -> int:
        px = self._canvas.px
        words = sum(self._canvas.width(text, "body", bold) + px(6) for text, _, bold in self._parts(entry, points))
        return round(words) + px(18) + (px(_SPARK_PX + 6) if spark and len(entry.path) > 1 else 0)

    def _say(self) -> None:
        self.setAccessibleName(self._look.tr("live.index.access"))
        self.setAccessibleDescription(". ".join(entry.words for entry in self.entries()))

    # -- painting -------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(400), self._look.px(26))

    def minimumSizeHint(self) -> QSize:
        """Never the reason for a wide window."""
        return QSize(self._look.px(120), self._look.px(26))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, tall = self._canvas, self._canvas.px, self.height()
        canvas.fill(0, 0, self.width(), tall, "bg-panel")
        canvas.fill(0, tall - 1, self.width(), 1, "line-hair")
        entries, spark, points = self.fitting()
        left = px(12)
        for entry in entries:
            if left > px(12):
                canvas.fill(left - px(9), px(6), 1, tall - 2 * px(6), "line-hair")
            for text, token, bold in self._parts(entry, points):
                left += round(canvas.text(left, 0, self.width(), tall, text, token, bold=bold)) + px(6)
            if spark and len(entry.path) > 1:
                self._paint_path(entry, left, px(5), px(_SPARK_PX), tall - 2 * px(5))
                left += px(_SPARK_PX + 6)
            left += px(18)

    def _paint_path(self, entry: IndexEntry, x: int, y: int, width: int, height: int) -> None:
        """Today's path as a 1-px line with a dot at its end."""
        painter = self._canvas.painter
        low, high = min(entry.path), max(entry.path)
        span = (high - low) or 1.0
        step = width / (len(entry.path) - 1)
        points = [QPointF(x + n * step, y + (high - value) / span * height) for n, value in enumerate(entry.path)]
        token = "stale" if self._stale else entry.token
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.color(token)))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.color(token))
        painter.drawEllipse(points[-1], self._canvas.px(2), self._canvas.px(2))
        painter.restore()
