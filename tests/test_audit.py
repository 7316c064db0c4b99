"""What an audit says, and that it never takes "not looked up" for "nothing known"."""

from typing import Any

import pytest

from scripts.audit import report

SOUND: dict[str, Any] = {"name": "sound", "version": "1.0", "vulns": []}
WEAK: dict[str, Any] = {
    "name": "weak",
    "version": "1.0",
    "vulns": [{"id": "CVE-2026-0001", "fix_versions": ["1.1"]}],
}
UNKNOWN: dict[str, Any] = {"name": "unknown", "skip_reason": "not found"}


def test_an_audit_passes_where_every_package_was_looked_up_and_nothing_is_known() -> None:
    assert report([SOUND]) == 0


def test_an_audit_names_a_known_vulnerability_and_where_it_is_fixed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report([SOUND, WEAK]) == 1
    assert "weak 1.0: CVE-2026-0001, fixed in 1.1" in capsys.readouterr().out


def test_an_audit_that_could_not_look_up_a_package_says_that_it_did_not_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report([SOUND, UNKNOWN]) == 2
    assert "did not run" in capsys.readouterr().err
