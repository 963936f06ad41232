"""Writes the tree of a message on a sheet: one walk, parents before their parts.

What is neither shown nor chosen for showing becomes an attachment; of alternatives the richest one that can
be shown is, and the plain one gives the text.
"""

import re
from dataclasses import dataclass
from html import escape

from postseal.body import Body, Spool
from postseal.cms import field as fields
from postseal.cms.mime import Kind
from postseal.cms.scanner import Scanner
from postseal.content import characters
from postseal.content import kind as kinds
from postseal.errors import Failure
from postseal.message import Message
from postseal.reading import meeting, plain
from postseal.reading.attachment import Content
from postseal.reading.markup import CHARACTERS
from postseal.reading.note import Note
from postseal.reading.page import facts
from postseal.reading.person import cleaned, people
from postseal.reading.sheet import TEXT, Sheet
from postseal.reading.tree import Node, tree

_ALL_TEXT = 8 << 20
"""Octets of text that are read for one view."""

_INVITATION = 1 << 20
_ENCODED = 64 << 20
_NESTED = 5
_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_SHOWN_TEXTS = frozenset(
    {"text/plain", "message/delivery-status", "text/rfc822-headers", "message/disposition-notification"}
)
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_META = re.compile(rb"<meta[^>]{1,200}?charset=[\"']?([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)
_PACKED = 10_000
"""The numbers of the files within a file begin with its own number times this; more than there are parts."""


@dataclass(slots=True)
class Rendering:
    """A walk under way."""

    sheet: Sheet
    spool: Spool
    _octets: int = _ALL_TEXT

    def show(self, node: Node, *, first: bool = True, nested: int = 0) -> None:
        """Show *node* and all within.  *first*: whether the reader expects the text of the message here."""
        part = node.part
        if part.defect:
            self.sheet.note(Note.DAMAGED)
        if part.kind is Kind.MESSAGE:
            self._message(node, node.parts[0] if node.parts else None, nested)
        elif part.kind is Kind.LEAF:
            self._leaf(node, first=first, nested=nested)
        elif part.content_type == "multipart/alternative":
            self._alternative(node, first=first, nested=nested)
        elif part.content_type == "multipart/related":
            self._related(node, first=first, nested=nested)
        else:
            if part.content_type == "multipart/encrypted":
                self.sheet.note(Note.CLOSED)
            for number, one in enumerate(node.parts):
                self.show(one, first=first and number == 0, nested=nested)

    def _related(self, node: Node, *, first: bool, nested: int) -> None:
        """The root, with the other parts for its pictures; those that it does not show can be saved."""
        start = node.parameter("start").strip("<>")
        roots = [one for one in node.parts if start and one.content_id.lower() == start] or node.parts[:1]
        others = [one for one in node.parts if one not in roots]
        self.sheet.know(others)
        for one in roots[:1]:
            self.show(one, first=first, nested=nested)
        for one in roots[1:] + others:
            if one.number in self.sheet.shown:
                kind = one.part.content_type
                self.sheet.attach(one.number, one.part.filename, kind, one.content, shown=True)
            else:
                self.show(one, first=False, nested=nested)

    def _alternative(self, node: Node, *, first: bool, nested: int) -> None:
        """The richest that can be shown; an invitation beside it; what is no alternative can be saved."""
        shown = next((one for one in reversed(node.parts) if _rich(one)), None)
        shown = shown or next((one for one in reversed(node.parts) if _readable(one)), None)
        text = next((one for one in node.parts if one.part.content_type == "text/plain"), None)
        for one in node.parts:
            if one is shown:
                before = len(self.sheet.texts)
                self.show(one, first=first, nested=nested)
                if text is not None and text is not one:
                    self.sheet.texts[before:] = [self._text(text)[0][:TEXT]]
            elif one.part.content_type == "text/calendar" or not _readable(one):
                self.show(one, first=False, nested=nested)

    def _leaf(self, node: Node, *, first: bool, nested: int) -> None:
        part = node.part
        kind = part.content_type
        if kind in _SIGNATURES:
            self.sheet.note(Note.SIGNED)
            return
        if kind == "text/calendar" and not node.attached:
            self._invitation(node)
        elif kind in _TNEF or part.filename.lower() == "winmail.dat":
            self._packed(node)
            return
        elif kind in _MESSAGES and node.content.size <= _ENCODED:
            self._encoded(node, nested)
            return
        elif kind == "application/pkcs7-mime":
            self.sheet.note(Note.CLOSED)
        elif (first or not part.filename or node.inline) and not node.attached:
            if kind == "text/html" or kind in _SHOWN_TEXTS or kind.startswith("multipart/"):
                self._readable_text(node)
                return
            if node.inline and self.sheet.picture(node):
                return
        self.sheet.attach(node.number, part.filename, kind, node.content)

    def _readable_text(self, node: Node) -> None:
        text, whole = self._text(node)
        if not whole:
            self.sheet.note(Note.SHORTENED)
        if node.part.content_type == "text/html":
            whole &= self.sheet.html(text)
        else:
            whole &= len(text) <= TEXT
            self.sheet.text(text)
        if not whole:
            self.sheet.attach(node.number, node.part.filename, node.part.content_type, node.content)

    def _text(self, node: Node) -> tuple[str, bool]:
        """The characters of a text part, and whether they are all; what cannot be read shows as U+FFFD."""
        limit = min(CHARACTERS if node.part.content_type == "text/html" else 2 * TEXT, self._octets)
        octets = node.content.first(limit + 1)
        whole = len(octets) <= limit
        octets = octets[:limit]
        self._octets -= len(octets)
        charset = node.part.charset
        if not charset and node.part.content_type == "text/html" and (named := _META.search(octets[:2048])):
            charset = named[1].decode("ascii")
        text = characters.named(octets, charset) if charset else characters.of_file(octets)
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        if node.part.content_type == "text/plain" and node.parameter("format") == "flowed":
            text = plain.unflowed(text, delsp=node.parameter("delsp") == "yes")
        return text, whole

    def _encoded(self, node: Node, nested: int) -> None:
        """A message within that is encoded, which no standard allows and some programs do."""
        decoded = self._spooled(node.content)
        inside = None
        if nested < _NESTED:
            try:
                block = Scanner(decoded).header_block(())
            except Failure:
                self.sheet.note(Note.DAMAGED)
            else:
                message = Message(block.headers, decoded.part(block.start))
                inside, missing = tree(message, before=node.number * _PACKED)
                if missing:
                    self.sheet.note(Note.TOO_MANY)
        self._message(node, inside, nested)

    def _message(self, node: Node, inside: Node | None, nested: int) -> None:
        """The message *inside* of *node*, under a heading of its own; it can be saved as well."""
        headers = {
            one.name.lower().strip(): one.value for one in reversed(inside.part.headers if inside else ())
        }
        subject = cleaned(fields.text(headers.get(b"subject", b"")))
        name = node.part.filename or (f"{subject[:80]}.eml" if subject else "")
        self.sheet.attach(node.number, name, kinds.MAIL, node.content)
        if nested >= _NESTED or inside is None or node.attached:
            return
        say = self.sheet.say
        rows = []
        for field, word in (("From", say("From")), ("To", say("To"))):
            found = people((one for one in inside.part.headers if one.named(field)), limit=20)
            rows.append((word, ", ".join(map(str, found))))
        rows.append((say("Date"), cleaned(fields.text(headers.get(b"date", b"")), limit=60)))
        rows.append((say("Subject"), subject))
        title = say("Attached message")
        heading = f"<h2>{escape(title)}</h2>{facts(rows)}"
        self.sheet.write(f'<article class="block part">{heading}')
        self.sheet.texts.append("\n".join(f"{word}: {value}" for word, value in rows if value))
        self.show(inside, nested=nested + 1)
        self.sheet.write("</article>")

    def _invitation(self, node: Node) -> None:
        """Show the facts of an invitation, if they can be read; it can be saved whatever it is."""
        octets = node.content.first(_INVITATION + 1)
        if len(octets) > _INVITATION:
            return
        answer = self.sheet.asking.ask("invitation", Body.of(octets))
        markup, text = meeting.block(answer[0], self.sheet.say) if answer else ("", "")
        if markup:
            self.sheet.write(markup)
            self.sheet.texts.append(text)

    def _packed(self, node: Node) -> None:
        """Show and list what is in winmail.dat; it can be saved itself if it cannot be unpacked whole."""
        spooled = self._spooled(node.content)
        answer = self.sheet.asking.ask("unpack", spooled)
        told = answer[0] if answer else {}
        files, messages = told.get("files"), told.get("messages")
        for number, one in enumerate(files if isinstance(files, list) else ()):
            start, stop = int(one["start"]), int(one["stop"])
            content = Content(spooled.part(start, max(start, stop)))
            self.sheet.attach(node.number * _PACKED + number, str(one["name"]), kinds.UNKNOWN, content)
        for number, one in enumerate(messages if isinstance(messages, list) else ()):
            if number:
                say = self.sheet.say
                heading = facts([(say("Subject"), cleaned(str(one.get("subject", ""))))])
                self.sheet.write(
                    f'<article class="block part"><h2>{escape(say("Attached message"))}</h2>{heading}'
                )
            self._packed_text(one)
            if number:
                self.sheet.write("</article>")
        whole = bool(told) and not told.get("damaged")
        self.sheet.note(Note.UNPACKED if whole else Note.NOT_UNPACKED)
        if not whole:
            self.sheet.attach(node.number, node.part.filename, node.part.content_type, node.content)

    def _packed_text(self, one: dict[str, str]) -> None:
        """The text of a message in winmail.dat, unless it stands beside it as well."""
        text = str(one.get("plain") or one.get("rtf") or "").strip()
        if html := str(one.get("html", "")):
            self.sheet.html(html)
        elif "".join(text.split()) not in "".join("".join(self.sheet.texts).split()):
            self.sheet.text(text)

    def _spooled(self, content: Content) -> Body:
        draft = self.spool.draft()
        for piece in content.pieces():
            draft.write(piece)
        return draft.body()


def _rich(node: Node) -> bool:
    """Whether it is HTML, or shows some."""
    kind = node.part.content_type
    if kind == "text/html":
        return not node.attached
    return kind.startswith("multipart/") and any(map(_rich, node.parts))


def _readable(node: Node) -> bool:
    """Whether it can be shown as an alternative."""
    kind = node.part.content_type
    if node.part.kind is Kind.MULTIPART:
        return any(map(_readable, node.parts))
    return kind in {"text/html", "text/plain"} and not node.attached
