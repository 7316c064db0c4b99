"""The templates of docs/frameworks.md with the token of Django, Rails and Laravel, filled in."""

from html import escape

import pytest
from playwright.sync_api import Page

from tests.hosts.ats import MARA, Ats, snippets
from tests.hosts.test_frameworks import Profile

SESSION_URL = f"/candidates/{MARA}/intelligence-session"
DJANGO, RAILS, LARAVEL = range(3)


@pytest.mark.parametrize(
    ("template", "header", "address", "token"),
    [
        (
            DJANGO,
            "X-CSRFToken",
            "{% url 'intelligence-session' candidate.id %}",
            "{{ csrf_token }}",
        ),
        (
            RAILS,
            "X-CSRF-Token",
            "<%= candidate_intelligence_session_path(candidate) %>",
            '<%= { "X-CSRF-Token": form_authenticity_token }.to_json %>',
        ),
        (
            LARAVEL,
            "X-CSRF-TOKEN",
            "{{ route('intelligence-session', $candidate) }}",
            "{{ csrf_token() }}",
        ),
    ],
    ids=["Django", "Rails", "Laravel"],
)
def test_a_template_sends_the_token_in_the_header_that_is_looked_for(
    page: Page, ats: Ats, template: int, header: str, address: str, token: str
) -> None:
    ats.token_header = header
    filled_in = ats.token
    if template == RAILS:
        filled_in = escape(f'{{"X-CSRF-Token":"{ats.token}"}}')
    html = snippets("CSRF")[template]
    assert address in html
    assert token in html
    ats.template = html.replace(address, SESSION_URL).replace(token, filled_in)
    page.goto(f"{ats.origin}/template")
    Profile(page).sees("idle")
