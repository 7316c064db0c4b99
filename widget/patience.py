"""How long anything waits for the database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

REQUEST_SECONDS = 4.5  # in all, however many statements a request needs
STATEMENT_SECONDS = 4.5  # for work in the background, which may try again


@dataclass
class _Allowance:
    task: asyncio.Task[Any] | None
    seconds: float


_allowance: ContextVar[_Allowance | None] = ContextVar("allowance", default=None)


class LimitedPatience:
    """Middleware: a request waits REQUEST_SECONDS for the database, and not for each statement."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with at_most(REQUEST_SECONDS):
            await self._app(scope, receive, send)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """What this task waits for the database within this block. Tasks that it starts are free."""
    token = _allowance.set(_Allowance(asyncio.current_task(), seconds))
    try:
        yield
    finally:
        _allowance.reset(token)


@contextmanager
def waiting() -> Iterator[float]:
    """Yields the event loop's time at which to give up, and counts how long this has taken."""
    now = asyncio.get_running_loop().time
    started = now()
    allowance = _allowance.get()
    if allowance is None or allowance.task is not asyncio.current_task():
        yield started + STATEMENT_SECONDS
        return
    try:
        yield started + allowance.seconds
    finally:
        allowance.seconds -= now() - started
