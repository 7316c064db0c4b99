"""What both databases have in common."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database does not answer, or not as it should."""


def in_transaction(connection: Connection, work: Callable[[Connection], T], *begin: str) -> T:
    """What `work` returns, once all of its changes are committed. If it raises, none are."""
    try:
        for statement in begin:
            connection.exec_driver_sql(statement)
        result = work(connection)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        with suppress(SQLAlchemyError):  # a connection that is broken has rolled back already
            connection.exec_driver_sql("ROLLBACK")
        raise
    return result


def cause(error: Exception) -> str:
    """What went wrong, without the statement and its parameters.

    An OperationalError is about the database itself; others may quote what was to be stored.
    """
    known = error.orig if isinstance(error, DBAPIError) else error
    return str(known) if isinstance(error, OperationalError) else type(known).__name__
