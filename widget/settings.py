"""The environment (`WIDGET_*`), read and validated once at start."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from widget.database import make_private_file

MIN_SECRET_LENGTH = 32
MAX_SECONDS = 1_000_000_000  # some thirty years, so that dates can be reckoned with
MAX_PORT = 65535
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
DEFAULT_PORTS = {"http": "80", "https": "443"}
ORIGIN = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])"
    r"(:(?P<port>[0-9]{1,5}))?"
)
VISIBLE_ASCII = re.compile(r"[!-~]+")  # what can be sent in a header as it is

MUST_BE = {
    "partner_api_url": "must be the Partner API's origin, such as https://intelligence.tietalent.com",
    "partner_api_key": "must be the key from TieTalent, which begins with ats_",
    "secret_key": (
        f"must be {MIN_SECRET_LENGTH} characters or more; `candidate-widget secret` prints one"
    ),
    "host_token": "must be the token that the ATS backend sends: letters, digits and signs",
    "allowed_origins": "must be origins such as https://ats.example.com, separated by commas",
    "public_url": "must be the widget's origin, such as https://widget.example.com",
    "database_url": "must be sqlite:///path/to/file or postgresql://user:password@host/name",
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


def _origin(value: str) -> str:
    """Written as browsers write an origin, as it is compared with theirs and stands in the CSP."""
    match = ORIGIN.fullmatch(value.strip().lower().rstrip("/"))
    if match is None or int(match["port"] or 0) > MAX_PORT:
        raise ValueError("not an origin")
    default = DEFAULT_PORTS[match["scheme"]]
    port = f":{match['port']}" if match["port"] not in {None, default} else ""
    return f"{match['scheme']}://{match['host']}{port}"


def _api_origin(value: str) -> str:
    origin = _origin(value)
    parts = urlsplit(origin)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise Explained("must be https: the API key travels with every call")
    return origin


def _api_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if not key.startswith("ats_") or not VISIBLE_ASCII.fullmatch(key):
        raise ValueError("not a key")
    return value


def _secrets(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not values or any(len(v.get_secret_value()) < MIN_SECRET_LENGTH for v in values):
        raise ValueError("too short")
    return values


def _tokens(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not values or not all(VISIBLE_ASCII.fullmatch(v.get_secret_value()) for v in values):
        raise ValueError("not a token")
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("no origin")
    return tuple(_origin(value) for value in values)


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")) or not _names_a_database(value):
        raise ValueError("not a database")
    if value.startswith("postgresql") and find_spec("psycopg") is None:
        raise Explained("needs: pip install 'candidate-widget[postgres]'")
    return value


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


Origin = Annotated[str, AfterValidator(_origin)]
Seconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """What an operator decides. Durations are whole seconds."""

    model_config = SettingsConfigDict(
        env_prefix="WIDGET_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    partner_api_url: Annotated[str, AfterValidator(_api_origin)]
    partner_api_key: Annotated[SecretStr, AfterValidator(_api_key)]
    secret_key: Annotated[Secrets, AfterValidator(_secrets)]
    host_token: Annotated[Secrets, AfterValidator(_tokens)]
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_origins)
    ]
    public_url: Origin = "http://127.0.0.1:8001"
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        default_factory=_default_database_url
    )
    session_ttl: Seconds = 3600
    report_ttl: Seconds = 900
    leave_grace: Seconds = 10
    lease: Seconds = 90
    cancel_on_leave: bool = True
    run_timeout: Seconds = 600
    metrics_port: Port | None = None
    log_format: Literal["json", "text"] = Field(default_factory=_default_log_format)


class SettingsError(Exception):
    """The environment is not usable; `problems` has one line per variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load() -> Settings:
    """Settings from the environment.

    Raises SettingsError, which names every variable that is missing or wrong.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError([_problem(dict(detail)) for detail in error.errors()]) from None
    try:
        make_private_file(settings.database_url)
    except OSError as error:
        cause = f"must be a file that can be written: {error.strerror}"
        raise SettingsError([f"WIDGET_DATABASE_URL: {cause}"]) from None
    return settings


def _problem(detail: dict[str, Any]) -> str:
    name = str(detail["loc"][0])
    reason = MUST_BE.get(name, SECONDS_MUST_BE)
    if detail["type"] == "missing":
        reason = f"is required, and {reason}"
    if isinstance(error := detail.get("ctx", {}).get("error"), Explained):
        reason = str(error)
    return f"WIDGET_{name.upper()}: {reason}"
