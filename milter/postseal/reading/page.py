"""The document of a mail: one page of HTML, written piece by piece, its pictures encoded on the way."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from postseal.reading.attachment import Content

_STYLE = """
:root{color-scheme:light;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
:root.plain{color-scheme:light dark}
body{margin:0;padding:1rem}
.part{contain:layout paint;overflow:auto;isolation:isolate}
.part+.part{margin-top:1rem;border-top:1px solid #8886;padding-top:1rem}
.text p{margin:0;white-space:pre-wrap;min-height:1.5em}
blockquote{margin:.25rem 0;padding-left:.75rem;border-left:3px solid #8888}
img{max-width:100%}
.block{border:1px solid #8886;border-radius:.5rem;margin-top:1rem;padding:1rem}
.block dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem 1rem;margin:0 0 1rem}
.block dt{opacity:.75}.block dd{margin:0;white-space:pre-wrap}
.body{display:flow-root;padding:.5rem}
bdi.to{font-size:.85em;opacity:.75}
.block dl:last-child{margin:0}
.block h2{font-size:1rem;margin:0 0 .5rem}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture of the mail, to be written as a data: URL."""

    kind: str
    content: Content

    def pieces(self) -> Iterator[bytes]:
        """The URL."""
        yield f"data:{self.kind};base64,".encode()
        held = b""
        for piece in self.content.pieces():
            octets = held + piece
            whole = len(octets) - len(octets) % 3
            held = octets[whole:]
            yield b64encode(octets[:whole])
        yield b64encode(held)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A complete page, UTF-8, to be served with `walls.BODY_HEADERS` and never without."""

    segments: tuple[bytes | Picture, ...]

    def pieces(self) -> Iterator[bytes]:
        """The page, in pieces."""
        for segment in self.segments:
            if isinstance(segment, bytes):
                yield segment
            else:
                yield from segment.pieces()

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())


def document(
    segments: tuple[bytes | Picture, ...],
    *,
    title: str,
    language: str,
    classes: frozenset[str],
    style: str = "",
) -> Document:
    """The page around *segments*; *classes*: of the root, "plain" if no colours are the mail's."""
    root = f' class="{" ".join(sorted(classes))}"' if classes else ""
    lang = f' lang="{escape(language)}"' if language else ""
    head = (
        f"<!doctype html><html{lang}{root}><head>"
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body>"
    )
    return Document((head.encode("utf-8", "replace"), *segments, b"</body></html>"))


def facts(rows: list[tuple[str, str]]) -> str:
    """A list of words and what they stand for, both plain text."""
    written = "".join(
        f'<dt>{escape(word)}</dt><dd dir="auto">{escape(value)}</dd>' for word, value in rows if value
    )
    return f"<dl>{written}</dl>" if written else ""
