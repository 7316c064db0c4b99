"""The page on faults says what the tests hold."""

from scripts import faults


def test_the_page_on_faults_is_up_to_date() -> None:
    assert faults.PAGE.read_text(encoding="utf-8") == faults.page(), "run `make docs`"
