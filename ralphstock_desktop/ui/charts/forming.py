"""Joins the running day to stored bars: the forming day's candle, today's minutes, gaps as spans of bars. Arithmetic only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.model.chart import ChartSeries, Timeframe
from engine.model.panel import FloatArray
from ralphstock_desktop.services.live_contracts import FormingBar
from ralphstock_desktop.ui.charts.chart_data import LastBar
from ralphstock_desktop.ui.charts.scene import GapBand

__all__ = ["MINUTES", "FormingDay", "bands", "kst_seconds", "last_minutes", "seconds_left", "with_day", "with_minutes"]

MINUTES: dict[Timeframe, int] = {Timeframe.MIN_1: 1, Timeframe.MIN_5: 5, Timeframe.MIN_15: 15, Timeframe.MIN_60: 60}
_KST_S = 9 * 3600
_DAY_S = 86_400


def kst_seconds(instant_ns: int) -> int:
    """Korean wall-clock seconds of an instant, as the times of a series count them."""
    return instant_ns // 1_000_000_000 + _KST_S


def _plain(bar: FormingBar) -> LastBar:
    return LastBar(bar.open, bar.high, bar.low, bar.close, bar.volume_shares, bar.value_krw)


# -- the forming day ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FormingDay:
    """A day, week or month series whose last bar holds the running day.

    Attributes
    ----------
    series : ChartSeries
        With the forming bar at its end.
    before : LastBar or None
        What the last bar held without the running day (weeks and months begun earlier).
    """

    series: ChartSeries
    before: LastBar | None

    def last(self, bar: FormingBar) -> LastBar:
        """The last bar with the running day as it is now."""
        before, now = self.before, _plain(bar)
        if before is None:
            return now
        return LastBar(
            before.open,
            float(np.fmax(before.high, now.high)),
            float(np.fmin(before.low, now.low)),
            now.close,
            before.volume + now.volume,
            before.value + now.value,
        )


def _period(seconds: int, timeframe: Timeframe) -> int:
    day = seconds // _DAY_S
    if timeframe is Timeframe.WEEK:
        return (day + 3) // 7  # 1970-01-01 was a Thursday
    if timeframe is Timeframe.MONTH:
        return int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))
    return day


def with_day(stored: ChartSeries, bar: FormingBar, base: float) -> FormingDay | None:
    """Append the running day to stored day, week or month bars.

    Parameters
    ----------
    base : float
        Base price of the running day in won; NaN if unknown. Where it differs from the last close (a split, a dividend in
        shares), adjusted prices before it are brought to its scale.

    Returns
    -------
    FormingDay or None
        None where the stored bars already hold that day or a later one.
    """
    if not len(stored):
        return None
    seconds = kst_seconds(bar.time_ns)
    last = int(stored.time[-1].astype("datetime64[s]").astype(np.int64))
    if seconds // _DAY_S <= last // _DAY_S:
        return None
    close = float(stored.close[-1])
    scale = base / close if stored.adjusted and base > 0 and close > 0 else 1.0
    scaled = _scaled(stored, scale) if scale != 1.0 else stored
    time = np.datetime64(seconds // _DAY_S * _DAY_S, "s")
    same = stored.timeframe is not Timeframe.DAY and _period(seconds, stored.timeframe) == _period(last, stored.timeframe)
    if not same:
        base_of_bar = close * scale if math.isnan(base) else base
        series = _extended(scaled, len(scaled), np.array([time]), [_plain(bar)], base_of_bar)
        return FormingDay(series, None)
    kept = len(scaled) - 1
    before = LastBar(
        float(scaled.open[-1]), float(scaled.high[-1]), float(scaled.low[-1]), float(scaled.close[-1]),
        float(scaled.volume_shares[-1]), float(scaled.value_krw[-1]),
    )  # fmt: skip
    joined = FormingDay(scaled, before)
    series = _extended(scaled, kept, np.array([time]), [joined.last(bar)], float(scaled.base[-1]))
    return FormingDay(series, before)


def _scaled(series: ChartSeries, scale: float) -> ChartSeries:
    return replace(
        series,
        open=series.open * scale,
        high=series.high * scale,
        low=series.low * scale,
        close=series.close * scale,
        base=series.base * scale,
        volume_shares=series.volume_shares / scale,
        averages={length: values * scale for length, values in series.averages.items()},
    )


def _extended(
    series: ChartSeries, kept: int, time: npt.NDArray[np.datetime64], bars: Sequence[LastBar], base: float
) -> ChartSeries:
    """The first ``kept`` bars of a series with more behind them; averages are continued, flows of new bars are missing."""
    count = len(bars)

    def column(values: FloatArray, more: Sequence[float]) -> FloatArray:
        return np.concatenate((values[:kept], np.asarray(more, dtype=np.float64)))

    nothing = np.full(count, np.nan)
    close = column(series.close, [bar.close for bar in bars])
    return replace(
        series,
        time=np.concatenate((series.time[:kept], time.astype(series.time.dtype))),
        open=column(series.open, [bar.open for bar in bars]),
        high=column(series.high, [bar.high for bar in bars]),
        low=column(series.low, [bar.low for bar in bars]),
        close=close,
        volume_shares=column(series.volume_shares, [bar.volume for bar in bars]),
        value_krw=column(series.value_krw, [bar.value for bar in bars]),
        value_estimated=np.concatenate((series.value_estimated[:kept], np.zeros(count, dtype=np.bool_))),
        base=column(series.base, np.full(count, base).tolist()),
        foreign_krw=column(series.foreign_krw, nothing.tolist()),
        institution_krw=column(series.institution_krw, nothing.tolist()),
        pension_krw=column(series.pension_krw, nothing.tolist()),
        averages={length: _continued(values, close, length, kept) for length, values in series.averages.items()},
    )


def _continued(values: FloatArray, close: FloatArray, length: int, kept: int) -> FloatArray:
    """A moving average carried on over the closes from ``kept`` on; NaN before enough bars exist."""
    found = np.concatenate((values[:kept], np.full(len(close) - kept, np.nan)))
    begin = max(kept, length - 1)
    if begin < len(close):
        windows = np.lib.stride_tricks.sliding_window_view(close[begin - length + 1 :], length)
        found[begin:] = windows.mean(axis=1)
    return found


# -- minutes --------------------------------------------------------------------------------------------------------------


def _buckets(bars: Sequence[FormingBar], length: int) -> list[tuple[int, LastBar]]:
    """Minute bars joined to bars of ``length`` minutes: (start in Korean wall-clock seconds, bar), oldest first."""
    found: list[tuple[int, LastBar]] = []
    for bar in bars:
        seconds = kst_seconds(bar.time_ns)
        start = seconds - seconds % (length * 60)
        if found and found[-1][0] == start:
            whole = found[-1][1]
            found[-1] = (
                start,
                LastBar(
                    whole.open,
                    max(whole.high, bar.high),
                    min(whole.low, bar.low),
                    bar.close,
                    whole.volume + bar.volume_shares,
                    whole.value + bar.value_krw,
                ),
            )
        else:
            found.append((start, _plain(bar)))
    return found


def with_minutes(stored: ChartSeries, bars: Sequence[FormingBar], timeframe: Timeframe, base: float) -> ChartSeries:
    """Today's minutes behind stored ones. Where both hold a time the running market's bar is the newer knowledge.

    ``stored`` may be any series of the symbol without bars of today; one that is not of minutes gives its names only.
    """
    joined = _buckets(bars, MINUTES[timeframe])
    if not stored.timeframe.is_intraday:
        stored = _emptied(stored, timeframe)
    if not joined:
        return stored
    times = stored.time.astype("datetime64[s]").astype(np.int64)
    kept = int(np.searchsorted(times, joined[0][0], side="left"))
    time = np.array([start for start, _ in joined], dtype=np.int64).astype("datetime64[s]")
    return _extended(stored, kept, time, [bar for _, bar in joined], base)


def _emptied(series: ChartSeries, timeframe: Timeframe) -> ChartSeries:
    nothing = np.zeros(0)
    columns = (
        "open", "high", "low", "close", "volume_shares", "value_krw", "base", "foreign_krw", "institution_krw", "pension_krw",
    )  # fmt: skip
    return replace(
        series,
        timeframe=timeframe,
        adjusted=False,
        time=np.zeros(0, dtype="datetime64[s]"),
        value_estimated=np.zeros(0, dtype=np.bool_),
        averages=dict.fromkeys(series.averages, nothing),
        **dict.fromkeys(columns, nothing),  # type: ignore[arg-type]  # all of them are float arrays
    )


def last_minutes(bars: Sequence[FormingBar], timeframe: Timeframe) -> tuple[int, LastBar] | None:
    """Start (Korean wall-clock seconds) and values of the newest bar of a time frame; None before the first minute."""
    length = MINUTES[timeframe]
    joined = _buckets(bars[-length:], length)
    return joined[-1] if joined else None


def seconds_left(now_ns: int, timeframe: Timeframe) -> int:
    """Seconds until the bar of ``timeframe`` that holds an instant ends."""
    length = MINUTES[timeframe] * 60
    return length - kst_seconds(now_ns) % length


def bands(series: ChartSeries, spans: Sequence[tuple[int, int | None, bool, str]]) -> tuple[GapBand, ...]:
    """Gaps as spans of bars: (start, end or None, whether it is filled, words) with times in Korean wall-clock seconds."""
    times = series.time.astype("datetime64[s]").astype(np.int64)
    if not len(times):
        return ()
    found = []
    for start, end, filled, words in spans:
        first = int(np.searchsorted(times, start, side="right")) - 1
        last = len(times) - 1 if end is None else int(np.searchsorted(times, end, side="right")) - 1
        if last >= 0 and (end is None or end >= times[0]):
            found.append(GapBand(max(first, 0), max(last, first, 0), filled, words))
    return tuple(found)
