"""A pool of PostgreSQL connections: opened when they are needed, used by one task at a time.

A task that waits gets the first connection that is free, returned or new. So the pool works as long
as the server accepts one connection, even if it refuses the others.
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from widget.tasks import Tasks

if TYPE_CHECKING:  # installed only by the extra `postgres`
    from psycopg import AsyncConnection as Driver
    from sqlalchemy.ext.asyncio import AsyncConnection

CONNECT_AGAIN_SECONDS = 1.0  # pause after a failed attempt, while other connections work
IDLE_SECONDS = 30.0  # then an idle connection is closed, before a firewall drops it silently


@dataclass(eq=False, slots=True)
class Pooled:
    """A connection of the pool. `driver` is psycopg's object for it.

    `era` is the number of failures that the pool had seen when it began to open the connection.
    """

    connection: AsyncConnection
    driver: Driver
    era: int = field(default=0, init=False)
    cut_off: bool = field(default=False, init=False)  # its statement took too long, and was ended
    idle_since: float = field(default=0.0, init=False)

    @property
    def was_closed(self) -> bool:
        """Whether the server has closed an idle connection.

        A server sends nothing to an idle connection, so anything readable is the end of it.
        """
        if self.driver.closed:
            return True
        poll = select.poll()
        poll.register(self.driver.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))

    async def close(self) -> None:
        self.driver.pgconn.finish()  # closes without waiting, so SQLAlchemy need not wait below
        with suppress(Exception):
            await self.connection.invalidate()
            await self.connection.close()


class Pool:
    """At most `size` connections. `connect` opens one, and has a timeout of its own."""

    def __init__(self, connect: Callable[[], Awaitable[Pooled]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._open = 0  # idle, in use, or being opened
        self._connecting = 0
        self._connect_again_at = 0.0
        self._era = 0  # goes up with each failure; connections of an earlier era are not used again
        self._idle: list[Pooled] = []
        self._waiting: deque[asyncio.Future[Pooled]] = deque()
        self._tasks = Tasks()

    async def take(self, deadline: float) -> Pooled:
        """Waits for a connection until `deadline`, in the event loop's time.

        Raises TimeoutError, or what `connect` raised if the pool has no connection at all.
        """
        if asyncio.get_running_loop().time() >= deadline:
            raise TimeoutError
        while self._idle:
            pooled = self._idle.pop()
            if not pooled.was_closed:
                return pooled
            self._drop(pooled)
        place: asyncio.Future[Pooled] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._grow()
        try:
            async with asyncio.timeout_at(deadline):
                return await place
        except BaseException:
            # A connection may have been given to this task in the moment in which it gave up.
            if place.done() and not place.cancelled() and place.exception() is None:
                self.give_back(place.result())
            raise

    def give_back(self, pooled: Pooled) -> None:
        if pooled.cut_off or pooled.era != self._era:
            self._drop(pooled)
            self._grow()
        elif place := self._first_waiting():
            place.set_result(pooled)
        else:
            pooled.idle_since = asyncio.get_running_loop().time()
            self._idle.append(pooled)
            if self._idle[0].idle_since < pooled.idle_since - IDLE_SECONDS:
                self._drop(self._idle.pop(0))

    def renew(self, pooled: Pooled) -> None:
        """Closes a connection that has failed, and all others of the same era."""
        if pooled.era == self._era:
            self._era += 1
            while self._idle:
                self._drop(self._idle.pop())
            self._connect_again_at = 0.0
        self._drop(pooled)
        self._grow()

    async def close(self) -> None:
        self._era += 1
        while self._idle:
            self._drop(self._idle.pop())
        await self._tasks.finish()

    def _grow(self) -> None:
        """Opens a connection for each waiting task, unless an attempt has just failed."""
        now = asyncio.get_running_loop().time()
        while self._connecting < len(self._waiting) and self._open < self._size:
            if self._open and now < self._connect_again_at:
                return
            self._open += 1
            self._connecting += 1
            self._tasks.start(self._make())

    async def _make(self) -> None:
        era = self._era
        try:
            made = await self._connect()
        except Exception as error:
            self._connecting -= 1
            self._open -= 1
            self._connect_again_at = asyncio.get_running_loop().time() + CONNECT_AGAIN_SECONDS
            if not self._open:
                while place := self._first_waiting():
                    place.set_exception(error)
        else:
            self._connecting -= 1
            made.era = era
            self.give_back(made)

    def _first_waiting(self) -> asyncio.Future[Pooled] | None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                return place
        return None

    def _drop(self, pooled: Pooled) -> None:
        self._open -= 1
        self._tasks.start(pooled.close())
