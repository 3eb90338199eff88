"""Small controls of the table panels: chips that choose, a label with an icon, and the cell detail."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.layout.size_change import tell_size

__all__ = ["CellDetail", "ChipButton", "HeldButton", "ProblemLine"]


class ChipButton(QAbstractButton):
    """A pill that can be chosen: outlined in ``line-control``, filled with the accent tint while on."""

    def __init__(self, appearance: Appearance, chip_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chip_id = chip_id
        self._appearance = appearance
        self._size = QSize()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self.updateGeometry)

    def set_label(self, text: str) -> None:
        """Change the word and the size that follows from it; the window is laid out again only for another size."""
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text)
            self.update()
        self._size = tell_size(self, self._size)

    def sizeHint(self) -> QSize:
        font = self._appearance.font("caption", bold=True)
        width = QFontMetricsF(font).horizontalAdvance(self.text())
        return QSize(round(width) + self._appearance.px(16), self._appearance.px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, on = self._appearance, self.isChecked()
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            edge = "focus" if self.hasFocus() else "accent" if on else "line-control"
            painter.setPen(QPen(look.color(edge), 2 if self.hasFocus() else 1))
            ground = "accent-tint" if on else "bg-hover" if self.underMouse() else ""
            painter.setBrush(look.color(ground) if ground else Qt.BrushStyle.NoBrush)
            inset = 1.0 if self.hasFocus() else 0.5
            box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
            painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
            font = look.font("caption", bold=on)
            painter.setFont(font)
            painter.setPen(look.color("accent" if on else "text-secondary"))
            advance = QFontMetricsF(font).horizontalAdvance(self.text())
            painter.drawText(round((self.width() - advance) / 2), look.baseline(0, self.height(), font), self.text())
        finally:
            painter.end()


class HeldButton(QAbstractButton):
    """``순서 고정 3`` with a lock; a click applies the waiting moves. Takes no room while nothing waits."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    def set_count(self, count: int) -> None:
        """Show how many rows wait; 0 hides the label."""
        text = self._appearance.tr("table.held", count=count)
        self.setText(text)
        self.setAccessibleName(text)
        self.setToolTip(self._appearance.tr("table.held.help"))
        self.setVisible(count > 0)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(self._appearance.font("caption", bold=True)).horizontalAdvance(self.text())
        return QSize(round(width) + self._appearance.px(22), self._appearance.px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = self._appearance
        painter = QPainter(self)
        try:
            icon = look.pixmap("lock", "warning", 14, self.devicePixelRatioF())
            side = look.px(14)
            painter.drawPixmap(0, (self.height() - side) // 2, icon)
            font = look.font("caption", bold=True)
            painter.setFont(font)
            painter.setPen(look.color("warning"))
            painter.drawText(look.px(18), look.baseline(0, self.height(), font), self.text())
        finally:
            painter.end()


class CellDetail(QWidget):
    """The floating answer to "from where, when, how sure" of one cell."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip)
        self._appearance = appearance
        self._canvas = Canvas(appearance)
        self._blocks: list[tuple[str, FontSize, bool, str]] = []
        self._lines: list[tuple[str, FontSize, bool, str]] = []
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        appearance.changed.connect(self._canvas.reset)

    def lines(self) -> list[str]:
        """What is shown, part by part."""
        return [block[0] for block in self._blocks]

    def show_lines(self, head: str, formula: str, source: str, remark: str, cell: QRect) -> None:
        """Show beside a cell (global rectangle), inside the screen."""
        blocks: list[tuple[str, FontSize, bool, str]] = [
            (head, "title", True, "text"),
            (formula, "caption", False, "text-secondary"),
            (source, "caption", False, "text-muted"),
            (remark, "caption", True, "warning"),
        ]
        self._blocks = [block for block in blocks if block[0]]
        px, most = self._appearance.px, self._appearance.px(400)
        self._lines = [
            (text, size, bold, token)
            for block, size, bold, token in self._blocks
            for text in self._canvas.wrapped(block, most, size, bold)
        ]
        width = max(self._canvas.width(text, size, bold) for text, size, bold, _ in self._lines)
        self.resize(round(width) + px(20), px(18) * len(self._lines) + px(12))
        self.setAccessibleName(" ".join(self.lines()))
        screen = QGuiApplication.screenAt(cell.center()) or QGuiApplication.primaryScreen()
        area = screen.availableGeometry()
        place = QPoint(cell.left(), cell.bottom() + 2)
        if place.y() + self.height() > area.bottom():
            place.setY(cell.top() - self.height() - 2)
        place.setX(max(area.left(), min(place.x(), area.right() - self.width())))
        self.move(place)
        self.update()
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            canvas, px = self._canvas, self._appearance.px
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(0, 0, self.width(), self.height(), "bg-popup")
            canvas.pen("line-control")
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            for position, (text, size, bold, token) in enumerate(self._lines):
                top = px(6) + position * px(18)
                canvas.text(px(10), top, self.width() - px(20), px(18), text, token, size=size, bold=bold)
        finally:
            painter.end()


class ProblemLine(QWidget):
    """What is wrong with the filter line: icon and sentence; takes no room while nothing is."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._canvas = Canvas(appearance)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()
        appearance.changed.connect(self._on_appearance)

    def text(self) -> str:
        """The sentence, empty if nothing is wrong."""
        return self._text

    def set_text(self, text: str) -> None:
        """Say it, or nothing."""
        self._text = text
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self._fit()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._fit()

    def _wrapped(self) -> list[str]:
        return self._canvas.wrapped(self._text, max(40, self.width() - self._appearance.px(40)), "caption")

    def _fit(self) -> None:
        self.setFixedHeight(self._appearance.px(16) * len(self._wrapped()) + self._appearance.px(5))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            px = self._appearance.px
            self._canvas.begin(painter, self.devicePixelRatioF())
            painter.drawPixmap(px(10), 1, self._appearance.pixmap("error", "danger", 14, self.devicePixelRatioF()))
            for position, text in enumerate(self._wrapped()):
                self._canvas.text(px(29), position * px(16), self.width(), px(16), text, "danger", size="caption")
        finally:
            painter.end()
