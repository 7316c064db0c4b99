"""Serves the widget, in this process or in several workers that this process restarts."""

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from widget import metrics, shared_counts
from widget.app import create_worker
from widget.connection import MAX_CONNECTIONS, Connection
from widget.limits import LIMITS, Limits
from widget.settings import Settings
from widget.telemetry import SERVER_LOGGER, configure_logging

GRACEFUL_STOP_SECONDS = 4  # plus the application's own stop: less than Docker's ten seconds
HUNG_SECONDS = 15  # a worker that has not answered the supervisor's ping for so long is replaced
KEEP_ALIVE_SECONDS = 75  # longer than proxies', so that they never reuse a closed connection

log = structlog.get_logger()


def serve(settings: Settings, host: str, port: int, workers: int, limits: Limits = LIMITS) -> int:
    """Serves until a signal stops it. Returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    configure_logging(settings.log_format)
    # Workers get the settings as they are now: the files of secrets may change before one starts.
    config = _config(partial(create_worker, settings, limits), host, port, workers)
    try:
        with _metrics_port(settings.metrics_port, workers):
            listener = config.bind_socket()
            log.info("listening", address=_address(listener), workers=workers)
            if workers > 1:
                return _supervise(config, listener)
            uvicorn.Server(config).run([listener])  # raises SystemExit, or KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    return 0


def _config(create: Callable[[], ASGIApp], host: str, port: int, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        create,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_worker_healthcheck=HUNG_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )


@contextmanager
def _metrics_port(port: int | None, workers: int) -> Iterator[None]:
    """Serves metrics within this block: those of all workers that are started in it."""
    with ExitStack() as stack:
        if port is not None:
            try:
                several = shared_counts.of_all_workers() if workers > 1 else None
                registry = stack.enter_context(several) if several else metrics.REGISTRY
                metrics.serve(port, registry)
            except OSError as error:
                what = f"{port} cannot be used: {error.strerror}"
                print(f"WIDGET_METRICS_PORT: {what}", file=sys.stderr)
                sys.exit(STARTUP_FAILURE)
        yield


def _address(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _supervise(config: uvicorn.Config, listener: socket.socket) -> int:
    logging.getLogger(SERVER_LOGGER).setLevel(logging.INFO)  # logs which worker died, and when
    supervisor = Multiprocess(config, [listener])
    supervisor.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return STARTUP_FAILURE if failed else 0
