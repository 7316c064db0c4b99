"""Work that takes long, done in a thread so that the event loop goes on.

One thread is enough. More would only compete for the interpreter's lock, with each other and with
the event loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

T = TypeVar("T")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")


async def in_background(work: Callable[..., T], *arguments: object) -> T:
    """Calls `work` in the thread, with the caller's context variables. Returns what it returns."""
    call = partial(copy_context().run, work, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_thread, call)


async def at_once(work: Callable[..., T], *arguments: object) -> T:
    """The same on the event loop, for work that takes less than a millisecond."""
    return work(*arguments)
