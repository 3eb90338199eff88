"""Which bars are seen and where: the mapping between bars and device pixels, and the memory of views by symbol."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace

from engine.model.chart import Timeframe

__all__ = ["MIN_BARS", "BarAxis", "View", "ViewStore"]

MIN_BARS = 8.0
_STORE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class View:
    """What of a series is seen.

    Attributes
    ----------
    bars : float
        Bars across the plot, empty room at the right included.
    right : float
        Empty bars right of the last one; negative where the last bars are out of sight.
    low, high : float | None
        Price range fixed by hand; None scales by itself.
    log : bool
        Logarithmic price axis.
    base_only : bool
        The pattern's base fills 70 % of the height.
    """

    bars: float
    right: float
    low: float | None = None
    high: float | None = None
    log: bool = False
    base_only: bool = False

    @property
    def is_auto(self) -> bool:
        """Whether the price axis follows the bars in sight."""
        return self.low is None or self.high is None


@dataclass(frozen=True, slots=True)
class BarAxis:
    """Bars along x in device pixels: bar ``i`` is centred on ``x(i)`` and ``step`` wide.

    Attributes
    ----------
    count : int
        Bars of the series.
    width : int
        Width of the plot; its left edge is x = 0.
    bars, right : float
        As in :class:`View`.
    """

    count: int
    width: int
    bars: float
    right: float

    @property
    def step(self) -> float:
        """Pixels per bar."""
        return self.width / self.bars if self.bars > 0 and self.width > 0 else 1.0

    @property
    def end(self) -> float:
        """Bar coordinate of the right edge; a bar covers its number ± 0.5."""
        return self.count - 0.5 + self.right

    def x(self, bar: float) -> float:
        """Centre of a bar (or of any bar coordinate)."""
        return self.width - (self.end - bar) * self.step

    def bar(self, x: float) -> float:
        """Bar coordinate at a pixel."""
        return self.end - (self.width - x) / self.step

    def nearest(self, x: float) -> int | None:
        """Bar under a pixel; None beyond the ends or without bars."""
        number = math.floor(self.bar(x) + 0.5)
        return number if 0 <= number < self.count else None

    def visible(self) -> tuple[int, int]:
        """Bars in sight as a half-open range."""
        first = math.floor(self.bar(0.0) + 0.5)
        last = math.ceil(self.bar(float(self.width)) + 0.5)
        return max(0, min(first, self.count)), max(0, min(last, self.count))

    def limited(self, view: View) -> View:
        """The view with zoom and scroll kept where something can be seen."""
        most = max(self.count * 1.25, 60.0)
        bars = min(max(view.bars, MIN_BARS), most)
        seen = min(3.0, float(self.count))
        right = min(max(view.right, seen - self.count), bars - seen)
        return replace(view, bars=bars, right=right)

    def zoomed(self, view: View, factor: float, x: float) -> View:
        """The view with ``factor`` times as many bars, the bar under ``x`` staying where it is."""
        fixed = self.bar(x)
        bars = min(max(view.bars * factor, MIN_BARS), max(self.count * 1.25, 60.0))
        right = fixed + (self.width - x) * bars / max(self.width, 1) - (self.count - 0.5)
        return self.limited(replace(view, bars=bars, right=right))


class ViewStore:
    """Views by symbol and time frame, the oldest forgotten first; travels as plain data with the layout."""

    def __init__(self, limit: int = _STORE_LIMIT) -> None:
        self._limit = limit
        self._views: OrderedDict[tuple[str, str], View] = OrderedDict()

    def __len__(self) -> int:
        return len(self._views)

    def get(self, ticker: str, timeframe: Timeframe) -> View | None:
        """View the user left a symbol with; None if there is none."""
        key = (ticker, timeframe.value)
        found = self._views.get(key)
        if found is not None:
            self._views.move_to_end(key)
        return found

    def put(self, ticker: str, timeframe: Timeframe, view: View) -> None:
        """Keep a view."""
        key = (ticker, timeframe.value)
        self._views[key] = view
        self._views.move_to_end(key)
        while len(self._views) > self._limit:
            self._views.popitem(last=False)

    def forget(self, ticker: str, timeframe: Timeframe) -> None:
        """Drop a view (after a reset)."""
        self._views.pop((ticker, timeframe.value), None)

    def export(self) -> list[list[object]]:
        """Plain data, oldest first: [ticker, time frame, bars, right, low, high, log, base only]."""
        return [
            [ticker, frame, view.bars, view.right, view.low, view.high, view.log, view.base_only]
            for (ticker, frame), view in self._views.items()
        ]

    def restore(self, saved: object) -> None:
        """Take back what :meth:`export` gave; damaged entries are left out."""
        self._views.clear()
        for entry in saved if isinstance(saved, list) else ():
            kept = _read_entry(entry)
            if kept is not None:
                self.put(*kept)


def _read_entry(entry: object) -> tuple[str, Timeframe, View] | None:
    if not isinstance(entry, list) or len(entry) != 8:
        return None
    ticker, frame, bars, right, low, high, log, base_only = entry
    if not isinstance(ticker, str) or not isinstance(frame, str) or frame not in set(Timeframe):
        return None
    if not (_is_number(bars) and _is_number(right) and bars >= MIN_BARS):
        return None
    fixed = _is_number(low) and _is_number(high) and low < high
    view = View(
        float(bars), float(right), float(low) if fixed else None, float(high) if fixed else None, log is True, base_only is True
    )
    return ticker, Timeframe(frame), view


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
