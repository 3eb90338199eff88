"""Small controls of the table panels: chips that choose, a label with an icon, and the cell detail."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["CellDetail", "ChipButton", "HeldButton"]


class ChipButton(QAbstractButton):
    """A pill that can be chosen: outlined in ``line-control``, filled with the accent tint while on."""

    def __init__(self, appearance: Appearance, chip_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chip_id = chip_id
        self._appearance = appearance
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self.updateGeometry)

    def set_label(self, text: str) -> None:
        """Change the word and the size that follows from it."""
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

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


class CellDetail(QFrame):
    """The floating answer to "from where, when, how sure" of one cell."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip)
        self._appearance = appearance
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._labels = [QLabel(self) for _ in range(4)]
        box = QVBoxLayout(self)
        box.setContentsMargins(*(appearance.px(side) for side in (10, 8, 10, 8)))
        box.setSpacing(appearance.px(3))
        for label in self._labels:
            label.setTextFormat(Qt.TextFormat.PlainText)
            box.addWidget(label)

    def lines(self) -> list[str]:
        """What is shown, line by line."""
        return [label.text() for label in self._labels if label.text()]

    def show_lines(self, head: str, formula: str, source: str, remark: str, cell: QRect) -> None:
        """Show beside a cell (global rectangle), inside the screen."""
        looks = (("title", True, "text"), ("caption", False, "text-secondary"), ("caption", False, "text-muted"))
        for label, text, (size, bold, token) in zip(
            self._labels, (head, formula, source, remark), (*looks, ("caption", True, "warning")), strict=True
        ):
            label.setText(text)
            label.setVisible(bool(text))
            label.setFont(self._appearance.font(size, bold=bold))  # type: ignore[arg-type]
            palette = label.palette()
            palette.setColor(label.foregroundRole(), self._appearance.color(token))
            label.setPalette(palette)
            label.setWordWrap(len(text) > 60)
            label.setMaximumWidth(self._appearance.px(420))
        self.adjustSize()
        screen = QGuiApplication.screenAt(cell.center()) or QGuiApplication.primaryScreen()
        area = screen.availableGeometry()
        place = QPoint(cell.left(), cell.bottom() + 2)
        if place.y() + self.height() > area.bottom():
            place.setY(cell.top() - self.height() - 2)
        place.setX(max(area.left(), min(place.x(), area.right() - self.width())))
        self.move(place)
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-popup"))
            painter.setPen(self._appearance.color("line-control"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        finally:
            painter.end()
