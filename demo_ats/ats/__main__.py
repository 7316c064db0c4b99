"""`python -m demo_ats.ats`: the ATS alone. A widget and a sandbox have to run already."""

import argparse
import os
import socket
import sys
from contextlib import suppress

import uvicorn

from demo_ats.ats.app import create_app
from demo_ats.ats.settings import Settings

SECRETS = {"ATS_WIDGET_TOKEN": "WIDGET_HOST_TOKEN", "ATS_EVENTS_SECRET": "WIDGET_EVENTS_SECRET"}
GRACEFUL_STOP_SECONDS = 3


class Server(uvicorn.Server):
    """Ends the streams of open boards when it stops. uvicorn would wait for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    missing = [name for name in SECRETS if not os.environ.get(name)]
    for name in missing:
        print(f"{name} is required: the widget's {SECRETS[name]}.", file=sys.stderr)
    if missing:
        return 2
    settings = Settings(
        origin=f"http://{options.host}:{options.port}",
        widget_url=options.widget_url,
        sandbox_url=options.sandbox_url,
        widget_token=os.environ["ATS_WIDGET_TOKEN"],
        events_secret=os.environ["ATS_EVENTS_SECRET"],
    )
    config = uvicorn.Config(
        create_app(settings),
        host=options.host,
        port=options.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after stopping
        Server(config).run()
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
