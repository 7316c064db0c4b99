"""Sealing, and the names under which things are found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.seal import Seal, Unreadable, pair_name

OLD, NEW, OTHER = ("o" * 32, "n" * 32, "x" * 32)
KEY = bytes(32)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


@given(json_values)
def test_what_was_sealed_opens_as_it_was(value: object) -> None:
    seal = Seal([OLD])
    assert seal.open(seal.seal(value)) == value


def test_what_is_sealed_does_not_show_and_is_never_the_same_twice() -> None:
    seal = Seal([OLD])
    first, second = seal.seal("Mara Lindqvist"), seal.seal("Mara Lindqvist")
    assert b"Mara" not in first
    assert first != second


def test_a_new_secret_seals_and_the_old_one_still_opens() -> None:
    before = Seal([OLD]).seal("Mara")
    both = Seal([NEW, OLD])
    assert both.open(before) == "Mara"
    after = both.seal("Mara")
    assert Seal([NEW]).open(after) == "Mara"
    with pytest.raises(Unreadable):
        Seal([OLD]).open(after)


@pytest.mark.threat(name="stolen database")
def test_another_secret_does_not_open() -> None:
    with pytest.raises(Unreadable):
        Seal([OTHER]).open(Seal([OLD]).seal("Mara"))


@given(st.binary(max_size=200))
def test_bytes_that_were_never_sealed_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        Seal([OLD]).open(data)


def test_a_sealed_value_that_was_changed_is_unreadable() -> None:
    seal = Seal([OLD])
    sealed = seal.seal("Mara")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unreadable):
            seal.open(bytes(changed))
        with pytest.raises(Unreadable):
            seal.open(sealed[:place])


def test_what_an_earlier_version_sealed_still_opens() -> None:
    """Events and usage, which outlive a schema version, were sealed with Fernet."""
    (before,) = Seal([OLD]).wrap(b'["client-7","Mara"]').values()
    assert Seal([NEW, OLD]).open(before) == ["client-7", "Mara"]


def test_the_index_key_opens_with_each_of_the_secrets_it_was_wrapped_for() -> None:
    wrapped = Seal([NEW, OLD]).wrap(KEY)
    for secret in (NEW, OLD):
        seal = Seal([secret])
        assert seal.unwrap(wrapped[seal.fingerprints[0]]) == KEY
    with pytest.raises(Unreadable):
        Seal([OTHER]).unwrap(next(iter(wrapped.values())))


@given(st.text(), st.text(), st.text(), st.text())
def test_two_pairs_have_two_names(client: str, candidate: str, other: str, another: str) -> None:
    same = (client, candidate) == (other, another)
    assert (pair_name(KEY, client, candidate) == pair_name(KEY, other, another)) is same


@pytest.mark.threat(name="report of another company")
def test_a_pair_is_not_the_pair_that_reads_the_same_when_joined() -> None:
    assert pair_name(KEY, "a", "b,c") != pair_name(KEY, "a,b", "c")
    assert pair_name(KEY, 'a","b', "c") != pair_name(KEY, "a", 'b","c')


@pytest.mark.threat(name="stolen database")
def test_a_name_tells_nothing_without_the_key() -> None:
    assert pair_name(KEY, "client-1", "mara@example.com") != pair_name(
        b"1" * 32, "client-1", "mara@example.com"
    )
