"""Whatever the accent is, the button, links and lines can be seen."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.widget.conftest import MakeSettings
from widget.accents import accent_url
from widget.app import create_app
from widget.appearance import (
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    accent_style,
    contrast_ratio,
    parse,
    readable,
)

CSS = (Path(__file__).parents[2] / "static" / "widget.css").read_text()

accents = st.from_regex("#[0-9a-f]{6}", fullmatch=True)


def variables(accent: str) -> dict[str, list[str]]:
    """The colours of each variable: one, or one for light and one for dark."""
    declared = re.findall(r"--([\w-]+):([^;}]+)", accent_style(accent))
    return {name: re.findall("#[0-9a-f]{6}", value) for name, value in declared}


def contrast(one: str, other: str) -> float:
    return contrast_ratio(parse(one), parse(other))


def test_contrast_is_what_wcag_says_it_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.005)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.005)
    assert contrast("#123456", "#123456") == 1


@given(accents)
@example("#ffff00")
@example("#000000")
@example("#ffffff")
@example("#ff0000")
@example("#777777")
def test_every_accent_can_be_read_on_every_ground(accent: str) -> None:
    colours = variables(accent)
    for number, grounds in enumerate((LIGHT_GROUNDS, DARK_GROUNDS)):
        for ground in grounds:
            assert contrast(colours["accent-ink"][number], ground) >= 4.5
            assert contrast(colours["accent"][number], ground) >= 3


@given(accents)
@example("#767676")
@example("#000000")
@example("#ffffff")
def test_the_button_has_the_accent_itself_and_can_be_read_under_a_pointer_too(accent: str) -> None:
    colours = variables(accent)
    assert colours["fill"] == [accent]
    assert contrast(colours["on-fill"][0], accent) >= 4.5
    assert contrast(colours["on-fill"][0], colours["pressed"][0]) >= 4.5
    assert colours["pressed"] != colours["fill"]


def test_an_accent_that_can_be_read_stays_as_it_is() -> None:
    assert variables("#2a54d6")["accent-ink"][0] == "#2a54d6"
    assert variables("#8aa6ff")["accent-ink"][1] == "#8aa6ff"


def test_the_style_sheet_has_defaults_for_what_an_accent_sets_and_draws_on_the_known_grounds() -> (
    None
):
    for name in variables("#2a54d6"):
        assert f"--{name}: " in CSS
        assert f"var(--{name})" in CSS
    surface, sunken = (
        re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", CSS) for name in ("surface", "sunken")
    )
    assert surface
    assert sunken
    assert (surface[1], sunken[1]) == LIGHT_GROUNDS[:2]
    assert (surface[2], sunken[2]) == DARK_GROUNDS[:2]


def test_an_accents_style_sheet_is_kept_by_browsers_for_ever(settings: MakeSettings) -> None:
    with TestClient(create_app(settings())) as http:
        response = http.get(accent_url("#0aF09c"))
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/css")
        assert "immutable" in response.headers["Cache-Control"]
        assert response.text == accent_style("#0af09c")


@pytest.mark.parametrize(
    "colour", ["0aF09c", "fff", "zzzzzz", "red", "0af09c0", "%7D*", "0af09c%0A"]
)
def test_nothing_but_a_colour_comes_into_a_style_sheet(colour: str, settings: MakeSettings) -> None:
    with TestClient(create_app(settings())) as http:
        assert http.get(f"/accents/{colour}.css").status_code == 404


def test_where_no_mixture_has_enough_contrast_the_other_colour_itself_is_taken() -> None:
    white, black = parse("#ffffff"), parse("#000000")
    assert readable(white, black, [white], 21) == black
