"""The interface's languages, and dates as their readers write them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "fr", "de", "es", "it")
CATALOGUES = Path(__file__).parent / "locale"


def interface_language(requested: str) -> str:
    """The language to show where an ATS asks for another: `fr-CH` gives `fr`, `xx` gives `en`."""
    primary = requested.replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


@cache
def translations(language: str) -> NullTranslations:
    """`language`: one of LANGUAGES."""
    return Translations.load(CATALOGUES, [language])


def moment(value: str, language: str) -> str:
    """An ISO 8601 moment in words, or the text as it came where it is none."""
    parsed = _parse(value)
    if parsed is None:
        return value
    date = format_date(parsed, "long", locale=language)
    return f"{date}, {format_time(parsed, 'short', locale=language)} UTC"


def ago(value: str, language: str) -> str:
    """`3 days ago` of an ISO 8601 moment, or an empty text where it is none."""
    parsed = _parse(value)
    if parsed is None:
        return ""
    passed = max(datetime.now(UTC) - parsed, timedelta(seconds=1))
    return format_timedelta(-passed, granularity="minute", add_direction=True, locale=language)


def language_name(code: str, language: str) -> str:
    """`fr` -> `French`, or the code as it came where it is unknown."""
    try:
        return (
            Locale.parse(code, sep="-" if "-" in code else "_").get_display_name(language) or code
        )
    except (ValueError, UnknownLocaleError):
        return code


def _parse(value: str) -> datetime | None:
    """A moment that names no time zone is taken as UTC."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def duration(seconds: int) -> str:
    """`75` -> `1:15`"""
    return f"{seconds // 60}:{seconds % 60:02d}"


def from_now(seconds: int, language: str) -> str:
    """`75` -> `in 75 seconds`"""
    wait = timedelta(seconds=seconds)
    return format_timedelta(wait, add_direction=True, threshold=2, locale=language)
