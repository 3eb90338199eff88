"""The chart's context menu: panes, flow pane, averages, marks, scale. Built when opened, in the language of the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from ralphstock_desktop.ui.charts.chart_widget import ChartWidget

__all__ = ["ChartMenu"]

_PANE_ORDER = ("price", "volume", "flow", "flow_lines")


class ChartMenu:
    """Makes the menu of one :class:`ChartWidget`."""

    def __init__(self, chart: ChartWidget) -> None:
        self._chart = chart
        self.add_more: Callable[[QMenu], None] | None = None
        """Lets the panel add its own entries (time frames, adjusted prices) at the top."""

    def open_at(self, place: QPoint) -> QMenu:
        """Open at a global position."""
        menu = self.build()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)
        return menu

    def build(self) -> QMenu:
        """The menu for the present state."""
        chart, tr = self._chart, self._chart.appearance.tr
        menu = QMenu(chart)
        if self.add_more is not None:
            self.add_more(menu)
            menu.addSeparator()
        options, view = chart.options, chart.view
        if "price" in options.panes:
            for pane in ("volume", "flow"):
                self._check(menu, tr(f"chart.menu.pane.{pane}"), pane in options.panes, partial(self._pane, pane))
            self._flow_modes(menu)
            averages = menu.addMenu(tr("chart.menu.averages"))
            lengths = sorted(chart.series.averages) if chart.series is not None else []
            for length in lengths:
                self._check(averages, f"MA{length}", length in options.averages, partial(self._average, length))
            menu.addSeparator()
            if chart.series is not None and chart.series.timeframe.is_intraday:
                self._check(menu, tr("live.chart.vwap"), options.vwap, partial(self._switch, "vwap"))
            for name in ("pattern", "zigzag", "limit_marks"):
                is_on = bool(getattr(options, name))
                self._check(menu, tr(f"chart.menu.{name}"), is_on, partial(self._switch, name))
            menu.addSeparator()
            self._check(menu, tr("chart.menu.log"), view.log, self._log)
            base = self._check(menu, tr("chart.menu.base_only"), view.base_only, self._base_only)
            base.setEnabled(chart.has_pattern or view.base_only)
            auto = self._check(menu, tr("chart.menu.auto_scale"), view.is_auto, self._auto)
            auto.setEnabled(not view.is_auto)
        crosshair = self._check(
            menu,
            tr("chart.menu.crosshair"),
            chart.navigation.keyboard_crosshair,
            self._crosshair,
        )
        crosshair.setText(f"{crosshair.text()}\tX")
        menu.addAction(tr("chart.menu.reset")).triggered.connect(lambda _on=False: chart.reset_view())
        return menu

    @staticmethod
    def _check(menu: QMenu, text: str, is_on: bool, slot: Callable[[bool], object]) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(is_on)
        action.triggered.connect(lambda on=False: slot(on))
        return action

    def _flow_modes(self, menu: QMenu) -> None:
        chart, tr = self._chart, self._chart.appearance.tr
        modes = menu.addMenu(tr("chart.menu.flow_mode"))
        for mode in ("bars", "lines", "both"):
            self._check(
                modes,
                tr(f"chart.menu.flow_mode.{mode}"),
                chart.options.flow_mode == mode,
                partial(self._flow_mode, mode),
            )

    def _crosshair(self, _on: bool) -> None:
        self._chart.navigation.toggle_crosshair()

    def _log(self, on: bool) -> None:
        self._chart.set_view(replace(self._chart.view, log=on))

    def _flow_mode(self, mode: str, _on: bool) -> None:
        self._chart.set_options(replace(self._chart.options, flow_mode=mode))

    def _pane(self, name: str, _on: bool) -> None:
        options = self._chart.options
        panes = set(options.panes) ^ {name}
        self._chart.set_options(replace(options, panes=tuple(pane for pane in _PANE_ORDER if pane in panes)))

    def _average(self, length: int, _on: bool) -> None:
        options = self._chart.options
        self._chart.set_options(replace(options, averages=tuple(sorted(set(options.averages) ^ {length}))))

    def _switch(self, name: str, on: bool) -> None:
        options = self._chart.options
        if name == "pattern":
            self._chart.set_options(replace(options, pattern=on))
        elif name == "zigzag":
            self._chart.set_options(replace(options, zigzag=on))
        elif name == "vwap":
            self._chart.set_options(replace(options, vwap=on))
        else:
            self._chart.set_options(replace(options, limit_marks=on))

    def _base_only(self, on: bool) -> None:
        self._chart.set_view(replace(self._chart.view, base_only=on, low=None, high=None))

    def _auto(self, _on: bool) -> None:
        self._chart.set_view(replace(self._chart.view, low=None, high=None))
