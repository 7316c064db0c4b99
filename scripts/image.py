"""Builds the container image, starts it, and runs a report in it: `python -m scripts.image`.

Uses docker, podman or buildah, the first that works. Buildah needs no daemon and no privileges.
Arguments are passed to the builder, for instance another base image:

    python -m scripts.image --build-arg BASE=localhost/python
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demo_ats.servers import LOOPBACK, free_ports, local, process_of, wait_until_ready

ROOT = Path(__file__).parents[1]
TAG = "candidate-widget"
KEY = "ats_image"
SPEED = "20"
REPORT_SECONDS = 60
MAX_MEGABYTES = 500

# Buildah needs these if it may neither mount nor create namespaces.
ROOTLESS = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}

SESSION = {
    "language": "en",
    "client": {"id": "client-7"},
    "candidate": {"id": "test_green", "first_name": "Mara", "last_name": "Lindqvist"},
}

# Runs inside the image. Prints whether the files are there; its user's id, and what this user could
# overwrite; and which of the packages are there that should not be.
LOOK = """
import os, pathlib, sys
import widget
package = pathlib.Path(widget.__file__).parent
print(all((package / name).is_file() for name in ("templates/page.html", "static/embed.js")))
print(os.getuid(), [str(p) for p in package.rglob("*") if os.access(p, os.W_OK)][:3])
print(sorted(p.name for p in package.parent.iterdir() if p.name in {"tests", "pip"}))
"""


class Broken(Exception):
    """The message is one line that says what is wrong with the image."""


def main() -> int:
    engine = next((each() for each in (Docker, Podman, Buildah) if each.works()), None)
    if engine is None:
        print("No builder works here. One of docker, podman or buildah is needed.", file=sys.stderr)
        return 2
    try:
        engine.build(sys.argv[1:])
        _check_configuration(engine)
        _check_files(engine)
        _check_report(engine)
        _check_compose()
    except Broken as error:
        print(f"The image is broken: {error}", file=sys.stderr)
        return 1
    return 0


class Docker:
    command = "docker"

    @classmethod
    def works(cls) -> bool:
        """Whether the command is installed and its daemon, if it needs one, is running."""
        return shutil.which(cls.command) is not None and _succeeds(cls.command, "info")

    def build(self, arguments: Sequence[str]) -> None:
        _call(self.command, "build", "--tag", TAG, *arguments, str(ROOT))

    def configuration(self) -> Mapping[str, Any]:
        (image,) = json.loads(_call(self.command, "image", "inspect", TAG))
        configuration: dict[str, Any] = image["Config"]
        return configuration

    def megabytes(self) -> float:
        return int(_call(self.command, "image", "inspect", "--format", "{{.Size}}", TAG)) / 1e6

    @contextmanager
    def container(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> Iterator[list[str]]:
        """Yields the command line that runs `command` in the image in place of its entry point."""
        settings = [f"--env={name}={value}" for name, value in environment.items()]
        yield [
            *(self.command, "run", "--rm", "--network=host", "--read-only", "--tmpfs=/tmp"),
            *("--tmpfs=/var/lib/widget:uid=10001", *settings, f"--entrypoint={command[0]}"),
            *(TAG, *command[1:]),
        ]


class Podman(Docker):
    command = "podman"


class Buildah(Docker):
    command = "buildah"

    def build(self, arguments: Sequence[str]) -> None:
        _call("buildah", "build", "--format=docker", "--tag", TAG, *arguments, str(ROOT))

    def configuration(self) -> Mapping[str, Any]:
        image = json.loads(_call("buildah", "inspect", "--type", "image", TAG))
        configuration: dict[str, Any] = image["Docker"]["config"]
        return configuration

    def megabytes(self) -> float:
        (image,) = json.loads(_call("buildah", "images", "--json", TAG))
        number, unit = image["size"].split()
        return float(number) * {"KB": 1e-3, "MB": 1, "GB": 1e3}[unit]

    @contextmanager
    def container(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> Iterator[list[str]]:
        name = _call("buildah", "from", TAG).strip()
        settings = [f"--env={name}={value}" for name, value in environment.items()]
        try:
            yield ["buildah", "run", *settings, name, "--", *command]
        finally:
            _call("buildah", "rm", name)


def _check_configuration(engine: Docker) -> None:
    configuration = engine.configuration()
    if configuration["User"] != "widget":
        raise Broken(f"it runs as {configuration['User'] or 'root'}")
    names = {each.partition("=")[0] for each in configuration["Env"]}
    if unexpected := {name for name in names if name.startswith("WIDGET_")} - {
        "WIDGET_DATABASE_URL"
    }:
        raise Broken(f"it comes with {', '.join(sorted(unexpected))}")
    if not configuration.get("Healthcheck"):
        raise Broken("it has no health check")
    megabytes = engine.megabytes()
    print(f"size: {megabytes:.0f} MB")
    if megabytes > MAX_MEGABYTES:
        raise Broken(f"it has {megabytes:.0f} MB, more than {MAX_MEGABYTES}")


def _check_files(engine: Docker) -> None:
    with engine.container(["python", "-c", LOOK], {}) as command:
        seen = _call(*command).splitlines()
    if seen != ["True", "10001 []", "[]"]:
        raise Broken(f"its files are not as they should be: {seen}")
    print("files: complete, and not for its user to change")


def _check_report(engine: Docker) -> None:
    """Starts the image as it would be deployed, but on loopback and with the sandbox."""
    ports = free_ports()
    sandbox = f"http://{LOOPBACK}:{ports.sandbox}"
    environment = _environment(sandbox, ports.widget)
    serve = ["serve", f"--host={LOOPBACK}", f"--port={ports.widget}", "--workers=1"]
    entry_point = engine.configuration()["Entrypoint"]
    with ExitStack() as stack:
        stack.enter_context(_sandbox(ports.sandbox))
        command = stack.enter_context(engine.container([*entry_point, *serve], environment))
        process = stack.enter_context(process_of(command, ROOTLESS))
        wait_until_ready(process, f"http://{LOOPBACK}:{ports.widget}/readyz")
        _run_report(environment)


@contextmanager
def _sandbox(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "demo_ats.sandbox", f"--port={port}", f"--key={KEY}"]
    with process_of([*command, f"--speed={SPEED}"], {}) as process:
        wait_until_ready(process, f"http://{LOOPBACK}:{port}/openapi.json")
        yield


def _environment(sandbox: str, port: int) -> dict[str, str]:
    return {
        "WIDGET_PARTNER_API_URL": sandbox,
        "WIDGET_PARTNER_API_KEY": KEY,
        "WIDGET_SECRET_KEY": "a-secret-of-the-image-test-and-of-nothing-else",
        "WIDGET_HOST_TOKEN": "token-of-the-images-test",
        "WIDGET_ALLOWED_ORIGINS": "https://ats.example.com",
        "WIDGET_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
    }


def _run_report(environment: Mapping[str, str]) -> None:
    """Runs a report as an ATS and a recruiter's browser would, with plain forms."""
    opened = local.post(
        f"{environment['WIDGET_PUBLIC_URL']}/api/v1/sessions",
        headers={"Authorization": f"Bearer {environment['WIDGET_HOST_TOKEN']}"},
        json=SESSION,
    )
    run = f"{opened.raise_for_status().json()['embed_url']}/run"
    local.post(run)
    deadline = time.monotonic() + REPORT_SECONDS
    while 'data-state="open"' not in local.get(run).text:
        if time.monotonic() > deadline:
            raise Broken(f"a report did not open within {REPORT_SECONDS} seconds")
        time.sleep(0.5)
    print("report: run, and opened")


def _check_compose() -> None:
    """Validates `compose.yaml` with Compose, which needs no daemon for that."""
    compose = ["docker", "compose"] if _succeeds("docker", "compose", "version") else []
    if not compose and shutil.which("docker-compose"):
        compose = ["docker-compose"]
    if not compose:
        print("compose.yaml: not looked at, as there is no Compose here")
        return
    with TemporaryDirectory() as folder:  # Compose requires the file with the secrets
        shutil.copy(ROOT / "compose.yaml", folder)
        (Path(folder) / ".env").write_text("POSTGRES_PASSWORD=any\n")
        _call(*compose, "--file", f"{folder}/compose.yaml", "config", "--quiet")
    print("compose.yaml: valid")


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _call(*command: str) -> str:
    """The standard output of a command. Its standard error is ours. Raises Broken if it fails."""
    done = subprocess.run(
        command, check=False, env=os.environ | ROOTLESS, stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        raise Broken(f"`{' '.join(command[:3])} …` failed")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
