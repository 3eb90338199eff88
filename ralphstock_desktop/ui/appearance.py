"""Colours, fonts, sizes, icons and words of the window, switchable while it is open.

One :class:`Appearance` is made by ``app`` and handed to every widget; nothing in ``ui`` names a colour, a font family or a
size of its own. Widgets connect :attr:`Appearance.changed` and repaint, re-layout and re-label themselves in that slot.
GUI thread only.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from typing import Any, Literal

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from ralphstock_desktop.wording.texts import LANGUAGES, Language, Texts

__all__ = ["Appearance", "Density", "DirectionSet", "FontSize", "ThemeName"]

ThemeName = Literal["dark", "light"]
DirectionSet = Literal["kr", "us", "cb"]
Density = Literal["compact", "normal"]
FontSize = Literal["micro", "caption", "body", "title", "value", "hero", "display"]


@lru_cache(maxsize=1)
def _tokens() -> dict[str, Any]:
    tokens: dict[str, Any] = json.loads(resources.read_text("theme", "tokens.json"))
    return tokens


class Appearance(QObject):
    """The chosen theme, direction colours, text size and language, and everything that follows from them.

    Signals
    -------
    changed
        After any of them changed; caches are already cleared.
    """

    changed = Signal()

    def __init__(
        self,
        *,
        theme: ThemeName = "dark",
        direction: DirectionSet = "kr",
        zoom_pct: int = 100,
        language: Language = "ko",
        density: Density = "compact",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme: ThemeName = theme
        self._direction: DirectionSet = direction
        self._zoom_pct = zoom_pct
        self._texts = {name: Texts(name) for name in LANGUAGES}
        self._language: Language = language
        self._density: Density = density
        self._colors: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, bool], QFont] = {}
        self._icons: dict[tuple[str, str, int, float], QPixmap] = {}

    # -- what is chosen -------------------------------------------------------------------------------------------------

    @property
    def theme(self) -> ThemeName:
        """Chosen theme."""
        return self._theme

    @property
    def direction(self) -> DirectionSet:
        """Chosen set of gain and loss colours."""
        return self._direction

    @property
    def zoom_pct(self) -> int:
        """Text and size zoom in percent."""
        return self._zoom_pct

    @property
    def language(self) -> Language:
        """Chosen language."""
        return self._language

    @property
    def density(self) -> Density:
        """Chosen row height."""
        return self._density

    @property
    def row_px(self) -> int:
        """Height of a table row at the chosen density and zoom, in device-independent pixels."""
        return self.space("row_normal" if self._density == "normal" else "row_compact")

    def choose(
        self,
        *,
        theme: ThemeName | None = None,
        direction: DirectionSet | None = None,
        zoom_pct: int | None = None,
        language: Language | None = None,
        density: Density | None = None,
    ) -> None:
        """Change any of the five; emits :attr:`changed` once if something really changed."""
        before = self._chosen()
        self._theme = theme or self._theme
        self._direction = direction or self._direction
        self._zoom_pct = zoom_pct or self._zoom_pct
        self._language = language or self._language
        self._density = density or self._density
        if before != self._chosen():
            self._colors.clear()
            self._fonts.clear()
            self._icons.clear()
            self.changed.emit()

    def _chosen(self) -> tuple[str, str, int, str, str]:
        return (self._theme, self._direction, self._zoom_pct, self._language, self._density)

    # -- words ----------------------------------------------------------------------------------------------------------

    def tr(self, key: str, /, **fields: object) -> str:  # type: ignore[override]  # our catalogue replaces Qt's
        """Return the text of ``key`` in the chosen language."""
        return self._texts[self._language](key, **fields)

    def has_text(self, key: str) -> bool:
        """Whether the catalogue has ``key``."""
        return key in self._texts[self._language]

    # -- colours --------------------------------------------------------------------------------------------------------

    def hex(self, token: str) -> str:
        """Return a colour token (or ``gain``, ``loss``, ``gain-fill`` … of the chosen direction set) as ``#RRGGBB``."""
        theme = _tokens()["themes"][self._theme]
        chosen = theme["direction"][self._direction]
        value = chosen.get(token) or theme["colors"].get(token)
        if value is None:
            raise KeyError(f"there is no colour token '{token}'")
        return str(value)

    def color(self, token: str, opacity: float = 1.0) -> QColor:
        """Return a colour token as QColor. Do not modify the result: it is shared."""
        key = f"{token}/{opacity}"
        if key not in self._colors:
            color = QColor(self.hex(token))
            color.setAlphaF(opacity)
            self._colors[key] = color
        return self._colors[key]

    def direction_token(self, amount: float) -> str:
        """Return ``gain``, ``loss`` or ``flat`` for the sign of ``amount`` (NaN is ``unknown``)."""
        if amount != amount:
            return "unknown"
        return "gain" if amount > 0 else "loss" if amount < 0 else "flat"

    def opacity(self, name: str) -> float:
        """Return a named opacity of the token file."""
        return float(_tokens()["opacity"][name])

    @property
    def hollow_falling(self) -> bool:
        """Whether falling candles are hollow (the colour-blind-safe set changes shape too)."""
        return self._direction == "cb"

    # -- sizes and fonts ------------------------------------------------------------------------------------------------

    def px(self, size_at_100: float) -> int:
        """Return a size of the design at the chosen zoom, in whole device-independent pixels."""
        return round(size_at_100 * self._zoom_pct / 100)

    def space(self, name: str) -> int:
        """Return a named size of the token file (``row_compact``, ``header_panel`` …) at the chosen zoom."""
        return self.px(_tokens()["space"][name])

    def font(self, size: FontSize = "body", *, bold: bool = False) -> QFont:
        """Return a type size of the design. Do not modify the result: it is shared."""
        key = (size, bold)
        if key not in self._fonts:
            system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
            font = QFont()
            font.setFamilies(_tokens()["type"]["families"][system])
            font.setPixelSize(self.px(_tokens()["type"]["sizes_px_at_100"][size]))
            font.setBold(bold)
            font.setFeature(QFont.Tag("tnum"), 1)
            font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
            self._fonts[key] = font
        return self._fonts[key]

    def baseline(self, top: float, height: float, font: QFont) -> int:
        """Return the y of a text baseline that centres capitals in a row (line heights differ by font family)."""
        return round(top + (height + QFontMetricsF(font).capHeight()) / 2)

    # -- icons ----------------------------------------------------------------------------------------------------------

    def pixmap(self, name: str, token: str = "text-secondary", size: int = 16, ratio: float = 1.0) -> QPixmap:
        """Return an icon tinted with a colour token, ``size`` px at 100 % zoom, for a device pixel ratio."""
        key = (name, token, size, ratio)
        if key not in self._icons:
            svg = resources.read_text("icons", f"{name}.svg").replace("currentColor", self.hex(token))
            renderer = QSvgRenderer(QByteArray(svg.encode()))
            side = round(self.px(size) * ratio)
            pixmap = QPixmap(side, side)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            try:
                renderer.render(painter, QRectF(0, 0, side, side))
            finally:
                painter.end()
            pixmap.setDevicePixelRatio(ratio)
            self._icons[key] = pixmap
        return self._icons[key]

    def icon(self, name: str, token: str = "text-secondary", size: int = 16) -> QIcon:
        """Return an icon for buttons and menus, sharp at device pixel ratios 1 and 2."""
        icon = QIcon(self.pixmap(name, token, size, 1.0))
        icon.addPixmap(self.pixmap(name, token, size, 2.0))
        return icon
