"""`candidate-widget serve` as a process: how it starts, counts, holds and stops."""

import errno
import json
import os
import re
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

from demo_ats.servers import LOOPBACK, free_port, local, process_of, wait_until_ready
from tests.widget.client import open_session
from tests.widget.people import TOMAS
from tests.widget.widget_process import HOST_TOKEN, some_environment
from widget import answers, connection, json_body, serving, shared_counts
from widget.app import FINISH_SECONDS
from widget.limits import LIMITS

OPERATIONS = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()
PATIENCE_SECONDS = 60
STOP_SECONDS = 10
HTMX = {"HX-Request": "true"}

OPENED = "candidate_widget_sessions_opened_total"
SESSIONS = 20


class Partner:
    """A Partner API that, while it is held, takes a POST and does not answer it."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.released.set()
        self.server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self.server.daemon_threads = True

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.server.server_port}"

    def hold(self) -> None:
        self.arrived.clear()
        self.released.clear()

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
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx2.Client(
            base_url=f"http://{LOOPBACK}:{self.port}",
            timeout=PATIENCE_SECONDS,
            limits=httpx2.Limits(max_keepalive_connections=0),  # any worker may answer
            trust_env=False,
        )

    def shows(self, state: str, base: str) -> bool:
        return f'data-state="{state}"' in self.http.get(f"{base}/run", headers=HTMX).text

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


@pytest.fixture
def environment(partner: Partner, tmp_path: Path) -> dict[str, str]:
    database_url = f"sqlite:///{tmp_path / 'widget.db'}"
    return some_environment(database_url, partner_api_url=partner.origin)


@contextmanager
def a_widget(environment: dict[str, str], workers: int = 1) -> Iterator[Server]:
    port = free_port()
    with process_of(command(port, workers), environment) as process:
        wait_until_ready(process, f"http://{LOOPBACK}:{port}/readyz")
        server = Server(process, port)
        with server.http:
            yield server


def command(port: int, workers: int) -> list[str]:
    return [sys.executable, "-m", "widget", "serve", f"--port={port}", f"--workers={workers}"]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def refused_start(
    environment: dict[str, str], port: int, workers: int = 1
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(port, workers),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


# A start that is refused


@pytest.mark.parametrize("workers", [1, 2])
def test_a_database_that_cannot_be_used_is_one_line_and_no_success(
    environment: dict[str, str], tmp_path: Path, workers: int
) -> None:
    (tmp_path / "widget.db-wal").mkdir()
    environment["WIDGET_DATABASE_URL"] = f"sqlite:///{tmp_path / 'widget.db'}"
    ended = refused_start(environment, free_port(), workers)
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    failures = [event for event in events if event["event"] == "start_failed"]
    assert ended.returncode == 3
    assert failures[0]["cause"] in {"disk I/O error", "unable to open database file"}


def test_a_port_that_is_taken_stops_the_start(environment: dict[str, str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        ended = refused_start(environment, taken.getsockname()[1])
    assert ended.returncode == 3
    assert "Address already in use" in ended.stderr


def test_a_metrics_port_that_is_taken_is_one_line_and_nothing_starts(
    environment: dict[str, str],
) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        environment["WIDGET_METRICS_PORT"] = str(taken.getsockname()[1])
        ended = refused_start(environment, free_port(), workers=2)
    assert ended.returncode == 3
    (line,) = ended.stderr.splitlines()
    assert line.startswith("WIDGET_METRICS_PORT: ")


# From a start to its stop


@pytest.fixture
def metrics_port(environment: dict[str, str]) -> int:
    port = free_port()
    environment["WIDGET_METRICS_PORT"] = str(port)
    return port


def test_one_process_counts_refuses_large_headers_and_stops_in_time(
    environment: dict[str, str], partner: Partner, metrics_port: int
) -> None:
    with a_widget(environment) as server:
        expect_metrics_to_be_served_to_this_machine_alone(metrics_port)
        expect_counts_of_what_is_done(server, metrics_port)
        expect_large_headers_to_be_refused(server)
        partner.hold()
        with unfinished_request(server):
            server.click(open_session(server.http, TOMAS))
            assert partner.arrived.is_set()
            server.process.send_signal(signal.SIGTERM)
            expect_to_stop(server)


def test_workers_count_together_are_replaced_and_keep_a_run_when_they_stop(
    environment: dict[str, str], partner: Partner, metrics_port: int, tmp_path: Path
) -> None:
    """Those that start later have the same secrets, even where the file of one is no longer there,
    as in a pipe or once it was replaced."""
    file = tmp_path / "token"
    file.write_text(environment["WIDGET_HOST_TOKEN"])
    variables = environment | {"WIDGET_HOST_TOKEN": "", "WIDGET_HOST_TOKEN_FILE": str(file)}
    with a_widget(variables, 2) as server:
        file.unlink()
        expect_counts_of_what_is_done(server, metrics_port)
        for replace, opened in ((reload, SESSIONS + 1), (kill_workers, SESSIONS + 2)):
            replace(server)
            until(lambda: server.http.get("/readyz").status_code == 200)
            open_session(server.http)
            assert sample(metrics_port, OPENED) == opened
        base = open_session(server.http, TOMAS)
        partner.hold()
        with unfinished_request(server), ThreadPoolExecutor() as background:
            click = background.submit(server.click, base)
            assert partner.arrived.wait(PATIENCE_SECONDS)
            server.process.send_signal(signal.SIGTERM)
            assert 'data-state="running"' in click.result().text
            partner.released.set()
            expect_to_stop(server)
    with a_widget(environment) as again:
        until(lambda: again.shows("open", base))


@pytest.fixture
def ctrl_c_heeded() -> Iterator[None]:
    """Programs that a shell runs in the background ignore Ctrl-C, and so do those they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_heeded")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_is_a_stop_like_any_other(
    environment: dict[str, str], workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with a_widget(environment, workers) as server:
        server.process.send_signal(signal.SIGINT)
        expect_to_stop(server)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("ctrl_c_heeded")
def test_a_second_ctrl_c_does_not_wait_for_requests(
    environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    with a_widget(environment) as server, unfinished_request(server):
        server.process.send_signal(signal.SIGINT)
        until(lambda: refuses_connections(server.port))
        server.process.send_signal(signal.SIGINT)
        assert server.stopped_after() < serving.GRACEFUL_STOP_SECONDS
        assert server.process.returncode == 0
    assert "Traceback" not in capfd.readouterr().err


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == errno.ECONNREFUSED


def test_a_worker_that_cannot_write_its_metrics_says_so_and_serves_on(
    environment: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    no_folder = tmp_path / "file"
    no_folder.touch()
    with a_widget(environment | {shared_counts.FOLDER_VARIABLE: str(no_folder)}) as server:
        open_session(server.http)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["cause"] for line in lines if line["event"] == "metrics_lost"] == ["File exists"]


def expect_counts_of_what_is_done(server: Server, metrics_port: int) -> None:
    base, *_ = [open_session(server.http) for _ in range(SESSIONS)]
    server.click(base)
    until(lambda: server.shows("open", base))
    for name, count in {
        OPENED: SESSIONS,
        "candidate_widget_runs_started_total": 1,
        'candidate_widget_runs_ended_total{outcome="completed"}': 1,
        "candidate_widget_report_seconds_count": 1,
    }.items():
        # A run is counted once it is stored, and may be seen in between.
        until(lambda: sample(metrics_port, name) >= count)  # noqa: B023
        assert sample(metrics_port, name) == count
    until(lambda: sample(metrics_port, "candidate_widget_sweeps_total") > 0)


def sample(port: int, name: str) -> float:
    text = local.get(f"http://{LOOPBACK}:{port}/metrics").text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def expect_metrics_to_be_served_to_this_machine_alone(port: int) -> None:
    listening = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def expect_large_headers_to_be_refused(server: Server) -> None:
    refused = server.http.get("/healthz", headers={"X-Long": "x" * connection.MAX_HEAD_BYTES})
    assert refused.status_code == 431
    with pytest.raises(ConnectionError):
        flood(server.port)
    assert server.http.get("/healthz").status_code == 200


def flood(port: int) -> None:
    """A request whose address does not end within a gigabyte."""
    with socket.create_connection((LOOPBACK, port)) as sender:
        for _ in range(1024):
            sender.sendall(b"x" * 1024 * 1024)


def reload(server: Server) -> None:
    """SIGHUP replaces one worker after the other."""
    before = set(server.workers())
    server.process.send_signal(signal.SIGHUP)
    until(lambda: len(server.workers()) == 2 and before.isdisjoint(server.workers()))


def kill_workers(server: Server) -> None:
    before = set(server.workers())
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - before) == 2)


@contextmanager
def unfinished_request(server: Server) -> Iterator[None]:
    """Somebody sends the head of a request, and never its body."""
    with socket.create_connection((LOOPBACK, server.port)) as sender:
        sender.sendall(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: widget\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\n"
            b"Authorization: Bearer " + HOST_TOKEN.encode() + b"\r\n\r\n"
        )
        yield


def expect_to_stop(server: Server) -> None:
    assert server.stopped_after() < STOP_SECONDS
    assert server.process.returncode == 0


# Documented


@pytest.mark.parametrize(
    "limit",
    [
        f"| {connection.MAX_HEAD_BYTES // 1024} KiB |",
        f"| {json_body.MAX_BODY_BYTES // 1024**2} MiB |",
        f"| {connection.RECEIVE_SECONDS:g} s |",
        f"| {connection.SEND_SECONDS:g} s |",
        f"| {serving.KEEP_ALIVE_SECONDS:g} s |",
        f"| {connection.MAX_CONNECTIONS} |",
        f"| {LIMITS.connections} |",
        f"| {LIMITS.call_seconds:g} s, {LIMITS.connect_seconds:g} s to connect |",
        f"| {answers.MAX_ANSWER_BYTES // 1024**2} MiB |",
        f"| {LIMITS.patience_seconds:g} s |",
        f"for up to {serving.GRACEFUL_STOP_SECONDS:g} s, waits up to {FINISH_SECONDS:g} s",
    ],
)
def test_each_limit_is_documented(limit: str) -> None:
    assert limit in OPERATIONS
