"""A treatment's header edits, carried out on a message.

Fields that no edit names keep their bytes.  What we write is ASCII: other text becomes encoded-words
(RFC 2047), since a field with raw 8-bit octets cannot be given back to every MTA.
"""

from collections.abc import Iterable
from dataclasses import replace
from email.header import Header as EncodedText
from typing import assert_never

from postseal.message import Header, Message
from postseal.treatment import AddHeader, HeaderEdit, PrependSubject, RemoveHeader, SetHeader

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
            case RemoveHeader(name):
                message = message.without(name)
            case PrependSubject(text):
                message = _prepend_subject(message, text)
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
