"""What one picture of a chart consists of: panes, scales, the bars in sight. Arithmetic only; painters read it.

Numbers are device pixels. A :class:`Scene` is rebuilt when size, view, series or options change (a few dozen microseconds).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from engine.model.chart import VcpOverlay
from engine.model.evidence import Evidence
from engine.model.panel import FloatArray
from ralphstock_desktop.ui.charts.chart_data import FLOWS, ChartData, Columns
from ralphstock_desktop.ui.charts.ink import Ink
from ralphstock_desktop.ui.charts.levels import group_size
from ralphstock_desktop.ui.charts.viewport import BarAxis, View

__all__ = [
    "VWAP_TOKEN",
    "ChartOptions",
    "GapBand",
    "LimitMarks",
    "NewsFlag",
    "PaneBox",
    "PatternSummary",
    "Scale",
    "Scene",
    "SceneInput",
]

VWAP_TOKEN = "category-8"
"""Colour of the volume-weighted average price: none of the moving averages has it."""
PANE_SHARES: dict[str, float] = {"price": 60.0, "volume": 17.0, "flow": 23.0, "flow_lines": 45.0}


@dataclass(frozen=True, slots=True)
class PatternSummary:
    """Numbers of a pattern that the overlay does not hold, for labels and the description in words. NaN where missing."""

    dry_ratio: float = math.nan
    distance_pct: float = math.nan
    """How far the close is below the pivot, percent; negative above it."""


@dataclass(frozen=True, eq=False, slots=True)
class LimitMarks:
    """Bars that closed at their price limit."""

    upper: npt.NDArray[np.bool_]
    lower: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GapBand:
    """A span of bars of which something was not received; both ends included."""

    first: int
    last: int
    filled: bool
    words: str
    """Plate on it; empty for none."""


@dataclass(frozen=True, slots=True)
class NewsFlag:
    """News first published on one bar: how many, their titles for the hover, and whether one of them is severe."""

    bar: int
    count: int
    titles: tuple[str, ...]
    severe: bool = False


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """What is drawn. Panes of a chart in order; flow mode is ``bars``, ``lines`` or ``both``."""

    panes: tuple[str, ...] = ("price", "volume", "flow")
    flow_mode: str = "bars"
    averages: tuple[int, ...] = (20, 50, 150, 200)
    pattern: bool = True
    zigzag: bool = True
    limit_marks: bool = False
    vwap: bool = True
    """Volume-weighted average price of the day, on minute charts."""
    shares: tuple[tuple[str, float], ...] = tuple(PANE_SHARES.items())

    def share(self, pane: str) -> float:
        """Height share of a pane."""
        return dict(self.shares).get(pane, PANE_SHARES[pane])


@dataclass(frozen=True, slots=True)
class Scale:
    """Values along y: ``low`` at the bottom edge, ``high`` at the top edge of the pane."""

    low: float
    high: float
    top: int
    bottom: int
    log: bool = False

    def y(self, value: float) -> float:
        """Pixel of a value; NaN for a missing one."""
        if self.log:
            if value <= 0 or math.isnan(value):
                return math.nan
            return self.bottom - (math.log(value) - math.log(self.low)) * self._per
        return self.bottom - (value - self.low) * self._per

    @property
    def _per(self) -> float:
        span = math.log(self.high) - math.log(self.low) if self.log else self.high - self.low
        return (self.bottom - self.top) / span if span > 0 else 0.0

    def ys(self, values: FloatArray) -> FloatArray:
        """Pixels of many values."""
        if self.log:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.asarray(self.bottom - (np.log(values) - math.log(self.low)) * self._per)
        return np.asarray(self.bottom - (values - self.low) * self._per)

    def value(self, y: float) -> float:
        """Value at a pixel."""
        per = self._per
        if per == 0:
            return self.low
        if self.log:
            return math.exp(math.log(self.low) + (self.bottom - y) / per)
        return self.low + (self.bottom - y) / per


@dataclass(frozen=True, slots=True)
class PaneBox:
    """A pane: its name and its rows of pixels, ``bottom`` not included."""

    name: str
    top: int
    bottom: int
    scale: Scale

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top


@dataclass(frozen=True, eq=False)
class SceneInput:
    """Everything a picture depends on besides appearance and size."""

    data: ChartData | None = None
    overlay: VcpOverlay | None = None
    summary: PatternSummary = field(default_factory=PatternSummary)
    evidence: Evidence | None = None
    options: ChartOptions = field(default_factory=ChartOptions)
    view: View = field(default_factory=lambda: View(120.0, 6.0))
    limits: LimitMarks | None = None
    flow_note: str = ""
    gaps: tuple[GapBand, ...] = ()
    news: tuple[NewsFlag, ...] = ()
    countdown: str = ""
    """Time until the newest bar ends, under the tag of the last price; empty while nothing forms."""


class Scene:
    """Panes, scales and bars in sight for one input and size.

    Parameters
    ----------
    given : SceneInput
        What to show.
    ink : Ink
        Sizes.
    width, height : int
        Device pixels of the widget.
    keep : Scale or None
        Price scale to keep (while a button is pressed, or while the last bar stays inside it).
    """

    def __init__(self, given: SceneInput, ink: Ink, width: int, height: int, keep: Scale | None = None) -> None:
        self.given, self.ink = given, ink
        self.width, self.height = width, height
        data = given.data
        self.axis_width = ink.px(70 if data is not None and self._is_dear(data) else 62)
        self.time_height = ink.px(20)
        self.plot_width = max(width - self.axis_width, 0)
        self.plot_height = max(height - self.time_height, 0)
        count = len(data) if data is not None else 0
        self.axis = BarAxis(count, self.plot_width, given.view.bars, given.view.right)
        self.first, self.last = self.axis.visible()
        self._columns: Columns | None = None
        self._flows: dict[str, tuple[FloatArray, FloatArray]] | None = None
        self.panes = self._place_panes(keep)
        self.grid: dict[str, list[float]] = {}
        """Values of the grid lines by pane, found once by the axis painter."""

    @staticmethod
    def _is_dear(data: ChartData) -> bool:
        return data.last.close >= 1_000_000 or (len(data) > 0 and data.highest >= 1_000_000)

    @property
    def is_drawable(self) -> bool:
        """Whether there is room and at least one bar."""
        return self.plot_width > 10 and self.plot_height > 10 and self.axis.count > 0

    @property
    def columns(self) -> Columns:
        """Closed bars in sight as columns."""
        if self._columns is None:
            assert self.given.data is not None
            self._columns = self.given.data.columns(self.first, self.last, self.axis.step)
        return self._columns

    @property
    def body(self) -> int:
        """Width of a candle's body: odd, about 0.66 of the step, at least a pixel."""
        step = self.axis.step * max(self._size, 1)
        return max(1, round((step * 0.66 - 1) / 2) * 2 + 1)

    @property
    def _size(self) -> int:
        return self.columns.size

    def pane(self, name: str) -> PaneBox | None:
        """A pane by name; None where it is not shown."""
        return next((pane for pane in self.panes if pane.name == name), None)

    def pane_at(self, y: float) -> PaneBox | None:
        """The pane under a pixel."""
        return next((pane for pane in self.panes if pane.top <= y < pane.bottom), None)

    def divider_at(self, y: float, reach: float) -> int | None:
        """Number of the pane above the divider within ``reach`` of a pixel."""
        for number, pane in enumerate(self.panes[:-1]):
            if abs(y - pane.bottom) <= reach:
                return number
        return None

    # -- panes ----------------------------------------------------------------------------------------------------------

    def _shown_panes(self) -> list[str]:
        data, options = self.given.data, self.given.options
        names = list(options.panes)
        if data is not None and data.series.timeframe.is_intraday:
            names = [name for name in names if not name.startswith("flow")]
        return names

    def _place_panes(self, keep: Scale | None) -> list[PaneBox]:
        names = self._shown_panes()
        shares = [self.given.options.share(name) for name in names]
        total = sum(shares) or 1.0
        found: list[PaneBox] = []
        top, sum_so_far = 0, 0.0
        for name, share in zip(names, shares, strict=True):
            sum_so_far += share
            bottom = round(self.plot_height * sum_so_far / total)
            found.append(PaneBox(name, top, bottom, self._scale(name, top, bottom, keep)))
            top = bottom
        return found

    def _scale(self, name: str, top: int, bottom: int, keep: Scale | None) -> Scale:
        data = self.given.data
        if data is None or not len(data):
            return Scale(0.0, 1.0, top, bottom)
        if name == "price":
            if keep is not None:
                return replace(keep, top=top, bottom=bottom)
            return self._price_scale(data, top, bottom)
        if name == "volume":
            return _padded(0.0, self._volume_max(data), top, bottom, self.ink.px(20), 0)
        if name == "flow" and self.given.options.flow_mode != "lines":
            return _padded(*self._flow_range(), top, bottom, self.ink.px(22), self.ink.px(4))
        return _padded(*self.lines_range(), top, bottom, self.ink.px(22), self.ink.px(4))

    def _in_sight(self, data: ChartData) -> list[Columns]:
        """Columns in sight, the newest one too."""
        newest = data.last_column(self.columns.size) if self.last == data.count else None
        return [self.columns] if newest is None else [self.columns, newest]

    def _price_range(self, data: ChartData) -> tuple[float, float]:
        parts = self._in_sight(data)
        low = min((float(np.fmin.reduce(part.low)) for part in parts if len(part.low)), default=math.nan, key=_nan_last)
        high = max((float(np.fmax.reduce(part.high)) for part in parts if len(part.high)), default=math.nan, key=_nan_first)
        return low, high

    def _volume_max(self, data: ChartData) -> float:
        parts = self._in_sight(data)
        return max((float(np.fmax.reduce(part.volume)) for part in parts if len(part.volume)), default=math.nan, key=_nan_first)

    def flow_columns(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Lowest and highest net buying of each investor per column in sight."""
        data = self.given.data
        if self._flows is None and data is not None:
            size = self.columns.size
            begin = self.first // size * size
            self._flows = {name: data.flow_columns(name, begin, self.last, size) for name, _ in FLOWS}
        return self._flows or {}

    def _flow_range(self) -> tuple[float, float]:
        low = high = 0.0
        for lows, highs in self.flow_columns().values():
            if len(lows):
                low, high = float(np.fmin(low, np.fmin.reduce(lows))), float(np.fmax(high, np.fmax.reduce(highs)))
        return low, high

    def lines_scale(self, pane: PaneBox) -> Scale:
        """Scale of cumulative lines drawn over the bars of a flow pane."""
        return _padded(*self.lines_range(), pane.top, pane.bottom, self.ink.px(22), self.ink.px(4))

    def lines_range(self) -> tuple[float, float]:
        """Range of the cumulative flow lines in sight, zero included."""
        data = self.given.data
        low = high = 0.0
        if data is not None and self.last > self.first:
            for values in self.cumulative_lines().values():
                low = float(np.fmin(low, np.fmin.reduce(values[1]))) if len(values[1]) else low
                high = float(np.fmax(high, np.fmax.reduce(values[1]))) if len(values[1]) else high
        return low, high

    def cumulative_lines(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Bar coordinates and running sums (from the first bar in sight) of each investor."""
        data = self.given.data
        if data is None or self.last <= self.first:
            return {}
        size = group_size(1.0 / self.axis.step)
        ends = np.minimum(data.column_starts(self.first, self.last, size) + size, self.last) - 1
        return {name: (ends.astype(np.float64), data.cumulative(name, self.first, ends)) for name, _ in FLOWS}

    def _price_scale(self, data: ChartData, top: int, bottom: int) -> Scale:
        view = self.given.view
        if view.low is not None and view.high is not None:
            return Scale(view.low, view.high, top, bottom, view.log and view.low > 0)
        low, high = self._price_range(data)
        base = self._base_range(data) if view.base_only else None
        log = view.log and low > 0
        if base is not None:
            room = round((bottom - top) * 0.15)
            return _padded(*base, top, bottom, room, room, log=log)
        if self.last == self.axis.count:
            low, high = self._with_plan(low, high)
        above, below = self.ink.px(46), self.ink.px(26)
        if bottom - top < self.ink.px(200):
            above = below = round((bottom - top) * 0.12)
        return _padded(low, high, top, bottom, above, below, log=log)

    def _with_plan(self, low: float, high: float) -> tuple[float, float]:
        """Widen a range for the order plan, but never so far that the bars become flat."""
        overlay = self.given.overlay
        if overlay is None or overlay.plan is None or not self.given.options.pattern or math.isnan(low):
            return low, high
        reach = max(high - low, high * 0.02)
        wanted = (float(overlay.plan.stop), float(overlay.plan.target), float(overlay.plan.entry))
        kept = [price for price in wanted if low - reach * 0.5 <= price <= high + reach * 0.5]
        return min([low, *kept]), max([high, *kept])

    def _base_range(self, data: ChartData) -> tuple[float, float] | None:
        overlay = self.given.overlay
        span = data.index.span(overlay.base_first_day, overlay.base_last_day) if overlay is not None else None
        if span is None:
            return None
        low, high = data.price_range(span[0], span[1] + 1)
        return (low, high) if math.isfinite(low) and high > low else None

    # -- spans ----------------------------------------------------------------------------------------------------------

    def span_px(self, first_bar: int, last_bar: int) -> tuple[int, int]:
        """Left and right edge (not included) of a run of bars, whole bars."""
        return round(self.axis.x(first_bar - 0.5)), round(self.axis.x(last_bar + 0.5))

    def days_px(self, first_day: int, last_day: int) -> tuple[int, int] | None:
        """Edges of the bars of a run of days; None where no bar holds them or they are out of sight."""
        data = self.given.data
        span = data.index.span(first_day, last_day) if data is not None else None
        if span is None:
            return None
        left, right = self.span_px(*span)
        return (left, right) if right > 0 and left < self.plot_width else None


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _nan_first(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _padded(low: float, high: float, top: int, bottom: int, above: int, below: int, *, log: bool = False) -> Scale:
    """A scale with pixels of room above and below a range; a flat or missing range becomes a small one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high, log = 0.0, 1.0, False
    if high <= low:
        low, high = (low * 0.99, high * 1.01) if low > 0 else (low - 1.0, high + 1.0)
    usable = max(bottom - top - above - below, 1)
    if log:
        span = math.log(high / low)
        return Scale(low * math.exp(-span * below / usable), high * math.exp(span * above / usable), top, bottom, True)
    span = high - low
    return Scale(low - span * below / usable, high + span * above / usable, top, bottom)


def tokens_of(lengths: Sequence[int]) -> list[tuple[int, str]]:
    """Averages with their colour tokens (60 and 120 use the colours of 50 and 150)."""
    alias = {5: "ma-5", 20: "ma-20", 50: "ma-50", 60: "ma-50", 150: "ma-150", 120: "ma-150", 200: "ma-200"}
    return [(length, alias.get(length, "ma-200")) for length in lengths]
