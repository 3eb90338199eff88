"""The filter bar above a table: chips, the filter line, the waiting moves and the column button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ChipButton, HeldButton
from ralphstock_desktop.wording import format as fmt

__all__ = ["FilterBar"]

_TWO_ROWS = 560
_FILTER_DELAY_MS = 120


class FilterBar(QWidget):
    """Chips, filter line, waiting moves and the column button; two lines where it is narrow.

    Chips that do not fit go, from the right, into the menu of a button behind the last one; the chosen chip stays.

    Signals
    -------
    chip_chosen(str), text_edited(str), committed, editing_changed(bool), columns_requested, apply_requested
    """

    chip_chosen = Signal(str)
    text_edited = Signal(str)
    committed = Signal()
    editing_changed = Signal(bool)
    columns_requested = Signal()
    apply_requested = Signal()

    def __init__(self, appearance: Appearance, chips: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.chips = [ChipButton(appearance, chip, self) for chip in chips]
        for chip in self.chips:
            chip.clicked.connect(lambda _on=False, chosen=chip.chip_id: self.chip_chosen.emit(chosen))
        self.field = QLineEdit(self)
        self.field.setClearButtonEnabled(True)
        self.field.setMinimumWidth(90)
        self._icon = QLabel(self.field)
        self._icon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.field.installEventFilter(self)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_FILTER_DELAY_MS)
        self._delay.timeout.connect(self.send)
        self.field.textEdited.connect(lambda _text: self._delay.start())
        self.field.textChanged.connect(lambda text: None if text else self.send())
        self.field.returnPressed.connect(self.send)
        self.field.returnPressed.connect(self.committed)
        self.held = HeldButton(appearance, self)
        self.held.clicked.connect(self.apply_requested)
        self.columns = QToolButton(self)
        self.columns.setAutoRaise(True)
        self.columns.clicked.connect(self.columns_requested)
        self._chip_row = QHBoxLayout()
        self._grid = QGridLayout(self)
        for chip in self.chips:
            self._chip_row.addWidget(chip)
        self.more = QToolButton(self)
        self.more.setAutoRaise(True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more_menu = QMenu(self)
        self._more_menu.aboutToShow.connect(self._fill_more)
        self.more.setMenu(self._more_menu)
        self.more.setObjectName("chips_more")
        self.more.hide()
        self._chip_row.addWidget(self.more)
        self._chip_row.addStretch(0)
        self._two_rows: bool | None = None
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take words, sizes and icons from the appearance."""
        look, px = self._appearance, self._appearance.px
        self._chip_row.setSpacing(px(5))
        self._grid.setContentsMargins(px(8), px(2), px(6), px(3))
        self._grid.setHorizontalSpacing(px(6))
        self._grid.setVerticalSpacing(px(3))
        self.field.setPlaceholderText(look.tr("table.filter.hint"))
        self.field.setAccessibleName(look.tr("table.filter.name"))
        self.field.setFont(look.font("body"))
        self._icon.setPixmap(look.pixmap("filter", "text-muted", 14, self.devicePixelRatioF()))
        self._icon.setFixedSize(px(14), px(14))
        self.field.setTextMargins(px(18), 0, 0, 0)
        self.columns.setIconSize(QSize(px(14), px(14)))
        self.columns.setIcon(look.icon("columns", "text-secondary", 14))
        self.columns.setToolTip(look.tr("table.columns"))
        self.columns.setAccessibleName(look.tr("table.columns"))
        self.columns.setFixedSize(px(24), px(24))
        self.more.setIconSize(QSize(px(14), px(14)))
        self.more.setIcon(look.icon("more", "text-secondary", 14))
        self.more.setToolTip(look.tr("table.chips.more"))
        self.more.setAccessibleName(look.tr("table.chips.more"))
        self.more.setFixedSize(px(22), px(22))
        self._arrange(force=True)
        self._fit_chips()

    def _arrange(self, *, force: bool = False) -> None:
        two_rows = self.width() < self._appearance.px(_TWO_ROWS)
        if two_rows == self._two_rows and not force:
            return
        self._two_rows = two_rows
        for item in (self._chip_row, self.field, self.held, self.columns):
            if isinstance(item, QWidget):
                self._grid.removeWidget(item)
            else:
                self._grid.removeItem(item)
        if two_rows:
            self._grid.addLayout(self._chip_row, 0, 0, 1, 2)
            self._grid.addWidget(self.held, 0, 2, Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(self.columns, 0, 3)
            self._grid.addWidget(self.field, 1, 0, 1, 4)
            self._grid.setColumnStretch(0, 0)
            self._grid.setColumnStretch(1, 1)
        else:
            self._grid.addLayout(self._chip_row, 0, 0)
            self._grid.addWidget(self.field, 0, 1)
            self._grid.addWidget(self.held, 0, 2)
            self._grid.addWidget(self.columns, 0, 3)
            self._grid.setColumnStretch(1, 1)
        # Within the parent's own layout pass the new height would not be asked for.
        QTimer.singleShot(0, self, self.updateGeometry)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self._fit_chips()

    def showEvent(self, event: QShowEvent) -> None:
        """Decide what fits: the words may have changed while hidden."""
        super().showEvent(event)
        self._fit_chips()

    def minimumSizeHint(self) -> QSize:
        """Never the reason for a wide panel: chips go into the menu."""
        return QSize(self._appearance.px(150), super().minimumSizeHint().height())

    def _fit_chips(self) -> None:
        """Leave out chips from the right until the rest fits; the chosen one stays."""
        px = self._appearance.px
        gap, edges = self._chip_row.spacing(), self._grid.contentsMargins()
        room = self.width() - edges.left() - edges.right() - self.columns.minimumWidth() - px(12)
        if not self.held.isHidden():
            room -= self.held.sizeHint().width() + px(6)
        if not self._two_rows:
            room -= px(160)  # the filter line beside the chips
        widths = {chip: chip.sizeHint().width() + gap for chip in self.chips}
        left_out: set[ChipButton] = set()
        needed = sum(widths.values())
        if needed > room:
            needed += self.more.minimumWidth() + gap
            for chip in reversed(self.chips):
                if needed <= room:
                    break
                if not chip.isChecked():
                    left_out.add(chip)
                    needed -= widths[chip]
        for chip in self.chips:
            chip.setVisible(chip not in left_out)
        self.more.setVisible(bool(left_out))

    def _fill_more(self) -> None:
        """List the chips that have no place."""
        self._more_menu.clear()
        for chip in self.chips:
            if chip.isHidden():
                action = self._more_menu.addAction(chip.text())
                action.triggered.connect(lambda _on=False, chosen=chip.chip_id: self.chip_chosen.emit(chosen))

    def send(self) -> None:
        """Hand the text on now."""
        self._delay.stop()
        self.text_edited.emit(self.field.text())

    def label(self, counts: dict[str, int], chosen: str, help_keys: dict[str, str]) -> None:
        """Write the numbers on the chips."""
        for chip in self.chips:
            chip.set_label(self._appearance.tr(f"table.chip.{chip.chip_id}", count=fmt.number(counts[chip.chip_id])))
            chip.setChecked(chip.chip_id == chosen)
            if chip.chip_id in help_keys:
                chip.setToolTip(self._appearance.tr(help_keys[chip.chip_id]))
        self._fit_chips()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.Resize:
            self._icon.move(self._appearance.px(8), (self.field.height() - self._icon.height()) // 2)
        if watched is self.field and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.editing_changed.emit(event.type() == QEvent.Type.FocusIn)
        return super().eventFilter(watched, event)
