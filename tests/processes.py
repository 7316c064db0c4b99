"""Processes of the widget that can be killed, and the sandbox that tells what they did."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from demo_ats.servers import LOOPBACK, free_ports, local, process_of, wait_until_ready

KEY = "ats_reliability_tests"
SPEED = 20
CONNECTIONS = 500

Process = subprocess.Popen[bytes]


@dataclass
class Sandbox:
    origin: str

    @property
    def ledger(self) -> dict[str, Any]:
        ledger: dict[str, Any] = local.get(f"{self.origin}/ledger").json()
        return ledger

    def calls(self, method: str) -> list[dict[str, Any]]:
        return [call for call in self.ledger["requests"] if call["method"] == method]

    def violations(self, kind: str) -> list[dict[str, Any]]:
        return [call for call in self.ledger["violations"] if call["violation"] == kind]

    def bills(self) -> list[str]:
        return [bill["candidate_id"] for bill in self.ledger["billed"]]


@dataclass
class Widget:
    """`kill` and `start` as often as a test likes: the address and the settings stay."""

    port: int
    environment: dict[str, str]
    module: str
    workers: int
    processes: list[Process] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def host_token(self) -> str:
        return self.environment["WIDGET_HOST_TOKEN"]

    @property
    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", self.module, "serve"),
            *(f"--port={self.port}", f"--workers={self.workers}"),
        ]

    def start(self) -> None:
        process = self._stack.enter_context(process_of(self.command, self.environment))
        self.processes.append(process)
        wait_until_ready(process, f"{self.origin}/readyz")

    def kill(self) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()

    def stop(self) -> None:
        self._stack.close()

    def browser(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self.origin,
            timeout=60,
            limits=httpx2.Limits(max_connections=CONNECTIONS),
            trust_env=False,
        )


class Serve:
    def __init__(self, sandbox: Sandbox, database_url: str) -> None:
        self._secrets = {
            "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
            "WIDGET_HOST_TOKEN": secrets.token_urlsafe(24),
            "WIDGET_PARTNER_API_KEY": KEY,
            "WIDGET_PARTNER_API_URL": sandbox.origin,
            "WIDGET_ALLOWED_ORIGINS": "http://localhost:8000",
            "WIDGET_DATABASE_URL": database_url,
        }
        self._widgets: list[Widget] = []

    def __call__(self, module: str = "widget", workers: int = 1, **settings: str) -> Widget:
        widget = self.prepared(module, workers, **settings)
        widget.start()
        return widget

    def prepared(self, module: str = "widget", workers: int = 1, **settings: str) -> Widget:
        port = free_ports().widget
        environment = {**self._secrets, "WIDGET_PUBLIC_URL": f"http://{LOOPBACK}:{port}"}
        widget = Widget(port, environment | settings, module, workers)
        self._widgets.append(widget)
        return widget

    def stop(self) -> None:
        for widget in self._widgets:
            widget.stop()


@contextmanager
def a_sandbox(speed: float = SPEED) -> Iterator[Sandbox]:
    port = free_ports().sandbox
    origin = f"http://{LOOPBACK}:{port}"
    command = [
        *(sys.executable, "-m", "demo_ats.sandbox"),
        *(f"--port={port}", f"--key={KEY}", f"--speed={speed}"),
    ]
    with process_of(command, {}) as process:
        wait_until_ready(process, f"{origin}/openapi.json")
        yield Sandbox(origin)
