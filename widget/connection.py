"""Limits of one connection: bytes of headers, seconds per request, one Host, no CONNECT.

uvicorn leaves these limits to a proxy: httptools accepts headers of any size, and nothing ends a
request that arrives slowly. They are wider than those of usual proxies, which apply first.
"""

import asyncio
import re
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 32 * 1024
RECEIVE_SECONDS = 30.0
SEND_SECONDS = 60.0
MAX_CONNECTIONS = 800  # in each process; with calls to the Partner API, fewer than 1,024 files

HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
NO_TUNNEL = b"HTTP/1.1 501 Not Implemented\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

HOST = re.compile(rb"([^\s\x00-\x20\x7f-\xff/?#@\\\[\]:]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")

refuse_head = PlainTextResponse(
    "The request's headers are too large.", 431, headers={"Connection": "close"}
)
refuse_host = PlainTextResponse(
    "The request must have one Host header.", 400, headers={"Connection": "close"}
)


class Parser(HttpRequestParser):
    """Ignores `Upgrade`, as a server may (RFC 9110, 7.8).

    httptools stops at the end of the headers if there is one. Java's HTTP client offers HTTP/2 in
    every request over http, and each of them would lose its body.
    """

    def __init__(self, connection: "Connection") -> None:
        super().__init__(connection)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._connection = connection

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        try:
            super().feed_data(data)
        except HttpParserUpgrade as offer:
            if self.get_method() == b"CONNECT":
                self._connection.refuse_tunnel()
                return
            super().feed_data(self._connection.head_without_offer())
            self.feed_data(data[offer.args[0] :])


class JoiningTransport:
    """A transport that sends what is written in one step of the event loop with one system call.

    uvicorn writes the head of an answer, then its body. Each would be a packet of its own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._unsent: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._unsent and not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """uvicorn's connection, which is closed if its client exceeds a limit."""

    receive_seconds = RECEIVE_SECONDS  # for a whole request, from its first byte to its last
    send_seconds = SEND_SECONDS  # in which the client has to read some of an answer
    _receiving: asyncio.TimerHandle | None = None
    _sending: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = JoiningTransport(transport, self.loop)  # type: ignore[assignment]
        self.parser = Parser(self)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._receiving)
        _cancel(self._sending)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._receiving is None:
            self._expect_request()
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Checked here too, because the parser reports no header before it is complete.
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._end(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        if self._receiving is None:  # it began in the data that ended the previous one
            self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_head = False
        if self._size_of_head() > MAX_HEAD_BYTES:
            self.app = refuse_head
        elif not self._names_one_host():
            self.app = refuse_host
        # `/healthz` is answered even by a full server: it is busy, and a restart would not help.
        self.limit_concurrency = None if self.url == b"/healthz" else self.config.limit_concurrency
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0
        _cancel(self._receiving)
        self._receiving = None

    def refuse_tunnel(self) -> None:
        self._end(NO_TUNNEL)

    def head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_sending()

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._sending)

    def _expect_sending(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._sending = self.loop.call_later(self.send_seconds, self._check_sending, unsent)

    def _check_sending(self, unsent: int) -> None:
        if self.transport.get_write_buffer_size() < unsent:
            self._expect_sending()
        else:
            self.transport.abort()

    def _size_of_head(self) -> int:
        separators = 4 * len(self.headers)
        return len(self.url) + separators + sum(len(n) + len(v) for n, v in self.headers)

    def _names_one_host(self) -> bool:
        """RFC 9112, 3.2 requires one Host. HTTP/1.0, which some health checks use, needs none."""
        hosts = [value for name, value in self.headers if name == b"host"]
        if not hosts:
            return self.parser.get_http_version() == "1.0"
        return len(hosts) == 1 and HOST.fullmatch(hosts[0]) is not None

    def _expect_request(self) -> None:
        self._receiving = self.loop.call_later(self.receive_seconds, self._end_receiving)

    def _end_receiving(self) -> None:
        nothing_came = self._in_head and self._head_bytes == 0
        self._end(b"" if nothing_came else TOO_SLOW)

    def _end(self, answer: bytes) -> None:
        """Closes the connection.

        Sends `answer` first, unless the client still waits for an earlier one: it would take this
        for that one, or for a part of it.
        """
        cycle: RequestResponseCycle | None = self.cycle
        # While its body is awaited, and nothing is queued, the newest cycle is this request's own.
        in_body = not self._in_head and not self.pipeline
        if not cycle or cycle.response_complete or (in_body and not cycle.response_started):
            self.transport.write(answer)
        self.transport.close()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
