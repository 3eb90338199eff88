"""Facts about prices, flows and scores against plain twins: the recorded tables themselves, and the scorers called again."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.model.closing import CLOSING_COMPONENTS, Rejection
from engine.model.daytrade import DAY_ITEMS
from engine.model.evidence import ItemState
from engine.model.instants import AsOf, kst_datetime
from engine.model.scan import ITEMS, Grade, VcpState
from engine.scoring.vcp import scan as scan_vcp
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.assistant.desk import AnswerDraft
from ralphstock_desktop.services.strategy.evaluate import Evaluation, evaluate
from ralphstock_desktop.services.strategy.sources import Sources
from tests.acceptance.recorded import MemoryStore, World
from tests.services.assistant.stock.room import PICKED, Room, only
from tests.services.assistant.stock.twin import Twin

pytestmark = pytest.mark.real_data

INSTANTS = (
    AsOf.at(date(2025, 12, 30), 18, 30),  # before the first day with flows
    AsOf.at(date(2026, 1, 2), 9, 30),  # the year opens at ten
    AsOf.at(date(2026, 1, 5), 10, 7, 30),
    AsOf.at(date(2026, 1, 15), 15, 39, 59),
    AsOf.at(date(2026, 1, 15), 15, 40),
    AsOf.at(date(2026, 1, 15), 18, 9, 59),
    AsOf.at(date(2026, 1, 15), 18, 10),
    AsOf.at(date(2026, 2, 17), 11, 0),  # New Year's holidays
    AsOf.at(date(2026, 4, 15), 20, 0),  # halts, new listings
)
SCORED = (INSTANTS[2], INSTANTS[3], INSTANTS[6], INSTANTS[8])
LEAST_SYMBOLS = 40


def _same(value: Any, expected: Any) -> bool:
    if value is None or expected is None:
        return value is None and expected is None
    if isinstance(value, str) or isinstance(expected, str):
        return bool(value == expected)
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-6)


def _some(world: World) -> list[str]:
    """What was picked for its cases, and others up to 44."""
    tickers = [str(ticker) for ticker in world.panel.tickers]
    found = [ticker for ticker in PICKED if ticker in tickers]
    found += [ticker for ticker in tickers if ticker not in found][: 44 - len(found)]
    assert len(found) >= LEAST_SYMBOLS
    return found


async def test_prices_and_flows_are_those_of_the_recorded_tables(cut: World, room: Room, recorded_data: Path) -> None:
    tickers = _some(cut)
    twin = Twin(recorded_data, tickers)
    checked: Counter[str] = Counter()
    wrong: list[str] = []
    for as_of in INSTANTS:
        await room.look_at(as_of)
        now = kst_datetime(as_of.instant_ns).replace(tzinfo=None)
        for ticker in tickers:
            draft = await room.ask(ticker, intents=("flow",))
            for fact in draft.book.facts:
                expected = twin.value_of(fact.name, ticker, fact.day, now)
                if expected is ...:
                    continue
                checked[fact.name] += 1
                if not _same(fact.value, expected):
                    wrong.append(f"{now} {ticker} {fact.name} {fact.day}: {fact.value} is {expected}")
            _of_the_last_bar(twin, draft, ticker, now, wrong)
    assert not wrong, "\n".join(wrong[:20])
    asked = {"bar.close", "bar.change_pct", "bar.value", "bar.high_250", "flow.foreign", "flow.foreign_5d", "flow.pension",
             "flow.known_days", "quote.price", "quote.volume", "bar.halted_since"}  # fmt: skip
    assert asked <= set(checked), asked - set(checked)
    assert checked["bar.close"] > len(INSTANTS) * LEAST_SYMBOLS


def _of_the_last_bar(twin: Twin, draft: AnswerDraft, ticker: str, now: datetime, wrong: list[str]) -> None:
    """The bar spoken of is the last valid one known."""
    valid = twin.valid(ticker, now)
    days = {fact.day for fact in draft.book.facts if fact.name == "bar.close"}
    expected = {valid.index[-1]} if len(valid) else set()
    if days != expected:
        wrong.append(f"{now} {ticker}: bars of {days} instead of {expected}")


async def test_changes_are_those_the_exchange_published(cut: World, room: Room, recorded_data: Path) -> None:
    """The published change in percent is a column of its own, rounded to two decimals."""
    tickers = [str(ticker) for ticker in cut.panel.tickers]
    twin = Twin(recorded_data, tickers)
    as_of = AsOf.at(date(2026, 1, 28), 16, 0)
    await room.look_at(as_of)
    count = 0
    for ticker in tickers:
        rows = twin.published.get(ticker)
        if rows is None or as_of.day not in rows.index:
            continue
        draft = await room.ask(ticker, intents=("price",))
        for fact in draft.book.facts:
            if fact.name == "bar.change_pct" and fact.day == as_of.day and fact.value is not None:
                assert math.isclose(float(fact.value), float(rows.loc[as_of.day, "chg_pct"]), abs_tol=0.00501), ticker
                count += 1
    assert count >= LEAST_SYMBOLS


# -- scores -----------------------------------------------------------------------------------------------------------------


def _again(world: World, as_of: AsOf) -> Evaluation:
    sources = Sources(MemoryStore(world))  # type: ignore[arg-type]
    return evaluate(sources.at(world.panel, as_of, DEFAULT_RULES), DEFAULT_RULES)


def _grade(value: int) -> str:
    return Grade(value).name if value else "-"


async def test_scores_are_those_of_the_scorers(cut: World, room: Room) -> None:
    tickers = [str(ticker) for ticker in cut.panel.tickers]
    chosen = set(_some(cut))
    checked: Counter[str] = Counter()
    wrong: list[str] = []
    for as_of in SCORED:
        await room.look_at(as_of)
        vcp, rest = scan_vcp(cut.panel, as_of, DEFAULT_RULES), _again(cut, as_of)
        closing, day = rest.closing.scan, rest.day.scan
        for row, ticker in enumerate(tickers):
            if ticker not in chosen:
                continue
            expected: dict[str, Any] = {
                "vcp.total": vcp.total_score[row],
                "vcp.score": vcp.vcp_score[row],
                "vcp.smartmoney": vcp.smartmoney_score[row],
                "vcp.grade": _grade(int(vcp.grade[row])),
                "vcp.state": VcpState(int(vcp.state[row])).name,
                "vcp.coverage": vcp.coverage[row],
                "closing.total": closing.total[row],
                "closing.grade": _grade(int(closing.grade[row])),
                "day.score": day.score[row],
                "day.grade": _grade(int(day.grade[row])),
            }
            for column, item in enumerate(ITEMS):
                unknown = vcp.item_state[row, column] == ItemState.UNKNOWN
                expected[f"vcp.item.{item}.points"] = vcp.item_points[row, column]
                if item in ("B2", "B3", "C1", "C2", "C3", "D1", "D2", "F1", "T8", "SM1", "SM2", "SM3") and not unknown:
                    expected[f"vcp.item.{item}.value"] = vcp.item_value[row, column]
            for column, name in enumerate(CLOSING_COMPONENTS):
                if closing.status[row, column] and math.isfinite(closing.total[row]):
                    expected[f"closing.component.{name}"] = closing.points[row, column]
            for column, name in enumerate(DAY_ITEMS):
                expected[f"day.item.{name}.points"] = day.points[row, column]
            drafts = [await room.ask(ticker, intents=("why",), strategies=kinds) for kinds in _KINDS]
            for draft in drafts:
                for fact in draft.book.facts:
                    if fact.name not in expected:
                        continue
                    want = expected[fact.name]
                    want = None if isinstance(want, float) and math.isnan(want) else want
                    checked[fact.name] += 1
                    if not _same(fact.value, want):
                        wrong.append(f"{kst_datetime(as_of.instant_ns)} {ticker} {fact.name}: {fact.value} is {want}")
            if math.isfinite(closing.total[row]):
                failed = {fact.value for fact in drafts[1].book.facts if fact.name == "closing.filter"} - {"GATE"}
                if failed != {bit.name for bit in Rejection if bit and int(closing.rejected[row]) & bit}:
                    wrong.append(f"{kst_datetime(as_of.instant_ns)} {ticker}: filters {failed}")
    assert not wrong, "\n".join(wrong[:20])
    assert {"vcp.total", "closing.total", "day.score", "vcp.item.C1.value", "closing.component.chart"} <= set(checked)
    assert checked["vcp.total"] >= LEAST_SYMBOLS * len(SCORED)


_KINDS = ((), ("CLOSING_BET",), ("DAY_TRADE",))


async def test_the_parts_of_a_total_add_up(cut: World, room: Room) -> None:
    await room.look_at(AsOf.at(date(2026, 1, 28), 18, 30))
    count = 0
    for ticker in map(str, cut.panel.tickers):
        draft = await room.ask(ticker, intents=("why",))
        total = only(draft, "vcp.total", ticker).value
        names = {fact.name: fact.value for fact in draft.book.facts}
        if not isinstance(total, float) or "vcp.smartmoney_part" not in names:
            continue
        vcp, flow = names["vcp.score_part"], names["vcp.smartmoney_part"]
        assert isinstance(vcp, float) and isinstance(flow, float)
        assert abs(vcp + flow - total) <= 0.005 + 1e-9, ticker
        count += 1
    assert count >= LEAST_SYMBOLS
