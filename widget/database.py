"""How statements reach SQLite or PostgreSQL.

SQLite is called on the event loop: its statements are short and local, and a thread for each
would cost more than it saves. PostgreSQL runs the same functions through SQLAlchemy's asynchronous
engine. Both commit each statement by itself.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

SQLITE_BUSY_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_SECONDS = 5
POOL_SIZE = 15  # in each process; all are kept, as making one costs more than a statement
POOL_TIMEOUT_SECONDS = 15  # in a crowd, a connection has to become free first
STATEMENT_TIMEOUT_SECONDS = 5
SCHEMA_LOCK = 0x63616E6469646174  # a number that no other program locks in this database

T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database does not answer, or not as it should."""


class Database(Protocol):
    """`insert` is the dialect's own, which knows ON CONFLICT."""

    insert: Callable[..., Any]

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns. Raises DatabaseUnavailable."""
        ...

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        """A transaction in which no other process prepares the tables."""
        ...

    async def close(self) -> None: ...


def connect(url: str) -> Database:
    """`url` as in `WIDGET_DATABASE_URL`. Connections are made when they are first needed."""
    return SQLite(url) if url.startswith("sqlite") else PostgreSQL(url)


class SQLite:
    insert = staticmethod(sqlite.insert)

    def __init__(self, url: str) -> None:
        make_private_file(url)
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        event.listen(self._engine, "connect", _configure)

    async def run(self, work: Callable[[Connection], T]) -> T:
        try:
            return work(self._connected())
        except SQLAlchemyError as error:
            self._disconnect()
            raise DatabaseUnavailable(_cause(error)) from None
        except BaseException:
            self._disconnect()
            raise

    def _connected(self) -> Connection:
        """One is enough, as one statement follows another, and to ask a pool costs half of one."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        """Whatever is amiss with the connection, and whatever it holds, ends with it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        return _transaction(connection, "BEGIN IMMEDIATE")

    async def close(self) -> None:
        self._disconnect()
        self._engine.dispose()


class PostgreSQL:
    insert = staticmethod(postgresql.insert)

    def __init__(self, url: str) -> None:
        # Needs what only the extra `postgres` installs.
        from sqlalchemy.ext.asyncio import create_async_engine

        self._engine = create_async_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",
            pool_pre_ping=True,
            pool_size=POOL_SIZE,
            max_overflow=0,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
        )

    async def run(self, work: Callable[[Connection], T]) -> T:
        try:
            async with asyncio.timeout(POOL_TIMEOUT_SECONDS) as patience:
                async with self._engine.connect() as connection:
                    now = asyncio.get_running_loop().time()
                    patience.reschedule(now + STATEMENT_TIMEOUT_SECONDS)
                    return await connection.run_sync(work)
        except (SQLAlchemyError, OSError) as error:  # a TimeoutError is an OSError
            raise DatabaseUnavailable(_cause(error)) from None

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        return _transaction(connection, "BEGIN", f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")

    async def close(self) -> None:
        await self._engine.dispose()


@contextmanager
def _transaction(connection: Connection, *begin: str) -> Iterator[None]:
    for statement in begin:
        connection.exec_driver_sql(statement)
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def make_private_file(url: str) -> None:
    """The file of an SQLite database, for nobody else to read. Raises OSError."""
    database = make_url(url).database
    if url.startswith("sqlite") and database and database != ":memory:":
        path = Path(database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)


def _configure(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}")


def _cause(error: Exception) -> str:
    """What went wrong, without the statement and its parameters.

    An OperationalError is about the database itself; others may quote what was to be stored.
    """
    known = error.orig if isinstance(error, DBAPIError) else error
    return str(known) if isinstance(error, OperationalError) else type(known).__name__
