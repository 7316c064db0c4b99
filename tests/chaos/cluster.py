"""A primary with its standby, and PgBouncer."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from demo_ats.servers import free_port
from tests import postgres
from tests.postgres import PostgreSQL, unprivileged_user

MAX_CONNECTIONS = 40
OPTIONS = f"-c max_connections={MAX_CONNECTIONS} -c hot_standby=on"
START_SECONDS = 10


class Cluster:
    """`primary` and `standby` change places in a failover."""

    def __init__(self, primary: PostgreSQL, standby: PostgreSQL) -> None:
        self.primary = primary
        self.standby = standby

    def execute(self, *statements: str) -> None:
        with admin(self.primary) as connection:
            for statement in statements:
                connection.execute(statement)

    def fail_over(self) -> None:
        """The standby becomes the primary. The old primary is stopped before, in order."""
        self.primary.stop("fast")
        self.standby.run("pg_ctl", "promote", "--wait")
        self.primary, self.standby = self.standby, self.primary

    def follow(self) -> None:
        """The old primary comes back as the standby of the new one."""
        (self.standby.data / "standby.signal").touch()
        with (self.standby.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{_address(self.primary)}'\n")
        self.standby.start()

    def end_connections(self) -> None:
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    @contextmanager
    def full(self) -> Iterator[None]:
        """Other programs hold every connection that they can get."""
        with ExitStack() as stack:
            try:
                for _ in range(MAX_CONNECTIONS):
                    stack.enter_context(admin(self.primary))
            except psycopg.OperationalError:
                pass
            yield


@contextmanager
def running() -> Iterator[Cluster]:
    with postgres.running(OPTIONS) as primary, postgres.prepared(OPTIONS) as standby:
        standby.run(
            "pg_basebackup",
            f"--dbname={_address(primary)}",
            *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        )
        standby.start()
        yield Cluster(primary, standby)


@contextmanager
def pgbouncer(server: PostgreSQL, mode: str, size: int) -> Iterator[int]:
    """Its port. It keeps `size` connections to the server, and accepts many more."""
    folder = Path(tempfile.mkdtemp(prefix="candidate-widget-"))
    user = unprivileged_user()
    if user:
        shutil.chown(folder, user)
    port = free_port()
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={server.port} user=widget\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n"
        f"max_client_conn = 200\nlogfile = {folder / 'log'}\n"
    )
    command = [_program("pgbouncer"), "--quiet", str(settings)]
    process = subprocess.Popen(command, user=user, cwd=folder)
    try:
        _wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def missing() -> list[str]:
    """The packages of Debian without which nothing can be tried here."""
    backup = [*postgres.SYSTEM.glob("*/bin/pg_basebackup"), shutil.which("pg_basebackup")]
    return [
        *([] if any(backup) else ["postgresql"]),
        *([] if _program("pgbouncer") else ["pgbouncer"]),
    ]


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or ""


def admin(server: PostgreSQL) -> psycopg.Connection[Any]:
    return psycopg.connect(server.url, autocommit=True)


def _address(server: PostgreSQL) -> str:
    return f"host=127.0.0.1 port={server.port} user=widget"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://widget@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
