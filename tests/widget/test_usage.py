"""What each client has used, as an ATS asks for it."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import httpx2
import pytest
from sqlalchemy import create_engine, insert, make_url
from starlette.testclient import TestClient

from tests.widget.client import BEARER, client_of, erase_mara, open_session
from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, completed, reply
from tests.widget.people import IDA, MARA, TOMAS
from tests.widget.widget_process import Clock, WidgetProcess
from widget.tables import usage

ADDRESS = "/api/v1/usage"
NOTHING = dict.fromkeys(("started", "completed", "failed", "canceled", "reused"), 0)
SPOKEN = 'Börs, "Süd"\n=1'  # what CSV has to quote, and JSON to escape


@pytest.fixture
def http(
    settings: MakeSettings, database_url: str, partner: Partner, clock: Clock
) -> Iterator[TestClient]:
    with client_of(settings(database_url=database_url), partner, clock) as http:
        yield http


def run(http: TestClient, client_id: str, candidate: dict[str, str] = MARA) -> str:
    address = open_session(http, candidate, client=IDA | {"id": client_id})
    http.post(f"{address}/run")
    return address


def ask(http: TestClient, first: str, last: str, accept: str = "*/*") -> httpx2.Response:
    months = {"from": first, "to": last}
    response = http.get(ADDRESS, params=months, headers=BEARER | {"Accept": accept})
    assert response.status_code == 200, response.text
    return response


def test_each_client_is_counted_by_the_months_in_which_it_happened(
    http: TestClient, partner: Partner, clock: Clock
) -> None:
    partner.on("POST", reply("queued"), completed(), httpx2.Response(422))
    partner.on("GET", completed())
    clock.now = datetime(2026, 10, 31, 23, 59, 55, tzinfo=UTC).timestamp()
    address = run(http, "client-1")
    run(http, SPOKEN)
    clock.now = datetime(2026, 11, 1, 0, 0, 30, tzinfo=UTC).timestamp()
    http.get(f"{address}/run")
    run(http, "client-1", TOMAS)
    october = [
        {"month": "2026-10", "client_id": SPOKEN}
        | NOTHING
        | {"started": 1, "completed": 1, "reused": 1},
        {"month": "2026-10", "client_id": "client-1"} | NOTHING | {"started": 1},
    ]
    november = [
        {"month": "2026-11", "client_id": "client-1"} | NOTHING | {"completed": 1, "failed": 1}
    ]
    assert ask(http, "2026-10", "2026-11").json() == {"usage": october + november}
    assert ask(http, "2026-11", "2026-11").json() == {"usage": november}
    assert ask(http, "0000-01", "2026-09").json() == {"usage": []}
    for accept in ("text/csv", "application/json;q=0.5, TEXT/CSV", "text/csv;q=0.1, */*"):
        answer = ask(http, "2026-10", "2026-11", accept)
        assert answer.headers["Content-Type"].startswith("text/csv; ")
        rows = list(csv.DictReader(StringIO(answer.text, newline="")))
        assert rows == [
            {name: str(value) for name, value in row.items()} for row in october + november
        ]
    for accept in ("text/csv;q=0.5, application/json", "text/csv;q=0", "text/csv;q=x", "text/html"):
        assert ask(http, "2026-10", "2026-10", accept).json() == {"usage": october}


@pytest.mark.threat(name="stolen database")
def test_usage_stays_when_the_candidate_is_erased(http: TestClient) -> None:
    run(http, "client-1")
    for _ in range(2):
        erase_mara(http)
    (row,) = ask(http, "2023-11", "2023-11").json()["usage"]
    assert row | {"started": 1, "canceled": 1} == row


@pytest.mark.threat(name="stolen database")
@pytest.mark.anyio
async def test_what_is_older_than_24_months_is_forgotten(
    process: WidgetProcess, database_url: str
) -> None:
    scheme = "postgresql+psycopg" if database_url.startswith("postgresql") else "sqlite"
    engine = create_engine(make_url(database_url).set(drivername=scheme))
    sealed = process.store._journal.seal.seal("client-1")
    rows = [
        {"month": month, "client": "c", "sealed_client_id": sealed} | NOTHING
        for month in ("2021-10", "2021-11", "2023-11")
    ]
    with engine.begin() as connection:
        connection.execute(insert(usage), rows)
    engine.dispose()
    await process.sweeper.sweep()
    found = await process.store.usage("0000-01", "9999-12")
    assert [each.month for each in found] == ["2021-11", "2023-11"]


BAD = {
    "": {"from", "to"},
    "from=2026-01": {"to"},
    "from=2026-13&to=2026-12": {"from"},
    "from=2026-1&to=2026-12": {"from"},
    "from=2026-01-01&to=2026-12": {"from"},
    "from=2026-01%0A&to=2026-12": {"from"},
    "from=&to=2026-12": {"from"},
    "from=2026-01&to=9": {"to"},
    "from=2026-02&to=2026-01": {"to"},
    "from=2026-02&to=2026-03&client=7": {"client"},
    "first=2026-01&last=2026-02": {"from", "to", "first", "last"},
    "from=%D9%A2%D9%A0%D9%A2%D9%A6-01&to=2026-12": {"from"},
}


def test_bad_months_are_refused_with_the_field(http: TestClient) -> None:
    for query, fields in BAD.items():
        response = http.get(f"{ADDRESS}?{query}", headers=BEARER)
        assert response.status_code == 422, query
        assert {error["field"] for error in response.json()["errors"]} == fields, query
    assert http.get(f"{ADDRESS}?from=2026-01&to=2026-02").status_code == 401
    assert http.post(ADDRESS, headers=BEARER).status_code == 405
