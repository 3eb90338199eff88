"""The 120 questions of ``tests/services/assistant/questions.json`` over the whole recorded market, answered without a model; and
those of ``questions_more.json``, put as traders type them: without spaces, with nicknames, elliptic, or about what is in no data.

Each must be read from the right place (what an honest answer has to contain is in it), every number of every answer is a link,
and the values the links stand for are those of the recorded tables and of the scorers, read and computed again another way.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from engine.features import acceleration as scan_acceleration
from engine.model.instants import AsOf, kst_datetime, kst_ns
from engine.model.scan import Grade
from engine.performance import acceleration as life_acceleration
from engine.scoring.vcp import scan as scan_vcp
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.assistant_contracts import Answer, Fact, spans_of
from ralphstock_desktop.services.strategy.evaluate import evaluate
from ralphstock_desktop.services.strategy.sources import Sources
from tests.acceptance.recorded import MemoryStore, World, load_world
from tests.services.assistant.conftest import AssistantDesk
from tests.services.assistant.stock.twin import Twin

pytestmark = pytest.mark.real_data

QUESTIONS = Path(__file__).parent.parent / "services" / "assistant" / "questions.json"
MORE = QUESTIONS.with_name("questions_more.json")
LEAST_RIGHT = 0.95
_DIGIT = re.compile(r"\d")
_SAME = {  # one quantity, named by what it is read from
    "bar.close": ("bar.close", "quote.price"),
    "bar.change_pct": ("bar.change_pct", "quote.change_pct", "bar.return_pct"),
    "flow.foreign_5d": ("flow.foreign_5d", "flow.foreign_sum"),
    "flow.institution_5d": ("flow.institution_5d", "flow.institution_sum"),
    "vcp.total": ("vcp.total", "vcp.score"),
    "news.count": ("news.count", "news.clusters"),
    "record.mean_net": ("record.mean_net", "record.n"),
    "gate.score": ("gate.score",),
}
"""Where a value may be missing honestly (too few cases, a running day) or days were named, its stand-in counts."""
SCORED = frozenset(("gate.status", "gate.score", "vcp.total", "vcp.grade", "vcp.smartmoney", "closing.total", "day.score"))
"""Values that the scorers, run again, have to give."""


@dataclass(frozen=True)
class Asked:
    """One question with its answer."""

    row: dict[str, Any]
    as_of: AsOf
    answer: Answer


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    before = scan_acceleration._compiled
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    yield
    scan_acceleration._compiled = before


@pytest.fixture(scope="module")
def world(recorded_data: Path) -> World:
    return load_world(recorded_data)


@pytest.fixture(scope="module")
def again(world: World) -> Again:
    """Shared by both files of questions: an instant is scored once."""
    return Again(world)


def _as_of(text: str) -> AsOf:
    moment = datetime.fromisoformat(text)
    return AsOf(kst_ns(moment.date(), moment.hour, moment.minute, moment.second))


def unlinked(answer: Answer) -> list[str]:
    """Spans that hold a digit and are no link."""
    return [span.text for span in spans_of(answer.blocks) if not span.fact and _DIGIT.search(span.text)]


def holds(each: Asked, name: str, planned: set[str]) -> bool:
    """Whether an answer speaks of a quantity, or offers what was asked for."""
    kind, _, what = name.partition(".")
    if kind == "offer":
        return any(proposal.action == what for proposal in each.answer.proposals)
    names = {fact.name for fact in each.answer.facts}
    if kind == "plan" and not planned & set(each.row["tickers"]):
        return "plan.stop" not in names  # no signal, no plan: any price would be invented
    return any(same in names for same in _SAME.get(name, (name,)))


async def ask_all(rows: list[dict[str, Any]], world: World, folder: Path) -> tuple[list[Asked], list[str]]:
    """Ask every question in a conversation of its own at its instant; the answers, and what failed."""
    desk = AssistantDesk(world, folder, outside=False)
    asked: list[Asked] = []
    failed: list[str] = []
    try:
        await desk.open(_as_of("2026-01-28T18:30:00+09:00"))
        for instant, group in groupby(sorted(rows, key=lambda row: row["as_of"]), key=lambda row: row["as_of"]):
            await desk.look_at(_as_of(instant))
            for row in group:
                desk.assistant.new_session()
                await desk.assistant.idle()
                if row["previous"]:
                    await desk.ask(row["previous"], row["screen_ticker"] or "")
                turn = await desk.ask(row["text"], row["screen_ticker"] or "")
                if turn.answer is None:
                    failed.append(f"{row['id']} {row['text']}: {turn.error}")
                    continue
                asked.append(Asked(row, _as_of(instant), turn.answer))
    finally:
        await desk.close()
    return asked, failed


async def test_the_120_questions(qapp: QApplication, world: World, again: Again, tmp_path: Path, recorded_data: Path) -> None:
    rows = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    assert len(rows) == 120 and Counter(row["language"] for row in rows) == {"ko": 60, "en": 60}
    asked, failed = await ask_all(rows, world, tmp_path)
    planned = {as_of: again.planned(as_of) for as_of in {each.as_of for each in asked}}
    missing = []
    for each in asked:
        left = [name for name in each.row["must_read"] if not holds(each, name, planned[each.as_of])]
        if left:
            missing.append(f"{each.row['id']} {each.row['text']}: without {left}")
    loose = [f"{each.row['id']} {each.row['text']}: {unlinked(each.answer)}" for each in asked if unlinked(each.answer)]
    wrong, compared = values_again(asked, world, recorded_data, again)
    total = sum(each.answer.numbers for each in asked)
    report = [
        f"right retrieval {120 - len(missing) - len(failed)} of 120, numbers {total}, compared {sum(compared.values())}",
        *failed, *missing, *loose, *wrong,
    ]  # fmt: skip
    if os.environ.get("RALPHSTOCK_SHOW_QUESTIONS"):
        sys.stdout.write("\n".join(report) + "\n")
    assert not loose and not wrong and not failed, "\n".join(report)
    assert all(each.answer.numbers == each.answer.linked for each in asked)
    assert len(missing) <= 120 * (1 - LEAST_RIGHT), "\n".join(report)
    assert total > 1_500 and sum(compared.values()) > 500


async def test_more_questions_as_traders_put_them(
    qapp: QApplication, world: World, again: Again, tmp_path: Path, recorded_data: Path
) -> None:
    rows = json.loads(MORE.read_text(encoding="utf-8"))
    assert len(rows) >= 100 and {row["language"] for row in rows} == {"ko", "en"}
    asked, failed = await ask_all(rows, world, tmp_path)
    planned = {as_of: again.planned(as_of) for as_of in {each.as_of for each in asked}}
    missing = [
        f"{each.row['id']} {each.row['text']}: without {left}"
        for each in asked
        if (left := [name for name in each.row["must_read"] if not holds(each, name, planned[each.as_of])])
    ]
    loose = [f"{each.row['id']} {each.row['text']}: {unlinked(each.answer)}" for each in asked if unlinked(each.answer)]
    invented = [
        f"{each.row['id']} {each.row['text']}: {names}"
        for each in asked
        if not each.row["tickers"] and each.row.get("unknown_names")
        if (names := [fact.name for fact in each.answer.facts if fact.ticker])
    ]
    wrong, compared = values_again(asked, world, recorded_data, again)
    report = "\n".join([*failed, *missing, *loose, *invented, *wrong])
    assert not failed and not loose and not wrong and not invented, report
    assert len(missing) <= len(rows) * (1 - LEAST_RIGHT), report
    assert sum(compared.values()) > 200


def values_again(asked: list[Asked], world: World, recorded_data: Path, again: Again) -> tuple[list[str], Counter[str]]:
    """Compare facts with the recorded tables (prices, flows) and with the scorers run again (scores, gate)."""
    tickers = sorted({fact.ticker for each in asked for fact in each.answer.facts if fact.ticker})
    twin = Twin(recorded_data, tickers)
    wrong: list[str] = []
    compared: Counter[str] = Counter()
    for as_of, group in groupby(sorted(asked, key=lambda each: each.as_of.instant_ns), key=lambda each: each.as_of):
        now = kst_datetime(as_of.instant_ns).replace(tzinfo=None)
        for each in group:
            for fact in each.answer.facts:
                want: Any = ...
                if fact.name in SCORED:
                    # A difference speaks of an earlier day, too: of all that was known by its end.
                    when = as_of if fact.day is None or fact.day >= last_bar(world, as_of) else AsOf.end_of(fact.day)
                    want = again.scores(when).get((fact.name, fact.ticker), ...)
                if want is ... and fact.ticker and fact.name.split(".")[0] in ("bar", "flow", "quote"):
                    want = twin.value_of(fact.name, fact.ticker, fact.day, now)
                if want == "not in the window" and fact.day is not None:  # the user named other days than the last five
                    want = twin.flow(fact.ticker, fact.day, fact.name.partition(".")[2])
                if want is ...:
                    continue
                compared[fact.name] += 1
                if not same(fact, want):
                    wrong.append(f"{each.row['id']} {fact.name} {fact.ticker} {fact.day}: {fact.value} is {want}")
    return wrong, compared


def same(fact: Fact, want: Any) -> bool:
    """Whether a fact's value is what was read again (missing is missing)."""
    if want is None or (isinstance(want, float) and math.isnan(want)):
        return fact.value is None
    if isinstance(want, str) or isinstance(fact.value, str) or fact.value is None:
        return str(fact.value) == str(want)
    return math.isclose(float(fact.value), float(want), rel_tol=1e-9, abs_tol=1e-9)


@cache
def _known_bars(first: bytes) -> list[date]:
    days: list[date] = np.frombuffer(first, dtype="datetime64[D]").tolist()
    return days


def last_bar(world: World, as_of: AsOf) -> date:
    """Last day whose official bar was known."""
    days = _known_bars(np.asarray(world.panel.days, dtype="datetime64[D]").tobytes())
    return next(day for day in reversed(days) if kst_ns(day, 15, 40) <= as_of.instant_ns)


class Again:
    """The scorers run again, once for every instant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs: dict[int, tuple[Any, Any]] = {}
        self._scores: dict[int, dict[tuple[str, str], Any]] = {}

    def _run(self, as_of: AsOf) -> tuple[Any, Any]:
        if as_of.instant_ns not in self._runs:
            sources = Sources(MemoryStore(self._world))  # type: ignore[arg-type]
            rest = evaluate(sources.at(self._world.panel, as_of, DEFAULT_RULES), DEFAULT_RULES)
            self._runs[as_of.instant_ns] = scan_vcp(self._world.panel, as_of, DEFAULT_RULES), rest
        return self._runs[as_of.instant_ns]

    def planned(self, as_of: AsOf) -> set[str]:
        """Symbols a strategy has an order plan for."""
        vcp, rest = self._run(as_of)
        rows = vcp.pattern | (rest.closing.scan.phase > 0) | (np.asarray(rest.day.scan.grade) >= Grade.B)
        return set(self._world.panel.tickers[rows].tolist())

    def scores(self, as_of: AsOf) -> dict[tuple[str, str], Any]:
        """Every value of ``SCORED`` by its name and symbol."""
        if as_of.instant_ns not in self._scores:
            vcp, rest = self._run(as_of)
            found: dict[tuple[str, str], Any] = {
                ("gate.status", ""): rest.gate.reading.status.name,
                ("gate.score", ""): rest.gate.reading.score,
            }
            for row, ticker in enumerate(map(str, self._world.panel.tickers)):
                found |= {
                    ("vcp.total", ticker): vcp.total_score[row],
                    ("vcp.grade", ticker): Grade(int(vcp.grade[row])).name if vcp.grade[row] else "-",
                    ("vcp.smartmoney", ticker): vcp.smartmoney_score[row],
                    ("closing.total", ticker): rest.closing.scan.total[row],
                    ("day.score", ticker): rest.day.scan.score[row],
                }
            self._scores[as_of.instant_ns] = found
        return self._scores[as_of.instant_ns]
