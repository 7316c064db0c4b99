"""The network to the Partner API, through a proxy if one is set, and a word for each failure.

`serve` and `check` use the same functions, so what `check` finds is true of `serve`.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx2

from widget.limits import LIMITS, Limits
from widget.settings import Settings


def way_out(settings: Settings, limits: Limits = LIMITS) -> httpx2.AsyncBaseTransport:
    proxy = settings.partner_api_proxy
    address = proxy.get_secret_value() if proxy else None
    return connect(address, settings.partner_api_ca, limits)


def connect(
    proxy: str | None = None, authorities: str | None = None, limits: Limits = LIMITS
) -> httpx2.AsyncBaseTransport:
    """`proxy` is an address, `authorities` a file; both as in the settings.

    If the proxy refuses a connection, requests raise httpx2.ProxyError; nothing was sent then.
    """
    transport = httpx2.AsyncHTTPTransport(
        _tls(authorities),
        trust_env=False,
        # Closed before the server closes them: a POST that meets a closing connection may be lost.
        limits=httpx2.Limits(
            max_connections=limits.connections, keepalive_expiry=limits.idle_seconds
        ),
        proxy=proxy,
    )
    return transport if proxy is None else _Proxied(transport, limits.connect_seconds)


@cache
def _tls(authorities: str | None) -> ssl.SSLContext:
    """Shared: the authorities of the system take 70 ms to be read, and stay in memory."""
    tls = httpx2.create_ssl_context(trust_env=False)
    if authorities is not None:
        tls.load_verify_locations(authorities)
        # Accept an intermediate certificate as the root, because the file may hold no other.
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return tls


class _Proxied(httpx2.AsyncBaseTransport):
    """Raises ProxyError for failures of the proxy, which httpx2 does not tell from the API's."""

    def __init__(self, transport: httpx2.AsyncBaseTransport, connect_seconds: float) -> None:
        self._transport = transport
        self._connect_seconds = connect_seconds

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        patience = asyncio.timeout(None)
        tunnel = _Tunnel(patience, self._connect_seconds)
        request.extensions["trace"] = tunnel.trace
        try:
            async with patience:
                return await self._transport.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            if tunnel.stands:
                raise
            raise httpx2.ProxyError("not reached") from error
        except (httpx2.TransportError, TimeoutError) as error:
            if isinstance(error, httpx2.ProxyError) or not tunnel.asked_for:
                raise
            raise httpx2.ProxyError("no tunnel") from error

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Tunnel:
    """How far a new connection through the proxy has come.

    `asked_for`: CONNECT was sent. `stands`: the proxy accepted it, and TLS begins.
    """

    def __init__(self, patience: asyncio.Timeout, connect_seconds: float) -> None:
        self._patience = patience
        self._connect_seconds = connect_seconds
        self.asked_for = False
        self.stands = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore2 calls this before and after each step."""
        now = asyncio.get_running_loop().time()
        if event == "http11.send_request_headers.started" and info["request"].method == b"CONNECT":
            self.asked_for = True
            self._patience.reschedule(now + self._connect_seconds)
        elif event.endswith(".start_tls.started"):
            self.asked_for, self.stands = False, True
            self._patience.reschedule(None)


def explain(error: BaseException) -> tuple[str, str | None]:
    """One word for what went wrong, and a detail or None. Neither quotes what was sent."""
    for link in _chain(error):
        match link:
            case httpx2.ProxyError():
                return "proxy", _what_the_proxy_did(link)
            case httpx2.PoolTimeout():
                return "busy", None
            case TimeoutError() | httpx2.TimeoutException():
                return "timeout", None
            case socket.gaierror():
                return "dns", link.strerror
            case ssl.SSLCertVerificationError():
                return "certificate", link.verify_message
            case ssl.SSLError():
                return "tls", link.reason
            case ConnectionRefusedError():
                return "refused", None
            case OSError() if link.errno:
                return "connection", link.strerror
    return "connection", None


def _what_the_proxy_did(error: httpx2.ProxyError) -> str | None:
    """Why the proxy was not reached, or the status with which it refused."""
    if error.__cause__ is None or str(error)[:3].isdecimal():
        return str(error)[:3]
    return explain(error.__cause__)[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes. Of an exception group, only the first exception."""
    while error is not None:
        yield error
        several = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        error = several[0] if several else error.__cause__ or error.__context__
