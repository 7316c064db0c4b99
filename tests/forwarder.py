"""One address in front of a server, as of a load balancer or a firewall."""

import asyncio
from contextlib import suppress
from typing import Any

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 65536


class Forwarder:
    """Forwards connections to `target`, a port of this machine. `async with` starts it.

    Of those that it accepts it serves `serves` at a time, as a pooler; the others hear nothing.
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.port = port
        self.serves = 1_000
        self._freed = asyncio.Condition()
        self._served: set[_Connection] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> "Forwarder":
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def silence(self) -> None:
        """Nothing more passes on the connections that there are, and neither end is told."""
        for connection in self._served:
            connection.silence()

    def cut(self) -> None:
        """Ends the connections that there are."""
        for task in self._tasks:
            task.cancel()

    async def _accept(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await self._forward(client, answers)
        answers.transport.abort()
        self._tasks.discard(task)

    async def _forward(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        async with self._freed:
            await self._freed.wait_for(lambda: len(self._served) < self.serves)
            server, requests = await asyncio.open_connection(LOOPBACK, self.target)
            connection = _Connection((client, requests), (server, answers))
            self._served.add(connection)
        try:
            await connection.ended()
        finally:
            requests.transport.abort()
            self._served.discard(connection)
            async with self._freed:
                self._freed.notify()


class _Connection:
    """The two ways of one connection, each from a reader to a writer."""

    def __init__(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._pumps = [asyncio.create_task(_pump(*way)) for way in ways]
        self._silent = False

    async def ended(self) -> None:
        await asyncio.wait(self._pumps, return_when=asyncio.FIRST_COMPLETED)
        if self._silent:
            await asyncio.Event().wait()
        for pump in self._pumps:
            pump.cancel()

    def silence(self) -> None:
        self._silent = True
        for pump in self._pumps:
            pump.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
