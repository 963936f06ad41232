"""Whether a message is a carrier mail of ours, octet for octet: then what it carries is sealed already.

Nothing is believed: the mail is written anew from the container in it, and must come out the same.  One with
a word of somebody else in it, as when a reader forwards it with a remark, is no carrier mail.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from postseal.body import Body, Spool
from postseal.branding.branding import DEFAULT, Branding
from postseal.cms import encoding, field
from postseal.message import Message
from postseal.methods.carrier import written
from postseal.methods.cover import Cover
from postseal.sealed.armor import dearmored
from postseal.sealed.container import Tampered
from postseal.settings.ome import Ome

_BOUNDARY: Final = re.compile(rb"=_[0-9a-f]{32}")
_UNTIL: Final = re.compile(rb'<time datetime="(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})Z">')
_BRANDING: Final = re.compile(rb'<meta name="branding" content="([a-z0-9_-]{1,64})">')
_FIRST: Final = 2 << 20
"""Octets within which the words around the container end; far more than they ever take."""
_BEFORE: Final = b'name="p" value="\r\n'
_BEHIND: Final = b'">'


def named(branding: Branding, settings: Ome) -> str:
    """Whose the portal is, for readers."""
    portal = portal_of(branding, settings)
    return branding.name or urlsplit(portal).hostname or portal


def portal_of(branding: Branding, settings: Ome) -> str:
    """The portal's address for what is sealed with *branding*."""
    return branding.portal or settings.portal


@dataclass(frozen=True, slots=True)
class Carried:
    """What a carrier mail carries: the *id* of a sealed message; its container, None behind a link alone."""

    id: bytes
    container: Body | None


def carried(
    message: Message, settings: Ome, brandings: Mapping[str, Branding], spool: Spool
) -> Carried | None:
    """What *message* carries; None if it is no carrier mail that *settings* and *brandings* would write."""
    kind = field.parametrized(message.first("Content-Type") or b"")
    boundary = kind.parameters.get("boundary", b"")
    if not settings.portal or kind.value != "multipart/mixed" or not _BOUNDARY.fullmatch(boundary):
        return None
    words = b"".join(encoding.from_quoted_printable([message.body.read(0, _FIRST)]))
    word = _BRANDING.search(words)
    branding = brandings.get(word[1].decode("ascii") if word else DEFAULT)
    if branding is None:
        return None
    portal = portal_of(branding, settings)
    link = re.search(re.escape(portal.encode()) + rb"/m/([0-9a-f]{32})", words)
    container = attached(message.body, spool)
    id_ = re.search(rb'name="id" value="([0-9a-f]{32})"', words) if container else link
    if id_ is None:
        return None
    digest = _digest(message.body.pieces())
    for online in (True, False) if container else (True,):
        cover = Cover(
            branding=branding,
            name=named(branding, settings),
            link=f"{portal}/m/{id_[1].decode('ascii')}",
            online=online,
            container=container,
            until=_until(words),
            subject=settings.subject,
        )
        if _digest(written(message, cover, boundary)) == digest:
            return Carried(bytes.fromhex(id_[1].decode("ascii")), container)
    return None


def attached(body: Body, spool: Spool) -> Body | None:
    """The container in the page `message.html`, if *body* has one."""
    begins = body.find(_BEFORE)
    ends = body.find(_BEHIND, begins) if begins >= 0 else -1
    if ends < 0:
        return None
    draft = spool.draft()
    try:
        for piece in dearmored(body.part(begins + len(_BEFORE), ends).pieces()):
            draft.write(piece)
    except Tampered:
        return None
    return draft.body()


def _until(words: bytes) -> datetime | None:
    found = _UNTIL.search(words)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1].decode("ascii"), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
