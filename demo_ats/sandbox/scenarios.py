"""What happens to an analysis. The candidate's id selects it, as with test credit cards."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

Level = Literal["Green", "Orange", "Red"]
End = Literal["completed", "failed", "canceled"]
Fault = Literal["errors", "limited", "slow"]
Kind = Literal["usual", "unknown_keys", "long", "hostile"]

PREFIX = "test_"
EXISTING_DAYS = 6  # the age of a report that exists before its POST


@dataclass(frozen=True, slots=True)
class Scenario:
    """`seconds`: from the POST to the end, at speed 1."""

    level: Level = "Green"
    seconds: float = 40
    end: End = "completed"
    existing: bool = False
    fault: Fault | None = None
    kind: Kind = "usual"


SCENARIOS = {
    "green": Scenario(),
    "orange": Scenario(level="Orange", seconds=45),
    "red": Scenario(level="Red", seconds=50),
    "existing": Scenario(existing=True),
    "long": Scenario(seconds=300),
    "failed": Scenario(end="failed", seconds=25),
    "canceled": Scenario(end="canceled", seconds=25),
    "slow": Scenario(fault="slow"),
    "errors": Scenario(fault="errors", seconds=60),
    "limited": Scenario(fault="limited", seconds=60),
    "unknown": Scenario(kind="unknown_keys"),
    "long_report": Scenario(kind="long"),
    "hostile": Scenario(kind="hostile"),
}


def scenario_of(candidate_id: str) -> Scenario:
    """The scenario that the id names, as in `test_red` or `test_red.2`.

    Any other id gets a level and a time from its hash, so that they are always the same.
    """
    name = candidate_id.removeprefix(PREFIX).partition(".")[0]
    if candidate_id.startswith(PREFIX) and name in SCENARIOS:
        return SCENARIOS[name]
    number = int.from_bytes(hashlib.sha256(candidate_id.encode()).digest()[:4])
    levels: tuple[Level, ...] = ("Green", "Green", "Orange", "Green", "Orange", "Red")
    return replace(Scenario(level=levels[number % len(levels)]), seconds=30 + number % 31)
