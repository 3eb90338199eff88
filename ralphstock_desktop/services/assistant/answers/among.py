"""Answers about the stocks of a list shown before: which of them meet a condition, and in what order they stand.

Every value is read anew from the data of the instant looked at; of the list only its symbols are known.
"""

from __future__ import annotations

import numpy as np

from engine.asof.view import known_days
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, bar_known_ns, day_of_index, limit_of
from ralphstock_desktop.services.assistant.answers.screen import ALWAYS, PANEL, AskedFields, line_of, scan_of
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import Part
from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.services.filters.language import FilterError, parse_filter
from ralphstock_desktop.services.filters.scan_rows import ScanFields
from ralphstock_desktop.services.filters.scan_words import scan_vocabulary

__all__ = ["answer_among"]

_MOST = 50
_ORDERS = {"foreign": "foreign_5d", "institution": "institution_5d"}
"""Orders by the field of the scan they are read from, where it has another name."""
_SHOWN = frozenset("price change volume value total vcp smartmoney rs vol_ratio foreign_5d institution_5d flow_5d".split())
"""What gets a column of its own where it was asked for."""


async def answer_among(desk: Desk, draft: AnswerDraft) -> None:
    """Ask the condition and the order of the question of the stocks it is limited to.

    Raises
    ------
    DataUnavailable
        ``error.chat.no_scan`` where there is no scan of the instant.
    RalphStockError
        What made the scan fail.
    """
    writer, question = Writer(desk, draft), draft.question
    picture = scan_of(desk, writer)
    fields = AskedFields(picture)
    rows = [row for ticker in question.among if (row := picture.panel.row_of(ticker)) is not None]
    target = Target("panel", panel=PANEL, item="filter")
    index = picture.scan.day_index
    known = bar_known_ns(picture.panel, index)
    of_list = writer.number("among.list", float(len(rows)), "", "shown", target, known_at_ns=known)
    day = writer.book.add_day("signal.day", day_of_index(picture.panel, index), writer.title("day"), target)
    text = question.filter_text.strip()
    if text:
        shown = writer.add("screen.filter", text, "text", writer.title("filter"), target, text=text, known_at_ns=None)
        try:
            mask = parse_filter(text, scan_vocabulary())(fields)
        except FilterError as error:
            why = writer.foreign(writer.texts(error.key, **error.fields), "screen.problem", target)
            writer.say("screen.unreadable", filter=shown, why=why)
            return
        rows = [row for row in rows if mask[row]]
        count = writer.number("screen.list", float(len(rows)), "", "screen_count", target, known_at_ns=known)
        writer.say(
            "/assistant_follow.met" if rows else "/assistant_follow.none", day=day, of=of_list, filter=shown, count=count
        )
    else:
        key = "named" if question.tickers else "list"
        writer.say(f"/assistant_follow.{key}", day=day, of=of_list)
    if question.first_day is not None and _names_another(writer, question.first_day, question.last_day):
        writer.say("/assistant_follow.latest", day=day)
    if not rows:
        return
    ordered = _in_order(fields, rows, question.order_by)
    if question.order_by:
        name, _, end = question.order_by.partition(":")
        key = f"/assistant_follow.order.{end or 'desc'}"
        writer.say(key, what=writer.foreign(writer.texts(f"table.col.{_ORDERS.get(name, name)}"), "help.figure", target))
    limit = limit_of(question, len(ordered), _MOST)
    _table(writer, fields, ordered[:limit], _columns(fields, question.order_by), known)


def _names_another(writer: Writer, first: object, last: object) -> bool:
    """Whether days were named that are not the last known one."""
    panel = writer.picture.panel
    index = known_days(panel, writer.picture.as_of).bar
    latest = day_of_index(panel, index) if index >= 0 else None
    return first != latest or (last or first) != latest


def _in_order(fields: ScanFields, rows: list[int], order_by: str) -> list[int]:
    """Rows in the order asked for, missing values last; as they were listed without one."""
    name, _, end = order_by.partition(":")
    if not name or not end:
        return rows
    values = fields.filter_keys(_ORDERS.get(name, name))
    sign = 1.0 if end == "asc" else -1.0
    return sorted(rows, key=lambda row: (bool(np.isnan(values[row])), sign * float(np.nan_to_num(values[row]))))


def _columns(fields: AskedFields, order_by: str) -> tuple[str, ...]:
    name = order_by.partition(":")[0]
    asked = [_ORDERS.get(name, name)] if name else []
    asked += [each for each in fields.asked if each in _SHOWN]
    return tuple(dict.fromkeys((*ALWAYS, *asked)))


def _table(writer: Writer, fields: ScanFields, rows: list[int], columns: tuple[str, ...], known: int) -> None:
    lines: list[tuple[Part, ...]] = []
    for place, row in enumerate(rows, 1):
        ticker = str(fields.panel.tickers[row])
        target = Target("cell", panel=PANEL, ticker=ticker, item="name")
        rank = writer.number("rank.place", float(place), "", "rank", target, ticker=ticker)
        lines.append((rank, *line_of(writer, fields, row, columns, known)))
    head = ("col.rank", "col.stock", "col.grade", *(f"/table.col.{name}" for name in columns))
    writer.table(head, lines, (True, False, False, *(True for _ in columns)))
    writer.draft.has_stock = True
    writer.propose("open_panel", "do.symbols", "table", panel=PANEL, ticker="")
