"""Counts of several processes, in files that their parent adds up each time it is asked.

The files are in a temporary folder, which a cleaner may remove. A process notices within a second,
makes it again, and counts from zero, which Prometheus takes for a restart.
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

FOLDER_VARIABLE = "CANDIDATE_WIDGET_METRICS_FOLDER"  # what the parent tells its workers
LIBRARYS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CHECK_SECONDS = 1.0
REMINDER_SECONDS = 60.0  # between two lines about a folder that cannot be made

log = structlog.get_logger()


def prepare() -> str | None:
    """Before the first metric is made: a worker counts in files, any other process by itself.

    Why this worker cannot, and counts for nobody; None where all is well.
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
    """In the parent: what the workers that it starts meanwhile have counted, dead ones included.

    Raises OSError where there is no temporary folder that can be written.
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
    """A file that one living process has locked. Its successor locks it again, and counts on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._take()
        self._check_at = time.monotonic() + CHECK_SECONDS

    def name(self) -> str:
        """What the names of this process's files end with; another one once they are gone."""
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
        """Locks the first file that no living process has. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path, self._file = next(
            (path, file)
            for number in count()
            if (file := _locked(path := self._folder / f"slot-{number}"))
        )
        # No other file has its inode number for as long as it is open, here or after its removal.
        self._name = str(os.fstat(self._file.fileno()).st_ino)


def _locked(path: Path) -> IO[str] | None:
    """The file, locked until it is closed; None where another process has it."""
    import fcntl  # not on Windows, where there is no need for it either

    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
