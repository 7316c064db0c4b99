"""Errors of the host API as problem details (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Problem(Exception):
    """An error to answer. `errors` has a {field, message} for each field that is wrong."""

    def __init__(self, status: int, detail: str, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "errors": list(self.errors),
        }
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        return JSONResponse(body, self.status, headers, media_type="application/problem+json")


async def answer_problem(_: Request, error: Exception) -> Response:
    """Starlette's handler for Problem."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for nothing else
    return error.response()
