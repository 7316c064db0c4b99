"""The interface's languages, and dates as their readers write them."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_timedelta
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
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return value
    return format_datetime(parsed, "medium", locale=language)


def language_name(code: str, language: str) -> str:
    """`fr` -> `French`, or the code as it came where it is unknown."""
    try:
        return (
            Locale.parse(code, sep="-" if "-" in code else "_").get_display_name(language) or code
        )
    except (ValueError, UnknownLocaleError):
        return code


def duration(seconds: int) -> str:
    """`75` -> `1:15`"""
    return f"{seconds // 60}:{seconds % 60:02d}"


def from_now(seconds: int, language: str) -> str:
    """`75` -> `in 75 seconds`"""
    wait = timedelta(seconds=seconds)
    return format_timedelta(wait, add_direction=True, threshold=2, locale=language)
