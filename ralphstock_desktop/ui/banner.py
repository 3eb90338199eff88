"""Strips under the app bar: made-up data, an earlier instant, and notices. Each is impossible to overlook and says why."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLineF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import IconButton

__all__ = ["Banner", "NoticeBanner", "PastBanner", "SimulationBanner"]


class Banner(QWidget):
    """A strip with icon, bold word and sentence, which are painted, and buttons at the right."""

    token = "warning"
    tint = "warning-tint"
    icon = "warning"
    height_px = 26

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._head, self._sentence = "", ""
        self._fill: Callable[[], tuple[str, str]] = lambda: ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.row = QHBoxLayout(self)
        self.row.addStretch(1)
        appearance.changed.connect(self.apply)
        self.hide()

    def say(self, fill: Callable[[], tuple[str, str]]) -> None:
        """Set where word and sentence come from; asked again after each change of language."""
        self._fill = fill
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        self._head, self._sentence = self._fill()
        self.setFixedHeight(self._appearance.px(self.height_px))
        self.row.setContentsMargins(0, 0, self._appearance.px(8), 0)
        self.setAccessibleName(f"{self._head} {self._sentence}".strip())
        self.setToolTip(self._sentence)
        self.update()

    def minimumSizeHint(self) -> QSize:
        """Any width: the sentence is elided."""
        return QSize(self._appearance.px(200), self._appearance.px(self.height_px))

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the ground; subclasses add to it."""
        painter.fillRect(self.rect(), self._appearance.color(self.tint))

    def text_box(self) -> QRect:
        """Where icon and text go."""
        look = self._appearance
        right = min([w.geometry().left() for w in self.findChildren(QPushButton) if w.isVisible()], default=self.width())
        return QRect(look.px(12), 0, right - look.px(20), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, icon, word and sentence, centred in the free room."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            self.paint_ground(painter)
            bold, plain = look.font("body", bold=True), look.font("body")
            side, gap = look.px(14), look.px(8)
            box = self.text_box()
            head_width = QFontMetrics(bold).horizontalAdvance(self._head)
            room = max(0, box.width() - side - gap * 2 - head_width)
            shown = QFontMetrics(plain).elidedText(self._sentence, Qt.TextElideMode.ElideRight, room)
            total = side + gap * 2 + head_width + QFontMetrics(plain).horizontalAdvance(shown)
            x = box.left() + max(0, (box.width() - total) // 2)
            painter.drawPixmap(x, (self.height() - side) // 2, look.pixmap(self.icon, self.token, 14, self.devicePixelRatioF()))
            x += side + gap
            painter.setFont(bold)
            painter.setPen(look.color(self.token))
            painter.drawText(x, look.baseline(0, self.height(), bold), self._head)
            painter.setFont(plain)
            painter.setPen(look.color("text"))
            painter.drawText(x + head_width + gap, look.baseline(0, self.height(), plain), shown)
        finally:
            painter.end()


class SimulationBanner(Banner):
    """Says that the market is made up. Striped ends, flask; it cannot be closed."""

    token, tint, icon = "simulated", "simulated-tint", "flask"

    def text_box(self) -> QRect:
        """Keep clear of the stripes."""
        ends = self._appearance.px(90)
        return self.rect().adjusted(ends, 0, -ends, 0)

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the tint and stripes at both ends."""
        super().paint_ground(painter)
        look = self._appearance
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Stripes are whole polygons in a fainter colour; a thick pen would be nine times slower.
        painter.setPen(QPen(look.color("simulated", 0.55), 1))
        step, end = look.px(6), look.px(84)
        for start in (0, self.width() - end):
            painter.setClipRect(start, 0, end, self.height())
            for x in range(start - self.height(), start + end, step):
                for shift in (0.0, 1.0, 2.0):
                    painter.drawLine(QLineF(x + shift, self.height(), x + shift + self.height(), 0))
        painter.restore()
        painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("simulated"))


class PastBanner(Banner):
    """Says that an earlier instant is looked at and that later data are hidden; one button leads back."""

    token, tint, icon = "replay", "replay-tint", "time"
    height_px = 30
    back = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self.button = QPushButton()
        self.button.clicked.connect(self.back)
        self.row.addWidget(self.button)

    def apply(self) -> None:
        """Also label the button."""
        super().apply()
        if hasattr(self, "button"):
            self.button.setText(self._appearance.tr("shell.past.back"))
            self.button.setFont(self._appearance.font("body", bold=True))

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the one gradient the design allows, and the 2-px top line."""
        look = self._appearance
        gradient = QLinearGradient(0, 0, self.width(), 0)
        gradient.setColorAt(0.0, look.color("replay-tint"))
        gradient.setColorAt(1.0, look.color("bg-header"))
        painter.fillRect(self.rect(), gradient)
        painter.fillRect(0, 0, self.width(), 2, look.color("replay"))


class NoticeBanner(Banner):
    """A sentence the user must know (a damaged layout was replaced …), until it is closed."""

    closed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self.report = QPushButton()
        self.report.hide()
        self.close_button = IconButton(appearance, "close", "shell.notice.close", size=12)
        self.close_button.clicked.connect(self._on_close)
        self.row.addWidget(self.report)
        self.row.addWidget(self.close_button)

    def text_box(self) -> QRect:
        """Keep clear of the closing button."""
        return super().text_box().adjusted(0, 0, -self._appearance.px(28), 0)

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()
