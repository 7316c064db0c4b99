"""The environment: what is good, what stops the start, and what is said of it."""

import base64
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from pydantic import ValidationError

from tests.widget.partner import KEY
from widget.settings import Settings, SettingsError, load, make_database_file

SECRET = "settings-secret-of-some-32-letters"
TOKEN = "a-host-token-of-twenty-or-more"
EVENTS_SECRET = "whsec_" + base64.b64encode(b"sixteen bytes...").decode()
REQUIRED = {
    "WIDGET_PARTNER_API_URL": "https://partner.example",
    "WIDGET_PARTNER_API_KEY": KEY,
    "WIDGET_SECRET_KEY": SECRET,
    "WIDGET_HOST_TOKEN": TOKEN,
    "WIDGET_ALLOWED_ORIGINS": "https://ats.example.com",
}
SAME = object()
DURATIONS = {
    "WIDGET_SESSION_TTL": 3600,
    "WIDGET_RUN_TTL": 31_536_000,
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
    assert [token.get_secret_value() for token in settings.host_token] == [TOKEN]
    assert settings.allowed_origins == ("https://ats.example.com",)
    assert settings.public_url == "http://127.0.0.1:8001"
    file = Path(platformdirs.user_data_dir("candidate-widget")) / "widget.db"
    assert settings.database_url == f"sqlite:///{file}"
    assert file.is_relative_to(tmp_path)
    assert settings.cancel_on_leave is True
    assert settings.partner_api_proxy is None
    assert settings.partner_api_ca is None
    assert settings.events_url is None
    assert settings.events_secret == ()
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
        (
            "WIDGET_ALLOWED_ORIGINS",
            " https://A.example , http://b.example:81, https://*.Bücher.example,",
            ("https://a.example", "http://b.example:81", "https://*.xn--bcher-kva.example"),
        ),
        ("WIDGET_PUBLIC_URL", "https://Widget.example:443/", "https://widget.example"),
        ("WIDGET_CANCEL_ON_LEAVE", "false", False),
        ("WIDGET_METRICS_PORT", "9100", 9100),
        ("WIDGET_PARTNER_API_CA", ssl.get_default_verify_paths().openssl_cafile, SAME),
        ("WIDGET_LOG_FORMAT", "json", "json"),
        *((name, "1", 1) for name in DURATIONS),
        *((name, "1000000000", 1_000_000_000) for name in DURATIONS),
    ],
)
def test_a_good_value_is_taken(
    environment: Environment, variable: str, value: str, read: object
) -> None:
    environment(**{variable: value})
    assert member(variable) == (value if read is SAME else read)


@pytest.mark.parametrize("variable", ["WIDGET_SECRET_KEY", "WIDGET_HOST_TOKEN"])
def test_several_secrets_are_kept_in_their_order(environment: Environment, variable: str) -> None:
    new, old = f"new-{SECRET}", f"old-{SECRET}"
    environment(**{variable: f" {new} , {old} "})
    assert [secret.get_secret_value() for secret in member(variable)] == [new, old]


@pytest.mark.parametrize(
    "value", ["http://proxy.example:3128", "http://u:p%40ss@my_proxy:3128/", "http://[::1]:3128"]
)
def test_a_proxy_is_taken_with_and_without_a_password(environment: Environment, value: str) -> None:
    environment(WIDGET_PARTNER_API_PROXY=value)
    proxy = load().partner_api_proxy
    assert proxy is not None
    assert proxy.get_secret_value() == value


@pytest.mark.parametrize(
    "value",
    [
        "https://ats.example.com/hooks/candidate?source=widget",
        "http://127.0.0.1:9000/events",
        "http://localhost/",
        "https://[2001:db8::7]:8443",
    ],
)
def test_events_have_an_address_and_secrets(environment: Environment, value: str) -> None:
    environment(WIDGET_EVENTS_URL=value, WIDGET_EVENTS_SECRET=f"{EVENTS_SECRET}, {EVENTS_SECRET}")
    settings = load()
    assert settings.events_url == value
    assert [s.get_secret_value() for s in settings.events_secret] == [EVENTS_SECRET] * 2


def test_an_address_for_events_requires_a_secret(environment: Environment) -> None:
    environment(WIDGET_EVENTS_URL="https://ats.example.com/events", WIDGET_EVENTS_SECRET=None)
    (problem,) = problems()
    assert problem.startswith("WIDGET_EVENTS_SECRET: is required with WIDGET_EVENTS_URL")


@pytest.mark.parametrize("name", ["postgresql://u:p@db.example:5432/w", "sqlite:////{}/sub/w.db"])
def test_a_database_of_each_kind_is_taken(
    environment: Environment, tmp_path: Path, name: str
) -> None:
    url = name.format(tmp_path)
    environment(WIDGET_DATABASE_URL=url)
    assert load().database_url == url


@pytest.mark.threat(name="stolen database")
def test_the_file_of_the_database_is_for_nobody_else_to_read(
    environment: Environment, tmp_path: Path
) -> None:
    environment(WIDGET_DATABASE_URL=f"sqlite:///{tmp_path}/sub/w.db")
    settings = load()
    assert not (tmp_path / "sub").exists()
    make_database_file(settings)
    assert (tmp_path / "sub" / "w.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "sub").stat().st_mode & 0o777 == 0o700


@pytest.mark.threat(name="eavesdropping")
@pytest.mark.parametrize(
    ("variable", "values", "reason"),
    [
        (
            "WIDGET_PARTNER_API_URL",
            ["partner.example", "ftp://partner.example", "https://", "https://[", "https://a:b"],
            "must be the Partner API's origin",
        ),
        (
            "WIDGET_PARTNER_API_URL",
            ["https://a.example/v1", "https://a.example?x", "https://300.0.0.1"],
            "origin",
        ),
        ("WIDGET_PARTNER_API_URL", ["https://u:p@a.example", "https://:p@a.example"], "origin"),
        ("WIDGET_PARTNER_API_URL", ["http://partner.example"], "must be https"),
        ("WIDGET_PARTNER_API_KEY", ["sk_live", "ats_a b", "ats_é", "ats_a\n"], "begins with ats_"),
        (
            "WIDGET_SECRET_KEY",
            ["abcdefghij" * 3, f"{SECRET},short", ",", "a" * 40, "123456789" * 9],
            "32 characters or more",
        ),
        (
            "WIDGET_HOST_TOKEN",
            [",", f"two {TOKEN}", f"ö{TOKEN}", f"a\t{TOKEN}", "a", f"{TOKEN},{'b' * 19}"],
            "that the ATS backend sends",
        ),
        (
            "WIDGET_ALLOWED_ORIGINS",
            ["*", "https://*.example", "'none'", ",", "https://a.example;script-src *"],
            "must be origins such as",
        ),
        (
            "WIDGET_ALLOWED_ORIGINS",
            ["https://a.example, b.example", "https://a.example, http://[::1]:3000"],
            "number 2 of them ",
        ),
        ("WIDGET_PUBLIC_URL", ["widget.example", "https://w.example/path", "https://w:70000"], ""),
        (
            "WIDGET_DATABASE_URL",
            ["mysql://h/d", "postgresql+psycopg://h/d", "postgresql://h", "postgresql://h:x/d"],
            "must be sqlite:///path/to/file or postgresql://",
        ),
        ("WIDGET_DATABASE_URL", ["sqlite://", "sqlite:///", "postgres://h/d"], "must be sqlite"),
        ("WIDGET_DATABASE_URL", ["sqlite:///~/w.db", "sqlite:///~root/w.db"], "a path without ~"),
        (
            "WIDGET_DATABASE_URL",
            [
                *("postgresql://u:a@b@host/w", "postgresql://u:a@b/c@host/w"),
                *("postgresql://u:a?b@host/w", "postgresql://u:a#b@host/w"),
                "postgresql://host?password=a@b/c",
            ],
            "written with %40",
        ),
        (
            "WIDGET_PARTNER_API_PROXY",
            [
                *("proxy.example:3128", "https://proxy:3128", "socks5://proxy:1080"),
                *("http://proxy", "http://proxy:0", "http://proxy:65536", "http://proxy:3128/x"),
                *("http://u:p@ss@proxy:3128", "http://proxy:3128?x"),
                *("http://pro xy:3128", "http://300.0.0.1:3128"),
            ],
            "http://host:port",
        ),
        ("WIDGET_PARTNER_API_CA", ["/nowhere/ca.pem", "/proc"], "a file that can be read"),
        ("WIDGET_PARTNER_API_CA", ["/dev/null", __file__], "certificates in PEM format"),
        (
            "WIDGET_EVENTS_URL",
            [
                *("ats.example.com/events", "ftp://ats.example.com", "https://", "https://["),
                *("https://u:p@ats.example.com/", "https://ats.example.com/a b", "https://a:b/"),
                *("https://ats.example.com/#events", "https://300.0.0.1/"),
            ],
            "without a password",
        ),
        ("WIDGET_EVENTS_URL", ["http://ats.example.com", "http://10.0.0.1/events"], "https"),
        (
            "WIDGET_EVENTS_SECRET",
            [
                *("whsec_", "whsec_!!!", "whsec_c2hvcnQ=", f"{EVENTS_SECRET},plain"),
                EVENTS_SECRET.removeprefix("whsec_"),
            ],
            "in base64",
        ),
        *(
            (name, ["0", "-1", "1.5", "ten", "inf", "1000000001", "9" * 5000], "seconds")
            for name in DURATIONS
        ),
        ("WIDGET_CANCEL_ON_LEAVE", ["maybe", "2"], "must be true or false"),
        ("WIDGET_METRICS_PORT", ["tcp://10.3.4.5:9464"], "a Service named widget-metrics"),
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


@pytest.mark.threat(name="secret in the page")
def test_no_message_and_no_representation_tells_a_secret(environment: Environment) -> None:
    for variable, value in {
        "WIDGET_PARTNER_API_KEY": "hush-1 hush",
        "WIDGET_SECRET_KEY": "hush-2",
        "WIDGET_HOST_TOKEN": "hush-3 hush",
        "WIDGET_PARTNER_API_URL": "https://partner.example:hush-4",
        "WIDGET_DATABASE_URL": "postgresql://u:hush-5@h:hush/d",
        "WIDGET_PARTNER_API_PROXY": "http://u:hush-6@proxy",
        "WIDGET_EVENTS_SECRET": "hush-7",
        "WIDGET_EVENTS_URL": "https://ats:hush-8@ats.example.com",
    }.items():
        environment(**{variable: value})
        assert "hush" not in "".join(problems())
        with pytest.raises(ValidationError) as raised:
            Settings()
        assert "hush" not in str(raised.value)
        environment(**{variable: None})
    environment(WIDGET_PARTNER_API_PROXY="http://u:hush@proxy:3128")
    shown = repr(load())
    assert not any(secret in shown for secret in (KEY, SECRET, TOKEN, "hush"))


FROM_FILES = {
    "WIDGET_PARTNER_API_KEY": KEY,
    "WIDGET_SECRET_KEY": SECRET,
    "WIDGET_HOST_TOKEN": TOKEN,
    "WIDGET_EVENTS_SECRET": EVENTS_SECRET,
    "WIDGET_DATABASE_URL": "postgresql://u:p@db.example/w",
}


@pytest.mark.parametrize("newline", ["", "\n", "\r\n"])
def test_a_secret_may_be_read_from_a_file(
    environment: Environment, tmp_path: Path, newline: str
) -> None:
    for variable, value in FROM_FILES.items():
        file = tmp_path / variable
        file.write_bytes(f"{value}{newline}".encode())
        environment(**{variable: "", f"{variable}_FILE": str(file)})
        read = member(variable)
        first = read[0] if isinstance(read, tuple) else read
        assert (first if isinstance(first, str) else first.get_secret_value()) == value
        environment(**{variable: None, f"{variable}_FILE": None})


def test_what_is_wrong_with_a_file_is_told_in_one_line_without_its_content(
    environment: Environment, tmp_path: Path
) -> None:
    wrong = {
        str(tmp_path / "missing"): "must be a file that can be read: No such file",
        str(tmp_path): "must be a file that can be read: Is a directory",
        str(tmp_path / "hush"): "its content must be ",
        str(tmp_path / "binary"): "must be a text file",
        str(tmp_path / "empty"): "its content ",
        "/dev/zero": "must be a file of 65536 bytes at most",
    }
    (tmp_path / "hush").write_text("hush hush")
    (tmp_path / "binary").write_bytes(b"hush\xff")
    (tmp_path / "empty").touch()
    environment(WIDGET_EVENTS_URL="https://ats.example.com/events")
    environment(WIDGET_EVENTS_SECRET=EVENTS_SECRET)
    for variable in FROM_FILES:
        for path, reason in wrong.items():
            environment(**{variable: None, f"{variable}_FILE": path})
            (problem,) = problems()
            assert problem.startswith(f"{variable}_FILE: {reason}")
            assert "hush" not in problem.replace(path, "")
        environment(**{variable: FROM_FILES[variable], f"{variable}_FILE": str(tmp_path)})
        (problem,) = problems()
        assert problem == f"{variable}: must not be given together with {variable}_FILE"
        environment(**{f"{variable}_FILE": None})


def test_without_a_home_directory_the_database_has_to_be_named(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, for a user who is in no list of users."""

    def nobody(_: int) -> None:
        raise KeyError

    environment()
    for variable in ["HOME", "XDG_DATA_HOME"]:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    (problem,) = problems()
    assert problem.startswith("WIDGET_DATABASE_URL: is required for want of a home")


def test_without_the_extra_postgresql_is_refused_with_what_to_install(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widget.variables.find_spec", lambda _: None)
    environment(WIDGET_DATABASE_URL="postgresql://u@h/d")
    (problem,) = problems()
    assert problem == "WIDGET_DATABASE_URL: needs psycopg, which the extra 'postgres' installs"


def test_every_variable_is_tried_here() -> None:
    others = {
        *("PUBLIC_URL", "DATABASE_URL", "CANCEL_ON_LEAVE", "METRICS_PORT", "LOG_FORMAT"),
        *("PARTNER_API_PROXY", "PARTNER_API_CA", "EVENTS_URL", "EVENTS_SECRET"),
    }
    tried = REQUIRED.keys() | DURATIONS.keys() | {f"WIDGET_{name}" for name in others}
    assert {f"WIDGET_{name.upper()}" for name in Settings.model_fields} == tried
