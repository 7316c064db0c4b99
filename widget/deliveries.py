"""Sends events to the ATS by Standard Webhooks (https://www.standardwebhooks.com).

Any number of processes deliver events of the same store. A process claims an event before it sends
it. If the process dies, its claim lapses, and another sends the event under the same id.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
import structlog

from widget import __version__, metrics
from widget.database import DatabaseUnavailable
from widget.network import connect, explain
from widget.outbox import Letter
from widget.settings import Settings
from widget.store import Store
from widget.tasks import Tasks
from widget.variables import EVENTS_SECRET_PREFIX

ATTEMPT_SECONDS = 10.0  # the ATS has to answer within this time
CLAIM_SECONDS = ATTEMPT_SECONDS + 5.0
MAX_ATTEMPTS = 10  # at a time, in each process
LOOK_SECONDS = 1.0
RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)  # the last one is repeated

log = structlog.get_logger()


class Deliveries:
    """`clock` gives seconds since the epoch. `transport` stands in for the way to the ATS."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._url = settings.events_url or ""
        self._keys = [signing_key(secret.get_secret_value()) for secret in settings.events_secret]
        self._clock = clock
        self._attempts = Tasks()
        self._client = httpx2.AsyncClient(
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"candidate-widget/{__version__}",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # keeps none
            timeout=ATTEMPT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            transport=transport or connect(),
        )

    async def go_on(self) -> None:
        """Delivers until it is canceled. If the store does not answer, tries again later."""
        while True:
            try:
                await self.begin()
            except DatabaseUnavailable:
                await asyncio.sleep(LOOK_SECONDS)
            await self._have_room()

    async def begin(self) -> None:
        """Starts to send the events that are due, up to MAX_ATTEMPTS at a time."""
        now = self._clock()
        room = MAX_ATTEMPTS - len(self._attempts)
        for letter in await self._store.claim_events(now, now + CLAIM_SECONDS, room):
            self._attempts.start(self._attempt(letter))

    async def finish(self, seconds: float) -> None:
        """Waits for attempts under way, for `seconds` at most. Another process repeats the rest."""
        await self._attempts.finish(seconds)

    async def close(self) -> None:
        await self._client.aclose()

    async def _have_room(self) -> None:
        """Waits until an attempt has ended, or for LOOK_SECONDS."""
        if self._attempts:
            await asyncio.wait(
                self._attempts, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(LOOK_SECONDS)

    async def _attempt(self, letter: Letter) -> None:
        if await self._is_delivered(letter):
            metrics.event_deliveries.labels("delivered").inc()
            await self._store.remove_event(letter.id)
            return
        metrics.event_deliveries.labels("failed").inc()
        failures = letter.failures + 1
        due_at = self._clock() + RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
        await self._store.postpone_event(letter.id, failures, due_at)

    async def _is_delivered(self, letter: Letter) -> bool:
        """Sends the event. Returns whether the ATS has accepted it in time."""
        started = time.perf_counter()
        status, cause, detail = None, None, None
        try:
            status = await self._post(letter)
        except (httpx2.HTTPError, TimeoutError) as error:
            cause, detail = explain(error)
        delivered = status is not None and 200 <= status < 300
        log.log(
            logging.INFO if delivered else logging.WARNING,
            "event_delivery",
            event_id=letter.id,
            failures=letter.failures,
            status=status,
            cause=cause,
            detail=detail,
            seconds=round(time.perf_counter() - started, 3),
        )
        return delivered

    async def _post(self, letter: Letter) -> int:
        """The status of the answer. Its body is not read."""
        headers = signed(letter.id, int(self._clock()), letter.body, self._keys)
        async with (
            asyncio.timeout(ATTEMPT_SECONDS),
            self._client.stream("POST", self._url, content=letter.body, headers=headers) as answer,
        ):
            return answer.status_code


def signing_key(secret: str) -> bytes:
    """The key in a secret of Standard Webhooks, `whsec_` and base64."""
    return base64.b64decode(secret.removeprefix(EVENTS_SECRET_PREFIX))


def signed(event_id: str, timestamp: int, body: bytes, keys: list[bytes]) -> dict[str, str]:
    """The headers of Standard Webhooks, with a signature for each key."""
    content = f"{event_id}.{timestamp}.".encode() + body
    digests = [hmac.digest(key, content, hashlib.sha256) for key in keys]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(d).decode()}" for d in digests),
    }
