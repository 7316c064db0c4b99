"""Events that wait to be delivered: written in the transaction of what they tell, then sent.

Moments are seconds since the epoch.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, delete, func, or_, select, update

from widget.seal import Seal, Unreadable
from widget.tables import events

ID_BYTES = 16
MAX_AGE_SECONDS = 3 * 24 * 3600
MAX_WAITING = 100_000  # beyond it, the oldest are dropped


@dataclass(frozen=True, slots=True)
class Letter:
    """An event to be sent, with its body in JSON."""

    id: str
    failures: int
    body: bytes


def add(
    connection: Connection, seal: Seal, pair: str | None, body: Mapping[str, Any], now: float
) -> None:
    """`pair`: the pair whose erasure deletes the event, or None."""
    values = {
        "id": f"msg_{secrets.token_urlsafe(ID_BYTES)}",
        "pair": pair,
        "created_at": now,
        "due_at": now,
        "sealed_body": seal.seal(body),
    }
    connection.execute(_ADD, values)


def claim(
    connection: Connection, seal: Seal, now: float, until: float, limit: int
) -> Sequence[Letter]:
    """The events that are due. Only the caller may send them, until the claim lapses."""
    # SELECT first: it takes no write lock.
    due = connection.scalars(_DUE, {"now": now, "limit": limit}).all()
    if not due:
        return ()
    # One by one: two processes that lock several rows in one statement may deadlock.
    claimed = [
        connection.execute(_CLAIM, {"of_id": event_id, "now": now, "until": until}).first()
        for event_id in due
    ]
    return [letter for row in claimed if row and (letter := _opened(seal, row))]


def remove(connection: Connection, event_id: str) -> None:
    connection.execute(delete(events).where(events.c.id == event_id))


def postpone(connection: Connection, event_id: str, failures: int, due_at: float) -> None:
    connection.execute(
        update(events).where(events.c.id == event_id).values(failures=failures, due_at=due_at)
    )


def erase(connection: Connection, pair: str) -> None:
    connection.execute(delete(events).where(events.c.pair == pair))


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(events)).scalar_one()


def drop(connection: Connection, now: float) -> int:
    """Deletes events that are too old, and the oldest of too many. Returns how many."""
    too_old = events.c.created_at <= now - MAX_AGE_SECONDS
    too_many = events.c.created_at <= _FIRST_TOO_MANY.scalar_subquery()
    # SELECT first: it takes no write lock.
    limit = {"most": MAX_WAITING}
    found = select(1).where(or_(too_old, too_many)).limit(1)
    if connection.execute(found, limit).first() is None:
        return 0
    return connection.execute(delete(events).where(or_(too_old, too_many)), limit).rowcount


def _opened(seal: Seal, row: Row[Any]) -> Letter | None:
    """None if it was sealed with a key that is no longer known."""
    try:
        body = seal.open(row.sealed_body)
    except Unreadable:
        return None
    return Letter(row.id, row.failures, json.dumps(body, separators=(",", ":")).encode())


_ADD = events.insert()
_DUE = (
    select(events.c.id)
    .where(events.c.due_at <= bindparam("now"))
    .order_by(events.c.due_at)
    .limit(bindparam("limit"))
)
_CLAIM = (
    update(events)
    .where(events.c.id == bindparam("of_id"), events.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"))
    .returning(events.c.id, events.c.failures, events.c.sealed_body)
)
_FIRST_TOO_MANY = (
    select(events.c.created_at)
    .order_by(events.c.created_at.desc())
    .offset(bindparam("most", type_=Integer))
    .limit(1)
)
