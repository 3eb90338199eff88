"""Stock charts of minutes and longer: ka10080-ka10083, ka10094."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimMinutes
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Quote
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import NXT_SINCE, VenueCode

__all__ = [
    "DayBars",
    "daily_chart",
    "day_bars",
    "minute_chart",
    "monthly_chart",
    "period_starts",
    "weekly_chart",
    "yearly_chart",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY_PAGE, MINUTE_PAGE = 600, 900
_MINUTE_NS = 60_000_000_000
_KST_NS = 9 * 60 * _MINUTE_NS
_ROLLING = timedelta(days=366)
"""How far back minutes are kept."""


@dataclass(frozen=True, eq=False)
class DayBars:
    """Daily bars up to an asked day, ascending, as a venue and an adjustment see them. Prices in won, value in won."""

    days: npt.NDArray[np.datetime64]
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    base: Ints
    volume: Ints
    value: Floats
    upper: Ints
    lower: Ints
    """Close at a limit of today's row, else 0 (only today's limits are known for certain)."""

    def __len__(self) -> int:
        return len(self.days)


def day_bars(call: Call, quote: Quote | None, newest: date, *, adjusted: bool) -> DayBars:
    """Daily bars of the asked stock up to ``newest``, today's live row included once the market has opened.

    Prices are adjusted only for what is known up to ``newest``: an action after it leaves them alone.
    """
    facts, row = call.facts, call.row
    past = facts.past(row)
    days, columns = past.days, [past.open, past.high, past.low, past.close, past.base, past.volume]
    value, factor = past.value, past.factor
    limits = [np.zeros(len(past), dtype=np.int64)] * 2
    if quote is not None and call.has_today and newest >= facts.day:
        raw = quote.raw
        traded = raw.volume > 0
        price = quote.price or quote.base
        today = (raw.open, raw.high, raw.low, price) if traded else (quote.base,) * 4
        days = np.append(days, np.datetime64(facts.day))
        columns = [np.append(part, new) for part, new in zip(columns, (*today, quote.base, raw.volume), strict=True)]
        value = np.append(value, float(raw.value_krw if traded else 0))
        factor = np.append(factor, facts.today_factor(row))
        limits = [np.append(part, new) for part, new in zip(limits, (raw.upper_limit, raw.lower_limit), strict=True)]
    first = NXT_SINCE if call.venue == VenueCode.NXT else date.min
    keep = slice(int(np.searchsorted(days, np.datetime64(first))), int(np.searchsorted(days, np.datetime64(newest), "right")))
    days, value, factor = days[keep], value[keep], factor[keep]
    columns = [part[keep] for part in columns]
    limits = [part[keep] for part in limits]
    if adjusted and len(days):
        scale = factor[-1] / factor
        columns[:5] = [np.rint(part * scale).astype(np.int64) for part in columns[:5]]
    volume = columns[5]
    if call.venue != VenueCode.KRX:
        since = days >= np.datetime64(NXT_SINCE)
        other = facts.venue_volume(row, volume, call.venue)
        ratio = np.where(volume > 0, other / np.maximum(volume, 1), 1.0)
        volume, value = np.where(since, other, volume), np.where(since, np.floor(value * ratio), value)
    opened, high, low, close, base = columns[:5]
    return DayBars(days, opened, high, low, close, base, volume, value, limits[0], limits[1])


def _is_adjusted(call: Call) -> bool:
    return call.params.text("upd_stkpc_tp", "1") == "1"


def _start(call: Call, name: str = "base_dt") -> date:
    """Newest day of a page: the asked one, or the day before the last one of the page before."""
    if call.cursor:
        found = w.read_day(call.cursor[:8])
        if found is not None:
            return found - timedelta(days=1)
    return min(call.params.day(name, call.facts.day), call.facts.day)


def _adjusted_page(call: Call, size: int) -> tuple[DayBars, range, str]:
    """Bars of a page and the cursor of the next: the scale stays that of the asked day on every page."""
    asked = min(call.params.day("base_dt", call.facts.day), call.facts.day)
    bars = day_bars(call, call.quote(), asked, adjusted=_is_adjusted(call))
    return bars, *_page_of_days(call, bars.days, size)


def _page_of_days(call: Call, days: npt.NDArray[np.datetime64], size: int) -> tuple[range, str]:
    """Positions of a page of ascending days, newest first, and the next cursor (the last day that was given)."""
    end = len(days)
    if call.cursor:
        end = int(np.searchsorted(days, np.datetime64(_start(call)), side="right"))
    begin = max(end - size, 0)
    return range(end - 1, begin - 1, -1), w.day_text(days[begin]) if begin > 0 and end > begin else ""


def _turnover(call: Call, volume: int) -> str:
    return w.rate(w.ratio_pct(volume, int(call.facts.shares[call.row])))


def daily_chart(call: Call) -> Reply:
    """ka10081: unsigned prices, value in million won."""
    bars, page, cursor = _adjusted_page(call, DAY_PAGE)
    closes, bases = bars.close.tolist(), bars.base.tolist()
    opens, highs, lows, volumes = bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.volume.tolist()
    rows = []
    for n in page:
        change = closes[n] - bases[n]
        rows.append(
            {
                "cur_prc": str(closes[n]),
                "trde_qty": str(volumes[n]),
                "trde_prica": str(w.million(float(bars.value[n]))),
                "dt": w.day_text(bars.days[n]),
                "open_pric": str(opens[n]),
                "high_pric": str(highs[n]),
                "low_pric": str(lows[n]),
                "pred_pre": w.signed(change),
                "pred_pre_sig": w.direction(change, at_upper=closes[n] == bars.upper[n], at_lower=closes[n] == bars.lower[n]),
                "trde_tern_rt": _turnover(call, volumes[n]),
            }
        )
    return Reply({"stk_cd": call.item, "stk_dt_pole_chart_qry": rows}, cursor)


def period_starts(days: npt.NDArray[np.datetime64], unit: str) -> npt.NDArray[np.int64]:
    """Positions at which weeks (from Monday), months or years begin."""
    # Day 0 of the calendar was a Thursday; three days earlier is a Monday.
    period = (days.astype(np.int64) + 3) // 7 if unit == "W" else days.astype(f"datetime64[{unit}]").astype(np.int64)
    return np.flatnonzero(np.r_[True, period[1:] != period[:-1]]) if len(days) else np.zeros(0, dtype=np.int64)


def _grouped(call: Call, unit: str, key: str, *, with_change: bool) -> Reply:
    """Weekly, monthly and yearly bars: labelled by their first trading day, value in won."""
    asked = min(call.params.day("base_dt", call.facts.day), call.facts.day)
    bars = day_bars(call, call.quote(), asked, adjusted=_is_adjusted(call))
    begin = period_starts(bars.days, unit)
    labels = bars.days[begin]
    end = np.append(begin[1:], len(bars)) - 1 if len(begin) else begin
    traded_open = np.where(bars.volume > 0, bars.open, bars.close)
    high = np.maximum.reduceat(bars.high, begin) if len(begin) else bars.high
    low = np.minimum.reduceat(bars.low, begin) if len(begin) else bars.low
    volume = np.add.reduceat(bars.volume, begin) if len(begin) else bars.volume
    value = np.add.reduceat(bars.value, begin) if len(begin) else bars.value
    page, cursor = _page_of_days(call, labels, DAY_PAGE)
    rows = []
    for n in page:
        close = int(bars.close[end[n]])
        row = {
            "cur_prc": str(close),
            "trde_qty": str(int(volume[n])),
            "trde_prica": str(int(value[n])),
            "dt": w.day_text(labels[n]),
            "open_pric": str(int(traded_open[begin[n]])),
            "high_pric": str(int(high[n])),
            "low_pric": str(int(low[n])),
        }
        if with_change:
            change = close - int(bars.base[begin[n]])
            row |= {
                "pred_pre": w.signed(change),
                "pred_pre_sig": w.direction(change),
                "trde_tern_rt": _turnover(call, int(volume[n])),
            }
        rows.append(row)
    return Reply({"stk_cd": call.item, key: rows}, cursor)


def weekly_chart(call: Call) -> Reply:
    """ka10082."""
    return _grouped(call, "W", "stk_stk_pole_chart_qry", with_change=True)


def monthly_chart(call: Call) -> Reply:
    """ka10083."""
    return _grouped(call, "M", "stk_mth_pole_chart_qry", with_change=True)


def yearly_chart(call: Call) -> Reply:
    """ka10094: no change and no turnover."""
    return _grouped(call, "Y", "stk_yr_pole_chart_qry", with_change=False)


# -- minutes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Minutes:
    """Bars of one day, ascending, already summed up to the asked length."""

    start_ns: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    after: Ints
    base: int
    upper: int = 0
    """Daily limits; known of the replayed day only, else 0."""
    lower: int = 0


def _summed(minutes: SimMinutes, length: int, volume_after: Ints, scale: float, base: int) -> _Minutes:
    """Sum minutes up into longer bars, counted from midnight, labelled by their start."""
    local = minutes.start_ns + _KST_NS
    width = length * _MINUTE_NS
    midnight = local - local % (24 * 60 * _MINUTE_NS)
    # 45-minute bars do not divide the day: they count from the opening.
    origin = midnight + (9 * 60 * _MINUTE_NS if length == 45 else 0)
    bucket = (local - origin) // width
    begin = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]]) if len(local) else np.zeros(0, dtype=np.int64)
    if not len(begin):
        empty = np.zeros(0, dtype=np.int64)
        return _Minutes(empty, empty, empty, empty, empty, empty, empty, base)
    end = np.append(begin[1:], len(local)) - 1
    after = volume_after[end]

    def won(values: Ints) -> Ints:
        return values if scale == 1.0 else np.rint(values * scale).astype(np.int64)

    return _Minutes(
        start_ns=(origin + bucket * width)[begin] - _KST_NS,
        open=won(minutes.open[begin]),
        high=won(np.maximum.reduceat(minutes.high, begin)),
        low=won(np.minimum.reduceat(minutes.low, begin)),
        close=won(minutes.close[end]),
        volume=np.diff(after, prepend=0),
        after=after,
        base=round(base * scale),
    )


def _day_minutes(call: Call, day: date, length: int, newest_factor: float | None) -> _Minutes | None:
    """Bars of one day of the asked stock; None where it has none."""
    facts, row = call.facts, call.row
    if day == facts.day:
        assert call.today_minutes is not None
        minutes = call.today_minutes
        base, factor = call.quote().base, facts.today_factor(row)
    else:
        past = facts.past(row)
        at = int(np.searchsorted(past.days, np.datetime64(day)))
        if past.volume[at] <= 0:
            return None
        minutes = call.market.minutes(row, day)
        base, factor = int(past.base[at]), float(past.factor[at])
    if not len(minutes.start_ns):
        return None
    after = facts.venue_volume(row, np.asarray(minutes.volume_after, dtype=np.int64), call.venue)
    bars = _summed(minutes, length, after, 1.0 if newest_factor is None else newest_factor / factor, base)
    if day == facts.day and len(bars.start_ns):
        raw = call.quote().raw
        return replace(bars, upper=raw.upper_limit, lower=raw.lower_limit)
    return bars


def _minute_days(call: Call, newest: date) -> list[date]:
    """Days with minutes up to ``newest``, newest first, not older than the rolling year."""
    facts = call.facts
    first = np.datetime64(facts.day - _ROLLING)
    if call.venue == VenueCode.NXT:
        first = max(first, np.datetime64(NXT_SINCE))
    past = facts.past(call.row).days
    days = [day.astype(date) for day in past[(past >= first) & (past <= np.datetime64(newest))]]
    if newest >= facts.day:
        days.append(facts.day)
    return days[::-1]


def _stamp_parts(cursor: str) -> tuple[date | None, str]:
    return (w.read_day(cursor[:8]), cursor) if len(cursor) == 14 else (None, "")


def minute_chart(call: Call) -> Reply:
    """ka10080: 900 rows a page whatever their length; a page may end in the middle of a day."""
    facts, length = call.facts, call.params.number("tic_scope", 1)
    asked = min(call.params.day("base_dt", facts.day), facts.day)
    if asked < facts.day - _ROLLING:
        return Reply({"stk_cd": call.item, "stk_min_pole_chart_qry": [dict.fromkeys(_MINUTE_FIELDS, "")]})
    from_day, before = _stamp_parts(call.cursor)
    days = _minute_days(call, from_day or asked)
    factor = None
    if _is_adjusted(call) and days:
        newest = _minute_days(call, asked)[0]
        past = facts.past(call.row)
        factor = (
            facts.today_factor(call.row)
            if newest == facts.day
            else float(past.factor[np.searchsorted(past.days, np.datetime64(newest))])
        )
    rows: list[Row] = []
    cursor = ""
    for number, day in enumerate(days):
        bars = _day_minutes(call, day, length, factor)
        if bars is None:
            continue
        _write_minutes(bars, before, rows)
        if len(rows) > MINUTE_PAGE or (len(rows) == MINUTE_PAGE and number + 1 < len(days)):
            del rows[MINUTE_PAGE:]
            cursor = rows[-1]["cntr_tm"]
            break
    return Reply({"stk_cd": call.item, "stk_min_pole_chart_qry": rows}, cursor)


_MINUTE_FIELDS = (
    "cur_prc",
    "trde_qty",
    "cntr_tm",
    "open_pric",
    "high_pric",
    "low_pric",
    "acc_trde_qty",
    "pred_pre",
    "pred_pre_sig",
)


def _write_minutes(bars: _Minutes, before: str, rows: list[Row]) -> None:
    """Append the bars of a day newest first, only those that began before a stamp."""
    base = bars.base
    columns = [part.tolist() for part in (bars.start_ns, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.after)]
    for start, opened, high, low, close, volume, after in reversed(list(zip(*columns, strict=True))):
        stamp = w.stamp(start)
        if before and stamp >= before:
            continue
        change = close - base
        rows.append(
            {
                "cur_prc": w.price(close, base),
                "trde_qty": str(volume),
                "cntr_tm": stamp,
                "open_pric": w.price(opened, base),
                "high_pric": w.price(high, base),
                "low_pric": w.price(low, base),
                "acc_trde_qty": str(after),
                "pred_pre": w.signed(change),
                "pred_pre_sig": w.direction(change, at_upper=close == bars.upper, at_lower=close == bars.lower),
            }
        )
