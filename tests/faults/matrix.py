"""Every fault of the Partner API, and what follows from it on each call: the rows of the table.

`tests/faults/test_matrix.py` holds the widget against these rows, and `python -m scripts.faults`
writes them into `docs/faults.md`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.faults.partner import (
    Play,
    answer,
    break_off,
    drip,
    hang_up,
    keep_silent,
    reset,
    send,
)

ANNOUNCED = 7.0  # seconds that the faults with `Retry-After` ask for
ANNOUNCED_BY_DATE = 30.0
INTERVAL = 10.0  # seconds, from the last good answer
SHORT_CALL_SECONDS = 0.6  # instead of twenty, for the faults that are nothing but slow


@dataclass(frozen=True)
class Outcome:
    """What a recruiter sees once the fault has struck, and what the widget does about it.

    `at_last`: what is said when the run ends because the fault does not.
    """

    name: str
    state: str
    says: tuple[str, ...] = ()
    then: str = ""
    tried_again: bool = False
    at_last: str = ""


@dataclass(frozen=True)
class Situation:
    """`resource` is what the call would be answered well, `elsewhere` another host's origin."""

    resource: dict[str, Any]
    location: dict[str, str]
    elsewhere: str

    @property
    def body(self) -> bytes:
        return json.dumps(self.resource).encode()


@dataclass(frozen=True)
class Fault:
    """A row. `play` is None where the connection is refused."""

    name: str
    play: Callable[[Situation], Play] | None
    post: Outcome
    get: Outcome
    view: Outcome
    delete: Outcome
    retry_after: float | None = None
    slow: bool = False

    @property
    def waits(self) -> Sequence[float]:
        """Seconds before the second, third and fourth try."""
        if self.retry_after is not None:
            return [self.retry_after] * 3
        return [INTERVAL, 2 * INTERVAL, 4 * INTERVAL]

    def earliest(self, wait: float) -> float:
        """A date is to the second, and the answer takes a little of the machine's own time."""
        return wait - 2 if self.retry_after == ANNOUNCED_BY_DATE else wait


# The outcomes of a POST

NOTHING_STARTED = Outcome(
    "nothing started",
    "idle",
    (
        "The report service is not available right now. "
        "Nothing was started: run it again in a moment.",
    ),
    "not repeated automatically",
)
UNCONFIRMED = Outcome(
    "not confirmed",
    "idle",
    (
        "The report service did not confirm that the run started. Run it again: "
        "if it had started, you get the same report, billed only once.",
    ),
    "not repeated automatically",
)
REFUSED = Outcome(
    "refused",
    "idle",
    (
        "The report service did not accept this candidate’s details. "
        "Check the profile, then run it again. "
        "These details were sent: first name and last name.",
    ),
    "not repeated automatically",
)
NOT_ADMITTED = Outcome(
    "not admitted",
    "idle",
    (
        "Reports are currently unavailable. "
        "Please tell your administrator; the log shows the cause.",
    ),
    "not repeated automatically; an error in the log",
)
FIRST_STEP = "Step 1 of 3: Confirming the identity"
STARTED = Outcome("started", "running", (FIRST_STEP,), "polled as usual")

# The outcomes of a GET while the analysis is running

RETRIED = Outcome(
    "tried again",
    "running",
    ("No answer yet. Trying again…",),
    "tried again until `WIDGET_RUN_TIMEOUT` has passed",
    tried_again=True,
)
RETRIED_UNADMITTED = Outcome(
    "not admitted, tried again",
    "running",
    (*NOT_ADMITTED.says, *RETRIED.says),
    "tried again until `WIDGET_RUN_TIMEOUT` has passed; an error in the log",
    tried_again=True,
)
UNREADABLE = Outcome(
    "not readable",
    "running",
    RETRIED.says,
    "tried again twice; then the run ends, and the recruiter reads why",
    tried_again=True,
    at_last=(
        "The report service’s answers could not be read, so the run was stopped. Run it again "
        "later. If that does not help, please tell your administrator; the log shows the cause."
    ),
)
BACK_TO_START = Outcome(
    "back to the start", "idle", (), "the analysis no longer exists; the recruiter can run it again"
)
GOES_ON = Outcome("goes on", "running", (FIRST_STEP,), "polled as usual")

# The outcomes of the GET that View makes once the report that was kept is too old

UNAVAILABLE = Outcome(
    "unavailable",
    "closed",
    (
        "The report service is not available right now. "
        "Your report is safe: view it again in a moment.",
    ),
    "the next View tries again",
)
NOT_LOADED = Outcome(
    "not loaded",
    "closed",
    ("The report could not be loaded. View it again in a moment.",),
    "the next View tries again",
)
VIEW_UNREADABLE = Outcome(
    "not readable",
    "closed",
    ("The report service’s answer could not be read. View the report again in a moment.",),
    "the next View tries again",
)
VIEW_NOT_ADMITTED = Outcome(
    "not admitted", "closed", NOT_ADMITTED.says, "the next View tries again; an error in the log"
)
SHOWN = Outcome("shown", "open", (), "stored for `WIDGET_REPORT_TTL`")
WITHOUT_REPORT = Outcome(
    "without a report",
    "open",
    (
        "The report is complete, but the service has not sent it yet. "
        "Close it and view it again in a moment.",
    ),
    "the next View tries again",
)

# The outcomes of a DELETE

CANCEL_RETRIED = Outcome(
    "tried again",
    "running",
    ("Canceling… No answer yet. Trying again…",),
    "tried again until it gets through or `WIDGET_RUN_TIMEOUT` has passed, watched or not",
    tried_again=True,
)
CANCELED = Outcome(
    "canceled",
    "idle",
    ("The run was canceled. You can run it again at any time.",),
    "nothing more is sent",
)


def struck(
    name: str, play: Callable[[Situation], Play] | None, post: Outcome, **more: Any
) -> Fault:
    """A row in which GET and DELETE are tried again, and the report is not loaded."""
    outcomes = {"get": RETRIED, "view": NOT_LOADED, "delete": CANCEL_RETRIED}
    return Fault(name, play, **{"post": post, **outcomes, **more})


def tolerated(name: str, play: Callable[[Situation], Play], **more: Any) -> Fault:
    """A row in which an odd answer is good enough."""
    outcomes = {"post": STARTED, "get": GOES_ON, "view": SHOWN, "delete": CANCELED}
    return Fault(name, play, **{**outcomes, **more})


def empty(name: str, play: Callable[[Situation], Play]) -> Fault:
    """A row in which a DELETE was carried out, and nothing can be read from the other answers."""
    return garbled(name, play, delete=CANCELED)


def garbled(name: str, play: Callable[[Situation], Play], **more: Any) -> Fault:
    """A row in which somebody has answered, and perhaps not the API."""
    return struck(name, play, UNCONFIRMED, get=UNREADABLE, view=VIEW_UNREADABLE, **more)


def refused(status: int, name: str, post: Outcome = REFUSED) -> Fault:
    return struck(name, lambda _: answer(status, {"error": "no"}), post)


def unadmitted(status: int, name: str) -> Fault:
    return struck(
        name,
        lambda _: answer(status, {"error": "no"}),
        NOT_ADMITTED,
        get=RETRIED_UNADMITTED,
        view=VIEW_NOT_ADMITTED,
    )


def fields(**changes: Any) -> Callable[[Situation], Play]:
    """A good answer, but for these fields. `...` leaves one out."""

    def play(situation: Situation) -> Play:
        changed = {**situation.resource, **changes}
        resource = {key: value for key, value in changed.items() if value is not ...}
        return answer(200, resource, **situation.location)

    return play


def redirect(status: int) -> Callable[[Situation], Play]:
    return lambda it: answer(status, Location=f"{it.elsewhere}/api/v1/analyses/analysis_1")


def nested(levels: int) -> Callable[[Situation], Play]:
    """A good answer with one value more, which is nested deep."""
    value = b"[" * levels + b"]" * levels
    return lambda it: answer(200, it.body[:-1] + b', "deep": ' + value + b"}", **it.location)


def in_seconds(seconds: float) -> str:
    """A moment as HTTP writes it, which is to the second."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


FAULTS = [
    # The connection
    struck("connection refused", None, NOTHING_STARTED, view=UNAVAILABLE),
    struck("connection reset at once", lambda _: reset, UNCONFIRMED),
    struck("connection closed without an answer", lambda _: hang_up, UNCONFIRMED),
    struck("reset in the middle of the answer", lambda it: break_off(it.body), UNCONFIRMED),
    struck("no answer in time", lambda _: keep_silent, UNCONFIRMED, slow=True),
    struck(
        "an answer that arrives at a byte a second",
        lambda it: drip(it.body, SHORT_CALL_SECONDS / 20),
        UNCONFIRMED,
        slow=True,
    ),
    struck("not HTTP", lambda _: send(b"220 mail.example.com ESMTP\r\n"), UNCONFIRMED),
    struck(
        "invalid chunks",
        lambda _: send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n"),
        UNCONFIRMED,
    ),
    # The status
    refused(400, "400"),
    unadmitted(401, "401"),
    unadmitted(403, "403"),
    struck(
        "404",
        lambda _: answer(404, {"error": "no"}),
        NOTHING_STARTED,
        get=BACK_TO_START,
        view=BACK_TO_START,
        delete=CANCELED,
    ),
    refused(409, "409", UNCONFIRMED),
    refused(422, "422"),
    struck("429", lambda _: answer(429), NOTHING_STARTED, view=UNAVAILABLE),
    struck(
        "429 with `Retry-After: 7`",
        lambda _: answer(429, Retry_After="7"),
        NOTHING_STARTED,
        view=UNAVAILABLE,
        retry_after=ANNOUNCED,
    ),
    struck("500", lambda _: answer(500, {"error": "no"}), UNCONFIRMED),
    struck("502 in HTML", lambda _: answer(502, b"<h1>Bad gateway</h1>"), UNCONFIRMED),
    struck("503", lambda _: answer(503), UNCONFIRMED),
    struck(
        "503 with `Retry-After: 7`",
        lambda _: answer(503, Retry_After="7"),
        UNCONFIRMED,
        retry_after=ANNOUNCED,
    ),
    struck(
        "503 with `Retry-After` as a date",
        lambda _: answer(503, Retry_After=in_seconds(ANNOUNCED_BY_DATE)),
        UNCONFIRMED,
        retry_after=ANNOUNCED_BY_DATE,
    ),
    struck(
        "503 with an unusable `Retry-After`",
        lambda _: answer(503, Retry_After="soon"),
        UNCONFIRMED,
    ),
    struck("302 to another host", redirect(302), UNCONFIRMED),
    struck("307 to another host", redirect(307), UNCONFIRMED),
    # The body
    empty("empty body", lambda _: answer(200)),
    empty("204", lambda _: answer(204)),
    garbled("truncated JSON", lambda it: answer(200, it.body[:-7])),
    garbled("200 in HTML", lambda _: answer(200, b"<h1>Sign in</h1>")),
    garbled("a list", lambda it: answer(200, [it.resource])),
    garbled("a string", lambda _: answer(200, "completed")),
    garbled("a number", lambda _: answer(200, 17)),
    garbled("null", lambda _: answer(200, None)),
    garbled("20 MB", lambda it: answer(200, b" " * 20_000_000 + it.body)),
    tolerated("nested 400 deep", nested(400)),
    tolerated("nested 100,000 deep", nested(100_000)),
    tolerated(
        "200,000 values",
        lambda it: answer(200, {**it.resource, "many": [1] * 200_000}, **it.location),
    ),
    # The fields
    tolerated("no id", fields(id=...)),
    tolerated("`id` is a number", fields(id=17)),
    struck(
        "no id, and no `Location`",
        lambda it: answer(
            200,
            {
                "status": it.resource["status"],
                "stage": "identity",
                "report": it.resource.get("report"),
            },
        ),
        UNCONFIRMED,
        get=GOES_ON,
        view=SHOWN,
        delete=CANCELED,
    ),
    tolerated("no status", fields(status=...), view=NOT_LOADED),
    tolerated("unknown status", fields(status="reticulating"), view=NOT_LOADED),
    tolerated("`status` is a number", fields(status=3), view=NOT_LOADED),
    tolerated("`status` is a list", fields(status=["completed"]), view=NOT_LOADED),
    tolerated("`stage` is null", fields(stage=None), get=GOES_ON),
    tolerated("`stage` is a list", fields(stage=["identity"]), get=GOES_ON),
    tolerated("`signals` is a string", fields(signals="none yet")),
    tolerated("`signals` holds numbers", fields(signals=[1, None, {}])),
    tolerated("`quick_signal` is a string", fields(quick_signal="Green")),
    tolerated("`report` is a list", fields(report=["Solid."])),
    tolerated("`report` is a string", fields(report="Solid.")),
    tolerated("`metadata` is a string", fields(metadata="none")),
    tolerated("no link to the hosted report", fields(metadata={"language": "en"})),
    tolerated("no report", fields(report=...), view=WITHOUT_REPORT),
    tolerated("`error` is a list", fields(error=[1])),
    tolerated("unknown fields", fields(mood="cheerful", later={"a": [1, {"b": None}]})),
]
CALLS = {"POST": "post", "GET": "get", "View": "view", "DELETE": "delete"}
