"""Embed sessions: their tokens, and how long they live."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from itsdangerous import Signer

from tests.widget.conftest import MakeSettings
from tests.widget.people import IDA, MARA, create_body
from tests.widget.widget_process import SECRET, Clock
from widget.events import Ids
from widget.model import EmbedSession
from widget.sessions import Lapsed, NotIssued, Sessions
from widget.store import Store

pytestmark = pytest.mark.anyio

OLD, NEW = SECRET, "another-secret-that-is-long-enough"


@pytest.fixture
def sessions(store: Store, settings: MakeSettings, clock: Clock) -> Sessions:
    return Sessions(store, settings(), clock)


async def open_one(sessions: Sessions) -> tuple[str, EmbedSession]:
    return await sessions.open(create_body(), {})


async def test_a_token_leads_back_to_its_session(sessions: Sessions) -> None:
    token, session = await open_one(sessions)
    assert await sessions.find(token) == (session, None)


@pytest.mark.threat(name="guessed address")
async def test_a_token_holds_nothing_but_a_reference(sessions: Sessions) -> None:
    first, session = await open_one(sessions)
    second, _ = await open_one(sessions)
    assert first != second
    assert first.startswith(f"{session.id}.")
    assert len(first) < 80


@pytest.mark.threat(name="guessed address")
@pytest.mark.parametrize(
    "forged",
    [
        lambda token: token[:-1],
        lambda token: token[1:],
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: "." + token.partition(".")[2],
        lambda token: token.upper(),
        lambda token: token + "=",
        lambda token: token + ".x",
        lambda token: " " + token,
        lambda token: token + "\n",
        lambda token: "x" + token,
    ],
)
async def test_a_token_that_was_touched_was_never_issued(
    sessions: Sessions, forged: Callable[[str], str]
) -> None:
    token, _ = await open_one(sessions)
    with pytest.raises(NotIssued):
        await sessions.find(forged(token))


async def test_a_token_signed_with_another_secret_or_for_another_purpose_was_never_issued(
    sessions: Sessions,
) -> None:
    token, session = await open_one(sessions)

    def signed(secret: str, salt: str) -> str:
        signer = Signer(secret, salt=salt, key_derivation="hmac", digest_method=sha256)
        return signer.sign(session.id).decode()

    assert signed(SECRET, "embed-session") == token
    for forged in (signed("f" * 32, "embed-session"), signed(SECRET, "another-purpose")):
        with pytest.raises(NotIssued):
            await sessions.find(forged)


@pytest.mark.threat(name="guessed address")
async def test_any_text_as_a_token_was_never_issued(sessions: Sessions) -> None:
    token, session = await open_one(sessions)

    @hypothesis_settings(max_examples=200)
    @given(
        st.text(max_size=60)
        | st.binary(max_size=60).map(lambda data: data.decode("utf-8", "surrogateescape"))
        | st.binary(max_size=60).map(lambda data: data.decode("latin-1"))
        | st.text(max_size=30).map(lambda text: f"{session.id}.{text}")
        | st.text(max_size=30).map(lambda text: f"{text}.{token.partition('.')[2]}")
    )
    def verify(text: str) -> None:
        if text != token:
            with pytest.raises(NotIssued):
                sessions._verified(text)

    verify()


@pytest.mark.threat(name="found address")
async def test_a_session_lives_as_long_as_it_is_used_and_then_lapses(
    sessions: Sessions, settings: MakeSettings, clock: Clock
) -> None:
    token, session = await open_one(sessions)
    for _ in range(3):
        clock.advance(settings().session_ttl - 1)
        await sessions.renew(session)
    clock.advance(settings().session_ttl - 1)
    await sessions.find(token)
    clock.advance(1)
    with pytest.raises(Lapsed):
        await sessions.find(token)


@pytest.mark.threat(name="found address")
async def test_a_good_token_whose_session_was_erased_has_lapsed(
    sessions: Sessions, store: Store
) -> None:
    token, _ = await open_one(sessions)
    await store.erase(Ids(IDA["id"], MARA["id"]), 0.0, 0.0)
    with pytest.raises(Lapsed):
        await sessions.find(token)


async def test_with_a_new_secret_before_the_old_one_old_tokens_still_open(
    store: Store, settings: MakeSettings, clock: Clock
) -> None:
    old = Sessions(store, settings(secret_key=OLD), clock)
    both = Sessions(store, settings(secret_key=f"{NEW},{OLD}"), clock)
    new = Sessions(store, settings(secret_key=NEW), clock)
    before, session = await open_one(old)
    assert await both.find(before) == (session, None)
    after, session = await open_one(both)
    assert await new.find(after) == (session, None)
    for sessions, token in ((old, after), (new, before)):
        with pytest.raises(NotIssued):
            await sessions.find(token)


async def test_the_language_is_kept_where_it_is_one(sessions: Sessions) -> None:
    for asked, kept in (("fr-CH", "fr-CH"), ("Mara Lindqvist", ""), ("de\0", "")):
        _, session = await sessions.open(create_body(language=asked), {})
        assert session.language == kept


async def test_only_the_latest_visit_can_end(
    sessions: Sessions, store: Store, clock: Clock
) -> None:
    token, session = await open_one(sessions)
    first = await sessions.begin_visit(session)
    second = await sessions.begin_visit(first)
    assert first.visit != second.visit
    for visit, gone in ((first.visit, False), ("", False), ("\0", False), (second.visit, True)):
        await sessions.leave((await sessions.find(token))[0], visit)
        loaded = await store.load(session.id)
        assert loaded is not None
        assert (loaded[0].lease_until == clock.now) is gone
