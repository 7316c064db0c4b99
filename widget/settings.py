"""The environment (`WIDGET_*`), read and validated once at start."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from widget import variables
from widget.origins import MAX_PORT, origin
from widget.sqlite import make_private_file
from widget.variables import MAX_SECONDS, MUST_BE, SECONDS_MUST_BE, Explained

# These may also be read from a file that `<NAME>_FILE` names: a secret of Docker or Kubernetes.
FROM_FILES = ("partner_api_key", "secret_key", "host_token", "database_url", "events_secret")
MAX_FILE_BYTES = 64 * 1024


def _required_with_url(
    values: tuple[SecretStr, ...], info: ValidationInfo
) -> tuple[SecretStr, ...]:
    if not values and info.data.get("events_url"):
        raise Explained(f"is required with WIDGET_EVENTS_URL, and {MUST_BE['events_secret']}")
    return values


Seconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
Port = Annotated[int, BeforeValidator(variables.metrics_port), Field(ge=1, le=MAX_PORT)]
Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(variables.split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(variables.split)]


class Settings(BaseSettings):
    """What an operator decides. Durations are whole seconds."""

    model_config = SettingsConfigDict(
        env_prefix="WIDGET_",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    partner_api_url: Annotated[str, AfterValidator(variables.api_origin)]
    partner_api_key: Annotated[SecretStr, AfterValidator(variables.api_key)]
    secret_key: Annotated[Secrets, AfterValidator(variables.secret_keys)]
    host_token: Annotated[Secrets, AfterValidator(variables.host_tokens)]
    allowed_origins: Annotated[Texts, AfterValidator(variables.origin_patterns)]
    public_url: Annotated[str, AfterValidator(origin)] = "http://127.0.0.1:8001"
    database_url: Annotated[str, AfterValidator(variables.database_url)] = Field(
        default_factory=variables.default_database_url
    )
    session_ttl: Seconds = 3600
    run_ttl: Seconds = 31_536_000
    report_ttl: Seconds = 900
    leave_grace: Seconds = 10
    lease: Seconds = 90
    cancel_on_leave: bool = True
    run_timeout: Seconds = 600
    partner_api_proxy: Annotated[SecretStr, AfterValidator(variables.proxy)] | None = None
    partner_api_ca: Annotated[str, AfterValidator(variables.authorities)] | None = None
    events_url: Annotated[str, AfterValidator(variables.events_url)] | None = None
    # After `events_url`, because `_required_with_url` reads it.
    events_secret: Annotated[
        Secrets, AfterValidator(variables.events_secrets), AfterValidator(_required_with_url)
    ] = ()
    metrics_port: Port | None = None
    log_format: Literal["json", "text"] = Field(default_factory=variables.default_log_format)


class SettingsError(Exception):
    """The environment is not usable; `problems` has one line per variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load() -> Settings:
    """The settings from the environment, and from the files that it names.

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
    return settings


def make_database_file(settings: Settings) -> None:
    """Creates the file of an SQLite database. Raises SettingsError if it cannot be written."""
    try:
        make_private_file(settings.database_url)
    except OSError as error:
        cause = f"must be a file that can be written: {error.strerror}"
        raise SettingsError([f"WIDGET_DATABASE_URL: {cause}"]) from None


def _read_files() -> tuple[dict[str, Any], dict[str, str]]:
    """The contents of the files, and what is wrong with them, both by setting."""
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
            except ValueError as error:
                problems[name] = f"{variable}_FILE: {error}"
    return contents, problems


def _content(path: str) -> str:
    """Raises ValueError, which says what the file must be."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"must be a file that can be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("must be a text file") from None
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"must be a file of {MAX_FILE_BYTES} bytes at most")
    return text.rstrip("\r\n")


def _problem(name: str, detail: dict[str, Any], *, from_file: bool) -> str:
    reason = MUST_BE.get(name, SECONDS_MUST_BE)
    if detail["type"] == "missing":
        reason = f"is required, and {reason}"
    if isinstance(error := detail.get("ctx", {}).get("error"), Explained):
        reason = str(error)
    variable = f"WIDGET_{name.upper()}"
    return f"{variable}_FILE: its content {reason}" if from_file else f"{variable}: {reason}"
