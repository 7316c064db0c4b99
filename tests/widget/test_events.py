"""What the ATS is told of, and what is counted: with each change, and with nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from tests.widget.client import client_of, open_session
from tests.widget.conftest import MakeSettings
from tests.widget.markup import Markup
from tests.widget.partner import ANALYSIS, Partner, completed, reply
from tests.widget.people import IDA, MARA, TOMAS
from tests.widget.widget_process import (
    EVENTS,
    SECRET,
    Clock,
    WidgetProcess,
    a_widget_process,
)
from widget.database import DatabaseUnavailable, connect
from widget.model import EmbedSession, Phase
from widget.seal import Seal
from widget.store import Store

pytestmark = pytest.mark.anyio

Story = Callable[[WidgetProcess, EmbedSession], Awaitable[None]]


@pytest.fixture
async def process(
    settings: MakeSettings, database_url: str, clock: Clock
) -> AsyncIterator[WidgetProcess]:
    """One whose ATS takes events."""
    options = settings(database_url=database_url, **EVENTS)
    async with a_widget_process(options, clock, Partner(clock)) as process:
        yield process


async def brief(process: WidgetProcess) -> list[str]:
    """What is told, as `completed`, or as `failed: refused`."""
    return [
        f"{body['type'].partition('.')[2]}: {body['data']['reason']}".removesuffix(": None")
        for body in await process.told()
    ]


async def completes(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("GET", reply(), completed())
    await process.runs.start(session)
    await process.refresh(session, after=11)
    await process.refresh(session, after=11)


async def exists(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("POST", completed())
    await process.runs.start(session)


async def exists_without_its_report(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("POST", reply("completed")).on("GET", completed())
    await process.runs.start(session)


async def fails(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("GET", reply("failed", error="Mara, 3 Quay St"))
    await process.runs.start(session)
    await process.refresh(session, after=11)


async def is_refused(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("POST", httpx2.Response(422))
    await process.runs.start(session)


async def is_lost(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("POST", httpx2.Response(500))
    await process.runs.start(session)


async def is_gone(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("GET", httpx2.Response(404))
    await process.runs.start(session)
    await process.refresh(session, after=11)


async def is_canceled(process: WidgetProcess, session: EmbedSession) -> None:
    await process.runs.start(session)
    await process.runs.cancel(await process.known(session))


async def is_left(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("DELETE", httpx2.Response(500), reply("canceled"))
    await process.runs.start(session)
    await process.sweep(after=process.settings.lease + process.settings.leave_grace + 1)
    await process.sweep(after=60)


async def never_ends(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("GET", reply())
    await process.runs.start(session)
    await process.poll(session, after=process.settings.run_timeout)


async def completes_too_soon_to_be_canceled(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("DELETE", completed())
    await process.runs.start(session)
    await process.runs.cancel(await process.known(session))


async def is_canceled_from_the_other_side(process: WidgetProcess, session: EmbedSession) -> None:
    process.partner.on("GET", reply("canceled"))
    await process.runs.start(session)
    await process.refresh(session, after=11)


async def is_viewed_when_the_report_is_no_longer_kept(
    process: WidgetProcess, session: EmbedSession
) -> None:
    await exists(process, session)
    process.partner.on("GET", reply("failed"), completed())
    await process.poll(session, after=process.settings.report_ttl + 1)
    await process.presses_run()


STORIES: dict[Story, tuple[list[str], dict[str, int]]] = {
    completes: (["started", "completed"], {"started": 1, "completed": 1}),
    exists: (["started", "completed"], {"started": 1, "completed": 1, "reused": 1}),
    exists_without_its_report: (
        ["started", "completed"],
        {"started": 1, "completed": 1, "reused": 1},
    ),
    fails: (["started", "failed: analysis_failed"], {"started": 1, "failed": 1}),
    is_refused: (["failed: refused"], {"failed": 1}),
    is_lost: (["failed: lost"], {"failed": 1}),
    is_gone: (["started", "failed: gone"], {"started": 1, "failed": 1}),
    is_canceled: (["started", "canceled: canceled"], {"started": 1, "canceled": 1}),
    is_left: (["started", "canceled: left"], {"started": 1, "canceled": 1}),
    never_ends: (["started", "failed: timed_out"], {"started": 1, "failed": 1}),
    completes_too_soon_to_be_canceled: (["started", "completed"], {"started": 1, "completed": 1}),
    is_canceled_from_the_other_side: (
        ["started", "canceled: canceled_upstream"],
        {"started": 1, "canceled": 1},
    ),
    # That a run ends is told once, whatever a later answer says of it.
    is_viewed_when_the_report_is_no_longer_kept: (
        ["started", "completed", "started", "completed"],
        {"started": 2, "completed": 2, "reused": 2},
    ),
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_what_happens_to_a_run_is_told_and_counted_once(
    process: WidgetProcess, story: Story
) -> None:
    told, counted = STORIES[story]
    await story(process, await process.viewer())
    await process.settle()
    assert await brief(process) == told
    assert await process.counted() == counted


async def test_an_event_says_what_happened_to_whom_and_when(process: WidgetProcess) -> None:
    await fails(process, await process.viewer())
    started, failed = await process.told()
    ids = {"client_id": IDA["id"], "candidate_id": MARA["id"], "analysis_id": ANALYSIS}
    assert started == {
        "type": "report.started",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "data": ids | {"viewer_id": None, "reason": None},
    }
    assert failed == {
        "type": "report.failed",
        "timestamp": "2023-11-14T22:13:31.000Z",
        "data": ids | {"viewer_id": None, "reason": "analysis_failed"},
    }


@pytest.mark.parametrize("part", ["widget.outbox.add", "widget.usage.count"])
async def test_a_change_and_what_it_tells_are_stored_together_or_not_at_all(
    process: WidgetProcess, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    process.partner.on("GET", completed())
    session = await process.presses_run()
    before, told = await process.known(session), await process.told()
    with monkeypatch.context() as broken:
        broken.setattr(part, break_down)
        with pytest.raises(DatabaseUnavailable):
            await process.store.change(before, process.clock(), phase=Phase.COMPLETED)
        with pytest.raises(DatabaseUnavailable):
            await process.store.forget_gone_run(before, process.clock())
        with pytest.raises(DatabaseUnavailable):
            await process.runs.erase(IDA["id"], MARA["id"])
    assert await process.known(session) == before
    assert await process.told() == told
    assert await process.counted() == {"started": 1}
    assert await process.store.load(session.id) is not None


def break_down(*_: object) -> None:
    raise OperationalError("disk full", {}, Exception())


@pytest.mark.threat(name="stolen database")
async def test_an_erasure_takes_what_is_not_delivered_and_is_told_alone(
    process: WidgetProcess,
) -> None:
    process.partner.on("DELETE", httpx2.Response(500), reply("canceled"))
    session = await process.presses_run()
    await process.presses_run(TOMAS)
    await process.runs.erase(IDA["id"], MARA["id"])
    await process.sweep(after=12)
    assert await process.run_of(session) is None
    told = [(event["data"]["candidate_id"], event["type"]) for event in await process.told()]
    assert sorted(told) == [
        (MARA["id"], "candidate.erased"),
        (TOMAS["id"], "report.started"),
    ]
    assert await process.counted() == {"started": 2, "canceled": 1}


async def test_nothing_more_is_told_of_a_candidate_who_is_erased_while_the_post_is_under_way(
    process: WidgetProcess,
) -> None:
    for answer in (reply("queued"), completed(), httpx2.Response(500)):
        process.partner.on("POST", answer)
        session = await process.viewer()
        pressed = await process.post_under_way(session)
        await process.runs.erase(IDA["id"], MARA["id"])
        process.partner.released.set()
        await pressed
        await process.settle()
        assert await process.run_of(session) is None
        assert {event["type"] for event in await process.told()} == {"candidate.erased"}
    assert await process.counted() == {"canceled": 3}


async def test_without_an_address_for_events_none_is_kept_but_usage_is(
    settings: MakeSettings, database_url: str, clock: Clock
) -> None:
    options = settings(database_url=database_url)
    async with a_widget_process(options, clock, Partner(clock)) as process:
        session = await process.viewer()
        await exists(process, session)
        await process.runs.open_report(session, await process.known(session))
        await process.runs.erase(IDA["id"], MARA["id"])
        assert await process.told() == []
        assert await process.counted() == {"started": 1, "completed": 1, "reused": 1}


def test_each_opening_of_a_report_is_told_once_with_who_looks(
    settings: MakeSettings, database_url: str, clock: Clock
) -> None:
    """By clicks as the page has them; reloads, late polls and doubled clicks are no openings."""
    partner = Partner(clock).on("POST", completed())
    with client_of(settings(database_url=database_url, **EVENTS), partner, clock) as http:
        base = open_session(http, viewer={"id": 12})

        def viewed() -> int:
            return asyncio.run(count_views(database_url, clock))

        run = follow(http, "ci-action", Markup(http.get(base).text))
        assert (run.state, viewed()) == ("open", 1)
        for address in (f"{base}/run", f"{base}/report", f"{base}/run?n=5"):
            for headers in ({}, {"HX-Request": "true"}):
                assert Markup(http.get(address, headers=headers).text).state == "open"
        http.post(f"{base}/run")
        assert viewed() == 1
        closed = follow(http, "ci-action", run)
        assert (closed.state, viewed()) == ("closed", 1)
        http.head(f"{base}/report", params={"opening": "2"})
        assert viewed() == 1
        for _ in range(3):
            again = follow(http, "ci-action", closed)
            assert (again.state, viewed()) == ("open", 2)
        for nonsense in ("x", "", "-1", "0", "1", "2", "²"):
            http.get(f"{base}/report", params={"opening": nonsense})
        assert viewed() == 2
        closed = follow(http, "ci-action", again)
        assert follow(http, "ci-action", closed).state == "open"
        assert viewed() == 3


def follow(http: TestClient, form_id: str, page: Markup) -> Markup:
    """What a browser without JavaScript does with a form: a GET replaces the address's query."""
    form = page.one("form", id=form_id)
    fields = {
        str(field.attributes["name"]): str(field.attributes["value"])
        for field in page.all("input")
        if "name" in field.attributes
    }
    method, action = str(form.attributes["method"]), str(form.attributes["action"])
    query = {"params": fields} if method == "get" else {}
    return Markup(http.request(method, action, **query).text)  # type: ignore[arg-type]


async def count_views(database_url: str, clock: Clock) -> int:
    store = Store(connect(database_url), Seal([SECRET]), tells=True)
    await store.open()
    later = clock() + 3600.0  # as the widget is trying to deliver them
    letters = await store.claim_events(later, later, 1000)
    await store.close()
    views = [body for letter in letters if "viewed" in (body := json.loads(letter.body))["type"]]
    assert {view["data"]["viewer_id"] for view in views} <= {"12"}
    assert {view["data"]["analysis_id"] for view in views} <= {ANALYSIS}
    return len(views)
