"""Health checks: whether the process is alive, and whether it can use the database."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from widget.database import DatabaseUnavailable
from widget.patience import at_most
from widget.store import Store


async def alive(_: Request) -> Response:
    """GET /healthz"""
    return JSONResponse({"status": "alive"})


class Health:
    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds

    async def ready(self, _: Request) -> Response:
        """GET /readyz"""
        try:
            with at_most(self._seconds):
                await self._store.ping()
        except DatabaseUnavailable:
            return JSONResponse({"status": "the store does not answer"}, 503)
        return JSONResponse({"status": "ready"})
