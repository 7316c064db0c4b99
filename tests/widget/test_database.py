"""How statements reach a database that is locked, silent, read-only, full, or has been away."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, text

from tests.forwarder import Forwarder
from tests.postgres import PostgreSQL
from widget.database import Database, DatabaseUnavailable, connect
from widget.limits import LIMITS, Limits
from widget.patience import at_most
from widget.postgresql import POOL_SIZE

pytestmark = pytest.mark.anyio

Admin = psycopg.Connection[Any]

SLOWLY = "SELECT pg_sleep(0.05)"
READ = "SELECT 1"
WRITE = "INSERT INTO numbers VALUES (1)"
ADD = text("INSERT INTO numbers VALUES (:number)")


ENCRYPTION_REQUESTS = {(80877103).to_bytes(4), (80877104).to_bytes(4)}  # by TLS, by GSSAPI
CANCEL_REQUEST = (80877102).to_bytes(4)
PROTOCOL_3 = b"\0\3"
LOGGED_IN = (
    *(b"R", (8).to_bytes(4), (0).to_bytes(4)),  # no password is asked for
    *(b"K", (12).to_bytes(4), bytes(8)),  # what a cancellation has to name
    *(b"Z", (5).to_bytes(4), b"I"),  # ready for a statement
)

SHORT = Limits(statement_seconds=1.0, least_statement_seconds=0.3)


@pytest.fixture
def limits() -> Limits:
    return LIMITS


@pytest.fixture
def admin(postgresql: PostgreSQL) -> Iterator[Admin]:
    with psycopg.connect(postgresql.url, autocommit=True) as admin:
        admin.execute("DROP TABLE IF EXISTS numbers")
        admin.execute("CREATE TABLE numbers (number INTEGER)")
        yield admin


@pytest.fixture
async def forwarder(postgresql: PostgreSQL) -> AsyncIterator[Forwarder]:
    async with Forwarder(postgresql.port) as forwarder:
        yield forwarder


@pytest.fixture
async def database(postgresql: PostgreSQL, limits: Limits) -> AsyncIterator[Database]:
    """PostgreSQL, with a few connections that have been used."""
    database = connect(postgresql.url, limits)
    await asyncio.gather(*(execute(database, SLOWLY) for _ in range(3)))
    yield database
    await database.close()


@pytest.fixture
async def behind(
    postgresql: PostgreSQL, forwarder: Forwarder, limits: Limits
) -> AsyncIterator[Database]:
    """The same behind the forwarder."""
    address = postgresql.url.replace(str(postgresql.port), str(forwarder.port))
    database = connect(address, limits)
    await asyncio.gather(*(execute(database, SLOWLY) for _ in range(3)))
    yield database
    await database.close()


async def execute(database: Database, *statements: str) -> Any:
    """The first column of what the last one returns."""
    return await database.run(lambda connection: _execute(connection, *statements))


def _execute(connection: Connection, *statements: str) -> Any:
    for statement in statements:
        result = connection.execute(text(statement))
    return result.scalar() if result.returns_rows else None


def end_connections(admin: Admin) -> None:
    admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


async def test_connections_that_the_server_has_ended_are_not_used(
    database: Database, admin: Admin
) -> None:
    end_connections(admin)
    for _ in range(3):
        assert await execute(database, READ) == 1


# Longer than SHORT: the reads at the end also wait for new connections.
@pytest.mark.parametrize("limits", [Limits(statement_seconds=2.0, least_statement_seconds=0.3)])
async def test_one_connection_that_has_fallen_silent_is_the_end_of_all_of_them(
    behind: Database, forwarder: Forwarder
) -> None:
    async def read_patiently() -> None:
        with at_most(60):
            await execute(behind, READ)

    forwarder.silence()
    later = asyncio.create_task(read_patiently())
    await asyncio.sleep(0)
    started = time.monotonic()
    for asked in (execute(behind, READ), later):
        with pytest.raises(DatabaseUnavailable, match="no answer in time"):
            await asked
    assert time.monotonic() - started < 5
    for _ in range(3):
        assert await execute(behind, READ) == 1


async def test_what_is_read_only_for_a_while_is_written_again_afterwards(
    database: Database, admin: Admin
) -> None:
    admin.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    try:
        end_connections(admin)
        await asyncio.gather(*(execute(database, SLOWLY) for _ in range(3)))
        with pytest.raises(DatabaseUnavailable, match="ReadOnly"):
            await execute(database, WRITE)
        await database.run_soon(lambda connection: connection.execute(text(WRITE)))
        assert await execute(database, READ) == 1
    finally:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute("ALTER DATABASE postgres RESET default_transaction_read_only")
    with pytest.raises(DatabaseUnavailable, match="ReadOnly"):
        await execute(database, WRITE)
    for _ in range(3):
        await execute(database, WRITE)
    assert await execute(database, "SELECT count(*) FROM numbers") == 3


async def test_a_server_that_takes_few_connections_serves_many_who_wait(
    postgresql: PostgreSQL, admin: Admin
) -> None:
    admin.execute("DROP ROLE IF EXISTS few")
    admin.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 2")
    database = connect(postgresql.url.replace("widget@", "few@"))
    await asyncio.gather(*(execute(database, SLOWLY) for _ in range(20)))
    await database.close()


async def test_a_pooler_that_accepts_more_connections_than_it_serves_serves_many_who_wait(
    behind: Database, forwarder: Forwarder
) -> None:
    forwarder.serves = 3
    await asyncio.gather(*(execute(behind, SLOWLY) for _ in range(20)))


@pytest.fixture
async def idle_pooler(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of one that accepts each login and then serves nobody. It must be left."""
    monkeypatch.setattr("widget.postgresql.CONNECT_SECONDS", 1)
    clients = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        while message := await reader.read(65536):
            if message[4:8] in ENCRYPTION_REQUESTS:
                writer.write(b"N")
            elif message[4:6] == PROTOCOL_3:
                writer.writelines(LOGGED_IN)
            elif message[4:8] == CANCEL_REQUEST:
                break
        writer.close()
        clients.discard(writer)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as pooler:
        yield pooler.sockets[0].getsockname()[1]
        async with asyncio.timeout(5):
            while clients:  # noqa: ASYNC110 - the last end may still be on its way
                await asyncio.sleep(0.01)


async def test_a_start_behind_a_pooler_that_serves_nobody_ends(idle_pooler: int) -> None:
    database = connect(f"postgresql://widget@127.0.0.1:{idle_pooler}/postgres", SHORT)
    with pytest.raises(DatabaseUnavailable):
        await execute(database, READ)
    async with asyncio.timeout(20):
        await database.close()


@pytest.mark.parametrize("limits", [SHORT])
async def test_a_pooler_that_serves_nobody_is_left_until_it_serves_again(
    behind: Database, forwarder: Forwarder, postgresql: PostgreSQL, idle_pooler: int
) -> None:
    forwarder.target = idle_pooler
    forwarder.cut()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await execute(behind, READ)
    forwarder.target = postgresql.port
    with at_most(10):
        assert await execute(behind, READ) == 1


async def test_nothing_is_prepared_as_a_pooler_gives_each_transaction_another_server(
    database: Database,
) -> None:
    for _ in range(10):
        await execute(database, READ)
    assert await execute(database, "SELECT count(*) FROM pg_prepared_statements") == 0


@pytest.mark.parametrize("limits", [SHORT])
async def test_a_statement_that_takes_too_long_is_ended_on_the_server_as_well(
    database: Database, admin: Admin
) -> None:
    with pytest.raises(DatabaseUnavailable):
        await execute(database, "SELECT pg_sleep(60)")
    slow = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(60)%%' AND %s"
    deadline = time.monotonic() + 10
    while admin.execute(slow % "state = 'active' AND pid <> pg_backend_pid()").fetchone() != (0,):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("limits", [Limits(least_statement_seconds=0.1)])
async def test_a_request_waits_for_the_database_so_long_in_all(database: Database) -> None:
    started = time.monotonic()
    with at_most(0.5):
        await execute(database, "SELECT pg_sleep(0.2)")
        with pytest.raises(DatabaseUnavailable):
            await execute(database, "SELECT pg_sleep(0.4)")
        with pytest.raises(DatabaseUnavailable):
            await execute(database, READ)
    assert time.monotonic() - started < 1.0
    await execute(database, READ)


async def test_a_crowd_shares_the_connections_and_what_it_says_wrong_ends_none(
    database: Database, admin: Admin
) -> None:
    faulty = "SELECT 1 / 0"
    outcomes = await asyncio.gather(
        *(execute(database, faulty if n % 3 == 0 else SLOWLY) for n in range(60)),
        return_exceptions=True,
    )
    failed = [isinstance(outcome, DatabaseUnavailable) for outcome in outcomes]
    assert failed == [n % 3 == 0 for n in range(60)]
    made = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    (count,) = admin.execute(made).fetchone() or (0,)
    assert count - 1 <= POOL_SIZE


async def test_all_of_a_transaction_is_done_or_nothing(database_url: str) -> None:
    database = connect(database_url)
    await execute(database, "CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    with pytest.raises(DatabaseUnavailable):
        await database.transaction(lambda connection: _execute(connection, WRITE, WRITE))
    assert await execute(database, "SELECT count(*) FROM numbers") == 0
    await database.transaction(lambda connection: _execute(connection, WRITE))
    assert await execute(database, "SELECT count(*) FROM numbers") == 1
    await database.close()


async def test_a_mistake_in_what_is_asked_leaves_the_database_as_it_was(database_url: str) -> None:
    database = connect(database_url)
    with pytest.raises(ZeroDivisionError):
        await database.run(lambda _: 1 // 0)
    await database.run_soon(lambda connection: connection.execute(text("nonsense")))
    assert await execute(database, "SELECT 1") == 1
    await database.close()


async def test_a_database_in_memory_has_no_file_that_others_may_open() -> None:
    database = connect("sqlite:///:memory:")
    assert await database.warnings() == []
    await database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "widget.db"


async def test_the_file_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "widget.db"
    database = connect(f"sqlite:///{file}")
    await execute(database, "CREATE TABLE numbers (number INTEGER)")
    modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes == {"widget.db": 0o600, "widget.db-wal": 0o600, "widget.db-shm": 0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700
    await database.close()


async def test_a_folder_or_a_pipe_is_no_database_and_keeps_its_mode(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe):
        path.chmod(0o666)
        with pytest.raises(OSError, match="folder or a device"):
            connect(f"sqlite:///{path}")
        assert path.stat().st_mode & 0o777 == 0o666


async def test_another_program_that_writes_holds_up_what_is_written_and_nothing_else(
    file: Path,
) -> None:
    database = connect(f"sqlite:///{file}", SHORT)
    await execute(database, "CREATE TABLE numbers (number INTEGER)")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes = [asyncio.create_task(execute(database, WRITE)) for _ in range(3)]
        await asyncio.sleep(0)
        started = time.monotonic()
        assert await execute(database, READ) == 1
        await database.run_soon(lambda connection: connection.execute(text(WRITE)))
        assert time.monotonic() - started < 0.1
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 3
        assert time.monotonic() - started < 1.5
        other.execute("ROLLBACK")
    await execute(database, WRITE)
    await database.close()


async def test_a_stop_does_not_wait_for_another_program_that_writes(file: Path) -> None:
    database = connect(f"sqlite:///{file}")
    await execute(database, "CREATE TABLE numbers (number INTEGER)")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await database.run_soon(adding(1))
        await database.close()
        other.execute("ROLLBACK")
        await asyncio.sleep(0)
        assert other.execute("SELECT count(*) FROM numbers").fetchone() == (0,)


async def test_a_stop_does_not_wait_for_a_statement_under_way(
    postgresql: PostgreSQL, admin: Admin
) -> None:
    database = connect(postgresql.url)
    statement = asyncio.create_task(execute(database, "SELECT pg_sleep(60)"))
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    while not admin.execute(sleeping).fetchone():  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    started = time.monotonic()
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await statement
    assert time.monotonic() - started < 5
    end_connections(admin)


def adding(number: int) -> Callable[[Connection], Any]:
    return lambda connection: connection.execute(ADD, {"number": number})


async def test_those_who_wait_for_another_program_are_served_in_turn(file: Path) -> None:
    database = connect(f"sqlite:///{file}")
    await execute(database, "CREATE TABLE numbers (number INTEGER)")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes = [asyncio.create_task(database.transaction(adding(n))) for n in range(5)]
        await asyncio.sleep(0)
        await database.run_soon(adding(5))
        await asyncio.sleep(0.05)
        other.execute("COMMIT")
    await asyncio.gather(*writes)
    await database.run(adding(6))
    listed = "SELECT group_concat(number) FROM (SELECT number FROM numbers ORDER BY rowid)"
    assert await execute(database, listed) == "0,1,2,3,4,5,6"
    await database.close()
