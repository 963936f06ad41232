"""What the portal shows of a decrypted message: `view(message, spool)` makes a `View`.

A `View` is what people see of the header, a `Document` (HTML, sanitised, complete, to be served with
`walls.BODY_HEADERS` in a frame with `walls.SANDBOX`), the same as plain text, the attachments, and notes that
tell what is not shown and why.  Each part of the mail is sanitised by itself before it joins the document.
Whatever the message is, there is a view of it, within bounded time and memory; nothing raises.  What is not
shown whole can be saved.  The same message has the same attachments under the same numbers every time.

    seen = view(message, spool, say=gettext, language="de")
    seen.subject, seen.author.name, seen.to, seen.date, [note.value for note in seen.notes]
    for piece in seen.document.pieces(): ...
    for piece in seen.attachment(3).pieces(): ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from postseal.body import Spool
from postseal.cms import field as fields
from postseal.cms import header_protection
from postseal.cms.layer import Broken, Encrypted, Signed
from postseal.cms.opening import Opener
from postseal.errors import Failure
from postseal.message import Message
from postseal.reading.asking import Asking, readers
from postseal.reading.attachment import Attachment, Content
from postseal.reading.note import Note
from postseal.reading.page import Document, document
from postseal.reading.person import Person, cleaned, people
from postseal.reading.rendering import Rendering
from postseal.reading.restraint import FREE, Restraint
from postseal.reading.sheet import Sheet
from postseal.reading.tree import tree
from postseal.settings.extraction import Extraction

_COMPRESSED = 64 << 20
_NOBODY = Person("", "")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A message as it is shown.  All text is for escaping; none of it is HTML but the *document*.

    *author*: of From; both of its fields are "" if there is none.  *date*: with a time zone, None if the
    message has none that makes sense.
    """

    subject: str
    author: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    date: datetime | None
    document: Document
    plain: str
    attachments: tuple[Attachment, ...]
    notes: tuple[Note, ...]

    def attachment(self, number: int) -> Attachment | None:
        """The attachment of that *number*; None if there is none."""
        return next((one for one in self.attachments if one.number == number), None)


def view(
    message: Message,
    spool: Spool,
    *,
    limits: Extraction = Extraction(seconds=10.0),  # noqa: B008 (it is frozen)
    say: Callable[[str], str] = str,
    language: str = "",
    restraint: Restraint = FREE,
) -> View:
    """What is shown of *message*.

    *limits*: what the processes that read it may cost.  *say*: translates the few words of ours that stand in
    the document; *language*: of these words.  *restraint*: what the document keeps its reader from.
    """
    content, notes = _opened(message, spool)
    root, missing = tree(content)
    sheet = Sheet(Asking(readers(limits), limits.seconds), say, notes)
    Rendering(sheet, spool).show(root)
    if missing:
        sheet.note(Note.TOO_MANY)
        whole = spool.draft()
        for piece in content.pieces():
            whole.write(piece)
        sheet.attach(0, "", "message/rfc822", Content(whole.body()))
    subject = cleaned(fields.text(content.first("Subject") or b""))
    return View(
        subject=subject,
        author=next(iter(people(content.all("From")[:1])), _NOBODY),
        to=people(content.all("To")),
        cc=people(content.all("Cc")),
        date=sent(content),
        document=document(
            tuple(sheet.segments),
            title=subject,
            language=language,
            classes=frozenset() if sheet.coloured else frozenset({"plain"}),
            style=restraint.style,
        ),
        plain="\n\n".join(sheet.texts),
        attachments=tuple(sorted(sheet.attachments, key=lambda one: one.number)),
        notes=tuple(notes),
    )


def sent(message: Message) -> datetime | None:
    """When *message* says that it was sent."""
    value = (message.first("Date") or b"")[:200].decode("latin-1")
    try:
        found = parsedate_to_datetime(value)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        found.astimezone(UTC)  # raises if it is out of range, now and not later
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found


def _opened(message: Message, spool: Spool) -> tuple[Message, list[Note]]:
    """*message* without the signatures around it, and what is to be said about its layers."""
    try:
        opened = Opener(spool, largest=_COMPRESSED).open(message)
        content = header_protection.restored(opened.content, header_protection.found(message, opened))
    except Failure:
        return message, [Note.DAMAGED]
    notes = []
    for layer in opened.layers:
        if isinstance(layer, Encrypted | Broken):
            notes.append(Note.CLOSED if isinstance(layer, Encrypted) else Note.DAMAGED)
        elif isinstance(layer, Signed):
            notes.append(Note.SIGNED)
    return content, list(dict.fromkeys(notes))
