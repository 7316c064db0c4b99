"""Candidates and their stages, from application to contract, in memory."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

AVATAR_HUES = 8
FIRST_FREE_NUMBER = 1071  # the demo's own candidates have lower numbers


class Stage(StrEnum):
    APPLIED = "Applied"
    SCREENING = "Screening"
    INTERVIEW = "Interview"
    OFFER = "Offer"
    HIRED = "Hired"


@dataclass(frozen=True)
class Note:
    author: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Event:
    text: str
    at: datetime


@dataclass(frozen=True)
class Candidate:
    """One company's record of a person. `tenant`: the company's id.

    `shared`: another company has a record of the same person. `test`: a word or two on what the
    sandbox does with this candidate, if anything.
    """

    tenant: str
    id: str
    first_name: str
    last_name: str
    stage: Stage
    in_stage_since: datetime
    applied_at: datetime
    shared: bool = False
    role: str = ""
    company: str = ""
    location: str = ""
    email: str = ""
    source: str = ""
    cv: str = ""
    test: str = ""
    notes: tuple[Note, ...] = ()
    activity: tuple[Event, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def initials(self) -> str:
        return (self.first_name[:1] + self.last_name[:1]).upper()

    @property
    def hue(self) -> int:
        return zlib.crc32(self.id.encode()) % AVATAR_HUES

    @property
    def days_in_stage(self) -> int:
        return (now() - self.in_stage_since).days


def now() -> datetime:
    return datetime.now(UTC)


class Pipeline:
    """The records of all companies. Records are immutable: each change stores a new one.

    A record is only found together with its tenant, so no company finds another's.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = {(each.tenant, each.id): each for each in candidates}
        self._next_number = FIRST_FREE_NUMBER

    def find(self, tenant: str, candidate_id: str | None) -> Candidate | None:
        return self._candidates.get((tenant, candidate_id or ""))

    def of(self, tenant: str) -> list[Candidate]:
        return [each for each in self._candidates.values() if each.tenant == tenant]

    def stages(self, tenant: str) -> dict[Stage, list[Candidate]]:
        """Every stage with its candidates, the latest arrival first."""
        latest_first = sorted(self.of(tenant), key=lambda c: c.in_stage_since, reverse=True)
        return {stage: [c for c in latest_first if c.stage == stage] for stage in Stage}

    def add(
        self,
        tenant: str,
        *,
        first_name: str,
        last_name: str,
        role: str,
        company: str,
        location: str,
        cv: str,
    ) -> Candidate:
        at = now()
        candidate = Candidate(
            tenant=tenant,
            id=f"cand_{self._next_number}",
            first_name=first_name,
            last_name=last_name,
            stage=Stage.APPLIED,
            in_stage_since=at,
            applied_at=at,
            role=role,
            company=company,
            location=location,
            source="Added by hand",
            cv=cv,
            activity=(Event("Added to the pipeline", at),),
        )
        self._next_number += 1
        return self._keep(candidate)

    def move(self, candidate: Candidate, stage: Stage) -> Candidate:
        if stage == candidate.stage:
            return candidate
        at = now()
        moved = Event(f"Moved from {candidate.stage} to {stage}", at)
        return self._keep(
            replace(
                candidate, stage=stage, in_stage_since=at, activity=(moved, *candidate.activity)
            )
        )

    def add_note(self, candidate: Candidate, author: str, text: str) -> Candidate:
        note = Note(author, text, now())
        return self._keep(replace(candidate, notes=(note, *candidate.notes)))

    def add_event(self, candidate: Candidate, text: str) -> Candidate:
        event = Event(text, now())
        return self._keep(replace(candidate, activity=(event, *candidate.activity)))

    def delete(self, candidate: Candidate) -> None:
        del self._candidates[candidate.tenant, candidate.id]

    def _keep(self, candidate: Candidate) -> Candidate:
        self._candidates[candidate.tenant, candidate.id] = candidate
        return candidate
