"""Flow panel (screen 0796): who bought and sold, day by day and in sum, on the time axis of the main chart.

Range and crosshair are shared with the main chart through the window's :class:`~ralphstock_desktop.ui.charts.link.ChartLink`.
"""

from __future__ import annotations

from datetime import date

from engine.model.instants import AsOf
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.ui.charts.chart_widget import ChartWidget
from ralphstock_desktop.ui.charts.landing import land_on_days
from ralphstock_desktop.ui.charts.link import RangeShown
from ralphstock_desktop.ui.charts.scene import ChartOptions
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.chart import FlowViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["FlowPanel"]

_OPTIONS = ChartOptions(panes=("flow", "flow_lines"), averages=(), shares=(("flow", 50.0), ("flow_lines", 50.0)))


class FlowPanel(PanelFrame):
    """Bars per day above, cumulative lines since the first day in sight below."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance, panel_id="flow", title_key="shell.dock.flow", screen="0796", skeleton="chart", role="follower"
        )
        self._workstation = context.workstation
        self.view_model = FlowViewModel(context.workstation, context.spawn, "flow")
        self.chart = ChartWidget(context.appearance, options=_OPTIONS, link=context.chart_link, origin="flow", follows=True)
        self._link = context.chart_link
        self._subscription: Subscription | None = None
        self.set_content(self.chart)
        self.set_state(self.view_model.state)
        vm = self.view_model
        vm.series_changed.connect(self._on_series)
        vm.focus_changed.connect(self._on_focus)
        vm.state_changed.connect(self._on_state)
        vm.pattern_changed.connect(self._on_pattern)
        self.chart.evidence_dismissed.connect(vm.dismiss_evidence)
        self.chart.view_changed.connect(self.panel_state_changed)
        self.chart.options_changed.connect(self.panel_state_changed)
        self.retry_requested.connect(vm.retry)
        self.appearance.changed.connect(self._say)

    def _on_series(self) -> None:
        self.chart.set_series(self.view_model.series)
        self._say()

    def _on_pattern(self) -> None:
        self.chart.set_pattern(self.view_model.overlay, self.view_model.summary)

    def _on_focus(self) -> None:
        self.chart.set_evidence(self.view_model.evidence)

    def _on_state(self) -> None:
        self.set_state(self.view_model.state)
        self._say()

    def _say(self) -> None:
        series, look = self.view_model.series, self.appearance
        if series is None:
            self.set_subtitle("")
            return
        name = series.name_en if look.language == "en" and series.name_en else series.name
        self.set_subtitle(f"{name} {series.ticker}".strip())
        known = self.view_model.flow_known()
        self.chart.set_flow_note(look.tr("chart.flow.known", when=fmt.as_of_short(AsOf(known))) if known is not None else "")

    def _on_range(self, shown: RangeShown) -> None:
        """Take the main chart's time frame: the axes agree only on the same bars."""
        if shown.origin != "flow" and not shown.timeframe.is_intraday:
            self.view_model.choose_timeframe(shown.timeframe)

    def land_on_days(self, ticker: str, first: date | None, last: date | None) -> bool:
        """Light up a run of days of a symbol; without days the panel itself is the place. False if they are not there yet."""
        return land_on_days(self.view_model, self.chart, self._workstation, "flow", (ticker, first, last))

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()
        if self._subscription is None:
            self._subscription = self._link.range.subscribe(self._on_range)

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def panel_state(self) -> dict[str, object]:
        """Views and options."""
        return {**super().panel_state(), "chart": self.chart.export_state()}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave."""
        super().restore_panel_state(state)
        self.chart.import_state(state.get("chart"))
