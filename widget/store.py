"""Tables and statements, the same for SQLite and PostgreSQL.

The store is an index, not a truth: a report that it forgets is found again by the next POST, free
of charge. So there are no migrations, everything expires, and each statement stands for itself:
whatever has to be atomic is a single statement.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
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

from widget.database import Database
from widget.model import ENDED, EmbedSession, Permission, Phase, Reason, Run
from widget.seal import INDEX_KEY_BYTES, Seal, Unreadable, pair_name
from widget.tables import SCHEMA_VERSION, index_keys, metadata, runs, schema_version, sessions

RUN_RETENTION_SECONDS = 30 * 24 * 3600
SWEEP_BATCH = 100

T = TypeVar("T")


class Store:
    """`open()` it before anything else. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._index_key = b""

    async def open(self) -> None:
        """Makes the tables where they are missing or of another version."""
        await self._database.alone(self._prepare)

    async def close(self) -> None:
        await self._database.close()

    async def warnings(self) -> list[str]:
        """What `check` says about a database that works."""
        return await self._database.warnings()

    async def ping(self) -> None:
        """Raises DatabaseUnavailable unless the database takes what is written."""
        await self._write(update(schema_version).values(version=schema_version.c.version))

    def pair(self, client_id: str, candidate_id: str) -> str:
        return pair_name(self._index_key, client_id, candidate_id)

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

    async def viewer_of(self, session_id: str) -> str | None:
        """The ATS's own id of who is looking, where it gave one."""
        row = await self._first(_VIEWER, session_id=session_id)
        return None if row is None else self._opened(row.sealed_viewer_id)

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

    async def claim_start(self, run: Run, now: float) -> bool:
        """Whether this run is the one that may be started for its pair.

        It may where there is none, where the last one ended without a report (and any wait that
        the API asked for is over), and where the process that had claimed the last one is gone.
        """
        values = _row(run) | {"sealed_resource": None, "expires_at": now + RUN_RETENTION_SECONDS}
        free = or_(
            and_(runs.c.phase.in_([Phase.FAILED, Phase.CANCELED]), runs.c.poll_after <= now),
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
        return await self._write(statement) == 1

    async def claim_call(self, run: Run, now: float, busy_until: float) -> bool:
        """Whether the caller is the one that may send the next call on this analysis.

        It is not, where an answer has come since the caller looked.
        """
        values = {"now": now, "busy_until": busy_until, "seen_at": run.resource_at}
        return await self._write(_CLAIM_CALL, **_name(run), **values) == 1

    async def change(self, run: Run, **values: Any) -> bool:
        """Changes columns of a run, unless it has left `run.phase`. `resource` is sealed here."""
        if "resource" in values:
            values["sealed_resource"] = self._seal.seal(values.pop("resource"))
        return await self._write(_UPDATE_RUN, **_name(run), **values) == 1

    async def forget_run(self, run: Run) -> None:
        await self._write(delete(runs).where(runs.c.pair == run.pair, runs.c.id == run.id))

    async def mark_canceling(self, run: Run, reason: Reason, now: float, give_up_at: float) -> bool:
        """Whether the run was under way, and is now to be canceled."""
        statement = update(runs).where(runs.c.pair == run.pair, runs.c.id == run.id, _UNDER_WAY)
        return await self._write(statement.values(_canceling(reason, now, give_up_at))) == 1

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

    async def erase_sessions(self, pair: str) -> None:
        await self._write(delete(sessions).where(sessions.c.pair == pair))

    async def erase_run(self, pair: str) -> None:
        """Forgets a run, but for the name of one whose cancellation has not arrived."""
        await self._write(delete(runs).where(runs.c.pair == pair, runs.c.phase != Phase.CANCELING))
        await self._write(update(runs).where(runs.c.pair == pair).values(sealed_resource=None))

    async def purge(self, now: float, report_ttl: float) -> None:
        """Forgets what has expired: sessions, runs, and the snapshots of reports."""
        await self._write(delete(sessions).where(sessions.c.expires_at <= now))
        await self._write(delete(runs).where(runs.c.expires_at <= now))
        await self._write(
            update(runs)
            .where(
                or_(runs.c.phase.in_(ENDED), runs.c.give_up_at <= now),
                runs.c.sealed_resource.is_not(None),
                runs.c.resource_at <= now - report_ttl,
            )
            .values(sealed_resource=None)
        )

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
        return Run(
            pair=row.run_pair,
            id=row.run_id,
            phase=Phase(row.phase),
            started_at=row.started_at,
            reason=None if row.reason is None else Reason(row.reason),
            analysis_id=row.analysis_id,
            resource=self._opened(row.sealed_resource),
            resource_at=row.resource_at,
            poll_after=row.poll_after,
            busy_until=row.busy_until,
            interval=row.interval,
            failures=row.failures,
            give_up_at=row.give_up_at,
        )

    def _opened(self, sealed: bytes | None) -> Any:
        try:
            return None if sealed is None else self._seal.open(sealed)
        except Unreadable:
            return None

    # The schema

    def _prepare(self, connection: Connection) -> None:
        if not _is_current(connection):
            metadata.drop_all(connection)
            metadata.create_all(connection)
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
        self._index_key = self._settle_index_key(connection)

    def _settle_index_key(self, connection: Connection) -> bytes:
        """The key of `pair_name`, from now on under the secrets that are in use and no others.

        Where none of them opens what is there, that is left alone: the secret may be a mistake.
        """
        wrapped = {row.fingerprint: row.wrapped for row in connection.execute(select(index_keys))}
        known = [name for name in self._seal.fingerprints if name in wrapped]
        if known:
            connection.execute(index_keys.delete())
            key = self._seal.unwrap(wrapped[known[0]])
        else:
            key = secrets.token_bytes(INDEX_KEY_BYTES)
        values = [{"fingerprint": f, "wrapped": w} for f, w in self._seal.wrap(key).items()]
        connection.execute(index_keys.insert(), values)
        return key


def _is_current(connection: Connection) -> bool:
    if not connection.dialect.has_table(connection, schema_version.name):
        return False
    return connection.execute(select(schema_version.c.version)).scalar() == SCHEMA_VERSION


_SESSION_COLUMNS = [
    sessions.c.id,
    sessions.c.pair,
    sessions.c.language,
    sessions.c.appearance,
    sessions.c.permissions,
    sessions.c.origin,
    sessions.c.visit,
    sessions.c.gone_at,
    sessions.c.expires_at,
]
_RUN_COLUMNS = [
    runs.c.pair.label("run_pair"),
    runs.c.id.label("run_id"),
    *(c for c in runs.c if c.name not in {"pair", "id", "expires_at"}),
]

_UNDER_WAY = runs.c.phase.in_([Phase.STARTING, Phase.RUNNING])


def _canceling(reason: Reason, now: float, give_up_at: float) -> dict[str, Any]:
    """What marks a run. A POST keeps its claim, and a GET's answer is disregarded."""
    return {
        "phase": Phase.CANCELING,
        "reason": reason,
        "poll_after": now,
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
_VIEWER = select(sessions.c.sealed_viewer_id).where(sessions.c.id == bindparam("session_id"))
_UPDATE_SESSION = update(sessions).where(sessions.c.id == bindparam("session_id"))
_RUN = select(*_RUN_COLUMNS).where(runs.c.pair == bindparam("of_pair"))
_UPDATE_RUN = update(runs).where(
    runs.c.pair == bindparam("of_pair"),
    runs.c.id == bindparam("of_id"),
    runs.c.phase == bindparam("of_phase"),
)
_CLAIM_CALL = _UPDATE_RUN.where(
    runs.c.poll_after <= bindparam("now"),
    runs.c.busy_until <= bindparam("now"),
    runs.c.resource_at == bindparam("seen_at"),
)


def _name(run: Run) -> dict[str, Any]:
    """Which run is meant, and in which phase."""
    return {"of_pair": run.pair, "of_id": run.id, "of_phase": run.phase}


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
    )


def _row(run: Run) -> dict[str, Any]:
    return {
        "pair": run.pair,
        "id": run.id,
        "phase": run.phase,
        "reason": run.reason,
        "analysis_id": run.analysis_id,
        "resource_at": run.resource_at,
        "started_at": run.started_at,
        "poll_after": run.poll_after,
        "busy_until": run.busy_until,
        "interval": run.interval,
        "failures": run.failures,
        "give_up_at": run.give_up_at,
    }


def _without_cv(request: Mapping[str, Any]) -> dict[str, Any]:
    candidate = {key: value for key, value in request["candidate"].items() if key != "cv"}
    return {**request, "candidate": candidate}
