"""Does an answer account for what is missing? Volume decides; prices must agree with the trades that were seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ralphstock_desktop.services.live.minutes import MINUTE_NS, SEEN, DayMinutes, Rows
from ralphstock_desktop.services.live.tracks import Hole, Track

__all__ = ["HoleGroup", "Judgement", "groups_of", "is_due", "judge", "volume_before_open"]

Judgement = Literal["proven", "early", "volume", "trades", "range"]
"""``early``: the last minute is not over. ``volume``: the sums differ. ``trades``: a bar does not hold what was seen in its
minute. ``range``: a price outside the day's range."""


@dataclass(frozen=True, slots=True)
class HoleGroup:
    """Holes that share minutes, and the minutes they touch."""

    first: int
    last: int
    holes: tuple[Hole, ...]

    @property
    def is_loose(self) -> bool:
        """Whether the trades seen in between cannot be trusted."""
        return any(hole.loose for hole in self.holes)


def groups_of(track: Track, minutes: DayMinutes, ticker: str) -> list[HoleGroup]:
    """Put holes that share a minute together, in order of time."""
    spans = minutes.spans(ticker, track)
    parts: list[list[Hole]] = [[] for _ in spans]
    starts = [first for first, _ in spans]
    for hole in track.holes:
        parts[bisect_right(starts, minutes.minute_of(hole.start_ns)) - 1].append(hole)
    return [HoleGroup(first, last, tuple(part)) for (first, last), part in zip(spans, parts, strict=True)]


def is_due(group: HoleGroup, track: Track, minutes: DayMinutes, now_ns: int) -> bool:
    """Whether the volume at the end of the group's last minute is known, or nothing can come any more (market clock)."""
    return track.at_ns >= minutes.open_ns + (group.last + 1) * MINUTE_NS or now_ns >= minutes.end_ns


def judge(group: HoleGroup, track: Track, minutes: DayMinutes, ticker: str, bars: Rows, now_ns: int) -> Judgement:
    """Compare answered bars with what the line of volume says about a group of holes.

    The sum of the answered minutes must be the day's volume so far less the volume seen in all other minutes and less the
    other holes. That holds whatever the trades inside the group were.
    """
    if not is_due(group, track, minutes, now_ns):
        return "early"
    rows = minutes.rows_of(ticker)
    inside = slice(group.first, group.last + 1)
    own, given = rows[inside], bars[inside]
    seen_elsewhere = int(rows["seen"].sum() - own["seen"].sum())
    other_holes = _shares(track.holes) - _shares(group.holes)
    if int(given["volume"].sum()) != track.top - track.base - seen_elsewhere - other_holes:
        return "volume"
    limits = track.range_at(max(hole.high for hole in group.holes))
    traded = given["volume"] > 0
    if limits is not None and traded.any():
        low, high = limits
        if given["low"][traded].min() < low or given["high"][traded].max() > high:
            return "range"
    if group.is_loose:
        return "proven"
    seen = own["state"] == SEEN
    holds = (given["volume"] >= own["seen"]) & (given["high"] >= own["high"]) & (given["low"] <= own["low"])
    whole = seen & (given["volume"] == own["seen"])
    equal = np.logical_and.reduce([given[name] == own[name] for name in ("open", "high", "low", "close")])
    if not holds[seen].all() or not equal[whole].all():
        return "trades"
    return "proven" if _edges_agree(group, own, given) else "trades"


def volume_before_open(group: HoleGroup, track: Track, minutes: DayMinutes, ticker: str, bars: Rows) -> int:
    """Shares that were traded before the official open and are in no bar, as far as bars that add up can prove it.

    The caller has made sure that the bars since the open are all there is of the day by their own count. If they also are what
    was seen after the group, they are not late either, so what they lack of the line's volume was traded before the open.

    Returns
    -------
    int
        0 where nothing is lacking or nothing is proven.
    """
    first = group.holes[0]
    if group.first or first.low or track.base:
        return 0
    rows = minutes.rows_of(ticker)
    over = max((track.at_ns - minutes.open_ns) // MINUTE_NS, 0)
    later = np.zeros(len(rows), dtype=np.bool_)
    later[group.last + 1 : over] = True
    for start, end in minutes.spans(ticker, track):
        later[start : end + 1] = False
    traded = later & (rows["seen"] > 0)
    if not traded.any() or not (bars["volume"][later] == rows["seen"][later]).all():
        return 0
    inside = slice(group.first, group.last + 1)
    seen_elsewhere = int(rows["seen"].sum() - rows["seen"][inside].sum())
    other_holes = _shares(track.holes) - _shares(group.holes)
    lacking = track.top - seen_elsewhere - other_holes - int(bars["volume"][inside].sum())
    return lacking if 0 < lacking <= first.high else 0


def _edges_agree(group: HoleGroup, own: Rows, given: Rows) -> bool:
    """The open of the first minute and the close of the last one are known where trades were seen outside the holes."""
    first, last = own[0], own[-1]
    low, high = min(hole.low for hole in group.holes), max(hole.high for hole in group.holes)
    if first["state"] == SEEN and first["seen"] > 0 and first["first"] < low and given[0]["open"] != first["open"]:
        return False
    return not (last["state"] == SEEN and last["seen"] > 0 and last["last"] > high and given[-1]["close"] != last["close"])


def _shares(holes: Iterable[Hole]) -> int:
    return sum(hole.high - hole.low for hole in holes)
