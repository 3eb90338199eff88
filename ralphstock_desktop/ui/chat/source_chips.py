"""Buttons below an answer: its sources, what it offers to do, and small icon or word buttons; all painted alike.

Every one is a real button: reachable by Tab, named for screen readers, with a visible focus ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

import resources
from ralphstock_desktop.services.assistant_contracts import Proposal, SourceChip
from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.told import plain_tip
from ralphstock_desktop.ui.chat.written import clean

__all__ = ["OutlineButton", "flow", "icon_or", "proposal_button", "source_button"]

Kind = Literal["chip", "float", "action", "word", "icon"]


@lru_cache(maxsize=128)
def icon_or(name: str, other: str) -> str:
    """An icon that ships with the program, else another one."""
    return name if name and name.isidentifier() and resources.path("icons", f"{name}.svg").exists() else other


def flow(widgets: Sequence[QWidget], left: int, top: int, width: int, gap: int, row_gap: int) -> int:
    """Set widgets side by side, wrapping at ``width``; return the bottom edge (``top`` if there are none)."""
    x, y, tall = left, top, 0
    for widget in widgets:
        size = widget.sizeHint()
        wide = min(size.width(), width)
        if x > left and x + wide > left + width:
            x, y, tall = left, y + tall + row_gap, 0
        widget.setGeometry(QRect(x, y, wide, size.height()))
        x += wide + gap
        tall = max(tall, size.height())
    return y + tall


class OutlineButton(QAbstractButton):
    """An icon and words; what does not fit is elided and told by the tooltip.

    Parameters
    ----------
    kind : str
        ``chip``: quiet outline; ``float``: the same over other things; ``action``: outlined in its colour; ``word``: no
        outline; ``icon``: icon alone.
    ink : str
        Colour token of the words.
    """

    def __init__(self, look: Appearance, kind: Kind, parent: QWidget | None = None, *, ink: str = "text-secondary") -> None:
        super().__init__(parent)
        self._look, self._kind, self.ink = look, kind, ink
        self.icon_name, self.number, self.icon_ink = "", "", ink
        self.settled = False
        """It says what has been done: not to be pressed, but read like any other word."""
        self.quiet = False
        """Drawn only while the pointer or the focus is in its message (it can be reached always)."""
        # The conversation walks its messages itself: those not yet laid out have no widgets to walk.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_words(self, text: str, *, icon: str = "", number: str = "", name: str = "") -> None:
        """Set words, icon, the number before the words, and the accessible name where the words do not say it all."""
        self.icon_name, self.number = icon, number
        self.setText(clean(text).replace("\n", " "))
        self.setAccessibleName(name or f"{number} {self.text()}".strip())
        if self._kind == "icon":
            self.setToolTip(plain_tip(self.accessibleName()))
        self.updateGeometry()
        self.update()

    @property
    def _size(self) -> FontSize:
        return "body" if self._kind == "action" else "caption"

    def _number_wide(self) -> float:
        bold = QFontMetricsF(self._look.font(self._size, bold=True))
        return bold.horizontalAdvance(self.number) + self._look.px(4) if self.number else 0.0

    def _icon_wide(self) -> int:
        return self._look.px(14 if self._kind == "icon" else 19) if self.icon_name else 0

    def sizeHint(self) -> QSize:
        """Room for everything in one line."""
        px = self._look.px
        tall = px({"chip": 20, "float": 24, "action": 24, "word": 22, "icon": 22}[self._kind])
        if self._kind == "icon":
            return QSize(tall, tall)
        bold = self._kind == "word"
        words = QFontMetricsF(self._look.font(self._size, bold=bold)).horizontalAdvance(self.text())
        return QSize(round(words + self._number_wide() + 0.5) + self._icon_wide() + px(14), tall)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Light up."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Fade."""
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw outline, icon, number, words and focus."""
        if self.quiet and not self.hasFocus():
            return
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        look, px, focus = self._look, self._look.px, self.hasFocus()
        lit = self.isEnabled() and (self.underMouse() or self.isDown())
        edge = {"chip": "line-strong", "float": "line-control", "action": self.ink}.get(self._kind, "")
        rest = {"chip": "bg-header", "float": "bg-popup"}.get(self._kind, "")
        ground = ("bg-raised" if self.isDown() else "bg-hover") if lit else rest
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if focus:
            painter.setPen(QPen(look.color("focus"), 2))
        elif edge:
            painter.setPen(look.color(edge if self.isEnabled() else "line-hair"))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color(ground) if ground else Qt.BrushStyle.NoBrush)
        inset = 1.0 if focus else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), px(4), px(4))
        token = self.ink if self.isEnabled() or self.settled else "text-disabled"
        x = float(px(7))
        if self.icon_name:
            side = px(14)
            if self._kind == "icon":
                x = (self.width() - side) / 2
            icon_ink = self.icon_ink if self.isEnabled() or self.settled else "text-disabled"
            picture = look.pixmap(self.icon_name, icon_ink, 14, self.devicePixelRatioF())
            painter.drawPixmap(round(x), round((self.height() - side) / 2), picture)
            x += px(19)
        if self._kind == "icon":
            return
        if self.number:
            font = look.font(self._size, bold=True)
            painter.setFont(font)
            painter.setPen(look.color("accent"))
            painter.drawText(round(x), look.baseline(0, self.height(), font), self.number)
            x += self._number_wide()
        font = look.font(self._size, bold=self._kind == "word")
        painter.setFont(font)
        painter.setPen(look.color(token))
        text = QFontMetricsF(font).elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - x - px(5))
        painter.drawText(round(x), look.baseline(0, self.height(), font), text)
        tip = plain_tip(self.text())
        if text != self.text() and self.toolTip() != tip:
            self.setToolTip(tip)


def source_button(look: Appearance, chip: SourceChip, parent: QWidget) -> OutlineButton:
    """The button of a source."""
    button = OutlineButton(look, "chip", parent)
    button.set_words(
        chip.title,
        icon=icon_or(chip.icon, "evidence"),
        number=str(chip.number),
        name=look.tr("chat_view.access.source", number=chip.number, title=clean(chip.title)),
    )
    return button


def proposal_button(look: Appearance, proposal: Proposal, parent: QWidget) -> OutlineButton:
    """The button of something offered; one that is done cannot be pressed again before it is undone."""
    ink = {"done": "text-secondary", "failed": "danger"}.get(proposal.state, "accent")
    button = OutlineButton(look, "action", parent, ink=ink)
    icon = {"done": "check", "failed": "error"}.get(proposal.state) or icon_or(proposal.icon, "plus")
    button.icon_ink = "success" if proposal.state == "done" else ink
    title = clean(proposal.title)
    state = look.tr(f"chat_view.proposal.{proposal.state}")
    button.set_words(title, icon=icon, name=look.tr("chat_view.access.proposal", title=title, state=state))
    button.settled = proposal.state == "done"
    button.setEnabled(not button.settled)
    return button
