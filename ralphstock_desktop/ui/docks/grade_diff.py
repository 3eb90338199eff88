"""Grade change (screen 0814): what moved the selected symbol's grade between two instants, and by how much."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QDate, QDateTime, QTime
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDateTimeEdit, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.services.contracts import Loading
from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.diff_view import DiffView
from ralphstock_desktop.ui.docks.segments import Segments
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.diff_rows import SINCES, DiffViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["GradeDiffPanel"]

_ONE_LINE = 470
"""From this width on strategy and beginning share a line."""


class GradeDiffPanel(PanelFrame):
    """Follows the selected symbol."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="diff",
            title_key="shell.dock.diff",
            screen="0814",
            skeleton="list",
            role="follower",
        )
        look = context.appearance
        self.view_model = DiffViewModel(context.workstation, look, context.spawn)
        self.view = DiffView(self.view_model, look)
        self.strategy = Segments(look, STRATEGIES, lambda name: f"near_panel.strategy.{name}", "near_panel.strategy.name")
        self.since = Segments(look, SINCES, lambda name: f"diff.since.{name}", "diff.since.name")
        self.time = QDateTimeEdit()
        self.time.setDisplayFormat("yyyy-MM-dd HH:mm")
        self.time.setKeyboardTracking(False)
        self.time.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.time.hide()
        self._bar = QWidget()
        self._lines = QVBoxLayout(self._bar)
        self._first, self._second = QHBoxLayout(), QHBoxLayout()
        self._lines.addLayout(self._first)
        self._lines.addLayout(self._second)
        self._one_line: bool | None = None
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.view)
        content.setFocusProxy(self.view)
        self.set_content(content)
        # What is compared stays in reach in every state: another beginning may have the data this one lacks.
        self._layout.insertWidget(1, self._bar)
        vm = self.view_model
        self.strategy.chosen.connect(self._on_strategy)
        self.since.chosen.connect(self._on_since)
        self.time.dateTimeChanged.connect(self._on_time)
        vm.state_changed.connect(self._on_state)
        self.retry_requested.connect(vm.compare)
        look.changed.connect(self._apply_look)
        self._apply_look()

    def _apply_look(self) -> None:
        look, px = self.appearance, self.appearance.px
        self._lines.setContentsMargins(px(8), px(4), px(8), px(4))
        self._lines.setSpacing(px(4))
        for line in (self._first, self._second):
            line.setSpacing(px(6))
        self.time.setFont(look.font("body"))
        self.time.setAccessibleName(look.tr("diff.since.pick"))
        self.view.setAccessibleName(look.tr("diff.access"))
        self.since.chips[0].setToolTip(look.tr("diff.since.day.help"))
        self._arrange(force=True)
        self._on_state()

    def _arrange(self, *, force: bool = False) -> None:
        one_line = self.width() >= self.appearance.px(_ONE_LINE + (150 if not self.time.isHidden() else 0))
        if one_line == self._one_line and not force:
            return
        self._one_line = one_line
        for line in (self._first, self._second):
            while line.count():
                line.takeAt(0)
        self._first.addWidget(self.strategy)
        if one_line:
            self._first.addStretch(1)
        line = self._first if one_line else self._second
        line.addWidget(self.since)
        line.addWidget(self.time)
        if not one_line:
            self._first.addStretch(1)
            self._second.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # -- what the user chooses ------------------------------------------------------------------------------------------

    def _on_strategy(self, strategy: str) -> None:
        self.view_model.choose_strategy(strategy)
        self.panel_state_changed.emit()

    def _on_since(self, since: str) -> None:
        self._show_time(since == "pick")
        if since == "pick":
            begin = self.view_model.picked or self.view_model.today()
            if begin is not None:
                self._set_time(begin)
                self.view_model.pick(begin)
            self.time.setFocus()
        else:
            self.view_model.choose_since(since)
        self.panel_state_changed.emit()

    def _show_time(self, shown: bool) -> None:
        self.time.setVisible(shown)
        self._arrange(force=True)

    def _set_time(self, as_of: AsOf) -> None:
        moment = kst_datetime(as_of.instant_ns)
        self.time.blockSignals(True)
        self.time.setDateTime(QDateTime(QDate(moment.year, moment.month, moment.day), QTime(moment.hour, moment.minute)))
        self.time.blockSignals(False)

    def _on_time(self, moment: QDateTime) -> None:
        day, clock = moment.date(), moment.time()
        self.view_model.pick(AsOf.at(date(day.year(), day.month(), day.day()), clock.hour(), clock.minute()))

    # -- state ----------------------------------------------------------------------------------------------------------

    def _on_state(self) -> None:
        state, vm = self.view_model.panel_state, self.view_model
        if state is not None and (state != self.state or isinstance(state, Loading)):
            self.set_state(state)
        diff = vm.diff
        if diff is None:
            self.set_subtitle(vm.name() if vm.ticker else "")
            return
        self.set_subtitle(
            self.appearance.tr(
                "diff.subtitle",
                name=vm.name(),
                from_time=fmt.as_of_short(diff.from_as_of),
                to_time=fmt.as_of_short(diff.to_as_of),
            )
        )

    def came_into_sight(self) -> None:
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        super().went_out_of_sight()
        self.view_model.deactivate()

    def panel_state(self) -> dict[str, object]:
        """Strategy and beginning; a picked time is of its day and is not kept."""
        since = self.view_model.since if self.view_model.since != "pick" else "day"
        return {**super().panel_state(), "strategy": self.view_model.strategy, "since": since}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        strategy, since = state.get("strategy"), state.get("since")
        if strategy in STRATEGIES:
            self.strategy.show_value(str(strategy))
            self.view_model.choose_strategy(str(strategy))
        if since in ("day", "open"):
            self.since.show_value(str(since))
            self.view_model.choose_since(str(since))
