"""Starts the three servers of the demo, each in its own process, and stops them."""

import base64
import os
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, replace
from itertools import islice
from pathlib import Path

import httpx2

LOOPBACK = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 10
POLL_SECONDS = 0.05

# The environment may set a proxy for the internet. The servers must not use it among themselves.
DIRECT = {"NO_PROXY": f"localhost,{LOOPBACK}", "no_proxy": f"localhost,{LOOPBACK}"}

# Trusts no certificate. The addresses are all http, and loading the system's certificates is slow.
NO_AUTHORITY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

# For servers on this machine. They restart often, so no connection is kept.
local = httpx2.Client(
    trust_env=False,
    verify=NO_AUTHORITY,
    limits=httpx2.Limits(max_keepalive_connections=0),
)


class CannotStart(Exception):
    """The message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Ports:
    ats: int
    widget: int
    sandbox: int


USUAL = Ports(8000, 8001, 8002)
# Systems choose higher ports by themselves, so none gives one of these to another program before
# the caller listens on it.
PORTS_TO_TRY = range(20_000, 32_768)
TRIES = 100


@dataclass(frozen=True, slots=True)
class Demo:
    """The servers' origins. The ATS is `localhost`, the widget `127.0.0.1`: two sites."""

    ats: str
    widget: str
    sandbox: str
    host_token: str


def free_ports() -> Ports:
    """Three different ports that no program listens on at the moment."""
    tried = secrets.SystemRandom().sample(PORTS_TO_TRY, TRIES)
    return Ports(*islice(filter(_is_free, tried), 3))


def free_port() -> int:
    return free_ports().widget


def ports_for(ats: int | None) -> Ports:
    """`ats` and two free ports. If `ats` is None: each usual port, or a free one if it is taken."""
    free = free_ports()
    if ats:
        return replace(free, ats=ats)
    pairs = zip(astuple(USUAL), astuple(free), strict=True)
    return Ports(*(usual if _is_free(usual) else other for usual, other in pairs))


@contextmanager
def running(
    ports: Ports, speed: float = 1, widget_settings: Mapping[str, str] | None = None
) -> Iterator[Demo]:
    """Runs the three servers within the block. `speed` divides the sandbox's times.

    `widget_settings` override the demo's environment for the widget. Raises CannotStart.
    """
    demo = Demo(
        ats=f"http://localhost:{ports.ats}",
        widget=f"http://{LOOPBACK}:{ports.widget}",
        sandbox=f"http://{LOOPBACK}:{ports.sandbox}",
        host_token=secrets.token_urlsafe(32),
    )
    key = f"ats_{secrets.token_urlsafe(24)}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candidate-widget-")))
        environment = _widget_environment(demo, key, folder) | dict(widget_settings or {})
        for port in (ports.sandbox, ports.widget, ports.ats):
            if not _is_free(port):
                raise CannotStart(f"Port {port} is taken by another program.")
        commands = [
            (_sandbox(ports, key, speed), {}, f"{demo.sandbox}/openapi.json"),
            (_widget(ports), environment, f"{demo.widget}/readyz"),
            (_ats(ports, demo), _ats_environment(environment), f"{demo.ats}/healthz"),
        ]
        processes = [
            (stack.enter_context(process_of(command, extra)), address)
            for command, extra, address in commands
        ]
        for process, address in processes:
            wait_until_ready(process, address)
        yield demo


def _sandbox(ports: Ports, key: str, speed: float) -> list[str]:
    return _module(
        "demo_ats.sandbox", f"--port={ports.sandbox}", f"--key={key}", f"--speed={speed}"
    )


def _widget(ports: Ports) -> list[str]:
    return _module("widget", "serve", f"--host={LOOPBACK}", f"--port={ports.widget}")


def _ats(ports: Ports, demo: Demo) -> list[str]:
    return _module(
        "demo_ats.ats",
        f"--port={ports.ats}",
        f"--widget-url={demo.widget}",
        f"--sandbox-url={demo.sandbox}",
    )


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _widget_environment(demo: Demo, key: str, folder: Path) -> dict[str, str]:
    return {
        "WIDGET_PARTNER_API_URL": demo.sandbox,
        "WIDGET_PARTNER_API_KEY": key,
        "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
        "WIDGET_HOST_TOKEN": demo.host_token,
        "WIDGET_ALLOWED_ORIGINS": demo.ats,
        "WIDGET_PUBLIC_URL": demo.widget,
        "WIDGET_DATABASE_URL": f"sqlite:///{folder / 'widget.db'}",
        "WIDGET_EVENTS_URL": f"{demo.ats}/webhooks/candidate-intelligence",
        "WIDGET_EVENTS_SECRET": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }


def _ats_environment(widget: Mapping[str, str]) -> dict[str, str]:
    return {
        "ATS_WIDGET_TOKEN": widget["WIDGET_HOST_TOKEN"],
        "ATS_EVENTS_SECRET": widget["WIDGET_EVENTS_SECRET"],
    }


@contextmanager
def process_of(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process during the block, then terminates it, or kills it after STOP_SECONDS.

    It has its own session, so Ctrl-C in the terminal reaches only the caller, who then ends the
    block. `environment` is added to the caller's.
    """
    process = subprocess.Popen(  # noqa: S603
        command, env={**os.environ, **DIRECT, **environment}, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As uvicorn does. Otherwise a port that a server has just left counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    """Returns when `address` answers with a success.

    Raises CannotStart if the process ends first, or after START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"{' '.join(process.args[1:3])} ended at its start.")  # type: ignore[index,arg-type]
        if _answers(address):
            return
        time.sleep(POLL_SECONDS)
    raise CannotStart(f"{address} did not answer within {START_SECONDS} seconds.")


def _answers(address: str) -> bool:
    try:
        return local.get(address).is_success
    except httpx2.TransportError:
        return False
