"""The twin: the widget's work for a poll and for the embed page, done by Express in Node."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo_ats.servers import LOOPBACK, free_ports, process_of, wait_until_ready

FOLDER = Path(__file__).parent / "express"
# Installed by npm at a locked version, because the system's may lack node:sqlite.
NODE = FOLDER / "node_modules" / ".bin" / "node"
INSTALL = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]


@dataclass(frozen=True, slots=True)
class Express:
    port: int
    host_token: str
    process: subprocess.Popen[bytes]


@contextmanager
def twin(folder: Path) -> Iterator[Express | None]:
    """Yields the Express server, with its database in `folder`.

    Without npm, which is needed to install it, prints that and yields None.
    """
    npm = shutil.which("npm")
    if npm is None:
        print("Express is left out of the comparison: there is no npm to install it with.")
        yield None
        return
    subprocess.run([npm, *INSTALL, "--prefix", FOLDER], check=True, stdout=subprocess.DEVNULL)
    port = free_ports().widget
    token = secrets.token_urlsafe(24)
    environment = {
        "NODE_ENV": "production",
        "WIDGET_SECRET_KEY": secrets.token_urlsafe(48),
        "WIDGET_HOST_TOKEN": token,
    }
    command = [str(NODE), str(FOLDER / "server.js"), str(port), str(folder / "express.db")]
    with process_of(command, environment) as process:
        wait_until_ready(process, f"http://{LOOPBACK}:{port}/healthz")
        yield Express(port, token, process)
