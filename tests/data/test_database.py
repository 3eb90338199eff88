"""Opening, migrating, transactions and errors of the repository, on both databases."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, insert, inspect, select, text

from engine.model.errors import StorageError, ValidationFailed
from ralphstock_desktop.data import database as database_module
from ralphstock_desktop.data import engines
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.engines import writer_engine
from ralphstock_desktop.data.location import DatabaseLocation
from ralphstock_desktop.data.migrate import upgrade
from ralphstock_desktop.data.migrations import HEAD, KNOWN
from ralphstock_desktop.data.schema import METADATA
from ralphstock_desktop.data.schema.market import DAILY_PRICE, SOURCE
from ralphstock_desktop.data.writer import WriterThread
from tests.data.builders import DAY, daily, market, run, signal
from tests.data.conftest import PASSWORD, PostgresServer

BAR = ("005930", "2026-03-02", 100, 110, 90, 105, 1000)


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(DAILY_PRICE)).scalar_one())


# -- schema ----------------------------------------------------------------------------------------------------------


def test_models_and_migrations_agree(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_chain_is_one_line_and_known() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(KNOWN)
    assert scripts.get_heads() == [HEAD]


def test_open_creates_then_finds_the_database(place: str) -> None:
    with open_database(place) as first:
        assert first.opened.created
        identity = first.version().database_id
    with open_database(place) as second:
        assert not second.opened.created
        assert second.opened.upgraded_from is None
        assert second.version().database_id == identity


def test_upgrade_keeps_rows_and_copies_the_file_first(place: str) -> None:
    location = DatabaseLocation.parse(place)
    engine = writer_engine(location)
    with engine.begin() as connection:
        upgrade(connection, "test", lambda version: None, to="0001")
        connection.execute(insert(SOURCE).values(name="kept"))
    engine.dispose()
    with open_database(place) as database:
        assert database.opened.upgraded_from == "0001"
        with database.read() as connection:
            assert connection.execute(select(SOURCE.c.name)).scalars().all() == ["kept"]
            assert "signal" in inspect(connection).get_table_names()
        copy = database.opened.backup
    if location.is_sqlite:
        assert copy is not None
        with sqlite3.connect(copy) as old:
            assert old.execute("SELECT name FROM source").fetchall() == [("kept",)]
            assert old.execute("SELECT count(*) FROM sqlite_master WHERE name = 'signal'").fetchone() == (0,)
        old.close()


def test_a_failed_step_leaves_the_old_schema(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = writer_engine(DatabaseLocation.parse(place))
    with engine.begin() as connection:
        upgrade(connection, "test", lambda version: None, to="0001")
        connection.execute(text("CREATE TABLE watchlist (x INTEGER)"))  # in the way of step 0002
    with pytest.raises(StorageError):
        open_database(place)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        assert "signal" not in tables
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
    engine.dispose()


def test_a_newer_database_is_refused(place: str) -> None:
    engine = writer_engine(DatabaseLocation.parse(place))
    with open_database(place):
        pass
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match="9999") as caught:
        open_database(place)
    assert caught.value.key == "error.storage.newer"


def test_a_foreign_database_is_refused(place: str) -> None:
    engine = writer_engine(DatabaseLocation.parse(place))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipes (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StorageError) as caught:
        open_database(place)
    assert caught.value.key == "error.storage.not_database"


# -- transactions ----------------------------------------------------------------------------------------------------


def test_an_error_inside_a_unit_of_work_leaves_no_row_and_is_raised_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.unit_of_work() as unit:
        unit.upsert_daily(daily([BAR]))
        1 / 0  # noqa: B018
    assert count(database) == 0
    assert database.checked_out() == 0
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([BAR]))
    assert count(database) == 1


def test_the_callers_own_file_error_is_not_the_databases(database: Database) -> None:
    with pytest.raises(FileNotFoundError), database.unit_of_work():
        Path("/nowhere/at/all").read_bytes()


def test_versions_move_only_with_changes(database: Database) -> None:
    start = database.version()
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([BAR]))
    first = database.version()
    assert (first.panel, first.market) == (start.panel + 1, start.market + 1)
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([BAR]))
    assert database.version() == first
    with database.unit_of_work(durable=True) as unit:
        unit.store_scan(run(), [signal("005930")])
    assert database.version() == first


def test_a_second_unit_on_the_same_thread_is_refused(database: Database) -> None:
    with pytest.raises(StorageError, match="already open"), database.unit_of_work(), database.unit_of_work():
        pass
    assert database.checked_out() == 0


def test_signals_need_a_durable_unit(database: Database) -> None:
    with pytest.raises(StorageError, match="durable"), database.unit_of_work() as unit:
        unit.store_scan(run(), [signal("005930")])


def test_durability_is_set_before_the_transaction(tmp_path: Path) -> None:
    with open_database(tmp_path / "market.db") as database:
        for durable, level in ((True, 2), (False, 1), (True, 2)):
            with database.unit_of_work(durable=durable) as unit:
                found = unit._context.connection.exec_driver_sql("PRAGMA synchronous").scalar()
                assert found == level
                assert unit._context.connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
                assert unit._context.connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError), database.read() as connection:
        connection.execute(insert(SOURCE).values(name="x"))


def test_a_reader_keeps_its_picture_while_a_writer_commits(database: Database) -> None:
    with database.read() as connection:
        query = select(func.count()).select_from(DAILY_PRICE)
        assert connection.execute(query).scalar_one() == 0
        with database.unit_of_work() as unit:
            unit.upsert_daily(daily([BAR]))
        assert connection.execute(query).scalar_one() == 0
    assert count(database) == 1


def test_many_calls_leave_no_connection_checked_out(database: Database) -> None:
    for number in range(250):
        with database.unit_of_work() as unit:
            unit.put_setting("n", number)
        assert count(database) == 0
    assert database.checked_out() == 0

    def both(number: int) -> None:
        with database.unit_of_work() as unit:
            unit.put_setting(f"k{number}", number)
        count(database)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(both, range(50)))
    assert database.checked_out() == 0


def test_the_writer_thread_acknowledges_after_the_commit(database: Database) -> None:
    with WriterThread(database) as writer:
        futures = [
            writer.submit(lambda unit, n=number: unit.upsert_daily(daily([(f"{n:05d}0", *BAR[1:])]))) for number in range(1, 21)
        ]
        failing = writer.submit(lambda unit: unit.upsert_daily(daily([("", *BAR[1:])])))
        after = writer.submit(lambda unit: unit.upsert_daily(daily([BAR])))
        assert [future.result().inserted for future in futures] == [1] * 20
        with pytest.raises(ValidationFailed, match="no ticker"):
            failing.result()
        assert after.result().inserted == 1
        assert count(database) == 21
    with pytest.raises(StorageError, match="closed"):
        writer.submit(lambda unit: None)


async def test_a_write_can_be_awaited(database: Database) -> None:
    import asyncio

    with WriterThread(database) as writer:
        counted = await asyncio.wrap_future(writer.submit(lambda unit: unit.upsert_daily(daily([BAR]))))
        stored = await asyncio.wrap_future(writer.submit(lambda unit: unit.store_scan(run(), [signal("005930")]), durable=True))
    assert (counted.inserted, stored.inserted) == (1, 1)


# -- errors ----------------------------------------------------------------------------------------------------------


def test_a_lock_held_by_another_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_MS", 1)
    with open_database(tmp_path / "market.db") as database:
        other = sqlite3.connect(tmp_path / "market.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as caught, database.unit_of_work():
            pass
        assert caught.value.key == "error.storage.locked"
        assert caught.value.fields["cause"] == "locked"
        other.execute("ROLLBACK")
        other.close()
        with database.unit_of_work() as unit:
            unit.upsert_daily(daily([BAR]))


def test_a_full_disk_is_told_and_rolls_back(tmp_path: Path) -> None:
    with open_database(tmp_path / "market.db") as database:
        with database.unit_of_work() as unit:
            unit.upsert_daily(daily([BAR]))
        with pytest.raises(StorageError) as caught, database.unit_of_work() as unit:
            pages = unit._context.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            unit._context.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
            unit.upsert_daily(market(50, "2025-01-02", 200))
        assert caught.value.key == "error.storage.disk_full"
        assert count(database) == 1
        assert database.checked_out() == 0


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear reader\n" * 1000, encoding="utf-8")
    with pytest.raises(StorageError) as caught:
        open_database(letter)
    assert caught.value.key == "error.storage.not_database"
    assert letter.read_text(encoding="utf-8").startswith("dear reader")


def test_a_folder_as_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_database(tmp_path)
    assert caught.value.key == "error.storage.permission"


@pytest.mark.parametrize("damage", ["header", "middle", "cut"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "market.db"
    with open_database(path) as database, database.unit_of_work() as unit:
        unit.upsert_daily(market(30, "2025-01-02", 100))
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:16] = b"not a database!!"
    elif damage == "middle":
        content[4096 * 3 : 4096 * 60] = b"\x55" * (4096 * 57)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    with open_database(path) as database:
        moved = database.opened.set_aside
        assert moved is not None
        assert moved.read_bytes() == bytes(content)
        assert database.opened.created
        assert count(database) == 0
        with database.unit_of_work() as unit:
            unit.upsert_daily(daily([BAR]))
    with open_database(path) as database:
        assert database.opened.set_aside is None


@pytest.mark.postgres
def test_server_errors_have_causes_and_no_password(postgres: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    cases = {
        "login": postgres.url(name, password="wrong-" + PASSWORD),
        "missing": postgres.url("no_such_database"),
        "unreachable": f"postgresql://tester:{PASSWORD}@127.0.0.1:1/{name}",
    }
    for cause, url in cases.items():
        with pytest.raises(StorageError) as caught:
            open_database(url)
        assert caught.value.key == f"error.storage.{cause}", str(caught.value.__cause__)
        for told in (str(caught.value), repr(caught.value), *map(str, caught.value.fields.values())):
            assert PASSWORD not in told
    location = DatabaseLocation.parse(postgres_url)
    assert PASSWORD not in location.display + repr(location)


@pytest.mark.postgres
def test_a_lost_server_connection_is_told_and_the_next_call_works(postgres: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    with open_database(postgres_url) as database:
        with pytest.raises(StorageError) as caught, database.unit_of_work() as unit:
            unit.upsert_daily(daily([BAR]))
            postgres.run_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            unit.upsert_daily(daily([("000660", *BAR[1:])]))
        assert caught.value.key == "error.storage.unreachable"
        assert count(database) == 0
        with database.unit_of_work() as unit:
            unit.upsert_daily(daily([BAR]))
        assert count(database) == 1


@pytest.mark.parametrize("url", ["mysql://host/db", "postgresql://host:abc/db", "postgresql://host/", ""])
def test_a_wrong_address_says_what_would_be_right(url: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        open_database(url)
    assert caught.value.key == "error.storage.url"


def test_a_row_that_breaks_a_rule_names_the_rule(database: Database) -> None:
    with pytest.raises(StorageError) as caught, database.unit_of_work(durable=True) as unit:
        stored = unit.store_scan(run(day=DAY), [signal("005930")])
        assert stored.inserted == 1
        unit._context.connection.execute(text("UPDATE signal SET status = 'MAYBE'"))
    assert caught.value.key == "error.storage.constraint"
    assert "ck_signal" in str(caught.value.fields["rule"])


def test_threads_writing_at_once_leave_one_row_per_key(database: Database) -> None:
    barrier = threading.Barrier(2)

    def write(seed: int) -> None:
        barrier.wait()
        for _ in range(5):
            with database.unit_of_work() as unit:
                unit.upsert_daily(market(20, "2026-01-02", 10, seed=seed, source=f"thread {seed}"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (1, 2)))
    assert count(database) == 200
