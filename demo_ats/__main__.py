"""`python -m demo_ats`: runs the demo ATS, the widget and the sandbox until Ctrl-C."""

import argparse
import signal
import sys
import threading

from demo_ats.servers import USUAL, CannotStart, Demo, ports_for, running

WELCOME = """
  Candidate Intelligence, in a demo ATS

    The ATS              {ats}
    What goes over       {ats}/integration
    the wire

  Open a candidate, and run a report. Ctrl-C stops.
"""


def main() -> int:
    options = _options()
    stop = threading.Event()
    # SIGHUP comes when the terminal is closed. Without a handler it would end this process at once,
    # and leave the three servers running.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    widget_settings = {"WIDGET_LOG_FORMAT": "text"}
    try:
        with running(ports_for(options.port), options.speed, widget_settings) as demo:
            _welcome(demo)
            stop.wait()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo_ats", description=__doc__)
    parser.add_argument("--speed", type=float, default=1, help="divides the sandbox's times")
    parser.add_argument(
        "--port", type=int, help=f"of the ATS; else {USUAL.ats}, or a free one where it is taken"
    )
    return parser.parse_args()


def _welcome(demo: Demo) -> None:
    print(WELCOME.format(ats=demo.ats), flush=True)


if __name__ == "__main__":
    sys.exit(main())
