from starlette.testclient import TestClient

from tests.demo_ats.conftest import JONAS, sign_in
from tests.demo_ats.network import Network


def month(name: str, client_id: str, completed: int, reused: int) -> dict[str, str | int]:
    counts = {"started": completed + 3, "completed": completed, "failed": 2, "canceled": 1}
    return {"month": name, "client_id": client_id, **counts, "reused": reused}


def test_each_company_sees_what_it_used_itself_by_month(ats: TestClient, network: Network) -> None:
    network.usage = [
        month("2026-10", "client_harbour_pine", 41, 7),
        month("2026-11", "client_harbour_pine", 12, 2),
        month("2026-11", "client_quellwerk", 97, 0),
    ]

    page = ats.get("/usage").text

    assert page.index("Nov 2026") < page.index("Oct 2026")
    assert "<td><b>34</b></td>" in page
    assert "<td>7</td>" in page
    assert "97" not in page.partition("<main")[2]
    sign_in(ats, JONAS)
    assert "<b>97</b>" in ats.get("/usage").text


def test_a_company_without_runs_is_told_so(ats: TestClient) -> None:
    assert "Nobody at Harbour &amp; Pine Search has run a report yet." in ats.get("/usage").text


def test_while_the_widget_is_down_there_are_no_figures(ats: TestClient, network: Network) -> None:
    network.down = True

    page = ats.get("/usage")

    assert page.status_code == 200
    assert "no figures to show" in page.text
