"""The environment (`WIDGET_*`), read and validated once at start."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as PydanticSettingsError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

MIN_SECRET_LENGTH = 32
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("must be an origin such as https://ats.example.com")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be an origin, without a path")
    parts.port  # noqa: B018 - raises ValueError when it is not a number
    return f"{parts.scheme}://{parts.netloc}".lower()


def _api_origin(value: str) -> str:
    origin = _origin(value)
    parts = urlsplit(origin)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("must be https: the API key travels with every call")
    return origin


def _api_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if not key.startswith("ats_") or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("must be the key from TieTalent, which begins with ats_")
    return value


def _secrets(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not values or any(len(v.get_secret_value()) < MIN_SECRET_LENGTH for v in values):
        raise ValueError(
            f"must be {MIN_SECRET_LENGTH} characters or more; `candidate-widget secret` prints one"
        )
    return values


def _tokens(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not values:
        raise ValueError("must be the token that the ATS backend sends")
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("must name at least one origin such as https://ats.example.com")
    return tuple(_origin(value) for value in values)


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")) or not _is_url(value):
        raise ValueError("must be sqlite:///path/to/file or postgresql://user:password@host/name")
    if value.startswith("postgresql") and find_spec("psycopg") is None:
        raise ValueError("needs: pip install 'candidate-widget[postgres]'")
    return value


def _is_url(value: str) -> bool:
    try:
        return bool(make_url(value))
    except (ArgumentError, ValueError):
        return False


def _default_database_url() -> str:
    directory = Path(platformdirs.user_data_dir("candidate-widget"))
    return f"sqlite:///{directory / 'widget.db'}"


def _default_log_format() -> Literal["json", "text"]:
    return "text" if sys.stderr.isatty() else "json"


Origin = Annotated[str, AfterValidator(_origin)]
Seconds = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
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
        return Settings()
    except ValidationError as error:
        raise SettingsError([_problem(dict(detail)) for detail in error.errors()]) from None
    except PydanticSettingsError as error:
        raise SettingsError([str(error)]) from None


def _problem(detail: dict[str, Any]) -> str:
    variable = f"WIDGET_{detail['loc'][0]}".upper()
    return f"{variable}: {_reason(detail)}"


def _reason(detail: dict[str, Any]) -> str:
    match detail["type"]:
        case "missing":
            return "is required"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "int_parsing" | "greater_than_equal" if "port" not in detail["loc"][0]:
            return "must be a whole number of seconds, 1 or more"
        case "int_parsing" | "greater_than_equal" | "less_than_equal":
            return "must be a port number"
        case "bool_parsing":
            return "must be true or false"
        case "literal_error":
            return f"must be {detail['ctx']['expected']}"
        case _:
            return str(detail["msg"])
