"""What the logs say, and that they say nothing about anybody."""

import ast
import asyncio
import json
import re
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bind_contextvars, get_contextvars
from structlog.testing import capture_logs

from demo_ats.servers import LOOPBACK, process_of, wait_until_ready
from tests import serving as in_thread
from tests.widget.client import BEARER, client_of
from tests.widget.conftest import MakeSettings
from tests.widget.partner import KEY, Partner, reply
from tests.widget.people import create_body
from tests.widget.widget_process import HOST_TOKEN, SECRET, Clock, some_environment
from widget.app import create_app
from widget.json_body import MAX_BODY_BYTES
from widget.tasks import Tasks
from widget.telemetry import AccessLog
from widget.transactions import DatabaseUnavailable

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
JSON = {"Content-Type": "application/json"}
PRIVATE = "private"

PEOPLE = {
    "client": {"id": "private-client", "first_name": "private-ida", "company": "private-company"},
    "candidate": {
        "id": "private-candidate",
        "first_name": "private-mara",
        "last_name": "private-lindqvist",
        "cv": "private-cv",
    },
}


class TalkativePartner(BaseHTTPRequestHandler):
    """Answers in words that belong to nobody's log; the first POST is refused."""

    posts = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        TalkativePartner.posts += 1
        if TalkativePartner.posts == 1:
            self._answer(422, error={"message": "private-refusal"})
        else:
            self._answer(202, status="processing")

    def do_GET(self) -> None:
        self._answer(200, status="completed", report={"summary": "private-summary"})

    def do_DELETE(self) -> None:
        self._answer(500, error="private-error")

    def _answer(self, code: int, **members: Any) -> None:
        body = json.dumps({"id": "private-analysis", **members}).encode()
        self.send_response(code)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def partner_origin() -> Iterator[str]:
    TalkativePartner.posts = 0
    server = ThreadingHTTPServer((LOOPBACK, 0), TalkativePartner)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{LOOPBACK}:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Widget:
    http: httpx2.Client
    port: int
    database: Path
    log: Path
    secrets: list[str] = field(default_factory=lambda: [PRIVATE, HOST_TOKEN, KEY, SECRET])

    def open_session(self, language: str = "en") -> httpx2.Response:
        body = {"language": language, **PEOPLE}
        return self.http.post("/api/v1/sessions", headers=BEARER, json=body)

    def send(self, content: bytes) -> None:
        """Something that is no request, or not a whole one; then the sender leaves."""
        with socket.create_connection((LOOPBACK, self.port)) as connection:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(20)
            while connection.recv(65536):
                pass


@contextmanager
def serving(partner_origin: str, folder: Path, log_format: str) -> Iterator[Widget]:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    origin = f"http://{LOOPBACK}:{port}"
    environment = some_environment(
        f"sqlite:///{folder / 'widget.db'}", partner_api_url=partner_origin, log_format=log_format
    )
    log = folder / "log"
    command = ["-c", 'exec 2>$1; shift; exec "$@"', "sh", str(log)]
    served = [sys.executable, "-m", "tests.widget.faulty", "serve", f"--port={port}"]
    with (
        process_of(["/bin/sh", *command, *served], environment) as process,
        httpx2.Client(base_url=origin, timeout=20, trust_env=False) as http,
    ):
        wait_until_ready(process, f"{origin}/readyz")
        yield Widget(http, port, folder / "widget.db", log)


def go_everywhere(widget: Widget) -> None:
    http = widget.http
    base = httpx2.URL(widget.open_session().json()["embed_url"]).path
    widget.secrets.append(base.rpartition("/")[2])
    for _ in range(2):
        http.post(f"{base}/run")
        http.get(f"{base}/run?visit=private-visit")
    http.post(f"{base}/cancellation")
    http.post(f"{base}/leave?visit=private-visit")
    http.get(base, headers={"X-Request-Id": "private id", "Referer": "http://private-page"})
    for path in [
        "/embed/private-token",
        "/private-path",
        "/static/private.css",
        "/healthz?private",
    ]:
        http.get(path)
        http.put(path)
    http.get("/readyz", headers={"Connection": "Upgrade", "Upgrade": "private-protocol"})
    http.delete("/api/v1/candidates/private-client/private-candidate", headers=BEARER)
    http.delete("/api/v1/candidates/private-client/private-candidate")


def send_bad_sessions(widget: Widget) -> None:
    bad: list[tuple[dict[str, str], bytes]] = [
        (JSON, b"{}"),
        (BEARER, b"{}"),
        ({"Authorization": "Bearer private-token", **JSON}, b"{}"),
        (BEARER | JSON, b'{"private-name": '),
        (BEARER | JSON, b"private-\xff"),
        (BEARER | JSON, json.dumps({"language": ["private-language"], **PEOPLE}).encode()),
        (BEARER | JSON, json.dumps({"private-field": 1, "language": "en", **PEOPLE}).encode()),
        (BEARER | JSON, b"private-" * (MAX_BODY_BYTES // 8 + 1)),
    ]
    for headers, content in bad:
        answer = widget.http.post("/api/v1/sessions", headers=headers, content=content)
        assert answer.status_code in {401, 413, 415, 422}
    widget.send(b"private nonsense\r\n\r\n")
    widget.send(
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: widget\r\nContent-Length: 99\r\n"
        b"Content-Type: application/json\r\n"
        b"Authorization: Bearer " + HOST_TOKEN.encode() + b"\r\n\r\n{private-"
    )


def break_things(widget: Widget) -> None:
    assert widget.open_session("raise").status_code == 500
    assert widget.open_session("forget").status_code == 201
    assert widget.open_session("library").status_code == 201
    with sqlite3.connect(widget.database) as connection:
        connection.execute("DROP TABLE sessions")
    connection.close()
    assert widget.open_session().status_code == 503


@pytest.mark.threat(name="found address")
@pytest.mark.threat(name="read logs")
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_line_names_a_person_a_token_or_a_key(
    partner_origin: str, tmp_path: Path, log_format: str
) -> None:
    with serving(partner_origin, tmp_path, log_format) as widget:
        go_everywhere(widget)
        send_bad_sessions(widget)
        break_things(widget)
    written = widget.log.read_text()
    for event in ["request", "request_failed", "partner_api_call", "store_unavailable", "library"]:
        assert event in written
    assert [line for line in written.splitlines() if any(s in line for s in widget.secrets)] == []


def test_every_line_is_json_and_in_the_table(partner_origin: str, tmp_path: Path) -> None:
    with serving(partner_origin, tmp_path, "json") as widget:
        go_everywhere(widget)
        send_bad_sessions(widget)
        break_things(widget)
    lines = [json.loads(line) for line in widget.log.read_text().splitlines()]
    assert {line["event"] for line in lines} <= documented_events()
    assert all(line["timestamp"] and line["level"] for line in lines)
    assert lines[0]["event"] == "listening"
    assert lines[0]["address"] == f"http://{LOOPBACK}:{widget.port}"


def test_a_request_is_told_by_the_pattern_of_its_address_or_by_none(http: TestClient) -> None:
    with capture_logs() as lines:
        for path in ["/private-path", "/embed/private-token", "/embed/private-token/run/"]:
            http.get(path)
        http.delete("/api/v1/candidates/private-client/private-candidate")
        for path in ["/healthz", "/readyz"]:
            http.get(path)
    told = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert told == [
        ("-", 404),
        ("/embed/{token}", 404),
        ("-", 404),
        ("/api/v1/candidates/{pair}", 401),
    ]
    assert "private" not in str(lines)


@pytest.mark.threat(name="guessed host token")
def test_a_host_token_that_is_refused_is_told_with_where_it_came_from(
    settings: MakeSettings,
) -> None:
    """A proxy that is trusted says it; what its client claimed stands before that."""
    with (
        in_thread.serving(create_app(settings())) as origin,
        httpx2.Client(trust_env=False) as http,
        capture_logs() as lines,
    ):
        for forwarded in [None, "203.0.113.9", "evil, 2001:db8::7", "203.0.113.9:4711", "mara"]:
            headers = {"X-Forwarded-For": forwarded} if forwarded else {}
            http.post(f"{origin}/api/v1/sessions", headers=headers | {"Authorization": "Bearer x"})
    refused = [line["address"] for line in lines if line["event"] == "host_token_refused"]
    assert refused == ["127.0.0.1", "203.0.113.9", "2001:db8::7", "203.0.113.9", None]


@pytest.mark.threat(name="read logs")
def test_a_failure_is_told_by_its_type_and_place_and_the_request(
    partner_origin: str, tmp_path: Path
) -> None:
    with serving(partner_origin, tmp_path, "json") as widget:
        answer = widget.open_session("raise")
    lines = [json.loads(line) for line in widget.log.read_text().splitlines()]
    (failed,) = [line for line in lines if line["event"] == "request_failed"]
    assert failed["error"] == "ValueError"
    assert answer.headers["Connection"] == "close"
    assert re.fullmatch(r"widget/faulty\.py:\d+ open_with_faults", failed["at"][-1])
    assert failed["request_id"] == answer.headers["X-Request-Id"]
    assert [line for line in lines if "Exception in ASGI" in line.get("message", "")] == []


def test_a_client_that_leaves_in_the_middle_is_no_failure(
    partner_origin: str, tmp_path: Path
) -> None:
    with serving(partner_origin, tmp_path, "json") as widget:
        send_bad_sessions(widget)
    lines = [json.loads(line) for line in widget.log.read_text().splitlines()]
    assert 499 in [line.get("status") for line in lines]
    assert [line for line in lines if line["level"] == "error"] == []


def test_a_call_to_the_partner_api_is_told_with_its_request_and_run(
    partner_origin: str, tmp_path: Path
) -> None:
    with serving(partner_origin, tmp_path, "json") as widget:
        base = httpx2.URL(widget.open_session().json()["embed_url"]).path
        widget.http.post(f"{base}/run", headers={"X-Request-Id": "click-1"})
    lines = [json.loads(line) for line in widget.log.read_text().splitlines()]
    (call,) = [line for line in lines if line["event"] == "partner_api_call"]
    assert (call["method"], call["outcome"], call["status"]) == ("POST", "Refused", 422)
    assert (call["retry_after"], call["request_id"]) == (1.0, "click-1")
    assert call["seconds"] >= 0
    assert call["run"]


# Request ids


@dataclass
class Recorded(Partner):
    ids: list[str] = field(default_factory=list)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.ids.append(request.headers["X-Request-Id"])
        return await super().answer(request)


@pytest.fixture
def partner(clock: Clock) -> Recorded:
    return Recorded(clock)


@pytest.fixture
def http(settings: MakeSettings, partner: Recorded) -> Iterator[TestClient]:
    with client_of(settings(leave_grace=1), partner) as http:
        yield http


@pytest.mark.parametrize("given", ["a", "4bf92f3577b34da6a3ce929d0e0e4736", "req_Abc-1", "x" * 64])
def test_a_well_formed_request_id_is_answered(http: TestClient, given: str) -> None:
    assert http.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "mara lindqvist", "mara@example.com", "a.b", "ä"])
def test_any_other_request_id_is_replaced(http: TestClient, given: str) -> None:
    answered = http.get("/healthz", headers=[(b"X-Request-Id", given.encode())]).headers
    assert re.fullmatch(r"[A-Za-z0-9_-]{16}", answered["X-Request-Id"])


def test_each_request_has_an_id_of_its_own(http: TestClient) -> None:
    ids = {http.get("/private-path").headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.anyio
async def test_what_was_bound_for_a_request_is_lease_until_the_next_in_the_same_context() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(get_contextvars())
        bind_contextvars(run="run-1")
        await Response()(scope, receive, send)

    transport = httpx2.ASGITransport(AccessLog(app, []))
    async with httpx2.AsyncClient(transport=transport, base_url="http://widget") as http:
        answered = [(await http.get("/")).headers["X-Request-Id"] for _ in range(2)]
    assert seen == [{"request_id": request_id} for request_id in answered]
    assert answered[0] != answered[1]


def test_a_request_id_is_handed_on_to_the_partner_api(http: TestClient, partner: Recorded) -> None:
    partner.on("POST", reply("queued"))
    opened = http.post("/api/v1/sessions", headers=BEARER, json=create_body())
    base = httpx2.URL(opened.json()["embed_url"]).path
    http.post(f"{base}/run", headers={"X-Request-Id": "click-1"})
    assert partner.ids == ["click-1"]


# The table


def documented_events() -> set[str]:
    section = OPERATIONS.partition("| event | level |")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def events_in_code() -> set[str]:
    calls = [
        node
        for path in (ROOT / "widget").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
    ]
    constants = [a.value for call in calls for a in call.args if isinstance(a, ast.Constant)]
    assert len(constants) == len(calls)
    return {str(constant) for constant in constants}


def test_the_table_of_log_lines_has_the_events_of_the_code() -> None:
    assert documented_events() == events_in_code() | {"library"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "cause"), [(DatabaseUnavailable("away"), "away"), (KeyError("private"), None)]
)
async def test_what_ends_a_task_in_the_background_is_logged(
    error: Exception, cause: str | None
) -> None:
    async def fail() -> None:
        raise error

    with capture_logs() as logs:
        tasks = Tasks()
        tasks.start(fail())
        await tasks.finish()
        await asyncio.sleep(0)
    ((event, told),) = [(line["event"], line["cause"]) for line in logs]
    assert (event, told) == ("task_failed", cause)
