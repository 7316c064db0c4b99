"""The statements on the table of sessions, and its rows as values.

Statements are built once, because building one costs as much as executing it. An UPDATE sets the
columns that it is executed with.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import LargeBinary, String, bindparam, case, cast, exists, null, select, update

from widget import run_rows
from widget.model import EmbedSession, Permission, Phase, Run
from widget.tables import runs, sessions

# Each field of an EmbedSession is the column of the same name.
_FIELDS = [field.name for field in fields(EmbedSession)]
_COLUMNS = [sessions.c[name] for name in _FIELDS]

SELECT_WITH_RUN = (
    select(*_COLUMNS, *run_rows.COLUMNS)
    .outerjoin_from(sessions, runs, sessions.c.pair == runs.c.pair)
    .where(sessions.c.id == bindparam("session_id"))
)
SELECT_REQUEST = select(sessions.c.sealed_request, sessions.c.sealed_cv).where(
    sessions.c.id == bindparam("session_id")
)
# Without the CV, which is long.
SELECT_SHORT_REQUEST = select(sessions.c.sealed_request).where(
    sessions.c.id == bindparam("session_id")
)
# No CV is kept where the report exists, because only a POST needs it.
_HAS_REPORT = exists().where(
    runs.c.pair == bindparam("pair", type_=String), runs.c.phase == Phase.COMPLETED
)
INSERT = sessions.insert().values(
    pair=bindparam("pair"),
    sealed_cv=case((_HAS_REPORT, null()), else_=cast(bindparam("cv"), LargeBinary)),
)
UPDATE = update(sessions).where(sessions.c.id == bindparam("session_id"))
# Does not shorten a lease that ends later.
KEEP_PRESENT = (
    update(sessions)
    .where(sessions.c.id == bindparam("of_id"), sessions.c.lease_until < bindparam("until"))
    .values(lease_until=bindparam("until"))
)
FORGET_CV = (
    update(sessions)
    .where(sessions.c.pair == bindparam("of_pair"), sessions.c.sealed_cv.is_not(None))
    .values(sealed_cv=None)
)
OPEN_REPORT = (
    update(sessions)
    .where(sessions.c.id == bindparam("of_id"), sessions.c.openings == bindparam("known"))
    .values(openings=sessions.c.openings + 1)
    .returning(sessions.c.sealed_ids, sessions.c.sealed_viewer_id)
)


def values_of(session: EmbedSession) -> dict[str, Any]:
    """The columns of a session, without those that are sealed."""
    return {name: getattr(session, name) for name in _FIELDS} | {
        "appearance": json.dumps(dict(session.appearance)),
        "permissions": " ".join(sorted(session.permissions)),
    }


def session_with_run(
    row: Sequence[Any], opened: Callable[[bytes | None], Any]
) -> tuple[EmbedSession, Run | None]:
    """`row` is one of SELECT_WITH_RUN. `opened` opens what is sealed."""
    values = dict(zip(_FIELDS, row, strict=False))
    session = EmbedSession(
        **values
        | {
            "appearance": json.loads(values["appearance"]),
            "permissions": frozenset(map(Permission, values["permissions"].split())),
        }
    )
    run = row[len(_FIELDS) :]
    return session, None if run[0] is None else run_rows.run_of(run, opened)
