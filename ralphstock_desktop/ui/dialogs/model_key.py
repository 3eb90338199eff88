"""The dialog for the key of the language model. The key goes to the system's key store and nowhere else.

The field never shows a key, is never filled from the store, and is emptied as soon as the key is handed over and when the
dialog is closed. It blocks nothing.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QHideEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError, UserCancelled
from ralphstock_desktop.services.assistant_contracts import Assistant, AssistantState
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import SettingsStore
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import WordButton, colour_label
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.ui.dock_registry import Spawn

__all__ = ["ModelKeyDialog"]


class ModelKeyDialog(QDialog):
    """See the module text.

    Parameters
    ----------
    assistant : Assistant
        Keeps, checks and removes the key.
    spawn : callable
        Runs a named task.
    settings : SettingsStore | None
        Where the switch lives without which nothing leaves the machine; None where there is none.
    """

    def __init__(
        self,
        appearance: Appearance,
        assistant: Assistant,
        spawn: Spawn,
        settings: SettingsStore | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setModal(False)
        self._look, self._assistant, self._spawn, self._settings = appearance, assistant, spawn, settings
        self._busy = False
        self._problem: RalphStockError | None = None
        self._done_key = ""
        self._subscription: Subscription | None = None
        self.lead, self.kept, self.verdict, self.switch_note = QLabel(), QLabel(), QLabel(), QLabel()
        for label in (self.lead, self.kept, self.verdict, self.switch_note):
            label.setWordWrap(True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.name = QLabel()
        self.field = QLineEdit()
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhLatinOnly
        )
        self.field.setMaxLength(400)
        self.field.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.name.setBuddy(self.field)
        self.remove_button, self.check_button, self.close_button = QPushButton(), QPushButton(), QPushButton()
        self.save_button = WordButton()
        self.save_button.setDefault(True)
        self.remove_button.clicked.connect(lambda _on=False: self._begin(self._remove(), "remove the model's key"))
        self.check_button.clicked.connect(lambda _on=False: self._begin(self._check(), "check the model"))
        self.save_button.clicked.connect(lambda _on=False: self._on_save())
        self.close_button.clicked.connect(lambda _on=False: self.close())
        self.field.textChanged.connect(lambda _text: self._enable())
        self._box = QVBoxLayout(self)
        row = QHBoxLayout()
        row.addWidget(self.name)
        row.addWidget(self.field, 1)
        self._row = row
        buttons = QHBoxLayout()
        buttons.addWidget(self.remove_button)
        buttons.addStretch(1)
        for button in (self.close_button, self.check_button, self.save_button):
            buttons.addWidget(button)
        self._box.addWidget(self.lead)
        self._box.addLayout(row)
        self._box.addWidget(self.kept)
        self._box.addWidget(self.switch_note)
        self._box.addWidget(self.verdict)
        self._box.addStretch(1)
        self._box.addLayout(buttons)
        appearance.changed.connect(self.apply)
        self.apply()

    def open_dialog(self) -> None:
        """Show it; what an earlier visit found out is gone."""
        self._problem, self._done_key = None, ""
        if self._subscription is None:
            self._subscription = self._assistant.state.subscribe(self._on_state)
        self.apply()
        self.show()
        self.raise_()
        self._fit()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._look
        self.setWindowTitle(look.tr("chat.key.title"))
        self.lead.setText(look.tr("chat.key.lead"))
        self.name.setText(look.tr("chat.key.field"))
        self.kept.setText(look.tr("chat.key.kept"))
        self.field.setAccessibleName(look.tr("chat.key.field"))
        self.field.setPlaceholderText(look.tr("chat.key.hint"))
        self.field.setMinimumHeight(look.px(28))
        for label in (self.lead, self.name):
            label.setFont(look.font("body"))
        for label in (self.kept, self.switch_note):
            label.setFont(look.font("caption"))
        self.field.setFont(look.font("body"))
        colour_label(self.kept, look, "text-muted")
        colour_label(self.switch_note, look, "warning")
        for button, name in (
            (self.remove_button, "remove"),
            (self.check_button, "check"),
            (self.save_button, "save"),
            (self.close_button, "close"),
        ):
            button.setText(look.tr(f"chat.key.{name}"))
            button.setFont(look.font("body"))
            button.setMinimumHeight(look.px(28))
        self._box.setContentsMargins(*(look.px(16),) * 4)
        self._box.setSpacing(look.px(10))
        self._row.setSpacing(look.px(10))
        self.setMinimumWidth(look.px(440))
        off = self._settings is not None and not self._settings.get("assistant_outside")
        self.switch_note.setText(look.tr("chat.key.off") if off else "")
        self.switch_note.setVisible(off)
        self._show_outcome()

    def _fit(self) -> None:
        """High enough for the words as they break at this width."""
        width = max(self.width(), self.minimumWidth())
        self._box.activate()
        self.resize(width, max(self._box.heightForWidth(width), self._box.sizeHint().height()))

    def _on_state(self, _state: AssistantState) -> None:
        self._enable()

    def _has_key(self) -> bool:
        state = self._assistant.state.last
        return state is None or state.mode != "no_key"

    def _enable(self) -> None:
        self.save_button.setEnabled(not self._busy and bool(self.field.text().strip()))
        self.check_button.setEnabled(not self._busy and self._has_key())
        self.remove_button.setEnabled(not self._busy and self._has_key())

    # -- work -----------------------------------------------------------------------------------------------------------

    def _on_save(self) -> None:
        key = self.field.text().strip()
        if not key or self._busy:
            return
        self.field.clear()  # before anything can go wrong: the key is with the task alone from here on
        self._begin(self._save(key), "keep the model's key")

    async def _save(self, key: str) -> None:
        await self._assistant.set_key(key)
        self._done_key = "chat.key.saved"

    async def _check(self) -> None:
        await self._assistant.check_model()
        self._done_key = "chat.key.works"

    async def _remove(self) -> None:
        await self._assistant.set_key("")
        self._done_key = "chat.key.removed"

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._busy:
            work.close()
            return
        self._busy, self._problem, self._done_key = True, None, "chat.key.working"
        self._show_outcome()
        self._spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except UserCancelled:
            self._done_key = ""
        except RalphStockError as error:
            self._problem = error
        finally:
            self._busy = False
            if self._done_key == "chat.key.working":
                self._done_key = ""
            self._show_outcome()

    def _show_outcome(self) -> None:
        look, error = self._look, self._problem
        token, words = "text-secondary", look.tr(self._done_key) if self._done_key else ""
        if error is not None:
            token, words = "danger", f"✕ {error_sentence(look, error)} ({error_code(error)})"
        elif self._done_key in ("chat.key.saved", "chat.key.works"):
            token, words = "success", f"✓ {words}"
        self.verdict.setText(words)
        self.verdict.setFont(look.font("body", bold=token == "danger"))
        colour_label(self.verdict, look, token)
        self._enable()
        if self.isVisible():
            self._fit()

    # -- life -----------------------------------------------------------------------------------------------------------

    def hideEvent(self, event: QHideEvent) -> None:
        """Forget what was typed, whichever way it was closed."""
        super().hideEvent(event)
        self._forget()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Forget what was typed."""
        self._forget()
        super().closeEvent(event)

    def _forget(self) -> None:
        self.field.clear()
        # The undo history of the field must not bring it back.
        self.field.setText("")
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
