"""Hostile HTML, our own collection, by class: what runs, loads or covers unless somebody prevents it.

RUN is a statement that writes the vector's number on the console, SPY the address of a server that counts,
for this vector; BLOCK makes what is clicked large enough.  In the folder `vectors`, one a line; a line that
begins with "-" does nothing in the Chromium of the tests: it did in other programs, or does once a
sanitiser has taken something out.
"""

from dataclasses import dataclass
from pathlib import Path

LINES = Path(__file__).parent / "vectors"
BLOCK = "display:block;width:290px;height:140px"  # where the tests click


@dataclass(frozen=True)
class Vector:
    """*parts*: Content-ID → declared type and octets; *number* is printed by RUN and asked for from SPY."""

    number: int
    kind: str
    source: bytes
    charset: str = "utf-8"
    parts: tuple[tuple[str, str, bytes], ...] = ()
    dead: bool = False

    def markup(self, spy: str) -> bytes:
        """The HTML, with the counting server at *spy*."""
        run = f"console.log({self.number})"
        url = f"http://{spy}/r/{self.number}"
        found = self.source
        for word, value in (("RUN", run), ("SPY", url), ("HOST", spy), ("NUMBER", str(self.number))):
            encoding = self.charset if self.charset.startswith("utf-16") else "ascii"
            found = found.replace(word.encode(encoding), value.encode(encoding))
        return found


ENCODED: tuple[tuple[str, bytes, bool], ...] = (
    ("utf-7", b"+ADw-script+AD4-RUN+ADw-/script+AD4-", True),
    ("us-ascii", b"<meta charset=utf-7>+ADw-img src=x: onerror=RUN+AD4-", True),
    ("utf-16le", "<img src=x: onerror=RUN>".encode("utf-16le"), False),
    ("utf-16be", "<script>RUN</script>".encode("utf-16be"), False),
    ("utf-8", b"\xef\xbb\xbf<script>RUN</script>", False),
    ("utf-8", b"\xc0\xbcscript\xc0\xbeRUN\xc0\xbc/script\xc0\xbe", True),
    ("utf-8", "＜script＞RUN＜/script＞".encode(), True),
    ("utf-8", b"<scr\0ipt>RUN</scr\0ipt>", True),
    ("utf-8", b"<img src=x: on\0error=RUN>", True),
    ("utf-8", b"<\0img src=x: onerror=RUN>", True),
    ("utf-8", b"<img\x0csrc=x:\x0conerror=RUN>", False),
    ("utf-8", b"<img\0src=x: onerror=RUN>", True),
    ("iso-2022-jp", b'<p title="\x1b$B"><img src=x: onerror=RUN>\x1b(B">', True),
    ("iso-2022-jp", b"<script>RUN</script>", False),
    ("iso-2022-jp", b"\x1b(J<img src=x: onerror=RUN>", False),
    ("shift_jis", b'<p title="\x81"><img src=x: onerror=RUN>">', False),
    ("gb18030", b'<p title="\x81"><img src=x: onerror=RUN>">', False),
    ("big5", b'<p title="\xa1"><img src=x: onerror=RUN>">', False),
    ("windows-1252", b"\xbcscript\xbeRUN\xbc/script\xbe", True),
    ("x-unknown", b"<script>RUN</script>", False),
    ("utf-8", "<img src=x: onerror=RUN\u2028>".encode(), False),
    ("utf-8", "<\u202escript\u202c>RUN</script>".encode(), True),
    ("hz-gb-2312", b"<p title='~{'><img src=x: onerror=RUN>~}'>", True),
)

_SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'><image href='SPY' width='9' height='9'/></svg>"
_PAGE = b"<script>RUN</script><img src='SPY'>"
CID: tuple[tuple[str, str, bytes, bool], ...] = (
    ('<img src="cid:a@b">', "image/svg+xml", _SVG, True),
    ('<img src="cid:a@b">', "image/png", _SVG, True),
    ('<img src="cid:a@b">', "text/html", _PAGE, True),
    ('<iframe src="cid:a@b"></iframe>', "text/html", _PAGE, False),
    ('<object data="cid:a@b"></object>', "image/svg+xml", _SVG, False),
    ('<embed src="cid:a@b">', "text/html", _PAGE, False),
    ('<script src="cid:a@b"></script>', "text/javascript", b"RUN", False),
    ('<link rel=stylesheet href="cid:a@b">x', "text/css", b"body{background:url(SPY)}", False),
    ('<style>@import "cid:a@b";</style>x', "text/css", b"body{background:url(SPY)}", False),
    ('<p style="background:url(cid:a@b)">x', "image/svg+xml", _SVG, True),
    ('<a href="cid:a@b" style="BLOCK">x</a>', "text/html", _PAGE, False),
    ('<img src="cid:a@b" onerror=RUN>', "image/png", b"no picture", False),
    ('<svg><use href="cid:a@b#x"/></svg>', "image/svg+xml", _SVG, True),
)

OVERLAYS = (
    '<a href="SPY" style="position:fixed;top:0;left:0;width:999px;height:999px">x</a>',
    '<a href="SPY" style="position:absolute;inset:0;z-index:99">x</a>',
    '<a href="SPY" style="posi\\74ion:absolute;inset:0;z-index:99">x</a>',
    '<a href="SPY" style="position:/**/fixed;inset:0">x</a>',
    '<p><a href="SPY" style="display:block;height:900px;margin-top:-500px;position:relative">x</a>',
    '<a href="SPY" style="display:block;height:900px;margin:-500px 0 0;position:relative">x</a>',
    '<a href="SPY" style="display:block;height:900px;transform:translateY(-500px)">x</a>',
    '<a href="SPY" style="display:block;height:900px;translate:0 -500px">x</a>',
    '<a href="SPY" style="display:block;height:900px;position:relative;top:-500px">x</a>',
    '<style>a{position:fixed;inset:0}</style><a href="SPY">x</a>',
    '<style>#own{display:none}</style><a href="SPY">x</a>',
    "<style>*{pointer-events:none}</style>",
    '<table style="position:fixed;top:0;left:0;width:999px;height:999px"><td><a href="SPY">x</a></table>',
    '<img alt=x src="data:," style="position:fixed;top:0;width:999px;height:999px">',
    '<iframe srcdoc="x" style="position:fixed;top:0;left:0;width:999px;height:999px"></iframe>',
    '<form action="SPY" style="position:fixed;inset:0"><input type=password></form>',
    '<svg style="position:fixed;top:0;left:0" width=999 height=999><rect width=999 height=999 /></svg>',
    '<div style="position:fixed;top:0;left:0;width:999px;height:999px;opacity:0"><a href="SPY">x</a></div>',
)
"""What lays itself over the page around, if it is let."""


def vectors() -> list[Vector]:
    """All of them, numbered."""
    found: list[Vector] = []

    def add(kind: str, source: bytes, **facts: object) -> None:
        source = source.replace(b"BLOCK", BLOCK.encode())
        found.append(Vector(100_001 + len(found), kind, source, **facts))  # type: ignore[arg-type] # passed on

    for file in sorted(LINES.glob("*.txt")):
        for line in file.read_text().rstrip("\n").split("\n"):
            add(file.stem, line.removeprefix("-").encode(), dead=line.startswith("-"))
    for charset, source, dead in ENCODED:
        add("encoding", source, charset=charset, dead=dead)
    for markup, declared, octets, dead in CID:
        add("cid", markup.encode(), parts=(("a@b", declared, octets),), dead=dead)
    return found
