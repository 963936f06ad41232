"""Pages as pictures with a mark burnt in: of plain text, of PDF, and of pictures themselves.

A process of its own, `python -m postseal.reading.drawing LIMITS` (see `content.child`).  The fonts are opened
when it is loaded, as no file can be opened later; letters that they have not show as boxes.
"""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from postseal.content.child import Job, serve
from postseal.settings_extraction import Extraction

WIDTH, HEIGHT = 1240, 1754
"""Of a page of text: A4 at 150 dots to the inch."""

_MARGIN = 90
_SIZE = 24
_LINE = 34
_LARGEST = 4000  # pixels of a side
_PIXELS = 40_000_000
_PAGES = 2000
_TEXT = 1 << 19
_LONGEST = 400  # characters of a line; some have no width
_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def main() -> None:
    """Serve jobs until there are no more."""
    serve(Extraction(**json.loads(sys.argv[1])), lambda: _draw)


def _draw(job: Job, octets: bytes) -> tuple[dict[str, object], bytes]:
    try:
        page = drawn(str(job["kind"]), octets, int(str(job["number"])), str(job["mark"]))
    except Exception:  # noqa: BLE001 (strangers wrote the file; the libraries are not ours)
        return {}, b""
    return {"pages": page.pages}, page.png


def _font(size: int) -> Font:
    for path in _FONTS:
        if Path(path).exists():
            # In memory, because the file is out of reach later.
            return ImageFont.truetype(io.BytesIO(Path(path).read_bytes()), size)
    return ImageFont.load_default(size)


_LETTERS = _font(_SIZE)
_MARKS = _font(30)
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


def _text(octets: bytes, number: int) -> tuple[Image.Image, int]:
    lines = _wrapped(octets.decode("utf-8", "replace")[:_TEXT])
    each = (HEIGHT - 2 * _MARGIN) // _LINE
    pages = max(1, -(-len(lines) // each))
    if not 0 <= number < pages:
        raise IndexError(number)
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(lines[number * each : (number + 1) * each]):
        pen.text((_MARGIN, _MARGIN + row * _LINE), line, font=_LETTERS, fill=0)
    return page, pages


def _wrapped(text: str) -> list[str]:
    """*text* in lines that are not too wide."""
    widths: dict[str, float] = {}

    def width(character: str) -> float:
        if character not in widths:
            widths[character] = _LETTERS.getlength(character)
        return widths[character]

    room = WIDTH - 2 * _MARGIN
    lines = []
    for paragraph in "\n".join(text.splitlines()).expandtabs(4).split("\n"):
        line, used, space = "", 0.0, -1
        for character in paragraph:
            used += width(character)
            line += character
            if character == " ":
                space = len(line)
            if (used > room and len(line) > 1) or len(line) > _LONGEST:
                cut = space if 0 < space < len(line) else len(line) - 1
                lines.append(line[:cut])
                line, space = line[cut:], -1
                used = sum(map(width, line))
        lines.append(line)
    return lines


def _pdf(octets: bytes, number: int) -> tuple[Image.Image, int]:
    with pypdfium2.PdfDocument(octets) as document:
        pages = min(len(document), _PAGES)
        if not 0 <= number < pages:
            raise IndexError(number)
        if document.get_formtype():
            document.init_forms()
        page = document[number]
        wide, high = page.get_size()
        scale = min(WIDTH / max(wide, 1), _LARGEST / max(high, 1))
        return page.render(scale=scale).to_pil().copy(), pages


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
    left, top, right, bottom = _MARKS.getbbox(mark)
    tile = Image.new("L", (int(right - left) + 80, int(bottom - top) + 70), 0)
    ImageDraw.Draw(tile).text((40 - left, 35 - top), mark, font=_MARKS, fill=90)
    tile = tile.rotate(18, Image.Resampling.BICUBIC, expand=True)
    layer = Image.new("L", page.size, 0)
    for y in range(0, page.size[1], tile.size[1]):
        for x in range(0, page.size[0], tile.size[0]):
            layer.paste(tile, (x, y))
    page.paste((128, 128, 128), (0, 0), layer)
    return page


if __name__ == "__main__":
    main()
