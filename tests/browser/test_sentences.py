"""What a recruiter reads, and can do next, where there is no report."""

from playwright.sync_api import BrowserContext, Page, expect

from demo_ats.servers import local
from tests.browser.embed import Embed
from tests.browser.host_pages import HostPages
from tests.browser.recruiter import RUN


def test_an_expired_view_leads_back_to_its_profile_where_the_browser_tells_which_one_that_is(
    host: HostPages, page: Page
) -> None:
    session = host.open_session("expiring")[1]["embed_url"]
    frame = f'<iframe src="{session}" referrerpolicy="{{}}"></iframe>'
    host.pages["/profile"] = frame.format("no-referrer-when-downgrade")
    page.goto(f"{host.origin}/profile")
    widget = page.frame_locator("iframe")
    run, back = widget.get_by_role("button", name=RUN), widget.get_by_role("link")
    expect(run).to_be_visible()
    local.delete(
        f"{host.widget}/api/v1/candidates/{host.client_id}/expiring",
        headers={"Authorization": f"Bearer {host.host_token}"},
    ).raise_for_status()
    run.click()
    for _ in ("expired on the screen", "has expired when it comes"):
        expect(back).to_have_text("Reload the profile")
        with page.expect_response(f"{host.origin}/profile"):
            back.click()
    host.pages["/profile"] = frame.format("strict-origin")
    page.reload()
    expect(widget.get_by_text("Reload the candidate’s profile to continue.")).to_be_visible()
    expect(back).to_have_count(0)


def test_each_kind_of_news_has_a_face_of_its_own(
    embed: Embed, page: Page, context: BrowserContext
) -> None:
    faces = set()
    for address in (embed.failed(), embed.canceled(), embed.expired()):
        page.goto(address)
        faces.add(face(page))
    page.goto(embed.idle())
    context.set_offline(True)
    page.get_by_role("button", name=RUN).click()
    faces.add(face(page))
    assert len(faces) == 4


def face(page: Page) -> str:
    icon = page.locator(".notice .tone")
    expect(icon).to_be_visible()
    return icon.inner_html()


def test_an_idle_button_says_what_it_offers_where_the_session_asks_for_that(
    embed: Embed, page: Page
) -> None:
    run = page.get_by_role("button", name=RUN)
    page.goto(embed.idle())
    expect(run).to_have_accessible_description("")
    page.goto(embed.idle(appearance={"intro": True}))
    expect(page.get_by_text("Takes about a minute, billed once.")).to_be_visible()
    expect(run).to_have_accessible_description(
        "Checks identity and public sources, and suggests interview questions. "
        "Takes about a minute, billed once."
    )
