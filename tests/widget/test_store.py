"""The store, on SQLite and on PostgreSQL: claims, expiry, erasure, and what lies in it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.widget.partner import KEY, resource
from tests.widget.people import IDA, MARA, TOMAS, create_body
from tests.widget.widget_process import SECRET, Clock
from widget.database import DatabaseUnavailable, connect
from widget.events import Ids
from widget.model import EmbedSession, Permission, Phase, Reason, Run
from widget.seal import Seal
from widget.store import Store

pytestmark = pytest.mark.anyio

NEW_SECRET = "another-secret-that-is-long-enough"
NOW = Clock().now
LEASE_UNTIL = NOW + 90
MARA_OF_IDA = Ids(IDA["id"], MARA["id"])


class OpenStore(Protocol):
    async def __call__(self, *secrets: str, tells: bool = False) -> Store: ...


@pytest.fixture
async def open_store(database_url: str) -> AsyncIterator[OpenStore]:
    """Opens stores on one database, each as another process does, until the end of the test."""
    async with AsyncExitStack() as stack:

        async def open_one(*secrets: str, tells: bool = False) -> Store:
            store = Store(connect(database_url), Seal(secrets or [SECRET]), tells=tells)
            stack.push_async_callback(store.close)
            await store.open()
            return store

        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()


def a_run(store: Store, candidate: dict[str, str] = MARA, **members: object) -> Run:
    run = Run(
        pair=store.pair(IDA["id"], candidate["id"]),
        id="run-1",
        phase=Phase.STARTING,
        started_at=NOW,
        busy_until=NOW + 25,
        give_up_at=NOW + 600,
        expires_at=NOW + 7200,
    )
    return replace(run, **members)  # type: ignore[arg-type]


async def a_running_run(store: Store, candidate: dict[str, str] = MARA) -> Run:
    run = a_run(store, candidate)
    assert await store.claim_start(run, "session", NOW, LEASE_UNTIL)
    assert await store.change(
        run,
        NOW,
        phase=Phase.RUNNING,
        analysis_id="analysis_1",
        resource=json.dumps(resource(signals=[{"statement": "Built a bridge."}])),
        resource_at=NOW,
        busy_until=0.0,
        poll_after=NOW + 10,
    )
    return await known(store, run)


async def known(store: Store, run: Run) -> Run:
    found = await store.run(run.pair)
    assert found is not None
    return found


async def loaded(store: Store, session_id: str) -> tuple[EmbedSession, Run | None]:
    found = await store.load(session_id)
    assert found is not None
    return found


async def a_session(
    store: Store,
    candidate: dict[str, str] = MARA,
    viewer_id: str | None = None,
    **members: object,
) -> str:
    session = EmbedSession(
        id=f"session-of-{candidate['id']}",
        pair=store.pair(IDA["id"], candidate["id"]),
        language="en",
        expires_at=NOW + 3600,
        lease_until=NOW + 90,
    )
    await store.add_session(
        replace(session, **members),  # type: ignore[arg-type]
        create_body(candidate),
        viewer_id,
    )
    return session.id


async def test_a_session_comes_back_as_it_was_added(store: Store) -> None:
    session_id = await a_session(
        store,
        viewer_id="user-3",
        appearance={"theme": "dark", "intro": True},
        permissions=frozenset({Permission.VIEW}),
        origin="https://ats.example.com",
    )
    session, run = await loaded(store, session_id)
    assert session.appearance == {"theme": "dark", "intro": True}
    assert session.permissions == {Permission.VIEW}
    assert session.origin == "https://ats.example.com"
    assert session.expires_at == NOW + 3600
    assert run is None
    assert await store.name_of(session_id) == "Mara Lindqvist"
    assert await store.request_of(session_id) == create_body()
    assert await store.load("another") is None
    assert await store.request_of("another") is None
    assert await store.name_of("another") == ""


async def test_a_session_that_says_no_more_may_do_everything(store: Store) -> None:
    session, _ = await loaded(store, await a_session(store))
    assert session.permissions == {Permission.RUN, Permission.VIEW}
    assert session.origin is None


async def test_a_run_comes_back_as_it_was_changed(store: Store) -> None:
    run = await a_running_run(store)
    assert (run.phase, run.analysis_id, run.poll_after) == (Phase.RUNNING, "analysis_1", NOW + 10)
    assert run.resource == resource(signals=[{"statement": "Built a bridge."}])
    assert (await loaded(store, await a_session(store)))[1] == run


async def claims_again(store: Store, now: float) -> bool:
    """Another start of the same candidate's run."""
    return await store.claim_start(a_run(store, id="run-2"), "session", now, LEASE_UNTIL)


async def test_of_many_who_claim_the_start_at_once_one_wins(open_store: OpenStore) -> None:
    stores = await asyncio.gather(*(open_store() for _ in range(3)))
    claims = [
        store.claim_start(a_run(store, id=f"run-{number}"), "session", NOW, LEASE_UNTIL)
        for number, store in enumerate(stores * 5)
    ]
    assert sum(await asyncio.gather(*claims)) == 1


async def test_of_many_who_claim_the_call_at_once_one_wins(open_store: OpenStore) -> None:
    stores = await asyncio.gather(*(open_store() for _ in range(3)))
    run = await a_running_run(stores[0])
    claims = [store.claim_call(run, NOW + 10, NOW + 40) for store in stores * 5]
    assert sum(await asyncio.gather(*claims)) == 1


async def test_a_call_is_claimed_neither_early_nor_while_another_is_under_way(
    store: Store,
) -> None:
    run = await a_running_run(store)
    assert not await store.claim_call(run, NOW + 9.9, NOW + 40)
    assert await store.claim_call(run, NOW + 10, NOW + 40)
    assert not await store.claim_call(run, NOW + 39.9, NOW + 70)
    assert await store.claim_call(run, NOW + 40, NOW + 70)


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.CANCELED])
async def test_a_run_that_ended_without_a_report_makes_room_for_another_after_any_wait(
    store: Store, phase: Phase
) -> None:
    run = await a_running_run(store)
    assert not await claims_again(store, NOW)
    await store.change(run, NOW, phase=phase, poll_after=NOW + 30)
    assert not await claims_again(store, NOW + 29)
    assert await claims_again(store, NOW + 30)
    again = await known(store, run)
    assert (again.id, again.analysis_id, again.resource) == ("run-2", None, None)


async def test_a_completed_run_is_not_started_again(store: Store) -> None:
    run = await a_running_run(store)
    await store.change(run, NOW, phase=Phase.COMPLETED)
    assert not await claims_again(store, NOW + 10_000)


async def test_a_claim_whose_owner_is_gone_lapses(store: Store) -> None:
    assert await store.claim_start(a_run(store), "session", NOW, LEASE_UNTIL)
    assert not await claims_again(store, NOW + 24.9)
    assert await claims_again(store, NOW + 25)


async def test_a_run_that_has_left_its_phase_is_not_changed(store: Store) -> None:
    starting = a_run(store)
    running = await a_running_run(store)
    assert not await store.change(starting, NOW, phase=Phase.FAILED)
    assert not await store.change(replace(running, id="another"), NOW, phase=Phase.FAILED)
    assert (await known(store, running)).phase is Phase.RUNNING


async def cancel_left(store: Store, now: float, renewable_since: float = 0.0) -> int:
    return await store.cancel_left(
        now, grace=10, give_up_at=now + 600, renewable_since=renewable_since
    )


async def test_a_run_is_canceled_once_the_last_lease_has_been_over_for_the_grace(
    store: Store,
) -> None:
    run = await a_running_run(store)
    await a_session(store)
    assert await cancel_left(store, NOW + 99.9) == 0
    assert await store.due_cancellations(NOW + 99.9) == []
    assert await cancel_left(store, NOW + 100, renewable_since=NOW + 91) == 0
    assert await cancel_left(store, NOW + 100, renewable_since=NOW + 90) == 1
    assert await cancel_left(store, NOW + 100) == 0
    (due,) = await store.due_cancellations(NOW + 100)
    assert (due.id, due.phase, due.reason) == (run.id, Phase.CANCELING, Reason.LEFT)


async def test_the_cv_is_forgotten_and_the_rest_is_not(store: Store) -> None:
    session_id = await a_session(store)
    await store.forget_cv(store.pair(IDA["id"], MARA["id"]))
    request = await store.request_of(session_id)
    assert request is not None
    assert request["candidate"] == {key: value for key, value in MARA.items() if key != "cv"}


async def test_erasing_removes_what_is_kept_on_one_candidate_and_nothing_else(
    store: Store,
) -> None:
    session_id, other_id = await a_session(store), await a_session(store, TOMAS)
    run, other = await a_running_run(store), await a_running_run(store, TOMAS)
    await store.change(run, NOW, phase=Phase.COMPLETED)
    assert await store.erase(MARA_OF_IDA, NOW, NOW + 600) is None
    assert await store.load(session_id) is None
    assert await store.run(run.pair) is None
    assert await store.load(other_id) is not None
    assert await store.run(other.pair) == other


async def test_erasing_leaves_only_the_name_of_an_analysis_that_is_still_to_be_canceled(
    store: Store,
) -> None:
    run = await a_running_run(store)
    left = await store.erase(MARA_OF_IDA, NOW, NOW + 600)
    assert left == await known(store, run)
    assert (left.phase, left.reason) == (Phase.CANCELING, Reason.ERASED)
    assert (left.analysis_id, left.resource) == ("analysis_1", None)


async def test_who_does_not_know_that_a_run_was_erased_changes_nothing(store: Store) -> None:
    run = await a_running_run(store)
    assert await store.mark_canceling(run, Reason.CANCELED, NOW, NOW + 600)
    canceling = await known(store, run)
    left = await store.erase(MARA_OF_IDA, NOW, NOW + 600)
    assert left is not None
    assert not await store.claim_call(canceling, NOW, NOW + 20)
    assert not await store.change(canceling, NOW, phase=Phase.CANCELED, reason=Reason.CANCELED)
    assert await known(store, run) == left
    assert await store.claim_call(left, NOW, NOW + 20)


async def test_a_start_that_was_erased_is_forgotten_with_the_process_that_made_it(
    store: Store,
) -> None:
    assert await store.claim_start(a_run(store), "session", NOW, LEASE_UNTIL)
    assert await store.erase(MARA_OF_IDA, NOW, NOW + 600) is not None
    await store.purge(NOW + 24.9, report_ttl=900)
    assert await store.run(a_run(store).pair) is not None
    await store.purge(NOW + 25, report_ttl=900)
    assert await store.run(a_run(store).pair) is None


@pytest.mark.threat(name="stolen database")
async def test_what_has_expired_is_purged(store: Store) -> None:
    session_id = await a_session(store)
    run = await a_running_run(store)
    await store.change(run, NOW, phase=Phase.COMPLETED)
    await store.purge(NOW + 899.9, report_ttl=900)
    assert (await known(store, run)).resource is not None
    await store.purge(NOW + 900, report_ttl=900)
    assert (await known(store, run)).resource is None
    await store.purge(NOW + 3599.9, report_ttl=900)
    assert await store.load(session_id) is not None
    await store.purge(NOW + 3600, report_ttl=900)
    assert await store.load(session_id) is None
    await store.renew_run(run, NOW + 9000)
    await store.purge(NOW + 8999.9, report_ttl=900)
    assert await store.run(run.pair) is not None
    await store.purge(NOW + 9000, report_ttl=900)
    assert await store.run(run.pair) is None


@pytest.mark.threat(name="stolen database")
async def test_the_snapshot_of_a_run_goes_once_nobody_polls_it_any_more(store: Store) -> None:
    run = await a_running_run(store)
    await store.purge(NOW + 599, report_ttl=60)
    assert (await known(store, run)).resource is not None
    await store.purge(NOW + 600, report_ttl=60)
    assert (await known(store, run)).resource is None


async def test_with_a_new_secret_before_the_old_one_everything_stays_readable(
    open_store: OpenStore,
) -> None:
    before = await open_store(SECRET)
    session_id, run = await a_session(before), await a_running_run(before)
    both = await open_store(NEW_SECRET, SECRET)
    assert both.pair(IDA["id"], MARA["id"]) == run.pair
    assert await both.request_of(session_id) == create_body()
    assert await both.run(run.pair) == run
    later_id, later = await a_session(both, TOMAS), await a_running_run(both, TOMAS)
    after = await open_store(NEW_SECRET)
    assert after.pair(IDA["id"], TOMAS["id"]) == later.pair
    assert await after.request_of(later_id) == create_body(TOMAS)
    assert await after.run(later.pair) == later
    assert (await known(after, run)).resource is None


async def test_a_secret_that_is_out_of_use_no_longer_opens_anything(open_store: OpenStore) -> None:
    for secrets in ([SECRET], [NEW_SECRET, SECRET], [NEW_SECRET]):
        await open_store(*secrets)
    new, old = await open_store(NEW_SECRET), await open_store(SECRET)
    assert old.pair("client", "candidate") != new.pair("client", "candidate")


async def test_a_start_with_a_wrong_secret_loses_nothing(open_store: OpenStore) -> None:
    before, _, after = [await open_store(secret) for secret in (SECRET, NEW_SECRET, SECRET)]
    assert after.pair("client", "candidate") == before.pair("client", "candidate")


async def test_no_cv_is_kept_where_the_report_is_there_already(store: Store) -> None:
    run = await a_running_run(store)
    await a_session(store, id="before")
    await store.change(run, NOW, phase=Phase.COMPLETED)
    await a_session(store, id="after")
    assert await store.request_of("before") == create_body()
    after = await store.request_of("after")
    assert after is not None
    assert "cv" in MARA
    assert "cv" not in after["candidate"]


async def test_a_new_version_of_the_schema_replaces_sessions_and_runs_and_keeps_events_and_usage(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await open_store(tells=True)
    session_id = await a_session(before)
    assert await before.claim_start(a_run(before), session_id, NOW, LEASE_UNTIL)
    assert await before.change(a_run(before), NOW, analysis_id="analysis_1")
    kept = await before.usage("2023-11", "2023-11")
    same = await open_store()
    assert await same.load(session_id) is not None
    monkeypatch.setattr("widget.schema.SCHEMA_VERSION", 999)
    newer = await open_store()
    assert await newer.load(session_id) is None
    assert await newer.run(a_run(newer).pair) is None
    assert await newer.usage("2023-11", "2023-11") == kept != []
    (event,) = await newer.claim_events(NOW, NOW, 10)
    assert IDA["id"].encode() in event.body
    assert await a_session(newer) == session_id


async def test_many_processes_may_prepare_the_tables_at_once(open_store: OpenStore) -> None:
    stores = await asyncio.gather(*(open_store() for _ in range(6)))
    assert len({store.pair("client", "candidate") for store in stores}) == 1


@pytest.mark.threat(name="stolen database")
async def test_what_lies_in_the_database_says_nothing_about_anybody(
    open_store: OpenStore, database_url: str
) -> None:
    mara = {**MARA, "id": "mara@example.com"}
    store = await open_store(tells=True)
    await a_session(store, mara, "ida@example.com", id="session-1")
    run = a_run(store, mara)
    assert await store.claim_start(run, "session-1", NOW, LEASE_UNTIL)
    answer = resource(signals=[{"statement": "Built a bridge."}])
    changes = {"phase": Phase.RUNNING, "analysis_id": "analysis_1", "resource": answer}
    assert await store.change(run, NOW, **changes)
    assert await store.count_events() == 1
    assert [each.client_id for each in await store.usage("2023-11", "2023-11")] == [IDA["id"]]
    raw = everything_in(database_url)
    assert b"analysis_1" in raw
    personal = [*IDA.values(), *mara.values(), "ida@example.com", "Built a bridge."]
    long_enough = [text for text in personal if len(text) > 5]  # not to be there by chance
    for secret in [*long_enough, SECRET, KEY]:
        assert secret.encode() not in raw


async def test_a_database_that_is_not_there_is_unavailable_and_keeps_its_password() -> None:
    store = Store(connect("postgresql://widget:hush@127.0.0.1:9/none"), Seal([SECRET]))
    with pytest.raises(DatabaseUnavailable) as raised:
        await store.open()
    assert "hush" not in str(raised.value)
    await store.close()


def everything_in(database_url: str) -> bytes:
    """The bytes of SQLite's files, or the rows of all of PostgreSQL's tables."""
    if database_url.startswith("sqlite"):
        file = Path(str(make_url(database_url).database))
        return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        rows = b""
        for (table,) in tables:
            statement = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
            with connection.cursor().copy(statement) as copy:
                rows += b"".join(bytes(part) for part in copy)
        return rows


async def test_what_was_sealed_with_a_secret_that_is_no_longer_given_is_passed_over(
    open_store: OpenStore,
) -> None:
    before = await open_store(tells=True)
    run = await a_running_run(before)
    assert await before.erase(MARA_OF_IDA, NOW, NOW + 600) is not None
    running = a_run(before, TOMAS)
    assert await before.claim_start(running, await a_session(before, TOMAS), NOW, LEASE_UNTIL)
    after = await open_store(NEW_SECRET, tells=True)
    assert await after.change(running, NOW, phase=Phase.FAILED, reason=Reason.LOST)
    assert await after.claim_events(NOW, NOW, 10) == []
    assert await after.usage("0000-00", "9999-99") == []
    assert run.pair != after.pair(IDA["id"], MARA["id"])


async def test_two_calls_that_know_of_the_same_openings_tell_of_one_more(database_url: str) -> None:
    store = Store(connect(database_url), Seal([SECRET]), tells=True)
    await store.open()
    found = await store.load(await a_session(store))
    assert found is not None
    session, _ = found
    run = await a_running_run(store)
    await store.open_report(session, run, NOW)
    await store.open_report(session, run, NOW)
    assert len(await store.claim_events(NOW, NOW, 10)) == 1
    await store.close()
