"""`candidate-widget check`: what it finds, and that it tells no secret."""

import os
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.postgres import PostgreSQL
from tests.widget.conftest import MakeSettings
from tests.widget.partner import KEY, Reply
from tests.widget.widget_process import EVENTS
from widget.check import Finding, Level, check

PUBLIC_URL = "https://widget.example.com"


@dataclass
class Check:
    """A check with good settings, and what it meets: who is asked answers so, or raises."""

    settings: MakeSettings
    partner: Reply = field(default_factory=lambda: httpx2.Response(404))
    widget: Reply = field(default_factory=lambda: httpx2.Response(200, json={"status": "alive"}))
    events: Reply = field(default_factory=lambda: httpx2.Response(405))
    to_events: list[str] = field(default_factory=list)
    clock_ahead: float | None = 0
    keys: list[str | None] = field(default_factory=list)

    async def finds(self, **changes: str) -> list[Finding]:
        values = {"public_url": PUBLIC_URL, "allowed_origins": "https://ats.example.com"} | changes
        return await check(self.settings(**values), httpx2.MockTransport(self._answer))

    async def tells(self, subject: str, **changes: str) -> list[str]:
        """The lines on one subject."""
        return [str(each) for each in await self.finds(**changes) if each.subject == subject]

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        match str(request.url):
            case url if url == EVENTS["events_url"]:
                self.to_events.append(request.method)
                return self._reply(self.events)
            case url if url == f"{PUBLIC_URL}/healthz":
                self.keys.append(request.headers.get("X-API-Key"))
                return self._reply(self.widget)
        self.keys.append(request.headers.get("X-API-Key"))
        answer = self._reply(self.partner)
        if self.clock_ahead is not None:
            answer.headers["Date"] = formatdate(time.time() - self.clock_ahead, usegmt=True)
        return answer

    def _reply(self, answer: Reply) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def checking(settings: MakeSettings) -> Check:
    return Check(settings)


pytestmark = pytest.mark.anyio


async def test_all_is_well(checking: Check) -> None:
    found = await checking.finds()
    assert {finding.level for finding in found} == {Level.OK}


@pytest.mark.threat(name="secret in the page")
async def test_the_key_goes_to_the_partner_api_alone(checking: Check) -> None:
    await checking.finds()
    assert checking.keys == [KEY, None]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx2.Response(401), "refuses the key"),
        (httpx2.Response(500), "does not answer as it should"),
        (httpx2.ConnectError(""), "does not answer as it should (connection)"),
        (httpx2.Response(200, json={}), "answers for an analysis that was never made"),
    ],
)
async def test_a_key_that_is_not_accepted_is_a_failure(
    checking: Check, answer: Reply, words: str
) -> None:
    checking.partner = answer
    (line,) = await checking.tells("Partner API")
    assert line.startswith("FAIL")
    assert words in line


async def test_an_address_for_events_is_asked_whether_it_is_there_and_gets_none(
    checking: Check,
) -> None:
    assert await checking.tells("events") == []
    for status in (200, 302, 404, 405, 500):
        checking.events = httpx2.Response(status)
        (line,) = await checking.tells("events", **EVENTS)
        assert line == f"ok    events: {EVENTS['events_url']} answers ({status})"
    checking.events = httpx2.ConnectError("")
    (line,) = await checking.tells("events", **EVENTS)
    assert line == f"FAIL  events: {EVENTS['events_url']} cannot be reached from here (connection)"
    assert set(checking.to_events) == {"HEAD"}


@pytest.mark.parametrize(
    ("ahead", "line"),
    [
        (3, "ok    clock: agrees with the Partner API's"),
        (60, "warn  clock: 60 s ahead of the Partner API's"),
        (-60, "warn  clock: 60 s behind the Partner API's"),
        (None, "warn  clock: the Partner API has not said what time it is"),
    ],
)
async def test_the_clock_is_held_against_the_partner_apis(
    checking: Check, ahead: float | None, line: str
) -> None:
    checking.clock_ahead = ahead
    (found,) = await checking.tells("clock")
    assert found.replace("61 s", "60 s").replace("59 s", "60 s") == line


async def test_an_answer_that_dates_itself_in_nonsense_says_no_time(checking: Check) -> None:
    checking.clock_ahead = None
    checking.partner = httpx2.Response(404, headers={"Date": "yesterday"})
    (line,) = await checking.tells("clock")
    assert line.startswith("warn")


async def test_a_database_that_cannot_be_opened_is_a_failure(
    checking: Check, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for path in [tmp_path, tmp_path / "file" / "widget.db"]:
        (line,) = await checking.tells("database", database_url=f"sqlite:///{path}")
        assert line.startswith("FAIL")


async def test_a_database_that_others_could_open_or_replace_is_closed_to_them_or_a_warning(
    checking: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "widget.db"
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        path.touch()
        path.chmod(0o664)
    (line,) = await checking.tells("database")
    assert line.startswith("ok")
    assert file.stat().st_mode & 0o777 == 0o600
    os.chmod(tmp_path, 0o775)  # noqa: S103
    os.chmod(file, 0o640)
    monkeypatch.setattr(Path, "chmod", refuse)
    _, *warnings = await checking.tells("database")
    assert warnings == [
        f"warn  database: others may open {file}",
        f"warn  database: others may replace files in {tmp_path}",
    ]


def refuse(*_: object) -> None:
    """As the system does, where the file is another's."""
    raise PermissionError


async def test_a_database_that_serves_fewer_connections_than_a_worker_uses_is_a_warning(
    checking: Check,
    postgresql: PostgreSQL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("widget.postgresql.CHECK_SECONDS", 0.5)
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute("GRANT ALL ON SCHEMA public TO public")
        connection.execute("DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 3")
    few = postgresql.url.replace("widget@", "few@")
    ok, warning = await checking.tells("database", database_url=few)
    assert ok.startswith("ok")
    assert "3 connections at once" in warning


async def test_no_part_of_a_databases_password_is_told(checking: Check) -> None:
    for url in [
        "postgresql:///w?host=/nowhere&password=TOP",
        "postgresql://u:TOP@127.0.0.1:9/w",
        "postgresql://127.0.0.1:9/w?user=u&password=TOP&sslpassword=TOP",
        "postgresql://u:a%40TOP@127.0.0.1:9/w?passfile=/nowhere/TOP",
    ]:
        (line,) = await checking.tells("database", database_url=url)
        assert line.startswith("FAIL  database: postgresql://")
        assert "TOP" not in line


async def test_what_the_databases_driver_says_in_several_lines_is_told_in_one(
    checking: Check,
) -> None:
    url = "postgresql://u@127.0.0.1:9/w"
    (line,) = await checking.tells("database", database_url=url)
    assert line.startswith("FAIL")
    assert len(line.splitlines()) == 1


async def test_a_database_that_cannot_be_written_is_a_failure(
    checking: Check, postgresql: PostgreSQL
) -> None:
    reading = postgresql.url.replace("widget@", "reader:private-word@")
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
        connection.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    (line,) = await checking.tells("database", database_url=reading)
    assert line.startswith("FAIL")
    assert "private-word" not in line
    (line,) = await checking.tells("database", database_url=postgresql.url)
    assert line.startswith("ok")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx2.ConnectError(""), "cannot be reached from here (connection)"),
        (httpx2.Response(502, text="Bad Gateway"), "answers 502, and not as the widget does"),
        (httpx2.Response(200, text="Welcome"), "answers 200, and not as the widget does"),
    ],
)
async def test_a_public_address_that_does_not_answer_is_a_warning(
    checking: Check, answer: Reply, words: str
) -> None:
    checking.widget = answer
    _, line = await checking.tells("public address")
    assert line == f"warn  public address: {PUBLIC_URL}/healthz {words}"


@pytest.mark.threat(name="eavesdropping")
@pytest.mark.parametrize(
    ("public_url", "level"),
    [("http://127.0.0.1:8001", "warn"), ("http://widget.example.com", "FAIL")],
)
async def test_a_public_address_without_https_is_told(
    checking: Check, public_url: str, level: str
) -> None:
    line, *_ = await checking.tells("public address", public_url=public_url)
    assert line.startswith(level)


async def test_an_origin_without_https_is_a_warning(checking: Check) -> None:
    origins = "https://ats.example.com, http://ats.example.com, http://*.localhost:8000"
    lines = await checking.tells("may frame it", allowed_origins=origins)
    assert [line.split()[0] for line in lines] == ["ok", "warn", "ok"]


async def test_more_origins_than_proxies_take_in_a_header_are_a_warning_with_a_way_out(
    checking: Check,
) -> None:
    for number, warnings in [(60, 0), (120, 1)]:
        origins = ",".join(f"https://customer-{n}.ats.example.com" for n in range(number))
        lines = await checking.tells("may frame it", allowed_origins=origins)
        warned = [line for line in lines if line.startswith("warn")]
        assert len(warned) == warnings
    assert "Use a wildcard" in warned[0]
