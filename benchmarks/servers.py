"""Starts the servers that are measured, and those that they are compared with."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from demo_ats.servers import free_ports, process_of, wait_until_ready
from tests.processes import KEY, Sandbox, Serve, Widget

CALM = 0.05  # a speed of the sandbox so low that no `Retry-After` and no analysis ends meanwhile


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def a_server(module: str, ready: str, *arguments: str) -> Iterator[Server]:
    """Runs `python -m module` during the block. `ready`: a path that answers when it is ready."""
    port = free_ports().sandbox
    command = [sys.executable, "-m", module, f"--port={port}", *arguments]
    with process_of(command, {}) as process:
        wait_until_ready(process, f"http://127.0.0.1:{port}{ready}")
        yield Server(port, process)


@contextmanager
def a_sandbox(speed: float) -> Iterator[Sandbox]:
    arguments = (f"--key={KEY}", f"--speed={speed}")
    with a_server("demo_ats.sandbox", "/openapi.json", *arguments) as server:
        yield Sandbox(f"http://127.0.0.1:{server.port}")


@contextmanager
def widgets(sandbox: Sandbox, database_url: str) -> Iterator[Serve]:
    """Yields a function that starts widgets on one database. They are stopped after the block."""
    serve = Serve(sandbox, database_url)
    try:
        yield serve
    finally:
        serve.stop()


@contextmanager
def a_widget(
    sandbox: Sandbox, database_url: str, workers: int = 1, **settings: str
) -> Iterator[Widget]:
    with widgets(sandbox, database_url) as serve:
        yield serve(workers=workers, WIDGET_LOG_FORMAT="json", **settings)
