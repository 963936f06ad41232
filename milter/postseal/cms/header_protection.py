"""Header fields inside of what is signed or encrypted (RFC 9788): written for others, taken from others.

The payload bears copies of the fields that people see, its Content-Type says `hp`.  What of them stays
readable outside an envelope is told by HP-Outer fields inside, so a reader knows what was confidential.
Only the root of the payload counts, and only under a layer that was opened or is sound; what contradicts
the layers is not used.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from postseal.body import Body
from postseal.cms import entity, field
from postseal.cms.layer import Opened, Signed
from postseal.cms.scanner import Scanner
from postseal.envelope import key
from postseal.message import Header, Message

_SEEN = (
    *("From", "Sender", "Reply-To", "To", "Cc", "Followup-To", "Date", "Subject", "Comments", "Keywords"),
    *("Message-ID", "In-Reply-To", "References"),
)
_NAMES = {name.lower(): name for name in _SEEN}
_OBSCURED = "[...]"
_REMOVED = ("Comments", "Keywords")
HIDDEN = ("Subject", *_REMOVED)
"""What `Veil.HIDDEN` hides."""


class Veil(Enum):
    """What of a protected header stays readable outside."""

    CLEAR = auto()  # all: nothing is encrypted
    SHOWN = auto()  # all, although the payload is encrypted
    HIDDEN = auto()  # neither the subject, nor comments and keywords (RFC 9788 §3.2.1, hcp_baseline)


def payload(message: Message, veil: Veil) -> Message:
    """The MIME entity of *message* with its header fields protected.

    An entity that is protected already, or that somebody else has signed or encrypted, stays as it is.
    """
    inner = entity.inner(message)
    if not protectable(inner):
        return inner
    fields = tuple(_named(header) for header in message.all(*_SEEN))
    if veil is not Veil.CLEAR:
        outside = obscured(message) if veil is Veil.HIDDEN else message
        fields += tuple(
            Header(b"HP-Outer", b" " + one.name.strip() + b":" + one.value) for one in outside.all(*_SEEN)
        )
    word = "clear" if veil is Veil.CLEAR else "cipher"
    return replace(inner, headers=fields + tuple(_marked(header, word) for header in inner.headers))


def obscured(message: Message) -> Message:
    """*message* as it is outside of an envelope that hides its subject."""
    subjects = iter(message.all("Subject")[:1])
    kept = message.without(*_REMOVED)
    first = next(subjects, None)
    headers = tuple(
        Header.of("Subject", _OBSCURED) if header is first else header
        for header in kept.headers
        if header is first or not header.named("Subject")
    )
    return replace(kept, headers=headers)


def protectable(inner: Message) -> bool:
    """Whether fields can be put into the header of the entity *inner*: it is the payload, without `hp`."""
    types = inner.all("Content-Type")
    if len(types) != 1:
        return False
    kind = field.parametrized(types[0].value)
    protected = kind.value in {"multipart/signed", "multipart/encrypted"} or "pkcs7" in kind.value
    return bool(field.media_type(types[0].value)) and not protected and "hp" not in kind.parameters


def veiled(message: Message) -> bool:
    """Whether the payload within the signature of *message* bears all its fields, and hides some outside."""
    kind = field.parametrized(message.first("Content-Type") or b"")
    mark = b"--" + kind.parameters.get("boundary", b"").rstrip()
    scanner = Scanner(message.body)
    if kind.value != "multipart/signed" or scanner.delimiter({mark}) is None:
        return False
    inner = Message(scanner.header_block(()).headers, Body.of(b""))
    whole = _seen(inner) == _seen(message)  # else something would be lost
    return whole and bool(inner.all("HP-Outer")) and _outside(inner) == _seen(obscured(message))


@dataclass(frozen=True, slots=True)
class Found:
    """The protected fields of a message that came.

    *fields*: what is true of it.  *confidential*: the names of those that nobody on the way could read.
    *doubt*: why they are not used, or not all of them; "" if they are.
    """

    fields: tuple[Header, ...] = ()
    confidential: frozenset[str] = frozenset()
    doubt: str = ""


def found(message: Message, opened: Opened) -> Found:
    """The protected fields inside of *message*, which was *opened*."""
    inner = opened.payload
    types = inner.all("Content-Type")
    word = field.parametrized(types[0].value).parameters.get("hp", b"").lower() if len(types) == 1 else b""
    sound = any(isinstance(layer, Signed) and layer.intact for layer in opened.layers)
    if word not in {b"clear", b"cipher"} or not (sound or opened.decrypted):
        return Found()
    if word == b"cipher" and not opened.decrypted:
        return Found(doubt="the header says that it was encrypted, and it was not")
    fields = inner.all(*_SEEN)
    if any(len(inner.all(name)) > 1 for name in _SEEN):
        return Found(doubt="a protected field is there twice")
    doubt = ""
    if _author(inner) != _author(message):
        fields = tuple(one for one in fields if not one.named("From", "Sender"))
        doubt = "the protected From is another than that of the message"
    outside = _outside(inner)
    closed = (one for one in fields if _compared(one.name, one.value) not in outside)
    names = frozenset(_name(one) for one in closed) if word == b"cipher" else frozenset()
    return Found(fields, names, doubt)


def restored(message: Message, protected: Found) -> Message:
    """*message* with its protected fields in the place of those that it came with."""
    if not protected.fields:
        return message
    names = tuple(_name(one) for one in protected.fields)
    left = {_name(one): one for one in protected.fields}
    headers = [
        left.pop(_name(one)) if one.named(*names) and _name(one) in left else one
        for one in message.headers
        if not one.named(*names) or _name(one) in left
    ]
    return replace(message, headers=(*headers, *left.values()))


def _outside(inner: Message) -> frozenset[tuple[bytes, bytes]]:
    """What the HP-Outer fields of *inner* say, as `_compared`."""
    pairs = (one.value.partition(b":") for one in inner.all("HP-Outer"))
    return frozenset(_compared(name, value) for name, _, value in pairs)


def _seen(message: Message) -> frozenset[tuple[bytes, bytes]]:
    return frozenset(_compared(one.name, one.value) for one in message.all(*_SEEN))


def _compared(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return name.strip().lower(), b" ".join(value.split())


def _named(header: Header) -> Header:
    """*header* under its name in the standards: old programs write a blank before the colon."""
    return Header(_name(header).encode("ascii"), header.value)


def _name(header: Header) -> str:
    return _NAMES[header.name.decode("latin-1").strip().lower()]


def _marked(header: Header, word: str) -> Header:
    if not header.named("Content-Type"):
        return header
    return Header(header.name, header.value.rstrip(b" \t\r\n;") + b';\r\n hp="%b"' % word.encode("ascii"))


def _author(message: Message) -> str:
    fields = message.all("From")
    return key(field.mailbox(fields[0].value)) if len(fields) == 1 else ""
