"""What the reader may not do with a document, as far as his browser goes along, and the mark across it.

This discourages and lets leaks be traced; it prevents nothing: who may read can photograph, and whoever
opens his browser's tools can take it off.  What must not be saved is refused by the server instead.
"""

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Final

PRINT: Final = "print"
COPY: Final = "copy"

_NO_PRINT = "@media print{html{display:none!important}}"
_NO_COPY = "html{-webkit-user-select:none;user-select:none;-webkit-touch-callout:none}"
_MARK = (
    "body::after{content:'';position:fixed;inset:0;z-index:2147483647;pointer-events:none;"
    "background:url(data:image/svg+xml;base64,%s);print-color-adjust:exact;-webkit-print-color-adjust:exact}"
)
_LETTER = 9.5  # the width of one, in the size below, on average
_LONGEST = 120


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
            rules.append(_MARK % b64encode(_tile(self.mark[:_LONGEST]).encode("utf-8", "replace")).decode())
        return "".join(rules)


def _tile(mark: str) -> str:
    """A picture of *mark*, slanted, to be repeated; grey, so that it shows on light and dark."""
    width = round(len(mark) * _LETTER) + 60
    height = 90 + width // 3
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<text x="50%" y="50%" transform="rotate(-18 {width // 2} {height // 2})" text-anchor="middle" '
        'font-family="sans-serif" font-size="17" fill="#808080" fill-opacity=".35">'
        f"{escape(mark)}</text></svg>"
    )


FREE: Final = Restraint()
"""No restraint."""
