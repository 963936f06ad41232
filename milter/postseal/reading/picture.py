"""Pages as pictures, for readers who may see and not copy: the mark is in the pixels.

Drawn by a process that may die of it, a page at a time.  A picture says nothing to a screen reader: for whom
policy allows it, what is written on the page is text, too.  None is the answer for what cannot be drawn:
damaged, protected by a password, of another kind, too slow, or a page that there is not.
"""

from dataclasses import dataclass
from typing import Final

from postseal.body import Body, Spool
from postseal.content import kind as kinds
from postseal.content import process
from postseal.content.item import State
from postseal.content.process import Budget
from postseal.reading.asking import LARGEST, Asking, drawers
from postseal.reading.attachment import DOCUMENTS, Attachment
from postseal.reading.markup import PICTURES
from postseal.settings.extraction import Extraction

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
    return _kind(attachment.kind) not in {"", "picture"}


def is_text_alone(attachment: Attachment) -> bool:
    """Whether pages of *attachment* are of its text, without its layout."""
    return _kind(attachment.kind) == "document"


def words(attachment: Attachment, number: int, spool: Spool, *, limits: Extraction = _LIMITS) -> Words | None:
    """What is written on page *number*, from 0, of what is no picture."""
    if not has_text(attachment) or (source := _source(attachment, spool, limits)) is None:
        return None
    kind, octets = source
    answer = Asking(drawers(limits), limits.seconds).ask("read", octets, kind=kind, number=number)
    if answer is None or "pages" not in answer[0]:
        return None
    return Words(answer[1].decode("utf-8", "replace"), int(str(answer[0]["pages"])))


def drawable(attachment: Attachment) -> bool:
    """Whether pages of *attachment* may be drawn, by its type."""
    return _kind(attachment.kind) != ""


def page(
    attachment: Attachment, number: int, spool: Spool, *, mark: str, limits: Extraction = _LIMITS
) -> Page | None:
    """Page *number*, from 0, of a PDF, a picture, a file of text or a document; *mark* is burnt in."""
    source = _source(attachment, spool, limits)
    return _drawn(*source, number, mark=mark, limits=limits) if source else None


def text_page(text: str, number: int, *, mark: str, limits: Extraction = _LIMITS) -> Page | None:
    """Page *number*, from 0, of *text*, as `View.plain` is; *mark* is burnt in."""
    return _drawn("text", Body.of(text.encode("utf-8", "replace")), number, mark=mark, limits=limits)


def _source(attachment: Attachment, spool: Spool, limits: Extraction) -> tuple[str, Body] | None:
    """What pages are drawn of: the octets, and what they are; of a document its text."""
    kind = _kind(attachment.kind)
    if not kind:
        return None
    draft, size = spool.draft(), 0
    for piece in attachment.pieces():
        size += len(piece)
        if size > LARGEST:
            return None
        draft.write(piece)
    body = draft.body()
    if kind != "document":
        return kind, body
    octets = b"".join(body.pieces())
    found = process.pool(limits).inspect(attachment.name, octets, Budget.of(limits))[0]
    if found.state is not State.READ or not found.text.strip():
        return None
    return "text", Body.of(found.text.strip().encode("utf-8", "replace"))


def _kind(media_type: str) -> str:
    if media_type in PICTURES:
        return "picture"
    if media_type in DOCUMENTS:
        return "document"
    return {kinds.PDF: "pdf", kinds.TEXT: "text", "text/csv": "text"}.get(media_type, "")


def _drawn(kind: str, octets: Body, number: int, *, mark: str, limits: Extraction) -> Page | None:
    asking = Asking(drawers(limits), limits.seconds)
    answer = asking.ask("draw", octets, kind=kind, number=number, mark=mark)
    if answer is None or not answer[1].startswith(_PNG):
        return None
    return Page(answer[1], int(str(answer[0]["pages"])))
