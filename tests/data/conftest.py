"""Both databases for the storage tests: a SQLite file, and a PostgreSQL server of its own on a free port."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.database import Database, open_database

PASSWORD = "planted-secret-1c9"


@dataclass(frozen=True)
class PostgresServer:
    """A running server that only these tests know."""

    port: int
    folder: Path

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://tester:{password}@127.0.0.1:{self.port}/{database}"

    def run_sql(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        dsn = f"host=127.0.0.1 port={self.port} user=tester password={PASSWORD} dbname={database}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement)


def _server_programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _as_server_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root; then the distribution's ``postgres`` user runs it."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A temporary PostgreSQL server; never the system's."""
    programs = _server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server program (initdb) on this machine")
    folder = Path(tempfile.mkdtemp(prefix="ralphstock-pg-"))
    user = _as_server_user(folder)
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if user:
        os.chown(secret, folder.stat().st_uid, folder.stat().st_gid)
    data, port = folder / "data", _free_port()

    def call(program: str, *options: str) -> None:
        done = subprocess.run(
            [*user, str(programs / program), "-D", str(data), *options],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"

    try:
        call(
            "initdb", "-U", "tester", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"
        )
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-w", "-t", "60", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield PostgresServer(port, folder)
        finally:
            call("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """An empty database of its own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    postgres.run_sql(f"CREATE DATABASE {name}")
    return postgres.url(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty repository of each kind may live."""
    if request.param == "sqlite":
        return str(tmp_path / "market.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """Name of a database that holds the empty schema; copying it is faster than migrating."""
    postgres.run_sql("CREATE DATABASE prepared")
    open_database(postgres.url("prepared")).close()
    return "prepared"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the empty schema."""
    path = tmp_path_factory.mktemp("template") / "market.db"
    open_database(path).close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ready_place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a repository of each kind with an empty schema lives."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "market.db")
        return str(tmp_path / "market.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex[:12]}"
    server.run_sql(f"CREATE DATABASE {name} TEMPLATE {request.getfixturevalue('postgres_template')}")
    return server.url(name)  # not dropped: that costs a checkpoint, and the whole server goes at the end


@pytest.fixture
def database(ready_place: str) -> Iterator[Database]:
    """An open empty repository."""
    with open_database(ready_place) as opened:
        yield opened
        assert opened.checked_out() == 0


@pytest.fixture
def store(database: Database) -> SqlBarStore:
    """The repository as services see it."""
    return SqlBarStore(database)
