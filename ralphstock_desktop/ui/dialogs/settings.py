"""The settings window (design.md §11): a list of pages and one row per declared setting. Every change is live.

It is opened beside the panels and blocks nothing. Rows are made from the declarations in ``services.settings_spec``; a
setting that differs from its default has an accent edge and a way back.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.contracts import SettingChange, SettingSpec, SettingsStore, SettingValue
from ralphstock_desktop.services.settings_spec import SETTINGS
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import DirectionCard, Segmented, colour_label
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.wording import format as fmt

__all__ = ["Fact", "SettingsWindow"]

_PAGES = (("look", "sun"), ("trading", "target"), ("notices", "bell"), ("data", "database"), ("assistant", "chat"))
_DIRECTIONS = ("kr", "us", "cb")
_UNITS = {"만원": "manwon", "시": "hour", "일": "day", "tokens": "tokens", "¢/1M": "cents"}
"""Units with words: text keys ``settings.unit.<name>``."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A read-only line of the data page: a text key and its value."""

    title_key: str
    value: str


class _Row(QWidget):
    """One setting: name, help line, control, way back."""

    def __init__(self, appearance: Appearance, store: SettingsStore, spec: SettingSpec, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance, self._store, self.spec = appearance, store, spec
        self.name, self.help, self.error = QLabel(), QLabel(), QLabel()
        self.help.setWordWrap(True)
        self.error.setWordWrap(True)
        self.error.hide()
        self.undo = IconButton(appearance, "undo", "settings.reset")
        self.undo.clicked.connect(lambda: store.reset(spec.key))
        words = QVBoxLayout()
        words.setSpacing(0)
        for label in (self.name, self.help, self.error):
            words.addWidget(label)
        self._row = QHBoxLayout(self)
        self._row.addLayout(words, 1)
        self._segmented: Segmented | None = None
        self._slider: QSlider | None = None
        self._number = QLabel()
        self._line: QLineEdit | None = None
        if spec.kind == "text":
            self._line = QLineEdit()
            self._line.setMaxLength(spec.maximum)
            self._line.editingFinished.connect(self._on_line)
            self._row.addWidget(self._line)
        elif spec.kind == "integer":
            self._row.addWidget(self._make_slider())
            self._row.addWidget(self._number)
        else:
            values = spec.choices if spec.kind == "choice" else ("on", "off")
            prefix = f"settings.{spec.key}" if spec.kind == "choice" else "settings.switch"
            self._segmented = Segmented(appearance, [(value, f"{prefix}.{value}") for value in values], self)
            self._segmented.chosen.connect(self._on_chosen)
            self._row.addWidget(self._segmented)
        self._row.addWidget(self.undo)
        self.apply()

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(self.spec.minimum, self.spec.maximum)
        slider.setSingleStep(self.spec.step)
        slider.setPageStep(self.spec.step * 5)
        # While dragging only the number follows: laying the whole window out again under the pointer would move the slider.
        slider.setTracking(False)
        slider.sliderMoved.connect(lambda value: self._number.setText(self._shown(value)))
        slider.valueChanged.connect(self._on_number)
        self._slider = slider
        return slider

    def _shown(self, value: int) -> str:
        """A number with its unit in the language of the window."""
        key = f"settings.unit.{_UNITS.get(self.spec.unit, '')}"
        unit = self._appearance.tr(key) if self.spec.unit in _UNITS else self.spec.unit
        return f"{fmt.number(value)}{unit}"

    def apply(self) -> None:
        """Take words, sizes and value again."""
        look, key = self._appearance, self.spec.key
        value = self._store.get(key)
        changed = not self._store.is_default(key)
        self._row.setContentsMargins(look.px(12), look.px(4), look.px(4), look.px(4))
        self._row.setSpacing(look.px(8))
        self.name.setText(look.tr(f"settings.{key}.title"))
        self.name.setFont(look.font("title", bold=True))
        self.help.setText(look.tr(f"settings.{key}.help"))
        self.help.setFont(look.font("caption"))
        self.error.setFont(look.font("caption"))
        colour_label(self.help, look, "text-muted")
        colour_label(self.error, look, "danger")
        self.undo.setEnabled(changed)
        self.undo.setVisible(True)
        self.undo.setProperty("quiet", not changed)
        if self._segmented is not None:
            widest = max(button.sizeHint().width() for button in self._segmented.buttons.values())
            self._segmented.setFixedWidth(max(look.px(230), widest * len(self._segmented.buttons)))
            self._segmented.set_value(str(value) if self.spec.kind == "choice" else "on" if value else "off")
            self._segmented.setAccessibleName(self.name.text())
        if self._line is not None:
            self._line.setFont(look.font("body"))
            self._line.setFixedWidth(look.px(300))
            self._line.setAccessibleName(self.name.text())
            if not self._line.hasFocus():
                self._line.setText(str(value))
        if self._slider is not None:
            self._slider.blockSignals(True)
            self._slider.setValue(int(value))
            self._slider.blockSignals(False)
            self._slider.setFixedWidth(look.px(180))
            self._slider.setAccessibleName(self.name.text())
            self._number.setText(self._shown(int(value)))
            self._number.setFont(look.font("body", bold=True))
            longest = self._number.fontMetrics().horizontalAdvance(self._shown(int(value)))
            self._number.setFixedWidth(max(look.px(42), longest + look.px(4)))
        self.setMinimumHeight(look.px(52))
        self.setAccessibleName(self.name.text())
        self.update()

    def matches(self, text: str) -> bool:
        """Whether a search text is found in name or help line."""
        return not text or text.casefold() in f"{self.name.text()} {self.help.text()}".casefold()

    def _on_chosen(self, value: str) -> None:
        self._set(value if self.spec.kind == "choice" else value == "on")

    def _on_line(self) -> None:
        if self._line is not None:
            self._set(self._line.text().strip())

    def _on_number(self, value: int) -> None:
        step = self.spec.step
        self._set(min(self.spec.maximum, max(self.spec.minimum, round(value / step) * step)))

    def _set(self, value: SettingValue) -> None:
        try:
            self._store.set(self.spec.key, value)
        except RalphStockError as error:
            self.error.setText(error_sentence(self._appearance, error))
            self.error.show()
            self.apply()
            return
        self.error.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the hairline below and the accent edge of a changed setting."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("line-hair"))
            if not self._store.is_default(self.spec.key):
                painter.fillRect(0, look.px(6), 2, self.height() - look.px(12), look.color("accent"))
        finally:
            painter.end()


class SettingsWindow(QDialog):
    """Settings, non-modal.

    Parameters
    ----------
    appearance : Appearance
        Words and sizes; changes through the store come back through it.
    store : SettingsStore
        Where values are kept.
    facts : sequence of Fact
        Read-only lines of the data page.
    """

    def __init__(
        self, appearance: Appearance, store: SettingsStore, facts: tuple[Fact, ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setModal(False)
        self._appearance, self._store, self._facts = appearance, store, facts
        self.finder = QLineEdit()
        self.finder.setClearButtonEnabled(False)
        self.finder.textChanged.connect(self._filter)
        self.pages = QListWidget()
        self.pages.setObjectName("pages")
        self.pages.setFrameShape(QListWidget.Shape.NoFrame)
        for page, _ in _PAGES:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, page)
            self.pages.addItem(item)
        self.pages.currentRowChanged.connect(lambda _row: self._filter(self.finder.text()))
        self.head = QLabel()
        self.reset_all = QPushButton()
        self.reset_all.setObjectName("link")
        self.reset_all.setAutoDefault(False)
        self.reset_all.clicked.connect(self._on_reset_all)
        self.rows: dict[str, _Row] = {}
        self._body = QWidget()
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._preview = QWidget()
        self._cards = [DirectionCard(appearance, direction) for direction in ("kr", "us", "cb")]
        self._preview_hint = QLabel()
        self._preview_hint.setWordWrap(True)
        for spec in SETTINGS:
            if spec.page != "internal":
                row = _Row(appearance, store, spec, self._body)
                self.rows[spec.key] = row
                self._column.addWidget(row)
                if spec.key == "direction":
                    self._column.addWidget(self._make_preview())
        self._fact_rows: list[tuple[QWidget, QLabel, QLabel]] = [self._make_fact() for _ in facts]
        self._column.addStretch(1)
        self._assemble()
        self._subscription = store.changed.subscribe(self._on_changed, replay=False)
        appearance.changed.connect(self.apply)
        self.pages.setCurrentRow(0)
        self.apply()

    def _assemble(self) -> None:
        scroll = QScrollArea()
        scroll.setWidget(self._body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        top = QHBoxLayout()
        top.addWidget(self.head, 1)
        top.addWidget(self.reset_all)
        right = QVBoxLayout()
        right.addLayout(top)
        right.addWidget(scroll, 1)
        self._left = QVBoxLayout()
        self._left.addWidget(self.finder)
        self._left.addWidget(self.pages, 1)
        self._whole = QHBoxLayout(self)
        self._whole.addLayout(self._left)
        self._whole.addLayout(right, 1)

    def _make_preview(self) -> QWidget:
        column = QVBoxLayout(self._preview)
        cards = QHBoxLayout()
        for card in self._cards:
            card.clicked.connect(lambda _checked=False, picked=card.direction: self._store.set("direction", picked))
            cards.addWidget(card)
        column.addLayout(cards)
        column.addWidget(self._preview_hint)
        return self._preview

    def _make_fact(self) -> tuple[QWidget, QLabel, QLabel]:
        widget, title, value = QWidget(), QLabel(), QLabel()
        value.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        value.setWordWrap(True)
        column = QVBoxLayout(widget)
        column.addWidget(title)
        column.addWidget(value)
        self._column.addWidget(widget)
        return widget, title, value

    # -- outside ----------------------------------------------------------------------------------------------------------

    def show_setting(self, key: str = "") -> None:
        """Open (or raise) the window, at a setting if one is given. Nothing waits for it to be closed."""
        row = self.rows.get(key)
        self.finder.clear()
        if row is not None:
            for index, (page, _) in enumerate(_PAGES):
                if page == row.spec.page:
                    self.pages.setCurrentRow(index)
        self.show()
        self.raise_()
        self.activateWindow()
        if row is not None:
            row.setFocus()

    def apply(self) -> None:
        """Take words, sizes and values again."""
        look = self._appearance
        self.setWindowTitle(look.tr("settings.title"))
        self._whole.setContentsMargins(*(look.px(16),) * 4)
        self._whole.setSpacing(look.px(20))
        self.finder.setPlaceholderText(look.tr("settings.find"))
        self.finder.setAccessibleName(look.tr("settings.find"))
        self.finder.setFixedWidth(look.px(168))
        self.pages.setFixedWidth(look.px(168))
        self.pages.setFont(look.font("title"))
        self.pages.setAccessibleName(look.tr("settings.pages"))
        for index, (page, icon) in enumerate(_PAGES):
            item = self.pages.item(index)
            item.setText(look.tr(f"settings.page.{page}"))
            item.setIcon(look.icon(icon))
            item.setSizeHint(QSize(look.px(150), look.px(30)))
        self.reset_all.setText(look.tr("settings.reset_all"))
        self.head.setFont(look.font("hero", bold=True))
        self._preview_hint.setFont(look.font("caption"))
        colour_label(self._preview_hint, look, "text-muted")
        for card in self._cards:
            card.setChecked(card.direction == look.direction)
        hint = "settings.direction.hint_us" if look.direction == "us" else "settings.direction.hint"
        self._preview_hint.setText(look.tr(hint))
        for row in self.rows.values():
            row.apply()
        for (widget, title, value), fact in zip(self._fact_rows, self._facts, strict=True):
            title.setText(look.tr(fact.title_key))
            title.setFont(look.font("title", bold=True))
            value.setText(fact.value)
            value.setFont(look.font("body"))
            widget.setAccessibleName(f"{title.text()} {fact.value}")
        self._filter(self.finder.text())
        self.setMinimumSize(look.px(620), look.px(360))
        wanted = QSize(look.px(740), look.px(540))
        screen = self.screen().availableSize() if self.screen() else wanted
        self.resize(wanted.boundedTo(screen))

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _page(self) -> str:
        item = self.pages.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else "look"

    def _filter(self, text: str) -> None:
        """Show the rows of the page, or of all pages that match a search."""
        page, text = self._page(), text.strip()
        self.head.setText(self._appearance.tr("settings.found" if text else f"settings.page.{page}"))
        for row in self.rows.values():
            row.setVisible(row.matches(text) if text else row.spec.page == page)
        self._preview.setVisible(self.rows["direction"].isVisibleTo(self._body))
        for (widget, title, value), _fact in zip(self._fact_rows, self._facts, strict=True):
            found = text.casefold() in f"{title.text()} {value.text()}".casefold()
            widget.setVisible(found if text else page == "data")
        self.reset_all.setVisible(page != "data" or bool(text))

    def _on_reset_all(self) -> None:
        for key, row in self.rows.items():
            if row.isVisibleTo(self._body) and not self._store.is_default(key):
                self._store.reset(key)

    def _on_changed(self, change: SettingChange) -> None:
        row = self.rows.get(change.key)
        if row is not None:
            row.apply()
