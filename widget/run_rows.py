"""The statements on the table of runs, and its rows as values.

Statements are built once, because building one costs as much as executing it. An UPDATE sets the
columns that it is executed with.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Boolean, and_, bindparam, case, delete, func, null, or_, select, update

from widget.model import ENDED, Phase, Reason, Run
from widget.tables import runs, sessions
from widget.values import load

SWEEP_BATCH = 100

# Each field of a Run is the column of the same name, except for `resource`, which is sealed.
_FIELDS = [field.name for field in fields(Run)]
_PLAIN = [name for name in _FIELDS if name != "resource"]
COLUMNS = [runs.c.sealed_resource if name == "resource" else runs.c[name] for name in _FIELDS]
_OUTLINE = [null() if name == "resource" else runs.c[name] for name in _FIELDS]

UNDER_WAY = runs.c.phase.in_([Phase.STARTING, Phase.RUNNING])
WAITING = and_(runs.c.phase == Phase.STARTING, runs.c.poll_after > 0)

SELECT = select(*COLUMNS).where(runs.c.pair == bindparam("of_pair"))
SELECT_OUTLINES = select(*_OUTLINE).where(runs.c.pair.in_(bindparam("pairs", expanding=True)))
SELECT_DUE_CANCELLATIONS = (
    select(*COLUMNS)
    .where(
        runs.c.phase == Phase.CANCELING,
        runs.c.analysis_id.is_not(None),
        runs.c.poll_after <= bindparam("now"),
        runs.c.busy_until <= bindparam("now"),
    )
    .limit(SWEEP_BATCH)
)
COUNT_UNDER_WAY = select(func.count()).where(
    runs.c.phase.not_in(ENDED),
    or_(runs.c.analysis_id.is_not(None), runs.c.busy_until > bindparam("now")),
)
# A start may take over a run whose process is gone, and one that ended without a report, if the
# wait that the API asked for is over by the start.
MAY_BE_TAKEN_OVER = or_(
    and_(
        runs.c.phase.in_([Phase.FAILED, Phase.CANCELED]),
        runs.c.poll_after <= bindparam("starts_at"),
    ),
    and_(
        runs.c.phase.not_in(ENDED),
        runs.c.analysis_id.is_(None),
        runs.c.busy_until <= bindparam("now"),
    ),
)

# The parameters of these come from `key_of`. A caller that does not know yet that the run was
# erased matches no row, and so changes nothing.
_OF_RUN = and_(
    runs.c.pair == bindparam("of_pair"),
    runs.c.id == bindparam("of_id"),
    runs.c.phase == bindparam("of_phase"),
    or_(runs.c.reason.is_distinct_from(Reason.ERASED), bindparam("of_erased", type_=Boolean)),
)
UPDATE = update(runs).where(_OF_RUN)
DELETE = delete(runs).where(_OF_RUN)
SELECT_IDS = select(runs.c.sealed_ids).where(_OF_RUN)
CLAIM_CALL = UPDATE.where(
    runs.c.poll_after <= bindparam("now"),
    runs.c.busy_until <= bindparam("now"),
    runs.c.resource_at == bindparam("seen_at"),
)
RENEW = (
    update(runs)
    .where(runs.c.pair == bindparam("of_pair"), runs.c.expires_at < bindparam("until"))
    .values(expires_at=bindparam("until"))
)


def start(insert: Callable[..., Any]) -> Any:
    """The statement that inserts a run or, if the pair has one that may be taken over, replaces it.

    It changes no row if the pair's run may not be taken over. `insert` is the dialect's own. The
    parameters are the `values_of` the run, `session_id`, `now` and `starts_at`.
    """
    ids = select(sessions.c.sealed_ids).where(sessions.c.id == bindparam("session_id"))
    statement = insert(runs).values(sealed_ids=ids.scalar_subquery(), sealed_resource=null())
    replaced = [column for column in statement.excluded if column.name != runs.c.pair.name]
    return statement.on_conflict_do_update(
        index_elements=[runs.c.pair],
        set_={column.name: column for column in replaced},
        where=MAY_BE_TAKEN_OVER,
    )


def key_of(run: Run) -> dict[str, Any]:
    """The parameters that name a run, its phase, and whether it was erased."""
    return {
        "of_pair": run.pair,
        "of_id": run.id,
        "of_phase": run.phase,
        "of_erased": run.reason is Reason.ERASED,
    }


def canceling(reason: Reason, now: float, give_up_at: float) -> dict[str, Any]:
    """The columns that mark a run for cancellation.

    A POST under way keeps its claim. A GET under way loses its claim, and its answer is ignored.
    A run that waits to be started has sent no POST: it ends at once, and the next run keeps its
    wait.
    """
    return {
        "phase": case((WAITING, Phase.CANCELED), else_=Phase.CANCELING),
        "reason": reason,
        "poll_after": case((WAITING, runs.c.poll_after), else_=now),
        "ended_at": case((WAITING, now), else_=runs.c.ended_at),
        "sealed_ids": case((WAITING, null()), else_=runs.c.sealed_ids),
        "busy_until": case((runs.c.phase == Phase.RUNNING, 0.0), else_=runs.c.busy_until),
        "failures": 0,
        "give_up_at": give_up_at,
    }


def values_of(run: Run) -> dict[str, Any]:
    """The columns of a run, without those that are sealed."""
    return {name: getattr(run, name) for name in _PLAIN}


def run_of(row: Sequence[Any], opened: Callable[[bytes | None], Any]) -> Run:
    """`row` has the COLUMNS. `opened` opens what is sealed."""
    values = dict(zip(_FIELDS, row, strict=True))
    resource = opened(values["resource"])
    return Run(
        **values
        | {
            "phase": Phase(values["phase"]),
            "reason": None if values["reason"] is None else Reason(values["reason"]),
            "resource": None if resource is None else load(resource),
        }
    )
