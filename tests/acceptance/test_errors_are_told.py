"""Reported issue 3 (domain.md §11): a failure is an error, never an empty list, and its words hold nothing internal.

The repository is broken one method after the other under the program's own services, over the recorded market.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.features import acceleration
from engine.model.errors import DataUnavailable, RalphStockError, StorageError, ValidationFailed
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.panel import ARRAY_FIELDS
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.contracts import Failed, Ready
from ralphstock_desktop.services.recommend import recommend
from ralphstock_desktop.services.strategy.evaluate import evaluate
from ralphstock_desktop.services.strategy.records import RecordKeeper
from ralphstock_desktop.services.strategy.sources import Sources
from ralphstock_desktop.services.strategy_contracts import BacktestPlan
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.wording.texts import LANGUAGES, Texts
from tests.acceptance.compare import differences
from tests.acceptance.desk import Desk
from tests.acceptance.recorded import MemoryStore, World, part_of

pytestmark = pytest.mark.real_data
IN_SESSION = AsOf.at(date(2026, 1, 15), 14, 30)
AFTER = AsOf.at(date(2026, 2, 11), 20, 30)
READS = ("market_series", "news", "news_version", "news_collected", "minute_days", "minutes_of_day")
SECRET_SQL = "SELECT ticker FROM signal WHERE id = 7"


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    before = acceleration._compiled
    acceleration.accelerate()
    yield
    acceleration._compiled = before


@pytest.fixture(autouse=True)
def _no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting records takes seconds and has tests of its own."""
    monkeypatch.setattr(RecordKeeper, "follow", lambda *_: None)


@pytest.fixture(scope="module")
def world(recorded_world: World) -> World:
    return part_of(recorded_world, 60, 330)


@pytest.fixture(scope="module")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "kept.sqlite3"
    open_database(path).close()
    return path


@dataclasses.dataclass
class Broken:
    """The desk with a list of what fails."""

    desk: Desk
    failing: set[str]
    notices: list[str]
    unexpected: list[str]


@pytest_asyncio.fixture
async def broken(qapp: object, world: World, tmp_path: Path, empty_repository: Path) -> AsyncIterator[Broken]:
    shutil.copy(empty_repository, tmp_path / "kept.sqlite3")
    database: Database = open_database(tmp_path / "kept.sqlite3")
    desk = Desk(world, database)
    found = Broken(desk, set(), [], [])
    store = desk.dataset.store
    for name in dir(SqlStrategyStore):
        if not name.startswith("_") and callable(getattr(SqlStrategyStore, name)):
            setattr(store, name, _guarded(found, name, getattr(store, name)))
    desk.workstation.notices.subscribe(found.notices.append)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.unexpected.append(str(context["message"])))
    yield found
    await desk.close()
    database.close()


def _guarded(broken: Broken, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if name in broken.failing:
            raise StorageError(f"{name} failed: {SECRET_SQL}", key="error.storage.locked", place="SQLite market.sqlite3")
        return method(*arguments, **named)

    return call


async def start(broken: Broken) -> None:
    await broken.desk.workstation.start("real")
    await broken.desk.settled()


def states(broken: Broken) -> dict[str, Any]:
    s = broken.desk.strategies
    return {"gate": s.gate_state.last, "closing": s.closing_state.last, "day": s.day_state.last, "news": s.news_state.last}


@pytest.mark.parametrize("name", READS)
async def test_each_broken_read_is_a_failure_of_every_panel(broken: Broken, name: str) -> None:
    """3a. Gate, closing bet, checklist and news say what failed; nothing is shown for the instant."""
    await start(broken)
    broken.failing.add(name)
    broken.desk.strategies.data_changed()
    await broken.desk.look_at(str(broken.desk.dataset.store.world.panel.tickers[0]), IN_SESSION)
    for panel, state in states(broken).items():
        assert isinstance(state, Failed) and isinstance(state.error, StorageError), (panel, state)
    strategies = broken.desk.strategies
    assert strategies.evaluation is None
    with pytest.raises(StorageError):
        await strategies.recommend()
    with pytest.raises((StorageError, DataUnavailable)):
        await strategies.grade_diff("CLOSING_BET", "005930")
    with pytest.raises(RalphStockError):
        await strategies.load_gate_history()
    broken.failing.clear()
    strategies.data_changed()
    await broken.desk.settled()
    assert all(isinstance(state, Ready) for state in states(broken).values())
    assert not broken.unexpected


async def test_recommendations_of_a_broken_store_are_an_error_and_of_an_empty_market_a_reason(broken: Broken) -> None:
    """3b."""
    await start(broken)
    await broken.desk.look_at("005930", AFTER)
    given = await broken.desk.strategies.recommend()
    assert given.items or given.reason in {"NO_SIGNALS", "GATE_RED", "GATE_UNKNOWN", "STALE_DATA"}
    broken.failing.add("signals")
    with pytest.raises(StorageError):
        await broken.desk.strategies.recommend()
    nothing = recommend(strategy="both", limit=5, as_of=AFTER, vcp=None, closing=None, gate=None, records=None, equity_krw=0.0)
    assert nothing.items == () and nothing.reason == "GATE_UNKNOWN"
    for wrong in ({"limit": 0}, {"limit": 21}, {"strategy": "all"}):
        with pytest.raises(ValidationFailed):
            await broken.desk.strategies.recommend(**wrong)  # type: ignore[arg-type]


async def test_a_journal_that_cannot_be_read_keeps_its_list_and_says_so(broken: Broken) -> None:
    await start(broken)
    journal, store = broken.desk.strategies.journal, broken.desk.dataset.store
    shown = journal.signals.last
    broken.failing.add("signals")
    with pytest.raises(StorageError):
        await journal.show(store, store.world.panel)  # type: ignore[arg-type]
    assert journal.signals.last is shown, "a failure became another list"
    await broken.desk.look_at("005930", AFTER)
    assert "notice.strategies_not_read" in broken.notices
    for command in (journal.take(1, 1_000, 1, ""), journal.close(1, 1_000, ""), journal.annotate(1, "")):
        with pytest.raises(RalphStockError):
            await command


@pytest.mark.parametrize("name", ["notices", "add_notices", "mark_notices"])
async def test_notices_that_cannot_be_kept_are_never_shown(broken: Broken, name: str) -> None:
    await start(broken)
    book, store = broken.desk.strategies.notices, broken.desk.dataset.store
    fresh: list[NoticeRecord] = []
    book.fresh.subscribe(fresh.append, replay=False)
    broken.failing.add(name)
    broken.desk.now_ns = AsOf.at(AsOf(broken.desk.now_ns).day, 15).instant_ns  # no quiet hour
    fact = NoticeRecord(0, "x", broken.desk.now_ns, 0, "gate", "", "", "notice.gate_red", {})
    if name == "notices":
        with pytest.raises(StorageError):
            await book.open(store)  # type: ignore[arg-type]
    else:
        with pytest.raises(StorageError):
            await book.post([fact])
    assert not fresh


async def test_backtests_fail_aloud(broken: Broken, world: World) -> None:
    await start(broken)
    tests = broken.desk.strategies.backtests
    days = [day.item() for day in world.panel.days[-40:]]
    plan = BacktestPlan("x", "VCP", days[0], days[-1], {})
    for name in ("market_series", "remember_tries", "store_backtest"):
        broken.failing = {name}
        _refill(broken, {name})
        before = tests.results.last
        tests.run(plan)
        await tests.idle()
        assert isinstance(tests.state.last, Failed) and isinstance(tests.state.last.error, StorageError), (
            name,
            tests.state.last,
        )
        assert tests.results.last is before
    _refill(broken, {"backtest", "backtests", "delete_backtest"})
    for command in (tests.open(1), tests.delete(1)):
        with pytest.raises(StorageError):
            await command


def _refill(broken: Broken, names: set[str]) -> None:
    """The guards look into the desk's own set."""
    broken.failing.clear()
    broken.failing |= names


async def test_rule_profiles_fail_aloud(broken: Broken) -> None:
    await start(broken)
    what_if = broken.desk.strategies.what_if
    what_if.choose("VCP")
    what_if.move("vcp.rs_min", 75.0)
    await broken.desk.settled()
    broken.failing |= {"profiles", "save_profile", "delete_profile"}
    for command in (what_if.save_as("mine"), what_if.load("mine"), what_if.delete("mine")):
        with pytest.raises(StorageError):
            await command
    with pytest.raises(ValidationFailed):
        what_if.move("vcp.rs_min", 1_000.0)
    with pytest.raises(ValidationFailed):
        what_if.move("no.such", 1.0)


@pytest.mark.parametrize(
    "name", ["store_scan", "store_gate", "store_ranks", "store_sector_returns", "store_news_scores", "profiles", "backtests"]
)
async def test_what_cannot_be_stored_is_told_and_the_screen_stays_right(broken: Broken, name: str) -> None:
    broken.failing.add(name)
    await start(broken)
    assert all(isinstance(state, Ready) for state in states(broken).values()), states(broken)
    assert broken.desk.strategies.closing.last is not None
    assert not broken.unexpected, broken.unexpected


# -- 3c: one stock that cannot be computed ------------------------------------------------------------------------------------

POISONS: dict[str, dict[str, Any]] = {
    "no numbers": {name: np.nan for name, kind in ARRAY_FIELDS.items() if kind == "<f8"},
    "infinite flows and values": {"foreign_krw": np.inf, "institution_krw": -np.inf, "value_krw": np.inf},
    "prices of zero that are called valid": {"open_krw": 0, "high_krw": 0, "low_krw": 0, "close_krw": 0, "volume_shares": 0},
    "a high below the low": {"high_krw": 1, "low_krw": 1_000_000},
    "negative prices": {"close_krw": -5, "low_krw": -9},
    "a factor of zero": {"factor": 0.0},
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # a panel made from the repository cannot hold most of this
@pytest.mark.parametrize("poison", POISONS)
def test_one_stock_of_nonsense_harms_no_other(world: World, poison: str) -> None:
    """The scanners are array code without a loop over stocks, so one stock cannot raise by itself. What stands for "one stock
    raises, the others are stored": one stock full of nonsense is computed beside the others, raises nothing, changes no other row by
    a bit, and is never a signal."""
    row = 7
    changes = {}
    for name in ARRAY_FIELDS:
        array = np.array(getattr(world.panel, name))
        if name in POISONS[poison]:
            array[row] = POISONS[poison][name]
        changes[name] = array
    poisoned = dataclasses.replace(world, panel=dataclasses.replace(world.panel, **changes))
    # The others' ranks know the stock as one of the pool: it must be compared with the market without it.
    without = {**changes, "valid": np.array(world.panel.valid), "present": np.array(world.panel.present)}
    without["valid"][row] = without["present"][row] = False
    alone = dataclasses.replace(world, panel=dataclasses.replace(world.panel, **without))
    others = np.arange(len(world.panel.tickers)) != row
    one, other = (scan(found.panel, AFTER, DEFAULT_RULES) for found in (poisoned, alone))
    assert not one.pattern[row]
    results = [
        evaluate(Sources(MemoryStore(found)).at(found.panel, AFTER, DEFAULT_RULES), DEFAULT_RULES)
        for found in (poisoned, alone)
    ]  # type: ignore[arg-type]
    phases = [result.closing.scan.phase[row] for result in results]
    assert phases[0] == 0 or poison == "no numbers"
    for name in ("vcp_score", "smartmoney_score", "item_points", "grade", "state"):
        _same_rows(getattr(one, name), getattr(other, name), others, name, ranks=name in {"vcp_score", "item_points", "grade"})
    for name in ("points", "total", "grade", "phase", "rejected"):
        _same_rows(getattr(results[0].closing.scan, name), getattr(results[1].closing.scan, name), others, name)
    for name in ("values", "points", "score"):
        kept = slice(0, 6) if name != "score" else slice(None)
        a, b = getattr(results[0].day.scan, name)[others], getattr(results[1].day.scan, name)[others]
        if name != "score":
            _same_rows(a[:, kept], b[:, kept], np.ones(len(a), dtype=bool), name)
    assert results[0].gate.reading.status in GateStatus


def _same_rows(a: Any, b: Any, rows: Any, name: str, *, ranks: bool = False) -> None:
    found = list(differences(np.asarray(a)[rows], np.asarray(b)[rows], name))
    if ranks and found:
        # Relative strength is a rank among all: with one stock more or less in the pool it may move by a place.
        assert np.nanmax(np.abs(np.asarray(a)[rows].astype(float) - np.asarray(b)[rows].astype(float))) <= 7.0, found
    else:
        assert not found, found


# -- 3d: words ------------------------------------------------------------------------------------------------------------------

# The place of the user's own database and the kind of the error are said on purpose: one cannot act on a failure without them.
_INTERNAL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|PRAGMA|Traceback|sqlalchemy|sqlite3\.)\b|\.py\b|0x[0-9a-f]{6}"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_a_failure_hold_no_statement_and_no_source_line(tmp_path: Path, language: str) -> None:
    """Real failures of a real file: gone, damaged, read-only table, another schema."""
    texts = Texts(language)  # type: ignore[arg-type]
    told: list[RalphStockError] = []
    path = tmp_path / "market.sqlite3"
    database = open_database(path)
    store = SqlStrategyStore(database, lambda: 0)
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("ALTER TABLE signal RENAME TO elsewhere")
        raw.execute("ALTER TABLE notice RENAME TO nowhere")
        raw.commit()
    for call in (store.signals, lambda: store.notices(), lambda: store.set_taken(1, True, "", None)):
        with pytest.raises(RalphStockError) as caught:
            call()
        told.append(caught.value)
    database.close()
    with pytest.raises(RalphStockError) as caught:
        open_database(tmp_path)  # a folder
    told.append(caught.value)
    assert len({error.key for error in told}) >= 2
    for error in told:
        assert error.key in texts, error.key
        words = texts(error.key, **error.fields)
        assert not _INTERNAL.search(words), words
        assert SECRET_SQL not in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_shows_a_message_meant_for_the_log(language: str) -> None:
    """``{message}`` is the English sentence for logs; only the general ones may fall back on it."""
    texts = Texts(language)  # type: ignore[arg-type]
    shown = {key for key in sorted(texts.keys()) if "{message}" in texts(key)}
    assert shown <= FALLBACKS, shown - FALLBACKS


FALLBACKS = {"error.generic", "error.validation", "error.data_unavailable", "error.stale", "error.storage", "error.provider",
             "error.protocol_changed", "error.connect.other", "error.kiwoom.limit_plan"}  # fmt: skip
