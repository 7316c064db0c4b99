"""Invented reports. They repeat facts from the create body, so that they read like real ones."""

import hashlib
import hmac
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from demo_ats.sandbox.facts import facts_of
from demo_ats.sandbox.scenarios import EXISTING_DAYS, Scenario

LANGUAGES = ("en", "de", "fr")
SIGNING_KEY = b"sandbox"  # not a secret: the reports that it protects are invented
MANY_SIGNALS = 64
REPEATED = 8  # how often a long report repeats each part

HERE = Path(__file__).parent
TEXTS: dict[str, Any] = tomllib.loads((HERE / "reports.toml").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
UNKNOWN: dict[str, Any] = json.loads((HERE / "unknown_keys.json").read_text(encoding="utf-8"))


def quick_signal(request: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    if scenario.kind == "hostile":
        hostile: dict[str, Any] = HOSTILE["quick_signal"]
        return hostile
    return {"level": scenario.level, **_Writer(request, scenario).by_level("quick_signal")}


def signals(request: Mapping[str, Any], scenario: Scenario) -> list[dict[str, Any]]:
    if scenario.kind == "hostile":
        hostile: list[dict[str, Any]] = HOSTILE["signals"]
        return hostile
    found = _Writer(request, scenario).entries("signals")
    return _many(found) if scenario.kind == "long" else found


def report(request: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    if scenario.kind == "hostile":
        hostile: dict[str, Any] = HOSTILE["report"]
        return hostile
    usual = _usual(_Writer(request, scenario))
    if scenario.kind == "unknown_keys":
        return usual | UNKNOWN
    return _lengthened(usual) if scenario.kind == "long" else usual


def error(request: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    return _Writer(request, scenario).table(TEXTS["error"])


def printed(request: Mapping[str, Any], scenario: Scenario) -> list[str]:
    """The lines of the hosted report."""
    return _Writer(request, scenario).lines("printed")


def hosted_url(analysis_id: str, scenario: Scenario, origin: str) -> str:
    if scenario.kind == "hostile":
        return str(HOSTILE["pdf_download_url"])
    return f"{origin}/api/ats/reports/{quote(analysis_id)}/pdf?sig={signature(analysis_id)}"


def signature(analysis_id: str) -> str:
    return hmac.new(SIGNING_KEY, analysis_id.encode(), hashlib.sha256).hexdigest()[:32]


class _Writer:
    """Fills the texts of `reports.toml` with one candidate's facts, in the requested language."""

    def __init__(self, request: Mapping[str, Any], scenario: Scenario) -> None:
        asked = str(request["language"]).lower().partition("-")[0]
        self._language = asked if asked in LANGUAGES else LANGUAGES[0]
        self._level = scenario.level
        self._facts = {"decision": TEXTS["recommendation"][scenario.level]["decision"]}
        self._facts |= {fact: self._said(text) for fact, text in TEXTS["unknown"].items()}
        if scenario.existing:
            self._facts["days"] = str(EXISTING_DAYS)
        self._facts |= facts_of(request)
        self.name = self._facts["name"]

    def by_level(self, section: str) -> dict[str, Any]:
        return self.table(TEXTS[section][self._level])

    def entries(self, section: str) -> list[dict[str, Any]]:
        """The section's entries for this level, except for those that need an unknown fact."""
        written = []
        for entry in TEXTS[section]:
            try:
                if self._level in entry.get("levels", [self._level]):
                    written.append(self.table(entry))
            except KeyError:  # an unknown fact
                continue
        return written

    def lines(self, section: str) -> list[str]:
        return [entry["text"] for entry in self.entries(section)]

    def table(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Raises KeyError if a text needs a fact that is not known."""
        return {
            key: self._said(text).format_map(self._facts)
            for key, text in entry.items()
            if key != "levels"
        }

    def _said(self, text: str | Mapping[str, str]) -> str:
        return text if isinstance(text, str) else text[self._language]


def _usual(writer: _Writer) -> dict[str, Any]:
    return {
        "candidateName": writer.name,
        "recommendation": {
            **writer.by_level("recommendation"),
            "evidence": writer.lines("evidence"),
        },
        "summary": " ".join(writer.lines("summary")),
        "whatToValidate": writer.lines("whatToValidate"),
        "interviewQuestions": writer.entries("interviewQuestions"),
        "verifiedFindings": writer.entries("verifiedFindings"),
        "unexpectedSignals": writer.entries("unexpectedSignals"),
        "risks": writer.entries("risks"),
    }


def _many(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    repeated = (found[i % len(found)] for i in range(MANY_SIGNALS))
    return [
        signal | {"statement": f"{signal['statement']} ({number})"}
        for number, signal in enumerate(repeated, start=1)
    ]


def _lengthened(usual: dict[str, Any]) -> dict[str, Any]:
    """The report with each of its lists repeated, and its summary as six paragraphs."""
    longer = {
        key: [item for _ in range(REPEATED) for item in value] if isinstance(value, list) else value
        for key, value in usual.items()
    }
    return longer | {"summary": "\n\n".join([usual["summary"]] * 6)}
