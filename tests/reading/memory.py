"""Prints how much memory a view of a large mail takes beyond that of a small one, in octets."""

import base64
import hashlib
import os
from pathlib import Path

from content.carriers import tnef
from postseal.body import Spool
from postseal.message import Message
from postseal.reading.view import view
from reading.mails import parsed

SIZE = 25 << 20


def large(content_type: str, begin: bytes, size: int, fields: tuple[str, ...] = ()) -> Message:
    """A mail with one large part, in base64, in a spooled body."""
    spool = Spool(threshold=1 << 10)
    draft = spool.draft()
    encoding = "Content-Transfer-Encoding: base64"
    lines = ["Content-Type: multipart/related; boundary=b", "", "--b", "Content-Type: text/html", ""]
    lines += ["<img src=cid:x>", "--b", f"Content-Type: {content_type}", encoding, *fields, "", ""]
    small = parsed("\r\n".join(lines).encode())
    draft.write(small.body.read())
    draft.write(base64.encodebytes(begin + bytes(-len(begin) % 57)).replace(b"\n", b"\r\n"))
    for _ in range(size // (57 * 1000)):
        draft.write(base64.encodebytes(os.urandom(57 * 1000)).replace(b"\n", b"\r\n"))
    draft.write(b"\r\n--b--\r\n")
    return Message(small.headers, draft.body())


def read(message: Message) -> None:
    """View it, as the portal does, and take all there is."""
    seen = view(message, Spool(threshold=1 << 10))
    for pieces in (seen.document.pieces(), *(one.pieces() for one in seen.attachments)):
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)


def memory(word: str) -> int:
    (line,) = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(word)]
    return int(line.split()[1]) << 10


PNG = b"\x89PNG\r\n\x1a\n"
WINMAIL = tnef("x", files={"a.bin": b"1"})
for name, arguments in {
    "attachment": ("application/pdf", b"%PDF-1.4"),
    "picture": ("image/png", PNG),
    "winmail": ("application/ms-tnef", WINMAIL),
    "text": ("text/plain", b"text"),
}.items():
    fields = ("Content-ID: <x>",) if name == "picture" else ()
    read(large(*arguments, 1, fields))
    Path("/proc/self/clear_refs").write_text("5")
    message = large(*arguments, SIZE, fields)
    idle = memory("VmRSS:")
    read(message)
    print(name, memory("VmHWM:") - idle)
