"""Metrics of several worker processes, in files that their parent adds up for each scrape.

The files are in a temporary folder, which some system may clean up. A worker notices that within a
second, creates the folder again and counts from zero. Prometheus handles that as a restart.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO

import structlog
from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE = "CANDIDATE_WIDGET_METRICS_FOLDER"  # set by the parent for its workers
LIBRARYS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CHECK_SECONDS = 1.0
REMINDER_SECONDS = 60.0  # between two log lines about a folder that cannot be created

log = structlog.get_logger()


def prepare() -> str | None:
    """Has a worker count in files, and any other process in memory.

    Must be called before the first metric is created. Returns why this worker cannot use files, so
    that its metrics are not served; None if it can.
    """
    values.ValueClass = values.MutexValue
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return None
    os.environ[LIBRARYS_VARIABLE] = folder
    try:
        slot = _Slot(Path(folder))
    except OSError as error:
        return error.strerror
    values.ValueClass = values.MultiProcessValue(slot.name)  # type: ignore[no-untyped-call]
    return None


@contextmanager
def of_all_workers() -> Iterator[CollectorRegistry]:
    """In the parent: the sums over all workers that are started in this block, dead or alive.

    Raises OSError if no temporary folder can be written.
    """
    prefix = "candidate-widget-metrics-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        try:
            yield registry
        finally:
            del os.environ[FOLDER_VARIABLE]


class _Slot:
    """A lock file per living worker, whose inode number names the worker's metrics files.

    The successor of a dead worker locks the same file, and counts on in the same metrics files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._take()
        self._check_at = time.monotonic() + CHECK_SECONDS

    def name(self) -> str:
        """The suffix of this process's metrics files. It changes when they have been removed."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + CHECK_SECONDS
            if not self._is_there():
                self._replace(now)
        return self._name

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def _replace(self, now: float) -> None:
        lost = self._file
        try:
            self._take()
        except OSError as error:
            log.error("metrics_lost", cause=error.strerror)
            self._check_at = now + REMINDER_SECONDS
        else:
            lost.close()
            log.warning("metrics_began_again")

    def _take(self) -> None:
        """Locks the first file that no living process has locked. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path, self._file = next(
            (path, file)
            for number in count()
            if (file := _locked(path := self._folder / f"slot-{number}"))
        )
        # While the file is open, no other file has its inode number, even if it was removed.
        self._name = str(os.fstat(self._file.fileno()).st_ino)


def _locked(path: Path) -> IO[str] | None:
    """The file, locked until it is closed, or None if another process has locked it."""
    import fcntl  # missing on Windows, where this is not called

    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
