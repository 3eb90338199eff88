"""Fast text and marks for densely painted widgets (tables, evidence).

Texts are laid out once as ``QStaticText`` and placed by cap height (design.md §3); pens and fonts are looked up once per
appearance. A :class:`Canvas` belongs to one widget and is wound up with a painter for each paint event.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QPolygon, QStaticText, QTransform

from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.models.columns import Align

__all__ = ["Canvas"]

_CACHE_LIMIT = 20_000


class Canvas:
    """Draws onto the painter of the current paint event."""

    def __init__(self, appearance: Appearance) -> None:
        self.appearance = appearance
        self.painter: QPainter = None  # type: ignore[assignment]  # set by begin(), used between begin and end only
        self.ratio = 1.0
        self._texts: dict[tuple[str, str, bool], tuple[QStaticText, float]] = {}
        self._pens: dict[str, QPen] = {}
        self._font_now: tuple[str, bool] | None = None
        self._pen_now = ""
        self._rises: dict[tuple[str, bool], tuple[float, float]] = {}
        self._drops: dict[tuple[str, bool, float], int] = {}
        self._pixels: dict[float, int] = {}
        self._metrics: dict[tuple[str, bool], QFontMetricsF] = {}
        self.pixmaps: dict[object, QPixmap] = {}
        """Small pictures (sparklines, contraction bars) by a key of the caller, dropped with the appearance."""

    def reset(self) -> None:
        """Forget everything that depends on theme, zoom or language."""
        self._texts.clear()
        self._pens.clear()
        self._rises.clear()
        self._drops.clear()
        self._pixels.clear()
        self._metrics.clear()
        self.pixmaps.clear()

    def begin(self, painter: QPainter, ratio: float) -> None:
        """Use ``painter`` until the next call."""
        self.painter = painter
        if ratio != self.ratio:
            self.ratio = ratio
            self.pixmaps.clear()
        self._font_now = None
        self._pen_now = ""
        if len(self._texts) > _CACHE_LIMIT:
            self._texts.clear()

    @contextmanager
    def onto(self, picture: QPixmap) -> Iterator[QPainter]:
        """Draw onto a picture for a while; pen and font of the paint event are its own again afterwards."""
        outer, font, pen = self.painter, self._font_now, self._pen_now
        self.painter = QPainter(picture)
        self._font_now, self._pen_now = None, ""
        try:
            yield self.painter
        finally:
            self.painter.end()
            self.painter, self._font_now, self._pen_now = outer, font, pen

    # -- fonts and text -------------------------------------------------------------------------------------------------

    def font(self, size: FontSize, bold: bool) -> QFont:
        """Font of the appearance."""
        return self.appearance.font(size, bold=bold)

    def metrics(self, size: FontSize, bold: bool) -> QFontMetricsF:
        """Metrics of a font, cached."""
        key = (size, bold)
        if key not in self._metrics:
            self._metrics[key] = QFontMetricsF(self.font(size, bold))
        return self._metrics[key]

    def width(self, text: str, size: FontSize = "body", bold: bool = False) -> float:
        """Advance of a text."""
        return self._layout(text, size, bold)[1]

    def elided(self, text: str, width: float, size: FontSize = "body", bold: bool = False) -> str:
        """The text cut to a width; a share-class suffix at the end of a name stays (design.md §3)."""
        if self.width(text, size, bold) <= width:
            return text
        mode = Qt.TextElideMode.ElideMiddle if text[-2:-1].isalpha() and text[-1:] in "BC" else Qt.TextElideMode.ElideRight
        return self.metrics(size, bold).elidedText(text, mode, width)

    def wrapped(self, text: str, room: float, size: FontSize = "caption", bold: bool = False) -> list[str]:
        """Break a sentence at spaces so that every line fits; a single long word stays whole."""
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.metrics(size, bold).horizontalAdvance(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines or [""]

    def text(
        self,
        x: float,
        top: float,
        width: float,
        height: float,
        text: str,
        token: str,
        *,
        align: Align = "left",
        size: FontSize = "body",
        bold: bool = False,
        elide: bool = False,
    ) -> float:
        """Draw one line inside a box, its capitals centred; return its width."""
        if elide:
            text = self.elided(text, width, size, bold)
        layout, advance = self._layout(text, size, bold)
        key = (size, bold)
        if key != self._font_now:
            self.painter.setFont(self.font(size, bold))
            self._font_now = key
        self.pen(token)
        left = x if align == "left" else x + width - advance if align == "right" else x + (width - advance) / 2
        drop = self._drops.get((size, bold, height))
        if drop is None:
            ascent, cap = self._rises[key]
            drop = self._drops[(size, bold, height)] = round((height + cap) / 2 - ascent)
        self.painter.drawStaticText(round(left), round(top) + drop, layout)
        return advance

    def px(self, size_at_100: float) -> int:
        """Pixels at the chosen zoom, cached."""
        found = self._pixels.get(size_at_100)
        if found is None:
            found = self._pixels[size_at_100] = self.appearance.px(size_at_100)
        return found

    def _layout(self, text: str, size: FontSize, bold: bool) -> tuple[QStaticText, float]:
        key = (text, size, bold)
        found = self._texts.get(key)
        if found is None:
            font = self.font(size, bold)
            if (size, bold) not in self._rises:
                metrics = self.metrics(size, bold)
                self._rises[(size, bold)] = (metrics.ascent(), metrics.capHeight())
            layout = QStaticText(text)
            layout.setTextFormat(Qt.TextFormat.PlainText)
            layout.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            layout.prepare(QTransform(), font)
            found = self._texts[key] = (layout, self.metrics(size, bold).horizontalAdvance(text))
        return found

    # -- shapes ---------------------------------------------------------------------------------------------------------

    def pen(self, token: str) -> None:
        """Use a 1-px pen of a colour token."""
        if token != self._pen_now:
            pen = self._pens.get(token)
            if pen is None:
                pen = self._pens[token] = QPen(self.appearance.color(token))
            self.painter.setPen(pen)
            self._pen_now = token

    def fill(self, x: float, y: float, width: float, height: float, token: str) -> None:
        """Fill a rectangle on whole pixels."""
        self.painter.fillRect(round(x), round(y), round(width), round(height), self.appearance.color(token))

    def fill_color(self, x: float, y: float, width: float, height: float, color: QColor) -> None:
        """Fill a rectangle on whole pixels with a colour that is already mixed."""
        self.painter.fillRect(round(x), round(y), round(width), round(height), color)

    def chip(
        self, x: float, y: float, width: float, height: float, *, fill: str = "", edge: str = "", dashed: bool = False
    ) -> None:
        """Draw a rounded box (radius of a chip) with an optional ground and outline."""
        painter = self.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = self.appearance.px(3)
        if edge:
            pen = QPen(self.appearance.color(edge))
            if dashed:
                pen.setDashPattern([3, 2])
            painter.setPen(pen)
            box = QRectF(round(x) + 0.5, round(y) + 0.5, round(width) - 1, round(height) - 1)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            box = QRectF(round(x), round(y), round(width), round(height))
        painter.setBrush(QBrush(self.appearance.color(fill)) if fill else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, radius, radius)
        painter.restore()

    def blank(self, width: int, height: int) -> QPixmap:
        """Return an empty transparent picture of a size in device-independent pixels."""
        picture = QPixmap(round(width * self.ratio), round(height * self.ratio))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(Qt.GlobalColor.transparent)
        return picture

    def chip_picture(self, width: int, height: int, *, fill: str, edge: str, dashed: bool = False) -> QPixmap:
        """Return a chip as a picture, for chips that are drawn many times."""
        picture = self.blank(width, height)
        outer, self.painter = self.painter, QPainter(picture)
        try:
            self.chip(0, 0, width, height, fill=fill, edge=edge, dashed=dashed)
        finally:
            self.painter.end()
            self.painter = outer
        return picture

    def text_chip(
        self,
        right: float,
        top: float,
        height: float,
        text: str,
        *,
        fill: str = "",
        edge: str = "",
        ink: str,
        bold: bool = True,
        left: float | None = None,
    ) -> float:
        """Draw a chip with a word, right-aligned (or starting at ``left``); return its left edge."""
        pad, tall = self.px(6), self.px(18)
        width = self.width(text, "caption", bold) + 2 * pad
        x = right - width if left is None else left
        y = top + (height - tall) / 2
        self.chip(x, y, width, tall, fill=fill, edge=edge)
        self.text(x, round(y), round(width), tall, text, ink, align="center", size="caption", bold=bold)
        return x

    def polyline(self, points: list[tuple[int, int]], token: str) -> None:
        """Draw a 1-px line through whole-pixel points."""
        self.pen(token)
        self.painter.drawPolyline(QPolygon([QPoint(x, y) for x, y in points]))
