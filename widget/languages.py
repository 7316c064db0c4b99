"""The interface's languages; dates and numbers as their readers write them."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_decimal_symbol
from babel.support import NullTranslations, Translations

SOURCE = "en"
LANGUAGES = (SOURCE, "fr", "de", "es", "it")
CATALOGUES = Path(__file__).parent / "locale"

# Language, script and region of BCP 47.
TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(?=-|\Z)", re.IGNORECASE)


def language_tag(text: str) -> str:
    """The text as a language tag: `pt_BR` gives `pt-BR`. Empty if it is none."""
    tag = TAG.match(text.replace("_", "-"))
    return tag[0] if tag else ""


def interface_language(requested: str) -> str:
    """The interface's language for one that an ATS asked for: `fr-CH` gives `fr`, `xx` `en`."""
    primary = _primary(requested)
    return primary if primary in LANGUAGES else SOURCE


def foreign(tag: str, language: str) -> str:
    """The tag, or an empty text if it is of the interface's language."""
    return "" if _primary(tag) == language else tag


def _primary(tag: str) -> str:
    """`pt_BR` -> `pt`"""
    return tag.replace("_", "-").partition("-")[0].lower()


def preferred_language(accepted: str) -> str:
    """The interface's language for a browser's Accept-Language (RFC 9110, 12.5.4)."""
    ranges = [part.partition(";") for part in accepted.split(",")]
    ranges.sort(key=lambda part: _quality(part[2]), reverse=True)
    asked = [name.strip() for name, _, weight in ranges if _quality(weight)]
    return negotiate_locale(asked, LANGUAGES, sep="-") or SOURCE


def _quality(weight: str) -> float:
    """`q=0.8` -> 0.8, an empty text -> 1."""
    try:
        return float(weight.partition("=")[2]) if weight else 1.0
    except ValueError:
        return 0.0


def catalogue(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


@cache
def translations(language: str) -> NullTranslations:
    """`language`: one of LANGUAGES. Compiled in memory, so no compiled file can be out of date."""
    if language == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    with catalogue(language).open("rb") as file:
        write_mo(compiled, read_po(file, language))
    compiled.seek(0)
    return Translations(compiled)


def direction(language: str) -> str:
    """`ltr` or `rtl`"""
    return Locale.parse(language).text_direction


def number(text: str, language: str) -> str:
    """A number from JSON with the reader's decimal sign. Not grouped: it may be a year."""
    return text.replace(".", get_decimal_symbol(language))


def grouped(count: int, language: str) -> str:
    """`12,345` in English."""
    return format_decimal(count, locale=language)


def moment(value: str, language: str) -> str:
    """An ISO 8601 moment in words, or the text itself if it is none."""
    parsed = _parse(value)
    if parsed is None:
        return value
    date = format_date(parsed, "long", locale=language)
    return f"{date}, {format_time(parsed, 'short', locale=language)} UTC"


def instant(value: str) -> str:
    """An ISO 8601 moment for HTML's `datetime`, or an empty text if it is none."""
    parsed = _parse(value)
    return "" if parsed is None else f"{parsed.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def ago(value: str, language: str) -> str:
    """`3 days ago` for an ISO 8601 moment, or an empty text if it is none."""
    parsed = _parse(value)
    if parsed is None:
        return ""
    passed = max(datetime.now(UTC) - parsed, timedelta(seconds=1))
    return format_timedelta(-passed, granularity="minute", add_direction=True, locale=language)


def is_recent(value: str) -> bool:
    """Whether an ISO 8601 moment is less than a minute ago."""
    parsed = _parse(value)
    return parsed is not None and datetime.now(UTC) - parsed < timedelta(minutes=1)


def language_name(code: str, language: str) -> str:
    """`fr` -> `French`, or the code itself if it is unknown."""
    try:
        return (
            Locale.parse(code, sep="-" if "-" in code else "_").get_display_name(language) or code
        )
    except (ValueError, UnknownLocaleError):
        return code


def _parse(value: str) -> datetime | None:
    """A moment without a time zone counts as UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def duration(seconds: int) -> str:
    """`75` -> `1:15`"""
    return f"{seconds // 60}:{seconds % 60:02d}"


def listed(names: list[str], language: str) -> str:
    """`["a", "b", "c"]` -> `a, b, and c`"""
    return format_list(names, locale=language)


def from_now(seconds: int, language: str) -> str:
    """`75` -> `in 75 seconds`"""
    wait = timedelta(seconds=seconds)
    return format_timedelta(wait, add_direction=True, threshold=2, locale=language)
