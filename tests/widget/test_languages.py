"""The interface's languages, and dates as their readers write them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from widget.languages import (
    LANGUAGES,
    ago,
    duration,
    instant,
    interface_language,
    language_name,
    language_tag,
    moment,
    number,
    preferred_language,
    translations,
)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        *((language, language) for language in LANGUAGES),
        ("fr-CH", "fr"),
        ("de_AT", "de"),
        ("ES", "es"),
        ("zh-Hans", "en"),
        ("xx", "en"),
        ("", "en"),
        ("-fr", "en"),
        ("french", "en"),
    ],
)
def test_a_language_is_shown_in_its_primary_form_or_in_english(asked: str, shown: str) -> None:
    assert interface_language(asked) == shown


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("pt", "pt"),
        ("pt_BR", "pt-BR"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH"),
        ("yue", "yue"),
        ("English", ""),
        ("x-klingon", ""),
        ("fr\0", ""),
        ('fr"', ""),
        ("", ""),
    ],
)
def test_a_language_is_tagged_where_it_can_be(text: str, tag: str) -> None:
    assert language_tag(text) == tag


@given(st.text())
def test_a_tag_is_fit_for_html(text: str) -> None:
    assert re.fullmatch("[A-Za-z0-9-]{0,11}", language_tag(text))


@given(st.text())
def test_whatever_is_asked_for_one_of_the_languages_is_shown(asked: str) -> None:
    assert interface_language(asked) in LANGUAGES


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "fr"),
        ("pt-BR,pt;q=0.9,es;q=0.8,en;q=0.7", "es"),
        ("en;q=0.5, it", "it"),
        ("de;q=0, es;q=0.1", "es"),
        ("ja, *", "en"),
        (",;q=,de;q=high", "en"),
    ],
)
def test_a_browser_gets_the_first_of_its_languages_that_there_is(accepted: str, shown: str) -> None:
    assert preferred_language(accepted) == shown


@given(st.text())
def test_whatever_a_browser_accepts_one_of_the_languages_is_shown(accepted: str) -> None:
    assert preferred_language(accepted) in LANGUAGES


def test_each_language_can_be_loaded() -> None:
    cancel = [
        translations(language).gettext("Cancel") for language in ("en", "fr", "de", "es", "it")
    ]
    assert cancel == ["Cancel", "Annuler", "Abbrechen", "Cancelar", "Annulla"]


def test_a_number_has_the_decimal_sign_of_its_reader_and_stays_a_year_where_it_is_one() -> None:
    assert number("0.85", "en") == "0.85"
    assert {number("0.85", language) for language in ("fr", "de", "es", "it")} == {"0,85"}
    assert number("2019", "de") == "2019"


def test_a_moment_is_written_as_its_reader_does() -> None:
    assert moment("2026-11-24T15:04:05Z", "en") == "November 24, 2026, 3:04\u202fPM UTC"
    assert moment("2026-11-24T15:04:05+01:00", "de") == "24. November 2026, 14:04 UTC"
    assert moment("yesterday", "en") == "yesterday"


@pytest.mark.parametrize(
    "value",
    [
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00+05:00",
        "2026-02-30T12:00:00Z",
        "2026-11-24T25:00:00Z",
        "10000-01-01T00:00:00Z",
        "-0044-03-15",
        "0000-00-00",
    ],
)
def test_a_date_that_no_calendar_has_stays_text(value: str) -> None:
    assert moment(value, "en") == value
    assert ago(value, "en") == instant(value) == ""


def test_a_moment_is_written_as_html_wants_it() -> None:
    assert instant("2026-11-24T15:04:05.123456+01:00") == "2026-11-24T14:04:05Z"
    assert instant("0044-03-15") == "0044-03-15T00:00:00Z"


@given(st.text() | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()))
@example("9999-12-31T23:59:59-05:00")
def test_whatever_comes_as_a_moment_is_shown(value: str) -> None:
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?", instant(value))
    for language in LANGUAGES:
        assert moment(value, language) or not value
        assert bool(ago(value, language)) is bool(instant(value))


def test_a_language_has_the_name_its_reader_gives_it() -> None:
    assert language_name("fr", "en") == "French"
    assert language_name("fr-CH", "de") == "Französisch (Schweiz)"
    assert language_name("fr_CH", "de") == "Französisch (Schweiz)"
    assert language_name("klingon!", "en") == "klingon!"


@given(st.text(min_size=1) | st.from_regex(r"\A[a-z]{2,3}([-_@][A-Za-z0-9]{1,8}){0,4}\Z"))
def test_whatever_comes_as_a_language_is_shown(code: str) -> None:
    for language in LANGUAGES:
        assert language_name(code, language)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0:00"), (9, "0:09"), (75, "1:15"), (600, "10:00"), (4000, "66:40")],
)
def test_a_duration_is_written_in_minutes_and_seconds(seconds: int, written: str) -> None:
    assert duration(seconds) == written
