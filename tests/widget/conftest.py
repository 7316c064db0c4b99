"""What nearly every test of the widget needs: settings, a clock that stands still, a store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest
from starlette.testclient import TestClient

from tests.widget.client import client_of
from tests.widget.partner import Partner
from tests.widget.widget_process import (
    SECRET,
    Clock,
    WidgetProcess,
    a_widget_process,
    some_settings,
)
from widget.database import connect
from widget.seal import Seal
from widget.settings import Settings
from widget.store import Store

# A machine that is busy makes no example wrong, and a change is judged by the same ones each time.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.load_profile("quick")


class MakeSettings(Protocol):
    def __call__(self, **overrides: Any) -> Settings: ...


@pytest.fixture
def settings(tmp_path: Path) -> MakeSettings:
    def make(**overrides: Any) -> Settings:
        return some_settings(**{"database_url": f"sqlite:///{tmp_path / 'widget.db'}"} | overrides)

    return make


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def partner(clock: Clock) -> Partner:
    return Partner(clock)


@pytest.fixture
def http(settings: MakeSettings, partner: Partner, clock: Clock) -> Iterator[TestClient]:
    with client_of(settings(), partner, clock) as http:
        yield http


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(connect(f"sqlite:///{tmp_path / 'widget.db'}"), Seal([SECRET]))
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def process(
    settings: MakeSettings, database_url: str, clock: Clock
) -> AsyncIterator[WidgetProcess]:
    options = settings(database_url=database_url)
    async with a_widget_process(options, clock, Partner(clock)) as process:
        yield process
