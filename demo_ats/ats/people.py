"""The people and companies that come with the demo, read from `people.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from demo_ats.ats.accounts import Company, Role, User
from demo_ats.ats.pipeline import Candidate, Event, Note, Stage, now

FILE = Path(__file__).with_name("people.toml")


@dataclass(frozen=True)
class People:
    """`candidates`: one record for each company that may see the person."""

    users: tuple[User, ...]
    candidates: tuple[Candidate, ...]


def load() -> People:
    """Everybody in the file, with dates relative to now, so that the demo always looks recent."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    users = {user.id: user for entry in table["companies"] for user in _users(**entry)}
    tenants = dict.fromkeys(user.company for user in users.values())
    candidates = (
        _candidate(tenant, users, **entry)
        for entry in table["candidates"]
        for tenant in tenants
        if entry.get("owner", tenant.id) == tenant.id
    )
    return People(tuple(users.values()), tuple(candidates))


def _users(*, id: str, name: str, users: list[dict[str, str]]) -> list[User]:
    company = Company(id, name)
    return [User(role=Role(entry.pop("role")), company=company, **entry) for entry in users]


def _candidate(
    tenant: Company,
    users: Mapping[str, User],
    *,
    owner: str | None = None,
    stage: str,
    days_in_stage: int,
    applied_days_ago: int,
    source: str,
    cv: str = "",
    notes: tuple[dict[str, Any], ...] = (),
    **facts: str,
) -> Candidate:
    applied = Event(f"Applied ({source.lower()})", _ago(applied_days_ago))
    arrived = Event(f"Moved to {stage}", _ago(days_in_stage))
    return Candidate(
        **facts,
        tenant=tenant.id,
        shared=owner is None,
        stage=Stage(stage),
        in_stage_since=arrived.at,
        applied_at=applied.at,
        source=source,
        cv=cv.strip(),
        notes=tuple(
            Note(users[note["author"]].name, note["text"], _ago(note["days_ago"]))
            for note in notes
            if users[note["author"]].company == tenant
        ),
        activity=(applied,) if stage == Stage.APPLIED else (arrived, applied),
    )


def _ago(days: int) -> datetime:
    return now() - timedelta(days=days)
