"""How long the widget takes to be ready, compared with Python importing its dependencies."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks.figures import Figure, ratio
from benchmarks.servers import CALM, a_sandbox, widgets
from demo_ats.servers import LOOPBACK, process_of
from tests.processes import Serve

ROUNDS = 5
TRY_SECONDS = 0.002
IMPORTS = (
    "import babel.dates, babel.messages, babel.numbers, babel.support, brotli, httptools, httpx2, "
    "itsdangerous, jinja2, platformdirs, prometheus_client, pydantic, pydantic_settings, "
    "sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite, starlette.applications, "
    "structlog, uvicorn, uvloop; from cryptography.fernet import Fernet"
)


async def figures() -> Sequence[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_sandbox(CALM) as sandbox,
        widgets(sandbox, f"sqlite:///{folder}/widget.db") as serve,
    ):
        ratios = [await _until_ready(serve) / _importing() for _ in range(ROUNDS)]
    reference = "Python importing the same dependencies"
    return [ratio("start of the process → ready", ratios, reference, 1.5, more=False)]


async def _until_ready(serve: Serve) -> float:
    widget = serve.prepared()
    started = time.perf_counter()
    with process_of(widget.command, widget.environment):
        while not await _is_ready(widget.port):  # noqa: ASYNC110 - another process
            await asyncio.sleep(TRY_SECONDS)
        return time.perf_counter() - started


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: widget\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")


def _importing() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - started
