"""Content of the what-if panel: strip, sliders with a search, results, and the row of profiles (screen 0840)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ralphstock_desktop.services.strategy_contracts import STRATEGIES, Threshold
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.controls import ProblemLine
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.docks.threshold_slider import ThresholdSlider
from ralphstock_desktop.ui.docks.what_if_results import WhatIfResults
from ralphstock_desktop.ui.viewmodels.what_if import TELLING, WhatIfViewModel
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import LANGUAGES, Texts

__all__ = ["WhatIfContent", "WhatIfStrip"]

_LEAST_SLIDERS = 150
"""Room the sliders keep when the results are long, px at 100 %."""


class WhatIfStrip(QWidget):
    """Yellow strip: stored signals do not change; the way back is beside it."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._canvas = Canvas(appearance)
        self.undo = QPushButton(self)
        self.undo.setObjectName("small")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._apply)
        self._apply()

    def _apply(self) -> None:
        self._canvas.reset()
        self.setFixedHeight(self._look.px(32))
        self.undo.setText(self._look.tr("what_if.button.undo"))
        self.undo.setFont(self._look.font("caption", bold=True))
        ink, off, ring = (self._look.hex(token) for token in ("warning", "text-disabled", "focus"))
        self.undo.setStyleSheet(
            f"QPushButton {{ min-height: 0; padding: 0 6px; color: {ink}; border-color: {ink}; }}"
            f"QPushButton:disabled {{ color: {off}; border-color: transparent; }}"
            f"QPushButton:focus {{ border: 2px solid {ring}; }}"
        )
        self.setAccessibleName(self._look.tr("what_if.strip"))
        self.setToolTip(self._look.tr("what_if.strip"))
        self._place()
        self.update()

    def _place(self) -> None:
        px = self._look.px
        wide = max(px(56), self.undo.sizeHint().width())
        self.undo.setGeometry(self.width() - px(12) - wide, px(6), wide, px(20))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            canvas, px = self._canvas, self._look.px
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
            canvas.fill(px(8), px(3), self.width() - px(16), px(26), "warning-tint")
            painter.drawPixmap(px(14), px(9), self._look.pixmap("slider", "warning", 14, self.devicePixelRatioF()))
            room = self.undo.x() - px(34) - px(4)
            canvas.text(px(34), px(3), room, px(26), self._look.tr("what_if.strip"), "warning", bold=True, elide=True)
        finally:
            painter.end()


class WhatIfContent(QWidget):
    """Everything below the header.

    Signals
    -------
    save_wanted
        The user wants to keep the moved thresholds.
    more_changed
        The less telling thresholds were shown or hidden.
    """

    save_wanted = Signal()
    more_changed = Signal()

    def __init__(self, view_model: WhatIfViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self.sliders: dict[str, ThresholdSlider] = {}
        self._shows_more = False
        self._built: tuple[str, ...] = ()
        self.strategy = Segmented(appearance, [(name, f"what_if.strategy.{name}") for name in STRATEGIES], self)
        self.strip = WhatIfStrip(appearance, self)
        self.search = QLineEdit(self)
        self.nothing = QLabel(self)
        self.more = QPushButton(self)
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self.sliders_scroll = self._scroll_area(self._list)
        self.results = WhatIfResults(view_model, appearance)
        self.results_scroll = self._scroll_area(self.results)
        self.problem = ProblemLine(appearance, self)
        self.scored = QLabel(self)
        self.reset, self.profiles, self.save = QPushButton(self), QPushButton(self), QPushButton(self)
        self._assemble()
        self._connect()
        self._apply()

    def _scroll_area(self, inside: QWidget) -> QScrollArea:
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        return area

    def _assemble(self) -> None:
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._head = QHBoxLayout()
        self._head.addWidget(self.strategy)
        self._foot = QHBoxLayout()
        for button, stretch in ((self.reset, 0), (self.profiles, 0), (self.save, 1)):
            self._foot.addWidget(button, stretch)
        self.search.hide()
        self.nothing.hide()
        self._box.addLayout(self._head)
        self._box.addWidget(self.strip)
        self._search_row = QHBoxLayout()
        self._search_row.addWidget(self.search)
        self._box.addLayout(self._search_row)
        self._box.addWidget(self.sliders_scroll, 1)
        self._box.addWidget(self.results_scroll)
        self._box.addWidget(self.problem)
        self._box.addWidget(self.scored)
        self._box.addLayout(self._foot)
        self._column.setSpacing(0)
        self._column.addWidget(self.nothing)
        self._more_row = QHBoxLayout()
        self._more_row.addWidget(self.more)
        self._more_row.addStretch(1)
        self._column.addLayout(self._more_row)
        self._column.addStretch(1)
        self.strategy.set_value(self._vm.strategy)
        self.profiles.setMenu(QMenu(self.profiles))

    def _connect(self) -> None:
        vm = self._vm
        vm.sliders_changed.connect(self._on_sliders)
        vm.values_changed.connect(self._on_values)
        vm.results_changed.connect(self._on_results)
        vm.problem_changed.connect(lambda: self.problem.set_text(vm.problem))
        self.strip.undo.clicked.connect(vm.undo)
        self.reset.clicked.connect(vm.reset)
        self.save.clicked.connect(self.save_wanted)
        self.more.clicked.connect(lambda: self.show_more(not self._shows_more))
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.results.height_changed.connect(self._share_room)
        self._look.changed.connect(self._apply)

    def _apply(self) -> None:
        look = self._look
        px, tr = look.px, look.tr
        self._head.setContentsMargins(px(8), px(6), px(8), px(4))
        self._search_row.setContentsMargins(px(12), 0, px(12), px(2))
        self._foot.setContentsMargins(px(8), px(4), px(8), px(8))
        self._foot.setSpacing(px(6))
        self._column.setContentsMargins(0, px(4), 0, px(4))
        self._more_row.setContentsMargins(px(12), px(4), px(12), px(4))
        self.strategy.setAccessibleName(tr("what_if.strategy.name"))
        self.search.setPlaceholderText(tr("what_if.search.hint"))
        self.search.setAccessibleName(tr("what_if.search.hint"))
        self.nothing.setText(tr("what_if.search.none"))
        self.nothing.setContentsMargins(px(12), px(4), px(12), px(4))
        colour_label(self.nothing, look, "text-muted")
        for button, key in ((self.reset, "reset"), (self.profiles, "profiles"), (self.save, "save")):
            button.setText(tr(f"what_if.button.{key}"))
            button.setFont(look.font("body", bold=button is self.save))
        self.scored.setFont(look.font("caption"))
        self.scored.setContentsMargins(px(12), px(2), px(12), 0)
        self.scored.setFixedHeight(px(18))
        colour_label(self.scored, look, "text-muted")
        self.more.setFont(look.font("caption"))
        self.search.setFont(look.font("body"))
        self.sliders_scroll.setAccessibleName(tr("what_if.access.sliders"))
        self._label_more()
        self._on_results()

    # -- sliders --------------------------------------------------------------------------------------------------------

    @property
    def shows_more(self) -> bool:
        """Whether the less telling thresholds are shown too."""
        return self._shows_more

    def show_more(self, wanted: bool) -> None:
        """Show or hide the less telling thresholds with their search field."""
        if wanted == self._shows_more:
            return
        self._shows_more = wanted
        self.search.setVisible(wanted)
        if not wanted:
            self.search.clear()
        self._build()
        if wanted:
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.more_changed.emit()

    def _wanted(self) -> tuple[Threshold, ...]:
        """Thresholds to be shown: the telling ones, moved ones always, all of them on demand."""
        first = TELLING[self._vm.strategy]
        return tuple(
            item
            for place, item in enumerate(self._vm.thresholds)
            if self._shows_more or place < first or abs(self._vm.value(item.name) - item.default) > 1e-12
        )

    def _on_sliders(self) -> None:
        self.strategy.set_value(self._vm.strategy)
        self._build()

    def _build(self) -> None:
        """Make what is missing, drop what is not wanted, keep every other slider (and its focus)."""
        wanted = self._wanted()
        names = tuple(item.name for item in wanted)
        if names != self._built:
            for name in [name for name in self.sliders if name not in names]:
                slider = self.sliders.pop(name)
                self._column.removeWidget(slider)
                slider.hide()
                slider.deleteLater()
            for place, item in enumerate(wanted):
                if item.name not in self.sliders:
                    slider = ThresholdSlider(self._look, item, self._vm.move, self._list)
                    slider.held.connect(self._on_held)
                    slider.installEventFilter(self)
                    self.sliders[item.name] = slider
                self._column.insertWidget(place, self.sliders[item.name])
            self._built = names
            self._order_tabs()
        for item in wanted:
            self.sliders[item.name].show_threshold(item)
            self.sliders[item.name].show_value(self._vm.value(item.name))
        self._label_more()
        self._filter()

    def _order_tabs(self) -> None:
        before: QWidget = self.search
        for name in self._built:
            QWidget.setTabOrder(before, self.sliders[name])
            before = self.sliders[name]
        QWidget.setTabOrder(before, self.more)

    def _label_more(self) -> None:
        left = max(0, len(self._vm.thresholds) - len(self.sliders))
        key = "what_if.button.less" if self._shows_more else "what_if.button.more"
        self.more.setText(self._look.tr(key) if self._shows_more else self._look.tr(key, count=left))
        self.more.setVisible(self._shows_more or left > 0)

    def _filter(self) -> None:
        """Show only thresholds whose title, in either language, or dotted name holds the words."""
        words = self.search.text().casefold().split()
        found = 0
        for name, slider in self.sliders.items():
            text = _searched(name)
            shown = all(word in text for word in words)
            slider.setVisible(shown)
            found += shown
        self.nothing.setVisible(bool(words) and not found)

    def _on_values(self) -> None:
        for name, slider in self.sliders.items():
            slider.show_value(self._vm.value(name))

    def _on_held(self, held: bool) -> None:
        self._vm.dragging = held

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Bring a slider into view that got the keyboard; Esc in the search empties it, then closes the list."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, ThresholdSlider):
            self.sliders_scroll.ensureWidgetVisible(watched, 0, self._look.px(4))
        if watched is self.search and event.type() == QEvent.Type.KeyPress and _is_escape(event):
            if self.search.text():
                self.search.clear()
            else:
                self.show_more(False)
                self.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return super().eventFilter(watched, event)

    # -- results --------------------------------------------------------------------------------------------------------

    def _on_results(self) -> None:
        vm, look, result = self._vm, self._look, self._vm.result
        self.strip.setVisible(vm.active)
        self.strip.undo.setEnabled(result is not None and result.can_undo)
        self.reset.setEnabled(vm.active)
        self.save.setEnabled(vm.active)
        market = vm.market
        words = ""
        if result is not None and result.active and result.seconds > 0 and market is not None:
            time_ms = result.seconds * 1e3
            words = look.tr(
                "what_if.scored",
                count=fmt.number(market.panel.shape[0]),
                time=fmt.number(time_ms, 1 if time_ms < 10 else 0),
            )
        self.scored.setText(words)
        self._share_room()

    def _share_room(self) -> None:
        """Results take what they need, but leave the sliders room."""
        rest = self.height() - self._look.px(_LEAST_SLIDERS + 130)
        self.results_scroll.setFixedHeight(max(self._look.px(62), min(self.results.height(), rest)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(260), self._look.px(200))

    def focus_slider(self) -> None:
        """Give the keyboard to the first slider."""
        if self._built:
            self.sliders[self._built[0]].setFocus(Qt.FocusReason.OtherFocusReason)


_CATALOGUES: dict[str, Texts] = {}


def _searched(name: str) -> str:
    """What a search looks in: both languages and the dotted name."""
    for language in LANGUAGES:
        if language not in _CATALOGUES:
            _CATALOGUES[language] = Texts(language)
    key = f"threshold.{name}"
    titles = [texts(key) for texts in _CATALOGUES.values() if key in texts]
    return " ".join((*titles, name)).casefold()


def _is_escape(event: QEvent) -> bool:
    key = getattr(event, "key", None)
    return callable(key) and key() == Qt.Key.Key_Escape
