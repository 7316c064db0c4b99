"""A Partner API of a few lines: it answers what a test tells it to, and keeps the calls it got."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

KEY = "ats_unit_tests_only"
ANALYSIS = "analysis_1"

Reply = httpx2.Response | Exception


def resource(status: str = "processing", **members: Any) -> dict[str, Any]:
    return {"id": ANALYSIS, "status": status, "candidate_id": "c-1", **members}


def reply(
    status: str = "processing", *, retry_after: str | None = "10", code: int = 200, **members: Any
) -> httpx2.Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    return httpx2.Response(code, headers=headers, json=resource(status, **members))


def completed(**report: Any) -> httpx2.Response:
    return reply("completed", retry_after=None, report=report or {"summary": "Solid."})


@dataclass
class Partner:
    """`replies` are used up in order for each method; the last one is then repeated.

    Unless a test says otherwise, a run is accepted, and canceled when that is asked.
    """

    clock: Callable[[], float]
    replies: dict[str, list[Reply]] = field(
        default_factory=lambda: {"POST": [reply("queued")], "DELETE": [reply("canceled")]}
    )
    calls: list[tuple[str, float]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.released.set()

    def hold(self) -> None:
        """From now on calls arrive, but are not answered until `released` is set."""
        self.released.clear()

    def on(self, method: str, *replies: Reply) -> "Partner":
        self.replies[method] = list(replies)
        return self

    def count(self, method: str) -> int:
        return sum(called == method for called, _ in self.calls)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append((request.method, self.clock()))
        if request.method == "POST":
            self.bodies.append(json.loads(request.content))
        self.arrived.set()
        await self.released.wait()
        replies = self.replies[request.method]
        chosen = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(chosen, Exception):
            raise chosen
        return httpx2.Response(chosen.status_code, headers=chosen.headers, content=chosen.content)
