"""Receives the widget's events: verifies them, keeps the latest, and passes them to open boards."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from demo_ats.ats.accounts import Accounts
from demo_ats.ats.candidate_intelligence import NotFromTheWidget, verified_event
from demo_ats.ats.pipeline import Pipeline, now

MAX_BODY_BYTES = 64 * 1024
MAX_DELIVERIES = 200  # kept for the integrators' page
MAX_SEEN = 1_000  # ids kept to recognize events that come twice

ACTIVITY = {
    "report.started": "Intelligence report started",
    "report.completed": "Intelligence report ready",
    "report.failed": "Intelligence report failed",
    "report.canceled": "Intelligence report canceled",
    "report.viewed": "Intelligence report opened",
}

log = logging.getLogger("demo_ats")


@dataclass(frozen=True)
class Delivery:
    """One POST of the widget. `repeated`: whether its event had been delivered before."""

    number: int
    at: datetime
    headers: Mapping[str, str]
    event: Mapping[str, Any]
    repeated: bool


class Events:
    """`secret` is the widget's WIDGET_EVENTS_SECRET."""

    def __init__(self, secret: str, pipeline: Pipeline, accounts: Accounts) -> None:
        self._secret = secret
        self._pipeline = pipeline
        self._accounts = accounts
        self._listeners: defaultdict[str, set[asyncio.Queue[str | None]]] = defaultdict(set)
        self._seen: deque[str] = deque(maxlen=MAX_SEEN)
        self._taken = 0
        self.deliveries: deque[Delivery] = deque(maxlen=MAX_DELIVERIES)

    async def take(self, request: Request) -> Response:
        """POST /webhooks/candidate-intelligence"""
        # A body that does not tell its length counts as too large.
        if int(request.headers.get("Content-Length", MAX_BODY_BYTES + 1)) > MAX_BODY_BYTES:
            raise HTTPException(413, "No event is as large.")
        try:
            event = verified_event(self._secret, request.headers, await request.body())
        except NotFromTheWidget as error:
            log.warning("Refused an event: %s", error)
            raise HTTPException(400, str(error)) from error
        self._note(request.headers, event)
        return Response(status_code=204)

    @contextmanager
    def of(self, tenant: str) -> Iterator[asyncio.Queue[str | None]]:
        """Yields a queue, which gets a candidate's id with each event of this company.

        None in the queue means that the server is stopping.
        """
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners[tenant].add(queue)
        try:
            yield queue
        finally:
            self._listeners[tenant].discard(queue)

    def stop(self) -> None:
        """Ends all open streams, so that the server can stop without waiting for them."""
        for queues in self._listeners.values():
            for queue in queues:
                queue.put_nowait(None)

    def _note(self, headers: Mapping[str, str], event: Mapping[str, Any]) -> None:
        """Keeps the delivery, and passes the event on unless it was delivered before."""
        repeated = headers["webhook-id"] in self._seen
        self._seen.append(headers["webhook-id"])
        self._taken += 1
        self.deliveries.append(Delivery(self._taken, now(), dict(headers), event, repeated))
        if not repeated:
            self._write_down(event)
            data = event["data"]
            for queue in self._listeners[data["client_id"]]:
                queue.put_nowait(data["candidate_id"])

    def _write_down(self, event: Mapping[str, Any]) -> None:
        data, text = event["data"], ACTIVITY.get(event["type"])
        candidate = self._pipeline.find(data["client_id"], data["candidate_id"])
        if candidate is not None and text is not None:
            viewer = self._accounts.find(data["viewer_id"])
            self._pipeline.add_event(candidate, f"{text} by {viewer.name}" if viewer else text)
