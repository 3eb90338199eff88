"""A field for a whole number: typed with or without commas, ↑ ↓ and the wheel by its own step, snapped when it is left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ralphstock_desktop.wording import format as fmt

__all__ = ["NumberField"]


def _by_one(value: int, steps: int) -> int:
    return value + steps


class NumberField(QLineEdit):
    """See the class text of the module.

    Parameters
    ----------
    low, high : int
        Limits; what is typed beyond them is set to the nearest one.
    step : callable
        (value, steps up) to the value so many steps away; by default steps of one.
    snap : callable
        A typed value to the nearest one that can be; by default it stays.

    Signals
    -------
    value_changed(int)
        The number is another one: by a step, or after it was typed and the field was left or Enter pressed.
    """

    value_changed = Signal(int)

    def __init__(
        self,
        low: int,
        high: int,
        *,
        step: Callable[[int, int], int] = _by_one,
        snap: Callable[[int], int] = int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.low, self.high = low, high
        self._step, self._snap = step, snap
        self._value = low
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.editingFinished.connect(self.commit)
        self._show()

    @property
    def value(self) -> int:
        """The number; what is being typed counts once it is committed."""
        return self._value

    def set_value(self, value: int) -> None:
        """Set it without telling anybody."""
        self._value = min(max(self._snap(value), self.low), self.high)
        self._show()

    def commit(self) -> None:
        """Take what was typed; anything that is no number brings the last one back."""
        digits = self.text().replace(",", "").replace(" ", "").removeprefix("₩").removesuffix("원")
        if digits.isascii() and digits.isdigit():
            self._change(int(digits[:18]))
        else:
            self._show()

    def _change(self, value: int) -> None:
        before = self._value
        self.set_value(value)
        if self._value != before:
            self.value_changed.emit(self._value)

    def _show(self) -> None:
        self.setText(fmt.number(self._value))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down step; Enter commits and goes on to the dialog."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        count = steps.get(Qt.Key(event.key()))
        if count is None:
            super().keyPressEvent(event)
            return
        self.commit()
        self._change(self._step(self._value, count))
        self.selectAll()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel steps while the field has the keyboard; else it scrolls what is around."""
        if self.hasFocus() and event.angleDelta().y():
            self.commit()
            self._change(self._step(self._value, 1 if event.angleDelta().y() > 0 else -1))
            event.accept()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Typing replaces the number."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()
