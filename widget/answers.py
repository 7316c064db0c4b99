"""Answers of the Partner API, read: its resource, its errors and `Retry-After`.

The API is a beta, so answers are read leniently: unknown fields are kept, missing ones tolerated,
and an unknown status counts as `processing`.

    PartnerError
    ├── AnswerLost     the call may or may not have had its effect: broken off, 409, 5xx, 3xx
    │   └── Unreadable     the answer is too large, or not JSON
    ├── Gone           404, 410
    ├── Refused        400, 422 and other 4xx
    ├── Unauthorized   401, 403
    └── Unavailable    the call has had no effect: not reached, 408, 429
"""

import json
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, TypeGuard

import httpx2

from widget.abridgement import abridge
from widget.background import in_background
from widget.values import load

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_QUICK_BYTES = 16 * 1024  # a longer answer is read in a thread
MAX_ID_LENGTH = 255
MIN_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 3600.0  # a longer `Retry-After` counts as this


class Status(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Answer:
    """An analysis as the API answered it.

    `resource` is its JSON, abridged; `left_out` is how many values the abridgement dropped.
    `retry_after` is in seconds, or None if the API has not sent it.
    """

    id: str
    status: Status
    resource: str
    left_out: int
    retry_after: float | None


class PartnerError(Exception):
    """`cause` is a word or a few, `detail` what else is known.

    `retry_after`: how many seconds the API asked to wait, or None if it did not.
    """

    def __init__(
        self, cause: str, retry_after: float | None = None, detail: str | None = None
    ) -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause
        self.retry_after = retry_after
        self.detail = detail


class AnswerLost(PartnerError): ...


class Unreadable(AnswerLost): ...


class Gone(PartnerError): ...


class Refused(PartnerError): ...


class Unauthorized(PartnerError): ...


class Unavailable(PartnerError): ...


async def read_body(response: httpx2.Response) -> bytes:
    """The body without its content coding. Raises Unreadable if it is too large."""
    body = bytearray()
    async for chunk in _unpacked(response):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Unreadable("answer too large")
    return bytes(body)


async def _unpacked(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The body without its content coding, in chunks of at most MAX_ANSWER_BYTES + 1.

    So a small answer that decompresses to gigabytes never takes that much memory.
    """
    match response.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            async for chunk in response.aiter_bytes():
                yield chunk
        case "gzip":
            unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            async for chunk in response.aiter_raw():
                try:
                    yield unzip.decompress(chunk, MAX_ANSWER_BYTES + 1)
                except zlib.error:
                    raise Unreadable("answer is not gzip") from None
        case _:
            raise Unreadable("answer is packed in another way than asked for")


async def read_answer(response: httpx2.Response, body: bytes, asked_for: str | None) -> Answer:
    """Reads a response. `asked_for`: the id in the request's path, if any. Raises PartnerError."""
    retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    match response.status_code:
        case status if 200 <= status < 300:
            location = response.headers.get("Location", "")
            read = (body, retry_after, asked_for, location)
            is_quick = len(body) <= MAX_QUICK_BYTES
            return _read(*read) if is_quick else await in_background(_read, *read)
        case 401 | 403:
            raise Unauthorized("key not accepted", retry_after)
        case 404 | 410:
            raise Gone("not found", retry_after)
        case 408 | 429:
            raise Unavailable("overloaded", retry_after)
        case 409:
            raise AnswerLost("in conflict", retry_after)
        case status if 400 <= status < 500:
            raise Refused("refused", retry_after)
    raise AnswerLost("no answer of the API", retry_after)


def _read(body: bytes, retry_after: float | None, asked_for: str | None, location: str) -> Answer:
    try:
        text, left_out = abridge(_text(body))
        resource = load(text)
    except ValueError as error:
        raise Unreadable(str(error), retry_after) from None
    try:
        analysis_id = _analysis_id(resource, asked_for, location)
    except ValueError as error:
        raise AnswerLost(str(error), retry_after) from None
    return Answer(analysis_id, _status(resource.get("status")), text, left_out, retry_after)


def _text(body: bytes) -> str:
    """The body, in the encoding that JSON's first bytes tell. Lone surrogates pass."""
    try:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError:
        raise ValueError("answer is not JSON") from None


def _analysis_id(resource: Mapping[str, Any], asked_for: str | None, location: str) -> str:
    """The resource's own id, else the id in the request's path, else the one in `Location`."""
    candidates = (resource.get("id"), asked_for, location.rstrip("/").rpartition("/")[2])
    analysis_id = next((value for value in candidates if _is_id(value)), None)
    if analysis_id is None:
        raise ValueError("answer without an id")
    if asked_for not in {None, analysis_id}:
        raise ValueError("answer about another analysis")
    return analysis_id


def _is_id(value: Any) -> TypeGuard[str]:
    """Whether it can be a segment of a path, and be stored in either database."""
    return (
        isinstance(value, str)
        and value.isprintable()
        and "\ufffd" not in value
        and value.strip(".") != ""
        and len(value) <= MAX_ID_LENGTH
    )


def _status(value: Any) -> Status:
    status = value.lower() if isinstance(value, str) else None
    return Status(status) if status in set(Status) else Status.PROCESSING


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, or None if the header is missing or unreadable.

    RFC 9110, 10.2.3: the value is a number of seconds or a date.
    """
    if value is None:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else _until(value, now)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)


def _until(date: str, now: datetime) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
