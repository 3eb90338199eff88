"""Draws what was not received: diagonal hatch across the bars concerned, with a plate that says how far it is filled."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QPainter

from ralphstock_desktop.ui.charts.scene import GapBand, Scene

__all__ = ["band_px", "paint_gaps"]

_PLATE_TOP = 42
"""Below the two lines of the readout."""
_LEAST_PX = 6


def band_px(scene: Scene, band: GapBand) -> tuple[int, int]:
    """Left and right edge of a band, never narrower than can be seen."""
    left, right = scene.span_px(band.first, band.last)
    least = scene.ink.px(_LEAST_PX)
    if right - left < least:
        middle = (left + right) // 2
        left, right = middle - least // 2, middle - least // 2 + least
    return left, right


def paint_gaps(painter: QPainter, scene: Scene) -> None:
    """Hatch every gap in sight over price and volume; plates that would touch the one before are left out."""
    ink = scene.ink
    panes = [pane for pane in scene.panes if pane.name in {"price", "volume"}]
    price = scene.pane("price")
    taken = -1
    for band in scene.given.gaps:
        left, right = band_px(scene, band)
        if right <= 0 or left >= scene.plot_width:
            continue
        left, right = max(left, 0), min(right, scene.plot_width)
        strength = ink.look.opacity("gap_hatch") * (0.6 if band.filled else 1.0)
        brush = QBrush(ink.look.color("gap-hatch", round(strength, 2)), Qt.BrushStyle.BDiagPattern)
        for pane in panes:
            painter.fillRect(QRect(left, pane.top + 1, right - left, pane.height - 1), brush)
            for x in (left, right - ink.hair()):
                ink.line(painter, x, pane.top + 1, x, pane.bottom - 1, ink.look.color("gap-hatch", 0.5))
        if not band.words or price is None:
            continue
        size = ink.plate_size(band.words, bold=False)
        x = min(max(round((left + right - size.width()) / 2), ink.px(4)), scene.plot_width - round(size.width()) - ink.px(4))
        if x > taken and price.height > ink.px(_PLATE_TOP + 30):
            top = price.top + ink.px(_PLATE_TOP)
            ground = ink.color("bg-panel")
            box = ink.plate(painter, x, top, band.words, "text-secondary", ground=ground, edge="line-strong", bold=False)
            taken = round(box.right()) + ink.px(4)
