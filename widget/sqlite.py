"""How statements reach SQLite: on the event loop.

Statements are short and local, so a thread for each would cost more than it saves. Only one thing
takes long: to wait for the write lock while another process holds it. SQLite's own waiting, which
would block the event loop, is turned off. A statement that finds the lock taken is tried again.
"""

import asyncio
import errno
import sqlite3
import stat
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from widget.limits import Limits
from widget.patience import waiting
from widget.tasks import Tasks
from widget.transactions import DatabaseUnavailable, cause, in_transaction

# Pauses between attempts. Another worker holds the lock for less than a millisecond, but another
# program may hold it for minutes.
RETRY_SECONDS = (0.001, 0.002, 0.005, 0.01)
SLOW_RETRY_SECONDS = 0.02  # after these

FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH

T = TypeVar("T")


class _Busy(Exception):
    """Another process holds the write lock. Nothing has been changed."""


class SQLite:
    """A Database. Creates the file if it is missing, and connects when a statement first needs it.

    Raises OSError if the file cannot be created.
    """

    insert = staticmethod(sqlite.insert)

    def __init__(self, url: str, limits: Limits) -> None:
        self._limits = limits
        make_private_file(url)
        self._url = url
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()  # held by the first of those that wait for the write lock
        self._late = Tasks()  # of `run_soon`
        event.listen(self._engine, "connect", _configure)

    async def run(self, work: Callable[[Connection], T]) -> T:
        with suppress(_Busy):
            return self._attempt(work)
        return await self._in_turn(work)

    async def run_soon(self, work: Callable[[Connection], Any]) -> None:
        try:
            self._attempt(work)
        except _Busy:
            self._late.start(self._late_in_turn(work))
        except DatabaseUnavailable:
            pass

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        return await self.run(lambda c: in_transaction(c, work, "BEGIN IMMEDIATE"))

    async def alone(self, work: Callable[[Connection], T]) -> T:
        return await self.transaction(work)

    async def warnings(self) -> list[str]:
        files = [path for path in _files(self._url) if path.exists()]
        found = []
        if any(path.stat().st_mode & FOR_OTHERS for path in files):
            found.append(f"others may open {files[0]}")
        if files and files[0].parent.stat().st_mode & WRITABLE_BY_OTHERS:
            found.append(f"others may replace files in {files[0].parent}")
        return found

    async def close(self) -> None:
        for task in self._late:
            task.cancel()
        self._disconnect()
        self._engine.dispose()

    async def _in_turn(self, work: Callable[[Connection], T]) -> T:
        """Waits until those that came earlier are done, then attempts `work` until it succeeds.

        Raises DatabaseUnavailable when it has taken as long as the task may wait.
        """
        with waiting(self._limits.statement_seconds) as deadline:
            try:
                async with asyncio.timeout_at(deadline), self._turn:
                    pauses = chain(RETRY_SECONDS, repeat(SLOW_RETRY_SECONDS))
                    while True:
                        with suppress(_Busy):
                            return self._attempt(work)
                        await asyncio.sleep(next(pauses))
            except TimeoutError:
                pass
        raise DatabaseUnavailable("another process holds the write lock")

    async def _late_in_turn(self, work: Callable[[Connection], Any]) -> None:
        with suppress(DatabaseUnavailable):
            await self._in_turn(work)

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        """Returns what `work` returns. Raises _Busy or DatabaseUnavailable.

        After any other error than _Busy, the next attempt gets a new connection.
        """
        try:
            return work(self._connected())
        except SQLAlchemyError as error:
            if _is_busy(error):
                raise _Busy from None
            self._disconnect()
            raise DatabaseUnavailable(cause(error)) from None
        except BaseException:
            self._disconnect()
            raise

    def _connected(self) -> Connection:
        """The only connection. More would not help, because statements run one after another."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        """Closes the connection, and with it any lock or transaction that it still holds."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def make_private_file(url: str) -> None:
    """Creates the file of an SQLite database if it is missing, readable by its owner alone.

    Others lose their rights on a file that is there, unless it has another owner. Raises OSError if
    the file cannot be created, or if something is in its place that is no file.
    """
    files = _files(url)
    for path in files[:1]:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is a folder or a device")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    for path in files:
        with suppress(FileNotFoundError, PermissionError):
            mode = path.stat().st_mode
            if stat.S_ISREG(mode) and mode & FOR_OTHERS:
                path.chmod(mode & ~FOR_OTHERS)


def _files(url: str) -> list[Path]:
    """The database file, then the two that SQLite creates beside it with the same mode.

    Empty for a database in memory, and for one that is not SQLite's.
    """
    database = make_url(url).database
    if not url.startswith("sqlite") or not database or database == ":memory:":
        return []
    return [Path(f"{database}{suffix}") for suffix in ("", "-wal", "-shm")]


def _configure(connection: Any, _: Any) -> None:
    # WAL lets others read during a write. With NORMAL, a power cut may lose the last changes, but
    # never damages the file.
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _is_busy(error: SQLAlchemyError) -> bool:
    known = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(known, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the higher bits say which kind of busy
