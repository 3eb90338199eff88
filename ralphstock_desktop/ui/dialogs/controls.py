"""Small controls shared by the settings window and the first-run page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance, DirectionSet

__all__ = ["DirectionCard", "Segmented", "WordButton", "colour_label"]

_SAMPLE_CHANGES = ("+2.14%", "\u22121.07%")
_SAMPLE_CANDLES = ((5, 11, 3, 13), (9, 6, 4, 11), (7, 4, 2, 9), (4, 7, 3, 8), (7, 12, 6, 13))
"""Open, close, low, high of the five preview candles, in sixteenths of the height."""


def colour_label(label: QLabel, appearance: Appearance, token: str) -> None:
    """Give a label a text colour by token."""
    palette = label.palette()
    palette.setColor(palette.ColorRole.WindowText, appearance.color(token))
    label.setPalette(palette)


class WordButton(QPushButton):
    """A button that may be chosen or the default one: it has room for its words in bold, which is how the sheet draws it then.

    Qt measures a button in the weight it has unchosen, so a word made bold by the sheet would lose its first and last stroke.
    """

    def sizeHint(self) -> QSize:
        """The hint of Qt, with the room that bold takes."""
        hint, bold = super().sizeHint(), QFont(self.font())
        bold.setBold(True)
        more = QFontMetrics(bold).horizontalAdvance(self.text()) - self.fontMetrics().horizontalAdvance(self.text())
        return QSize(hint.width() + max(0, more), hint.height())

    def minimumSizeHint(self) -> QSize:
        """Same as wanted: words are not cut."""
        return self.sizeHint()


class Segmented(QWidget):
    """One choice out of a few, side by side. Arrows move the choice.

    Signals
    -------
    chosen(str)
        The user chose another value.
    """

    chosen = Signal(str)

    def __init__(self, appearance: Appearance, choices: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """``choices`` are (value, text key or plain text)."""
        super().__init__(parent)
        self._appearance = appearance
        self._choices = list(choices)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.buttons: dict[str, WordButton] = {}
        for value, _ in self._choices:
            button = WordButton()
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, picked=value: self.chosen.emit(picked))
            self._group.addButton(button)
            self._row.addWidget(button, 1)
            self.buttons[value] = button
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take the words from the appearance."""
        look = self._appearance
        for value, text in self._choices:
            button = self.buttons[value]
            button.setText(look.tr(text) if look.has_text(text) else text)
            button.setFont(look.font("body"))

    def value(self) -> str:
        """The chosen value; empty if none is."""
        return next((value for value, button in self.buttons.items() if button.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Choose without telling; an unknown value chooses none."""
        button = self.buttons.get(value)
        if button is not None:
            button.setChecked(True)
            return
        self._group.setExclusive(False)
        for other in self.buttons.values():
            other.setChecked(False)
        self._group.setExclusive(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right choose the neighbour."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        values = list(self.buttons)
        if step is None or not values:
            super().keyPressEvent(event)
            return
        at = values.index(self.value()) if self.value() in values else 0
        picked = values[min(max(at + step, 0), len(values) - 1)]
        self.buttons[picked].setFocus()
        if picked != self.value():
            self.set_value(picked)
            self.chosen.emit(picked)


class DirectionCard(QAbstractButton):
    """A choice of gain and loss colours with its numbers and candles, drawn in its own colours."""

    def __init__(self, appearance: Appearance, direction: DirectionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self.direction = appearance, direction
        # The card shows its own set whatever is chosen, so it owns an appearance of that set.
        self._sample = Appearance(
            theme=appearance.theme, direction=direction, zoom_pct=appearance.zoom_pct, language=appearance.language, parent=self
        )
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        look = self._appearance
        self._sample.choose(theme=look.theme, zoom_pct=look.zoom_pct, language=look.language)
        self.setText(look.tr(f"settings.direction.{self.direction}"))
        self.setAccessibleName(self.text())
        self.setFixedHeight(look.px(66))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for words and candles."""
        return QSize(self._appearance.px(170), self._appearance.px(66))

    def minimumSizeHint(self) -> QSize:
        """Narrow cards drop the candles, never the words."""
        return QSize(self._appearance.px(100), self._appearance.px(66))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw border, name, both changes with arrows, and the candles."""
        del event
        look, sample = self._appearance, self._sample
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            edge = "accent" if self.isChecked() else "line-control"
            if self.hasFocus():
                edge = "focus"
            painter.setPen(QPen(look.color(edge), 2 if self.hasFocus() else 1))
            painter.setBrush(look.color("bg-header"))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), look.px(4), look.px(4))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            row, left = look.px(18), look.px(10)
            font = look.font("caption", bold=self.isChecked())
            painter.setFont(font)
            painter.setPen(look.color("text"))
            painter.drawText(left, look.baseline(look.px(6), row, font), self.text())
            font = look.font("body", bold=True)
            painter.setFont(font)
            for index, (token, arrow) in enumerate((("gain", "▲"), ("loss", "▼"))):
                painter.setPen(sample.color(token))
                top = look.px(6) + row * (index + 1)
                painter.drawText(left, look.baseline(top, row, font), f"{arrow} {_SAMPLE_CHANGES[index]}")
            self._paint_candles(painter)
        finally:
            painter.end()

    def _paint_candles(self, painter: QPainter) -> None:
        """Draw five candles on whole pixels at the right; falling ones hollow in the safe set."""
        look, sample = self._appearance, self._sample
        unit, step, body = look.px(2.5), look.px(11), look.px(7) | 1
        left, bottom = self.width() - step * len(_SAMPLE_CANDLES) - look.px(8), self.height() - look.px(14)
        if left < look.px(90):
            return
        for index, (start, stop, low, high) in enumerate(_SAMPLE_CANDLES):
            rising = stop > start
            color = sample.color("gain-fill" if rising else "loss-fill")
            x = left + index * step
            top = bottom - max(start, stop) * unit
            tall = max(1, abs(stop - start) * unit)
            painter.fillRect(x + body // 2, bottom - high * unit, 1, (high - low) * unit, color)
            if not rising and sample.hollow_falling:
                painter.fillRect(x, top, body, tall, color)
                painter.fillRect(x + 1, top + 1, body - 2, tall - 2, look.color("bg-header"))
            else:
                painter.fillRect(x, top, body, tall, color)
