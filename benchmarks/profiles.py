"""Opens candidate profiles, and starts runs in them, without a browser."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from benchmarks.client import BROWSER, HTMX, Connection, message

CV = "Led the migration of a reporting platform, and the three people who did it. " * 50
AT_ONCE = 16


class Host(Protocol):
    """A server that answers as the widget does."""

    @property
    def port(self) -> int: ...

    @property
    def host_token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Profile:
    """An open profile, and the requests of its frame. `address`: the path of its session."""

    address: str

    @property
    def page(self) -> bytes:
        return message("GET", self.address, BROWSER)

    @property
    def partial(self) -> bytes:
        return message("GET", f"{self.address}/run?n=1", HTMX | BROWSER)

    @property
    def run(self) -> bytes:
        return message("POST", f"{self.address}/run", HTMX | BROWSER)


def opening(host: Host, candidate_id: str) -> bytes:
    """The request that opens a session."""
    body = {
        "language": "en",
        "client": {"id": "client-7", "first_name": "Ida", "company": "Northbridge Search"},
        "candidate": {
            "id": candidate_id,
            "first_name": "Mara",
            "last_name": "Lindqvist",
            "company": "Harbour Analytics",
            "location": "Leeds, UK",
            "role": "Data engineer",
            "cv": CV,
        },
    }
    headers = {"Authorization": f"Bearer {host.host_token}"}
    return message("POST", "/api/v1/sessions", headers, body)


async def open_profiles(host: Host, candidate_ids: Sequence[str]) -> list[Profile]:
    answers = await ask_all(host.port, [opening(host, name) for name in candidate_ids], 201)
    return [Profile(urlsplit(json.loads(body)["embed_url"]).path) for body in answers]


async def start_runs(host: Host, profiles: Sequence[Profile]) -> None:
    await ask_all(host.port, [profile.run for profile in profiles], 200)


async def ask_all(port: int, messages: Sequence[bytes], status: int) -> list[bytes]:
    """The bodies of the answers, in the messages' order. Sends AT_ONCE of them at a time.

    Raises AssertionError if an answer has another status.
    """
    bodies = [b""] * len(messages)
    waiting = iter(enumerate(messages))

    async def work() -> None:
        connection = await Connection.to(port)
        for number, each in waiting:
            answer = await connection.ask(each)
            assert answer.status == status, answer
            bodies[number] = answer.body
        connection.close()

    await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(messages)))))
    return bodies
