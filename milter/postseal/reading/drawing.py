"""Pages as pictures with a mark burnt in: of plain text, of PDF, and of pictures themselves; and their text.

A process of its own, `python -m postseal.reading.drawing LIMITS` (see `content.child`).
"""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pypdfium2
from PIL import Image, ImageDraw

from postseal.content.child import Job, serve
from postseal.reading import mark as marks
from postseal.reading.letters import from_right, letters, slanted
from postseal.settings.extraction import Extraction

WIDTH, HEIGHT = 1240, 1754
"""Of a page of text: A4 at 150 dots to the inch."""

_MARGIN = 90
_SIZE = 24
_MARK = 26
_LINE = 34
_LARGEST = 4000  # pixels of a side
_PIXELS = 40_000_000
_PAGES = 2000
_TEXT = 1 << 19
_LONGEST = 400  # characters of a line; some have no width


def main() -> None:
    """Serve jobs until there are no more."""
    serve(Extraction(**json.loads(sys.argv[1])), lambda: _draw)


def _draw(job: Job, octets: bytes) -> tuple[dict[str, object], bytes]:
    try:
        if job["task"] == "read":
            text, pages = written(str(job["kind"]), octets, int(str(job["number"])))
            return {"pages": pages}, text.encode("utf-8", "replace")
        page = drawn(str(job["kind"]), octets, int(str(job["number"])), str(job["mark"]))
    except Exception:  # noqa: BLE001 (strangers wrote the file; the libraries are not ours)
        return {}, b""
    return {"pages": page.pages}, page.png


_LETTERS = letters(_SIZE)
Image.MAX_IMAGE_PIXELS = _PIXELS
Image.preinit()  # it would look for its parts later
Image.init()


@dataclass(frozen=True, slots=True)
class Drawn:
    """One page as PNG, and how many there are."""

    png: bytes
    pages: int


def drawn(kind: str, octets: bytes, number: int, mark: str) -> Drawn:
    """Page *number* (from 0) of *octets*, which are of *kind* "text" (UTF-8), "pdf" or "picture".

    Raises IndexError if there is no such page, and what the libraries raise at what they cannot read.
    """
    page, pages = _KINDS[kind](octets, number)
    written = io.BytesIO()
    _marked(page.convert("RGB"), mark).save(written, "PNG")
    return Drawn(written.getvalue(), pages)


def written(kind: str, octets: bytes, number: int) -> tuple[str, int]:
    """The text of page *number*, and how many there are.  Raises as `drawn` does."""
    if kind == "text":
        lines, pages = _lines(octets, number)
        return "\n".join(line for line, _ in lines), pages
    with pypdfium2.PdfDocument(octets) as document:
        return _leaf(document, number).get_textpage().get_text_bounded()[:_TEXT], _count(document)


def _lines(octets: bytes, number: int) -> tuple[list[tuple[str, bool]], int]:
    """The lines of page *number*, and how many pages there are."""
    lines = _wrapped(octets.decode("utf-8", "replace")[:_TEXT])
    each = (HEIGHT - 2 * _MARGIN) // _LINE
    pages = max(1, -(-len(lines) // each))
    if not 0 <= number < pages:
        raise IndexError(number)
    return lines[number * each : (number + 1) * each], pages


def _text(octets: bytes, number: int) -> tuple[Image.Image, int]:
    lines, pages = _lines(octets, number)
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(page)
    for row, (line, right) in enumerate(lines):
        base = _MARGIN + row * _LINE + _SIZE
        if right:
            _LETTERS.draw_from_right(pen, (WIDTH - _MARGIN, base), line, 0)
        else:
            _LETTERS.draw(pen, (_MARGIN, base), line, 0)
    return page, pages


def _wrapped(text: str) -> list[tuple[str, bool]]:
    """*text* in lines that are not too wide; whether each is read from the right."""
    room = WIDTH - 2 * _MARGIN
    lines = []
    for paragraph in "\n".join(text.splitlines()).expandtabs(4).split("\n"):
        line, used, space, right = "", 0.0, -1, from_right(paragraph)
        for character in paragraph:
            used += _LETTERS.width(character)
            line += character
            if character == " ":
                space = len(line)
            if (used > room and len(line) > 1) or len(line) > _LONGEST:
                cut = space if 0 < space < len(line) else len(line) - 1
                lines.append((line[:cut], right))
                line, space = line[cut:], -1
                used = sum(map(_LETTERS.width, line))
        lines.append((line, right))
    return lines


def _pdf(octets: bytes, number: int) -> tuple[Image.Image, int]:
    with pypdfium2.PdfDocument(octets) as document:
        if document.get_formtype():
            document.init_forms()
        page = _leaf(document, number)
        wide, high = page.get_size()
        scale = min(WIDTH / max(wide, 1), _LARGEST / max(high, 1))
        return page.render(scale=scale).to_pil().copy(), _count(document)


def _count(document: pypdfium2.PdfDocument) -> int:
    return min(len(document), _PAGES)


def _leaf(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    if not 0 <= number < _count(document):
        raise IndexError(number)
    return document[number]


def _picture(octets: bytes, number: int) -> tuple[Image.Image, int]:
    if number:
        raise IndexError(number)
    picture = Image.open(io.BytesIO(octets), formats=("PNG", "JPEG", "GIF", "WEBP"))
    picture.draft("RGB", (_LARGEST, _LARGEST))
    picture.thumbnail((_LARGEST, _LARGEST))
    background = Image.new("RGB", picture.size, "white")
    colours = picture.convert("RGBA")
    background.paste(colours, mask=colours)
    return background, 1


_KINDS: dict[str, Callable[[bytes, int], tuple[Image.Image, int]]] = {
    "text": _text,
    "pdf": _pdf,
    "picture": _picture,
}


def _marked(page: Image.Image, mark: str) -> Image.Image:
    """*page* with *mark* all over it, in its pixels."""
    tile = slanted(marks.lines(mark), size=_MARK, shade=90)
    tile.thumbnail(page.size)  # the whole mark must be there, on a small picture too
    layer = Image.new("L", page.size, 0)
    down, along = (marks.places(page.size[side], tile.size[side]) for side in (1, 0))
    for x, y in product(along, down):
        layer.paste(tile, (int(x), int(y)))
    page.paste((128, 128, 128), (0, 0), layer)
    return page


if __name__ == "__main__":
    main()
