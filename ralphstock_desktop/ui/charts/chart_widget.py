"""The chart: one plain widget that paints candles, volume and investor flows with everything drawn over them.

How a frame is made:

1. A :class:`~.scene.Scene` (panes, scales, bars in sight) is rebuilt when series, size, view or options changed.
2. The *base picture* (grid, closed bars, averages, pattern, evidence) is painted once per scene into a pixmap.
3. Each paint event copies that pixmap and draws the *live* part over it: newest bar, last price, tags, readouts, crosshair.

So moving the crosshair or changing the last bar never draws the other bars again, and no cost depends on how many bars the
series has. Only ``update()`` is called, never ``repaint()``; a hidden chart holds no picture. GUI thread only.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.model.chart import ChartSeries, VcpOverlay
from engine.model.evidence import Evidence
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts import layers, words
from ralphstock_desktop.ui.charts.chart_data import ChartData, LastBar
from ralphstock_desktop.ui.charts.chart_menu import ChartMenu
from ralphstock_desktop.ui.charts.ink import Ink
from ralphstock_desktop.ui.charts.link import ChartLink, CrosshairAt, RangeShown
from ralphstock_desktop.ui.charts.navigation import Navigation
from ralphstock_desktop.ui.charts.paint_axes import Crosshair
from ralphstock_desktop.ui.charts.paint_news import NEWS_JUMP, add_news, bar_at, news_tip
from ralphstock_desktop.ui.charts.scene import (
    ChartOptions,
    GapBand,
    LimitMarks,
    NewsFlag,
    PatternSummary,
    Scale,
    Scene,
    SceneInput,
)
from ralphstock_desktop.ui.charts.viewport import View, ViewStore

__all__ = ["ChartWidget"]

_log = logging.getLogger(__name__)
_PAINT_FAILURES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What wrong numbers can cause while painting. An exception out of a paint event ends the process, so it stops here."""


class ChartWidget(QWidget):
    """See the module text.

    Parameters
    ----------
    appearance : Appearance
        Colours, sizes, words.
    options : ChartOptions
        Panes and what is drawn in them.
    link : ChartLink or None
        Shares range and crosshair with the other charts of the window.
    origin : str
        Name of this chart on the link.
    follows : bool
        A follower takes the range of the chart that leads when a symbol comes up; only the user makes it tell its own.

    Signals
    -------
    view_changed
        The user moved or zoomed; :attr:`view` is the new one.
    options_changed
        Panes, averages or marks were switched by the user.
    crosshair_changed(object)
        Bar under the crosshair, None where there is none.
    evidence_dismissed
        Esc: the evidence in focus should be cleared.
    """

    view_changed = Signal()
    options_changed = Signal()
    crosshair_changed = Signal(object)
    evidence_dismissed = Signal()

    def __init__(
        self,
        appearance: Appearance,
        *,
        options: ChartOptions | None = None,
        link: ChartLink | None = None,
        origin: str = "chart",
        follows: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.appearance = appearance
        self.ink = Ink(appearance)
        self.views = ViewStore()
        self._given = SceneInput(options=options or ChartOptions())
        self._view_is_own = False
        self._scene: Scene | None = None
        self._base: QPixmap | None = None
        self._cross: Crosshair | None = None
        self._failed_once = False
        self._link, self._origin, self._follows = link, origin, follows
        self._subscriptions: list[Subscription] = []
        self.navigation = Navigation(self)
        self.menu = ChartMenu(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance.changed.connect(self._on_appearance)
        self._say()

    # -- what is shown --------------------------------------------------------------------------------------------------

    @property
    def data(self) -> ChartData | None:
        """The series prepared for drawing."""
        return self._given.data

    @property
    def series(self) -> ChartSeries | None:
        """The series on screen."""
        return self._given.data.series if self._given.data is not None else None

    @property
    def view(self) -> View:
        """What of the series is seen."""
        return self._given.view

    @property
    def options(self) -> ChartOptions:
        """What is drawn."""
        return self._given.options

    @property
    def evidence(self) -> Evidence | None:
        """Evidence whose bars are lit."""
        return self._given.evidence

    @property
    def crosshair(self) -> Crosshair | None:
        """Where the crosshair stands."""
        return self._cross

    @property
    def has_pattern(self) -> bool:
        """Whether a pattern is drawn over the bars."""
        return self._given.overlay is not None

    @property
    def has_limits(self) -> bool:
        """Whether the bars at their price limit are known."""
        return self._given.limits is not None

    def set_series(self, series: ChartSeries | None) -> None:
        """Show another series; the view of that symbol and time frame comes back.

        The same symbol and time frame again (another as-of day, adjusted or raw) keeps the view.
        """
        before = self.series
        same = (
            series is not None and before is not None and (series.ticker, series.timeframe) == (before.ticker, before.timeframe)
        )
        self._failed_once = False
        self._given = replace(
            self._given,
            data=ChartData(series) if series is not None else None,
            limits=None,
            gaps=(),
            news=(),
            overlay=self._given.overlay if same else None,
            summary=self._given.summary if same else PatternSummary(),
            evidence=self._given.evidence if same else None,
        )
        self._set_cross(None)
        if series is not None and not same:
            stored = self.views.get(series.ticker, series.timeframe)
            self._view_is_own = stored is not None
            self._given = replace(self._given, view=stored or View(0.0, 0.0))
        if not self._view_is_own:
            self._use_default_view()
        self._changed()
        self._say()
        self._meet_range()

    def set_pattern(self, overlay: VcpOverlay | None, summary: PatternSummary | None = None) -> None:
        """Draw a pattern over the bars; None removes it. The pattern that is drawn already costs nothing."""
        summary = summary or PatternSummary()
        # A slider rescans with every move and seldom changes this pattern. As texts, a missing number equals itself.
        if repr((overlay, summary)) == repr((self._given.overlay, self._given.summary)):
            return
        self._given = replace(self._given, overlay=overlay, summary=summary)
        if not self._view_is_own:
            self._use_default_view()
            self._meet_range()
        self._changed()
        self._say()

    def set_evidence(self, evidence: Evidence | None) -> None:
        """Light up the bars of one evidence row; None clears. The view does not move."""
        if evidence != self._given.evidence:
            self._given = replace(self._given, evidence=evidence)
            self._changed(keep_scale=True)

    def set_limits(self, limits: LimitMarks | None) -> None:
        """Bars that closed at their price limit; drawn where the option is on."""
        self._given = replace(self._given, limits=limits)
        self._changed(keep_scale=True)

    def set_gaps(self, gaps: tuple[GapBand, ...]) -> None:
        """Hatch bars of which something was not received."""
        if gaps != self._given.gaps:
            self._given = replace(self._given, gaps=gaps)
            self._changed(keep_scale=True)

    def set_news(self, news: tuple[NewsFlag, ...]) -> None:
        """Flags above the bars on which news were first published."""
        if news != self._given.news:
            self._given = replace(self._given, news=news)
            self._changed(keep_scale=True)

    def set_countdown(self, text: str) -> None:
        """Time until the newest bar ends; only the price axis is painted again."""
        if text == self._given.countdown:
            return
        self._given = replace(self._given, countdown=text)
        scene = self._scene
        if scene is None:
            return
        scene.given = replace(scene.given, countdown=text)
        ratio, pane = self.ink.ratio, scene.pane("price")
        if pane is not None:
            left = math.floor(scene.plot_width / ratio)
            self.update(left, 0, self.width() - left, math.ceil(pane.bottom / ratio) + 1)

    def set_flow_note(self, text: str) -> None:
        """Badge of the flow panes, such as ``확정 18:10``."""
        if text != self._given.flow_note:
            self._given = replace(self._given, flow_note=text)
            self.update()

    def set_options(self, options: ChartOptions) -> None:
        """Switch panes, averages and marks."""
        if options != self._given.options:
            self._given = replace(self._given, options=options)
            self._changed()
            self.options_changed.emit()

    def update_last(self, last: LastBar) -> None:
        """Change the newest bar. Only its column, the tags and the readouts are painted again.

        Raises
        ------
        ValueError
            If no series with a bar is shown.
        """
        data = self._given.data
        if data is None or not len(data):
            raise ValueError("there is no last bar to update: set_series() must have shown at least one bar")
        before = self._live_region()
        data.set_last(last)
        scene = self._scene
        if scene is None or not self.isVisible():
            self._scene = None
            return
        if self._outgrows(scene, data.last):
            self._changed()
            return
        self.update(before.united(self._live_region()))

    def _outgrows(self, scene: Scene, last: LastBar) -> bool:
        """Whether the newest bar has left the scale it is drawn on."""
        price, volume = scene.pane("price"), scene.pane("volume")
        in_sight = scene.last == scene.axis.count
        if not in_sight or self.navigation.is_pressed:
            return False
        if volume is not None and last.volume > volume.scale.high:
            return True
        auto = self._given.view.is_auto
        return auto and price is not None and (last.high > price.scale.high or last.low < price.scale.low)

    # -- view -----------------------------------------------------------------------------------------------------------

    def set_view(self, view: View, *, by_user: bool = True) -> None:
        """Move, zoom or rescale; kept for the symbol and time frame if the user did it."""
        scene = self.scene()
        limited = scene.axis.limited(view) if scene is not None and scene.axis.count else view
        if limited == self._given.view:
            return
        self._given = replace(self._given, view=limited)
        if by_user:
            self._view_is_own = True
            if self.series is not None:
                self.views.put(self.series.ticker, self.series.timeframe, limited)
        self._changed(keep_scale=self.navigation.is_pressed and limited.is_auto)
        if by_user:
            self._tell_range()
            self.view_changed.emit()

    def show_time(self, time_s: int) -> None:
        """Put the crosshair on the bar of an exchange time; move the view only where that bar is out of sight."""
        series, scene, view = self.series, self.scene(), self._given.view
        bar = bar_at(series, time_s) if series is not None else None
        if bar is None or scene is None:
            return
        if not scene.first <= bar < scene.last:
            self.set_view(replace(view, right=bar + 0.5 - scene.axis.count + view.bars * 0.25))
        self._set_cross(Crosshair(bar))

    def rescale(self) -> None:
        """Let the price axis follow the bars in sight again (after a drag)."""
        if self.isVisible():
            self._changed()

    def reset_view(self) -> None:
        """Back to the newest bars at the usual width, the price axis by itself; forgotten for this symbol."""
        if self.series is not None:
            self.views.forget(self.series.ticker, self.series.timeframe)
        self._view_is_own = False
        self._use_default_view()
        self._changed()
        self._tell_range()
        self.view_changed.emit()

    def _use_default_view(self) -> None:
        """Newest bars at 8 px each, wide enough for the whole base, with room for the plan at the right."""
        data, overlay, ink = self._given.data, self._given.overlay, self.ink
        plot = max(round(self.width() * ink.ratio) - ink.px(62), ink.px(80))
        bars = plot / max(ink.px(8), 1)
        if data is not None and len(data) and overlay is not None:
            span = data.index.span(overlay.base_first_day, overlay.base_last_day)
            if span is not None:
                bars = min(max(bars, (len(data) - span[0]) * 1.35 + 8), plot / max(ink.px(3), 1))
        plan = overlay is not None and overlay.plan is not None
        right = max(2.0, ink.px(60 if plan else 20) * bars / plot)
        if data is not None and len(data):
            bars = min(bars, max(len(data) + right, 40.0))
        self._given = replace(self._given, view=View(bars, right))

    # -- crosshair ------------------------------------------------------------------------------------------------------

    def set_crosshair(self, bar: int | None, y: int | None = None, *, by_keys: bool = False) -> None:
        """Put the crosshair on a bar (and a pixel row), or take it away; linked charts follow."""
        cross = None if bar is None else Crosshair(bar, y, by_keys)
        if cross == self._cross:
            return
        self._set_cross(cross)
        if self._link is not None:
            time_s = None
            if bar is not None and self.series is not None:
                time_s = int(self.series.time[bar].astype("datetime64[s]").astype(np.int64))
            self._link.crosshair.publish(CrosshairAt(self._origin, time_s))
        self.crosshair_changed.emit(bar)
        data = self._given.data
        if by_keys and bar is not None and data is not None:
            self.setAccessibleDescription(words.bar_words(self.appearance, data, bar))
        elif bar is None:
            self._say()

    def _set_cross(self, cross: Crosshair | None) -> None:
        self._cross = cross
        self.update()

    # -- link -----------------------------------------------------------------------------------------------------------

    def _tell_range(self) -> None:
        series, view = self.series, self._given.view
        if self._link is not None and series is not None and self.isVisible():
            shown = RangeShown(self._origin, series.ticker, series.timeframe, series.adjusted, view.bars, view.right)
            self._link.range.publish(shown)

    def _meet_range(self) -> None:
        """After a symbol came up: the leading chart tells its range, a follower takes what was told."""
        if not self._follows:
            self._tell_range()
        elif self._link is not None and self._link.range.last is not None and self.isVisible():
            self._on_range(self._link.range.last)

    def _on_range(self, shown: RangeShown) -> None:
        series = self.series
        if shown.origin == self._origin or series is None:
            return
        if (series.ticker, series.timeframe) == (shown.ticker, shown.timeframe):
            self._view_is_own = True
            self.set_view(replace(self._given.view, bars=shown.bars, right=shown.right), by_user=False)

    def _on_linked_crosshair(self, at: CrosshairAt) -> None:
        data = self._given.data
        if at.origin == self._origin or data is None or not len(data):
            return
        if at.origin == NEWS_JUMP and at.time_s is not None:
            self.show_time(at.time_s)
            return
        bar = None
        if at.time_s is not None:
            bar = data.index.bar(at.time_s // 86_400)
        self._set_cross(None if bar is None else Crosshair(bar))

    # -- painting -------------------------------------------------------------------------------------------------------

    def scene(self) -> Scene | None:
        """The current picture's geometry; None without size."""
        if self._scene is None and self.width() > 0 and self.height() > 0:
            self._scene = self._make_scene(None)
        return self._scene

    def _make_scene(self, keep: Scale | None) -> Scene:
        ratio = self.devicePixelRatioF()
        if ratio != self.ink.ratio:
            self.ink.reset(ratio)
        return Scene(self._given, self.ink, round(self.width() * ratio), round(self.height() * ratio), keep)

    def _changed(self, *, keep_scale: bool = False) -> None:
        """Throw the picture away; the next paint event makes it anew."""
        before = self._scene
        price = before.pane("price") if before is not None and keep_scale else None
        self._base = None
        self._scene = self._make_scene(price.scale) if price is not None else None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the base picture and draw the live part over it."""
        painter = QPainter(self)
        try:
            self._paint(painter, event)
        except _PAINT_FAILURES:
            if not self._failed_once:
                self._failed_once = True
                _log.exception("the chart of %s could not be painted", self.series.ticker if self.series else "nothing")
            painter.resetTransform()
            painter.fillRect(self.rect(), self.appearance.color("bg-panel"))
            painter.setPen(self.appearance.color("danger"))
            painter.setFont(self.appearance.font("body"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.appearance.tr("chart.failed"))
        finally:
            painter.end()

    def _paint(self, painter: QPainter, event: QPaintEvent) -> None:
        scene = self.scene()
        ratio = self.devicePixelRatioF()
        if scene is None or not scene.is_drawable:
            painter.fillRect(event.rect(), self.appearance.color("bg-panel"))
            return
        painter.scale(1 / ratio, 1 / ratio)
        if self._base is None:
            self._base = layers.base_picture(scene)
            add_news(self._base, scene)
        dirty = QRegion()
        for part in event.region():  # type: ignore[attr-defined]  # a QRegion is a sequence of rectangles
            left, top = math.floor(part.x() * ratio), math.floor(part.y() * ratio)
            right, bottom = math.ceil((part.right() + 1) * ratio), math.ceil((part.bottom() + 1) * ratio)
            box = QRect(left, top, right - left, bottom - top).intersected(self._base.rect())
            # Part by part: under a clip of several rectangles one large copy is slower than drawing everything.
            painter.drawPixmap(box.topLeft(), self._base, box)
            dirty = dirty.united(box)
        layers.paint_live(painter, scene, self._cross, dirty)

    def _live_region(self) -> QRegion:
        """Part of the widget that depends on the newest bar."""
        scene = self._scene
        if scene is None or not scene.is_drawable:
            return QRegion(self.rect())
        ratio = self.ink.ratio
        region = QRegion()
        for box in layers.live_boxes(scene, with_readouts=self._cross is None):
            left, top = math.floor(box.left() / ratio) - 1, math.floor(box.top() / ratio) - 1
            right, bottom = math.ceil((box.right() + 1) / ratio) + 1, math.ceil((box.bottom() + 1) / ratio) + 1
            region = region.united(QRect(left, top, right - left, bottom - top))
        return region

    def picture(self) -> QByteArray:
        """The chart as it stands, as a PNG file's bytes."""
        bytes_ = QByteArray()
        buffer = QBuffer(bytes_)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.grab().save(buffer, "PNG")
        buffer.close()
        return bytes_

    # -- words ----------------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        """Accessible name and description of the whole picture."""
        look, series, given = self.appearance, self.series, self._given
        if series is None:
            self.setAccessibleName(look.tr("chart.access.empty"))
            self.setAccessibleDescription("")
            return
        name = series.name_en if look.language == "en" and series.name_en else series.name
        frame = look.tr(f"chart.frame.{series.timeframe.value}")
        self.setAccessibleName(look.tr("chart.access.name", name=name or series.ticker, frame=frame))
        self.setAccessibleDescription(words.description(look, given.overlay, given.summary))

    def _on_appearance(self) -> None:
        self.ink.reset(self.devicePixelRatioF())
        if not self._view_is_own:
            self._use_default_view()
        self._changed()
        self._say()

    # -- Qt events; what they do is in navigation -----------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """The least width the design gives a chart, and a height that shows all panes."""
        return QSize(self.appearance.px(640), self.appearance.px(480))

    def minimumSizeHint(self) -> QSize:
        """Small enough to be squeezed by other panels."""
        return QSize(self.appearance.px(160), self.appearance.px(120))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the view; the standing default view follows the width."""
        super().resizeEvent(event)
        if not self._view_is_own:
            self._use_default_view()
        self._changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the linked charts."""
        super().showEvent(event)
        if self._link is not None and not self._subscriptions:
            self._subscriptions = [
                self._link.range.subscribe(self._on_range),
                self._link.crosshair.subscribe(self._on_linked_crosshair, replay=False),
            ]
        self._meet_range()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while hidden: no picture, no listening."""
        super().hideEvent(event)
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._base = None
        self._scene = None
        self.navigation.release()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, scale or move a divider."""
        self.navigation.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or move the crosshair."""
        self.navigation.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.navigation.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Reset the view, or the price axis alone."""
        self.navigation.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer or pan."""
        self.navigation.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the chart; others go on to the panel."""
        if not self.navigation.key(event):
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the pointer's crosshair away."""
        super().leaveEvent(event)
        if self._cross is not None and not self._cross.by_keys:
            self.set_crosshair(None)

    def event(self, event: QEvent) -> bool:
        """Pinch on a trackpad; titles of the news flag under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            scene = self.scene()
            tip = news_tip(scene, *self.device_point(event.pos().toPointF())) if scene is not None else ""
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        if isinstance(event, QNativeGestureEvent) and self.navigation.gesture(event):
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the chart's menu."""
        self.menu.open_at(event.globalPos())

    def device_point(self, point: QPointF) -> tuple[float, float]:
        """A widget position in device pixels."""
        return point.x() * self.ink.ratio, point.y() * self.ink.ratio

    # -- saved state ----------------------------------------------------------------------------------------------------

    def export_state(self) -> dict[str, object]:
        """Views and options as plain data for the layout."""
        options = self._given.options
        return {
            "version": 1,
            "views": self.views.export(),
            "panes": list(options.panes),
            "flow_mode": options.flow_mode,
            "averages": list(options.averages),
            "pattern": options.pattern,
            "zigzag": options.zigzag,
            "limit_marks": options.limit_marks,
            "vwap": options.vwap,
            "shares": dict(options.shares),
        }

    def import_state(self, state: object) -> None:
        """Take back what :meth:`export_state` gave; damaged entries keep their present value."""
        if not isinstance(state, dict) or state.get("version") != 1:
            return
        self.views.restore(state.get("views"))
        self._given = replace(self._given, options=layers.options_from(self._given.options, state))
        series = self.series
        if series is not None:
            stored = self.views.get(series.ticker, series.timeframe)
            if stored is not None:
                self._view_is_own = True
                self._given = replace(self._given, view=stored)
        self._changed()
