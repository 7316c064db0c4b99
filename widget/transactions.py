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
    """Returns what `work` returns, after a COMMIT; if it raises, rolls back.

    `begin`: the statements that open the transaction.
    """
    try:
        for statement in begin:
            connection.exec_driver_sql(statement)
        result = work(connection)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        with suppress(SQLAlchemyError):  # the server rolls back by itself if the connection broke
            connection.exec_driver_sql("ROLLBACK")
        raise
    return result


def cause(error: Exception) -> str:
    """What went wrong, in one line without the statement and its parameters: these may be personal.

    The message of an OperationalError is about the database itself. Other messages may quote
    values, so only their type is named.
    """
    known = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, OperationalError):
        return " ".join(str(known).split())
    return type(known).__name__
