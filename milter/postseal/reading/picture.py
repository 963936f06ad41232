"""Pages as pictures, for readers who may see and not copy: the mark is in the pixels.

Drawn by a process that may die of it, a page at a time.  A picture says nothing to a screen reader: for whom
policy allows it, what is written on the page is text, too.  None is the answer for what cannot be drawn:
damaged, protected by a password, of another kind, too slow, or a page that there is not.
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


@dataclass(frozen=True, slots=True)
class Page:
    """A page as PNG; *pages*: how many there are."""

    png: bytes
    pages: int


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a page; *pages*: how many there are."""

    text: str
    pages: int


def has_text(attachment: Attachment) -> bool:
    """Whether pages of *attachment* may have text, by its type."""
    return _kind(attachment.kind) in {"pdf", "text"}


def words(attachment: Attachment, number: int, spool: Spool, *, limits: Extraction = _LIMITS) -> Words | None:
    """What is written on page *number*, from 0, of a PDF or a file of text."""
    if not has_text(attachment):
        return None
    asking, octets = Asking(drawers(limits), limits.seconds), _octets(attachment, spool)
    answer = asking.ask("read", octets, kind=_kind(attachment.kind), number=number)
    if answer is None or "pages" not in answer[0]:
        return None
    return Words(answer[1].decode("utf-8", "replace"), int(str(answer[0]["pages"])))


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
    return _drawn(kind, _octets(attachment, spool), number, mark=mark, limits=limits)


def text_page(text: str, number: int, *, mark: str, limits: Extraction = _LIMITS) -> Page | None:
    """Page *number*, from 0, of *text*, as `View.plain` is; *mark* is burnt in."""
    return _drawn("text", Body.of(text.encode("utf-8", "replace")), number, mark=mark, limits=limits)


def _octets(attachment: Attachment, spool: Spool) -> Body:
    draft = spool.draft()
    for piece in attachment.pieces():
        draft.write(piece)
    return draft.body()


def _kind(media_type: str) -> str:
    if media_type in PICTURES:
        return "picture"
    return {kinds.PDF: "pdf", kinds.TEXT: "text", "text/csv": "text"}.get(media_type, "")


def _drawn(kind: str, octets: Body, number: int, *, mark: str, limits: Extraction) -> Page | None:
    asking = Asking(drawers(limits), limits.seconds)
    answer = asking.ask("draw", octets, kind=kind, number=number, mark=mark)
    if answer is None or not answer[1].startswith(_PNG):
        return None
    return Page(answer[1], int(str(answer[0]["pages"])))
