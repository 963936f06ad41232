"""Pages as pictures, for readers who may see and not copy: the mark is in the pixels.

Drawn by a process that may die of it, a page at a time.  A picture says nothing to a screen reader, so it
must never be the only form for everybody.  None is the answer for what cannot be drawn: damaged, protected
by a password, of another kind, too slow, or a page that there is not.
"""

from dataclasses import dataclass
from typing import Final

from postseal.body import Body, Spool
from postseal.content import kind as kinds
from postseal.reading.asking import Asking, drawers
from postseal.reading.attachment import Attachment
from postseal.reading.markup import PICTURES
from postseal.settings_extraction import Extraction

_LIMITS: Final = Extraction(seconds=10.0)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MARK: Final = 120


@dataclass(frozen=True, slots=True)
class Page:
    """A page as PNG; *pages*: how many there are."""

    png: bytes
    pages: int


def drawable(attachment: Attachment) -> bool:
    """Whether pages of *attachment* may be drawn, by its type."""
    return _kind(attachment.kind) != ""


def page(
    attachment: Attachment, number: int, spool: Spool, *, mark: str, limits: Extraction = _LIMITS
) -> Page | None:
    """Page *number*, from 0, of a PDF, a picture or a file of text; *mark* is burnt in."""
    kind = _kind(attachment.kind)
    if not kind:
        return None
    draft = spool.draft()
    for piece in attachment.pieces():
        draft.write(piece)
    return _drawn(kind, draft.body(), number, mark=mark, limits=limits)


def text_page(text: str, number: int, *, mark: str, limits: Extraction = _LIMITS) -> Page | None:
    """Page *number*, from 0, of *text*, as `View.plain` is; *mark* is burnt in."""
    return _drawn("text", Body.of(text.encode("utf-8", "replace")), number, mark=mark, limits=limits)


def _kind(media_type: str) -> str:
    if media_type in PICTURES:
        return "picture"
    return {kinds.PDF: "pdf", kinds.TEXT: "text", "text/csv": "text"}.get(media_type, "")


def _drawn(kind: str, octets: Body, number: int, *, mark: str, limits: Extraction) -> Page | None:
    asking = Asking(drawers(limits), limits.seconds)
    answer = asking.ask("draw", octets, kind=kind, number=number, mark=mark[:_MARK])
    if answer is None or not answer[1].startswith(_PNG):
        return None
    return Page(answer[1], int(str(answer[0]["pages"])))
