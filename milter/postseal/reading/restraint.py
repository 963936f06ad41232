"""What the reader may not do with a document, as far as his browser goes along, and the mark across it.

This discourages and lets leaks be traced; it prevents nothing: who may read can photograph, and whoever
opens his browser's tools can take it off.  What must not be saved is refused by the server instead.
"""

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Final

from postseal.reading.mark import cells, lines

PRINT: Final = "print"
COPY: Final = "copy"

_NO_PRINT = "@media print{html{display:none!important}}"
_NO_COPY = "html{-webkit-user-select:none;user-select:none;-webkit-touch-callout:none}"
_MARK = (
    "body::after{content:'';position:fixed;inset:0;z-index:2147483647;pointer-events:none;"
    "background:url(data:image/svg+xml;base64,%s) center space;"
    "print-color-adjust:exact;-webkit-print-color-adjust:exact}"
)
_SVG = '<svg xmlns="http://www.w3.org/2000/svg"'
_SIZE = 16
_LETTER = 9  # the width that each is given, in that size
_HEIGHT = 22
_ROOM = 24


@dataclass(frozen=True, slots=True)
class Restraint:
    """*withheld*: rights that the reader has not, of PRINT and COPY; others are the server's to refuse.

    *mark*: what stands across the document, as who reads it when; "" for nothing.
    """

    withheld: frozenset[str] = frozenset()
    mark: str = ""

    @property
    def style(self) -> str:
        """The declarations that the document needs."""
        rules = [_NO_PRINT] * (PRINT in self.withheld) + [_NO_COPY] * (COPY in self.withheld)
        if self.mark:
            rules.append(_MARK % b64encode(tile(self.mark).encode("utf-8", "replace")).decode())
        return "".join(rules)


def tile(mark: str) -> str:
    """A picture of *mark*, slanted, to be repeated; grey, so that it shows on light and dark.

    It is narrower than a telephone, and the whole mark is in it whatever the reader's fonts are.
    """
    width, height, drawn = _slanted(mark)
    return f'{_SVG} width="{width}" height="{height}">{drawn}</svg>'


def cover(mark: str) -> str:
    """A picture of *mark* all over a page, in base64."""
    width, height, drawn = _slanted(mark)
    size = f'width="{width}" height="{height}" patternUnits="userSpaceOnUse"'
    whole = (
        f'{_SVG} width="100%" height="100%"><pattern id="m" {size}>{drawn}</pattern>'
        '<rect width="100%" height="100%" fill="url(#m)"/></svg>'
    )
    return b64encode(whole.encode("utf-8", "replace")).decode("ascii")


def _slanted(mark: str) -> tuple[int, int, str]:
    """The width, the height and the elements of a tile."""
    rows = [(line, _LETTER * cells(line)) for line in lines(mark)]
    wide, high = max((width for _, width in rows), default=0), _HEIGHT * len(rows)
    # What a box becomes that is turned by 18 degrees.
    width, height = (round(0.951 * a + 0.309 * b) + 2 * _ROOM for a, b in ((wide, high), (high, wide)))
    texts = "".join(
        f'<text x="{-wide / 2}" y="{_HEIGHT * (row + 0.75) - high / 2}" '
        f'textLength="{long}" lengthAdjust="spacingAndGlyphs">{escape(line)}</text>'
        for row, (line, long) in enumerate(rows)
    )
    style = f'font-family="sans-serif" font-size="{_SIZE}" fill="#808080" fill-opacity=".4"'
    move = f"translate({width / 2} {height / 2}) rotate(-18)"
    return width, height, f'<g transform="{move}" {style}>{texts}</g>'


FREE: Final = Restraint()
"""No restraint."""
