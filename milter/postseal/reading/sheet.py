"""What a view is written on: segments of the document, texts, attachments, notes; and what that may cost."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from postseal.body import Body
from postseal.content import html as tags
from postseal.content import kind as kinds
from postseal.reading import plain
from postseal.reading.asking import Asking
from postseal.reading.attachment import Attachment, Content, attachment
from postseal.reading.markup import PICTURES
from postseal.reading.note import Note
from postseal.reading.page import Picture
from postseal.reading.person import cleaned
from postseal.reading.tree import Node

TEXT = 1 << 19
"""Characters of one part that are shown as text; the rest can be saved."""

_MARKUP = 1 << 20
"""Characters of HTML from which text is made."""

_PICTURES = 32 << 20
"""Octets of all pictures that one document shows, each time it shows them."""

_KNOWN = 500


@dataclass(slots=True)
class Sheet:
    """One view being written.  *coloured*: whether colours of the mail are shown."""

    asking: Asking
    say: Callable[[str], str]
    notes: list[Note]
    segments: list[bytes | Picture] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    coloured: bool = False
    shown: set[int] = field(default_factory=set)
    _pictured: int = 0
    _pictures: dict[str, tuple[Node, str]] = field(default_factory=dict)

    def note(self, note: Note) -> None:
        """Tell the reader, once."""
        if note not in self.notes:
            self.notes.append(note)

    def attach(self, number: int, name: str, declared: str, content: Content, *, shown: bool = False) -> None:
        """Add what can be saved."""
        self.attachments.append(attachment(number, name, declared, content, shown=shown))

    def write(self, markup: str) -> None:
        """Add HTML of ours."""
        self.segments.append(markup.encode("utf-8", "replace"))

    def text(self, text: str) -> None:
        """Show plain text."""
        if len(text) > TEXT:
            self.note(Note.SHORTENED)
        self.write(f'<section class="part text">{plain.html(text[:TEXT])}</section>')
        self.texts.append(text[:TEXT])

    def know(self, nodes: list[Node]) -> None:
        """Let HTML refer to those of *nodes* that are pictures."""
        for one in nodes:
            name = one.content_id
            if name and one.leaf and len(self._pictures) < _KNOWN:
                kind = kinds.kind(one.content.first(kinds.FIRST))
                if kind in PICTURES:
                    self._pictures.setdefault(name, (one, kind))

    def html(self, markup: str) -> bool:
        """Show HTML; whether it is shown with its layout."""
        mark = f"cid:{secrets.token_hex(16)}-"
        places = {f"{mark}{number}": found for number, found in enumerate(self._pictures.values())}
        sources = dict(zip(self._pictures, places, strict=True))
        answer = self.asking.ask("sanitise", Body.of(markup.encode("utf-8", "replace")), pictures=sources)
        visible = tags.visible(markup[:_MARKUP])
        if answer is None or "excess" in answer[0]:
            self.note(Note.AS_TEXT)
            self.text(visible)
            return False
        told, clean = answer
        if told.get("remote"):
            self.note(Note.REMOTE)
        if told.get("missing"):
            self.note(Note.PICTURES)
        self.texts.append(visible[:TEXT])
        self.coloured = True
        self.segments.append(b'<section class="part">')
        self._with_pictures(clean, mark.encode(), places)
        self.segments.append(b"</section>")
        return True

    def _with_pictures(self, clean: bytes, mark: bytes, places: dict[str, tuple[Node, str]]) -> None:
        """Add *clean* with its pictures in the places that bear the secret *mark*."""
        before, *rest = clean.split(mark)
        self.segments.append(before)
        for piece in rest:
            digits = piece[: len(piece) - len(piece.lstrip(b"0123456789"))]
            node, kind = places.get((mark + digits).decode(), (None, ""))
            if node and self._room(node):
                self.shown.add(node.number)
                self.segments.append(Picture(kind, node.content))
            else:
                self.note(Note.PICTURES)
            self.segments.append(piece[len(digits) :])

    def picture(self, node: Node) -> bool:
        """Show a picture that stands by itself; whether it could be shown."""
        kind = kinds.kind(node.content.first(kinds.FIRST))
        if kind not in PICTURES or not self._room(node):
            return False
        self.segments += [b'<section class="part"><img src="', Picture(kind, node.content)]
        self.write(f'" alt="{escape(cleaned(node.part.filename))}"></section>')
        self.attach(node.number, node.part.filename, kind, node.content, shown=True)
        return True

    def _room(self, node: Node) -> bool:
        """Whether the picture *node* may be shown once more."""
        size = node.content.body.size
        if self._pictured + size > _PICTURES:
            return False
        self._pictured += size
        return True
