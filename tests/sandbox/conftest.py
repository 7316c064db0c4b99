from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from demo_ats.sandbox.app import create_app

KEY, OTHER_KEY = "ats_first_platform", "ats_second_platform"
ANALYSES = "/api/v1/analyses"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Platform:
    """An ATS with a key, and the time that it lets pass."""

    http: TestClient
    clock: Clock
    key: str = KEY

    def body(self, candidate_id: str = "test_green", client_id: str = "client-1") -> dict[str, Any]:
        return {
            "language": "en",
            "client": {"id": client_id, "company": "Northbridge"},
            "candidate": {"id": candidate_id, "first_name": "Mara", "last_name": "Lindqvist"},
        }

    def post(
        self, candidate_id: str = "test_green", client_id: str = "client-1"
    ) -> httpx2.Response:
        return self.send("POST", ANALYSES, json=self.body(candidate_id, client_id))

    def get(self, analysis_id: str) -> httpx2.Response:
        return self.send("GET", f"{ANALYSES}/{analysis_id}")

    def delete(self, analysis_id: str) -> httpx2.Response:
        return self.send("DELETE", f"{ANALYSES}/{analysis_id}")

    def send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        return self.http.request(method, path, headers=headers, **more)

    def ledger(self) -> dict[str, Any]:
        ledger: dict[str, Any] = self.http.get("/ledger").json()
        return ledger

    def reports(self, language: str = "en", **candidate: str) -> dict[str, Any]:
        """The completed analysis of a candidate about whom this is known."""
        body = self.body(**({"candidate_id": candidate.pop("id")} if "id" in candidate else {}))
        body["candidate"] |= candidate
        posted = self.send("POST", ANALYSES, json=body | {"language": language}).json()
        self.wait(61)
        resource: dict[str, Any] = self.get(posted["id"]).json()
        return resource

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def watch(self, candidate_id: str) -> Iterator[httpx2.Response]:
        """Every answer from the POST to the end, polled as announced."""
        response = self.post(candidate_id)
        yield response
        analysis_id = response.json()["id"]
        while "Retry-After" in response.headers or response.status_code >= 500:
            self.wait(float(response.headers.get("Retry-After", 10)))
            response = self.get(analysis_id)
            yield response


@pytest.fixture
def platform() -> Iterator[Platform]:
    clock = Clock()
    with a_client(clock) as http:
        yield Platform(http, clock)


def a_client(clock: Clock, speed: float = 1) -> TestClient:
    app = create_app([KEY, OTHER_KEY], speed, clock, clock.sleep)
    return TestClient(app, base_url="http://127.0.0.1:8002")
