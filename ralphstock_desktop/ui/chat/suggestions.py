"""Questions offered from what is on screen: shown under an empty conversation and after an answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ralphstock_desktop.services.assistant_contracts import Suggestion
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.context_chips import Chip, FlowRow
from ralphstock_desktop.ui.dialogs.controls import colour_label

__all__ = ["SuggestionsView"]

_MOST_EMPTY, _MOST_AFTER = 6, 3
_SHORT_PANEL = 640
"""Height below which the answer needs the room: one line of chips."""
_ICONS = {
    "help": "unknown", "stock": "candles", "market": "gate", "recommendation": "star", "signal": "radar",
    "performance": "trend", "news": "news", "general": "chat",
}  # fmt: skip


class SuggestionsView(QWidget):
    """A line of words and chips.

    Signals
    -------
    chosen(str)
        A question to ask at once.
    """

    chosen = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._shown: tuple[Suggestion, ...] = ()
        self._first = True
        self._panel: QWidget | None = None
        self.head = QLabel()
        self.row = FlowRow(appearance)
        self._box = QVBoxLayout(self)
        self._box.addWidget(self.head)
        self._box.addWidget(self.row)
        appearance.changed.connect(self._apply)
        self._apply()

    def show_suggestions(self, found: Sequence[Suggestion], *, empty: bool) -> None:
        """Show what is offered; an empty conversation has room for more of them and a heading."""
        shown = tuple(found[: _MOST_EMPTY if empty else _MOST_AFTER])
        if shown != self._shown or empty != self._first:
            self._shown, self._first = shown, empty
            self._apply()

    def chips(self) -> list[Chip]:
        """The chips, in order."""
        return [item for item in self.row.items() if isinstance(item, Chip)]

    def showEvent(self, event: QShowEvent) -> None:
        """The panel's height decides how many lines there is room for."""
        super().showEvent(event)
        panel = self.parentWidget()
        if panel is not None and panel is not self._panel:
            self._panel = panel
            panel.installEventFilter(self)
        self._limit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._limit()
        return super().eventFilter(watched, event)

    def _limit(self) -> None:
        panel = self.parentWidget()
        is_short = panel is not None and panel.height() < self._look.px(_SHORT_PANEL)
        self.row.limit_lines(None if self._first else 1 if is_short else 2)

    def _apply(self) -> None:
        look = self._look
        self._box.setContentsMargins(look.px(14), look.px(6), look.px(14), look.px(6))
        self._box.setSpacing(look.px(6))
        self.head.setText(look.tr("chat.suggest.head"))
        self.head.setFont(look.font("caption"))
        colour_label(self.head, look, "text-muted")
        self.head.setVisible(self._first)
        self.setAccessibleName(look.tr("chat.suggest.head"))
        chips: list[QWidget] = []
        for suggestion in self._shown:
            spoken = look.tr("chat.suggest.access", text=suggestion.text)
            chip = Chip(look, suggestion.text, spoken, icon=_ICONS.get(suggestion.type, "chat"))
            chip.clicked.connect(lambda _on=False, text=suggestion.text: self.chosen.emit(text))
            chip.setToolTip(suggestion.text)
            chips.append(chip)
        self.row.set_items(chips)
        self._limit()
        self.setVisible(bool(chips))
