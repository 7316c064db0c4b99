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
    """How statements are executed. `work` gets a connection, and executes statements on it.

    If the database was busy and nothing was changed, `work` is called again. All methods except
    `run_soon` may raise DatabaseUnavailable. `insert` is the dialect's own, with ON CONFLICT.
    """

    insert: Callable[..., Any]

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Returns what `work` returns. Each of its statements commits by itself."""

    async def run_soon(self, work: Callable[[Connection], Any]) -> None:
        """`run` for a change that may be late or lost. It does not wait for the write lock."""

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        """Returns what `work` returns. All of its statements commit together, or none does."""

    async def alone(self, work: Callable[[Connection], T]) -> T:
        """`transaction`, in one process at a time."""

    async def warnings(self) -> list[str]:
        """What `check` should warn of, though the database works. "The database" is the subject."""

    async def close(self) -> None: ...


def connect(url: str, limits: Limits = LIMITS) -> Database:
    """`url` as in `WIDGET_DATABASE_URL`. Connections are opened when they are first needed."""
    return SQLite(url, limits) if url.startswith("sqlite") else PostgreSQL(url, limits)
