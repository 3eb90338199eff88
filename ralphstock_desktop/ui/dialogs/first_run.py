"""The page a new user meets: where the first data come from, and how everything should look (design.md §11)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ralphstock_desktop.services.contracts import SettingChange, SettingsStore
from ralphstock_desktop.ui.app_bar_parts import Logo
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import DirectionCard, Segmented, colour_label

__all__ = ["FirstRunPage"]

_CHOICES: tuple[tuple[str, str], ...] = (("simulated", "play"), ("import", "database"))


class _Choice(QAbstractButton):
    """A card: icon, name, what it does, what it costs, its number key."""

    def __init__(self, appearance: Appearance, name: str, icon: str, number: int) -> None:
        super().__init__()
        self._appearance, self.name, self._icon, self._number = appearance, name, icon, number
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        look = self._appearance
        self.setText(look.tr(f"shell.first.{self.name}"))
        self.setAccessibleName(" ".join([self.text(), look.tr(f"shell.first.{self.name}.what"), self._cost()]))
        self.setFixedHeight(look.px(92))
        self.update()

    def _cost(self) -> str:
        return self._appearance.tr(f"shell.first.{self.name}.cost")

    def sizeHint(self) -> QSize:
        """As wide as the page gives."""
        return QSize(self._appearance.px(480), self._appearance.px(92))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            on = self.isChecked()
            edge = "focus" if self.hasFocus() else "accent" if on else "line-control"
            painter.setPen(QPen(look.color(edge), 2 if self.hasFocus() else 1))
            painter.setBrush(look.color("selection" if on else "bg-header"))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), look.px(6), look.px(6))
            side = look.px(44)
            top = (self.height() - side) // 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("bg-panel"))
            painter.drawRoundedRect(look.px(18), top, side, side, look.px(6), look.px(6))
            icon = look.px(20)
            offset = (side - icon) // 2
            painter.drawPixmap(
                look.px(18) + offset, top + offset, look.pixmap(self._icon, "accent", 20, self.devicePixelRatioF())
            )
            self._paint_words(painter, look.px(18) + side + look.px(18))
        finally:
            painter.end()

    def _paint_words(self, painter: QPainter, left: int) -> None:
        look = self._appearance
        cap = look.px(24)
        right = self.width() - look.px(20) - cap
        painter.setPen(QPen(look.color("line-strong"), 1))
        painter.setBrush(look.color("bg-raised"))
        painter.drawRoundedRect(right, (self.height() - look.px(20)) // 2, cap, look.px(20), look.px(3), look.px(3))
        font = look.font("body", bold=True)
        painter.setFont(font)
        painter.setPen(look.color("text"))
        number = str(self._number)
        x = right + (cap - painter.fontMetrics().horizontalAdvance(number)) // 2
        painter.drawText(x, look.baseline(0, self.height(), font), number)
        row = look.px(23)
        top = (self.height() - 3 * row) // 2
        lines = (
            (self.text(), look.font("value", bold=True), "text"),
            (look.tr(f"shell.first.{self.name}.what"), look.font("body"), "text-secondary"),
            (self._cost(), look.font("caption"), "text-muted"),
        )
        for index, (text, font, token) in enumerate(lines):
            painter.setFont(font)
            painter.setPen(look.color(token))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, right - left - look.px(12))
            painter.drawText(left, look.baseline(top + index * row, row, font), shown)


class FirstRunPage(QWidget):
    """Covers the window until a choice is made.

    Signals
    -------
    started(str)
        ``simulated`` or ``import``.
    """

    started = Signal(str)

    def __init__(
        self, appearance: Appearance, store: SettingsStore, data_folder: Callable[[], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._appearance, self._store, self._data_folder = appearance, store, data_folder
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.logo = Logo(appearance, scale=1.6)
        self.head, self.lead, self.look_head, self.folder = QLabel(), QLabel(), QLabel(), QLabel()
        self.lead.setWordWrap(True)
        self.choices = [_Choice(appearance, name, icon, at + 1) for at, (name, icon) in enumerate(_CHOICES)]
        for choice in self.choices:
            choice.clicked.connect(lambda _checked=False, picked=choice.name: self.choose(picked))
        self.start = QPushButton()
        self.start.setDefault(True)
        self.start.setAutoDefault(True)
        self.start.clicked.connect(self._on_start)
        self.segments = {
            "language": Segmented(appearance, [(v, f"settings.language.{v}") for v in ("ko", "en")]),
            "theme": Segmented(appearance, [(v, f"settings.theme.{v}") for v in ("system", "dark", "light")]),
            "zoom_pct": Segmented(appearance, [(v, v) for v in ("90", "100", "115", "130")]),
        }
        self._labels = {key: QLabel() for key in (*self.segments, "direction")}
        self.cards = [DirectionCard(appearance, direction) for direction in ("kr", "us", "cb")]
        for key, segment in self.segments.items():
            segment.chosen.connect(lambda value, name=key: store.set(name, int(value) if name == "zoom_pct" else value))
        for card in self.cards:
            card.clicked.connect(lambda _checked=False, picked=card.direction: store.set("direction", picked))
        self._assemble()
        self._subscription = store.changed.subscribe(self._on_changed, replay=False)
        appearance.changed.connect(self.apply)
        self.choose("simulated")
        self.apply()

    def _assemble(self) -> None:
        look = QGridLayout()
        for column, key in enumerate(self.segments):
            look.addWidget(self._labels[key], 0, column)
            look.addWidget(self.segments[key], 1, column)
            look.setColumnStretch(column, 1)
        look.addWidget(self._labels["direction"], 2, 0, 1, 3)
        for column, card in enumerate(self.cards):
            look.addWidget(card, 3, column)
        foot = QHBoxLayout()
        foot.addWidget(self.folder, 1)
        foot.addWidget(self.start)
        self._grid = look
        self._column = QVBoxLayout()
        for widget in (self.logo, self.head, self.lead, *self.choices, self.look_head):
            self._column.addWidget(widget)
        self._column.addLayout(look)
        self._column.addStretch(1)
        self._column.addLayout(foot)
        self.card = QWidget()
        self.card.setLayout(self._column)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        centre = QHBoxLayout(holder)
        centre.addStretch(1)
        centre.addWidget(self.card)
        centre.addStretch(1)
        scroll.setWidget(holder)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    @property
    def chosen(self) -> str:
        """The card that Enter starts."""
        return next((choice.name for choice in self.choices if choice.isChecked()), "simulated")

    def choose(self, name: str) -> None:
        """Choose a card without starting it."""
        for choice in self.choices:
            choice.setChecked(choice.name == name)

    def apply(self) -> None:
        """Take words, sizes and chosen values again."""
        look = self._appearance
        self.head.setText(look.tr("shell.first.head"))
        self.head.setFont(look.font("display", bold=True))
        self.lead.setText(look.tr("shell.first.lead"))
        self.lead.setFont(look.font("title"))
        self.look_head.setText(look.tr("shell.first.look"))
        self.look_head.setFont(look.font("caption", bold=True))
        self.folder.setText(look.tr("shell.first.folder", folder=self._data_folder()))
        self.folder.setFont(look.font("caption"))
        for label in (self.lead, self.look_head):
            colour_label(label, look, "text-secondary")
        colour_label(self.folder, look, "text-muted")
        for key, label in self._labels.items():
            label.setText(look.tr(f"settings.{key}.title"))
            label.setFont(look.font("caption"))
        for key, segment in self.segments.items():
            segment.set_value(str(self._store.get(key)))
            segment.setAccessibleName(self._labels[key].text())
        for card in self.cards:
            card.setChecked(card.direction == look.direction)
        self.start.setText(look.tr("shell.first.start"))
        self.start.setFont(look.font("title", bold=True))
        self.start.setMinimumHeight(look.px(32))
        self.card.setFixedWidth(min(look.px(600), max(look.px(320), self.width() - look.px(40))))
        self._column.setContentsMargins(*(look.px(28),) * 4)
        self._column.setSpacing(look.px(10))
        self._grid.setHorizontalSpacing(look.px(12))
        self._grid.setVerticalSpacing(look.px(6))
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1-2 choose and start, Enter starts the chosen one, arrows walk."""
        key = event.key()
        number = key - int(Qt.Key.Key_1)
        if 0 <= number < len(self.choices):
            self.choose(self.choices[number].name)
            self._on_start()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._on_start()
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            at = [choice.name for choice in self.choices].index(self.chosen)
            at = min(max(at + (1 if key == Qt.Key.Key_Down else -1), 0), len(self.choices) - 1)
            self.choose(self.choices[at].name)
            self.choices[at].setFocus()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        """Keep the card inside the window."""
        del event
        self.apply()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Cover the window behind."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-panel"))
        finally:
            painter.end()

    def _on_start(self) -> None:
        self.started.emit(self.chosen)

    def _on_changed(self, change: SettingChange) -> None:
        if change.key in {"language", "theme", "zoom_pct", "direction"}:
            self.apply()
