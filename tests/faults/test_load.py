"""A Partner API that is slow, and the recruiters who have nothing to do with it."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from demo_ats.servers import free_port
from tests.faults import usual_answers
from tests.faults.conftest import settings_for
from tests.faults.partner import Connection, Partner, after, answer, keep_silent, once
from tests.faults.recruiter import HTMX, read
from tests.serving import serving
from tests.widget.client import BEARER
from tests.widget.partner import KEY
from tests.widget.people import create_body
from widget.answers import AnswerLost, Unavailable
from widget.app import create_app
from widget.limits import LIMITS, Limits
from widget.partner_api import PartnerAPI

RUNS = 200
SAMPLES = 40
MAX_SLOWER_SECONDS = 0.25  # where calls that are under way take for ever
UNLIMITED = httpx2.Limits(max_connections=None)


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    partner = Partner(usual_answers.plays(), free_port())
    await partner.open()
    yield partner
    await partner.close()


@pytest.mark.threat(name="hostile answers")
@pytest.mark.anyio
async def test_a_slow_partner_api_does_not_slow_the_pages_of_others(
    partner: Partner, tmp_path: Path
) -> None:
    limits = Limits(pool_seconds=60.0, connect_seconds=60.0, call_seconds=60.0)
    measured = asyncio.Event()
    partner.plays["POST"] = once(measured, partner.plays["POST"])
    with serving(create_app(settings_for(tmp_path, partner), limits=limits)) as origin:
        async with httpx2.AsyncClient(base_url=origin, timeout=60, limits=UNLIMITED) as http:
            addresses = [await open_session(http, f"candidate-{n}") for n in range(RUNS)]
            other = await open_session(http, "somebody-else")
            usual = await seconds_for_a_page(http, other)
            clicks = [asyncio.create_task(start_run(http, address)) for address in addresses]
            await until(lambda: partner.under_way == LIMITS.connections)
            pages = [read(response.text) for response in await asyncio.gather(*clicks)]
            assert {page.state for page in pages} == {"running"}
            slow = await seconds_for_a_page(http, other)
            assert partner.under_way == LIMITS.connections
            measured.set()
            await until(lambda: len(partner.calls) == RUNS and not partner.under_way)
    assert slow < usual + MAX_SLOWER_SECONDS
    assert partner.calls == ["POST"] * RUNS
    assert partner.most_under_way == LIMITS.connections


@pytest.mark.anyio
async def test_a_call_for_which_no_connection_becomes_free_was_certainly_not_made(
    partner: Partner,
) -> None:
    partner.plays["GET"] = keep_silent
    async with calling(partner, Limits(connections=1, pool_seconds=0.1)) as api:
        first = asyncio.create_task(api.get("analysis_1"))
        await until(lambda: bool(partner.calls))
        with pytest.raises(Unavailable):
            await api.create(create_body())
        assert partner.calls == ["GET"]
        first.cancel()


def test_the_wait_for_a_connection_ends_well_before_the_time_of_the_whole_call() -> None:
    before_sending = LIMITS.pool_seconds + LIMITS.connect_seconds
    assert before_sending <= LIMITS.call_seconds / 2


@pytest.mark.anyio
async def test_a_call_that_waits_for_a_connection_is_made_when_there_is_one(
    partner: Partner,
) -> None:
    partner.plays["GET"] = after(0.1, answer(200, usual_answers.PROCESSING))
    async with calling(partner, Limits(connections=1)) as api:
        answers = await asyncio.gather(*(api.get("analysis_1") for _ in range(5)))
    assert {found.id for found in answers} == {"analysis_1"}
    assert partner.most_under_way == 1


@pytest.mark.anyio
async def test_calls_that_ran_out_of_time_give_their_connections_back(
    partner: Partner,
) -> None:
    async with calling(partner, Limits(connections=2, call_seconds=0.5)) as api:
        partner.plays["GET"] = keep_silent
        for _ in range(3):
            with pytest.raises(AnswerLost):
                await api.get("analysis_1")
        partner.plays["GET"] = answer(200, usual_answers.PROCESSING)
        assert (await api.get("analysis_1")).id == "analysis_1"


@pytest.mark.anyio
async def test_a_connection_that_its_server_may_be_about_to_close_is_not_used_again() -> None:
    connections = []
    body = json.dumps(usual_answers.PROCESSING).encode()
    kept_alive = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def keep_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        connection = Connection(reader, writer)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                await connection.send(kept_alive)
        writer.close()

    server = await asyncio.start_server(keep_alive, "127.0.0.1", 0)
    origin = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    api = PartnerAPI(origin, KEY, limits=Limits(idle_seconds=0.2))
    await api.get("analysis_1")
    await api.get("analysis_1")
    assert len(connections) == 1
    await asyncio.sleep(0.3)  # a pause of that length, not a wait for anything
    await api.get("analysis_1")
    assert len(connections) == 2
    await api.close()
    server.close()


@asynccontextmanager
async def calling(partner: Partner, limits: Limits) -> AsyncIterator[PartnerAPI]:
    api = PartnerAPI(partner.origin, KEY, limits=limits)
    yield api
    await api.close()


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that in 30 seconds")


async def open_session(http: httpx2.AsyncClient, candidate_id: str) -> str:
    response = await http.post(
        "/api/v1/sessions",
        headers=BEARER,
        json=create_body({"id": candidate_id, "first_name": "Mara", "last_name": "Lindqvist"}),
    )
    return httpx2.URL(response.json()["embed_url"]).path


async def start_run(http: httpx2.AsyncClient, address: str) -> httpx2.Response:
    return await http.post(f"{address}/run", headers=HTMX)


async def seconds_for_a_page(http: httpx2.AsyncClient, address: str) -> float:
    """The median, as others work on this machine as well."""
    seconds = []
    for _ in range(SAMPLES):
        started = time.perf_counter()
        response = await http.get(address)
        seconds.append(time.perf_counter() - started)
        assert response.status_code == 200
    return statistics.median(seconds)
