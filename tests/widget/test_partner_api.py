"""The client of the Partner API: what it sends, how it reads what comes, and what it raises."""

import asyncio
import gzip
import json
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.widget.partner import ANALYSIS, KEY, Reply, reply, resource
from tests.widget.people import create_body
from widget.answers import (
    MAX_ANSWER_BYTES,
    MAX_RETRY_SECONDS,
    Answer,
    AnswerLost,
    Gone,
    PartnerError,
    Refused,
    Status,
    Unauthorized,
    Unavailable,
    Unreadable,
    parse_retry_after,
)
from widget.limits import LIMITS, Limits
from widget.partner_api import PartnerAPI

pytestmark = pytest.mark.anyio

ORIGIN = "https://partner.example"
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@asynccontextmanager
async def api(
    answer: Callable[[httpx2.Request], httpx2.Response],
    limits: Limits = LIMITS,
) -> AsyncIterator[tuple[PartnerAPI, list[httpx2.Request]]]:
    """The client, and the requests that have arrived at the other side."""
    requests: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return answer(request)

    client = PartnerAPI(ORIGIN, KEY, httpx2.MockTransport(handle), limits)
    yield client, requests
    await client.close()


async def created(body: Any, location: str = "") -> Answer:
    answer = httpx2.Response(202, headers={"Location": location}, content=json.dumps(body))
    async with api(always(answer)) as (client, _):
        return await client.create({})


def always(answer: Reply) -> Callable[[httpx2.Request], httpx2.Response]:
    def handle(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handle


async def error_of(answer: Reply, limits: Limits = LIMITS) -> PartnerError:
    async with api(always(answer), limits) as (client, _):
        with pytest.raises(PartnerError) as raised:
            await client.get(ANALYSIS)
    return raised.value


# What is sent


@pytest.mark.threat(name="secret in the page")
async def test_every_call_carries_the_key_and_the_content_type() -> None:
    async with api(lambda _: reply()) as (client, requests):
        await client.create(create_body())
        await client.get(ANALYSIS)
        await client.cancel(ANALYSIS)
    assert [(request.method, request.url.path) for request in requests] == [
        ("POST", "/api/v1/analyses"),
        ("GET", f"/api/v1/analyses/{ANALYSIS}"),
        ("DELETE", f"/api/v1/analyses/{ANALYSIS}"),
    ]
    for request in requests:
        assert request.headers["X-API-Key"] == KEY
        assert request.headers["Content-Type"] == "application/json"
        assert request.url.host == "partner.example"
    assert json.loads(requests[0].content) == create_body()
    assert requests[1].content == requests[2].content == b""


async def test_an_id_stays_one_segment_of_the_path() -> None:
    answer = httpx2.Response(200, json={"id": "a/b?c#d é"})
    async with api(always(answer)) as (client, requests):
        await client.get("a/b?c#d é")
    assert requests[0].url.raw_path == b"/api/v1/analyses/a%2Fb%3Fc%23d%20%C3%A9"


@pytest.mark.threat(name="key sent elsewhere")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    away = httpx2.Response(status, headers={"Location": "https://elsewhere.example/"})
    async with api(always(away)) as (client, requests):
        for call in (client.get(ANALYSIS), client.cancel(ANALYSIS), client.create({})):
            with pytest.raises(AnswerLost):
                await call
    assert {request.url.host for request in requests} == {"partner.example"}
    assert len(requests) == 3


# What comes


async def test_an_answer_is_read_with_all_that_is_in_it() -> None:
    body = resource("completed", report={"summary": "Solid."}, brandNew=[1, {"a": None}])
    async with api(always(httpx2.Response(200, json=body))) as (client, _):
        answer = await client.get(ANALYSIS)
    assert answer.id == ANALYSIS
    assert answer.status is Status.COMPLETED
    assert json.loads(answer.resource) == body
    assert answer.retry_after is None


@pytest.mark.parametrize("code", [200, 201, 202, 203])
async def test_any_2xx_is_an_answer(code: int) -> None:
    async with api(always(reply(code=code))) as (client, _):
        assert (await client.create({})).retry_after == 10


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("queued", Status.QUEUED),
        ("processing", Status.PROCESSING),
        ("completed", Status.COMPLETED),
        ("failed", Status.FAILED),
        ("canceled", Status.CANCELED),
        ("reticulating", Status.PROCESSING),
        ("Completed", Status.COMPLETED),
        ("FAILED", Status.FAILED),
        (" completed", Status.PROCESSING),
        (None, Status.PROCESSING),
        (7, Status.PROCESSING),
        (["completed"], Status.PROCESSING),
        ({}, Status.PROCESSING),
    ],
)
async def test_an_unknown_status_counts_as_processing(status: Any, read_as: Status) -> None:
    assert (await created({"id": "a", "status": status})).status is read_as
    assert (await created({"id": "a"})).status is Status.PROCESSING


async def test_an_id_that_is_missing_is_taken_from_the_location() -> None:
    assert (await created({}, "/api/v1/analyses/an_1")).id == "an_1"
    assert (await created({}, f"{ORIGIN}/api/v1/analyses/an_1/")).id == "an_1"
    assert (await created({"id": "an_2"}, "/api/v1/analyses/an_1")).id == "an_2"


@pytest.mark.parametrize("analysis_id", [None, "", 7, ["a"], "a\0b", "a\nb", "\ud800"])
async def test_an_answer_without_an_id_that_can_be_used_is_lost(analysis_id: Any) -> None:
    with pytest.raises(AnswerLost):
        await created({"id": analysis_id})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(400), Refused),
        (httpx2.Response(401), Unauthorized),
        (httpx2.Response(402), Refused),
        (httpx2.Response(403), Unauthorized),
        (httpx2.Response(404), Gone),
        (httpx2.Response(408), Unavailable),
        (httpx2.Response(409), AnswerLost),
        (httpx2.Response(410), Gone),
        (httpx2.Response(422), Refused),
        (httpx2.Response(429), Unavailable),
        (httpx2.Response(500), AnswerLost),
        (httpx2.Response(502, text="<html>Bad gateway</html>"), AnswerLost),
        (httpx2.Response(503), AnswerLost),
        (httpx2.Response(200), Unreadable),
        (httpx2.Response(200, text="<html>Hello</html>"), Unreadable),
        (httpx2.Response(200, text='{"id": "a", "stat'), Unreadable),
        (httpx2.Response(200, json=[]), Unreadable),
        (httpx2.Response(200, json="a"), Unreadable),
        (httpx2.Response(200, content=b'{"id": "\xff"}'), Unreadable),
        (httpx2.Response(200, text='{"id": "other"}'), AnswerLost),
        (httpx2.Response(200, headers={"Content-Encoding": "rot13"}, text="{}"), Unreadable),
        (httpx2.Response(200, content=b"[" * 100_000), Unreadable),
        (httpx2.ConnectError("refused"), Unavailable),
        (httpx2.ConnectTimeout("slow"), Unavailable),
        (httpx2.PoolTimeout("busy"), Unavailable),
        (httpx2.ReadTimeout("slow"), AnswerLost),
        (httpx2.ReadError("reset"), AnswerLost),
        (httpx2.RemoteProtocolError("garbage"), AnswerLost),
        (TimeoutError(), AnswerLost),
    ],
)
async def test_each_failure_is_one_of_a_few(answer: Reply, error: type[PartnerError]) -> None:
    assert type(await error_of(answer)) is error


@pytest.mark.threat(name="hostile answers")
async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    large = httpx2.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1))
    assert str(await error_of(large)) == "answer too large"


async def test_an_answer_is_measured_once_it_is_unpacked() -> None:
    assert (await answer_in_gzip(b" " * 1000 + b'{"id": "analysis_1"}')).id == ANALYSIS
    with pytest.raises(Unreadable, match="too large"):
        await answer_in_gzip(b" " * 50 * MAX_ANSWER_BYTES)
    with pytest.raises(Unreadable, match="not gzip"):
        await answer_in_gzip(b'{"id": "analysis_1"}', pack=bytes)


async def answer_in_gzip(content: bytes, pack: Callable[[bytes], bytes] = gzip.compress) -> Answer:
    async def chunks() -> AsyncIterator[bytes]:
        yield pack(content)

    headers = {"Content-Encoding": "gzip"}
    async with api(always(httpx2.Response(200, content=chunks(), headers=headers))) as (client, _):
        return await client.get(ANALYSIS)


@pytest.mark.threat(name="hostile answers")
async def test_an_answer_that_drips_is_given_up() -> None:
    arrived = []

    async def drip() -> AsyncIterator[bytes]:
        while True:
            arrived.append(b" ")
            yield b" "
            await asyncio.sleep(0.01)

    error = await error_of(httpx2.Response(200, content=drip()), Limits(call_seconds=0.05))
    assert str(error) == "timeout"
    assert arrived


@pytest.mark.parametrize("code", [401, 404, 422, 429, 500, 200])
async def test_an_error_keeps_how_long_the_api_asked_to_wait(code: int) -> None:
    broken = httpx2.Response(code, headers={"Retry-After": "17"}, text="{")
    assert (await error_of(broken)).retry_after == 17
    assert (await error_of(httpx2.Response(code, text="{"))).retry_after is None


@pytest.mark.threat(name="secret in the page")
@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(401, text=f"bad key {KEY}"),
        httpx2.Response(200, text=KEY),
        httpx2.ReadError(f"while sending {KEY}"),
        httpx2.ConnectError(KEY),
    ],
)
async def test_the_key_is_in_no_error_with_its_traceback_and_in_no_log_line(
    answer: Reply,
) -> None:
    with capture_logs() as lines:
        error = await error_of(answer)
    assert [line["event"] for line in lines] == ["partner_api_call"]
    assert KEY not in str(lines)
    assert KEY not in repr(error)
    assert KEY not in "".join(traceback.format_exception(error))


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("10", 10),
        (" 10 ", 10),
        ("0", 1),
        ("007", 7),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30),
        (format_datetime(NOW - timedelta(days=30), usegmt=True), 1),
        ("Tue, 24 Nov 2026 13:00:30 +0100", 30),
        ("Tuesday, 24-Nov-26 12:00:30 GMT", 30),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("²", None),
        ("3601", MAX_RETRY_SECONDS),
        ("9" * 400, MAX_RETRY_SECONDS),
        ("Fri, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(
    st.text()
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{2,4} \d\d:\d\d:\d\d [+-]?\w{1,5}")
    | st.datetimes(timezones=st.timezones()).map(format_datetime)
)
def test_whatever_retry_after_says_it_is_a_wait_or_nothing(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 1 <= seconds <= MAX_RETRY_SECONDS
