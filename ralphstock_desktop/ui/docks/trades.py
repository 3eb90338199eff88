"""Time and sales (screen 0120): every trade of the symbol its link group looks at, newest first."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QIntValidator, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QSizePolicy, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ChipButton, HeldButton
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.live_panel import LiveSymbolPanel
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.docks.trades_view import TradesView
from ralphstock_desktop.ui.viewmodels.trades import SIZE_CHIPS, TradesViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["SizeBar", "TradesPanel", "WaitingButton"]

_MOST_SHARES = 99_999_999
_MOST_WAITING = 999
"""Trades that wait are counted up to here; the tooltip has the whole number."""


class WaitingButton(HeldButton):
    """``멈춤 · 새 체결 12``, or the number alone where there is little room: the rows stand still; a click goes on.

    Its width does not follow the number: nothing beside it moves while trades come in.
    """

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self.is_short = False
        self._count = 0

    def _words(self, count: str) -> str:
        return self._appearance.tr("live.trades.held", count=count)

    def width_of(self, *, short: bool) -> int:
        """Width of the button in px at its largest number."""
        most = f"{_MOST_WAITING:,}+"
        font = self._appearance.font("caption", bold=True)
        return round(QFontMetricsF(font).horizontalAdvance(most if short else self._words(most))) + self._appearance.px(22)

    def set_form(self, *, short: bool) -> None:
        """Say the number alone, or the whole sentence."""
        self.is_short = short
        self.setFixedWidth(self.width_of(short=short))
        self._label()

    def set_waiting(self, held: bool, count: int) -> None:
        """Show that the rows stand still and how many trades wait."""
        self._count = count
        self._label()
        if self.isHidden() == held:
            self.setVisible(held)

    def _label(self) -> None:
        count = fmt.number(float(self._count))
        shown = count if self._count <= _MOST_WAITING else f"{_MOST_WAITING:,}+"
        text = shown if self.is_short else self._words(shown)
        self.setAccessibleName(self._words(count))
        self.setToolTip(f"{self._words(count)}\n{self._appearance.tr('live.trades.held.help')}")
        if text != self.text():
            self.setText(text)
            self.update()


class SizeBar(QWidget):
    """Chips by value, a field for the least number of shares, and the trades that wait.

    Signals
    -------
    chip_chosen(str), shares_chosen(int), resume_requested
    """

    chip_chosen = Signal(str)
    shares_chosen = Signal(int)
    resume_requested = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.chips = [ChipButton(appearance, name, self) for name in SIZE_CHIPS]
        self.field = QLineEdit(self)
        self.field.setValidator(QIntValidator(0, _MOST_SHARES, self.field))
        self.field.textChanged.connect(self._on_text)
        self.held = WaitingButton(appearance, self)
        self.held.clicked.connect(self.resume_requested)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        for chip in self.chips:
            chip.clicked.connect(lambda _on=False, chosen=chip.chip_id: self.chip_chosen.emit(chosen))
            self._row.addWidget(chip)
        self._row.addWidget(self.field)
        self._row.addStretch(1)
        self._row.addWidget(self.held)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        tr, px = self._look.tr, self._look.px
        self.setFixedHeight(self._look.space("filter_bar"))
        self._row.setContentsMargins(px(8), 0, px(6), 0)
        self._row.setSpacing(px(5))
        for chip in self.chips:
            chip.set_label(tr(f"live.trades.size.{chip.chip_id}"))
        self.field.setPlaceholderText(tr("live.trades.least"))
        self.field.setAccessibleName(tr("live.trades.least.name"))
        self.field.setToolTip(tr("live.trades.least.name"))
        words = QFontMetricsF(self.field.font()).horizontalAdvance(self.field.placeholderText())
        self.field.setFixedWidth(max(px(72), round(words) + px(22)))  # the sheet's padding and edge
        self.field.setFixedHeight(px(22))
        self._fit()

    def show_choice(self, chip: str, held: bool, waiting: int) -> None:
        """Show the chosen chip and whether the rows stand still."""
        for button in self.chips:
            button.setChecked(button.chip_id == chip)
        self.held.set_waiting(held, waiting)
        self._fit()

    def _on_text(self, text: str) -> None:
        self.shares_chosen.emit(int(text) if text.isdigit() else 0)

    def _fit(self) -> None:
        """Leave out the middle chips, then the field, where there is no room; the chosen chip stays.

        The room of the waiting trades is kept free: what is under the pointer stays there when the rows begin to stand still.
        """
        px = self._look.px
        optional: list[QWidget] = [chip for chip in self.chips[1:] if not chip.isChecked()]
        widths: dict[QWidget, int] = {chip: chip.sizeHint().width() + px(5) for chip in self.chips}
        widths[self.field] = self.field.minimumWidth() + px(5)
        need = sum(widths.values())
        self.held.set_form(short=need + self.held.width_of(short=False) + px(5) > self.width() - px(14))
        room = self.width() - px(14) - self.held.width_of(short=self.held.is_short) - px(5)
        gone: set[QWidget] = set()
        for widget in (*optional, self.field):
            if need <= room:
                break
            gone.add(widget)
            need -= widths[widget]
        for widget in widths:
            if widget.isHidden() != (widget in gone):
                widget.setVisible(widget not in gone)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Never the reason for a wide panel."""
        return QSize(self._look.px(150), self._look.space("filter_bar"))


class TradesPanel(LiveSymbolPanel):
    """Size bar above the tape.

    Signals
    -------
    export_requested(ExportRequest)
        The user wants the shown trades as a file.
    """

    export_requested = Signal(object)

    def __init__(self, context: DockContext) -> None:
        self.view_model = TradesViewModel(context.workstation)
        super().__init__(context, self.view_model, panel_id="trades", screen="0120")
        self.bar = SizeBar(context.appearance)
        self.view = TradesView(self.view_model, context.appearance)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        self.set_state(self.view_model.panel_state)
        vm = self.view_model
        self.bar.chip_chosen.connect(self._on_chip)
        self.bar.shares_chosen.connect(self._on_shares)
        self.bar.resume_requested.connect(self.view.resume)
        vm.held_changed.connect(self._show_bar)
        vm.filter_changed.connect(self._show_bar)
        vm.symbol_changed.connect(self._label)
        self.view.copy_requested.connect(self.copy)
        self.view.menu_requested.connect(self._open_menu)
        self.add_menu_action("table.menu.copy", self.copy)
        self.add_menu_action("table.menu.export", self.request_export)
        context.appearance.changed.connect(self._label)
        self._label()

    def _label(self) -> None:
        self.bar.apply()
        name = self.view_model.name(self.appearance)
        self.view.setAccessibleName(self.appearance.tr("live.trades.access.name", name=name))
        self._show_bar()

    def _show_bar(self) -> None:
        vm = self.view_model
        self.bar.show_choice(vm.chip, vm.is_held, vm.held_count)

    def _on_chip(self, chip: str) -> None:
        self.view_model.set_filter(chip)
        self._show_bar()
        self.panel_state_changed.emit()

    def _on_shares(self, least: int) -> None:
        self.view_model.set_filter(least_shares=least)
        self.panel_state_changed.emit()

    def copy(self) -> str:
        """Put the chosen trades (or all that are shown) on the clipboard; return the text."""
        text = self.view_model.as_text(self.appearance, self.view.chosen_rows(), "\t")
        QGuiApplication.clipboard().setText(text)
        return text

    def request_export(self) -> None:
        """Ask a service to write the shown trades as CSV."""
        vm = self.view_model
        text = vm.as_text(self.appearance, range(vm.size), ",")
        self.export_requested.emit(ExportRequest(f"trades_{vm.ticker}.csv", text))

    def context_menu(self) -> QMenu:
        """Menu over the tape."""
        menu, tr = QMenu(self), self.appearance.tr
        menu.addAction(tr("table.menu.copy")).triggered.connect(lambda _on=False: self.copy())
        menu.addAction(tr("table.menu.export")).triggered.connect(lambda _on=False: self.request_export())
        menu.addSeparator()
        resume = menu.addAction(tr("live.trades.menu.resume"))
        resume.setEnabled(self.view_model.is_held)
        resume.triggered.connect(lambda _on=False: self.view.resume())
        return menu

    def _open_menu(self, place: QPoint) -> None:
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def panel_state(self) -> dict[str, object]:
        """Filter of the tape."""
        vm = self.view_model
        return {**super().panel_state(), "chip": vm.chip, "least_shares": vm.least_shares}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep their present value."""
        super().restore_panel_state(state)
        chip, least = state.get("chip"), state.get("least_shares")
        if isinstance(chip, str):
            self.view_model.set_filter(chip)
        if isinstance(least, int) and not isinstance(least, bool) and 0 < least <= _MOST_SHARES:
            self.bar.field.setText(str(least))
        self._show_bar()
