"""A line that tells what went wrong or where a link led, with one thing to do, until it is put away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.panel_header import IconButton

__all__ = ["NoticeLine"]

_NARROW = 420


class NoticeLine(QWidget):
    """Hidden until :meth:`say`. Words are asked for again when the language changes."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._words: Callable[[], str] = str
        self._action_key = ""
        self._slot: Callable[[], object] | None = None
        self._gone: Callable[[], object] | None = None
        self._token = "danger"
        self.sign, self.label = QLabel(), QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.action = QPushButton()
        self.action.setObjectName("link")
        self.action.setAutoDefault(False)
        self.action.clicked.connect(lambda _on=False: self._on_action())
        self.close_button = IconButton(appearance, "close", "chat.notice.close", size=12)
        self.close_button.clicked.connect(lambda _on=False: self.put_away())
        self._row = QGridLayout(self)
        self._row.setColumnStretch(1, 1)
        self._row.addWidget(self.sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self.label, 0, 1)
        self._row.addWidget(self.close_button, 0, 3, Qt.AlignmentFlag.AlignTop)
        self._narrow = False
        self._row.addWidget(self.action, 0, 2)
        appearance.changed.connect(self.apply)
        self.hide()
        self.apply()

    def say(
        self,
        words: Callable[[], str],
        *,
        ink: str = "danger",
        action_key: str = "",
        slot: Callable[[], object] | None = None,
        gone: Callable[[], object] | None = None,
    ) -> None:
        """Show a sentence in a state colour, with at most one thing to do.

        Parameters
        ----------
        words : callable
            Gives the sentence in the chosen language.
        ink : str
            ``danger`` for a failure, ``warning`` or ``accent`` for a word on the way.
        action_key, slot
            What can be done about it.
        gone : callable, optional
            Called when the user has put it away.
        """
        self._words, self._token, self._action_key, self._slot, self._gone = words, ink, action_key, slot, gone
        self.apply()
        self.show()

    def put_away(self) -> None:
        """Hide it and tell."""
        self.hide()
        gone, self._gone = self._gone, None
        if gone is not None:
            gone()

    def _on_action(self) -> None:
        slot = self._slot
        self.put_away()
        if slot is not None:
            slot()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._look
        self._row.setContentsMargins(look.px(12), look.px(6), look.px(6), look.px(6))
        self._row.setSpacing(look.px(8))
        words = self._words()
        self.label.setText(words)
        self.label.setFont(look.font("caption"))
        colour_label(self.label, look, "text")
        icon = "error" if self._token == "danger" else "unknown"
        self.sign.setPixmap(look.pixmap(icon, self._token, 14, self.devicePixelRatioF()))
        self.action.setText(look.tr(self._action_key) if self._action_key else "")
        self.action.setFont(look.font("caption", bold=True))
        self.action.setVisible(bool(self._action_key))
        self.setAccessibleName(words)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow panel the thing to do stands below the words."""
        super().resizeEvent(event)
        narrow = self.width() < self._look.px(_NARROW)
        if narrow != self._narrow:
            self._narrow = narrow
            self._row.removeWidget(self.action)
            if narrow:
                self._row.addWidget(self.action, 1, 1, Qt.AlignmentFlag.AlignLeft)
            else:
                self._row.addWidget(self.action, 0, 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the edge."""
        look, painter = self._look, QPainter(self)
        try:
            painter.fillRect(self.rect(), look.color(f"{self._token}-tint"))
            painter.fillRect(0, 0, look.px(2), self.height(), look.color(self._token))
        finally:
            painter.end()
