"""Tasks in the background, kept until they end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from widget.transactions import DatabaseUnavailable

log = structlog.get_logger()


class Tasks(set[asyncio.Task[Any]]):
    """The tasks that have not ended. The event loop itself keeps only weak references to tasks."""

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts a task. If an exception ends it, that is logged."""
        task = asyncio.create_task(work)
        self.add(task)
        task.add_done_callback(self.discard)
        task.add_done_callback(_log_failure)
        return task

    async def finish(self, seconds: float | None = None) -> None:
        """Waits until all tasks have ended, for `seconds` at most."""
        if self:
            await asyncio.wait(self, timeout=seconds)


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        cause = str(error) if isinstance(error, DatabaseUnavailable) else None
        log.error("task_failed", cause=cause, exc_info=error)
