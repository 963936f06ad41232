"""Rich Text Format (RTF 1.9.1): the text between the control words.

The libraries that turn RTF into text leave out headers, footnotes, comments and text boxes, which its
reader sees; here only destinations that never hold text for readers are passed over.  Embedded objects are
files of a kind of their own and count as unsupported.  Takes time linear in the length.
"""

import re
from dataclasses import dataclass, replace

from postseal.content import characters
from postseal.content.inspection import Visit, unsupported

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]++)|.",
    re.DOTALL,
)
_FONT = re.compile(rb"\\f(\d{1,6})(?:[^;{}\\]|\\(?!fcharset)[a-z*']+-?\d*)*\\fcharset(\d{1,3})")
_HIDDEN = frozenset(
    b"fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator themedata colorschememapping "
    b"datastore latentstyles pict objdata blipuid bliptag htmltag mhtmltag xmlnstbl wgrffmtfilter pgdsctbl "
    b"revtbl filetbl fldtype panose falt password passwordhash listpicture defchp defpap".split()
)
_WRITTEN = {
    **dict.fromkeys(
        (b"par", b"line", b"row", b"sect", b"page", b"cell", b"nestcell", b"nestrow", b"column"), "\n"
    ),
    b"tab": "\t",
    b"emdash": "—",
    b"endash": "–",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
    b"emspace": " ",
    b"enspace": " ",
    b"qmspace": " ",
}
_SYMBOLS = {b"\\": "\\", b"{": "{", b"}": "}", b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}
# What a font's \fcharset stands for (RTF 1.9.1, "Font table").
_CHARSETS = {
    77: "mac-roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}


def read(octets: bytes, visit: Visit) -> None:
    """The text; an object within counts as a file that cannot be read."""
    visit.text(text(octets))
    for found in list(re.finditer(rb"\\objdata", octets))[:100]:
        visit.unread("object", 0, unsupported(f"an embedded object at octet {found.start()}"))


def text(octets: bytes) -> str:
    """What a reader sees of RTF."""
    return _Text(octets).seen()


@dataclass(slots=True)
class _Group:
    """What holds within a pair of braces."""

    hidden: bool = False
    charset: str = "cp1252"
    skip: int = 1  # characters that follow a \\u for programs that do not know it


class _Text:
    """One pass over a document."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._fonts = {int(number): _CHARSETS.get(int(name), "") for number, name in _FONT.findall(octets)}
        self._default = "cp1252"
        self._group = _Group()
        self._around: list[_Group] = []
        self._pieces: list[str] = []
        self._pending = bytearray()  # octets of characters that may take two of them
        self._position = 0
        self._skip = 0

    def seen(self) -> str:
        """All text."""
        while self._position < len(self._octets):
            found = _TOKEN.match(self._octets, self._position)
            assert found is not None  # noqa: S101 (it ends in "any octet")
            self._position = found.end()
            word, argument, hexadecimal, symbol, brace, plain = found.groups()
            if hexadecimal is not None or plain is not None:
                self._written(bytes.fromhex(hexadecimal.decode()) if hexadecimal else plain)
                continue
            self._flush()
            if brace is not None:
                self._brace(brace)
            elif word is not None:
                self._word(word, int(argument) if argument else 0)
            elif symbol is not None:
                self._add(_SYMBOLS.get(symbol, ""))
        self._flush()
        # Characters beyond the first plane are written as two halves.
        return "".join(self._pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _written(self, octets: bytes) -> None:
        octets, self._skip = octets[self._skip :], max(0, self._skip - len(octets))
        if not self._group.hidden:
            self._pending += octets

    def _brace(self, brace: bytes) -> None:
        self._skip = 0
        if brace == b"{":
            self._around.append(self._group)
            self._group = replace(self._group)
        elif self._around:
            self._group = self._around.pop()

    def _word(self, word: bytes, number: int) -> None:
        group = self._group
        if word in _HIDDEN:
            group.hidden = True
        elif word == b"bin" and group.hidden:  # elsewhere a length would be a way to hide text from us
            self._position += max(0, number)
            if self._position > len(self._octets):
                raise unsupported("it is damaged, or cut short")
        elif word == b"u":
            self._add(chr(number & 0xFFFF))
            self._skip = group.skip
        elif word == b"uc":
            group.skip = min(max(0, number), 100)
        elif word == b"ansicpg":
            group.charset = self._default = f"cp{number}"
        elif word == b"f":
            group.charset = self._fonts.get(number) or self._default
        else:
            self._add(_WRITTEN.get(word, ""))

    def _add(self, text: str) -> None:
        if text and not self._group.hidden:
            self._pieces.append(text)

    def _flush(self) -> None:
        if self._pending:
            self._pieces.append(characters.named(bytes(self._pending), self._group.charset))
            self._pending.clear()
