"""How statements reach PostgreSQL: through SQLAlchemy's asynchronous engine.

If a connection is cut or falls silent, or the server has become read-only, the statement fails.
After a failover, the other connections of the pool are no better, so all of them are replaced.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, NullPool, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from widget.limits import Limits
from widget.patience import waiting
from widget.pool import Pool, Pooled
from widget.tasks import Tasks
from widget.transactions import DatabaseUnavailable, cause, in_transaction

POOL_SIZE = 15  # in each process
CONNECT_SECONDS = 5
GRACE_SECONDS = 0.3  # after one statement was cut off, until the older ones are as well
CANCEL_SECONDS = 2.0
CHECK_SECONDS = 3.0
SCHEMA_LOCK = 0x63616E6469646174  # an advisory lock's number: "candidat" in ASCII

T = TypeVar("T")


class PostgreSQL:
    """A Database."""

    insert = staticmethod(postgresql.insert)

    def __init__(self, url: str, limits: Limits) -> None:
        # Imported here because it needs greenlet, which only the extra `postgres` installs.
        from sqlalchemy.ext.asyncio import create_async_engine

        self._engine = create_async_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            # No prepared statements: behind PgBouncer, each transaction may use another server
            # connection, which does not know them.
            connect_args={"connect_timeout": CONNECT_SECONDS, "prepare_threshold": None},
        )
        self._limits = limits
        self._pool = Pool(self._connect, POOL_SIZE)
        self._unanswered: set[Pooled] = set()
        self._cancellations = Tasks()

    async def run(self, work: Callable[[Connection], T]) -> T:
        with waiting(self._limits.statement_seconds) as deadline:
            try:
                pooled = await self._pool.take(deadline - self._limits.least_statement_seconds)
            except TimeoutError:
                raise DatabaseUnavailable("no connection has become free") from None
            except (SQLAlchemyError, OSError) as error:
                raise DatabaseUnavailable(cause(error)) from None
            return await self._carry_out(work, pooled, deadline)

    async def run_soon(self, work: Callable[[Connection], Any]) -> None:
        with suppress(DatabaseUnavailable):
            await self.run(work)

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        return await self.run(lambda c: in_transaction(c, work, "BEGIN"))

    async def alone(self, work: Callable[[Connection], T]) -> T:
        lock = f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"
        return await self.run(lambda c: in_transaction(c, work, "BEGIN", lock))

    async def warnings(self) -> list[str]:
        deadline = asyncio.get_running_loop().time() + CHECK_SECONDS
        wanted = [self._pool.take(deadline) for _ in range(POOL_SIZE)]
        outcomes = await asyncio.gather(*wanted, return_exceptions=True)
        taken = [outcome for outcome in outcomes if isinstance(outcome, Pooled)]
        for pooled in taken:
            self._pool.give_back(pooled)
        if len(taken) == POOL_SIZE:
            return []
        return [f"serves {len(taken)} connections at once, and a worker uses up to {POOL_SIZE}"]

    async def close(self) -> None:
        for pooled in self._unanswered:
            _hang_up(pooled)
        await self._pool.close()
        await self._engine.dispose()

    async def _carry_out(
        self, work: Callable[[Connection], T], pooled: Pooled, deadline: float
    ) -> T:
        try:
            with self._cut_off_at(deadline, pooled):
                result = await pooled.connection.run_sync(work)
        except BaseException as error:
            if _spares_connection(error):
                self._pool.give_back(pooled)
            else:
                self._pool.renew(pooled)
            if isinstance(error, SQLAlchemyError):
                reason = "no answer in time" if pooled.cut_off else cause(error)
                raise DatabaseUnavailable(reason) from None
            raise
        self._pool.give_back(pooled)
        return result

    async def _connect(self) -> Pooled:
        # On its first connection SQLAlchemy sends statements of its own: only this ends them.
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await self._engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 - it is None only after closing
        pooled = Pooled(connection, driver)
        try:
            # PgBouncer accepts more connections than it serves, so wait for the first answer.
            with self._cut_off_at(asyncio.get_running_loop().time() + CONNECT_SECONDS, pooled):
                await connection.exec_driver_sql("SELECT 1")
        except BaseException:
            await pooled.close()
            raise
        return pooled

    @contextmanager
    def _cut_off_at(self, deadline: float, pooled: Pooled) -> Iterator[None]:
        """Cuts the connection off at `deadline`, unless the block has ended before.

        The task is not canceled instead, because psycopg would wait ten more seconds for a silent
        server.
        """
        timer = asyncio.get_running_loop().call_at(deadline, self._cut_off, pooled)
        self._unanswered.add(pooled)
        try:
            yield
        finally:
            self._unanswered.discard(pooled)
            timer.cancel()

    def _cut_off(self, pooled: Pooled) -> None:
        self._cancellations.start(self._cut_off_all(pooled))

    async def _cut_off_all(self, pooled: Pooled) -> None:
        """Cuts off a connection, and soon after those others that have not answered since."""
        others = self._unanswered - {pooled}
        cancellations = [_cancel(pooled)]
        await asyncio.sleep(GRACE_SECONDS)
        cancellations += [_cancel(other) for other in others & self._unanswered]
        await asyncio.gather(*cancellations, return_exceptions=True)


def _cancel(pooled: Pooled) -> asyncio.Task[None]:
    """Asks the server to end the statement, and ends the wait for its answer."""
    pooled.cut_off = True
    cancellation = asyncio.create_task(pooled.driver.cancel_safe(timeout=CANCEL_SECONDS))
    # Later, because the cancellation first reads the server's address from the connection.
    asyncio.get_running_loop().call_soon(_hang_up, pooled)
    return cancellation


def _hang_up(pooled: Pooled) -> None:
    """Shuts the socket down, so that the statement that waits on it fails at once."""
    with suppress(Exception), socket.socket(fileno=os.dup(pooled.driver.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


def _spares_connection(error: BaseException) -> bool:
    """Whether the connection can be used again: the error came from the statement's content."""
    if isinstance(error, DBAPIError):
        return isinstance(error, (DataError, IntegrityError))
    return isinstance(error, Exception)
