"""Head of the watch lists: page, which list, what can be done with it, and the field that adds a symbol."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.model.errors import ValidationFailed
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ProblemLine
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.dialogs.symbol_field import SymbolField
from ralphstock_desktop.ui.docks.segments import Segments
from ralphstock_desktop.ui.viewmodels.watch_rows import WatchViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["UndoLine", "WatchHead"]

_ONE_LINE = 560
"""From this width on everything stands in one line."""


class _NameField(QLineEdit):
    """The name of a list while it is written; Esc gives up."""

    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
            event.accept()
        else:
            super().keyPressEvent(event)


class WatchHead(QWidget):
    """See the module text.

    Signals
    -------
    page_chosen(str)
        ``list`` or ``alerts``.
    alert_wanted
        A new alert is to be made.
    """

    page_chosen = Signal(str)
    alert_wanted = Signal()

    def __init__(self, appearance: Appearance, view_model: WatchViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._vm = appearance, view_model
        self.pages = Segments(appearance, ("list", "alerts"), lambda name: f"watch.page.{name}", "watch.page.name")
        self.chooser = QComboBox()
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.name = _NameField()
        self.name.setMaxLength(40)
        self.name.hide()
        self.more = QToolButton()
        self.more.setAutoRaise(True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self.actions_of_list = {name: self._menu.addAction("") for name in ("new", "rename", "delete")}
        self.more.setMenu(self._menu)
        self.add = SymbolField(appearance, view_model.find)
        self.add.setClearButtonEnabled(True)
        self.problem = ProblemLine(appearance)
        self.strangers = QLabel()
        self.strangers.setWordWrap(True)
        self.strangers.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.strangers.linkActivated.connect(lambda _link: self._vm.remove(self._vm.strangers()))
        self.strangers.hide()
        self._renaming = False
        self._wide: bool | None = None
        self._strange: list[str] = []
        self._first, self._second = QHBoxLayout(), QHBoxLayout()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        for line in (self._first, self._second):
            self._box.addLayout(line)
        self._box.addWidget(self.problem)
        self._box.addWidget(self.strangers)
        for widget in (self.pages, self.chooser, self.name, self.more):
            self._first.addWidget(widget)
        self._first.addStretch(0)
        self.chooser.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._connect()
        self._apply()

    def _connect(self) -> None:
        vm = self._vm
        self.pages.chosen.connect(self.page_chosen)
        self.chooser.activated.connect(lambda index: vm.choose_list(str(self.chooser.itemData(index))))
        self.actions_of_list["new"].triggered.connect(lambda: self.write_name(renaming=False))
        self.actions_of_list["rename"].triggered.connect(lambda: self.write_name(renaming=True))
        self.actions_of_list["delete"].triggered.connect(vm.delete_list)
        self.name.returnPressed.connect(self._take_name)
        self.name.given_up.connect(self._end_name)
        self.add.picked.connect(self._on_picked)
        self.add.missed.connect(
            lambda text: vm.failed.emit(ValidationFailed(f"no symbol {text}", key="error.watch.symbol", ticker=text))
        )
        self._look.changed.connect(self._apply)

    def _apply(self) -> None:
        look, px = self._look, self._look.px
        for line in (self._first, self._second):
            line.setSpacing(px(6))
        for widget in (self.chooser, self.name, self.add):
            widget.setFont(look.font("body"))
        self.chooser.setAccessibleName(look.tr("watch.access.chooser"))
        self.name.setAccessibleName(look.tr("watch.access.name"))
        self.name.setPlaceholderText(look.tr("watch.access.name"))
        self.add.setPlaceholderText(look.tr("watch.add.hint"))
        self.add.setAccessibleName(look.tr("watch.add.name"))
        self.more.setIcon(look.icon("more", "text-secondary", 14))
        self.more.setIconSize(QSize(px(14), px(14)))
        self.more.setFixedSize(px(24), px(24))
        self.more.setToolTip(look.tr("watch.lists.more"))
        self.more.setAccessibleName(look.tr("watch.lists.more"))
        for name, action in self.actions_of_list.items():
            action.setText(look.tr(f"watch.lists.{name}"))
        self.strangers.setFont(look.font("caption"))
        self.strangers.setContentsMargins(px(10), px(2), px(10), px(3))
        colour_label(self.strangers, look, "text-secondary")
        self._wide = None
        self._arrange()
        self.show_lists()
        self.show_strangers(self._strange)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One line or two."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        wide, px = self.width() >= self._look.px(_ONE_LINE), self._look.px
        if wide != self._wide:
            self._wide = wide
            for line in (self._first, self._second):
                line.removeWidget(self.add)
            if wide:
                self._first.insertWidget(4, self.add, 1)
            else:
                self._second.addWidget(self.add, 1)
        below = 0 if wide or self.pages.value != "list" else px(2)
        self._first.setContentsMargins(px(8), px(4), px(8), px(2))
        self._second.setContentsMargins(px(8), below, px(8), below)
        self.updateGeometry()

    # -- lists --------------------------------------------------------------------------------------------------------------

    def show_lists(self) -> None:
        """Fill the chooser."""
        vm = self._vm
        self.chooser.blockSignals(True)
        self.chooser.clear()
        for name in vm.names():
            self.chooser.addItem(f"{vm.shown_name(name)}  {fmt.number(len(vm.entries(name)))}", name)
        self.chooser.setCurrentIndex(self.chooser.findData(vm.list_name))
        self.chooser.blockSignals(False)
        self.actions_of_list["delete"].setEnabled(bool(vm.entries()) or len(vm.names()) > 1)
        self.setEnabled(vm.book is not None)

    def write_name(self, *, renaming: bool) -> None:
        """Let the user write the name of a new list, or another one of the shown list."""
        self._renaming = renaming
        self.name.setText(self._vm.shown_name(self._vm.list_name) if renaming else "")
        self.chooser.hide()
        self.name.show()
        self.name.setFocus()
        self.name.selectAll()

    def _take_name(self) -> None:
        text = self.name.text()
        if self._renaming:
            self._vm.rename(text)
            self._end_name()
        elif self._vm.new_list(text):
            self._end_name()
            self.add.setFocus()

    def _end_name(self) -> None:
        self.name.hide()
        self.chooser.show()

    def _on_picked(self, ticker: str) -> None:
        self.add.clear()
        self._vm.add(ticker)

    def show_page(self, page: str) -> None:
        """``list`` or ``alerts``; the tools of lists go with the first."""
        self.pages.show_value(page)
        on_list = page == "list"
        for widget in (self.chooser, self.more, self.add):
            widget.setVisible(on_list)
        self.name.hide()
        self.strangers.setVisible(on_list and bool(self._strange))
        self._arrange()

    def show_strangers(self, tickers: list[str]) -> None:
        """Say which symbols of the list the market does not hold, and offer to take them off."""
        self._strange, look = tickers, self._look
        text = ""
        if tickers:
            link = f'<a href="remove" style="color:{look.color("accent").name()}">{look.tr("watch.strangers.remove")}</a>'
            shown = ", ".join(tickers[:5]) + (" …" if len(tickers) > 5 else "")
            text = f"{look.tr('watch.strangers', tickers=shown, count=fmt.number(len(tickers)))} {link}"
        self.strangers.setText(text)
        self.strangers.setVisible(bool(text) and self.pages.value == "list")


class UndoLine(QWidget):
    """What was done last, and the way back.

    Signals
    -------
    wanted
        Take it back.
    """

    wanted = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.text, self.button = QLabel(), QPushButton()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.text, 1)
        self._row.addWidget(self.button)
        self.button.clicked.connect(self.wanted)
        appearance.changed.connect(self._apply)
        self.hide()
        self._apply()

    def _apply(self) -> None:
        look, px = self._look, self._look.px
        self._row.setContentsMargins(px(10), px(2), px(8), px(2))
        self.text.setFont(look.font("caption"))
        self.button.setFont(look.font("caption", bold=True))
        self.button.setText(look.tr("watch.undo"))
        self.button.setToolTip(look.tr("watch.undo.tip"))
        self.button.setIcon(look.icon("undo", "accent", 14))
        colour_label(self.text, look, "text-secondary")

    def show_text(self, text: str) -> None:
        """Say what can be taken back; nothing hides the line."""
        self.text.setText(text)
        self.text.setToolTip(text)
        self.setVisible(bool(text))
