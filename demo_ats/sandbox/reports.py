"""Invented reports: composed from what was entered, so that they read as if they were true."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from demo_ats.sandbox.scenarios import Level, Scenario

SIGNING_KEY = b"sandbox"  # the hosted reports are invented as well
MANY_SIGNALS = 64
ERROR = {
    "code": "identity_not_found",
    "message": "We could not find enough public information to identify this person.",
}
HOSTILE: dict[str, Any] = json.loads((Path(__file__).parent / "hostile.json").read_text())
UNKNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "unknown_keys.json").read_text())

DECISIONS: Mapping[Level, tuple[str, str, str]] = {
    "Green": (
        "GO",
        "High",
        "Employment, location and field of work agree across independent sources, and nothing "
        "speaks against the CV. The interview can go straight to depth of experience.",
    ),
    "Orange": (
        "GO with validation",
        "Medium",
        "The core of the CV is supported, but two points rest on the candidate's word alone. "
        "Both can be settled in a first conversation.",
    ),
    "Red": (
        "HOLD",
        "Low",
        "Public sources contradict the CV on dates and on the title of the current position. "
        "Settle these before an interview is set up.",
    ),
}
QUICK: Mapping[Level, tuple[str, str]] = {
    "Green": ("Several independent sources point to the same person.", "High"),
    "Orange": ("The person is found, but some sources disagree on details.", "Medium"),
    "Red": ("Sources contradict each other on who this person is.", "Low"),
}


class Person:
    """What a report can say about a candidate, taken from the create body."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        candidate = request["candidate"]
        self.id = str(candidate["id"])
        self.first_name = str(candidate["first_name"])
        self.name = f"{candidate['first_name']} {candidate['last_name']}"
        self.role = str(candidate.get("role") or "specialist")
        self.company = str(candidate.get("company") or "the current employer")
        self.location = str(candidate.get("location") or "the stated region")
        self.cv = str(candidate.get("cv") or "")
        self.slug = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "candidate"

    @property
    def years(self) -> list[str]:
        """The years that the CV names, earliest first."""
        return sorted(set(re.findall(r"\b(?:19|20)\d\d\b", self.cv)))

    @property
    def skills(self) -> list[str]:
        """What the CV lists after a line or heading such as `Skills:`."""
        found = re.search(r"^\W*(?:key |technical )?skills\W*\s(.+)$", self.cv, re.I | re.M)
        return (
            [s.strip(" .") for s in re.split(r"[,;·|]", found[1]) if s.strip(" .")] if found else []
        )

    @property
    def since(self) -> str:
        return self.years[-2] if len(self.years) > 1 else "2021"


def quick_signal(scenario: Scenario) -> dict[str, Any]:
    if scenario.kind == "hostile":
        quick: dict[str, Any] = HOSTILE["quick_signal"]
        return quick
    reason, confidence = QUICK[scenario.level]
    return {"level": scenario.level, "reason": reason, "identityConfidence": confidence}


def signals(request: Mapping[str, Any], scenario: Scenario) -> list[dict[str, Any]]:
    if scenario.kind == "hostile":
        hostile: list[dict[str, Any]] = HOSTILE["signals"]
        return hostile
    found = _signals(json.dumps(request, sort_keys=True), scenario.level)
    return _many(found) if scenario.kind == "long" else found


def report(request: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    if scenario.kind == "hostile":
        hostile: dict[str, Any] = HOSTILE["report"]
        return hostile
    person = Person(request)
    usual = _usual(person, scenario.level)
    if scenario.kind == "unknown_keys":
        return usual | UNKNOWN
    return _lengthened(usual) if scenario.kind == "long" else usual


def hosted_url(analysis_id: str, scenario: Scenario, origin: str) -> str:
    if scenario.kind == "hostile":
        return str(HOSTILE["pdf_download_url"])
    return f"{origin}/api/ats/reports/{quote(analysis_id)}/pdf?sig={signature(analysis_id)}"


def signature(analysis_id: str) -> str:
    return hmac.new(SIGNING_KEY, analysis_id.encode(), hashlib.sha256).hexdigest()[:32]


def printed(request: Mapping[str, Any], scenario: Scenario) -> list[str]:
    """The lines of the hosted report."""
    person = Person(request)
    decision, confidence, _ = DECISIONS[scenario.level]
    return [
        "Candidate Intelligence report (sandbox)",
        "",
        person.name,
        f"{person.role}, {person.company}",
        "",
        f"Recommendation: {decision}",
        f"Confidence: {confidence}",
        "",
        "This report was invented for testing.",
    ]


@lru_cache(maxsize=1024)
def _signals(request: str, level: Level) -> list[dict[str, Any]]:
    person = Person(json.loads(request))
    weak = {"Green": "High", "Orange": "Medium", "Red": "Low"}[level]
    found = [
        (
            f"Listed as {person.role} on the team page of {person.company}.",
            "company website",
            f"https://www.example.com/team/{person.slug}",
            "High",
        ),
        (
            f"A professional profile places {person.first_name} in {person.location}.",
            "professional network",
            f"https://network.example.com/in/{person.slug}",
            "High",
        ),
        (
            f"Profile gives {person.since} as the start of the current position.",
            "professional network",
            f"https://network.example.com/in/{person.slug}#experience",
            weak,
        ),
        (
            f"Spoke at a regional meet-up on a subject close to the role of {person.role}.",
            "event page",
            "https://meetups.example.org/archive/talks",
            "Medium",
        ),
        *_skill_signals(person),
        (
            "A company register lists a person of this name as a director of a dormant firm.",
            "public register",
            "https://register.example.org/officers",
            "Low" if level == "Green" else "Medium",
        ),
        (
            f"Quoted in a trade article as working in {person.location}.",
            "news",
            "https://trade.example.net/articles/8812",
            "Medium",
        ),
    ]
    return [
        {"statement": statement, "sourceType": source, "sourceUrl": url, "reliability": reliability}
        for statement, source, url, reliability in found
    ]


def _skill_signals(person: Person) -> list[tuple[str, str, str, str]]:
    return [
        (
            f"Public work shows regular use of {skill}.",
            "portfolio",
            f"https://work.example.org/{person.slug}",
            "Medium",
        )
        for skill in person.skills[:2]
    ]


def _usual(person: Person, level: Level) -> dict[str, Any]:
    decision, confidence, reason = DECISIONS[level]
    return {
        "candidateName": person.name,
        "recommendation": {
            "decision": decision,
            "confidence": confidence,
            "reason": reason,
            "evidence": _evidence(person, level),
        },
        "summary": _summary(person, level),
        "whatToValidate": _to_validate(person, level),
        "interviewQuestions": _questions(person, level),
        "verifiedFindings": _verified(person),
        "unexpectedSignals": _unexpected(person, level),
        "risks": _risks(person, level),
    }


def _evidence(person: Person, level: Level) -> list[str]:
    evidence = [
        f"The team page of {person.company} and a professional profile name the same position.",
        f"Two sources independently place {person.first_name} in {person.location}.",
    ]
    if level == "Red":
        evidence.append(
            f"The profile starts the current position later than the CV, in {person.since}."
        )
    return evidence


def _summary(person: Person, level: Level) -> str:
    span = (
        f" The CV covers {person.years[0]} to {person.years[-1]}." if len(person.years) > 1 else ""
    )
    known = f" Skills named and found in public work: {', '.join(person.skills[:3])}." * bool(
        person.skills
    )
    verdict = {
        "Green": "Sources agree with the CV wherever they can be compared.",
        "Orange": "Sources agree on the essentials; team size and dates remain open.",
        "Red": "Sources and CV differ on the current title and its dates.",
    }[level]
    return (
        f"{person.name} works as {person.role} at {person.company} and is based in "
        f"{person.location}.{span}{known}\n{verdict}"
    )


def _to_validate(person: Person, level: Level) -> list[str]:
    points = [
        f"What {person.first_name} was personally responsible for at {person.company}.",
        f"Notice period, and readiness to work from {person.location}.",
    ]
    if level != "Green":
        points.insert(0, f"Exact start of the current position (sources say {person.since}).")
        points.append("Size of the team that was led, and who can confirm it.")
    if level == "Red":
        points.insert(0, "Official title of the current position, on paper.")
    return points


def _questions(person: Person, level: Level) -> list[dict[str, str]]:
    skill = person.skills[0] if person.skills else f"the craft of a {person.role}"
    questions = [
        {
            "question": f"Which decision at {person.company} makes you proud, and who disagreed?",
            "why": "Separates personal contribution from the team's.",
            "listenFor": "Names, numbers, and a disagreement described fairly.",
        },
        {
            "question": f"When did {skill} let you down, and what did you do?",
            "why": "Depth shows in failures more than in successes.",
            "listenFor": "A concrete case and what changed after it.",
        },
        {
            "question": f"What would your manager at {person.company} say you should do less of?",
            "why": "Opens the way to a reference check.",
            "listenFor": "Ease in naming a manager who may be called.",
        },
    ]
    if level != "Green":
        questions.insert(
            0,
            {
                "question": f"Walk me through the months around your start in {person.since}.",
                "why": "Dates differ between sources.",
                "listenFor": "A plain account without gaps.",
            },
        )
    return questions


def _verified(person: Person) -> list[dict[str, str]]:
    return [
        {
            "finding": f"Works at {person.company}.",
            "source": "Company website and professional network",
            "reliability": "High",
        },
        {
            "finding": f"Lives in or near {person.location}.",
            "source": "Professional network and a trade article",
            "reliability": "High",
        },
    ]


def _unexpected(person: Person, level: Level) -> list[dict[str, str]]:
    unexpected = [
        {
            "signal": "A person of the same name is registered as a director of a dormant firm.",
            "whyItMatters": "Probably a coincidence; one question settles it.",
        }
    ]
    if level == "Red":
        unexpected.insert(
            0,
            {
                "signal": f"The team page of {person.company} gives a more junior title.",
                "whyItMatters": "The CV may overstate the current position.",
            },
        )
    return unexpected


def _risks(person: Person, level: Level) -> list[dict[str, str]]:
    if level == "Green":
        return [
            {
                "risk": "Little public work of the last two years.",
                "severity": "Low",
                "mitigation": "Ask for a recent piece of work.",
            }
        ]
    return [
        {
            "risk": "Dates in the CV and in public sources differ.",
            "severity": "High" if level == "Red" else "Medium",
            "mitigation": f"Ask for written confirmation from {person.company}.",
        },
        {
            "risk": "Leadership experience rests on the CV alone.",
            "severity": "Medium",
            "mitigation": "Speak with a former report, not only with a manager.",
        },
    ]


def _many(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    repeated = (found[i % len(found)] for i in range(MANY_SIGNALS))
    return [
        signal | {"statement": f"{signal['statement']} (source {number})"}
        for number, signal in enumerate(repeated, start=1)
    ]


def _lengthened(usual: dict[str, Any]) -> dict[str, Any]:
    """A report as long as they may come."""
    longer = {
        key: [item for _ in range(8) for item in value] if isinstance(value, list) else value
        for key, value in usual.items()
    }
    return longer | {"summary": "\n\n".join([usual["summary"]] * 6)}
