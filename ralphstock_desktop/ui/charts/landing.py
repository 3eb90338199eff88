"""Going to bars from elsewhere: the symbol is chosen, the bars come into sight and are lit like those of an evidence row."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from engine.model.chart import ChartSeries, Timeframe
from engine.model.evidence import BarSpan, Evidence, ItemState, Pane
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.ui.charts.chart_widget import ChartWidget

__all__ = ["LIT_ITEM", "land_on_days", "lit_days"]

LIT_ITEM = "CHAT"
"""Item of the evidence that lights the bars an answer speaks of; the plate on the chart says ``chart.plate.CHAT``."""
_EPOCH = date(1970, 1, 1)
_DAY_S = 86_400


class _ChartModel(Protocol):
    """View-models of the chart and of the flow chart."""

    ticker: str
    timeframe: Timeframe
    series: ChartSeries | None

    def choose_timeframe(self, timeframe: Timeframe) -> None: ...


def lit_days(first: date, last: date, pane: Pane) -> Evidence:
    """Evidence that scores nothing and lights the bars of some days, both ends included."""
    span = BarSpan((first - _EPOCH).days, (last - _EPOCH).days, pane, "bar" if first == last else "window")
    return Evidence(LIT_ITEM, "", 1.0, "count", "flag", None, None, 0.0, 0.0, ItemState.PASSED, "", spans=(span,))


def land_on_days(
    model: _ChartModel, chart: ChartWidget, workstation: Workstation, pane: Pane, place: tuple[str, date | None, date | None]
) -> bool:
    """Show the bars of some days; False as long as they are not there.

    Parameters
    ----------
    model, chart
        The view-model and the widget of the panel.
    workstation : Workstation
        As the panel sees it: its link group looks at the symbol afterwards.
    pane : Pane
        Where the bars are lit.
    place : tuple
        Ticker (empty: the one shown), first and last day; no first day: the symbol alone.
    """
    ticker, first, last = place
    if ticker and ticker != model.ticker:
        workstation.select(ticker, "chat")
    if ticker and ticker != model.ticker:
        return False
    if first is not None and model.timeframe.is_intraday:
        model.choose_timeframe(Timeframe.DAY)
    series = model.series
    if series is None or series.ticker != model.ticker or chart.series is None:
        return False
    if first is None:
        return True
    until = max(first, last or first)
    # The later end first: where the run is wider than the view, its beginning is what stays in sight.
    chart.show_time((until - _EPOCH).days * _DAY_S)
    chart.show_time((first - _EPOCH).days * _DAY_S)
    workstation.focus_evidence(model.ticker, lit_days(first, until, pane), pinned=True)
    return True
