"""`candidate-widget check`: tries the settings, which may be valid and still not work."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import make_url

from widget.answers import Gone, PartnerError, Unauthorized
from widget.database import DatabaseUnavailable, connect
from widget.network import connect as straight
from widget.network import explain, way_out
from widget.origins import LOOPBACK_HOSTS, is_loopback_name
from widget.partner_api import PartnerAPI
from widget.seal import Seal
from widget.security import MAX_POLICY_BYTES, embed_policy, new_nonce
from widget.settings import Settings
from widget.store import Store

MAX_CLOCK_SECONDS = 5
REACH_SECONDS = 5.0


class Level(StrEnum):
    OK = "ok"
    WARNING = "warn"
    FAILURE = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    level: Level
    detail: str

    def __str__(self) -> str:
        return f"{self.level:<4}  {self.subject}: {self.detail}"


async def check(
    settings: Settings, transport: httpx2.AsyncBaseTransport | None = None
) -> list[Finding]:
    """Calls the Partner API, the widget and the address for events, and opens the database.

    No call is billed, and no data is stored. `transport` stands in for the network.
    """
    network = _Dated(transport or way_out(settings))
    key = await _check_key(settings, network)
    return [
        Finding("settings", Level.OK, "complete"),
        key,
        _check_clock(network),
        *await _check_database(settings),
        _check_public_url(settings.public_url),
        await _check_reach(settings.public_url, transport),
        *([await _check_events(settings.events_url, transport)] if settings.events_url else []),
        *map(_check_origin, settings.allowed_origins),
        *_check_policy(settings.allowed_origins),
    ]


class _Dated(httpx2.AsyncBaseTransport):
    """A transport that notes how far this clock is ahead of an answer's `Date`, in seconds."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport
        self.ahead: float | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._transport.handle_async_request(request)
        try:
            date = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return response
        self.ahead = time.time() - date.timestamp()
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


async def _check_key(settings: Settings, network: httpx2.AsyncBaseTransport) -> Finding:
    """Asks for an analysis that cannot exist. If the key is accepted, the answer is a 404."""
    key = settings.partner_api_key.get_secret_value()
    partner = PartnerAPI(settings.partner_api_url, key, network)
    try:
        await partner.get(f"check-{secrets.token_hex(8)}")
    except Gone:
        level, detail = Level.OK, "accepts the key"
    except Unauthorized:
        level, detail = Level.FAILURE, "refuses the key"
    except PartnerError as error:
        level, detail = Level.FAILURE, f"does not answer as it should ({error})"
    else:
        level, detail = Level.FAILURE, "answers for an analysis that was never made"
    finally:
        await partner.close()
    return Finding("Partner API", level, f"{settings.partner_api_url} {detail}")


def _check_clock(network: _Dated) -> Finding:
    if network.ahead is None:
        return Finding("clock", Level.WARNING, "the Partner API has not said what time it is")
    seconds = round(network.ahead)
    if abs(seconds) <= MAX_CLOCK_SECONDS:
        return Finding("clock", Level.OK, "agrees with the Partner API's")
    way = "ahead of" if seconds > 0 else "behind"
    return Finding("clock", Level.WARNING, f"{abs(seconds)} s {way} the Partner API's")


async def _check_database(settings: Settings) -> list[Finding]:
    """Opens the store. That writes the index key, so it shows whether writes are possible."""
    place = _without_secrets(settings.database_url)
    try:
        store = Store(
            connect(settings.database_url),
            Seal([secret.get_secret_value() for secret in settings.secret_key]),
        )
        try:
            await store.open()
            warnings = await store.warnings()
        finally:
            await store.close()
    except (DatabaseUnavailable, OSError) as error:
        return [Finding("database", Level.FAILURE, f"{place} cannot be used ({error})")]
    return [
        Finding("database", Level.OK, f"{place} answers and can be written"),
        *(Finding("database", Level.WARNING, warning) for warning in warnings),
    ]


def _without_secrets(url: str) -> str:
    """The address without its password, which may also be in the query."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def _check_public_url(public_url: str) -> Finding:
    subject = "public address"
    if public_url.startswith("https:"):
        return Finding(subject, Level.OK, f"{public_url} is https")
    if _is_loopback(public_url):
        return Finding(subject, Level.WARNING, f"{public_url} is for this machine alone")
    return Finding(subject, Level.FAILURE, f"{public_url} must be https: reports pass through it")


async def _check_reach(
    public_url: str, transport: httpx2.AsyncBaseTransport | None = None
) -> Finding:
    """A failure is only a warning: the widget may not run yet, or not be reachable from here."""
    address = f"{public_url}/healthz"
    try:
        async with httpx2.AsyncClient(
            transport=transport, timeout=REACH_SECONDS, trust_env=False
        ) as client:
            response = await client.get(address)
    except httpx2.HTTPError as error:
        what = f"cannot be reached from here ({explain(error)[0]})"
        return Finding("public address", Level.WARNING, f"{address} {what}")
    if response.status_code == 200 and '"alive"' in response.text:
        return Finding("public address", Level.OK, f"{address} answers")
    what = f"answers {response.status_code}, and not as the widget does"
    return Finding("public address", Level.WARNING, f"{address} {what}")


async def _check_events(
    address: str, transport: httpx2.AsyncBaseTransport | None = None
) -> Finding:
    """Sends HEAD, not an event. Any answer, even a refusal, shows that the address is reachable."""
    try:
        async with httpx2.AsyncClient(
            transport=transport or straight(), timeout=REACH_SECONDS, trust_env=False
        ) as client:
            response = await client.head(address)
    except httpx2.HTTPError as error:
        what = f"cannot be reached from here ({explain(error)[0]})"
        return Finding("events", Level.FAILURE, f"{address} {what}")
    return Finding("events", Level.OK, f"{address} answers ({response.status_code})")


def _check_origin(origin: str) -> Finding:
    if origin.startswith("https:") or _is_loopback(origin):
        return Finding("may frame it", Level.OK, origin)
    return Finding("may frame it", Level.WARNING, f"{origin} is not https: others can change it")


def _check_policy(origins: Sequence[str]) -> list[Finding]:
    size = len(embed_policy(new_nonce(), origins))
    if size <= MAX_POLICY_BYTES:
        return []
    detail = (
        f"{len(origins)} origins make a Content-Security-Policy of {size} bytes, and many proxies "
        f"refuse more than {MAX_POLICY_BYTES}. Use a wildcard, such as https://*.ats.example.com, "
        "or name the `origin` in each session"
    )
    return [Finding("may frame it", Level.WARNING, detail)]


def _is_loopback(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    return host in LOOPBACK_HOSTS or is_loopback_name(host)
