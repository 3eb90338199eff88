"""The Market Gate under the app bar: lamp, score and word, six components, indices, coverage and effect (design.md §11).

Levels come from the reading; while the newest instant is looked at and a feed runs, the indices are the feed's. A narrow window
loses points and sparklines first, then the words on the right, then indices and components from the end. GUI thread only.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.model.gate import GateStatus
from engine.thresholds import Rules
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import (
    Empty,
    Failed,
    Loading,
    MarketPicture,
    Offline,
    PanelState,
    Stale,
    Workstation,
)
from ralphstock_desktop.services.live_contracts import FeedStatus, IndexBoard
from ralphstock_desktop.services.strategy_contracts import GatePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.gate_strip import StripCell, StripIndex, number_of, strip_cells, strip_index
from ralphstock_desktop.ui.viewmodels.gate_words import (
    STATE_TOKEN,
    STATUS_TOKEN,
    effect_text,
    reading_instant,
    score_text,
    status_word,
    verdict_note,
)
from ralphstock_desktop.wording import format as fmt

__all__ = ["GateStrip", "paint_lamp"]

_HEIGHT = 50
_NARROW_WINDOW = 1_440
_CELL, _SHORT_CELL, _GAP = 92, 68, 16
_SPARK = 64
_LIVE_CODES = {"KOSPI": "001", "KOSDAQ": "101", "USDKRW": "USDKRW"}


def paint_lamp(canvas: Canvas, x: int, y: int, width: int, height: int, status: GateStatus) -> None:
    """Draw the column of lamps: red on top, green at the bottom, only one lit; all hollow where nothing is judged."""
    painter, look = canvas.painter, canvas.appearance
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look.color("line-strong")))
    painter.setBrush(look.color("bg-raised"))
    radius = width / 2
    painter.drawRoundedRect(QRectF(x + 0.5, y + 0.5, width - 1, height - 1), radius, radius)
    side = min(width - canvas.px(6), height / 3 - canvas.px(3))
    for place, lamp in enumerate((GateStatus.RED, GateStatus.YELLOW, GateStatus.GREEN)):
        centre = QPointF(x + width / 2, y + height * (2 * place + 1) / 6)
        lit = lamp is status
        painter.setPen(Qt.PenStyle.NoPen if lit else QPen(look.color("line-strong")))
        painter.setBrush(look.color(STATUS_TOKEN[lamp]) if lit else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, side / 2, side / 2)
    painter.restore()


class GateStrip(QWidget):
    """Shows the newest gate picture while it is visible; hidden where the program runs without strategies.

    Signals
    -------
    panel_wanted
        A click, Enter or Space: the gate panel should come to the front.
    """

    panel_wanted = Signal()

    def __init__(self, appearance: Appearance, workstation: Workstation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._workstation = appearance, workstation
        self._canvas = Canvas(appearance)
        self._picture: GatePicture | None = None
        self._state: PanelState | None = None
        self._board: IndexBoard | None = None
        self._written: tuple[GatePicture, tuple[str, Rules], tuple[StripCell, ...]] | None = None
        """Cells as last written: indices tick far more often than the gate is read."""
        self._latest = False
        self._feed_stale = False
        self._subscriptions: list[Subscription] = []
        self._cell_boxes: list[tuple[int, int, StripCell]] = []
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()
        self.setVisible(workstation.strategies is not None)

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self.setFixedHeight(self._look.px(_HEIGHT))
        self._changed()

    # -- life -----------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to listen; the last facts arrive at once."""
        super().showEvent(event)
        strategies, live = self._workstation.strategies, self._workstation.live
        if strategies is None or self._subscriptions:
            return
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            strategies.gate.subscribe(self._on_gate),
            strategies.gate_state.subscribe(self._on_state),
        ]
        if live is not None:
            self._subscriptions += [live.indices.subscribe(self._on_indices), live.status.subscribe(self._on_feed)]

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop listening."""
        super().hideEvent(event)
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def close_feed(self) -> None:
        """End every subscription."""
        self.hide()

    @property
    def is_listening(self) -> bool:
        """Whether the strip follows the gate."""
        return bool(self._subscriptions)

    def _on_market(self, picture: MarketPicture) -> None:
        self._latest = picture.is_latest
        self._changed()

    def _on_gate(self, picture: GatePicture) -> None:
        self._picture = picture
        self._changed()

    def _on_state(self, state: PanelState) -> None:
        self._state = state
        self._changed()

    def _on_indices(self, board: IndexBoard) -> None:
        self._board = board
        self._changed()

    def _on_feed(self, status: FeedStatus) -> None:
        if status.is_stale != self._feed_stale:
            self._feed_stale = status.is_stale
            self._changed()

    def _changed(self) -> None:
        self.setAccessibleName(self._look.tr("gate.access.strip"))
        parts = [self.score, self.word, *(f"{cell.label} {cell.value}" for cell in self.cells())]
        parts += [f"{index.label} {index.level} {index.change}" for index in self.indices()]
        self.setAccessibleDescription(". ".join((*parts, *self.remarks())))
        self.setToolTip("")
        self.update()

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> GatePicture | None:
        """The picture on screen: none while the state says that there is none."""
        return None if isinstance(self._state, Empty | Failed) else self._picture

    @property
    def status(self) -> GateStatus:
        """Lamp that is lit; UNKNOWN lights none."""
        return self.shown.reading.status if self.shown is not None else GateStatus.UNKNOWN

    @property
    def score(self) -> str:
        """The score, or an em dash."""
        return score_text(self.shown.reading.score) if self.shown is not None else fmt.MISSING

    @property
    def word(self) -> str:
        """Word of the status, or what the panel's state says where there is no reading."""
        if self.shown is not None:
            return status_word(self._look, self.status)
        names: tuple[tuple[type, str], ...] = ((Loading, "loading"), (Failed, "failed"), (Offline, "offline"))
        name = next((name for kind, name in names if isinstance(self._state, kind)), "none")
        return self._look.tr(f"gate.strip.{name}")

    @property
    def is_stale(self) -> bool:
        """Whether direction colours are withheld because values are old."""
        return isinstance(self._state, Stale | Offline) or (self._feed_stale and self._takes_live)

    @property
    def _takes_live(self) -> bool:
        return self._latest and self._board is not None

    def cells(self) -> tuple[StripCell, ...]:
        """The six components in their order; empty without a reading."""
        picture, look = self.shown, self._look
        if picture is None:
            return ()
        key = (look.language, self._workstation.rules)
        if self._written is None or self._written[0] is not picture or self._written[1] != key:
            self._written = (picture, key, strip_cells(look, picture, self._workstation.rules.gate))
        return self._written[2]

    def indices(self) -> tuple[StripIndex, ...]:
        """KOSPI, KOSDAQ and the exchange rate: of the feed while it runs and now is looked at, else of the reading."""
        picture = self.shown
        if picture is None:
            return ()
        found = []
        for state in (picture.reading.kospi, picture.reading.kosdaq, picture.reading.usd_krw):
            board, code = self._board, _LIVE_CODES[state.code]
            tick = board.ticks.get(code) if board is not None and self._latest else None
            # A stored level may be of a later day than the last stock bars, and so than the reading beside it.
            if tick is not None and board is not None and tick.received_ns:
                level, change, path = tick.level, tick.change_pct, board.paths.get(code, ())
                if path and not math.isnan(tick.change):
                    # From the close of the day before: two points a tenth apart are no cliff.
                    path = (tick.level - tick.change, *path)
            else:
                level, change, path = number_of(state.close), number_of(state.change_pct), state.path
            found.append(strip_index(self._look, state.code, level, change, path, stale=self.is_stale))
        return tuple(found)

    def remarks(self) -> tuple[str, ...]:
        """The two lines on the right: coverage with the instant, and what the status does."""
        picture = self.shown
        if picture is None:
            return ()
        look, reading = self._look, picture.reading
        coverage = look.tr("gate.coverage", coverage=fmt.percent(reading.coverage, 0, plus=False))
        when = fmt.as_of_short(reading_instant(picture))
        return f"{coverage} · {when}", effect_text(look, reading.status, self._workstation.rules)

    # -- geometry -------------------------------------------------------------------------------------------------------

    @property
    def is_short(self) -> bool:
        """Whether points and sparklines are left out: in a narrow window, and before the words on the right would go."""
        return self.width() < self._look.px(_NARROW_WINDOW) or self._need(self.indices(), short=False) > self.width()

    def _step(self, short: bool) -> int:
        return self._look.px((_SHORT_CELL if short else _CELL) + _GAP)

    def _need(self, indices: tuple[StripIndex, ...], *, short: bool, remarks: bool = True) -> int:
        """Width of the head, all components, some indices and the words on the right."""
        px = self._look.px
        shown = sum(self._index_width(index, not short) for index in indices)
        words = self._remark_width() if remarks else 0
        return self._head_width() + px(12) + len(self.cells()) * self._step(short) + (px(12) if indices else 0) + shown + words

    def _head_width(self) -> int:
        width, px = self._canvas.width, self._look.px
        title = width(self._look.tr("gate.title"), "caption")
        verdict = width(self.score, "hero", True) + px(6) + width(self.word, "value", True)
        return px(38) + round(max(title, verdict)) + px(12)

    def _index_width(self, index: StripIndex, spark: bool) -> int:
        px, width = self._look.px, self._canvas.width
        first = width(index.label, "caption") + px(8) + width(index.change, "caption", True)
        words = round(max(first, width(index.level, "value", True)))
        return words + (px(_SPARK + 10) if spark and len(index.path) > 1 else 0) + px(18)

    def _remark_width(self) -> int:
        return round(max((self._canvas.width(text, "caption") for text in self.remarks()), default=0.0)) + self._look.px(24)

    def fitting(self) -> tuple[tuple[StripCell, ...], tuple[StripIndex, ...], bool]:
        """(components, indices, whether the words on the right fit) of the present width."""
        cells, indices, short = self.cells(), self.indices(), self.is_short
        for count in range(len(indices), -1, -1):
            shown = indices[:count]
            # One index or none would be a poor price for the words: they go first then.
            if (count > 1 or count == len(indices)) and self._need(shown, short=short) <= self.width():
                return cells, shown, bool(cells)
            if self._need(shown, short=short, remarks=False) <= self.width():
                return cells, shown, False
        room = self.width() - self._head_width() - self._look.px(12)
        return cells[: max(0, room // self._step(short))], (), False

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(600), self._look.px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        """Never the reason for a wide window."""
        return QSize(self._look.px(160), self._look.px(_HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    # -- input ----------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the panel."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.panel_wanted.emit()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space ask for the panel."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.panel_wanted.emit()
        else:
            super().keyPressEvent(event)

    def tip_at(self, position: QPoint) -> str:
        """What a place says in full: a component's calculation, else the verdict."""
        for left, right, cell in self._cell_boxes:
            if left <= position.x() < right:
                return cell.tip
        picture = self.shown
        if picture is None:
            return ""
        return f"{self.score} {self.word} · {verdict_note(self._look, picture.reading, self._workstation.rules.gate)}"

    def event(self, event: QEvent) -> bool:
        """Answer tooltips by place."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self)
            return True
        return super().event(event)

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _paint(self) -> None:
        canvas, px, tall = self._canvas, self._look.px, self.height()
        canvas.fill(0, 0, self.width(), tall, "bg-header")
        canvas.fill(0, tall - 1, self.width(), 1, "line-hair")
        cells, indices, with_remarks = self.fitting()
        left = self._paint_head()
        if cells:
            canvas.fill(left - px(8), px(9), 1, tall - 2 * px(9), "line-hair")
        self._cell_boxes = []
        cell_width = px(_SHORT_CELL if self.is_short else _CELL)
        left += px(4)
        for cell in cells:
            self._paint_cell(cell, left, cell_width)
            self._cell_boxes.append((left, left + cell_width, cell))
            left += cell_width + px(_GAP)
        if indices:
            canvas.fill(left - px(6), px(9), 1, tall - 2 * px(9), "line-hair")
            left += px(8)
        for index in indices:
            self._paint_index(index, left)
            left += self._index_width(index, not self.is_short)
        if with_remarks:
            for row, (text, token) in enumerate(zip(self.remarks(), ("text-muted", "text-secondary"), strict=True)):
                top = px(7) + row * px(18)
                canvas.text(left, top, self.width() - px(12) - left, px(17), text, token, align="right", size="caption")
        if self.hasFocus():
            canvas.pen("focus")
            canvas.painter.setBrush(Qt.BrushStyle.NoBrush)
            canvas.painter.drawRect(0, 0, self.width() - 1, tall - 1)

    def _paint_head(self) -> int:
        canvas, px, look = self._canvas, self._look.px, self._look
        tall = self.height()
        paint_lamp(canvas, px(10), px(7), px(18), tall - 2 * px(7), self.status)
        left, width = px(38), self._head_width()
        canvas.text(left, px(5), width, px(14), look.tr("gate.title"), "text-secondary", size="caption")
        failed = isinstance(self._state, Failed)
        token = "danger" if failed else STATUS_TOKEN[self.status]
        top, row = px(20), px(26)
        if failed:
            side = px(14)
            canvas.painter.drawPixmap(
                left, top + (row - side) // 2, look.pixmap("error", "danger", 14, self.devicePixelRatioF())
            )
            canvas.text(left + side + px(6), top, width, row, self.word, token, size="value", bold=True)
        else:
            used = canvas.text(left, top, width, row, self.score, token, size="hero", bold=True)
            canvas.text(left + round(used) + px(6), top, width, row, self.word, token, size="value", bold=True)
        return width + px(4)

    def _paint_cell(self, cell: StripCell, x: int, width: int) -> None:
        canvas, px = self._canvas, self._look.px
        unknown = cell.share is None
        canvas.text(x, px(4), width + px(_GAP - 4), px(15), cell.label, "text-secondary", size="caption", elide=True)
        value_token = "unknown" if unknown else "text"
        points = "" if self.is_short or unknown else cell.points
        room = width - (round(canvas.width(points, "caption")) + px(4) if points else 0)
        canvas.text(x, px(19), room, px(18), cell.value, value_token, bold=not unknown, elide=True)
        if points:
            canvas.text(x, px(19), width, px(18), points, "text-muted", align="right", size="caption")
        top, tall = px(40), max(2, px(3))
        if cell.share is None:
            painter = canvas.painter
            painter.save()
            pen = QPen(self._look.color("unknown"))
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.drawLine(x, top + tall // 2, x + width - 1, top + tall // 2)
            painter.restore()
            return
        canvas.fill(x, top, width, tall, "bg-raised")
        if cell.share > 0:
            canvas.fill(x, top, max(1, round(width * cell.share)), tall, STATE_TOKEN[cell.state])

    def _paint_index(self, index: StripIndex, x: int) -> None:
        canvas, px = self._canvas, self._look.px
        used = canvas.text(x, px(4), self.width(), px(15), index.label, "text-secondary", size="caption")
        canvas.text(x + round(used) + px(8), px(4), self.width(), px(15), index.change, index.token, size="caption", bold=True)
        canvas.text(x, px(20), self.width(), px(22), index.level, index.token, size="value", bold=True)
        if not self.is_short and len(index.path) > 1:
            width = px(_SPARK)
            self._paint_path(index, x + self._index_width(index, True) - px(18) - width, px(13), width, px(26))

    def _paint_path(self, index: StripIndex, x: int, y: int, width: int, height: int) -> None:
        """The last closes as a line with a dot at its end."""
        painter = self._canvas.painter
        low, high = min(index.path), max(index.path)
        span, step = (high - low) or 1.0, width / (len(index.path) - 1)
        points = [QPointF(x + n * step, y + (high - value) / span * height) for n, value in enumerate(index.path)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.color(index.token)))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.color(index.token))
        painter.drawEllipse(points[-1], self._canvas.px(2), self._canvas.px(2))
        painter.restore()
