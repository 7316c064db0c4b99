"""What nearly every test of the widget needs: settings, a clock that stands still, a store."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

from tests import postgres
from tests.postgres import PostgreSQL
from tests.widget.partner import KEY
from widget.database import connect
from widget.seal import Seal
from widget.settings import Settings
from widget.store import Store

SECRET = "a-secret-for-unit-tests-long-enough"
HOST_TOKEN = "a-host-token-for-unit-tests-only"


@dataclass
class Clock:
    """Seconds since the epoch, which pass only when a test says so."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class MakeSettings(Protocol):
    def __call__(self, **overrides: Any) -> Settings: ...


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("WIDGET_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> MakeSettings:
    def make(**overrides: Any) -> Settings:
        values: dict[str, Any] = {
            "partner_api_url": "http://127.0.0.1:9",
            "partner_api_key": KEY,
            "secret_key": SECRET,
            "host_token": HOST_TOKEN,
            "allowed_origins": "http://localhost:8000",
            "database_url": f"sqlite:///{tmp_path / 'widget.db'}",
        }
        return Settings(**values | overrides)

    return make


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'widget.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return server.url


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(connect(f"sqlite:///{tmp_path / 'widget.db'}"), Seal([SECRET]))
    await store.open()
    yield store
    await store.close()
