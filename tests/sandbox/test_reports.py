"""What invented reports say: it agrees with what was entered, and with itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from demo_ats.sandbox.reports import LANGUAGES, TEXTS
from tests.sandbox.conftest import ANALYSES, Platform

THIS_YEAR = datetime.now(UTC).year
LEVELS = ("green", "orange", "red")


@pytest.mark.parametrize(
    ("cv", "told"),
    [
        ("2012 – 2020\nSkills: Rust, SQL", "covers 2012 to 2020."),
        ("Engineer (2020 – present)\nTrainee (2015 – 2020)", "covers 2015 to the present."),
        ("Jan 2019 - Present\nMar 2011 - Dec 2018", "covers 2011 to the present."),
        ("03/2018 – heute\n09/2016 bis 02/2018", "covers 2016 to the present."),
        ("De 2014 à aujourd’hui", "covers 2014 to the present."),
        ("2009-2013, 2013—2017", "covers 2009 to 2017."),
        ("2019-03 – 2021-05, 2016/17 – 2019", "covers 2016 to 2021."),
        ("Born 1985. Degree 2004.", ""),
        (f"2019 – {THIS_YEAR + 5}, 2020 – 2010", ""),
        ("", ""),
    ],
)
def test_the_years_of_the_cv_are_those_of_the_summary(
    platform: Platform, cv: str, told: str
) -> None:
    summary = platform.reports(cv=cv)["report"]["summary"]
    assert told in summary
    assert ("covers" in summary) == bool(told)


def test_a_report_is_made_of_what_was_entered(platform: Platform) -> None:
    report = platform.reports(
        company="Harbour Analytics", location="Turku", cv="Skills: Rust, SQL, Go, Perl"
    )["report"]
    assert "Harbour Analytics" in report["summary"]
    assert "Turku" in report["summary"]
    assert "Rust, SQL, Go." in report["summary"]


def test_a_person_may_have_one_name(platform: Platform) -> None:
    body = platform.body() | {"candidate": {"id": "test_green", "last_name": "Teller"}}
    analysis_id = platform.send("POST", ANALYSES, json=body).json()["id"]
    platform.wait(41)
    report = platform.get(analysis_id).json()["report"]
    assert report["candidateName"] == "Teller"
    assert report["summary"].startswith("Teller works as")


@pytest.mark.parametrize("level", LEVELS)
def test_what_a_cv_does_not_say_is_not_said_of_it(platform: Platform, level: str) -> None:
    resource = platform.reports(id=f"test_{level}")
    told = json.dumps([resource["report"], resource["signals"]])
    assert "CV" not in told
    assert "{" not in told.replace('{"', "")
    assert all(resource["report"].values())
    assert len(resource["signals"]) >= 4


def test_the_dates_of_a_red_report_differ_from_the_cv_in_the_same_way_everywhere(
    platform: Platform,
) -> None:
    cv = f"Head of Finance ({THIS_YEAR} – present)\nAuditor (2019 – {THIS_YEAR})"
    resource = platform.reports(id="test_red", company="Tarnbrook", role="CFO", cv=cv)
    said = f"from {THIS_YEAR - 1}; the CV says {THIS_YEAR}."
    assert any(said in signal["statement"] for signal in resource["signals"])
    assert any(said in evidence for evidence in resource["report"]["recommendation"]["evidence"])


@pytest.mark.parametrize("level", LEVELS)
def test_evidence_and_signals_name_the_title_alike(platform: Platform, level: str) -> None:
    resource = platform.reports(id=f"test_{level}", company="Tarnbrook", role="Head of Finance")
    evidence = " ".join(resource["report"]["recommendation"]["evidence"])
    signals = " ".join(signal["statement"] for signal in resource["signals"])
    is_red = level == "red"
    assert ("more junior" in evidence, "more junior" in signals) == (is_red, is_red)
    assert ("same position" in evidence) != is_red


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "works as CFO at Tarnbrook"),
        ("de", "arbeitet bei Tarnbrook als CFO"),
        ("fr-CH", "travaille chez Tarnbrook au poste de CFO"),
        ("it", "works as CFO at Tarnbrook"),
    ],
)
def test_reports_are_written_in_three_languages(
    platform: Platform, language: str, told: str
) -> None:
    resource = platform.reports(language, company="Tarnbrook", role="CFO")
    assert told in resource["report"]["summary"]
    assert resource["metadata"]["language"] == language


def test_every_text_is_there_in_every_language() -> None:
    tables = [table for table in walk(TEXTS) if LANGUAGES[0] in table]
    assert len(tables) > 60
    assert [table for table in tables if table.keys() != set(LANGUAGES)] == []


def walk(node: Any) -> list[dict[str, Any]]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    found = [node] if isinstance(node, dict) else []
    return found + [table for child in children for table in walk(child)]
