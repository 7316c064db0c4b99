"""Who gets a connection of the pool, where the moment decides: the connections are stand-ins."""

import asyncio
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from widget.pool import IDLE_SECONDS, Pool, Pooled

pytestmark = pytest.mark.anyio

PATIENCE_SECONDS = 10


class Server:
    """Accepts connections, unless it is full. What it says on an idle one is its end."""

    def __init__(self) -> None:
        self.attempts = 0
        self.full = False
        self.refused = asyncio.Event()
        self.closed: list[Any] = []
        self._ends: list[socket.socket] = []

    async def connect(self) -> Pooled:
        self.attempts += 1
        if self.full:
            self.refused.set()
            raise OSError("too many connections")
        ours, theirs = socket.socketpair()
        self._ends += [ours, theirs]
        connection: Any = SimpleNamespace(invalidate=nothing, close=nothing)
        driver: Any = SimpleNamespace(closed=False)
        driver.pgconn = SimpleNamespace(
            socket=ours.fileno(), finish=lambda: self.closed.append(driver)
        )
        return Pooled(connection, driver)

    def close(self) -> None:
        for end in self._ends:
            end.close()


async def nothing() -> None:
    pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def soon() -> float:
    return asyncio.get_running_loop().time() + PATIENCE_SECONDS


async def waiting_for(pool: Pool) -> asyncio.Task[Pooled]:
    """A task that waits for a connection, because none is free."""
    task = asyncio.create_task(pool.take(soon()))
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_connection_that_comes_in_the_moment_of_giving_up_goes_to_the_next(
    server: Server,
) -> None:
    pool = Pool(server.connect, 1)
    only = await pool.take(soon())
    gives_up = await waiting_for(pool)
    pool.give_back(only)
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    assert await pool.take(soon()) is only


async def test_a_full_server_is_asked_once_and_those_who_wait_get_what_is_given_back(
    server: Server,
) -> None:
    pool = Pool(server.connect, 3)
    only = await pool.take(soon())
    server.full = True
    first = await waiting_for(pool)
    await server.refused.wait()
    second = await waiting_for(pool)
    assert server.attempts == 2
    pool.give_back(only)
    assert await first is only
    pool.give_back(only)
    assert await second is only


async def test_a_connection_that_was_closed_on_this_side_is_not_used_again(server: Server) -> None:
    pool = Pool(server.connect, 1)
    closed: Any = await pool.take(soon())
    closed.driver.closed = True
    pool.give_back(closed)
    assert await pool.take(soon()) is not closed
    await pool.close()


async def test_a_connection_that_nobody_needs_for_a_while_is_closed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(server.connect, 2)
    loop = asyncio.get_running_loop()
    both = [await pool.take(soon()) for _ in range(2)]
    for connection in both:
        pool.give_back(connection)
    used = await pool.take(soon())
    later = loop.time() + IDLE_SECONDS + 1
    monkeypatch.setattr(loop, "time", lambda: later)
    pool.give_back(used)
    await pool.close()
    (first, _) = server.closed
    assert first is both[0].driver
