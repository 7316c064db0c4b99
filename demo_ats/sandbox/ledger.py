"""What the sandbox has been asked, and what it has billed. It knows no key and no names."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

MAX_ENTRIES = 2_000

Violation = Literal["early_poll", "second_post"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. `at` is ISO 8601, `retry_after` in seconds."""

    at: str
    method: str
    path: str
    status: int
    duration_ms: float
    analysis_id: str | None = None
    candidate_id: str | None = None
    retry_after: int | None = None
    violation: Violation | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    at: str
    analysis_id: str
    client_id: str
    client_company: str
    candidate_id: str


@dataclass
class Ledger:
    """`under_way` counts the calls that have not been answered yet."""

    under_way: int = 0
    requests: deque[Entry] = field(default_factory=lambda: deque(maxlen=MAX_ENTRIES))
    bills: dict[tuple[str, str, str], Bill] = field(default_factory=dict)

    def bill(self, subject: tuple[str, str, str], bill: Bill) -> None:
        """A report is billed once for its platform, client company and candidate."""
        self.bills.setdefault(subject, bill)

    def clear(self) -> None:
        self.requests.clear()

    def as_json(self) -> Mapping[str, Any]:
        entries = [asdict(entry) for entry in self.requests]
        return {
            "under_way": self.under_way,
            "requests": entries,
            "billed": [asdict(bill) for bill in self.bills.values()],
            "violations": [entry for entry in entries if entry["violation"]],
        }
