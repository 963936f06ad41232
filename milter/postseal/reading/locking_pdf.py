"""PDF, encrypted (ISO 32000-2 §7.6.4: AES-256, revision 6), with what the reader may do; the extra `pdf`.

Programs for screen readers may always read it.  A signature would not survive: what is signed is refused.
"""

import io
from collections.abc import Iterator
from itertools import product

import pikepdf
from pikepdf import Dictionary, Name, Pdf
from PIL import Image

from postseal.content.child import Job
from postseal.reading import mark as marks
from postseal.reading.letters import slanted
from postseal.reading.refused import Refused

_PAGES = 2000
_WIDTH = 1240  # pixels of the mark in the width of a page
_TILES = 50  # at most, side by side


def _ready() -> None:
    """Let the library open the source of random numbers, which it keeps; later it is out of reach."""
    with Pdf.new() as nothing:
        nothing.save(io.BytesIO(), encryption=pikepdf.Encryption(owner="", user="", R=6))


_ready()


def locked(job: Job, octets: bytes) -> bytes:
    """*octets*, encrypted with the passwords of *job*, marked, and opened again."""
    password, owner, allowed = str(job["password"]), str(job["owner"]), job["allowed"]
    assert isinstance(allowed, list)  # noqa: S101 (for the type checker)
    try:
        document = pikepdf.open(io.BytesIO(octets))
    except pikepdf.PasswordError:
        raise Refused("closed") from None
    with document:
        if not document.pages:
            raise Refused("damaged")
        if _signed(document):
            raise Refused("signed")
        permissions = _permissions(document, frozenset(map(str, allowed)))
        _mark(document, str(job["mark"]))
        written = io.BytesIO()
        document.save(
            written, encryption=pikepdf.Encryption(owner=owner, user=password, R=6, allow=permissions)
        )
    _check(written, password, permissions)
    return written.getvalue()


def _permissions(document: Pdf, allowed: frozenset[str]) -> pikepdf.Permissions:
    """What *allowed* stands for, as far as the author has not withheld it himself."""
    own = document.allow
    edit, print_ = "edit" in allowed, "print" in allowed
    return pikepdf.Permissions(
        accessibility=True,
        extract="copy" in allowed and own.extract,
        modify_annotation=edit and own.modify_annotation,
        modify_assembly=edit and own.modify_assembly,
        modify_form=edit and own.modify_form,
        modify_other=edit and own.modify_other,
        print_lowres=print_ and own.print_lowres,
        print_highres=print_ and own.print_highres,
    )


def _signed(document: Pdf) -> bool:
    """Whether something in *document* is signed (ISO 32000-2 §12.8.1), or gives rights by a signature."""
    if "/Perms" in document.Root:
        return True
    return any(isinstance(each, Dictionary) and "/ByteRange" in each for each in _objects(document))


def _objects(document: Pdf) -> Iterator[pikepdf.Object]:
    """All that is not within something else, and the values of fields, which can be."""
    for each in document.objects:
        yield each
        if isinstance(each, Dictionary) and isinstance(value := each.get("/V"), Dictionary):
            yield value


def _mark(document: Pdf, mark: str) -> None:
    """Write *mark* all over the pages of *document*, as what no screen reader reads out."""
    if not mark.strip():
        return
    if len(document.pages) > _PAGES:
        raise Refused("large")
    tile = slanted(marks.lines(mark), size=26, shade=110)
    picture = _picture(document, tile)
    for page in document.pages:
        # Over all of it, as programs can be told to show what is cut off, too.
        left, low, right, high = _sides(page.mediabox)
        shown = _sides(page.cropbox)
        wide = tile.size[0] * min(right - left, shown[2] - shown[0]) / _WIDTH
        wide = max(wide, (right - left) / _TILES)
        tall = wide * tile.size[1] / tile.size[0]
        name = page.add_resource(picture, Name.XObject)
        along, up = marks.places(right - left, wide), marks.places(high - low, tall)
        drawn = [
            f"q {wide:.3f} 0 0 {tall:.3f} {left + x:.3f} {low + y:.3f} cm {name} Do Q"
            for x, y in product(along, up)
        ]
        page.contents_add(b"q\n", prepend=True)  # it may leave anything behind
        page.contents_add(f"\nQ\n/Artifact BMC\n{' '.join(drawn)}\nEMC\n".encode())


def _sides(box: pikepdf.Array) -> tuple[float, float, float, float]:
    """Left, low, right, high.  Raises Refused at what is no page."""
    first, second, third, fourth = (float(side) for side in box)
    left, low, right, high = min(first, third), min(second, fourth), max(first, third), max(second, fourth)
    if not (right - left) / 100 < high - low < (right - left) * 100:
        raise Refused("damaged")
    return left, low, right, high


def _picture(document: Pdf, tile: Image.Image) -> pikepdf.Object:
    """Grey where *tile* is not nothing."""
    mask = document.make_stream(
        tile.tobytes(),
        Type=Name.XObject,
        Subtype=Name.Image,
        ColorSpace=Name.DeviceGray,
        Width=tile.size[0],
        Height=tile.size[1],
        BitsPerComponent=8,
    )
    return document.make_stream(
        b"\x80",
        Type=Name.XObject,
        Subtype=Name.Image,
        ColorSpace=Name.DeviceGray,
        Width=1,
        Height=1,
        BitsPerComponent=8,
        SMask=mask,
    )


def _check(written: io.BytesIO, password: str, permissions: pikepdf.Permissions) -> None:
    """Raise Refused unless *written* is closed without *password*, and says *permissions*."""
    try:
        with pikepdf.open(written):
            raise Refused("damaged")
    except pikepdf.PasswordError:
        pass
    with pikepdf.open(written, password=password) as document:
        if document.encryption.R != 6 or document.allow != permissions or document.owner_password_matched:
            raise Refused("damaged")
