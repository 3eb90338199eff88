"""The box at the foot of the chat: context chips, the text field, one line of words, and the button that sends or stops."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.context_chips import ContextChips
from ralphstock_desktop.ui.chat.input_field import ChatInput
from ralphstock_desktop.ui.chat.outgoing_view import ElidedLabel
from ralphstock_desktop.ui.dialogs.controls import WordButton, colour_label
from ralphstock_desktop.ui.viewmodels.chat import MOST_CHARACTERS, ChatViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["InputBox"]


class InputBox(QWidget):
    """Writes into the view-model's draft; sending and stopping are the panel's.

    Signals
    -------
    sent
        Enter or the button.
    stopped
        Esc or the button while an answer arrives.
    edit_left
        The edited question is left as it was.
    """

    sent = Signal()
    stopped = Signal()
    edit_left = Signal()

    def __init__(self, view_model: ChatViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._limited = False
        self.editing = 0
        """Number of the question being edited, 0 for none."""
        self.chips = ContextChips(appearance)
        self.field = ChatInput(appearance)
        self.hint = ElidedLabel()
        self.leave_edit = QPushButton()
        self.leave_edit.setObjectName("link")
        self.leave_edit.setAutoDefault(False)
        self.leave_edit.clicked.connect(lambda _on=False: self.edit_left.emit())
        self.button = WordButton()
        self.button.setAutoDefault(False)
        self.button.clicked.connect(lambda _on=False: self._on_button())
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.leave_edit)
        foot.addWidget(self.button)
        self._foot = foot
        self._box = QVBoxLayout(self)
        self._box.addWidget(self.chips)
        self._box.addWidget(self.field)
        self._box.addLayout(foot)
        self.field.recall = view_model.asked
        self.field.text_edited.connect(self._on_text)
        self.field.submitted.connect(self.sent)
        self.field.stopped.connect(self.stopped)
        self.field.focus_moved.connect(self.update)
        self.field.limit_reached.connect(self._on_limit)
        self.field.installEventFilter(self)
        self.chips.dropped.connect(view_model.drop)
        view_model.context_changed.connect(self._show_context)
        view_model.conversation_changed.connect(self.say)
        view_model.state_changed.connect(self.say)
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._look
        px = look.px
        self._box.setContentsMargins(px(10), px(8), px(10), px(8))
        self._box.setSpacing(px(7))
        self._foot.setSpacing(px(8))
        for button in (self.button, self.leave_edit):
            button.setFont(look.font("body"))
        self.hint.setFont(look.font("caption"))
        self._show_context()
        self.say()

    def _show_context(self) -> None:
        parts = self._vm.context()
        self.chips.show_parts(parts)
        self.chips.setVisible(bool(parts))
        self.say()

    def _on_text(self, text: str) -> None:
        if not self.editing:
            self._vm.type(text)
        self.say()

    def _on_limit(self, limited: bool) -> None:
        self._limited = limited
        self.say()

    def say(self) -> None:
        """The hint line and the button."""
        look, tr, vm = self._look, self._look.tr, self._vm
        token = "text-muted"
        if self._limited:
            words, token = tr("chat.input.limit", most=fmt.number(MOST_CHARACTERS)), "warning"
        elif self.editing:
            words, token = tr("chat.input.editing"), "accent"
        elif vm.assistant is not None and not vm.can_ask:
            words = tr("chat.input.no_market")
        else:
            words = " · ".join(part for part in (vm.reason(), vm.cost()) if part)
        self.hint.set_words(words)
        colour_label(self.hint, look, token)
        self.leave_edit.setText(tr("chat.input.leave_edit"))
        self.leave_edit.setVisible(bool(self.editing))
        stopping = vm.is_answering
        self.button.setText(tr("chat.input.stop") if stopping else f"{tr('chat.input.send')}  ⏎")
        self.button.setAccessibleName(tr("chat.input.stop" if stopping else "chat.input.send"))
        self.button.setIcon(look.icon("pause", "text-secondary") if stopping else QIcon())
        self.button.setDefault(not stopping)
        self.button.setEnabled(stopping or (vm.can_ask and bool(self.field.text().strip())))

    def _on_button(self) -> None:
        if self._vm.is_answering:
            self.stopped.emit()
        else:
            self.sent.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The box shows the focus of its field."""
        if watched is self.field and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Anywhere in the box is the field."""
        self.field.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the border that shows where the keyboard is."""
        look, painter = self._look, QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            focused = self.field.hasFocus()
            painter.setPen(QPen(look.color("focus" if focused else "line-control"), 2 if focused else 1))
            painter.setBrush(look.color("bg-panel"))
            inset = 1.0 if focused else 0.5
            painter.drawRoundedRect(self.rect().toRectF().adjusted(inset, inset, -inset, -inset), look.px(6), look.px(6))
        finally:
            painter.end()
