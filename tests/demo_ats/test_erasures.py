import time

import pytest
from starlette.testclient import TestClient

from demo_ats.ats import erasures
from tests.demo_ats.conftest import JONAS, MILO, sign_in
from tests.demo_ats.network import Network

DELETION = "/candidates/test_green/deletion"
PATIENCE_SECONDS = 5


def wait_for_erasures(network: Network, number: int) -> list[str]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(network.erased) < number and time.monotonic() < deadline:
        time.sleep(0.005)
    return network.erased


def test_whom_the_ats_deletes_the_widget_erases(ats: TestClient, network: Network) -> None:
    board = ats.post(DELETION)

    assert board.url.path == "/"
    assert "Inês Caldeworth" not in board.text
    assert ats.get("/candidates/test_green").status_code == 404
    path = "/api/v1/candidates/client_harbour_pine/test_green"
    assert wait_for_erasures(network, 1) == [path]


def test_the_other_company_keeps_its_own_record(ats: TestClient) -> None:
    ats.post(DELETION)

    sign_in(ats, JONAS)
    assert ats.get("/candidates/test_green").status_code == 200


def test_an_erasure_that_does_not_get_through_is_tried_until_it_does(
    ats: TestClient, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "RETRY_SECONDS", (0.01,))
    network.down = True
    ats.post(DELETION)
    assert len(wait_for_erasures(network, 3)) >= 3

    network.down = False
    after = len(wait_for_erasures(network, len(network.erased) + 1))

    ats.post("/candidates/test_red/deletion")
    assert wait_for_erasures(network, after + 1)[after:] == [
        "/api/v1/candidates/client_harbour_pine/test_red"
    ]


def test_a_hiring_manager_deletes_nobody(ats: TestClient, network: Network) -> None:
    sign_in(ats, MILO)

    assert "/deletion" not in ats.get("/candidates/test_green").text
    assert ats.post(DELETION).status_code == 403
    assert network.erased == []
