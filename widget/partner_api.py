"""The Partner API, v1: three calls, its resource, its errors and `Retry-After`.

What comes back is read leniently, as the API is a beta: unknown fields are kept, missing ones
tolerated, and an unknown status counts as one that is still processing.

    PartnerError
    ├── AnswerLost     nobody knows what the call has done
    ├── Gone           404
    ├── Refused        400, 409, 422 and other 4xx
    ├── Unauthorized   401, 403
    └── Unavailable    not reached, overloaded, broken, or an answer that makes no sense
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx2
import structlog

from widget import __version__, metrics
from widget.telemetry import REQUEST_ID_HEADER, request_id

CONNECT_SECONDS = 5.0
CALL_SECONDS = 20.0  # for a whole call, however slowly its answer drips
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_CONNECTIONS = 100
MIN_RETRY_SECONDS = 1.0

log = structlog.get_logger()


class Status(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Answer:
    """An analysis as the API answered it.

    `resource` is its JSON as it came; `retry_after` is in seconds, None where none was announced.
    """

    id: str
    status: Status
    resource: Mapping[str, Any]
    retry_after: float | None


class PartnerError(Exception):
    """`retry_after`: seconds that the API asked to wait, None where it did not."""

    def __init__(self, cause: str, retry_after: float | None = None) -> None:
        super().__init__(cause)
        self.retry_after = retry_after


class AnswerLost(PartnerError): ...


class Gone(PartnerError): ...


class Refused(PartnerError): ...


class Unauthorized(PartnerError): ...


class Unavailable(PartnerError): ...


class PartnerAPI:
    """Every call raises PartnerError, with no exception of the HTTP library behind it."""

    def __init__(
        self, origin: str, key: str, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._client = httpx2.AsyncClient(
            base_url=origin,
            headers={
                "X-API-Key": key,
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": f"candidate-widget/{__version__}",
            },
            timeout=httpx2.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=MAX_CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def create(self, body: Mapping[str, Any]) -> Answer:
        """POST /api/v1/analyses. `body` is the documented create body."""
        return await self._call("POST", "/api/v1/analyses", json.dumps(body).encode())

    async def get(self, analysis_id: str) -> Answer:
        """GET /api/v1/analyses/{id}"""
        return await self._call("GET", _path(analysis_id))

    async def cancel(self, analysis_id: str) -> Answer:
        """DELETE /api/v1/analyses/{id}"""
        return await self._call("DELETE", _path(analysis_id))

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, path: str, content: bytes | None = None) -> Answer:
        call = _Call(method, time.perf_counter())
        try:
            response, body = await self._exchange(method, path, content)
            call.status = response.status_code
            answer = _answer(response, body)
        except PartnerError as error:
            call.end(type(error).__name__, error.retry_after, cause=str(error))
            raise
        except asyncio.CancelledError:
            call.end("Stopped", None)
            raise
        call.end("ok", answer.retry_after)
        return answer

    async def _exchange(
        self, method: str, path: str, content: bytes | None
    ) -> tuple[httpx2.Response, bytes]:
        try:
            headers = {REQUEST_ID_HEADER: request_id()}
            async with asyncio.timeout(CALL_SECONDS):
                async with self._client.stream(
                    method, path, content=content, headers=headers
                ) as response:
                    return response, await _body(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unavailable(type(error).__name__) from None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise AnswerLost(type(error).__name__) from None


@dataclass
class _Call:
    """One call, for the log and the metrics."""

    method: str
    started: float
    status: int | None = None

    def end(self, outcome: str, retry_after: float | None, cause: str | None = None) -> None:
        seconds = time.perf_counter() - self.started
        metrics.partner_api_seconds.labels(self.method, outcome).observe(seconds)
        log.log(
            logging.INFO if outcome == "ok" else logging.WARNING,
            "partner_api_call",
            method=self.method,
            outcome=outcome,
            status=self.status,
            cause=cause,
            seconds=round(seconds, 3),
            retry_after=retry_after,
        )


def _path(analysis_id: str) -> str:
    return f"/api/v1/analyses/{quote(analysis_id, safe='')}"


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerLost("answer too large")
    return bytes(body)


def _answer(response: httpx2.Response, body: bytes) -> Answer:
    retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    match response.status_code:
        case 401 | 403:
            raise Unauthorized("key not accepted", retry_after)
        case 404:
            raise Gone("no such analysis", retry_after)
        case 429:
            raise Unavailable("rate limited", retry_after)
        case status if 400 <= status < 500:
            raise Refused("refused", retry_after)
        case status if not 200 <= status < 300:
            raise Unavailable("no answer of the API", retry_after)
    return read(_json(body, retry_after), retry_after, response.headers.get("Location"))


def _json(body: bytes, retry_after: float | None) -> Mapping[str, Any]:
    try:
        resource = json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerLost("answer is not JSON", retry_after) from None
    if not isinstance(resource, dict):
        raise AnswerLost("answer is not an object", retry_after)
    return resource


def read(
    resource: Mapping[str, Any], retry_after: float | None = None, location: str | None = None
) -> Answer:
    """The answer in a resource. Its id is taken from `Location` where the body has none.

    Raises AnswerLost where neither has one.
    """
    analysis_id = resource.get("id") or (location or "").rstrip("/").rpartition("/")[2]
    if not isinstance(analysis_id, str) or not analysis_id:
        raise AnswerLost("answer without an id", retry_after)
    return Answer(analysis_id, _status(resource.get("status")), resource, retry_after)


def _status(value: Any) -> Status:
    try:
        return Status(value)
    except ValueError:
        return Status.PROCESSING


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: whole seconds or a date), or None if it says nothing."""
    if value is None:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else _until(value, now)
    except (ValueError, OverflowError):
        return None
    return max(seconds, MIN_RETRY_SECONDS)


def _until(date: str, now: datetime) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
