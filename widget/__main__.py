"""The command line: `candidate-widget serve | check | snippet | secret`."""

import argparse
import asyncio
import secrets
import sys

import uvicorn

from widget.check import check
from widget.loader import snippet
from widget.settings import Settings, SettingsError, load
from widget.telemetry import configure_logging

GRACEFUL_STOP_SECONDS = 8


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "secret":
        print(secrets.token_urlsafe(48))
        return 0
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    match options.command:
        case "serve":
            return _serve(options)
        case "snippet":
            return _snippet(settings)
        case _:
            return _check(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="candidate-widget", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the widget")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8001)
    serve.add_argument("--workers", type=int, default=1, help="processes")
    commands.add_parser("check", help="check the settings, the store and the Partner API key")
    commands.add_parser("snippet", help="print what an ATS puts into its pages")
    commands.add_parser("secret", help="print a value for WIDGET_SECRET_KEY")
    return parser


def _serve(options: argparse.Namespace) -> int:
    uvicorn.run(
        "widget.app:create_app_from_environment",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )
    return 0


def _snippet(settings: Settings) -> int:
    print(snippet(settings.public_url))
    return 0


def _check(settings: Settings) -> int:
    configure_logging(settings.log_format)
    findings = asyncio.run(check(settings))
    for finding in findings:
        print(finding)
    return 0 if all(finding.ok for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
