"""What a milter may ask for at end-of-message, and what a message is after it: Postfix's semantics.

`applied` is the model; tests/postfix/test_milter_model.py holds it against Postfix itself.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

HeaderField = tuple[bytes, bytes]
"""The name, and everything after the colon with folds as LF."""


@dataclass(frozen=True, slots=True)
class AddHeader:
    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class InsertHeader:
    index: int
    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class ChangeHeader:
    index: int
    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class ReplaceBody:
    chunk: bytes


@dataclass(frozen=True, slots=True)
class AddRecipient:
    address: bytes
    parameters: bytes


@dataclass(frozen=True, slots=True)
class DeleteRecipient:
    address: bytes


@dataclass(frozen=True, slots=True)
class ChangeSender:
    address: bytes
    parameters: bytes


@dataclass(frozen=True, slots=True)
class Quarantine:
    reason: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    pass


Edit = (
    AddHeader
    | InsertHeader
    | ChangeHeader
    | ReplaceBody
    | AddRecipient
    | DeleteRecipient
    | ChangeSender
    | Quarantine
    | Progress
)


def read_edit(letter: bytes, payload: bytes, *, space: bytes) -> Edit:  # noqa: PLR0911 (one a packet)
    """The edit in one packet of a milter; *space* goes before every header value.  Raises ValueError."""
    words = payload.split(b"\0")
    match letter:
        case b"h":
            return AddHeader(words[0], space + words[1])
        case b"i" | b"m":
            (index,) = struct.unpack("!I", payload[:4])
            name, value = payload[4:].split(b"\0")[:2]
            if letter == b"i":
                return InsertHeader(index, name, space + value)
            return ChangeHeader(index, name, space + value if value else b"")
        case b"b":
            return ReplaceBody(payload)
        case b"+" | b"2":
            return AddRecipient(words[0], words[1])
        case b"-":
            return DeleteRecipient(words[0])
        case b"e":
            return ChangeSender(words[0], words[1])
        case b"q":
            return Quarantine(words[0])
        case b"p":
            return Progress()
    raise ValueError(f"not a packet of a milter: {letter!r} {payload[:60]!r}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the MTA has in its queue in the end.

    *body_pieces*: how many chunks a new body came in.  *above_trace*: how many fields stand above the
    MTA's own Received field, which is not among *headers*.
    """

    headers: tuple[HeaderField, ...]
    body: bytes
    recipients: tuple[bytes, ...]
    sender: bytes
    body_pieces: int = 0
    above_trace: int = 0


def applied(before: Outcome, edits: Iterable[Edit]) -> Outcome:
    """*before* after *edits*, in their order.  Raises ValueError where Postfix would fail the message.

    *before.headers* are those that the milter was shown; Postfix's own Received field above them is
    hidden from the milter but counts in the index of an insertion.
    """
    hidden = (b"", b"")
    headers = [hidden, *before.headers]
    recipients = list(before.recipients)
    sender = before.sender
    chunks: list[bytes] = []
    body_ended = False
    for edit in edits:
        if chunks and not isinstance(edit, ReplaceBody | Progress):
            body_ended = True
        match edit:
            case AddHeader(name, value):
                headers.append((name, value))
            case InsertHeader(index, name, value):
                headers.insert(index, (name, value))
            case ChangeHeader(index, name, value):
                _change(headers, index, (name, value))
            case ReplaceBody(chunk):
                if body_ended:
                    raise ValueError("Postfix takes the chunks of a body only in one run")
                chunks.append(chunk)
            case AddRecipient(address, _):
                recipients.append(address)
            case DeleteRecipient(address):
                recipients = [recipient for recipient in recipients if recipient != address]
            case ChangeSender(address, _):
                sender = address
    above_trace = headers.index(hidden)
    headers.remove(hidden)
    body = b"".join(chunks) if chunks else before.body
    return Outcome(tuple(headers), body, tuple(recipients), sender, len(chunks), above_trace)


def _change(headers: list[HeaderField], index: int, new: HeaderField) -> None:
    """The *index*-th field of that name, from 1: an empty value deletes it; beyond the last it is added."""
    places = [place for place, (name, _) in enumerate(headers) if name.lower() == new[0].lower()]
    if index < 1:
        raise ValueError(f"Postfix counts header fields from 1, not {index}")
    if index > len(places):
        if new[1]:
            headers.append(new)
    elif new[1]:
        headers[places[index - 1]] = new
    else:
        del headers[places[index - 1]]
