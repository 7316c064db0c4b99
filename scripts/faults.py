"""Writes `docs/faults.md` from the table of faults that the tests use: `python -m scripts.faults`.

Run it after each change of `tests/faults/matrix.py`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.matrix import CALLS, FAULTS, Fault, Outcome
from widget.answers import MAX_ANSWER_BYTES, MAX_RETRY_SECONDS
from widget.calls import MAX_UNREADABLE
from widget.limits import LIMITS

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
MEANINGS = {
    "POST": "Run: the POST",
    "GET": "During a run: a GET",
    "View": "View, when the stored report is older than `WIDGET_REPORT_TTL`: a GET",
    "DELETE": "Cancel, or everyone has left: the DELETE",
}


def page() -> str:
    return "\n\n".join([_opening(), _matrix(), *_legends(), _limits()]) + "\n"


def _opening() -> str:
    cells = len(FAULTS) * len(CALLS)
    return f"""\
# When the Partner API fails

What does a recruiter see when a call to the Partner API fails, and what does the widget do about
it? `make docs` generates this page from `tests/faults/matrix.py`. The tests play all {cells}
combinations of call and fault on a real connection, let the fault pass, and check that the run
ends well.

- **A POST is never repeated automatically.** If it may or may not have been carried out, the
  recruiter is told so. Running it again is safe, because the API reuses what exists.
- **A GET that fails is tried again** after `Retry-After`, if there is one. Otherwise it is tried
  again after the interval that was last announced, then after twice that, and so on, up to a
  minute. Up to a tenth is added at random.
- **A GET that is answered with what cannot be read** three times in a row ends the run: a body of
  more than 4 MiB, or one that is no JSON object. What is readable and merely too much to show is
  shown in part, and what is left out is counted.
- **A DELETE that fails is tried again** in the same way, by the server, until it gets through.
- **Clicks wait, too.** If a POST or View was answered with `Retry-After`, the recruiter is told
  when to try again. Clicking earlier sends no call.
- **Redirects are not followed**, so the key goes to no other host."""


def _matrix() -> str:
    rows = ([fault.name, *(_cell(fault, call) for call in CALLS)] for fault in FAULTS)
    return "## Every fault on every call\n\n" + _table(["fault", *CALLS], rows)


def _cell(fault: Fault, call: str) -> str:
    return _outcome(fault, call).name


def _outcome(fault: Fault, call: str) -> Outcome:
    outcome: Outcome = getattr(fault, CALLS[call])
    return outcome


def _legends() -> Iterable[str]:
    for call, meaning in MEANINGS.items():
        outcomes = dict.fromkeys(_outcome(fault, call) for fault in FAULTS)
        rows = ([o.name, f"`{o.state}`", _said(o), o.then] for o in outcomes)
        table = _table(
            ["outcome", "`data-state`", "what the recruiter reads", "what happens next"], rows
        )
        yield f"## {meaning}\n\n{table}"


def _said(outcome: Outcome) -> str:
    return "<br>".join(outcome.says) or "–"


def _limits() -> str:
    rows = [
        ["simultaneous calls, per process", str(LIMITS.connections)],
        ["wait until one of them ends", f"{LIMITS.pool_seconds:g} s"],
        ["wait for a connection", f"{LIMITS.connect_seconds:g} s"],
        ["a call as a whole", f"{LIMITS.call_seconds:g} s"],
        ["size of an answer", f"{MAX_ANSWER_BYTES // 1024**2} MiB"],
        ["answers in a row that cannot be read, after which a run ends", str(MAX_UNREADABLE)],
        ["longest `Retry-After` that is honored", f"{MAX_RETRY_SECONDS:g} s"],
    ]
    return f"""\
## Limits on a call

{_table(["limit", "value"], rows)}

A call that gets no connection in time was certainly not made, and counts as *nothing started*.
Other recruiters' pages make no call, so none of this slows them down."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
