"""The CPU time and memory that processes have used, as Linux counts them."""

import subprocess
from collections.abc import Iterable
from pathlib import Path


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU seconds since the processes started. Other processes on the machine have no effect."""
    tasks = (task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) * 1024


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes that answer requests: the workers, or the process itself if it has none."""
    return [pid for pid in children(process.pid) if not _is_tracker(pid)] or [process.pid]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_tracker(pid: int) -> bool:
    """Whether it is multiprocessing's resource tracker, which is started beside the workers."""
    return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
