"""The store: what the widget remembers, in SQLite or PostgreSQL.

It is an index, not the source of truth: a report that it forgets is found again by the next POST,
free of charge. So there are no migrations, and everything expires. Each statement commits by
itself. Only a change that the ATS is told about is a transaction, together with its event.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, delete, exists, or_, select, update

from widget import brake, outbox, retention, run_rows, session_rows, usage
from widget.database import Database
from widget.events import GONE, Event, EventType, Ids, events_of
from widget.journal import Journal
from widget.model import ENDED, EmbedSession, Reason, Run
from widget.outbox import Letter
from widget.schema import prepare
from widget.seal import Seal, Unreadable
from widget.tables import runs, schema_version, sessions
from widget.usage import Usage

TOLD = ("phase", "analysis_id", "reason")  # the fields of a run that events depend on

T = TypeVar("T")


class Store:
    """`open()` it before anything else. Every method may raise DatabaseUnavailable.

    `tells`: whether events are kept for the ATS.
    """

    def __init__(self, database: Database, seal: Seal, *, tells: bool = False) -> None:
        self._database = database
        self._seal = seal
        self._tells = tells
        self._start = run_rows.start(database.insert)
        self._journal: Journal

    async def open(self) -> None:
        """Creates the tables where they are missing or of another version."""
        index_key = await self._database.alone(partial(prepare, self._seal))
        self._journal = Journal(index_key, self._database.insert, tells=self._tells)

    async def close(self) -> None:
        await self._database.close()

    async def warnings(self) -> list[str]:
        """What `check` says about a database that works."""
        return await self._database.warnings()

    async def ping(self) -> None:
        """Raises DatabaseUnavailable unless the database accepts writes."""
        await self._write(update(schema_version).values(version=schema_version.c.version))

    def pair(self, client_id: str, candidate_id: str) -> str:
        return self._journal.pair(Ids(client_id, candidate_id))

    # Embed sessions

    async def add_session(
        self, session: EmbedSession, request: Mapping[str, Any], viewer_id: str | None = None
    ) -> None:
        """`request`: the Partner API's create body. Its CV is not kept if the report exists."""
        cv = request["candidate"].get("cv")
        ids = Ids(request["client"]["id"], request["candidate"]["id"])
        await self._write(
            session_rows.INSERT,
            **session_rows.values_of(session),
            sealed_viewer_id=None if viewer_id is None else self._seal.seal(viewer_id),
            sealed_ids=self._journal.sealed(ids),
            sealed_request=self._seal.seal(_without_cv(request)),
            cv=None if cv is None else self._seal.seal(cv),
        )

    async def load(self, session_id: str) -> tuple[EmbedSession, Run | None] | None:
        """The session and the run of its pair, or None if there is no such session (any more)."""
        row = await self._first(session_rows.SELECT_WITH_RUN, session_id=session_id)
        return None if row is None else session_rows.session_with_run(row, self._opened)

    async def request_of(self, session_id: str) -> dict[str, Any] | None:
        """The create body of a session, with the CV if that is still kept."""
        row = await self._first(session_rows.SELECT_REQUEST, session_id=session_id)
        if row is None:
            return None
        request: dict[str, Any] = self._seal.open(row.sealed_request)
        if row.sealed_cv is not None:
            request["candidate"]["cv"] = self._seal.open(row.sealed_cv)
        return request

    async def name_of(self, session_id: str) -> str:
        """The candidate's name, as the ATS gave it."""
        row = await self._first(session_rows.SELECT_SHORT_REQUEST, session_id=session_id)
        request = self._opened(row.sealed_request) if row is not None else None
        candidate = request["candidate"] if request else {}
        names = [candidate.get("first_name"), candidate.get("last_name")]
        return " ".join(name for name in names if name)

    async def renew_session(
        self, session_id: str, *, lease_until: float, expires_at: float, visit: str | None = None
    ) -> None:
        """May come late, or be lost in an outage: the next poll renews it again."""
        values: dict[str, Any] = {"lease_until": lease_until, "expires_at": expires_at}
        if visit is not None:
            values["visit"] = visit
        values["session_id"] = session_id
        await self._database.run_soon(lambda c: c.execute(session_rows.UPDATE, values))

    async def leave(self, session_id: str, visit: str, now: float) -> None:
        """Ends the lease of a viewer, unless another visit has begun since."""
        await self._write(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.visit == visit)
            .values(lease_until=now)
        )

    async def open_report(self, session: EmbedSession, run: Run, now: float) -> None:
        """Counts an opening of the report in a session, and tells the ATS.

        Does nothing if another call has counted one since the session was loaded.
        """
        if self._tells:
            await self._database.transaction(partial(self._open_report, session, run, now))

    def _open_report(
        self, session: EmbedSession, run: Run, now: float, connection: Connection
    ) -> None:
        known = {"of_id": session.id, "known": session.openings}
        row = connection.execute(session_rows.OPEN_REPORT, known).first()
        ids = None if row is None else self._journal.opened(row.sealed_ids)
        if row is not None and ids is not None:
            viewer_id = self._opened(row.sealed_viewer_id)
            event = Event(EventType.VIEWED, run.analysis_id, viewer_id)
            self._journal.tell(connection, ids, event, now)

    async def forget_cv(self, pair: str) -> None:
        await self._write(session_rows.FORGET_CV, of_pair=pair)

    # Runs

    async def run(self, pair: str) -> Run | None:
        row = await self._first(run_rows.SELECT, of_pair=pair)
        return None if row is None else run_rows.run_of(row, self._opened)

    async def outlines(self, pairs: Collection[str]) -> dict[str, Run]:
        """The runs of these pairs, by pair, without what the Partner API has answered."""
        rows = await self._all(run_rows.SELECT_OUTLINES, pairs=pairs)
        return {run.pair: run for row in rows for run in [run_rows.run_of(row, self._opened)]}

    async def claim_start(self, run: Run, session_id: str, now: float, lease_until: float) -> bool:
        """Claims the start of `run`, in a session. Returns whether the caller has the claim.

        The run is stored if the pair has none, or one that may be taken over: one whose process is
        gone, or one that ended without a report, if the wait that the API asked for is over by the
        start. Nothing is stored if the brake forbids a POST.

        With the claim, the session's viewer counts as present until `lease_until`.
        """
        return await self._database.transaction(
            partial(self._claim_start, run, session_id, now, lease_until)
        )

    def _claim_start(
        self, run: Run, session_id: str, now: float, lease_until: float, connection: Connection
    ) -> bool:
        if brake.closed_until(connection, run.pair, now) is not None:
            return False
        claim = {"session_id": session_id, "now": now, "starts_at": max(now, run.poll_after)}
        if _change(connection, self._start, run_rows.values_of(run) | claim) != 1:
            return False
        # Otherwise the sweeper may cancel the run as left, because `renew_session` may come late.
        until = {"of_id": session_id, "until": lease_until}
        connection.execute(session_rows.KEEP_PRESENT, until)
        brake.count(connection, run.pair, now)
        return True

    async def closed_until(self, pair: str, now: float) -> float | None:
        """Until when the brake forbids a start, or None where it does not."""
        return await self._run(lambda connection: brake.closed_until(connection, pair, now))

    async def claim_call(self, run: Run, now: float, busy_until: float) -> bool:
        """Whether the caller may send the next call on this analysis.

        It may not if another answer has come since `run` was read.
        """
        moments = {"now": now, "busy_until": busy_until, "seen_at": run.resource_at}
        return await self._write(run_rows.CLAIM_CALL, **run_rows.key_of(run), **moments) == 1

    async def change(self, run: Run, now: float, **values: Any) -> bool:
        """Changes columns of a run, unless it has left `run.phase`. `resource` is JSON.

        The event that follows from the change is written with it.
        """
        if "resource" in values:
            values["sealed_resource"] = self._seal.seal(values.pop("resource"))
        happened = events_of(run, **{name: values.get(name, getattr(run, name)) for name in TOLD})
        if not happened:
            return await self._write(run_rows.UPDATE, **run_rows.key_of(run), **values) == 1
        if values.get("phase") in ENDED:
            values |= {"ended_at": now, "sealed_ids": None}
        return await self._database.transaction(
            partial(self._change_and_tell, run, run_rows.UPDATE, values, happened, now)
        )

    async def forget_run(self, run: Run) -> None:
        await self._write(delete(runs).where(runs.c.pair == run.pair, runs.c.id == run.id))

    async def forget_gone_run(self, run: Run, now: float) -> None:
        """Forgets a run under way whose analysis the Partner API no longer knows."""
        happened = [Event(EventType.FAILED, run.analysis_id, reason=GONE)]
        await self._database.transaction(
            partial(self._change_and_tell, run, run_rows.DELETE, {}, happened, now)
        )

    def _change_and_tell(
        self,
        run: Run,
        statement: Any,
        values: Mapping[str, Any],
        happened: Sequence[Event],
        now: float,
        connection: Connection,
    ) -> bool:
        key = run_rows.key_of(run)
        # Read first, because the statement may delete the ids.
        sealed_ids = connection.execute(run_rows.SELECT_IDS, key).scalar()
        if _change(connection, statement, {**key, **values}) != 1:
            return False
        ids = self._journal.opened(sealed_ids)
        if ids is not None:
            self._journal.write(connection, ids, happened, now)
        return True

    async def mark_canceling(
        self, run: Run, reason: Reason, now: float, give_up_at: float, session_id: str | None = None
    ) -> bool:
        """Whether the run was under way, and is now to be canceled. `session_id`: by whom."""
        statement = update(runs).where(
            runs.c.pair == run.pair, runs.c.id == run.id, run_rows.UNDER_WAY
        )
        values = run_rows.canceling(reason, now, give_up_at) | {"canceled_by": session_id}
        return await self._write(statement.values(values)) == 1

    async def cancel_left(
        self, now: float, grace: float, give_up_at: float, renewable_since: float
    ) -> int:
        """Marks for cancellation each run that everyone has left, and returns how many.

        A viewer has left once the lease has been over for `grace` seconds. A lease that ended
        before `renewable_since` does not count, because nobody could renew it.
        """
        present = exists().where(
            sessions.c.pair == runs.c.pair,
            or_(sessions.c.lease_until > now - grace, sessions.c.lease_until < renewable_since),
        )
        left = and_(run_rows.UNDER_WAY, ~present)
        # SELECT first: it takes no write lock, and usually there is nothing to cancel.
        if await self._first(select(1).where(left).limit(1)) is None:
            return 0
        canceling = run_rows.canceling(Reason.LEFT, now, give_up_at)
        return await self._write(update(runs).where(left).values(canceling))

    async def count_under_way(self, now: float) -> int:
        row = await self._first(run_rows.COUNT_UNDER_WAY, now=now)
        return 0 if row is None else int(row[0])

    async def due_cancellations(self, now: float) -> Sequence[Run]:
        rows = await self._all(run_rows.SELECT_DUE_CANCELLATIONS, now=now)
        return [run_rows.run_of(row, self._opened) for row in rows]

    async def renew_run(self, run: Run, expires_at: float) -> None:
        """Keeps a run until `expires_at`, or longer if that is already so."""
        values = {"of_pair": run.pair, "until": expires_at}
        await self._database.run_soon(lambda c: c.execute(run_rows.RENEW, values))

    # Retention

    async def erase(self, ids: Ids, now: float, give_up_at: float) -> Run | None:
        """Forgets everything about a candidate, except for the id of an analysis to be canceled.

        Returns that run.
        """
        row = await self._database.transaction(
            lambda c: retention.erase(c, self._journal, ids, now, give_up_at)
        )
        return None if row is None else run_rows.run_of(row, self._opened)

    async def purge(self, now: float, report_ttl: float) -> None:
        """Forgets what has expired: sessions, runs, the reports in runs, usage, and sent POSTs."""
        await self._run(lambda c: usage.forget(c, now))
        await self._run(lambda c: brake.forget(c, now))
        for statement in retention.expire(now, report_ttl):
            await self._write(statement)

    # Events to be delivered, and usage

    async def claim_events(self, now: float, until: float, limit: int) -> Sequence[Letter]:
        """The events that are due. Only the caller may send them, until the claim lapses."""
        return await self._run(lambda c: outbox.claim(c, self._journal.seal, now, until, limit))

    async def remove_event(self, event_id: str) -> None:
        await self._run(lambda c: outbox.remove(c, event_id))

    async def postpone_event(self, event_id: str, failures: int, due_at: float) -> None:
        await self._run(lambda c: outbox.postpone(c, event_id, failures, due_at))

    async def drop_events(self, now: float) -> int:
        """Deletes what has waited for too long, and the oldest of too many. Returns how many."""
        return await self._run(lambda c: outbox.drop(c, now))

    async def count_events(self) -> int:
        return await self._run(outbox.count)

    async def usage(self, first: str, last: str) -> Sequence[Usage]:
        """In the order of months and clients. `first` and `last` are months, both included."""
        rows = await self._run(lambda c: usage.between(c, first, last))
        # In a thread, because there may be thousands of clients.
        return await asyncio.to_thread(usage.opened, self._journal.seal, rows)

    # How statements are executed

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await self._database.run(work)

    async def _write(self, statement: Any, **values: Any) -> int:
        """Returns how many rows the statement has changed."""
        return await self._run(lambda connection: _change(connection, statement, values))

    async def _first(self, statement: Any, **values: Any) -> Row[Any] | None:
        return await self._run(lambda connection: connection.execute(statement, values).first())

    async def _all(self, statement: Any, **values: Any) -> Sequence[Row[Any]]:
        return await self._run(lambda connection: connection.execute(statement, values).all())

    def _opened(self, sealed: bytes | None) -> Any:
        """None if nothing is stored, or if the secret that sealed it is no longer known."""
        try:
            return None if sealed is None else self._seal.open(sealed)
        except Unreadable:
            return None


def _change(connection: Connection, statement: Any, values: Mapping[str, Any]) -> int:
    """Returns how many rows the statement has changed."""
    options = {"preserve_rowcount": True}
    return connection.execute(statement, values, execution_options=options).rowcount


def _without_cv(request: Mapping[str, Any]) -> dict[str, Any]:
    candidate = {key: value for key, value in request["candidate"].items() if key != "cv"}
    return {**request, "candidate": candidate}
