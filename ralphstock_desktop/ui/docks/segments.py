"""A row of chips of which exactly one is chosen: the strategy of a panel, the beginning of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ChipButton

__all__ = ["Segments"]


class Segments(QWidget):
    """Left and right walk, a click or Space chooses.

    Parameters
    ----------
    label_key : callable
        Text key of an option.
    name_key : str
        Text key of what is chosen here, for screen readers.

    Signals
    -------
    chosen(str)
        The user took another option.
    """

    chosen = Signal(str)

    def __init__(
        self,
        appearance: Appearance,
        options: Sequence[str],
        label_key: Callable[[str], str],
        name_key: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look, self._label_key, self._name_key = appearance, label_key, name_key
        self.chips = [ChipButton(appearance, option, self) for option in options]
        self.value = options[0]
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        for chip in self.chips:
            chip.clicked.connect(lambda _on=False, option=chip.chip_id: self._on_click(option))
            self._row.addWidget(chip)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        self._row.setSpacing(self._look.px(4))
        self.setAccessibleName(self._look.tr(self._name_key))
        for chip in self.chips:
            chip.set_label(self._look.tr(self._label_key(chip.chip_id)))
        self.show_value(self.value)
        self.adjustSize()

    def show_value(self, value: str) -> None:
        """Mark an option without telling anybody."""
        self.value = value
        for chip in self.chips:
            chip.setChecked(chip.chip_id == value)

    def _on_click(self, option: str) -> None:
        # A picked time may be picked again, so the chosen one tells too.
        self.show_value(option)
        self.chosen.emit(option)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right take the neighbour."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        names = [chip.chip_id for chip in self.chips]
        place = min(max(names.index(self.value) + step, 0), len(names) - 1)
        self.chips[place].setFocus(Qt.FocusReason.TabFocusReason)
        if names[place] != self.value:
            self._on_click(names[place])
