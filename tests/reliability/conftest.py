"""A sandbox, and as many widgets on it as a test wants."""

from collections.abc import Callable, Iterator

import pytest

from tests.processes import SPEED, Sandbox, Serve, Widget, a_sandbox


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A test may be parametrized with another speed."""
    with a_sandbox(getattr(request, "param", SPEED)) as sandbox:
        yield sandbox


@pytest.fixture
def serve(sandbox: Sandbox, database_url: str) -> Iterator[Callable[..., Widget]]:
    """Starts a widget on a database that all of a test's widgets share."""
    serving = Serve(sandbox, database_url)
    yield serving
    serving.stop()
