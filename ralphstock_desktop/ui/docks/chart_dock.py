"""Chart panel (screen 0600): head row and chart of the symbol its link group looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QByteArray, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from engine.model.chart import Timeframe
from engine.model.instants import AsOf
from ralphstock_desktop.services.contracts import Stale
from ralphstock_desktop.ui.charts.chart_data import LastBar
from ralphstock_desktop.ui.charts.chart_head import FRAMES, ChartHead, HeadText
from ralphstock_desktop.ui.charts.chart_widget import ChartWidget
from ralphstock_desktop.ui.charts.forming import bands, kst_seconds
from ralphstock_desktop.ui.charts.landing import land_on_days
from ralphstock_desktop.ui.charts.scene import ChartOptions
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.chart import ChartViewModel
from ralphstock_desktop.ui.viewmodels.chart_news import ChartNews
from ralphstock_desktop.wording import format as fmt

__all__ = ["ChartPanel", "PictureRequest"]


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture the user wants as a file; a service asks where and writes it."""

    file_name: str
    png: QByteArray


class ChartPanel(PanelFrame):
    """Follows the selection; day bars are on screen within the same frame.

    Signals
    -------
    picture_requested(PictureRequest)
        The user wants the chart as a PNG file.
    """

    picture_requested = Signal(object)

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance, panel_id="chart", title_key="shell.dock.chart", screen="0600", skeleton="chart", role="both"
        )
        self._workstation = context.workstation
        self.more_entries: Callable[[AskSubject, QMenu], None] | None = None
        """Lets the chat add its entries to the chart's menu."""
        self.view_model = ChartViewModel(context.workstation, context.spawn, "chart")
        self.news = ChartNews(context.workstation)
        self.head = ChartHead(context.appearance)
        self.chart = ChartWidget(context.appearance, options=ChartOptions(), link=context.chart_link, origin="chart")
        self.chart.menu.add_more = self._add_to_menu
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.chart, 1)
        content.setFocusProxy(self.chart)
        self.set_content(content)
        self.set_state(self.view_model.state)
        self._connect()

    def _connect(self) -> None:
        vm, chart = self.view_model, self.chart
        vm.series_changed.connect(self._on_series)
        vm.pattern_changed.connect(self._on_pattern)
        vm.focus_changed.connect(self._on_focus)
        vm.state_changed.connect(self._on_state)
        bars = vm.live_bars
        bars.last_changed.connect(self._on_last)
        bars.numbers_changed.connect(self._say_head)
        bars.gaps_changed.connect(self._show_gaps)
        bars.countdown_changed.connect(self._show_countdown)
        bars.feed_changed.connect(self._on_feed)
        self.news.changed.connect(self._show_news)
        self.head.timeframe_chosen.connect(self._on_timeframe)
        self.head.adjusted_chosen.connect(self._on_adjusted)
        self.head.picture_wanted.connect(self.request_picture)
        chart.evidence_dismissed.connect(vm.dismiss_evidence)
        chart.view_changed.connect(self.panel_state_changed)
        chart.options_changed.connect(self._on_options)
        self.retry_requested.connect(vm.retry)
        self.action_requested.connect(self._on_action)
        self.appearance.changed.connect(self._say)
        self.add_menu_action("chart.menu.reset", chart.reset_view)
        self.add_menu_action("chart.head.screenshot", self.request_picture)

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_series(self) -> None:
        self.chart.set_series(self.view_model.series)
        if self.chart.options.limit_marks:
            self.chart.set_limits(self.view_model.limit_marks())
        self._show_gaps()
        self._show_news()
        self._show_countdown()
        self._say()
        self._on_feed()

    def _on_last(self, last: object) -> None:
        """The newest bar moved: only its column is painted again."""
        data = self.chart.data
        if isinstance(last, LastBar) and data is not None and len(data):
            self.chart.update_last(last)

    def _on_feed(self) -> None:
        """The badge says how live the newest bar is; old values lose their direction colour."""
        bars = self.view_model.live_bars
        self.set_live_badge(bars.badge(self.appearance) if bars.is_forming else None)
        self._say_head()

    def _show_gaps(self) -> None:
        """Hatch what was not received; on day bars the running day alone, without a plate."""
        series, look = self.view_model.series, self.appearance
        if series is None:
            return
        spans = []
        for gap in self.view_model.live_bars.gaps():
            filled = gap.state == "filled"
            end = kst_seconds(gap.end_ns) if gap.end_ns is not None else None
            words = ""
            if series.timeframe.is_intraday:
                until = fmt.clock(gap.end_ns, seconds=False) if gap.end_ns is not None else look.tr("live.gap.now")
                state = look.tr(f"live.gap.{gap.state}")
                words = look.tr("live.gap.line", start=fmt.clock(gap.start_ns, seconds=False), end=until, state=state)
            elif filled:
                continue
            spans.append((kst_seconds(gap.start_ns), end, filled, words))
        if not series.timeframe.is_intraday:
            spans = spans[:1]
        self.chart.set_gaps(bands(series, spans))

    def _show_news(self) -> None:
        """Flags above the bars on which news of the symbol were first published."""
        self.chart.set_news(self.news.flags(self.view_model.series))

    def _show_countdown(self) -> None:
        left = self.view_model.live_bars.countdown_s
        text = ""
        if left is not None:
            hours, minutes, seconds = left // 3600, left // 60 % 60, left % 60
            text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
        self.chart.set_countdown(text)

    def _on_pattern(self) -> None:
        self.chart.set_pattern(self.view_model.overlay, self.view_model.summary)

    def _on_focus(self) -> None:
        self.chart.set_evidence(self.view_model.evidence)

    def _on_state(self) -> None:
        self.set_state(self.view_model.state)
        self._say()

    def _say(self) -> None:
        """Head row, subtitle and badge of the flow pane."""
        vm, look = self.view_model, self.appearance
        series = vm.series
        self.head.show_state(vm.timeframe, adjusted=vm.adjusted, has_minutes=vm.has_minutes)
        frame = look.tr(f"chart.frame.{vm.timeframe.value}")
        if series is None:
            self.head.say(HeadText(code=vm.ticker))
            self.set_subtitle("")
            return
        kind = look.tr("chart.head.adjusted" if series.adjusted else "chart.head.raw")
        self.set_subtitle(look.tr("chart.subtitle", frame=frame, price=kind))
        self._say_head()
        known = vm.flow_known()
        self.chart.set_flow_note(look.tr("chart.flow.known", when=fmt.as_of_short(AsOf(known))) if known is not None else "")

    def _say_head(self) -> None:
        """Name, price and change of the day in the head row."""
        vm, look, series = self.view_model, self.appearance, self.view_model.series
        if series is None:
            return
        name = series.name_en if look.language == "en" and series.name_en else series.name
        day = vm.numbers_now()
        stale = isinstance(vm.state, Stale) or vm.live_bars.is_stale
        self.head.say(
            HeadText(name, series.ticker, day.close, day.change, day.change_pct, day.value, day.value_estimated, stale)
        )

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_timeframe(self, timeframe: object) -> None:
        if isinstance(timeframe, Timeframe):
            self.view_model.choose_timeframe(timeframe)
            self.panel_state_changed.emit()

    def _on_adjusted(self, adjusted: bool) -> None:
        self.view_model.choose_adjusted(adjusted)
        self.panel_state_changed.emit()

    def _on_options(self) -> None:
        if self.chart.options.limit_marks and not self.chart.has_limits:
            self.chart.set_limits(self.view_model.limit_marks())
        self.panel_state_changed.emit()

    def _on_action(self, action: str) -> None:
        if action == "chart_days":
            self._on_timeframe(Timeframe.DAY)

    def request_picture(self) -> None:
        """Hand the chart as a PNG to whoever writes files."""
        series = self.view_model.series
        if series is not None:
            day = str(series.time[-1].astype("datetime64[D]")) if len(series) else ""
            name = f"chart_{series.ticker}_{series.timeframe.value}_{day}.png"
            self.picture_requested.emit(PictureRequest(name, self.chart.picture()))

    def _add_to_menu(self, menu: QMenu) -> None:
        """Time frames and adjusted prices in the chart's menu: the head may have no room for them."""
        tr, vm = self.appearance.tr, self.view_model
        frames = menu.addMenu(tr("chart.menu.timeframe"))
        group = QActionGroup(frames)
        for frame in FRAMES:
            action = frames.addAction(tr(f"chart.frame.{frame.value}"))
            action.setCheckable(True)
            action.setChecked(frame == vm.timeframe)
            action.setEnabled(vm.has_minutes or not frame.is_intraday)
            action.triggered.connect(lambda _on=False, chosen=frame: self._on_timeframe(chosen))
            group.addAction(action)
        adjusted = menu.addAction(tr("chart.head.adjusted"))
        adjusted.setCheckable(True)
        adjusted.setChecked(vm.adjusted)
        adjusted.triggered.connect(self._on_adjusted)
        series = vm.series
        if self.more_entries is not None and series is not None:
            name = series.name_en if self.appearance.language == "en" and series.name_en else series.name
            self.more_entries(AskSubject("symbol", series.ticker, name), menu)

    def land_on_days(self, ticker: str, first: date | None, last: date | None) -> bool:
        """Light up a run of bars of a symbol; without days the chart is the place. False if its bars are not there yet."""
        return land_on_days(self.view_model, self.chart, self._workstation, "price", (ticker, first, last))

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()
        self.news.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()
        self.news.deactivate()

    def panel_state(self) -> dict[str, object]:
        """Time frame, price kind, views and options."""
        vm = self.view_model
        return {
            **super().panel_state(),
            "timeframe": vm.wanted.value,
            "adjusted": vm.adjusted,
            "chart": self.chart.export_state(),
        }

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep their present value."""
        super().restore_panel_state(state)
        self.chart.import_state(state.get("chart"))
        adjusted, timeframe = state.get("adjusted"), state.get("timeframe")
        if isinstance(adjusted, bool):
            self.view_model.choose_adjusted(adjusted)
        if isinstance(timeframe, str) and timeframe in set(Timeframe):
            self.view_model.choose_timeframe(Timeframe(timeframe))
        self._say()
