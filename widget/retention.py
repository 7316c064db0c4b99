"""What deletes rows of sessions and runs: an erasure by the ATS, and age."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, or_, update

from widget import brake, outbox, run_rows, usage
from widget.events import Event, EventType, Ids
from widget.journal import Journal
from widget.model import ENDED, Phase, Reason
from widget.tables import runs, sessions


def erase(
    connection: Connection, journal: Journal, ids: Ids, now: float, give_up_at: float
) -> Row[Any] | None:
    """Deletes everything about a candidate, except for the id of an analysis to be canceled.

    Returns the row of that run.
    """
    pair = journal.pair(ids)
    connection.execute(delete(sessions).where(sessions.c.pair == pair))
    nothing_sent = or_(runs.c.phase.in_(ENDED), run_rows.WAITING)
    connection.execute(delete(runs).where(runs.c.pair == pair, nothing_sent))
    brake.erase(connection, pair)
    under_way = update(runs).where(
        runs.c.pair == pair, runs.c.reason.is_distinct_from(Reason.ERASED)
    )
    canceling = run_rows.canceling(Reason.ERASED, now, give_up_at)
    nothing_else = {"sealed_ids": None, "sealed_resource": None}
    if connection.execute(under_way.values(canceling | nothing_else)).rowcount:
        journal.count(connection, ids.client_id, [usage.CANCELED], now)
    outbox.erase(connection, pair)
    journal.tell(connection, ids, Event(EventType.ERASED), now, erasable=False)
    return connection.execute(run_rows.SELECT, {"of_pair": pair}).first()


def expire(now: float, report_ttl: float) -> Sequence[Any]:
    """The statements that delete what has expired: sessions, runs, and the reports in runs."""
    # The process that was to send the POST is gone, so no event will follow, and an erasure has
    # nothing left to cancel.
    orphaned = and_(
        runs.c.phase.in_([Phase.STARTING, Phase.CANCELING]),
        runs.c.analysis_id.is_(None),
        runs.c.busy_until <= now,
    )
    is_final = or_(runs.c.phase.in_(ENDED), runs.c.give_up_at <= now)
    return [
        delete(sessions).where(sessions.c.expires_at <= now),
        delete(runs).where(runs.c.expires_at <= now),
        delete(runs).where(orphaned, runs.c.reason == Reason.ERASED),
        update(runs).where(orphaned, runs.c.sealed_ids.is_not(None)).values(sealed_ids=None),
        update(runs)
        .where(
            is_final,
            runs.c.sealed_resource.is_not(None),
            runs.c.resource_at <= now - report_ttl,
        )
        .values(sealed_resource=None),
    ]
