"""The row above a chart: symbol, price of the day, time frames, adjusted or raw, and the picture button.

Name, price and change are never left out or cut (only the name may be elided); code, value and venue go first, then the
buttons that the chart's menu offers as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from engine.model.chart import Timeframe
from ralphstock_desktop.ui import format as fmt
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.panel_header import IconButton

__all__ = ["FRAMES", "ChartHead", "HeadText", "WordButton"]

FRAMES = (
    Timeframe.MIN_1,
    Timeframe.MIN_5,
    Timeframe.MIN_15,
    Timeframe.MIN_60,
    Timeframe.DAY,
    Timeframe.WEEK,
    Timeframe.MONTH,
)


@dataclass(frozen=True, slots=True)
class HeadText:
    """What the row says about the symbol; NaN where missing."""

    name: str = ""
    code: str = ""
    price: float = math.nan
    change: float = math.nan
    change_pct: float = math.nan
    value: float = math.nan
    value_estimated: bool = False
    stale: bool = False


class WordButton(QAbstractButton):
    """A flat word that can be chosen: bold on a raised ground while on."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_word(self, text: str, help_text: str, name: str) -> None:
        """Change the word, its tooltip and its accessible name."""
        self.setText(text)
        self.setToolTip(help_text)
        self.setAccessibleName(name)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Word and padding at the current zoom; a single letter still gives a square."""
        look = self._appearance
        width = QFontMetricsF(look.font("body", bold=True)).horizontalAdvance(self.text())
        return QSize(max(round(width) + look.px(10), look.px(22)), look.px(22))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, word and focus ring."""
        look, on = self._appearance, self.isChecked()
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect())
            painter.setPen(Qt.PenStyle.NoPen)
            if on or (self.underMouse() and self.isEnabled()):
                painter.setBrush(look.color("bg-raised" if on else "bg-hover"))
                painter.drawRoundedRect(box, look.px(4), look.px(4))
            if self.hasFocus():
                painter.setPen(QPen(look.color("focus"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), look.px(4), look.px(4))
            font = look.font("body", bold=on)
            painter.setFont(font)
            painter.setPen(look.color("text-disabled" if not self.isEnabled() else "text" if on else "text-secondary"))
            advance = QFontMetricsF(font).horizontalAdvance(self.text())
            painter.drawText(round((self.width() - advance) / 2), look.baseline(0, self.height(), font), self.text())
        finally:
            painter.end()


class ChartHead(QWidget):
    """See the module text.

    Signals
    -------
    timeframe_chosen(Timeframe)
    adjusted_chosen(bool)
    picture_wanted
    """

    timeframe_chosen = Signal(object)
    adjusted_chosen = Signal(bool)
    picture_wanted = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._said = HeadText()
        self._has_minutes = False
        self.buttons = {frame: WordButton(appearance, self) for frame in FRAMES}
        self.adjusted = WordButton(appearance, self)
        self.camera = IconButton(appearance, "camera", "chart.head.screenshot", parent=self)
        self._row = QHBoxLayout(self)
        self._row.addStretch(1)
        for frame, button in self.buttons.items():
            button.clicked.connect(lambda _on=False, chosen=frame: self.timeframe_chosen.emit(chosen))
            self._row.addWidget(button)
        self._row.addWidget(self.adjusted)
        self._row.addWidget(self.camera)
        self.adjusted.clicked.connect(self.adjusted_chosen)
        self.camera.clicked.connect(self.picture_wanted)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self.apply)
        self.show_state(Timeframe.DAY, adjusted=True, has_minutes=False)
        self.apply()

    # -- what is said ---------------------------------------------------------------------------------------------------

    @property
    def said(self) -> HeadText:
        """What the row says."""
        return self._said

    def say(self, text: HeadText) -> None:
        """Show a symbol and its price."""
        if text != self._said:
            self._said = text
            self._make_room()
            self.update()

    def show_state(self, timeframe: Timeframe, *, adjusted: bool, has_minutes: bool) -> None:
        """Show which bars are on screen and which can be chosen; the tooltip says why one cannot."""
        self._has_minutes = has_minutes
        for frame, button in self.buttons.items():
            button.setChecked(frame == timeframe)
            button.setEnabled(has_minutes or not frame.is_intraday)
        self.adjusted.setChecked(adjusted)
        self.adjusted.setEnabled(not timeframe.is_intraday)
        self._label()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        px = self._appearance.px
        self._row.setContentsMargins(px(8), px(4), px(6), px(4))
        self._row.setSpacing(px(1))
        self.setFixedHeight(self._appearance.space("chart_head"))
        self._label()
        self._make_room()
        self.update()

    def _label(self) -> None:
        tr = self._appearance.tr
        for frame, button in self.buttons.items():
            name = tr(f"chart.frame.{frame.value}")
            why = "" if button.isEnabled() else tr("chart.head.no_minutes")
            button.set_word(tr(f"chart.head.button.{frame.value}"), why, name)
        kind = "adjusted" if self.adjusted.isChecked() else "raw"
        self.adjusted.set_word(tr(f"chart.head.{kind}"), tr(f"chart.head.{kind}.help"), tr("chart.head.adjusted"))

    # -- room -----------------------------------------------------------------------------------------------------------

    def _width(self, text: str, size: FontSize, *, bold: bool = False) -> float:
        return QFontMetricsF(self._appearance.font(size, bold=bold)).horizontalAdvance(text)

    def _needed(self) -> float:
        """Width of what may never be left out."""
        px, said = self._appearance.px, self._said
        change = f"{fmt.change_won(said.change)}  {fmt.percent(said.change_pct)}"
        name = min(self._width(said.name, "value", bold=True), px(120))
        return name + self._width(fmt.price(said.price), "hero", bold=True) + self._width(change, "body", bold=True) + px(60)

    def _make_room(self) -> None:
        """Hide buttons the menu offers as well until the symbol fits: minutes first, then adjusted, then months."""
        minutes = [button for frame, button in self.buttons.items() if frame.is_intraday]
        months = [self.buttons[Timeframe.MONTH]] if Timeframe.MONTH in self.buttons else []
        every = [*self.buttons.values(), self.adjusted, self.camera]
        room = self.width() - self._needed()
        hidden: set[QAbstractButton] = set()
        for group in (minutes, [self.adjusted], months):
            if sum(button.sizeHint().width() for button in every if button not in hidden) <= room:
                break
            hidden.update(button for button in group if not button.isChecked() or button is self.adjusted)
        for button in every:
            button.setVisible(button not in hidden)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Decide again what fits."""
        super().resizeEvent(event)
        self._make_room()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw name, code, price, change, value and venue, as many as fit."""
        look, said = self._appearance, self._said
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), look.color("bg-panel"))
            if said.code:
                self._paint_symbol(painter)
        finally:
            painter.end()

    def _paint_symbol(self, painter: QPainter) -> None:
        look, said, px = self._appearance, self._said, self._appearance.px
        shown = [button for button in (*self.buttons.values(), self.adjusted, self.camera) if not button.isHidden()]
        limit = min((button.x() for button in shown), default=self.width()) - px(8)
        token = "stale" if said.stale else look.direction_token(said.change)
        price = fmt.price(said.price)
        change = f"{fmt.change_won(said.change)}  {fmt.percent(said.change_pct)}"
        needed = self._width(price, "hero", bold=True) + self._width(change, "body", bold=True) + px(24)
        font = look.font("value", bold=True)
        name = QFontMetricsF(font).elidedText(said.name or said.code, Qt.TextElideMode.ElideRight, limit - px(8) - needed)
        x = float(px(8))
        x += self._text(painter, x, name, "value", "text", bold=True) + px(8)
        # Optional parts are decided before anything behind them is placed, so that the price keeps its room.
        value_text = fmt.money(said.value, look.language)
        if said.value_estimated and value_text != fmt.MISSING:
            value_text = look.tr("chart.read.about", value=value_text)
        value = look.tr("chart.head.value", value=value_text)
        left = limit - x - needed
        code = self._width(said.code, "caption") + px(8) if said.name else 0.0
        if said.name and code <= left:
            x += self._text(painter, x, said.code, "caption", "text-muted") + px(8)
            left -= code
        x += self._text(painter, x, price, "hero", token, bold=True) + px(8)
        x += self._text(painter, x, change, "body", token, bold=True) + px(12)
        if self._width(value, "body") + px(12) <= left:
            x += self._text(painter, x, value, "body", "text-secondary") + px(8)
            left -= self._width(value, "body") + px(12)
        venue = look.tr("chart.head.venue")
        if self._width(venue, "micro") + px(16) <= left:
            self._chip(painter, x, venue)

    def _text(self, painter: QPainter, x: float, text: str, size: FontSize, token: str, *, bold: bool = False) -> float:
        look = self._appearance
        font = look.font(size, bold=bold)
        painter.setFont(font)
        painter.setPen(look.color(token))
        painter.drawText(round(x), look.baseline(0, self.height(), font), text)
        return QFontMetricsF(font).horizontalAdvance(text)

    def _chip(self, painter: QPainter, x: float, text: str) -> None:
        look, px = self._appearance, self._appearance.px
        width, tall = self._width(text, "micro") + px(8), px(15)
        box = QRectF(round(x) + 0.5, (self.height() - tall) // 2 + 0.5, round(width), tall)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(look.color("line-strong"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, px(3), px(3))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._text(painter, x + px(4), text, "micro", "text-secondary")
