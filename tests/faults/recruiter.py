"""A recruiter's browser, as far as the widget's server can tell: forms, htmx's requests, time."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2
from starlette.testclient import TestClient

HTMX = {"HX-Request": "true"}


@dataclass
class Form:
    method: str
    action: str
    button: str = ""
    disabled: bool = False


@dataclass
class Page:
    """`says` are the sentences on what goes on or went wrong, `ask_in` is in seconds."""

    state: str = ""
    ask_in: float | None = None
    says: list[str] = field(default_factory=list)
    text: str = ""
    forms: list[Form] = field(default_factory=list)

    def form(self, button: str) -> Form:
        (found,) = (form for form in self.forms if form.button == button)
        assert not found.disabled, button
        return found


class Reader(HTMLParser):
    """Reads a page, or the partial that replaces its widget."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.page = Page()
        self._sentence: list[str] = []  # the open elements within one that says something
        self._in_form = self._in_button = False
        self.feed(html)
        self.page.says = [" ".join(text.split()) for text in self.page.says]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if attributes.get("id") == "candidate-intelligence":
            self._read_root(attributes)
        if tag == "form":
            self._in_form = True
            self.page.forms.append(Form(attributes["method"], attributes["action"]))
        if tag == "button" and self._in_form:
            self._in_button = True
            self.page.forms[-1].disabled = "disabled" in attributes
        if self._sentence:
            self._sentence.append(tag)
        elif attributes.get("id") == "ci-stage" or attributes.get("class") == "notice":
            self._sentence.append(tag)
            self.page.says.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._in_button = False
        if tag == "form":
            self._in_form = False
        if self._sentence:
            self._sentence.pop()

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if self._in_button:
            self.page.forms[-1].button += data.strip()
        if self._sentence:
            self.page.says[-1] += data

    def _read_root(self, attributes: dict[str, str]) -> None:
        self.page.state = attributes["data-state"]
        delay = re.match(r"load delay:(\d+)ms", attributes.get("hx-trigger", ""))
        self.page.ask_in = int(delay[1]) / 1000 if delay else None


@dataclass
class Recruiter:
    """`wait` lets time pass, in seconds."""

    http: TestClient
    address: str
    wait: Callable[[float], None]
    page: Page = field(default_factory=Page)

    def open_the_profile(self) -> Page:
        return self.see(self.http.get(self.address))

    def press(self, button: str) -> Page:
        """Without JavaScript, which is all that a form may need."""
        form = self.page.form(button)
        return self.see(self.http.request(form.method, form.action))

    def watch(self) -> Page:
        """What htmx does next: waits as long as the page says, and asks again."""
        assert self.page.ask_in is not None, "nobody asks again"
        self.wait(self.page.ask_in)
        return self.see(self.http.get(f"{self.address}/run", headers=HTMX))

    def watch_until(self, state: str, patience: int = 100) -> Page:
        for _ in range(patience):
            if self.page.state == state:
                break
            self.watch()
        assert self.page.state == state
        return self.page

    def see(self, response: httpx2.Response) -> Page:
        assert response.status_code == 200, response.text
        self.page = Reader(response.text).page
        return self.page
