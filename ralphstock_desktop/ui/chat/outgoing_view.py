"""What would leave the machine: one line above the input, and a sheet with the exact text and the switch that stops it all."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ralphstock_desktop.services.assistant_contracts import Outgoing
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import WordButton, colour_label
from ralphstock_desktop.ui.viewmodels.chat import ChatViewModel
from ralphstock_desktop.ui.viewmodels.chat_words import kilobytes
from ralphstock_desktop.wording import format as fmt

__all__ = ["ElidedLabel", "OutgoingLine", "OutgoingSheet"]


class ElidedLabel(QLabel):
    """One line of words that is cut with an ellipsis where there is no room; whole in the tooltip then."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def words(self) -> str:
        """All of it."""
        return self._words

    def set_words(self, words: str) -> None:
        """Say something else."""
        self._words = words
        self.setAccessibleName(words)
        self._cut()

    def _cut(self) -> None:
        shown = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, max(0, self.width() - 2))
        self.setText(shown)
        self.setToolTip(self._words if shown != self._words else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()

    def sizeHint(self) -> QSize:
        """As wide as the words."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._words) + 4, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """May be cut to nothing."""
        return QSize(0, self.fontMetrics().height() + 2)


class OutgoingLine(QWidget):
    """``밖으로 나갈 글 1.2 KB · 종목명 1 · 점수 23 …  내용 보기``.

    Signals
    -------
    sheet_wanted
        The exact text is wanted.
    """

    sheet_wanted = Signal()

    def __init__(self, view_model: ChatViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self.size_label = QLabel()
        self.kinds = ElidedLabel()
        self.more = QPushButton()
        self.more.setObjectName("link")
        self.more.setAutoDefault(False)
        self.more.clicked.connect(lambda _on=False: self.sheet_wanted.emit())
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.size_label)
        self._row.addWidget(self.kinds, 1)
        self._row.addWidget(self.more)
        view_model.outgoing_changed.connect(self.apply)
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Say what leaves now."""
        look = self._look
        self._row.setContentsMargins(look.px(14), look.px(2), look.px(8), look.px(2))
        self._row.setSpacing(look.px(12))
        amount, kinds = self._vm.outgoing_line()
        self.size_label.setText(amount)
        self.size_label.setFont(look.font("caption", bold=bool(self._vm.outgoing and self._vm.outgoing.leaves)))
        colour_label(self.size_label, look, "text" if self._vm.outgoing and self._vm.outgoing.leaves else "text-secondary")
        self.kinds.setFont(look.font("caption"))
        self.kinds.set_words(kinds)
        colour_label(self.kinds, look, "text-muted")
        self.more.setText(look.tr("chat.outgoing.show"))
        self.more.setFont(look.font("caption", bold=True))
        self.more.setAccessibleName(look.tr("chat.outgoing.show.access"))
        self.more.setVisible(self._vm.outgoing is not None)
        self.setAccessibleName(f"{amount} {kinds}".strip())


class OutgoingSheet(QWidget):
    """The whole request as it would be sent, over the conversation. Nothing is sent from here.

    Signals
    -------
    closed
        Esc or the button.
    outside_chosen(bool)
        Whether anything may leave at all.
    """

    closed = Signal()
    outside_chosen = Signal(bool)

    def __init__(self, view_model: ChatViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self.setAutoFillBackground(True)
        self.head, self.lead, self.facts = QLabel(), QLabel(), QLabel()
        for label in (self.lead, self.facts):
            label.setWordWrap(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.nothing = QCheckBox()
        self.nothing.toggled.connect(lambda on: self.outside_chosen.emit(not on))
        self.close_button = WordButton()
        self.close_button.clicked.connect(lambda _on=False: self.closed.emit())
        foot = QHBoxLayout()
        foot.addWidget(self.nothing, 1)
        foot.addWidget(self.close_button)
        self._box = QVBoxLayout(self)
        for widget in (self.head, self.lead, self.facts):
            self._box.addWidget(widget)
        self._box.addWidget(self.text, 1)
        self._box.addLayout(foot)
        view_model.outgoing_changed.connect(self.apply)
        appearance.changed.connect(self.apply)
        self.apply()

    def set_outside(self, outside: bool | None) -> None:
        """Show the switch as it is; None where there is no such setting."""
        self.nothing.blockSignals(True)
        self.nothing.setChecked(outside is False)
        self.nothing.blockSignals(False)
        self.nothing.setVisible(outside is not None)

    def apply(self) -> None:
        """Take words, sizes and the newest text."""
        look, outgoing = self._look, self._vm.outgoing
        palette = self.palette()
        palette.setColor(palette.ColorRole.Window, look.color("bg-panel"))
        self.setPalette(palette)
        self._box.setContentsMargins(*(look.px(14),) * 4)
        self._box.setSpacing(look.px(8))
        self.head.setText(look.tr("chat.outgoing.title"))
        self.head.setFont(look.font("title", bold=True))
        leaves = outgoing is not None and outgoing.leaves
        self.lead.setText(look.tr("chat.outgoing.lead" if leaves else "chat.outgoing.lead.nothing"))
        self.lead.setFont(look.font("body"))
        colour_label(self.lead, look, "text-secondary")
        self.facts.setText(self._facts(outgoing))
        self.facts.setFont(look.font("caption"))
        colour_label(self.facts, look, "text-muted")
        shown = outgoing.text if outgoing is not None else ""
        if self.text.toPlainText() != shown:
            self.text.setPlainText(shown)  # as it is: neither Markdown nor HTML is interpreted
        self.text.setFont(look.font("body"))
        self.text.setAccessibleName(look.tr("chat.outgoing.title"))
        self.text.setPlaceholderText(look.tr("chat.outgoing.none"))
        self.nothing.setText(look.tr("chat.outgoing.switch"))
        self.nothing.setFont(look.font("body"))
        self.close_button.setText(look.tr("chat.outgoing.close"))
        self.close_button.setFont(look.font("body"))
        self.setAccessibleName(look.tr("chat.outgoing.title"))

    def _facts(self, outgoing: Outgoing | None) -> str:
        if outgoing is None:
            return ""
        parts = [
            look_text
            for look_text in (
                self._look.tr("chat.outgoing.size", size=kilobytes(outgoing.bytes)),
                self._look.tr("chat.outgoing.tokens", tokens=fmt.number(outgoing.tokens)),
                *self._vm.words.kinds(outgoing.counts),
            )
            if look_text
        ]
        return " · ".join(parts)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            event.accept()
            return
        super().keyPressEvent(event)
