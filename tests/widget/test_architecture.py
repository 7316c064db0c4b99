"""The tables of `docs/architecture.md`, each cell carried out."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, Reply, completed, reply
from tests.widget.people import IDA, MARA
from tests.widget.widget_process import (
    COMPLETED,
    NOW,
    ORPHANED,
    STARTING,
    Clock,
    WidgetProcess,
    a_run,
    a_widget_process,
)
from widget.button import LABELS, State, state_of
from widget.model import EmbedSession, Phase, Run

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
NOBODY = httpx2.ConnectError("refused")
UNAVAILABLE = httpx2.Response(503)
LONG_SECONDS = 1_000.0

ANSWERS: dict[str, Reply] = {
    "the API answers `queued` or `processing`": reply("processing"),
    "the API answers `completed`": completed(),
    "the API answers `failed`": reply("failed", retry_after=None),
    "the API answers `canceled`": reply("canceled", retry_after=None),
    "the API answers 404": httpx2.Response(404),
    "the API cannot be reached": NOBODY,
}


def rows(heading: str) -> list[list[str]]:
    """A section's table, its head first."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines if "---" not in line]


def cells() -> list[tuple[str, str, str]]:
    """What happens, in which phase, and which one follows."""
    head, *events = rows("The life of a run")
    return [
        (event, before, before if after == "–" else after)
        for event, *results in events
        for before, after in zip(head[1:], results, strict=True)
        if after
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(("event", "before", "after"), cells())
async def test_a_run_changes_as_the_table_says(
    settings: MakeSettings, clock: Clock, event: str, before: str, after: str
) -> None:
    partner = Partner(clock)
    for method in ("POST", "GET", "DELETE"):
        partner.on(method, ANSWERS.get(event, UNAVAILABLE))
    async with a_widget_process(settings(), clock, partner) as process:
        session = await process.viewer()
        await _bring_to(before, process, session)
        assert await _phase(process, session) == before
        await _happen(event, process, session)
        assert await _phase(process, session) == after
        partner.released.set()


async def _phase(process: WidgetProcess, session: EmbedSession) -> str:
    run = await process.store.run(session.pair)
    return "none" if run is None else str(run.phase)


async def _bring_to(phase: str, process: WidgetProcess, session: EmbedSession) -> None:
    if phase == "starting":
        await _press_run(process, session)
    elif phase != "none":
        now = process.clock()
        run = Run(
            pair=session.pair,
            id="run",
            phase=Phase(phase),
            started_at=now,
            analysis_id="analysis_1",
            interval=10.0,
            give_up_at=now + LONG_SECONDS,
            expires_at=now + process.settings.run_ttl,
        )
        assert await process.store.claim_start(run, session.id, now, lease_until=now)


async def _press_run(process: WidgetProcess, session: EmbedSession) -> None:
    """Where that makes a POST, it is under way, and not answered before it is released."""
    process.partner.hold()
    pressed = asyncio.create_task(process.runs.start(session))
    arrived = asyncio.create_task(process.partner.arrived.wait())
    await asyncio.wait({pressed, arrived}, return_when=asyncio.FIRST_COMPLETED)
    arrived.cancel()


async def _happen(event: str, process: WidgetProcess, session: EmbedSession) -> None:
    match event:
        case "Run is pressed":
            await _press_run(process, session)
        case "Cancel is pressed":
            if await process.store.run(session.pair):
                await process.runs.cancel(await process.known(session))
        case "everyone has left":
            process.clock.advance(process.settings.lease + process.settings.leave_grace + 1)
            await process.sweeper.sweep()
        case "the candidate is erased":
            await process.runs.erase(IDA["id"], MARA["id"])
        case "`WIDGET_RUN_TIMEOUT` has passed":
            process.clock.advance(LONG_SECONDS)
            await _call(process, session)
        case _:
            assert event in ANSWERS
            await _call(process, session)


async def _call(process: WidgetProcess, session: EmbedSession) -> None:
    """Lets the POST through that is under way, else has the GET or the DELETE sent that is due."""
    process.partner.released.set()
    await process.settle()
    if not process.partner.calls:
        await process.refresh(session)
        await process.sweep()


def test_the_table_of_events_has_every_phase() -> None:
    assert rows("The life of a run")[0] == ["event", "none", *Phase]


RUNS = {
    "none": None,
    "starting": STARTING,
    "starting, and its process is gone": ORPHANED,
    "completed": COMPLETED,
    "completed, and the report is not kept": replace(COMPLETED, resource=None),
} | {str(phase): a_run(phase) for phase in Phase if phase not in {"starting", "completed"}}


def test_the_state_is_as_the_table_says() -> None:
    described = {row[0]: row[1:] for row in rows("The button")[1:] if row[0] in RUNS}
    assert described == {
        name: [f"`{state_of(run, watching, NOW)}`" for watching in (False, True)]
        for name, run in RUNS.items()
    }


def test_the_button_is_as_the_table_says() -> None:
    described = {row[0]: row[1] for row in rows("The button") if row[0].startswith("`")}
    del described["`data-state`"]
    assert described == {f"`{state}`": LABELS.get(state, "none") for state in State}
