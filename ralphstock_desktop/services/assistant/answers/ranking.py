"""Answers that put stocks in order: by traded value, change, flows …, of the last day or of days that were named; and the lists
of what happened on a day: new highs and lows, price limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.asof.view import known_days
from engine.calendar.limits import lower_limits, upper_limits
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.errors import DataUnavailable
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.services.assistant.answers.general import tell_absent
from ralphstock_desktop.services.assistant.answers.market_parts import (
    Writer,
    bar_known_ns,
    day_of_index,
    fits,
    limit_of,
    problem_of,
)
from ralphstock_desktop.services.assistant.answers.screen import tell_left_out
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant.triggers import phrase
from ralphstock_desktop.services.assistant_contracts import Fact, Spans, Target, Unit
from ralphstock_desktop.services.filters.language import FilterError, parse_filter
from ralphstock_desktop.services.filters.scan_rows import ScanFields
from ralphstock_desktop.services.filters.scan_words import scan_vocabulary

__all__ = ["answer_ranking"]

_USUAL, _MOST = 10, 50
_FLOW_DAYS, _HIGH_BARS = 5, 250
_PANEL = "symbols"
_OF_SCAN = {"reward_risk": "reward_risk", "rs": "rs", "smartmoney": "smartmoney", "vol_ratio": "vol_ratio"}
"""Orders whose values are those of the scan on screen."""
_FLOWS = frozenset(("foreign", "institution", "pension"))
_STREAKS = {"foreign_streak": "foreign", "institution_streak": "institution"}
"""Lists of those bought on each of the last days, by whose flows."""
_MOVES = {"up_streak": 1.0, "down_streak": -1.0}
"""Lists of those that rose, or fell, on each of the last days."""
_LISTS = frozenset(("new_high", "new_low", "limit_up", "limit_down", *_STREAKS, *_MOVES))
_STREAK_DAYS = 3
_UNITS: dict[str, tuple[Unit, int | None]] = {
    "price": ("won", None), "value": ("krw", None), "volume": ("shares", None), "change": ("%", 2), "foreign": ("krw", None),
    "institution": ("krw", None), "pension": ("krw", None), "reward_risk": ("", 2), "rs": ("", 0),
    "smartmoney": ("points", 1), "vol_ratio": ("×", 2),
}  # fmt: skip

_SELLS = phrase("order_selling")
_AND = re.compile(r"\s(?:그리고|and)\s")
_IMPLIED = {
    name: re.compile(rf"(?:{words}) [<>] 0")
    for name, words in (
        ("change", "등락률|change"),
        ("up_streak", "등락률|change"),
        ("down_streak", "등락률|change"),
        ("foreign", "외국인|foreign"),
        ("institution", "기관|institution"),
        ("foreign_streak", "외국인|foreign"),
        ("institution_streak", "기관|institution"),
    )
}
"""Conditions that only repeat what the list is put in order by."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Days:
    """Panel days a ranking is over, both ends included, and until when they were known."""

    first: int
    last: int
    known_ns: int


async def answer_ranking(desk: Desk, draft: AnswerDraft) -> None:
    """Put the stocks in the order that was asked for, or list those to which it happened.

    Raises
    ------
    DataUnavailable
        ``error.chat.no_scan`` where values of the scan are asked for and there is none of the instant.
    """
    writer = Writer(desk, draft)
    name, _, end = draft.question.order_by.partition(":")
    panel = writer.picture.panel
    days = _days_of(writer, panel, name)
    if days is None:
        writer.say("rank.none", when=writer.now())
        return
    limits = _limits(draft.question.filter_text, name)
    if draft.question.absent:
        tell_absent(writer)  # what no data hold limits no list: said, never passed over
    tell_left_out(writer)
    if name in _OF_SCAN or limits:
        problem_of(desk.workstation.scan_state.last)
        picture = desk.workstation.scans.last
        if picture is None or not fits(picture.scan.as_of, writer.picture) or picture.panel is not panel:
            raise DataUnavailable("There is no scan of this instant.", key="error.chat.no_scan")
        fields = ScanFields(picture.panel, picture.scan)
    else:
        fields = None
    wanted = panel.valid[:, days.last].copy()
    if limits and fields is not None:
        text = limits
        target = Target("panel", panel=_PANEL, item="filter")
        shown = writer.add("screen.filter", text, "text", writer.title("filter"), target, text=text, known_at_ns=None)
        try:
            wanted &= parse_filter(text, scan_vocabulary())(fields)
        except FilterError as error:
            why = writer.foreign(writer.texts(error.key, **error.fields), "screen.problem", target)
            writer.say("screen.unreadable", filter=shown, why=why)
            return
        writer.say("rank.among", filter=shown)
    if name in _LISTS:
        _tell_list(writer, panel, name, days, wanted)
    elif name in _OF_SCAN and fields is not None:
        _tell(writer, panel, name, end, days, wanted, fields.filter_keys(_OF_SCAN[name]))
    else:
        _tell(writer, panel, name, end, days, wanted, _values(panel, name, days))


def _limits(line: str, name: str) -> str:
    """The conditions that limit which stocks are put in order; what only says by which quantity ("bought", "risen") is left
    out."""
    implied = _IMPLIED.get(name)
    found = [part for part in _AND.split(line) if part]
    parts = [part for part in found if implied is None or not implied.fullmatch(part.strip())]
    joint = _AND.search(line)
    return (joint.group(0) if joint is not None else " ").join(parts)


def _days_of(writer: Writer, panel: MarketPanel, name: str) -> _Days | None:
    """The days asked about, as far as they are known; by default the last one, for flows the last five."""
    question = writer.draft.question
    known = known_days(panel, writer.picture.as_of)
    of_flows = name in _FLOWS or name in _STREAKS
    latest = known.flow if of_flows else known.bar
    if latest < 0:
        return None
    asked_first, asked_last = question.first_day, question.last_day or question.first_day
    last = latest if asked_last is None or name in _OF_SCAN else min(panel.day_index(asked_last), latest)
    first = last
    if name in _STREAKS or name in _MOVES:
        last = latest
        first = max(last - max(question.days or _STREAK_DAYS, 1) + 1, 0)
    elif asked_first is not None and name not in _OF_SCAN:
        first = min(max(panel.day_index(asked_first), 0), last)
    elif name in _FLOWS and not _says_today(question.text):
        first = max(last - _FLOW_DAYS + 1, 0)
    if last < 0:
        return None
    day = day_of_index(panel, last)
    known_ns = DEFAULT_SESSIONS.confirmed_flow_ns(day) if of_flows else bar_known_ns(panel, last)
    return _Days(first, last, known_ns)


def _says_today(text: str) -> bool:
    return any(word in text.casefold() for word in ("오늘", "금일", "당일", "하루", "today"))


def _values(panel: MarketPanel, name: str, days: _Days) -> FloatArray:
    """What is ordered by, shape (symbols,); NaN where missing."""
    span = slice(days.first, days.last + 1)
    if name == "change":
        return _change(panel, days.first, days.last)
    if name == "price":
        return np.where(panel.valid[:, days.last], panel.close_krw[:, days.last].astype(np.float64), np.nan)
    if name == "volume":
        scale = panel.factor[:, span] / panel.factor[:, [days.last]]
        return np.asarray((np.where(panel.valid[:, span], panel.volume_shares[:, span], 0) * scale).sum(axis=1))
    if name == "value":
        ends = panel.high_krw[:, span].astype(np.float64) + panel.low_krw[:, span]
        typical = (ends + panel.open_krw[:, span] + panel.close_krw[:, span]) / 4.0 * panel.volume_shares[:, span]
        value = np.where(np.isnan(panel.value_krw[:, span]), typical, panel.value_krw[:, span])
        return np.asarray(np.where(panel.valid[:, span], value, 0.0).sum(axis=1))
    arrays = {"foreign": panel.foreign_krw, "institution": panel.institution_krw, "pension": panel.pension_krw}
    flows = arrays[name][:, span]
    counted = ~np.isnan(flows)
    return np.where(counted.any(axis=1), np.where(counted, flows, 0.0).sum(axis=1), np.nan)


def _change(panel: MarketPanel, first: int, last: int) -> FloatArray:
    """Change of one day against its base price, or from the close before the first day, adjusted; percent."""
    close = panel.close_krw[:, last].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if first == last or first == 0:
            return np.where(panel.base_krw[:, last] > 0, 100.0 * (close / panel.base_krw[:, last] - 1.0), np.nan)
        before = panel.close_krw[:, first - 1] * (panel.factor[:, last] / panel.factor[:, first - 1])
        return np.where(panel.present[:, first - 1] & (before > 0), 100.0 * (close / before - 1.0), np.nan)


def _tell(writer: Writer, panel: MarketPanel, name: str, end: str, days: _Days, wanted: np.ndarray, values: FloatArray) -> None:
    rows = np.flatnonzero(wanted & ~np.isnan(values))
    if name in _FLOWS or name == "change":
        # Sellers are no buyers of little: only what is meant by the word is listed.
        rows = rows[values[rows] < 0] if end == "asc" else rows[values[rows] > 0]
    sign = 1.0 if end == "asc" else -1.0
    order = rows[np.lexsort((rows, sign * values[rows]))]
    limit = limit_of(writer.draft.question, _USUAL, _MOST)
    best = order[:limit]
    target = Target("panel", panel=_PANEL, item="filter")
    if not len(best):
        first = _first_flow_day(panel) if name in _FLOWS else None
        if first is not None and days.last < first:
            day = writer.book.add_day("rank.day", day_of_index(panel, first), writer.title("day"), target)
            writer.say("rank.no_flows", day=day)
        else:
            writer.say("rank.none", when=writer.now())
        return
    count = writer.number("screen.list", float(len(order)), "", "screen_count", target, known_at_ns=days.known_ns)
    shown = writer.number("screen.shown", float(len(best)), "", "shown", target)
    title = writer.texts(writer.key(f"rank.order.{name}.{end}"))
    writer.say("rank.line", order=title, count=count, shown=shown, when=_when(writer, panel, days))
    _table(writer, panel, best, days, name, values)


def _first_flow_day(panel: MarketPanel) -> int | None:
    """Index of the first day with flows of any symbol; None where there are none."""
    known = np.flatnonzero(~np.isnan(panel.foreign_krw).all(axis=0))
    return int(known[0]) if len(known) else None


def _when(writer: Writer, panel: MarketPanel, days: _Days) -> Spans:
    target = Target("panel", panel=_PANEL, item="filter")
    last = writer.book.add_day("rank.day", day_of_index(panel, days.last), writer.title("day"), target)
    if days.first == days.last:
        return writer.line("rank.day", day=last)
    first = writer.book.add_day("rank.day", day_of_index(panel, days.first), writer.title("day"), target)
    return writer.line("rank.days", first=first, last=last)


def _tell_list(writer: Writer, panel: MarketPanel, name: str, days: _Days, wanted: np.ndarray) -> None:
    """Symbols to which it happened on the last of the days, the most traded first."""
    if name in _STREAKS or name in _MOVES:
        _tell_streak(writer, panel, name, days, wanted)
        return
    day = _Days(days.last, days.last, days.known_ns)
    happened = np.logical_or.reduce([_happened(panel, name, index) for index in range(days.first, days.last + 1)])
    rows = np.flatnonzero(wanted & happened)
    value = _values(panel, "value", day)
    order = rows[np.lexsort((rows, -value[rows]))]
    target = Target("panel", panel=_PANEL, item="filter")
    count = writer.number("screen.list", float(len(order)), "", "screen_count", target, known_at_ns=day.known_ns)
    if name.startswith("new"):
        bars = writer.number("rank.bars", float(_HIGH_BARS), "bars", "rank_bars", target)
        what = writer.line(f"rank.list.{name}", bars=bars)
    else:
        what = writer.line(f"rank.list.{name}")
    when = _when(writer, panel, days)
    if not len(order):
        writer.say("rank.list.none", what=what, when=when, count=count)
        return
    limit, shown = _shown(writer, len(order), target)
    writer.say("rank.list.line", what=what, when=when, count=count, shown=shown)
    _table(writer, panel, order[:limit], day, "value", value)


def _shown(writer: Writer, found: int, target: Target) -> tuple[int, Fact]:
    """How many rows of a list are shown at most, and the number of those that are as a fact."""
    limit = limit_of(writer.draft.question, _USUAL, _MOST)
    return limit, writer.number("screen.shown", float(min(limit, found)), "", "shown", target)


def _tell_streak(writer: Writer, panel: MarketPanel, name: str, days: _Days, wanted: np.ndarray) -> None:
    """Symbols bought (or sold) on each of the last days, those of the largest sum first; a missing day breaks a streak."""
    target = Target("panel", panel=_PANEL, item="filter")
    length = writer.number("rank.streak_days", float(days.last - days.first + 1), "days", "rank_streak", target)
    if name in _MOVES:
        column, sign = "change", _MOVES[name]
        each = _moved(panel, days, sign)
        what = writer.line(f"rank.list.{name}", days=length)
    else:
        column = _STREAKS[name]
        sign = -1.0 if _SELLS.search(writer.draft.question.text.casefold()) is not None else 1.0
        flows = (panel.foreign_krw if column == "foreign" else panel.institution_krw)[:, days.first : days.last + 1]
        with np.errstate(invalid="ignore"):
            each = np.asarray((sign * flows > 0).all(axis=1))
        what = writer.line(f"rank.list.{column}_{'sold' if sign < 0 else 'bought'}", days=length)
    rows = np.flatnonzero(wanted & each)
    sums = _values(panel, column, days)
    order = rows[np.lexsort((rows, -sign * sums[rows]))]
    count = writer.number("screen.list", float(len(order)), "", "screen_count", target, known_at_ns=days.known_ns)
    when = _when(writer, panel, days)
    if not len(order):
        writer.say("rank.list.none", what=what, when=when, count=count)
        return
    limit, shown = _shown(writer, len(order), target)
    writer.say("rank.list.line_sum", what=what, when=when, count=count, shown=shown)
    _table(writer, panel, order[:limit], days, column, sums)


def _moved(panel: MarketPanel, days: _Days, sign: float) -> npt.NDArray[np.bool_]:
    """Whether the close went one way on each of the days, against its base price; a day without trading breaks a streak."""
    span = slice(days.first, days.last + 1)
    valid, base = panel.valid[:, span], panel.base_krw[:, span]
    with np.errstate(invalid="ignore"):
        return np.asarray((valid & (base > 0) & (sign * (panel.close_krw[:, span] - base) > 0)).all(axis=1))


def _happened(panel: MarketPanel, name: str, last: int) -> npt.NDArray[np.bool_]:
    if name.startswith("limit"):
        base, close = panel.base_krw[:, last], panel.close_krw[:, last].astype(np.float64)
        limits = upper_limits if name == "limit_up" else lower_limits
        bounds = limits(np.where(base > 0, base, np.nan), panel.market, day_of_index(panel, last), panel.security_type)
        with np.errstate(invalid="ignore"):
            return np.asarray(close >= bounds if name == "limit_up" else close <= bounds)
    first = max(last - _HIGH_BARS + 1, 0)
    span, valid = slice(first, last + 1), panel.valid[:, first : last + 1]
    scale = panel.factor[:, [last]] / panel.factor[:, span]
    known = valid[:, :-1].sum(axis=1) >= _HIGH_BARS // 2  # a stock just listed makes no high of the year
    if name == "new_high":
        highs = np.where(valid, panel.high_krw[:, span] * scale, -np.inf)
        return np.asarray(known & (highs[:, -1] >= highs.max(axis=1)))
    lows = np.where(valid, panel.low_krw[:, span] * scale, np.inf)
    return np.asarray(known & (lows[:, -1] <= lows.min(axis=1)))


def _table(writer: Writer, panel: MarketPanel, rows: Rows, days: _Days, name: str, values: FloatArray) -> None:
    unit, decimals = _UNITS[name]
    head = ["col.rank", "col.stock", "/table.col.price", "col.change"]
    change, is_change = _change(panel, days.last, days.last), name == "change" and days.first == days.last
    if not is_change and name != "price":
        head.append(f"rank.col.{name}")
    day, known = day_of_index(panel, days.last), days.known_ns
    cells: list[tuple[Part, ...]] = []
    for place, row in enumerate(rows.tolist(), 1):
        ticker = str(panel.tickers[row])

        def target(column: str, ticker: str = ticker) -> Target:
            return Target("cell", panel=_PANEL, ticker=ticker, item=column)

        def cell(column: str, value: float, unit: Unit, title: str, decimals: int | None = None, ticker: str = ticker) -> Part:
            if np.isnan(value):
                return writer.line("missing")
            return writer.add(
                f"rank.{column}", value, unit, title, Target("cell", panel=_PANEL, ticker=ticker, item=column), ticker=ticker,
                day=day, known_at_ns=known, decimals=decimals, plus=column in ("change", "foreign", "institution", "pension"),
            )  # fmt: skip

        line: list[Part] = [
            writer.number("rank.place", float(place), "", "rank", target("name"), ticker=ticker),
            writer.stock(ticker, panel, target("name")),
            cell("price", float(panel.close_krw[row, days.last]), "won", writer.texts("table.col.price")),
            cell("change", float(change[row]), "%", writer.title("change"), 2),
        ]
        if not is_change and name != "price":
            line.append(
                cell(
                    name if name != "change" else "return",
                    float(values[row]),
                    unit,
                    writer.texts(writer.key(f"rank.col.{name}")),
                    decimals,
                )
            )
        cells.append(tuple(line))
    writer.table(head, cells, (True, False, *(True for _ in head[2:])))
    writer.draft.has_stock = True
    writer.propose("open_panel", "do.symbols", "table", panel=_PANEL, ticker="")
