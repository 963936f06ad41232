"""What a handle in a URL stands for: a sealed message, the container that holds it, and who asks for it.

The handle is the id of a message, for the copy behind a link, or a random word for what `message.html` has
posted.  Neither opens anything; that takes a recipient's session.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from postseal.portal.member import reader_of
from postseal.portal.visit import Visit
from postseal.store.containers import Container, kept, posted
from postseal.store.locks import Kind
from postseal.store.sealed import Addressee, SealedMessage, State
from postseal.store.sessions import Session

_ID: Final = re.compile(r"[0-9a-f]{32}")
_HANDLE: Final = re.compile(r"[\w-]{22}", re.ASCII)
_ONCE: Final = timedelta(minutes=15)
"""How long a message can be read for which its reader has to sign in anew each time."""


LEFT: Final = "left"
"""Somebody is not on the list any more that a message went to."""


class Gone(Exception):
    """There is nothing to read.  *why*: for somebody who has signed in as a recipient, or who was one."""

    def __init__(self, why: str = "") -> None:
        super().__init__()
        self.why = why


class SignedOut(Exception):
    """Who asks has not signed in as a recipient.  *handle*: of the message."""

    def __init__(self, handle: str) -> None:
        super().__init__()
        self.handle = handle


@dataclass(frozen=True, slots=True)
class Found:
    """A message that somebody can read.  *reader*: the recipient who has signed in, None if none has.

    *anew*: one has signed in, and must do so again for this message.  *locked*: one has signed in, and has to
    open more before he is the reader: *closed* says what.
    """

    handle: str
    container: Container
    message: SealedMessage
    reader: Addressee | None
    anew: bool = False
    locked: Addressee | None = None
    closed: tuple[Kind, ...] = ()


def written(handle: bytes) -> str:
    """*handle*, 16 random octets, as it stands in a URL: shorter than an id."""
    return base64.urlsafe_b64encode(handle).decode("ascii").rstrip("=")


def found(visit: Visit) -> Found:
    """What the handle in the request's path stands for.  Raises Gone."""
    handle = str(visit.request.path_params["handle"])
    opened = visit.desk.opened
    name = _name(handle)
    container = opened.containers.find(name, visit.at) if name else None
    message = opened.messages.of(container.message) if container else None
    if container is None or message is None:
        raise Gone
    visit.is_about(message.brand)
    # One who has signed in otherwise than this message asks for is nobody here.
    known = visit.session is not None and visit.branding.allows(visit.session.how)
    reader = reader_of(visit, message, visit.address) if visit.address and known else None
    if known and reader is None and visit.address and message.addressee(visit.address):
        raise Gone(LEFT)
    if reader and not reader.readable(visit.at):
        raise Gone(State.REVOKED if reader.state is State.REVOKED else State.EXPIRED)
    if not any(one.readable(visit.at) for one in message.recipients):
        raise Gone
    if reader and visit.session and not _licensed(message, visit.session, visit.at):
        return Found(handle, container, message, None, anew=True)
    if reader and visit.session and (closed := opened.locks.closed(visit.session.id, message, reader)):
        return Found(handle, container, message, None, locked=reader, closed=closed)
    return Found(handle, container, message, reader)


def read_by(visit: Visit) -> tuple[Found, Addressee]:
    """The same, for a recipient who has signed in.  Raises Gone and SignedOut."""
    here = found(visit)
    if here.reader is None:
        raise SignedOut(here.handle)
    return here, here.reader


def _licensed(message: SealedMessage, session: Session, at: datetime) -> bool:
    """Whether who has signed in as *session* says may read *message* at the time *at*."""
    seconds = message.licence.seconds
    if seconds is None:
        return True
    if seconds == 0:
        return session.message == message.id and at < session.since + _ONCE
    return at < session.since + timedelta(seconds=seconds)


def _name(handle: str) -> bytes | None:
    if _ID.fullmatch(handle):
        return kept(bytes.fromhex(handle))
    if not _HANDLE.fullmatch(handle):
        return None
    try:
        return posted(base64.urlsafe_b64decode(handle + "=="))
    except binascii.Error:
        return None
