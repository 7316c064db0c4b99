import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest

from demo_ats import servers
from demo_ats.servers import LOOPBACK, CannotStart, Ports, free_ports, local, ports_for, running

DEMO = [sys.executable, "-m", "demo_ats", "--speed=20"]
PATIENCE_SECONDS = 30


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_free_ports_are_three_different_ones() -> None:
    ports = free_ports()

    assert len({ports.ats, ports.widget, ports.sandbox}) == 3


def test_where_a_usual_port_is_taken_a_free_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_ports()
    with taken_port() as taken:
        monkeypatch.setattr(servers, "USUAL", replace(free, widget=taken))
        found = ports_for(None)

    assert (found.ats, found.sandbox) == (free.ats, free.sandbox)
    assert found.widget != taken


def test_a_port_that_is_taken_is_named_before_anything_starts() -> None:
    free = free_ports()
    with (
        taken_port() as port,
        pytest.raises(CannotStart, match=f"^Port {port} is taken"),
        running(Ports(free.ats, port, free.sandbox)),
    ):
        pytest.fail("It started.")


def test_on_the_command_line_a_taken_port_is_one_line_and_status_1() -> None:
    with taken_port() as port:
        ended = subprocess.run(
            [*DEMO, f"--port={port}"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [f"Port {port} is taken by another program."]


def test_a_server_that_ends_at_its_start_stops_the_others_and_is_named() -> None:
    ports = free_ports()

    with (
        pytest.raises(CannotStart, match="widget ended at its start"),
        running(ports, widget_settings={"WIDGET_SESSION_TTL": "soon"}),
    ):
        pytest.fail("It started.")

    assert nobody_listens(ports)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_says_where_it_is_asks_no_proxy_and_a_signal_stops_it_without_a_trace(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports().ats
    monkeypatch.setenv("HTTP_PROXY", f"http://{LOOPBACK}:{free_ports().ats}")  # nobody there
    with subprocess.Popen(
        [*DEMO, f"--port={port}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        giving_up = threading.Timer(PATIENCE_SECONDS, demo.kill)
        giving_up.start()
        assert demo.stdout is not None
        welcome = until("Ctrl-C", demo.stdout)
        page = httpx2.get(f"http://localhost:{port}/candidates/test_existing", trust_env=False)
        with local.stream("GET", f"http://localhost:{port}/board/changes") as open_board:
            assert open_board.is_success
            demo.send_signal(number)
            _, errors = demo.communicate()
        giving_up.cancel()

    assert f"http://localhost:{port}/integration" in welcome
    widget = re.search(r'<iframe[^>]+src="http://127\.0\.0\.1:(\d+)/embed/', page.text)
    sandbox = re.search(r"sandbox: http://127\.0\.0\.1:(\d+)", welcome)
    assert widget is not None
    assert sandbox is not None
    assert demo.returncode == 0
    assert "Traceback" not in errors
    assert nobody_listens(Ports(port, int(widget[1]), int(sandbox[1])))


def until(word: str, lines: Iterable[str]) -> str:
    """The lines up to the first one with the word."""
    read = []
    for line in lines:
        read.append(line)
        if word in line:
            break
    return "".join(read)


def nobody_listens(ports: Ports) -> bool:
    with socket.socket() as ats, socket.socket() as widget, socket.socket() as sandbox:
        results = [
            ats.connect_ex((LOOPBACK, ports.ats)),
            widget.connect_ex((LOOPBACK, ports.widget)),
            sandbox.connect_ex((LOOPBACK, ports.sandbox)),
        ]
    return all(results)
