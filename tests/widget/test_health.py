"""What a load balancer and a supervisor are told."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests import postgres
from tests.postgres import PostgreSQL
from tests.widget.conftest import MakeSettings
from widget.app import create_app


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """One of the test's own, that may be stopped without harm to others."""
    with postgres.running() as server:
        yield server


def test_without_its_database_the_widget_is_alive_but_not_ready(
    settings: MakeSettings, server: PostgreSQL
) -> None:
    with TestClient(create_app(settings(database_url=server.url))) as http:
        assert http.get("/readyz").json() == {"status": "ready"}
        server.stop()
        assert http.get("/readyz").status_code == 503
        assert http.get("/healthz").json() == {"status": "alive"}
        server.start()
        assert http.get("/readyz").status_code == 200
