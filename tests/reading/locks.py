"""How tests lock files, with a password that they know."""

import pytest

from postseal.body import Body, Spool
from postseal.reading.attachment import Attachment, Content, attachment
from postseal.reading.locked import Lock, NotLocked, Why, locked
from postseal.settings.extraction import Extraction

PASSWORD = "abcd-efgh-jkmn-pqrs-tuvw"
SECRET = "The numbers: one two three"
MARK = "bob@there.test · 2026-11-28 20:15 UTC · 1a2b3c4d"
LIMITS = Extraction(seconds=60.0, processes=1)


def file(octets: bytes, name: str) -> Attachment:
    return attachment(1, name, "", Content(Body.of(octets)))


def closed(octets: bytes, *allowed: str, name: str = "a.pdf", mark: str = "") -> bytes:
    lock = Lock(PASSWORD, allowed, mark)
    return b"".join(locked(file(octets, name), lock, Spool(), limits=LIMITS).pieces())


def refused(octets: bytes, name: str = "a.pdf") -> Why:
    with pytest.raises(NotLocked) as raised:
        closed(octets, name=name)
    return raised.value.why
