"""The command line: `candidate-widget serve | check | snippet | secret`."""

import argparse
import asyncio
import math
import secrets
import sys
from collections.abc import Callable, Sequence

from widget import __version__
from widget.check import Finding, Level, check
from widget.limits import LIMITS, Limits
from widget.loader import snippet
from widget.origins import MAX_PORT
from widget.serving import serve
from widget.settings import SettingsError, load, make_database_file
from widget.telemetry import silence


def main(arguments: list[str] | None = None, limits: Limits = LIMITS) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "secret":
        print(secrets.token_urlsafe(48))
        return 0
    try:
        settings = load()
        if options.command == "snippet":
            print(snippet(settings.public_url))
            return 0
        make_database_file(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if options.command == "serve":
        return serve(settings, options.host, options.port, options.workers, limits)
    silence()
    return _tell(asyncio.run(check(settings)), settings.public_url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="candidate-widget", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the widget")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_from(0, MAX_PORT), default=8001)
    serve.add_argument("--workers", type=_from(1), default=1, help="processes")
    commands.add_parser("check", help="check the settings, and print what the ATS needs")
    commands.add_parser("snippet", help="print what the ATS puts into its pages")
    commands.add_parser("secret", help="print a value for WIDGET_SECRET_KEY")
    return parser


def _from(least: int, most: float = math.inf) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        if not least <= int(text) <= most:
            limits = f"{least} or more" if most == math.inf else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"must be a whole number, {limits}")
        return int(text)

    return whole_number


def _tell(findings: Sequence[Finding], public_url: str) -> int:
    """Prints what `check` has found, and the snippet. Returns the exit status."""
    for finding in findings:
        print(finding)
    print()
    print(snippet(public_url))
    return 1 if any(finding.level is Level.FAILURE for finding in findings) else 0


if __name__ == "__main__":  # pragma: no cover - SlipCover measures only imported modules
    sys.exit(main())
