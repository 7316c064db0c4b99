"""An ATS's address for events: it holds each to Standard Webhooks, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_bmV3LXNlY3JldC1mb3ItdGVzdHM="
TARGET = "/events?from=widget"
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
REFUSED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

Answer = Callable[[asyncio.StreamWriter], Awaitable[bytes | None]]


@dataclass
class Receiver:
    """`arrived` has each attempt's id and event, `taken` the events that were answered `TAKEN`."""

    answer: Answer
    address: str = ""
    arrived: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(asyncio.create_task(self.take(reader, writer)))

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            assert request == f"POST {TARGET} HTTP/1.1"
            headers = dict(line.split(": ", 1) for line in lines if line)
            body = await reader.readexactly(int(headers["Content-Length"]))
            event = Webhook(SECRET).verify(body, headers)
            self.arrived.append((headers["webhook-id"], event))
            answer = await self.answer(writer)
            if answer is not None:
                writer.write(answer)
                await writer.drain()
            if answer == TAKEN:
                self.taken.append(event)


@asynccontextmanager
async def receiving(answer: Answer) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver.accept, "127.0.0.1", 0)
    receiver.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{TARGET}"
    try:
        yield receiver
    finally:
        server.close()
        for connection in receiver.connections:
            connection.cancel()
        ends = await asyncio.gather(*receiver.connections, return_exceptions=True)
    failures = [end for end in ends if isinstance(end, Exception)]
    assert failures == []


async def take(_: asyncio.StreamWriter) -> bytes:
    return TAKEN
