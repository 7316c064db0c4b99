"""`python -m demo_ats.sandbox`: the sandbox as a server of its own."""

import argparse

import uvicorn

from demo_ats.sandbox.app import create_app

DEFAULT_KEY = "ats_sandbox_demo"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo_ats.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--speed", type=float, default=1, help="divides all times")
    parser.add_argument("--key", action="append", help=f"a key that is accepted ({DEFAULT_KEY})")
    options = parser.parse_args()
    print(f"Partner API sandbox: http://{options.host}:{options.port}", flush=True)
    uvicorn.run(
        create_app(options.key or [DEFAULT_KEY], options.speed),
        host=options.host,
        port=options.port,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
