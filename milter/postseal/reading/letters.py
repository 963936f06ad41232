"""Letters for what is drawn: fonts of the system, each script in one that has it, from either side.

The fonts are opened when this is loaded, as no file can be opened later.  Of several files that serve the
same scripts the first that exists is taken; a letter that none has shows as a box.  Arabic letters are
joined, and lines run from the right, where Pillow finds the library FriBiDi.
"""

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont, features

_SHARE: Final = "/usr/share/fonts"
_NOTO: Final = f"{_SHARE}/truetype/noto/NotoSans%s-Regular.ttf"
_INDIC: Final = "Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala"
_OTHERS: Final = "Thai Lao Khmer Myanmar Tibetan Ethiopic"
FONTS: Final[tuple[tuple[str, ...], ...]] = (
    (
        f"{_SHARE}/truetype/dejavu/DejaVuSans.ttf",
        f"{_SHARE}/dejavu-sans-fonts/DejaVuSans.ttf",
        f"{_SHARE}/TTF/DejaVuSans.ttf",
    ),
    (
        f"{_SHARE}/opentype/noto/NotoSansCJK-Regular.ttc",
        f"{_SHARE}/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
        f"{_SHARE}/noto-cjk/NotoSansCJK-Regular.ttc",
        f"{_SHARE}/truetype/droid/DroidSansFallbackFull.ttf",
        f"{_SHARE}/truetype/wqy/wqy-microhei.ttc",
    ),
    *((_NOTO % script,) for script in f"{_INDIC} {_OTHERS}".split()),
)
"""Files of fonts, those before that come first; of each line the first that there is."""
_JOINED: Final = features.check("raqm") and features.check("fribidi")
_FROM_RIGHT: Final = {"R", "AL"}
_INVISIBLE: Final = {"Cc", "Cf", "Zs", "Mn"}


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """The octets of a font, and the characters that it has."""

    octets: bytes
    has: frozenset[int]

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(io.BytesIO(self.octets), size)


def _files() -> Iterator[_File]:
    for paths in FONTS:
        path = next((one for one in map(Path, paths) if one.exists()), None)
        if path is not None:
            octets = path.read_bytes()  # in memory, because the file is out of reach later
            with TTFont(io.BytesIO(octets), fontNumber=0, lazy=True) as font:
                yield _File(octets, frozenset(font.getBestCmap() or ()))


_FILES: Final = tuple(_files())


class Letters:
    """The fonts at one *size*, in pixels."""

    def __init__(self, size: int) -> None:
        self._has = [each.has for each in _FILES]
        self._fonts = [each.font(size) for each in _FILES]
        if not self._fonts and isinstance(own := ImageFont.load_default(size), ImageFont.FreeTypeFont):
            self._fonts = [own]  # Pillow's own has Latin letters
        self._widths: dict[str, float] = {}

    def width(self, character: str) -> float:
        """How wide *character* is by itself."""
        if character not in self._widths:
            self._widths[character] = self._fonts[self._best(character)].getlength(character)
        return self._widths[character]

    def boxed(self, text: str) -> str:
        """The characters of *text* that no font has."""
        return "".join(one for one in text if not any(ord(one) in has for has in self._has))

    def runs(self, line: str) -> list[tuple[int, str]]:
        """*line* in pieces, each with the number of the font that has all of it, or most."""
        needed = {ord(one) for one in line if unicodedata.category(one) not in _INVISIBLE}
        for number, has in enumerate(self._has):
            if needed <= has:
                return [(number, line)]
        found: list[tuple[int, str]] = []
        for number, some in groupby(line, self._best):
            piece = "".join(some)
            if found and not piece.strip():  # a space stays with what is before it
                found[-1] = found[-1][0], found[-1][1] + piece
            else:
                found.append((number, piece))
        return found

    def draw(self, pen: ImageDraw.ImageDraw, start: tuple[float, float], line: str, fill: int) -> None:
        """Draw *line*, whose baseline starts at *start*: its left end."""
        self._drawn(pen, start, line, fill, "ltr")

    def draw_from_right(
        self, pen: ImageDraw.ImageDraw, start: tuple[float, float], line: str, fill: int
    ) -> None:
        """The same for a line that is read from the right: *start* is its right end."""
        self._drawn(pen, (start[0] - self.length(line), start[1]), line, fill, "rtl")

    def length(self, line: str) -> float:
        """How wide *line* is."""
        return sum(self._fonts[number].getlength(piece) for number, piece in self.runs(line))

    def _best(self, character: str) -> int:
        return next((number for number, has in enumerate(self._has) if ord(character) in has), 0)

    def _drawn(
        self, pen: ImageDraw.ImageDraw, start: tuple[float, float], line: str, fill: int, direction: str
    ) -> None:
        left, base = start
        runs = self.runs(line)
        for number, piece in runs if direction == "ltr" else reversed(runs):
            font, which = self._fonts[number], direction if _JOINED else None
            pen.text((left, base), piece, font=font, fill=fill, anchor="ls", direction=which)
            left += font.getlength(piece)


@lru_cache(maxsize=4)
def letters(size: int) -> Letters:
    """The fonts at that *size*."""
    return Letters(size)


def from_right(paragraph: str) -> bool:
    """Whether *paragraph* is read from the right: as its first letter that has a direction (UAX #9, P2)."""
    for character in paragraph:
        direction = unicodedata.bidirectional(character)
        if direction in _FROM_RIGHT or direction == "L":
            return direction != "L"
    return False


def slanted(lines: tuple[str, ...], *, size: int, shade: int) -> Image.Image:
    """*lines*, slanted and with room around them, as a mask: to be repeated all over a page."""
    font = letters(size)
    height = round(size * 1.35)
    width = max(map(font.length, lines), default=0)
    tile = Image.new("L", (int(width) + 2 * size, height * len(lines) + 2 * size), 0)
    pen = ImageDraw.Draw(tile)
    for row, line in enumerate(lines):
        font.draw(pen, (size, size + row * height + size), line, shade)
    return tile.rotate(18, Image.Resampling.BICUBIC, expand=True)
