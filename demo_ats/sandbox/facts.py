"""Facts about a candidate, read from the create body, for the texts of a report."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

GIVEN = ("first_name", "last_name", "role", "company", "location")
YEAR = r"(?:19|20)\d\d"
ONGOING = (
    r"present|now|today|current|ongoing|to\s+date"  # English
    r"|heute|jetzt|aktuell|laufend"  # German
    r"|aujourd['’]hui|présent|actuel|en\s+cours|ce\s+jour"  # French
    r"|oggi|presente|hoy|actualidad|actual"  # Italian, Spanish
)
# Such as "2019 - present", "03/2015-07/2018" or "2015 bis März 2018".
SPAN = re.compile(
    rf"\b(?P<start>{YEAR})(?:[/.-]\d\d?(?!\d))?\s*(?:[-–—]|to|until|bis|à|a)\s*"
    rf"(?:[^\W\d]+\.?\s+|\d\d?\s*[./]\s*)?(?P<end>{YEAR}|{ONGOING})",
    re.IGNORECASE,
)
# Such as "Skills: Python, SQL". The names may also be on the line after the heading.
SKILLS = re.compile(
    r"^\W*(?:key |technical )?(?:skills|kenntnisse|fähigkeiten|compétences)\W*\s(.+)$",
    re.IGNORECASE | re.MULTILINE,
)


def facts_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The known facts by name. A text of a report is left out if it needs an unknown one."""
    candidate = request["candidate"]
    given = {field: str(candidate.get(field) or "") for field in GIVEN}
    name = f"{given['first_name']} {given['last_name']}".strip()
    cv = str(candidate.get("cv") or "")
    facts = {
        "name": name,
        "slug": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "candidate",
        **given,
        **_years(cv),
        **_skills(cv),
    }
    return {fact: text for fact, text in facts.items() if text}


def _years(cv: str) -> dict[str, str]:
    """The years that the CV covers. If a position is current, also the year in which it began.

    `disputed` is a year next to that one. Reports pretend that another source names it.
    """
    this_year = datetime.now(UTC).year
    spans = [(start, end) for start, end in _spans(cv) if start <= (end or this_year) <= this_year]
    if not spans:
        return {}
    first = min(start for start, _ in spans)
    current = next((start for start, end in spans if end is None), None)
    if current is None:
        last = max(end for _, end in spans if end is not None)
        return {"covered_from": str(first), "covered_to": str(last)}
    disputed = current + 1 if current < this_year else current - 1
    return {"covered_since": str(first), "since": str(current), "disputed": str(disputed)}


def _spans(cv: str) -> Iterator[tuple[int, int | None]]:
    for found in SPAN.finditer(cv):
        end = found["end"]
        yield int(found["start"]), int(end) if end.isdecimal() else None


def _skills(cv: str) -> dict[str, str]:
    found = SKILLS.search(cv)
    names = [name.strip(" .") for name in re.split(r"[,;·|]", found[1])] if found else []
    known = [name for name in names if name]
    return {
        "skills": ", ".join(known[:3]),
        **dict(zip(("skill", "second_skill"), known, strict=False)),
    }
