"""What stands in the bar at the top beside the as-of control: mark, workspace tabs, clock, bell."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QWidget,
)

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.layout.defaults import WORKSPACES
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.wording import format as fmt

__all__ = ["BellButton", "Clock", "Logo", "WorkspaceTabs"]


class Logo(QWidget):
    """The mark: three bars that contract and a dot, from accent and gain; with the name beside it where there is room."""

    def __init__(self, appearance: Appearance, *, scale: float = 1.0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._scale = appearance, scale
        self.with_name = True
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("RalphStock")
        appearance.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Mark and, if wanted, name."""
        return QSize(self.wanted_width(with_name=self.with_name), self._appearance.px(24 * self._scale))

    def wanted_width(self, *, with_name: bool) -> int:
        """Width with or without the name."""
        look = self._appearance
        width = look.px(22 * self._scale)
        if with_name:
            font = look.font("value" if self._scale < 1.5 else "hero", bold=True)
            width += look.px(8) + QFontMetrics(font).horizontalAdvance("RalphStock")
        return width

    def minimumSizeHint(self) -> QSize:
        """Same as wanted: the mark is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bars, dot and name."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            unit = look.px(4 * self._scale)
            middle = self.height() // 2
            for index, (height, token) in enumerate(((16, "accent"), (11, "accent"), (7, "accent"), (3, "gain"))):
                tall = look.px(height * self._scale)
                painter.fillRect(round(index * unit * 1.45), middle - tall // 2, unit - 1, tall, look.color(token))
            if self.with_name:
                font = look.font("value" if self._scale < 1.5 else "hero", bold=True)
                painter.setFont(font)
                painter.setPen(look.color("text"))
                painter.drawText(look.px(22 * self._scale + 8), look.baseline(0, self.height(), font), "RalphStock")
        finally:
            painter.end()


class _WorkspaceTab(QAbstractButton):
    """The tab of one workspace; the open one stands on a plate with the 2-px accent under it."""

    def __init__(self, appearance: Appearance, name: str) -> None:
        super().__init__()
        self._appearance, self.name = appearance, name
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        self.setText(self._appearance.tr(f"shell.workspace.{self.name}"))
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Word and padding."""
        look = self._appearance
        width = QFontMetrics(look.font("title", bold=True)).horizontalAdvance(self.text())
        return QSize(width + look.px(20), look.space("app_bar"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the word, and plate and accent of the open one."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            if self.isChecked():
                plate = self.rect().adjusted(0, look.px(7), 0, -look.px(6))
                painter.fillRect(plate, look.color("bg-raised"))
                painter.fillRect(look.px(8), self.height() - 2, self.width() - look.px(16), 2, look.color("accent"))
            font = look.font("title", bold=self.isChecked())
            painter.setFont(font)
            painter.setPen(look.color("focus" if self.hasFocus() else "text" if self.isChecked() else "text-secondary"))
            painter.drawText(look.px(10), look.baseline(0, self.height(), font), self.text())
        finally:
            painter.end()


class WorkspaceTabs(QWidget):
    """The workspaces side by side; where there is no room only the open one, with the others in its menu.

    Signals
    -------
    chosen : str
        Another workspace is wanted.
    """

    chosen = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.current = "research"
        self.folded = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.tabs = {name: _WorkspaceTab(appearance, name) for name in WORKSPACES}
        for name, tab in self.tabs.items():
            tab.clicked.connect(lambda _checked=False, name=name: self._on_clicked(name))
            row.addWidget(tab)
        self._show()

    def set_current(self, name: str) -> None:
        """Mark the open workspace."""
        self.current = name
        self._show()

    def set_folded(self, *, folded: bool) -> None:
        """Show only the open one."""
        if folded != self.folded:
            self.folded = folded
            self._show()

    def wanted_width(self, *, folded: bool) -> int:
        """Width of all tabs, or of the open one."""
        return sum(tab.sizeHint().width() for name, tab in self.tabs.items() if not folded or name == self.current)

    def _show(self) -> None:
        for name, tab in self.tabs.items():
            tab.setChecked(name == self.current)
            tab.setVisible(not self.folded or name == self.current)
        self.updateGeometry()

    def _on_clicked(self, name: str) -> None:
        self._show()  # a click must not uncheck the open one
        if name != self.current:
            self.chosen.emit(name)
        elif self.folded:
            self._offer()

    def _offer(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in WORKSPACES:
            action = menu.addAction(self._appearance.tr(f"shell.workspace.{name}"))
            action.setCheckable(True)
            action.setChecked(name == self.current)
            action.triggered.connect(lambda _checked=False, name=name: self.chosen.emit(name))
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))


class Clock(QWidget):
    """Korean time: the market's now, or the instant looked at in the replay colour."""

    def __init__(
        self,
        appearance: Appearance,
        now_ns: Callable[[], int],
        past_ns: Callable[[], int | None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._appearance, self._now_ns, self._past_ns = appearance, now_ns, past_ns
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.timeout.connect(self.update)
        self._timer.start()
        appearance.changed.connect(self.updateGeometry)

    def text(self) -> str:
        """The time shown."""
        past = self._past_ns()
        return fmt.clock(self._now_ns() if past is None else past)

    def sizeHint(self) -> QSize:
        """Room for ``KST 00:00:00``."""
        look = self._appearance
        width = QFontMetrics(look.font("title", bold=True)).horizontalAdvance("00:00:00")
        return QSize(width + QFontMetrics(look.font("caption")).horizontalAdvance("KST") + look.px(14), look.px(24))

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw zone and time."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            small, bold = look.font("caption"), look.font("title", bold=True)
            painter.setFont(small)
            painter.setPen(look.color("text-muted"))
            painter.drawText(0, look.baseline(0, self.height(), small), "KST")
            painter.setFont(bold)
            painter.setPen(look.color("text" if self._past_ns() is None else "replay"))
            left = QFontMetrics(small).horizontalAdvance("KST") + look.px(8)
            painter.drawText(left, look.baseline(0, self.height(), bold), self.text())
        finally:
            painter.end()


class BellButton(IconButton):
    """The bell with the number of unread alerts at its corner; it takes no more room than a bell without one."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        self.unread = 0
        super().__init__(appearance, "bell", "alerts.bell", parent=parent)

    def set_unread(self, count: int) -> None:
        """Show how many alerts are unread; 0 shows the bell alone."""
        if count != self.unread:
            self.unread = count
            self._apply()
            self.update()

    @property
    def badge_text(self) -> str:
        """``3``, ``99+``, empty for none."""
        return "" if self.unread <= 0 else str(self.unread) if self.unread < 100 else "99+"

    def _apply(self) -> None:
        super()._apply()
        if self.unread > 0:
            words = self._appearance.tr("alerts.bell.unread", count=fmt.number(self.unread))
            self.setToolTip(words)
            self.setAccessibleName(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bell, and the number on a gold pill at its upper right."""
        super().paintEvent(event)
        text = self.badge_text
        if not text:
            return
        look = self._appearance
        painter = QPainter(self)
        try:
            font = look.font("micro", bold=True)
            tall = look.px(13)
            wide = min(self.width(), max(tall, QFontMetrics(font).horizontalAdvance(text) + look.px(6)))
            left = self.width() - wide
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("gold-fill"))
            painter.drawRoundedRect(left, 0, wide, tall, tall / 2, tall / 2)
            painter.setFont(font)
            painter.setPen(look.color("gold-on"))
            painter.drawText(
                left + (wide - QFontMetrics(font).horizontalAdvance(text)) // 2, look.baseline(0, tall, font), text
            )
        finally:
            painter.end()
