"""A treatment's header edits, carried out on a message.

Fields that no edit names keep their bytes.  What we write is ASCII: other text becomes encoded-words
(RFC 2047), since a field with raw 8-bit octets cannot be given back to every MTA.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from email.header import Header as EncodedText
from typing import assert_never

from postseal.cms import field
from postseal.envelope import key
from postseal.message import Header, Message
from postseal.policy.pattern import replaced
from postseal.treatment import (
    AddAddress,
    AddHeader,
    ChangeSubject,
    HeaderEdit,
    PrependSubject,
    RemoveHeader,
    SetHeader,
    StripSubject,
    Where,
)

_NOT_IN_ADDRESS = re.compile(r'[\s<>,;:"()]+')
_LONGEST_ADDRESS_LINE = 76
_LONGEST_UNFOLDED = 900
"""Octets of a value that may stand on one line; RFC 5322 §2.1.1 allows 998 with the name."""


def edited(message: Message, edits: Iterable[HeaderEdit]) -> Message:
    """*message* after *edits*, in their order."""
    for edit in edits:
        match edit:
            case SetHeader(name, value):
                message = _set(message, header(name, value))
            case AddHeader(name, value):
                message = message.adding(header(name, value))
            case RemoveHeader(name, value):
                message = _remove(message, name, value) if value else message.without(name)
            case PrependSubject(text):
                message = _prepend_subject(message, text)
            case AddAddress(name, address):
                message = _add_address(message, name, address)
            case StripSubject() | ChangeSubject():
                message = _change_subjects(message, edit)
            case _:
                assert_never(edit)
    return message


def header(name: str, value: str) -> Header:
    """A field of ours: *value* as encoded-words where it is not ASCII, folded where it is long."""
    if value.isascii() and len(value) <= _LONGEST_UNFOLDED:
        return Header.of(name, value)
    charset = "us-ascii" if value.isascii() else "utf-8"
    encoded = EncodedText(value, charset, header_name=name).encode(linesep="\r\n")
    return Header(name.encode("ascii"), b" " + encoded.encode("ascii"))


def _set(message: Message, new: Header) -> Message:
    """*new* in place of the first field of its name; the others of that name go."""
    name = new.name.decode("ascii")
    first = next((at for at, old in enumerate(message.headers) if old.named(name)), None)
    if first is None:
        return message.adding(new)
    behind = (old for old in message.headers[first + 1 :] if not old.named(name))
    return replace(message, headers=(*message.headers[:first], new, *behind))


def _prepend_subject(message: Message, text: str) -> Message:
    old = message.first("Subject")
    if old is None:
        return message.adding(header("Subject", text))
    # Between two encoded-words white space is not shown (RFC 2047 §6.2), so ours carries its own.
    prefix = header("Subject", text if text.isascii() else f"{text} ").value
    if (b" " + old).startswith(prefix):
        return message
    fold = b"\r\n" if len(prefix) + len(old.partition(b"\r\n")[0]) > _LONGEST_UNFOLDED else b""
    return _set(message, Header(b"Subject", prefix + fold + b" " + old))


def _add_address(message: Message, name: str, address: str) -> Message:
    """*address* behind the others, which keep their octets."""
    old = next((each for each in message.headers if each.named(name)), None)
    if old is None or not old.value.strip():
        return _set(message, Header.of(name, address))
    if key(address) in {key(word) for word in addresses(old.value)}:
        return message
    line = old.value.rpartition(b"\n")[2]
    fold = b",\r\n " if len(line) + len(address) > _LONGEST_ADDRESS_LINE else b", "
    return _put(message, old, Header(old.name, old.value.rstrip() + fold + address.encode("ascii")))


def _put(message: Message, old: Header, new: Header) -> Message:
    at = next(at for at, each in enumerate(message.headers) if each is old)
    return replace(message, headers=(*message.headers[:at], new, *message.headers[at + 1 :]))


def addresses(value: bytes) -> list[str]:
    """The words of a To or Cc field that look like addresses; nothing is parsed."""
    words = _NOT_IN_ADDRESS.split(value.decode("utf-8", "surrogateescape"))
    return [word for word in words if "@" in word]


def _remove(message: Message, name: str, value: str) -> Message:
    wanted = value.casefold()
    kept = tuple(
        each for each in message.headers if not (each.named(name) and _read(each).casefold() == wanted)
    )
    return message if len(kept) == len(message.headers) else replace(message, headers=kept)


def _change_subjects(message: Message, edit: StripSubject | ChangeSubject) -> Message:
    """All Subject fields changed, as programs show one or another; one without a match keeps its bytes."""
    headers = []
    for each in message.headers:
        new = _new_subject(_read(each), edit) if each.named("Subject") else None
        headers.append(each if new is None else header("Subject", new))
    return replace(message, headers=tuple(headers))


def _new_subject(old: str, edit: StripSubject | ChangeSubject) -> str | None:
    """The subject after *edit*; None if it stays."""
    if isinstance(edit, StripSubject):
        # Cut at the tags, and no white space in the pattern: strangers choose how much of it there is.
        tags = "|".join(map(re.escape, edit.tags))
        pieces = re.split(tags, old, flags=re.IGNORECASE)
        new = " ".join(piece.strip() for piece in pieces if piece.strip()) if len(pieces) > 1 else None
    elif edit.at is Where.MATCH:
        new = replaced(old, edit.expressions, edit.text)
    else:
        rest = replaced(old, edit.expressions, "")
        both = (edit.text, rest) if edit.at is Where.BEGIN else (rest, edit.text)
        new = None if rest is None else " ".join(piece.strip() for piece in both if piece)
    return None if new is None else new.strip()


def _read(old: Header) -> str:
    """The decoded value on one line: an encoded line end must not become a real one."""
    return "".join(each if each.isprintable() else " " for each in field.text(old.value))
