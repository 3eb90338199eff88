"""Charts on screen for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from engine.model.chart import ChartSeries
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.chart_widget import ChartWidget

MakeChart = Callable[..., ChartWidget]


@pytest.fixture
def make_chart(qtbot: QtBot) -> Iterator[MakeChart]:
    """Make a shown chart; keyword arguments: look, size, and those of ChartWidget."""
    made: list[ChartWidget] = []

    def make(
        series: ChartSeries | None = None, *, look: Appearance | None = None, size: tuple[int, int] = (700, 560), **given: Any
    ) -> ChartWidget:
        chart = ChartWidget(look or Appearance(), **given)
        qtbot.addWidget(chart)
        chart.resize(*size)
        chart.show()
        if series is not None:
            chart.set_series(series)
        made.append(chart)
        return chart

    yield make
    for chart in made:
        chart.close()


def picture(chart: ChartWidget) -> QImage:
    """The chart as painted now."""
    return chart.grab().toImage()
