import pytest

from demo_ats.ats.__main__ import main


def test_without_its_secrets_the_ats_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ATS_WIDGET_TOKEN", raising=False)
    monkeypatch.delenv("ATS_EVENTS_SECRET", raising=False)

    assert main([]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "ATS_WIDGET_TOKEN is required: the widget's WIDGET_HOST_TOKEN.",
        "ATS_EVENTS_SECRET is required: the widget's WIDGET_EVENTS_SECRET.",
    ]
