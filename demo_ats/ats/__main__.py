"""`python -m demo_ats.ats`: the ATS alone, beside a widget and a sandbox that run already."""

import argparse
import os
import sys

import uvicorn

from demo_ats.ats.app import create_app
from demo_ats.ats.settings import Settings

TOKEN_VARIABLE = "ATS_WIDGET_TOKEN"  # noqa: S105 - its name, not its value
GRACEFUL_STOP_SECONDS = 3


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        print(f"{TOKEN_VARIABLE} is required: the widget's WIDGET_HOST_TOKEN.", file=sys.stderr)
        return 2
    uvicorn.run(
        create_app(Settings(options.widget_url, options.sandbox_url, token)),
        host=options.host,
        port=options.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo_ats.ats", description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--widget-url", default="http://127.0.0.1:8001")
    parser.add_argument("--sandbox-url", default="http://127.0.0.1:8002")
    return parser


if __name__ == "__main__":
    sys.exit(main())
