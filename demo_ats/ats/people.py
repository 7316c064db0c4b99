"""The people and companies that come with the demo, read from `people.toml`."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from demo_ats.ats.companies import Company
from demo_ats.ats.pipeline import Candidate, Event, Note, Stage, now

FILE = Path(__file__).with_name("people.toml")


@dataclass(frozen=True)
class People:
    companies: tuple[Company, ...]
    candidates: tuple[Candidate, ...]


def load() -> People:
    """Everyone, with dates counted back from now."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return People(
        companies=tuple(Company(**entry) for entry in table["companies"]),
        candidates=tuple(_candidate(**entry) for entry in table["candidates"]),
    )


def _candidate(
    *,
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
        stage=Stage(stage),
        in_stage_since=arrived.at,
        applied_at=applied.at,
        source=source,
        cv=cv.strip(),
        notes=tuple(Note(note["author"], note["text"], _ago(note["days_ago"])) for note in notes),
        activity=(applied,) if stage == Stage.APPLIED else (arrived, applied),
    )


def _ago(days: int) -> datetime:
    return now() - timedelta(days=days)
