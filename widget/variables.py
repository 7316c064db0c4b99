"""What each variable may hold. Each function validates a value, and returns it normalized.

An error never repeats the value, which may be a secret.
"""

import base64
import binascii
import re
import ssl
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
import platformdirs
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from widget.origins import LOOPBACK_HOSTS, MAX_PORT, NotAnOrigin, origin, pattern

MIN_SECRET_LENGTH = 32
MIN_SECRET_CHARACTERS = 10  # different ones, so that `aaaa…` is refused
MIN_TOKEN_LENGTH = 20
MIN_EVENTS_SECRET_BYTES = 16
MAX_SECONDS = 1_000_000_000  # thirty years: added to now, it is still a date

EVENTS_SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix of all secrets, not a secret
NO_HOME = "~"  # stands for a default path that cannot be had
VISIBLE_ASCII = re.compile(r"[!-~]+")  # may be sent in a header unencoded
PROXY = re.compile(r"http://([^/?#@]*@)?([a-z0-9._-]+|\[[0-9a-f:.]+\]):(?P<port>[0-9]{1,5})/?")

SECONDS_MUST_BE = f"must be a whole number of seconds, 1 to {MAX_SECONDS}"
MUST_BE = {
    "partner_api_url": "must be the Partner API's origin, such as https://intelligence.tietalent.com",
    "partner_api_key": "must be the key from TieTalent, which begins with ats_",
    "secret_key": (
        f"must be {MIN_SECRET_LENGTH} characters or more, {MIN_SECRET_CHARACTERS} of them "
        "different; `candidate-widget secret` prints one"
    ),
    "host_token": (
        f"must be the token that the ATS backend sends: {MIN_TOKEN_LENGTH} or more letters, "
        "digits and signs"
    ),
    "allowed_origins": "must be origins such as https://ats.example.com, separated by commas",
    "public_url": "must be the widget's origin, such as https://widget.example.com",
    "database_url": "must be sqlite:///path/to/file or postgresql://user:password@host/name",
    "cancel_on_leave": "must be true or false",
    "partner_api_proxy": "must be http://host:port, or http://user:password@host:port",
    "partner_api_ca": "must be a file of certificates in PEM format",
    "events_url": "must be an address such as https://ats.example.com/events, without a password",
    "events_secret": (
        f"must be {EVENTS_SECRET_PREFIX} and {MIN_EVENTS_SECRET_BYTES} bytes or more in base64"
    ),
    "metrics_port": f"must be a port number, 1 to {MAX_PORT}",
    "log_format": "must be json or text",
}


class Explained(ValueError):
    """Says more than what the variable must be."""


def split(value: Any) -> Any:
    """The parts of a text, split at commas. Any other value is returned as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def api_origin(value: str) -> str:
    named = origin(value)
    _require_callable(named)
    if _leaves_in_plain_text(named):
        raise Explained("must be https: the API key travels with every call")
    return named


def api_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if not key.startswith("ats_") or not VISIBLE_ASCII.fullmatch(key):
        raise ValueError("not a key")
    return value


def secret_keys(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    keys = [value.get_secret_value() for value in values]
    if not keys or any(len(key) < MIN_SECRET_LENGTH for key in keys):
        raise ValueError("too short")
    if any(len(set(key)) < MIN_SECRET_CHARACTERS for key in keys):
        raise ValueError("too easily guessed")
    return values


def host_tokens(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    tokens = [value.get_secret_value() for value in values]
    if not tokens or any(len(token) < MIN_TOKEN_LENGTH for token in tokens):
        raise ValueError("too short")
    if not all(VISIBLE_ASCII.fullmatch(token) for token in tokens):
        raise ValueError("not a token")
    return values


def origin_patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("no origin")
    return tuple(_pattern(number, value) for number, value in enumerate(values, 1))


def database_url(value: str) -> str:
    if value == NO_HOME:
        raise Explained(f"is required for want of a home directory, and {MUST_BE['database_url']}")
    if value.startswith("postgresql://") and _is_misread(value):
        raise Explained(
            "must be written with %40, %2F, %3F and %23 for @, /, ? and # in a password"
        )
    if not value.startswith(("sqlite:///", "postgresql://")) or not _names_a_database(value):
        raise ValueError("not a database")
    if value.startswith("sqlite:///~"):
        raise Explained("must be a path without ~, such as sqlite:////var/lib/widget/widget.db")
    if value.startswith("postgresql") and find_spec("psycopg") is None:
        raise Explained("needs psycopg, which the extra 'postgres' installs")
    return value


def default_database_url() -> str:
    try:
        directory = Path(platformdirs.user_data_dir("candidate-widget"))
    except RuntimeError:
        return NO_HOME
    return f"sqlite:///{directory / 'widget.db'}"


def proxy(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    match = PROXY.fullmatch(address)
    if match is None or not 0 < int(match["port"]) <= MAX_PORT:
        raise ValueError("not a proxy")
    _require_callable(address)
    return value


def authorities(path: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError("no certificates") from None
    except OSError as error:
        raise Explained(f"must be a file that can be read: {error.strerror}") from None
    return path


def events_url(value: str) -> str:
    """An origin, with or without a path and a query, but without a password."""
    parts = urlsplit(value)
    named = origin(f"{parts.scheme}://{parts.netloc}")
    if not VISIBLE_ASCII.fullmatch(value) or parts.fragment:
        raise ValueError("not an address")
    _require_callable(value)
    if _leaves_in_plain_text(named):
        raise Explained("must be https: events say which candidates have a report")
    return value


def events_secrets(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not all(_is_events_secret(value.get_secret_value()) for value in values):
        raise ValueError("not a secret of Standard Webhooks")
    return values


def metrics_port(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("tcp://"):
        raise Explained(
            f"{MUST_BE['metrics_port']}; Kubernetes sets it for a Service named widget-metrics: "
            "give that another name, or the pod enableServiceLinks: false"
        )
    return value


def default_log_format() -> Literal["json", "text"]:
    return "text" if sys.stderr.isatty() else "json"


def _require_callable(url: str) -> None:
    """Raises ValueError for an address that httpx2 would refuse, such as https://300.0.0.1."""
    try:
        httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ValueError("not an address") from None


def _leaves_in_plain_text(named: str) -> bool:
    parts = urlsplit(named)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS


def _pattern(number: int, value: str) -> str:
    try:
        return pattern(value)
    except NotAnOrigin as error:
        must_be = MUST_BE["allowed_origins"]
        raise Explained(f"{must_be}; number {number} of them {error}") from None


def _is_misread(url: str) -> bool:
    """Whether a part of the password would be parsed as the host or name, which are logged."""
    authority, _, rest = url.partition("://")[2].partition("/")
    return authority.count("@") > 1 or "@" in rest or not {"?", "#"}.isdisjoint(authority)


def _names_a_database(url: str) -> bool:
    try:
        return bool(make_url(url).database)
    except (SQLAlchemyError, ValueError):
        return False


def _is_events_secret(value: str) -> bool:
    encoded = value.removeprefix(EVENTS_SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return encoded != value and len(key) >= MIN_EVENTS_SECRET_BYTES
