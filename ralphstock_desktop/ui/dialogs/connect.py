"""The connect dialog: host, key, a test that says step by step what is wrong, and connect. It blocks nothing.

A secret is typed or pasted here, handed to the service and forgotten; it is never shown, logged or kept by the window.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError
from ralphstock_desktop.live_ports import Credentials, Diagnosis, DiagnosisStep
from ralphstock_desktop.services.live_contracts import ConnectionPlan, LiveMarket
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["ConnectDialog"]

_HOSTS = ("real", "mock", "custom")
_KEY_WRONG = frozenset(
    ("error.connect.no_key", "error.connect.key_missing", "error.connect.wrong_key", "error.connect.wrong_host")
)
_ADDRESS_WRONG = frozenset(
    (
        "error.connect.no_address",
        "error.connect.address_form",
        "error.connect.address_plain",
        "error.connect.dns",
        "error.connect.refused",
    )
)
_SIGNS = {"passed": ("✓", "success"), "failed": ("✕", "danger"), "waiting": ("○", "text-muted"), "skipped": ("–", "text-muted")}


class ConnectDialog(QDialog):
    """See the module text.

    Parameters
    ----------
    live : LiveMarket
        The running market.
    spawn : callable
        Runs a named task.
    go_real : callable
        Makes the user's own market the one looked at; connecting needs it.
    """

    def __init__(
        self,
        appearance: Appearance,
        live: LiveMarket,
        spawn: Callable[[Coroutine[Any, Any, Any], str], object],
        go_real: Callable[[], Coroutine[Any, Any, None]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setModal(False)
        self._appearance, self._live, self._spawn, self._go_real = appearance, live, spawn, go_real
        self._busy = False
        self._diagnosis: Diagnosis | None = None
        self._problem: RalphStockError | None = None
        self._done_key = ""
        self._asked_with: QWidget | None = None
        """What had the keyboard when the work began; the buttons cannot hold it while they are disabled."""
        self.lead = QLabel()
        self.lead.setWordWrap(True)
        self.host = Segmented(appearance, [(host, f"connect.host.{host}") for host in _HOSTS])
        self.host.set_value("real")
        self.host.chosen.connect(lambda _host: self._on_host())
        self.address, self.app_key, self.secret = QLineEdit(), QLineEdit(), QLineEdit()
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.secret.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoPredictiveText)
        for field in (self.address, self.app_key, self.secret):
            field.textEdited.connect(lambda _text: self._forget_outcome())
        self.remember = QCheckBox()
        self.remember.setChecked(True)
        self.stored = QLabel()
        self.stored.setWordWrap(True)
        self.steps = {step: QLabel() for step in DiagnosisStep}
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.test_button, self.disconnect_button, self.close_button = QPushButton(), QPushButton(), QPushButton()
        self.connect_button = QPushButton()
        self.connect_button.setDefault(True)
        self.test_button.clicked.connect(lambda: self._begin(self._test(), "test the connection"))
        self.connect_button.clicked.connect(lambda: self._begin(self._connect(), "connect"))
        self.disconnect_button.clicked.connect(lambda: self._begin(self._disconnect(), "disconnect"))
        self.close_button.clicked.connect(self.close)
        self._assemble()
        appearance.changed.connect(self.apply)
        self.apply()
        self._on_host()

    def _assemble(self) -> None:
        self._form = QFormLayout()
        self._labels = {name: QLabel() for name in ("host", "address", "app_key", "secret")}
        for name, field in (("host", self.host), ("address", self.address), ("app_key", self.app_key), ("secret", self.secret)):
            self._labels[name].setBuddy(field)
            self._form.addRow(self._labels[name], field)
        self._form.addRow(QLabel(), self.remember)
        self._step_box = QVBoxLayout()
        for label in self.steps.values():
            self._step_box.addWidget(label)
        buttons = QHBoxLayout()
        buttons.addWidget(self.disconnect_button)
        buttons.addStretch(1)
        for button in (self.close_button, self.test_button, self.connect_button):
            buttons.addWidget(button)
        self._box = QVBoxLayout(self)
        self._box.addWidget(self.lead)
        self._box.addLayout(self._form)
        self._box.addWidget(self.stored)
        self._box.addLayout(self._step_box)
        self._box.addWidget(self.verdict)
        self._box.addStretch(1)
        self._box.addLayout(buttons)

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._appearance
        self.setWindowTitle(look.tr("connect.title"))
        self.lead.setText(look.tr("connect.lead"))
        self.lead.setFont(look.font("body"))
        for name, label in self._labels.items():
            label.setText(look.tr(f"connect.{name}"))
            label.setFont(look.font("body"))
        for field, name in ((self.address, "address"), (self.app_key, "app_key"), (self.secret, "secret")):
            field.setFont(look.font("body"))
            field.setMinimumHeight(look.px(28))
            field.setAccessibleName(look.tr(f"connect.{name}"))
        self.host.setMinimumHeight(look.px(30))
        self.address.setPlaceholderText("http://127.0.0.1:8700")
        for field in (self.app_key, self.secret):
            field.setPlaceholderText(look.tr("connect.kept"))
        self.remember.setText(look.tr("connect.remember"))
        self.remember.setFont(look.font("body"))
        self.stored.setText(look.tr("connect.stored"))
        self.stored.setFont(look.font("caption"))
        colour_label(self.stored, look, "text-muted")
        for button, name in (
            (self.test_button, "test"),
            (self.connect_button, "go"),
            (self.disconnect_button, "disconnect"),
            (self.close_button, "close"),
        ):
            button.setText(look.tr(f"connect.{name}"))
            button.setFont(look.font("body", bold=button is self.connect_button))
            button.setMinimumHeight(look.px(28))
        self._box.setContentsMargins(*(look.px(16),) * 4)
        self._box.setSpacing(look.px(10))
        self._form.setVerticalSpacing(look.px(8))
        self._form.setHorizontalSpacing(look.px(12))
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for label in self._labels.values():
            label.setMinimumHeight(look.px(28))
        self.setMinimumWidth(look.px(460))
        self._show_outcome()

    def _on_host(self) -> None:
        own = self.host.value() == "custom"
        self._form.setRowVisible(self.address, own)
        self._forget_outcome()

    def _forget_outcome(self) -> None:
        """What was found out was found out about other fields."""
        if not self._busy:
            self._diagnosis = self._problem = None
            self._done_key = ""
            self._show_outcome()

    def _grow(self) -> None:
        """Give every row its height; the window never becomes smaller by itself."""
        self._box.activate()
        width = self.width()
        need = self._box.totalHeightForWidth(width) if self._box.hasHeightForWidth() else self.sizeHint().height()
        if self.height() < need:
            self.resize(width, need)

    @property
    def plan(self) -> ConnectionPlan:
        """What the fields say; empty key fields mean the kept key."""
        key, secret = self.app_key.text().strip(), self.secret.text().strip()
        host = self.host.value()
        return ConnectionPlan(
            "real" if host == "real" else "mock" if host == "mock" else "custom",
            base_url=self.address.text().strip() if host == "custom" else "",
            credentials=Credentials(key, secret) if key or secret else None,
            remember=self.remember.isChecked(),
        )

    # -- work -------------------------------------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._busy:
            work.close()
            return
        self._asked_with = self.focusWidget()
        self._set_busy(True)
        self._diagnosis = self._problem = None
        self._done_key = "connect.working"
        self._show_outcome()
        self._spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except RalphStockError as error:
            self._problem = error
        finally:
            self._set_busy(False)
            if self._done_key == "connect.working":
                self._done_key = ""
            self._show_outcome()
            self._give_focus()

    def _give_focus(self) -> None:
        """Back to the button that was pressed, or to the field that has to be changed."""
        error = self._problem or (self._diagnosis.error if self._diagnosis is not None else None)
        place: QWidget | None = self._asked_with
        if error is not None and error.key in _KEY_WRONG:
            place = self.app_key
        elif error is not None and error.key in _ADDRESS_WRONG and self.host.value() == "custom":
            place = self.address
        if place is not None and self.isActiveWindow():
            place.setFocus(Qt.FocusReason.OtherFocusReason)
            if isinstance(place, QLineEdit):
                place.selectAll()

    async def _test(self) -> None:
        self._diagnosis = await self._live.test(self.plan)

    async def _connect(self) -> None:
        plan = self.plan
        self._diagnosis = diagnosis = await self._live.test(plan)
        if diagnosis.failed is not None:
            return
        await self._go_real()
        await self._live.connect(plan)
        self.secret.clear()
        self._done_key = "connect.connected"

    async def _disconnect(self) -> None:
        await self._live.disconnect()
        self._done_key = "connect.disconnected"

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for button in (self.test_button, self.connect_button, self.disconnect_button):
            button.setEnabled(not busy)

    # -- outcome ----------------------------------------------------------------------------------------------------------

    def _show_outcome(self) -> None:
        look, diagnosis = self._appearance, self._diagnosis
        for step, label in self.steps.items():
            state = "waiting"
            if diagnosis is not None:
                state = "passed" if step in diagnosis.passed else "failed" if step is diagnosis.failed else "skipped"
            sign, token = _SIGNS[state]
            label.setText(f"{sign}  {look.tr(f'connect.step.{step.value}')}")
            label.setFont(look.font("body", bold=state == "failed"))
            colour_label(label, look, token)
        token, words = "text-secondary", look.tr(self._done_key) if self._done_key else ""
        error = self._problem or (diagnosis.error if diagnosis is not None else None)
        if error is not None:
            token, words = "danger", _told(look, error)
        elif diagnosis is not None and diagnosis.failed is None:
            token = "success"
            facts = [look.tr("connect.passed")]
            if diagnosis.latency_ms is not None:
                facts.append(look.tr("connect.latency", ms=f"{diagnosis.latency_ms:.0f}"))
            if diagnosis.clock_offset_s is not None:
                facts.append(look.tr("connect.clock", seconds=fmt.signed(diagnosis.clock_offset_s, 1)))
            if self._done_key not in ("", "connect.working"):
                facts.insert(0, look.tr(self._done_key))
            words = " · ".join(facts)
        self.verdict.setText(words)
        self.verdict.setFont(look.font("body", bold=token == "danger"))
        colour_label(self.verdict, look, token)
        self._grow()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Forget what was typed."""
        self.app_key.clear()
        self.secret.clear()
        super().closeEvent(event)


def _told(look: Appearance, error: RalphStockError) -> str:
    """Sentence of an error with its code, which is not said twice."""
    sentence, code = error_sentence(look, error), error_code(error)
    return sentence if f"[{code.rsplit(' ', 1)[-1]}]" in sentence else f"{sentence} ({code})"
