"""`candidate-widget serve` with faults in it, whose messages say what nobody may read in a log."""

import asyncio
import gc
import logging
import sys
from collections.abc import Mapping
from typing import Any

from widget.__main__ import main
from widget.model import EmbedSession
from widget.sessions import Sessions

open_session = Sessions.open


async def open_with_faults(
    sessions: Sessions, request: Mapping[str, Any], appearance: Mapping[str, str], **limits: Any
) -> tuple[str, EmbedSession]:
    match request["language"]:
        case "raise":
            raise ValueError(f"cannot open a session for {request}")
        case "forget":
            task = asyncio.create_task(fail(request))
            await asyncio.wait([task])
            del task
            gc.collect()
        case "library":
            logging.getLogger("library").error("refused %s", request)
    return await open_session(sessions, request, appearance, **limits)


async def fail(request: Mapping[str, Any]) -> None:
    raise KeyError(request["candidate"]["first_name"])


Sessions.open = open_with_faults  # type: ignore[method-assign,assignment]

if __name__ == "__main__":
    sys.exit(main())
