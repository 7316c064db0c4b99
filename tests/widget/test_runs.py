"""The life of a run, against a Partner API that answers as told and a clock that stands still."""

import asyncio
import itertools
from typing import Any

import httpx2
import pytest

from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, completed, reply
from tests.widget.people import IDA, MARA, TOMAS, create_body
from tests.widget.widget_process import Clock, WidgetProcess, a_widget_process
from widget.database import DatabaseUnavailable
from widget.limits import LIMITS
from widget.model import Phase, Reason
from widget.store import Store

pytestmark = pytest.mark.anyio


async def test_a_run_is_posted_with_everything_that_the_session_carries(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", reply("queued", code=202))
    session = await process.presses_run()
    assert process.partner.bodies == [create_body()]
    assert (await process.known(session)).phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("answer", "gets"), [(completed(), 0), (reply("completed", retry_after=None), 1)]
)
async def test_a_report_that_exists_is_there_after_the_post_with_a_get_if_it_came_without(
    process: WidgetProcess, answer: httpx2.Response, gets: int
) -> None:
    process.partner.on("POST", answer).on("GET", completed())
    session = await process.presses_run()
    assert (await process.known(session)).has_report
    assert process.partner.count("GET") == gets


async def test_clicks_at_the_same_time_make_one_post(process: WidgetProcess) -> None:
    sessions = [await process.viewer() for _ in range(20)]
    await asyncio.gather(*(process.runs.start(session) for session in sessions))
    await process.settle()
    assert process.partner.count("POST") == 1


async def test_another_candidate_has_a_run_of_its_own(process: WidgetProcess) -> None:
    await process.presses_run()
    await process.presses_run(TOMAS)
    assert process.partner.count("POST") == 2


@pytest.mark.parametrize(("retry_after", "seconds"), [("7", 7.0), (None, 10.0)])
async def test_nobody_polls_before_retry_after_or_ten_seconds_have_passed(
    process: WidgetProcess, retry_after: str | None, seconds: float
) -> None:
    process.partner.on("POST", reply("queued", retry_after=retry_after)).on("GET", reply())
    session = await process.presses_run()
    await process.poll(session, after=seconds - 0.1)
    assert process.partner.count("GET") == 0
    await process.poll(session, after=0.2)
    assert process.partner.count("GET") == 1


async def test_many_tabs_cost_one_get_per_window(process: WidgetProcess) -> None:
    process.partner.on("GET", reply())
    session = await process.presses_run()
    for _ in range(3):
        process.clock.advance(10.5)
        await asyncio.gather(*(process.poll(session) for _ in range(25)))
    assert process.partner.count("GET") == 3


async def test_two_processes_on_one_store_make_one_post_and_one_get(
    process: WidgetProcess,
) -> None:
    process.partner.on("GET", reply())
    session = await process.viewer()
    async with a_widget_process(process.settings, process.clock, process.partner) as other:
        await asyncio.gather(process.runs.start(session), other.runs.start(session))
        process.clock.advance(11)
        await asyncio.gather(process.poll(session), other.poll(session))
    assert [method for method, _ in process.partner.calls] == ["POST", "GET"]


async def test_signals_show_to_everybody_as_soon_as_one_poll_has_seen_them(
    process: WidgetProcess,
) -> None:
    process.partner.on("GET", reply(signals=[{"statement": "Seen."}]))
    session, second = await process.viewer(), await process.viewer()
    await process.runs.start(session)
    await process.poll(session, after=11)
    run = await process.poll(second)
    assert run.resource is not None
    assert run.resource["signals"] == [{"statement": "Seen."}]
    assert process.partner.count("GET") == 1


async def test_a_post_that_fails_is_not_repeated_by_itself_and_can_be_run_again(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", httpx2.ReadTimeout("silence"), reply("queued"))
    session = await process.presses_run()
    await process.sweep(after=120)
    await process.poll(session)
    run = await process.known(session)
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.LOST)
    assert process.partner.count("POST") == 1
    await process.runs.start(session)
    assert (await process.known(session)).phase is Phase.RUNNING
    assert process.partner.bodies == [create_body(), create_body()]


async def test_a_run_that_the_store_kept_from_being_posted_can_be_run_again_at_once(
    process: WidgetProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(_: str) -> None:
        raise DatabaseUnavailable

    session = await process.viewer()
    with monkeypatch.context() as patched:
        patched.setattr(process.store, "request_of", unavailable)
        await process.runs.start(session)
    assert (await process.known(session)).reason is Reason.UNAVAILABLE
    await process.runs.start(session)
    assert process.partner.count("POST") == 1


async def test_a_session_that_ends_between_the_click_and_its_post_leaves_no_run(
    process: WidgetProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: str) -> None:
        return None

    session = await process.viewer()
    monkeypatch.setattr(process.store, "request_of", nothing)
    await process.runs.start(session)
    assert await process.run_of(session) is None
    assert process.partner.count("POST") == 0


async def test_a_post_that_fails_after_another_process_took_over_changes_nothing(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", httpx2.Response(422))
    session = await process.viewer()
    slow = await process.post_under_way(session)
    await process.runs.erase(IDA["id"], MARA["id"])
    process.clock.advance(LIMITS.call_seconds + LIMITS.claim_margin_seconds)
    await process.sweeper.sweep()
    process.partner.released.set()
    await slow
    await process.settle()
    assert await process.run_of(session) is None


async def test_two_processes_that_repeat_a_delete_make_one(process: WidgetProcess) -> None:
    process.partner.on("DELETE", httpx2.Response(500), reply("canceled"))
    session = await process.presses_run()
    await process.runs.cancel(await process.known(session), session)
    process.clock.advance(12)
    async with a_widget_process(process.settings, process.clock, process.partner) as other:
        await asyncio.gather(process.sweep(), other.sweep())
    assert process.partner.count("DELETE") == 2


async def test_a_run_that_is_used_is_kept_for_longer(process: WidgetProcess) -> None:
    before = await process.known(await process.presses_run())
    process.clock.advance(2 * 24 * 3600)
    await process.runs.keep(before)
    run = await process.store.run(before.pair)
    assert run is not None
    assert run.expires_at == before.expires_at + 2 * 24 * 3600


async def test_a_claim_whose_owner_died_lapses_and_can_be_taken_over(
    process: WidgetProcess,
) -> None:
    session = await process.viewer()
    dying = await process.post_under_way(session)
    await process.runs.start(session)
    assert process.partner.count("POST") == 1
    process.clock.advance(LIMITS.call_seconds)
    assert not (await process.known(session)).orphaned(process.clock())
    process.clock.advance(LIMITS.claim_margin_seconds)
    assert (await process.known(session)).orphaned(process.clock())
    taking_over = await process.post_under_way(session)
    process.partner.released.set()
    await asyncio.gather(dying, taking_over)
    assert process.partner.count("POST") == 2


async def test_the_browser_that_clicked_may_go_without_losing_the_run(
    process: WidgetProcess,
) -> None:
    session = await process.viewer()
    click = await process.post_under_way(session)
    click.cancel()
    process.partner.released.set()
    await process.settle()
    assert (await process.known(session)).phase is Phase.RUNNING


async def test_a_get_that_fails_is_tried_again_after_the_interval_then_twice_that(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", reply("queued", retry_after="10")).on("GET", httpx2.Response(500))
    session = await process.presses_run()
    for _ in range(1200):
        await process.poll(session, after=0.5)
        if process.partner.count("GET") == 6:
            break
    times = [at for method, at in process.partner.calls if method == "GET"]
    waits = [after - before for before, after in itertools.pairwise(times)]
    assert [round(wait / 10) for wait in waits[:2]] == [1, 2]
    assert waits[2] >= 40
    assert all(60 <= wait <= 66.5 for wait in waits[3:])
    assert (await process.known(session)).phase is Phase.RUNNING


async def test_an_analysis_that_fails_keeps_what_it_says_of_itself(process: WidgetProcess) -> None:
    process.partner.on("GET", reply("failed", retry_after=None, error={"message": "No trace."}))
    session = await process.presses_run()
    run = await process.poll(session, after=11)
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.ANALYSIS_FAILED)
    assert run.resource is not None
    assert run.resource["error"] == {"message": "No trace."}


async def test_a_run_that_never_ends_is_given_up_and_canceled(process: WidgetProcess) -> None:
    process.partner.on("GET", reply())
    session = await process.presses_run()
    for _ in range(70):
        await process.poll(session, after=10.1)
    run = await process.known(session)
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.TIMED_OUT)
    assert process.partner.count("DELETE") == 1


async def test_a_run_that_two_processes_give_up_is_canceled_once(process: WidgetProcess) -> None:
    process.partner.on("GET", reply(retry_after="3600"))
    session = await process.presses_run()
    seen_by_both = await process.poll(session, after=11)
    process.clock.advance(process.settings.run_timeout)
    await asyncio.gather(*(process.runs.refresh(seen_by_both) for _ in range(2)))
    assert (await process.known(session)).reason is Reason.TIMED_OUT
    assert process.partner.count("DELETE") == 1


@pytest.mark.parametrize(
    ("answer", "phase", "reason"),
    [
        (reply("canceled", retry_after=None), Phase.CANCELED, Reason.CANCELED),
        (completed(), Phase.COMPLETED, None),
    ],
)
async def test_cancel_sends_a_delete_and_ends_the_run_or_shows_a_report_that_was_complete(
    process: WidgetProcess, answer: httpx2.Response, phase: Phase, reason: Reason | None
) -> None:
    process.partner.on("DELETE", answer)
    session = await process.presses_run()
    await process.runs.cancel(await process.known(session))
    run = await process.known(session)
    assert (run.phase, run.reason) == (phase, reason)
    assert process.partner.count("DELETE") == 1


async def test_a_delete_that_fails_is_tried_again_until_it_arrives_and_no_post_is_made_before(
    process: WidgetProcess,
) -> None:
    failures = httpx2.ConnectError("refused"), httpx2.Response(502)
    process.partner.on("DELETE", *failures, reply("canceled"))
    session = await process.presses_run()
    await process.runs.cancel(await process.known(session))
    await process.runs.start(session)
    assert (await process.known(session)).phase is Phase.CANCELING
    assert process.partner.count("POST") == 1
    for _ in range(40):
        await process.sweep(after=1)
    assert (await process.known(session)).phase is Phase.CANCELED
    assert process.partner.count("DELETE") == 3


async def test_a_cancel_during_the_post_is_sent_once_that_is_answered_and_allows_no_other_post(
    process: WidgetProcess,
) -> None:
    session = await process.viewer()
    click = await process.post_under_way(session)
    await process.runs.cancel(await process.known(session))
    await process.runs.start(session)
    process.partner.released.set()
    await click
    await process.settle()
    assert (await process.known(session)).phase is Phase.CANCELED
    assert [method for method, _ in process.partner.calls] == ["POST", "DELETE"]


async def test_a_report_that_the_post_announces_for_later_is_fetched_no_earlier(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", reply("completed", retry_after="5")).on("GET", completed())
    session = await process.presses_run()
    await process.poll(session, after=4.9)
    assert process.partner.count("GET") == 0
    run = await process.poll(session, after=0.2)
    assert run.has_report


async def test_who_views_a_report_that_another_is_fetching_gets_it_as_well(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", completed()).on("GET", completed(summary="Newer."))
    session = await process.presses_run()
    await process.sweep(after=process.settings.report_ttl + 1)
    process.partner.arrived.clear()
    process.partner.hold()
    views = [asyncio.create_task(process.poll(session)) for _ in range(2)]
    await process.partner.arrived.wait()
    process.partner.released.set()
    assert all(run.has_report for run in await asyncio.gather(*views))
    assert process.partner.count("GET") == 1


async def test_a_report_is_served_from_the_store_while_it_is_fresh(process: WidgetProcess) -> None:
    process.partner.on("POST", completed()).on("GET", completed(summary="Newer."))
    session = await process.presses_run()
    await process.poll(session, after=process.settings.report_ttl - 1)
    assert process.partner.count("GET") == 0
    run = await process.poll(session, after=2)
    assert run.resource is not None
    assert run.resource["report"] == {"summary": "Newer."}


async def test_a_report_that_cannot_be_fetched_afresh_says_so_and_can_be_tried_again(
    process: WidgetProcess,
) -> None:
    process.partner.on("POST", completed()).on("GET", httpx2.Response(500), completed())
    session = await process.presses_run()
    await process.settle()
    await process.sweep(after=process.settings.report_ttl + 1)
    run = await process.poll(session)
    assert (run.phase, run.reason, run.resource) == (Phase.COMPLETED, Reason.LOST, None)
    run = await process.poll(session, after=2)
    assert run.resource is not None


async def test_a_run_that_everyone_has_left_is_canceled_after_the_grace_even_just_after_a_start(
    process: WidgetProcess,
) -> None:
    session = await process.presses_run()
    await process.sessions.leave(session, "")
    await process.sweep(after=process.settings.leave_grace - 0.5)
    assert process.partner.count("DELETE") == 0
    await process.sweep(after=1)
    run = await process.known(session)
    assert (run.phase, run.reason) == (Phase.CANCELED, Reason.LEFT)


async def test_who_starts_a_run_counts_as_present_until_its_post_has_ended(
    process: WidgetProcess,
) -> None:
    session = await process.viewer()
    await process.sessions.leave(session, "")
    process.clock.advance(process.settings.leave_grace + 1)
    start = await process.post_under_way(session)
    process.clock.advance(LIMITS.call_seconds)
    await process.sweeper.sweep()
    process.partner.released.set()
    await start
    assert (await process.known(session)).phase is Phase.RUNNING


async def test_a_second_recruiter_keeps_the_run_alive(process: WidgetProcess) -> None:
    session, second = await process.viewer(), await process.viewer()
    await process.runs.start(session)
    await process.sessions.leave(session, "")
    process.clock.advance(process.settings.leave_grace + 1)
    await process.sessions.renew(second)
    await process.sweeper.sweep()
    assert (await process.known(session)).phase is Phase.RUNNING


async def test_a_viewer_who_stops_polling_counts_as_gone_once_the_lease_has_lapsed(
    process: WidgetProcess,
) -> None:
    await process.presses_run()
    await process.sweep(after=process.settings.lease + process.settings.leave_grace - 1)
    assert process.partner.count("DELETE") == 0
    await process.sweep(after=2)
    assert process.partner.count("DELETE") == 1


async def test_the_beacon_of_a_page_that_was_reloaded_says_nothing(process: WidgetProcess) -> None:
    session = await process.sessions.begin_visit(await process.viewer())
    await process.runs.start(session)
    await process.sessions.begin_visit(session)
    await process.sessions.leave(session, session.visit)
    await process.sweep(after=process.settings.leave_grace + 1)
    assert (await process.known(session)).phase is Phase.RUNNING


async def test_viewers_who_could_not_renew_their_lease_get_the_time_to_come_back(
    process: WidgetProcess,
) -> None:
    session = await process.presses_run()
    process.clock.advance(process.settings.lease + process.settings.leave_grace + 1)
    async with a_widget_process(process.settings, process.clock, process.partner) as restarted:
        await restarted.sweep(after=process.settings.lease - 1)
        assert (await process.known(session)).phase is Phase.RUNNING
        await restarted.sweep(after=2)
        assert (await process.known(session)).phase is Phase.CANCELED


@pytest.mark.parametrize(
    ("answer", "phase"),
    [(reply("queued"), Phase.RUNNING), (httpx2.ReadTimeout("silence"), Phase.FAILED)],
)
async def test_the_answer_to_a_post_waits_for_a_store_that_is_away(
    process: WidgetProcess,
    answer: httpx2.Response | Exception,
    phase: Phase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process.partner.on("POST", answer)
    session = await process.viewer()
    click = await process.post_under_way(session)
    outage = Outage()
    with monkeypatch.context() as away:
        away.setattr(Store, "change", outage.change)
        process.partner.released.set()
        await outage.noticed.wait()
    await click
    await process.settle()
    assert (await process.known(session)).phase is phase


async def test_a_store_that_is_away_for_longer_than_a_claim_is_waited_for_no_longer(
    process: WidgetProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await process.viewer()
    click = await process.post_under_way(session)
    process.clock.advance(LIMITS.call_seconds + LIMITS.claim_margin_seconds)
    with monkeypatch.context() as away:
        away.setattr(Store, "change", Outage().change)
        process.partner.released.set()
        await click
    await process.settle()
    assert (await process.known(session)).orphaned(process.clock())


class Outage:
    """Stands in for a method of a store whose database is away."""

    def __init__(self) -> None:
        self.noticed = asyncio.Event()

    async def change(self, *_: Any, **__: Any) -> bool:
        self.noticed.set()
        raise DatabaseUnavailable("away")


async def test_with_cancel_on_leave_off_a_run_goes_on_when_everyone_has_left(
    settings: MakeSettings, clock: Clock
) -> None:
    partner = Partner(clock).on("GET", completed())
    async with a_widget_process(settings(cancel_on_leave=False), clock, partner) as process:
        session = await process.presses_run()
        await process.sweep(after=3000)
        run = await process.poll(session)
        assert run.phase is Phase.COMPLETED


@pytest.mark.threat(name="stolen database")
async def test_the_cv_is_forgotten_once_there_is_a_report(process: WidgetProcess) -> None:
    process.partner.on("GET", completed())
    session = await process.presses_run()
    request = await process.store.request_of(session.id)
    assert request is not None
    assert "cv" in request["candidate"]
    await process.poll(session, after=11)
    request = await process.store.request_of(session.id)
    assert request is not None
    assert "cv" not in request["candidate"]


@pytest.mark.threat(name="stolen database")
async def test_erasing_keeps_the_name_of_an_analysis_until_its_delete_has_arrived(
    process: WidgetProcess,
) -> None:
    process.partner.on("DELETE", httpx2.Response(500), reply("canceled"))
    session = await process.presses_run()
    await process.runs.erase(IDA["id"], MARA["id"])
    assert (await process.known(session)).resource is None
    assert await process.store.load(session.id) is None
    await process.sweep(after=12)
    assert await process.run_of(session) is None
