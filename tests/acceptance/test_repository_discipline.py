"""Reported issues 2 and 4 (domain.md §11): everything goes through the repository, sessions have one entrance and none is left."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from engine.model.errors import RalphStockError, ValidationFailed
from engine.model.instants import kst_ns
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from tests.data.builders import DAY, run, signal
from tests.source_trees import parsed

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "ralphstock_desktop" / "data"
PRODUCT = [*sorted((ROOT / "engine").rglob("*.py")), *sorted((ROOT / "ralphstock_desktop").rglob("*.py"))]
OUTSIDE = [file for file in PRODUCT if DATA not in file.parents]

LIBRARIES = ("sqlalchemy", "alembic", "psycopg", "psycopg2", "sqlite3", "aiosqlite")
STATEMENT = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+table\s|pragma\s)",
    re.IGNORECASE | re.DOTALL,
)
PEEKS = {"ralphstock_desktop/app/market_dataset.py"}
"""Asks a SQLite file, read-only, whether it holds any bar, before the database library is loaded for the first window."""


def _place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _violations(file: Path) -> Iterator[str]:
    place, tree = _place(file), parsed(file)
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            if name.split(".")[0] in LIBRARIES:
                yield f"{place}:{node.lineno} imports {name}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield f"{place}:{node.lineno} holds SQL: {node.value[:60]!r}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in {"sessionmaker", "scoped_session", "create_engine", "executemany", "executescript"}:
                yield f"{place}:{node.lineno} calls {called}()"


def test_nobody_outside_the_repository_touches_the_database() -> None:
    """2a. No ORM session, no ``select`` or ``delete``, no raw SQL anywhere else."""
    broken = [text for file in OUTSIDE if _place(file) not in PEEKS for text in _violations(file)]
    assert not broken, "\n".join(broken)


def test_the_one_peek_only_looks() -> None:
    for place in PEEKS:
        text = (ROOT / place).read_text(encoding="utf-8")
        assert text.count("sqlite3.connect(") == 1 and "mode=ro" in text
        assert not [line for line in _violations(ROOT / place) if "INSERT" in line.upper() or "DELETE" in line.upper()]


def test_the_check_sees_a_violation(tmp_path: Path) -> None:
    bad = ROOT / "ralphstock_desktop" / "services" / "journal.py"
    text = 'import sqlite3\nq = "SELECT 1 FROM signal WHERE x"\nd = "delete from signal where id = 1"\n'
    tree = ast.parse(text)
    assert (
        bad.exists() and len([n for n in ast.walk(tree) if isinstance(n, ast.Constant) and STATEMENT.match(str(n.value))]) == 2
    )


def test_connections_are_made_in_one_place() -> None:
    """4a. One module makes engines, one hands out connections; services never see one."""
    makers, openers = set(), set()
    for file in PRODUCT:
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name.endswith("create_engine"):
                    makers.add(_place(file))
                if name.endswith((".connect", ".begin", ".raw_connection")) and re.search(r"(engine|_write|_read)\b", name):
                    openers.add(_place(file))
    assert makers == {"ralphstock_desktop/data/engines.py"}
    assert openers <= {"ralphstock_desktop/data/database.py", "ralphstock_desktop/data/migrate.py"}, openers


# -- connections come back --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(tmp_path_factory.mktemp("discipline") / "market.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> SqlStrategyStore:
    return SqlStrategyStore(database, lambda: kst_ns(DAY, 16))


def calls(store: SqlStrategyStore, number: int) -> None:
    """One of everything a service does, failures included."""
    kind = number % 7
    if kind == 0:
        store.store_scan(run(), [replace(signal(f"{number % 50:05d}0"), phase="PENDING")])
    elif kind == 1:
        store.signals(ticker=f"{number % 50:05d}0", known_at_ns=kst_ns(DAY, 15))
    elif kind == 2:
        store.market_series()
    elif kind == 3:
        store.news(0, kst_ns(DAY, 23))
        store.minutes_of_day(DAY)
    elif kind == 4:
        with pytest.raises(ValidationFailed):
            store.store_scan(run(), [signal("000010", colour="red")])  # fails inside the unit of work
    elif kind == 5:
        with pytest.raises(RalphStockError):
            store.set_taken(10**9, True, "", None)  # there is no such signal
    else:
        store.notices(known_at_ns=kst_ns(DAY, 12))
        store.runs("VCP", DAY)


def test_five_hundred_calls_leave_no_connection(database: Database, store: SqlStrategyStore) -> None:
    """4b, one after the other; every seventh fails."""
    for number in range(500):
        calls(store, number)
        if number % 50 == 0:
            assert database.checked_out() == 0
    assert database.checked_out() == 0


def test_fifty_at_once_leave_no_connection(database: Database, store: SqlStrategyStore) -> None:
    """4b, in parallel: all begin together, none waits for ever, none keeps a connection."""
    gate = threading.Barrier(50)

    def work(number: int) -> None:
        gate.wait(timeout=30)
        calls(store, number)

    with ThreadPoolExecutor(50, thread_name_prefix="ThreadPoolExecutor-fifty") as pool:
        for future in [pool.submit(work, number) for number in range(50)]:
            future.result(timeout=60)
    assert database.checked_out() == 0


def test_an_error_inside_a_unit_of_work_is_told_and_leaves_nothing(database: Database, store: SqlStrategyStore) -> None:
    """4c."""
    before = store.signals(with_superseded=True)

    class Broken(Exception):
        pass

    with pytest.raises(Broken), database.unit_of_work(durable=True) as unit:
        unit.store_scan(run(), [signal("777770")])
        raise Broken
    assert store.signals(with_superseded=True) == before
    assert database.checked_out() == 0
