import re
from collections.abc import Iterator

import httpx2
import pytest
from starlette.testclient import TestClient

from demo_ats.ats.app import create_app
from demo_ats.ats.settings import Settings
from tests.demo_ats.network import ATS, EVENTS_SECRET, SANDBOX, TOKEN, WIDGET, Network

NADIA = "user_nadia"  # the first one, as whom everybody begins
MILO = "user_milo"  # Nadia's hiring manager
JONAS = "user_jonas"  # recruits for the other company


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def ats(network: Network) -> Iterator[TestClient]:
    """A browser's view of the demo ATS, with `network` behind it."""
    settings = Settings(ATS, WIDGET, SANDBOX, TOKEN, EVENTS_SECRET)
    with TestClient(create_app(settings, network.transport), base_url=ATS) as client:
        yield client


def sign_in(ats: TestClient, user: str) -> None:
    ats.post("/user", data={"user": user, "return_to": "/"})


def load_embed(ats: TestClient, profile: httpx2.Response) -> httpx2.Response:
    """What the loader does in a profile that a browser shows."""
    found = re.search(r'session-url="([^"]+)"', profile.text)
    assert found is not None
    return ats.post(found[1])
