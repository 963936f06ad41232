"""The declarations of a style attribute that mail may use: they colour and space text, and load nothing.

Allow-lists of properties and of the characters of values.  A bracket stands only behind the names of
colours, so nothing is a URL, an expression or a variable; nothing is positioned, nothing has a negative
margin, so no mail lays itself over what is not its own.  Takes time linear in the length.
"""

import re

_SIDES = ("top", "right", "bottom", "left")
PROPERTIES = frozenset(
    {
        *("background", "background-color", "border-collapse", "border-radius", "border-spacing"),
        *("caption-side", "clear", "color", "direction", "display", "empty-cells", "float", "font"),
        *("font-family", "font-size", "font-style", "font-variant", "font-weight", "height"),
        *("letter-spacing", "line-height", "list-style-type", "max-height", "max-width", "min-height"),
        *("min-width", "opacity", "overflow-wrap", "table-layout", "text-align", "text-decoration"),
        *("text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break"),
        *("word-spacing", "word-wrap", "border", "border-color", "border-style", "border-width"),
        *("margin", "padding"),
        *(f"{name}-{side}" for name in ("margin", "padding", "border") for side in _SIDES),
        *(f"border-{side}-{part}" for side in _SIDES for part in ("color", "style", "width")),
    }
)

_NUMBERS = r"[0-9.,%/\s]"
_VALUE = re.compile(
    rf"(?:rgba?\({_NUMBERS}*+\)|hsla?\((?:{_NUMBERS}|deg)*+\)|[\w\s.,#%!/'\"+-])++", re.IGNORECASE
)
_NEGATIVE = re.compile(r"-\s*[0-9.]")
_NEVER_NEGATIVE = ("margin", "text-indent", "letter-spacing", "word-spacing")


def style(declarations: str) -> str:
    """Those of *declarations* that mail may use."""
    kept = []
    for declaration in declarations.split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in PROPERTIES and _harmless(name, value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _harmless(name: str, value: str) -> bool:
    if not value.isascii() and not name.startswith("font"):
        return False  # names of fonts may be written in any script
    if not _VALUE.fullmatch(value) or value.count('"') % 2 or value.count("'") % 2:
        return False
    return not (name.startswith(_NEVER_NEGATIVE) and _NEGATIVE.search(value))
