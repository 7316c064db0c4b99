"""How long a request, or a task in the background, waits for the database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass
class _Allowance:
    task: asyncio.Task[Any] | None
    seconds: float


_allowance: ContextVar[_Allowance | None] = ContextVar("allowance", default=None)


class LimitedPatience:
    """Middleware: a request waits for the database for `seconds` in all, not per statement."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with at_most(self._seconds):
            await self._app(scope, receive, send)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Limits how long this task waits for the database within the block, in all.

    Tasks that it starts are not limited, because they may outlive the request.
    """
    token = _allowance.set(_Allowance(asyncio.current_task(), seconds))
    try:
        yield
    finally:
        _allowance.reset(token)


@contextmanager
def waiting(seconds: float) -> Iterator[float]:
    """Yields the event loop's time at which to give up, and counts how long the block has taken.

    `seconds`: for a task that is not within `at_most`.
    """
    now = asyncio.get_running_loop().time
    started = now()
    allowance = _allowance.get()
    if allowance is None or allowance.task is not asyncio.current_task():
        yield started + seconds
        return
    try:
        yield started + allowance.seconds
    finally:
        allowance.seconds -= now() - started
