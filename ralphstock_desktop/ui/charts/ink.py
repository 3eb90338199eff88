"""Pens, fonts and laid-out texts of a chart in device pixels, looked up once per appearance and pixel ratio."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QStaticText, QTransform

from ralphstock_desktop.ui.appearance import Appearance, FontSize

__all__ = ["Ink"]

_CACHE_LIMIT = 4_000
_Text: TypeAlias = tuple[QStaticText, int, QFont, float, float]
"""A laid-out text, its advance, font, ascent and half the height of its capitals."""


class Ink:
    """See the module text.

    Parameters
    ----------
    appearance : Appearance
        Colours, fonts and zoom.
    ratio : float
        Device pixels per device-independent pixel.
    """

    def __init__(self, appearance: Appearance, ratio: float = 1.0) -> None:
        self.look = appearance
        self.ratio = ratio
        self._fonts: dict[tuple[str, bool], tuple[QFont, float, float, QFontMetricsF]] = {}
        self._texts: dict[tuple[str, str, bool], _Text] = {}
        self._pens: dict[tuple[str, str, float], QPen] = {}
        self._mixed: dict[tuple[str, str, float], QColor] = {}
        self._sizes: dict[float, int] = {}
        self.pictures: dict[object, QPixmap] = {}
        """Small pictures by a key of the caller; dropped with everything else when the look changes."""

    def reset(self, ratio: float) -> None:
        """Forget everything that depends on theme, zoom or ratio."""
        self.ratio = ratio
        self._fonts.clear()
        self._texts.clear()
        self._pens.clear()
        self._mixed.clear()
        self._sizes.clear()
        self.pictures.clear()

    # -- sizes and colours ----------------------------------------------------------------------------------------------

    def px(self, size: float) -> int:
        """A size of the design in device pixels at the chosen zoom."""
        found = self._sizes.get(size)
        if found is None:
            found = self._sizes[size] = round(size * self.look.zoom_pct / 100 * self.ratio)
        return found

    def hair(self) -> int:
        """Thickness of a hairline: one device pixel at any zoom, more on dense screens."""
        return max(1, int(self.ratio))

    def color(self, token: str, opacity: float = 1.0) -> QColor:
        """Colour of a token."""
        return self.look.color(token, opacity)

    def mixed(self, token: str, ground: str, opacity: float) -> QColor:
        """A token over a ground as one opaque colour."""
        key = (token, ground, opacity)
        if key not in self._mixed:
            top, under = self.look.color(token), self.look.color(ground)
            mix = QColor(under)
            mix.setRgb(
                round(top.red() * opacity + under.red() * (1 - opacity)),
                round(top.green() * opacity + under.green() * (1 - opacity)),
                round(top.blue() * opacity + under.blue() * (1 - opacity)),
            )
            self._mixed[key] = mix
        return self._mixed[key]

    @property
    def tag_text(self) -> str:
        """Token of the text on a crosshair tag (dark in both themes)."""
        return "text" if self.look.theme == "dark" else "text-on-fill"

    def pen(self, token: str, dash: str = "", width: float = 1.0) -> QPen:
        """A pen of ``width`` device-independent pixels; ``dash`` is empty, ``3-3``, ``1-3`` … in multiples of its width."""
        key = (token, dash, width)
        if key not in self._pens:
            pen = QPen(self.look.color(token))
            pen.setWidthF(max(1.0, width * self.ratio) if width != 1.0 else float(self.hair()))
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if dash:
                pen.setDashPattern([float(part) for part in dash.split("-")])
            self._pens[key] = pen
        return self._pens[key]

    # -- text -----------------------------------------------------------------------------------------------------------

    def _font(self, size: FontSize, bold: bool) -> tuple[QFont, float, float, QFontMetricsF]:
        key = (size, bold)
        found = self._fonts.get(key)
        if found is None:
            font = QFont(self.look.font(size, bold=bold))
            font.setPixelSize(max(1, round(font.pixelSize() * self.ratio)))
            metrics = QFontMetricsF(font)
            found = self._fonts[key] = (font, metrics.ascent(), metrics.capHeight(), metrics)
        return found

    def width(self, text: str, size: FontSize = "caption", *, bold: bool = False) -> int:
        """Advance of a text in device pixels."""
        return self._layout(text, size, bold)[1]

    def _layout(self, text: str, size: FontSize, bold: bool) -> _Text:
        key = (text, size, bold)
        found = self._texts.get(key)
        if found is None:
            if len(self._texts) > _CACHE_LIMIT:
                self._texts.clear()
            font, ascent, cap, metrics = self._font(size, bold)
            layout = QStaticText(text)
            layout.setTextFormat(Qt.TextFormat.PlainText)
            layout.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            layout.prepare(QTransform(), font)
            found = self._texts[key] = (layout, round(metrics.horizontalAdvance(text)), font, ascent, cap / 2)
        return found

    def text(
        self,
        painter: QPainter,
        x: float,
        middle: float,
        text: str,
        token: str,
        *,
        size: FontSize = "caption",
        bold: bool = False,
    ) -> int:
        """Draw a line starting at ``x`` with its capitals centred on ``middle``; return its width."""
        layout, advance, font, ascent, half_cap = self._layout(text, size, bold)
        painter.setFont(font)
        painter.setPen(self.look.color(token))
        painter.drawStaticText(QPointF(round(x), round(middle + half_cap) - ascent), layout)
        return advance

    # -- shapes ---------------------------------------------------------------------------------------------------------

    def line(self, painter: QPainter, x1: int, y1: int, x2: int, y2: int, color: QColor) -> None:
        """Draw a horizontal or vertical hairline, both ends included."""
        hair = self.hair()
        painter.fillRect(min(x1, x2), min(y1, y2), max(abs(x2 - x1), hair), max(abs(y2 - y1), hair), color)

    def plate(
        self,
        painter: QPainter,
        x: int,
        y: int,
        text: str,
        token: str,
        *,
        ground: QColor,
        edge: str = "",
        bold: bool = True,
        height: int = 17,
    ) -> QRectF:
        """Draw a word on a rounded plate with its left top corner at (x, y); return its rectangle."""
        box = self.plate_size(text, x, y, bold=bold, height=height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        radius = self.px(3)
        if edge:
            painter.setPen(self.pen(edge))
            painter.setBrush(ground)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(box, radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.text(painter, x + self.px(5), box.center().y(), text, token, bold=bold)
        return box

    def plate_size(self, text: str, x: int = 0, y: int = 0, *, bold: bool = True, height: int = 17) -> QRectF:
        """Rectangle a plate would take."""
        return QRectF(x, y, self.width(text, bold=bold) + 2 * self.px(5), self.px(height))

    def hatch(self) -> QBrush:
        """Diagonal hatch of missing data."""
        return QBrush(self.look.color("gap-hatch", self.look.opacity("gap_hatch")), Qt.BrushStyle.BDiagPattern)
