"""The environment (`WIDGET_*`), read and validated once at start."""

import base64
import binascii
import os
import re
import ssl
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx2
import platformdirs
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from widget.origins import MAX_PORT, NotAnOrigin, origin, pattern
from widget.sqlite import make_private_file

MIN_SECRET_LENGTH = 32
MIN_SECRET_CHARACTERS = 10  # different ones: a key of 40 times the same is easily guessed
MIN_TOKEN_LENGTH = 20
MIN_EVENTS_SECRET_BYTES = 16
EVENTS_SECRET_PREFIX = "whsec_"  # noqa: S105 - what the real ones begin with
MAX_SECONDS = 1_000_000_000  # some thirty years, so that dates can be reckoned with
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
VISIBLE_ASCII = re.compile(r"[!-~]+")  # what can be sent in a header as it is
PROXY = re.compile(r"http://([^/?#@]*@)?([a-z0-9._-]+|\[[0-9a-f:.]+\]):(?P<port>[0-9]{1,5})/?")

# Each may be read from a file that `<NAME>_FILE` names, as Docker and Kubernetes hand out secrets.
FROM_FILES = ("partner_api_key", "secret_key", "host_token", "database_url", "events_secret")
MAX_FILE_BYTES = 64 * 1024

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
    "partner_api_proxy": "must be http://host:port, or http://user:password@host:port",
    "partner_api_ca": "must be a file of certificates in PEM format",
    "events_url": "must be an address such as https://ats.example.com/events, without a password",
    "events_secret": (
        f"must be {EVENTS_SECRET_PREFIX} and {MIN_EVENTS_SECRET_BYTES} bytes or more in base64"
    ),
    "metrics_port": f"must be a port number, 1 to {MAX_PORT}",
    "cancel_on_leave": "must be true or false",
    "log_format": "must be json or text",
}
SECONDS_MUST_BE = f"must be a whole number of seconds, 1 to {MAX_SECONDS}"


class Explained(ValueError):
    """Says more than what the variable must be."""


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _api_origin(value: str) -> str:
    named = origin(value)
    parts = urlsplit(named)
    _require_callable(named)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise Explained("must be https: the API key travels with every call")
    return named


def _require_callable(url: str) -> None:
    """The client refuses addresses such as https://300.0.0.1 only when they are called."""
    try:
        httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ValueError("not an address") from None


def _api_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if not key.startswith("ats_") or not VISIBLE_ASCII.fullmatch(key):
        raise ValueError("not a key")
    return value


def _each(is_good: Callable[[str], bool]) -> AfterValidator:
    def validate(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(is_good(value.get_secret_value()) for value in values):
            raise ValueError("not a secret of this kind")
        return values

    return AfterValidator(validate)


def _at_least_one(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not values:
        raise ValueError("nothing but commas")
    return values


def _is_secret_key(value: str) -> bool:
    return len(value) >= MIN_SECRET_LENGTH and len(set(value)) >= MIN_SECRET_CHARACTERS


def _is_token(value: str) -> bool:
    return len(value) >= MIN_TOKEN_LENGTH and VISIBLE_ASCII.fullmatch(value) is not None


def _is_events_secret(value: str) -> bool:
    encoded = value.removeprefix(EVENTS_SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return encoded != value and len(key) >= MIN_EVENTS_SECRET_BYTES


def _events_url(value: str) -> str:
    """An origin and perhaps a path and a query; whoever sends to it gives no password."""
    parts = urlsplit(value)
    named = origin(f"{parts.scheme}://{parts.netloc}")
    if not VISIBLE_ASCII.fullmatch(value) or parts.fragment:
        raise ValueError("not an address")
    _require_callable(value)
    if named.startswith("http:") and parts.hostname not in LOOPBACK_HOSTS:
        raise Explained("must be https: events say which candidates have a report")
    return value


def _required_with_url(
    values: tuple[SecretStr, ...], info: ValidationInfo
) -> tuple[SecretStr, ...]:
    if not values and info.data.get("events_url"):
        raise Explained(f"is required with WIDGET_EVENTS_URL, and {MUST_BE['events_secret']}")
    return values


def _proxy(value: SecretStr) -> SecretStr:
    match = PROXY.fullmatch(value.get_secret_value())
    if match is None or not 0 < int(match["port"]) <= MAX_PORT:
        raise ValueError("not a proxy")
    _require_callable(value.get_secret_value())
    return value


def _authorities(path: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError("no certificates") from None
    except OSError as error:
        raise Explained(f"must be a file that can be read: {error.strerror}") from None
    return path


def _patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("no origin")
    return tuple(_pattern(number, value) for number, value in enumerate(values, 1))


def _pattern(number: int, value: str) -> str:
    try:
        return pattern(value)
    except NotAnOrigin as error:
        must_be = MUST_BE["allowed_origins"]
        raise Explained(f"{must_be}; number {number} of them {error}") from None


def _database_url(value: str) -> str:
    if value.startswith("postgresql://") and _is_misread(value):
        raise Explained(
            "must be written with %40, %2F, %3F and %23 for @, /, ? and # in a password"
        )
    if not value.startswith(("sqlite:///", "postgresql://")) or not _names_a_database(value):
        raise ValueError("not a database")
    if value.startswith("postgresql") and find_spec("psycopg") is None:
        raise Explained("needs psycopg, which the extra 'postgres' installs")
    return value


def _is_misread(url: str) -> bool:
    """Whether a part of a password would be taken for the host or the name, which are shown."""
    authority, _, rest = url.partition("://")[2].partition("/")
    return authority.count("@") > 1 or "@" in rest or not {"?", "#"}.isdisjoint(authority)


def _names_a_database(url: str) -> bool:
    try:
        return bool(make_url(url).database)
    except (SQLAlchemyError, ValueError):
        return False


def _default_database_url() -> str:
    directory = Path(platformdirs.user_data_dir("candidate-widget"))
    return f"sqlite:///{directory / 'widget.db'}"


def _default_log_format() -> Literal["json", "text"]:
    return "text" if sys.stderr.isatty() else "json"


Origin = Annotated[str, AfterValidator(origin)]
Seconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
SomeSecrets = Annotated[Secrets, AfterValidator(_at_least_one)]


class Settings(BaseSettings):
    """What an operator decides. Durations are whole seconds."""

    model_config = SettingsConfigDict(
        env_prefix="WIDGET_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    partner_api_url: Annotated[str, AfterValidator(_api_origin)]
    partner_api_key: Annotated[SecretStr, AfterValidator(_api_key)]
    secret_key: Annotated[SomeSecrets, _each(_is_secret_key)]
    host_token: Annotated[SomeSecrets, _each(_is_token)]
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_patterns)
    ]
    public_url: Origin = "http://127.0.0.1:8001"
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        default_factory=_default_database_url
    )
    session_ttl: Seconds = 3600
    run_ttl: Seconds = 31_536_000
    report_ttl: Seconds = 900
    leave_grace: Seconds = 10
    lease: Seconds = 90
    cancel_on_leave: bool = True
    run_timeout: Seconds = 600
    partner_api_proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    partner_api_ca: Annotated[str, AfterValidator(_authorities)] | None = None
    events_url: Annotated[str, AfterValidator(_events_url)] | None = None
    # Validated in the order in which they stand: the secret, which the URL requires, after it.
    events_secret: Annotated[
        Secrets, _each(_is_events_secret), AfterValidator(_required_with_url)
    ] = Field(default=(), validate_default=True)
    metrics_port: Port | None = None
    log_format: Literal["json", "text"] = Field(default_factory=_default_log_format)


class SettingsError(Exception):
    """The environment is not usable; `problems` has one line per variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load() -> Settings:
    """Settings from the environment, and from the files that it names.

    Raises SettingsError, which names every variable that is missing or wrong.
    """
    contents, problems = _read_files()
    try:
        settings = Settings(**contents)
    except ValidationError as error:
        for detail in error.errors():
            name = str(detail["loc"][0])
            problems.setdefault(name, _problem(name, dict(detail), from_file=name in contents))
    if problems:
        raise SettingsError(list(problems.values()))
    try:
        make_private_file(settings.database_url)
    except OSError as error:
        cause = f"must be a file that can be written: {error.strerror}"
        raise SettingsError([f"WIDGET_DATABASE_URL: {cause}"]) from None
    return settings


def _read_files() -> tuple[dict[str, Any], dict[str, str]]:
    """What the files hold, and what is wrong with them, both by setting."""
    given = {name.upper(): value for name, value in os.environ.items() if value}
    contents: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in FROM_FILES:
        variable = f"WIDGET_{name.upper()}"
        path = given.get(f"{variable}_FILE")
        if path and variable in given:
            problems[name] = f"{variable}: must not be given together with {variable}_FILE"
        elif path:
            try:
                contents[name] = _content(path)
            except OSError as error:
                cause = f"must be a file that can be read: {error.strerror}"
                problems[name] = f"{variable}_FILE: {cause}"
            except ValueError:
                problems[name] = (
                    f"{variable}_FILE: must be a text file of {MAX_FILE_BYTES} bytes at most"
                )
    return contents, problems


def _content(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError("too large")
    return content.decode("utf-8-sig").rstrip("\r\n")


def _problem(name: str, detail: dict[str, Any], *, from_file: bool) -> str:
    reason = MUST_BE.get(name, SECONDS_MUST_BE)
    if detail["type"] == "missing":
        reason = f"is required, and {reason}"
    if isinstance(error := detail.get("ctx", {}).get("error"), Explained):
        reason = str(error)
    variable = f"WIDGET_{name.upper()}"
    return f"{variable}_FILE: its content {reason}" if from_file else f"{variable}: {reason}"
