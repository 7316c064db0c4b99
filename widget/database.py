"""How statements reach SQLite or PostgreSQL."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from widget.limits import LIMITS, Limits
from widget.postgresql import PostgreSQL
from widget.sqlite import SQLite
from widget.transactions import DatabaseUnavailable

__all__ = ["Database", "DatabaseUnavailable", "connect"]

T = TypeVar("T")


class Database(Protocol):
    """What `work` does to a connection may be done twice, if the first time changed nothing.

    Each method but `run_soon` raises DatabaseUnavailable. `insert` is the dialect's own, which
    knows ON CONFLICT.
    """

    insert: Callable[..., Any]

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns. Each of its statements commits by itself."""
        ...

    async def run_soon(self, work: Callable[[Connection], Any]) -> None:
        """`run` for a change that may be late or lost: nobody waits for another's write lock."""
        ...

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns. All of its statements commit together, or none does."""
        ...

    async def alone(self, work: Callable[[Connection], T]) -> T:
        """`transaction`, for one process at a time."""
        ...

    async def warnings(self) -> list[str]:
        """What is amiss with a database that works. Each says it of "the database"."""
        ...

    async def close(self) -> None: ...


def connect(url: str, limits: Limits = LIMITS) -> Database:
    """`url` as in `WIDGET_DATABASE_URL`. Connections are made when they are first needed."""
    return SQLite(url, limits) if url.startswith("sqlite") else PostgreSQL(url, limits)
