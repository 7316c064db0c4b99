"""A click is kept while the Partner API has asked for a wait, and no pair is posted without end."""

import asyncio

import httpx2
import pytest

from tests.widget.partner import reply
from tests.widget.people import TOMAS
from tests.widget.world import World
from widget.brake import MAX_POSTS, WINDOW_SECONDS
from widget.model import EmbedSession, Phase, Reason

pytestmark = pytest.mark.anyio


def busy(seconds: str) -> httpx2.Response:
    return httpx2.Response(429, headers={"Retry-After": seconds})


async def asked_to_wait(world: World, seconds: str) -> EmbedSession:
    """A viewer whose run was answered with a wait. The next POST will be accepted."""
    world.partner.on("POST", busy(seconds), reply("queued"))
    session = await world.viewer()
    await world.runs.start(session)
    await reaches(world, session, Phase.FAILED)
    return session


async def reaches(world: World, session: EmbedSession, phase: Phase) -> None:
    async with asyncio.timeout(10):
        while (await world.known(session)).phase is not phase:  # noqa: ASYNC110 - another task's
            await asyncio.sleep(0.02)


async def test_a_run_pressed_within_a_wait_starts_when_the_wait_is_over(world: World) -> None:
    session = await asked_to_wait(world, "1")
    assert await world.runs.start(session) is None
    assert (await world.known(session)).phase is Phase.STARTING
    assert world.partner.count("POST") == 1
    await reaches(world, session, Phase.RUNNING)
    assert world.partner.count("POST") == 2


async def test_two_clicks_within_a_wait_make_one_post(world: World) -> None:
    session = await asked_to_wait(world, "1")
    await asyncio.gather(*(world.runs.start(session) for _ in range(5)))
    await reaches(world, session, Phase.RUNNING)
    assert world.partner.count("POST") == 2


async def test_a_longer_wait_starts_nothing_and_says_until_when(world: World) -> None:
    session = await asked_to_wait(world, "61")
    assert await world.runs.start(session) == pytest.approx(world.clock() + 61)
    assert (await world.known(session)).phase is Phase.FAILED
    world.clock.advance(61)
    assert await world.runs.start(session) is None
    assert world.partner.count("POST") == 2


async def test_a_run_that_waits_is_canceled_without_a_call(world: World) -> None:
    session = await asked_to_wait(world, "50")
    await world.runs.start(session)
    await world.runs.cancel(await world.known(session), session)
    run = await world.known(session)
    assert (run.phase, run.reason, run.canceled_by) == (
        Phase.CANCELED,
        Reason.CANCELED,
        session.id,
    )
    await world.settle()
    assert (world.partner.count("POST"), world.partner.count("DELETE")) == (1, 0)


async def test_a_run_that_waits_is_erased_without_a_trace(world: World) -> None:
    session = await asked_to_wait(world, "50")
    await world.runs.start(session)
    await world.runs.erase("client-1", "candidate-1")
    await world.settle()
    assert await world.run_of(session) is None
    assert world.partner.count("POST") == 1


async def test_a_process_that_stops_starts_nothing_and_lets_the_recruiter_run_it_again(
    world: World,
) -> None:
    session = await asked_to_wait(world, "50")
    await world.runs.start(session)
    await asyncio.sleep(0)
    await world.runs.finish(5)
    run = await world.known(session)
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.UNAVAILABLE)
    assert run.poll_after == pytest.approx(world.clock() + 50)


async def test_a_pair_gets_six_posts_in_ten_minutes_and_is_told_when_it_gets_the_next(
    world: World,
) -> None:
    world.partner.on("POST", httpx2.Response(422))
    session = await world.viewer()
    first = world.clock()
    for _ in range(MAX_POSTS):
        assert await world.runs.start(session) is None
        await reaches(world, session, Phase.FAILED)
        world.clock.advance(10)
    assert await world.runs.start(session) == first + WINDOW_SECONDS
    assert world.partner.count("POST") == MAX_POSTS
    assert await world.runs.start(await world.viewer(TOMAS)) is None
    world.clock.now = first + WINDOW_SECONDS
    assert await world.runs.start(session) is None
    assert await world.runs.start(session) == first + 10 + WINDOW_SECONDS
    assert world.partner.count("POST") == MAX_POSTS + 2


async def test_runs_that_the_api_forgets_are_braked_as_well(world: World) -> None:
    world.partner.on("POST", reply("queued", retry_after="1")).on("GET", httpx2.Response(404))
    session = await world.viewer()
    for _ in range(MAX_POSTS):
        await world.runs.start(session)
        world.clock.advance(1)
        assert await world.poll(session) is None
    assert await world.runs.start(session) is not None
    assert world.partner.count("POST") == MAX_POSTS
