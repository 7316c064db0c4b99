"""What the widget remembers: runs, and embed sessions.

Moments are seconds since the epoch, durations are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from widget.values import NOTHING


class Phase(StrEnum):
    """The phase of a run. A run ends with one of the last three."""

    STARTING = "starting"  # claimed; the POST has not been answered yet
    RUNNING = "running"
    CANCELING = "canceling"  # the DELETE has not arrived yet
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


ENDED = frozenset({Phase.COMPLETED, Phase.FAILED, Phase.CANCELED})


class Reason(StrEnum):
    """Why a run ended without a report, or is being canceled."""

    ANALYSIS_FAILED = "analysis_failed"  # with the API's own message
    CANCELED = "canceled"  # by a recruiter
    CANCELED_UPSTREAM = "canceled_upstream"  # not by the widget's DELETE
    LEFT = "left"  # everyone had left the profile
    LOST = "lost"  # nobody knows whether the POST arrived
    REFUSED = "refused"  # the API did not accept the candidate's data
    UNAVAILABLE = "unavailable"  # the API could not be reached, or was overloaded
    CREDENTIALS = "credentials"  # the API did not accept the key
    NO_REPORT = "no_report"  # the analysis is complete, but the API sent none
    UNREADABLE = "unreadable"  # the API's answer was too large, or not JSON
    TIMED_OUT = "timed_out"  # the run never ended
    ERASED = "erased"  # the ATS had everything on the candidate erased


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a report for a pair of client and candidate.

    `resource` is the Partner API's latest JSON, stored at `resource_at`, or None if it is not kept
    (any more). `left_out` is how many of its values were too many to keep. `failures` counts the
    calls in a row that failed, `unreadable` those in a row whose answers could not be read.

    No GET may be sent before `poll_after`; `interval` is the last wait that the API asked for. A
    run whose start has to wait has the moment of its start in `poll_after`, and 0 once it has
    started. `busy_until` is when the claim on the current call ends. `give_up_at` is when a run
    under way is canceled, or when a cancellation is no longer tried. `canceled_by` is the session
    in which Cancel was pressed. The row is deleted at `expires_at`.
    """

    pair: str
    id: str
    phase: Phase
    started_at: float
    ended_at: float | None = None
    expires_at: float = 0.0
    reason: Reason | None = None
    canceled_by: str | None = None
    analysis_id: str | None = None
    resource: Mapping[str, Any] | None = None
    left_out: int = 0
    resource_at: float = 0.0
    poll_after: float = 0.0
    busy_until: float = 0.0
    interval: float = 0.0
    failures: int = 0
    unreadable: int = 0
    give_up_at: float = 0.0

    @property
    def ended(self) -> bool:
        return self.phase in ENDED

    @property
    def has_report(self) -> bool:
        return self.resource is not None and self.resource.get("report") not in NOTHING

    def orphaned(self, now: float) -> bool:
        """Whether the claim on the POST has ended without an answer: its process has died."""
        return not self.ended and self.analysis_id is None and self.busy_until <= now


class Permission(StrEnum):
    """What the viewer of an embed session may do."""

    RUN = "run"  # and cancel
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class EmbedSession:
    """One opening of a candidate profile, which makes it one viewer.

    The viewer counts as present until `lease_until`. `visit` names one loading of the page, and
    `openings` counts how often the report was opened. `language` is the one that the ATS asked for,
    as a tag, or empty if what it asked for is no tag. `appearance` has the keys of the contract's
    `appearance`. `origin` is the only one that may frame the session, or None if all origins of the
    settings may.
    """

    id: str
    pair: str
    language: str
    expires_at: float
    appearance: Mapping[str, Any] = field(default_factory=dict)
    permissions: frozenset[Permission] = frozenset(Permission)
    origin: str | None = None
    lease_until: float = 0.0
    visit: str = ""
    openings: int = 0
