"""The answers to requests that fail: a sentence, never a stack trace."""

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from widget.pages import Pages, wants_partial
from widget.panel import EXPIRED
from widget.problems import Problem

CLIENT_CLOSED_REQUEST = 499

log = structlog.get_logger()


class Errors:
    """Starlette's exception handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def not_issued(self, request: Request, _: Exception) -> Response:
        """The token was not signed with a secret that is in use.

        An open page had a valid token once, so its secret has been retired. It is told that its
        session has expired.
        """
        if wants_partial(request):
            return self._pages.widget(request, EXPIRED, status=404)
        return self._pages.failure(request, 404)

    async def lapsed(self, request: Request, _: Exception) -> Response:
        return self._pages.widget(request, EXPIRED, status=410)

    async def disconnected(self, _: Request, __: Exception) -> Response:
        """Nobody reads this answer. 499 is what nginx logs for a client that has disconnected."""
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        log.error("store_unavailable", cause=str(error))
        return self._failure(request, 503, "The store does not answer.")

    async def unexpected(self, request: Request, _: Exception) -> Response:
        response = self._failure(request, 500, "Something went wrong here.")
        # Starlette raises the exception again, and uvicorn then closes the connection. The header
        # keeps the client from sending another request on it.
        response.headers["Connection"] = "close"
        return response

    async def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        response = self._failure(request, error.status_code, error.detail)
        response.headers.update(error.headers or {})
        return response

    def _failure(self, request: Request, status: int, detail: str) -> Response:
        if request.url.path.startswith("/embed/"):
            return self._pages.failure(request, status)
        return Problem(status, detail).response()
