"""A browser's tab without the browser: it clicks, and asks again when the page says so."""

import asyncio
import re
import time
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx2

HTMX = {"HX-Request": "true"}
ASK_AGAIN_SECONDS = 0.2  # where the widget did not answer
POLL = re.compile(r'hx-get="(?P<address>[^"]+)" hx-trigger="load delay:(?P<milliseconds>\d+)ms')


@dataclass
class SimulatedTab:
    """One opening of a profile."""

    http: httpx2.AsyncClient
    base: str
    html: str = ""

    @classmethod
    async def open(
        cls, http: httpx2.AsyncClient, host_token: str, candidate_id: str = "test_green"
    ) -> "SimulatedTab":
        body: dict[str, Any] = {
            "language": "en",
            "client": {"id": "client-1", "company": "Northbridge"},
            "candidate": {"id": candidate_id, "first_name": "Mara", "last_name": "Lindqvist"},
        }
        headers = {"Authorization": f"Bearer {host_token}"}
        answer = await http.post("/api/v1/sessions", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return cls(http, httpx2.URL(answer.json()["embed_url"]).path)

    @property
    def state(self) -> str:
        found = re.search(r'data-state="(\w+)"', self.html)
        return found[1] if found else ""

    @property
    def label(self) -> str:
        found = re.search(r'id="ci-button"[^>]*>([^<]+)<', self.html)
        return unescape(found[1]) if found else ""

    async def look(self) -> None:
        await self._take("GET", self.base)

    async def click(self) -> None:
        await self._take("POST", f"{self.base}/run")

    async def view(self) -> None:
        await self._take("GET", f"{self.base}/run")

    async def watch(self, *states: str, seconds: float) -> None:
        """Goes on polling as the page says, through outages, until one of the states shows."""
        deadline = time.monotonic() + seconds
        while self.state not in states:
            assert time.monotonic() < deadline, f"still {self.state or 'without an answer'}"
            address, delay = self._next_poll()
            await asyncio.sleep(delay)
            await self._take("GET", address)

    def _next_poll(self) -> tuple[str, float]:
        found = POLL.search(self.html)
        if found is None:
            return f"{self.base}/run", ASK_AGAIN_SECONDS
        return unescape(found["address"]), int(found["milliseconds"]) / 1000

    async def _take(self, method: str, address: str) -> None:
        """Takes a new partial. Where there is none, the screen stays as it is."""
        try:
            answer = await self.http.request(method, address, headers=HTMX)
        except httpx2.TransportError:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            return
        if answer.status_code >= 500:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            return
        self.html = answer.text
