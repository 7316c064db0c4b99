"""Sessions that may only look, or only run: what they are shown, and what they are refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.widget.client import open_session
from tests.widget.conftest import MakeSettings
from tests.widget.markup import Markup
from tests.widget.partner import Partner, completed, reply
from tests.widget.test_embed import HTMX
from tests.widget.widget_process import Clock
from widget.app import create_app
from widget.button import LABELS, SENTENCES, State
from widget.languages import LANGUAGES, translations

HIDDEN = "Confidential"
FOUND: dict[str, Any] = {
    "quick_signal": {"level": "Red", "reason": f"{HIDDEN} 1", "identityConfidence": "Low"},
    "signals": [{"statement": f"{HIDDEN} 2", "sourceUrl": f"https://example.com/{HIDDEN}"}],
}
REPORT = completed(summary=f"{HIDDEN} 3", candidateName=f"{HIDDEN} 4")
RUNNING = reply("processing", stage="enrichment", **FOUND)


@dataclass
class Door:
    """One candidate, opened by three people who may do different things."""

    http: TestClient
    partner: Partner
    both: str
    view: str
    run: str

    def get(self, address: str) -> Markup:
        return Markup(self.http.get(address).text)

    def becomes(self, *answers: httpx2.Response) -> None:
        """What the Partner API says to the POST of who may do everything, and then to a GET."""
        self.partner.on("POST", answers[0]).on("GET", answers[-1])
        self.http.post(f"{self.both}/run")

    def every_answer(self, base: str) -> Iterator[httpx2.Response]:
        for path in ("", "/run", "/report", "/nowhere"):
            for headers in ({}, HTMX):
                yield self.http.get(base + path, headers=headers)
        for path in ("/run", "/report", "/leave?visit=x"):
            yield self.http.post(base + path)


@pytest.fixture
def door(http: TestClient, partner: Partner) -> Door:
    partner.on("DELETE", reply("canceled", **FOUND))
    view, run = (open_session(http, permissions=[permission]) for permission in ("view", "run"))
    return Door(http, partner, open_session(http), view, run)


def has_button(page: Markup) -> bool:
    return bool(page.all("button"))


# Looking alone


def test_who_may_only_look_reads_that_there_is_no_report_yet_and_has_no_button(door: Door) -> None:
    page = door.get(door.view)
    assert page.state == "idle"
    assert not has_button(page)
    assert SENTENCES[State.IDLE] in page.text
    assert "hx-trigger" not in page.root.attributes


def test_who_may_only_look_sees_what_a_run_finds_and_cannot_cancel_it(door: Door) -> None:
    door.becomes(RUNNING)
    running = door.get(door.view)
    assert running.state == "running"
    assert [button.text for button in running.all("button")] == [LABELS[State.RUNNING]]
    assert running.text.count(HIDDEN) == 2


def test_who_may_only_look_closes_and_views_a_report_by_plain_forms(door: Door) -> None:
    door.becomes(REPORT)
    closed = door.get(door.view)
    assert closed.state == "closed"
    assert closed.one("button", id="ci-button").text == LABELS[State.CLOSED]
    opened = door.get(str(closed.one("form", id="ci-action").attributes["action"]))
    assert opened.state == "open"
    assert f"{HIDDEN} 3" in opened.text
    assert door.get(str(opened.one("form", id="ci-action").attributes["action"])).state == "closed"


@pytest.mark.threat(name="exceeded permissions")
def test_who_may_only_look_starts_and_cancels_nothing(door: Door) -> None:
    for path in ("/run", "/cancellation"):
        for headers in ({}, HTMX):
            assert door.http.post(door.view + path, headers=headers).status_code == 403
    assert door.partner.calls == []
    door.becomes(RUNNING)
    assert door.http.post(f"{door.view}/cancellation").status_code == 403
    assert door.partner.count("DELETE") == 0


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_who_may_only_look_is_not_asked_to_run_again(door: Door, status: str) -> None:
    door.becomes(reply(status, error=HIDDEN, **FOUND))
    for path in ("", "/run", "/report"):
        page = door.get(door.view + path)
        assert page.state == "idle"
        assert [line.strip() for line in page.root.text.splitlines() if line.strip()] == [
            "Candidate Intelligence",
            SENTENCES[State.IDLE],
        ]


# Running alone


def test_who_may_only_run_runs_and_cancels_by_plain_forms(door: Door) -> None:
    door.partner.on("POST", RUNNING)
    page = door.get(door.run)
    assert (page.state, page.one("button").text) == ("idle", LABELS[State.IDLE])
    running = Markup(door.http.post(str(page.one("form").attributes["action"])).text)
    assert running.state == "running"
    assert [button.text for button in running.all("button")] == [LABELS[State.RUNNING], "Cancel"]
    assert "Step 2 of 3" in running.text
    assert running.one("span", id="ci-elapsed").text
    assert "hx-trigger" in running.root.attributes
    cancel = str(running.one("form", id="ci-cancel").attributes["action"])
    canceled = Markup(door.http.post(cancel).text)
    assert canceled.state == "idle"
    assert "canceled" in canceled.text
    assert door.partner.count("DELETE") == 1


def test_who_may_only_run_reads_that_the_report_is_ready_and_has_no_button(door: Door) -> None:
    door.becomes(REPORT)
    for path in ("", "/run"):
        response = door.http.get(door.run + path)
        page = Markup(response.text)
        assert (response.status_code, page.state) == (200, "closed")
        assert not has_button(page)
        assert SENTENCES[State.CLOSED] in page.text
        assert "hx-trigger" not in page.root.attributes
    assert door.http.get(f"{door.run}/report").status_code == 403


@pytest.mark.threat(name="exceeded permissions")
def test_no_answer_to_who_may_only_run_holds_a_byte_of_what_was_found(door: Door) -> None:
    for answers in ([RUNNING], [REPORT], [reply("failed", **FOUND)], [reply("canceled", **FOUND)]):
        door.becomes(*answers)
        assert HIDDEN in "".join(each.text for each in door.every_answer(door.both)) or (
            answers[0] not in (RUNNING, REPORT)
        )
        for response in door.every_answer(door.run):
            assert HIDDEN not in response.text
            assert "Red" not in response.text
            assert "quick-signal" not in response.text
            assert "ci-signals" not in response.text
        door.http.post(f"{door.both}/cancellation")


def test_to_who_may_only_run_a_report_that_is_no_longer_kept_is_not_fetched(
    door: Door, clock: Clock
) -> None:
    door.becomes(REPORT)
    clock.advance(1000)
    assert door.get(f"{door.run}/run").state == "closed"
    assert door.partner.count("GET") == 0


# At each address, in each language


@pytest.mark.threat(name="exceeded permissions")
def test_each_address_of_the_frame_is_tried_here(settings: MakeSettings) -> None:
    app = create_app(settings())
    while not isinstance(app, Starlette):
        app = app._app  # type: ignore[attr-defined]
    paths = {route.path for route in app.routes if isinstance(route, Route)}
    assert {path for path in paths if path.startswith("/embed/")} == {
        f"/embed/{{token}}{path}" for path in ("", "/run", "/report", "/cancellation", "/leave")
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_in_the_place_of_the_button_and_a_refusal_are_in_the_sessions_language(
    door: Door, language: str
) -> None:
    said = translations(language).gettext
    view, run = (
        open_session(door.http, language=language, permissions=[permission])
        for permission in ("view", "run")
    )
    assert said(SENTENCES[State.IDLE]) in door.get(view).text
    refused = door.http.post(f"{view}/run", headers={"Accept-Language": language})
    assert refused.status_code == 403
    page = Markup(refused.text)
    assert page.one("html").attributes["lang"] == language
    assert ("You are not allowed" in page.text) is (language == "en")
    door.becomes(REPORT)
    assert said(SENTENCES[State.CLOSED]) in door.get(run).text
