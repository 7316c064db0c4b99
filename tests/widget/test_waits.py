"""A click is kept while the Partner API has asked for a wait, and no pair is posted without end."""

import asyncio

import httpx2
import pytest

from tests.widget.partner import reply
from tests.widget.people import TOMAS
from tests.widget.widget_process import WidgetProcess
from widget.brake import MAX_POSTS, WINDOW_SECONDS
from widget.model import EmbedSession, Phase, Reason

pytestmark = pytest.mark.anyio


def busy(seconds: str) -> httpx2.Response:
    return httpx2.Response(429, headers={"Retry-After": seconds})


async def asked_to_wait(process: WidgetProcess, seconds: str) -> EmbedSession:
    """A viewer whose run was answered with a wait. The next POST will be accepted."""
    process.partner.on("POST", busy(seconds), reply("queued"))
    session = await process.presses_run()
    await reaches(process, session, Phase.FAILED)
    return session


async def reaches(process: WidgetProcess, session: EmbedSession, phase: Phase) -> None:
    async with asyncio.timeout(10):
        while (await process.known(session)).phase is not phase:  # noqa: ASYNC110 - another task's
            await asyncio.sleep(0.02)


async def test_a_run_pressed_within_a_wait_starts_once_when_the_wait_is_over(
    process: WidgetProcess,
) -> None:
    session = await asked_to_wait(process, "1")
    clicks = await asyncio.gather(*(process.runs.start(session) for _ in range(5)))
    assert clicks == [None] * 5
    assert (await process.known(session)).phase is Phase.STARTING
    assert process.partner.count("POST") == 1
    await reaches(process, session, Phase.RUNNING)
    assert process.partner.count("POST") == 2


async def test_a_longer_wait_starts_nothing_and_says_until_when(process: WidgetProcess) -> None:
    session = await asked_to_wait(process, "61")
    assert await process.runs.start(session) == pytest.approx(process.clock() + 61)
    assert (await process.known(session)).phase is Phase.FAILED
    process.clock.advance(61)
    assert await process.runs.start(session) is None
    assert process.partner.count("POST") == 2


async def test_a_run_that_waits_is_canceled_without_a_call(process: WidgetProcess) -> None:
    session = await asked_to_wait(process, "50")
    await process.runs.start(session)
    await process.runs.cancel(await process.known(session), session)
    run = await process.known(session)
    assert (run.phase, run.reason) == (Phase.CANCELED, Reason.CANCELED)
    assert run.canceled_by == session.id
    await process.settle()
    assert (process.partner.count("POST"), process.partner.count("DELETE")) == (1, 0)


async def test_a_run_that_waits_is_erased_without_a_trace(process: WidgetProcess) -> None:
    session = await asked_to_wait(process, "50")
    await process.runs.start(session)
    await process.runs.erase("client-1", "candidate-1")
    await process.settle()
    assert await process.run_of(session) is None
    assert process.partner.count("POST") == 1


async def test_a_process_that_stops_starts_nothing_and_lets_the_recruiter_run_it_again(
    process: WidgetProcess,
) -> None:
    session = await asked_to_wait(process, "50")
    await process.runs.start(session)
    await asyncio.sleep(0)
    await process.runs.finish(5)
    run = await process.known(session)
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.UNAVAILABLE)
    assert run.poll_after == pytest.approx(process.clock() + 50)


async def test_a_pair_gets_six_posts_in_ten_minutes_and_is_told_when_it_gets_the_next(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", httpx2.Response(422))
    session = await process.viewer()
    first = process.clock()
    for _ in range(MAX_POSTS):
        assert await process.runs.start(session) is None
        await reaches(process, session, Phase.FAILED)
        process.clock.advance(10)
    assert await process.runs.start(session) == first + WINDOW_SECONDS
    assert process.partner.count("POST") == MAX_POSTS
    assert await process.runs.start(await process.viewer(TOMAS)) is None
    process.clock.now = first + WINDOW_SECONDS
    assert await process.runs.start(session) is None
    assert await process.runs.start(session) == first + 10 + WINDOW_SECONDS
    assert process.partner.count("POST") == MAX_POSTS + 2


async def test_runs_that_the_api_forgets_are_braked_as_well(process: WidgetProcess) -> None:
    process.partner.on("POST", reply("queued", retry_after="1")).on("GET", httpx2.Response(404))
    session = await process.viewer()
    for _ in range(MAX_POSTS):
        await process.runs.start(session)
        assert await process.refresh(session, after=1) is None
    assert await process.runs.start(session) is not None
    assert process.partner.count("POST") == MAX_POSTS
