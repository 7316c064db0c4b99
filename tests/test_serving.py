"""`candidate-widget serve` as a process: how it starts, counts, holds and stops."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo_ats.servers import LOOPBACK, local, process_of, wait_until_ready
from tests.widget.people import create_body
from widget import connection, json_body, network, partner_api, runs, serving
from widget.app import FINISH_SECONDS

OPERATIONS = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()
PATIENCE_SECONDS = 60
STOP_SECONDS = 10
HTMX = {"HX-Request": "true"}

each_number_of_workers = pytest.mark.parametrize("workers", [1, 2])


class Partner:
    """A Partner API that takes a POST and does not answer it before it is released."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self.server.daemon_threads = True

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                partner.arrived.set()
                partner.released.wait(PATIENCE_SECONDS)
                self._answer("queued")

            def do_GET(self) -> None:
                self._answer("completed", report={"summary": "Solid."})

            def _answer(self, status: str, **members: Any) -> None:
                body = json.dumps({"id": "analysis_1", "status": status, **members}).encode()
                self.send_response(200)
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        return Handler


@pytest.fixture
def partner() -> Iterator[Partner]:
    partner = Partner()
    thread = threading.Thread(target=partner.server.serve_forever)
    thread.start()
    yield partner
    partner.released.set()
    partner.server.shutdown()
    thread.join()
    partner.server.server_close()


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int
    token: str
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx2.Client(
            base_url=f"http://{LOOPBACK}:{self.port}",
            timeout=PATIENCE_SECONDS,
            limits=httpx2.Limits(max_keepalive_connections=0),  # any worker may answer
            trust_env=False,
        )

    def open_session(self) -> str:
        answer = self.http.post(
            "/api/v1/sessions",
            headers={"Authorization": f"Bearer {self.token}"},
            json=create_body(),
        )
        assert answer.status_code == 201
        return httpx2.URL(answer.json()["embed_url"]).path

    def click(self, base: str) -> httpx2.Response:
        return self.http.post(f"{base}/run", headers=HTMX)

    def workers(self) -> list[int]:
        return children_of(self.process.pid)

    def stopped_after(self) -> float:
        started = time.monotonic()
        self.process.wait(PATIENCE_SECONDS)
        return time.monotonic() - started


def children_of(pid: int) -> list[int]:
    """The worker processes, without the one that multiprocessing keeps for itself."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    children = [int(line) for line in found.stdout.split()]
    return [child for child in children if b"spawn_main" in command_of(child)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def environment(partner: Partner, tmp_path: Path) -> dict[str, str]:
    return {
        "WIDGET_PARTNER_API_URL": partner.origin,
        "WIDGET_PARTNER_API_KEY": "ats_serving_tests",
        "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
        "WIDGET_HOST_TOKEN": secrets.token_urlsafe(48),
        "WIDGET_ALLOWED_ORIGINS": "http://localhost:8000",
        "WIDGET_DATABASE_URL": f"sqlite:///{tmp_path / 'widget.db'}",
    }


@contextmanager
def a_widget(
    environment: dict[str, str], workers: int = 1, token: str | None = None
) -> Iterator[Server]:
    port = free_port()
    with process_of(command(port, workers), environment) as process:
        wait_until_ready(process, f"http://{LOOPBACK}:{port}/readyz")
        server = Server(process, port, token or environment["WIDGET_HOST_TOKEN"])
        with server.http:
            yield server


def command(port: int, workers: int) -> list[str]:
    return [sys.executable, "-m", "widget", "serve", f"--port={port}", f"--workers={workers}"]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def flood(port: int) -> None:
    """A request whose address does not end within a gigabyte."""
    with socket.create_connection((LOOPBACK, port)) as sender:
        for _ in range(1024):
            sender.sendall(b"x" * 1024 * 1024)


# Starting


@each_number_of_workers
def test_bad_settings_stop_the_start_with_a_line_for_each_variable(
    environment: dict[str, str], workers: int
) -> None:
    port = free_port()
    bad = {
        "WIDGET_SECRET_KEY": "short",
        "WIDGET_LEASE": "soon",
        "WIDGET_HOST_TOKEN": "",
        "WIDGET_DATABASE_URL": "postgresql://widget:private@host:port/name",
    }
    ended = subprocess.run(
        command(port, workers),
        env={**os.environ, **environment, **bad},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert sorted(line.partition(":")[0] for line in ended.stderr.splitlines()) == sorted(bad)
    assert "private" not in ended.stderr


@each_number_of_workers
def test_a_database_that_cannot_be_used_is_one_line_and_no_success(
    environment: dict[str, str], tmp_path: Path, workers: int
) -> None:
    (tmp_path / "folder.db").mkdir()
    environment["WIDGET_DATABASE_URL"] = f"sqlite:///{tmp_path / 'folder.db'}"
    ended = subprocess.run(
        command(free_port(), workers),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    failures = [event for event in events if event["event"] == "start_failed"]
    assert ended.returncode == 3
    assert len(failures) >= 1
    assert failures[0]["cause"] == "unable to open database file"


@each_number_of_workers
def test_a_port_that_is_taken_stops_the_start(environment: dict[str, str], workers: int) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        ended = subprocess.run(
            command(taken.getsockname()[1], workers),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    assert ended.returncode == 3
    assert "Address already in use" in ended.stderr


# Holding


def test_large_headers_are_refused_and_the_next_request_is_answered(
    environment: dict[str, str],
) -> None:
    with a_widget(environment) as server:
        refused = server.http.get("/healthz", headers={"X-Long": "x" * connection.MAX_HEAD_BYTES})
        assert refused.status_code == 431
        with pytest.raises(ConnectionError):
            flood(server.port)
        assert server.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "limit",
    [
        f"| {connection.MAX_HEAD_BYTES // 1024} KiB |",
        f"| {json_body.MAX_BODY_BYTES // 1024**2} MiB |",
        f"| {connection.RECEIVE_SECONDS:g} s |",
        f"| {connection.SEND_SECONDS:g} s |",
        f"| {serving.KEEP_ALIVE_SECONDS:g} s |",
        f"| {connection.MAX_CONNECTIONS} |",
        f"| {network.MAX_CONNECTIONS} |",
        f"| {partner_api.CALL_SECONDS:g} s, {network.CONNECT_SECONDS:g} s to connect |",
        f"| {partner_api.MAX_ANSWER_BYTES // 1024**2} MiB |",
        f"| {runs.PATIENCE_SECONDS:g} s |",
        f"for up to {serving.GRACEFUL_STOP_SECONDS:g} s, waits up to {FINISH_SECONDS:g} s",
    ],
)
def test_each_limit_is_documented(limit: str) -> None:
    assert limit in OPERATIONS


# Stopping


@each_number_of_workers
def test_sigterm_answers_what_is_being_asked_and_keeps_the_run(
    environment: dict[str, str], partner: Partner, workers: int
) -> None:
    with a_widget(environment, workers) as server, ThreadPoolExecutor() as background:
        base = server.open_session()
        click = background.submit(server.click, base)
        assert partner.arrived.wait(PATIENCE_SECONDS)
        server.process.send_signal(signal.SIGTERM)
        answer = click.result()
        partner.released.set()
        assert server.stopped_after() < STOP_SECONDS
        assert server.process.returncode == 0
    assert answer.status_code == 200
    assert 'data-state="running"' in answer.text
    with a_widget(environment, workers) as again:
        until(lambda: 'data-state="open"' in again.http.get(f"{base}/run", headers=HTMX).text)


@each_number_of_workers
def test_sigterm_does_not_wait_for_those_who_never_finish(
    environment: dict[str, str], partner: Partner, workers: int
) -> None:
    with (
        a_widget(environment, workers) as server,
        socket.create_connection((LOOPBACK, server.port)) as unfinished,
    ):
        base = server.open_session()
        unfinished.sendall(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: widget\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\n"
            b"Authorization: Bearer " + server.token.encode() + b"\r\n\r\n"
        )
        server.click(base)
        assert partner.arrived.is_set()
        server.process.send_signal(signal.SIGTERM)
        assert server.stopped_after() < STOP_SECONDS
        assert server.process.returncode == 0


def test_sighup_replaces_the_workers(environment: dict[str, str]) -> None:
    with a_widget(environment, workers=2) as server:
        before = set(server.workers())
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(server.workers()) == 2 and not before & set(server.workers()))
        assert server.http.get("/readyz").status_code == 200


# Counting


@pytest.fixture
def metrics_port(environment: dict[str, str]) -> int:
    port = free_port()
    environment["WIDGET_METRICS_PORT"] = str(port)
    return port


def sample(port: int, name: str) -> float:
    text = local.get(f"http://{LOOPBACK}:{port}/metrics").text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@each_number_of_workers
def test_metrics_count_what_all_workers_do(
    environment: dict[str, str], partner: Partner, metrics_port: int, workers: int
) -> None:
    partner.released.set()
    with a_widget(environment, workers) as server:
        bases = []
        for _ in range(20):
            bases.append(server.open_session())
        server.click(bases[0])
        until(lambda: 'data-state="open"' in server.http.get(f"{bases[0]}/run", headers=HTMX).text)
        until(lambda: sample(metrics_port, "candidate_widget_sweeps_total") > 0)
        assert sample(metrics_port, "candidate_widget_sessions_opened_total") == 20
        assert sample(metrics_port, "candidate_widget_runs_started_total") == 1
        assert sample(metrics_port, 'candidate_widget_runs_ended_total{outcome="completed"}') == 1
        assert sample(metrics_port, "candidate_widget_report_seconds_count") == 1


def test_what_a_worker_has_counted_outlives_it_and_its_successor_has_the_same_secrets(
    environment: dict[str, str], metrics_port: int, tmp_path: Path
) -> None:
    """Even where the file of one is no longer there, as in a pipe or once it was replaced."""
    name = "candidate_widget_sessions_opened_total"
    file = tmp_path / "token"
    file.write_text(environment["WIDGET_HOST_TOKEN"])
    variables = environment | {"WIDGET_HOST_TOKEN": "", "WIDGET_HOST_TOKEN_FILE": str(file)}
    with a_widget(variables, 2, environment["WIDGET_HOST_TOKEN"]) as server:
        file.unlink()
        for _ in range(10):
            server.open_session()
        before = server.workers()
        assert len(before) == 2
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        until(lambda: len(set(server.workers()) - set(before)) == 2)
        assert sample(metrics_port, name) == 10
        until(lambda: server.http.get("/readyz").status_code == 200)
        server.open_session()
        assert sample(metrics_port, name) == 11


def test_metrics_are_served_to_this_machine_alone(
    environment: dict[str, str], metrics_port: int
) -> None:
    with a_widget(environment):
        listening = Path("/proc/net/tcp").read_text()
        assert f"0100007F:{metrics_port:04X}" in listening
        assert f"00000000:{metrics_port:04X}" not in listening


@each_number_of_workers
def test_a_metrics_port_that_is_taken_is_one_line_and_nothing_starts(
    environment: dict[str, str], workers: int
) -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, 0)) as taken:
        environment["WIDGET_METRICS_PORT"] = str(taken.getsockname()[1])
        ended = subprocess.run(
            command(port, workers),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    assert ended.returncode == 3
    (line,) = ended.stderr.splitlines()
    assert line.startswith("WIDGET_METRICS_PORT: ")
