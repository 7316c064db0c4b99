"""How statements reach PostgreSQL: through SQLAlchemy's asynchronous engine."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from widget.transactions import DatabaseUnavailable, cause, in_transaction

CONNECT_TIMEOUT_SECONDS = 5
POOL_SIZE = 15  # in each process; all are kept, as making one costs more than a statement
POOL_TIMEOUT_SECONDS = 15  # in a crowd, a connection has to become free first
STATEMENT_TIMEOUT_SECONDS = 5
SCHEMA_LOCK = 0x63616E6469646174  # a number that no other program locks in this database

T = TypeVar("T")


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
            raise DatabaseUnavailable(cause(error)) from None

    async def run_soon(self, work: Callable[[Connection], Any]) -> None:
        with suppress(DatabaseUnavailable):
            await self.run(work)

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        return await self.run(lambda c: in_transaction(c, work, "BEGIN"))

    async def alone(self, work: Callable[[Connection], T]) -> T:
        lock = f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"
        return await self.run(lambda c: in_transaction(c, work, "BEGIN", lock))

    async def close(self) -> None:
        await self._engine.dispose()
