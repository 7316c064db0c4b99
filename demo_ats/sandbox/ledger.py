"""The ledger: the calls to the sandbox, without keys and CVs, and what it has billed."""

import json
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from starlette.datastructures import Headers

MAX_ENTRIES = 2_000
MAX_EXCHANGES = 200  # calls whose request and answer are kept

# The counts in the answer for each pair, and what `record` counts for them.
COUNTED = {
    "posts": "POST",
    "gets": "GET",
    "deletes": "DELETE",
    "reused": "reused",
    "early_polls": "early_poll",
    "second_posts": "second_post",
}

Violation = Literal["early_poll", "second_post"]
Subject = tuple[str, str, str]  # what identifies a report: API key, client company, candidate


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. `at` is ISO 8601, `retry_after` is in seconds, `number` is also its Exchange's.

    `reused`: whether a POST was answered with an existing report.
    """

    number: int
    at: str
    method: str
    path: str
    status: int
    duration_ms: float
    analysis_id: str | None = None
    client_id: str | None = None
    candidate_id: str | None = None
    retry_after: int | None = None
    reused: bool = False
    violation: Violation | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call with its request and its answer, in which the key and the CV are already masked."""

    entry: Entry
    request_headers: Mapping[str, str]
    request_body: Any
    answer_headers: Mapping[str, str]
    answer_body: bytes

    def as_json(self) -> Mapping[str, Any]:
        return {
            "call": asdict(self.entry),
            "request": {"headers": self.request_headers, "body": self.request_body},
            "answer": {"headers": self.answer_headers, "body": _json_or_text(self.answer_body)},
        }


@dataclass(frozen=True, slots=True)
class Bill:
    at: str
    analysis_id: str
    client_id: str
    client_company: str
    candidate_id: str


@dataclass
class Ledger:
    """`under_way`: calls that have not been answered yet. `calls`: how many there have been.

    `pairs` has the counts of a report's calls, and `bills` its bill if there is one.
    """

    under_way: int = 0
    calls: int = 0
    requests: deque[Entry] = field(default_factory=lambda: deque(maxlen=MAX_ENTRIES))
    exchanges: OrderedDict[int, Exchange] = field(default_factory=OrderedDict)
    pairs: dict[Subject, Counter[str]] = field(default_factory=dict)
    bills: dict[Subject, Bill] = field(default_factory=dict)

    def record(self, exchange: Exchange, subject: Subject | None) -> None:
        entry = exchange.entry
        self.requests.append(entry)
        self.exchanges[entry.number] = exchange
        if len(self.exchanges) > MAX_EXCHANGES:
            self.exchanges.popitem(last=False)
        if subject is not None:
            # What does not apply is counted as "", which nothing reads.
            counter = self.pairs.setdefault(subject, Counter())
            counter.update([entry.method, entry.violation or "", "reused" * entry.reused])

    def bill(self, subject: Subject, bill: Bill) -> None:
        """A report is billed once for its platform, client company and candidate."""
        self.bills.setdefault(subject, bill)

    def clear(self) -> None:
        """Forgets the calls, but not what was billed. Numbers go on from the last call."""
        self.requests.clear()
        self.exchanges.clear()
        self.pairs.clear()

    def violations(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.requests if entry.violation]

    def as_json(self) -> Mapping[str, Any]:
        return {
            "under_way": self.under_way,
            "requests": [asdict(entry) for entry in self.requests],
            "billed": [asdict(bill) for bill in self.bills.values()],
            "violations": self.violations(),
            "pairs": [self._pair(subject) for subject in self.pairs],
        }

    def _pair(self, subject: Subject) -> dict[str, Any]:
        _, client_id, candidate_id = subject
        counts = {name: self.pairs[subject][counted] for name, counted in COUNTED.items()}
        billed = int(subject in self.bills)
        return {"client_id": client_id, "candidate_id": candidate_id, **counts, "billed": billed}


def masked(headers: Headers) -> dict[str, str]:
    return {name: "ats_…" if name == "x-api-key" else value for name, value in headers.items()}


def without_cv(body: Any) -> Any:
    match body:
        case {"candidate": {"cv": str(cv), **others}}:
            return body | {"candidate": {**others, "cv": f"({len(cv):,} characters)"}}
    return body


def _json_or_text(body: bytes) -> Any:
    text = body.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
