"""What each client company has used, by month, counted in the transactions of the changes.

A month is written as `2026-11`, and begins and ends in UTC.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from widget.events import Event, EventType
from widget.seal import Seal, Unreadable
from widget.tables import usage

KEPT_MONTHS = 24  # besides the current one

CANCELED = "canceled"
REUSED = "reused"  # a POST that was answered with an existing report
COUNTED = {
    EventType.STARTED: "started",
    EventType.COMPLETED: "completed",
    EventType.FAILED: "failed",
    EventType.CANCELED: CANCELED,
}
COUNTERS = (*COUNTED.values(), REUSED)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one client has used in one month. `counts` has the COUNTERS as keys."""

    month: str
    client_id: str
    counts: Mapping[str, int]


def counters_of(events: Collection[Event]) -> Collection[str]:
    """The counters that go up by one with these events of one change."""
    types = {event.type for event in events}
    counters = [counter for kind, counter in COUNTED.items() if kind in types]
    return [*counters, REUSED] if {EventType.STARTED, EventType.COMPLETED} <= types else counters


def addition(insert: Callable[..., Any]) -> Any:
    """The statement of `count`: adds to a client's counts of a month, or inserts the first ones.

    `insert` is the dialect's own.
    """
    statement = insert(usage)
    return statement.on_conflict_do_update(
        index_elements=[usage.c.month, usage.c.client],
        set_={name: usage.c[name] + statement.excluded[name] for name in COUNTERS},
    )


def count(
    connection: Connection,
    addition: Any,
    seal: Seal,
    client: str,
    client_id: str,
    counters: Collection[str],
    now: float,
) -> None:
    """Adds one to each of `counters`. `client`: the keyed hash by which the row is found."""
    values = {
        "month": month_of(now),
        "client": client,
        "sealed_client_id": seal.seal(client_id),
        **{name: int(name in counters) for name in COUNTERS},
    }
    connection.execute(addition, values)


def between(connection: Connection, first: str, last: str) -> Sequence[Row[Any]]:
    """`first` and `last` are months, both included."""
    return connection.execute(select(usage).where(usage.c.month.between(first, last))).all()


def opened(seal: Seal, rows: Sequence[Row[Any]]) -> Sequence[Usage]:
    """In the order of months and clients."""
    client_ids = _client_ids(seal, {row.client: row.sealed_client_id for row in rows})
    known = [
        Usage(row.month, client_ids[row.client], {name: row._mapping[name] for name in COUNTERS})
        for row in rows
        if row.client in client_ids
    ]
    return sorted(known, key=lambda each: (each.month, each.client_id))


def forget(connection: Connection, now: float) -> None:
    """Deletes what is older than KEPT_MONTHS."""
    moment = datetime.fromtimestamp(now, UTC)
    months = moment.year * 12 + moment.month - 1 - KEPT_MONTHS
    first = f"{months // 12:04}-{months % 12 + 1:02}"
    connection.execute(delete(usage).where(usage.c.month < first))


def month_of(moment: float) -> str:
    """`moment`: seconds since the epoch."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m")


def _client_ids(seal: Seal, sealed: Mapping[str, bytes]) -> dict[str, str]:
    """The ids by `client`, without those that were sealed with a key that is no longer known."""
    client_ids = {}
    for client, value in sealed.items():
        try:
            client_ids[client] = seal.open(value)
        except Unreadable:
            continue
    return client_ids
