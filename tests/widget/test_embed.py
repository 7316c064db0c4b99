"""What a browser gets from the iframe's door, with JavaScript and without."""

import re
import time
from dataclasses import dataclass
from functools import partial

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.widget.client import client_of, erase_mara, open_session
from tests.widget.conftest import MakeSettings
from tests.widget.markup import Markup
from tests.widget.partner import Partner, completed, reply
from tests.widget.people import MARA, TOMAS
from tests.widget.widget_process import Clock

HTMX = {"HX-Request": "true"}


@dataclass
class Browser:
    http: TestClient
    partner: Partner
    base: str

    def get(self, path: str = "", **headers: str) -> Markup:
        return Markup(self.http.get(self.base + path, headers=headers).text)

    def submit(self, page: Markup, form_id: str) -> Markup:
        """What a browser without JavaScript does with a form."""
        form = page.one("form", id=form_id).attributes
        response = self.http.request(str(form["method"]), str(form["action"]))
        return Markup(response.text)


@pytest.fixture
def settings(settings: MakeSettings) -> MakeSettings:
    """Two origins may frame the widget."""
    return partial(settings, allowed_origins="http://localhost:8000, https://ats.example.com")


@pytest.fixture
def browser(http: TestClient, partner: Partner) -> Browser:
    return Browser(http, partner, open_session(http))


def test_by_plain_forms_a_report_is_run_closed_and_viewed(browser: Browser) -> None:
    page = browser.get()
    assert page.state == "idle"
    assert "Run candidate intelligence report" in page.text
    assert browser.partner.calls == []
    running = browser.submit(page, "ci-action")
    assert running.state == "running"
    button = running.one("button", id="ci-button")
    assert {"disabled", "aria-busy"} <= button.attributes.keys()
    assert button.text == "Running intelligence report..."

    browser.partner.on("POST", completed(summary="Solid."))
    browser.base = open_session(browser.http, TOMAS)
    opened = browser.submit(browser.get(), "ci-action")
    assert opened.state == "open"
    assert "✕ Close report" in opened.text
    assert "Solid." in opened.text
    closed = browser.submit(opened, "ci-action")
    assert closed.state == "closed"
    assert "View Intelligence report" in closed.text
    assert "Solid." not in closed.text
    assert browser.submit(closed, "ci-action").state == "open"


def test_by_plain_forms_a_run_is_canceled(browser: Browser) -> None:
    running = browser.submit(browser.get(), "ci-action")
    assert running.one("form", id="ci-cancel").text == "Cancel"
    canceled = browser.submit(running, "ci-cancel")
    assert canceled.state == "idle"
    assert "canceled" in canceled.text


def test_without_javascript_the_running_page_refreshes_itself(browser: Browser) -> None:
    running = browser.submit(browser.get(), "ci-action")
    refresh = running.one("meta", **{"http-equiv": "refresh"})
    assert refresh.attributes["content"] == f"10; url={browser.base}/run"


def test_htmx_gets_the_partial_that_the_page_holds(browser: Browser) -> None:
    page, partial = browser.get(), browser.get(**HTMX)
    assert partial.elements[0] is partial.root
    assert partial.root.attributes == page.root.attributes


def test_a_running_partial_says_when_to_ask_next_and_an_ended_one_asks_no_more(
    browser: Browser,
) -> None:
    browser.partner.on("POST", reply("queued", retry_after="7"))
    running = Markup(browser.http.post(browser.base + "/run", headers=HTMX).text)
    trigger = running.root.attributes["hx-trigger"]
    delay = re.fullmatch(r"load delay:(\d+)ms, refresh", str(trigger))
    assert delay is not None
    assert 6_000 <= int(delay[1]) <= 7_100
    assert running.state == "running"
    assert "hx-get" in browser.get(**HTMX).root.attributes
    browser.partner.on("POST", completed())
    again = open_session(browser.http, TOMAS)
    done = Markup(browser.http.post(f"{again}/run", headers=HTMX).text)
    assert "hx-trigger" not in done.root.attributes


def test_each_answer_has_a_nonce_of_its_own_and_every_htmx_element_carries_it(
    browser: Browser,
) -> None:
    nonces = set()
    for response in (
        browser.http.get(browser.base),
        browser.http.post(browser.base + "/run", headers=HTMX),
        browser.http.get(browser.base + "/run", headers=HTMX),
    ):
        policy = response.headers["Content-Security-Policy"]
        found = re.search(r"script-src 'nonce-([^']+)'", policy)
        assert found is not None
        nonces.add(found[1])
        for element in Markup(response.text).elements:
            if any(name.startswith("hx-") for name in element.attributes):
                assert element.attributes["hx-nonce"] == found[1]
            if element.tag == "script":
                assert element.attributes["nonce"] == found[1]
    assert len(nonces) == 3


@pytest.mark.threat(name="clickjacking")
def test_the_page_may_be_framed_by_the_named_origins_and_runs_nothing_inline(
    browser: Browser,
) -> None:
    response = browser.http.get(browser.base)
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors http://localhost:8000 https://ats.example.com" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in response.headers
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert not any("style" in element.attributes for element in Markup(response.text).elements)


def framed_by(response: httpx2.Response) -> str:
    policy = response.headers["Content-Security-Policy"]
    return str(re.search(r"frame-ancestors ([^;]+)", policy)[1])  # type: ignore[index]


def test_each_answer_of_a_session_that_names_its_origin_may_be_framed_there_alone(
    browser: Browser,
) -> None:
    base = open_session(browser.http, origin="https://ATS.example.com:443")
    browser.partner.on("POST", completed())
    for method, path in [("GET", ""), ("POST", "/run"), ("GET", "/run")]:
        for headers in ({}, HTMX):
            response = browser.http.request(method, base + path, headers=headers)
            assert framed_by(response) == "https://ats.example.com"
    script = Markup(browser.http.get(base).text).one("script")
    assert script.attributes["data-hosts"] == "https://ats.example.com"


def test_no_header_without_a_session_is_too_long_for_a_proxy(settings: MakeSettings) -> None:
    origins = [f"https://customer-{number}.example.com" for number in range(120)]
    with client_of(settings(allowed_origins=",".join(origins))) as http:
        base = open_session(http, origin=origins[7])
        assert framed_by(http.get(base)) == origins[7]
        erase_mara(http)
        expired = http.get(base)
        assert (expired.status_code, framed_by(expired)) == (410, "https:")
        script = Markup(expired.text).one("script")
        assert script.attributes["data-hosts"] == " ".join(origins)
        assert framed_by(http.get("/embed/never-issued")) == "https:"


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_every_file_that_a_page_names_is_there_and_so_is_its_icon(
    browser: Browser, path: str
) -> None:
    """Browsers that are told of no icon ask for one that is not there."""
    page = Markup(browser.http.get(browser.base + path).text)
    files = [link.attributes["href"] for link in page.all("link")]
    files += [script.attributes["src"] for script in page.all("script")]
    assert {browser.http.get(str(address)).status_code for address in files} == {200}
    assert page.one("link", rel="icon").attributes["href"] in files


@pytest.mark.parametrize("token", ["nonsense", "a.b", "%00", "é", "x" * 3000])
def test_a_token_that_was_never_issued_is_a_404_with_a_sentence(
    browser: Browser, token: str
) -> None:
    response = browser.http.get(f"/embed/{token}")
    assert response.status_code == 404
    assert "does not belong to a candidate profile" in response.text


@pytest.mark.threat(name="guessed address")
def test_a_token_with_another_last_character_is_a_404(browser: Browser) -> None:
    for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        expected = 200 if browser.base.endswith(character) else 404
        assert browser.http.get(browser.base[:-1] + character).status_code == expected


FOR_A_PAGE = (("", "GET"), ("/run", "GET"), ("/run", "POST"))


def test_a_session_that_has_lapsed_is_a_410_that_says_how_to_go_on(browser: Browser) -> None:
    erase_mara(browser.http)
    for path, method in FOR_A_PAGE:
        response = browser.http.request(method, browser.base + path)
        assert response.status_code == 410
        assert Markup(response.text).state == "expired"
        assert "Reload the candidate’s profile" in response.text


def test_once_its_secret_is_no_longer_in_use_a_session_has_expired_to_a_page_that_is_open(
    settings: MakeSettings,
) -> None:
    with client_of(settings()) as http:
        base = open_session(http)
    with client_of(settings(secret_key="another-secret-that-is-long-enough")) as http:
        for path, method in FOR_A_PAGE:
            live = http.request(method, base + path, headers=HTMX)
            assert live.status_code == 404
            assert Markup(live.text).state == "expired"
            assert "does not belong to" in http.request(method, base + path).text


def test_a_get_for_the_beacon_or_an_unknown_address_is_no_error_of_the_server(
    browser: Browser,
) -> None:
    assert browser.http.get(browser.base + "/leave").status_code == 405
    assert browser.http.get(browser.base + "/nowhere").status_code == 404


@pytest.mark.threat(name="request smuggling")
def test_an_address_with_a_slash_too_many_is_none_and_leads_nowhere(browser: Browser) -> None:
    for path in [f"{browser.base}/", f"{browser.base}/run/", "/embed.js/", "/api/v1/sessions/"]:
        for method in ["GET", "POST", "HEAD"]:
            answer = browser.http.request(method, path, follow_redirects=False)
            assert (answer.status_code, answer.headers.get("Location")) == (404, None)


def test_head_is_answered_as_get_is_and_has_no_effect(
    settings: MakeSettings, partner: Partner, clock: Clock
) -> None:
    """It neither asks the Partner API nor begins a visit: the page's beacon still counts."""
    partner.on("GET", reply())
    with client_of(settings(), partner, clock) as http:
        browser = Browser(http, partner, open_session(http))
        browser.submit(browser.get(), "ci-action")
        leave = str(browser.get().root.attributes["data-leave"])
        clock.advance(11)  # now a GET would be passed on
        for path in ["", "/run", "/report"]:
            head = http.head(browser.base + path)
            assert head.status_code == 200
            assert head.headers["Content-Type"].startswith("text/html")
            assert head.content == b""
        assert partner.count("GET") == 0
        http.post(leave)
        clock.advance(11)
        deadline = time.monotonic() + 20
        while not partner.count("DELETE"):
            assert time.monotonic() < deadline, "the beacon did not count"
            time.sleep(0.05)


def test_a_beacon_is_answered_without_content(browser: Browser) -> None:
    leave = browser.get().root.attributes["data-leave"]
    assert browser.http.post(str(leave)).status_code == 204


def test_what_the_api_says_of_a_failure_is_shown_as_text(browser: Browser) -> None:
    browser.partner.on("POST", reply("failed", error={"message": "<b>No trace</b> of her."}))
    page = browser.submit(browser.get(), "ci-action")
    assert page.state == "idle"
    assert "<b>No trace</b> of her." in page.text


def test_a_lone_surrogate_in_a_report_does_not_break_the_page(browser: Browser) -> None:
    broken = httpx2.Response(
        200, content=b'{"id": "a", "status": "completed", "report": {"summary": "x \\ud800 y"}}'
    )
    browser.partner.on("POST", broken)
    assert browser.submit(browser.get(), "ci-action").state == "open"


def test_a_report_about_somebody_of_another_name_says_so_with_both_names(browser: Browser) -> None:
    browser.partner.on("POST", completed(candidateName="Jonas <Weber>", summary="Solid."))
    opened = browser.submit(browser.get(), "ci-action")
    article = opened.one("article")
    notice = opened.one("div", id="ci-other-name")
    assert article.inside[0] is notice
    assert [name.text for name in notice.inside if name.tag == "bdi"] == [
        "Jonas <Weber>",
        "Mara Lindqvist",
    ]
    assert "Solid." in opened.text
    assert "Jonas" not in browser.get().text
    for candidate in ({"last_name": "Weber"}, {"first_name": "Анна"}, {"first_name": "jonas"}):
        of_one_name = open_session(browser.http, {"id": MARA["id"], **candidate})
        page = Markup(browser.http.get(f"{of_one_name}/report").text)
        assert page.state == "open"
        assert page.all("div", id="ci-other-name") == []


def test_run_pressed_long_before_the_api_may_be_called_says_when_it_may(browser: Browser) -> None:
    browser.partner.on("POST", httpx2.Response(429, headers={"Retry-After": "600"}))
    browser.http.post(f"{browser.base}/run", headers=HTMX)
    again = browser.http.post(f"{browser.base}/run", headers=HTMX)
    assert "Nothing was started. This candidate can be run again from" in Markup(again.text).text
    assert browser.partner.count("POST") == 1


def test_without_a_run_there_is_nothing_to_view_or_to_cancel(browser: Browser) -> None:
    assert browser.get("/report").state == "idle"
    answer = browser.http.post(f"{browser.base}/cancellation", headers=HTMX)
    assert Markup(answer.text).state == "idle"


def test_who_cancels_without_javascript_stays_at_the_opening_of_the_report(
    browser: Browser,
) -> None:
    answer = browser.http.post(f"{browser.base}/cancellation?opening=1", follow_redirects=False)
    assert answer.status_code == 303
    assert "opening=1" in answer.headers["Location"]
