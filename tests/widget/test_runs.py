"""The life of a run, against a Partner API that answers as told and a clock that stands still."""

import asyncio
import itertools
from typing import Any

import httpx2
import pytest

from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, completed, reply
from tests.widget.people import IDA, MARA, TOMAS, create_body
from tests.widget.world import Clock, World, a_world
from widget.database import DatabaseUnavailable
from widget.limits import LIMITS
from widget.model import Phase, Reason
from widget.store import Store

pytestmark = pytest.mark.anyio


async def test_a_run_is_posted_with_everything_that_the_session_carries(world: World) -> None:
    world.partner.on("POST", reply("queued", code=202))
    session = await world.viewer()
    await world.runs.start(session)
    assert world.partner.bodies == [create_body()]
    assert (await world.known(session)).phase is Phase.RUNNING


async def test_a_report_that_exists_is_there_after_the_post(world: World) -> None:
    world.partner.on("POST", completed())
    session = await world.viewer()
    await world.runs.start(session)
    run = await world.known(session)
    assert run.phase is Phase.COMPLETED
    assert run.resource is not None
    assert world.partner.count("GET") == 0


async def test_clicks_at_the_same_time_make_one_post(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    sessions = [await world.viewer() for _ in range(20)]
    await asyncio.gather(*(world.runs.start(session) for session in sessions))
    await world.settle()
    assert world.partner.count("POST") == 1


async def test_another_candidate_or_client_has_a_run_of_its_own(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    await world.runs.start(await world.viewer())
    await world.runs.start(await world.viewer(TOMAS))
    assert world.partner.count("POST") == 2


async def test_nobody_polls_before_retry_after_has_passed(world: World) -> None:
    world.partner.on("POST", reply("queued", retry_after="7")).on("GET", reply())
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(6.9)
    await world.poll(session)
    assert world.partner.count("GET") == 0
    world.clock.advance(0.2)
    await world.poll(session)
    assert world.partner.count("GET") == 1


async def test_without_retry_after_the_wait_is_ten_seconds(world: World) -> None:
    world.partner.on("POST", reply("queued", retry_after=None)).on("GET", reply())
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(9.9)
    await world.poll(session)
    assert world.partner.count("GET") == 0
    world.clock.advance(0.2)
    await world.poll(session)
    assert world.partner.count("GET") == 1


async def test_many_tabs_cost_one_get_per_window(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("GET", reply())
    session = await world.viewer()
    await world.runs.start(session)
    for _ in range(3):
        world.clock.advance(10.5)
        await asyncio.gather(*(world.poll(session) for _ in range(25)))
    assert world.partner.count("GET") == 3


async def test_two_processes_on_one_store_make_one_post_and_one_get(
    world: World,
) -> None:
    other = a_world(world.settings, world.clock, world.partner)
    await other.store.open()
    world.partner.on("POST", reply("queued")).on("GET", reply())
    session = await world.viewer()
    await asyncio.gather(world.runs.start(session), other.runs.start(session))
    world.clock.advance(11)
    await asyncio.gather(world.poll(session), other.poll(session))
    await other.api.close()
    await other.store.close()
    assert [method for method, _ in world.partner.calls] == ["POST", "GET"]


async def test_signals_show_to_everybody_as_soon_as_one_poll_has_seen_them(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("GET", reply(signals=[{"statement": "Seen."}]))
    session, second = await world.viewer(), await world.viewer()
    await world.runs.start(session)
    world.clock.advance(11)
    await world.poll(session)
    run = await world.poll(second)
    assert run is not None
    assert run.resource is not None
    assert run.resource["signals"] == [{"statement": "Seen."}]
    assert world.partner.count("GET") == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx2.Response(401), Reason.CREDENTIALS),
        (httpx2.Response(403), Reason.CREDENTIALS),
        (httpx2.Response(422), Reason.REFUSED),
        (httpx2.Response(429, headers={"Retry-After": "3"}), Reason.UNAVAILABLE),
        (httpx2.Response(500), Reason.LOST),
        (httpx2.Response(302, headers={"Location": "http://other.example"}), Reason.LOST),
        (httpx2.ConnectError("refused"), Reason.UNAVAILABLE),
        (httpx2.ReadTimeout("silence"), Reason.LOST),
        (httpx2.ReadError("reset"), Reason.LOST),
        (httpx2.Response(202, text="<html>"), Reason.LOST),
        (httpx2.Response(202, json={"status": "queued"}), Reason.LOST),
    ],
)
async def test_a_post_that_fails_ends_the_run_and_is_not_repeated_by_itself(
    world: World, answer: httpx2.Response | Exception, reason: Reason
) -> None:
    world.partner.on("POST", answer)
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(120)
    await world.sweeper.sweep()
    await world.poll(session)
    run = await world.known(session)
    assert (run.phase, run.reason) == (Phase.FAILED, reason)
    assert world.partner.count("POST") == 1


async def test_a_run_that_failed_can_be_run_again(world: World) -> None:
    world.partner.on("POST", httpx2.ReadTimeout("silence"), reply("queued"))
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.start(session)
    assert (await world.known(session)).phase is Phase.RUNNING
    assert world.partner.bodies == [create_body(), create_body()]


async def test_a_run_that_the_store_kept_from_being_posted_can_be_run_again_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(_: str) -> None:
        raise DatabaseUnavailable

    world.partner.on("POST", reply("queued"))
    session = await world.viewer()
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "request_of", unavailable)
        await world.runs.start(session)
    assert (await world.known(session)).reason is Reason.UNAVAILABLE
    await world.runs.start(session)
    assert world.partner.count("POST") == 1


async def test_a_claim_whose_owner_died_lapses_and_can_be_taken_over(world: World) -> None:
    world.partner.on("POST", reply("queued")).hold()
    session = await world.viewer()
    dying = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    await world.runs.start(session)
    assert world.partner.count("POST") == 1
    world.clock.advance(LIMITS.call_seconds)
    assert not (await world.known(session)).orphaned(world.clock())
    world.clock.advance(LIMITS.claim_margin_seconds)
    assert (await world.known(session)).orphaned(world.clock())
    world.partner.arrived.clear()
    taking_over = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    world.partner.released.set()
    await asyncio.gather(dying, taking_over)
    assert world.partner.count("POST") == 2


async def test_the_browser_that_clicked_may_go_without_losing_the_run(world: World) -> None:
    world.partner.on("POST", reply("queued")).hold()
    session = await world.viewer()
    click = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    click.cancel()
    world.partner.released.set()
    await world.settle()
    assert (await world.known(session)).phase is Phase.RUNNING


async def test_a_get_that_fails_is_tried_again_after_the_interval_then_twice_that(
    world: World,
) -> None:
    world.partner.on("POST", reply("queued", retry_after="10")).on("GET", httpx2.Response(500))
    session = await world.viewer()
    await world.runs.start(session)
    for _ in range(1200):
        world.clock.advance(0.5)
        await world.poll(session)
        if world.partner.count("GET") == 6:
            break
    times = [at for method, at in world.partner.calls if method == "GET"]
    waits = [after - before for before, after in itertools.pairwise(times)]
    assert [round(wait / 10) for wait in waits[:2]] == [1, 2]
    assert waits[2] >= 40
    assert all(60 <= wait <= 66.5 for wait in waits[3:])
    assert (await world.known(session)).phase is Phase.RUNNING


async def test_a_failing_get_keeps_to_the_retry_after_that_it_announces(world: World) -> None:
    busy = httpx2.Response(503, headers={"Retry-After": "33"})
    world.partner.on("POST", reply("queued")).on("GET", busy, completed())
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(10.5)
    await world.poll(session)
    world.clock.advance(32.9)
    await world.poll(session)
    assert world.partner.count("GET") == 1
    world.clock.advance(5)
    run = await world.poll(session)
    assert run is not None
    assert run.phase is Phase.COMPLETED


async def test_an_analysis_that_is_gone_leads_back_to_the_start(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("GET", httpx2.Response(404))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(11)
    assert await world.poll(session) is None


async def test_an_analysis_that_fails_keeps_what_it_says_of_itself(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    world.partner.on("GET", reply("failed", retry_after=None, error={"message": "No trace."}))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(11)
    run = await world.poll(session)
    assert run is not None
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.ANALYSIS_FAILED)
    assert run.resource is not None
    assert run.resource["error"] == {"message": "No trace."}


async def test_an_unknown_status_counts_as_processing(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("GET", reply("reticulating"), completed())
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(11)
    await world.poll(session)
    assert (await world.known(session)).phase is Phase.RUNNING
    world.clock.advance(11)
    await world.poll(session)
    assert (await world.known(session)).phase is Phase.COMPLETED


async def test_a_run_that_never_ends_is_given_up_and_canceled(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("GET", reply()).on("DELETE", reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    for _ in range(70):
        world.clock.advance(10.1)
        await world.poll(session)
    run = await world.known(session)
    assert (run.phase, run.reason) == (Phase.FAILED, Reason.TIMED_OUT)
    assert world.partner.count("DELETE") == 1


async def test_cancel_sends_a_delete_and_ends_the_run(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled", retry_after=None))
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.cancel(await world.known(session))
    run = await world.known(session)
    assert (run.phase, run.reason) == (Phase.CANCELED, Reason.CANCELED)
    assert world.partner.count("DELETE") == 1


async def test_a_delete_that_fails_is_tried_again_until_it_arrives(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    world.partner.on(
        "DELETE", httpx2.ConnectError("refused"), httpx2.Response(502), reply("canceled")
    )
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.cancel(await world.known(session))
    assert (await world.known(session)).phase is Phase.CANCELING
    for _ in range(40):
        world.clock.advance(1)
        await world.sweeper.sweep()
        await world.settle()
    assert (await world.known(session)).phase is Phase.CANCELED
    assert world.partner.count("DELETE") == 3


async def test_while_a_delete_has_not_arrived_no_second_post_is_made(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", httpx2.Response(500))
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.cancel(await world.known(session))
    await world.runs.start(session)
    assert world.partner.count("POST") == 1


async def test_a_cancel_during_the_post_is_sent_as_soon_as_the_post_is_answered(
    world: World,
) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    world.partner.hold()
    session = await world.viewer()
    click = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    await world.runs.cancel(await world.known(session))
    world.partner.released.set()
    await click
    await world.settle()
    assert (await world.known(session)).phase is Phase.CANCELED
    assert world.partner.count("DELETE") == 1


async def test_a_cancel_during_the_post_allows_no_second_post(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled")).hold()
    session = await world.viewer()
    click = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    await world.runs.cancel(await world.known(session))
    await world.runs.start(session)
    world.partner.released.set()
    await click
    await world.settle()
    assert world.partner.count("POST") == 1


async def test_a_report_that_was_complete_before_the_cancel_is_shown(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", completed())
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.cancel(await world.known(session))
    assert (await world.known(session)).phase is Phase.COMPLETED


async def test_a_report_that_the_post_announces_without_it_is_fetched_at_once(
    world: World,
) -> None:
    world.partner.on("POST", reply("completed", retry_after=None)).on("GET", completed())
    session = await world.viewer()
    await world.runs.start(session)
    assert (await world.known(session)).has_report
    assert world.partner.count("GET") == 1


async def test_a_report_that_the_post_announces_for_later_is_fetched_no_earlier(
    world: World,
) -> None:
    world.partner.on("POST", reply("completed", retry_after="5")).on("GET", completed())
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(4.9)
    await world.poll(session)
    assert world.partner.count("GET") == 0
    world.clock.advance(0.2)
    run = await world.poll(session)
    assert run is not None
    assert run.has_report


async def test_who_views_a_report_that_another_is_fetching_gets_it_as_well(world: World) -> None:
    world.partner.on("POST", completed()).on("GET", completed(summary="Newer."))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(world.settings.report_ttl + 1)
    await world.sweeper.sweep()
    world.partner.arrived.clear()
    world.partner.hold()
    views = [asyncio.create_task(world.poll(session)) for _ in range(2)]
    await world.partner.arrived.wait()
    world.partner.released.set()
    for run in await asyncio.gather(*views):
        assert run is not None
        assert run.has_report
    assert world.partner.count("GET") == 1


async def test_a_report_is_served_from_the_store_while_it_is_fresh(world: World) -> None:
    world.partner.on("POST", completed()).on("GET", completed(summary="Newer."))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(world.settings.report_ttl - 1)
    await world.poll(session)
    assert world.partner.count("GET") == 0
    world.clock.advance(2)
    run = await world.poll(session)
    assert run is not None
    assert run.resource is not None
    assert run.resource["report"] == {"summary": "Newer."}


async def test_a_report_that_cannot_be_fetched_afresh_says_so_and_can_be_tried_again(
    world: World,
) -> None:
    world.partner.on("POST", completed()).on("GET", httpx2.Response(500), completed())
    session = await world.viewer()
    await world.runs.start(session)
    await world.settle()
    world.clock.advance(world.settings.report_ttl + 1)
    await world.sweeper.sweep()
    run = await world.poll(session)
    assert run is not None
    assert (run.phase, run.reason, run.resource) == (Phase.COMPLETED, Reason.LOST, None)
    world.clock.advance(2)
    run = await world.poll(session)
    assert run is not None
    assert run.resource is not None


async def test_a_run_that_everyone_has_left_is_canceled_after_the_grace(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    await world.sessions.leave(session, "")
    world.clock.advance(world.settings.leave_grace - 0.5)
    await world.sweeper.sweep()
    await world.settle()
    assert world.partner.count("DELETE") == 0
    world.clock.advance(1)
    await world.sweeper.sweep()
    await world.settle()
    run = await world.known(session)
    assert (run.phase, run.reason) == (Phase.CANCELED, Reason.LEFT)


async def test_who_starts_a_run_counts_as_present_until_its_post_has_ended(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    session = await world.viewer()
    await world.sessions.leave(session, "")
    world.clock.advance(world.settings.leave_grace + 1)
    world.partner.hold()
    start = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    world.clock.advance(LIMITS.call_seconds)
    await world.sweeper.sweep()
    world.partner.released.set()
    await start
    assert (await world.known(session)).phase is Phase.RUNNING


async def test_a_second_recruiter_keeps_the_run_alive(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    session, second = await world.viewer(), await world.viewer()
    await world.runs.start(session)
    await world.sessions.leave(session, "")
    world.clock.advance(world.settings.leave_grace + 1)
    await world.sessions.renew(second)
    await world.sweeper.sweep()
    assert (await world.known(session)).phase is Phase.RUNNING


async def test_a_viewer_who_stops_polling_counts_as_gone_once_the_lease_has_lapsed(
    world: World,
) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(world.settings.lease + world.settings.leave_grace - 1)
    await world.sweeper.sweep()
    await world.settle()
    assert world.partner.count("DELETE") == 0
    world.clock.advance(2)
    await world.sweeper.sweep()
    await world.settle()
    assert world.partner.count("DELETE") == 1


async def test_the_beacon_of_a_page_that_was_reloaded_says_nothing(world: World) -> None:
    world.partner.on("POST", reply("queued"))
    session = await world.sessions.begin_visit(await world.viewer())
    await world.runs.start(session)
    await world.sessions.begin_visit(session)
    await world.sessions.leave(session, session.visit)
    world.clock.advance(world.settings.leave_grace + 1)
    await world.sweeper.sweep()
    assert (await world.known(session)).phase is Phase.RUNNING


async def test_viewers_who_could_not_renew_their_lease_get_the_time_to_come_back(
    world: World,
) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(world.settings.lease + world.settings.leave_grace + 1)
    restarted = a_world(world.settings, world.clock, world.partner)
    await restarted.store.open()
    world.clock.advance(world.settings.lease - 1)
    await restarted.sweeper.sweep()
    assert (await world.known(session)).phase is Phase.RUNNING
    world.clock.advance(2)
    await restarted.sweeper.sweep()
    await restarted.settle()
    assert (await world.known(session)).phase is Phase.CANCELED
    await restarted.api.close()
    await restarted.store.close()


async def test_who_leaves_just_after_a_restart_is_gone_after_the_grace(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(1)
    await world.sessions.leave(session, "")
    world.clock.advance(world.settings.leave_grace + 1)
    await world.sweeper.sweep()
    await world.settle()
    assert (await world.known(session)).phase is Phase.CANCELED


@pytest.mark.parametrize(
    ("answer", "phase"),
    [(reply("queued"), Phase.RUNNING), (httpx2.ReadTimeout("silence"), Phase.FAILED)],
)
async def test_the_answer_to_a_post_waits_for_a_store_that_is_away(
    world: World,
    answer: httpx2.Response | Exception,
    phase: Phase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.partner.on("POST", answer).hold()
    session = await world.viewer()
    click = asyncio.create_task(world.runs.start(session))
    await world.partner.arrived.wait()
    outage = Outage()
    with monkeypatch.context() as away:
        away.setattr(Store, "change", outage.change)
        world.partner.released.set()
        await outage.noticed.wait()
    await click
    await world.settle()
    assert (await world.known(session)).phase is phase


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
    world = a_world(settings(cancel_on_leave=False), clock, Partner(clock))
    await world.store.open()
    world.partner.on("POST", reply("queued")).on("GET", completed())
    session = await world.viewer()
    await world.runs.start(session)
    world.clock.advance(3000)
    await world.sweeper.sweep()
    run = await world.poll(session)
    assert run is not None
    assert run.phase is Phase.COMPLETED
    await world.api.close()
    await world.store.close()


@pytest.mark.threat(name="stolen database")
async def test_the_cv_is_forgotten_once_there_is_a_report(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("GET", completed())
    session = await world.viewer()
    await world.runs.start(session)
    request = await world.store.request_of(session.id)
    assert request is not None
    assert "cv" in request["candidate"]
    world.clock.advance(11)
    await world.poll(session)
    request = await world.store.request_of(session.id)
    assert request is not None
    assert "cv" not in request["candidate"]


async def test_erasing_a_candidate_cancels_the_run_and_leaves_nothing(world: World) -> None:
    world.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.erase(IDA["id"], MARA["id"])
    assert await world.run_of(session) is None
    assert await world.store.load(session.id) is None
    assert world.partner.count("DELETE") == 1


@pytest.mark.threat(name="stolen database")
async def test_erasing_keeps_the_name_of_an_analysis_until_its_delete_has_arrived(
    world: World,
) -> None:
    world.partner.on("POST", reply("queued"))
    world.partner.on("DELETE", httpx2.Response(500), reply("canceled"))
    session = await world.viewer()
    await world.runs.start(session)
    await world.runs.erase(IDA["id"], MARA["id"])
    assert (await world.known(session)).resource is None
    world.clock.advance(12)
    await world.sweeper.sweep()
    await world.settle()
    assert await world.run_of(session) is None
