"""What a connection may cost, over real sockets, with limits that a test can wait for."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.serving import serving
from widget.connection import MAX_HEAD_BYTES, Connection

RECEIVE_SECONDS = 0.5
SEND_SECONDS = 1.0
PATIENCE_SECONDS = 20
ENDLESS = 50 * 1024 * 1024  # more than all buffers on the way hold


class ShortLimits(Connection):
    receive_seconds = RECEIVE_SECONDS
    send_seconds = SEND_SECONDS


class App:
    """Reads what it gets, unless it is asked not to."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await (await self._answer(Request(scope, receive)))(scope, receive, send)
        finally:
            self.ended.set()

    async def _answer(self, request: Request) -> Response:
        match request.url.path:
            case "/large":
                return Response(b"x" * ENDLESS)
            case "/deaf":
                return PlainTextResponse("answered")
            case "/slow":
                await asyncio.sleep(2 * RECEIVE_SECONDS)
            case "/begun":
                return StreamingResponse(_begun())
        return PlainTextResponse(f"{len(await request.body())}")


async def _begun() -> AsyncIterator[bytes]:
    yield b"begun"
    await asyncio.sleep(2 * RECEIVE_SECONDS)


@contextmanager
def serving_with_short_limits(app: App, **options: int) -> Iterator[int]:
    with serving(app, http=ShortLimits, lifespan="off", **options) as origin:
        yield int(origin.rpartition(":")[2])


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def port(app: App) -> Iterator[int]:
    with serving_with_short_limits(app) as port:
        yield port


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def until_closed(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = bytearray()
    while chunk := connection.recv(65536):
        received += chunk
    return bytes(received)


def answer_on(connection: socket.socket) -> bytes:
    """One whole answer, on a connection that stays open."""
    received = b""
    while True:
        chunk = connection.recv(65536)
        assert chunk, received
        received += chunk
        head, end, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if end and length and len(body) >= int(length[1]):
            return received


def drip(connection: socket.socket) -> None:
    """Sends a byte at a time until the other side has had enough."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    connection.settimeout(0.05)
    while time.monotonic() < deadline:
        try:
            connection.sendall(b"x")
            if not connection.recv(65536):
                return
        except TimeoutError:
            continue
        except ConnectionError:
            return
    pytest.fail("The connection was not closed.")


def head(path: str = "/", header_bytes: int = 0, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: widget", f"X-Long: {'x' * header_bytes}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def test_usual_headers_and_bodies_pass_and_the_connection_is_kept(port: int) -> None:
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(
                head(header_bytes=MAX_HEAD_BYTES // 2, Content_Length="5") + b"abcde"
            )
            assert answer_on(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("pieces", ["one", "head and body", "bytes"])
def test_an_offer_of_another_protocol_is_ignored_and_the_body_read(port: int, pieces: str) -> None:
    first = head(Connection="Upgrade", Upgrade="h2c", Content_Length="5")
    last = head(Connection="close")
    sent = {
        "one": [first + b"abcde" + last],
        "head and body": [first, b"abcde" + last],
        "bytes": [bytes([byte]) for byte in first + b"abcde" + last],
    }[pieces]
    with connected(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in sent:
            connection.sendall(piece)
        answers = until_closed(connection).split(b"HTTP/1.1 ")
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers[1:]] == [b"5", b"0"]


def test_a_large_body_is_not_taken_for_a_large_head(port: int) -> None:
    body = b"x" * 20 * MAX_HEAD_BYTES
    with connected(port) as connection:
        connection.sendall(head(Content_Length=str(len(body)), Connection="close") + body)
        assert until_closed(connection).endswith(str(len(body)).encode())


@pytest.mark.threat(name="exhaustion")
@pytest.mark.parametrize(
    "sent",
    [
        head(header_bytes=MAX_HEAD_BYTES),
        head(header_bytes=MAX_HEAD_BYTES).strip(),
        b"GET /" + b"x" * MAX_HEAD_BYTES,
    ],
    ids=["headers", "a header without an end", "an address without an end"],
)
def test_a_head_that_is_too_large_is_refused(port: int, app: App, sent: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(sent)
        assert until_closed(connection).startswith(b"HTTP/1.1 431")
    assert not app.ended.is_set()


@pytest.mark.threat(name="exhaustion")
def test_headers_that_drip_are_given_up(port: int, app: App) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX-Slow: ")
        drip(connection)
    assert not app.ended.is_set()


def test_a_body_that_drips_is_given_up_and_the_application_told(port: int, app: App) -> None:
    with connected(port) as connection:
        connection.sendall(head(Content_Length="1000000"))
        drip(connection)
    assert app.ended.wait(PATIENCE_SECONDS)


def test_a_body_that_stops_is_answered_with_408(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(head(Content_Length="10") + b"abc")
        assert until_closed(connection).startswith(b"HTTP/1.1 408")


def test_a_body_that_drips_after_the_answer_does_not_keep_the_connection(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(head("/deaf", Content_Length="1000000"))
        drip(connection)


@pytest.mark.threat(name="request smuggling")
def test_a_tunnel_is_refused_at_once(port: int) -> None:
    for request in [
        b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 5\r\n\r\nhello",
        b"CONNECT elsewhere HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"CONNECT / HTTP/1.0\r\n\r\n",
    ]:
        with connected(port) as connection:
            connection.sendall(request)
            started = time.monotonic()
            assert until_closed(connection).startswith(b"HTTP/1.1 501")
            assert time.monotonic() - started < RECEIVE_SECONDS


LATER = [
    pytest.param(b"CONNECT a:1 HTTP/1.1\r\n\r\n", id="a tunnel"),
    pytest.param(b"GET / HTTP/1.1\r\nX-Slow: ", id="a head that stops"),
    pytest.param(b"GET /" + b"x" * MAX_HEAD_BYTES, id="a head that does not end"),
    pytest.param(head(Content_Length="10") + b"abc", id="a body that stops"),
]


@pytest.mark.parametrize("later", LATER)
def test_what_ends_a_connection_is_not_answered_in_an_earlier_requests_place(
    port: int, later: bytes
) -> None:
    with connected(port) as connection:
        connection.sendall(head("/slow", Content_Length="0") + later)
        assert until_closed(connection) == b""


@pytest.mark.parametrize("later", LATER)
def test_what_ends_a_connection_is_no_part_of_an_answer_that_has_begun(
    port: int, later: bytes
) -> None:
    with connected(port) as connection:
        connection.sendall(head("/begun", Content_Length="0"))
        begun = connection.recv(65536)
        connection.sendall(later)
        assert (begun + until_closed(connection)).count(b"HTTP/1.1") == 1


@pytest.mark.threat(name="request smuggling")
def test_a_request_names_one_host(port: int) -> None:
    for version, hosts, status in [
        ("1.1", [], 400),
        ("1.0", [], 200),
        ("1.1", ["widget", "widget"], 400),
        ("1.0", ["widget", "other"], 400),
        *(("1.1", [bad], 400) for bad in ["a b", "a/b", "a@b", "a?b", "a, b", "[::1", "a:b"]),
        *(("1.1", [good], 200) for good in ["", "widget:8001", "my_widget", "[::1]:8001", "w:"]),
    ]:
        lines = [f"GET / HTTP/{version}", *(f"Host: {host}" for host in hosts), "Connection: close"]
        with connected(port) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            assert int(until_closed(connection)[9:12]) == status, lines


@pytest.mark.threat(name="request smuggling")
def test_what_could_be_taken_for_two_requests_is_none(port: int) -> None:
    for extra in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked, identity",
        "Content-Length : 5",
        "Content-Length: +5",
        "X: y\r\n folded: z",
    ]:
        with connected(port) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: w\r\n{extra}\r\n\r\n".encode())
            assert until_closed(connection).startswith(b"HTTP/1.1 400"), extra


def test_a_connection_without_a_request_is_closed_without_a_word(port: int) -> None:
    with connected(port) as connection:
        assert until_closed(connection) == b""


def test_a_second_request_has_its_own_time(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(head(Content_Length="0"))
        assert answer_on(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 408")


def test_neither_a_slow_answer_nor_a_pause_counts_as_a_slow_request(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(head("/slow", Content_Length="0"))
        assert answer_on(connection).startswith(b"HTTP/1.1 200")
        time.sleep(2 * RECEIVE_SECONDS)
        connection.sendall(head(Content_Length="0"))
        assert answer_on(connection).startswith(b"HTTP/1.1 200")


def test_a_client_that_does_not_take_its_answer_is_dropped(port: int, app: App) -> None:
    with connected(port) as connection:
        connection.sendall(head("/large", Content_Length="0"))
        assert app.ended.wait(PATIENCE_SECONDS)
        time.sleep(3 * SEND_SECONDS)
        assert len(until_closed(connection)) < ENDLESS


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(head("/large", Content_Length="0", Connection="close"))
        received = 0
        for _ in range(8):
            received += len(connection.recv(ENDLESS // 10, socket.MSG_WAITALL))
            time.sleep(SEND_SECONDS / 4)
        assert received + len(until_closed(connection)) > ENDLESS


@pytest.mark.threat(name="exhaustion")
def test_a_full_server_says_so_but_is_alive(app: App) -> None:
    with (
        serving_with_short_limits(app, limit_concurrency=3) as port,
        connected(port),
        connected(port),
    ):
        for path, status in [("/readyz", b"503"), ("/healthz", b"200")]:
            with connected(port) as connection:
                connection.sendall(head(path, Content_Length="0", Connection="close"))
                assert until_closed(connection).startswith(b"HTTP/1.1 " + status)
