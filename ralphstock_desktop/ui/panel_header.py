"""The header of a panel: link dot, title, screen number, subtitle, as-of badge and its two buttons (design.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.layout.size_change import tell_size

__all__ = ["Badge", "BadgeLook", "IconButton", "LinkDot", "LinkRole", "PanelHeader", "paint_border"]

LinkRole = Literal["source", "follower", "both"]
_UNBOUNDED = 1 << 20
_PART = " · "
"""Stands between the parts of a badge's text; the last one says the time."""
_ROLE_SIGN: dict[LinkRole, str] = {"source": "→", "follower": "←", "both": "⇄"}


@dataclass(frozen=True, slots=True)
class BadgeLook:
    """What a badge shows: icon, text, colour token and the token of its ground (empty: outlined)."""

    icon: str
    text: str
    token: str
    tint: str = ""


class _Framed(Protocol):
    """What the header asks of its frame."""

    @property
    def title(self) -> str: ...
    @property
    def subtitle(self) -> str: ...
    @property
    def screen_number(self) -> str: ...
    @property
    def is_active(self) -> bool: ...
    def focus_content(self) -> None: ...


class IconButton(QToolButton):
    """A flat button with one tinted icon that follows the appearance."""

    def __init__(
        self, appearance: Appearance, icon: str, tip_key: str, *, size: int = 16, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._appearance, self._icon, self._tip_key, self._size = appearance, icon, tip_key, size
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        appearance.changed.connect(self._apply)
        self._apply()

    def set_look(self, icon: str, tip_key: str) -> None:
        """Change the icon and the word."""
        self._icon, self._tip_key = icon, tip_key
        self._apply()

    def _apply(self) -> None:
        look = self._appearance
        side = look.px(self._size)
        self.setIcon(look.icon(self._icon, "text-secondary", self._size))
        self.setIconSize(QSize(side, side))
        self.setFixedSize(side + look.px(8), side + look.px(8))
        self.setToolTip(look.tr(self._tip_key))
        self.setAccessibleName(look.tr(self._tip_key))


class Badge(QAbstractButton):
    """The as-of badge: icon and a short text in one state colour, outlined or on a tint.

    Where the title beside it needs the room, the last part of the text stays, then the icon alone; all of it is in the tip.
    """

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._icon, self._token, self._tint = "", "text-secondary", ""
        self._shown = self._shown_tip = ""
        self._room = _UNBOUNDED
        self._size = QSize()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_badge(self, icon: str, text: str, token: str, tint: str = "") -> None:
        """Show an icon and text in a colour token; ``tint`` is the token of the ground, empty for an outline."""
        self._icon, self._token, self._tint = icon, token, tint
        self.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self.fit(self._room)

    def fit(self, room: int) -> None:
        """Show as much of the text as goes into so many pixels, in whole parts."""
        self._room, text = room, self.text()
        forms = (text, text.rsplit(_PART, 1)[-1], "")
        shown = next((form for form in forms if self._width_of(form) <= room), "")
        if shown != text and self.toolTip() in {"", self._shown_tip}:
            self.setToolTip(text)
            self._shown_tip = text
        elif shown == text and self._shown_tip and self.toolTip() == self._shown_tip:
            self.setToolTip("")
            self._shown_tip = ""
        self._shown = shown
        self._size = tell_size(self, self._size)
        self.update()

    @property
    def shown(self) -> str:
        """The part of the text that is shown."""
        return self._shown

    def _width_of(self, text: str) -> int:
        look = self._appearance
        if not text:
            return look.px(12 + 6 + 6)
        return QFontMetrics(look.font("caption")).horizontalAdvance(text) + look.px(14 + 4 + 12)

    def sizeHint(self) -> QSize:
        """Width of icon, shown text and padding at the current zoom."""
        return QSize(self._width_of(self._shown), self._appearance.px(18))

    def minimumSizeHint(self) -> QSize:
        """Never squeezed: a cut badge would lie."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground or outline, icon, text."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = self.rect().adjusted(0, 0, -1, -1).toRectF().translated(0.5, 0.5)
            if self._tint:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.color(self._tint))
            else:
                painter.setPen(QPen(look.color("line-strong" if self._token == "text-secondary" else self._token), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, look.px(3), look.px(3))
            side, pad = look.px(12), look.px(6)
            icon = look.pixmap(self._icon, self._token, 12, self.devicePixelRatioF())
            painter.drawPixmap(pad, (self.height() - side) // 2, icon)
            font = look.font("caption")
            painter.setFont(font)
            painter.setPen(look.color(self._token))
            painter.drawText(pad + side + look.px(4), look.baseline(0, self.height(), font), self._shown)
        finally:
            painter.end()


class LinkDot(QAbstractButton):
    """The 14-px disc of the link group with its number and the role sign beside it."""

    def __init__(self, appearance: Appearance, role: LinkRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self.role, self.number = appearance, role, 1
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """Disc and role sign."""
        return QSize(self._appearance.px(32), self._appearance.px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the disc (a dashed ring without group), its number and the role."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            side = look.px(14)
            disc = QRect(look.px(1), (self.height() - side) // 2, side, side)
            if self.number:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.color(f"link-{self.number}"))
                painter.drawEllipse(disc)
                font = look.font("micro", bold=True)
                painter.setFont(font)
                painter.setPen(look.color("text-on-fill"))
                width = QFontMetrics(font).horizontalAdvance(str(self.number))
                painter.drawText(disc.x() + round((side - width) / 2), look.baseline(disc.y(), side, font), str(self.number))
                painter.setPen(look.color("text-secondary"))
                font = look.font("caption")
                painter.setFont(font)
                painter.drawText(disc.right() + look.px(3), look.baseline(0, self.height(), font), _ROLE_SIGN[self.role])
            else:
                painter.setPen(QPen(look.color("line-control"), 1, Qt.PenStyle.DotLine))
                painter.drawEllipse(disc.adjusted(1, 1, -2, -2))
            if self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(look.color("focus"), 2))
                painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 3, 3)
        finally:
            painter.end()


class PanelHeader(QWidget):
    """The 28-px header. Mouse presses that hit no button go on to the dock, which moves with them."""

    double_clicked = Signal()

    def __init__(self, frame: _Framed, appearance: Appearance, role: LinkRole, parent: QWidget) -> None:
        super().__init__(parent)
        self._frame, self._appearance = frame, appearance
        self.link_dot = LinkDot(appearance, role, self)
        self.badge = Badge(appearance, self)
        self.maximize_button = IconButton(appearance, "expand", "shell.panel.maximize", parent=self)
        self.menu_button = IconButton(appearance, "more", "shell.panel.menu", parent=self)
        self.tabbed = False
        layout = QHBoxLayout(self)
        layout.setSpacing(0)
        layout.addWidget(self.link_dot)
        layout.addStretch(1)
        layout.addWidget(self.badge)
        layout.addSpacing(4)
        layout.addWidget(self.maximize_button)
        layout.addWidget(self.menu_button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.apply()

    def apply(self) -> None:
        """Take sizes from the appearance."""
        look = self._appearance
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(look.px(6), 0, look.px(2), 0)
        self.setFixedHeight(look.space("header_panel"))
        self.fit()

    def fit(self) -> None:
        """Let the badge give way to the title, and draw anew."""
        look = self._appearance
        title = 0 if self.tabbed else QFontMetrics(look.font("title", bold=True)).horizontalAdvance(self._frame.title)
        buttons = self.maximize_button.width() + self.menu_button.width()
        beside = self.link_dot.sizeHint().width() + buttons + look.px(6 + 2 + 4 + 6) + 4
        self.badge.fit(self.width() - beside - title)
        layout = self.layout()
        if layout is not None:
            layout.activate()  # at once: a badge of the width before would be drawn for a frame
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width between title and badge."""
        super().resizeEvent(event)
        self.fit()

    def sizeHint(self) -> QSize:
        """Height of the design, width as it comes."""
        return QSize(self._appearance.px(120), self._appearance.space("header_panel"))

    def minimumSizeHint(self) -> QSize:
        """Small, so that the header never dictates the width of a dock."""
        return QSize(self._appearance.px(100), self._appearance.space("header_panel"))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Maximise instead of Qt's floating on double click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()
            event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make the panel the active one and leave the press to the dock (dragging)."""
        self._frame.focus_content()
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, border, title, screen number and the part of the subtitle that fits."""
        del event
        look, frame = self._appearance, self._frame
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), look.color("bg-header"))
            left = self.link_dot.geometry().right() + look.px(4)
            right = (self.badge if self.badge.isVisible() else self.maximize_button).geometry().left() - look.px(6)
            pieces: list[tuple[str, QFont, str]] = [
                (frame.screen_number, look.font("caption"), "text-muted"),
                (frame.subtitle, look.font("caption"), "text-muted"),
            ]
            if not self.tabbed:
                pieces.insert(0, (frame.title, look.font("title", bold=True), "text"))
            for text, font, token in pieces:
                room = right - left
                if not text or room < look.px(16):
                    continue
                metrics = QFontMetrics(font)
                shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
                if shown != text and text == frame.screen_number:
                    continue
                painter.setFont(font)
                painter.setPen(look.color(token))
                painter.drawText(left, look.baseline(0, self.height(), font), shown)
                left += metrics.horizontalAdvance(shown) + look.px(8)
            painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("line-hair"))
            paint_border(painter, self.rect(), look, active=frame.is_active, sides="tlr")
        finally:
            painter.end()


def paint_border(painter: QPainter, rect: QRect, look: Appearance, *, active: bool, sides: str) -> None:
    """Draw the panel border as whole-pixel rectangles on the given sides (of ``tlrb``)."""
    width, color = (2, look.color("focus")) if active else (1, look.color("line-hair"))
    edges = {
        "t": QRect(rect.left(), rect.top(), rect.width(), width),
        "b": QRect(rect.left(), rect.bottom() - width + 1, rect.width(), width),
        "l": QRect(rect.left(), rect.top(), width, rect.height()),
        "r": QRect(rect.right() - width + 1, rect.top(), width, rect.height()),
    }
    for side in sides:
        painter.fillRect(edges[side], color)
