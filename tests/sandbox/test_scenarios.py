"""What each test candidate makes the sandbox do, held against its OpenAPI description."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from demo_ats.sandbox.app import OPENAPI
from demo_ats.sandbox.scenarios import EXISTING_DAYS, SCENARIOS
from tests.sandbox.conftest import Platform, a_client


def hold(response: httpx2.Response) -> None:
    """Fails unless the answer is one that the description allows for its call and status."""
    path = "/api/v1/analyses"
    if response.request.method != "POST":
        path += "/{id}"
    operation = OPENAPI["paths"][path][response.request.method.lower()]
    described = resolved(operation["responses"][str(response.status_code)])
    media_type = response.headers["Content-Type"].partition(";")[0]
    schema = described["content"][media_type]["schema"]
    if media_type == "application/json":
        Draft202012Validator({**schema, "components": OPENAPI["components"]}).validate(
            response.json()
        )


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target: Any = OPENAPI
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    found: dict[str, Any] = target
    return found


def test_the_description_is_valid_openapi() -> None:
    validate(OPENAPI)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_answer_of_every_scenario_is_as_described(platform: Platform, name: str) -> None:
    answers = list(platform.watch(f"test_{name}.2"))
    for answer in answers:
        hold(answer)
    assert answers[-1].json()["status"] in {"completed", "failed", "canceled"}
    hold(platform.delete(answers[-1].json()["id"]))
    assert platform.ledger()["violations"] == []


def test_errors_are_as_described(platform: Platform) -> None:
    hold(platform.send("POST", "/api/v1/analyses", json={}))
    hold(platform.send("POST", "/api/v1/analyses", content="{"))
    hold(platform.get("unknown"))
    hold(platform.delete("unknown"))
    analysis_id = platform.post().json()["id"]
    hold(platform.get(analysis_id))


@pytest.mark.parametrize("level", ["Green", "Orange", "Red"])
def test_the_quick_signal_has_the_level_that_was_asked_for(platform: Platform, level: str) -> None:
    *_, last = platform.watch(f"test_{level.lower()}")
    assert last.json()["quick_signal"]["level"] == level


def test_a_report_there_already_needs_no_waiting_and_is_not_billed(platform: Platform) -> None:
    (only,) = platform.watch("test_existing")
    resource = only.json()
    assert resource["status"] == "completed"
    age = datetime.now(UTC) - datetime.fromisoformat(resource["metadata"]["generated_at"])
    assert age.days == EXISTING_DAYS - 1  # and some hours
    assert f"{EXISTING_DAYS} days ago" in resource["report"]["summary"]
    assert "not billed" in resource["report"]["summary"]
    assert platform.ledger()["billed"] == []


@pytest.mark.parametrize(("name", "faults"), [("errors", [500, 502]), ("limited", [429, 429])])
def test_server_errors_and_a_rate_limit_pass(
    platform: Platform, name: str, faults: list[int]
) -> None:
    first, *statuses, last = [answer.status_code for answer in platform.watch(f"test_{name}")]
    assert (first, last) == (202, 200)
    assert [status for status in statuses if status != 200] == faults


def test_a_failed_analysis_says_why(platform: Platform) -> None:
    *_, last = platform.watch("test_failed")
    assert last.json()["error"]["message"].startswith("We could not find")
    assert platform.ledger()["billed"] == []


def test_speed_shortens_everything_but_retry_after_never_below_a_second(
    platform: Platform,
) -> None:
    fast = replace(platform, http=a_client(platform.clock, speed=50))
    response = fast.post()
    assert response.headers["Retry-After"] == "1"
    fast.wait(1)
    assert fast.get(response.json()["id"]).json()["status"] == "completed"
