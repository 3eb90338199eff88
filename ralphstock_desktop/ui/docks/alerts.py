"""Alert list (screen 0960): everything the trader was told up to the instant looked at, and the way back to each moment."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.alerts_view import AlertListView
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.alert_rows import ALERTS_ORIGIN, ALL, KINDS, AlertsViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["AlertsPanel"]

_WITH_BUTTON, _WITH_STRATEGY = 520, 360
"""From these widths on the bar has room for the button and for the strategy; without it the menu does the same."""


class AlertsPanel(PanelFrame):
    """Rows are notices; choosing one moves the linked panels.

    Signals
    -------
    chart_requested(str)
        The chart of a ticker should come to the front.
    """

    chart_requested = Signal(str)

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id=ALERTS_ORIGIN,
            title_key="shell.dock.alerts",
            screen="0960",
            skeleton="list",
            role="source",
        )
        look = context.appearance
        self.view_model = AlertsViewModel(context.workstation, look)
        self.view = AlertListView(self.view_model, look)
        self.kind, self.strategy = QComboBox(), QComboBox()
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.read_all = QPushButton()
        for box in (self.kind, self.strategy):
            box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.kind)
        self._bar.addWidget(self.strategy)
        self._bar.addWidget(self.field, 1)
        self._bar.addWidget(self.read_all)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        self._connect()
        self._label()
        self._on_state()

    def _connect(self) -> None:
        vm = self.view_model
        self.kind.activated.connect(lambda index: self._on_kind(str(self.kind.itemData(index))))
        self.strategy.activated.connect(lambda index: self._on_strategy(str(self.strategy.itemData(index))))
        self.field.textChanged.connect(vm.search)
        self.read_all.clicked.connect(vm.mark_all_read)
        vm.changed.connect(self._on_changed)
        vm.state_changed.connect(self._on_state)
        vm.chart_wanted.connect(self.chart_requested)
        self.add_menu_action("alerts.menu.read_all", vm.mark_all_read)
        self.add_menu_action("alerts.menu.clear", self.clear_filter)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(lambda: self.field.setFocus(Qt.FocusReason.ShortcutFocusReason))
        self.appearance.changed.connect(self._label)

    def _label(self) -> None:
        look, px = self.appearance, self.appearance.px
        self._bar.setContentsMargins(px(8), px(2), px(8), px(2))
        self._bar.setSpacing(px(6))
        kinds = [(ALL, look.tr("alerts.kind.all")), *((kind, look.tr(f"notice.kind.{kind}")) for kind in KINDS)]
        plans = [(ALL, look.tr("alerts.strategy.all")), *((name, look.tr(f"alerts.strategy.{name}")) for name in STRATEGIES)]
        for box, entries, chosen in (
            (self.kind, kinds, self.view_model.kind),
            (self.strategy, plans, self.view_model.strategy),
        ):
            box.clear()
            for name, word in entries:
                box.addItem(word, name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.setFont(look.font("body"))
        self.kind.setAccessibleName(look.tr("alerts.access.kind"))
        self.strategy.setAccessibleName(look.tr("alerts.access.strategy"))
        self.field.setPlaceholderText(look.tr("alerts.search"))
        self.field.setAccessibleName(look.tr("alerts.search"))
        self.field.setFont(look.font("body"))
        self.read_all.setText(look.tr("alerts.read_all"))
        self.read_all.setToolTip(look.tr("alerts.read_all.tip"))
        self.read_all.setFont(look.font("caption"))
        self.view.setAccessibleName(look.tr("alerts.access.list"))
        self._fit()
        self._on_changed()

    def _fit(self) -> None:
        self.read_all.setVisible(self.width() >= self.appearance.px(_WITH_BUTTON))
        self.strategy.setVisible(self.width() >= self.appearance.px(_WITH_STRATEGY))

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_kind(self, kind: str) -> None:
        self.view_model.filter_kind(kind)
        self.panel_state_changed.emit()

    def _on_strategy(self, strategy: str) -> None:
        self.view_model.filter_strategy(strategy)
        self.panel_state_changed.emit()

    def clear_filter(self) -> None:
        """List everything again."""
        self.field.clear()
        self.view_model.clear_filter()
        for box in (self.kind, self.strategy):
            box.setCurrentIndex(0)
        self.panel_state_changed.emit()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        vm, tr = self.view_model, self.appearance.tr
        parts = []
        if vm.total:
            parts.append(tr("alerts.subtitle.unread", count=fmt.number(vm.unread)))
        if vm.is_filtered and vm.total:
            parts.append(tr("alerts.subtitle.found", found=fmt.number(vm.found), count=fmt.number(vm.total)))
        self.set_subtitle(" · ".join(parts))
        self.read_all.setEnabled(vm.unread > 0)

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state != self.state:
            self.set_state(state)
        self._on_changed()

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose what fits into the bar."""
        super().resizeEvent(event)
        self._fit()

    def panel_state(self) -> dict[str, object]:
        """What the list is narrowed to; a search is of the moment and is not kept."""
        return {**super().panel_state(), "kind": self.view_model.kind, "strategy": self.view_model.strategy}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        kind, strategy = state.get("kind"), state.get("strategy")
        if isinstance(kind, str):
            self.view_model.filter_kind(kind)
        if isinstance(strategy, str):
            self.view_model.filter_strategy(strategy)
        self._label()
