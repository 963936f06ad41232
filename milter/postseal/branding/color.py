"""Colors, and whether people can read one on another (WCAG 2.2, success criteria 1.4.3 and 1.4.11).

A color is written `#rrggbb`, in lower case.
"""

from typing import Final

BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
READABLE: Final = 4.5
"""The contrast that text needs (level AA)."""
_STEPS: Final = 50


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colors, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(color: str, other: str, share: float) -> str:
    """*color* with a *share* of *other*, from 0 to 1."""
    pairs = zip(_parts(color), _parts(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02x}" for a, b in pairs)


def on(ground: str) -> str:
    """Black or white, whichever can be read better on *ground*; one of them always can."""
    return max((WHITE, BLACK), key=lambda each: contrast(each, ground))


def readable(color: str, *grounds: str) -> str:
    """*color*, or what is nearest to it and can be read as text on all of *grounds*, if anything can."""
    for towards in sorted((WHITE, BLACK), key=lambda each: -contrast(each, grounds[0])):
        for step in range(_STEPS + 1):
            tried = mixed(color, towards, step / _STEPS)
            if all(contrast(tried, ground) >= READABLE for ground in grounds):
                return tried
    return on(grounds[0])


def soft(text: str, *grounds: str) -> str:
    """*text* as pale as it can be and still be read on all of *grounds*."""
    shades = (mixed(text, grounds[0], share / 100) for share in range(45, 0, -5))
    return next(
        (shade for shade in shades if all(contrast(shade, ground) >= 4.9 for ground in grounds)), text
    )


def _parts(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _luminance(color: str) -> float:
    """The relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
