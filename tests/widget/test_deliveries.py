"""How events reach the ATS: signed, at least once, later if need be, and to the cost of nobody."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from tests.receiver import receiving, take
from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, completed
from tests.widget.people import IDA, MARA
from tests.widget.widget_process import EVENTS, Clock, WidgetProcess, a_widget_process
from widget import deliveries, outbox
from widget.database import DatabaseUnavailable
from widget.deliveries import RETRY_SECONDS, Deliveries
from widget.outbox import Letter

pytestmark = pytest.mark.anyio

DAY = 24 * 3600.0


class ATS:
    """Answers as told, and keeps what it got."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx2.Request] = []

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        chosen = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(chosen, Exception):
            raise chosen
        return httpx2.Response(chosen.status_code, headers=chosen.headers)


def telling(
    settings: MakeSettings, database_url: str, clock: Clock, **members: str
) -> AbstractAsyncContextManager[WidgetProcess]:
    options = settings(database_url=database_url, **EVENTS | members)
    return a_widget_process(options, clock, Partner(clock))


@pytest.fixture
async def process(
    settings: MakeSettings, database_url: str, clock: Clock
) -> AsyncIterator[WidgetProcess]:
    async with telling(settings, database_url, clock) as process:
        yield process


def sender(process: WidgetProcess, ats: ATS) -> Deliveries:
    return Deliveries(
        process.store, process.settings, httpx2.MockTransport(ats.answer), process.clock
    )


async def erase(process: WidgetProcess, number: int = 1) -> None:
    """Makes events: one for each erasure."""
    for _ in range(number):
        await process.runs.erase(IDA["id"], MARA["id"])


async def deliver(*senders: Deliveries) -> None:
    await asyncio.gather(*(sender.begin() for sender in senders))
    for each in senders:
        await each.finish(30)


@pytest.mark.threat(name="forged events")
async def test_an_event_is_sent_as_standard_webhooks_has_it_and_deleted_once_taken(
    settings: MakeSettings, database_url: str
) -> None:
    clock = Clock(time.time())
    async with telling(settings, database_url, clock) as process:
        await erase(process)
        (told,) = await process.told()
        ats = ATS(httpx2.Response(202))
        await deliver(sender(process, ats))
        (request,) = ats.requests
        for secret in EVENTS["events_secret"].split(","):
            assert Webhook(secret).verify(request.content, dict(request.headers)) == told
        assert str(request.url) == EVENTS["events_url"]
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["webhook-timestamp"] == str(int(clock()))
        clock.advance(DAY)
        assert await process.told() == []


@pytest.mark.threat(name="hostile receiver")
async def test_an_event_that_is_not_taken_comes_again_with_its_id_for_three_days(
    process: WidgetProcess,
) -> None:
    answers: list[httpx2.Response | Exception] = [
        httpx2.Response(500),
        httpx2.Response(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
        httpx2.ConnectError("refused"),
        httpx2.Response(404),
    ]
    ats = ATS(*answers)
    one = sender(process, ats)
    await erase(process)
    started = process.clock()
    await deliver(one)
    for attempts, wait in enumerate([*RETRY_SECONDS, *[RETRY_SECONDS[-1]] * 72], 1):
        process.clock.advance(wait - 0.1)
        await deliver(one)
        assert len(ats.requests) == attempts
        process.clock.advance(0.1)
        if process.clock() - started >= 3 * DAY:
            break
        await deliver(one)
    await process.sweeper.sweep()
    assert await process.store.count_events() == 0
    assert RETRY_SECONDS == (5, 30, 120, 600, 1800, 3600)
    assert len(set(ats.ids)) == 1
    assert len({request.content for request in ats.requests}) == 1
    assert {request.url.path for request in ats.requests} == {"/events"}


async def test_of_several_processes_one_sends_an_event_and_another_if_that_one_dies(
    process: WidgetProcess,
) -> None:
    ats = ATS(httpx2.Response(200))
    await erase(process, 25)
    senders = [sender(process, ats) for _ in range(4)]
    while await process.store.count_events():
        await deliver(*senders)
    assert Counter(Counter(ats.ids).values()) == {1: 25}
    await erase(process)
    now = process.clock()
    (claimed,) = await process.store.claim_events(now, now + deliveries.CLAIM_SECONDS, 10)
    await deliver(sender(process, ats))
    assert claimed.id not in ats.ids
    process.clock.advance(deliveries.CLAIM_SECONDS)
    await deliver(sender(process, ats))
    assert claimed.id in ats.ids


async def test_of_too_many_events_the_oldest_are_dropped(
    process: WidgetProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_WAITING", 3)
    for _ in range(5):
        process.clock.advance(1)
        await erase(process)
    newest = (await process.told())[2:]
    await process.sweeper.sweep()
    assert await process.told() == newest


async def never(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip(writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\nSet-Cookie: a=b\r\n\r\n")
    for _ in range(500):
        writer.write(b"x" * 100_000)
        await writer.drain()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def talk_nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff" * 100_000)


async def swamp_with_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: xxxxxxxxx\r\n" * 10_000)
    await writer.drain()


BAD = [never, drip, hang_up, talk_nonsense, swamp_with_headers]


@pytest.mark.threat(name="hostile receiver")
async def test_a_bad_receiver_is_given_up_in_time_loses_nothing_and_slows_nothing(
    settings: MakeSettings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ATTEMPT_SECONDS", 1.0)
    clock = Clock(time.time())
    for answer in BAD:
        async with (
            receiving(answer) as receiver,
            telling(settings, database_url, clock, events_url=receiver.address) as process,
        ):
            await erase(process, 15)
            one = Deliveries(process.store, process.settings, clock=clock)
            started = time.monotonic()
            await one.begin()
            await one.begin()
            assert len(receiver.arrived) <= deliveries.MAX_ATTEMPTS
            process.partner.on("POST", completed())
            await process.presses_run()
            await one.finish(30)
            assert time.monotonic() - started < 5, answer
            assert await process.store.count_events() == 17, answer
            assert len({event_id for event_id, _ in receiver.arrived}) == deliveries.MAX_ATTEMPTS
            await one.close()
            while await process.store.count_events():
                receiver.answer = take
                clock.advance(10)
                one = Deliveries(process.store, process.settings, clock=clock)
                await one.begin()
                await one.finish(30)
                await one.close()


@pytest.mark.threat(name="hostile receiver")
async def test_a_success_is_one_however_large_and_nothing_of_it_is_read_or_kept(
    settings: MakeSettings, database_url: str
) -> None:
    clock = Clock(time.time())
    async with (
        receiving(flood) as receiver,
        telling(settings, database_url, clock, events_url=receiver.address) as process,
    ):
        one = Deliveries(process.store, process.settings, clock=clock)
        for _ in range(2):
            await erase(process)
            await one.begin()
            await one.finish(30)
        assert await process.store.count_events() == 0
        await one.close()


async def test_while_the_store_does_not_answer_nothing_is_sent_and_afterwards_it_is(
    process: WidgetProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = process.store.claim_events
    failures = iter([DatabaseUnavailable("away")])

    async def claim_after_a_failure(now: float, until: float, limit: int) -> Sequence[Letter]:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await claim(now, until, limit)

    monkeypatch.setattr(process.store, "claim_events", claim_after_a_failure)
    monkeypatch.setattr(deliveries, "LOOK_SECONDS", 0.01)
    await erase(process)
    ats = ATS(httpx2.Response(202))
    going_on = asyncio.create_task(sender(process, ats).go_on())
    async with asyncio.timeout(10):
        while await process.store.count_events():  # noqa: ASYNC110 - another task's
            await asyncio.sleep(0.01)
    going_on.cancel()
    assert len(ats.ids) == 1
