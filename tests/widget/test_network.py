"""The way to the Partner API over real connections: TLS, a private authority, a proxy."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from anyio import to_thread
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.certificates import DAY, Authority
from tests.widget.client import open_session
from tests.widget.conftest import MakeSettings
from tests.widget.partner import ANALYSIS, KEY
from widget.answers import AnswerLost, PartnerError, Unavailable
from widget.app import create_app
from widget.check import Level, check
from widget.limits import LIMITS, Limits
from widget.network import connect, explain
from widget.partner_api import PartnerAPI
from widget.settings import Settings

pytestmark = pytest.mark.anyio

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Handle = Callable[[Reader, Writer], Awaitable[None]]

BODY = b'{"id": "%b", "status": "queued"}' % ANALYSIS.encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: company=one; Path=/\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def listening(handle: Handle, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port at which `handle` is called for each connection."""
    tasks: list[asyncio.Task[None]] = []

    async def answer(reader: Reader, writer: Writer) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await handle(reader, writer)
                await writer.drain()
        finally:
            writer.close()

    def connected(reader: Reader, writer: Writer) -> None:
        tasks.append(asyncio.create_task(answer(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@dataclass
class Upstream:
    """Answers each request alike, and keeps the heads that it was sent."""

    answer: bytes = ANSWER
    heads: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        while True:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()


@dataclass
class Proxy:
    """Makes tunnels, or says `refusal`; `lines` are the heads of its requests."""

    upstream: int
    credentials: str | None = None
    refusal: bytes | None = None
    heads: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.credentials is not None:
            known = base64.b64encode(self.credentials.encode())
            if b"proxy-authorization: basic " + known.lower() not in head.lower():
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
        if self.refusal is not None:
            writer.write(self.refusal)
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pipe(reader, back), pipe(there, writer))
        finally:
            back.close()


async def pipe(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def keep_silent(_: Reader, __: Writer) -> None:
    await asyncio.Event().wait()


async def hang_up(reader: Reader, _: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def get(
    origin: str,
    proxy: str | None = None,
    authority: Authority | None = None,
    limits: Limits = LIMITS,
) -> None:
    file = str(authority.file) if authority else None
    api = PartnerAPI(origin, KEY, connect(proxy, file, limits), limits)
    try:
        await api.get(ANALYSIS)
        await api.get(ANALYSIS)
    finally:
        await api.close()


async def failure(
    origin: str,
    proxy: str | None = None,
    authority: Authority | None = None,
    limits: Limits = LIMITS,
) -> tuple[type[PartnerError], str, str | None]:
    """What the first call raises, once it is seen that the log says the same."""
    with capture_logs() as lines, pytest.raises(PartnerError) as raised:
        await get(origin, proxy, authority, limits)
    (line,) = lines
    error = raised.value
    assert (line["cause"], line["detail"]) == (error.cause, error.detail)
    assert KEY not in str(lines)
    return type(error), error.cause, error.detail


async def test_a_private_authority_is_trusted_for_the_names_that_it_signed(
    authority: Authority,
) -> None:
    upstream = Upstream()
    async with listening(upstream, authority.server("localhost")) as port:
        await get(f"https://localhost:{port}", authority=authority)
        for origin, trusted, reason in [
            (f"https://localhost:{port}", None, "unable to get local issuer certificate"),
            (f"https://127.0.0.1:{port}", authority, "IP address mismatch"),
        ]:
            kind, cause, detail = await failure(origin, authority=trusted)
            assert (kind, cause) == (Unavailable, "certificate")
            assert str(detail).startswith(reason)
    async with listening(upstream, authority.server("localhost", valid=-DAY)) as port:
        expired = await failure(f"https://localhost:{port}", authority=authority)
        assert expired == (Unavailable, "certificate", "certificate has expired")
    assert len(upstream.heads) == 2


@pytest.mark.threat(name="joined calls")
async def test_no_cookie_of_the_partner_api_is_sent_back(authority: Authority) -> None:
    upstream = Upstream()
    async with listening(upstream, authority.server("localhost")) as port:
        await get(f"https://localhost:{port}", authority=authority)
    assert len(upstream.heads) == 2
    assert not any(b"cookie" in head.lower() for head in upstream.heads)


@pytest.mark.threat(name="key sent elsewhere")
@pytest.mark.parametrize(
    ("credentials", "user"), [(None, ""), ("us er:p@ss:w/ord", "us%20er:p%40ss%3Aw%2Ford@")]
)
async def test_all_goes_through_the_tunnel_of_a_proxy(
    authority: Authority, credentials: str | None, user: str
) -> None:
    upstream = Upstream()
    async with listening(upstream, authority.server("localhost")) as port:
        proxy = Proxy(port, credentials)
        async with listening(proxy) as proxy_port:
            origin = f"https://localhost:{port}"
            await get(origin, f"http://{user}127.0.0.1:{proxy_port}", authority)
    (head,) = proxy.heads
    assert head.startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % port)
    assert KEY.encode() not in head
    assert len(upstream.heads) == 2
    assert not any(b"proxy-auth" in head.lower() for head in upstream.heads)


async def test_what_a_proxy_does_not_let_through_was_not_sent(
    authority: Authority,
) -> None:
    """So a POST is not taken for one that may have been billed."""
    limits = Limits(connect_seconds=0.2)
    upstream = Upstream()
    async with (
        listening(upstream, authority.server("localhost")) as port,
        listening(keep_silent) as silent,
        listening(hang_up) as abrupt,
    ):
        origin = f"https://localhost:{port}"
        for refusal, detail in [
            (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nhello", "403"),
            (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"),
            (b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n", "302"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "connection"),
        ]:
            async with listening(Proxy(port, refusal=refusal)) as proxy:
                found = await failure(origin, f"http://127.0.0.1:{proxy}", authority, limits)
                assert found == (Unavailable, "proxy", detail)
        async with listening(Proxy(port, credentials="user:right")) as proxy:
            for user in ["", "user:wrong@"]:
                found = await failure(origin, f"http://{user}127.0.0.1:{proxy}", authority, limits)
                assert found == (Unavailable, "proxy", "407")
        for address, detail in [
            (f"127.0.0.1:{silent}", "timeout"),
            (f"127.0.0.1:{abrupt}", "connection"),
            ("127.0.0.1:9", "refused"),
            ("nowhere.invalid:3128", "dns"),
        ]:
            found = await failure(origin, f"http://{address}", authority, limits)
            assert found == (Unavailable, "proxy", detail)
        async with listening(Proxy(port)) as proxy:
            kind, cause, _ = await failure(origin, f"http://127.0.0.1:{proxy}")
            assert (kind, cause) == (Unavailable, "certificate")
    assert upstream.heads == []


async def test_the_log_has_a_word_for_each_way_to_fail(
    authority: Authority,
) -> None:
    limits = Limits(connect_seconds=0.2, call_seconds=0.5)
    async with (
        listening(keep_silent) as silent,
        listening(keep_silent, authority.server("localhost")) as mute,
        listening(hang_up, authority.server("localhost")) as abrupt,
    ):
        for origin, kind, cause in [
            ("https://nowhere.invalid", Unavailable, "dns"),
            ("https://localhost:9", Unavailable, "refused"),
            (f"https://localhost:{silent}", Unavailable, "timeout"),
            (f"https://localhost:{mute}", AnswerLost, "timeout"),
            (f"https://localhost:{abrupt}", AnswerLost, "connection"),
        ]:
            assert (await failure(origin, authority=authority, limits=limits))[:2] == (kind, cause)


async def test_check_and_the_server_take_the_same_way(
    authority: Authority, settings: MakeSettings
) -> None:
    """Both arrive with the proxy and the authority, and fail alike without either."""
    async with (
        listening(Upstream(NOT_FOUND), authority.server("localhost")) as port,
        listening(Proxy(port, "user:word")) as proxy,
    ):
        for user, trusted, cause in [
            ("user:word@", str(authority.file), "not found"),
            ("user:word@", None, "certificate"),
            ("", str(authority.file), "proxy"),
        ]:
            options = settings(
                partner_api_url=f"https://localhost:{port}",
                partner_api_proxy=f"http://{user}127.0.0.1:{proxy}",
                partner_api_ca=trusted,
            )
            with capture_logs() as lines:
                found = await check(options)
                await to_thread.run_sync(click_run, options)
            calls = [line for line in lines if line["event"] == "partner_api_call"]
            assert [call["method"] for call in calls] == ["GET", "POST"]
            assert [call["cause"] for call in calls] == [cause] * 2
            reached = cause == "not found"
            assert (found[1].level is Level.OK) is reached
            assert reached or f"({cause}: {calls[1]['detail']})" in str(found[1])
            assert "word" not in str(lines) + str(found)


def click_run(options: Settings) -> None:
    with TestClient(create_app(options)) as http:
        http.post(f"{open_session(http)}/run")


def test_what_is_no_tls_is_said_to_be_that() -> None:
    answer = ssl.MemoryBIO()
    answer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    client = ssl.create_default_context().wrap_bio(answer, ssl.MemoryBIO(), server_hostname="a")
    with pytest.raises(ssl.SSLError) as refused:
        client.do_handshake()
    assert explain(refused.value) == ("tls", "WRONG_VERSION_NUMBER")
