"""Serves the widget: in this process, or in several that this one keeps alive."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CollectorRegistry
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from widget import metrics
from widget.connection import MAX_CONNECTIONS, Connection
from widget.settings import Settings
from widget.telemetry import SERVER_LOGGER, configure_logging

GRACEFUL_STOP_SECONDS = 4  # with what the application needs to stop, below ten
HUNG_SECONDS = 15  # without a sign of life a worker is replaced; one that is only busy gives one
KEEP_ALIVE_SECONDS = 75  # longer than proxies keep theirs, so that none meets a closed connection


def serve(settings: Settings, host: str, port: int, workers: int) -> int:
    """Until a signal stops it. Returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    configure_logging(settings.log_format)
    config = _config(host, port, workers)
    try:
        with _metrics_port(settings.metrics_port, workers):
            return _supervise(config) if workers > 1 else _serve(config)
    except KeyboardInterrupt:
        return 0


def _config(host: str, port: int, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        "widget.app:create_app_from_environment",
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
    if port is None:
        yield
    elif workers == 1:
        _serve_metrics(port, metrics.REGISTRY)
        yield
    else:
        with metrics.of_all_workers() as registry:
            _serve_metrics(port, registry)
            yield


def _serve_metrics(port: int, registry: CollectorRegistry) -> None:
    try:
        metrics.serve(port, registry)
    except OSError as error:
        print(f"WIDGET_METRICS_PORT: {port} cannot be used: {error.strerror}", file=sys.stderr)
        sys.exit(STARTUP_FAILURE)


def _serve(config: uvicorn.Config) -> int:
    server = uvicorn.Server(config)
    server.run([config.bind_socket()])
    return 0 if server.started else STARTUP_FAILURE


def _supervise(config: uvicorn.Config) -> int:
    logging.getLogger(SERVER_LOGGER).setLevel(logging.INFO)  # which worker died, and when
    supervisor = Multiprocess(config, [config.bind_socket()])
    supervisor.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return STARTUP_FAILURE if failed else 0
