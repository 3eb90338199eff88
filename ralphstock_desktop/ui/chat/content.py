"""The parts of the chat panel and where they stand: title line, notice, conversation or list, what leaves, input, sheet."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.input_box import InputBox
from ralphstock_desktop.ui.chat.notice_line import NoticeLine
from ralphstock_desktop.ui.chat.outgoing_view import ElidedLabel, OutgoingLine, OutgoingSheet
from ralphstock_desktop.ui.chat.session_list import SessionList
from ralphstock_desktop.ui.chat.suggestions import SuggestionsView
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.viewmodels.chat import ChatViewModel

__all__ = ["ChatContent"]

_INPUT_SHARE = 0.22
"""Most of the height that the text being written takes."""
_LOW = 450
"""Below this height suggestions after an answer are left out."""


class ChatContent(QWidget):
    """Makes and places the parts; what they do is the panel's."""

    def __init__(self, view_model: ChatViewModel, appearance: Appearance, view: QWidget) -> None:
        super().__init__()
        self._vm, self._look, self.view = view_model, appearance, view
        self.sessions = SessionList(view_model, appearance)
        self.suggestions = SuggestionsView(appearance)
        self.outgoing = OutgoingLine(view_model, appearance)
        self.input = InputBox(view_model, appearance)
        self.notice = NoticeLine(appearance)
        self.list_button, self.new_button = QPushButton(), QPushButton()
        for button in (self.list_button, self.new_button):
            button.setObjectName("link")
            button.setAutoDefault(False)
        self.session_title = ElidedLabel()
        self.session_count = QLabel()
        self.pages = QStackedWidget()
        self._foot = QWidget()
        self._assemble()
        self.sheet = OutgoingSheet(view_model, appearance, self)
        self.sheet.hide()
        for part in (self.input.field, self.input.chips, self.suggestions.row):
            part.height_changed.connect(self.settle)
        appearance.changed.connect(self.apply)
        self.apply()

    def _assemble(self) -> None:
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.list_button)
        self._bar.addWidget(self.session_title, 1)
        self._bar.addWidget(self.session_count)
        self._bar.addWidget(self.new_button)
        talk = QWidget()
        column = QVBoxLayout(talk)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addWidget(self.suggestions)
        self.pages.addWidget(talk)
        self.pages.addWidget(self.sessions)
        self._foot_box = QVBoxLayout(self._foot)
        self._foot_box.setSpacing(0)
        self._foot_box.addWidget(self.outgoing)
        self._foot_box.addWidget(self.input)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._bar)
        box.addWidget(self.notice)
        box.addWidget(self.pages, 1)
        box.addWidget(self._foot)
        # Tab goes as one reads; chips come and go, so each row knows what stands before it.
        order = (self.list_button, self.new_button, self.view, self.outgoing.more, self.input.field, self.input.leave_edit)
        for before, after in pairwise((*order, self.input.button)):
            QWidget.setTabOrder(before, after)
        self.suggestions.row.before, self.input.chips.before = self.view, self.outgoing.more

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look, tr, px = self._look, self._look.tr, self._look.px
        self._bar.setContentsMargins(px(8), px(3), px(8), px(3))
        self._bar.setSpacing(px(8))
        self._foot_box.setContentsMargins(px(10), 0, px(10), px(10))
        self.pages.setMinimumHeight(px(40))
        word = tr("chat.sessions.back" if self.is_listing else "chat.sessions.title")
        self.list_button.setText(f"← {word}")
        self.list_button.setAccessibleName(word)
        self.new_button.setText(f"+ {tr('chat.menu.new')}")
        self.new_button.setAccessibleName(tr("chat.menu.new"))
        for button in (self.list_button, self.new_button):
            button.setFont(look.font("caption", bold=True))
        self.session_title.setFont(look.font("caption", bold=True))
        self.session_count.setFont(look.font("caption"))
        colour_label(self.session_title, look, "text-secondary")
        colour_label(self.session_count, look, "text-muted")
        self.say()

    def say(self) -> None:
        """Title and number of messages."""
        self.session_title.set_words(self._vm.title())
        self.session_count.setText(self._vm.count())

    @property
    def is_listing(self) -> bool:
        """Whether the list of conversations is in front."""
        return self.pages.currentWidget() is self.sessions

    def turn_page(self, *, listing: bool) -> None:
        """The list of conversations in front, or the conversation."""
        self.pages.setCurrentIndex(1 if listing else 0)
        self._foot.setVisible(not listing)
        self.apply()

    def show_suggestions(self) -> None:
        """Offer what there is room for."""
        conversation = self._vm.conversation
        empty = conversation is None or not conversation.turns
        low = self.height() < self._look.px(_LOW) and not empty
        self.suggestions.show_suggestions(() if low else self._vm.suggestions, empty=empty)

    def settle(self) -> None:
        """Lay out at once what changed its height: step by step it would take several frames, with parts over each other."""
        frame, widget = self.parentWidget(), self.pages if self.is_listing else self.input
        each: QWidget | None = widget
        while each is not None:
            layout = each.layout()
            if layout is not None:
                layout.activate()
            each = each.parentWidget() if each is not frame else None

    def place_sheet(self) -> None:
        """Over everything but the line with the title: the text is to be read."""
        top = self.list_button.geometry().bottom() + self._look.px(3)
        self.sheet.setGeometry(0, top, self.width(), self.height() - top)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The conversation keeps its place beside a long question; the sheet covers all."""
        super().resizeEvent(event)
        self.input.field.set_ceiling(round(self.height() * _INPUT_SHARE))
        self.place_sheet()
        self.show_suggestions()
