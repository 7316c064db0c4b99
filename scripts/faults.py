"""Writes `docs/faults.md` from the rows that the tests hold the widget against.

Run it as `python -m scripts.faults` once `tests/faults/matrix.py` has changed.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.matrix import CALLS, FAULTS, Fault, Outcome
from widget.partner_api import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    MAX_ANSWER_BYTES,
    MAX_CONNECTIONS,
    MAX_NESTING,
    MAX_RETRY_SECONDS,
    POOL_SECONDS,
)

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
MEANINGS = {
    "POST": "Run: the POST",
    "GET": "The report is being made: a GET",
    "View": "View, once the report that was kept is older than `WIDGET_REPORT_TTL`: a GET",
    "DELETE": "Cancel, or everybody has left: the DELETE",
}


def page() -> str:
    return "\n\n".join([_opening(), _matrix(), *_legends(), _limits()]) + "\n"


def _opening() -> str:
    cells = len(FAULTS) * len(CALLS)
    return f"""\
# When the Partner API fails

What a recruiter sees of each fault, and what the widget does about it. This page is made from
`tests/faults/matrix.py` by `make docs`. The tests play each of its {cells} cells on a real
connection, see the fault pass, and see the run end well.

- **A POST is never repeated by itself.** Where it is not known whether it was carried out, the
  recruiter is told so. The API's reuse makes it safe to run it again.
- **A GET that fails is tried again** after `Retry-After` where it has one, else after the interval
  that was announced last, then after twice that, up to a minute; up to a tenth is added at random.
- **A DELETE that fails is tried again** in the same way, by the server, until it arrives.
- **A click waits as well**: where a POST or View was answered with `Retry-After`, the recruiter is
  told when, and a click before that asks nobody.
- **No redirect is followed**, so that the key goes to no other host."""


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
        table = _table(["outcome", "`data-state`", "what the recruiter reads", "then"], rows)
        yield f"## {meaning}\n\n{table}"


def _said(outcome: Outcome) -> str:
    return "<br>".join(outcome.says) or "–"


def _limits() -> str:
    rows = [
        ["calls under way at once, in each process", str(MAX_CONNECTIONS)],
        ["wait for one of them to end", f"{POOL_SECONDS:g} s"],
        ["wait for a connection", f"{CONNECT_SECONDS:g} s"],
        ["a whole call", f"{CALL_SECONDS:g} s"],
        ["size of an answer", f"{MAX_ANSWER_BYTES // 1024} KiB"],
        ["nesting of an answer", f"{MAX_NESTING} levels"],
        ["longest `Retry-After` that is kept to", f"{MAX_RETRY_SECONDS:g} s"],
    ]
    return f"""\
## Limits on a call

{_table(["limit", "value"], rows)}

A call that gets no connection in time was certainly not made, and counts as *nothing started*. The
pages of other recruiters ask nobody, and do not wait for any of this."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
