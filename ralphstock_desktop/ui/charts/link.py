"""What charts of one window share: the visible range and the day under the crosshair."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.chart import Timeframe
from ralphstock_desktop.services.channels import Channel

__all__ = ["ChartLink", "CrosshairAt", "RangeShown"]


@dataclass(frozen=True, slots=True)
class RangeShown:
    """A chart shows this part of its bars; charts of the same symbol and time frame follow. ``origin`` ignores its echo."""

    origin: str
    ticker: str
    timeframe: Timeframe
    adjusted: bool
    bars: float
    right: float


@dataclass(frozen=True, slots=True)
class CrosshairAt:
    """The crosshair of a chart stands on a bar's time (exchange time, seconds since 1970-01-01); None: it has left."""

    origin: str
    time_s: int | None


class ChartLink:
    """Two channels; made once per window and handed to every chart. GUI thread only."""

    def __init__(self) -> None:
        self.range: Channel[RangeShown] = Channel("chart range")
        self.crosshair: Channel[CrosshairAt] = Channel("chart crosshair")
