"""Tables and statements, the same for SQLite and PostgreSQL.

The store is an index, not a truth: a report that it forgets is found again by the next POST, free
of charge. So there are no migrations, and everything expires. A statement stands for itself, but
where a change tells the ATS something: that is written in the transaction of the change.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Connection,
    LargeBinary,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    update,
)

from widget import brake, outbox, usage
from widget.database import Database
from widget.events import GONE, Event, EventType, Ids, events_of
from widget.journal import Journal
from widget.model import ENDED, EmbedSession, Permission, Phase, Reason, Run
from widget.outbox import Letter
from widget.schema import prepare
from widget.seal import Seal, Unreadable
from widget.tables import runs, schema_version, sessions
from widget.usage import Usage
from widget.values import load

SWEEP_BATCH = 100

T = TypeVar("T")


class Store:
    """`open()` it before anything else. Every method may raise DatabaseUnavailable.

    `tells`: whether events are kept for the ATS.
    """

    def __init__(self, database: Database, seal: Seal, *, tells: bool = False) -> None:
        self._database = database
        self._seal = seal
        self._tells = tells
        self._journal: Journal

    async def open(self) -> None:
        """Makes the tables where they are missing or of another version."""
        index_key = await self._database.alone(partial(prepare, self._seal))
        self._journal = Journal(index_key, self._database.insert, tells=self._tells)

    async def close(self) -> None:
        await self._database.close()

    async def warnings(self) -> list[str]:
        """What `check` says about a database that works."""
        return await self._database.warnings()

    async def ping(self) -> None:
        """Raises DatabaseUnavailable unless the database takes what is written."""
        await self._write(update(schema_version).values(version=schema_version.c.version))

    def pair(self, client_id: str, candidate_id: str) -> str:
        return self._journal.pair(Ids(client_id, candidate_id))

    # Embed sessions

    async def add_session(
        self, session: EmbedSession, request: Mapping[str, Any], viewer_id: str | None = None
    ) -> None:
        """`request`: the Partner API's create body. No CV is kept where the report is there."""
        cv = request["candidate"].get("cv")
        await self._write(
            _ADD_SESSION,
            id=session.id,
            pair=session.pair,
            language=session.language,
            appearance=json.dumps(dict(session.appearance)),
            permissions=" ".join(sorted(session.permissions)),
            origin=session.origin,
            sealed_viewer_id=None if viewer_id is None else self._seal.seal(viewer_id),
            sealed_ids=self._journal.sealed(
                Ids(request["client"]["id"], request["candidate"]["id"])
            ),
            sealed_request=self._seal.seal(_without_cv(request)),
            cv=None if cv is None else self._seal.seal(cv),
            gone_at=session.gone_at,
            expires_at=session.expires_at,
        )

    async def load(self, session_id: str) -> tuple[EmbedSession, Run | None] | None:
        """The session with the run of its pair, or None once the session has been forgotten."""
        row = await self._first(_SESSION_WITH_RUN, session_id=session_id)
        return None if row is None else (_session(row), self._joined_run(row))

    async def request_of(self, session_id: str) -> dict[str, Any] | None:
        """The create body of a session, with the CV while that is kept."""
        statement = select(sessions.c.sealed_request, sessions.c.sealed_cv).where(
            sessions.c.id == session_id
        )
        row = await self._first(statement)
        if row is None:
            return None
        request: dict[str, Any] = self._seal.open(row.sealed_request)
        if row.sealed_cv is not None:
            request["candidate"]["cv"] = self._seal.open(row.sealed_cv)
        return request

    async def name_of(self, session_id: str) -> str:
        """The candidate's name, as the ATS gave it."""
        row = await self._first(_REQUEST, session_id=session_id)
        request = self._opened(row.sealed_request) if row is not None else None
        candidate = request["candidate"] if request else {}
        names = [candidate.get("first_name"), candidate.get("last_name")]
        return " ".join(name for name in names if name)

    async def renew_session(
        self, session_id: str, *, gone_at: float, expires_at: float, visit: str | None = None
    ) -> None:
        """May come late, or be lost in an outage: the next poll renews it again."""
        values: dict[str, Any] = {"gone_at": gone_at, "expires_at": expires_at}
        if visit is not None:
            values["visit"] = visit
        values["session_id"] = session_id
        await self._database.run_soon(lambda c: c.execute(_UPDATE_SESSION, values))

    async def end_visit(self, session_id: str, visit: str, now: float) -> None:
        """The viewer has left, unless the page has been loaded again since."""
        await self._write(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.visit == visit)
            .values(gone_at=now)
        )

    async def open_report(self, session: EmbedSession, run: Run, now: float) -> None:
        """Tells the ATS that the report was opened once more than the session knows of.

        Several that know of the same number tell it once.
        """
        if self._tells:
            await self._database.transaction(partial(self._open_report, session, run, now))

    def _open_report(
        self, session: EmbedSession, run: Run, now: float, connection: Connection
    ) -> None:
        known = {"of_id": session.id, "known": session.openings}
        row = connection.execute(_OPEN_REPORT, known).first()
        ids = None if row is None else self._journal.opened(row.sealed_ids)
        if row is not None and ids is not None:
            viewer_id = self._opened(row.sealed_viewer_id)
            event = Event(EventType.VIEWED, run.analysis_id, viewer_id)
            self._journal.tell(connection, ids, event, now)

    async def forget_cv(self, pair: str) -> None:
        await self._write(
            update(sessions)
            .where(sessions.c.pair == pair, sessions.c.sealed_cv.is_not(None))
            .values(sealed_cv=None)
        )

    # Runs

    async def run(self, pair: str) -> Run | None:
        row = await self._first(_RUN, of_pair=pair)
        return None if row is None else self._run_of(row)

    async def outlines(self, pairs: Collection[str]) -> dict[str, Run]:
        """The runs of pairs by these, without what the Partner API has answered."""
        rows = await self._run(lambda c: c.execute(_OUTLINES, {"pairs": pairs}).all())
        return {row.run_pair: self._run_of(row) for row in rows}

    async def claim_start(self, run: Run, session_id: str, now: float) -> bool:
        """Whether this run is the one that may be started for its pair, in that session.

        It may where there is none, where the last one ended without a report (and the API's wait
        is over when this one is to start), and where the process of the last one is gone. The
        brake may forbid it all the same.
        """
        return await self._database.transaction(partial(self._claim_start, run, session_id, now))

    def _claim_start(self, run: Run, session_id: str, now: float, connection: Connection) -> bool:
        if brake.closed_until(connection, run.pair, now) is not None:
            return False
        ids = select(sessions.c.sealed_ids).where(sessions.c.id == session_id).scalar_subquery()
        values = _row(run) | {"sealed_ids": ids, "sealed_resource": None}
        starts_at = max(now, run.poll_after)
        free = or_(
            and_(runs.c.phase.in_([Phase.FAILED, Phase.CANCELED]), runs.c.poll_after <= starts_at),
            and_(
                runs.c.phase.not_in(ENDED),
                runs.c.analysis_id.is_(None),
                runs.c.busy_until <= now,
            ),
        )
        statement = (
            self._database.insert(runs)
            .values(values)
            .on_conflict_do_update(index_elements=[runs.c.pair], set_=values, where=free)
        )
        counting = {"preserve_rowcount": True}
        if connection.execute(statement, execution_options=counting).rowcount != 1:
            return False
        brake.count(connection, run.pair, now)
        return True

    async def closed_until(self, pair: str, now: float) -> float | None:
        """Until when the brake forbids a start, or None where it does not."""
        return await self._run(lambda connection: brake.closed_until(connection, pair, now))

    async def claim_call(self, run: Run, now: float, busy_until: float) -> bool:
        """Whether the caller is the one that may send the next call on this analysis.

        It is not, where an answer has come since the caller looked.
        """
        values = {"now": now, "busy_until": busy_until, "seen_at": run.resource_at}
        return await self._write(_CLAIM_CALL, **_name(run), **values) == 1

    async def change(self, run: Run, now: float, **values: Any) -> bool:
        """Changes columns of a run, unless it has left `run.phase`. `resource` is JSON.

        It is sealed here. What the change means to the ATS is written down with it.
        """
        if "resource" in values:
            values["sealed_resource"] = self._seal.seal(values.pop("resource"))
        happened = events_of(run, **{name: values.get(name, getattr(run, name)) for name in _TOLD})
        if not happened:
            return await self._write(_UPDATE_RUN, **_name(run), **values) == 1
        if values.get("phase") in ENDED:
            values |= {"ended_at": now, "sealed_ids": None}
        statement = _UPDATE_RUN.values(values)
        return await self._database.transaction(
            partial(self._change_and_tell, run, statement, happened, now)
        )

    async def forget_run(self, run: Run) -> None:
        await self._write(delete(runs).where(runs.c.pair == run.pair, runs.c.id == run.id))

    async def forget_gone_run(self, run: Run, now: float) -> None:
        """Forgets a run under way whose analysis the Partner API no longer knows."""
        happened = [Event(EventType.FAILED, run.analysis_id, reason=GONE)]
        await self._database.transaction(
            partial(self._change_and_tell, run, _FORGET_RUN, happened, now)
        )

    def _change_and_tell(
        self,
        run: Run,
        statement: Any,
        happened: Sequence[Event],
        now: float,
        connection: Connection,
    ) -> bool:
        """What is told is about whom the run was about before."""
        sealed_ids = connection.execute(_IDS, _name(run)).scalar()
        if connection.execute(statement, _name(run)).rowcount != 1:
            return False
        ids = self._journal.opened(sealed_ids)
        if ids is not None:
            self._journal.write(connection, ids, happened, now)
        return True

    async def mark_canceling(
        self, run: Run, reason: Reason, now: float, give_up_at: float, session_id: str | None = None
    ) -> bool:
        """Whether the run was under way, and is now to be canceled. `session_id`: by whom."""
        statement = update(runs).where(runs.c.pair == run.pair, runs.c.id == run.id, _UNDER_WAY)
        values = _canceling(reason, now, give_up_at) | {"canceled_by": session_id}
        return await self._write(statement.values(values)) == 1

    async def cancel_abandoned(
        self, now: float, grace: float, give_up_at: float, unseen_before: float
    ) -> int:
        """Marks for cancellation each run whose last viewer has been gone for the grace.

        A viewer whose lease lapsed before `unseen_before` counts as there.
        """
        watched = exists().where(
            sessions.c.pair == runs.c.pair,
            or_(sessions.c.gone_at > now - grace, sessions.c.gone_at < unseen_before),
        )
        abandoned = and_(_UNDER_WAY, ~watched)
        # To look keeps nobody from writing, and there is seldom anything to be done.
        if await self._first(select(1).where(abandoned).limit(1)) is None:
            return 0
        statement = update(runs).where(abandoned)
        return await self._write(statement.values(_canceling(Reason.LEFT, now, give_up_at)))

    async def count_under_way(self, now: float) -> int:
        claimed = or_(runs.c.analysis_id.is_not(None), runs.c.busy_until > now)
        row = await self._first(select(func.count()).where(runs.c.phase.not_in(ENDED), claimed))
        return 0 if row is None else int(row[0])

    async def due_cancellations(self, now: float) -> Sequence[Run]:
        statement = (
            select(*_RUN_COLUMNS)
            .where(
                runs.c.phase == Phase.CANCELING,
                runs.c.analysis_id.is_not(None),
                runs.c.poll_after <= now,
                runs.c.busy_until <= now,
            )
            .limit(SWEEP_BATCH)
        )
        rows = await self._run(lambda connection: connection.execute(statement).all())
        return [self._run_of(row) for row in rows]

    async def renew_run(self, run: Run, expires_at: float) -> None:
        """A run has been used."""
        values = {"of_pair": run.pair, "until": expires_at}
        await self._database.run_soon(lambda c: c.execute(_RENEW_RUN, values))

    async def erase(self, ids: Ids, now: float, give_up_at: float) -> Run | None:
        """Forgets everything on a candidate, but for the name of a run that is to be canceled.

        Returns this run.
        """
        row = await self._database.transaction(partial(self._erase, ids, now, give_up_at))
        return None if row is None else self._run_of(row)

    def _erase(
        self, ids: Ids, now: float, give_up_at: float, connection: Connection
    ) -> Row[Any] | None:
        pair = self._journal.pair(ids)
        connection.execute(delete(sessions).where(sessions.c.pair == pair))
        nothing_sent = or_(runs.c.phase.in_(ENDED), _WAITING)
        connection.execute(delete(runs).where(runs.c.pair == pair, nothing_sent))
        brake.erase(connection, pair)
        under_way = update(runs).where(
            runs.c.pair == pair, runs.c.reason.is_distinct_from(Reason.ERASED)
        )
        canceling = _canceling(Reason.ERASED, now, give_up_at)
        nothing_else = {"sealed_ids": None, "sealed_resource": None}
        if connection.execute(under_way.values(canceling | nothing_else)).rowcount:
            self._journal.count(connection, ids.client_id, [usage.CANCELED], now)
        outbox.erase(connection, pair)
        self._journal.tell(connection, ids, Event(EventType.ERASED), now, erasable=False)
        return connection.execute(_RUN, {"of_pair": pair}).first()

    async def purge(self, now: float, report_ttl: float) -> None:
        """Forgets what has expired: sessions, runs, the snapshots of reports, and usage.

        Of a run whose process is gone, nothing will be told; of one that was erased as well,
        nothing is left to be canceled.
        """
        await self._run(lambda connection: usage.forget(connection, now))
        await self._run(lambda connection: brake.forget(connection, now))
        await self._write(delete(sessions).where(sessions.c.expires_at <= now))
        await self._write(delete(runs).where(runs.c.expires_at <= now))
        orphaned = and_(
            runs.c.phase.in_([Phase.STARTING, Phase.CANCELING]),
            runs.c.analysis_id.is_(None),
            runs.c.busy_until <= now,
        )
        await self._write(delete(runs).where(orphaned, runs.c.reason == Reason.ERASED))
        await self._write(
            update(runs).where(orphaned, runs.c.sealed_ids.is_not(None)).values(sealed_ids=None)
        )
        await self._write(
            update(runs)
            .where(
                or_(runs.c.phase.in_(ENDED), runs.c.give_up_at <= now),
                runs.c.sealed_resource.is_not(None),
                runs.c.resource_at <= now - report_ttl,
            )
            .values(sealed_resource=None)
        )

    # Events to be delivered, and usage

    async def claim_events(self, now: float, until: float, limit: int) -> Sequence[Letter]:
        """What is due, for the caller alone to send until the claim lapses."""
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
        # In a thread, as there may be thousands of clients.
        return await asyncio.to_thread(usage.opened, self._journal.seal, rows)

    # How statements are carried out

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await self._database.run(work)

    async def _write(self, statement: Any, **values: Any) -> int:
        """How many rows a statement has changed."""
        return await self._run(
            lambda connection: (
                connection.execute(
                    statement, values, execution_options={"preserve_rowcount": True}
                ).rowcount
            )
        )

    async def _first(self, statement: Any, **values: Any) -> Row[Any] | None:
        return await self._run(lambda connection: connection.execute(statement, values).first())

    def _joined_run(self, row: Row[Any]) -> Run | None:
        return None if row.run_id is None else self._run_of(row)

    def _run_of(self, row: Row[Any]) -> Run:
        resource = self._opened(row.sealed_resource)
        return Run(
            pair=row.run_pair,
            id=row.run_id,
            phase=Phase(row.phase),
            started_at=row.started_at,
            ended_at=row.ended_at,
            expires_at=row.run_expires_at,
            reason=None if row.reason is None else Reason(row.reason),
            canceled_by=row.canceled_by,
            analysis_id=row.analysis_id,
            resource=None if resource is None else load(resource),
            left_out=row.left_out,
            resource_at=row.resource_at,
            poll_after=row.poll_after,
            busy_until=row.busy_until,
            interval=row.interval,
            failures=row.failures,
            unreadable=row.unreadable,
            give_up_at=row.give_up_at,
        )

    def _opened(self, sealed: bytes | None) -> Any:
        try:
            return None if sealed is None else self._seal.open(sealed)
        except Unreadable:
            return None


_SESSION_COLUMNS = [
    sessions.c.id,
    sessions.c.pair,
    sessions.c.language,
    sessions.c.appearance,
    sessions.c.permissions,
    sessions.c.origin,
    sessions.c.visit,
    sessions.c.openings,
    sessions.c.gone_at,
    sessions.c.expires_at,
]
_OUTLINE_COLUMNS: list[Any] = [
    *(runs.c[name].label(f"run_{name}") for name in ("pair", "id", "expires_at")),
    *(
        c
        for c in runs.c
        if c.name not in {"pair", "id", "expires_at"} and not c.name.startswith("sealed_")
    ),
]
_RUN_COLUMNS = [*_OUTLINE_COLUMNS, runs.c.sealed_resource]

_TOLD = ("phase", "analysis_id", "reason")

_UNDER_WAY = runs.c.phase.in_([Phase.STARTING, Phase.RUNNING])
_WAITING = and_(runs.c.phase == Phase.STARTING, runs.c.poll_after > 0)


def _canceling(reason: Reason, now: float, give_up_at: float) -> dict[str, Any]:
    """What marks a run. A POST keeps its claim, and a GET's answer is disregarded.

    A run that waits to be started has no POST. It ends at once, and leaves the wait to the next.
    """
    return {
        "phase": case((_WAITING, Phase.CANCELED), else_=Phase.CANCELING),
        "reason": reason,
        "poll_after": case((_WAITING, runs.c.poll_after), else_=now),
        "ended_at": case((_WAITING, now), else_=runs.c.ended_at),
        "sealed_ids": case((_WAITING, null()), else_=runs.c.sealed_ids),
        "busy_until": case((runs.c.phase == Phase.RUNNING, 0.0), else_=runs.c.busy_until),
        "failures": 0,
        "give_up_at": give_up_at,
    }


# The statements of each poll, built once: to build one costs as much as to carry it out. An UPDATE
# sets the columns that are among its values by their names.
_SESSION_WITH_RUN = (
    select(*_SESSION_COLUMNS, *_RUN_COLUMNS)
    .outerjoin_from(sessions, runs, sessions.c.pair == runs.c.pair)
    .where(sessions.c.id == bindparam("session_id"))
)
_HAS_REPORT = exists().where(
    runs.c.pair == bindparam("pair", type_=String), runs.c.phase == Phase.COMPLETED
)
_ADD_SESSION = sessions.insert().values(
    pair=bindparam("pair"),
    sealed_cv=case((_HAS_REPORT, null()), else_=cast(bindparam("cv"), LargeBinary)),
)
_REQUEST = select(sessions.c.sealed_request).where(sessions.c.id == bindparam("session_id"))
_UPDATE_SESSION = update(sessions).where(sessions.c.id == bindparam("session_id"))
_RENEW_RUN = (
    update(runs)
    .where(runs.c.pair == bindparam("of_pair"), runs.c.expires_at < bindparam("until"))
    .values(expires_at=bindparam("until"))
)
_OPEN_REPORT = (
    update(sessions)
    .where(sessions.c.id == bindparam("of_id"), sessions.c.openings == bindparam("known"))
    .values(openings=sessions.c.openings + 1)
    .returning(sessions.c.sealed_ids, sessions.c.sealed_viewer_id)
)
_OUTLINES: Select[Any] = select(*_OUTLINE_COLUMNS, null().label("sealed_resource")).where(
    runs.c.pair.in_(bindparam("pairs", expanding=True))
)
_RUN = select(*_RUN_COLUMNS).where(runs.c.pair == bindparam("of_pair"))
# Whoever does not know that the run was erased changes nothing.
_OF_RUN = and_(
    runs.c.pair == bindparam("of_pair"),
    runs.c.id == bindparam("of_id"),
    runs.c.phase == bindparam("of_phase"),
    or_(runs.c.reason.is_distinct_from(Reason.ERASED), bindparam("of_erased", type_=Boolean)),
)
_UPDATE_RUN = update(runs).where(_OF_RUN)
_FORGET_RUN = delete(runs).where(_OF_RUN)
_IDS = select(runs.c.sealed_ids).where(_OF_RUN)
_CLAIM_CALL = _UPDATE_RUN.where(
    runs.c.poll_after <= bindparam("now"),
    runs.c.busy_until <= bindparam("now"),
    runs.c.resource_at == bindparam("seen_at"),
)


def _name(run: Run) -> dict[str, Any]:
    """Which run is meant, in which phase, and whether it was erased."""
    return {
        "of_pair": run.pair,
        "of_id": run.id,
        "of_phase": run.phase,
        "of_erased": run.reason is Reason.ERASED,
    }


def _session(row: Row[Any]) -> EmbedSession:
    return EmbedSession(
        id=row.id,
        pair=row.pair,
        language=row.language,
        expires_at=row.expires_at,
        appearance=json.loads(row.appearance),
        permissions=frozenset(map(Permission, row.permissions.split())),
        origin=row.origin,
        gone_at=row.gone_at,
        visit=row.visit,
        openings=row.openings,
    )


def _row(run: Run) -> dict[str, Any]:
    return {
        "pair": run.pair,
        "id": run.id,
        "phase": run.phase,
        "reason": run.reason,
        "canceled_by": None,
        "analysis_id": run.analysis_id,
        "left_out": run.left_out,
        "resource_at": run.resource_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "expires_at": run.expires_at,
        "poll_after": run.poll_after,
        "busy_until": run.busy_until,
        "interval": run.interval,
        "failures": run.failures,
        "unreadable": run.unreadable,
        "give_up_at": run.give_up_at,
    }


def _without_cv(request: Mapping[str, Any]) -> dict[str, Any]:
    candidate = {key: value for key, value in request["candidate"].items() if key != "cv"}
    return {**request, "candidate": candidate}
