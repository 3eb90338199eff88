"""Small dialogs of the journal: take a signal, sell it, write a note, take the purchase back. What is wrong is said in place.

A dialog stays open until the journal has stored the entry; a refused one says why and keeps what was typed. It blocks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ProblemLine
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dialogs.number_field import NumberField
from ralphstock_desktop.wording import format as fmt

__all__ = ["Entry", "JournalDialog", "PricePlan"]

_MAX_KRW = 2**31 - 1
_MAX_SHARES = 10**9
Spawn = Callable[[Coroutine[Any, Any, None], str], object]


@dataclass(frozen=True, slots=True)
class PricePlan:
    """How the price field moves, and what stands in it at first."""

    value: int
    step: Callable[[int, int], int]
    snap: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the user wrote."""

    price_krw: int
    qty: int
    note: str


class JournalDialog(QDialog):
    """One entry about one signal.

    Parameters
    ----------
    name : str
        ``take``, ``close``, ``note`` or ``take_back``: text keys ``journal_panel.dialog.<name>…``.
    about : tuple of str
        Lines that say which signal it is and what was planned.
    price : PricePlan, optional
        None asks for no price.
    qty : int, optional
        Suggested number of shares; None asks for none.
    note : str, optional
        Present note; None asks for none.
    submit : callable
        Stores the entry; raises what is wrong.
    """

    def __init__(
        self,
        appearance: Appearance,
        name: str,
        about: tuple[str, ...],
        submit: Callable[[Entry], Coroutine[Any, Any, None]],
        spawn: Spawn,
        *,
        price: PricePlan | None = None,
        qty: int | None = None,
        note: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._look, self._name, self._submit, self._spawn = appearance, name, submit, spawn
        self._busy = False
        self._suggested = qty
        self._error: RalphStockError | None = None
        self.about = [QLabel(line) for line in about]
        self.price = NumberField(1, _MAX_KRW, step=price.step, snap=price.snap) if price is not None else None
        self.qty = NumberField(1, _MAX_SHARES) if qty is not None else None
        self.note = QLineEdit(note) if note is not None else None
        self.amount = QLabel()
        self.problem = ProblemLine(appearance)
        self.ok, self.cancel = QPushButton(), QPushButton()
        self.ok.setDefault(True)
        self.cancel.setAutoDefault(False)
        if self.price is not None and price is not None:
            self.price.set_value(price.value)
            self.price.value_changed.connect(lambda _value: self._show_amount())
        if self.qty is not None:
            self.qty.set_value(max(qty or 1, 1))
            self.qty.value_changed.connect(lambda _value: self._show_amount())
        self._assemble()
        self.ok.clicked.connect(self.begin)
        self.cancel.clicked.connect(self.reject)
        appearance.changed.connect(self._apply)
        self._apply()

    def _assemble(self) -> None:
        self._form = QFormLayout()
        self._labels: dict[str, QLabel] = {}
        for name, field in (("price", self.price), ("qty", self.qty), ("note", self.note)):
            if field is not None:
                label = QLabel()
                label.setBuddy(field)
                self._labels[name] = label
                self._form.addRow(label, field)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.ok)
        self._box = QVBoxLayout(self)
        for line in self.about:
            line.setWordWrap(True)
            self._box.addWidget(line)
        self._box.addLayout(self._form)
        self._box.addWidget(self.amount)
        self._box.addWidget(self.problem)
        self._box.addLayout(buttons)

    def _apply(self) -> None:
        look, px = self._look, self._look.px
        self.setWindowTitle(look.tr(f"journal_panel.dialog.{self._name}"))
        self._box.setContentsMargins(*(px(16),) * 4)
        self._box.setSpacing(px(8))
        self._form.setVerticalSpacing(px(8))
        for number, line in enumerate(self.about):
            line.setFont(look.font("title" if number == 0 else "caption", bold=number == 0))
            colour_label(line, look, "text" if number == 0 else "text-secondary")
        for name, label in self._labels.items():
            label.setText(look.tr(f"journal_panel.dialog.{name}"))
            label.setFont(look.font("body"))
        for name, field in (("price", self.price), ("qty", self.qty), ("note", self.note)):
            if field is not None:
                field.setFont(look.font("body"))
                field.setAccessibleName(look.tr(f"journal_panel.dialog.{name}"))
        self.amount.setFont(look.font("caption"))
        colour_label(self.amount, look, "text-muted")
        self.ok.setText(look.tr(f"journal_panel.dialog.{self._name}.ok"))
        self.cancel.setText(look.tr("journal_panel.dialog.cancel"))
        for button in (self.ok, self.cancel):
            button.setFont(look.font("body", bold=button is self.ok))
            button.setMinimumHeight(px(28))
        self.setMinimumWidth(px(360))
        self._show_amount()
        self._show_problem()

    def _show_amount(self) -> None:
        """``금액 440,000원 · 제안 44주``: what the numbers come to, before anything is stored."""
        parts = []
        if self.price is not None and self.qty is not None:
            total = fmt.number(self.price.value * self.qty.value)
            parts.append(self._look.tr("journal_panel.dialog.amount", amount=total))
            suggested = fmt.shares(self._suggested or 0, self._look.language)
            key = "journal_panel.dialog.suggested" if self._suggested else "journal_panel.dialog.no_suggestion"
            parts.append(self._look.tr(key, qty=suggested))
        self.amount.setText(" · ".join(parts))
        self.amount.setVisible(bool(parts))

    def _show_problem(self) -> None:
        self.problem.set_text(error_sentence(self._look, self._error) if self._error is not None else "")
        self.adjustSize()

    # -- storing --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Store what is written; the dialog closes when it is done."""
        if self._busy:
            return
        for field in (self.price, self.qty):
            if field is not None:
                field.commit()
        self._set_busy(True)
        self._error = None
        self._show_problem()
        entry = Entry(
            self.price.value if self.price is not None else 0,
            self.qty.value if self.qty is not None else 0,
            self.note.text().strip() if self.note is not None else "",
        )
        self._spawn(self._run(entry), f"journal {self._name}")

    async def _run(self, entry: Entry) -> None:
        try:
            await self._submit(entry)
        except RalphStockError as error:
            self._error = error
            self._set_busy(False)
            self._show_problem()
            return
        except BaseException:
            self._set_busy(False)  # a bug or the end of the program: the dialog must not stay locked
            raise
        self._set_busy(False)
        self.accept()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for widget in (self.ok, self.cancel, self.price, self.qty, self.note):
            if widget is not None:
                widget.setEnabled(not busy)

    def reject(self) -> None:
        """Nothing is thrown away while it is being stored."""
        if not self._busy:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The same for the window's own button."""
        if self._busy:
            event.ignore()
        else:
            super().closeEvent(event)
