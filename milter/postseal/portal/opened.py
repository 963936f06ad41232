"""A sealed message, opened for a recipient who has signed in.  Only here is anything decrypted for a page."""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from postseal import message_file
from postseal.message import Message
from postseal.portal.found import Found
from postseal.portal.refusal import Reason, Refused
from postseal.portal.visit import Visit
from postseal.sealed.container import Tampered, opened
from postseal.store.audit import Entry, Event
from postseal.store.sealed import Addressee, unwrapped

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks like something else."""
_GROUPS: Final = 5  # of four letters: 99 bits


def message_of(visit: Visit, here: Found, reader: Addressee) -> Message:
    """What is sealed, after all of it was verified.  Raises Refused if somebody has changed it."""
    ring = visit.desk.opened
    try:
        plain = opened(ring.containers.pieces(here.container), _key(visit, here, reader), visit.desk.spool)
    except Tampered:
        ring.audit.add([Entry(Event.FAILED, here.message.id, reader.address, "container")], at=visit.at)
        visit.desk.count.event("tampered")
        raise Refused(Reason.NOT_SEALED) from None
    return message_file.parsed(plain)


def password_of(visit: Visit, here: Found, reader: Addressee) -> str:
    """What opens the files that *reader* saves: the same as long as he can read the message.

    Made from the message's key, so that it is nowhere, and is gone for us when the key is deleted.
    """
    info = b"postseal v1 files\0" + reader.address.encode("utf-8")
    key = HKDFExpand(SHA256(), 32, info).derive(_key(visit, here, reader))
    number, letters = int.from_bytes(key, "big"), ""
    for _ in range(4 * _GROUPS):
        number, rest = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[rest]
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _key(visit: Visit, here: Found, reader: Addressee) -> bytes:
    return unwrapped(here.message, reader, visit.desk.opened.keys)
