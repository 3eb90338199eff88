"""The row above a chart: symbol, price of the day, time frames, adjusted or raw, and the picture button.

What is there is decided by width, in this order: name (elided, at least four characters), price, change in %, time frames
(one menu button where the buttons do not fit), change in won, the whole name, value, code, venue, adjusted or raw, picture.
A part that does not fit whole is left out: no number is ever cut or painted over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLayout, QMenu, QSizePolicy, QWidget

from engine.model.chart import Timeframe
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.wording import format as fmt

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


_NAME_LETTERS = 4
"""Characters of the name that stay in every width."""


@dataclass(frozen=True, slots=True)
class Part:
    """One painted part of the row: ``x`` and ``width`` in px."""

    kind: str
    text: str
    x: float
    width: float
    size: FontSize
    token: str
    bold: bool


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
        self._has_minutes, self._frame = False, Timeframe.DAY
        self.buttons = {frame: WordButton(appearance, self) for frame in FRAMES}
        self.adjusted = WordButton(appearance, self)
        self.camera = IconButton(appearance, "camera", "chart.head.screenshot", parent=self)
        self.more = WordButton(appearance, self)
        self.parts: tuple[Part, ...] = ()
        self._menu = QMenu(self)
        self._row = QHBoxLayout(self)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # the buttons give way to the width
        self._row.addStretch(1)
        for frame, button in self.buttons.items():
            button.clicked.connect(lambda _on=False, chosen=frame: self.timeframe_chosen.emit(chosen))
            self._row.addWidget(button)
        self._row.addWidget(self.more)
        self._row.addWidget(self.adjusted)
        self._row.addWidget(self.camera)
        self.adjusted.clicked.connect(self.adjusted_chosen)
        self.camera.clicked.connect(self.picture_wanted)
        self.more.setCheckable(False)
        self.more.clicked.connect(self._open_menu)
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
        self._has_minutes, self._frame = has_minutes, timeframe
        for frame, button in self.buttons.items():
            button.setChecked(frame == timeframe)
            button.setEnabled(has_minutes or not frame.is_intraday)
        self.adjusted.setChecked(adjusted)
        self.adjusted.setEnabled(not timeframe.is_intraday)
        self._label()
        self._make_room()
        self.update()

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

    def _label_more(self, *, alone: bool) -> None:
        """Show the chosen time frame on the menu button, unless it has its own button and the menu holds the rest."""
        tr = self._appearance.tr
        word = tr(f"chart.head.button.{self._frame.value}")
        if alone:
            self.more.set_word("⋮", tr("chart.head.more"), tr("chart.head.more"))
        else:
            self.more.set_word(f"{word} ▾", tr("chart.menu.timeframe"), f"{tr('chart.menu.timeframe')} {word}")

    def _open_menu(self) -> None:
        """Open what has no button of its own: time frames, adjusted prices, the picture."""
        tr, menu = self._appearance.tr, self._menu
        menu.clear()
        group = QActionGroup(menu)
        for frame, button in self.buttons.items():
            action = menu.addAction(tr(f"chart.frame.{frame.value}"))
            action.setCheckable(True)
            action.setChecked(button.isChecked())
            action.setEnabled(button.isEnabled())
            action.triggered.connect(lambda _on=False, chosen=frame: self.timeframe_chosen.emit(chosen))
            group.addAction(action)
        menu.addSeparator()
        adjusted = menu.addAction(tr("chart.head.adjusted"))
        adjusted.setCheckable(True)
        adjusted.setChecked(self.adjusted.isChecked())
        adjusted.setEnabled(self.adjusted.isEnabled())
        adjusted.triggered.connect(self.adjusted_chosen)
        menu.addAction(tr("chart.head.screenshot")).triggered.connect(self.picture_wanted)
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    # -- room -----------------------------------------------------------------------------------------------------------

    def _width(self, text: str, size: FontSize, *, bold: bool = False) -> float:
        return QFontMetricsF(self._appearance.font(size, bold=bold)).horizontalAdvance(text)

    def _buttons_width(self, buttons: list[QAbstractButton]) -> float:
        """Width of a group of buttons with the gaps before them."""
        gap = self._appearance.px(1)
        return sum((b.minimumWidth() if b is self.camera else b.sizeHint().width()) + gap for b in buttons)

    def _frame_buttons(self) -> list[list[QAbstractButton]]:
        """Ways to offer the time frames, the best first. Minutes the symbol has no bars of come last of all."""
        every: list[QAbstractButton] = list(self.buttons.values())
        usable = [button for button in every if self._has_minutes or button.isEnabled() or button.isChecked()]
        return [usable, [self.more], []]

    def _words(self) -> dict[str, tuple[str, FontSize, str, bool]]:
        """Text, size, colour and weight of every part in the order in which they stand."""
        look, said = self._appearance, self._said
        token = "stale" if said.stale else look.direction_token(said.change)
        money = fmt.money(said.value, look.language)
        if said.value_estimated and money != fmt.MISSING:
            money = look.tr("chart.read.about", value=money)
        words: dict[str, tuple[str, FontSize, str, bool]] = {
            "name": (said.name or said.code, "value", "text", True),
            "code": (said.code if said.name else "", "caption", "text-muted", False),
            "price": (fmt.price(said.price), "hero", token, True),
            "won": (fmt.change_won(said.change), "body", token, True),
            "pct": (fmt.percent(said.change_pct), "body", token, True),
            "value": (look.tr("chart.head.value", value=money), "body", "text-secondary", False),
            "venue": (look.tr("chart.head.venue"), "micro", "text-secondary", False),
        }
        return {kind: entry for kind, entry in words.items() if entry[0]}

    def _make_room(self) -> None:
        """Choose parts and buttons for the width (see the module text) and place the parts."""
        px = self._appearance.px
        words = self._words() if self._said.code else {}
        gap = px(8)
        widths = {kind: self._width(text, size, bold=bold) + gap for kind, (text, size, _, bold) in words.items()}
        if "venue" in widths:
            widths["venue"] += gap
        room: float = self.width() - px(8) - px(6)
        shown: set[str] = set()
        full = widths.get("name", 0.0)
        name = min(full, self._shortest_name() + gap) if words else 0.0
        # The name is the first to be kept; price and change go one after the other where even they do not fit.
        for kind, need in (("name", name), ("price", widths.get("price", 0.0)), ("pct", widths.get("pct", 0.0))):
            if kind not in words or need > room:
                break
            shown.add(kind)
            room -= need
        self._label_more(alone=False)
        frames = next(way for way in self._frame_buttons() if self._buttons_width(way) <= room or not way)
        room -= self._buttons_width(frames)
        if "won" in widths and widths["won"] <= room:
            shown.add("won")
            room -= widths["won"]
        if "name" in shown:
            grown = min(full - name, max(0.0, room))
            name, room = name + grown, room - grown
        extra: list[QAbstractButton] = [self.adjusted, self.camera]
        optional = [kind for kind in ("value", "code", "venue") if kind in widths]
        spare = self._buttons_width([self.more])
        # Parts may take the place of the toggle and the picture button only as long as a menu button for both remains.
        reserved = 0.0 if self.more in frames or spare > room else spare
        if sum(widths[kind] for kind in optional) + self._buttons_width(extra) <= room:
            reserved = 0.0
        for kind in optional:
            # The small sign of the venue alone, without the numbers that come before it, would only look odd.
            before = {"won"} if kind != "venue" else {"won", "value"}
            if before <= shown and name >= full and widths[kind] <= room - reserved:
                shown.add(kind)
                room -= widths[kind]
        if self._buttons_width(extra) > room:
            extra = [self.more] if reserved else []
        room -= self._buttons_width(extra)
        unusable: list[QAbstractButton] = [b for b in self.buttons.values() if self.more not in frames and b not in frames]
        if frames and self._buttons_width(unusable) <= room:
            extra += unusable
        self._label_more(alone=self.more in extra)
        for button in (*self.buttons.values(), self.more, self.adjusted, self.camera):
            button.setVisible(button in frames or button in extra)
        self._place(words, shown, widths, name)

    def _shortest_name(self) -> float:
        """Width of the first letters of the name with the sign that it goes on."""
        name = self._said.name or self._said.code
        whole = self._width(name, "value", bold=True)
        return min(whole, self._width(name[:_NAME_LETTERS] + "…", "value", bold=True) + 1)

    def _place(
        self, words: dict[str, tuple[str, FontSize, str, bool]], shown: set[str], widths: dict[str, float], name: float
    ) -> None:
        gap = self._appearance.px(8)
        x, parts = float(gap), []
        for kind, (text, size, token, bold) in words.items():
            if kind not in shown:
                continue
            width = name if kind == "name" else widths[kind]
            if kind == "name":
                metrics = QFontMetricsF(self._appearance.font(size, bold=bold))
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width - gap + 0.5)
            parts.append(Part(kind, text, x, width - gap, size, token, bold))
            x += width
        self.parts = tuple(parts)
        self.setToolTip("" if not words else "  ".join(text for text, *_ in words.values()))

    def minimumSizeHint(self) -> QSize:
        """Never the reason for a wide panel."""
        return QSize(self._appearance.px(120), self._appearance.space("chart_head"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Decide again what fits."""
        super().resizeEvent(event)
        self._make_room()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the parts that have a place."""
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), look.color("bg-panel"))
            for part in self.parts:
                if part.kind == "venue":
                    self._chip(painter, part.x, part.text)
                else:
                    self._text(painter, part.x, part.text, part.size, part.token, bold=part.bold)
        finally:
            painter.end()

    def _text(self, painter: QPainter, x: float, text: str, size: FontSize, token: str, *, bold: bool = False) -> None:
        look = self._appearance
        font = look.font(size, bold=bold)
        painter.setFont(font)
        painter.setPen(look.color(token))
        painter.drawText(round(x), look.baseline(0, self.height(), font), text)

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
