import pytest

from demo_ats.ats.__main__ import main


def test_without_a_token_the_ats_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ATS_WIDGET_TOKEN", raising=False)

    assert main([]) == 2
    assert capsys.readouterr().err == (
        "ATS_WIDGET_TOKEN is required: the widget's WIDGET_HOST_TOKEN.\n"
    )
