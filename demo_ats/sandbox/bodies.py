"""The body of a POST, validated as the Partner API does, and the API's errors as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

NAMES = ("first_name", "last_name")  # one is enough, because some people have only one name


@dataclass
class Refusal(Exception):
    """An error of the API. `retry_after` is in seconds."""

    status: int
    code: str
    message: str
    retry_after: int | None = None
    details: Sequence[dict[str, str]] = ()

    def response(self) -> Response:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = list(self.details)
        return answer({"error": error}, self.status, self.retry_after)


def answer(
    body: Any,
    status: int,
    retry_after: int | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    announced = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(body, status, {**(headers or {}), **announced})


async def create_body(request: Request) -> dict[str, Any]:
    """The body of a POST. Raises Refusal: 415, or 400 for no JSON, or 422 for missing fields."""
    if request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
        raise Refusal(415, "unsupported_media_type", "The body must be application/json.")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refusal(400, "malformed_json", "The body is not JSON.") from None
    request.state.body = body  # for the ledger, even if it is refused below
    problems = _problems(body)
    if problems:
        raise Refusal(422, "invalid_request", "The body is not as it must be.", details=problems)
    checked: dict[str, Any] = body
    return checked


def _problems(body: Any) -> list[dict[str, str]]:
    if not isinstance(body, dict):
        return [{"field": "", "message": "must be an object"}]
    client, candidate = (_object(body.get(part)) for part in ("client", "candidate"))
    is_there = {
        "language": _is_text(body.get("language")),
        "client.id": _is_text(client.get("id")),
        "candidate.id": _is_text(candidate.get("id")),
        "candidate.first_name": any(_is_text(candidate.get(name)) for name in NAMES),
    }
    missing = [field for field, there in is_there.items() if not there]
    return [{"field": field, "message": "must be a text"} for field in missing]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
