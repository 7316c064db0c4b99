"""`candidate-sandbox`: a Partner API on this machine, with invented reports, free of charge."""

import argparse
import socket
import sys
from contextlib import suppress
from importlib.metadata import version

import uvicorn

from demo_ats.sandbox.app import create_app

DEFAULT_KEY = "ats_sandbox_demo"
KEY_HINT = f", key {DEFAULT_KEY}"


def main() -> int:
    options = _options()
    try:
        listener = _listen(options.host, options.port)
    except (OSError, OverflowError) as error:
        print(f"candidate-sandbox: {error} (--port 0 takes a free port)", file=sys.stderr)
        return 1
    print(_welcome(listener, options), flush=True)
    app = create_app(options.key or [DEFAULT_KEY], options.speed)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after stopping
        server.run(sockets=[listener])
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="candidate-sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8002, help="0 takes a free one and says which (%(default)s)"
    )
    parser.add_argument(
        "--speed", type=_positive, default=1.0, help="divides all times, Retry-After too"
    )
    parser.add_argument(
        "--key", action="append", help=f"a key to accept, may be repeated ({DEFAULT_KEY})"
    )
    parser.add_argument("--version", action="version", version=version("candidate-widget"))
    return parser.parse_args()


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number above 0")
    return number


def _listen(host: str, port: int) -> socket.socket:
    """Binds the port. uvicorn would do that later, but the welcome already names the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _welcome(listener: socket.socket, options: argparse.Namespace) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    origin = f"http://{host}:{listener.getsockname()[1]}"
    hint = "" if options.key else KEY_HINT
    return f"Partner API sandbox: {origin} (ledger: {origin}/ledger{hint})"


if __name__ == "__main__":
    sys.exit(main())
