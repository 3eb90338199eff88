"""Small windows of the what-if panel: the name of a profile, and the question before one is deleted. Neither blocks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import colour_label

__all__ = ["DeleteProfileDialog", "ProfileNameDialog"]

_LONGEST_NAME = 40


class _Question(QDialog):
    """Lines of text and two buttons; the last one does it."""

    def __init__(self, appearance: Appearance, title_key: str, button_key: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(appearance.tr(title_key))
        px = appearance.px
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(px(16), px(14), px(16), px(14))
        self.column.setSpacing(px(8))
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        self.cancel = QPushButton(appearance.tr("what_if.button.cancel"))
        self.go = QPushButton(appearance.tr(button_key))
        self.go.setDefault(True)
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        for button in (self.cancel, self.go):
            button.setFont(appearance.font("body", bold=button is self.go))
            self._buttons.addWidget(button)
        self.setMinimumWidth(px(340))

    def finish(self) -> None:
        """Add the buttons below what was added before."""
        self.column.addLayout(self._buttons)

    def line(self, text: str, token: str = "text-secondary") -> QLabel:
        """Add a line of text."""
        label = QLabel(text)
        label.setWordWrap(True)
        label.setFont(self._look.font("body"))
        colour_label(label, self._look, token)
        self.column.addWidget(label)
        return label


class ProfileNameDialog(_Question):
    """Asks for the name of a profile; says when it replaces one.

    Signals
    -------
    named(str)
        The user gave a name.
    """

    named = Signal(str)

    def __init__(
        self, appearance: Appearance, count: int, taken: Sequence[str], name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(appearance, "what_if.dialog.save.title", "what_if.button.keep", parent)
        self._taken = frozenset(taken)
        self.line(appearance.tr("what_if.dialog.save.help", count=count))
        self.name = QLineEdit(name)
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setFont(appearance.font("body"))
        self.name.setPlaceholderText(appearance.tr("what_if.dialog.save.name"))
        self.name.setAccessibleName(appearance.tr("what_if.dialog.save.name"))
        self.column.addWidget(self.name)
        self.remark = self.line("", "warning")
        self.finish()
        self.name.textChanged.connect(self._check)
        self.go.clicked.connect(self._on_go)
        self._check()
        self.name.selectAll()
        self.name.setFocus()

    def _check(self) -> None:
        title = self.name.text().strip()
        self.go.setEnabled(bool(title))
        self.remark.setText(self._look.tr("what_if.dialog.save.exists") if title in self._taken else "")

    def _on_go(self) -> None:
        title = self.name.text().strip()
        if title:
            self.named.emit(title)
            self.accept()


class DeleteProfileDialog(_Question):
    """Asks before a profile is forgotten.

    Signals
    -------
    confirmed(str)
        The profile may go.
    """

    confirmed = Signal(str)

    def __init__(self, appearance: Appearance, name: str, parent: QWidget | None = None) -> None:
        super().__init__(appearance, "what_if.dialog.delete.title", "what_if.button.delete", parent)
        self._name = name
        self.line(appearance.tr("what_if.dialog.delete.text", name=name), "text")
        self.finish()
        self.go.setDefault(False)
        self.go.setAutoDefault(False)
        self.cancel.setDefault(True)
        self.go.clicked.connect(self._on_go)

    def _on_go(self) -> None:
        self.confirmed.emit(self._name)
        self.accept()
