"""The file that a reader takes along: a page that asks for a passphrase, around what that opens.

docs/format.md describes it.  The page has one script, ours, and a policy by which nothing else runs in it and
nothing is loaded from anywhere, whatever the message holds.  Written in pieces, in constant memory.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from postseal.branding.branding import Branding
from postseal.language.language import Language
from postseal.portal.appearance import style
from postseal.portal.page import STATIC, rendered
from postseal.reading.attachment import Attachment
from postseal.reading.page import Document
from postseal.sealed.passphrase import as_text, locked, parameters

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Copy:
    """What is in a copy: *content*, the page around the *document* with the text, and *files*.

    *begins*, *ends*: when it can be read; None for ever.
    """

    content: str
    document: Document
    files: tuple[Attachment, ...]
    begins: datetime
    ends: datetime | None

    def pieces(self) -> Iterator[bytes]:
        """What is encrypted: parts, each behind its length in four octets."""
        for text in (json.dumps({"files": [each.name for each in self.files]}), self.content):
            octets = text.encode("utf-8", "replace")
            yield _length(len(octets))
            yield octets
        yield _length(sum(map(len, self.document.pieces())))
        yield from self.document.pieces()
        for file in self.files:
            yield _length(file.size)
            yield from file.pieces()


def written(
    copy: Copy, passphrase: str, *, language: Language, branding: Branding, name: str
) -> Iterator[bytes]:
    """The file with *copy* for *passphrase*, in pieces.  *name*: whose portal it comes from."""
    found = parameters()
    times = {"from": moment(copy.begins), "until": moment(copy.ends) if copy.ends else None}
    head = json.dumps({"v": _VERSION, **found, **times}, separators=(",", ":"))
    script, place = _static("offline.js"), secrets.token_hex(16)  # for the encrypted octets
    page = rendered(
        "offline_copy.html",
        language,
        head=head,
        place=place,
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        style=_static("portal.css") + style(branding.light, branding.dark),
        brand=branding,
        name=name,
        until=copy.ends,
    )
    before, _, behind = page.partition(place)
    yield before.encode("utf-8", "replace")
    salt, nonce = str(found["salt"]), str(found["nonce"])
    yield from as_text(locked(copy.pieces(), passphrase, salt=salt, nonce=nonce, head=head.encode()))
    yield behind.encode("utf-8", "replace")


def moment(at: datetime) -> str:
    """*at* as it stands in the file."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _length(octets: int) -> bytes:
    return octets.to_bytes(4, "big")


@cache
def _static(file: str) -> str:
    return (STATIC / file).read_text("utf-8")
