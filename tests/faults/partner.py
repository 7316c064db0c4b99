"""A Partner API made of bytes: a socket that answers each call as a test says, or does not.

What a library would never send (half an answer, a reset, a byte at a time) is what a test of
faults needs, so there is none between the test and the connection.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def wait_for_its_end(self) -> None:
        await self.reader.read()

    def reset(self) -> None:
        """The connection ends with a RST instead of a FIN."""
        linger_for_0_s = struct.pack("ii", 1, 0)
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_0_s)
        self.writer.transport.abort()


Play = Callable[[Connection], Awaitable[None]]


@dataclass
class Partner:
    """`plays` says by method what happens to a call."""

    plays: dict[str, Play]
    port: int
    host: str = "127.0.0.1"
    calls: list[str] = field(default_factory=list)
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0
    _server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, backlog=512)

    async def close(self) -> None:
        """From now on connections are refused, until it is opened again."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                method = await _read_request(reader)
                self.calls.append(method)
                await self.plays[method](Connection(reader, writer))
        finally:
            self.under_way -= 1
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(HEAD_END)).decode()
    lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    if lengths:
        await reader.readexactly(int(lengths[0].partition(":")[2]))
    return head.partition(" ")[0]


# What may happen to a call


def answer(status: int = 200, body: bytes | Any = b"", **headers: str) -> Play:
    """A well-formed answer. `Retry_After="7"` becomes `Retry-After: 7`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(_head(status, len(content), headers) + content)


def send(data: bytes) -> Play:
    async def play(connection: Connection) -> None:
        await connection.send(data)

    return play


def after(seconds: float, play: Play) -> Play:
    async def later(connection: Connection) -> None:
        await asyncio.sleep(seconds)
        await play(connection)

    return later


def once(event: asyncio.Event, play: Play) -> Play:
    async def later(connection: Connection) -> None:
        await event.wait()
        await play(connection)

    return later


def drip(body: bytes, seconds_per_byte: float) -> Play:
    async def play(connection: Connection) -> None:
        await connection.send(_head(200, len(body), {}))
        for byte in body:
            await connection.send(bytes([byte]))
            await asyncio.sleep(seconds_per_byte)

    return play


def break_off(body: bytes) -> Play:
    """A reset in the middle of the answer's body."""

    async def play(connection: Connection) -> None:
        await connection.send(_head(200, len(body), {}) + body[: len(body) // 2])
        connection.reset()

    return play


async def reset(connection: Connection) -> None:
    connection.reset()


async def hang_up(_: Connection) -> None:
    """The connection is closed in an orderly way, without an answer."""


async def keep_silent(connection: Connection) -> None:
    await connection.wait_for_its_end()


def _head(status: int, length: int, headers: dict[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + HEAD_END
