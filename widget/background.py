"""Work that takes long, done by one thread beside the event loop.

Only one, as more would do no more: they would compete for the interpreter's lock with each other
and with the event loop.
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
    """What `work` returns or raises. It sees the context variables of its caller."""
    call = partial(copy_context().run, work, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_thread, call)


async def at_once(work: Callable[..., T], *arguments: object) -> T:
    """The same on the event loop, for what takes no time."""
    return work(*arguments)
