"""An HTTP client that needs little CPU time, so that it does not slow the measured server."""

import asyncio
import gzip
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

LOOPBACK = "127.0.0.1"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
HTMX = {"HX-Request": "true"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}


class Lost(Exception):
    """The connection was closed before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        zipped = self.body.startswith(b"\x1f\x8b")
        return (gzip.decompress(self.body) if zipped else self.body).decode()


class Connection(asyncio.Protocol):
    """HTTP/1.1, one request at a time, for servers that always send a Content-Length."""

    _transport: asyncio.Transport
    _waiting: asyncio.Future[Answer]

    def __init__(self) -> None:
        self._received = bytearray()

    @classmethod
    async def to(cls, port: int) -> "Connection":
        _, connection = await asyncio.get_running_loop().create_connection(cls, LOOPBACK, port)
        return connection

    def ask(self, message: bytes) -> asyncio.Future[Answer]:
        """Sends a request. Its answer is the future's result, or Lost its exception."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._received.clear()
        self._transport.write(message)
        return self._waiting

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head):
            self._waiting.set_result(Answer(int(head[9:12]), bytes(body)))

    def connection_lost(self, _: Exception | None) -> None:
        if hasattr(self, "_waiting") and not self._waiting.done():
            self._waiting.set_exception(Lost())


def _length(head: bytearray) -> int:
    found = LENGTH.search(head)
    return int(found[1]) if found else 0


def message(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
) -> bytes:
    """The bytes of a request. `body` is sent as JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    described = {"Host": LOOPBACK, "Content-Length": str(len(content)), **(headers or {})}
    if body is not None:
        described["Content-Type"] = "application/json"
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in described.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def throughput(
    port: int, messages: Sequence[bytes], seconds: float, is_right: Callable[[Answer], bool]
) -> int:
    """The number of answers within `seconds`.

    Each message has a connection of its own, and is sent there again after each answer. Raises
    AssertionError if an answer is not right.
    """
    connections = [await Connection.to(port) for _ in messages]
    deadline = time.perf_counter() + seconds
    counts = await asyncio.gather(
        *(
            _repeat(connection, message, deadline, is_right)
            for connection, message in zip(connections, messages, strict=True)
        )
    )
    for connection in connections:
        connection.close()
    return sum(counts)


async def _repeat(
    connection: Connection, message: bytes, deadline: float, is_right: Callable[[Answer], bool]
) -> int:
    count = 0
    while time.perf_counter() < deadline:
        answer = await connection.ask(message)
        assert is_right(answer), answer
        count += 1
    return count
