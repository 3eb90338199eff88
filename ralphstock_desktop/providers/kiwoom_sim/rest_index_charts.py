"""Index charts: ka20004-ka20008, ka20019, and what the other index lists share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimIndex
from ralphstock_desktop.providers.kiwoom_sim.noise import mix, normals, uniforms
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_charts import DAY_PAGE, MINUTE_PAGE, period_starts
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_levels import LevelDays

__all__ = [
    "IndexMinutes",
    "end_of_page",
    "index_daily",
    "index_minutes",
    "index_of",
    "index_period",
    "index_ticks",
    "level_ticks",
    "past_index_minutes",
    "signed_points",
    "today_index_minutes",
    "volume_curve",
    "with_today",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MINUTE_NS = 60_000_000_000
_KST_NS = 9 * 60 * _MINUTE_NS
_TICK_NS = 10_000_000_000


def index_of(call: Call) -> SimIndex:
    code = call.params.text("inds_cd")
    index = call.market.index(code)
    if index is None:
        raise Problem("1517", "inds_cd", f"업종코드가 존재하지 않습니다({code})")
    return index


def signed_points(change: float) -> str:
    text = f"{change:.2f}"
    if text in ("0.00", "-0.00"):
        return "0.00"
    return text if change < 0 else f"+{text}"


def with_today(call: Call, index: SimIndex) -> LevelDays:
    past = call.levels.past(index.code)
    return past.with_today(index, np.datetime64(call.facts.day)) if call.has_today else past


def volume_curve(count: int) -> Floats:
    """How an index's volume grows over ``count`` equal parts of the day: much at the open, some at the close."""
    place = np.arange(1, count + 1) / max(count, 1)
    return np.asarray(0.55 * place + 0.45 * (1.0 - (1.0 - place) ** 2.2))


def end_of_page(call: Call, days: LevelDays) -> int:
    """Position after the newest row of the page."""
    last = w.read_day(call.cursor) if call.cursor else None
    if last is not None:
        return int(np.searchsorted(days.days, np.datetime64(last), side="left"))
    return len(days)


def level_ticks(starts: Ints, bars: Floats, now_ns: int) -> list[tuple[int, float]]:
    """Levels every ten seconds through the minutes' open, extremes and close."""
    found: list[tuple[int, float]] = []
    for start, (opened, high, low, close) in zip(starts.tolist(), bars.tolist(), strict=True):
        path = (opened, low, high, close) if close >= opened else (opened, high, low, close)
        levels = np.interp(np.arange(6) / 5.0 * 3.0, np.arange(4), path)
        found += [(start + n * _TICK_NS, round(float(level), 2)) for n, level in enumerate(levels)]
    return [tick for tick in found if tick[0] <= now_ns]


def _asked_days(call: Call, index: SimIndex) -> LevelDays:
    asked = call.params.day("base_dt", call.facts.day)
    return with_today(call, index).until(np.datetime64(asked))


def _bar(days: LevelDays, n: int, key: str = "dt") -> Row:
    return {
        "cur_prc": w.hundredfold(float(days.close[n])),
        "trde_qty": w.integer(float(days.volume[n]) / 1e3),
        key: w.day_text(days.days[n]),
        "open_pric": w.hundredfold(float(days.open[n])),
        "high_pric": w.hundredfold(float(days.high[n])),
        "low_pric": w.hundredfold(float(days.low[n])),
        "trde_prica": w.integer(float(days.value[n]) / 1e6),
    }


def index_daily(call: Call) -> Reply:
    """ka20006: levels a hundredfold, thousand shares, million won."""
    index = index_of(call)
    return _bars_reply(call, index, _asked_days(call, index), "inds_dt_pole_qry")


def _bars_reply(call: Call, index: SimIndex, days: LevelDays, key: str) -> Reply:
    end = end_of_page(call, days)
    begin = max(end - DAY_PAGE, 0)
    rows = [_bar(days, n) for n in range(end - 1, begin - 1, -1)]
    return Reply({"inds_cd": index.code, key: rows}, w.day_text(days.days[begin]) if begin else "")


def index_period(call: Call, unit: str, key: str) -> Reply:
    """ka20007, ka20008, ka20019: weeks, months, years, labelled by their first trading day."""
    index = index_of(call)
    days = _asked_days(call, index)
    if not len(days):
        return Reply({"inds_cd": index.code, key: []})
    begin = period_starts(days.days, unit)
    end = np.append(begin[1:], len(days)) - 1
    grouped = LevelDays(
        days.days[begin],
        days.open[begin],
        np.maximum.reduceat(days.high, begin),
        np.minimum.reduceat(days.low, begin),
        days.close[end],
        np.add.reduceat(days.volume, begin),
        np.add.reduceat(days.value, begin),
    )
    return _bars_reply(call, index, grouped, key)


@dataclass(frozen=True, eq=False)
class IndexMinutes:
    start_ns: Ints
    bars: Floats
    after: Ints
    """Thousand shares at the end of each minute."""
    previous: float


def past_index_minutes(code: str, days: LevelDays, n: int) -> IndexMinutes:
    """Minutes of an earlier day: a path through its open, high, low and close that is the same at every call."""
    day: date = days.days[n].astype(date)
    begin, end = DEFAULT_SESSIONS.open_ns(day), DEFAULT_SESSIONS.close_ns(day)
    starts = np.append(np.arange(begin, end - 10 * _MINUTE_NS, _MINUTE_NS), end).astype(np.int64)
    count = len(starts)
    opened, high, low, close = (float(part[n]) for part in (days.open, days.high, days.low, days.close))
    noise = mix(7, int(code), day.toordinal(), np.arange(count))
    steps = np.cumsum(normals(noise))
    bridge = steps - np.linspace(steps[0], steps[-1], count)
    width = max(float(np.abs(bridge).max()), 1e-9)
    line = np.clip(np.linspace(opened, close, count) + bridge / width * (high - low) * 0.6, low, high)
    line[-1] = close
    opens = np.append(opened, line[:-1])
    reach = uniforms(noise) * (high - low) * 0.02
    highs, lows = np.minimum(np.maximum(opens, line) + reach, high), np.maximum(np.minimum(opens, line) - reach, low)
    highs[int(np.argmax(highs))], lows[int(np.argmin(lows))] = high, low
    after = (volume_curve(count) * float(np.nan_to_num(days.volume[n])) / 1e3).astype(np.int64)
    previous = float(days.close[n - 1]) if n else opened
    return IndexMinutes(starts, np.column_stack((opens, highs, lows, line)), after, previous)


def today_index_minutes(call: Call, index: SimIndex) -> IndexMinutes:
    starts, bars = call.market.index_minutes(index.code)
    after = (volume_curve(len(starts)) * index.volume_thousand).astype(np.int64)
    return IndexMinutes(starts, bars, after, index.previous)


def index_minutes(call: Call) -> Reply:
    """ka20005: regular hours only, 900 rows a page."""
    index, length = index_of(call), call.params.number("tic_scope", 1)
    asked = min(call.params.day("base_dt", call.facts.day), call.facts.day)
    from_day = w.read_day(call.cursor[:8]) if len(call.cursor) == 14 else None
    before = call.cursor if from_day is not None else ""
    newest = from_day or asked
    days = call.levels.past(index.code).until(np.datetime64(newest))
    first = max(int(np.searchsorted(days.days, np.datetime64(call.facts.day - timedelta(days=366)))), 0)
    parts = [today_index_minutes(call, index)] if newest >= call.facts.day and call.has_today else []
    rows: list[Row] = []
    place = len(days) - 1
    while len(rows) <= MINUTE_PAGE and (parts or place >= first):
        part = parts.pop() if parts else past_index_minutes(index.code, days, place)
        place -= 0 if part.start_ns[:1].size and w.day_text(call.facts.day) == w.stamp(int(part.start_ns[0]))[:8] else 1
        _write_index_minutes(part, length, before, rows)
    cursor = rows[MINUTE_PAGE - 1]["cntr_tm"] if len(rows) > MINUTE_PAGE else ""
    return Reply({"inds_cd": index.code, "inds_min_pole_qry": rows[:MINUTE_PAGE]}, cursor)


def _write_index_minutes(part: IndexMinutes, length: int, before: str, rows: list[Row]) -> None:
    """Sum minutes up and append them newest first."""
    if not len(part.start_ns):
        return
    local = part.start_ns + _KST_NS
    day_ns = 24 * 60 * _MINUTE_NS
    origin = local - local % day_ns + 9 * 60 * _MINUTE_NS
    bucket = (local - origin) // (length * _MINUTE_NS)
    begin = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    end = np.append(begin[1:], len(bucket)) - 1
    highs, lows = np.maximum.reduceat(part.bars[:, 1], begin), np.minimum.reduceat(part.bars[:, 2], begin)
    after = part.after[end]
    volume = np.diff(after, prepend=0)
    starts = origin[begin] + bucket[begin] * length * _MINUTE_NS - _KST_NS
    for n in range(len(begin) - 1, -1, -1):
        stamp = w.stamp(int(starts[n]))
        if before and stamp >= before:
            continue
        close = float(part.bars[end[n], 3])
        change = round((close - part.previous) * 100)
        rows.append(
            {
                "cur_prc": w.hundredfold(close),
                "trde_qty": str(int(volume[n])),
                "cntr_tm": stamp,
                "open_pric": w.hundredfold(float(part.bars[begin[n], 0])),
                "high_pric": w.hundredfold(float(highs[n])),
                "low_pric": w.hundredfold(float(lows[n])),
                "acc_trde_qty": str(int(after[n])),
                "pred_pre": f"--{-change}" if change < 0 else str(change),
                "pred_pre_sig": w.direction(change),
            }
        )


def index_ticks(call: Call) -> Reply:
    """ka20004."""
    index, scope = index_of(call), call.params.number("tic_scope", 1)
    starts, bars = call.market.index_minutes(index.code)
    ticks = level_ticks(starts, bars, call.now_ns)
    volumes = np.diff((volume_curve(len(ticks)) * index.volume_thousand).astype(np.int64), prepend=0).tolist()
    groups = [(ticks[n : n + scope], sum(volumes[n : n + scope])) for n in range(0, len(ticks), scope)]
    left = min(int(call.cursor), len(groups)) if call.cursor.isdigit() else len(groups)
    rows = []
    for group, volume in groups[max(left - MINUTE_PAGE, 0) : left][::-1]:
        levels = [level for _, level in group]
        change = round((levels[-1] - index.previous) * 100)
        rows.append(
            {
                "cur_prc": w.hundredfold(levels[-1]),
                "trde_qty": str(volume),
                "cntr_tm": w.stamp(group[-1][0]),
                "open_pric": w.hundredfold(levels[0]),
                "high_pric": w.hundredfold(max(levels)),
                "low_pric": w.hundredfold(min(levels)),
                "pred_pre": str(change),
                "pred_pre_sig": w.direction(change),
            }
        )
    left -= MINUTE_PAGE
    return Reply({"inds_cd": index.code, "inds_tic_chart_qry": rows}, str(left) if left > 0 else "")
