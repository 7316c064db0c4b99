"""The colours that follow from an accent, with enough contrast to be read.

The button is filled with the accent itself, and its label is black or white. For text and lines,
the accent is mixed with black or white until its contrast with every ground is high enough. Ratios
are those of WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from collections.abc import Iterable
from functools import lru_cache

TEXT_CONTRAST = 4.5  # WCAG 1.4.3
LINE_CONTRAST = 3.0  # WCAG 1.4.11
STEPS = 64

Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

# The grounds in static/widget.css: `--surface`, `--sunken`, and the tint with the least contrast.
LIGHT_GROUNDS = ("#ffffff", "#f4f6f8", "#f6e9ea")
DARK_GROUNDS = ("#161b21", "#1e252d", "#312c32")


@lru_cache(maxsize=256)
def accent_style(accent: str) -> str:
    """The style sheet of an accent. `accent`: `#rrggbb`."""
    colour = parse(accent)
    return (
        f":root{{--fill:{accent};"
        f"--on-fill:{name(ink_on(colour))};"
        f"--pressed:{name(pressed(colour))};"
        f"--accent:{_in_both(colour, LINE_CONTRAST)};"
        f"--accent-ink:{_in_both(colour, TEXT_CONTRAST)}}}"
    )


def _in_both(colour: Colour, contrast: float) -> str:
    light = readable(colour, BLACK, map(parse, LIGHT_GROUNDS), contrast)
    dark = readable(colour, WHITE, map(parse, DARK_GROUNDS), contrast)
    return f"light-dark({name(light)},{name(dark)})"


def readable(colour: Colour, towards: Colour, grounds: Iterable[Colour], contrast: float) -> Colour:
    """The colour, mixed with just enough of `towards` to have the contrast with all grounds."""
    grounds = list(grounds)
    for step in range(STEPS):
        mixed = mix(colour, towards, step / STEPS)
        if all(contrast_ratio(mixed, ground) >= contrast for ground in grounds):
            return mixed
    return towards


def ink_on(fill: Colour) -> Colour:
    """White if it has enough contrast, else black, which then has."""
    return WHITE if contrast_ratio(WHITE, fill) >= TEXT_CONTRAST else BLACK


def pressed(fill: Colour) -> Colour:
    """The fill under a pointer: mixed away from its ink, or towards it if it is almost there."""
    ink = ink_on(fill)
    away = BLACK if ink == WHITE else WHITE
    has_room = contrast_ratio(fill, away) > 1.5
    return mix(fill, away if has_room else ink, 0.15)


def contrast_ratio(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def parse(text: str) -> Colour:
    """`#rrggbb`"""
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def name(colour: Colour) -> str:
    return f"#{bytes(colour).hex()}"


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
