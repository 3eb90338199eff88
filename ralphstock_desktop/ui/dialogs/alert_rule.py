"""The editor of an alert, a new one or one that is changed: symbol, quantity, comparison, value, note.

What the service refuses is said at its field.

The dialog stays open until the alert is stored, keeps what was typed when it is refused, and blocks nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError, ValidationFailed
from ralphstock_desktop.assistant_ports import AlertRule
from ralphstock_desktop.services.contracts import SymbolHit
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ProblemLine
from ralphstock_desktop.ui.dialogs.controls import WordButton, colour_label
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dialogs.symbol_field import SymbolField
from ralphstock_desktop.wording import format as fmt

__all__ = ["QUANTITIES", "AlertDesk", "AlertRuleDialog", "AlertValueField", "parse_value"]

QUANTITIES = ("price", "change_pct", "volume", "score")
_OPS = (">=", "<=")
_FACTORS = (("만", 1e4), ("억", 1e8), ("k", 1e3), ("m", 1e6))
_MINUS = str.maketrans("\u2212\u2013", "--")
Moves = tuple[Callable[[int, int], int], Callable[[int], int]]


@dataclass(frozen=True)
class AlertDesk:
    """What the editor asks of the program.

    Attributes
    ----------
    find : callable
        Typed text to symbols.
    name : callable
        Ticker to the name shown.
    measured : callable
        (ticker, quantity) to its value now, None where it is missing.
    price_moves : callable
        Ticker to (step, snap) of its prices.
    submit : callable
        Stores (ticker, quantity, op, value, note); raises what is wrong.
    spawn : callable
        Starts a named task.
    """

    find: Callable[[str], Sequence[SymbolHit]]
    name: Callable[[str], str]
    measured: Callable[[str, str], float | None]
    price_moves: Callable[[str], Moves]
    submit: Callable[[str, str, str, float, str], Coroutine[Any, Any, object]]
    spawn: Callable[[Coroutine[Any, Any, None], str], object]


def parse_value(text: str) -> float | None:
    """A typed number: with or without commas, unit and 만/억; None where it is none."""
    plain = text.translate(_MINUS).strip().lower().replace(",", "").replace(" ", "").removeprefix("₩").removeprefix("+")
    for unit in ("원", "주", "점", "%", "won", "shares", "points", "pt"):
        plain = plain.removesuffix(unit)
    factor = 1.0
    for word, amount in _FACTORS:
        if plain.endswith(word):
            plain, factor = plain.removesuffix(word), amount
            break
    try:
        value = float(plain) * factor
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in plain else None


class AlertValueField(QLineEdit):
    """The value: typed freely, moved by ↑ ↓ and the wheel in steps that make sense for the quantity."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.quantity = "price"
        self.moves: Moves | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    @property
    def value(self) -> float | None:
        """What is typed; None where it is no number."""
        return parse_value(self.text())

    def set_value(self, value: float | None) -> None:
        """Write a value; None empties the field."""
        self.setText("" if value is None else self._written(value))

    def shows(self, quantity: str, value: float) -> bool:
        """Whether this value of a quantity is written here, untouched."""
        return self.quantity == quantity and self.text() == self._written(value)

    def _written(self, value: float) -> str:
        if self.quantity in ("price", "volume"):
            return fmt.number(value, 0 if value == int(value) else 2)
        return f"{value:.2f}".rstrip("0").rstrip(".")

    def step(self, steps: int) -> None:
        """Move by some steps: ticks of the price, tenths of a percent point, single points, about a percent of a volume."""
        value = self.value
        if value is None:
            return
        if self.quantity == "price":
            move, snap = self.moves or ((lambda price, count: price + count), int)
            on_grid = snap(max(1, round(value)))
            # From between two ticks the first step leads onto the grid, in its own direction.
            first = (on_grid > value and steps > 0) or (on_grid < value and steps < 0)
            left = steps - (1 if steps > 0 else -1) if first else steps
            self.set_value(float(max(1, move(on_grid, left) if left else on_grid)))
        elif self.quantity == "volume":
            unit = 10.0 ** max(0, math.floor(math.log10(max(value, 1.0))) - 1)
            self.set_value(max(1.0, (math.floor(value / unit) + steps) * unit))
        else:
            unit, low, high = (0.1, -100.0, 1_000.0) if self.quantity == "change_pct" else (1.0, 0.0, 100.0)
            self.set_value(min(max(round(value + steps * unit, 6), low), high))
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down step, Page Up and Page Down by ten."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        count = steps.get(Qt.Key(event.key()))
        if count is None:
            super().keyPressEvent(event)
        else:
            self.step(count)
            event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel steps while the field has the keyboard."""
        if self.hasFocus() and event.angleDelta().y():
            self.step(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()


class AlertRuleDialog(QDialog):
    """See the module text. ``ticker`` may be given; the user can choose another. ``rule`` is the alert that is changed."""

    def __init__(
        self,
        appearance: Appearance,
        desk: AlertDesk,
        ticker: str = "",
        parent: QWidget | None = None,
        *,
        rule: AlertRule | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._look, self._desk, self.ticker, self._rule = appearance, desk, rule.ticker if rule is not None else ticker, rule
        self._busy = False
        self._error: RalphStockError | None = None
        self.symbol = SymbolField(appearance, desk.find)
        self.quantity, self.op = QComboBox(), QComboBox()
        self.value, self.unit, self.now = AlertValueField(), QLabel(), QLabel()
        self.note = QLineEdit()
        self.note.setMaxLength(500)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setVisible(rule is not None)
        self.symbol_problem, self.value_problem = ProblemLine(appearance), ProblemLine(appearance)
        self.ok, self.cancel = WordButton(), QPushButton()
        self.ok.setDefault(True)
        self.cancel.setAutoDefault(False)
        for quantity in QUANTITIES:
            self.quantity.addItem("", quantity)
        for op in _OPS:
            self.op.addItem("", op)
        self._assemble()
        self.symbol.picked.connect(self.choose)
        self.symbol.missed.connect(self._on_missed)
        self.symbol.textEdited.connect(lambda _text: self._forget_symbol())
        self.quantity.currentIndexChanged.connect(lambda _index: self._on_quantity())
        self.value.textEdited.connect(lambda _text: self._say(None))
        self.ok.clicked.connect(self.begin)
        self.cancel.clicked.connect(self.reject)
        appearance.changed.connect(self._apply)
        self._apply()
        if rule is not None:
            self._fill(rule)
        if self.ticker:
            self.choose(self.ticker)
            self.value.setFocus()

    def _fill(self, rule: AlertRule) -> None:
        """Take over what an alert holds; :meth:`choose` writes its value."""
        for box, held in ((self.quantity, rule.quantity), (self.op, rule.op)):
            box.blockSignals(True)
            box.setCurrentIndex(box.findData(held))
            box.blockSignals(False)
        self.value.quantity = rule.quantity
        self.note.setText(rule.note)

    def _assemble(self) -> None:
        self._form = QFormLayout()
        self._labels: dict[str, QLabel] = {}
        condition = QHBoxLayout()
        condition.addWidget(self.op)
        condition.addWidget(self.value, 1)
        condition.addWidget(self.unit)
        rows: tuple[tuple[str, QWidget | QHBoxLayout, QWidget], ...] = (
            ("symbol", self.symbol, self.symbol),
            ("", self.symbol_problem, self.symbol_problem),
            ("quantity", self.quantity, self.quantity),
            ("value", condition, self.value),
            ("", self.now, self.now),
            ("", self.value_problem, self.value_problem),
            ("note", self.note, self.note),
        )
        for name, content, field in rows:
            label = QLabel()
            if name:
                label.setBuddy(field)
                self._labels[name] = label
            if isinstance(content, QHBoxLayout):
                self._form.addRow(label, content)
            else:
                self._form.addRow(label, content)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.ok)
        self._box = QVBoxLayout(self)
        self._box.addLayout(self._form)
        self._box.addWidget(self.hint)
        self._box.addStretch(1)
        self._box.addLayout(buttons)

    def _apply(self) -> None:
        look, px, tr = self._look, self._look.px, self._look.tr
        self.setWindowTitle(tr("watch.editor.title" if self._rule is None else "watch.editor.title.edit"))
        self._box.setContentsMargins(px(16), px(14), px(16), px(14))
        self._box.setSpacing(px(10))
        self._form.setSpacing(px(6))
        for name, label in self._labels.items():
            label.setText(tr(f"watch.editor.{name}"))
            label.setFont(look.font("body"))
        for index, quantity in enumerate(QUANTITIES):
            self.quantity.setItemText(index, tr(f"watch.quantity.{quantity}"))
        for index, name in enumerate(("at_least", "at_most")):
            self.op.setItemText(index, tr(f"watch.op.{name}"))
        for field, name in ((self.symbol, "symbol"), (self.value, "value"), (self.note, "note"), (self.quantity, "quantity")):
            field.setAccessibleName(tr(f"watch.editor.{name}"))
            field.setFont(look.font("body"))
        self.op.setFont(look.font("body"))
        self.op.setAccessibleName(tr("watch.editor.op"))
        self.symbol.setPlaceholderText(tr("watch.add.hint"))
        self.ok.setText(tr("watch.editor.ok" if self._rule is None else "watch.editor.ok.edit"))
        self.hint.setText(tr(self._hint_key()))
        self.hint.setFont(look.font("caption"))
        colour_label(self.hint, look, "text-secondary")
        self.cancel.setText(tr("watch.editor.cancel"))
        for button in (self.ok, self.cancel):
            button.setFont(look.font("body"))
        self.now.setFont(look.font("caption"))
        self.unit.setFont(look.font("body"))
        colour_label(self.now, look, "text-secondary")
        self.setMinimumWidth(px(380))
        if self.ticker:
            self.symbol.setText(f"{self._desk.name(self.ticker)} {self.ticker}".strip())
        self._show_now()
        self._say(self._error)

    def _hint_key(self) -> str:
        """What saving does beside changing the alert."""
        if self._rule is None or self._rule.active:
            return "watch.editor.hint.waiting"
        return "watch.editor.hint.off" if self._rule.fired_ns is None else "watch.editor.hint.fired"

    # -- what is chosen ---------------------------------------------------------------------------------------------------

    def choose(self, ticker: str) -> None:
        """Take a symbol; the value begins at what is quoted now, that of the alert's own symbol at its own."""
        self.ticker = ticker
        self.symbol.setText(f"{self._desk.name(ticker)} {ticker}")
        self.value.moves = self._desk.price_moves(ticker)
        self._say(None)
        self._begin_value()
        self.value.setFocus()
        self.value.selectAll()

    def _forget_symbol(self) -> None:
        self.ticker = ""
        self._show_now()
        self._say(None)

    def _on_missed(self, text: str) -> None:
        self._say(ValidationFailed(f"no symbol {text}", key="error.watch.symbol", ticker=text))

    def _on_quantity(self) -> None:
        self.value.quantity = str(self.quantity.currentData())
        self._say(None)
        self._begin_value()

    def _begin_value(self) -> None:
        rule = self._rule
        if rule is not None and (self.ticker, self.value.quantity) == (rule.ticker, rule.quantity):
            self.value.set_value(rule.value)
        else:
            self.value.set_value(self._desk.measured(self.ticker, self.value.quantity) if self.ticker else None)
        self._show_now()

    def _show_now(self) -> None:
        tr, quantity = self._look.tr, self.value.quantity
        self.unit.setText(tr(f"watch.editor.unit.{quantity}"))
        now = self._desk.measured(self.ticker, quantity) if self.ticker else None
        text = fmt.MISSING
        if now is not None:
            written = fmt.score(now) if quantity == "score" else fmt.number(now, 2 if quantity == "change_pct" else 0)
            text = f"{written}{tr(f'watch.editor.unit.{quantity}')}"
        self.now.setText(tr("watch.editor.now", value=text))

    # -- storing ----------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Store the alert; what is wrong is said in place."""
        if self._busy:
            return
        value, rule = self.value.value, self._rule
        if rule is not None and self.value.shows(rule.quantity, rule.value):
            value = rule.value  # as it is kept, which may be finer than it is written
        if not self.ticker:
            # A name typed out in full needs no second Enter.
            hits = self._desk.find(self.symbol.text().strip())
            if len(hits) == 1:
                self.ticker = hits[0].ticker
            else:
                text = self.symbol.text().strip()
                self._say(
                    ValidationFailed("no symbol", key="error.watch.symbol" if text else "error.watch.no_symbol", ticker=text)
                )
                return
        if value is None:
            self._say(ValidationFailed("no number", key="error.alert.no_number", text=self.value.text().strip()))
            return
        self._busy = True
        self.ok.setEnabled(False)
        self._desk.spawn(self._store(value), "alert")

    async def _store(self, value: float) -> None:
        op = str(self.op.currentData())
        try:
            await self._desk.submit(self.ticker, self.value.quantity, op, value, self.note.text())
        except RalphStockError as error:
            self._say(error)
        else:
            self._busy = False
            self.accept()
            return
        finally:
            self._busy = False
            self.ok.setEnabled(True)

    def _say(self, error: RalphStockError | None) -> None:
        """Say what is wrong at the field it is about."""
        self._error = error
        sentence = error_sentence(self._look, error) if error is not None else ""
        at_symbol = error is not None and error.key.startswith("error.watch.")
        self.symbol_problem.set_text(sentence if at_symbol else "")
        self.value_problem.set_text("" if at_symbol else sentence)
        for problem in (self.symbol_problem, self.value_problem):
            self._form.setRowVisible(problem, bool(problem.text()))
        self.symbol.setAccessibleDescription(sentence if at_symbol else "")
        self.value.setAccessibleDescription("" if at_symbol else sentence)
        if error is not None:
            (self.symbol if at_symbol else self.value).setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Not while the alert is being stored."""
        if self._busy:
            event.ignore()
        else:
            super().closeEvent(event)

    def reject(self) -> None:
        """Not while the alert is being stored."""
        if not self._busy:
            super().reject()
