"""The environment: what is good, what stops the start, and what is said of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from pydantic import ValidationError

from tests.widget.partner import KEY
from widget.settings import Settings, SettingsError, load

SECRET = "s" * 32
REQUIRED = {
    "WIDGET_PARTNER_API_URL": "https://partner.example",
    "WIDGET_PARTNER_API_KEY": KEY,
    "WIDGET_SECRET_KEY": SECRET,
    "WIDGET_HOST_TOKEN": "host-token",
    "WIDGET_ALLOWED_ORIGINS": "https://ats.example.com",
}
DURATIONS = {
    "WIDGET_SESSION_TTL": 3600,
    "WIDGET_REPORT_TTL": 900,
    "WIDGET_LEAVE_GRACE": 10,
    "WIDGET_LEASE": 90,
    "WIDGET_RUN_TIMEOUT": 600,
}

Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    """Sets the required variables, and changes some; None takes one away."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def change(**variables: str | None) -> None:
        for name, value in {**REQUIRED, **variables}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return change


def problems() -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load()
    return raised.value.problems


def member(variable: str) -> Any:
    return getattr(load(), variable.removeprefix("WIDGET_").lower())


def test_the_required_variables_are_enough(environment: Environment, tmp_path: Path) -> None:
    environment()
    settings = load()
    assert settings.partner_api_url == "https://partner.example"
    assert settings.partner_api_key.get_secret_value() == KEY
    assert [secret.get_secret_value() for secret in settings.secret_key] == [SECRET]
    assert [token.get_secret_value() for token in settings.host_token] == ["host-token"]
    assert settings.allowed_origins == ("https://ats.example.com",)
    assert settings.public_url == "http://127.0.0.1:8001"
    file = Path(platformdirs.user_data_dir("candidate-widget")) / "widget.db"
    assert settings.database_url == f"sqlite:///{file}"
    assert file.is_relative_to(tmp_path)
    assert settings.cancel_on_leave is True
    assert settings.metrics_port is None
    assert settings.log_format in {"json", "text"}
    assert {name: member(name) for name in DURATIONS} == DURATIONS


@pytest.mark.parametrize("variable", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_required_variable_that_is_missing_is_named_with_what_it_must_be(
    environment: Environment, variable: str, value: str | None
) -> None:
    environment(**{variable: value})
    (problem,) = problems()
    assert problem.startswith(f"{variable}: is required, and must be ")


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("WIDGET_PARTNER_API_URL", "http://127.0.0.1:8002/", "http://127.0.0.1:8002"),
        ("WIDGET_PARTNER_API_URL", "http://[::1]:8002", "http://[::1]:8002"),
        ("WIDGET_ALLOWED_ORIGINS", " https://A.example , http://b.example:81,", "both"),
        ("WIDGET_PUBLIC_URL", "https://Widget.example:443/", "https://widget.example"),
        ("WIDGET_CANCEL_ON_LEAVE", "false", False),
        ("WIDGET_METRICS_PORT", "9100", 9100),
        ("WIDGET_LOG_FORMAT", "json", "json"),
        *((name, "1", 1) for name in DURATIONS),
        *((name, "1000000000", 1_000_000_000) for name in DURATIONS),
    ],
)
def test_a_good_value_is_taken(
    environment: Environment, variable: str, value: str, read: object
) -> None:
    environment(**{variable: value})
    if read == "both":
        read = ("https://a.example", "http://b.example:81")
    assert member(variable) == read


@pytest.mark.parametrize("variable", ["WIDGET_SECRET_KEY", "WIDGET_HOST_TOKEN"])
def test_several_secrets_are_kept_in_their_order(environment: Environment, variable: str) -> None:
    new, old = "n" * 32, "o" * 32
    environment(**{variable: f" {new} , {old} "})
    assert [secret.get_secret_value() for secret in member(variable)] == [new, old]


@pytest.mark.parametrize("name", ["postgresql://u:p@db.example:5432/w", "sqlite:////{}/sub/w.db"])
def test_a_database_of_each_kind_is_taken(
    environment: Environment, tmp_path: Path, name: str
) -> None:
    url = name.format(tmp_path)
    environment(WIDGET_DATABASE_URL=url)
    assert load().database_url == url


def test_the_file_of_the_database_is_for_nobody_else_to_read(
    environment: Environment, tmp_path: Path
) -> None:
    environment(WIDGET_DATABASE_URL=f"sqlite:///{tmp_path}/sub/w.db")
    load()
    assert (tmp_path / "sub" / "w.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "sub").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("variable", "values", "reason"),
    [
        (
            "WIDGET_PARTNER_API_URL",
            ["partner.example", "ftp://partner.example", "https://", "https://[", "https://a:b"],
            "must be the Partner API's origin",
        ),
        ("WIDGET_PARTNER_API_URL", ["https://a.example/v1", "https://a.example?x"], "origin"),
        ("WIDGET_PARTNER_API_URL", ["https://u:p@a.example", "https://:p@a.example"], "origin"),
        ("WIDGET_PARTNER_API_URL", ["http://partner.example"], "must be https"),
        ("WIDGET_PARTNER_API_KEY", ["sk_live", "ats_a b", "ats_é", "ats_a\n"], "begins with ats_"),
        ("WIDGET_SECRET_KEY", ["s" * 31, f"{SECRET},{'o' * 31}", ","], "32 characters or more"),
        ("WIDGET_HOST_TOKEN", [",", "two words", "tökén", "a\tb"], "that the ATS backend sends"),
        (
            "WIDGET_ALLOWED_ORIGINS",
            ["*", "https://*.example", "'none'", ",", "https://a.example;script-src *"],
            "must be origins such as",
        ),
        ("WIDGET_ALLOWED_ORIGINS", ["https://a.example, b.example", "https://bücher.example"], ""),
        ("WIDGET_PUBLIC_URL", ["widget.example", "https://w.example/path", "https://w:70000"], ""),
        (
            "WIDGET_DATABASE_URL",
            ["mysql://h/d", "postgresql+psycopg://h/d", "postgresql://h", "postgresql://h:x/d"],
            "must be sqlite:///path/to/file or postgresql://",
        ),
        ("WIDGET_DATABASE_URL", ["sqlite://", "sqlite:///", "postgres://h/d"], "must be sqlite"),
        ("WIDGET_DATABASE_URL", ["sqlite:////proc/nowhere/w.db"], "a file that can be written"),
        *(
            (name, ["0", "-1", "1.5", "ten", "inf", "1000000001", "9" * 5000], "seconds")
            for name in DURATIONS
        ),
        ("WIDGET_CANCEL_ON_LEAVE", ["maybe", "2"], "must be true or false"),
        ("WIDGET_METRICS_PORT", ["0", "65536", "off", "9" * 5000], "must be a port number"),
        ("WIDGET_LOG_FORMAT", ["xml", "JSON"], "must be json or text"),
    ],
)
def test_a_bad_value_is_named_in_one_line_with_what_it_must_be(
    environment: Environment, variable: str, values: list[str], reason: str
) -> None:
    for value in values:
        environment(**{variable: value})
        (problem,) = problems()
        assert problem.startswith(f"{variable}: must be "), value
        assert reason in problem
        assert "\n" not in problem


def test_all_that_is_wrong_is_told_at_once_in_a_line_each(environment: Environment) -> None:
    environment(WIDGET_HOST_TOKEN=None, WIDGET_LEASE="0", WIDGET_LOG_FORMAT="xml")
    with pytest.raises(SettingsError) as raised:
        load()
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "WIDGET_HOST_TOKEN",
        "WIDGET_LEASE",
        "WIDGET_LOG_FORMAT",
    ]


def test_no_message_and_no_representation_tells_a_secret(environment: Environment) -> None:
    for variable, value in {
        "WIDGET_PARTNER_API_KEY": "hush-1 hush",
        "WIDGET_SECRET_KEY": "hush-2",
        "WIDGET_HOST_TOKEN": "hush-3 hush",
        "WIDGET_PARTNER_API_URL": "https://partner.example:hush-4",
        "WIDGET_DATABASE_URL": "postgresql://u:hush-5@h:hush/d",
    }.items():
        environment(**{variable: value})
        assert "hush" not in "".join(problems())
        with pytest.raises(ValidationError) as raised:
            Settings()
        assert "hush" not in str(raised.value)
    environment(WIDGET_DATABASE_URL=None)
    shown = repr(load())
    assert not any(secret in shown for secret in (KEY, SECRET, "host-token"))


def test_without_the_extra_postgresql_is_refused_with_what_to_install(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget.settings.find_spec", lambda _: None)
    environment(WIDGET_DATABASE_URL="postgresql://u@h/d")
    (problem,) = problems()
    assert problem == "WIDGET_DATABASE_URL: needs: pip install 'candidate-widget[postgres]'"


def test_every_variable_is_tried_here() -> None:
    tried = REQUIRED.keys() | DURATIONS.keys()
    others = {"public_url", "database_url", "cancel_on_leave", "metrics_port", "log_format"}
    assert {f"WIDGET_{name.upper()}" for name in Settings.model_fields} == tried | {
        f"WIDGET_{name.upper()}" for name in others
    }
