"""Logs: what happened, but never to whom.

A line names the route, such as `/embed/{token}`, because the path itself contains the token. It
names an exception's type and place, because its message and variables may contain a person's name.
"""

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from traceback import walk_tb
from typing import Any, Literal

import structlog
from prometheus_client import Histogram
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from widget import metrics

QUIET_ROUTES = {"/healthz", "/readyz"}
NO_ROUTE = "-"
METHODS = {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}  # what a label may say
SERVER_LOGGER = "uvicorn.error"
REQUEST_ID_HEADER = "X-Request-Id"
REQUEST_ID_NAME = b"x-request-id"  # as ASGI has it
REQUEST_ID_BYTES = 12
MAX_PLACES = 12
JSON = json.JSONEncoder(default=repr)
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

log = structlog.get_logger()


def configure_logging(log_format: Literal["json", "text"]) -> None:
    """One line per event on standard error, for the widget's own events and its libraries'."""
    last: Processor = (
        _as_json
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[_complete, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_library], processors=[_tidy, _complete, last]
        )
    )
    handler.addFilter(_is_no_repetition)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def silence() -> None:
    """Turns logs off, for commands that print their own results."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def request_id() -> str:
    """The id of the current request, or a new id in a task that belongs to no request."""
    known = get_contextvars().get("request_id")
    if known is None:
        known = secrets.token_urlsafe(REQUEST_ID_BYTES)
        bind_contextvars(request_id=known)
    return str(known)


def client_address(scope: Scope) -> str | None:
    """The client's IP address, by a trusted proxy's account if there is one. None if unknown."""
    host, _ = scope.get("client") or ("", 0)
    try:
        return str(ip_address(host))
    except ValueError:
        return None


class AccessLog:
    """Middleware: logs and measures each request, and gives it an id.

    `routes`: a request's route is named by its path with parameters in braces.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[Route]) -> None:
        self._app = app
        self._addresses: dict[Any, str] = {route.endpoint: route.path_format for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered_id = _begin(scope)
        status = 500
        started = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((REQUEST_ID_NAME, answered_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            log.error("request_failed", route=self._route(scope), exc_info=True)
            raise
        finally:
            seconds = time.perf_counter() - started
            _record_request(scope["method"], self._route(scope), status, seconds)

    def _route(self, scope: Scope) -> str:
        return self._addresses.get(scope.get("endpoint"), NO_ROUTE)


def _begin(scope: Scope) -> str:
    """Binds the request's id to all log lines: the caller's own if it is well-formed."""
    given = next((v.decode("latin-1") for n, v in scope["headers"] if n == REQUEST_ID_NAME), "")
    clear_contextvars()
    if WELL_FORMED_ID.fullmatch(given):
        bind_contextvars(request_id=given)
    return request_id()


def _record_request(method: str, route: str, status: int, seconds: float) -> None:
    label = method if method in METHODS else "other"
    _timer(label, route, f"{status // 100}xx").observe(seconds)
    if route not in QUIET_ROUTES or status >= 500:
        log.info(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


@cache
def _timer(method: str, route: str, status: str) -> Histogram:
    """`labels` takes a lock and looks at each label, every time."""
    return metrics.request_seconds.labels(method, route, status)


def _complete(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """What every line has comes first, and what there is not is left out.

    One function, because each line of a request goes through it.
    """
    _locate_exception(event)
    moment = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {"timestamp": moment, "level": level, "event": event.pop("event")}
    details = {**get_contextvars(), **event}
    return line | {name: value for name, value in details.items() if value is not None}


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return JSON.encode(event)


def _locate_exception(event: EventDict) -> None:
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = list(_places(error))


def _places(error: BaseException) -> Iterator[str]:
    """The frames of an exception, the innermost last: `widget/runs.py:120 _post`."""
    for frame, line in list(walk_tb(error.__traceback__))[-MAX_PLACES:]:
        code = frame.f_code
        yield f"{'/'.join(Path(code.co_filename).parts[-2:])}:{line} {code.co_name}"


def _name_library(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Logs a library's message: uvicorn's in full, others' without their arguments."""
    record: logging.LogRecord = event["_record"]
    said = event["event"] if record.name == SERVER_LOGGER else record.msg
    message = str(said).strip().splitlines()[:1]
    event.update(event="library", logger=record.name, message="".join(message))
    return event


def _is_no_repetition(record: logging.LogRecord) -> bool:
    """Drops uvicorn's messages on errors that `request_failed` or `start_failed` have logged."""
    return not str(record.msg).startswith(("Exception in ASGI application", "Traceback"))


def _tidy(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)
