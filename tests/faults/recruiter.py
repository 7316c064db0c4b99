"""A recruiter's browser, as far as the widget's server can tell: forms, htmx's requests, time."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from tests.widget.markup import Element, Markup

HTMX = {"HX-Request": "true"}


@dataclass
class Form:
    method: str
    action: str
    button: str
    disabled: bool


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


def read(html: str) -> Page:
    """A page, or the partial that replaces its widget."""
    markup = Markup(html)
    unseen = [element for template in markup.all("template") for element in template.inside]
    seen = [element for element in markup.elements if element not in unseen]
    return Page(
        state=str(markup.state),
        ask_in=_ask_in(markup.root),
        says=[" ".join(said.text.split()) for said in seen if _says_something(said)],
        text=markup.text,
        forms=[_form(element) for element in markup.all("form")],
    )


def _ask_in(root: Element) -> float | None:
    delay = re.match(r"load delay:(\d+)ms", root.attributes.get("hx-trigger") or "")
    return int(delay[1]) / 1000 if delay else None


def _says_something(element: Element) -> bool:
    """Whether it says how the run stands. What is left out of a report is not that."""
    name, kind = element.attributes.get("id"), element.attributes.get("class")
    return name == "ci-stage" or (kind == "notice" and name != "ci-left-out")


def _form(element: Element) -> Form:
    (button,) = (inner for inner in element.inside if inner.tag == "button")
    return Form(
        method=str(element.attributes["method"]),
        action=str(element.attributes["action"]),
        button=button.text,
        disabled="disabled" in button.attributes,
    )


@dataclass
class Recruiter:
    """`wait` lets time pass, in seconds."""

    http: httpx2.Client
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
        self.page = read(response.text)
        return self.page
